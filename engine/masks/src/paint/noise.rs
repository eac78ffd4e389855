//! Deterministic noise: the irregularity that tells a hand-made thing from a drawn one.

use glam::{IVec2, Vec2};
use omote_frame::interpolation::{Bilinear, Sample, bilinear_by_differences, bilinear_by_weights};

/// Well-mixed 32 bits for a lattice point.
fn hash(cell: IVec2, seed: u32) -> u32 {
    let mut h = (cell.x as u32).wrapping_mul(0x9E37_79B1)
        ^ (cell.y as u32).wrapping_mul(0x85EB_CA77)
        ^ seed.wrapping_mul(0xC2B2_AE3D);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    h = h.wrapping_mul(0x297A_2D39);
    h ^ (h >> 15)
}

/// The lattice point at or before `p` and the rest. (Rounding by hand: `floor` is a call on plain x86-64.)
fn lattice(p: Vec2) -> (IVec2, Vec2) {
    let cut = p.as_ivec2();
    let cell = cut - IVec2::new((p.x < cut.x as f32) as i32, (p.y < cut.y as f32) as i32);
    (cell, p - cell.as_vec2())
}

/// A number in 0..1 for a lattice point.
pub(super) fn unit(x: i32, y: i32, seed: u32) -> f32 {
    (hash(IVec2::new(x, y), seed) >> 8) as f32 / 16_777_216.0
}

/// Smooth value noise, -1..1, one feature per unit of `p`.
pub(super) fn value(p: Vec2, seed: u32) -> f32 {
    let (cell, f) = lattice(p);
    let s = f * f * (Vec2::splat(3.0) - 2.0 * f);
    let IVec2 { x, y } = cell;
    let corners = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)].map(|(x, y)| unit(x, y, seed));
    2.0 * bilinear_by_weights(corners, s) - 1.0
}

/// Sum of `octaves` value noises, each twice as fine and half as strong as the one before; about -1..1.
pub(super) fn fbm(p: Vec2, octaves: u32, seed: u32) -> f32 {
    let (mut sum, mut amplitude, mut q) = (0.0, 0.55, p);
    for octave in 0..octaves {
        sum += amplitude * value(q, seed.wrapping_add(octave * 101));
        amplitude *= 0.5;
        // A turn between the octaves hides the lattice.
        q = Vec2::new(1.6 * q.x - 1.2 * q.y, 1.2 * q.x + 1.6 * q.y);
    }
    sum
}

/// Distance from `p` to the nearest border between two Voronoi cells of about unit size.
pub(super) fn cell_border(p: Vec2, seed: u32) -> f32 {
    let (base, _) = lattice(p);
    let (mut best, mut second) = ((f32::MAX, Vec2::ZERO), (f32::MAX, Vec2::ZERO));
    for dy in -1..=1 {
        for dx in -1..=1 {
            let cell = base + IVec2::new(dx, dy);
            let h = hash(cell, seed);
            let jitter = Vec2::new((h & 0xFFFF) as f32, (h >> 16) as f32) / 65_536.0;
            let point = cell.as_vec2() + jitter;
            let d = point.distance_squared(p);
            if d < best.0 {
                second = best;
                best = (d, point);
            } else if d < second.0 {
                second = (d, point);
            }
        }
    }
    let apart = best.1.distance(second.1).max(1e-4);
    (second.0 - best.0) / (2.0 * apart)
}

/// A function of UV sampled on a square grid once, then read by bilinear interpolation: for fields that are
/// smoother than the canvas.
pub(super) struct Field<T = f32> {
    side: usize,
    values: Vec<T>,
}

impl<T> Field<T>
where
    T: Sample + Default + Send,
{
    /// Samples `f` on `side` x `side` points that span the unit square.
    pub(super) fn bake(side: usize, f: impl Fn(Vec2) -> T + Sync) -> Self {
        let side = side.max(2);
        let step = 1.0 / (side - 1) as f32;
        let mut values = vec![T::default(); side * side];
        super::canvas::in_bands(&mut values, side, |row, line| {
            for (column, value) in line.iter_mut().enumerate() {
                *value = f(Vec2::new(column as f32, row as f32) * step);
            }
        });
        Self { side, values }
    }

    /// The value at `p`; outside the unit square the border's value.
    pub(super) fn at(&self, p: Vec2) -> T {
        let last = (self.side - 1) as f32;
        // A thousandth short of the border: masks keep their bits.
        let q = (p * last).clamp(Vec2::ZERO, Vec2::splat(last - 1e-3));
        let cell = Bilinear::in_pairs(q, [self.side; 2]);
        let i = cell.y.low * self.side + cell.x.low;
        let (top, bottom) = (&self.values[i..i + 2], &self.values[i + self.side..i + self.side + 2]);
        bilinear_by_differences([top[0], top[1], bottom[0], bottom[1]], cell.part())
    }
}

/// A small block of fine noise that repeats: grain at a few nanoseconds a texel.
pub(super) struct Grain {
    values: Vec<f32>,
}

impl Grain {
    const SIDE: usize = 256;

    /// Grain of two octaves, -1..1.
    pub(super) fn new(seed: u32) -> Self {
        let mut values = vec![0.0; Self::SIDE * Self::SIDE];
        for (i, v) in values.iter_mut().enumerate() {
            let (x, y) = ((i % Self::SIDE) as i32, (i / Self::SIDE) as i32);
            // Whole lattice points only, so that the block tiles without a seam.
            let coarse = unit(x / 2, y / 2, seed) - 0.5;
            *v = 0.8 * coarse + 1.2 * (unit(x, y, seed ^ 0x77) - 0.5);
        }
        Self { values }
    }

    /// The grain at `p`, with `density` grains per unit along each axis.
    pub(super) fn at(&self, p: Vec2, density: Vec2) -> f32 {
        let (cell, f) = lattice(p * density);
        let mask = Self::SIDE - 1;
        let (x, y) = (cell.x as usize & mask, cell.y as usize & mask);
        let (x1, y1) = ((x + 1) & mask, (y + 1) & mask);
        let corners = [(x, y), (x1, y), (x, y1), (x1, y1)].map(|(x, y)| self.values[y * Self::SIDE + x]);
        bilinear_by_differences(corners, f)
    }
}
