//! Badged frames to the samples that a virtual camera sends: converted, scaled where needed, badge and all.

use std::ops::Deref;

use super::VirtualFormat;
use super::convert::{COLOUR, Converter, is_ready};
use super::fit::{carried, letterbox};
use crate::badge::{BadgeError, BadgedFrame, Badger, Canvas, Corner};
use crate::frame::{Frame, FrameError, Scaler};
use crate::pool::{Bytes, Pool, PoolStats};

/// Why a frame can't be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum PrepareError {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Badge(#[from] BadgeError),
}

/// The samples of one frame.
pub(super) enum Prepared<'f> {
    /// The frame's own bytes.
    Own(&'f [u8]),
    /// Bytes of the pool.
    SwapResult(Bytes),
    /// A scaled picture with a badge of its own.
    Scaled(BadgedFrame),
}

impl Deref for Prepared<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::SwapResult(bytes) => bytes,
            Self::Scaled(frame) => frame.frame().data(),
        }
    }
}

/// Prepares frames for one size and format. In steady state nothing is allocated.
pub(super) struct Preparer {
    format: VirtualFormat,
    size: (u32, u32),
    converter: Converter,
    scaler: Scaler,
    badgers: [Badger; Corner::ALL.len()],
    pool: Pool,
}

impl Preparer {
    /// For a camera of `size`, which is even.
    pub(super) fn new(format: VirtualFormat, size: (u32, u32)) -> Self {
        let badgers = Corner::ALL.map(Badger::new);
        let (converter, scaler, pool) = (Converter::default(), Scaler::default(), Pool::new());
        Self { format, size, converter, scaler, badgers, pool }
    }

    /// The pool that all buffers come from.
    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Its counters.
    pub(super) fn pool_stats(&self) -> PoolStats {
        self.pool.stats()
    }

    /// The frame's samples in the camera's size and format.
    pub(super) fn prepare<'f>(&mut self, badged: &'f BadgedFrame) -> Result<Prepared<'f>, PrepareError> {
        let frame = badged.frame();
        let (from, format) = ((frame.width(), frame.height()), self.format);
        if is_ready(frame, format) && from == self.size {
            return Ok(Prepared::Own(frame.data()));
        }
        let converted = if is_ready(frame, format) {
            None
        } else {
            let mut out = self.pool.take(Frame::byte_len(format.pixels(), from.0, from.1));
            self.converter.convert(frame, format, &mut out);
            if from == self.size {
                return Ok(Prepared::SwapResult(out));
            }
            Some(Frame::new(format.pixels(), COLOUR, from.0, from.1, out)?)
        };
        let mut out = self.pool.take(Frame::byte_len(format.pixels(), self.size.0, self.size.1));
        let picture = letterbox(from, self.size);
        if (picture.width, picture.height) != self.size {
            blacken(format, self.size, &mut out);
        }
        let mut scaled = Frame::new(format.pixels(), COLOUR, self.size.0, self.size.1, out)?;
        self.scaler.scale(converted.as_ref().unwrap_or(frame), &mut scaled, picture)?;
        (scaled.id, scaled.time) = (frame.id, frame.time);
        // A badge that was made smaller may be too small to read, so this size has one of its own, over it.
        let under = carried(&badged.plate(), from, &picture);
        let place = Corner::ALL.iter().position(|place| *place == badged.place()).unwrap_or_default();
        let badger = &mut self.badgers[place];
        Ok(Prepared::Scaled(badger.finish_over(Canvas::new(scaled), badged.disclosure(), under)?))
    }
}

/// Black, limited range.
fn blacken(format: VirtualFormat, size: (u32, u32), out: &mut [u8]) {
    match format {
        VirtualFormat::Yuyv => out.as_chunks_mut().0.fill([16, 128, 16, 128]),
        VirtualFormat::I420 => {
            let (luma, chroma) = out.split_at_mut(size.0 as usize * size.1 as usize);
            luma.fill(16);
            chroma.fill(128);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::badge::{self, Disclosure};
    use crate::frame::{Colour, Matrix, PixelFormat, Range};

    fn badged(format: PixelFormat, colour: Colour, (w, h): (u32, u32), corner: Corner) -> BadgedFrame {
        let mut chance = fastrand::Rng::with_seed(u64::from(w));
        let data: Vec<u8> = (0..Frame::byte_len(format, w, h)).map(|_| chance.u8(64..192)).collect();
        let frame = Frame::new(format, colour, w, h, data).unwrap();
        Badger::new(corner).finish(Canvas::new(frame), Disclosure::Modified).unwrap()
    }

    const JPEG: Colour = Colour::JPEG;
    const HD: Colour = Colour { matrix: Matrix::Bt709, range: Range::Limited };

    #[test]
    fn the_badge_is_read_in_every_format_size_and_corner() {
        let sizes = [(1280, 720), (640, 480), (320, 180), (641, 361), (480, 640)];
        for format in [VirtualFormat::Yuyv, VirtualFormat::I420] {
            for into in [(1280, 720), (640, 360), (640, 480), (160, 120), (720, 1280)] {
                let mut preparer = Preparer::new(format, into);
                for (k, from) in sizes.into_iter().enumerate() {
                    let source = PixelFormat::ALL[(k + into.0 as usize / 80) % 7];
                    let corner = Corner::ALL[(k + into.1 as usize / 40) % 5];
                    let frame = badged(source, if k % 2 == 0 { JPEG } else { HD }, from, corner);
                    let bytes = preparer.prepare(&frame).unwrap().to_vec();
                    let out = Frame::new(format.pixels(), COLOUR, into.0, into.1, bytes).unwrap();
                    let found = badge::read(&out);
                    let what = format!("{source:?} {from:?} -> {format:?} {into:?} {corner:?}: {found:?}");
                    let found = found.unwrap_or_else(|| panic!("{what}"));
                    // One badge, not two: it stands where it always does, or over the one that was scaled.
                    let under = carried(&frame.plate(), from, &letterbox(from, into));
                    let (r, rim) = (found.rect, 2);
                    let covered = r.x <= under.x + rim
                        && r.y <= under.y + rim
                        && r.right() + rim >= under.right()
                        && r.bottom() + rim >= under.bottom();
                    assert!(covered, "{what} over {under:?}");
                }
            }
        }
    }

    #[test]
    fn a_ready_frame_goes_through_byte_for_byte_and_uncopied() {
        let frame = badged(PixelFormat::Yuyv, COLOUR, (640, 360), Corner::TopRight);
        let mut preparer = Preparer::new(VirtualFormat::Yuyv, (640, 360));
        let prepared = preparer.prepare(&frame).unwrap();
        assert!(std::ptr::eq(&*prepared, frame.frame().data()));
    }

    #[test]
    fn nothing_is_allocated_in_steady_state() {
        for (format, from) in [(PixelFormat::I420, (640, 360)), (PixelFormat::Nv12, (320, 240))] {
            let frame = badged(format, JPEG, from, Corner::TopLeft);
            let mut preparer = Preparer::new(VirtualFormat::Yuyv, (640, 360));
            drop(preparer.prepare(&frame).unwrap());
            let warm = preparer.pool_stats();
            for _ in 0..20 {
                drop(preparer.prepare(&frame).unwrap());
            }
            assert_eq!(preparer.pool_stats(), warm);
        }
    }

    #[test]
    fn bars_beside_a_picture_of_another_shape_are_black() {
        let white = Frame::filled(PixelFormat::Rgb, JPEG, 480, 640, [255; 3]).unwrap();
        let frame = Badger::new(Corner::TopRight).finish(Canvas::new(white), Disclosure::Modified).unwrap();
        let mut preparer = Preparer::new(VirtualFormat::Yuyv, (640, 360));
        let bytes = preparer.prepare(&frame).unwrap().to_vec();
        let pixel = |x: usize, y: usize| bytes[(y * 640 + x) * 2];
        // 270 pixels of picture from column 184 on.
        assert_eq!((pixel(2, 300), pixel(183, 300), pixel(320, 300), pixel(460, 300)), (16, 16, 235, 16));
    }
}
