//! What a swap model costs beside its network: align, tensor, mask, and laying the result out in canonical UV, with what
//! the usual programs spend on the same face beside it in the same run.
//!
//! `cargo run --release -p omote-benches --bin adapter [PAGE.md]` prints the table, or puts it between the page's marks.
//! `PYTHON` names a Python with OpenCV and NumPy; without one the comparison is left out, and the table says so.

use anyhow::Context;
use cpu_time::ThreadTime;
use omote_benches::python::Script;
use omote_benches::scene;
use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::frame::{FrameTime, PixelFormat};
use omote_engine::infer::stand_in::StandIn;
use omote_engine::infer::{RunOptions, Runtime, models, skim};
use omote_engine::sink;
use omote_engine::swap::Mask;
use omote_engine::swap::neural::{
    Grid, Hints, Identity, Sheets, SwapModel, Template, VECTOR, Wearer, five_points, recognise,
};
use omote_engine::track::{Face, FaceId, Occlusion, Pose};
use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

const ROUNDS: usize = 5;
const REPEATS: usize = 40;

fn main() -> anyhow::Result<()> {
    let data = models::data_dir().context("no data folder; run `omote setup`")?;
    let runtime = Runtime::discover(models::library(&data).as_deref())?;
    let s = scene(PixelFormat::Nv12, 1280, 720, "composite-1")?;
    let landmarks = s.points.clone();
    let pose = Pose::fit(&landmarks).context("no pose")?;
    let region = omote_engine::space::CropSquare {
        centre: omote_engine::space::ImagePx(pose.origin.truncate()),
        side: 400.0,
        angle: 0.0,
    };
    let face = Face { id: FaceId(1), score: 1.0, landmarks, region, pose, occlusion: Occlusion::default() };
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
        omote_benches::FACE_PX
    );
    for (k, one) in ours.iter().enumerate() {
        let theirs = peer.as_ref().and_then(|p| p.ways.get(k)).map(|(_, ms)| middle(ms));
        let all: Vec<f64> = one.work.iter().zip(&one.lay).map(|(a, b)| a + b).collect();
        let least = all.iter().copied().fold(f64::MAX, f64::min);
        let (cell, ratio) = match theirs {
            Some(ms) => (format!("{ms:.2}"), format!("{:.2}", middle(&all) / ms)),
            None => ("not measured: no OpenCV".to_owned(), String::new()),
        };
        let _ = writeln!(
            text,
            "| {} px | {:.2} | {:.2} | {least:.2} | {:.2} | {cell} | {ratio} |",
            one.side,
            middle(&one.work),
            middle(&one.lay),
            middle(&all)
        );
    }
    match std::env::args().nth(1) {
        None => std::io::stdout().lock().write_all(text.as_bytes())?,
        Some(path) => {
            let page = std::fs::read_to_string(&path).with_context(|| path.clone())?;
            let (start, end) = ("<!-- adapter -->", "<!-- /adapter -->");
            let a = page.find(start).context("the page has no <!-- adapter -->")? + start.len();
            let b = page.find(end).context("the page has no <!-- /adapter -->")?;
            std::fs::write(&path, format!("{}\n{text}{}", &page[..a], &page[b..]))?;
        }
    }
    Ok(())
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
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
    sheets: Sheets,
    work: Vec<f64>,
    lay: Vec<f64>,
}

impl Ours {
    fn new(runtime: &Runtime, network: &StandIn) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join(format!("{}.onnx", network.name));
        std::fs::write(&path, network.bytes())?;
        let graph = skim(&path)?;
        let found = recognise(&graph, network.name, &Hints::default())?;
        let mut model = SwapModel::load(runtime, &path, &graph, &found, &RunOptions::default())?;
        let vector: Vec<f32> = (0..VECTOR).map(|i| (i as f32 * 0.3).cos()).collect();
        let person = Identity::of(&[vector]).context("no vector")?;
        let wearer = Wearer { identity: Some(&person), converted: Some(&person.raw), photo: None };
        model.wear(&wearer)?;
        let mask = Mask { eyes: 1.0, mouth: 1.0, ..Mask::default() };
        let side = network.size().0;
        let sheets = Sheets::new(Grid::new(side.max(256), mask));
        Ok(Self { side, model, sheets, work: Vec::new(), lay: Vec::new() })
    }

    fn round(&mut self, frame: &omote_engine::frame::Frame, face: &Face) -> anyhow::Result<()> {
        let (model, sheets) = (&mut self.model, &mut self.sheets);
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
            sheets.lay(&made, face, FrameTime::default(), Duration::ZERO);
            Ok(())
        })?);
        Ok(())
    }
}

/// The usual programs' calls. `None` where there is no Python with OpenCV.
fn peer(s: &omote_benches::Scene) -> anyhow::Result<Option<Script>> {
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
