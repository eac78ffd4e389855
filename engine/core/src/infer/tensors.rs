//! Names, shapes and buffers of a network's ends, and the check against what the caller expects.

use super::InferError;
use multiversion::multiversion;

/// Name and shape of an input or output that the caller expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec<'a> {
    /// Its name in the file.
    pub name: &'a str,
    /// Its shape, row-major.
    pub shape: &'a [usize],
}

/// What the caller expects of a network. The order is the caller's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expect<'a> {
    /// All inputs.
    pub inputs: &'a [Spec<'a>],
    /// The outputs that the caller reads; the file may have more.
    pub outputs: &'a [Spec<'a>],
}

/// Name and shape of an input or output of a loaded network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name in the file.
    pub name: String,
    /// Its shape, row-major.
    pub shape: Vec<usize>,
}

impl From<&Spec<'_>> for TensorSpec {
    fn from(spec: &Spec<'_>) -> Self {
        Self { name: spec.name.to_owned(), shape: spec.shape.to_vec() }
    }
}

/// An end of a graph as a backend reports it: name, and shape where it is known, -1 for an open dimension.
pub(super) struct End {
    pub(super) name: String,
    pub(super) shape: Option<Vec<i64>>,
}

/// The buffers of a network, in the caller's order.
pub(super) struct Tensors {
    pub(super) file: String,
    pub(super) inputs: Vec<TensorSpec>,
    pub(super) outputs: Vec<TensorSpec>,
    pub(super) input_data: Vec<Vec<f32>>,
    pub(super) output_data: Vec<Vec<f32>>,
}

impl Tensors {
    /// Checks the ends of a network and makes its buffers.
    pub(super) fn new(
        file: String,
        expect: &Expect<'_>,
        inputs: &[End],
        outputs: &[End],
    ) -> Result<Self, InferError> {
        for (what, specs, ends) in [("input", expect.inputs, inputs), ("output", expect.outputs, outputs)] {
            for spec in specs {
                check(&file, what, spec, ends)?;
            }
        }
        if let Some(extra) = inputs.iter().find(|end| expect.inputs.iter().all(|spec| spec.name != end.name))
        {
            let found = extra.shape.clone().unwrap_or_default();
            return Err(InferError::Shape { node: extra.name.clone(), expected: Vec::new(), found, file });
        }
        let zeros = |specs: &[Spec<'_>]| specs.iter().map(|s| vec![0.0; s.shape.iter().product()]).collect();
        Ok(Self {
            file,
            inputs: expect.inputs.iter().map(TensorSpec::from).collect(),
            outputs: expect.outputs.iter().map(TensorSpec::from).collect(),
            input_data: zeros(expect.inputs),
            output_data: zeros(expect.outputs),
        })
    }

    /// Copies an output in; its shape must be the expected one.
    pub(super) fn store(&mut self, index: usize, shape: &[i64], values: &[f32]) -> Result<(), InferError> {
        let (Some(spec), Some(data)) = (self.outputs.get(index), self.output_data.get_mut(index)) else {
            return Ok(());
        };
        if !fits(&spec.shape, shape) || values.len() != data.len() {
            return Err(InferError::Shape {
                node: spec.name.clone(),
                expected: spec.shape.clone(),
                found: shape.to_vec(),
                file: self.file.clone(),
            });
        }
        data.copy_from_slice(values);
        Ok(())
    }

    /// An error where an output holds NaN or an infinity.
    pub(super) fn check_finite(&self) -> Result<(), InferError> {
        for (spec, data) in self.outputs.iter().zip(&self.output_data) {
            if !finite(data) {
                return Err(InferError::NotFinite { node: spec.name.clone(), file: self.file.clone() });
            }
        }
        Ok(())
    }

    pub(super) fn input_mut(&mut self, index: usize) -> &mut [f32] {
        self.input_data.get_mut(index).map_or(&mut [], Vec::as_mut_slice)
    }

    pub(super) fn output(&self, index: usize) -> &[f32] {
        self.output_data.get(index).map_or(&[], Vec::as_slice)
    }

    /// Fills the inputs for the warm-up run: not zeros, since a network may divide by an input's length.
    pub(super) fn fill_inputs(&mut self, value: f32) {
        self.input_data.iter_mut().for_each(|data| data.fill(value));
    }
}

/// Whether no value is NaN or infinite.
#[multiversion(targets("x86_64+avx2"))]
fn finite(values: &[f32]) -> bool {
    // Infinity times zero is NaN, so sums find either; some at a time keep the loop free of branches and waiting.
    let (blocks, rest) = values.as_chunks::<32>();
    let mut sums = [0.0f32; 32];
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(sum, v)| *sum += v * 0.0);
    }
    sums.into_iter().chain(rest.iter().map(|v| v * 0.0)).sum::<f32>() == 0.0
}

fn fits(expected: &[usize], found: &[i64]) -> bool {
    expected.len() == found.len()
        && expected.iter().zip(found).all(|(&e, &f)| f < 0 || usize::try_from(f) == Ok(e))
}

fn check(file: &str, what: &'static str, spec: &Spec<'_>, ends: &[End]) -> Result<(), InferError> {
    let Some(end) = ends.iter().find(|end| end.name == spec.name) else {
        return Err(InferError::Node {
            what,
            node: spec.name.to_owned(),
            found: ends.iter().map(|end| end.name.as_str()).collect::<Vec<_>>().join(", "),
            file: file.to_owned(),
        });
    };
    match &end.shape {
        Some(found) if !fits(spec.shape, found) => Err(InferError::Shape {
            node: spec.name.to_owned(),
            expected: spec.shape.to_vec(),
            found: found.clone(),
            file: file.to_owned(),
        }),
        _ => Ok(()),
    }
}
