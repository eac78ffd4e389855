//! The choice of a mode on lists as real cameras give them.

use super::*;

/// Over USB 2.
const NARROW: bool = true;
/// Over anything else.
const WIDE: bool = false;

fn coding(text: &str) -> Coding {
    text.parse().unwrap()
}

fn mode(text: &str) -> CameraMode {
    let words: Vec<_> = text.split([' ', 'x', '@']).filter(|w| !w.is_empty()).collect();
    let [kind, width, height, rate] = words[..] else { panic!("{text}") };
    CameraMode {
        coding: coding(kind),
        width: width.parse().unwrap(),
        height: height.parse().unwrap(),
        rate: rate.parse().unwrap(),
    }
}

/// One entry is `CODING sizes @rates`, all sizes with all rates.
fn modes(entries: &[&str]) -> Vec<CameraMode> {
    let mut found = Vec::new();
    for entry in entries {
        let (head, rates) = entry.split_once('@').unwrap();
        let (kind, sizes) = head.trim().split_once(' ').unwrap();
        for size in sizes.split_whitespace() {
            found.extend(rates.split_whitespace().map(|rate| mode(&format!("{kind} {size} @{rate}"))));
        }
    }
    found
}

/// Logitech C920: MJPEG up to 1080p30, uncompressed falls off as USB 2 fills.
fn c920() -> Vec<CameraMode> {
    modes(&[
        "YUYV 640x480 320x240 640x360 @30 24 20 15 10 7.5 5",
        "YUYV 800x600 @24 20 15 10 7.5 5",
        "YUYV 864x480 @24 20 15 10 7.5 5",
        "YUYV 960x720 @15 10 7.5 5",
        "YUYV 1280x720 @10 7.5 5",
        "YUYV 1920x1080 @5",
        "MJPEG 640x480 320x240 640x360 800x600 864x480 960x720 1280x720 1920x1080 @30 24 20 15 10 7.5 5",
    ])
}

/// A cheap camera whose 720p is 5 frames a second, and that has no JPEG.
fn cheap() -> Vec<CameraMode> {
    modes(&["YUYV 1280x720 @5", "YUYV 640x480 640x360 @30", "YUYV 160x120 @30"])
}

/// A notebook's camera, JPEG listed first.
fn notebook() -> Vec<CameraMode> {
    modes(&[
        "MJPEG 1280x720 640x480 640x360 320x240 @30",
        "YUYV 640x480 640x360 320x240 @30",
        "YUYV 1280x720 @10",
    ])
}

/// An HDMI grabber on USB 3.
fn grabber() -> Vec<CameraMode> {
    modes(&["NV12 1920x1080 1280x720 @60 59.94 50 30 25", "YUYV 1920x1080 1280x720 @60 30"])
}

/// A virtual camera: one mode.
fn single() -> Vec<CameraMode> {
    modes(&["MJPEG 640x480 @10"])
}

fn request(size: Option<(u32, u32)>, rate: Option<&str>, kind: Option<&str>) -> CameraRequest {
    CameraRequest { device: None, size, rate: rate.map(|r| r.parse().unwrap()), coding: kind.map(coding) }
}

fn check(camera: &[CameraMode], request: &CameraRequest, narrow: bool, expected: &str) {
    let found = ranked(camera, request, narrow);
    assert_eq!(found.len(), camera.len(), "each mode stays as a fallback");
    assert_eq!(found[0], mode(expected), "{request:?} {narrow} gave {}", found[0]);
}

#[test]
fn real_cameras_get_the_mode_that_delivers() {
    let plain = CameraRequest::default();
    for (camera, narrow, expected) in [
        (c920(), NARROW, "MJPEG 1280x720 @30"),
        (cheap(), NARROW, "YUYV 640x360 @30"),
        (notebook(), NARROW, "MJPEG 1280x720 @30"),
        (grabber(), WIDE, "YUYV 1280x720 @30"),
        (single(), WIDE, "MJPEG 640x480 @10"),
        (modes(&["YUYV 1280x720 @30", "MJPEG 1280x720 @30"]), NARROW, "MJPEG 1280x720 @30"),
        (modes(&["YUYV 1280x720 @30", "MJPEG 1280x720 @30"]), WIDE, "YUYV 1280x720 @30"),
        // A promise that USB 2 can't keep is still better than nothing.
        (modes(&["YUYV 1280x720 @30"]), NARROW, "YUYV 1280x720 @30"),
        (modes(&["RGB 1280x720 @30", "MJPEG 1280x720 @30", "NV12 1280x720 @30"]), WIDE, "NV12 1280x720 @30"),
        (modes(&["RGB 1280x720 @30", "MJPEG 1280x720 @30"]), WIDE, "MJPEG 1280x720 @30"),
        (modes(&["MJPEG 1280x720 @60 30 15"]), NARROW, "MJPEG 1280x720 @30"),
        (modes(&["MJPEG 1280x720 @60 15"]), NARROW, "MJPEG 1280x720 @60"),
        (modes(&["MJPEG 1280x720 @29.97 15"]), NARROW, "MJPEG 1280x720 @29.97"),
        (modes(&["MJPEG 1920x1080 640x480 @30"]), NARROW, "MJPEG 1920x1080 @30"),
        (modes(&["MJPEG 3840x2160 640x480 @30"]), NARROW, "MJPEG 640x480 @30"),
    ] {
        check(&camera, &plain, narrow, expected);
    }
}

#[test]
fn wishes_count_in_the_order_coding_size_rate() {
    for (size, rate, kind, expected) in [
        // 24 is fast enough for a size that is nearer.
        (None, None, Some("YUYV"), "YUYV 864x480 @24"),
        (Some((1280, 720)), None, Some("YUYV"), "YUYV 1280x720 @10"),
        (Some((1920, 1080)), None, None, "MJPEG 1920x1080 @30"),
        (Some((640, 480)), None, None, "YUYV 640x480 @30"),
        (Some((640, 480)), None, Some("MJPEG"), "MJPEG 640x480 @30"),
        (None, Some("15"), None, "MJPEG 1280x720 @15"),
        (None, Some("60"), None, "MJPEG 1280x720 @30"),
        (Some((1000, 700)), None, None, "MJPEG 960x720 @30"),
        // What it does not have is passed over.
        (None, None, Some("NV12"), "MJPEG 1280x720 @30"),
    ] {
        check(&c920(), &request(size, rate, kind), NARROW, expected);
    }
    // Who asks for a size gets it, however slow.
    check(&cheap(), &request(Some((1280, 720)), None, None), NARROW, "YUYV 1280x720 @5");
}

#[test]
fn ranges_lead_to_the_wanted_mode() {
    use super::super::range::{self, Steps};
    let span = |min, max, step| Steps { min, max, step };
    let rate = |text: &str| text.parse::<Rate>().unwrap();
    for (asked, expected) in [
        (request(None, None, None), "YUYV 1280x720 @30"),
        (request(Some((1024, 576)), Some("12"), None), "YUYV 1024x576 @12"),
    ] {
        let sizes = range::sizes(span(2, 4096, 2), span(2, 2160, 2), asked.wanted_size());
        let rates = range::rates(rate("1"), rate("1000"), asked.wanted_rate());
        let found: Vec<_> = sizes
            .iter()
            .flat_map(|&(width, height)| {
                rates.iter().map(move |&rate| CameraMode { width, height, rate, coding: coding("YUYV") })
            })
            .collect();
        check(&found, &asked, WIDE, expected);
    }
}

#[test]
fn codings_are_read_as_people_and_drivers_write_them() {
    for (text, expected) in [
        ("mjpg", Coding::Mjpeg),
        ("MJPEG", Coding::Mjpeg),
        ("jpeg", Coding::Mjpeg),
        ("yuyv", Coding::Raw(RawFormat::Yuyv)),
        ("YU12", Coding::Raw(RawFormat::I420)),
        ("i420", Coding::Raw(RawFormat::I420)),
        ("BGR4", Coding::Raw(RawFormat::Bgrx)),
    ] {
        assert_eq!(coding(text), expected, "{text}");
    }
    for text in ["", "h264", "YUV", "mjpegs"] {
        assert!(text.parse::<Coding>().is_err(), "{text}");
    }
    for format in RawFormat::all() {
        let one = Coding::Raw(format);
        assert_eq!(coding(&one.to_string()), one);
        assert!(one.fourccs().iter().all(|code| Coding::from_fourcc(*code) == Some(one)), "{one}");
    }
    assert_eq!(mode("MJPEG 1280x720 @29.97").to_string(), "MJPEG 1280x720 at 29.97");
    assert_eq!(mode("YUYV 640x480 @30").to_string(), "YUYV 640x480 at 30");
}

#[test]
fn a_mode_as_it_is_shown_is_asked_for_again() {
    for (num, den, per_second) in [(30, 1, 30.0), (15, 2, 7.5), (30000, 1001, 29.97)] {
        let rate = Rate::new(num, den).unwrap();
        let mode = CameraMode { width: 1280, height: 720, rate, coding: Coding::Mjpeg };
        let wish = CameraRequest::like(&mode.to_string()).unwrap();
        assert_eq!((wish.size, wish.coding), (Some((1280, 720)), Some(Coding::Mjpeg)));
        assert!((wish.rate.unwrap().per_second() - per_second).abs() < 1e-9, "{mode}");
    }
    for nothing in ["", "MJPEG", "MJPEG 1280x720", "what 1x1 at 30", "MJPEG 1280x720 at never"] {
        assert_eq!(CameraRequest::like(nothing), None, "{nothing}");
    }
}
