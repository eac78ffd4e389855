//! Personas: whose face is put on, on what ground, and the packages they come in.
//!
//! A package is a folder, or a zip archive named `.omote`, that holds `persona.toml`, a picture and the picture's
//! face landmarks. Only a [`Persona`] that passed every check can exist: its fields are private, and
//! [`Persona::load`] refuses a package whose files were changed, whose consent is missing or has expired, or whose
//! picture and landmarks do not fit. The record says what its maker declared. Omote can't check that it is true.

pub mod built_in;
mod class;
mod container;
mod date;
mod error;
pub mod form;
mod landmarks;
pub mod library;
mod manifest;
pub mod paint;
mod photo;
mod picture;
#[cfg(test)]
mod tests;
mod write;

use std::path::Path;

pub use class::{CONSENT_MONTHS, Class, ClassKind, Consent};
pub use date::{Date, DateError};
pub use error::PersonaError;
pub use manifest::{Tone, USES};
pub use photo::{LEAST_FACE, LEAST_SHARPNESS, cut_out, one_good_face, sharpness};
pub use picture::{PACKAGE_SIDE, PHOTO_SIDE, Picture};
pub use write::PersonaDraft;

use container::{Container, FILE_LIMIT, TOTAL_LIMIT};
use manifest::{About, MANIFEST, MANIFEST_LIMIT, Manifest};

use crate::space::MeshPoint;

/// A persona that passed every check.
#[derive(Clone, Debug)]
pub struct Persona {
    id: String,
    about: About,
    picture: Picture,
    landmarks: Vec<MeshPoint>,
}

impl Persona {
    /// Loads a package, a folder or a `.omote` archive, for use on the day `today`.
    ///
    /// # Errors
    /// [`PersonaError`] with the reason, in plain words, for which the package is refused.
    pub fn load(path: &Path, today: Date) -> Result<Self, PersonaError> {
        Self::from_container(&mut Container::open(path)?, today)
    }

    /// As [`Persona::load`], from the bytes of a `.omote` archive.
    ///
    /// # Errors
    /// As [`Persona::load`].
    pub fn from_archive(bytes: Vec<u8>, today: Date) -> Result<Self, PersonaError> {
        Self::from_container(&mut Container::archive(bytes)?, today)
    }

    fn from_container(container: &mut Container<'_>, today: Date) -> Result<Self, PersonaError> {
        let manifest = Manifest::parse(&container.read(MANIFEST, MANIFEST_LIMIT)?)?;
        let about = manifest.about(today)?;
        let mut left = TOTAL_LIMIT;
        let (mut picture, mut landmarks) = (Vec::new(), Vec::new());
        for (name, hash) in &manifest.files {
            let bytes = container.read(name, FILE_LIMIT)?;
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| PersonaError::TooLarge { what: "the whole".to_owned(), limit: TOTAL_LIMIT })?;
            if blake3::hash(&bytes).to_hex().as_str() != hash {
                return Err(PersonaError::Changed { file: name.clone() });
            }
            if *name == manifest.picture {
                picture = bytes;
            } else if *name == manifest.landmarks {
                landmarks = bytes;
            }
        }
        let picture = Picture::decode(&picture, &manifest.picture, PACKAGE_SIDE)?;
        let landmarks = landmarks::parse(&landmarks, &picture)?;
        Ok(Self { id: manifest.id, about, picture, landmarks })
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
    pub fn tone(&self) -> Tone {
        self.about.tone
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
}
