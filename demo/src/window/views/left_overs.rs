//! What an earlier run left behind because it was killed: offered to be kept under its name, or discarded.

use eframe::egui::{self, Align2, Context, Id, Order};

use super::controls::{self, Weight};
use super::icons::Icon;
use super::theme;
use crate::left_over::LeftOver;
use crate::window::actions::Action;
use crate::window::state::{LeftOverChoice, State};

/// Draws the offer, one at a time.
pub(super) fn show(context: &Context, state: &State, actions: &mut Vec<Action>) {
    let Some(one) = state.left_overs.first() else { return };
    let (can_be_kept, words) = (one.rest.is_some(), words(one));
    let mut choice = None;
    let area = egui::Area::new(Id::unique("left-overs")).order(Order::Foreground);
    area.anchor(Align2::CENTER_TOP, egui::vec2(0.0, 56.0)).show(context, |ui| {
        let frame = egui::Frame::new()
            .fill(theme::SURFACE)
            .stroke(egui::Stroke::new(1.0, theme::LINE))
            .corner_radius(12)
            .inner_margin(14);
        frame.show(ui, |ui| {
            ui.set_max_width(520.0);
            ui.add(egui::Label::new(egui::RichText::new(words).font(theme::regular(13.0))).wrap());
            ui.add_space(8.0);
            ui.horizontal(|ui| {
                let mut offer = |id: &str, icon, words: &str, weight, what| {
                    if controls::button(ui, id, icon, words, weight).clicked() {
                        choice = Some(what);
                    }
                };
                if can_be_kept {
                    offer(
                        "left-over-keep",
                        Some(Icon::Tick),
                        "Keep it",
                        Weight::Strong,
                        LeftOverChoice::Keep,
                    );
                }
                offer("left-over-discard", None, "Discard it", Weight::Plain, LeftOverChoice::Discard);
                offer("left-over-later", None, "Later", Weight::Quiet, LeftOverChoice::Later);
            });
        });
    });
    if let Some(choice) = choice {
        actions.push(Action::SettleLeftOver(choice));
    }
}

fn words(one: &LeftOver) -> String {
    let place = one.working.display();
    match one.rest {
        Some(_) => format!("An earlier recording was cut off. {} of it can be kept: {place}", one.amount()),
        None => {
            format!("An earlier run was cut off and left an incomplete file that can't be played: {place}")
        }
    }
}
