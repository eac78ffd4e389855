//! The capture thread: opens the source, opens it again when it is lost, and hands on its newest picture.

use super::actor_camera::ActorCamera;
use super::controls::Controls;
use super::inlet::Inlet;
use super::metrics::{Metrics, Stamps};
use crate::actor::ActorOptions;
use crate::error::{Error, ErrorKind, Result, Stage, panic_words};
use crate::frame::Frame;
use crate::pipeline::clock::Clock;
use crate::pool::Pool;
use crate::source::camera::{Camera, CameraRequest, Captured, open_camera};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// Opens a camera, or what stands in for one.
pub type OpenCamera = Arc<dyn Fn(&Pool) -> Result<Box<dyn Camera>> + Send + Sync>;

/// Where live pictures come from.
#[derive(Clone)]
pub enum LiveSource {
    /// The built-in moving face.
    Actor(ActorOptions),
    /// Something else that gives pictures.
    Camera(OpenCamera),
}

impl LiveSource {
    /// A camera of the system's: opened when the pipeline starts, and again whenever it was lost.
    pub fn camera(request: CameraRequest) -> Self {
        Self::Camera(Arc::new(move |pool| open_camera(&request, pool)))
    }
}

/// A picture on its way to the track thread.
pub(super) struct CapturedFrame {
    pub(super) frame: Frame,
    pub(super) stamps: Stamps,
    /// Which source it is from.
    pub(super) generation: u64,
}

/// How long one wait for a picture lasts, so that stopping and another source are noticed while a driver gives none.
const WAIT: Duration = Duration::from_millis(20);
/// Between two tries to open a source.
const RETRY: Duration = Duration::from_millis(500);

pub(super) struct Capture {
    controls: Arc<Controls>,
    metrics: Arc<Metrics>,
    pool: Pool,
    next: Inlet<CapturedFrame>,
    camera: Option<Box<dyn Camera>>,
    generation: u64,
    clock: Clock,
}

impl Capture {
    pub(super) fn new(
        controls: Arc<Controls>,
        metrics: Arc<Metrics>,
        pool: Pool,
        next: Inlet<CapturedFrame>,
        clock: Clock,
    ) -> Self {
        Self { controls, metrics, pool, next, camera: None, generation: 0, clock }
    }

    pub(super) fn run(mut self) {
        let mut tried = None;
        let mut heard = self.clock.now();
        // What was wrong with the last picture, where no good one has come since.
        let mut bad: Option<String> = None;
        while !self.controls.stopped() {
            let wanted = self.controls.lock().generation;
            if wanted != self.generation {
                (self.generation, self.camera, tried) = (wanted, None, None);
                self.metrics.source_ended();
            }
            let Some(mut camera) = self.camera.take() else {
                let again = tried.map_or(Duration::ZERO, |tried| tried + RETRY);
                if self.clock.now() < again {
                    self.controls.wait(&self.clock, again);
                    continue;
                }
                self.open();
                heard = self.clock.now();
                (tried, bad) = (Some(heard), None);
                continue;
            };
            let captured = catch_unwind(AssertUnwindSafe(|| {
                let captured = camera.next(WAIT);
                self.metrics.skipped(camera.skipped());
                captured
            }));
            let captured = captured.unwrap_or_else(|panic| {
                let message = format!("reading the camera broke down: {}", panic_words(&*panic));
                Err(Error::new(ErrorKind::Backend, Stage::Source, message))
            });
            match captured {
                Ok(Captured::Frame(frame)) => {
                    (heard, bad) = (self.clock.now(), None);
                    self.hand_on(frame);
                }
                Ok(Captured::Bad(what)) => {
                    self.metrics.bad_picture(what.clone());
                    bad = Some(what);
                }
                Ok(Captured::Late) => {}
                Err(e) => {
                    self.lost(e.to_string());
                    continue;
                }
            }
            // Neither what is late nor what is bad counts: a driver that is out of step mends itself only when it is opened.
            match camera.patience().filter(|p| self.clock.now().saturating_sub(heard) >= *p) {
                None => self.camera = Some(camera),
                Some(patience) => {
                    let what =
                        bad.take().map(|what| format!(" that can be used ({what})")).unwrap_or_default();
                    let (name, seconds) = (camera.info().name, patience.as_secs());
                    self.lost(format!(
                        "{name} has given no picture{what} for {seconds} s; it is opened again"
                    ));
                }
            }
        }
    }

    fn lost(&mut self, why: String) {
        log::warn!("{why}");
        self.metrics.source_ended();
        self.metrics.source_lost(why);
    }

    fn open(&mut self) {
        let source = self.controls.lock().source.clone();
        let pool = self.pool.clone();
        let opened = catch_unwind(AssertUnwindSafe(|| open(&source, &pool)));
        let opened = opened.unwrap_or_else(|panic| {
            let message = format!("opening the camera broke down: {}", panic_words(&*panic));
            Err(Error::new(ErrorKind::Backend, Stage::Source, message))
        });
        match opened {
            Ok(camera) => {
                let info = camera.info();
                log::info!("{}: {}", info.name, info.mode);
                self.metrics.source_open(info);
                self.camera = Some(camera);
            }
            Err(e) => self.metrics.source_lost(e.to_string()),
        }
    }

    fn hand_on(&mut self, frame: Frame) {
        let arrived = self.clock.now();
        self.metrics.captured(arrived);
        let stamps = Stamps { arrived, ..Stamps::default() };
        if self.next.publish(CapturedFrame { frame, stamps, generation: self.generation }).is_some() {
            self.metrics.dropped_before_track();
        }
    }
}

fn open(source: &LiveSource, pool: &Pool) -> Result<Box<dyn Camera>> {
    match source {
        LiveSource::Actor(options) => Ok(Box::new(ActorCamera::new(*options, pool)?)),
        LiveSource::Camera(open) => open(pool),
    }
}
