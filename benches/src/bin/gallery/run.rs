//! Runs sequences along the real way: tracker and engine, frame by frame.

use crate::stage::Take;
use anyhow::Context;
use omote_engine::badge::Corner;
use omote_engine::composite::Backend;
use omote_engine::frame::Frame;
use omote_engine::infer::{Runtime, models};
use omote_engine::persona::Date;
use omote_engine::pipeline::{FaceTracker, OfflineSession, Output, Settings};
use omote_engine::swap::{CutParams, FaceTexture};
use omote_engine::track::{Face, TrackError, Tracker, TrackerConfig};
use omote_masks::built_in;
use std::collections::VecDeque;

/// What to do when the networks are missing.
const REMEDY: &str = "the face networks are not set up: run cargo xtask setup";

/// Loads trackers.
pub(crate) struct Rig {
    runtime: Runtime,
    models: std::path::PathBuf,
    veil: Option<std::path::PathBuf>,
}

/// Faces that were found already, handed on frame by frame: what a tracker finds does not depend on the persona, so it
/// runs once a sequence.
struct KnownFaces(VecDeque<Vec<Face>>);

impl FaceTracker for KnownFaces {
    fn track(&mut self, _: &Frame) -> Result<Vec<Face>, TrackError> {
        Ok(self.0.pop_front().unwrap_or_default())
    }
}

impl Rig {
    /// Finds runtime and networks; `veil` as in [`Tracker::with_veil`].
    pub(crate) fn new(veil: Option<std::path::PathBuf>) -> anyhow::Result<Self> {
        let data = models::data_dir().context(REMEDY)?;
        let runtime = Runtime::discover(models::library(&data).as_deref()).context(REMEDY)?;
        let rig = Self { runtime, models: models::models_dir(&data), veil };
        rig.tracker()?;
        Ok(rig)
    }

    fn tracker(&self) -> anyhow::Result<Tracker> {
        let config = TrackerConfig { max_faces: 1, ..TrackerConfig::default() };
        let tracker = Tracker::new(&self.runtime, &self.models, config).context(REMEDY)?;
        match &self.veil {
            Some(network) => Ok(tracker.with_veil(&self.runtime, network)?),
            None => Ok(tracker),
        }
    }

    /// The faces of each frame, by a tracker that begins with the first.
    pub(crate) fn track<'a>(&self, takes: impl Iterator<Item = &'a Frame>) -> anyhow::Result<Vec<Vec<Face>>> {
        let mut tracker = self.tracker()?;
        takes.map(|frame| Ok(tracker.track(frame)?)).collect()
    }

    /// The faces of pictures that have nothing to do with each other.
    pub(crate) fn track_stills<'a>(
        &self,
        takes: impl Iterator<Item = &'a Frame>,
    ) -> anyhow::Result<Vec<Vec<Face>>> {
        let mut tracker = self.tracker()?;
        takes.map(|frame| Ok(tracker.track_still(frame)?)).collect()
    }
}

/// Puts `persona` on a sequence whose faces are known and hands each output to `see` with the frame's number.
pub(crate) fn wear(
    persona: &FaceTexture,
    takes: &[Take],
    faces: &[Vec<Face>],
    mut see: impl FnMut(usize, &Output) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let known = KnownFaces(faces.iter().cloned().collect());
    // In a corner: the faces here fill the picture, and are what is looked at and measured.
    let corner = Corner::TopRight;
    let mut settings = Settings::default();
    settings.backend = Backend::Cpu;
    settings.max_faces = 1;
    settings.corner = corner;
    let mut engine = OfflineSession::new(Box::new(known), vec![persona.clone()], settings)?;
    for (i, take) in takes.iter().enumerate() {
        let output = engine.process(take.frame.clone())?;
        see(i, &output)?;
    }
    Ok(())
}

/// A built-in persona, as it is worn.
pub(crate) fn persona(name: &str) -> anyhow::Result<FaceTexture> {
    let today = Date::new(2026, 1, 1).context("no date")?;
    let persona = built_in::load(name, today).with_context(|| format!("no persona {name}"))??;
    Ok(FaceTexture::of_persona(&persona, CutParams::default())?)
}
