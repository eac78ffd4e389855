//! `omote run`: a whole input through the engine, frame by frame.

mod stats;

pub(crate) use stats::Stats;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use omote_engine::actor::{ActorOptions, ActorSource};
use omote_engine::badge::{Corner, check_size};
use omote_engine::composite::{Backend, Look};
use omote_engine::error::{Error, ErrorKind, Stage};
use omote_engine::frame::{Frame, Quarter, Turn};
use omote_engine::pipeline::{Engine, Output, Privacy, Settings, State};
use omote_engine::sink::{self, SinkSpec};
use omote_engine::source::{self, Rate, Source};
use omote_engine::swap::Holes;
use omote_engine::timing::Timings;
use omote_engine::track::{Selection, TrackerConfig};

use crate::{setup, wardrobe};

/// Options of `omote run`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// A video, a concatenated-JPEG or .y4m file, a picture, a folder of pictures, or `actor` (the built-in
    /// moving face)
    pub(crate) input: PathBuf,
    /// Name of a persona (`omote persona list`) or a path to one; give it again for a second face
    #[arg(long, short, value_name = "NAME|DIR", default_value = "ko-omote")]
    pub(crate) persona: Vec<String>,
    /// Where to write: .mp4, .y4m, .png for one picture, or a folder for numbered PNG
    #[arg(long, short, value_name = "OUT")]
    pub(crate) out: PathBuf,
    /// Faces that get a persona
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) max_faces: u8,
    /// Which face gets the persona where only one does
    #[arg(long, value_enum, default_value_t = Select::Largest)]
    pub(crate) select: Select,
    /// What draws; auto takes a hardware GPU where there is one
    #[arg(long, value_enum, default_value_t = BackendArg::Auto)]
    pub(crate) backend: BackendArg,
    /// What is shown when a face is lost: `protect` never lets an uncovered face out
    #[arg(long, value_enum, default_value_t = PrivacyArg::Relaxed)]
    pub(crate) privacy: PrivacyArg,
    /// Write timings as JSON
    #[arg(long, value_name = "FILE.json")]
    pub(crate) stats: Option<PathBuf>,
    /// Where the badge stands
    #[arg(long, value_enum, default_value_t = CornerArg::TopRight)]
    pub(crate) badge: CornerArg,
    /// How much of the persona is seen, 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 1.0, value_parser = share)]
    pub(crate) opacity: f32,
    /// How far the persona takes on the picture's light, 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 1.0, value_parser = share)]
    pub(crate) light: f32,
    /// The persona's eyes instead of your own, 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = share)]
    pub(crate) eyes: f32,
    /// The persona's inner mouth instead of your own, 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = share)]
    pub(crate) mouth: f32,
    /// Exchange left and right
    #[arg(long)]
    pub(crate) mirror: bool,
    /// Turn clockwise
    #[arg(long, value_name = "DEGREES", default_value = "0", value_parser = ["0", "90", "180", "270"])]
    pub(crate) rotate: String,
    /// Scale the output
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub(crate) scale: Option<(u32, u32)>,
    /// Frames a second of inputs that have no rate of their own, and of the actor
    #[arg(long, value_name = "FPS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=240))]
    pub(crate) fps: u32,
    /// Size of the actor's picture
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = size)]
    pub(crate) size: (u32, u32),
    /// Length of the actor's performance
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    pub(crate) seconds: f64,
    /// Seed of the actor's performance
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Data folder [default: OMOTE_DATA, else the system's place for a user's data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Select {
    /// The largest ones
    Largest,
    /// All, in the order in which they came
    All,
    /// Those nearest to the picture's middle
    Centre,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum BackendArg {
    Auto,
    Gpu,
    Cpu,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PrivacyArg {
    /// Hold on the current picture, pixelate, then the plain picture with the badge
    Relaxed,
    /// Hold the last good picture, pixelate it, then a card
    Protect,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CornerArg {
    TopRight,
    TopLeft,
    BottomRight,
    BottomLeft,
}

fn share(text: &str) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| format!("{text} is no number"))?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(format!("{text} is not between 0 and 1")) }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let (w, h) = text.split_once(['x', 'X']).ok_or("give a size as 1280x720")?;
    let side = |v: &str| match v.parse() {
        Ok(n) if (1..=Frame::MAX_SIDE).contains(&n) => Ok(n),
        _ => Err(format!("{v} is no side of 1 to {} pixels", Frame::MAX_SIDE)),
    };
    Ok((side(w)?, side(h)?))
}

impl RunArgs {
    fn settings(&self) -> Settings {
        Settings {
            backend: match self.backend {
                BackendArg::Auto => Backend::Auto,
                BackendArg::Gpu => Backend::Gpu,
                BackendArg::Cpu => Backend::Cpu,
            },
            privacy: match self.privacy {
                PrivacyArg::Relaxed => Privacy::Relaxed,
                PrivacyArg::Protect => Privacy::Protect,
            },
            look: Look { opacity: self.opacity, light: self.light, ..Look::default() },
            corner: match self.badge {
                CornerArg::TopRight => Corner::TopRight,
                CornerArg::TopLeft => Corner::TopLeft,
                CornerArg::BottomRight => Corner::BottomRight,
                CornerArg::BottomLeft => Corner::BottomLeft,
            },
            turn: Turn {
                mirror: self.mirror,
                rotate: match self.rotate.as_str() {
                    "90" => Quarter::Right,
                    "180" => Quarter::Half,
                    "270" => Quarter::Left,
                    _ => Quarter::None,
                },
                size: self.scale,
            },
            max_faces: usize::from(self.max_faces),
        }
    }

    fn tracking(&self) -> TrackerConfig {
        // Protecting means knowing of every face, not only of those that get a persona.
        let protect = matches!(self.privacy, PrivacyArg::Protect);
        TrackerConfig {
            max_faces: if protect { 4 } else { usize::from(self.max_faces) },
            selection: match self.select {
                // As many as were asked for; the choice matters where only one is.
                _ if protect || self.max_faces > 1 => Selection::All,
                Select::Largest => Selection::Largest,
                Select::All => Selection::All,
                Select::Centre => Selection::NearestCentre,
            },
            ..TrackerConfig::default()
        }
    }

    fn open(&self) -> anyhow::Result<Box<dyn Source>> {
        let rate = Rate::new(self.fps, 1).context("the rate is out of range")?;
        if self.input.as_os_str() == "actor" && !self.input.exists() {
            let frames = (self.seconds * rate.per_second()).round().max(1.0) as u64;
            let options = ActorOptions::new(self.seed, self.size.0, self.size.1, rate);
            return Ok(Box::new(ActorSource::new(options, Some(frames))?));
        }
        let options = source::Options { rate: Some(rate) };
        Ok(source::open_with(&self.input, &options)?)
    }
}

/// Refuses to write over the input.
pub(crate) fn keep_input(input: &Path, out: &Path) -> Result<(), Error> {
    match (input.canonicalize(), out.canonicalize()) {
        (Ok(a), Ok(b)) if a == b => Err(Error::new(
            ErrorKind::Usage,
            Stage::Sink,
            format!("{} is the input; what is written would replace it: name another place", out.display()),
        )),
        _ => Ok(()),
    }
}

/// Runs the command. `watch` sees every frame as it came and what became of it.
pub(crate) fn run(args: &RunArgs, mut watch: impl FnMut(&Frame, &Output)) -> anyhow::Result<Stats> {
    for out in std::iter::once(&args.out).chain(&args.stats) {
        keep_input(&args.input, out)?;
    }
    let data = setup::data_folder(args.data.as_deref())?;
    let mut source = args.open()?;
    let info = source.info().clone();
    let (mut width, mut height) = args.scale.unwrap_or((info.width, info.height));
    if args.scale.is_none() && matches!(args.rotate.as_str(), "90" | "270") {
        (width, height) = (height, width);
    }
    check_size(info.width, info.height).and_then(|()| check_size(width, height))?;
    let holes = Holes { eyes: args.eyes, mouth: args.mouth };
    let textures = wardrobe::wear(&args.persona, &data, holes)?;
    let (tracker, runtime) = wardrobe::tracker(&data, args.tracking())?;
    let mut engine = Engine::new(Box::new(tracker), textures, args.settings())?;
    let mut sink = sink::create(&args.out, &SinkSpec::of(&info))?;
    let bar = progress(info.frames);
    let mut io = Timings::default();
    let (mut frames, mut with_face, mut shown) = (0u64, 0u64, [0u64; 4]);
    let start = Instant::now();
    while let Some(frame) = io.measure("read", || source.next())? {
        let kept = frame.clone();
        let output = engine.process(frame)?;
        io.measure("write", || sink.present(&output.badged))?;
        watch(&kept, &output);
        frames += 1;
        with_face += u64::from(!output.faces.is_empty());
        shown[output.state as usize] += 1;
        bar.inc(1);
    }
    let finished = sink.finish()?;
    let wall = start.elapsed();
    bar.finish_and_clear();
    let stats = Stats::new(&info, &engine, runtime, frames, with_face, shown, wall, &io);
    if let Some(path) = &args.stats {
        stats.write(path)?;
    }
    if let Some(path) = finished.path {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}: {} frames, a face in {with_face}", path.display(), finished.frames)?;
        let [_, hold, pixelate, card] = shown;
        if hold + pixelate + card > 0 {
            writeln!(out, "lost faces: held in {hold} frames, pixelated in {pixelate}, card in {card}")?;
        }
    }
    Ok(stats)
}

/// Names of the states, in the order of [`State`].
pub(crate) const STATES: [(State, &str); 4] =
    [(State::Live, "live"), (State::Hold, "hold"), (State::Pixelate, "pixelate"), (State::Card, "card")];

pub(crate) fn progress(frames: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = frames.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let template = match frames {
        Some(_) => "{bar:32} {pos}/{len} frames, {per_sec}, {eta} left",
        None => "{spinner} {pos} frames, {per_sec}",
    };
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
