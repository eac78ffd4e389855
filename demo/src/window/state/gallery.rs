//! The personas built in and the user's own.

use std::sync::Arc;

use image::RgbaImage;
use omote_engine::persona::Persona;

/// A persona of the gallery.
#[derive(Clone)]
pub(crate) struct GalleryEntry {
    /// Its name.
    pub(crate) name: String,
    /// The persona, or why it can't be worn; nothing while it is being loaded.
    pub(crate) persona: Option<Result<Arc<Persona>, String>>,
    /// Its face in a square, the ground transparent; nothing where it shows none.
    pub(crate) thumbnail: Option<Arc<RgbaImage>>,
}

/// The personas, in the order in which they are shown.
#[derive(Clone, Default)]
pub(crate) struct Gallery {
    /// One for each.
    pub(crate) entries: Vec<GalleryEntry>,
}

impl Gallery {
    /// Lists the personas anew; those that were there keep what is known of them until they are loaded again.
    pub(crate) fn list(&mut self, names: Vec<String>) {
        let mut before = std::mem::take(&mut self.entries);
        for name in names {
            let known = before.iter().position(|entry| entry.name == name).map(|i| before.swap_remove(i));
            self.entries.push(known.unwrap_or(GalleryEntry { name, persona: None, thumbnail: None }));
        }
    }

    /// The names, `first` before the others.
    pub(crate) fn names_from(&self, first: &str) -> Vec<String> {
        let mut order: Vec<String> = self.entries.iter().map(|entry| entry.name.clone()).collect();
        order.sort_by_key(|name| name != first);
        order
    }

    /// The entry of a place.
    pub(crate) fn get(&self, place: usize) -> Option<&GalleryEntry> {
        self.entries.get(place)
    }

    /// The entry of a name.
    pub(crate) fn named(&self, name: &str) -> Option<&GalleryEntry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// As [`Gallery::named`], to be changed.
    pub(crate) fn named_mut(&mut self, name: &str) -> Option<&mut GalleryEntry> {
        self.entries.iter_mut().find(|entry| entry.name == name)
    }

    /// Names of the personas that can be worn now.
    pub(crate) fn loaded(&self) -> Vec<String> {
        let ready = self.entries.iter().filter(|entry| matches!(entry.persona, Some(Ok(_))));
        ready.map(|entry| entry.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_persona_stays_when_the_list_is_read_again() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let mut gallery = Gallery::default();
        gallery.list(names(&["a", "b", "c"]));
        gallery.named_mut("b").unwrap().persona = Some(Err("expired".to_owned()));
        gallery.list(names(&["new", "b", "c"]));
        let faults: Vec<bool> = gallery.entries.iter().map(|entry| entry.persona.is_some()).collect();
        assert_eq!(faults, [false, true, false]);
        assert!(gallery.named("a").is_none() && gallery.loaded().is_empty());
        assert_eq!(gallery.names_from("c"), names(&["c", "new", "b"]));
    }
}
