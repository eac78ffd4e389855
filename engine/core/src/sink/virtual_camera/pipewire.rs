//! A PipeWire node that other programs see as a camera. It has a thread of its own, which sleeps while
//! nobody reads; frames reach it through a slot in which the newest wins.

mod library;

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::fault::VirtualCameraFault;
use super::pod;
use super::prepare::Prepared;
use super::session::pipewire_socket;
use super::status::{Opened, VirtualStatus};
use super::{Camera, Carrier, Outlet, SHOWN_NAME, VirtualFormat, VirtualSpec};
use crate::badge::BadgedFrame;
use crate::frame::Frame;
use crate::pool::{Bytes, Pool};
use crate::slot::{Publisher, Taken, Taker, slot};
use library::{Client, Denied, Events, State, Stream};

/// The node's name, by which programs and settings refer to it.
const NODE: &str = "omote";
/// How long PipeWire may take to make the node.
const PATIENCE: Duration = Duration::from_secs(5);

/// A frame on its way to the node's thread.
enum Picture {
    SwapResult(Bytes),
    Scaled(BadgedFrame),
}

impl Picture {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::SwapResult(bytes) => bytes,
            Self::Scaled(frame) => frame.frame().data(),
        }
    }
}

/// The engine's end of the node.
struct Node {
    frames: Publisher<Picture>,
    /// A byte wakes the thread, closing it ends the thread.
    wake: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
    lost: Arc<OnceLock<String>>,
    status: VirtualStatus,
}

/// What the thread needs.
struct Task {
    spec: VirtualSpec,
    frames: Taker<Picture>,
    wake: UnixStream,
    lost: Arc<OnceLock<String>>,
    status: VirtualStatus,
    ready: Publisher<Result<(), VirtualCameraFault>>,
}

/// Makes the node.
pub(super) fn open(spec: &VirtualSpec) -> Result<Camera, VirtualCameraFault> {
    let status = VirtualStatus::new(Opened {
        carrier: Carrier::PipeWire,
        node: NODE.into(),
        shown: SHOWN_NAME.into(),
        size: (spec.width, spec.height),
        asked: (spec.width, spec.height),
        format: spec.format,
        rate: spec.rate,
    });
    let (frames, taker) = slot();
    let (ready, answer) = slot();
    let (wake, woken) = UnixStream::pair().map_err(|cause| VirtualCameraFault::Thread { cause })?;
    for end in [&wake, &woken] {
        end.set_nonblocking(true).map_err(|cause| VirtualCameraFault::Thread { cause })?;
    }
    let lost = Arc::new(OnceLock::new());
    let task = Task {
        spec: spec.clone(),
        frames: taker,
        wake: woken,
        lost: Arc::clone(&lost),
        status: status.clone(),
        ready,
    };
    let thread = Builder::new().name("omote-pipewire".into()).spawn(move || run(task));
    let thread = Some(thread.map_err(|cause| VirtualCameraFault::Thread { cause })?);
    // Dropped on failure, it ends the thread.
    let node = Node { frames, wake: Some(wake), thread, lost, status: status.clone() };
    match answer.take(PATIENCE) {
        Taken::Value(Ok(())) => Ok((Box::new(node), status)),
        Taken::Value(Err(fault)) => Err(fault),
        Taken::Late => Err(VirtualCameraFault::Silent { seconds: PATIENCE.as_secs() }),
        Taken::Closed => Err(VirtualCameraFault::Node { cause: "its thread ended".into() }),
    }
}

impl Outlet for Node {
    fn send(&mut self, frame: Prepared<'_>, pool: &Pool) -> Result<(), VirtualCameraFault> {
        if let Some(cause) = self.lost.get() {
            return Err(VirtualCameraFault::Lost { frames: self.status.frames_sent(), cause: cause.clone() });
        }
        if self.frames.is_deserted() {
            let cause = "its thread ended".to_owned();
            return Err(VirtualCameraFault::Lost { frames: self.status.frames_sent(), cause });
        }
        self.frames.publish(match frame {
            Prepared::SwapResult(bytes) => Picture::SwapResult(bytes),
            Prepared::Scaled(frame) => Picture::Scaled(frame),
            Prepared::Own(bytes) => {
                let mut copy = pool.take(bytes.len());
                copy.copy_from_slice(bytes);
                Picture::SwapResult(copy)
            }
        });
        if let Some(mut wake) = self.wake.as_ref() {
            // A full pipe means that the thread has yet to wake: it will find the frame.
            let _ = wake.write(&[1]);
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<(), VirtualCameraFault> {
        self.wake = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            let cause = "its thread panicked".to_owned();
            return Err(VirtualCameraFault::Lost { frames: self.status.frames_sent(), cause });
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Err(fault) = self.stop() {
            log::warn!("{fault}");
        }
    }
}

/// What the callbacks of the thread share.
struct Play {
    frames: Taker<Picture>,
    /// The last frame taken, which is repeated.
    last: RefCell<Option<Picture>>,
    /// A frame has come that no reader has.
    fresh: Cell<bool>,
    streaming: Cell<bool>,
    /// A frame waits in the slot.
    woken: Cell<bool>,
    /// The thread is to end.
    ended: Cell<bool>,
    /// When the last frame is repeated, unless another comes.
    due: Cell<Instant>,
    format: VirtualFormat,
    size: (u32, u32),
    status: VirtualStatus,
}

impl Play {
    fn stride(&self) -> i32 {
        let per_pixel = match self.format {
            VirtualFormat::Yuyv => 2,
            VirtualFormat::I420 => 1,
        };
        i32::try_from(self.size.0).unwrap_or_default() * per_pixel
    }

    fn len(&self) -> usize {
        Frame::byte_len(self.format.pixels(), self.size.0, self.size.1)
    }

    /// Takes over the newest frame. Whether there is one to show, new or old.
    fn refresh(&self) -> bool {
        let mut last = self.last.borrow_mut();
        if let Some(picture) = self.frames.try_take() {
            *last = Some(picture);
            self.fresh.set(true);
        }
        last.is_some()
    }

    /// Fills a buffer of the readers, if one is free. They share its memory, so what they still read is
    /// never written to.
    fn fill(&self, stream: Stream<'_>) {
        let Some(mut buffer) = stream.buffer() else { return };
        self.refresh();
        let last = self.last.borrow();
        if buffer.fill(last.as_ref().map(Picture::bytes), self.stride()) && self.fresh.replace(false) {
            self.status.count();
        }
    }
}

/// What the session tells, turned into what the thread does.
struct Ears {
    play: Rc<Play>,
    lost: Arc<OnceLock<String>>,
    ready: Rc<Publisher<Result<(), VirtualCameraFault>>>,
    wake: UnixStream,
}

impl Ears {
    /// PipeWire is gone, or the node: the next frame is answered with this.
    fn give_up(&self, cause: String) {
        self.ready.publish(Err(VirtualCameraFault::Node { cause: cause.clone() }));
        let _ = self.lost.set(cause);
        self.play.ended.set(true);
    }
}

impl Events for Ears {
    fn failed(&self, object: u32, code: i32, message: &str) {
        match object {
            library::CORE => self.give_up(format!("{message} ({code})")),
            _ => log::warn!("PipeWire: {message} ({code}) on object {object}"),
        }
    }

    fn state(&self, state: State) {
        let streaming = state == State::Streaming;
        self.play.streaming.set(streaming);
        self.play.due.set(Instant::now());
        self.play.status.set_linked(streaming);
        match state {
            State::Paused => drop(self.ready.publish(Ok(()))),
            State::Error(cause) => self.give_up(cause),
            State::Unconnected => self.give_up("its connection or the camera was closed".into()),
            State::Connecting | State::Streaming => {}
        }
    }

    fn parameter(&self, id: u32, stream: Stream<'_>) {
        if id == library::PARAM_FORMAT {
            let size = i32::try_from(self.play.len()).unwrap_or(i32::MAX);
            if let Err(e) = stream.update(&pod::buffers(size, self.play.stride())) {
                log::warn!("PipeWire did not take the camera's buffers: {e}");
            }
        }
    }

    fn process(&self, stream: Stream<'_>) {
        self.play.fill(stream);
    }

    fn woken(&self) {
        let mut bytes = [0; 64];
        match (&self.wake).read(&mut bytes) {
            Ok(0) => self.play.ended.set(true),
            Ok(_) => self.play.woken.set(true),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => self.play.ended.set(true),
        }
    }
}

/// Whether PipeWire's client library can be loaded.
///
/// # Errors
/// The loader's words, where not.
pub(super) fn library() -> Result<(), &'static str> {
    library::load()
}

/// The thread: makes the node, then plays until it is told to end or PipeWire goes.
fn run(task: Task) {
    let Task { spec, frames, wake, lost, status, ready } = task;
    let play = Rc::new(Play {
        frames,
        last: RefCell::new(None),
        fresh: Cell::new(false),
        streaming: Cell::new(false),
        woken: Cell::new(false),
        ended: Cell::new(false),
        due: Cell::new(Instant::now()),
        format: spec.format,
        size: (spec.width, spec.height),
        status,
    });
    let ready = Rc::new(ready);
    if let Err(fault) = play_until_told(&spec, &play, wake, &lost, &ready) {
        ready.publish(Err(fault));
    }
    play.status.set_linked(false);
}

fn play_until_told(
    spec: &VirtualSpec,
    play: &Rc<Play>,
    wake: UnixStream,
    lost: &Arc<OnceLock<String>>,
    ready: &Rc<Publisher<Result<(), VirtualCameraFault>>>,
) -> Result<(), VirtualCameraFault> {
    let refused = |e: std::io::Error| VirtualCameraFault::Node { cause: e.to_string() };
    let thread = |cause| VirtualCameraFault::Thread { cause };
    let woken = wake.try_clone().map_err(thread)?;
    let ears = Ears { play: Rc::clone(play), lost: Arc::clone(lost), ready: Rc::clone(ready), wake };
    let properties = [
        ("media.type", "Video"),
        ("media.category", "Capture"),
        ("media.role", "Camera"),
        ("media.class", "Video/Source"),
        ("node.name", NODE),
        ("node.description", SHOWN_NAME),
    ];
    let client = Client::new(SHOWN_NAME, &properties, Box::new(ears)).map_err(|denied| match denied {
        Denied::Library(cause) => VirtualCameraFault::NoLibrary { cause: cause.into() },
        Denied::Session(e) => match pipewire_socket() {
            Some(path) => VirtualCameraFault::NoSession { cause: format!("{e}, by {}", path.display()) },
            None => VirtualCameraFault::NoSession { cause: "no session has its socket here".into() },
        },
        Denied::Stream(e) => refused(e),
    })?;
    client.watch(woken.as_fd()).map_err(refused)?;
    client.connect(&pod::format(spec.format, play.size, spec.rate)).map_err(refused)?;

    let period = Duration::from_secs_f64(1.0 / spec.rate.per_second().clamp(1.0, 1000.0));
    while !play.ended.get() {
        let rest = play.due.get().saturating_duration_since(Instant::now());
        client.iterate(match play.streaming.get() {
            // Counted in whole milliseconds.
            true => (rest + Duration::from_micros(999)).as_millis().try_into().unwrap_or(i32::MAX),
            false => -1,
        });
        let (now, woken) = (Instant::now(), play.woken.replace(false));
        if play.streaming.get() && (woken || now >= play.due.get()) {
            if play.refresh()
                && let Err(e) = client.stream().trigger()
            {
                log::debug!("PipeWire took no frame: {e}");
            }
            // A frame that is only a little late is waited for.
            play.due.set(now + if woken { period * 3 / 2 } else { period });
        }
    }
    Ok(())
}
