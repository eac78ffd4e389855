//! What time it is for a live pipeline: the machine's monotonic clock, or one that a test moves by hand.

use crate::slot::{Taken, Taker};
use crate::timing;
use std::time::Duration;

/// The clock of a live pipeline. Copies show the same time.
#[derive(Clone, Debug, Default)]
pub(super) enum Clock {
    /// [`timing::now`], by which cameras stamp their pictures.
    #[default]
    Machine,
    /// It stands still until it is moved on.
    #[cfg(test)]
    Manual(std::sync::Arc<std::sync::Mutex<Duration>>),
}

impl Clock {
    /// The time now.
    pub(super) fn now(&self) -> Duration {
        match self {
            Self::Machine => timing::now(),
            #[cfg(test)]
            Self::Manual(time) => *time.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        }
    }

    /// Waits for a value, at most `limit` by this clock.
    pub(super) fn take<T>(&self, from: &Taker<T>, limit: Duration) -> Taken<T> {
        match self {
            Self::Machine => from.take(limit),
            #[cfg(test)]
            Self::Manual(_) => {
                let until = self.now() + limit;
                loop {
                    match from.take(Duration::from_millis(1)) {
                        Taken::Late if self.now() < until => {}
                        taken => return taken,
                    }
                }
            }
        }
    }

    /// How long to wait on the machine's clock before this one is looked at again, where `limit` is to pass.
    pub(super) fn patience(&self, limit: Duration) -> Duration {
        match self {
            Self::Machine => limit,
            #[cfg(test)]
            Self::Manual(_) => limit.min(Duration::from_millis(1)),
        }
    }
}

#[cfg(test)]
impl Clock {
    /// One that shows this time until it is moved.
    pub(super) fn manual(time: Duration) -> Self {
        Self::Manual(std::sync::Arc::new(std::sync::Mutex::new(time)))
    }

    /// Moves a manual clock on.
    pub(super) fn advance(&self, by: Duration) {
        if let Self::Manual(time) = self {
            *time.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += by;
        }
    }
}
