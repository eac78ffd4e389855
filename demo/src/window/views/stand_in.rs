//! The preview's place while there is no picture: starting, setting up, and what went wrong.

use super::controls::{self, Weight};
use super::icons::{self, Icon};
use super::preview::Preview;
use super::theme;
use crate::window::actions::Action;
use crate::window::state::{ACTOR, Phase, SetUp, State};
use eframe::egui::{
    self, Align2, Color32, CornerRadius, Painter, Rect, RichText, Sense, Stroke, Ui, UiBuilder, Vec2, vec2,
};

/// Draws what stands in the preview's place while the phase gives no picture. True if it did.
pub(super) fn show(ui: &mut Ui, state: &State, rect: Rect, actions: &mut Vec<Action>) -> bool {
    if state.running() && state.shown.is_some() {
        return false;
    }
    ground(ui.painter(), rect);
    let inner = Rect::from_center_size(rect.center(), vec2((rect.width() - 48.0).min(460.0), rect.height()));
    let mut content =
        ui.new_child(UiBuilder::new().max_rect(inner).layout(egui::Layout::top_down(egui::Align::Center)));
    let ui = &mut content;
    ui.set_clip_rect(rect);
    match &state.phase {
        Phase::Loading | Phase::Running => {
            ui.add_space((rect.height() / 2.0 - 60.0).max(8.0));
            ui.add(egui::Spinner::new().size(36.0).color(theme::ACCENT));
            ui.add_space(8.0);
            title(ui, "Starting");
            text(ui, "Loading the face networks and your persona");
        }
        Phase::SetUp(setup) => {
            ui.add_space((rect.height() / 2.0 - 120.0).max(8.0));
            if setup_content(ui, setup) {
                actions.push(Action::SetUp);
            }
        }
        Phase::Failed(reason) => {
            ui.add_space((rect.height() / 2.0 - 110.0).max(8.0));
            mark(ui, Icon::Warning, theme::BAD);
            title(ui, "Omote can't start");
            text(ui, reason);
            ui.add_space(8.0);
            if centred_button(ui, "again", "Try again") {
                actions.push(Action::StartAgain);
            }
        }
    }
    true
}

/// Draws over the card why there is no camera's picture, and what to do. True where it did.
pub(super) fn no_camera(
    ui: &mut Ui,
    state: &State,
    preview: &Preview,
    rect: Rect,
    actions: &mut Vec<Action>,
) -> bool {
    let Some(fault) = &state.status.source.fault else { return false };
    if state.paused || !state.running() {
        return false;
    }
    // What is on the screen is a card by now, and cards are not mirrored.
    preview.dim(ui.painter(), rect, if state.full_screen { 0 } else { theme::ROUND });
    let width = (rect.width() - 32.0).min(520.0);
    let place = Rect::from_center_size(rect.center(), vec2(width, 0.0));
    let mut actor = false;
    let area = egui::Area::new(egui::Id::unique("no camera")).order(egui::Order::Middle);
    area.pivot(Align2::CENTER_CENTER).fixed_pos(place.center()).show(ui.ctx(), |ui| {
        let frame = egui::Frame::new()
            .fill(theme::SURFACE)
            .stroke(Stroke::new(1.0, theme::LINE))
            .corner_radius(14)
            .inner_margin(20);
        frame.show(ui, |ui| {
            ui.set_width(width - 40.0);
            ui.vertical_centered(|ui| {
                mark(ui, Icon::NoCamera, theme::ACCENT);
                title(ui, "No picture from the camera");
                text(ui, fault);
                text(ui, "Plug the camera in, close other programs that use it, or continue with the built-in actor. Viewers see the card meanwhile.");
                ui.add_space(8.0);
                actor = centred_button(ui, "actor", "Use the built-in actor");
            });
        });
    });
    if actor {
        actions.push(Action::ChooseSource(ACTOR.to_owned()));
    }
    true
}

/// What set-up shows; true if it is to begin.
fn setup_content(ui: &mut Ui, setup: &SetUp) -> bool {
    if let Some((what, share)) = &setup.step {
        mark(ui, Icon::Download, theme::ACCENT);
        title(ui, "Setting up");
        text(ui, what);
        ui.add_space(8.0);
        let bar = egui::ProgressBar::new(share.unwrap_or(0.0)).desired_width(320.0).desired_height(6.0);
        ui.add(bar.fill(theme::ACCENT).animate(share.is_none()));
        return false;
    }
    mark(ui, Icon::Download, theme::ACCENT);
    title(ui, "One thing is missing");
    text(
        ui,
        "Omote finds faces with neural networks, which it downloads once: about 60 MB, checked by SHA-256. \
         They stay on this computer, and so do your pictures.",
    );
    if let Some(failed) = &setup.failed {
        ui.add_space(4.0);
        controls::notice(ui, theme::BAD, failed);
    }
    ui.add_space(8.0);
    let words = if setup.failed.is_some() { "Try again" } else { "Set up now" };
    let begin = centred_button(ui, "set-up", words);
    ui.add_space(4.0);
    ui.label(
        RichText::new("The command `omote setup` does the same.")
            .font(theme::regular(12.0))
            .color(theme::FAINT),
    )
    .on_hover_text(setup.reason.as_str());
    begin
}

/// The ground where a picture will be.
fn ground(painter: &Painter, rect: Rect) {
    painter.rect_filled(rect, CornerRadius::same(theme::ROUND), theme::SURFACE);
}

fn mark(ui: &mut Ui, icon: Icon, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(52.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 26.0, colour.gamma_multiply(0.14));
    icons::draw(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(26.0)), icon, colour);
    ui.add_space(4.0);
}

fn title(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(theme::strong(20.0)));
}

fn text(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).font(theme::regular(13.5)).color(theme::WEAK));
}

fn centred_button(ui: &mut Ui, id: &str, words: &str) -> bool {
    controls::button(ui, id, None, words, Weight::Strong).clicked()
}
