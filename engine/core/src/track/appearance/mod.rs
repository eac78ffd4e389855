//! What the user's face usually looks like, texel by texel: where it lies in the next frame, and what stands in front
//! of it.
//!
//! The model lives in canonical UV: mean and deviation of the encoded colour's logarithm. Light is taken out of every
//! frame by a quadratic fit over the texels that look like the face, so that a lamp is no occluder. It is learned in the
//! first half second, adapts slowly and stands still under an occluder.

mod crop;
mod glasses;
mod jaw;
mod lids;
mod occlusion;
mod register;
mod simd;
mod texels;

use crate::canonical_uv::CANONICAL_UV;
use glam::{Vec2, Vec3, Vec4, Vec4Swizzles};
use simd::{LANES, Products, lanes, lit, solve, terms};
use texels::{AT_CELL, SKIN, TERMS, closed, mean_round, points_of};
use wide::f32x8;

pub(super) use crop::{Crop, CropPlanes};
pub(super) use jaw::{DROPS, down};
pub use occlusion::{Occlusion, OcclusionCell};
pub(crate) use texels::{around, places};

/// Cells of a side of the model and of an [`Occlusion`].
pub const SIDE: usize = omote_shaders::layout::OCCLUDE_SIDE as usize;
const CELLS: usize = SIDE * SIDE;

/// Least deviation of a texel, in the logarithm's unit.
const DEVIATION_MIN: f32 = 0.05;
/// Deviation of a texel that was seen once.
const DEVIATION_NEW: f32 = 0.12;
/// Deviations from which a texel begins to count as covered, and from which it does in full.
const COVERED: (f32, f32) = (2.2, 3.4);
/// How far off the mesh may lie, in cells.
const SLACK: usize = 1;
/// The same for texels between covered ones, and how far apart those may be, in cells.
const FAINT: (f32, f32) = (0.45, 0.9);
const CLOSE: usize = 8;
/// Seconds of learning before anything counts as an occluder.
const LEARN_S: f32 = 0.5;
/// Time constant of the later adaptation, in seconds.
const ADAPT_S: f32 = 15.0;
/// Time constants of the mask when an occluder comes, and when it goes, in seconds.
const COME_S: f32 = 0.02;
const GO_S: f32 = 0.06;
/// With more of the face covered than this, what other faces hide left out, the model can't be right: nothing counts as an occluder.
const MOST: f32 = 0.6;
/// How far calm skin speaks for that beside eyes and lips, in cells.
const CALM_REACH: usize = 4;
/// How firmly light is kept, for each share of the face that is covered.
const LIGHT_KEPT: f32 = 2.0;
/// Change of a term in one round, logarithm, that is none.
const LIGHT_STILL: f32 = 1e-3;
/// Less than this is no cover.
const TRACE: f32 = 1e-3;
/// Share of the face that is covered from which on nothing is learned.
const FROZEN: f32 = 0.03;
/// A texel that is covered longer than this is taken for the face after all: better an occluder behind the persona
/// than the face beside it.
const LONGEST_S: f32 = 12.0;

/// One texel of the model.
#[derive(Clone, Copy, Debug, Default)]
struct Texel {
    /// Mean of the colour's logarithm, fourth the tone: the logarithm of luma, sampled finer.
    mean: Vec4,
    /// Variance of the colour, a channel, and of the tone.
    variance: f32,
    tone_variance: f32,
    /// Seconds for which it was learned.
    seen: f32,
    /// How far it is covered, 0..=1, and for how many seconds it has been.
    covered: f32,
    since: f32,
}

impl Texel {
    fn new(mean: Vec4, seen: f32) -> Self {
        let variance = DEVIATION_NEW.powi(2);
        Self { mean, variance, tone_variance: variance, seen, ..Self::default() }
    }
}

/// The model of one face.
#[derive(Debug)]
pub(super) struct AppearanceModel {
    texels: Vec<Texel>,
    /// Seconds for which it was learned.
    pub(super) age: f32,
    /// Seconds for which nothing fitted.
    lost: f32,
    /// The last frame's light: a colour for each of [`TERMS`].
    light: [Vec4; 6],
    mask: Vec<f32>,
    /// Cells within other faces' outlines in the last frame.
    occluded_cells: Vec<u16>,
    /// Colours of the last frame's cells, logarithm: as the face would look, and as the picture is. NaN where not seen.
    colours: Vec<[Vec3; 2]>,
    /// The open eyes: the subject's right, then the left.
    eyes: [lids::Eye; 2],
    glasses: glasses::Glasses,
}

/// A texel as the frame shows it.
struct Seen {
    index: usize,
    /// From the model: the colour's logarithm, fourth the tone.
    difference: Vec4,
    /// The part of it that is light.
    lit: Vec4,
    trust: f32,
    /// Within another face's outline.
    occluded: bool,
}

impl Seen {
    fn rest(&self) -> Vec4 {
        self.difference - self.lit
    }
}

/// What a light, a colour for each of the six terms, makes of a texel with such terms.
#[inline]
fn shine(light: &[Vec4; 6], terms: &[Vec4; 2]) -> Vec4 {
    let [a, b] = terms;
    light[0] * a.x + light[1] * a.y + light[2] * a.z + light[3] * a.w + light[4] * b.x + light[5] * b.y
}

impl AppearanceModel {
    pub(super) fn new() -> Self {
        Self {
            texels: vec![Texel::default(); SKIN.len()],
            age: 0.0,
            lost: 0.0,
            light: [Vec4::ZERO; 6],
            mask: vec![0.0; CELLS],
            occluded_cells: Vec::new(),
            colours: vec![[Vec3::NAN; 2]; CELLS],
            eyes: Default::default(),
            glasses: Default::default(),
        }
    }

    /// Whether enough of the last frame's face looked as it should.
    pub(super) fn fits(&self) -> bool {
        self.lost == 0.0
    }

    /// How far the mesh's points are covered in the last frame, 0..=1 each.
    pub(super) fn covered(&self, point: usize) -> f32 {
        let Some(uv) = CANONICAL_UV.get(point) else { return 0.0 };
        let cell = |v: f32| ((v * SIDE as f32) as usize).min(SIDE - 1);
        self.mask.get(cell(uv[1]) * SIDE + cell(uv[0])).copied().unwrap_or(0.0)
    }

    /// How firmly light stays as it was, against the texels' own weight.
    fn light_kept(&self) -> f32 {
        self.share() * LIGHT_KEPT
    }

    /// Share of the face that was covered in the last frame, 0..=1.
    pub(super) fn share(&self) -> f32 {
        self.texels.iter().map(|t| t.covered).sum::<f32>() / self.texels.len().max(1) as f32
    }

    /// Takes a frame in, `elapsed` seconds after the last. `mesh` are the points in crop pixels.
    pub(super) fn update(&mut self, mesh: &[Vec2], crop: &Crop<'_>, elapsed: f32) {
        let mut fresh = Vec::new();
        let mut known = Vec::with_capacity(SKIN.len());
        for (index, (place, texel)) in SKIN.iter().zip(&self.texels).enumerate() {
            let Some([a, b, c]) = points_of(mesh, &place.corners) else { continue };
            // Only what faces the viewer.
            if (a - b).perp_dot(c - a) <= 0.0 {
                continue;
            }
            let at = a * place.weights.x + b * place.weights.y + c * place.weights.z;
            let Some(seen) = crop.colour(at) else { continue };
            if texel.seen > 0.0 {
                let occluded = crop.is_occluded(at);
                let free = if occluded { 0.0 } else { 1.0 - texel.covered };
                let trust = free / texel.variance.max(DEVIATION_MIN * DEVIATION_MIN);
                known.push(Seen { index, difference: seen - texel.mean, lit: Vec4::ZERO, trust, occluded });
            } else {
                fresh.push((index, seen));
            }
        }
        self.light = self.light_of(&known);
        for seen in &mut known {
            seen.lit = self.lit(&TERMS[seen.index]);
        }
        let evidence = self.evidence(&known);
        let usable = {
            let open = known.iter().filter(|s| !s.occluded);
            let covered = open.map(|s| (evidence[usize::from(SKIN[s.index].cell)], 1.0));
            let (covered, n) = covered.fold((0.0, 0f32), |sum, c| (sum.0 + c.0, sum.1 + c.1));
            covered <= MOST * n.max(1.0)
        };
        // Nothing is learned while something is in front: what is half covered or lies half a pixel off would be taken in.
        let learns = usable && self.share() < FROZEN;
        self.age += elapsed;
        self.lost = if usable { 0.0 } else { self.lost + elapsed };
        if self.lost > LEARN_S {
            *self = Self::new();
            return;
        }
        let [come, go] = [COME_S, GO_S].map(|pace| 1.0 - (-elapsed / pace).exp());
        for seen in &known {
            let (index, rest) = (seen.index, seen.rest());
            let Some(texel) = self.texels.get_mut(index) else { continue };
            let tells = usable && self.age > LEARN_S;
            let target = if tells { evidence[usize::from(SKIN[index].cell)] } else { 0.0 };
            texel.covered += (target - texel.covered) * if target > texel.covered { come } else { go };
            if texel.covered < TRACE {
                texel.covered = 0.0;
            }
            texel.since = if texel.covered > 0.5 { texel.since + elapsed } else { 0.0 };
            if texel.since > LONGEST_S {
                *texel = Texel::new(texel.mean + rest, elapsed);
                continue;
            }
            if learns && texel.covered < 0.1 && target < 0.1 {
                texel.seen += elapsed;
                let rate = (elapsed / texel.seen.min(ADAPT_S)).min(1.0);
                texel.mean += rest * rate;
                texel.variance += (rest.xyz().length_squared() / 3.0 - texel.variance) * rate;
                texel.tone_variance += (rest.w * rest.w - texel.tone_variance) * rate;
            }
        }
        for (index, seen) in fresh {
            if let Some(texel) = self.texels.get_mut(index) {
                let lit = shine(&self.light, &TERMS[index]);
                *texel = Texel::new(seen - lit, elapsed.max(1e-3));
                known.push(Seen { index, difference: lit, lit, trust: 0.0, occluded: false });
            }
        }
        self.detect_glasses();
        self.fill();
        self.occluded_cells = known.iter().filter(|s| s.occluded).map(|s| SKIN[s.index].cell).collect();
        if self.hides() {
            self.remember(&known);
        }
    }

    fn lit(&self, terms: &[Vec4; 2]) -> Vec4 {
        shine(&self.light, terms)
    }

    /// The change of light since the model was learned: robust least squares of the six terms, a colour each, starting
    /// from the last frame's light. With much of the face covered light stays nearly as it was: a hand that is half of
    /// what is seen would else pass for the face under another lamp.
    fn light_of(&self, known: &[Seen]) -> [Vec4; 6] {
        let (before, firmness) = (self.light, self.light_kept());
        // Light is smooth: a quarter of the texels tell it, or half of them where some are covered.
        let step = if firmness > 0.0 { 2 } else { 4 };
        let eights: Vec<_> = known
            .chunks(LANES)
            .step_by(step)
            .map(|seen| {
                let [u, v] = [1, 2].map(|k| lanes(seen, |s| TERMS[s.index][0][k]));
                let differences = [0, 1, 2, 3].map(|k| lanes(seen, |s| s.difference[k]));
                (terms(u, v), differences, lanes(seen, |s| s.trust))
            })
            .collect();
        let mut light = before;
        for round in 0..5 {
            // Of the terms, and with the four differences.
            let mut products = Products::<10>::new();
            // Cauchy's weight, narrower after the first round.
            let scale: f32 = if round == 0 { 0.3 } else { 0.12 };
            let colours = [0, 1, 2].map(|k| light.map(|l| l[k]));
            for (terms, differences, trust) in &eights {
                let mut rest = f32x8::ZERO;
                for (light, difference) in colours.iter().zip(differences) {
                    let off = *difference - lit(light, terms);
                    rest += off * off;
                }
                let weight = *trust / (rest * f32x8::splat(1.0 / (scale * scale)) + f32x8::ONE);
                let column = |k: usize| if k < 6 { terms[k] } else { differences[k - 6] };
                products.push(std::array::from_fn(column), weight);
            }
            let products = products.sums();
            let mut normal: [[f32; 6]; 6] = std::array::from_fn(|i| std::array::from_fn(|j| products[i][j]));
            let mut right: [Vec4; 6] =
                std::array::from_fn(|i| Vec4::from_array([6, 7, 8, 9].map(|k| products[i][k])));
            let total = normal[0][0].max(1e-6);
            for (i, row) in normal.iter_mut().enumerate() {
                // Terms that little speaks for stay small.
                row[i] += total * if i == 0 { 1e-5 } else { 2e-3 };
                let kept = total * firmness;
                row[i] += kept;
                right[i] += before[i] * kept;
            }
            let channel = |k: usize| solve(normal, right.map(|r| r[k])).unwrap_or_default();
            let solved = [0, 1, 2, 3].map(channel);
            let last = light;
            light = std::array::from_fn(|i| Vec4::from_array(solved.map(|c| c[i])));
            let steady = |(a, b): (&Vec4, &Vec4)| (*a - *b).abs().max_element() < LIGHT_STILL;
            if round > 0 && light.iter().zip(&last).all(steady) {
                break;
            }
        }
        light
    }

    /// How much each cell looks covered, 0..=1; a lone cell does not.
    fn evidence(&self, known: &[Seen]) -> Vec<f32> {
        let between = |z: f32, (from, to): (f32, f32)| ((z - from) / (to - from)).clamp(0.0, 1.0);
        // Each texel's evidence beyond a limit of deviations; -1 where nothing is seen.
        let single = |limit: (f32, f32)| {
            let mut out = vec![-1.0f32; CELLS];
            for seen in known {
                let variance = self.texels.get(seen.index).map_or(1.0, |t| t.variance);
                let deviation = 3f32.sqrt() * variance.max(DEVIATION_MIN * DEVIATION_MIN).sqrt();
                let rest = seen.rest().xyz();
                let plain = rest.length() / deviation;
                // Looking round only makes it less.
                let z = if plain <= limit.0 {
                    plain
                } else {
                    (self.least(seen.index, rest) / deviation * plain).sqrt()
                };
                out[usize::from(SKIN[seen.index].cell)] = between(z, limit);
            }
            out
        };
        let plain = single(COVERED);
        let support = mean_round(&plain, 2);
        let mut own = plain;
        for (own, support) in own.iter_mut().zip(support).filter(|(own, _)| **own >= 0.0) {
            let alone = *own * between(support, (0.2, 0.5));
            *own = between(support, (0.35, 0.65)).max(alone);
        }
        if own.iter().all(|v| *v <= 0.0) {
            return vec![0.0; CELLS];
        }
        // A hand of the face's own colour is plain at its edges only: what lies between covered cells is covered too,
        // if it looks at all otherwise.
        let faint = mean_round(&single(FAINT), 1);
        let closed = closed(&own, CLOSE);
        for ((own, closed), faint) in own.iter_mut().zip(closed).zip(faint) {
            if *own >= 0.0 && closed > *own {
                *own = own.max(closed * faint);
            }
        }
        // A blink or a word changes the skin beside it too: only with calm skin near by is it something in front.
        let mut calm = own.clone();
        for place in SKIN.iter().filter(|p| p.moves) {
            calm[usize::from(place.cell)] = -1.0;
        }
        let calm = mean_round(&calm, CALM_REACH);
        let mut out = vec![0.0; CELLS];
        for seen in known {
            let place = SKIN[seen.index];
            let cell = usize::from(place.cell);
            out[cell] = if place.moves { own[cell] * between(calm[cell], (0.1, 0.3)) } else { own[cell] };
        }
        out
    }

    /// The least difference of a texel as it is seen, `rest` from its own mean, from the means round about: a mesh that lies
    /// a little off must not make brows and nostrils occluders.
    fn least(&self, index: usize, rest: Vec3) -> f32 {
        let own = self.texels.get(index).map_or(Vec3::ZERO, |t| t.mean.xyz());
        let mut least = rest.length_squared();
        around(usize::from(SKIN[index].cell), SLACK, |cell| {
            let Some(near) = AT_CELL[cell].and_then(|i| self.texels.get(i)).filter(|t| t.seen > 0.0) else {
                return;
            };
            least = least.min((rest + own - near.mean.xyz()).length_squared());
        });
        least.sqrt()
    }
}

#[cfg(test)]
mod tests;
