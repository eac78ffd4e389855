//! Pictures of personas: what the one reader of pictures gives, and cutting out.

use std::io::Cursor;
use std::path::Path;

use image::{ImageFormat, RgbaImage};

use super::PersonaError;
use omote_files::source::{self, PictureFault};
use omote_frame::{Colour, Frame, FrameError, PixelFormat};

/// The most pixels a side of a picture inside a package.
pub const PACKAGE_SIDE: u32 = 4096;
/// The most pixels a side of a photo that a persona is made from.
pub const PHOTO_SIDE: u32 = Frame::MAX_SIDE;

/// A picture in memory: 8-bit sRGB with straight alpha, rows top down, 4 bytes (R, G, B, A) a pixel.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    image: RgbaImage,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width(), self.height())
    }
}

impl Picture {
    /// A picture from its bytes, `width * height * 4` of them. `None` where the count does not fit or a side is 0.
    #[must_use]
    pub fn from_rgba(width: u32, height: u32, rgba: Vec<u8>) -> Option<Self> {
        let fits = width > 0 && height > 0 && rgba.len() as u64 == u64::from(width) * u64::from(height) * 4;
        fits.then(|| RgbaImage::from_raw(width, height, rgba)).flatten().map(|image| Self { image })
    }

    /// Decodes a picture of a package, told by content and not by name: JPEG, PNG, WebP, BMP or TIFF, turned upright by
    /// its EXIF orientation and brought to sRGB by its colour profile, as [`read_picture`](omote_files::source::read_picture)
    /// does. `side` is the most pixels a side; `file` is for messages.
    ///
    /// # Errors
    /// [`PersonaError::NotAPicture`], [`PersonaError::PictureTooLarge`].
    pub fn decode(bytes: &[u8], file: &str, side: u32) -> Result<Self, PersonaError> {
        Self::from_frame(source::decode_picture(bytes, None, side, false), file)
    }

    /// Reads a photo from a file: all kinds that [`Picture::decode`] takes, and those that ffmpeg can decode. `side` is
    /// the most pixels a side.
    ///
    /// # Errors
    /// A file that is not there or can't be read, and those of [`Picture::decode`].
    pub fn read(path: &Path, side: u32) -> omote_frame::error::Result<Self> {
        let bytes = source::bytes_of(path)?;
        let frame = source::decode_picture(&bytes, Some(path), side, false);
        Ok(Self::from_frame(frame, &path.display().to_string())?)
    }

    fn from_frame(frame: Result<Frame, PictureFault>, file: &str) -> Result<Self, PersonaError> {
        let file = || file.to_owned();
        let not = |reason: String| PersonaError::NotAPicture { file: file(), reason };
        let frame = frame.map_err(|fault| match fault {
            PictureFault::TooLarge { width, height, most } => {
                let [width, height] = [width, height].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
                PersonaError::PictureTooLarge { file: file(), width, height, limit: most }
            }
            other => not(other.to_string()),
        })?;
        let (width, height) = (frame.width(), frame.height());
        let rgba: Vec<u8> = match frame.format() {
            PixelFormat::Bgra => {
                let mut data = frame.into_data();
                data.chunks_exact_mut(4).for_each(|pixel| pixel.swap(0, 2));
                data
            }
            _ => {
                let rgb = frame.to_rgb();
                rgb.chunks_exact(3).flat_map(|p| p.iter().copied().chain(std::iter::once(255))).collect()
            }
        };
        Self::from_rgba(width, height, rgba).ok_or_else(|| not("it has no pixels".to_owned()))
    }

    /// The picture as a frame, R'G'B'; transparent parts on black.
    ///
    /// # Errors
    /// A size that no frame has.
    pub fn frame(&self) -> Result<Frame, FrameError> {
        let mut rgb = Vec::with_capacity(self.rgba().len() / 4 * 3);
        for pixel in self.rgba().chunks_exact(4) {
            let &[r, g, b, alpha] = pixel else { continue };
            let part = |v: u8| ((u32::from(v) * u32::from(alpha) + 127) / 255) as u8;
            rgb.extend([part(r), part(g), part(b)]);
        }
        Frame::new(PixelFormat::Rgb, Colour::JPEG, self.width(), self.height(), rgb)
    }

    /// PNG bytes, without any metadata.
    pub(super) fn to_png(&self) -> Result<Vec<u8>, PersonaError> {
        let mut bytes = Vec::new();
        self.image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).map_err(|error| {
            PersonaError::NotAPicture { file: "picture".to_owned(), reason: error.to_string() }
        })?;
        Ok(bytes)
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.image.width()
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.image.height()
    }

    /// The pixels: R, G, B, A, sRGB, straight alpha, rows top down.
    #[must_use]
    pub fn rgba(&self) -> &[u8] {
        self.image.as_raw()
    }

    /// A part of the picture, `width` x `height` from column `x`, row `y` on, scaled so that no side is above `most`.
    /// Gives the scale that was applied, 0..=1.
    pub(super) fn part(&self, x: u32, y: u32, width: u32, height: u32, most: u32) -> (Self, f32) {
        let image = image::imageops::crop_imm(&self.image, x, y, width.max(1), height.max(1)).to_image();
        let largest = image.width().max(image.height());
        if largest <= most {
            return (Self { image }, 1.0);
        }
        let scale = most as f32 / largest as f32;
        let size = |side: u32| ((side as f32 * scale).round() as u32).max(1);
        let (width, height) = (size(image.width()), size(image.height()));
        let image = image::imageops::resize(&image, width, height, image::imageops::FilterType::CatmullRom);
        (Self { image }, scale)
    }

    /// Luma of a pixel, 0..=1, BT.709 weights on the sRGB values. Positions outside give the edge's.
    pub(super) fn luma(&self, x: i64, y: i64) -> f32 {
        let x = x.clamp(0, i64::from(self.width()) - 1) as u32;
        let y = y.clamp(0, i64::from(self.height()) - 1) as u32;
        let [r, g, b, _] = self.image.get_pixel(x, y).0.map(f32::from);
        (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255.0
    }
}
