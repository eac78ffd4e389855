//! A live pipeline beside models that sleep: does the picture keep the camera's rate?

use super::{model, persona, settings};
use omote_benches::machine;
use omote_benches::statistics::median;
use omote_engine::actor::{Actor, ActorOptions};
use omote_engine::frame::{Frame, FrameTime};
use omote_engine::infer::{Runtime, models};
use omote_engine::pipeline::{
    FaceTracker, LiveConfig, LiveSession, LiveSource, LiveStatus, RateLimit, Swap, WornModel,
};
use omote_engine::pool::Pool;
use omote_engine::source::Rate;
use omote_engine::source::camera::{Camera, Captured, StreamInfo};
use omote_engine::swap::CutParams;
use omote_engine::swap::neural::{SwapModel, SwapResult};
use omote_engine::timing::now;
use omote_engine::track::{Face, Tracker, TrackerConfig};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What a model takes, ms; 0 is none.
const LAGS: [u64; 5] = [0, 10, 40, 150, 500];

/// Pictures that the camera shows, to and fro.
const PICTURES: u64 = 90;

/// A camera of 30 pictures a second that costs a copy a picture, as one does that gives pictures ready for use. The actor
/// itself would paint all the while, which no user's camera does.
fn camera(pictures: &Arc<[Frame]>) -> LiveSource {
    let pictures = Arc::clone(pictures);
    LiveSource::Camera(Arc::new(move |pool: &Pool| {
        let (pictures, pool, start) = (Arc::clone(&pictures), pool.clone(), now());
        Ok(Box::new(Prepared { pictures, pool, start, next: 0 }) as Box<dyn Camera>)
    }))
}

struct Prepared {
    pictures: Arc<[Frame]>,
    pool: Pool,
    start: Duration,
    next: u64,
}

impl Camera for Prepared {
    fn info(&self) -> StreamInfo {
        let (name, mode) = ("prepared pictures".to_owned(), "1280x720 30 fps".to_owned());
        StreamInfo { name, mode, width: 1280, height: 720, fps: 30.0 }
    }

    fn next(&mut self, limit: Duration) -> omote_engine::error::Result<Captured> {
        let due = self.start + Rate::DEFAULT.time(self.next).0;
        if due > now() + limit {
            std::thread::sleep(limit);
            return Ok(Captured::Late);
        }
        std::thread::sleep(due.saturating_sub(now()));
        let n = self.pictures.len() as u64;
        let at = self.next % (2 * n - 2).max(1);
        let at = if at < n { at } else { 2 * n - 2 - at };
        self.next += 1;
        let Some(picture) = self.pictures.get(at as usize) else { return Ok(Captured::Late) };
        let mut frame = picture.clone_into(&self.pool);
        frame.time = FrameTime(now());
        Ok(Captured::Frame(frame))
    }
}

/// The table: for each model the medians over `rounds` runs of so many `seconds`, the models by turns.
pub(super) fn live(runtime: &Runtime, data: &Path, seconds: f64, rounds: usize) -> anyhow::Result<String> {
    let mut actor = Actor::with(ActorOptions::new(5, 1280, 720, Rate::DEFAULT))?;
    let pictures: Arc<[Frame]> = (0..PICTURES).map(|k| actor.frame(k).frame).collect();
    let mut runs: [Vec<LiveStatus>; LAGS.len()] = Default::default();
    for _ in 0..rounds.max(1) {
        for (lag, runs) in LAGS.iter().zip(&mut runs) {
            runs.push(run(runtime, data, &pictures, *lag, seconds)?);
        }
    }
    let mut out = format!(
        "\nLive on {}: prepared pictures of the actor at 1280x720 and 30 fps, and models that only sleep; medians of {} alternating \
         rounds of 300 frames:\n\n\
        | model time | frames per second | latency p50 | p99 | p99 compared with no model | results per second | result age p50 |\n\
        | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        machine::in_words(),
        rounds.max(1)
    );
    let middle = |runs: &[LiveStatus], of: fn(&LiveStatus) -> f64| {
        let values: Vec<f64> = runs.iter().map(of).collect();
        median(&values)
    };
    let without: Vec<f64> = runs.first().into_iter().flatten().map(|s| s.latency.p99).collect();
    for (lag, runs) in LAGS.iter().zip(&runs) {
        // Of neighbours in time, since a shared machine's speed drifts.
        let more: Vec<f64> = runs.iter().zip(&without).map(|(s, w)| s.latency.p99 - w).collect();
        let more = median(&more);
        let (name, more) = match lag {
            0 => ("none".to_owned(), String::new()),
            _ => (format!("{lag} ms"), format!("{more:+.1} ms")),
        };
        let _ = writeln!(
            out,
            "| {name} | {:.1} | {:.1} ms | {:.1} ms | {more} | {:.1} | {:.0} ms |",
            middle(runs, |s| s.source.measured_fps),
            middle(runs, |s| s.latency.p50),
            middle(runs, |s| s.latency.p99),
            middle(runs, |s| s.model.rate),
            middle(runs, |s| s.model.age.p50)
        );
    }
    Ok(out)
}

fn run(
    runtime: &Runtime,
    data: &Path,
    pictures: &Arc<[Frame]>,
    lag: u64,
    seconds: f64,
) -> anyhow::Result<LiveStatus> {
    let tracker = Tracker::new(runtime, &models::models_dir(data), TrackerConfig::default())?;
    let mut first = Some(tracker);
    let make_tracker = Box::new(move || {
        let tracker = first.take().ok_or_else(|| {
            use omote_engine::error::{Error, ErrorKind, Stage};
            Error::new(ErrorKind::Backend, Stage::Track, "the tracker broke down")
        })?;
        Ok(Box::new(tracker) as Box<dyn FaceTracker>)
    });
    let source = camera(pictures);
    let (personas, settings) = (vec![persona()?], settings());
    let live = LiveSession::start(LiveConfig::new(source, make_tracker, personas, settings))?;
    if lag > 0 {
        let swap = Box::new(Sleeps(model(runtime)?, Duration::from_millis(lag)));
        let mask = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
        let model = WornModel {
            name: "stand-in".to_owned(),
            swap,
            mask,
            side: 256,
            rate_limit: RateLimit::default(),
            until: None,
        };
        live.wear_model(Some(Box::new(move || Ok(model))));
    }
    // The window of the figures is 300 frames: what was before them is pushed out.
    std::thread::sleep(Duration::from_secs_f64(seconds.max(1.0) + 3.0));
    Ok(live.stop())
}

/// A model that takes so long.
struct Sleeps(SwapModel, Duration);

impl Swap for Sleeps {
    fn swap(&mut self, frame: &Frame, face: &Face) -> Result<SwapResult, String> {
        let begun = std::time::Instant::now();
        let made = self.0.swap(frame, &face.landmarks).map_err(|e| e.to_string());
        std::thread::sleep(self.1.saturating_sub(begun.elapsed()));
        made
    }

    fn recycle(&mut self, made: SwapResult) {
        self.0.recycle(made);
    }
}
