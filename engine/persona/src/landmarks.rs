//! The landmarks of a persona's face: their file, and what makes them usable.

use glam::{Vec2, Vec3};
use serde::{Deserialize, Serialize};

use super::photo::LEAST_FACE;
use super::{PersonaError, Picture};
use omote_frame::space::{self, MeshPoint};
use omote_frame::topology::{POINTS, POINTS_WITH_IRISES};

/// The file as stored: JSON, positions in pixels of a picture of this size.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    width: u32,
    height: u32,
    points: Vec<[f32; 3]>,
}

/// Reads the file and checks it against the picture.
pub(super) fn parse(bytes: &[u8], picture: &Picture) -> Result<Vec<MeshPoint>, PersonaError> {
    let fault = |reason: String| PersonaError::Landmarks { reason };
    let stored: Stored = serde_json::from_slice(bytes).map_err(|error| fault(error.to_string()))?;
    if (stored.width, stored.height) != (picture.width(), picture.height()) {
        return Err(fault(format!(
            "they are of a picture of {}x{} pixels, and this one has {}x{}",
            stored.width,
            stored.height,
            picture.width(),
            picture.height()
        )));
    }
    let points: Vec<MeshPoint> = stored.points.into_iter().map(Vec3::from).collect();
    check(&points, picture)?;
    Ok(points)
}

/// The file's bytes. Positions are rounded to 0.01 pixel.
pub(super) fn to_json(points: &[MeshPoint], picture: &Picture) -> Result<Vec<u8>, PersonaError> {
    let round = |v: f32| (v * 100.0).round() / 100.0;
    let points = points.iter().map(|point| point.to_array().map(round)).collect();
    let stored = Stored { width: picture.width(), height: picture.height(), points };
    serde_json::to_vec(&stored).map_err(|error| PersonaError::Landmarks { reason: error.to_string() })
}

/// Fails unless there are 468 or 478 points, all finite and in the picture, that span a face of fair size.
pub(super) fn check(points: &[MeshPoint], picture: &Picture) -> Result<(), PersonaError> {
    let fault = |reason: String| Err(PersonaError::Landmarks { reason });
    if points.len() != POINTS && points.len() != POINTS_WITH_IRISES {
        return fault(format!(
            "there are {} points, and {POINTS} or {POINTS_WITH_IRISES} are needed",
            points.len()
        ));
    }
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let depth = 4.0 * width.max(height);
    for (i, point) in points.iter().enumerate() {
        if !point.is_finite() {
            return fault(format!("point {i} is not a number"));
        }
        let inside = (-0.5..=width - 0.5).contains(&point.x) && (-0.5..=height - 0.5).contains(&point.y);
        if !inside || point.z.abs() > depth {
            return fault(format!("point {i} lies outside the picture"));
        }
    }
    let (min, max) = bounds(points);
    let size = (max - min).min_element();
    if size < LEAST_FACE {
        return Err(PersonaError::FaceTooSmall { size, least: LEAST_FACE });
    }
    Ok(())
}

/// The corners of the box round the points, in their pixels.
pub(super) fn bounds(points: &[MeshPoint]) -> (Vec2, Vec2) {
    space::bounds(points.iter().map(|point| point.truncate()))
}
