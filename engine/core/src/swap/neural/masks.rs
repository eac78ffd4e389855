//! Networks that tell the face from what covers it.

use super::error::ModelError;
use super::found::{Found, MaskModel, ModelKind};
use crate::frame::interpolation::{Between, Bilinear, bilinear_by_differences};
use crate::infer::{Net, NetSource, RunOptions, Runtime};
use std::path::Path;

/// A mask network that is loaded.
pub struct MaskNet {
    model: MaskModel,
    net: Box<dyn Net>,
    size: [usize; 2],
}

/// BiSeNet's classes that are face: skin, brows, eyes, nose, mouth and lips. Glasses (6), hair (17) and hats (18)
/// stay in front.
const FACE: [usize; 9] = [1, 2, 3, 4, 5, 10, 11, 12, 13];
/// ImageNet's mean and deviation of R'G'B'.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

impl MaskNet {
    /// Loads a network that was recognised as `found`.
    ///
    /// # Errors
    /// A network that does not load, or no mask network.
    pub fn load(
        runtime: &Runtime,
        path: &Path,
        found: &Found,
        options: &RunOptions,
    ) -> Result<Self, ModelError> {
        let file = path.display().to_string();
        let ModelKind::Mask(model) = found.kind else {
            return Err(ModelError::Unknown { inputs: found.title(), outputs: "no mask".to_owned(), file });
        };
        let net = found.expecting(|expect| runtime.load_with(NetSource::File(path), expect, options))?;
        let shape = net.inputs().first().map(|s| s.shape.clone()).unwrap_or_default();
        let size = match (model, shape.as_slice()) {
            (MaskModel::XsegNhwc, [_, h, w, _]) | (_, [_, _, h, w]) => [*w, *h],
            _ => [0, 0],
        };
        Ok(Self { model, net, size })
    }

    /// Which pixels of a crop are face, 0..=1, as a picture of `to`. `planes`: R'G'B' of `from`, 0..=1.
    pub(super) fn run(
        &mut self,
        planes: &[f32],
        from: [usize; 2],
        to: [usize; 2],
    ) -> Result<Vec<f32>, ModelError> {
        let [w, h] = self.size;
        let n = w * h;
        let mut channels: Vec<Vec<f32>> = Vec::with_capacity(3);
        for plane in planes.chunks_exact((from[0] * from[1]).max(1)).take(3) {
            channels.push(resized(plane, from, self.size));
        }
        let input = self.net.input_mut(0);
        for (c, values) in channels.iter().enumerate() {
            let (mean, std) = (IMAGENET.0[c], IMAGENET.1[c]);
            match self.model {
                MaskModel::XsegNhwc => {
                    input.iter_mut().skip(2 - c).step_by(3).zip(values).for_each(|(o, v)| *o = *v);
                }
                MaskModel::Bisenet => {
                    input.iter_mut().skip(c * n).zip(values).for_each(|(o, v)| *o = (v - mean) / std);
                }
                _ => input.iter_mut().skip(c * n).zip(values).for_each(|(o, v)| *o = *v),
            }
        }
        self.net.run()?;
        let output = self.net.output(0);
        let mask: Vec<f32> = match self.model {
            // Values below a tenth are noise.
            MaskModel::XsegNhwc | MaskModel::XsegNchw => {
                output.iter().map(|v| if *v < 0.1 { 0.0 } else { v.min(1.0) }).collect()
            }
            MaskModel::Occluder => output.iter().map(|v| f32::from(u8::from(*v > 0.0))).collect(),
            MaskModel::Bisenet => (0..n)
                .map(|i| {
                    let value = |class: usize| output.get(class * n + i).copied().unwrap_or(f32::MIN);
                    let best = (0..19).fold(0, |best, c| if value(c) > value(best) { c } else { best });
                    f32::from(u8::from(FACE.contains(&best)))
                })
                .collect(),
        };
        Ok(resized(&mask, self.size, to))
    }
}

/// A plane at another size: bilinear, pixel middles kept in place.
fn resized(plane: &[f32], [w, h]: [usize; 2], [to_w, to_h]: [usize; 2]) -> Vec<f32> {
    if (w, h) == (to_w, to_h) {
        return plane.to_vec();
    }
    let place =
        |i: usize, to: usize, n: usize| Between::in_pair((i as f32 + 0.5) * n as f32 / to as f32 - 0.5, n);
    let mut out = Vec::with_capacity(to_w * to_h);
    for y in 0..to_h {
        let y = place(y, to_h, h);
        for x in 0..to_w {
            let cell = Bilinear { x: place(x, to_w, w), y };
            let value = |x: usize, y: usize| plane.get(y * w + x).copied().unwrap_or_default();
            out.push(bilinear_by_differences(cell.corners(value), cell.part()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_stays_one_at_any_size() {
        let slope: Vec<f32> = (0..32 * 16).map(|i| (i % 32) as f32 + 0.5).collect();
        let twice = resized(&slope, [32, 16], [64, 40]);
        for x in 2..62 {
            assert!((twice[20 * 64 + x] - (x as f32 + 0.5) / 2.0).abs() < 1e-4);
        }
        assert_eq!(resized(&slope, [32, 16], [32, 16]), slope);
    }
}
