//! Finds faces and follows them: detector when lost, otherwise the region where the face is predicted; 468 or 478
//! points; One-Euro filters in the face's own frame; rigid pose; stable ids; presence.
//!
//! Crops are sampled straight from the frame's native planes. Left and right are the subject's.

mod acquire;
mod alpha_beta;
pub(crate) mod appearance;
mod cut;
mod detect;
mod face_track;
mod lost_track;
mod mesh;
mod occluders;
mod one_euro;
mod roll;
mod search;
mod select;
mod smooth;
mod stills;
mod tracker;
mod tuning;
pub(crate) mod veil;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod tests;

pub use appearance::Occlusion;
pub use mesh::MeshKind;
pub use omote_frame::pose::Pose;
pub use select::Selection;
pub use smooth::Smoothing;
pub use stills::SkippedFaces;
pub use tracker::{MOST_FACES, Tracker, TrackerConfig};

// What Omote's own programs take besides: no part of what is promised to others.
#[doc(hidden)]
pub use alpha_beta::AlphaBetaTuning;
#[doc(hidden)]
pub use appearance::tuning::{
    JawTuning, LearningTuning, LidsTuning, LightTuning, OcclusionTuning, RegistrationTuning,
};
#[doc(hidden)]
pub use appearance::{OcclusionCell, SIDE as OCCLUSION_SIDE};
#[doc(hidden)]
pub use cut::{CutDetector, CutTuning, SceneChange};
#[doc(hidden)]
pub use one_euro::OneEuro;
#[doc(hidden)]
pub use tuning::{
    AcquisitionTuning, AppearanceTuning, DetectorTuning, LostTuning, OccluderTuning, ReadingTuning,
    RollTuning, SearchTuning, SelectionTuning, StillsTuning, TrackTuning, Tuning, VeilTuning,
};
#[doc(hidden)]
pub use veil::FrontMatte;
#[cfg(test)]
pub(crate) use veil::planned;

use crate::infer::InferError;
use crate::space::{CropSquare, MeshPoint};

/// Number of a face: stays the same while it is followed, and when it comes back where it was predicted. Never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaceId(pub u64);

/// A face in a frame.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub struct Face {
    /// Which face.
    pub id: FaceId,
    /// Certainty that there is a face, 0.5..=1.
    pub score: f32,
    /// 478 points in image pixels (468 with [`MeshKind::Points468`]): x, y as [`crate::space::ImagePx`], z in the same
    /// pixels, smaller is nearer to the camera.
    pub landmarks: Vec<MeshPoint>,
    /// The region that the mesh was read from.
    pub region: CropSquare,
    /// Where the head is and how it is turned.
    pub pose: Pose,
    /// What stands in front of the face.
    pub occlusion: Occlusion,
}

impl Face {
    /// A face that is certain and that nothing stands in front of, as a tracker of one's own may give it.
    #[must_use]
    pub fn new(id: FaceId, landmarks: Vec<MeshPoint>, region: CropSquare, pose: Pose) -> Self {
        Self { id, score: 1.0, landmarks, region, pose, occlusion: Occlusion::default() }
    }
}

/// Why a frame could not be tracked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrackError {
    /// A network can't be loaded or run.
    #[error(transparent)]
    Infer(#[from] InferError),
    /// The configuration is out of range.
    #[error("{name} is {value}, it must be {range}")]
    Config {
        /// The setting.
        name: &'static str,
        /// What it was set to.
        value: String,
        /// What it may be.
        range: &'static str,
    },
}
