//! Faults on demand, for the tests that show what viewers see then. Without the feature `faults` nothing of
//! this is built in.

#![cfg_attr(not(feature = "faults"), allow(dead_code, reason = "only the tests ask for faults"))]

use omote_engine::pipeline::FaceTracker;

/// A callback of libobs, the start of the engine, its tracker, and a tracker that is slow or stands still.
pub(crate) const RENDER: u32 = 1;
pub(crate) const TICK: u32 = 1 << 1;
pub(crate) const UPDATE: u32 = 1 << 2;
pub(crate) const START: u32 = 1 << 3;
pub(crate) const TRACK: u32 = 1 << 4;
pub(crate) const SLOW: u32 = 1 << 5;
pub(crate) const STALE: u32 = 1 << 6;
pub(crate) const CREATE: u32 = 1 << 7;
/// Loading a swap model, and looking for cameras, take long.
pub(crate) const SLOW_MODEL: u32 = 1 << 8;
pub(crate) const SLOW_CAMERAS: u32 = 1 << 9;

#[cfg(not(feature = "faults"))]
mod none {
    use super::FaceTracker;

    pub(crate) fn panic_if(_: u32) {}

    pub(crate) fn slow_if(_: u32) {}

    pub(crate) fn wrap(tracker: Box<dyn FaceTracker>) -> Box<dyn FaceTracker> {
        tracker
    }

    pub(crate) fn stale() -> bool {
        false
    }
}
#[cfg(not(feature = "faults"))]
pub(crate) use none::{panic_if, slow_if, stale, wrap};

#[cfg(feature = "faults")]
mod wanted {
    #![expect(unsafe_code, reason = "a symbol that the test calls")]
    #![expect(clippy::panic, reason = "it is what the test asks for")]

    use super::{FaceTracker, SLOW, STALE, TRACK};
    use omote_engine::frame::Frame;
    use omote_engine::track::{Face, TrackError};
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    static FAULTS: AtomicU32 = AtomicU32::new(0);

    /// Sets which faults there are from now on.
    #[unsafe(no_mangle)]
    extern "C" fn omote_faults(which: u32) {
        FAULTS.store(which, Ordering::Release);
    }

    fn on(which: u32) -> bool {
        FAULTS.load(Ordering::Acquire) & which != 0
    }

    pub(crate) fn panic_if(which: u32) {
        if on(which) {
            panic!("a fault that was asked for");
        }
    }

    pub(crate) fn slow_if(which: u32) {
        if on(which) {
            std::thread::sleep(Duration::from_secs(4));
        }
    }

    pub(crate) fn stale() -> bool {
        on(STALE)
    }

    struct Faulty(Box<dyn FaceTracker>);

    impl FaceTracker for Faulty {
        fn track(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
            panic_if(TRACK);
            if on(SLOW) {
                std::thread::sleep(Duration::from_millis(100));
            }
            self.0.track(frame)
        }

        fn reset(&mut self) {
            self.0.reset();
        }
    }

    pub(crate) fn wrap(tracker: Box<dyn FaceTracker>) -> Box<dyn FaceTracker> {
        Box::new(Faulty(tracker))
    }
}
#[cfg(feature = "faults")]
pub(crate) use wanted::{panic_if, slow_if, stale, wrap};
