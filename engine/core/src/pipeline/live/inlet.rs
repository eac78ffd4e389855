//! The side of a slot that puts values in, for more than one thread: whoever stops the pipeline closes it, and the thread that
//! waits at the other side ends at once instead of looking now and then whether it should.

use crate::slot::Publisher;
use std::sync::{Arc, Mutex, PoisonError};

/// A shared publisher that can be closed. Copies put into the same slot.
pub(super) struct Inlet<T>(Arc<Mutex<Option<Publisher<T>>>>);

impl<T> Clone for Inlet<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Inlet<T> {
    pub(super) fn new(publisher: Publisher<T>) -> Self {
        Self(Arc::new(Mutex::new(Some(publisher))))
    }

    /// Puts a value in, and gives back the one that nobody took. Nothing where the slot is closed.
    pub(super) fn publish(&self, value: T) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(|put| put.publish(value))
    }

    /// Closes the slot: what was put in is still taken, and then nothing more comes.
    pub(super) fn close(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::{Taken, slot};
    use std::time::Duration;

    #[test]
    fn closing_wakes_who_waits_and_leaves_the_last_value() {
        let (put, get) = slot();
        let inlet = Inlet::new(put);
        let other = inlet.clone();
        assert_eq!((inlet.publish(1), other.publish(2)), (None, Some(1)));
        let long = Duration::from_secs(20);
        let waiting = std::thread::spawn(move || (get.take(long), get.take(long)));
        other.close();
        assert_eq!(inlet.publish(3), None);
        assert_eq!(waiting.join().unwrap(), (Taken::Value(2), Taken::Closed));
    }
}
