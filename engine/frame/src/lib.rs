//! Frames and what they are made of: formats, colour, coordinate spaces, times, the pool that recycles their bytes and
//! the slot that hands them on; and the mesh of a face: its topology, its canonical UV and its rigid pose.
//!
//! ```
//! use omote_frame::{Colour, Frame, PixelFormat};
//!
//! let grey = Frame::filled(PixelFormat::Nv12, Colour::JPEG, 64, 48, [128; 3])?;
//! let mut codes = Vec::new();
//! grey.read_codes(grey.bounds(), &mut codes);
//! assert_eq!(codes.len(), 64 * 48);
//! # Ok::<(), omote_frame::FrameError>(())
//! ```

pub mod canonical_uv;
pub mod error;
mod frame;
pub mod geometry;
pub mod interpolation;
pub mod pool;
pub mod pose;
pub mod rate;
pub mod slot;
pub mod space;
pub mod srgb;
pub mod statistics;
pub mod template;
pub mod timing;
pub mod topology;

pub use frame::*;
