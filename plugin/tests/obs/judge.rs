//! What a picture that viewers would see is: nothing, the card, the worn face, or the bare one.

use crate::sources::Picture;
use omote_engine::actor::{Actor, ActorOptions};
use omote_engine::badge;
use omote_engine::frame::{Colour, Frame, PixelFormat};
use omote_engine::source::Rate;
use omote_engine::space::{MeshPoint, PxRect};

/// Bounds in pixels: left, top, right, bottom.
type Bounds = [usize; 4];

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing at all is drawn.
    Nothing,
    /// Another picture with the badge, without what was filmed.
    Card,
    /// What was filmed, with the badge and another face.
    Worn,
    /// The filmed face, or no badge.
    Bare,
}

/// A still picture of the actor: what is filmed, and where the face is.
pub(crate) struct Scene {
    pub(crate) picture: Picture,
    face: Bounds,
    /// The face with everything that a persona may touch.
    around: Bounds,
}

impl Scene {
    /// The actor standing still, at this size.
    pub(crate) fn still(w: u32, h: u32) -> Self {
        let options = ActorOptions {
            still: true,
            noise: 0.0,
            format: PixelFormat::I444,
            ..ActorOptions::new(1, w, h, Rate::DEFAULT)
        };
        let filmed = Actor::with(options).expect("an actor").frame(0);
        let points = &filmed.faces[0].landmarks;
        let range = |of: fn(&MeshPoint) -> f32| {
            let all = points.iter().map(of);
            (all.clone().fold(f32::MAX, f32::min), all.fold(f32::MIN, f32::max))
        };
        let ((x0, x1), (y0, y1)) = (range(|p| p.x), range(|p| p.y));
        let scaled = |by: f32| {
            let (mx, my, rx, ry) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0, (x1 - x0) / 2.0, (y1 - y0) / 2.0);
            [mx - rx * by, my - ry * by, mx + rx * by, my + ry * by]
                .map(|v| v.max(0.0) as usize)
                .map(|v| v.min(w.max(h) as usize))
        };
        let bgra = filmed.frame.converted(PixelFormat::Bgra, Colour::JPEG).expect("BGRA");
        let picture = Picture { w: w as usize, h: h as usize, bgra: bgra.data().to_vec() };
        Self { picture, face: scaled(0.6), around: scaled(1.6) }
    }

    /// What `shown` is, where `filmed` is what OBS shows of the source without the filter.
    pub(crate) fn judge(&self, shown: &[u8], filmed: &[u8]) -> Seen {
        if shown.iter().all(|v| *v == 0) {
            return Seen::Nothing;
        }
        let (w, h) = (self.picture.w, self.picture.h);
        let frame = Frame::new(PixelFormat::Bgra, Colour::JPEG, w as u32, h as u32, shown.to_vec());
        let Some(found) = badge::read(&frame.expect("a frame")) else { return Seen::Bare };
        let plate = bounds(found.rect);
        let outside = difference(shown, filmed, w, |x, y| !inside(self.around, x, y) && !inside(plate, x, y));
        let face = difference(shown, filmed, w, |x, y| inside(self.face, x, y));
        match (outside < 3.0, face > 8.0) {
            (_, false) => {
                eprintln!("bare: the face differs by {face:.1} codes, the rest by {outside:.1}");
                keep("bare", shown, w as u32);
                Seen::Bare
            }
            (true, true) => Seen::Worn,
            (false, true) => Seen::Card,
        }
    }

    /// The largest difference outside the face and the badge, 0..=255.
    pub(crate) fn strayed(&self, shown: &[u8], filmed: &[u8]) -> u8 {
        let (w, h) = (self.picture.w as u32, self.picture.h as u32);
        let frame = Frame::new(PixelFormat::Bgra, Colour::JPEG, w, h, shown.to_vec()).expect("a frame");
        let plate = bounds(badge::read(&frame).expect("a badge").rect);
        let outside = |at: usize| {
            let (x, y) = (at / 4 % w as usize, at / 4 / w as usize);
            !inside(self.around, x, y) && !inside(plate, x, y)
        };
        let pairs = shown.iter().zip(filmed).enumerate().filter(|(at, _)| at % 4 != 3 && outside(*at));
        pairs.map(|(_, (a, b))| a.abs_diff(*b)).max().unwrap_or(0)
    }
}

fn bounds(r: PxRect) -> Bounds {
    [r.x, r.y, r.right(), r.bottom()].map(|v| v as usize)
}

fn inside([x0, y0, x1, y1]: Bounds, x: usize, y: usize) -> bool {
    (x0..x1).contains(&x) && (y0..y1).contains(&y)
}

/// Mean difference of colour where `count` says so, 0..=255.
fn difference(a: &[u8], b: &[u8], w: usize, count: impl Fn(usize, usize) -> bool) -> f64 {
    let (mut sum, mut n) = (0u64, 0u64);
    for (at, (a, b)) in a.chunks_exact(4).zip(b.chunks_exact(4)).enumerate() {
        if count(at % w, at / w) {
            sum += a.iter().zip(b).take(3).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>();
            n += 3;
        }
    }
    sum as f64 / n.max(1) as f64
}

/// Writes a picture for people to look at, where a folder for it is named.
pub(crate) fn keep(name: &str, bgra: &[u8], w: u32) {
    let Some(folder) = std::env::var_os("OMOTE_OBS_PICTURES") else { return };
    std::fs::create_dir_all(&folder).expect("a folder");
    write(&std::path::Path::new(&folder).join(format!("{name}.png")), bgra, w);
}

/// Writes a picture.
pub(crate) fn write(path: &std::path::Path, bgra: &[u8], w: u32) {
    let rgb: Vec<u8> = bgra.chunks_exact(4).flat_map(|p| [p[2], p[1], p[0]]).collect();
    let h = bgra.len() as u32 / 4 / w;
    image::save_buffer(path, &rgb, w, h, image::ExtendedColorType::Rgb8).expect("the picture is written");
}
