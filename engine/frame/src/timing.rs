//! How long each stage took, as percentiles.

use crate::statistics::percentile;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The machine's monotonic clock, as cameras stamp their pictures: on Linux CLOCK_MONOTONIC, elsewhere the
/// time since this was first asked.
pub fn now() -> Duration {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
    }
    #[cfg(not(target_os = "linux"))]
    {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// Percentiles of one stage, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Number of samples.
    pub count: usize,
    /// Half of the samples are at most this.
    pub p50: f64,
    /// 95 of 100 are.
    pub p95: f64,
    /// 99 of 100 are.
    pub p99: f64,
    /// The longest.
    pub max: f64,
    /// The mean.
    pub mean: f64,
}

/// Samples of every stage of a whole run, by name: a histogram each, whose size does not grow with the
/// number of samples.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    stages: BTreeMap<&'static str, Stage>,
    order: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Stage {
    /// In tenths of a microsecond, to three digits.
    histogram: Histogram<u32>,
    sum: Duration,
}

/// Units of the histograms in a millisecond.
const UNITS: f64 = 1e4;
/// Longest sample told from longer ones.
const HOUR: u64 = 36_000_000_000;

impl Timings {
    /// Adds a sample.
    pub fn add(&mut self, stage: &'static str, took: Duration) {
        let Some(kept) = self.stage(stage) else { return };
        let units = u64::try_from(took.as_nanos() / 100).unwrap_or(u64::MAX);
        // Cannot fail: it grows by itself.
        kept.histogram.record(units.min(HOUR)).unwrap_or_default();
        kept.sum += took;
    }

    fn stage(&mut self, name: &'static str) -> Option<&mut Stage> {
        if !self.stages.contains_key(name) {
            // Three digits are allowed, so this gives one; it grows as longer samples come.
            let mut histogram = Histogram::new(3).ok()?;
            histogram.auto(true);
            self.stages.insert(name, Stage { histogram, sum: Duration::ZERO });
            self.order.push(name);
        }
        self.stages.get_mut(name)
    }

    /// Runs `work` and adds the time it took.
    pub fn measure<T>(&mut self, stage: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let out = work();
        self.add(stage, start.elapsed());
        out
    }

    /// Moves another's samples in.
    pub fn absorb(&mut self, other: &Self) {
        for name in &other.order {
            if let (Some(from), Some(to)) = (other.stages.get(name), self.stage(name)) {
                to.sum += from.sum;
                // Cannot fail: it grows by itself, so nothing is out of its range.
                to.histogram.add(&from.histogram).unwrap_or_default();
            }
        }
    }

    /// Each stage's percentiles, in the order in which stages were first seen.
    pub fn summaries(&self) -> Vec<(&'static str, Summary)> {
        self.order.iter().filter_map(|s| Some((*s, self.stages.get(s)?.summary()))).collect()
    }
}

impl Stage {
    fn summary(&self) -> Summary {
        let h = &self.histogram;
        let at = |q: f64| h.value_at_quantile(q) as f64 / UNITS;
        let count = h.len() as usize;
        let mean = self.sum.as_secs_f64() * 1e3 / count.max(1) as f64;
        Summary { count, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1.0), mean }
    }
}

/// The last samples of a stage, in a buffer of fixed size.
#[derive(Clone, Debug)]
pub struct Recent {
    /// Milliseconds.
    samples: std::collections::VecDeque<f32>,
    most: usize,
}

impl Recent {
    /// Keeps `most` samples.
    pub fn new(most: usize) -> Self {
        Self { samples: std::collections::VecDeque::with_capacity(most), most }
    }

    /// Adds a sample; the oldest goes.
    pub fn add(&mut self, took: Duration) {
        if self.samples.len() >= self.most {
            self.samples.pop_front();
        }
        self.samples.push_back(took.as_secs_f32() * 1e3);
    }

    /// The last `count` samples in ms, the oldest first.
    pub fn last(&self, count: usize) -> Vec<f32> {
        self.samples.iter().skip(self.samples.len().saturating_sub(count)).copied().collect()
    }

    /// Their percentiles.
    pub fn summary(&self) -> Summary {
        summary(&self.last(self.most))
    }
}

fn summary(samples: &[f32]) -> Summary {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f32::total_cmp);
    let n = sorted.len();
    let at = |share: f64| percentile(&sorted, share);
    let mean = sorted.iter().map(|v| f64::from(*v)).sum::<f64>() / (n.max(1) as f64);
    Summary { count: n, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1.0), mean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_one_to_a_hundred() {
        let mut t = Timings::default();
        for ms in (1..=100u64).rev() {
            t.add("x", Duration::from_millis(ms));
        }
        let (name, s) = t.summaries()[0];
        assert_eq!((name, s.count), ("x", 100));
        for (found, expected) in [(s.p50, 50.0), (s.p95, 95.0), (s.p99, 99.0), (s.max, 100.0), (s.mean, 50.5)]
        {
            assert!((found - expected).abs() < expected * 1e-3, "{s:?}");
        }
    }

    #[test]
    fn nothing_measured_gives_nothing() {
        assert!(Timings::default().summaries().is_empty());
    }
}
