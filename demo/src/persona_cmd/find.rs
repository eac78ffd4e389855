//! The faces of a photo, found by the tracker's networks.

use std::path::Path;

use anyhow::Context;
use omote_engine::frame::{Colour, Frame, PixelFormat};
use omote_engine::infer::{Runtime, models};
use omote_engine::persona::Picture;
use omote_engine::space::MeshPoint;
use omote_engine::track::{Tracker, TrackerConfig};

/// The mesh points of every face, in the photo's pixels. Transparent parts count as their colour.
pub(crate) fn faces(photo: &Picture, data: &Path) -> anyhow::Result<Vec<Vec<MeshPoint>>> {
    let runtime = Runtime::discover(models::library(data).as_deref())?;
    let mut tracker = Tracker::new(&runtime, &models::models_dir(data), TrackerConfig::default())
        .context("the face networks can't be used: `omote setup` gets them, `omote doctor` looks at them")?;
    let rgb: Vec<u8> = photo.rgba().chunks_exact(4).flat_map(|pixel| pixel.iter().take(3).copied()).collect();
    let frame = Frame::new(PixelFormat::Rgb, Colour::JPEG, photo.width(), photo.height(), rgb)?;
    Ok(tracker.stills(&frame)?.into_iter().map(|face| face.landmarks).collect())
}
