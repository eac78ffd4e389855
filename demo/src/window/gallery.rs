//! The strip of personas: thumbnails, which one is worn, and the way to a new one.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use eframe::egui::{
    self, Align2, Color32, ColorImage, Context, CornerRadius, Rect, Role, Sense, Stroke, StrokeKind,
    TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo, epaint::RectShape, pos2, vec2,
};
use image::{RgbaImage, imageops};
use omote_engine::error::in_one_line;
use omote_engine::persona::{Persona, library};

use super::dump;
use super::icons::{self, Icon};
use super::theme;

/// Side of a thumbnail's picture in pixels.
const THUMB: u32 = 192;

/// A persona of the gallery.
pub(super) struct Entry {
    /// Its name.
    pub(super) name: String,
    /// The persona, or why it can't be worn; nothing while it is being loaded.
    pub(super) persona: Option<Result<Arc<Persona>, String>>,
    thumb: Option<TextureHandle>,
}

/// What the loading thread gives.
struct Loaded {
    name: String,
    persona: Result<(Arc<Persona>, ColorImage), String>,
}

/// The personas built in and the user's own.
pub(super) struct Gallery {
    entries: Vec<Entry>,
    loading: Option<Receiver<Loaded>>,
}

/// What was clicked.
pub(super) enum Picked {
    /// The persona of this place.
    Persona(usize),
    /// "Add photo…"
    Add,
}

impl Gallery {
    /// Lists the personas and begins to load them, `first` before the others.
    pub(super) fn open(context: &Context, data: &Path, first: &str) -> Self {
        let mut gallery = Self { entries: Vec::new(), loading: None };
        gallery.reload(context, data, first);
        gallery
    }

    /// Lists the personas anew; those that were there keep their pictures until they are loaded again.
    pub(super) fn reload(&mut self, context: &Context, data: &Path, first: &str) {
        let mut before = std::mem::take(&mut self.entries);
        for name in library::names(data) {
            let known = before.iter().position(|entry| entry.name == name).map(|i| before.swap_remove(i));
            self.entries.push(known.unwrap_or(Entry { name, persona: None, thumb: None }));
        }
        let mut order: Vec<String> = self.entries.iter().map(|entry| entry.name.clone()).collect();
        order.sort_by_key(|name| name != first);
        // The thread loads no further than one ahead of the window.
        let (give, loading) = sync_channel(1);
        let (context, data) = (context.clone(), data.to_owned());
        let work = move || {
            let today = library::today();
            for name in order {
                let loaded = library::resolve(&name, &data, today).map_err(anyhow::Error::from);
                let persona = match loaded {
                    Ok(persona) => {
                        let thumb = thumbnail(&persona);
                        Ok((Arc::new(persona), thumb))
                    }
                    Err(error) => Err(in_one_line(error.as_ref())),
                };
                if give.send(Loaded { name, persona }).is_err() {
                    return;
                }
                context.request_repaint();
            }
        };
        if let Err(error) = std::thread::Builder::new().name("gallery".to_owned()).spawn(work) {
            log::warn!("personas can't be loaded: {error}");
        }
        self.loading = Some(loading);
    }

    /// Takes over what was loaded meanwhile.
    pub(super) fn update(&mut self, context: &Context) {
        let Some(loading) = &self.loading else { return };
        for loaded in loading.try_iter() {
            let Some(entry) = self.entries.iter_mut().find(|entry| entry.name == loaded.name) else {
                continue;
            };
            match loaded.persona {
                Ok((persona, thumb)) => {
                    entry.thumb = Some(context.load_texture(&entry.name, thumb, TextureOptions::LINEAR));
                    entry.persona = Some(Ok(persona));
                }
                Err(reason) => entry.persona = Some(Err(reason)),
            }
        }
    }

    /// The entry of a place.
    pub(super) fn get(&self, place: usize) -> Option<&Entry> {
        self.entries.get(place)
    }

    /// The entry of a name.
    pub(super) fn named(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Names of the personas that can be worn now.
    pub(super) fn loaded(&self) -> Vec<String> {
        let ready = self.entries.iter().filter(|entry| matches!(entry.persona, Some(Ok(_))));
        ready.map(|entry| entry.name.clone()).collect()
    }

    /// Draws the strip in cards of a height.
    pub(super) fn show(&self, ui: &mut Ui, worn: &str, height: f32) -> Option<Picked> {
        let mut picked = None;
        let whole = ui.available_rect_before_wrap();
        // The card for a new one stays where it is: it is never scrolled away.
        let room = whole.width() - height - 12.0;
        let cards = (self.entries.len() as f32 * (height + 4.0)).min(room);
        let strip = Rect::from_min_size(whole.min, vec2(cards, whole.height()));
        let mut end = ui.new_child(egui::UiBuilder::new().max_rect(Rect::from_min_size(
            strip.right_top() + vec2(12.0, 0.0),
            vec2(height, whole.height()),
        )));
        if add_card(&mut end, height) {
            picked = Some(Picked::Add);
        }
        let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(strip));
        egui::ScrollArea::horizontal().auto_shrink([false, true]).show(&mut ui, |ui| {
            ui.horizontal(|ui| {
                for (place, entry) in self.entries.iter().enumerate() {
                    if card(ui, entry, place, entry.name == worn, height) {
                        picked = Some(Picked::Persona(place));
                    }
                }
            });
        });
        picked
    }
}

/// A persona's face in a square, over the gallery's ground.
fn thumbnail(persona: &Persona) -> ColorImage {
    let picture = persona.picture();
    let empty = || ColorImage::filled([1, 1], theme::RAISED);
    let Some(whole) = RgbaImage::from_raw(picture.width(), picture.height(), picture.rgba().to_vec()) else {
        return empty();
    };
    let (mut min, mut max) = (Vec2::INFINITY, -Vec2::INFINITY);
    for point in persona.landmarks() {
        min = min.min(vec2(point.x, point.y));
        max = max.max(vec2(point.x, point.y));
    }
    let (centre, side) = ((min + max) / 2.0, (max - min).max_elem() * 1.32);
    if !side.is_finite() || side < 2.0 {
        return empty();
    }
    // The face with some air, kept inside the picture where that is large enough.
    let side = side.min(picture.width().min(picture.height()) as f32).max(2.0);
    let inside = |at: f32, length: u32| at.clamp(0.0, (length as f32 - side).max(0.0)).round() as i64;
    let left = inside(centre.x - side / 2.0, picture.width());
    let top = inside(centre.y - side * 0.53, picture.height());
    let mut square = RgbaImage::new(side as u32, side as u32);
    imageops::replace(&mut square, &whole, -left, -top);
    let small = imageops::resize(&square, THUMB, THUMB, imageops::FilterType::Triangle);
    let pixels = small.enumerate_pixels().map(|(_, y, p)| {
        let ground = theme::HOVERED.lerp_to_gamma(theme::SURFACE, y as f32 / THUMB as f32);
        let [r, g, b, a] = p.0;
        ground.lerp_to_gamma(Color32::from_rgb(r, g, b), f32::from(a) / 255.0)
    });
    ColorImage::new([THUMB as usize; 2], pixels.collect())
}

/// One card; true if it was clicked and can be worn.
fn card(ui: &mut Ui, entry: &Entry, place: usize, worn: bool, height: f32) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(height - 4.0, height), Sense::click());
    dump::target(ui, &format!("persona-{}", entry.name), rect);
    let picture = Rect::from_min_size(rect.min + vec2(2.0, 2.0), Vec2::splat(height - 22.0 - 4.0));
    let picture = picture.translate(vec2((rect.width() - 4.0 - picture.width()) / 2.0, 0.0));
    let painter = ui.painter();
    let round = CornerRadius::same(10);
    let refused = matches!(entry.persona, Some(Err(_)));
    match &entry.thumb {
        Some(texture) => {
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            let tint = if worn || response.hovered() { Color32::WHITE } else { Color32::from_gray(205) };
            painter.add(RectShape::filled(picture, round, tint).with_texture(texture.id(), uv));
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
    let galley = shortened(ui, &label(&entry.name), font, rect.width() + 2.0, colour);
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
    let (rect, response) = ui.allocate_exact_size(vec2(height - 4.0, height), Sense::click());
    dump::target(ui, "add-photo", rect);
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

/// A name as it is shown under its picture: `ko-omote` becomes "Ko-omote", `composite-1` "Composite 1".
pub(super) fn label(name: &str) -> String {
    let plain = match name.rsplit_once('-') {
        Some((stem, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{stem} {number}")
        }
        _ => name.to_owned(),
    };
    let mut letters = plain.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// What a persona says of itself, in a line or two.
pub(super) fn about(persona: &Persona) -> String {
    let until = persona.class().expires().map_or(String::new(), |day| format!(", until {day}"));
    format!("{}\n{}{until}", persona.title(), label(persona.class().kind().name()))
}

/// One line of text, with an ellipsis where it is too long.
fn shortened(ui: &Ui, text: &str, font: egui::FontId, width: f32, colour: Color32) -> Arc<egui::Galley> {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    ui.painter().layout_job(job)
}
