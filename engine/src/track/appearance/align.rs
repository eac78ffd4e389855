//! Lays the model on a frame: the similarity of the crop's plane that makes the picture look most like the model.
//!
//! Gauss–Newton on the logarithm of luma, with the light's change as further unknowns (Lucas and Kanade, IJCAI 1981;
//! linear appearance variation after Hager and Belhumeur, IEEE PAMI 20, 1998), robust by Cauchy's weights: what stands in
//! front of the face does not pull.

use super::crop::Crop;
use super::places::{SKIN, TERMS, crowded, points_of};
use super::{CELLS, Model};
use glam::{Mat2, Vec2, Vec4};

/// A similarity of the crop's plane: `anchor + grow · R(turn) · (p − anchor) + shift`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::track) struct Similarity {
    pub(in crate::track) anchor: Vec2,
    /// Crop pixels.
    pub(in crate::track) shift: Vec2,
    /// Radians, clockwise on screen.
    pub(in crate::track) turn: f32,
    /// Natural logarithm of the growth.
    pub(in crate::track) grow: f32,
}

impl Similarity {
    fn none(anchor: Vec2) -> Self {
        Self { anchor, shift: Vec2::ZERO, turn: 0.0, grow: 0.0 }
    }

    fn matrix(&self) -> Mat2 {
        Mat2::from_angle(self.turn) * self.grow.exp()
    }

    pub(in crate::track) fn apply(&self, p: Vec2) -> Vec2 {
        self.anchor + self.matrix() * (p - self.anchor) + self.shift
    }
}

/// How well the model lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::track) struct Fit {
    pub(in crate::track) way: Similarity,
    /// Share of the texels, without those that were covered before, that look as they should, 0..=1.
    pub(in crate::track) agreement: f32,
    /// Correlation of the face's own pattern with the picture's, light taken out of both, -1..=1.
    pub(in crate::track) pattern: f32,
    /// Expected error of the place, crop pixels: from the slopes and the rest.
    pub(in crate::track) error: f32,
}

/// Unknowns: shift, turn, growth, and the light's six terms.
const N: usize = 10;
/// Rest that counts half, in the logarithm's unit, step by step.
const SCALES: [f32; 6] = [0.2, 0.12, 0.08, 0.06, 0.06, 0.06];
/// A texel agrees when its rest is below this.
const AGREES: f32 = 0.1;
/// Rest at which a texel stops speaking against the pattern.
const CLIP: f32 = 0.15;
/// Difference of hue (logarithms of R / G and B / G) that counts half.
const HUE: f32 = 0.1;
/// Rounds before what stands in front is looked for.
const SHUN_FROM: usize = 2;
/// Before that one of so many texels will do.
const ROUGH: usize = 2;
/// Rounds after which a step of less than this, in crop pixels, is the last.
const SETTLED: usize = 3;
const STILL: f32 = 0.005;
/// Rest from which a texel looks otherwise.
const STRANGE: f32 = 0.14;
/// So many of those within so many cells put a texel out of the count; what it then counts.
const SHUN_LEAST: u8 = 4;
const SHUN_REACH: usize = 2;
const SHUNNED: f32 = 0.02;
/// Least number of texels to lay a model by.
const LEAST: usize = 200;
/// Crop pixels that count as one unit of turn and growth.
const ARM: f32 = 40.0;

/// A texel in the plane of the mesh.
struct Spot {
    at: Vec2,
    tone: f32,
    trust: f32,
    cell: u16,
    /// 1 away from what stands in front; at its edge slopes are steep and pull the mesh along.
    calm: f32,
    /// How far it was free before and has the face's hue, 0..=1.
    free: f32,
    /// The light's six terms, then nothing.
    terms: [Vec4; 2],
    /// The model's own tone without its smooth part.
    pattern: f32,
}

impl Model {
    /// Lays the model on the crop, starting at `mesh` (crop pixels). None where too little of it is known or in view.
    pub(in crate::track) fn lay(&self, mesh: &[Vec2], crop: &Crop<'_>) -> Option<Fit> {
        let mut spots = self.spots(mesh, crop);
        if spots.len() < LEAST {
            return None;
        }
        let anchor = spots.iter().map(|s| s.at).sum::<Vec2>() / spots.len() as f32;
        let mut way = Similarity::none(anchor);
        let tones = self.light.map(|l| l.w);
        let before = [Vec4::from_slice(&tones), Vec4::new(tones[4], tones[5], 0.0, 0.0)];
        let mut light = before;
        let keep = self.light_kept();
        let mut error = f32::MAX;
        for (round, scale) in SCALES.into_iter().enumerate() {
            if round >= SHUN_FROM {
                shun(&mut spots, &way, &light, crop);
            }
            // The unknowns' products, and with the rest as an eleventh.
            let mut products = [[Vec4::ZERO; 3]; N + 1];
            let matrix = way.matrix();
            let (mut weights, mut seen) = (0.0, 0);
            let skip = if round < SHUN_FROM { ROUGH } else { 1 };
            for s in spots.iter().step_by(skip) {
                let arm = matrix * (s.at - anchor);
                let Some((tone, slope)) = crop.tone(anchor + arm + way.shift) else { continue };
                let rest = tone - s.tone - lit(&light, s);
                let weight = s.trust * s.calm / (1.0 + (rest / scale).powi(2));
                let turn = slope.dot(arm.perp()) / ARM;
                let row = [
                    Vec4::new(slope.x, slope.y, turn, slope.dot(arm) / ARM),
                    -s.terms[0],
                    Vec4::new(-s.terms[1].x, -s.terms[1].y, rest, 0.0),
                ];
                add(&mut products, &row, weight);
                (weights, seen) = (weights + weight, seen + skip);
            }
            if seen < LEAST {
                return None;
            }
            let product = |i: usize, j: usize| products[i.min(j)][i.max(j) / 4][i.max(j) % 4];
            let mut normal: [[f32; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| product(i, j)));
            let mut right: [f32; N] = std::array::from_fn(|i| -product(i, N));
            let rests = product(N, N);
            for (i, row) in normal.iter_mut().enumerate() {
                row[i] += weights * if i <= 4 { 1e-6 } else { 2e-3 };
            }
            for k in 0..6 {
                normal[4 + k][4 + k] += weights * keep;
                right[4 + k] -= weights * keep * (light[k / 4][k % 4] - before[k / 4][k % 4]);
            }
            error = (rests / weights / (normal[0][0].min(normal[1][1]) / weights * seen as f32)).sqrt();
            let step = solve(normal, right)?;
            way.shift += Vec2::new(step[0], step[1]).clamp_length_max(4.0);
            way.turn += (step[2] / ARM).clamp(-0.1, 0.1);
            way.grow += (step[3] / ARM).clamp(-0.1, 0.1);
            light[0] += Vec4::from_slice(&step[4..]);
            light[1] += Vec4::new(step[8], step[9], 0.0, 0.0);
            if round > SETTLED && step[..4].iter().all(|v| v.abs() < STILL) {
                break;
            }
        }
        let (agreement, pattern) = Self::judge(&spots, &way, &light, crop);
        Some(Fit { way, agreement, pattern, error })
    }

    fn spots(&self, mesh: &[Vec2], crop: &Crop<'_>) -> Vec<Spot> {
        let known = SKIN.iter().zip(TERMS.iter()).zip(&self.texels).filter(|(_, t)| t.seen > 0.15);
        let mut spots: Vec<Spot> = known
            .filter_map(|((place, terms), texel)| {
                let [a, b, c] = points_of(mesh, &place.corners)?;
                // Only what faces the viewer.
                if (a - b).perp_dot(c - a) <= 0.0 {
                    return None;
                }
                let at = a * place.weights.x + b * place.weights.y + c * place.weights.z;
                let rest = crop.colour(at)? - texel.mean - self.lit(terms);
                // Hue varies slowly over a face, so it tells a hand apart before the mesh lies well.
                let hue = Vec2::new(rest.x - rest.y, rest.z - rest.y).length_squared();
                let alike = 1.0 / (1.0 + hue / (HUE * HUE));
                let free = (1.0 - texel.covered) * alike;
                let trust = (0.05 * alike + 0.95 * free) / (texel.tone_variance + 0.03 * 0.03);
                let tone = texel.mean.w;
                Some(Spot { at, tone, trust, cell: place.cell, calm: 1.0, free, terms: *terms, pattern: 0.0 })
            })
            .collect();
        // The model's smooth part, by the light's own terms; the tone is a seventh.
        let mut products = [[Vec4::ZERO; 2]; 7];
        for s in &spots {
            add(&mut products, &[s.terms[0], Vec4::new(s.terms[1].x, s.terms[1].y, s.tone, 0.0)], 1.0);
        }
        let product = |i: usize, j: usize| products[i.min(j)][i.max(j) / 4][i.max(j) % 4];
        let normal: [[f32; 6]; 6] = std::array::from_fn(|i| std::array::from_fn(|j| product(i, j)));
        let smooth = solve(normal, std::array::from_fn(|i| product(i, 6))).unwrap_or_default();
        let smooth = [Vec4::from_slice(&smooth), Vec4::new(smooth[4], smooth[5], 0.0, 0.0)];
        for s in &mut spots {
            s.pattern = s.tone - lit(&smooth, s);
        }
        spots
    }

    /// Share that agrees, and the correlation of the pattern.
    fn judge(spots: &[Spot], way: &Similarity, light: &[Vec4; 2], crop: &Crop<'_>) -> (f32, f32) {
        let (mut agree, mut n) = (0.0f32, 0.0f32);
        let (mut xy, mut xx, mut yy) = (0.0, 1e-6, 1e-6);
        for s in spots {
            let Some((tone, _)) = crop.tone(way.apply(s.at)) else { continue };
            let rest = tone - s.tone - lit(light, s);
            n += s.free;
            agree += if rest.abs() < AGREES { s.free } else { 0.0 };
            let seen = s.pattern + rest.clamp(-CLIP, CLIP);
            xy += s.free * s.pattern * seen;
            (xx, yy) = (xx + s.free * s.pattern * s.pattern, yy + s.free * seen * seen);
        }
        (agree / n.max(LEAST as f32), xy / f32::sqrt(xx * yy))
    }
}

/// Finds the texels that look otherwise, more than one together, and takes those round about out of the count.
fn shun(spots: &mut [Spot], way: &Similarity, light: &[Vec4; 2], crop: &Crop<'_>) {
    let mut strange = vec![0u8; CELLS];
    for s in spots.iter() {
        let rest = crop.tone(way.apply(s.at)).map_or(1.0, |(tone, _)| tone - s.tone - lit(light, s));
        strange[usize::from(s.cell)] = u8::from(rest.abs() > STRANGE || s.free < 0.5);
    }
    let crowd = crowded(&strange, SHUN_REACH);
    for s in spots.iter_mut() {
        s.calm = if crowd[usize::from(s.cell)] >= SHUN_LEAST { SHUNNED } else { 1.0 };
    }
}

/// What a light's terms make of a texel.
#[inline]
fn lit(light: &[Vec4; 2], s: &Spot) -> f32 {
    (light[0] * s.terms[0] + light[1] * s.terms[1]).element_sum()
}

/// Adds a row's products with itself, of which those above the diagonal count.
#[inline]
pub(super) fn add<const W: usize, const K: usize>(to: &mut [[Vec4; W]; K], row: &[Vec4; W], weight: f32) {
    for (i, to) in to.iter_mut().enumerate() {
        let own = weight * row[i / 4][i % 4];
        for (to, v) in to.iter_mut().zip(row).skip(i / 4) {
            *to += *v * own;
        }
    }
}

/// Solves a symmetric positive system by elimination without pivots; none where it has no solution.
pub(super) fn solve<const K: usize>(mut a: [[f32; K]; K], mut b: [f32; K]) -> Option<[f32; K]> {
    for i in 0..K {
        if a[i][i].is_nan() || a[i][i] <= 1e-12 {
            return None;
        }
        for r in i + 1..K {
            let f = a[r][i] / a[i][i];
            for c in i..K {
                a[r][c] -= f * a[i][c];
            }
            b[r] -= b[i] * f;
        }
    }
    for i in (0..K).rev() {
        let known: f32 = (i + 1..K).map(|c| b[c] * a[i][c]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    b.iter().all(|v| v.is_finite()).then_some(b)
}
