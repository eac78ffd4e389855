//! One followed face from frame to frame.

use glam::{Vec2, Vec3};

use super::detect::Detection;
use super::pose::Pose;
use super::smooth::{Smoother, Smoothing};
use crate::space::{CropSquare, ImagePx, MeshPoint};
use crate::topology::OVAL;

/// How much larger than the outline's box the region is.
pub(super) const MARGIN: f32 = 1.5;

/// A face that is being followed.
#[derive(Debug, Clone)]
pub(super) struct Follow {
    pub(super) id: u64,
    pub(super) presence: f32,
    /// The calm mesh in image pixels.
    pub(super) points: Vec<MeshPoint>,
    /// The calm mesh's pose.
    pub(super) pose: Pose,
    /// The region that the last mesh was read from.
    pub(super) region: CropSquare,
    /// How far the last mesh lay from where it was awaited, in eye distances.
    pub(super) surprise: f32,
    raw: Pose,
    before: Option<Motion>,
    smoother: Smoother,
}

/// Change of the raw pose in one second.
#[derive(Debug, Clone, Copy)]
struct Motion {
    shift: Vec3,
    growth: f32,
    roll: f32,
}

impl Follow {
    /// Starts with a mesh; none where it has no pose.
    pub(super) fn start(id: u64, presence: f32, points: Vec<MeshPoint>, region: CropSquare) -> Option<Self> {
        let pose = Pose::fit(&points)?;
        let smoother = Smoother::new(&points, &pose);
        Some(Self { id, presence, points, pose, region, surprise: 0.0, raw: pose, before: None, smoother })
    }

    /// Where the face is awaited `elapsed` seconds after the last mesh: it goes on as it went.
    pub(super) fn await_pose(&self, elapsed: f32) -> Pose {
        let Some(motion) = self.before else { return self.raw };
        // A wild guess is worse than none: within one frame a face doesn't grow by more than a fifth.
        let growth = (motion.growth * elapsed).clamp(-0.2, 0.2);
        let roll = (motion.roll * elapsed).clamp(-0.5, 0.5);
        Pose {
            rotation: glam::Quat::from_rotation_z(roll) * self.raw.rotation,
            scale: self.raw.scale * growth.exp(),
            origin: self.raw.origin + motion.shift * elapsed,
        }
    }

    /// The region to read next.
    pub(super) fn await_region(&self, elapsed: f32) -> CropSquare {
        self.await_pose(elapsed).region(MARGIN)
    }

    /// Takes a new mesh in. False where it has no pose; the face is then lost.
    pub(super) fn update(
        &mut self,
        presence: f32,
        mut points: Vec<MeshPoint>,
        region: CropSquare,
        elapsed: f32,
        tuning: &Smoothing,
    ) -> bool {
        let Some(raw) = Pose::fit(&points) else { return false };
        let awaited = self.await_pose(elapsed);
        self.surprise = (raw.origin - awaited.origin).truncate().length() / raw.scale
            + (raw.scale / awaited.scale).ln().abs();
        self.before = Some(Motion {
            shift: (raw.origin - self.raw.origin) / elapsed,
            growth: (raw.scale / self.raw.scale).ln() / elapsed,
            roll: wrap(raw.roll() - self.raw.roll()) / elapsed,
        });
        self.smoother.update(tuning, &mut points, &raw, elapsed);
        let Some(pose) = Pose::fit(&points) else { return false };
        (self.raw, self.pose, self.presence, self.points, self.region) =
            (raw, pose, presence, points, region);
        true
    }

    /// Whether a detection is of this face: its middle lies within half a box of the face's.
    pub(super) fn covers(&self, detection: &Detection) -> bool {
        let reach = 0.5 * detection.size.max_element().max(2.0 * self.pose.scale);
        self.centre().0.distance(detection.centre) < reach
    }

    /// Middle of the face in the picture.
    pub(super) fn centre(&self) -> ImagePx {
        centre(&self.points)
    }
}

/// Part of the outline's points that lie inside a picture of this size, 0..=1.
pub(super) fn inside(points: &[MeshPoint], width: u32, height: u32) -> f32 {
    let (w, h) = (width as f32, height as f32);
    let within = |p: &MeshPoint| p.x >= 0.0 && p.y >= 0.0 && p.x < w && p.y < h;
    let count = OVAL.iter().filter(|&&i| points.get(usize::from(i)).is_some_and(within)).count();
    count as f32 / OVAL.len() as f32
}

/// Mean of the outline's points.
pub(super) fn centre(points: &[MeshPoint]) -> ImagePx {
    let sum: Vec2 = OVAL.iter().filter_map(|&i| points.get(usize::from(i))).map(|p| p.truncate()).sum();
    ImagePx(sum / OVAL.len() as f32)
}

/// An angle in -π..=π.
pub(super) fn wrap(angle: f32) -> f32 {
    let turn = std::f32::consts::TAU;
    angle - turn * (angle / turn).round()
}
