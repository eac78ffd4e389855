//! Omote's engine: frames in, badged frames out.
//!
//! A frame's way: [`source`] → [`track`] → [`swap`] → [`composite`] → [`badge`] → [`sink`]; [`pipeline`]
//! is the only module that knows them all.

pub mod badge;
pub mod composite;
pub mod gpu;
pub mod infer;
pub mod pipeline;
pub mod sink;
pub mod source;
pub mod swap;
pub mod track;

pub use omote_files::output;
pub use omote_frame::{self as frame, canonical_uv, error, pool, slot, space, timing, topology};
pub use omote_persona as persona;
pub use omote_puppet::{self as puppet, actor};
#[cfg(all(target_os = "linux", feature = "v4l"))]
mod v4l2;
