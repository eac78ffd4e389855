//! What the user wants, set from any thread and read by the pipeline's own when it changed.

use super::{LiveSource, MakeModel};
use crate::pipeline::Settings;
use crate::pipeline::clock::Clock;
use crate::swap::FaceTexture;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(super) struct Wanted {
    pub(super) settings: Settings,
    /// Personas to change to; the render thread takes them out.
    pub(super) wear: Option<(Vec<FaceTexture>, Duration)>,
    /// A swap model to change to, or none; the swap thread takes it out.
    pub(super) model: Option<Option<MakeModel>>,
    pub(super) paused: bool,
    pub(super) source: LiveSource,
    /// Counts the sources that were set.
    pub(super) generation: u64,
}

pub(super) struct Controls {
    wanted: Mutex<Wanted>,
    version: AtomicU64,
    stop: AtomicBool,
    changed: Condvar,
}

impl Controls {
    pub(super) fn new(settings: Settings, source: LiveSource) -> Self {
        let wanted = Wanted { settings, wear: None, model: None, paused: false, source, generation: 0 };
        let (version, stop, changed) = (AtomicU64::new(0), AtomicBool::new(false), Condvar::new());
        Self { wanted: Mutex::new(wanted), version, stop, changed }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Wanted> {
        // What is behind it is whole after every statement that changes it.
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self, how: impl FnOnce(&mut Wanted)) {
        let mut wanted = self.lock();
        how(&mut wanted);
        self.version.fetch_add(1, Ordering::Release);
        drop(wanted);
        self.changed.notify_all();
    }

    /// Waits until this time by the clock, or until something is changed or the pipeline is stopped.
    pub(super) fn wait(&self, clock: &Clock, until: Duration) {
        let mut wanted = self.lock();
        let version = self.version();
        while !self.stopped() && self.version() == version {
            let left = until.saturating_sub(clock.now());
            if left.is_zero() {
                return;
            }
            let waited = self.changed.wait_timeout(wanted, clock.patience(left));
            wanted = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A number that changes with every change.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(super) fn stop(&self) {
        // Under the lock, so that nobody begins to wait in between.
        let wanted = self.lock();
        self.stop.store(true, Ordering::Release);
        drop(wanted);
        self.changed.notify_all();
    }

    pub(super) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::ActorOptions;
    use crate::source::Rate;

    #[test]
    fn a_wait_ends_with_its_time_with_a_change_and_with_the_pipeline() {
        let source = LiveSource::Actor(ActorOptions::new(3, 320, 240, Rate::DEFAULT));
        let controls = Controls::new(Settings::default(), source);
        let clock = Clock::manual(Duration::from_secs(1));
        let late = Duration::from_secs(9);
        let steps: [&dyn Fn(); 3] =
            [&|| controls.change(|w| w.paused = true), &|| clock.advance(late), &|| controls.stop()];
        for step in steps {
            let until = clock.now() + late;
            std::thread::scope(|scope| {
                let waiting = scope.spawn(|| controls.wait(&clock, until));
                (0..200).for_each(|_| std::thread::yield_now());
                assert!(!waiting.is_finished(), "it does not wait");
                // A change from before it waits does not count.
                while !waiting.is_finished() {
                    step();
                    std::thread::yield_now();
                }
            });
        }
        // Nobody waits for a pipeline that has ended.
        controls.wait(&clock, clock.now() + late);
    }
}
