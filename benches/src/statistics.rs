//! What many samples say together: medians with their intervals, spread, and means of samples that hang together.

use omote_engine::frame::statistics::{self, percentile};

use crate::report::Times;

/// Standard errors on each side of a mean's 95 % confidence interval, of a normal distribution.
const SIGMAS: f64 = 1.96;
/// Runs of samples whose means are taken as independent, at most, and samples in each, at least.
const RUNS: usize = 20;
const RUN: usize = 5;

/// The values from the least to the greatest.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The middle of values; between the two middle ones where their number is even. 0 for none.
pub fn median(values: &[f64]) -> f64 {
    statistics::median(&sorted(values))
}

/// The least value and the median: what the machine could do, and what it usually did. Zeros for none.
pub fn best_and_median(values: &[f64]) -> [f64; 2] {
    let sorted = sorted(values);
    [sorted.first().copied().unwrap_or_default(), statistics::median(&sorted)]
}

/// Median distance from the median, relative to it. 0 for none.
pub fn spread(values: &[f64]) -> f64 {
    let centre = median(values);
    let off: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    if centre > 0.0 { median(&off) / centre } else { 0.0 }
}

/// How many of `n` sorted values lie outside the median's 95 % confidence interval on each side: the most that lie below
/// the true median with a chance of at most 2.5 %, by the binomial distribution. 0 where there are too few values.
pub fn outside(n: usize) -> usize {
    // In logarithms: 2^-n is no number for a long run.
    let mut term = n as f64 * 0.5_f64.ln();
    let mut below = 0.0;
    for k in 0..n {
        below += term.exp();
        if below > 0.025 {
            return k.saturating_sub(1);
        }
        term += ((n - k) as f64 / (k + 1) as f64).ln();
    }
    0
}

/// Mean distance between a value and the next, over all runs; steps from one run to another don't count.
pub fn jitter(runs: &[Vec<f64>]) -> f64 {
    let steps = runs.iter().flat_map(|run| run.windows(2)).map(|pair| (pair[1] - pair[0]).abs());
    let (sum, count) = steps.fold((0.0, 0usize), |(sum, count), step| (sum + step, count + 1));
    sum / count.max(1) as f64
}

/// The arithmetic mean. 0 for none.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Half of the 95 % confidence interval of a mean of values that hang together with their neighbours, from the means of
/// runs of them (batch means: Law, Simulation Modeling and Analysis, section 9.5.3).
pub fn half_interval(values: &[f64]) -> f64 {
    let runs = (values.len() / RUN).clamp(2, RUNS);
    let per = values.len() / runs;
    let means: Vec<f64> = (0..runs)
        .map(|k| {
            let to = if k + 1 == runs { values.len() } else { (k + 1) * per };
            mean(values.get(k * per..to).unwrap_or_default())
        })
        .collect();
    let free = (runs - 1) as f64;
    let centre = mean(&means);
    let variance = means.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / free;
    student(free) * (variance / runs as f64).sqrt()
}

/// The 97.5 % point of Student's distribution: the first terms of its series for many degrees of freedom (Abramowitz and
/// Stegun, 26.7.5), within 1 % from 3 degrees on.
fn student(free: f64) -> f64 {
    let z = SIGMAS;
    let (a, b) = (z.powi(3) + z, 5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z);
    let c = 3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z;
    z + a / (4.0 * free) + b / (96.0 * free.powi(2)) + c / (384.0 * free.powi(3))
}

impl Times {
    /// Of the frames of all rounds, in their order, in milliseconds.
    pub fn from_rounds(rounds: &[Vec<f64>]) -> Self {
        let sorted = sorted(&rounds.concat());
        let n = sorted.len();
        let Some(max) = sorted.last().copied() else { return Self::default() };
        let cut = outside(n);
        let medians = rounds.iter().filter(|round| !round.is_empty()).map(|round| median(round));
        Self {
            median: statistics::median(&sorted),
            low: sorted[cut],
            high: sorted[n - 1 - cut],
            p50: percentile(&sorted, 0.50),
            p95: percentile(&sorted, 0.95),
            p99: percentile(&sorted, 0.99),
            max,
            jitter: jitter(rounds),
            best_round: medians.fold(f64::INFINITY, f64::min),
        }
    }
}
