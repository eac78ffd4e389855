//! Pictures, wherever they come from: inputs, folders, photos of personas, packages. One reader for all, so that all
//! get the same verdict and the same colours.
//!
//! JPEG goes through libjpeg, in its native planes where they are wanted; PNG, WebP, BMP and TIFF through `image`;
//! others through ffmpeg where it can, and are named for what they are where it can't. What comes out is whole, upright
//! by EXIF, and in sRGB by an embedded profile. Where a picture is transparent its colour is black: what somebody cut
//! away is never seen again.

mod built_in;
mod fault;
mod fit;
mod heif;
mod kind;
mod profile;
mod through;

pub use fault::PictureFault;
pub use fit::fitted;
pub use kind::PictureKind;
pub use profile::{Inks, ToSrgb};

use std::path::Path;

use image::DynamicImage;

use super::jpeg::{JpegDecoder, JpegFault};
use super::{Clock, Options, Rate, Source, SourceFault, SourceInfo, SourceKind};
use omote_frame::error::Result;
use omote_frame::{Colour, Frame, PixelFormat};

/// Longest picture file read, in bytes.
const MAX_FILE: u64 = 1 << 30;

/// Reads a picture, told by its content and not by its name: JPEG, PNG, WebP, BMP, TIFF, and through ffmpeg AVIF, HEIC
/// and others where it can. It is turned upright by its EXIF data and brought to sRGB by its colour profile. A JPEG
/// comes in its native planes where that leaves them as they are, the others as [`PixelFormat::Rgb`], or
/// [`PixelFormat::Bgra`] where a part is transparent; what is wholly transparent is black.
///
/// # Errors
/// Where the file is missing, empty, damaged, cut short, not a picture, of a kind that can't be read, or larger than
/// [`Frame::MAX_SIDE`].
pub fn read_picture(path: &Path) -> Result<Frame> {
    Ok(decode_file(path)?)
}

pub(super) fn decode_file(path: &Path) -> Result<Frame, SourceFault> {
    let bytes = bytes_of(path)?;
    decode(&bytes, Some(path), Frame::MAX_SIDE, true).map_err(|fault| match fault {
        PictureFault::Unknown { found } => {
            let expected = super::said_by(&super::ending_of(path)).unwrap_or("picture");
            SourceFault::NotWhatItSays { path: path.into(), expected, found }
        }
        fault => SourceFault::Picture { path: path.into(), fault },
    })
}

/// A picture file's bytes.
pub fn bytes_of(path: &Path) -> Result<Vec<u8>, SourceFault> {
    let about = std::fs::metadata(path).map_err(|e| SourceFault::io(path, e))?;
    let length = about.len();
    if length > MAX_FILE {
        let what = format!("the file has {length} bytes, at most {MAX_FILE} are read");
        return Err(SourceFault::Picture { path: path.into(), fault: PictureFault::damaged(what) });
    }
    let bytes = std::fs::read(path).map_err(|e| SourceFault::io(path, e))?;
    if bytes.is_empty() {
        return Err(SourceFault::Empty { path: path.into() });
    }
    Ok(bytes)
}

/// Decodes a picture with at most `most` pixels a side. `path` is where it lies, for programs that decode what is not
/// built in; without one such kinds are refused. With `planes`, a JPEG may come in its native planes.
pub fn decode(bytes: &[u8], path: Option<&Path>, most: u32, planes: bool) -> Result<Frame, PictureFault> {
    let raw = path.and_then(kind::raw_by_name);
    let kind = match (PictureKind::sniff(bytes), raw) {
        (Some(PictureKind::Tiff), Some(raw)) => raw,
        (Some(PictureKind::Tiff), None) if kind::is_raw(bytes) => PictureKind::Raw,
        (Some(kind), _) => kind,
        (None, Some(raw)) => raw,
        (None, None) => return Err(PictureFault::Unknown { found: super::refused::described(bytes) }),
    };
    let picture = match (kind, kind.built_in(), path) {
        (PictureKind::Jpeg, ..) => {
            return JpegDecoder::default().photo(bytes, planes, most).map_err(|fault| match fault {
                JpegFault::Size { width, height } => PictureFault::TooLarge { width, height, most },
                fault => PictureFault::damaged(fault),
            });
        }
        (_, Some(format), _) => built_in::decode(bytes, format, most)?,
        (_, None, Some(path)) if kind.by_ffmpeg() => through::decode(path, bytes, kind, most)?,
        _ => return Err(PictureFault::NotTaken { kind, why: String::new() }),
    };
    framed(picture)
}

fn framed(picture: DynamicImage) -> Result<Frame, PictureFault> {
    let (width, height) = (picture.width(), picture.height());
    let (format, data) = match picture.color().has_alpha() {
        false => (PixelFormat::Rgb, picture.into_rgb8().into_raw()),
        true => {
            let mut data = picture.into_rgba8().into_raw();
            if data.chunks_exact(4).all(|p| p.get(3) == Some(&255)) {
                (PixelFormat::Rgb, data.chunks_exact(4).flat_map(|p| p.iter().take(3).copied()).collect())
            } else {
                for pixel in data.chunks_exact_mut(4) {
                    pixel.swap(0, 2);
                    if pixel.get(3) == Some(&0) {
                        pixel.fill(0);
                    }
                }
                (PixelFormat::Bgra, data)
            }
        }
    };
    Frame::new(format, Colour::JPEG, width, height, data).map_err(PictureFault::damaged)
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
        let mut frame = options.ground(decode_file(path)?);
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
    const ENDINGS: [&str; 15] = [
        "png", "jpg", "jpeg", "jpe", "jfif", "webp", "bmp", "tif", "tiff", "avif", "heic", "heif", "hif",
        "jxl", "jp2",
    ];
    ENDINGS.contains(&super::ending_of(path).as_str())
}
