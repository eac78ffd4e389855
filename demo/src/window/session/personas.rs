//! Personas are loaded on a thread of their own, one after the other.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use eframe::egui::Context;
use image::{RgbaImage, imageops};
use omote_engine::error::in_one_line;
use omote_engine::persona::{self, Persona};
use omote_kit::personas;

/// Side of a thumbnail's picture in pixels.
const THUMB: u32 = 192;

/// A persona with its thumbnail, where its picture shows a face.
type WithThumbnail = (Arc<Persona>, Option<Arc<RgbaImage>>);

/// What the loading thread gives.
pub(crate) struct Loaded {
    /// The persona's name.
    pub(crate) name: String,
    /// The persona, or why it can't be worn.
    pub(crate) persona: Result<WithThumbnail, String>,
}

/// Loads personas.
#[derive(Default)]
pub(crate) struct Personas {
    loading: Option<Receiver<Loaded>>,
}

impl Personas {
    /// Begins to load these, in this order; what is still being loaded is given up.
    pub(crate) fn load(&mut self, context: &Context, data: &Path, order: Vec<String>) {
        // The thread loads no further than one ahead of the window.
        let (give, loading) = sync_channel(1);
        let (context, data) = (context.clone(), data.to_owned());
        let work = move || {
            let today = persona::today();
            for name in order {
                let loaded = personas::resolve(&name, &data, today).map_err(anyhow::Error::from);
                let persona = match loaded {
                    Ok(persona) => {
                        let thumb = thumbnail(&persona).map(Arc::new);
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

    /// What was loaded meanwhile.
    pub(crate) fn poll(&self) -> Vec<Loaded> {
        self.loading.as_ref().map(|loading| loading.try_iter().collect()).unwrap_or_default()
    }
}

/// A persona's face in a square, the ground transparent.
fn thumbnail(persona: &Persona) -> Option<RgbaImage> {
    let picture = persona.picture();
    let whole = RgbaImage::from_raw(picture.width(), picture.height(), picture.rgba().to_vec())?;
    let (mut min, mut max) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for point in persona.landmarks() {
        min = [min[0].min(point.x), min[1].min(point.y)];
        max = [max[0].max(point.x), max[1].max(point.y)];
    }
    let centre = [(min[0] + max[0]) / 2.0, (min[1] + max[1]) / 2.0];
    let side = (max[0] - min[0]).max(max[1] - min[1]) * 1.32;
    if !side.is_finite() || side < 2.0 {
        return None;
    }
    // The face with some air, kept inside the picture where that is large enough.
    let side = side.min(picture.width().min(picture.height()) as f32).max(2.0);
    let inside = |at: f32, length: u32| at.clamp(0.0, (length as f32 - side).max(0.0)).round() as i64;
    let left = inside(centre[0] - side / 2.0, picture.width());
    let top = inside(centre[1] - side * 0.53, picture.height());
    let mut square = RgbaImage::new(side as u32, side as u32);
    imageops::replace(&mut square, &whole, -left, -top);
    Some(imageops::resize(&square, THUMB, THUMB, imageops::FilterType::Triangle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_masks::built_in;

    #[test]
    fn a_thumbnail_shows_the_face_from_edge_to_edge() {
        let folder = tempfile::tempdir().unwrap();
        let name = built_in::names()[0];
        let persona = personas::resolve(name, folder.path(), persona::today()).unwrap();
        let small = thumbnail(&persona).unwrap();
        assert_eq!(small.dimensions(), (THUMB, THUMB));
        let opaque = |x, y| small.get_pixel(x, y).0[3] > 200;
        assert!(opaque(THUMB / 2, THUMB / 2), "the face is in the middle");
        // As wide or as high as the square but for some air.
        let filled =
            |pixels: &mut dyn Iterator<Item = (u32, u32)>| pixels.filter(|&(x, y)| opaque(x, y)).count();
        let across = filled(&mut (0..THUMB).map(|x| (x, THUMB / 2)));
        let down = filled(&mut (0..THUMB).map(|y| (THUMB / 2, y)));
        assert!(across.max(down) > THUMB as usize * 6 / 10, "{across} {down}");
    }
}
