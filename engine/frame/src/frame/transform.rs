//! Mirror, rotation and scaling of whole frames: mirror and rotation before faces are looked for, so that faces and
//! words stand as viewers see them; scaling at the end, before the badge is drawn.

use super::{Frame, FrameError, PixelFormat, Scaler};
use crate::space::PxRect;

/// Clockwise rotation in quarter turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rotation {
    /// As it is.
    #[default]
    None,
    /// 90° clockwise.
    Right,
    /// 180°.
    Half,
    /// 270° clockwise.
    Left,
}

/// How the output's picture is turned and sized, in this order: mirror, rotate, scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameTransform {
    /// Left and right exchanged.
    pub mirror: bool,
    /// Rotation.
    pub rotate: Rotation,
    /// Output width and height; nothing keeps the size.
    pub size: Option<(u32, u32)>,
}

impl FrameTransform {
    /// Whether nothing is changed.
    pub fn is_identity(&self) -> bool {
        !self.mirror && self.rotate == Rotation::None && self.size.is_none()
    }

    /// Mirror and rotation alone.
    #[must_use]
    pub fn orientation(self) -> Self {
        Self { size: None, ..self }
    }

    /// Scaling alone.
    #[must_use]
    pub fn scaling(self) -> Self {
        Self { size: self.size, ..Self::default() }
    }

    /// Whether width and height change places.
    #[must_use]
    pub fn is_sideways(self) -> bool {
        matches!(self.rotate, Rotation::Left | Rotation::Right)
    }

    /// Width and height of a picture of this size after mirror and rotation.
    #[must_use]
    pub fn oriented(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.is_sideways() { (height, width) } else { (width, height) }
    }
}

impl Frame {
    /// The picture mirrored and rotated, but not scaled; itself where nothing changes.
    ///
    /// # Errors
    /// [`FrameError`] where no frame of the turned size can be made.
    pub fn oriented(self, transform: &FrameTransform) -> Result<Self, FrameError> {
        let transform = transform.orientation();
        if transform.is_identity() { Ok(self) } else { self.transformed(&transform) }
    }

    /// The picture mirrored, rotated and scaled.
    ///
    /// # Errors
    /// [`FrameError::Size`] where the asked size is out of range.
    pub fn transformed(&self, transform: &FrameTransform) -> Result<Self, FrameError> {
        let orientation = transform.orientation();
        let upright = if orientation.is_identity() {
            None
        } else {
            Some(
                self.oriented_in_planes(&orientation)
                    .map_or_else(|| self.transformed_by_pixels(&orientation), Ok)?,
            )
        };
        match (transform.size, upright) {
            (Some(size), upright) => upright.as_ref().unwrap_or(self).scaled(size),
            (None, Some(upright)) => Ok(upright),
            (None, None) => Ok(self.clone()),
        }
    }

    /// The picture at another size; a copy where that is its own.
    ///
    /// # Errors
    /// [`FrameError::Size`] where the size is out of range.
    pub(super) fn scaled(&self, (width, height): (u32, u32)) -> Result<Self, FrameError> {
        if (width, height) == (self.width, self.height) {
            return Ok(self.clone());
        }
        let bytes = Self::byte_len(self.format, width.min(Self::MAX_SIDE), height.min(Self::MAX_SIDE));
        let mut out = Self::new(self.format, self.colour, width, height, self.data.sibling(bytes))?;
        (out.id, out.time) = (self.id, self.time);
        let whole = out.bounds();
        Scaler::default().scale(self, &mut out, whole)?;
        Ok(out)
    }

    /// Mirror and rotation plane by plane, without conversion or scratch memory; nothing where chroma samples
    /// would have to be made anew (odd sizes, quarter turns of formats halved across only).
    fn oriented_in_planes(&self, transform: &FrameTransform) -> Option<Self> {
        let quarter = transform.is_sideways();
        let (width, height) = transform.oriented((self.width, self.height));
        let even = self.width.is_multiple_of(2) && self.height.is_multiple_of(2);
        let units: &[usize] = match self.format {
            PixelFormat::I420 if even => &[1, 1, 1],
            PixelFormat::I422 if even && !quarter => &[1, 1, 1],
            PixelFormat::Nv12 if even => &[1, 2],
            PixelFormat::Yuyv if even && !quarter => &[4],
            PixelFormat::I444 => &[1, 1, 1],
            PixelFormat::Bgra => &[4],
            PixelFormat::Rgb => &[3],
            _ => return None,
        };
        let mut out =
            Self::new(self.format, self.colour, width, height, self.data.sibling(self.data.len())).ok()?;
        (out.id, out.time) = (self.id, self.time);
        for (index, unit) in units.iter().enumerate() {
            let (from, to) = (*self.planes().get(index)?, *out.planes().get(index)?);
            let (across, down) = (from.row_bytes / unit, from.rows);
            let source = self.plane(index);
            let reversed = transform.mirror != (transform.rotate == Rotation::Half);
            for (y, row) in out.plane_mut(index).chunks_exact_mut(to.stride).enumerate() {
                if quarter {
                    // Down a column of the source, from its top or its bottom.
                    let clockwise = transform.rotate == Rotation::Right;
                    let x = if clockwise { y } else { across - 1 - y };
                    let x = if transform.mirror { across - 1 - x } else { x };
                    for (k, px) in row.chunks_exact_mut(*unit).enumerate() {
                        let y = if clockwise { down - 1 - k } else { k };
                        px.copy_from_slice(&source[y * from.stride + x * unit..][..*unit]);
                    }
                    continue;
                }
                let y = if transform.rotate == Rotation::Half { down - 1 - y } else { y };
                let line = &source[y * from.stride..][..from.row_bytes];
                if !reversed {
                    row.copy_from_slice(line);
                    continue;
                }
                for (px, of) in row.chunks_exact_mut(*unit).zip(line.rchunks_exact(*unit)) {
                    px.copy_from_slice(of);
                    if self.format == PixelFormat::Yuyv {
                        px.swap(0, 2);
                    }
                }
            }
        }
        Some(out)
    }

    fn transformed_by_pixels(&self, transform: &FrameTransform) -> Result<Self, FrameError> {
        let mut codes = Vec::new();
        self.read_codes(self.bounds(), &mut codes);
        let (w, h) = (self.width as usize, self.height as usize);
        let (tw, th) = if transform.is_sideways() { (h, w) } else { (w, h) };
        let source = |x: usize, y: usize| {
            let (sx, sy) = match transform.rotate {
                Rotation::None => (x, y),
                Rotation::Right => (y, h - 1 - x),
                Rotation::Half => (w - 1 - x, h - 1 - y),
                Rotation::Left => (w - 1 - y, x),
            };
            codes[sy * w + if transform.mirror { w - 1 - sx } else { sx }]
        };
        let (width, height) = (tw as u32, th as u32);
        // With odd sides, planes halved across only are not as long on their side.
        let bytes = self.data.sibling(Self::byte_len(self.format, width, height));
        let mut out = Self::new(self.format, self.colour, width, height, bytes)?;
        out.data.fill(255);
        (out.id, out.time) = (self.id, self.time);
        let mut row = Vec::with_capacity(tw * 2);
        for y0 in (0..out.height).step_by(2) {
            row.clear();
            let band = PxRect { x: 0, y: y0, width: out.width, height: 2 }.intersect(&out.bounds());
            for y in band.y..band.bottom() {
                row.extend((0..tw).map(|x| source(x, y as usize)));
            }
            out.write_turned(band, &row);
        }
        Ok(out)
    }

    /// Writes every pixel of a band, alpha included.
    fn write_turned(&mut self, band: PxRect, codes: &[u32]) {
        let flagged: Vec<u32> = codes.iter().map(|c| c | 0xff00_0000).collect();
        self.write_codes(band, &flagged);
        if self.format == PixelFormat::Bgra {
            for (y, row) in (band.y as usize..).zip(codes.chunks_exact(band.width as usize)) {
                let bytes = self.row_mut(0, y);
                for (px, code) in bytes.chunks_exact_mut(4).zip(row) {
                    px[3] = code.to_le_bytes()[3];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Colour;
    use super::*;

    fn numbered() -> Frame {
        let data: Vec<u8> = (0..6u8).flat_map(|i| [i, i + 100, 7]).collect();
        Frame::new(PixelFormat::Rgb, Colour::JPEG, 3, 2, data).unwrap()
    }

    fn first(f: &Frame) -> Vec<u8> {
        f.data().iter().step_by(3).copied().collect()
    }

    #[test]
    fn quarters_and_mirror() {
        let f = numbered();
        let transform =
            |mirror, rotate| f.transformed(&FrameTransform { mirror, rotate, size: None }).unwrap();
        assert_eq!(first(&transform(true, Rotation::None)), [2, 1, 0, 5, 4, 3]);
        let right = transform(false, Rotation::Right);
        assert_eq!((right.width(), right.height()), (2, 3));
        assert_eq!(first(&right), [3, 0, 4, 1, 5, 2]);
        assert_eq!(first(&transform(false, Rotation::Half)), [5, 4, 3, 2, 1, 0]);
        assert_eq!(first(&transform(false, Rotation::Left)), [2, 5, 1, 4, 0, 3]);
    }

    #[test]
    fn planes_turn_as_pixels_do() {
        for format in PixelFormat::ALL {
            let data: Vec<u8> = (0..Frame::byte_len(format, 12, 8)).map(|i| (i * 37 % 251) as u8).collect();
            let f = Frame::new(format, Colour::JPEG, 12, 8, data).unwrap();
            let mut quick = 0;
            for mirror in [false, true] {
                for rotate in [Rotation::None, Rotation::Right, Rotation::Half, Rotation::Left] {
                    let transform = FrameTransform { mirror, rotate, size: None };
                    let Some(planes) = f.oriented_in_planes(&transform) else { continue };
                    assert_eq!(
                        planes,
                        f.transformed_by_pixels(&transform).unwrap(),
                        "{format:?} {transform:?}"
                    );
                    quick += 1;
                }
            }
            assert!(quick >= 4, "{format:?}");
        }
    }

    #[test]
    fn four_quarters_are_none_in_every_format() {
        for format in PixelFormat::ALL {
            let f = Frame::filled(format, Colour::JPEG, 12, 8, [9, 200, 90]).unwrap();
            let mut g = f.clone();
            for _ in 0..4 {
                g = g
                    .transformed(&FrameTransform { rotate: Rotation::Right, ..FrameTransform::default() })
                    .unwrap();
            }
            assert_eq!(g, f, "{format:?}");
            let transform = FrameTransform { size: Some((24, 36)), rotate: Rotation::Left, mirror: true };
            let big = f.transformed(&transform).unwrap();
            assert_eq!(big, f.transformed(&transform.orientation()).unwrap().scaled((24, 36)).unwrap());
            assert_eq!(
                f.transformed(&FrameTransform { size: Some((12, 8)), ..FrameTransform::default() }).unwrap(),
                f
            );
        }
    }
}
