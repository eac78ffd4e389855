//! Cameras on Linux, by Video4Linux with mapped buffers.

mod list;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::decode::{Decoder, Payload};
use super::fault::CameraFault;
use super::mode::ranked;
use super::raw::RawLayout;
use super::{Camera, CameraMode, CameraRequest, Captured, Coding, StreamInfo};
use crate::error::Result;
use crate::frame::{Colour, FrameId, FrameTime, Matrix, Range};
use crate::pool::Pool;
use crate::source::Rate;
use crate::timing;
use crate::v4l2::{Device, Direction, Filled, Interval, Samples, Stream};

pub(super) use list::cameras;

/// One is being filled, one is filled, one is being read. More would only let old pictures wait.
const BUFFERS: u32 = 3;

/// Modes that are tried before a camera is given up.
const TRIES: usize = 24;

/// So many empty wake-ups in a row are a driver's fault.
const IDLE_WAKES: u32 = 1000;

/// Opens a device file and starts the best mode that the driver takes.
pub(super) fn open(path: &Path, request: &CameraRequest, pool: &Pool) -> Result<Box<dyn Camera>> {
    let shown = path.display().to_string();
    let device = Device::open_nonblocking(path).map_err(|e| list::opening(&shown, path, e))?;
    let device = Arc::new(device);
    let no_camera = |why: &str| CameraFault::NoCamera { camera: shown.clone(), why: why.into() };
    let about = device.capabilities().map_err(|_| no_camera("it is no video device"))?;
    let name = about.card.clone();
    let shown = format!("{name} ({shown})");
    if !list::captures(&about) {
        return Err(match list::is_loopback(&about) {
            true => CameraFault::Idle { camera: shown }.into(),
            false => no_camera("it is no camera of a kind that Omote can use").into(),
        });
    }
    let modes = list::modes(&device, request);
    if modes.is_empty() && list::is_loopback(&about) {
        return Err(CameraFault::Idle { camera: shown }.into());
    }
    let modes = ranked(&modes, request, list::narrow(path, &about));
    if modes.is_empty() {
        return Err(no_camera("it offers no picture format that Omote takes").into());
    }
    let (tried, mut last) = (modes.len().min(TRIES), String::new());
    for mode in modes.iter().take(TRIES) {
        match start(&device, mode, pool) {
            Ok((stream, mode, decoder)) => {
                log::info!("{shown}: {mode}");
                let path = path.to_owned();
                let (next, sequence, skipped) = (0, None, 0);
                return Ok(Box::new(V4l {
                    stream,
                    device,
                    decoder,
                    mode,
                    name,
                    shown,
                    path,
                    next,
                    sequence,
                    skipped,
                }));
            }
            Err(error) => match list::failing(&shown, path, "starting it", error) {
                CameraFault::Driver { cause, .. } => {
                    log::debug!("{shown}: {mode}: {cause}");
                    last = format!("{mode}: {cause}");
                }
                fault => return Err(fault.into()),
            },
        }
    }
    Err(CameraFault::NoMode { camera: shown, tried, last }.into())
}

/// A camera that streams.
struct V4l {
    stream: Stream,
    device: Arc<Device>,
    decoder: Decoder,
    mode: CameraMode,
    name: String,
    shown: String,
    path: PathBuf,
    /// Number of the next frame.
    next: u64,
    /// The driver's number of the last picture.
    sequence: Option<u32>,
    skipped: u64,
}

/// Sets a mode and starts; also what the driver made of the mode.
fn start(
    device: &Arc<Device>,
    wanted: &CameraMode,
    pool: &Pool,
) -> io::Result<(Stream, CameraMode, Decoder)> {
    let (mode, decoder) = set(device, wanted, pool)?;
    Ok((Stream::start(device, BUFFERS)?, mode, decoder))
}

/// Frames a second of an interval, where it is one.
fn rate(interval: Interval) -> Option<Rate> {
    Rate::reduced(u64::from(interval.denominator), u64::from(interval.numerator))
}

impl Payload for Samples<'_> {
    fn len(&self) -> usize {
        Samples::len(self)
    }

    fn copy_to(&self, from: usize, to: &mut [u8]) -> usize {
        Samples::copy_to(self, from, to)
    }
}

/// Sets format and rate, in that order: the one limits the other. The rate is set even where it is the
/// present one, since some drivers start with another than they say.
fn set(device: &Device, wanted: &CameraMode, pool: &Pool) -> io::Result<(CameraMode, Decoder)> {
    let mut last = io::Error::from(io::ErrorKind::InvalidInput);
    for fourcc in wanted.coding.fourccs() {
        let size = (wanted.width, wanted.height);
        let asked = device.set_format(Direction::Capture, *fourcc, size, 0);
        // Asked once more: some drivers only then say what they really have set.
        let format = match asked.and_then(|_| device.format(Direction::Capture)) {
            Ok(format) if Coding::from_fourcc(format.fourcc) == Some(wanted.coding) => format,
            Ok(format) => {
                let other = String::from_utf8_lossy(&format.fourcc).into_owned();
                last = io::Error::other(format!("the driver sets {other} instead"));
                continue;
            }
            Err(error) => {
                last = error;
                continue;
            }
        };
        let interval = Interval { numerator: wanted.rate.den(), denominator: wanted.rate.num() };
        // Some drivers have one rate and nothing to set: what they have counts, whatever came of it.
        let _ = device.set_interval(Direction::Capture, interval);
        let rate = device.interval(Direction::Capture).ok().and_then(rate).unwrap_or(wanted.rate);
        let (mut width, mut height) = (format.width, format.height);
        let decoder = match wanted.coding {
            Coding::Mjpeg => Decoder::mjpeg((width, height), pool),
            Coding::Raw(raw) => {
                let matrix = if format.bt709 { Matrix::Bt709 } else { Matrix::Bt601 };
                let range = if format.full_range { Range::Full } else { Range::Limited };
                let colour = Colour { matrix, range };
                let layout = RawLayout { format: raw, width, height, stride: format.stride, colour };
                (width, height) = layout.size();
                Decoder::Raw(layout, pool.clone())
            }
        };
        return Ok((CameraMode { width, height, rate, coding: wanted.coding }, decoder));
    }
    Err(last)
}

impl V4l {
    fn fault(&self, doing: &'static str, error: io::Error) -> CameraFault {
        let fault = list::failing(&self.shown, &self.path, doing, error);
        // After an unplug, calls fail with whatever code comes first.
        match fault {
            CameraFault::Driver { .. } if self.device.capabilities().is_err() => {
                CameraFault::Gone { camera: self.shown.clone() }
            }
            fault => fault,
        }
    }

    /// The newest filled buffer; older ones go back to the driver unread. Nothing when the time is up.
    fn newest(&self, limit: Duration) -> Result<Option<Filled>, CameraFault> {
        let begun = Instant::now();
        let mut newest: Option<Filled> = None;
        let mut idle = 0;
        loop {
            match self.stream.dequeue().map_err(|e| self.fault("reading", e))? {
                Some(filled) => {
                    if let Some(older) = newest.replace(filled) {
                        self.stream.queue(older).map_err(|e| self.fault("reading", e))?;
                    }
                }
                None if newest.is_some() => return Ok(newest),
                None => {
                    let left = limit.saturating_sub(begun.elapsed());
                    if left.is_zero() {
                        return Ok(None);
                    }
                    idle += u32::from(self.device.wait(left).map_err(|e| self.fault("waiting", e))?);
                    if idle > IDLE_WAKES {
                        return Err(self.fault("waiting", io::Error::other("it wakes us with nothing")));
                    }
                }
            }
        }
    }

    /// Counts pictures that the driver made and that never came here.
    fn count(&mut self, sequence: u32) {
        if let Some(last) = self.sequence.replace(sequence) {
            let step = sequence.wrapping_sub(last);
            // Drivers that do not count say the same number; a jump back is a new start.
            if (2..1 << 20).contains(&step) {
                self.skipped += u64::from(step - 1);
            }
        }
    }
}

impl Camera for V4l {
    fn info(&self) -> StreamInfo {
        StreamInfo::new(&self.name, &self.mode)
    }

    fn mode(&self) -> Option<CameraMode> {
        Some(self.mode)
    }

    fn next(&mut self, limit: Duration) -> Result<Captured> {
        let Some(filled) = self.newest(limit)? else { return Ok(Captured::Late) };
        let now = timing::now();
        self.count(filled.sequence);
        let made = match self.stream.samples(&filled) {
            _ if filled.damaged => Err("the driver says that it is damaged".to_owned()),
            Some(samples) => self.decoder.frame(&samples),
            None => Err("it is in a buffer that is not there".to_owned()),
        };
        let stamp = filled.stamp;
        self.stream.queue(filled).map_err(|e| self.fault("reading", e))?;
        match made {
            Ok(mut frame) => {
                frame.id = FrameId(self.next);
                self.next += 1;
                // A stamp may be the end of the exposure by plan, a little ahead.
                frame.time = FrameTime(stamp.map_or(now, |stamp| stamp.min(now)));
                Ok(Captured::Frame(frame))
            }
            Err(what) => Ok(Captured::Bad(what)),
        }
    }

    fn skipped(&self) -> u64 {
        self.skipped
    }
}
