//! Whose face a model is to show: a recogniser's vector from one or several photos.

use super::align::{Template, align, five_points};
use super::crop::sample;
use super::error::ModelError;
use crate::frame::Frame;
use crate::infer::Net;
use crate::persona::PersonaVector;
use crate::space::MeshPoint;

/// Side of the recogniser's crop in pixels.
pub const RECOGNISER_SIDE: usize = 112;

/// A person to a recogniser.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Mean of the photos' vectors as they came, 512 values.
    pub raw: Vec<f32>,
    /// Mean of the photos' vectors, each of unit length before; not of unit length itself.
    pub unit: Vec<f32>,
}

impl Identity {
    /// The person on all of the photos. None without a photo, or where a vector is not of 512 finite values.
    #[must_use]
    pub fn from_photos(vectors: &[Vec<f32>]) -> Option<Self> {
        PersonaVector::from_photos("", vectors).map(|v| Self::from(&v))
    }
}

impl From<&PersonaVector> for Identity {
    fn from(vector: &PersonaVector) -> Self {
        Self { raw: vector.raw.clone(), unit: vector.unit.clone() }
    }
}

/// The vector of a face in a picture, aligned as the template says (ArcFace's at 112 for recognisers). `net`:
/// `[1, 3, 112, 112]` RGB −1..1 to `[1, 512]`.
///
/// # Errors
/// [`ModelError::NoFace`] where the mesh is none, and a network that fails.
pub fn embed(
    net: &mut dyn Net,
    template: Template,
    photo: &Frame,
    mesh: &[MeshPoint],
) -> Result<Vec<f32>, ModelError> {
    let n = RECOGNISER_SIDE;
    let no_face = ModelError::NoFace { what: "the photo" };
    let five = five_points(mesh).ok_or(ModelError::NoFace { what: "the photo" })?;
    let square = align(&five, template, [n as f32; 2], n as f32).ok_or(no_face)?;
    let mut planes = Vec::new();
    sample(photo, square, [n, n], &mut Vec::new(), &mut planes);
    net.input_mut(0).iter_mut().zip(&planes).for_each(|(to, v)| *to = v * 2.0 - 1.0);
    net.run()?;
    Ok(net.output(0).to_vec())
}
