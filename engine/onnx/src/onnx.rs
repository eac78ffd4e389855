//! The few ONNX messages that a converted network needs (onnx/onnx.proto, IR version 8).

use prost::Message;

/// A whole file.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Model {
    #[prost(int64, tag = "1")]
    pub(crate) ir_version: i64,
    #[prost(message, repeated, tag = "8")]
    pub(crate) opset_import: Vec<OperatorSet>,
    #[prost(string, tag = "2")]
    pub(crate) producer_name: String,
    #[prost(string, tag = "3")]
    pub(crate) producer_version: String,
    #[prost(message, optional, tag = "7")]
    pub(crate) graph: Option<GraphProto>,
}

/// Version of the default operator set.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct OperatorSet {
    #[prost(string, tag = "1")]
    pub(crate) domain: String,
    #[prost(int64, tag = "2")]
    pub(crate) version: i64,
}

/// Nodes in order of execution, constants, ends.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    pub(crate) node: Vec<NodeProto>,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
    #[prost(message, repeated, tag = "5")]
    pub(crate) initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    pub(crate) input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub(crate) output: Vec<ValueInfo>,
}

/// One operator.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    pub(crate) input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub(crate) output: Vec<String>,
    #[prost(string, tag = "3")]
    pub(crate) name: String,
    #[prost(string, tag = "4")]
    pub(crate) op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub(crate) attribute: Vec<Attribute>,
    /// Empty for the operators of ONNX itself.
    #[prost(string, tag = "7")]
    pub(crate) domain: String,
}

/// A named setting of a node. `kind` says which field holds the value.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Attribute {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(int64, optional, tag = "3")]
    pub(crate) i: Option<i64>,
    #[prost(bytes = "vec", optional, tag = "4")]
    pub(crate) s: Option<Vec<u8>>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub(crate) ints: Vec<i64>,
    #[prost(int32, tag = "20")]
    pub(crate) kind: i32,
}

impl Attribute {
    const INT: i32 = 2;
    const STRING: i32 = 3;
    const INTS: i32 = 7;

    /// An integer setting.
    pub(crate) fn int(name: &str, value: i64) -> Self {
        Self { name: name.into(), i: Some(value), kind: Self::INT, ..Self::default() }
    }

    /// A list of integers.
    pub(crate) fn ints(name: &str, values: &[i64]) -> Self {
        Self { name: name.into(), ints: values.to_vec(), kind: Self::INTS, ..Self::default() }
    }

    /// A word.
    pub(crate) fn string(name: &str, value: &str) -> Self {
        Self { name: name.into(), s: Some(value.as_bytes().to_vec()), kind: Self::STRING, ..Self::default() }
    }
}

/// A constant; `raw_data` is little-endian, and empty where the values are in another file.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorProto {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub(crate) dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub(crate) data_type: i32,
    #[prost(string, tag = "8")]
    pub(crate) name: String,
    #[prost(bytes = "vec", tag = "9")]
    pub(crate) raw_data: Vec<u8>,
    /// Where in which other file; read only where `data_location` is [`EXTERNAL`].
    #[prost(message, repeated, tag = "13")]
    pub(crate) external_data: Vec<Entry>,
    #[prost(int32, tag = "14")]
    pub(crate) data_location: i32,
}

/// A named word.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Entry {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(string, tag = "2")]
    pub(crate) value: String,
}

/// Element type numbers of ONNX.
pub(crate) const FLOAT: i32 = 1;
const INT64: i32 = 7;
/// 16-bit floats.
pub(crate) const HALF: i32 = 10;
/// [`Tensor::data_location`] of values in another file.
pub(crate) const EXTERNAL: i32 = 1;

impl TensorProto {
    /// A constant of 32-bit floats.
    pub(crate) fn floats(name: &str, shape: &[usize], values: &[f32]) -> Self {
        Self {
            dims: to_i64(shape),
            data_type: FLOAT,
            name: name.into(),
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ..Self::default()
        }
    }

    /// A constant of 16-bit floats.
    pub(crate) fn halves(name: &str, shape: &[usize], values: &[half::f16]) -> Self {
        Self {
            dims: to_i64(shape),
            data_type: HALF,
            name: name.into(),
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ..Self::default()
        }
    }

    /// A constant of 32-bit floats whose values are in another file, `location`.
    pub(crate) fn external(name: &str, shape: &[usize], location: &str) -> Self {
        Self {
            dims: to_i64(shape),
            data_type: FLOAT,
            name: name.into(),
            external_data: vec![Entry { key: "location".into(), value: location.into() }],
            data_location: EXTERNAL,
            ..Self::default()
        }
    }

    /// A constant list of 64-bit integers, as shapes, axes and indices are written.
    pub(crate) fn ints(name: &str, values: &[i64]) -> Self {
        Self {
            dims: to_i64(&[values.len()]),
            data_type: INT64,
            name: name.into(),
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ..Self::default()
        }
    }
}

/// Name and type of an end of the graph.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValueInfo {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) kind: Option<ValueType>,
}

impl ValueInfo {
    /// A float tensor of a fixed shape.
    pub(crate) fn floats(name: &str, shape: &[usize]) -> Self {
        Self::with_dims(name, shape.iter().map(|&size| Dim::fixed(size)).collect())
    }

    /// A float tensor of a shape that may have open sizes.
    pub(crate) fn with_dims(name: &str, dim: Vec<Dim>) -> Self {
        let tensor = TensorType { elem_type: FLOAT, shape: Some(Shape { dim }) };
        Self { name: name.into(), kind: Some(ValueType { tensor: Some(tensor) }) }
    }

    /// Its sizes, 0 where one is open; none where it has no shape.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        let tensor = self.kind.as_ref().and_then(|kind| kind.tensor.as_ref());
        let dims = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| &shape.dim);
        let size = |dim: &Dim| dim.value.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        dims.map(|dims| dims.iter().map(size).collect()).unwrap_or_default()
    }
}

/// Type of a value; only tensors occur.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ValueType {
    #[prost(message, optional, tag = "1")]
    pub(crate) tensor: Option<TensorType>,
}

/// Element type and shape.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorType {
    #[prost(int32, tag = "1")]
    pub(crate) elem_type: i32,
    #[prost(message, optional, tag = "2")]
    pub(crate) shape: Option<Shape>,
}

/// A shape.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Shape {
    #[prost(message, repeated, tag = "1")]
    pub(crate) dim: Vec<Dim>,
}

/// One dimension: a size, or a name for an open one.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Dim {
    #[prost(int64, optional, tag = "1")]
    pub(crate) value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    pub(crate) param: Option<String>,
}

impl Dim {
    /// A fixed size.
    pub(crate) fn fixed(size: usize) -> Self {
        Self { value: to_i64(&[size]).first().copied(), param: None }
    }

    /// An open size.
    pub(crate) fn open(name: &str) -> Self {
        Self { value: None, param: Some(name.into()) }
    }
}

/// Sizes as ONNX writes them.
pub(crate) fn to_i64(values: &[usize]) -> Vec<i64> {
    values.iter().map(|&v| i64::try_from(v).unwrap_or(i64::MAX)).collect()
}
