//! Cuts, clocks and trackers that break down, through the engine in lockstep.

use super::*;
use crate::composite::Backend;
use crate::frame::{Colour, FrameId, FrameTime, PixelFormat};
use crate::pipeline::tests::{green, sized_face};
use crate::pipeline::{OfflineSession, Output, Privacy, Settings, State};
use crate::track::TrackError;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub(in crate::pipeline) const SIZE: (u32, u32) = (320, 180);

/// The luma of a scene: soft spots of its own, so that every other scene is a cut.
fn ground(scene: u64) -> Vec<u8> {
    static KNOWN: Mutex<BTreeMap<u64, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let paint = || {
        let mut chance = fastrand::Rng::with_seed(scene);
        let mut next = || chance.f32();
        let spots: Vec<(Vec2, f32, f32)> = (0..40)
            .map(|_| {
                let middle = Vec2::new(next() * 450.0 - 65.0, next() * 250.0 - 35.0);
                let radius = 10.0 + next() * 26.0;
                (middle, radius * radius, (next() - 0.5) * 200.0)
            })
            .collect();
        let shade = |k: u32| {
            let at = Vec2::new((k % SIZE.0) as f32, (k / SIZE.0) as f32);
            let spot = |(middle, area, height): &(Vec2, f32, f32)| {
                let d = at.distance_squared(*middle) / area;
                if d < 9.0 { height * (-d).exp() } else { 0.0 }
            };
            (110.0 + spots.iter().map(spot).sum::<f32>()).clamp(20.0, 200.0) as u8
        };
        (0..SIZE.0 * SIZE.1).map(shade).collect()
    };
    KNOWN.lock().unwrap().entry(scene).or_insert_with(paint).clone()
}

/// A picture of scene `scene`.
pub(in crate::pipeline) fn picture(scene: u64, id: u64, ms: u64) -> Frame {
    let data: Vec<u8> = ground(scene).iter().flat_map(|luma| [*luma; 3]).collect();
    let mut frame = Frame::new(PixelFormat::Rgb, Colour::JPEG, SIZE.0, SIZE.1, data).unwrap();
    (frame.id, frame.time) = (FrameId(id), FrameTime(Duration::from_millis(ms)));
    frame
}

/// A picture with another's number and time.
pub(in crate::pipeline) fn stamped(mut frame: Frame, like: &Frame) -> Frame {
    (frame.id, frame.time) = (like.id, like.time);
    frame
}

/// Faces by the number of the picture; what it is told is written down. A picture without an answer is one without a face.
#[derive(Clone, Default)]
pub(in crate::pipeline) struct Script {
    pub(in crate::pipeline) faces: Arc<BTreeMap<u64, Vec<Face>>>,
    pub(in crate::pipeline) panics: Arc<Vec<u64>>,
    pub(in crate::pipeline) told: Arc<Mutex<Vec<String>>>,
}

impl Script {
    pub(in crate::pipeline) fn new(faces: impl IntoIterator<Item = (u64, Vec<Face>)>) -> Self {
        Self { faces: Arc::new(faces.into_iter().collect()), ..Self::default() }
    }

    fn note(&self, what: String) {
        self.told.lock().unwrap().push(what);
    }
}

impl FaceTracker for Script {
    fn track(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.note(frame.id.0.to_string());
        if self.panics.contains(&frame.id.0) {
            std::panic::panic_any("planned: the network panics");
        }
        Ok(self.faces.get(&frame.id.0).cloned().unwrap_or_default())
    }

    fn reset(&mut self) {
        self.note("reset".to_owned());
    }
}

pub(in crate::pipeline) fn engine(script: &Script, privacy: Privacy) -> OfflineSession {
    let settings = Settings { privacy, backend: Backend::Cpu, max_faces: 1, ..Settings::default() };
    OfflineSession::new(Box::new(script.clone()), vec![green()], settings).unwrap()
}

pub(in crate::pipeline) fn face_at(id: u64, x: f32) -> Vec<Face> {
    vec![sized_face(id, Vec2::new(x, 90.0), 80.0)]
}

/// Whether the persona's green is at a place.
pub(in crate::pipeline) fn green_at(output: &Output, x: f32) -> bool {
    let rgb = output.badged.frame().to_rgb();
    let i = (90 * SIZE.0 as usize + x as usize) * 3;
    i32::from(rgb[i + 1]) > i32::from(rgb[i]) + 15
}

fn states(outputs: &[Output]) -> Vec<State> {
    outputs.iter().map(|o| o.state).collect()
}

use State::{Card, Hold, Live, Pixelate, Starting};

#[test]
fn after_a_cut_the_new_face_is_worn_at_once_and_nothing_of_the_old_one_is_left() {
    // Scene 1 for five pictures, then 2; the face is elsewhere. The last two pictures of scene 2 have no face.
    let faces = (0..10).map(|k| {
        (
            k,
            if k < 5 {
                face_at(1, 80.0)
            } else if k < 8 {
                face_at(2, 240.0)
            } else {
                Vec::new()
            },
        )
    });
    let script = Script::new(faces);
    let mut engine = engine(&script, Privacy::Relaxed);
    let out: Vec<Output> = (0..10).map(|k| engine.process(picture(1 + k / 5, k, k * 33)).unwrap()).collect();
    assert_eq!(states(&out), [vec![Live; 8], vec![Hold; 2]].concat());
    for (k, o) in out.iter().enumerate() {
        assert_eq!((green_at(o, 80.0), green_at(o, 240.0)), (k < 5, k >= 5), "picture {k}");
        assert_eq!(o.scene, if k < 5 { 1 } else { 2 });
    }
    let told = script.told.lock().unwrap().join(" ");
    assert_eq!(told, "reset 0 1 2 3 4 reset 5 6 7 8 9");
}

#[test]
fn a_cut_to_no_face_to_black_and_back_leaves_no_ghost() {
    for black in [false, true] {
        let face = |k: &u64| matches!(k % 6, 0..3);
        let script = Script::new((0..18).filter(face).map(|k| (k, face_at(1 + k / 6, 80.0))));
        let mut engine = engine(&script, Privacy::Relaxed);
        for k in 0..18 {
            let mut frame = picture(if face(&k) { 1 } else { 2 }, k, k * 33);
            if black && !face(&k) {
                let filled = Frame::filled(PixelFormat::Rgb, Colour::JPEG, SIZE.0, SIZE.1, [0; 3]);
                frame = stamped(filled.unwrap(), &frame);
            }
            let output = engine.process(frame).unwrap();
            assert_eq!(
                (output.state, green_at(&output, 80.0)),
                (Live, face(&k)),
                "picture {k}, black: {black}"
            );
        }
    }
}

#[test]
fn with_protect_a_cut_shows_the_card_until_the_third_good_picture_and_nothing_that_was_held() {
    let script = Script::new((0..12).map(|k| (k, face_at(1 + k / 6, 80.0))));
    let mut engine = engine(&script, Privacy::Protect);
    let out: Vec<Output> = (0..12).map(|k| engine.process(picture(k / 6, k, k * 33)).unwrap()).collect();
    let expected = [Starting, Starting, Live, Live, Live, Live, Card, Card, Live, Live, Live, Live];
    assert_eq!(states(&out), expected);
}

#[test]
fn a_flash_is_no_cut_and_the_persona_stays() {
    let script = Script::new((0..8).filter(|k| *k != 4).map(|k| (k, face_at(1, 80.0))));
    let mut engine = engine(&script, Privacy::Relaxed);
    for k in 0..8 {
        let mut frame = picture(1, k, k * 33);
        if k == 4 {
            let filled = Frame::filled(PixelFormat::Rgb, Colour::JPEG, SIZE.0, SIZE.1, [250; 3]);
            frame = stamped(filled.unwrap(), &frame);
        }
        let output = engine.process(frame).unwrap();
        assert!(green_at(&output, 80.0), "picture {k}");
        assert_eq!((output.state, output.scene), (if k == 4 { Hold } else { Live }, 1));
    }
}

/// Scenes of which two fifths are the same: the picture alone does not tell them apart.
fn alike(scene: u64, k: u64) -> Frame {
    let (a, b) = (picture(5, k, k * 33), picture(scene, k, k * 33));
    let same = a.data().len() / 5 * 2;
    let data = [&a.data()[..same], &b.data()[same..]].concat();
    let frame = Frame::new(PixelFormat::Rgb, Colour::JPEG, SIZE.0, SIZE.1, data).unwrap();
    stamped(frame, &a)
}

#[test]
fn faces_that_are_all_others_tell_a_cut_between_alike_scenes() {
    for (name, faces, begins) in [
        ("another face", face_at(2, 240.0), true),
        ("the same one", face_at(1, 82.0), false),
        ("its id at another place", face_at(1, 240.0), true),
        ("none", Vec::new(), true),
    ] {
        let script = Script::new((0..8).map(|k| (k, if k < 4 { face_at(1, 80.0) } else { faces.clone() })));
        let mut engine = engine(&script, Privacy::Relaxed);
        let out: Vec<Output> =
            (0..8).map(|k| engine.process(alike(if k < 4 { 6 } else { 9 }, k)).unwrap()).collect();
        assert_eq!(out[4].scene, if begins { 2 } else { 1 }, "{name}");
        assert_eq!(out[7].scene, out[4].scene, "{name}");
        assert_eq!(green_at(&out[4], 80.0), !begins, "{name}");
    }
}

#[test]
fn a_clock_that_stands_still_or_runs_backwards_lets_a_lost_face_go() {
    for (name, time) in [
        ("true", (|k| k * 33) as fn(u64) -> u64),
        ("stands still", |_| 500),
        ("runs backwards", |k| 90_000 - k * 33),
        ("begins anew", |k| if k < 5 { 60_000 + k * 33 } else { k * 33 }),
    ] {
        for privacy in [Privacy::Relaxed, Privacy::Protect] {
            let script = Script::new((0..5).map(|k| (k, face_at(1, 80.0))));
            let mut engine = engine(&script, privacy);
            let frames = (0..75).map(|k| picture(1, k, time(k)));
            let out: Vec<Output> = frames.map(|f| engine.process(f).unwrap()).collect();
            let states = states(&out);
            let last = if privacy == Privacy::Protect { Card } else { Live };
            assert_eq!(states[5..11], [Hold; 6], "{name}: {states:?}");
            assert_eq!(states[14..60], [Pixelate; 46], "{name}: {states:?}");
            assert_eq!(states[70..], [last; 5], "{name}: {states:?}");
            assert!(!green_at(&out[74], 80.0));
            // Every picture keeps the time it came with.
            assert!(
                out.iter()
                    .enumerate()
                    .all(|(k, o)| o.badged.frame().time.0.as_millis() as u64 == time(k as u64))
            );
        }
    }
}

#[test]
fn a_tracker_that_panicked_is_not_asked_again() {
    for privacy in [Privacy::Relaxed, Privacy::Protect] {
        let mut script = Script::new((0..20).map(|k| (k, face_at(1, 80.0))));
        script.panics = Arc::new(vec![6]);
        let mut engine = engine(&script, privacy);
        let out: Vec<Output> = (0..20).map(|k| engine.process(picture(1, k, k * 33)).unwrap()).collect();
        assert_eq!(states(&out)[5..14], [vec![Live], vec![Hold; 7], vec![Card]].concat(), "{privacy:?}");
        assert_eq!(states(&out)[14..], [Card; 6]);
        assert!(engine.last_fault().unwrap().contains("the network panics"));
        assert!(
            script
                .told
                .lock()
                .unwrap()
                .iter()
                .all(|what| what == "reset" || what.parse::<u64>().unwrap() <= 6)
        );
    }
}

#[test]
fn another_tracker_takes_the_place_of_one_that_panicked() {
    let mut script = Script::new((0..200).map(|k| (k, face_at(1, 80.0))));
    script.panics = Arc::new(vec![6, 10, 11]);
    let mut engine = engine(&script, Privacy::Relaxed);
    let made = Arc::new(AtomicUsize::new(0));
    let (count, another) = (Arc::clone(&made), script.clone());
    engine.make_follow_with(Box::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(another.clone()))
    }));
    let out: Vec<Output> = (0..100).map(|k| engine.process(picture(1, k, k * 33)).unwrap()).collect();
    let states = states(&out);
    assert_eq!(states[5..12], [Live, Hold, Live, Live, Live, Hold, Hold]);
    // One that breaks down at once is not replaced at once.
    assert_eq!((states[40], states[80]), (Card, Live), "{states:?}");
    assert_eq!(made.load(Ordering::Relaxed), 3);
}
