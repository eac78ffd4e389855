//! How a pipeline ends: in order, whoever else holds it, and with recordings that are kept.

use super::*;
use crate::actor::ActorOptions;
use crate::badge::BadgedFrame;
use crate::composite::Backend;
use crate::frame::Frame;
use crate::pipeline::FaceTracker;
use crate::pipeline::tests::{green, sized_face};
use crate::sink::memory;
use crate::track::{Face, TrackError};
use crossbeam_channel::{Receiver, Sender, bounded};
use glam::Vec2;
use std::time::Instant;

/// Nothing here should take so long; waits end with a panic then.
const LONG: Duration = Duration::from_secs(60);

/// Finds the face where it always is; waits in the first picture while somebody holds the other end.
struct Fixed(Option<Receiver<()>>);

impl FaceTracker for Fixed {
    fn track(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        if let Some(held) = self.0.take() {
            let _ = held.recv();
        }
        let middle = Vec2::new(frame.width() as f32, frame.height() as f32) * 0.5;
        Ok(vec![sized_face(1, middle, 60.0)])
    }
}

fn live(held: Option<Receiver<()>>) -> Arc<LiveSession> {
    let mut make_tracker = Some(Fixed(held));
    let settings = Settings { backend: Backend::Cpu, max_faces: 1, ..Settings::default() };
    let config = LiveConfig {
        source: LiveSource::Actor(ActorOptions::new(3, 320, 240, Rate::new(30, 1).unwrap())),
        make_tracker: Box::new(move || Ok(Box::new(make_tracker.take().unwrap_or(Fixed(None))))),
        personas: vec![green()],
        settings,
        gpu: None,
    };
    Arc::new(LiveSession::start(config).unwrap())
}

/// What a sink was asked to do, in order, by its name.
#[derive(Debug, PartialEq)]
enum Did {
    Card(&'static str),
    Finished(&'static str),
    Dropped(&'static str),
}

/// Says what is done with it, fails from a picture on, and waits before it finishes.
struct Told {
    name: &'static str,
    did: Sender<Did>,
    taken: u64,
    fails_at: u64,
    held: Option<Receiver<()>>,
    finished: bool,
}

impl Told {
    fn new(name: &'static str, did: &Sender<Did>) -> Self {
        Self { name, did: did.clone(), taken: 0, fails_at: u64::MAX, held: None, finished: false }
    }
}

impl Sink for Told {
    fn present(&mut self, badged: &BadgedFrame) -> Result<()> {
        if self.taken == self.fails_at {
            return Err(Error::new(ErrorKind::Output, Stage::Sink, "planned: the disk is full"));
        }
        self.taken += 1;
        let frame = badged.frame();
        // The card is one colour at the left edge, half way down; the actor's picture is not quite.
        let row = frame.plane(0).get(120 * 320 + 10..120 * 320 + 110).unwrap();
        if row.iter().all(|luma| *luma == row[0]) {
            self.did.send(Did::Card(self.name)).unwrap();
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Finished> {
        if let Some(held) = self.held.take() {
            let _ = held.recv();
        }
        self.finished = true;
        self.did.send(Did::Finished(self.name)).unwrap();
        Ok(Finished { path: Some("/r.mp4".into()), frames: self.taken, ..Finished::default() })
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if !self.finished {
            self.did.send(Did::Dropped(self.name)).unwrap();
        }
    }
}

fn until(live: &LiveSession, what: &str, done: impl Fn(&LiveStatus) -> bool) -> LiveStatus {
    let begun = Instant::now();
    loop {
        let status = live.status();
        if done(&status) {
            return status;
        }
        assert!(begun.elapsed() < LONG, "{what} did not come: {status:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn rate() -> Rate {
    Rate::new(30, 1).unwrap()
}

#[test]
fn the_end_comes_in_order_though_others_hold_the_pipeline() {
    let live = live(None);
    let (did, done) = bounded(4096);
    live.record("recording", Box::new(Told::new("recording", &did)), rate()).unwrap();
    live.attach("camera", Box::new(Told::new("camera", &did))).unwrap();
    until(&live, "pictures", |s| s.state == State::Live && s.sinks.iter().all(|sink| sink.sent > 5));
    let other = Arc::clone(&live);
    // What was done before the end does not count.
    while done.try_recv().is_ok() {}
    let recorded = live.end();
    let mut order: Vec<Did> = done.try_iter().collect();
    // The recording completes its file beside the others, and is waited for.
    let finished = order.iter().position(|did| *did == Did::Finished("recording")).unwrap();
    order.remove(finished);
    assert_eq!(order, [Did::Card("camera"), Did::Finished("camera")]);
    let [one] = &recorded[..] else { panic!("{recorded:?}") };
    assert_eq!((one.name.as_str(), one.finished.as_ref().unwrap().ended.is_none()), ("recording", true));
    assert_eq!(other.status().state, State::Stopped);
    // Nothing begins any more, and what was to begin is closed.
    let late = other.attach("late", Box::new(Told::new("late", &did)));
    assert!(late.unwrap_err().to_string().contains("has ended"));
    assert_eq!(done.try_iter().collect::<Vec<_>>(), [Did::Dropped("late")]);
    assert!(other.end().is_empty());
}

#[test]
fn the_end_waits_for_a_recording_that_another_thread_takes_off() {
    let live = live(None);
    let (did, done) = bounded(4096);
    let (go, held) = bounded(1);
    let mut sink = Told::new("recording", &did);
    sink.held = Some(held);
    let id = live.record("recording", Box::new(sink), rate()).unwrap();
    until(&live, "pictures", |s| s.sinks.iter().all(|sink| sink.sent > 2));
    let other = Arc::clone(&live);
    let leaving = std::thread::spawn(move || other.detach(id));
    until(&live, "the leaving", |s| s.sinks.is_empty());
    let other = Arc::clone(&live);
    let ending = std::thread::spawn(move || other.end());
    std::thread::sleep(Duration::from_millis(300));
    assert!(!ending.is_finished(), "the end did not wait");
    go.send(()).unwrap();
    assert!(ending.join().unwrap().is_empty());
    assert!(leaving.join().unwrap().unwrap().is_ok());
    assert!(done.try_iter().any(|did| did == Did::Finished("recording")));
}

#[test]
fn a_recording_that_fails_is_finished_and_told_and_a_camera_dropped() {
    let live = live(None);
    let (did, done) = bounded(4096);
    let failing = |name| {
        let mut sink = Told::new(name, &did);
        sink.fails_at = 3;
        sink
    };
    live.record("recording", Box::new(failing("recording")), rate()).unwrap();
    live.attach("camera", Box::new(failing("camera"))).unwrap();
    let (sink, _shown) = memory();
    live.attach("memory", sink).unwrap();
    let ended = until(&live, "both faults", |s| s.sinks.iter().filter(|s| s.fault.is_some()).count() == 2);
    let fault = |name: &str| ended.sinks.iter().find(|s| s.name == name).unwrap().fault.clone().unwrap();
    assert_eq!(fault("recording"), "planned: the disk is full; what was recorded until then is kept: /r.mp4");
    assert_eq!(fault("camera"), "planned: the disk is full");
    let mut did: Vec<Did> = done.try_iter().filter(|did| !matches!(did, Did::Card(_))).collect();
    did.sort_by_key(|did| format!("{did:?}"));
    assert_eq!(did, [Did::Dropped("camera"), Did::Finished("recording")]);
    // The picture goes on.
    let sent = |s: &LiveStatus| s.sinks.iter().find(|s| s.name == "memory").unwrap().sent;
    let before = sent(&ended);
    until(&live, "more pictures", |s| sent(s) > before + 5);
    let recorded = live.end();
    assert!(recorded[0].finished.as_ref().unwrap().ended.is_some());
}

#[test]
fn a_thread_that_hangs_holds_up_no_sinks_end() {
    let (go, held) = bounded(1);
    let live = live(Some(held));
    let (did, done) = bounded(4096);
    live.attach("camera", Box::new(Told::new("camera", &did))).unwrap();
    // A picture that is dropped shows that the one before is in the tracker's hands.
    let dropped = |s: &LiveStatus| s.drops.camera + s.drops.track + s.drops.render > 0;
    until(&live, "the card", |s| s.sinks[0].sent > 2 && dropped(s));
    let begun = Instant::now();
    live.end_within(Duration::from_secs(1));
    assert!(begun.elapsed() < PATIENCE);
    assert!(done.try_iter().any(|did| did == Did::Finished("camera")));
    let told = live.status().last_fault.unwrap();
    assert!(told.contains("omote-track does not end"), "{told}");
    drop(go);
}
