//! Slow swap models, three ways: re-projection, the field's reuse of the last result, and waiting. Writes a table into a
//! page between its markers, and a plot.
//!
//! `cargo run --release -p omote-benches --bin reproject -- [--page docs/latency.md --plot docs/reprojection.svg] [CLIP…]`
//!
//! The model is a stand-in whose result is known in closed form; the model without delay is the reference. Every frame's
//! picture is read at the middle of each triangle of that frame's mesh, so what moves with the face is compared with
//! itself: `off` is the mean distance from the reference, `flicker` the mean change of that distance from frame to frame,
//! both in 8-bit codes.

mod live;
mod plot;

use anyhow::Context;
use clap::Parser;
use glam::Vec3;
use omote_benches::{page, stand_in};
use omote_engine::actor::{ActorOptions, ActorSource};
use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::composite::{Backend, Compositor, DrawCall, DrawParams};
use omote_engine::frame::{Frame, FrameTime};
use omote_engine::infer::stand_in::StandIn;
use omote_engine::infer::{RunOptions, Runtime, models};
use omote_engine::persona::Date;
use omote_engine::pipeline::{FaceTracker, Lag, OfflineSession, Privacy, Settings, WornModel};
use omote_engine::source::{Rate, Source};
use omote_engine::swap::neural::{SwapModel, SwapResult, UvAtlases, UvRaster};
use omote_engine::swap::{CutParams, FaceTexture};
use omote_engine::topology::TRIANGLES;
use omote_engine::track::{Face, Occlusion, TrackError, Tracker, TrackerConfig};
use omote_masks::built_in;
use plotters::style::RGBColor;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Parser)]
struct Options {
    /// Clips with one face; without any the built-in actor
    clips: Vec<PathBuf>,
    /// Page to write the table to
    #[arg(long)]
    page: Option<PathBuf>,
    /// Plot to write
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Number of frames of each clip
    #[arg(long, default_value_t = 120)]
    frames: usize,
    /// Length of each live run in seconds; 0 skips them
    #[arg(long, default_value_t = 8.0)]
    live: f64,
    /// Number of rounds of live runs; the medians count
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// What a model may take, ms.
const LAGS: [u64; 4] = [10, 40, 150, 500];
const WAYS: [(&str, RGBColor); 3] = [
    ("re-projection", RGBColor(0x2f, 0x6f, 0x8f)),
    ("stale reuse", RGBColor(0xc8, 0x50, 0x2f)),
    ("waiting", RGBColor(0x9a, 0x8f, 0x80)),
];

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let data = models::data_dir().context("no data folder; run `omote setup`")?;
    let runtime = Runtime::discover(models::library(&data).as_deref())?;
    let mut clips = Vec::new();
    if options.clips.is_empty() {
        let actor = ActorOptions::new(5, 1280, 720, Rate::DEFAULT);
        let source = ActorSource::new(actor, Some(options.frames as u64))?;
        clips.push(("the actor".to_owned(), frames(Box::new(source), options.frames)?));
    }
    for path in &options.clips {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        clips.push((name, frames(omote_engine::source::open(path)?, options.frames)?));
    }
    let mut out = std::io::stdout().lock();
    let mut sums = [[[0.0f64; 2]; 3]; LAGS.len()];
    for (name, frames) in &clips {
        let scene = Scene::new(&runtime, &data, frames)?;
        for (row, lag) in sums.iter_mut().zip(LAGS) {
            for (sum, found) in row.iter_mut().zip(scene.compare(&runtime, Duration::from_millis(lag))?) {
                writeln!(out, "{name} {lag} ms: off {:.2}, flicker {:.2}", found[0], found[1])?;
                sum.iter_mut().zip(found).for_each(|(s, v)| *s += v / clips.len() as f64);
            }
        }
    }
    let names: Vec<&str> = clips.iter().map(|c| c.0.as_str()).collect();
    let mut text = table(&sums, &names.join(", "));
    if options.live > 0.0 {
        text += &live::live(&runtime, &data, options.live, options.rounds)?;
    }
    out.write_all(text.as_bytes())?;
    if let Some(path) = &options.plot {
        plot::plot(path, &sums).with_context(|| path.display().to_string())?;
    }
    options.page.map_or(Ok(()), |path| page::put(&path, "reprojection", &text))
}

fn frames(mut source: Box<dyn Source>, most: usize) -> anyhow::Result<Vec<Frame>> {
    let mut frames = Vec::new();
    while frames.len() < most
        && let Some(frame) = source.next()?
    {
        frames.push(frame);
    }
    Ok(frames)
}

/// The same faces in every run.
struct Script(std::vec::IntoIter<Vec<Face>>);

impl FaceTracker for Script {
    fn track(&mut self, _: &Frame) -> Result<Vec<Face>, TrackError> {
        Ok(self.0.next().unwrap_or_default())
    }
}

/// A stand-in of CSCS's shape: 256 pixels, no mask, every colour changed.
fn model(runtime: &Runtime) -> anyhow::Result<SwapModel> {
    stand_in::load(runtime, &StandIn::cscs_256(), &RunOptions::default())
}

fn persona() -> anyhow::Result<FaceTexture> {
    let today = Date::new(2026, 1, 1).context("no date")?;
    let persona = built_in::load("composite-1", today).context("no composite-1")??;
    Ok(FaceTexture::of_persona(&persona, CutParams::default())?)
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.backend = Backend::Cpu;
    settings.privacy = Privacy::Relaxed;
    settings.max_faces = 1;
    // Away from the face, whose pictures are compared.
    settings.corner = Corner::TopRight;
    settings
}

struct Scene<'a> {
    frames: &'a [Frame],
    faces: Vec<Vec<Face>>,
    /// What a model without delay gives, at the mesh.
    reference: Vec<Option<Vec<Vec3>>>,
    /// The whole pictures of it.
    pictures: Vec<Frame>,
}

impl<'a> Scene<'a> {
    fn new(runtime: &Runtime, data: &Path, frames: &'a [Frame]) -> anyhow::Result<Self> {
        let mut tracker = Tracker::new(runtime, &models::models_dir(data), TrackerConfig::default())?;
        let mut faces = Vec::new();
        for frame in frames {
            faces.push(tracker.track(frame)?);
        }
        let mut scene = Self { frames, faces, reference: Vec::new(), pictures: Vec::new() };
        scene.pictures = scene.run(runtime, Lag::None)?;
        scene.reference = (0..frames.len()).map(|i| scene.triangle_colours(&scene.pictures[i], i)).collect();
        Ok(scene)
    }

    fn run(&self, runtime: &Runtime, lag: Lag) -> anyhow::Result<Vec<Frame>> {
        let script = Script(self.faces.clone().into_iter());
        let mut engine = OfflineSession::new(Box::new(script), vec![persona()?], settings())?;
        engine.wear_model(WornModel::new("stand-in", model(runtime)?, 1), lag);
        let mut out = Vec::new();
        for frame in self.frames {
            out.push(engine.process(frame.clone())?.badged.frame().clone());
        }
        Ok(out)
    }

    /// A picture's colours (codes) at the middles of the mesh's triangles in frame `i`; None without a face.
    fn triangle_colours(&self, picture: &Frame, i: usize) -> Option<Vec<Vec3>> {
        let face = self.faces[i].first()?;
        let rgb = picture.to_rgb();
        let (w, h) = (picture.width() as usize, picture.height() as usize);
        let at = |t: &[u16; 3]| {
            let p = t.iter().map(|k| face.landmarks[usize::from(*k)]).sum::<Vec3>() / 3.0;
            let (x, y) = ((p.x.max(0.0) as usize).min(w - 1), (p.y.max(0.0) as usize).min(h - 1));
            Vec3::from_array([0, 1, 2].map(|c| f32::from(rgb[(y * w + x) * 3 + c])))
        };
        Some(TRIANGLES.iter().map(at).collect())
    }

    /// Which frame's result is there at each frame, if one frame's result is made after the other.
    fn ready(&self, lag: Duration) -> Vec<Option<usize>> {
        let (mut shown, mut running): (Option<usize>, Option<(Duration, usize)>) = (None, None);
        let mut out = Vec::new();
        for (i, frame) in self.frames.iter().enumerate() {
            let FrameTime(now) = frame.time;
            if let Some((_, of)) = running.take_if(|(due, _)| *due <= now) {
                shown = Some(of);
            }
            if running.is_none() && !self.faces[i].is_empty() {
                running = Some((now + lag, i));
            }
            out.push(shown);
        }
        out
    }

    /// The last result on its own old place in the newest picture.
    fn stale(&self, runtime: &Runtime, ready: &[Option<usize>]) -> anyhow::Result<Vec<Frame>> {
        let mut swap = model(runtime)?;
        let mask = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
        let mut atlases = UvAtlases::new(UvRaster::new(256, mask));
        let mut compositor = Compositor::cpu();
        let mut badger = Badger::new(Corner::TopRight);
        let (mut out, mut last): (Vec<Frame>, Option<(usize, FaceTexture)>) = (Vec::new(), None);
        for (i, frame) in self.frames.iter().enumerate() {
            if let Some(k) = ready[i]
                && last.as_ref().is_none_or(|(of, _)| *of != k)
                && let Some(face) = self.faces[k].first()
            {
                let made: SwapResult = swap.swap(&self.frames[k], &face.landmarks)?;
                last = Some((k, atlases.project(&made, face, self.frames[k].time, Duration::ZERO).texture));
            }
            let mut canvas = Canvas::new(frame.clone());
            if let Some((k, texture)) = &last
                && let Some(face) = self.faces[*k].first()
            {
                let (points, none, params) =
                    (face.landmarks.as_slice(), Occlusion::default(), DrawParams::default());
                let time = frame.time;
                let call = DrawCall { face: 1, time, points, occlusion: &none, texture, params };
                compositor.draw(&mut canvas, &call)?;
            }
            out.push(badger.finish(canvas, Disclosure::Modified)?.frame().clone());
        }
        Ok(out)
    }

    /// `off` and `flicker` of each of [`WAYS`].
    fn compare(&self, runtime: &Runtime, lag: Duration) -> anyhow::Result<[[f64; 2]; 3]> {
        let ready = self.ready(lag);
        let first = ready.iter().position(Option::is_some).unwrap_or(ready.len());
        let again = self.run(runtime, Lag::Live(lag))?;
        let stale = self.stale(runtime, &ready)?;
        let waiting: Vec<Frame> =
            (0..self.frames.len()).map(|i| self.pictures[ready[i].unwrap_or(i)].clone()).collect();
        Ok([again, stale, waiting].map(|pictures| self.judge(&pictures, first)))
    }

    fn judge(&self, pictures: &[Frame], first: usize) -> [f64; 2] {
        let (mut off, mut flicker, mut n, mut m) = (0.0, 0.0, 0.0, 0.0);
        let mut before: Option<Vec<Vec3>> = None;
        for i in first..pictures.len() {
            let (Some(seen), Some(wanted)) = (self.triangle_colours(&pictures[i], i), &self.reference[i])
            else {
                before = None;
                continue;
            };
            let d: Vec<Vec3> = seen.iter().zip(wanted).map(|(a, b)| *a - *b).collect();
            off += mean(d.iter().map(|v| v.abs()));
            n += 1.0;
            if let Some(before) = &before {
                flicker += mean(d.iter().zip(before).map(|(a, b)| (*a - *b).abs()));
                m += 1.0;
            }
            before = Some(d);
        }
        [off / f64::max(n, 1.0), flicker / f64::max(m, 1.0)]
    }
}

fn mean(values: impl Iterator<Item = Vec3>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(s, n), v| (s + f64::from(v.element_sum()) / 3.0, n + 1.0));
    sum / f64::max(n, 1.0)
}

fn table(sums: &[[[f64; 2]; 3]; 4], clips: &str) -> String {
    let mut out = format!(
        "Error against a model without delay, and its change from frame to frame (flicker), in 8-bit codes; means over \
         {clips}.\n\n"
    );
    out += "| model time | re-projection: error / flicker | stale reuse: error / flicker | waiting: error / flicker | stale reuse \
         relative to re-projection: error / flicker |\n| ---: | ---: | ---: | ---: | ---: |\n";
    for (row, lag) in sums.iter().zip(LAGS) {
        let cell = |v: [f64; 2]| format!("{:.2} / {:.2}", v[0], v[1]);
        let _ = writeln!(
            out,
            "| {lag} ms | {} | {} | {} | {:.1} / {:.1} |",
            cell(row[0]),
            cell(row[1]),
            cell(row[2]),
            row[1][0] / row[0][0].max(1e-9),
            row[1][1] / row[0][1].max(1e-9)
        );
    }
    out
}
