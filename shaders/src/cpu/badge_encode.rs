//! `wgsl/badge_encode.wgsl`.

use super::transfer::{Transfer, nearest};
use crate::layout::BadgeEncodeParams;
use glam::Vec4;

/// The weight below which a pixel is left alone, and the one from which the sum of the bands counts in full.
const WEIGHT_MIN: f32 = 0.004;
const WEIGHT_FULL: f32 = 0.25;

#[inline]
fn unpack(code: u32) -> Vec4 {
    let [a, b, c, _] = code.to_le_bytes();
    Vec4::new(f32::from(a), f32::from(b), f32::from(c), 0.0)
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
    let luma_only = grain.y == 0.0 && grain.z == 0.0;
    let limit = Vec4::splat(grain.w);
    // Sums of three rows of the first code, so that a pixel adds three numbers instead of nine.
    let mut columns = vec![0u32; width];
    for y in 0..height {
        let from = y * width;
        let plate_y = (params.origin[1] + y as u32).wrapping_sub(py);
        let row = |dy: usize| &codes[(y + dy).saturating_sub(1).min(height - 1) * width..][..width];
        let around = [row(0), row(1), row(2)];
        if luma_only {
            for (((s, a), b), c) in columns.iter_mut().zip(around[0]).zip(around[1]).zip(around[2]) {
                *s = (a & 0xff) + (b & 0xff) + (c & 0xff);
            }
        }
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
                patch_codes[i] = codes[i] & 0x00ff_ffff;
                continue;
            }
            let rgb = live[i] + b * (b.w / WEIGHT_FULL).min(1.0);
            let near = [x.saturating_sub(1), x, (x + 1).min(width - 1)];
            let fine = if luma_only {
                let sum = columns[near[0]] + columns[near[1]] + columns[near[2]];
                Vec4::new((codes[i] & 0xff) as f32 - sum as f32 * (1.0 / 9.0), 0.0, 0.0, 0.0)
            } else {
                let sum: Vec4 = around.iter().flat_map(|r| near.map(|x| unpack(r[x]))).sum();
                unpack(codes[i]) - sum / 9.0
            };
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
