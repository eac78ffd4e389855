//! `omote live`: a camera through the live pipeline, into a window, a virtual camera and a recording.

mod figures;
mod outputs;
mod room;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use omote_engine::actor::ActorOptions;
use omote_engine::error::{Error, ErrorKind, Stage};
use omote_engine::output::{self, Existing, Options, OutputFile};
use omote_engine::pipeline::{LiveConfig, LiveSession, LiveSource, LiveStatus, MakeModel, Privacy, SinkId};
use omote_engine::sink;
use omote_engine::sink::virtual_camera::VirtualCamera;
use omote_engine::source::Rate;
use omote_engine::source::camera::CameraRequest;
use omote_kit::data::DataFolder;
use omote_kit::options::{BADGE, GLASSES, PRIVACY, ROTATE};
use omote_kit::swap_models::SwapOptions;
use omote_kit::{networks, swap_models};

use crate::wear_args::{LIVE_FACES, WearArgs, choice, size};
use crate::window::{self, Overrides, WindowOptions};
use crate::{ending, left_over, setup, wardrobe};
use figures::Figures;
use outputs::{Outputs, RECORDING};
pub(crate) use room::Warned;

/// Options of `omote live`.
#[derive(Args, Clone, Debug)]
pub(crate) struct LiveArgs {
    /// Camera: a path, a number or part of a name (see `omote cameras`), or `actor`, the built-in moving face
    /// [default: the first camera that works]
    #[arg(long, short, value_name = "DEV|actor")]
    pub(crate) camera: Option<String>,
    #[command(flatten)]
    pub(crate) wear: WearArgs,
    #[arg(long, help = PRIVACY.help, default_value = PRIVACY.default_name(), value_parser = choice(&PRIVACY))]
    pub(crate) privacy: Privacy,
    /// Offer the output to other programs as a camera: auto, v4l2, v4l2:/dev/videoN or pipewire
    #[arg(long, value_name = "WHICH", num_args = 0..=1, default_missing_value = "auto")]
    pub(crate) virtual_camera: Option<VirtualCamera>,
    /// Record what viewers see, without sound, as an .mp4 file or a folder of numbered PNGs. What has been recorded is
    /// kept even if Omote is interrupted
    #[arg(long, value_name = "OUT")]
    pub(crate) record: Option<PathBuf>,
    /// Preferred size of the camera; also the size of the virtual camera and of the actor
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = size)]
    pub(crate) size: (u32, u32),
    /// Preferred frame rate
    #[arg(long, value_name = "FPS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=240))]
    pub(crate) fps: u32,
    /// Run without a window
    #[arg(long)]
    pub(crate) no_window: bool,
    /// Stop after this many seconds [default: run until Ctrl-C]
    #[arg(long, value_name = "N")]
    pub(crate) seconds: Option<f64>,
    /// Write latencies, drops and memory use over time to this file as JSON
    #[arg(long, value_name = "FILE.json")]
    pub(crate) stats: Option<PathBuf>,
    /// Replace existing outputs, each only once the new one is complete
    #[arg(long)]
    pub(crate) force: bool,
    /// Random seed of the actor's performance
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

impl LiveArgs {
    fn rate(&self) -> anyhow::Result<Rate> {
        Rate::new(self.fps, 1).context("the frame rate is out of range")
    }

    /// Where pictures come from.
    pub(crate) fn source(&self) -> anyhow::Result<LiveSource> {
        let rate = self.rate()?;
        if self.camera.as_deref() == Some("actor") {
            return Ok(LiveSource::Actor(ActorOptions::new(self.seed, self.size.0, self.size.1, rate)));
        }
        let device = self.camera.clone();
        Ok(LiveSource::camera(CameraRequest {
            device,
            size: Some(self.size),
            rate: Some(rate),
            coding: None,
        }))
    }
}

/// Options that only a run without a window takes.
const HEADLESS: [&str; 10] =
    ["record", "size", "fps", "seconds", "stats", "force", "seed", "max_faces", "select", "backend"];

/// Runs the command. `typed` tells whether an option was typed, as against its default.
pub(crate) fn run(args: &LiveArgs, typed: &dyn Fn(&str) -> bool) -> anyhow::Result<ExitCode> {
    if args.no_window {
        return headless(args);
    }
    if let Some(option) = HEADLESS.iter().find(|option| typed(option)) {
        let option = option.replace('_', "-");
        let message = format!("--{option} needs --no-window; in the window, choose it in the panel");
        return Err(Error::new(ErrorKind::Usage, Stage::Pipeline, message).into());
    }
    let wear = &args.wear;
    let number = |id, value| typed(id).then_some(value);
    let given = Overrides {
        persona: typed("persona").then(|| wear.persona.first().cloned()).flatten(),
        source: args.camera.clone(),
        privacy: typed("privacy").then(|| PRIVACY.name_of(args.privacy).to_owned()),
        badge: typed("badge").then(|| BADGE.name_of(wear.badge).to_owned()),
        glasses: typed("glasses").then(|| GLASSES.name_of(wear.glasses).to_owned()),
        virtual_camera: args.virtual_camera.as_ref().map(VirtualCamera::to_string),
        opacity: number("opacity", wear.opacity),
        light: number("light", wear.light),
        eyes: number("eyes", wear.eyes),
        mouth: number("mouth", wear.mouth),
        edge: number("edge", wear.edge),
        sharpness: number("sharpness", wear.sharpness),
        shape: number("shape", wear.shape),
        mirror: typed("mirror").then_some(wear.mirror),
        rotation: typed("rotate").then(|| ROTATE.name_of(wear.rotate).parse().ok()).flatten(),
        model: wear.model.clone(),
    };
    window::run(WindowOptions { given, data: wear.data.clone(), dump_state: None, try_window: false })
}

/// Runs without a window until the time is over or the end is asked for.
fn headless(args: &LiveArgs) -> anyhow::Result<ExitCode> {
    if args.wear.max_faces > LIVE_FACES {
        let message = format!(
            "--max-faces {}: live, at most {LIVE_FACES} faces are swapped, because each costs a few milliseconds per frame; \
             `omote run` takes up to 64",
            args.wear.max_faces
        );
        return Err(Error::new(ErrorKind::Usage, Stage::Track, message).into());
    }
    let ending = ending::hear()?;
    let (record, stats) = (args.record.as_deref(), args.stats.as_deref());
    let outputs: Vec<_> = record
        .map(|path| ("--record", path))
        .into_iter()
        .chain(stats.map(|path| ("--stats", path)))
        .collect();
    output::apart(&outputs, &args.wear.files())?;
    let (rate, existing) = (args.rate()?, Existing::force(args.force));
    let recording = record.map(|path| sink::record(path, rate, existing)).transpose()?;
    let stats = stats.map(|path| OutputFile::create(path, Options::force(args.force))).transpose()?;
    let part = stats.as_ref().filter(|file| !file.is_stream()).map(OutputFile::path);
    let _scrap = part.map(|part| ending.scrap(part));
    // From its first picture on a recording is none.
    let empty = recording.as_ref().and_then(|sink| sink.working()).map(|part| ending.scrap(part));
    let data = setup::data_folder(args.wear.data.as_deref())?;
    left_over::report(&data);
    let personas = wardrobe::wear(&args.wear.persona, &data, args.wear.mask())?;
    let folder = DataFolder::at(&data);
    let (make_tracker, runtime) = networks::trackers(&folder, args.wear.tracking(args.privacy))?;
    let settings = args.wear.settings(args.privacy);
    let source = args.source()?;
    let live = Arc::new(LiveSession::start(LiveConfig::new(source, make_tracker, personas, settings))?);
    if let Some(options) = args.wear.model.options() {
        let persona = args.wear.persona.first().cloned().unwrap_or_default();
        live.wear_model(Some(make_model(folder, options, persona)));
    }
    let figures = Figures::watch(&live)?;
    let mut outputs = Outputs::open(&live, args, &data, recording)?;
    drop(empty);

    let begun = Instant::now();
    let mut reporter = StatusReporter::default();
    let over = |begun: Instant| args.seconds.is_some_and(|s| begun.elapsed().as_secs_f64() >= s);
    while !over(begun) && ending.wait(Duration::from_millis(100)).is_none() {
        let status = live.status();
        outputs.keep(&live, &status);
        figures.sample(&status);
        reporter.report(&status);
    }
    ending.begin();
    reporter.end();
    let recorded = live.end();
    let status = live.status();
    let whole = outputs.finish(recorded)?;
    let report = figures.report(args, &status, runtime, begun.elapsed());
    if let Some(file) = stats {
        file.fill(report.json()?.as_bytes())?;
    }
    ending::print(&mut std::io::stdout().lock(), |out| report.table(out))?;
    Ok(ending::session_code(whole))
}

/// Loads a swap model on the pipeline's thread; a file that is not among the user's models is tested and taken first.
fn make_model(data: DataFolder, options: SwapOptions, persona: String) -> MakeModel {
    Box::new(move || {
        let report = &mut |what: &str| drop(writeln!(std::io::stderr(), "{what}"));
        swap_models::take_file(&data, &options.name, report)?;
        swap_models::load(&data, &options, &persona, report)
    })
}

/// Tells the user what changes, and on a terminal once a second how it goes. Whether anybody reads it changes nothing.
#[derive(Default)]
struct StatusReporter {
    last: Option<(String, Instant)>,
    line: bool,
    /// Sinks whose end was told.
    ended: Vec<SinkId>,
    room: Warned,
}

impl StatusReporter {
    fn report(&mut self, status: &LiveStatus) {
        let mut err = std::io::stderr().lock();
        if let Err(e) = self.lines(status, &mut err) {
            log::debug!("nobody reads how it goes: {e}");
        }
    }

    /// Ends the line on which figures stand.
    fn end(&mut self) {
        if std::mem::take(&mut self.line) {
            // With standard error closed there is nobody to tell.
            let _ = writeln!(std::io::stderr());
        }
    }

    fn lines(&mut self, status: &LiveStatus, err: &mut dyn Write) -> std::io::Result<()> {
        let reason = status.reason.clone().unwrap_or_default();
        let what = format!("{} {reason}", status.state.name());
        let same = self.last.as_ref().is_some_and(|(last, _)| *last == what);
        let mut lines = Vec::new();
        for sink in status.sinks.iter().filter(|sink| sink.name == RECORDING) {
            if let Some(fault) = sink.fault.as_ref().filter(|_| !self.ended.contains(&sink.id)) {
                self.ended.push(sink.id);
                lines.push(format!("the recording has ended: {fault}"));
            } else if let Some(warning) = sink.room.and_then(|room| self.room.warning(room)) {
                lines.push(format!("recording: {warning}"));
            }
        }
        if !same {
            let colon = if reason.is_empty() { "" } else { ": " };
            lines.push(format!("{}{colon}{reason}", status.state.name()));
            self.last = Some((what, Instant::now()));
        }
        if !lines.is_empty() && std::mem::take(&mut self.line) {
            writeln!(err)?;
        }
        for line in lines {
            writeln!(err, "{line}")?;
        }
        let Some((_, at)) = &mut self.last else { return Ok(()) };
        if same && std::io::stderr().is_terminal() && at.elapsed() >= Duration::from_secs(1) {
            *at = Instant::now();
            self.line = true;
            let d = status.drops;
            write!(
                err,
                "\r{:.1} fps, latency p50 {:.1} ms p99 {:.1} ms, {} frames, {} dropped, {} faces  ",
                status.source.measured_fps,
                status.latency.p50,
                status.latency.p99,
                status.frames,
                d.camera + d.track + d.render,
                status.faces
            )?;
            err.flush()?;
        }
        Ok(())
    }
}
