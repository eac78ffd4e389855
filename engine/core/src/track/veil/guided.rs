//! A matte's guided upsampling: in each neighbourhood the matte as a linear function of the picture's colours, so that at the
//! picture's own resolution its edges lie where the colours' do.
//!
//! He, Sun, Tang: Guided Image Filtering, IEEE Transactions on Pattern Analysis 35, 2013, with a colour guide; the
//! coefficients are worked out at the matte's resolution, as in their Fast Guided Filter (2015). Each cell counts by a
//! weight, so that what the network does not look at tells nothing. Reach, noise and least weight are chosen, not swept: no network
//! is good enough yet to tell them apart.

use glam::{Mat3, Vec3, Vec4};

/// Cells from a window's middle to its side.
pub(super) const REACH: usize = 2;
/// How much variance of the guide (square roots of linear light) counts as noise.
const NOISE: f32 = 4e-4;
/// A window whose cells weigh less tells nothing.
const LEAST_WEIGHT: f32 = 0.5;

/// Sums over a window: weight, guide, matte, guide × matte, and guide × guide (xx, xy, xz, yy, yz, zz).
type Sums = [f32; 14];

/// Columns and rows of a square, the last ones not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    low: [usize; 2],
    high: [usize; 2],
}

impl Window {
    /// The cells whose coefficients may be other than 0: those near something in front. None where nothing is.
    fn round(matte: &[f32], side: usize) -> Option<Self> {
        let mut found: Option<Self> = None;
        for (y, row) in matte.chunks_exact(side).enumerate() {
            let Some(first) = row.iter().position(|m| *m > 0.0) else { continue };
            let last = row.iter().rposition(|m| *m > 0.0).unwrap_or(first);
            let window = found.get_or_insert(Self { low: [first, y], high: [last + 1, y + 1] });
            window.low[0] = window.low[0].min(first);
            window.high = [window.high[0].max(last + 1), y + 1];
        }
        found.map(|window| window.grown(2 * REACH, side))
    }

    fn grown(self, by: usize, side: usize) -> Self {
        Self { low: self.low.map(|v| v.saturating_sub(by)), high: self.high.map(|v| (v + by).min(side)) }
    }

    fn width(&self) -> usize {
        self.high[0] - self.low[0]
    }

    /// The numbers of its cells in the square, row by row.
    fn cells(self, side: usize) -> impl Iterator<Item = usize> {
        (self.low[1]..self.high[1]).flat_map(move |y| (self.low[0]..self.high[0]).map(move |x| y * side + x))
    }
}

/// For each cell of a square of `side` cells the share of red, green and blue, and a constant: the matte at a pixel is the
/// dot product with (r, g, b, 1). `guide` are square roots of linear light; `matte` and `weight` 0..=1.
pub(super) fn coefficients(guide: &[Vec3], matte: &[f32], weight: &[f32], side: usize) -> Vec<Vec4> {
    let mut out = vec![Vec4::ZERO; side * side];
    // What is beyond the window that is written tells those in it.
    let Some(window) = Window::round(matte, side) else { return out };
    let read = window.grown(2 * REACH, side);
    let mut sums: Vec<Sums> = read
        .cells(side)
        .map(|k| {
            let (g, m, w) = (guide[k], matte[k], weight[k]);
            let (wg, wm) = (g * w, m * w);
            let gm = g * wm;
            let (x, y, z) = (wg * g.x, wg * g.y, wg.z * g.z);
            [w, wg.x, wg.y, wg.z, wm, gm.x, gm.y, gm.z, x.x, x.y, x.z, y.y, y.z, z]
        })
        .collect();
    box_sums(&mut sums, read.width());
    let mut fits: Vec<[f32; 5]> = sums.iter().map(linear_fit).collect();
    box_sums(&mut fits, read.width());
    for (k, [windows, r, g, b, constant]) in read.cells(side).zip(&fits) {
        out[k] = Vec4::new(*r, *g, *b, *constant) / windows.max(1.0);
    }
    out
}

/// The linear function of the guide that a window's matte is nearest to, behind a 1; zeros where the window tells nothing.
fn linear_fit(sums: &Sums) -> [f32; 5] {
    let weight = sums[0];
    if weight < LEAST_WEIGHT {
        return [0.0; 5];
    }
    let mean = sums.map(|v| v / weight);
    // Where all is in front, or nothing, colours tell no more.
    if !(1e-3..=1.0 - 1e-3).contains(&mean[4]) {
        return [1.0, 0.0, 0.0, 0.0, mean[4]];
    }
    let (guide, matte) = (Vec3::new(mean[1], mean[2], mean[3]), mean[4]);
    let covariance = Vec3::new(mean[5], mean[6], mean[7]) - guide * matte;
    let [xx, xy, xz, yy, yz, zz] = [mean[8], mean[9], mean[10], mean[11], mean[12], mean[13]];
    let second = Mat3::from_cols(Vec3::new(xx, xy, xz), Vec3::new(xy, yy, yz), Vec3::new(xz, yz, zz));
    let outer = Mat3::from_cols(guide * guide.x, guide * guide.y, guide * guide.z);
    let variance = second - outer + Mat3::from_diagonal(Vec3::splat(NOISE));
    let slope = variance.inverse() * covariance;
    if !slope.is_finite() {
        return [1.0, 0.0, 0.0, 0.0, matte];
    }
    [1.0, slope.x, slope.y, slope.z, matte - slope.dot(guide)]
}

/// Replaces each cell's values with the sums over its window. `width` is the number of columns.
fn box_sums<const N: usize>(values: &mut [[f32; N]], width: usize) {
    let height = values.len() / width.max(1);
    let mut line = vec![[0.0; N]; width.max(height)];
    for k in 0..height {
        box_line(values, &mut line[..width], k * width, 1);
    }
    for k in 0..width {
        box_line(values, &mut line[..height], k, width);
    }
}

/// The same along one line of cells, from `start` on, `step` apart. `line` is as long as it and overwritten.
fn box_line<const N: usize>(values: &mut [[f32; N]], line: &mut [[f32; N]], start: usize, step: usize) {
    for (copy, value) in line.iter_mut().zip(values.iter().skip(start).step_by(step)) {
        *copy = *value;
    }
    for (k, value) in (0..line.len()).zip(values.iter_mut().skip(start).step_by(step)) {
        let window = &line[k.saturating_sub(REACH)..(k + REACH + 1).min(line.len())];
        *value = window.iter().fold([0.0; N], |mut sum, near| {
            sum.iter_mut().zip(near).for_each(|(sum, near)| *sum += near);
            sum
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 16;

    /// A dark thing before the right part of a bright face, its edge within column 8; the matte as areas.
    fn scene() -> (Vec<Vec3>, Vec<f32>) {
        let share = |k: usize| match k % SIDE {
            0..8 => 0.0,
            8 => 0.4,
            _ => 1.0,
        };
        let (face, front) = (Vec3::new(0.9, 0.7, 0.6), Vec3::new(0.2, 0.2, 0.3));
        (0..SIDE * SIDE).map(|k| (face.lerp(front, share(k)), share(k))).unzip()
    }

    fn matte_at(coefficients: &[Vec4], cell: usize, colour: Vec3) -> f32 {
        coefficients[cell].dot(colour.extend(1.0))
    }

    #[test]
    fn pixels_within_a_cell_go_by_their_colours() {
        let (guide, matte) = scene();
        let found = coefficients(&guide, &matte, &[1.0; SIDE * SIDE], SIDE);
        let edge = 8 * SIDE + 8;
        let (face, front) = (Vec3::new(0.9, 0.7, 0.6), Vec3::new(0.2, 0.2, 0.3));
        assert!(matte_at(&found, edge, face) < 0.03, "{}", matte_at(&found, edge, face));
        assert!(matte_at(&found, edge, front) > 0.97, "{}", matte_at(&found, edge, front));
        // Far from the edge the matte alone counts, whatever the colour.
        assert!(matte_at(&found, 8 * SIDE + 2, face).abs() < 1e-3);
        assert!((matte_at(&found, 8 * SIDE + 13, front) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn what_weighs_nothing_tells_nothing() {
        let (guide, mut matte) = scene();
        let weight: Vec<f32> = (0..SIDE * SIDE).map(|k| f32::from(u8::from(k % SIDE > 3))).collect();
        let clean = coefficients(&guide, &matte, &weight, SIDE);
        matte.iter_mut().zip(&weight).filter(|(_, w)| **w == 0.0).for_each(|(m, _)| *m = 0.7);
        let other = coefficients(&guide, &matte, &weight, SIDE);
        for (k, (a, b)) in clean.iter().zip(&other).enumerate().filter(|(k, _)| k % SIDE > 3) {
            assert!((*a - *b).abs().max_element() < 1e-5, "{k}: {a} {b}");
        }
        assert!(coefficients(&guide, &matte, &[0.0; SIDE * SIDE], SIDE).iter().all(|c| *c == Vec4::ZERO));
    }

    #[test]
    fn a_flat_picture_has_the_matte_s_mean() {
        let matte: Vec<f32> = (0..SIDE * SIDE).map(|k| f32::from(u8::from(k % SIDE >= 8))).collect();
        let found = coefficients(&[Vec3::splat(0.5); SIDE * SIDE], &matte, &[1.0; SIDE * SIDE], SIDE);
        let across: Vec<f32> = (0..SIDE).map(|x| matte_at(&found, 8 * SIDE + x, Vec3::splat(0.5))).collect();
        assert!(across.windows(2).all(|w| w[1] >= w[0] - 1e-4), "{across:?}");
        assert!(across[2].abs() < 1e-3 && (across[13] - 1.0).abs() < 1e-3 && (across[8] - 0.5).abs() < 0.2);
    }

    #[test]
    fn far_from_what_is_in_front_nothing_is_worked_out_and_near_it_all_is_as_in_the_whole() {
        let (guide, mut matte) = scene();
        matte.iter_mut().enumerate().filter(|(k, _)| k / SIDE > 3).for_each(|(_, m)| *m = 0.0);
        let part = coefficients(&guide, &matte, &[1.0; SIDE * SIDE], SIDE);
        assert_eq!(Window::round(&matte, SIDE), Some(Window { low: [4, 0], high: [16, 8] }));
        // A cell that is in front by next to nothing has the whole square looked at.
        matte[SIDE * SIDE - SIDE] = 1e-30;
        let whole = coefficients(&guide, &matte, &[1.0; SIDE * SIDE], SIDE);
        for (k, (part, whole)) in part.iter().zip(&whole).enumerate() {
            assert!((*part - *whole).abs().max_element() < 1e-5, "{k}: {part} {whole}");
        }
        assert!(
            coefficients(&guide, &[0.0; SIDE * SIDE], &[1.0; SIDE * SIDE], SIDE)
                .iter()
                .all(|c| *c == Vec4::ZERO)
        );
    }
}
