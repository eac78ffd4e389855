//! The One-Euro filter: a low-pass whose cutoff rises with speed, so that rest is calm and motion is prompt.
//!
//! Casiez, Roussel, Vogel: "1€ Filter", CHI 2012. Parameters and state are apart: many values share one tuning, and
//! time comes in as elapsed seconds, never from a clock.

use glam::Vec3;

/// Tuning, shared by all values that one kind of motion moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneEuro {
    /// Cutoff at rest, Hz. Lower is calmer.
    pub min_cutoff: f32,
    /// Rise of the cutoff, Hz for each unit a second. Higher follows motion more promptly.
    pub beta: f32,
    /// Cutoff of the speed's own low-pass, Hz.
    pub speed_cutoff: f32,
}

/// State of one filtered value of up to three components, which share one speed and so one cutoff.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct State {
    /// The filtered value.
    pub(super) value: Vec3,
    /// Its filtered speed, units a second.
    pub(super) speed: Vec3,
    raw: Vec3,
}

/// Weight of a new sample in a first-order low-pass of `cutoff` Hz after `elapsed` seconds.
pub(super) fn weight(cutoff: f32, elapsed: f32) -> f32 {
    1.0 / (1.0 + 1.0 / (std::f32::consts::TAU * cutoff * elapsed))
}

impl State {
    /// A value at rest.
    pub(super) fn new(value: Vec3) -> Self {
        Self { value, speed: Vec3::ZERO, raw: value }
    }

    /// Takes a sample in, `elapsed` seconds (> 0) after the last, and returns the filtered value.
    pub(super) fn update(&mut self, tuning: &OneEuro, sample: Vec3, elapsed: f32) -> Vec3 {
        self.update_in(tuning, sample, elapsed, 1.0)
    }

    /// The same for a value in other units than the tuning's: `unit` of them make one.
    pub(super) fn update_in(&mut self, tuning: &OneEuro, sample: Vec3, elapsed: f32, unit: f32) -> Vec3 {
        let speed = (sample - self.raw) / elapsed;
        self.speed = self.speed.lerp(speed, weight(tuning.speed_cutoff, elapsed));
        let cutoff = tuning.min_cutoff + tuning.beta * self.speed.length() / unit;
        self.value = self.value.lerp(sample, weight(cutoff, elapsed));
        self.raw = sample;
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TUNING: OneEuro = OneEuro { min_cutoff: 1.0, beta: 0.0, speed_cutoff: 1.0 };

    #[test]
    fn without_speed_term_it_is_a_plain_low_pass() {
        // alpha(1 Hz, 0.1 s) = 1 / (1 + 1 / (0.2 pi)).
        let alpha = 0.385_869_5;
        assert!((weight(1.0, 0.1) - alpha).abs() < 1e-6);
        let mut state = State::new(Vec3::ZERO);
        let one = state.update(&TUNING, Vec3::X, 0.1).x;
        let two = state.update(&TUNING, Vec3::X, 0.1).x;
        assert!((one - alpha).abs() < 1e-6);
        assert!((two - (alpha + (1.0 - alpha) * alpha)).abs() < 1e-6);
    }

    #[test]
    fn the_cutoff_follows_the_speed() {
        let tuning = OneEuro { beta: 2.0, ..TUNING };
        let mut state = State::new(Vec3::ZERO);
        state.update(&tuning, Vec3::new(1.0, 0.0, 0.0), 0.1);
        // Speed 10 a second, low-passed: 3.86; cutoff 1 + 2 * 3.86.
        let speed = 10.0 * weight(1.0, 0.1);
        assert!((state.speed.x - speed).abs() < 1e-5);
        assert!((state.value.x - weight(1.0 + 2.0 * speed, 0.1)).abs() < 1e-5);
    }

    #[test]
    fn the_result_depends_on_time_not_on_the_number_of_calls() {
        let run = |steps: u32| {
            let mut state = State::new(Vec3::ZERO);
            for _ in 0..steps {
                state.update(&TUNING, Vec3::ONE, 0.5 / steps as f32);
            }
            state.value.x
        };
        assert!((run(50) - run(100)).abs() < 0.01);
    }
}
