//! The persona's proportions on the live face.
//!
//! Of each face a neutral shape is learned: its points in the head's own frame (across and down, in face sizes), slowly
//! averaged. The persona's points are laid over it by turning, moving and scaling alone; what is left between the two is
//! how the proportions differ. Those differences become one smooth field over the picture, which falls to nothing round
//! the face. The mesh is moved by the very field that bends the picture, so own eyes and mouth stay in their places.

use super::DrawCall;
use super::tuning::ShapeTuning;
use crate::frame::interpolation::{Bilinear, bilinear_by_weights};
use crate::frame::{Frame, FrameTime};
use crate::space::{MeshPoint, PxRect, Uv, bounds, smoothstep_between};
use crate::swap::FaceTexture;
use crate::topology::{EYE_LEFT, EYE_RIGHT, LIPS_INNER, LIPS_OUTER, OVAL, POINTS};
use glam::{Vec2, Vec3};
use omote_shaders::layout::{MORPH_NODES, MorphParams};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

const NODES: usize = MORPH_NODES as usize;
/// Ears, top and chin.
const AXES: [usize; 4] = [234, 454, 10, 152];
/// Directions in which the oval's radius is tabulated.
const RAYS: usize = 96;

/// Points that carry the field: the oval, and every fifth.
static CARRIERS: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let oval = OVAL.map(usize::from);
    let inner = (0..POINTS).step_by(5).filter(|i| !oval.contains(i));
    oval.iter().copied().chain(inner).collect()
});

/// How the live picture is bent.
pub(super) struct Morph {
    pub(super) params: MorphParams,
    pub(super) region: PxRect,
    /// Displacements in pixels, `MORPH_NODES`² over the region.
    pub(super) nodes: Vec<Vec2>,
}

/// A face with other proportions.
pub(super) struct Bent {
    pub(super) points: Vec<MeshPoint>,
    /// Nothing where the picture was bent before, in the same frame.
    pub(super) morph: Option<Morph>,
}

/// The head's own axes in the picture.
struct Head {
    centre: Vec3,
    across: Vec3,
    down: Vec3,
    size: f32,
}

impl Head {
    fn new(points: &[Vec3]) -> Option<Self> {
        let [a, b, top, chin] = AXES.map(|i| points.get(i).copied());
        let (a, b, top, chin) = (a?, b?, top?, chin?);
        let across = (b - a).try_normalize()?;
        let down = chin - top;
        let size = (b.distance(a) + down.length()) * 0.5;
        let down = (down - across * down.dot(across)).try_normalize()?;
        (size > 4.0).then_some(Self { centre: (a + b + top + chin) * 0.25, across, down, size })
    }

    fn flat(&self, p: Vec3) -> Vec2 {
        let q = p - self.centre;
        Vec2::new(q.dot(self.across), q.dot(self.down)) / self.size
    }

    /// A difference in face sizes as the picture shows it, in pixels.
    fn seen(&self, d: Vec2) -> Vec2 {
        (self.across.truncate() * d.x + self.down.truncate() * d.y) * self.size
    }
}

/// What is known of a face.
struct Shape {
    time: FrameTime,
    /// Points in the head's frame.
    neutral: Vec<Vec2>,
    seconds: f32,
    /// Differences at the carriers: as shown now, and where they go.
    now: Vec<Vec2>,
    goal: Vec<Vec2>,
    /// With which texture's layout, and how long ago, seconds.
    compared: Option<(Arc<[Uv]>, f32)>,
    /// The field of the frame at `time`.
    field: Option<(PxRect, Vec<Vec2>)>,
}

/// The faces' shapes.
#[derive(Default)]
pub(super) struct Shapes {
    faces: HashMap<u64, Shape>,
}

impl Shapes {
    /// The face with the persona's proportions to the share that the call's look says; nothing where that is 0 or the face
    /// has no size. A second call for the same face and time moves only the points: the picture is bent already.
    pub(super) fn bend(&mut self, frame: &Frame, call: &DrawCall<'_>, tuning: &ShapeTuning) -> Option<Bent> {
        let DrawCall { face, time, points, texture, .. } = *call;
        let amount = call.params.shape.clamp(0.0, 1.0);
        if amount <= 0.0 || !amount.is_finite() {
            self.faces.remove(&face);
            return None;
        }
        let points = points.get(..POINTS).filter(|p| p.iter().all(|p| p.is_finite()))?;
        let head = Head::new(points)?;
        self.faces.retain(|_, s| {
            time.0.saturating_sub(s.time.0).as_secs_f32() < tuning.gap_s && s.time.0 <= time.0
        });
        let flat: Vec<Vec2> = points.iter().map(|p| head.flat(*p)).collect();
        let fresh = !self.faces.contains_key(&face);
        let shape = self.faces.entry(face).or_insert_with(|| Shape::new(time, &flat));
        let elapsed = time.0.saturating_sub(shape.time.0).as_secs_f32();
        let again = elapsed == 0.0 && !fresh;
        shape.time = time;
        if !again {
            shape.learn(&flat, &head, elapsed, tuning);
        }
        shape.compare(texture, elapsed, tuning);
        if again {
            let (region, nodes) = shape.field.as_ref()?;
            return Some(Bent { points: moved(points, *region, nodes), morph: None });
        }
        shape.approach(if fresh { 1.0 } else { 1.0 - (-elapsed / tuning.come_s).exp() });
        let field = Field::new(points, &head, &shape.now, amount, tuning)?;
        let region = field.region(points, frame)?;
        let nodes = field.nodes(region);
        let points = moved(points, region, &nodes);
        shape.field = Some((region, nodes.clone()));
        let params = MorphParams { size: [region.width, region.height], least: tuning.least, pad: 0 };
        Some(Bent { points, morph: Some(Morph { params, region, nodes }) })
    }
}

impl Shape {
    fn new(time: FrameTime, flat: &[Vec2]) -> Self {
        let none = vec![Vec2::ZERO; CARRIERS.len()];
        let neutral = flat.to_vec();
        Self { time, neutral, seconds: 0.0, now: none.clone(), goal: none, compared: None, field: None }
    }

    /// Takes the live points into the average; a head that is turned away shows little of its shape.
    fn learn(&mut self, flat: &[Vec2], head: &Head, elapsed: f32, tuning: &ShapeTuning) {
        let frontal = (1.0 - 2.0 * head.across.z.abs().max(head.down.z.abs())).max(0.0);
        let dt = elapsed.min(tuning.step_s) * frontal;
        self.seconds += dt;
        let rate = dt / self.seconds.clamp(1e-3, tuning.neutral_s);
        self.neutral.iter_mut().zip(flat).for_each(|(n, f)| *n += (*f - *n) * rate.min(1.0));
    }

    /// Goes on by a share, 0..=1, of the way to the proportions that were found last.
    fn approach(&mut self, share: f32) {
        for (now, goal) in self.now.iter_mut().zip(&self.goal) {
            *now += (*goal - *now) * share;
        }
    }

    /// Finds how the persona's proportions differ, where that was not done of late.
    fn compare(&mut self, texture: &FaceTexture, elapsed: f32, tuning: &ShapeTuning) {
        let layout = texture.layout();
        let since = match &self.compared {
            Some((known, since)) if Arc::ptr_eq(known, layout) => since + elapsed,
            _ => tuning.compare_s,
        };
        let due = since >= tuning.compare_s;
        self.compared = Some((Arc::clone(layout), if due { 0.0 } else { since }));
        if !due {
            return;
        }
        let persona: Vec<Vec2> = texture.uv().iter().map(|u| u.0).collect();
        let raw = differences(&self.neutral, &persona);
        self.goal = CARRIERS.iter().map(|i| smoothed(&self.neutral, &raw, *i, tuning)).collect();
    }
}

/// What is left between the neutral face and the persona laid over it. Eyes and lips are moved as a whole: how far they
/// are open is not a matter of proportions.
fn differences(neutral: &[Vec2], persona: &[Vec2]) -> Vec<Vec2> {
    let count = neutral.len().min(persona.len()).max(1) as f32;
    let mean = |p: &[Vec2]| p.iter().take(count as usize).sum::<Vec2>() / count;
    let (to, from) = (mean(neutral), mean(persona));
    // The least squares' rotation and scale as one complex number.
    let (mut turn, mut norm) = (Vec2::ZERO, 0.0f32);
    for (n, p) in neutral.iter().zip(persona) {
        let (n, p) = (*n - to, *p - from);
        turn += Vec2::new(p.dot(n), p.perp_dot(n));
        norm += p.length_squared();
    }
    let turn = turn / norm.max(1e-9);
    let mut out: Vec<Vec2> =
        neutral.iter().zip(persona).map(|(n, p)| turn.rotate(*p - from) + to - *n).collect();
    let lips: Vec<u16> = LIPS_INNER.iter().chain(&LIPS_OUTER).copied().collect();
    for part in [&EYE_RIGHT[..], &EYE_LEFT, &lips] {
        let sum: Vec2 = part.iter().filter_map(|i| out.get(usize::from(*i))).sum();
        let whole = sum / part.len() as f32;
        for i in part {
            if let Some(d) = out.get_mut(usize::from(*i)) {
                *d = whole;
            }
        }
    }
    out
}

/// The mean difference round a point, no longer than the ring can bear.
fn smoothed(places: &[Vec2], raw: &[Vec2], index: usize, tuning: &ShapeTuning) -> Vec2 {
    let Some(at) = places.get(index) else { return Vec2::ZERO };
    let (mut sum, mut weights) = (Vec2::ZERO, 0.0f32);
    for (p, d) in places.iter().zip(raw) {
        let r = p.distance_squared(*at) / (tuning.smooth * tuning.smooth);
        if r < 12.0 {
            let w = (-0.5 * r).exp();
            (sum, weights) = (sum + *d * w, weights + w);
        }
    }
    let d = sum / weights.max(1e-6);
    // Soft at the limit: half of it stays a half, much more comes near the whole.
    d / (1.0 + (d.length() / tuning.most).powi(4)).powf(0.25)
}

/// The field of one frame.
struct Field {
    centre: Vec2,
    /// The bent oval's radius in pixels, direction by direction.
    radii: Vec<f32>,
    /// Bent places and displacements.
    carriers: Vec<(Vec2, Vec2)>,
    soft: f32,
    /// Where the bending ends, and how far the region reaches, in radii.
    ring: f32,
    reach: f32,
}

impl Field {
    fn new(
        points: &[Vec3],
        head: &Head,
        differences: &[Vec2],
        amount: f32,
        tuning: &ShapeTuning,
    ) -> Option<Self> {
        let carriers: Vec<(Vec2, Vec2)> = CARRIERS
            .iter()
            .zip(differences)
            .filter_map(|(i, d)| {
                let by = head.seen(*d) * amount;
                Some((points.get(*i)?.truncate() + by, by))
            })
            .collect();
        let oval: Vec<Vec2> = carriers.iter().take(OVAL.len()).map(|c| c.0).collect();
        let (low, high) = bounds(oval.iter().copied());
        let centre = (low + high) * 0.5;
        let largest = ((high - low) * 0.5).max_element();
        if !(largest > 4.0 && largest.is_finite()) {
            return None;
        }
        let radius = |k: usize| {
            let sides = oval.iter().zip(oval.iter().cycle().skip(1));
            let met = sides.filter_map(|(a, b)| meets(ray(k), *a - centre, *b - centre));
            // Turned far, the oval is thin; the ring is not.
            met.fold(largest * tuning.thinnest, f32::max)
        };
        let radii = (0..RAYS).map(radius).collect();
        let soft = (head.size * tuning.soft).powi(2);
        Some(Self { centre, radii, carriers, soft, ring: tuning.ring, reach: tuning.region })
    }

    /// The part of the picture that bending may touch, with all of the face's points: the nose of a turned head may stand
    /// out beyond the ring. None where too little of it is in the picture.
    fn region(&self, points: &[Vec3], frame: &Frame) -> Option<PxRect> {
        let ends = self.radii.iter().enumerate().map(|(k, r)| ray(k) * (*r * self.reach) + self.centre);
        let all = ends.chain(points.iter().map(|p| p.truncate()));
        let (low, high) = bounds(all);
        let region = PxRect::even_around(low, high, frame.width(), frame.height());
        (region.width >= 8 && region.height >= 8).then_some(region)
    }

    fn radius(&self, direction: Vec2) -> f32 {
        let turns = direction.to_angle() / std::f32::consts::TAU;
        let at = (turns - turns.floor()) * RAYS as f32;
        let (low, part) = (at as usize % RAYS, at.fract());
        let [a, b] = [low, (low + 1) % RAYS].map(|k| self.radii.get(k).copied().unwrap_or(1.0));
        a + (b - a) * part
    }

    /// Displacement of what is shown at `at`.
    fn displacement(&self, at: Vec2) -> Vec2 {
        let out = at - self.centre;
        let distance = out.length() / self.radius(out).max(1.0);
        if distance >= self.ring {
            return Vec2::ZERO;
        }
        // Round the face what the oval does goes on, and fades.
        let place = self.centre + out / distance.max(1.0);
        let (mut sum, mut weights) = (Vec2::ZERO, 0.0f32);
        for (p, d) in &self.carriers {
            let w = (p.distance_squared(place) + self.soft).powi(-2);
            (sum, weights) = (sum + *d * w, weights + w);
        }
        sum / weights.max(1e-30) * (1.0 - smoothstep_between(1.0, self.ring, distance))
    }

    fn nodes(&self, region: PxRect) -> Vec<Vec2> {
        let origin = Vec2::new(region.x as f32, region.y as f32);
        let step = Vec2::new((region.width - 1) as f32, (region.height - 1) as f32) / (NODES - 1) as f32;
        let node = |i: usize| origin + Vec2::new((i % NODES) as f32, (i / NODES) as f32) * step;
        (0..NODES * NODES).map(|i| self.displacement(node(i))).collect()
    }
}

/// One of the directions in which the oval's radius is tabulated.
fn ray(k: usize) -> Vec2 {
    Vec2::from_angle(k as f32 / RAYS as f32 * std::f32::consts::TAU)
}

/// How far along a ray from the origin it meets a line's piece.
fn meets(ray: Vec2, a: Vec2, b: Vec2) -> Option<f32> {
    let (line, across) = (b - a, ray.perp_dot(b - a));
    if across.abs() < 1e-6 {
        return None;
    }
    let (along, part) = (a.perp_dot(line) / across, a.perp_dot(ray) / across);
    (along > 0.0 && (0.0..=1.0).contains(&part)).then_some(along)
}

/// The points where the bent picture shows them: each solves place = point + field(place).
fn moved(points: &[Vec3], region: PxRect, nodes: &[Vec2]) -> Vec<Vec3> {
    let origin = Vec2::new(region.x as f32, region.y as f32);
    let last = Vec2::new((region.width - 1) as f32, (region.height - 1) as f32);
    let field = |at: Vec2| {
        let cell =
            Bilinear::in_pairs((at - origin).clamp(Vec2::ZERO, last) / last * (NODES - 1) as f32, [NODES; 2]);
        let node = |x: usize, y: usize| nodes.get(y * NODES + x).copied().unwrap_or_default();
        bilinear_by_weights(cell.corners(node), cell.part())
    };
    points
        .iter()
        .map(|p| {
            let at = (0..5).fold(p.truncate(), |at, _| p.truncate() + field(at));
            at.extend(p.z)
        })
        .collect()
}

#[cfg(test)]
mod tests;
