//! A card held before the face.

use glam::{Vec2, Vec3};
use omote_frame::space::{MeshPoint, bounds};
use omote_frame::topology::OVAL;

/// Width and height in heights of the face.
const SIZE: Vec2 = Vec2::new(1.12, 1.30);
const CORNER: f32 = 0.07;

/// A card in the picture's pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Card {
    middle: Vec2,
    half: Vec2,
    face: f32,
}

impl Card {
    /// The card before a face of `face` pixels' height: `up` 0 below the picture, 1 before the face.
    pub(super) fn over(points: &[MeshPoint], face: f32, up: f32, height: u32) -> Option<Self> {
        if up <= 0.0 {
            return None;
        }
        let oval = OVAL.iter().filter_map(|i| points.get(usize::from(*i))).map(|p| p.truncate());
        let (low, high) = bounds(oval);
        let half = SIZE * face * 0.5;
        let place = (low + high) * 0.5;
        let below = height as f32 + half.y;
        Some(Self { middle: Vec2::new(place.x, below + (place.y - below) * up), half, face })
    }

    /// Distance to the card's edge in pixels, negative inside.
    fn outside(&self, p: Vec2) -> f32 {
        let corner = CORNER * self.face;
        let d = (p - self.middle).abs() - self.half + corner;
        d.max(Vec2::ZERO).length() + d.max_element().min(0.0) - corner
    }

    /// Whether a place is covered.
    pub(super) fn covers(&self, p: Vec2) -> bool {
        self.outside(p) < 0.0
    }

    /// First and last row and column it may touch.
    pub(super) fn bounds(&self) -> (Vec2, Vec2) {
        (self.middle - self.half - 1.0, self.middle + self.half + 1.0)
    }

    /// R'G'B' 0..=1 and alpha at a pixel: paper with a border and lines.
    pub(super) fn at(&self, p: Vec2) -> (Vec3, f32) {
        let out = self.outside(p);
        let alpha = (0.5 - out).clamp(0.0, 1.0);
        let q = (p - self.middle) / self.half;
        let line = self.face * 0.035;
        let border = (1.5 - (out + 2.2 * line).abs() / (line * 0.25)).clamp(0.0, 1.0);
        let rows = ((q.y * 4.5).fract().abs() - 0.5).abs() * self.half.y / 4.5;
        let inside = f32::from(q.x.abs() < 0.7 && q.y.abs() < 0.72);
        let rule = (1.2 - rows / (line * 0.35)).clamp(0.0, 1.0) * inside;
        let paper = Vec3::new(0.90, 0.87, 0.80) * (1.0 - 0.06 * q.y);
        (paper.lerp(Vec3::new(0.28, 0.42, 0.50), border.max(rule * 0.55)), alpha)
    }
}
