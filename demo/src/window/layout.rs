//! Where things are: the bar at the top, the preview, the buttons and the gallery below, the panel beside.

use eframe::egui::{
    self, Align, Align2, Color32, CornerRadius, Frame, Layout, Margin, Panel, Rect, RichText, Sense, Stroke,
    StrokeKind, Ui, UiBuilder, Vec2, pos2, vec2,
};

use super::app::{App, Phase};
use super::controls::{self, Weight};
use super::files::clock;
use super::icons::{self, Icon};
use super::keys::Action;
use super::virtual_camera::VirtualSwitch;
use super::{dump, preview, swap_models, theme};

/// Width of the panel in points.
const PANEL: f32 = 328.0;
/// Windows of less height get smaller thumbnails.
const LOW: f32 = 640.0;

impl App {
    /// Draws the whole window.
    pub(super) fn layout(&mut self, ui: &mut Ui) {
        let whole = ui.max_rect();
        ui.painter().rect_filled(whole, 0, theme::GROUND);
        if self.full_screen {
            self.immersed(ui, whole);
            self.toasts.show(ui.ctx(), whole.center().x, 32.0);
            return;
        }
        let low = whole.height() < LOW;
        let bar = Frame::new().fill(theme::GROUND).inner_margin(Margin::symmetric(16, 0));
        Panel::top("bar").exact_size(52.0).frame(bar).show_separator_line(false).resizable(false).show(
            ui,
            |ui| {
                self.top_bar(ui);
            },
        );
        if self.kept.panel {
            let frame = Frame::new()
                .fill(theme::SURFACE)
                .corner_radius(CornerRadius { nw: 14, ..CornerRadius::ZERO });
            Panel::right("panel")
                .exact_size(PANEL)
                .frame(frame)
                .show_separator_line(false)
                .resizable(false)
                .show(ui, |ui| {
                    self.panel(ui);
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
                let worn = self.kept.persona.clone();
                if let Some(picked) = self.gallery.show(ui, &worn, card) {
                    self.picked(&ui.ctx().clone(), picked);
                }
            });
        let strip = Frame::new().fill(theme::GROUND).inner_margin(Margin::symmetric(16, 0));
        Panel::bottom("buttons")
            .exact_size(52.0)
            .frame(strip)
            .show_separator_line(false)
            .resizable(false)
            .show(ui, |ui| {
                self.buttons(ui);
            });
        let rest = ui.available_rect_before_wrap();
        let place = Rect::from_min_max(rest.min + vec2(16.0, 0.0), rest.max - vec2(16.0, 0.0));
        self.stage(ui, place);
        self.toasts.show(ui.ctx(), rest.center().x, whole.bottom() - rest.bottom() + 16.0);
    }

    /// Mark, name, state, and the buttons that concern the window.
    fn top_bar(&mut self, ui: &mut Ui) {
        let context = ui.ctx().clone();
        ui.horizontal_centered(|ui| {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(26.0), Sense::hover());
            icons::draw(ui.painter(), rect, Icon::Mask, theme::ACCENT);
            ui.label(RichText::new("Omote").font(theme::strong(17.0)));
            ui.add_space(8.0);
            self.state_pill(ui);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                let weight = |on| if on { Weight::Plain } else { Weight::Quiet };
                let panel = controls::button(ui, "panel", Some(Icon::Panel), "", weight(self.kept.panel));
                if panel.on_hover_text("Panel (H)").clicked() {
                    self.act(&context, Action::Panel);
                }
                let full = controls::button(ui, "full-screen", Some(Icon::FullScreen), "", Weight::Quiet);
                if full.on_hover_text("Full screen (F)").clicked() {
                    self.act(&context, Action::FullScreen);
                }
                let help = controls::button(ui, "help", Some(Icon::Help), "", Weight::Quiet);
                if help.on_hover_text("Keyboard (?)").clicked() {
                    self.act(&context, Action::Help);
                }
                ui.add_space(8.0);
                self.rate(ui);
            });
        });
    }

    /// A dot, the state, and why.
    fn state_pill(&self, ui: &mut Ui) {
        let (word, colour, reason) = self.state_label();
        let font = theme::medium(13.0);
        let galley = ui.painter().layout_no_wrap(word, font, theme::TEXT);
        let (rect, _) = ui.allocate_exact_size(vec2(galley.size().x + 36.0, 28.0), Sense::hover());
        dump::target(ui, "state", rect);
        let painter = ui.painter();
        painter.rect_filled(rect, CornerRadius::same(14), theme::RAISED);
        let dot = pos2(rect.left() + 15.0, rect.center().y);
        painter.circle_filled(dot, 7.0, colour.gamma_multiply(0.25));
        painter.circle_filled(dot, 4.0, colour);
        painter.galley(
            pos2(rect.left() + 26.0, rect.center().y - galley.size().y / 2.0),
            galley,
            theme::TEXT,
        );
        if let Some(reason) = reason {
            let room = (ui.available_width() - 300.0).max(80.0);
            ui.scope(|ui| {
                ui.set_max_width(room);
                let text = RichText::new(&reason).font(theme::regular(13.0)).color(theme::WEAK);
                ui.add(egui::Label::new(text).truncate()).on_hover_text(&reason);
            });
        }
    }

    /// The source's name and measured rate.
    fn rate(&self, ui: &mut Ui) {
        if self.live().is_none() || self.status.source.name.is_empty() {
            return;
        }
        let source = &self.status.source;
        let text = format!("{:.1} fps", source.measured_fps);
        let slow = source.measured_fps > 0.5 && source.measured_fps < source.asked_fps * 0.85;
        let colour = if slow { theme::GOLD } else { theme::WEAK };
        ui.label(RichText::new(text).font(theme::regular(13.0)).color(colour))
            .on_hover_text(format!("{}\n{}", source.name, source.mode));
    }

    /// Pause, snapshot and recording, and what concerns the picture.
    fn buttons(&mut self, ui: &mut Ui) {
        let context = ui.ctx().clone();
        let running = matches!(self.phase, Phase::Running(..));
        ui.horizontal_centered(|ui| {
            ui.add_enabled_ui(running, |ui| {
                let (icon, words, weight) = match self.paused {
                    true => (Icon::Play, "Resume", Weight::Strong),
                    false => (Icon::Pause, "Pause", Weight::Plain),
                };
                let pause = controls::button(ui, "pause", Some(icon), words, weight);
                if pause
                    .on_hover_text("Show the card instead of the picture (Space; 0 shows the card at once)")
                    .clicked()
                {
                    self.act(&context, Action::Pause);
                }
                let snapshot =
                    controls::button(ui, "snapshot", Some(Icon::Snapshot), "Snapshot", Weight::Plain);
                if snapshot.on_hover_text("Save this picture, with the badge (S)").clicked() {
                    self.act(&context, Action::Snapshot);
                }
                let record = match self.recorder.since() {
                    Some(time) => {
                        controls::button(ui, "record", Some(Icon::Stop), &clock(time), Weight::Strong)
                    }
                    None => controls::button(ui, "record", Some(Icon::Record), "Record", Weight::Plain),
                };
                if record.on_hover_text("Record what viewers see, without sound (R)").clicked() {
                    self.act(&context, Action::Record);
                }
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if let VirtualSwitch::On(..) = self.virtual_camera {
                    ui.label(
                        RichText::new("Virtual camera on").font(theme::regular(12.5)).color(theme::GOOD),
                    );
                }
                if ui.available_width() > 150.0 && self.kept.mirrored_view {
                    let text = RichText::new("Mirrored view").font(theme::regular(12.5)).color(theme::FAINT);
                    ui.label(text).on_hover_text(
                        "Only in this window. Viewers see the picture unmirrored unless you mirror the output.",
                    );
                }
            });
        });
    }

    /// The preview, or what stands in its place.
    fn stage(&mut self, ui: &mut Ui, place: Rect) {
        let aspect = self.preview.aspect();
        let halves = if self.mesh { 2.0 } else { 1.0 };
        let rect = preview::fitted(place, aspect * halves);
        let rect = Rect::from_min_max(rect.min.round(), rect.max.round());
        if self.stand_in(ui, preview::fitted(place, aspect)) {
            return;
        }
        dump::target(ui, "preview", rect);
        self.pictures(ui, rect, theme::ROUND);
        let painter = ui.painter();
        let line = Stroke::new(1.0, theme::LINE);
        painter.rect_stroke(rect, CornerRadius::same(theme::ROUND), line, StrokeKind::Outside);
        self.recording_mark(ui, rect);
        self.no_camera(ui, rect);
        self.drop_hint(ui, rect);
    }

    /// The output, and the mesh beside it while it is asked for.
    fn pictures(&mut self, ui: &mut Ui, rect: Rect, round: u8) {
        let mirrored = self.kept.mirrored_view;
        if !self.mesh {
            self.preview.set_width(rect.width(), ui.ctx());
            self.preview.draw(ui.painter(), rect, mirrored, round);
            return;
        }
        let gap = 8.0;
        let half = vec2((rect.width() - gap) / 2.0, rect.height());
        let aspect = self.preview.aspect();
        let left = preview::fitted(Rect::from_min_size(rect.min, half), aspect);
        let right = left.translate(vec2(half.x + gap, 0.0));
        self.preview.draw(ui.painter(), left, mirrored, round);
        let faces = self.preview.draw_mesh(ui.painter(), right, mirrored, round);
        let words = match faces {
            0 => "No face in this picture".to_owned(),
            1 => "478 points".to_owned(),
            n => format!("{n} faces"),
        };
        let at = right.left_bottom() + vec2(12.0, -10.0);
        ui.painter().text(at, Align2::LEFT_BOTTOM, words, theme::regular(12.0), theme::WEAK);
    }

    fn recording_mark(&self, ui: &Ui, rect: Rect) {
        let Some(time) = self.recorder.since() else { return };
        let place = Rect::from_min_size(rect.left_bottom() + vec2(12.0, -40.0), vec2(84.0, 28.0));
        let painter = ui.painter();
        painter.rect_filled(place, CornerRadius::same(14), Color32::from_black_alpha(180));
        let lit = time.as_millis() % 1000 < 600;
        let colour = if lit { theme::ACCENT } else { theme::ACCENT.gamma_multiply(0.4) };
        painter.circle_filled(pos2(place.left() + 16.0, place.center().y), 5.0, colour);
        let at = pos2(place.left() + 30.0, place.center().y);
        painter.text(at, Align2::LEFT_CENTER, clock(time), theme::medium(13.0), theme::TEXT);
        let Some(lasts) = self.recorder.lasts() else { return };
        let words = format!("Disk full in {}", clock(lasts));
        let at = pos2(place.right() + 10.0, place.center().y);
        let place =
            painter.text(at, Align2::LEFT_CENTER, &words, theme::medium(13.0), theme::TEXT).expand(6.0);
        painter.rect_filled(place, CornerRadius::same(14), theme::BAD);
        painter.text(at, Align2::LEFT_CENTER, &words, theme::medium(13.0), theme::TEXT);
    }

    /// While a file is held over the window.
    fn drop_hint(&self, ui: &Ui, rect: Rect) {
        let hovered = ui.input(|input| input.raw.hovered_files.first().cloned());
        let Some(file) = hovered.filter(|_| self.import.is_none()) else { return };
        let painter = ui.painter();
        painter.rect_filled(rect, CornerRadius::same(theme::ROUND), Color32::from_black_alpha(190));
        let stroke = Stroke::new(2.0, theme::ACCENT);
        painter.rect_stroke(rect.shrink(8.0), CornerRadius::same(theme::ROUND), stroke, StrokeKind::Inside);
        let model = file.path.is_some_and(|path| swap_models::is_model(&path));
        let words = if model { "Drop the swap model to test it" } else { "Drop the photo to make a persona" };
        painter.text(rect.center(), Align2::CENTER_CENTER, words, theme::strong(18.0), theme::TEXT);
    }

    /// Full screen: the picture alone, and the state when the pointer moves or it is not live.
    fn immersed(&mut self, ui: &mut Ui, whole: Rect) {
        let rect = preview::fitted(whole, self.preview.aspect() * if self.mesh { 2.0 } else { 1.0 });
        ui.painter().rect_filled(whole, 0, Color32::BLACK);
        if self.stand_in(ui, rect) {
            return;
        }
        dump::target(ui, "preview", rect);
        self.pictures(ui, rect, 0);
        self.recording_mark(ui, rect);
        self.no_camera(ui, rect);
        let moved = ui.input(|input| input.pointer.time_since_last_movement() < 2.0);
        if moved {
            let place =
                Rect::from_min_size(rect.left_top() + vec2(16.0, 12.0), vec2(rect.width() * 0.6, 36.0));
            let mut over =
                ui.new_child(UiBuilder::new().max_rect(place).layout(Layout::left_to_right(Align::Center)));
            self.state_pill(&mut over);
            over.label(
                RichText::new("Esc leaves full screen").font(theme::regular(13.0)).color(Color32::WHITE),
            );
        } else {
            ui.ctx().set_cursor_icon(egui::CursorIcon::None);
        }
    }
}
