//! The swap thread: a model on the newest tracked picture, whenever it is free.

use super::controls::Controls;
use super::status::{Board, ModelState};
use super::tracking::Tracked;
use crate::error::{Result, panic_words};
use crate::frame::Frame;
use crate::pipeline::calendar::Calendar;
use crate::pipeline::model::{ENDED, Model, Modelling};
use crate::pool::Pool;
use crate::slot::{Publisher, Taken, Taker};
use crate::swap::neural::Swapped;
use crate::timing::now;
use crate::track::Face;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Loads a model; runs on the swap thread, since that may take seconds.
pub type MakeModel = Box<dyn FnOnce() -> Result<Model> + Send>;

/// A picture for the model, a copy of one that is drawn meanwhile.
pub(super) struct Job {
    frame: Frame,
    faces: Vec<Face>,
    generation: u64,
}

/// What the model made, and of which source's picture.
pub(super) struct Delivery {
    pub(super) results: Vec<Swapped>,
    pub(super) generation: u64,
    /// Counts the models.
    pub(super) model: u64,
}

const WAIT: Duration = Duration::from_millis(50);
/// A model that failed so often in a row is taken off.
const MOST_FAULTS: u32 = 30;

/// Hands pictures over when the model is free.
pub(super) struct Offer {
    free: Arc<AtomicBool>,
    pool: Pool,
    jobs: Publisher<Job>,
}

impl Offer {
    /// Copies the picture if the model waits for one.
    pub(super) fn make(&self, tracked: &Tracked) {
        let Ok(faces) = &tracked.faces else { return };
        if faces.is_empty() || !self.free.swap(false, Ordering::AcqRel) {
            return;
        }
        let (frame, faces) = (tracked.frame.clone_into(&self.pool), faces.clone());
        self.jobs.publish(Job { frame, faces, generation: tracked.generation });
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
    board: Arc<Board>,
    free: Arc<AtomicBool>,
    modelling: Option<Modelling>,
    /// Counts the models.
    model: u64,
    faults: u32,
    version: Option<u64>,
    calendar: Calendar,
    results: Publisher<Delivery>,
}

impl Swapping {
    pub(super) fn new(
        controls: Arc<Controls>,
        board: Arc<Board>,
        pool: Pool,
        jobs: Publisher<Job>,
        results: Publisher<Delivery>,
    ) -> (Self, Offer) {
        let free = Arc::new(AtomicBool::new(false));
        let offer = Offer { free: Arc::clone(&free), pool, jobs };
        let (modelling, version, calendar) = Default::default();
        (Self { controls, board, free, modelling, model: 0, faults: 0, version, calendar, results }, offer)
    }

    pub(super) fn run(mut self, from: &Taker<Job>) {
        give_way();
        let mut generation = 0;
        while !self.controls.stopped() {
            self.obey();
            self.look_at_consent();
            self.free.store(self.modelling.is_some(), Ordering::Release);
            let job = match from.take(WAIT) {
                Taken::Value(job) => job,
                Taken::Late => continue,
                Taken::Closed => break,
            };
            let Some(modelling) = &mut self.modelling else { continue };
            if std::mem::replace(&mut generation, job.generation) != job.generation {
                modelling.clear();
            }
            let begun = now();
            let (results, fault) = modelling.work(&job.frame, &job.faces);
            let took = now().saturating_sub(begun);
            let rest = modelling.pace().rest(took);
            let made = !results.is_empty();
            if made {
                self.faults = 0;
                self.board.model_made(took, job.frame.time.0);
                self.results.publish(Delivery { results, generation, model: self.model });
            }
            // One face of several that fails is no reason to take the model off.
            if let Some(what) = fault.filter(|_| !made) {
                self.failed(what);
            }
            self.sleep(rest);
        }
    }

    /// Rests, but not past a change.
    fn sleep(&self, rest: Duration) {
        let until = now() + rest;
        while now() < until && !self.controls.stopped() && self.version == Some(self.controls.version()) {
            std::thread::sleep(until.saturating_sub(now()).min(Duration::from_millis(20)));
        }
    }

    fn failed(&mut self, what: String) {
        self.faults += 1;
        if self.faults >= MOST_FAULTS {
            let what = format!("the swap model is taken off after {MOST_FAULTS} failures in a row: {what}");
            self.board.fault(what.clone());
            self.board.model(None, ModelState::Failed(what));
            self.take_off();
        } else if self.faults.is_power_of_two() {
            self.board.fault(what);
        }
    }

    /// Takes the model off when nobody may wear its face any more.
    fn look_at_consent(&mut self) {
        let Some(until) = self.modelling.as_ref().and_then(Modelling::until) else { return };
        if self.calendar.look(false).is_some_and(|today| until < today) {
            self.board.fault(ENDED.to_owned());
            self.board.model(None, ModelState::Failed(ENDED.to_owned()));
            self.take_off();
        }
    }

    fn take_off(&mut self) {
        self.modelling = None;
        self.model += 1;
        // The persona's own texture from here on.
        self.results.publish(Delivery { results: Vec::new(), generation: 0, model: self.model });
    }

    /// Takes over the model that the user wants now.
    fn obey(&mut self) {
        let version = self.controls.version();
        if self.version.replace(version) == Some(version) {
            return;
        }
        let (make, listed) = {
            let mut wanted = self.controls.lock();
            (wanted.model.take(), wanted.settings.max_faces)
        };
        if let Some(modelling) = &mut self.modelling {
            modelling.set_listed(listed);
        }
        let Some(make) = make else { return };
        self.take_off();
        self.faults = 0;
        let Some(make) = make else {
            self.board.model(None, ModelState::Off);
            return;
        };
        self.board.model(None, ModelState::Loading);
        let made = catch_unwind(AssertUnwindSafe(|| make().map_err(|e| e.to_string())));
        match made.unwrap_or_else(|panic| Err(panic_words(&*panic))) {
            Ok(model) => {
                let modelling = Modelling::new(model, listed);
                self.calendar = Calendar::default();
                self.board.model(Some(modelling.name().to_owned()), ModelState::Running);
                self.modelling = Some(modelling);
            }
            Err(why) => {
                let why = format!("the swap model can't be used: {why}");
                self.board.fault(why.clone());
                self.board.model(None, ModelState::Failed(why));
            }
        }
    }
}
