//! Calms a face's mesh: the rigid pose and the shape in the face's own frame are filtered apart.
//!
//! A point that stands still on a moving head has no speed in the head's frame, so its filter may be slow without
//! lagging behind the head; the pose itself has its own, quicker filter. Positions count in units of the face's size,
//! so one tuning serves near and far faces.

use glam::{Quat, Vec3};

use super::one_euro::{OneEuro, State, weight};
use super::pose::Pose;
use crate::space::MeshPoint;

/// Tuning of the filters; one for all faces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Smoothing {
    /// The head's place in the picture. Speed in eye distances a second.
    pub position: OneEuro,
    /// The head's turn. Speed in radians a second.
    pub rotation: OneEuro,
    /// The head's size. Speed in natural-log units a second.
    pub scale: OneEuro,
    /// Each mesh point in the head's frame. Speed in eye distances a second.
    pub shape: OneEuro,
}

impl Default for Smoothing {
    fn default() -> Self {
        let one = |min_cutoff, beta| OneEuro { min_cutoff, beta, speed_cutoff: 4.0 };
        Self {
            position: one(2.0, 40.0),
            rotation: one(2.0, 40.0),
            scale: one(1.0, 40.0),
            shape: one(2.0, 20.0),
        }
    }
}

/// Where the head turns about in model space: near the middle of the steady points, where the fit is firmest.
const ANCHOR: Vec3 = Vec3::new(0.0, 0.1, 0.0);

/// Filter state of one face.
#[derive(Debug, Clone)]
pub(super) struct Smoother {
    anchor: State,
    scale: State,
    rotation: Quat,
    raw_rotation: Quat,
    turn_speed: Vec3,
    shape: Vec<State>,
}

impl Smoother {
    /// Starts at a mesh and its pose.
    pub(super) fn new(points: &[MeshPoint], pose: &Pose) -> Self {
        Self {
            anchor: State::new(pose.to_image(ANCHOR)),
            scale: State::new(Vec3::X * pose.scale.ln()),
            rotation: pose.rotation,
            raw_rotation: pose.rotation,
            turn_speed: Vec3::ZERO,
            shape: points.iter().map(|&p| State::new(pose.to_model(p))).collect(),
        }
    }

    /// Takes a mesh and its pose in, `elapsed` seconds (> 0) after the last, and writes the calm mesh over `points`.
    pub(super) fn update(&mut self, tuning: &Smoothing, points: &mut [MeshPoint], pose: &Pose, elapsed: f32) {
        let size = pose.scale;
        // Filter in eye distances: the state is rescaled, so that the size may change from frame to frame.
        let anchor = self.anchor.update_in(&tuning.position, pose.to_image(ANCHOR), elapsed, size);
        let scale = self.scale.update(&tuning.scale, Vec3::X * size.ln(), elapsed).x.exp();
        self.turn(&tuning.rotation, pose.rotation, elapsed);
        for (state, point) in self.shape.iter_mut().zip(points) {
            let place = state.update(&tuning.shape, pose.to_model(*point), elapsed);
            *point = anchor + self.rotation * (place - ANCHOR) * scale;
        }
    }

    fn turn(&mut self, tuning: &OneEuro, sample: Quat, elapsed: f32) {
        // The shorter way round.
        let sample = if sample.dot(self.rotation) < 0.0 { -sample } else { sample };
        let step = sample * self.raw_rotation.inverse();
        let step = if step.w < 0.0 { -step } else { step };
        let speed = step.to_scaled_axis() / elapsed;
        self.turn_speed = self.turn_speed.lerp(speed, weight(tuning.speed_cutoff, elapsed));
        let cutoff = tuning.min_cutoff + tuning.beta * self.turn_speed.length();
        self.rotation = self.rotation.slerp(sample, weight(cutoff, elapsed)).normalize();
        self.raw_rotation = sample;
    }
}
