//! Which family a file belongs to, by its graph and not by its name.

use super::contract::{Contract, Family, MOST_SIDE, MaskKind, SourceKind, TensorLayout};
use super::error::ModelError;
use super::found::{Found, MaskModel, ModelKind};
use super::identity::RECOGNISER_SIDE;
use crate::infer::{Element, Graph, GraphEnd, GraphTensor, TensorSpec};
use crate::persona::VECTOR;

/// The initialiser that holds inswapper's matrix.
const MATRIX: &str = "buff2fs";

/// What the user or the file's name says where the graph leaves a choice.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    /// The family that the user named.
    pub family: Option<Family>,
    /// The description beside the file.
    pub side_car: Option<Contract>,
}

fn shown(end: &GraphEnd) -> String {
    let Some(shape) = &end.shape else { return "of any shape".to_owned() };
    let dims: Vec<String> =
        shape.iter().map(|d| d.map_or_else(|| "?".to_owned(), |n| n.to_string())).collect();
    format!("[{}]", dims.join(", "))
}

fn list(ends: &[GraphEnd]) -> String {
    let all: Vec<String> = ends.iter().map(|e| format!("{} {}", e.name, shown(e))).collect();
    all.join(", ")
}

/// The shape with `wanted` where it is left open; None where it is another.
fn filled(end: &GraphEnd, wanted: &[usize]) -> Option<TensorSpec> {
    let fits = match &end.shape {
        None => true,
        Some(shape) => {
            shape.len() == wanted.len()
                && shape.iter().zip(wanted).all(|(d, w)| d.is_none_or(|d| d == *w as u64))
        }
    };
    fits.then(|| TensorSpec { name: end.name.clone(), shape: wanted.to_vec() })
}

fn rank(end: &GraphEnd) -> usize {
    end.shape.as_ref().map_or(0, Vec::len)
}

/// Width and height of a picture input, and where its channels stand.
fn picture(end: &GraphEnd) -> Option<(TensorLayout, [usize; 2])> {
    let [_, a, b, c] = end.shape.as_deref()? else { return None };
    let side = |d: &Option<u64>| d.map(|n| n as usize).filter(|n| (32..=MOST_SIDE).contains(n));
    match (*a, *c) {
        (Some(3), _) => Some((TensorLayout::Nchw, [side(c)?, side(b)?])),
        (_, Some(3)) => Some((TensorLayout::Nhwc, [side(b)?, side(a)?])),
        _ => None,
    }
}

/// Shape of so many planes of a contract's size and layout.
fn planes(contract: &Contract, n: usize) -> [usize; 4] {
    let [w, h] = contract.size;
    match contract.layout {
        TensorLayout::Nchw => [1, n, h, w],
        TensorLayout::Nhwc => [1, h, w, n],
    }
}

fn is_vector(end: &GraphEnd) -> bool {
    matches!(end.shape.as_deref(), Some([_, Some(n)]) if *n == VECTOR as u64)
}

/// Recognises a graph. `file` is for messages, and its name for a hint where the graph leaves a choice.
///
/// # Errors
/// [`ModelError`] with what was expected and what was found.
pub fn recognise(graph: &Graph, file: &str, hints: &Hints) -> Result<Found, ModelError> {
    let recognition = Recognition { graph, file };
    if let Some(contract) = &hints.side_car {
        return recognition.swap(contract.clone());
    }
    match graph.inputs.as_slice() {
        [only] if is_vector(only) => recognition.converter(hints),
        [only] => recognition.one_picture(only, hints),
        [a, b] => recognition.two(a, b, hints),
        _ => Err(recognition.unknown()),
    }
}

/// A graph that is being recognised.
struct Recognition<'a> {
    graph: &'a Graph,
    file: &'a str,
}

impl Recognition<'_> {
    fn unknown(&self) -> ModelError {
        let (inputs, outputs) = (list(&self.graph.inputs), list(&self.graph.outputs));
        ModelError::Unknown { inputs, outputs, file: self.file.to_owned() }
    }

    fn shape(&self, end: &GraphEnd, family: &str, expected: String) -> ModelError {
        let (node, found, family) = (end.name.clone(), shown(end), family.to_owned());
        ModelError::Shape { node, family, expected, found, file: self.file.to_owned() }
    }

    fn end(&self, end: &GraphEnd, family: &str, wanted: &[usize]) -> Result<TensorSpec, ModelError> {
        if !matches!(end.element, Element::F32) {
            let expected = format!("{wanted:?} of 32-bit floats");
            let found = format!("{} of {}", shown(end), end.element);
            let (node, family, file) = (end.name.clone(), family.to_owned(), self.file.to_owned());
            return Err(ModelError::Shape { node, family, expected, found, file });
        }
        filled(end, wanted).ok_or_else(|| self.shape(end, family, format!("{wanted:?}")))
    }

    /// One input that is a picture: a recogniser, a mask network, or a DFM without a morph value.
    fn one_picture(&self, input: &GraphEnd, hints: &Hints) -> Result<Found, ModelError> {
        let outputs = &self.graph.outputs;
        if outputs.len() >= 3 && picture(input).is_some_and(|p| p.0 == TensorLayout::Nhwc) {
            return self.dfm(input);
        }
        let found = |kind, inputs: TensorSpec, outputs: TensorSpec| {
            Ok(Found { kind, inputs: vec![inputs], outputs: vec![outputs], matrix: None })
        };
        let (Some((layout, [w, h])), Some(output)) = (picture(input), outputs.first()) else {
            return Err(self.unknown());
        };
        let shape = Contract { layout, ..Contract::for_family(Family::Other, [w, h]) }.shape();
        let given = || self.end(input, "it", &shape);
        if is_vector(output) {
            let n = RECOGNISER_SIDE;
            let input = self.end(input, "a face recogniser", &[1, 3, n, n])?;
            // An adapter looks the same; the user says so.
            let kind = match hints.family {
                Some(Family::Cscs) => ModelKind::Adapter(Family::Cscs),
                _ => ModelKind::Recogniser,
            };
            return found(kind, input, self.end(output, "a face recogniser", &[1, VECTOR])?);
        }
        let mask = |layout, channels| match layout {
            TensorLayout::Nchw => vec![1, channels, h, w],
            TensorLayout::Nhwc => vec![1, h, w, channels],
        };
        if let Some(spec) = filled(output, &mask(layout, 1)) {
            let kind = match layout {
                TensorLayout::Nhwc => MaskModel::XsegNhwc,
                // Both look alike; the occluder network's input is called img.
                TensorLayout::Nchw if input.name == "img" => MaskModel::Occluder,
                TensorLayout::Nchw => MaskModel::XsegNchw,
            };
            return found(ModelKind::Mask(kind), given()?, spec);
        }
        match (layout, filled(output, &mask(layout, 19))) {
            (TensorLayout::Nchw, Some(spec)) => found(ModelKind::Mask(MaskModel::Bisenet), given()?, spec),
            _ => Err(self.unknown()),
        }
    }

    fn converter(&self, hints: &Hints) -> Result<Found, ModelError> {
        let (Some(input), Some(output)) = (self.graph.inputs.first(), self.graph.outputs.first()) else {
            return Err(self.unknown());
        };
        if !is_vector(output) {
            return Err(self.unknown());
        }
        let families = [Family::Simswap, Family::Ghost, Family::Hififace];
        let family =
            hints.family.or_else(|| self.named(&families)).ok_or_else(|| self.ambiguous(&families))?;
        Ok(Found {
            kind: ModelKind::Converter(family),
            inputs: vec![self.end(input, "a converter", &[1, VECTOR])?],
            outputs: vec![self.end(output, "a converter", &[1, VECTOR])?],
            matrix: None,
        })
    }

    /// The one family whose name is in the file's.
    fn named(&self, families: &[Family]) -> Option<Family> {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
        let mut named = families.iter().filter(|f| name.contains(f.name()));
        let first = named.next().copied();
        if named.next().is_some() { None } else { first }
    }

    fn ambiguous(&self, families: &[Family]) -> ModelError {
        let names: Vec<&str> = families.iter().map(|f| f.name()).collect();
        ModelError::Ambiguous { choices: names.join(", "), file: self.file.to_owned() }
    }

    /// Two inputs: a picture with a vector, with another picture, or with a morph value.
    fn two(&self, a: &GraphEnd, b: &GraphEnd, hints: &Hints) -> Result<Found, ModelError> {
        let named_source = |end: &GraphEnd| end.name.to_ascii_lowercase().contains("source");
        let (target, source) = match (picture(a), picture(b)) {
            (Some(_), None) => (a, b),
            (None, Some(_)) => (b, a),
            (Some(p), Some(q)) => {
                let swapped = if p.1 == q.1 { named_source(a) } else { p.1 < q.1 };
                if swapped { (b, a) } else { (a, b) }
            }
            (None, None) => return Err(self.sizeless(a, b)),
        };
        let Some((layout, size)) = picture(target) else { return Err(self.unknown()) };
        if layout == TensorLayout::Nhwc && self.graph.outputs.len() >= 3 && rank(source) <= 1 {
            return self.dfm(target);
        }
        if layout == TensorLayout::Nhwc {
            let expected = "[1, 3, height, width]: channels before rows and columns".to_owned();
            return Err(self.shape(target, "a face-swap model", expected));
        }
        let known = self.family(target, source, size, hints)?;
        self.swap(Contract::for_family(known, size))
    }

    /// Neither input is a picture of a size that can be used.
    fn sizeless(&self, a: &GraphEnd, b: &GraphEnd) -> ModelError {
        match [a, b].into_iter().find(|e| rank(e) == 4) {
            Some(end) => self.shape(
                end,
                "a face-swap model",
                format!("[1, 3, side, side] with a side of 32 to {MOST_SIDE}"),
            ),
            None => self.unknown(),
        }
    }

    fn family(
        &self,
        target: &GraphEnd,
        source: &GraphEnd,
        size: [usize; 2],
        hints: &Hints,
    ) -> Result<Family, ModelError> {
        if let Some(family) = hints.family {
            return Ok(family);
        }
        if let Some((_, [n, _])) = picture(source) {
            return match (size, n) {
                ([256, 256], 112) => Ok(Family::Blendswap),
                ([256, 256], 256) => Ok(Family::Uniface),
                _ => Err(self.unknown()),
            };
        }
        if !is_vector(source) {
            return Err(self.shape(source, "a face-swap model", format!("[1, {VECTOR}]")));
        }
        let out = |name: &str| self.graph.outputs.iter().any(|o| o.name == name);
        match size {
            [256, 256] if out("mask") && out("output") => Ok(Family::Hyperswap),
            [128, 128] => Ok(Family::Inswapper),
            [256, 256] if self.matrix().is_some() => Ok(Family::Instyleswapper),
            [256, 256] if target.name == "input_1" && source.name == "input_2" => Ok(Family::Cscs),
            [512, 512] => Ok(Family::SimswapUnofficial),
            [256, 256] if ["781", "1165", "1549"].into_iter().any(out) => Ok(Family::Ghost),
            [256, 256] => {
                let families = [Family::Simswap, Family::Ghost, Family::Hififace];
                self.named(&families).ok_or_else(|| self.ambiguous(&families))
            }
            _ => {
                let expected = "[1, 3, side, side] with a side of 128, 256 or 512".to_owned();
                Err(self.shape(target, "a face-swap model", expected))
            }
        }
    }

    /// The matrix: by its name, else the last initialiser of its size, else any that no node uses.
    fn matrix(&self) -> Option<&GraphTensor> {
        let side = VECTOR as u64;
        let fits =
            |t: &&GraphTensor| t.dims == [side, side] && matches!(t.element, Element::F32 | Element::F16);
        let all = &self.graph.initializers;
        let named = all.iter().find(|t| t.name == MATRIX).filter(fits);
        let last = all.last().filter(fits).filter(|t| !t.used);
        named.or(last).or_else(|| all.iter().filter(fits).find(|t| !t.used))
    }

    fn dfm(&self, target: &GraphEnd) -> Result<Found, ModelError> {
        let Some((_, size)) = picture(target) else { return Err(self.unknown()) };
        self.swap(Contract::for_family(Family::Dfm, size))
    }

    /// A swap model with this contract: every end is checked against it.
    fn swap(&self, contract: Contract) -> Result<Found, ModelError> {
        let target = self.target(&contract)?;
        let inputs = self.swap_inputs(&contract, target)?;
        let outputs = match contract.mask {
            MaskKind::Dfm => self.dfm_outputs(&contract)?,
            MaskKind::None | MaskKind::Output => self.swap_outputs(&contract)?,
        };
        let matrix = match contract.source {
            SourceKind::Latent => Some(self.matrix().ok_or_else(|| self.no_matrix())?.name.clone()),
            _ => None,
        };
        Ok(Found { kind: ModelKind::Swap(contract), inputs, outputs, matrix })
    }

    /// The input for the live face.
    fn target(&self, contract: &Contract) -> Result<&GraphEnd, ModelError> {
        let inputs = &self.graph.inputs;
        let named = inputs.iter().find(|e| e.name == "target");
        let of_its_size = || inputs.iter().find(|e| picture(e).is_some_and(|p| p.1 == contract.size));
        let of_four_axes = || inputs.iter().find(|e| rank(e) == 4);
        let target = named.or_else(of_its_size).or_else(of_four_axes).ok_or_else(|| self.unknown())?;
        // Where both are pictures of one size, the source is the one that is called so.
        let is_source = target.name.to_ascii_lowercase().contains("source");
        let other = inputs.iter().find(|e| e.name != target.name);
        Ok(other.filter(|e| is_source && picture(e).is_some()).unwrap_or(target))
    }

    /// The target's input, and the source's or the morph value's where there is one.
    fn swap_inputs(&self, contract: &Contract, target: &GraphEnd) -> Result<Vec<TensorSpec>, ModelError> {
        let family = contract.family.name();
        let mut inputs = vec![self.end(target, family, &contract.shape())?];
        let others: Vec<&GraphEnd> = self.graph.inputs.iter().filter(|e| e.name != target.name).collect();
        let source: Option<Vec<usize>> = match contract.source {
            SourceKind::Built => None,
            SourceKind::Unit | SourceKind::Adapted | SourceKind::Latent | SourceKind::Converted { .. } => {
                Some(vec![1, VECTOR])
            }
            SourceKind::Picture { side, .. } => Some(vec![1, 3, side, side]),
        };
        match (source, others.as_slice()) {
            (Some(shape), [source]) => inputs.push(self.end(source, family, &shape)?),
            (None, []) => {}
            (None, [morph]) if morph.name.contains("morph") => inputs.push(self.end(morph, family, &[1])?),
            _ => return Err(self.unknown()),
        }
        Ok(inputs)
    }

    /// The picture and, where the contract has one, its mask.
    fn swap_outputs(&self, contract: &Contract) -> Result<Vec<TensorSpec>, ModelError> {
        let (all, three) = (&self.graph.outputs, planes(contract, 3));
        let fits = all.iter().find(|e| filled(e, &three).is_some());
        let picture = fits.or(all.first()).ok_or_else(|| self.unknown())?;
        let mut outputs = vec![self.end(picture, contract.family.name(), &three)?];
        if contract.mask == MaskKind::Output {
            let mut others = all.iter().filter(|e| e.name != picture.name);
            let mask = others.find_map(|e| filled(e, &planes(contract, 1)));
            outputs.push(mask.ok_or_else(|| self.unknown())?);
        }
        Ok(outputs)
    }

    /// A DFM's three outputs: the made face, and where the live one and the made one are.
    fn dfm_outputs(&self, contract: &Contract) -> Result<Vec<TensorSpec>, ModelError> {
        let [live, face, made, ..] = self.graph.outputs.as_slice() else { return Err(self.unknown()) };
        let family = contract.family.name();
        Ok(vec![
            self.end(face, family, &planes(contract, 3))?,
            self.end(live, family, &planes(contract, 1))?,
            self.end(made, family, &planes(contract, 1))?,
        ])
    }

    fn no_matrix(&self) -> ModelError {
        let square = |t: &&GraphTensor| t.dims.len() == 2 && !t.used;
        let unused: Vec<String> = self
            .graph
            .initializers
            .iter()
            .filter(square)
            .map(|t| format!("{} {:?}", t.name, t.dims))
            .collect();
        let found = if unused.is_empty() { "none".to_owned() } else { unused.join(", ") };
        ModelError::NoMatrix { found, file: self.file.to_owned() }
    }
}
