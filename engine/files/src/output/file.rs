//! A file in the making.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::place::{self, Occupant, Place, named_as_folder};
use super::settle::{aside, displaced, incomplete, narrow, put, sync, sync_names};
use super::step::step;
use super::working::{self, Working};
use super::{Existing, Options, OutputError};

/// A file that is being written. It has its name once [`OutputFile::keep`] has succeeded; dropped before, it is
/// removed. Writing goes through no buffer.
#[derive(Debug)]
pub struct OutputFile {
    target: PathBuf,
    file: File,
    /// None for a pipe or device, which is written as it is.
    making: Option<Making>,
}

#[derive(Debug)]
struct Making {
    work: PathBuf,
    /// Where it goes: the target at the end of all links.
    place: PathBuf,
    options: Options,
    old: Option<Metadata>,
    kept: bool,
}

impl OutputFile {
    /// Begins a file at `target` and opens it. A pipe is waited for until someone reads it.
    ///
    /// # Errors
    /// A name that means something else; something in the way that may not be replaced; another process that is
    /// writing the same file; a place that can't be written.
    pub fn create(target: &Path, options: Options) -> Result<Self, OutputError> {
        let (path, failed) = (|| target.to_owned(), |cause| OutputError::io(target, cause));
        let found = admit(target, options)?;
        let stream = |file| Self { target: path(), file, making: None };
        let old = match found.node {
            Occupant::Open(file) => return Ok(stream(file)),
            Occupant::Stream => {
                return Ok(stream(File::options().write(true).open(&found.path).map_err(failed)?));
            }
            Occupant::File(old) => Some(old),
            Occupant::Nothing | Occupant::Folder(_) => None,
        };
        let Working { path: work, handle } = Working::file(&found.path, options.access).map_err(failed)?;
        let Some(file) = handle else { return Err(failed(io::ErrorKind::Unsupported.into())) };
        let making = Making { work, place: found.path, options, old, kept: false };
        Ok(Self { target: path(), file, making: Some(making) })
    }

    /// What was asked for.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where it is now, for programs that open it by its name. They must write to the file that is there, not
    /// replace it.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.making.as_ref().map_or(&self.target, |making| &making.work)
    }

    /// Whether it is a pipe or a device, where nothing can be taken back.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.making.is_none()
    }

    /// Writes all of it and keeps it; the target.
    ///
    /// # Errors
    /// As [`OutputFile::keep`].
    pub fn fill(mut self, bytes: &[u8]) -> Result<PathBuf, OutputError> {
        self.write_all(bytes).map_err(|cause| OutputError::io(&self.target, cause))?;
        self.keep()
    }

    /// Brings the file to the disk and gives it its name; the target. Programs that wrote to it must have ended.
    ///
    /// # Errors
    /// A disk that does not take it; nothing is kept then. [`OutputError::Displaced`] where its place was taken
    /// meanwhile: then it is kept beside it.
    pub fn keep(mut self) -> Result<PathBuf, OutputError> {
        let Self { target, file, making } = &mut self;
        let failed = |cause| OutputError::io(target, cause);
        let Some(making) = making else {
            file.flush().map_err(failed)?;
            return Ok(target.clone());
        };
        let sync = || if making.options.passing { Ok(()) } else { sync(file) };
        narrow(&making.work, making.old.as_ref()).and_then(|()| sync()).map_err(failed)?;
        match put(&making.work, &making.place, making.options.existing) {
            Ok(()) => {
                making.kept = true;
                if !making.options.passing {
                    sync_names(&making.place);
                }
                Ok(target.clone())
            }
            Err(cause) => {
                making.kept = true;
                Err(displaced(&making.work, target, &making.place, false, cause))
            }
        }
    }

    /// Keeps what was written so far although it is not whole, under a name that says so:
    /// "NAME (incomplete).mp4" for NAME.mp4. Where it is; the target itself for a pipe or device.
    ///
    /// # Errors
    /// Where it can't be renamed; it is then left under its working name.
    pub fn keep_incomplete(mut self) -> Result<PathBuf, OutputError> {
        let Some(making) = &mut self.making else { return Ok(self.target.clone()) };
        // On a full disk it may not all arrive; what is there is worth keeping all the same.
        if let Err(e) = sync(&self.file) {
            log::warn!("not all of it may be on the disk ({e}): {}", self.target.display());
        }
        making.kept = true;
        aside(&making.work, &making.place, false, &incomplete)
            .map_err(|cause| OutputError::io(&making.work, cause))
    }
}

/// Opens a file under its working name again, for changing it where it stands.
pub fn reopen(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(path)
}

/// Where a file may go, and what it replaces.
fn admit(target: &Path, options: Options) -> Result<Place, OutputError> {
    place::check_name(target)?;
    let path = || target.to_owned();
    if named_as_folder(target) {
        return Err(OutputError::FolderName { path: path() });
    }
    let found = place::find(target)?;
    match (&found.node, options.seeks) {
        (Occupant::Stream | Occupant::Open(_), Some(what)) => {
            return Err(OutputError::Stream { path: path(), what });
        }
        (Occupant::Stream | Occupant::Open(_), None) => return Ok(found),
        (Occupant::Folder(_), _) => return Err(OutputError::FolderInTheWay { path: path() }),
        (Occupant::File(_), _) if options.existing == Existing::Refuse => {
            return Err(OutputError::There { path: path() });
        }
        (Occupant::File(_) | Occupant::Nothing, _) => {}
    }
    match working::writer(&found.path) {
        Some(process) => Err(OutputError::Busy { path: path(), process }),
        None => Ok(found),
    }
}

/// Whether a file may be written at `target`, before anything is done for it. Nothing is made.
///
/// # Errors
/// As [`OutputFile::create`], as far as can be told without trying.
pub fn check(target: &Path, options: Options) -> Result<(), OutputError> {
    admit(target, options).map(drop)
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        step("write")?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl io::Seek for OutputFile {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        if !self.kept
            && let Err(e) = step("remove").and_then(|()| fs::remove_file(&self.work))
        {
            log::warn!("what was written so far could not be removed ({e}): {}", self.work.display());
        }
    }
}
