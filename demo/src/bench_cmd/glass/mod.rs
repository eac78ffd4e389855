//! `omote bench glass`: how long it is from light to light. A window shows a code that changes with every picture of the
//! screen; the camera films it; the code in a picture that comes out says when its light left the screen.
//!
//! A picture is timed when the window begins to draw it, as the code is. What the display needs from there to its light is
//! the same for both, so it is in the difference once, as it is from glass to glass.

mod code;
mod figures;
mod film;
mod read;
mod screen;
#[cfg(test)]
mod tests;
mod window;

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use omote_engine::frame::Frame;
use omote_engine::output::{self, Existing, OutputFile};
use omote_engine::pipeline::{Fed, Live, LiveConfig, LiveSource, MakeFollow, Shown};
use omote_engine::pool::Pool;
use omote_engine::sink::virtual_camera::{VirtualCamera, VirtualFormat, VirtualSpec, open_virtual_camera};
use omote_engine::sink::{self, SinkSpec};
use omote_engine::source::Rate;
use omote_engine::source::camera::CameraRequest;
use omote_engine::timing::now;

use crate::wear_args::{PrivacyArg, WearArgs};
use crate::{ending, setup, wardrobe};
use figures::Figures;
use read::{Reader, Unread};
use screen::Screen;

/// Options of `omote bench glass`.
#[derive(Args, Clone, Debug)]
pub(crate) struct GlassArgs {
    /// Camera that films the window: a path, a number or part of a name [default: the first camera that works]
    #[arg(long, short, value_name = "DEV")]
    camera: Option<String>,
    /// Length of the measurement, in seconds
    #[arg(long, value_name = "N", default_value_t = 20.0, value_parser = seconds)]
    seconds: f64,
    /// Also send the output to this V4L2 device (v4l2 or v4l2:/dev/videoN) and read it back from there
    #[arg(long, value_name = "WHICH", num_args = 0..=1, default_missing_value = "v4l2")]
    virtual_camera: Option<VirtualCamera>,
    /// Write the figures to this file as JSON
    #[arg(long, value_name = "FILE.json")]
    json: Option<PathBuf>,
    /// Check the bench itself: film the screen in memory with a delay of MS milliseconds, which the bench must then find
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(20..=2000), conflicts_with = "camera")]
    check: Option<u32>,
    /// The camera mirrors its picture
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

/// A picture whose code was read. Times by [`now`].
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// The middle of its exposure.
    exposed: Duration,
    /// The camera's stamp, which no other picture has.
    captured: Duration,
    ready: Duration,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Log {
    samples: Vec<Sample>,
    /// When the window began to draw each picture, by its stamp.
    drawn: HashMap<Duration, Duration>,
    /// Exposure to arrival at a program that reads the virtual camera, seconds.
    read_back: Vec<f64>,
    unread: Misses,
    read_back_unread: Misses,
    /// The last picture that could not be read.
    last_unread: Option<Arc<Shown>>,
}

/// How many pictures could not be read, and why.
#[derive(Clone, Debug, Default)]
struct Misses(Vec<(Unread, u32)>);

impl Misses {
    fn add(&mut self, why: Unread) {
        match self.0.iter_mut().find(|(w, _)| *w == why) {
            Some((_, n)) => *n += 1,
            None => self.0.push((why, 1)),
        }
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|(_, n)| n).sum()
    }
}

/// What the threads and the window share.
#[derive(Debug, Default)]
pub(super) struct Bench {
    screen: Arc<Screen>,
    log: Mutex<Log>,
    over: AtomicBool,
    mirrored: bool,
}

impl Bench {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads pictures as they come out, as many as there is time for.
    fn follow(&self, shown: &Receiver<Arc<Shown>>) {
        let mut queue = Queue::new(self.mirrored);
        let take = |queue: &mut Queue<Arc<Shown>>, all: bool| {
            queue.settle(&self.screen, all, |read, shown| {
                let mut log = self.log();
                let (captured, ready) = (shown.stamps.captured, shown.stamps.ready);
                match read {
                    Ok(exposed) => log.samples.push(Sample { exposed, captured, ready }),
                    Err(why) => {
                        log.unread.add(why);
                        log.last_unread = Some(shown);
                    }
                }
            });
        };
        while let Ok(shown) = shown.recv() {
            let stamps = &shown.stamps;
            // Held pictures and cards are not the camera's.
            if !stamps.captured.is_zero() {
                queue.read(shown.badged.frame(), stamps.ready, Arc::clone(&shown));
                take(&mut queue, false);
            }
        }
        take(&mut queue, true);
    }

    /// Reads what another program gets from the virtual camera.
    fn read_back(&self, device: &str) -> anyhow::Result<()> {
        let request = CameraRequest { device: Some(device.to_owned()), ..CameraRequest::default() };
        let LiveSource::Feed(open) = omote_engine::pipeline::camera(request) else { bail!("no camera") };
        let mut feed = open(&Pool::new())?;
        let mut queue = Queue::new(self.mirrored);
        while !self.over.load(Ordering::Acquire) {
            if let Fed::Frame(frame) = feed.next(Duration::from_millis(50))? {
                let arrived = now();
                queue.read(&frame, arrived, arrived);
                queue.settle(&self.screen, false, |read, arrived| {
                    let mut log = self.log();
                    match read {
                        Ok(exposed) => log.read_back.push(arrived.saturating_sub(exposed).as_secs_f64()),
                        Err(why) => log.read_back_unread.add(why),
                    }
                });
            }
        }
        Ok(())
    }

    fn figures(&self, delays: &film::Delays) -> Figures {
        Figures::of(&self.log(), &self.screen, &delays.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Pictures that were read, until it is known for how long the screen showed what is in them.
struct Queue<T> {
    reader: Reader,
    waiting: VecDeque<(Result<[f32; code::BITS], Unread>, Duration, T)>,
}

impl<T> Queue<T> {
    fn new(mirrored: bool) -> Self {
        Self { reader: Reader::new(mirrored), waiting: VecDeque::new() }
    }

    /// Reads a picture that was there at a time.
    fn read(&mut self, frame: &Frame, there: Duration, with: T) {
        let bits = read::with_luma(frame, |luma| self.reader.read(luma)).unwrap_or(Err(Unread::NotFound));
        self.waiting.push_back((bits, there, with));
    }

    /// Says of each picture what it shows, the middle of its exposure, once the screen's later pictures are known; or of all.
    fn settle(&mut self, screen: &Screen, all: bool, mut tell: impl FnMut(Result<Duration, Unread>, T)) {
        let known = screen.last();
        while let Some((bits, there, with)) = self.waiting.pop_front_if(|(_, there, _)| all || *there < known)
        {
            let found =
                bits.and_then(|bits| read::moment(&bits, &screen.since(there.saturating_sub(OLDEST))));
            if found == Err(Unread::Unclear) {
                self.reader.forget();
            }
            tell(found, with);
        }
    }
}

/// Light older than this is not looked for.
const OLDEST: Duration = Duration::from_secs(4);
const _: () = assert!(OLDEST.as_secs() < screen::KEPT.as_secs());
/// Pictures of the screen a second where no window shows them.
const HZ: f64 = 60.0;

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
    let data = setup::data_folder(args.wear.data.as_deref())?;
    let config = args.wear.tracking(PrivacyArg::Relaxed);
    let (first, _) = wardrobe::tracker(&data, config)?;
    let mut first = Some(first);
    let folder = data.clone();
    let follow: MakeFollow = Box::new(move || {
        let tracker = match first.take() {
            Some(tracker) => tracker,
            None => wardrobe::tracker_again(&folder, config)?,
        };
        Ok(Box::new(tracker))
    });
    let (bench, delays) =
        (Arc::new(Bench { mirrored: args.mirrored, ..Bench::default() }), film::Delays::default());
    let source = match args.check {
        Some(ms) => film::source(&bench.screen, Duration::from_millis(u64::from(ms)), &delays),
        None => omote_engine::pipeline::camera(CameraRequest {
            device: args.camera.clone(),
            size: Some((1280, 720)),
            rate: Some(Rate::DEFAULT),
            coding: None,
        }),
    };
    let personas = wardrobe::wear(&args.wear.persona, &data, args.wear.mask())?;
    let settings = args.wear.settings(PrivacyArg::Relaxed);
    let live = Live::start(LiveConfig { source, follow, personas, settings, gpu: None })?;
    let reading = watch(&live, &bench)?;
    let back = args.virtual_camera.as_ref().map(|which| read_back(&live, &bench, which)).transpose()?;

    let length = Duration::from_secs_f64(args.seconds);
    let over = Arc::clone(&bench);
    ending.also(move || over.over.store(true, Ordering::Release));
    if args.no_window {
        tick(&bench, length);
    } else {
        window::run(&bench, &live, length, &delays)?;
    }
    ending.begin();
    bench.over.store(true, Ordering::Release);
    let status = live.stop();
    let broken = || anyhow::anyhow!("a thread crashed");
    reading.join().map_err(|_| broken())?;
    let back = back.map(std::thread::JoinHandle::join).transpose().map_err(|_| broken())?;
    let figures = bench.figures(&delays);
    ending::tell(&mut std::io::stdout().lock(), |out| figures.table(out))?;
    if let Some(fault) = status.source.fault.filter(|_| figures.camera.is_none()) {
        bail!("no picture came: {fault}");
    }
    // Taken first, so that the log is not held while the file is written.
    let last = bench.log().last_unread.take();
    if let Some((mut sink, shown)) = unread.zip(last) {
        sink.present(&shown.badged).and_then(|()| sink.finish())?;
    }
    if let Some(file) = json {
        file.fill((serde_json::to_string_pretty(&figures)? + "\n").as_bytes())?;
    }
    back.transpose().context("the virtual camera could not be read back")?;
    Ok(if figures.camera.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads the pictures that come out on a thread of its own; those that come meanwhile are left out.
fn watch(live: &Live, bench: &Arc<Bench>) -> anyhow::Result<std::thread::JoinHandle<()>> {
    let (put, get) = sync_channel(1);
    live.watch("code reader", Box::new(move |shown: &Arc<Shown>| drop(put.try_send(Arc::clone(shown)))))?;
    let bench = Arc::clone(bench);
    Ok(std::thread::Builder::new().name("omote-glass".to_owned()).spawn(move || bench.follow(&get))?)
}

/// Sends the output to a device and reads it back from there.
fn read_back(
    live: &Live,
    bench: &Arc<Bench>,
    which: &VirtualCamera,
) -> anyhow::Result<std::thread::JoinHandle<anyhow::Result<()>>> {
    let VirtualCamera::V4l2(named) = which else {
        bail!("only a V4L2 device can be read back: give --virtual-camera v4l2 or v4l2:/dev/videoN");
    };
    let spec =
        VirtualSpec { width: 1280, height: 720, rate: Rate::DEFAULT, format: VirtualFormat::default() };
    let sink = open_virtual_camera(which, &spec)?;
    let place = sink.describe();
    let found = || {
        let path = place.split_whitespace().find(|word| word.starts_with("/dev/video"))?;
        Some(path.trim_end_matches(|c: char| !c.is_ascii_digit()).to_owned())
    };
    let device = named.as_ref().map(|p| p.display().to_string()).or_else(found);
    let device = device.with_context(|| format!("the virtual camera ({place}) has no path to read it by"))?;
    live.attach("virtual camera", Box::new(sink))?;
    let bench = Arc::clone(bench);
    let read = move || {
        // A loopback device can be read once a first picture was written.
        std::thread::sleep(Duration::from_secs(1));
        bench.read_back(&device)
    };
    Ok(std::thread::Builder::new().name("omote-glass-back".to_owned()).spawn(read)?)
}

/// Goes through the screen's pictures where no window does.
fn tick(bench: &Bench, length: Duration) {
    let (begun, mut k) = (Instant::now(), 0.0);
    while begun.elapsed() < length && !bench.over.load(Ordering::Acquire) {
        bench.screen.next();
        k += 1.0;
        std::thread::sleep(Duration::from_secs_f64(k / HZ).saturating_sub(begun.elapsed()));
    }
}

/// Writes a line for people.
fn tell(out: &mut dyn Write, line: &str) -> std::io::Result<()> {
    writeln!(out, "{line}")
}
