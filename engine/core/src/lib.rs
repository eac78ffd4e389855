//! Omote's engine: frames in, badged frames out.
//!
//! A frame's way: [`source`] → [`track`] → [`swap`] → [`composite`] → [`badge`] → [`sink`]; [`pipeline`]
//! is the only module that knows them all. The other modules use each other in one direction only; a test
//! (`xtask/tests/tidy/order.rs`) knows the order.

pub mod actor;
pub mod badge;
pub mod canonical_uv;
pub mod composite;
pub mod error;
pub mod frame;
pub mod gpu;
pub mod infer;
pub mod output;
pub mod persona;
pub mod pipeline;
pub mod pool;
pub mod sink;
pub mod slot;
pub mod source;
pub mod space;
pub mod swap;
pub mod timing;
pub mod topology;
pub mod track;
