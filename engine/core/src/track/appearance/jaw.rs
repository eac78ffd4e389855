//! How much farther down the jaw is than the mesh network says.
//!
//! The network understates a wide mouth (the gap between the lips by a fifth to a half on the clips with known truth).
//! But the lower lip and the chin keep their look as they move, so the model finds them: the one drop along the face that
//! makes them look most like themselves.

use super::AppearanceModel;
use super::crop::Crop;
use super::light::light_at;
use super::line_search::{costs_by_halves, parabolic_minimum};
use super::simd::{LANES, load_lanes};
use super::texels::{SKIN, TERMS, TexelPlace};
use super::tuning::JawTuning;
use crate::canonical_uv::CANONICAL_UV;
use crate::topology::POINTS;
use glam::Vec2;
use std::sync::LazyLock;
use wide::f32x8;

/// The lower lip from its inner to its outer edge.
const LOWER_LIP: [u16; 36] = [
    95, 88, 178, 87, 14, 317, 402, 318, 324, 96, 89, 179, 86, 15, 316, 403, 319, 325, 77, 90, 180, 85, 16,
    315, 404, 320, 307, 146, 91, 181, 84, 17, 314, 405, 321, 375,
];
/// Corners of the mouth, and the middle of the lower lip's outer edge.
const CORNERS: [usize; 2] = [61, 291];
const LIP_LOW: usize = 17;
/// Top of the forehead and chin.
const UPRIGHT: [usize; 2] = [10, 152];
/// The chin's way to the lip's, and its width in halves of the mouth. Parts of a table that all faces share, so no tuning. How
/// they were found is not recorded (53a1a8e).
const CHIN: f32 = 0.75;
const CHIN_WIDE: f32 = 1.6;

/// How far each mesh point goes down with the jaw: 1 in the middle of the lower lip, 0 at the corners and above.
pub(in crate::track) static DROPS: LazyLock<[f32; POINTS]> = LazyLock::new(|| {
    let uv = |i: usize| CANONICAL_UV.get(i).map_or(Vec2::ZERO, |p| Vec2::from_array(*p));
    let (right, left) = (uv(CORNERS[0]), uv(CORNERS[1]));
    let (middle, half) = ((right + left) * 0.5, (left.x - right.x) * 0.5);
    let deep = uv(LIP_LOW).y - middle.y;
    std::array::from_fn(|i| {
        let p = uv(i);
        let across = (p.x - middle.x) / half;
        let arc = (1.0 - across * across).max(0.0);
        if LOWER_LIP.contains(&(i as u16)) {
            return arc;
        }
        let below = ((p.y - middle.y - deep * arc) / (0.5 * deep)).clamp(0.0, 1.0);
        below * CHIN * (-(across / CHIN_WIDE).powi(2)).exp()
    })
});

/// Least drop of a texel that tells the jaw. Part of a table that all faces share, so no tuning. How it was found is not recorded
/// (53a1a8e).
const LEAST_DROP: f32 = 0.15;

/// The texels of [`SKIN`] that go down with the jaw, by index, and how far.
static MOVING: LazyLock<Vec<(usize, f32)>> = LazyLock::new(|| {
    let drop = |place: &TexelPlace| -> f32 {
        (0..3).map(|k| DROPS.get(usize::from(place.corners[k])).unwrap_or(&0.0) * place.weights[k]).sum()
    };
    SKIN.iter().map(drop).enumerate().filter(|(_, drop)| *drop >= LEAST_DROP).collect()
});

/// A texel that goes down with the jaw.
struct JawSample {
    at: Vec2,
    /// How far it goes down with the jaw, 0..=1.
    drop: f32,
    /// How it should look, logarithm.
    tone: f32,
    trust: f32,
}

/// Eight of them; where there are fewer, the others have no trust.
struct JawLanes {
    x: f32x8,
    y: f32x8,
    drop: f32x8,
    tone: f32x8,
    trust: f32x8,
}

impl JawLanes {
    fn new(samples: &[JawSample]) -> Self {
        Self {
            x: load_lanes(samples, |s| s.at.x),
            y: load_lanes(samples, |s| s.at.y),
            drop: load_lanes(samples, |s| s.drop),
            tone: load_lanes(samples, |s| s.tone),
            trust: load_lanes(samples, |s| s.trust),
        }
    }
}

/// Trust-weighted sum of the squares that the picture differs by when the jaw is moved by so much, crop pixels; no square is
/// greater than `most`.
fn squared_rest(lanes: &[JawLanes], by: Vec2, most: f32x8, crop: &Crop<'_>) -> f32 {
    let mut sum = f32x8::ZERO;
    for JawLanes { x, y, drop, tone, trust } in lanes {
        let ([seen, ..], inside) = crop.tones(*x + *drop * by.x, *y + *drop * by.y);
        let rest = seen - *tone;
        let square = inside.simd_gt(f32x8::ZERO).select((rest * rest).min(most), most);
        sum += *trust * square;
    }
    sum.reduce_add()
}

impl AppearanceModel {
    /// How much farther down the jaw is than `mesh` (crop pixels) says, in crop pixels along [`down`]. None where too
    /// little of it is known or free.
    pub(in crate::track) fn jaw_drop(
        &self,
        mesh: &[Vec2],
        crop: &Crop<'_>,
        tuning: &JawTuning,
    ) -> Option<f32> {
        let down = down(mesh)?;
        let sample = |&(index, drop): &(usize, f32)| self.jaw_sample(index, drop, mesh, tuning);
        let samples: Vec<JawSample> = MOVING.iter().filter_map(sample).collect();
        if samples.len() < tuning.least_texels {
            return None;
        }
        let lanes: Vec<JawLanes> = samples.chunks(LANES).map(JawLanes::new).collect();
        let trust = 1e-6 + samples.iter().map(|s| s.trust).sum::<f32>();
        let most = f32x8::splat(tuning.clip * tuning.clip);
        let cost = |drop: f32| {
            squared_rest(&lanes, down * drop, most, crop) / trust
                + tuning.network_belief * (drop * 0.1).powi(2)
        };
        let (from, to, step) = tuning.tried;
        let unmoved = (-from / step) as usize;
        let count = ((to - from) / step) as usize + 1;
        let costs = costs_by_halves(count, unmoved, |k| cost(from + k as f32 * step));
        let (best, least) = parabolic_minimum(&costs)?;
        // At the end of what is tried it lies elsewhere.
        let within = (0.5..costs.len() as f32 - 1.5).contains(&best);
        (within && least <= *costs.get(unmoved)?).then_some(from + best * step)
    }

    /// A texel of [`MOVING`] in a mesh; none where it is hardly known or covered.
    fn jaw_sample(&self, index: usize, drop: f32, mesh: &[Vec2], tuning: &JawTuning) -> Option<JawSample> {
        let (place, texel) = (SKIN.get(index)?, self.texels.get(index)?);
        if texel.seen <= tuning.known_s || texel.covered >= tuning.covered {
            return None;
        }
        let at = place.point_in(mesh)?;
        let light = light_at(&self.light, TERMS.get(index)?).w;
        let least_variance = tuning.tone_deviation * tuning.tone_deviation;
        let trust = (1.0 - texel.covered) / (texel.tone_variance + least_variance);
        Some(JawSample { at, drop, tone: texel.mean.w + light, trust })
    }
}

/// Towards the chin, of length 1.
pub(in crate::track) fn down(mesh: &[Vec2]) -> Option<Vec2> {
    (*mesh.get(UPRIGHT[1])? - *mesh.get(UPRIGHT[0])?).try_normalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::appearance::tests::{W, points as mesh};
    use crate::track::appearance::{AppearanceTuning, CELLS, CropPlanes, SIDE};

    /// Spotted skin whose lower part is `drop` pixels farther down than [`mesh`] has it.
    fn picture(drop: f32) -> Vec<f32> {
        let mut shares = vec![0.0; CELLS];
        for place in SKIN.iter() {
            let share = |k: usize| DROPS[usize::from(place.corners[k])] * place.weights[k];
            shares[usize::from(place.cell)] = share(0) + share(1) + share(2);
        }
        let share = |p: Vec2| {
            let q = (p / W as f32 * SIDE as f32).as_usizevec2().min(glam::USizeVec2::splat(SIDE - 1));
            shares[q.y * SIDE + q.x]
        };
        let spots = |p: Vec2| 0.5 + 0.08 * ((p.x * 0.3).cos() + (p.y * 0.35).sin() * (p.x * 0.2).cos());
        let tone = |i: usize| {
            let p = Vec2::new((i % W) as f32, (i / W) as f32);
            let own = (0..12).fold(p, |own, _| p - Vec2::Y * drop * share(own));
            // What comes from nowhere is the open mouth.
            if (own.y + drop * share(own) - p.y).abs() > 1.0 { 0.1 } else { spots(own) }
        };
        let one: Vec<f32> = (0..W * W).map(tone).collect();
        [one.clone(), one.clone(), one].concat()
    }

    fn learned() -> AppearanceModel {
        let mut model = AppearanceModel::new();
        let (picture, mut planes) = (picture(0.0), CropPlanes::default());
        for _ in 0..30 {
            let crop = Crop::new(&picture, W, &[], &mut planes).unwrap();
            model.update(&mesh(), &crop, None, 1.0 / 30.0, &AppearanceTuning::default());
        }
        model
    }

    #[test]
    fn a_jaw_is_found_where_the_picture_has_it() {
        let model = learned();
        for drop in [-2.0, 0.0, 3.0, 6.0] {
            let (picture, mut planes) = (picture(drop), CropPlanes::default());
            let found = model
                .jaw_drop(&mesh(), &Crop::new(&picture, W, &[], &mut planes).unwrap(), &JawTuning::default())
                .unwrap();
            assert!((found - drop).abs() < 1.0, "{found} instead of {drop}");
        }
    }

    #[test]
    fn without_a_known_face_no_jaw_is_told() {
        let (picture, mut planes) = (picture(0.0), CropPlanes::default());
        assert_eq!(
            AppearanceModel::new().jaw_drop(
                &mesh(),
                &Crop::new(&picture, W, &[], &mut planes).unwrap(),
                &JawTuning::default()
            ),
            None
        );
    }

    #[test]
    fn the_lower_lip_drops_most_and_nothing_above_the_corners_does() {
        assert!(DROPS[14] > 0.99 && DROPS[17] > 0.99);
        assert!((0.5..0.8).contains(&DROPS[152]), "{}", DROPS[152]);
        assert!([13, 0, 1, 4, 33, 263, 10, 205, 425].iter().all(|i| DROPS[*i] == 0.0));
    }
}
