//! Pictures of personas: decoding within limits, and cutting out.

use std::io::Cursor;

use image::error::ImageError;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbaImage};

use super::PersonaError;

/// The most pixels a side of a picture inside a package.
pub const PACKAGE_SIDE: u32 = 4096;
/// The most pixels a side of a photo that a persona is made from.
pub const PHOTO_SIDE: u32 = crate::frame::Frame::MAX_SIDE;

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

    /// Decodes PNG, JPEG, WebP or BMP, told by content and not by name, and turns it upright by its EXIF
    /// orientation. `side` is the most pixels a side; `file` is for messages. Colour profiles are not applied:
    /// the values are taken as sRGB.
    ///
    /// # Errors
    /// [`PersonaError::NotAPicture`], [`PersonaError::PictureTooLarge`].
    pub fn decode(bytes: &[u8], file: &str, side: u32) -> Result<Self, PersonaError> {
        let not = |reason: String| PersonaError::NotAPicture { file: file.to_owned(), reason };
        let mut reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|error| not(error.to_string()))?;
        if reader.format().is_none() {
            return Err(not("its contents are of no such kind".to_owned()));
        }
        let mut limits = Limits::default();
        // Six bytes a pixel cover 16-bit RGB on the way.
        limits.max_alloc = Some(u64::from(side) * u64::from(side) * 6 + (16 << 20));
        reader.limits(limits);
        let mut decoder = reader.into_decoder().map_err(|error| not(error.to_string()))?;
        let (width, height) = decoder.dimensions();
        let too_large =
            || PersonaError::PictureTooLarge { file: file.to_owned(), width, height, limit: side };
        if width > side || height > side {
            return Err(too_large());
        }
        let orientation = decoder.orientation().map_err(|error| not(error.to_string()))?;
        let mut image = DynamicImage::from_decoder(decoder).map_err(|error| match error {
            ImageError::Limits(_) => too_large(),
            other => not(other.to_string()),
        })?;
        image.apply_orientation(orientation);
        Ok(Self { image: image.into_rgba8() })
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
