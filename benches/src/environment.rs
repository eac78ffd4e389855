//! What the laboratory needs from the program that it runs in.

use std::path::Path;

use omote_engine::badge::BadgedFrame;
use omote_engine::infer::Runtime;
use omote_engine::pipeline::WornModel;
use omote_engine::swap::FaceTexture;
use omote_engine::track::{Tracker, TrackerConfig};

use crate::report::Program;

/// The program whose frames are measured: its name, its data folder, and its own ways to make what a pipeline is made
/// of, so that a row measures what a user of the program gets.
pub trait Environment {
    /// The program itself.
    fn program(&self) -> Program;

    /// The data folder.
    fn data(&self) -> &Path;

    /// What runs networks.
    ///
    /// # Errors
    /// A library that can't be loaded.
    fn runtime(&self) -> anyhow::Result<Runtime>;

    /// A persona as it is worn.
    ///
    /// # Errors
    /// No such persona, or one that can't be worn.
    fn persona(&self, name: &str) -> anyhow::Result<FaceTexture>;

    /// A tracker on the data folder's networks.
    ///
    /// # Errors
    /// Networks that are missing or damaged.
    fn tracker(&self, config: TrackerConfig) -> anyhow::Result<Tracker>;

    /// Names of the user's swap models.
    ///
    /// # Errors
    /// A registry that can't be read.
    fn models(&self) -> anyhow::Result<Vec<String>>;

    /// One of them, wearing the persona's face, as it is worn when no option says otherwise. `report` hears what takes long
    /// or falls back.
    ///
    /// # Errors
    /// A file that is gone or does not load.
    fn model(&self, name: &str, persona: &str, report: &mut dyn FnMut(&str)) -> anyhow::Result<WornModel>;

    /// Makes a picture's pixels for the program's window and drops them.
    fn draw_for_screen(&self, picture: &BadgedFrame);
}
