//! What a model hands on to drawing: where something stands in front, and which colours meet there.

use super::crop::FLOOR;
use super::texels::{BESIDE, SKIN, TexelPlace};
use super::tuning::OcclusionTuning;
use super::{AppearanceModel, CELLS, Seen, for_each_cell_near};
use crate::space::{Outline, goes_round};
use crate::track::veil::FrontMatte;
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

/// What stands in front of a face: a square of [`super::SIDE`]² cells over canonical UV, rows from the top, and the matte
/// that a network read from the picture. Clones share both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Occlusion {
    cells: Option<Arc<[OcclusionCell]>>,
    share: f32,
    front: Option<FrontMatte>,
}

impl Occlusion {
    /// The cells; none where nothing stands in front.
    #[doc(hidden)]
    pub fn cells(&self) -> Option<&[OcclusionCell]> {
        self.cells.as_deref()
    }

    /// From cells, for tests and drawn scenes. None of another number than `SIDE`² counts.
    #[doc(hidden)]
    pub fn from_cells(cells: &[OcclusionCell]) -> Self {
        let share = cells.iter().map(|c| c.covered).sum::<f32>() / CELLS as f32;
        Self::new((cells.len() == CELLS).then(|| cells.into()), share)
    }

    fn new(cells: Option<Arc<[OcclusionCell]>>, share: f32) -> Self {
        Self { share: if cells.is_some() { share } else { 0.0 }, cells, front: None }
    }

    /// The same with what a network read from the picture. It is what is drawn by then; of the cells only those of `hidden`
    /// faces, which stand behind others, still count.
    pub(in crate::track) fn with_front(&self, front: FrontMatte, hidden: bool) -> Self {
        let cells = self.cells.clone().filter(|_| hidden);
        Self { cells, share: self.share, front: Some(front) }
    }

    /// What a network's matte alone says.
    #[doc(hidden)]
    pub fn from_front(front: FrontMatte) -> Self {
        Self { front: Some(front), ..Self::default() }
    }

    /// What a network says of this very picture.
    #[doc(hidden)]
    pub fn front(&self) -> Option<&FrontMatte> {
        self.front.as_ref()
    }

    /// Share of the cells that are covered by what came before the face, 0..=1; what is worn from the start does not count.
    pub fn share(&self) -> f32 {
        self.share
    }
}

/// The square root of the linear-light colour whose logarithm the model keeps.
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
            for_each_cell_near(cell, 1, |cell| {
                let is_new = values[cell].is_none() && !std::mem::replace(&mut asked[cell], true);
                if is_new {
                    found.push((cell, mean_known(values, cell)));
                }
            });
        }
        found.iter().for_each(|(cell, value)| values[*cell] = Some(*value));
        last = found.into_iter().map(|(cell, _)| cell).collect();
    }
}

/// Mean of the values round a cell that are known.
fn mean_known(values: &[Option<Vec3>], cell: usize) -> Vec3 {
    let (mut sum, mut n) = (Vec3::ZERO, 0.0);
    for_each_cell_near(cell, 1, |near| {
        if let Some(value) = values[near] {
            (sum, n) = (sum + value, n + 1.0);
        }
    });
    sum / n
}

/// Gives eyes, mouth and what is round the face the mean of the skin near by.
fn fill_beside(mask: &mut [f32]) {
    for (cell, near) in BESIDE.iter() {
        let sum: f32 = near.iter().map(|k| mask[usize::from(*k)]).sum();
        mask[usize::from(*cell)] = sum / near.len() as f32;
    }
}

/// What a frame's cells say of the colours of the face, none where it is not seen, and of what stands in front.
struct CellColours {
    face: Vec<Option<Vec3>>,
    front: Vec<Option<Vec3>>,
}

impl AppearanceModel {
    /// Whether another face stands in front of this one in the last frame.
    pub(in crate::track) fn is_behind_a_face(&self) -> bool {
        !self.occluded_cells.is_empty()
    }

    /// Whether anything stands in front of the face in the last frame.
    pub(super) fn has_occluder(&self, tuning: &OcclusionTuning) -> bool {
        !self.occluded_cells.is_empty() || self.mask.iter().any(|m| *m >= tuning.free)
    }

    /// Finds what lies within other faces' outlines in a frame in which the face is not found. `mesh` and outlines in one
    /// plane.
    pub(in crate::track) fn hide_within(&mut self, mesh: &[Vec2], occluders: &[Outline]) {
        let is_hidden = |place: &&TexelPlace| {
            let at = place.point_in(mesh);
            at.is_some_and(|at| occluders.iter().any(|outline| goes_round(outline, at)))
        };
        self.occluded_cells = SKIN.iter().filter(is_hidden).map(|place| place.cell).collect();
    }

    /// Keeps each seen cell's colours: the face's under this light, and the picture's.
    pub(super) fn store_colours(&mut self, known: &[Seen]) {
        self.colours.fill([Vec3::NAN; 2]);
        for seen in known {
            let Some(texel) = self.texels.get(seen.index) else { continue };
            if let Some(slot) = self.colours.get_mut(usize::from(SKIN[seen.index].cell)) {
                *slot = [(texel.mean + seen.light).xyz(), (texel.mean + seen.difference).xyz()];
            }
        }
    }

    /// The mask over all cells: eyes, mouth and what is round the face take their neighbours'.
    pub(super) fn fill_mask(&mut self) {
        self.mask.fill(0.0);
        if self.texels.iter().all(|t| t.covered == 0.0) {
            return;
        }
        for (place, texel) in SKIN.iter().zip(&self.texels) {
            self.mask[usize::from(place.cell)] = texel.covered;
        }
        fill_beside(&mut self.mask);
    }

    /// What stands in front of the face in the last frame.
    pub(in crate::track) fn occlusion(&self, tuning: &OcclusionTuning) -> Occlusion {
        if !self.has_occluder(tuning) {
            return Occlusion::default();
        }
        let colours = self.cell_colours(tuning);
        let mut mask = self.mask.clone();
        if !self.occluded_cells.is_empty() {
            self.occluded_cells.iter().for_each(|cell| mask[usize::from(*cell)] = 1.0);
            fill_beside(&mut mask);
        }
        let cell = |k: usize| {
            let face = colours.face[k].unwrap_or_default();
            OcclusionCell { covered: mask[k], face, front: colours.front[k].unwrap_or(face) }
        };
        let cells: Vec<OcclusionCell> = (0..CELLS).map(cell).collect();
        let share = self.mask.iter().sum::<f32>() / CELLS as f32;
        Occlusion::new(Some(cells.into()), share)
    }

    /// The last frame's colours, those of face and occluder carried to their neighbours.
    fn cell_colours(&self, tuning: &OcclusionTuning) -> CellColours {
        let mut face: Vec<Option<Vec3>> = vec![None; CELLS];
        let mut front = face.clone();
        for (cell, [expected, seen]) in self.colours.iter().enumerate().filter(|(_, c)| !c[0].is_nan()) {
            face[cell] = Some(root(*expected));
            if self.mask[cell] > tuning.front {
                front[cell] = Some(root(*seen));
            }
        }
        spread(&mut face, tuning.carried);
        spread(&mut front, tuning.carried);
        CellColours { face, front }
    }
}
