//! `wgsl/morph.wgsl`.

use crate::layout::{MORPH_NODES, MOVED, MorphParams};
use glam::Vec2;

const NODES: usize = MORPH_NODES as usize;

/// Bends the picture: each pixel is fetched from where it came from. `nodes`: `MORPH_NODES`² displacements in pixels
/// from the picture as it was to the bent one, corners on the region's corners. Pixels that moved get the flag
/// [`MOVED`]. Nothing moves where nodes are missing.
pub fn morph(params: &MorphParams, codes: &[u32], nodes: &[Vec2], moved: &mut [u32]) {
    let [width, height] = params.size.map(|n| n as usize);
    let plain = |codes: &[u32], moved: &mut [u32]| {
        moved.iter_mut().zip(codes).for_each(|(m, c)| *m = c & 0x00ff_ffff);
    };
    let Some(nodes) = nodes.get(..NODES * NODES) else { return plain(codes, moved) };
    if width < 2 || height < 2 || codes.len() < width * height {
        return plain(codes, moved);
    }
    let last = Vec2::new((width - 1) as f32, (height - 1) as f32);
    let step = Vec2::splat((NODES - 1) as f32) / last;
    let least = params.least * params.least;
    let mut row = [Vec2::ZERO; NODES];
    for (y, (out, own)) in moved.chunks_exact_mut(width).zip(codes.chunks_exact(width)).enumerate() {
        let g = y as f32 * step.y;
        let line = (g as usize).min(NODES - 2);
        let (upper, lower) = (&nodes[line * NODES..][..NODES], &nodes[(line + 1) * NODES..][..NODES]);
        for (d, (a, b)) in row.iter_mut().zip(upper.iter().zip(lower)) {
            *d = a.lerp(*b, g - line as f32);
        }
        if row.iter().all(|d| d.length_squared() <= least) {
            plain(own, out);
            continue;
        }
        for (x, (out, own)) in out.iter_mut().zip(own).enumerate() {
            let g = x as f32 * step.x;
            let cell = (g as usize).min(NODES - 2);
            let d = row[cell].lerp(row[cell + 1], g - cell as f32);
            *out = if d.length_squared() <= least {
                own & 0x00ff_ffff
            } else {
                let p = (Vec2::new(x as f32, y as f32) - d).clamp(Vec2::ZERO, last);
                bilinear(codes, [width, height], p) | MOVED
            };
        }
    }
}

/// The three samples at a place inside of the region; the fourth byte is 0.
#[inline]
fn bilinear(codes: &[u32], [width, height]: [usize; 2], p: Vec2) -> u32 {
    let (x, y) = (p.x as usize, p.y as usize);
    let (right, below) = (usize::from(x + 1 < width), if y + 1 < height { width } else { 0 });
    let first = y * width + x;
    // Weights of 8 bits along each axis.
    let (fx, fy) = (((p.x - x as f32) * 256.0) as u32, ((p.y - y as f32) * 256.0) as u32);
    let weights = [(256 - fx) * (256 - fy), fx * (256 - fy), (256 - fx) * fy, fx * fy];
    let four = [first, first + right, first + below, first + below + right].map(|i| codes[i]);
    let sum = |shift: u32| {
        let s: u32 = four.iter().zip(weights).map(|(c, w)| ((c >> shift) & 0xff) * w).sum();
        ((s + 0x8000) >> 16) << shift
    };
    sum(0) | sum(8) | sum(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_moves_every_pixel_and_none_moves_nothing() {
        let size = [8, 6];
        let params = MorphParams { size, least: 0.05, pad: 0 };
        let codes: Vec<u32> =
            (0..48).map(|i| 0xaa00_0000 | ((i % 8) * 20) | (((i / 8) * 20) << 16)).collect();
        let mut out = vec![0; 48];
        morph(&params, &codes, &[Vec2::ZERO; NODES * NODES], &mut out);
        assert!(out.iter().zip(&codes).all(|(o, c)| *o == c & 0x00ff_ffff));
        morph(&params, &codes, &[Vec2::new(1.5, -1.0); NODES * NODES], &mut out);
        // Column 4 shows what was at 2.5, row 2 what was at 3; beyond the edge the edge repeats.
        assert_eq!(out[2 * 8 + 4], MOVED | 50 | 60 << 16);
        assert_eq!(out[5 * 8], MOVED | 100 << 16);
        morph(&params, &codes, &[Vec2::ONE; 7], &mut out);
        assert!(out.iter().zip(&codes).all(|(o, c)| *o == c & 0x00ff_ffff));
    }
}
