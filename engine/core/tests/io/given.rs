//! What the tests start from: shared media, generated videos and badged frames, and what comes back.

use std::path::{Path, PathBuf};
use std::process::Command;

use omote_engine::badge::{BadgedFrame, Badger, Canvas, Corner, Disclosure};
use omote_engine::error::{ErrorKind, Result, Stage};
use omote_engine::frame::{Colour, Frame, FrameId, PixelFormat};
use omote_engine::sink::{Finished, Sink, SinkSpec};
use omote_engine::source::{self, Rate, Source};

pub(crate) const SPEC: SinkSpec = SinkSpec::steady(Rate::DEFAULT);

pub(crate) fn media(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/media").join(name);
    if !path.exists() {
        println!("skipped: {} not found", path.display());
    }
    path.exists().then_some(path)
}

/// Runs ffmpeg on generated pictures; `false`, loudly, where there is none.
pub(crate) fn ffmpeg(args: &str, out: &Path) -> bool {
    let run = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(args.split(' '))
        .arg(out)
        .status();
    match run {
        Ok(status) => {
            assert!(status.success(), "ffmpeg {args}");
            true
        }
        Err(e) => {
            println!("skipped: ffmpeg not found ({e})");
            false
        }
    }
}

pub(crate) fn has_ffmpeg() -> bool {
    let there = Command::new("ffmpeg").arg("-version").output().is_ok();
    if !there {
        println!("skipped: ffmpeg not found");
    }
    there
}

pub(crate) fn rest(source: &mut dyn Source) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    while let Some(frame) = source.next()? {
        let info = source.info();
        assert_eq!((frame.width(), frame.height()), (info.width, info.height));
        assert_eq!((frame.format(), frame.colour()), (info.format, info.colour));
        assert_eq!(frame.id, FrameId(frames.len() as u64));
        assert!(frames.last().is_none_or(|last: &Frame| last.time < frame.time), "times rise");
        frames.push(frame);
    }
    Ok(frames)
}

/// Asserts that frames stand at the source's rate, from 0.
pub(crate) fn steady(frames: &[Frame], rate: Rate) {
    for frame in frames {
        assert_eq!(frame.time, rate.time(frame.id.0));
    }
}

pub(crate) fn all(path: &Path) -> Result<Vec<Frame>> {
    rest(source::open(path)?.as_mut())
}

/// Asserts that opening and reading `path` fails, with all of `words` in the message.
pub(crate) fn refused(path: &Path, kind: ErrorKind, words: &[&str]) {
    let error = all(path).expect_err(&format!("{} was taken", path.display()));
    assert_eq!((error.kind(), error.stage()), (kind, Stage::Source), "{error}");
    let name = path.file_name().unwrap().to_string_lossy();
    for word in words.iter().chain(&[&*name]) {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
}

pub(crate) fn badged_in(format: PixelFormat, colour: Colour, width: u32, height: u32) -> BadgedFrame {
    let frame = Frame::filled(format, colour, width, height, [200, 90, 40]).unwrap();
    Badger::new(Corner::TopRight).finish(Canvas::new(frame), Disclosure::Modified).unwrap()
}

pub(crate) fn badged(width: u32, height: u32) -> BadgedFrame {
    badged_in(PixelFormat::I420, Colour::JPEG, width, height)
}

/// Presents frames until one is refused, then finishes.
pub(crate) fn write(mut sink: Box<dyn Sink>, frame: &BadgedFrame, frames: u64) -> Result<Finished> {
    for _ in 0..frames {
        sink.present(frame)?;
    }
    sink.finish()
}

/// R, G, B near the first frame's lower left corner, away from the badge.
pub(crate) fn left_foot(path: &Path) -> [u8; 3] {
    let frame = source::open(path).unwrap().next().unwrap().unwrap();
    let at = ((frame.height() - 9) * frame.width() + 8) as usize * 3;
    frame.to_rgb()[at..at + 3].try_into().unwrap()
}
