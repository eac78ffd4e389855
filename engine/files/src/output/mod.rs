//! The one way to write a file or a folder. Everything that Omote leaves on a disk goes through here.
//!
//! What is written is not seen under its name until it is whole: it is made under a working name beside its
//! place ([`left_overs`] says how such names look), then brought to the disk and renamed. So neither a full
//! disk nor a killed process loses an old file or leaves half of a new one.
//!
//! - A file that is there is refused unless [`Options::existing`] says that it may be replaced.
//! - Links are followed and stay links.
//! - Pipes and character devices are written through; nothing replaces them.
//! - Rights go by the process's umask, or are the user's alone ([`Access::Private`]); what replaces a file is
//!   never open to more people than that was.
//! - [`apart`] tells before any work that two outputs of a command are one file, or an input.
//! - [`update`] changes a file that other processes change too.

mod apart;
mod error;
mod file;
mod folder;
mod place;
mod settle;
mod shared;
mod step;
#[cfg(test)]
mod tests;
mod working;

use std::path::{Path, PathBuf};

pub use apart::apart;
pub use error::OutputError;
pub use file::reopen;
pub use file::{OutputFile, check};
pub use folder::{OutputFolder, Scratch, check_folder};
pub use place::{check_name, named_as_folder};
pub use settle::{adopt, set_aside};
pub use shared::{Lock, update};
pub use working::{LeftOver, left_overs};

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the output is refused.
    #[default]
    Refuse,
    /// It is replaced once the new one is whole.
    Replace,
}

impl Existing {
    /// What an option `--force` means.
    #[must_use]
    pub fn force(force: bool) -> Self {
        if force { Self::Replace } else { Self::Refuse }
    }
}

/// Who may read what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Whom the process's umask lets.
    #[default]
    Umask,
    /// The user alone: faces, consents and what is made of them.
    Private,
}

/// How something is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What becomes of a file that is there already.
    pub existing: Existing,
    /// Who may read it.
    pub access: Access,
    /// What it is, where it can't go into a pipe or a device because its beginning is written last: ".mp4".
    pub seeks: Option<&'static str>,
    /// It need not outlive a power failure, so the disk is not waited for.
    pub passing: bool,
}

impl Options {
    /// What a command's output is written with.
    #[must_use]
    pub fn force(force: bool) -> Self {
        Self { existing: Existing::force(force), ..Self::default() }
    }

    /// A file of Omote's own, which is replaced without a question.
    #[must_use]
    pub fn own() -> Self {
        Self::force(true)
    }

    /// The same, for the user's eyes alone.
    #[must_use]
    pub fn private(self) -> Self {
        Self { access: Access::Private, ..self }
    }
}

/// Writes a whole file; where it is.
///
/// # Errors
/// As [`OutputFile::create`] and [`OutputFile::keep`].
pub fn write(target: &Path, bytes: &[u8], options: Options) -> Result<PathBuf, OutputError> {
    OutputFile::create(target, options)?.fill(bytes)
}
