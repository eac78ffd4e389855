//! What the tests of the tracker share: networks, and pictures of the built-in actor.

use super::{Tracker, TrackerConfig};
use crate::actor::{Actor, ActorOptions};
use crate::frame::interpolation::{Bilinear, bilinear_by_weights};
use crate::frame::{Frame, PixelFormat};
use crate::infer::{Runtime, models};
use crate::source::Rate;
use glam::Vec2;

/// A tracker; none where the networks are not there.
pub(super) fn tracker(max_faces: usize) -> Option<Tracker> {
    let data = models::data_dir()?;
    let runtime = Runtime::discover(models::library(&data).as_deref()).unwrap();
    let config = TrackerConfig { max_faces, ..TrackerConfig::default() };
    let made = Tracker::new(&runtime, &models::models_dir(&data), config);
    if made.is_err() {
        println!("skipped: the face networks are not in the data folder (`omote setup`)");
    }
    made.ok()
}

/// The actor of a seed, 640x480.
pub(super) fn actor(seed: u64) -> Actor {
    actor_of(seed, 640, 480)
}

/// The actor of a seed in a picture of a size.
pub(super) fn actor_of(seed: u64, width: u32, height: u32) -> Actor {
    let options =
        ActorOptions { format: PixelFormat::Rgb, ..ActorOptions::new(seed, width, height, Rate::DEFAULT) };
    Actor::with(options).unwrap()
}

/// Says that a test is skipped for want of something.
pub(super) fn said_missing(what: &str) {
    println!("skipped: {what} are not there");
}

/// A picture turned clockwise about its middle, on a grey square that holds it at any angle.
pub(super) fn turned_by(frame: &Frame, degrees: f32) -> Frame {
    let (w, h) = (frame.width() as usize, frame.height() as usize);
    let side = (w as f32).hypot(h as f32).ceil() as usize;
    let rgb = frame.to_rgb();
    let back = Vec2::from_angle(-degrees.to_radians());
    let middle = Vec2::splat(side as f32 - 1.0) * 0.5;
    let own = Vec2::new(w as f32 - 1.0, h as f32 - 1.0) * 0.5;
    let mut out = vec![110u8; side * side * 3];
    for (k, px) in out.chunks_exact_mut(3).enumerate() {
        let p = back.rotate(Vec2::new((k % side) as f32, (k / side) as f32) - middle) + own;
        let Some(cell) = Bilinear::inside(p, [w, h]) else { continue };
        for (c, px) in px.iter_mut().enumerate() {
            let corners = cell.corners(|x, y| f32::from(rgb[(y * w + x) * 3 + c]));
            *px = (bilinear_by_weights(corners, cell.part()) + 0.5) as u8;
        }
    }
    let mut turned = Frame::new(PixelFormat::Rgb, frame.colour(), side as u32, side as u32, out).unwrap();
    (turned.id, turned.time) = (frame.id, frame.time);
    turned
}

/// Two pictures side by side, with the first one's number and time.
pub(super) fn beside(a: &Frame, b: &Frame) -> Frame {
    let row = |f: &Frame| f.width() as usize * 3;
    let rows = a.data().chunks(row(a)).zip(b.data().chunks(row(b)));
    let data: Vec<u8> = rows.flat_map(|(a, b)| [a, b].concat()).collect();
    let mut both = Frame::new(a.format(), a.colour(), a.width() + b.width(), a.height(), data).unwrap();
    (both.id, both.time) = (a.id, a.time);
    both
}
