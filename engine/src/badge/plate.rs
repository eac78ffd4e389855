//! The plate's geometry and its text.

use super::{BadgeError, Disclosure};
use crate::space::PxRect;
use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

/// Least length of a picture's longer side.
pub const MIN_LONG_SIDE: u32 = 160;
/// Least length of a picture's shorter side.
pub const MIN_SHORT_SIDE: u32 = 120;

/// #101010, R'G'B'.
pub(crate) const PLATE_RGB: [f32; 4] = [16.0 / 255.0, 16.0 / 255.0, 16.0 / 255.0, 1.0];
/// #FFFFFF, R'G'B'.
pub(crate) const TEXT_RGB: [f32; 4] = [1.0; 4];

/// Type size as a share of the short side, and its least in pixels.
const EM_SHARE: f32 = 0.05;
const EM_MIN: f32 = 18.0;
/// Space round the text, outline width, and distance from the picture's edges (share of the short side).
const PADDING_EM: f32 = 1.0 / 3.0;
const OUTLINE_EM: f32 = 1.0 / 18.0;
const MARGIN_SHARE: f32 = 0.04;
/// Below this size the second word is dropped.
const SHORT_WORDS: (u32, u32) = (320, 180);

/// Where the badge stands. There is no "nowhere".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Corner {
    /// Top right, the default.
    #[default]
    TopRight,
    /// Top left.
    TopLeft,
    /// Bottom right.
    BottomRight,
    /// Bottom left.
    BottomLeft,
}

impl Corner {
    /// Every corner.
    pub const ALL: [Self; 4] = [Self::TopRight, Self::TopLeft, Self::BottomRight, Self::BottomLeft];
}

/// The plate for one size of picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Plate {
    /// Where it stands; origin and size are even, inside the picture.
    pub rect: PxRect,
    /// Type size in pixels.
    pub em: f32,
    /// The words drawn.
    pub words: &'static str,
    pub(super) frame_size: (u32, u32),
    pub(super) disclosure: Disclosure,
    /// Share of text or outline in each plate pixel, 0..=1, row by row.
    pub(crate) coverage: Vec<f32>,
}

/// Whether a picture can hold a legible badge.
///
/// # Errors
/// [`BadgeError::TooSmall`] where not.
pub fn check_size(width: u32, height: u32) -> Result<(), BadgeError> {
    if width.max(height) < MIN_LONG_SIDE || width.min(height) < MIN_SHORT_SIDE {
        return Err(BadgeError::TooSmall { width, height });
    }
    Ok(())
}

impl Plate {
    /// The plate for a picture of `width` × `height`.
    ///
    /// # Errors
    /// [`BadgeError::TooSmall`] below [`MIN_LONG_SIDE`] × [`MIN_SHORT_SIDE`].
    pub fn new(width: u32, height: u32, corner: Corner, what: Disclosure) -> Result<Self, BadgeError> {
        check_size(width, height)?;
        let frame_size = (width, height);
        // Video encoders grow odd sides by one; the plate is found in the same place then.
        let (width, height) = (width.next_multiple_of(2), height.next_multiple_of(2));
        let (short, long) = (width.min(height), width.max(height));
        let em = (short as f32 * EM_SHARE).round().max(EM_MIN);
        let all = what.words();
        let words = if long < SHORT_WORDS.0 || short < SHORT_WORDS.1 {
            all.split(' ').next().unwrap_or(all)
        } else {
            all
        };
        let text = Text::set(words, em);
        let pad = em * PADDING_EM;
        let even = |v: f32| (v.ceil() as u32).next_multiple_of(2);
        let (w, h) = (even(text.width + 2.0 * pad), even(text.height + 2.0 * pad));
        let margin = (short as f32 * MARGIN_SHARE).ceil() as u32;
        let near = margin.next_multiple_of(2);
        let far = |side: u32, plate: u32| side.saturating_sub(margin + plate) & !1;
        let (left, top) = match corner {
            Corner::TopRight => (far(width, w), near),
            Corner::TopLeft => (near, near),
            Corner::BottomRight => (far(width, w), far(height, h)),
            Corner::BottomLeft => (near, far(height, h)),
        };
        let rect = PxRect { x: left, y: top, width: w, height: h };
        let mut coverage = vec![0.0f32; (w * h) as usize];
        text.draw((w as f32 - text.width) * 0.5, (h as f32 - text.height) * 0.5, w, h, &mut coverage);
        outline((em * OUTLINE_EM).max(1.0), w, h, &mut coverage);
        Ok(Self { rect, em, words, frame_size, disclosure: what, coverage })
    }

    /// The rectangle as the shader takes it.
    pub(crate) fn uniform(&self) -> [u32; 4] {
        [self.rect.x, self.rect.y, self.rect.width, self.rect.height]
    }
}

/// A frame round the plate's edge of `thickness` pixels; the fraction becomes grey.
fn outline(thickness: f32, w: u32, h: u32, coverage: &mut [f32]) {
    for (i, c) in (0u32..).zip(coverage) {
        let (x, y) = (i % w, i / w);
        let from_edge = x.min(y).min(w - 1 - x).min(h - 1 - y) as f32;
        *c = c.max((thickness - from_edge).clamp(0.0, 1.0));
    }
}

/// A line of text set in DejaVu Sans Condensed Bold, measured by its ink.
#[derive(Debug)]
pub(super) struct Text {
    glyphs: Vec<Glyph>,
    left: f32,
    top: f32,
    /// Width of the ink in pixels.
    pub(super) width: f32,
    /// Height of a capital in pixels.
    pub(super) height: f32,
}

fn font() -> Option<FontRef<'static>> {
    FontRef::try_from_slice(dejavu::sans_condensed::bold()).ok()
}

impl Text {
    /// Sets `words` with a type size of `em` pixels.
    pub(super) fn set(words: &str, em: f32) -> Self {
        let mut text = Self { glyphs: Vec::new(), left: 0.0, top: 0.0, width: 0.0, height: 0.0 };
        let Some(font) = font() else { return text };
        let scale = PxScale::from(em * font.height_unscaled() / font.units_per_em().unwrap_or(2048.0));
        let scaled = font.as_scaled(scale);
        let (mut x, mut before) = (0.0, None);
        for c in words.chars() {
            let id = scaled.glyph_id(c);
            x += before.map_or(0.0, |b| scaled.kern(b, id));
            text.glyphs.push(id.with_scale_and_position(scale, point(x, 0.0)));
            x += scaled.h_advance(id);
            before = Some(id);
        }
        let boxes: Vec<_> =
            text.glyphs.iter().filter_map(|g| Some(font.outline_glyph(g.clone())?.px_bounds())).collect();
        text.left = boxes.iter().map(|b| b.min.x).fold(f32::MAX, f32::min);
        text.width = boxes.iter().map(|b| b.max.x).fold(f32::MIN, f32::max) - text.left;
        text.top = boxes.iter().map(|b| b.min.y).fold(f32::MAX, f32::min);
        text.height = boxes.iter().map(|b| b.max.y).fold(f32::MIN, f32::max) - text.top;
        if boxes.is_empty() {
            (text.left, text.top, text.width, text.height) = (0.0, 0.0, 0.0, 0.0);
        }
        text
    }

    /// Draws the text with its ink's top-left corner at (`x`, `y`), rounded to whole pixels, as coverage
    /// into a buffer of `w` × `h`.
    pub(super) fn draw(&self, x: f32, y: f32, w: u32, h: u32, coverage: &mut [f32]) {
        let Some(font) = font() else { return };
        for glyph in &self.glyphs {
            let Some(shape) = font.outline_glyph(glyph.clone()) else { continue };
            let bounds = shape.px_bounds();
            let (dx, dy) = ((bounds.min.x - self.left + x).round(), (bounds.min.y - self.top + y).round());
            shape.draw(|gx, gy, c| {
                let (px, py) = (gx as i64 + dx as i64, gy as i64 + dy as i64);
                if (0..i64::from(w)).contains(&px) && (0..i64::from(h)).contains(&py) {
                    let at = &mut coverage[(py * i64::from(w) + px) as usize];
                    *at = at.max(c.clamp(0.0, 1.0));
                }
            });
        }
    }
}
