//! Consents end while a pipeline runs: the calendar is looked at once in a while.

use std::time::{Duration, Instant};

use crate::persona::Date;

/// Between two looks. Consents end with a day, so nobody is worn for longer than this after its end.
const LOOK: Duration = Duration::from_secs(30);

/// Which day it is, by the system's clock.
#[derive(Debug)]
pub(super) struct Calendar {
    pub(super) today: fn() -> Date,
    pub(super) looked: Option<Instant>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { today: crate::persona::today, looked: None }
    }
}

impl Calendar {
    /// The day, where it is time to look, or where something `new` is to be judged.
    pub(super) fn look(&mut self, new: bool) -> Option<Date> {
        if !new && self.looked.is_some_and(|at| at.elapsed() < LOOK) {
            return None;
        }
        self.looked = Some(Instant::now());
        Some((self.today)())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_asked_for_at_first_then_seldom_and_for_what_is_new() {
        let mut calendar = Calendar { today: || Date::from_unix(0), looked: None };
        assert!(calendar.look(false).is_some());
        assert!(calendar.look(false).is_none());
        assert!(calendar.look(true).is_some());
        calendar.looked = Instant::now().checked_sub(LOOK);
        assert!(calendar.look(false).is_some());
    }
}
