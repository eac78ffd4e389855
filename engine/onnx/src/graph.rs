//! Skims a foreign ONNX file: its ends, operators and constants, without loading the constants.
//!
//! The file is not trusted. It is walked once, from front to back, and the numbers in the tensors are jumped
//! over, so a file of half a gigabyte takes milliseconds. Nothing is allocated from a length that the file
//! claims, and each kind of thing that it may hold many of has a limit.

mod error;
mod external;
mod floats;
mod sniff;
mod tensor;
#[cfg(test)]
mod tests;
mod walk;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{Cursor, ErrorKind};
use std::path::Path;

pub use error::GraphError;
use wire::ByteRange;

/// The largest network, with its external files, in bytes.
const FILE_LIMIT: u64 = 4 << 30;
/// The largest tensor, in bytes; more than protobuf can carry.
const MOST_TENSOR_BYTES: u64 = 2 << 30;
/// The largest initialiser that [`Graph::floats`] reads, in elements.
const MOST_FLOATS: u64 = 4 << 20;
/// How deep graphs may lie in the nodes of graphs.
const DEEPEST: usize = 8;
/// Nodes in all graphs and functions.
const MOST_NODES: usize = 1 << 16;
/// Initialisers and constants in all graphs and functions.
const MOST_TENSORS: usize = 1 << 16;
/// Inputs and outputs of the graph; old files list all initialisers among the inputs.
const MOST_ENDS: usize = 1 << 16;
/// Dimensions of one tensor.
const MOST_DIMS: usize = 16;
/// Operator sets.
const MOST_OPSETS: usize = 64;
/// Names of nodes, tensors and operators, each time that one is written.
const MOST_NAMES: usize = 1 << 18;
/// All these names together, in bytes.
const MOST_NAME_BYTES: u64 = 16 << 20;
/// One name, in bytes.
const LONGEST_NAME: u64 = 1 << 10;
/// Protobuf fields that are read; the numbers of packed lists don't count.
const MOST_FIELDS: u64 = 1 << 26;
/// Entries of the metadata that are kept.
const MOST_METADATA: usize = 64;
/// What is kept of a metadata value, in bytes.
const LONGEST_VALUE: u64 = 4 << 10;

/// What an ONNX file holds, without the numbers of its tensors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Graph {
    /// Version of the file format.
    pub ir_version: i64,
    /// The program that wrote the file; cut after 1 KiB.
    pub producer: String,
    /// Operator sets: domain (empty for the standard one) and version, in file order.
    pub opsets: Vec<(String, i64)>,
    /// Keys and values that the exporter left, in file order; the first 64, cut after 1 KiB and 4 KiB.
    pub metadata: Vec<(String, String)>,
    /// Inputs that the caller must feed: those with an initialiser are left out.
    pub inputs: Vec<End>,
    /// Outputs.
    pub outputs: Vec<End>,
    /// Initialisers of the outer graph, in file order.
    pub initializers: Vec<Initializer>,
    /// How often each operator occurs, by domain (empty for the standard one) and type, with the nodes of
    /// inner graphs and of functions.
    pub operators: BTreeMap<(String, String), usize>,
    /// Elements of all initialisers, those of inner graphs too.
    pub parameters: u64,
    /// Files beside this one that hold tensors' numbers, as the file names them.
    pub others: Vec<String>,
    /// The file's size in bytes.
    length: u64,
}

/// An input or output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct End {
    /// Its name.
    pub name: String,
    /// Type of its elements; `Other(0)` where it is no tensor.
    pub element: Element,
    /// Its shape, row-major, where the file gives one; an open dimension is `None`.
    pub shape: Option<Vec<Option<u64>>>,
}

/// A constant tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initializer {
    /// Its name.
    pub name: String,
    /// Type of its elements.
    pub element: Element,
    /// Its shape, row-major; empty for a single number.
    pub dims: Vec<u64>,
    /// Whether a node of any graph reads it, or it is an output.
    pub used: bool,
    /// Where its message lies in the file.
    at: ByteRange,
    /// Whether its numbers lie in another file.
    external: bool,
}

/// Type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// 32-bit float.
    F32,
    /// 16-bit float.
    F16,
    /// 64-bit float.
    F64,
    /// 32-bit float without its lower half.
    Bf16,
    /// 64-bit integer.
    I64,
    /// 32-bit integer.
    I32,
    /// Byte.
    U8,
    /// Another one, by its number in ONNX.
    Other(i32),
}

impl Default for Element {
    fn default() -> Self {
        Self::Other(0)
    }
}

impl From<i32> for Element {
    fn from(number: i32) -> Self {
        match number {
            1 => Self::F32,
            2 => Self::U8,
            6 => Self::I32,
            7 => Self::I64,
            10 => Self::F16,
            11 => Self::F64,
            16 => Self::Bf16,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F32 => f.write_str("float32"),
            Self::F16 => f.write_str("float16"),
            Self::F64 => f.write_str("float64"),
            Self::Bf16 => f.write_str("bfloat16"),
            Self::I64 => f.write_str("int64"),
            Self::I32 => f.write_str("int32"),
            Self::U8 => f.write_str("uint8"),
            Self::Other(number) => write!(f, "ONNX type {number}"),
        }
    }
}

impl Initializer {
    /// Number of elements.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.dims.iter().fold(1, |product: u64, &dim| product.saturating_mul(dim))
    }
}

/// Skims the ONNX file at `path`.
///
/// # Errors
/// [`GraphError`] where the file can't be read, is no ONNX network or a damaged one, breaks a limit, needs an
/// operator that no runtime brings along, or points to another file that isn't in its folder.
pub fn skim(path: &Path) -> Result<Graph, GraphError> {
    let file = path.display().to_string();
    let (source, length) = open(path, &file)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    walk::walk(source, length, Some(folder), file)
}

/// Skims an ONNX file that lies in memory; it may not point to other files.
///
/// # Errors
/// As [`skim`].
pub fn skim_bytes(bytes: &[u8]) -> Result<Graph, GraphError> {
    walk::walk(Cursor::new(bytes), bytes.len() as u64, None, "(in memory)".to_owned())
}

/// Opens a regular file; also its size in bytes.
fn open(path: &Path, file: &str) -> Result<(File, u64), GraphError> {
    let read = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => GraphError::Missing { file: file.to_owned() },
        _ => GraphError::Read { file: file.to_owned(), source },
    };
    // Asked before opening, since opening a pipe waits for its other end.
    if !fs::metadata(path).map_err(read)?.is_file() {
        return Err(GraphError::NotAFile { file: file.to_owned() });
    }
    let source = File::open(path).map_err(read)?;
    let length = source.metadata().map_err(read)?.len();
    Ok((source, length))
}
