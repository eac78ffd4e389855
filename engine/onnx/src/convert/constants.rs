//! Constants: f16 widened, sparse weights spread out, orders changed.

use half::f16;

use super::{Converter, Refused, refuse};
use crate::tflite::{Dimension, Element, Kind, Operator, Sparsity, TfliteTensor};

/// A constant tensor in the file's order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Constant {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

fn floats(tensor: &TfliteTensor<'_>) -> Result<Vec<f32>, Refused> {
    let data = tensor.data;
    Ok(match tensor.element {
        Element::F32 => data.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect(),
        Element::F16 => data.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        other => return refuse(format!("{} holds {other:?}, not floats", tensor.name)),
    })
}

impl Converter<'_> {
    /// A constant input as floats; an error where the tensor is not a constant.
    pub(super) fn constant(&self, tensor: usize) -> Result<Constant, Refused> {
        if let Some(folded) = self.folded.get(&tensor) {
            return Ok(folded.clone());
        }
        let Some(raw) = self.graph.tensors.get(tensor).filter(|t| !t.data.is_empty()) else {
            return refuse(format!("{} should be a constant", self.name(tensor)));
        };
        if raw.sparsity.is_some() {
            return refuse(format!("{} is sparse", raw.name));
        }
        let constant = Constant { shape: raw.shape.clone(), values: floats(raw)? };
        if constant.values.len() != constant.shape.iter().product::<usize>() {
            return refuse(format!("{} has {} values, not {:?}", raw.name, constant.values.len(), raw.shape));
        }
        Ok(constant)
    }

    /// Whether the tensor is a constant.
    pub(super) fn is_constant(&self, tensor: usize) -> bool {
        self.folded.contains_key(&tensor)
            || self.graph.tensors.get(tensor).is_some_and(|t| !t.data.is_empty())
    }

    /// A constant input of 32-bit integers.
    pub(super) fn integers(&self, tensor: usize) -> Result<Vec<i32>, Refused> {
        match self.graph.tensors.get(tensor) {
            Some(raw) if raw.element == Element::I32 && !raw.data.is_empty() => {
                Ok(raw.data.as_chunks().0.iter().copied().map(i32::from_le_bytes).collect())
            }
            _ => refuse(format!("{} should be a constant of integers", self.name(tensor))),
        }
    }

    /// DEQUANTIZE and DENSIFY of a constant: done here, once.
    pub(super) fn fold_constant(&mut self, operator: &Operator<'_>, output: usize) -> Result<(), Refused> {
        let source = self.input_index(operator, 0)?;
        let Some(tensor) = self.graph.tensors.get(source) else { return refuse("input 0 is missing") };
        let constant = if operator.kind == Kind::Densify {
            let Some(sparsity) = &tensor.sparsity else { return refuse("its input is not sparse") };
            densify(tensor, sparsity, self.budget)?
        } else {
            self.constant(source)?
        };
        self.spend(constant.values.len())?;
        self.folded.insert(output, constant);
        Ok(())
    }

    /// Takes so many elements, which the file does not hold itself, off the budget.
    pub(super) fn spend(&mut self, elements: usize) -> Result<(), Refused> {
        match self.budget.checked_sub(elements) {
            Some(left) => self.budget = left,
            None => return refuse("the constants of this file are larger than any network's here"),
        }
        Ok(())
    }
}

/// Spreads a sparse constant out. Dimensions in their own order and no blocks: all that occurs in the networks here.
fn densify(tensor: &TfliteTensor<'_>, sparsity: &Sparsity, budget: usize) -> Result<Constant, Refused> {
    let rank = tensor.shape.len();
    let in_order = sparsity.traversal.iter().enumerate().all(|(i, &t)| usize::try_from(t) == Ok(i));
    if !in_order || sparsity.traversal.len() != rank || !sparsity.block_map.is_empty() {
        return refuse("its sparse layout has blocks or another order");
    }
    if sparsity.dimensions.len() != rank {
        return refuse("its sparse layout has another rank than its shape");
    }
    // The place in the dense tensor of each element stored so far, one dimension after another.
    let mut places = vec![0usize];
    for (&size, dimension) in tensor.shape.iter().zip(&sparsity.dimensions) {
        let mut next = Vec::new();
        for (row, &place) in places.iter().enumerate() {
            match dimension {
                Dimension::Dense(dense) if *dense == size => {
                    if next.len() + size > budget {
                        return refuse("its sparse layout is larger than any network's here");
                    }
                    next.extend((0..size).map(|i| place * size + i));
                }
                Dimension::Dense(dense) => {
                    return refuse(format!("a dimension of {size} is stored with {dense}"));
                }
                Dimension::Sparse { segments, indices } => {
                    let (Some(&from), Some(&to)) = (segments.get(row), segments.get(row + 1)) else {
                        return refuse("its sparse rows leave the table");
                    };
                    let Some(columns) = indices.get(from..to) else {
                        return refuse("its sparse columns leave the table");
                    };
                    if next.len() + columns.len() > budget || columns.iter().any(|&c| c >= size) {
                        return refuse("its sparse columns leave the shape");
                    }
                    next.extend(columns.iter().map(|&column| place * size + column));
                }
            }
        }
        places = next;
    }
    let stored = floats(tensor)?;
    if stored.len() != places.len() {
        return refuse(format!("{} values are stored for {} places", stored.len(), places.len()));
    }
    let count: usize = tensor.shape.iter().product();
    if count > budget {
        return refuse("its dense form is larger than any network's here");
    }
    let mut values = vec![0.0; count];
    for (place, value) in places.into_iter().zip(stored) {
        if let Some(slot) = values.get_mut(place) {
            *slot = value;
        }
    }
    Ok(Constant { shape: tensor.shape.clone(), values })
}

/// Reorders a four-dimensional constant: dimension `i` of the result is dimension `order[i]` of the source.
pub(super) fn permute(constant: &Constant, order: [usize; 4]) -> Result<Constant, Refused> {
    let Ok(shape) = <[usize; 4]>::try_from(constant.shape.as_slice()) else {
        return refuse(format!("a constant should have four dimensions, has {:?}", constant.shape));
    };
    let strides = [shape[1] * shape[2] * shape[3], shape[2] * shape[3], shape[3], 1];
    let out = order.map(|d| shape[d]);
    let step = order.map(|d| strides[d]);
    let mut values = Vec::with_capacity(constant.values.len());
    for a in 0..out[0] {
        for b in 0..out[1] {
            for c in 0..out[2] {
                let row = a * step[0] + b * step[1] + c * step[2];
                values.extend((0..out[3]).filter_map(|d| constant.values.get(row + d * step[3])));
            }
        }
    }
    Ok(Constant { shape: out.to_vec(), values })
}
