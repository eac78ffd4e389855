//! What the window is doing, written to a file for tests that drive it from outside.

use std::collections::BTreeMap;
use std::path::PathBuf;

use eframe::egui::{Context, Id, Rect, Ui};
use omote_engine::output::{self, Options};
use omote_engine::pipeline::ModelState;
use serde::Serialize;

use super::app::App;
use super::import::Import;
use super::swap_models::Dialog;
use super::virtual_camera::VirtualSwitch;

/// What is written. Times, rates and counts that change with every frame are left out, so that the file
/// changes when the user has done something or the picture's state has changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Dump {
    /// `setup`, `loading`, `failed`, or the session's state in lower case.
    pub(super) state: String,
    /// Why it is not live.
    pub(super) reason: Option<String>,
    /// Personas whose pictures are in the gallery.
    pub(super) loaded: Vec<String>,
    /// Name of the persona worn.
    pub(super) persona: String,
    /// Whether the card is shown on the user's word.
    pub(super) paused: bool,
    /// Whether the panel is hidden.
    pub(super) panel_hidden: bool,
    /// Whether a recording runs.
    pub(super) recording: bool,
    /// Whether the list of keys is open.
    pub(super) help: bool,
    /// Whether the dialog for a new persona is open.
    pub(super) import: bool,
    /// What the dialog still asks for, and the photo, name and making that were typed.
    pub(super) missing: Option<String>,
    /// See `missing`.
    pub(super) typed: Vec<String>,
    /// The text field that has the focus, as some text of its own.
    pub(super) focus: Option<String>,
    /// What the dialog refused, if it did.
    pub(super) refusal: Option<String>,
    /// Whether the window fills the screen.
    pub(super) full_screen: bool,
    /// Whether the mesh is shown beside the output.
    pub(super) mesh: bool,
    /// Whether a picture has come.
    pub(super) picture: bool,
    /// Snapshots written.
    pub(super) snapshots: Vec<PathBuf>,
    /// Recordings written.
    pub(super) recordings: Vec<PathBuf>,
    /// What an earlier run left behind, while it is offered.
    pub(super) left_over: Option<String>,
    /// Messages that were shown, in order.
    pub(super) messages: Vec<String>,
    /// `off`, `starting`, `on`, or `failed`.
    pub(super) virtual_camera: String,
    /// Which kind is chosen.
    pub(super) virtual_kind: String,
    /// Why it failed.
    pub(super) virtual_camera_fault: Option<String>,
    /// Swap models that are listed.
    pub(super) models: Vec<String>,
    /// The one that is chosen; empty for none.
    pub(super) model: String,
    /// `off`, `loading`, `running`, or `failed`.
    pub(super) model_state: String,
    /// Why it failed.
    pub(super) model_fault: Option<String>,
    /// Whether what it made is in the picture.
    pub(super) model_drawn: bool,
    /// At most so many results a second; 0 for no limit.
    pub(super) model_rate: u32,
    /// The file that is being tested.
    pub(super) model_test: Option<String>,
    /// Why the last one was refused, while that is shown.
    pub(super) model_refusal: Option<String>,
    /// Where the sliders stand: opacity, eyes, mouth, edge, light, sharpness, shape.
    pub(super) sliders: [f32; 7],
    /// `protect` or `relaxed`.
    pub(super) privacy: String,
    /// The badge's corner.
    pub(super) corner: String,
    /// `actor`, or a camera's id.
    pub(super) source: String,
    /// The window's inner size in pixels.
    pub(super) window: [u32; 2],
    /// Whether every control is where it was in the pass before: nothing scrolls or slides.
    pub(super) still: bool,
    /// Places of controls in pixels: left, top, width, height, and 1 where its middle is not scrolled away.
    pub(super) targets: BTreeMap<String, [i32; 5]>,
}

/// The file, and what it holds now.
#[derive(Debug)]
pub(super) struct DumpFile {
    path: PathBuf,
    written: Option<Dump>,
    before: BTreeMap<String, [i32; 5]>,
}

#[derive(Clone, Default)]
struct Targets(BTreeMap<String, [i32; 5]>);

fn key() -> Id {
    Id::unique("omote targets")
}

/// Notes where a control is, if anybody asked.
pub(super) fn target(ui: &Ui, name: &str, rect: Rect) {
    let scale = ui.pixels_per_point();
    // Not on the very edge, where a pointer would miss it.
    let seen = ui.clip_rect().shrink(6.0).contains(rect.center());
    ui.data_mut(|data| {
        if let Some(mut targets) = data.get_temp::<Targets>(key()) {
            let rect = rect * scale;
            let [x, y, w, h] =
                [rect.left(), rect.top(), rect.width(), rect.height()].map(|v| v.round() as i32);
            targets.0.insert(name.to_owned(), [x, y, w, h, i32::from(seen)]);
            data.insert_temp(key(), targets);
        }
    });
}

impl DumpFile {
    /// A file that is written whenever something changes.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, written: None, before: BTreeMap::new() }
    }

    /// Begins a pass: from here on controls say where they are.
    pub(super) fn begin(&self, context: &Context) {
        context.data_mut(|data| data.insert_temp(key(), Targets::default()));
    }

    /// Writes what is true now, if it is not what the file says.
    pub(super) fn write(&mut self, context: &Context, mut now: Dump) {
        now.targets = context.data(|data| data.get_temp::<Targets>(key())).unwrap_or_default().0;
        now.still = now.targets == self.before;
        self.before.clone_from(&now.targets);
        if self.written.as_ref() == Some(&now) {
            return;
        }
        let bytes = serde_json::to_vec_pretty(&now).unwrap_or_default();
        let options = Options { passing: true, ..Options::own() };
        match output::write(&self.path, &bytes, options).map(drop) {
            Ok(()) => self.written = Some(now),
            Err(error) => log::warn!("can't write {}: {error}", self.path.display()),
        }
    }
}

impl App {
    /// What the window is doing now.
    pub(super) fn describe(&self, context: &Context) -> Dump {
        let (state, reason) = self.state_words();
        let (look, model) = (&self.kept.look, &self.status.model);
        let size = context.content_rect().size() * context.pixels_per_point();
        Dump {
            state,
            reason,
            loaded: self.gallery.loaded(),
            persona: self.kept.persona.clone(),
            paused: self.paused,
            panel_hidden: !self.kept.panel,
            recording: self.recorder.since().is_some(),
            help: self.help,
            import: self.import.is_some(),
            missing: self.import.as_ref().and_then(Import::missing),
            typed: self.import.as_ref().map(Import::typed).unwrap_or_default(),
            focus: context
                .memory(|memory| memory.focused())
                .filter(|_| context.text_edit_focused())
                .map(|id| id.short_debug_format()),
            refusal: self.import.as_ref().and_then(Import::refusal).map(str::to_owned),
            full_screen: self.full_screen,
            mesh: self.mesh,
            picture: self.preview.shown().is_some(),
            snapshots: self.snapshots.clone(),
            recordings: self.recordings.clone(),
            left_over: self.left_overs.offered(),
            messages: self.toasts.told.clone(),
            virtual_camera: self.virtual_camera.word().to_owned(),
            virtual_kind: self.kept.virtual_camera.clone(),
            virtual_camera_fault: match &self.virtual_camera {
                VirtualSwitch::Failed(reason) => Some(reason.clone()),
                _ => None,
            },
            models: self.models.listed().iter().map(|model| model.name.clone()).collect(),
            model: self.kept.model.clone(),
            model_state: match &model.state {
                ModelState::Off => "off",
                ModelState::Loading => "loading",
                ModelState::Running => "running",
                ModelState::Failed(_) => "failed",
            }
            .to_owned(),
            model_fault: match &model.state {
                ModelState::Failed(why) => Some(why.clone()),
                _ => None,
            },
            model_drawn: model.age.count > 0,
            model_rate: self.kept.model_rate,
            model_test: self.models.testing(),
            model_refusal: match &self.models.dialog {
                Some(Dialog::Refused(_, why)) => Some(why.clone()),
                _ => None,
            },
            sliders: [look.opacity, look.eyes, look.mouth, look.edge, look.light, look.sharpness, look.shape],
            privacy: self.kept.privacy.clone(),
            corner: self.kept.badge.clone(),
            source: self.kept.source.clone(),
            window: [size.x.round() as u32, size.y.round() as u32],
            still: false,
            targets: BTreeMap::new(),
        }
    }
}
