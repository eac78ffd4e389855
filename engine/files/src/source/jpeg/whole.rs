//! Whether a JPEG's scans hold all of its picture.
//!
//! libjpeg fills what is missing with grey and says nothing. So the entropy-coded data of a photo are walked symbol by
//! symbol, without decoding them (ITU-T T.81, annexes F and G): every block of every scan must be there, in words that
//! the file's own tables know, and nothing may be left over.

use std::collections::HashMap;

/// What a JPEG lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// The data of the only scan end in this row of so many.
    #[error("its data end in row {row} of {of}")]
    Row { row: u32, of: u32 },
    /// The data of one scan of several end too early, or a scan is not there.
    #[error("its data end before the picture is whole")]
    Scan,
    /// A word that is none, or more data than there is picture.
    #[error("its data make no sense in row {row} of {of}")]
    Nonsense { row: u32, of: u32 },
    /// More passes over the picture than any program makes.
    #[error("it goes over its picture {scans} times, which is no photo")]
    Passes { scans: usize },
}

/// What the walk found where nothing lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// Every block is there. The picture's bytes end here, behind the end marker where there is one.
    Yes { end: usize },
    /// It is coded in a way that is not walked (arithmetic, lossless, hierarchical, tables that are not in the file).
    Unknown,
}

/// Blocks that all scans together may go over: 32 times those of the largest picture.
const MOST_BLOCKS: u64 = 32 * 3 * (8192 / 8) * (8192 / 8);
/// Scans that any picture may have.
const MOST_SCANS: usize = 1000;
/// Zero bytes in a row that no coefficients give.
const HOLE: usize = 64;
/// Bytes that may be left over behind a scan's last block, beside zeros and FF.
const LEFT_OVER: usize = 32;

/// Walks the first picture of `bytes`.
pub(crate) fn check(bytes: &[u8]) -> Result<Whole, Gap> {
    let mut walk = Walk { bytes, ..Walk::default() };
    match walk.run() {
        Ok(end) => Ok(Whole::Yes { end }),
        Err(Stop::Gap(gap)) => Err(gap),
        Err(Stop::Unknown) => Ok(Whole::Unknown),
    }
}

/// Whether the picture in `bytes` is progressive: it comes in several scans, and a cut one lacks detail, not rows. Reads
/// headers only, and stops where they end or make no sense, which libjpeg notices too.
///
/// # Errors
/// [`Gap::Passes`] where its scans would keep a decoder at work for minutes.
pub(crate) fn check_passes(bytes: &[u8]) -> Result<bool, Gap> {
    let mut walk = Walk { bytes, at: 2, ..Walk::default() };
    match walk.passes() {
        Err(Stop::Gap(gap @ Gap::Passes { .. })) => Err(gap),
        _ => Ok(walk.progressive),
    }
}

enum Stop {
    Gap(Gap),
    Unknown,
}

impl From<Gap> for Stop {
    fn from(gap: Gap) -> Self {
        Self::Gap(gap)
    }
}

#[derive(Clone, Debug, Default)]
struct Component {
    id: u8,
    across: usize,
    down: usize,
    /// Blocks in a scan of its own.
    blocks: (usize, usize),
    /// Blocks in a row of whole units.
    stride: usize,
    /// For each block, which coefficients are not zero so far: a later pass has a bit for each of these.
    set: Vec<u64>,
    /// For each coefficient, the lowest bit that was given; 255 for none.
    given: Vec<u8>,
}

/// Which bits and coefficients a scan gives.
#[derive(Clone, Copy, Debug)]
struct Band {
    first: usize,
    last: usize,
    high: u8,
    low: u8,
}

#[derive(Default)]
struct Walk<'b> {
    bytes: &'b [u8],
    at: usize,
    width: usize,
    height: usize,
    progressive: bool,
    units: (usize, usize),
    components: Vec<Component>,
    /// Tables as the file has them: lengths and symbols, by class and number.
    tables: HashMap<u8, Vec<u8>>,
    interval: usize,
    scans: usize,
    gone_over: u64,
}

impl Walk<'_> {
    /// Where the picture ends.
    fn run(&mut self) -> Result<usize, Stop> {
        self.at = 2;
        loop {
            let Some(marker) = self.next_marker() else {
                return if self.complete() { Ok(self.bytes.len()) } else { Err(self.short(0)) };
            };
            match marker {
                0xd9 if self.complete() || (self.progressive && self.scans > 0) => return Ok(self.at),
                0xd9 => return Err(self.short(0)),
                0xd8 | 0x01 | 0xd0..=0xd7 => continue,
                _ => {}
            }
            let length = self.word(self.at).unwrap_or(0);
            let from = self.at + 2;
            let to = self.at + length;
            let Some(segment) = self.bytes.get(from..to) else { return Err(self.short(0)) };
            self.at = to;
            match marker {
                0xc0..=0xc2 => self.frame(segment, marker == 0xc2)?,
                0xc4 => self.keep_tables(segment)?,
                0xc3 | 0xc5..=0xcf => return Err(Stop::Unknown),
                0xdd => self.interval = segment.first_chunk().map_or(0, |b| u16::from_be_bytes(*b).into()),
                0xda => self.scan(segment)?,
                _ => {}
            }
        }
    }

    /// Goes over all headers, and counts what the scans go over.
    fn passes(&mut self) -> Result<(), Stop> {
        while let Some(marker) = self.next_marker() {
            if matches!(marker, 0xd8 | 0x01 | 0xd0..=0xd7) {
                continue;
            }
            let to = self.at + self.word(self.at).unwrap_or(0);
            let segment = match self.bytes.get(self.at + 2..to) {
                Some(segment) if marker != 0xd9 => segment,
                _ => return Ok(()),
            };
            self.at = to;
            match marker {
                0xc0..=0xc2 | 0xc9 | 0xca if self.components.is_empty() => {
                    // Not as a progressive one: no block's details are followed here.
                    let read = self.frame(segment, false);
                    self.progressive = marker == 0xc2;
                    read?;
                }
                0xda => {
                    let ids = segment.get(1..).unwrap_or_default().chunks(2).filter_map(|c| c.first());
                    let count = usize::from(segment.first().copied().unwrap_or(0));
                    let index = |id: &u8| self.components.iter().position(|c| c.id == *id);
                    let chosen: Vec<usize> = ids.take(count).filter_map(index).collect();
                    self.count_pass(&chosen)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Counts a scan over these components.
    fn count_pass(&mut self, chosen: &[usize]) -> Result<(usize, usize), Stop> {
        self.scans += 1;
        let only = match chosen {
            [only] => self.components.get(*only),
            _ => None,
        };
        let (across, down) = only.map_or(self.units, |component| component.blocks);
        self.gone_over += (across * down * chosen.len()) as u64;
        if self.scans > MOST_SCANS || self.gone_over > MOST_BLOCKS {
            return Err(Gap::Passes { scans: self.scans }.into());
        }
        Ok((across, down))
    }

    fn word(&self, at: usize) -> Option<usize> {
        Some(u16::from_be_bytes([*self.bytes.get(at)?, *self.bytes.get(at + 1)?]).into())
    }

    /// Steps behind the next marker.
    fn next_marker(&mut self) -> Option<u8> {
        loop {
            let rest = self.bytes.get(self.at..)?;
            self.at += rest.iter().position(|b| *b == 0xff)? + 1;
            while self.bytes.get(self.at) == Some(&0xff) {
                self.at += 1;
            }
            let code = *self.bytes.get(self.at)?;
            self.at += 1;
            if code != 0 {
                return Some(code);
            }
        }
    }

    /// The gap of data that end in this block row.
    fn short(&self, row: usize) -> Stop {
        match self.scans <= 1 && !self.progressive {
            true => Gap::Row { row: self.row(row), of: self.height as u32 }.into(),
            false => Gap::Scan.into(),
        }
    }

    fn nonsense(&self, row: usize) -> Stop {
        Gap::Nonsense { row: self.row(row), of: self.height as u32 }.into()
    }

    fn row(&self, units: usize) -> u32 {
        let most = self.components.iter().map(|c| c.down).max().unwrap_or(1);
        (units * most * 8).min(self.height) as u32
    }

    fn frame(&mut self, segment: &[u8], progressive: bool) -> Result<(), Stop> {
        let &[bits, h1, h0, w1, w0, count, ref rest @ ..] = segment else { return Err(Stop::Unknown) };
        if bits != 8 || !self.components.is_empty() || rest.len() < usize::from(count) * 3 {
            return Err(Stop::Unknown);
        }
        self.height = u16::from_be_bytes([h1, h0]).into();
        self.width = u16::from_be_bytes([w1, w0]).into();
        self.progressive = progressive;
        let most = |of: fn(u8) -> u8| {
            rest.chunks_exact(3).take(count.into()).filter_map(|c| c.get(1)).map(|f| of(*f)).max()
        };
        let (Some(across), Some(down)) = (most(|f| f >> 4), most(|f| f & 15)) else {
            return Err(Stop::Unknown);
        };
        let (across, down) = (usize::from(across), usize::from(down));
        let sane = (1..=8192).contains(&self.width) && (1..=8192).contains(&self.height);
        if !sane || !(1..=4).contains(&across) || !(1..=4).contains(&down) {
            return Err(Stop::Unknown);
        }
        self.units = (self.width.div_ceil(across * 8), self.height.div_ceil(down * 8));
        for part in rest.chunks_exact(3).take(count.into()) {
            let &[id, factors, _] = part else { continue };
            let (h, v) = (usize::from(factors >> 4), usize::from(factors & 15));
            if h == 0 || v == 0 {
                return Err(Stop::Unknown);
            }
            let blocks =
                ((self.width * h).div_ceil(across).div_ceil(8), (self.height * v).div_ceil(down).div_ceil(8));
            let stride = self.units.0 * h;
            let set = if progressive { vec![0; stride * self.units.1 * v] } else { vec![] };
            let given = vec![255; 64];
            self.components.push(Component { id, across: h, down: v, blocks, stride, set, given });
        }
        Ok(())
    }

    fn keep_tables(&mut self, mut segment: &[u8]) -> Result<(), Stop> {
        while let Some((&which, rest)) = segment.split_first() {
            let counts = rest.get(..16).ok_or_else(|| self.nonsense(0))?;
            let symbols: usize = counts.iter().map(|c| usize::from(*c)).sum();
            let table = rest.get(..16 + symbols).ok_or_else(|| self.nonsense(0))?;
            self.tables.insert(which, table.to_vec());
            segment = rest.get(16 + symbols..).unwrap_or_default();
        }
        Ok(())
    }

    fn complete(&self) -> bool {
        !self.components.is_empty()
            && self.components.iter().all(|component| component.given.iter().all(|bit| *bit == 0))
    }

    fn scan(&mut self, segment: &[u8]) -> Result<(), Stop> {
        let (&count, rest) = segment.split_first().ok_or_else(|| self.nonsense(0))?;
        let count = usize::from(count);
        let (chosen, tail) = rest.split_at_checked(count * 2).ok_or_else(|| self.nonsense(0))?;
        let &[first, last, bits] = tail.first_chunk().ok_or_else(|| self.nonsense(0))?;
        let band = match self.progressive {
            true => Band { first: first.into(), last: last.into(), high: bits >> 4, low: bits & 15 },
            false => Band { first: 0, last: 63, high: 0, low: 0 },
        };
        if band.last > 63 || band.first > band.last || !(1..=4).contains(&count) {
            return Err(self.nonsense(0));
        }
        let mut parts = Vec::new();
        for pair in chosen.chunks_exact(2) {
            let &[id, tables] = pair else { continue };
            let index = self.components.iter().position(|c| c.id == id).ok_or_else(|| self.nonsense(0))?;
            let needs_dc = band.first == 0 && band.high == 0;
            let needs_ac = band.last > 0;
            let table = |needed: bool, which: u8| match (needed, self.tables.get(&which)) {
                (true, Some(table)) => Table::parse(table).map(Some).ok_or_else(|| self.nonsense(0)),
                // Webcams leave the usual ones out.
                (true, None) => Err(Stop::Unknown),
                (false, _) => Ok(None),
            };
            parts.push((index, table(needs_dc, tables >> 4)?, table(needs_ac, 0x10 | (tables & 15))?));
        }
        let alone = parts.len() == 1;
        let chosen: Vec<usize> = parts.iter().map(|part| part.0).collect();
        let (across, down) = self.count_pass(&chosen)?;
        let mut bits = Bits::new(self.bytes, self.at);
        let mut run = 0u32;
        for unit in 0..across * down {
            if self.interval > 0 && unit > 0 && unit % self.interval == 0 {
                let number = (unit / self.interval - 1) % 8;
                match bits.restart(number as u8) {
                    Restart::There => run = 0,
                    Restart::End => return Err(self.short(unit / across)),
                    Restart::Another => return Err(self.nonsense(unit / across)),
                }
            }
            let (x, y) = (unit % across, unit / across);
            for (index, dc, ac) in &parts {
                let Some(component) = self.components.get_mut(*index) else { continue };
                let (h, v) = if alone { (1, 1) } else { (component.across, component.down) };
                for place in 0..h * v {
                    let at = (y * v + place / h) * component.stride + x * h + place % h;
                    let walked = match self.progressive {
                        false => bits.block(dc.as_ref(), ac.as_ref()),
                        true => {
                            let Some(set) = component.set.get_mut(at) else { continue };
                            bits.pass(band, dc.as_ref(), ac.as_ref(), set, &mut run)
                        }
                    };
                    if bits.over() {
                        return Err(self.short(y));
                    }
                    if walked.is_none() {
                        return Err(self.nonsense(y));
                    }
                }
            }
        }
        let (next, left) = bits.rest();
        // Zeros by the hundred are flat blocks where a 0 says that; elsewhere they are a hole.
        let flat = parts.iter().all(|(_, _, ac)| ac.as_ref().is_none_or(Table::zeros_are_flat));
        let scan = self.bytes.get(self.at..next).unwrap_or_default();
        let hole = !flat
            && scan
                .chunk_by(|a, b| (*a == 0) == (*b == 0))
                .any(|run| run.len() >= HOLE && run.first() == Some(&0));
        if left > LEFT_OVER || hole {
            return Err(self.nonsense(down));
        }
        self.at = next;
        for (index, ..) in &parts {
            if let Some(component) = self.components.get_mut(*index) {
                component.given.iter_mut().take(band.last + 1).skip(band.first).for_each(|b| *b = band.low);
            }
        }
        Ok(())
    }
}

/// A Huffman table: for each 16 bits that may come, the length of the word they begin with (0 for none) and its symbol.
struct Table(Vec<(u8, u8)>);

impl Table {
    fn parse(stored: &[u8]) -> Option<Self> {
        let (counts, mut symbols) = stored.split_at_checked(16)?;
        let mut words = Vec::with_capacity(1 << 16);
        for (length, count) in (1u8..).zip(counts) {
            for _ in 0..*count {
                let (&symbol, rest) = symbols.split_first()?;
                symbols = rest;
                words.extend(std::iter::repeat_n((length, symbol), 1 << (16 - length)));
                if words.len() > 1 << 16 {
                    return None;
                }
            }
        }
        words.resize(1 << 16, (0, 0));
        Some(Self(words))
    }
}

impl Table {
    /// Whether zero bits say that a block has no more coefficients.
    fn zeros_are_flat(&self) -> bool {
        self.0.first().is_some_and(|(_, symbol)| symbol & 15 == 0)
    }
}

enum Restart {
    There,
    End,
    Another,
}

/// Bits of a scan. Past its end come zeros, which are counted.
struct Bits<'b> {
    bytes: &'b [u8],
    /// The next byte that is not in `held` yet.
    at: usize,
    /// Where the bytes end that may be read: at the file's end, without the zeros that a broken copy leaves there.
    end: usize,
    held: u64,
    count: u32,
    /// Bits of `held` that are not the file's.
    made_up: u32,
}

impl<'b> Bits<'b> {
    fn new(bytes: &'b [u8], at: usize) -> Self {
        let tail = bytes.iter().rev().take_while(|b| **b == 0).count();
        Self { bytes, at, end: bytes.len() - tail, held: 0, count: 0, made_up: 0 }
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let byte = match self.bytes.get(self.at).filter(|_| self.at < self.end) {
                Some(0xff) if self.bytes.get(self.at + 1) == Some(&0) => {
                    self.at += 2;
                    0xff
                }
                Some(0xff) | None => {
                    self.made_up += 8;
                    0
                }
                Some(byte) => {
                    self.at += 1;
                    *byte
                }
            };
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// Whether more was read than there is.
    fn over(&self) -> bool {
        self.made_up > self.count
    }

    fn skip(&mut self, bits: u32) {
        if self.count < bits {
            self.fill();
        }
        self.count = self.count.saturating_sub(bits);
    }

    fn read_bits(&mut self, bits: u32) -> u32 {
        if self.count < bits {
            self.fill();
        }
        self.count -= bits.min(self.count);
        (self.held >> self.count) as u32 & ((1 << bits) - 1)
    }

    fn symbol(&mut self, table: &Table) -> Option<u8> {
        if self.count < 16 {
            self.fill();
        }
        let next = (self.held >> (self.count - 16)) as usize & 0xffff;
        let (length, symbol) = *table.0.get(next)?;
        self.count -= u32::from(length);
        (length > 0).then_some(symbol)
    }

    /// One block of a picture in one pass; none where its words make no sense.
    fn block(&mut self, dc: Option<&Table>, ac: Option<&Table>) -> Option<()> {
        let size = self.symbol(dc?)?;
        self.skip(u32::from(size & 15));
        let ac = ac?;
        let mut k = 1;
        while k < 64 {
            let symbol = self.symbol(ac)?;
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => k += 16,
                (_, 0) => return Some(()),
                _ => {
                    k += run + 1;
                    self.skip(size);
                }
            }
        }
        (k == 64).then_some(())
    }

    /// One block in one of several passes.
    fn pass(
        &mut self,
        band: Band,
        dc: Option<&Table>,
        ac: Option<&Table>,
        set: &mut u64,
        run: &mut u32,
    ) -> Option<()> {
        if band.first == 0 {
            if band.high > 0 {
                self.skip(1);
            } else {
                let size = self.symbol(dc?)?;
                self.skip(u32::from(size & 15));
            }
            return Some(());
        }
        if band.high == 0 { self.first(band, ac?, set, run) } else { self.refine(band, ac?, set, run) }
    }

    fn first(&mut self, band: Band, ac: &Table, set: &mut u64, run: &mut u32) -> Option<()> {
        if *run > 0 {
            *run -= 1;
            return Some(());
        }
        let mut k = band.first;
        while k <= band.last {
            let symbol = self.symbol(ac)?;
            let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            match (zeros, size) {
                (15, 0) => k += 16,
                (_, 0) => {
                    *run = (1 << zeros) + self.read_bits(zeros) - 1;
                    return Some(());
                }
                _ => {
                    k += zeros as usize;
                    if k > band.last {
                        return None;
                    }
                    self.skip(size);
                    *set |= 1 << k;
                    k += 1;
                }
            }
        }
        Some(())
    }

    fn refine(&mut self, band: Band, ac: &Table, set: &mut u64, run: &mut u32) -> Option<()> {
        let mut k = band.first;
        if *run == 0 {
            while k <= band.last {
                let symbol = self.symbol(ac)?;
                let (mut zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                if size == 0 && zeros < 15 {
                    *run = (1 << zeros) + self.read_bits(zeros);
                    break;
                }
                if size > 0 {
                    self.skip(1);
                }
                while k <= band.last {
                    if *set >> k & 1 == 1 {
                        self.skip(1);
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    k += 1;
                }
                if size > 0 {
                    if k > band.last {
                        return None;
                    }
                    *set |= 1 << k;
                }
                k += 1;
            }
        }
        if *run > 0 {
            for k in k..=band.last {
                if *set >> k & 1 == 1 {
                    self.skip(1);
                }
            }
            *run -= 1;
        }
        Some(())
    }

    /// Steps over a restart marker of this number.
    fn restart(&mut self, number: u8) -> Restart {
        let (next, left) = self.rest();
        if next + 1 >= self.end {
            return Restart::End;
        }
        let marker = self.bytes.get(next + 1).copied().unwrap_or(0);
        if marker != 0xd0 + number || left > LEFT_OVER {
            return if marker == 0xd9 { Restart::End } else { Restart::Another };
        }
        (self.at, self.held, self.count, self.made_up) = (next + 2, 0, 0, 0);
        Restart::There
    }

    /// Where the next marker stands, or the end, and how many bytes before it were not read, zeros and FF left out.
    fn rest(&self) -> (usize, usize) {
        let unread = self.count.saturating_sub(self.made_up) / 8;
        let byte = |i: u32| self.held >> (self.made_up + 8 * i) & 0xff;
        let mut left = (0..unread).filter(|i| !matches!(byte(*i), 0 | 0xff)).count();
        let mut at = self.at;
        while at < self.end {
            match (self.bytes.get(at), self.bytes.get(at + 1)) {
                (Some(0xff), Some(0)) => at += 2,
                (Some(0xff), Some(0xff)) => at += 1,
                (Some(0xff), Some(_)) => return (at, left),
                (Some(byte), _) => {
                    left += usize::from(!matches!(byte, 0 | 0xff));
                    at += 1;
                }
                (None, _) => break,
            }
        }
        (self.end, left)
    }
}
