//! The messages over the preview.

use std::time::Instant;

use eframe::egui::{self, Align, Align2, Color32, Context, Id, Layout, Order, RichText, Stroke, vec2};

use super::controls::{self, Weight};
use super::icons::{self, Icon};
use super::theme;
use crate::window::actions::Action;
use crate::window::state::{Toast, Toasts};

/// Draws the messages, the newest at the bottom; `foot` is how far above the window's lower edge.
pub(super) fn show(context: &Context, toasts: &Toasts, centre: f32, foot: f32, actions: &mut Vec<Action>) {
    let Some(next) = toasts.shown.iter().map(|toast| toast.until).min() else { return };
    context.request_repaint_after(next.saturating_duration_since(Instant::now()));
    let area = egui::Area::new(Id::unique("toasts")).order(Order::Foreground).interactable(true);
    let screen = context.content_rect();
    area.pivot(Align2::CENTER_BOTTOM).fixed_pos(egui::pos2(centre, screen.bottom() - foot)).show(
        context,
        |ui| {
            ui.set_max_width(520.0f32.min(screen.width() - 48.0));
            ui.with_layout(Layout::top_down(Align::Center), |ui| {
                for (i, toast) in toasts.shown.iter().enumerate() {
                    message(ui, i, toast, actions);
                }
            });
        },
    );
}

/// Draws a message.
fn message(ui: &mut egui::Ui, i: usize, toast: &Toast, actions: &mut Vec<Action>) {
    let colour = if toast.fault { theme::BAD } else { theme::GOOD };
    let frame = egui::Frame::new()
        .fill(Color32::from_rgb(32, 30, 35))
        .stroke(Stroke::new(1.0, Color32::from_rgb(58, 54, 62)))
        .corner_radius(12)
        .inner_margin(egui::Margin { left: 14, right: 6, top: 6, bottom: 6 })
        .shadow(ui.visuals().popup_shadow);
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(18.0, 34.0), egui::Sense::hover());
            icons::draw(ui.painter(), rect, if toast.fault { Icon::Warning } else { Icon::Tick }, colour);
            let room = ui.max_rect().width() - 18.0 - if toast.path.is_some() { 170.0 } else { 60.0 };
            ui.scope(|ui| {
                ui.set_max_width(room.max(120.0));
                ui.add(egui::Label::new(RichText::new(&toast.text).font(theme::regular(13.0))).wrap());
            });
            let folder = toast.path.as_deref().and_then(std::path::Path::parent);
            let open = |ui: &mut egui::Ui| {
                controls::button(ui, &format!("open-{i}"), None, "Open folder", Weight::Quiet).clicked()
            };
            if let Some(folder) = folder.filter(|_| open(ui)) {
                actions.push(Action::OpenFolder(folder.to_owned()));
            }
            let dismiss = controls::button(ui, &format!("dismiss-{i}"), Some(Icon::Close), "", Weight::Quiet);
            if dismiss.clicked() {
                actions.push(Action::Dismiss(i));
            }
        });
    });
    ui.add_space(4.0);
}
