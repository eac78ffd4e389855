//! From light to light: how long a camera, the engine and a window take together. A window shows a code that changes with
//! every picture of the screen; the camera films it; the code in a picture that comes out says when its light left the
//! screen.
//!
//! A picture is timed when the window begins to draw it, as the code is. What the display needs from there to its light is
//! the same for both, so it is in the difference once, as it is from glass to glass.
//!
//! The window is the program's: it draws [`Measurement::next_code`] with every picture of its own and says by
//! [`Measurement::drawn`] which of the engine's pictures stands beside it.

mod code;
mod figures;
mod film;
mod outline;
mod read;
mod screen;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use omote_engine::frame::Frame;
use omote_engine::pipeline::{LiveConfig, LiveSession, LiveSource, MakeTracker, Settings, Shown};
use omote_engine::pool::Pool;
use omote_engine::sink::virtual_camera::{VirtualCamera, VirtualFormat, VirtualSpec, open_virtual_camera};
use omote_engine::source::Rate;
use omote_engine::source::camera::{CameraRequest, Captured, open_camera};
use omote_engine::swap::FaceTexture;
use omote_engine::timing::now;

pub use code::{QUIET, SIDE};
pub use figures::{Figures, Since};
use read::{Reader, Unread};
use screen::Screen;

/// What films the screen.
#[derive(Clone, Debug)]
pub enum Camera {
    /// The camera of this path, number or part of a name; the first that works where nothing is said.
    Device(Option<String>),
    /// None: the screen is filmed in memory, and its pictures come so long after the middle of their exposure. What the
    /// bench then finds must be that time.
    InMemory(Duration),
}

/// What is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// What films the screen.
    pub camera: Camera,
    /// The camera mirrors its picture.
    pub mirrored: bool,
    /// A virtual camera that gets the output and is read back.
    pub virtual_camera: Option<VirtualCamera>,
}

/// The pipeline that is measured.
pub struct Pipeline {
    /// Makes what finds faces; called again after it broke down.
    pub make_tracker: MakeTracker,
    /// What faces wear.
    pub personas: Vec<FaceTexture>,
    /// How it works.
    pub settings: Settings,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("settings", &self.settings).finish_non_exhaustive()
    }
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
pub struct Measurement {
    screen: Arc<Screen>,
    log: Mutex<Log>,
    over: AtomicBool,
    mirrored: bool,
    delays: film::Delays,
}

impl Measurement {
    /// Begins the screen's next picture: the code to draw in it, [`SIDE`] × [`SIDE`] grey pixels, a module each, rows from
    /// the top. It needs [`QUIET`] modules of white round it.
    pub fn next_code(&self) -> Vec<u8> {
        code::pixels(self.screen.next())
    }

    /// The window begins to draw a picture that came out; only its first time counts.
    pub fn drawn(&self, shown: &Shown) {
        self.log().drawn.entry(shown.stamps.captured).or_insert_with(now);
    }

    /// What was found so far.
    pub fn figures(&self) -> Figures {
        Figures::from_log(
            &self.log(),
            &self.screen,
            &self.delays.lock().unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Asks for the end.
    pub fn end(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// Whether the end was asked for.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Goes through the screen's pictures for so long, where no window does.
    pub fn tick(&self, length: Duration) {
        let (begun, mut k) = (Instant::now(), 0.0);
        while begun.elapsed() < length && !self.is_over() {
            self.screen.next();
            k += 1.0;
            std::thread::sleep(Duration::from_secs_f64(k / HZ).saturating_sub(begun.elapsed()));
        }
    }

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
                queue.read_code(shown.badged.frame(), stamps.ready, Arc::clone(&shown));
                take(&mut queue, false);
            }
        }
        take(&mut queue, true);
    }

    /// Reads what another program gets from the virtual camera.
    fn read_back(&self, device: &str) -> anyhow::Result<()> {
        let request = CameraRequest { device: Some(device.to_owned()), ..CameraRequest::default() };
        let mut camera = open_camera(&request, &Pool::new())?;
        let mut queue = Queue::new(self.mirrored);
        while !self.is_over() {
            if let Captured::Frame(frame) = camera.next(Duration::from_millis(50))? {
                let arrived = now();
                queue.read_code(&frame, arrived, arrived);
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
    fn read_code(&mut self, frame: &Frame, there: Duration, with: T) {
        let bits =
            read::with_luma(frame, |luma| self.reader.read_bits(luma)).unwrap_or(Err(Unread::NotFound));
        self.waiting.push_back((bits, there, with));
    }

    /// Says of each picture what it shows, the middle of its exposure, once the screen's later pictures are known; or of all.
    fn settle(&mut self, screen: &Screen, all: bool, mut report: impl FnMut(Result<Duration, Unread>, T)) {
        let known = screen.last();
        while let Some((bits, there, with)) = self.waiting.pop_front_if(|(_, there, _)| all || *there < known)
        {
            let found =
                bits.and_then(|bits| read::moment(&bits, &screen.since(there.saturating_sub(OLDEST))));
            if found == Err(Unread::Unclear) {
                self.reader.forget();
            }
            report(found, with);
        }
    }
}

/// Light older than this is not looked for.
const OLDEST: Duration = Duration::from_secs(4);
const _: () = assert!(OLDEST.as_secs() < screen::KEPT_FOR.as_secs());
/// Pictures of the screen a second where no window shows them.
const HZ: f64 = 60.0;

/// A bench at work.
pub struct Glass {
    measurement: Arc<Measurement>,
    live: LiveSession,
    reading: JoinHandle<()>,
    reading_back: Option<JoinHandle<anyhow::Result<()>>>,
}

impl std::fmt::Debug for Glass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Glass").field("measurement", &self.measurement).finish_non_exhaustive()
    }
}

/// What a bench found.
#[derive(Debug)]
pub struct Outcome {
    /// The figures.
    pub figures: Figures,
    /// The last picture in which the code could not be read.
    pub last_unread: Option<Arc<Shown>>,
    /// What went wrong with the camera, last.
    pub fault: Option<String>,
    /// Whether the virtual camera could be read back, where one was asked for.
    pub read_back: anyhow::Result<()>,
}

impl Glass {
    /// Starts the pipeline and what reads its pictures.
    ///
    /// # Errors
    /// A camera in memory whose lens is folded, a pipeline that does not start, or a virtual camera that can't be opened or
    /// can't be read back.
    pub fn start(options: &Options, pipeline: Pipeline) -> anyhow::Result<Self> {
        let measurement = Arc::new(Measurement { mirrored: options.mirrored, ..Measurement::default() });
        let source = match &options.camera {
            Camera::InMemory(delay) => film::source(&measurement.screen, *delay, &measurement.delays),
            Camera::Device(device) => LiveSource::camera(CameraRequest {
                device: device.clone(),
                size: Some((1280, 720)),
                rate: Some(Rate::DEFAULT),
                coding: None,
            }),
        };
        let Pipeline { make_tracker, personas, settings } = pipeline;
        let live = LiveSession::start(LiveConfig::new(source, make_tracker, personas, settings))?;
        let reading = watch(&live, &measurement)?;
        let back = options.virtual_camera.as_ref().map(|which| read_back(&live, &measurement, which));
        Ok(Self { reading_back: back.transpose()?, measurement, live, reading })
    }

    /// What the window shares with the bench.
    pub fn measurement(&self) -> &Arc<Measurement> {
        &self.measurement
    }

    /// The pipeline, for the window's own view of its pictures.
    pub fn live(&self) -> &LiveSession {
        &self.live
    }

    /// Stops the pipeline and sums up.
    ///
    /// # Errors
    /// A thread that broke down.
    pub fn finish(self) -> anyhow::Result<Outcome> {
        self.measurement.end();
        let status = self.live.stop();
        let broken = || anyhow!("a thread crashed");
        self.reading.join().map_err(|_| broken())?;
        let back = self.reading_back.map(JoinHandle::join).transpose().map_err(|_| broken())?;
        let last_unread = self.measurement.log().last_unread.take();
        Ok(Outcome {
            figures: self.measurement.figures(),
            last_unread,
            fault: status.source.fault,
            read_back: back.unwrap_or(Ok(())).context("the virtual camera could not be read back"),
        })
    }
}

/// Reads the pictures that come out on a thread of its own; those that come meanwhile are left out.
fn watch(live: &LiveSession, measurement: &Arc<Measurement>) -> anyhow::Result<JoinHandle<()>> {
    let (put, get) = sync_channel(1);
    live.watch("code reader", Box::new(move |shown: &Arc<Shown>| drop(put.try_send(Arc::clone(shown)))))?;
    let measurement = Arc::clone(measurement);
    Ok(std::thread::Builder::new().name("omote-glass".to_owned()).spawn(move || measurement.follow(&get))?)
}

/// Sends the output to a device and reads it back from there.
fn read_back(
    live: &LiveSession,
    measurement: &Arc<Measurement>,
    which: &VirtualCamera,
) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
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
    let measurement = Arc::clone(measurement);
    let read = move || {
        // A loopback device can be read once a first picture was written.
        std::thread::sleep(Duration::from_secs(1));
        measurement.read_back(&device)
    };
    Ok(std::thread::Builder::new().name("omote-glass-back".to_owned()).spawn(read)?)
}
