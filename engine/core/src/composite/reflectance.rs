//! How much light the wearer's skin throws back, told from the face itself: what the light on a painted persona is
//! relative to. Skin is compared with what lies within the eyes' lids: pupil and lashes are dark on everybody, the white is
//! bright, whatever the light is; so a dim room and dark skin are told apart in the first picture.

use super::DrawCall;
use super::motion::Pixels;
use super::tuning::LightTuning;
use crate::frame::FrameTime;
use crate::space::{Outline, bounds, goes_round};
use crate::topology::{EYE_LEFT, EYE_RIGHT};
use glam::{Vec2, Vec3};
use omote_shaders::cpu::decode_srgb;
use std::collections::HashMap;

/// The lids' outline of each eye, corners and middles of its lids, and places on the skin of its side: below it, beside the
/// mouth and above it.
const SIDES: [(&[u16; 16], [usize; 4], [usize; 4]); 2] = [
    (&EYE_RIGHT, [33, 133, 159, 145], [50, 187, 205, 108]),
    (&EYE_LEFT, [263, 362, 386, 374], [280, 411, 425, 337]),
];
/// Of linear red, green and blue.
const LUMINANCE: Vec3 = Vec3::new(0.2126, 0.7152, 0.0722);
/// The eyes' outer corners.
const CORNERS: [usize; 2] = [33, 263];

/// The estimate: natural logarithm of the reflectance of skin by the logarithms of skin to the darkest, the middle and the
/// brightest within the lids, and a constant. Least squares over 611 portraits without glasses in studio light, light, middle
/// and brown skin counting alike. Dimmed to 0.17 with noise, lit from a side, by a warm lamp, by a blue screen and from
/// above, the estimate moves by -0.15 to 0.02; over people it is off by 0.31 (standard deviation), and dark skin is taken
/// for 1.9 times as bright as it is.
const WEIGHTS: [f32; 4] = [0.589, -0.945, 0.686, -1.641];
/// Which parts of the sorted luminances within the lids those are.
const QUANTILES: [f32; 3] = [0.05, 0.5, 0.95];
/// Linear light added to both sides of the ratios, as for the portraits.
const FLOOR: f32 = 0.004;
/// Distance between the eyes' outer corners in the blocks of pixels that were measured there.
const APART: f32 = 36.0;
/// Blocks within the lids that are needed.
const LEAST: usize = 12;
/// An eye that is less open, height to width, tells nothing.
const OPEN: f32 = 0.15;
/// Bounds of what skin is believed to throw back, 0..=1.
const POSSIBLE: (f32, f32) = (0.06, 0.5);

/// What is known of one face.
#[derive(Clone, Copy, Debug)]
struct Known {
    seen: FrameTime,
    /// Mean logarithm, and how many pictures told it.
    mean: f32,
    told: f32,
    /// By how much more light than good light falls on the face usually, 1 or more.
    lift: f32,
}

/// The reflectance of each face's skin.
#[derive(Debug, Default)]
pub(super) struct Reflectances {
    faces: HashMap<u64, Known>,
}

impl Reflectances {
    /// The linear luminance at which a call's face shows paint as it is painted: what its skin throws back of good light, as
    /// far as is known by now; more where more light falls on it for long, since paint can't be brighter than white.
    pub(super) fn reference(
        &mut self,
        call: &DrawCall<'_>,
        pixels: &Pixels<'_>,
        tuning: &LightTuning,
    ) -> f32 {
        let fresh = Known { seen: call.time, mean: tuning.usual_skin.ln(), told: 0.0, lift: 1.0 };
        let known = self.faces.entry(call.face).or_insert(fresh);
        let elapsed = call.time.0.saturating_sub(known.seen.0).as_secs_f32();
        known.seen = call.time;
        let told = estimate(call, pixels);
        if let Some((now, _)) = told {
            // The first picture tells it; those that follow move it slowly, or paint would flicker.
            let weight = if known.told == 0.0 { 1.0 } else { known.told + tuning.skin_calm };
            known.mean += (now - known.mean) / weight;
            known.told = (known.told + 1.0).min(tuning.skin_frames);
        }
        let good = known.mean.exp() * tuning.good;
        if let Some((_, skin)) = told {
            let wanted = (skin / (good * tuning.brightest)).max(1.0);
            let share = if known.told == 1.0 { 1.0 } else { 1.0 - (-elapsed / tuning.adapt_s).exp() };
            known.lift += (wanted - known.lift) * share;
        }
        let reference = good * known.lift;
        if self.faces.len() > 64 {
            self.faces.retain(|_, known| call.time.0.saturating_sub(known.seen.0).as_secs() < 60);
        }
        reference
    }
}

/// The natural logarithm of the skin's reflectance by one picture, and the skin's linear luminance; none where neither eye is
/// open, large enough and free.
fn estimate(call: &DrawCall<'_>, pixels: &Pixels<'_>) -> Option<(f32, f32)> {
    let at = |k: usize| call.points.get(k).map(|p| p.truncate());
    let apart = at(CORNERS[0])?.distance(at(CORNERS[1])?);
    let block = (apart / APART).round().clamp(1.0, 64.0) as i32;
    let (mut sum, mut weight, mut eyes) = (0.0, 0.0, 0.0);
    for (lids, [outer, inner, upper, lower], skin) in SIDES {
        let (width, height) = (at(outer)?.distance(at(inner)?), at(upper)?.distance(at(lower)?));
        let middle = (at(outer)? + at(inner)?) * 0.5;
        let covered = call.occlusion.front().is_some_and(|front| front.covers(middle));
        if height < OPEN * width || covered {
            continue;
        }
        let outline: Outline = lids.iter().filter_map(|k| at(usize::from(*k))).collect();
        let Some(within) = luminances_within(&outline, block, pixels) else { continue };
        let places = skin.map(|k| at(k).and_then(|at| skin_luminance(at, block, pixels)));
        let mut skin: Vec<f32> = places.into_iter().flatten().collect();
        if skin.len() < places.len() {
            continue;
        }
        skin.sort_by(f32::total_cmp);
        let skin = 0.5 * (skin[1] + skin[2]) + FLOOR;
        let quantile = |part: f32| within[(part * (within.len() - 1) as f32).round() as usize];
        let told: f32 =
            QUANTILES.iter().zip(WEIGHTS).map(|(part, w)| w * (skin / (quantile(*part) + FLOOR)).ln()).sum();
        // In the shadow of a lamp from the side the camera's noise tells more than the eye.
        sum += (told + WEIGHTS[3]) * skin;
        weight += skin;
        eyes += 1.0;
    }
    let found: f32 = sum / weight;
    let told = weight > 0.0 && found.is_finite();
    told.then(|| (found.clamp(POSSIBLE.0.ln(), POSSIBLE.1.ln()), weight / eyes))
}

/// Linear luminances of the blocks within an outline, darkest first; none where they are too few.
fn luminances_within(outline: &[Vec2], block: i32, pixels: &Pixels<'_>) -> Option<Vec<f32>> {
    let (low, high) = bounds(outline.iter().copied());
    let (low, high) = (low.floor().as_ivec2(), high.ceil().as_ivec2());
    let mut found = Vec::new();
    for y in (low.y..=high.y).step_by(block as usize) {
        for x in (low.x..=high.x).step_by(block as usize) {
            if goes_round(outline, Vec2::new(x as f32, y as f32)) {
                found.extend(pixels.mean_luminance([x, y], block));
            }
        }
    }
    found.sort_by(f32::total_cmp);
    (found.len() >= LEAST).then_some(found)
}

/// Mean linear luminance of 3 x 3 blocks round a place; none beyond the region.
fn skin_luminance(at: Vec2, block: i32, pixels: &Pixels<'_>) -> Option<f32> {
    let at = at.round().as_ivec2();
    let mut sum = 0.0;
    for dy in -1..=1 {
        for dx in -1..=1 {
            sum += pixels.mean_luminance([at.x + dx * block, at.y + dy * block], block)?;
        }
    }
    Some(sum / 9.0)
}

impl Pixels<'_> {
    /// Mean linear luminance of a block of the picture's pixels, from four of them; none beyond the region.
    fn mean_luminance(&self, middle: [i32; 2], block: i32) -> Option<f32> {
        let to_rgb = self.frame.codes_to_rgb();
        let (half, quarter) = (block / 2, block / 4);
        let near = [quarter, block - 1 - quarter];
        let mut sum = 0.0;
        for y in near {
            for x in near {
                let x = u32::try_from(middle[0] - half + x).ok()?.checked_sub(self.region.x)?;
                let y = u32::try_from(middle[1] - half + y).ok()?.checked_sub(self.region.y)?;
                let inside = x < self.region.width && y < self.region.height;
                let code = self.codes.get((y * self.region.width + x) as usize).filter(|_| inside)?;
                let [a, b, c, _] = code.to_le_bytes().map(|v| f32::from(v) / 255.0);
                let rgb = to_rgb.map(|r| decode_srgb(r[0] * a + r[1] * b + r[2] * c + r[3]));
                sum += Vec3::from_array(rgb).dot(LUMINANCE);
            }
        }
        Some(sum / 4.0)
    }
}

#[cfg(test)]
mod tests;
