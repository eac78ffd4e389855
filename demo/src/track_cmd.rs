//! `omote track`: the faces of an input as numbers.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use omote_engine::output::{self, OutputError, OutputFile};
use omote_engine::source::{self, Options, Rate};
use omote_engine::track::{CutDetector, Face, SceneChange, TrackerConfig};
use serde::Serialize;

use crate::ending::{self, Ending};
use crate::{run_cmd, setup, wardrobe};

/// Options of `omote track`.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrackArgs {
    /// Video, picture or folder of pictures
    input: PathBuf,
    /// Output: one JSON line per frame; with --stills, one JSON object
    #[arg(long, short, value_name = "FILE.jsonl")]
    out: PathBuf,
    /// Replace an existing output, only once the new one is complete
    #[arg(long)]
    force: bool,
    /// Maximum number of faces to track
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    max_faces: u8,
    /// Treat the input as a folder of unrelated pictures; its immediate subfolders are read too
    #[arg(long)]
    stills: bool,
    /// Frame rate of inputs that have none of their own
    #[arg(long, value_name = "FPS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=240))]
    fps: u32,
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// One frame: its number, milliseconds spent in tracking it, its faces.
#[derive(Serialize)]
struct Line {
    frame: u64,
    ms: f64,
    faces: Vec<Followed>,
}

#[derive(Serialize)]
struct Followed {
    id: u64,
    score: f32,
    /// x, y, z in pixels; the middle of the top-left pixel is (0, 0).
    landmarks: Vec<[f32; 3]>,
}

#[derive(Serialize)]
struct Still {
    /// x, y, width, height of the landmarks' box.
    r#box: [f32; 4],
    score: f32,
    landmarks: Vec<[f32; 3]>,
}

fn rounded(face: &Face) -> Vec<[f32; 3]> {
    face.landmarks.iter().map(|p| p.to_array().map(|v| (v * 1000.0).round() / 1000.0)).collect()
}

/// Runs the command.
pub(crate) fn run(args: &TrackArgs) -> anyhow::Result<()> {
    let ending = ending::hear()?;
    output::apart(&[("--out", &args.out)], &[("the input", &args.input)])?;
    let file = OutputFile::create(&args.out, output::Options::force(args.force))?;
    let _scrap = (!file.is_stream()).then(|| ending.scrap(file.path()));
    let mut out = BufWriter::new(file);
    if args.stills {
        stills(args, &ending, &mut out)?;
    } else {
        clip(args, &ending, &mut out)?;
    }
    out.flush().map_err(|error| full(args, error))?;
    // Nothing is left in the buffer.
    out.into_parts().0.keep()?;
    Ok(())
}

fn full(args: &TrackArgs, error: std::io::Error) -> OutputError {
    OutputError::io(&args.out, error)
}

fn clip(args: &TrackArgs, ending: &Ending, out: &mut impl Write) -> anyhow::Result<()> {
    let data = setup::data_folder(args.data.as_deref())?;
    let options = Options { rate: Rate::new(args.fps, 1), ..Options::default() };
    let mut source = source::open_with(&args.input, &options)?;
    let config = TrackerConfig { max_faces: usize::from(args.max_faces), ..TrackerConfig::default() };
    let (mut tracker, _) = wardrobe::tracker(&data, config)?;
    let bar = run_cmd::progress(source.info().frames);
    let mut cuts = CutDetector::default();
    while let Some(frame) = source.next()? {
        ending.check(|| format!("nothing was written to {}", args.out.display()))?;
        let start = Instant::now();
        if cuts.classify(&frame, None) == SceneChange::Cut {
            tracker.reset();
        }
        let faces = tracker.track(&frame)?;
        let ms = start.elapsed().as_secs_f64() * 1e3;
        let faces =
            faces.iter().map(|f| Followed { id: f.id.0, score: f.score, landmarks: rounded(f) }).collect();
        let line = serde_json::to_string(&Line { frame: frame.id.0, ms, faces })?;
        writeln!(out, "{line}").map_err(|error| full(args, error))?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn stills(args: &TrackArgs, ending: &Ending, out: &mut impl Write) -> anyhow::Result<()> {
    let data = setup::data_folder(args.data.as_deref())?;
    let config = TrackerConfig { max_faces: usize::from(args.max_faces), ..TrackerConfig::default() };
    let (mut tracker, _) = wardrobe::tracker(&data, config)?;
    let mut names = Vec::new();
    pictures(&args.input, Path::new(""), &mut names)?;
    names.sort();
    anyhow::ensure!(
        !names.is_empty(),
        "there are no pictures in {} (.jpg, .png, .webp, .bmp)",
        args.input.display()
    );
    let bar = run_cmd::progress(Some(names.len() as u64));
    let mut all = serde_json::Map::new();
    for name in names {
        ending.check(|| format!("nothing was written to {}", args.out.display()))?;
        let frame = source::read_picture(&args.input.join(&name))?;
        let faces: Vec<Still> = tracker.detect_still(&frame)?.iter().map(still).collect();
        all.insert(name.to_string_lossy().replace('\\', "/"), serde_json::to_value(faces)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let text = serde_json::to_string(&all)?;
    Ok(writeln!(out, "{text}").map_err(|error| full(args, error))?)
}

fn still(face: &Face) -> Still {
    let start = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
    let (x0, y0, x1, y1) =
        face.landmarks.iter().fold(start, |b, p| (b.0.min(p.x), b.1.min(p.y), b.2.max(p.x), b.3.max(p.y)));
    Still { r#box: [x0, y0, x1 - x0, y1 - y0], score: face.score, landmarks: rounded(face) }
}

/// The pictures of a folder and of the folders in it, by their path below `root`.
fn pictures(root: &Path, below: &Path, names: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let folder = root.join(below);
    let entries = std::fs::read_dir(&folder)
        .with_context(|| format!("can't read the folder {}; --stills takes a folder", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = below.join(entry.file_name());
        let ending = name.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        if entry.file_type()?.is_dir() && below.as_os_str().is_empty() {
            pictures(root, &name, names)?;
        } else if ["jpg", "jpeg", "png", "webp", "bmp"].contains(&ending.as_str()) {
            names.push(name);
        }
    }
    Ok(())
}
