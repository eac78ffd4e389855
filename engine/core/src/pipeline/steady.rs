//! A clock that moves on, whatever stamps pictures bear: with one that stands still a lost face would never be old.

use crate::frame::FrameTime;
use std::time::Duration;

/// The step of a clock that stands still or runs backwards, until a true one is known; and the shortest and the longest one
/// taken for usual.
const STEP: Duration = Duration::from_millis(33);
const SHORTEST: Duration = Duration::from_millis(4);
const LONGEST: Duration = Duration::from_millis(100);

/// Mends the times of pictures that come one after the other. True times stay as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steady {
    /// The last time as it came, and as it was mended.
    raw: Option<Duration>,
    last: Duration,
    /// The usual step from picture to picture.
    step: Option<Duration>,
}

impl Steady {
    /// The time of the next picture: later than that of the one before. `arrived` is when it came, by the clock that its
    /// stamp goes by, where that is known; then no time lies ahead of it.
    pub(super) fn next(&mut self, time: FrameTime, arrived: Option<Duration>) -> FrameTime {
        let Some(raw) = self.raw.replace(time.0) else {
            self.last = arrived.map_or(time.0, |now| time.0.min(now));
            return FrameTime(self.last);
        };
        let usual = self.step.unwrap_or(STEP);
        let mended = match (time.0.checked_sub(raw).filter(|step| !step.is_zero()), arrived) {
            // A camera's stamps are true again as soon as they have passed the last time.
            (Some(_), Some(now)) if time.0 > self.last => time.0.min(now),
            (_, Some(now)) => now,
            (Some(step), None) => {
                if step >= SHORTEST {
                    self.step = Some(step.min(LONGEST));
                }
                self.last + step
            }
            (None, None) => self.last + usual,
        };
        self.last = mended.max(self.last + Duration::from_micros(1));
        FrameTime(self.last)
    }

    /// The mended time of a moment after the last picture, given by the pictures' own clock.
    pub(super) fn since(&self, time: FrameTime) -> FrameTime {
        let raw = self.raw.unwrap_or(time.0);
        FrameTime(if self.raw.is_none() { time.0 } else { self.last + time.0.saturating_sub(raw) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(times: &[u64], arrived: Option<&[u64]>) -> Vec<u64> {
        let mut clock = Steady::default();
        let ms = Duration::from_millis;
        let at = |k: usize| arrived.map(|a| ms(a[k]));
        times
            .iter()
            .enumerate()
            .map(|(k, t)| clock.next(FrameTime(ms(*t)), at(k)).0.as_millis() as u64)
            .collect()
    }

    #[test]
    fn true_times_stay_as_they_are() {
        let times = [500, 540, 541, 900, 5000];
        assert_eq!(mended(&times, None), times);
        assert_eq!(mended(&times, Some(&[510, 560, 560, 920, 5000])), times);
    }

    #[test]
    fn a_clock_that_stands_still_or_runs_backwards_moves_on() {
        assert_eq!(mended(&[0, 0, 0, 0], None), [0, 33, 66, 99]);
        assert_eq!(mended(&[100, 120, 120, 120, 140], None), [100, 120, 140, 160, 180]);
        assert_eq!(mended(&[1000, 1040, 20, 60, 100], None), [1000, 1040, 1080, 1120, 1160]);
        // After a pause, the usual step is no pause.
        assert_eq!(mended(&[0, 9000, 9000], None), [0, 9000, 9100]);
    }

    #[test]
    fn a_camera_s_broken_stamps_give_way_to_when_its_pictures_came() {
        let came = [100, 140, 180, 220, 260];
        assert_eq!(mended(&[90, 90, 90, 90, 250], Some(&came)), [90, 140, 180, 220, 250]);
        assert_eq!(mended(&[90, 20, 60, 100, 250], Some(&came)), [90, 140, 180, 220, 250]);
        assert_eq!(mended(&[900, 940, 980, 990, 999], Some(&came)), came);
    }

    #[test]
    fn an_idle_moment_lies_as_far_behind_the_last_picture_as_it_says() {
        let mut clock = Steady::default();
        let at = |ms| FrameTime(Duration::from_millis(ms));
        assert_eq!(clock.since(at(70)), at(70));
        for t in [1000, 1040, 20] {
            clock.next(at(t), None);
        }
        assert_eq!(clock.since(at(120)), at(1180));
        assert_eq!(clock.since(at(3)), at(1080));
    }
}
