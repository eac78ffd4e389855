//! Shapes by signed distance, shaded as rounded bodies under a lamp from above, in linear light.

use glam::{Mat2, Vec2, Vec3};

/// A picture of what stands before the face, and the shadow that it throws.
pub(crate) struct Layer {
    side: usize,
    /// Linear light, straight.
    rgb: Vec<Vec3>,
    /// Share of each pixel that is covered, 0..=1.
    pub(crate) alpha: Vec<f32>,
    /// Gain of what is behind.
    shade: Vec<f32>,
}

/// Where a shape stands: its own units to pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pose2d {
    origin: Vec2,
    turn: Mat2,
    scale: f32,
}

impl Pose2d {
    /// At `origin`, turned clockwise by `angle` radians; one unit is `scale` pixels.
    pub(crate) fn new(origin: Vec2, angle: f32, scale: f32) -> Self {
        Self { origin, turn: Mat2::from_angle(angle), scale: scale.max(1e-3) }
    }

    /// A pixel in the shape's units.
    fn local(&self, pixel: Vec2) -> Vec2 {
        self.turn.transpose() * (pixel - self.origin) / self.scale
    }

    /// A place in the shape's units in pixels.
    pub(crate) fn pixel(&self, local: Vec2) -> Vec2 {
        self.origin + self.turn * local * self.scale
    }
}

/// Towards the lamp.
const LAMP: Vec3 = Vec3::new(-0.25, -0.55, -0.80);
/// How far a shadow falls and how soft it is, in the shape's units.
const SHADOW: (Vec2, f32) = (Vec2::new(0.01, 0.035), 0.09);

impl Layer {
    /// Nothing before the face.
    pub(crate) fn new(side: usize) -> Self {
        let n = side * side;
        Self { side, rgb: vec![Vec3::ZERO; n], alpha: vec![0.0; n], shade: vec![1.0; n] }
    }

    /// Draws a body over what is there. `distance` to its edge, negative inside, in its own units; its rim bends away
    /// over the breadth `round`; `paint` gives the colour (linear) of a place. `reach`: the box that it lies in.
    pub(crate) fn body(
        &mut self,
        place: &Pose2d,
        reach: [Vec2; 2],
        round: f32,
        distance: impl Fn(Vec2) -> f32,
        paint: impl Fn(Vec2) -> Vec3,
    ) {
        let lamp = LAMP.normalize();
        let step = 0.6 / place.scale;
        self.each(place, reach, |p| {
            let d = distance(p);
            let alpha = (0.5 - d * place.scale).clamp(0.0, 1.0);
            if alpha <= 0.0 {
                return None;
            }
            let slope = Vec2::new(
                distance(p + Vec2::new(step, 0.0)) - distance(p - Vec2::new(step, 0.0)),
                distance(p + Vec2::new(0.0, step)) - distance(p - Vec2::new(0.0, step)),
            );
            let lean = (1.0 + d / round).clamp(0.0, 0.98);
            let side = place.turn * slope.normalize_or_zero() * lean;
            let normal = side.extend(-(1.0 - lean * lean).sqrt());
            let facing = ((normal.dot(lamp) + 0.35) / 1.35).max(0.0);
            Some((paint(p) * (0.30 + 0.80 * facing), alpha))
        });
    }

    /// Draws paint without any shading, `paint` giving colour and alpha.
    pub(crate) fn flat(&mut self, place: &Pose2d, reach: [Vec2; 2], paint: impl Fn(Vec2) -> (Vec3, f32)) {
        self.each(place, reach, |p| Some(paint(p)));
    }

    /// Throws the shape's soft shadow on the face, `depth` 0..=1.
    pub(crate) fn shadow(
        &mut self,
        place: &Pose2d,
        reach: [Vec2; 2],
        depth: f32,
        distance: impl Fn(Vec2) -> f32,
    ) {
        let (by, soft) = SHADOW;
        let by = place.turn.transpose() * by;
        let margin = Vec2::splat(soft + 0.05);
        let side = self.side;
        let (from, to) = bounds(place, [reach[0] - margin, reach[1] + margin], side);
        for y in from[1]..to[1] {
            for x in from[0]..to[0] {
                let p = place.local(Vec2::new(x as f32, y as f32)) - by;
                let t = (0.5 - distance(p) / soft).clamp(0.0, 1.0);
                let dark = 1.0 - depth * t * t * (3.0 - 2.0 * t);
                self.shade[y * side + x] = self.shade[y * side + x].min(dark);
            }
        }
    }

    /// A line of `width` pixels through the given pixels.
    pub(crate) fn strand(&mut self, points: &[Vec2], width: f32, colour: Vec3) {
        let side = self.side;
        for (k, pair) in points.windows(2).enumerate() {
            let (a, b) = (pair[0], pair[1]);
            // It thins out towards its end.
            let half = width * 0.5 * (1.0 - 0.6 * (k as f32 / points.len() as f32).powi(3));
            let place = Pose2d::new(Vec2::ZERO, 0.0, 1.0);
            let (from, to) = bounds(&place, [a.min(b) - 2.0, a.max(b) + 2.0], side);
            for y in from[1]..to[1] {
                for x in from[0]..to[0] {
                    let d = capsule(Vec2::new(x as f32, y as f32), a, b, half, half);
                    let alpha = (0.5 - d).clamp(0.0, 1.0);
                    self.over(y * side + x, colour, alpha);
                }
            }
        }
    }

    fn each(&mut self, place: &Pose2d, reach: [Vec2; 2], draw: impl Fn(Vec2) -> Option<(Vec3, f32)>) {
        let side = self.side;
        let (from, to) = bounds(place, reach, side);
        for y in from[1]..to[1] {
            for x in from[0]..to[0] {
                if let Some((colour, alpha)) = draw(place.local(Vec2::new(x as f32, y as f32))) {
                    self.over(y * side + x, colour, alpha);
                }
            }
        }
    }

    fn over(&mut self, i: usize, colour: Vec3, alpha: f32) {
        if alpha > 0.0 {
            let sum = alpha + self.alpha[i] * (1.0 - alpha);
            self.rgb[i] = self.rgb[i].lerp(colour, alpha / sum);
            self.alpha[i] = sum;
        }
    }

    /// Lays it over a picture in linear light.
    pub(crate) fn lay_over(&self, canvas: &mut [Vec3]) {
        for (i, out) in canvas.iter_mut().enumerate() {
            *out = (*out * self.shade[i]).lerp(self.rgb[i], self.alpha[i]);
        }
    }
}

/// First pixel and the one after the last, of a box in a shape's units.
fn bounds(place: &Pose2d, [a, b]: [Vec2; 2], side: usize) -> ([usize; 2], [usize; 2]) {
    let corners = [a, b, Vec2::new(a.x, b.y), Vec2::new(b.x, a.y)].map(|p| place.pixel(p));
    let low = corners.iter().fold(Vec2::MAX, |s, p| s.min(*p)).floor();
    let high = corners.iter().fold(Vec2::MIN, |s, p| s.max(*p)).ceil() + 1.0;
    let cut = |v: f32| v.clamp(0.0, side as f32) as usize;
    ([cut(low.x), cut(low.y)], [cut(high.x), cut(high.y)])
}

/// Distance to a body between two balls of radii `ra` and `rb`.
pub(crate) fn capsule(p: Vec2, a: Vec2, b: Vec2, ra: f32, rb: f32) -> f32 {
    let along = b - a;
    let t = ((p - a).dot(along) / along.length_squared().max(1e-9)).clamp(0.0, 1.0);
    p.distance(a + along * t) - (ra + (rb - ra) * t)
}

/// Distance to an ellipse, nearly.
pub(crate) fn ellipse(p: Vec2, half: Vec2) -> f32 {
    let k = (p / half).length();
    if k < 1e-4 { -half.min_element() } else { k * (k - 1.0) / (p / (half * half)).length() }
}

/// Distance to a box with round corners.
pub(crate) fn rounded(p: Vec2, half: Vec2, corner: f32) -> f32 {
    let d = p.abs() - half + corner;
    d.max(Vec2::ZERO).length() + d.max_element().min(0.0) - corner
}

/// The lesser of two distances, melted together over `soft`.
pub(crate) fn melt(a: f32, b: f32, soft: f32) -> f32 {
    let h = (soft - (a - b).abs()).max(0.0) / soft;
    a.min(b) - h * h * soft * 0.25
}
