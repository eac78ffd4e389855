//! Turning that the user asks for: what is tracked, drawn and handed out is the turned picture.

use super::tests::{green, sized_face};
use super::*;
use crate::composite::Backend;
use crate::frame::{FrameId, FrameTime, Rotation};
use crate::sink::memory;
use crate::timing::now;
use glam::Vec2;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SIZE: (u32, u32) = (320, 180);
/// Where the magenta face is before turning: nowhere near where any turn carries it.
const FACE: Vec2 = Vec2::new(90.0, 70.0);

/// Finds the magenta disc, and notes the sizes of the pictures that it is asked about and how often it was reset.
#[derive(Default)]
struct Seen {
    sizes: Vec<(u32, u32)>,
    resets: usize,
}

struct Seeker(Arc<Mutex<Seen>>);

fn disc(frame: &Frame) -> Option<Vec2> {
    let (rgb, width) = (frame.to_rgb(), frame.width() as usize);
    let lit = rgb.chunks_exact(3).enumerate().filter(|(_, p)| p[0] > 200 && p[1] < 80 && p[2] > 200);
    let places: Vec<Vec2> = lit.map(|(k, _)| Vec2::new((k % width) as f32, (k / width) as f32)).collect();
    (!places.is_empty()).then(|| places.iter().sum::<Vec2>() / places.len() as f32)
}

impl FaceTracker for Seeker {
    fn track(&mut self, frame: &Frame) -> std::result::Result<Vec<Face>, TrackError> {
        self.0.lock().unwrap().sizes.push((frame.width(), frame.height()));
        Ok(disc(frame).map(|at| sized_face(1, at, 70.0)).into_iter().collect())
    }

    fn reset(&mut self) {
        self.0.lock().unwrap().resets += 1;
    }
}

fn picture(format: PixelFormat, (width, height): (u32, u32), index: u64) -> Frame {
    let rgb: Vec<u8> = (0..width * height)
        .flat_map(|k| {
            let at = Vec2::new((k % width) as f32, (k / width) as f32);
            if at.distance(FACE) < 20.0 { [255, 0, 255] } else { [90; 3] }
        })
        .collect();
    let frame = Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, rgb).unwrap();
    let mut frame = frame.converted(format, Colour::JPEG).unwrap();
    (frame.id, frame.time) = (FrameId(index), FrameTime(Duration::from_millis(index * 33)));
    frame
}

/// Where a turn carries a place in a picture of this size.
fn carried(at: Vec2, (width, height): (u32, u32), transform: FrameTransform) -> Vec2 {
    let (w, h) = (width as f32 - 1.0, height as f32 - 1.0);
    let x = if transform.mirror { w - at.x } else { at.x };
    match transform.rotate {
        Rotation::None => Vec2::new(x, at.y),
        Rotation::Right => Vec2::new(h - at.y, x),
        Rotation::Half => Vec2::new(w - x, h - at.y),
        Rotation::Left => Vec2::new(at.y, w - x),
    }
}

fn transforms() -> impl Iterator<Item = FrameTransform> {
    let quarters = [Rotation::None, Rotation::Right, Rotation::Half, Rotation::Left];
    let each = move |mirror| quarters.map(|rotate| FrameTransform { mirror, rotate, size: None });
    [false, true].into_iter().flat_map(each)
}

fn settings(transform: FrameTransform) -> Settings {
    Settings { backend: Backend::Cpu, max_faces: 1, transform, ..Settings::default() }
}

#[test]
fn faces_are_looked_for_in_the_turned_picture_and_handed_out_in_its_pixels() {
    for format in PixelFormat::ALL {
        for (transform, size) in
            transforms().flat_map(|transform| [(transform, SIZE), (transform, (321, 181))])
        {
            if Frame::new(
                format,
                Colour::JPEG,
                size.0,
                size.1,
                vec![0; Frame::byte_len(format, size.0, size.1)],
            )
            .is_err()
            {
                continue;
            }
            let seen = Arc::new(Mutex::new(Seen::default()));
            let tracker = Box::new(Seeker(Arc::clone(&seen)));
            let mut engine = OfflineSession::new(tracker, vec![green()], settings(transform)).unwrap();
            let out = engine.process(picture(format, size, 7)).unwrap();
            let what = format!("{format:?} {transform:?} {size:?}");
            assert_eq!(seen.lock().unwrap().sizes, [transform.oriented(size)], "{what}");
            let frame = out.badged.frame();
            assert_eq!((frame.width(), frame.height()), transform.oriented(size), "{what}");
            assert_eq!((frame.id, frame.time), (FrameId(7), FrameTime(Duration::from_millis(231))), "{what}");
            let at = carried(FACE, size, transform);
            let middle = out.faces[0].pose.origin.truncate();
            assert!(middle.distance(at) < 1.5, "{what}: handed out at {middle}, is at {at}");
            let rgb = frame.to_rgb();
            let px = &rgb[(at.y as usize * frame.width() as usize + at.x as usize) * 3..][..3];
            assert!(px[1] > px[0].saturating_add(20) && px[1] > px[2].saturating_add(20), "{what}: {px:?}");
        }
    }
}

#[test]
fn scaling_comes_after_the_faces_were_looked_for() {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let transform = FrameTransform { mirror: true, rotate: Rotation::Left, size: Some((360, 640)) };
    let tracker = Box::new(Seeker(Arc::clone(&seen)));
    let mut engine = OfflineSession::new(tracker, vec![green()], settings(transform)).unwrap();
    let out = engine.process(picture(PixelFormat::Nv12, SIZE, 0)).unwrap();
    assert_eq!(seen.lock().unwrap().sizes, [(180, 320)]);
    let frame = out.badged.frame();
    assert_eq!((frame.width(), frame.height()), (360, 640));
    assert!(out.faces[0].pose.origin.truncate().distance(carried(FACE, SIZE, transform)) < 1.5);
}

/// A live pipeline on pictures that are sent by hand.
fn live(transform: FrameTransform) -> (LiveSession, HostFrames, Arc<Mutex<Seen>>) {
    let (frames, source) = host("turned");
    let seen = Arc::new(Mutex::new(Seen::default()));
    let asked = Arc::clone(&seen);
    let make_tracker: MakeTracker =
        Box::new(move || Ok(Box::new(Seeker(Arc::clone(&asked))) as Box<dyn FaceTracker>));
    let config = LiveConfig {
        source,
        make_tracker,
        personas: vec![green()],
        settings: settings(transform),
        gpu: None,
    };
    (LiveSession::start(config).unwrap(), frames, seen)
}

fn until(what: &str, mut good: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !good() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} never came");
        std::thread::park_timeout(Duration::from_millis(4));
    }
}

fn send(frames: &HostFrames) {
    let mut frame = picture(PixelFormat::Nv12, SIZE, 0);
    frame.time = FrameTime(now());
    frames.put(frame);
}

#[test]
fn the_first_card_stands_as_the_picture_will() {
    let transform = FrameTransform { rotate: Rotation::Right, ..FrameTransform::default() };
    let (live, _frames, _) = live(transform);
    let (sink, memory) = memory();
    live.attach("memory", sink).unwrap();
    let mut shown = Vec::new();
    until("a card", || {
        shown.extend(memory.take());
        !shown.is_empty()
    });
    assert_eq!((shown[0].width(), shown[0].height()), (720, 1280));
    // Its words are upright: they lie in a wide band, not a tall one.
    let card = pipeline_card(720, 1280);
    assert_eq!(shown[0].to_rgb(), card.to_rgb());
}

/// The card of a picture of this size, as it is read.
fn pipeline_card(width: u32, height: u32) -> Frame {
    let blank = Frame::filled(PixelFormat::I420, Colour::JPEG, width, height, [0; 3]).unwrap();
    let mut canvas = Canvas::new(blank);
    canvas.card(Why::NoPicture.words()).unwrap();
    Badger::new(Corner::default()).finish(canvas, Disclosure::Modified).unwrap().frame().clone()
}

#[test]
fn another_turn_is_another_view_to_the_tracker_and_to_viewers() {
    let (live, frames, seen) = live(FrameTransform::default());
    let shown = Arc::new(Mutex::new(None));
    let newest = Arc::clone(&shown);
    live.watch("test", Box::new(move |s| *newest.lock().unwrap() = Some(Arc::clone(s)))).unwrap();
    let mut before = 0;
    for transform in transforms() {
        live.set_transform(transform);
        until(&format!("{transform:?}"), || {
            send(&frames);
            let shown = shown.lock().unwrap();
            shown.as_ref().is_some_and(|s: &Arc<Shown>| {
                let at = carried(FACE, SIZE, transform);
                let there = s.faces.first().is_some_and(|f| f.pose.origin.truncate().distance(at) < 2.0);
                there && s.state == State::Live
            })
        });
        let resets = seen.lock().unwrap().resets;
        assert!(
            resets > before || transform.is_identity(),
            "{transform:?}: the tracker goes on in another view"
        );
        before = resets;
    }
    let sizes = seen.lock().unwrap().sizes.clone();
    assert!(sizes.contains(&(180, 320)) && sizes.contains(&SIZE), "{sizes:?}");
}
