//! The mesh network's crop as the model looks at it.

use super::lanes::LANES;
use glam::{Vec2, Vec3, Vec4};
use wide::{f32x4, f32x8};

/// Encoded light added before a logarithm, so that noise in the dark stays small.
pub(super) const FLOOR: f32 = 24.0 / 255.0;
/// Luma of R'G'B' (BT.601).
const LUMA: Vec3 = Vec3::new(0.299, 0.587, 0.114);

/// A square crop, `n` pixels a side, made ready to be sampled in many places.
pub(in crate::track) struct Crop<'a> {
    n: usize,
    views: &'a Views,
}

/// A crop's pixels blurred by 1 2 1 both ways; kept from frame to frame.
#[derive(Debug, Default)]
pub(in crate::track) struct Views {
    /// R', G', B' and luma, 0..=1.
    colours: Vec<Vec4>,
    /// Logarithm of luma plus [`FLOOR`], its slopes a pixel across and down, nothing.
    tones: Vec<Vec4>,
    /// The last three rows, blurred across; a row blurred both ways; the last three rows of logarithms.
    rows: [[Vec<f32>; 3]; 3],
    smooth: [Vec<f32>; 4],
    logs: [Vec<f32>; 3],
}

/// Of four values at once; they must be above 0.
fn ln4(v: Vec4) -> Vec4 {
    Vec4::from_array(f32x4::from(v.to_array()).ln().to_array())
}

impl Views {
    /// Takes a crop in: planar R'G'B'; `n` is a multiple of eight. What lies nearer to the edge than two pixels is not
    /// defined.
    fn fill(&mut self, rgb: [&[f32]; 3], n: usize) {
        for plane in [&mut self.colours, &mut self.tones] {
            plane.resize(n * n, Vec4::ZERO);
        }
        for row in self.rows.iter_mut().flatten().chain(&mut self.smooth).chain(&mut self.logs) {
            row.resize(n, 0.0);
        }
        for y in 0..n {
            self.rows.rotate_left(1);
            let [above, middle, below] = &mut self.rows;
            for (plane, row) in rgb.iter().zip(&mut *below) {
                for (w, o) in plane[y * n..][..n].windows(3).zip(&mut row[1..]) {
                    *o = (w[0] + w[1] * 2.0 + w[2]) * 0.25;
                }
            }
            if y < 2 {
                continue;
            }
            // The row before this one can be blurred down now, and the one before that has its slopes.
            let [red, green, blue, luma] = &mut self.smooth;
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
            let colours = &mut self.colours[(y - 1) * n..][..n];
            for ((((o, r), g), b), l) in colours.iter_mut().zip(&*red).zip(&*green).zip(&*blue).zip(&*luma) {
                *o = Vec4::new(*r, *g, *b, *l);
            }
            self.logs.rotate_left(1);
            let [above, middle, below] = &mut self.logs;
            let eights = below.as_chunks_mut::<LANES>().0.iter_mut().zip(luma.as_chunks::<LANES>().0);
            for (o, luma) in eights {
                *o = (f32x8::from(*luma).max(f32x8::ZERO) + f32x8::splat(FLOOR)).ln().to_array();
            }
            if y < 4 {
                continue;
            }
            let tones = &mut self.tones[(y - 2) * n..][1..n - 1];
            let down = above.iter().zip(&*below).skip(1).map(|(a, b)| (b - a) * 0.5);
            for ((o, w), down) in tones.iter_mut().zip(middle.windows(3)).zip(down) {
                *o = Vec4::new(w[1], (w[2] - w[0]) * 0.5, down, 0.0);
            }
        }
    }
}

impl<'a> Crop<'a> {
    /// A crop of planar R'G'B', 0..=1; none where the planes are too short or the side is no multiple of eight.
    pub(in crate::track) fn new(planar: &[f32], n: usize, views: &'a mut Views) -> Option<Self> {
        let all = n * n;
        if n < 8 || !n.is_multiple_of(LANES) || planar.len() < 3 * all {
            return None;
        }
        views.fill([&planar[..all], &planar[all..2 * all], &planar[2 * all..3 * all]], n);
        Some(Self { n, views })
    }

    /// Pixels a side.
    pub(in crate::track) fn side(&self) -> f32 {
        self.n as f32
    }

    /// Between the four pixels round a place; none within three pixels of the edge.
    #[inline]
    fn mix(&self, plane: &[Vec4], at: Vec2) -> Option<Vec4> {
        let last = self.n as f32 - 4.0;
        if !(at.x >= 3.0 && at.y >= 3.0 && at.x < last && at.y < last) {
            return None;
        }
        let (x, y) = (at.x as usize, at.y as usize);
        let part = at - Vec2::new(x as f32, y as f32);
        let upper = plane.get(y * self.n + x..)?;
        let (upper, lower) = (upper.get(..2)?, upper.get(self.n..self.n + 2)?);
        let above = upper[0] + (upper[1] - upper[0]) * part.x;
        let below = lower[0] + (lower[1] - lower[0]) * part.x;
        Some(above + (below - above) * part.y)
    }

    /// Logarithm of the encoded colour and of luma, each plus [`FLOOR`]; none near the crop's edge.
    pub(super) fn colour(&self, at: Vec2) -> Option<Vec4> {
        Some(ln4(self.mix(&self.views.colours, at)?.max(Vec4::ZERO) + FLOOR))
    }

    /// Logarithm of luma and its slopes a pixel, across and down, at eight places, and 1 where they lie in the crop; near its
    /// edge, what is nearest.
    #[inline]
    pub(super) fn tones(&self, x: f32x8, y: f32x8) -> ([f32x8; 3], f32x8) {
        let (first, last) = (f32x8::splat(3.0), f32x8::splat(self.n as f32 - 4.0));
        let inside = x.simd_ge(first) & y.simd_ge(first) & x.simd_lt(last) & y.simd_lt(last);
        // So that a place that is no number has one too.
        let at = |v: f32x8| (inside.select(v, first), inside.select(v, first).trunc_int());
        let ((x, column), (y, row)) = (at(x), at(y));
        let [part_x, part_y] = [x - x.trunc(), y - y.trunc()].map(f32x8::to_array);
        let (column, row) = (column.to_array(), row.to_array());
        let mut out = [[0.0; 8]; 3];
        for k in 0..8 {
            let start = row[k] as usize * self.n + column[k] as usize;
            let pixels = |from: usize| self.views.tones.get(from..from + 2);
            let (Some(upper), Some(lower)) = (pixels(start), pixels(start + self.n)) else { continue };
            let above = upper[0] + (upper[1] - upper[0]) * part_x[k];
            let below = lower[0] + (lower[1] - lower[0]) * part_x[k];
            let tone = above + (below - above) * part_y[k];
            (out[0][k], out[1][k], out[2][k]) = (tone.x, tone.y, tone.z);
        }
        (out.map(f32x8::from), inside.select(f32x8::ONE, f32x8::ZERO))
    }

    /// Logarithm of luma; none near the crop's edge.
    #[inline]
    pub(super) fn tone(&self, at: Vec2) -> Option<f32> {
        Some(self.mix(&self.views.tones, at)?.x)
    }
}
