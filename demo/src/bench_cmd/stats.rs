//! What many frames say together.

use super::report::Times;

/// The middle of values; between the two middle ones where their number is even. 0 for none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    middle(&sorted)
}

fn middle(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    let at = |i: usize| sorted.get(i).copied().unwrap_or_default();
    if n % 2 == 1 { at(n / 2) } else { (at((n / 2).wrapping_sub(1)) + at(n / 2)) / 2.0 }
}

/// Median distance from the median, relative to it.
pub(crate) fn spread(values: &[f64]) -> f64 {
    let centre = median(values);
    let off: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    if centre > 0.0 { median(&off) / centre } else { 0.0 }
}

/// How many of `n` sorted values lie outside the median's 95 % confidence interval on each side: the most that lie below
/// the true median with a chance of at most 2.5 %, by the binomial distribution. 0 where there are too few values.
pub(crate) fn outside(n: usize) -> usize {
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

impl Times {
    /// Of the frames of all rounds, in their order, in milliseconds.
    pub(crate) fn of(rounds: &[Vec<f64>]) -> Self {
        let mut sorted: Vec<f64> = rounds.concat();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        if n == 0 {
            return Self::default();
        }
        let cut = outside(n);
        // Nearest rank.
        let at = |share: f64| sorted[((share * n as f64).ceil() as usize).clamp(1, n) - 1];
        let steps: Vec<f64> =
            rounds.iter().flat_map(|r| r.windows(2)).map(|pair| (pair[1] - pair[0]).abs()).collect();
        let medians = rounds.iter().filter(|r| !r.is_empty()).map(|r| median(r));
        Self {
            median: middle(&sorted),
            low: sorted[cut],
            high: sorted[n - 1 - cut],
            p50: at(0.50),
            p95: at(0.95),
            p99: at(0.99),
            max: sorted[n - 1],
            jitter: steps.iter().sum::<f64>() / steps.len().max(1) as f64,
            best_round: medians.fold(f64::INFINITY, f64::min),
        }
    }
}

/// Numbers by chance, the same for the same seed (splitmix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Brings a list into random order.
    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, (self.next() % (i as u64 + 1)) as usize);
        }
    }
}
