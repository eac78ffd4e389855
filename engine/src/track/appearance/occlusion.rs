//! What a model hands on to drawing: where something stands in front, and which colours meet there.

use super::crop::FLOOR;
use super::{CELLS, Model, SIDE, around};
use glam::Vec3;
use omote_shaders::cpu::decode_srgb;
use std::sync::Arc;

/// One cell of an [`Occlusion`]. Colours are the square roots of linear-light R, G, B, 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OcclusionCell {
    /// How far the cell is covered, 0 (free) to 1.
    pub covered: f32,
    /// What the face would look like here.
    pub face: Vec3,
    /// What stands in front here or nearby.
    pub front: Vec3,
}

/// What stands in front of a face: a square of [`super::SIDE`]² cells over canonical UV, rows from the top. Clones share
/// the cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Occlusion(Option<Arc<[OcclusionCell]>>);

/// Cells below this count as free.
const FREE: f32 = 0.15;
/// How far from a covered cell the occluder's colour is carried, in cells.
const CARRY: usize = 5;

impl Occlusion {
    /// The cells; none where nothing stands in front.
    pub fn cells(&self) -> Option<&[OcclusionCell]> {
        self.0.as_deref()
    }

    /// From cells, for tests and drawn scenes. None of another number than `SIDE`² counts.
    pub fn from_cells(cells: &[OcclusionCell]) -> Self {
        Self((cells.len() == CELLS).then(|| cells.into()))
    }

    /// Share of the cells that are covered, 0..=1.
    pub fn share(&self) -> f32 {
        self.cells().map_or(0.0, |c| c.iter().map(|c| c.covered).sum::<f32>() / CELLS as f32)
    }
}

/// Of a logarithm as the model keeps it.
fn root(log: Vec3) -> Vec3 {
    (log.map(f32::exp) - FLOOR).clamp(Vec3::ZERO, Vec3::ONE).map(|v| decode_srgb(v).sqrt())
}

/// Spreads known values to neighbours without one, ring by ring.
fn spread(values: &mut [Option<Vec3>], rings: usize) {
    for _ in 0..rings {
        let before = values.to_vec();
        for (cell, value) in values.iter_mut().enumerate().filter(|(_, v)| v.is_none()) {
            let (mut sum, mut n) = (Vec3::ZERO, 0.0f32);
            around(cell, 1, |k| {
                if let Some(v) = before[k] {
                    (sum, n) = (sum + v, n + 1.0);
                }
            });
            if n > 0.0 {
                *value = Some(sum / n);
            }
        }
    }
}

impl Model {
    /// What stands in front of the face in the last frame.
    pub(in crate::track) fn occlusion(&self) -> Occlusion {
        if self.mask.iter().all(|m| *m < FREE) {
            return Occlusion::default();
        }
        let mut face: Vec<Option<Vec3>> = vec![None; CELLS];
        let mut front = face.clone();
        for (cell, [expected, seen]) in self.colours.iter().enumerate() {
            if expected.is_nan() {
                continue;
            }
            face[cell] = Some(root(*expected));
            if self.mask[cell] > 0.7 {
                front[cell] = Some(root(*seen));
            }
        }
        spread(&mut face, CARRY);
        spread(&mut front, CARRY);
        let cells: Vec<OcclusionCell> = (0..SIDE * SIDE)
            .map(|k| {
                let face = face[k].unwrap_or_default();
                OcclusionCell { covered: self.mask[k], face, front: front[k].unwrap_or(face) }
            })
            .collect();
        Occlusion(Some(cells.into()))
    }
}
