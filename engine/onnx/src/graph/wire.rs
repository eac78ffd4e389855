//! Protobuf as it lies in the file: field by field, with the payloads left where they are.

use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};

use super::{GraphError, LONGEST_NAME, MOST_FIELDS, MOST_NAME_BYTES, MOST_NAMES};

/// A stretch of the file, in bytes from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteRange {
    pub(super) at: u64,
    pub(super) end: u64,
}

impl ByteRange {
    /// Its length in bytes.
    pub(super) fn len(self) -> u64 {
        self.end.saturating_sub(self.at)
    }
}

/// What a field holds. Where it is another kind than expected, protobuf takes the field for an unknown one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// An integer.
    Varint(u64),
    /// Eight bytes, which nothing here needs.
    Eight,
    /// Four bytes, little-endian.
    Four([u8; 4]),
    /// Text, a message or a packed list.
    Bytes(ByteRange),
}

/// A source of fields. Every read is checked against the message around it and against the file's end.
pub(super) struct Reader<R> {
    inner: BufReader<R>,
    /// Where `inner` stands.
    at: u64,
    /// The file's size.
    pub(super) length: u64,
    fields: u64,
    names: usize,
    name_bytes: u64,
    /// The file's name, for messages.
    pub(super) file: String,
}

impl<R: Read + Seek> Reader<R> {
    pub(super) fn new(source: R, length: u64, file: String) -> Self {
        Self { inner: BufReader::new(source), at: 0, length, fields: 0, names: 0, name_bytes: 0, file }
    }

    /// The whole file.
    pub(super) fn whole(&self) -> ByteRange {
        ByteRange { at: 0, end: self.length }
    }

    /// The first field of `rest`, which then starts behind it; none at the end. Its payload need not be read.
    pub(super) fn field(&mut self, rest: &mut ByteRange) -> Result<Option<(u32, Value)>, GraphError> {
        let start = rest.at;
        if start >= rest.end {
            return Ok(None);
        }
        self.fields += 1;
        if self.fields > MOST_FIELDS {
            return Err(self.too_many("protobuf fields", MOST_FIELDS));
        }
        self.seek_to(start)?;
        let tag = self.varint(rest.end)?;
        let number = match u32::try_from(tag >> 3) {
            Ok(number @ 1..=0x1fff_ffff) => number,
            _ => return Err(self.malformed(start, "there is no field of this number")),
        };
        let value = match tag & 7 {
            0 => Value::Varint(self.varint(rest.end)?),
            1 => {
                self.read_array::<8>(rest.end)?;
                Value::Eight
            }
            2 => {
                let length = self.varint(rest.end)?;
                Value::Bytes(self.claim(length, rest.end)?)
            }
            5 => Value::Four(self.read_array::<4>(rest.end)?),
            _ => return Err(self.malformed(start, "a field is of no known kind")),
        };
        rest.at = if let Value::Bytes(span) = value { span.end } else { self.at };
        Ok(Some((number, value)))
    }

    /// One number of a packed list of integers.
    pub(super) fn packed(&mut self, rest: &mut ByteRange) -> Result<Option<u64>, GraphError> {
        if rest.at >= rest.end {
            return Ok(None);
        }
        self.seek_to(rest.at)?;
        let value = self.varint(rest.end)?;
        rest.at = self.at;
        Ok(Some(value))
    }

    /// How many numbers a packed list of integers has.
    pub(super) fn count_packed(&mut self, span: ByteRange) -> Result<u64, GraphError> {
        self.seek_to(span.at)?;
        let (mut count, mut last) = (0, 0);
        while self.at < span.end {
            let left = usize::try_from(span.end - self.at).unwrap_or(usize::MAX);
            let buffer = self
                .inner
                .fill_buf()
                .map_err(|source| GraphError::Read { file: self.file.clone(), source })?;
            let chunk = buffer.get(..buffer.len().min(left)).unwrap_or(buffer);
            let Some(&end) = chunk.last() else { return Err(self.truncated(1)) };
            count += chunk.iter().filter(|&&byte| byte < 0x80).count() as u64;
            last = end;
            let taken = chunk.len();
            self.inner.consume(taken);
            self.at += taken as u64;
        }
        if last >= 0x80 {
            return Err(self.malformed(span.at, "a list ends within a number"));
        }
        Ok(count)
    }

    /// A name: short UTF-8. `what` says whose, for the message.
    pub(super) fn name(&mut self, what: &'static str, span: ByteRange) -> Result<String, GraphError> {
        let bytes = span.len();
        if bytes > LONGEST_NAME {
            let file = self.file.clone();
            return Err(GraphError::LongName { what, at: span.at, bytes, limit: LONGEST_NAME, file });
        }
        self.names += 1;
        self.name_bytes += bytes;
        if self.names > MOST_NAMES {
            return Err(self.too_many("names", MOST_NAMES as u64));
        }
        if self.name_bytes > MOST_NAME_BYTES {
            return Err(self.too_many("bytes of names", MOST_NAME_BYTES));
        }
        String::from_utf8(self.start_of(span, LONGEST_NAME)?).map_err(|_| GraphError::NotUtf8 {
            what,
            at: span.at,
            file: self.file.clone(),
        })
    }

    /// The first `limit` bytes of a text; what is no UTF-8 gets replaced.
    pub(super) fn text(&mut self, span: ByteRange, limit: u64) -> Result<String, GraphError> {
        let bytes = self.start_of(span, limit)?;
        let whole = match str::from_utf8(&bytes) {
            // The cut went through a letter.
            Err(error) if error.error_len().is_none() && span.len() > limit => error.valid_up_to(),
            _ => bytes.len(),
        };
        Ok(String::from_utf8_lossy(bytes.get(..whole).unwrap_or(&bytes)).into_owned())
    }

    /// The first bytes of a payload, at most `limit`.
    pub(super) fn start_of(&mut self, span: ByteRange, limit: u64) -> Result<Vec<u8>, GraphError> {
        self.seek_to(span.at)?;
        // No more than `limit` and than the file holds, whatever it claims.
        let size = span.len().min(limit).min(self.length.saturating_sub(span.at));
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// An error about the bytes at `at`.
    pub(super) fn malformed(&self, at: u64, reason: &'static str) -> GraphError {
        GraphError::Malformed { reason, at, file: self.file.clone() }
    }

    /// An error about a broken limit.
    pub(super) fn too_many(&self, what: &'static str, limit: u64) -> GraphError {
        GraphError::TooMany { what, limit, file: self.file.clone() }
    }

    fn truncated(&self, needs: u64) -> GraphError {
        let left = self.length.saturating_sub(self.at);
        GraphError::Truncated { at: self.at, needs, left, file: self.file.clone() }
    }

    /// The next `length` bytes, if they lie before `end`.
    fn claim(&self, length: u64, end: u64) -> Result<ByteRange, GraphError> {
        if length > self.length.saturating_sub(self.at) {
            return Err(self.truncated(length));
        }
        if length > end.saturating_sub(self.at) {
            return Err(self.malformed(self.at, "a field is longer than the message around it"));
        }
        Ok(ByteRange { at: self.at, end: self.at + length })
    }

    fn varint(&mut self, end: u64) -> Result<u64, GraphError> {
        let start = self.at;
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let [byte] = self.read_array::<1>(end)?;
            // Protobuf drops what goes beyond 64 bits.
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.malformed(start, "an integer is too long"))
    }

    fn read_array<const N: usize>(&mut self, end: u64) -> Result<[u8; N], GraphError> {
        self.claim(N as u64, end)?;
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), GraphError> {
        self.inner.read_exact(bytes).map_err(|source| match source.kind() {
            ErrorKind::UnexpectedEof => self.truncated(bytes.len() as u64),
            _ => GraphError::Read { file: self.file.clone(), source },
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Moves to a place; within the buffer this costs nothing.
    fn seek_to(&mut self, to: u64) -> Result<(), GraphError> {
        let moved = match to.checked_signed_diff(self.at) {
            Some(0) => return Ok(()),
            Some(step) => self.inner.seek_relative(step),
            None => self.inner.seek(SeekFrom::Start(to)).map(drop),
        };
        moved.map_err(|source| GraphError::Read { file: self.file.clone(), source })?;
        self.at = to;
        Ok(())
    }
}
