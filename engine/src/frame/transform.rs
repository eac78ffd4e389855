//! Mirror, rotation and scaling of whole frames: done before the badge is drawn.

use super::{Frame, FrameError, PixelFormat};
use crate::space::PxRect;

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
}

impl Frame {
    /// The picture mirrored, rotated and scaled (bilinear, each channel at 4:4:4, chroma averaged back).
    ///
    /// # Errors
    /// [`FrameError::Size`] where the asked size is out of range.
    pub fn turned(&self, turn: &Turn) -> Result<Self, FrameError> {
        if turn.is_identity() {
            return Ok(self.clone());
        }
        let mut codes = Vec::new();
        self.read_codes(self.bounds(), &mut codes);
        let (w, h) = (self.width as usize, self.height as usize);
        let swap = matches!(turn.rotate, Quarter::Left | Quarter::Right);
        let (tw, th) = if swap { (h, w) } else { (w, h) };
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
        let mut out = Self::new(self.format, self.colour, ow, oh, vec![255; probe])?;
        (out.id, out.time) = (self.id, self.time);
        let (kx, ky) = (tw as f32 / ow as f32, th as f32 / oh as f32);
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
                        let at = |v: u32, k: f32, n: usize| {
                            ((v as f32 + 0.5) * k - 0.5).clamp(0.0, (n - 1) as f32)
                        };
                        let (fx, fy) = (at(x, kx, tw), at(y, ky, th));
                        let (x0, y0) = (fx as usize, fy as usize);
                        let (x1, y1) = ((x0 + 1).min(tw - 1), (y0 + 1).min(th - 1));
                        let (ax, ay) = (fx - x0 as f32, fy - y0 as f32);
                        let corner = [source(x0, y0), source(x1, y0), source(x0, y1), source(x1, y1)];
                        let weight = [(1.0 - ax) * (1.0 - ay), ax * (1.0 - ay), (1.0 - ax) * ay, ax * ay];
                        let mut v = [0.5f32; 4];
                        for (c, k) in corner.iter().zip(weight) {
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
        let data = (0..6u8).flat_map(|i| [i, i + 100, 7]).collect();
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
