//! Curves through given points, as fine polylines.

use glam::Vec2;

use super::canvas::Bounds;
use super::noise::value;

/// Points put on each span between two given points.
const STEPS: usize = 8;

/// The two sides of the face. Shapes are written down for the subject's right (the picture's left).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// As written.
    Right,
    /// Mirrored about `u = 0.5`.
    Left,
}

impl Side {
    /// Both, in drawing order.
    pub(super) const BOTH: [Self; 2] = [Self::Right, Self::Left];

    /// `p` on this side.
    pub(super) fn place(self, p: Vec2) -> Vec2 {
        match self {
            Self::Right => p,
            Self::Left => Vec2::new(1.0 - p.x, p.y),
        }
    }

    /// An angle on this side.
    pub(super) fn turn(self, angle: f32) -> f32 {
        match self {
            Self::Right => angle,
            Self::Left => -angle,
        }
    }
}

/// A polyline, open or closed, in UV units.
#[derive(Clone)]
pub(super) struct Curve {
    points: Vec<Vec2>,
    closed: bool,
}

impl Curve {
    /// A smooth open curve through `points`.
    pub(super) fn through(points: &[[f32; 2]]) -> Self {
        Self::smooth(&points.iter().map(|&p| Vec2::from(p)).collect::<Vec<_>>(), false)
    }

    /// A smooth closed curve through `points`.
    pub(super) fn ring(points: &[[f32; 2]]) -> Self {
        Self::smooth(&points.iter().map(|&p| Vec2::from(p)).collect::<Vec<_>>(), true)
    }

    /// A closed shape with corners at `points`.
    pub(super) fn polygon(points: Vec<Vec2>) -> Self {
        Self { points, closed: true }
    }

    /// An open polyline.
    pub(super) fn polyline(points: Vec<Vec2>) -> Self {
        Self { points, closed: false }
    }

    /// A Catmull-Rom curve (tension 1/2) through `points`.
    pub(super) fn smooth(points: &[Vec2], closed: bool) -> Self {
        let n = points.len();
        if n < 3 {
            return Self { points: points.to_vec(), closed };
        }
        let at = |i: isize| {
            let i = if closed { i.rem_euclid(n as isize) } else { i.clamp(0, n as isize - 1) };
            points[i as usize]
        };
        let spans = if closed { n } else { n - 1 };
        let mut fine = Vec::with_capacity(spans * STEPS + 1);
        for span in 0..spans as isize {
            let (a, b, c, d) = (at(span - 1), at(span), at(span + 1), at(span + 2));
            for step in 0..STEPS {
                let t = step as f32 / STEPS as f32;
                let cubic = (3.0 * (b - c) + d - a) * t + 2.0 * a - 5.0 * b + 4.0 * c - d;
                fine.push(b + 0.5 * t * ((c - a) + t * cubic));
            }
        }
        if !closed {
            fine.push(at(n as isize - 1));
        }
        Self { points: fine, closed }
    }

    /// An arc of an ellipse about `centre`; angles in radians, clockwise on screen from the picture's right.
    pub(super) fn arc(centre: Vec2, radius: Vec2, from: f32, to: f32) -> Self {
        let steps = 48;
        let angle = |i: usize| from + (to - from) * i as f32 / steps as f32;
        Self::polyline((0..=steps).map(|i| centre + radius * Vec2::from_angle(angle(i))).collect())
    }

    /// A full ellipse.
    pub(super) fn ellipse(centre: Vec2, radius: Vec2) -> Self {
        let mut arc = Self::arc(centre, radius, 0.0, std::f32::consts::TAU);
        arc.points.pop();
        arc.closed = true;
        arc
    }

    /// The curve on `side`.
    pub(super) fn on(&self, side: Side) -> Self {
        self.map(|p| side.place(p))
    }

    /// The curve with each point sent through `f`.
    pub(super) fn map(&self, f: impl Fn(Vec2) -> Vec2) -> Self {
        Self { points: self.points.iter().map(|&p| f(p)).collect(), closed: self.closed }
    }

    /// The curve with a hand's unsteadiness: up to `amount` off, `waves` bumps per unit of length.
    pub(super) fn wobbled(&self, amount: f32, waves: f32, seed: u32) -> Self {
        self.map(|p| {
            p + amount * Vec2::new(value(p * waves, seed), value(p * waves + Vec2::splat(31.7), seed ^ 0x5A))
        })
    }

    /// The points, in order.
    pub(super) fn points(&self) -> &[Vec2] {
        &self.points
    }

    /// The pieces from point to point, with the closing one of a closed curve.
    pub(super) fn segments(&self) -> impl Iterator<Item = (Vec2, Vec2)> + '_ {
        let closing =
            if self.closed { self.points.last().copied().zip(self.points.first().copied()) } else { None };
        self.points.iter().copied().zip(self.points.iter().copied().skip(1)).chain(closing)
    }

    /// Length in UV units.
    pub(super) fn length(&self) -> f32 {
        self.segments().map(|(a, b)| a.distance(b)).sum()
    }

    /// Point and unit direction at `along` (0..=1) of the length.
    pub(super) fn at(&self, along: f32) -> (Vec2, Vec2) {
        let mut left = along.clamp(0.0, 1.0) * self.length();
        let mut end = (Vec2::ZERO, Vec2::X);
        for (a, b) in self.segments() {
            let step = a.distance(b);
            let direction = (b - a).normalize_or(end.1);
            if left <= step {
                return (a + direction * left, direction);
            }
            left -= step;
            end = (b, direction);
        }
        end
    }

    /// Where the horizontal line at `y` crosses the curve.
    pub(super) fn crossings(&self, y: f32) -> Vec<f32> {
        crossings(self.segments(), y)
    }

    /// The rectangle round the curve, grown by `margin`.
    pub(super) fn bounds(&self, margin: f32) -> Bounds {
        Bounds::from_points(&self.points, margin)
    }

    /// Distance from `p` to the curve.
    pub(super) fn distance(&self, p: Vec2) -> f32 {
        self.segments().map(|(a, b)| distance_squared(p, a, b)).fold(f32::MAX, f32::min).sqrt()
    }

    /// Where `p` lies beside the curve: distance, negative on the left of its direction (on screen), and way
    /// along of the nearest point, 0..=1.
    pub(super) fn beside(&self, p: Vec2) -> (f32, f32) {
        let (mut best, mut before) = ((f32::MAX, 0.0, 1.0), 0.0);
        for (a, b) in self.segments() {
            let d = distance_squared(p, a, b);
            let step = a.distance(b);
            if d < best.0 {
                let t = ((p - a).dot(b - a) / (step * step).max(1e-12)).clamp(0.0, 1.0);
                best = (d, before + t * step, (b - a).perp_dot(p - a));
            }
            before += step;
        }
        (best.0.sqrt().copysign(best.2), best.1 / before.max(1e-6))
    }

    /// Distance from `p` to the border of the closed curve; positive inside.
    pub(super) fn depth(&self, p: Vec2) -> f32 {
        let (mut nearest, mut inside) = (f32::MAX, false);
        for (a, b) in self.segments() {
            nearest = nearest.min(distance_squared(p, a, b));
            if (a.y > p.y) != (b.y > p.y) && p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x) {
                inside = !inside;
            }
        }
        if inside { nearest.sqrt() } else { -nearest.sqrt() }
    }
}

/// Where the horizontal line at `y` crosses `segments`.
pub(super) fn crossings(segments: impl Iterator<Item = (Vec2, Vec2)>, y: f32) -> Vec<f32> {
    let crossing =
        |(a, b): (Vec2, Vec2)| ((a.y > y) != (b.y > y)).then(|| a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
    segments.filter_map(crossing).collect()
}

/// Squared distance from `p` to the segment `a`..`b`.
pub(super) fn distance_squared(p: Vec2, a: Vec2, b: Vec2) -> f32 {
    let (ap, ab) = (p - a, b - a);
    let t = (ap.dot(ab) / ab.length_squared().max(1e-12)).clamp(0.0, 1.0);
    (ap - ab * t).length_squared()
}
