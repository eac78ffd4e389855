//! A scale of a plot.

/// Values to places; straight or logarithmic.
pub(super) struct Axis {
    low: f64,
    high: f64,
    /// Places of the lowest and the highest value.
    from: f64,
    to: f64,
    log: bool,
}

impl Axis {
    /// From zero to a little more than the value.
    pub(super) fn from_zero(most: f64, from: f64, to: f64) -> Self {
        let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
        Self { low: 0.0, high: most * 1.04, from, to, log: false }
    }

    /// Just the range with some air; logarithmic where it is wide.
    pub(super) fn around(low: f64, high: f64, from: f64, to: f64) -> Self {
        let high = if high.is_finite() && high > 0.0 { high } else { 1.0 };
        let low = if low.is_finite() && low > 0.0 { low.min(high) } else { high / 10.0 };
        if high / low > 12.0 {
            return Self { low: low / 1.15, high: high * 1.15, from, to, log: true };
        }
        let air = ((high - low) * 0.06).max(high * 0.02);
        Self { low: (low - air).max(0.0), high: high + air, from, to, log: false }
    }

    pub(super) fn is_log(&self) -> bool {
        self.log
    }

    /// Whether the value is inside.
    pub(super) fn holds(&self, value: f64) -> bool {
        value >= self.low && value <= self.high
    }

    /// Place of a value; what is outside lands on the rim.
    pub(super) fn place(&self, value: f64) -> f64 {
        let value = if value.is_finite() { value.clamp(self.low, self.high) } else { self.low };
        let part = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + (self.to - self.from) * part
    }

    /// Round values with their words.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        if self.log {
            let steps: &[f64] = if self.high / self.low > 300.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
            let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
            return (first..=last)
                .flat_map(|e| steps.iter().map(move |s| s * 10f64.powi(e)))
                .filter(|v| self.holds(*v))
                .map(|v| (v, plain(v, 3)))
                .collect();
        }
        let step = round_step((self.high - self.low) / 5.0);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        // Steps like 0.25 need one more.
        let short = (step * 10f64.powi(decimals as i32)).fract().abs() > 1e-6;
        let mut n = (self.low / step).ceil();
        let mut out = Vec::new();
        while n * step <= self.high && out.len() < 20 {
            out.push((n * step, plain(n * step, decimals + usize::from(short))));
            n += 1.0;
        }
        out
    }
}

/// The round number that is nearest above.
fn round_step(raw: f64) -> f64 {
    let raw = if raw.is_finite() && raw > 1e-9 { raw } else { 1.0 };
    let unit = 10f64.powf(raw.log10().floor());
    [1.0, 2.0, 2.5, 5.0].into_iter().map(|s| s * unit).find(|s| *s >= raw * 0.999).unwrap_or(unit * 10.0)
}

/// The value without trailing zeros.
fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
