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

/// Bits of a blend's weights: four weights of a texel sum to 1 << 24, so a blended byte fits 32 bits.
const WEIGHT_BITS: u32 = 12;
const WEIGHT_ONE: u64 = 1 << WEIGHT_BITS;

/// Red and blue, and green and alpha, of a blend: each in 32 bits of a word, 24 of them behind the point.
#[derive(Clone, Copy)]
struct Blend {
    red_blue: u64,
    green_alpha: u64,
}

impl Blend {
    /// Towards `other` by `f` of 256.
    #[inline]
    fn mix(self, other: Self, f: u64) -> Self {
        const TOP: u64 = 0x00ff_ffff_00ff_ffff;
        let lanes = |a: u64, b: u64| ((a >> 8) & TOP) * (256 - f) + ((b >> 8) & TOP) * f;
        Self {
            red_blue: lanes(self.red_blue, other.red_blue),
            green_alpha: lanes(self.green_alpha, other.green_alpha),
        }
    }

    /// Linear RGB, and the alpha times `alpha`.
    #[inline]
    fn decoded(self, transfer: &Transfer, alpha: f32) -> Vec4 {
        // Steps of the table are quarters of a code: two bits behind the point stay.
        let step = |v: u64| transfer.decode_step((v as u32).saturating_add(1 << 21) >> 22);
        let weight = ((self.green_alpha >> 40) as u32) as f32 * alpha;
        Vec4::new(step(self.red_blue), step(self.green_alpha), step(self.red_blue >> 32), weight)
    }
}

/// One mip level.
#[derive(Clone, Copy)]
struct Level<'a> {
    texels: &'a [u32],
    side: usize,
}

impl Level<'_> {
    #[inline]
    fn bilinear(&self, u: f32, v: f32) -> Blend {
        let one = WEIGHT_ONE as f32;
        let top = (self.side - 1) as f32 * one;
        let place = |t: f32| ((t * self.side as f32 - 0.5) * one).max(0.0).min(top) as i32 as usize;
        let (x, y) = (place(u), place(v));
        let (x0, y0) = (x >> WEIGHT_BITS, y >> WEIGHT_BITS);
        let (x1, y1) = ((x0 + 1).min(self.side - 1), (y0 + 1).min(self.side - 1));
        let (fx, fy) = (x as u64 & (WEIGHT_ONE - 1), y as u64 & (WEIGHT_ONE - 1));
        let upper = &self.texels[y0 * self.side..][..self.side];
        let lower = &self.texels[y1 * self.side..][..self.side];
        let (gx, gy) = (WEIGHT_ONE - fx, WEIGHT_ONE - fy);
        let corners =
            [(upper[x0], gx * gy), (upper[x1], fx * gy), (lower[x0], gx * fy), (lower[x1], fx * fy)];
        let mut out = Blend { red_blue: 0, green_alpha: 0 };
        for (texel, weight) in corners {
            let t = u64::from(texel);
            out.red_blue += ((t & 0xff) | (t & 0x00ff_0000) << 16) * weight;
            out.green_alpha += ((t >> 8 & 0xff) | (t & 0xff00_0000) << 8) * weight;
        }
        out
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
    // A blend's alpha, cut to 16 bits behind the point.
    let alpha = params.opacity / (255.0 * 65536.0);
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
            v = v.mix(levels[level + 1].bilinear(at.x, at.y), rest);
        }
        *out = v.decoded(&transfer, alpha);
    }
}
