//! The live pipeline as the window uses it: starting it, and baking personas beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use omote_engine::composite::DrawParams;
use omote_engine::frame::FrameTransform;
use omote_engine::gpu::Gpu;
use omote_engine::persona::{self, Persona};
use omote_engine::pipeline::{FADE, LiveConfig, LiveSession};
use omote_engine::slot::{Publisher, Taken, slot};
use omote_engine::swap::CutParams;
use omote_engine::track::{Selection, TrackerConfig};
use omote_kit::data::DataFolder;
use omote_kit::options::LIVE_FACES;
use omote_kit::personas;
use omote_kit::{in_one_line, networks};
use omote_masks::built_in;

use super::cameras;
use crate::wardrobe;
use crate::window::settings::{Remembered, Sliders};

/// What a session starts with.
pub(crate) struct Start {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// What the user chose last.
    pub(crate) remembered: Remembered,
    /// The window's device, where it is a real GPU.
    pub(crate) gpu: Option<Gpu>,
}

/// A session that runs.
pub(crate) struct Started {
    /// The pipeline.
    pub(crate) live: Arc<LiveSession>,
    /// Name of the persona that is worn.
    pub(crate) persona: String,
    /// Where pictures come from.
    pub(crate) source: String,
    /// What to tell the user.
    pub(crate) notice: Option<String>,
}

/// Why a session does not start.
pub(crate) enum Refusal {
    /// The face networks are not there: set-up gets them.
    NotSetUp(String),
    /// Something else.
    Fault(String),
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        let text = in_one_line(error.as_ref());
        if wardrobe::exit_code(&error) == 3 { Self::NotSetUp(text) } else { Self::Fault(text) }
    }
}

/// Loads persona and networks and starts the threads. Takes a second or so.
pub(crate) fn start(start: Start) -> Result<Started, Refusal> {
    let Start { data, remembered, gpu } = start;
    // The networks first: without them nothing else matters. More faces than wear a persona are looked for, so that
    // strangers are known of.
    let max_faces = usize::from(LIVE_FACES);
    let config = TrackerConfig { max_faces, selection: Selection::All, ..TrackerConfig::default() };
    let (make_tracker, _) =
        networks::trackers(&DataFolder::at(&data), config).map_err(anyhow::Error::from)?;
    let (name, persona, notice) = first_persona(&remembered.persona, &data)?;
    let values = remembered.values();
    let texture = wardrobe::TEXTURES
        .bake(&persona, values.mask())
        .map_err(|error| Refusal::Fault(in_one_line(&error)))?;
    let settings = values.settings();
    let id = if remembered.source.is_empty() { cameras::first_choice() } else { remembered.source.clone() };
    let source = cameras::source(&id, &remembered.mode);
    let mut config = LiveConfig::new(source, make_tracker, vec![texture], settings);
    config.gpu = gpu;
    let live = LiveSession::start(config).map_err(|error| Refusal::from(anyhow::Error::from(error)))?;
    Ok(Started { live: Arc::new(live), persona: name, source: id, notice })
}

/// The persona that was worn last, by the name that it is found by; the first built-in one where that can't be worn any
/// more.
fn first_persona(name: &str, data: &Path) -> anyhow::Result<(String, Persona, Option<String>)> {
    let today = persona::today();
    let load = |name: &str| personas::resolve(name, data, today);
    match load(name) {
        Ok(persona) => Ok((name.to_owned(), persona, None)),
        Err(error) => {
            let other = built_in::names().first().copied().context("no persona is built in")?;
            Ok((other.to_owned(), load(other)?, Some(in_one_line(&error))))
        }
    }
}

/// How personas are drawn.
pub(crate) fn draw_params(remembered: &Remembered) -> DrawParams {
    remembered.values().draw_params()
}

/// What is baked into a persona's texture, from the sliders.
pub(crate) fn mask(sliders: &Sliders) -> CutParams {
    sliders.values().mask()
}

/// How the output is turned.
pub(crate) fn transform(remembered: &Remembered) -> FrameTransform {
    remembered.values().transform()
}

/// A persona to be put on.
struct Fit {
    persona: Arc<Persona>,
    mask: CutParams,
    fade: bool,
}

/// Bakes personas on a thread of its own; of what is asked for while it is at work, only the newest counts.
pub(crate) struct Fitting {
    ask: Publisher<Fit>,
}

impl Fitting {
    /// A fitting room for a session. The thread ends when this is dropped.
    pub(crate) fn new(live: Arc<LiveSession>) -> Self {
        let (ask, asked) = slot::<Fit>();
        let work = move || loop {
            match asked.take(Duration::from_secs(3600)) {
                Taken::Closed => return,
                Taken::Late => {}
                Taken::Value(fit) => match wardrobe::TEXTURES.bake(&fit.persona, fit.mask) {
                    Ok(texture) => {
                        live.wear(vec![texture], if fit.fade { FADE } else { Duration::ZERO });
                    }
                    Err(error) => log::warn!("{}", in_one_line(&error)),
                },
            }
        };
        if let Err(error) = std::thread::Builder::new().name("fitting".to_owned()).spawn(work) {
            log::warn!("personas can't be changed: {error}");
        }
        Self { ask }
    }

    /// Puts a persona on, or the same one with other sliders. A change of persona fades over.
    pub(crate) fn wear(&self, persona: &Arc<Persona>, sliders: &Sliders, fade: bool) {
        let fit = Fit { persona: Arc::clone(persona), mask: mask(sliders), fade };
        if let Some(displaced) = self.ask.publish(fit).filter(|displaced| displaced.fade && !fade) {
            // A change of persona that was not done yet still fades when a slider moved meanwhile.
            let fit = Fit { persona: Arc::clone(persona), mask: mask(sliders), fade: displaced.fade };
            self.ask.publish(fit);
        }
    }
}
