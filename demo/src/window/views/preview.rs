//! The output on the screen: badged frames only, as a mirror would show them, with the badge kept readable.

use std::sync::Arc;

use eframe::egui::epaint::RectShape;
use eframe::egui::{
    Color32, Context, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, TextureHandle, TextureOptions, pos2,
    vec2,
};
use omote_engine::pipeline::{Shown, State};
use omote_engine::space::PxRect;
use omote_engine::topology::{EYE_LEFT, EYE_RIGHT, LIPS_INNER, OVAL, POINTS, SKIN_TRIANGLES, TRIANGLES};

use super::theme;
use crate::window::picture::PreviewSlot;

/// The preview's picture.
pub(crate) struct Preview {
    slot: Arc<PreviewSlot>,
    texture: Option<TextureHandle>,
    shown: Option<Arc<Shown>>,
}

impl Preview {
    /// Shows what comes into a slot.
    pub(crate) fn new(slot: Arc<PreviewSlot>) -> Self {
        Self { slot, texture: None, shown: None }
    }

    /// Takes the newest picture over into the texture.
    pub(crate) fn update(&mut self, context: &Context) {
        let Some(picture) = self.slot.take() else { return };
        match &mut self.texture {
            Some(texture) => texture.set(picture.image, TextureOptions::LINEAR),
            None => {
                self.texture = Some(context.load_texture("output", picture.image, TextureOptions::LINEAR));
            }
        }
        self.shown = Some(picture.shown);
    }

    /// The frame that is on the screen.
    pub(crate) fn shown(&self) -> Option<&Arc<Shown>> {
        self.shown.as_ref()
    }

    /// Width through height of the picture; 16 : 9 before there is one.
    pub(crate) fn aspect(&self) -> f32 {
        self.shown.as_ref().map_or(16.0 / 9.0, |shown| {
            let frame = shown.badged.frame();
            frame.width() as f32 / frame.height().max(1) as f32
        })
    }

    /// Says how large the preview is on the screen.
    pub(crate) fn set_width(&self, points: f32, context: &Context) {
        let pixels = (points * context.pixels_per_point()).round().max(1.0) as u32;
        self.slot.set_width(pixels);
    }

    /// Draws the output into `rect`. False where there is none yet.
    pub(crate) fn draw(&self, painter: &Painter, rect: Rect, mirrored: bool, round: u8) -> bool {
        let (Some(texture), Some(shown)) = (&self.texture, &self.shown) else { return false };
        let frame = shown.badged.frame();
        let size = (frame.width(), frame.height());
        // A card is words, not a mirror's picture.
        let mirrored = mirrored && !matches!(shown.state, State::Starting | State::Card);
        let textured = |rect: Rect, uv: Rect, round: u8| {
            let shape = RectShape::filled(rect, CornerRadius::same(round), Color32::WHITE);
            Shape::Rect(shape.with_texture(texture.id(), uv))
        };
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.add(textured(rect, if mirrored { flipped(whole) } else { whole }, round));
        if mirrored {
            let (place, uv) = readable_plate(shown.badged.plate(), size, rect);
            painter.add(textured(place, uv, 0));
        }
        true
    }

    /// Darkens the output for a message over it; the badge stays as bright as it was.
    pub(super) fn dim(&self, painter: &Painter, rect: Rect, round: u8) {
        let (Some(texture), Some(shown)) = (&self.texture, &self.shown) else { return };
        painter.rect_filled(rect, CornerRadius::same(round), Color32::from_black_alpha(200));
        let (frame, plate) = (shown.badged.frame(), shown.badged.plate());
        let (_, uv) = readable_plate(plate, (frame.width(), frame.height()), rect);
        let at = |p: Pos2| rect.min + p.to_vec2() * rect.size();
        let shape =
            RectShape::filled(Rect::from_min_max(at(uv.min), at(uv.max)), CornerRadius::ZERO, Color32::WHITE);
        painter.add(Shape::Rect(shape.with_texture(texture.id(), uv)));
    }

    /// Draws the meshes of the faces in the frame that is on the screen, on a ground of its own: the
    /// camera's picture is never shown.
    pub(super) fn draw_mesh(&self, painter: &Painter, rect: Rect, mirrored: bool, round: u8) -> usize {
        painter.rect_filled(rect, CornerRadius::same(round), theme::GROUND);
        let Some(shown) = &self.shown else { return 0 };
        let frame = shown.badged.frame();
        let size = vec2(frame.width() as f32, frame.height() as f32);
        let painter = painter.with_clip_rect(rect);
        for face in &shown.faces {
            let points: Vec<Pos2> = face
                .landmarks
                .iter()
                .map(|p| {
                    let x = if mirrored { size.x - p.x } else { p.x };
                    rect.min + vec2(x, p.y) / size * rect.size()
                })
                .collect();
            wire(&painter, &points);
        }
        shown.faces.len()
    }
}

/// A rectangle of texture positions with left and right exchanged.
fn flipped(uv: Rect) -> Rect {
    Rect::from_min_max(pos2(uv.max.x, uv.min.y), pos2(uv.min.x, uv.max.y))
}

/// Where the plate is seen in a mirrored picture that fills `rect`, and what of the texture goes there so
/// that it is readable. `plate` and `size` are in the frame's pixels.
fn readable_plate(plate: PxRect, size: (u32, u32), rect: Rect) -> (Rect, Rect) {
    let (w, h) = (size.0.max(1) as f32, size.1.max(1) as f32);
    let (left, right) = (plate.x as f32 / w, plate.right() as f32 / w);
    let (top, bottom) = (plate.y as f32 / h, plate.bottom() as f32 / h);
    let uv = Rect::from_min_max(pos2(left, top), pos2(right, bottom));
    let at = |x: f32, y: f32| rect.min + vec2(x, y) * rect.size();
    (Rect::from_min_max(at(1.0 - right, top), at(1.0 - left, bottom)), uv)
}

/// The mesh's lines.
fn wire(painter: &Painter, points: &[Pos2]) {
    if points.len() < POINTS {
        return;
    }
    let stroke = Stroke::new(0.8, theme::GOLD.gamma_multiply(0.55));
    for triangle in TRIANGLES.iter().take(SKIN_TRIANGLES) {
        let corner = |k: usize| points[usize::from(triangle[k % 3])];
        for k in 0..3 {
            // Each edge belongs to two triangles that go round it in opposite senses: it is drawn once.
            if triangle[k] < triangle[(k + 1) % 3] {
                painter.line_segment([corner(k), corner(k + 1)], stroke);
            }
        }
    }
    for outline in [&OVAL[..], &EYE_RIGHT, &EYE_LEFT, &LIPS_INNER] {
        // Segments, since a turned face's points may lie on each other, where a joint would be a long spike.
        for (a, b) in outline.iter().zip(outline.iter().cycle().skip(1)) {
            let ends = [points[usize::from(*a)], points[usize::from(*b)]];
            painter.line_segment(ends, Stroke::new(1.5, theme::ACCENT));
        }
    }
}

/// The largest rectangle of an aspect that fits into another, in its middle.
pub(super) fn fitted(within: Rect, aspect: f32) -> Rect {
    let width = within.width().min(within.height() * aspect).max(1.0);
    Rect::from_center_size(within.center(), vec2(width, width / aspect.max(0.01)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plate_stands_where_its_mirror_image_was_and_reads_from_left_to_right() {
        let plate = PxRect { x: 960, y: 24, width: 280, height: 56 };
        let rect = Rect::from_min_size(pos2(100.0, 50.0), vec2(640.0, 360.0));
        let (place, uv) = readable_plate(plate, (1280, 720), rect);
        // 40 pixels to the picture's right edge, half as large on the screen, from the left edge now.
        assert_eq!(place, Rect::from_min_size(pos2(120.0, 62.0), vec2(140.0, 28.0)));
        assert!(uv.min.x < uv.max.x, "unmirrored");
        assert_eq!(uv, Rect::from_min_max(pos2(0.75, 24.0 / 720.0), pos2(1240.0 / 1280.0, 80.0 / 720.0)));
    }

    #[test]
    fn every_corner_of_the_plate_covers_its_mirror_image_whole() {
        for (x, y) in [(0, 0), (1000, 0), (0, 664), (1000, 664), (333, 77)] {
            let plate = PxRect { x, y, width: 280, height: 56 };
            let rect = Rect::from_min_size(pos2(0.0, 0.0), vec2(1280.0, 720.0));
            let (place, _) = readable_plate(plate, (1280, 720), rect);
            let mirrored = Rect::from_min_max(
                pos2(1280.0 - (x + 280) as f32, y as f32),
                pos2(1280.0 - x as f32, (y + 56) as f32),
            );
            assert!((place.min - mirrored.min).length() < 1e-3 && (place.max - mirrored.max).length() < 1e-3);
        }
    }

    #[test]
    fn a_picture_is_fitted_both_ways() {
        let wide = Rect::from_min_size(pos2(0.0, 0.0), vec2(1000.0, 300.0));
        let tall = Rect::from_min_size(pos2(0.0, 0.0), vec2(300.0, 1000.0));
        assert_eq!(fitted(wide, 2.0).size(), vec2(600.0, 300.0));
        assert_eq!(fitted(tall, 2.0).size(), vec2(300.0, 150.0));
        assert_eq!(fitted(tall, 2.0).center(), tall.center());
    }
}
