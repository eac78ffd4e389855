//! The preview's place while there is no picture: starting, setting up, and what went wrong.

use eframe::egui::{
    self, Align2, Color32, Context, CornerRadius, Painter, Rect, RichText, Sense, Stroke, Ui, UiBuilder,
    Vec2, vec2,
};

use omote_engine::error::in_one_line;
use omote_engine::slot::{Taker, slot};

use super::app::{App, Phase};
use super::controls::{self, Weight};
use super::devices;
use super::icons::{self, Icon};
use super::session::State;
use super::task::{Progress, Task};
use super::theme;
use crate::setup::{self, Report, SetupArgs};

/// A step of set-up: what is done, and the share that is done of it.
type SetUpStep = (String, Option<f32>);

/// The thread that fetches and converts, and what it tells.
type Running = (Task<Result<(), String>>, Taker<SetUpStep>);

/// Getting the face networks.
pub(super) struct SetUp {
    /// What is missing.
    reason: String,
    /// Why the last try failed.
    failed: Option<String>,
    running: Option<Running>,
    step: SetUpStep,
}

impl SetUp {
    /// Nothing runs yet.
    pub(super) fn new(reason: String) -> Self {
        Self { reason, failed: None, running: None, step: (String::new(), None) }
    }

    fn start(&mut self, context: &Context, data: std::path::PathBuf) {
        let (tell, told) = slot();
        let repaint = context.clone();
        let work = move || {
            let report = Report::heard_by(Box::new(move |verb, text, share| {
                tell.publish((step_words(verb, text), share));
                repaint.request_repaint();
            }));
            let args = SetupArgs { data: Some(data), ..SetupArgs::default() };
            setup::run_with(&args, &report).map_err(|error| in_one_line(error.as_ref()))
        };
        (self.failed, self.step) = (None, ("Starting…".to_owned(), None));
        self.running = Some((Task::start("set-up", context, work), told));
    }

    /// Waits until what it has started is ended, so that no download goes on behind the program's back.
    pub(super) fn end(&self) {
        if let Some((task, _)) = &self.running {
            // What is half done is done anew at the next start.
            let _ = task.wait(std::time::Duration::from_secs(2));
        }
    }

    /// Takes over how far it is; true when it is done.
    pub(super) fn poll(&mut self) -> bool {
        let Some((task, told)) = &self.running else { return false };
        if let Some(step) = told.try_take() {
            self.step = step;
        }
        let result = match task.poll() {
            Progress::Running => return false,
            Progress::Done(result) => result,
            Progress::Gone => Err("set-up crashed".to_owned()),
        };
        self.running = None;
        self.failed = result.err();
        self.failed.is_none()
    }
}

fn step_words(verb: &str, text: &str) -> String {
    let verb = match verb {
        "fetch" => "Fetching",
        "check" => "Checking",
        "unpack" => "Unpacking",
        "convert" => "Converting",
        "present" => "Found",
        _ => return text.to_owned(),
    };
    format!("{verb} {text}")
}

impl App {
    /// The state in one word for people, its colour, and why.
    pub(super) fn state_label(&self) -> (String, Color32, Option<String>) {
        let word = |text: &str, colour| (text.to_owned(), colour, None);
        match &self.phase {
            Phase::Loading(_) => word("Starting", theme::GOLD),
            Phase::SetUp(_) => word("Not set up", theme::GOLD),
            Phase::Failed(_) => word("Failed", theme::BAD),
            Phase::Running(..) if self.paused => {
                ("Paused".to_owned(), theme::GOLD, Some("the card is shown".to_owned()))
            }
            Phase::Running(..) => {
                let (text, colour) = match self.status.state {
                    State::Starting => ("Starting", theme::GOLD),
                    State::Live => ("Live", theme::GOOD),
                    State::Hold => ("Holding", theme::GOLD),
                    State::Pixelate => ("Pixelated", theme::GOLD),
                    State::Card => ("Card", theme::ACCENT),
                    State::Stopped => ("Stopped", theme::BAD),
                };
                (text.to_owned(), colour, self.status.reason.clone())
            }
        }
    }

    /// The state and its reason for the state file.
    pub(super) fn state_words(&self) -> (String, Option<String>) {
        match &self.phase {
            Phase::Loading(_) => ("loading".to_owned(), None),
            Phase::SetUp(setup) => ("setup".to_owned(), setup.failed.clone().or(Some(setup.reason.clone()))),
            Phase::Failed(reason) => ("failed".to_owned(), Some(reason.clone())),
            Phase::Running(..) => (self.status.state.name().to_owned(), self.status.reason.clone()),
        }
    }

    /// Draws what stands in the preview's place while the phase gives no picture. True if it did.
    pub(super) fn stand_in(&mut self, ui: &mut Ui, rect: Rect) -> bool {
        let no_picture = self.preview.shown().is_none();
        match &self.phase {
            Phase::Running(..) if !no_picture => return false,
            _ => {}
        }
        ground(ui.painter(), rect);
        let context = ui.ctx().clone();
        let mut again = false;
        let inner =
            Rect::from_center_size(rect.center(), vec2((rect.width() - 48.0).min(460.0), rect.height()));
        let mut content = ui
            .new_child(UiBuilder::new().max_rect(inner).layout(egui::Layout::top_down(egui::Align::Center)));
        let ui = &mut content;
        ui.set_clip_rect(rect);
        match &mut self.phase {
            Phase::Loading(_) | Phase::Running(..) => {
                ui.add_space((rect.height() / 2.0 - 60.0).max(8.0));
                ui.add(egui::Spinner::new().size(36.0).color(theme::ACCENT));
                ui.add_space(8.0);
                title(ui, "Starting");
                text(ui, "Loading the face networks and your persona");
            }
            Phase::SetUp(setup) => {
                ui.add_space((rect.height() / 2.0 - 120.0).max(8.0));
                again = setup_content(ui, setup);
            }
            Phase::Failed(reason) => {
                ui.add_space((rect.height() / 2.0 - 110.0).max(8.0));
                mark(ui, Icon::Warning, theme::BAD);
                title(ui, "Omote can't start");
                text(ui, reason);
                ui.add_space(8.0);
                if centred_button(ui, "again", "Try again") {
                    again = true;
                }
            }
        }
        if again {
            match &mut self.phase {
                Phase::SetUp(setup) => setup.start(&context, self.data.clone()),
                _ => self.load(&context),
            }
        }
        true
    }

    /// Draws over the card why there is no camera's picture, and what to do. True where it did.
    pub(super) fn no_camera(&mut self, ui: &mut Ui, rect: Rect) -> bool {
        let Some(fault) = self.status.source.fault.clone() else { return false };
        if self.paused || self.live().is_none() {
            return false;
        }
        // What is on the screen is a card by now, and cards are not mirrored.
        self.preview.dim(ui.painter(), rect, if self.full_screen { 0 } else { theme::ROUND });
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
                    text(ui, &fault);
                    text(ui, "Plug the camera in, close other programs that use it, or continue with the built-in actor. Viewers see the card meanwhile.");
                    ui.add_space(8.0);
                    actor = centred_button(ui, "actor", "Use the built-in actor");
                });
            });
        });
        if actor {
            self.choose_source(devices::ACTOR.to_owned());
        }
        true
    }
}

/// What set-up shows; true if it is to begin.
fn setup_content(ui: &mut Ui, setup: &SetUp) -> bool {
    if setup.running.is_some() {
        mark(ui, Icon::Download, theme::ACCENT);
        title(ui, "Setting up");
        text(ui, &setup.step.0);
        ui.add_space(8.0);
        let bar =
            egui::ProgressBar::new(setup.step.1.unwrap_or(0.0)).desired_width(320.0).desired_height(6.0);
        ui.add(bar.fill(theme::ACCENT).animate(setup.step.1.is_none()));
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
