//! Veil: a network of our own that says, from a single picture, what stands before a face. How it was made is in
//! `engine/networks`; its input contract is repeated there and in a test here.

mod guided;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use glam::{Affine2, Vec2, Vec3, Vec4};

use super::appearance::{TexelPlace, texel_places_of};
use super::mesh::in_crop;
use crate::canonical_uv::CANONICAL_UV;
use crate::frame::interpolation::{Bilinear, bilinear_by_weights};
use crate::frame::{CropSpec, Frame};
use crate::infer::{Expect, InferError, Net, NetSource, Runtime, Spec};
use crate::space::{CropSquare, ImagePx, MeshPoint, bounds};
use crate::topology::{OVAL, POINTS, TRIANGLES};
use omote_shaders::cpu::decode_srgb;

/// Side of the network's input and matte in cells.
const SIDE: usize = omote_shaders::layout::FRONT_SIDE as usize;
const CELLS: usize = SIDE * SIDE;
/// Side of the square that it looks at, as a multiple of the longer side of the face's outline: as it was trained.
const MARGIN: f32 = 1.3;
/// Lids' outer corners, by which the square stands upright.
const EYE_CORNERS: [usize; 2] = [33, 263];

/// `crop`: R', G', B' 0..=1; u, v of the mesh in canonical UV, 0 outside; 1 inside the mesh; the last frame's matte, 0 where
/// there is none; 0. `front`: how far something stands in front, 0..=1; it is to be read inside the mesh only.
const CONTRACT: Expect<'static> = Expect {
    inputs: &[Spec { name: "crop", shape: &[1, 8, SIDE, SIDE] }],
    outputs: &[Spec { name: "front", shape: &[1, 1, SIDE, SIDE] }],
};

/// What stands before a face in one frame. Clones share the cells.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontMatte {
    region: CropSquare,
    /// The mesh that it was read by, in crop pixels.
    mesh: Arc<[Vec2]>,
    /// How far something stands in front, 0..=1; 0 outside the mesh.
    front: Arc<[f32]>,
    /// The matte as a function of the picture's own colours, see [`guided::coefficients`].
    guided: Arc<[Vec4]>,
}

impl FrontMatte {
    /// From cells, for tests and drawn scenes: how far something stands in front at each of 128 x 128 cells of a square of
    /// the picture. None of another number counts.
    #[doc(hidden)]
    #[must_use]
    pub fn from_cells(region: CropSquare, cells: &[f32]) -> Option<Self> {
        let guided = cells.iter().map(|front| Vec4::new(0.0, 0.0, 0.0, *front)).collect();
        (cells.len() == CELLS).then(|| Self { region, mesh: [].into(), front: cells.into(), guided })
    }

    /// How far something stands in front at each of 128 x 128 cells of its square, rows from the top, 0..=1; 0 outside the
    /// face's mesh.
    #[doc(hidden)]
    #[must_use]
    pub fn cells(&self) -> &[f32] {
        &self.front
    }

    /// For each cell the share of red, green and blue, and a constant: the matte at a pixel is the dot product of what is
    /// between the cells with (r, g, b, 1), square roots of linear light.
    pub(crate) fn guided(&self) -> &Arc<[Vec4]> {
        &self.guided
    }

    /// From picture pixels to cells, 0 the middle of the first.
    pub(crate) fn to_cells(&self) -> Affine2 {
        self.region.affine(SIDE as f32).inverse()
    }

    /// Between the cells round a place in crop pixels; 0 beyond them.
    fn at(&self, place: Vec2) -> f32 {
        let Some(cell) = Bilinear::inside(place, [SIDE; 2]) else { return 0.0 };
        let get = |x: usize, y: usize| self.front.get(y * SIDE + x).copied().unwrap_or(0.0);
        bilinear_by_weights(cell.corners(get), cell.part())
    }
}

/// The network with its buffers.
pub(super) struct VeilNet {
    net: Box<dyn Net>,
}

impl VeilNet {
    pub(super) fn load(runtime: &Runtime, network: &Path) -> Result<Self, InferError> {
        Ok(Self { net: runtime.load(NetSource::File(network), &CONTRACT)? })
    }

    /// What stands before the face whose mesh this is (picture pixels), in this frame; `last` is its last frame's. None where
    /// the mesh has no outline.
    pub(super) fn infer(
        &mut self,
        frame: &Frame,
        points: &[MeshPoint],
        last: Option<&FrontMatte>,
    ) -> Result<Option<FrontMatte>, InferError> {
        let Some(region) = region_of(points) else { return Ok(None) };
        let mesh = in_crop(points.get(..POINTS).unwrap_or(points), region, SIDE as f32);
        let input = self.net.input_mut(0);
        input.fill(0.0);
        let (picture, rest) = input.split_at_mut(3 * CELLS);
        let taps = (region.side / SIDE as f32).round().clamp(1.0, 16.0) as usize;
        frame.sample_crop(&CropSpec { taps, ..CropSpec::new(region, SIDE) }, picture);
        let guide: Vec<Vec3> = (0..CELLS)
            .map(|k| {
                Vec3::from_array([0, 1, 2].map(|c| picture[c * CELLS + k])).map(|v| decode_srgb(v).sqrt())
            })
            .collect();
        fill_mesh(rest, &mesh, last);
        self.net.run()?;
        let mut front: Vec<f32> = self.net.output(0).to_vec();
        let mask = &self.net.input_mut(0)[5 * CELLS..6 * CELLS];
        front.iter_mut().zip(mask).for_each(|(front, mask)| *front = front.clamp(0.0, 1.0) * mask);
        let guided = guided::coefficients(&guide, &front, mask, SIDE);
        Ok(Some(FrontMatte { region, mesh: mesh.into(), front: front.into(), guided: guided.into() }))
    }
}

/// The upright square that the network looks at; none of a mesh without a finite outline.
fn region_of(points: &[MeshPoint]) -> Option<CropSquare> {
    let [right, left] = EYE_CORNERS.map(|k| points.get(k).map(|p| p.truncate()));
    let along = left? - right?;
    let angle = if along.length_squared() > 1e-6 { along.to_angle() } else { 0.0 };
    let upright = Vec2::from_angle(-angle);
    let outline =
        OVAL.iter().filter_map(|&k| points.get(usize::from(k))).map(|p| upright.rotate(p.truncate()));
    let (low, high) = bounds(outline);
    let side = MARGIN * (high - low).max_element();
    let centre = ImagePx(Vec2::from_angle(angle).rotate((low + high) * 0.5));
    (side.is_finite() && side > 4.0 && centre.0.is_finite()).then_some(CropSquare { centre, side, angle })
}

/// Writes u, v, the mask and the last matte, moved with the mesh, behind the picture.
fn fill_mesh(planes: &mut [f32], mesh: &[Vec2], last: Option<&FrontMatte>) {
    static UV: LazyLock<Vec<Vec2>> =
        LazyLock::new(|| CANONICAL_UV.iter().map(|p| Vec2::from_array(*p)).collect());
    // A crop's samples lie at whole places, texels' middles half-way between.
    let unit: Vec<Vec2> = mesh.iter().map(|p| (*p + 0.5) / SIDE as f32).collect();
    for place in texel_places_of(&unit, &TRIANGLES, SIDE) {
        let between = |points: &[Vec2]| interpolated(points, &place);
        let Some(uv) = between(&UV) else { continue };
        let cell = usize::from(place.cell);
        planes[cell] = uv.x;
        planes[CELLS + cell] = uv.y;
        planes[2 * CELLS + cell] = 1.0;
        if let Some(last) = last
            && let Some(before) = between(&last.mesh)
        {
            planes[3 * CELLS + cell] = last.at(before);
        }
    }
}

fn interpolated(points: &[Vec2], place: &TexelPlace) -> Option<Vec2> {
    let corner = |k: usize| points.get(usize::from(place.corners[k])).copied();
    let (a, b, c) = (corner(0)?, corner(1)?, corner(2)?);
    Some(a * place.weights.x + b * place.weights.y + c * place.weights.z)
}

#[cfg(test)]
mod tests;
