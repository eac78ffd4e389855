//! Frames as separate planes, for files that hold such.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::frame::{Colour, Frame, FrameError, Matrix, PixelFormat, Range};

/// The format with separate planes that holds the same samples; R'G'B' becomes 4:2:0.
pub(super) fn planar_format(format: PixelFormat) -> PixelFormat {
    match format {
        PixelFormat::I422 | PixelFormat::Yuyv => PixelFormat::I422,
        PixelFormat::I444 => PixelFormat::I444,
        PixelFormat::I420 | PixelFormat::Nv12 | PixelFormat::Bgra | PixelFormat::Rgb => PixelFormat::I420,
    }
}

/// The frame in `format` and `colour`: itself where it is so already.
pub(super) fn planar(
    frame: &Frame,
    format: PixelFormat,
    colour: Colour,
) -> Result<Cow<'_, Frame>, FrameError> {
    if frame.format() == format && frame.colour() == colour {
        return Ok(Cow::Borrowed(frame));
    }
    frame.converted(format, colour).map(Cow::Owned)
}

/// The colour that R'G'B' is written in.
pub(super) fn video_colour(matrix: Matrix) -> Colour {
    Colour { matrix, range: Range::Limited }
}

/// Writes the planes one after the other, without row padding.
pub(super) fn write_planes(frame: &Frame, out: &mut impl Write) -> io::Result<()> {
    write_grown(frame, 1, out)
}

/// Writes the planes of the picture grown to even sides, by repeating its last column and row.
pub(super) fn write_even_planes(frame: &Frame, out: &mut impl Write) -> io::Result<()> {
    write_grown(frame, 2, out)
}

/// Writes the planes of the picture grown to sides that are multiples of `to`.
fn write_grown(frame: &Frame, to: u32, out: &mut impl Write) -> io::Result<()> {
    let (width, height) = (frame.width().next_multiple_of(to), frame.height().next_multiple_of(to));
    for (i, plane) in frame.planes().iter().enumerate() {
        let (step_x, step_y, bytes) = match (frame.format(), i) {
            (PixelFormat::Rgb, _) => (1, 1, 3),
            (PixelFormat::Bgra, _) => (1, 1, 4),
            // Pairs of pixels, and of chroma samples, are one unit.
            (PixelFormat::Yuyv, _) => (2, 1, 4),
            (PixelFormat::Nv12, 1) => (2, 2, 2),
            (_, 0) => (1, 1, 1),
            (format, _) => {
                let (x, y) = format.chroma_step();
                (x, y, 1)
            }
        };
        let (row_bytes, rows) = (width.div_ceil(step_x) as usize * bytes, height.div_ceil(step_y) as usize);
        let data = frame.plane(i);
        if (plane.stride, plane.rows) == (row_bytes, rows) {
            out.write_all(data)?;
            continue;
        }
        let mut grown = Vec::with_capacity(row_bytes);
        for y in 0..rows {
            let from = y.min(plane.rows - 1) * plane.stride;
            let row = data.get(from..from + plane.row_bytes).unwrap_or_default();
            grown.clear();
            grown.extend_from_slice(row);
            while grown.len() < row_bytes {
                grown.extend_from_slice(row.get(row.len().saturating_sub(bytes)..).unwrap_or_default());
            }
            out.write_all(&grown)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_pictures_grow_by_their_last_column_and_row() {
        for format in PixelFormat::ALL {
            let byte = |x: u32, y: u32| (x * 3 + y * 40) as u8;
            let rgb: Vec<u8> = (0..5).flat_map(|y| (0..7).flat_map(move |x| [byte(x, y); 3])).collect();
            let picture = Frame::new(PixelFormat::Rgb, Colour::JPEG, 7, 5, rgb).unwrap();
            let frame = picture.converted(format, Colour::JPEG).unwrap();
            let (mut plain, mut even) = (Vec::new(), Vec::new());
            write_planes(&frame, &mut plain).unwrap();
            assert_eq!(plain, frame.data(), "{format:?}");
            write_even_planes(&frame, &mut even).unwrap();
            let grown = Frame::new(format, Colour::JPEG, 8, 6, even).unwrap().to_rgb();
            for (x, y) in [(0, 0), (6, 4), (7, 4), (6, 5), (7, 5), (7, 0), (3, 5)] {
                let want = byte(x.min(6), y.min(4));
                let at = (y * 8 + x) as usize * 3;
                // YUYV has the column already, as a grey code that no pixel shows.
                if !(format == PixelFormat::Yuyv && x == 7) {
                    assert!(grown[at].abs_diff(want) <= 1, "{format:?} {x},{y}: {} for {want}", grown[at]);
                }
            }
        }
    }
}
