//! The inside of an open mouth for personas whose picture has closed lips, or lips less open than the user's: teeth under
//! the upper lip, dark behind them.
//!
//! It is painted into a corner of the texture that no face reaches. Places in it count from the right corner of the
//! subject's mouth across, and from the upper lip's edge down, both in widths of the mouth.

use crate::frame::interpolation::{Bilinear, bilinear_by_weights};
use crate::space::{Uv, smoothstep};
use crate::topology::LIPS_INNER;
use glam::{Vec2, Vec3};
use omote_shaders::cpu::{decode_srgb, encode_srgb};

/// The corner in uv; its margin only keeps other texels away from the mip levels.
const LOW: Vec2 = Vec2::new(0.0, 0.845);
const HIGH: Vec2 = Vec2::new(0.22, 1.0);
const MARGIN: f32 = 0.018;
/// How far down the painting goes, in widths of the mouth.
const DEEP: f32 = 0.7;
/// Depth of the teeth's edge below the upper lip, in widths of the mouth.
const TEETH: f32 = 0.155;
/// Over so much the picture's own inside goes over into the painted one, in widths of the mouth.
const SEAM: f32 = 0.018;
/// Linear light.
const ENAMEL: Vec3 = Vec3::new(0.56, 0.50, 0.41);
const DARK: Vec3 = Vec3::new(0.022, 0.007, 0.006);
const TONGUE: Vec3 = Vec3::new(0.105, 0.030, 0.027);

/// Where a place of the mouth lies in the texture; places beyond the painting go to its edge.
pub(crate) fn place(across: f32, down: f32) -> Vec2 {
    let (low, high) = (LOW + MARGIN, HIGH - MARGIN);
    low + (high - low) * Vec2::new(across.clamp(0.0, 1.0), (down / DEEP).clamp(0.0, 1.0))
}

/// What a place in the texture shows of the painting: across and down, the latter 0..=1; nothing outside the corner.
pub(crate) fn painted_at(uv: Vec2) -> Option<Vec2> {
    let (low, high) = (LOW + MARGIN, HIGH - MARGIN);
    let inside = uv.cmpge(LOW).all() && uv.cmplt(HIGH).all();
    inside.then(|| ((uv - low) / (high - low)).clamp(Vec2::ZERO, Vec2::ONE))
}

/// What the picture itself shows between the lips.
struct Own<'a> {
    texels: &'a [u32],
    side: usize,
    right: Vec2,
    line: Vec2,
    /// Upper and lower lip, from the subject's right to the left: across, and beside the line, in widths of the mouth.
    lips: [Vec<Vec2>; 2],
}

impl<'a> Own<'a> {
    fn new(uv: &[Uv], texels: &'a [u32], side: usize) -> Option<Self> {
        let edge: Vec<Vec2> = LIPS_INNER.iter().filter_map(|i| Some(uv.get(usize::from(*i))?.0)).collect();
        let half = LIPS_INNER.len() / 2;
        let (right, line) = (*edge.first()?, *edge.get(half)? - *edge.first()?);
        let beside =
            |p: &Vec2| Vec2::new((*p - right).dot(line), line.perp_dot(*p - right)) / line.length_squared();
        let lower = edge.iter().take(half + 1).map(beside).collect();
        let upper = edge.iter().skip(half).chain(edge.first()).rev().map(beside).collect();
        (line.length() > 1e-3).then_some(Self { texels, side, right, line, lips: [upper, lower] })
    }

    /// Linear light so far below the upper lip, and how far the lips are apart there, in widths of the mouth.
    fn at(&self, across: f32, down: f32) -> (Vec3, f32) {
        let [upper, lower] = [0, 1].map(|k| height(&self.lips[k], across));
        let place = self.right + self.line * across + self.line.perp() * (upper + down);
        let cell = Bilinear::clamped(place * self.side as f32 - 0.5, [self.side; 2]);
        let texel = |x: usize, y: usize| {
            let texel = self.texels.get(y * self.side + x).copied().unwrap_or_default();
            let [r, g, b, _] = texel.to_le_bytes();
            Vec3::from_array([r, g, b].map(|v| decode_srgb(f32::from(v) / 255.0)))
        };
        (bilinear_by_weights(cell.corners(texel), cell.part()), lower - upper)
    }
}

/// A line's height at a place across.
fn height(line: &[Vec2], across: f32) -> f32 {
    let piece = line.windows(2).find(|w| w[1].x >= across).or_else(|| line.windows(2).last());
    piece.map_or(0.0, |w| {
        let t = ((across - w[0].x) / (w[1].x - w[0].x).max(1e-4)).clamp(0.0, 1.0);
        w[0].y + (w[1].y - w[0].y) * t
    })
}

/// Paints the inside into the corner of `texels` (`side`² of them) with the alpha `share`, 0..=1: what the picture shows
/// between the lips, and below it what it does not. Does nothing, and says so, where the face (`mask` above 0) reaches
/// into the corner.
pub(super) fn paint(texels: &mut [u32], uv: &[Uv], mask: &[f32], side: usize, share: f32) -> bool {
    let (low, high) = ((LOW * side as f32).as_usizevec2(), (HIGH * side as f32).as_usizevec2());
    let corner = || (low.y..high.y.min(side)).flat_map(move |y| (low.x..high.x).map(move |x| (x, y)));
    if corner().any(|(x, y)| mask.get(y * side + x).is_none_or(|m| *m > 0.0)) {
        return false;
    }
    let Some(own) = Own::new(uv, texels, side) else { return false };
    let painted: Vec<(usize, u32)> = corner()
        .map(|(x, y)| {
            let at = (Vec2::new(x as f32, y as f32) + 0.5) / side as f32;
            let part = ((at - LOW - MARGIN) / (HIGH - LOW - 2.0 * MARGIN)).clamp(Vec2::ZERO, Vec2::ONE);
            let (across, down) = (part.x, part.y * DEEP);
            let (picture, gap) = own.at(across, down);
            let behind = smoothstep((down - gap + 2.0 * SEAM) / SEAM);
            let light = picture.lerp(colour(across, down), behind);
            let [r, g, b] = light.to_array().map(|v| (encode_srgb(v) * 255.0 + 0.5) as u8);
            let alpha = (share.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
            (y * side + x, u32::from_le_bytes([r, g, b, alpha]))
        })
        .collect();
    for (i, texel) in painted {
        if let Some(t) = texels.get_mut(i) {
            *t = texel;
        }
    }
    true
}

/// Linear light at a place.
fn colour(across: f32, down: f32) -> Vec3 {
    let side = across * 2.0 - 1.0;
    let round = (1.0 - side * side).max(0.0);
    // The tongue, low in the middle.
    let tongue = Vec2::new(side / 0.75, (down - 0.52) / 0.26).length();
    let mut out = DARK.lerp(TONGUE, smoothstep((1.0 - tongue) / 0.55) * smoothstep((down - 0.16) / 0.2));
    // The row of teeth: an arc that turns away to the sides, each tooth a little rounded.
    let tooth = (across - 0.5) / 0.115;
    let within = (tooth - tooth.floor() - 0.5).abs() * 2.0;
    let edge = TEETH * (0.45 + 0.55 * round) * (1.0 - 0.05 * within.powi(4));
    let body = smoothstep((edge - down) / 0.028);
    let under_lip = 0.30 + 0.70 * smoothstep(down / 0.075);
    let shade = under_lip * round.powf(1.3) * (1.0 - 0.16 * within.powi(6));
    let tooth = DARK.lerp(ENAMEL, shade.clamp(0.0, 1.0));
    out = out.lerp(tooth, body * smoothstep(round * 2.2));
    // Corners of the mouth lie in the dark.
    out * (0.35 + 0.65 * smoothstep(round * 1.8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teeth_are_under_the_lip_and_dark_is_behind() {
        let light = |across: f32, down: f32| colour(across, down).element_sum() / 3.0;
        assert!(light(0.5, 0.10) > 0.3 && light(0.5, 0.25) < 0.05);
        assert!(light(0.02, 0.05) < 0.05 && light(0.5, 0.0) < light(0.5, 0.08));
        // Warm, never grey.
        assert!(colour(0.5, 0.3).x > 2.0 * colour(0.5, 0.3).z);
    }

    #[test]
    fn a_face_in_the_corner_keeps_it() {
        let mut texels = vec![7u32; 128 * 128];
        let mut uv = vec![Uv(Vec2::splat(0.5)); 468];
        for (k, i) in LIPS_INNER.iter().enumerate() {
            uv[usize::from(*i)].0.x = 0.4 + 0.02 * k.min(20 - k) as f32;
        }
        let mut mask = vec![0.0; 128 * 128];
        mask[127 * 128 + 3] = 0.1;
        assert!(!paint(&mut texels, &uv, &mask, 128, 1.0));
        assert!(texels.iter().all(|t| *t == 7));
        mask.fill(0.0);
        assert!(paint(&mut texels, &uv, &mask, 128, 0.5));
        let changed = texels.iter().filter(|t| **t != 7).count();
        assert_eq!(changed, texels.iter().filter(|t| **t >> 24 == 128).count());
        let at = place(0.5, 0.3);
        assert!(painted_at(at).unwrap().distance(Vec2::new(0.5, 0.3 / DEEP)) < 1e-4);
        assert!(painted_at(Vec2::new(0.5, 0.9)).is_none());
        assert!(texels[(at.y * 128.0) as usize * 128 + (at.x * 128.0) as usize] >> 24 == 128);
    }
}
