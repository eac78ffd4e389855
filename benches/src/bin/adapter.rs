//! What a swap model costs beside its network: align, tensor, mask, and laying the result out in canonical UV, with what
//! the usual programs spend on the same face beside it in the same run.
//!
//! `cargo run --release -p omote-benches --bin adapter [PAGE.md]` prints the table, or puts it between the page's marks.
//! `PYTHON` names a Python with OpenCV and NumPy; without one the comparison is left out, and the table says so.

use anyhow::Context;
use cpu_time::ThreadTime;
use omote_benches::scene;
use omote_engine::frame::{FrameTime, PixelFormat};
use omote_engine::infer::stand_in::StandIn;
use omote_engine::infer::{RunOptions, Runtime, models, skim};
use omote_engine::swap::Mask;
use omote_engine::swap::neural::{
    Grid, Hints, Identity, Sheets, SwapModel, Template, VECTOR, Wearer, five_points, recognise,
};
use omote_engine::track::{Face, FaceId, Occlusion, Pose};
use omote_engine::{sink, source::Rate};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
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
    let mut peer = Peer::start(&s)?;
    for _ in 0..ROUNDS {
        for one in &mut ours {
            one.round(&s.frame, &face)?;
        }
        if let Some(peer) = &mut peer {
            peer.round()?;
        }
    }
    let mut text = format!(
        "CPU time of one face on one thread without the network, 1280x720 NV12, face {} px high; {ROUNDS} rounds of {REPEATS}, milliseconds.\n\n\
         | model | align, tensor, result | lay out in UV, with mip levels | all, best | all, median | the usual programs' OpenCV calls, median | ratio |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        omote_benches::FACE_PX
    );
    for (k, one) in ours.iter().enumerate() {
        let theirs = peer.as_ref().and_then(|p| p.ms.get(k)).map(|ms| middle(ms));
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
            made = model.swap(frame, &face.landmarks)?;
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

struct Peer {
    child: Child,
    answers: BufReader<ChildStdout>,
    ms: Vec<Vec<f64>>,
    _folder: tempfile::TempDir,
}

impl Peer {
    fn start(s: &omote_benches::Scene) -> anyhow::Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let picture = folder.path().join("frame.png");
        let badged = omote_engine::badge::Badger::new(omote_engine::badge::Corner::TopRight).finish(
            omote_engine::badge::Canvas::new(s.frame.clone()),
            omote_engine::badge::Disclosure::Modified,
        )?;
        let mut out =
            sink::create(&picture, &sink::SinkSpec { rate: Rate::DEFAULT, frames: Some(1), audio: None })?;
        out.present(&badged)?;
        out.finish()?;
        let five = five_points(&s.points).context("no five points")?;
        let rows = five.iter().zip(Template::Arcface128.points());
        let text: String = rows.map(|(p, t)| format!("{} {} {} {}\n", p.0.x, p.0.y, t.x, t.y)).collect();
        let points = folder.path().join("points.txt");
        std::fs::write(&points, text)?;
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let started = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/opencv_adapter.py"))
            .args([&picture, &points])
            .arg(REPEATS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else { return Ok(None) };
        let answers = BufReader::new(child.stdout.take().context("no output")?);
        let mut peer = Self { child, answers, ms: vec![Vec::new(); 3], _folder: folder };
        if let Err(e) = peer.round() {
            log::warn!("the OpenCV calls failed: {e}");
            return Ok(None);
        }
        peer.ms.iter_mut().for_each(Vec::clear);
        Ok(Some(peer))
    }

    fn round(&mut self) -> anyhow::Result<()> {
        writeln!(self.child.stdin.as_mut().context("no input")?)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let words: Vec<&str> = line.split_whitespace().collect();
        anyhow::ensure!(words.len() == 6, "it said {line:?}");
        for (all, pair) in self.ms.iter_mut().zip(words.chunks_exact(2)) {
            all.push(pair[1].parse()?);
        }
        Ok(())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
