//! Whole frames to R'G'B' and between formats: for pictures, sinks that need it, and displays.

use super::colour::apply;
use super::{Colour, Frame, FrameError, PixelFormat};
use crate::space::PxRect;

/// 16-bit fixed point, as libjpeg's own conversion has it, so a decoded JPEG's untouched pixels come out
/// as other programs show them.
const FIX: f32 = 65536.0;
const HALF: i32 = 1 << 15;

impl Frame {
    /// The picture as tight R G B rows (sRGB). Subsampled chroma is interpolated by the triangle filter
    /// (weights 3/4 and 1/4 in each subsampled direction) that JPEG decoders use.
    pub fn to_rgb(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.width as usize * self.height as usize * 3);
        if !self.format.is_yuv() {
            let mut codes = Vec::new();
            self.read_codes(self.bounds(), &mut codes);
            out.extend(codes.iter().flat_map(|c| {
                let [r, g, b, _] = c.to_le_bytes();
                [r, g, b]
            }));
            return out;
        }
        let m = self.colour.to_rgb().map(|row| row.map(|v| (v * FIX).round() as i32));
        let bias = self.colour.to_rgb().map(|row| (row[3] * 255.0 * FIX).round() as i32 + HALF);
        let width = self.width as usize;
        let (mut cb, mut cr) = (vec![0i32; width], vec![0i32; width]);
        let mut luma = vec![0u8; width];
        for y in 0..self.height as usize {
            self.chroma_row(y, 0, &mut cb);
            self.chroma_row(y, 1, &mut cr);
            self.luma_row(y, &mut luma);
            for ((&l, &b), &r) in luma.iter().zip(&cb).zip(&cr) {
                for (row, k) in m.iter().zip(bias) {
                    let v = (row[0] * i32::from(l) + row[1] * b + row[2] * r + k) >> 16;
                    out.push(v.clamp(0, 255) as u8);
                }
            }
        }
        out
    }

    /// The picture without transparency, on a ground of one R'G'B' colour (0..=255): R'G'B' where it has an alpha
    /// channel, else a copy as it is.
    pub fn over(&self, ground: [u8; 3]) -> Self {
        if self.format != PixelFormat::Bgra {
            return self.clone();
        }
        let mut rgb = Vec::with_capacity(self.width as usize * self.height as usize * 3);
        for pixel in self.data().chunks_exact(4) {
            let &[b, g, r, alpha] = pixel else { continue };
            let alpha = u32::from(alpha);
            let part = |v: u8, ground: u8| {
                ((u32::from(v) * alpha + u32::from(ground) * (255 - alpha) + 127) / 255) as u8
            };
            rgb.extend([part(r, ground[0]), part(g, ground[1]), part(b, ground[2])]);
        }
        let colour = self.colour;
        match Self::new(PixelFormat::Rgb, colour, self.width, self.height, rgb) {
            Ok(mut over) => {
                (over.id, over.time) = (self.id, self.time);
                over
            }
            // Both have the same sides.
            Err(_) => self.clone(),
        }
    }

    /// Luma samples of row `y`, tight.
    fn luma_row(&self, y: usize, out: &mut [u8]) {
        let row = self.row(0, y);
        if self.format == PixelFormat::Yuyv {
            out.iter_mut().zip(row.iter().step_by(2)).for_each(|(o, v)| *o = *v);
        } else {
            out.copy_from_slice(&row[..out.len()]);
        }
    }

    /// One chroma sample; coordinates are clamped to the plane.
    #[inline]
    fn chroma(&self, which: usize, x: usize, y: usize) -> i32 {
        i32::from(match self.format {
            PixelFormat::Nv12 => self.row(1, y)[x * 2 + which],
            PixelFormat::Yuyv => self.row(0, y)[x * 4 + 1 + which * 2],
            _ => self.row(1 + which, y)[x],
        })
    }

    /// Chroma of row `y` interpolated to full width.
    fn chroma_row(&self, y: usize, which: usize, out: &mut [i32]) {
        let (sx, sy) = self.chroma_shift();
        let width = self.width as usize;
        let (cw, ch) = (width.div_ceil(1 << sx), (self.height as usize).div_ceil(1 << sy));
        let near = y >> sy;
        let far = match (sy, y & 1) {
            (0, _) => near,
            (_, 0) => near.saturating_sub(1),
            _ => (near + 1).min(ch - 1),
        };
        // Four times the value where rows are blended, once where they are not.
        let column = |x: usize| {
            let v = self.chroma(which, x, near);
            if sy == 1 { v * 3 + self.chroma(which, x, far) } else { v }
        };
        let (shift, round) = match (sx, sy) {
            (0, 0) => (0, [0, 0]),
            (0, _) => (2, [1, 2]),
            (_, 0) => (2, [1, 2]),
            _ => (4, [8, 7]),
        };
        if sx == 0 {
            for (x, o) in out.iter_mut().enumerate() {
                *o = (column(x) + round[y & 1]) >> shift;
            }
            return;
        }
        let mut before = column(0);
        let mut here = before;
        for x in 0..cw {
            let after = column((x + 1).min(cw - 1));
            out[x * 2] = (here * 3 + before + round[0]) >> shift;
            if x * 2 + 1 < width {
                out[x * 2 + 1] = (here * 3 + after + round[1]) >> shift;
            }
            (before, here) = (here, after);
        }
    }

    /// The picture in another format and colour; the same bytes where both are what they were.
    ///
    /// # Errors
    /// Never for a frame that exists; the type says so because the copy is built like any other frame.
    pub fn converted(&self, format: PixelFormat, colour: Colour) -> Result<Self, FrameError> {
        let same_codes = !format.is_yuv() || colour == self.colour;
        if format == self.format && same_codes {
            return Ok(self.clone());
        }
        let len = Self::byte_len(format, self.width, self.height);
        let mut out = Self::new(format, colour, self.width, self.height, vec![255; len])?;
        (out.id, out.time) = (self.id, self.time);
        let mut codes = Vec::new();
        let rows = 2;
        for y in (0..self.height).step_by(rows as usize) {
            let band = PxRect { x: 0, y, width: self.width, height: rows }.intersect(&self.bounds());
            self.read_codes(band, &mut codes);
            if !(same_codes && format.is_yuv() && self.format.is_yuv()) {
                let (to, from) = (self.codes_to_rgb(), out.rgb_to_codes());
                for c in &mut codes {
                    let [a, b, d, alpha] = c.to_le_bytes();
                    let rgb = apply(&to, [a, b, d].map(|v| f32::from(v) / 255.0)).map(|v| v.clamp(0.0, 1.0));
                    let v = apply(&from, rgb).map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8);
                    *c = u32::from_le_bytes([v[0], v[1], v[2], alpha.max(1)]);
                }
            } else {
                codes.iter_mut().for_each(|c| *c |= 0xff00_0000);
            }
            out.write_codes(band, &codes);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_chroma_and_triangle_weights() {
        // Luma 128 everywhere, Cr a step: 128 | 192, full range.
        let mut data = vec![128u8; 8 * 4];
        data.extend(vec![128u8; 4 * 2]);
        data.extend([128, 128, 192, 192].repeat(2));
        let f = Frame::new(PixelFormat::I420, Colour::JPEG, 8, 4, data).unwrap();
        let rgb = f.to_rgb();
        let red: Vec<i32> = (0..8).map(|x| i32::from(rgb[x * 3])).collect();
        // 1.402 · (0, 16, 48, 64) above 128.
        assert_eq!(red, [128, 128, 128, 150, 195, 218, 218, 218]);
    }

    #[test]
    fn yuv_formats_convert_without_loss_upwards_and_back() {
        let data: Vec<u8> =
            (0..Frame::byte_len(PixelFormat::I420, 18, 7)).map(|i| (i * 37 % 251) as u8).collect();
        let f = Frame::new(PixelFormat::I420, Colour::JPEG, 18, 7, data).unwrap();
        for via in [PixelFormat::I444, PixelFormat::Nv12] {
            let there = f.converted(via, Colour::JPEG).unwrap();
            assert_eq!(there.converted(PixelFormat::I420, Colour::JPEG).unwrap(), f, "{via:?}");
        }
    }
}
