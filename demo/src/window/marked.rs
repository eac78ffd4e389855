//! A refused photo, with the place marked at which it does not do.

use eframe::egui::{
    self, Color32, ColorImage, Rect, Sense, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui, vec2,
};
use image::imageops::{self, FilterType};
use omote_engine::persona::{PHOTO_SIDE, Picture, Refusal};

use super::{dump, theme};

/// The most that the photo takes of the dialog, points.
const MOST: egui::Vec2 = vec2(492.0, 190.0);
/// The most pixels a side that are kept of it.
const KEPT: u32 = 512;

/// A photo and the boxes on it.
pub(super) struct Marked {
    image: Option<ColorImage>,
    texture: Option<TextureHandle>,
    /// Boxes as parts of the photo, 0..=1.
    places: Vec<Rect>,
}

/// Looks through an error and its causes for one of a kind.
pub(super) fn cause<E, T>(error: &anyhow::Error, of: impl Fn(&E) -> T) -> Option<T>
where
    E: std::error::Error + 'static,
{
    error.chain().find_map(|cause| cause.downcast_ref::<E>()).map(of)
}

impl Marked {
    /// The photo of a refusal; nothing where the error is none, or where the photo can't be read any more.
    pub(super) fn of(error: &anyhow::Error) -> Option<Self> {
        let refusal = cause(error, |refusal: &Refusal| {
            let (width, height) = (refusal.size.0.max(1) as f32, refusal.size.1.max(1) as f32);
            let part = |[left, top, right, bottom]: &[f32; 4]| {
                let low = egui::pos2(left / width, top / height);
                Rect::from_min_max(low, egui::pos2(right / width, bottom / height))
            };
            (refusal.photo.clone(), refusal.places.iter().map(part).collect::<Vec<_>>())
        });
        let (photo, places) = refusal?;
        let picture = Picture::read(&photo, PHOTO_SIDE).ok()?;
        let scale = (KEPT as f32 / picture.width().max(picture.height()) as f32).min(1.0);
        let side = |of: u32| ((of as f32 * scale) as u32).max(1);
        let (width, height) = (side(picture.width()), side(picture.height()));
        let whole = image::RgbaImage::from_raw(picture.width(), picture.height(), picture.rgba().to_vec())?;
        let small = imageops::resize(&whole, width, height, FilterType::Triangle);
        let image = ColorImage::from_rgba_unmultiplied([width as usize, height as usize], small.as_raw());
        Some(Self { image: Some(image), texture: None, places })
    }

    /// Draws it in the middle of the row.
    pub(super) fn draw(&mut self, ui: &mut Ui) {
        if let Some(image) = self.image.take() {
            self.texture = Some(ui.ctx().load_texture("refused", image, TextureOptions::LINEAR));
        }
        let Some(texture) = &self.texture else { return };
        let size = texture.size_vec2();
        let size = size * (MOST.x / size.x).min(MOST.y / size.y);
        let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), size.y), Sense::hover());
        let shown = Rect::from_center_size(row.center(), size);
        let whole = Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
        let painter = ui.painter().with_clip_rect(shown);
        painter.image(texture.id(), shown, whole, Color32::WHITE);
        for place in &self.places {
            let at = |p: egui::Pos2| shown.min + p.to_vec2() * size;
            let marked = Rect::from_min_max(at(place.min), at(place.max));
            painter.rect_stroke(
                marked,
                4.0,
                Stroke::new(4.0, Color32::from_black_alpha(160)),
                StrokeKind::Middle,
            );
            painter.rect_stroke(marked, 4.0, Stroke::new(2.0, theme::BAD), StrokeKind::Middle);
        }
        dump::target(ui, "refused-photo", shown);
    }
}
