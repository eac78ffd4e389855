//! Personas as textures, kept: several sources that wear the same one share its pixels.

use crate::personas;
use crate::personas::PersonaStamp;
use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::persona;
use omote_engine::persona::{Date, Persona};
use omote_engine::swap::{CutParams, FaceTexture};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::data::DataFolder;

/// Textures that are kept, the newest of them. One has some 1.4 MB.
const KEPT_TEXTURES: usize = 6;

/// A texture, and what it was made of.
struct Baked {
    /// What the persona was asked for by, and the package that this meant: a replaced one is read again.
    names: Vec<(String, PersonaStamp)>,
    /// The hash over the persona's files, see [`Persona::id`]. What its manifest says of them (until when it may be worn, and
    /// how its colours meet the live ones) is not among these, and stands in the texture.
    id: String,
    cut: CutParams,
    texture: FaceTexture,
}

impl Baked {
    /// Whether it is what [`Textures::bake`] would make.
    fn is_of(&self, persona: &Persona, cut: CutParams) -> bool {
        let manifest = (persona.class().expires(), persona.colour_transfer());
        self.cut == cut
            && self.id == persona.id()
            && (self.texture.until(), self.texture.colour_transfer()) == manifest
    }

    /// Whether the consent still holds. A texture whose consent has ended is not given out; its persona is loaded again,
    /// which tells the reason.
    fn holds(&self, today: Date) -> bool {
        self.texture.until().is_none_or(|last| last >= today)
    }
}

/// Baked textures: of a persona's content, cut in one way, until its consent ends.
#[derive(Default)]
pub struct Textures {
    baked: Mutex<Vec<Baked>>,
}

impl Textures {
    /// None yet. One may be a `static`.
    #[must_use]
    pub const fn new() -> Self {
        Self { baked: Mutex::new(Vec::new()) }
    }

    /// The texture of the persona that `name` means (as [`personas::resolve`]), cut as `cut` says. Takes some 100 ms where
    /// it is not known yet.
    ///
    /// # Errors
    /// No such persona, or one that may not be worn.
    pub fn get(&self, data: &DataFolder, name: &str, cut: CutParams) -> Result<FaceTexture> {
        self.get_on(data, name, cut, persona::today())
    }

    fn get_on(&self, data: &DataFolder, name: &str, cut: CutParams, today: Date) -> Result<FaceTexture> {
        let asked = (name.to_owned(), PersonaStamp::of_persona(name, data.root()));
        let known = |b: &Baked| b.cut == cut && b.names.contains(&asked) && b.holds(today);
        if let Some(baked) = self.lock().iter().find(|b| known(b)) {
            return Ok(baked.texture.clone());
        }
        let persona = personas::resolve(name, data.root(), today)?;
        let texture = self.bake(&persona, cut)?;
        let mut baked = self.lock();
        for baked in baked.iter_mut() {
            baked.names.retain(|(known, stamp)| *known != asked.0 || *stamp == asked.1);
        }
        if let Some(baked) = baked.iter_mut().find(|b| b.is_of(&persona, cut)) {
            baked.names.push(asked);
        }
        Ok(texture)
    }

    /// The texture of a persona that is loaded: the same for all with the same content.
    ///
    /// # Errors
    /// A persona of which no texture can be made.
    pub fn bake(&self, persona: &Persona, cut: CutParams) -> Result<FaceTexture> {
        if let Some(baked) = self.lock().iter().find(|b| b.is_of(persona, cut)) {
            return Ok(baked.texture.clone());
        }
        // Not locked meanwhile: others may get what is known.
        let texture = FaceTexture::of_persona(persona, cut).map_err(|e| {
            let message = format!("the persona {} can't be worn: {e}", persona.name());
            Error::wrap(ErrorKind::Refused, Stage::Persona, message, e)
        })?;
        let mut baked = self.lock();
        if baked.len() >= KEPT_TEXTURES {
            baked.remove(0);
        }
        let id = persona.id().to_owned();
        baked.push(Baked { names: Vec::new(), id, cut, texture: texture.clone() });
        Ok(texture)
    }

    /// Lets go of all of them.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Baked>> {
        // The list is whole after every statement.
        self.baked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_engine::output::Existing;
    use omote_engine::persona::{Class, Consent, PersonaDraft};
    use omote_masks::built_in;
    use std::path::Path;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// Writes a package of the user's: oni's face, on somebody's word that holds until a day.
    fn write(data: &DataFolder, name: &str, title: &str, expires: &str) {
        let face = built_in::load("oni", day("2026-01-01")).unwrap().unwrap();
        let consent = Consent {
            grantor: "Somebody".to_owned(),
            statement: "You may wear my face.".to_owned(),
            date: day("2026-01-01"),
            expires: day(expires),
            evidence: "0".repeat(64),
            contact_for_revocation: "somebody@example.org".to_owned(),
        };
        let draft = PersonaDraft {
            name: name.to_owned(),
            title: title.to_owned(),
            class: Class::Consented(consent),
            licence: "CC0-1.0".to_owned(),
            uses: vec!["stream".to_owned()],
            colour_transfer: face.colour_transfer(),
            credit: None,
            picture: face.picture().clone(),
            landmarks: face.landmarks().to_vec(),
            vectors: Vec::new(),
        };
        let place = data.personas().join(format!("{name}.omote"));
        std::fs::create_dir_all(data.personas()).unwrap();
        draft.write_with(Path::new(&place), day("2026-01-02"), Existing::Replace).unwrap();
    }

    #[test]
    fn a_texture_is_made_once_for_each_content_and_cut() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::at(folder.path());
        let textures = Textures::new();
        let get =
            |name: &str, eyes| textures.get(&data, name, CutParams { eyes, ..CutParams::default() }).unwrap();
        let first = get("oni", 0.0);
        assert_eq!(get("oni", 0.0).id(), first.id());
        assert_ne!(get("oni", 1.0).id(), first.id());
        assert_ne!(get("kitsune", 0.0).id(), first.id());
        let loaded = built_in::load("oni", persona::today()).unwrap().unwrap();
        assert_eq!(textures.bake(&loaded, CutParams::default()).unwrap().id(), first.id());
        textures.clear();
        assert_ne!(get("oni", 0.0).id(), first.id());
    }

    #[test]
    fn the_oldest_go_first_and_no_more_are_kept_than_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let (data, textures) = (DataFolder::at(folder.path()), Textures::new());
        let get = |k: usize| {
            let cut = CutParams { edge: 0.5 + 0.1 * k as f32, ..CutParams::default() };
            textures.get(&data, "oni", cut).unwrap().id()
        };
        let ids: Vec<omote_engine::swap::TextureId> = (0..=KEPT_TEXTURES).map(get).collect();
        assert_eq!(textures.lock().len(), KEPT_TEXTURES);
        assert_eq!(get(KEPT_TEXTURES), ids[KEPT_TEXTURES]);
        assert_ne!(get(0), ids[0]);
    }

    #[test]
    fn a_package_that_was_replaced_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (data, textures) = (DataFolder::at(folder.path()), Textures::new());
        let today = day("2026-02-01");
        let get = || textures.get_on(&data, "me", CutParams::default(), today).unwrap();
        write(&data, "me", "Me", "2026-06-30");
        let first = get();
        assert_eq!(get().id(), first.id());
        write(&data, "me", "Me, with another title", "2026-05-31");
        let second = get();
        assert_eq!(second.until(), Some(day("2026-05-31")));
        assert_ne!(second.id(), first.id());
    }

    #[test]
    fn what_may_no_longer_be_worn_is_not_given_out() {
        let folder = tempfile::tempdir().unwrap();
        let (data, textures) = (DataFolder::at(folder.path()), Textures::new());
        write(&data, "me", "Me", "2026-06-30");
        let get = |today: &str| textures.get_on(&data, "me", CutParams::default(), day(today));
        let first = get("2026-06-30").unwrap();
        assert_eq!(get("2026-06-30").unwrap().id(), first.id());
        let refused = get("2026-07-01").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Refused);
    }
}
