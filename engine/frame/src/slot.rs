//! A hand-off of capacity one in which the newest value wins: no queue in which latency can hide.

#[cfg(loom)]
mod ideal;

#[cfg(not(loom))]
use crossbeam_queue::ArrayQueue;
#[cfg(not(loom))]
use crossbeam_utils::sync::{Parker, Unparker};
#[cfg(loom)]
use ideal::{ArrayQueue, Parker, Unparker};
#[cfg(loom)]
use loom::sync::Arc;
#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(not(loom))]
use std::sync::Arc;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

struct Shared<T> {
    place: ArrayQueue<T>,
    closed: AtomicBool,
    published: AtomicU64,
    displaced: AtomicU64,
}

/// The side that publishes. Dropping it closes the slot.
pub struct Publisher<T> {
    shared: Arc<Shared<T>>,
    wake: Unparker,
}

/// The side that takes.
pub struct Taker<T> {
    shared: Arc<Shared<T>>,
    wait: Parker,
}

/// What waiting gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// The newest value.
    Value(T),
    /// None came in the time given.
    Late,
    /// The publisher is gone and nothing is left.
    Closed,
}

/// How many values a slot has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotStats {
    /// Values put in.
    pub published: u64,
    /// Values that a newer one pushed out before they were taken.
    pub displaced: u64,
}

/// An empty slot for one publisher and one taker.
pub fn slot<T>() -> (Publisher<T>, Taker<T>) {
    let shared = Arc::new(Shared {
        place: ArrayQueue::new(1),
        closed: AtomicBool::new(false),
        published: AtomicU64::new(0),
        displaced: AtomicU64::new(0),
    });
    let wait = Parker::new();
    #[allow(clippy::redundant_clone, reason = "crossbeam lends it, the ideal form gives it")]
    let wake = wait.unparker().clone();
    (Publisher { shared: Arc::clone(&shared), wake }, Taker { shared, wait })
}

impl<T> Publisher<T> {
    /// Puts a value in, never waits, and gives back the one that nobody took.
    pub fn publish(&self, value: T) -> Option<T> {
        self.shared.published.fetch_add(1, Ordering::Relaxed);
        let displaced = self.shared.place.force_push(value);
        if displaced.is_some() {
            self.shared.displaced.fetch_add(1, Ordering::Relaxed);
        }
        self.wake.unpark();
        displaced
    }

    /// Counters so far.
    pub fn stats(&self) -> SlotStats {
        SlotStats {
            published: self.shared.published.load(Ordering::Relaxed),
            displaced: self.shared.displaced.load(Ordering::Relaxed),
        }
    }

    /// Whether the taker is gone: what is published now reaches nobody.
    pub fn is_deserted(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }
}

impl<T> Drop for Publisher<T> {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.wake.unpark();
    }
}

impl<T> Taker<T> {
    /// The value that is there now.
    pub fn try_take(&self) -> Option<T> {
        self.shared.place.pop()
    }

    /// Waits for a value, at most `limit`.
    pub fn take(&self, limit: Duration) -> Taken<T> {
        let until = Instant::now() + limit;
        loop {
            // Closed is read first: a value put in before closing is then still found.
            let closed = self.shared.closed.load(Ordering::Acquire);
            match self.try_take() {
                Some(value) => return Taken::Value(value),
                None if closed => return Taken::Closed,
                None if Instant::now() >= until => return Taken::Late,
                None => self.wait.park_deadline(until),
            }
        }
    }
}

/// Every order in which the two sides can run, by `cargo xtask loom`.
#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    /// Whatever the order: each value is taken or comes back displaced, the taken ones in order, the last one is taken,
    /// and nobody sleeps for ever.
    #[test]
    fn nothing_is_lost_and_nobody_sleeps_for_ever() {
        loom::model(|| {
            let (put, get) = slot();
            let publisher =
                loom::thread::spawn(move || (1..=2).filter(|n| put.publish(*n).is_some()).count());
            let mut taken = Vec::new();
            while let Taken::Value(value) = get.take(LONG) {
                taken.push(value);
            }
            let displaced = publisher.join().unwrap();
            assert!(taken.is_sorted() && taken.last() == Some(&2), "{taken:?}");
            assert_eq!(taken.len() + displaced, 2);
        });
    }

    #[test]
    fn a_publisher_learns_that_the_taker_left() {
        loom::model(|| {
            let (put, get) = slot();
            let taker = loom::thread::spawn(move || get.try_take());
            let displaced = put.publish(7);
            let taken = taker.join().unwrap();
            assert!(displaced.is_none() && put.is_deserted());
            assert!(taken.is_none_or(|value| value == 7));
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_newest_wins_and_the_displaced_comes_back() {
        let (put, get) = slot();
        assert_eq!((put.publish(1), put.publish(2), put.publish(3)), (None, Some(1), Some(2)));
        assert_eq!((get.try_take(), get.try_take()), (Some(3), None));
        assert_eq!(put.stats(), SlotStats { published: 3, displaced: 2 });
    }

    #[test]
    fn closing_leaves_the_last_value() {
        let (put, get) = slot();
        put.publish(7);
        drop(put);
        let soon = Duration::from_secs(5);
        assert_eq!((get.take(soon), get.take(soon)), (Taken::Value(7), Taken::Closed));
    }

    #[test]
    fn a_taker_that_left_is_noticed() {
        let (put, get) = slot();
        put.publish(1);
        assert!(!put.is_deserted());
        drop(get);
        assert!(put.is_deserted());
    }

    /// Every value is either taken or comes back displaced, the taken ones in order, the last one is never
    /// lost, and nobody hangs: over seeded schedules of both sides.
    #[test]
    fn nothing_is_lost_twice_or_hangs_over_many_schedules() {
        for seed in 0..200u64 {
            let (put, get) = slot();
            let count = 300u64;
            let (displaced, taken) = crossbeam_utils::thread::scope(|scope| {
                let publisher = scope.spawn(move |_| {
                    let mut chance = fastrand::Rng::with_seed(2 * seed);
                    let mut displaced = 0;
                    for i in 0..count {
                        (0..chance.u32(..64)).for_each(|_| std::thread::yield_now());
                        displaced += u64::from(put.publish(i).is_some());
                    }
                    assert_eq!(put.stats().displaced, displaced);
                    displaced
                });
                let taker = scope.spawn(move |_| {
                    let mut chance = fastrand::Rng::with_seed(2 * seed + 1);
                    let mut taken = Vec::new();
                    loop {
                        (0..chance.u32(..64)).for_each(|_| std::thread::yield_now());
                        match get.take(Duration::from_secs(60)) {
                            Taken::Value(v) => taken.push(v),
                            Taken::Closed => return taken,
                            Taken::Late => panic!("a wake-up was missed"),
                        }
                    }
                });
                (publisher.join().unwrap(), taker.join().unwrap())
            })
            .unwrap();
            assert_eq!(displaced + taken.len() as u64, count, "seed {seed}");
            assert!(taken.is_sorted_by(|a, b| a < b), "seed {seed}");
            assert_eq!(taken.last(), Some(&(count - 1)), "seed {seed}");
        }
    }
}
