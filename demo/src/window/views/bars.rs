//! The bar at the top, and the one with the buttons below the picture.

use eframe::egui::{self, Align, Color32, CornerRadius, Layout, RichText, Sense, Ui, Vec2, pos2, vec2};
use omote_engine::pipeline;

use super::controls::{self, Weight};
use super::icons::{self, Icon};
use super::theme;
use crate::window::actions::Action;
use crate::window::hooks;
use crate::window::state::{Phase, State, VirtualCamera};
use crate::window::text::clock;

/// Mark, name, state, and the buttons that concern the window.
pub(super) fn top(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    ui.horizontal_centered(|ui| {
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(26.0), Sense::hover());
        icons::draw(ui.painter(), rect, Icon::Mask, theme::ACCENT);
        ui.label(RichText::new("Omote").font(theme::strong(17.0)));
        ui.add_space(8.0);
        state_pill(ui, state);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let weight = |on| if on { Weight::Plain } else { Weight::Quiet };
            let panel = controls::button(ui, "panel", Some(Icon::Panel), "", weight(state.kept.panel));
            if panel.on_hover_text("Panel (H)").clicked() {
                actions.push(Action::Panel);
            }
            let full = controls::button(ui, "full-screen", Some(Icon::FullScreen), "", Weight::Quiet);
            if full.on_hover_text("Full screen (F)").clicked() {
                actions.push(Action::FullScreen);
            }
            let help = controls::button(ui, "help", Some(Icon::Help), "", Weight::Quiet);
            if help.on_hover_text("Keyboard (?)").clicked() {
                actions.push(Action::Help);
            }
            ui.add_space(8.0);
            rate(ui, state);
        });
    });
}

/// A dot, the state, and why.
pub(super) fn state_pill(ui: &mut Ui, state: &State) {
    let (word, colour, reason) = label(state);
    let font = theme::medium(13.0);
    let galley = ui.painter().layout_no_wrap(word, font, theme::TEXT);
    let size = vec2(galley.size().x + 36.0, 28.0);
    let (rect, _) = hooks::widget(ui, "state", size, Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(14), theme::RAISED);
    let dot = pos2(rect.left() + 15.0, rect.center().y);
    painter.circle_filled(dot, 7.0, colour.gamma_multiply(0.25));
    painter.circle_filled(dot, 4.0, colour);
    painter.galley(pos2(rect.left() + 26.0, rect.center().y - galley.size().y / 2.0), galley, theme::TEXT);
    if let Some(reason) = reason {
        let room = (ui.available_width() - 300.0).max(80.0);
        ui.scope(|ui| {
            ui.set_max_width(room);
            let text = RichText::new(&reason).font(theme::regular(13.0)).color(theme::WEAK);
            ui.add(egui::Label::new(text).truncate()).on_hover_text(&reason);
        });
    }
}

/// The source's name and measured rate.
fn rate(ui: &mut Ui, state: &State) {
    if !state.running() || state.status.source.name.is_empty() {
        return;
    }
    let source = &state.status.source;
    let text = format!("{:.1} fps", source.measured_fps);
    let slow = source.measured_fps > 0.5 && source.measured_fps < source.asked_fps * 0.85;
    let colour = if slow { theme::GOLD } else { theme::WEAK };
    ui.label(RichText::new(text).font(theme::regular(13.0)).color(colour))
        .on_hover_text(format!("{}\n{}", source.name, source.mode));
}

/// Pause, snapshot and recording, and what concerns the picture.
pub(super) fn buttons(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let running = state.running();
    ui.horizontal_centered(|ui| {
        ui.add_enabled_ui(running, |ui| {
            let (icon, words, weight) = match state.paused {
                true => (Icon::Play, "Resume", Weight::Strong),
                false => (Icon::Pause, "Pause", Weight::Plain),
            };
            let pause = controls::button(ui, "pause", Some(icon), words, weight);
            if pause
                .on_hover_text("Show the card instead of the picture (Space; 0 shows the card at once)")
                .clicked()
            {
                actions.push(Action::Pause);
            }
            let snapshot = controls::button(ui, "snapshot", Some(Icon::Snapshot), "Snapshot", Weight::Plain);
            if snapshot.on_hover_text("Save this picture, with the badge (S)").clicked() {
                actions.push(Action::Snapshot);
            }
            let record = match state.recording.map(|recording| recording.since.elapsed()) {
                Some(time) => controls::button(ui, "record", Some(Icon::Stop), &clock(time), Weight::Strong),
                None => controls::button(ui, "record", Some(Icon::Record), "Record", Weight::Plain),
            };
            if record.on_hover_text("Record what viewers see, without sound (R)").clicked() {
                actions.push(Action::Record);
            }
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let VirtualCamera::On(..) = state.virtual_camera {
                ui.label(RichText::new("Virtual camera on").font(theme::regular(12.5)).color(theme::GOOD));
            }
            if ui.available_width() > 150.0 && state.kept.mirrored_view {
                let text = RichText::new("Mirrored view").font(theme::regular(12.5)).color(theme::FAINT);
                ui.label(text).on_hover_text(
                    "Only in this window. Viewers see the picture unmirrored unless you mirror the output.",
                );
            }
        });
    });
}

/// The state in one word for people, its colour, and why.
fn label(state: &State) -> (String, Color32, Option<String>) {
    let word = |text: &str, colour| (text.to_owned(), colour, None);
    match &state.phase {
        Phase::Loading => word("Starting", theme::GOLD),
        Phase::SetUp(_) => word("Not set up", theme::GOLD),
        Phase::Failed(_) => word("Failed", theme::BAD),
        Phase::Running if state.paused => {
            ("Paused".to_owned(), theme::GOLD, Some("the card is shown".to_owned()))
        }
        Phase::Running => {
            let (text, colour) = match state.status.state {
                pipeline::State::Starting => ("Starting", theme::GOLD),
                pipeline::State::Live => ("Live", theme::GOOD),
                pipeline::State::Hold => ("Holding", theme::GOLD),
                pipeline::State::Pixelate => ("Pixelated", theme::GOLD),
                pipeline::State::Card => ("Card", theme::ACCENT),
                pipeline::State::Stopped => ("Stopped", theme::BAD),
            };
            (text.to_owned(), colour, state.status.reason.clone())
        }
    }
}
