//! A camera's uncompressed bytes, with whatever padding the driver put in, to a frame in pooled memory.

use super::decode::Payload;
use super::mode::RawFormat;
use crate::frame::{Colour, Frame, FrameError, PixelFormat};
use crate::pool::Pool;

/// How the bytes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawLayout {
    pub(crate) format: RawFormat,
    /// Pixels across.
    pub(crate) width: u32,
    /// Pixels down.
    pub(crate) height: u32,
    /// Bytes from one row of the first plane to the next; less than a row means no padding.
    pub(crate) stride: u32,
    /// How Y'CbCr samples are meant.
    pub(crate) colour: Colour,
}

/// Why bytes are no picture.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum RawFault {
    #[error("cut short: {got} of {needed} bytes")]
    Short { got: usize, needed: usize },
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// A plane in the camera's bytes and what becomes of it.
#[derive(Clone, Copy)]
struct Part {
    /// Bytes of a row that hold samples.
    row: usize,
    /// Bytes from one row to the next.
    stride: usize,
    rows: usize,
    /// Plane of the frame that it becomes.
    plane: usize,
}

impl RawLayout {
    /// The size of the frames: halved chroma needs even sides, a last odd row or column is left out.
    pub(crate) fn size(&self) -> (u32, u32) {
        let (x, y) = self.format.pixel_format().chroma_step();
        (self.width - self.width % x, self.height - self.height % y)
    }

    /// The planes in the order of the camera's bytes.
    fn parts(&self) -> ([Part; 3], usize) {
        let (width, height) = self.size();
        let (width, rows) = (width as usize, height as usize);
        let all = self.height as usize;
        let row = match self.format.pixel_format() {
            PixelFormat::Yuyv => width * 2,
            PixelFormat::Rgb => width * 3,
            PixelFormat::Bgra => width * 4,
            _ => width,
        };
        let whole = row / width.max(1) * self.width as usize;
        let stride = (self.stride as usize).max(whole);
        let first = Part { row, stride, rows: all, plane: 0 };
        let half = Part { row: width / 2, stride: stride.div_ceil(2), rows, plane: 1 };
        let quarter = Part { rows: all.div_ceil(2), ..half };
        let pairs = Part { row: width, stride, rows: all.div_ceil(2), plane: 1 };
        let none = Part { row: 0, stride: 0, rows: 0, plane: 0 };
        match self.format {
            RawFormat::Nv12 | RawFormat::Nv21 => ([first, pairs, none], 2),
            RawFormat::I420 => ([first, quarter, Part { plane: 2, ..quarter }], 3),
            RawFormat::Yv12 => ([first, Part { plane: 2, ..quarter }, quarter], 3),
            RawFormat::I422 => ([first, Part { rows: all, ..half }, Part { rows: all, plane: 2, ..half }], 3),
            _ => ([first, none, none], 1),
        }
    }

    /// The picture as a frame.
    ///
    /// # Errors
    /// [`RawFault`] where bytes are missing or the size is out of range. Bytes too many are left alone.
    pub(crate) fn frame(&self, payload: &(impl Payload + ?Sized), pool: &Pool) -> Result<Frame, RawFault> {
        let (width, height) = self.size();
        let format = self.format.pixel_format();
        let max = Frame::MAX_SIDE;
        if width == 0 || height == 0 || width > max || height > max {
            return Err(FrameError::Size { width, height, max }.into());
        }
        let (parts, count) = self.parts();
        let parts = parts.get(..count).unwrap_or_default();
        let all: usize = parts.iter().map(|p| p.stride * p.rows).sum();
        // A driver need not send the padding behind the very last row.
        let needed = all - parts.last().map_or(0, |p| p.stride - p.row);
        let got = payload.len();
        if got < needed {
            return Err(RawFault::Short { got, needed });
        }
        let colour = if self.format == RawFormat::Grey { Colour::JPEG } else { self.colour };
        let data = pool.take(Frame::byte_len(format, width, height));
        let mut frame = Frame::new(format, colour, width, height, data)?;
        let mut begin = 0;
        for part in parts {
            let Some(to) = frame.planes().get(part.plane).copied() else { continue };
            let out = frame.plane_mut(part.plane);
            let length = part.stride * part.rows;
            if part.stride == to.stride && part.rows == to.rows && length == out.len() {
                payload.copy_to(begin, out);
            } else {
                let rows = out.chunks_exact_mut(to.stride).take(part.rows);
                for (number, row) in rows.enumerate() {
                    let row = row.get_mut(..to.stride.min(part.stride)).unwrap_or_default();
                    payload.copy_to(begin + number * part.stride, row);
                }
            }
            begin += length;
        }
        self.rearrange(&mut frame);
        Ok(frame)
    }

    /// Puts copied samples into the order that the frame's format has.
    fn rearrange(&self, frame: &mut Frame) {
        let swap = |bytes: &mut [u8], step: usize, a: usize, b: usize| {
            for group in bytes.chunks_exact_mut(step) {
                group.swap(a, b);
            }
        };
        match self.format {
            RawFormat::Uyvy => swap(frame.plane_mut(0), 2, 0, 1),
            RawFormat::Yvyu => swap(frame.plane_mut(0), 4, 1, 3),
            RawFormat::Vyuy => {
                for group in frame.plane_mut(0).chunks_exact_mut(4) {
                    group.rotate_left(1);
                }
            }
            RawFormat::Nv21 => swap(frame.plane_mut(1), 2, 0, 1),
            RawFormat::Bgr => swap(frame.plane_mut(0), 3, 0, 2),
            RawFormat::Bgrx => {
                for pixel in frame.plane_mut(0).chunks_exact_mut(4) {
                    if let Some(alpha) = pixel.last_mut() {
                        *alpha = 255;
                    }
                }
            }
            RawFormat::Grey => {
                for plane in [1, 2] {
                    frame.plane_mut(plane).fill(128);
                }
            }
            RawFormat::Yuyv
            | RawFormat::Nv12
            | RawFormat::I420
            | RawFormat::I422
            | RawFormat::Yv12
            | RawFormat::Rgb => {}
        }
    }
}

#[cfg(test)]
mod tests;
