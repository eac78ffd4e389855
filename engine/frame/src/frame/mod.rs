//! Frames in their native pixel formats: planes, colour matrix and range, sampling, regions and patches.

mod colour;
mod convert;
mod region;
mod sample;
mod scale;
mod transform;

pub use colour::{Affine3, Colour, Matrix, Range};
pub use sample::{Border, CropSpec};
pub use scale::Scaler;
pub use transform::{FrameTransform, Rotation};

use crate::pool::Bytes;
use std::time::Duration;

/// Number of a frame within its source, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(pub u64);

/// When a frame was taken, on the source's own monotonic clock: files count from their start, cameras and
/// the live actor go by [`timing::now`](crate::timing::now).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameTime(pub Duration);

/// Memory layout of a frame's pixels; 8 bits a sample throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// Three planes Y, Cb, Cr; chroma halved both ways.
    I420,
    /// Three planes Y, Cb, Cr; chroma halved across.
    I422,
    /// Three planes Y, Cb, Cr of full size.
    I444,
    /// Two planes: Y, and Cb Cr interleaved; chroma halved both ways.
    Nv12,
    /// One plane of Y0 Cb Y1 Cr; chroma halved across.
    Yuyv,
    /// One plane of B G R A, sRGB, straight alpha.
    Bgra,
    /// One plane of R G B, sRGB.
    Rgb,
}

impl PixelFormat {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::I420, Self::I422, Self::I444, Self::Nv12, Self::Yuyv, Self::Bgra, Self::Rgb];

    /// Whether samples are Y'CbCr rather than R'G'B'.
    pub fn is_yuv(self) -> bool {
        !matches!(self, Self::Bgra | Self::Rgb)
    }

    /// Luma samples that one chroma sample covers, across and down.
    pub fn chroma_step(self) -> (u32, u32) {
        match self {
            Self::I420 | Self::Nv12 => (2, 2),
            Self::I422 | Self::Yuyv => (2, 1),
            Self::I444 | Self::Bgra | Self::Rgb => (1, 1),
        }
    }

    /// Bytes in a row and rows of each plane for a picture of `width` × `height`, without padding.
    fn plane_sizes(self, width: usize, height: usize) -> ([(usize, usize); 3], usize) {
        let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
        match self {
            Self::I420 => ([(width, height), (cw, ch), (cw, ch)], 3),
            Self::I422 => ([(width, height), (cw, height), (cw, height)], 3),
            Self::I444 => ([(width, height); 3], 3),
            Self::Nv12 => ([(width, height), (cw * 2, ch), (0, 0)], 2),
            Self::Yuyv => ([(cw * 4, height), (0, 0), (0, 0)], 1),
            Self::Bgra => ([(width * 4, height), (0, 0), (0, 0)], 1),
            Self::Rgb => ([(width * 3, height), (0, 0), (0, 0)], 1),
        }
    }
}

/// Where a plane lies in a frame's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plane {
    /// First byte.
    pub offset: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Bytes of a row that hold samples.
    pub row_bytes: usize,
    /// Rows.
    pub rows: usize,
}

/// Why bytes do not make a frame.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FrameError {
    /// The sides are zero or above [`Frame::MAX_SIDE`].
    #[error("a picture of {width}x{height} can't be a frame: each side must be 1 to {max}")]
    Size {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
        /// Greatest side.
        max: u32,
    },
    /// The buffer's length does not fit format and size.
    #[error("{format:?} {width}x{height} needs {expected} bytes, the buffer has {found}")]
    Length {
        /// Format asked for.
        format: PixelFormat,
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
        /// Bytes needed.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// A picture can't be scaled into the place it is meant for.
    #[error("a picture can't be scaled: {cause}")]
    Scale {
        /// Why not.
        cause: String,
    },
}

/// One picture of a source, in the format it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Number within the source.
    pub id: FrameId,
    /// When it was taken.
    pub time: FrameTime,
    format: PixelFormat,
    colour: Colour,
    width: u32,
    height: u32,
    planes: [Plane; 3],
    plane_count: usize,
    data: Bytes,
}

impl Frame {
    /// Greatest width and height taken.
    pub const MAX_SIDE: u32 = 8192;

    /// Bytes of a frame without row padding.
    pub fn byte_len(format: PixelFormat, width: u32, height: u32) -> usize {
        let (sizes, count) = format.plane_sizes(width as usize, height as usize);
        sizes.iter().take(count).map(|(w, h)| w * h).sum()
    }

    /// A frame over `data` (a `Vec<u8>`, or [`Bytes`] of a [`Pool`](crate::pool::Pool)), whose planes follow each other without row padding. `colour` says how
    /// Y'CbCr samples are meant; R'G'B' formats ignore its matrix and are full range.
    ///
    /// # Errors
    /// [`FrameError`] where a side is out of range or `data` has another length than needed.
    pub fn new(
        format: PixelFormat,
        colour: Colour,
        width: u32,
        height: u32,
        data: impl Into<Bytes>,
    ) -> Result<Self, FrameError> {
        let data = data.into();
        let max = Self::MAX_SIDE;
        if width == 0 || height == 0 || width > max || height > max {
            return Err(FrameError::Size { width, height, max });
        }
        let expected = Self::byte_len(format, width, height);
        if data.len() != expected {
            return Err(FrameError::Length { format, width, height, expected, found: data.len() });
        }
        let (sizes, plane_count) = format.plane_sizes(width as usize, height as usize);
        let mut planes = [Plane::default(); 3];
        let mut offset = 0;
        for (plane, (row_bytes, rows)) in planes.iter_mut().zip(sizes) {
            *plane = Plane { offset, stride: row_bytes, row_bytes, rows };
            offset += row_bytes * rows;
        }
        let (id, time) = Default::default();
        Ok(Self { id, time, format, colour, width, height, planes, plane_count, data })
    }

    /// A frame of one R'G'B' colour (0..=255, sRGB), in any format.
    ///
    /// # Errors
    /// [`FrameError::Size`] where a side is out of range.
    pub fn filled(
        format: PixelFormat,
        colour: Colour,
        width: u32,
        height: u32,
        rgb: [u8; 3],
    ) -> Result<Self, FrameError> {
        let len = Self::byte_len(format, width.min(Self::MAX_SIDE), height.min(Self::MAX_SIDE));
        let mut frame = Self::new(format, colour, width, height, vec![255; len])?;
        let code = frame.encode_rgb(rgb.map(|v| f32::from(v) / 255.0));
        frame.fill_codes(frame.bounds(), code);
        Ok(frame)
    }

    /// A copy whose bytes come from `pool`.
    pub fn clone_into(&self, pool: &crate::pool::Pool) -> Self {
        let mut data = pool.take(self.data.len());
        data.copy_from_slice(&self.data);
        let Self { id, time, format, colour, width, height, planes, plane_count, .. } = *self;
        Self { id, time, format, colour, width, height, planes, plane_count, data }
    }

    /// Pixel format.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// Matrix and range of the samples; for R'G'B' formats the range is full.
    pub fn colour(&self) -> Colour {
        self.colour
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The whole picture as a rectangle.
    pub fn bounds(&self) -> crate::space::PxRect {
        crate::space::PxRect { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// The planes in memory order: one to three.
    pub fn planes(&self) -> &[Plane] {
        &self.planes[..self.plane_count]
    }

    /// The bytes of plane `index`, or nothing where there is no such plane.
    pub fn plane(&self, index: usize) -> &[u8] {
        match self.planes().get(index) {
            Some(p) => &self.data[p.offset..p.offset + p.stride * p.rows],
            None => &[],
        }
    }

    /// As [`Frame::plane`], to write to.
    pub fn plane_mut(&mut self, index: usize) -> &mut [u8] {
        match self.planes().get(index).copied() {
            Some(p) => &mut self.data[p.offset..p.offset + p.stride * p.rows],
            None => &mut [],
        }
    }

    /// All bytes, planes one after the other.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The bytes. Dropping the frame instead returns a pooled buffer to its pool.
    pub fn into_data(self) -> Vec<u8> {
        self.data.into_vec()
    }
}
