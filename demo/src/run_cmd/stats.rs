//! The figures of a run: for people as a table, for programs as JSON.

use std::io::Write;
use std::time::Duration;

use omote_engine::pipeline::{OfflineSession, State};
use omote_engine::source::SourceInfo;
use omote_engine::timing::{Summary, Timings};
use serde::Serialize;

use super::summary::Summary as Shown;

/// What a run did and how long it took; times in milliseconds.
#[derive(Debug, Serialize)]
pub(crate) struct Stats {
    input: String,
    width: u32,
    height: u32,
    pub(crate) frames: u64,
    pub(crate) frames_with_face: u64,
    /// Frames by what they showed.
    shown: serde_json::Map<String, serde_json::Value>,
    /// Frames in which a face that is known of wears nothing, and the most such faces in one.
    frames_bare: u64,
    faces_beside: usize,
    scenes: u64,
    /// Always 0 here: whole inputs are worked in lockstep.
    drops: u64,
    faults: u64,
    backend: String,
    runtime: String,
    machine: Machine,
    wall_s: f64,
    frames_per_second: f64,
    stages: Vec<StageStats>,
    /// What became of the faces, for people.
    #[serde(skip)]
    lines: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct StageStats {
    pub(crate) stage: &'static str,
    #[serde(flatten)]
    pub(crate) ms: Summary,
}

/// The computer, in words.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    system: &'static str,
    build: &'static str,
}

/// Names the machine.
pub(crate) fn machine() -> Machine {
    let described = omote_benches::machine::describe();
    Machine {
        cpu: described.cpu,
        cores: described.cores,
        system: std::env::consts::OS,
        build: if cfg!(debug_assertions) { "debug" } else { "release" },
    }
}

impl Stats {
    pub(super) fn new(
        info: &SourceInfo,
        engine: &OfflineSession,
        runtime: &str,
        summary: &Shown,
        wall: Duration,
        io: &Timings,
    ) -> Self {
        let mut all = engine.timings().clone();
        all.absorb(io);
        let stages = all.summaries().into_iter().map(|(stage, ms)| StageStats { stage, ms }).collect();
        let names = State::ALL.iter().map(|state| state.name().to_owned());
        Self {
            input: info.name.clone(),
            width: info.width,
            height: info.height,
            frames: summary.frames,
            frames_with_face: summary.with_face,
            shown: names.zip(summary.shown.map(serde_json::Value::from)).collect(),
            frames_bare: summary.bare,
            faces_beside: summary.beside,
            scenes: summary.scenes,
            drops: 0,
            faults: engine.faults(),
            backend: engine.backend(),
            runtime: runtime.to_owned(),
            machine: machine(),
            wall_s: wall.as_secs_f64(),
            frames_per_second: summary.frames as f64 / wall.as_secs_f64().max(1e-9),
            stages,
            lines: Vec::new(),
        }
    }

    /// As JSON.
    pub(super) fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// With what is to be said at the end.
    pub(super) fn said(self, lines: Vec<String>) -> Self {
        Self { lines, ..self }
    }

    /// The latency table, then what became of the faces.
    pub(crate) fn table(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(
            out,
            "{}x{}, {} frames, drawn by {}, tracked by {}",
            self.width, self.height, self.frames, self.backend, self.runtime
        )?;
        latency_table(out, &self.machine, &self.stages)?;
        self.lines.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

/// Writes the machine and the percentiles of each stage.
pub(crate) fn latency_table(out: &mut dyn Write, m: &Machine, stages: &[StageStats]) -> std::io::Result<()> {
    writeln!(out, "{}, {} cores, {}, {} build", m.cpu, m.cores, m.system, m.build)?;
    writeln!(out, "{:<12}{:>9}{:>9}{:>9}{:>9}  ms per frame", "stage", "p50", "p95", "p99", "max")?;
    for s in stages {
        let ms = &s.ms;
        writeln!(out, "{:<12}{:>9.2}{:>9.2}{:>9.2}{:>9.2}", s.stage, ms.p50, ms.p95, ms.p99, ms.max)?;
    }
    Ok(())
}
