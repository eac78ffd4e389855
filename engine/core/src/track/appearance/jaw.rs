//! How much farther down the jaw is than the mesh network says.
//!
//! The network understates a wide mouth (the gap between the lips by a fifth to a half on the clips with known truth).
//! But the lower lip and the chin keep their look as they move, so the model finds them: the one drop along the face that
//! makes them look most like themselves.

use super::AppearanceModel;
use super::crop::Crop;
use super::simd::{LANES, lanes};
use super::texels::{Place, SKIN, TERMS, points_of};
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
/// The chin's way to the lip's, and its width in halves of the mouth.
const CHIN: f32 = 0.75;
const CHIN_WIDE: f32 = 1.6;

/// How far each mesh point goes down with the jaw: 1 in the middle of the lower lip, 0 at the corners and above.
pub(in crate::track) static DROPS: LazyLock<[f32; POINTS]> = LazyLock::new(|| {
    let at = |i: usize| CANONICAL_UV.get(i).map_or(Vec2::ZERO, |p| Vec2::from_array(*p));
    let (right, left) = (at(CORNERS[0]), at(CORNERS[1]));
    let (middle, half) = ((right + left) * 0.5, (left.x - right.x) * 0.5);
    let deep = at(LIP_LOW).y - middle.y;
    std::array::from_fn(|i| {
        let p = at(i);
        let across = (p.x - middle.x) / half;
        let arc = (1.0 - across * across).max(0.0);
        if LOWER_LIP.contains(&(i as u16)) {
            return arc;
        }
        let below = ((p.y - middle.y - deep * arc) / (0.5 * deep)).clamp(0.0, 1.0);
        below * CHIN * (-(across / CHIN_WIDE).powi(2)).exp()
    })
});

/// Drops that are tried, in crop pixels: from, to, step.
const TRIED: (f32, f32, f32) = (-4.0, 11.0, 1.0);
/// Weight from which a texel counts, and so many must.
const LEAST_DROP: f32 = 0.15;
const LEAST: usize = 100;
/// Seconds for which a texel was learned before it counts.
const KNOWN_S: f32 = 0.3;
/// Rest beyond which a texel speaks no louder, in the logarithm's unit.
const CLIP: f32 = 0.3;
/// What the network is believed against the picture: cost of a drop of ten crop pixels.
const BELIEF: f32 = 0.004;

/// The texels of [`SKIN`] that go down with the jaw, by index, and how far.
static MOVING: LazyLock<Vec<(usize, f32)>> = LazyLock::new(|| {
    let drop = |place: &Place| -> f32 {
        (0..3).map(|k| DROPS.get(usize::from(place.corners[k])).unwrap_or(&0.0) * place.weights[k]).sum()
    };
    SKIN.iter().map(drop).enumerate().filter(|(_, drop)| *drop >= LEAST_DROP).collect()
});

struct Spot {
    at: Vec2,
    drop: f32,
    tone: f32,
    trust: f32,
}

impl AppearanceModel {
    /// How much farther down the jaw is than `mesh` (crop pixels) says, in crop pixels along [`down`]. None where too
    /// little of it is known or free.
    pub(in crate::track) fn jaw(&self, mesh: &[Vec2], crop: &Crop<'_>) -> Option<f32> {
        let down = down(mesh)?;
        let spot = |&(index, drop): &(usize, f32)| {
            let (place, texel) = (SKIN.get(index)?, self.texels.get(index)?);
            if texel.seen <= KNOWN_S || texel.covered >= 0.5 {
                return None;
            }
            let [a, b, c] = points_of(mesh, &place.corners)?;
            let at = a * place.weights.x + b * place.weights.y + c * place.weights.z;
            let lit = self.lit(TERMS.get(index)?).w;
            let trust = (1.0 - texel.covered) / (texel.tone_variance + 0.05 * 0.05);
            Some(Spot { at, drop, tone: texel.mean.w + lit, trust })
        };
        let spots: Vec<Spot> = MOVING.iter().filter_map(spot).collect();
        if spots.len() < LEAST {
            return None;
        }
        let eights: Vec<[f32x8; 5]> = spots
            .chunks(LANES)
            .map(|s| {
                [
                    lanes(s, |s| s.at.x),
                    lanes(s, |s| s.at.y),
                    lanes(s, |s| s.drop),
                    lanes(s, |s| s.tone),
                    lanes(s, |s| s.trust),
                ]
            })
            .collect();
        let weights = 1e-6 + spots.iter().map(|s| s.trust).sum::<f32>();
        let most = f32x8::splat(CLIP * CLIP);
        let cost = |drop: f32| {
            let by = down * drop;
            let mut sum = f32x8::ZERO;
            for [x, y, share, tone, trust] in &eights {
                let ([seen, ..], inside) = crop.tones(*x + *share * by.x, *y + *share * by.y);
                let rest = seen - *tone;
                let square = inside.simd_gt(f32x8::ZERO).select((rest * rest).min(most), most);
                sum += *trust * square;
            }
            sum.reduce_add() / weights + BELIEF * (drop * 0.1).powi(2)
        };
        let (from, to, step) = TRIED;
        let plain = (-from / step) as usize;
        let costs = tried(((to - from) / step) as usize + 1, plain, |k| cost(from + k as f32 * step));
        let (best, least) = lowest(&costs)?;
        // At the end of what is tried it lies elsewhere.
        let within = (0.5..costs.len() as f32 - 1.5).contains(&best);
        (within && least <= *costs.get(plain)?).then_some(from + best * step)
    }
}

/// Towards the chin, of length 1.
pub(in crate::track) fn down(mesh: &[Vec2]) -> Option<Vec2> {
    (*mesh.get(UPRIGHT[1])? - *mesh.get(UPRIGHT[0])?).try_normalize()
}

/// Costs of a row of so many tries: of every second, `known` among them, and of those beside the lowest; the others are
/// infinite.
pub(super) fn tried(count: usize, known: usize, cost: impl Fn(usize) -> f32) -> Vec<f32> {
    let mut costs = vec![f32::INFINITY; count];
    for k in (known % 2..count).step_by(2) {
        costs[k] = cost(k);
    }
    if let Some((best, _)) = costs.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)) {
        for k in [best.wrapping_sub(1), best + 1].into_iter().filter(|k| *k < count) {
            costs[k] = cost(k);
        }
    }
    costs
}

/// Where a row of costs is lowest, by the parabola through the lowest and its neighbours, and the lowest.
pub(super) fn lowest(costs: &[f32]) -> Option<(f32, f32)> {
    let (k, least) = costs.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let side = |k: Option<usize>| k.and_then(|k| costs.get(k)).copied();
    let part = match (side(k.checked_sub(1)), side(Some(k + 1))) {
        (Some(a), Some(c)) if a - 2.0 * least + c > 1e-9 => 0.5 * (a - c) / (a - 2.0 * least + c),
        _ => 0.0,
    };
    Some((k as f32 + part, least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::appearance::tests::{W, points as mesh};
    use crate::track::appearance::{CELLS, CropPlanes, SIDE};

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
            model.update(&mesh(), &Crop::new(&picture, W, &[], &mut planes).unwrap(), 1.0 / 30.0);
        }
        model
    }

    #[test]
    fn a_jaw_is_found_where_the_picture_has_it() {
        let model = learned();
        for drop in [-2.0, 0.0, 3.0, 6.0] {
            let (picture, mut planes) = (picture(drop), CropPlanes::default());
            let found = model.jaw(&mesh(), &Crop::new(&picture, W, &[], &mut planes).unwrap()).unwrap();
            assert!((found - drop).abs() < 1.0, "{found} instead of {drop}");
        }
    }

    #[test]
    fn without_a_known_face_no_jaw_is_told() {
        let (picture, mut planes) = (picture(0.0), CropPlanes::default());
        assert_eq!(
            AppearanceModel::new().jaw(&mesh(), &Crop::new(&picture, W, &[], &mut planes).unwrap()),
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
