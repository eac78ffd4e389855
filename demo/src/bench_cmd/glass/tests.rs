use std::sync::Arc;
use std::time::Duration;

use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::frame::{Colour, Frame, PixelFormat};
use omote_engine::pipeline::{Follow, Live, LiveConfig, Settings};
use omote_engine::track::{Face, TrackError};

use super::figures::Figures;
use super::read::{Reader, Unread, moment, with_luma};
use super::screen::Screen;
use super::{Bench, code, film};

/// Nobody is there.
struct Nobody;

impl Follow for Nobody {
    fn follow(&mut self, _: &Frame) -> Result<Vec<Face>, TrackError> {
        Ok(Vec::new())
    }
}

fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(s)
}

/// A camera of 29.7 pictures a second films a display of 60; every picture goes through the badge and comes out `delay`
/// after the middle of its exposure: the mean is found to 1 ms, a single picture to one of the display's.
#[test]
fn a_known_delay_is_found() {
    let mut lens = film::Lens::new().unwrap();
    let mut badger = Badger::new(Corner::TopRight);
    for (delay, exposure) in [(0.012, 0.004), (0.047, 0.012), (0.133, 0.030)] {
        let (screen, mut reader) = (Screen::default(), Reader::default());
        (0..300).for_each(|k| {
            screen.begin(seconds(10.0 + f64::from(k) / 60.0));
        });
        let mut errors = Vec::new();
        for k in 0..90 {
            let middle = 11.0 + f64::from(k) / 29.7;
            let (from, to) = (seconds(middle - exposure / 2.0), seconds(middle + exposure / 2.0));
            let light = film::exposed(&screen, from, to).unwrap();
            let frame = film::frame(lens.film(&light)).unwrap();
            let badged = badger.finish(Canvas::new(frame), Disclosure::Modified).unwrap();
            let bits = with_luma(badged.frame(), |luma| reader.read(luma)).unwrap();
            // As when the picture came out, the whole of the last seconds is searched.
            let arrived = middle + delay;
            let shown = screen.since(seconds(arrived).saturating_sub(super::OLDEST));
            let exposed = bits.and_then(|bits| moment(&bits, &shown)).unwrap();
            errors.push((arrived - exposed.as_secs_f64() - delay) * 1e3);
        }
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let worst = errors.iter().fold(0.0f64, |a, e| a.max(e.abs()));
        assert!(mean.abs() < 1.0, "delay {delay}, exposure {exposure}: {mean} ms off");
        assert!(worst < 1000.0 / 60.0, "delay {delay}, exposure {exposure}: a picture {worst} ms off");
    }
}

/// The same in the live pipeline, on the machine's clock.
#[test]
fn the_pipeline_s_camera_delay_is_found() {
    let (bench, delays) = (Arc::new(Bench::default()), film::Delays::default());
    let personas = crate::wardrobe::wear(
        &["ko-omote".to_owned()],
        std::path::Path::new("/nonexistent"),
        omote_engine::swap::Mask::default(),
    );
    let live = Live::start(LiveConfig {
        source: film::source(&bench.screen, Duration::from_millis(60), &delays),
        follow: Box::new(|| Ok(Box::new(Nobody))),
        personas: personas.unwrap(),
        settings: Settings {
            privacy: omote_engine::pipeline::Privacy::Relaxed,
            backend: omote_engine::composite::Backend::Cpu,
            ..Settings::default()
        },
        gpu: None,
    })
    .unwrap();
    let reading = super::watch(&live, &bench).unwrap();
    super::tick(&bench.screen, Duration::from_secs(6));
    live.stop();
    reading.join().unwrap();
    let figures: Figures = bench.figures(&delays);
    let (camera, engine) = (figures.camera.unwrap(), figures.engine.unwrap());
    let planted = figures.planted.unwrap();
    assert!(camera.pictures > 20 && planted >= 60.0, "{camera:?} {planted}");
    // With so many pictures the mean is known to a fraction of the display's period, which bounds it.
    let bound = (3.0 * (camera.high - camera.mean)).max(1.0);
    assert!((camera.mean - planted).abs() < bound, "{planted} ms, found {camera:?}");
    assert!(engine.mean > camera.mean);
    let mut text = Vec::new();
    bench.figures(&delays).table(&mut text).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("planted delay"));
}

fn grey(width: u32, height: u32, luma: impl Fn(u32, u32) -> u8) -> Frame {
    let mut data: Vec<u8> = (0..width * height).map(|i| luma(i % width, i / width)).collect();
    data.resize(data.len() * 3 / 2, 128);
    Frame::new(PixelFormat::I420, Colour::JPEG, width, height, data).unwrap()
}

/// The code upright, `scale` pixels a module, on grey.
fn upright(number: u16, scale: u32, mirrored: bool) -> Frame {
    let pixels = code::pixels(number);
    let w = code::SIDE as u32;
    let (width, height) = (w * scale + 280, w * scale + 80);
    grey(width, height, |x, y| {
        let x = if mirrored { width - 1 - x } else { x };
        let (u, v) = (x.wrapping_sub(40) / scale, y.wrapping_sub(40) / scale);
        if u < w && v < w { pixels[(v * w + u) as usize] } else { 235 }
    })
}

#[test]
fn every_format_and_a_mirror_are_read() {
    let screen = Screen::default();
    (0..40u32).for_each(|k| {
        screen.begin(seconds(f64::from(k)));
    });
    for mirrored in [false, true] {
        let frame = upright(21, 6, mirrored);
        for format in PixelFormat::ALL {
            let frame = frame.converted(format, Colour::JPEG).unwrap();
            let mut reader = Reader::default();
            let tries: Vec<_> = (0..4).map(|_| with_luma(&frame, |l| reader.read(l)).unwrap()).collect();
            let bits =
                tries.into_iter().find_map(Result::ok).unwrap_or_else(|| panic!("{format:?} {mirrored}"));
            let found = moment(&bits, &screen.since(Duration::ZERO)).unwrap();
            assert!((found.as_secs_f64() - 21.5).abs() < 0.2, "{format:?} {mirrored}: {found:?}");
        }
    }
}

#[test]
fn what_is_no_code_says_nothing() {
    let screen = Screen::default();
    (0..200u32).for_each(|k| {
        screen.begin(seconds(f64::from(k)));
    });
    let mut s = 7u32;
    for size in [(64, 48), (320, 240), (1, 1), (2, 2), (641, 363)] {
        let noise: Vec<u8> = (0..size.0 * size.1)
            .map(|_| {
                s = s.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (s >> 24) as u8
            })
            .collect();
        for flat in [false, true] {
            let frame = grey_any(size, |i| if flat { 90 } else { noise[i] });
            let mut reader = Reader::default();
            let read = with_luma(&frame, |l| reader.read(l));
            assert!(matches!(read, None | Some(Err(Unread::NotFound))), "{size:?} {flat}: {read:?}");
        }
    }
    // Bits by chance fit none of what was shown; and nothing fits where nothing was shown.
    for k in 0..500u32 {
        let bits = std::array::from_fn(|bit| {
            let v = (k * 977 + bit as u32 * 131).wrapping_mul(2_654_435_761) >> 16;
            (v % 1000) as f32 / 500.0 - 1.0
        });
        assert_eq!(moment(&bits, &screen.since(Duration::ZERO)), Err(Unread::Unclear));
        assert_eq!(moment(&bits, &[]), Err(Unread::Unclear));
    }
    // Too dark to tell.
    let frame = upright(3, 6, false);
    let dark: Vec<u8> = frame.data().iter().map(|v| v / 40).collect();
    let dark = Frame::new(PixelFormat::I420, Colour::JPEG, frame.width(), frame.height(), dark).unwrap();
    let mut reader = Reader::default();
    assert!(with_luma(&dark, |l| reader.read(l)).unwrap().is_err());
}

fn grey_any((width, height): (u32, u32), luma: impl Fn(usize) -> u8) -> Frame {
    let data = (0..(width * height) as usize).flat_map(|i| [luma(i); 3]).collect::<Vec<u8>>();
    Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, data).unwrap()
}
