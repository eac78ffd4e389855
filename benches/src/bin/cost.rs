//! The cost tables of docs/latency.md: CPU and wall time of a frame, five rounds, best and median, with a
//! plain OpenCV paste run beside it. `cargo run --release -p omote-benches --bin cost [-- docs/latency.md]`
//! prints the table, or puts it between the marks of the given file. `PYTHON` names a Python with
//! opencv-python-headless and numpy; without one the reference is left out, and the table says so.

#![expect(clippy::print_stdout, reason = "the table is the program's output")]

use anyhow::Context;
use cpu_time::ProcessTime;
use omote_benches::{FACE_PX, Scene, scene};
use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::composite::{Backend, Compositor, Look};
use omote_engine::frame::PixelFormat;
use omote_engine::infer::{Runtime, models};
use omote_engine::pipeline::{Engine, Settings};
use omote_engine::sink;
use omote_engine::source::Rate;
use omote_engine::track::{Tracker, TrackerConfig};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
const REPEATS: u32 = 40;

/// CPU and wall milliseconds of one repeat: best and median of the rounds.
struct Cost {
    cpu: [f64; 2],
    wall: [f64; 2],
}

fn measure(mut work: impl FnMut(u32) -> anyhow::Result<()>) -> anyhow::Result<Cost> {
    for i in 0..5 {
        work(i)?;
    }
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    let mut number = 5;
    for _ in 0..ROUNDS {
        let (c, w) = (ProcessTime::now(), Instant::now());
        for _ in 0..REPEATS {
            work(number)?;
            number += 1;
        }
        let each = |d: Duration| d.as_secs_f64() * 1e3 / f64::from(REPEATS);
        cpu.push(each(c.elapsed()));
        wall.push(each(w.elapsed()));
    }
    let best_and_median = |v: &mut Vec<f64>| {
        v.sort_by(f64::total_cmp);
        [v[0], v[ROUNDS / 2]]
    };
    Ok(Cost { cpu: best_and_median(&mut cpu), wall: best_and_median(&mut wall) })
}

fn drawing(s: &Scene) -> anyhow::Result<Cost> {
    let mut compositor = Compositor::new(Backend::Cpu)?;
    let mut badger = Badger::new(Corner::TopRight);
    // The frame's own copy is the source's work, so one buffer goes round.
    let mut buffer = Some(s.frame.clone());
    measure(|_| {
        let mut canvas = Canvas::new(buffer.take().context("no buffer")?);
        compositor.draw(&mut canvas, 0, s.frame.time, &s.points, &s.texture, &Look::default())?;
        let badged = badger.finish(canvas, Disclosure::Modified)?;
        let f = &s.frame;
        let data = badged.into_data();
        buffer = Some(omote_engine::frame::Frame::new(f.format(), f.colour(), f.width(), f.height(), data)?);
        Ok(())
    })
}

fn whole(s: &Scene) -> anyhow::Result<Option<(Cost, &'static str)>> {
    let Some(data) = models::data_dir() else { return Ok(None) };
    let library = models::library(&data);
    let runtime = Runtime::discover(library.as_deref())?;
    let config = TrackerConfig { max_faces: 1, ..TrackerConfig::default() };
    let Ok(tracker) = Tracker::new(&runtime, &models::models_dir(&data), config) else { return Ok(None) };
    let settings = Settings { backend: Backend::Cpu, max_faces: 1, ..Settings::default() };
    let mut engine = Engine::new(Box::new(tracker), vec![s.texture.clone()], settings)?;
    let cost = measure(|i| {
        let mut frame = s.frame.clone();
        frame.time = Rate::DEFAULT.time(u64::from(i));
        let output = engine.process(frame)?;
        anyhow::ensure!(!output.faces.is_empty(), "the face was not found");
        Ok(())
    })?;
    Ok(Some((cost, runtime.backend())))
}

/// A way to paste, and its best and median CPU milliseconds.
type Way = (String, [f64; 2]);

/// Best and median CPU milliseconds of the plain OpenCV pastes: over the whole frame, and over the region.
fn reference(s: &Scene) -> anyhow::Result<Option<Vec<Way>>> {
    let folder = tempfile::tempdir()?;
    let png = |name: &str, s: &Scene| -> anyhow::Result<std::path::PathBuf> {
        // Pictures leave the engine only with the badge; for the reference's cost it makes no difference.
        let path = folder.path().join(name);
        let badged =
            Badger::new(Corner::TopRight).finish(Canvas::new(s.frame.clone()), Disclosure::Modified)?;
        let spec = sink::SinkSpec { rate: Rate::DEFAULT, frames: Some(1), audio: None };
        let mut out = sink::create(&path, &spec)?;
        out.present(&badged)?;
        out.finish()?;
        Ok(path)
    };
    let frame = png("frame.png", s)?;
    let other = scene(PixelFormat::Rgb, 768, 768, "composite-1")?;
    let persona = png("persona.png", &other)?;
    let points: String = s
        .points
        .iter()
        .zip(&other.points)
        .map(|(a, b)| format!("{} {} {} {}\n", a.x, a.y, b.x, b.y))
        .collect();
    let list = folder.path().join("points.txt");
    std::fs::write(&list, points)?;
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/opencv_reference.py");
    let run = Command::new(python)
        .arg(script)
        .args([&frame, &persona, &list])
        .args([ROUNDS.to_string(), REPEATS.to_string()])
        .output();
    let Ok(run) = run else { return Ok(None) };
    if !run.status.success() {
        log::warn!("the OpenCV reference failed: {}", String::from_utf8_lossy(&run.stderr));
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&run.stdout);
    let line = |l: &str| {
        let mut w = l.split_whitespace();
        Some((w.next()?.to_owned(), [w.next()?.parse().ok()?, w.next()?.parse().ok()?]))
    };
    Ok(Some(text.lines().filter_map(line).collect()))
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':').map(|(_, v)| v.trim()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores, {}, no GPU", model.unwrap_or(std::env::consts::ARCH), std::env::consts::OS)
}

fn main() -> anyhow::Result<()> {
    env_logger::init();
    let mut t = String::new();
    writeln!(
        t,
        "Machine: {}. CPU backend, one thread, face {FACE_PX} px high, NV12, persona composite-1;",
        machine()
    )?;
    writeln!(t, "{ROUNDS} rounds of {REPEATS} frames, milliseconds a frame.\n")?;
    writeln!(t, "| what | picture | CPU best | CPU median | wall best | wall median |")?;
    writeln!(t, "| --- | --- | ---: | ---: | ---: | ---: |")?;
    let mut row = |what: &str, picture: &str, c: &Cost| {
        let [a, b, d, e] = [c.cpu[0], c.cpu[1], c.wall[0], c.wall[1]];
        writeln!(t, "| {what} | {picture} | {a:.2} | {b:.2} | {d:.2} | {e:.2} |")
    };
    let hd = scene(PixelFormat::Nv12, 1280, 720, "composite-1")?;
    let uhd = scene(PixelFormat::Nv12, 3840, 2160, "composite-1")?;
    let (a, b) = (drawing(&hd)?, drawing(&uhd)?);
    row("swap, composite, badge", "1280x720", &a)?;
    row("swap, composite, badge", "3840x2160", &b)?;
    let full = whole(&hd)?;
    if let Some((c, runtime)) = &full {
        row(&format!("whole frame with tracking by {runtime}, frame copied"), "1280x720", c)?;
    }
    writeln!(t)?;
    writeln!(t, "- Growth from 1280x720 to 3840x2160: {:.2} times (CPU, median).", b.cpu[1] / a.cpu[1])?;
    if full.is_none() {
        writeln!(t, "- Tracking was not measured: the networks are missing (`omote setup`).")?;
    }
    match reference(&hd)? {
        Some(ways) => {
            for (name, cpu) in ways {
                writeln!(
                    t,
                    "- Plain OpenCV affine warp and feathered paste, {name}, run beside it: {:.2} ms best, {:.2} ms \
                     median CPU; ours takes {:.2} times as long (medians).",
                    cpu[0],
                    cpu[1],
                    a.cpu[1] / cpu[1]
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
    let text = std::fs::read_to_string(&file).with_context(|| format!("can't read {file}"))?;
    let (before, rest) = text.split_once("<!-- cost -->\n").context("no <!-- cost --> mark in the file")?;
    let (_, after) = rest.split_once("<!-- /cost -->").context("no <!-- /cost --> mark in the file")?;
    std::fs::write(&file, format!("{before}<!-- cost -->\n{t}<!-- /cost -->{after}"))?;
    println!("{} written", Path::new(&file).display());
    Ok(())
}
