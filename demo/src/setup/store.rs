//! The data folder: where it is, writing a file so that it is never half-written, and the stamp that
//! says what is already there.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::problem::Problem;

/// Environment variable that names the data folder.
pub(crate) const DATA_VARIABLE: &str = "OMOTE_DATA";

/// Prefix of files and folders in the making. What is left of them after an hour was abandoned.
const IN_THE_MAKING: &str = ".omote-tmp-";
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// The user's data folder: models, library, licences and personas.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    root: PathBuf,
}

/// What set-up did, so that it need not be done twice.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Version of the converter that made the `.onnx` files.
    pub(crate) converter: u32,
    /// Path below the data folder to what was converted there.
    pub(crate) converted: BTreeMap<String, Converted>,
}

/// One converted network.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Converted {
    /// SHA-256 of the `.tflite` it was made from, hex.
    pub(crate) from: String,
    /// SHA-256 of the `.onnx`, hex.
    pub(crate) sha256: String,
}

/// The data folder: `--data`, else `OMOTE_DATA`, else the system's place for a user's data.
///
/// Fails only where the system has no home folder and neither is given.
pub(crate) fn data_folder(option: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = option {
        return Ok(path.to_owned());
    }
    match std::env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty()) {
        Some(path) => Ok(PathBuf::from(path)),
        None => directories::ProjectDirs::from("", "", "omote")
            .map(|dirs| dirs.data_dir().to_owned())
            .ok_or_else(|| anyhow::anyhow!("no home folder found: give a data folder with --data DIR")),
    }
}

impl Store {
    /// A view of the data folder at `root`, which need not exist yet.
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Creates the folder, proves that it can be written, and removes what an interrupted run left.
    pub(crate) fn open_for_writing(root: PathBuf) -> Result<Self, Problem> {
        let fail = |error: &io::Error| Problem::io("write", &root.join("setup.json"), error);
        fs::create_dir_all(&root).map_err(|error| fail(&error))?;
        for entry in fs::read_dir(&root).map_err(|error| fail(&error))?.flatten() {
            let ours = entry.file_name().to_string_lossy().starts_with(IN_THE_MAKING);
            let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
            if ours && age.is_some_and(|age| age > ABANDONED_AFTER) {
                let path = entry.path();
                let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                removed.unwrap_or_else(|error| log::warn!("can't remove {}: {error}", path.display()));
            }
        }
        let store = Self { root };
        store.scratch()?;
        Ok(store)
    }

    /// Where the folder is.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The place of `name`, a path below the folder with `/` between its parts.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name.split('/').collect::<PathBuf>())
    }

    /// A folder beside the stored files for things in the making. It goes when dropped.
    pub(crate) fn scratch(&self) -> Result<TempDir, Problem> {
        tempfile::Builder::new()
            .prefix(IN_THE_MAKING)
            .tempdir_in(&self.root)
            .map_err(|error| Problem::io("write", &self.root.join("setup.json"), &error))
    }

    /// Writes `bytes` under `name` in one stroke: a reader sees the old file or the new, never a part.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Problem> {
        let path = self.path(name);
        write_whole(&path, bytes).map_err(|error| Problem::io("write", &path, &error))
    }

    /// SHA-256 of the file under `name`, hex; `None` where there is no such readable file.
    pub(crate) fn hash(&self, name: &str) -> Option<String> {
        hash_file(&self.path(name)).ok()
    }

    /// The stamp of the last set-up. An unreadable one counts as none.
    pub(crate) fn stamp(&self) -> Stamp {
        fs::read(self.path("setup.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Stores the stamp.
    pub(crate) fn set_stamp(&self, stamp: &Stamp) -> Result<(), Problem> {
        let text = serde_json::to_vec_pretty(stamp)
            .map_err(|error| Problem::io("write", &self.path("setup.json"), &io::Error::other(error)))?;
        self.write("setup.json", &text)
    }

    /// Whether `name` is what `stamp` says `converter` made of a file with hash `from`.
    pub(crate) fn is_converted(&self, stamp: &Stamp, converter: u32, name: &str, from: &str) -> bool {
        let known = stamp.converted.get(name).filter(|known| known.from == from);
        stamp.converter == converter
            && known.is_some_and(|known| self.hash(name).as_deref() == Some(&known.sha256))
    }
}

/// Writes a file beside its place and renames it there. Makes the folder where it is missing.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new();
    file.prefix(IN_THE_MAKING).suffix(path.file_name().unwrap_or(OsStr::new("")));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.permissions(fs::Permissions::from_mode(0o644));
    }
    let mut file = file.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// SHA-256 of a file, hex.
pub(crate) fn hash_file(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = io::Read::read(&mut file, &mut buffer)?;
        if n == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(buffer.get(..n).unwrap_or_default());
    }
}

/// SHA-256 of `bytes`, hex.
pub(crate) fn hash_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_of_a_known_text() {
        // The "abc" example of FIPS 180-2.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash_bytes(b"abc"), expected);
    }

    #[test]
    fn a_write_replaces_and_leaves_nothing_beside() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_for_writing(dir.path().join("new/folder")).unwrap();
        store.write("models/a.bin", b"one").unwrap();
        store.write("models/a.bin", b"two").unwrap();
        assert_eq!(fs::read(store.path("models/a.bin")).unwrap(), b"two");
        assert_eq!(fs::read_dir(store.path("models")).unwrap().count(), 1);
        assert_eq!(store.hash("models/a.bin"), Some(hash_bytes(b"two")));
    }

    #[test]
    fn a_stamp_counts_only_for_the_same_source_converter_and_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_for_writing(dir.path().to_owned()).unwrap();
        assert_eq!(store.stamp(), Stamp::default());
        store.write("models/a.onnx", b"net").unwrap();
        let entry = Converted { from: "aa".to_owned(), sha256: hash_bytes(b"net") };
        let stamp = Stamp { converter: 3, converted: [("models/a.onnx".to_owned(), entry)].into() };
        store.set_stamp(&stamp).unwrap();
        let read = store.stamp();
        assert_eq!(read, stamp);
        assert!(store.is_converted(&read, 3, "models/a.onnx", "aa"));
        assert!(!store.is_converted(&read, 4, "models/a.onnx", "aa"));
        assert!(!store.is_converted(&read, 3, "models/a.onnx", "bb"));
        store.write("models/a.onnx", b"other").unwrap();
        assert!(!store.is_converted(&read, 3, "models/a.onnx", "aa"));
    }
}
