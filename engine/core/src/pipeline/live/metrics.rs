//! How a live pipeline goes: counted by its threads, read by whoever shows it.

use super::sink_threads::{SinkId, SinkThreads};
use crate::pipeline::{State, Why};
use crate::pool::{Pool, PoolStats};
use crate::sink::Room;
use crate::source::camera::StreamInfo;
use crate::timing::{Recent, Summary};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When a frame passed where, by [`now`](crate::timing::now).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamps {
    /// The camera's own stamp.
    pub captured: Duration,
    /// In memory and decoded.
    pub arrived: Duration,
    /// Taken by the track thread.
    pub track_begun: Duration,
    /// Its faces known.
    pub tracked: Duration,
    /// Taken by the render thread.
    pub render_begun: Duration,
    /// Painted, without the badge.
    pub painted: Duration,
    /// With the badge, ready for the sinks.
    pub ready: Duration,
}

/// Names of the stages in [`LiveStatus::stages`], in a frame's order: driver and decoding, waiting for the
/// track thread, turning the picture and finding faces, waiting for the render thread, persona and composite, badge.
pub const STAGES: [&str; 6] = ["capture", "wait.track", "track", "wait.render", "swap", "badge"];

impl Stamps {
    /// Time spent in each of [`STAGES`].
    pub fn stages(&self) -> [(&'static str, Duration); 6] {
        let s = self;
        let took = [
            s.arrived.saturating_sub(s.captured),
            s.track_begun.saturating_sub(s.arrived),
            s.tracked.saturating_sub(s.track_begun),
            s.render_begun.saturating_sub(s.tracked),
            s.painted.saturating_sub(s.render_begun),
            s.ready.saturating_sub(s.painted),
        ];
        let mut took = took.into_iter();
        STAGES.map(|name| (name, took.next().unwrap_or_default()))
    }
}

/// The source, for people.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceStatus {
    /// Its name; empty before it was open once.
    pub name: String,
    /// Size, format and rate in words.
    pub mode: String,
    /// Width of its pictures.
    pub width: u32,
    /// Height of its pictures.
    pub height: u32,
    /// Pictures a second as agreed with the driver.
    pub asked_fps: f64,
    /// Pictures a second that really came, over the last two seconds.
    pub measured_fps: f64,
    /// Why there is none now.
    pub fault: Option<String>,
}

/// Frames that were not shown, and where they were lost.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// By the driver, or damaged.
    pub camera: u64,
    /// A newer one came before the track thread was free.
    pub track: u64,
    /// A newer one came before the render thread was free.
    pub render: u64,
}

/// One sink.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub struct SinkStatus {
    /// Its number.
    pub id: SinkId,
    /// Its name.
    pub name: String,
    /// Frames it has taken.
    pub sent: u64,
    /// Frames that a newer one pushed out before it was free.
    pub dropped: u64,
    /// Camera's stamp to the moment the sink had the frame, in ms.
    pub latency: Summary,
    /// Why it has ended by itself; of a recording also what was kept, and where.
    pub fault: Option<String>,
    /// The room that a recording has left on its disk, where that is known.
    pub room: Option<Room>,
}

/// What a swap model does.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ModelState {
    /// None is worn.
    #[default]
    Off,
    /// It is being loaded.
    Loading,
    /// It works.
    Running,
    /// It could not be loaded, or failed too often: why.
    Failed(String),
}

/// The swap model.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelStatus {
    /// Its name; None where none is worn.
    pub name: Option<String>,
    /// What it does.
    pub state: ModelState,
    /// Time for a picture, all of its faces, of the last 300, in ms.
    pub took: Summary,
    /// Results a second, over the last two seconds.
    pub rate: f64,
    /// Time from the picture that the drawn result was made of to the picture that it is drawn on, of the last 300
    /// frames, in ms.
    pub age: Summary,
}

/// A snapshot of everything.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveStatus {
    /// What viewers see.
    pub state: State,
    /// Why it is not the live picture, for people.
    pub reason: Option<String>,
    /// The source.
    pub source: SourceStatus,
    /// What draws.
    pub backend: String,
    /// Faces in the last frame.
    pub faces: usize,
    /// Frames of the source that were shown, swapped or not.
    pub frames: u64,
    /// Frames that were shown in each of [`State::ALL`], those of no source included.
    pub shown: [u64; 6],
    /// Frames that were lost.
    pub drops: Drops,
    /// Times that something failed.
    pub faults: u64,
    /// The last of them.
    pub last_fault: Option<String>,
    /// Time in each of [`STAGES`], of the last 300 frames, in ms.
    pub stages: Vec<(&'static str, Summary)>,
    /// Camera's stamp to badged frame, of the last 300 frames, in ms.
    pub latency: Summary,
    /// The last 120 of these, in ms.
    pub recent: Vec<f32>,
    /// The swap model.
    pub model: ModelStatus,
    /// The sinks.
    pub sinks: Vec<SinkStatus>,
    /// The frame buffers.
    pub pool: PoolStats,
    /// GPU objects made so far; constant in steady state, 0 on the CPU.
    pub gpu_objects: u64,
}

/// Frames over which figures are taken.
const STAGE_WINDOW: usize = 300;
/// Those of the sparkline.
const SPARK: usize = 120;

/// Pictures of the source that were never seen.
#[derive(Default)]
struct Lost {
    /// They came, and couldn't be used.
    bad: u64,
    /// The driver lost them since the source was opened last.
    skipped: u64,
    /// The same of the times that it was open before.
    before: u64,
}

impl Lost {
    fn all(&self) -> u64 {
        self.bad + self.skipped + self.before
    }
}

struct Inner {
    status: LiveStatus,
    why: Option<Why>,
    stages: [Recent; 6],
    latency: Recent,
    arrivals: VecDeque<Duration>,
    model_took: Recent,
    model_age: Recent,
    /// When the last results came.
    results: VecDeque<Duration>,
    lost: Lost,
    source_faults: u64,
    presenter_faults: u64,
    /// How often the last fault has come in a row.
    repeated: u64,
}

/// What the threads count.
pub(super) struct Metrics {
    inner: Mutex<Inner>,
    pool: Pool,
}

impl Metrics {
    pub(super) fn new(pool: Pool) -> Self {
        let inner = Inner {
            status: LiveStatus::default(),
            why: None,
            stages: std::array::from_fn(|_| Recent::new(STAGE_WINDOW)),
            latency: Recent::new(STAGE_WINDOW),
            arrivals: VecDeque::with_capacity(256),
            model_took: Recent::new(STAGE_WINDOW),
            model_age: Recent::new(STAGE_WINDOW),
            results: VecDeque::with_capacity(256),
            lost: Lost::default(),
            source_faults: 0,
            presenter_faults: 0,
            repeated: 0,
        };
        Self { inner: Mutex::new(inner), pool }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a fault; the log gets it where it is another than the last one, and else the first, the second, the fourth …
    pub(super) fn fault(&self, what: String) {
        let mut inner = self.lock();
        inner.source_faults += 1;
        let again = inner.status.last_fault.as_deref() == Some(what.as_str());
        inner.repeated = if again { inner.repeated + 1 } else { 1 };
        if inner.repeated.is_power_of_two() {
            log::warn!("{what} ({} faults so far)", inner.source_faults);
        }
        inner.status.last_fault = Some(what);
    }

    pub(super) fn bad_picture(&self, what: String) {
        let mut inner = self.lock();
        inner.source_faults += 1;
        inner.lost.bad += 1;
        inner.status.drops.camera = inner.lost.all();
        if inner.source_faults.is_power_of_two() {
            log::warn!("a picture of the camera is left out: {what} ({} faults so far)", inner.source_faults);
        }
        inner.status.last_fault = Some(what);
    }

    pub(super) fn source_open(&self, info: StreamInfo) {
        let mut inner = self.lock();
        let StreamInfo { name, mode, width, height, fps } = info;
        inner.arrivals.clear();
        inner.status.source =
            SourceStatus { name, mode, width, height, asked_fps: fps, measured_fps: 0.0, fault: None };
    }

    /// Pictures that the source, as it is open now, has lost so far.
    pub(super) fn skipped(&self, skipped: u64) {
        let mut inner = self.lock();
        inner.lost.skipped = skipped;
        inner.status.drops.camera = inner.lost.all();
    }

    /// The source is closed: the next one counts from 0.
    pub(super) fn source_ended(&self) {
        let lost = &mut self.lock().lost;
        lost.before += std::mem::take(&mut lost.skipped);
    }

    /// The source is gone, or can't be opened.
    pub(super) fn source_lost(&self, why: String) {
        let mut inner = self.lock();
        if inner.status.source.fault.as_deref() != Some(&why) {
            inner.source_faults += 1;
            inner.status.last_fault = Some(why.clone());
        }
        inner.status.source.measured_fps = 0.0;
        inner.status.source.fault = Some(why);
        inner.arrivals.clear();
    }

    pub(super) fn captured(&self, at: Duration) {
        let mut inner = self.lock();
        inner.arrivals.push_back(at);
        while inner.arrivals.front().is_some_and(|first| at.saturating_sub(*first) > Duration::from_secs(2))
            || inner.arrivals.len() > 250
        {
            inner.arrivals.pop_front();
        }
        let first = inner.arrivals.front().copied().unwrap_or(at);
        let seconds = at.saturating_sub(first).as_secs_f64();
        let periods = inner.arrivals.len().saturating_sub(1) as f64;
        inner.status.source.measured_fps = if seconds > 0.0 { periods / seconds } else { 0.0 };
    }

    pub(super) fn dropped_before_track(&self) {
        self.lock().status.drops.track += 1;
    }

    pub(super) fn dropped_before_render(&self) {
        self.lock().status.drops.render += 1;
    }

    /// Another swap model, or another state of it.
    pub(super) fn model(&self, name: Option<String>, state: ModelState) {
        let mut inner = self.lock();
        inner.status.model = ModelStatus { name, state, ..ModelStatus::default() };
        (inner.model_took, inner.model_age) = (Recent::new(STAGE_WINDOW), Recent::new(STAGE_WINDOW));
        inner.results.clear();
    }

    /// The swap model has made a result.
    pub(super) fn model_made(&self, took: Duration, at: Duration) {
        let mut inner = self.lock();
        inner.model_took.add(took);
        inner.results.push_back(at);
        let old = |first: &Duration| at.saturating_sub(*first) > Duration::from_secs(2);
        while inner.results.front().is_some_and(old) || inner.results.len() > 250 {
            inner.results.pop_front();
        }
    }

    /// How old what the swap model made was when it was drawn.
    pub(super) fn model_age(&self, age: Option<Duration>) {
        if let Some(age) = age {
            self.lock().model_age.add(age);
        }
    }

    pub(super) fn backend(&self, name: String) {
        self.lock().status.backend = name;
    }

    pub(super) fn state(&self, state: State, why: Option<Why>) {
        let mut inner = self.lock();
        (inner.status.state, inner.why) = (state, why);
    }

    /// Nothing could be shown.
    pub(super) fn lost(&self, (faults, last): (u64, Option<&str>)) {
        let mut inner = self.lock();
        (inner.status.state, inner.why) = (State::Card, Some(Why::Fault));
        inner.presenter_faults = faults;
        inner.status.last_fault = last.map(str::to_owned);
    }

    pub(super) fn shown(
        &self,
        state: State,
        why: Option<Why>,
        faces: usize,
        stamps: &Stamps,
        (faults, last): (u64, Option<&str>),
        gpu_objects: u64,
    ) {
        let mut inner = self.lock();
        (inner.status.state, inner.why) = (state, why);
        inner.status.faces = faces;
        if let Some(count) = inner.status.shown.get_mut(state as usize) {
            *count += 1;
        }
        inner.status.gpu_objects = gpu_objects;
        if faults != inner.presenter_faults {
            inner.presenter_faults = faults;
            inner.status.last_fault = last.map(str::to_owned);
        }
        if stamps.captured.is_zero() {
            return;
        }
        inner.status.frames += 1;
        for (recent, (_, took)) in inner.stages.iter_mut().zip(stamps.stages()) {
            recent.add(took);
        }
        inner.latency.add(stamps.ready.saturating_sub(stamps.captured));
    }

    pub(super) fn snapshot(&self, sinks: &SinkThreads) -> LiveStatus {
        let inner = self.lock();
        let mut status = inner.status.clone();
        status.faults = inner.source_faults + inner.presenter_faults;
        status.stages = STAGES.iter().zip(&inner.stages).map(|(name, r)| (*name, r.summary())).collect();
        status.latency = inner.latency.summary();
        status.model.took = inner.model_took.summary();
        status.model.age = inner.model_age.summary();
        if let (Some(first), Some(last)) = (inner.results.front(), inner.results.back()) {
            let seconds = last.saturating_sub(*first).as_secs_f64();
            status.model.rate = if seconds > 0.0 { (inner.results.len() - 1) as f64 / seconds } else { 0.0 };
        }
        status.recent = inner.latency.last(SPARK);
        status.reason = inner.why.map(|why| match why {
            Why::NoFace => "looking for a face".to_owned(),
            Why::Paused => "paused".to_owned(),
            Why::Expired => {
                "the consent to this persona has ended: wear another, or ask for a new consent".to_owned()
            }
            Why::NoPicture => {
                let first = "waiting for the camera's first picture";
                let words = if inner.status.frames == 0 { first } else { "the camera gives no picture" };
                inner.status.source.fault.clone().unwrap_or_else(|| words.to_owned())
            }
            Why::Fault => inner.status.last_fault.clone().unwrap_or_else(|| "something failed".to_owned()),
        });
        drop(inner);
        status.sinks = sinks.status();
        status.pool = self.pool.stats();
        status
    }
}
