//! What the slot is made of, in the ideal form that loom can try in every order: the queue of one place, and parking.

use std::time::Instant;

use loom::sync::{Arc, Condvar, Mutex};

/// As `crossbeam_queue::ArrayQueue`, of capacity one.
pub(super) struct ArrayQueue<T>(Mutex<Option<T>>);

impl<T> ArrayQueue<T> {
    pub(super) fn new(_capacity: usize) -> Self {
        Self(Mutex::new(None))
    }

    pub(super) fn force_push(&self, value: T) -> Option<T> {
        self.0.lock().ok()?.replace(value)
    }

    pub(super) fn pop(&self) -> Option<T> {
        self.0.lock().ok()?.take()
    }
}

/// Whether a wake-up waits to be used up, and who waits for it.
struct Token {
    there: Mutex<bool>,
    changed: Condvar,
}

/// As `crossbeam_utils::sync::Parker`; time never passes.
pub(super) struct Parker(Arc<Token>);

/// As `crossbeam_utils::sync::Unparker`.
#[derive(Clone)]
pub(super) struct Unparker(Arc<Token>);

impl Parker {
    pub(super) fn new() -> Self {
        Self(Arc::new(Token { there: Mutex::new(false), changed: Condvar::new() }))
    }

    pub(super) fn unparker(&self) -> Unparker {
        Unparker(Arc::clone(&self.0))
    }

    pub(super) fn park_deadline(&self, _until: Instant) {
        let Ok(mut there) = self.0.there.lock() else { return };
        while !*there {
            match self.0.changed.wait(there) {
                Ok(again) => there = again,
                Err(_) => return,
            }
        }
        *there = false;
    }
}

impl Unparker {
    pub(super) fn unpark(&self) {
        if let Ok(mut there) = self.0.there.lock() {
            *there = true;
            self.0.changed.notify_one();
        }
    }
}
