//! Writing one stream of raw pictures.

use std::io::{self, Write};

use super::{CHECKSUM, CODED_PTS, FILE_ID, INFO, INVALID, KEY, MAIN, SIZE_MSB, STREAM, SYNC_POINT, checksum};
use crate::source::Rate;
use omote_frame::PixelFormat;

/// The greatest distance between two points where reading can begin. Each picture has one before it.
const MAX_DISTANCE: u64 = 65_535;

/// The code that every frame begins with.
const CODE: u8 = 1;

/// Bits of a time that would be enough near the last one; times are always written whole.
const PTS_SHIFT: u64 = 7;

/// What the pictures of a stream are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawVideo {
    /// Format of every picture.
    pub format: PixelFormat,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Times count in this part of a second.
    pub ticks: u32,
    /// Pictures a second as they are meant; their times may differ from it.
    pub rate: Rate,
}

impl RawVideo {
    /// The four letters by which ffmpeg knows the samples' order. The fourth byte of [`PixelFormat::Bgra`] is
    /// left out of account.
    fn letters(&self) -> [u8; 4] {
        match self.format {
            PixelFormat::I420 => *b"I420",
            PixelFormat::I422 => *b"Y42B",
            PixelFormat::I444 => *b"444P",
            PixelFormat::Nv12 => *b"NV12",
            PixelFormat::Yuyv => *b"YUY2",
            PixelFormat::Bgra => *b"BGR\0",
            PixelFormat::Rgb => *b"RGB\x18",
        }
    }
}

/// Writes pictures in the order of their times.
#[derive(Debug)]
pub struct NutWriter<W> {
    out: W,
}

impl<W: Write> NutWriter<W> {
    /// Writes the headers.
    pub fn new(mut out: W, video: &RawVideo) -> io::Result<Self> {
        let mut bytes = FILE_ID.to_vec();
        packet(&mut bytes, MAIN, &main_header(video));
        packet(&mut bytes, STREAM, &stream_header(video));
        packet(&mut bytes, INFO, &stream_info(video));
        out.write_all(&bytes)?;
        Ok(Self { out })
    }

    /// Writes what stands before a picture of `length` bytes that is shown `ticks` after the start; the picture
    /// itself goes to [`NutWriter::data`].
    pub fn begin(&mut self, ticks: u64, length: u64) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(64);
        let mut point = Vec::with_capacity(16);
        number(&mut point, ticks);
        number(&mut point, 0);
        packet(&mut bytes, SYNC_POINT, &point);
        let start = bytes.len();
        bytes.push(CODE);
        number(&mut bytes, ticks.saturating_add(1 << PTS_SHIFT));
        number(&mut bytes, length);
        let sum = checksum(0, bytes.get(start..).unwrap_or_default());
        bytes.extend(sum.to_be_bytes());
        self.out.write_all(&bytes)
    }

    /// Where the picture's bytes go.
    pub fn data(&mut self) -> &mut W {
        &mut self.out
    }
}

fn main_header(video: &RawVideo) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in [3, 1, MAX_DISTANCE, 1, 1, u64::from(video.ticks)] {
        number(&mut bytes, value);
    }
    // Rows of the table of frame codes: flags, then the fields: distance in time, factor of the length, stream,
    // least length, reserved values, and for how many codes it holds.
    for (flags, factor, count) in
        [(INVALID, 0, 1), (KEY | CODED_PTS | SIZE_MSB | CHECKSUM, 1, 1), (INVALID, 0, 253)]
    {
        for value in [flags, 6, 0, factor, 0, 0, 0, count] {
            number(&mut bytes, value);
        }
    }
    // No elided headers.
    number(&mut bytes, 0);
    bytes
}

fn stream_header(video: &RawVideo) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Stream 0, of pictures.
    number(&mut bytes, 0);
    number(&mut bytes, 0);
    text(&mut bytes, &video.letters());
    // Time base 0, then the times' form; nothing is reordered; no flags, no data of the codec's own.
    for value in [0, PTS_SHIFT, 1 << PTS_SHIFT, 0, 0, 0] {
        number(&mut bytes, value);
    }
    // Size, the pixels' shape, and the kind of colours, of which nothing is said.
    for value in [u64::from(video.width), u64::from(video.height), 1, 1, 0] {
        number(&mut bytes, value);
    }
    bytes
}

/// What ffmpeg takes the nominal rate from.
fn stream_info(video: &RawVideo) -> Vec<u8> {
    let mut bytes = Vec::new();
    // For stream 0, for all of its time; one entry, which is text (-1).
    for value in [1, 0, 0, 0, 1] {
        number(&mut bytes, value);
    }
    text(&mut bytes, b"r_frame_rate");
    number(&mut bytes, 2);
    text(&mut bytes, format!("{}/{}", video.rate.num(), video.rate.den()).as_bytes());
    bytes
}

/// Adds a packet with its checksum. None is as long as to need a second one.
fn packet(bytes: &mut Vec<u8>, code: u64, content: &[u8]) {
    bytes.extend(code.to_be_bytes());
    number(bytes, content.len() as u64 + 4);
    bytes.extend(content);
    bytes.extend(checksum(0, content).to_be_bytes());
}

fn text(bytes: &mut Vec<u8>, text: &[u8]) {
    number(bytes, text.len() as u64);
    bytes.extend(text);
}

/// Adds a number: seven bits a byte, the highest first, the eighth bit in all but the last.
pub(super) fn number(bytes: &mut Vec<u8>, value: u64) {
    let groups = (64 - value.leading_zeros()).div_ceil(7).max(1);
    for i in (0..groups).rev() {
        let group = (value >> (7 * i)) as u8 & 0x7f;
        bytes.push(if i > 0 { group | 0x80 } else { group });
    }
}
