//! Pictures of another size than their clip, fitted into it.

use omote_frame::{Colour, Frame, FrameError, FrameTransform, PixelFormat};

/// The picture scaled into `width` by `height` with its shape kept, in the middle of black.
///
/// # Errors
/// A size that no frame can have.
pub(super) fn fitted(picture: &Frame, width: u32, height: u32) -> Result<Frame, FrameError> {
    let (w, h) = (u64::from(picture.width()), u64::from(picture.height()));
    let side = |a: u64, b: u64, other: u32, most: u32| {
        ((a * u64::from(other) + b / 2) / b).clamp(1, u64::from(most)) as u32
    };
    // As wide as it can be, or as high.
    let inner = match w * u64::from(height) >= h * u64::from(width) {
        true => (width, side(h, w, width, height)),
        false => (side(w, h, height, width), height),
    };
    let scaled =
        picture.transformed(&FrameTransform { size: Some(inner), ..FrameTransform::default() })?.to_rgb();
    let (left, above) = ((width - inner.0) / 2, (height - inner.1) / 2);
    let mut data = vec![0; width as usize * height as usize * 3];
    let rows = data.chunks_exact_mut(width as usize * 3).skip(above as usize);
    for (row, from) in rows.zip(scaled.chunks_exact(inner.0 as usize * 3)) {
        if let Some(place) = row.get_mut(left as usize * 3..).and_then(|r| r.get_mut(..from.len())) {
            place.copy_from_slice(from);
        }
    }
    Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_kept_and_the_rest_is_black() {
        for (size, bright) in
            [((20, 10), (0..40, 10..30)), ((10, 20), (10..30, 0..40)), ((80, 80), (0..40, 0..40))]
        {
            let picture = Frame::filled(PixelFormat::I420, Colour::JPEG, size.0, size.1, [200; 3]).unwrap();
            let frame = fitted(&picture, 40, 40).unwrap();
            for y in 0..40 {
                for x in 0..40 {
                    let want = if bright.0.contains(&x) && bright.1.contains(&y) { 200 } else { 0u8 };
                    let got = frame.data()[(y * 40 + x) * 3];
                    assert!(got.abs_diff(want) < 4, "{size:?} {x},{y}: {got}");
                }
            }
        }
    }
}
