//! What the user's face usually looks like, texel by texel; what deviates stands in front of it.
//!
//! The model lives in canonical UV: mean and deviation of the encoded colour's logarithm. Light is taken out of every
//! frame by a quadratic fit over the texels that look like the face, so that a lamp is no occluder. It is learned in the
//! first half second, adapts slowly and stands still under an occluder.

mod places;

use crate::frame::FrameTime;
use crate::swap::FaceTexture;
use glam::{Vec2, Vec3};
use omote_shaders::layout::OCCLUDE_SIDE;
use places::{SKIN, around, map, points_of};
use std::collections::HashMap;

const SIDE: usize = OCCLUDE_SIDE as usize;
const CELLS: usize = SIDE * SIDE;
/// Encoded light added before the logarithm, so that noise in the dark stays small.
const FLOOR: f32 = 24.0 / 255.0;
/// Least deviation of a texel, in the logarithm's unit.
const DEVIATION_MIN: f32 = 0.05;
/// Deviation of a texel that was seen once.
const DEVIATION_NEW: f32 = 0.12;
/// Deviations from which a texel begins to count as covered, and from which it does in full.
const COVERED: (f32, f32) = (2.6, 4.0);
/// Seconds of learning before anything counts as an occluder.
const LEARN_S: f32 = 0.5;
/// Time constant of the later adaptation, in seconds.
const ADAPT_S: f32 = 15.0;
/// Time constants of the mask when an occluder comes, and when it goes, in seconds.
const COME_S: f32 = 0.02;
const GO_S: f32 = 0.06;
/// With more of the face covered than this the model can't be right: nothing counts as an occluder.
const MOST: f32 = 0.6;
/// A texel that is covered longer than this is taken for the face after all: better an occluder behind the persona
/// than the face beside it.
const LONGEST_S: f32 = 12.0;
/// A gap after which the model is learned anew, in seconds.
const GAP_S: f32 = 5.0;

/// The region's codes and how to read them.
pub(super) struct View<'a> {
    pub(super) codes: &'a [u32],
    pub(super) size: [u32; 2],
    pub(super) to_rgb: &'a [[f32; 4]; 3],
}

impl View<'_> {
    /// Logarithm of the encoded colour, mean of nine taps `step` pixels apart; none at the region's edge.
    fn colour(&self, at: Vec2, step: f32) -> Option<Vec3> {
        let [w, h] = self.size.map(|n| n as i32);
        let mut sum = Vec3::ZERO;
        for dy in -1..=1 {
            for dx in -1..=1 {
                let p = at + Vec2::new(dx as f32, dy as f32) * step + 0.5;
                let (x, y) = (p.x.floor() as i32, p.y.floor() as i32);
                if x < 0 || y < 0 || x >= w || y >= h {
                    return None;
                }
                let [a, b, c, _] = self.codes.get((y * w + x) as usize)?.to_le_bytes().map(f32::from);
                sum += Vec3::new(a, b, c);
            }
        }
        let v = sum / (9.0 * 255.0);
        let rgb = self.to_rgb.map(|r| (r[0] * v.x + r[1] * v.y + r[2] * v.z + r[3]).clamp(0.0, 1.0));
        Some((Vec3::from_array(rgb) + FLOOR).map(f32::ln))
    }
}

/// One texel of the model.
#[derive(Clone, Copy, Default)]
struct Texel {
    mean: Vec3,
    variance: f32,
    /// Seconds for which it was learned.
    seen: f32,
    /// How far it is covered, 0..=1, and for how many seconds it has been.
    covered: f32,
    since: f32,
}

/// The model of one face.
struct Model {
    texels: Vec<Texel>,
    time: FrameTime,
    age: f32,
    /// Seconds for which nothing fitted.
    lost: f32,
    mask: Vec<f32>,
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
    difference: Vec3,
    trust: f32,
}

impl Model {
    fn new(time: FrameTime) -> Self {
        Self { texels: vec![Texel::default(); SKIN.len()], time, age: 0.0, lost: 0.0, mask: vec![0.0; CELLS] }
    }

    /// Takes a frame in, `elapsed` seconds after the last.
    fn update(&mut self, points: &[Vec2], view: &View<'_>, elapsed: f32) {
        let mut fresh = Vec::new();
        let mut known = Vec::new();
        for (index, (place, texel)) in SKIN.iter().zip(&self.texels).enumerate() {
            let Some([a, b, c]) = points_of(points, &place.corners) else { continue };
            // Only what faces the viewer.
            let area = (a - b).perp_dot(c - a);
            if area <= 0.0 {
                continue;
            }
            let at = a * place.weights.x + b * place.weights.y + c * place.weights.z;
            let step =
                ((points_of(points, &[234, 454, 10]).map_or(0.0, |p| p[0].distance(p[1]))) / 54.0 / 3.0)
                    .max(0.5);
            let Some(colour) = view.colour(at, step) else { continue };
            if texel.seen > 0.0 {
                let trust = (1.0 - texel.covered) / texel.variance.max(DEVIATION_MIN * DEVIATION_MIN);
                known.push(Seen { index, difference: colour - texel.mean, trust });
            } else {
                fresh.push((index, colour));
            }
        }
        let light = self.light(&known);
        let lit = |index: usize| {
            let t = terms(SKIN[index].cell);
            light.iter().zip(t).map(|(l, t)| *l * t).sum::<Vec3>()
        };
        let rests: Vec<(usize, Vec3)> =
            known.iter().map(|s| (s.index, s.difference - lit(s.index))).collect();
        let evidence = self.evidence(&rests);
        let usable = {
            let covered: f32 = rests.iter().map(|(i, _)| evidence[usize::from(SKIN[*i].cell)]).sum();
            covered <= MOST * rests.len().max(1) as f32
        };
        self.age += elapsed;
        self.lost = if usable { 0.0 } else { self.lost + elapsed };
        if self.lost > LEARN_S {
            *self = Self::new(self.time);
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
                *texel = Texel {
                    mean: texel.mean + rest,
                    variance: DEVIATION_NEW.powi(2),
                    seen: elapsed,
                    ..Texel::default()
                };
                continue;
            }
            if usable && texel.covered < 0.1 && target < 0.1 {
                texel.seen += elapsed;
                let rate = (elapsed / texel.seen.min(ADAPT_S)).min(1.0);
                texel.mean += rest * rate;
                texel.variance += (rest.length_squared() / 3.0 - texel.variance) * rate;
            }
        }
        for (index, colour) in fresh {
            if let Some(texel) = self.texels.get_mut(index) {
                let (mean, variance) = (colour - lit(index), DEVIATION_NEW.powi(2));
                *texel = Texel { mean, variance, seen: elapsed.max(1e-3), ..Texel::default() };
            }
        }
        self.fill();
    }

    /// The change of light since the model was learned: robust least squares of the six terms, a colour each.
    fn light(&self, known: &[Seen]) -> [Vec3; 6] {
        let mut light = [Vec3::ZERO; 6];
        for round in 0..5 {
            let mut normal = [[0.0f32; 6]; 6];
            let mut right = [Vec3::ZERO; 6];
            for seen in known {
                let t = terms(SKIN[seen.index].cell);
                let rest = seen.difference - light.iter().zip(t).map(|(l, t)| *l * t).sum::<Vec3>();
                // Cauchy's weight; in the first round all count alike.
                let scale: f32 = if round == 0 { 1.0 } else { 0.12 };
                let weight = seen.trust / (1.0 + rest.length_squared() / (scale * scale));
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
            }
            light = solve(normal, right);
        }
        light
    }

    /// How much each cell looks covered, 0..=1; a lone cell does not.
    fn evidence(&self, rests: &[(usize, Vec3)]) -> Vec<f32> {
        let mut single = vec![-1.0f32; CELLS];
        for (index, rest) in rests {
            let variance = self.texels.get(*index).map_or(1.0, |t| t.variance);
            let deviation = variance.max(DEVIATION_MIN * DEVIATION_MIN).sqrt();
            let z = rest.length() / (3f32.sqrt() * deviation);
            let t = ((z - COVERED.0) / (COVERED.1 - COVERED.0)).clamp(0.0, 1.0);
            single[usize::from(SKIN[*index].cell)] = t;
        }
        let mut out = vec![0.0; CELLS];
        for (index, _) in rests {
            let cell = usize::from(SKIN[*index].cell);
            let (mut sum, mut n) = (0.0, 0.0f32);
            around(cell, 2, |k| {
                if single[k] >= 0.0 {
                    sum += single[k];
                    n += 1.0;
                }
            });
            let support = sum / n.max(1.0);
            out[cell] = ((support - 0.35) / 0.3)
                .clamp(0.0, 1.0)
                .max(single[cell] * ((support - 0.2) / 0.3).clamp(0.0, 1.0));
        }
        out
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

/// Solves a symmetric positive system by elimination without pivots; what has none becomes 0.
fn solve(mut a: [[f32; 6]; 6], mut b: [Vec3; 6]) -> [Vec3; 6] {
    for i in 0..6 {
        if a[i][i] <= 1e-12 {
            return [Vec3::ZERO; 6];
        }
        for r in i + 1..6 {
            let f = a[r][i] / a[i][i];
            for c in i..6 {
                a[r][c] -= f * a[i][c];
            }
            b[r] -= b[i] * f;
        }
    }
    let mut x = [Vec3::ZERO; 6];
    for i in (0..6).rev() {
        let known: Vec3 = (i + 1..6).map(|c| x[c] * a[i][c]).sum();
        x[i] = (b[i] - known) / a[i][i];
    }
    x
}

/// The models of the faces, and where a texture's cells lie in them.
#[derive(Default)]
pub(super) struct Appearance {
    models: HashMap<u64, Model>,
    maps: HashMap<u64, Vec<Vec2>>,
    mask: Vec<f32>,
}

impl Appearance {
    /// How far each cell of the texture's own UV is covered, 0..=1, `OCCLUDE_SIDE`² of them. `points` are in the
    /// region's pixels. A second call for the same face and time sees the same mask: what was drawn between is no
    /// occluder.
    pub(super) fn mask(
        &mut self,
        face: u64,
        time: FrameTime,
        points: &[Vec3],
        view: &View<'_>,
        texture: &FaceTexture,
    ) -> &[f32] {
        let flat: Vec<Vec2> = points.iter().map(|p| p.truncate()).collect();
        let model = self.models.entry(face).or_insert_with(|| Model::new(time));
        let elapsed = time.0.saturating_sub(model.time.0).as_secs_f32();
        if elapsed > GAP_S || time.0 < model.time.0 {
            *model = Model::new(time);
        }
        if elapsed > 0.0 || model.age == 0.0 {
            model.update(&flat, view, elapsed.clamp(1e-3, 0.1));
            model.time = time;
        }
        let map = self.maps.entry(texture.serial()).or_insert_with(|| map(texture));
        self.mask.clear();
        self.mask.extend(map.iter().map(|at| bilinear(&model.mask, *at)));
        if self.models.len() > 16 {
            self.models.retain(|_, m| time.0.saturating_sub(m.time.0).as_secs_f32() < GAP_S);
        }
        if self.maps.len() > 32 {
            self.maps.clear();
        }
        &self.mask
    }
}

fn bilinear(mask: &[f32], at: Vec2) -> f32 {
    let at = at.clamp(Vec2::ZERO, Vec2::splat(SIDE as f32 - 1.001));
    let (x, y) = (at.x as usize, at.y as usize);
    let f = at - Vec2::new(x as f32, y as f32);
    let get = |x: usize, y: usize| mask.get(y * SIDE + x).copied().unwrap_or(0.0);
    let upper = get(x, y) * (1.0 - f.x) + get(x + 1, y) * f.x;
    let lower = get(x, y + 1) * (1.0 - f.x) + get(x + 1, y + 1) * f.x;
    upper * (1.0 - f.y) + lower * f.y
}

#[cfg(test)]
mod tests;
