//! What a bench runs on, and how steady it is.

use std::hint::black_box;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use cpu_time::ProcessTime;
use omote_engine::gpu;
use omote_engine::infer::models;
use omote_engine::infer::{LIBRARY_VARIABLE, Runtime};
use omote_engine::persona::Date;

use super::report::{Adapter, Machine, Noise, Program, RuntimeInfo};
use super::stats;
use crate::run_cmd;

/// Spread of the reference below which differences down to [`super::compare::LEAST`] can be told.
const QUIET: f64 = super::compare::LEAST / 2.0;
/// Values that the reference works on in the first cache, how often, and those in the second.
const NEAR: usize = 1 << 12;
const PASSES: u32 = 250;
const FAR: usize = 1 << 18;

pub(super) fn program() -> Program {
    Program {
        name: "omote".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("OMOTE_COMMIT").map(str::to_owned),
        profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
    }
}

pub(super) fn machine() -> Machine {
    // What `omote run` writes into its figures, word for word.
    let told = serde_json::to_value(run_cmd::machine()).unwrap_or_default();
    let words = |key: &str| told[key].as_str().unwrap_or_default().to_owned();
    let read = |path: &str| std::fs::read_to_string(path).ok();
    Machine {
        cpu: words("cpu"),
        cores: told["cores"].as_u64().unwrap_or_default() as usize,
        memory_mib: read("/proc/meminfo").and_then(|t| kib(&t, "MemTotal:")).map(|kib| kib / 1024),
        os: words("system"),
        kernel: read("/proc/sys/kernel/osrelease").map(|t| t.trim().to_owned()),
    }
}

/// A line `NAME   123 kB` of a file of `/proc`.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Memory of this process in MiB, where the system says it.
pub(super) fn memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(kib(&status, "VmRSS:")? as f64 / 1024.0)
}

/// Joules that the processor packages have used, where the system counts them and lets this user read it.
pub(super) fn energy() -> Option<f64> {
    let mut sum = None;
    for entry in std::fs::read_dir("/sys/class/powercap").ok()?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // `intel-rapl:0` is a package, `intel-rapl:0:1` a part of one.
        if name.starts_with("intel-rapl:") && name.matches(':').count() == 1 {
            let text = std::fs::read_to_string(entry.path().join("energy_uj")).ok()?;
            *sum.get_or_insert(0.0) += text.trim().parse::<f64>().ok()? / 1e6;
        }
    }
    sum
}

pub(super) fn adapters() -> Vec<Adapter> {
    gpu::adapters().into_iter().map(|a| adapter(&a.name, a.software)).collect()
}

/// From `NAME (Interface, driver)`.
fn adapter(words: &str, software: bool) -> Adapter {
    for backend in ["Vulkan", "Gl", "Metal", "Dx12"] {
        if let Some((name, driver)) = words.split_once(&format!(" ({backend}, ")) {
            let driver = driver.strip_suffix(')').unwrap_or(driver).trim().to_owned();
            return Adapter { name: name.to_owned(), backend: backend.to_lowercase(), driver, software };
        }
    }
    Adapter { name: words.to_owned(), backend: String::new(), driver: String::new(), software }
}

pub(super) fn runtime(runtime: &Runtime, data: &Path) -> RuntimeInfo {
    let named = std::env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty());
    let library = named.map(Into::into).or_else(|| models::library(data));
    RuntimeInfo {
        name: runtime.backend().to_owned(),
        library: library.map(|path: std::path::PathBuf| path.display().to_string()),
        providers: runtime.providers().iter().map(|p| p.name()).collect(),
    }
}

/// UTC to the second.
pub(super) fn started() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{}T{h:02}:{m:02}:{s:02}Z", Date::from_unix(seconds))
}

/// A fixed piece of work on one core: arithmetic in the first cache, then a walk through the second.
pub(super) struct Reference {
    near: Vec<u32>,
    far: Vec<u32>,
}

impl Reference {
    pub(super) fn new() -> Self {
        Self { near: (0..NEAR as u32).collect(), far: vec![1; FAR] }
    }

    /// Milliseconds that it takes now.
    pub(super) fn time(&mut self) -> f64 {
        let start = Instant::now();
        for _ in 0..PASSES {
            for value in &mut self.near {
                *value = value.rotate_left(7).wrapping_mul(0x9e37_79b1) ^ 0x5bd1_e995;
            }
            black_box(&mut self.near);
        }
        for value in &mut self.far {
            *value = value.wrapping_add(0x5bd1_e995);
        }
        black_box(&mut self.far);
        start.elapsed().as_secs_f64() * 1e3
    }
}

/// Watches what other programs take.
pub(super) struct Watch {
    busy: Option<(f64, f64)>,
    own: ProcessTime,
    run: Option<(f64, f64)>,
}

/// What other programs took, as far as the system says it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taken {
    /// Share of the whole processor.
    pub(super) processor: Option<f64>,
    /// Share of the time in which this thread would have run that it waited for a core.
    pub(super) waited: Option<f64>,
}

impl Watch {
    pub(super) fn begin() -> Self {
        Self { busy: busy(), own: ProcessTime::now(), run: run() }
    }

    /// What was taken since.
    pub(super) fn taken(&self) -> Taken {
        let own = self.own.elapsed().as_secs_f64() * TICKS;
        let processor = self.busy.zip(busy()).and_then(|((busy_then, all_then), (busy_now, all_now))| {
            let all = all_now - all_then;
            // In less than a fifth of a second ticks are too coarse.
            (all >= TICKS * 0.2).then(|| ((busy_now - busy_then - own) / all).clamp(0.0, 1.0))
        });
        let waited = self.run.zip(run()).map(|((ran_then, waited_then), (ran_now, waited_now))| {
            let (ran, waited) = (ran_now - ran_then, waited_now - waited_then);
            waited / (ran + waited).max(1.0)
        });
        Taken { processor, waited }
    }
}

/// Nanoseconds that this thread has run and has waited for a core.
fn run() -> Option<(f64, f64)> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let mut fields = text.split_whitespace().map_while(|v| v.parse().ok());
    Some((fields.next()?, fields.next()?))
}

/// Ticks of a second in `/proc/stat`: 100 on every Linux.
const TICKS: f64 = 100.0;

/// Ticks in which a core worked, and all ticks.
fn busy() -> Option<(f64, f64)> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    // user, nice, system, idle, waiting for disks, interrupts of two kinds, stolen by the host; guests are in user.
    let ticks: Vec<f64> = line.split_whitespace().take(8).map_while(|v| v.parse().ok()).collect();
    let all: f64 = ticks.iter().sum();
    (ticks.len() == 8).then(|| (all - ticks[3] - ticks[4], all))
}

/// What a share of the processor that others take makes of times, even where a core is free: caches and memory are
/// shared. Rows that ran beside one busy core of two moved by up to 6 %.
const CROWD: f64 = 1.0 / 16.0;

/// The verdict on the machine: by the reference's times, and by what other programs took.
pub(super) fn noise(reference_ms: Vec<f64>, taken: Taken) -> Noise {
    let scatter = stats::spread(&reference_ms);
    let (processor, waited) = (taken.processor.unwrap_or_default(), taken.waited.unwrap_or_default());
    let spread = scatter.max(waited).max(processor * CROWD);
    let quiet = spread <= QUIET;
    let what = format!(
        "fixed work took the same time to {:.1} %, other programs took {:.0} % of the processor and kept this one \
         waiting for {:.1} % of its time",
        scatter * 100.0,
        processor * 100.0,
        waited * 100.0
    );
    let words = if quiet {
        format!("the machine was quiet: {what}")
    } else {
        let least = spread * 200.0;
        format!("the machine was NOT quiet: {what}; differences below {least:.0} % mean nothing")
    };
    Noise { reference_ms, spread, quiet, words }
}
