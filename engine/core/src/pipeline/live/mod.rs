//! The live pipeline: capture, track and render threads and one thread a sink, joined by slots of capacity
//! one in which the newest frame wins.
//!
//! ```text
//! capture ─slot→ track ─slot→ render ─slot→ sink
//!                  └slot→ swap ─slot↗  └slot→ sink
//! ```
//! The swap thread runs a swap model, where one is worn, on the newest tracked picture when it is free.
//! Every thread catches its stage's panics, reports them and goes on; the render thread sends something safe
//! whatever the others do. Times are of [`crate::timing::now`].

mod actor_camera;
mod capture;
mod controls;
mod host;
mod inlet;
mod metrics;
mod render;
mod sink_threads;
mod swapping;
mod tracking;

pub use actor_camera::ActorCamera;
pub use capture::{LiveSource, OpenCamera};
pub use host::{HostFrames, host};
pub use metrics::{Drops, LiveStatus, ModelState, ModelStatus, STAGES, SinkStatus, SourceStatus, Stamps};
pub use sink_threads::{Recorded, Shown, SinkId};
pub use swapping::MakeModel;

use super::clock::Clock;
use super::session::{RenderStage, TrackStage};
use super::{MakeTracker, Privacy, Settings, State, check_personas};
use crate::badge::Corner;
use crate::composite::{Backend, Compositor, DrawParams};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::frame::FrameTransform;
use crate::gpu::Gpu;
use crate::pool::Pool;
use crate::sink::{Finished, Sink};
use crate::slot::{Taker, slot};
use crate::source::Rate;
use crate::swap::FaceTexture;
use capture::CapturedFrame;
use controls::Controls;
use inlet::Inlet;
use metrics::Metrics;
use sink_threads::SinkThreads;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use swapping::{Job, Swapping};

/// Sees every shown frame.
pub type See = Box<dyn FnMut(&Arc<Shown>) + Send>;

/// How long [`LiveSession::end`] waits for threads that are in the hands of others.
const PATIENCE: Duration = Duration::from_secs(20);

/// Threads that have nothing to do sleep on their slots, and are woken by what comes or by the slot's closing: this is only
/// so that no wait is for ever.
const IDLE: Duration = Duration::from_secs(3600);

/// How long a change of persona takes.
pub const FADE: Duration = Duration::from_millis(250);

/// What a live pipeline begins with.
#[non_exhaustive]
pub struct LiveConfig {
    /// Where pictures come from.
    pub source: LiveSource,
    /// Makes what finds faces; called again after it broke down.
    pub make_tracker: MakeTracker,
    /// The personas: the first face gets the first, and so on round.
    pub personas: Vec<FaceTexture>,
    /// How it works.
    pub settings: Settings,
    /// A device to share, e.g. a window's; nothing opens one as the settings' backend says.
    pub gpu: Option<Gpu>,
}

impl LiveConfig {
    /// A pipeline that opens a device as the settings' backend says.
    #[must_use]
    pub fn new(
        source: LiveSource,
        make_tracker: MakeTracker,
        personas: Vec<FaceTexture>,
        settings: Settings,
    ) -> Self {
        Self { source, make_tracker, personas, settings, gpu: None }
    }
}

/// A running pipeline. Dropping it stops it.
pub struct LiveSession {
    controls: Arc<Controls>,
    metrics: Arc<Metrics>,
    sinks: Arc<SinkThreads>,
    /// What the track thread waits on.
    to_track: Inlet<CapturedFrame>,
    /// What the swap thread waits on.
    to_swap: Inlet<Job>,
    /// Empty once it has been ended.
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl LiveSession {
    /// Starts the threads and returns at once; the state is [`State::Starting`] until a face was found.
    ///
    /// # Errors
    /// No persona, or a thread that can't be started.
    pub fn start(config: LiveConfig) -> Result<Self> {
        Self::start_by(config, Clock::default())
    }

    /// The same by a clock of the caller's.
    pub(super) fn start_by(config: LiveConfig, clock: Clock) -> Result<Self> {
        check_personas(&config.personas)?;
        let LiveConfig { source, make_tracker, personas, settings, gpu } = config;
        let pool = Pool::new();
        let ((to_track, from_capture), (to_render, from_track)) = (slot(), slot());
        let ((to_swap, from_track_to_swap), (to_render_made, from_swap)) = (slot(), slot());
        let live = Self {
            controls: Arc::new(Controls::new(settings.clone(), source)),
            metrics: Arc::new(Metrics::new(pool.clone())),
            sinks: Arc::new(SinkThreads::new(clock.clone())),
            to_track: Inlet::new(to_track),
            to_swap: Inlet::new(to_swap),
            threads: Mutex::new(Vec::with_capacity(5)),
        };
        let (controls, metrics) = (&live.controls, &live.metrics);
        let (swapping, offer) = Swapping::new(
            Arc::clone(controls),
            Arc::clone(metrics),
            pool.clone(),
            live.to_swap.clone(),
            to_render_made,
            clock.clone(),
        );
        live.spawn("omote-swap", move || swapping.run(&from_track_to_swap))?;
        let capturing = capture::Capture::new(
            Arc::clone(controls),
            Arc::clone(metrics),
            pool.clone(),
            live.to_track.clone(),
            clock.clone(),
        );
        live.spawn("omote-capture", move || capturing.run())?;
        let forget = Arc::new(AtomicBool::new(false));
        let tracking = tracking::Tracking {
            stage: TrackStage::new(None, Some(make_tracker)),
            controls: Arc::clone(controls),
            metrics: Arc::clone(metrics),
            next: to_render,
            offer,
            forget: Arc::clone(&forget),
            clock: clock.clone(),
        };
        live.spawn("omote-track", move || tracking.run(&from_capture))?;
        let opened = live.open_gpu(gpu, settings.backend);
        let stage = RenderStage::new(personas, settings, Compositor::cpu(), pool);
        let (controls, metrics, sinks) = (Arc::clone(controls), Arc::clone(metrics), Arc::clone(&live.sinks));
        let rendering = render::Render::new(stage, controls, metrics, sinks, forget, clock);
        live.spawn("omote-render", move || rendering.run(&from_track, &from_swap, &opened))?;
        Ok(live)
    }

    /// Opens the GPU on a thread of its own, since building pipelines takes seconds. It is waited for at the end as the
    /// others are: a driver that is still at work when the program ends may bring it down.
    fn open_gpu(&self, shared: Option<Gpu>, backend: Backend) -> Taker<Result<Compositor>> {
        let (put, get) = slot();
        if let Some(gpu) = shared {
            put.publish(Ok(Compositor::on(gpu)));
        } else if backend != Backend::Cpu {
            let search = move || {
                put.publish(Compositor::new(backend));
            };
            if let Err(e) = self.spawn("omote-gpu", search) {
                self.metrics.fault(e.to_string());
            }
        }
        get
    }

    fn spawn(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread(name, work)?);
        Ok(())
    }

    /// Stops all threads, lets the sinks finish, and says what was done.
    pub fn stop(self) -> LiveStatus {
        self.end();
        self.status()
    }

    /// Stops all threads and ends all sinks, also where other threads still hold the pipeline, and says what became of
    /// the recordings. In this order: recordings take no more pictures and begin to complete their files; the other
    /// sinks get the card as their last picture and are closed; the recordings are waited for. No sink can be attached
    /// afterwards. A second call waits for the first, and has nothing to tell.
    ///
    /// A thread that is in the hands of a driver or of a model that loads is left to itself after twenty seconds.
    pub fn end(&self) -> Vec<Recorded> {
        self.end_within(PATIENCE)
    }

    fn end_within(&self, patience: Duration) -> Vec<Recorded> {
        self.controls.stop();
        self.to_track.close();
        self.to_swap.close();
        // Held until all is done, so that nobody takes the pipeline for ended before.
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + patience;
        // The render thread was started last; the card is its last act.
        if let Some(render) = threads.pop() {
            self.join(render, until);
        }
        let recorded = self.sinks.close(&self.metrics);
        threads.drain(..).for_each(|thread| self.join(thread, until));
        self.metrics.state(State::Stopped, None);
        recorded
    }

    fn join(&self, thread: JoinHandle<()>, until: Instant) {
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        let name = thread.thread().name().unwrap_or("a thread of the pipeline").to_owned();
        if !thread.is_finished() {
            self.metrics.fault(format!("{name} does not end; it is left to itself"));
        } else if thread.join().is_err() {
            self.metrics.fault(format!("{name} broke down"));
        }
    }

    /// How it goes, now.
    pub fn status(&self) -> LiveStatus {
        self.metrics.snapshot(&self.sinks)
    }

    /// Other personas from the next frame on, faded in over `fade` ([`FADE`], or zero for none). An empty
    /// list changes nothing.
    pub fn wear(&self, personas: Vec<FaceTexture>, fade: Duration) {
        self.controls.change(|w| w.wear = Some((personas, fade)));
    }

    /// Wears a swap model over the personas, or none any more. It is loaded on a thread of its own; until its first
    /// result, and where its results do not reach, the personas are drawn.
    pub fn wear_model(&self, make: Option<MakeModel>) {
        self.controls.change(|w| w.model = Some(make));
        self.to_swap.publish(Job::Changed);
    }

    /// How personas are drawn; with [`Privacy::Protect`] the opacity is 1 whatever is said here.
    pub fn set_draw_params(&self, params: DrawParams) {
        self.controls.change(|w| w.settings.draw_params = params);
    }

    /// What viewers see when a face is lost.
    pub fn set_privacy(&self, privacy: Privacy) {
        self.controls.change(|w| w.settings.privacy = privacy);
    }

    /// Where the badge stands.
    pub fn set_corner(&self, corner: Corner) {
        self.controls.change(|w| w.settings.corner = corner);
    }

    /// How the picture is mirrored and rotated, and how large the output is.
    pub fn set_transform(&self, transform: FrameTransform) {
        self.controls.change(|w| w.settings.transform = transform);
    }

    /// Faces that get a persona.
    pub fn set_max_faces(&self, faces: usize) {
        self.controls.change(|w| w.settings.max_faces = faces);
    }

    /// Shows the card from now on, or no longer.
    pub fn pause(&self, on: bool) {
        self.controls.change(|w| w.paused = on);
    }

    /// Closes the source and opens another; the card is shown meanwhile. The same source is opened anew.
    pub fn set_source(&self, source: LiveSource) {
        self.controls.change(|w| {
            w.source = source;
            w.generation += 1;
        });
    }

    /// Sends every frame from now on to a sink, on a thread of its own. When the pipeline stops, its last
    /// frame is the card.
    ///
    /// # Errors
    /// A thread that can't be started, or a pipeline that has ended.
    pub fn attach(&self, name: &str, sink: Box<dyn Sink>) -> Result<SinkId> {
        self.sinks.attach(name, sink)
    }

    /// Sends frames to a recording: as many a second as `rate` says, whatever the camera gives, so that the
    /// recording runs at the true speed. When the pipeline stops it ends with the last picture before the card.
    ///
    /// # Errors
    /// A thread that can't be started, or a pipeline that has ended.
    pub fn record(&self, name: &str, sink: Box<dyn Sink>, rate: Rate) -> Result<SinkId> {
        self.sinks.record(name, sink, rate)
    }

    /// Shows every frame from now on to `see`, on a thread of its own.
    ///
    /// # Errors
    /// A thread that can't be started, or a pipeline that has ended.
    pub fn watch(&self, name: &str, see: See) -> Result<SinkId> {
        self.sinks.watch(name, see)
    }

    /// Takes a sink off and waits until it has finished. Nothing where there is none of this number.
    pub fn detach(&self, id: SinkId) -> Option<Result<Finished>> {
        self.sinks.detach(id)
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts a named thread.
fn thread<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|e| {
        Error::wrap(
            ErrorKind::Backend,
            Stage::Pipeline,
            format!("the thread {name} can't be started: {e}"),
            e,
        )
    })
}

#[cfg(test)]
mod end_tests;
#[cfg(test)]
mod tests;
