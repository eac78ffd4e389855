//! The window that the camera films: the code, and beside it what comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use eframe::egui::{
    self, Align2, Color32, ColorImage, Context, CornerRadius, Key, Rect, TextureHandle, TextureOptions, pos2,
    vec2,
};
use eframe::{NativeOptions, Renderer};
use omote_benches::glass::{Glass, Measurement, QUIET, SIDE};

use crate::window::picture::PreviewSlot;
use crate::window::preview::Preview;
use crate::window::{surface, theme};

/// Opens the window and stays in it until the time is over or it is closed.
pub(super) fn run(glass: &Glass, length: Duration) -> anyhow::Result<()> {
    surface::display().map_err(|(what, remedy)| anyhow!("no window can be opened: {what}; {remedy}"))?;
    let viewport = egui::ViewportBuilder::default()
        .with_title("Omote: glass to glass")
        .with_app_id("omote")
        .with_inner_size([1280.0, 720.0])
        .with_min_inner_size([640.0, 360.0]);
    let native = NativeOptions {
        viewport,
        renderer: Renderer::Wgpu,
        wgpu_options: surface::configuration(),
        ..NativeOptions::default()
    };
    let slot = Arc::new(PreviewSlot::new(false));
    let preview = Preview::new(Arc::clone(&slot));
    let (measurement, live) = (Arc::clone(glass.measurement()), glass.live());
    let make = move |creation: &eframe::CreationContext<'_>| {
        theme::set(&creation.egui_ctx);
        live.watch("window", slot.watcher(&creation.egui_ctx))?;
        let app: Box<dyn eframe::App + '_> = Box::new(App {
            measurement,
            preview,
            code: None,
            until: Instant::now() + length,
            figures: (Instant::now(), String::new(), String::new()),
        });
        Ok(app)
    };
    eframe::run_native("Omote glass to glass", native, Box::new(make))
        .map_err(|error| surface::refused(&error))
}

struct App {
    measurement: Arc<Measurement>,
    preview: Preview,
    code: Option<TextureHandle>,
    until: Instant,
    /// When the figures were worked out last, the large line and the small one.
    figures: (Instant, String, String),
}

/// Between two workings-out of the figures.
const EVERY: Duration = Duration::from_millis(500);
const MARGIN: f32 = 24.0;

impl App {
    /// Begins the screen's next picture.
    fn next(&mut self, context: &Context) {
        let image = ColorImage::from_gray([SIDE; 2], &self.measurement.next_code());
        match &mut self.code {
            Some(texture) => texture.set(image, TextureOptions::NEAREST),
            None => self.code = Some(context.load_texture("code", image, TextureOptions::NEAREST)),
        }
        self.preview.update(context);
        if let Some(shown) = self.preview.shown() {
            self.measurement.drawn(shown);
        }
    }

    fn update_figures(&mut self) {
        if self.figures.0.elapsed() < EVERY && !self.figures.1.is_empty() {
            return;
        }
        let figures = self.measurement.figures();
        let (large, small) = match &figures.window {
            Some(s) => (
                format!("{:.0} ms", s.mean),
                format!(
                    "from glass to glass, {:.1} to {:.1}; {} pictures read, {} not",
                    s.low, s.high, s.pictures, figures.unread
                ),
            ),
            None => (
                "Point the camera at this window".to_owned(),
                figures.reasons.first().cloned().unwrap_or_else(|| "no picture has come yet".to_owned()),
            ),
        };
        self.figures = (Instant::now(), large, small);
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        let context = ui.ctx().clone();
        let left = self.until.saturating_duration_since(Instant::now());
        let close = context.input(|i| i.key_pressed(Key::Escape) || i.key_pressed(Key::Q));
        if left.is_zero() || close || self.measurement.is_over() {
            context.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        if context.input(|i| i.key_pressed(Key::F)) {
            let full = context.input(|i| i.viewport().fullscreen.unwrap_or(false));
            context.send_viewport_cmd(egui::ViewportCommand::Fullscreen(!full));
        }
        self.next(&context);
        self.update_figures();
        let (painter, all) = (ui.painter(), ui.max_rect());
        painter.rect_filled(all, CornerRadius::ZERO, theme::GROUND);
        // The code in the upper left, its white border wide enough to find it by; what comes back to the right of it, as a
        // mirror would show it: so the code in it can't be taken for the code.
        let card = (all.width() * 0.45).min(all.height() * 0.74);
        let module = card / (SIDE as f32 + 2.0 * QUIET);
        let white = Rect::from_min_size(all.min + vec2(MARGIN, MARGIN), vec2(card, card));
        painter.rect_filled(white, CornerRadius::ZERO, Color32::WHITE);
        let place = white.shrink(QUIET * module);
        if let Some(texture) = &self.code {
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            painter.image(texture.id(), place, whole, Color32::WHITE);
        }
        let width = (all.right() - white.right() - 2.0 * MARGIN).max(1.0);
        let size = vec2(width, width / self.preview.aspect());
        let back = Rect::from_min_size(pos2(white.right() + MARGIN, white.top()), size);
        self.preview.set_width(width, &context);
        if !self.preview.draw(painter, back, true, theme::ROUND) {
            painter.rect_filled(back, CornerRadius::same(theme::ROUND), theme::SURFACE);
        }
        let line = |y: f32, text: &str, font, colour| {
            painter.text(pos2(all.left() + MARGIN, y), Align2::LEFT_TOP, text, font, colour)
        };
        let top = white.bottom() + MARGIN;
        let below = line(top, &self.figures.1, theme::strong(40.0), theme::TEXT);
        let below = line(below.bottom() + 4.0, &self.figures.2, theme::regular(18.0), theme::WEAK);
        let keys = format!("{:.0} s left    F full screen    Esc end now", left.as_secs_f32().ceil());
        line(below.bottom() + 8.0, &keys, theme::regular(15.0), theme::FAINT);
        context.request_repaint();
    }
}
