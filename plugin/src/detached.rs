//! Threads that outlive what they worked for. Opening a camera or loading a model can't be broken off, and no callback
//! of OBS waits for them: they end by themselves, and unloading the plugin waits until they have.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

static DETACHED: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());
/// Between two looks at whether a thread has ended.
const POLL_EVERY: Duration = Duration::from_millis(5);

/// Waits for a thread, but no longer than `limit`; after that it is left to itself.
pub(crate) fn leave(thread: JoinHandle<()>, limit: Duration) {
    let until = Instant::now() + limit;
    while !thread.is_finished() && Instant::now() < until {
        std::thread::sleep(POLL_EVERY);
    }
    let mut left = DETACHED.lock().unwrap_or_else(PoisonError::into_inner);
    left.push(thread);
    join_ended(&mut left);
}

/// Waits for all that were left, but no longer than `limit`.
pub(crate) fn wait(limit: Duration) {
    let until = Instant::now() + limit;
    loop {
        let left = {
            let mut left = DETACHED.lock().unwrap_or_else(PoisonError::into_inner);
            join_ended(&mut left);
            left.len()
        };
        if left == 0 {
            return;
        }
        if Instant::now() >= until {
            log::warn!("{left} threads are still at work while the plugin is unloaded");
            return;
        }
        std::thread::sleep(POLL_EVERY);
    }
}

fn join_ended(left: &mut Vec<JoinHandle<()>>) {
    for thread in left.extract_if(.., |thread| thread.is_finished()) {
        if thread.join().is_err() {
            log::error!("a thread of the plugin crashed");
        }
    }
}
