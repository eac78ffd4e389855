//! The fictional composites in `assets/composites`, as puppets.

use crate::{Matte, Puppet};
use glam::Vec3;
use omote_frame::error::{Error, ErrorKind, Result, Stage};
use omote_frame::{Colour, Frame, PixelFormat};

pub use omote_persona::Composite;

#[derive(serde::Deserialize)]
struct Landmarks {
    points: Vec<[f32; 3]>,
}

/// The puppet of a composite.
///
/// # Errors
/// [`ErrorKind::Damaged`] where the program's own files do not decode.
pub fn composite(which: Composite) -> Result<Puppet> {
    let omote_persona::CompositeFiles { picture, matte, landmarks } = which.files();
    let damaged = |what: &str| format!("the built-in {} {what} does not decode: rebuild Omote", which.name());
    let wrap = |what: &str, e: Box<dyn std::error::Error + Send + Sync>| {
        Error::wrap(ErrorKind::Damaged, Stage::Source, damaged(what), Cause(e))
    };
    let rgb = image::load_from_memory(picture).map_err(|e| wrap("picture", e.into()))?.into_rgb8();
    let (width, height) = rgb.dimensions();
    let frame = Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, rgb.into_raw())
        .map_err(|e| wrap("picture", e.into()))?;
    let grey = image::load_from_memory(matte).map_err(|e| wrap("matte", e.into()))?.into_luma8();
    let matte =
        Matte::new(grey.width(), grey.height(), grey.into_raw()).map_err(|e| wrap("matte", e.into()))?;
    let points: Landmarks = serde_json::from_slice(landmarks).map_err(|e| wrap("landmarks", e.into()))?;
    let points: Vec<Vec3> = points.points.into_iter().map(Vec3::from_array).collect();
    Puppet::new(&frame, Some(&matte), &points).map_err(|e| wrap("face", e.into()))
}

/// Any of the causes.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Cause(Box<dyn std::error::Error + Send + Sync>);
