//! Neural swap models of the field, brought by the user: any ONNX model, at the camera's rate whatever its speed.
//!
//! ```text
//! frame, mesh ─align→ crop ─tensor→ network ─→ result, mask ─project→ UV atlas ─draw→ every frame's mesh
//! ```
//! A file is [recognised](recognise()) by its graph, checked and measured ([`SwapModel::self_test`],
//! [`SwapModel::measure`]). Families differ in data only: [`Contract`]. Results are projected into canonical UV
//! ([`UvAtlases`]) and drawn on the live mesh ([`Reprojection`]), so a slow model costs no latency.

mod align;
mod contract;
mod crop;
mod error;
mod found;
mod identity;
mod masks;
mod model;
mod recognise;
mod reprojection;
#[cfg(test)]
mod tests;
#[doc(hidden)]
pub mod tuning;
mod uv_atlas;

pub use contract::Family;
pub use crop::SwapResult;
pub use error::ModelError;
pub use identity::Identity;
pub use model::{CropOptions, IdentitySource, SwapModel};

// What Omote's own programs take besides: no part of what is promised to others.
#[doc(hidden)]
pub use crate::persona::VECTOR;
#[doc(hidden)]
pub use align::{Five, Template, align, five_points};
#[doc(hidden)]
pub use contract::{Channels, Contract, MOST_SIDE, MaskKind, SourceKind, TensorLayout, ValueRange};
#[doc(hidden)]
pub use found::{Found, MaskModel, ModelKind};
#[doc(hidden)]
pub use identity::{RECOGNISER_SIDE, embed};
#[doc(hidden)]
pub use masks::MaskNet;
#[doc(hidden)]
pub use model::SelfTest;
#[doc(hidden)]
pub use recognise::{Hints, recognise};
#[doc(hidden)]
pub use reprojection::{Drawn, Reprojection, UvAtlases, UvResult};
#[doc(hidden)]
pub use uv_atlas::{UvAtlas, UvRaster};
