//! The mesh network's crop as the model looks at it.

use super::simd::LANES;
use crate::frame::interpolation::bilinear_by_differences;
use crate::space::{Outline, goes_round};
use glam::{USizeVec2, Vec2, Vec3, Vec4};
use multiversion::multiversion;
use std::ops::Range;
use wide::{f32x4, f32x8, i32x4};

/// Encoded light added before a logarithm, so that noise in the dark stays small. It is the unit of everything that is
/// learned, so no tuning. How it was found is not recorded (5ea9f89).
pub(super) const FLOOR: f32 = 24.0 / 255.0;
/// Luma of R'G'B' (BT.601).
const LUMA: Vec3 = Vec3::new(0.299, 0.587, 0.114);

/// The faces near the one that is followed.
#[derive(Debug, Clone, Default)]
pub(in crate::track) struct OtherFaces {
    /// Crop pixels.
    pub(in crate::track) outlines: Vec<Outline>,
    /// Whether what lies within them is taken to be hidden by them.
    pub(in crate::track) are_in_front: bool,
}

/// A square crop, `n` pixels a side, made ready to be sampled in many places of a part of it.
pub(in crate::track) struct Crop<'a> {
    n: usize,
    /// Places from the first to before the last can be sampled.
    first: Vec2,
    last: Vec2,
    planes: &'a CropPlanes,
    others: OtherFaces,
}

/// Pixels round the points of a mesh that are made ready too; those beyond count as not seen. How it was found is not
/// recorded (afe2003).
const ROUND: f32 = 14.0;
/// Pixels at a part's edge that can't be sampled.
const EDGE: usize = 3;

/// A part of a crop: whole [`LANES`] of columns.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    columns: Range<usize>,
    rows: Range<usize>,
}

impl Part {
    /// What is needed to sample the crop round the mesh's points (crop pixels); all of it where they are none.
    fn round(mesh: &[Vec2], n: usize) -> Self {
        let (low, high) = mesh
            .iter()
            .fold((Vec2::INFINITY, Vec2::NEG_INFINITY), |(low, high), p| (low.min(*p), high.max(*p)));
        // Of a float that is out of range, or none, `as` makes the nearest integer, or 0.
        let from = |v: f32| ((v - ROUND) as usize).saturating_sub(EDGE);
        let to = |v: f32| ((v + ROUND) as usize).saturating_add(EDGE + 1).min(n);
        let columns = from(low.x) / LANES * LANES..to(high.x).next_multiple_of(LANES);
        let rows = from(low.y)..to(high.y);
        let least = 2 * EDGE + 1;
        if columns.len() < least || rows.len() < least {
            Self { columns: 0..n, rows: 0..n }
        } else {
            Self { columns, rows }
        }
    }
}

/// A crop's pixels blurred by 1 2 1 both ways; kept from frame to frame.
#[derive(Debug, Default)]
pub(in crate::track) struct CropPlanes {
    /// R', G', B' and luma, 0..=1.
    colours: Vec<Vec4>,
    /// Logarithm of luma plus [`FLOOR`], its slopes a pixel across and down, nothing.
    tones: Vec<Vec4>,
    /// The last three rows, blurred across; a row blurred both ways; the last three rows of logarithms.
    rows: [[Vec<f32>; 3]; 3],
    smooth: [Vec<f32>; 4],
    logs: [Vec<f32>; 3],
}

/// Bits of the root of 1/2.
const ROOT_OF_HALF: u32 = 0x3f35_04f3;

/// Natural logarithm of a normal number above 0, within 2e-6 of its own size or of 1: the series of the inverse hyperbolic
/// tangent to the fifth power, for a mantissa between the roots of 1/2 and 2. Without branches, for many at once.
#[inline(always)]
fn ln(v: f32) -> f32 {
    let exponent = v.to_bits().wrapping_sub(ROOT_OF_HALF) as i32 >> 23;
    let mantissa = f32::from_bits(v.to_bits().wrapping_sub((exponent as u32) << 23));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    exponent as f32 * std::f32::consts::LN_2 + 2.0 * s * (1.0 + square * (1.0 / 3.0 + square * 0.2))
}

/// [`ln`] of four numbers at once.
#[inline(always)]
fn ln_of_four(v: Vec4) -> Vec4 {
    let bits: i32x4 = bytemuck::cast(v.to_array());
    let exponent = (bits - i32x4::splat(ROOT_OF_HALF as i32)) >> 23_i32;
    let mantissa: f32x4 = bytemuck::cast(bits - (exponent << 23_i32));
    let s = (mantissa - f32x4::ONE) / (mantissa + f32x4::ONE);
    let square = s * s;
    let series = f32x4::ONE + square * (f32x4::splat(1.0 / 3.0) + square * f32x4::splat(0.2));
    let sum = exponent.round_float() * f32x4::splat(std::f32::consts::LN_2) + f32x4::splat(2.0) * s * series;
    Vec4::from_array(sum.to_array())
}

/// Takes a part of a crop in: planar R'G'B' with `n` pixels a row. What lies nearer to the part's edge than two pixels is
/// not defined.
#[multiversion(targets("x86_64+avx2"))]
fn fill_planes(planes: &mut CropPlanes, rgb: [&[f32]; 3], n: usize, part: &Part) {
    let Part { columns, rows } = part;
    let (first, width) = (columns.start, columns.len());
    for plane in [&mut planes.colours, &mut planes.tones] {
        plane.resize(n * n, Vec4::ZERO);
    }
    for row in planes.rows.iter_mut().flatten().chain(&mut planes.smooth).chain(&mut planes.logs) {
        row.resize(width, 0.0);
    }
    for y in rows.clone() {
        planes.rows.rotate_left(1);
        let [above, middle, below] = &mut planes.rows;
        for (plane, row) in rgb.iter().zip(&mut *below) {
            for (w, o) in plane[y * n + first..][..width].windows(3).zip(&mut row[1..]) {
                *o = (w[0] + w[1] * 2.0 + w[2]) * 0.25;
            }
        }
        if y < rows.start + 2 {
            continue;
        }
        // The row before this one can be blurred down now, and the one before that has its slopes.
        let [red, green, blue, luma] = &mut planes.smooth;
        for ((o, above), (middle, below)) in
            [&mut *red, &mut *green, &mut *blue].into_iter().zip(&*above).zip(middle.iter().zip(&*below))
        {
            for (((o, a), m), b) in o.iter_mut().zip(above).zip(middle).zip(below) {
                *o = (a + m * 2.0 + b) * 0.25;
            }
        }
        for (((o, r), g), b) in luma.iter_mut().zip(&*red).zip(&*green).zip(&*blue) {
            *o = r * LUMA.x + g * LUMA.y + b * LUMA.z;
        }
        let colours = &mut planes.colours[(y - 1) * n + first..][..width];
        for ((((o, r), g), b), l) in colours.iter_mut().zip(&*red).zip(&*green).zip(&*blue).zip(&*luma) {
            *o = Vec4::new(*r, *g, *b, *l);
        }
        planes.logs.rotate_left(1);
        let [above, middle, below] = &mut planes.logs;
        for (o, luma) in below.iter_mut().zip(&*luma) {
            *o = ln(luma.max(0.0) + FLOOR);
        }
        if y < rows.start + 4 {
            continue;
        }
        let tones = &mut planes.tones[(y - 2) * n + first..][1..width - 1];
        let down = above.iter().zip(&*below).skip(1).map(|(a, b)| (b - a) * 0.5);
        for ((o, w), down) in tones.iter_mut().zip(middle.windows(3)).zip(down) {
            *o = Vec4::new(w[1], (w[2] - w[0]) * 0.5, down, 0.0);
        }
    }
}

impl<'a> Crop<'a> {
    /// A crop of planar R'G'B', 0..=1, to be sampled round the mesh's points (crop pixels); anywhere where there are none.
    /// None where the planes are too short or the side is no multiple of eight.
    pub(in crate::track) fn new(
        planar: &[f32],
        n: usize,
        mesh: &[Vec2],
        planes: &'a mut CropPlanes,
    ) -> Option<Self> {
        let all = n * n;
        if n < 8 || !n.is_multiple_of(LANES) || planar.len() < 3 * all {
            return None;
        }
        let part = Part::round(mesh, n);
        fill_planes(planes, [&planar[..all], &planar[all..2 * all], &planar[2 * all..3 * all]], n, &part);
        let Part { columns, rows } = part;
        let first = USizeVec2::new(columns.start, rows.start).as_vec2() + EDGE as f32;
        let last = USizeVec2::new(columns.end, rows.end).as_vec2() - (EDGE + 1) as f32;
        Some(Self { n, first, last, planes, others: OtherFaces::default() })
    }

    /// The same with other faces near by.
    pub(in crate::track) fn with_others(self, others: OtherFaces) -> Self {
        Self { others, ..self }
    }

    /// Whether a place is taken to be hidden by another face.
    pub(super) fn is_occluded(&self, at: Vec2) -> bool {
        self.others.are_in_front && self.is_within_another(at)
    }

    /// Whether another face's outline goes round a place.
    pub(super) fn is_within_another(&self, at: Vec2) -> bool {
        self.others.outlines.iter().any(|outline| goes_round(outline, at))
    }

    /// Pixels a side.
    pub(in crate::track) fn side(&self) -> f32 {
        self.n as f32
    }

    /// Between the four pixels round a place; none beyond the part that was made ready.
    #[inline]
    fn bilinear(&self, plane: &[Vec4], at: Vec2) -> Option<Vec4> {
        if !(at.cmpge(self.first).all() && at.cmplt(self.last).all()) {
            return None;
        }
        let (x, y) = (at.x as usize, at.y as usize);
        let part = at - Vec2::new(x as f32, y as f32);
        let upper = plane.get(y * self.n + x..)?;
        let (upper, lower) = (upper.get(..2)?, upper.get(self.n..self.n + 2)?);
        Some(bilinear_by_differences([upper[0], upper[1], lower[0], lower[1]], part))
    }

    /// Logarithm of the encoded colour and of luma, each plus [`FLOOR`]; none beyond what was made ready.
    pub(super) fn colour(&self, at: Vec2) -> Option<Vec4> {
        Some(ln_of_four(self.bilinear(&self.planes.colours, at)?.max(Vec4::ZERO) + FLOOR))
    }

    /// Logarithm of luma and its slopes a pixel, across and down, at eight places, and 1 where they lie in what was made ready;
    /// what the others give is not theirs.
    #[inline]
    pub(super) fn tones(&self, x: f32x8, y: f32x8) -> ([f32x8; 3], f32x8) {
        let within =
            |v: f32x8, first: f32, last: f32| v.simd_ge(f32x8::splat(first)) & v.simd_lt(f32x8::splat(last));
        let inside = within(x, self.first.x, self.last.x) & within(y, self.first.y, self.last.y);
        // So that a place that is no number has one too.
        let or_first = |v: f32x8, first: f32| inside.select(v, f32x8::splat(first));
        let (x, y) = (or_first(x, self.first.x), or_first(y, self.first.y));
        let (column, row) = (x.trunc_int(), y.trunc_int());
        let [part_x, part_y] = [x - x.trunc(), y - y.trunc()].map(f32x8::to_array);
        let (column, row) = (column.to_array(), row.to_array());
        let mut out = [[0.0; 8]; 3];
        for k in 0..8 {
            let start = row[k] as usize * self.n + column[k] as usize;
            let pixels = |from: usize| self.planes.tones.get(from..from + 2);
            let (Some(upper), Some(lower)) = (pixels(start), pixels(start + self.n)) else { continue };
            let part = Vec2::new(part_x[k], part_y[k]);
            let tone = bilinear_by_differences([upper[0], upper[1], lower[0], lower[1]], part);
            (out[0][k], out[1][k], out[2][k]) = (tone.x, tone.y, tone.z);
        }
        (out.map(f32x8::from), inside.select(f32x8::ONE, f32x8::ZERO))
    }

    /// Logarithm of luma; none beyond what was made ready.
    #[inline]
    pub(super) fn tone(&self, at: Vec2) -> Option<f32> {
        Some(self.bilinear(&self.planes.tones, at)?.x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_standard_library() {
        let values = (0..4000).map(|k| FLOOR * 1.002f32.powi(k - 1000));
        for v in values.chain([0.5f32.sqrt(), 1.0, 2f32.sqrt(), 2.0]) {
            let (own, exact) = (f64::from(ln(v)), f64::from(v).ln());
            assert!((own - exact).abs() <= 2e-6 * exact.abs().max(1.0), "{v}: {own} for {exact}");
            assert_eq!(ln_of_four(Vec4::new(v, 1.0, v, v)), Vec4::new(v, 1.0, v, v).map(ln), "{v}");
        }
    }
}
