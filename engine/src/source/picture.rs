//! One picture: JPEG through libjpeg in its native planes, the rest through `image`.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::jpeg::{JpegDecoder, JpegFault};
use super::split::{SplitFault, Splitter};
use super::{Clock, Content, Fault, Options, Rate, Source, SourceInfo, SourceKind};
use crate::error::Result;
use crate::frame::{Colour, Frame, PixelFormat};

/// Longest picture file read, in bytes.
const MAX_FILE: u64 = 1 << 30;

/// Memory that a decoder may take: a picture of the greatest size with 16 bits a sample, and its rows.
const MAX_MEMORY: u64 = 768 << 20;

/// Reads a picture (JPEG, PNG, WebP, BMP), turned upright where its EXIF data ask for that. A JPEG comes in
/// its native planes, the others as [`PixelFormat::Rgb`], or [`PixelFormat::Bgra`] where they have alpha.
///
/// # Errors
/// Where the file is missing, empty, damaged, cut short, not a picture, or larger than
/// [`Frame::MAX_SIDE`].
pub fn read_picture(path: &Path) -> Result<Frame> {
    Ok(read(path)?)
}

pub(super) fn read(path: &Path) -> Result<Frame, Fault> {
    let length = std::fs::metadata(path).map_err(|e| Fault::io(path, e))?.len();
    if length > MAX_FILE {
        let what = format!("the file has {length} bytes, at most {MAX_FILE} are read");
        return Err(Fault::Picture { path: path.into(), what });
    }
    let bytes = std::fs::read(path).map_err(|e| Fault::io(path, e))?;
    match Content::of(&bytes) {
        _ if bytes.is_empty() => Err(Fault::Empty { path: path.into() }),
        Content::Jpeg => jpeg(path, &bytes),
        Content::Picture(format) => other(path, &bytes, format),
        Content::Y4m | Content::Unknown => {
            let found = bytes.get(..bytes.len().min(16)).unwrap_or_default().escape_ascii().to_string();
            let expected = super::said_by(&super::ending_of(path)).unwrap_or("picture");
            Err(Fault::NotWhatItSays { path: path.into(), expected, found })
        }
    }
}

fn jpeg(path: &Path, bytes: &[u8]) -> Result<Frame, Fault> {
    let path = path.to_owned();
    let mut first = Vec::new();
    match Splitter::new(bytes).next_picture(&mut first) {
        Ok(_) => {}
        Err(SplitFault::Io(cause)) => return Err(Fault::Read { path, cause }),
        Err(fault) => return Err(Fault::Picture { path, what: fault.to_string() }),
    }
    JpegDecoder::default().decode(&first, true).map_err(|fault| match fault {
        JpegFault::Size { width, height } => Fault::TooLarge { path, width, height },
        fault => Fault::Picture { path, what: fault.to_string() },
    })
}

fn other(path: &Path, bytes: &[u8], format: ImageFormat) -> Result<Frame, Fault> {
    let damaged = |e: image::ImageError| Fault::Picture { path: path.into(), what: e.to_string() };
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if width > Frame::MAX_SIDE || height > Frame::MAX_SIDE {
        let (width, height) = (width.into(), height.into());
        return Err(Fault::TooLarge { path: path.into(), width, height });
    }
    let turn = decoder.orientation().map_err(damaged)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(turn);
    let (width, height) = (picture.width(), picture.height());
    let (format, data) = if picture.color().has_alpha() {
        let mut data = picture.into_rgba8().into_raw();
        data.chunks_exact_mut(4).for_each(|p| p.swap(0, 2));
        (PixelFormat::Bgra, data)
    } else {
        (PixelFormat::Rgb, picture.into_rgb8().into_raw())
    };
    Frame::new(format, Colour::JPEG, width, height, data)
        .map_err(|e| Fault::Picture { path: path.into(), what: e.to_string() })
}

/// What pictures as sources have in common.
pub(super) fn info(path: &Path, frame: &Frame, rate: Rate, frames: u64, kind: SourceKind) -> SourceInfo {
    SourceInfo {
        name: super::name_of(path),
        width: frame.width(),
        height: frame.height(),
        rate,
        frames: Some(frames),
        format: frame.format(),
        colour: frame.colour(),
        audio: None,
        kind,
    }
}

/// A picture as a source of one frame.
#[derive(Debug)]
pub(super) struct Picture {
    info: SourceInfo,
    frame: Option<Frame>,
}

impl Picture {
    pub(super) fn new(path: &Path, options: &Options) -> Result<Self> {
        let mut frame = read(path)?;
        let rate = options.rate.unwrap_or(Rate::DEFAULT);
        Clock::new(rate).stamp(&mut frame);
        let info = info(path, &frame, rate, 1, SourceKind::Picture);
        Ok(Self { info, frame: Some(frame) })
    }
}

impl Source for Picture {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        Ok(self.frame.take())
    }
}

/// Whether a file's name says that it is a picture.
pub(super) fn is_named_as_picture(path: &Path) -> bool {
    matches!(super::ending_of(path).as_str(), "png" | "jpg" | "jpeg" | "jpe" | "jfif" | "webp" | "bmp")
}
