//! What the screen showed when.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use omote_engine::timing::now;

use super::code::BITS;
use crate::statistics::median;

/// For how long pictures are remembered, whatever the display's rate: longer than the oldest light that is looked for.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(10);

/// The screen's pictures, numbered round and round, each with the time from which it was shown.
#[derive(Debug, Default)]
pub(super) struct Screen(Mutex<VecDeque<(u16, Duration)>>);

impl Screen {
    /// Begins the next picture: its number.
    pub(super) fn next(&self) -> u16 {
        self.begin(now())
    }

    /// The same at a time of one's own.
    pub(super) fn begin(&self, time: Duration) -> u16 {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = log.back().map_or(0, |(n, _)| n.wrapping_add(1) % (1 << BITS));
        log.push_back((number, time));
        while log.pop_front_if(|(_, t)| *t + KEPT_FOR < time).is_some() {}
        number
    }

    /// The pictures that were begun not before `since`, and the one before them.
    pub(super) fn since(&self, since: Duration) -> Vec<(u16, Duration)> {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = log.iter().rposition(|(_, t)| *t < since).unwrap_or(0);
        log.iter().skip(first).copied().collect()
    }

    /// When the newest picture was begun; zero before there is one.
    pub(super) fn last(&self) -> Duration {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.back().map_or(Duration::ZERO, |(_, t)| *t)
    }

    /// Seconds from picture to picture, the median over those that are remembered; none before there are three.
    pub(super) fn period(&self) -> Option<f64> {
        let log = self.since(Duration::ZERO);
        let steps: Vec<f64> = log.windows(2).map(|w| (w[1].1 - w[0].1).as_secs_f64()).collect();
        (steps.len() >= 2).then(|| median(&steps))
    }
}
