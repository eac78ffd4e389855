//! How steady the machine is: a fixed piece of work whose times ought to be the same, and what other programs take.

use std::hint::black_box;
use std::time::Instant;

use cpu_time::ProcessTime;

use crate::compare::LEAST_DIFFERENCE;
use crate::report::Noise;
use crate::statistics;

/// Spread of the reference below which differences down to [`LEAST_DIFFERENCE`] can be told.
const QUIET: f64 = LEAST_DIFFERENCE / 2.0;
/// Values that the reference works on in the first cache, how often, and those in the second.
const NEAR: usize = 1 << 12;
const PASSES: u32 = 250;
const FAR: usize = 1 << 18;

/// A fixed piece of work on one core: arithmetic in the first cache, then a walk through the second.
#[derive(Debug)]
pub(crate) struct Reference {
    near: Vec<u32>,
    far: Vec<u32>,
}

impl Reference {
    /// The work, ready to begin.
    pub(crate) fn new() -> Self {
        Self { near: (0..NEAR as u32).collect(), far: vec![1; FAR] }
    }

    /// Milliseconds that it takes now.
    pub(crate) fn time(&mut self) -> f64 {
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
#[derive(Debug)]
pub(crate) struct Watch {
    busy: Option<(f64, f64)>,
    own: ProcessTime,
    run: Option<(f64, f64)>,
}

/// What other programs took, as far as the system says it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    /// Share of the whole processor.
    pub(crate) processor: Option<f64>,
    /// Share of the time in which this thread would have run that it waited for a core.
    pub(crate) waited: Option<f64>,
}

impl Watch {
    /// Begins to watch.
    pub(crate) fn begin() -> Self {
        Self { busy: busy(), own: ProcessTime::now(), run: run() }
    }

    /// What was taken since.
    pub(crate) fn taken(&self) -> Taken {
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
pub(crate) fn verdict(reference_ms: Vec<f64>, taken: Taken) -> Noise {
    let scatter = statistics::spread(&reference_ms);
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
