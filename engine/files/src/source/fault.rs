//! What can be wrong with an input, with the fields that the message needs.

use std::io;
use std::path::{Path, PathBuf};

use super::picture::PictureFault;
use omote_frame::Frame;
use omote_frame::error::{Error, ErrorKind, Stage};

/// What can be wrong with an input. Paths stand last in the messages.
#[derive(Debug, thiserror::Error)]
pub enum SourceFault {
    #[error("there is no such file or folder, check the name: {path}")]
    Missing { path: PathBuf },

    #[error("the file is empty (0 bytes), give another one: {path}")]
    Empty { path: PathBuf },

    #[error("the file can't be read: {cause}: {path}")]
    Read { path: PathBuf, cause: io::Error },

    #[error(
        "the name says {expected} but the file is {found}; get the right one, or give it its true ending: {path}"
    )]
    NotWhatItSays { path: PathBuf, expected: &'static str, found: String },

    #[error(
        "a picture of {width}x{height} is too large, each side may have 1 to {max} pixels, scale it down first: {path}",
        max = Frame::MAX_SIDE
    )]
    TooLarge { path: PathBuf, width: u64, height: u64 },

    #[error(
        "frame {frame}, which starts at byte {offset}, is damaged: {what}; cut the file there or make it again: {path}"
    )]
    Frame { path: PathBuf, frame: u64, offset: u64, what: String },

    #[error("{fault}: {path}")]
    Picture { path: PathBuf, fault: PictureFault },

    #[error("{what}; convert it first, for example with `{remedy}`: {path}")]
    Unsupported { path: PathBuf, what: String, remedy: &'static str },

    #[error("the header is wrong: {what}; make the file again: {path}")]
    Header { path: PathBuf, what: String },

    #[error(
        "the folder holds no picture (.png, .jpg, .webp, .bmp, .tif, .avif, .heic), give another one: {path}"
    )]
    NoPictures { path: PathBuf },

    #[error(
        "{program} isn't there and this kind of file needs it, install it (`apt install ffmpeg`) or convert \
         the file to .y4m where it is: {path}"
    )]
    NoProgram { path: PathBuf, program: String },

    #[error("{program} could not read the file: {said}; check that it plays, or convert it to .y4m: {path}")]
    Program { path: PathBuf, program: &'static str, said: String },

    #[error("the file is not whole or damaged: {what}; get it again from where it came: {path}")]
    Incomplete { path: PathBuf, what: &'static str },

    #[error("this is {seems}, not a video; give a video, a picture or a folder of pictures: {path}")]
    NotVideo { path: PathBuf, seems: &'static str },

    #[error("the file holds sound and no pictures; give a video: {path}")]
    SoundOnly { path: PathBuf },

    #[error("the video is encrypted, as by copy protection, and can't be read; give one that is not: {path}")]
    Encrypted { path: PathBuf },

    #[error(
        "the video ended inside frame {frame} ({got} of {needed} bytes): {said}; convert it again: {path}"
    )]
    VideoCut { path: PathBuf, frame: u64, got: usize, needed: usize, said: String },
}

impl SourceFault {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Missing { .. } => ErrorKind::Missing,
            Self::NoProgram { .. } => ErrorKind::Backend,
            Self::Picture {
                fault: PictureFault::NotTaken { .. } | PictureFault::TooLarge { .. }, ..
            }
            | Self::TooLarge { .. }
            | Self::Unsupported { .. }
            | Self::NoPictures { .. }
            | Self::NotVideo { .. }
            | Self::SoundOnly { .. }
            | Self::Encrypted { .. } => ErrorKind::Unsupported,
            _ => ErrorKind::Damaged,
        }
    }

    /// The fault that failing to open or read `path` is.
    pub fn io(path: &Path, cause: io::Error) -> Self {
        let path = path.to_owned();
        match cause.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            _ => Self::Read { path, cause },
        }
    }
}

impl From<SourceFault> for Error {
    fn from(fault: SourceFault) -> Self {
        let (kind, message) = (fault.kind(), fault.to_string());
        match fault {
            SourceFault::Read { cause, .. } => Self::wrap(ErrorKind::Missing, Stage::Source, message, cause),
            _ => Self::new(kind, Stage::Source, message),
        }
    }
}
