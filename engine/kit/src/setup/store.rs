//! The files of a data folder: writing one so that it is never half-written, and telling what is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use omote_engine::infer::models;
use omote_engine::output::{self, Options, Scratch};

use super::problem::Problem;

/// Prefix of files and folders in the making in earlier versions. What is left of them after an hour was abandoned.
const IN_THE_MAKING: &str = ".omote-tmp-";
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// The files of a data folder: networks, library and licences.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The data folder at `root`, which need not exist yet.
    #[must_use]
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Removes what interrupted runs left in the making.
    pub fn clean(&self) {
        for folder in [self.root.clone(), self.path("models"), self.path("lib")] {
            for left in output::left_overs(&folder) {
                left.remove().unwrap_or_else(|error| log::warn!("{error}"));
            }
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for entry in entries.flatten() {
                let ours = entry.file_name().to_string_lossy().starts_with(IN_THE_MAKING);
                let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
                if ours && age.is_some_and(|age| age > ABANDONED_AFTER) {
                    let path = entry.path();
                    let removed =
                        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                    removed.unwrap_or_else(|error| log::warn!("can't remove {}: {error}", path.display()));
                }
            }
        }
    }

    /// Where the folder is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The place of `name`, a path below the folder with `/` between its parts.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name.split('/').collect::<PathBuf>())
    }

    /// A folder beside the stored files for things in the making. It goes when dropped.
    pub(super) fn scratch(&self) -> Result<Scratch, Problem> {
        Scratch::create(&self.root).map_err(|error| Problem::output(&self.path("models"), error))
    }

    /// Writes `bytes` under `name` in one stroke: a reader sees the old file or the new, never a part.
    ///
    /// # Errors
    /// A folder that can't be written; what to do about it.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Problem> {
        let path = self.path(name);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(|error| Problem::io("write", &path, &error))?;
        output::write(&path, bytes, Options::own()).map(drop).map_err(|error| Problem::output(&path, error))
    }

    /// SHA-256 of the file under `name`, hex; `None` where there is no such readable file.
    pub(super) fn hash(&self, name: &str) -> Option<String> {
        models::hash_file(&self.path(name)).ok()
    }

    /// Whether the file under `name` holds exactly these bytes.
    #[must_use]
    pub fn holds(&self, name: &str, bytes: &[u8]) -> bool {
        fs::read(self.path(name)).is_ok_and(|stored| stored == bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_engine::infer::models::hash_bytes;

    #[test]
    fn hash_of_a_known_text() {
        // The "abc" example of FIPS 180-2.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash_bytes(b"abc"), expected);
    }

    #[test]
    fn a_write_replaces_and_leaves_nothing_beside() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(dir.path().join("new/folder"));
        assert!(!store.holds("models/a.bin", b"one"));
        store.write("models/a.bin", b"one").unwrap();
        store.write("models/a.bin", b"two").unwrap();
        assert!(store.holds("models/a.bin", b"two"));
        assert_eq!(fs::read_dir(store.path("models")).unwrap().count(), 1);
        assert_eq!(store.hash("models/a.bin"), Some(hash_bytes(b"two")));
    }

    #[test]
    fn only_what_was_abandoned_is_cleaned_away() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(dir.path().to_owned());
        let fresh = store.scratch().unwrap();
        store.write("models/a.bin", b"kept").unwrap();
        let old = dir.path().join(format!("{IN_THE_MAKING}old"));
        fs::write(&old, b"part").unwrap();
        let long_ago = std::time::SystemTime::now() - 2 * ABANDONED_AFTER;
        fs::File::options().write(true).open(&old).unwrap().set_modified(long_ago).unwrap();
        store.clean();
        assert!(!old.exists() && fresh.path().exists() && store.holds("models/a.bin", b"kept"));
    }
}
