//! Finds the code in a picture and says which moment of the screen it shows.

use std::time::Duration;

use glam::{Mat3, Vec2, vec2};
use omote_engine::frame::interpolation::{Bilinear, bilinear_by_differences};
use omote_engine::frame::{Colour, Frame, PixelFormat, srgb};

use super::code::{self, BITS, FIXED};
use super::outline::quadrilaterals;

/// Why a picture says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// No code in it.
    NotFound,
    /// The code is there, but black and white are hardly told apart.
    Faint,
    /// The only code is the other way round: that of the picture that came back, or the camera mirrors.
    Mirrored,
    /// The cells fit nothing that the screen showed: blurred, half hidden, or exposed over too many pictures.
    Unclear,
}

impl Unread {
    /// What is wrong, and what helps.
    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::NotFound => {
                "the code was not in the picture: point the camera at the window, close enough for the code to fill a third of \
                 the picture's width, and keep the badge off it"
            }
            Self::Faint => {
                "black and white could hardly be told apart: make the screen brighter or the room darker"
            }
            Self::Mirrored => {
                "the only code was mirrored: point the camera at the large one, or use --mirrored if the camera mirrors its \
                 picture"
            }
            Self::Unclear => {
                "the code was blurred or half hidden: focus the camera, hold it still, shorten the exposure"
            }
        }
    }
}

/// Difference of linear light between white and black from which cells can be read.
const LEAST_CONTRAST: f32 = 0.02;
/// Least contrast of a corner against the best corner's.
const ALIKE: f32 = 0.3;
/// Rms difference of the bits (each -1..=1) from those of an exposure up to which it is taken for it.
const MOST_REST: f32 = 0.3;
/// Pictures of the screen in an exposure, at most.
const LONGEST: usize = 6;
/// Shares of the first and last picture that are tried.
const SHARES: [f32; 4] = [0.25, 0.5, 0.75, 1.0];
/// Luma of a picture, 8 bits as encoded.
pub(super) struct Luma<'a> {
    pub(super) data: &'a [u8],
    pub(super) width: usize,
    pub(super) height: usize,
    /// Bytes from a row to the next.
    pub(super) stride: usize,
}

impl Luma<'_> {
    pub(super) fn at(&self, x: usize, y: usize) -> u8 {
        self.data.get(y * self.stride + x).copied().unwrap_or_default()
    }

    /// Bilinear; none outside.
    fn between(&self, p: Vec2) -> Option<f32> {
        let cell = Bilinear::inside(p - 0.5, [self.width, self.height])?;
        Some(bilinear_by_differences(cell.corners(|x, y| f32::from(self.at(x, y))), cell.part()))
    }
}

/// Calls with the luma of a frame.
pub(super) fn with_luma<T>(frame: &Frame, call: impl FnOnce(&Luma<'_>) -> T) -> Option<T> {
    let planar = matches!(
        frame.format(),
        PixelFormat::I420 | PixelFormat::I422 | PixelFormat::I444 | PixelFormat::Nv12
    );
    let converted;
    let frame = if planar {
        frame
    } else {
        converted = frame.converted(PixelFormat::I420, Colour::JPEG).ok()?;
        &converted
    };
    let shape = frame.planes().first()?;
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    Some(call(&Luma { data: frame.plane(0), width, height, stride: shape.stride }))
}

/// Reads picture after picture; a code that stays where it was is not looked for again.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The camera turns left and right round.
    mirrored: bool,
    place: Option<Mat3>,
}

impl Reader {
    /// A reader of pictures that are a mirror's, or are not. A code that is the other way round is not read: the window
    /// shows what comes back as a mirror would, and the code in that is a whole way older.
    pub(super) fn new(mirrored: bool) -> Self {
        Self { mirrored, place: None }
    }

    /// The bits of the code, each from -1 (white last) to 1 (white first).
    pub(super) fn read_bits(&mut self, luma: &Luma<'_>) -> Result<[f32; BITS], Unread> {
        if let Some(place) = &self.place
            && let Ok(bits) = bits(luma, place)
        {
            return Ok(bits);
        }
        self.place = None;
        let mut why = Unread::NotFound;
        for (place, mirrored) in frames(luma) {
            match bits(luma, &place) {
                Ok(bits) if mirrored == self.mirrored => {
                    self.place = Some(place);
                    return Ok(bits);
                }
                Ok(_) => why = Unread::Mirrored,
                Err(Unread::Faint) if why == Unread::NotFound => why = Unread::Faint,
                Err(_) => (),
            }
        }
        Err(why)
    }

    /// Forgets where the code is: what was read there fits nothing.
    pub(super) fn forget(&mut self) {
        self.place = None;
    }
}

/// Where the code may be: the homographies of all dark outlines with four corners, the largest first, each turned and
/// mirrored in every way, and whether it is mirrored.
fn frames(luma: &Luma<'_>) -> Vec<(Mat3, bool)> {
    let mut all = Vec::new();
    for [a, b, c, d] in quadrilaterals(luma) {
        // In a picture, whose rows go down, corners that go round with the clock are those of a code that is no mirror's.
        let with_the_clock = (c - a).perp_dot(d - b) > 0.0;
        for (mut corners, mirrored) in [([a, b, c, d], !with_the_clock), ([a, d, c, b], with_the_clock)] {
            for _ in 0..4 {
                all.extend(code::placed(corners).map(|place| (place, mirrored)));
                corners.rotate_left(1);
            }
        }
    }
    all
}

fn bits(luma: &Luma<'_>, place: &Mat3) -> Result<[f32; BITS], Unread> {
    let cell = |pair: usize, second: bool| -> Option<f32> {
        let middle = code::cell_middle(pair, second);
        let mut sum = 0.0;
        for (dx, dy) in [(-0.6, -0.6), (0.6, -0.6), (-0.6, 0.6), (0.6, 0.6)] {
            sum += srgb::decode(luma.between(code::through(place, middle + vec2(dx, dy)))? / 255.0);
        }
        Some(sum / 4.0)
    };
    let difference = |pair: usize| cell(pair, false).zip(cell(pair, true)).map(|(a, b)| a - b);
    let mut fixed = [0.0; FIXED.len()];
    for (slot, (pair, first)) in fixed.iter_mut().zip(FIXED) {
        *slot = difference(pair).ok_or(Unread::NotFound)? * if first { 1.0 } else { -1.0 };
    }
    let (least, most) = fixed.iter().fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    // Turned another way one of them is the other way round; and no lamp shines so unevenly.
    if least < most * ALIKE {
        return Err(Unread::NotFound);
    }
    if least < LEAST_CONTRAST {
        return Err(Unread::Faint);
    }
    let contrast = fixed.iter().sum::<f32>() / fixed.len() as f32;
    let mut bits = [0.0; BITS];
    for (bit, slot) in bits.iter_mut().enumerate() {
        *slot = (difference(code::pair_of(bit)).ok_or(Unread::NotFound)? / contrast).clamp(-1.3, 1.3);
    }
    Ok(bits)
}

/// The middle of the exposure that shows such bits, by what the screen showed (numbers with the times from which they were
/// shown, in order). The last picture's end is not known: it does not count.
pub(super) fn moment(bits: &[f32; BITS], shown: &[(u16, Duration)]) -> Result<Duration, Unread> {
    let signs: Vec<[f32; BITS]> = shown
        .iter()
        .map(|(number, _)| {
            let light = code::light(*number);
            std::array::from_fn(|bit| light[code::pair_of(bit)] * 2.0 - 1.0)
        })
        .collect();
    let time = |k: usize| shown.get(k).map_or(0.0, |(_, t)| t.as_secs_f64());
    let mut best: Option<(f32, f64)> = None;
    for first in 0..shown.len().saturating_sub(1) {
        for last in first..(first + LONGEST).min(shown.len() - 1) {
            let ends: &[f32] = if last > first { &SHARES } else { &SHARES[3..] };
            for (a, b) in ends.iter().flat_map(|a| ends.iter().map(move |b| (*a, *b))) {
                let weight = |k: usize| {
                    if k == first {
                        a
                    } else if k == last {
                        b
                    } else {
                        1.0
                    }
                };
                let total: f32 = (first..=last).map(weight).sum();
                let expected =
                    |bit: usize| (first..=last).map(|k| weight(k) * signs[k][bit]).sum::<f32>() / total;
                let rest =
                    (0..BITS).map(|bit| (bits[bit] - expected(bit)).powi(2)).sum::<f32>() / BITS as f32;
                if best.is_none_or(|(least, _)| rest < least) {
                    let from = time(first + 1) - f64::from(a) * (time(first + 1) - time(first));
                    let to = time(last) + f64::from(b) * (time(last + 1) - time(last));
                    best = Some((rest, (from + to) / 2.0));
                }
            }
        }
    }
    match best {
        Some((rest, middle)) if rest.sqrt() < MOST_REST => Ok(Duration::from_secs_f64(middle.max(0.0))),
        _ => Err(Unread::Unclear),
    }
}
