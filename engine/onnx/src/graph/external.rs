//! Tensors whose numbers lie in another file: it must be a plain one in the network's folder.

use std::fs;
use std::io::{Read, Seek};
use std::path::{Component, Path};

use super::tensor::{Size, TensorHeader};
use super::walk::Walk;
use super::{FILE_LIMIT, GraphError};

impl<R: Read + Seek> Walk<'_, R> {
    /// Checks where an external tensor lies, and that the other file holds it. `label` names the tensor.
    pub(super) fn external(
        &mut self,
        tensor: &TensorHeader,
        label: &str,
        size: Size,
    ) -> Result<(), GraphError> {
        let location = tensor.location.as_deref().unwrap_or_default();
        let refuse = |reason| GraphError::External {
            tensor: label.to_owned(),
            location: location.to_owned(),
            reason,
            file: self.reader.file.clone(),
        };
        plain(location).map_err(refuse)?;
        let offset = number(tensor.offset.as_deref(), 0).ok_or_else(|| refuse("the offset is no number"))?;
        let length =
            number(tensor.length.as_deref(), size.bytes).ok_or_else(|| refuse("the length is no number"))?;
        if length != size.bytes {
            return Err(GraphError::TensorData {
                tensor: label.to_owned(),
                bytes: size.bytes,
                shape: tensor.dims.clone(),
                found: length,
                file: self.reader.file.clone(),
            });
        }
        let holds = match self.files.get(location) {
            Some(&holds) => holds,
            None => {
                let folder = self.folder.ok_or_else(|| refuse("a network in memory has no folder"))?;
                let holds = inside(folder, location).map_err(|outside| match outside {
                    Outside::Refused(reason) => refuse(reason),
                    Outside::Unread(source) => GraphError::ExternalMissing {
                        tensor: label.to_owned(),
                        location: location.to_owned(),
                        file: self.reader.file.clone(),
                        source,
                    },
                })?;
                self.files.insert(location.to_owned(), holds);
                holds
            }
        };
        let needs = offset.saturating_add(length);
        if needs > holds {
            return Err(GraphError::ExternalShort {
                tensor: label.to_owned(),
                location: location.to_owned(),
                needs,
                holds,
                file: self.reader.file.clone(),
            });
        }
        self.external = self.external.saturating_add(length);
        let bytes = self.reader.length.saturating_add(self.external);
        if bytes > FILE_LIMIT {
            return Err(GraphError::FileSize { bytes, limit: FILE_LIMIT, file: self.reader.file.clone() });
        }
        Ok(())
    }
}

fn number(text: Option<&str>, default: u64) -> Option<u64> {
    text.map_or(Some(default), |text| text.parse().ok())
}

/// Refuses what is no plain relative path on every system. A star could name ONNX Runtime's own memory.
fn plain(location: &str) -> Result<(), &'static str> {
    if location.is_empty() {
        return Err("no file is named");
    }
    if location.chars().any(|c| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|'))
    {
        return Err("the name has a letter that not every system allows");
    }
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if location.starts_with('/') || !Path::new(location).components().all(inside) {
        return Err("the path leads out of the network's folder");
    }
    Ok(())
}

/// Why an external file is not taken.
enum Outside {
    Refused(&'static str),
    Unread(std::io::Error),
}

/// Size in bytes of the regular file at `location`, which no link may move out of `folder`.
fn inside(folder: &Path, location: &str) -> Result<u64, Outside> {
    let folder = folder.canonicalize().map_err(Outside::Unread)?;
    let path = folder.join(location).canonicalize().map_err(Outside::Unread)?;
    if !path.starts_with(&folder) {
        return Err(Outside::Refused("a link leads out of the network's folder"));
    }
    let about = fs::metadata(&path).map_err(Outside::Unread)?;
    if !about.is_file() {
        return Err(Outside::Refused("it is no regular file"));
    }
    Ok(about.len())
}
