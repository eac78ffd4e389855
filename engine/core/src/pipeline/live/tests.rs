use super::*;
use crate::badge::read;
use crate::frame::{Colour, Frame, FrameTime, PixelFormat};
use crate::pipeline::tests::{green, sized_face};
use crate::pipeline::{FaceTracker, Why};
use crate::sink::{Memory, memory};
use crate::source::camera::{Camera, Captured, StreamInfo};
use crate::timing::now;
use crate::track::{Face, TrackError};
use crossbeam_channel::{Receiver, Sender, bounded};
use glam::Vec2;
use std::sync::Mutex;
use std::time::Instant;

/// Nothing here should take so long; waits end with a panic then.
const LONG: Duration = Duration::from_secs(60);

/// A camera that gives what the test sends, and ends with the message it is sent.
struct Script {
    from: Receiver<Result<Frame, String>>,
    pool: Pool,
}

impl Camera for Script {
    fn info(&self) -> StreamInfo {
        let name = "scripted camera".to_owned();
        StreamInfo { name, mode: "320x180 test".to_owned(), width: 320, height: 180, fps: 30.0 }
    }

    fn next(&mut self, limit: Duration) -> Result<Captured> {
        match self.from.recv_timeout(limit) {
            Ok(Ok(frame)) => Ok(Captured::Frame(frame.clone_into(&self.pool))),
            Ok(Err(what)) if what == "panic" => std::panic::panic_any("planned: the camera panics"),
            Ok(Err(what)) if what == "bad" => Ok(Captured::Bad(what)),
            Ok(Err(what)) => Err(Error::new(ErrorKind::Missing, Stage::Source, what)),
            Err(_) => Ok(Captured::Late),
        }
    }
}

/// Finds the face where it always is; panics and fails as it is told.
struct Fixed(Arc<Mutex<Option<&'static str>>>);

impl FaceTracker for Fixed {
    fn track(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        let told = self.0.lock().unwrap().take_if(|told| !told.starts_with("later "));
        match told {
            Some("panic") => std::panic::panic_any("planned: the network panics"),
            Some(_) => Err(TrackError::Config { name: "x", value: "1".into(), range: "2" }),
            None => {
                let middle = Vec2::new(frame.width() as f32, frame.height() as f32) * 0.5;
                Ok(vec![sized_face(1, middle, 60.0)])
            }
        }
    }

    fn run_deferred_detection(&mut self) -> Result<(), TrackError> {
        let told = self.0.lock().unwrap().take_if(|told| told.starts_with("later "));
        match told {
            Some("later panic") => std::panic::panic_any("planned: the later look panics"),
            Some(_) => Err(TrackError::Config { name: "later", value: "1".into(), range: "2" }),
            None => Ok(()),
        }
    }
}

struct Rig {
    live: LiveSession,
    feed: Sender<Result<Frame, String>>,
    follow: Arc<Mutex<Option<&'static str>>>,
    made: Arc<Mutex<u32>>,
    clock: Clock,
}

/// A pipeline whose time is the test's: it moves on by a picture whenever the test waits.
fn rig(privacy: Privacy) -> Rig {
    rig_by(privacy, Clock::manual(Duration::from_secs(1000)))
}

fn rig_by(privacy: Privacy, clock: Clock) -> Rig {
    let (feed, from) = bounded(64);
    let follow = Arc::new(Mutex::new(None));
    let made = Arc::new(Mutex::new(0));
    let (wanted, count) = (Arc::clone(&follow), Arc::clone(&made));
    let open: OpenCamera =
        Arc::new(move |pool| Ok(Box::new(Script { from: from.clone(), pool: pool.clone() })));
    let make: MakeTracker = Box::new(move || {
        *count.lock().unwrap() += 1;
        Ok(Box::new(Fixed(Arc::clone(&wanted))))
    });
    let settings = Settings { privacy, backend: Backend::Cpu, max_faces: 1, ..Settings::default() };
    let source = LiveSource::Camera(open);
    let config = LiveConfig { source, make_tracker: make, personas: vec![green()], settings, gpu: None };
    Rig { live: LiveSession::start_by(config, clock.clone()).unwrap(), feed, follow, made, clock }
}

fn grey(width: u32, height: u32, time: Duration) -> Frame {
    let mut f = Frame::filled(PixelFormat::I420, Colour::JPEG, width, height, [120; 3]).unwrap();
    f.time = FrameTime(time);
    f
}

/// From picture to picture.
const STEP: Duration = Duration::from_millis(33);

impl Rig {
    fn send(&self) {
        drop(self.feed.try_send(Ok(grey(320, 180, self.clock.now()))));
    }

    /// Waits until the status is as the test wants it, while the clock moves on, sending frames meanwhile if `feeding`.
    fn until(&self, what: &str, feeding: bool, good: impl Fn(&LiveStatus) -> bool) -> LiveStatus {
        let begun = Instant::now();
        loop {
            let status = self.live.status();
            if good(&status) {
                return status;
            }
            assert!(begun.elapsed() < LONG, "{what} never came: {status:?}");
            self.clock.advance(STEP);
            if feeding {
                self.send();
            }
            self.settle(&status);
        }
    }

    /// Waits until something comes out; not for long, since nothing need.
    fn settle(&self, before: &LiveStatus) {
        let sent = |status: &LiveStatus| status.shown.iter().sum::<u64>();
        for _ in 0..100 {
            if sent(&self.live.status()) > sent(before) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
}

fn last(memory: &Memory) -> Option<Frame> {
    memory.take().pop()
}

#[test]
fn a_face_goes_live_a_pause_is_the_card_and_a_stop_leaves_it() {
    let rig = rig(Privacy::Protect);
    let (sink, shown) = memory();
    let id = rig.live.attach("memory", sink).unwrap();
    let status = rig.until("live", true, |s| s.state == State::Live && s.frames > 10);
    assert_eq!((status.faces, status.faults, status.source.width), (1, 0, 320));
    assert!(status.latency.count > 3 && status.latency.p50 < 5000.0, "{:?}", status.latency);
    rig.live.pause(true);
    let paused = rig.until("the card", true, |s| s.state == State::Card);
    assert_eq!(paused.reason.as_deref(), Some("paused"));
    rig.live.pause(false);
    rig.until("live again", true, |s| s.state == State::Live);
    assert!(shown.take().iter().all(|f| read(f).is_some()), "a frame without badge");
    let sent = rig.live.status().sinks[0].sent;
    assert!(sent > 5 && rig.live.status().sinks[0].id == id, "{sent}");
    let end = rig.live.stop();
    assert_eq!(end.state, State::Stopped);
    // The last picture is the card: one colour where the face was.
    let card = last(&shown).unwrap();
    let row = &card.plane(0)[20 * card.width() as usize..][20..120];
    assert!(row.iter().all(|v| *v == row[0]), "{row:?}");
}

#[test]
fn a_stalled_camera_is_held_and_then_the_card_and_sinks_go_on() {
    let rig = rig(Privacy::Protect);
    let (sink, shown) = memory();
    rig.live.attach("memory", sink).unwrap();
    rig.until("live", true, |s| s.state == State::Live && s.frames > 5);
    let card = rig.until("the card", false, |s| s.state == State::Card);
    assert!(card.reason.is_some());
    let count = |s: &LiveStatus| s.sinks[0].sent;
    let before = count(&rig.live.status());
    rig.until("frames while stalled", false, |s| count(s) > before + 5);
    assert!(last(&shown).is_some());
    rig.until("live again", true, |s| s.state == State::Live);
}

#[test]
fn a_camera_that_goes_is_named_and_opened_again() {
    let rig = rig(Privacy::Protect);
    rig.until("live", true, |s| s.state == State::Live);
    rig.feed.send(Err("the camera was unplugged".into())).unwrap();
    let gone = rig.until("the reason", false, |s| {
        s.state == State::Card && s.reason.as_deref() == Some("the camera was unplugged")
    });
    assert_eq!(gone.last_fault.as_deref(), Some("the camera was unplugged"));
    let back = rig.until("live again", true, |s| s.state == State::Live);
    assert_eq!(back.source.fault, None);
}

#[test]
fn every_thread_survives_its_panics() {
    let rig = rig(Privacy::Protect);
    rig.live.watch("bad viewer", Box::new(|_| std::panic::panic_any("planned: the viewer panics"))).unwrap();
    let (sink, _shown) = memory();
    rig.live.attach("memory", sink).unwrap();
    rig.until("live", true, |s| s.state == State::Live);
    *rig.follow.lock().unwrap() = Some("panic");
    rig.until("a new tracker", true, |_| *rig.made.lock().unwrap() == 2);
    rig.until("live after the tracker's panic", true, |s| s.state == State::Live);
    *rig.follow.lock().unwrap() = Some("fail");
    rig.until("the failure is counted", true, |s| s.faults >= 2);
    rig.until("live after the network's failure", true, |s| s.state == State::Live);
    *rig.follow.lock().unwrap() = Some("later panic");
    rig.until("a third tracker", true, |_| *rig.made.lock().unwrap() == 3);
    *rig.follow.lock().unwrap() = Some("later fail");
    let later = |s: &LiveStatus| s.last_fault.as_ref().is_some_and(|f| f.contains("later"));
    rig.until("the later failure is told", true, later);
    rig.until("live after the later looks", true, |s| s.state == State::Live);
    rig.feed.send(Err("panic".into())).unwrap();
    rig.feed.send(Err("bad".into())).unwrap();
    let status =
        rig.until("live after the camera's panic", true, |s| s.state == State::Live && s.faults >= 5);
    let by_name = |name: &str| status.sinks.iter().find(|s| s.name == name).unwrap().clone();
    assert!(by_name("bad viewer").fault.unwrap().contains("planned"), "{status:?}");
    assert_eq!(by_name("memory").fault, None);
}

#[test]
fn a_steady_run_allocates_no_more_frames() {
    let rig = rig(Privacy::Protect);
    // A sink that keeps what it gets would need ever more buffers: this one looks only.
    rig.live.watch("viewer", Box::new(|shown| assert!(shown.badged.frame().width() > 0))).unwrap();
    rig.until("warm", true, |s| s.frames >= 100);
    let later = rig.until("later", true, |s| s.frames >= 1500);
    // One in each thread's hands and in each slot, the held picture and its copy, and the card: which of
    // them meet is up to the scheduler, but never more.
    assert!(
        later.pool.created <= 11 && later.pool.out <= 11,
        "buffers are made in steady state: {:?}",
        later.pool
    );
}

#[test]
fn a_change_of_persona_is_a_fade_and_never_bare() {
    let rig = rig(Privacy::Protect);
    let (sink, shown) = memory();
    rig.live.attach("memory", sink).unwrap();
    rig.until("live", true, |s| s.state == State::Live && s.frames > 5);
    shown.take();
    rig.live.wear(vec![green()], Duration::from_millis(60));
    let now = rig.live.status().frames;
    rig.until("some frames", true, |s| s.frames > now + 20);
    // The middle is green in every picture of the change.
    for frame in shown.take() {
        let rgb = frame.to_rgb();
        let at = (90 * 320 + 160) * 3;
        assert!(rgb[at + 1] > rgb[at].saturating_add(20), "{:?}", &rgb[at..at + 3]);
    }
}

#[test]
fn another_source_starts_over_with_the_card() {
    // The actor goes by the machine's clock.
    let rig = rig_by(Privacy::Protect, Clock::default());
    rig.until("live", true, |s| s.state == State::Live);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let states = Arc::clone(&seen);
    rig.live
        .watch("viewer", Box::new(move |shown| states.lock().unwrap().push((shown.state, shown.why))))
        .unwrap();
    rig.live.set_source(LiveSource::Actor(small_actor()));
    let status = rig.until("the actor", false, |s| s.state == State::Live && s.source.name.contains("actor"));
    assert_eq!((status.source.width, status.source.height), (320, 240));
    let seen = seen.lock().unwrap().clone();
    let first_live = seen.iter().rposition(|(s, _)| *s == State::Card);
    assert!(first_live.is_some(), "no card between the sources: {seen:?}");
    assert!(seen.iter().any(|(_, why)| matches!(why, Some(Why::NoFace | Why::NoPicture))), "{seen:?}");
}

fn small_actor() -> crate::actor::ActorOptions {
    crate::actor::ActorOptions::new(3, 320, 240, Rate::new(30, 1).unwrap())
}

/// Start, stop and change things 200 times over, seeded, with faults in between.
#[test]
fn two_hundred_starts_and_changes_neither_hang_nor_leak() {
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let before = threads();
    let mut chance = fastrand::Rng::with_seed(1);
    let mut below = move |n: u64| chance.u64(..n);
    for round in 0..200 {
        let privacy = if below(2) == 0 { Privacy::Protect } else { Privacy::Relaxed };
        let rig = rig_by(privacy, Clock::default());
        let id =
            rig.live.watch("viewer", Box::new(|shown| assert!(shown.badged.frame().width() > 0))).unwrap();
        for _ in 0..below(12) {
            match below(10) {
                0 => rig.live.wear(vec![green()], Duration::from_millis(below(50))),
                1 => rig.live.set_privacy(Privacy::Protect),
                2 => rig.live.set_corner(Corner::BottomLeft),
                3 => rig.live.set_transform(FrameTransform { mirror: true, ..FrameTransform::default() }),
                4 => rig.live.pause(below(2) == 0),
                5 => rig.live.set_source(LiveSource::Actor(small_actor())),
                6 => *rig.follow.lock().unwrap() = Some("panic"),
                7 => drop(rig.feed.try_send(Err("gone".into()))),
                8 => drop(rig.live.detach(id)),
                _ => drop(rig.feed.try_send(Ok(grey(320 + 2 * below(40) as u32, 180, now())))),
            }
            drop(rig.feed.try_send(Ok(grey(320, 180, now()))));
        }
        let begun = Instant::now();
        let status = rig.live.stop();
        assert_eq!(status.state, State::Stopped);
        assert!(begun.elapsed() < LONG, "round {round}: stopping took {:?}", begun.elapsed());
        assert_eq!(status.pool.out, 0, "round {round}: a frame was not given back: {status:?}");
    }
    assert!(threads() <= before + 1, "{} threads before, {} after", before, threads());
}

/// Makes red faces, each once the test says so.
struct Slow(Receiver<()>);

impl crate::pipeline::Swap for Slow {
    fn swap(
        &mut self,
        _: &Frame,
        face: &Face,
    ) -> std::result::Result<crate::swap::neural::SwapResult, String> {
        self.0.recv().map_err(|e| e.to_string())?;
        let n = 32;
        let rgb = [0.9, 0.1, 0.1].iter().flat_map(|v| std::iter::repeat_n(*v, n * n)).collect();
        let square = crate::space::CropSquare { side: face.region.side * 2.0, ..face.region };
        Ok(crate::swap::neural::SwapResult {
            square,
            side: n as f32,
            width: n,
            height: n,
            rgb,
            mask: Vec::new(),
        })
    }
}

#[test]
fn a_slow_model_holds_nothing_up_and_comes_and_goes() {
    let rig = rig(Privacy::Protect);
    rig.until("live", true, |s| s.state == State::Live);
    assert_eq!(rig.live.status().model.state, ModelState::Off);
    let (go, wait) = bounded(64);
    let model = crate::pipeline::WornModel {
        name: "slow".to_owned(),
        swap: Box::new(Slow(wait)),
        mask: crate::swap::CutParams { eyes: 1.0, mouth: 1.0, ..crate::swap::CutParams::default() },
        side: 64,
        rate_limit: crate::pipeline::RateLimit::default(),
        until: None,
    };
    rig.live.wear_model(Some(Box::new(move || Ok(model))));
    rig.until("the model", true, |s| s.model.state == ModelState::Running);
    // It waits in its first face, and frames go on.
    let before = rig.live.status().frames;
    let on = rig.until("frames beside a model that waits", true, |s| s.frames > before + 40);
    assert_eq!((on.state, on.model.took.count), (State::Live, 0));
    go.send(()).unwrap();
    let made = rig.until("a result", true, |s| s.model.took.count == 1 && s.model.age.count > 2);
    assert_eq!(made.model.name.as_deref(), Some("slow"));
    assert_eq!(made.faults, 0, "{made:?}");
    rig.live.wear_model(Some(Box::new(|| {
        Err(Error::new(ErrorKind::Damaged, Stage::Infer, "planned: a damaged file"))
    })));
    drop(go);
    let failed = rig.until("the failure", true, |s| matches!(s.model.state, ModelState::Failed(_)));
    assert!(failed.last_fault.is_some_and(|what| what.contains("planned: a damaged file")));
    assert_eq!(failed.state, State::Live);
    rig.live.wear_model(None);
    rig.until("no model", true, |s| s.model.state == ModelState::Off && s.state == State::Live);
}

/// A camera that gives nothing to be used the first time, one good picture and bad ones the second time, and good ones from
/// then on. Each time it loses three pictures by and by.
struct Spoilt {
    opened: u32,
    given: u64,
    pool: Pool,
    clock: Clock,
}

impl Camera for Spoilt {
    fn info(&self) -> StreamInfo {
        StreamInfo {
            name: "spoilt camera".to_owned(),
            width: 320,
            height: 180,
            fps: 30.0,
            ..StreamInfo::default()
        }
    }

    fn next(&mut self, _: Duration) -> Result<Captured> {
        std::thread::park_timeout(Duration::from_millis(1));
        self.given += 1;
        let good = self.opened > 2 || (self.opened == 2 && self.given == 1);
        Ok(if good {
            Captured::Frame(grey(320, 180, self.clock.now()).clone_into(&self.pool))
        } else if self.given.is_multiple_of(3) {
            Captured::Late
        } else {
            Captured::Bad("half a picture".to_owned())
        })
    }

    fn skipped(&self) -> u64 {
        self.given.min(3)
    }

    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_millis(400))
    }
}

#[test]
fn a_camera_that_gives_only_bad_pictures_is_opened_again_and_drops_add_up() {
    let opened = Arc::new(Mutex::new(0u32));
    let count = Arc::clone(&opened);
    let clock = Clock::manual(Duration::from_secs(1000));
    let theirs = clock.clone();
    let open: OpenCamera = Arc::new(move |pool| {
        let mut opened = count.lock().unwrap();
        *opened += 1;
        let (pool, clock) = (pool.clone(), theirs.clone());
        Ok(Box::new(Spoilt { opened: *opened, given: 0, pool, clock }))
    });
    let settings = Settings { backend: Backend::Cpu, ..Settings::default() };
    let source = LiveSource::Camera(open);
    let make_tracker: MakeTracker = Box::new(|| Ok(Box::new(Fixed(Arc::default()))));
    let config = LiveConfig { source, make_tracker, personas: vec![green()], settings, gpu: None };
    let live = LiveSession::start_by(config, clock.clone()).unwrap();
    let begun = Instant::now();
    let mut last = None;
    let mut told = Vec::new();
    while *opened.lock().unwrap() < 3 || live.status().state != State::Live {
        assert!(begun.elapsed() < LONG, "never opened again: {:?}", live.status());
        let status = live.status();
        assert!(last.is_none_or(|before| before <= status.drops.camera), "drops went down: {status:?}");
        last = Some(status.drops.camera);
        told.extend(status.source.fault);
        clock.advance(Duration::from_millis(10));
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let why = "spoilt camera has given no picture that can be used (half a picture)";
    assert!(told.iter().any(|fault| fault.starts_with(why)), "{told:?}");
    std::thread::park_timeout(Duration::from_millis(100));
    let status = live.status();
    let bad = status.faults - 2;
    // Three that the driver lost, three times, and those that were bad.
    assert_eq!(status.drops.camera, bad + 9, "{status:?}");
}

/// The threads of this process that are called so.
#[cfg(target_os = "linux")]
fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .flatten()
        .filter(|task| {
            std::fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
        })
        .count()
}

#[cfg(target_os = "linux")]
#[test]
fn the_search_for_a_gpu_has_ended_when_a_pipeline_has() {
    for _ in 0..3 {
        let source = LiveSource::Actor(small_actor());
        let settings = Settings { backend: Backend::Auto, ..Settings::default() };
        let make_tracker: MakeTracker = Box::new(|| Ok(Box::new(Fixed(Arc::default()))));
        let config = LiveConfig { source, make_tracker, personas: vec![green()], settings, gpu: None };
        LiveSession::start(config).unwrap().stop();
        assert_eq!(threads("omote-gpu"), 0);
    }
}

#[test]
fn a_persona_whose_consent_has_ended_comes_off_to_the_card() {
    for privacy in [Privacy::Relaxed, Privacy::Protect] {
        let rig = rig(privacy);
        rig.until("the live picture", true, |s| s.state == State::Live);
        let ended = green().ending(Some(crate::persona::Date::from_unix(0)));
        rig.live.wear(vec![ended], FADE);
        let status = rig.until("the card", true, |s| s.state == State::Card);
        assert!(status.reason.is_some_and(|r| r.contains("consent")), "the reason is said");
        // Also when no picture comes.
        rig.until("the card", false, |s| s.state == State::Card);
        rig.live.wear(vec![green()], FADE);
        rig.until("the live picture again", true, |s| s.state == State::Live);
    }
}
