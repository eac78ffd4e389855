//! Frames a second, as a fraction of whole numbers.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::FrameTime;

/// Frames a second as `num / den`; both are above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    num: u32,
    den: u32,
}

/// Text that is no rate.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is no frame rate: give a number such as 30 or 29.97, or a fraction such as 30000/1001")]
pub struct RateError {
    text: String,
}

impl Rate {
    /// What a source without a rate of its own runs at.
    pub const DEFAULT: Self = Self { num: 30, den: 1 };

    /// `num / den` frames a second; nothing where one of the two is 0.
    pub const fn new(num: u32, den: u32) -> Option<Self> {
        if num == 0 || den == 0 { None } else { Some(Self { num, den }) }
    }

    /// Frames counted in `den` seconds.
    pub const fn num(self) -> u32 {
        self.num
    }

    /// The seconds in which `num` frames are counted.
    pub const fn den(self) -> u32 {
        self.den
    }

    /// Frames a second.
    pub fn per_second(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// When frame `index` is taken, counted from frame 0; the end of time where that is out of range.
    pub fn time(self, index: u64) -> FrameTime {
        let nanos = u128::from(index) * u128::from(self.den) * 1_000_000_000 / u128::from(self.num);
        let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
        FrameTime(Duration::new(seconds, (nanos % 1_000_000_000) as u32))
    }

    /// The rate that `num` and `den` seconds make, with the fraction shortened. Nothing where it is
    /// not above 0 or does not fit.
    pub fn reduced(num: u64, den: u64) -> Option<Self> {
        let (mut a, mut b) = (num, den);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let by = a.max(1);
        Self::new(u32::try_from(num / by).ok()?, u32::try_from(den / by).ok()?)
    }

    /// Television's rates are written with two or three decimals but mean thousands by 1001.
    fn decimal(text: &str) -> Option<Self> {
        let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 6 || rest.len() > 6 || !digits(whole) || !digits(rest) {
            return None;
        }
        let scale = 10u64.pow(rest.len() as u32);
        let value = format!("{whole}{rest}").parse::<u64>().ok()?;
        let television = (value * 1001 + scale * 500) / (scale * 1000) * 1000;
        let off = (television * scale).abs_diff(value * 1001) as f64 / (scale as f64 * 1001.0);
        if rest.len() >= 2 && off < 0.006 {
            return Self::reduced(television, 1001);
        }
        Self::reduced(value, scale)
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let made = match text.split_once(['/', ':']) {
            Some((num, den)) => num.parse().ok().zip(den.parse().ok()).and_then(|(n, d)| Self::reduced(n, d)),
            None => Self::decimal(text),
        };
        made.ok_or_else(|| RateError { text: text.into() })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.den {
            1 => write!(f, "{}", self.num),
            den => write!(f, "{}/{den}", self.num),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_people_write_them() {
        for (text, num, den) in [
            ("30", 30, 1),
            ("25.0", 25, 1),
            ("12.5", 25, 2),
            ("29.97", 30000, 1001),
            ("23.976", 24000, 1001),
            ("23.98", 24000, 1001),
            ("59.94", 60000, 1001),
            ("30.00", 30, 1),
            ("24.50", 49, 2),
            ("60000/1001", 60000, 1001),
            ("50:2", 25, 1),
        ] {
            assert_eq!(text.parse(), Ok(Rate { num, den }), "{text}");
        }
        for text in ["", "0", "0/1", "1/0", "-3", "x", "1e3", "30,5", "9999999", "5000000000/1"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_do_not_drift() {
        let ntsc = Rate { num: 30000, den: 1001 };
        assert_eq!(ntsc.time(30_000 * 3600).0, Duration::from_secs(1001 * 3600));
        assert_eq!(Rate::DEFAULT.time(1).0, Duration::from_nanos(33_333_333));
        assert_eq!(Rate { num: 1, den: u32::MAX }.time(u64::MAX).0.as_secs(), u64::MAX);
    }
}
