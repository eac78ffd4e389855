//! Regions as packed 4:4:4 codes, and patches written back into the native planes.
//!
//! A code is one `u32` a pixel: the three samples in bytes 0 to 2 (Y Cb Cr, or R G B), and in byte 3 on
//! reading the alpha (255 where there is none), on writing 0 for "leave alone" and anything else for
//! "write". Chroma is repeated on reading and averaged on writing, so an unchanged pixel comes back as
//! it was.

use super::colour::{self, Affine3};
use super::{Frame, PixelFormat};
use crate::space::PxRect;

/// Packs three samples and the flag or alpha byte.
pub(crate) fn pack(c: [u8; 3], top: u8) -> u32 {
    u32::from_le_bytes([c[0], c[1], c[2], top])
}

impl Frame {
    /// The affine map from codes / 255 to R'G'B' in 0..=1 for this frame's format and colour.
    pub fn codes_to_rgb(&self) -> Affine3 {
        if self.format.is_yuv() { self.colour.to_rgb() } else { colour::IDENTITY }
    }

    /// The inverse of [`Frame::codes_to_rgb`].
    pub fn rgb_to_codes(&self) -> Affine3 {
        if self.format.is_yuv() { self.colour.from_rgb() } else { colour::IDENTITY }
    }

    /// The packed code of an R'G'B' colour (0..=1), flagged to be written.
    pub fn encode_rgb(&self, rgb: [f32; 3]) -> u32 {
        let c = colour::apply(&self.rgb_to_codes(), rgb);
        pack(c.map(|v| (v * 255.0).round().clamp(0.0, 255.0) as u8), 255)
    }

    /// Reads `rect` (clipped to the picture) as packed codes, row by row, into `out`.
    pub fn read_codes(&self, rect: PxRect, out: &mut Vec<u32>) {
        let rect = rect.intersect(&self.bounds());
        out.clear();
        out.reserve(rect.width as usize * rect.height as usize);
        let (x0, x1) = (rect.x as usize, rect.right() as usize);
        for y in rect.y as usize..rect.bottom() as usize {
            match self.format {
                PixelFormat::I420 | PixelFormat::I422 | PixelFormat::I444 => {
                    let (sx, sy) = self.chroma_shift();
                    let luma = &self.row(0, y)[x0..x1];
                    let (cb, cr) = (self.row(1, y >> sy), self.row(2, y >> sy));
                    out.extend(luma.iter().zip(x0..).map(|(&l, x)| pack([l, cb[x >> sx], cr[x >> sx]], 255)));
                }
                PixelFormat::Nv12 => {
                    let luma = &self.row(0, y)[x0..x1];
                    let c = self.row(1, y / 2);
                    out.extend(luma.iter().zip(x0..).map(|(&l, x)| pack([l, c[x & !1], c[x | 1]], 255)));
                }
                PixelFormat::Yuyv => {
                    let row = self.row(0, y);
                    out.extend((x0..x1).map(|x| {
                        let pair = x / 2 * 4;
                        pack([row[x * 2], row[pair + 1], row[pair + 3]], 255)
                    }));
                }
                PixelFormat::Bgra => {
                    let row = &self.row(0, y)[x0 * 4..x1 * 4];
                    out.extend(row.chunks_exact(4).map(|p| pack([p[2], p[1], p[0]], p[3])));
                }
                PixelFormat::Rgb => {
                    let row = &self.row(0, y)[x0 * 3..x1 * 3];
                    out.extend(row.chunks_exact(3).map(|p| pack([p[0], p[1], p[2]], 255)));
                }
            }
        }
    }

    /// Writes the flagged pixels of a patch. `codes` holds `rect` (inside the picture, with even origin,
    /// and of even size or ending at the picture's edge) row by row. A luma sample is written where its
    /// pixel is flagged; a chroma sample where one of the pixels it covers is, as the mean of them all.
    /// Alpha and all other samples stay as they are.
    pub fn write_codes(&mut self, rect: PxRect, codes: &[u32]) {
        let width = rect.width as usize;
        if rect.is_empty() || codes.len() < width * rect.height as usize {
            return;
        }
        let x0 = rect.x as usize;
        for (y, row) in (rect.y as usize..rect.bottom() as usize).zip(codes.chunks_exact(width)) {
            let (step, skip) = match self.format {
                PixelFormat::Bgra => (4, x0 * 4),
                PixelFormat::Rgb => (3, x0 * 3),
                PixelFormat::Yuyv => (2, x0 * 2),
                _ => (1, x0),
            };
            let bytes = &mut self.row_mut(0, y)[skip..];
            let order: [usize; 3] = if step == 4 { [2, 1, 0] } else { [0, 1, 2] };
            for (px, code) in bytes.chunks_mut(step).zip(row) {
                let [a, b, c, flag] = code.to_le_bytes();
                if flag != 0 {
                    if step > 2 {
                        (px[order[0]], px[order[1]], px[order[2]]) = (a, b, c);
                    } else {
                        px[0] = a;
                    }
                }
            }
        }
        if self.format.is_yuv() {
            self.write_chroma(rect, codes);
        }
    }

    fn write_chroma(&mut self, rect: PxRect, codes: &[u32]) {
        let (step_x, step_y) = self.format.chroma_step();
        let width = rect.width as usize;
        for (band, rows) in codes.chunks(width * step_y as usize).enumerate() {
            let cy = rect.y as usize / step_y as usize + band;
            for bx in 0..width.div_ceil(step_x as usize) {
                let (mut cb, mut cr, mut n, mut flags) = (0u32, 0u32, 0u32, 0u32);
                for row in rows.chunks_exact(width) {
                    for code in row.iter().skip(bx * step_x as usize).take(step_x as usize) {
                        let [_, b, r, flag] = code.to_le_bytes();
                        cb += u32::from(b);
                        cr += u32::from(r);
                        n += 1;
                        flags |= u32::from(flag);
                    }
                }
                if flags == 0 {
                    continue;
                }
                let (cb, cr) = (((cb + n / 2) / n) as u8, ((cr + n / 2) / n) as u8);
                let cx = rect.x as usize / step_x as usize + bx;
                match self.format {
                    PixelFormat::Nv12 => {
                        let row = self.row_mut(1, cy);
                        (row[cx * 2], row[cx * 2 + 1]) = (cb, cr);
                    }
                    PixelFormat::Yuyv => {
                        let row = self.row_mut(0, cy);
                        (row[cx * 4 + 1], row[cx * 4 + 3]) = (cb, cr);
                    }
                    _ => {
                        self.row_mut(1, cy)[cx] = cb;
                        self.row_mut(2, cy)[cx] = cr;
                    }
                }
            }
        }
    }

    /// Paints a rectangle (clipped; even as for patches) in one code; alpha becomes opaque.
    pub fn fill_codes(&mut self, rect: PxRect, code: u32) {
        let rect = rect.intersect(&self.bounds());
        self.write_codes(rect, &vec![code | 0xff00_0000; rect.width as usize * rect.height as usize]);
        self.make_opaque(rect);
    }

    /// Sets alpha to 255 in `rect` where the format has one.
    pub fn make_opaque(&mut self, rect: PxRect) {
        if self.format == PixelFormat::Bgra {
            let rect = rect.intersect(&self.bounds());
            for y in rect.y as usize..rect.bottom() as usize {
                let row = &mut self.row_mut(0, y)[rect.x as usize * 4..rect.right() as usize * 4];
                row.iter_mut().skip(3).step_by(4).for_each(|a| *a = 255);
            }
        }
    }

    /// Bits by which a luma coordinate is shifted to the chroma sample that covers it.
    pub(super) fn chroma_shift(&self) -> (u32, u32) {
        let (x, y) = self.format.chroma_step();
        (x - 1, y - 1)
    }

    /// One row of a plane; `plane` and `y` must exist.
    pub(super) fn row(&self, plane: usize, y: usize) -> &[u8] {
        let p = &self.planes[plane];
        let start = p.offset + y * p.stride;
        &self.data[start..start + p.row_bytes]
    }

    pub(super) fn row_mut(&mut self, plane: usize, y: usize) -> &mut [u8] {
        let p = self.planes[plane];
        let start = p.offset + y * p.stride;
        &mut self.data[start..start + p.row_bytes]
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Colour, Frame, PixelFormat};
    use super::*;

    fn noisy(format: PixelFormat, w: u32, h: u32) -> Frame {
        let mut chance = fastrand::Rng::with_seed(7);
        let data: Vec<u8> = (0..Frame::byte_len(format, w, h)).map(|_| chance.u8(..)).collect();
        Frame::new(format, Colour::JPEG, w, h, data).unwrap()
    }

    #[test]
    fn codes_written_back_change_nothing_in_any_format() {
        for format in PixelFormat::ALL {
            for (w, h) in [(16, 10), (17, 11), (1, 1)] {
                let mut frame = noisy(format, w, h);
                let before = frame.clone();
                let mut codes = Vec::new();
                frame.read_codes(frame.bounds(), &mut codes);
                codes.iter_mut().for_each(|c| *c |= 0xff00_0000);
                frame.write_codes(frame.bounds(), &codes);
                assert_eq!(frame, before, "{format:?} {w}x{h}");
            }
        }
    }

    #[test]
    fn one_flagged_pixel_touches_its_luma_and_its_chroma_only() {
        for format in PixelFormat::ALL {
            let mut frame = noisy(format, 16, 10);
            let before = frame.clone();
            let rect = PxRect { x: 4, y: 2, width: 6, height: 4 };
            let mut codes = Vec::new();
            frame.read_codes(rect, &mut codes);
            codes.iter_mut().for_each(|c| *c &= 0x00ff_ffff);
            codes[6 + 1] = pack([1, 2, 3], 255);
            frame.write_codes(rect, &codes);
            let changed = frame.data().iter().zip(before.data()).filter(|(a, b)| a != b).count();
            assert!((1..=3).contains(&changed), "{format:?} {changed}");
            let mut after = Vec::new();
            frame.read_codes(PxRect { x: 5, y: 3, width: 1, height: 1 }, &mut after);
            assert_eq!(after[0] & 0xff, 1, "{format:?}");
        }
    }

    #[test]
    fn a_fill_is_one_colour_in_every_format() {
        for format in PixelFormat::ALL {
            let frame = Frame::filled(format, Colour::default(), 15, 9, [200, 30, 60]).unwrap();
            let rgb = frame.to_rgb();
            for p in rgb.chunks_exact(3) {
                for (a, b) in p.iter().zip([200u8, 30, 60]) {
                    assert!(a.abs_diff(b) <= 3, "{format:?} {p:?}");
                }
            }
        }
    }
}
