//! How far the lids are closed, which the mesh network hardly says: a blink moves its lids by a tenth of the way.
//!
//! Of each open eye the look is learned in the eye's own frame (from corner to corner). A closed one is that look with the
//! skin above drawn down over the eye; the share of the way at which it looks most like the picture is the answer.

use super::crop::Crop;
use super::jaw::{lowest, tried};
use glam::Vec2;
use std::sync::LazyLock;

/// An eye's points: its corners, then the lids from the first corner to the second.
struct Lids {
    corners: [usize; 2],
    upper: [usize; 7],
    lower: [usize; 7],
}

/// The subject's right eye, and the left.
const LIDS: [Lids; 2] = [
    Lids {
        corners: [33, 133],
        upper: [246, 161, 160, 159, 158, 157, 173],
        lower: [7, 163, 144, 145, 153, 154, 155],
    },
    Lids {
        corners: [362, 263],
        upper: [398, 384, 385, 386, 387, 388, 466],
        lower: [382, 381, 380, 374, 373, 390, 249],
    },
];

/// Samples across and down, and what they span, in widths of the eye.
const ACROSS: usize = 20;
const DOWN: usize = 24;
const SPAN: (f32, f32) = (0.06, 0.94);
const HIGH: (f32, f32) = (-0.55, 0.40);
/// Above this the skin does not move with the lid; between these heights samples count.
const CREASE: f32 = -0.5;
const COUNTS: (f32, f32) = (-0.42, 0.30);
/// Shares of the way that are tried: from, step, how many.
const TRIED: (f32, f32, usize) = (-0.1, 0.1, 13);
/// Rest beyond which a sample speaks no louder, in the logarithm's unit.
const CLIP: f32 = 0.5;
/// An eye that is less closed than this is learned from.
const OPEN: f32 = 0.25;
/// Seconds of learning before lids are told, and the time constant of the later adaptation.
const LEARN_S: f32 = 0.3;
const ADAPT_S: f32 = 2.0;
/// A closed eye must look so much more like itself than an open one: share of the open one's cost.
const BETTER: f32 = 0.85;
/// Shares of the way between which the learned lid takes over from the network's.
const TELLS: (f32, f32) = (0.12, 0.35);
/// Eyes narrower than this can't be told, crop pixels.
const LEAST_WIDE: f32 = 8.0;

/// An open eye as it usually looks.
#[derive(Debug, Clone)]
pub(super) struct Eye {
    look: Vec<f32>,
    upper: [f32; ACROSS],
    lower: [f32; ACROSS],
    seen: f32,
}

impl Default for Eye {
    fn default() -> Self {
        Self { look: Vec::new(), upper: [0.0; ACROSS], lower: [0.0; ACROSS], seen: 0.0 }
    }
}

/// An eye's own frame: from the first corner, in widths of the eye, `y` down the face.
#[derive(Clone, Copy)]
struct Axes {
    from: Vec2,
    across: Vec2,
    down: Vec2,
}

impl Axes {
    fn new(mesh: &[Vec2], lids: &Lids) -> Option<Self> {
        let [from, to] = lids.corners.map(|i| mesh.get(i).copied());
        let from = from?;
        let across = to? - from;
        (across.length() >= LEAST_WIDE).then_some(Self { from, across, down: across.perp() })
    }

    fn place(&self, at: Vec2) -> Vec2 {
        self.from + self.across * at.x + self.down * at.y
    }

    fn of(&self, p: Vec2) -> Vec2 {
        let q = p - self.from;
        Vec2::new(q.dot(self.across), q.dot(self.down)) / self.across.length_squared()
    }

    /// A lid's height along the eye.
    fn line(&self, mesh: &[Vec2], points: &[usize; 7]) -> Option<[Vec2; 9]> {
        let mut out = [Vec2::ZERO; 9];
        for (slot, i) in out[1..8].iter_mut().zip(points) {
            *slot = self.of(*mesh.get(*i)?);
        }
        out[8] = Vec2::X;
        Some(out)
    }
}

fn height(line: &[Vec2; 9], x: f32) -> f32 {
    let piece = line.windows(2).find(|w| w[1].x >= x).unwrap_or(&line[7..]);
    let t = ((x - piece[0].x) / (piece[1].x - piece[0].x).max(1e-4)).clamp(0.0, 1.0);
    piece[0].y + (piece[1].y - piece[0].y) * t
}

fn column(k: usize) -> f32 {
    SPAN.0 + (SPAN.1 - SPAN.0) * k as f32 / (ACROSS - 1) as f32
}

fn row(k: usize) -> f32 {
    HIGH.0 + (HIGH.1 - HIGH.0) * k as f32 / (DOWN - 1) as f32
}

fn smoothstep(v: f32, (from, to): (f32, f32)) -> f32 {
    let t = ((v - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// What a column counts: the lids' ends hardly move.
static WEIGHTS: LazyLock<[f32; ACROSS]> =
    LazyLock::new(|| std::array::from_fn(|x| (std::f32::consts::PI * column(x)).sin().sqrt()));

/// The rows that count, and how high they are.
static COUNTED: LazyLock<Vec<(usize, f32)>> = LazyLock::new(|| {
    let counts = |&(_, high): &(usize, f32)| high > COUNTS.0 && high < COUNTS.1;
    (0..DOWN).map(|y| (y, row(y))).filter(counts).collect()
});

impl Eye {
    /// The eye's cost when its lid is so far down.
    fn cost(&self, now: &[f32], closed: f32) -> f32 {
        let (mut sum, mut square, mut n) = (0.0, 0.0, 0.0);
        for (x, weight) in WEIGHTS.iter().enumerate() {
            let (upper, lower) = (self.upper[x], self.lower[x]);
            let lid = upper + (lower - upper) * closed;
            let above = (upper - CREASE) / (lid - CREASE).max(1e-3);
            let below = (lower - upper) / (lower - lid).max(1e-3);
            for &(y, high) in COUNTED.iter() {
                let source = if high < lid {
                    CREASE + (high - CREASE) * above
                } else if high < lower {
                    lower - (lower - high) * below
                } else {
                    high
                };
                let at = ((source - HIGH.0) * ((DOWN - 1) as f32 / (HIGH.1 - HIGH.0)))
                    .clamp(0.0, DOWN as f32 - 1.001);
                let k = at as usize;
                let (a, b) = (self.look[k * ACROSS + x], self.look[(k + 1) * ACROSS + x]);
                let rest = (now[y * ACROSS + x] - a - (b - a) * (at - k as f32)).clamp(-CLIP, CLIP);
                sum += weight * rest;
                square += weight * rest * rest;
                n += weight;
            }
        }
        // Light that changes as a whole is no lid.
        square / n - (sum / n) * (sum / n)
    }

    /// How far the lids are closed, 0..=1, and the points of the upper lid that are to move, in crop pixels. Learns from
    /// an open eye.
    fn fit(
        &mut self,
        mesh: &[Vec2],
        lids: &Lids,
        crop: &Crop<'_>,
        elapsed: f32,
    ) -> Option<Vec<(usize, Vec2)>> {
        let axes = Axes::new(mesh, lids)?;
        let (upper, lower) = (axes.line(mesh, &lids.upper)?, axes.line(mesh, &lids.lower)?);
        let mut now = Vec::with_capacity(ACROSS * DOWN);
        for y in 0..DOWN {
            for x in 0..ACROSS {
                now.push(crop.tone(axes.place(Vec2::new(column(x), row(y))))?);
            }
        }
        let mean = now.iter().sum::<f32>() / now.len() as f32;
        now.iter_mut().for_each(|v| *v -= mean);
        let lines: [(f32, f32); ACROSS] =
            std::array::from_fn(|x| (height(&upper, column(x)), height(&lower, column(x))));
        if self.look.len() != now.len() {
            self.look.clone_from(&now);
            (self.upper, self.lower) = (lines.map(|l| l.0), lines.map(|l| l.1));
        }
        let (from, step, count) = TRIED;
        let open = (-from / step).round() as usize;
        let costs = tried(count, open, |k| self.cost(&now, from + k as f32 * step));
        let (best, least) = lowest(&costs)?;
        let open = costs[open];
        let closed = if least < BETTER * open { (from + best * step).clamp(0.0, 1.0) } else { 0.0 };
        if closed < OPEN {
            self.seen += elapsed;
            let rate = (elapsed / self.seen.min(ADAPT_S)).min(1.0);
            self.look.iter_mut().zip(&now).for_each(|(l, v)| *l += (v - *l) * rate);
            for ((u, l), (now_u, now_l)) in self.upper.iter_mut().zip(&mut self.lower).zip(lines) {
                *u += (now_u - *u) * rate;
                *l += (now_l - *l) * rate;
            }
        }
        if self.seen < LEARN_S {
            return None;
        }
        let tells = smoothstep(closed, TELLS);
        let moved = lids.upper.iter().map(|i| {
            let own = axes.of(mesh[*i]);
            let along =
                ((own.x - SPAN.0) / (SPAN.1 - SPAN.0) * (ACROSS - 1) as f32).clamp(0.0, ACROSS as f32 - 1.0);
            let k = along.round() as usize;
            let below = height(&lower, own.x);
            let gap = (self.lower[k] - self.upper[k]) * (1.0 - closed);
            let y = own.y + (below - gap - own.y) * tells;
            (*i, axes.place(Vec2::new(own.x, y)))
        });
        (tells > 0.0).then(|| moved.collect())
    }
}

impl super::AppearanceModel {
    /// Where the upper lids' points are, in crop pixels, where they are not where `mesh` has them; `free` says whether a
    /// point can be seen. Learns from open eyes.
    pub(in crate::track) fn lids(
        &mut self,
        mesh: &[Vec2],
        crop: &Crop<'_>,
        elapsed: f32,
    ) -> Vec<(usize, Vec2)> {
        let covered = |lids: &Lids| lids.upper.iter().chain(&lids.lower).any(|i| self.covered(*i) > 0.3);
        let free = [0, 1].map(|k| !covered(&LIDS[k]));
        let eyes = self.eyes.iter_mut().zip(&LIDS).zip(free).filter(|(_, free)| *free);
        eyes.filter_map(|((eye, lids), _)| eye.fit(mesh, lids, crop, elapsed)).flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::appearance::tests::{W, points as mesh};
    use crate::track::appearance::{AppearanceModel, CropPlanes};

    /// Skin, a brow and dark eyes, the lids so far closed.
    fn picture(closed: f32) -> Vec<f32> {
        let mesh = mesh();
        let eyes = LIDS.each_ref().map(|lids| {
            let axes = Axes::new(&mesh, lids).unwrap();
            let line = |points| axes.line(&mesh, points).unwrap();
            (axes, line(&lids.upper), line(&lids.lower))
        });
        let tone = |i: usize| {
            let p = Vec2::new((i % W) as f32, (i / W) as f32);
            let skin = 0.6 + 0.02 * (p.x * 0.4).sin();
            for (axes, upper, lower) in &eyes {
                let at = axes.of(p);
                if !(0.0..=1.0).contains(&at.x) {
                    continue;
                }
                let (high, low) = (height(upper, at.x), height(lower, at.x));
                let lid = high + (low - high) * closed;
                if at.y > lid && at.y < low {
                    return if (at.x - 0.5).abs() < 0.25 { 0.15 } else { 0.75 };
                }
                if at.y > lid - 0.06 && at.y <= lid {
                    return 0.25;
                }
            }
            skin
        };
        let one: Vec<f32> = (0..W * W).map(tone).collect();
        [one.clone(), one.clone(), one].concat()
    }

    fn look(model: &mut AppearanceModel, closed: f32) -> Vec<(usize, Vec2)> {
        let (picture, mut planes) = (picture(closed), CropPlanes::default());
        model.lids(&mesh(), &Crop::new(&picture, W, &[], &mut planes).unwrap(), 1.0 / 30.0)
    }

    #[test]
    fn lids_close_with_the_pictures() {
        let mut model = AppearanceModel::new();
        for _ in 0..20 {
            assert!(look(&mut model, 0.0).is_empty());
        }
        let mesh = mesh();
        for closed in [0.5, 0.9] {
            let moved = look(&mut model, closed);
            for (upper, lower) in [(159, 145), (386, 374)] {
                let now = moved.iter().find(|m| m.0 == upper).expect("a lid that moves").1;
                let gap = (mesh[lower].y - now.y) / (mesh[lower].y - mesh[upper].y);
                assert!((gap - (1.0 - closed)).abs() < 0.2, "{gap} when closed by {closed}");
            }
        }
        assert!(look(&mut model, 0.0).is_empty(), "open again");
    }

    #[test]
    fn light_closes_no_eye() {
        let mut model = AppearanceModel::new();
        for _ in 0..20 {
            look(&mut model, 0.0);
        }
        let dim: Vec<f32> = picture(0.0).iter().map(|v| v * 0.5).collect();
        let mut planes = CropPlanes::default();
        assert!(model.lids(&mesh(), &Crop::new(&dim, W, &[], &mut planes).unwrap(), 1.0 / 30.0).is_empty());
    }
}
