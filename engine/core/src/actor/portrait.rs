//! The fictional composites in `assets/composites`, as puppets.

use crate::error::{Error, ErrorKind, Result, Stage};
use crate::frame::{Colour, Frame, PixelFormat};
use crate::swap::puppet::{Matte, Puppet};
use glam::Vec3;

/// One of the fictional faces: means of a dozen public-domain portraits each, nobody's face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Composite {
    /// `composite-1`, the actor.
    One,
    /// `composite-2`.
    Two,
    /// `composite-3`.
    Three,
}

macro_rules! asset {
    ($id:literal, $file:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/composites/", $id, "/", $file))
    };
}

impl Composite {
    /// Every composite.
    pub const ALL: [Self; 3] = [Self::One, Self::Two, Self::Three];

    /// Its folder's name.
    pub fn id(self) -> &'static str {
        match self {
            Self::One => "composite-1",
            Self::Two => "composite-2",
            Self::Three => "composite-3",
        }
    }

    /// Picture (JPEG), matte (PNG) and landmarks (JSON).
    fn files(self) -> [&'static [u8]; 3] {
        match self {
            Self::One => [
                asset!("composite-1", "picture.jpg"),
                asset!("composite-1", "matte.png"),
                asset!("composite-1", "landmarks.json"),
            ],
            Self::Two => [
                asset!("composite-2", "picture.jpg"),
                asset!("composite-2", "matte.png"),
                asset!("composite-2", "landmarks.json"),
            ],
            Self::Three => [
                asset!("composite-3", "picture.jpg"),
                asset!("composite-3", "matte.png"),
                asset!("composite-3", "landmarks.json"),
            ],
        }
    }
}

#[derive(serde::Deserialize)]
struct Landmarks {
    points: Vec<[f32; 3]>,
}

/// The puppet of a composite.
///
/// # Errors
/// [`ErrorKind::Damaged`] where the program's own files do not decode.
pub fn composite(which: Composite) -> Result<Puppet> {
    let [picture, matte, landmarks] = which.files();
    let damaged = |what: &str| format!("the built-in {} {what} does not decode: rebuild Omote", which.id());
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
