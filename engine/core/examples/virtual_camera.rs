//! Plays the badged actor through a virtual camera, and writes what its readers must get:
//!
//! `virtual_camera CAMERA [--size 640x360] [--rate 15] [--frames 60] [--format yuyv|i420] [--expect FILE]`
//!
//! CAMERA is as for `--virtual-camera`. Every frame differs from every other; they are played over and over
//! until the standard input ends. FILE gets the frames once, one after the other, without gaps, from a memory
//! sink. Standard output gets `open: ...` when the camera is there, `playing` when FILE is complete and the
//! first frame was sent, `readers: ...` when that changes, and `sent: ...` at the end.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use omote_engine::actor::{Actor, ActorOptions};
use omote_engine::badge::{BadgedFrame, Badger, Canvas, Corner, Disclosure};
use omote_engine::frame::{Colour, Matrix, Range};
use omote_engine::sink::virtual_camera::{
    VirtualCamera, VirtualFormat, VirtualSink, VirtualSpec, open_virtual_camera,
};
use omote_engine::sink::{Sink, memory};
use omote_engine::source::Rate;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

struct Options {
    camera: VirtualCamera,
    spec: VirtualSpec,
    frames: u64,
    expect: Option<String>,
}

fn options() -> Fallible<Options> {
    let mut words = std::env::args().skip(1);
    let camera = words.next().ok_or("which camera? auto, v4l2, v4l2:/dev/video10 or pipewire")?.parse()?;
    let rate = Rate::new(15, 1).ok_or("no rate")?;
    let spec = VirtualSpec { width: 640, height: 360, rate, format: VirtualFormat::Yuyv };
    let mut options = Options { camera, spec, frames: 60, expect: None };
    while let Some(name) = words.next() {
        let value = words.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--size" => {
                let (width, height) = value.split_once('x').ok_or("sizes are like 640x360")?;
                (options.spec.width, options.spec.height) = (width.parse()?, height.parse()?);
            }
            "--rate" => options.spec.rate = value.parse()?,
            "--frames" => options.frames = value.parse::<u64>()?.max(1),
            "--format" if value == "yuyv" => options.spec.format = VirtualFormat::Yuyv,
            "--format" if value == "i420" => options.spec.format = VirtualFormat::I420,
            "--expect" => options.expect = Some(value),
            _ => return Err(format!("{name} {value} is no option").into()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    match options().and_then(|options| play(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The actor's frames with the badge, in the samples that the camera sends.
fn badged(options: &Options, size: (u32, u32), format: VirtualFormat) -> Fallible<Vec<BadgedFrame>> {
    let mut actor = Actor::with(ActorOptions::new(7, size.0, size.1, options.spec.rate))?;
    let mut badger = Badger::new(Corner::default());
    let colour = Colour { matrix: Matrix::Bt601, range: Range::Limited };
    let mut made = Vec::new();
    for index in 0..options.frames {
        let frame = actor.frame(index).frame.converted(format.pixels(), colour)?;
        made.push(badger.finish(Canvas::new(frame), Disclosure::Modified)?);
    }
    Ok(made)
}

fn play(options: &Options) -> Fallible<()> {
    let mut sink = open_virtual_camera(&options.camera, &options.spec)?;
    let status = sink.status();
    println!("open: {}", sink.describe());
    let frames = badged(options, status.size(), status.format())?;
    if let Some(path) = &options.expect {
        let (mut expected, kept) = memory();
        let mut file = BufWriter::new(File::create(path)?);
        for frame in &frames {
            expected.present(frame)?;
            for frame in kept.take() {
                file.write_all(frame.data())?;
            }
        }
        file.flush()?;
    }
    let ended = Arc::new(AtomicBool::new(false));
    std::thread::spawn({
        let ended = Arc::clone(&ended);
        move || {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            ended.store(true, Ordering::Relaxed);
        }
    });
    let played = loop_frames(&mut sink, &frames, options.spec.rate, &ended);
    println!("sent: {} of {:?}", status.frames_sent(), sink.pool_stats());
    played?;
    Box::new(sink).finish()?;
    println!("closed: open {}, readers {:?}", status.is_open(), status.readers());
    Ok(())
}

fn loop_frames(
    sink: &mut VirtualSink,
    frames: &[BadgedFrame],
    rate: Rate,
    ended: &AtomicBool,
) -> Fallible<()> {
    let (begun, status) = (Instant::now(), sink.status());
    let mut readers = None;
    for (index, frame) in (0u64..).zip(frames.iter().cycle()) {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        sink.present(frame)?;
        if index == 0 {
            println!("playing");
        }
        // Looking for readers is not for every frame.
        if index % 5 == 0 && status.readers() != readers {
            readers = status.readers();
            println!("readers: {readers:?}");
        }
        let due = begun + rate.time(index + 1).0;
        std::thread::sleep(due.saturating_duration_since(Instant::now()).min(Duration::from_secs(1)));
    }
    Ok(())
}
