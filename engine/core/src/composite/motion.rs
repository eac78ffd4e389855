//! How far a face goes while the shutter is open: a persona on a blurred head is blurred as much.
//!
//! The way from frame to frame is known from the mesh; which part of it the shutter is open for is not. A streak of length
//! L takes slopes along it away and leaves those across: of the ratio of their energies, against the face's own at rest,
//! 1 / (1 + L / [`HALVES`]) is left. That was fitted to seven portraits, smeared across and down by 3 to 41 pixels at eye
//! distances of 60 and 116 pixels: single faces lie up to 40 % off, so the share is averaged. It is the camera's, and
//! changes slowly.

use crate::frame::{Frame, FrameTime};
use crate::space::{MeshPoint, PxRect};
use crate::topology::OVAL;
use glam::{Mat2, Vec2, Vec3};
use omote_shaders::layout::MotionBlurParams;
use std::collections::HashMap;

/// Streak that leaves half of the ratio, in steps of the slopes.
const HALVES: f32 = 6.0;
/// A step is this part of the eye distance, and at least so many pixels.
const STEP: f32 = 1.0 / 60.0;
const STEP_LEAST: f32 = 2.0;
/// Way in a frame, in steps, up to which the face is at rest, and those between which a streak can be measured: a long one
/// leaves nothing but noise.
const REST: f32 = 0.8;
const TELLING: (f32, f32) = (3.0, 8.0);
/// Streaks shorter than this, in pixels, are none.
const SHORTEST: f32 = 2.0;
/// Greatest streak in eye distances: farther on nothing of the face can be made out.
const LONGEST: f32 = 0.6;
/// Share of a new measurement, once there are some, of the slopes at rest and of the shutter.
const REST_RATE: f32 = 0.1;
const SHUTTER_RATE: f32 = 0.12;
/// A gap after which the way is not known, seconds.
const GAP_S: f32 = 0.12;
/// Slopes are taken in about this many columns.
const COLUMNS: u32 = 100;
/// Pixels between two taps, and taps at most.
const TAP: f32 = 2.0;
const TAPS: (u32, u32) = (3, 15);
/// Outer corners of the eyes.
const EYES: [usize; 2] = [33, 263];

/// Energies of the slopes across, down, and their product, in the face's own frame.
type Slopes = Vec3;

struct Motion {
    time: FrameTime,
    centre: Vec2,
    rest: Option<Slopes>,
    /// Part of the time between two frames for which the shutter is open, 0..=1, and how often it was measured.
    shutter: f32,
    measured: u32,
    streak: Vec2,
}

/// The faces' motions.
#[derive(Default)]
pub(super) struct Motions {
    faces: HashMap<u64, Motion>,
}

impl Motions {
    /// How a face with these points is smeared in this frame; `codes` are the pixels of `region`. Nothing where it stands or
    /// was not drawn in the frame before.
    pub(super) fn blur(
        &mut self,
        frame: &Frame,
        (face, time): (u64, FrameTime),
        points: &[MeshPoint],
        region: PxRect,
        codes: &[u32],
    ) -> Option<MotionBlurParams> {
        let centre =
            OVAL.iter().filter_map(|i| points.get(usize::from(*i))).map(|p| p.truncate()).sum::<Vec2>()
                / OVAL.len() as f32;
        let [right, left] = EYES.map(|i| points.get(i).map(|p| p.truncate()));
        let eyes = left? - right?;
        if !centre.is_finite() || !eyes.is_finite() || eyes.length() < 1.0 {
            return None;
        }
        if self.faces.len() > 64 {
            self.faces.retain(|_, m| time.0.saturating_sub(m.time.0).as_secs() < 60);
        }
        let fresh = || Motion { time, centre, rest: None, shutter: 0.0, measured: 0, streak: Vec2::ZERO };
        let motion = self.faces.entry(face).or_insert_with(fresh);
        let elapsed = time.0.saturating_sub(motion.time.0).as_secs_f32();
        if elapsed > 0.0 {
            let way = centre - motion.centre;
            (motion.time, motion.centre, motion.streak) = (time, centre, Vec2::ZERO);
            if elapsed <= GAP_S {
                let slopes = |step| slopes(frame, region, codes, step, eyes);
                motion.go(way, eyes, slopes);
            }
        }
        let streak = motion.streak;
        let taps = ((streak.length() / TAP) as u32 | 1).clamp(TAPS.0, TAPS.1);
        let size = [region.width, region.height];
        let params = MotionBlurParams { size, streak: streak.to_array(), taps, pad: 0, more: [0; 2] };
        (streak != Vec2::ZERO).then_some(params)
    }
}

impl Motion {
    /// Goes on by a way in pixels; `slopes` measures with a step in pixels.
    fn go(&mut self, way: Vec2, eyes: Vec2, slopes: impl Fn(u32) -> Option<Slopes>) {
        let step = (eyes.length() * STEP).round().max(STEP_LEAST);
        let steps = way.length() / step;
        if steps <= REST {
            if let Some(now) = slopes(step as u32) {
                self.rest = Some(self.rest.map_or(now, |rest| rest.lerp(now, REST_RATE)));
            }
            return;
        }
        if (TELLING.0..=TELLING.1).contains(&steps)
            && let (Some(rest), Some(now)) = (self.rest, slopes(step as u32))
        {
            let along = Mat2::from_angle(-eyes.to_angle()) * (way / way.length());
            let left = ratio(now, along) / ratio(rest, along).max(1e-6);
            let streak = HALVES * (1.0 / left.clamp(0.05, 1.0) - 1.0);
            self.measured = self.measured.saturating_add(1);
            let rate = SHUTTER_RATE.max(1.0 / self.measured as f32);
            self.shutter += ((streak / steps).min(1.0) - self.shutter) * rate;
        }
        let streak = (way * self.shutter).clamp_length_max(LONGEST * eyes.length());
        if streak.length() >= SHORTEST {
            self.streak = streak;
        }
    }
}

/// Energy of the slopes along a direction over that of those across it.
fn ratio(slopes: Slopes, along: Vec2) -> f32 {
    let energy = |d: Vec2| d.x * d.x * slopes.x + d.y * d.y * slopes.y + 2.0 * d.x * d.y * slopes.z;
    energy(along) / energy(along.perp()).max(1e-6)
}

/// Mean energies of the slopes of luma (of green in RGB pictures) inside the region's ellipse. Nothing where it is too small.
fn slopes(frame: &Frame, region: PxRect, codes: &[u32], step: u32, eyes: Vec2) -> Option<Slopes> {
    let (width, height) = (region.width, region.height);
    let channel = if frame.format().is_yuv() { 0 } else { 8 };
    let at =
        |x: u32, y: u32| codes.get((y * width + x) as usize).map_or(0.0, |c| (c >> channel & 255) as f32);
    let stride = (width / COLUMNS).max(1);
    let (mut sum, mut n) = (Vec3::ZERO, 0.0);
    let half = Vec2::new(width as f32, height as f32) * 0.5;
    for y in (step..height.saturating_sub(step)).step_by(stride as usize) {
        for x in (step..width.saturating_sub(step)).step_by(stride as usize) {
            let from_middle = (Vec2::new(x as f32, y as f32) - half) / (half * 0.9);
            if from_middle.length_squared() > 1.0 {
                continue;
            }
            let (dx, dy) = (at(x + step, y) - at(x - step, y), at(x, y + step) - at(x, y - step));
            sum += Vec3::new(dx * dx, dy * dy, dx * dy);
            n += 1.0;
        }
    }
    let mean = sum / f32::max(n, 1.0);
    // Into the face's frame: R' T R.
    let turn = Mat2::from_angle(eyes.to_angle());
    let tensor = Mat2::from_cols(Vec2::new(mean.x, mean.z), Vec2::new(mean.z, mean.y));
    let own = turn.transpose() * tensor * turn;
    (n > 200.0).then(|| Vec3::new(own.x_axis.x, own.y_axis.y, own.x_axis.y))
}

#[cfg(test)]
mod tests;
