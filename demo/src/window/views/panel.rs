//! The panel at the right: persona, look, swap model, camera, virtual camera, safety, latency.

use eframe::egui::{ComboBox, Frame, Margin, RichText, ScrollArea, Ui};
use omote_engine::badge::Corner;
use omote_engine::pipeline::Privacy;
use omote_kit::options::{EDGE, EYES, GLASSES, LIGHT, MOUTH, Number, OPACITY, SHAPE, SHARPNESS, Setting};

use super::controls::{self, Slide, Weight, choice, note, notice, section, slider, switch};
use super::{latency, swap, theme};
use crate::window::actions::Action;
use crate::window::hooks::Named as _;
use crate::window::settings::{CORNERS, KINDS_OF_GLASSES};
use crate::window::state::{ACTOR, State, VirtualCamera};
use crate::window::text::persona_label;

/// Which kind of virtual camera: name in the settings, and for people.
const KINDS: [(&str, &str); 3] = [("auto", "Automatic"), ("v4l2", "v4l2loopback"), ("pipewire", "PipeWire")];

/// Draws the panel.
pub(super) fn show(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        Frame::new().inner_margin(Margin { left: 20, right: 20, top: 16, bottom: 8 }).show(ui, |ui| {
            ui.set_width(ui.available_width());
            section(ui, &persona_label(&state.kept.persona), |ui| sliders(ui, state, actions));
            section(ui, "Swap model", |ui| swap::section(ui, state, actions));
            section(ui, "Camera", |ui| camera(ui, state, actions));
            section(ui, "Virtual camera", |ui| virtual_camera(ui, state, actions));
            section(ui, "Safety", |ui| safety(ui, state, actions));
            section(ui, "Latency", |ui| latency::show(ui, &state.status));
        });
    });
}

fn sliders(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let protect = state.kept.privacy_level() == Privacy::Protect;
    let mut look = state.kept.look;
    let locked = protect.then_some("At the level Protect the persona is always opaque, because a face that shows through is not hidden. Choose Relaxed below to change this.");
    let mut shown = if protect { 1.0 } else { look.opacity };
    if slider(ui, &Slide { locked, ..slide(&OPACITY) }, &mut shown) && !protect {
        look.opacity = shown;
    }
    let own = Some(("your own", "persona's"));
    slider(ui, &Slide { ends: own, ..slide(&EYES) }, &mut look.eyes);
    slider(ui, &Slide { ends: own, ..slide(&MOUTH) }, &mut look.mouth);
    slider(ui, &slide(&EDGE), &mut look.edge);
    slider(ui, &slide(&LIGHT), &mut look.light);
    slider(ui, &Slide { ends: own, ..slide(&SHAPE) }, &mut look.shape);
    slider(ui, &slide(&SHARPNESS), &mut look.sharpness);
    if look != state.kept.look {
        actions.push(Action::SetSliders(look));
    }
    ui.label(RichText::new(GLASSES.label).font(theme::medium(12.5)).color(theme::WEAK))
        .on_hover_text(GLASSES.hint);
    let kinds = KINDS_OF_GLASSES.map(|(_, name, words)| (name, words));
    if let Some(name) = choice(ui, "glasses", &kinds, state.kept.glasses.as_str()) {
        actions.push(Action::ChooseGlasses(name.to_owned()));
    }
}

/// The slider of an option.
fn slide(row: &Setting<Number>) -> Slide<'static> {
    let rest = row.default();
    Slide { id: row.name, label: row.label, ends: None, range: row.range(), rest, locked: None }
}

fn camera(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let actor = state.kept.source == ACTOR;
    let named = match state.devices.get(&state.kept.source) {
        _ if actor => "Built-in actor".to_owned(),
        Some(device) => device.name.clone(),
        None if state.kept.source.is_empty() => "The first camera that works".to_owned(),
        None => state.kept.source.clone(),
    };
    let mut chosen = None;
    let combo = ComboBox::from_id_salt("source").width(ui.available_width()).truncate().selected_text(named);
    let response = combo.show_ui(ui, |ui| {
        if ui.selectable_label(actor, "Built-in actor").clicked() {
            chosen = Some(ACTOR.to_owned());
        }
        for device in &state.devices.found {
            let holds = device.id == state.kept.source;
            let mut row = ui.selectable_label(holds, device.name.as_str());
            if let Some(trouble) = &device.trouble {
                row = row.on_hover_text(trouble);
            }
            if row.clicked() {
                chosen = Some(device.id.clone());
            }
        }
    });
    let _ = response.response.named("source");
    if let Some(chosen) = chosen {
        actions.push(Action::ChooseSource(chosen));
    }
    if !actor {
        modes(ui, state, actions);
    }
    let source = &state.status.source;
    if state.running() && !source.mode.is_empty() {
        note(ui, format!("{}, {:.1} fps measured", source.mode, source.measured_fps));
    }
    if let Some(fault) = source.fault.as_ref().filter(|_| state.running()) {
        notice(ui, theme::BAD, fault);
    }
    if state.devices.known && state.devices.found.is_empty() {
        note(ui, "No camera was found. Plug one in and look again, or continue with the actor.");
    }
    let again = if state.devices.busy { "Looking…" } else { "Look for cameras" };
    ui.add_enabled_ui(!state.devices.busy, |ui| {
        if controls::button(ui, "look-again", None, again, Weight::Plain).clicked() {
            actions.push(Action::LookForCameras);
        }
    });
    turning(ui, state, actions);
}

fn modes(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let Some(device) = state.devices.get(&state.kept.source) else { return };
    let shown = if state.kept.mode.is_empty() { "Best mode" } else { state.kept.mode.as_str() };
    let mut chosen = None;
    let combo = ComboBox::from_id_salt("mode").width(ui.available_width()).truncate().selected_text(shown);
    combo.show_ui(ui, |ui| {
        if ui.selectable_label(state.kept.mode.is_empty(), "Best mode").clicked() {
            chosen = Some(String::new());
        }
        for mode in &device.modes {
            if ui.selectable_label(*mode == state.kept.mode, mode.as_str()).clicked() {
                chosen = Some(mode.clone());
            }
        }
    });
    if let Some(mode) = chosen {
        actions.push(Action::ChooseMode(mode));
    }
}

fn turning(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let mut on = state.kept.mirrored_view;
    if switch(ui, "mirrored-view", "Mirror the view in this window", &mut on) {
        actions.push(Action::MirrorView(on));
    }
    let mut on = state.kept.mirrored_output;
    if switch(ui, "mirrored-output", "Mirror the output", &mut on) {
        actions.push(Action::MirrorOutput(on));
    }
    let turns = [(0, "0°"), (90, "90°"), (180, "180°"), (270, "270°")];
    if let Some(rotation) = choice(ui, "rotation", &turns, state.kept.rotation) {
        actions.push(Action::Rotate(rotation));
    }
}

fn virtual_camera(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let mut on = matches!(state.virtual_camera, VirtualCamera::On(..) | VirtualCamera::Starting);
    let label = match &state.virtual_camera {
        VirtualCamera::Off => "Off",
        VirtualCamera::Starting => "Starting…",
        VirtualCamera::On(..) => "On: choose it in your video call",
        VirtualCamera::Failed(_) => "Could not be switched on",
    };
    if switch(ui, "virtual-camera", label, &mut on) {
        actions.push(Action::SwitchVirtualCamera(on));
    }
    if let VirtualCamera::On(id, told) = &state.virtual_camera {
        note(ui, told.as_str());
        if let Some(sink) = state.status.sinks.iter().find(|sink| sink.id == *id) {
            note(ui, format!("{} frames sent, {} skipped", sink.sent, sink.dropped));
        }
    }
    if let VirtualCamera::Failed(reason) = &state.virtual_camera {
        notice(ui, theme::BAD, reason);
    }
    if let Some(kind) = choice(ui, "virtual-kind", &KINDS, state.kept.virtual_camera.as_str()) {
        actions.push(Action::ChooseVirtualKind(kind.to_owned()));
    }
}

fn safety(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let levels = [("protect", "Protect"), ("relaxed", "Relaxed")];
    if let Some(level) = choice(ui, "privacy", &levels, state.kept.privacy.as_str()) {
        actions.push(Action::ChoosePrivacy(level.to_owned()));
    }
    note(
        ui,
        match state.kept.privacy_level() {
            Privacy::Protect => {
                "Detected faces are never shown uncovered. When a face is lost, the last good picture is held, then pixelated, then replaced by the card."
            }
            Privacy::Relaxed => {
                "When your face is lost for more than two seconds, the plain camera picture is shown, with the badge."
            }
        },
    );
    ui.add_space(4.0);
    ui.label(RichText::new("Badge").font(theme::medium(12.5)).color(theme::WEAK));
    let corners = CORNERS.map(|(corner, _, words)| (corner, words));
    let mut now = state.kept.corner();
    let (middle, corners) = corners.split_at(1);
    let rows = std::iter::once(middle).chain(corners.chunks(2));
    for (id, row) in ["badge-middle", "badge-top", "badge-bottom"].into_iter().zip(rows) {
        if let Some(place) = choice(ui, id, row, now) {
            now = place;
        }
    }
    if now != state.kept.corner() {
        actions.push(Action::PlaceBadge(now));
    }
    note(
        ui,
        match now {
            Corner::Middle => {
                "The badge is in every picture and can't be switched off. Low in the middle, it stays whole when a site crops your picture to 4:3, a square or 9:16."
            }
            _ => {
                "The badge is in every picture and can't be switched off. Sites that crop your picture cut off a corner: choose one only where the whole picture is shown."
            }
        },
    );
}
