//! The times of a video's pictures.

use std::time::Duration;

use super::LEAD;
use crate::source::Rate;
use omote_frame::{Frame, FrameId, FrameTime};

const SECOND: i128 = 1_000_000_000;

/// Gives frames their numbers and times: those of the file, counted from its start.
///
/// Many containers round times to milliseconds. A time that lies within such a tick of where the nominal rate
/// would have it is taken to be meant there, so that a regular video stays exactly regular.
#[derive(Debug)]
pub(super) struct Times {
    /// A tick of the file's times in nanoseconds.
    tick: i128,
    rate: Rate,
    first: Option<i128>,
    last: Option<i128>,
    /// When each picture was shown by the file, in nanoseconds.
    shown: Vec<i64>,
}

impl Times {
    /// For a file that counts in ticks of `base` seconds and means its pictures to come at `rate`.
    pub(super) fn new(base: Rate, rate: Rate) -> Self {
        let tick = i128::from(base.num()) * SECOND / i128::from(base.den());
        Self { tick: tick.max(1), rate, first: None, last: None, shown: Vec::new() }
    }

    /// How many frames were stamped.
    pub(super) fn count(&self) -> u64 {
        self.shown.len() as u64
    }

    /// When the file showed each picture so far, in nanoseconds from its start.
    pub(super) fn shown(&self) -> &[i64] {
        &self.shown
    }

    /// How many pictures are missing between those that came, by the distance in time, and when the first of them
    /// should have been shown. Nothing is missing where pictures come irregularly anyway.
    pub(super) fn holes(&self) -> (u64, Option<i64>) {
        let period = (i128::from(self.rate.den()) * SECOND / i128::from(self.rate.num())).max(1);
        let apart =
            || self.shown.windows(2).filter_map(|p| Some((*p.first()?, i128::from(p.last()? - p.first()?))));
        let steps = |apart: i128| (apart + period / 2) / period;
        let regular = apart().filter(|&(_, apart)| (apart - period).abs() * 4 < period).count();
        if regular * 10 < self.shown.len() * 9 {
            return (0, None);
        }
        let missing = apart().map(|(_, apart)| u64::try_from(steps(apart) - 1).unwrap_or(0)).sum();
        let first = apart().find(|&(_, apart)| steps(apart) > 1).map(|(at, _)| at);
        (missing, first.and_then(|at| at.checked_add(i64::try_from(period).ok()?)))
    }

    /// Stamps the next frame, which came at `pts` in ticks of `base`.
    pub(super) fn stamp(&mut self, frame: &mut Frame, pts: i64, base: (u64, u64)) {
        let (num, den) = (i128::from(base.0), i128::from(base.1).max(1));
        let exact = i128::from(pts) * num * SECOND / den - i128::from(LEAD) * SECOND;
        frame.id = FrameId(self.count());
        self.shown.push(i64::try_from(exact).unwrap_or(i64::MAX));
        let first = *self.first.get_or_insert(exact.max(0));
        let meant = self.meant(exact, first);
        // No picture comes before the one that came before it.
        let time = self.last.map_or(meant.max(0), |last| if meant > last { meant } else { last + self.tick });
        self.last = Some(time);
        frame.time = FrameTime(duration(time));
    }

    /// Where the nominal rate has a picture, when that is as good as where it is.
    fn meant(&self, exact: i128, first: i128) -> i128 {
        let (num, den) = (i128::from(self.rate.num()), i128::from(self.rate.den()));
        let period = den * SECOND / num;
        let index = u64::try_from((exact - first + period / 2) * num / (den * SECOND));
        let Ok(index) = index else { return exact };
        let regular = first + self.rate.time(index).0.as_nanos() as i128;
        let near = (regular - exact).abs() <= self.tick && self.tick * 4 <= period;
        let free = self.last.is_none_or(|last| regular > last);
        if near && free { regular } else { exact }
    }
}

fn duration(nanos: i128) -> Duration {
    let seconds = u64::try_from(nanos / SECOND).unwrap_or_default();
    Duration::new(seconds, (nanos % SECOND).max(0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_frame::{Colour, PixelFormat};

    /// The times in milliseconds of pictures that a file has at `ticks`.
    fn stamped(base: &str, rate: &str, ticks: &[i64]) -> Vec<f64> {
        let base: Rate = base.parse().unwrap();
        let mut times = Times::new(base, rate.parse().unwrap());
        let lead = LEAD * i64::from(base.den()) / i64::from(base.num());
        let stamp = |&at: &i64| {
            let mut frame = Frame::filled(PixelFormat::I420, Colour::JPEG, 2, 2, [0; 3]).unwrap();
            times.stamp(&mut frame, lead + at, (base.num().into(), base.den().into()));
            frame.time.0.as_nanos() as f64 / 1e6
        };
        ticks.iter().map(stamp).collect()
    }

    #[test]
    fn rounded_times_of_a_regular_video_become_exact() {
        let ticks: Vec<i64> = (0..3000).map(|i| (i as f64 * 1001.0 / 30.0).round() as i64).collect();
        let rate: Rate = "30000/1001".parse().unwrap();
        for (i, ms) in stamped("1/1000", "30000/1001", &ticks).into_iter().enumerate() {
            assert!((ms - rate.time(i as u64).0.as_nanos() as f64 / 1e6).abs() < 1e-6, "{i}: {ms}");
        }
        // From a later start too.
        assert_eq!(stamped("1/1000", "30", &[700, 733, 767]), [700.0, 733.333333, 766.666666]);
    }

    #[test]
    fn irregular_times_stay() {
        let ticks = [0, 3000, 9001, 9500, 600_000];
        let want = [0.0, 33.333333, 100.0, 105.555555, 6666.666666];
        for (got, want) in stamped("1/90000", "30", &ticks).into_iter().zip(want) {
            assert!((got - want).abs() < 0.02, "{got} for {want}");
        }
        // In a coarse time base nothing is taken for regular.
        assert_eq!(stamped("1/25", "25", &[0, 1, 5]), [0.0, 40.0, 200.0]);
    }

    #[test]
    fn times_that_stand_still_or_lie_before_the_start_still_go_on() {
        let got = stamped("1/1000", "30", &[-40, -20, 10, 10, 5, 50]);
        assert!(got.windows(2).all(|p| p[0] < p[1]), "{got:?}");
        assert_eq!((got[0], got[5]), (0.0, 50.0));
    }
}
