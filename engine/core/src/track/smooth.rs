//! Calms a face's mesh: the rigid pose and the shape in the face's own frame are filtered apart.
//!
//! A point that stands still on a moving head has no speed in the head's frame, so its filter may be slow without
//! lagging behind the head; the pose has a quicker filter of its own. How noisy a mesh is shows in its steady points:
//! skin over bone keeps its shape, so what changes there from one frame to the next beyond a rigid motion is the
//! network's error (blur, a hand before the face), and the pose's error is of the same size.
//! Lengths count in eye distances, so one tuning serves near and far faces.

use glam::{Quat, Vec2, Vec3};

use super::alpha_beta::{AlphaBeta, AlphaBetaRotation, AlphaBetaTuning};
use super::one_euro::{OneEuro, State};
use crate::space::MeshPoint;
use omote_frame::pose::Pose;
use omote_frame::template::{STEADY, Steady};

/// Tuning of the filters; one for all faces. How to read the fields' notes is said in [`super::Tuning`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Smoothing {
    /// The pose's noise in the best of meshes, in eye distances and radians.
    ///
    /// From: 13 generated clips, jitter 0.49 to 0.43 % of the eye distance, shape error 1.69 to 1.74 %, greatest lag 0.28 to
    /// 0.16 frames (f4c36c5). Test: none; points off in docs/gallery.md.
    pub pose_noise: f32,
    /// How much of the steady points' change of shape counts as the pose's noise.
    ///
    /// From: as above (f4c36c5). Test: none; points off in docs/gallery.md.
    pub noise_gain: f32,
    /// What is added to the pose's noise for each share of the face that is covered, in eye distances and radians.
    ///
    /// From: not recorded (5ea9f89). Test: none; points off in docs/gallery.md.
    pub covered_noise: f32,
    /// Share, for each share of the face that is covered, by which a place that the network began is trusted less than the
    /// predicted one: with much of a face covered the network is off more often than the head is elsewhere.
    ///
    /// From: not recorded (5ea9f89). Test: `a_face_that_another_one_hides_by_half_is_held_where_it_is`.
    pub covered_distrust: f32,
    /// The pose's filters.
    pub pose: AlphaBetaTuning,
    /// Each mesh point in the head's frame. Speed in eye distances a second.
    ///
    /// From: the rise from 20 to 30 with crops as the network was trained, for quicker mouths (f84dfa0); the cutoffs are
    /// not recorded (b37b942). Test: none; points off in docs/gallery.md.
    pub shape: OneEuro,
    /// Share of a new mesh in the remembered shape of the steady points, 0..=1.
    ///
    /// From: not recorded (b37b942). Test: none.
    pub shape_rate: f32,
    /// Seconds over which a point's resting place is averaged.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub rest_s: f32,
}

impl Default for Smoothing {
    fn default() -> Self {
        Self {
            pose_noise: 0.0015,
            noise_gain: 1.6,
            covered_noise: 0.15,
            covered_distrust: 0.5,
            pose: AlphaBetaTuning::default(),
            shape: OneEuro { min_cutoff: 2.0, beta: 30.0, speed_cutoff: 4.0 },
            shape_rate: 0.3,
            rest_s: 3.0,
        }
    }
}

/// Where the head turns about in model space: near the middle of the steady points, where the fit is firmest.
const ANCHOR: Vec3 = Vec3::new(0.0, 0.1, 0.0);

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
    /// How well the last place was found in the picture, 0..=1; 0 where it was not.
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

/// Where the picture shows a mesh to lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Correction {
    /// How well it looks as it should there, 0..=1.
    pub(super) confidence: f32,
    pub(super) placement: Placement,
}

/// Finds where a mesh of the first argument's points, placed as the second says, lies in the picture; none where it can't
/// be told.
pub(super) type Register<'a> = &'a dyn Fn(&[MeshPoint], Placement) -> Option<Correction>;

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
    /// rest. `register` corrects the place by what the picture shows: from where the network sees the head, and, if it is
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
        let noise = tuning.pose_noise + tuning.noise_gain * self.change + tuning.covered_noise * share;
        let predicted = Placement {
            anchor: self.anchor.predict(elapsed),
            scale: self.scale.predict(elapsed).x.exp(),
            turn: 0.0,
            noise,
        };
        let own = sample.pose;
        let turn = self.rotation.turn_in_depth(own.rotation, noise, elapsed, &tuning.pose);
        let seen = Placement { anchor: own.to_image(ANCHOR), scale: own.scale, turn, noise };
        self.update_shape(tuning, sample, elapsed);
        let correction = self.correct(tuning, seen, predicted, register, doubtful, share);
        let place = correction.map_or(seen, |correction| correction.placement);
        self.anchor.update(place.anchor, place.noise * place.scale, elapsed, &tuning.pose);
        self.scale.update(Vec3::X * place.scale.ln(), place.noise, elapsed, &tuning.pose);
        self.rotation.turn_in_plane(place.turn, place.noise, elapsed, &tuning.pose);
        self.registration = correction.map_or(0.0, |correction| correction.confidence);
        self.placed_mesh(&Placement {
            anchor: self.anchor.value,
            scale: self.scale.value.x.exp(),
            turn: 0.0,
            noise: 0.0,
        })
    }

    /// Filters each point in the head's frame; covered ones go to where they rest.
    fn update_shape(&mut self, tuning: &Smoothing, sample: &Sample<'_>, elapsed: f32) {
        self.age += elapsed;
        let rate = elapsed / self.age.min(tuning.rest_s);
        let states = self.shape.iter_mut().zip(&mut self.rest).zip(sample.points);
        for (index, ((state, rest), point)) in states.enumerate() {
            let covered = (sample.covered)(index);
            let place = sample.pose.to_model(*point);
            state.update(&tuning.shape, place.lerp(*rest, covered), elapsed);
            *rest = rest.lerp(place, rate * (1.0 - covered));
        }
    }

    /// Where the picture shows the present shape: the likelier of the places found from the two.
    fn correct(
        &self,
        tuning: &Smoothing,
        seen: Placement,
        predicted: Placement,
        register: Register<'_>,
        doubtful: bool,
        share: f32,
    ) -> Option<Correction> {
        let from_seen = register(&self.placed_mesh(&seen), seen);
        let from_predicted = if doubtful || from_seen.is_none() {
            register(&self.placed_mesh(&predicted), predicted)
        } else {
            None
        };
        let trust = 1.0 - tuning.covered_distrust * share;
        let from_seen = from_seen.map(|found| Correction { confidence: found.confidence * trust, ..found });
        let both = [from_seen, from_predicted].into_iter().flatten();
        both.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
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

    /// Stops the head.
    pub(super) fn stop(&mut self) {
        self.stop_scale_and_turn();
        self.anchor.speed = Vec3::ZERO;
    }

    /// Measures how far the mesh's steady points have left their shape.
    pub(super) fn measure_change(&mut self, points: &[MeshPoint], tuning: &Smoothing) {
        self.change = self.change_of_shape(points, tuning.shape_rate);
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
    /// The remembered shape then moves toward the new one, by `rate`, 0..=1.
    fn change_of_shape(&mut self, points: &[MeshPoint], rate: f32) -> f32 {
        let point = |s: &Steady| points.get(usize::from(s.index)).copied();
        let steady = self.steady.iter().zip(&STEADY);
        let pairs: Vec<(Vec3, MeshPoint, f32)> =
            steady.filter_map(|(&place, s)| Some((place, point(s)?, s.weight))).collect();
        let Some(rigid) = Pose::align(&pairs) else { return 0.0 };
        let (mut sum, mut total) = (0.0, 0.0);
        for (place, &(_, point, weight)) in self.steady.iter_mut().zip(&pairs) {
            let change = rigid.to_model(point) - *place;
            sum += weight * change.length_squared();
            total += weight;
            *place += change * rate;
        }
        (sum / f32::max(total, f32::EPSILON)).sqrt()
    }
}
