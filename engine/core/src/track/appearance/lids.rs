//! How far the lids are closed, which the mesh network hardly says: a blink moves its lids by a tenth of the way.
//!
//! Of each open eye the look is learned in the eye's own frame (from corner to corner). A closed one is that look with the
//! skin above drawn down over the eye; the share of the way at which it looks most like the picture is the answer.

use super::crop::Crop;
use super::line_search::{costs_by_halves, parabolic_minimum};
use super::tuning::LidsTuning;
use glam::Vec2;
use omote_frame::space::smoothstep_between;
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

/// Samples across and down, and what they span, in widths of the eye: sizes of tables that all faces share, so no tuning.
/// Between the heights of the last samples count. How they were found is not recorded (53a1a8e).
const ACROSS: usize = 20;
const DOWN: usize = 24;
const SPAN: (f32, f32) = (0.06, 0.94);
const HIGH: (f32, f32) = (-0.55, 0.40);
const COUNTS: (f32, f32) = (-0.42, 0.30);

/// An open eye as it usually looks.
#[derive(Debug, Clone)]
pub(super) struct Eye {
    /// Logarithm of luma of the samples, their mean taken out; row by row.
    tones: Vec<f32>,
    /// Heights of the lids at each column, in the eye's own frame.
    upper: [f32; ACROSS],
    lower: [f32; ACROSS],
    /// Seconds for which it was learned.
    seen: f32,
}

impl Default for Eye {
    fn default() -> Self {
        Self { tones: Vec::new(), upper: [0.0; ACROSS], lower: [0.0; ACROSS], seen: 0.0 }
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
    /// None where the eye is narrower than `least` crop pixels.
    fn new(mesh: &[Vec2], lids: &Lids, least: f32) -> Option<Self> {
        let [from, to] = lids.corners.map(|i| mesh.get(i).copied());
        let from = from?;
        let across = to? - from;
        (across.length() >= least).then_some(Self { from, across, down: across.perp() })
    }

    fn to_crop(self, at: Vec2) -> Vec2 {
        self.from + self.across * at.x + self.down * at.y
    }

    fn out_of_crop(self, p: Vec2) -> Vec2 {
        let q = p - self.from;
        Vec2::new(q.dot(self.across), q.dot(self.down)) / self.across.length_squared()
    }

    /// A lid's points from corner to corner.
    fn lid_line(self, mesh: &[Vec2], points: &[usize; 7]) -> Option<[Vec2; 9]> {
        let mut out = [Vec2::ZERO; 9];
        for (slot, i) in out[1..8].iter_mut().zip(points) {
            *slot = self.out_of_crop(*mesh.get(*i)?);
        }
        out[8] = Vec2::X;
        Some(out)
    }
}

/// Height of a lid at a place along the eye.
fn height(line: &[Vec2; 9], x: f32) -> f32 {
    let piece = line.windows(2).find(|w| w[1].x >= x).unwrap_or(&line[7..]);
    let t = ((x - piece[0].x) / (piece[1].x - piece[0].x).max(1e-4)).clamp(0.0, 1.0);
    piece[0].y + (piece[1].y - piece[0].y) * t
}

/// A column's place along the eye.
fn column(k: usize) -> f32 {
    SPAN.0 + (SPAN.1 - SPAN.0) * k as f32 / (ACROSS - 1) as f32
}

/// A row's height.
fn row(k: usize) -> f32 {
    HIGH.0 + (HIGH.1 - HIGH.0) * k as f32 / (DOWN - 1) as f32
}

/// What a column counts: the lids' ends hardly move.
static WEIGHTS: LazyLock<[f32; ACROSS]> =
    LazyLock::new(|| std::array::from_fn(|x| (std::f32::consts::PI * column(x)).sin().sqrt()));

/// The rows that count, and how high they are.
static COUNTED: LazyLock<Vec<(usize, f32)>> = LazyLock::new(|| {
    let counts = |&(_, high): &(usize, f32)| high > COUNTS.0 && high < COUNTS.1;
    (0..DOWN).map(|y| (y, row(y))).filter(counts).collect()
});

/// An eye as the picture shows it, in its own frame.
struct EyeView {
    axes: Axes,
    /// Logarithm of luma of the samples, their mean taken out; row by row.
    tones: Vec<f32>,
    /// Heights of the upper and the lower lid at each column, as the mesh has them.
    lids: [(f32, f32); ACROSS],
    /// The lower lid, from corner to corner.
    lower: [Vec2; 9],
}

impl EyeView {
    /// None where points are missing, the eye is too narrow, or a part of it can't be seen.
    fn new(mesh: &[Vec2], lids: &Lids, crop: &Crop<'_>, least_width: f32) -> Option<Self> {
        let axes = Axes::new(mesh, lids, least_width)?;
        let (upper, lower) = (axes.lid_line(mesh, &lids.upper)?, axes.lid_line(mesh, &lids.lower)?);
        let mut tones = Vec::with_capacity(ACROSS * DOWN);
        for y in 0..DOWN {
            for x in 0..ACROSS {
                tones.push(crop.tone(axes.to_crop(Vec2::new(column(x), row(y))))?);
            }
        }
        let mean = tones.iter().sum::<f32>() / tones.len() as f32;
        tones.iter_mut().for_each(|v| *v -= mean);
        let lids = std::array::from_fn(|x| (height(&upper, column(x)), height(&lower, column(x))));
        Some(Self { axes, tones, lids, lower })
    }
}

impl Eye {
    /// How unlike the eye with its lid so far down the picture looks: the variance of the rest. Light that changes as a whole
    /// is no lid.
    fn cost(&self, now: &[f32], closed: f32, tuning: &LidsTuning) -> f32 {
        let (crease, clip) = (tuning.crease, tuning.clip);
        let (mut sum, mut square, mut n) = (0.0, 0.0, 0.0);
        for (x, weight) in WEIGHTS.iter().enumerate() {
            let (upper, lower) = (self.upper[x], self.lower[x]);
            let lid = upper + (lower - upper) * closed;
            let above = (upper - crease) / (lid - crease).max(1e-3);
            let below = (lower - upper) / (lower - lid).max(1e-3);
            for &(y, high) in COUNTED.iter() {
                // From where in the open eye this place's skin was drawn.
                let source = if high < lid {
                    crease + (high - crease) * above
                } else if high < lower {
                    lower - (lower - high) * below
                } else {
                    high
                };
                let at = ((source - HIGH.0) * ((DOWN - 1) as f32 / (HIGH.1 - HIGH.0)))
                    .clamp(0.0, DOWN as f32 - 1.001);
                let k = at as usize;
                let (a, b) = (self.tones[k * ACROSS + x], self.tones[(k + 1) * ACROSS + x]);
                let rest = (now[y * ACROSS + x] - a - (b - a) * (at - k as f32)).clamp(-clip, clip);
                sum += weight * rest;
                square += weight * rest * rest;
                n += weight;
            }
        }
        square / n - (sum / n) * (sum / n)
    }

    /// How far the lids are closed, 0..=1; none where it can't be told.
    fn closed(&self, now: &[f32], tuning: &LidsTuning) -> Option<f32> {
        let (from, step, count) = tuning.tried;
        let open = (-from / step).round() as usize;
        let costs = costs_by_halves(count, open, |k| self.cost(now, from + k as f32 * step, tuning));
        let (best, least) = parabolic_minimum(&costs)?;
        let likelier = least < tuning.least_gain * *costs.get(open)?;
        Some(if likelier { (from + best * step).clamp(0.0, 1.0) } else { 0.0 })
    }

    /// Takes an open eye in, over `elapsed` seconds.
    fn learn(&mut self, now: &EyeView, elapsed: f32, adapt_s: f32) {
        self.seen += elapsed;
        let rate = (elapsed / self.seen.min(adapt_s)).min(1.0);
        self.tones.iter_mut().zip(&now.tones).for_each(|(own, v)| *own += (v - *own) * rate);
        for ((upper, lower), (now_upper, now_lower)) in
            self.upper.iter_mut().zip(&mut self.lower).zip(now.lids)
        {
            *upper += (now_upper - *upper) * rate;
            *lower += (now_lower - *lower) * rate;
        }
    }

    /// The points of the upper lid that are to move, in crop pixels, and where to; none where the network's stay. Learns from
    /// an open eye.
    fn moved_lid(
        &mut self,
        mesh: &[Vec2],
        lids: &Lids,
        crop: &Crop<'_>,
        elapsed: f32,
        tuning: &LidsTuning,
    ) -> Option<Vec<(usize, Vec2)>> {
        let now = EyeView::new(mesh, lids, crop, tuning.least_width)?;
        if self.tones.len() != now.tones.len() {
            self.tones.clone_from(&now.tones);
            (self.upper, self.lower) = (now.lids.map(|l| l.0), now.lids.map(|l| l.1));
        }
        let closed = self.closed(&now.tones, tuning)?;
        if closed < tuning.open {
            self.learn(&now, elapsed, tuning.adapt_s);
        }
        let (from, to) = tuning.takes_over;
        let share = smoothstep_between(from, to, closed);
        if self.seen < tuning.learn_s || share <= 0.0 {
            return None;
        }
        let moved = lids.upper.iter().map(|&i| (i, self.closed_point(&now, mesh[i], closed, share)));
        Some(moved.collect())
    }

    /// Where a point of the upper lid is when the eye is so far closed; `share` of the way there from the network's place.
    fn closed_point(&self, now: &EyeView, point: Vec2, closed: f32, share: f32) -> Vec2 {
        let own = now.axes.out_of_crop(point);
        let along =
            ((own.x - SPAN.0) / (SPAN.1 - SPAN.0) * (ACROSS - 1) as f32).clamp(0.0, ACROSS as f32 - 1.0);
        let k = along.round() as usize;
        let below = height(&now.lower, own.x);
        let gap = (self.lower[k] - self.upper[k]) * (1.0 - closed);
        let y = own.y + (below - gap - own.y) * share;
        now.axes.to_crop(Vec2::new(own.x, y))
    }
}

impl super::AppearanceModel {
    /// Where the upper lids' points are, in crop pixels, where they are not where `mesh` has them. Learns from open eyes that
    /// nothing covers.
    pub(in crate::track) fn moved_lids(
        &mut self,
        mesh: &[Vec2],
        crop: &Crop<'_>,
        elapsed: f32,
        tuning: &LidsTuning,
    ) -> Vec<(usize, Vec2)> {
        let is_free = LIDS.each_ref().map(|lids| {
            let mut points = lids.upper.iter().chain(&lids.lower);
            !points.any(|point| self.covered(*point) > tuning.covered)
        });
        let mut moved = Vec::new();
        for ((eye, lids), is_free) in self.eyes.iter_mut().zip(&LIDS).zip(is_free) {
            if is_free {
                moved.extend(eye.moved_lid(mesh, lids, crop, elapsed, tuning).into_iter().flatten());
            }
        }
        moved
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
            let axes = Axes::new(&mesh, lids, 8.0).unwrap();
            let line = |points| axes.lid_line(&mesh, points).unwrap();
            (axes, line(&lids.upper), line(&lids.lower))
        });
        let tone = |i: usize| {
            let p = Vec2::new((i % W) as f32, (i / W) as f32);
            let skin = 0.6 + 0.02 * (p.x * 0.4).sin();
            for (axes, upper, lower) in &eyes {
                let at = axes.out_of_crop(p);
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

    fn see(model: &mut AppearanceModel, closed: f32) -> Vec<(usize, Vec2)> {
        let (picture, mut planes) = (picture(closed), CropPlanes::default());
        let crop = Crop::new(&picture, W, &[], &mut planes).unwrap();
        model.moved_lids(&mesh(), &crop, 1.0 / 30.0, &LidsTuning::default())
    }

    #[test]
    fn lids_close_with_the_pictures() {
        let mut model = AppearanceModel::new();
        for _ in 0..20 {
            assert!(see(&mut model, 0.0).is_empty());
        }
        let mesh = mesh();
        for closed in [0.5, 0.9] {
            let moved = see(&mut model, closed);
            for (upper, lower) in [(159, 145), (386, 374)] {
                let now = moved.iter().find(|m| m.0 == upper).expect("a lid that moves").1;
                let gap = (mesh[lower].y - now.y) / (mesh[lower].y - mesh[upper].y);
                assert!((gap - (1.0 - closed)).abs() < 0.2, "{gap} when closed by {closed}");
            }
        }
        assert!(see(&mut model, 0.0).is_empty(), "open again");
    }

    #[test]
    fn light_closes_no_eye() {
        let mut model = AppearanceModel::new();
        for _ in 0..20 {
            see(&mut model, 0.0);
        }
        let dim: Vec<f32> = picture(0.0).iter().map(|v| v * 0.5).collect();
        let mut planes = CropPlanes::default();
        let crop = Crop::new(&dim, W, &[], &mut planes).unwrap();
        assert!(model.moved_lids(&mesh(), &crop, 1.0 / 30.0, &LidsTuning::default()).is_empty());
    }
}
