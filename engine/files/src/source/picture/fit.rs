//! A picture within another's size.

use image::{RgbImage, imageops};

use omote_frame::{Colour, Frame, FrameError, PixelFormat};

/// The whole picture in `width` x `height`, as large as it goes there, with black beside or above it; opaque R'G'B'.
///
/// # Errors
/// Sides that no frame has.
pub fn fitted(frame: &Frame, width: u32, height: u32) -> Result<Frame, FrameError> {
    let rgb = frame.over([0; 3]).to_rgb();
    let none = || FrameError::Size { width, height, max: Frame::MAX_SIDE };
    let image = RgbImage::from_raw(frame.width(), frame.height(), rgb).ok_or_else(none)?;
    let scale =
        (f64::from(width) / f64::from(frame.width())).min(f64::from(height) / f64::from(frame.height()));
    let side = |of: u32, most: u32| ((f64::from(of) * scale).round() as u32).clamp(1, most.max(1));
    let (w, h) = (side(frame.width(), width), side(frame.height(), height));
    let scaled = imageops::resize(&image, w, h, imageops::FilterType::CatmullRom);
    let mut out = RgbImage::new(width, height);
    imageops::replace(&mut out, &scaled, i64::from((width - w) / 2), i64::from((height - h) / 2));
    let mut fitted = Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, out.into_raw())?;
    (fitted.id, fitted.time) = (frame.id, frame.time);
    Ok(fitted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_frame::Colour;

    #[test]
    fn pictures_are_fitted_whole() {
        let wide = Frame::new(PixelFormat::Rgb, Colour::JPEG, 40, 10, vec![200; 40 * 10 * 3]).unwrap();
        let fitted = fitted(&wide, 20, 20).unwrap();
        let rows: Vec<u8> = fitted.data().chunks(60).map(|row| row[30]).collect();
        assert_eq!((rows[0], rows[6], rows[7], rows[9], rows[12], rows[19]), (0, 0, 200, 200, 0, 0));
    }
}
