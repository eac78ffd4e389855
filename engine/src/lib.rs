//! Omote.

pub mod infer;
