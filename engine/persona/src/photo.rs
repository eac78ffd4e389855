//! From a photo to a persona: is there one whole, large and sharp face, and cutting it out.

use glam::{Vec2, Vec3};

use super::landmarks::bounds;
use super::{PersonaError, Picture};
use omote_frame::interpolation::bilinear_by_weights;
use omote_frame::space::{MeshPoint, goes_round};
use omote_frame::topology::OVAL;

/// The least size of a face, pixels: the smaller side of the box round its landmarks.
pub const LEAST_FACE: f32 = 128.0;

/// The least [`sharpness`] of a face. On the test set sharp faces give 0.005 to 0.41 (portraits 0.015 and more),
/// and after a Gaussian blur whose sigma is 1 % of the face's height none gives more than 0.002.
pub const LEAST_SHARPNESS: f32 = 0.004;

/// The side of the crop that sharpness is measured on, so that it does not depend on the photo's size.
const CROP: usize = 256;
/// How much of the photo is kept round the face, as a multiple of the face's box.
const KEPT: f32 = 2.0;
/// The most pixels a side of the part that is kept.
const KEPT_SIDE: u32 = 1536;

/// The one face of a photo that a persona can be made of. `faces` are the mesh points of every face that was found,
/// in the photo's pixels.
///
/// # Errors
/// [`PersonaError::NoFace`], [`PersonaError::ManyFaces`], [`PersonaError::FaceCutOff`],
/// [`PersonaError::FaceTooSmall`], [`PersonaError::Blurred`].
pub fn one_good_face<'f>(
    photo: &Picture,
    faces: &'f [Vec<MeshPoint>],
) -> Result<&'f [MeshPoint], PersonaError> {
    let face = match faces {
        [] => return Err(PersonaError::NoFace),
        [face] => face.as_slice(),
        many => return Err(PersonaError::ManyFaces { count: many.len() }),
    };
    let (min, max) = bounds(face);
    let edge = Vec2::new(photo.width() as f32, photo.height() as f32) - 1.0;
    if min.min_element() < 0.0 || max.cmpgt(edge).any() {
        return Err(PersonaError::FaceCutOff);
    }
    super::landmarks::check(face, photo)?;
    let sharpness = sharpness(photo, face);
    if sharpness < LEAST_SHARPNESS {
        return Err(PersonaError::Blurred { sharpness, least: LEAST_SHARPNESS });
    }
    Ok(face)
}

/// The face with some room round it, at most 1536 pixels a side, and the face's points in the new picture.
/// What else the photo shows, and its metadata, are left behind.
#[must_use]
pub fn cut_out(photo: &Picture, face: &[MeshPoint]) -> (Picture, Vec<MeshPoint>) {
    let (min, max) = bounds(face);
    let (centre, half) = ((min + max) / 2.0, Vec2::splat((max - min).max_element() / 2.0 * KEPT));
    let size = Vec2::new(photo.width() as f32, photo.height() as f32);
    let low = (centre - half).floor().clamp(Vec2::ZERO, size - 1.0);
    let high = (centre + half).ceil().clamp(low + 1.0, size);
    let [x, y, width, height] = [low.x, low.y, high.x - low.x, high.y - low.y].map(|v| v as u32);
    let (picture, scale) = photo.part(x, y, width, height, KEPT_SIDE);
    // Pixel centres are whole numbers, so half a pixel goes in and out of the scaling.
    let moved = face.iter().map(|point| {
        let flat = (point.truncate() - low + 0.5) * scale - 0.5;
        Vec3::new(flat.x, flat.y, point.z * scale)
    });
    let points = moved.collect();
    (picture, points)
}

/// How sharp a face is, whatever its size and contrast: the variance of the Laplacian of its luma over the variance
/// of its luma, inside the face oval, on a crop of 256 x 256 pixels. See [`LEAST_SHARPNESS`]
/// for what it gives.
#[must_use]
pub fn sharpness(photo: &Picture, face: &[MeshPoint]) -> f32 {
    let (min, max) = bounds(face);
    let side = (max - min).max_element().max(1.0);
    let origin = (min + max) / 2.0 - side / 2.0;
    let step = side / CROP as f32;
    let crop = resample(photo, origin, step);
    let inside = oval_mask(face, origin, step);
    let at = |x: usize, y: usize| crop.get(y * CROP + x).copied().unwrap_or_default();
    let (mut luma, mut laplacian) = (Moments::default(), Moments::default());
    for y in 1..CROP - 1 {
        for x in 1..CROP - 1 {
            if inside.get(y * CROP + x) == Some(&true) {
                luma.add(at(x, y));
                laplacian.add(at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4.0 * at(x, y));
            }
        }
    }
    // Sensor noise of a flat face must not count as detail: the contrast has a floor.
    (laplacian.variance() / luma.variance().max(1e-4)) as f32
}

/// Sums for a variance.
#[derive(Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f32) {
        let value = f64::from(value);
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn variance(&self) -> f64 {
        let n = self.count.max(1.0);
        (self.squares / n - (self.sum / n).powi(2)).max(0.0)
    }
}

/// Luma of the square from `origin` on, `step` photo pixels a crop pixel. Each crop pixel is the mean of enough
/// bilinear samples that no photo pixel is passed over.
fn resample(photo: &Picture, origin: Vec2, step: f32) -> Vec<f32> {
    let samples = step.ceil().clamp(1.0, 64.0) as usize;
    let mut crop = Vec::with_capacity(CROP * CROP);
    for y in 0..CROP {
        for x in 0..CROP {
            let mut sum = 0.0;
            for j in 0..samples {
                for i in 0..samples {
                    let within = (Vec2::new(i as f32, j as f32) + 0.5) / samples as f32;
                    sum += luma_at(photo, origin + (Vec2::new(x as f32, y as f32) + within) * step - 0.5);
                }
            }
            crop.push(sum / (samples * samples) as f32);
        }
    }
    crop
}

/// Luma at a place; the edge goes on beyond the photo.
fn luma_at(photo: &Picture, at: Vec2) -> f32 {
    let (low, part) = (at.floor(), at - at.floor());
    let (x, y) = (low.x as i64, low.y as i64);
    bilinear_by_weights([(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)].map(|(x, y)| photo.luma(x, y)), part)
}

/// Which crop pixels lie inside the face oval drawn in by a tenth, so that hair and background stay out.
fn oval_mask(face: &[MeshPoint], origin: Vec2, step: f32) -> Vec<bool> {
    let corner = |i: &u16| face.get(usize::from(*i)).map(|point| (point.truncate() - origin) / step);
    let corners: Vec<Vec2> = OVAL.iter().filter_map(corner).collect();
    let middle = corners.iter().sum::<Vec2>() / corners.len().max(1) as f32;
    let corners: Vec<Vec2> = corners.iter().map(|corner| middle + (*corner - middle) * 0.9).collect();
    let mut mask = vec![false; CROP * CROP];
    for (i, inside) in mask.iter_mut().enumerate() {
        let at = Vec2::new((i % CROP) as f32, (i / CROP) as f32);
        *inside = goes_round(&corners, at);
    }
    mask
}
