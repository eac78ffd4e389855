//! Runs the rows by turns, in random order, so that each meets the same machine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use cpu_time::ProcessTime;
use omote_engine::composite::GpuWork;
use omote_engine::pipeline::{OfflineSession, State};
use omote_engine::pool::Pool;
use omote_engine::source::Rate;

use crate::machine;
use crate::noise::{self, Reference, Watch};
use crate::rehearsal::{Prepared, Rehearsal};
use crate::report::{Noise, Row, StageTimes, Times};
use crate::scenario::{Drawn, Scenario, Stock, Take};
use crate::{Progress, statistics};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) rounds: u32,
    /// Frames of a row in a round, at most.
    pub(crate) frames: u32,
    /// Milliseconds that a row may take in a round; slow rows have fewer frames.
    pub(crate) turn_ms: f64,
    /// Prepared pictures of a scene.
    pub(crate) pictures: usize,
}

impl Extent {
    pub(crate) fn new(quick: bool, rounds: Option<u32>) -> Self {
        if quick {
            Self { rounds: rounds.unwrap_or(5), frames: 12, turn_ms: 400.0, pictures: 6 }
        } else {
            Self { rounds: rounds.unwrap_or(5), frames: 40, turn_ms: 4000.0, pictures: 16 }
        }
    }
}

/// Frames before a row is measured, and before each of its turns (one after the reference): what others left in the
/// caches goes.
const WARM_UP: u32 = 4;
const WARM_TURN: u32 = 2;
/// Frames between two times of the reference.
const REFERENCE_EVERY: u32 = 8;
/// Frames whose times are kept one by one.
const SAMPLES: usize = 240;

/// A row at work.
struct Job<'a> {
    scenario: Scenario,
    row: Row,
    scene: Arc<Prepared>,
    engine: Option<OfflineSession>,
    /// What takes the pictures, and how long it took for the last one, ms.
    outlet: Option<(&'static str, Take<'a>)>,
    taken: f64,
    pool: Pool,
    next: u64,
    /// Frames in a turn.
    turn: u32,
    wall: Vec<Vec<f64>>,
    cpu: Vec<Vec<f64>>,
    stages: Vec<(&'static str, Vec<Vec<f64>>)>,
    gpu: Gpu,
    /// Milliseconds in each stage up to now.
    spent: BTreeMap<&'static str, f64>,
    energy: Option<f64>,
}

/// What the GPU did for a row.
#[derive(Default)]
struct Gpu {
    whole: Vec<Vec<f64>>,
    passes: Vec<(&'static str, Vec<Vec<f64>>)>,
    frames: u64,
    upload: u64,
    readback: u64,
    untimed: u64,
}

impl Gpu {
    /// Takes a frame's work in.
    fn add(&mut self, round: usize, work: &GpuWork) {
        self.frames += 1;
        (self.upload, self.readback) = (self.upload + work.upload, self.readback + work.readback);
        self.untimed += work.untimed;
        if work.passes.is_empty() {
            return;
        }
        let ms = |took: std::time::Duration| took.as_secs_f64() * 1e3;
        add(&mut self.whole, round, work.passes.iter().map(|(_, took)| ms(*took)).sum());
        for (name, took) in &work.passes {
            add(named(&mut self.passes, name), round, ms(*took));
        }
    }
}

/// The values of a name, a list for each round.
fn named<'a>(all: &'a mut Vec<(&'static str, Vec<Vec<f64>>)>, name: &'static str) -> &'a mut Vec<Vec<f64>> {
    let at = all.iter().position(|(n, _)| *n == name).unwrap_or_else(|| {
        all.push((name, Vec::new()));
        all.len() - 1
    });
    &mut all[at].1
}

fn add(rounds: &mut Vec<Vec<f64>>, round: usize, value: f64) {
    rounds.resize(round + 1, Vec::new());
    rounds[round].push(value);
}

/// Measures the rows, and the machine with a reference before each turn and between its frames, so that it meets what the
/// rows meet.
pub(crate) fn measure(
    scenarios: &[Scenario],
    stock: &Stock<'_>,
    extent: Extent,
    progress: &mut dyn FnMut(Progress<'_>),
) -> anyhow::Result<(Vec<Row>, Noise)> {
    let rehearsal = Rehearsal::new(extent.pictures)?;
    let mut scenes: Vec<(String, Arc<Prepared>)> = Vec::new();
    let mut jobs = Vec::new();
    for scenario in scenarios {
        let key = format!("{:?} {:?} {}", scenario.size, scenario.format, scenario.faces);
        let scene = match scenes.iter().find(|(k, _)| *k == key) {
            Some((_, scene)) => Arc::clone(scene),
            None => {
                let scene = Arc::new(rehearsal.pictures(scenario.size, scenario.format, scenario.faces)?);
                scenes.push((key, Arc::clone(&scene)));
                scene
            }
        };
        let mut report = |what: &str| progress(Progress::Preparing(what));
        report(&scenario.id());
        let mut job = Job::new(scenario, scene);
        if let Err(e) = job.prepare(stock, &extent, &mut report) {
            job.row.fault = Some(format!("{e:#}"));
        }
        jobs.push(job);
    }
    progress(Progress::Begun { frames: jobs.iter().map(|j| u64::from(j.turn * extent.rounds)).sum() });
    let mut chance = fastrand::Rng::with_seed(u64::from(std::process::id()));
    let mut reference = Reference::new();
    reference.time();
    let mut times = Vec::new();
    let watch = Watch::begin();
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    for _ in 0..extent.rounds {
        chance.shuffle(&mut order);
        for index in &order {
            let job = &mut jobs[*index];
            if job.row.fault.is_none()
                && let Err(e) = job.turn(&mut || times.push(reference.time()))
            {
                job.row.fault = Some(format!("{e:#}"));
            }
            progress(Progress::Measured { frames: u64::from(job.turn) });
        }
    }
    progress(Progress::Over);
    let noise = noise::verdict(times, watch.taken());
    Ok((jobs.into_iter().map(Job::finish).collect(), noise))
}

impl<'a> Job<'a> {
    fn new(scenario: &Scenario, scene: Arc<Prepared>) -> Self {
        let row = Row {
            id: scenario.id(),
            title: scenario.title(),
            scenario: scenario.scenario().to_owned(),
            width: scenario.size.0,
            height: scenario.size.1,
            format: scenario.format_name(),
            faces: scenario.faces,
            drawn_by: String::new(),
            software: matches!(scenario.drawn, Drawn::Software(_)),
            model: None,
            provider: None,
            frames: 0,
            wall: Times::default(),
            cpu: Times::default(),
            gpu: None,
            stages: Vec::new(),
            gpu_passes: Vec::new(),
            upload_bytes: None,
            readback_bytes: None,
            memory_mib: None,
            energy_j: None,
            drops: None,
            samples: Vec::new(),
            fault: None,
        };
        Self {
            scenario: scenario.clone(),
            row,
            scene,
            engine: None,
            outlet: None,
            taken: 0.0,
            pool: Pool::new(),
            next: 0,
            turn: 0,
            wall: Vec::new(),
            cpu: Vec::new(),
            stages: Vec::new(),
            gpu: Gpu::default(),
            spent: BTreeMap::new(),
            energy: Some(0.0),
        }
    }

    /// Builds the engine, warms it up and sees how long it takes.
    fn prepare(
        &mut self,
        stock: &Stock<'a>,
        extent: &Extent,
        report: &mut dyn FnMut(&str),
    ) -> anyhow::Result<()> {
        let before = machine::memory();
        let (mut engine, worn) = self.scenario.engine(stock, &self.scene, report)?;
        self.row.drawn_by = engine.backend();
        if let Some(worn) = worn {
            (self.row.model, self.row.provider) = (Some(worn.model), worn.provider);
        }
        let timed = self.scenario.drawn != Drawn::Cpu && engine.time_gpu(true);
        self.row.drops = timed.then_some(0);
        self.engine = Some(engine);
        self.outlet = self.scenario.outlet(stock.environment)?;
        let mut times = Vec::new();
        for _ in 0..WARM_UP {
            times.push(self.frame()?[0]);
        }
        self.row.memory_mib = before.zip(machine::memory()).map(|(a, b)| (b - a).max(0.0));
        // The first frames take longer than those that count.
        let usual = statistics::median(&times[WARM_UP as usize / 2..]).max(1e-3);
        self.turn = ((extent.turn_ms / usual) as u32).clamp(3, extent.frames);
        Ok(())
    }

    /// Works one frame: milliseconds on the clock and of CPU time.
    fn frame(&mut self) -> anyhow::Result<[f64; 2]> {
        let engine = self.engine.as_mut().ok_or_else(|| anyhow::anyhow!("no engine"))?;
        // The frame's own copy is the source's work.
        let mut frame = self.scene.frame(self.next).clone_into(&self.pool);
        frame.id.0 = self.next;
        frame.time = Rate::DEFAULT.time(self.next);
        self.next += 1;
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        let output = engine.process(frame)?;
        if let Some((_, take)) = &mut self.outlet {
            let begun = Instant::now();
            take(&output.badged)?;
            self.taken = begun.elapsed().as_secs_f64() * 1e3;
        }
        let took = [wall.elapsed(), cpu.elapsed()].map(|d| d.as_secs_f64() * 1e3);
        let found = output.faces.len();
        anyhow::ensure!(
            found >= self.scenario.faces as usize,
            "{found} of {} faces were found",
            self.scenario.faces
        );
        anyhow::ensure!(output.state == State::Live, "the picture shows {}", output.state.name());
        anyhow::ensure!(engine.faults() == 0, "a stage failed");
        Ok(took)
    }

    /// What each stage took since this was last asked.
    fn stage_times(&mut self) -> Vec<(&'static str, f64)> {
        let Some(engine) = &self.engine else { return Vec::new() };
        let mut took = Vec::new();
        for (name, all) in engine.timings().summaries() {
            let sum = all.mean * all.count as f64;
            took.push((name, sum - self.spent.insert(name, sum).unwrap_or_default()));
        }
        took
    }

    /// The row's turn in a round; `reference` times the reference.
    fn turn(&mut self, reference: &mut dyn FnMut()) -> anyhow::Result<()> {
        let round = self.wall.len();
        self.wall.push(Vec::new());
        self.cpu.push(Vec::new());
        let energy = machine::energy();
        for i in 0..self.turn {
            if i.is_multiple_of(REFERENCE_EVERY) {
                reference();
                for _ in 0..if i == 0 { WARM_TURN } else { 1 } {
                    self.frame()?;
                }
                self.stage_times();
                if let Some(engine) = &mut self.engine {
                    engine.take_gpu_work();
                }
            }
            let [wall, cpu] = self.frame()?;
            self.wall[round].push(wall);
            self.cpu[round].push(cpu);
            for (name, ms) in self.stage_times() {
                // All of them together are the row's own time; meshes that are known are not tracked.
                if name == "engine" || (name == "track" && self.row.scenario != "track") {
                    continue;
                }
                add(named(&mut self.stages, name), round, ms);
            }
            if let Some((name, _)) = &self.outlet {
                add(named(&mut self.stages, name), round, self.taken);
            }
            if let Some(engine) = self.engine.as_mut().filter(|_| self.scenario.drawn != Drawn::Cpu) {
                self.gpu.add(round, &engine.take_gpu_work());
            }
        }
        // The counter starts again from 0 now and then.
        let used = energy.zip(machine::energy()).map(|(a, b)| b - a).filter(|used| *used >= 0.0);
        self.energy = self.energy.zip(used).map(|(a, b)| a + b);
        Ok(())
    }

    fn finish(mut self) -> Row {
        let flat = self.wall.concat();
        self.row.frames = flat.len() as u32;
        self.row.wall = Times::from_rounds(&self.wall);
        self.row.cpu = Times::from_rounds(&self.cpu);
        let stage = |(name, rounds): &(&str, Vec<_>)| StageTimes {
            name: (*name).to_owned(),
            times: Times::from_rounds(rounds),
        };
        self.row.stages = self.stages.iter().map(stage).collect();
        self.row.gpu_passes = self.gpu.passes.iter().map(stage).collect();
        let gpu = &self.gpu;
        self.row.upload_bytes = gpu.upload.checked_div(gpu.frames);
        self.row.readback_bytes = gpu.readback.checked_div(gpu.frames);
        self.row.gpu = (!gpu.whole.is_empty()).then(|| Times::from_rounds(&gpu.whole));
        self.row.drops = self.row.drops.map(|_| gpu.untimed);
        self.row.samples = flat.iter().take(SAMPLES).map(|ms| *ms as f32).collect();
        self.row.energy_j = self.energy.filter(|j| *j > 0.0).map(|j| j / flat.len().max(1) as f64);
        self.row
    }
}
