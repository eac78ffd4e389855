//! Reads the numbers of one initialiser.

use std::io::{Read, Seek};
use std::path::Path;

use half::f16;

use super::tensor::{FLOATS, INTS, RAW, TensorHeader};
use super::wire::{ByteRange, Reader, Value};
use super::{Element, Graph, GraphError, Initializer, MOST_FLOATS, open};

impl Graph {
    /// The numbers of an initialiser of 32-bit or 16-bit floats, row-major; `path` is the file that was skimmed.
    ///
    /// # Errors
    /// [`GraphError`] where it has another type or more than 4 Mi elements, lies in another file, or where the
    /// file can't be read or is no longer the one that was skimmed.
    pub fn floats(&self, path: &Path, initializer: &Initializer) -> Result<Vec<f32>, GraphError> {
        let file = path.display().to_string();
        let tensor = initializer.name.clone();
        let element = initializer.element;
        if !matches!(element, Element::F32 | Element::F16) {
            return Err(GraphError::NotFloats { tensor, element, file });
        }
        let elements = initializer.elements();
        if elements > MOST_FLOATS {
            return Err(GraphError::TooManyFloats { tensor, elements, limit: MOST_FLOATS, file });
        }
        if initializer.external {
            return Err(GraphError::ExternalFloats { tensor, file });
        }
        let (source, length) = open(path, &file)?;
        if length != self.length {
            return Err(GraphError::Changed { file });
        }
        let mut reader = Reader::new(source, length, file);
        let mut found = TensorHeader::default();
        reader.tensor(initializer.at, &mut found)?;
        let same =
            found.name == tensor && Element::from(found.number) == element && found.is(&initializer.dims);
        let values = if same { reader.floats(initializer, elements)? } else { Vec::new() };
        if !same || values.len() as u64 != elements {
            return Err(GraphError::Changed { file: reader.file });
        }
        Ok(values)
    }
}

impl<R: Read + Seek> Reader<R> {
    /// The numbers of a tensor, at most `elements`.
    fn floats(&mut self, initializer: &Initializer, elements: u64) -> Result<Vec<f32>, GraphError> {
        let half = initializer.element == Element::F16;
        let mut values = Vec::new();
        let mut raw = None;
        let mut rest = initializer.at;
        while let Some((number, value)) = self.field(&mut rest)? {
            if values.len() as u64 > elements {
                break;
            }
            match (number, value) {
                (RAW, Value::Bytes(span)) => raw = Some(span),
                (FLOATS, Value::Bytes(span)) if !half => values.extend(self.raw(span, elements, single)?),
                (FLOATS, Value::Four(bytes)) if !half => values.push(f32::from_le_bytes(bytes)),
                (INTS, Value::Varint(bits)) if half => values.push(self.half(rest.at, bits)?),
                (INTS, Value::Bytes(mut list)) if half => {
                    while let Some(bits) = self.packed(&mut list)? {
                        values.push(self.half(list.at, bits)?);
                        if values.len() as u64 > elements {
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
        match raw {
            Some(span) if half => self.raw(span, elements, |[a, b]| f16::from_le_bytes([a, b]).to_f32()),
            Some(span) => self.raw(span, elements, single),
            None => Ok(values),
        }
    }

    /// Little-endian numbers of `N` bytes each, at most `elements`.
    fn raw<const N: usize>(
        &mut self,
        span: ByteRange,
        elements: u64,
        number: impl Fn([u8; N]) -> f32,
    ) -> Result<Vec<f32>, GraphError> {
        let bytes = self.start_of(span, elements.saturating_mul(N as u64))?;
        Ok(bytes.as_chunks::<N>().0.iter().map(|&bytes| number(bytes)).collect())
    }

    /// A 16-bit float that lies in a wider integer.
    fn half(&self, at: u64, bits: u64) -> Result<f32, GraphError> {
        match u16::try_from(bits) {
            Ok(bits) => Ok(f16::from_bits(bits).to_f32()),
            Err(_) => Err(self.malformed(at, "a 16-bit float has more than 16 bits")),
        }
    }
}

fn single(bytes: [u8; 4]) -> f32 {
    f32::from_le_bytes(bytes)
}
