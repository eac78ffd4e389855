//! What an AVIF or HEIC file says of its picture beside the coded data: size, turn, colours, and how far it reaches.
//! (ISO/IEC 14496-12 and 23008-12.)

use super::ToSrgb;
use super::profile::Inks;

/// The main picture's properties.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    /// Columns and rows as coded, before turning.
    pub(super) size: Option<(u32, u32)>,
    /// Quarter turns to the left, 0..=3.
    pub(super) turn: u8,
    /// Then exchanged: top and bottom (0), or left and right (1).
    pub(super) mirror: Option<u8>,
    /// Whether its transparency is a picture of its own.
    pub(super) alpha: bool,
    /// From its samples to sRGB, where they are none.
    pub(super) colour: Option<ToSrgb>,
    /// The file's bytes that hold it, as far as they are named.
    pub(super) extents: Vec<(usize, usize)>,
}

impl About {
    /// Looks through the boxes; what is not understood is left out.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let Some(meta) = find(bytes, b"meta").and_then(|b| b.get(4..)) else { return Self::default() };
        let item = find(meta, b"pitm").and_then(|b| match b.first()? {
            0 => number(b.get(4..6)?),
            _ => number(b.get(4..8)?),
        });
        let Some(item) = item else { return Self::default() };
        let mut about = Self::default();
        if let Some(properties) = find(meta, b"iprp")
            && let Some(all) = find(properties, b"ipco")
            && let Some(which) = find(properties, b"ipma").and_then(|b| properties_of(b, item))
        {
            let all: Vec<_> = boxes(all).collect();
            let has_alpha = |body: &[u8]| body.windows(6).any(|w| w == b":alpha");
            about.alpha = all.iter().any(|(kind, body)| *kind == b"auxC" && has_alpha(body));
            let chosen = which.into_iter().filter_map(|i| all.get(i.checked_sub(1)?));
            chosen.for_each(|(kind, body)| about.add_property(kind, body));
        }
        if let Some(places) = find(meta, b"iloc") {
            about.extents = extents(places, item).unwrap_or_default();
        }
        about
    }

    fn add_property(&mut self, kind: &[u8; 4], body: &[u8]) {
        let long = |at: usize| body.get(at..at + 4).and_then(number).map(|v| v as u32);
        match kind {
            b"ispe" => self.size = long(4).zip(long(8)),
            b"irot" => self.turn = body.first().map_or(0, |b| b & 3),
            b"imir" => self.mirror = body.first().map(|b| b & 1),
            b"colr" => match body.split_first_chunk::<4>() {
                Some((b"prof" | b"rICC", icc)) => self.colour = ToSrgb::from_icc(icc, Inks::Rgb),
                Some((b"nclx", rest)) if self.colour.is_none() => {
                    let short = |at: usize| rest.get(at..at + 2).and_then(number).map(|v| v as u8);
                    self.colour = short(0).zip(short(2)).and_then(|(p, t)| ToSrgb::by_numbers(p, t));
                }
                _ => {}
            },
            _ => {}
        }
    }
}

/// A big-endian number of up to eight bytes.
fn number(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |sum, b| sum << 8 | u64::from(*b)))
}

/// The boxes one after the other: kind and contents.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let length = number(bytes.get(..4)?)?;
        let kind = bytes.get(4..)?.first_chunk::<4>()?;
        let (head, length) = match length {
            0 => (8, bytes.len() as u64),
            1 => (16, number(bytes.get(8..16)?)?),
            length => (8, length),
        };
        // The last one may be cut short; what there is of it is given.
        let end = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len());
        let body = bytes.get(head..end.max(head))?;
        bytes = bytes.get(end.max(head)..)?;
        Some((kind, body))
    })
}

fn find<'b>(bytes: &'b [u8], wanted: &[u8; 4]) -> Option<&'b [u8]> {
    boxes(bytes).find(|(kind, _)| *kind == wanted).map(|(_, body)| body)
}

/// Takes a number of so many bytes off the front.
fn eat(from: &mut &[u8], bytes: usize) -> Option<u64> {
    let (head, rest) = from.split_at_checked(bytes)?;
    *from = rest;
    number(head)
}

/// The properties of an item, as places in the list that count from 1.
fn properties_of(body: &[u8], wanted: u64) -> Option<Vec<usize>> {
    let (version, wide) = (*body.first()?, body.get(3)? & 1 == 1);
    let rest = &mut body.get(4..)?;
    for _ in 0..eat(rest, 4)? {
        let item = eat(rest, if version == 0 { 2 } else { 4 })?;
        let count = eat(rest, 1)?;
        let mut list = Vec::new();
        for _ in 0..count {
            let (size, mask) = if wide { (2, 0x7fff) } else { (1, 0x7f) };
            list.push((eat(rest, size)? & mask) as usize);
        }
        if item == wanted {
            return Some(list);
        }
    }
    None
}

/// Where in the file an item's data lie: from, to.
fn extents(body: &[u8], wanted: u64) -> Option<Vec<(usize, usize)>> {
    let version = *body.first()?;
    let rest = &mut body.get(4..)?;
    let sizes = eat(rest, 2)?;
    let size = |shift: u32| (sizes >> shift & 15) as usize;
    let (offset, length, base, index) = (size(12), size(8), size(4), if version > 0 { size(0) } else { 0 });
    let wide = if version < 2 { 2 } else { 4 };
    for _ in 0..eat(rest, wide)? {
        let item = eat(rest, wide)?;
        let in_file = version == 0 || eat(rest, 2)? & 15 == 0;
        eat(rest, 2)?;
        let start = eat(rest, base)?;
        let mut list = Vec::new();
        for _ in 0..eat(rest, 2)? {
            eat(rest, index)?;
            let from = start.checked_add(eat(rest, offset)?)?;
            let to = from.checked_add(eat(rest, length)?)?;
            list.push((usize::try_from(from).ok()?, usize::try_from(to).ok()?));
        }
        if item == wanted {
            return in_file.then_some(list);
        }
    }
    None
}
