//! What the window knows and shows: plain data. Nothing here draws, runs on a thread, or touches files and devices, so
//! all of it can be tested without a display. Views read it, and [`super::actions`] alone changes it.

mod devices;
mod gallery;
mod import;
mod models;
mod toasts;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use omote_engine::pipeline::{LiveStatus, Shown, SinkId};
use omote_engine::sink::Room;

use super::settings::Remembered;
use crate::left_over::LeftOver;

pub(crate) use devices::{ACTOR, Device, Devices};
pub(crate) use gallery::{Gallery, GalleryEntry};
pub(crate) use import::{FileField, Import, MarkedPhoto, PhotoRefusal};
pub(crate) use models::{MODEL_ENDINGS, ModelDialog, SwapModel, SwapModels, has_face_built_in, is_model};
pub(crate) use toasts::{Toast, Toasts};

/// How far the window is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Phase {
    /// Networks and persona are being loaded.
    Loading,
    /// The face networks are not there.
    SetUp(SetUp),
    /// It can't start: why.
    Failed(String),
    /// The pipeline runs.
    Running,
}

/// A step of set-up: what is done, and the share that is done of it, 0..=1, where that is known.
pub(crate) type SetUpStep = (String, Option<f32>);

/// Getting the face networks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SetUp {
    /// What is missing.
    pub(crate) reason: String,
    /// Why the last try failed.
    pub(crate) failed: Option<String>,
    /// What is being done, while it runs.
    pub(crate) step: Option<SetUpStep>,
}

/// The virtual camera's switch.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum VirtualCamera {
    /// Off.
    #[default]
    Off,
    /// Being opened.
    Starting,
    /// On: its sink, and what programs see.
    On(SinkId, String),
    /// It could not be opened, or failed since: why, and what to do.
    Failed(String),
}

/// A recording that runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Recording {
    /// Where its frames go.
    pub(crate) sink: SinkId,
    /// When it began.
    pub(crate) since: Instant,
    /// The room that it has on the disk, where that is known.
    pub(crate) room: Option<Room>,
}

impl Recording {
    /// How long the disk lasts for it, where that is less than ten minutes.
    pub(crate) fn lasts(&self) -> Option<Duration> {
        let lasts = self.room?.lasts?;
        (lasts < Duration::from_secs(600)).then_some(lasts)
    }
}

/// What the user wants of what an earlier run left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeftOverChoice {
    /// It gets the name that it was to have.
    Keep,
    /// It is removed.
    Discard,
    /// It is asked about again at the next start.
    Later,
}

/// Everything that the window knows.
pub(crate) struct State {
    /// The settings, as they are remembered.
    pub(crate) kept: Remembered,
    /// When a setting was changed that is not written yet.
    pub(crate) unsaved: Option<Instant>,
    /// How far the window is.
    pub(crate) phase: Phase,
    /// The pipeline's figures when they were last looked at.
    pub(crate) status: LiveStatus,
    /// The frame that is on the screen.
    pub(crate) shown: Option<Arc<Shown>>,
    /// The personas.
    pub(crate) gallery: Gallery,
    /// The cameras.
    pub(crate) devices: Devices,
    /// The swap models.
    pub(crate) models: SwapModels,
    /// The dialog for a new persona, while it is open.
    pub(crate) import: Option<Import>,
    /// Messages.
    pub(crate) toasts: Toasts,
    /// The recording that runs.
    pub(crate) recording: Option<Recording>,
    /// A recording was asked for before the pipeline ran.
    pub(crate) record_soon: bool,
    /// The virtual camera.
    pub(crate) virtual_camera: VirtualCamera,
    /// Whether the virtual camera is to be switched on when the pipeline runs.
    pub(crate) virtual_camera_soon: bool,
    /// Whether the card is shown on the user's word.
    pub(crate) paused: bool,
    /// Whether the list of keys is open.
    pub(crate) help: bool,
    /// Whether the window fills the screen.
    pub(crate) full_screen: bool,
    /// Whether the mesh is shown beside the output.
    pub(crate) mesh: bool,
    /// Snapshots written.
    pub(crate) snapshots: Vec<PathBuf>,
    /// Recordings written.
    pub(crate) recordings: Vec<PathBuf>,
    /// What earlier runs left behind; the first is offered.
    pub(crate) left_overs: Vec<LeftOver>,
}

impl State {
    /// A window that has loaded nothing yet.
    pub(crate) fn new(kept: Remembered) -> Self {
        Self {
            kept,
            unsaved: None,
            phase: Phase::Loading,
            status: LiveStatus::default(),
            shown: None,
            gallery: Gallery::default(),
            devices: Devices::default(),
            models: SwapModels::default(),
            import: None,
            toasts: Toasts::default(),
            recording: None,
            record_soon: false,
            virtual_camera: VirtualCamera::Off,
            virtual_camera_soon: false,
            paused: false,
            help: false,
            full_screen: false,
            mesh: false,
            snapshots: Vec::new(),
            recordings: Vec::new(),
            left_overs: Vec::new(),
        }
    }

    /// Whether the pipeline runs.
    pub(crate) fn running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Whether a dialog is open that takes the keys.
    pub(crate) fn dialog(&self) -> bool {
        self.import.is_some() || self.help || self.models.dialog.is_some()
    }

    /// Notes that a setting was changed: it is written a little later.
    pub(crate) fn changed(&mut self) {
        self.unsaved = Some(Instant::now());
    }

    /// Frames a second: as they are measured, else as they were asked for.
    pub(crate) fn rate(&self) -> f64 {
        let source = &self.status.source;
        if source.measured_fps >= 1.0 { source.measured_fps } else { source.asked_fps }
    }

    /// Width and height of the output in pixels, and its frames a second.
    pub(crate) fn output(&self) -> (u32, u32, f64) {
        let source = &self.status.source;
        let size = self.shown.as_ref().map(|shown| {
            let frame = shown.badged.frame();
            (frame.width(), frame.height())
        });
        let (width, height) = size.unwrap_or((source.width, source.height));
        (width, height, self.rate())
    }

    /// The state in one word for programs, and its reason.
    pub(crate) fn word(&self) -> (String, Option<String>) {
        match &self.phase {
            Phase::Loading => ("loading".to_owned(), None),
            Phase::SetUp(setup) => ("setup".to_owned(), setup.failed.clone().or(Some(setup.reason.clone()))),
            Phase::Failed(reason) => ("failed".to_owned(), Some(reason.clone())),
            Phase::Running => (self.status.state.name().to_owned(), self.status.reason.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_measured_one_once_there_is_one() {
        let mut state = State::new(Remembered::default());
        (state.status.source.width, state.status.source.height) = (640, 480);
        state.status.source.asked_fps = 30.0;
        assert_eq!(state.output(), (640, 480, 30.0));
        state.status.source.measured_fps = 24.5;
        assert_eq!(state.output(), (640, 480, 24.5));
    }

    #[test]
    fn why_set_up_failed_comes_before_what_is_missing() {
        let mut state = State::new(Remembered::default());
        let mut set_up = SetUp { reason: "no networks".to_owned(), ..SetUp::default() };
        state.phase = Phase::SetUp(set_up.clone());
        assert_eq!(state.word(), ("setup".to_owned(), Some("no networks".to_owned())));
        set_up.failed = Some("no connection".to_owned());
        state.phase = Phase::SetUp(set_up);
        assert_eq!(state.word().1.as_deref(), Some("no connection"));
    }
}
