//! What an earlier run left behind because it was killed: offered to be kept under its name, or discarded.

use std::path::Path;

use eframe::egui::{self, Align2, Context, Id, Order};

use super::app::App;
use super::controls::{self, Weight};
use super::icons::Icon;
use super::task::{Progress, Task};
use super::theme;
use crate::left_over::{self, LeftOver};

/// What was found.
pub(super) struct LeftOvers {
    looking: Option<Task<Vec<LeftOver>>>,
    found: Vec<LeftOver>,
}

/// What the user wants of one.
enum Choice {
    Keep,
    Discard,
    Later,
}

impl LeftOvers {
    /// Looks, away from the window's thread: what is whole of a long recording takes a moment to find out.
    pub(super) fn look(context: &Context, data: &Path) -> Self {
        let data = data.to_owned();
        let looking = Some(Task::start("left-overs", context, move || left_over::find(&data)));
        Self { looking, found: Vec::new() }
    }

    /// Takes over what was found.
    pub(super) fn poll(&mut self) {
        let Some(task) = &self.looking else { return };
        match task.poll() {
            Progress::Running => return,
            Progress::Done(found) => self.found = found,
            Progress::Gone => {}
        }
        self.looking = None;
    }

    /// What is offered now, for the state file.
    pub(super) fn offered(&self) -> Option<String> {
        self.found.first().map(LeftOver::line)
    }
}

impl App {
    /// Draws the offer, one at a time, and does what is chosen.
    pub(super) fn left_overs(&mut self, context: &Context) {
        let Some(one) = self.left_overs.found.first() else { return };
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
                        offer("left-over-keep", Some(Icon::Tick), "Keep it", Weight::Strong, Choice::Keep);
                    }
                    offer("left-over-discard", None, "Discard it", Weight::Plain, Choice::Discard);
                    offer("left-over-later", None, "Later", Weight::Quiet, Choice::Later);
                });
            });
        });
        let Some(choice) = choice else { return };
        let one = self.left_overs.found.remove(0);
        match choice {
            Choice::Keep => match one.keep() {
                Ok(path) => {
                    self.toasts.wrote("Recording", path.clone());
                    self.recordings.push(path);
                }
                Err(error) => self.toasts.fault(format!("{error:#}")),
            },
            Choice::Discard => {
                if let Err(error) = one.discard() {
                    self.toasts.fault(format!("{error:#}"));
                }
            }
            Choice::Later => {}
        }
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
