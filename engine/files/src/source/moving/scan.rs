//! When the pictures of a moving picture are shown, read from the file's blocks without decoding any.

use std::time::Duration;

use crate::source::Rate;

/// What a picture without a time of its own is shown for, and what browsers make of times too short to be meant.
pub(super) const USUAL: Duration = Duration::from_millis(100);

/// Times below this are not meant.
const SHORTEST: Duration = Duration::from_millis(11);

/// A form of file that can hold a moving picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Gif,
    Png,
    WebP,
}

impl Form {
    /// The form of a file that begins so.
    pub(crate) fn sniff(head: &[u8]) -> Option<Self> {
        match head {
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            _ => None,
        }
    }
}

/// How long each picture is shown, and how often all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timing {
    /// For each picture that the file begins.
    pub(crate) delays: Vec<Duration>,
    /// How often viewers show them; nothing for ever on.
    pub(crate) plays: Option<u32>,
    /// Whether the file is shorter than it says.
    pub(crate) cut: bool,
}

impl Timing {
    /// Reads a file as far as it goes. Takes any bytes; what is not as it should be ends the reading.
    pub(crate) fn scan(form: Form, bytes: &[u8]) -> Self {
        let mut timing = Self { delays: Vec::new(), plays: Some(1), cut: false };
        // An end in the middle is found when the pictures are decoded.
        let _ended = match form {
            Form::Gif => timing.gif(bytes),
            Form::Png => timing.png(bytes),
            Form::WebP => timing.webp(bytes),
        };
        timing
    }

    /// Pictures a second on average.
    pub(crate) fn rate(&self) -> Rate {
        let total: Duration = self.delays.iter().sum();
        let millis = u64::try_from(total.as_millis()).unwrap_or(u64::MAX);
        Rate::reduced(self.delays.len() as u64 * 1000, millis).unwrap_or(Rate::DEFAULT)
    }

    fn add(&mut self, delay: Duration) {
        self.delays.push(if delay < SHORTEST { USUAL } else { delay });
    }

    fn gif(&mut self, bytes: &[u8]) -> Option<()> {
        let table = |flags: u8| if flags & 0x80 != 0 { 3usize << ((flags & 7) + 1) } else { 0 };
        let mut rest = bytes.get(13 + table(*bytes.get(10)?)..)?;
        let mut delay = Duration::ZERO;
        loop {
            let (&kind, after) = rest.split_first()?;
            rest = match kind {
                b'!' => {
                    let (&label, after) = after.split_first()?;
                    match (label, after) {
                        (0xf9, [4, _, low, high, ..]) => {
                            delay = Duration::from_millis(u64::from(u16::from_le_bytes([*low, *high])) * 10);
                        }
                        (0xff, [11, name @ ..]) if name.starts_with(b"NETSCAPE2.0\x03\x01") => {
                            let times = u16::from_le_bytes([*name.get(13)?, *name.get(14)?]);
                            self.plays = (times > 0).then(|| u32::from(times) + 1);
                        }
                        _ => {}
                    }
                    blocks(after)?
                }
                b',' => {
                    let data = after.get(9 + table(*after.get(8)?) + 1..)?;
                    self.add(std::mem::take(&mut delay));
                    blocks(data)?
                }
                _ => return None,
            };
        }
    }

    fn png(&mut self, bytes: &[u8]) -> Option<()> {
        let mut rest = bytes.get(8..)?;
        loop {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (kind, after) = after.split_first_chunk::<4>()?;
            let length = u32::from_be_bytes(*length) as usize;
            match (kind, after) {
                (b"acTL", [_, _, _, _, plays @ ..]) => {
                    let plays = u32::from_be_bytes(*plays.first_chunk()?);
                    self.plays = (plays > 0).then_some(plays);
                }
                (b"fcTL", _) => {
                    let delay = after.get(20..24)?;
                    let (num, den) = delay.split_first_chunk::<2>()?;
                    let (num, den) = (u16::from_be_bytes(*num), u16::from_be_bytes(*den.first_chunk()?));
                    let den = if den == 0 { 100 } else { den };
                    self.add(Duration::from_micros(u64::from(num) * 1_000_000 / u64::from(den)));
                }
                _ => {}
            }
            rest = after.get(length.checked_add(4)?..)?;
        }
    }

    fn webp(&mut self, bytes: &[u8]) -> Option<()> {
        let length = u32::from_le_bytes(*bytes.get(4..)?.first_chunk()?) as usize;
        self.cut = bytes.len() < length.saturating_add(8);
        let mut rest = bytes.get(12..)?;
        loop {
            let (kind, after) = rest.split_first_chunk::<4>()?;
            let (length, after) = after.split_first_chunk::<4>()?;
            let length = u32::from_le_bytes(*length) as usize;
            match (kind, after) {
                (b"ANIM", [_, _, _, _, low, high, ..]) => {
                    let plays = u16::from_le_bytes([*low, *high]);
                    self.plays = (plays > 0).then(|| u32::from(plays));
                }
                (b"ANMF", _) => {
                    let delay = after.get(12..15)?;
                    let millis = delay.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                    self.add(Duration::from_millis(millis));
                }
                _ => {}
            }
            rest = after.get(length.checked_add(length % 2)?..)?;
        }
    }
}

/// What follows a GIF's data blocks, each with its length before it, the last empty.
fn blocks(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (&length, after) = bytes.split_first()?;
        if length == 0 {
            return Some(after);
        }
        bytes = after.get(usize::from(length)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FORMS: [Form; 3] = [Form::Gif, Form::Png, Form::WebP];

    #[test]
    fn times_too_short_to_be_meant_are_those_of_browsers() {
        let mut timing = Timing { delays: Vec::new(), plays: None, cut: false };
        for ms in [0, 10, 20, 500] {
            timing.add(Duration::from_millis(ms));
        }
        assert_eq!(timing.delays.iter().map(Duration::as_millis).collect::<Vec<_>>(), [100, 100, 20, 500]);
        assert_eq!(timing.rate().to_string(), "50/9");
    }

    proptest! {
        #[test]
        fn any_bytes_end_without_panic(which in 0usize..3, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            drop(Timing::scan(FORMS[which], &bytes));
        }
    }
}
