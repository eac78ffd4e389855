//! One followed face from frame to frame.

use glam::{Vec2, Vec3};

use super::appearance::{AppearanceModel, Crop, DROPS, Occlusion, down};
use super::detect::Detection;
use super::mesh::{centre, in_crop};
use super::one_euro::State;
use super::select::Contender;
use super::smooth::{Placement, Sample, Smoother, Smoothing};
use super::{Face, FaceId};
use crate::space::{CropSquare, ImagePx, MeshPoint};
use omote_frame::pose::Pose;

/// How much larger than the outline's box the region is.
pub(super) const MARGIN: f32 = 1.5;

/// Meshes whose middles are nearer than this, in eye distances of the larger, lie on one face.
const SAME_PLACE: f32 = 0.8;
/// The same where both were found by their own looks.
const ONE_PLACE: f32 = 0.2;
/// Difference of two faces' claims to one place that decides it.
const CLEARLY: f32 = 0.25;
/// Frames that a hidden face coasts at most.
const MAX_COAST: u32 = 4;
/// Frames after which a face is no longer new.
const SETTLED: u32 = 8;
/// Change of the steady points' shape in one frame, in eye distances, that casts doubt on a mesh.
const DOUBT: f32 = 0.03;
/// Distance of two regions, as a part of the side, that can't be the two networks' different habits.
const SLIPPED: f32 = 0.15;

/// Seconds of learning before the model of a face says where it is.
const MATURE_S: f32 = 0.5;
/// Least share of texels that look as they should, times the correlation of their pattern, for a place to count.
const LEAST_WORTH: f32 = 0.5;
/// Greatest expected error of a place that counts, crop pixels: a plain wall has no slopes to tell it by.
const MOST_ERROR: f32 = 0.3;
/// Noise of a pose by the model, in eye distances and radians.
const LAID_NOISE: f32 = 0.0006;
/// Share of an occlusion's cells from which on a face is behind something.
const COVERED: f32 = 0.03;
/// What is added where the face is covered, and where it looks otherwise (squared).
const COVERED_NOISE: f32 = 0.02;
const WORSE_NOISE: f32 = 0.05;
/// Seconds for which the model alone carries a face at most.
const HOLD_S: f32 = 2.0;

/// What the network read, from which region.
pub(super) struct Mesh {
    pub(super) presence: f32,
    /// In image pixels.
    pub(super) points: Vec<MeshPoint>,
    pub(super) region: CropSquare,
}

/// The model of the face and the crop that it is laid on.
pub(super) struct Look<'a> {
    pub(super) model: &'a mut AppearanceModel,
    pub(super) crop: &'a Crop<'a>,
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
    /// The region that the last mesh was read from.
    pub(super) region: CropSquare,
    /// How far the last mesh lay from where it was predicted, in eye distances.
    pub(super) innovation: f32,
    /// Frames since it was found.
    pub(super) age: u32,
    /// Whether the next mesh is the first after a gap.
    pub(super) back: bool,
    /// What stands in front of it.
    pub(super) occlusion: Occlusion,
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
            region,
            innovation: 0.0,
            age: 0,
            back: false,
            occlusion: Occlusion::default(),
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
    pub(super) fn likeness(&self, model: &AppearanceModel, crop: &Crop<'_>) -> Option<f32> {
        let flat = in_crop(&self.points, self.region, crop.side());
        let fit = (model.age >= MATURE_S).then(|| model.register(&flat, crop)).flatten()?;
        Some((fit.agreement * fit.pattern).max(0.0))
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

    /// The region to read next.
    pub(super) fn predicted_region(&self, elapsed: f32) -> CropSquare {
        self.predicted_pose(elapsed).region(MARGIN)
    }

    /// Takes a new mesh in. False where it has no pose; the face is then lost.
    pub(super) fn update(&mut self, mesh: Mesh, look: Look<'_>, elapsed: f32, tuning: &Smoothing) -> bool {
        let model = &*look.model;
        let predicted = self.predicted_pose(elapsed);
        self.smoother.measure_change(&mesh.points);
        let cover: Vec<f32> = (0..mesh.points.len()).map(|i| model.covered(i)).collect();
        let covered = |i: usize| cover.get(i).copied().unwrap_or(0.0);
        let own = Pose::fit_where(&mesh.points, |i| 1.0 - covered(i)).or_else(|| Pose::fit(&mesh.points));
        let Some(own) = own else { return false };
        self.innovation = (own.origin - predicted.origin).truncate().length() / own.scale
            + (own.scale / predicted.scale).ln().abs();
        (self.age, self.coasted, self.held) = (self.age.saturating_add(1), 0, 0.0);
        let doubtful = model.share() > 0.02 || self.smoother.change > DOUBT;
        let sample = Sample { points: &mesh.points, pose: own, covered: &covered };
        self.presence = mesh.presence;
        self.register_and_learn(&sample, look, mesh.region, doubtful, elapsed, tuning)
    }

    /// Goes on without a mesh, by the model alone: something hides the face from the network. False where the model does
    /// not find the face either.
    pub(super) fn hold(
        &mut self,
        look: Look<'_>,
        region: CropSquare,
        elapsed: f32,
        tuning: &Smoothing,
    ) -> bool {
        self.held += elapsed;
        if self.held > HOLD_S {
            return false;
        }
        self.smoother.stop_scale_and_turn();
        let points = self.predicted_mesh(elapsed);
        let sample = Sample { points: &points, pose: self.predicted_pose(elapsed), covered: &|_| 1.0 };
        self.register_and_learn(&sample, look, region, false, elapsed, tuning)
            && self.smoother.registration > 0.0
    }

    /// Calms a mesh, lays it on the picture by the face's model, and lets the model learn.
    fn register_and_learn(
        &mut self,
        sample: &Sample<'_>,
        look: Look<'_>,
        region: CropSquare,
        doubtful: bool,
        elapsed: f32,
        tuning: &Smoothing,
    ) -> bool {
        let Look { model, crop } = look;
        let n = crop.side();
        let register = |mesh: &[MeshPoint], at: Placement| {
            if model.age < MATURE_S {
                return None;
            }
            let fit = model.register(&in_crop(mesh, region, crop.side()), crop)?;
            let confidence = fit.agreement * fit.pattern;
            if confidence < LEAST_WORTH || fit.error > MOST_ERROR {
                return None;
            }
            let noise = LAID_NOISE
                + fit.error * region.side / n / self.pose.scale
                + COVERED_NOISE * model.share()
                + WORSE_NOISE * (1.0 - fit.agreement).powi(2);
            let to_image = region.affine(n);
            let to_crop = to_image.inverse();
            let place = |p: Vec2| to_image.transform_point2(fit.way.apply(to_crop.transform_point2(p)));
            Some((confidence, at.carried(place, fit.way.turn, fit.way.grow, noise)))
        };
        let mut points = self.smoother.update(tuning, sample, &register, doubtful, model.share(), elapsed);
        let Some(pose) = Pose::fit(&points) else { return false };
        // The first mesh after a gap lies too roughly for that: open eyes would look closed.
        if !std::mem::take(&mut self.back) {
            self.refine_expression(&mut points, model, crop, region, elapsed, tuning);
        }
        model.update(&in_crop(&points, region, crop.side()), crop, elapsed);
        self.occlusion = model.occlusion();
        (self.pose, self.points, self.region) = (pose, points, region);
        true
    }

    /// Finds the glasses of a face that was just taken up; its own look is learned from the next frame on, when the mesh is
    /// calm.
    pub(super) fn find_glasses(&mut self, crop: &Crop<'_>) {
        let mut first = AppearanceModel::new();
        first.update(&in_crop(&self.points, self.region, crop.side()), crop, 0.0);
        self.occlusion = first.occlusion();
    }

    /// Moves jaw and lids to where the picture shows them.
    fn refine_expression(
        &mut self,
        points: &mut [MeshPoint],
        model: &mut AppearanceModel,
        crop: &Crop<'_>,
        region: CropSquare,
        elapsed: f32,
        tuning: &Smoothing,
    ) {
        let (n, side) = (crop.side(), region.side);
        let mut flat = in_crop(points, region, crop.side());
        let unit = self.pose.scale * n / side;
        let drop = if model.age < MATURE_S { None } else { model.jaw(&flat, crop) };
        let drop = self.drop.update(&tuning.shape, Vec3::X * (drop.unwrap_or(0.0) / unit), elapsed).x * unit;
        let Some(down) = down(&flat) else { return };
        for (p, share) in flat.iter_mut().zip(DROPS.iter()) {
            *p += down * (drop * share);
        }
        for (index, place) in model.lids(&flat, crop, elapsed) {
            if let Some(p) = flat.get_mut(index) {
                *p = place;
            }
        }
        let to_image = region.affine(n);
        for (p, flat) in points.iter_mut().zip(&flat) {
            *p = to_image.transform_point2(*flat).extend(p.z);
        }
    }

    /// Moves the mesh on with the head's last motion, for a frame in which another face hides this one. False where
    /// that has gone on for too long.
    pub(super) fn coast(&mut self, elapsed: f32) -> bool {
        self.coasted += 1;
        let next = self.smoother.coast(elapsed);
        for point in &mut self.points {
            *point = next.to_image(self.pose.to_model(*point));
        }
        self.pose = next;
        self.region = next.region(MARGIN);
        self.coasted <= MAX_COAST
    }

    /// Whether the face's model knows it and does not find it where its mesh lies.
    pub(super) fn is_misfit(&self, model: &AppearanceModel) -> bool {
        model.age > MATURE_S && (self.smoother.registration == 0.0 || !model.fits())
    }

    /// Whether it was not found in the last frame, and moved on alone.
    pub(super) fn is_coasting(&self) -> bool {
        self.coasted > 0
    }

    /// Whether the mesh may have slipped off the face: it is new, or its shape changes as no skull's does.
    pub(super) fn is_doubtful(&self) -> bool {
        self.age < SETTLED || self.smoother.change > DOUBT
    }

    /// Whether the model of the face finds it behind something.
    pub(super) fn is_covered(&self) -> bool {
        self.smoother.registration > 0.0 && self.occlusion.share() > COVERED
    }

    /// Whether both meshes lie on one face.
    pub(super) fn same_place(&self, other: &Self) -> bool {
        let told_apart = self.smoother.registration > 0.0 && other.smoother.registration > 0.0;
        let reach = if told_apart { ONE_PLACE } else { SAME_PLACE };
        let reach = reach * self.pose.scale.max(other.pose.scale);
        self.centre().0.distance(other.centre().0) < reach
    }

    /// Whether of two faces at one place this one is less likely to be there: the other looks as it should and this one
    /// does not or is covered, else this one jumped.
    pub(super) fn yields_to(&self, other: &Self) -> bool {
        let (own, theirs) = (self.identity_score(), other.identity_score());
        if (own - theirs).abs() > CLEARLY { own < theirs } else { self.innovation > other.innovation }
    }

    /// How well the picture shows this very face here, 0..=1; 0 where its look is not known.
    pub(super) fn identity_score(&self) -> f32 {
        self.smoother.registration * (1.0 - self.occlusion.share())
    }

    /// Whether a face at this place may hide this one, or be hidden by it.
    pub(super) fn may_overlap(&self, place: ImagePx) -> bool {
        self.centre().0.distance(place.0) < 3.0 * self.pose.scale
    }

    /// How far two meshes lie apart: distance in eye distances plus growth.
    pub(super) fn displacement_from(&self, other: &Self) -> f32 {
        (self.pose.origin - other.pose.origin).truncate().length() / self.pose.scale
            + (self.pose.scale / other.pose.scale).ln().abs()
    }

    /// Whether a detection shows that the mesh has slipped off the face.
    pub(super) fn contradicts(&self, detection: &Detection) -> bool {
        let (own, shown) = (self.pose.region(MARGIN), detection.region());
        let off = own.centre.0.distance(shown.centre.0) / shown.side;
        off > SLIPPED || (own.side / shown.side).ln().abs() > 2.0 * SLIPPED
    }

    /// Whether a detection is of this face: its middle lies within half a box of the face's.
    pub(super) fn matches(&self, detection: &Detection) -> bool {
        let reach = 0.5 * detection.size.max_element().max(2.0 * self.pose.scale);
        self.centre().0.distance(detection.centre) < reach
    }

    /// As it is handed on.
    pub(super) fn to_face(&self) -> Face {
        Face {
            id: FaceId(self.id),
            score: self.presence,
            landmarks: self.points.clone(),
            region: self.region,
            pose: self.pose,
            occlusion: self.occlusion.clone(),
        }
    }

    /// What the choice of a face looks at.
    pub(super) fn to_contender(&self) -> Contender {
        Contender { id: self.id, centre: self.centre(), size: self.pose.scale }
    }

    /// Middle of the face in the picture.
    pub(super) fn centre(&self) -> ImagePx {
        centre(&self.points)
    }
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
        let (mut front, mut hidden) = (start(1), start(2));
        (front.innovation, hidden.innovation) = (0.2, 0.1);
        assert!(
            front.yields_to(&hidden) && !hidden.yields_to(&front),
            "no look is known: the one that jumped yields"
        );
        (front.smoother.registration, hidden.smoother.registration) = (0.9, 0.8);
        assert!(front.yields_to(&hidden), "both look as they should");
        hidden.smoother.registration = 0.5;
        assert!(hidden.yields_to(&front) && !front.yields_to(&hidden));
        // As well seen as the other, but for the half behind the other.
        hidden.smoother.registration = 0.9;
        let cells: Vec<_> = (0..crate::track::OCCLUSION_SIDE.pow(2))
            .map(|k| crate::track::OcclusionCell { covered: (k % 2) as f32, ..Default::default() })
            .collect();
        hidden.occlusion = Occlusion::from_cells(&cells);
        assert!(hidden.yields_to(&front) && !front.yields_to(&hidden));
    }
}
