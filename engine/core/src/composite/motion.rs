//! How far a face goes while the shutter is open: a persona on a blurred head is blurred as much.
//!
//! The way from frame to frame is known from the mesh; which part of it the shutter is open for is not. A streak of length
//! L takes slopes along it away and leaves those across: of the ratio of their energies, against the face's own at rest,
//! 1 / (1 + L / [`MotionTuning::halves`]) is left. That was fitted to seven portraits, smeared across and down by 3 to 41
//! pixels at eye distances of 60 and 116 pixels: single faces lie up to 40 % off, so the share is averaged. It is the
//! camera's, and changes slowly.

use super::DrawCall;
use super::tuning::MotionTuning;
use crate::frame::{Frame, FrameTime};
use crate::space::PxRect;
use crate::topology::OVAL;
use glam::{Mat2, Vec2, Vec3};
use omote_shaders::layout::MotionBlurParams;
use std::collections::HashMap;

/// Outer corners of the eyes.
const EYES: [usize; 2] = [33, 263];

/// Energies of the slopes across, down, and their product, in the face's own frame.
type Slopes = Vec3;

/// The live pixels of a face's region.
pub(super) struct Pixels<'a> {
    pub(super) frame: &'a Frame,
    pub(super) region: PxRect,
    pub(super) codes: &'a [u32],
}

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
    /// How a face is smeared in this frame. Nothing where it stands or was not drawn in the frame before.
    pub(super) fn blur(
        &mut self,
        pixels: &Pixels<'_>,
        call: &DrawCall<'_>,
        tuning: &MotionTuning,
    ) -> Option<MotionBlurParams> {
        let DrawCall { face, time, points, .. } = *call;
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
            if elapsed <= tuning.gap_s {
                let slopes = |step| pixels.slopes(step, eyes, tuning);
                motion.advance(way, eyes, tuning, slopes);
            }
        }
        let streak = motion.streak;
        let taps = ((streak.length() / tuning.tap) as u32 | 1).clamp(tuning.taps.0, tuning.taps.1);
        let size = [pixels.region.width, pixels.region.height];
        let params = MotionBlurParams { size, streak: streak.to_array(), taps, pad: 0, more: [0; 2] };
        (streak != Vec2::ZERO).then_some(params)
    }
}

impl Motion {
    /// Goes on by a way in pixels; `slopes` measures with a step in pixels.
    fn advance(
        &mut self,
        way: Vec2,
        eyes: Vec2,
        tuning: &MotionTuning,
        slopes: impl Fn(u32) -> Option<Slopes>,
    ) {
        let step = (eyes.length() * tuning.step).round().max(tuning.least_step);
        let steps = way.length() / step;
        if steps <= tuning.rest {
            if let Some(now) = slopes(step as u32) {
                self.rest = Some(self.rest.map_or(now, |rest| rest.lerp(now, tuning.rest_rate)));
            }
            return;
        }
        if (tuning.telling.0..=tuning.telling.1).contains(&steps)
            && let (Some(rest), Some(now)) = (self.rest, slopes(step as u32))
        {
            let along = Mat2::from_angle(-eyes.to_angle()) * (way / way.length());
            let left = ratio(now, along) / ratio(rest, along).max(1e-6);
            let streak = tuning.halves * (1.0 / left.clamp(tuning.least_ratio, 1.0) - 1.0);
            self.measured = self.measured.saturating_add(1);
            let rate = tuning.shutter_rate.max(1.0 / self.measured as f32);
            self.shutter += ((streak / steps).min(1.0) - self.shutter) * rate;
        }
        let streak = (way * self.shutter).clamp_length_max(tuning.longest * eyes.length());
        if streak.length() >= tuning.shortest {
            self.streak = streak;
        }
    }
}

/// Energy of the slopes along a direction over that of those across it.
fn ratio(slopes: Slopes, along: Vec2) -> f32 {
    let energy = |d: Vec2| d.x * d.x * slopes.x + d.y * d.y * slopes.y + 2.0 * d.x * d.y * slopes.z;
    energy(along) / energy(along.perp()).max(1e-6)
}

impl Pixels<'_> {
    /// Mean energies of the slopes of luma (of green in RGB pictures) inside the region's ellipse, taken over `step` pixels
    /// each way, in the frame of the eyes' line. Nothing where the ellipse is too small.
    fn slopes(&self, step: u32, eyes: Vec2, tuning: &MotionTuning) -> Option<Slopes> {
        let (width, height) = (self.region.width, self.region.height);
        let channel = if self.frame.format().is_yuv() { 0 } else { 8 };
        let value = |x: u32, y: u32| {
            self.codes.get((y * width + x) as usize).map_or(0.0, |c| (c >> channel & 255) as f32)
        };
        let stride = (width / tuning.columns).max(1) as usize;
        let half = Vec2::new(width as f32, height as f32) * 0.5;
        let (mut sum, mut n) = (Vec3::ZERO, 0.0);
        for y in (step..height.saturating_sub(step)).step_by(stride) {
            for x in (step..width.saturating_sub(step)).step_by(stride) {
                let from_middle = (Vec2::new(x as f32, y as f32) - half) / (half * tuning.ellipse);
                if from_middle.length_squared() > 1.0 {
                    continue;
                }
                let dx = value(x + step, y) - value(x - step, y);
                let dy = value(x, y + step) - value(x, y - step);
                sum += Vec3::new(dx * dx, dy * dy, dx * dy);
                n += 1.0;
            }
        }
        let mean = sum / f32::max(n, 1.0);
        // Into the face's frame: R' T R.
        let turn = Mat2::from_angle(eyes.to_angle());
        let tensor = Mat2::from_cols(Vec2::new(mean.x, mean.z), Vec2::new(mean.z, mean.y));
        let own = turn.transpose() * tensor * turn;
        (n > tuning.places).then(|| Vec3::new(own.x_axis.x, own.y_axis.y, own.x_axis.y))
    }
}

#[cfg(test)]
mod tests;
