//! The canvas: a square of texels, each with its paint and its relief, at twice the size of the picture.

use std::sync::LazyLock;

use glam::{Vec2, Vec3};
use omote_frame::space::bounds;

use super::anatomy;

/// The substance of a stroke.
#[derive(Clone, Copy)]
pub(super) struct Material {
    /// Colour, linear light.
    pub(super) colour: Vec3,
    /// How much lacquer sheen it has, 0..=1.
    pub(super) gloss: f32,
    /// How much of it is metal (leaf or powder), 0..=1.
    pub(super) metal: f32,
}

impl Material {
    /// A pigment of colour `hex` (`0xRRGGBB`, sRGB) with `gloss`.
    pub(super) fn paint(hex: u32, gloss: f32) -> Self {
        Self { colour: srgb(hex), gloss, metal: 0.0 }
    }

    /// Metal leaf of colour `hex` (`0xRRGGBB`, sRGB).
    pub(super) fn leaf(hex: u32) -> Self {
        Self { colour: srgb(hex), gloss: 0.6, metal: 1.0 }
    }
}

/// One texel of the canvas.
#[derive(Clone, Copy, Default)]
pub(super) struct Texel {
    /// Colour of the paint, linear light.
    pub(super) colour: Vec3,
    /// Height of paint or carving over the mask's form, in UV units.
    pub(super) relief: f32,
    /// Lacquer sheen, 0..=1.
    pub(super) gloss: f32,
    /// Metal, 0..=1.
    pub(super) metal: f32,
}

impl Texel {
    /// Covers the texel with `material`; `cover` 0..=1.
    pub(super) fn coat(&mut self, material: &Material, cover: f32) {
        self.colour = self.colour.lerp(material.colour, cover);
        self.gloss += (material.gloss - self.gloss) * cover;
        self.metal += (material.metal - self.metal) * cover;
    }

    /// Puts a transparent glaze of `tint` (linear, 1 = clear) over the paint; `amount` 0..=1.
    pub(super) fn glaze(&mut self, tint: Vec3, amount: f32) {
        self.colour *= Vec3::ONE.lerp(tint, amount);
    }
}

/// Linear light of each sRGB byte.
static LINEAR: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|i| omote_frame::srgb::decode(i as f32 / 255.0)));

/// Colour of an sRGB `0xRRGGBB` number in linear light. Cheap enough to be called for each texel.
pub(super) fn srgb(hex: u32) -> Vec3 {
    let [_, r, g, b] = hex.to_be_bytes().map(|byte| LINEAR[usize::from(byte)]);
    Vec3::new(r, g, b)
}

/// A rectangle of UV space.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// Least corner.
    pub(super) min: Vec2,
    /// Greatest corner.
    pub(super) max: Vec2,
}

impl Bounds {
    /// The smallest rectangle round `points`, grown by `margin`.
    pub(super) fn from_points(points: &[Vec2], margin: f32) -> Self {
        let (min, max) = bounds(points.iter().copied());
        Self { min: min - margin, max: max + margin }
    }
}

/// A range of texels: columns `x0..x1`, rows `y0..y1`.
#[derive(Clone, Copy)]
pub(super) struct TexelRange {
    pub(super) x0: usize,
    pub(super) x1: usize,
    pub(super) y0: usize,
    pub(super) y1: usize,
}

/// The canvas.
///
/// Only the part that a face can show is worked on: the oval, 18 % wider. The rest of the picture repeats its
/// rim.
pub(super) struct Canvas {
    side: usize,
    texels: Vec<Texel>,
    /// First texel and end of the worked part of each row.
    reach: Vec<(usize, usize)>,
}

impl Canvas {
    /// Texels per picture pixel along each axis.
    pub(super) const OVERSAMPLE: usize = 2;

    /// A bare canvas for a picture of `size` pixels a side.
    pub(super) fn new(size: u32) -> Self {
        let side = size.max(1) as usize * Self::OVERSAMPLE;
        let middle = Vec2::splat(0.5);
        let rim = anatomy::oval().map(|p| middle + (p - middle) * 1.18);
        // Whole pixels, so that no pixel is half painted.
        let reach = (0..side).map(|row| {
            let v = ((row / 2 * 2) as f32 + 1.0) / side as f32;
            let across = rim.crossings(v);
            let first = across.iter().copied().fold(f32::MAX, f32::min);
            let last = across.iter().copied().fold(f32::MIN, f32::max);
            if first >= last {
                return (0, 0);
            }
            let texel = |u: f32| (u.clamp(0.0, 1.0) * side as f32) as usize / 2 * 2;
            (texel(first), (texel(last) + 2).min(side))
        });
        Self { side, texels: vec![Texel::default(); side * side], reach: reach.collect() }
    }

    /// First texel and end of the part of a row that is worked on.
    pub(super) fn reach(&self, row: usize) -> (usize, usize) {
        self.reach.get(row).copied().unwrap_or((0, 0))
    }

    /// Whether `p` lies in the part that is worked on.
    pub(super) fn works_on(&self, p: Vec2) -> bool {
        let (first, end) = self.reach((p.y * self.side as f32) as usize);
        (first as f32..end as f32).contains(&(p.x * self.side as f32))
    }

    /// Texels a side.
    pub(super) fn side(&self) -> usize {
        self.side
    }

    /// A texel's width in UV units.
    pub(super) fn texel(&self) -> f32 {
        1.0 / self.side as f32
    }

    /// All texels, row by row.
    pub(super) fn texels(&self) -> &[Texel] {
        &self.texels
    }

    /// A texel to change.
    pub(super) fn texel_mut(&mut self, x: usize, y: usize) -> &mut Texel {
        &mut self.texels[y * self.side + x]
    }

    /// Centre of a texel in UV.
    pub(super) fn uv(&self, x: usize, y: usize) -> Vec2 {
        Vec2::new(x as f32 + 0.5, y as f32 + 0.5) * self.texel()
    }

    /// The texels whose centres may lie in `bounds`.
    pub(super) fn span(&self, bounds: Bounds) -> TexelRange {
        let edge = |v: f32| (v * self.side as f32).clamp(0.0, self.side as f32) as usize;
        let (x0, y0) = (edge(bounds.min.x), edge(bounds.min.y));
        let (x1, y1) = (edge(bounds.max.x).saturating_add(1), edge(bounds.max.y).saturating_add(1));
        TexelRange { x0, x1: x1.min(self.side), y0, y1: y1.min(self.side) }
    }

    /// Runs `f` with position and texel over the whole canvas, on all cores.
    pub(super) fn each(&mut self, f: impl Fn(Vec2, &mut Texel) + Sync) {
        self.within(Bounds { min: Vec2::ZERO, max: Vec2::ONE }, f);
    }

    /// Runs `f` with position and texel over `bounds`, on all cores.
    pub(super) fn within(&mut self, bounds: Bounds, f: impl Fn(Vec2, &mut Texel) + Sync) {
        let unit = self.texel();
        self.rows(bounds, |v, u, texels| {
            for (i, texel) in texels.iter_mut().enumerate() {
                f(Vec2::new(u + i as f32 * unit, v), texel);
            }
        });
    }

    /// Runs `f` with the `v` of each row in `bounds`, the `u` of its first texel, and its texels, on all
    /// cores.
    pub(super) fn rows(&mut self, bounds: Bounds, f: impl Fn(f32, f32, &mut [Texel]) + Sync) {
        let (span, side, unit) = (self.span(bounds), self.side, self.texel());
        if span.x1 <= span.x0 || span.y1 <= span.y0 {
            return;
        }
        // A thread costs more than it saves on a small piece.
        let cores = if (span.x1 - span.x0) * (span.y1 - span.y0) < 1 << 15 { 1 } else { cores() };
        let reach = &self.reach;
        in_bands_on(cores, &mut self.texels[span.y0 * side..span.y1 * side], side, |row, line| {
            let v = ((row + span.y0) as f32 + 0.5) * unit;
            let (first, end) = reach[row + span.y0];
            let (first, end) = (first.max(span.x0), end.min(span.x1));
            if first < end {
                f(v, (first as f32 + 0.5) * unit, &mut line[first..end]);
            }
        });
    }
}

/// Cores to paint with.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get()).min(8)
}

/// Calls `f(row number, row)` for each row of `width` values, on all cores.
pub(super) fn in_bands<T: Send>(values: &mut [T], width: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    in_bands_on(cores(), values, width, f);
}

fn in_bands_on<T: Send>(cores: usize, values: &mut [T], width: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    let rows_a_band = (values.len() / width.max(1)).div_ceil(cores.max(1)).max(1);
    let run = |first: usize, band: &mut [T]| {
        for (i, line) in band.chunks_exact_mut(width).enumerate() {
            f(first + i, line);
        }
    };
    if cores <= 1 {
        return run(0, values);
    }
    std::thread::scope(|scope| {
        for (i, band) in values.chunks_mut(rows_a_band * width).enumerate() {
            let run = &run;
            scope.spawn(move || run(i * rows_a_band, band));
        }
    });
}
