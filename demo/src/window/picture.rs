//! Badged frames as pixels for the screen: row by row, no larger than they are shown.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use eframe::egui::{Color32, ColorImage, Context};
use omote_engine::badge::BadgedFrame;
use omote_engine::frame::{Frame, PixelFormat};
use omote_engine::pipeline::{Shown, State};

/// A frame, and its picture for the screen.
pub(crate) struct ScreenPicture {
    /// Its pixels, no larger than they are shown.
    pub(crate) image: ColorImage,
    /// The frame.
    pub(crate) shown: Arc<Shown>,
}

/// Sees every frame.
pub(crate) type Watcher = Box<dyn FnMut(&Arc<Shown>) + Send>;

/// Between two pictures where a program on the CPU draws the window: its time is the engine's too.
const SPARING: Duration = Duration::from_millis(80);

/// Between the thread that sees the frames and the window: the newest picture.
pub(crate) struct PreviewSlot {
    newest: Mutex<Option<ScreenPicture>>,
    /// Width of the preview in the screen's pixels.
    width: AtomicU32,
    /// At least so long from one picture to the next.
    pause: Duration,
}

impl PreviewSlot {
    /// No picture yet. `sparing` gives fewer pictures a second than come.
    pub(crate) fn new(sparing: bool) -> Self {
        let pause = if sparing { SPARING } else { Duration::ZERO };
        Self { newest: Mutex::default(), width: AtomicU32::new(1280), pause }
    }

    /// What takes the frames: it runs on a thread of the pipeline.
    pub(crate) fn watcher(self: &Arc<Self>, context: &Context) -> Watcher {
        let (slot, context) = (Arc::clone(self), context.clone());
        let mut last: Option<(Instant, State)> = None;
        Box::new(move |shown| {
            // A change of state is always shown at once.
            if last.is_some_and(|(at, state)| at.elapsed() < slot.pause && state == shown.state) {
                return;
            }
            last = Some((Instant::now(), shown.state));
            let width = shown.badged.frame().width();
            let by = reduction(width, slot.width.load(Ordering::Relaxed));
            let image = for_screen(&shown.badged, by);
            if let Ok(mut newest) = slot.newest.lock() {
                *newest = Some(ScreenPicture { image, shown: Arc::clone(shown) });
            }
            context.request_repaint();
        })
    }

    /// The newest picture, once.
    pub(crate) fn take(&self) -> Option<ScreenPicture> {
        self.newest.lock().ok().and_then(|mut newest| newest.take())
    }

    /// Says how wide the preview is on the screen, in its pixels.
    pub(crate) fn set_width(&self, pixels: u32) {
        self.width.store(pixels, Ordering::Relaxed);
    }
}

/// 16-bit fixed point.
const FIX: f32 = 65536.0;

/// How many source pixels a side become one, so that the result is just not smaller than `shown` pixels
/// wide. Never more than 8.
fn reduction(width: u32, shown: u32) -> u32 {
    (width / shown.max(1)).clamp(1, 8)
}

/// The picture for the screen, each pixel the mean of `reduction` × `reduction` of the frame's luma (or
/// colours), with the chroma that stands at its middle. Columns and rows that fill no pixel are left out.
pub(crate) fn for_screen(badged: &BadgedFrame, reduction: u32) -> ColorImage {
    screen_pixels(badged.frame(), reduction)
}

fn screen_pixels(frame: &Frame, reduction: u32) -> ColorImage {
    let k = reduction.max(1) as usize;
    let (width, height) = ((frame.width() as usize / k).max(1), (frame.height() as usize / k).max(1));
    let mut pixels = Vec::with_capacity(width * height);
    if frame.format().is_yuv() {
        yuv(frame, k, width, height, &mut pixels);
    } else {
        packed(frame, k, width, height, &mut pixels);
    }
    pixels.resize(width * height, Color32::BLACK);
    ColorImage::new([width, height], pixels)
}

/// A row of a plane, clipped to what is there.
fn row(frame: &Frame, plane: usize, y: usize) -> &[u8] {
    let Some(shape) = frame.planes().get(plane) else { return &[] };
    let start = y.min(shape.rows.saturating_sub(1)) * shape.stride;
    let bytes = frame.plane(plane);
    bytes.get(start..(start + shape.row_bytes).min(bytes.len())).unwrap_or_default()
}

/// Formats of four or three bytes a pixel.
fn packed(frame: &Frame, k: usize, width: usize, height: usize, pixels: &mut Vec<Color32>) {
    let (step, red, blue) = if frame.format() == PixelFormat::Bgra { (4, 2, 0) } else { (3, 0, 2) };
    let mut sums = vec![[0u32; 3]; width];
    let share = 65536 / (k * k) as u32;
    for y in 0..height {
        sums.fill([0; 3]);
        for line in 0..k {
            let bytes = row(frame, 0, y * k + line);
            for (sum, group) in sums.iter_mut().zip(bytes.chunks(step * k)) {
                for pixel in group.chunks_exact(step) {
                    sum[0] += u32::from(pixel[red]);
                    sum[1] += u32::from(pixel[1]);
                    sum[2] += u32::from(pixel[blue]);
                }
            }
        }
        pixels.extend(sums.iter().map(|sum| {
            let [r, g, b] = sum.map(|v| ((v * share + 32768) >> 16).min(255) as u8);
            Color32::from_rgb(r, g, b)
        }));
    }
}

/// Y'CbCr formats.
fn yuv(frame: &Frame, k: usize, width: usize, height: usize, pixels: &mut Vec<Color32>) {
    let map = frame.colour().to_rgb();
    let gain = map.map(|row| [row[0], row[1], row[2]].map(|v| (v * FIX).round() as i32));
    let bias = map.map(|row| (row[3] * 255.0 * FIX).round() as i32 + (1 << 15));
    let (across, down) = frame.format().chroma_step();
    let (across, down) = (across as usize, down as usize);
    let mut luma = vec![0u32; width];
    let mut chroma = vec![[0i32; 2]; width];
    let share = 65536 / (k * k) as u32;
    // The source pixel whose chroma a screen pixel takes.
    let middle = k / 2;
    for y in 0..height {
        luma.fill(0);
        for line in 0..k {
            let bytes = row(frame, 0, y * k + line);
            if frame.format() == PixelFormat::Yuyv {
                for (sum, group) in luma.iter_mut().zip(bytes.chunks(2 * k)) {
                    *sum += group.iter().step_by(2).map(|v| u32::from(*v)).sum::<u32>();
                }
            } else if k == 1 {
                luma.iter_mut().zip(bytes).for_each(|(sum, v)| *sum = u32::from(*v));
            } else {
                for (sum, group) in luma.iter_mut().zip(bytes.chunks(k)) {
                    *sum += group.iter().map(|v| u32::from(*v)).sum::<u32>();
                }
            }
        }
        let source = y * k + middle;
        let at = |x: usize| (x * k + middle) / across;
        match frame.format() {
            PixelFormat::Yuyv => {
                let bytes = row(frame, 0, source);
                for (x, out) in chroma.iter_mut().enumerate() {
                    *out = [1, 3].map(|i| code(bytes, at(x) * 4 + i));
                }
            }
            PixelFormat::Nv12 => {
                let bytes = row(frame, 1, source / down);
                for (x, out) in chroma.iter_mut().enumerate() {
                    *out = [0, 1].map(|i| code(bytes, at(x) * 2 + i));
                }
            }
            _ => {
                let (cb, cr) = (row(frame, 1, source / down), row(frame, 2, source / down));
                for (x, out) in chroma.iter_mut().enumerate() {
                    *out = [code(cb, at(x)), code(cr, at(x))];
                }
            }
        }
        pixels.extend(luma.iter().zip(&chroma).map(|(sum, [cb, cr])| {
            let l = ((sum * share + 32768) >> 16) as i32;
            let channel = |i: usize| {
                ((gain[i][0] * l + gain[i][1] * cb + gain[i][2] * cr + bias[i]) >> 16).clamp(0, 255) as u8
            };
            Color32::from_rgb(channel(0), channel(1), channel(2))
        }));
    }
}

/// A chroma code; none is grey.
#[inline]
fn code(bytes: &[u8], at: usize) -> i32 {
    bytes.get(at).map_or(128, |v| i32::from(*v))
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_engine::frame::Colour;

    /// A smooth picture, so that how chroma is interpolated makes little difference.
    fn smooth(format: PixelFormat, width: u32, height: u32) -> Frame {
        let (w, h) = (width as usize, height as usize);
        let rgb: Vec<u8> = (0..w * h)
            .flat_map(|i| {
                let (x, y) = (i % w, i / w);
                [x * 200 / w + 20, y * 200 / h + 20, 128].map(|v| v as u8)
            })
            .collect();
        let frame = Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, rgb).unwrap();
        frame.converted(format, Colour::JPEG).unwrap()
    }

    #[test]
    fn whole_pictures_agree_with_the_engines_own_conversion() {
        for format in PixelFormat::ALL {
            let frame = smooth(format, 158, 90);
            let screen = screen_pixels(&frame, 1);
            assert_eq!(screen.size, [158, 90]);
            let expected = frame.to_rgb();
            for (pixel, rgb) in screen.pixels.iter().zip(expected.chunks(3)) {
                for (a, b) in pixel.to_array().iter().zip(rgb) {
                    assert!(a.abs_diff(*b) <= 4, "{format:?}: {pixel:?} {rgb:?}");
                }
            }
        }
    }

    #[test]
    fn formats_without_subsampling_agree_exactly() {
        for format in [PixelFormat::Rgb, PixelFormat::Bgra, PixelFormat::I444] {
            let frame = smooth(format, 33, 21);
            let screen = screen_pixels(&frame, 1);
            let found: Vec<u8> = screen.pixels.iter().flat_map(|p| [p.r(), p.g(), p.b()]).collect();
            assert_eq!(found, frame.to_rgb(), "{format:?}");
        }
    }

    #[test]
    fn reduced_pictures_are_means() {
        for format in PixelFormat::ALL {
            for k in [2usize, 3] {
                let frame = smooth(format, 62, 40);
                let screen = screen_pixels(&frame, k as u32);
                assert_eq!(screen.size, [62 / k, 40 / k]);
                let whole = frame.to_rgb();
                for (i, pixel) in screen.pixels.iter().enumerate() {
                    let (x, y) = (i % (62 / k) * k, i / (62 / k) * k);
                    for c in 0..3 {
                        let sum: u32 = (0..k * k)
                            .map(|n| u32::from(whole[((y + n / k) * 62 + x + n % k) * 3 + c]))
                            .sum();
                        let mean = (sum / (k * k) as u32) as u8;
                        assert!(pixel.to_array()[c].abs_diff(mean) <= 8, "{format:?} {k} {pixel:?} {mean}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_picture_is_not_made_smaller_than_it_is_shown() {
        for (width, shown, k) in [(1280, 1280, 1), (1280, 900, 1), (1280, 640, 2), (1920, 600, 3), (64, 0, 8)]
        {
            assert_eq!(reduction(width, shown), k, "{width} {shown}");
        }
    }
}
