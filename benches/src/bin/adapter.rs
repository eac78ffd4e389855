//! What a swap model costs beside its network: align, tensor, mask, and laying the result out in canonical UV, with what
//! the usual programs spend on the same face beside it in the same run.
//!
//! `cargo run --release -p omote-benches --bin adapter [PAGE.md]` prints the table, or puts it between the page's marks.
//! `PYTHON` names a Python with OpenCV and NumPy; without one the comparison is left out, and the table says so.

use anyhow::Context;
use cpu_time::ThreadTime;
use omote_benches::python::Script;
use omote_benches::scene::{FACE_PX, Scene};
use omote_benches::statistics::{best_and_median, median};
use omote_benches::{page, stand_in};
use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::frame::{FrameTime, PixelFormat};
use omote_engine::infer::stand_in::StandIn;
use omote_engine::infer::{RunOptions, Runtime, models};
use omote_engine::sink;
use omote_engine::swap::CutParams;
use omote_engine::swap::neural::{SwapModel, Template, UvAtlases, UvRaster, five_points};
use omote_engine::track::{Face, FaceId, Pose};
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

const ROUNDS: usize = 5;
const REPEATS: usize = 40;

fn main() -> anyhow::Result<()> {
    let data = models::data_dir().context("no data folder; run `omote setup`")?;
    let runtime = Runtime::discover(models::library(&data).as_deref())?;
    let s = Scene::new(PixelFormat::Nv12, 1280, 720, "composite-1")?;
    let landmarks = s.points.clone();
    let pose = Pose::fit(&landmarks).context("no pose")?;
    let region = omote_engine::space::CropSquare {
        centre: omote_engine::space::ImagePx(pose.origin.truncate()),
        side: 400.0,
        angle: 0.0,
    };
    let face = Face::new(FaceId(1), landmarks, region, pose);
    let networks = [StandIn::inswapper_128(), StandIn::cscs_256(), StandIn::simswap_unofficial_512()];
    let mut ours = Vec::new();
    for network in &networks {
        ours.push(Ours::new(&runtime, network)?);
    }
    let mut peer = peer(&s)?;
    for _ in 0..ROUNDS {
        for one in &mut ours {
            one.round(&s.frame, &face)?;
        }
        if let Some(peer) = &mut peer {
            peer.round()?;
        }
    }
    let mut text = format!(
        "CPU milliseconds per face, on one thread and without the network: 1280x720 NV12, face {} px high, {ROUNDS} rounds of \
         {REPEATS}.\n\n\
         | model size | align, fill the tensor, read the result | lay out in UV, with mip levels | total, best | total, median | \
         OpenCV calls of the usual programs, median | ratio |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        FACE_PX
    );
    for (k, one) in ours.iter().enumerate() {
        let theirs = peer.as_ref().and_then(|p| p.ways.get(k)).map(|(_, ms)| median(ms));
        let all: Vec<f64> = one.work.iter().zip(&one.lay).map(|(a, b)| a + b).collect();
        let [least, usual] = best_and_median(&all);
        let (cell, ratio) = match theirs {
            Some(ms) => (format!("{ms:.2}"), format!("{:.2}", usual / ms)),
            None => ("not measured: no OpenCV".to_owned(), String::new()),
        };
        let _ = writeln!(
            text,
            "| {} px | {:.2} | {:.2} | {least:.2} | {usual:.2} | {cell} | {ratio} |",
            one.side,
            median(&one.work),
            median(&one.lay)
        );
    }
    match std::env::args().nth(1) {
        None => std::io::stdout().lock().write_all(text.as_bytes())?,
        Some(path) => page::put(Path::new(&path), "adapter", &text)?,
    }
    Ok(())
}

/// CPU time of `what`, of one of [`REPEATS`], ms.
fn time(mut what: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let begun = ThreadTime::now();
    for _ in 0..REPEATS {
        what()?;
    }
    Ok(begun.elapsed().as_secs_f64() * 1e3 / REPEATS as f64)
}

struct Ours {
    side: usize,
    model: SwapModel,
    atlases: UvAtlases,
    work: Vec<f64>,
    lay: Vec<f64>,
}

impl Ours {
    fn new(runtime: &Runtime, network: &StandIn) -> anyhow::Result<Self> {
        let model = stand_in::load(runtime, network, &RunOptions::default())?;
        let mask = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
        let side = network.size().0;
        let atlases = UvAtlases::new(UvRaster::new(side.max(256), mask));
        Ok(Self { side, model, atlases, work: Vec::new(), lay: Vec::new() })
    }

    fn round(&mut self, frame: &omote_engine::frame::Frame, face: &Face) -> anyhow::Result<()> {
        let (model, atlases) = (&mut self.model, &mut self.atlases);
        let mut made = model.swap(frame, &face.landmarks)?;
        // A measurement is three runs.
        let network = time(|| model.measure(Duration::ZERO).map(|_| ()).map_err(Into::into))? / 3.0;
        let whole = time(|| {
            let next = model.swap(frame, &face.landmarks)?;
            model.recycle(std::mem::replace(&mut made, next));
            Ok(())
        })?;
        self.work.push((whole - network).max(0.0));
        self.lay.push(time(|| {
            atlases.project(&made, face, FrameTime::default(), Duration::ZERO);
            Ok(())
        })?);
        Ok(())
    }
}

/// The usual programs' calls. `None` where there is no Python with OpenCV.
fn peer(s: &Scene) -> anyhow::Result<Option<Script>> {
    let folder = tempfile::tempdir()?;
    let picture = folder.path().join("frame.png");
    // Pictures leave the engine only with the badge; for the cost it makes no difference.
    let badged = Badger::new(Corner::TopRight).finish(Canvas::new(s.frame.clone()), Disclosure::Modified)?;
    let spec = sink::SinkSpec::one();
    let mut out = sink::create(&picture, &spec)?;
    out.present(&badged)?;
    out.finish()?;
    let five = five_points(&s.points).context("no five points")?;
    let rows = five.iter().zip(Template::Arcface128.points());
    let text: String = rows.map(|(p, t)| format!("{} {} {} {}\n", p.0.x, p.0.y, t.x, t.y)).collect();
    let points = folder.path().join("points.txt");
    std::fs::write(&points, text)?;
    Script::start("opencv_adapter.py", &[picture, points], REPEATS, folder)
}
