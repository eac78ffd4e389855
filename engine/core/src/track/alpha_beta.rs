//! The filter of the rigid pose, an alpha-beta filter with adaptive gains: it goes on at its speed, and each sample corrects
//! it the more, the farther the sample lies beyond what noise explains.
//!
//! With the innovation d (sample minus prediction) and the sample's noise σ, the gain is d² / (d² + σ²), Wiener's rule
//! with d² for the signal. A head at rest is calm, a moving one is followed at once, and the result is never farther
//! from the sample than σ / 2. Unlike a low-pass it doesn't lag behind steady motion.

use glam::{Quat, Vec3};

/// Tuning of the pose's filters. How to read the fields' notes is said in [`super::Tuning`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AlphaBetaTuning {
    /// Least gain, 0..=1: at rest the filter still follows slow drift.
    ///
    /// From: not recorded (b37b942). Test: `turns_glide_too`.
    pub least_gain: f32,
    /// How many times noisier turns out of the picture's plane are than those in it.
    ///
    /// From: tuned (b062ebe). Test: `turns_glide_too`.
    pub depth_noise: f32,
}

impl Default for AlphaBetaTuning {
    fn default() -> Self {
        Self { least_gain: 0.06, depth_noise: 4.0 }
    }
}

/// Gains for place and speed. The speed's is that of a critically damped alpha-beta filter (Benedict and Bordner,
/// IRE Trans. Automatic Control 7, 1962).
fn gains(innovation: f32, noise: f32, least: f32) -> (f32, f32) {
    let (d, n) = (innovation * innovation, noise * noise);
    let place = if d + n > 0.0 { (d / (d + n)).max(least) } else { 1.0 };
    (place, place * place / (2.0 - place))
}

/// A filtered value with its speed a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AlphaBeta {
    pub(super) value: Vec3,
    pub(super) speed: Vec3,
}

impl AlphaBeta {
    /// A value at rest.
    pub(super) fn new(value: Vec3) -> Self {
        Self { value, speed: Vec3::ZERO }
    }

    /// Where it will be after `elapsed` seconds.
    pub(super) fn predict(&self, elapsed: f32) -> Vec3 {
        self.value + self.speed * elapsed
    }

    /// Takes a sample in, `elapsed` seconds (> 0) after the last. `noise` is in the value's unit.
    pub(super) fn update(&mut self, sample: Vec3, noise: f32, elapsed: f32, tuning: &AlphaBetaTuning) {
        let predicted = self.predict(elapsed);
        let innovation = sample - predicted;
        let (place, speed) = gains(innovation.length(), noise, tuning.least_gain);
        self.value = predicted + innovation * place;
        self.speed += innovation * (speed / elapsed);
    }
}

/// A filtered rotation with its angular speed, radians a second about the picture's axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AlphaBetaRotation {
    pub(super) value: Quat,
    pub(super) speed: Vec3,
}

impl AlphaBetaRotation {
    /// A rotation at rest.
    pub(super) fn new(value: Quat) -> Self {
        Self { value, speed: Vec3::ZERO }
    }

    /// Where it will be after `elapsed` seconds.
    pub(super) fn predict(&self, elapsed: f32) -> Quat {
        Quat::from_scaled_axis(self.speed * elapsed) * self.value
    }

    /// Goes on by `elapsed` seconds (> 0) and takes in a sample's turn out of the picture's plane, which hardly shows in a
    /// mesh: it counts [`AlphaBetaTuning::depth_noise`] times as noisy. `noise` in radians. Gives the sample's turn in the plane beyond the
    /// predicted one, for [`AlphaBetaRotation::turn_in_plane`].
    pub(super) fn turn_in_depth(
        &mut self,
        sample: Quat,
        noise: f32,
        elapsed: f32,
        tuning: &AlphaBetaTuning,
    ) -> f32 {
        let predicted = self.predict(elapsed);
        let turn = sample * predicted.inverse();
        // The shorter way round.
        let innovation = (if turn.w < 0.0 { -turn } else { turn }).to_scaled_axis();
        let depth = innovation.truncate().extend(0.0);
        let (place, speed) = gains(depth.length(), noise * tuning.depth_noise, tuning.least_gain);
        self.value = (Quat::from_scaled_axis(depth * place) * predicted).normalize();
        self.speed += depth * (speed / elapsed);
        innovation.z
    }

    /// As [`AlphaBeta::update`] for the turn in the picture's plane, after [`AlphaBetaRotation::turn_in_depth`]: `innovation` is the
    /// sample's beyond the predicted one, in radians.
    pub(super) fn turn_in_plane(
        &mut self,
        innovation: f32,
        noise: f32,
        elapsed: f32,
        tuning: &AlphaBetaTuning,
    ) {
        let (place, speed) = gains(innovation.abs(), noise, tuning.least_gain);
        self.value = (Quat::from_rotation_z(innovation * place) * self.value).normalize();
        self.speed.z += innovation * (speed / elapsed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TUNING: AlphaBetaTuning = AlphaBetaTuning { least_gain: 0.06, depth_noise: 4.0 };

    #[test]
    fn the_gain_is_half_where_innovation_and_noise_are_equal() {
        let mut glide = AlphaBeta::new(Vec3::ZERO);
        glide.update(Vec3::new(3.0, 4.0, 0.0), 5.0, 0.5, &TUNING);
        assert!((glide.value - Vec3::new(1.5, 2.0, 0.0)).length() < 1e-6);
        // Speed gain 0.25 / 1.5, over half a second.
        assert!((glide.speed - Vec3::new(1.0, 4.0 / 3.0, 0.0)).length() < 1e-5);
    }

    #[test]
    fn without_noise_the_sample_is_taken_and_far_samples_nearly_so() {
        let mut glide = AlphaBeta::new(Vec3::ZERO);
        glide.update(Vec3::X, 0.0, 0.1, &TUNING);
        assert_eq!(glide.value, Vec3::X);
        let mut glide = AlphaBeta::new(Vec3::ZERO);
        glide.update(Vec3::X * 100.0, 1.0, 0.1, &TUNING);
        assert!((glide.value.x - 100.0).abs() < 0.5, "never farther than half the noise");
    }

    #[test]
    fn steady_motion_is_followed_without_lag() {
        let mut glide = AlphaBeta::new(Vec3::ZERO);
        for i in 1..200 {
            glide.update(Vec3::X * i as f32, 2.0, 0.04, &TUNING);
        }
        assert!((glide.value.x - 199.0).abs() < 0.01, "{glide:?}");
        assert!((glide.speed.x - 25.0).abs() < 0.1);
    }

    fn take(turn: &mut AlphaBetaRotation, sample: Quat, noise: f32, elapsed: f32) {
        let plane = turn.turn_in_depth(sample, noise, elapsed, &TUNING);
        turn.turn_in_plane(plane, noise, elapsed, &TUNING);
    }

    #[test]
    fn turns_glide_too() {
        let mut turn = AlphaBetaRotation::new(Quat::IDENTITY);
        for i in 1..100 {
            // The sign of a quaternion means nothing.
            let sample = Quat::from_rotation_z(0.05 * i as f32) * if i % 2 == 0 { 1.0 } else { -1.0 };
            take(&mut turn, sample, 0.02, 0.04);
        }
        assert!(turn.value.angle_between(Quat::from_rotation_z(0.05 * 99.0)) < 1e-3);
        assert!((turn.speed.z - 1.25).abs() < 0.02);
        // As far as the noise goes, a turn in the plane is followed half, one out of it hardly. (A quaternion's
        // imaginary part is the sine of half its angle.)
        let mut still = AlphaBetaRotation::new(Quat::IDENTITY);
        take(&mut still, Quat::from_rotation_z(0.1), 0.1, 0.04);
        assert!((still.value.z - 0.025f32.sin()).abs() < 1e-5, "{:?}", still.value);
        let mut still = AlphaBetaRotation::new(Quat::IDENTITY);
        take(&mut still, Quat::from_rotation_y(0.1), 0.1, 0.04);
        assert!((still.value.y - (0.05 * TUNING.least_gain).sin()).abs() < 1e-5, "{:?}", still.value);
    }
}
