//! Whether the outputs of a command are different files, and none of them an input.

use std::fs;
use std::path::{Path, PathBuf};

use super::OutputError;
use super::place::{Occupant, check_name, find, named_as_folder, parent};

/// What a path stands for, however it is written.
struct Identity {
    /// Device and number, of something that is there.
    node: Option<(u64, u64)>,
    /// Its canonical path; of something that is not there its folder's, and its name.
    path: PathBuf,
    /// Devices may be several outputs at once: /dev/null is.
    device: bool,
}

impl Identity {
    /// None where nothing can be told; opening it tells why.
    fn from_path(path: &Path) -> Option<Self> {
        let found = find(path).ok()?;
        let canonical = match &found.node {
            Occupant::Nothing => fs::canonicalize(parent(&found.path)).ok()?.join(found.path.file_name()?),
            _ => fs::canonicalize(&found.path).unwrap_or(found.path),
        };
        Some(Self { node: node(path), path: canonical, device: is_device(path) })
    }

    fn is(&self, other: &Self) -> bool {
        self.path == other.path || (self.node.is_some() && self.node == other.node)
    }
}

#[cfg(unix)]
fn node(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|data| (data.dev(), data.ino()))
}

#[cfg(unix)]
fn is_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(path).is_ok_and(|data| data.file_type().is_char_device())
}

#[cfg(not(unix))]
fn node(_: &Path) -> Option<(u64, u64)> {
    None
}

#[cfg(not(unix))]
fn is_device(_: &Path) -> bool {
    false
}

/// Fails where two outputs of a command are one file, where one lies inside another, or where one is an input:
/// through links, however the paths are written. Outputs have the names that the user knows them by, "--out";
/// inputs are "the input", "the photo".
///
/// # Errors
/// [`OutputError::Same`], [`OutputError::Inside`], [`OutputError::IsInput`]; and names that are no file's.
pub fn apart(outputs: &[(&str, &Path)], inputs: &[(&str, &Path)]) -> Result<(), OutputError> {
    let mut known: Vec<(&str, &Path, Identity)> = Vec::new();
    for &(what, path) in outputs {
        // Whoever writes it knows better what to give instead of `-`.
        if path.as_os_str() == "-" {
            continue;
        }
        if !named_as_folder(path) {
            check_name(path)?;
        }
        let Some(id) = Identity::from_path(path) else { continue };
        // An input that is not there is told of by whoever opens it, or is no file: `actor`.
        let is_input = |(_, input): &&(&str, &Path)| {
            input.exists() && Identity::from_path(input).is_some_and(|input| id.is(&input))
        };
        if let Some((input, _)) = inputs.iter().find(is_input) {
            let (input, output) = ((*input).to_owned(), what.to_owned());
            return Err(OutputError::IsInput { input, output, path: path.to_owned() });
        }
        for (other, other_path, other_id) in known.iter().filter(|_| !id.device) {
            if id.is(other_id) {
                let (first, second) = ((*other).to_owned(), what.to_owned());
                return Err(OutputError::Same { first, second, path: path.to_owned() });
            }
            let inside = |outer: &str, inner: &str, path: &Path| {
                Err(OutputError::Inside { outer: outer.into(), inner: inner.into(), path: path.into() })
            };
            if id.path.starts_with(&other_id.path) {
                return inside(other, what, path);
            }
            if other_id.path.starts_with(&id.path) {
                return inside(what, other, other_path);
            }
        }
        known.push((what, path, id));
    }
    Ok(())
}
