//! The opaque error at the library's face: a kind, the stage it happened in, and its source chain.

use std::error::Error as StdError;
use std::fmt;

/// What went wrong, coarsely enough to choose an exit code or a remedy by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file, folder or device is not there.
    Missing,
    /// The input is there but is not what it says it is, or is damaged.
    Damaged,
    /// The input is whole but outside what Omote takes (size, format, count).
    Unsupported,
    /// A persona may not be used (consent, hash, class).
    Refused,
    /// A file could not be written.
    Output,
    /// A network, library, driver or child program failed.
    Backend,
    /// The caller asked for something contradictory.
    Usage,
}

/// The part of the engine in which an error arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Reading frames.
    Source,
    /// Finding and following faces.
    Track,
    /// Loading a persona.
    Persona,
    /// Running a network.
    Infer,
    /// Devices, shaders, buffers.
    Gpu,
    /// Drawing the persona on the frame.
    Composite,
    /// Drawing or reading the badge.
    Badge,
    /// Writing frames.
    Sink,
    /// Anything that joins the stages.
    Pipeline,
}

/// An error of the engine. `Display` is one line; [`StdError::source`] leads to the cause.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    stage: Stage,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error without a further cause. `message` names what, where and the remedy.
    pub fn new(kind: ErrorKind, stage: Stage, message: impl Into<String>) -> Self {
        Self { kind, stage, message: message.into(), source: None }
    }

    /// An error that wraps its cause.
    pub fn wrap(
        kind: ErrorKind,
        stage: Stage,
        message: impl Into<String>,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Self { kind, stage, message: message.into(), source: Some(Box::new(source)) }
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where it went wrong.
    pub fn stage(&self) -> Stage {
        self.stage
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn StdError + 'static))
    }
}

/// An error and its causes in one line, nothing said twice: most messages hold their cause's words already. The system's
/// numbers for its errors, `(os error 2)`, are left out: they tell a user nothing.
#[must_use]
pub fn in_one_line(error: &(dyn StdError + 'static)) -> String {
    let mut told = without_number(&error.to_string());
    let mut next = error.source();
    while let Some(cause) = next {
        let words = without_number(&cause.to_string());
        if words.contains(told.as_str()) {
            told = words;
        } else if !told.contains(words.trim_end_matches('.')) {
            told = format!("{told}: {words}");
        }
        next = cause.source();
    }
    told
}

fn without_number(words: &str) -> String {
    let mut rest = words;
    let mut kept = String::new();
    while let Some(at) = rest.find(" (os error ") {
        let (before, number) = rest.split_at(at);
        let Some(end) = number.find(')') else { break };
        kept.push_str(before);
        rest = number.get(end + 1..).unwrap_or_default();
    }
    kept + rest
}

/// What a caught panic said.
pub fn panic_words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".to_owned())
}
