//! The smile in a persona's picture, parted from the person: folds beside the mouth and the bulge of raised cheeks are part of
//! the texture, and must not stay on a face that frowns or talks.
//!
//! The texture is kept twice, as it is and without them; how much of them is worn goes by the live mouth. Places are told by
//! mesh points; subject's right first.

use super::bake::Loop;
use super::{FaceTexture, TextureVersion};
use crate::frame::interpolation::{Bilinear, bilinear_by_weights};
use crate::space::{Uv, smoothstep};
use crate::topology::{EYE_LEFT, EYE_RIGHT, OVAL};
use glam::{Vec2, Vec3, Vec4};
use std::sync::Arc;

/// Eyes' outer corners, mouth's corners, middle of the lips above and below.
const EYES: [usize; 2] = [33, 263];
const CORNERS: [usize; 2] = [61, 291];
const LIPS: [usize; 2] = [13, 14];
/// Width of a mouth at rest and how much wider it is in a broad smile, in distances of the eyes' outer corners; and the same of how
/// far the corners are drawn up above the lips' middle. From 815 portraits of people most of whom smile: at rest is between the
/// second and the tenth percentile (widths 0.575 and 0.622, lifts -0.001 and 0.023), a broad smile just above the lower quartile
/// (0.710, 0.066), where teeth show.
const WIDTH: (f32, f32) = (0.60, 0.12);
const LIFT: (f32, f32) = (0.01, 0.06);
/// A picture with less of a smile has none to be parted.
const LEAST: f32 = 0.3;
/// What a picture's smile counts at least: a faint one must not come with every word.
const WHOLE: f32 = 0.6;
/// Steps between no smile and the picture's own: a step is no change that can be seen.
pub(crate) const STEPS: u8 = 16;

/// Where a smile shows: cheek and fold of either side, from the nose's wing round the cheek and back along the mouth.
const CHEEKS: [&[u16]; 2] = [
    &[129, 126, 36, 101, 118, 117, 123, 147, 213, 192, 214, 212, 57, 186, 92, 165, 98],
    &[358, 355, 266, 330, 347, 346, 352, 376, 433, 416, 434, 432, 287, 410, 322, 391, 327],
];
const LIPS_OUTER: [u16; 20] =
    [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146];
const NOSTRILS: [u16; 7] = [64, 98, 97, 2, 326, 327, 294];

/// Cells a side in which the smile is worked out: about as fine as folds are.
const CELLS: usize = 256;
/// Lengths as shares of the face oval's width: width of the soft edge of cheeks; how far from lips, nostrils and eyes the
/// skin begins; sigma of what a fold is darker than; sigma of what is no fold but pores and noise. By eye on two
/// composites.
const CHEEK_EDGE: f32 = 0.13;
const SKIN_FROM: f32 = 0.02;
const WIDE: f32 = 0.06;
const FINE: f32 = 0.005;
/// Added to codes before their logarithm, so that noise in the dark stays small.
const FLOOR: f32 = 8.0;

/// A texture without its smile.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Smile {
    /// How much the picture smiles, see [`amount`].
    amount: f32,
    /// All mip levels without it.
    rest: Arc<[u32]>,
    version: TextureVersion,
}

/// How much a face smiles: 0 at rest, 1 with teeth; below 0 for corners that are drawn down or lips that are pursed. `point` gives
/// mesh points on a plane that the face lies in. None where one is missing or the eyes are at one place.
pub(crate) fn amount(point: impl Fn(usize) -> Option<Vec2>) -> Option<f32> {
    let [right, left] = EYES.map(&point);
    let across = left? - right?;
    let apart = across.length();
    let along = across.try_normalize()?;
    let [a, b] = CORNERS.map(&point);
    let (corner_a, corner_b) = (a?, b?);
    let [above, below] = LIPS.map(&point);
    let lips = (above? + below?) * 0.5;
    let to_mouth = lips - (right? + left?) * 0.5;
    // Down is away from the eyes, whichever way the plane is seen.
    let down = along.perp() * along.perp().dot(to_mouth).signum();
    let width = (corner_b - corner_a).dot(along) / apart;
    let lift = down.dot(lips - (corner_a + corner_b) * 0.5) / apart;
    let found = ((width - WIDTH.0) / WIDTH.1 + (lift - LIFT.0) / LIFT.1) * 0.5;
    found.is_finite().then_some(found)
}

/// Level 0 of a texture without the picture's smile; nothing where it does not smile.
pub(super) fn parted(texels: &[u32], uv: &[Uv], side: usize) -> Option<(f32, Vec<u32>)> {
    let amount = amount(|k| uv.get(k).map(|uv| uv.0)).filter(|amount| *amount >= LEAST)?;
    let folds = folds(texels, uv, side)?;
    let scale = CELLS as f32 / side as f32;
    let rest = texels.iter().enumerate().map(|(i, texel)| {
        let place = (Vec2::new((i % side) as f32, (i / side) as f32) + 0.5) * scale - 0.5;
        let at = Bilinear::clamped(place, [CELLS; 2]);
        let fold = bilinear_by_weights(at.corners(|x, y| folds[y * CELLS + x]), at.part());
        if fold == Vec3::ZERO {
            return *texel;
        }
        let [r, g, b, a] = texel.to_le_bytes();
        let code = Vec3::new(f32::from(r), f32::from(g), f32::from(b));
        let out = ((code + FLOOR) * (-fold).exp() - FLOOR + 0.5).clamp(Vec3::ZERO, Vec3::splat(255.0));
        u32::from_le_bytes([out.x as u8, out.y as u8, out.z as u8, a])
    });
    Some((amount, rest.collect()))
}

/// What the smile adds to the logarithm of each cell's codes.
fn folds(texels: &[u32], uv: &[Uv], side: usize) -> Option<Vec<Vec3>> {
    let oval = Loop::new(uv, &OVAL, CELLS as f32);
    let (low, high) = oval.bounds();
    let width = high.x - low.x;
    let lines = |points: &[u16]| Loop::new(uv, points, CELLS as f32);
    let cheeks = CHEEKS.map(lines);
    let holes = [lines(&LIPS_OUTER), lines(&NOSTRILS), lines(&EYE_RIGHT), lines(&EYE_LEFT)];
    let place = |k: usize| Vec2::new((k % CELLS) as f32, (k / CELLS) as f32);
    let skin_at = |p: Vec2| {
        if p.cmplt(low).any() || p.cmpgt(high).any() {
            return 0.0;
        }
        let free = |hole: &Loop| {
            smoothstep(-hole.signed_distance_within(p, SKIN_FROM * width) / (SKIN_FROM * width))
        };
        let inside = smoothstep(oval.signed_distance(p) / (SKIN_FROM * width));
        holes.iter().fold(inside, |all, hole| if all > 0.0 { all * free(hole) } else { 0.0 })
    };
    let skin: Vec<f32> = (0..CELLS * CELLS).map(|k| skin_at(place(k))).collect();
    let tones: Vec<Vec4> = mean_tones(texels, side)?
        .into_iter()
        .zip(&skin)
        .map(|(tone, skin)| (tone * *skin).extend(*skin))
        .collect();
    let [fine, wide] = [FINE, WIDE].map(|sigma| blurred(&tones, sigma * width));
    let mean = |sum: Vec4| sum.truncate() / sum.w.max(1e-4);
    let edge = CHEEK_EDGE * width;
    let fold = |k: usize| {
        if skin[k] == 0.0 {
            return Vec3::ZERO;
        }
        let within = |cheek: &Loop| smoothstep(cheek.signed_distance_within(place(k), edge) / edge + 0.5);
        let share = cheeks.iter().map(within).fold(0.0, f32::max) * skin[k];
        if share > 0.0 { (mean(fine[k]) - mean(wide[k])) * share } else { Vec3::ZERO }
    };
    Some((0..CELLS * CELLS).map(fold).collect())
}

/// Mean logarithm of the codes of each cell; none where the texture is coarser than the cells.
fn mean_tones(texels: &[u32], side: usize) -> Option<Vec<Vec3>> {
    let step = side / CELLS;
    (step > 0).then(|| {
        let mean = |k: usize| {
            let (x, y) = (k % CELLS * step, k / CELLS * step);
            let within = (0..step * step).filter_map(|i| texels.get((y + i / step) * side + x + i % step));
            let sum: Vec3 = within
                .map(|texel| {
                    let [r, g, b, _] = texel.to_le_bytes().map(f32::from);
                    Vec3::new((r + FLOOR).ln(), (g + FLOOR).ln(), (b + FLOOR).ln())
                })
                .sum();
            sum / (step * step) as f32
        };
        (0..CELLS * CELLS).map(mean).collect()
    })
}

/// A square of cells blurred by a Gaussian of `sigma` cells; beyond the edge there is nothing.
fn blurred(cells: &[Vec4], sigma: f32) -> Vec<Vec4> {
    let reach = (3.0 * sigma).ceil() as usize;
    let weights: Vec<f32> =
        (0..=reach).map(|k| (-0.5 * (k as f32 / sigma.max(1e-3)).powi(2)).exp()).collect();
    let along = |cells: &[Vec4], step: usize| -> Vec<Vec4> {
        let sum = |k: usize| {
            let at = k / step % CELLS;
            let (low, high) = (at.saturating_sub(reach), (at + reach).min(CELLS - 1));
            (low..=high).map(|near| cells[k + near * step - at * step] * weights[near.abs_diff(at)]).sum()
        };
        (0..CELLS * CELLS).map(sum).collect()
    };
    along(&along(cells, 1), CELLS)
}

impl Smile {
    /// From all mip levels without the smile.
    pub(super) fn new(amount: f32, rest: Vec<u32>) -> Self {
        Self { amount, rest: rest.into(), version: TextureVersion::fresh() }
    }
}

impl FaceTexture {
    /// How much of the picture's own smile a face wears that smiles by `live` (see [`amount`]), 0..=[`STEPS`]; none where the
    /// picture does not smile. `last` is what it wore before: it stays where that is next to right.
    pub(crate) fn smile_step(&self, live: f32, last: Option<u8>) -> Option<u8> {
        let smile = self.smile.as_ref()?;
        let wanted = (live / smile.amount.max(WHOLE)).clamp(0.0, 1.0) * f32::from(STEPS);
        match last {
            Some(last) if (wanted - f32::from(last)).abs() < 0.75 => Some(last),
            _ => Some((wanted + 0.5) as u8),
        }
    }

    /// The same with a share of its own smile, in steps of [`STEPS`].
    pub(crate) fn smiling(&self, step: u8) -> Self {
        let Some(smile) = self.smile.as_ref().filter(|_| step < STEPS) else { return self.clone() };
        let (texels, version) = if step == 0 {
            (Arc::clone(&smile.rest), smile.version)
        } else {
            let mixed = self.texels.iter().zip(&*smile.rest).map(|(own, rest)| mixed(*rest, *own, step));
            (mixed.collect(), TextureVersion::fresh())
        };
        Self { texels, version, ..self.clone() }
    }
}

/// `step` of [`STEPS`] parts of the way between two texels.
fn mixed(from: u32, to: u32, step: u8) -> u32 {
    if from == to {
        return from;
    }
    let (from, to) = (from.to_le_bytes(), to.to_le_bytes());
    let part = |k: usize| {
        let sum = u16::from(from[k]) * u16::from(STEPS - step) + u16::from(to[k]) * u16::from(step);
        ((sum + u16::from(STEPS) / 2) / u16::from(STEPS)) as u8
    };
    u32::from_le_bytes([part(0), part(1), part(2), part(3)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persona::Date;
    use crate::swap::CutParams;
    use omote_masks::built_in;

    /// The points that count, of a mouth so wide and with its corners so far up, eyes 100 apart, turned.
    fn face(width: f32, lift: f32, angle: f32) -> impl Fn(usize) -> Option<Vec2> {
        move |k: usize| {
            let at = match k {
                33 => Vec2::new(-50.0, 0.0),
                263 => Vec2::new(50.0, 0.0),
                61 => Vec2::new(-50.0 * width, 80.0 - 100.0 * lift),
                291 => Vec2::new(50.0 * width, 80.0 - 100.0 * lift),
                13 => Vec2::new(0.0, 79.0),
                14 => Vec2::new(0.0, 81.0),
                _ => return None,
            };
            Some(Vec2::from_angle(angle).rotate(at) + 300.0)
        }
    }

    #[test]
    fn a_smile_is_wide_and_drawn_up_however_the_head_is_turned() {
        for angle in [0.0, 0.4, -1.2, 3.0] {
            let of = |width, lift| amount(face(width, lift, angle)).unwrap();
            assert!(of(0.6, 0.01).abs() < 1e-3 && (of(0.72, 0.07) - 1.0).abs() < 1e-3);
            assert!(of(0.6, -0.03) < -0.2, "corners drawn down");
            assert!(of(0.45, 0.01) < -0.5, "pursed lips");
        }
        // Seen in a mirror the corners are the other way round.
        let mirrored = amount(|k| face(0.72, 0.07, 0.3)(k).map(|p| p * Vec2::new(-1.0, 1.0))).unwrap();
        assert!((mirrored - 1.0).abs() < 1e-3, "{mirrored}");
        assert_eq!(amount(|_| None), None);
        assert_eq!(amount(|_| Some(Vec2::ONE)), None);
    }

    fn composite() -> FaceTexture {
        let persona = built_in::load("composite-1", Date::new(2026, 1, 1).unwrap()).unwrap().unwrap();
        FaceTexture::of_persona(&persona, CutParams::default()).unwrap()
    }

    /// How dark the darkest place of a line across the fold is, against its ends: codes of green.
    fn depth(texture: &FaceTexture, from: usize, to: usize) -> f32 {
        let [a, b] = [from, to].map(|k| texture.uv()[k].0 * texture.side() as f32);
        let green = |t: f32| {
            let p = a.lerp(b, t).as_usizevec2();
            f32::from(texture.texels()[p.y * texture.side() as usize + p.x].to_le_bytes()[1])
        };
        let line: Vec<f32> = (0..=40).map(|k| green(k as f32 / 40.0)).collect();
        let ends = (line[0] + line[40]) * 0.5;
        ends - line.iter().copied().fold(f32::MAX, f32::min)
    }

    #[test]
    fn without_its_smile_a_composite_has_no_folds_and_is_the_same_elsewhere() {
        let smiling = composite();
        let rest = smiling.smiling(0);
        assert_eq!((rest.id(), rest.uv()), (smiling.id(), smiling.uv()));
        assert_ne!(rest.version(), smiling.version());
        // From the cheek to beside the upper lip, both sides.
        for (from, to) in [(36, 165), (266, 391)] {
            let (before, after) = (depth(&smiling, from, to), depth(&rest, from, to));
            assert!(before > 8.0 && after < 0.6 * before, "{from}: {before} before, {after} after");
        }
        let side = smiling.side() as usize;
        let at = |k: usize| {
            let p = (smiling.uv()[k].0 * side as f32).as_usizevec2();
            p.y * side + p.x
        };
        // Eyes, lips, tip of the nose, chin, forehead.
        for point in [33, 133, 159, 61, 0, 17, 291, 4, 152, 10, 151] {
            let codes = [&rest, &smiling].map(|texture| texture.texels()[at(point)].to_le_bytes());
            let change = codes[0].iter().zip(codes[1]).map(|(a, b)| a.abs_diff(b)).max();
            assert!(change <= Some(3), "{point}: {codes:?}");
        }
    }

    #[test]
    fn steps_lead_from_one_to_the_other_and_small_changes_to_none() {
        let smiling = composite();
        let (none, half, all) = (smiling.smiling(0), smiling.smiling(STEPS / 2), smiling.smiling(STEPS));
        assert_eq!(all.version(), smiling.version());
        for ((a, b), c) in none.texels().iter().zip(half.texels()).zip(all.texels()) {
            let bytes = a.to_le_bytes().into_iter().zip(b.to_le_bytes()).zip(c.to_le_bytes());
            for ((a, b), c) in bytes {
                assert!((a.min(c)..=a.max(c)).contains(&b));
            }
        }
        assert_eq!(smiling.smile_step(-0.4, None), Some(0));
        assert_eq!(smiling.smile_step(2.0, Some(0)), Some(STEPS));
        let middle = smiling.smile_step(0.4, None).unwrap();
        assert!((1..STEPS).contains(&middle));
        assert_eq!(smiling.smile_step(0.42, Some(middle)), Some(middle));
    }

    #[test]
    fn paint_and_calm_faces_have_no_smile() {
        let mask = built_in::load("oni", Date::new(2026, 1, 1).unwrap()).unwrap().unwrap();
        let texture = FaceTexture::of_persona(&mask, CutParams::default()).unwrap();
        assert_eq!(texture.smile_step(1.0, None), None);
        assert_eq!(texture.smiling(0), texture);
        // The composite with the corners of its mouth as they are at rest.
        let mut uv = composite().uv().to_vec();
        let (across, lips) = (uv[263].0 - uv[33].0, (uv[13].0 + uv[14].0) * 0.5);
        for (corner, side) in [(61, -0.5), (291, 0.5)] {
            uv[corner].0 = lips + across * WIDTH.0 * side;
        }
        let calm = amount(|k| uv.get(k).map(|uv| uv.0)).unwrap();
        assert!(calm < LEAST, "{calm}");
        assert!(parted(&[0x00ff_ffff; 512 * 512], &uv, 512).is_none());
    }
}
