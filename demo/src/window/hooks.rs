//! Hooks for tests that drive the window from outside, all in one place: names for the widgets, and a file that says where
//! each of them is and what the window is doing. Views only give names; without the file these cost a look into a map.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

use eframe::egui::{Context, Id, Rect, Response, Sense, Ui, Vec2};
use omote_engine::output::{self, Options};
use omote_engine::pipeline::ModelState;
use serde::Serialize;

use super::state::{Import, ModelDialog, State, VirtualCamera};
use crate::left_over::LeftOver;

/// A part of the window that tests know by a name.
pub(crate) trait Named {
    /// Notes where this is, if anybody asked.
    #[must_use = "what was drawn here may have been clicked"]
    fn named(self, name: impl Display) -> Self;
}

impl Named for Response {
    fn named(self, name: impl Display) -> Self {
        note(&self.ctx, name, self.rect, self.interact_rect);
        self
    }
}

/// Room for a widget that draws itself, under a name.
pub(crate) fn widget(ui: &mut Ui, name: impl Display, size: Vec2, sense: Sense) -> (Rect, Response) {
    let (rect, response) = ui.allocate_exact_size(size, sense);
    (rect, response.named(name))
}

/// A part of the window that is no widget, or of one, under a name.
pub(crate) fn place(ui: &Ui, name: impl Display, rect: Rect) {
    note(ui.ctx(), name, rect, rect.intersect(ui.clip_rect()));
}

/// Notes where something is, if anybody asked: the whole of it, and what of that is not scrolled away.
fn note(context: &Context, name: impl Display, rect: Rect, visible: Rect) {
    // Not on the very edge, where a pointer would miss it.
    let seen = visible.shrink(MARGIN).contains(rect.center());
    let rect = rect * context.pixels_per_point();
    context.data_mut(|data| {
        if let Some(mut targets) = data.get_temp::<Targets>(key()) {
            let [x, y, w, h] =
                [rect.left(), rect.top(), rect.width(), rect.height()].map(|v| v.round() as i32);
            targets.0.insert(name.to_string(), [x, y, w, h, i32::from(seen)]);
            data.insert_temp(key(), targets);
        }
    });
}

/// So far from the edge of what is seen a control's middle must be, points. No control is lower than twice that.
const MARGIN: f32 = 6.0;

#[derive(Clone, Default)]
struct Targets(BTreeMap<String, [i32; 5]>);

fn key() -> Id {
    Id::unique("omote targets")
}

/// What is written. Times, rates and counts that change with every frame are left out, so that the file
/// changes when the user has done something or the picture's state has changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Dump {
    /// `setup`, `loading`, `failed`, or the session's state in lower case.
    state: String,
    /// Why it is not live.
    reason: Option<String>,
    /// Personas whose pictures are in the gallery.
    loaded: Vec<String>,
    /// Name of the persona worn.
    persona: String,
    /// Whether the card is shown on the user's word.
    paused: bool,
    /// Whether the panel is hidden.
    panel_hidden: bool,
    /// Whether a recording runs.
    recording: bool,
    /// Whether the list of keys is open.
    help: bool,
    /// Whether the dialog for a new persona is open.
    import: bool,
    /// What the dialog still asks for, and the photo, name and making that were typed.
    missing: Option<String>,
    /// See `missing`.
    typed: Vec<String>,
    /// The text field that has the focus, as some text of its own.
    focus: Option<String>,
    /// What the dialog refused, if it did.
    refusal: Option<String>,
    /// Whether the window fills the screen.
    full_screen: bool,
    /// Whether the mesh is shown beside the output.
    mesh: bool,
    /// Whether a picture has come.
    picture: bool,
    /// Snapshots written.
    snapshots: Vec<PathBuf>,
    /// Recordings written.
    recordings: Vec<PathBuf>,
    /// What an earlier run left behind, while it is offered.
    left_over: Option<String>,
    /// Messages that were shown, in order.
    messages: Vec<String>,
    /// `off`, `starting`, `on`, or `failed`.
    virtual_camera: String,
    /// Which kind is chosen.
    virtual_kind: String,
    /// Why it failed.
    virtual_camera_fault: Option<String>,
    /// Swap models that are listed.
    models: Vec<String>,
    /// The one that is chosen; empty for none.
    model: String,
    /// `off`, `loading`, `running`, or `failed`.
    model_state: String,
    /// Why it failed.
    model_fault: Option<String>,
    /// Whether what it made is in the picture.
    model_drawn: bool,
    /// At most so many results a second; 0 for no limit.
    model_rate: u32,
    /// The file that is being tested.
    model_test: Option<String>,
    /// Why the last one was refused, while that is shown.
    model_refusal: Option<String>,
    /// Where the sliders stand: opacity, eyes, mouth, edge, light, sharpness, shape.
    sliders: [f32; 7],
    /// `mine` or `none`.
    glasses: String,
    /// `protect` or `relaxed`.
    privacy: String,
    /// The badge's corner.
    corner: String,
    /// `actor`, or a camera's id.
    source: String,
    /// The window's inner size in pixels.
    window: [u32; 2],
    /// Whether every control is where it was in the pass before: nothing scrolls or slides.
    still: bool,
    /// Places of controls in pixels: left, top, width, height, and 1 where its middle is not scrolled away.
    targets: BTreeMap<String, [i32; 5]>,
}

/// The file, and what it holds now.
#[derive(Debug)]
pub(crate) struct DumpFile {
    path: PathBuf,
    written: Option<Dump>,
    before: BTreeMap<String, [i32; 5]>,
}

impl DumpFile {
    /// A file that is written whenever something changes.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, written: None, before: BTreeMap::new() }
    }

    /// Begins a pass: from here on controls say where they are.
    pub(crate) fn begin(&self, context: &Context) {
        context.data_mut(|data| data.insert_temp(key(), Targets::default()));
    }

    /// Writes what is true now, if it is not what the file says. `asked`: something was asked for in this pass, so that
    /// what is drawn may not be what is true any more.
    pub(crate) fn write(&mut self, context: &Context, state: &State, asked: bool) {
        let mut now = describe(context, state);
        now.targets = context.data(|data| data.get_temp::<Targets>(key())).unwrap_or_default().0;
        now.still = now.targets == self.before && !asked;
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

/// What the window is doing now.
fn describe(context: &Context, state: &State) -> Dump {
    let (word, reason) = state.word();
    let (look, model) = (&state.kept.look, &state.status.model);
    let size = context.content_rect().size() * context.pixels_per_point();
    Dump {
        state: word,
        reason,
        loaded: state.gallery.loaded(),
        persona: state.kept.persona.clone(),
        paused: state.paused,
        panel_hidden: !state.kept.panel,
        recording: state.recording.is_some(),
        help: state.help,
        import: state.import.is_some(),
        missing: state.import.as_ref().and_then(Import::missing),
        typed: state.import.as_ref().map(Import::typed).unwrap_or_default(),
        focus: context
            .memory(|memory| memory.focused())
            .filter(|_| context.text_edit_focused())
            .map(|id| id.short_debug_format()),
        refusal: state.import.as_ref().and_then(Import::refusal).map(str::to_owned),
        full_screen: state.full_screen,
        mesh: state.mesh,
        picture: state.shown.is_some(),
        snapshots: state.snapshots.clone(),
        recordings: state.recordings.clone(),
        left_over: state.left_overs.first().map(LeftOver::line),
        messages: state.toasts.history.clone(),
        virtual_camera: match &state.virtual_camera {
            VirtualCamera::Off => "off",
            VirtualCamera::Starting => "starting",
            VirtualCamera::On(..) => "on",
            VirtualCamera::Failed(_) => "failed",
        }
        .to_owned(),
        virtual_kind: state.kept.virtual_camera.clone(),
        virtual_camera_fault: match &state.virtual_camera {
            VirtualCamera::Failed(reason) => Some(reason.clone()),
            _ => None,
        },
        models: state.models.listed.iter().map(|model| model.name.clone()).collect(),
        model: state.kept.model.clone(),
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
        model_rate: state.kept.model_rate,
        model_test: state.models.testing.clone(),
        model_refusal: match &state.models.dialog {
            Some(ModelDialog::Refused(_, why)) => Some(why.clone()),
            _ => None,
        },
        sliders: [look.opacity, look.eyes, look.mouth, look.edge, look.light, look.sharpness, look.shape],
        glasses: state.kept.glasses.clone(),
        privacy: state.kept.privacy.clone(),
        corner: state.kept.badge.clone(),
        source: state.kept.source.clone(),
        window: [size.x.round() as u32, size.y.round() as u32],
        still: false,
        targets: BTreeMap::new(),
    }
}
