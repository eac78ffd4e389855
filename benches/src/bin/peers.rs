//! Our stages and the usual Python path's, side by side: the same pictures, the same machine, rounds by turns.
//!
//! `cargo run --release -p omote-benches --bin peers -- [--clip CLIP.mjpeg] [--page docs/latency.md]` prints the table, or
//! puts it between the page's marks too. `PYTHON` names a Python with NumPy, OpenCV and mediapipe; rows whose package is
//! missing say so.

#![expect(clippy::print_stdout, reason = "the table is the program's output")]

use clap::Parser;
use cpu_time::ProcessTime;
use omote_benches::python::Script;
use omote_benches::scene::{FACE_PX, Scene};
use omote_benches::statistics::best_and_median;
use omote_benches::{machine, page};
use omote_engine::actor::{ActorOptions, ActorSource};
use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::composite::{Backend, Compositor, DrawCall, DrawParams};
use omote_engine::frame::{Colour, Frame, PixelFormat};
use omote_engine::infer::{Runtime, models};
use omote_engine::sink;
use omote_engine::source::{self, Rate, Source};
use omote_engine::track::{Occlusion, Tracker, TrackerConfig};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

#[derive(Parser)]
struct Options {
    /// A clip with one face to track [default: the built-in actor]
    #[arg(long)]
    clip: Option<PathBuf>,
    /// Page to write the table to
    #[arg(long)]
    page: Option<PathBuf>,
    /// Number of frames of the clip
    #[arg(long, default_value_t = 60)]
    frames: usize,
}

const ROUNDS: usize = 5;
/// Swaps a round.
const REPEATS: u32 = 40;

fn main() -> anyhow::Result<()> {
    env_logger::init();
    let options = Options::parse();
    let name = options.clip.as_ref().and_then(|c| c.file_stem()).map(|n| n.to_string_lossy().into_owned());
    let clip = Clip::new(options.clip.as_deref(), options.frames)?;
    let hd = Scene::new(PixelFormat::Nv12, 1280, 720, "composite-1")?;
    let opencv = version("OpenCV", "import cv2, numpy; print(cv2.__version__)");
    let mediapipe = version(
        "mediapipe",
        "import importlib.metadata as m, cv2; from importlib.util import find_spec as f; \
         assert f('mediapipe'); print(m.version('mediapipe'))",
    );
    let mut ours = Tracking::new()?;
    let mut mesh = peer(&mediapipe, || clip.script())?;
    let mut paste = peer(&opencv, || pasting(&hd, "peers/paste.py"))?;
    let mut plain = peer(&opencv, || pasting(&hd, "opencv_reference.py"))?;
    let mut swap = Swapping::new(&hd)?;

    // A first round of each does not count; the scripts had theirs at their start.
    if let Ok(ours) = &mut ours {
        ours.round(&clip.frames)?;
        (ours.cpu, ours.wall) = Default::default();
    }
    swap.round()?;
    swap.cpu.clear();
    for _ in 0..ROUNDS {
        if let Ok(ours) = &mut ours {
            ours.round(&clip.frames)?;
        }
        for script in [&mut mesh, &mut paste, &mut plain].into_iter().flatten() {
            script.round()?;
        }
        swap.round()?;
    }

    let (width, height) = (clip.frames[0].width(), clip.frames[0].height());
    let mut t = format!(
        "Machine: {}. {}; {}. {ROUNDS} alternating rounds, milliseconds per \
         frame. Tracking: {} frames of {} at {width}x{height}, forwards and backwards. Pastes: {REPEATS} per round, of one \
         face {FACE_PX} px high at 1280x720.\n\n",
        machine::in_words(),
        opencv.as_ref().map_or_else(|why| format!("OpenCV: {why}"), |v| format!("OpenCV {v}")),
        mediapipe.as_ref().map_or_else(|why| format!("mediapipe: {why}"), |v| format!("mediapipe {v}")),
        clip.frames.len(),
        name.as_deref().unwrap_or("the built-in actor"),
    );
    t += "| what | ours best | ours median | theirs best | theirs median | ours / theirs, medians |\n\
          | --- | ---: | ---: | ---: | ---: | ---: |\n";
    for (time, what) in [("cpu", "CPU"), ("wall", "wall")] {
        let mine = ours.as_ref().map(|o| if time == "cpu" { &o.cpu } else { &o.wall }).map_err(Clone::clone);
        for (way, title) in [
            ("refined", "478 points (refine_landmarks=True)"),
            ("plain", "468 points (refine_landmarks=False)"),
        ] {
            let theirs = rounds(&mesh, &format!("{way}-{time}"));
            t += &row(&format!("tracking, {what}; FaceMesh with {title}"), mine.clone(), theirs);
        }
    }
    for (script, way, title) in [
        (&plain, "whole-frame", "affine warp and feathered paste over the whole frame"),
        (&plain, "face-region", "affine warp and feathered paste of the region"),
        (&paste, "reinhard", "the same with Reinhard in Lab"),
        (&paste, "poisson", "the same with Reinhard and seamlessClone"),
    ] {
        t += &row(&format!("swap, CPU; {title}"), Ok(&swap.cpu), rounds(script, way));
    }
    t.push('\n');
    if let Ok(o) = &ours {
        let share = 100.0 * o.found as f64 / o.seen.max(1) as f64;
        let theirs = |way: &str| {
            rounds(&mesh, way).map_or_else(
                |why| format!("not measured ({why})"),
                |s| format!("{:.1} %", 100.0 * best_and_median(s)[0]),
            )
        };
        writeln!(
            t,
            "- Frames with a face found: ours ({}, {} points) {share:.1} %; FaceMesh, worst round, {} with 478 points, {} with \
             468.",
            o.backend,
            o.points,
            theirs("refined-found"),
            theirs("plain-found"),
        )?;
    }
    print!("{t}");
    options.page.map_or(Ok(()), |path| page::put(&path, "peers", &t))
}

/// A row of the table: each side's rounds, or why it has none.
fn row(what: &str, ours: Result<&Vec<f64>, String>, theirs: Result<&Vec<f64>, String>) -> String {
    let [ours, theirs] = [ours, theirs].map(|side| side.map(|rounds| best_and_median(rounds)));
    let cells = |side: &Result<[f64; 2], String>| match side {
        Ok([best, median]) => format!("{best:.2} | {median:.2}"),
        Err(why) => format!("not measured: {why} | "),
    };
    let ratio = match (&ours, &theirs) {
        (Ok([_, a]), Ok([_, b])) => format!("{:.2}", a / b),
        _ => String::new(),
    };
    format!("| {what} | {} | {} | {ratio} |\n", cells(&ours), cells(&theirs))
}

/// A way's rounds.
fn rounds<'a>(script: &'a Result<Script, String>, way: &str) -> Result<&'a Vec<f64>, String> {
    let script = script.as_ref().map_err(Clone::clone)?;
    let found = script.ways.iter().find(|w| w.0 == way && !w.1.is_empty());
    found.map(|(_, ms)| ms).ok_or_else(|| "the script has no such way".to_owned())
}

/// A package's version as Python knows it, or why there is none.
fn version(package: &str, program: &str) -> Result<String, String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    match Command::new(python).args(["-c", program]).output() {
        Ok(o) if o.status.success() => Ok(String::from_utf8_lossy(&o.stdout).trim().to_owned()),
        Ok(_) => Err(format!("no {package} in this Python")),
        Err(_) => Err("no Python".to_owned()),
    }
}

/// Starts a script whose package is there; within, why there is none.
fn peer(
    package: &Result<String, String>,
    start: impl FnOnce() -> anyhow::Result<Option<Script>>,
) -> anyhow::Result<Result<Script, String>> {
    match package {
        Ok(_) => Ok(start()?.ok_or_else(|| "its script failed".to_owned())),
        Err(why) => Ok(Err(why.clone())),
    }
}

/// Writes a picture. Pictures leave the engine only with the badge; for the cost it makes no difference.
fn picture(path: &Path, frame: &Frame) -> anyhow::Result<()> {
    let badged = Badger::new(Corner::TopRight).finish(Canvas::new(frame.clone()), Disclosure::Modified)?;
    let spec = sink::SinkSpec::one();
    let mut out = sink::create(path, &spec)?;
    out.present(&badged)?;
    Ok(out.finish().map(|_| ())?)
}

/// The frames to track: ours are read from the very files that the script reads.
struct Clip {
    frames: Vec<Frame>,
    files: tempfile::TempDir,
}

impl Clip {
    fn new(path: Option<&Path>, most: usize) -> anyhow::Result<Self> {
        let mut source: Box<dyn Source> = match path {
            Some(path) => source::open(path)?,
            None => {
                let actor = ActorOptions::new(5, 1280, 720, Rate::DEFAULT);
                Box::new(ActorSource::new(actor, Some(most as u64))?)
            }
        };
        let files = tempfile::tempdir()?;
        let mut frames = Vec::new();
        while frames.len() < most
            && let Some(frame) = source.next()?
        {
            let file = files.path().join(format!("{:04}.png", frames.len()));
            picture(&file, &frame)?;
            frames.push(source::read_picture(&file)?.converted(PixelFormat::Nv12, Colour::JPEG)?);
        }
        anyhow::ensure!(!frames.is_empty(), "the clip has no frames");
        Ok(Self { frames, files })
    }

    fn script(&self) -> anyhow::Result<Option<Script>> {
        let folder = self.files.path().to_owned();
        Script::start("peers/face_mesh.py", &[folder], 1, tempfile::tempdir()?)
    }
}

/// Our tracker, which goes through the frames to and fro.
struct Tracking {
    tracker: Tracker,
    backend: &'static str,
    shown: u64,
    backwards: bool,
    seen: usize,
    found: usize,
    points: usize,
    cpu: Vec<f64>,
    wall: Vec<f64>,
}

impl Tracking {
    /// Within, why there is none.
    fn new() -> anyhow::Result<Result<Self, String>> {
        let missing = || "the networks are missing (`omote setup`)".to_owned();
        let Some(data) = models::data_dir() else { return Ok(Err(missing())) };
        let runtime = Runtime::discover(models::library(&data).as_deref())?;
        let config = TrackerConfig { max_faces: 1, ..TrackerConfig::default() };
        Ok(Tracker::new(&runtime, &models::models_dir(&data), config).map_err(|_| missing()).map(|tracker| {
            let (cpu, wall) = Default::default();
            let backend = runtime.backend();
            Self { tracker, backend, shown: 0, backwards: false, seen: 0, found: 0, points: 0, cpu, wall }
        }))
    }

    fn round(&mut self, frames: &[Frame]) -> anyhow::Result<()> {
        let n = frames.len();
        // Copies with their times, as a source would give them, are not counted.
        let stamped: Vec<Frame> = (0..n)
            .map(|i| {
                let mut frame = frames[if self.backwards { n - 1 - i } else { i }].clone();
                frame.time = Rate::DEFAULT.time(self.shown + i as u64);
                frame
            })
            .collect();
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        for frame in &stamped {
            let faces = self.tracker.track(frame)?;
            self.found += usize::from(!faces.is_empty());
            self.points = faces.first().map_or(self.points, |f| f.landmarks.len());
        }
        self.cpu.push(cpu.elapsed().as_secs_f64() * 1e3 / n as f64);
        self.wall.push(wall.elapsed().as_secs_f64() * 1e3 / n as f64);
        self.seen += n;
        self.shown += n as u64;
        self.backwards = !self.backwards;
        Ok(())
    }
}

/// Our swap, composite and badge of one face.
struct Swapping<'a> {
    scene: &'a Scene,
    compositor: Compositor,
    badger: Badger,
    drawn: u64,
    cpu: Vec<f64>,
}

impl<'a> Swapping<'a> {
    fn new(scene: &'a Scene) -> anyhow::Result<Self> {
        let compositor = Compositor::new(Backend::Cpu)?;
        let badger = Badger::new(Corner::TopRight);
        Ok(Self { scene, compositor, badger, drawn: 0, cpu: Vec::new() })
    }

    /// Every swap is of a copy of the frame, as the scripts' are.
    fn round(&mut self) -> anyhow::Result<()> {
        let s = self.scene;
        let begun = ProcessTime::now();
        for _ in 0..REPEATS {
            let mut canvas = Canvas::new(s.frame.clone());
            let time = Rate::DEFAULT.time(self.drawn);
            let (none, params) = (Occlusion::default(), DrawParams::default());
            let (points, texture) = (s.points.as_slice(), &s.texture);
            let call = DrawCall { face: 0, time, points, occlusion: &none, texture, params };
            self.compositor.draw(&mut canvas, &call)?;
            self.badger.finish(canvas, Disclosure::Modified)?;
            self.drawn += 1;
        }
        self.cpu.push(begun.elapsed().as_secs_f64() * 1e3 / f64::from(REPEATS));
        Ok(())
    }
}

/// A script that pastes the scene's persona.
fn pasting(s: &Scene, script: &str) -> anyhow::Result<Option<Script>> {
    let folder = tempfile::tempdir()?;
    let other = Scene::new(PixelFormat::Rgb, 768, 768, "composite-1")?;
    let [frame, persona, list] = ["frame.png", "persona.png", "points.txt"].map(|n| folder.path().join(n));
    picture(&frame, &s.frame)?;
    picture(&persona, &other.frame)?;
    let pairs = s.points.iter().zip(&other.points);
    let points: String = pairs.map(|(a, b)| format!("{} {} {} {}\n", a.x, a.y, b.x, b.y)).collect();
    std::fs::write(&list, points)?;
    Script::start(script, &[frame, persona, list], REPEATS as usize, folder)
}
