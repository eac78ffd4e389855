//! The badge: the only way from a picture to something a sink takes.
//!
//! [`Canvas`] owns the pixels from the start. Compositing paints on it; only [`Badger::finish`] turns it
//! into a [`BadgedFrame`], and sinks take nothing else. There is no option that leaves the badge out.
//!
//! A sink gets what `finish` made:
//! ```
//! # use omote_engine::{badge::*, frame::*};
//! # fn show(picture: Frame) -> Result<(), BadgeError> {
//! fn sink(frame: &BadgedFrame) {}
//! let canvas = Canvas::new(picture);
//! let badged = Badger::new(Corner::default()).finish(canvas, Disclosure::Modified)?;
//! sink(&badged);
//! # Ok(()) }
//! ```
//! It can't be given the canvas:
//! ```compile_fail
//! # use omote_engine::{badge::*, frame::*};
//! # fn show(picture: Frame) -> Result<(), BadgeError> {
//! fn sink(frame: &BadgedFrame) {}
//! let canvas = Canvas::new(picture);
//! let badged = Badger::new(Corner::default()).finish(canvas, Disclosure::Modified)?;
//! sink(&canvas);
//! # Ok(()) }
//! ```
//! A canvas opens into nothing else, and a frame can't be declared badged. This compiles:
//! ```
//! # use omote_engine::{badge::*, frame::*};
//! fn forge(picture: Frame) -> Canvas {
//!     Canvas::new(picture)
//! }
//! ```
//! and neither of these does:
//! ```compile_fail
//! # use omote_engine::{badge::*, frame::*};
//! fn forge(picture: Frame) -> BadgedFrame {
//!     BadgedFrame { frame: picture, plate: todo!(), place: Corner::Middle, disclosure: Disclosure::Modified }
//! }
//! ```
//! ```compile_fail
//! # use omote_engine::{badge::*, frame::*};
//! fn open(canvas: Canvas) -> Frame {
//!     canvas.frame
//! }
//! ```
//! Nor is there a disclosure that says nothing:
//! ```
//! # use omote_engine::badge::Disclosure;
//! let what = Disclosure::Modified;
//! ```
//! ```compile_fail
//! # use omote_engine::badge::Disclosure;
//! let what = Disclosure::None;
//! ```

mod card;
mod plate;
mod read;
mod search;

pub use plate::{Corner, MIN_LONG_SIDE, MIN_SHORT_SIDE, check_size};
pub use read::{Found, read};

use plate::Plate;

use crate::frame::{Frame, FrameError, FrameTransform, PixelFormat};
use crate::space::PxRect;
use omote_shaders::cpu;
use omote_shaders::layout::BadgeEncodeParams;

/// What the badge says. There is no value that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Disclosure {
    /// "AI MODIFIED": a face in a real picture is changed, or may be.
    Modified,
}

impl Disclosure {
    /// The words on the plate.
    pub fn words(self) -> &'static str {
        match self {
            Self::Modified => "AI MODIFIED",
        }
    }
}

/// Why a picture can't be badged.
#[non_exhaustive]
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadgeError {
    /// Too small for a legible badge.
    #[error(
        "a picture of {width}x{height} is too small for a legible badge: the least is \
         {MIN_LONG_SIDE}x{MIN_SHORT_SIDE} (either way up); scale it up, e.g. with --scale 640x480"
    )]
    TooSmall {
        /// Picture width.
        width: u32,
        /// Picture height.
        height: u32,
    },
    /// Mirroring, rotating or scaling failed.
    #[error(transparent)]
    Transform(#[from] FrameError),
}

/// A picture that is being painted on. Its pixels can't be had again without the badge.
#[derive(Debug)]
pub struct Canvas {
    frame: Frame,
}

impl Canvas {
    /// Takes a frame in.
    pub fn new(frame: Frame) -> Self {
        Self { frame }
    }

    /// The picture so far, for the engine's own passes.
    pub(crate) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Writes the flagged pixels of a patch; see `frame::region`.
    pub(crate) fn write_codes(&mut self, rect: PxRect, codes: &[u32]) {
        self.frame.write_codes(rect, codes);
    }

    /// Mirrors, rotates and scales. Whatever comes later, the badge included, is drawn on the result.
    ///
    /// # Errors
    /// [`BadgeError::Transform`] where the asked size is out of range.
    pub fn transform(&mut self, transform: &FrameTransform) -> Result<(), BadgeError> {
        if !transform.is_identity() {
            self.frame = self.frame.transformed(transform)?;
        }
        Ok(())
    }
}

/// A picture that carries the badge. Only [`Badger::finish`] makes one.
#[derive(Debug)]
pub struct BadgedFrame {
    frame: Frame,
    plate: PxRect,
    place: Corner,
    disclosure: Disclosure,
}

impl BadgedFrame {
    /// The finished picture.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Where the plate stands.
    pub fn plate(&self) -> PxRect {
        self.plate
    }

    /// Which place that is.
    pub fn place(&self) -> Corner {
        self.place
    }

    /// What the badge says.
    pub fn disclosure(&self) -> Disclosure {
        self.disclosure
    }

    /// The buffer back for recycling; its pixels carry the badge.
    pub fn into_data(self) -> Vec<u8> {
        self.frame.into_data()
    }
}

/// The plate as native codes, for one kind of frame.
#[derive(Debug)]
struct Stamp {
    format: PixelFormat,
    colour: crate::frame::Colour,
    under: Option<PxRect>,
    plate: Plate,
    codes: Vec<u32>,
}

/// Draws the badge. Holds the plate between frames, so that its pixels are the same in each.
#[derive(Debug)]
pub struct Badger {
    corner: Corner,
    stamp: Option<Stamp>,
}

impl Badger {
    /// A badger that puts the plate there.
    pub fn new(corner: Corner) -> Self {
        Self { corner, stamp: None }
    }

    /// Draws the badge over whatever the canvas holds and closes it.
    ///
    /// # Errors
    /// [`BadgeError::TooSmall`] for a picture that can't hold a legible badge; the canvas is lost.
    pub fn finish(&mut self, canvas: Canvas, what: Disclosure) -> Result<BadgedFrame, BadgeError> {
        self.close(canvas, what, None)
    }

    /// The same for a picture that was scaled together with a plate, which is at `under` now and may be too small to
    /// read: this size has one of its own, over the other.
    ///
    /// # Errors
    /// As [`Badger::finish`].
    pub(crate) fn finish_over(
        &mut self,
        canvas: Canvas,
        what: Disclosure,
        under: PxRect,
    ) -> Result<BadgedFrame, BadgeError> {
        self.close(canvas, what, Some(under))
    }

    fn close(
        &mut self,
        canvas: Canvas,
        what: Disclosure,
        under: Option<PxRect>,
    ) -> Result<BadgedFrame, BadgeError> {
        let mut frame = canvas.frame;
        let stamp = self.stamp_for(&frame, what, under)?;
        frame.write_codes(stamp.plate.rect, &stamp.codes);
        let plate = stamp.plate.rect;
        frame.make_opaque(plate);
        Ok(BadgedFrame { frame, plate, place: self.corner, disclosure: what })
    }

    fn stamp_for(
        &mut self,
        frame: &Frame,
        what: Disclosure,
        under: Option<PxRect>,
    ) -> Result<&Stamp, BadgeError> {
        let fits = self.stamp.as_ref().is_some_and(|s| {
            s.format == frame.format()
                && s.under == under
                && s.colour == frame.colour()
                && s.plate.frame_size == (frame.width(), frame.height())
                && s.plate.disclosure == what
        });
        let stamp = match self.stamp.take() {
            Some(stamp) if fits => stamp,
            _ => {
                let plate = Plate::over(frame.width(), frame.height(), self.corner, what, under)?;
                let codes = encode(&plate, frame);
                Stamp { format: frame.format(), colour: frame.colour(), under, plate, codes }
            }
        };
        Ok(self.stamp.insert(stamp))
    }
}

/// The plate's pixels in the frame's codes, by the same pass that draws it on the GPU.
fn encode(plate: &Plate, frame: &Frame) -> Vec<u32> {
    let rect = plate.rect;
    let n = rect.width as usize * rect.height as usize;
    let mut codes = vec![0; n];
    let params = BadgeEncodeParams {
        size: [rect.width, rect.height],
        origin: [rect.x, rect.y],
        from_rgb: frame.rgb_to_codes(),
        plate: plate.uniform(),
        plate_rgb: plate::PLATE_RGB,
        text_rgb: plate::TEXT_RGB,
        grain: [0.0; 4],
        kept: 0x00ff_ffff,
        pad: 0,
        more: [0; 2],
    };
    let nothing = vec![glam::Vec4::ZERO; n];
    cpu::badge_encode(&params, &vec![0; n], &nothing, &nothing, &plate.coverage, &mut codes);
    codes
}

#[cfg(test)]
mod tests;
