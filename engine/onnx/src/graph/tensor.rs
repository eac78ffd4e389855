//! A tensor without its numbers, and the check that it holds as many as its shape says.

use std::io::{Read, Seek};

use super::wire::{ByteRange, Reader, Value};
use super::{GraphError, MOST_DIMS, MOST_TENSOR_BYTES};

/// Fields of the tensor message that hold numbers.
pub(super) const FLOATS: u32 = 4;
pub(super) const INTS: u32 = 5;
const STRINGS: u32 = 6;
const LONGS: u32 = 7;
pub(super) const RAW: u32 = 9;
const DOUBLES: u32 = 10;
const UNSIGNED: u32 = 11;

/// The message, as far as it is of interest.
#[derive(Debug, Default)]
pub(super) struct TensorHeader {
    pub(super) name: String,
    /// Type of the elements, as ONNX counts them.
    pub(super) number: i32,
    pub(super) dims: Vec<i64>,
    /// Whether the numbers lie in another file.
    pub(super) external: bool,
    pub(super) location: Option<String>,
    pub(super) offset: Option<String>,
    pub(super) length: Option<String>,
    /// Bytes of plain numbers.
    raw: Option<u64>,
    /// Length of the list in each field, by field number.
    lists: [u64; 12],
}

/// Size of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) elements: u64,
    pub(super) bytes: u64,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads a tensor message on top of what `tensor` holds, as protobuf joins two messages.
    pub(super) fn tensor(&mut self, span: ByteRange, tensor: &mut TensorHeader) -> Result<(), GraphError> {
        let mut rest = span;
        while let Some((number, value)) = self.field(&mut rest)? {
            match (number, value) {
                (1, Value::Varint(dim)) => self.dim(tensor, dim)?,
                (1, Value::Bytes(mut list)) => {
                    while let Some(dim) = self.packed(&mut list)? {
                        self.dim(tensor, dim)?;
                    }
                }
                // An enumeration has 32 bits; protobuf drops the others.
                (2, Value::Varint(number)) => tensor.number = number as i32,
                (8, Value::Bytes(span)) => tensor.name = self.name("the name of a tensor", span)?,
                (RAW, Value::Bytes(span)) => tensor.raw = Some(span.len()),
                (13, Value::Bytes(span)) => self.external_entry(span, tensor)?,
                // So here, where an unknown one counts as unset.
                (14, Value::Varint(place)) => match place as i32 {
                    0 => tensor.external = false,
                    1 => tensor.external = true,
                    _ => {}
                },
                (FLOATS..=LONGS | DOUBLES | UNSIGNED, value) => self.list(number, value, tensor)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn dim(&self, tensor: &mut TensorHeader, dim: u64) -> Result<(), GraphError> {
        if tensor.dims.len() >= MOST_DIMS {
            return Err(self.too_many("dimensions in one tensor", MOST_DIMS as u64));
        }
        tensor.dims.push(dim.cast_signed());
        Ok(())
    }

    /// Counts the numbers of one field.
    fn list(&mut self, number: u32, value: Value, tensor: &mut TensorHeader) -> Result<(), GraphError> {
        let width = if number == FLOATS { 4 } else { 8 };
        let more = match (number, value) {
            (FLOATS, Value::Four(_)) | (DOUBLES, Value::Eight) | (STRINGS, Value::Bytes(_)) => 1,
            (INTS | LONGS | UNSIGNED, Value::Varint(_)) => 1,
            (INTS | LONGS | UNSIGNED, Value::Bytes(span)) => self.count_packed(span)?,
            (FLOATS | DOUBLES, Value::Bytes(span)) => {
                if !span.len().is_multiple_of(width) {
                    return Err(self.malformed(span.at, "a list ends within a number"));
                }
                span.len() / width
            }
            _ => 0,
        };
        if let Some(count) = tensor.lists.get_mut(number as usize) {
            *count = count.saturating_add(more);
        }
        Ok(())
    }

    fn external_entry(&mut self, span: ByteRange, tensor: &mut TensorHeader) -> Result<(), GraphError> {
        let (mut key, mut value) = (String::new(), String::new());
        let mut rest = span;
        while let Some((number, field)) = self.field(&mut rest)? {
            match (number, field) {
                (1, Value::Bytes(span)) => key = self.name("a key of a tensor's external data", span)?,
                (2, Value::Bytes(span)) => value = self.name("a value of a tensor's external data", span)?,
                _ => {}
            }
        }
        match key.as_str() {
            "location" => tensor.location = Some(value),
            "offset" => tensor.offset = Some(value),
            "length" => tensor.length = Some(value),
            _ => {}
        }
        Ok(())
    }
}

/// Bits of one element, the field for lists of it, and bits of one number there.
fn layout(number: i32) -> Option<(u64, u32, u64)> {
    Some(match number {
        1 => (32, FLOATS, 32),
        2 | 3 | 9 | 17..=20 | 24 => (8, INTS, 8),
        4 | 5 | 10 | 16 => (16, INTS, 16),
        6 => (32, INTS, 32),
        7 => (64, LONGS, 64),
        // At least a byte for each text.
        8 => (8, STRINGS, 8),
        11 => (64, DOUBLES, 64),
        12 => (32, UNSIGNED, 32),
        13 => (64, UNSIGNED, 64),
        // Complex numbers are two floats.
        14 => (64, FLOATS, 32),
        15 => (128, DOUBLES, 64),
        // Several elements share a byte.
        21..=23 => (4, INTS, 8),
        25 | 26 => (2, INTS, 8),
        _ => return None,
    })
}

impl TensorHeader {
    /// Whether it has this shape.
    pub(super) fn is(&self, dims: &[u64]) -> bool {
        self.dims.len() == dims.len()
            && self.dims.iter().zip(dims).all(|(&found, &dim)| u64::try_from(found) == Ok(dim))
    }

    /// The size that type and shape give; the numbers must be there, unless they lie in another file.
    /// `label` names the tensor.
    pub(super) fn size(&self, label: &str, file: &str) -> Result<Size, GraphError> {
        let (tensor, file) = (label.to_owned(), file.to_owned());
        let Some((bits, field, width)) = layout(self.number) else {
            return Err(GraphError::TensorType { tensor, number: self.number, file });
        };
        let product = self
            .dims
            .iter()
            .try_fold(1u64, |product, &dim| u64::try_from(dim).ok().and_then(|dim| product.checked_mul(dim)));
        let whole = product.and_then(|elements| elements.checked_mul(bits));
        let (Some(elements), Some(whole)) = (product, whole) else {
            return Err(GraphError::TensorShape { tensor, shape: self.dims.clone(), file });
        };
        let bytes = whole.div_ceil(8);
        let shape = self.dims.clone();
        if bytes > MOST_TENSOR_BYTES {
            return Err(GraphError::TensorSize { tensor, bytes, shape, limit: MOST_TENSOR_BYTES, file });
        }
        let list = self.lists.get(field as usize).copied().unwrap_or(0);
        let all = self.lists.iter().fold(0, |sum: u64, &count| sum.saturating_add(count));
        let plain = self.raw.is_some_and(|length| length > 0 || !self.external);
        let places = [list > 0, plain, self.external].into_iter().filter(|&used| used).count();
        if places > 1 || all > list || (plain && field == STRINGS) {
            return Err(GraphError::TensorMixed { tensor, file });
        }
        let found = self.raw.unwrap_or(0).max(list.saturating_mul(width) / 8);
        if !self.external && found != bytes {
            return Err(GraphError::TensorData { tensor, bytes, shape, found, file });
        }
        Ok(Size { elements, bytes })
    }
}
