//! Reads numbers out of a flexbuffer map: the parameters of a custom operator. Never panics, whatever the bytes; the reader of
//! the `flexbuffers` crate does (25.12.19 indexes where damaged offsets and lengths say: google/flatbuffers#8923).
//!
//! The format: <https://flatbuffers.dev/flexbuffers/>. A value is a type, a width and a place; vectors and maps lie
//! before what points to them and carry their length in front.

/// A value of known type. Reads yield none where they leave the bytes or meet another type.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes of the value itself.
    width: usize,
    /// Packed type: kind in the upper six bits, width of what it points to in the lower two.
    packed: u8,
}

const INT: u8 = 1;
const UINT: u8 = 2;
const FLOAT: u8 = 3;
const MAP: u8 = 9;
const VECTOR: u8 = 10;
const VECTOR_INT: u8 = 11;
const VECTOR_UINT: u8 = 12;

impl<'a> Value<'a> {
    /// The root value.
    pub(super) fn root(bytes: &'a [u8]) -> Option<Self> {
        let (&width, rest) = bytes.split_last()?;
        let (&packed, rest) = rest.split_last()?;
        let width = usize::from(width);
        Some(Self { bytes, at: rest.len().checked_sub(width)?, width, packed })
    }

    fn kind(&self) -> u8 {
        self.packed >> 2
    }

    fn raw(&self) -> Option<u64> {
        unsigned(self.bytes, self.at, self.width)
    }

    /// Start and element width of the vector or map that this value points to.
    fn target(&self) -> Option<(usize, usize)> {
        let start = self.at.checked_sub(usize::try_from(self.raw()?).ok()?)?;
        Some((start, 1 << (self.packed & 3)))
    }

    fn len(&self, start: usize, width: usize) -> Option<usize> {
        usize::try_from(unsigned(self.bytes, start.checked_sub(width)?, width)?).ok()
    }

    /// The value under a key of a map.
    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        if self.kind() != MAP {
            return None;
        }
        let (start, width) = self.target()?;
        let count = self.len(start, width)?;
        let keys_at = start.checked_sub(3 * width)?;
        let keys = keys_at.checked_sub(usize::try_from(unsigned(self.bytes, keys_at, width)?).ok()?)?;
        let key_width = unsigned(self.bytes, start.checked_sub(2 * width)?, width)?;
        let key_width = usize::try_from(key_width).ok().filter(|w| [1, 2, 4, 8].contains(w))?;
        for index in 0..count.min(self.bytes.len()) {
            let slot = keys.checked_add(index * key_width)?;
            let text = slot.checked_sub(usize::try_from(unsigned(self.bytes, slot, key_width)?).ok()?)?;
            let text = self.bytes.get(text..)?;
            if text.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.first() == Some(&0)) {
                return self.element(start, width, count, index);
            }
        }
        None
    }

    /// An element of an untyped vector or of a map's values: its type stands behind all elements.
    fn element(&self, start: usize, width: usize, count: usize, index: usize) -> Option<Value<'a>> {
        let packed = start.checked_add(count.checked_mul(width)?)?.checked_add(index)?;
        let packed = *self.bytes.get(packed)?;
        Some(Value { bytes: self.bytes, at: start.checked_add(index * width)?, width, packed })
    }

    /// A whole number.
    pub(super) fn integer(&self) -> Option<i64> {
        let raw = self.raw()?;
        match self.kind() {
            UINT => i64::try_from(raw).ok(),
            // Spread the sign of a short number.
            INT => Some(((raw << (64 - 8 * self.width)) as i64) >> (64 - 8 * self.width)),
            _ => None,
        }
    }

    /// A number of any kind.
    pub(super) fn number(&self) -> Option<f32> {
        match (self.kind(), self.width) {
            (FLOAT, 4) => Some(f32::from_bits(u32::try_from(self.raw()?).ok()?)),
            (FLOAT, 8) => Some(f64::from_bits(self.raw()?) as f32),
            _ => self.integer().map(|v| v as f32),
        }
    }

    /// The whole numbers of a vector, typed or not; none of the typed ones of 2 to 4, which no parameter here is.
    pub(super) fn integers(&self) -> Option<Vec<i64>> {
        let (start, width) = self.target()?;
        let count = self.len(start, width)?;
        if count > self.bytes.len() {
            return None;
        }
        let kind = match self.kind() {
            VECTOR => {
                return (0..count).map(|i| self.element(start, width, count, i)?.integer()).collect();
            }
            VECTOR_INT => INT,
            VECTOR_UINT => UINT,
            _ => return None,
        };
        let item = |i| Value { bytes: self.bytes, at: start + i * width, width, packed: kind << 2 };
        (0..count).map(|i| item(i).integer()).collect()
    }
}

/// A little-endian number of 1, 2, 4 or 8 bytes.
fn unsigned(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    if ![1, 2, 4, 8].contains(&width) {
        return None;
    }
    let slice = bytes.get(at..at.checked_add(width)?)?;
    Some(slice.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_vectors_of_a_map() {
        for (big, list) in
            [(5i64, vec![1i64, 2, 300, 4, 5]), (70_000, vec![-1, 90_000, 0, 0, 2]), (1 << 40, vec![7; 9])]
        {
            let mut builder = flexbuffers::Builder::default();
            let mut map = builder.start_map();
            map.push("big", big);
            map.push("factor", 1.5f32);
            map.push("fine", 0.1f64);
            map.push("typed", list.as_slice());
            let mut vector = map.start_vector("untyped");
            list.iter().for_each(|&v| vector.push(v));
            vector.end_vector();
            map.end_map();
            let root = Value::root(builder.view()).unwrap();
            assert_eq!(root.get("big").and_then(|v| v.integer()), Some(big));
            assert_eq!(root.get("factor").and_then(|v| v.number()), Some(1.5));
            assert_eq!(root.get("fine").and_then(|v| v.number()), Some(0.1));
            assert_eq!(root.get("typed").and_then(|v| v.integers()), Some(list.clone()));
            assert_eq!(root.get("untyped").and_then(|v| v.integers()), Some(list));
            assert!(root.get("bi").is_none() && root.get("bigger").is_none());
        }
    }
}
