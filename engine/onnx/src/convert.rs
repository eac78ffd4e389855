//! Turns a `.tflite` graph into ONNX, once, at set-up.
//!
//! Every tensor of four dimensions is NHWC in the file and NCHW in ours, so that ONNX Runtime can use its blocked
//! layouts; all others keep their order. The graph's input is NCHW; its outputs keep the file's shape. f16 weights
//! and sparse weights become plain f32. PRelu(x) is written x + (1-a)·Relu(-x), two 1x1 depthwise convolutions of
//! which ONNX Runtime makes one pass each: exact to rounding, and three times faster than its PRelu kernel, which breaks its
//! layouts.

mod attention;
mod constants;
mod layers;
mod side_by_side;

use std::collections::{HashMap, HashSet};

use prost::Message;

use super::attention::{HEADS, Head};
use super::builder::{Builder, NCHW_TO_NHWC};
use super::onnx;
use super::tflite::{Kind, Operator, Padding, Subgraph, TfliteError};
use constants::Constant;

/// Why a `.tflite` file can't be turned into ONNX.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The bytes are not a whole `.tflite` file.
    #[error("the .tflite file can't be read: {reason}; get it again with set-up")]
    Unreadable {
        /// What the reader found.
        reason: String,
    },
    /// The graph uses an operator, or a form of one, that the converter doesn't know.
    #[error("operator {operator} (number {index} in the file) can't be converted: {why}")]
    Unsupported {
        /// The operator's name, or `builtin N` by its number in the schema.
        operator: String,
        /// Its place in the file.
        index: usize,
        /// What about it.
        why: String,
    },
    /// The graph as a whole is not of the expected form.
    #[error("the graph can't be converted: {why}")]
    Graph {
        /// What about it.
        why: String,
    },
}

impl From<TfliteError> for ConvertError {
    fn from(error: TfliteError) -> Self {
        Self::Unreadable { reason: error.to_string() }
    }
}

/// The ONNX files for the bytes of a `.tflite` file: one, or two where the network takes patches of a feature map. Then the
/// first yields the map and the second has the patches as its inputs, or all of [`HEADS`]' in one. The same input always gives
/// the same output.
///
/// # Errors
/// [`ConvertError`] where the file is damaged or uses something the converter doesn't know.
pub fn convert(tflite: &[u8]) -> Result<Vec<Vec<u8>>, ConvertError> {
    let graph = Subgraph::parse(tflite)?;
    let mut converter = Converter::new(&graph);
    let mut inputs = Vec::new();
    for &input in &graph.inputs {
        let shape = converter.onnx_shape(input);
        let name = converter.name(input);
        inputs.push(onnx::ValueInfo::floats(&name, &shape));
        converter.values.insert(input, name);
    }
    for (index, operator) in graph.operators.iter().enumerate() {
        let refused =
            |Refused(why)| ConvertError::Unsupported { operator: operator_name(operator), index, why };
        converter.operator(operator).map_err(refused)?;
    }
    let mut outputs = Vec::new();
    for &output in &graph.outputs {
        outputs.push(converter.finish(output)?);
    }
    let Converter { mut builder, map, patches, .. } = converter;
    let Some((_, map)) = map else {
        return Ok(vec![file(&mut builder, inputs, outputs)?]);
    };
    let late = builder.reached(patches.iter().map(|patch| patch.name.as_str()));
    let (last, mut first): (Vec<_>, Vec<_>) = outputs.into_iter().partition(|end| late.contains(&end.name));
    first.push(map);
    let first = file(&mut builder, inputs, first)?;
    if patches.len() < HEADS.len() {
        return Ok(vec![first, file(&mut builder, patches, last)?]);
    }
    let (mut heads, patches, last) = side_by_side::side_by_side(&mut builder, &patches, &last)?;
    Ok(vec![first, file(&mut heads, patches, last)?])
}

/// The file of the part of a graph that yields `outputs` out of `inputs`; its nodes and constants leave the builder.
fn file(
    builder: &mut Builder,
    inputs: Vec<onnx::ValueInfo>,
    outputs: Vec<onnx::ValueInfo>,
) -> Result<Vec<u8>, ConvertError> {
    let (node, initializer) = builder.extract(outputs.iter().map(|end| end.name.as_str()));
    let known: HashSet<&str> = (inputs.iter().map(|end| end.name.as_str()))
        .chain(initializer.iter().map(|constant| constant.name.as_str()))
        .chain(node.iter().flat_map(|node| node.output.iter().map(String::as_str)))
        .collect();
    let needed = node.iter().flat_map(|node| &node.input).chain(outputs.iter().map(|end| &end.name));
    if let Some(lacking) = needed.map(String::as_str).find(|name| !name.is_empty() && !known.contains(name)) {
        return Err(ConvertError::Graph {
            why: format!("{lacking} is needed beyond the part that makes it"),
        });
    }
    let graph = onnx::GraphProto { node, name: "omote".into(), initializer, input: inputs, output: outputs };
    let model = onnx::Model {
        ir_version: 8,
        opset_import: vec![onnx::OperatorSet { domain: String::new(), version: 17 }],
        producer_name: "omote".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: Some(graph),
    };
    Ok(model.encode_to_vec())
}

fn operator_name(operator: &Operator<'_>) -> String {
    match &operator.kind {
        Kind::Custom { name, .. } => name.clone(),
        Kind::Other(number) => format!("builtin {number}"),
        kind => {
            let text = format!("{kind:?}");
            text.split([' ', '(']).next().unwrap_or_default().to_owned()
        }
    }
}

/// Why one operator was refused.
struct Refused(String);

fn refuse<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused(why.into()))
}

/// A spatial PAD that its convolutions take over: the tensor before it and the border `[top, left, bottom, right]`.
#[derive(Clone, Copy)]
struct FoldedPad {
    source: usize,
    border: [usize; 4],
}

/// State of one conversion.
struct Converter<'a> {
    graph: &'a Subgraph<'a>,
    builder: Builder,
    /// Name in the ONNX graph of each tensor made so far.
    values: HashMap<usize, String>,
    /// Constants that an operator yields (DENSIFY, DEQUANTIZE).
    folded: HashMap<usize, Constant>,
    pads: HashMap<usize, FoldedPad>,
    /// The tensors that say where a patch is taken, by [`attention`].
    matrices: HashMap<usize, &'static Head>,
    /// The feature map that patches are taken of, with its end in the first part.
    map: Option<(usize, onnx::ValueInfo)>,
    /// The patches: the second part's inputs.
    patches: Vec<onnx::ValueInfo>,
    /// Elements that constants made here may still take; keeps a crafted file from filling the memory.
    budget: usize,
}

impl<'a> Converter<'a> {
    fn new(graph: &'a Subgraph<'a>) -> Self {
        Self {
            graph,
            builder: Builder::default(),
            values: HashMap::new(),
            folded: HashMap::new(),
            pads: HashMap::new(),
            matrices: HashMap::new(),
            map: None,
            patches: Vec::new(),
            budget: 1 << 26,
        }
    }

    fn name(&self, tensor: usize) -> String {
        self.graph.tensors.get(tensor).map(|t| t.name.clone()).unwrap_or_default()
    }

    /// Shape in the file; every tensor number that reaches us is in range.
    fn shape(&self, tensor: usize) -> &'a [usize] {
        self.graph.tensors.get(tensor).map_or(&[], |t| &t.shape)
    }

    /// `[N, H, W, C]` of a feature map.
    fn nhwc(&self, tensor: usize) -> Result<[usize; 4], Refused> {
        let shape = self.shape(tensor);
        match shape.try_into() {
            Ok(shape) if shape != [0; 4] => Ok(shape),
            _ => refuse(format!("{} should have four dimensions, has {shape:?}", self.name(tensor))),
        }
    }

    fn onnx_shape(&self, tensor: usize) -> Vec<usize> {
        match *self.shape(tensor) {
            [n, h, w, c] => vec![n, c, h, w],
            ref shape => shape.to_vec(),
        }
    }

    /// The name of an activation that an earlier operator made.
    fn value(&self, tensor: usize) -> Result<String, Refused> {
        match self.values.get(&tensor) {
            Some(name) => Ok(name.clone()),
            None => refuse(format!("{} is used before it is made", self.name(tensor))),
        }
    }

    fn operator(&mut self, operator: &Operator<'a>) -> Result<(), Refused> {
        let &[output] = operator.outputs.as_slice() else {
            return refuse(format!("{} outputs, one was expected", operator.outputs.len()));
        };
        let value = match &operator.kind {
            Kind::Densify | Kind::Dequantize => return self.fold_constant(operator, output),
            Kind::Pad if self.fold_pad(operator, output)? => return Ok(()),
            Kind::Conv { window, fused } => self.conv(operator, output, *window, *fused)?,
            Kind::Depthwise { window, fused } => self.depthwise(operator, output, *window, *fused)?,
            Kind::MaxPool { window, filter, fused } => {
                self.max_pool(operator, output, *window, *filter, *fused)?
            }
            Kind::Add(fused) => self.arithmetic("Add", operator, *fused)?,
            Kind::Mul(fused) => self.arithmetic("Mul", operator, *fused)?,
            Kind::Relu => {
                let x = self.input(operator, 0)?;
                self.builder.node("Relu", &[&x], vec![])
            }
            Kind::Prelu => self.prelu(operator)?,
            Kind::Pad => self.pad(operator)?,
            Kind::Concat { axis, fused } => self.concat(operator, output, *axis, *fused)?,
            Kind::Reshape => self.reshape(operator, output)?,
            Kind::ResizeBilinear { align_corners, half_pixel_centers } => {
                self.resize(operator, output, *align_corners, *half_pixel_centers)?
            }
            Kind::DepthToSpace { block } => self.depth_to_space(operator, *block)?,
            Kind::StridedSlice { masked } => self.whole_slice(operator, output, *masked)?,
            Kind::Custom { name, options } => self.custom(operator, output, name, options)?,
            Kind::Other(_) => return refuse("no operator of this kind is known"),
        };
        self.values.insert(output, value);
        Ok(())
    }

    fn input_index(&self, operator: &Operator<'_>, position: usize) -> Result<usize, Refused> {
        match operator.inputs.get(position) {
            Some(&Some(tensor)) => Ok(tensor),
            _ => refuse(format!("input {position} is missing")),
        }
    }

    fn input(&self, operator: &Operator<'_>, position: usize) -> Result<String, Refused> {
        self.value(self.input_index(operator, position)?)
    }

    /// Remembers a PAD of height and width whose users are all convolutions without padding of their own.
    fn fold_pad(&mut self, operator: &Operator<'_>, output: usize) -> Result<bool, Refused> {
        let source = self.input_index(operator, 0)?;
        let border = self.paddings(operator)?;
        let [[0, 0], [top, bottom], [left, right], [0, 0]] = border[..] else { return Ok(false) };
        let valid = |user: &Operator<'_>| match user.kind {
            Kind::Conv { window, .. } | Kind::Depthwise { window, .. } => window.padding == Padding::Valid,
            _ => false,
        };
        let mut users = self.graph.operators.iter().filter(|o| o.inputs.contains(&Some(output)));
        if self.graph.outputs.contains(&output) || !users.all(valid) {
            return Ok(false);
        }
        self.pads.insert(output, FoldedPad { source, border: [top, left, bottom, right] });
        Ok(true)
    }

    /// Gives a graph output its own name and the file's order.
    fn finish(&mut self, output: usize) -> Result<onnx::ValueInfo, ConvertError> {
        let name = self.name(output);
        let Some(value) = self.values.get(&output).cloned() else {
            return Err(ConvertError::Graph { why: format!("nothing yields its output {name}") });
        };
        let shape = self.shape(output);
        let value = self.file_order(&value, shape);
        self.builder.named("Identity", &[&value], &name, vec![]);
        Ok(onnx::ValueInfo::floats(&name, shape))
    }

    /// A value of the given file shape in the file's order of elements.
    fn file_order(&mut self, value: &str, shape: &[usize]) -> String {
        match *shape {
            [_, h, w, c] if h * w == 1 || c == 1 => {
                let shape = self.builder.ints(&onnx::to_i64(shape));
                self.builder.node("Reshape", &[value, &shape], vec![])
            }
            [_, _, _, _] => self.builder.transpose(value, NCHW_TO_NHWC),
            _ => value.to_owned(),
        }
    }
}
