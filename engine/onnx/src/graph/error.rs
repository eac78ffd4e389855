//! What can be wrong with a foreign ONNX file.

use super::Element;

/// Why an ONNX file is refused. Names that come from the file are quoted and escaped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// There is no file of this name.
    #[error("the network file is missing, check the name: {file}")]
    Missing {
        /// The file.
        file: String,
    },
    /// The file can't be read.
    #[error("the network file can't be read ({source}), check its rights: {file}")]
    Read {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A folder, a pipe or a device.
    #[error("the network must be a regular file, but this is none: {file}")]
    NotAFile {
        /// The file.
        file: String,
    },
    /// The file has no bytes.
    #[error("the network file is empty; get it again: {file}")]
    Empty {
        /// The file.
        file: String,
    },
    /// The file is of another format.
    #[error("this is {seems}, not an ONNX network; choose a file that was exported as ONNX: {file}")]
    Format {
        /// What it seems to be.
        seems: &'static str,
        /// The file.
        file: String,
    },
    /// The bytes don't make an ONNX file.
    #[error("this is no ONNX network, or a damaged one ({reason}, at byte {at}); get the file again: {file}")]
    Malformed {
        /// What is wrong.
        reason: &'static str,
        /// Where, in bytes from the file's start.
        at: u64,
        /// The file.
        file: String,
    },
    /// The file ends too early.
    #[error(
        "the network file is incomplete (the part at byte {at} needs {needs} bytes, but {left} follow); get it \
         again: {file}"
    )]
    Truncated {
        /// Where the part begins, in bytes from the file's start.
        at: u64,
        /// How many bytes the part needs.
        needs: u64,
        /// How many bytes follow.
        left: u64,
        /// The file.
        file: String,
    },
    /// Graphs lie too deep in each other.
    #[error(
        "the graphs within node {node:?} are nested more than {limit} deep; no swap network needs this: {file}"
    )]
    Deep {
        /// The node that holds the first graph too many.
        node: String,
        /// The limit.
        limit: usize,
        /// The file.
        file: String,
    },
    /// There is more of something than any swap network needs.
    #[error("the network has more than {limit} {what}; no swap network needs so many: {file}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// The file.
        file: String,
    },
    /// A name is too long.
    #[error("{what} is {bytes} bytes long (at byte {at}), at most {limit} are allowed: {file}")]
    LongName {
        /// Whose name.
        what: &'static str,
        /// Where, in bytes from the file's start.
        at: u64,
        /// Its length.
        bytes: u64,
        /// The limit.
        limit: u64,
        /// The file.
        file: String,
    },
    /// A name is no text.
    #[error("{what} is not UTF-8 text (at byte {at}); the file is damaged, get it again: {file}")]
    NotUtf8 {
        /// Whose name.
        what: &'static str,
        /// Where, in bytes from the file's start.
        at: u64,
        /// The file.
        file: String,
    },
    /// The file, with the tensors that lie in other files, is too large.
    #[error("the network takes {}, at most {} are allowed: {file}", size(*bytes), size(*limit))]
    FileSize {
        /// Its size in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
        /// The file.
        file: String,
    },
    /// A tensor is of a type that ONNX doesn't have.
    #[error(
        "the tensor {tensor:?} has the unknown element type {number}; the file is damaged or too new: {file}"
    )]
    TensorType {
        /// The tensor.
        tensor: String,
        /// The number of the type.
        number: i32,
        /// The file.
        file: String,
    },
    /// A tensor has a shape that can't be.
    #[error(
        "the tensor {tensor:?} has the impossible shape {shape:?}; the file is damaged, get it again: {file}"
    )]
    TensorShape {
        /// The tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<i64>,
        /// The file.
        file: String,
    },
    /// A tensor is too large.
    #[error("the tensor {tensor:?} claims {} (shape {shape:?}), at most {} are allowed: {file}", size(*bytes), size(*limit))]
    TensorSize {
        /// The tensor.
        tensor: String,
        /// What it claims, in bytes.
        bytes: u64,
        /// Its shape.
        shape: Vec<i64>,
        /// The limit in bytes.
        limit: u64,
        /// The file.
        file: String,
    },
    /// A tensor has more or fewer numbers than its shape says.
    #[error(
        "the tensor {tensor:?} claims {} (shape {shape:?}), but the file holds {found} bytes of it; get the file \
         again: {file}", size(*bytes)
    )]
    TensorData {
        /// The tensor.
        tensor: String,
        /// What it claims, in bytes.
        bytes: u64,
        /// Its shape.
        shape: Vec<i64>,
        /// What is there, in bytes.
        found: u64,
        /// The file.
        file: String,
    },
    /// The numbers of a tensor lie in several fields, or in one that its type doesn't use.
    #[error(
        "the numbers of the tensor {tensor:?} lie in fields that don't fit together; export the network again: {file}"
    )]
    TensorMixed {
        /// The tensor.
        tensor: String,
        /// The file.
        file: String,
    },
    /// A tensor is sparse.
    #[error("the network has a sparse tensor (of {node:?}); export it again with dense tensors: {file}")]
    Sparse {
        /// The node, or `the graph`.
        node: String,
        /// The file.
        file: String,
    },
    /// An operator is not one of ONNX or ONNX Runtime.
    #[error(
        "the network needs the custom operator {operator:?} of domain {domain:?} (node {node:?}), but custom-op \
         libraries are not loaded; export it again with standard operators only: {file}"
    )]
    Operator {
        /// The operator.
        operator: String,
        /// Its domain.
        domain: String,
        /// Name of the node.
        node: String,
        /// The file.
        file: String,
    },
    /// The place of an external tensor is not allowed.
    #[error(
        "the tensor {tensor:?} must lie in a file beside the network, not at {location:?} ({reason}); put them into \
         one folder, or export the network as one file: {file}"
    )]
    External {
        /// The tensor.
        tensor: String,
        /// Where the network says it lies.
        location: String,
        /// What is wrong with that.
        reason: &'static str,
        /// The file.
        file: String,
    },
    /// The file of an external tensor isn't there or can't be read.
    #[error(
        "the file {location:?} with the tensor {tensor:?} is missing or can't be read; put it beside the network: {file}"
    )]
    ExternalMissing {
        /// The tensor.
        tensor: String,
        /// Where the network says it lies.
        location: String,
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file of an external tensor is too short.
    #[error(
        "the file {location:?} must have at least {needs} bytes for the tensor {tensor:?}, but has {holds}; get both \
         files again: {file}"
    )]
    ExternalShort {
        /// The tensor.
        tensor: String,
        /// Where it lies.
        location: String,
        /// Where it would end, in bytes from that file's start.
        needs: u64,
        /// Size of that file in bytes.
        holds: u64,
        /// The file.
        file: String,
    },
    /// There is no graph.
    #[error("the file holds no network; choose a file that was exported as ONNX: {file}")]
    NoGraph {
        /// The file.
        file: String,
    },
    /// There is nothing to feed.
    #[error("the network has no inputs, so it can't be a swap network: {file}")]
    NoInputs {
        /// The file.
        file: String,
    },
    /// There is no result.
    #[error("the network has no outputs, so it can't be a swap network: {file}")]
    NoOutputs {
        /// The file.
        file: String,
    },
    /// An initialiser that should be read doesn't hold floats.
    #[error("the initialiser {tensor:?} should hold float32 or float16, but holds {element}: {file}")]
    NotFloats {
        /// The initialiser.
        tensor: String,
        /// What it holds.
        element: Element,
        /// The file.
        file: String,
    },
    /// An initialiser that should be read is too large.
    #[error("the initialiser {tensor:?} has {elements} elements, at most {limit} are read: {file}")]
    TooManyFloats {
        /// The initialiser.
        tensor: String,
        /// Its elements.
        elements: u64,
        /// The limit.
        limit: u64,
        /// The file.
        file: String,
    },
    /// An initialiser that should be read lies in another file.
    #[error("the initialiser {tensor:?} lies in another file; export the network as one file: {file}")]
    ExternalFloats {
        /// The initialiser.
        tensor: String,
        /// The file.
        file: String,
    },
    /// The file is not the one that was skimmed.
    #[error("the network file changed while it was read; try again: {file}")]
    Changed {
        /// The file.
        file: String,
    },
}

/// A number of bytes in plain words.
fn size(bytes: u64) -> String {
    let scaled = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", scaled / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", scaled / 1e6),
        _ => format!("{:.1} GB", scaled / 1e9),
    }
}
