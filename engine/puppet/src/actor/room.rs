//! The room behind the actor, out of focus: painted once from soft shapes.

use super::chance::unit;
use glam::{Vec2, Vec3};
use omote_frame::interpolation::{Between, Bilinear, bilinear_by_weights};

/// Painted at most this high and enlarged: nothing in it is sharp.
const PAINTED_HEIGHT: u32 = 270;

/// The room's pixels, R'G'B' codes.
pub(super) struct Room {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixels: Vec<[u8; 3]>,
}

/// A soft shape in heights of the picture from the middle of its top edge.
struct Shape {
    at: Vec2,
    half: Vec2,
    /// How round the corners are, and how wide the edge is.
    corner: f32,
    blur: f32,
    colour: Vec3,
    strength: f32,
}

impl Shape {
    fn weight(&self, p: Vec2) -> f32 {
        let d = (p - self.at).abs() - self.half + self.corner;
        let out = d.max(Vec2::ZERO).length() + d.max_element().min(0.0) - self.corner;
        let t = (0.5 - out / self.blur).clamp(0.0, 1.0);
        self.strength * t * t * (3.0 - 2.0 * t)
    }
}

fn rgb(r: u8, g: u8, b: u8) -> Vec3 {
    Vec3::new(f32::from(r), f32::from(g), f32::from(b)) / 255.0
}

/// Glows, shelf, books, lamp and plant. `side`: half the picture's width in its heights.
fn shapes(seed: u64, side: f32) -> Vec<Shape> {
    let wide = side.clamp(0.5, 1.2);
    let soft = |at: (f32, f32), half: (f32, f32), corner: f32, blur: f32, colour: Vec3, strength: f32| {
        Shape { at: Vec2::new(at.0, at.1), half: Vec2::new(half.0, half.1), corner, blur, colour, strength }
    };
    let mut out = vec![
        // Daylight from a window at the left, and the window itself.
        soft((-wide, 0.30), (0.55, 0.55), 0.5, 0.75, rgb(150, 172, 182), 0.55),
        soft((-wide * 0.93, 0.30), (0.20, 0.30), 0.02, 0.10, rgb(206, 220, 226), 0.80),
        soft((-wide * 0.93, 0.30), (0.012, 0.30), 0.01, 0.05, rgb(120, 128, 130), 0.55),
        soft((-wide * 0.93, 0.27), (0.20, 0.012), 0.01, 0.05, rgb(120, 128, 130), 0.55),
        // The lamp's glow on the wall.
        soft((wide * 0.78, 0.34), (0.25, 0.25), 0.25, 0.65, rgb(226, 176, 116), 0.55),
        // A board with books.
        soft((wide * 0.80, 0.735), (0.42, 0.018), 0.01, 0.05, rgb(58, 42, 32), 0.9),
    ];
    let paints = [
        rgb(134, 62, 52),
        rgb(196, 168, 120),
        rgb(58, 84, 92),
        rgb(96, 108, 78),
        rgb(176, 124, 72),
        rgb(70, 62, 84),
        rgb(150, 142, 130),
    ];
    let mut x = wide * 0.80 - 0.37;
    for k in 0..9 {
        let chance = |c: u64| unit(seed ^ 0x0b00c, k * 8 + c);
        let (half, high) = (0.020 + 0.016 * chance(1), 0.07 + 0.05 * chance(2));
        let colour = paints[(chance(3) * paints.len() as f32) as usize % paints.len()];
        out.push(soft((x + half, 0.72 - high), (half, high), 0.008, 0.035, colour, 0.85));
        x += 2.0 * half + 0.008;
    }
    // The lamp: foot and shade.
    out.push(soft((wide * 0.92, 0.60), (0.010, 0.11), 0.01, 0.035, rgb(90, 72, 54), 0.9));
    out.push(soft((wide * 0.92, 0.42), (0.095, 0.08), 0.03, 0.06, rgb(250, 218, 168), 0.95));
    // Leaves low at the left.
    for k in 0..16 {
        let chance = |c: u64| unit(seed ^ 0x1eaf, k * 8 + c);
        let at = (-wide * 0.72 + 0.36 * (chance(1) - 0.5), 0.80 + 0.26 * (chance(2) - 0.5));
        let green = rgb(52, 84, 58).lerp(rgb(98, 128, 84), chance(3));
        let leaf = 0.024 + 0.022 * chance(4);
        out.push(soft(at, (leaf, leaf * (1.2 + 0.6 * chance(5))), leaf, 0.05, green, 0.7));
    }
    // Far lights, as a lens draws them.
    for k in 0..5 {
        let chance = |c: u64| unit(seed ^ 0xb0ce, k * 8 + c);
        let at = (wide * (0.38 + 0.5 * chance(1)), 0.06 + 0.16 * chance(2));
        let r = 0.018 + 0.016 * chance(3);
        out.push(soft(at, (r, r), r, 0.014, rgb(255, 222, 170), 0.30 + 0.3 * chance(4)));
    }
    out
}

impl Room {
    pub(super) fn new(seed: u64, width: u32, height: u32) -> Self {
        let rows = height.min(PAINTED_HEIGHT);
        let columns = (f64::from(width) * f64::from(rows) / f64::from(height)).ceil().max(2.0) as u32;
        let side = width as f32 / height as f32 * 0.5;
        let shapes = shapes(seed, side);
        let small: Vec<Vec3> = (0..rows * columns)
            .map(|i| {
                let at = |v: u32, n: u32| (v as f32 + 0.5) / n as f32;
                let p = Vec2::new((at(i % columns, columns) - 0.5) * 2.0 * side, at(i / columns, rows));
                let wall = rgb(104, 118, 120).lerp(rgb(62, 70, 74), p.y * 0.9);
                let lit = shapes.iter().fold(wall, |under, s| under.lerp(s.colour, s.weight(p)));
                let edge = Vec2::new(p.x / side.max(0.3), (p.y - 0.5) * 2.0).length();
                lit * (1.0 - 0.22 * ((edge - 0.5) / 0.9).clamp(0.0, 1.0).powi(2))
            })
            .collect();
        let place = |v: u32, n: u32, m: u32| {
            Between::clamped((v as f32 + 0.5) * m as f32 / n as f32 - 0.5, m as usize)
        };
        let mut pixels = Vec::with_capacity(width as usize * height as usize);
        let stride = columns as usize;
        for y in 0..height {
            let y = place(y, height, rows);
            for x in 0..width {
                let cell = Bilinear { x: place(x, width, columns), y };
                let corners = cell.corners(|x, y| small[y * stride + x]);
                let v = bilinear_by_weights(corners, cell.part()) * 255.0 + 0.5;
                pixels.push(v.to_array().map(|v| v as u8));
            }
        }
        Self { width, height, pixels }
    }
}
