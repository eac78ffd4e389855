use super::*;
use crate::frame::{Colour, Range};

fn plain(format: PixelFormat, w: u32, h: u32, rgb: [u8; 3]) -> Frame {
    Frame::filled(format, Colour::default(), w, h, rgb).unwrap()
}

fn finish(frame: Frame) -> BadgedFrame {
    Badger::new(Corner::default()).finish(Canvas::new(frame), Disclosure::Modified).unwrap()
}

#[test]
fn type_size_place_and_margin_follow_the_specification() {
    for (w, h, em) in [(320, 180, 18.0), (1280, 720, 36.0), (1920, 1080, 54.0), (1080, 1920, 54.0)] {
        let p = Plate::new(w, h, Corner::TopRight, Disclosure::Modified).unwrap();
        let short = w.min(h) as f32;
        assert_eq!(p.em, em);
        assert_eq!(p.words, "AI MODIFIED");
        assert!(p.rect.y as f32 >= short * 0.04 && (w - p.rect.right()) as f32 >= short * 0.04, "{p:?}");
        let share = p.rect.width as f32 / w as f32;
        assert!(w < h || w == 320 || share < 0.25, "{w}x{h}: {share} of the width");
    }
    assert_eq!(Plate::new(160, 120, Corner::Middle, Disclosure::Modified).unwrap().words, "AI");
}

#[test]
fn plates_are_even_and_inside_in_every_corner_and_size() {
    for (w, h) in [(160, 120), (120, 160), (161, 121), (321, 181), (641, 361), (3840, 2160), (8192, 160)] {
        for corner in Corner::ALL {
            let r = Plate::new(w, h, corner, Disclosure::Modified).unwrap().rect;
            assert!(r.right() <= w && r.bottom() <= h, "{w}x{h} {corner:?} {r:?}");
            assert!((r.x | r.y | r.width | r.height) & 1 == 0, "{w}x{h} {corner:?} {r:?}");
        }
    }
}

#[test]
fn in_the_middle_the_plate_stands_in_what_crops_leave() {
    for (w, h) in [(320, 240), (426, 240), (640, 480), (1280, 720), (1280, 1024), (2560, 1080), (3840, 2160)]
    {
        let p = Plate::new(w, h, Corner::Middle, Disclosure::Modified).unwrap();
        assert_eq!(p.words, "AI MODIFIED");
        let r = p.rect;
        let column = h * 9 / 16;
        assert!(r.x >= (w - column) / 2 && r.right() <= (w + column) / 2, "{w}x{h}: {r:?}");
        let rows = h.min(w * 9 / 16);
        let margin = (h + rows) / 2 - r.bottom();
        assert!(r.y > h / 2 && margin * 25 >= rows, "{w}x{h}: {r:?}, {margin} below");
    }
    for (w, h) in [(240, 320), (480, 480), (480, 640), (1080, 1350), (1080, 1920)] {
        let p = Plate::new(w, h, Corner::Middle, Disclosure::Modified).unwrap();
        let rows = w * 3 / 4;
        assert!(p.rect.y > h / 2 && p.rect.bottom() < (h + rows) / 2, "{w}x{h}: {:?}", p.rect);
    }
}

#[test]
fn a_plate_over_another_covers_it_or_stands_where_it_always_does() {
    let own = Plate::new(640, 360, Corner::Middle, Disclosure::Modified).unwrap();
    let same = PxRect { x: own.rect.x - 1, y: own.rect.y, ..own.rect };
    let over = |under| Plate::over(640, 360, Corner::Middle, Disclosure::Modified, Some(under)).unwrap();
    assert_eq!(over(same), own);
    for (x, y, width, height) in
        [(256, 250, 127, 25), (200, 200, 200, 40), (0, 0, 100, 20), (520, 330, 120, 24)]
    {
        let under = PxRect { x, y, width, height };
        let r = over(under).rect;
        assert_eq!(r.intersect(&under), under, "{r:?}");
        assert!(r.right() <= 640 && r.bottom() <= 360 && (r.x | r.y | r.width | r.height) & 1 == 0);
    }
}

#[test]
fn smaller_pictures_are_refused_with_the_remedy() {
    for (w, h) in [(159, 120), (160, 119), (1, 1), (100, 4000)] {
        let e = Badger::new(Corner::TopLeft)
            .finish(Canvas::new(plain(PixelFormat::Rgb, w, h, [0; 3])), Disclosure::Modified)
            .unwrap_err();
        assert!(e.to_string().contains("160x120") && e.to_string().contains("scale"), "{e}");
    }
}

#[test]
fn found_on_any_ground_in_any_format_and_nowhere_without() {
    for format in PixelFormat::ALL {
        for rgb in [[0, 0, 0], [255, 255, 255], [200, 30, 90], [16, 16, 16]] {
            for (w, h) in [(160, 120), (161, 121), (640, 360), (1279, 719)] {
                let ground = plain(format, w, h, rgb);
                assert_eq!(read(&ground), None, "{format:?} {rgb:?} {w}x{h}");
                let badged = finish(ground);
                let found = read(badged.frame()).unwrap_or_else(|| panic!("{format:?} {rgb:?} {w}x{h}"));
                assert_eq!(found.rect, badged.plate());
                assert!(found.contrast >= 15.0, "{format:?} {found:?}");
            }
        }
    }
}

#[test]
fn not_found_in_noise_or_in_another_text() {
    let mut chance = fastrand::Rng::with_seed(1);
    let data: Vec<u8> = (0..640 * 360 * 3).map(|_| chance.u8(..)).collect();
    assert_eq!(read(&Frame::new(PixelFormat::Rgb, Colour::JPEG, 640, 360, data).unwrap()), None);
    let mut canvas = Canvas::new(plain(PixelFormat::Rgb, 640, 360, [9; 3]));
    let plate = Plate::new(640, 360, Corner::default(), Disclosure::Modified).unwrap();
    let flipped: Vec<u32> = encode(&plate, canvas.frame()).into_iter().rev().collect();
    canvas.write_codes(plate.rect, &flipped);
    assert_eq!(read(canvas.frame()), None);
}

#[test]
fn everything_outside_the_plate_is_untouched_and_alpha_is_kept() {
    for format in PixelFormat::ALL {
        let mut chance = fastrand::Rng::with_seed(3);
        let data: Vec<u8> = (0..Frame::byte_len(format, 321, 181)).map(|_| chance.u8(..)).collect();
        let colour = Colour { range: Range::Full, ..Colour::default() };
        let before = Frame::new(format, colour, 321, 181, data).unwrap();
        let badged = finish(before.clone());
        let (mut a, mut b) = (Vec::new(), Vec::new());
        before.read_codes(before.bounds(), &mut a);
        badged.frame().read_codes(before.bounds(), &mut b);
        for (i, (a, b)) in (0u32..).zip(a.iter().zip(&b)) {
            let inside = badged.plate().contains(i % 321, i / 321);
            assert!(inside || a == b, "{format:?} pixel {i}");
            assert!(!inside || b >> 24 == 255, "{format:?} alpha under the badge");
        }
    }
}

#[test]
fn the_plate_is_the_same_in_a_hundred_frames() {
    let mut badger = Badger::new(Corner::BottomLeft);
    let mut first = None;
    for i in 0..100u8 {
        let canvas = Canvas::new(plain(PixelFormat::I420, 320, 180, [i.wrapping_mul(37), i, 255 - i]));
        let badged = badger.finish(canvas, Disclosure::Modified).unwrap();
        let mut codes = Vec::new();
        badged.frame().read_codes(badged.plate(), &mut codes);
        assert_eq!(*first.get_or_insert_with(|| codes.clone()), codes, "frame {i}");
    }
}

#[test]
fn the_badge_is_drawn_after_turning() {
    let mut canvas = Canvas::new(plain(PixelFormat::Nv12, 640, 360, [80; 3]));
    let transform =
        FrameTransform { mirror: true, rotate: crate::frame::Rotation::Right, size: Some((480, 854)) };
    canvas.transform(&transform).unwrap();
    let badged = Badger::new(Corner::default()).finish(canvas, Disclosure::Modified).unwrap();
    assert_eq!((badged.frame().width(), badged.frame().height()), (480, 854));
    assert!(read(badged.frame()).is_some());
}

#[test]
fn a_card_keeps_nothing_of_the_picture() {
    for format in PixelFormat::ALL {
        let mut canvas = Canvas::new(plain(format, 640, 360, [255, 0, 255]));
        canvas.card("Face swap paused").unwrap();
        let badged = Badger::new(Corner::TopRight).finish(canvas, Disclosure::Modified).unwrap();
        assert!(read(badged.frame()).is_some());
        let magenta = |p: &[u8]| p[0] > 200 && p[1] < 80 && p[2] > 200;
        assert!(!badged.frame().to_rgb().chunks_exact(3).any(magenta), "{format:?}");
    }
}
