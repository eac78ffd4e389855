//! What a bench found, as it stands in JSON (docs/bench-schema.json). All times are milliseconds.

use serde::{Deserialize, Serialize};

/// Version of the form; readers refuse others.
pub(crate) const SCHEMA: u32 = 1;

/// One run of the bench on one machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// [`SCHEMA`].
    pub(crate) schema: u32,
    pub(crate) program: Program,
    pub(crate) machine: Machine,
    /// Every graphics adapter that could draw, best first.
    pub(crate) adapters: Vec<Adapter>,
    pub(crate) runtime: RuntimeInfo,
    /// When it began, UTC to the second, as `2026-01-31T12:34:56Z`.
    pub(crate) started: String,
    /// How long all of it took.
    pub(crate) seconds: f64,
    /// Fewer rows and frames: for a first look, not for figures to publish.
    pub(crate) quick: bool,
    /// Rounds of every row, in random order.
    pub(crate) rounds: u32,
    pub(crate) noise: Noise,
    pub(crate) rows: Vec<Row>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The commit, where the build was told (`OMOTE_COMMIT`).
    pub(crate) commit: Option<String>,
    /// `debug` or `release`.
    pub(crate) profile: String,
}

/// The computer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_mib: Option<u64>,
    /// `linux`, `macos`, `windows`.
    pub(crate) os: String,
    /// The kernel's own words.
    pub(crate) kernel: Option<String>,
}

/// A GPU adapter, or one that is emulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Adapter {
    pub(crate) name: String,
    /// `vulkan`, `gl`, `metal`, `dx12`.
    pub(crate) backend: String,
    pub(crate) driver: String,
    /// A CPU plays the GPU: its rows say nothing about GPUs.
    pub(crate) software: bool,
}

/// What runs networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RuntimeInfo {
    /// `onnxruntime` or `rten`.
    pub(crate) name: String,
    /// The library's file, where it is one.
    pub(crate) library: Option<String>,
    /// The providers that the library was built with.
    pub(crate) providers: Vec<String>,
}

/// How steady the machine was: a fixed piece of work on one core, timed before each turn of a row and between its
/// frames, so that it meets what the rows meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Noise {
    pub(crate) reference_ms: Vec<f64>,
    /// How uncertain times were, of 1: the most of the median distance of those from their median, relative to it; the
    /// share of its time that this program waited for a core; and a sixteenth of the share of the processor that others
    /// took.
    pub(crate) spread: f64,
    /// Whether the spread is small enough to trust small differences.
    pub(crate) quiet: bool,
    /// The verdict in a sentence.
    pub(crate) words: String,
}

/// One scenario's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Stable from run to run, by which runs are compared: `mesh/1280x720/nv12/1-face/cpu`.
    pub(crate) id: String,
    pub(crate) title: String,
    /// `mesh`, `track`, `stand-in`, `model`, `sink`.
    pub(crate) scenario: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Pixel format: `nv12`, `yuyv`, `i420`, `bgra`, …
    pub(crate) format: String,
    pub(crate) faces: u32,
    /// `cpu`, or `gpu` and the adapter's name.
    pub(crate) drawn_by: String,
    /// Drawn by an adapter that a CPU plays.
    pub(crate) software: bool,
    /// The swap model, where one is worn.
    pub(crate) model: Option<String>,
    /// What runs the model.
    pub(crate) provider: Option<String>,
    /// Frames measured, all rounds together.
    pub(crate) frames: u32,
    /// Time on the clock, a frame.
    pub(crate) wall: Times,
    /// CPU time of the whole process, a frame.
    pub(crate) cpu: Times,
    /// Time on the GPU by its own timestamps; nothing where it has none.
    pub(crate) gpu: Option<Times>,
    /// Parts of `wall`, in the order of the work.
    pub(crate) stages: Vec<StageTimes>,
    /// Each pass on the GPU by the same timestamps, in the order of the work.
    #[serde(default)]
    pub(crate) gpu_passes: Vec<StageTimes>,
    /// Bytes sent to the GPU for each frame.
    pub(crate) upload_bytes: Option<u64>,
    /// Bytes fetched from the GPU for each frame.
    pub(crate) readback_bytes: Option<u64>,
    /// What the row added to the process's memory while it was built and warmed up.
    pub(crate) memory_mib: Option<f64>,
    /// Energy of a frame, where the system counts it.
    pub(crate) energy_j: Option<f64>,
    /// Frames whose timestamps came too late and were left out; nothing where none are taken.
    pub(crate) drops: Option<u64>,
    /// The clock times of the first frames in their order, at most 240, warm-up left out.
    pub(crate) samples: Vec<f32>,
    /// Why the row has no figures, or figures that mean nothing.
    pub(crate) fault: Option<String>,
}

/// A part of a frame's work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageTimes {
    /// `track`, `model`, `swap`, `badge`, `window`, `camera`.
    pub(crate) name: String,
    pub(crate) times: Times,
}

/// What many frames say together; all milliseconds, all zero where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) median: f64,
    /// Lower end of the median's 95 % confidence interval, by order statistics over all frames.
    pub(crate) low: f64,
    /// Upper end.
    pub(crate) high: f64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    /// Mean distance between a frame and the next.
    pub(crate) jitter: f64,
    /// The least median that a round had.
    pub(crate) best_round: f64,
}
