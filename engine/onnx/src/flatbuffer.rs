//! The tables and vectors of a flatbuffer. The verifier of the `flatbuffers` crate checks each before it is read: that it lies
//! in the file, its alignment, and how much is read in all, where what is pointed to twice counts twice. The crate's own
//! accessors are `unsafe` and stay unused: a hole in the verifier could be a wrong number here, never a read outside the file.
//!
//! The format: <https://flatbuffers.dev/internals/>.

use std::ops::Range;

use flatbuffers::{InvalidFlatbuffer, UOffsetT, Verifier, VerifierOptions, field_index_to_field_offset};

/// Fields that can be read of a table: those numbered below this.
const FIELDS: usize = 7;

/// What one file can make us read: 64 MiB and 65 536 tables, more than 20 times what the largest network here has.
static LIMITS: VerifierOptions = VerifierOptions {
    max_depth: 1,
    max_tables: 1 << 16,
    max_apparent_size: 1 << 26,
    ignore_missing_null_terminator: true,
};

/// A table: the byte offset of each field, none where the file leaves it at its default. One without fields by default.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Table {
    fields: [Option<usize>; FIELDS],
}

impl Table {
    fn field(&self, id: usize) -> Option<usize> {
        self.fields.get(id).copied().flatten()
    }
}

/// Reads a file; counts what it has read.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    verifier: Verifier<'static, 'a>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, verifier: Verifier::new(&LIMITS, bytes) }
    }

    /// The root table, behind the file's first offset.
    pub(super) fn root(&mut self) -> Result<Table, InvalidFlatbuffer> {
        self.table_behind(0)
    }

    pub(super) fn u8(&mut self, table: Table, id: usize, default: u8) -> Result<u8, InvalidFlatbuffer> {
        table.field(id).map_or(Ok(default), |at| self.verifier.get_u8(at))
    }

    pub(super) fn bool(&mut self, table: Table, id: usize) -> Result<bool, InvalidFlatbuffer> {
        Ok(self.u8(table, id, 0)? != 0)
    }

    pub(super) fn u32(&mut self, table: Table, id: usize, default: u32) -> Result<u32, InvalidFlatbuffer> {
        table.field(id).map_or(Ok(default), |at| self.verifier.get_uoffset(at))
    }

    pub(super) fn i32(&mut self, table: Table, id: usize, default: i32) -> Result<i32, InvalidFlatbuffer> {
        Ok(self.u32(table, id, default.cast_unsigned())?.cast_signed())
    }

    /// The table that field `id` points to.
    pub(super) fn table(&mut self, table: Table, id: usize) -> Result<Option<Table>, InvalidFlatbuffer> {
        table.field(id).map(|at| self.table_behind(at)).transpose()
    }

    /// The tables of a vector of tables, none where absent.
    pub(super) fn tables(&mut self, table: Table, id: usize) -> Result<Vec<Table>, InvalidFlatbuffer> {
        self.vector::<UOffsetT>(table, id)?
            .step_by(size_of::<UOffsetT>())
            .map(|at| self.table_behind(at))
            .collect()
    }

    /// A vector of bytes, empty where absent.
    pub(super) fn bytes(&mut self, table: Table, id: usize) -> Result<&'a [u8], InvalidFlatbuffer> {
        let place = self.vector::<u8>(table, id)?;
        Ok(self.bytes.get(place).unwrap_or_default())
    }

    /// A vector of 32-bit integers, empty where absent.
    pub(super) fn i32s(&mut self, table: Table, id: usize) -> Result<Vec<i32>, InvalidFlatbuffer> {
        let place = self.vector::<i32>(table, id)?;
        let (numbers, _) = self.bytes.get(place).unwrap_or_default().as_chunks();
        Ok(numbers.iter().copied().map(i32::from_le_bytes).collect())
    }

    /// A vector of 16-bit unsigned integers, empty where absent.
    pub(super) fn u16s(&mut self, table: Table, id: usize) -> Result<Vec<u16>, InvalidFlatbuffer> {
        let place = self.vector::<u16>(table, id)?;
        let (numbers, _) = self.bytes.get(place).unwrap_or_default().as_chunks();
        Ok(numbers.iter().copied().map(u16::from_le_bytes).collect())
    }

    /// A string; bytes that are not UTF-8 are replaced.
    pub(super) fn string(&mut self, table: Table, id: usize) -> Result<String, InvalidFlatbuffer> {
        Ok(String::from_utf8_lossy(self.bytes(table, id)?).into_owned())
    }

    /// Where the offset at `at` points to.
    fn follow(&mut self, at: usize) -> Result<usize, InvalidFlatbuffer> {
        Ok(at.saturating_add(self.verifier.get_uoffset(at)? as usize))
    }

    fn table_behind(&mut self, at: usize) -> Result<Table, InvalidFlatbuffer> {
        let at = self.follow(at)?;
        let mut verified = self.verifier.visit_table(at)?;
        let mut table = Table::default();
        for (id, field) in (0..).zip(&mut table.fields) {
            *field = verified.deref(field_index_to_field_offset(id))?;
        }
        verified.finish();
        Ok(table)
    }

    /// The bytes of a vector's elements, which lie in the file; nothing where it is absent.
    fn vector<T>(&mut self, table: Table, id: usize) -> Result<Range<usize>, InvalidFlatbuffer> {
        let Some(at) = table.field(id) else { return Ok(0..0) };
        let vector = self.follow(at)?;
        let size = (self.verifier.get_uoffset(vector)? as usize).saturating_mul(size_of::<T>());
        let start = vector + size_of::<UOffsetT>();
        self.verifier.is_aligned::<T>(start)?;
        self.verifier.range_in_buffer(start, size)?;
        Ok(start..start + size)
    }
}

#[cfg(test)]
mod tests {
    use flatbuffers::FlatBufferBuilder;

    use super::*;

    /// A root table with `count` times the same table in field 1, which has `numbers` in field 2.
    fn shared(count: usize, numbers: &[i32]) -> Vec<u8> {
        let mut builder = FlatBufferBuilder::new();
        let numbers = builder.create_vector(numbers);
        let table = builder.start_table();
        builder.push_slot_always(field_index_to_field_offset(2), numbers);
        let table = builder.end_table(table);
        let tables = builder.create_vector(&vec![table; count]);
        let root = builder.start_table();
        builder.push_slot_always(field_index_to_field_offset(1), tables);
        let root = builder.end_table(root);
        builder.finish(root, None);
        builder.finished_data().to_vec()
    }

    fn read(bytes: &[u8]) -> Result<Vec<Vec<i32>>, InvalidFlatbuffer> {
        let mut file = Reader::new(bytes);
        let root = file.root()?;
        let tables = file.tables(root, 1)?;
        tables.into_iter().map(|table| file.i32s(table, 2)).collect()
    }

    #[test]
    fn numbers_that_tables_share_are_read_and_counted_for_each() {
        assert_eq!(read(&shared(3, &[1, -2])).unwrap(), vec![vec![1, -2]; 3]);
        // A file of 80 KiB that would take 256 MiB.
        let error = read(&shared(1 << 14, &[0; 1 << 12])).unwrap_err();
        assert_eq!(error, InvalidFlatbuffer::ApparentSizeTooLarge);
        // 131 072 tables, twice as many as are allowed.
        assert_eq!(read(&shared(1 << 17, &[])).unwrap_err(), InvalidFlatbuffer::TooManyTables);
    }
}
