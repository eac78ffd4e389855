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
pub mod registry;
mod reprojection;
#[cfg(test)]
mod tests;
pub mod tuning;
mod uv_atlas;

pub use crate::persona::VECTOR;
pub use align::{Five, Template, align, five_points};
pub use contract::{Channels, Contract, Family, MOST_SIDE, MaskKind, SourceKind, TensorLayout, ValueRange};
pub use crop::SwapResult;
pub use error::ModelError;
pub use found::{Found, MaskModel, ModelKind};
pub use identity::{Identity, RECOGNISER_SIDE, embed};
pub use masks::MaskNet;
pub use model::{CropOptions, IdentitySource, SelfTest, SwapModel};
pub use recognise::{Hints, recognise};
pub use reprojection::{Drawn, Reprojection, UvAtlases, UvResult};
pub use uv_atlas::{UvAtlas, UvRaster};
