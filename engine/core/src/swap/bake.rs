//! Making a [`FaceTexture`] from pixels and texture positions: detail, mask, mip chain.

use super::smile::{self, Smile};
use super::tuning::{BakeTuning, Feather};
use super::{ColourTransfer, FaceTexture, Openings, TextureId, TextureVersion, mouth};
use crate::canonical_uv::CANONICAL_UV;
use crate::space::{Uv, bounds, smoothstep};
use crate::topology::{EYE_LEFT, EYE_RIGHT, LIPS_INNER, OVAL, POINTS};
use glam::Vec2;
use omote_shaders::cpu::{mip_levels, mip_start};

/// How a persona's texture is cut and finished.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutParams {
    /// 0 shows the user's own eyes, 1 the persona's.
    pub eyes: f32,
    /// 0 shows the inside of the user's own mouth, 1 the persona's.
    pub mouth: f32,
    /// Softness of the edges as a multiple of the usual one, 0.25..=2.
    pub edge: f32,
    /// Sharpening of the texture as a multiple of the usual one, 0..=2.
    pub sharpness: f32,
}

impl Default for CutParams {
    fn default() -> Self {
        Self { eyes: 0.0, mouth: 0.0, edge: 1.0, sharpness: 1.0 }
    }
}

/// Why pixels do not make a face texture.
#[non_exhaustive]
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum BakeError {
    /// The side is no power of two from 64 to 2048, or the pixels are of another number.
    #[error(
        "a face texture needs side² RGBA pixels with a side of 64 to 2048, a power of two; got side {side} and {bytes} bytes"
    )]
    Size {
        /// Side asked for.
        side: u32,
        /// Bytes given.
        bytes: usize,
    },
    /// Not 468 finite texture positions.
    #[error(
        "a face texture needs {POINTS} texture positions inside the picture; point {index} is missing or not finite"
    )]
    Uv {
        /// First point at fault.
        index: usize,
    },
    /// The face oval encloses next to nothing.
    #[error("the face oval of the texture is empty: its landmarks are not a face")]
    Empty,
}

impl FaceTexture {
    /// Bakes a texture of `side`² texels from `rgba` (R G B A, sRGB; its alpha is an extra mask) and the
    /// texture positions of the 468 mesh points.
    ///
    /// # Errors
    /// [`BakeError`] names what does not fit.
    pub fn bake(
        rgba: &[u8],
        side: u32,
        uv: &[Uv],
        colour_transfer: ColourTransfer,
        wanted: CutParams,
    ) -> Result<Self, BakeError> {
        Self::bake_tuned(rgba, side, uv, colour_transfer, wanted, &BakeTuning::default())
    }

    /// The same with other constants than the usual ones, for sweeps.
    ///
    /// # Errors
    /// As [`FaceTexture::bake`].
    #[doc(hidden)]
    pub fn bake_tuned(
        rgba: &[u8],
        side: u32,
        uv: &[Uv],
        colour_transfer: ColourTransfer,
        wanted: CutParams,
        tuning: &BakeTuning,
    ) -> Result<Self, BakeError> {
        let n = side as usize * side as usize;
        if !side.is_power_of_two() || !(64..=2048).contains(&side) || rgba.len() != n * 4 {
            return Err(BakeError::Size { side, bytes: rgba.len() });
        }
        if let Some(index) = (0..POINTS).find(|i| !uv.get(*i).is_some_and(|u| u.0.is_finite())) {
            return Err(BakeError::Uv { index });
        }
        let uv: Vec<Uv> = uv.iter().take(POINTS).copied().collect();
        let mask = mask(&uv, side as usize, wanted, &tuning.feather(colour_transfer).times(wanted.edge))?;
        let mut texels: Vec<u32> = rgba
            .chunks_exact(4)
            .zip(&mask)
            .map(|(p, m)| {
                let a = (f32::from(p[3]) * m + 0.5) as u8;
                u32::from_le_bytes([p[0], p[1], p[2], a])
            })
            .collect();
        // A painted mask's eyes and mouth are as they were painted.
        let photo = colour_transfer != ColourTransfer::Keep;
        let inside = photo && wanted.mouth > 0.0;
        let openings = Openings {
            eyes: photo && wanted.eyes > 0.0,
            mouth: inside && mouth::paint(&mut texels, &uv, &mask, side as usize, wanted.mouth),
        };
        let rest = if photo { smile::parted(&texels, &uv, side as usize) } else { None };
        let finish = |texels: &mut Vec<u32>| {
            let levels = mip_levels(texels, side);
            for level in 0..levels {
                let (from, n) = (mip_start(side, level), (side >> level) as usize);
                let amount = tuning.sharpness(colour_transfer, level) * wanted.sharpness.clamp(0.0, 2.0);
                sharpen(&mut texels[from..from + n * n], n, amount);
            }
            levels
        };
        let levels = finish(&mut texels);
        let smile = rest.map(|(amount, mut rest)| {
            finish(&mut rest);
            Smile::new(amount, rest)
        });
        let (id, version) = (TextureId::fresh(), TextureVersion::fresh());
        let (texels, uv) = (texels.into(), uv.into());
        Ok(Self { side, levels, texels, uv, colour_transfer, openings, smile, id, version, until: None })
    }
}

/// Unsharp mask with a 3 × 3 binomial blur; colours stay 0..=255, alpha as it is.
fn sharpen(texels: &mut [u32], n: usize, amount: f32) {
    let before = texels.to_vec();
    let at = |x: usize, y: usize| before[y.min(n - 1) * n + x.min(n - 1)].to_le_bytes().map(f32::from);
    for (i, texel) in texels.iter_mut().enumerate() {
        let (x, y) = (i % n, i / n);
        let mut soft = [0.0f32; 4];
        for (dy, wy) in [(0, 0.25), (1, 0.5), (2, 0.25)] {
            for (dx, wx) in [(0, 0.25), (1, 0.5), (2, 0.25)] {
                let near = at((x + dx).saturating_sub(1), (y + dy).saturating_sub(1));
                soft.iter_mut().zip(near).for_each(|(s, v)| *s += v * wx * wy);
            }
        }
        let own = at(x, y);
        let mut out = texel.to_le_bytes();
        for k in 0..3 {
            out[k] = (own[k] + (own[k] - soft[k]) * amount + 0.5).clamp(0.0, 255.0) as u8;
        }
        *texel = u32::from_le_bytes(out);
    }
}

/// A closed line in texels.
pub(super) struct Loop {
    points: Vec<Vec2>,
    low: Vec2,
    high: Vec2,
}

impl Loop {
    pub(super) fn new(uv: &[Uv], points: &[u16], side: f32) -> Self {
        let points: Vec<Vec2> =
            points.iter().filter_map(|i| Some(uv.get(*i as usize)?.0 * side - 0.5)).collect();
        let (low, high) = bounds(points.iter().copied());
        Self { points, low, high }
    }

    pub(super) fn bounds(&self) -> (Vec2, Vec2) {
        (self.low, self.high)
    }

    /// [`Loop::signed_distance`] up to `reach` outside; `-reach` for what is farther.
    pub(super) fn signed_distance_within(&self, p: Vec2, reach: f32) -> f32 {
        let near = p.cmpge(self.low - reach).all() && p.cmple(self.high + reach).all();
        if near { self.signed_distance(p).max(-reach) } else { -reach }
    }

    /// Distance to the line in texels; positive inside.
    pub(super) fn signed_distance(&self, p: Vec2) -> f32 {
        let (mut nearest, mut inside) = (f32::MAX, false);
        let mut a = self.points.last().copied().unwrap_or_default();
        for &b in &self.points {
            let (ab, ap) = (b - a, p - a);
            let t = (ap.dot(ab) / ab.length_squared().max(1e-9)).clamp(0.0, 1.0);
            nearest = nearest.min((ap - ab * t).length_squared());
            if (a.y > p.y) != (b.y > p.y) && p.x < ab.x * (p.y - a.y) / ab.y + a.x {
                inside = !inside;
            }
            a = b;
        }
        if inside { nearest.sqrt() } else { -nearest.sqrt() }
    }
}

/// The blend weight of each texel of a skin texture in canonical UV.
pub(super) fn canonical_mask(side: usize, wanted: CutParams) -> Vec<f32> {
    let uv: Vec<Uv> = CANONICAL_UV.iter().map(|uv| Uv(Vec2::from_array(*uv))).collect();
    let feather = BakeTuning::default().feather(ColourTransfer::Match).times(wanted.edge);
    // The canonical oval is never empty.
    mask(&uv, side, wanted, &feather).unwrap_or_else(|_| vec![0.0; side * side])
}

/// The blend weight of each texel.
fn mask(uv: &[Uv], side: usize, wanted: CutParams, feather: &Feather) -> Result<Vec<f32>, BakeError> {
    let lines = |points: &[u16]| Loop::new(uv, points, side as f32);
    let oval = lines(&OVAL);
    let (low, high) = oval.bounds();
    let width = high.x - low.x;
    if width < 8.0 || high.y - low.y < 8.0 {
        return Err(BakeError::Empty);
    }
    let openings = [
        (lines(&EYE_RIGHT), wanted.eyes, feather.eyes),
        (lines(&EYE_LEFT), wanted.eyes, feather.eyes),
        (lines(&LIPS_INNER), wanted.mouth, feather.mouth),
    ];
    let mut out = vec![0.0; side * side];
    for (i, out) in out.iter_mut().enumerate() {
        let p = Vec2::new((i % side) as f32, (i / side) as f32);
        if p.cmplt(low).any() || p.cmpgt(high).any() {
            continue;
        }
        let mut weight = smoothstep(oval.signed_distance(p) / (feather.oval * width));
        for (line, persona, ramp) in &openings {
            if weight > 0.0 {
                let reach = ramp * width;
                let own = smoothstep(-line.signed_distance_within(p, reach) / reach);
                weight *= own + (1.0 - own) * persona.clamp(0.0, 1.0);
            }
        }
        *out = weight;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A face-like set of positions: the oval a circle, eyes and mouth small ones, the rest in the middle.
    fn circle_face() -> Vec<Uv> {
        let mut uv = vec![Uv(Vec2::splat(0.5)); POINTS];
        let mut ring = |points: &[u16], centre: Vec2, radius: f32| {
            for (k, i) in points.iter().enumerate() {
                let a = k as f32 / points.len() as f32 * std::f32::consts::TAU;
                uv[*i as usize] = Uv(centre + Vec2::from_angle(a) * radius);
            }
        };
        ring(&OVAL, Vec2::splat(0.5), 0.45);
        ring(&EYE_RIGHT, Vec2::new(0.3, 0.4), 0.06);
        ring(&EYE_LEFT, Vec2::new(0.7, 0.4), 0.06);
        ring(&LIPS_INNER, Vec2::new(0.5, 0.75), 0.05);
        uv
    }

    fn alpha(t: &FaceTexture, u: f32, v: f32) -> u32 {
        let at = |x: f32| (x * t.side() as f32) as usize;
        t.texels()[at(v) * t.side() as usize + at(u)] >> 24
    }

    #[test]
    fn mask_is_full_on_skin_and_open_where_the_user_shows() {
        let grey = vec![128u8; 128 * 128 * 4].iter().map(|_| 255).collect::<Vec<u8>>();
        let bake =
            |wanted| FaceTexture::bake(&grey, 128, &circle_face(), ColourTransfer::Match, wanted).unwrap();
        let own = bake(CutParams::default());
        assert_eq!((alpha(&own, 0.5, 0.5), alpha(&own, 0.3, 0.4), alpha(&own, 0.5, 0.75)), (255, 0, 0));
        assert_eq!(alpha(&own, 0.02, 0.02), 0);
        let theirs = bake(CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() });
        assert_eq!((alpha(&theirs, 0.3, 0.4), alpha(&theirs, 0.5, 0.75)), (255, 255));
    }

    #[test]
    fn mips_of_one_colour_keep_it() {
        let white = vec![255u8; 64 * 64 * 4];
        let t = FaceTexture::bake(&white, 64, &circle_face(), ColourTransfer::Keep, CutParams::default())
            .unwrap();
        assert_eq!(t.levels(), 5);
        assert_eq!(t.texels().len(), 64 * 64 + 32 * 32 + 16 * 16 + 8 * 8 + 4 * 4);
        assert!(t.texels().iter().all(|p| p & 0x00ff_ffff == 0x00ff_ffff));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let white = vec![255u8; 64 * 64 * 4];
        let bake = |px: &[u8], side, uv: &[Uv]| {
            FaceTexture::bake(px, side, uv, ColourTransfer::Match, CutParams::default())
        };
        assert!(matches!(bake(&white, 63, &circle_face()), Err(BakeError::Size { .. })));
        let mut bad = circle_face();
        bad[7].0.x = f32::NAN;
        assert_eq!(bake(&white, 64, &bad), Err(BakeError::Uv { index: 7 }));
        assert_eq!(bake(&white, 64, &vec![Uv(Vec2::ZERO); POINTS]), Err(BakeError::Empty));
    }
}
