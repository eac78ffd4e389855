//! The machine that measures: processor, memory, system, graphics adapters, what runs networks.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use omote_engine::gpu;
use omote_engine::infer::models;
use omote_engine::infer::{LIBRARY_VARIABLE, Runtime};
use omote_engine::persona::Date;

use crate::report::{Adapter, Machine, RuntimeInfo};

/// The computer.
pub fn describe() -> Machine {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let model = read("/proc/cpuinfo").and_then(|text| {
        let named = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        named.map(|(_, name)| name.trim().to_owned())
    });
    Machine {
        cpu: model.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        memory_mib: read("/proc/meminfo").and_then(|t| kib(&t, "MemTotal:")).map(|kib| kib / 1024),
        os: std::env::consts::OS.to_owned(),
        kernel: read("/proc/sys/kernel/osrelease").map(|t| t.trim().to_owned()),
    }
}

/// Processor, cores and system in words, for tables.
pub fn in_words() -> String {
    let m = describe();
    format!("{}, {} cores, {}", m.cpu, m.cores, m.os)
}

/// A line `NAME   123 kB` of a file of `/proc`.
fn kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Memory of this process in MiB, where the system says it.
pub fn memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(kib(&status, "VmRSS:")? as f64 / 1024.0)
}

/// Joules that the processor packages have used, where the system counts them and lets this user read it.
pub fn energy() -> Option<f64> {
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

/// The graphics adapters that could draw, best first.
pub fn adapters() -> Vec<Adapter> {
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

/// What runs networks, and the library of a data folder behind it.
pub fn runtime(runtime: &Runtime, data: &Path) -> RuntimeInfo {
    let named = std::env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty());
    let library = named.map(Into::into).or_else(|| models::library(data));
    RuntimeInfo {
        name: runtime.backend().to_owned(),
        library: library.map(|path: PathBuf| path.display().to_string()),
        providers: runtime.providers().iter().map(|p| p.name()).collect(),
    }
}

/// The time of day, UTC to the second.
pub fn started() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (h, m, s) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{}T{h:02}:{m:02}:{s:02}Z", Date::from_unix(seconds))
}
