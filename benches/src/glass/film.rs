//! A camera that is none: it films the screen in memory, aslant, blurred and noisy, and hands its pictures on after a known
//! time. What the bench then finds must be that time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use glam::{Vec2, vec2};
use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::frame::{Colour, Frame, FrameTime, PixelFormat, srgb};
use omote_engine::pipeline::LiveSource;
use omote_engine::source::camera::{Camera, Captured, StreamInfo};
use omote_engine::timing::now;

use super::code::{self, PAIRS, Shade};
use super::screen::Screen;

pub(super) const SIZE: [usize; 2] = [1280, 720];
/// Where the frame's corners are, in parts of the picture.
pub(super) const CORNERS: [Vec2; 4] =
    [vec2(0.19, 0.24), vec2(0.50, 0.19), vec2(0.52, 0.80), vec2(0.18, 0.74)];
/// Seconds of exposure, and from picture to picture: not in step with any display.
pub(super) const EXPOSURE: f64 = 0.012;
const PERIOD: f64 = 1.0 / 29.7;
/// The screen's white and black in linear light, and the spread of the noise in codes.
const WHITE: f32 = 0.55;
const BLACK: f32 = 0.01;
const NOISE: i32 = 4;
/// Entries of the table of shades: white, black, then two for each pair.
const SHADES: usize = 2 + 2 * PAIRS;

/// The camera's picture of the code, for any state of it.
pub(super) struct Lens {
    /// The shades of four places of each pixel.
    pixels: Vec<[u8; 4]>,
    chance: fastrand::Rng,
}

impl Lens {
    /// With the frame's corners at such places, in parts of the picture: upper left, upper right, lower right, lower left.
    pub(super) fn new(corners: [Vec2; 4]) -> anyhow::Result<Self> {
        let size = vec2(SIZE[0] as f32, SIZE[1] as f32);
        let back = code::placed(corners.map(|c| c * size)).context("the lens is folded")?.inverse();
        let shade = |x: f32, y: f32| match code::shade(code::through(&back, vec2(x, y))) {
            Shade::White => 0,
            Shade::Black => 1,
            Shade::Cell(pair, second) => (2 + 2 * pair + usize::from(second)) as u8,
        };
        // Places farther apart than the pixel is wide: a lens blurs.
        let places = [(-0.2, -0.2), (1.2, -0.2), (-0.2, 1.2), (1.2, 1.2)];
        let pixel = |i: usize| {
            let (x, y) = ((i % SIZE[0]) as f32, (i / SIZE[0]) as f32);
            places.map(|(dx, dy)| shade(x + dx, y + dy))
        };
        Ok(Self { pixels: (0..SIZE[0] * SIZE[1]).map(pixel).collect(), chance: fastrand::Rng::with_seed(1) })
    }

    /// What it sees while the pairs' first cells have such light, 0..=1 of white.
    pub(super) fn film(&mut self, light: &[f32; PAIRS]) -> Vec<u8> {
        let mut table = [WHITE, BLACK].to_vec();
        table.extend(light.iter().flat_map(|v| [*v, 1.0 - v].map(|v| BLACK + (WHITE - BLACK) * v)));
        let quarter: Vec<f32> = table.iter().map(|v| v / 4.0).collect();
        let codes: Vec<u8> = (0..=1023).map(|k| encoded(k as f32 / 1023.0)).collect();
        let mut out = Vec::with_capacity(self.pixels.len() * 3 / 2);
        for places in &self.pixels {
            let sum: f32 = places.iter().map(|k| quarter[usize::from(*k).min(SHADES - 1)]).sum();
            let noise = self.chance.i32(-NOISE..=NOISE);
            out.push((i32::from(codes[(sum * 1023.0) as usize]) + noise).clamp(0, 255) as u8);
        }
        out.resize(self.pixels.len() * 3 / 2, 128);
        out
    }
}

fn encoded(v: f32) -> u8 {
    (srgb::encode(v) * 255.0).round().clamp(0.0, 255.0) as u8
}

/// The mean light of the pairs' first cells over an exposure; none where the screen showed nothing then.
pub(super) fn exposed(screen: &Screen, from: Duration, to: Duration) -> Option<[f32; PAIRS]> {
    let shown = screen.since(from);
    let (mut sum, mut total) = ([0.0; PAIRS], 0.0);
    for (k, (number, begun)) in shown.iter().enumerate() {
        let end = shown.get(k + 1).map_or(to, |(_, t)| (*t).min(to));
        let share = end.saturating_sub((*begun).max(from)).as_secs_f32();
        for (sum, light) in sum.iter_mut().zip(code::light(*number)) {
            *sum += light * share;
        }
        total += share;
    }
    (total > 0.0).then(|| sum.map(|v| v / total))
}

/// A frame of such luma and no colour.
pub(super) fn frame(data: Vec<u8>) -> Result<Frame> {
    let [width, height] = SIZE.map(|v| v as u32);
    Frame::new(PixelFormat::I420, Colour::JPEG, width, height, data).map_err(fault)
}

fn fault(e: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Backend, Stage::Source, e.to_string())
}

/// Seconds from the middle of each exposure to its picture, as they really were.
pub(super) type Delays = Arc<Mutex<Vec<f64>>>;

/// The camera as a source: its pictures come `delay` after the middle of their exposure, or a little later where the machine
/// is busy; `delays` tells.
pub(super) fn source(screen: &Arc<Screen>, delay: Duration, delays: &Delays) -> LiveSource {
    let (screen, delays) = (Arc::clone(screen), Arc::clone(delays));
    LiveSource::Camera(Arc::new(move |_| {
        let lens = Lens::new(CORNERS).map_err(fault)?;
        Ok(Box::new(Film {
            screen: Arc::clone(&screen),
            delays: Arc::clone(&delays),
            delay,
            lens,
            due: now(),
            taken: VecDeque::new(),
        }) as Box<dyn Camera>)
    }))
}

struct Film {
    screen: Arc<Screen>,
    delays: Delays,
    delay: Duration,
    lens: Lens,
    due: Duration,
    /// Pictures on their way, each with the middle of its exposure.
    taken: VecDeque<(Duration, Frame)>,
}

impl Camera for Film {
    fn info(&self) -> StreamInfo {
        let [width, height] = SIZE.map(|v| v as u32);
        let mode = format!("{width}x{height} I420");
        StreamInfo { name: "the screen in memory".to_owned(), mode, width, height, fps: 1.0 / PERIOD }
    }

    fn next(&mut self, limit: Duration) -> Result<Captured> {
        let end = now() + limit;
        loop {
            let first = self.taken.front().map(|(middle, _)| *middle + self.delay);
            let event = first.map_or(self.due, |t| t.min(self.due));
            if event > end {
                std::thread::sleep(end.saturating_sub(now()));
                return Ok(Captured::Late);
            }
            std::thread::sleep(event.saturating_sub(now()));
            if first == Some(event)
                && let Some((middle, mut frame)) = self.taken.pop_front()
            {
                let time = now();
                frame.time = FrameTime(time);
                let late = time.saturating_sub(middle).as_secs_f64();
                self.delays.lock().unwrap_or_else(PoisonError::into_inner).push(late);
                return Ok(Captured::Frame(frame));
            }
            let to = now();
            self.due = (self.due + Duration::from_secs_f64(PERIOD)).max(to);
            let from = to.saturating_sub(Duration::from_secs_f64(EXPOSURE));
            if let Some(light) = exposed(&self.screen, from, to) {
                self.taken.push_back(((from + to) / 2, frame(self.lens.film(&light))?));
            }
        }
    }
}
