//! Short messages over the preview that go by themselves.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use eframe::egui::{
    self, Align, Align2, Color32, Context, Id, Layout, OpenUrl, Order, RichText, Stroke, vec2,
};

use super::controls::{self, Weight};
use super::icons::{self, Icon};
use super::theme;

/// How long a message stays; faults stay longer.
const STAYS: Duration = Duration::from_secs(6);
const FAULT_STAYS: Duration = Duration::from_secs(14);
/// Messages on the screen at a time.
const MOST: usize = 3;

struct Toast {
    text: String,
    path: Option<PathBuf>,
    fault: bool,
    until: Instant,
}

/// The messages.
#[derive(Default)]
pub(super) struct Toasts {
    shown: Vec<Toast>,
    /// All that were shown, for the state file.
    pub(super) told: Vec<String>,
}

impl Toasts {
    fn push(&mut self, text: String, path: Option<PathBuf>, fault: bool) {
        self.told.push(text.clone());
        let until = Instant::now() + if fault { FAULT_STAYS } else { STAYS };
        self.shown.push(Toast { text, path, fault, until });
        if self.shown.len() > MOST {
            self.shown.remove(0);
        }
    }

    /// Something to know.
    pub(super) fn tell(&mut self, text: impl Into<String>) {
        self.push(text.into(), None, false);
    }

    /// A file that was written.
    pub(super) fn wrote(&mut self, what: &str, path: PathBuf) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.push(format!("{what}: {name}"), Some(path), false);
    }

    /// Something that went wrong.
    pub(super) fn fault(&mut self, text: impl Into<String>) {
        self.push(text.into(), None, true);
    }

    /// Draws the messages, the newest at the bottom; `foot` is how far above the window's lower edge.
    pub(super) fn show(&mut self, context: &Context, centre: f32, foot: f32) {
        let now = Instant::now();
        self.shown.retain(|toast| toast.until > now);
        let Some(next) = self.shown.iter().map(|toast| toast.until).min() else { return };
        context.request_repaint_after(next - now);
        let area = egui::Area::new(Id::unique("toasts")).order(Order::Foreground).interactable(true);
        let screen = context.content_rect();
        let mut gone = None;
        area.pivot(Align2::CENTER_BOTTOM).fixed_pos(egui::pos2(centre, screen.bottom() - foot)).show(
            context,
            |ui| {
                ui.set_max_width(520.0f32.min(screen.width() - 48.0));
                ui.with_layout(Layout::top_down(Align::Center), |ui| {
                    for (i, toast) in self.shown.iter().enumerate() {
                        if message(ui, i, toast) {
                            gone = Some(i);
                        }
                    }
                });
            },
        );
        if let Some(i) = gone {
            self.shown.remove(i);
        }
    }
}

/// True if the message is to go.
fn message(ui: &mut egui::Ui, i: usize, toast: &Toast) -> bool {
    let colour = if toast.fault { theme::BAD } else { theme::GOOD };
    let frame = egui::Frame::new()
        .fill(Color32::from_rgb(32, 30, 35))
        .stroke(Stroke::new(1.0, Color32::from_rgb(58, 54, 62)))
        .corner_radius(12)
        .inner_margin(egui::Margin { left: 14, right: 6, top: 6, bottom: 6 })
        .shadow(ui.visuals().popup_shadow);
    let mut gone = false;
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
                ui.ctx().open_url(OpenUrl::new_tab(format!("file://{}", folder.display())));
            }
            gone =
                controls::button(ui, &format!("dismiss-{i}"), Some(Icon::Close), "", Weight::Quiet).clicked();
        });
    });
    ui.add_space(4.0);
    gone
}
