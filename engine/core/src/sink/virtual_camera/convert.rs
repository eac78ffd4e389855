//! Whole frames to what a virtual camera sends, row by row and without allocation: BT.601, limited range.
//!
//! Frames in 4:2:0 or YUYV and BT.601 go by fixed-point arithmetic on rows of bytes; all others pixel by
//! pixel through the colour matrices.

use super::VirtualFormat;
use crate::frame::{Affine3, Colour, Frame, Matrix, PixelFormat, Range};
use crate::space::PxRect;

/// What readers of a camera take its samples for.
pub(super) const COLOUR: Colour = Colour { matrix: Matrix::Bt601, range: Range::Limited };

/// One row in 4:2:2. Chroma values are the sums of two samples, so that they are rounded only once.
#[derive(Debug, Default)]
struct Row {
    luma: Vec<u8>,
    cb: Vec<u16>,
    cr: Vec<u16>,
}

/// Converts frames; its buffers are kept from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Converter {
    rows: [Row; 2],
    codes: Vec<u32>,
}

/// Luma 0..=255 to 16..=235: `round(v · 219/255) + 16`.
#[inline]
fn limited_luma(v: u8) -> u8 {
    ((u32::from(v) * 56_284 + (16 << 16) + (1 << 15)) >> 16) as u8
}

/// Chroma 0..=255 to 16..=240: `round((v - 128) · 224/255) + 128`.
#[inline]
fn limited_chroma(v: u8) -> u8 {
    ((u32::from(v) * 57_569 + 1_019_821 + (1 << 15)) >> 16) as u8
}

/// Whether the frame's bytes are those that are to be sent.
pub(super) fn is_ready(frame: &Frame, format: VirtualFormat) -> bool {
    frame.format() == format.pixels() && frame.colour() == COLOUR
}

impl Converter {
    /// Writes the picture in `format` at its own size into `out`, which must have that many bytes
    /// ([`Frame::byte_len`]); a shorter one is left as it is.
    pub(super) fn convert(&mut self, frame: &Frame, format: VirtualFormat, out: &mut [u8]) {
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        if out.len() < Frame::byte_len(format.pixels(), frame.width(), frame.height()) {
            return;
        }
        if is_ready(frame, format) {
            out[..frame.data().len()].copy_from_slice(frame.data());
            return;
        }
        let half = width.div_ceil(2);
        let [first, second] = &mut self.rows;
        match format {
            VirtualFormat::Yuyv => {
                for (y, out) in out.chunks_exact_mut(half * 4).take(height).enumerate() {
                    first.load(frame, y, &mut self.codes);
                    first.interleave(out);
                }
            }
            VirtualFormat::I420 => {
                let (luma, chroma) = out.split_at_mut(width * height);
                let (cb, cr) = chroma.split_at_mut(half * height.div_ceil(2));
                let luma = luma.chunks_mut(width * 2);
                for (k, ((luma, cb), cr)) in
                    luma.zip(cb.chunks_exact_mut(half)).zip(cr.chunks_exact_mut(half)).enumerate()
                {
                    let (upper, lower) = luma.split_at_mut(width.min(luma.len()));
                    first.load(frame, k * 2, &mut self.codes);
                    upper.copy_from_slice(&first.luma[..width]);
                    if lower.is_empty() {
                        first.average(first, cb, cr);
                    } else {
                        second.load(frame, k * 2 + 1, &mut self.codes);
                        lower.copy_from_slice(&second.luma[..width]);
                        first.average(second, cb, cr);
                    }
                }
            }
        }
    }
}

impl Row {
    /// Reads row `y` in the colour that is sent.
    fn load(&mut self, frame: &Frame, y: usize, codes: &mut Vec<u32>) {
        let width = frame.width() as usize;
        let half = width.div_ceil(2);
        self.luma.resize(half * 2, 0);
        self.cb.resize(half, 0);
        self.cr.resize(half, 0);
        let plane = |index: usize, y: usize| {
            let stride = frame.planes().get(index).map_or(0, |p| p.stride);
            frame.plane(index).get(y * stride..(y + 1) * stride).unwrap_or_default()
        };
        let same_matrix = frame.colour().matrix == COLOUR.matrix;
        match frame.format() {
            PixelFormat::I420 if same_matrix => {
                copy_luma(&mut self.luma, plane(0, y));
                double(&mut self.cb, plane(1, y / 2), frame);
                double(&mut self.cr, plane(2, y / 2), frame);
            }
            PixelFormat::Nv12 if same_matrix => {
                copy_luma(&mut self.luma, plane(0, y));
                pairs(&mut self.cb, &mut self.cr, plane(1, y / 2).chunks_exact(2), [0, 1], frame);
            }
            PixelFormat::Yuyv if same_matrix => {
                let row = plane(0, y);
                for (o, v) in self.luma.chunks_exact_mut(2).zip(row.chunks_exact(4)) {
                    (o[0], o[1]) = (v[0], v[2]);
                }
                pairs(&mut self.cb, &mut self.cr, row.chunks_exact(4), [1, 3], frame);
            }
            _ => return self.load_by_matrix(frame, y, codes),
        }
        if frame.colour().range == Range::Full {
            self.luma.iter_mut().for_each(|v| *v = limited_luma(*v));
        }
        self.close(width);
    }

    /// The same for any format and colour.
    fn load_by_matrix(&mut self, frame: &Frame, y: usize, codes: &mut Vec<u32>) {
        let width = frame.width() as usize;
        frame.read_codes(PxRect { x: 0, y: y as u32, width: frame.width(), height: 1 }, codes);
        let m = joined(&COLOUR.from_rgb(), &frame.codes_to_rgb());
        let m = m.map(|[a, b, c, d]| [a, b, c, d * 255.0].map(|v| (v * 65536.0).round() as i32));
        self.cb.fill(0);
        self.cr.fill(0);
        for (x, code) in codes.iter().enumerate().take(width) {
            let [a, b, c, _] = code.to_le_bytes().map(i32::from);
            let [l, u, v] =
                m.map(|r| ((r[0] * a + r[1] * b + r[2] * c + r[3] + (1 << 15)) >> 16).clamp(0, 255));
            self.luma[x] = l as u8;
            // A last column without a neighbour stands for both.
            let weight = if x + 1 == width && width % 2 == 1 { 2 } else { 1 };
            self.cb[x / 2] += u as u16 * weight;
            self.cr[x / 2] += v as u16 * weight;
        }
        self.close(width);
    }

    /// Repeats the last column of an odd picture.
    fn close(&mut self, width: usize) {
        if width % 2 == 1 {
            self.luma[width] = self.luma[width - 1];
        }
    }

    fn interleave(&self, out: &mut [u8]) {
        let pairs = out.chunks_exact_mut(4).zip(self.luma.chunks_exact(2));
        for ((o, l), (b, r)) in pairs.zip(self.cb.iter().zip(&self.cr)) {
            o.copy_from_slice(&[l[0], b.div_ceil(2) as u8, l[1], r.div_ceil(2) as u8]);
        }
    }

    /// The mean chroma of two rows.
    fn average(&self, other: &Self, cb: &mut [u8], cr: &mut [u8]) {
        for (out, (a, b)) in [(cb, (&self.cb, &other.cb)), (cr, (&self.cr, &other.cr))] {
            for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
                *o = ((a + b + 2) >> 2) as u8;
            }
        }
    }
}

fn copy_luma(out: &mut [u8], row: &[u8]) {
    out.iter_mut().zip(row).for_each(|(o, v)| *o = *v);
}

fn double(out: &mut [u16], row: &[u8], frame: &Frame) {
    if frame.colour().range == Range::Full {
        out.iter_mut().zip(row).for_each(|(o, v)| *o = u16::from(limited_chroma(*v)) * 2);
    } else {
        out.iter_mut().zip(row).for_each(|(o, v)| *o = u16::from(*v) * 2);
    }
}

/// Chroma of interleaved samples, Cb and Cr at the places `at` of each group.
fn pairs<'a>(
    cb: &mut [u16],
    cr: &mut [u16],
    groups: impl Iterator<Item = &'a [u8]>,
    at: [usize; 2],
    frame: &Frame,
) {
    let full = frame.colour().range == Range::Full;
    let map = |v: u8| u16::from(if full { limited_chroma(v) } else { v }) * 2;
    for ((b, r), group) in cb.iter_mut().zip(cr).zip(groups) {
        (*b, *r) = (map(group[at[0]]), map(group[at[1]]));
    }
}

/// The map `outer` after `inner`.
fn joined(outer: &Affine3, inner: &Affine3) -> Affine3 {
    outer.map(|row| {
        let mut out = [0.0; 4];
        for (k, o) in out.iter_mut().enumerate() {
            *o = (0..3).map(|j| row[j] * inner[j][k]).sum::<f32>() + if k == 3 { row[3] } else { 0.0 };
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_point_maps_are_the_rounded_ones_for_every_code() {
        for v in 0..=255u8 {
            let luma = (f64::from(v) * 219.0 / 255.0).round() + 16.0;
            let chroma = ((f64::from(v) - 128.0) * 224.0 / 255.0).round() + 128.0;
            assert_eq!((f64::from(limited_luma(v)), f64::from(limited_chroma(v))), (luma, chroma), "{v}");
        }
    }

    /// A picture of neighbours with little in common in brightness. Its colours are mild, so that shared
    /// chroma makes none that R'G'B' has not: the reference clips those, here they stay.
    fn picture(format: PixelFormat, colour: Colour, width: u32, height: u32) -> Frame {
        let rgb = (0..width * height).flat_map(|i| {
            let (x, y) = (i % width, i / width);
            let grey = (x * 37 + y * 23) % 140 + 50;
            [grey + x * 7 % 30, grey + 12, grey + y * 5 % 36].map(|v| v as u8)
        });
        let rgb = Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, rgb.collect::<Vec<_>>()).unwrap();
        rgb.converted(format, colour).unwrap()
    }

    #[test]
    fn every_format_and_colour_comes_out_as_the_reference_conversion_has_it() {
        let mut converter = Converter::default();
        for (width, height) in [(64, 36), (36, 64), (33, 17)] {
            for from in PixelFormat::ALL {
                for matrix in [Matrix::Bt601, Matrix::Bt709] {
                    for range in [Range::Full, Range::Limited] {
                        let frame = picture(from, Colour { matrix, range }, width, height);
                        for format in [VirtualFormat::Yuyv, VirtualFormat::I420] {
                            let want = frame.converted(format.pixels(), COLOUR).unwrap();
                            let mut out = vec![0; want.data().len()];
                            converter.convert(&frame, format, &mut out);
                            let got = Frame::new(format.pixels(), COLOUR, width, height, out).unwrap();
                            compare(&got, &want, &format!("{from:?} {matrix:?} {range:?} -> {format:?}"));
                        }
                    }
                }
            }
        }
    }

    fn compare(got: &Frame, want: &Frame, what: &str) {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        got.read_codes(got.bounds(), &mut a);
        want.read_codes(want.bounds(), &mut b);
        let mut off = 0;
        for (a, b) in a.iter().zip(&b) {
            for (a, b) in a.to_le_bytes().iter().zip(b.to_le_bytes()) {
                assert!(a.abs_diff(b) <= 1, "{what}: {a} for {b}");
                off += usize::from(*a != b);
            }
        }
        // Rounding may fall the other way where a value lies between two codes; seldom.
        assert!(off * 50 <= a.len() * 3, "{what}: {off} of {}", a.len() * 3);
    }

    #[test]
    fn frames_that_are_ready_go_through_byte_for_byte() {
        for format in [VirtualFormat::Yuyv, VirtualFormat::I420] {
            let data: Vec<u8> =
                (0..Frame::byte_len(format.pixels(), 32, 18)).map(|i| (i * 73 % 256) as u8).collect();
            let frame = Frame::new(format.pixels(), COLOUR, 32, 18, data.clone()).unwrap();
            let mut out = vec![0; data.len()];
            Converter::default().convert(&frame, format, &mut out);
            assert_eq!(out, data, "{format:?}");
        }
    }

    #[test]
    fn white_black_and_red_are_the_standards_codes() {
        for (rgb, codes) in [
            ([255u8; 3], [235, 128, 235, 128]),
            ([0; 3], [16, 128, 16, 128]),
            ([255, 0, 0], [81, 90, 81, 240]),
        ] {
            for from in PixelFormat::ALL {
                let frame = Frame::filled(from, Colour::JPEG, 4, 2, rgb).unwrap();
                let mut out = [0; 16];
                Converter::default().convert(&frame, VirtualFormat::Yuyv, &mut out);
                for (got, want) in out.iter().zip(codes.iter().cycle()) {
                    assert!(got.abs_diff(*want) <= 1, "{from:?} {rgb:?}: {out:?}");
                }
            }
        }
    }
}
