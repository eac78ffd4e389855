//! What the user's face usually looks like, texel by texel: where it lies in the next frame, and what stands in front
//! of it.
//!
//! The model lives in canonical UV: mean and deviation of the encoded colour's logarithm. Light is taken out of every
//! frame by a quadratic fit over the texels that look like the face, so that a lamp is no occluder. It is learned in the
//! first half second, adapts slowly and stands still under an occluder.

mod align;
mod crop;
mod glasses;
mod jaw;
mod lids;
mod occlusion;
mod places;

use crate::canonical_uv::CANONICAL_UV;
use align::solve;
use glam::{Vec2, Vec3, Vec4, Vec4Swizzles};
use places::{AT_CELL, SKIN, points_of};

pub(super) use crop::{Crop, Luma};
pub(super) use jaw::{DROPS, down};
pub use occlusion::{Occlusion, OcclusionCell};
use places::closed;
pub(crate) use places::{around, places};

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
/// With more of the face covered than this the model can't be right: nothing counts as an occluder.
const MOST: f32 = 0.6;
/// How far calm skin speaks for that beside eyes and lips, in cells.
const CALM_REACH: usize = 4;
/// How firmly light is kept, for each share of the face that is covered.
const LIGHT_KEPT: f32 = 2.0;
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
pub(super) struct Model {
    texels: Vec<Texel>,
    /// Seconds for which it was learned.
    pub(super) age: f32,
    /// Seconds for which nothing fitted.
    lost: f32,
    /// The last frame's light, see [`terms`].
    light: [Vec4; 6],
    mask: Vec<f32>,
    /// Colours of the last frame's cells, logarithm: as the face would look, and as the picture is. NaN where not seen.
    colours: Vec<[Vec3; 2]>,
    /// The open eyes: the subject's right, then the left.
    eyes: [lids::Eye; 2],
    glasses: glasses::Glasses,
}

/// The light's terms at a canonical place: constant, linear, quadratic.
fn terms(cell: u16) -> [f32; 6] {
    let cell = usize::from(cell);
    let u = ((cell % SIDE) as f32 + 0.5) / SIDE as f32 * 2.0 - 1.0;
    let v = ((cell / SIDE) as f32 + 0.5) / SIDE as f32 * 2.0 - 1.0;
    [1.0, u, v, u * u, u * v, v * v]
}

/// A texel as the frame shows it.
struct Seen {
    index: usize,
    /// From the model: the colour's logarithm, fourth the tone.
    difference: Vec4,
    trust: f32,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            texels: vec![Texel::default(); SKIN.len()],
            age: 0.0,
            lost: 0.0,
            light: [Vec4::ZERO; 6],
            mask: vec![0.0; CELLS],
            colours: vec![[Vec3::NAN; 2]; CELLS],
            eyes: Default::default(),
            glasses: Default::default(),
        }
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
        let mut known = Vec::new();
        for (index, (place, texel)) in SKIN.iter().zip(&self.texels).enumerate() {
            let Some([a, b, c]) = points_of(mesh, &place.corners) else { continue };
            // Only what faces the viewer.
            if (a - b).perp_dot(c - a) <= 0.0 {
                continue;
            }
            let at = a * place.weights.x + b * place.weights.y + c * place.weights.z;
            let (Some(colour), Some((tone, _))) = (crop.colour(at), crop.tone(at)) else { continue };
            if texel.seen > 0.0 {
                let trust = (1.0 - texel.covered) / texel.variance.max(DEVIATION_MIN * DEVIATION_MIN);
                known.push(Seen { index, difference: colour.extend(tone) - texel.mean, trust });
            } else {
                fresh.push((index, colour.extend(tone)));
            }
        }
        let light = self.light_of(&known);
        self.light = light;
        let lit = |index: usize| {
            let t = terms(SKIN[index].cell);
            light.iter().zip(t).map(|(l, t)| *l * t).sum::<Vec4>()
        };
        let rests: Vec<(usize, Vec4)> =
            known.iter().map(|s| (s.index, s.difference - lit(s.index))).collect();
        let evidence = self.evidence(&rests);
        let usable = {
            let covered: f32 = rests.iter().map(|(i, _)| evidence[usize::from(SKIN[*i].cell)]).sum();
            covered <= MOST * rests.len().max(1) as f32
        };
        // Nothing is learned while something is in front: what is half covered or lies half a pixel off would be taken in.
        let learns = usable && self.share() < FROZEN;
        self.age += elapsed;
        self.lost = if usable { 0.0 } else { self.lost + elapsed };
        if self.lost > LEARN_S {
            *self = Self::new();
            return;
        }
        for (index, rest) in rests {
            let Some(texel) = self.texels.get_mut(index) else { continue };
            let target =
                if usable && self.age > LEARN_S { evidence[usize::from(SKIN[index].cell)] } else { 0.0 };
            let pace = if target > texel.covered { COME_S } else { GO_S };
            texel.covered += (target - texel.covered) * (1.0 - (-elapsed / pace).exp());
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
                *texel = Texel::new(seen - lit(index), elapsed.max(1e-3));
            }
        }
        self.remember(&known, &lit);
        self.look_for_glasses();
        self.fill();
    }

    /// The change of light since the model was learned: robust least squares of the six terms, a colour each, starting
    /// from the last frame's light. With much of the face covered light stays nearly as it was: a hand that is half of
    /// what is seen would else pass for the face under another lamp.
    fn light_of(&self, known: &[Seen]) -> [Vec4; 6] {
        let (before, firmness) = (self.light, self.light_kept());
        let mut light = before;
        for round in 0..5 {
            let mut normal = [[0.0f32; 6]; 6];
            let mut right = [Vec4::ZERO; 6];
            for seen in known {
                let t = terms(SKIN[seen.index].cell);
                let rest = seen.difference - light.iter().zip(t).map(|(l, t)| *l * t).sum::<Vec4>();
                // Cauchy's weight, narrower after the first round.
                let scale: f32 = if round == 0 { 0.3 } else { 0.12 };
                let weight = seen.trust / (1.0 + rest.xyz().length_squared() / (scale * scale));
                for i in 0..6 {
                    right[i] += seen.difference * (weight * t[i]);
                    for j in 0..6 {
                        normal[i][j] += weight * t[i] * t[j];
                    }
                }
            }
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
            light = std::array::from_fn(|i| Vec4::from_array(solved.map(|c| c[i])));
        }
        light
    }

    /// How much each cell looks covered, 0..=1; a lone cell does not.
    fn evidence(&self, rests: &[(usize, Vec4)]) -> Vec<f32> {
        let (mut single, mut faint) = (vec![-1.0f32; CELLS], vec![-1.0f32; CELLS]);
        for (index, rest) in rests {
            let variance = self.texels.get(*index).map_or(1.0, |t| t.variance);
            let deviation = variance.max(DEVIATION_MIN * DEVIATION_MIN).sqrt();
            let plain = rest.xyz().length() / (3f32.sqrt() * deviation);
            let z = if plain < FAINT.0 {
                plain
            } else {
                (self.least(*index, rest.xyz()) / (3f32.sqrt() * deviation) * plain).sqrt()
            };
            let between = |(from, to): (f32, f32)| ((z - from) / (to - from)).clamp(0.0, 1.0);
            let cell = usize::from(SKIN[*index].cell);
            (single[cell], faint[cell]) = (between(COVERED), between(FAINT));
        }
        let mean = |of: &[f32], cell: usize, reach: usize, counts: &dyn Fn(usize) -> bool| {
            let (mut sum, mut n) = (0.0, 0.0f32);
            around(cell, reach, |k| {
                if of[k] >= 0.0 && counts(k) {
                    sum += of[k];
                    n += 1.0;
                }
            });
            sum / n.max(1.0)
        };
        let mut moves = vec![false; CELLS];
        for place in SKIN.iter() {
            moves[usize::from(place.cell)] = place.moves;
        }
        let mut own = vec![-1.0; CELLS];
        for (index, _) in rests {
            let cell = usize::from(SKIN[*index].cell);
            let support = mean(&single, cell, 2, &|_| true);
            own[cell] = ((support - 0.35) / 0.3)
                .clamp(0.0, 1.0)
                .max(single[cell] * ((support - 0.2) / 0.3).clamp(0.0, 1.0));
        }
        // A hand of the face's own colour is plain at its edges only: what lies between covered cells is covered too,
        // if it looks at all otherwise.
        if own.iter().any(|v| *v > 0.0) {
            let closed = closed(&own, CLOSE);
            for cell in 0..CELLS {
                if own[cell] >= 0.0 && closed[cell] > own[cell] {
                    own[cell] = own[cell].max(closed[cell] * mean(&faint, cell, 1, &|_| true));
                }
            }
        }
        let mut out = vec![0.0; CELLS];
        for (index, _) in rests {
            let cell = usize::from(SKIN[*index].cell);
            // A blink or a word changes the skin beside it too: only with calm skin near by is it something in front.
            let calm = if moves[cell] { mean(&own, cell, CALM_REACH, &|k| !moves[k]) } else { 1.0 };
            out[cell] = own[cell] * ((calm - 0.1) / 0.2).clamp(0.0, 1.0);
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

    /// Keeps each seen cell's colours: the face's under this light, and the picture's.
    fn remember(&mut self, known: &[Seen], lit: &impl Fn(usize) -> Vec4) {
        self.colours.fill([Vec3::NAN; 2]);
        for seen in known {
            let Some(texel) = self.texels.get(seen.index) else { continue };
            let cell = usize::from(SKIN[seen.index].cell);
            if let Some(slot) = self.colours.get_mut(cell) {
                *slot = [(texel.mean + lit(seen.index)).xyz(), (texel.mean + seen.difference).xyz()];
            }
        }
    }

    /// The mask over all cells: eyes, mouth and what is round the face take their neighbours'.
    fn fill(&mut self) {
        let mut known = vec![false; CELLS];
        self.mask.fill(0.0);
        for (place, texel) in SKIN.iter().zip(&self.texels) {
            let cell = usize::from(place.cell);
            (self.mask[cell], known[cell]) = (texel.covered, true);
        }
        for _ in 0..6 {
            let before = (self.mask.clone(), known.clone());
            for cell in 0..CELLS {
                if before.1[cell] {
                    continue;
                }
                let (mut sum, mut n) = (0.0, 0.0f32);
                around(cell, 1, |k| {
                    if before.1[k] {
                        sum += before.0[k];
                        n += 1.0;
                    }
                });
                if n > 0.0 {
                    (self.mask[cell], known[cell]) = (sum / n, true);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
