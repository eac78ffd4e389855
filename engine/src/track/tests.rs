//! What the tests of the tracker share: networks, and pictures of the built-in actor.
#![expect(clippy::print_stdout, reason = "what is skipped must be said")]

use super::{Tracker, TrackerConfig};
use crate::actor::{Actor, ActorOptions};
use crate::frame::{Frame, PixelFormat};
use crate::infer::{Runtime, models};
use crate::source::Rate;

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
    let options =
        ActorOptions { format: PixelFormat::Rgb, ..ActorOptions::new(seed, 640, 480, Rate::DEFAULT) };
    Actor::with(options).unwrap()
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
