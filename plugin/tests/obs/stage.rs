//! A webcam that films the actor, with the filter on it, on the air.

use crate::host::{FPS, Host, Setting, Source, within};
use crate::judge::{Scene, Seen};
use crate::sources::{Fed, unplug};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a first face may take: the networks are loaded, and tests run beside each other.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
/// How long a change may take until viewers see it.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Feeds a picture to a webcam source, as often as a camera would.
pub(crate) struct Feeder {
    fed: Arc<Mutex<Arc<Fed>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Feeder {
    pub(crate) fn start(source: &Arc<Source>, fed: Fed) -> Self {
        let fed = Arc::new(Mutex::new(Arc::new(fed)));
        let stop = Arc::new(AtomicBool::new(false));
        let (source, now, stopped) = (Arc::clone(source), Arc::clone(&fed), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                let fed = Arc::clone(&now.lock().unwrap_or_else(PoisonError::into_inner));
                fed.feed(&source);
                std::thread::sleep(Duration::from_secs(1) / FPS);
            }
        });
        Self { fed, stop, thread: Some(thread) }
    }

    pub(crate) fn change(&self, fed: Fed) {
        *self.fed.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(fed);
    }
}

impl Drop for Feeder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the feeder");
        }
    }
}

/// A webcam and its filter.
pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) webcam: Arc<Source>,
    pub(crate) filter: Source,
    pub(crate) feeder: Feeder,
    /// What OBS shows of the webcam without the filter.
    pub(crate) filmed: Vec<u8>,
}

impl Stage {
    /// Everything on the air. `format` is OBS's number of the webcam's format.
    pub(crate) fn set(host: &Host, size: (u32, u32), format: i32, settings: &[Setting<'_>]) -> Self {
        let scene = Scene::still(size.0, size.1);
        let webcam = Arc::new(host.source(c"test_webcam", "webcam", &[]));
        (host.obs().obs_set_output_source)(0, webcam.0);
        webcam.show(true);
        let feeder = Feeder::start(&webcam, Fed::new(&scene.picture, format));
        within(SOON, "the webcam's picture", || webcam.size() == size);
        let filmed = settled(&webcam, size);
        let filter = host.filter(settings);
        webcam.add(&filter);
        Self { scene, webcam, filter, feeder, filmed }
    }

    pub(crate) fn size(&self) -> (u32, u32) {
        (self.scene.picture.w as u32, self.scene.picture.h as u32)
    }

    /// What a viewer sees now.
    pub(crate) fn look(&self) -> (Seen, Vec<u8>) {
        let shown = self.webcam.look(self.size());
        (self.scene.judge(&shown, &self.filmed), shown)
    }

    /// Looks until `wanted` is seen. The bare face must not be seen meanwhile. What was seen before, in order,
    /// and the last picture.
    pub(crate) fn until(&self, wanted: Seen, limit: Duration) -> (Vec<Seen>, Vec<u8>) {
        let begun = Instant::now();
        let mut before = Vec::new();
        loop {
            let (seen, shown) = self.look();
            assert_ne!(seen, Seen::Bare, "after {before:?}");
            if seen == wanted {
                return (before, shown);
            }
            if before.last() != Some(&seen) {
                before.push(seen);
            }
            assert!(begun.elapsed() < limit, "no {wanted:?} within {limit:?}, but {before:?}");
            tick();
        }
    }

    /// Looks for `time`; everything that was seen, each once. The bare face must not be among it.
    pub(crate) fn watch(&self, time: Duration) -> Vec<Seen> {
        let begun = Instant::now();
        let mut seen = Vec::new();
        while begun.elapsed() < time {
            let (now, _) = self.look();
            assert_ne!(now, Seen::Bare, "after {:?}", begun.elapsed());
            if !seen.contains(&now) {
                seen.push(now);
            }
            tick();
        }
        seen
    }

    /// Everything off, in the order in which OBS does it.
    pub(crate) fn strike(self, host: &Host) {
        drop(self.feeder);
        unplug(&self.webcam);
        self.webcam.remove(&self.filter);
        self.webcam.show(false);
        (host.obs().obs_set_output_source)(0, std::ptr::null_mut());
    }
}

/// A tick of OBS's.
pub(crate) fn tick() {
    std::thread::sleep(Duration::from_secs(1) / FPS);
}

/// A source's picture once it stands still.
pub(crate) fn settled(source: &Source, size: (u32, u32)) -> Vec<u8> {
    let mut last = Vec::new();
    for _ in 0..300 {
        let now = source.look(size);
        if now == last && now.iter().any(|v| *v != 0) {
            return now;
        }
        last = now;
        tick();
        tick();
    }
    panic!("the source's picture does not stand still");
}
