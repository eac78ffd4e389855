//! Everything that can be asked of the window, and the one place where it is done: keys, buttons, dropped files and what
//! other threads have brought meet here, and nothing else changes the state or tells the session what to do.

mod camera;
mod capture;
mod events;
mod models;
mod personas;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use omote_engine::badge::Corner;
use omote_engine::error::in_one_line;
use omote_engine::persona::form::Form;
use omote_engine::pipeline::Privacy;

use super::session::{Session, pipeline};
use super::settings::{CORNERS, Sliders};
use super::state::{FileField, Import, LeftOverChoice, Phase, State, is_model};

pub(crate) use events::take_over;

/// Settings are written when nothing was changed for so long.
const SETTLED: Duration = Duration::from_millis(800);

/// What a key, a button or a dropped file asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Wear the persona of this place in the gallery, from 0.
    Wear(usize),
    /// Put the sliders there.
    SetSliders(Sliders),

    /// The next swap model, or none.
    NextModel,
    /// The swap model of this name, or none where it is empty.
    ChooseModel(String),
    /// At most so many results a second; 0 for no limit.
    LimitModel(u32),
    /// Choose files of swap models.
    BrowseForModels,
    /// The persona that says whose face is built into the model that is asked about.
    ChooseModelPersona(String),
    /// Test the model that is asked about.
    TestModel,
    /// Close what is told or asked about a model.
    CloseModelDialog,

    /// Take the pictures from there: the actor, or a camera's id.
    ChooseSource(String),
    /// Take them in this mode; empty leaves the choice to the camera.
    ChooseMode(String),
    /// Look for cameras.
    LookForCameras,
    /// Mirror the picture in the window.
    MirrorView(bool),
    /// Mirror the output.
    MirrorOutput(bool),
    /// Rotate the output clockwise: 0, 90, 180 or 270 degrees.
    Rotate(u16),

    /// Switch the virtual camera on or off.
    SwitchVirtualCamera(bool),
    /// Which kind of virtual camera: its name in the settings.
    ChooseVirtualKind(String),

    /// What is shown when a face is lost: the level's name in the settings.
    ChoosePrivacy(String),
    /// Where the badge stands.
    PlaceBadge(Corner),
    /// Whether one's own glasses stay: the value's name in the settings.
    ChooseGlasses(String),

    /// The card, now; it stays until the pause is ended.
    Card,
    /// To the card, or back.
    Pause,
    /// Keep a picture.
    Snapshot,
    /// Record, or stop.
    Record,
    /// Show the mesh beside the output, or not.
    ShowMesh(bool),

    /// The panel away, or back.
    Panel,
    /// Full screen, or back.
    FullScreen,
    /// Close what is open: a dialog, the help, full screen.
    Leave,
    /// The list of keys.
    Help,
    /// Away with the list of keys.
    CloseHelp,
    /// The window has this inner size in points.
    Resize([f32; 2]),

    /// Open the dialog for a new persona.
    NewPersona,
    /// The form was filled in so far.
    EditForm(Box<Form>),
    /// Choose a file for this field of the form.
    BrowseFor(FileField),
    /// Make the persona, and where it is known to be there already replace it.
    MakePersona,
    /// Close the dialog for a new persona.
    CloseImport,

    /// Files were dropped on the window.
    Drop(Vec<PathBuf>),
    /// What is to become of the first that an earlier run left behind.
    SettleLeftOver(LeftOverChoice),
    /// Away with the message of this place.
    Dismiss(usize),
    /// Show this folder on the desktop.
    OpenFolder(PathBuf),

    /// Get the face networks.
    SetUp,
    /// Start again after a fault.
    StartAgain,
}

/// Begins what a window does of itself: loading, looking for cameras, listing personas and models.
pub(crate) fn begin(state: &mut State, session: &mut Session) {
    session.list_models();
    let first = state.kept.persona.clone();
    personas::list(state, session, &first);
    state.devices.busy = true;
    session.look_for_cameras();
    session.look_for_left_overs();
    start(state, session);
}

/// Does what was asked for.
pub(crate) fn apply(state: &mut State, session: &mut Session, action: Action) {
    match action {
        Action::Wear(place) => personas::wear_place(state, session, place),
        Action::SetSliders(sliders) => personas::set_sliders(state, session, sliders),

        Action::NextModel => models::next(state, session),
        Action::ChooseModel(name) => models::choose(state, session, &name),
        Action::LimitModel(rate) => models::limit(state, session, rate),
        Action::BrowseForModels => session.choose_models(),
        Action::ChooseModelPersona(name) => models::choose_persona(state, name),
        Action::TestModel => models::test(state, session),
        Action::CloseModelDialog => state.models.dialog = None,

        Action::ChooseSource(source) => camera::choose_source(state, session, source),
        Action::ChooseMode(mode) => camera::choose_mode(state, session, mode),
        Action::LookForCameras => {
            state.devices.busy = true;
            session.look_for_cameras();
        }
        Action::MirrorView(on) => {
            state.kept.mirrored_view = on;
            state.changed();
        }
        Action::MirrorOutput(on) => {
            state.kept.mirrored_output = on;
            camera::turn(state, session);
        }
        Action::Rotate(degrees) => {
            state.kept.rotation = degrees;
            camera::turn(state, session);
        }

        Action::SwitchVirtualCamera(on) => camera::switch_virtual(state, session, on),
        Action::ChooseVirtualKind(kind) => {
            state.kept.virtual_camera = kind;
            state.changed();
        }

        Action::ChoosePrivacy(level) => choose_privacy(state, session, level),
        Action::PlaceBadge(corner) => place_badge(state, session, corner),
        Action::ChooseGlasses(name) => choose_glasses(state, session, name),

        Action::Card => pause(state, session, true),
        Action::Pause => pause(state, session, !state.paused),
        Action::Snapshot => capture::snapshot(state, session),
        Action::Record => capture::record(state, session),
        Action::ShowMesh(on) => state.mesh = on,

        Action::Panel => {
            state.kept.panel = !state.kept.panel;
            state.changed();
        }
        Action::FullScreen => set_full_screen(state, session, !state.full_screen),
        Action::Leave if state.help => state.help = false,
        // An open dialog closes by itself.
        Action::Leave if state.dialog() => {}
        Action::Leave => set_full_screen(state, session, false),
        Action::Help => state.help = true,
        Action::CloseHelp => state.help = false,
        Action::Resize(size) => {
            state.kept.window = size;
            state.changed();
        }

        Action::NewPersona => state.import = Some(Import::new(None)),
        Action::EditForm(form) => personas::edit_form(state, *form),
        Action::BrowseFor(field) => personas::browse(state, session, field),
        Action::MakePersona => personas::make(state, session),
        Action::CloseImport => personas::close_import(state, session),

        Action::Drop(paths) => drop_files(state, session, &paths),
        Action::SettleLeftOver(choice) => settle_left_over(state, choice),
        Action::Dismiss(place) => state.toasts.dismiss(place),
        Action::OpenFolder(folder) => session.open_folder(&folder),

        Action::SetUp => set_up(state, session),
        Action::StartAgain => start(state, session),
    }
}

/// Writes the settings once nothing has been changed for a while.
pub(crate) fn save_when_settled(state: &mut State, session: &mut Session) {
    if state.unsaved.is_some_and(|since| since.elapsed() >= SETTLED) {
        state.unsaved = None;
        if let Err(error) = session.save(&state.kept) {
            state.toasts.fault(in_one_line(error.as_ref()));
        }
    }
}

/// Takes messages away whose time is over.
pub(crate) fn expire_toasts(state: &mut State) {
    state.toasts.expire(Instant::now());
}

/// Begins to load networks and persona.
fn start(state: &mut State, session: &mut Session) {
    // What was asked for before a start that failed is not done of itself minutes later.
    state.record_soon = false;
    session.start(state.kept.clone());
    state.phase = Phase::Loading;
}

fn set_up(state: &mut State, session: &mut Session) {
    let Phase::SetUp(set_up) = &mut state.phase else { return };
    (set_up.failed, set_up.step) = (None, Some(("Starting…".to_owned(), None)));
    session.set_up();
}

fn set_full_screen(state: &mut State, session: &Session, on: bool) {
    if state.full_screen != on {
        state.full_screen = on;
        session.set_full_screen(on);
    }
}

fn pause(state: &mut State, session: &Session, on: bool) {
    state.paused = on;
    if let Some(live) = session.live() {
        live.pause(on);
    }
}

fn choose_privacy(state: &mut State, session: &Session, level: String) {
    state.kept.privacy = level;
    if let Some(live) = session.live() {
        let level: Privacy = state.kept.privacy_level();
        live.set_privacy(level);
    }
    state.changed();
}

fn place_badge(state: &mut State, session: &Session, corner: Corner) {
    if let Some((_, name, _)) = CORNERS.iter().find(|(place, ..)| *place == corner) {
        state.kept.badge = (*name).to_owned();
    }
    if let Some(live) = session.live() {
        live.set_corner(corner);
    }
    state.changed();
}

fn choose_glasses(state: &mut State, session: &Session, name: String) {
    state.kept.glasses = name;
    set_draw_params(state, session);
    state.changed();
}

/// Tests dropped models, and opens the dialog for a dropped photo.
fn drop_files(state: &mut State, session: &mut Session, paths: &[PathBuf]) {
    state.help &= paths.is_empty();
    let (dropped_models, photos): (Vec<_>, Vec<_>) = paths.iter().partition(|path| is_model(path));
    dropped_models.into_iter().for_each(|path| models::add(state, session, path));
    let Some(path) = photos.first() else { return };
    match &mut state.import {
        Some(import) => import.take_photo(path),
        None => state.import = Some(Import::new(Some(path))),
    }
}

fn settle_left_over(state: &mut State, choice: LeftOverChoice) {
    if state.left_overs.is_empty() {
        return;
    }
    let one = state.left_overs.remove(0);
    match choice {
        LeftOverChoice::Keep => match one.keep() {
            Ok(path) => {
                state.toasts.wrote("Recording", path.clone());
                state.recordings.push(path);
            }
            Err(error) => state.toasts.fault(in_one_line(error.as_ref())),
        },
        LeftOverChoice::Discard => {
            if let Err(error) = one.discard() {
                state.toasts.fault(in_one_line(error.as_ref()));
            }
        }
        LeftOverChoice::Later => {}
    }
}

/// Draws personas as the sliders say.
fn set_draw_params(state: &State, session: &Session) {
    if let Some(live) = session.live() {
        live.set_draw_params(pipeline::draw_params(&state.kept));
    }
}

#[cfg(test)]
mod tests;
