//! The carver's and the photographer's part: a mask's form, and the studio light that is baked into the
//! paint.
//!
//! Light is the same from both sides, so that it does not argue with the light of the room. The live face's
//! own changes of light are multiplied on later.

use glam::{Vec2, Vec3};

use super::anatomy;
use super::canvas::{Canvas, Texel, in_bands};
use super::curve::Side;
use super::noise::Field;
use omote_frame::space::smoothstep_between;

/// How strongly each part of a face is carved; 1 is a natural one.
#[derive(Clone, Copy)]
pub(super) struct Sculpt {
    pub(super) dome: f32,
    pub(super) brow: f32,
    pub(super) sockets: f32,
    pub(super) nose: f32,
    pub(super) cheeks: f32,
    pub(super) lips: f32,
    pub(super) chin: f32,
}

impl Sculpt {
    /// A natural face.
    pub(super) const NATURAL: Self =
        Self { dome: 1.0, brow: 1.0, sockets: 1.0, nose: 1.0, cheeks: 1.0, lips: 1.0, chin: 1.0 };

    /// Height of the face at `p`, in UV units; nearer the viewer is higher.
    pub(super) fn height(&self, p: Vec2) -> f32 {
        let d = p - Vec2::new(0.5, 0.48);
        let (x, y) = ((d.x / 0.35).powi(2), (d.y / 0.44).powi(2));
        let mut h = -self.dome * (0.085 * x + 0.075 * y + 0.012 * (x + y) * (x + y));
        // The nose: a ridge that widens and rises to the tip and breaks off below it.
        let down = smoothstep_between(0.27, 0.525, p.y);
        let end = 1.0 - smoothstep_between(0.525, 0.585, p.y);
        let ridge = gauss(d.x / (0.028 + 0.020 * down));
        h += self.nose * ridge * (0.012 + 0.062 * down) * end * smoothstep_between(0.2, 0.34, p.y);
        h -= self.lips * 0.004 * gauss(d.x / 0.014) * gauss((p.y - 0.605) / 0.02);
        h += self.lips * 0.022 * blob(p, anatomy::MOUTH, Vec2::new(0.15, 0.10));
        h -= self.chin * 0.008 * blob(p, Vec2::new(0.5, 0.783), Vec2::new(0.095, 0.024));
        h += self.chin * 0.026 * blob(p, anatomy::CHIN, Vec2::new(0.085, 0.065));
        h += 0.008 * blob(p, Vec2::new(0.5, 0.17), Vec2::new(0.2, 0.09));
        for side in Side::BOTH {
            let q = side.place(p);
            h += self.nose * 0.024 * blob(q, Vec2::new(0.427, 0.538), Vec2::new(0.026, 0.028));
            h += self.brow * 0.016 * blob(q, Vec2::new(0.37, 0.262), Vec2::new(0.085, 0.03));
            h += self.brow * 0.010 * blob(q, Vec2::new(0.26, 0.27), Vec2::new(0.05, 0.035));
            h -= self.sockets * 0.028 * blob(q, Vec2::new(0.385, 0.34), Vec2::new(0.095, 0.05));
            h += self.sockets * 0.014 * blob(q, anatomy::EYE, Vec2::new(0.062, 0.038));
            h += self.cheeks * 0.026 * blob(q, anatomy::CHEEK, Vec2::new(0.088, 0.085));
            h -= self.cheeks * 0.004 * blob(q, Vec2::new(0.335, 0.615), Vec2::new(0.045, 0.07));
            h -= 0.014 * blob(q, Vec2::new(0.185, 0.27), Vec2::new(0.05, 0.09));
        }
        h
    }
}

fn gauss(x: f32) -> f32 {
    (-x * x).exp()
}

/// A soft round hill, 1 at `centre`.
pub(super) fn blob(p: Vec2, centre: Vec2, radius: Vec2) -> f32 {
    (-((p - centre) / radius).length_squared()).exp()
}

/// The carved form: its slope (x, y) and how hollow each place lies (z).
pub(super) struct Form {
    places: Field<Vec3>,
}

impl Form {
    const SIDE: usize = 256;

    /// Carves the form whose height at a UV is `height` (UV units).
    pub(super) fn carve(height: impl Fn(Vec2) -> f32 + Sync) -> Self {
        let heights = Field::bake(Self::SIDE, height);
        let step = 1.0 / (Self::SIDE - 1) as f32;
        let places = Field::bake(Self::SIDE, |p| {
            let slope =
                |axis: Vec2| (heights.at(p + axis * step) - heights.at(p - axis * step)) / (2.0 * step);
            let mut around = 0.0;
            for i in 0..16 {
                let radius = if i % 2 == 0 { 0.022 } else { 0.05 };
                around += heights.at(p + Vec2::from_angle(i as f32 * std::f32::consts::FRAC_PI_8) * radius);
            }
            Vec3::new(slope(Vec2::X), slope(Vec2::Y), 140.0 * (around / 16.0 - heights.at(p)))
        });
        Self { places }
    }

    /// Slope of the form at `p`, and how far the place lies under its surroundings (as [`Self::hollow`]).
    fn place(&self, p: Vec2) -> (Vec2, f32) {
        let place = self.places.at(p);
        (place.truncate(), place.z.clamp(-1.0, 1.0))
    }

    /// How far the place lies under its surroundings; -1..=1, positive in hollows.
    pub(super) fn hollow(&self, p: Vec2) -> f32 {
        self.place(p).1
    }
}

/// The light a mask is seen in.
#[derive(Clone, Copy)]
pub(super) struct Studio {
    /// Share of the light that comes from the lamp above, 0..=1; the rest comes from everywhere.
    pub(super) key: f32,
    /// How much hollows darken, 0..=1.
    pub(super) occlusion: f32,
    /// Colour that shade takes on (linear, multiplied).
    pub(super) shade: Vec3,
    /// Strength of the reflected lamps; 1 is a lacquer's.
    pub(super) sheen: f32,
}

impl Studio {
    /// Lights one texel: linear colour as the viewer sees it. `slope` is the whole slope, form and relief.
    fn light(&self, texel: &Texel, slope: Vec2, hollow: f32) -> Vec3 {
        let slope = slope / (1.0 + 0.25 * slope.length());
        let normal = Vec3::new(-slope.x, -slope.y, 1.0).normalize();
        let lamp = Vec3::new(0.0, -0.5, 0.866);
        let facing = normal.dot(lamp).max(0.0) / lamp.z;
        let lit = (1.0 - self.key + self.key * facing) * (1.0 - self.occlusion * hollow.max(0.0));
        let shade = Vec3::ONE.lerp(self.shade, ((1.0 - lit) * 1.6).clamp(0.0, 1.0));
        let seen =
            Vec3::new(2.0 * normal.z * normal.x, 2.0 * normal.z * normal.y, 2.0 * normal.z * normal.z - 1.0);
        let rough = 1.0 - texel.gloss;
        let lamps = reflected(seen, rough);
        // Schlick's approximation, 4 % at right angles, as for lacquer and glaze.
        let grazing = (1.0 - normal.z).powi(5);
        let coat = self.sheen * texel.gloss * (0.045 + 0.5 * grazing) * (0.10 + lamps);
        // Half of the sheen takes on the paint's hue, as light does that goes in and out of a deep coat:
        // without it dark reds and blues turn grey.
        let hue = texel.colour / texel.colour.max_element().max(0.02);
        let pigment = texel.colour * lit * shade + coat * Vec3::ONE.lerp(hue, 0.5);
        // Metal shows the room itself: bright above, dark below.
        let leaf = texel.colour * (0.16 * lit + (0.48 - 0.46 * seen.y).max(0.04) + 0.9 * lamps);
        pigment.lerp(leaf, texel.metal)
    }

    /// Lights a picture's pixel: the mean of its four texels.
    fn light_four(&self, four: &[(Texel, Vec2); 4], hollow: f32) -> Vec3 {
        let (texel, slope) = mean(four);
        let alike = four.iter().all(|(t, s)| {
            (t.colour - texel.colour).abs().max_element() < 0.02
                && (t.metal - texel.metal).abs() < 0.05
                && (*s - slope).abs().max_element() < 0.12
        });
        if alike {
            return self.light(&texel, slope, hollow);
        }
        // Brighter than white is clipped before the average, or the rims of glints turn jagged.
        0.25 * four.iter().map(|(t, s)| self.light(t, *s, hollow).min(Vec3::splat(1.4))).sum::<Vec3>()
    }
}

/// The mean of four neighbours, each a texel and its slope.
fn mean(four: &[(Texel, Vec2); 4]) -> (Texel, Vec2) {
    let mut sum = (Texel::default(), Vec2::ZERO);
    for (texel, slope) in four {
        sum.0.colour += 0.25 * texel.colour;
        sum.0.gloss += 0.25 * texel.gloss;
        sum.0.metal += 0.25 * texel.metal;
        sum.1 += 0.25 * *slope;
    }
    sum
}

/// Brightness of the lamps in direction `r`: a wide soft one above, two strips beside.
fn reflected(r: Vec3, rough: f32) -> f32 {
    let soft = 0.10 + 0.45 * rough;
    let pane = |x: f32, half: f32| 1.0 - smoothstep_between(half - soft, half + soft, x.abs());
    let above = 2.6 * pane(r.x, 0.55) * pane(r.y + 0.62, 0.20);
    let beside = 1.1 * pane(r.x.abs() - 0.78, 0.10) * pane(r.y + 0.1, 0.5);
    (above + beside) / (1.0 + 0.8 * rough)
}

impl Canvas {
    /// Lights the canvas and makes the picture of half its size: RGBA, sRGB, opaque.
    pub(super) fn develop(&self, form: &Form, studio: &Studio) -> Vec<u8> {
        let (side, step) = (self.side(), self.texel());
        let size = side / Self::OVERSAMPLE;
        let texels = self.texels();
        let mut rgba = vec![0_u8; size * size * 4];
        let curve: Vec<u8> = (0..=BRIGHTEST * STEPS).map(|i| encode(film(i as f32 / STEPS as f32))).collect();
        let encoded = |v: f32| curve[((v.max(0.0) * STEPS as f32) as usize).min(BRIGHTEST * STEPS)];
        let relief = |x: usize, y: usize| texels[y.min(side - 1) * side + x.min(side - 1)].relief;
        in_bands(&mut rgba, size * 4, |row, line| {
            let (from, to) = self.reach(row * Self::OVERSAMPLE);
            let (from, to) = (from / Self::OVERSAMPLE, to.div_ceil(Self::OVERSAMPLE));
            for (column, pixel) in line.chunks_exact_mut(4).enumerate().take(to).skip(from) {
                let centre = (Vec2::new(column as f32, row as f32) + 0.5) / size as f32;
                let (carved, hollow) = form.place(centre);
                let mut four = [(Texel::default(), Vec2::ZERO); 4];
                for (i, sample) in four.iter_mut().enumerate() {
                    let (x, y) = (column * 2 + i % 2, row * 2 + i / 2);
                    let across = relief(x + 1, y) - relief(x.saturating_sub(1), y);
                    let down = relief(x, y + 1) - relief(x, y.saturating_sub(1));
                    *sample = (texels[y * side + x], carved + Vec2::new(across, down) / (2.0 * step));
                }
                let colour = studio.light_four(&four, hollow);
                pixel.copy_from_slice(&[encoded(colour.x), encoded(colour.y), encoded(colour.z), 255]);
            }
        });
        self.spread(&mut rgba);
        rgba
    }

    /// Carries the colour at the rim of the painted part out to the picture's edges.
    fn spread(&self, rgba: &mut [u8]) {
        let size = self.side() / Self::OVERSAMPLE;
        let painted = |row: usize| {
            let (from, to) = self.reach(row * Self::OVERSAMPLE);
            let (from, to) = (from / Self::OVERSAMPLE, to / Self::OVERSAMPLE);
            // One pixel inside where there is room: at the very rim the relief has no neighbours.
            if to > from + 8 { (from + 1, to - 1) } else { (from, to) }
        };
        let Some(first) = (0..size).find(|&row| painted(row).0 < painted(row).1) else { return };
        let last = (first..size).rfind(|&row| painted(row).0 < painted(row).1).unwrap_or(first);
        for row in first..=last {
            let (from, to) = painted(row);
            let line = &mut rgba[row * size * 4..(row + 1) * size * 4];
            line.copy_within(from * 4..from * 4 + 4, 0);
            for column in (1..from).chain(to..size) {
                let source = if column < from { 0 } else { to - 1 };
                line.copy_within(source * 4..source * 4 + 4, column * 4);
            }
        }
        for row in (0..first).chain(last + 1..size) {
            let source = if row < first { first } else { last };
            rgba.copy_within(source * size * 4..(source + 1) * size * 4, row * size * 4);
        }
    }
}

/// Light above this many times white is all the same; the picture's tone curve has `STEPS` steps to white.
const BRIGHTEST: usize = 3;
const STEPS: usize = 4096;

/// The tone curve: straight to a shoulder, then rolling off to white, so that glints keep their colour at the
/// rim.
fn film(linear: f32) -> f32 {
    const SHOULDER: f32 = 0.72;
    if linear < SHOULDER {
        return linear;
    }
    SHOULDER + (1.0 - SHOULDER) * (1.0 - (-(linear - SHOULDER) / (1.0 - SHOULDER)).exp())
}

/// Linear 0..=1 to an sRGB byte.
fn encode(linear: f32) -> u8 {
    (omote_frame::srgb::encode(linear) * 255.0 + 0.5) as u8
}
