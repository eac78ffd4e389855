//! Reads a `.tflite` graph into plain values. Never panics, whatever the bytes.
//!
//! Field numbers are those of the schema, version 3 (tensorflow/lite/schema/schema.fbs, Apache-2.0).

use super::flatbuffer::{Damaged, Table};

/// More than any network here has; bounds what a damaged file can make us read.
const MAX_ITEMS: usize = 16_384;
/// Elements of one tensor at most: 64 Mi.
const MAX_ELEMENTS: usize = 1 << 26;
/// Dimensions of one tensor at most.
const MAX_RANK: usize = 8;

/// What is wrong with a `.tflite` file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TfliteError {
    /// A read left the file.
    #[error(transparent)]
    Damaged(#[from] Damaged),
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

impl From<Damaged> for Box<TfliteError> {
    fn from(damaged: Damaged) -> Self {
        Self::new(damaged.into())
    }
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
pub(crate) struct Tensor<'a> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) element: Element,
    pub(crate) data: &'a [u8],
    sparsity: Option<Table<'a>>,
}

impl Tensor<'_> {
    /// How the constant is stored sparsely; none for a plain one.
    pub(crate) fn sparsity(&self) -> Read<Option<Sparsity>> {
        self.sparsity.as_ref().map(read_sparsity).transpose()
    }
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
pub(crate) struct Graph<'a> {
    pub(crate) tensors: Vec<Tensor<'a>>,
    pub(crate) inputs: Vec<usize>,
    pub(crate) outputs: Vec<usize>,
    pub(crate) operators: Vec<Operator<'a>>,
}

type Read<T> = Result<T, Box<TfliteError>>;

impl<'a> Graph<'a> {
    /// Reads the file's bytes. Every tensor number in the result is in range.
    pub(crate) fn parse(bytes: &'a [u8]) -> Read<Self> {
        let model = Table::root(bytes)?;
        let codes = model.tables(1, MAX_ITEMS)?;
        let buffers = model.tables(4, MAX_ITEMS)?;
        let graph = model.tables(2, MAX_ITEMS)?;
        let graph = graph.first().ok_or(TfliteError::Missing { what: "subgraph", index: 0 })?;
        let tensors = graph
            .tables(0, MAX_ITEMS)?
            .iter()
            .map(|tensor| read_tensor(tensor, &buffers))
            .collect::<Read<Vec<_>>>()?;
        let count = tensors.len();
        let operators = graph
            .tables(3, MAX_ITEMS)?
            .iter()
            .map(|operator| read_operator(operator, &codes, count))
            .collect::<Read<Vec<_>>>()?;
        let ends = |id| -> Read<Vec<usize>> {
            graph.i32s(id, MAX_ITEMS)?.iter().map(|&i| index("tensor", i, count)).collect()
        };
        Ok(Self { tensors, inputs: ends(1)?, outputs: ends(2)?, operators })
    }
}

fn index(what: &'static str, value: i32, count: usize) -> Read<usize> {
    let missing = || Box::new(TfliteError::Missing { what, index: value.into() });
    usize::try_from(value).ok().filter(|&i| i < count).ok_or_else(missing)
}

fn read_tensor<'a>(tensor: &Table<'a>, buffers: &[Table<'a>]) -> Read<Tensor<'a>> {
    let name = tensor.string(3)?;
    let dims = tensor.i32s(0, MAX_RANK)?;
    let shape: Option<Vec<usize>> = dims.iter().map(|&d| usize::try_from(d).ok()).collect();
    let elements = |shape: &Vec<usize>| shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let Some(shape) = shape.filter(|s| elements(s).is_some_and(|n| n <= MAX_ELEMENTS)) else {
        return Err(Box::new(TfliteError::Shape { tensor: name, shape: dims }));
    };
    let element = match tensor.u8(1, 0)? {
        0 => Element::F32,
        1 => Element::F16,
        2 => Element::I32,
        other => Element::Other(other),
    };
    let buffer = tensor.u32(2, 0)?;
    let data = match usize::try_from(buffer).ok().and_then(|i| buffers.get(i)) {
        Some(buffer) => buffer.bytes(0)?,
        None => return Err(Box::new(TfliteError::Missing { what: "buffer", index: buffer.into() })),
    };
    Ok(Tensor { name, shape, element, data, sparsity: tensor.table(6)? })
}

fn read_sparsity(table: &Table<'_>) -> Read<Sparsity> {
    let dimension = |d: &Table<'_>| -> Read<Dimension> {
        if d.u8(0, 0)? == 0 {
            return Ok(Dimension::Dense(usize::try_from(d.i32(1, 0)?).unwrap_or(0)));
        }
        let numbers = |kind, values| -> Read<Vec<usize>> {
            let Some(table) = d.table(values)? else { return Ok(Vec::new()) };
            Ok(match d.u8(kind, 0)? {
                // A negative number becomes one that is out of range for every reader.
                1 => {
                    let values = table.i32s(0, MAX_ELEMENTS)?;
                    values.into_iter().map(|v| usize::try_from(v).unwrap_or(usize::MAX)).collect()
                }
                2 => table.u16s(0, MAX_ELEMENTS)?.into_iter().map(usize::from).collect(),
                3 => table.bytes(0)?.iter().copied().map(usize::from).collect(),
                _ => Vec::new(),
            })
        };
        Ok(Dimension::Sparse { segments: numbers(2, 3)?, indices: numbers(4, 5)? })
    };
    Ok(Sparsity {
        traversal: table.i32s(0, 2 * MAX_RANK)?,
        block_map: table.i32s(1, MAX_RANK)?,
        dimensions: table.tables(2, 2 * MAX_RANK)?.iter().map(dimension).collect::<Read<_>>()?,
    })
}

fn read_operator<'a>(operator: &Table<'a>, codes: &[Table<'a>], tensors: usize) -> Read<Operator<'a>> {
    let code = operator.u32(0, 0)?;
    let missing = || Box::new(TfliteError::Missing { what: "operator code", index: code.into() });
    let code = usize::try_from(code).ok().and_then(|i| codes.get(i)).ok_or_else(missing)?;
    // Old files hold the code in a byte, new ones in an integer; the larger is the true one.
    let builtin = code.i32(3, 0)?.max(i32::from(code.u8(0, 0)?));
    let inputs = operator.i32s(1, MAX_ITEMS)?;
    let inputs = inputs
        .into_iter()
        .map(|i| if i < 0 { Ok(None) } else { index("tensor", i, tensors).map(Some) })
        .collect::<Read<_>>()?;
    let outputs = operator.i32s(2, MAX_ITEMS)?;
    let outputs = outputs.into_iter().map(|i| index("tensor", i, tensors)).collect::<Read<_>>()?;
    Ok(Operator { kind: read_kind(builtin, operator, code)?, inputs, outputs })
}

fn read_kind<'a>(builtin: i32, operator: &Table<'a>, code: &Table<'a>) -> Read<Kind<'a>> {
    let options = operator.table(4)?;
    let byte = |id| options.map_or(Ok(0), |o| o.u8(id, 0));
    let flag = |id| options.map_or(Ok(false), |o| o.bool(id));
    let int = |id, default| options.map_or(Ok(default), |o| o.i32(id, default));
    let fused = |id| -> Read<Fused> {
        Ok(match byte(id)? {
            0 => Fused::None,
            1 => Fused::Relu,
            other => Fused::Other(other),
        })
    };
    // Zero marks a nonsense number; the converter refuses it by name.
    let size = |id, default| -> Read<usize> { Ok(usize::try_from(int(id, default)?).unwrap_or(0)) };
    // Fields hold the width first; ours are height first.
    let window = |dilation: Option<usize>| -> Read<Window> {
        let padding = if byte(0)? == 0 { Padding::Same } else { Padding::Valid };
        let stride = [size(2, 0)?, size(1, 0)?];
        let dilation = match dilation {
            Some(id) => [size(id + 1, 1)?, size(id, 1)?],
            None => [1, 1],
        };
        Ok(Window { padding, stride, dilation })
    };
    Ok(match builtin {
        0 => Kind::Add(fused(0)?),
        2 => Kind::Concat { axis: int(0, 0)?, fused: fused(1)? },
        3 => Kind::Conv { window: window(Some(4))?, fused: fused(3)? },
        4 => Kind::Depthwise { window: window(Some(5))?, fused: fused(4)? },
        5 => Kind::DepthToSpace { block: int(0, 0)? },
        6 => Kind::Dequantize,
        17 => Kind::MaxPool { window: window(None)?, filter: [size(4, 0)?, size(3, 0)?], fused: fused(5)? },
        18 => Kind::Mul(fused(0)?),
        19 => Kind::Relu,
        22 => Kind::Reshape,
        23 => Kind::ResizeBilinear { align_corners: flag(2)?, half_pixel_centers: flag(3)? },
        32 => Kind::Custom { name: code.string(1)?, options: operator.bytes(5)? },
        34 => Kind::Pad,
        45 => {
            let masks = (0..5).map(|id| int(id, 0)).collect::<Result<Vec<_>, _>>()?;
            Kind::StridedSlice { masked: masks.iter().any(|&m| m != 0) }
        }
        54 => Kind::Prelu,
        124 => Kind::Densify,
        other => Kind::Other(other),
    })
}
