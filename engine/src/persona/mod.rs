//! Personas: what is worn in place of the face.

pub mod canonical_uv;
pub mod paint;
