//! Looks for the badge in every frame of a raw file as a reader of a virtual camera wrote it:
//!
//! `badge_frames FILE --size 640x360 [--format yuyv|i420] [--like PICTURE]`
//!
//! PICTURE is one raw frame; each frame of FILE must be the same outside the badge's plate, byte for byte, or be
//! the card, whose last row has one colour. Prints the figures as one line; the exit code is 0 only if every frame
//! has the badge, none is another picture, and with PICTURE at least two frames are it.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;

use omote_engine::badge::read;
use omote_engine::frame::{Colour, Frame, Matrix, PixelFormat, Range};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn run() -> Fallible<bool> {
    let mut words = std::env::args().skip(1);
    let data = std::fs::read(words.next().ok_or("which file?")?)?;
    let (mut size, mut format, mut like) = ((640, 360), PixelFormat::Yuyv, None);
    while let Some(name) = words.next() {
        let value = words.next().ok_or_else(|| format!("{name} needs a value"))?;
        match (name.as_str(), value.as_str()) {
            ("--size", _) => {
                let (width, height) = value.split_once('x').ok_or("sizes are like 640x360")?;
                size = (width.parse()?, height.parse()?);
            }
            ("--format", "yuyv") => format = PixelFormat::Yuyv,
            ("--format", "i420") => format = PixelFormat::I420,
            ("--like", _) => like = Some(std::fs::read(&value)?),
            _ => return Err(format!("{name} {value} is no option").into()),
        }
    }
    let colour = Colour { matrix: Matrix::Bt601, range: Range::Limited };
    let length = Frame::byte_len(format, size.0, size.1);
    let frames = data.chunks_exact(length);
    let rest = frames.remainder().len();
    let (mut count, mut badges, mut alike, mut cards) = (0, 0, 0, 0);
    for bytes in frames {
        count += 1;
        let frame = Frame::new(format, colour, size.0, size.1, bytes.to_vec())?;
        let Some(found) = read(&frame) else { continue };
        badges += 1;
        if let Some(like) = like.as_ref().filter(|_| format == PixelFormat::Yuyv) {
            let rect = found.rect;
            let inside = |at: usize| {
                let (x, y) =
                    ((at % (size.0 as usize * 2) / 4 * 2) as u32, (at / (size.0 as usize * 2)) as u32);
                x >= rect.x && x < rect.right() && y >= rect.y && y < rect.bottom()
            };
            let same = like.len() == bytes.len()
                && bytes.iter().zip(like).enumerate().all(|(at, (a, b))| a == b || inside(at));
            let row = bytes.rchunks_exact(size.0 as usize * 2).next().unwrap_or_default();
            let card = row.chunks_exact(4).all(|p| p == &row[..4]);
            alike += usize::from(same);
            cards += usize::from(!same && card);
        }
    }
    println!(
        "{count} frames, {badges} with the badge, {alike} the picture, {cards} cards, {rest} bytes over"
    );
    Ok(count > 0 && badges == count && (like.is_none() || (alike > 1 && alike + cards == count)))
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
    }
}
