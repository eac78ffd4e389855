//! The badge in every sink, pixel format and size, read back from finished output; and nothing else changed.
#![expect(clippy::unwrap_used, reason = "tests, and what they share")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use omote_engine::badge::{self, BadgedFrame, Badger, Canvas, Corner, Disclosure};
use omote_engine::frame::{Colour, Frame, Matrix, PixelFormat, Range};
use omote_engine::sink::{self, SinkSpec};
use omote_engine::source::{self, Rate};
use omote_engine::space::PxRect;
use tempfile::TempDir;

const COLOURS: [Colour; 4] = [
    Colour::JPEG,
    Colour { matrix: Matrix::Bt601, range: Range::Limited },
    Colour { matrix: Matrix::Bt709, range: Range::Limited },
    Colour { matrix: Matrix::Bt709, range: Range::Full },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Y4m,
    Png,
    Folder,
    Mp4,
    Memory,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    to: To,
    format: PixelFormat,
    colour: Colour,
    size: (u32, u32),
}

/// Every sink and format at the small sizes. At the larger ones, and for .mp4 (which starts four programs a
/// row), formats and colours take turns.
fn rows() -> Vec<Row> {
    let small = [(160, 120), (120, 160), (161, 121), (320, 180), (319, 181), (641, 361)];
    let middle = [(1279, 719), (1280, 720), (1080, 1920), (1919, 1081)];
    let large = [(3840, 2160), (3839, 2159)];
    let mut colours = COLOURS.into_iter().cycle();
    let mut formats = PixelFormat::ALL.into_iter().cycle();
    let mut rows = Vec::new();
    let mut add = |to, format: Option<PixelFormat>, colour: Option<Colour>, size| {
        let next = formats.next().zip(colours.next());
        rows.extend(next.map(|(f, c)| Row {
            to,
            format: format.unwrap_or(f),
            colour: colour.unwrap_or(c),
            size,
        }));
    };
    for size in small {
        for format in PixelFormat::ALL {
            for to in [To::Y4m, To::Png, To::Folder, To::Memory] {
                add(to, Some(format), None, size);
            }
        }
        add(To::Mp4, None, None, size);
    }
    for size in middle {
        for to in [To::Y4m, To::Png, To::Y4m, To::Folder, To::Memory, To::Mp4] {
            add(to, None, None, size);
        }
    }
    for size in large {
        for to in [To::Y4m, To::Png, To::Mp4] {
            add(to, None, None, size);
        }
    }
    for (i, format) in PixelFormat::ALL.into_iter().enumerate() {
        for (j, colour) in COLOURS.into_iter().enumerate() {
            add(To::Y4m, Some(format), Some(colour), (319, 181));
            if i % 4 == j {
                add(To::Mp4, Some(format), Some(colour), (321, 183));
            }
        }
    }
    rows
}

/// A picture in strong but smooth colours, so that a codec and halved chroma keep it.
fn smooth(row: &Row) -> Frame {
    let (w, h) = row.size;
    let mut rgb = Vec::with_capacity((w * h * 3) as usize);
    for y in 0..h {
        for x in 0..w {
            let (u, v) = (x as f32 / w as f32, y as f32 / h as f32);
            let wave = (u * 9.0).sin() * (v * 7.0).cos() * 30.0;
            rgb.extend(
                [20.0 + 190.0 * u + wave, 225.0 - 180.0 * v, 40.0 + 150.0 * (1.0 - u) * v - wave]
                    .map(|c| c as u8),
            );
        }
    }
    Frame::new(PixelFormat::Rgb, Colour::JPEG, w, h, rgb).unwrap().converted(row.format, row.colour).unwrap()
}

/// A picture of noise over all codes: whatever is not copied is seen.
fn noise(row: &Row) -> Frame {
    let mut chance = fastrand::Rng::with_seed(u64::from(row.size.0 ^ (row.size.1 << 16)));
    let data: Vec<u8> =
        (0..Frame::byte_len(row.format, row.size.0, row.size.1)).map(|_| chance.u8(..)).collect();
    Frame::new(row.format, row.colour, row.size.0, row.size.1, data).unwrap()
}

/// Whether the samples themselves are written, so that they must come back bit for bit.
fn lossless(row: &Row) -> bool {
    match row.to {
        To::Y4m => row.format.is_yuv() && row.colour.matrix == Matrix::Bt601,
        To::Mp4 => false,
        _ => true,
    }
}

fn badged(frame: Frame) -> Result<BadgedFrame, badge::BadgeError> {
    Badger::new(Corner::default()).finish(Canvas::new(frame), Disclosure::Modified)
}

/// Writes the frame twice and reads the output back.
fn through(row: &Row, frame: &BadgedFrame, folder: &Path) -> Result<Vec<Frame>, String> {
    let said = |e: omote_engine::error::Error| e.to_string();
    let count = if row.to == To::Png { 1 } else { 2 };
    if row.to == To::Memory {
        let (mut sink, memory) = sink::memory();
        for _ in 0..count {
            sink.present(frame).map_err(said)?;
        }
        sink.finish().map_err(said)?;
        return Ok(memory.take());
    }
    let name = match row.to {
        To::Y4m => "out.y4m",
        To::Png => "out.png",
        To::Mp4 => "out.mp4",
        To::Folder | To::Memory => "out/",
    };
    let path = folder.join(name);
    let spec = SinkSpec { frames: Some(count), ..SinkSpec::steady(Rate::DEFAULT) };
    let mut sink = sink::create(&path, &spec).map_err(said)?;
    for _ in 0..count {
        sink.present(frame).map_err(said)?;
    }
    let done = sink.finish().map_err(said)?;
    if done.frames != count {
        return Err(format!("{} frames finished", done.frames));
    }
    let mut source = source::open(&path).map_err(said)?;
    let mut frames = Vec::new();
    while let Some(frame) = source.next().map_err(said)? {
        frames.push(frame);
    }
    Ok(frames)
}

fn inside(rect: &PxRect, ring: u32, x: u32, y: u32) -> bool {
    x + ring >= rect.x && x < rect.right() + ring && y + ring >= rect.y && y < rect.bottom() + ring
}

/// Samples of a frame as (plane, column, row) in Y, Cb, Cr or R, G, B, A, whatever their order in memory.
fn sample(f: &Frame, plane: usize, x: usize, y: usize) -> u8 {
    let p = f.planes();
    let at = |i: usize, x: usize| f.plane(i)[y * p[i].stride + x];
    match (f.format(), plane) {
        (PixelFormat::Nv12, 1 | 2) => at(1, x * 2 + plane - 1),
        (PixelFormat::Yuyv, 0) => at(0, x * 2),
        (PixelFormat::Yuyv, _) => at(0, x * 4 + plane * 2 - 1),
        (PixelFormat::Bgra, _) => at(0, x * 4 + [2, 1, 0, 3][plane]),
        (PixelFormat::Rgb, _) => at(0, x * 3 + plane),
        _ => at(plane, x),
    }
}

/// Compares all samples outside of the plate exactly.
fn same_samples(input: &Frame, output: &Frame, plate: &PxRect) -> Result<(), String> {
    let (step_x, step_y) = input.format().chroma_step();
    let planes = if input.format() == PixelFormat::Bgra { 4 } else { 3 };
    for plane in 0..planes {
        let (sx, sy) = if plane == 0 { (1, 1) } else { (step_x, step_y) };
        for y in 0..input.height().div_ceil(sy) {
            for x in 0..input.width().div_ceil(sx) {
                let (a, b) = (
                    sample(input, plane, x as usize, y as usize),
                    sample(output, plane, x as usize, y as usize),
                );
                // A colour that nobody sees is dropped on reading.
                let unseen = planes == 4 && plane < 3 && sample(input, 3, x as usize, y as usize) == 0;
                if a != b && !unseen && !inside(plate, 0, x * sx, y * sy) {
                    return Err(format!("plane {plane} at {x},{y}: {a} became {b}"));
                }
            }
        }
    }
    Ok(())
}

/// Compares R'G'B' outside of the plate and a ring round it.
fn alike(
    input: &Frame,
    output: &Frame,
    plate: &PxRect,
    ring: u32,
    mean: f64,
    worst: u8,
) -> Result<(), String> {
    let (a, b) = (input.to_rgb(), output.to_rgb());
    let (mut sum, mut count, mut top) = (0u64, 0u64, (0u8, 0, 0));
    for y in 0..input.height() {
        for x in 0..input.width() {
            if inside(plate, ring, x, y) {
                continue;
            }
            for c in 0..3 {
                let i = (y * input.width() + x) as usize * 3 + c;
                let o = (y * output.width() + x) as usize * 3 + c;
                let off = a[i].abs_diff(b[o]);
                sum += u64::from(off);
                count += 1;
                if off > top.0 {
                    top = (off, x, y);
                }
            }
        }
    }
    let off = sum as f64 / count as f64;
    if off > mean || top.0 > worst {
        return Err(format!("mean difference {off:.2}, worst {} at {},{}", top.0, top.1, top.2));
    }
    Ok(())
}

fn check(row: &Row) -> Result<(), String> {
    let folder = TempDir::new().map_err(|e| e.to_string())?;
    let input = if lossless(row) { noise(row) } else { smooth(row) };
    let badged = badged(input.clone()).map_err(|e| e.to_string())?;
    let plate = badged.plate();
    let frames = through(row, &badged, folder.path())?;
    if frames.len() != if row.to == To::Png { 1 } else { 2 } {
        return Err(format!("{} frames came back", frames.len()));
    }
    for output in &frames {
        let even = |v: u32| if row.to == To::Mp4 { v.next_multiple_of(2) } else { v };
        let size = (even(row.size.0), even(row.size.1));
        if (output.width(), output.height()) != size {
            return Err(format!("came back as {}x{}", output.width(), output.height()));
        }
        let found = badge::read(output).ok_or("no badge found")?;
        if found.rect != plate {
            return Err(format!("badge found at {:?}, drawn at {plate:?}", found.rect));
        }
        match row.to {
            To::Y4m if lossless(row) => {
                if (output.colour(), output.format().chroma_step()) != (row.colour, row.format.chroma_step())
                {
                    return Err(format!("came back as {:?} {:?}", output.format(), output.colour()));
                }
                same_samples(&input, output, &plate)?;
            }
            // 709 to 601, or R'G'B' to 4:2:0: rounding and halved chroma, which the plate's edge reaches.
            To::Y4m => alike(&input, output, &plate, 2, 1.5, 12)?,
            To::Mp4 => alike(&input, output, &plate, 8, 2.0, 40)?,
            To::Memory => {
                same_samples(&input, output, &plate)?;
                if output != badged.frame() {
                    return Err("the frame itself changed".into());
                }
            }
            To::Png | To::Folder if row.format.is_yuv() => {
                if output.data() != badged.frame().to_rgb() {
                    return Err("not the frame's R'G'B'".into());
                }
                // Interpolated chroma carries the plate's edge two pixels far.
                let ring = if row.format == PixelFormat::I444 { 0 } else { 2 };
                alike(&input, output, &plate, ring, 0.0, 0)?;
            }
            To::Png | To::Folder => same_samples(&input, output, &plate)?,
        }
    }
    Ok(())
}

#[test]
fn every_sink_format_and_size_carries_the_badge_and_changes_nothing_else() {
    let ffmpeg = Command::new("ffmpeg").arg("-version").stdout(Stdio::null()).status().is_ok();
    let mut rows = rows();
    if !ffmpeg {
        let before = rows.len();
        rows.retain(|r| r.to != To::Mp4);
        println!("skipped: {} rows for .mp4, ffmpeg not found", before - rows.len());
    }
    for to in [To::Y4m, To::Png, To::Folder, To::Mp4, To::Memory] {
        for format in PixelFormat::ALL {
            let there = rows.iter().any(|r| (r.to, r.format) == (to, format));
            assert!(there || (to == To::Mp4 && !ffmpeg), "{to:?} {format:?} is not in the table");
        }
    }
    // Two at a time: much of a row for .mp4 is waiting for ffmpeg.
    let next = AtomicUsize::new(0);
    let work = || {
        let rows = std::iter::from_fn(|| rows.get(next.fetch_add(1, Ordering::Relaxed)));
        rows.filter_map(|row| check(row).err().map(|what| format!("{row:?}: {what}"))).collect::<Vec<_>>()
    };
    let failures = std::thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        workers.map(|w| w.join().unwrap()).concat()
    });
    println!("{} rows", rows.len());
    assert!(
        failures.is_empty(),
        "{} of {} rows failed:\n{}",
        failures.len(),
        rows.len(),
        failures.join("\n")
    );
}

#[test]
fn smaller_pictures_are_refused_with_the_remedy() {
    for size in [(159, 120), (160, 119), (119, 160), (120, 120), (64, 64), (1, 1), (8000, 1)] {
        for format in PixelFormat::ALL {
            let frame = Frame::filled(format, Colour::JPEG, size.0, size.1, [90, 90, 90]).unwrap();
            let refused = badged(frame).unwrap_err().to_string();
            assert!(refused.contains("--scale") && refused.contains("160x120"), "{size:?}: {refused}");
        }
    }
}
