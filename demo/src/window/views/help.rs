//! The list of keys over the window.

use eframe::egui::{
    self, Align2, Context, CornerRadius, Id, RichText, Sense, Stroke, StrokeKind, pos2, vec2,
};

use super::controls::{self, Weight};
use super::icons::Icon;
use super::keys;
use super::theme;
use crate::window::actions::Action;
use crate::window::state::State;

/// Shows the list, if it is open.
pub(super) fn show(context: &Context, state: &State, actions: &mut Vec<Action>) {
    if !state.help {
        return;
    }
    let mut close = false;
    let response = modal("help").show(context, |ui| {
        ui.set_width(460.0);
        close |= head(ui, "Keyboard", "help-close");
        for (key, does) in keys::LIST {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
            let mut x = rect.left();
            for cap in key.split("  ") {
                let font = theme::medium(12.0);
                let galley = ui.painter().layout_no_wrap(cap.to_owned(), font, theme::TEXT);
                let size = vec2((galley.size().x + 14.0).max(26.0), 22.0);
                let place = egui::Rect::from_min_size(pos2(x, rect.top()), size);
                ui.painter().rect(
                    place,
                    CornerRadius::same(6),
                    theme::RAISED,
                    Stroke::new(1.0, theme::LINE),
                    StrokeKind::Inside,
                );
                ui.painter().galley(place.center() - galley.size() / 2.0, galley, theme::TEXT);
                x += size.x + 6.0;
            }
            let at = pos2(rect.left() + 104.0, rect.center().y);
            ui.painter().text(at, Align2::LEFT_CENTER, does, theme::regular(13.5), theme::TEXT);
        }
        ui.add_space(8.0);
        controls::note(
            ui,
            "Every picture that leaves Omote carries the badge, the card included. At the level Protect, a lost face is \
             first held, then pixelated, then replaced by the card, so that your bare face is not shown.",
        );
    });
    if close || response.should_close() {
        actions.push(Action::CloseHelp);
    }
}

/// A dialog in the middle of the window.
pub(super) fn modal(name: &str) -> egui::Modal {
    egui::Modal::new(Id::unique(name.to_owned())).backdrop_color(egui::Color32::from_black_alpha(170)).frame(
        egui::Frame::new()
            .fill(theme::SURFACE)
            .stroke(Stroke::new(1.0, theme::LINE))
            .corner_radius(16)
            .inner_margin(24),
    )
}

/// A dialog's title with a cross; true if that was clicked.
pub(super) fn head(ui: &mut egui::Ui, title: &str, id: &str) -> bool {
    let mut close = false;
    ui.horizontal(|ui| {
        ui.label(RichText::new(title).font(theme::strong(20.0)));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            close = controls::button(ui, id, Some(Icon::Close), "", Weight::Quiet).clicked();
        });
    });
    ui.add_space(4.0);
    close
}
