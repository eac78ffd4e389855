//! Civil dates: enough of a calendar to say whether a consent still holds.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar, without time of day or time zone. Written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is not a day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date: write it as YYYY-MM-DD")]
pub struct DateError(String);

impl Date {
    /// A day; years 1 to 9999. `None` where the calendar has no such day.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let fits = (1..=9999).contains(&year) && (1..=days_in(year, month)).contains(&day);
        fits.then_some(Self { year, month, day })
    }

    /// The day that holds the moment `seconds` after 1970-01-01T00:00:00Z, in UTC.
    /// Moments outside the years 1970 to 9999 give the nearest of these days.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Self {
        let mut days = seconds / 86_400;
        let mut date = Self { year: 1970, month: 1, day: 1 };
        while date.year < 9999 {
            let length = if leap(date.year) { 366 } else { 365 };
            if days < length {
                break;
            }
            days -= length;
            date.year += 1;
        }
        while date.month < 12 && days >= u64::from(days_in(date.year, date.month)) {
            days -= u64::from(days_in(date.year, date.month));
            date.month += 1;
        }
        let last = u64::from(days_in(date.year, date.month)) - 1;
        date.day = days.min(last) as u8 + 1;
        date
    }

    /// The same day so many months later; the month's last day where it has no such day.
    #[must_use]
    pub fn plus_months(self, months: u16) -> Self {
        let month = u32::from(self.month) - 1 + u32::from(months);
        let year = (u32::from(self.year) + month / 12).min(9999) as u16;
        let month = (month % 12) as u8 + 1;
        Self { year, month, day: self.day.min(days_in(year, month)) }
    }
}

fn leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Days of a month; 0 for months that do not exist.
fn days_in(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u8::from(leap(year)),
        _ => 0,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let parse = || {
            let digits = text.bytes().enumerate().all(|(i, b)| match i {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            });
            if text.len() != 10 || !digits {
                return None;
            }
            let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u16>().ok();
            Self::new(part(0..4)?, part(5..7)? as u8, part(8..10)? as u8)
        };
        parse().ok_or_else(|| DateError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn only_days_of_the_calendar_parse() {
        for good in ["2026-11-23", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(date(good).to_string(), good);
        }
        for bad in [
            "",
            "2026-2-3",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2023-02-29",
            "1900-02-29",
            "2026-11-23 ",
            "２026-11-2",
            "+026-11-23",
            "2026/11/23",
            "0000-01-01",
        ] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        assert!(date("2026-11-23") < date("2026-12-01") && date("2025-12-31") < date("2026-01-01"));
    }

    #[test]
    fn days_are_counted_from_1970() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            // The day numbers are those of RFC 3339 examples and of `date -u -d @N`.
            (951_782_400, "2000-02-29"),
            (1_709_164_800, "2024-02-29"),
            (1_767_225_599, "2025-12-31"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(Date::from_unix(seconds).to_string(), expected, "{seconds}");
        }
    }

    #[test]
    fn months_are_added_by_the_calendar() {
        assert_eq!(date("2024-02-29").plus_months(24), date("2026-02-28"));
        assert_eq!(date("2026-11-30").plus_months(3), date("2027-02-28"));
        assert_eq!(date("2026-12-15").plus_months(1), date("2027-01-15"));
    }
}
