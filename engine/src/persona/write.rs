//! Making a package: everything is checked first, written beside its place, and renamed there.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::container::Container;
use super::manifest::{About, MANIFEST, Manifest};
use super::{Class, Date, Persona, PersonaError, PersonaVector, Picture, Tone, landmarks};
use crate::space::MeshPoint;

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
    pub tone: Tone,
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
    /// Writes the package: a zip archive where `path` ends in `.omote`, a folder elsewhere. Gives the persona,
    /// loaded from the bytes that were written, so what is written can be loaded. `today` is its day of making.
    /// Nothing is overwritten, and nothing half-written stays.
    ///
    /// # Errors
    /// Those of [`Persona::load`], and [`PersonaError::AlreadyThere`] and [`PersonaError::Write`].
    pub fn write(&self, path: &Path, today: Date) -> Result<Persona, PersonaError> {
        let (persona, files) = self.build(today)?;
        let failed = |source| PersonaError::Write { path: path.to_owned(), source };
        if fs::symlink_metadata(path).is_ok() {
            return Err(PersonaError::AlreadyThere { path: path.to_owned() });
        }
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let making = Making::beside(path);
        let written = if path.extension().is_some_and(|extension| extension == "omote") {
            archive(&files).and_then(|bytes| write_file(&making.path, &bytes))
        } else {
            write_folder(&making.path, &files)
        };
        written.and_then(|()| fs::rename(&making.path, path)).map_err(failed)?;
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
            tone: self.tone,
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
        let manifest = Manifest::of(&about, PICTURE, LANDMARKS, vectors, hashes);
        files.insert(MANIFEST.to_owned(), manifest.to_text()?.into_bytes());
        let persona = Persona::from_container(&mut Container::Memory(&files), today)?;
        Ok((persona, files))
    }
}

/// A place beside the final one. Whatever is still there when this goes is removed.
struct Making {
    path: PathBuf,
}

impl Making {
    fn beside(path: &Path) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self { path: path.with_file_name(format!(".omote-tmp-{}-{number}-{name}", std::process::id())) }
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // After the rename there is nothing left, and both calls fail as they should.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn write_folder(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    fs::create_dir(folder)?;
    for (name, bytes) in files {
        write_file(&folder.join(name), bytes)?;
    }
    Ok(())
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn archive(files: &BTreeMap<String, Vec<u8>>) -> io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default())?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
