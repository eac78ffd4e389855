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

#[inline]
fn unpack(texel: u32) -> Vec4 {
    let [r, g, b, a] = texel.to_le_bytes();
    Vec4::new(f32::from(r), f32::from(g), f32::from(b), f32::from(a))
}

/// One mip level.
#[derive(Clone, Copy)]
struct Level<'a> {
    texels: &'a [u32],
    side: usize,
}

impl Level<'_> {
    #[inline]
    fn bilinear(&self, u: f32, v: f32) -> Vec4 {
        let top = (self.side - 1) as f32;
        let x = (u * self.side as f32 - 0.5).clamp(0.0, top);
        let y = (v * self.side as f32 - 0.5).clamp(0.0, top);
        let (x0, y0) = (x as usize, y as usize);
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let (x1, y1) = ((x0 + 1).min(self.side - 1), (y0 + 1).min(self.side - 1));
        let upper = &self.texels[y0 * self.side..][..self.side];
        let lower = &self.texels[y1 * self.side..][..self.side];
        let a = unpack(upper[x0]).lerp(unpack(upper[x1]), fx);
        let b = unpack(lower[x0]).lerp(unpack(lower[x1]), fx);
        a.lerp(b, fy)
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
        let rest = lod - level as f32;
        if rest > 0.0 {
            v = v.lerp(levels[level + 1].bilinear(at.x, at.y), rest);
        }
        let rgb = v / 255.0;
        *out = Vec4::new(transfer.decode(rgb.x), transfer.decode(rgb.y), transfer.decode(rgb.z), v.w * alpha);
    }
}
