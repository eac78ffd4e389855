//! The CPU mirrors, one module a shader file.

mod badge_encode;
mod blend_bands;
mod front;
mod illuminate;
mod morph;
mod motion_blur;
mod occlude;
mod region_in;
mod texture_fetch;
mod transfer;
mod warp_field;

pub use badge_encode::badge_encode;
pub use blend_bands::{collapse, reduce};
pub use front::front;
pub use illuminate::{gather, relight, smooth_grid};
pub use morph::morph;
pub use motion_blur::motion_blur;
pub use occlude::occlude;
pub use region_in::region_in;
pub use texture_fetch::{mip_levels, mip_start, texture_fetch};
pub use transfer::{decode_srgb, encode_srgb};
pub use warp_field::{raster, resolve, set_up};
