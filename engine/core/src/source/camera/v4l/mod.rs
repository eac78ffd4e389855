//! Cameras on Linux, by Video4Linux with mapped buffers.

mod kernel;
mod list;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::decode::Decoder;
use super::fault::Fault;
use super::mode::ranked;
use super::raw::Layout;
use super::{Camera, CameraMode, CameraRequest, Captured, Coding, StreamInfo};
use crate::error::Result;
use crate::frame::{Colour, FrameId, FrameTime, Matrix, Range};
use crate::pool::Pool;
use crate::timing;
use kernel::{Filled, Mapped, Node};

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
    let node = Node::open(path).map_err(|e| list::opening(&shown, path, e))?;
    let no_camera = |why: &str| Fault::NoCamera { camera: shown.clone(), why: why.into() };
    let about = node.about().map_err(|_| no_camera("it is no video device"))?;
    let name = about.card.clone();
    let shown = format!("{name} ({shown})");
    if !about.captures() {
        return Err(match about.is_loopback() {
            true => Fault::Idle { camera: shown }.into(),
            false => no_camera("it is no camera of a kind that Omote can use").into(),
        });
    }
    let modes = list::modes(&node, request);
    if modes.is_empty() && about.is_loopback() {
        return Err(Fault::Idle { camera: shown }.into());
    }
    let modes = ranked(&modes, request, list::narrow(path, &about));
    if modes.is_empty() {
        return Err(no_camera("it offers no picture format that Omote takes").into());
    }
    let (tried, mut last) = (modes.len().min(TRIES), String::new());
    for mode in modes.iter().take(TRIES) {
        match Stream::start(&node, mode, pool) {
            Ok((stream, mode, decoder)) => {
                log::info!("{shown}: {mode}");
                let path = path.to_owned();
                let (next, sequence, skipped) = (0, None, 0);
                return Ok(Box::new(V4l {
                    stream,
                    node,
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
                Fault::Driver { cause, .. } => {
                    log::debug!("{shown}: {mode}: {cause}");
                    last = format!("{mode}: {cause}");
                }
                fault => return Err(fault.into()),
            },
        }
    }
    Err(Fault::NoMode { camera: shown, tried, last }.into())
}

/// A camera that streams. Dropped in the order of its fields: the stream lets go before the device closes.
struct V4l {
    stream: Stream,
    node: Node,
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

/// The buffers of a running stream.
struct Stream {
    buffers: Vec<Mapped>,
}

impl Stream {
    /// Sets a mode and starts; also what the driver made of the mode.
    fn start(node: &Node, wanted: &CameraMode, pool: &Pool) -> io::Result<(Self, CameraMode, Decoder)> {
        let (mode, decoder) = set(node, wanted, pool)?;
        let mut stream = Self { buffers: Vec::new() };
        let started = stream.fill(node).and_then(|()| node.stream(true));
        match started {
            Ok(()) => Ok((stream, mode, decoder)),
            Err(error) => {
                stream.stop(node);
                Err(error)
            }
        }
    }

    fn fill(&mut self, node: &Node) -> io::Result<()> {
        let count = node.buffers(BUFFERS)?;
        for index in 0..count {
            self.buffers.push(node.map(index)?);
            node.queue(index)?;
        }
        Ok(())
    }

    /// Gives everything back. A camera that is gone can't be told so, and need not be.
    fn stop(&mut self, node: &Node) {
        let off = node.stream(false);
        self.buffers.clear();
        if let Err(error) = off.and_then(|()| node.buffers(0)) {
            log::debug!("stopping a camera: {error}");
        }
    }
}

/// Sets format and rate, in that order: the one limits the other. The rate is set even where it is the
/// present one, since some drivers start with another than they say.
fn set(node: &Node, wanted: &CameraMode, pool: &Pool) -> io::Result<(CameraMode, Decoder)> {
    let mut last = io::Error::from(io::ErrorKind::InvalidInput);
    for fourcc in wanted.coding.fourccs() {
        let format = match node.set_format(*fourcc, wanted.width, wanted.height) {
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
        let rate = match node.set_rate(wanted.rate) {
            Ok(rate) => rate.unwrap_or(wanted.rate),
            // Some drivers have one rate and nothing to set.
            Err(_) => node.rate().unwrap_or(wanted.rate),
        };
        let (mut width, mut height) = (format.width, format.height);
        let decoder = match wanted.coding {
            Coding::Mjpeg => Decoder::mjpeg((width, height), pool),
            Coding::Raw(raw) => {
                let matrix = if format.bt709 { Matrix::Bt709 } else { Matrix::Bt601 };
                let range = if format.full_range { Range::Full } else { Range::Limited };
                let colour = Colour { matrix, range };
                let layout = Layout { format: raw, width, height, stride: format.stride, colour };
                (width, height) = layout.size();
                Decoder::Raw(layout, pool.clone())
            }
        };
        return Ok((CameraMode { width, height, rate, coding: wanted.coding }, decoder));
    }
    Err(last)
}

impl V4l {
    fn fault(&self, doing: &'static str, error: io::Error) -> Fault {
        let fault = list::failing(&self.shown, &self.path, doing, error);
        // After an unplug, calls fail with whatever code comes first.
        match fault {
            Fault::Driver { .. } if self.node.about().is_err() => Fault::Gone { camera: self.shown.clone() },
            fault => fault,
        }
    }

    /// The newest filled buffer; older ones go back to the driver unread. Nothing when the time is up.
    fn newest(&self, limit: Duration) -> Result<Option<Filled>, Fault> {
        let begun = Instant::now();
        let mut newest: Option<Filled> = None;
        let mut idle = 0;
        loop {
            match self.node.dequeue().map_err(|e| self.fault("reading", e))? {
                Some(filled) => {
                    if let Some(older) = newest.replace(filled) {
                        self.node.queue(older.index).map_err(|e| self.fault("reading", e))?;
                    }
                }
                None if newest.is_some() => return Ok(newest),
                None => {
                    let left = limit.saturating_sub(begun.elapsed());
                    if left.is_zero() {
                        return Ok(None);
                    }
                    idle += u32::from(self.node.wait(left).map_err(|e| self.fault("waiting", e))?);
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
        StreamInfo::of(&self.name, &self.mode)
    }

    fn mode(&self) -> Option<CameraMode> {
        Some(self.mode)
    }

    fn next(&mut self, limit: Duration) -> Result<Captured> {
        let Some(filled) = self.newest(limit)? else { return Ok(Captured::Late) };
        let now = timing::now();
        self.count(filled.sequence);
        let buffer = self.stream.buffers.get(filled.index as usize);
        let made = match buffer {
            _ if filled.damaged => Err("the driver says that it is damaged".to_owned()),
            Some(buffer) => self.decoder.frame(buffer.bytes(filled.used as usize)),
            None => Err(format!("it is in buffer {}, which is not there", filled.index)),
        };
        self.node.queue(filled.index).map_err(|e| self.fault("reading", e))?;
        match made {
            Ok(mut frame) => {
                frame.id = FrameId(self.next);
                self.next += 1;
                // A stamp may be the end of the exposure by plan, a little ahead.
                frame.time = FrameTime(filled.stamp.map_or(now, |stamp| stamp.min(now)));
                Ok(Captured::Frame(frame))
            }
            Err(what) => Ok(Captured::Bad(what)),
        }
    }

    fn skipped(&self) -> u64 {
        self.skipped
    }
}

impl Drop for V4l {
    fn drop(&mut self) {
        self.stream.stop(&self.node);
    }
}
