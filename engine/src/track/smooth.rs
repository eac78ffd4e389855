//! Calms a face's mesh: the rigid pose and the shape in the face's own frame are filtered apart.
//!
//! A point that stands still on a moving head has no speed in the head's frame, so its filter may be slow without
//! lagging behind the head; the pose has a quicker filter of its own. How noisy a mesh is shows in its steady points:
//! skin over bone keeps its shape, so what changes there from one frame to the next beyond a rigid motion is the
//! network's error (blur, a hand before the face), and the pose's error is of the same size.
//! Lengths count in eye distances, so one tuning serves near and far faces.

use glam::Vec3;

use super::glide::{Glide, GlideTurn};
use super::one_euro::{OneEuro, State};
use super::pose::Pose;
use super::template::STEADY;
use crate::space::MeshPoint;

/// Tuning of the filters; one for all faces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smoothing {
    /// The pose's noise in the best of meshes, in eye distances and radians.
    pub pose_noise: f32,
    /// How much of the steady points' change of shape counts as the pose's noise.
    pub noise_gain: f32,
    /// Each mesh point in the head's frame. Speed in eye distances a second.
    pub shape: OneEuro,
}

impl Default for Smoothing {
    fn default() -> Self {
        Self {
            pose_noise: 0.0015,
            noise_gain: 1.6,
            shape: OneEuro { min_cutoff: 2.0, beta: 30.0, speed_cutoff: 4.0 },
        }
    }
}

/// Where the head turns about in model space: near the middle of the steady points, where the fit is firmest.
const ANCHOR: Vec3 = Vec3::new(0.0, 0.1, 0.0);
/// Share of a new mesh in the remembered shape of the steady points.
const SHAPE_RATE: f32 = 0.3;

/// Filter state of one face.
#[derive(Debug, Clone)]
pub(super) struct Smoother {
    anchor: Glide,
    scale: Glide,
    rotation: GlideTurn,
    /// The steady points of late, in model space.
    steady: Vec<Vec3>,
    /// What they last changed beyond a rigid motion, in eye distances.
    pub(super) change: f32,
    shape: Vec<State>,
}

impl Smoother {
    /// Starts at a mesh and its pose.
    pub(super) fn new(points: &[MeshPoint], pose: &Pose) -> Self {
        let model: Vec<Vec3> = points.iter().map(|&p| pose.to_model(p)).collect();
        let steady = STEADY.iter().map(|s| model.get(usize::from(s.index)).copied().unwrap_or(s.place));
        Self {
            anchor: Glide::new(pose.to_image(ANCHOR)),
            scale: Glide::new(Vec3::X * pose.scale.ln()),
            rotation: GlideTurn::new(pose.rotation),
            steady: steady.collect(),
            change: 0.0,
            shape: model.into_iter().map(State::new).collect(),
        }
    }

    /// Takes a mesh and its pose in, `elapsed` seconds (> 0) after the last, and writes the calm mesh over `points`.
    pub(super) fn update(&mut self, tuning: &Smoothing, points: &mut [MeshPoint], pose: &Pose, elapsed: f32) {
        self.change = self.change_of_shape(points);
        let noise = tuning.pose_noise + tuning.noise_gain * self.change;
        self.anchor.update(pose.to_image(ANCHOR), noise * pose.scale, elapsed);
        self.scale.update(Vec3::X * pose.scale.ln(), noise, elapsed);
        self.rotation.update(pose.rotation, noise, elapsed);
        let (anchor, scale, rotation) = (self.anchor.value, self.scale.value.x.exp(), self.rotation.value);
        for (state, point) in self.shape.iter_mut().zip(points) {
            let place = state.update(&tuning.shape, pose.to_model(*point), elapsed);
            *point = anchor + rotation * (place - ANCHOR) * scale;
        }
    }

    /// Where the head is awaited `elapsed` seconds after the last mesh.
    pub(super) fn ahead(&self, elapsed: f32) -> Pose {
        let rotation = self.rotation.ahead(elapsed);
        let scale = self.scale.ahead(elapsed).x.exp();
        Pose { rotation, scale, origin: self.anchor.ahead(elapsed) - rotation * ANCHOR * scale }
    }

    /// Goes on without a mesh: the place glides, size and turn stay, since their last speeds are an occluder's doing.
    pub(super) fn coast(&mut self, elapsed: f32) -> Pose {
        (self.scale.speed, self.rotation.speed) = (Vec3::ZERO, Vec3::ZERO);
        let pose = self.ahead(elapsed);
        self.anchor.value = self.anchor.ahead(elapsed);
        pose
    }

    /// Weighted rms of what the steady points moved since the last meshes beyond a rigid motion, in eye distances.
    /// The remembered shape then moves toward the new one.
    fn change_of_shape(&mut self, points: &[MeshPoint]) -> f32 {
        let pairs = self
            .steady
            .iter()
            .zip(&STEADY)
            .filter_map(|(&place, s)| Some((place, *points.get(usize::from(s.index))?, s.weight)));
        let pairs: Vec<(Vec3, MeshPoint, f32)> = pairs.collect();
        let Some(rigid) = Pose::align(&pairs) else { return 0.0 };
        let (mut sum, mut total) = (0.0, 0.0);
        for (place, &(_, point, weight)) in self.steady.iter_mut().zip(&pairs) {
            let change = rigid.to_model(point) - *place;
            sum += weight * change.length_squared();
            total += weight;
            *place += change * SHAPE_RATE;
        }
        (sum / f32::max(total, f32::EPSILON)).sqrt()
    }
}
