//! The head as a rigid body before a camera.

use super::point;
use glam::{Quat, Vec2, Vec3};
use omote_frame::space::bounds;
use omote_frame::topology::OVAL;

/// Where the person is and how the head is turned. The default is the portrait as it is.
///
/// Translation and scale move the whole person; the angles turn the head on the neck, and the shoulders
/// stay. Angles are in radians and natural up to about ±0.45 of yaw and ±0.26 of pitch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PuppetPose {
    /// Positive where the face looks to the right of the picture.
    pub yaw: f32,
    /// Positive where the face looks down.
    pub pitch: f32,
    /// Positive is clockwise on screen.
    pub roll: f32,
    /// Added after scaling, in output pixels.
    pub translation: Vec2,
    /// Output pixels for one of the portrait's.
    pub scale: f32,
}

impl Default for PuppetPose {
    fn default() -> Self {
        Self { yaw: 0.0, pitch: 0.0, roll: 0.0, translation: Vec2::ZERO, scale: 1.0 }
    }
}

impl PuppetPose {
    /// The head's rotation in the picture's axes (x right, y down, z away from the camera).
    pub fn rotation(&self) -> Quat {
        Quat::from_rotation_z(self.roll)
            * Quat::from_rotation_y(-self.yaw)
            * Quat::from_rotation_x(self.pitch)
    }

    /// Where a place of the portrait that does not turn lies in the output.
    pub(super) fn body(&self, at: Vec2) -> Vec2 {
        self.translation + at * self.scale
    }
}

/// Distance of the camera, in widths of the face: a portrait taken from an arm's length or two.
const CAMERA: f32 = 5.0;
/// The head turns about a point this far down from the eyes to the chin, as deep in as the ears.
const PIVOT_DOWN: f32 = 0.42;
/// The mesh's points nearest the ears, and the tip of the chin.
const EARS: [u16; 2] = [234, 454];
const CHIN: u16 = 152;
/// The middles of the irises.
const IRISES: [u16; 2] = [468, 473];

/// Measures of the resting head, in the portrait's pixels.
#[derive(Clone, Debug)]
pub(super) struct Skull {
    low: Vec2,
    high: Vec2,
    pivot: Vec3,
    chin: Vec2,
    eyes: f32,
    camera: f32,
}

impl Skull {
    pub(super) fn new(rest: &[Vec3]) -> Self {
        let oval = OVAL.iter().map(|i| point(rest, *i).truncate());
        let (low, high) = bounds(oval);
        let [right, left] = IRISES.map(|i| point(rest, i));
        let chin = point(rest, CHIN).truncate();
        let ears = EARS.map(|i| point(rest, i).z);
        let eyes = (right + left).truncate() * 0.5;
        let xy = Vec2::new((low.x + high.x) * 0.5, eyes.y + (chin.y - eyes.y) * PIVOT_DOWN);
        let camera = (high.x - low.x).max(1.0) * CAMERA;
        let between = right.truncate().distance(left.truncate());
        Self { low, high, pivot: xy.extend((ears[0] + ears[1]) * 0.5), chin, eyes: between, camera }
    }

    /// Middle of the oval's box.
    pub(super) fn centre(&self) -> Vec2 {
        (self.low + self.high) * 0.5
    }

    /// Width of the oval's box.
    pub(super) fn width(&self) -> f32 {
        self.high.x - self.low.x
    }

    /// Height of the oval's box.
    pub(super) fn height(&self) -> f32 {
        self.high.y - self.low.y
    }

    /// Tip of the chin.
    pub(super) fn chin(&self) -> Vec2 {
        self.chin
    }

    /// Depth of the ears, about which the head turns.
    pub(super) fn depth(&self) -> f32 {
        self.pivot.z
    }

    /// Distance between the irises' middles: the unit of the expressions.
    pub(super) fn eyes(&self) -> f32 {
        self.eyes
    }

    /// Where a place of the resting head lies in the output.
    ///
    /// With q from the pivot and camera distance f: Q = (q.xy · (1 + q.z / f), q.z) undoes the perspective
    /// that the portrait was taken in, Q' = R · Q, and q' = (Q'.xy / (1 + Q'.z / f), Q'.z) is seen.
    pub(super) fn place(&self, pose: &PuppetPose, p: Vec3) -> Vec3 {
        let q = p - self.pivot;
        let solid = (q.truncate() * (1.0 + q.z / self.camera)).extend(q.z);
        let turned = pose.rotation() * solid;
        let seen = self.pivot.truncate() + turned.truncate() / (1.0 + turned.z / self.camera);
        pose.body(seen).extend((self.pivot.z + turned.z) * pose.scale)
    }

    /// Direction and length in the output of one of the portrait's pixels down along the head.
    pub(super) fn down(&self, pose: &PuppetPose) -> Vec2 {
        (pose.rotation() * Vec3::Y).truncate() * pose.scale
    }
}
