//! What libobs calls goes through here: a panic must not unwind into C, which would end OBS.

use omote_engine::error::panic_words;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// How often each callback has panicked.
static PANICS: Mutex<Vec<(&'static str, u64)>> = Mutex::new(Vec::new());

fn count(callback: &'static str) -> u64 {
    let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, count)) = panics.iter_mut().find(|(name, _)| *name == callback) {
        *count += 1;
        return *count;
    }
    panics.push((callback, 1));
    1
}

/// Runs `work`; after a panic the answer is `otherwise`, and the log says so (the first time, the second, the
/// fourth, …: a callback that fails at every frame must not fill the disk).
pub(crate) fn guard<T>(callback: &'static str, otherwise: T, work: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => value,
        Err(panic) => {
            let count = count(callback);
            if count.is_power_of_two() {
                log::error!("{callback} crashed: {} ({count} times so far)", panic_words(&*panic));
            }
            // What it carries may panic again when it is dropped.
            std::mem::forget(panic);
            otherwise
        }
    }
}
