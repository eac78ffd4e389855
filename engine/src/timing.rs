//! How long each stage took, as percentiles.

use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

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

/// Samples of every stage, by name.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    stages: BTreeMap<&'static str, Vec<f32>>,
    order: Vec<&'static str>,
}

impl Timings {
    /// Adds a sample.
    pub fn add(&mut self, stage: &'static str, took: Duration) {
        let samples = self.stages.entry(stage).or_insert_with(|| {
            self.order.push(stage);
            Vec::new()
        });
        samples.push(took.as_secs_f32() * 1e3);
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
        for stage in &other.order {
            for ms in other.stages.get(stage).into_iter().flatten() {
                self.add(stage, Duration::from_secs_f32(ms.max(0.0) / 1e3));
            }
        }
    }

    /// Each stage's percentiles, in the order in which stages were first seen.
    pub fn summaries(&self) -> Vec<(&'static str, Summary)> {
        self.order.iter().filter_map(|s| Some((*s, summary(self.stages.get(s)?)))).collect()
    }
}

/// Percentiles by the nearest-rank method.
fn summary(samples: &[f32]) -> Summary {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f32::total_cmp);
    let n = sorted.len();
    let at = |p: f64| {
        let rank = (p * n as f64).ceil().max(1.0) as usize;
        sorted.get(rank.min(n).wrapping_sub(1)).map_or(0.0, |v| f64::from(*v))
    };
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
            assert!((found - expected).abs() < 1e-3, "{s:?}");
        }
    }

    #[test]
    fn nothing_measured_gives_nothing() {
        assert!(Timings::default().summaries().is_empty());
    }
}
