//! A swap model at work: crop in, face out.

use super::align::{align, five_points};
use super::contract::{Contract, MaskKind, SourceKind};
use super::crop::{SwapResult, fill, read_output, sample, soften, spread};
use super::error::ModelError;
use super::found::{Found, ModelKind};
use super::identity::Identity;
use super::masks::MaskNet;
use super::tuning::ModelTuning;
use crate::frame::Frame;
use crate::infer::{Graph, Net, NetSource, RunOptions, Runtime};
use crate::persona::Date;
use crate::persona::{VECTOR, of_unit_length};
use crate::space::MeshPoint;
use std::path::Path;
use std::time::{Duration, Instant};

/// Whose face a model is to show.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdentitySource<'a> {
    /// The recogniser's vector.
    pub identity: Option<&'a Identity>,
    /// The family's own vector, by its converter or adapter.
    pub converted: Option<&'a [f32]>,
    /// A picture and its face's 468 mesh points in the picture's pixels.
    pub photo: Option<(&'a Frame, &'a [MeshPoint])>,
}

/// How a model's crop is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropOptions {
    /// Runs a side and face: k² runs give k times the model's size, each on every k-th pixel. 1 for live pictures.
    pub detail: usize,
    /// How much more of the picture than the template says, as a factor, 0.5..=2.
    pub scale: f32,
    /// Morph value, for DFM models that have one, 0..=1.
    pub morph: f32,
}

impl Default for CropOptions {
    fn default() -> Self {
        Self { detail: 1, scale: 1.0, morph: 0.75 }
    }
}

/// A swap model that is loaded and knows whose face it shows.
pub struct SwapModel {
    contract: Contract,
    net: Box<dyn Net>,
    matrix: Option<Vec<f32>>,
    file: String,
    crop: CropOptions,
    masks: Vec<MaskNet>,
    planes: Vec<f32>,
    buffer: Vec<f32>,
    /// A result's pixels that nobody needs any more.
    spare: Vec<f32>,
    until: Option<Date>,
    tuning: ModelTuning,
}

/// What a model's self-test saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelfTest {
    /// Least and greatest value of the result on a test picture, in display values.
    pub low: f32,
    /// See `low`.
    pub high: f32,
    /// Mean of the result, in display values.
    pub mean: f32,
}

impl SwapModel {
    /// Loads a model that was recognised as `found`. `graph` is its graph.
    ///
    /// # Errors
    /// [`ModelError`]: a network that does not load, or no swap model.
    #[doc(hidden)]
    pub fn load(
        runtime: &Runtime,
        path: &Path,
        graph: &Graph,
        found: &Found,
        options: &RunOptions,
    ) -> Result<Self, ModelError> {
        let file = path.display().to_string();
        let ModelKind::Swap(contract) = &found.kind else {
            let (inputs, outputs) = (found.title(), "no picture".to_owned());
            return Err(ModelError::Unknown { inputs, outputs, file });
        };
        let matrix = match &found.matrix {
            Some(name) => {
                let all = graph.initializers.iter().find(|t| t.name == *name);
                let missing = || ModelError::NoMatrix { found: "none".to_owned(), file: file.clone() };
                Some(graph.floats(path, all.ok_or_else(missing)?)?)
            }
            None => None,
        };
        let net = found.expecting(|expect| runtime.load_with(NetSource::File(path), expect, options))?;
        let contract = contract.clone();
        let (masks, planes, buffer, spare) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (crop, until, tuning) = (CropOptions::default(), None, ModelTuning::default());
        Ok(Self { contract, net, matrix, file, crop, masks, planes, buffer, spare, until, tuning })
    }

    /// What it takes and gives.
    #[doc(hidden)]
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The last day on which the face that it makes may be worn; None where there is no end.
    #[doc(hidden)]
    #[must_use]
    pub fn until(&self) -> Option<Date> {
        self.until
    }

    /// Says until when its face may be worn.
    #[doc(hidden)]
    pub fn end_with(&mut self, until: Option<Date>) {
        self.until = until;
    }

    /// How the crop is taken from now on.
    pub fn set_crop(&mut self, crop: CropOptions) {
        self.crop = CropOptions {
            detail: crop.detail.clamp(1, 4),
            scale: crop.scale.clamp(0.5, 2.0),
            morph: crop.morph.clamp(0.0, 1.0),
        };
    }

    /// Further networks that say which pixels count; the least of all masks does.
    #[doc(hidden)]
    pub fn mask_with(&mut self, masks: Vec<MaskNet>) {
        self.masks = masks;
    }

    /// Shows this face from now on.
    ///
    /// # Errors
    /// [`ModelError::Needs`] where the wearer lacks what the model wants.
    pub fn wear(&mut self, wearer: &IdentitySource<'_>) -> Result<(), ModelError> {
        let family = self.contract.family;
        let needs = |what: &str| ModelError::Needs { family, what: what.to_owned() };
        let recogniser = "a face recogniser (w600k_r50): add one with `omote models add`";
        let vector: Vec<f32> = match self.contract.source {
            SourceKind::Built => return Ok(()),
            SourceKind::Adapted if wearer.converted.is_some() => {
                wearer.converted.unwrap_or_default().to_vec()
            }
            SourceKind::Unit | SourceKind::Adapted => {
                of_unit_length(&wearer.identity.ok_or_else(|| needs(recogniser))?.unit)
            }
            SourceKind::Latent => {
                let unit = of_unit_length(&wearer.identity.ok_or_else(|| needs(recogniser))?.unit);
                latent(&unit, self.matrix.as_deref().unwrap_or_default())
            }
            SourceKind::Converted { unit } => {
                let converter = format!(
                    "a face recogniser and a converter (crossface for {}): add them with `omote models add`",
                    family.name()
                );
                let vector = wearer.converted.ok_or_else(|| needs(&converter))?;
                if unit { of_unit_length(vector) } else { vector.to_vec() }
            }
            SourceKind::Picture { side, template } => {
                let (photo, mesh) = wearer.photo.ok_or_else(|| needs("a persona made from a photo"))?;
                let no_face = || ModelError::NoFace { what: "the persona" };
                let five = five_points(mesh).ok_or_else(no_face)?;
                let square = align(&five, template, [side as f32; 2], side as f32).ok_or_else(no_face)?;
                let mut planes = Vec::new();
                sample(photo, square, [side, side], &mut self.buffer, &mut planes);
                planes
            }
        };
        let input = self.net.input_mut(1);
        if input.len() != vector.len() || !vector.iter().all(|v| v.is_finite()) {
            return Err(needs("a vector of 512 finite numbers"));
        }
        input.copy_from_slice(&vector);
        Ok(())
    }

    /// Makes the face of `mesh` (468 or more points in the frame's pixels) anew.
    ///
    /// # Errors
    /// A mesh that is no face, and a network that fails or gives NaN.
    pub fn swap(&mut self, frame: &Frame, mesh: &[MeshPoint]) -> Result<SwapResult, ModelError> {
        let no_face = || ModelError::NoFace { what: "the live picture" };
        let [w, h] = self.contract.size;
        let k = self.crop.detail;
        let side = w.max(h) as f32;
        let five = five_points(mesh).ok_or_else(no_face)?;
        let mut square =
            align(&five, self.contract.template, [w as f32, h as f32], side).ok_or_else(no_face)?;
        square.side *= self.crop.scale;
        let mut planes = std::mem::take(&mut self.planes);
        sample(frame, square, [w * k, h * k], &mut self.buffer, &mut planes);
        let made = self.make(&planes).map(|(rgb, mask)| SwapResult {
            square,
            side: side * k as f32,
            width: w * k,
            height: h * k,
            rgb,
            mask,
        });
        self.planes = planes;
        made
    }

    /// Takes a result back that is no longer needed, for the next one's pixels.
    pub fn recycle(&mut self, made: SwapResult) {
        self.spare = made.rgb;
    }

    /// Runs the network on R'G'B' planes of `detail` times its size: planes of the result and its mask.
    fn make(&mut self, planes: &[f32]) -> Result<(Vec<f32>, Vec<f32>), ModelError> {
        let [w, h] = self.contract.size;
        let k = self.crop.detail;
        if self.contract.source == SourceKind::Built && self.net.inputs().len() > 1 {
            self.net.input_mut(1).fill(self.crop.morph);
        }
        let mut rgb = std::mem::take(&mut self.spare);
        rgb.resize(planes.len(), 0.0);
        for (j, i) in (0..k).flat_map(|j| (0..k).map(move |i| (j, i))) {
            fill(&self.contract, planes, (k, i, j), self.net.input_mut(0));
            self.net.run()?;
            read_output(&self.contract, self.net.output(0), (k, i, j), &mut rgb);
        }
        let mut small: Vec<f32> = match self.contract.mask {
            MaskKind::None => Vec::new(),
            MaskKind::Output => self.net.output(1).to_vec(),
            MaskKind::Dfm => {
                let both = self.net.output(1).iter().zip(self.net.output(2));
                both.map(|(a, b)| a.clamp(0.0, 1.0) * b.clamp(0.0, 1.0)).collect()
            }
        };
        for mask in &mut self.masks {
            let seen = mask.run(planes, [w * k, h * k], [w, h])?;
            if small.is_empty() {
                small = seen;
            } else {
                small.iter_mut().zip(seen).for_each(|(a, b)| *a = a.min(b));
            }
        }
        let mut mask = Vec::new();
        if !small.is_empty() {
            let reach = (w.min(h) as f32 * self.tuning.mask_fade).round().max(1.0) as usize;
            soften(&mut small, w, reach, &mut self.buffer);
            spread(&small, w, k, &mut mask);
        }
        Ok((rgb, mask))
    }

    /// Runs the model on a made-up picture and vector: it must give finite, differing values in the range of pictures.
    ///
    /// # Errors
    /// [`ModelError`] with what it gave.
    #[doc(hidden)]
    pub fn self_test(&mut self) -> Result<SelfTest, ModelError> {
        let (planes, vector) = (test_picture(self.contract.size), test_vector());
        let source = self.net.input_mut(1);
        match source.len() {
            VECTOR => source.copy_from_slice(&vector),
            _ => source.fill(0.5),
        }
        fill(&self.contract, &planes, (1, 0, 0), self.net.input_mut(0));
        self.net.run()?;
        let node = || self.net.outputs().first().map_or_else(String::new, |o| o.name.clone());
        let scale =
            if self.contract.range == super::contract::ValueRange::Signed { (0.5, 0.5) } else { (1.0, 0.0) };
        let (mut low, mut high, mut sum) = (f32::MAX, f32::MIN, 0.0);
        let values = self.net.output(0);
        for v in values {
            let v = v * scale.0 + scale.1;
            (low, high, sum) = (low.min(v), high.max(v), sum + v);
        }
        let file = self.file.clone();
        if high - low < self.tuning.flat {
            return Err(ModelError::Flat { node: node(), value: low, file });
        }
        let overshoot = self.tuning.overshoot;
        if low < -overshoot || high > 1.0 + overshoot {
            let expected = "0 to 1 in display values".to_owned();
            return Err(ModelError::Values { node: node(), low, high, expected, file });
        }
        Ok(SelfTest { low, high, mean: sum / values.len().max(1) as f32 })
    }

    /// Mean difference of this model's results from another's on the test picture, in display values: what half
    /// precision or another provider changes.
    ///
    /// # Errors
    /// A network that fails.
    #[doc(hidden)]
    pub fn differs_from(&mut self, other: &mut Self) -> Result<f32, ModelError> {
        self.self_test()?;
        other.self_test()?;
        let scale = if self.contract.range == super::contract::ValueRange::Signed { 0.5 } else { 1.0 };
        let (a, b) = (self.net.output(0), other.net.output(0));
        let sum: f32 = a.iter().zip(b).map(|(a, b)| (a - b).abs() * scale).sum();
        Ok(sum / a.len().max(1) as f32)
    }

    /// The median time of one run, of as many as fit into `limit` (3 at least, 50 at most).
    ///
    /// # Errors
    /// A network that fails.
    #[doc(hidden)]
    pub fn measure(&mut self, limit: Duration) -> Result<Duration, ModelError> {
        let begun = Instant::now();
        let mut times = Vec::new();
        while times.len() < 3 || (times.len() < 50 && begun.elapsed() < limit) {
            let start = Instant::now();
            self.net.run()?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        Ok(times.get(times.len() / 2).copied().unwrap_or_default())
    }
}

/// A unit vector times the model's matrix (512 rows of 512), of unit length again: InsightFace's form.
fn latent(unit: &[f32], matrix: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; VECTOR];
    for (x, row) in unit.iter().zip(matrix.chunks_exact(VECTOR)) {
        out.iter_mut().zip(row).for_each(|(o, m)| *o += x * m);
    }
    of_unit_length(&out)
}

/// R'G'B' planes with a soft light spot and slopes: something to see for a network, nobody's face.
fn test_picture([w, h]: [usize; 2]) -> Vec<f32> {
    let mut planes = Vec::with_capacity(3 * w * h);
    for c in 0..3 {
        for i in 0..w * h {
            let (x, y) = ((i % w) as f32 / w as f32 - 0.5, (i / w) as f32 / h as f32 - 0.5);
            let spot = (-(x * x + y * y) * 12.0).exp();
            let slope = [x, y, x + y].get(c).copied().unwrap_or_default();
            planes.push((0.25 + 0.45 * spot + 0.2 * slope).clamp(0.0, 1.0));
        }
    }
    planes
}

/// A vector of unit length that stands for nobody.
fn test_vector() -> Vec<f32> {
    let wave: Vec<f32> = (0..VECTOR).map(|i| (i as f32 * 1.7).sin()).collect();
    of_unit_length(&wave)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latent_is_the_product_of_unit_length() {
        let mut matrix = vec![0.0; VECTOR * VECTOR];
        // Row 0 goes to column 3, row 1 to column 4 twice as far.
        matrix[3] = 1.0;
        matrix[VECTOR + 4] = 2.0;
        let mut unit = vec![0.0; VECTOR];
        (unit[0], unit[1]) = (0.8, 0.6);
        let out = latent(&unit, &matrix);
        let n = (0.8f32 * 0.8 + 1.2 * 1.2).sqrt();
        assert!((out[3] - 0.8 / n).abs() < 1e-6 && (out[4] - 1.2 / n).abs() < 1e-6);
        assert!((out.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn the_test_picture_has_contrast_in_every_channel() {
        for plane in test_picture([64, 48]).chunks_exact(64 * 48) {
            let (low, high) = plane.iter().fold((1.0f32, 0.0f32), |(a, b), v| (a.min(*v), b.max(*v)));
            assert!(low >= 0.0 && high <= 1.0 && high - low > 0.4);
        }
    }
}
