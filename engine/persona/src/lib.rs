//! Personas: whose face is put on, on what ground, and the packages they come in.
//!
//! A package is a folder, or a zip archive named `.omote`, that holds `persona.toml`, a picture and the picture's
//! face landmarks; for swap models also what a face recogniser makes of the face ([`PersonaVector`]).
//! Only a [`Persona`] that passed every check can exist: its fields are private, and
//! [`Persona::load`] refuses a package whose files were changed, whose consent is missing or has expired, or whose
//! picture and landmarks do not fit. The record says what its maker declared. Omote can't check that it is true.

mod class;
mod composite;
mod container;
mod date;
mod error;
pub mod form;
pub mod judge;
mod landmarks;
mod making;
mod manifest;
mod photo;
mod picture;
#[cfg(test)]
mod tests;
mod vector;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

pub use class::{CONSENT_MONTHS, Class, ClassKind, Consent};
pub use composite::{Composite, CompositeFiles};
pub use date::{Date, DateError};
pub use error::{PersonaError, Refusal};
pub use judge::{Flaw, Part};
pub use making::{FindFaces, FindVector, NewPersona, OWN_FACE, folder, today};
pub use manifest::{ColourTransfer, USES};
pub use photo::{LEAST_FACE, LEAST_SHARPNESS, cut_out, one_good_face, sharpness};
pub use picture::{PACKAGE_SIDE, PHOTO_SIDE, Picture};
pub use vector::{LEAST_COSINE, PersonaVector, VECTOR, cosine, of_unit_length, outliers};
pub use write::PersonaDraft;

use container::{Container, FILE_LIMIT, TOTAL_LIMIT};
use manifest::{About, MANIFEST, MANIFEST_LIMIT, Manifest};

use omote_frame::space::MeshPoint;

/// The names of the personas that ship with Omote, the default first: no other persona may be called so, since whoever
/// asks for one of them must get the one that is known.
pub const BUILT_IN: [&str; 9] = [
    "ko-omote",
    "kitsune",
    "oni",
    "calavera",
    "kintsugi",
    "urushi",
    "composite-1",
    "composite-2",
    "composite-3",
];

/// Refuses the name of a persona that ships with Omote.
///
/// # Errors
/// [`PersonaError::BuiltInName`].
fn refuse_built_in(name: &str) -> Result<(), PersonaError> {
    match BUILT_IN.contains(&name) {
        true => Err(PersonaError::BuiltInName { name: name.to_owned() }),
        false => Ok(()),
    }
}

/// A persona that passed every check.
#[derive(Clone, Debug)]
pub struct Persona {
    id: String,
    about: About,
    picture: Picture,
    landmarks: Vec<MeshPoint>,
    vectors: Vec<PersonaVector>,
}

impl Persona {
    /// Loads a package, a folder or a `.omote` archive, for use on the day `today`.
    ///
    /// # Errors
    /// [`PersonaError`] with the reason, in plain words, for which the package is refused.
    pub fn load(path: &Path, today: Date) -> Result<Self, PersonaError> {
        Self::foreign(&mut Container::open(path)?, today)
    }

    /// As [`Persona::load`], from the bytes of a `.omote` archive.
    ///
    /// # Errors
    /// As [`Persona::load`].
    pub fn from_archive(bytes: Vec<u8>, today: Date) -> Result<Self, PersonaError> {
        Self::foreign(&mut Container::archive(bytes)?, today)
    }

    /// A package of somebody's: it must not pass for one that is built in.
    fn foreign(container: &mut Container<'_>, today: Date) -> Result<Self, PersonaError> {
        let persona = Self::from_container(container, today)?;
        refuse_built_in(persona.name())?;
        Ok(persona)
    }

    fn from_container(container: &mut Container<'_>, today: Date) -> Result<Self, PersonaError> {
        let manifest = Manifest::parse(&container.read_file(MANIFEST, MANIFEST_LIMIT)?)?;
        let about = manifest.about(today)?;
        let mut left = TOTAL_LIMIT;
        let of_vectors = |name: &String| manifest.vectors.iter().any(|block| block.file == *name);
        let mut kept = BTreeMap::new();
        for (name, hash) in &manifest.files {
            let bytes = container.read_file(name, FILE_LIMIT)?;
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| PersonaError::TooLarge { what: "the whole".to_owned(), limit: TOTAL_LIMIT })?;
            if blake3::hash(&bytes).to_hex().as_str() != hash {
                return Err(PersonaError::Changed { file: name.clone() });
            }
            if *name == manifest.picture || *name == manifest.landmarks || of_vectors(name) {
                kept.insert(name.as_str(), bytes);
            }
        }
        let file = |name: &str| kept.get(name).map_or(&[][..], Vec::as_slice);
        let picture = Picture::decode(file(&manifest.picture), &manifest.picture, PACKAGE_SIDE)?;
        let landmarks = landmarks::parse(file(&manifest.landmarks), &picture)?;
        let vectors = manifest.vectors.iter().map(|block| PersonaVector::parse(file(&block.file), block));
        let vectors = vectors.collect::<Result<_, _>>()?;
        Ok(Self { id: manifest.id, about, picture, landmarks, vectors })
    }

    /// A hash over the names and hashes of its files, 64 hex digits. Two personas of one id have the same files.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its short name: `a-z`, `0-9` and `-`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.about.name
    }

    /// Its name as shown to people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.about.title
    }

    /// On what ground it may be worn.
    #[must_use]
    pub fn class(&self) -> &Class {
        &self.about.class
    }

    /// The licence of picture and landmarks: an SPDX name or text.
    #[must_use]
    pub fn licence(&self) -> &str {
        &self.about.licence
    }

    /// The day it was made.
    #[must_use]
    pub fn created(&self) -> Date {
        self.about.created
    }

    /// What its maker allows: one or more of [`USES`].
    #[must_use]
    pub fn uses(&self) -> &[String] {
        &self.about.uses
    }

    /// Whom to name where it is shown.
    #[must_use]
    pub fn credit(&self) -> Option<&str> {
        self.about.credit.as_deref()
    }

    /// How its colours meet the live picture's.
    #[must_use]
    pub fn colour_transfer(&self) -> ColourTransfer {
        self.about.colour_transfer
    }

    /// Its picture.
    #[must_use]
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Its face's mesh points in the picture's pixels: 468, or 478 with irises. All are finite and in the picture.
    #[must_use]
    pub fn landmarks(&self) -> &[MeshPoint] {
        &self.landmarks
    }

    /// Its face to the recognisers that its maker had: none, or one each.
    #[must_use]
    pub fn vectors(&self) -> &[PersonaVector] {
        &self.vectors
    }

    /// Its face to the recogniser whose file has this SHA-256.
    #[must_use]
    pub fn vector_of(&self, recogniser_sha256: &str) -> Option<&PersonaVector> {
        self.vectors.iter().find(|vector| vector.recogniser == recogniser_sha256)
    }
}
