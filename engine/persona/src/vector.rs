//! A person to a face recogniser: vectors from one or several photos, for swap models.

use super::PersonaError;
use super::manifest::VectorsBlock;

/// Length of a face recogniser's vector.
pub const VECTOR: usize = 512;
/// Photos whose vector has a smaller cosine to the mean of the others show someone else, or hardly a face. The field
/// takes two photos for one person from 0.2 (generous) to 0.4 (strict).
pub const LEAST_COSINE: f32 = 0.3;
/// A shorter vector points nowhere.
const LEAST_LENGTH: f32 = 1e-6;
/// Bytes of a value.
const VALUE: usize = size_of::<f32>();

/// A person to one face recogniser.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonaVector {
    /// SHA-256 of the recogniser's file, 64 hex digits: vectors of different recognisers do not go together.
    pub recogniser: String,
    /// From how many photos.
    pub photos: u32,
    /// Mean of the photos' vectors as they came, 512 values.
    pub raw: Vec<f32>,
    /// Mean of the photos' vectors, each of unit length before; not of unit length itself.
    pub unit: Vec<f32>,
}

fn length(v: &[f32]) -> f32 {
    v.iter().map(|x| x * x).sum::<f32>().sqrt()
}

/// `v` with unit length; as it is where it has none.
#[must_use]
pub fn of_unit_length(v: &[f32]) -> Vec<f32> {
    let n = length(v);
    if n > 1e-12 { v.iter().map(|x| x / n).collect() } else { v.to_vec() }
}

/// Cosine of the angle between two vectors, −1..=1.
#[must_use]
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>() / (length(a) * length(b)).max(1e-12)
}

fn mean(of: &[Vec<f32>]) -> Vec<f32> {
    let mut sum = vec![0.0; VECTOR];
    for v in of {
        sum.iter_mut().zip(v).for_each(|(s, x)| *s += x / of.len() as f32);
    }
    sum
}

/// Why values are no vector of a face.
fn fault(v: &[f32]) -> Option<&'static str> {
    if v.len() != VECTOR {
        return Some("a vector has not 512 values");
    }
    if !v.iter().all(|x| x.is_finite()) {
        return Some("a value is not finite");
    }
    let length = length(v);
    match length.is_finite() {
        false => Some("its values are too large"),
        true if length < LEAST_LENGTH => Some("a vector is zero"),
        true => None,
    }
}

/// The photos that do not show who the others show: each one's number and its cosine to the mean of the others.
/// With two photos that differ both are named.
#[must_use]
pub fn outliers(vectors: &[Vec<f32>]) -> Vec<(usize, f32)> {
    if vectors.len() < 2 {
        return Vec::new();
    }
    let units: Vec<Vec<f32>> = vectors.iter().map(|v| of_unit_length(v)).collect();
    let alike = |(i, unit): (usize, &Vec<f32>)| {
        let others: Vec<Vec<f32>> =
            units.iter().enumerate().filter(|(k, _)| *k != i).map(|(_, v)| v.clone()).collect();
        (i, cosine(unit, &mean(&others)))
    };
    units.iter().enumerate().map(alike).filter(|(_, cosine)| *cosine < LEAST_COSINE).collect()
}

impl PersonaVector {
    /// The person on all of the photos. None without a photo, and where a vector or the mean is not of 512 finite
    /// values or is zero.
    #[must_use]
    pub fn from_photos(recogniser: &str, vectors: &[Vec<f32>]) -> Option<Self> {
        if vectors.iter().any(|v| fault(v).is_some()) {
            return None;
        }
        let units: Vec<Vec<f32>> = vectors.iter().map(|v| of_unit_length(v)).collect();
        let (raw, unit) = (mean(vectors), mean(&units));
        // Without a photo both are zero.
        if fault(&raw).or(fault(&unit)).is_some() {
            return None;
        }
        let photos = u32::try_from(vectors.len()).ok()?;
        Some(Self { recogniser: recogniser.to_owned(), photos, raw, unit })
    }

    /// How the manifest names it.
    pub(super) fn block(&self) -> VectorsBlock {
        let head = self.recogniser.get(..16).unwrap_or(&self.recogniser);
        let (recogniser, file) = (self.recogniser.clone(), format!("vectors-{head}.f32"));
        VectorsBlock { recogniser, photos: self.photos, file }
    }

    /// The bytes to store: `raw`, then `unit`, little-endian.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, PersonaError> {
        self.check(&self.block().file)?;
        Ok(self.raw.iter().chain(&self.unit).flat_map(|v| v.to_le_bytes()).collect())
    }

    /// The vectors in the bytes of the file that `block` names.
    pub(super) fn parse(bytes: &[u8], block: &VectorsBlock) -> Result<Self, PersonaError> {
        if bytes.len() != 2 * VECTOR * VALUE {
            let reason = format!("it has {} bytes, and {} are expected", bytes.len(), 2 * VECTOR * VALUE);
            return Err(PersonaError::Vectors { file: block.file.clone(), reason });
        }
        let (values, _) = bytes.as_chunks::<VALUE>();
        let mut raw: Vec<f32> = values.iter().map(|v| f32::from_le_bytes(*v)).collect();
        let unit = raw.split_off(VECTOR);
        let vector = Self { recogniser: block.recogniser.clone(), photos: block.photos, raw, unit };
        vector.check(&block.file)?;
        Ok(vector)
    }

    fn check(&self, file: &str) -> Result<(), PersonaError> {
        match fault(&self.raw).or(fault(&self.unit)) {
            Some(reason) => Err(PersonaError::Vectors { file: file.to_owned(), reason: reason.to_owned() }),
            None => Ok(()),
        }
    }
}
