//! The built-in actor: repeatable, true to its landmarks, of any size, rate and format.

#![expect(clippy::unwrap_used, reason = "a test")]

use glam::Vec2;
use omote_files::source::{Rate, Source, SourceKind};
use omote_frame::error::ErrorKind;
use omote_frame::topology::OVAL;
use omote_frame::{FrameId, PixelFormat};
use omote_puppet::actor::{Actor, ActorFace, ActorOptions, ActorSource};
use std::collections::HashSet;

fn rate(n: u32) -> Rate {
    Rate::new(n, 1).unwrap()
}

fn hash(actor: &mut Actor, index: u64) -> blake3::Hash {
    let f = actor.frame(index);
    let mut h = blake3::Hasher::new();
    h.update(f.frame.data());
    for p in f.faces.iter().flat_map(|f| &f.landmarks) {
        h.update(&p.x.to_le_bytes()).update(&p.y.to_le_bytes()).update(&p.z.to_le_bytes());
    }
    h.finalize()
}

fn face_box(face: &ActorFace) -> (Vec2, Vec2) {
    OVAL.iter()
        .map(|i| face.landmarks[usize::from(*i)].truncate())
        .fold((Vec2::MAX, Vec2::MIN), |(a, b), p| (a.min(p), b.max(p)))
}

#[test]
fn a_frame_is_a_function_of_seed_and_number() {
    let make = |seed| Actor::new(seed, 320, 240, Rate::DEFAULT).unwrap();
    let (mut a, mut b, mut c) = (make(5), make(5), make(6));
    let forth: Vec<_> = [0, 9, 200, 431].map(|i| hash(&mut a, i)).to_vec();
    let mut back: Vec<_> = [431, 200, 9, 0].map(|i| hash(&mut b, i)).to_vec();
    back.reverse();
    assert_eq!(forth, back);
    assert_eq!(forth.iter().collect::<HashSet<_>>().len(), 4, "frames differ");
    assert_ne!(forth[1], hash(&mut c, 9), "another seed, another frame");
}

#[test]
fn every_size_and_format_works() {
    for (k, (w, h)) in [(160, 120), (161, 121), (333, 241), (240, 320), (200, 600), (641, 200), (320, 240)]
        .iter()
        .enumerate()
    {
        let format = PixelFormat::ALL[k % PixelFormat::ALL.len()];
        let options = ActorOptions { format, noise: 0.0, ..ActorOptions::new(1, *w, *h, rate(25)) };
        let f = Actor::with(options).unwrap().frame(40);
        assert_eq!((f.frame.width(), f.frame.height(), f.frame.format()), (*w, *h, format));
        assert_eq!(f.frame.id, FrameId(40));
        assert!((f.frame.time.0.as_secs_f64() - 1.6).abs() < 1e-9);
        let (low, high) = face_box(&f.faces[0]);
        let share = (high.y - low.y) / (*w).min(*h) as f32;
        assert!((0.42..0.60).contains(&share), "{w}x{h}: the face is {share} of the short side");
        assert_eq!(f.faces[0].visible, 1.0, "{w}x{h}");
    }
    let small = Actor::new(1, 159, 120, rate(25)).err().unwrap();
    assert_eq!(small.kind(), ErrorKind::Unsupported);
    assert!(small.to_string().contains("160x120"), "{small}");
    assert!(Actor::new(1, 9000, 120, rate(25)).is_err());
}

#[test]
fn formats_show_the_same_picture() {
    let rgb = |format| {
        let o = ActorOptions { format, noise: 0.0, ..ActorOptions::new(3, 320, 240, rate(30)) };
        Actor::with(o).unwrap().frame(77).frame.to_rgb()
    };
    let reference = rgb(PixelFormat::Rgb);
    for format in PixelFormat::ALL {
        let off: u64 = rgb(format).iter().zip(&reference).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        assert!(off < reference.len() as u64 * 2, "{format:?}: {off}");
    }
}

#[test]
fn time_not_the_rate_decides() {
    let at = |n: u32, i: u64| Actor::new(2, 160, 120, rate(n)).unwrap().frame(i).faces;
    assert_eq!(at(30, 90), at(60, 180));
}

#[test]
fn the_programme_has_turns_nods_blinks_speech_and_smiles() {
    let mut actor = Actor::new(7, 160, 120, rate(30)).unwrap();
    let faces: Vec<ActorFace> = (0..420).map(|i| actor.frame(i).faces.remove(0)).collect();
    let range = |f: &dyn Fn(&ActorFace) -> f32| {
        let v = faces.iter().map(f);
        v.clone().fold(f32::MIN, f32::max) - v.fold(f32::MAX, f32::min)
    };
    assert!(range(&|f| f.pose.yaw) > 0.55);
    assert!(range(&|f| f.pose.pitch) > 0.25);
    assert!(range(&|f| f.pose.roll) > 0.10);
    assert!(range(&|f| f.expression.mouth_open) > 1.0);
    assert!(range(&|f| f.expression.smile) > 0.6);
    assert!(range(&|f| f.pose.scale) > 0.005);
    let blinks = faces
        .windows(2)
        .filter(|w| w[0].expression.blink_left < 0.5 && w[1].expression.blink_left >= 0.5)
        .count();
    assert!((3..=8).contains(&blinks), "{blinks} blinks in 14 s");
    assert!(faces.iter().all(|f| f.visible == 1.0), "the face stays in the picture");
    // No jumps: a point moves a few pixels a frame at most, for a face of 55 pixels.
    for w in faces.windows(2) {
        for (a, b) in w[0].landmarks.iter().zip(&w[1].landmarks) {
            assert!(a.truncate().distance(b.truncate()) < 4.0);
        }
    }
}

#[test]
fn the_face_is_where_the_landmarks_are() {
    // Lips are redder than the cheek beside them, eyes darker than the skin below, over ten seconds.
    let o = ActorOptions { format: PixelFormat::Rgb, noise: 0.0, ..ActorOptions::new(4, 320, 240, rate(30)) };
    let mut actor = Actor::with(o).unwrap();
    for i in (0..300).step_by(30) {
        let f = actor.frame(i);
        let points = &f.faces[0].landmarks;
        let rgb = f.frame.to_rgb();
        let at = |p: Vec2| {
            let k = (p.y.round() as usize * 320 + p.x.round() as usize) * 3;
            [rgb[k], rgb[k + 1], rgb[k + 2]].map(f32::from)
        };
        let spot = |k: usize| at(points[k].truncate());
        let redness = |c: [f32; 3]| c[0] / (c[1] + c[2]);
        // The middle of the lower lip, between its inner and outer edge.
        let lip = at((points[14].truncate() + points[17].truncate()) / 2.0);
        assert!(redness(lip) > redness(spot(50)) * 1.05, "frame {i}: lips");
        if f.faces[0].expression.blink_right < 0.1 {
            assert!(spot(468)[1] < spot(50)[1] * 0.75, "frame {i}: iris");
        }
    }
}

#[test]
fn still_means_still() {
    let o = ActorOptions { still: true, noise: 0.0, ..ActorOptions::new(1, 320, 240, rate(30)) };
    let mut actor = Actor::with(o).unwrap();
    let (a, b) = (actor.frame(0), actor.frame(100));
    assert_eq!(a.frame.data(), b.frame.data());
    assert_eq!(a.faces, b.faces);
    assert_ne!(a.frame.id, b.frame.id);
}

#[test]
fn it_leaves_and_it_hides() {
    let o = ActorOptions {
        exit: Some((4.0, 5.0)),
        hidden: Some((1.0, 2.0)),
        ..ActorOptions::new(1, 320, 240, rate(10))
    };
    let mut actor = Actor::with(o).unwrap();
    let mut visible = |second: f64| actor.frame((second * 10.0) as u64).faces[0].visible;
    assert_eq!([0.0, 3.0, 6.5].map(&mut visible), [1.0; 3]);
    assert_eq!([1.0, 1.5, 2.0, 4.0, 4.5, 5.0].map(&mut visible), [0.0; 6]);
    let between = visible(3.6);
    assert!(between > 0.0 && visible(0.8) < 1.0, "{between}");
}

#[test]
fn a_second_face_stands_beside() {
    for (w, h) in [(640, 360), (320, 240), (240, 320)] {
        let o = ActorOptions { second: true, ..ActorOptions::new(1, w, h, rate(30)) };
        let f = Actor::with(o).unwrap().frame(30);
        assert_eq!(f.faces.len(), 2);
        let (first, other) = (face_box(&f.faces[0]), face_box(&f.faces[1]));
        assert!(first.1.x < other.0.x, "{w}x{h}: {first:?} {other:?}");
        assert!(f.faces.iter().all(|f| f.visible == 1.0), "{w}x{h}");
    }
}

#[test]
fn it_is_a_source() {
    let mut source = ActorSource::new(ActorOptions::new(1, 160, 120, rate(15)), Some(3)).unwrap();
    let info = source.info().clone();
    assert_eq!((info.kind, info.frames, info.rate), (SourceKind::Actor, Some(3), rate(15)));
    let mut ids = Vec::new();
    while let Some(frame) = source.next().unwrap() {
        assert_eq!((frame.width(), frame.height(), frame.format()), (160, 120, info.format));
        assert_eq!(frame.colour(), info.colour);
        ids.push(frame.id);
    }
    assert_eq!(ids, [FrameId(0), FrameId(1), FrameId(2)]);
    assert!(source.next_with_truth().is_none());
}
