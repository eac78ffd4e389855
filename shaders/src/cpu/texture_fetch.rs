//! `wgsl/texture_fetch.wgsl`.

use super::transfer::Transfer;
use crate::layout::TextureFetchParams;
use glam::Vec4;

/// First texel of mip level `level` in a chain whose level 0 has `side` texels a side (a power of two):
/// (4^n − 4^(n−k)) · 4 / 3 in powers of the side.
pub fn mip_start(side: u32, level: u32) -> usize {
    let (base, here) = (side as usize, (side >> level) as usize);
    (base * base - here * here) * 4 / 3
}

/// The four bytes of a texel in lanes of 16 bits.
#[inline]
fn spread(texel: u32) -> u64 {
    let t = u64::from(texel);
    let t = (t | t << 16) & 0x0000_ffff_0000_ffff;
    (t | t << 8) & LANES
}

const LANES: u64 = 0x00ff_00ff_00ff_00ff;

/// `a` to `b` by `f` of 256, rounded, lane by lane. A lane can't overflow: 255 · 256 + 128 fits 16 bits.
#[inline]
fn mix(a: u64, b: u64, f: u64) -> u64 {
    ((a * (256 - f) + b * f + 0x0080_0080_0080_0080) >> 8) & LANES
}

/// One mip level.
#[derive(Clone, Copy)]
struct Level<'a> {
    texels: &'a [u32],
    side: usize,
}

impl Level<'_> {
    /// Encoded sample, blended in integers: within one code of the shader's.
    #[inline]
    fn bilinear(&self, u: f32, v: f32) -> u64 {
        let top = ((self.side - 1) * 256) as f32;
        let scale = self.side as f32 * 256.0;
        let x = (u * scale - 127.5).clamp(0.0, top) as usize;
        let y = (v * scale - 127.5).clamp(0.0, top) as usize;
        let (x0, y0) = (x >> 8, y >> 8);
        let (x1, y1) = ((x0 + 1).min(self.side - 1), (y0 + 1).min(self.side - 1));
        let (fx, fy) = ((x & 255) as u64, (y & 255) as u64);
        let upper = &self.texels[y0 * self.side..][..self.side];
        let lower = &self.texels[y1 * self.side..][..self.side];
        let a = mix(spread(upper[x0]), spread(upper[x1]), fx);
        let b = mix(spread(lower[x0]), spread(lower[x1]), fx);
        mix(a, b, fy)
    }
}

/// Samples the persona's mip chain (`texels`, packed RGBA, sRGB, straight alpha) through `field` to linear
/// RGB and weight. Pixels without coverage, or where the chain is shorter than said, become 0.
pub fn texture_fetch(params: &TextureFetchParams, field: &[Vec4], texels: &[u32], persona: &mut [Vec4]) {
    let transfer = Transfer::tables();
    let levels: Vec<Level<'_>> = (0..params.levels)
        .map_while(|k| {
            let side = (params.side >> k) as usize;
            let start = mip_start(params.side, k);
            Some(Level { texels: texels.get(start..start + side * side)?, side }).filter(|_| side > 0)
        })
        .collect();
    let Some(top) = levels.len().checked_sub(1) else {
        persona.fill(Vec4::ZERO);
        return;
    };
    let alpha = params.opacity / 255.0;
    for (out, at) in persona.iter_mut().zip(field) {
        if at.w == 0.0 {
            *out = Vec4::ZERO;
            continue;
        }
        let lod = (at.z + params.lod_bias).clamp(0.0, top as f32);
        let level = lod as usize;
        let mut v = levels[level].bilinear(at.x, at.y);
        let rest = ((lod - level as f32) * 256.0) as u64;
        if rest > 0 {
            v = mix(v, levels[level + 1].bilinear(at.x, at.y), rest);
        }
        let lane = |k: u32| (v >> (16 * k)) as u8;
        *out = Vec4::new(
            transfer.decode_code(lane(0)),
            transfer.decode_code(lane(1)),
            transfer.decode_code(lane(2)),
            f32::from(lane(3)) * alpha,
        );
    }
}
