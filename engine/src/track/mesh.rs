//! The mesh network: a square crop in, 468 or 478 points and a presence out.
//!
//! Face Mesh and Face Mesh with attention (MediaPipe, Apache-2.0); contract in facts/face_tracking_models.md §5, §6.

use std::path::Path;

use glam::{Vec2, Vec3};

use super::attention::{IRISES, LEFT_EYE_PATCH, LIPS_PATCH, RIGHT_EYE_PATCH};
use crate::frame::{Border, CropSpec, Frame};
use crate::infer::models::{MESH_468, MESH_478, ModelFile};
use crate::infer::{InferError, Net, Runtime, Source};
use crate::space::{CropPx, CropSquare, MeshPoint};

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

    fn model(self) -> &'static ModelFile {
        match self {
            Self::Points468 => &MESH_468,
            Self::Points478 => &MESH_478,
        }
    }
}

/// Side of the network's input in crop pixels.
const SIDE: usize = 192;

/// The mesh network with its buffers.
pub(super) struct MeshNet {
    net: Box<dyn Net>,
    kind: MeshKind,
}

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
        let model = kind.model();
        let net = runtime.load(Source::File(&folder.join(model.onnx_name())), &model.expect)?;
        Ok(Self { net, kind })
    }

    /// Reads the mesh in a region. `taps` is the crop's antialiasing, see [`CropSpec::taps`].
    pub(super) fn read(
        &mut self,
        frame: &Frame,
        region: CropSquare,
        taps: usize,
    ) -> Result<Reading, InferError> {
        let spec =
            CropSpec { square: region, n: SIDE, border: Border::Replicate, taps, scale: 1.0, offset: 0.0 };
        frame.sample_crop(&spec, self.net.input_mut(0));
        self.net.run()?;
        let logit = self.net.output(1).first().copied().unwrap_or(f32::NEG_INFINITY);
        let mut points = self.assemble();
        let n = SIDE as f32;
        for p in &mut points {
            let place = region.to_image(CropPx(p.truncate()), n);
            *p = place.0.extend(p.z / n * region.side);
        }
        Ok(Reading { presence: 1.0 / (1.0 + (-logit).exp()), points })
    }

    /// The crop that was read last: planar R'G'B', 0..=1, and its side in pixels.
    pub(super) fn crop(&mut self) -> (&[f32], usize) {
        (self.net.input_mut(0), SIDE)
    }

    /// The points in crop pixels: the mesh, then the finer lips, eyes and irises over it.
    fn assemble(&self) -> Vec<Vec3> {
        let mesh = self.net.output(0);
        let mut points: Vec<Vec3> =
            mesh.chunks_exact(3).map(Vec3::from_slice).take(crate::topology::POINTS).collect();
        if self.kind == MeshKind::Points468 {
            return points;
        }
        let patches: [(&[u16], usize); 3] = [(&LIPS_PATCH, 2), (&RIGHT_EYE_PATCH, 3), (&LEFT_EYE_PATCH, 4)];
        for (indices, output) in patches {
            for (&index, xy) in indices.iter().zip(self.net.output(output).chunks_exact(2)) {
                if let Some(point) = points.get_mut(usize::from(index)) {
                    *point = Vec2::from_slice(xy).extend(point.z);
                }
            }
        }
        for (patch, output) in IRISES {
            // An iris has no depth of its own: it takes the mean of its lids'.
            let lids = patch.iter().take(16).filter_map(|&i| mesh.get(3 * usize::from(i) + 2));
            let depth = lids.sum::<f32>() / 16.0;
            points
                .extend(self.net.output(output).chunks_exact(2).map(|xy| Vec2::from_slice(xy).extend(depth)));
        }
        points
    }
}
