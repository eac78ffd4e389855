//! Why something can't be written, with the fields that the message needs. Paths stand last in the messages.

use std::io;
use std::path::{Path, PathBuf};

use omote_frame::error::{Error, ErrorKind, Stage};

/// Why a file or folder can't be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// No name was given.
    #[error("the output has no name: give it one, such as out.mp4")]
    NoName,
    /// `-`, which other programs take for standard output.
    #[error(
        "`-` is no file's name here: give /dev/stdout for standard output, or ./- for a file of that name"
    )]
    Dash,
    /// An ending with nothing before it.
    #[error("`{name}` is an ending without a name: write NAME{name}")]
    OnlyEnding {
        /// What was given.
        name: String,
    },
    /// A name that ends in a slash, where a file is to go.
    #[error("this is the name of a folder, and a file is to be written: take the slash off its end: {}", path.display())]
    FolderName {
        /// What was given.
        path: PathBuf,
    },
    /// A file of that name is there, and it was not said that it may be replaced.
    #[error(
        "this file is there already; choose another name, or add `--force` to replace it once the new one is whole: {}",
        path.display()
    )]
    There {
        /// The file.
        path: PathBuf,
    },
    /// A folder stands where a file is to go.
    #[error("a folder of this name is there already; choose another name for the file: {}", path.display())]
    FolderInTheWay {
        /// The folder.
        path: PathBuf,
    },
    /// A file stands where a folder is to go.
    #[error("a file of this name is there already; choose another name for the folder: {}", path.display())]
    FileInTheWay {
        /// The file.
        path: PathBuf,
    },
    /// The folder holds something.
    #[error("the folder isn't empty (it holds `{holds}`); give a new one: {}", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
        /// One of the things in it.
        holds: String,
    },
    /// The folder holds nothing but what such a folder holds, and it was not said that it may be replaced.
    #[error(
        "the folder isn't empty (it holds `{holds}`); give a new one, or add `--force` to replace its pictures: {}",
        path.display()
    )]
    FolderThere {
        /// The folder.
        path: PathBuf,
        /// One of the things in it.
        holds: String,
    },
    /// A pipe or device, for what can't be written from its first byte to its last.
    #[error(
        "this is a pipe or a device, and {what} can't be written into one; write a .y4m into it, or give a file's \
         name: {}",
        path.display()
    )]
    Stream {
        /// The pipe or device.
        path: PathBuf,
        /// What was to be written: ".mp4".
        what: &'static str,
    },
    /// A disk, a socket, or an open file of another process.
    #[error("this is {what}, which is not written to; choose a file's name: {}", path.display())]
    Special {
        /// What was named.
        path: PathBuf,
        /// What it is, with its article.
        what: &'static str,
    },
    /// The folder that is to hold it isn't there.
    #[error("the folder that is to hold it isn't there, make it first: {}", path.display())]
    NoParent {
        /// What was to be written.
        path: PathBuf,
    },
    /// No right to write there.
    #[error("this folder or disk can't be written ({cause}), choose another place: {}", path.display())]
    ReadOnly {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// No room.
    #[error("the disk is full, make room or choose another place: {}", path.display())]
    Full {
        /// What was to be written.
        path: PathBuf,
    },
    /// The name is longer than the disk takes.
    #[error("the name is longer than this disk takes (most take 255 bytes), choose a shorter one: {}", path.display())]
    TooLong {
        /// What was to be written.
        path: PathBuf,
    },
    /// Any other fault.
    #[error("writing failed: {cause}; choose another place: {}", path.display())]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Another process is writing the same file.
    #[error(
        "another run (process {process}) is writing this now; wait for its end or choose another name: {}",
        path.display()
    )]
    Busy {
        /// What both write.
        path: PathBuf,
        /// The other's process id.
        process: u32,
    },
    /// What was written is whole, but its place was taken meanwhile.
    #[error(
        "what was written is whole, but could not be put in its place ({cause}); it is kept as {}: {}",
        kept.display(), path.display()
    )]
    Displaced {
        /// Where it was to go.
        path: PathBuf,
        /// Where it is.
        kept: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Another process holds the lock for too long.
    #[error(
        "another run has been changing this for {seconds} seconds; end it and try again: {}",
        path.display()
    )]
    Locked {
        /// What both change.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// Two outputs of a command that would write the same file.
    #[error("{first} and {second} name the same file; give each its own: {}", path.display())]
    Same {
        /// One of them, as the user knows it: "--out".
        first: String,
        /// The other.
        second: String,
        /// The file.
        path: PathBuf,
    },
    /// An output that lies inside another one.
    #[error("{inner} lies inside what {outer} writes; choose another place for it: {}", path.display())]
    Inside {
        /// The one that is a folder, as the user knows it.
        outer: String,
        /// The one that lies in it.
        inner: String,
        /// Where that one is.
        path: PathBuf,
    },
    /// An output that is an input of the same command.
    #[error(
        "{} is {input}, and what {output} writes would replace it: name another place",
        path.display()
    )]
    IsInput {
        /// What it is: "the input".
        input: String,
        /// The output.
        output: String,
        /// The file.
        path: PathBuf,
    },
}

impl OutputError {
    /// The error that failing to write `path` is.
    pub fn io(path: &Path, cause: io::Error) -> Self {
        use io::ErrorKind as K;
        let path = path.to_owned();
        match cause.kind() {
            K::StorageFull | K::QuotaExceeded => Self::Full { path },
            K::PermissionDenied | K::ReadOnlyFilesystem => Self::ReadOnly { path, cause },
            K::NotFound => Self::NoParent { path },
            K::InvalidFilename => Self::TooLong { path },
            _ => Self::Write { path, cause },
        }
    }

    /// What it is to the library's callers.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoName
            | Self::Dash
            | Self::OnlyEnding { .. }
            | Self::FolderName { .. }
            | Self::Stream { .. }
            | Self::Special { .. }
            | Self::Same { .. }
            | Self::Inside { .. }
            | Self::IsInput { .. } => ErrorKind::Usage,
            _ => ErrorKind::Output,
        }
    }
}

impl From<OutputError> for Error {
    fn from(error: OutputError) -> Self {
        // The cause stands in the message already.
        Self::new(error.kind(), Stage::Sink, error.to_string())
    }
}
