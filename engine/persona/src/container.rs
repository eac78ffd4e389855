//! Where a package's files come from: a folder, a zip archive, or memory. All with limits, all read lazily,
//! so that nothing is inflated or opened that the manifest does not list.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use super::PersonaError;

/// The most bytes that all files of a package may have together, inflated; also an archive's largest size.
pub(super) const TOTAL_LIMIT: u64 = 64 << 20;
/// The most bytes of one file.
pub(super) const FILE_LIMIT: u64 = 32 << 20;

/// A package's files.
pub(super) enum Container<'a> {
    /// A folder; the path is the canonical one.
    Folder(PathBuf),
    /// A zip archive, whole in memory.
    Archive(Box<ZipArchive<Cursor<Vec<u8>>>>),
    /// Files by name.
    Memory(&'a BTreeMap<String, Vec<u8>>),
}

impl Container<'_> {
    /// Opens a folder or an archive.
    pub(super) fn open(path: &Path) -> Result<Self, PersonaError> {
        let missing = || PersonaError::Missing { path: path.to_owned() };
        let read = |source| PersonaError::Read { file: path.display().to_string(), source };
        let data = fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(),
            _ => read(error),
        })?;
        if data.is_dir() {
            return Ok(Self::Folder(path.canonicalize().map_err(read)?));
        }
        if !data.is_file() {
            return Err(missing());
        }
        let file = fs::File::open(path).map_err(read)?;
        Self::archive(limited(file, "the archive", TOTAL_LIMIT)?)
    }

    /// Opens an archive's bytes.
    pub(super) fn archive(bytes: Vec<u8>) -> Result<Self, PersonaError> {
        let damaged = |reason: String| PersonaError::Archive { reason };
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(error.to_string()))?;
        if archive.has_duplicate_names() {
            return Err(damaged("two files have one name".to_owned()));
        }
        Ok(Self::Archive(Box::new(archive)))
    }

    /// The bytes of the file `name`, which must have passed the path check. At most `limit` of them.
    pub(super) fn read_file(&mut self, name: &str, limit: u64) -> Result<Vec<u8>, PersonaError> {
        let missing = || PersonaError::MissingFile { file: name.to_owned() };
        match self {
            Self::Memory(files) => {
                let bytes = files.get(name).ok_or_else(missing)?;
                limited(bytes.as_slice(), name, limit)
            }
            Self::Folder(root) => {
                let failed = |source: io::Error| match source.kind() {
                    io::ErrorKind::NotFound => missing(),
                    _ => PersonaError::Read { file: name.to_owned(), source },
                };
                let path = root.join(name.split('/').collect::<PathBuf>()).canonicalize().map_err(failed)?;
                // A link may lead out of the folder.
                if !path.starts_with(&*root) {
                    return Err(PersonaError::Escape { file: name.to_owned() });
                }
                if !fs::metadata(&path).map_err(failed)?.is_file() {
                    return Err(missing());
                }
                limited(fs::File::open(&path).map_err(failed)?, name, limit)
            }
            Self::Archive(archive) => {
                let entry = archive.by_name(name).map_err(|error| match error {
                    ZipError::FileNotFound => missing(),
                    other => PersonaError::Archive { reason: other.to_string() },
                })?;
                if !entry.is_file() {
                    return Err(missing());
                }
                limited(entry, name, limit)
            }
        }
    }
}

/// Reads to the end, or fails once more than `limit` bytes come.
fn limited(reader: impl Read, what: &str, limit: u64) -> Result<Vec<u8>, PersonaError> {
    let mut bytes = Vec::new();
    reader
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| PersonaError::Read { file: what.to_owned(), source })?;
    match bytes.len() as u64 > limit {
        true => Err(PersonaError::TooLarge { what: what.to_owned(), limit }),
        false => Ok(bytes),
    }
}
