//! Is a photo's face one that can be worn: seen from the front, evenly lit, with nothing before it?
//!
//! Light and covers are judged on the mesh: each triangle's mean colour, in a crop of one size. What a face looks like is
//! taken from the built-in composites, which are nobody's: where mouth, nose and eyes of a photo do not look like
//! theirs, whatever the skin's tone and the light, something stands before them. The weights were fitted to 420
//! public-domain portraits, bare and with covers painted on them; `docs/personas.md` says how often they err.

use std::sync::OnceLock;

use glam::Vec2;

use super::{Composite, PersonaError, Picture};
use omote_frame::canonical_uv::CANONICAL_UV;
use omote_frame::interpolation::{Bilinear, bilinear_by_weights};
use omote_frame::pose::Pose;
use omote_frame::space::{CropSquare, ImagePx, MeshPoint, bounds, goes_round};
use omote_frame::topology::{LIPS_INNER, LIPS_OUTER, OVAL, TRIANGLES};
use omote_frame::{CropSpec, statistics};

/// The most that a face may be turned to the side, degrees.
pub const MOST_TURN: f32 = 25.0;
/// The most that it may look up or down, degrees.
pub const MOST_NOD: f32 = 25.0;
/// The most that cheek and jaw of one side may be darker than the other's, natural logarithm of display values.
const UNEVEN: f32 = 0.62;
/// Skin darker than this can't be told from the dark, display values 0..=1.
const DARK: f32 = 0.06;
/// Side of the crop that is judged, pixels, and of its square as a multiple of the oval's longer side.
const SIDE: usize = 256;
const SQUARE: f32 = 1.6;

/// A part of the face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Lips and chin.
    Mouth,
    /// The nose.
    Nose,
    /// The eye on the subject's right.
    RightEye,
    /// The eye on the subject's left.
    LeftEye,
    /// Both eyes.
    Eyes,
}

impl Part {
    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Mouth => "the mouth",
            Self::Nose => "the nose",
            Self::RightEye | Self::LeftEye => "an eye",
            Self::Eyes => "both eyes",
        }
    }

    /// Its box in canonical UV: left, top, right, bottom.
    fn area(self) -> [f32; 4] {
        match self {
            Self::Mouth => [0.30, 0.585, 0.70, 0.80],
            Self::Nose => [0.36, 0.42, 0.64, 0.60],
            Self::RightEye => [0.20, 0.25, 0.46, 0.43],
            Self::LeftEye => [0.54, 0.25, 0.80, 0.43],
            Self::Eyes => [0.20, 0.25, 0.80, 0.43],
        }
    }
}

/// Why a face is not fit to be worn, though it is whole, large and sharp. Judged by looks, so it may be wrong: whoever
/// makes the persona may say that the photo is to be taken anyway.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Flaw {
    /// It looks to the side.
    Turned {
        /// Degrees, 0..=180.
        degrees: f32,
    },
    /// It looks up or down.
    Nodding {
        /// Degrees; positive for down.
        degrees: f32,
    },
    /// One half lies in the dark.
    HalfDark {
        /// On the picture's left side.
        left: bool,
    },
    /// All of it lies in the dark.
    Dark,
    /// Something stands before a part.
    Covered(Part),
}

impl Flaw {
    /// What is wrong, for people; no capital, no full stop.
    #[must_use]
    pub fn reason(self) -> String {
        match self {
            Self::Turned { degrees } => format!(
                "the face looks {degrees:.0}° to the side, and a persona is worn well up to {MOST_TURN:.0}°"
            ),
            Self::Nodding { degrees } => format!(
                "the face looks {:.0}° {}, and a persona is worn well up to {MOST_NOD:.0}°",
                degrees.abs(),
                if degrees > 0.0 { "down" } else { "up" }
            ),
            Self::HalfDark { left } => {
                format!("the {} half of the face lies in the dark", if left { "left" } else { "right" })
            }
            Self::Dark => "the face is too dark to be seen".to_owned(),
            Self::Covered(part) => format!("{} seems to be covered", part.words()),
        }
    }

    /// What to do, as [`Flaw::reason`].
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Turned { .. } | Self::Nodding { .. } => "take a photo that looks into the camera",
            Self::HalfDark { .. } | Self::Dark => "take a photo in even light",
            Self::Covered(_) => "take a photo without mask, hand, dark glasses or microphone before the face",
        }
    }
}

/// Fails where the face is not fit to be worn. `face` has passed [`one_good_face`](super::one_good_face).
///
/// # Errors
/// [`PersonaError::Unfit`].
pub fn check(photo: &Picture, face: &[MeshPoint]) -> Result<(), PersonaError> {
    match flaw(photo, face) {
        Some(flaw) => Err(PersonaError::Unfit { flaw }),
        None => Ok(()),
    }
}

/// What makes a face unfit to be worn, the plainest first.
#[must_use]
pub fn flaw(photo: &Picture, face: &[MeshPoint]) -> Option<Flaw> {
    let pose = Pose::fit(face)?;
    let degrees = pose.yaw().to_degrees().abs();
    if degrees > MOST_TURN {
        return Some(Flaw::Turned { degrees });
    }
    let degrees = pose.pitch().to_degrees();
    if degrees.abs() > MOST_NOD {
        return Some(Flaw::Nodding { degrees });
    }
    let looks = Looks::measure(photo, face, pose.roll())?;
    if looks.skin().light < DARK {
        return Some(Flaw::Dark);
    }
    looks.covered().map(Flaw::Covered).or_else(|| looks.half_dark())
}

/// Where in the photo a flaw lies, in its pixels: left, top, right, bottom.
#[must_use]
pub fn place(flaw: Flaw, face: &[MeshPoint]) -> [f32; 4] {
    let area = match flaw {
        Flaw::Covered(part) => part.area(),
        Flaw::HalfDark { left } => [if left { 0.0 } else { 0.5 }, 0.0, if left { 0.5 } else { 1.0 }, 1.0],
        _ => [0.0, 0.0, 1.0, 1.0],
    };
    let chosen = face.iter().zip(&CANONICAL_UV).filter(|(_, uv)| inside(area, **uv));
    let (low, high) = bounds(chosen.map(|(point, _)| point.truncate()));
    [low.x, low.y, high.x, high.y]
}

/// The box round a face, as [`place`].
#[must_use]
pub fn whole(face: &[MeshPoint]) -> [f32; 4] {
    let (low, high) = super::landmarks::bounds(face);
    [low.x, low.y, high.x, high.y]
}

fn inside([left, top, right, bottom]: [f32; 4], [u, v]: [f32; 2]) -> bool {
    u > left && u < right && v > top && v < bottom
}

/// A triangle's colour.
#[derive(Clone, Copy, Debug, Default)]
struct Colour {
    /// Natural logarithm of luma.
    log: f32,
    /// Luma, 0..=1.
    light: f32,
    /// Parts of red and blue in the sum.
    red: f32,
    blue: f32,
    /// The lightest and the darkest of its samples.
    range: [f32; 2],
}

/// How much a part looks like that of the composites.
#[derive(Clone, Copy, Debug, Default)]
struct Likeness {
    /// Correlation, -1..=1, and how strong the pattern is beside theirs.
    shape: f32,
    strength: f32,
}

/// Where each triangle lies in canonical UV, and its size there.
struct TriangleUv {
    uv: [f32; 2],
    size: f32,
    lips: bool,
    mouth: bool,
}

fn places() -> &'static [TriangleUv] {
    static PLACES: OnceLock<Vec<TriangleUv>> = OnceLock::new();
    PLACES.get_or_init(|| {
        let corner = |i: u16| CANONICAL_UV.get(usize::from(i)).copied().map_or(Vec2::ZERO, Vec2::from);
        let outline = |points: &[u16]| points.iter().map(|i| corner(*i)).collect::<Vec<_>>();
        let (outer, inner) = (outline(&LIPS_OUTER), outline(&LIPS_INNER));
        TRIANGLES
            .iter()
            .map(|triangle| {
                let [a, b, c] = triangle.map(corner);
                let middle = (a + b + c) / 3.0;
                let size = (b - a).perp_dot(c - a).abs() / 2.0;
                let (lips, mouth) = (goes_round(&outer, middle), goes_round(&inner, middle));
                TriangleUv { uv: middle.into(), size, lips, mouth }
            })
            .collect()
    })
}

/// A face's colours, triangle by triangle.
struct Looks(Vec<Colour>);

impl Looks {
    fn measure(photo: &Picture, face: &[MeshPoint], roll: f32) -> Option<Self> {
        let oval = OVAL.iter().filter_map(|i| face.get(usize::from(*i))).map(|p| p.truncate());
        let upright = oval.map(|p| Vec2::from_angle(-roll).rotate(p));
        let (low, high) = bounds(upright);
        let side = (high - low).max_element() * SQUARE;
        let centre = ImagePx(Vec2::from_angle(roll).rotate((low + high) / 2.0));
        let square = CropSquare { centre, side, angle: roll };
        let taps = (side / SIDE as f32).round().clamp(1.0, 16.0) as usize;
        let mut planes = vec![0.0; SIDE * SIDE * 3];
        let spec = CropSpec { taps, ..CropSpec::new(square, SIDE) };
        photo.frame().ok()?.sample_crop(&spec, &mut planes);
        let points: Vec<Vec2> =
            face.iter().map(|p| square.to_crop(ImagePx(p.truncate()), SIDE as f32).0).collect();
        Some(Self(
            TRIANGLES
                .iter()
                .map(|t| colour(&planes, t.map(|i| points.get(usize::from(i)).copied())))
                .collect(),
        ))
    }

    fn chosen(&self, area: [f32; 4]) -> impl Iterator<Item = (&Colour, &TriangleUv)> {
        self.0.iter().zip(places()).filter(move |(_, place)| inside(area, place.uv))
    }

    fn median(&self, area: [f32; 4], of: fn(&Colour) -> f32) -> f32 {
        median(self.chosen(area).map(|(colour, _)| of(colour)).collect())
    }

    /// The skin's colour where it is rarely covered: cheeks, forehead and the bridge of the nose.
    fn skin(&self) -> Colour {
        const SKIN: [[f32; 4]; 4] = [
            [0.20, 0.42, 0.38, 0.53],
            [0.62, 0.42, 0.80, 0.53],
            [0.30, 0.11, 0.70, 0.22],
            [0.45, 0.33, 0.55, 0.45],
        ];
        let all: Vec<&Colour> = SKIN.iter().flat_map(|area| self.chosen(*area).map(|(c, _)| c)).collect();
        let of = |pick: fn(&Colour) -> f32| median(all.iter().map(|c| pick(c)).collect());
        Colour {
            log: of(|c| c.log),
            light: of(|c| c.light),
            red: of(|c| c.red),
            blue: of(|c| c.blue),
            range: [0.0; 2],
        }
    }

    /// How a part's pattern of `pick` goes with the composites'.
    fn likeness(&self, part: Part, pick: fn(&Colour) -> f32) -> Likeness {
        let Some(composites) = composites() else { return Likeness { shape: 1.0, strength: 1.0 } };
        let rows: Vec<[f32; 5]> = self
            .chosen(part.area())
            .zip(composites.chosen(part.area()))
            // Teeth and tongue are everybody's own.
            .filter(|((_, place), _)| part != Part::Mouth || !place.mouth)
            .map(|((mine, place), (theirs, _))| {
                [place.uv[0], place.uv[1], place.size, pick(mine), pick(theirs)]
            })
            .collect();
        let (mine, theirs) = (without_plane(&rows, 3), without_plane(&rows, 4));
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let (across, own, other) =
            (product(&mine, &theirs), product(&mine, &mine), product(&theirs, &theirs).max(1e-12));
        Likeness {
            shape: across / (own * other).sqrt().max(1e-9),
            strength: (across / other).clamp(-0.2, 1.0),
        }
    }

    /// The likenesses in lightness and in redness, as the weights want them.
    fn likenesses(&self, part: Part) -> [f32; 4] {
        let (light, red) = (self.likeness(part, |c| c.log), self.likeness(part, |c| c.red));
        [light.shape, light.strength, red.shape, red.strength]
    }

    fn covered(&self) -> Option<Part> {
        let skin = self.skin();
        let off = |area| {
            let (red, blue) =
                (self.median(area, |c| c.red) - skin.red, self.median(area, |c| c.blue) - skin.blue);
            red.hypot(blue)
        };
        let mouth = self.likenesses(Part::Mouth);
        let ring = self.ring();
        let of_ring = |pick: fn(&Colour) -> f32| median(ring.iter().map(pick).collect());
        let strange = (of_ring(|c| c.red) - skin.red).hypot(of_ring(|c| c.blue) - skin.blue).min(0.15);
        let darker = (of_ring(|c| c.log) - skin.log).abs().min(1.5);
        if weigh(&MOUTH, &[&mouth[..], &[strange, darker]].concat()) > MOUTH_LEAST {
            return Some(Part::Mouth);
        }
        let eye = |part: Part| {
            let [left, top, right, bottom] = part.area();
            let (middle, half) = ((left + right) / 2.0, (right - left) / 2.0);
            let inner = [middle - 0.35 * half, top + 0.07, middle + 0.35 * half, bottom - 0.03];
            let under = [middle - 0.6 * half, bottom - 0.055, middle + 0.6 * half, bottom - 0.005];
            let samples: Vec<f32> = self.chosen(inner).flat_map(|(c, _)| c.range).collect();
            let (dark, bright) = samples.iter().fold((1.0f32, 0.0f32), |(d, b), v| (d.min(*v), b.max(*v)));
            let contrast = ((bright - dark) / (skin.light + 0.05)).min(1.0);
            let within = (self.median(inner, |c| c.log) - skin.log).clamp(-2.0, 0.3);
            let below = (self.median(under, |c| c.log) - skin.log).clamp(-1.5, 0.3);
            let features = [&self.likenesses(part)[..], &[contrast, within, below]].concat();
            weigh(&EYE, &features) > EYE_LEAST
        };
        match (eye(Part::RightEye), eye(Part::LeftEye)) {
            (true, true) => return Some(Part::Eyes),
            (true, false) => return Some(Part::RightEye),
            (false, true) => return Some(Part::LeftEye),
            (false, false) => {}
        }
        let tip = off([0.43, 0.49, 0.57, 0.57]).min(0.2);
        let features = [&self.likenesses(Part::Nose)[..], &[tip, mouth[0]]].concat();
        (weigh(&NOSE, &features) > NOSE_LEAST).then_some(Part::Nose)
    }

    /// The skin round the lips.
    fn ring(&self) -> Vec<Colour> {
        let around = self.chosen([0.25, 0.585, 0.75, 0.86]).filter(|(_, place)| {
            let [u, v] = place.uv;
            let far = ((u - 0.5) / 0.17).hypot((v - 0.655) / 0.09);
            !place.lips && far > 0.7 && far < 1.5
        });
        around.map(|(colour, _)| *colour).collect()
    }

    fn half_dark(&self) -> Option<Flaw> {
        let difference = |[left, top, right, bottom]: [f32; 4]| {
            let mirrored = [1.0 - right, top, 1.0 - left, bottom];
            self.median([left, top, right, bottom], |c| c.log) - self.median(mirrored, |c| c.log)
        };
        // Left in the picture.
        let (cheek, jaw) = (difference([0.20, 0.42, 0.38, 0.53]), difference([0.0, 0.58, 0.33, 0.82]));
        let uneven = cheek * jaw > 0.0 && cheek.abs().min(jaw.abs()) > UNEVEN;
        uneven.then_some(Flaw::HalfDark { left: cheek < 0.0 })
    }
}

/// The composites' looks, mean of all.
fn composites() -> Option<&'static Looks> {
    static COMPOSITES: OnceLock<Option<Looks>> = OnceLock::new();
    let made = COMPOSITES.get_or_init(|| {
        let all: Vec<Looks> = Composite::ALL
            .iter()
            .filter_map(|composite| composite.face().ok())
            .filter_map(|(photo, face)| Looks::measure(&photo, &face, 0.0))
            .collect();
        let count = all.len() as f32;
        let mut mean = vec![Colour::default(); TRIANGLES.len()];
        for looks in &all {
            for (sum, colour) in mean.iter_mut().zip(&looks.0) {
                sum.log += colour.log / count;
                sum.red += colour.red / count;
            }
        }
        (!all.is_empty()).then_some(Looks(mean))
    });
    made.as_ref()
}

/// A triangle's colour from seven places in it.
fn colour(planes: &[f32], corners: [Option<Vec2>; 3]) -> Colour {
    const WITHIN: [[f32; 3]; 7] = [
        [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0],
        [0.6, 0.2, 0.2],
        [0.2, 0.6, 0.2],
        [0.2, 0.2, 0.6],
        [0.45, 0.45, 0.1],
        [0.45, 0.1, 0.45],
        [0.1, 0.45, 0.45],
    ];
    let [Some(a), Some(b), Some(c)] = corners else { return Colour::default() };
    let luma = |rgb: [f32; 3]| 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
    let (mut sum, mut range) = ([0.0f32; 3], [f32::MAX, f32::MIN]);
    for [i, j, k] in WITHIN {
        let rgb = rgb_at(planes, a * i + b * j + c * k);
        sum.iter_mut().zip(rgb).for_each(|(sum, v)| *sum += v / WITHIN.len() as f32);
        range = [range[0].min(luma(rgb)), range[1].max(luma(rgb))];
    }
    let all = sum.iter().sum::<f32>() + 0.05;
    let light = luma(sum);
    Colour { log: (light + 0.03).ln(), light, red: sum[0] / all, blue: sum[2] / all, range }
}

fn rgb_at(planes: &[f32], at: Vec2) -> [f32; 3] {
    // A thousandth short of the border, as when the weights were fitted.
    let at = at.clamp(Vec2::ZERO, Vec2::splat(SIDE as f32 - 1.001));
    let cell = Bilinear::clamped(at, [SIDE; 2]);
    std::array::from_fn(|plane| {
        let code = |x: usize, y: usize| planes.get((plane * SIDE + y) * SIDE + x).copied().unwrap_or(0.0);
        bilinear_by_weights(cell.corners(code), cell.part())
    })
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    statistics::median(&values) as f32
}

/// A column of rows of u, v, weight and values, times the weight's root, without the plane that fits it best: light
/// from a side.
fn without_plane(rows: &[[f32; 5]], column: usize) -> Vec<f32> {
    let mut sums = [[0.0f64; 4]; 3];
    for row in rows {
        let x = [1.0, f64::from(row[0]), f64::from(row[1])];
        let (w, y) = (f64::from(row[2]), f64::from(row.get(column).copied().unwrap_or(0.0)));
        for (i, line) in sums.iter_mut().enumerate() {
            for (j, x_j) in x.iter().chain(std::iter::once(&y)).enumerate() {
                line[j] += w * x[i] * x_j;
            }
        }
    }
    let plane = solved(sums);
    let left = |row: &[f32; 5]| {
        let y = f64::from(row.get(column).copied().unwrap_or(0.0));
        let fitted = plane[0] + plane[1] * f64::from(row[0]) + plane[2] * f64::from(row[1]);
        ((y - fitted) * f64::from(row[2]).sqrt()) as f32
    };
    rows.iter().map(left).collect()
}

/// Three linear equations, by elimination; zeros where they have no one answer.
fn solved(mut rows: [[f64; 4]; 3]) -> [f64; 3] {
    for i in 0..3 {
        let Some(pivot) = (i..3).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs())) else {
            return [0.0; 3];
        };
        rows.swap(i, pivot);
        if rows[i][i].abs() < 1e-15 {
            return [0.0; 3];
        }
        for k in 0..3 {
            if k != i {
                let times = rows[k][i] / rows[i][i];
                let line = rows[i];
                rows[k].iter_mut().zip(line).for_each(|(v, p)| *v -= times * p);
            }
        }
    }
    std::array::from_fn(|i| rows[i][3] / rows[i][i])
}

/// The weighted sum of features; the last weight stands alone.
fn weigh(weights: &[f32], features: &[f32]) -> f32 {
    let (alone, weights) = weights.split_last().unwrap_or((&0.0, &[]));
    weights.iter().zip(features).map(|(w, f)| w * f).sum::<f32>() + alone
}

/// Likenesses in light and red, then how far the skin round the lips is off the rest's colour and lightness.
const MOUTH: [f32; 7] = [-12.677, -6.811, -3.003, -8.661, 69.0, -0.777, 4.44];
const MOUTH_LEAST: f32 = 1.0;
/// Likenesses, how far the tip is off the skin's colour, and the mouth's first likeness.
const NOSE: [f32; 7] = [-6.435, -2.989, -1.167, -1.048, -32.915, -5.413, 4.201];
const NOSE_LEAST: f32 = 2.0;
/// Likenesses, contrast in the eye, its lightness and that below it.
const EYE: [f32; 8] = [-10.185, 3.143, -0.44, -5.042, -10.269, 3.395, -5.713, 9.019];
const EYE_LEAST: f32 = 0.6;
