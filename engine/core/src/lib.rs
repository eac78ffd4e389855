//! Omote's engine: frames in, badged frames out.
//!
//! A frame's way: [`source`] → [`track`] → cast → [`swap`] → [`composite`] → guard → [`badge`] → [`sink`]; [`pipeline`]
//! joins them and is the only module that knows them all. This crate is all that an embedder needs: frames, files and
//! personas are re-exported from the crates below it.
//!
//! ```
//! use omote_engine::actor::{ActorOptions, ActorSource};
//! use omote_engine::infer::{Runtime, models};
//! use omote_engine::persona::{Composite, today};
//! use omote_engine::pipeline::{OfflineSession, Settings};
//! use omote_engine::source::{Rate, Source};
//! use omote_engine::swap::{CutParams, FaceTexture};
//! use omote_engine::track::{Tracker, TrackerConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let networks = models::models_dir(&models::data_dir().ok_or("no home folder")?); // `omote setup` gets them
//! # if !networks.is_dir() { println!("skipped: no networks in {}", networks.display()); return Ok(()) }
//! let tracker = Tracker::new(&Runtime::portable(), &networks, TrackerConfig::default())?;
//! let persona = FaceTexture::of_persona(&Composite::Two.persona(today())?, CutParams::default())?;
//! let mut session = OfflineSession::new(Box::new(tracker), vec![persona], Settings::default())?;
//! let mut frames = ActorSource::new(ActorOptions::new(1, 640, 360, Rate::DEFAULT), Some(3))?;
//! while let Some(frame) = frames.next()? {
//!     let output = session.process(frame)?;
//!     println!("{} faces, {}", output.faces.len(), output.state.name());
//!     assert!(omote_engine::badge::read(output.badged.frame()).is_some()); // nothing leaves without its badge
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Cameras go through [`pipeline::LiveSession`], which runs the same stages on threads of their own. For the way from a
//! user's data folder to a running session, see the crate `omote-kit`.
//!
//! | feature | what it adds |
//! |---|---|
//! | `v4l` (default) | cameras and v4l2loopback on Linux |
//! | `pipewire` (default) | the PipeWire camera; libpipewire is loaded when it is asked for |
//! | `nokhwa` | the cross-platform capture library on Linux too, for testing |

pub mod badge;
pub mod composite;
pub mod gpu;
pub mod infer;
pub mod pipeline;
pub mod sink;
pub mod source;
pub mod swap;
pub mod track;
#[cfg(all(target_os = "linux", feature = "v4l"))]
mod v4l2;

pub use omote_files::output;
pub use omote_frame::{self as frame, canonical_uv, error, pool, slot, space, timing, topology};
pub use omote_persona as persona;
pub use omote_puppet::{self as puppet, actor};

pub use glam;
pub use wgpu;
