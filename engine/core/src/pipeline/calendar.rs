//! Consents end while a pipeline runs: the calendar is looked at once in a while.

use std::time::Duration;

use crate::persona::Date;

/// Between two looks, by the clock that is handed in. Consents end with a day, so nobody is worn for longer than this after its end.
const CHECK_EVERY: Duration = Duration::from_secs(30);

/// Which day it is, by the system's clock.
#[derive(Debug)]
pub(super) struct Calendar {
    pub(super) today: fn() -> Date,
    pub(super) looked: Option<Duration>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { today: crate::persona::today, looked: None }
    }
}

impl Calendar {
    /// The day, where it is time to look, or where something `new` is to be judged. `now` is the time by a clock that moves
    /// on.
    pub(super) fn due_date(&mut self, now: Duration, new: bool) -> Option<Date> {
        if !new && self.looked.is_some_and(|at| now.saturating_sub(at) < CHECK_EVERY) {
            return None;
        }
        self.looked = Some(now);
        Some((self.today)())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_asked_for_at_first_then_seldom_and_for_what_is_new() {
        let mut calendar = Calendar { today: || Date::from_unix(0), looked: None };
        let at = Duration::from_secs;
        assert!(calendar.due_date(at(1), false).is_some());
        assert!(calendar.due_date(at(30), false).is_none());
        assert!(calendar.due_date(at(30), true).is_some());
        assert!(calendar.due_date(at(59), false).is_none());
        assert!(calendar.due_date(at(60), false).is_some());
    }
}
