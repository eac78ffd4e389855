//! Networks as files: ONNX and TFLite are read here without anything being run, TFLite is converted to ONNX, and
//! stand-in networks known in closed form are generated for tests.
//!
//! ```
//! use omote_onnx::{skim_bytes, stand_in::StandIn};
//!
//! let network = &StandIn::all()[0];
//! let graph = skim_bytes(&network.bytes())?;
//! assert!(!graph.inputs.is_empty());
//! # Ok::<(), omote_onnx::GraphError>(())
//! ```

pub mod attention;
mod builder;
mod convert;
mod flatbuffer;
mod flexbuffer;
mod graph;
mod onnx;
pub mod stand_in;
mod tflite;

pub use convert::{ConvertError, convert};
pub use graph::{Element, End as GraphEnd, Graph, GraphError, Initializer as GraphTensor, skim, skim_bytes};
