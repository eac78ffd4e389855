//! What a model hands on to drawing: where something stands in front, and which colours meet there.

use super::crop::FLOOR;
use super::texels::{BESIDE, Place, SKIN, points_of};
use super::{AppearanceModel, CELLS, Seen, around};
use crate::space::{Outline, goes_round};
use glam::{Vec2, Vec3, Vec4Swizzles};
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
pub struct Occlusion {
    cells: Option<Arc<[OcclusionCell]>>,
    share: f32,
}

/// Cells below this count as free.
const FREE: f32 = 0.15;
/// How far from a covered cell the occluder's colour is carried, in cells.
const CARRY: usize = 5;
/// How far the rims of glasses cover their cells and those beside them: so far that a pixel's own colour decides.
const RIM: f32 = 0.5;
/// How far on the way to a rim's own colour what counts as rim lies: rims shine, and their edges are half skin.
const TOWARDS: f32 = 0.62;
/// Part of a rim's cells, the darkest, whose mean is the rim's colour: the others are half skin.
const DARKEST: f32 = 0.4;

impl Occlusion {
    /// The cells; none where nothing stands in front.
    pub fn cells(&self) -> Option<&[OcclusionCell]> {
        self.cells.as_deref()
    }

    /// From cells, for tests and drawn scenes. None of another number than `SIDE`² counts.
    pub fn from_cells(cells: &[OcclusionCell]) -> Self {
        let share = cells.iter().map(|c| c.covered).sum::<f32>() / CELLS as f32;
        Self::new((cells.len() == CELLS).then(|| cells.into()), share)
    }

    fn new(cells: Option<Arc<[OcclusionCell]>>, share: f32) -> Self {
        Self { share: if cells.is_some() { share } else { 0.0 }, cells }
    }

    /// Share of the cells that are covered by what came before the face, 0..=1; glasses that are worn do not count.
    pub fn share(&self) -> f32 {
        self.share
    }
}

/// Of a logarithm as the model keeps it.
fn root(log: Vec3) -> Vec3 {
    (log.map(f32::exp) - FLOOR).clamp(Vec3::ZERO, Vec3::ONE).map(|v| decode_srgb(v).sqrt())
}

/// Spreads known values to neighbours without one, ring by ring.
fn spread(values: &mut [Option<Vec3>], rings: usize) {
    let mut last: Vec<usize> = (0..values.len()).filter(|cell| values[*cell].is_some()).collect();
    let mut asked = vec![false; values.len()];
    for _ in 0..rings {
        let mut found = Vec::new();
        for cell in last {
            around(cell, 1, |cell| {
                if values[cell].is_some() || std::mem::replace(&mut asked[cell], true) {
                    return;
                }
                let (mut sum, mut n) = (Vec3::ZERO, 0.0);
                around(cell, 1, |near| {
                    if let Some(value) = values[near] {
                        (sum, n) = (sum + value, n + 1.0);
                    }
                });
                found.push((cell, sum / n));
            });
        }
        found.iter().for_each(|(cell, value)| values[*cell] = Some(*value));
        last = found.into_iter().map(|(cell, _)| cell).collect();
    }
}

/// Gives eyes, mouth and what is round the face the mean of the skin near by.
fn fill_beside(mask: &mut [f32]) {
    for (cell, near) in BESIDE.iter() {
        let sum: f32 = near.iter().map(|k| mask[usize::from(*k)]).sum();
        mask[usize::from(*cell)] = sum / near.len() as f32;
    }
}

impl AppearanceModel {
    /// Whether anything stands in front of the face in the last frame.
    pub(super) fn hides(&self) -> bool {
        self.glasses.rims().is_some()
            || !self.occluded_cells.is_empty()
            || self.mask.iter().any(|m| *m >= FREE)
    }

    /// Finds what lies within other faces' outlines in a frame in which the face is not found. `mesh` and outlines in one
    /// plane.
    pub(in crate::track) fn hide(&mut self, mesh: &[Vec2], occluders: &[Outline]) {
        let hidden = |place: &&Place| {
            let at = points_of(mesh, &place.corners)
                .map(|[a, b, c]| a * place.weights.x + b * place.weights.y + c * place.weights.z);
            at.is_some_and(|at| occluders.iter().any(|outline| goes_round(outline, at)))
        };
        self.occluded_cells = SKIN.iter().filter(hidden).map(|place| place.cell).collect();
    }

    /// Keeps each seen cell's colours: the face's under this light, and the picture's.
    pub(super) fn remember(&mut self, known: &[Seen]) {
        self.colours.fill([Vec3::NAN; 2]);
        for seen in known {
            let Some(texel) = self.texels.get(seen.index) else { continue };
            if let Some(slot) = self.colours.get_mut(usize::from(SKIN[seen.index].cell)) {
                *slot = [(texel.mean + seen.lit).xyz(), (texel.mean + seen.difference).xyz()];
            }
        }
    }

    /// The mask over all cells: eyes, mouth and what is round the face take their neighbours'.
    pub(super) fn fill(&mut self) {
        self.mask.fill(0.0);
        if self.texels.iter().all(|t| t.covered == 0.0) {
            return;
        }
        for (place, texel) in SKIN.iter().zip(&self.texels) {
            self.mask[usize::from(place.cell)] = texel.covered;
        }
        fill_beside(&mut self.mask);
    }

    /// What stands in front of the face in the last frame, glasses with it.
    pub(in crate::track) fn occlusion(&self) -> Occlusion {
        if !self.hides() {
            return Occlusion::default();
        }
        let rims = self.glasses.rims();
        let is_rim = |cell: usize| rims.is_some_and(|r| r.get(cell).copied().unwrap_or(false));
        let reach = self.glasses.reach();
        let mut face: Vec<Option<Vec3>> = vec![None; CELLS];
        let mut front = face.clone();
        let mut rim_colours = Vec::new();
        for (cell, [expected, seen]) in self.colours.iter().enumerate() {
            if expected.is_nan() {
                continue;
            }
            if is_rim(cell) {
                rim_colours.push(root(*expected));
            } else if !reach.as_ref().is_some_and(|r| r[cell]) {
                face[cell] = Some(root(*expected));
            }
            if self.mask[cell] > 0.7 {
                front[cell] = Some(root(*seen));
            }
        }
        rim_colours.sort_by(|a, b| a.element_sum().total_cmp(&b.element_sum()));
        rim_colours.truncate(((rim_colours.len() as f32 * DARKEST) as usize).max(1));
        let rim = rim_colours.iter().sum::<Vec3>() / rim_colours.len().max(1) as f32;
        spread(&mut face, CARRY);
        spread(&mut front, CARRY);
        let mut mask = self.mask.clone();
        if !self.occluded_cells.is_empty() {
            self.occluded_cells.iter().for_each(|cell| mask[usize::from(*cell)] = 1.0);
            fill_beside(&mut mask);
        }
        let cell = |k: usize| {
            let face = face[k].unwrap_or_default();
            let covered = mask[k];
            if covered < RIM && reach.as_ref().is_some_and(|r| r[k]) {
                return OcclusionCell { covered: RIM, face, front: face.lerp(rim, TOWARDS) };
            }
            OcclusionCell { covered, face, front: front[k].unwrap_or(face) }
        };
        let cells: Vec<OcclusionCell> = (0..CELLS).map(cell).collect();
        let share = self.mask.iter().sum::<f32>() / CELLS as f32;
        Occlusion::new(Some(cells.into()), share)
    }
}
