//! What is measured of an output, put into its record.

use crate::measure;
use crate::stage::{FPS, SIDE, Take};
use crate::tally::Record;
use image::RgbImage;
use omote_engine::frame::Frame;
use omote_engine::pipeline::Output;

/// A frame as a picture.
pub(crate) fn picture(frame: &Frame) -> RgbImage {
    let (w, h) = (frame.width(), frame.height());
    RgbImage::from_raw(w, h, frame.to_rgb()).unwrap_or_else(|| RgbImage::new(w, h))
}

/// Input and output.
pub(crate) fn pair(take: &Take, output: &Output) -> [RgbImage; 2] {
    [picture(&take.frame), picture(output.badged.frame())]
}

/// Measures how much skin a mask leaves bare while nothing is before the face.
pub(crate) fn holes(record: &mut Record, take: &Take, i: usize, output: &Output) {
    let skin = measure::skin(&take.truth, SIDE as usize, output.badged.plate());
    let difference = measure::difference(&take.frame.to_rgb(), &output.badged.frame().to_rgb());
    record.bare.add(measure::same(&skin, &difference), i as f32 / FPS, || pair(take, output));
}

/// Light of the live face and of the output, left and right.
pub(crate) fn glow(take: &Take, output: &Output) -> Option<[[f32; 2]; 2]> {
    let side = SIDE as usize;
    let oval = measure::oval(&take.truth, side, output.badged.plate());
    let nose = take.truth.get(1)?.x;
    Some([&take.frame, output.badged.frame()].map(|f| measure::halves(&f.to_rgb(), &oval, nose, side)))
}

/// Measures a frame with something before the face.
pub(crate) fn against_cover(record: &mut Record, take: &Take, free: &[u8], output: &Output, time: f32) {
    let side = SIDE as usize;
    let oval = measure::oval(&take.truth, side, output.badged.plate());
    let difference = measure::difference(&take.frame.to_rgb(), &output.badged.frame().to_rgb());
    if let Some(over) = measure::painted_over(&take.cover, &oval, &difference) {
        record.over.add(over, time, || pair(take, output));
    }
    if let Some(bare) = measure::left_bare(&take.cover, &oval, &difference, free, side) {
        record.bare.add(bare, time, || pair(take, output));
    }
}
