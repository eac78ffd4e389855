//! Where things are: the bar at the top, the preview, the buttons and the gallery below, the panel beside.

use eframe::egui::{CornerRadius, Frame, Margin, Panel, Rect, Ui, vec2};

use super::gallery::GalleryStrip;
use super::preview::Preview;
use super::{bars, panel, stage, theme, toasts};
use crate::window::actions::Action;
use crate::window::state::State;

/// Width of the panel in points.
const PANEL: f32 = 328.0;
/// Windows of less height get smaller thumbnails.
const LOW: f32 = 640.0;

/// Draws the whole window.
pub(super) fn show(
    ui: &mut Ui,
    state: &State,
    preview: &Preview,
    gallery: &mut GalleryStrip,
    actions: &mut Vec<Action>,
) {
    let whole = ui.max_rect();
    ui.painter().rect_filled(whole, 0, theme::GROUND);
    if state.full_screen {
        stage::immersed(ui, state, preview, whole, actions);
        toasts::show(ui.ctx(), &state.toasts, whole.center().x, 32.0, actions);
        return;
    }
    let low = whole.height() < LOW;
    let bar = Frame::new().fill(theme::GROUND).inner_margin(Margin::symmetric(16, 0));
    Panel::top("bar").exact_size(52.0).frame(bar).show_separator_line(false).resizable(false).show(
        ui,
        |ui| {
            bars::top(ui, state, actions);
        },
    );
    if state.kept.panel {
        let frame =
            Frame::new().fill(theme::SURFACE).corner_radius(CornerRadius { nw: 14, ..CornerRadius::ZERO });
        Panel::right("panel")
            .exact_size(PANEL)
            .frame(frame)
            .show_separator_line(false)
            .resizable(false)
            .show(ui, |ui| {
                panel::show(ui, state, actions);
            });
    }
    let card = if low { 76.0 } else { 104.0 };
    let strip =
        Frame::new().fill(theme::GROUND).inner_margin(Margin { left: 16, right: 16, top: 0, bottom: 12 });
    let height = card + 28.0;
    Panel::bottom("gallery")
        .exact_size(height)
        .frame(strip)
        .show_separator_line(false)
        .resizable(false)
        .show(ui, |ui| {
            ui.add_space(4.0);
            gallery.show(ui, state, card, actions);
        });
    let strip = Frame::new().fill(theme::GROUND).inner_margin(Margin::symmetric(16, 0));
    Panel::bottom("buttons").exact_size(52.0).frame(strip).show_separator_line(false).resizable(false).show(
        ui,
        |ui| {
            bars::buttons(ui, state, actions);
        },
    );
    let rest = ui.available_rect_before_wrap();
    let place = Rect::from_min_max(rest.min + vec2(16.0, 0.0), rest.max - vec2(16.0, 0.0));
    stage::show(ui, state, preview, place, actions);
    let foot = whole.bottom() - rest.bottom() + 16.0;
    toasts::show(ui.ctx(), &state.toasts, rest.center().x, foot, actions);
}
