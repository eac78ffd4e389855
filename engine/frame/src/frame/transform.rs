//! Mirror, rotation and scaling of whole frames: mirror and rotation before faces are looked for, so that faces and
//! words stand as viewers see them; scaling at the end, before the badge is drawn.

use super::{Frame, FrameError, PixelFormat};
use crate::interpolation::Bilinear;
use crate::space::PxRect;
use glam::Vec2;

/// Clockwise rotation in quarter turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Quarter {
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
pub struct Turn {
    /// Left and right exchanged.
    pub mirror: bool,
    /// Rotation.
    pub rotate: Quarter,
    /// Output width and height; nothing keeps the size.
    pub size: Option<(u32, u32)>,
}

impl Turn {
    /// Whether nothing is changed.
    pub fn is_identity(&self) -> bool {
        !self.mirror && self.rotate == Quarter::None && self.size.is_none()
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
        matches!(self.rotate, Quarter::Left | Quarter::Right)
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
    pub fn oriented(self, turn: &Turn) -> Result<Self, FrameError> {
        let turn = turn.orientation();
        if turn.is_identity() { Ok(self) } else { self.turned(&turn) }
    }

    /// The picture mirrored, rotated and scaled (bilinear, each channel at 4:4:4, chroma averaged back).
    ///
    /// # Errors
    /// [`FrameError::Size`] where the asked size is out of range.
    pub fn turned(&self, turn: &Turn) -> Result<Self, FrameError> {
        if turn.is_identity() {
            return Ok(self.clone());
        }
        match self.turned_in_planes(turn) {
            Some(turned) => Ok(turned),
            None => self.turned_by_pixels(turn),
        }
    }

    /// Mirror and rotation plane by plane, without conversion or scratch memory; nothing where chroma samples
    /// would have to be made anew (scaling, odd sizes, quarter turns of formats halved across only).
    fn turned_in_planes(&self, turn: &Turn) -> Option<Self> {
        let quarter = turn.is_sideways();
        let (width, height) = turn.oriented((self.width, self.height));
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
        if turn.size.is_some_and(|size| size != (width, height)) {
            return None;
        }
        let mut out =
            Self::new(self.format, self.colour, width, height, self.data.sibling(self.data.len())).ok()?;
        (out.id, out.time) = (self.id, self.time);
        for (index, unit) in units.iter().enumerate() {
            let (from, to) = (*self.planes().get(index)?, *out.planes().get(index)?);
            let (across, down) = (from.row_bytes / unit, from.rows);
            let source = self.plane(index);
            let reversed = turn.mirror != (turn.rotate == Quarter::Half);
            for (y, row) in out.plane_mut(index).chunks_exact_mut(to.stride).enumerate() {
                if quarter {
                    // Down a column of the source, from its top or its bottom.
                    let clockwise = turn.rotate == Quarter::Right;
                    let x = if clockwise { y } else { across - 1 - y };
                    let x = if turn.mirror { across - 1 - x } else { x };
                    for (k, px) in row.chunks_exact_mut(*unit).enumerate() {
                        let y = if clockwise { down - 1 - k } else { k };
                        px.copy_from_slice(&source[y * from.stride + x * unit..][..*unit]);
                    }
                    continue;
                }
                let y = if turn.rotate == Quarter::Half { down - 1 - y } else { y };
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

    fn turned_by_pixels(&self, turn: &Turn) -> Result<Self, FrameError> {
        let mut codes = Vec::new();
        self.read_codes(self.bounds(), &mut codes);
        let (w, h) = (self.width as usize, self.height as usize);
        let (tw, th) = if turn.is_sideways() { (h, w) } else { (w, h) };
        let source = |x: usize, y: usize| {
            let (sx, sy) = match turn.rotate {
                Quarter::None => (x, y),
                Quarter::Right => (y, h - 1 - x),
                Quarter::Half => (w - 1 - x, h - 1 - y),
                Quarter::Left => (w - 1 - y, x),
            };
            codes[sy * w + if turn.mirror { w - 1 - sx } else { sx }]
        };
        let (ow, oh) = turn.size.unwrap_or((tw as u32, th as u32));
        let probe = Self::byte_len(self.format, ow.min(Self::MAX_SIDE), oh.min(Self::MAX_SIDE));
        let mut out = Self::new(self.format, self.colour, ow, oh, self.data.sibling(probe))?;
        out.data.fill(255);
        (out.id, out.time) = (self.id, self.time);
        let scale = Vec2::new(tw as f32, th as f32) / Vec2::new(ow as f32, oh as f32);
        let exact = (tw as u32, th as u32) == (ow, oh);
        let mut row = Vec::with_capacity(ow as usize * 2);
        for y0 in (0..oh).step_by(2) {
            row.clear();
            let band = PxRect { x: 0, y: y0, width: ow, height: 2 }.intersect(&out.bounds());
            for y in band.y..band.bottom() {
                for x in 0..ow {
                    row.push(if exact {
                        source(x as usize, y as usize)
                    } else {
                        let at = (Vec2::new(x as f32, y as f32) + 0.5) * scale - 0.5;
                        let cell = Bilinear::clamped(at, [tw, th]);
                        let mut v = [0.5f32; 4];
                        for (c, k) in cell.corners(source).iter().zip(cell.weights()) {
                            for (v, b) in v.iter_mut().zip(c.to_le_bytes()) {
                                *v += f32::from(b) * k;
                            }
                        }
                        u32::from_le_bytes(v.map(|v| v as u8))
                    });
                }
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
        let turn = |mirror, rotate| f.turned(&Turn { mirror, rotate, size: None }).unwrap();
        assert_eq!(first(&turn(true, Quarter::None)), [2, 1, 0, 5, 4, 3]);
        let right = turn(false, Quarter::Right);
        assert_eq!((right.width(), right.height()), (2, 3));
        assert_eq!(first(&right), [3, 0, 4, 1, 5, 2]);
        assert_eq!(first(&turn(false, Quarter::Half)), [5, 4, 3, 2, 1, 0]);
        assert_eq!(first(&turn(false, Quarter::Left)), [2, 5, 1, 4, 0, 3]);
    }

    #[test]
    fn planes_turn_as_pixels_do() {
        for format in PixelFormat::ALL {
            let data: Vec<u8> = (0..Frame::byte_len(format, 12, 8)).map(|i| (i * 37 % 251) as u8).collect();
            let f = Frame::new(format, Colour::JPEG, 12, 8, data).unwrap();
            let mut quick = 0;
            for mirror in [false, true] {
                for rotate in [Quarter::None, Quarter::Right, Quarter::Half, Quarter::Left] {
                    let turn = Turn { mirror, rotate, size: None };
                    let Some(planes) = f.turned_in_planes(&turn) else { continue };
                    assert_eq!(planes, f.turned_by_pixels(&turn).unwrap(), "{format:?} {turn:?}");
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
                g = g.turned(&Turn { rotate: Quarter::Right, ..Turn::default() }).unwrap();
            }
            assert_eq!(g, f, "{format:?}");
            let big = f.turned(&Turn { size: Some((24, 16)), ..Turn::default() }).unwrap();
            assert_eq!((big.width(), big.height()), (24, 16));
        }
    }
}
