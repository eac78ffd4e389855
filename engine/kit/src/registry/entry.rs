//! One model that was taken: what it is, where it is, and how fast it runs.

use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::infer::{Provider, models};
use omote_engine::swap::neural::{Contract, Family};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A provider's time for one run of a model, or why it can't.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Who computed.
    pub provider: Provider,
    /// Whether in half precision.
    #[serde(default)]
    pub half: bool,
    /// Median of one run in milliseconds; None where it does not run.
    pub ms: Option<f64>,
    /// Why it does not.
    #[serde(default)]
    pub fault: Option<String>,
}

/// What a model is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Purpose {
    /// It swaps faces.
    Swap(Box<Contract>),
    /// It turns a face into a vector.
    Recogniser,
    /// It turns a face into a second vector that a family wants.
    Adapter(Family),
    /// It turns the vector into a family's own.
    Converter(Family),
    /// It tells the face from what covers it.
    Mask,
}

/// A file beside a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256, 64 hex digits.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Seconds since 1970 of its last change.
    pub changed: u64,
}

impl Weights {
    /// The file as it is now.
    pub(super) fn from_file(path: PathBuf) -> std::io::Result<Self> {
        let sha256 = models::hash_file(&path)?;
        let (bytes, changed) = stamp(&path).unwrap_or_default();
        Ok(Self { path, sha256, bytes, changed })
    }
}

/// A model that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its short name: that of the file without extension.
    pub name: String,
    /// Where the file is.
    pub path: PathBuf,
    /// SHA-256 of the file, 64 hex digits.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// Seconds since 1970 of its last change.
    pub changed: u64,
    /// Files beside it that hold its weights.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<Weights>,
    /// Family and size, for people.
    pub title: String,
    /// The licence, as far as it is known.
    pub licence: String,
    /// The persona whose face is built into the model: its record says on what ground it may be worn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
    /// What it is for.
    pub purpose: Purpose,
    /// Times by provider, quickest first.
    pub measured: Vec<Measured>,
    /// ONNX Runtime or rten, when it was measured.
    pub runtime: String,
}

impl Entry {
    /// The quickest way that works.
    #[must_use]
    pub fn best(&self) -> Option<&Measured> {
        self.measured.iter().find(|m| m.ms.is_some())
    }

    /// One line for people: "hyperswap 256: 9.1 ms on CUDA, 88 ms on CPU; licence: …".
    #[must_use]
    pub fn line(&self) -> String {
        let one = |m: &Measured| {
            let half = if m.half { " in half precision" } else { "" };
            m.ms.map(|ms| format!("{ms:.1} ms on {}{half}", m.provider))
        };
        let times: Vec<String> = self.measured.iter().filter_map(one).collect();
        format!("{}: {}; licence: {}", self.title, times.join(", "), self.licence)
    }

    /// Whether its files are as they were when it was taken, by length and time; where the time differs, by its hash.
    ///
    /// # Errors
    /// One that is gone or is another one.
    pub fn check(&self) -> Result<()> {
        self.unchanged(&self.path, &self.sha256, self.bytes, self.changed)?;
        self.weights.iter().try_for_each(|w| self.unchanged(&w.path, &w.sha256, w.bytes, w.changed))
    }

    fn unchanged(&self, path: &Path, sha256: &str, bytes: u64, changed: u64) -> Result<()> {
        let (name, shown) = (&self.name, path.display());
        let Some(now) = stamp(path) else {
            let message =
                format!("the model {name} is gone; put it back, or `omote models remove {name}`: {shown}");
            return Err(Error::new(ErrorKind::Missing, Stage::Infer, message));
        };
        let hash = || models::hash_file(path).is_ok_and(|hash| hash == sha256);
        if now.0 == bytes && (now.1 == changed || hash()) {
            return Ok(());
        }
        let message = format!(
            "the model {name} is another file than the one that was tested; `omote models add {}` takes it anew: {shown}",
            self.path.display()
        );
        Err(Error::new(ErrorKind::Refused, Stage::Infer, message))
    }
}

/// Length of a file, and the second of its last change since 1970.
pub(super) fn stamp(path: &Path) -> Option<(u64, u64)> {
    let about = fs::metadata(path).ok()?;
    let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((about.len(), changed.as_secs()))
}
