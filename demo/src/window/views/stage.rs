//! The picture in the middle of the window, or alone in full screen.

use eframe::egui::{
    self, Align, Align2, Color32, CornerRadius, Layout, Rect, RichText, Stroke, StrokeKind, Ui, UiBuilder,
    pos2, vec2,
};

use super::preview::{self, Preview};
use super::{bars, stand_in, theme};
use crate::window::actions::Action;
use crate::window::hooks;
use crate::window::state::{State, is_model};
use crate::window::text::clock;

/// The preview, or what stands in its place.
pub(super) fn show(ui: &mut Ui, state: &State, preview: &Preview, place: Rect, actions: &mut Vec<Action>) {
    let aspect = preview.aspect();
    let halves = if state.mesh { 2.0 } else { 1.0 };
    let rect = preview::fitted(place, aspect * halves);
    let rect = Rect::from_min_max(rect.min.round(), rect.max.round());
    if stand_in::show(ui, state, preview::fitted(place, aspect), actions) {
        return;
    }
    hooks::place(ui, "preview", rect);
    pictures(ui, state, preview, rect, theme::ROUND);
    let painter = ui.painter();
    let line = Stroke::new(1.0, theme::LINE);
    painter.rect_stroke(rect, CornerRadius::same(theme::ROUND), line, StrokeKind::Outside);
    recording_mark(ui, state, rect);
    stand_in::no_camera(ui, state, preview, rect, actions);
    drop_hint(ui, state, rect);
}

/// The output, and the mesh beside it while it is asked for.
fn pictures(ui: &Ui, state: &State, preview: &Preview, rect: Rect, round: u8) {
    let mirrored = state.kept.mirrored_view;
    if !state.mesh {
        preview.set_width(rect.width(), ui.ctx());
        preview.draw(ui.painter(), rect, mirrored, round);
        return;
    }
    let gap = 8.0;
    let half = vec2((rect.width() - gap) / 2.0, rect.height());
    let aspect = preview.aspect();
    let left = preview::fitted(Rect::from_min_size(rect.min, half), aspect);
    let right = left.translate(vec2(half.x + gap, 0.0));
    preview.draw(ui.painter(), left, mirrored, round);
    let faces = preview.draw_mesh(ui.painter(), right, mirrored, round);
    let words = match faces {
        0 => "No face in this picture".to_owned(),
        1 => "478 points".to_owned(),
        n => format!("{n} faces"),
    };
    let at = right.left_bottom() + vec2(12.0, -10.0);
    ui.painter().text(at, Align2::LEFT_BOTTOM, words, theme::regular(12.0), theme::WEAK);
}

fn recording_mark(ui: &Ui, state: &State, rect: Rect) {
    let Some(recording) = &state.recording else { return };
    let time = recording.since.elapsed();
    let place = Rect::from_min_size(rect.left_bottom() + vec2(12.0, -40.0), vec2(84.0, 28.0));
    let painter = ui.painter();
    painter.rect_filled(place, CornerRadius::same(14), Color32::from_black_alpha(180));
    let lit = time.as_millis() % 1000 < 600;
    let colour = if lit { theme::ACCENT } else { theme::ACCENT.gamma_multiply(0.4) };
    painter.circle_filled(pos2(place.left() + 16.0, place.center().y), 5.0, colour);
    let at = pos2(place.left() + 30.0, place.center().y);
    painter.text(at, Align2::LEFT_CENTER, clock(time), theme::medium(13.0), theme::TEXT);
    let Some(lasts) = recording.lasts() else { return };
    let words = format!("Disk full in {}", clock(lasts));
    let at = pos2(place.right() + 10.0, place.center().y);
    let place = painter.text(at, Align2::LEFT_CENTER, &words, theme::medium(13.0), theme::TEXT).expand(6.0);
    painter.rect_filled(place, CornerRadius::same(14), theme::BAD);
    painter.text(at, Align2::LEFT_CENTER, &words, theme::medium(13.0), theme::TEXT);
}

/// While a file is held over the window.
fn drop_hint(ui: &Ui, state: &State, rect: Rect) {
    let hovered = ui.input(|input| input.raw.hovered_files.first().cloned());
    let Some(file) = hovered.filter(|_| state.import.is_none()) else { return };
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::same(theme::ROUND), Color32::from_black_alpha(190));
    let stroke = Stroke::new(2.0, theme::ACCENT);
    painter.rect_stroke(rect.shrink(8.0), CornerRadius::same(theme::ROUND), stroke, StrokeKind::Inside);
    let model = file.path.is_some_and(|path| is_model(&path));
    let words = if model { "Drop the swap model to test it" } else { "Drop the photo to make a persona" };
    painter.text(rect.center(), Align2::CENTER_CENTER, words, theme::strong(18.0), theme::TEXT);
}

/// Full screen: the picture alone, and the state when the pointer moves or it is not live.
pub(super) fn immersed(
    ui: &mut Ui,
    state: &State,
    preview: &Preview,
    whole: Rect,
    actions: &mut Vec<Action>,
) {
    let rect = preview::fitted(whole, preview.aspect() * if state.mesh { 2.0 } else { 1.0 });
    ui.painter().rect_filled(whole, 0, Color32::BLACK);
    if stand_in::show(ui, state, rect, actions) {
        return;
    }
    hooks::place(ui, "preview", rect);
    pictures(ui, state, preview, rect, 0);
    recording_mark(ui, state, rect);
    stand_in::no_camera(ui, state, preview, rect, actions);
    let moved = ui.input(|input| input.pointer.time_since_last_movement() < 2.0);
    if moved {
        let place = Rect::from_min_size(rect.left_top() + vec2(16.0, 12.0), vec2(rect.width() * 0.6, 36.0));
        let mut over =
            ui.new_child(UiBuilder::new().max_rect(place).layout(Layout::left_to_right(Align::Center)));
        bars::state_pill(&mut over, state);
        over.label(RichText::new("Esc leaves full screen").font(theme::regular(13.0)).color(Color32::WHITE));
    } else {
        ui.ctx().set_cursor_icon(egui::CursorIcon::None);
    }
}
