//! What a file turned out to be.

use super::contract::{Contract, Family};
use crate::infer::{Expect, Spec, TensorSpec};

/// What a file is.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelKind {
    /// It swaps faces.
    Swap(Contract),
    /// It turns a face into a vector.
    Recogniser,
    /// It turns a face into a second vector that a family wants beside the recogniser's.
    Adapter(Family),
    /// It turns the recogniser's vector into a family's own.
    Converter(Family),
    /// It tells the face from what covers it.
    Mask(MaskModel),
}

/// A network that tells the face from what covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskModel {
    /// XSeg, height × width × channels, BGR 0..1: 1 is face.
    XsegNhwc,
    /// XSeg, channels first, RGB 0..1: 1 is face.
    XsegNchw,
    /// An occluder network, RGB 0..1: above 0 is face.
    Occluder,
    /// BiSeNet, ImageNet's normalisation: 19 classes.
    Bisenet,
}

/// A recognised file: what it is, and its inputs and outputs in the order in which the adapter uses them.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is.
    pub kind: ModelKind,
    /// The inputs: the target, then the source or the morph value where there is one. Open sizes are filled in.
    pub inputs: Vec<TensorSpec>,
    /// The outputs: the picture, then its masks.
    pub outputs: Vec<TensorSpec>,
    /// The initialiser that holds the matrix of [`super::contract::SourceKind::Latent`].
    pub matrix: Option<String>,
}

impl Found {
    /// Loads with these ends.
    #[doc(hidden)]
    pub fn expecting<R>(&self, load: impl FnOnce(&Expect<'_>) -> R) -> R {
        let specs = |of: &'_ [TensorSpec]| -> Vec<(String, Vec<usize>)> {
            of.iter().map(|s| (s.name.clone(), s.shape.clone())).collect()
        };
        let (inputs, outputs) = (specs(&self.inputs), specs(&self.outputs));
        let inputs: Vec<Spec<'_>> = inputs.iter().map(|(name, shape)| Spec { name, shape }).collect();
        let outputs: Vec<Spec<'_>> = outputs.iter().map(|(name, shape)| Spec { name, shape }).collect();
        load(&Expect { inputs: &inputs, outputs: &outputs })
    }

    /// A line for people: the family and its size.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.kind {
            ModelKind::Swap(contract) => {
                let [w, h] = contract.size;
                let size = if w == h { w.to_string() } else { format!("{w}x{h}") };
                format!("{} {size}", contract.family.name())
            }
            ModelKind::Recogniser => "face recogniser".to_owned(),
            ModelKind::Adapter(family) => format!("adapter for {}", family.name()),
            ModelKind::Converter(family) => format!("converter for {}", family.name()),
            ModelKind::Mask(mask) => match mask {
                MaskModel::XsegNhwc | MaskModel::XsegNchw => "xseg mask".to_owned(),
                MaskModel::Occluder => "occluder mask".to_owned(),
                MaskModel::Bisenet => "bisenet mask".to_owned(),
            },
        }
    }
}
