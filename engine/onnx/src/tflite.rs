//! Reads a `.tflite` graph into plain values. Never panics, whatever the bytes.
//!
//! Field numbers are those of the schema, version 3 (tensorflow/lite/schema/schema.fbs, Apache-2.0).

use flatbuffers::InvalidFlatbuffer;

use super::flatbuffer::{Reader, Table};

/// Elements of one tensor at most: 64 Mi.
const MAX_ELEMENTS: usize = 1 << 26;
/// Dimensions of one tensor at most.
const MAX_RANK: usize = 8;

/// What is wrong with a `.tflite` file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TfliteError {
    /// A table or vector that leaves the file, is not aligned, or breaks a limit.
    #[error("the flatbuffer is damaged: {}", .0.to_string().trim_end().trim_end_matches('.'))]
    Damaged(#[from] InvalidFlatbuffer),
    /// A number in the file points at nothing.
    #[error("{what} {index} does not exist in the graph")]
    Missing {
        /// What the number counts.
        what: &'static str,
        /// The number.
        index: i64,
    },
    /// A tensor's shape makes no sense.
    #[error("tensor {tensor} has an impossible shape {shape:?}")]
    Shape {
        /// The tensor's name.
        tensor: String,
        /// The shape in the file.
        shape: Vec<i32>,
    },
}

/// Element types that occur in the networks used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    F32,
    F16,
    I32,
    /// Any other, by its number in the schema.
    Other(u8),
}

/// How one dimension of a sparse tensor is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dimension {
    Dense(usize),
    Sparse { segments: Vec<usize>, indices: Vec<usize> },
}

/// The layout of a sparse constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sparsity {
    pub(crate) traversal: Vec<i32>,
    pub(crate) block_map: Vec<i32>,
    pub(crate) dimensions: Vec<Dimension>,
}

/// A tensor: an activation where `data` is empty, a constant otherwise.
#[derive(Debug, Clone)]
pub(crate) struct TfliteTensor<'a> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) element: Element,
    pub(crate) data: &'a [u8],
    /// How the constant is stored sparsely; none for a plain one.
    pub(crate) sparsity: Option<Sparsity>,
}

/// Padding rule of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    Same,
    Valid,
}

/// Activation fused to an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fused {
    None,
    Relu,
    /// Any other, by its number in the schema.
    Other(u8),
}

/// Geometry of a convolution or pool: `[height, width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) padding: Padding,
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
}

/// What an operator does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    Add(Fused),
    Mul(Fused),
    Concat {
        axis: i32,
        fused: Fused,
    },
    Conv {
        window: Window,
        fused: Fused,
    },
    Depthwise {
        window: Window,
        fused: Fused,
    },
    MaxPool {
        window: Window,
        filter: [usize; 2],
        fused: Fused,
    },
    DepthToSpace {
        block: i32,
    },
    ResizeBilinear {
        align_corners: bool,
        half_pixel_centers: bool,
    },
    StridedSlice {
        masked: bool,
    },
    Dequantize,
    Densify,
    Relu,
    Reshape,
    Pad,
    Prelu,
    Custom {
        name: String,
        options: &'a [u8],
    },
    /// Any other built-in operator, by its number in the schema.
    Other(i32),
}

/// One operator; inputs that the file leaves out are `None`.
#[derive(Debug, Clone)]
pub(crate) struct Operator<'a> {
    pub(crate) kind: Kind<'a>,
    pub(crate) inputs: Vec<Option<usize>>,
    pub(crate) outputs: Vec<usize>,
}

/// The first subgraph of a `.tflite` file.
#[derive(Debug, Clone)]
pub(crate) struct Subgraph<'a> {
    pub(crate) tensors: Vec<TfliteTensor<'a>>,
    pub(crate) inputs: Vec<usize>,
    pub(crate) outputs: Vec<usize>,
    pub(crate) operators: Vec<Operator<'a>>,
}

type Read<T> = Result<T, TfliteError>;

impl<'a> Subgraph<'a> {
    /// Reads the file's bytes. Every tensor number in the result is in range.
    pub(crate) fn parse(bytes: &'a [u8]) -> Read<Self> {
        let file = &mut Reader::new(bytes);
        let model = file.root()?;
        let codes = file.tables(model, 1)?;
        let buffers = file.tables(model, 4)?;
        let graph = file.tables(model, 2)?.first().copied();
        let graph = graph.ok_or(TfliteError::Missing { what: "subgraph", index: 0 })?;
        let tensors = file.tables(graph, 0)?;
        let tensors: Vec<_> =
            tensors.into_iter().map(|tensor| read_tensor(file, tensor, &buffers)).collect::<Read<_>>()?;
        let count = tensors.len();
        let inputs = tensor_numbers(file, graph, 1, count)?;
        let outputs = tensor_numbers(file, graph, 2, count)?;
        let operators = file.tables(graph, 3)?.into_iter();
        let operators =
            operators.map(|operator| read_operator(file, operator, &codes, count)).collect::<Read<_>>()?;
        Ok(Self { tensors, inputs, outputs, operators })
    }
}

fn index(what: &'static str, value: i32, count: usize) -> Read<usize> {
    let missing = TfliteError::Missing { what, index: value.into() };
    usize::try_from(value).ok().filter(|&i| i < count).ok_or(missing)
}

/// A vector of tensor numbers, of which there are `count`.
fn tensor_numbers(file: &mut Reader<'_>, table: Table, id: usize, count: usize) -> Read<Vec<usize>> {
    file.i32s(table, id)?.into_iter().map(|i| index("tensor", i, count)).collect()
}

fn read_tensor<'a>(file: &mut Reader<'a>, tensor: Table, buffers: &[Table]) -> Read<TfliteTensor<'a>> {
    let name = file.string(tensor, 3)?;
    let dims = file.i32s(tensor, 0)?;
    let shape: Option<Vec<usize>> = dims.iter().map(|&d| usize::try_from(d).ok()).collect();
    let elements = |shape: &[usize]| shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let possible =
        |shape: &Vec<usize>| shape.len() <= MAX_RANK && elements(shape).is_some_and(|n| n <= MAX_ELEMENTS);
    let Some(shape) = shape.filter(possible) else {
        return Err(TfliteError::Shape { tensor: name, shape: dims });
    };
    let element = match file.u8(tensor, 1, 0)? {
        0 => Element::F32,
        1 => Element::F16,
        2 => Element::I32,
        other => Element::Other(other),
    };
    let buffer = file.u32(tensor, 2, 0)?;
    let data = match usize::try_from(buffer).ok().and_then(|i| buffers.get(i)) {
        Some(&buffer) => file.bytes(buffer, 0)?,
        None => return Err(TfliteError::Missing { what: "buffer", index: buffer.into() }),
    };
    let sparsity = file.table(tensor, 6)?.map(|sparsity| read_sparsity(file, sparsity)).transpose()?;
    Ok(TfliteTensor { name, shape, element, data, sparsity })
}

fn read_sparsity(file: &mut Reader<'_>, sparsity: Table) -> Read<Sparsity> {
    let dimensions = file.tables(sparsity, 2)?.into_iter();
    Ok(Sparsity {
        traversal: file.i32s(sparsity, 0)?,
        block_map: file.i32s(sparsity, 1)?,
        dimensions: dimensions.map(|dimension| read_dimension(file, dimension)).collect::<Read<_>>()?,
    })
}

fn read_dimension(file: &mut Reader<'_>, dimension: Table) -> Read<Dimension> {
    if file.u8(dimension, 0, 0)? == 0 {
        return Ok(Dimension::Dense(usize::try_from(file.i32(dimension, 1, 0)?).unwrap_or(0)));
    }
    let segments = sparse_numbers(file, dimension, 2)?;
    Ok(Dimension::Sparse { segments, indices: sparse_numbers(file, dimension, 4)? })
}

/// Numbers of 8, 16 or 32 bits: field `kind` says which, the table behind the next field has them.
fn sparse_numbers(file: &mut Reader<'_>, dimension: Table, kind: usize) -> Read<Vec<usize>> {
    let numbers = file.table(dimension, kind + 1)?.unwrap_or_default();
    Ok(match file.u8(dimension, kind, 0)? {
        // A negative number becomes one that is out of range for every reader.
        1 => file.i32s(numbers, 0)?.into_iter().map(|n| usize::try_from(n).unwrap_or(usize::MAX)).collect(),
        2 => file.u16s(numbers, 0)?.into_iter().map(usize::from).collect(),
        3 => file.bytes(numbers, 0)?.iter().copied().map(usize::from).collect(),
        _ => Vec::new(),
    })
}

fn read_operator<'a>(
    file: &mut Reader<'a>,
    operator: Table,
    codes: &[Table],
    tensors: usize,
) -> Read<Operator<'a>> {
    let code = file.u32(operator, 0, 0)?;
    let missing = TfliteError::Missing { what: "operator code", index: code.into() };
    let code = usize::try_from(code).ok().and_then(|i| codes.get(i).copied()).ok_or(missing)?;
    let inputs = file.i32s(operator, 1)?.into_iter();
    let inputs = inputs.map(|i| if i < 0 { Ok(None) } else { index("tensor", i, tensors).map(Some) });
    let inputs = inputs.collect::<Read<_>>()?;
    let outputs = tensor_numbers(file, operator, 2, tensors)?;
    Ok(Operator { kind: read_kind(file, operator, code)?, inputs, outputs })
}

fn read_kind<'a>(file: &mut Reader<'a>, operator: Table, code: Table) -> Read<Kind<'a>> {
    // Old files hold the number in a byte, new ones in an integer; the larger is the true one.
    let builtin = file.i32(code, 3, 0)?.max(i32::from(file.u8(code, 0, 0)?));
    let options = file.table(operator, 4)?.unwrap_or_default();
    Ok(match builtin {
        0 => Kind::Add(fused(file, options, 0)?),
        2 => Kind::Concat { axis: file.i32(options, 0, 0)?, fused: fused(file, options, 1)? },
        3 => Kind::Conv { window: window(file, options, Some(4))?, fused: fused(file, options, 3)? },
        4 => Kind::Depthwise { window: window(file, options, Some(5))?, fused: fused(file, options, 4)? },
        5 => Kind::DepthToSpace { block: file.i32(options, 0, 0)? },
        6 => Kind::Dequantize,
        17 => Kind::MaxPool {
            window: window(file, options, None)?,
            filter: [size(file, options, 4, 0)?, size(file, options, 3, 0)?],
            fused: fused(file, options, 5)?,
        },
        18 => Kind::Mul(fused(file, options, 0)?),
        19 => Kind::Relu,
        22 => Kind::Reshape,
        23 => Kind::ResizeBilinear {
            align_corners: file.bool(options, 2)?,
            half_pixel_centers: file.bool(options, 3)?,
        },
        32 => Kind::Custom { name: file.string(code, 1)?, options: file.bytes(operator, 5)? },
        34 => Kind::Pad,
        45 => {
            let masks = (0..5).map(|id| file.i32(options, id, 0)).collect::<Result<Vec<_>, _>>()?;
            Kind::StridedSlice { masked: masks.iter().any(|&m| m != 0) }
        }
        54 => Kind::Prelu,
        124 => Kind::Densify,
        other => Kind::Other(other),
    })
}

fn fused(file: &mut Reader<'_>, options: Table, id: usize) -> Read<Fused> {
    Ok(match file.u8(options, id, 0)? {
        0 => Fused::None,
        1 => Fused::Relu,
        other => Fused::Other(other),
    })
}

/// A length in pixels. Zero marks a nonsense number; the converter refuses it by name.
fn size(file: &mut Reader<'_>, options: Table, id: usize, default: i32) -> Read<usize> {
    Ok(usize::try_from(file.i32(options, id, default)?).unwrap_or(0))
}

/// A window; field `dilation` and the next hold its dilation. Fields hold the width first; ours are height first.
fn window(file: &mut Reader<'_>, options: Table, dilation: Option<usize>) -> Read<Window> {
    let padding = if file.u8(options, 0, 0)? == 0 { Padding::Same } else { Padding::Valid };
    let stride = [size(file, options, 2, 0)?, size(file, options, 1, 0)?];
    let dilation = match dilation {
        Some(id) => [size(file, options, id + 1, 1)?, size(file, options, id, 1)?],
        None => [1, 1],
    };
    Ok(Window { padding, stride, dilation })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_in_one_line_with_its_place() {
        let error = Subgraph::parse(&[8, 0, 0, 0]).unwrap_err().to_string();
        assert_eq!(error, "the flatbuffer is damaged: Range [8, 12) is out of bounds");
    }
}
