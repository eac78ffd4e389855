//! `omote demo`: the built-in actor wears a mask; a clip, a picture and a table are left.

use std::io::Cursor;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context;
use clap::{Args, Parser};
use image::{RgbImage, imageops};
use omote_engine::frame::Frame;
use omote_engine::output::{Options, OutputFile};
use omote_engine::pipeline::Output;
use omote_engine::source::child;
use omote_engine::space::MeshPoint;
use omote_engine::topology::{POINTS, SKIN_TRIANGLES, TRIANGLES};

use crate::ending;
use crate::run_cmd::{self, RunArgs, Watch};

/// Options of `omote demo`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// Folder for demo.mp4 (demo.y4m without ffmpeg), demo.png and demo.json
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// Persona to wear: a name from `omote persona list`, or a path
    #[arg(long, short, value_name = "NAME|DIR", default_value = "ko-omote")]
    persona: String,
    /// Length in seconds
    #[arg(long, value_name = "S", default_value_t = 8.0)]
    seconds: f64,
    /// Replace the files of an earlier demo
    #[arg(long)]
    force: bool,
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// `omote run`'s arguments, with their defaults.
#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    run: RunArgs,
}

/// Rows of the contact sheet, and width of one of its pictures.
const ROWS: u64 = 4;
const TILE: u32 = 480;

/// Runs the command.
pub(crate) fn run(args: &DemoArgs) -> anyhow::Result<()> {
    std::fs::create_dir_all(&args.out).with_context(|| {
        format!("can't create the folder {}; choose another with --out", args.out.display())
    })?;
    let clip = args.out.join(if has_ffmpeg() { "demo.mp4" } else { "demo.y4m" });
    let sheet = OutputFile::create(&args.out.join("demo.png"), Options::force(args.force))?;
    let mut run = Defaults::try_parse_from(["omote", "actor", "--out", "demo"])?.run;
    run.out.clone_from(&clip);
    run.wear.persona = vec![args.persona.clone()];
    run.seconds = args.seconds;
    run.force = args.force;
    run.wear.data.clone_from(&args.data);
    run.stats = Some(args.out.join("demo.json"));
    let frames = (args.seconds * f64::from(run.fps)).round().max(1.0) as u64;
    let mut examples = Examples { step: (frames / ROWS).max(1), rows: Vec::new() };
    let stats = run_cmd::run(&run, Some(&mut examples))?;
    let sheet = sheet.fill(&contact(&examples.rows)?)?;
    ending::print(&mut std::io::stdout().lock(), |out| {
        writeln!(out, "{}: input, mesh and output side by side", sheet.display())?;
        stats.table(out)
    })?;
    Ok(())
}

/// Frames from the whole of the run, evenly spread, as rows of the contact sheet.
struct Examples {
    /// Frames from one row to the next.
    step: u64,
    rows: Vec<[RgbImage; 3]>,
}

impl Watch for Examples {
    fn wants(&self, frame: &Frame) -> bool {
        let (step, number) = (self.step, frame.id.0);
        number % step == step / 2 && number / step < ROWS
    }

    fn frame_done(&mut self, frame: &Frame, output: &Output) {
        self.rows.push(row(frame, output));
    }
}

fn has_ffmpeg() -> bool {
    let quiet = |name: &str| {
        child::command(name).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    quiet("ffmpeg").is_ok_and(|s| s.success()) && quiet("ffprobe").is_ok_and(|s| s.success())
}

fn picture(frame: &Frame) -> RgbImage {
    let (w, h) = (frame.width(), frame.height());
    RgbImage::from_raw(w, h, frame.to_rgb()).unwrap_or_else(|| RgbImage::new(w, h))
}

/// Input, mesh and output of a frame.
fn row(frame: &Frame, output: &Output) -> [RgbImage; 3] {
    let input = picture(frame);
    let mut mesh = input.clone();
    mesh.pixels_mut().for_each(|p| p.0 = p.0.map(|v| v / 3));
    for face in &output.faces {
        wire(&mut mesh, &face.landmarks);
    }
    let small = |i: &RgbImage| {
        imageops::resize(i, TILE, TILE * i.height() / i.width().max(1), imageops::FilterType::Triangle)
    };
    [small(&input), small(&mesh), small(&picture(output.badged.frame()))]
}

/// The mesh's edges.
fn wire(image: &mut RgbImage, points: &[MeshPoint]) {
    if points.len() < POINTS {
        return;
    }
    for t in TRIANGLES.iter().take(SKIN_TRIANGLES) {
        for k in 0..3 {
            let (a, b) = (points[usize::from(t[k])], points[usize::from(t[(k + 1) % 3])]);
            let steps = (b - a).truncate().abs().max_element().ceil().max(1.0);
            for s in 0..=steps as u32 {
                let p = a.lerp(b, s as f32 / steps);
                let (x, y) = (p.x.round(), p.y.round());
                if x >= 0.0 && y >= 0.0 && (x as u32) < image.width() && (y as u32) < image.height() {
                    image.put_pixel(x as u32, y as u32, image::Rgb([120, 230, 210]));
                }
            }
        }
    }
}

/// The contact sheet as PNG.
fn contact(rows: &[[RgbImage; 3]]) -> anyhow::Result<Vec<u8>> {
    let (Some(first), gap) = (rows.first(), 8) else { anyhow::bail!("no frame was shown") };
    let (w, h) = first[0].dimensions();
    let mut sheet =
        RgbImage::from_pixel(w * 3 + gap * 4, (h + gap) * rows.len() as u32 + gap, image::Rgb([24, 24, 28]));
    for (y, row) in rows.iter().enumerate() {
        for (x, tile) in row.iter().enumerate() {
            let at = |k: usize, side: u32| i64::from(gap) + k as i64 * i64::from(side + gap);
            imageops::replace(&mut sheet, tile, at(x, w), at(y, h));
        }
    }
    let mut png = Vec::new();
    sheet.write_to(&mut Cursor::new(&mut png), image::ImageFormat::Png)?;
    Ok(png)
}
