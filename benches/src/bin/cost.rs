//! The cost tables of docs/latency.md: CPU and wall time of a frame, five rounds, best and median, with a
//! plain OpenCV paste run beside it. `cargo run --release -p omote-benches --bin cost [-- docs/latency.md]`
//! prints the table, or puts it between the marks of the given file. `PYTHON` names a Python with
//! opencv-python-headless and numpy; without one the reference is left out, and the table says so.

#![expect(clippy::print_stdout, reason = "the table is the program's output")]

use anyhow::Context;
use cpu_time::ProcessTime;
use glam::Vec3;
use omote_benches::python::Script;
use omote_benches::scene::{FACE_PX, Scene};
use omote_benches::statistics::best_and_median;
use omote_benches::{machine, page};
use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::composite::{Backend, Compositor, DrawCall, DrawParams};
use omote_engine::frame::PixelFormat;
use omote_engine::infer::{Runtime, models};
use omote_engine::pipeline::{OfflineSession, Settings};
use omote_engine::sink;
use omote_engine::source::Rate;
use omote_engine::track::{OCCLUSION_SIDE, Occlusion, OcclusionCell, Smoothing, Tracker, TrackerConfig};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
const REPEATS: u32 = 40;

/// CPU and wall milliseconds of one repeat: best and median of the rounds.
struct Cost {
    cpu: [f64; 2],
    wall: [f64; 2],
}

/// What is measured: one frame's work, given the frame's number.
type Work<'a> = Box<dyn FnMut(u32) -> anyhow::Result<()> + 'a>;

/// Runs the rounds of all works by turns, so that each meets the same machine; `between` runs after each turn, outside
/// of the measure.
fn measure(
    works: &mut [Work<'_>],
    mut between: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Cost>> {
    let mut rounds = vec![(Vec::new(), Vec::new()); works.len()];
    for work in &mut *works {
        (0..5).try_for_each(work)?;
    }
    for round in 0..ROUNDS as u32 {
        let first = 5 + round * REPEATS;
        for (work, (cpu, wall)) in works.iter_mut().zip(&mut rounds) {
            let (c, w) = (ProcessTime::now(), Instant::now());
            (first..first + REPEATS).try_for_each(work)?;
            let each = |d: Duration| d.as_secs_f64() * 1e3 / f64::from(REPEATS);
            cpu.push(each(c.elapsed()));
            wall.push(each(w.elapsed()));
        }
        between()?;
    }
    let cost =
        |(cpu, wall): (Vec<f64>, Vec<f64>)| Cost { cpu: best_and_median(&cpu), wall: best_and_median(&wall) };
    Ok(rounds.into_iter().map(cost).collect())
}

fn drawing(s: &Scene, params: DrawParams, occlusion: Occlusion) -> anyhow::Result<Work<'_>> {
    let mut compositor = Compositor::new(Backend::Cpu)?;
    let mut badger = Badger::new(Corner::TopRight);
    // The frame's own copy is the source's work, so one buffer goes round.
    let mut buffer = Some(s.frame.clone());
    Ok(Box::new(move |i| {
        let mut canvas = Canvas::new(buffer.take().context("no buffer")?);
        let call = DrawCall {
            face: 0,
            time: Rate::DEFAULT.time(u64::from(i)),
            points: &s.points,
            occlusion: &occlusion,
            texture: &s.texture,
            params,
        };
        compositor.draw(&mut canvas, &call)?;
        let badged = badger.finish(canvas, Disclosure::Modified)?;
        let f = &s.frame;
        let data = badged.into_data();
        buffer = Some(omote_engine::frame::Frame::new(f.format(), f.colour(), f.width(), f.height(), data)?);
        Ok(())
    }))
}

/// Half the face behind something.
fn half_covered() -> Occlusion {
    let cell = |k: usize| {
        let covered = f32::from(u8::from(k > OCCLUSION_SIDE * OCCLUSION_SIDE / 2));
        OcclusionCell { covered, face: Vec3::splat(0.6), front: Vec3::splat(0.3) }
    };
    Occlusion::from_cells(&(0..OCCLUSION_SIDE * OCCLUSION_SIDE).map(cell).collect::<Vec<_>>())
}

/// A tracker and what runs its networks; none where the networks are missing.
fn tracker(smoothing: Option<Smoothing>) -> anyhow::Result<Option<(Tracker, &'static str)>> {
    let Some(data) = models::data_dir() else { return Ok(None) };
    let library = models::library(&data);
    let runtime = Runtime::discover(library.as_deref())?;
    let config = TrackerConfig { max_faces: 1, smoothing, ..TrackerConfig::default() };
    let tracker = Tracker::new(&runtime, &models::models_dir(&data), config);
    Ok(tracker.ok().map(|t| (t, runtime.backend())))
}

fn tracking(s: &Scene, smoothing: Option<Smoothing>) -> anyhow::Result<Option<Work<'_>>> {
    let Some((mut tracker, _)) = tracker(smoothing)? else { return Ok(None) };
    let mut frame = s.frame.clone();
    Ok(Some(Box::new(move |i| {
        frame.time = Rate::DEFAULT.time(u64::from(i));
        anyhow::ensure!(!tracker.track(&frame)?.is_empty(), "the face was not found");
        Ok(())
    })))
}

fn whole(s: &Scene) -> anyhow::Result<Option<(Work<'_>, &'static str)>> {
    let Some((tracker, backend)) = tracker(TrackerConfig::default().smoothing)? else { return Ok(None) };
    let mut settings = Settings::default();
    settings.backend = Backend::Cpu;
    settings.max_faces = 1;
    let mut engine = OfflineSession::new(Box::new(tracker), vec![s.texture.clone()], settings)?;
    let work = move |i| {
        let mut frame = s.frame.clone();
        frame.time = Rate::DEFAULT.time(u64::from(i));
        let output = engine.process(frame)?;
        anyhow::ensure!(!output.faces.is_empty(), "the face was not found");
        Ok(())
    };
    Ok(Some((Box::new(work), backend)))
}

/// The plain OpenCV pastes: over the whole frame, and over the face's region. `None` where there is no Python with OpenCV.
fn reference(s: &Scene) -> anyhow::Result<Option<Script>> {
    let folder = tempfile::tempdir()?;
    let png = |name: &str, s: &Scene| -> anyhow::Result<PathBuf> {
        // Pictures leave the engine only with the badge; for the reference's cost it makes no difference.
        let path = folder.path().join(name);
        let badged =
            Badger::new(Corner::TopRight).finish(Canvas::new(s.frame.clone()), Disclosure::Modified)?;
        let spec = sink::SinkSpec::one();
        let mut out = sink::create(&path, &spec)?;
        out.present(&badged)?;
        out.finish()?;
        Ok(path)
    };
    let frame = png("frame.png", s)?;
    let other = Scene::new(PixelFormat::Rgb, 768, 768, "composite-1")?;
    let persona = png("persona.png", &other)?;
    let pairs = s.points.iter().zip(&other.points);
    let points: String = pairs.map(|(a, b)| format!("{} {} {} {}\n", a.x, a.y, b.x, b.y)).collect();
    let list = folder.path().join("points.txt");
    std::fs::write(&list, points)?;
    Script::start("opencv_reference.py", &[frame, persona, list], REPEATS as usize, folder)
}

fn main() -> anyhow::Result<()> {
    env_logger::init();
    let mut t = String::new();
    writeln!(
        t,
        "Machine: {}. CPU backend, one thread, face {FACE_PX} px high, NV12, persona composite-1;",
        machine::in_words()
    )?;
    writeln!(t, "{ROUNDS} rounds of {REPEATS} frames, milliseconds per frame.\n")?;
    writeln!(t, "| what | picture | CPU best | CPU median | wall best | wall median |")?;
    writeln!(t, "| --- | --- | ---: | ---: | ---: | ---: |")?;
    let mut row = |what: &str, picture: &str, c: &Cost| {
        let [a, b, d, e] = [c.cpu[0], c.cpu[1], c.wall[0], c.wall[1]];
        writeln!(t, "| {what} | {picture} | {a:.2} | {b:.2} | {d:.2} | {e:.2} |")
    };
    let hd = Scene::new(PixelFormat::Nv12, 1280, 720, "composite-1")?;
    let uhd = Scene::new(PixelFormat::Nv12, 3840, 2160, "composite-1")?;
    let mut reference = reference(&hd)?;
    let plain = DrawParams::default();
    let mut works = vec![
        drawing(&hd, plain, Occlusion::default())?,
        drawing(&uhd, plain, Occlusion::default())?,
        drawing(&hd, plain, half_covered())?,
        drawing(&hd, DrawParams { shape: 1.0, ..plain }, Occlusion::default())?,
    ];
    let mut named = vec![
        ("swap, composite, badge".to_owned(), "1280x720"),
        ("swap, composite, badge".to_owned(), "3840x2160"),
        ("the same, half the face covered".to_owned(), "1280x720"),
        ("the same, with the persona's proportions".to_owned(), "1280x720"),
    ];
    for (what, smoothing) in [
        ("tracking alone, mesh from the networks only", None),
        ("tracking alone, with filters and the appearance model", TrackerConfig::default().smoothing),
    ] {
        if let Some(work) = tracking(&hd, smoothing)? {
            works.push(work);
            named.push((what.to_owned(), "1280x720"));
        }
    }
    let full = whole(&hd)?;
    let tracked = full.is_some();
    if let Some((work, runtime)) = full {
        works.push(work);
        named.push((
            format!("whole frame with tracking by {runtime}, including a copy of the frame"),
            "1280x720",
        ));
    }
    let costs = measure(&mut works, || reference.as_mut().map_or(Ok(()), Script::round))?;
    for ((what, picture), cost) in named.iter().zip(&costs) {
        row(what, picture, cost)?;
    }
    let [a, b] = [costs[0].cpu[1], costs[1].cpu[1]];
    writeln!(t)?;
    writeln!(t, "- Drawing at 3840x2160 takes {:.2} times as long as at 1280x720 (CPU, median).", b / a)?;
    if !tracked {
        writeln!(t, "- Tracking was not measured: the networks are missing (`omote setup`).")?;
    }
    match &reference {
        Some(reference) => {
            for (name, rounds) in &reference.ways {
                let cpu = best_and_median(rounds);
                writeln!(
                    t,
                    "- Plain OpenCV affine warp and feathered paste, {name}, measured between our rounds: {:.2} ms best, {:.2} ms \
                     median CPU; ours takes {:.2} times as long (medians).",
                    cpu[0],
                    cpu[1],
                    a / cpu[1]
                )?;
            }
        }
        None => writeln!(
            t,
            "- The OpenCV reference was not run: no Python with opencv-python-headless and numpy."
        )?,
    }
    let Some(file) = std::env::args().nth(1) else {
        print!("{t}");
        return Ok(());
    };
    page::put(Path::new(&file), "cost", &t)?;
    println!("{file} written");
    Ok(())
}
