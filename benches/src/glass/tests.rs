use std::path::Path;
use std::time::Duration;

use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::composite::Backend;
use omote_engine::frame::{Colour, Frame, PixelFormat};
use omote_engine::pipeline::{FaceTracker, Privacy, Settings};
use omote_engine::track::{Face, TrackError};

use super::figures::Figures;
use super::read::{Reader, Unread, moment, with_luma};
use super::screen::Screen;
use super::{Camera, Glass, Options, Pipeline, code, film};
use crate::Environment;
use crate::tests::Bare;

/// Nobody is there.
struct Nobody;

impl FaceTracker for Nobody {
    fn track(&mut self, _: &Frame) -> Result<Vec<Face>, TrackError> {
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
    let mut lens = film::Lens::new(film::CORNERS).unwrap();
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
            let bits = with_luma(badged.frame(), |luma| reader.read_bits(luma)).unwrap();
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
    let mut settings = Settings::default();
    settings.privacy = Privacy::Relaxed;
    settings.backend = Backend::Cpu;
    settings.corner = Corner::TopRight;
    let pipeline = Pipeline {
        make_tracker: Box::new(|| Ok(Box::new(Nobody))),
        personas: vec![Bare::new(Path::new("/nonexistent")).persona("ko-omote").unwrap()],
        settings,
    };
    let camera = Camera::InMemory(Duration::from_millis(60));
    let glass = Glass::start(&Options { camera, mirrored: false, virtual_camera: None }, pipeline).unwrap();
    glass.measurement().tick(Duration::from_secs(6));
    let figures = glass.finish().unwrap().figures;
    let (camera, engine) = (figures.camera.clone().unwrap(), figures.engine.clone().unwrap());
    let planted = figures.planted.unwrap();
    assert!(camera.pictures > 20 && planted >= 60.0, "{camera:?} {planted}");
    // With so many pictures the mean is known to a fraction of the display's period, which bounds it.
    let bound = (3.0 * (camera.high - camera.mean)).max(1.0);
    assert!((camera.mean - planted).abs() < bound, "{planted} ms, found {camera:?}");
    assert!(engine.mean > camera.mean);
    let mut text = Vec::new();
    figures.table(&mut text).unwrap();
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
        screen.begin(seconds(f64::from(k) / 10.0));
    });
    for mirrored in [false, true] {
        let frame = upright(21, 6, mirrored);
        let other = with_luma(&frame, |l| Reader::new(!mirrored).read_bits(l)).unwrap();
        assert_eq!(other, Err(Unread::Mirrored), "{mirrored}");
        for format in PixelFormat::ALL {
            let frame = frame.converted(format, Colour::JPEG).unwrap();
            let mut reader = Reader::new(mirrored);
            let tries: Vec<_> = (0..4).map(|_| with_luma(&frame, |l| reader.read_bits(l)).unwrap()).collect();
            let bits =
                tries.into_iter().find_map(Result::ok).unwrap_or_else(|| panic!("{format:?} {mirrored}"));
            let found = moment(&bits, &screen.since(Duration::ZERO));
            let found = found.unwrap_or_else(|why| panic!("{format:?} {mirrored}: {why:?} {bits:?}"));
            assert!((found.as_secs_f64() - 2.15).abs() < 0.02, "{format:?} {mirrored}: {found:?}");
        }
    }
}

#[test]
fn what_is_no_code_says_nothing() {
    let screen = Screen::default();
    (0..200u32).for_each(|k| {
        screen.begin(seconds(f64::from(k) / 20.0));
    });
    let mut chance = fastrand::Rng::with_seed(7);
    for size in [(64, 48), (320, 240), (1, 1), (2, 2), (641, 363)] {
        let noise: Vec<u8> = (0..size.0 * size.1).map(|_| chance.u8(..)).collect();
        for flat in [false, true] {
            let frame = grey_any(size, |i| if flat { 90 } else { noise[i] });
            let mut reader = Reader::default();
            let read = with_luma(&frame, |l| reader.read_bits(l));
            assert!(matches!(read, None | Some(Err(Unread::NotFound))), "{size:?} {flat}: {read:?}");
        }
    }
    // Bits by chance fit none of what was shown; and nothing fits where nothing was shown.
    for _ in 0..500 {
        let bits = std::array::from_fn(|_| chance.f32() * 2.0 - 1.0);
        assert_eq!(moment(&bits, &screen.since(Duration::ZERO)), Err(Unread::Unclear));
        assert_eq!(moment(&bits, &[]), Err(Unread::Unclear));
    }
    // Too dark to tell.
    let frame = upright(3, 6, false);
    let dark: Vec<u8> = frame.data().iter().map(|v| v / 40).collect();
    let dark = Frame::new(PixelFormat::I420, Colour::JPEG, frame.width(), frame.height(), dark).unwrap();
    let mut reader = Reader::default();
    assert!(with_luma(&dark, |l| reader.read_bits(l)).unwrap().is_err());
}

fn grey_any((width, height): (u32, u32), luma: impl Fn(usize) -> u8) -> Frame {
    let data = (0..(width * height) as usize).flat_map(|i| [luma(i); 3]).collect::<Vec<u8>>();
    Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, data).unwrap()
}

/// Where the code itself is half covered, the one in the picture that came back, a mirror's, is not taken for it.
#[test]
fn the_returned_picture_is_not_the_code() {
    let (large, small) = (upright(21, 6, false), upright(13, 3, true));
    let at = |frame: &Frame, x: u32, y: u32| frame.plane(0)[(y * frame.width() + x) as usize];
    let both = |covered: bool| {
        grey(large.width() + small.width(), large.height(), |x, y| match x.checked_sub(large.width()) {
            Some(x) if y < small.height() => at(&small, x, y),
            Some(_) => 235,
            None if covered && (100..160).contains(&x) => 128,
            None => at(&large, x, y),
        })
    };
    let read = |frame: &Frame| with_luma(frame, |l| Reader::new(false).read_bits(l)).unwrap();
    assert!(read(&both(false)).is_ok());
    assert_eq!(read(&both(true)), Err(Unread::Mirrored));
}

/// Films a display of 60 through a lens: the error of the mean and the worst one, milliseconds. Each quarter of the picture is
/// exposed `rolling` seconds later than the one above, as by a shutter that goes down.
fn filmed(corners: [glam::Vec2; 4], rolling: f64) -> (f64, f64) {
    const BANDS: usize = 4;
    let screen = Screen::default();
    (0..300).for_each(|k| {
        screen.begin(seconds(10.0 + f64::from(k) / 60.0));
    });
    let (mut lens, mut reader) = (film::Lens::new(corners).unwrap(), Reader::default());
    let [width, height] = film::SIZE;
    let mut errors = Vec::new();
    for k in 0..90 {
        let middle = 11.0 + f64::from(k) / 29.7;
        let bands = if rolling > 0.0 { BANDS } else { 1 };
        let mut data = Vec::new();
        for band in 0..bands {
            let at = middle + rolling * (band as f64 - (bands - 1) as f64 / 2.0);
            let light = film::exposed(&screen, seconds(at - 0.004), seconds(at + 0.004)).unwrap();
            let picture = lens.film(&light);
            data.extend(picture.chunks(width * height / bands).nth(band).unwrap());
        }
        data.resize(width * height * 3 / 2, 128);
        let bits = with_luma(&film::frame(data).unwrap(), |luma| reader.read_bits(luma)).unwrap();
        let exposed = bits.and_then(|bits| moment(&bits, &screen.since(Duration::ZERO)));
        let exposed = exposed.unwrap_or_else(|why| panic!("{corners:?}, picture {k}: {why:?}"));
        errors.push((exposed.as_secs_f64() - middle) * 1e3);
    }
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    (mean, errors.iter().fold(0.0, |worst: f64, e| worst.max(e.abs())))
}

#[test]
fn a_code_upside_down_steep_or_small_is_read() {
    use glam::vec2;
    let poses = [
        [vec2(0.8, 0.9), vec2(0.3, 0.85), vec2(0.35, 0.1), vec2(0.82, 0.2)],
        [vec2(0.2, 0.1), vec2(0.45, 0.3), vec2(0.45, 0.75), vec2(0.2, 0.95)],
        [vec2(0.1, 0.2), vec2(0.26, 0.21), vec2(0.25, 0.49), vec2(0.09, 0.48)],
    ];
    for corners in poses {
        let (mean, worst) = filmed(corners, 0.0);
        assert!(mean.abs() < 1.5 && worst < 1000.0 / 60.0, "{corners:?}: {mean} ms, worst {worst}");
    }
}

/// A shutter that needs 16 ms from the top to the bottom, of which the code's rows take ten: the middle of the picture is found.
#[test]
fn a_rolling_shutter_is_told_by_its_middle() {
    let (mean, worst) = filmed(film::CORNERS, 0.004);
    assert!(mean.abs() < 3.0 && worst < 1000.0 / 60.0, "{mean} ms, worst {worst}");
}

#[test]
fn pictures_that_go_together_make_the_interval_no_narrower() {
    // Ten means, each in ten pictures that follow each other, 0..9 ms.
    let read_back = (0..100).map(|k| f64::from((k / 10) * 7 % 10) * 1e-3).collect();
    let log = super::Log { read_back, ..super::Log::default() };
    let since = Figures::from_log(&log, &Screen::default(), &[]).virtual_camera.unwrap();
    // By hand: standard deviation 3.03 of ten, 2.26 standard errors: 2.2 on each side; of a hundred it would be 0.6.
    assert!((since.mean - 4.5).abs() < 1e-9);
    assert!(since.high - since.mean > 1.2, "{since:?}");
    assert!(since.jitter > 0.0 && since.jitter < 1.0);
}

#[test]
fn the_screen_is_remembered_by_time() {
    let screen = Screen::default();
    (0..4000u32).for_each(|k| {
        screen.begin(seconds(f64::from(k) / 240.0));
    });
    let kept = screen.since(Duration::ZERO);
    let span = (kept[kept.len() - 1].1 - kept[0].1).as_secs_f64();
    assert!((9.9..10.1).contains(&span), "{span}");
}

/// Of all numbers none can be read in another of the eight ways that a square lies in: in each some fixed pair is not as it
/// should be.
#[test]
fn no_code_is_read_turned_or_mirrored() {
    for number in 0..1u16 << code::BITS {
        let pixels = code::pixels(number);
        for way in 0..8 {
            let at = |p: glam::Vec2| {
                let (x, y) = (p.x as usize, p.y as usize);
                let (x, y) = if way & 4 == 0 { (x, y) } else { (y, x) };
                let x = if way & 1 == 0 { x } else { code::SIDE - 1 - x };
                let y = if way & 2 == 0 { y } else { code::SIDE - 1 - y };
                pixels[y * code::SIDE + x]
            };
            let fixed = code::FIXED.iter().all(|(pair, first)| {
                let [a, b] = [false, true].map(|second| at(code::cell_middle(*pair, second)));
                if *first { a > b } else { b > a }
            });
            assert_eq!(fixed, way == 0, "{number} in way {way}");
        }
    }
}
