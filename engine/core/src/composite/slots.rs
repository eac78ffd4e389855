//! Which texture lies in which of the compositor's places for textures on the GPU.

use crate::swap::{TextureId, TextureVersion};

/// Textures that are kept on the GPU. A live frame draws twelve at most: four faces, each with a persona, the one that it
/// fades from, and a swap model's result. More are drawn too, but sent anew each time.
pub(super) const TEXTURE_SLOTS: usize = 16;

/// A fixed ring of places for textures. A texture that has none takes the place of the one that was not drawn for the
/// longest time.
#[derive(Debug, Default)]
pub(super) struct TextureSlots {
    slots: [Option<Kept>; TEXTURE_SLOTS],
    /// Counts the textures that were asked for.
    clock: u64,
}

/// What is kept in a place.
#[derive(Clone, Copy, Debug)]
struct Kept {
    id: TextureId,
    /// The texels that were sent; nothing where none were yet.
    version: Option<TextureVersion>,
    /// When it was last asked for.
    used: u64,
}

impl TextureSlots {
    /// The place of this texture from now on.
    pub(super) fn claim(&mut self, id: TextureId) -> usize {
        self.clock += 1;
        let used = self.clock;
        let own = self.slots.iter().position(|kept| kept.is_some_and(|k| k.id == id));
        let slot = own.unwrap_or_else(|| self.least_used());
        if let Some(place) = self.slots.get_mut(slot) {
            let version = place.filter(|_| own.is_some()).and_then(|k| k.version);
            *place = Some(Kept { id, version, used });
        }
        slot
    }

    /// An empty place, or the one whose texture was not asked for for the longest time.
    fn least_used(&self) -> usize {
        let used = |(_, kept): &(usize, &Option<Kept>)| kept.map_or(0, |k| k.used);
        self.slots.iter().enumerate().min_by_key(used).map_or(0, |(slot, _)| slot)
    }

    /// Whether these texels lie there.
    pub(super) fn holds(&self, slot: usize, version: TextureVersion) -> bool {
        self.slots.get(slot).copied().flatten().is_some_and(|k| k.version == Some(version))
    }

    /// Says that these texels were sent there.
    pub(super) fn fill(&mut self, slot: usize, version: TextureVersion) {
        if let Some(kept) = self.slots.get_mut(slot).and_then(Option::as_mut) {
            kept.version = Some(version);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> TextureId {
        TextureId::numbered(n)
    }

    #[test]
    fn a_texture_keeps_its_place_and_new_texels_are_asked_for() {
        let (mut slots, first, second) =
            (TextureSlots::default(), TextureVersion::numbered(1), TextureVersion::numbered(2));
        let slot = slots.claim(id(7));
        assert!(!slots.holds(slot, first));
        slots.fill(slot, first);
        assert_eq!(slots.claim(id(7)), slot);
        assert!(slots.holds(slot, first) && !slots.holds(slot, second));
    }

    #[test]
    fn the_place_that_was_not_used_longest_is_taken() {
        let mut slots = TextureSlots::default();
        let version = TextureVersion::numbered(1);
        let places: Vec<usize> = (1..=TEXTURE_SLOTS as u64).map(|n| slots.claim(id(n))).collect();
        assert!(places.iter().all(|p| places.iter().filter(|q| *q == p).count() == 1), "{places:?}");
        places.iter().for_each(|slot| slots.fill(*slot, version));
        slots.claim(id(1));
        // The second is the oldest now. Ids that agree in 32 bits are others.
        let taken = slots.claim(id((1 << 48) + 1));
        assert_eq!(taken, places[1]);
        assert!(!slots.holds(taken, version), "the texels of who was there before don't count");
        assert_eq!(slots.claim(id(1)), places[0]);
        assert!(slots.holds(places[0], version));
    }
}
