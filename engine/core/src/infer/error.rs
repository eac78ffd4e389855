//! What can go wrong with a network.

use std::path::PathBuf;

use super::Provider;

/// Why a network can't be loaded or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferError {
    /// The named ONNX Runtime library can't be used.
    #[error("the ONNX Runtime library can't be used ({reason}); {remedy}: {}", path.display())]
    Library {
        /// What is wrong with it, or what the loader says.
        reason: String,
        /// What to do.
        remedy: &'static str,
        /// The library.
        path: PathBuf,
    },
    /// The process has already loaded another library; there can be only one.
    #[error("ONNX Runtime was loaded before from {}; it can't be loaded again from {}", loaded.display(), path.display())]
    LibraryTaken {
        /// The one in use.
        loaded: PathBuf,
        /// The one asked for.
        path: PathBuf,
    },
    /// There is no file of this name.
    #[error("the network file is missing (`omote setup` gets Omote's own): {file}")]
    Missing {
        /// The file.
        file: String,
    },
    /// The file can't be read.
    #[error("the network file can't be read ({source}); check its rights, or that of its folder: {file}")]
    Read {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The backend refuses the file.
    #[error(
        "{backend} can't load the network ({reason}); get the file again (`omote setup` makes Omote's own): {file}"
    )]
    Load {
        /// Who refused.
        backend: &'static str,
        /// What it says.
        reason: String,
        /// The file.
        file: String,
    },
    /// The file is of a later version of ONNX than the backend knows.
    #[error(
        "the network was made by a newer exporter ({found}; this {backend} takes up to {most}); export it again for an \
         older version (in PyTorch `torch.onnx.export(…, opset_version=17)`), or name a newer ONNX Runtime in \
         OMOTE_ORT_LIB: {file}"
    )]
    Newer {
        /// Who refused.
        backend: &'static str,
        /// What the file says.
        found: String,
        /// The latest that the backend knows.
        most: u64,
        /// The file.
        file: String,
    },
    /// The execution provider is not there or does not take the network.
    #[error("{provider} can't be used ({reason}); another provider can: {file}")]
    Provider {
        /// Which one.
        provider: Provider,
        /// What the library says.
        reason: String,
        /// The file.
        file: String,
    },
    /// An expected input or output isn't there.
    #[error(
        "the network has no {what} {node} (it has: {found}); it is another network than expected (`omote setup` makes \
         Omote's own again): {file}"
    )]
    Node {
        /// `input` or `output`.
        what: &'static str,
        /// The expected name.
        node: String,
        /// The names that are there.
        found: String,
        /// The file.
        file: String,
    },
    /// An input or output has another shape than expected.
    #[error(
        "{node} has shape {found:?}, expected {expected:?}; it is another network than expected (`omote setup` makes \
         Omote's own again): {file}"
    )]
    Shape {
        /// Name of the input or output.
        node: String,
        /// The shape that the program needs.
        expected: Vec<usize>,
        /// The shape in the file; -1 where it is left open.
        found: Vec<i64>,
        /// The file.
        file: String,
    },
    /// The backend failed while computing.
    #[error("{backend} failed to run the network ({reason}): {file}")]
    Run {
        /// Who failed.
        backend: &'static str,
        /// What it says.
        reason: String,
        /// The file.
        file: String,
    },
    /// An output holds NaN or an infinity.
    #[error("output {node} of the network is not finite: {file}")]
    NotFinite {
        /// The output.
        node: String,
        /// The file.
        file: String,
    },
}
