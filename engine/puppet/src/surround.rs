//! The picture around the face: rings from the face oval out to the picture's border, and where a cut-out
//! person meets the border, sheets that carry the body on beyond it.

use super::point;
use super::pose::{PuppetPose, Skull};
use glam::{Vec2, Vec3};
use omote_frame::space::smoothstep;
use omote_frame::topology::OVAL;
use std::f32::consts::FRAC_PI_2;

/// The rings' places between the oval (0) and the border (1).
const RINGS: [f32; 7] = [0.07, 0.16, 0.27, 0.40, 0.56, 0.76, 1.0];
const RAYS: usize = OVAL.len();
/// Over this share of the oval's radius the picture goes with the face's edge: beside it, and above and
/// below it, where hair and neck have room to give way.
const REACH: f32 = 0.40;
const REACH_UPRIGHT: f32 = 0.80;
/// Within this share of the radius the picture falls back to the depth of the ears.
const BACK: f32 = 0.3;
/// The neck, in heights of the face from the chin: turns fully above, not at all below.
const NECK: [f32; 2] = [-0.28, 0.36];
/// How far the body goes on below the border, in heights of the picture.
const BELOW: f32 = 1.2;
/// How the shoulders go on beside the border, in widths of the picture: a quarter of an ellipse so far out
/// and down, on a slope, in so many steps.
const SHOULDER: Vec2 = Vec2::new(0.16, 0.30);
const SHOULDER_SLOPE: f32 = 0.22;
const SHOULDER_STEPS: usize = 8;

/// A vertex of the picture around the face.
#[derive(Clone, Debug)]
struct Vertex {
    /// Where it rests, in the portrait's pixels; depth included.
    rest: Vec3,
    /// The picture's position that it shows.
    picture: Vec2,
    /// The nearest point of the oval.
    oval: u16,
    /// How far it moves as that point does, 0..=1.
    near: f32,
    /// How far it turns with the head otherwise, 0..=1.
    head: f32,
}

/// Vertices and triangles around the face. Triangles count the 468 face points first, then these.
#[derive(Clone, Debug)]
pub(super) struct Surround {
    vertices: Vec<Vertex>,
    triangles: Vec<[u16; 3]>,
}

impl Surround {
    /// `size`: the picture's. `cut_out`: whether the person stands free of the border.
    pub(super) fn new(rest: &[Vec3], skull: &Skull, size: Vec2, cut_out: bool) -> Self {
        let mut out = Self { vertices: Vec::new(), triangles: Vec::new() };
        let last = size - 1.0;
        let centre = skull.centre().clamp(last * 0.1, last * 0.9);
        let oval: Vec<Vec3> = OVAL.iter().map(|i| point(rest, *i)).collect();
        let border = border(&oval, centre, last);
        for (ring, t) in RINGS.iter().enumerate() {
            for (k, (start, end)) in oval.iter().zip(&border).enumerate() {
                let at = start.truncate().lerp(*end, *t);
                let outward = at.distance(start.truncate()) / start.truncate().distance(centre).max(1.0);
                let upright = ((start.y - centre.y) / (0.5 * skull.height())).abs();
                let reach = REACH + (REACH_UPRIGHT - REACH) * smoothstep(upright);
                let neck = (at.y - skull.chin().y) / skull.height();
                let mut head = 1.0 - smoothstep((neck - NECK[0]) / (NECK[1] - NECK[0]));
                let mut near = 1.0 - smoothstep(outward / reach);
                if !cut_out {
                    let fade = 1.0 - smoothstep((t - 0.3) / 0.7);
                    head *= fade;
                    near *= fade;
                }
                // Behind the face's edge, so that the face hides what it turns over.
                let back = smoothstep(outward / BACK);
                let depth = start.z + (skull.depth() - start.z).max(0.0) * back;
                let vertex = Vertex { rest: at.extend(depth), picture: at, oval: OVAL[k], near, head };
                out.vertices.push(vertex);
                let next = (k + 1) % RAYS;
                let inner = |k: usize| if ring == 0 { OVAL[k] } else { number((ring - 1) * RAYS + k) };
                let outer = |k: usize| number(ring * RAYS + k);
                out.triangles.push([inner(k), inner(next), outer(k)]);
                out.triangles.push([inner(next), outer(next), outer(k)]);
            }
        }
        if cut_out {
            out.carry_on(&border, size);
        }
        out
    }

    /// Beyond the border: the last row goes on downwards, the outer columns go on as falling shoulders.
    fn carry_on(&mut self, border: &[Vec2], size: Vec2) {
        let first = (RINGS.len() - 1) * RAYS;
        let below = size.y * BELOW;
        let mut bottom: Vec<usize> = (0..border.len()).filter(|k| border[*k].y > size.y - 1.5).collect();
        bottom.sort_by(|a, b| border[*a].x.total_cmp(&border[*b].x));
        let upper: Vec<usize> = bottom.iter().map(|k| first + k).collect();
        let lower: Vec<usize> = upper.iter().map(|k| self.beyond(*k, Vec2::new(0.0, below))).collect();
        self.strip(&upper, &lower);
        for (side, edge) in [(-1.0, 0.0), (1.0, size.x - 1.0)] {
            let on_side = |k: &usize| (border[*k].x - edge).abs() < 0.5 && border[*k].y > size.y * 0.25;
            let mut column: Vec<usize> = (0..border.len()).filter(on_side).collect();
            column.sort_by(|a, b| border[*a].y.total_cmp(&border[*b].y));
            let mut inner: Vec<usize> = column.iter().map(|k| first + k).collect();
            inner.extend(if side < 0.0 { lower.first() } else { lower.last() });
            let start = inner.clone();
            for step in 1..=SHOULDER_STEPS {
                let angle = Vec2::from_angle(step as f32 / SHOULDER_STEPS as f32 * FRAC_PI_2);
                let out = SHOULDER.x * angle.y;
                let down = SHOULDER.y * (1.0 - angle.x) + SHOULDER_SLOPE * out;
                let by = Vec2::new(out * side, down) * size.x;
                let outer: Vec<usize> = start.iter().map(|k| self.beyond(*k, by)).collect();
                self.strip(&inner, &outer);
                inner = outer;
            }
        }
    }

    /// A vertex that shows what `from` shows, at a distance.
    fn beyond(&mut self, from: usize, by: Vec2) -> usize {
        if let Some(vertex) = self.vertices.get(from) {
            let rest = vertex.rest + by.extend(0.0);
            self.vertices.push(Vertex { rest, ..vertex.clone() });
        }
        self.vertices.len() - 1
    }

    /// Triangles between two lines of vertices.
    fn strip(&mut self, a: &[usize], b: &[usize]) {
        for (a, b) in a.windows(2).zip(b.windows(2)) {
            let corner = [a[0], a[1], b[0], b[1]].map(number);
            self.triangles.push([corner[0], corner[1], corner[2]]);
            self.triangles.push([corner[1], corner[3], corner[2]]);
        }
    }

    /// Triangles in any winding.
    pub(super) fn triangles(&self) -> &[[u16; 3]] {
        &self.triangles
    }

    /// Resting places, and the picture's positions shown there.
    pub(super) fn rest(&self) -> impl Iterator<Item = (Vec3, Vec2)> {
        self.vertices.iter().map(|v| (v.rest, v.picture))
    }

    /// Places in the output: near the face with the face's edge, farther out with the head's outline, which
    /// a turn to the side or a nod leaves where it is, and below with the body.
    /// `points`: the face in the output; `rest`: the resting face.
    pub(super) fn place(
        &self,
        skull: &Skull,
        pose: &PuppetPose,
        rest: &[Vec3],
        points: &[Vec3],
        out: &mut Vec<Vec3>,
    ) {
        let tilt = PuppetPose { yaw: 0.0, pitch: 0.0, ..*pose };
        out.extend(self.vertices.iter().map(|v| {
            let still = pose.body(v.rest.truncate());
            let turned = skull.place(&tilt, v.rest).truncate() - still;
            let face = point(points, v.oval).truncate() - pose.body(point(rest, v.oval).truncate());
            let by = face * v.near + turned * (v.head * (1.0 - v.near));
            (still + by).extend(
                v.rest.z * pose.scale
                    + v.near * (point(points, v.oval).z - point(rest, v.oval).z * pose.scale),
            )
        }));
    }
}

fn number(vertex: usize) -> u16 {
    (omote_frame::topology::POINTS + vertex) as u16
}

/// Where the ray through each point of the oval meets the picture's border; the rays nearest the corners
/// are bent into them, so that nothing of the picture is lost.
fn border(oval: &[Vec3], centre: Vec2, last: Vec2) -> Vec<Vec2> {
    let mut out: Vec<Vec2> = oval
        .iter()
        .map(|p| {
            let d = p.truncate() - centre;
            let reach = |d: f32, at: f32, end: f32| {
                if d > 1e-3 {
                    (end - at) / d
                } else if d < -1e-3 {
                    -at / d
                } else {
                    f32::MAX
                }
            };
            let t = reach(d.x, centre.x, last.x).min(reach(d.y, centre.y, last.y));
            (centre + d * t).clamp(Vec2::ZERO, last)
        })
        .collect();
    for corner in [Vec2::ZERO, Vec2::new(last.x, 0.0), last, Vec2::new(0.0, last.y)] {
        let toward = (corner - centre).normalize_or_zero();
        let along = |p: &Vec3| (p.truncate() - centre).normalize_or_zero().dot(toward);
        let nearest = (0..oval.len()).max_by(|a, b| along(&oval[*a]).total_cmp(&along(&oval[*b])));
        if let Some(place) = nearest.and_then(|k| out.get_mut(k)) {
            *place = corner;
        }
    }
    out
}
