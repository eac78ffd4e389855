//! Cuts, single pictures and groups with the real networks: whole films through the engine.

#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(clippy::print_stdout, reason = "what is skipped must be said")]

use omote_engine::actor::{Actor, ActorOptions};
use omote_engine::badge::Corner;
use omote_engine::canonical_uv::CANONICAL_UV;
use omote_engine::composite::Backend;
use omote_engine::frame::{Colour, Frame, FrameId, FrameTime, PixelFormat};
use omote_engine::infer::{Runtime, models};
use omote_engine::pipeline::{FaceTracker, Film, OfflineSession, Output, Privacy, Reading, Settings, State};
use omote_engine::source::{self, Rate};
use omote_engine::space::Uv;
use omote_engine::swap::{ColourTransfer, CutParams, FaceTexture};
use omote_engine::track::{MOST_FACES, Selection, Tracker, TrackerConfig};
use std::path::Path;
use std::time::Duration;

fn tracker(config: TrackerConfig) -> Option<Tracker> {
    let data = models::data_dir()?;
    let runtime = Runtime::discover(models::library(&data).as_deref()).unwrap();
    let made = Tracker::new(&runtime, &models::models_dir(&data), config);
    if made.is_err() {
        println!("skipped: the face networks are not in the data folder (`omote setup`)");
    }
    made.ok()
}

fn config(max_faces: usize, selection: Selection) -> TrackerConfig {
    TrackerConfig { max_faces, selection, ..TrackerConfig::default() }
}

fn green() -> FaceTexture {
    let uv: Vec<Uv> = CANONICAL_UV.iter().map(|p| Uv((*p).into())).collect();
    let rgba: Vec<u8> = [20, 200, 40, 255].repeat(64 * 64);
    FaceTexture::bake(
        &rgba,
        64,
        &uv,
        ColourTransfer::Keep,
        CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() },
    )
    .unwrap()
}

/// What is between frames and pictures: cameras' way, or files'.
fn play(
    frames: &[Frame],
    tracking: TrackerConfig,
    privacy: Privacy,
    film: Option<Reading>,
) -> Option<Vec<Output>> {
    let (backend, corner, max_faces) = (Backend::Cpu, Corner::TopRight, tracking.max_faces);
    let mut settings = Settings::default();
    settings.privacy = privacy;
    settings.backend = backend;
    settings.corner = corner;
    settings.max_faces = max_faces;
    let mut engine = OfflineSession::new(Box::new(tracker(tracking)?), vec![green()], settings).unwrap();
    let Some(reading) = film else {
        return Some(frames.iter().map(|f| engine.process(f.clone()).unwrap()).collect());
    };
    let make = move || Ok(Box::new(tracker(tracking).unwrap()) as Box<dyn FaceTracker>);
    let mut film = Film::new(engine, reading, make);
    let mut out = Vec::new();
    for frame in frames {
        out.extend(film.push(frame.clone()).unwrap());
    }
    out.extend(film.finish().unwrap());
    Some(out)
}

const SIZE: (usize, usize) = (1280, 480);
const WINDOW: (usize, usize) = (480, 360);
const TOP: usize = 60;

/// An actor's picture on a grey ground, its left edge at `left`.
fn window(actor: &mut Actor, k: u64, left: usize) -> Frame {
    let picture = actor.frame(k).frame;
    let mut data = vec![128u8; SIZE.0 * SIZE.1 * 3];
    for (y, row) in picture.data().chunks_exact(WINDOW.0 * 3).enumerate() {
        let at = ((TOP + y) * SIZE.0 + left) * 3;
        data[at..at + row.len()].copy_from_slice(row);
    }
    Frame::new(PixelFormat::Rgb, Colour::JPEG, SIZE.0 as u32, SIZE.1 as u32, data).unwrap()
}

fn actor(seed: u64) -> Actor {
    let (w, h) = (WINDOW.0 as u32, WINDOW.1 as u32);
    Actor::with(ActorOptions { format: PixelFormat::Rgb, ..ActorOptions::new(seed, w, h, Rate::DEFAULT) })
        .unwrap()
}

/// Pictures of the actor's scenes: the seed, where the window stands, and how many; black ones where there is no seed.
fn film(scenes: &[(Option<u64>, usize, u64)]) -> Vec<Frame> {
    let mut frames = Vec::new();
    for &(seed, left, count) in scenes {
        let mut actor = seed.map(actor);
        for k in 0..count {
            let n = frames.len() as u64;
            let mut frame = match &mut actor {
                Some(actor) => window(actor, k, left),
                None => {
                    let (w, h) = (SIZE.0 as u32, SIZE.1 as u32);
                    Frame::filled(PixelFormat::Rgb, Colour::JPEG, w, h, [0; 3]).unwrap()
                }
            };
            (frame.id, frame.time) = (FrameId(n), FrameTime(Duration::from_millis(n * 33)));
            frames.push(frame);
        }
    }
    frames
}

/// Pixels that differ from the input inside a window, and outside it; the badge's corner aside.
fn changed(before: &Frame, after: &Output, left: usize) -> (usize, usize) {
    let (mut inside, mut outside) = (0, 0);
    let pixels = before.data().chunks_exact(3).zip(after.badged.frame().data().chunks_exact(3));
    for (k, (a, b)) in pixels.enumerate() {
        let (x, y) = (k % SIZE.0, k / SIZE.0);
        if a == b || y < TOP || y >= TOP + WINDOW.1 {
            continue;
        }
        let here = (left..left + WINDOW.0).contains(&x);
        *(if here { &mut inside } else { &mut outside }) += 1;
    }
    (inside, outside)
}

#[test]
fn every_picture_after_a_cut_wears_the_persona_and_nothing_of_the_scene_before() {
    let (a, b) = ((Some(1), 780), (Some(7), 20));
    let shown = |(seed, left): (Option<u64>, usize), n| (seed, left, n);
    for (name, scenes) in [
        ("a cut", vec![shown(a, 12), shown(b, 12)]),
        ("to and fro", vec![shown(a, 8), shown(b, 5), shown(a, 5), shown(b, 5), shown(a, 1), shown(b, 1)]),
        ("somebody else at the same place", vec![shown(a, 12), (Some(7), 780, 12)]),
        ("black in between", vec![shown(a, 10), (None, 0, 3), shown(b, 6), (None, 0, 1), shown(b, 6)]),
    ] {
        let frames = film(&scenes);
        let lefts: Vec<Option<usize>> = scenes
            .iter()
            .flat_map(|(seed, left, n)| std::iter::repeat_n(seed.map(|_| *left), *n as usize))
            .collect();
        for how in [None, Some(Reading::Sequence), Some(Reading::Unrelated)] {
            let Some(out) = play(&frames, config(1, Selection::Largest), Privacy::Relaxed, how) else {
                return;
            };
            for (k, ((frame, output), left)) in frames.iter().zip(&out).zip(&lefts).enumerate() {
                let (inside, outside) = changed(frame, output, left.unwrap_or(0));
                let what = format!("{name}, {how:?}, picture {k}: {inside} {outside}");
                assert_eq!(outside, 0, "{what}");
                assert_eq!(inside > 3000, left.is_some(), "{what}");
                assert_eq!(output.state, State::Live, "{what}");
            }
        }
    }
}

#[test]
fn with_protect_files_and_single_pictures_begin_without_the_card() {
    let scenes = [(Some(1), 780, 6), (Some(7), 20, 2), (Some(3), 400, 1), (Some(4), 780, 5)];
    let frames = film(&scenes);
    let protect = |frames: &[Frame], reading| {
        let out = play(frames, config(MOST_FACES, Selection::All), Privacy::Protect, Some(reading))?;
        Some(out.iter().map(|o| o.state).collect::<Vec<_>>())
    };
    let Some(states) = protect(&frames, Reading::Sequence) else { return };
    assert_eq!(states, [State::Live; 14]);
    assert_eq!(protect(&frames[..1], Reading::Unrelated).unwrap(), [State::Live]);
    assert_eq!(protect(&frames[4..10], Reading::Unrelated).unwrap(), [State::Live; 6]);
}

#[test]
fn a_group_wears_as_many_personas_as_are_asked_for() {
    let groups = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/media/groups");
    if !groups.is_dir() {
        println!("skipped: no ../shared/media/groups beside the checkout");
        return;
    }
    let Some(mut all) = tracker(config(MOST_FACES, Selection::All)) else { return };
    let mut two = tracker(config(1, Selection::Largest)).unwrap();
    let mut ids = Vec::new();
    // Nine pictures of a group in one: too small for a look at the whole.
    for name in ["group_01.jpg", "group_02.jpg", "group_03.jpg", "group_04.jpg"] {
        let picture = source::read_picture(&groups.join(name)).unwrap();
        let known = all.detect_still(&picture).unwrap().len();
        assert!(known >= 2, "{name}");
        let faces = all.track_still(&picture).unwrap();
        assert_eq!(faces.len(), known, "{name}");
        ids.extend(faces.iter().map(|f| f.id.0));
        // With one wanted, the others are known of; they are not read closely, so one may count twice.
        assert_eq!(two.track_still(&picture).unwrap().len(), 1, "{name}");
        let skipped = two.skipped().faces;
        assert!(skipped + 1 >= known && skipped <= known, "{name}: {skipped} of {known}");
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "an id is never used again");
}

#[test]
fn a_crowd_is_found_whole() {
    let Some(mut tracker) = tracker(config(MOST_FACES, Selection::All)) else { return };
    // Twenty actors in five columns and four rows.
    let (columns, rows, w, h) = (5usize, 4usize, 320usize, 240usize);
    let mut data = vec![90u8; columns * w * rows * h * 3];
    for k in 0..columns * rows {
        let options = ActorOptions::new(k as u64 + 1, w as u32, h as u32, Rate::DEFAULT);
        let mut actor = Actor::with(ActorOptions { format: PixelFormat::Rgb, ..options }).unwrap();
        let (left, top) = (k % columns * w, k / columns * h);
        for (y, row) in actor.frame(0).frame.data().chunks_exact(w * 3).enumerate() {
            let at = ((top + y) * columns * w + left) * 3;
            data[at..at + row.len()].copy_from_slice(row);
        }
    }
    let (width, height) = ((columns * w) as u32, (rows * h) as u32);
    let mut picture = Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, data).unwrap();
    let faces = tracker.track_still(&picture).unwrap();
    let places: Vec<_> = faces.iter().map(|f| f.pose.origin.truncate()).collect();
    assert_eq!(faces.len(), columns * rows, "{places:?}");
    // As a film they are followed on.
    assert_eq!(tracker.track_scene_start(&picture).unwrap().len(), columns * rows);
    for k in 1..6 {
        picture.time = FrameTime(Duration::from_millis(33 * k));
        assert_eq!(tracker.track(&picture).unwrap().len(), columns * rows, "picture {k}");
    }
    let refused = config(MOST_FACES + 1, Selection::All);
    let data = models::data_dir().unwrap();
    let runtime = Runtime::discover(models::library(&data).as_deref()).unwrap();
    let error = Tracker::new(&runtime, &models::models_dir(&data), refused).unwrap_err();
    assert!(error.to_string().contains("1 to 64"), "{error}");
}
