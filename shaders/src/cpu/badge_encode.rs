//! `wgsl/badge_encode.wgsl`.

use super::transfer::{Transfer, nearest};
use crate::layout::BadgeEncodeParams;
use glam::Vec4;

/// The weight below which a pixel is left alone, and the one from which the sum of the bands counts in full.
const WEIGHT_MIN: f32 = 0.004;
const WEIGHT_FULL: f32 = 0.25;
/// Grain is what a pixel differs from the mean of the square round it: so far it reaches from the middle.
const GRAIN_REACH: usize = 2;
const GRAIN_SIDE: usize = 2 * GRAIN_REACH + 1;
const GRAIN_PIXELS: f32 = (GRAIN_SIDE * GRAIN_SIDE) as f32;

#[inline]
fn unpack(code: u32) -> Vec4 {
    let [a, b, c, _] = code.to_le_bytes();
    Vec4::new(f32::from(a), f32::from(b), f32::from(c), 0.0)
}

/// Sums over the square round each pixel of a row; edges repeat. The first and the third code go in the halves of a
/// word, the second in a word of its own: 25 codes fit.
#[derive(Default)]
struct Squares {
    /// A column each, [`GRAIN_REACH`] more at either end.
    columns: [Vec<u32>; 2],
    sums: [Vec<u32>; 2],
}

impl Squares {
    fn fill(&mut self, codes: &[u32], width: usize, y: usize) {
        let height = codes.len() / width;
        let [outer, middle] = &mut self.columns;
        for columns in [&mut *outer, &mut *middle] {
            columns.clear();
            columns.resize(width + 2 * GRAIN_REACH, 0);
        }
        for dy in 0..GRAIN_SIDE {
            let row = &codes[(y + dy).saturating_sub(GRAIN_REACH).min(height - 1) * width..][..width];
            let columns = outer[GRAIN_REACH..].iter_mut().zip(&mut middle[GRAIN_REACH..]);
            for ((outer, middle), code) in columns.zip(row) {
                *outer += code & 0x00ff_00ff;
                *middle += (code >> 8) & 0xff;
            }
        }
        for (columns, sums) in [outer, middle].into_iter().zip(&mut self.sums) {
            let (first, last) = (columns[GRAIN_REACH], columns[GRAIN_REACH + width - 1]);
            columns[..GRAIN_REACH].fill(first);
            columns[GRAIN_REACH + width..].fill(last);
            sums.clear();
            sums.extend(columns.windows(GRAIN_SIDE).map(|w| w.iter().sum::<u32>()));
        }
    }

    #[inline]
    fn at(&self, x: usize) -> Vec4 {
        let [outer, middle] = [self.sums[0][x], self.sums[1][x]];
        Vec4::new((outer & 0xffff) as f32, middle as f32, (outer >> 16) as f32, 0.0)
    }
}

/// Codes / 255 to a packed code, flagged as written.
#[inline]
fn packed(code: Vec4) -> u32 {
    let [a, b, c, _] = nearest((code * 255.0).max(Vec4::ZERO).min(Vec4::splat(255.0)));
    a | b << 8 | c << 16 | 0xff00_0000
}

/// Blends the region back into native codes and draws the part of the badge's plate that lies in it.
pub fn badge_encode(
    params: &BadgeEncodeParams,
    codes: &[u32],
    live: &[Vec4],
    blended: &[Vec4],
    coverage: &[f32],
    patch_codes: &mut [u32],
) {
    let transfer = Transfer::tables();
    let [width, height] = params.size.map(|v| v as usize);
    let rows = params.from_rgb.map(Vec4::from_array);
    let column = |i: usize| Vec4::new(rows[0][i], rows[1][i], rows[2][i], 0.0);
    let (c0, c1, c2, c3) = (column(0), column(1), column(2), column(3));
    let encode = |rgb: Vec4| c0 * rgb.x + c1 * rgb.y + c2 * rgb.z + c3;
    let [px, py, pw, ph] = params.plate;
    let (plate, text) = (Vec4::from_array(params.plate_rgb), Vec4::from_array(params.text_rgb));
    let grain = Vec4::from_array(params.grain);
    let limit = Vec4::splat(grain.w);
    let mut squares = Squares::default();
    for y in 0..height {
        let from = y * width;
        let plate_y = (params.origin[1] + y as u32).wrapping_sub(py);
        squares.fill(&codes[..width * height], width, y);
        for x in 0..width {
            let i = from + x;
            let plate_x = (params.origin[0] + x as u32).wrapping_sub(px);
            if plate_y < ph && plate_x < pw {
                let t = coverage.get((plate_y * pw + plate_x) as usize).copied().unwrap_or(0.0);
                patch_codes[i] = packed(encode(plate.lerp(text, t)));
                continue;
            }
            let b = blended[i];
            if b.w < WEIGHT_MIN {
                patch_codes[i] = codes[i] & params.kept;
                continue;
            }
            let rgb = live[i] + b * (b.w / WEIGHT_FULL).min(1.0);
            let fine = unpack(codes[i]) - squares.at(x) * (1.0 / GRAIN_PIXELS);
            let fine = (fine * (1.0 / 255.0)).max(-limit).min(limit) * grain;
            patch_codes[i] = packed(encode(transfer.encode(rgb)) + fine * b.w);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(size: [u32; 2]) -> BadgeEncodeParams {
        let identity = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]];
        BadgeEncodeParams {
            size,
            origin: [10, 20],
            from_rgb: identity,
            plate: [0; 4],
            plate_rgb: [0.0; 4],
            text_rgb: [1.0; 4],
            grain: [0.0; 4],
            kept: 0x00ff_ffff,
            pad: 0,
            more: [0; 2],
        }
    }

    #[test]
    fn no_weight_leaves_every_pixel_alone() {
        let codes: Vec<u32> = (0..12).map(|i| 0xff00_0000 | (i * 9999)).collect();
        let mut out = vec![7; 12];
        badge_encode(&params([4, 3]), &codes, &[Vec4::ONE; 12], &[Vec4::ZERO; 12], &[], &mut out);
        assert!(out.iter().zip(&codes).all(|(o, c)| *o == c & 0x00ff_ffff));
    }

    #[test]
    fn full_weight_writes_the_sum_and_the_plate_wins() {
        let mut p = params([4, 3]);
        (p.plate, p.plate_rgb) = ([12, 21, 2, 2], [16.0 / 255.0; 4]);
        let mut out = vec![7; 12];
        let half = Vec4::new(0.1, 0.1, 0.1, 1.0);
        badge_encode(&p, &[0; 12], &[half; 12], &[half; 12], &[0.0, 1.0, 0.0, 0.0], &mut out);
        // 0.2 linear is 124 encoded.
        assert_eq!(out[0], 0xff7c_7c7c);
        assert_eq!(out[4 + 2], 0xff10_1010);
        assert_eq!(out[4 + 3], 0xffff_ffff);
    }
}
