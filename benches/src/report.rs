//! What a bench found, as it stands in JSON (docs/bench-schema.json). All times are milliseconds.

use std::io::Write;
use std::path::Path;

use omote_engine::error::{Error, ErrorKind, Stage};
use serde::{Deserialize, Serialize};

/// Version of the form; readers refuse others.
pub const SCHEMA: u32 = 1;

/// One run of the bench on one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What was measured.
    pub program: Program,
    /// On what.
    pub machine: Machine,
    /// Every graphics adapter that could draw, best first.
    pub adapters: Vec<Adapter>,
    /// What ran networks.
    pub runtime: RuntimeInfo,
    /// When it began, UTC to the second, as `2026-01-31T12:34:56Z`.
    pub started: String,
    /// How long all of it took.
    pub seconds: f64,
    /// Fewer rows and frames: for a first look, not for figures to publish.
    pub quick: bool,
    /// Rounds of every row, in random order.
    pub rounds: u32,
    /// How steady the machine was.
    pub noise: Noise,
    /// The scenarios in their order.
    pub rows: Vec<Row>,
}

impl Report {
    /// Reads what [`Report::json`] gave.
    ///
    /// # Errors
    /// A file that can't be read, or that holds something else or another version.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::wrap(
                ErrorKind::Missing,
                Stage::Source,
                format!(
                    "the report can't be read ({e}); give a file written by `omote bench --json FILE`: {}",
                    path.display()
                ),
                e,
            )
        })?;
        let foreign = |why: String| {
            let message = format!(
                "{} is not a report; give a file written by `omote bench --json FILE`: {why}",
                path.display()
            );
            Error::new(ErrorKind::Unsupported, Stage::Source, message)
        };
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| foreign(e.to_string()))?;
        let schema = value["schema"].as_u64();
        if schema != Some(u64::from(SCHEMA)) {
            let found = schema.map_or_else(|| "none".to_owned(), |s| s.to_string());
            return Err(foreign(format!("its format is {found}, this program reads {SCHEMA}")).into());
        }
        Ok(serde_json::from_value(value).map_err(|e| foreign(e.to_string()))?)
    }

    /// Print JSON, for a file.
    ///
    /// # Errors
    /// None that is known: every report has a form in JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Writes the figures for people.
    ///
    /// # Errors
    /// An output that can't be written.
    pub fn table(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let (m, p) = (&self.machine, &self.program);
        let memory = m.memory_mib.map_or_else(String::new, |mib| format!(", {:.1} GiB", mib as f64 / 1024.0));
        writeln!(out, "{}, {} cores{memory}, {}, {} build", m.cpu, m.cores, m.os, p.profile)?;
        for adapter in &self.adapters {
            let software = if adapter.software { " [software]" } else { "" };
            writeln!(out, "{} ({}, {}){software}", adapter.name, adapter.backend, adapter.driver)?;
        }
        writeln!(
            out,
            "networks run by {}; {} rounds, {:.0} s\n",
            self.runtime.name, self.rounds, self.seconds
        )?;
        writeln!(
            out,
            "{:<46}{:>9}{:>18}{:>9}{:>9}{:>9}{:>9}{:>7}  ms per frame",
            "row", "median", "95 % interval", "p95", "p99", "CPU", "jitter", "frames"
        )?;
        for row in &self.rows {
            let software = if row.software { " [software]" } else { "" };
            if let Some(fault) = &row.fault {
                writeln!(out, "{:<46}{:>9}  {fault}{software}", row.id, "-")?;
                continue;
            }
            let (w, interval) = (&row.wall, format!("{:.2}-{:.2}", row.wall.low, row.wall.high));
            writeln!(
                out,
                "{:<46}{:>9.2}{interval:>18}{:>9.2}{:>9.2}{:>9.2}{:>9.2}{:>7}{software}",
                row.id, w.median, w.p95, w.p99, row.cpu.median, w.jitter, row.frames
            )?;
            let stages: Vec<String> =
                row.stages.iter().map(|s| format!("{} {:.2}", s.name, s.times.median)).collect();
            writeln!(out, "    {}", stages.join(", "))?;
            if let Some(gpu) = &row.gpu {
                let pass = |s: &StageTimes| format!("{} {:.2}", s.name, s.times.median);
                let passes: Vec<String> = row.gpu_passes.iter().map(pass).collect();
                let kib = |bytes: Option<u64>| bytes.unwrap_or_default() / 1024;
                writeln!(
                    out,
                    "    on the GPU {:.2}: {}; {} KiB up, {} KiB back",
                    gpu.median,
                    passes.join(", "),
                    kib(row.upload_bytes),
                    kib(row.readback_bytes)
                )?;
            }
        }
        writeln!(out, "\n{}", self.noise.words)?;
        if p.profile == "debug" {
            writeln!(out, "this is a debug build: its figures say nothing about release builds")?;
        }
        Ok(())
    }
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// The program's name.
    pub name: String,
    /// Its version, as in `1.2.3`.
    pub version: String,
    /// The commit, where the build was told (`OMOTE_COMMIT`).
    pub commit: Option<String>,
    /// `debug` or `release`.
    pub profile: String,
}

/// The computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name, or its architecture.
    pub cpu: String,
    /// Cores that this program may use.
    pub cores: usize,
    /// Memory, where the system says it.
    pub memory_mib: Option<u64>,
    /// `linux`, `macos`, `windows`.
    pub os: String,
    /// The kernel's own words.
    pub kernel: Option<String>,
}

/// A GPU adapter, or one that is emulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adapter {
    /// The adapter's name.
    pub name: String,
    /// `vulkan`, `gl`, `metal`, `dx12`.
    pub backend: String,
    /// The driver's name and version.
    pub driver: String,
    /// A CPU plays the GPU: its rows say nothing about GPUs.
    pub software: bool,
}

/// What runs networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuntimeInfo {
    /// `onnxruntime` or `rten`.
    pub name: String,
    /// The library's file, where it is one.
    pub library: Option<String>,
    /// The providers that the library was built with.
    pub providers: Vec<String>,
}

/// How steady the machine was: a fixed piece of work on one core, timed before each turn of a row and between its
/// frames, so that it meets what the rows meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Times of the fixed work, in their order.
    pub reference_ms: Vec<f64>,
    /// How uncertain times were, of 1: the most of the median distance of those from their median, relative to it; the
    /// share of its time that this program waited for a core; and a sixteenth of the share of the processor that others
    /// took.
    pub spread: f64,
    /// Whether the spread is small enough to trust small differences.
    pub quiet: bool,
    /// The verdict in a sentence.
    pub words: String,
}

/// One scenario's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Stable from run to run, by which runs are compared: `mesh/1280x720/nv12/1-face/cpu`.
    pub id: String,
    /// What is done, in words.
    pub title: String,
    /// `mesh`, `track`, `stand-in`, `model`, `sink`.
    pub scenario: String,
    /// The picture's width in pixels.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// Pixel format: `nv12`, `yuyv`, `i420`, `bgra`, …
    pub format: String,
    /// Faces in the picture.
    pub faces: u32,
    /// `cpu`, or `gpu` and the adapter's name.
    pub drawn_by: String,
    /// Drawn by an adapter that a CPU plays.
    pub software: bool,
    /// The swap model, where one is worn.
    pub model: Option<String>,
    /// What runs the model.
    pub provider: Option<String>,
    /// Frames measured, all rounds together.
    pub frames: u32,
    /// Time on the clock, a frame.
    pub wall: Times,
    /// CPU time of the whole process, a frame.
    pub cpu: Times,
    /// Time on the GPU by its own timestamps; nothing where it has none.
    pub gpu: Option<Times>,
    /// Parts of `wall`, in the order of the work.
    pub stages: Vec<StageTimes>,
    /// Each pass on the GPU by the same timestamps, in the order of the work.
    #[serde(default)]
    pub gpu_passes: Vec<StageTimes>,
    /// Bytes sent to the GPU for each frame.
    pub upload_bytes: Option<u64>,
    /// Bytes fetched from the GPU for each frame.
    pub readback_bytes: Option<u64>,
    /// What the row added to the process's memory while it was built and warmed up.
    pub memory_mib: Option<f64>,
    /// Energy of a frame, where the system counts it.
    pub energy_j: Option<f64>,
    /// Frames whose timestamps came too late and were left out; nothing where none are taken.
    pub drops: Option<u64>,
    /// The clock times of the first frames in their order, at most 240, warm-up left out.
    pub samples: Vec<f32>,
    /// Why the row has no figures, or figures that mean nothing.
    pub fault: Option<String>,
}

/// A part of a frame's work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageTimes {
    /// `track`, `model`, `swap`, `badge`, `window`, `camera`.
    pub name: String,
    /// Its times.
    pub times: Times,
}

/// What many frames say together; all milliseconds, all zero where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Times {
    /// The middle value; between the two middle ones where their number is even.
    pub median: f64,
    /// Lower end of the median's 95 % confidence interval, by order statistics over all frames.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Half of the frames took at most this long.
    pub p50: f64,
    /// 95 of 100 did.
    pub p95: f64,
    /// 99 of 100 did.
    pub p99: f64,
    /// The slowest frame.
    pub max: f64,
    /// Mean distance between a frame and the next.
    pub jitter: f64,
    /// The least median that a round had.
    pub best_round: f64,
}
