//! What the laboratory gets from this program.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use anyhow::Context;
use omote_benches::Environment;
use omote_benches::report::Program;
use omote_engine::badge::BadgedFrame;
use omote_engine::infer::Runtime;
use omote_engine::pipeline::WornModel;
use omote_engine::swap::{CutParams, FaceTexture};
use omote_engine::track::{Tracker, TrackerConfig};
use omote_kit::registry::Registry;

use crate::wardrobe;
use crate::wear_args::ModelArgs;
use crate::window::picture;

/// The program with a data folder.
pub(super) struct Front(PathBuf);

impl Front {
    pub(super) fn new(data: PathBuf) -> Self {
        Self(data)
    }
}

impl Environment for Front {
    fn program(&self) -> Program {
        Program {
            name: "omote".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("OMOTE_COMMIT").map(str::to_owned),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        }
    }

    fn data(&self) -> &Path {
        &self.0
    }

    fn runtime(&self) -> anyhow::Result<Runtime> {
        wardrobe::runtime(&self.0)
    }

    fn persona(&self, name: &str) -> anyhow::Result<FaceTexture> {
        let mut textures = wardrobe::wear(&[name.to_owned()], &self.0, CutParams::default())?;
        textures.pop().context("no persona")
    }

    fn tracker(&self, config: TrackerConfig) -> anyhow::Result<Tracker> {
        Ok(wardrobe::tracker(&self.0, config)?.0)
    }

    fn models(&self) -> anyhow::Result<Vec<String>> {
        Ok(Registry::open(&self.0)?.swaps().map(|entry| entry.name.clone()).collect())
    }

    fn model(&self, name: &str, persona: &str, report: &mut dyn FnMut(&str)) -> anyhow::Result<WornModel> {
        let args = ModelArgs { model: Some(name.to_owned()), ..ModelArgs::default() };
        wardrobe::model(&args, persona, &self.0, report)?.context("no model")
    }

    fn draw_for_screen(&self, picture: &BadgedFrame) {
        black_box(picture::for_screen(picture, 1));
    }
}
