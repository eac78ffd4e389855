//! What a failed step says: the file, the step, the cause, and what to do about it.

use std::fmt;
use std::io;
use std::path::Path;

use omote_engine::output::OutputError;

/// A failed step of set-up, told so that the reader knows what to do next.
#[derive(Debug)]
pub struct Problem {
    /// What was being done: "fetch", "check", "unpack", "convert", "write".
    pub step: &'static str,
    /// The file it was being done to.
    pub file: String,
    /// What went wrong.
    pub cause: String,
    /// What the user can do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set-up step \"{}\" failed for {}: {}", self.step, self.file, self.cause)?;
        write!(f, "\n  remedy: {}", self.remedy)
    }
}

impl std::error::Error for Problem {}

impl Problem {
    /// A problem that the file system reported for `path`.
    pub(super) fn io(step: &'static str, path: &Path, error: &io::Error) -> Self {
        Self {
            step,
            file: path.display().to_string(),
            cause: error.to_string(),
            remedy: io_remedy(error.kind(), path),
        }
    }

    /// A problem with writing `path`.
    pub(super) fn output(path: &Path, error: OutputError) -> Self {
        match error {
            OutputError::ReadOnly { cause, .. } | OutputError::Write { cause, .. } => {
                Self::io("write", path, &cause)
            }
            OutputError::Full { .. } => Self::io("write", path, &io::ErrorKind::StorageFull.into()),
            other => Self {
                step: "write",
                file: path.display().to_string(),
                cause: other.to_string(),
                remedy: io_remedy(io::ErrorKind::Other, path),
            },
        }
    }
}

/// What to do about a file-system fault at `path`.
fn io_remedy(kind: io::ErrorKind, path: &Path) -> String {
    let folder = path.parent().unwrap_or(path).display();
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!(
            "the disk of {folder} is full: free about 150 MB, or choose another folder with --data DIR"
        ),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            format!("{folder} is not writable: make it writable, or choose another folder with --data DIR")
        }
        io::ErrorKind::NotFound => "check the spelling of the path".to_owned(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            format!("{folder} is not a folder: move it away, or choose another with --data DIR")
        }
        _ => "try again; if that does not help, choose another folder with --data DIR".to_owned(),
    }
}

/// The remedy for a pip that failed with `stderr`, fetching `wheel` (the wheel's file name).
pub(super) fn pip_remedy(stderr: &str, wheel: &str) -> String {
    const NETWORK: [&str; 8] = [
        "NewConnectionError",
        "Connection refused",
        "name resolution",
        "Failed to establish",
        "ConnectTimeout",
        "ReadTimeout",
        "ProxyError",
        "Max retries",
    ];
    if stderr.contains("No space left") || stderr.contains("Disk quota") {
        return "the disk is full: free about 150 MB, or choose another folder with --data DIR".to_owned();
    }
    if stderr.contains("Read-only file system") || stderr.contains("Permission denied") {
        return "the folder is not writable: make it writable, or choose another with --data DIR".to_owned();
    }
    let by_hand = format!(
        "download {wheel} elsewhere (it is listed on the package's page on the Python Package Index) \
         and run `omote setup --from {wheel}`"
    );
    if NETWORK.iter().any(|word| stderr.contains(word)) {
        return format!(
            "there is no network, or pip needs a proxy setting: connect and run it again, or {by_hand}"
        );
    }
    if stderr.contains("No matching distribution") || stderr.contains("Could not find a version") {
        return format!(
            "pip's package index does not carry this file: check pip's index setting, or {by_hand}"
        );
    }
    format!("read pip's message above, or {by_hand}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_fits_the_fault() {
        for (stderr, word) in [
            ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
            (
                "WARNING: Retrying after NewConnectionError\nERROR: No matching distribution found",
                "no network",
            ),
            ("ERROR: No matching distribution found for x==1", "does not carry"),
            ("ERROR: something else", "pip's message"),
        ] {
            let remedy = pip_remedy(stderr, "x-1.whl");
            assert!(remedy.contains(word), "{stderr}: {remedy}");
        }
        let full = io_remedy(io::ErrorKind::StorageFull, Path::new("/data/models/a.onnx"));
        assert!(full.contains("/data/models") && full.contains("full"), "{full}");
    }
}
