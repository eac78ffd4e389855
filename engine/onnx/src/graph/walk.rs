//! The way through the messages of a network.

use std::collections::{BTreeMap, HashSet};
use std::io::{Read, Seek};
use std::path::Path;

use super::tensor::TensorHeader;
use super::wire::{ByteRange, Reader, Value};
use super::{
    DEEPEST, Element, End, FILE_LIMIT, Graph, GraphError, Initializer, LONGEST_NAME, LONGEST_VALUE,
    MOST_DIMS, MOST_ENDS, MOST_METADATA, MOST_NODES, MOST_OPSETS, MOST_TENSORS, sniff,
};

/// Domains whose operators the runtimes bring along; the first two are the same.
const DOMAINS: [&str; 5] = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"];

/// Walks a network of `length` bytes; external files may lie in `folder`.
pub(super) fn walk<R: Read + Seek>(
    source: R,
    length: u64,
    folder: Option<&Path>,
    file: String,
) -> Result<Graph, GraphError> {
    let mut walk = Walk {
        reader: Reader::new(source, length, file),
        folder,
        graph: Graph { length, ..Graph::default() },
        read: HashSet::new(),
        nodes: 0,
        tensors: 0,
        files: BTreeMap::new(),
        external: 0,
    };
    match walk.model() {
        Ok(()) => {
            let others = walk.files.into_keys().collect();
            Ok(Graph { others, ..walk.graph })
        }
        Err(error) => match sniff::seems(&mut walk.reader) {
            Some(seems) => Err(GraphError::Format { seems, file: walk.reader.file }),
            None => Err(error),
        },
    }
}

/// State of the walk.
pub(super) struct Walk<'a, R> {
    pub(super) reader: Reader<R>,
    pub(super) folder: Option<&'a Path>,
    graph: Graph,
    /// Names that nodes and inner graphs read.
    read: HashSet<String>,
    nodes: usize,
    tensors: usize,
    /// Sizes in bytes of the external files, by location.
    pub(super) files: BTreeMap<String, u64>,
    /// Bytes of all external tensors.
    pub(super) external: u64,
}

/// Where a graph or node lies.
#[derive(Clone, Copy)]
struct Scope {
    /// Number of graphs around it.
    depth: usize,
    /// Whether that is in a function, which doesn't see the names outside.
    function: bool,
}

impl<R: Read + Seek> Walk<'_, R> {
    fn model(&mut self) -> Result<(), GraphError> {
        let bytes = self.reader.length;
        if bytes == 0 {
            return Err(GraphError::Empty { file: self.reader.file.clone() });
        }
        if bytes > FILE_LIMIT {
            return Err(GraphError::FileSize { bytes, limit: FILE_LIMIT, file: self.reader.file.clone() });
        }
        let mut any = false;
        let mut rest = self.reader.whole();
        while let Some((number, value)) = self.reader.field(&mut rest)? {
            match (number, value) {
                (1, Value::Varint(version)) => self.graph.ir_version = version.cast_signed(),
                (2, Value::Bytes(span)) => self.graph.producer = self.reader.text(span, LONGEST_NAME)?,
                (7, Value::Bytes(span)) => {
                    any = true;
                    self.graph(span, Scope { depth: 0, function: false })?;
                }
                (8, Value::Bytes(span)) => self.opset(span)?,
                (14, Value::Bytes(span)) if self.graph.metadata.len() < MOST_METADATA => {
                    self.metadata(span)?
                }
                (25, Value::Bytes(span)) => self.function(span)?,
                _ => {}
            }
        }
        if !any {
            return Err(GraphError::NoGraph { file: self.reader.file.clone() });
        }
        self.finish()
    }

    /// What can be told only at the end.
    fn finish(&mut self) -> Result<(), GraphError> {
        let Graph { inputs, outputs, initializers, .. } = &mut self.graph;
        let constant: HashSet<&str> = initializers.iter().map(|i| i.name.as_str()).collect();
        inputs.retain(|input| !constant.contains(input.name.as_str()));
        if inputs.is_empty() {
            return Err(GraphError::NoInputs { file: self.reader.file.clone() });
        }
        if outputs.is_empty() {
            return Err(GraphError::NoOutputs { file: self.reader.file.clone() });
        }
        self.read.extend(outputs.iter().map(|output| output.name.clone()));
        for initializer in initializers {
            initializer.used = self.read.contains(&initializer.name);
        }
        Ok(())
    }

    fn opset(&mut self, span: ByteRange) -> Result<(), GraphError> {
        if self.graph.opsets.len() >= MOST_OPSETS {
            return Err(self.reader.too_many("operator sets", MOST_OPSETS as u64));
        }
        let (mut domain, mut version) = (String::new(), 0);
        let mut rest = span;
        while let Some((number, value)) = self.reader.field(&mut rest)? {
            match (number, value) {
                (1, Value::Bytes(span)) => {
                    domain = self.reader.name("the domain of an operator set", span)?
                }
                (2, Value::Varint(number)) => version = number.cast_signed(),
                _ => {}
            }
        }
        self.graph.opsets.push((standard(domain), version));
        Ok(())
    }

    fn metadata(&mut self, span: ByteRange) -> Result<(), GraphError> {
        let (mut key, mut text) = (String::new(), String::new());
        let mut rest = span;
        while let Some((number, value)) = self.reader.field(&mut rest)? {
            match (number, value) {
                (1, Value::Bytes(span)) => key = self.reader.text(span, LONGEST_NAME)?,
                (2, Value::Bytes(span)) => text = self.reader.text(span, LONGEST_VALUE)?,
                _ => {}
            }
        }
        self.graph.metadata.push((key, text));
        Ok(())
    }

    /// A function: its nodes, and what its attributes are without a caller's word.
    fn function(&mut self, span: ByteRange) -> Result<(), GraphError> {
        let place = Scope { depth: 0, function: true };
        let mut rest = span;
        while let Some((number, value)) = self.reader.field(&mut rest)? {
            match (number, value) {
                (7, Value::Bytes(span)) => self.node(span, place)?,
                (11, Value::Bytes(span)) => self.attribute(span, place, "a function")?,
                _ => {}
            }
        }
        Ok(())
    }

    fn graph(&mut self, span: ByteRange, place: Scope) -> Result<(), GraphError> {
        let outer = place.depth == 0;
        let mut rest = span;
        while let Some((number, value)) = self.reader.field(&mut rest)? {
            match (number, value) {
                (1, Value::Bytes(span)) => self.node(span, place)?,
                (5, Value::Bytes(span)) => self.initializer(span, outer)?,
                (11, Value::Bytes(span)) if outer => {
                    let end = self.end(span, self.graph.inputs.len())?;
                    self.graph.inputs.push(end);
                }
                (12, Value::Bytes(span)) if outer => {
                    let end = self.end(span, self.graph.outputs.len())?;
                    self.graph.outputs.push(end);
                }
                (12, Value::Bytes(span)) => {
                    let end = self.end(span, 0)?;
                    self.mark(end.name, place);
                }
                (15, Value::Bytes(_)) => return Err(self.sparse("the graph")),
                _ => {}
            }
        }
        Ok(())
    }

    fn node(&mut self, span: ByteRange, place: Scope) -> Result<(), GraphError> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(self.reader.too_many("nodes", MOST_NODES as u64));
        }
        let (mut name, mut operator, mut domain) = (String::new(), String::new(), String::new());
        let mut rest = span;
        while let Some((number, value)) = self.reader.field(&mut rest)? {
            let Value::Bytes(span) = value else { continue };
            match number {
                1 => {
                    let input = self.reader.name("an input of a node", span)?;
                    self.mark(input, place);
                }
                2 => drop(self.reader.name("an output of a node", span)?),
                3 => name = self.reader.name("the name of a node", span)?,
                4 => operator = self.reader.name("the operator of a node", span)?,
                5 => self.attribute(span, place, if name.is_empty() { &operator } else { &name })?,
                7 => domain = self.reader.name("the domain of a node", span)?,
                _ => {}
            }
        }
        if !DOMAINS.contains(&domain.as_str()) {
            return Err(GraphError::Operator {
                operator,
                domain,
                node: name,
                file: self.reader.file.clone(),
            });
        }
        *self.graph.operators.entry((standard(domain), operator)).or_default() += 1;
        Ok(())
    }

    /// An attribute of `node`: only graphs and tensors are of interest.
    fn attribute(&mut self, span: ByteRange, place: Scope, node: &str) -> Result<(), GraphError> {
        let mut single = None;
        let mut rest = span;
        while let Some((number, value)) = self.reader.field(&mut rest)? {
            let Value::Bytes(span) = value else { continue };
            match number {
                5 => self.reader.tensor(span, single.get_or_insert_default())?,
                6 | 11 => {
                    if place.depth >= DEEPEST {
                        let file = self.reader.file.clone();
                        return Err(GraphError::Deep { node: node.to_owned(), limit: DEEPEST, file });
                    }
                    self.graph(span, Scope { depth: place.depth + 1, ..place })?;
                }
                10 => {
                    let mut tensor = TensorHeader::default();
                    self.reader.tensor(span, &mut tensor)?;
                    self.check(&tensor, node)?;
                }
                22 | 23 => return Err(self.sparse(node)),
                _ => {}
            }
        }
        if let Some(tensor) = single {
            self.check(&tensor, node)?;
        }
        Ok(())
    }

    fn initializer(&mut self, at: ByteRange, outer: bool) -> Result<(), GraphError> {
        let mut tensor = TensorHeader::default();
        self.reader.tensor(at, &mut tensor)?;
        let elements = self.check(&tensor, "the graph")?;
        self.graph.parameters = self.graph.parameters.saturating_add(elements);
        if outer {
            self.graph.initializers.push(Initializer {
                name: tensor.name,
                element: Element::from(tensor.number),
                dims: tensor.dims.iter().map(|dim| dim.unsigned_abs()).collect(),
                used: false,
                at,
                external: tensor.external,
            });
        }
        Ok(())
    }

    /// Checks a tensor of `owner`; yields its number of elements.
    fn check(&mut self, tensor: &TensorHeader, owner: &str) -> Result<u64, GraphError> {
        self.tensors += 1;
        if self.tensors > MOST_TENSORS {
            return Err(self.reader.too_many("tensors", MOST_TENSORS as u64));
        }
        let unnamed;
        let label = if tensor.name.is_empty() {
            unnamed = format!("(a constant of {owner})");
            &unnamed
        } else {
            &tensor.name
        };
        let size = tensor.size(label, &self.reader.file)?;
        if tensor.external {
            self.external(tensor, label, size)?;
        }
        Ok(size.elements)
    }

    /// Name and type of an input or output, of which there are `before` already.
    fn end(&mut self, span: ByteRange, before: usize) -> Result<End, GraphError> {
        if before >= MOST_ENDS {
            return Err(self.reader.too_many("inputs or outputs", MOST_ENDS as u64));
        }
        let mut end = End::default();
        let mut rest = span;
        while let Some((number, value)) = self.reader.field(&mut rest)? {
            match (number, value) {
                (1, Value::Bytes(span)) => {
                    end.name = self.reader.name("the name of an input or output", span)?
                }
                (2, Value::Bytes(span)) => self.kind(span, &mut end)?,
                _ => {}
            }
        }
        Ok(end)
    }

    fn kind(&mut self, span: ByteRange, end: &mut End) -> Result<(), GraphError> {
        let mut rest = span;
        while let Some((number, value)) = self.reader.field(&mut rest)? {
            match (number, value) {
                (1, Value::Bytes(span)) => {
                    let mut rest = span;
                    while let Some((number, value)) = self.reader.field(&mut rest)? {
                        match (number, value) {
                            (1, Value::Varint(number)) => end.element = Element::from(number as i32),
                            (2, Value::Bytes(span)) => self.shape(span, end.shape.get_or_insert_default())?,
                            _ => {}
                        }
                    }
                }
                // A list, a map or the like takes the tensor's place.
                (4 | 5 | 7..=9, Value::Bytes(_)) => (end.element, end.shape) = (Element::default(), None),
                _ => {}
            }
        }
        Ok(())
    }

    fn shape(&mut self, span: ByteRange, shape: &mut Vec<Option<u64>>) -> Result<(), GraphError> {
        let mut rest = span;
        while let Some((number, value)) = self.reader.field(&mut rest)? {
            let (1, Value::Bytes(mut rest)) = (number, value) else { continue };
            if shape.len() >= MOST_DIMS {
                return Err(self.reader.too_many("dimensions in one tensor", MOST_DIMS as u64));
            }
            let mut dim = None;
            while let Some((number, value)) = self.reader.field(&mut rest)? {
                match (number, value) {
                    // Some exporters write -1 for an open dimension.
                    (1, Value::Varint(size)) => dim = u64::try_from(size.cast_signed()).ok(),
                    (2, Value::Bytes(_)) => dim = None,
                    _ => {}
                }
            }
            shape.push(dim);
        }
        Ok(())
    }

    /// Notes that a node reads `name`.
    fn mark(&mut self, name: String, place: Scope) {
        if !place.function && !name.is_empty() {
            self.read.insert(name);
        }
    }

    fn sparse(&self, node: &str) -> GraphError {
        GraphError::Sparse { node: node.to_owned(), file: self.reader.file.clone() }
    }
}

/// The standard domain has two names; the empty one is used here.
fn standard(domain: String) -> String {
    if domain == "ai.onnx" { String::new() } else { domain }
}
