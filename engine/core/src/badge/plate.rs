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
/// The widest crops that leave a plate in the middle whole: of pictures wider than high, and of others.
const WIDEST_CROP: (u64, u64) = (16, 9);
const WIDEST_CROP_UPRIGHT: (u64, u64) = (4, 3);
/// A covered plate that is wider than this many heights says all the words; others may be covered by a smaller one.
const WORDY: u32 = 3;
/// So much of a covered plate may be seen at an edge: its outline's blur.
const RIM: u32 = 1;

/// Where the badge stands. There is no "nowhere".
///
/// Sites and programs cut what they show: a page that asks for 640x480 gets the middle of 1280x720. [`Corner::Middle`]
/// is whole in every crop round the picture's middle from 9:16 to 16:9 (of a picture that is no wider than high: to
/// 4:3), from 240 lines on; a corner is cut off by most of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Corner {
    /// Low in the middle, the default.
    #[default]
    Middle,
    /// Top right.
    TopRight,
    /// Top left.
    TopLeft,
    /// Bottom right.
    BottomRight,
    /// Bottom left.
    BottomLeft,
}

impl Corner {
    /// Every place.
    pub const ALL: [Self; 5] =
        [Self::Middle, Self::TopRight, Self::TopLeft, Self::BottomRight, Self::BottomLeft];
}

/// The plate for one size of picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plate {
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

/// The plate's drawing, wherever it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawing {
    /// Even.
    pub(super) width: u32,
    /// Even.
    pub(super) height: u32,
    /// Share of text or outline in each pixel, 0..=1, row by row.
    pub(super) coverage: Vec<f32>,
}

impl Drawing {
    /// `words` in type of `em` pixels, with ground and outline.
    pub(super) fn new(words: &str, em: f32) -> Self {
        let text = Text::set(words, em);
        let (width, height) = Self::size(&text, em);
        let mut coverage = vec![0.0f32; width as usize * height as usize];
        let (x, y) = ((width as f32 - text.width) * 0.5, (height as f32 - text.height) * 0.5);
        text.draw(x, y, width, height, &mut coverage);
        outline(outline_of(em), width, height, &mut coverage);
        Self { width, height, coverage }
    }

    fn size(text: &Text, em: f32) -> (u32, u32) {
        let even = |v: f32| (v.ceil() as u32).next_multiple_of(2);
        let pad = em * PADDING_EM;
        (even(text.width + 2.0 * pad), even(text.height + 2.0 * pad))
    }
}

/// The words for a picture of that size: small ones have room for the first word only.
fn words_for(width: u32, height: u32, what: Disclosure) -> &'static str {
    let (short, long) = (width.min(height), width.max(height));
    let all = what.words();
    if long < SHORT_WORDS.0 || short < SHORT_WORDS.1 { all.split(' ').next().unwrap_or(all) } else { all }
}

/// The rows, in the middle of a picture, that are left by the widest crop which the plate withstands.
fn kept_rows(width: u32, height: u32) -> u32 {
    let (w, h) = if width > height { WIDEST_CROP } else { WIDEST_CROP_UPRIGHT };
    u32::try_from(u64::from(width) * h / w).unwrap_or(height).min(height)
}

/// Top left corner of a plate of `w` × `h` in a picture with even sides.
fn stand(corner: Corner, (width, height): (u32, u32), (w, h): (u32, u32)) -> (u32, u32) {
    let margin_of = |side: u32| (side as f32 * MARGIN_SHARE).ceil() as u32;
    let margin = margin_of(width.min(height));
    let near = margin.next_multiple_of(2);
    let far = |side: u32, plate: u32| side.saturating_sub(margin + plate) & !1;
    match corner {
        Corner::Middle => {
            let rows = kept_rows(width, height);
            let bottom = (height + rows) / 2 - margin_of(width.min(rows));
            ((width.saturating_sub(w) / 2) & !1, bottom.saturating_sub(h) & !1)
        }
        Corner::TopRight => (far(width, w), near),
        Corner::TopLeft => (near, near),
        Corner::BottomRight => (far(width, w), far(height, h)),
        Corner::BottomLeft => (near, far(height, h)),
    }
}

impl Plate {
    /// The plate for a picture of `width` × `height`.
    ///
    /// # Errors
    /// [`BadgeError::TooSmall`] below [`MIN_LONG_SIDE`] × [`MIN_SHORT_SIDE`].
    pub(super) fn new(width: u32, height: u32, corner: Corner, what: Disclosure) -> Result<Self, BadgeError> {
        Self::over(width, height, corner, what, None)
    }

    /// The same for a picture that was scaled together with a plate, which is at `under` now: where the plate's own
    /// place doesn't cover that one, it stands over it and is as large, so that there are not two side by side.
    ///
    /// # Errors
    /// As [`Plate::new`].
    pub(super) fn over(
        width: u32,
        height: u32,
        corner: Corner,
        what: Disclosure,
        under: Option<PxRect>,
    ) -> Result<Self, BadgeError> {
        check_size(width, height)?;
        let frame_size = (width, height);
        // Video encoders grow odd sides by one; the plate is found in the same place then.
        let (width, height) = (width.next_multiple_of(2), height.next_multiple_of(2));
        let words = words_for(width, height, what);
        let em = (width.min(height) as f32 * EM_SHARE).round().max(EM_MIN);
        let mut plate = Self::drawn(em, words, frame_size, what);
        let size = |plate: &Self| (plate.rect.width, plate.rect.height);
        (plate.rect.x, plate.rect.y) = stand(corner, (width, height), size(&plate));
        let Some(under) = under.filter(|under| !covers(&plate.rect, under)) else { return Ok(plate) };
        let grown = [(under.width + 2, plate.rect.width), (under.height + 2, plate.rect.height)]
            .map(|(there, own)| (em * there as f32 / own as f32).ceil());
        let grown = grown[0].max(grown[1]);
        if grown > em && under.width > under.height * WORDY {
            let larger = Self::drawn(grown, words, frame_size, what);
            if larger.rect.width <= width && larger.rect.height <= height {
                plate = larger;
            }
        }
        let (w, h) = size(&plate);
        let centred = |from: u32, length: u32, own: u32, side: u32| {
            let middle = from + length / 2;
            middle.saturating_sub(own / 2).min(side.saturating_sub(own)) & !1
        };
        plate.rect.x = centred(under.x, under.width, w, width);
        plate.rect.y = centred(under.y, under.height, h, height);
        Ok(plate)
    }

    /// A plate at the picture's origin.
    fn drawn(em: f32, words: &'static str, frame_size: (u32, u32), disclosure: Disclosure) -> Self {
        let Drawing { width, height, coverage } = Drawing::new(words, em);
        let rect = PxRect { x: 0, y: 0, width, height };
        Self { rect, em, words, frame_size, disclosure, coverage }
    }

    /// The rectangle as the shader takes it.
    pub(crate) fn uniform(&self) -> [u32; 4] {
        [self.rect.x, self.rect.y, self.rect.width, self.rect.height]
    }
}

/// Width of the outline round a plate with type of `em` pixels.
pub(super) fn outline_of(em: f32) -> f32 {
    (em * OUTLINE_EM).max(1.0)
}

/// Whether `plate` covers `under`, but for [`RIM`] pixels.
fn covers(plate: &PxRect, under: &PxRect) -> bool {
    plate.x <= under.x + RIM
        && plate.y <= under.y + RIM
        && plate.right() + RIM >= under.right()
        && plate.bottom() + RIM >= under.bottom()
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
