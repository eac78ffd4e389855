//! The swap thread: a model on the newest tracked picture, whenever it is free.

use super::IDLE;
use super::controls::Controls;
use super::inlet::Inlet;
use super::metrics::{Metrics, ModelState};
use crate::error::{Result, panic_words};
use crate::frame::Frame;
use crate::pipeline::calendar::Calendar;
use crate::pipeline::cast::Cast;
use crate::pipeline::clock::Clock;
use crate::pipeline::model::{ENDED, SwapStage, WornModel};
use crate::pipeline::session::CastFrame;
use crate::pool::Pool;
use crate::slot::{Publisher, Taken, Taker};
use crate::swap::neural::UvResult;
use crate::track::Face;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Loads a model; runs on the swap thread, since that may take seconds.
pub type MakeModel = Box<dyn FnOnce() -> Result<WornModel> + Send>;

/// What the swap thread is woken for.
#[expect(
    clippy::large_enum_variant,
    reason = "one of them lies in the slot, and a picture must not cost an allocation"
)]
pub(super) enum Job {
    /// A picture for the model, a copy of one that is drawn meanwhile.
    Picture {
        /// Its time is by the pipeline's clock.
        frame: Frame,
        /// The faces to work on.
        faces: Vec<Arc<Face>>,
        scene: u64,
    },
    /// The user wants something else.
    Changed,
}

/// What the model made, and of which scene's picture.
pub(super) struct Delivery {
    pub(super) results: Vec<UvResult>,
    pub(super) scene: u64,
    /// Counts the models.
    pub(super) model: u64,
}

/// Between two looks at whether the model's face may still be worn, while no picture comes.
const CHECK_EVERY: Duration = Duration::from_secs(30);
/// A model that failed so often in a row is taken off.
const MOST_FAULTS: u32 = 30;

/// Hands pictures over when the model is free.
pub(super) struct Offer {
    free: Arc<AtomicBool>,
    pool: Pool,
    jobs: Inlet<Job>,
}

impl Offer {
    /// Copies the picture if the model waits for one and the cast names faces for it.
    pub(super) fn make(&self, cast: &CastFrame) {
        let faces = cast.cast.as_ref().map(Cast::for_model).unwrap_or_default();
        if faces.is_empty() || !self.free.swap(false, Ordering::AcqRel) {
            return;
        }
        let frame = cast.frame.clone_into(&self.pool);
        self.jobs.publish(Job::Picture { frame, faces, scene: cast.scene });
    }
}

/// How much less this thread and those that the model's runtime starts from it count where all cores are busy: a nice
/// value of Linux, 0..=19.
#[cfg(target_os = "linux")]
const NICE: i32 = 5;

/// Puts the calling thread behind tracking and drawing, which must keep the camera's rate.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(e) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE) {
        log::info!("the swap model's thread keeps its priority: {e}");
    }
}

pub(super) struct Swapping {
    controls: Arc<Controls>,
    metrics: Arc<Metrics>,
    free: Arc<AtomicBool>,
    stage: Option<SwapStage>,
    /// Counts the models.
    model: u64,
    faults: u32,
    version: Option<u64>,
    calendar: Calendar,
    results: Publisher<Delivery>,
    scene: u64,
    clock: Clock,
}

impl Swapping {
    pub(super) fn new(
        controls: Arc<Controls>,
        metrics: Arc<Metrics>,
        pool: Pool,
        jobs: Inlet<Job>,
        results: Publisher<Delivery>,
        clock: Clock,
    ) -> (Self, Offer) {
        let free = Arc::new(AtomicBool::new(false));
        let offer = Offer { free: Arc::clone(&free), pool, jobs };
        let (stage, model, faults, version, calendar, scene) = Default::default();
        let swapping =
            Self { controls, metrics, free, stage, model, faults, version, calendar, results, scene, clock };
        (swapping, offer)
    }

    pub(super) fn run(mut self, from: &Taker<Job>) {
        give_way();
        let mut rest = Duration::ZERO;
        while !self.controls.stopped() {
            self.obey();
            self.look_at_consent();
            self.free.store(self.stage.is_some() && rest.is_zero(), Ordering::Release);
            let begun = self.clock.now();
            let limit = match self.stage {
                _ if !rest.is_zero() => rest,
                Some(_) => CHECK_EVERY,
                None => IDLE,
            };
            match self.clock.take(from, limit) {
                Taken::Value(Job::Picture { frame, faces, scene }) => rest = self.work(&frame, &faces, scene),
                // Another model need not rest for this one.
                Taken::Value(Job::Changed) => rest = Duration::ZERO,
                Taken::Late => rest = rest.saturating_sub(self.clock.now().saturating_sub(begun)),
                Taken::Closed => break,
            }
        }
    }

    /// Has the model work on a picture. Gives how long it should rest.
    fn work(&mut self, frame: &Frame, faces: &[Arc<Face>], scene: u64) -> Duration {
        let Some(stage) = &mut self.stage else { return Duration::ZERO };
        if std::mem::replace(&mut self.scene, scene) != scene {
            stage.clear();
        }
        let begun = self.clock.now();
        let (results, fault) = stage.work(frame, faces);
        let took = self.clock.now().saturating_sub(begun);
        let rest = stage.rate_limit().rest(took);
        let made = !results.is_empty();
        if made {
            self.faults = 0;
            self.metrics.model_made(took, frame.time.0);
            self.results.publish(Delivery { results, scene, model: self.model });
        }
        // One face of several that fails is no reason to take the model off.
        if let Some(what) = fault.filter(|_| !made) {
            self.failed(what);
        }
        rest
    }

    fn failed(&mut self, what: String) {
        self.faults += 1;
        if self.faults >= MOST_FAULTS {
            let what = format!("the swap model is taken off after {MOST_FAULTS} failures in a row: {what}");
            self.metrics.fault(what.clone());
            self.metrics.model(None, ModelState::Failed(what));
            self.take_off();
        } else if self.faults.is_power_of_two() {
            self.metrics.fault(what);
        }
    }

    /// Takes the model off when nobody may wear its face any more.
    fn look_at_consent(&mut self) {
        let Some(stage) = &self.stage else { return };
        if self.calendar.due_date(self.clock.now(), false).is_some_and(|today| stage.has_ended(today)) {
            self.metrics.fault(ENDED.to_owned());
            self.metrics.model(None, ModelState::Failed(ENDED.to_owned()));
            self.take_off();
        }
    }

    fn take_off(&mut self) {
        self.stage = None;
        self.model += 1;
        // The persona's own texture from here on.
        self.results.publish(Delivery { results: Vec::new(), scene: 0, model: self.model });
    }

    /// Takes over the model that the user wants now.
    fn obey(&mut self) {
        let version = self.controls.version();
        if self.version.replace(version) == Some(version) {
            return;
        }
        let Some(make) = self.controls.lock().model.take() else { return };
        self.take_off();
        self.faults = 0;
        let Some(make) = make else {
            self.metrics.model(None, ModelState::Off);
            return;
        };
        self.metrics.model(None, ModelState::Loading);
        let made = catch_unwind(AssertUnwindSafe(|| make().map_err(|e| e.to_string())));
        match made.unwrap_or_else(|panic| Err(panic_words(&*panic))) {
            Ok(model) => {
                let stage = SwapStage::new(model);
                self.calendar = Calendar::default();
                self.metrics.model(Some(stage.name().to_owned()), ModelState::Running);
                self.stage = Some(stage);
            }
            Err(why) => {
                let why = format!("the swap model can't be used: {why}");
                self.metrics.fault(why.clone());
                self.metrics.model(None, ModelState::Failed(why));
            }
        }
    }
}
