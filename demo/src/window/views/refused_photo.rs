//! A refused photo, with the place marked at which it does not do.

use std::sync::Arc;

use eframe::egui::{
    self, Color32, ColorImage, Rect, Sense, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui, vec2,
};
use image::RgbaImage;

use super::theme;
use crate::window::hooks;
use crate::window::state::MarkedPhoto;

/// The most that the photo takes of the dialog, points.
const MAX_SIZE: egui::Vec2 = vec2(492.0, 190.0);

/// The photo's texture, while it is shown.
#[derive(Default)]
pub(super) struct RefusedPhoto {
    texture: Option<(Arc<RgbaImage>, TextureHandle)>,
}

impl RefusedPhoto {
    /// Draws it in the middle of the row.
    pub(super) fn draw(&mut self, ui: &mut Ui, photo: &MarkedPhoto) {
        if self.texture.as_ref().is_none_or(|(image, _)| !Arc::ptr_eq(image, &photo.image)) {
            let size = [photo.image.width() as usize, photo.image.height() as usize];
            let pixels = ColorImage::from_rgba_unmultiplied(size, photo.image.as_raw());
            let texture = ui.ctx().load_texture("refused", pixels, TextureOptions::LINEAR);
            self.texture = Some((Arc::clone(&photo.image), texture));
        }
        let Some((_, texture)) = &self.texture else { return };
        let size = texture.size_vec2();
        let size = size * (MAX_SIZE.x / size.x).min(MAX_SIZE.y / size.y);
        let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), size.y), Sense::hover());
        let shown = Rect::from_center_size(row.center(), size);
        let whole = Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
        let painter = ui.painter().with_clip_rect(shown);
        painter.image(texture.id(), shown, whole, Color32::WHITE);
        for [left, top, right, bottom] in &photo.places {
            let at = |x: f32, y: f32| shown.min + vec2(x, y) * size;
            let marked = Rect::from_min_max(at(*left, *top), at(*right, *bottom));
            painter.rect_stroke(
                marked,
                4.0,
                Stroke::new(4.0, Color32::from_black_alpha(160)),
                StrokeKind::Middle,
            );
            painter.rect_stroke(marked, 4.0, Stroke::new(2.0, theme::BAD), StrokeKind::Middle);
        }
        hooks::place(ui, "refused-photo", shown);
    }
}
