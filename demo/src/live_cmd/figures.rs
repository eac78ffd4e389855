//! The figures of a live run: latency by stage, drops, and what changed over time.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use omote_engine::pipeline::{LiveSession, LiveStatus, ModelState, ModelStatus, State};
use omote_engine::timing::{Timings, now};
use serde::Serialize;

use super::LiveArgs;
use crate::run_cmd::{Machine, StageStats, latency_table, machine};

/// Between two samples over time.
const STEP: Duration = Duration::from_secs(10);
/// The whole way in the tables.
const TOTAL: &str = "latency";

/// One moment of a run.
#[derive(Clone, Debug, Serialize)]
struct Sample {
    seconds: f64,
    state: &'static str,
    /// Pictures a second from the source.
    fps: f64,
    /// Latency of the last 300 frames, ms.
    p50: f64,
    p99: f64,
    max: f64,
    /// Memory in use (resident), MiB; 0 where the system does not tell.
    memory_mib: f64,
    /// Frame buffers made so far.
    buffers: u64,
    frames: u64,
    dropped_camera: u64,
    dropped_track: u64,
    dropped_render: u64,
}

/// Gathers figures while a pipeline runs.
pub(super) struct Figures {
    timings: Arc<Mutex<Timings>>,
    begun: Instant,
    samples: Mutex<(Instant, Vec<Sample>)>,
}

impl Figures {
    /// Watches every frame.
    pub(super) fn watch(live: &LiveSession) -> anyhow::Result<Self> {
        let timings = Arc::new(Mutex::new(Timings::default()));
        let seen = Arc::clone(&timings);
        live.watch(
            "figures",
            Box::new(move |shown| {
                let s = &shown.stamps;
                if s.captured.is_zero() {
                    return;
                }
                let mut timings = seen.lock().unwrap_or_else(PoisonError::into_inner);
                for (stage, took) in s.stages() {
                    timings.add(stage, took);
                }
                timings.add(TOTAL, s.ready.saturating_sub(s.captured));
                timings.add("to a sink", now().saturating_sub(s.captured));
            }),
        )?;
        let begun = Instant::now();
        Ok(Self { timings, begun, samples: Mutex::new((begun, Vec::new())) })
    }

    /// Notes a moment, every ten seconds.
    pub(super) fn sample(&self, status: &LiveStatus) {
        let mut guard = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, samples) = &mut *guard;
        if last.elapsed() < STEP {
            return;
        }
        *last = Instant::now();
        samples.push(Sample {
            seconds: self.begun.elapsed().as_secs_f64(),
            state: status.state.name(),
            fps: status.source.measured_fps,
            p50: status.latency.p50,
            p99: status.latency.p99,
            max: status.latency.max,
            memory_mib: resident_mib().unwrap_or(0.0),
            buffers: status.pool.created,
            frames: status.frames,
            dropped_camera: status.drops.camera,
            dropped_track: status.drops.track,
            dropped_render: status.drops.render,
        });
    }

    /// Everything, at the end.
    pub(super) fn report(
        &self,
        args: &LiveArgs,
        status: &LiveStatus,
        runtime: &str,
        wall: Duration,
    ) -> Report {
        let timings = self.timings.lock().unwrap_or_else(PoisonError::into_inner);
        let stages = timings.summaries().into_iter().map(|(stage, ms)| StageStats { stage, ms }).collect();
        let names = State::ALL.iter().map(|state| state.name().to_owned());
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        let d = status.drops;
        Report {
            source: format!("{} {}", status.source.name, status.source.mode),
            asked_fps: status.source.asked_fps,
            seconds: wall.as_secs_f64(),
            frames: status.frames,
            frames_per_second: status.frames as f64 / wall.as_secs_f64().max(1e-9),
            shown: names.zip(status.shown.map(serde_json::Value::from)).collect(),
            dropped_camera: d.camera,
            dropped_track: d.track,
            dropped_render: d.render,
            faults: status.faults,
            last_fault: status.last_fault.clone(),
            privacy: format!("{:?}", args.privacy).to_lowercase(),
            backend: status.backend.clone(),
            runtime: runtime.to_owned(),
            model: ModelFigures::from_status(&status.model),
            machine: machine(),
            stages,
            samples,
        }
    }
}

/// What a live run did; times in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    source: String,
    asked_fps: f64,
    seconds: f64,
    frames: u64,
    frames_per_second: f64,
    /// Frames by what they showed, those that were no picture of the source included.
    shown: serde_json::Map<String, serde_json::Value>,
    dropped_camera: u64,
    dropped_track: u64,
    dropped_render: u64,
    faults: u64,
    last_fault: Option<String>,
    privacy: String,
    backend: String,
    runtime: String,
    /// The swap model, where one was worn.
    model: Option<ModelFigures>,
    machine: Machine,
    stages: Vec<StageStats>,
    samples: Vec<Sample>,
}

/// What the swap model did.
#[derive(Debug, Serialize)]
struct ModelFigures {
    name: String,
    /// Milliseconds for a result: median and 95th percentile of the last 300.
    took_p50: f64,
    took_p95: f64,
    /// Results a second.
    rate: f64,
    /// Milliseconds from the frame that a result was made of to the one that it was drawn on.
    age_p50: f64,
    age_p95: f64,
    /// Why it stopped.
    fault: Option<String>,
}

impl ModelFigures {
    fn from_status(model: &ModelStatus) -> Option<Self> {
        let fault = match &model.state {
            ModelState::Off => return None,
            ModelState::Failed(why) => Some(why.clone()),
            ModelState::Loading | ModelState::Running => None,
        };
        Some(Self {
            name: model.name.clone().unwrap_or_default(),
            took_p50: model.took.p50,
            took_p95: model.took.p95,
            rate: model.rate,
            age_p50: model.age.p50,
            age_p95: model.age.p95,
            fault,
        })
    }
}

impl Report {
    /// As JSON.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    pub(super) fn table(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(
            out,
            "{}: {} frames in {:.1} s ({:.1} fps), drawn by {}, tracked by {}",
            self.source, self.frames, self.seconds, self.frames_per_second, self.backend, self.runtime
        )?;
        writeln!(
            out,
            "dropped: {} by the camera, {} before tracking, {} before drawing; faults: {}",
            self.dropped_camera, self.dropped_track, self.dropped_render, self.faults
        )?;
        if let Some(m) = &self.model {
            match &m.fault {
                Some(why) => writeln!(out, "swap model: {why}")?,
                None => writeln!(
                    out,
                    "swap model {}: {:.1} ms per result, {:.1} results per second, {:.0} ms old when drawn (p95 {:.0}); \
                     the picture is not delayed",
                    m.name, m.took_p50, m.rate, m.age_p50, m.age_p95
                )?,
            }
        }
        latency_table(out, &self.machine, &self.stages)
    }
}

/// Memory that the process holds now.
fn resident_mib() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_known_here() {
        let mib = super::resident_mib().unwrap();
        assert!((1.0..100_000.0).contains(&mib), "{mib}");
    }
}
