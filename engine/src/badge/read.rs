//! Finding the badge in finished output.

use super::{Corner, Disclosure, Plate};
use crate::frame::{Colour, Frame, PixelFormat};
use crate::space::PxRect;

/// A badge that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Where the plate stands.
    pub rect: PxRect,
    /// The corner it was found in.
    pub corner: Corner,
    /// What it says.
    pub disclosure: Disclosure,
    /// Likeness of text and plate to the expected drawing: correlation, up to 1.
    pub likeness: f32,
    /// Contrast of text against plate by the WCAG formula, 1..=21.
    pub contrast: f32,
}

/// Below this correlation there is no badge.
const LIKENESS_MIN: f32 = 0.9;
/// WCAG's level AA for text.
const CONTRAST_MIN: f32 = 4.5;

/// Looks for the badge at the places where it may stand in a picture of this size. Encoding noise is
/// borne; cropping and scaling are not. Nothing found means just that.
pub fn read(frame: &Frame) -> Option<Found> {
    let mut best: Option<Found> = None;
    for corner in Corner::ALL {
        let plate = Plate::new(frame.width(), frame.height(), corner, Disclosure::Modified).ok()?;
        if let Some(found) = compare(frame, &plate, corner)
            && best.is_none_or(|b| found.likeness > b.likeness)
        {
            best = Some(found);
        }
    }
    best
}

fn compare(frame: &Frame, plate: &Plate, corner: Corner) -> Option<Found> {
    let luminance = luminances(frame, plate.rect)?;
    let n = luminance.len() as f32;
    let (mut a, mut b) = (0.0f32, 0.0f32);
    for (l, c) in luminance.iter().zip(&plate.coverage) {
        (a, b) = (a + l, b + c);
    }
    let (mean_l, mean_c) = (a / n, b / n);
    let (mut lc, mut ll, mut cc) = (0.0f32, 1e-9f32, 1e-9f32);
    for (l, c) in luminance.iter().zip(&plate.coverage) {
        let (l, c) = (l - mean_l, c - mean_c);
        (lc, ll, cc) = (lc + l * c, ll + l * l, cc + c * c);
    }
    let likeness = lc / (ll * cc).sqrt();
    let mean_where = |keep: fn(f32) -> bool| {
        let picked = luminance.iter().zip(&plate.coverage).filter(|(_, c)| keep(**c));
        let (sum, count) = picked.fold((0.0f32, 0u32), |(s, k), (l, _)| (s + linear(*l), k + 1));
        sum / count.max(1) as f32
    };
    let contrast = (mean_where(|c| c > 0.95) + 0.05) / (mean_where(|c| c < 0.05) + 0.05);
    let good = likeness >= LIKENESS_MIN && contrast >= CONTRAST_MIN;
    good.then_some(Found { rect: plate.rect, corner, disclosure: plate.disclosure, likeness, contrast })
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
