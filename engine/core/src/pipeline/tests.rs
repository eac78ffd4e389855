use super::calendar::Calendar;
use super::*;
use crate::badge::read;
use crate::frame::FrameTime;
use crate::frame::{Colour, FrameId, PixelFormat};
use crate::persona::Date;
use crate::space::{CropSquare, ImagePx, Uv};
use crate::swap::{ColourTransfer, CutParams};
use crate::topology::{OVAL, POINTS};
use crate::track::{FaceId, Occlusion, Pose};
use glam::Vec2;
use glam::{Quat, Vec3};
use std::time::Duration;

/// A tracker that says what the test's script says; `None` is a network that fails.
struct Script(std::vec::IntoIter<Option<Vec<Face>>>);

impl FaceTracker for Script {
    fn track(&mut self, _: &Frame) -> Result<Vec<Face>, TrackError> {
        self.0.next().flatten().ok_or(TrackError::Config { name: "x", value: "1".into(), range: "2" })
    }
}

fn round(at: Vec2, side: f32) -> Vec<Vec3> {
    let mut p: Vec<Vec3> = (0..POINTS)
        .map(|i| {
            let r = (i as f32 / POINTS as f32).sqrt() * 0.4;
            (at + Vec2::from_angle(i as f32 * 2.4) * r * side).extend(r * side * 0.3)
        })
        .collect();
    for (k, i) in OVAL.iter().enumerate() {
        let a = Vec2::from_angle(k as f32 / 36.0 * std::f32::consts::TAU);
        p[*i as usize] = (at + a * 0.45 * side).extend(0.15 * side);
    }
    p
}

pub(super) fn green() -> FaceTexture {
    let uv: Vec<Uv> = round(Vec2::splat(0.5), 1.0).iter().map(|p| Uv(p.truncate())).collect();
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

const SIZE: (u32, u32) = (320, 180);
const FACE: Vec2 = Vec2::new(140.0, 110.0);

fn face(id: u64, at: Vec2) -> Face {
    sized_face(id, at, 100.0)
}

/// A face whose points lie within `side` × 0.45 of `at`.
pub(super) fn sized_face(id: u64, at: Vec2, side: f32) -> Face {
    let region = CropSquare { centre: ImagePx(at), side: side * 1.5, angle: 0.0 };
    let pose = Pose { rotation: Quat::IDENTITY, scale: side * 0.4, origin: at.extend(0.0) };
    let landmarks = round(at, side);
    Face { id: FaceId(id), score: 1.0, landmarks, region, pose, occlusion: Occlusion::default() }
}

/// A grey picture whose "real face" is a disk of magenta and black stripes, one pixel wide: neither a blend
/// nor a block's mean shows pure magenta.
fn picture(i: u64, faces: &[Vec2]) -> Frame {
    let mut data = vec![90u8; (SIZE.0 * SIZE.1 * 3) as usize];
    for (k, px) in data.chunks_exact_mut(3).enumerate() {
        let p = Vec2::new((k as u32 % SIZE.0) as f32, (k as u32 / SIZE.0) as f32);
        if faces.iter().any(|f| p.distance(*f) < 38.0) {
            px.copy_from_slice(if k % 2 == 0 { &[255, 0, 255] } else { &[0, 0, 0] });
        }
    }
    let mut f = Frame::new(PixelFormat::Rgb, Colour::JPEG, SIZE.0, SIZE.1, data).unwrap();
    (f.id, f.time) = (FrameId(i), FrameTime(Duration::from_millis(i * 33)));
    f
}

/// Pixels of bare magenta.
fn magenta(output: &Output) -> usize {
    let rgb = output.badged.frame().to_rgb();
    rgb.chunks_exact(3).filter(|p| p[0] > 235 && p[1] < 25 && p[2] > 235).count()
}

/// Runs a script over pictures that always hold the magenta faces.
fn run(privacy: Privacy, script: Vec<Option<Vec<Face>>>, real: &[Vec2]) -> Vec<Output> {
    let settings = Settings { privacy, backend: Backend::Cpu, max_faces: 1, ..Settings::default() };
    let n = script.len() as u64;
    let mut engine =
        OfflineSession::new(Box::new(Script(script.into_iter())), vec![green()], settings).unwrap();
    let outputs: Vec<_> = (0..n).map(|i| engine.process(picture(i, real)).unwrap()).collect();
    for (i, o) in outputs.iter().enumerate() {
        assert!(read(o.badged.frame()).is_some(), "frame {i} has no badge");
        assert_eq!(o.badged.frame().id, FrameId(i as u64));
    }
    outputs
}

/// Frames of the middle of the persona count as swapped when green wins.
fn green_at(output: &Output, at: Vec2) -> bool {
    let rgb = output.badged.frame().to_rgb();
    let i = (at.y as usize * SIZE.0 as usize + at.x as usize) * 3;
    i32::from(rgb[i + 1]) > i32::from(rgb[i]) + 20 && i32::from(rgb[i + 1]) > i32::from(rgb[i + 2]) + 20
}

#[test]
fn a_lost_face_is_held_on_the_current_frame_then_pixelated_then_let_go() {
    let mut script = vec![Some(vec![face(1, FACE)]); 3];
    script.extend(vec![Some(vec![]); 70]);
    let out = run(Privacy::Relaxed, script, &[FACE]);
    for (i, o) in out.iter().enumerate() {
        let since_lost = i as i64 * 33 - 2 * 33;
        let expected = match since_lost {
            ..=0 => State::Live,
            1..=250 => State::Hold,
            251..=2000 => State::Pixelate,
            _ => State::Live,
        };
        assert_eq!(o.state, expected, "frame {i}");
        if expected == State::Hold || since_lost <= 0 {
            assert!(green_at(o, FACE), "frame {i}");
        }
        assert_eq!(magenta(o) < 600, expected != State::Live || since_lost <= 0, "frame {i}: {}", magenta(o));
    }
}

#[test]
fn protect_shows_no_camera_pixel_of_an_uncovered_face() {
    let found = Some(vec![face(1, FACE)]);
    let mut script = vec![Some(vec![]); 4];
    script.extend(vec![found.clone(); 6]);
    script.extend(vec![Some(vec![]); 70]);
    script.extend(vec![found.clone(); 2]);
    script.extend(vec![Some(vec![]); 2]);
    script.extend(vec![found; 6]);
    let mut states = Vec::new();
    for (i, o) in run(Privacy::Protect, script, &[FACE]).iter().enumerate() {
        // Where the persona's weight fades out, magenta mixes with green; bare magenta is only its rim.
        assert!(magenta(o) < 600, "frame {i}: {} bare pixels, {:?}", magenta(o), o.state);
        states.push(o.state);
    }
    assert_eq!(states[..6], [State::Starting; 6]);
    assert_eq!(states[6..10], [State::Live; 4]);
    assert_eq!(states[10..17], [State::Hold; 7]);
    assert!(states[18..69].iter().all(|s| *s == State::Pixelate), "{:?}", &states[18..69]);
    assert!(states[71..86].iter().all(|s| *s == State::Card), "{:?}", &states[71..86]);
    assert_eq!(states[86..], [State::Live; 4]);
}

#[test]
fn a_failing_network_shows_the_card_at_any_level() {
    for privacy in [Privacy::Relaxed, Privacy::Protect] {
        let script = vec![None, None, None];
        for o in run(privacy, script, &[FACE]) {
            assert_eq!((o.state, o.why, magenta(&o)), (State::Starting, Some(Why::Fault), 0));
        }
    }
}

#[test]
fn a_second_face_is_pixelated_in_protect() {
    let other = Vec2::new(262.0, 120.0);
    let both = Some(vec![face(1, FACE), face(2, other)]);
    let out = run(Privacy::Protect, vec![both; 6], &[FACE, other]);
    let last = out.last().unwrap();
    assert!(green_at(last, FACE) && !green_at(last, other));
    assert!(magenta(last) < 600, "{}", magenta(last));
}

#[test]
fn a_size_that_changes_on_the_way_is_followed() {
    let settings = Settings { backend: Backend::Cpu, privacy: Privacy::Protect, ..Settings::default() };
    let script = vec![Some(vec![face(1, FACE)]); 8];
    let mut engine =
        OfflineSession::new(Box::new(Script(script.into_iter())), vec![green()], settings).unwrap();
    for (i, size) in [(320, 180), (640, 360), (161, 121), (320, 180)].into_iter().cycle().take(8).enumerate()
    {
        let mut f = Frame::filled(PixelFormat::I420, Colour::JPEG, size.0, size.1, [120; 3]).unwrap();
        f.time = FrameTime(Duration::from_millis(i as u64 * 33));
        let o = engine.process(f).unwrap();
        assert_eq!((o.badged.frame().width(), o.badged.frame().height()), size);
    }
    let tiny = Frame::filled(PixelFormat::I420, Colour::JPEG, 100, 80, [120; 3]).unwrap();
    assert!(engine.process(tiny).unwrap_err().to_string().contains("160x120"));
}

#[test]
fn another_size_is_another_view_and_old_places_are_not_covered_in_it() {
    let there = Vec2::new(330.0, 220.0);
    let large = |i: u64| {
        let mut f = Frame::filled(PixelFormat::Rgb, Colour::JPEG, 480, 320, [90; 3]).unwrap();
        (f.id, f.time) = (FrameId(i), FrameTime(Duration::from_millis(i * 33)));
        f
    };
    let mut script = vec![Some(vec![face(1, FACE)]); 5];
    script.extend(vec![Some(vec![face(2, there)]); 5]);
    let settings = Settings { privacy: Privacy::Protect, backend: Backend::Cpu, ..Settings::default() };
    let mut engine =
        OfflineSession::new(Box::new(Script(script.into_iter())), vec![green()], settings).unwrap();
    let frames = (0..10).map(|i| if i < 5 { picture(i, &[FACE]) } else { large(i) });
    let out: Vec<_> = frames.map(|frame| engine.process(frame).unwrap()).collect();
    let states: Vec<_> = out.iter().map(|o| o.state).collect();
    // Trust is earned anew: the third good picture is shown.
    assert_eq!(states[4..8], [State::Live, State::Card, State::Card, State::Live], "{states:?}");
    let last = out[9].badged.frame();
    let at = (FACE.y as usize * 480 + FACE.x as usize) * 3;
    assert_eq!(last.to_rgb()[at..at + 3], large(9).to_rgb()[at..at + 3], "the old place is as it was");
}

#[test]
fn a_consent_that_ends_in_a_running_file_brings_the_card() {
    let texture = green().ending(Some(Date::from_unix(86_400)));
    let settings = Settings { backend: Backend::Cpu, ..Settings::default() };
    let script = vec![Some(vec![face(1, FACE)]); 6];
    let mut engine =
        OfflineSession::new(Box::new(Script(script.into_iter())), vec![texture], settings).unwrap();
    let mut show = |i: u64, today: fn() -> Date| {
        engine.core.render.look_at(Calendar { today, looked: None });
        engine.process(picture(i, &[FACE])).unwrap()
    };
    for i in 0..3 {
        assert_eq!(show(i, || Date::from_unix(86_400)).state, State::Live, "its last day");
    }
    for i in 3..6 {
        let output = show(i, || Date::from_unix(2 * 86_400));
        assert_eq!((output.state, output.why, magenta(&output)), (State::Card, Some(Why::Expired), 0));
        assert!(read(output.badged.frame()).is_some());
    }
}
