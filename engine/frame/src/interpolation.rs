//! Linear interpolation between samples: along a line, and bilinear between the four round a place in a raster.
//!
//! Places are in samples, 0 the middle of the first. There are two formulas, which agree but for the last bits:
//! by differences, a + (b − a)·t, with one multiplication; and by weights, a·(1 − t) + b·t (glam's `lerp`), which gives
//! both ends exactly. Pictures keep their bits only where each place keeps to its own.

use glam::Vec2;
use std::ops::{Add, Mul, Sub};

/// What can be interpolated: numbers and vectors of them.
pub trait Sample: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<f32, Output = Self> {}

impl<T: Copy + Add<Output = T> + Sub<Output = T> + Mul<f32, Output = T>> Sample for T {}

/// A place on a line of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Between {
    /// The sample at or before it.
    pub low: usize,
    /// The sample after it.
    pub high: usize,
    /// How far it is from `low` to `high`, 0..=1.
    pub part: f32,
}

impl Between {
    /// A place on a line of `len` samples (1 or more); beyond an end the end's own sample. A NaN stays one, in `part`.
    #[inline]
    #[must_use]
    pub fn clamped(at: f32, len: usize) -> Self {
        let last = len.saturating_sub(1);
        let at = at.clamp(0.0, last as f32);
        let low = at as usize;
        Self { low, high: (low + 1).min(last), part: at - low as f32 }
    }

    /// The same on a line of 2 or more, with `high` always the sample after `low`: the last sample is the end of the way
    /// from the one before it.
    #[inline]
    #[must_use]
    pub fn in_pair(at: f32, len: usize) -> Self {
        let at = at.clamp(0.0, len.saturating_sub(1) as f32);
        let low = (at as usize).min(len.saturating_sub(2));
        Self { low, high: low + 1, part: at - low as f32 }
    }
}

/// A place in a raster of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bilinear {
    /// Across: columns.
    pub x: Between,
    /// Down: rows.
    pub y: Between,
}

impl Bilinear {
    /// A place in a raster of `width` × `height` samples (1 or more); beyond an edge the edge's own samples.
    #[inline]
    #[must_use]
    pub fn clamped(at: Vec2, [width, height]: [usize; 2]) -> Self {
        Self { x: Between::clamped(at.x, width), y: Between::clamped(at.y, height) }
    }

    /// The same with neighbours that always are one column and one row further, see [`Between::in_pair`].
    #[inline]
    #[must_use]
    pub fn in_pairs(at: Vec2, [width, height]: [usize; 2]) -> Self {
        Self { x: Between::in_pair(at.x, width), y: Between::in_pair(at.y, height) }
    }

    /// As [`Bilinear::in_pairs`]; none outside the middles of the outer samples.
    #[inline]
    #[must_use]
    pub fn inside(at: Vec2, [width, height]: [usize; 2]) -> Option<Self> {
        let last = Vec2::new(width as f32, height as f32) - 1.0;
        let inside = at.x >= 0.0 && at.y >= 0.0 && at.x <= last.x && at.y <= last.y;
        (inside && width > 1 && height > 1).then(|| Self::in_pairs(at, [width, height]))
    }

    /// The values of the four samples round it, row by row; `value` is asked for column and row.
    #[inline]
    #[must_use]
    pub fn corners<T>(self, value: impl Fn(usize, usize) -> T) -> [T; 4] {
        let (x, y) = (self.x, self.y);
        [value(x.low, y.low), value(x.high, y.low), value(x.low, y.high), value(x.high, y.high)]
    }

    /// Its place between the four.
    #[inline]
    #[must_use]
    pub fn part(self) -> Vec2 {
        Vec2::new(self.x.part, self.y.part)
    }

    /// The weights of the four; they sum to 1.
    #[inline]
    #[must_use]
    pub fn weights(self) -> [f32; 4] {
        let (x, y) = (self.x.part, self.y.part);
        [(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y]
    }
}

/// From `a` at 0 to `b` at 1, by differences.
#[inline]
fn by_differences<T: Sample>(a: T, b: T, part: f32) -> T {
    a + (b - a) * part
}

/// From `a` at 0 to `b` at 1, by weights.
#[inline]
fn by_weights<T: Sample>(a: T, b: T, part: f32) -> T {
    a * (1.0 - part) + b * part
}

/// Between four corners, row by row, by differences: across, then down.
#[inline]
#[must_use]
pub fn bilinear_by_differences<T: Sample>([a, b, c, d]: [T; 4], part: Vec2) -> T {
    by_differences(by_differences(a, b, part.x), by_differences(c, d, part.x), part.y)
}

/// Between four corners, row by row, by weights: across, then down.
#[inline]
#[must_use]
pub fn bilinear_by_weights<T: Sample>([a, b, c, d]: [T; 4], part: Vec2) -> T {
    by_weights(by_weights(a, b, part.x), by_weights(c, d, part.x), part.y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plane, which interpolation must give back.
    fn plane(x: f32, y: f32) -> f32 {
        3.0 + 2.0 * x - 5.0 * y
    }

    #[test]
    fn a_plane_stays_one_and_the_edge_goes_on() {
        let size = [5, 4];
        let value = |x: usize, y: usize| plane(x as f32, y as f32);
        for (x, y) in [(0.0, 0.0), (1.25, 2.5), (3.75, 0.5), (4.0, 3.0), (-2.0, 1.5), (9.0, 9.0), (2.5, -1.0)]
        {
            let expected = plane(f32::clamp(x, 0.0, 4.0), f32::clamp(y, 0.0, 3.0));
            for cell in [Bilinear::clamped(Vec2::new(x, y), size), Bilinear::in_pairs(Vec2::new(x, y), size)]
            {
                let corners = cell.corners(value);
                assert_eq!(bilinear_by_differences(corners, cell.part()), expected, "{x} {y}");
                assert_eq!(bilinear_by_weights(corners, cell.part()), expected, "{x} {y}");
                let sum: f32 = corners.iter().zip(cell.weights()).map(|(v, w)| v * w).sum();
                assert_eq!(sum, expected, "{x} {y}");
            }
        }
    }

    #[test]
    fn the_last_sample_is_its_own_neighbour_or_the_end_of_a_pair() {
        assert_eq!(Between::clamped(7.0, 4), Between { low: 3, high: 3, part: 0.0 });
        assert_eq!(Between::in_pair(7.0, 4), Between { low: 2, high: 3, part: 1.0 });
        assert_eq!(Between::clamped(1.25, 4), Between::in_pair(1.25, 4));
        assert_eq!(Between::clamped(0.5, 1), Between { low: 0, high: 0, part: 0.0 });
        let nothing = Between::clamped(f32::NAN, 4);
        assert!(nothing.low == 0 && nothing.part.is_nan());
    }

    #[test]
    fn inside_ends_at_the_middles_of_the_outer_samples() {
        let inside = |x: f32, y: f32| Bilinear::inside(Vec2::new(x, y), [4, 3]);
        assert_eq!(inside(3.0, 2.0), Some(Bilinear::in_pairs(Vec2::new(3.0, 2.0), [4, 3])));
        assert!(inside(0.0, 0.0).is_some());
        for (x, y) in [(-0.01, 1.0), (1.0, -0.01), (3.01, 1.0), (1.0, 2.01), (f32::NAN, 1.0)] {
            assert_eq!(inside(x, y), None, "{x} {y}");
        }
        assert_eq!(Bilinear::inside(Vec2::ZERO, [1, 3]), None, "there is no pair");
    }

    #[test]
    fn weights_give_both_ends_exactly() {
        let (a, b) = (0.1f32, 1e-9f32);
        assert_eq!([by_weights(a, b, 0.0), by_weights(a, b, 1.0)], [a, b]);
        assert_eq!(by_differences(a, b, 0.0), a);
        assert_ne!(by_differences(a, b, 1.0), b, "by differences the far end is rounded");
    }
}
