//! `omote bench glass`: how long it is from light to light.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use omote_benches::glass::{Camera, Glass, Options, Pipeline};
use omote_engine::output::{self, Existing, OutputFile};
use omote_engine::pipeline::Privacy;
use omote_engine::sink::virtual_camera::VirtualCamera;
use omote_engine::sink::{self, SinkSpec};
use omote_kit::data::DataFolder;
use omote_kit::networks;

use super::window;
use crate::wear_args::WearArgs;
use crate::{ending, setup, wardrobe};

/// Options of `omote bench glass`.
#[derive(Args, Clone, Debug)]
pub(super) struct GlassArgs {
    /// Camera that films the window: a path, a number or part of a name [default: the first camera that works]
    #[arg(long, short, value_name = "DEV")]
    camera: Option<String>,
    /// Length of the measurement, in seconds
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = seconds)]
    seconds: f64,
    /// Also send the output to this V4L2 device (v4l2 or v4l2:/dev/videoN) and read it back from there
    #[arg(long, value_name = "WHICH", num_args = 0..=1, default_missing_value = "v4l2")]
    virtual_camera: Option<VirtualCamera>,
    /// Write the figures
    #[arg(long, value_name = "FILE.json")]
    json: Option<PathBuf>,
    /// Check the bench itself: film the screen in memory with a delay of MS milliseconds, which the bench must then find
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(20..=2000), conflicts_with = "camera")]
    check: Option<u32>,
    /// The camera turns left and right round
    #[arg(long)]
    mirrored: bool,
    /// Save the last picture in which the code could not be read, to show what the camera saw
    #[arg(long, value_name = "FILE.png")]
    unread: Option<PathBuf>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Run without a window; only with --check
    #[arg(long, requires = "check")]
    no_window: bool,
    /// Persona, look and swap model of the measured pipeline
    #[command(flatten)]
    wear: WearArgs,
}

fn seconds(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "give a number of seconds".to_owned())?;
    if (1.0..=3600.0).contains(&value) { Ok(value) } else { Err("give 1 to 3600 seconds".to_owned()) }
}

impl GlassArgs {
    fn options(&self) -> Options {
        let camera = match self.check {
            Some(ms) => Camera::InMemory(Duration::from_millis(u64::from(ms))),
            None => Camera::Device(self.camera.clone()),
        };
        Options { camera, mirrored: self.mirrored, virtual_camera: self.virtual_camera.clone() }
    }

    fn pipeline(&self) -> anyhow::Result<Pipeline> {
        let data = setup::data_folder(self.wear.data.as_deref())?;
        let config = self.wear.tracking(Privacy::Relaxed);
        let (make_tracker, _) = networks::trackers(&DataFolder::at(&data), config)?;
        let personas = wardrobe::wear(&self.wear.persona, &data, self.wear.mask())?;
        Ok(Pipeline { personas, settings: self.wear.settings(Privacy::Relaxed), make_tracker })
    }
}

/// Runs the command.
pub(super) fn run(args: &GlassArgs) -> anyhow::Result<ExitCode> {
    let ending = ending::hear()?;
    let named = [("--json", args.json.as_deref()), ("--unread", args.unread.as_deref())];
    let outputs: Vec<_> = named.iter().filter_map(|(name, path)| Some((*name, (*path)?))).collect();
    output::apart(&outputs, &args.wear.files())?;
    let begin = |path: &PathBuf| OutputFile::create(path, output::Options::force(args.force));
    let json = args.json.as_ref().map(begin).transpose()?;
    let spec = SinkSpec::one();
    let picture = |path: &PathBuf| sink::create_with(path, &spec, Existing::force(args.force));
    let unread = args.unread.as_ref().map(picture).transpose()?;

    let glass = Glass::start(&args.options(), args.pipeline()?)?;
    let measurement = Arc::clone(glass.measurement());
    ending.also(move || measurement.end());
    let length = Duration::from_secs_f64(args.seconds);
    if args.no_window {
        glass.measurement().tick(length);
    } else {
        window::run(&glass, length)?;
    }
    ending.begin();
    let outcome = glass.finish()?;

    let figures = outcome.figures;
    ending::print(&mut std::io::stdout().lock(), |out| figures.table(out))?;
    if let Some(fault) = outcome.fault.filter(|_| figures.camera.is_none()) {
        bail!("no picture came: {fault}");
    }
    if let Some((mut sink, shown)) = unread.zip(outcome.last_unread) {
        sink.present(&shown.badged).and_then(|()| sink.finish())?;
    }
    if let Some(file) = json {
        file.fill(figures.json()?.as_bytes())?;
    }
    outcome.read_back?;
    Ok(if figures.camera.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
