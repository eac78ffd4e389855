//! UvAtlases of their own: eyeballs behind the lids, lids that come down, the inside of the mouth.

use super::expression::{EYES, LOWER_LIP, Lids, UPPER_LIP};
use super::point;
use super::pose::{PuppetPose, Skull};
use glam::{Vec2, Vec3};

/// Columns of a lid and of the mouth.
pub(super) const LID_COLUMNS: usize = 9;
pub(super) const MOUTH_COLUMNS: usize = 11;
/// Points of an eye's outline, and where its hem stands among the eyeball's vertices.
const OUTLINE: usize = 16;
const HEM: std::ops::Range<usize> = 2 * OUTLINE..3 * OUTLINE;
/// Rows of a lid: crease, seam, edge; and of the mouth's inside: above the teeth, the upper lip's edge,
/// below the teeth, above the tongue, the lower lip's edge, below it.
pub(super) const LID_ROWS: usize = 3;
pub(super) const MOUTH_ROWS: usize = 6;

/// Share of the way from the lid's edge to the crease that the lashes take.
pub(super) const LASHES: f32 = 0.62;
/// The eyeball's outline lies this far outside the lids' edges, about their middle; its hem, which shows
/// where an eye is opened wider than in the portrait, lies farther up and down.
const EYEBALL_SIZE: f32 = 1.14;
const HEM_SIZE: f32 = 1.9;
/// How deep sheets lie behind the skin and lids before it, in distances between the eyes.
const EYEBALL_DEPTH: f32 = 0.05;
const MOUTH_DEPTH: f32 = 0.07;
const LID_DEPTH: f32 = -0.01;
/// What of the mouth's inside hides behind the lips, in distances between the eyes.
const TUCK: f32 = 0.05;
/// Least height of the upper teeth, and height of tongue and lower teeth, in widths of the mouth.
const TEETH: f32 = 0.125;
const TONGUE: f32 = 0.26;

/// Resting measures of the sheets, in the portrait's pixels.
#[derive(Clone, Debug)]
pub(super) struct Overlays {
    /// Each eye's vertices at rest: outline, iris rim, hem (16 each), middle of the iris.
    eyeballs: [Vec<Vec3>; 2],
    /// Open height of each eye at rest.
    open: [f32; 2],
    /// The upper lip's inner edge at rest, and the teeth's and the tongue's height below and above it.
    lip: [Vec3; MOUTH_COLUMNS],
    teeth: [f32; MOUTH_COLUMNS],
    tongue: [f32; MOUTH_COLUMNS],
    unit: f32,
}

/// The outline of an eye: the upper lid from the outer to the inner corner, and back along the lower.
fn outline(eye: &Lids) -> [u16; OUTLINE] {
    std::array::from_fn(|k| if k <= 8 { eye.upper[k] } else { eye.lower[16 - k] })
}

impl Overlays {
    pub(super) fn new(rest: &[Vec3], skull: &Skull) -> Self {
        let gap = |c: usize| {
            let (upper, lower) = (point(rest, UPPER_LIP[3][c]), point(rest, LOWER_LIP[3][c]));
            (lower - upper).truncate().length()
        };
        let width = point(rest, UPPER_LIP[3][0]).distance(point(rest, UPPER_LIP[3][10]));
        let bow = |c: usize| (1.0 - (c as f32 / 5.0 - 1.0).powi(2)).max(0.0).sqrt();
        Self {
            eyeballs: EYES.map(|eye| eyeball(rest, &eye)),
            open: EYES.map(|eye| openness(rest, &eye, Vec2::Y)),
            lip: UPPER_LIP[3].map(|i| point(rest, i)),
            teeth: std::array::from_fn(|c| gap(c).max(TEETH * width * bow(c))),
            tongue: std::array::from_fn(|c| TONGUE * width * bow(c)),
            unit: skull.eyes(),
        }
    }

    /// Which places of the portrait an eyeball's vertices show; `side`: 0 the subject's right, 1 the left.
    pub(super) fn eyeball(&self, side: usize) -> impl Iterator<Item = Vec3> {
        let ball = self.eyeballs.get(side).map_or(&[][..], Vec::as_slice);
        // The hem shows what the outline shows.
        let shown = |k: usize| if HEM.contains(&k) { k - HEM.start } else { k };
        (0..ball.len()).filter_map(move |k| ball.get(shown(k)).copied())
    }

    /// Where an eyeball's vertices rest.
    pub(super) fn eyeball_places(&self, side: usize) -> Vec<Vec2> {
        self.eyeballs.get(side).map_or_else(Vec::new, |ball| ball.iter().map(|p| p.truncate()).collect())
    }

    /// How far each eye is shut, about 0..=1, seen from its points in the output.
    pub(super) fn blinks(&self, skull: &Skull, pose: &PuppetPose, points: &[Vec3]) -> [f32; 2] {
        let down = skull.down(pose);
        let unit = down / down.length_squared().max(1e-9);
        std::array::from_fn(|side| 1.0 - openness(points, &EYES[side], unit) / self.open[side].max(1e-3))
    }

    /// Eyeballs, lids and mouth in the output, in this order. `blinks` as from [`Overlays::blinks`].
    pub(super) fn place(
        &self,
        skull: &Skull,
        pose: &PuppetPose,
        rest: &[Vec3],
        points: &[Vec3],
        blinks: [f32; 2],
        out: &mut Vec<Vec3>,
    ) {
        let unit = self.unit * pose.scale;
        for (eye, ball) in EYES.iter().zip(&self.eyeballs) {
            let iris = point(points, eye.iris[0]) - skull.place(pose, point(rest, eye.iris[0]));
            let deep = Vec3::new(0.0, 0.0, EYEBALL_DEPTH * unit);
            out.extend(ball.iter().enumerate().map(|(k, p)| {
                let look = if k < OUTLINE || HEM.contains(&k) { Vec3::ZERO } else { iris };
                skull.place(pose, *p) + look + deep
            }));
        }
        for (eye, blink) in EYES.iter().zip(blinks) {
            let nearer = Vec3::new(0.0, 0.0, LID_DEPTH * unit);
            let row = |k: usize| {
                (0..LID_COLUMNS).map(move |c| {
                    let (crease, edge) = (point(points, eye.crease[c]), point(points, eye.upper[c]));
                    // The lashes keep their size while the lid grows longer.
                    let (was, is) = (lid_height(rest, eye, c) * pose.scale, crease.distance(edge));
                    let lashes = LASHES * (1.0 - 0.35 * blink.clamp(0.0, 1.0)) * was;
                    let seam = edge.lerp(crease, (lashes / is.max(1e-3)).clamp(0.05, LASHES));
                    [crease, seam, edge][k] + nearer
                })
            };
            for k in 0..LID_ROWS {
                out.extend(row(k));
            }
        }
        self.mouth(skull, pose, points, out);
    }

    fn mouth(&self, skull: &Skull, pose: &PuppetPose, points: &[Vec3], out: &mut Vec<Vec3>) {
        let (down, unit) = (skull.down(pose), self.unit * pose.scale);
        let along = down.normalize_or(Vec2::Y);
        let column = |c: usize| {
            // The upper teeth go with the skull, the tongue with the lower lip.
            let skull_lip = skull.place(pose, self.lip[c]);
            let upper = point(points, UPPER_LIP[3][c]);
            let lower = point(points, LOWER_LIP[3][c]);
            let x = (upper + lower).truncate() * 0.5;
            let origin = skull_lip.truncate();
            let across = along.perp();
            // Columns keep to the live lips across, heights are measured from the skull's lip.
            let base = origin + across * (x - origin).dot(across);
            let depth = skull_lip.z.max(lower.z) + MOUTH_DEPTH * unit;
            let height = |p: Vec3| (p.truncate() - base).dot(along);
            let tuck = TUCK * unit * if c.is_multiple_of(10) { 0.2 } else { 1.0 };
            let teeth = self.teeth[c] * down.length();
            let lip = height(lower);
            let tongue = (lip - self.tongue[c] * down.length()).max(teeth);
            let end = lip.max(tongue) + tuck;
            let top = height(upper).min(0.0) - tuck;
            [top, 0.0, teeth, tongue, lip.max(tongue), end].map(|h| (base + along * h).extend(depth))
        };
        let columns: [[Vec3; MOUTH_ROWS]; MOUTH_COLUMNS] = std::array::from_fn(column);
        for row in 0..MOUTH_ROWS {
            out.extend(columns.iter().map(|c| c[row]));
        }
    }
}

/// Height of the upper lid's skin at rest.
fn lid_height(rest: &[Vec3], eye: &Lids, column: usize) -> f32 {
    point(rest, eye.crease[column]).distance(point(rest, eye.upper[column]))
}

/// Mean gap of the lids along `down`.
fn openness(points: &[Vec3], eye: &Lids, down: Vec2) -> f32 {
    let gap = |c: usize| (point(points, eye.lower[c]) - point(points, eye.upper[c])).truncate().dot(down);
    (3..=5).map(gap).sum::<f32>() / 3.0
}

fn eyeball(rest: &[Vec3], eye: &Lids) -> Vec<Vec3> {
    let line = outline(eye).map(|i| point(rest, i));
    let middle = line.iter().sum::<Vec3>() / OUTLINE as f32;
    let iris = point(rest, eye.iris[0]);
    let rims = eye.iris[1..].iter().map(|i| point(rest, *i).truncate().distance(iris.truncate()));
    let radius = rims.sum::<f32>() / 4.0 * 1.1;
    let mut out: Vec<Vec3> = line.iter().map(|p| middle + (*p - middle) * EYEBALL_SIZE).collect();
    // The rim towards each outline point, kept inside the outline.
    let rim: Vec<Vec3> = out
        .iter()
        .map(|p| {
            let d = *p - iris;
            iris + d * (radius / d.truncate().length().max(1e-3)).min(0.8)
        })
        .collect();
    let hem: Vec<Vec3> = line
        .iter()
        .map(|p| middle + (*p - middle) * Vec3::new(EYEBALL_SIZE, HEM_SIZE, EYEBALL_SIZE))
        .collect();
    out.extend(rim);
    out.extend(hem);
    out.push(iris);
    out
}

/// Triangles of an eyeball, of a lid and of the mouth, counted from their own first vertex.
pub(super) fn eyeball_triangles() -> Vec<[u16; 3]> {
    let n = OUTLINE as u16;
    (0..n)
        .flat_map(|k| {
            let next = (k + 1) % n;
            let (rim, rim_next, hem, hem_next) = (n + k, n + next, 2 * n + k, 2 * n + next);
            [
                [k, next, rim],
                [next, rim_next, rim],
                [rim, rim_next, 3 * n],
                [hem, hem_next, k],
                [hem_next, next, k],
            ]
        })
        .collect()
}

/// Triangles of a grid of vertices.
pub(super) fn grid_triangles(rows: usize, columns: usize) -> Vec<[u16; 3]> {
    let at = |r: usize, c: usize| (r * columns + c) as u16;
    let cells = (1..rows).flat_map(move |r| (1..columns).map(move |c| (r, c)));
    cells
        .flat_map(|(r, c)| {
            let (a, b, d, e) = (at(r - 1, c - 1), at(r - 1, c), at(r, c - 1), at(r, c));
            [[a, b, d], [b, e, d]]
        })
        .collect()
}
