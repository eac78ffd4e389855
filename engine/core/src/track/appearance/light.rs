//! The change of light since a face's appearance was learned: smooth over the face, so that shadows of things are none.

use super::simd::{LANES, Products, light_at_lanes, light_terms, load_lanes, solve};
use super::texels::TERMS;
use super::tuning::LightTuning;
use super::{AppearanceModel, Seen};
use glam::Vec4;
use wide::f32x8;

/// Light: a colour, logarithm, fourth the tone, for each of [`TERMS`].
pub(super) type Light = [Vec4; 6];

/// What a light makes of a texel with such terms.
#[inline]
pub(super) fn light_at(light: &Light, terms: &[Vec4; 2]) -> Vec4 {
    let [a, b] = terms;
    light[0] * a.x + light[1] * a.y + light[2] * a.z + light[3] * a.w + light[4] * b.x + light[5] * b.y
}

/// Eight texels that tell light.
struct LightLanes {
    terms: [f32x8; 6],
    /// From the model: the colour's logarithm, fourth the tone.
    differences: [f32x8; 4],
    trust: f32x8,
}

impl LightLanes {
    fn new(seen: &[Seen]) -> Self {
        let [u, v] = [1, 2].map(|k| load_lanes(seen, |s| TERMS[s.index][0][k]));
        Self {
            terms: light_terms(u, v),
            differences: [0, 1, 2, 3].map(|k| load_lanes(seen, |s| s.difference[k])),
            trust: load_lanes(seen, |s| s.trust),
        }
    }
}

/// Weighted sums of products of the six terms and, from the seventh on, the four differences, with each other.
fn weighted_sums(lanes: &[LightLanes], light: &Light, half_weight: f32) -> [[f32; 10]; 10] {
    let mut products = Products::<10>::new();
    let colours = [0, 1, 2].map(|k| light.map(|l| l[k]));
    for LightLanes { terms, differences, trust } in lanes {
        let mut rest = f32x8::ZERO;
        for (light, difference) in colours.iter().zip(differences) {
            let off = *difference - light_at_lanes(light, terms);
            rest += off * off;
        }
        // Cauchy's weight.
        let weight = *trust / (rest * f32x8::splat(1.0 / (half_weight * half_weight)) + f32x8::ONE);
        let column = |k: usize| if k < 6 { terms[k] } else { differences[k - 6] };
        products.push(std::array::from_fn(column), weight);
    }
    products.sums()
}

/// Solves the normal equations of light, damped towards none and kept near `before` as firmly as said.
fn solve_normal(sums: &[[f32; 10]; 10], before: &Light, firmness: f32, damping: (f32, f32)) -> Light {
    let mut normal: [[f32; 6]; 6] = std::array::from_fn(|i| std::array::from_fn(|j| sums[i][j]));
    let mut right: Light = std::array::from_fn(|i| Vec4::from_array([6, 7, 8, 9].map(|k| sums[i][k])));
    let total = normal[0][0].max(1e-6);
    for (i, row) in normal.iter_mut().enumerate() {
        // Terms that little speaks for stay small.
        row[i] += total * if i == 0 { damping.0 } else { damping.1 };
        let kept = total * firmness;
        row[i] += kept;
        right[i] += before[i] * kept;
    }
    let channels = [0, 1, 2, 3].map(|k| solve(normal, right.map(|r| r[k])).unwrap_or_default());
    std::array::from_fn(|i| Vec4::from_array(channels.map(|c| c[i])))
}

impl AppearanceModel {
    /// How firmly light stays as it was, against the texels' own weight.
    pub(super) fn light_firmness(&self, tuning: &LightTuning) -> f32 {
        self.share() * tuning.kept
    }

    /// The change of light since the model was learned: robust least squares of the six terms, a colour each, starting
    /// from the last frame's light. With much of the face covered light stays nearly as it was: a hand that is half of
    /// what is seen would else pass for the face under another lamp.
    pub(super) fn solve_light(&self, known: &[Seen], tuning: &LightTuning) -> Light {
        let firmness = self.light_firmness(tuning);
        let every = if firmness > 0.0 { tuning.every.1 } else { tuning.every.0 };
        let lanes: Vec<LightLanes> = known.chunks(LANES).step_by(every.max(1)).map(LightLanes::new).collect();
        let mut light = self.light;
        for round in 0..tuning.rounds {
            let half_weight = if round == 0 { tuning.half_weight.0 } else { tuning.half_weight.1 };
            let sums = weighted_sums(&lanes, &light, half_weight);
            let last =
                std::mem::replace(&mut light, solve_normal(&sums, &self.light, firmness, tuning.damping));
            let is_steady = |(a, b): (&Vec4, &Vec4)| (*a - *b).abs().max_element() < tuning.settled;
            if round > 0 && light.iter().zip(&last).all(is_steady) {
                break;
            }
        }
        light
    }
}
