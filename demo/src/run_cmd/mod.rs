//! `omote run`: a whole input through the engine, frame by frame.

mod scenes;
mod stats;
mod summary;

pub(crate) use stats::{Machine, StageStats, Stats, latency_table, machine};

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use omote_engine::actor::{ActorOptions, ActorSource};
use omote_engine::badge::check_size;
use omote_engine::frame::{Frame, Rotation};
use omote_engine::output::{self, Existing, Options, OutputFile};
use omote_engine::pipeline::{Lag, OfflineSession, Output, Privacy};
use omote_engine::sink::{self, SinkSpec};
use omote_engine::source::{self, Rate, Source};
use omote_engine::timing::Timings;
use omote_kit::options::PRIVACY;

use crate::left_over::{self, Note};
use crate::wear_args::{WearArgs, choice, size};
use crate::{ending, setup, wardrobe};
use scenes::SceneArgs;
use summary::Summary;

/// Options of `omote run`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// Video, concatenated JPEG or .y4m file, picture, folder of pictures, or `actor` (the built-in moving face)
    pub(crate) input: PathBuf,
    /// Output: .mp4, .y4m, .png for a single picture, or a folder for numbered PNGs
    #[arg(long, short, value_name = "OUT")]
    pub(crate) out: PathBuf,
    #[arg(long, help = PRIVACY.help, default_value = PRIVACY.name_of(Privacy::Relaxed), value_parser = choice(&PRIVACY))]
    pub(crate) privacy: Privacy,
    #[command(flatten)]
    pub(crate) wear: WearArgs,
    /// Draw the swap model's results as late as a live model of MS milliseconds would deliver them, instead of waiting
    /// for each result
    #[arg(long, value_name = "MS", requires = "model", help_heading = "Swap model")]
    pub(crate) model_lag: Option<u64>,
    #[command(flatten)]
    pub(crate) scenes: SceneArgs,
    /// Write timings to this file as JSON
    #[arg(long, value_name = "FILE.json")]
    pub(crate) stats: Option<PathBuf>,
    /// Replace existing outputs, each only once the new one is complete
    #[arg(long)]
    pub(crate) force: bool,
    /// Scale the output to this size
    #[arg(long, value_name = "WxH", value_parser = size)]
    pub(crate) scale: Option<(u32, u32)>,
    /// Colour behind transparent parts: a name or RRGGBB [default: transparency is kept in .png, black elsewhere]
    #[arg(long, value_name = "COLOUR", value_parser = colour)]
    pub(crate) background: Option<[u8; 3]>,
    /// Frame rate of the actor, and of inputs that have none of their own
    #[arg(long, value_name = "FPS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=240))]
    pub(crate) fps: u32,
    /// Picture size of the actor
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = size)]
    pub(crate) size: (u32, u32),
    /// Length of the actor's performance, in seconds
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    pub(crate) seconds: f64,
    /// Random seed of the actor's performance
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

impl RunArgs {
    fn open(&self) -> anyhow::Result<Box<dyn Source>> {
        let rate = Rate::new(self.fps, 1).context("the frame rate is out of range")?;
        if self.input.as_os_str() == "actor" && !self.input.exists() {
            let frames = (self.seconds * rate.per_second()).round().max(1.0) as u64;
            let options = ActorOptions::new(self.seed, self.size.0, self.size.1, rate);
            return Ok(Box::new(ActorSource::new(options, Some(frames))?));
        }
        // Each picture of a folder becomes a file of its own there, and needs no common size.
        let into_folder = self.out.extension().is_none() || self.out.is_dir();
        let own_sizes = into_folder && self.scale.is_none();
        let options = source::Options { rate: Some(rate), background: self.background, own_sizes };
        Ok(source::open_with(&self.input, &options)?)
    }
}

/// A colour: one of a few names, or six hex digits.
fn colour(text: &str) -> Result<[u8; 3], String> {
    const NAMES: [(&str, [u8; 3]); 8] = [
        ("black", [0; 3]),
        ("white", [255; 3]),
        ("grey", [128; 3]),
        ("gray", [128; 3]),
        ("red", [255, 0, 0]),
        ("green", [0, 128, 0]),
        ("blue", [0, 0, 255]),
        ("magenta", [255, 0, 255]),
    ];
    if let Some((_, rgb)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Ok(*rgb);
    }
    let digits = text.trim_start_matches('#');
    let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6 && digits.is_ascii());
    let [_, r, g, b] = number.map(u32::to_be_bytes).ok_or_else(|| {
        format!(
            "{text} is not a colour: give six hex digits such as 20a040, or black, white, grey, red, green, blue"
        )
    })?;
    Ok([r, g, b])
}

/// Sees some of the frames as they came, and what became of them.
pub(crate) trait Watch {
    /// Whether this frame is wanted, which is asked when it comes. One that is, is kept until it has been through the
    /// engine.
    fn wants(&self, frame: &Frame) -> bool;

    /// A frame that was wanted, and what became of it.
    fn frame_done(&mut self, frame: &Frame, output: &Output);
}

/// The frames that a watcher wants, from when they come until they have been through the engine: one entry for each frame
/// that is on its way, empty where nobody wants it.
#[derive(Default)]
struct Wanted {
    came: VecDeque<Option<Frame>>,
}

impl Wanted {
    /// A frame comes; a copy is made only where it is wanted.
    fn came(&mut self, frame: &Frame, wanted: bool) {
        self.came.push_back(wanted.then(|| frame.clone()));
    }

    /// The oldest frame on its way has come through; as it came, where it was wanted.
    fn through(&mut self) -> Option<Frame> {
        self.came.pop_front().flatten()
    }
}

/// Runs the command.
pub(crate) fn run(args: &RunArgs, mut watch: Option<&mut dyn Watch>) -> anyhow::Result<Stats> {
    let ending = ending::hear()?;
    let stats = args.stats.as_deref();
    let outputs: Vec<_> =
        std::iter::once(("--out", &*args.out)).chain(stats.map(|s| ("--stats", s))).collect();
    let inputs: Vec<_> = std::iter::once(("the input", &*args.input)).chain(args.wear.files()).collect();
    output::apart(&outputs, &inputs)?;
    let data = setup::data_folder(args.wear.data.as_deref())?;
    left_over::report(&data);
    let mut source = args.open()?;
    let info = source.info().clone();
    let (mut width, mut height) = args.scale.unwrap_or((info.width, info.height));
    if args.scale.is_none() && matches!(args.wear.rotate, Rotation::Right | Rotation::Left) {
        (width, height) = (height, width);
    }
    check_size(info.width, info.height).and_then(|()| check_size(width, height))?;
    let mut sink = sink::create_with(&args.out, &SinkSpec::for_source(&info), Existing::force(args.force))?;
    let figures = stats.map(|path| OutputFile::create(path, Options::force(args.force))).transpose()?;
    let noted = sink.working().and_then(|working| Note::begin(&data, working, &args.out));
    let parts =
        sink.working().into_iter().chain(figures.as_ref().filter(|f| !f.is_stream()).map(OutputFile::path));
    let scrap: Vec<_> = parts.map(|part| ending.scrap(part)).collect();
    let told = format!("nothing was written to {}", args.out.display());
    ending.at_last(move || {
        // With standard error closed there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "ended while waiting for the input: {told}");
        None
    });
    let textures = wardrobe::wear(&args.wear.persona, &data, args.wear.mask())?;
    let mut settings = args.wear.settings(args.privacy);
    settings.transform.size = args.scale;
    let tracking = scenes::tracking(&settings, args.wear.tracking(args.privacy));
    let (tracker, runtime) = wardrobe::tracker(&data, tracking)?;
    let mut engine = OfflineSession::new(Box::new(tracker), textures, settings)?;
    let persona = args.wear.persona.first().map_or("", String::as_str);
    let report = &mut |what: &str| drop(writeln!(std::io::stderr(), "{what}"));
    if let Some(model) = wardrobe::model(&args.wear.model, persona, &data, report)? {
        let lag = args.model_lag.map_or(Lag::None, |ms| Lag::Live(Duration::from_millis(ms)));
        engine.wear_model(model, lag);
    }
    let mut film = args.scenes.film(engine, &info, &data, tracking);
    let bar = progress(info.frames);
    let mut io = Timings::default();
    let mut summary = Summary::default();
    let mut wanted = Wanted::default();
    let start = Instant::now();
    let nothing = |done: u64| format!("after {done} frames; nothing was written to {}", args.out.display());
    loop {
        ending.check(|| nothing(summary.frames))?;
        // The end of a source that was cut off by the same signal is none.
        let frame = io.measure("read", || source.next())?;
        let over = frame.is_none();
        if let (Some(watch), Some(frame)) = (&watch, &frame) {
            wanted.came(frame, watch.wants(frame));
        }
        let outputs = match frame {
            Some(frame) => film.push(frame)?,
            None => {
                ending.check(|| nothing(summary.frames))?;
                film.finish()?
            }
        };
        for output in outputs {
            io.measure("write", || sink.present(&output.badged))?;
            summary.add(&output);
            if let (Some(watch), Some(frame)) = (&mut watch, wanted.through()) {
                watch.frame_done(&frame, &output);
            }
            bar.inc(1);
        }
        if over {
            break;
        }
    }
    ending.check(|| nothing(summary.frames))?;
    // A signal that comes now comes too late to take anything back.
    ending.begin();
    let finished = sink.finish()?;
    drop(noted);
    let wall = start.elapsed();
    bar.finish_and_clear();
    let stats = Stats::new(&info, film.session(), runtime, &summary, wall, &io);
    if let Some(file) = figures {
        file.fill(stats.json()?.as_bytes())?;
    }
    drop(scrap);
    let mut lines = summary.lines(finished.path.as_deref(), args.wear.max_faces, film.session().last_fault());
    lines.splice(1..1, source.remarks().iter().chain(&finished.remarks).map(ToString::to_string));
    Ok(stats.said(lines))
}

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

#[cfg(test)]
mod tests {
    use omote_engine::frame::{Colour, FrameId, PixelFormat};
    use omote_engine::pool::Pool;

    use super::*;

    #[test]
    fn only_wanted_frames_are_copied_and_they_come_through_in_their_turn() {
        let pool = Pool::new();
        let mut wanted = Wanted::default();
        let mut seen = Vec::new();
        for number in 0..100 {
            let data = pool.take(Frame::byte_len(PixelFormat::I420, 16, 16));
            let mut frame = Frame::new(PixelFormat::I420, Colour::default(), 16, 16, data).unwrap();
            frame.id = FrameId(number);
            wanted.came(&frame, number % 25 == 12);
            // Ten are on their way, as in a film that looks ahead.
            if number >= 10 {
                seen.extend(wanted.through().map(|frame| (number - 10, frame.id.0)));
            }
        }
        assert_eq!(seen, [(12, 12), (37, 37), (62, 62), (87, 87)]);
        // The frame itself, and never more than one copy.
        assert_eq!(pool.stats().created, 2);
    }
}
