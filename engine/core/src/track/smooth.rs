//! Calms a face's mesh: the rigid pose and the shape in the face's own frame are filtered apart.
//!
//! A point that stands still on a moving head has no speed in the head's frame, so its filter may be slow without
//! lagging behind the head; the pose has a quicker filter of its own. How noisy a mesh is shows in its steady points:
//! skin over bone keeps its shape, so what changes there from one frame to the next beyond a rigid motion is the
//! network's error (blur, a hand before the face), and the pose's error is of the same size.
//! Lengths count in eye distances, so one tuning serves near and far faces.

use glam::{Quat, Vec2, Vec3};

use super::alpha_beta::{AlphaBeta, AlphaBetaRotation};
use super::one_euro::{OneEuro, State};
use crate::space::MeshPoint;
use omote_frame::pose::Pose;
use omote_frame::template::STEADY;

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

/// Noise of a network's mesh, for each share of the face that is covered.
const COVERED_NOISE: f32 = 0.15;
/// Seconds over which a point's resting place is averaged.
const REST_S: f32 = 3.0;

/// Filter state of one face.
#[derive(Debug, Clone)]
pub(super) struct Smoother {
    anchor: AlphaBeta,
    scale: AlphaBeta,
    rotation: AlphaBetaRotation,
    /// The steady points of late, in model space.
    steady: Vec<Vec3>,
    /// What they last changed beyond a rigid motion, in eye distances.
    pub(super) change: f32,
    shape: Vec<State>,
    /// Each point's place in model space when nothing stands in front: the slow mean.
    rest: Vec<Vec3>,
    /// Seconds for which `rest` was learned.
    age: f32,
    /// How well the last place was found in the picture, 0..=1.
    pub(super) registration: f32,
}

/// Where a head may be in the picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placement {
    /// [`ANCHOR`] in image pixels.
    anchor: Vec3,
    /// As [`Pose::scale`].
    scale: f32,
    /// Turn in the picture's plane beyond the predicted one, radians.
    turn: f32,
    /// Error of the above, in eye distances and radians.
    noise: f32,
}

impl Placement {
    /// This place after a similarity of the picture's plane: `place` carries positions, `turn` is in radians clockwise
    /// on screen, `grow` the natural logarithm of the growth.
    pub(super) fn carried(self, place: impl Fn(Vec2) -> Vec2, turn: f32, grow: f32, noise: f32) -> Self {
        let growth = grow.exp();
        Self {
            anchor: place(self.anchor.truncate()).extend(self.anchor.z * growth),
            scale: self.scale * growth,
            turn: self.turn + turn,
            noise,
        }
    }
}

/// A mesh as the network reads it.
pub(super) struct Sample<'a> {
    /// In image pixels.
    pub(super) points: &'a [MeshPoint],
    /// The mesh's own pose.
    pub(super) pose: Pose,
    /// How far each point is covered, 0..=1.
    pub(super) covered: &'a dyn Fn(usize) -> f32,
}

/// Finds where a mesh of the first argument's points, placed as the second says, lies in the picture; none where it can't
/// be told.
pub(super) type Register<'a> = &'a dyn Fn(&[MeshPoint], Placement) -> Option<(f32, Placement)>;

impl Smoother {
    /// Starts at a mesh and its pose.
    pub(super) fn new(points: &[MeshPoint], pose: &Pose) -> Self {
        let model: Vec<Vec3> = points.iter().map(|&p| pose.to_model(p)).collect();
        let steady = STEADY.iter().map(|s| model.get(usize::from(s.index)).copied().unwrap_or(s.place));
        Self {
            anchor: AlphaBeta::new(pose.to_image(ANCHOR)),
            scale: AlphaBeta::new(Vec3::X * pose.scale.ln()),
            rotation: AlphaBetaRotation::new(pose.rotation),
            steady: steady.collect(),
            change: 0.0,
            rest: model.clone(),
            age: 0.0,
            registration: 0.0,
            shape: model.into_iter().map(State::new).collect(),
        }
    }

    /// Takes a mesh in, `elapsed` seconds (> 0) after the last, and gives the calm mesh. Covered points go to where they
    /// rest. `lay` corrects the place by what the picture shows: from where the network sees the head, and, if it is
    /// `doubtful`, from where it is predicted too. `share` of the face is covered, 0..=1.
    pub(super) fn update(
        &mut self,
        tuning: &Smoothing,
        sample: &Sample<'_>,
        register: Register<'_>,
        doubtful: bool,
        share: f32,
        elapsed: f32,
    ) -> Vec<MeshPoint> {
        let mesh_noise = tuning.pose_noise + tuning.noise_gain * self.change + COVERED_NOISE * share;
        let own = sample.pose;
        let predicted = Placement {
            anchor: self.anchor.predict(elapsed),
            scale: self.scale.predict(elapsed).x.exp(),
            turn: 0.0,
            noise: mesh_noise,
        };
        let turn = self.rotation.turn_in_depth(own.rotation, mesh_noise, elapsed);
        let seen = Placement { anchor: own.to_image(ANCHOR), scale: own.scale, turn, noise: mesh_noise };
        self.age += elapsed;
        let rate = elapsed / self.age.min(REST_S);
        let states = self.shape.iter_mut().zip(&mut self.rest).zip(sample.points);
        for (index, ((state, rest), point)) in states.enumerate() {
            let covered = (sample.covered)(index);
            let place = own.to_model(*point);
            state.update(&tuning.shape, place.lerp(*rest, covered), elapsed);
            *rest = rest.lerp(place, rate * (1.0 - covered));
        }
        let from_seen = register(&self.placed_mesh(&seen), seen);
        let both = doubtful || from_seen.is_none();
        let from_awaited = if both { register(&self.placed_mesh(&predicted), predicted) } else { None };
        // With much of it covered the network is off more often than the head is elsewhere than predicted.
        let from_seen = from_seen.map(|(confidence, place)| (confidence * (1.0 - 0.5 * share), place));
        let registered = [from_seen, from_awaited].into_iter().flatten().max_by(|a, b| a.0.total_cmp(&b.0));
        let place = registered.map_or(seen, |(_, place)| place);
        self.anchor.update(place.anchor, place.noise * place.scale, elapsed);
        self.scale.update(Vec3::X * place.scale.ln(), place.noise, elapsed);
        self.rotation.turn_in_plane(place.turn, place.noise, elapsed);
        self.registration = registered.map_or(0.0, |l| l.0);
        self.placed_mesh(&Placement {
            anchor: self.anchor.value,
            scale: self.scale.value.x.exp(),
            turn: 0.0,
            noise: 0.0,
        })
    }

    /// The present shape, placed.
    fn placed_mesh(&self, at: &Placement) -> Vec<MeshPoint> {
        let rotation = Quat::from_rotation_z(at.turn) * self.rotation.value;
        self.shape.iter().map(|s| at.anchor + rotation * (s.value - ANCHOR) * at.scale).collect()
    }

    /// The mesh predicted `elapsed` seconds after the last: the last shape where the head is predicted.
    pub(super) fn predicted_mesh(&self, elapsed: f32) -> Vec<MeshPoint> {
        let pose = self.predicted_pose(elapsed);
        self.shape.iter().map(|s| pose.to_image(s.value)).collect()
    }

    /// Looks how far the mesh's steady points have left their shape.
    pub(super) fn measure_change(&mut self, points: &[MeshPoint]) {
        self.change = self.change_of_shape(points);
    }

    /// Where the head is predicted `elapsed` seconds after the last mesh.
    pub(super) fn predicted_pose(&self, elapsed: f32) -> Pose {
        let rotation = self.rotation.predict(elapsed);
        let scale = self.scale.predict(elapsed).x.exp();
        Pose { rotation, scale, origin: self.anchor.predict(elapsed) - rotation * ANCHOR * scale }
    }

    /// Stops size and turn: the speeds that they had when an occluder came are its doing.
    pub(super) fn stop_scale_and_turn(&mut self) {
        (self.scale.speed, self.rotation.speed) = (Vec3::ZERO, Vec3::ZERO);
    }

    /// Goes on without a mesh: the place glides, size and turn stay.
    pub(super) fn coast(&mut self, elapsed: f32) -> Pose {
        self.stop_scale_and_turn();
        let pose = self.predicted_pose(elapsed);
        self.anchor.value = self.anchor.predict(elapsed);
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
