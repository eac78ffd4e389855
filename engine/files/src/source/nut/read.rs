//! Reading NUT.

use std::io::{self, BufRead, Read};

use super::{
    CHECKSUM, CODED, CODED_PTS, FILE_ID, HEADER_INDEX, INDEX, INFO, INVALID, LONG, MAIN, MATCH_TIME, META,
    RESERVED, SIZE_MSB, STREAM, STREAM_ID, SYNC_POINT, checksum,
};

/// Longest header that is read, in bytes.
const MAX_HEADER: u64 = 1 << 16;

/// Most streams and time bases.
const MAX_STREAMS: u64 = 64;

/// Why bytes are no NUT, or none that is taken.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what it stands for")]
pub enum NutFault {
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
    #[error("the file does not begin as NUT does")]
    Magic,
    #[error("the {0} is out of range")]
    Value(&'static str),
    #[error("the checksum of the {0} is wrong")]
    Checksum(&'static str),
    #[error("there is no {0}")]
    Absent(&'static str),
    #[error("a frame has {found} bytes instead of {expected}")]
    Length { found: u64, expected: usize },
    #[error("a frame ends after {found} of its {expected} bytes")]
    Cut { found: usize, expected: usize },
}

/// A stream of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Whether it holds pictures.
    pub video: bool,
    pub width: u64,
    pub height: u64,
    /// Seconds of a tick as a fraction.
    pub base: (u64, u64),
    base_at: usize,
    pts_shift: u32,
    last_pts: i64,
}

/// What a frame code stands for.
#[derive(Clone, Copy, Debug)]
struct Code {
    flags: u64,
    stream: u64,
    size_factor: u64,
    size: u64,
    pts_delta: i64,
    reserved: u64,
    header: u64,
}

/// The first frame code's meaning until the table is read.
const NO_CODE: Code =
    Code { flags: INVALID, stream: 0, size_factor: 0, size: 0, pts_delta: 0, reserved: 0, header: 0 };

/// A frame without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NutFrame {
    /// Which stream it belongs to.
    pub stream: usize,
    /// When it is shown, in ticks of its stream.
    pub pts: i64,
}

/// Gives the frames of a file or pipe, one after the other.
#[derive(Debug)]
pub struct NutReader<R> {
    input: Input<R>,
    codes: Box<[Code; 256]>,
    bases: Vec<(u64, u64)>,
    elided: Vec<Vec<u8>>,
    streams: Vec<Stream>,
    /// The byte after the headers, which was read to see that they are over.
    ahead: Option<u8>,
}

impl<R: BufRead> NutReader<R> {
    /// Reads the headers, up to the first frame or the end.
    ///
    /// # Errors
    /// Bytes that are no NUT.
    pub fn new(input: R) -> Result<Self, NutFault> {
        let mut input = Input { inner: input, sum: 0 };
        let mut magic = [0; FILE_ID.len()];
        match input.inner.read_exact(&mut magic) {
            Err(e) if e.kind() != io::ErrorKind::UnexpectedEof => return Err(e.into()),
            Ok(()) if magic == *FILE_ID => {}
            _ => return Err(NutFault::Magic),
        }
        let mut reader = Self {
            input,
            codes: Box::new([NO_CODE; 256]),
            bases: Vec::new(),
            elided: Vec::new(),
            streams: Vec::new(),
            ahead: None,
        };
        reader.ahead = reader.packets()?;
        match reader.streams.is_empty() {
            true => Err(NutFault::Absent("stream header")),
            false => Ok(reader),
        }
    }

    /// The streams, by their numbers.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// Reads the next frame into `data`; nothing at the end. A frame of another length than that of `data` is a fault.
    ///
    /// # Errors
    /// Bytes that are no frame, and an end inside of one.
    pub fn next(&mut self, data: &mut [u8]) -> Result<Option<NutFrame>, NutFault> {
        let expected = data.len();
        let first = match self.ahead.take() {
            Some(byte) => Some(byte),
            None => self.packets()?,
        };
        let Some(first) = first else { return Ok(None) };
        let (frame, size, elided) = self.frame_header(first)?;
        let prefix = usize::try_from(elided).ok().and_then(|i| self.elided.get(i));
        let prefix = prefix.ok_or(NutFault::Value("number of an elided header"))?;
        let (begin, rest) = match data.split_at_mut_checked(prefix.len()) {
            Some(parts) if size == expected as u64 => parts,
            _ => return Err(NutFault::Length { found: size, expected }),
        };
        begin.copy_from_slice(prefix);
        let missing = self.input.fill(rest)?;
        if missing > 0 {
            return Err(NutFault::Cut { found: expected - missing, expected });
        }
        Ok(Some(frame))
    }

    /// Reads packets up to the first byte of a frame, which is returned; nothing at the end.
    fn packets(&mut self) -> Result<Option<u8>, NutFault> {
        loop {
            self.input.sum = 0;
            let Some(first) = self.input.byte_or_end()? else { return Ok(None) };
            if first != b'N' {
                return Ok(Some(first));
            }
            self.packet(first)?;
        }
    }

    fn packet(&mut self, first: u8) -> Result<(), NutFault> {
        let mut code = [first, 0, 0, 0, 0, 0, 0, 0];
        for byte in code.iter_mut().skip(1) {
            *byte = self.input.byte()?;
        }
        let length = self.input.number()?;
        if length > LONG {
            self.input.checksum("packet's length")?;
        }
        let content = length.checked_sub(4).ok_or(NutFault::Value("length of a packet"))?;
        let name = match u64::from_be_bytes(code) {
            MAIN => "main header",
            STREAM => "stream header",
            SYNC_POINT => "point where reading may begin",
            INFO | INDEX => return self.skip(length),
            _ => return Err(NutFault::Value("start code of a packet")),
        };
        if content > MAX_HEADER {
            return Err(NutFault::Value("length of a header"));
        }
        let mut bytes = Vec::new();
        let got = (&mut self.input.inner).take(content).read_to_end(&mut bytes)?;
        if (got as u64) < content {
            return Err(NutFault::Absent("rest of a header"));
        }
        self.input.sum = checksum(0, &bytes);
        self.input.checksum(name)?;
        let mut fields = Input { inner: &bytes[..], sum: 0 };
        match u64::from_be_bytes(code) {
            // Headers come again from time to time, for whoever begins in the middle.
            MAIN if self.bases.is_empty() => self.main_header(&mut fields),
            STREAM => self.stream_header(&mut fields),
            SYNC_POINT => self.sync_point(&mut fields),
            _ => Ok(()),
        }
    }

    fn skip(&mut self, length: u64) -> Result<(), NutFault> {
        let mut rest = (&mut self.input.inner).take(length);
        match io::copy(&mut rest, &mut io::sink())? == length {
            true => Ok(()),
            false => Err(NutFault::Absent("rest of a packet")),
        }
    }

    fn main_header(&mut self, fields: &mut Input<&[u8]>) -> Result<(), NutFault> {
        let version = fields.number()?;
        if !(2..=4).contains(&version) {
            return Err(NutFault::Value("version"));
        }
        if version > 3 {
            fields.number()?;
        }
        let streams = fields.within(1..=MAX_STREAMS, "number of streams")?;
        let _greatest_distance = fields.number()?;
        let mut bases = Vec::new();
        for _ in 0..fields.within(1..=MAX_STREAMS, "number of time bases")? {
            let part = |fields: &mut Input<&[u8]>| fields.within(1..=i32::MAX as u64, "time base");
            bases.push((part(fields)?, part(fields)?));
        }
        self.read_codes(fields, streams)?;
        let mut elided = vec![Vec::new()];
        for _ in 0..fields.within(0..=127, "number of elided headers")? {
            let length = fields.within(0..=256, "length of an elided header")?;
            elided.push((0..length).map(|_| fields.byte()).collect::<Result<_, _>>()?);
        }
        (self.bases, self.elided) = (bases, elided);
        Ok(())
    }

    /// The table of frame codes, written as rows for several codes each.
    fn read_codes(&mut self, fields: &mut Input<&[u8]>, streams: u64) -> Result<(), NutFault> {
        let (mut at, mut row) = (0, Code { size_factor: 1, ..NO_CODE });
        while at < self.codes.len() {
            row.flags = fields.number()?;
            let given = fields.within(0..=64, "number of fields")?;
            let mut field = |i: u64| if i < given { fields.number().map(Some) } else { Ok(None) };
            row.pts_delta = field(0)?.map_or(row.pts_delta, signed);
            row.size_factor = field(1)?.unwrap_or(row.size_factor);
            row.stream = field(2)?.unwrap_or(row.stream);
            row.size = field(3)?.unwrap_or(0);
            row.reserved = field(4)?.unwrap_or(0);
            let count = field(5)?.unwrap_or(row.size_factor.saturating_sub(row.size));
            let _match_time = field(6)?;
            row.header = field(7)?.unwrap_or(row.header);
            for i in 8..given {
                field(i)?;
            }
            let whole = row.stream < streams && row.reserved <= 256 && (1..=256).contains(&count);
            if !whole {
                return Err(NutFault::Value("table of frame codes"));
            }
            for step in 0..count {
                // `N` begins packets, never a frame.
                at += usize::from(at == usize::from(b'N'));
                let code = self.codes.get_mut(at).ok_or(NutFault::Value("table of frame codes"))?;
                *code = Code { size: row.size.saturating_add(step), ..row };
                at += 1;
            }
        }
        Ok(())
    }

    fn stream_header(&mut self, fields: &mut Input<&[u8]>) -> Result<(), NutFault> {
        let number = fields.number()?;
        if number < self.streams.len() as u64 {
            return Ok(());
        }
        if number > self.streams.len() as u64 || number >= MAX_STREAMS {
            return Err(NutFault::Value("number of a stream"));
        }
        let video = fields.number()? == 0;
        fields.text()?;
        let base_at = fields.number()? as usize;
        let base = *self.bases.get(base_at).ok_or(NutFault::Value("time base"))?;
        let pts_shift = fields.within(0..=15, "form of times")? as u32;
        let (_distance, _delay, _flags) = (fields.number()?, fields.number()?, fields.number()?);
        fields.text()?;
        let (width, height) = if video { (fields.number()?, fields.number()?) } else { (0, 0) };
        self.streams.push(Stream { video, width, height, base, base_at, pts_shift, last_pts: 0 });
        Ok(())
    }

    /// Sets every stream's time to that of the point.
    fn sync_point(&mut self, fields: &mut Input<&[u8]>) -> Result<(), NutFault> {
        let value = fields.number()?;
        let bases = self.bases.len().max(1) as u64;
        let (ticks, at) = (value / bases, (value % bases) as usize);
        let (num, den) = *self.bases.get(at).ok_or(NutFault::Absent("main header"))?;
        for stream in &mut self.streams {
            let (to_num, to_den) = stream.base;
            let same = stream.base_at == at;
            let scaled = u128::from(ticks) * u128::from(num) * u128::from(to_den)
                / (u128::from(den) * u128::from(to_num)).max(1);
            let pts = if same { i64::try_from(ticks).ok() } else { i64::try_from(scaled).ok() };
            stream.last_pts = pts.ok_or(NutFault::Value("time"))?;
        }
        Ok(())
    }

    /// The frame, its length and the number of its elided header.
    fn frame_header(&mut self, first: u8) -> Result<(NutFrame, u64, u64), NutFault> {
        let code = *self.codes.get(usize::from(first)).unwrap_or(&NO_CODE);
        let input = &mut self.input;
        let mut flags = code.flags;
        if flags & INVALID != 0 {
            return Err(NutFault::Value("first byte of a frame"));
        }
        if flags & CODED != 0 {
            flags ^= input.number()?;
        }
        let number = if flags & STREAM_ID != 0 { input.number()? } else { code.stream };
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        let stream = self.streams.get_mut(number).ok_or(NutFault::Value("number of a stream"))?;
        let pts = match flags & CODED_PTS {
            0 => stream.last_pts.checked_add(code.pts_delta),
            _ => stream.whole_pts(input.number()?),
        };
        let pts = pts.filter(|p| *p >= 0).ok_or(NutFault::Value("time"))?;
        let msb = if flags & SIZE_MSB != 0 { input.number()? } else { 0 };
        let size = code.size_factor.checked_mul(msb).and_then(|s| s.checked_add(code.size));
        let size = size.ok_or(NutFault::Value("length of a frame"))?;
        if flags & MATCH_TIME != 0 {
            input.number()?;
        }
        let header = if flags & HEADER_INDEX != 0 { input.number()? } else { code.header };
        let reserved =
            if flags & RESERVED != 0 { input.within(0..=256, "reserved values")? } else { code.reserved };
        for _ in 0..reserved {
            input.number()?;
        }
        if flags & CHECKSUM != 0 {
            input.checksum("frame's header")?;
        }
        if flags & META != 0 {
            return Err(NutFault::Value("metadata of a frame"));
        }
        stream.last_pts = pts;
        Ok((NutFrame { stream: number, pts }, size, header))
    }
}

impl Stream {
    /// The time that a coded one stands for: its lower bits near the last one, or all of it.
    fn whole_pts(&self, coded: u64) -> Option<i64> {
        let span = 1i64 << self.pts_shift;
        let coded = i64::try_from(coded).ok()?;
        if coded >= span {
            return coded.checked_sub(span);
        }
        let least = self.last_pts.checked_sub((span - 1) / 2)?;
        Some((coded.checked_sub(least)? & (span - 1)) + least)
    }
}

/// A number whose sign is in its lowest bit.
fn signed(value: u64) -> i64 {
    let half = (value / 2 + value % 2) as i64;
    if value % 2 == 1 { half } else { -half }
}

/// Reads numbers and sums up what was read.
#[derive(Debug)]
struct Input<R> {
    inner: R,
    sum: u32,
}

impl<R: BufRead> Input<R> {
    fn byte_or_end(&mut self) -> Result<Option<u8>, NutFault> {
        let mut byte = [0];
        loop {
            match self.inner.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        self.sum = checksum(self.sum, &byte);
        let [byte] = byte;
        Ok(Some(byte))
    }

    /// Reads until `data` is full or the input ends, without summing up; how many bytes are missing.
    fn fill(&mut self, mut data: &mut [u8]) -> Result<usize, NutFault> {
        while !data.is_empty() {
            match self.inner.read(data) {
                Ok(0) => break,
                Ok(got) => data = data.get_mut(got..).unwrap_or_default(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(data.len())
    }

    fn byte(&mut self) -> Result<u8, NutFault> {
        self.byte_or_end()?.ok_or(NutFault::Absent("rest of a header"))
    }

    /// Seven bits a byte, the highest first, the eighth bit in all but the last.
    fn number(&mut self) -> Result<u64, NutFault> {
        let mut value = 0u64;
        loop {
            let byte = self.byte()?;
            if value >> 57 != 0 {
                return Err(NutFault::Value("number"));
            }
            value = (value << 7) | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
    }

    fn within(&mut self, range: std::ops::RangeInclusive<u64>, what: &'static str) -> Result<u64, NutFault> {
        let value = self.number()?;
        if range.contains(&value) { Ok(value) } else { Err(NutFault::Value(what)) }
    }

    /// Passes over bytes that have their length before them.
    fn text(&mut self) -> Result<(), NutFault> {
        for _ in 0..self.within(0..=MAX_HEADER, "length of a text")? {
            self.byte()?;
        }
        Ok(())
    }

    /// Reads a checksum and compares it with that of what was read.
    fn checksum(&mut self, name: &'static str) -> Result<(), NutFault> {
        let sum = self.sum;
        let mut said = [0; 4];
        for byte in &mut said {
            *byte = self.byte()?;
        }
        if u32::from_be_bytes(said) == sum { Ok(()) } else { Err(NutFault::Checksum(name)) }
    }
}
