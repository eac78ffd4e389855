//! What every front end of Omote shares: where its files are, how they get there, and what a user can adjust.
//!
//! The program, the window and the OBS plugin differ in how they ask and show; the way from a data folder to a running
//! pipeline is the same:
//!
//! ```no_run
//! use omote_engine::actor::ActorOptions;
//! use omote_engine::pipeline::{LiveSession, LiveConfig, LiveSource};
//! use omote_engine::source::Rate;
//! use omote_engine::track::TrackerConfig;
//! use omote_kit::data::DataFolder;
//! use omote_kit::networks;
//! use omote_kit::options::{EDGE, PERSONA, Values};
//! use omote_kit::textures::Textures;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let data = DataFolder::find(None).ok_or("no home folder")?;
//! let values = Values { edge: EDGE.parse("0.5")?, ..Values::default() };
//! let persona = Textures::new().get(&data, PERSONA.kind.default, values.mask())?;
//! let (make_tracker, runtime) = networks::trackers(&data, TrackerConfig::default())?;
//! let source = LiveSource::Actor(ActorOptions::new(1, 1280, 720, Rate::DEFAULT));
//! let settings = values.settings();
//! let live = LiveSession::start(LiveConfig::new(source, make_tracker, vec![persona], settings))?;
//! println!("{runtime} finds the faces: {}", live.status().state.name());
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it has |
//! |---|---|
//! | [`data`] | the data folder: `OMOTE_DATA`, the user's own, or beside the program |
//! | [`setup`] | obtaining the face networks and ONNX Runtime, pinned by SHA-256 |
//! | [`networks`] | ONNX Runtime, and trackers on the networks of a data folder |
//! | [`registry`] | the list of a user's swap models: tested, measured, remembered; locked while it is changed |
//! | [`swap_models`] | testing, taking and loading a user's swap models |
//! | [`personas`] | the personas that can be worn: those built in and the user's own |
//! | [`textures`] | personas baked into textures, kept until they change or their consent ends |
//! | [`options`] | **one** table of everything that can be adjusted, with ranges, defaults and texts |

pub mod data;
pub mod networks;
pub mod options;
pub mod personas;
pub mod registry;
pub mod setup;
pub mod swap_models;
pub mod textures;

pub use omote_engine::error::in_one_line;
