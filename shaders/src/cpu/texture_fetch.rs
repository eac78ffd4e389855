//! `wgsl/texture_fetch.wgsl`.

use super::transfer::{DECODE_STEPS, Transfer, decode_srgb, encode_srgb};
use crate::layout::TextureFetchParams;
use glam::Vec4;
use wide::{f32x4, i16x8, i32x4, u8x16};

/// First texel of mip level `level` in a chain whose level 0 has `side` texels a side (a power of two):
/// (4^n − 4^(n−k)) · 4 / 3 in powers of the side.
pub fn mip_start(side: u32, level: u32) -> usize {
    let (base, here) = (side as usize, (side >> level) as usize);
    (base * base - here * here) * 4 / 3
}

/// Smallest mip level's side.
const LAST_SIDE: u32 = 4;

/// Appends the smaller levels, down to four texels a side, to a texture's level 0 of `side`² texels (R, G, B, A bytes,
/// sRGB with straight alpha); gives the number of levels. Each texel is the mean of four in linear light, its alpha the
/// mean of theirs. `side` is a power of two of at least 4; there must be `side`² texels.
pub fn mip_levels(texels: &mut Vec<u32>, side: u32) -> u32 {
    let levels = side.ilog2() - LAST_SIDE.ilog2() + 1;
    for level in 1..levels {
        let from = mip_start(side, level - 1);
        let half = (side >> level) as usize;
        for i in 0..half * half {
            let at = from + (i / half * 2) * half * 2 + (i % half) * 2;
            let four = [at, at + 1, at + half * 2, at + half * 2 + 1].map(|k| texels[k]);
            texels.push(average(four));
        }
    }
    levels
}

/// Mean in linear light; alpha as it is.
fn average(four: [u32; 4]) -> u32 {
    let mut sum = [0.0f32; 4];
    for t in four {
        let [r, g, b, a] = t.to_le_bytes().map(f32::from);
        for (s, v) in sum.iter_mut().zip([r, g, b].map(|v| decode_srgb(v / 255.0))) {
            *s += v * 0.25;
        }
        sum[3] += a * 0.25;
    }
    let code = |v: f32| (encode_srgb(v) * 255.0 + 0.5) as u8;
    u32::from_le_bytes([code(sum[0]), code(sum[1]), code(sum[2]), (sum[3] + 0.5) as u8])
}

/// Bits of the weights along a row: a byte times a weight stays a whole number in f32.
const WEIGHT_BITS: u32 = 14;
const WEIGHT_ONE: i32 = 1 << WEIGHT_BITS;

/// Two neighbouring mip levels as lanes: x and y of the finer, x and y of the coarser.
struct Pair<'a> {
    texels: [&'a [u32]; 2],
    side: [usize; 2],
    scale: f32x4,
    edge: f32x4,
}

impl<'a> Pair<'a> {
    /// `None` where a level is not there.
    fn new(texels: &'a [u32], params: &TextureFetchParams, level: u32) -> Option<Self> {
        let levels = [level, (level + 1).min(params.levels.checked_sub(1)?)];
        let side = levels.map(|k| params.side >> k);
        let part = |k: usize| {
            let start = mip_start(params.side, levels[k]);
            // The right and the lower neighbour must be there.
            texels.get(start..start + side[k] as usize * side[k] as usize).filter(|_| side[k] > 1)
        };
        let lanes = |f: fn(f32) -> f32| {
            let [a, b] = side.map(|side| f(side as f32));
            f32x4::new([a, a, b, b])
        };
        Some(Self {
            texels: [part(0)?, part(1)?],
            side: side.map(|side| side as usize),
            scale: lanes(|side| side),
            // Short of the last texel, so that there always is a next.
            edge: lanes(|side| side - 1.0 - 1.0 / WEIGHT_ONE as f32),
        })
    }

    /// R G B A in codes, `coarse` of the way from the finer to the coarser level.
    #[inline]
    fn trilinear(&self, u: f32, v: f32, coarse: f32) -> f32x4 {
        let place = f32x4::new([u, v, u, v]) * self.scale - f32x4::splat(0.5);
        let place = place.fast_max(f32x4::ZERO).fast_min(self.edge);
        let cell = place.fast_trunc_int();
        let part = place - cell.round_float();
        // The weights along the row, the left texel's in the low half of a lane and the right one's in the high half.
        let right: i32x4 = (part * f32x4::splat(WEIGHT_ONE as f32)).fast_trunc_int();
        let weights = ((right << 16_i32) - right + i32x4::splat(WEIGHT_ONE)).to_array();
        let (cell, part) = (cell.to_array(), part.to_array());
        let finer = self.rows(0, [cell[0], cell[1]], weights[0], part[1], 1.0 - coarse);
        if coarse == 0.0 {
            return finer;
        }
        finer + self.rows(1, [cell[2], cell[3]], weights[2], part[3], coarse)
    }

    /// One level's part of the sum.
    #[inline]
    fn rows(&self, level: usize, [x, y]: [i32; 2], weights: i32, lower: f32, share: f32) -> f32x4 {
        let side = self.side[level];
        let first = (y as usize).wrapping_mul(side).wrapping_add(x as usize);
        let Some(texels) = self.texels[level].get(first..first.wrapping_add(side + 2)) else {
            return f32x4::ZERO;
        };
        let share = share / WEIGHT_ONE as f32;
        let row = |left: usize| weighted(texels[left], texels[left + 1], weights);
        row(0) * f32x4::splat(share * (1.0 - lower)) + row(side) * f32x4::splat(share * lower)
    }
}

/// Each byte of `left` times the low half of `weights`, plus that of `right` times its high half.
#[inline]
fn weighted(left: u32, right: u32, weights: i32) -> f32x4 {
    let bytes = |texel: u32| bytemuck::cast::<[u32; 4], u8x16>([texel, 0, 0, 0]);
    let pairs = i16x8::from_u8x16_low(u8x16::unpack_low(bytes(left), bytes(right)));
    pairs.dot(bytemuck::cast(i32x4::splat(weights))).round_float()
}

/// Samples the persona's mip chain (`texels`, packed RGBA, sRGB, straight alpha) through `field` to linear
/// RGB and weight. The field's share goes into the weight. Pixels without one, or where the chain is shorter than said, become 0.
pub fn texture_fetch(params: &TextureFetchParams, field: &[Vec4], texels: &[u32], persona: &mut [Vec4]) {
    let transfer = Transfer::tables();
    let pairs: Vec<Pair<'_>> = (0..params.levels).map_while(|k| Pair::new(texels, params, k)).collect();
    let Some(top) = pairs.len().checked_sub(1) else {
        persona.fill(Vec4::ZERO);
        return;
    };
    for (out, at) in persona.iter_mut().zip(field) {
        if at.w == 0.0 {
            *out = Vec4::ZERO;
            continue;
        }
        let lod = (at.z + params.lod_bias).max(0.0).min(top as f32);
        let level = (lod as i32 as usize).min(top);
        let sum = pairs[level].trilinear(at.x, at.y, lod - level as f32);
        let [r, g, b, _] = (sum * f32x4::splat(DECODE_STEPS as f32 / 255.0)).fast_round_int().to_array();
        let [r, g, b] = [r, g, b].map(|step| transfer.decode_step(step as u32));
        *out = Vec4::new(r, g, b, sum.to_array()[3] * (params.opacity / 255.0) * at.w);
    }
}
