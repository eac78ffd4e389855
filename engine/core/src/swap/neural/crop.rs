//! The crop that a model sees, as a tensor, and the one that it gives back.

use super::contract::{Channels, Contract, TensorLayout, ValueRange};
use crate::frame::{CropSpec, Frame};
use crate::space::CropSquare;

/// What a model made of a face: a square part of the picture with another face in it.
#[derive(Clone, Debug, PartialEq)]
pub struct SwapResult {
    /// Where the crop lies in the picture that it was made from. Crop pixels are those of `width`, from the square's
    /// corner; an oblong crop is the square's upper left part.
    pub square: CropSquare,
    /// Crop pixels along the square's side.
    pub side: f32,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// R'G'B' planes one after the other, 0..=1.
    pub rgb: Vec<f32>,
    /// Which pixels count, 0..=1; empty where all do.
    pub mask: Vec<f32>,
}

/// Samples the aligned crop as R'G'B' planes of `width` × `height` (0..=1) into `out`. `buffer` is used again.
pub(super) fn sample(
    frame: &Frame,
    square: CropSquare,
    [width, height]: [usize; 2],
    buffer: &mut Vec<f32>,
    out: &mut Vec<f32>,
) {
    let n = width.max(height);
    let taps = (square.side / n as f32).round().clamp(1.0, 8.0) as usize;
    let spec = CropSpec { taps, ..CropSpec::new(square, n) };
    if width == height {
        out.resize(3 * n * n, 0.0);
        frame.sample_crop(&spec, out);
        return;
    }
    buffer.resize(3 * n * n, 0.0);
    frame.sample_crop(&spec, buffer);
    out.clear();
    for plane in buffer.chunks_exact(n * n) {
        for row in plane.chunks_exact(n).take(height) {
            out.extend_from_slice(row.get(..width).unwrap_or_default());
        }
    }
}

/// One of the k × k pictures that every k-th pixel of a larger one makes: the one of column offset `i` and row offset
/// `j`. `planes` has `k·width` columns.
fn phase(plane: &[f32], width: usize, k: usize, i: usize, j: usize) -> impl Iterator<Item = f32> {
    plane
        .chunks_exact((width * k).max(1))
        .skip(j)
        .step_by(k)
        .flat_map(move |row| row.iter().skip(i).step_by(k).copied())
}

/// Writes R'G'B' planes (0..=1) of k times the model's size, phase (`i`, `j`), as the model wants them.
pub(super) fn fill(
    contract: &Contract,
    planes: &[f32],
    (k, i, j): (usize, usize, usize),
    tensor: &mut [f32],
) {
    let [w, h] = contract.size;
    let big = w * h * k * k;
    for (c, plane) in planes.chunks_exact(big.max(1)).take(3).enumerate() {
        let (mean, scale) = (contract.mean[c], 1.0 / contract.std[c]);
        let to = match contract.channels {
            Channels::Rgb => c,
            Channels::Bgr => 2 - c,
        };
        match contract.layout {
            TensorLayout::Nchw => {
                let Some(out) = tensor.get_mut(to * w * h..(to + 1) * w * h) else { continue };
                if k == 1 {
                    out.iter_mut().zip(plane).for_each(|(o, v)| *o = (v - mean) * scale);
                } else {
                    out.iter_mut().zip(phase(plane, w, k, i, j)).for_each(|(o, v)| *o = (v - mean) * scale);
                }
            }
            TensorLayout::Nhwc => {
                let out = tensor.iter_mut().skip(to).step_by(3);
                out.zip(phase(plane, w, k, i, j)).for_each(|(o, v)| *o = (v - mean) * scale);
            }
        }
    }
}

/// Reads a model's result as R'G'B' (0..=1, clipped) into planes of k times its size, phase (`i`, `j`).
pub(super) fn read_output(
    contract: &Contract,
    tensor: &[f32],
    (k, i, j): (usize, usize, usize),
    planes: &mut [f32],
) {
    let [w, h] = contract.size;
    let big = w * h * k * k;
    let (scale, offset) = match contract.range {
        ValueRange::Unit => (1.0, 0.0),
        ValueRange::Signed => (0.5, 0.5),
    };
    let show = |v: f32| (v * scale + offset).clamp(0.0, 1.0);
    for (c, plane) in planes.chunks_exact_mut(big.max(1)).take(3).enumerate() {
        let from = match contract.channels {
            Channels::Rgb => c,
            Channels::Bgr => 2 - c,
        };
        let rows = plane.chunks_exact_mut((w * k).max(1)).skip(j).step_by(k);
        match contract.layout {
            TensorLayout::Nchw => {
                let values = tensor.get(from * w * h..(from + 1) * w * h).unwrap_or_default();
                for (row, values) in rows.zip(values.chunks_exact(w.max(1))) {
                    if k == 1 {
                        row.iter_mut().zip(values).for_each(|(o, v)| *o = show(*v));
                    } else {
                        row.iter_mut().skip(i).step_by(k).zip(values).for_each(|(o, v)| *o = show(*v));
                    }
                }
            }
            TensorLayout::Nhwc => {
                for (row, values) in rows.zip(tensor.chunks_exact((w * 3).max(1))) {
                    let values = values.iter().skip(from).step_by(3);
                    row.iter_mut().skip(i).step_by(k).zip(values).for_each(|(o, v)| *o = show(*v));
                }
            }
        }
    }
}

/// Makes a mask of k times its size: every value fills k × k.
pub(super) fn spread(mask: &[f32], width: usize, k: usize, out: &mut Vec<f32>) {
    out.clear();
    for row in mask.chunks_exact(width.max(1)) {
        for _ in 0..k {
            out.extend(row.iter().flat_map(|v| std::iter::repeat_n(v.clamp(0.0, 1.0), k)));
        }
    }
}

/// Draws a mask in by its least value over `reach` pixels each way and softens it over as many, so that it fades
/// inside its own edge and never past it. `buffer` is used again.
pub(super) fn soften(mask: &mut [f32], width: usize, reach: usize, buffer: &mut Vec<f32>) {
    if mask.is_empty() || width == 0 || reach == 0 {
        return;
    }
    let height = mask.len() / width;
    let rows = Lines { count: height, apart: width, length: width, step: 1 };
    let columns = Lines { count: width, apart: 1, length: height, step: width };
    buffer.clear();
    buffer.extend_from_slice(mask);
    for filter in [Filter::Least, Filter::Mean] {
        rows.filter(mask, buffer, reach, filter);
        columns.filter(buffer, mask, reach, filter);
    }
}

/// What a value becomes of those round it.
#[derive(Clone, Copy)]
enum Filter {
    Least,
    Mean,
}

/// The rows or the columns of a plane.
struct Lines {
    /// How many there are, and how far the beginnings of two lie apart.
    count: usize,
    apart: usize,
    /// Values in one, and how far two lie apart.
    length: usize,
    step: usize,
}

impl Lines {
    /// Writes into each value of `to` what the filter makes of the values of `from` that are up to `reach` away in its line.
    fn filter(&self, from: &[f32], to: &mut [f32], reach: usize, filter: Filter) {
        for begins in (0..self.count).map(|line| line * self.apart) {
            let value = |k: usize| from.get(begins + k * self.step).copied().unwrap_or_default();
            for k in 0..self.length {
                let (first, last) = (k.saturating_sub(reach), (k + reach).min(self.length - 1));
                let near = (first..=last).map(value);
                let filtered = match filter {
                    Filter::Least => near.fold(f32::MAX, f32::min),
                    Filter::Mean => near.sum::<f32>() / (last - first + 1) as f32,
                };
                if let Some(out) = to.get_mut(begins + k * self.step) {
                    *out = filtered;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract::Family;
    use super::*;

    fn ramp(n: usize) -> Vec<f32> {
        (0..n).map(|i| i as f32 / n as f32).collect()
    }

    #[test]
    fn what_is_filled_in_comes_back_in_every_family() {
        for family in Family::KNOWN {
            for k in [1, 2, 3] {
                let contract = Contract::for_family(family, [32, 48]);
                let contract = Contract { size: [32, 48], ..contract };
                let n = 3 * 32 * 48 * k * k;
                let planes = ramp(n);
                let mut back = vec![0.0; n];
                let mut tensor = vec![f32::NAN; 3 * 32 * 48];
                for (i, j) in (0..k).flat_map(|i| (0..k).map(move |j| (i, j))) {
                    fill(&contract, &planes, (k, i, j), &mut tensor);
                    assert!(tensor.iter().all(|v| v.is_finite()));
                    // The network's part: from the target's range to the result's.
                    for (at, v) in tensor.iter_mut().enumerate() {
                        let c = if contract.layout == TensorLayout::Nhwc { at % 3 } else { at / (32 * 48) };
                        let display = *v * contract.std[c] + contract.mean[c];
                        *v = if contract.range == ValueRange::Signed { display * 2.0 - 1.0 } else { display };
                    }
                    read_output(&contract, &tensor, (k, i, j), &mut back);
                }
                let worst = planes.iter().zip(&back).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(worst < 1e-5, "{family:?} at {k}: {worst}");
            }
        }
    }

    #[test]
    fn channels_and_layout_are_the_familys() {
        let planes: Vec<f32> =
            [0.1, 0.2, 0.3].iter().flat_map(|v| std::iter::repeat_n(*v, 32 * 32)).collect();
        let mut tensor = vec![0.0; 3 * 32 * 32];
        let dfm = Contract::for_family(Family::Dfm, [32, 32]);
        fill(&dfm, &planes, (1, 0, 0), &mut tensor);
        assert_eq!(tensor.get(..3), Some([0.3, 0.2, 0.1].as_slice()));
        let sim = Contract { size: [32, 32], ..Contract::for_family(Family::Simswap, [0, 0]) };
        fill(&sim, &planes, (1, 0, 0), &mut tensor);
        assert!((tensor[0] - (0.1 - 0.485) / 0.229).abs() < 1e-6);
        assert!((tensor[2 * 32 * 32] - (0.3 - 0.406) / 0.225).abs() < 1e-6);
    }

    #[test]
    fn a_softened_mask_stays_inside_itself() {
        let (w, h) = (40, 30);
        let inside = |i: usize| (10..30).contains(&(i % w)) && (8..22).contains(&(i / w));
        let mut mask: Vec<f32> = (0..w * h).map(|i| f32::from(u8::from(inside(i)))).collect();
        soften(&mut mask, w, 3, &mut Vec::new());
        for (i, v) in mask.iter().enumerate() {
            assert!(inside(i) || *v == 0.0, "{i}");
        }
        assert_eq!(mask[15 * w + 20], 1.0);
        assert!(mask[8 * w + 20] < 0.5);
        let mut all = vec![1.0; w * h];
        soften(&mut all, w, 3, &mut Vec::new());
        assert!(all.iter().all(|v| (*v - 1.0).abs() < 1e-5));
    }

    #[test]
    fn a_mask_grows_by_whole_pixels() {
        let mut out = Vec::new();
        spread(&[0.0, 1.0, 2.0, 0.5], 2, 2, &mut out);
        assert_eq!(out, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0, 0.5, 0.5]);
    }
}
