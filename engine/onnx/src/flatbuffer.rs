//! A bounds-checked cursor over a flatbuffer: every read either yields a value or an error, whatever the bytes.
//!
//! Only what a `.tflite` file needs. The format: <https://flatbuffers.dev/internals/>.

/// What is wrong with the bytes: which read left the file, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the flatbuffer is damaged: {what} at byte {at} leaves the file or breaks a limit")]
pub(crate) struct Damaged {
    /// The kind of value that was being read.
    what: &'static str,
    /// Byte offset from the file's start.
    at: usize,
}

/// A table in the buffer. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    vtable: usize,
    vtable_len: usize,
}

fn take<const N: usize>(bytes: &[u8], at: usize, what: &'static str) -> Result<[u8; N], Damaged> {
    at.checked_add(N)
        .and_then(|end| bytes.get(at..end))
        .and_then(|slice| slice.try_into().ok())
        .ok_or(Damaged { what, at })
}

fn u32_at(bytes: &[u8], at: usize, what: &'static str) -> Result<usize, Damaged> {
    Ok(u32::from_le_bytes(take(bytes, at, what)?) as usize)
}

impl<'a> Table<'a> {
    /// The root table, behind the file's first offset.
    pub(super) fn root(bytes: &'a [u8]) -> Result<Self, Damaged> {
        Self::at(bytes, u32_at(bytes, 0, "root offset")?)
    }

    fn at(bytes: &'a [u8], at: usize) -> Result<Self, Damaged> {
        let back = i32::from_le_bytes(take(bytes, at, "table")?);
        let damaged = Damaged { what: "vtable offset", at };
        let vtable = i64::try_from(at).map_err(|_| damaged)? - i64::from(back);
        let vtable = usize::try_from(vtable).map_err(|_| damaged)?;
        let vtable_len = usize::from(u16::from_le_bytes(take(bytes, vtable, "vtable")?));
        Ok(Self { bytes, at, vtable, vtable_len })
    }

    /// The absolute place of field `id`, or none where the file leaves it at its default.
    fn field(&self, id: usize) -> Result<Option<usize>, Damaged> {
        let slot = 4 + 2 * id;
        if slot + 2 > self.vtable_len {
            return Ok(None);
        }
        let offset = u16::from_le_bytes(take(self.bytes, self.vtable + slot, "vtable entry")?);
        Ok((offset != 0).then(|| self.at + usize::from(offset)))
    }

    pub(super) fn u8(&self, id: usize, default: u8) -> Result<u8, Damaged> {
        match self.field(id)? {
            Some(at) => Ok(take::<1>(self.bytes, at, "byte")?[0]),
            None => Ok(default),
        }
    }

    pub(super) fn bool(&self, id: usize) -> Result<bool, Damaged> {
        Ok(self.u8(id, 0)? != 0)
    }

    pub(super) fn i32(&self, id: usize, default: i32) -> Result<i32, Damaged> {
        match self.field(id)? {
            Some(at) => Ok(i32::from_le_bytes(take(self.bytes, at, "integer")?)),
            None => Ok(default),
        }
    }

    pub(super) fn u32(&self, id: usize, default: u32) -> Result<u32, Damaged> {
        match self.field(id)? {
            Some(at) => Ok(u32::from_le_bytes(take(self.bytes, at, "integer")?)),
            None => Ok(default),
        }
    }

    /// The table that field `id` points to.
    pub(super) fn table(&self, id: usize) -> Result<Option<Table<'a>>, Damaged> {
        self.field(id)?.map(|at| self.follow(at).and_then(|to| Self::at(self.bytes, to))).transpose()
    }

    /// The tables of a vector of tables; `limit` bounds their count.
    pub(super) fn tables(&self, id: usize, limit: usize) -> Result<Vec<Table<'a>>, Damaged> {
        let Some((start, count)) = self.vector(id, 4)? else { return Ok(Vec::new()) };
        if count > limit {
            return Err(Damaged { what: "vector length", at: start });
        }
        (0..count).map(|i| self.follow(start + 4 * i).and_then(|to| Self::at(self.bytes, to))).collect()
    }

    /// A vector of bytes, empty where absent.
    pub(super) fn bytes(&self, id: usize) -> Result<&'a [u8], Damaged> {
        let Some((start, count)) = self.vector(id, 1)? else { return Ok(&[]) };
        self.bytes.get(start..start + count).ok_or(Damaged { what: "byte vector", at: start })
    }

    /// A vector of 32-bit integers, empty where absent; `limit` bounds its length.
    pub(super) fn i32s(&self, id: usize, limit: usize) -> Result<Vec<i32>, Damaged> {
        let Some((start, count)) = self.vector(id, 4)? else { return Ok(Vec::new()) };
        if count > limit {
            return Err(Damaged { what: "vector length", at: start });
        }
        (0..count).map(|i| Ok(i32::from_le_bytes(take(self.bytes, start + 4 * i, "integer")?))).collect()
    }

    /// A vector of 16-bit unsigned integers, empty where absent; `limit` bounds its length.
    pub(super) fn u16s(&self, id: usize, limit: usize) -> Result<Vec<u16>, Damaged> {
        let Some((start, count)) = self.vector(id, 2)? else { return Ok(Vec::new()) };
        if count > limit {
            return Err(Damaged { what: "vector length", at: start });
        }
        (0..count).map(|i| Ok(u16::from_le_bytes(take(self.bytes, start + 2 * i, "integer")?))).collect()
    }

    /// A string; bytes that are not UTF-8 are replaced.
    pub(super) fn string(&self, id: usize) -> Result<String, Damaged> {
        Ok(String::from_utf8_lossy(self.bytes(id)?).into_owned())
    }

    fn follow(&self, at: usize) -> Result<usize, Damaged> {
        let offset = u32_at(self.bytes, at, "offset")?;
        at.checked_add(offset).ok_or(Damaged { what: "offset", at })
    }

    /// Start of the elements and their count; checked to lie inside the buffer.
    fn vector(&self, id: usize, element: usize) -> Result<Option<(usize, usize)>, Damaged> {
        let Some(at) = self.field(id)? else { return Ok(None) };
        let vector = self.follow(at)?;
        let count = u32_at(self.bytes, vector, "vector length")?;
        let start = vector + 4;
        let end = count.checked_mul(element).and_then(|len| start.checked_add(len));
        match end {
            Some(end) if end <= self.bytes.len() => Ok(Some((start, count))),
            _ => Err(Damaged { what: "vector", at: vector }),
        }
    }
}
