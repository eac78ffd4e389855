//! Hands of a skin that is none of the faces', with a sleeve.

use crate::layer::{Layer, Pose2d, capsule, ellipse, melt, rounded};
use glam::{Vec2, Vec3};

/// The hand's skin, linear.
const SKIN: Vec3 = Vec3::new(0.27, 0.135, 0.075);
const NAIL: Vec3 = Vec3::new(0.46, 0.27, 0.21);
const CLOTH: Vec3 = Vec3::new(0.045, 0.05, 0.085);

/// A finger: root, joint and tip, and the radii there.
#[derive(Clone, Copy, Debug)]
struct Finger {
    at: [Vec2; 3],
    thick: [f32; 3],
}

impl Finger {
    fn distance(&self, p: Vec2) -> f32 {
        let ([a, b, c], [ra, rb, rc]) = (self.at, self.thick);
        melt(capsule(p, a, b, ra, rb), capsule(p, b, c, rb, rc), 0.01)
    }
}

/// A hand in units of the face's height, fingers up, its middle at the origin.
#[derive(Clone, Debug)]
pub(crate) struct Hand {
    fingers: Vec<Finger>,
    /// Middle, half sizes and corner of the back of the hand.
    back: Option<(Vec2, Vec2, f32)>,
    /// From the wrist to where the picture ends.
    arm: Option<[Vec2; 2]>,
    nails: bool,
}

impl Hand {
    /// The open hand from its back.
    pub(crate) fn open() -> Self {
        let finger = |x: f32, y: f32, length: f32, angle: f32, bend: f32, thick: f32| {
            let root = Vec2::new(x, y);
            let way = |a: f32| Vec2::new(a.sin(), -a.cos());
            let joint = root + way(angle) * length * 0.56;
            let tip = joint + way(angle + bend) * length * 0.46;
            Finger { at: [root, joint, tip], thick: [thick * 1.04, thick * 0.96, thick * 0.76] }
        };
        let fingers = vec![
            finger(-0.118, -0.10, 0.315, -0.17, 0.07, 0.042),
            finger(-0.038, -0.13, 0.350, -0.04, 0.03, 0.044),
            finger(0.044, -0.12, 0.325, 0.08, -0.03, 0.042),
            finger(0.118, -0.07, 0.255, 0.24, -0.08, 0.036),
            finger(-0.120, 0.12, 0.270, -0.95, 0.45, 0.050),
        ];
        Self {
            fingers,
            back: Some((Vec2::new(0.0, 0.03), Vec2::new(0.162, 0.185), 0.085)),
            arm: Some([Vec2::new(0.0, 0.16), Vec2::new(0.02, 1.5)]),
            nails: true,
        }
    }

    /// Forearm and fist beside a mug whose middle is the origin.
    pub(crate) fn arm() -> Self {
        Self {
            fingers: Vec::new(),
            back: Some((Vec2::new(0.315, 0.03), Vec2::new(0.085, 0.130), 0.07)),
            arm: Some([Vec2::new(0.34, 0.10), Vec2::new(0.62, 1.3)]),
            nails: false,
        }
    }

    /// The fingers of that fist, through the handle.
    pub(crate) fn round_a_handle() -> Self {
        let finger = |y: f32, tip: f32, thick: f32| Finger {
            at: [Vec2::new(0.345, y + 0.012), Vec2::new(0.275, y - 0.006), Vec2::new(tip, y)],
            thick: [thick, thick * 1.02, thick * 0.9],
        };
        let fingers = vec![
            finger(-0.075, 0.205, 0.036),
            finger(-0.005, 0.200, 0.037),
            finger(0.064, 0.207, 0.035),
            finger(0.125, 0.222, 0.030),
        ];
        Self { fingers, back: None, arm: None, nails: false }
    }

    /// The nearest finger's distance and the next one's.
    fn nearest(&self, p: Vec2) -> (f32, f32) {
        self.fingers
            .iter()
            .map(|f| f.distance(p))
            .fold((9.0, 9.0), |(first, second), d| (first.min(d), second.min(first.max(d))))
    }

    fn distance(&self, p: Vec2) -> f32 {
        let mut d = self.nearest(p).0;
        if let Some((middle, half, corner)) = self.back {
            d = melt(d, rounded(p - middle, half, corner), 0.06);
        }
        if let Some([wrist, end]) = self.arm {
            let way = (end - wrist).normalize();
            d = melt(d, capsule(p, wrist, wrist + way * 0.5, 0.105, 0.115), 0.10);
        }
        d
    }

    fn skin(&self, p: Vec2) -> Vec3 {
        let (first, second) = self.nearest(p);
        // Where two fingers touch it is dark.
        let crease = if first < 0.004 { (1.0 - (second - first).abs() / 0.016).clamp(0.0, 1.0) } else { 0.0 };
        let crease = crease * f32::from(second < 0.012);
        let mottle = 1.0 + 0.05 * (p.x * 61.0 + (p.y * 47.0).sin() * 2.0).sin() * (p.y * 53.0).sin();
        let mut dark = 1.0 - 0.6 * crease;
        for f in self.fingers.iter().take(if self.nails { 5 } else { 0 }) {
            let (along, from) = ((f.at[2] - f.at[1]).normalize(), p - f.at[1]);
            // Two folds over each joint.
            let (t, across) = (from.dot(along), from.perp_dot(along));
            for fold in [-0.008, 0.010] {
                let line = (-((t - fold) / 0.0035).powi(2)).exp() * (1.0 - (across / 0.034).powi(2)).max(0.0);
                dark *= 1.0 - 0.22 * line;
            }
        }
        // Redder towards the tips and over the knuckles.
        let warm = (1.0 - (p.y + 0.10).abs() / 0.08).clamp(0.0, 1.0) * 0.10;
        SKIN * Vec3::new(1.0 + warm, 1.0, 1.0 - warm * 0.5) * mottle * dark
    }

    pub(crate) fn draw(&self, place: &Pose2d, layer: &mut Layer) {
        let reach = [Vec2::new(-0.5, -0.55), Vec2::new(0.75, 0.70)];
        if self.nails {
            layer.shadow(place, reach, 0.38, |p| self.distance(p));
        }
        layer.body(place, reach, 0.046, |p| self.distance(p), |p| self.skin(p));
        if let Some([wrist, end]) = self.arm {
            let way = (end - wrist).normalize();
            let sleeve = |p: Vec2| capsule(p, wrist + way * 0.40, end, 0.150, 0.190);
            let cuff = |p: Vec2| sleeve(p).max((wrist + way * 0.30 - p).dot(way));
            let folds = |p: Vec2| {
                let (t, across) = ((p - wrist).dot(way), (p - wrist).perp_dot(way));
                CLOTH * (1.0 + 0.35 * (t * 26.0 + (across * 9.0).sin() * 2.0).sin() * (across * 14.0).cos())
            };
            layer.body(place, [reach[0], Vec2::new(1.2, 1.7)], 0.12, cuff, folds);
        }
        for f in self.fingers.iter().filter(|_| self.nails) {
            let along = (f.at[2] - f.at[1]).normalize();
            let middle = f.at[2] + along * f.thick[2] * 0.15;
            let nail = |p: Vec2| {
                let q = p - middle;
                ellipse(
                    Vec2::new(q.dot(along), q.perp_dot(along)),
                    Vec2::new(f.thick[2] * 0.78, f.thick[2] * 0.60),
                )
            };
            layer.body(place, reach, 0.02, nail, |p| {
                // The free edge is lighter.
                let edge = ((p - middle).dot(along) / f.thick[2] - 0.45).clamp(0.0, 0.2) * 1.5;
                NAIL * (1.0 + edge)
            });
        }
    }
}
