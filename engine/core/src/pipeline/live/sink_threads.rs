//! Where shown frames go: a thread and a slot for each sink, so that none waits for another.

use super::metrics::{Metrics, SinkStatus, Stamps};
use super::{IDLE, See, thread};
use crate::badge::BadgedFrame;
use crate::error::{Error, ErrorKind, Result, Stage, panic_words};
use crate::pipeline::clock::Clock;
use crate::pipeline::{State, Why};
use crate::sink::{Finished, Room, Sink};
use crate::slot::{Publisher, Taken, Taker, slot};
use crate::source::Rate;
use crate::timing::Recent;
use crate::track::Face;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A frame as viewers get it, and what is known of it.
#[non_exhaustive]
#[derive(Debug)]
pub struct Shown {
    /// The picture with the badge.
    pub badged: BadgedFrame,
    /// The faces in it, in the pixels of the mirrored and rotated picture, before scaling; none in held pictures and
    /// cards.
    pub faces: Vec<Face>,
    /// What it shows.
    pub state: State,
    /// Why it is not the live picture.
    pub why: Option<Why>,
    /// When it passed where; all zero for pictures that are not the source's.
    pub stamps: Stamps,
}

/// Number of a sink within its pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SinkId(u64);

/// What became of a recording when its pipeline ended.
#[non_exhaustive]
#[derive(Debug)]
pub struct Recorded {
    /// Its number.
    pub id: SinkId,
    /// Its name.
    pub name: String,
    /// What was written, or why nothing was kept.
    pub finished: Result<Finished>,
}

/// What a sink's thread notes.
#[derive(Debug)]
struct Log {
    sent: u64,
    latency: Recent,
    fault: Option<String>,
    room: Option<Room>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It gets the card at the end, and is dropped where it fails.
    Sink,
    /// It ends before the card, and is finished where it fails: what was recorded is kept.
    Recording,
}

struct SinkThread {
    id: SinkId,
    name: String,
    kind: Kind,
    /// Nothing once it gets no more pictures.
    put: Option<Publisher<Arc<Shown>>>,
    thread: JoinHandle<Result<Finished>>,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct List {
    open: Vec<SinkThread>,
    /// Those that some thread is taking off in this moment.
    leaving: usize,
    /// None may be attached any more.
    closed: bool,
}

/// All sinks.
#[derive(Default)]
pub(super) struct SinkThreads {
    list: Mutex<List>,
    left: Condvar,
    next: AtomicU64,
    clock: Clock,
}

/// What a sink's thread does with each frame; an error ends it.
type Take = Box<dyn FnMut(&Arc<Shown>) -> Result<()> + Send>;
/// What it does at the end.
type End = Box<dyn FnOnce() -> Result<Finished> + Send>;

impl SinkThreads {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        lock(&self.list)
    }

    pub(super) fn publish(&self, shown: &Arc<Shown>) {
        for put in self.lock().open.iter().filter_map(|sink| sink.put.as_ref()) {
            put.publish(Arc::clone(shown));
        }
    }

    pub(super) fn attach(&self, name: &str, sink: Box<dyn Sink>) -> Result<SinkId> {
        let sink = Arc::new(Mutex::new(Some(sink)));
        let last = Arc::clone(&sink);
        let take: Take = Box::new(move |shown| {
            if let Some(sink) = &mut *lock(&sink) {
                sink.present(&shown.badged)?;
            }
            Ok(())
        });
        self.start(name, Kind::Sink, Log::new(), take, Box::new(move || finish(&last)))
    }

    pub(super) fn record(&self, name: &str, sink: Box<dyn Sink>, rate: Rate) -> Result<SinkId> {
        let sink = Arc::new(Mutex::new(Some(sink)));
        let last = Arc::clone(&sink);
        let log = Log::new();
        let seen = Arc::clone(&log);
        let mut pace = ConstantRate { rate, start: None, size: None, written: 0 };
        let take: Take = Box::new(move |shown| {
            if pace.start.is_none() && shown.stamps.captured.is_zero() {
                // The card from before the source's size was known.
                return Ok(());
            }
            let times = pace.times(&shown.badged)?;
            if let Some(sink) = &mut *lock(&sink) {
                for _ in 0..times {
                    sink.present(&shown.badged)?;
                }
                lock(&seen).room = sink.room();
            }
            Ok(())
        });
        self.start(name, Kind::Recording, log, take, Box::new(move || finish(&last)))
    }

    pub(super) fn watch(&self, name: &str, mut see: See) -> Result<SinkId> {
        let take: Take = Box::new(move |shown| {
            see(shown);
            Ok(())
        });
        self.start(name, Kind::Sink, Log::new(), take, Box::new(|| Ok(Finished::default())))
    }

    fn start(&self, name: &str, kind: Kind, log: Arc<Mutex<Log>>, take: Take, end: End) -> Result<SinkId> {
        let mut list = self.lock();
        if list.closed {
            let message = format!("{name} can't begin: the pipeline has ended");
            return Err(Error::new(ErrorKind::Usage, Stage::Pipeline, message));
        }
        let id = SinkId(self.next.fetch_add(1, Ordering::Relaxed));
        let (put, get) = slot();
        let (seen, words, clock) = (Arc::clone(&log), name.to_owned(), self.clock.clone());
        let thread =
            thread(&format!("omote-{name}"), move || run(&words, kind, &get, take, end, &seen, &clock))?;
        list.open.push(SinkThread { id, name: name.to_owned(), kind, put: Some(put), thread, log });
        Ok(id)
    }

    pub(super) fn detach(&self, id: SinkId) -> Option<Result<Finished>> {
        let sink = {
            let mut list = self.lock();
            let at = list.open.iter().position(|o| o.id == id)?;
            list.leaving += 1;
            list.open.remove(at)
        };
        let finished = sink.end();
        self.lock().leaving -= 1;
        self.left.notify_all();
        Some(finished)
    }

    /// No recording gets another picture: those that are there begin to complete their files.
    pub(super) fn close_recordings(&self) {
        let mut list = self.lock();
        list.open.iter_mut().filter(|o| o.kind == Kind::Recording).for_each(|o| drop(o.put.take()));
    }

    /// Ends all sinks, the recordings last, and waits also for those that another thread takes off; what became of the
    /// recordings.
    pub(super) fn close(&self, metrics: &Metrics) -> Vec<Recorded> {
        self.close_recordings();
        let (recordings, sinks): (Vec<_>, Vec<_>) = {
            let mut list = self.lock();
            list.closed = true;
            std::mem::take(&mut list.open).into_iter().partition(|o| o.kind == Kind::Recording)
        };
        let end = |sink: SinkThread| {
            let (id, name) = (sink.id, sink.name.clone());
            let finished = sink.end();
            if let Err(e) = &finished {
                metrics.fault(format!("{name}: {e}"));
            }
            Recorded { id, name, finished }
        };
        sinks.into_iter().for_each(|sink| drop(end(sink)));
        let recorded = recordings.into_iter().map(end).collect();
        let mut list = self.lock();
        while list.leaving > 0 {
            list = self.left.wait(list).unwrap_or_else(PoisonError::into_inner);
        }
        recorded
    }

    pub(super) fn status(&self) -> Vec<SinkStatus> {
        let of = |o: &SinkThread| {
            let log = lock(&o.log);
            SinkStatus {
                id: o.id,
                name: o.name.clone(),
                sent: log.sent,
                dropped: o.put.as_ref().map_or(0, |put| put.stats().displaced),
                latency: log.latency.summary(),
                fault: log.fault.clone(),
                room: log.room,
            }
        };
        self.lock().open.iter().map(of).collect()
    }
}

impl Log {
    fn new() -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { sent: 0, latency: Recent::new(300), fault: None, room: None }))
    }
}

impl SinkThread {
    /// Closes the slot and waits for the thread.
    fn end(self) -> Result<Finished> {
        drop(self.put);
        self.thread.join().unwrap_or_else(|panic| Err(broke_down(&self.name, &*panic)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broke_down(name: &str, panic: &(dyn std::any::Any + Send)) -> Error {
    let message = format!("{name} broke down: {}", panic_words(panic));
    Error::new(ErrorKind::Backend, Stage::Sink, message)
}

fn finish(sink: &Mutex<Option<Box<dyn Sink>>>) -> Result<Finished> {
    lock(sink).take().map_or_else(|| Ok(Finished::default()), Sink::finish)
}

/// A sink's thread. A sink that fails or panics is noted; the others go on.
fn run(
    name: &str,
    kind: Kind,
    from: &Taker<Arc<Shown>>,
    mut take: Take,
    end: End,
    log: &Mutex<Log>,
    clock: &Clock,
) -> Result<Finished> {
    let note = |what: String| {
        log::warn!("{name}: {what}");
        lock(log).fault = Some(what);
    };
    let broke = loop {
        let shown = match from.take(IDLE) {
            Taken::Value(shown) => shown,
            Taken::Late => continue,
            Taken::Closed => break None,
        };
        let taken = catch_unwind(AssertUnwindSafe(|| take(&shown)))
            .unwrap_or_else(|panic| Err(broke_down(name, &*panic)));
        if let Err(e) = taken {
            break Some(e);
        }
        let mut log = lock(log);
        log.sent += 1;
        if !shown.stamps.captured.is_zero() {
            let age = clock.now().saturating_sub(shown.stamps.captured);
            log.latency.add(age);
        }
    };
    drop(take);
    if let (Some(e), Kind::Sink) = (&broke, kind) {
        note(e.to_string());
        return broke.map_or_else(|| Ok(Finished::default()), Err);
    }
    let finished = catch_unwind(AssertUnwindSafe(end)).unwrap_or_else(|panic| Err(broke_down(name, &*panic)));
    let finished = finished.map(|finished| finished.ended_by(broke.map(|e| e.to_string())));
    match &finished {
        Ok(Finished { ended: Some(why), .. }) => note(why.clone()),
        Ok(_) => {}
        Err(e) => note(e.to_string()),
    }
    finished
}

/// Makes a constant rate of frames that come as they like.
struct ConstantRate {
    rate: Rate,
    start: Option<Duration>,
    size: Option<(u32, u32)>,
    written: u64,
}

/// The longest gap that is filled with repeated frames.
const LONGEST_GAP: Duration = Duration::from_secs(10);

impl ConstantRate {
    /// How often a frame is to be written so that the recording keeps its rate.
    ///
    /// # Errors
    /// Its size is another than the first one's.
    fn times(&mut self, badged: &BadgedFrame) -> Result<u64> {
        let frame = badged.frame();
        let size = (frame.width(), frame.height());
        let first = *self.size.get_or_insert(size);
        if first != size {
            let ((w, h), (width, height)) = (first, size);
            let message = format!("the picture's size changed from {w}x{h} to {width}x{height}");
            return Err(Error::new(ErrorKind::Unsupported, Stage::Sink, message));
        }
        let start = *self.start.get_or_insert(frame.time.0);
        let passed = frame.time.0.saturating_sub(start).as_secs_f64();
        let due = (passed * self.rate.per_second()).round() as u64 + 1;
        let most = (LONGEST_GAP.as_secs_f64() * self.rate.per_second()) as u64;
        let times = due.saturating_sub(self.written).min(most.max(1));
        self.written = self.written.max(due);
        Ok(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::badge::{Badger, Canvas, Corner, Disclosure};
    use crate::frame::{Colour, Frame, FrameTime, PixelFormat};

    fn at(ms: u64, width: u32) -> BadgedFrame {
        let mut f = Frame::filled(PixelFormat::I420, Colour::JPEG, width, 180, [9; 3]).unwrap();
        f.time = FrameTime(Duration::from_millis(ms));
        Badger::new(Corner::TopRight).finish(Canvas::new(f), Disclosure::Modified).unwrap()
    }

    #[test]
    fn a_recording_keeps_its_rate_whatever_comes() {
        let rate = Rate::new(30, 1).unwrap();
        let mut pace = ConstantRate { rate, start: None, size: None, written: 0 };
        let mut written = 0;
        // 20 frames a second, then 60, then a gap of half a second.
        let times = (0..20).map(|i| i * 50).chain((0..60).map(|i| 1000 + i * 50 / 3)).chain([2500]);
        for ms in times {
            written += pace.times(&at(1000 + ms, 320)).unwrap();
            let expected = (ms as f64 * 0.03).round() as u64 + 1;
            assert_eq!(written, expected, "{ms} ms");
        }
        assert!(pace.times(&at(4000, 640)).unwrap_err().to_string().contains("from 320x180 to 640x180"));
    }
}
