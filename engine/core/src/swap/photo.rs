//! A [`FaceTexture`] from a photo and its landmarks.

use super::{BakeError, ColourTransfer, CutParams, FaceTexture};
use crate::frame::{CropSpec, Frame};
use crate::persona::Persona;
use crate::space::{CropSquare, ImagePx, MeshPoint, Uv, bounds};
use crate::topology::{OVAL, POINTS};

/// The texture's square is the face oval's longer side times this.
const SQUARE: f32 = 1.15;

impl FaceTexture {
    /// The face of a photo. `points`: 468 or more mesh points in the photo's pixels.
    ///
    /// # Errors
    /// [`BakeError`] where the points are no face or a point is not finite.
    pub fn from_photo(
        photo: &Frame,
        points: &[MeshPoint],
        colour_transfer: ColourTransfer,
        wanted: CutParams,
    ) -> Result<Self, BakeError> {
        if let Some(index) = (0..POINTS).find(|i| !points.get(*i).is_some_and(|p| p.is_finite())) {
            return Err(BakeError::Uv { index });
        }
        let oval = OVAL.iter().filter_map(|i| points.get(*i as usize)).map(|p| p.truncate());
        let (low, high) = bounds(oval);
        let side = (high - low).max_element() * SQUARE;
        if side < 8.0 {
            return Err(BakeError::Empty);
        }
        let square = CropSquare { centre: ImagePx((low + high) * 0.5), side, angle: 0.0 };
        let n = Self::SIDE as usize;
        let taps = (side / n as f32).ceil().clamp(1.0, 4.0) as usize;
        let mut planar = vec![0.0; n * n * 3];
        let spec = CropSpec { taps, scale: 255.0, ..CropSpec::new(square, n) };
        photo.sample_crop(&spec, &mut planar);
        let rgba: Vec<u8> = (0..n * n)
            .flat_map(|i| [planar[i], planar[n * n + i], planar[2 * n * n + i], 255.0])
            .map(|v| (v + 0.5) as u8)
            .collect();
        // A crop pixel's middle lies half a texel behind its number.
        let uv: Vec<Uv> = points
            .iter()
            .take(POINTS)
            .map(|p| Uv((square.to_crop(ImagePx(p.truncate()), n as f32).0 + 0.5) / n as f32))
            .collect();
        Self::bake(&rgba, Self::SIDE, &uv, colour_transfer, wanted)
    }

    /// The face of a persona.
    ///
    /// # Errors
    /// [`BakeError`] where its landmarks are no face.
    pub fn of_persona(persona: &Persona, wanted: CutParams) -> Result<Self, BakeError> {
        let photo = Self::photo_of(persona)?;
        let texture = Self::from_photo(&photo, persona.landmarks(), persona.colour_transfer(), wanted)?;
        Ok(texture.ending(persona.class().expires()))
    }

    /// The picture of a persona as a frame, RGB; transparent parts count as black.
    ///
    /// # Errors
    /// [`BakeError::Size`] where the picture is larger than a frame can be.
    pub fn photo_of(persona: &Persona) -> Result<Frame, BakeError> {
        let picture = persona.picture();
        let bytes = picture.rgba().len();
        picture.frame().map_err(|_| BakeError::Size { side: picture.width(), bytes })
    }
}
