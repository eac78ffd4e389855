//! Occluders: what stands in front of a face, carried from canonical UV to a texture's own.

use crate::canonical_uv::CANONICAL_UV;
use crate::frame::interpolation::{Bilinear, bilinear_by_weights};
use crate::space::Uv;
use crate::swap::{FaceTexture, painted_at};
use crate::topology::{LIPS_INNER, POINTS, TRIANGLES};
use crate::track::appearance::{for_each_cell_near, texel_places};
use crate::track::{OCCLUSION_SIDE as SIDE, Occlusion};
use glam::{Vec2, Vec4};
use omote_shaders::layout::OccludeCell;
use std::sync::Arc;

/// Maps that are kept, those made last.
const MAPS_MAX: usize = 32;

/// Where each layout's cells lie in canonical UV.
#[derive(Default)]
pub(super) struct Occluders {
    maps: Vec<Map>,
}

/// One layout's cells. What is painted in the mouth is no part of the layout.
struct Map {
    layout: Arc<[Uv]>,
    mouth: bool,
    places: Vec<Vec2>,
}

impl Map {
    fn is_of(&self, texture: &FaceTexture) -> bool {
        Arc::ptr_eq(&self.layout, texture.layout()) && self.mouth == texture.openings().mouth
    }
}

impl Occluders {
    /// Writes the cells over `texture`'s own UV; none where nothing stands in front.
    pub(super) fn cells(&mut self, occlusion: &Occlusion, texture: &FaceTexture, out: &mut Vec<OccludeCell>) {
        out.clear();
        let Some(cells) = occlusion.cells() else { return };
        let packed: Vec<[Vec4; 2]> =
            cells.iter().map(|c| [c.face.extend(c.covered), c.front.extend(0.0)]).collect();
        let sampled = |at: &Vec2| {
            let [face, front] = sample(&packed, *at).map(|v| v.to_array());
            OccludeCell { face, front }
        };
        out.extend(self.places(texture).iter().map(sampled));
    }

    /// Where the cells of this texture's layout lie in canonical UV, in cells.
    fn places(&mut self, texture: &FaceTexture) -> &[Vec2] {
        if !self.maps.iter().any(|m| m.is_of(texture)) {
            self.maps.truncate(MAPS_MAX - 1);
            let (layout, mouth) = (Arc::clone(texture.layout()), texture.openings().mouth);
            self.maps.insert(0, Map { layout, mouth, places: canonical_places(texture) });
        }
        self.maps.iter().find(|m| m.is_of(texture)).map_or(&[][..], |m| &m.places)
    }
}

/// The cells' values at a place between their middles, bilinear; at the border those of the border.
fn sample(cells: &[[Vec4; 2]], at: Vec2) -> [Vec4; 2] {
    // A thousandth short of the border: pictures keep their bits.
    let at = at.clamp(Vec2::ZERO, Vec2::splat(SIDE as f32 - 1.001));
    let cell = Bilinear::in_pairs(at, [SIDE; 2]);
    [0, 1].map(|k| {
        let get = |x: usize, y: usize| cells.get(y * SIDE + x).map_or(Vec4::ZERO, |c| c[k]);
        bilinear_by_weights(cell.corners(get), cell.part())
    })
}

/// Canonical place, in cells, of the middle of each cell of a texture's own UV.
fn canonical_places(texture: &FaceTexture) -> Vec<Vec2> {
    let uv: Vec<Vec2> = texture.uv().iter().take(POINTS).map(|u| u.0).collect();
    let mut out = vec![Vec2::NAN; SIDE * SIDE];
    for place in texel_places(&uv, &TRIANGLES) {
        let canonical = |k: usize| {
            CANONICAL_UV.get(usize::from(place.corners[k])).map_or(Vec2::ZERO, |p| Vec2::from_array(*p))
        };
        let w = place.weights;
        let at = canonical(0) * w.x + canonical(1) * w.y + canonical(2) * w.z;
        out[usize::from(place.cell)] = at * SIDE as f32 - 0.5;
    }
    for _ in 0..3 {
        grow(&mut out);
    }
    if texture.openings().mouth {
        lay_mouth(&mut out);
    }
    out.iter().map(|at| if at.is_nan() { Vec2::ZERO } else { *at }).collect()
}

/// Gives cells without a place that of a neighbour.
fn grow(places: &mut [Vec2]) {
    let before = places.to_vec();
    for (cell, at) in places.iter_mut().enumerate().filter(|(_, at)| at.is_nan()) {
        for_each_cell_near(cell, 1, |k| {
            if before[k].is_finite() {
                *at = before[k];
            }
        });
    }
}

/// Lays the cells of the painted inside of the mouth on the line between the mouth's corners: what stands before the lips
/// stands before what is behind them.
fn lay_mouth(places: &mut [Vec2]) {
    let corner = |k: usize| LIPS_INNER.get(k).and_then(|i| CANONICAL_UV.get(usize::from(*i)));
    let [right, left] =
        [0, LIPS_INNER.len() / 2].map(|k| corner(k).map_or(Vec2::ZERO, |p| Vec2::from_array(*p)));
    for (cell, at) in places.iter_mut().enumerate() {
        let uv = (Vec2::new((cell % SIDE) as f32, (cell / SIDE) as f32) + 0.5) / SIDE as f32;
        if let Some(inside) = painted_at(uv) {
            *at = right.lerp(left, inside.x) * SIDE as f32 - 0.5;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swap::{ColourTransfer, CutParams};
    use crate::track::OcclusionCell;
    use glam::Vec3;

    #[test]
    fn a_cell_comes_where_the_texture_has_its_place() {
        // The texture's face is the canonical one, half as large in the lower right quarter.
        let uv: Vec<Uv> =
            CANONICAL_UV.iter().map(|p| Uv(Vec2::from_array(*p) * 0.5 + Vec2::splat(0.5))).collect();
        let white = vec![255; 64 * 64 * 4];
        let texture =
            FaceTexture::bake(&white, 64, &uv, ColourTransfer::Match, CutParams::default()).unwrap();
        let mut cells = vec![OcclusionCell::default(); SIDE * SIDE];
        for (k, cell) in cells.iter_mut().enumerate() {
            let right = k % SIDE >= SIDE / 2;
            (cell.covered, cell.front) = (f32::from(u8::from(right)), Vec3::X);
        }
        let (mut maps, mut out) = (Occluders::default(), Vec::new());
        maps.cells(&Occlusion::from_cells(&cells), &texture, &mut out);
        let at = |u: f32, v: f32| out[(v * SIDE as f32) as usize * SIDE + (u * SIDE as f32) as usize];
        assert!(at(0.85, 0.75).face[3] > 0.99 && at(0.65, 0.75).face[3] < 0.01);
        assert_eq!(at(0.75, 0.75).front[..3], [1.0, 0.0, 0.0]);
        maps.cells(&Occlusion::default(), &texture, &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn what_covers_the_lips_covers_the_painted_mouth() {
        let uv: Vec<Uv> =
            CANONICAL_UV.iter().map(|p| Uv(Vec2::from_array(*p) * 0.7 + Vec2::new(0.15, 0.1))).collect();
        let mask = CutParams { mouth: 1.0, ..CutParams::default() };
        let texture =
            FaceTexture::bake(&vec![255; 128 * 128 * 4], 128, &uv, ColourTransfer::Match, mask).unwrap();
        assert!(texture.openings().mouth);
        let lips: Vec<Vec2> =
            LIPS_INNER.iter().map(|i| Vec2::from_array(CANONICAL_UV[usize::from(*i)])).collect();
        let (right, left) = (lips[0], lips[LIPS_INNER.len() / 2]);
        let half = (right.x + left.x) * 0.5;
        let mut cells = vec![OcclusionCell::default(); SIDE * SIDE];
        for (k, cell) in cells.iter_mut().enumerate() {
            // Only the half of the mouth at its left corner.
            let x = ((k % SIDE) as f32 + 0.5) / SIDE as f32;
            cell.covered = f32::from(u8::from((x > half) == (left.x > half)));
        }
        let (mut maps, mut out) = (Occluders::default(), Vec::new());
        maps.cells(&Occlusion::from_cells(&cells), &texture, &mut out);
        let covered = |across: f32, down: f32| {
            let at = crate::swap::inside_of_mouth(across, down) * SIDE as f32;
            out[at.y as usize * SIDE + at.x as usize].face[3]
        };
        assert!(covered(0.9, 0.1) > 0.99 && covered(0.9, 0.5) > 0.99);
        assert!(covered(0.1, 0.1) < 0.01 && covered(0.1, 0.5) < 0.01);
    }
}
