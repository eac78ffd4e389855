//! YUV4MPEG2 files: the planes as they are, in BT.601.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fault::SinkFault;
use super::planar::{planar, planar_format, video_colour, write_planes};
use super::{Encoder, Limits, SinkSpec};
use crate::badge::Disclosure;
use crate::frame::{Colour, Frame, Matrix, PixelFormat, Range};
use crate::output::{Existing, Options, OutputFile, reopen};
use crate::source::Rate;

/// A `.y4m` file. Its format and range are those of the first frame; 4:2:0, 4:2:2 and 4:4:4 samples in
/// BT.601 are written bit for bit, R'G'B' as 4:2:0 in limited range.
#[derive(Debug)]
pub(super) struct Y4m {
    out: BufWriter<OutputFile>,
    rate: Rate,
    shape: Option<(PixelFormat, Colour)>,
    frames: u64,
    /// Bytes of the header, and of a frame with its own.
    lengths: (u64, u64),
}

impl Y4m {
    pub(super) fn new(path: &Path, spec: &SinkSpec, existing: Existing) -> Result<Self, SinkFault> {
        let file = OutputFile::create(path, Options { existing, ..Options::default() })?;
        let out = BufWriter::with_capacity(1 << 20, file);
        Ok(Self { out, rate: spec.rate, shape: None, frames: 0, lengths: (0, 0) })
    }
}

/// Before each frame.
const MARK: &[u8] = b"FRAME\n";

/// The header for frames like this one, and how they are written.
fn begin(frame: &Frame, rate: Rate) -> (String, PixelFormat, Colour) {
    let format = planar_format(frame.format());
    let colour = match frame.format().is_yuv() {
        true => Colour { matrix: Matrix::Bt601, range: frame.colour().range },
        false => video_colour(Matrix::Bt601),
    };
    let pixels = match format {
        PixelFormat::I422 => "422",
        PixelFormat::I444 => "444",
        _ => "420jpeg",
    };
    let range = match colour.range {
        Range::Full => "FULL",
        Range::Limited => "LIMITED",
    };
    let (width, height) = (frame.width(), frame.height());
    let (num, den) = (rate.num(), rate.den());
    let header = format!("YUV4MPEG2 W{width} H{height} F{num}:{den} Ip A1:1 C{pixels} XCOLORRANGE={range}\n");
    (header, format, colour)
}

impl Encoder for Y4m {
    fn write(&mut self, frame: &Frame, _: Disclosure, _: Duration) -> Result<(), SinkFault> {
        let (path, frames) = (self.out.get_ref().target().to_owned(), self.frames);
        let failed = |e| SinkFault::io(&path, frames, e);
        let (format, colour) = match self.shape {
            Some(shape) => shape,
            None => {
                let (header, format, colour) = begin(frame, self.rate);
                self.out.write_all(header.as_bytes()).map_err(failed)?;
                let planes = Frame::byte_len(format, frame.width(), frame.height());
                self.lengths = (header.len() as u64, (MARK.len() + planes) as u64);
                *self.shape.insert((format, colour))
            }
        };
        let frame = planar(frame, format, colour).map_err(|cause| SinkFault::Convert {
            path: path.clone(),
            frame: frames,
            cause,
        })?;
        self.out.write_all(MARK).map_err(failed)?;
        write_planes(&frame, &mut self.out).map_err(failed)?;
        // So that a recording that breaks off has all whole frames in its file.
        self.out.flush().map_err(failed)?;
        self.frames += 1;
        Ok(())
    }

    fn limits(&self) -> Limits {
        Limits { no_times: Some(".y4m"), no_sound: Some(".y4m") }
    }

    fn finish(self: Box<Self>, _: &mut Vec<String>) -> Result<PathBuf, SinkFault> {
        let Self { mut out, frames, .. } = *self;
        out.flush().map_err(|e| SinkFault::io(out.get_ref().target(), frames, e))?;
        // Nothing is left in the buffer.
        let (out, _) = out.into_parts();
        Ok(out.keep()?)
    }

    fn break_off(self: Box<Self>) -> Result<PathBuf, SinkFault> {
        let Self { out, frames, lengths: (header, frame), .. } = *self;
        // What is still in memory can't be written, or is part of a frame.
        let (out, _) = out.into_parts();
        if out.is_stream() {
            return Ok(out.keep_incomplete()?);
        }
        let failed = |e| SinkFault::io(out.target(), frames, e);
        let file = reopen(out.path()).map_err(failed)?;
        let whole = file.metadata().map_err(failed)?.len().saturating_sub(header).checked_div(frame);
        match whole {
            Some(frames @ 1..) => file.set_len(header + frames * frame).map_err(failed)?,
            _ => return Err(SinkFault::Nothing { path: out.target().into() }),
        }
        Ok(out.keep_incomplete()?)
    }

    fn working(&self) -> &Path {
        self.out.get_ref().path()
    }
}
