//! The mesh network: a square crop in, 468 or 478 points and a presence out.
//!
//! Face Mesh and Face Mesh with attention (MediaPipe, Apache-2.0); contract in facts/face_tracking_models.md §5, §6.

use std::path::Path;

use glam::{Vec2, Vec3};

use crate::frame::{CropSpec, Frame};
use crate::infer::attention::{HEADS, POINT_VALUES, PatchPlacement, SLOT};
use crate::infer::models::{MESH_468, MESH_478};
use crate::infer::{InferError, Net, Runtime};
use crate::space::{CropSquare, ImagePx, MeshPoint};
use crate::topology::OVAL;

/// Which mesh network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MeshKind {
    /// 468 points: half the work, coarser eyes and lips, no irises.
    Points468,
    /// 478 points with irises.
    #[default]
    Points478,
}

impl MeshKind {
    /// Points of a mesh.
    #[must_use]
    pub fn points(self) -> usize {
        match self {
            Self::Points468 => crate::topology::POINTS,
            Self::Points478 => crate::topology::POINTS_WITH_IRISES,
        }
    }
}

/// Side of the network's input in crop pixels.
pub(super) const SIDE: usize = 192;
/// How much larger than a face's box the network's region is: so it was trained.
pub(super) const REGION_MARGIN: f32 = 1.5;

/// The mesh network with its buffers.
pub(super) struct MeshNet {
    pub(super) net: Box<dyn Net>,
    /// The 478-point network's second part: finds lips, eyes and irises anew.
    pub(super) refinement: Option<Box<dyn Net>>,
}

/// The first points of an eye are its lids; so many are an iris.
const LIDS: usize = 16;
const IRIS: usize = 5;

/// What the network says of one region.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// Certainty that the region holds a face, 0..=1.
    pub(super) presence: f32,
    /// The mesh in image pixels.
    pub(super) points: Vec<MeshPoint>,
}

impl MeshNet {
    pub(super) fn load(runtime: &Runtime, folder: &Path, kind: MeshKind) -> Result<Self, InferError> {
        Ok(match kind {
            MeshKind::Points468 => Self { net: MESH_468.load(runtime, folder, 0)?, refinement: None },
            MeshKind::Points478 => Self {
                net: MESH_478.load(runtime, folder, 0)?,
                refinement: Some(MESH_478.load(runtime, folder, 1)?),
            },
        })
    }

    /// Runs the network on a region. `taps` is the crop's antialiasing, see [`CropSpec::taps`].
    pub(super) fn infer(
        &mut self,
        frame: &Frame,
        region: CropSquare,
        taps: usize,
    ) -> Result<Reading, InferError> {
        let spec = CropSpec { taps, coarse_chroma: true, ..CropSpec::new(region, SIDE) };
        frame.sample_crop(&spec, self.net.input_mut(0));
        self.net.run()?;
        let logit = self.net.output(1).first().copied().unwrap_or(f32::NEG_INFINITY);
        let mut points = self.points()?;
        let n = SIDE as f32;
        let to_image = region.affine(n);
        for p in &mut points {
            *p = to_image.transform_point2(p.truncate()).extend(p.z / n * region.side);
        }
        Ok(Reading { presence: 1.0 / (1.0 + (-logit).exp()), points })
    }

    /// The crop that was read last: planar R'G'B', 0..=1, and its side in pixels.
    pub(super) fn crop(&mut self) -> (&[f32], usize) {
        (self.net.input_mut(0), SIDE)
    }

    /// The points in crop pixels: the mesh, then the finer lips, eyes and irises over it.
    fn points(&mut self) -> Result<Vec<Vec3>, InferError> {
        let mesh = self.net.output(0);
        let mut points: Vec<Vec3> =
            mesh.chunks_exact(3).map(Vec3::from_slice).take(crate::topology::POINTS).collect();
        let Some(refinement) = &mut self.refinement else { return Ok(points) };
        let places = HEADS.each_ref().map(|head| PatchPlacement::from_mesh(head, mesh));
        for (index, place) in places.iter().enumerate() {
            place.cut(self.net.output(2), index, refinement.input_mut(0));
        }
        refinement.run()?;
        let refined = refinement.output(0).chunks_exact(POINT_VALUES);
        for ((head, place), values) in HEADS.iter().zip(places).zip(refined) {
            for (&index, xy) in head.points.iter().zip(patch_points(place, values)) {
                if let Some(point) = points.get_mut(usize::from(index)) {
                    *point = xy.extend(point.z);
                }
            }
        }
        // The irises in the order of points 468..478: those of the heads after the lips.
        let irises = refinement.output(1).chunks_exact(SLOT);
        for ((eye, place), values) in HEADS.iter().zip(places).skip(1).zip(irises) {
            // An iris has no depth of its own: it takes the mean of its lids'.
            let lids = eye.points.iter().take(LIDS).filter_map(|&i| mesh.get(3 * usize::from(i) + 2));
            let depth = lids.sum::<f32>() / LIDS as f32;
            points.extend(patch_points(place, values).take(IRIS).map(|xy| xy.extend(depth)));
        }
        Ok(points)
    }
}

/// The points that a refinement head says of its patch, in crop pixels.
fn patch_points(place: PatchPlacement, values: &[f32]) -> impl Iterator<Item = Vec2> {
    values.chunks_exact(2).map(move |xy| place.to_crop(Vec2::from_slice(xy)))
}

/// Image points in the pixels of a crop, `n` a side, that was read from `region`.
pub(super) fn in_crop(points: &[MeshPoint], region: CropSquare, n: f32) -> Vec<Vec2> {
    let to_crop = region.affine(n).inverse();
    points.iter().map(|p| to_crop.transform_point2(p.truncate())).collect()
}

/// Part of the outline's points that lie inside a picture of this size, 0..=1.
pub(super) fn share_inside(points: &[MeshPoint], width: u32, height: u32) -> f32 {
    let (w, h) = (width as f32, height as f32);
    let within = |p: &MeshPoint| p.x >= 0.0 && p.y >= 0.0 && p.x < w && p.y < h;
    let count = OVAL.iter().filter(|&&i| points.get(usize::from(i)).is_some_and(within)).count();
    count as f32 / OVAL.len() as f32
}

/// Lids' corners, nose and mouth.
const FEATURES: [u16; 12] = [33, 133, 362, 263, 1, 4, 168, 61, 291, 0, 17, 13];

/// Whether enough of a face is in a picture of this size: `least` of its outline, 0..=1, or, of one so near that the
/// picture cuts it off all round, eyes, nose and mouth.
pub(super) fn in_view(points: &[MeshPoint], width: u32, height: u32, least: f32) -> bool {
    let (w, h) = (width as f32, height as f32);
    let within = |p: &MeshPoint| p.x >= 0.0 && p.y >= 0.0 && p.x < w && p.y < h;
    let features_inside = || FEATURES.iter().all(|&i| points.get(usize::from(i)).is_some_and(within));
    share_inside(points, width, height) >= least || features_inside()
}

/// Mean of the outline's points.
pub(super) fn outline_centre(points: &[MeshPoint]) -> ImagePx {
    let sum: Vec2 = OVAL.iter().filter_map(|&i| points.get(usize::from(i))).map(|p| p.truncate()).sum();
    ImagePx(sum / OVAL.len() as f32)
}
