//! One followed face from frame to frame.

use std::sync::Arc;

use glam::{Vec2, Vec3};

use super::appearance::tuning::AppearanceTuning;
use super::appearance::{AppearanceModel, Crop, DROPS, Fit, Occlusion, down};
use super::detect::Detection;
use super::mesh::{REGION_MARGIN, in_crop, outline_centre};
use super::one_euro::State;
use super::select::Contender;
use super::smooth::{Correction, Placement, Sample, Smoother, Smoothing};
use super::tuning::{TrackTuning, Tuning, VeilTuning};
use super::veil::{FrontMatte, VeilNet, VeilReading};
use super::{Face, FaceId};
use crate::frame::Frame;
use crate::space::{CropSquare, ImagePx, MeshPoint};
use omote_frame::pose::Pose;

/// What the network read, from which region.
pub(super) struct Mesh {
    pub(super) presence: f32,
    /// In image pixels.
    pub(super) points: Vec<MeshPoint>,
    pub(super) region: CropSquare,
}

/// What a face looks like, and the crop of a region that it is compared with.
pub(super) struct AppearanceView<'a> {
    pub(super) model: &'a mut AppearanceModel,
    pub(super) crop: &'a Crop<'a>,
    pub(super) region: CropSquare,
    pub(super) veil: VeilView<'a>,
}

/// The network that tells what stands in front, and the frame that it is asked about.
pub(super) struct VeilView<'a> {
    pub(super) net: &'a mut VeilNet,
    pub(super) frame: &'a Frame,
}

/// What a step from one frame to the next goes by.
pub(super) struct FrameStep<'a> {
    /// Seconds since the last frame, above 0.
    pub(super) elapsed: f32,
    pub(super) smoothing: &'a Smoothing,
    pub(super) tuning: &'a Tuning,
}

/// A face that is being followed.
#[derive(Debug, Clone)]
pub(super) struct Track {
    pub(super) id: u64,
    pub(super) presence: f32,
    /// The calm mesh in image pixels.
    pub(super) points: Vec<MeshPoint>,
    /// The calm mesh's pose.
    pub(super) pose: Pose,
    /// Place and shape when nothing was known to stand in front of it for the last time, and how many seconds before the last
    /// mesh that was.
    uncovered: Arc<Smoother>,
    uncovered_before: f32,
    /// The region that the last mesh was read from.
    pub(super) region: CropSquare,
    /// How far the last mesh lay from where it was predicted, in eye distances plus growth.
    pub(super) innovation: f32,
    /// Frames since it was found.
    pub(super) age: u32,
    /// Whether the next mesh is the first after a gap.
    pub(super) back: bool,
    /// What stands in front of it.
    pub(super) occlusion: Occlusion,
    /// What a network says stands in front of it, in this frame; and whether another face does.
    pub(super) front: Option<FrontMatte>,
    /// Whether that was not asked yet in this frame.
    pub(super) front_due: bool,
    pub(super) behind_a_face: bool,
    /// Seconds in a row for which most of it was covered.
    covered_s: f32,
    /// Frames in a row that it has coasted.
    coasted: u32,
    /// Seconds in a row for which the network has not seen it.
    held: f32,
    smoother: Smoother,
    /// How much farther down the jaw is than the network says, in eye distances.
    drop: State,
}

impl Track {
    /// Starts with a mesh; none where it has no pose.
    pub(super) fn from_mesh(
        id: u64,
        presence: f32,
        points: Vec<MeshPoint>,
        region: CropSquare,
    ) -> Option<Self> {
        let pose = Pose::fit(&points)?;
        let smoother = Smoother::new(&points, &pose);
        Some(Self {
            id,
            presence,
            points,
            pose,
            uncovered: Arc::new(smoother.clone()),
            uncovered_before: 0.0,
            region,
            innovation: 0.0,
            age: 0,
            back: false,
            occlusion: Occlusion::default(),
            front: None,
            front_due: true,
            behind_a_face: false,
            covered_s: 0.0,
            coasted: 0,
            held: 0.0,
            smoother,
            drop: State::new(Vec3::ZERO),
        })
    }

    /// The same face from a mesh after a gap; none where that has no pose.
    pub(super) fn restarted(&self, mesh: Mesh) -> Option<Self> {
        let fresh = Self::from_mesh(self.id, mesh.presence, mesh.points, mesh.region)?;
        Some(Self { age: self.age.saturating_add(1), ..fresh })
    }

    /// How much the face, as it was just read, looks like a model's, 0..=1; none where the model does not know.
    pub(super) fn likeness(
        &self,
        model: &AppearanceModel,
        crop: &Crop<'_>,
        tuning: &AppearanceTuning,
    ) -> Option<f32> {
        if model.age < tuning.registration.mature_s {
            return None;
        }
        let fit = model.register(&in_crop(&self.points, self.region, crop.side()), crop, tuning)?;
        Some(fit.confidence().max(0.0))
    }

    /// Where the face is predicted `elapsed` seconds after the last mesh.
    pub(super) fn predicted_pose(&self, elapsed: f32) -> Pose {
        self.smoother.predicted_pose(elapsed)
    }

    /// The mesh predicted `elapsed` seconds after the last, in image pixels.
    pub(super) fn predicted_mesh(&self, elapsed: f32) -> Vec<MeshPoint> {
        self.smoother.predicted_mesh(elapsed)
    }

    /// With the mesh predicted `elapsed` seconds after the last, in a crop of that region.
    pub(super) fn at_prediction(&self, elapsed: f32, region: CropSquare) -> Self {
        Self { points: self.predicted_mesh(elapsed), region, ..self.clone() }
    }

    /// Where it was when nothing was known to stand in front of it for the last time.
    pub(super) fn uncovered_place(&self) -> ImagePx {
        ImagePx(self.uncovered.predicted_pose(0.0).origin.truncate())
    }

    /// Standing where it was when nothing stood in front of it for the last time, and how many seconds before its last mesh
    /// that was: what hides a face also drags its mesh.
    pub(super) fn at_uncovered(&self) -> (Self, f32) {
        let mut there = Self { smoother: Smoother::clone(&self.uncovered), ..self.clone() };
        there.smoother.stop();
        let region = there.predicted_region(0.0);
        (there.at_prediction(0.0, region), self.uncovered_before)
    }

    /// The region to read next.
    pub(super) fn predicted_region(&self, elapsed: f32) -> CropSquare {
        self.predicted_pose(elapsed).region(REGION_MARGIN)
    }

    /// Takes a new mesh in. False where it has no pose; the face is then lost.
    pub(super) fn update(&mut self, mesh: Mesh, view: AppearanceView<'_>, step: &FrameStep<'_>) -> bool {
        let tuning = &step.tuning.tracks;
        let predicted = self.predicted_pose(step.elapsed);
        self.smoother.measure_change(&mesh.points, step.smoothing);
        let cover: Vec<f32> = (0..mesh.points.len()).map(|point| view.model.covered(point)).collect();
        let covered = |point: usize| cover.get(point).copied().unwrap_or(0.0);
        let free_points = Pose::fit_where(&mesh.points, |point| 1.0 - covered(point));
        let Some(own) = free_points.or_else(|| Pose::fit(&mesh.points)) else { return false };
        self.innovation = displacement(&own, &predicted, own.scale);
        (self.age, self.coasted, self.held) = (self.age.saturating_add(1), 0, 0.0);
        let doubtful =
            view.model.share() > tuning.doubtful_cover || self.smoother.change > tuning.doubtful_change;
        let sample = Sample { points: &mesh.points, pose: own, covered: &covered };
        self.presence = mesh.presence;
        self.register_and_learn(&sample, view, doubtful, step)
    }

    /// Goes on without a mesh, by the model alone: something hides the face from the network. False where the model does
    /// not find the face either.
    pub(super) fn hold(&mut self, view: AppearanceView<'_>, step: &FrameStep<'_>) -> bool {
        self.held += step.elapsed;
        if self.held > step.tuning.tracks.most_held_s {
            return false;
        }
        self.smoother.stop_scale_and_turn();
        let points = self.predicted_mesh(step.elapsed);
        let pose = self.predicted_pose(step.elapsed);
        let sample = Sample { points: &points, pose, covered: &|_| 1.0 };
        self.register_and_learn(&sample, view, false, step) && self.smoother.registration > 0.0
    }

    /// Calms a mesh, registers it in the picture by the face's model, and lets the model learn.
    fn register_and_learn(
        &mut self,
        sample: &Sample<'_>,
        view: AppearanceView<'_>,
        doubtful: bool,
        step: &FrameStep<'_>,
    ) -> bool {
        let AppearanceView { model, crop, region, veil } = view;
        let (elapsed, tuning) = (step.elapsed, &step.tuning.appearance);
        let last_scale = self.pose.scale;
        let register = |mesh: &[MeshPoint], at: Placement| {
            register_in_picture(mesh, at, model, crop, region, last_scale, tuning)
        };
        let share = model.share();
        let mut points = self.smoother.update(step.smoothing, sample, &register, doubtful, share, elapsed);
        let Some(pose) = Pose::fit(&points) else { return false };
        // The first mesh after a gap lies too roughly for that: open eyes would look closed.
        if !std::mem::take(&mut self.back) {
            self.refine_expression(&mut points, model, crop, region, step);
        }
        let last = self.front.take();
        let front = veil.net.read(veil.frame, &points, last.as_ref(), &step.tuning.veil);
        model.update(&in_crop(&points, region, crop.side()), crop, front.as_ref(), elapsed, tuning);
        self.occlusion = model.occlusion(&tuning.occlusion);
        (self.pose, self.points, self.region) = (pose, points, region);
        let in_front = front.as_ref().map_or(0.0, VeilReading::share).max(self.occlusion.share());
        if in_front < step.tuning.tracks.uncovered && !model.is_behind_a_face() {
            (self.uncovered, self.uncovered_before) = (Arc::new(self.smoother.clone()), 0.0);
        } else {
            self.uncovered_before += elapsed;
        }
        self.take_front(front, model.bare(), elapsed, &step.tuning.veil)
    }

    /// Takes in what a network says stands in front. False where most of the face has been covered for too long: it may be
    /// no face any more, or the network is wrong, and the persona would be gone.
    fn take_front(
        &mut self,
        front: Option<VeilReading>,
        bare: &[f32],
        elapsed: f32,
        tuning: &VeilTuning,
    ) -> bool {
        self.front_due = false;
        let is_covered = front.as_ref().is_some_and(|front| front.share() > tuning.most_covered);
        self.covered_s = if is_covered { self.covered_s + elapsed } else { 0.0 };
        self.front = front.map(|front| front.into_matte(bare, tuning));
        self.covered_s <= tuning.most_covered_s
    }

    /// Goes on counting for how long another track's face, which this one's is, was covered.
    pub(super) fn stays_covered_as(&mut self, before: &Self) {
        self.covered_s = before.covered_s;
    }

    /// Asks what stands in front of a face that was just taken up, of which nothing is known yet. False where it was lost
    /// because it was covered, and still is.
    pub(super) fn read_first_front(&mut self, veil: VeilView<'_>, tuning: &VeilTuning) -> bool {
        let front = veil.net.read(veil.frame, &self.points, None, tuning);
        self.take_front(front, &[], 0.0, tuning)
    }

    /// Moves jaw and lids to where the picture shows them.
    fn refine_expression(
        &mut self,
        points: &mut [MeshPoint],
        model: &mut AppearanceModel,
        crop: &Crop<'_>,
        region: CropSquare,
        step: &FrameStep<'_>,
    ) {
        let tuning = &step.tuning.appearance;
        let mut flat = in_crop(points, region, crop.side());
        // Crop pixels to an eye distance.
        let unit = self.pose.scale * crop.side() / region.side;
        let is_mature = model.age >= tuning.registration.mature_s;
        let seen_drop = if is_mature { model.jaw_drop(&flat, crop, &tuning.jaw) } else { None };
        let seen_drop = Vec3::X * (seen_drop.unwrap_or(0.0) / unit);
        let drop = self.drop.update(&step.smoothing.shape, seen_drop, step.elapsed).x * unit;
        let Some(down) = down(&flat) else { return };
        for (p, share) in flat.iter_mut().zip(DROPS.iter()) {
            *p += down * (drop * share);
        }
        for (index, place) in model.moved_lids(&flat, crop, step.elapsed, &tuning.lids) {
            if let Some(p) = flat.get_mut(index) {
                *p = place;
            }
        }
        let to_image = region.affine(crop.side());
        for (p, flat) in points.iter_mut().zip(&flat) {
            *p = to_image.transform_point2(*flat).extend(p.z);
        }
    }

    /// Moves the mesh on with the head's last motion, for a frame in which another face hides this one. False where
    /// that has gone on for too long.
    pub(super) fn coast(&mut self, elapsed: f32, tuning: &TrackTuning) -> bool {
        self.coasted += 1;
        self.uncovered_before += elapsed;
        (self.front, self.front_due) = (None, false);
        let next = self.smoother.coast(elapsed);
        for point in &mut self.points {
            *point = next.to_image(self.pose.to_model(*point));
        }
        self.pose = next;
        self.region = next.region(REGION_MARGIN);
        self.coasted <= tuning.most_coasted
    }

    /// Whether the face's model knows it and does not find it where its mesh lies.
    pub(super) fn is_misfit(&self, model: &AppearanceModel, tuning: &Tuning) -> bool {
        let is_mature = model.age > tuning.appearance.registration.mature_s;
        is_mature && (self.smoother.registration == 0.0 || !model.fits())
    }

    /// Whether it was not found in the last frame, and moved on alone.
    pub(super) fn is_coasting(&self) -> bool {
        self.coasted > 0
    }

    /// Whether the mesh may have slipped off the face: it is new, or its shape changes as no skull's does.
    pub(super) fn is_doubtful(&self, tuning: &TrackTuning) -> bool {
        self.age < tuning.settled || self.smoother.change > tuning.doubtful_change
    }

    /// Whether the model of the face finds it behind something.
    pub(super) fn is_covered(&self, tuning: &TrackTuning) -> bool {
        self.smoother.registration > 0.0 && self.occlusion.share() > tuning.covered
    }

    /// Whether both meshes lie on one face.
    pub(super) fn same_place(&self, other: &Self, tuning: &TrackTuning) -> bool {
        let told_apart = self.smoother.registration > 0.0 && other.smoother.registration > 0.0;
        let reach = if told_apart { tuning.same_place_registered } else { tuning.same_place };
        let reach = reach * self.pose.scale.max(other.pose.scale);
        self.centre().0.distance(other.centre().0) < reach
    }

    /// Whether of two faces at one place this one is less likely to be there: the other looks as it should and this one
    /// does not or is covered, else this one jumped.
    pub(super) fn yields_to(&self, other: &Self, tuning: &TrackTuning) -> bool {
        let (own, theirs) = (self.identity_score(), other.identity_score());
        if (own - theirs).abs() > tuning.clear_lead {
            own < theirs
        } else {
            self.innovation > other.innovation
        }
    }

    /// How well the picture shows this very face here, 0..=1; 0 where its appearance is not known.
    pub(super) fn identity_score(&self) -> f32 {
        self.smoother.registration * (1.0 - self.occlusion.share())
    }

    /// Whether a face at this place may hide this one, or be hidden by it.
    pub(super) fn may_overlap(&self, place: ImagePx, tuning: &TrackTuning) -> bool {
        self.centre().0.distance(place.0) < tuning.overlap_reach * self.pose.scale
    }

    /// How far two meshes lie apart: distance in eye distances plus growth.
    pub(super) fn displacement_from(&self, other: &Self) -> f32 {
        displacement(&self.pose, &other.pose, self.pose.scale)
    }

    /// Whether a detection shows that the mesh has slipped off the face.
    pub(super) fn contradicts(&self, detection: &Detection, tuning: &TrackTuning) -> bool {
        let (own, shown) = (self.pose.region(REGION_MARGIN), detection.region());
        let off = own.centre.0.distance(shown.centre.0) / shown.side;
        off > tuning.slipped || (own.side / shown.side).ln().abs() > tuning.slipped_growth
    }

    /// Whether a detection is of this face: its middle lies within half a box of the face's.
    pub(super) fn matches(&self, detection: &Detection, tuning: &TrackTuning) -> bool {
        let size = detection.size.max_element().max(tuning.match_scale * self.pose.scale);
        self.centre().0.distance(detection.centre) < tuning.match_reach * size
    }

    /// As it is handed on.
    pub(super) fn to_face(&self) -> Face {
        let occlusion = match &self.front {
            Some(front) => self.occlusion.with_front(front.clone(), self.behind_a_face),
            None => self.occlusion.clone(),
        };
        Face {
            id: FaceId(self.id),
            score: self.presence,
            landmarks: self.points.clone(),
            region: self.region,
            pose: self.pose,
            occlusion,
        }
    }

    /// What the choice of a face looks at.
    pub(super) fn to_contender(&self) -> Contender {
        Contender { id: self.id, centre: self.centre(), size: self.pose.scale }
    }

    /// Middle of the face in the picture.
    pub(super) fn centre(&self) -> ImagePx {
        outline_centre(&self.points)
    }
}

/// How far two poses lie apart: distance, in image pixels over `scale`, plus growth.
fn displacement(a: &Pose, b: &Pose, scale: f32) -> f32 {
    (a.origin - b.origin).truncate().length() / scale + (a.scale / b.scale).ln().abs()
}

/// Finds where a mesh that stands at a place lies in the picture by the face's model; none where that can't be told. The
/// mesh in image pixels, the crop that of `region`; `scale` is the face's last one, image pixels an eye distance.
fn register_in_picture(
    mesh: &[MeshPoint],
    at: Placement,
    model: &AppearanceModel,
    crop: &Crop<'_>,
    region: CropSquare,
    scale: f32,
    tuning: &AppearanceTuning,
) -> Option<Correction> {
    if model.age < tuning.registration.mature_s {
        return None;
    }
    let n = crop.side();
    let fit: Fit = model.register(&in_crop(mesh, region, n), crop, tuning)?;
    let (confidence, tuning) = (fit.confidence(), &tuning.registration);
    if confidence < tuning.least_confidence || fit.error > tuning.most_error {
        return None;
    }
    let noise = tuning.noise
        + fit.error * region.side / n / scale
        + tuning.covered_noise * model.share()
        + tuning.disagreement_noise * (1.0 - fit.agreement).powi(2);
    let to_image = region.affine(n);
    let to_crop = to_image.inverse();
    let carry = |p: Vec2| to_image.transform_point2(fit.way.apply(to_crop.transform_point2(p)));
    let placement = at.carried(carry, fit.way.turn, fit.way.grow, noise);
    Some(Correction { confidence, placement })
}

/// An angle in -π..=π.
pub(super) fn wrap(angle: f32) -> f32 {
    let turn = std::f32::consts::TAU;
    angle - turn * (angle / turn).round()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical_uv::CANONICAL_UV;

    #[test]
    fn the_face_that_looks_as_it_should_keeps_the_place() {
        let points: Vec<MeshPoint> =
            CANONICAL_UV.iter().map(|p| (Vec2::from_array(*p) * 100.0 + 50.0).extend(0.0)).collect();
        let region = CropSquare { centre: ImagePx(Vec2::splat(100.0)), side: 180.0, angle: 0.0 };
        let start = |id| Track::from_mesh(id, 1.0, points.clone(), region).unwrap();
        let yields = |own: &Track, other: &Track| own.yields_to(other, &TrackTuning::default());
        let (mut front, mut hidden) = (start(1), start(2));
        (front.innovation, hidden.innovation) = (0.2, 0.1);
        assert!(
            yields(&front, &hidden) && !yields(&hidden, &front),
            "no look is known: the one that jumped yields"
        );
        (front.smoother.registration, hidden.smoother.registration) = (0.9, 0.8);
        assert!(yields(&front, &hidden), "both look as they should");
        hidden.smoother.registration = 0.5;
        assert!(yields(&hidden, &front) && !yields(&front, &hidden));
        // As well seen as the other, but for the half behind the other.
        hidden.smoother.registration = 0.9;
        let cells: Vec<_> = (0..crate::track::OCCLUSION_SIDE.pow(2))
            .map(|k| crate::track::OcclusionCell { covered: (k % 2) as f32, ..Default::default() })
            .collect();
        hidden.occlusion = Occlusion::from_cells(&cells);
        assert!(yields(&hidden, &front) && !yields(&front, &hidden));
    }

    #[test]
    fn a_face_that_stays_covered_is_lost() {
        let points: Vec<MeshPoint> =
            CANONICAL_UV.iter().map(|p| (Vec2::from_array(*p) * 100.0 + 50.0).extend(0.0)).collect();
        let region = CropSquare { centre: ImagePx(Vec2::splat(100.0)), side: 180.0, angle: 0.0 };
        let mut track = Track::from_mesh(1, 1.0, points.clone(), region).unwrap();
        let mut shown = |from: f32, elapsed: f32| {
            let front = VeilReading::drawn(&points, |uv| f32::from(u8::from(uv.y > from)));
            track.take_front(Some(front), &[], elapsed, &VeilTuning::default())
        };
        // A hand that passes, then one that stays.
        assert!((0..20).all(|_| shown(0.2, 0.04)) && shown(0.7, 0.04));
        assert!((0..24).all(|_| shown(0.2, 0.04)) && (0..4).any(|_| !shown(0.2, 0.04)));
        // Less than that may stay.
        let mut track = Track::from_mesh(1, 1.0, points.clone(), region).unwrap();
        for _ in 0..100 {
            let front = VeilReading::drawn(&points, |uv| f32::from(u8::from(uv.y > 0.6)));
            assert!(track.take_front(Some(front), &[], 0.04, &VeilTuning::default()));
        }
        assert!(track.front.is_some());
    }
}
