//! When each frame of an output is shown, and how far that is from when it should be.

use std::time::Duration;

use super::{Limits, SinkSpec, Times};
use crate::frame::FrameTime;
use crate::source::Rate;

/// Gives the frames of an output their times.
#[derive(Debug)]
pub(super) struct Schedule {
    rate: Rate,
    times: Times,
    /// Whether there is sound to go with the frames.
    sound: bool,
    first: Option<Duration>,
    last: Duration,
    frames: u64,
    /// The farthest that a frame is from where a steady rate puts it.
    farthest: Duration,
}

impl Schedule {
    pub(super) fn new(spec: &SinkSpec) -> Self {
        Self {
            rate: spec.rate,
            times: spec.times,
            sound: spec.audio.is_some(),
            first: None,
            last: Duration::ZERO,
            frames: 0,
            farthest: Duration::ZERO,
        }
    }

    /// When the next frame is shown, from the start of the input.
    pub(super) fn next(&mut self, own: FrameTime) -> Duration {
        let steady = self.rate.time(self.frames).0;
        self.frames += 1;
        if self.times == Times::Steady {
            return steady;
        }
        let first = *self.first.get_or_insert(own.0);
        // Whoever runs backwards is shown with the one before.
        self.last = self.last.max(own.0);
        self.farthest = self.farthest.max(self.last.saturating_sub(first).abs_diff(steady));
        self.last
    }

    /// What the output does not hold of all this.
    pub(super) fn remarks(&self, limits: Limits) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(form) = limits.no_sound.filter(|_| self.sound) {
            remarks.push(format!("left out: the sound ({form} holds none; .mp4 does)"));
        }
        let half = Duration::from_secs_f64((0.5 / self.rate.per_second()).min(3600.0));
        if let Some(form) = limits.no_times.filter(|_| self.farthest > half) {
            remarks.push(format!(
                "the pictures came at irregular times, which {form} can't hold: at a steady {:.2} a second they are \
                 up to {:.1} s beside their time; .mp4 keeps it",
                self.rate.per_second(),
                self.farthest.as_secs_f64()
            ));
        }
        remarks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(times: Times) -> SinkSpec {
        SinkSpec { times, ..SinkSpec::steady(Rate::DEFAULT) }
    }

    fn next(schedule: &mut Schedule, ms: u64) -> u128 {
        schedule.next(FrameTime(Duration::from_millis(ms))).as_millis()
    }

    #[test]
    fn steady_frames_go_by_the_rate_and_others_by_their_own_time() {
        let mut steady = Schedule::new(&spec(Times::Steady));
        assert_eq!([9000, 9000, 100].map(|ms| next(&mut steady, ms)), [0, 33, 66]);
        let mut own = Schedule::new(&spec(Times::Own));
        assert_eq!([700, 733, 2000, 1500].map(|ms| next(&mut own, ms)), [700, 733, 2000, 2000]);
    }

    #[test]
    fn what_a_form_can_not_hold_is_told_where_it_makes_a_difference() {
        let y4m = Limits { no_times: Some(".y4m"), no_sound: Some(".y4m") };
        let mut regular = Schedule::new(&spec(Times::Own));
        for ms in [500, 533, 567, 600] {
            next(&mut regular, ms);
        }
        assert!(regular.remarks(y4m).is_empty());
        let mut hole = Schedule::new(&SinkSpec { audio: Some("a.mp4".into()), ..spec(Times::Own) });
        for ms in [500, 533, 2567] {
            next(&mut hole, ms);
        }
        let told = hole.remarks(y4m);
        assert!(told[0].contains("the sound (.y4m holds none"), "{told:?}");
        assert!(told[1].contains("up to 2.0 s beside"), "{told:?}");
        assert!(hole.remarks(Limits::default()).is_empty());
    }
}
