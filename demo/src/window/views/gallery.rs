//! The strip of personas: thumbnails, which one is worn, and the way to a new one.

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::{
    self, Align2, Color32, ColorImage, Context, CornerRadius, Rect, Role, Sense, Stroke, StrokeKind,
    TextureHandle, TextureId, TextureOptions, Ui, Vec2, WidgetInfo, epaint::RectShape, pos2, vec2,
};
use image::RgbaImage;
use omote_engine::persona::Persona;

use super::icons::{self, Icon};
use super::theme;
use crate::window::actions::Action;
use crate::window::hooks;
use crate::window::state::{GalleryEntry, State};
use crate::window::text::persona_label;

/// A persona's picture on the screen: what it was made of, and its texture.
type Thumbnail = (Option<Arc<RgbaImage>>, TextureHandle);

/// The strip, with the textures of its pictures by the personas' names.
#[derive(Default)]
pub(super) struct GalleryStrip {
    thumbnails: BTreeMap<String, Thumbnail>,
}

impl GalleryStrip {
    /// The texture of a persona's picture, if there is one.
    fn texture(&mut self, context: &Context, entry: &GalleryEntry) -> Option<TextureId> {
        let image = &entry.thumbnail;
        if image.is_none() && !matches!(entry.persona, Some(Ok(_))) {
            return None;
        }
        if let Some((made_of, texture)) = self.thumbnails.get(&entry.name)
            && same(made_of.as_ref(), image.as_ref())
        {
            return Some(texture.id());
        }
        let pixels = match image {
            Some(image) => on_ground(image),
            None => ColorImage::filled([1, 1], theme::RAISED),
        };
        let texture = context.load_texture(&entry.name, pixels, TextureOptions::LINEAR);
        let id = texture.id();
        self.thumbnails.insert(entry.name.clone(), (image.clone(), texture));
        Some(id)
    }

    /// Draws the strip in cards of a height.
    pub(super) fn show(&mut self, ui: &mut Ui, state: &State, height: f32, actions: &mut Vec<Action>) {
        let entries = &state.gallery.entries;
        self.thumbnails.retain(|name, _| state.gallery.named(name).is_some());
        let whole = ui.available_rect_before_wrap();
        // The card for a new one stays where it is: it is never scrolled away.
        let room = whole.width() - height - 12.0;
        let cards = (entries.len() as f32 * (height + 4.0)).min(room);
        let strip = Rect::from_min_size(whole.min, vec2(cards, whole.height()));
        let mut end = ui.new_child(egui::UiBuilder::new().max_rect(Rect::from_min_size(
            strip.right_top() + vec2(12.0, 0.0),
            vec2(height, whole.height()),
        )));
        if add_card(&mut end, height) {
            actions.push(Action::NewPersona);
        }
        let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(strip));
        egui::ScrollArea::horizontal().auto_shrink([false, true]).show(&mut ui, |ui| {
            ui.horizontal(|ui| {
                for (place, entry) in entries.iter().enumerate() {
                    let texture = self.texture(ui.ctx(), entry);
                    if card(ui, entry, texture, place, entry.name == state.kept.persona, height) {
                        actions.push(Action::Wear(place));
                    }
                }
            });
        });
    }
}

/// Whether these are the same picture in memory, or none both.
fn same(a: Option<&Arc<RgbaImage>>, b: Option<&Arc<RgbaImage>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// A persona's picture over the gallery's ground.
fn on_ground(image: &RgbaImage) -> ColorImage {
    let height = image.height().max(1) as f32;
    let pixels = image.enumerate_pixels().map(|(_, y, p)| {
        let ground = theme::HOVERED.lerp_to_gamma(theme::SURFACE, y as f32 / height);
        let [r, g, b, a] = p.0;
        ground.lerp_to_gamma(Color32::from_rgb(r, g, b), f32::from(a) / 255.0)
    });
    ColorImage::new([image.width() as usize, image.height() as usize], pixels.collect())
}

/// One card; true if it was clicked and can be worn.
fn card(
    ui: &mut Ui,
    entry: &GalleryEntry,
    texture: Option<TextureId>,
    place: usize,
    worn: bool,
    height: f32,
) -> bool {
    let name = format_args!("persona-{}", entry.name);
    let (rect, response) = hooks::widget(ui, name, vec2(height - 4.0, height), Sense::click());
    let picture = Rect::from_min_size(rect.min + vec2(2.0, 2.0), Vec2::splat(height - 22.0 - 4.0));
    let picture = picture.translate(vec2((rect.width() - 4.0 - picture.width()) / 2.0, 0.0));
    let painter = ui.painter();
    let round = CornerRadius::same(10);
    let refused = matches!(entry.persona, Some(Err(_)));
    match texture {
        Some(texture) => {
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            let tint = if worn || response.hovered() { Color32::WHITE } else { Color32::from_gray(205) };
            painter.add(RectShape::filled(picture, round, tint).with_texture(texture, uv));
        }
        None => {
            painter.rect_filled(picture, round, theme::RAISED);
            let icon = if refused { Icon::Warning } else { Icon::Mask };
            let inner = Rect::from_center_size(picture.center(), Vec2::splat(26.0));
            icons::draw(painter, inner, icon, if refused { theme::BAD } else { theme::FAINT });
        }
    }
    let edge = match (worn, response.has_focus(), response.hovered()) {
        (true, ..) => Stroke::new(2.0, theme::ACCENT),
        (_, true, _) => Stroke::new(2.0, theme::GOLD),
        (.., true) => Stroke::new(1.0, theme::FAINT),
        _ => Stroke::new(1.0, theme::LINE),
    };
    painter.rect_stroke(picture, round, edge, StrokeKind::Outside);
    if place < 9 {
        let key = Rect::from_min_size(picture.left_top() + vec2(5.0, 5.0), vec2(17.0, 17.0));
        painter.rect_filled(key, CornerRadius::same(5), Color32::from_black_alpha(150));
        let number = (place + 1).to_string();
        painter.text(key.center(), Align2::CENTER_CENTER, number, theme::medium(10.5), theme::TEXT);
    }
    let colour = if worn { theme::TEXT } else { theme::WEAK };
    let font = if worn { theme::medium(11.5) } else { theme::regular(11.5) };
    let galley = shortened(ui, &persona_label(&entry.name), font, rect.width() + 2.0, colour);
    let at = pos2(rect.center().x - galley.size().x / 2.0, rect.bottom() - galley.size().y);
    ui.painter().galley(at, galley, colour);
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, !refused, worn, &entry.name));
    let clicked = response.clicked() && !refused;
    match &entry.persona {
        Some(Ok(persona)) => response.on_hover_text(about(persona)),
        Some(Err(reason)) => response.on_hover_text(reason.as_str()),
        None => response.on_hover_text("Loading…"),
    };
    clicked
}

fn add_card(ui: &mut Ui, height: f32) -> bool {
    let (rect, response) = hooks::widget(ui, "add-photo", vec2(height - 4.0, height), Sense::click());
    let picture = Rect::from_min_size(rect.min + vec2(0.0, 2.0), Vec2::splat(height - 26.0));
    let picture = picture.translate(vec2((rect.width() - picture.width()) / 2.0, 0.0));
    let over = response.hovered() || response.has_focus();
    let colour = if over { theme::TEXT } else { theme::WEAK };
    let painter = ui.painter();
    painter.rect_filled(picture, CornerRadius::same(10), if over { theme::RAISED } else { theme::SURFACE });
    dashed(painter, picture, Stroke::new(1.2, if over { theme::FAINT } else { theme::HOVERED }));
    icons::draw(painter, Rect::from_center_size(picture.center(), Vec2::splat(22.0)), Icon::Plus, colour);
    let at = pos2(rect.center().x, rect.bottom());
    painter.text(at, Align2::CENTER_BOTTOM, "Add photo…", theme::regular(11.5), colour);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Add photo…"));
    response
        .on_hover_text("Create a persona from a photo. You can also drop a photo onto the window.")
        .clicked()
}

/// A dashed rounded outline.
fn dashed(painter: &egui::Painter, rect: Rect, stroke: Stroke) {
    let r = 10.0;
    let mut points = Vec::new();
    let corners = [
        (rect.right_top() + vec2(-r, r), -0.25f32),
        (rect.right_bottom() + vec2(-r, -r), 0.0),
        (rect.left_bottom() + vec2(r, -r), 0.25),
        (rect.left_top() + vec2(r, r), 0.5),
    ];
    for (centre, from) in corners {
        for i in 0..=6 {
            let turn = (from + 0.25 * i as f32 / 6.0) * std::f32::consts::TAU;
            points.push(centre + vec2(turn.cos(), turn.sin()) * r);
        }
    }
    points.extend(points.first().copied());
    painter.extend(egui::Shape::dashed_line(&points, stroke, 5.0, 4.0));
}

/// What a persona says of itself, in a line or two.
fn about(persona: &Persona) -> String {
    let until = persona.class().expires().map_or(String::new(), |day| format!(", until {day}"));
    format!("{}\n{}{until}", persona.title(), persona_label(persona.class().kind().name()))
}

/// One line of text, with an ellipsis where it is too long.
fn shortened(ui: &Ui, text: &str, font: egui::FontId, width: f32, colour: Color32) -> Arc<egui::Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    ui.painter().layout_job(job)
}
