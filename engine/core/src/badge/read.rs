//! Finding the badge in finished output.

use super::{Corner, Disclosure, Plate, search};
use crate::frame::{Colour, Frame, PixelFormat};
use crate::space::PxRect;

/// A badge that was found.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Where the plate stands, in whole pixels.
    pub rect: PxRect,
    /// Which of the places of a picture of this size that is; none in a picture that was cropped or scaled later.
    pub place: Option<Corner>,
    /// What it says.
    pub disclosure: Disclosure,
    /// Likeness of text and plate to the expected drawing: correlation, up to 1.
    pub likeness: f32,
    /// Contrast of text against plate by the WCAG formula, 1..=21.
    pub contrast: f32,
}

/// Below this correlation there is no badge.
pub(super) const LIKENESS_MIN: f32 = 0.9;
/// WCAG's level AA for text.
pub(super) const CONTRAST_MIN: f32 = 4.5;
/// Coverage of what counts as text, at least, and as ground, at most.
const TEXT: f32 = 0.95;
const GROUND: f32 = 0.05;

/// Looks for the badge: first at the places where it stands in a picture of this size, then everywhere and in any
/// size, so that it is also found in what a crop or a scaling left whole. Encoding noise is borne. Nothing found
/// means just that.
pub fn read(frame: &Frame) -> Option<Found> {
    let mut best: Option<Found> = None;
    for corner in Corner::ALL {
        let Ok(plate) = Plate::new(frame.width(), frame.height(), corner, Disclosure::Modified) else {
            break;
        };
        if let Some(found) = compare(frame, &plate, corner)
            && best.is_none_or(|b| found.likeness > b.likeness)
        {
            best = Some(found);
        }
    }
    best.or_else(|| {
        let luma = luminances(frame, frame.bounds())?;
        search::anywhere(&luma, frame.width() as usize)
    })
}

fn compare(frame: &Frame, plate: &Plate, corner: Corner) -> Option<Found> {
    let luminance = luminances(frame, plate.rect)?;
    let likeness = likeness(&luminance, &plate.coverage);
    let contrast = contrast(&luminance, &plate.coverage, GROUND, TEXT);
    let good = likeness >= LIKENESS_MIN && contrast >= CONTRAST_MIN;
    let (rect, disclosure) = (plate.rect, plate.disclosure);
    good.then_some(Found { rect, place: Some(corner), disclosure, likeness, contrast })
}

/// The correlation of what is seen with what was drawn.
pub(super) fn likeness(luminance: &[f32], coverage: &[f32]) -> f32 {
    let n = luminance.len().max(1) as f32;
    let (mut a, mut b) = (0.0f32, 0.0f32);
    for (l, c) in luminance.iter().zip(coverage) {
        (a, b) = (a + l, b + c);
    }
    let (mean_l, mean_c) = (a / n, b / n);
    let (mut lc, mut ll, mut cc) = (0.0f32, 1e-9f32, 1e-9f32);
    for (l, c) in luminance.iter().zip(coverage) {
        let (l, c) = (l - mean_l, c - mean_c);
        (lc, ll, cc) = (lc + l * c, ll + l * l, cc + c * c);
    }
    lc / (ll * cc).sqrt()
}

/// Contrast of the pixels that are text against those that are ground, by the WCAG formula.
pub(super) fn contrast(luminance: &[f32], coverage: &[f32], ground: f32, text: f32) -> f32 {
    let mean_where = |keep: &dyn Fn(f32) -> bool| {
        let picked = luminance.iter().zip(coverage).filter(|(_, c)| keep(**c));
        let (sum, count) = picked.fold((0.0f32, 0u32), |(s, k), (l, _)| (s + linear(*l), k + 1));
        sum / count.max(1) as f32
    };
    (mean_where(&|c| c > text) + 0.05) / (mean_where(&|c| c < ground) + 0.05)
}

fn linear(v: f32) -> f32 {
    omote_shaders::cpu::decode_srgb(v)
}

/// Encoded luma 0..=1 of a rectangle, in one measure for every format.
fn luminances(frame: &Frame, rect: PxRect) -> Option<Vec<f32>> {
    let mut codes = Vec::new();
    frame.read_codes(rect, &mut codes);
    if codes.len() != rect.width as usize * rect.height as usize {
        return None;
    }
    let m = frame.codes_to_rgb();
    let luma = Colour::JPEG.from_rgb()[0];
    let yuv = frame.format() != PixelFormat::Rgb && frame.format() != PixelFormat::Bgra;
    Some(
        codes
            .iter()
            .map(|c| {
                let [y, u, v, _] = c.to_le_bytes().map(|v| f32::from(v) / 255.0);
                let chroma = if yuv { [y, 128.0 / 255.0, 128.0 / 255.0] } else { [y, u, v] };
                let rgb = m.map(|r| r[0] * chroma[0] + r[1] * chroma[1] + r[2] * chroma[2] + r[3]);
                (luma[0] * rgb[0] + luma[1] * rgb[1] + luma[2] * rgb[2]).clamp(0.0, 1.0)
            })
            .collect(),
    )
}
