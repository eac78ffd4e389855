//! Who is who where a swap model is worn: every result that the model makes is of a face that wears a persona, and is drawn
//! on that face, whatever order the tracker lists the faces in.

use super::cast::{Casting, Rules};
use super::clock::Clock;
use super::presenter::Presenter;
use super::*;
use crate::actor::{Actor, ActorOptions};
use crate::canonical_uv::CANONICAL_UV;
use crate::composite::{Compositor, Drawn};
use crate::frame::{FrameId, FrameTime};
use crate::pool::Pool;
use crate::source::Rate;
use crate::space::{CropSquare, ImagePx, MeshPoint, Uv};
use crate::swap::neural::SwapResult;
use crate::swap::{ColourTransfer, CutParams};
use crate::track::{FaceId, Occlusion, Pose};
use glam::Vec2;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

const SIZE: (u32, u32) = (320, 180);
/// Where the streamer is, a passer-by, and somebody behind both.
const STREAMER: Vec2 = Vec2::new(70.0, 90.0);
const PASSER_BY: Vec2 = Vec2::new(240.0, 90.0);
const THIRD: Vec2 = Vec2::new(155.0, 60.0);
const TWO: [Vec2; 2] = [STREAMER, PASSER_BY];
const ALL: [Vec2; 3] = [STREAMER, PASSER_BY, THIRD];
/// The side of a face's box.
const SIDE: f32 = 72.0;
/// Landmarks on the bridge of the nose and its tip: far from the persona's edge.
const INNER: [usize; 2] = [168, 4];

const BLUE: [f32; 3] = [0.1, 0.1, 0.9];
const RED: [f32; 3] = [0.9, 0.1, 0.1];

/// A true face's mesh about the origin, its larger side 1.
fn mesh() -> &'static [MeshPoint] {
    static MESH: OnceLock<Vec<MeshPoint>> = OnceLock::new();
    MESH.get_or_init(|| {
        let options = ActorOptions { still: true, ..ActorOptions::new(3, 480, 360, Rate::DEFAULT) };
        let mut actor = Actor::with(options).unwrap();
        let points = actor.frame(0).faces.into_iter().next().unwrap().landmarks;
        let bounds = |v: fn(MeshPoint, MeshPoint) -> MeshPoint| points.iter().copied().reduce(v).unwrap();
        let (low, high) = (bounds(MeshPoint::min), bounds(MeshPoint::max));
        let side = (high - low).truncate().max_element();
        points.iter().map(|p| (p - (low + high) * 0.5) / side).collect()
    })
}

fn face(id: u64, at: Vec2) -> Face {
    let landmarks: Vec<MeshPoint> = mesh().iter().map(|p| p * SIDE + at.extend(0.0)).collect();
    let (pose, occlusion) = (Pose::fit(&landmarks).unwrap(), Occlusion::default());
    let region = CropSquare { centre: ImagePx(at), side: SIDE * 1.5, angle: 0.0 };
    Face { id: FaceId(id), score: 1.0, landmarks, region, pose, occlusion }
}

/// A persona of one colour.
fn persona(rgb: [u8; 3]) -> FaceTexture {
    let uv: Vec<Uv> = CANONICAL_UV.iter().map(|uv| Uv((*uv).into())).collect();
    let rgba = [rgb[0], rgb[1], rgb[2], 255].repeat(64 * 64);
    let mask = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
    FaceTexture::bake(&rgba, 64, &uv, ColourTransfer::Keep, mask).unwrap()
}

/// A grey picture whose real faces are discs of magenta.
fn picture(id: u64, time: Duration, real: &[Vec2]) -> Frame {
    let shade = |k: u32| -> [u8; 3] {
        let at = Vec2::new((k % SIZE.0) as f32, (k / SIZE.0) as f32);
        if real.iter().any(|place| at.distance(*place) < 14.0) { [255, 0, 255] } else { [90; 3] }
    };
    let data: Vec<u8> = (0..SIZE.0 * SIZE.1).flat_map(shade).collect();
    let mut frame = Frame::new(PixelFormat::Rgb, Colour::JPEG, SIZE.0, SIZE.1, data).unwrap();
    (frame.id, frame.time) = (FrameId(id), FrameTime(time));
    frame
}

/// The faces of each picture, by its number; the last ones stay.
#[derive(Clone)]
struct Script(Arc<Vec<Vec<Face>>>);

impl FaceTracker for Script {
    fn track(&mut self, frame: &Frame) -> std::result::Result<Vec<Face>, TrackError> {
        let at = (frame.id.0 as usize).min(self.0.len().saturating_sub(1));
        Ok(self.0.get(at).cloned().unwrap_or_default())
    }
}

/// Pictures and faces that a swap model was asked for, in order.
type Asked = Arc<Mutex<Vec<(u64, u64)>>>;

/// Gives each face the colour that `colour` says for picture and face.
struct Tinting {
    colour: fn(u64, u64) -> [f32; 3],
    asked: Asked,
}

impl Swap for Tinting {
    fn swap(&mut self, frame: &Frame, face: &Face) -> std::result::Result<SwapResult, String> {
        self.asked.lock().unwrap().push((frame.id.0, face.id.0));
        let n = 64;
        let colour = (self.colour)(frame.id.0, face.id.0);
        let rgb = colour.iter().flat_map(|v| std::iter::repeat_n(*v, n * n)).collect();
        let square = CropSquare { side: SIDE * 1.1, ..face.region };
        Ok(SwapResult { square, side: n as f32, width: n, height: n, rgb, mask: Vec::new() })
    }
}

fn model(colour: fn(u64, u64) -> [f32; 3]) -> (WornModel, Asked) {
    let asked = Asked::default();
    let swap = Box::new(Tinting { colour, asked: Arc::clone(&asked) });
    let mask = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
    (
        WornModel {
            name: "tinting".into(),
            swap,
            mask,
            side: 64,
            rate_limit: RateLimit::default(),
            until: None,
        },
        asked,
    )
}

fn settings(privacy: Privacy, max_faces: usize) -> Settings {
    let draw_params = DrawParams { light: 0.0, grain: 0.0, ..DrawParams::default() };
    Settings { privacy, backend: Backend::Cpu, draw_params, max_faces, ..Settings::default() }
}

fn engine(lists: &[Vec<Face>], personas: Vec<FaceTexture>, settings: Settings) -> OfflineSession {
    OfflineSession::new(Box::new(Script(Arc::new(lists.to_vec()))), personas, settings).unwrap()
}

fn greens() -> Vec<FaceTexture> {
    vec![persona([20, 200, 40])]
}

/// The mean colour of a face's inner places.
fn colour_of(frame: &Frame, face: &Face) -> [f32; 3] {
    let rgb = frame.to_rgb();
    let mut sum = [0.0; 3];
    for p in INNER.iter().filter_map(|i| face.landmarks.get(*i)) {
        let at = (p.y.round() as usize * SIZE.0 as usize + p.x.round() as usize) * 3;
        for (s, v) in sum.iter_mut().zip(&rgb[at..at + 3]) {
            *s += f32::from(*v) / INNER.len() as f32;
        }
    }
    sum
}

/// Which of red, green and blue a face has; None where none of them stands out.
fn hue(frame: &Frame, face: &Face) -> Option<usize> {
    let rgb = colour_of(frame, face);
    (0..3).find(|c| (0..3).all(|other| other == *c || rgb[*c] > rgb[other] + 40.0))
}

/// Pixels of a bare face.
fn magenta(frame: &Frame) -> usize {
    frame.to_rgb().chunks_exact(3).filter(|p| p[0] > 235 && p[1] < 25 && p[2] > 235).count()
}

/// The picture in which the streamer is found again.
const BACK: u64 = 10;

/// Ways in which the streamer, whose face comes first, is lost and found again beside a passer-by: what the tracker lists
/// in each picture.
fn losses() -> Vec<(&'static str, Vec<Vec<Face>>)> {
    let (streamer, passer_by) = (face(1, STREAMER), face(2, PASSER_BY));
    let both = vec![streamer.clone(), passer_by.clone()];
    let turned = vec![passer_by.clone(), streamer];
    let renamed = vec![passer_by.clone(), face(7, STREAMER)];
    let way =
        |lost: Vec<Face>, after: Vec<Face>| [vec![both.clone(); 6], vec![lost; 4], vec![after]].concat();
    vec![
        ("lost and found again", way(vec![passer_by.clone()], turned.clone())),
        ("found again by another number", way(vec![passer_by], renamed)),
        ("never lost, and listed last", way(turned.clone(), turned)),
    ]
}

/// Blue before the streamer was lost, red since.
fn by_time(frame: u64, _: u64) -> [f32; 3] {
    if frame < BACK { BLUE } else { RED }
}

const IS_STREAMER: fn(&(u64, u64)) -> bool = |(_, face)| matches!(face, 1 | 7);

#[test]
fn the_model_works_on_the_streamer_s_face_and_never_on_a_passer_by_s() {
    for (name, lists) in losses() {
        for lag in [Lag::None, Lag::Live(Duration::from_millis(60))] {
            let (model, asked) = model(by_time);
            let mut engine = engine(&lists, greens(), settings(Privacy::Protect, 1));
            engine.wear_model(model, lag);
            for k in 0..BACK + 14 {
                let output = engine.process(picture(k, Duration::from_millis(k * 33), &TWO)).unwrap();
                let shown = output.badged.frame();
                assert_eq!(magenta(shown), 0, "{name}, {lag:?}, picture {k}: a bare face");
                if k < BACK + 8 {
                    continue;
                }
                assert_eq!(output.state, State::Live, "{name}, {lag:?}, picture {k}");
                let hues = [STREAMER, PASSER_BY].map(|at| hue(shown, &face(0, at)));
                assert_eq!(
                    hues,
                    [Some(0), None],
                    "{name}, {lag:?}, picture {k}: the newest result, and covered"
                );
            }
            let asked = asked.lock().unwrap();
            assert!(asked.iter().all(IS_STREAMER), "{name}, {lag:?}: the model worked on {asked:?}");
            assert!(asked.iter().any(|(frame, _)| *frame >= BACK), "{name}, {lag:?}: {asked:?}");
        }
    }
}

/// Pictures given one by one to a live pipeline, each shown before the next comes. The clock is the test's.
struct Fed {
    live: LiveSession,
    frames: HostFrames,
    clock: Clock,
    next: u64,
    shown: Arc<Mutex<Option<Arc<Shown>>>>,
}

impl Fed {
    fn new(lists: Vec<Vec<Face>>, settings: Settings) -> Self {
        let (frames, source) = host("test");
        let make_tracker: MakeTracker =
            Box::new(move || Ok(Box::new(Script(Arc::new(lists.clone()))) as Box<dyn FaceTracker>));
        let config = LiveConfig { source, make_tracker, personas: greens(), settings, gpu: None };
        let clock = Clock::manual(Duration::from_secs(1000));
        let live = LiveSession::start_by(config, clock.clone()).unwrap();
        let shown = Arc::new(Mutex::new(None));
        let newest = Arc::clone(&shown);
        let see = move |shown: &Arc<Shown>| {
            if !shown.stamps.captured.is_zero() {
                *newest.lock().unwrap() = Some(Arc::clone(shown));
            }
        };
        live.watch("test", Box::new(see)).unwrap();
        Self { live, frames, clock, next: 0, shown }
    }

    fn until(&self, what: &str, done: impl Fn(&LiveStatus) -> bool) {
        let begun = Instant::now();
        while !done(&self.live.status()) {
            let late = begun.elapsed() > Duration::from_secs(60);
            assert!(!late, "{what} never came: {:?}", self.live.status());
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Gives picture `id`, and waits until it, or what is shown in its place, is out.
    fn send(&mut self, id: u64) {
        self.next += 1;
        self.clock.advance(Duration::from_millis(33));
        self.frames.put(picture(id, self.clock.now(), &TWO));
        let next = self.next;
        self.until("the picture", |s| s.frames == next);
    }
}

#[test]
fn live_the_model_works_on_the_streamer_s_face_and_never_on_a_passer_by_s() {
    for (name, lists) in losses() {
        let (model, asked) = model(by_time);
        let mut fed = Fed::new(lists, settings(Privacy::Protect, 1));
        fed.live.wear_model(Some(Box::new(move || Ok(model))));
        fed.until("the model", |s| s.model.state == ModelState::Running);
        for k in 0..BACK {
            fed.send(k);
        }
        let worked = |asked: &Asked| asked.lock().unwrap().iter().filter(|(frame, _)| *frame >= BACK).count();
        let red = |fed: &Fed| {
            let shown = fed.shown.lock().unwrap().clone();
            shown.is_some_and(|shown| hue(shown.badged.frame(), &face(0, STREAMER)) == Some(0))
        };
        let mut sent = 0;
        while sent < 150 && (worked(&asked) < 3 || !red(&fed)) {
            fed.send(BACK);
            sent += 1;
        }
        let asked = asked.lock().unwrap();
        assert!(asked.iter().all(IS_STREAMER), "{name}: the model worked on {asked:?}");
        assert!(red(&fed), "{name}: its results are not drawn on the streamer");
        let shown = fed.shown.lock().unwrap().clone().unwrap();
        assert_eq!(hue(shown.badged.frame(), &face(0, PASSER_BY)), None, "{name}: the passer-by is covered");
        assert_eq!(magenta(shown.badged.frame()), 0, "{name}: a bare face");
    }
}

#[test]
fn with_two_personas_the_model_works_on_both_and_each_gets_its_own_result() {
    let [a, b, c] = [(1, STREAMER), (2, PASSER_BY), (3, THIRD)].map(|(id, at)| face(id, at));
    let orders = [[&a, &b, &c], [&c, &b, &a], [&c, &a, &b]].map(|order| order.map(Clone::clone).to_vec());
    let lists: Vec<Vec<Face>> =
        [vec![orders[0].clone()], (0..20).map(|k| orders[k % 3].clone()).collect()].concat();
    let (model, asked) = model(|_, face| if face == 1 { BLUE } else { RED });
    let two = [[20, 200, 40], [200, 200, 40]].map(persona).to_vec();
    let mut engine = engine(&lists, two, settings(Privacy::Protect, 2));
    engine.wear_model(model, Lag::None);
    for k in 0..lists.len() as u64 {
        let output = engine.process(picture(k, Duration::from_millis(k * 33), &ALL)).unwrap();
        assert_eq!(magenta(output.badged.frame()), 0, "picture {k}: a bare face");
        if k >= 2 {
            assert_eq!(output.state, State::Live, "picture {k}");
            let hues = [&a, &b, &c].map(|face| hue(output.badged.frame(), face));
            assert_eq!(hues, [Some(2), Some(0), None], "picture {k}");
        }
        let mut faces: Vec<u64> = asked.lock().unwrap().drain(..).map(|(_, face)| face).collect();
        faces.sort_unstable();
        assert_eq!(faces, [1, 2], "picture {k}");
    }
}

#[test]
fn a_time_that_stands_still_keeps_no_face_and_no_result_for_ever() {
    // All pictures bear one time. Both faces are there for 8 of them, then only the passer-by.
    let both = vec![face(1, STREAMER), face(2, PASSER_BY)];
    let lists = [vec![both; 8], vec![vec![face(2, PASSER_BY)]]].concat();
    let (model, asked) = model(|_, _| BLUE);
    let mut engine = engine(&lists, greens(), settings(Privacy::Protect, 1));
    engine.wear_model(model, Lag::Live(Duration::from_millis(90)));
    let mut states = Vec::new();
    for k in 0..90 {
        let output = engine.process(picture(k, Duration::from_secs(5), &TWO)).unwrap();
        assert_eq!(magenta(output.badged.frame()), 0, "picture {k}: a bare face");
        states.push(output.state);
        if k == 7 {
            assert_eq!(
                hue(output.badged.frame(), &face(1, STREAMER)),
                Some(2),
                "the model's result is there in time"
            );
        }
    }
    assert_eq!(states[2..8], [State::Live; 6]);
    assert_eq!(states[8..15], [State::Hold; 7], "{states:?}");
    assert_eq!(states[16..66], [State::Pixelate; 50], "{states:?}");
    // The streamer is no longer waited for, and the passer-by is who is worn from now on.
    assert_eq!(states[75..], [State::Live; 15], "{states:?}");
    assert!(asked.lock().unwrap().iter().any(|(frame, face)| *frame < 8 && *face == 1));
    let others: Vec<_> = asked.lock().unwrap().iter().filter(|(_, face)| *face == 2).copied().collect();
    assert!(others.iter().all(|(frame, _)| *frame > 66), "{others:?}");
}

/// How drawing goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    /// It says that it failed.
    Fails,
    Panics,
    /// It says that all is well, and has drawn nothing.
    Silent,
}

/// Has drawing go wrong at the second face of picture 5.
fn interfere(engine: &mut OfflineSession, how: Wrong) {
    let mut drawn = 0;
    let answer = move |frame: &Frame| {
        drawn += usize::from(frame.id.0 == 5);
        match (frame.id.0, drawn, how) {
            (5, 2, Wrong::Fails) => {
                Some(Err(Error::new(ErrorKind::Backend, Stage::Gpu, "planned: the GPU is lost")))
            }
            (5, 2, Wrong::Panics) => std::panic::panic_any("planned: drawing panics"),
            (5, 2, Wrong::Silent) => Some(Ok(Drawn { region: frame.bounds(), covered: 0.0, flat: false })),
            _ => None,
        }
    };
    engine.core.render.presenter.draw_with(Compositor::cpu());
    engine.core.render.presenter.interference = Some(Box::new(answer));
}

#[test]
fn an_error_in_the_middle_of_a_picture_s_faces_lets_nothing_of_it_out() {
    let all = vec![face(1, STREAMER), face(2, PASSER_BY), face(3, THIRD)];
    for privacy in [Privacy::Protect, Privacy::Relaxed] {
        for how in [Wrong::Fails, Wrong::Panics, Wrong::Silent] {
            let mut engine = engine(std::slice::from_ref(&all), greens(), settings(privacy, 3));
            interfere(&mut engine, how);
            for k in 0..12 {
                let output = engine.process(picture(k, Duration::from_millis(k * 33), &ALL)).unwrap();
                let (state, bare) = (output.state, magenta(output.badged.frame()));
                let what = format!("{privacy:?}, {how:?}, picture {k}: {state:?}");
                // Nobody asks without `protect` whether a face was really drawn.
                let unasked = k == 5 && (privacy, how) == (Privacy::Relaxed, Wrong::Silent);
                assert_eq!(bare == 0, !unasked, "{what}: {bare} bare pixels");
                // A GPU that says so is left for the CPU at once; all else is the picture before, and with `protect` until
                // three are good.
                let held = match (privacy, how) {
                    (_, Wrong::Fails) | (Privacy::Relaxed, Wrong::Silent) => 5..5,
                    (Privacy::Relaxed, _) => 5..6,
                    (Privacy::Protect, _) => 5..8,
                };
                let starting = privacy == Privacy::Protect && k < 2;
                let expected = match held.contains(&k) {
                    true => State::Hold,
                    false if starting => State::Starting,
                    false => State::Live,
                };
                assert_eq!(state, expected, "{what}");
                if !unasked && !starting {
                    let hues =
                        [STREAMER, PASSER_BY, THIRD].map(|at| hue(output.badged.frame(), &face(0, at)));
                    assert_eq!(hues, [Some(1); 3], "{what}: all or nothing");
                }
            }
            assert_eq!(
                engine.faults(),
                u64::from((privacy, how) != (Privacy::Relaxed, Wrong::Silent)),
                "{privacy:?} {how:?}"
            );
        }
    }
}

#[test]
fn a_picture_that_was_cast_before_protection_was_asked_for_is_not_shown() {
    let faces = [face(1, STREAMER), face(2, PASSER_BY)];
    let size = Vec2::new(SIZE.0 as f32, SIZE.1 as f32);
    let wanted = settings(Privacy::Protect, 1);
    let mut presenter = Presenter::new(greens(), wanted, Compositor::cpu(), Pool::new());
    let mut casting = Casting::default();
    for k in 0..8 {
        let now = FrameTime(Duration::from_millis(k * 33));
        let cast = casting.cast(&faces, now, size, Rules { protect: k >= 4, listed: 1 });
        let presented = presenter.present(picture(k, now.0, &TWO), now, Ok(&cast)).unwrap();
        // The third that is good by the rules that were asked for.
        assert_eq!(presented.state, if k < 6 { State::Starting } else { State::Live }, "picture {k}");
    }
}
