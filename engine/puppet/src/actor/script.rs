//! What the actor does when: head, blinks, speech, smiles and the light, as functions of time.

use super::chance::{mix, unit, wander};
use crate::{Expression, Light};
use glam::{Vec2, Vec3};
use std::f64::consts::TAU;

/// Everything that moves, at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Radians, as [`crate::PuppetPose`] has them.
    pub(super) yaw: f32,
    pub(super) pitch: f32,
    pub(super) roll: f32,
    /// Heights of the face.
    pub(super) shift: Vec2,
    pub(super) zoom: f32,
    /// 0 in its place, 1 out of the picture.
    pub(super) away: f32,
    pub(super) expression: Expression,
    pub(super) light: Light,
}

/// The face at rest: the portraits laugh, the actor smiles with closed lips.
const REST: Expression = Expression {
    blink_left: 0.0,
    blink_right: 0.0,
    mouth_open: -1.0,
    smile: -0.45,
    brow_raise: 0.0,
    gaze: Vec2::ZERO,
};

/// Length of the programme in seconds; it repeats with other sizes and signs.
const ROUND: f64 = 14.0;
/// One blink falls into each slot of so many seconds.
const BLINK_SLOT: f64 = 3.1;
/// A blink in seconds: closing, shut, opening.
const BLINK: [f64; 3] = [0.09, 0.05, 0.17];

impl Moment {
    /// Looking straight ahead in even light.
    pub(super) fn still() -> Self {
        Self {
            yaw: 0.0,
            pitch: 0.0,
            roll: 0.0,
            shift: Vec2::ZERO,
            zoom: 1.0,
            away: 0.0,
            expression: REST,
            light: light(0.0, -0.35, 0.0),
        }
    }

    /// Walks out of the picture, looking where it goes.
    pub(super) fn leave(&mut self, share: f32) {
        self.away = share;
        self.yaw = self.yaw * (1.0 - share) + 0.3 * (share * (1.0 - share) * 4.0);
    }
}

/// The seeded movements of one person.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    seed: u64,
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The person at `time` seconds.
    pub(super) fn at(&self, time: f64) -> Moment {
        let drift = |channel: u64, period: f64| wander(mix(self.seed, channel), time, period);
        let round = (time / ROUND).floor();
        let t = time - round * ROUND;
        let chance = |k: u64| unit(mix(self.seed, 1000 + round as u64), k);
        let size = |k: u64| 0.78 + 0.22 * chance(k);
        // From `a` to `b` within the round, with soft ends.
        let part = |a: f64, b: f64| window(t, (a + 0.4, b - 0.4), 0.4);
        let swing = |a: f64, b: f64, turns: f64| {
            let s = ((t - a) / (b - a)).clamp(0.0, 1.0);
            (s * TAU * turns).sin() as f32 * part(a, b)
        };

        let side = if chance(1) < 0.5 { -1.0 } else { 1.0 };
        let turn = side * 0.40 * size(2) * swing(1.2, 4.6, 1.0);
        let nod = 0.19 * size(3) * swing(4.4, 6.2, 2.0) + 0.20 * size(8) * swing(12.4, 14.0, 1.0);
        let tilt = side * 0.16 * size(4) * part(10.6, 12.6);
        let lean = 0.09 * size(5) * part(6.2, 10.0);
        let talk = part(6.0, 10.2).max(0.9 * part(2.2, 3.4));
        let laugh = size(6) * part(9.9, 12.4);

        let speech = self.speech(time) * talk;
        let rounded = 0.5 + 0.5 * drift(21, 0.31);
        let blink = self.blink(time);
        let look = Vec2::new(drift(31, 1.7), drift(32, 2.3)) * 0.25 + Vec2::new(turn * -0.8, nod * -0.6);
        let expression = Expression {
            blink_left: blink - 0.05 * laugh,
            blink_right: blink - 0.05 * laugh,
            mouth_open: (REST.mouth_open * (1.0 - laugh) + 1.15 * speech).min(1.0),
            smile: REST.smile * (1.0 - laugh) + 0.45 * laugh - 0.30 * speech * rounded,
            brow_raise: 0.25 * drift(33, 2.9).max(0.0)
                + 0.55 * part(9.6, 10.8)
                + 0.3 * talk * drift(34, 0.9).max(0.0),
            gaze: look.clamp(Vec2::splat(-0.8), Vec2::splat(0.8)),
        };
        Moment {
            yaw: turn + 0.07 * drift(1, 2.6) + 0.05 * talk * drift(2, 0.8),
            pitch: nod + 0.035 * drift(3, 2.1) + 0.04 * talk * drift(4, 0.55),
            roll: tilt + 0.035 * drift(5, 3.1),
            shift: Vec2::new(0.05 * drift(6, 3.7) + 0.10 * turn, 0.02 * drift(7, 2.9) + 0.05 * nod),
            zoom: 1.0 + lean + 0.012 * drift(8, 4.3),
            away: 0.0,
            expression,
            light: self.light(time),
        }
    }

    /// 0..=1: syllables in words with pauses between them.
    fn speech(&self, time: f64) -> f32 {
        let syllable = 0.5 + 0.5 * wander(mix(self.seed, 41), time, 0.115);
        let word = (wander(mix(self.seed, 42), time, 0.42) * 1.6 + 0.9).clamp(0.0, 1.0);
        syllable * word
    }

    /// 0 open, 1 shut.
    fn blink(&self, time: f64) -> f32 {
        let slot = (time / BLINK_SLOT).floor();
        let one = |slot: f64| {
            let start =
                (slot + 0.1 + 0.75 * f64::from(unit(mix(self.seed, 50), slot as i64 as u64))) * BLINK_SLOT;
            let t = time - start;
            let [down, shut, up] = BLINK;
            let share = if t < down { t / down } else { 1.0 - (t - down - shut) / up };
            soft(share.clamp(0.0, 1.0) as f32)
        };
        one(slot).max(one(slot - 1.0))
    }

    fn light(&self, time: f64) -> Light {
        let start = f64::from(unit(self.seed, 60)) * TAU;
        let aside = ((time / 9.0) * TAU + start).sin() as f32 * 0.95;
        let above = -0.35 + 0.2 * ((time / 13.0) * TAU).sin() as f32;
        light(aside, above, ((time / 11.0) * TAU + 1.0).sin() as f32)
    }
}

/// A lamp at an angle to the right of the picture and downwards (radians); `warmth` -1 cool to 1 warm.
fn light(aside: f32, down: f32, warmth: f32) -> Light {
    let towards = Vec3::new(aside.sin() * down.cos(), down.sin(), -aside.cos() * down.cos());
    let colour = Vec3::new(1.0 + 0.10 * warmth, 1.0, 1.0 - 0.14 * warmth);
    Light { towards, ambient: Vec3::new(0.33, 0.34, 0.35), lamp: colour * 0.74 }
}

/// What the light does to the room: its mean colour.
pub(super) fn tint(light: Light) -> Vec3 {
    light.ambient + light.lamp * 0.85
}

fn soft(v: f32) -> f32 {
    v * v * (3.0 - 2.0 * v)
}

/// 1 between the two times, with soft slopes of `ramp` seconds outside.
pub(super) fn window(time: f64, (from, to): (f64, f64), ramp: f64) -> f32 {
    let rise = ((time - from + ramp) / ramp).clamp(0.0, 1.0) as f32;
    let fall = ((to + ramp - time) / ramp).clamp(0.0, 1.0) as f32;
    soft(rise) * soft(fall)
}
