//! Output that appears under its name only when it is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::fault::Fault;

/// A file or folder that is written under another name, moved to its own by [`Partial::keep`], and removed
/// when it is dropped before.
#[derive(Debug)]
pub(super) struct Partial {
    target: PathBuf,
    part: PathBuf,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A file beside the target.
    File,
    /// A folder beside the target, which is not there.
    Folder,
    /// A folder in the target, which is an empty folder: it may be a mount point, which can't be replaced.
    Inside,
    /// The target itself: a pipe or device, which must stay as it is.
    Direct,
    /// Moved to the target.
    Kept,
}

impl Partial {
    /// Begins a file, and opens it. What an interrupted run left under the other name is written over.
    pub(super) fn file(target: &Path) -> Result<(Self, File), Fault> {
        let special = fs::metadata(target).is_ok_and(|m| !m.is_file());
        let part = if special { target.to_owned() } else { beside(target) };
        let shape = if special { Shape::Direct } else { Shape::File };
        let mut open = File::options();
        let open = open.write(true).create(!special).truncate(!special);
        let file = open.open(&part).map_err(|e| Fault::io(target, 0, e))?;
        Ok((Self { target: target.to_owned(), part, shape }, file))
    }

    /// Begins a folder.
    pub(super) fn folder(target: &Path) -> Result<Self, Fault> {
        let failed = |e| Fault::io(target, 0, e);
        let (part, shape) = if target.is_dir() {
            if let Some(entry) = fs::read_dir(target).map_err(failed)?.next() {
                let holds = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
                return Err(Fault::NotEmpty { path: target.into(), holds });
            }
            (target.join(".part"), Shape::Inside)
        } else {
            // Without the slash that a name may end in.
            (beside(&target.components().collect::<PathBuf>()), Shape::Folder)
        };
        if part.exists() {
            return Err(Fault::LeftBehind { path: part });
        }
        fs::create_dir(&part).map_err(failed)?;
        Ok(Self { target: target.to_owned(), part, shape })
    }

    /// Where to write.
    pub(super) fn path(&self) -> &Path {
        &self.part
    }

    /// What the caller asked for.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Moves what was written to the target.
    pub(super) fn keep(mut self, frames: u64) -> Result<PathBuf, Fault> {
        let failed = |e| Fault::io(&self.target, frames, e);
        match self.shape {
            Shape::File | Shape::Folder => fs::rename(&self.part, &self.target).map_err(failed)?,
            Shape::Inside => {
                for entry in fs::read_dir(&self.part).map_err(failed)? {
                    let entry = entry.map_err(failed)?;
                    fs::rename(entry.path(), self.target.join(entry.file_name())).map_err(failed)?;
                }
                fs::remove_dir(&self.part).map_err(failed)?;
            }
            Shape::Direct | Shape::Kept => {}
        }
        self.shape = Shape::Kept;
        Ok(self.target.clone())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let removed = match self.shape {
            Shape::File => fs::remove_file(&self.part),
            Shape::Folder | Shape::Inside => fs::remove_dir_all(&self.part),
            Shape::Direct | Shape::Kept => Ok(()),
        };
        if let Err(e) = removed {
            log::warn!("what was written so far could not be removed ({e}): {}", self.part.display());
        }
    }
}

/// `NAME.part.ENDING` beside `NAME.ENDING`.
fn beside(target: &Path) -> PathBuf {
    let mut name = OsString::from(target.file_stem().unwrap_or_default());
    name.push(".part");
    if let Some(ending) = target.extension() {
        name.push(".");
        name.push(ending);
    }
    target.with_file_name(name)
}
