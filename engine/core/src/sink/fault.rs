//! What can be wrong with an output, with the fields that the message needs.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Stage};
use crate::frame::FrameError;
use crate::output::OutputError;

/// What can be wrong with an output. Paths stand last in the messages.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SinkFault {
    #[error(
        "outputs end in .y4m, .png or .mp4, or are a folder for numbered PNG (end it with `/`); \
         `.{ending}` is none of these: {path}"
    )]
    Ending { path: PathBuf, ending: String },

    #[error(
        "a .png holds one picture but {frames} come; give a folder (end it with `/`), .y4m or .mp4: {path}"
    )]
    OnePicture { path: PathBuf, frames: String },

    #[error(transparent)]
    Output(#[from] OutputError),

    #[error(
        "`-` is no output's name: give one that ends in .y4m, .png or .mp4, or a folder's; what is to go to another \
         program can go through a pipe (`mkfifo out.y4m`)"
    )]
    Dash,

    #[error("the disk is full (frames written: {frames}), make room or choose another place: {path}")]
    Full { path: PathBuf, frames: u64 },

    #[error("writing failed (frames written: {frames}): {cause}; choose another place: {path}")]
    Write { path: PathBuf, frames: u64, cause: io::Error },

    #[error(
        "frame {frame} is {}x{}, those before {}x{}; all must be alike: {path}",
        .size.0, .size.1, .first.0, .first.1
    )]
    OtherSize { path: PathBuf, frame: u64, size: (u32, u32), first: (u32, u32) },

    #[error("no frame came, so nothing was written: {path}")]
    Nothing { path: PathBuf },

    #[error("an earlier frame could not be written, so nothing is kept: {path}")]
    Broken { path: PathBuf },

    #[error(
        "{program} isn't there and .mp4 needs it; install it (`apt install ffmpeg`) or write a .y4m instead: {path}"
    )]
    NoProgram { path: PathBuf, program: String },

    #[error(
        "this ffmpeg has no encoder for .mp4 that works here ({said}); install a full build of it, or write a .y4m \
         instead: {path}"
    )]
    NoEncoder { path: PathBuf, said: String },

    #[error(
        "ffmpeg failed (frames written: {frames}): {said}; write a .y4m instead if it can't be mended: {path}"
    )]
    Program { path: PathBuf, frames: u64, said: String },

    #[error("a recording is an .mp4, a .y4m or a folder (end its name with `/`), not one picture: {path}")]
    StillRecording { path: PathBuf },

    #[error("the disk is nearly full ({} MB are left), make room or choose another place: {path}", .free / 1_000_000)]
    NoRoom { path: PathBuf, free: u64 },

    #[error("{why}; what was recorded until then is kept: {path}")]
    Kept { path: PathBuf, why: String },

    #[error("{why}; nothing could be kept of the recording: {path}")]
    NothingKept { path: PathBuf, why: String },

    #[error("the sound can't be taken over: {said}; the pictures can be written as .y4m: {path}")]
    Sound { path: PathBuf, said: String },

    #[error("frame {frame} can't be converted: {cause}: {path}")]
    Convert { path: PathBuf, frame: u64, cause: FrameError },
}

impl SinkFault {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Output(error) => error.kind(),
            Self::Dash
            | Self::Ending { .. }
            | Self::OnePicture { .. }
            | Self::StillRecording { .. }
            | Self::Nothing { .. } => ErrorKind::Usage,
            Self::OtherSize { .. } | Self::Convert { .. } => ErrorKind::Unsupported,
            Self::NoProgram { .. } | Self::NoEncoder { .. } | Self::Program { .. } | Self::Sound { .. } => {
                ErrorKind::Backend
            }
            _ => ErrorKind::Output,
        }
    }

    /// Its message without the path at its end, for a message that names another.
    pub(super) fn without_path(&self) -> String {
        let text = self.to_string();
        text.rfind(": ").and_then(|at| text.get(..at)).map_or(text.clone(), str::to_owned)
    }

    /// The fault that failing to write `path` after `frames` frames is.
    pub(super) fn io(path: &Path, frames: u64, cause: io::Error) -> Self {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        match cause.kind() {
            StorageFull | QuotaExceeded => Self::Full { path: path.to_owned(), frames },
            _ if frames == 0 => Self::Output(OutputError::io(path, cause)),
            _ => Self::Write { path: path.to_owned(), frames, cause },
        }
    }
}

impl From<SinkFault> for Error {
    fn from(fault: SinkFault) -> Self {
        let (kind, message) = (fault.kind(), fault.to_string());
        match fault {
            SinkFault::Write { cause, .. } => Self::wrap(kind, Stage::Sink, message, cause),
            _ => Self::new(kind, Stage::Sink, message),
        }
    }
}
