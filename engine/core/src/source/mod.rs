//! Where frames come from: files, read in lockstep, and cameras.

pub mod camera;

pub use omote_files::source::*;
