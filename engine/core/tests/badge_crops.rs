//! What sites leave of a picture still carries the badge: every size and shape, cut round the middle, in every pixel
//! format, as large as it is and scaled to what sites ask for.
#![expect(clippy::unwrap_used, reason = "tests, and what they share")]

use omote_engine::badge::{Badger, Canvas, Corner, Disclosure, read};
use omote_engine::frame::{Colour, Frame, PixelFormat};
use omote_engine::space::PxRect;

/// From the least size up: wide, 16:9, 4:3, 5:4, square and upright ones.
const SIZES: [(u32, u32); 23] = [
    (320, 240),
    (352, 288),
    (426, 240),
    (640, 360),
    (640, 480),
    (854, 480),
    (960, 540),
    (1280, 720),
    (1280, 960),
    (1280, 1024),
    (1366, 768),
    (1920, 1080),
    (2560, 1080),
    (3440, 1440),
    (3840, 2160),
    (320, 320),
    (480, 480),
    (1080, 1080),
    (240, 320),
    (480, 640),
    (1080, 1350),
    (720, 1280),
    (1080, 1920),
];

/// The crops that sites make, and what they scale them to.
const CROPS: [((u32, u32), (u32, u32)); 9] = [
    ((4, 3), (640, 480)),
    ((1, 1), (480, 480)),
    ((9, 16), (360, 640)),
    ((3, 4), (480, 640)),
    ((4, 5), (512, 640)),
    ((2, 3), (480, 720)),
    ((3, 2), (720, 480)),
    ((16, 10), (640, 400)),
    ((16, 9), (640, 360)),
];

/// The crops that most sites make.
const SITES: [(u32, u32); 3] = [(4, 3), (1, 1), (9, 16)];

/// R'G'B' of a picture: what an image decoder or a site's canvas holds.
struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Picture {
    fn from_frame(frame: &Frame) -> Self {
        Self { width: frame.width(), height: frame.height(), rgb: frame.to_rgb() }
    }

    fn cut(&self, rect: PxRect) -> Self {
        let rows = (rect.y..rect.bottom()).flat_map(|y| {
            let from = (y * self.width + rect.x) as usize * 3;
            self.rgb[from..from + rect.width as usize * 3].iter().copied()
        });
        Self { width: rect.width, height: rect.height, rgb: rows.collect() }
    }

    /// Means over what each pixel covers; between pixels where the picture grows.
    fn scaled(&self, width: u32, height: u32) -> Self {
        let across = self.lines(width, |x, y, c| self.rgb[((y * self.width + x) * 3 + c) as usize].into());
        let half = Picture { width, height: self.height, rgb: Vec::new() };
        let taps = Self::taps(self.height, height);
        let mut rgb = Vec::with_capacity((width * height * 3) as usize);
        for row in &taps {
            for i in 0..(half.width * 3) as usize {
                let sum: f32 =
                    row.iter().map(|(y, w)| across[*y as usize * half.width as usize * 3 + i] * w).sum();
                rgb.push(sum.round().clamp(0.0, 255.0) as u8);
            }
        }
        Self { width, height, rgb }
    }

    fn lines(&self, width: u32, at: impl Fn(u32, u32, u32) -> f32) -> Vec<f32> {
        let taps = Self::taps(self.width, width);
        let mut out = Vec::with_capacity((width * self.height * 3) as usize);
        for y in 0..self.height {
            for column in &taps {
                for c in 0..3 {
                    out.push(column.iter().map(|(x, w)| at(*x, y, c) * w).sum());
                }
            }
        }
        out
    }

    /// For each new sample the old ones that it is made of, with their weights: a triangle as wide as the step.
    fn taps(from: u32, to: u32) -> Vec<Vec<(u32, f32)>> {
        let scale = from as f32 / to as f32;
        let reach = scale.max(1.0);
        let near = |i: u32| {
            let middle = (i as f32 + 0.5) * scale - 0.5;
            let (first, last) = ((middle - reach).floor().max(0.0) as u32, (middle + reach).ceil() as u32);
            let weights =
                (first..=last.min(from - 1)).map(|k| (k, (1.0 - (k as f32 - middle).abs() / reach).max(0.0)));
            let weights: Vec<_> = weights.collect();
            let sum: f32 = weights.iter().map(|(_, w)| w).sum();
            weights.into_iter().map(|(k, w)| (k, w / sum)).collect()
        };
        (0..to).map(near).collect()
    }

    fn frame(&self, format: PixelFormat) -> Frame {
        let rgb =
            Frame::new(PixelFormat::Rgb, Colour::JPEG, self.width, self.height, self.rgb.clone()).unwrap();
        rgb.converted(format, Colour::default()).unwrap()
    }
}

/// What lies under the badge: black, white, or colours that change from pixel to pixel.
fn ground(kind: usize, format: PixelFormat, (w, h): (u32, u32)) -> Frame {
    let mut chance = fastrand::Rng::with_seed(7);
    let mut rgb = Vec::with_capacity((w * h * 3) as usize);
    for y in 0..h {
        for x in 0..w {
            let (u, v) = (x as f32 / w as f32, y as f32 / h as f32);
            let noise = chance.f32();
            rgb.extend(match kind {
                0 => [0; 3],
                1 => [255; 3],
                _ => [noise * 160.0 + 90.0 * u, 230.0 * v, noise * 255.0 * (1.0 - u)].map(|c| c as u8),
            });
        }
    }
    let rgb = Frame::new(PixelFormat::Rgb, Colour::JPEG, w, h, rgb).unwrap();
    rgb.converted(format, Colour::default()).unwrap()
}

fn badged(frame: Frame, place: Corner) -> (Frame, PxRect) {
    let badged = Badger::new(place).finish(Canvas::new(frame), Disclosure::Modified).unwrap();
    (badged.frame().clone(), badged.plate())
}

/// The largest part of that shape, round the middle.
fn middle((w, h): (u32, u32), (aw, ah): (u32, u32)) -> PxRect {
    let (width, height) = if w * ah > h * aw { (h * aw / ah, h) } else { (w, w * ah / aw) };
    PxRect { x: (w - width) / 2, y: (h - height) / 2, width, height }
}

/// Crops that the badge in the middle is made for.
fn promised((w, h): (u32, u32), (aw, ah): (u32, u32)) -> bool {
    w > h || aw * 3 <= ah * 4
}

/// Nothing, or what is wrong with what is read.
fn check(frame: &Frame, plate: [f32; 4]) -> Option<String> {
    let Some(found) = read(frame) else { return Some("no badge".to_owned()) };
    let r = found.rect;
    let seen = [r.x, r.y, r.right(), r.bottom()].map(|v| v as f32);
    let off = seen.iter().zip(&plate).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    (off > 2.0).then(|| format!("found at {seen:?}, is at {plate:?}"))
}

#[test]
fn the_badge_is_whole_and_read_in_what_crops_leave() {
    let mut wrong = Vec::new();
    let mut rows = 0;
    let mut kinds = (0..3).cycle();
    let mut formats = PixelFormat::ALL.into_iter().cycle();
    for size in SIZES {
        let format = formats.next().unwrap();
        let (frame, plate) = badged(ground(kinds.next().unwrap(), format, size), Corner::default());
        let whole = Picture::from_frame(&frame);
        for (shape, asked) in CROPS {
            // The largest take long: the crops that most sites make will do.
            let large = size.0 * size.1 > 2_100_000;
            if !promised(size, shape) || (large && !SITES.contains(&shape)) {
                continue;
            }
            let cut = middle(size, shape);
            let what = format!("{}x{} {format:?} to {}:{}", size.0, size.1, shape.0, shape.1);
            if plate.x < cut.x
                || plate.y < cut.y
                || plate.right() > cut.right()
                || plate.bottom() > cut.bottom()
            {
                wrong.push(format!("{what}: {plate:?} is not whole in {cut:?}"));
                continue;
            }
            let left = whole.cut(cut);
            let sizes = [(cut.width, cut.height), asked, (asked.0 / 2, asked.1 / 2)];
            for into in sizes {
                // Type of less than nine pixels is read by people hardly, by `read` not for certain.
                let scale = into.1 as f32 / cut.height as f32;
                if (plate.height as f32) * scale < 13.0 {
                    continue;
                }
                let shown = if into == sizes[0] { whole.cut(cut) } else { left.scaled(into.0, into.1) };
                let format = formats.next().unwrap();
                let at = [plate.x - cut.x, plate.y - cut.y, plate.right() - cut.x, plate.bottom() - cut.y];
                let at = [
                    at[0] as f32 * into.0 as f32 / cut.width as f32,
                    at[1] as f32 * scale,
                    at[2] as f32 * into.0 as f32 / cut.width as f32,
                    at[3] as f32 * scale,
                ];
                rows += 1;
                if let Some(why) = check(&shown.frame(format), at) {
                    wrong.push(format!("{what} as {into:?} {format:?}: {why}"));
                }
            }
        }
    }
    println!("{rows} rows");
    assert!(wrong.is_empty(), "{} of {rows} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_format_and_ground_at_the_sizes_that_sites_ask_for() {
    let mut wrong = Vec::new();
    for (kind, format) in (0..3).cycle().zip(PixelFormat::ALL.into_iter().cycle()).take(21) {
        let (frame, _) = badged(ground(kind, format, (1280, 720)), Corner::default());
        for (shape, asked) in CROPS.into_iter().take(3) {
            let shown = Picture::from_frame(&frame).cut(middle((1280, 720), shape)).scaled(asked.0, asked.1);
            if read(&shown.frame(format)).is_none() {
                wrong.push(format!("{format:?} on ground {kind} to {shape:?} as {asked:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_badge_that_a_crop_cuts_is_not_read() {
    for place in Corner::ALL {
        let (frame, plate) = badged(ground(2, PixelFormat::Rgb, (1280, 720)), place);
        let whole = Picture::from_frame(&frame);
        for share in [0.2, 0.5, 0.8] {
            let by = (plate.width as f32 * share) as u32;
            let right = PxRect { x: plate.x + by, y: 0, width: 1280 - plate.x - by, height: 720 };
            let left = PxRect { x: 0, y: 0, width: plate.x + by, height: 720 };
            for cut in [left, right] {
                let found = read(&whole.cut(cut).frame(PixelFormat::Rgb));
                assert_eq!(found, None, "{place:?} {cut:?}");
            }
        }
    }
}

#[test]
fn nothing_is_read_where_there_is_no_badge() {
    for kind in 0..3 {
        for size in [(160, 120), (640, 360), (1280, 720), (1080, 1920)] {
            assert_eq!(read(&ground(kind, PixelFormat::I420, size)), None, "{kind} {size:?}");
        }
    }
    let badged = read(&badged(ground(0, PixelFormat::I420, (640, 360)), Corner::TopLeft).0);
    assert_eq!(badged.unwrap().place, Some(Corner::TopLeft));
}
