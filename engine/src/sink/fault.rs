//! What can be wrong with an output, with the fields that the message needs.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Stage};
use crate::frame::FrameError;

/// What can be wrong with an output. Paths stand last in the messages.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(
        "outputs end in .y4m, .png or .mp4, or are a folder for numbered PNG (end it with `/`); \
         `.{ending}` is none of these: {path}"
    )]
    Ending { path: PathBuf, ending: String },

    #[error(
        "a .png holds one picture but {frames} come; give a folder (end it with `/`), .y4m or .mp4: {path}"
    )]
    OnePicture { path: PathBuf, frames: String },

    #[error("the folder that is to hold it isn't there, make it first: {path}")]
    NoParent { path: PathBuf },

    #[error("this folder or disk can't be written ({cause}), choose another place: {path}")]
    ReadOnly { path: PathBuf, cause: io::Error },

    #[error("the disk is full (frames written: {frames}), make room or choose another place: {path}")]
    Full { path: PathBuf, frames: u64 },

    #[error("writing failed (frames written: {frames}): {cause}; choose another place: {path}")]
    Write { path: PathBuf, frames: u64, cause: io::Error },

    #[error("the folder isn't empty (it holds `{holds}`), give a new one: {path}")]
    NotEmpty { path: PathBuf, holds: String },

    #[error("an interrupted run left this behind, delete it: {path}")]
    LeftBehind { path: PathBuf },

    #[error(
        "frame {frame} is {width}x{height}, those before {first_width}x{first_height}; all must be alike: {path}"
    )]
    OtherSize { path: PathBuf, frame: u64, width: u32, height: u32, first_width: u32, first_height: u32 },

    #[error("no frame came, so nothing was written: {path}")]
    Nothing { path: PathBuf },

    #[error("an earlier frame could not be written, so nothing is kept: {path}")]
    Broken { path: PathBuf },

    #[error(
        "{program} isn't there and .mp4 needs it; install it (`apt install ffmpeg`) or write a .y4m instead: {path}"
    )]
    NoProgram { path: PathBuf, program: String },

    #[error(
        "ffmpeg failed (frames written: {frames}): {said}; write a .y4m instead if it can't be mended: {path}"
    )]
    Program { path: PathBuf, frames: u64, said: String },

    #[error("the sound can't be taken over: {said}; the pictures can be written as .y4m: {path}")]
    Sound { path: PathBuf, said: String },

    #[error("frame {frame} can't be converted: {cause}: {path}")]
    Convert { path: PathBuf, frame: u64, cause: FrameError },
}

impl Fault {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Ending { .. } | Self::OnePicture { .. } | Self::Nothing { .. } => ErrorKind::Usage,
            Self::OtherSize { .. } | Self::Convert { .. } => ErrorKind::Unsupported,
            Self::NoProgram { .. } | Self::Program { .. } | Self::Sound { .. } => ErrorKind::Backend,
            _ => ErrorKind::Output,
        }
    }

    /// The fault that failing to write `path` after `frames` frames is.
    pub(super) fn io(path: &Path, frames: u64, cause: io::Error) -> Self {
        use io::ErrorKind::{NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let path = path.to_owned();
        match cause.kind() {
            StorageFull | QuotaExceeded => Self::Full { path, frames },
            PermissionDenied | ReadOnlyFilesystem => Self::ReadOnly { path, cause },
            NotFound if frames == 0 => Self::NoParent { path },
            _ => Self::Write { path, frames, cause },
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let (kind, message) = (fault.kind(), fault.to_string());
        match fault {
            Fault::ReadOnly { cause, .. } | Fault::Write { cause, .. } => {
                Self::wrap(kind, Stage::Sink, message, cause)
            }
            _ => Self::new(kind, Stage::Sink, message),
        }
    }
}
