//! Making a package: everything is checked first, written beside its place, and renamed there.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::container::Container;
use super::manifest::{About, MANIFEST, Manifest};
use super::{Class, ColourTransfer, Date, Persona, PersonaError, PersonaVector, Picture, landmarks};
use omote_files::output::{self, Existing, Options, OutputError, OutputFolder};
use omote_frame::space::MeshPoint;

const PICTURE: &str = "photo.png";
const LANDMARKS: &str = "landmarks.json";

/// What a new persona is made of.
#[derive(Clone, Debug)]
pub struct PersonaDraft {
    /// Short name: 1 to 64 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// Name as shown to people.
    pub title: String,
    /// On what ground it may be worn.
    pub class: Class,
    /// The licence of the picture: an SPDX name or text.
    pub licence: String,
    /// What it may be used for: one or more of [`USES`](super::USES).
    pub uses: Vec<String>,
    /// How its colours meet the live picture's.
    pub colour_transfer: ColourTransfer,
    /// Whom to name where it is shown.
    pub credit: Option<String>,
    /// The picture.
    pub picture: Picture,
    /// The face's mesh points in the picture's pixels: 468 or 478.
    pub landmarks: Vec<MeshPoint>,
    /// The face to recognisers, each at most once; for swap models.
    pub vectors: Vec<PersonaVector>,
}

impl PersonaDraft {
    /// A fictional persona in Omote's own licence and for every use, as those that ship with it are. `how` says how its
    /// picture was made.
    #[must_use]
    pub fn fictional(
        name: &str,
        title: &str,
        how: &str,
        colour_transfer: ColourTransfer,
        picture: Picture,
        landmarks: Vec<MeshPoint>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            class: Class::Fictional { how: how.to_owned() },
            licence: "MIT OR Apache-2.0".to_owned(),
            uses: super::USES.map(str::to_owned).to_vec(),
            colour_transfer,
            credit: None,
            picture,
            landmarks,
            vectors: vec![],
        }
    }

    /// Writes the package: a zip archive where `path` ends in `.omote`, a folder elsewhere. Gives the persona,
    /// loaded from the bytes that were written, so what is written can be loaded. `today` is its day of making.
    /// Nothing is overwritten, nothing half-written stays, and nobody but the user may read it.
    ///
    /// # Errors
    /// Those of [`Persona::load`], and [`PersonaError::AlreadyThere`] and [`PersonaError::Write`].
    pub fn write(&self, path: &Path, today: Date) -> Result<Persona, PersonaError> {
        self.write_with(path, today, Existing::Refuse)
    }

    /// As [`PersonaDraft::write`], where a persona that is there may be replaced.
    ///
    /// # Errors
    /// Those of [`PersonaDraft::write`].
    pub fn write_with(&self, path: &Path, today: Date, existing: Existing) -> Result<Persona, PersonaError> {
        let options = Options { existing, ..Options::default() }.private();
        super::refuse_built_in(&self.name)?;
        let (persona, files) = self.build(today)?;
        let failed = |cause| PersonaError::from(OutputError::io(path, cause));
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        if is_archive(path) {
            output::write(path, &archive(&files).map_err(failed)?, options)?;
        } else {
            let folder = OutputFolder::create(path, options, is_ours)?;
            for (name, bytes) in &files {
                folder.file(name).and_then(|mut file| file.write_all(bytes)).map_err(failed)?;
            }
            folder.keep()?;
        }
        Ok(persona)
    }

    /// The persona without a package on disk, for those that the program carries in itself.
    ///
    /// # Errors
    /// Those of [`Persona::load`].
    pub fn in_memory(&self, today: Date) -> Result<Persona, PersonaError> {
        self.build(today).map(|(persona, _)| persona)
    }

    fn build(&self, today: Date) -> Result<(Persona, BTreeMap<String, Vec<u8>>), PersonaError> {
        let about = About {
            name: self.name.clone(),
            title: self.title.clone(),
            class: self.class.clone(),
            licence: self.licence.clone(),
            created: today,
            uses: self.uses.clone(),
            colour_transfer: self.colour_transfer,
            credit: self.credit.clone(),
        };
        // Said before the picture is encoded, so that a fault in the words costs no time.
        about.check(today)?;
        landmarks::check(&self.landmarks, &self.picture)?;
        let mut files = BTreeMap::from([
            (PICTURE.to_owned(), self.picture.to_png()?),
            (LANDMARKS.to_owned(), landmarks::to_json(&self.landmarks, &self.picture)?),
        ]);
        for vector in &self.vectors {
            files.insert(vector.block().file, vector.to_bytes()?);
        }
        let vectors = self.vectors.iter().map(PersonaVector::block).collect();
        let hash = |bytes: &Vec<u8>| blake3::hash(bytes).to_hex().to_string();
        let hashes = files.iter().map(|(name, bytes)| (name.clone(), hash(bytes))).collect();
        let manifest = Manifest::new(&about, PICTURE, LANDMARKS, vectors, hashes);
        files.insert(MANIFEST.to_owned(), manifest.to_text()?.into_bytes());
        let persona = Persona::from_container(&mut Container::Memory(&files), today)?;
        Ok((persona, files))
    }
}

/// Whether a package may be written at `path`, before anything is done for it.
pub(super) fn check_place(path: &Path, existing: Existing) -> Result<(), PersonaError> {
    let options = Options { existing, ..Options::default() };
    let checked = if is_archive(path) {
        output::check(path, options)
    } else {
        output::check_folder(path, options, is_ours)
    };
    match checked {
        // It is made.
        Err(OutputError::NoParent { .. }) => Ok(()),
        other => Ok(other?),
    }
}

/// Whether a package at `path` is a zip archive.
fn is_archive(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "omote")
}

/// Whether a file is such as a package in a folder holds.
fn is_ours(name: &str) -> bool {
    [PICTURE, LANDMARKS, MANIFEST].contains(&name) || (name.starts_with("vectors-") && name.ends_with(".f32"))
}

fn archive(files: &BTreeMap<String, Vec<u8>>) -> io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default())?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
