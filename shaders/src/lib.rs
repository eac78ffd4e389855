//! The passes of Omote's composite: `wgsl/<pass>.wgsl` for the GPU, `cpu::<pass>` as its mirror.
//!
//! A mirror has the shader's name, its bindings in the same order as slices, and does the same work; it is
//! the shader's test oracle and the backend of machines without a GPU. Buffers are row-major over the face
//! region; a pixel of the working image is one `Vec4`: linear-light RGB (sRGB primaries) and a weight.

pub mod cpu;
pub mod layout;
mod source;

pub use source::{Binding, PASSES, Pass, wgsl};
