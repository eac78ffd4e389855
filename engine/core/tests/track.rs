//! The tracker on the built-in actor: what it leaves until a frame is handed on changes nothing.

#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(clippy::print_stdout, reason = "what is skipped must be said")]

use omote_engine::actor::{Actor, ActorOptions};
use omote_engine::frame::{Frame, PixelFormat};
use omote_engine::infer::{Runtime, models};
use omote_engine::source::Rate;
use omote_engine::space::MeshPoint;
use omote_engine::track::{Face, Tracker, TrackerConfig};

const SIDE: (usize, usize) = (640, 480);
/// Further faces are looked for once in so many frames, and taken up in the next.
const LOOK_EVERY: usize = 10;

fn tracker(max_faces: usize) -> Option<Tracker> {
    let data = models::data_dir()?;
    let runtime = Runtime::discover(models::library(&data).as_deref()).unwrap();
    let config = TrackerConfig { max_faces, ..TrackerConfig::default() };
    let made = Tracker::new(&runtime, &models::models_dir(&data), config);
    if made.is_err() {
        println!("skipped: the face networks are not in the data folder (`omote setup`)");
    }
    made.ok()
}

/// Two actors beside each other, the right one from frame `from` on.
fn pair(frames: usize, from: usize) -> Vec<Frame> {
    let make = |seed| {
        let options =
            ActorOptions { format: PixelFormat::Rgb, ..ActorOptions::new(seed, 640, 480, Rate::DEFAULT) };
        Actor::with(options).unwrap()
    };
    let (mut left, mut right) = (make(5), make(8));
    let row = SIDE.0 * 3;
    let mut picture = |k: usize| {
        let (a, b) = (left.frame(k as u64).frame, right.frame(k as u64).frame);
        let there = if k < from { vec![90; row * SIDE.1] } else { b.data().to_vec() };
        let rows = a.data().chunks(row).zip(there.chunks(row));
        let data: Vec<u8> = rows.flat_map(|(a, b)| [a, b].concat()).collect();
        let mut both = Frame::new(a.format(), a.colour(), 1280, 480, data).unwrap();
        (both.id, both.time) = (a.id, a.time);
        both
    };
    (0..frames).map(&mut picture).collect()
}

#[test]
fn a_look_afterwards_finds_what_a_look_before_the_next_frame_finds() {
    let (Some(mut eager), Some(mut lazy)) = (tracker(2), tracker(2)) else { return };
    let from = 33;
    let mut counts = Vec::new();
    for frame in pair(60, from) {
        let faces: Vec<Face> = eager.track(&frame).unwrap();
        eager.run_deferred_detection().unwrap();
        assert_eq!(faces, lazy.track(&frame).unwrap(), "frame {}", frame.id.0);
        counts.push(faces.len());
    }
    let second = counts.iter().position(|n| *n == 2).unwrap();
    assert!((from..=from + LOOK_EVERY).contains(&second), "the second face came in frame {second}");
    assert!(counts[5..second].iter().all(|n| *n == 1) && counts[second..].iter().all(|n| *n == 2));
}

#[test]
fn a_lost_face_is_found_in_the_frame_in_which_it_is_back() {
    let Some(mut tracker) = tracker(4) else { return };
    let mut frames = pair(40, 0);
    for frame in &mut frames[20..26] {
        *frame = Frame::filled(frame.format(), frame.colour(), 1280, 480, [90; 3])
            .map(|mut grey| {
                (grey.id, grey.time) = (frame.id, frame.time);
                grey
            })
            .unwrap();
    }
    let counts: Vec<usize> = frames.iter().map(|f| tracker.track(f).unwrap().len()).collect();
    assert_eq!(counts[19..27], [2, 0, 0, 0, 0, 0, 0, 2], "{counts:?}");
}

/// One actor in the middle and the head of another that goes past in front of it, from right to left, `step`
/// pixels a frame; with each picture, how much
/// of the one in the middle it hides, and where that one's points are.
fn passing(step: usize) -> Vec<(Frame, f32, Vec<MeshPoint>)> {
    let make = |seed| {
        let options =
            ActorOptions { format: PixelFormat::Rgb, ..ActorOptions::new(seed, 640, 480, Rate::DEFAULT) };
        Actor::with(options).unwrap()
    };
    let (mut behind, mut front) = (make(5), make(8));
    // The head's columns in its own picture.
    let (from, wide) = (180, 280);
    let picture = |k: usize| {
        let (a, b) = (behind.frame(k as u64), front.frame(k as u64).frame);
        let left = 960usize.saturating_sub(step * k);
        let mut data = Vec::with_capacity(1280 * 480 * 3);
        for (a, b) in a.frame.data().chunks(640 * 3).zip(b.data().chunks(640 * 3)) {
            let mut row = vec![90; 1280 * 3];
            row[320 * 3..960 * 3].copy_from_slice(a);
            row[left * 3..][..wide * 3].copy_from_slice(&b[from * 3..][..wide * 3]);
            data.extend(row);
        }
        let mut both = Frame::new(PixelFormat::Rgb, a.frame.colour(), 1280, 480, data).unwrap();
        (both.id, both.time) = (a.frame.id, a.frame.time);
        let hidden = |x: f32| (left as f32..(left + wide) as f32).contains(&(x + 320.0));
        let landmarks = &a.faces[0].landmarks;
        let count = landmarks.iter().filter(|p| hidden(p.x)).count();
        let moved = landmarks.iter().map(|p| *p + MeshPoint::X * 320.0).collect();
        (both, count as f32 / landmarks.len() as f32, moved)
    };
    (0..=960 / step).map(picture).collect()
}

#[test]
fn a_face_that_another_one_hid_is_back_before_all_of_it_can_be_seen() {
    let Some(mut tracker) = tracker(4) else { return };
    let (mut gone, mut ids, mut late) = (false, std::collections::BTreeSet::new(), 0);
    for (frame, hidden, _) in passing(18) {
        let faces = tracker.track(&frame).unwrap();
        ids.extend(faces.iter().map(|f| f.id.0));
        gone |= hidden > 0.9;
        late += usize::from(gone && hidden < 0.65 && faces.len() < 2);
    }
    assert!(gone, "it was never hidden");
    assert_eq!(ids.len(), 2, "whoever comes back is the same");
    assert!(late <= 1, "away for {late} frames in which it could be seen");
}

#[test]
fn a_face_that_another_one_hides_by_half_is_held_where_it_is() {
    let Some(mut tracker) = tracker(4) else { return };
    let (mut seen, mut held) = (0, 0);
    for (frame, hidden, truth) in passing(10) {
        let faces = tracker.track(&frame).unwrap();
        if !(0.3..0.7).contains(&hidden) {
            continue;
        }
        let eyes = truth[33].distance(truth[263]);
        let off = |face: &Face| {
            let pairs = face.landmarks.iter().zip(&truth);
            pairs.map(|(a, b)| a.truncate().distance(b.truncate())).sum::<f32>() / truth.len() as f32 / eyes
        };
        seen += 1;
        let best = faces.iter().map(off).fold(f32::MAX, f32::min);
        held += usize::from(best < 0.2);
    }
    assert!(seen >= 8 && held + 1 >= seen, "held in {held} of {seen} frames");
}
