//! One JPEG to a frame in its native planes.
//!
//! libjpeg does not take a cut picture for an error: it warns and fills the rest with grey. In clips, pictures
//! without an end marker are refused by [`super::split`] before they come here; one whose scan ends early
//! although its end marker is there is noticed by `JpegDecoder::scan_is_short`. Photos are walked through
//! first (`whole`), so that theirs need no end marker.

mod whole;

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};
use mozjpeg::decompress::DecompressStarted;
use mozjpeg::{ColorSpace, Decompress, Marker};

use super::picture::{Inks, ToSrgb};
use omote_frame::pool::Pool;
use omote_frame::{Colour, Frame, FrameError, PixelFormat};
use whole::{Gap, Whole};

/// Why bytes do not make a picture.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what it stands for")]
pub enum JpegFault {
    #[error("{width}x{height} pixels")]
    Size { width: u64, height: u64 },
    #[error("{0}")]
    Library(String),
    #[error("its data end before its last row")]
    Short,
    #[error(transparent)]
    Gap(#[from] Gap),
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// Decodes JPEG pictures; keeps its buffers from one to the next, and the frames' memory comes from a pool.
#[derive(Debug, Default)]
pub struct JpegDecoder {
    planes: [Vec<u8>; 3],
    pool: Pool,
}

/// The grey that libjpeg puts where data are missing, in each of the three planes.
const FILLER: u8 = 128;

impl JpegDecoder {
    /// A decoder whose frames come from `pool`.
    pub fn with_pool(pool: Pool) -> Self {
        Self { planes: Default::default(), pool }
    }

    /// The picture as its native planes with [`Colour::JPEG`]: 4:2:0, 4:2:2 and 4:4:4 as they are, grey as
    /// 4:2:0 with neutral chroma, other samplings and colour spaces as RGB. With `upright`, a picture
    /// whose EXIF data ask for a turn is turned, and is RGB then.
    ///
    /// # Errors
    /// [`JpegFault`]; the size and the number of scans are checked before anything is decoded.
    pub fn decode(&mut self, bytes: &[u8], upright: bool) -> Result<Frame, JpegFault> {
        let progressive = whole::check_passes(bytes)?;
        let (frame, turn) = guarded(|| self.as_stored(bytes))?;
        let suspicious = ends_in_filler(&frame) || progressive;
        if suspicious && self.scan_is_short(&frame, bytes)? {
            return Err(JpegFault::Short);
        }
        if upright && turn != Orientation::NoTransforms {
            return guarded(|| turned(&frame, bytes, turn));
        }
        Ok(frame)
    }

    /// A photo: the first picture of `bytes`, whole, upright, in sRGB by its profile. In its native planes where
    /// `planes` and nothing had to be changed, else as RGB. Its end marker may be missing. No side is above `most`.
    ///
    /// # Errors
    /// [`JpegFault`]; the size and what is missing are noticed before anything is decoded.
    pub fn photo(&mut self, bytes: &[u8], planes: bool, most: u32) -> Result<Frame, JpegFault> {
        let about = guarded(|| About::parse(bytes, most))?;
        let (bytes, sure) = match whole::check(bytes)? {
            Whole::Yes { end } => (bytes.get(..end).unwrap_or(bytes), true),
            Whole::Unknown => {
                whole::check_passes(bytes)?;
                (bytes, false)
            }
        };
        let as_is = planes && about.profile.is_none() && about.turn == Orientation::NoTransforms;
        if as_is || !sure {
            let (frame, _) = guarded(|| self.as_stored(bytes))?;
            if !sure && self.scan_is_short(&frame, bytes)? {
                return Err(JpegFault::Short);
            }
            if as_is {
                return Ok(frame);
            }
        }
        guarded(|| about.upright_srgb(bytes))
    }

    /// Decodes without turning; also the turn that is asked for.
    fn as_stored(&mut self, bytes: &[u8]) -> Result<(Frame, Orientation), JpegFault> {
        let jpeg = Decompress::with_markers(&[Marker::APP(1)]).from_mem(bytes).map_err(library)?;
        check_size(&jpeg, Frame::MAX_SIDE)?;
        let turn = orientation(&jpeg);
        let frame = match (jpeg.color_space(), native_format(&jpeg)) {
            (ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK, _) => inks(bytes)?,
            (ColorSpace::JCS_YCbCr, Some(format)) => self.planes(jpeg.raw().map_err(library)?, format)?,
            (ColorSpace::JCS_GRAYSCALE, _) => grey(jpeg.grayscale().map_err(library)?, &self.pool)?,
            _ => rgb(jpeg, &self.pool)?,
        };
        Ok((frame, turn))
    }

    /// Whether a scan lacks data for its last rows: more data put behind it would change the picture then,
    /// and do nothing to a whole one.
    fn scan_is_short(&mut self, frame: &Frame, bytes: &[u8]) -> Result<bool, JpegFault> {
        let Some(body) = bytes.strip_suffix(&[0xff, 0xd9]) else { return Ok(false) };
        let mut longer = body.to_vec();
        let mut chance = fastrand::Rng::with_seed(1);
        // No FF: it would begin a marker.
        longer.extend((0..4096).map(|_| chance.u8(..0x80)));
        longer.extend([0xff, 0xd9]);
        let (again, _) = guarded(|| self.as_stored(&longer))?;
        Ok(again.data() != frame.data())
    }

    /// Reads the decoded planes, which libjpeg pads to whole blocks, and cuts the padding off.
    fn planes<R>(&mut self, mut jpeg: DecompressStarted<R>, format: PixelFormat) -> Result<Frame, JpegFault> {
        let (width, height) = (jpeg.width(), jpeg.height());
        let shapes: Vec<(usize, usize)> = jpeg
            .components()
            .iter()
            .map(|c| (c.width_in_blocks as usize * 8, c.v_samp_factor as usize * 8))
            .collect();
        let rows_at_once = shapes.iter().map(|s| s.1).max().unwrap_or(8);
        for (plane, (stride, rows)) in self.planes.iter_mut().zip(&shapes) {
            plane.clear();
            plane.reserve_exact(stride * rows * height.div_ceil(rows_at_once));
        }
        let [luma, cb, cr] = &mut self.planes;
        jpeg.read_raw_data(&mut [luma, cb, cr]);
        let (step_x, step_y) = format.chroma_step();
        let chroma = (width.div_ceil(step_x as usize), height.div_ceil(step_y as usize));
        let mut data = self.pool.take(Frame::byte_len(format, width as u32, height as u32));
        let sizes = [(width, height), chroma, chroma];
        let mut rest: &mut [u8] = &mut data;
        for ((plane, (stride, _)), (row, rows)) in self.planes.iter().zip(&shapes).zip(sizes) {
            let there = rest.len();
            let (out, after) = std::mem::take(&mut rest).split_at_mut(there.min(row * rows));
            rest = after;
            // Rows of whole blocks are one run.
            let (row, stride) = if row == *stride { (out.len(), out.len()) } else { (row, *stride) };
            for (to, from) in out.chunks_exact_mut(row.max(1)).zip(plane.chunks(stride.max(1))) {
                match from.get(..to.len()) {
                    Some(from) => to.copy_from_slice(from),
                    None => return Err(JpegFault::Short),
                }
            }
        }
        Ok(Frame::new(format, Colour::JPEG, width as u32, height as u32, data)?)
    }
}

/// What a photo's headers say of how it is to be shown.
struct About {
    turn: Orientation,
    /// Nothing where the samples are sRGB, or are taken as such.
    profile: Option<ToSrgb>,
    /// Printers' colours, and whether they are stored as what is left of the paper (as Adobe's programs do).
    inks: Option<bool>,
}

impl About {
    fn parse(bytes: &[u8], most: u32) -> Result<Self, JpegFault> {
        let markers = [Marker::APP(1), Marker::APP(2), Marker::APP(14)];
        let jpeg = Decompress::with_markers(&markers).from_mem(bytes).map_err(library)?;
        check_size(&jpeg, most)?;
        let inks = match jpeg.color_space() {
            ColorSpace::JCS_CMYK | ColorSpace::JCS_YCCK => {
                Some(jpeg.markers().any(|m| m.data.starts_with(b"Adobe")))
            }
            _ => None,
        };
        let kind = match (inks, jpeg.color_space()) {
            (Some(_), _) => Inks::Cmyk,
            (None, ColorSpace::JCS_GRAYSCALE) => Inks::Grey,
            _ => Inks::Rgb,
        };
        let profile = profile(&jpeg).and_then(|icc| ToSrgb::from_icc(&icc, kind));
        Ok(Self { turn: orientation(&jpeg), profile, inks })
    }

    fn upright_srgb(&self, bytes: &[u8]) -> Result<Frame, JpegFault> {
        let jpeg = Decompress::new_mem(bytes).map_err(library)?;
        let (width, height) = (jpeg.width() as u32, jpeg.height() as u32);
        let rgb = match (&self.profile, self.inks) {
            (None, Some(_)) => inks(bytes)?.into_data(),
            (None, None) => rgb(jpeg, &Pool::new())?.into_data(),
            (Some(profile), None) if jpeg.color_space() == ColorSpace::JCS_GRAYSCALE => {
                let grey = jpeg.grayscale().and_then(|mut g| g.read_scanlines::<u8>()).map_err(library)?;
                profile.convert(&grey)
            }
            (Some(profile), None) => profile.convert(rgb(jpeg, &Pool::new())?.data()),
            (Some(profile), Some(left_of_paper)) => {
                let jpeg = jpeg.to_colorspace(ColorSpace::JCS_CMYK);
                let mut four = jpeg.and_then(|mut j| j.read_scanlines::<u8>()).map_err(library)?;
                if left_of_paper {
                    four.iter_mut().for_each(|v| *v = 255 - *v);
                }
                profile.convert(&four)
            }
        };
        let Some(rgb) = RgbImage::from_raw(width, height, rgb) else { return Err(JpegFault::Short) };
        let mut picture = DynamicImage::ImageRgb8(rgb);
        picture.apply_orientation(self.turn);
        let (width, height) = (picture.width(), picture.height());
        Ok(Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, picture.into_rgb8().into_raw())?)
    }
}

fn check_size<R>(jpeg: &Decompress<R>, most: u32) -> Result<(), JpegFault> {
    let (width, height) = (jpeg.width() as u64, jpeg.height() as u64);
    let allowed = 1..=u64::from(most);
    match allowed.contains(&width) && allowed.contains(&height) {
        true => Ok(()),
        false => Err(JpegFault::Size { width, height }),
    }
}

/// The embedded colour profile, which comes in numbered pieces.
fn profile<R>(jpeg: &Decompress<R>) -> Option<Vec<u8>> {
    let piece = |data: &[u8]| {
        let (number, rest) = data.strip_prefix(b"ICC_PROFILE\0")?.split_first()?;
        Some((*number, rest.get(1..)?.to_vec()))
    };
    let mut pieces: Vec<_> = jpeg.markers().filter_map(|m| piece(m.data)).collect();
    pieces.sort_by_key(|(number, _)| *number);
    let whole: Vec<u8> = pieces.into_iter().flat_map(|(_, data)| data).collect();
    (!whole.is_empty()).then_some(whole)
}

/// Runs `decode` and turns libjpeg's unwinding into an error.
fn guarded<T>(decode: impl FnOnce() -> Result<T, JpegFault>) -> Result<T, JpegFault> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|payload| {
        let said = payload.downcast::<String>().map(|s| *s).unwrap_or_else(|_| "libjpeg gave up".into());
        Err(JpegFault::Library(said))
    })
}

fn library(cause: std::io::Error) -> JpegFault {
    JpegFault::Library(cause.to_string())
}

/// The format whose planes the JPEG's are, where there is one.
fn native_format<R>(jpeg: &Decompress<R>) -> Option<PixelFormat> {
    let [luma, cb, cr] = jpeg.components() else { return None };
    let factors = |c: &mozjpeg::CompInfo| (c.h_samp_factor, c.v_samp_factor);
    let ((h, v), chroma) = (factors(luma), factors(cb));
    // libjpeg gives raw rows of at most 16 lines.
    if chroma != factors(cr) || h > 2 || v > 2 {
        return None;
    }
    let covers = |x, y| chroma.0 * x == h && chroma.1 * y == v;
    let known = [(1, 1, PixelFormat::I444), (2, 1, PixelFormat::I422), (2, 2, PixelFormat::I420)];
    known.into_iter().find(|&(x, y, _)| covers(x, y)).map(|(_, _, format)| format)
}

fn grey<R>(mut jpeg: DecompressStarted<R>, pool: &Pool) -> Result<Frame, JpegFault> {
    let (width, height) = (jpeg.width() as u32, jpeg.height() as u32);
    let mut data = pool.take(Frame::byte_len(PixelFormat::I420, width, height));
    let (luma, chroma) = data.split_at_mut(width as usize * height as usize);
    jpeg.read_scanlines_into(luma).map_err(library)?;
    chroma.fill(128);
    Ok(Frame::new(PixelFormat::I420, Colour::JPEG, width, height, data)?)
}

/// Decodes with libjpeg's conversion to R'G'B'.
fn rgb<R>(jpeg: Decompress<R>, pool: &Pool) -> Result<Frame, JpegFault> {
    let (width, height) = (jpeg.width() as u32, jpeg.height() as u32);
    let mut data = pool.take(Frame::byte_len(PixelFormat::Rgb, width, height));
    jpeg.rgb().map_err(library)?.read_scanlines_into(&mut data[..]).map_err(library)?;
    Ok(Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, data)?)
}

/// Printers' colours, which libjpeg does not turn into R'G'B'.
fn inks(bytes: &[u8]) -> Result<Frame, JpegFault> {
    let picture = image::load_from_memory_with_format(bytes, image::ImageFormat::Jpeg)
        .map_err(|e| JpegFault::Library(e.to_string()))?;
    let (width, height) = (picture.width(), picture.height());
    Ok(Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, picture.into_rgb8().into_raw())?)
}

/// What the EXIF data say about which way is up.
fn orientation<R>(jpeg: &Decompress<R>) -> Orientation {
    jpeg.markers()
        .filter_map(|m| m.data.strip_prefix(b"Exif\0\0"))
        .find_map(Orientation::from_exif_chunk)
        .unwrap_or(Orientation::NoTransforms)
}

/// The picture as R'G'B', turned: the halved chroma of native planes would not fit after a quarter turn.
fn turned(stored: &Frame, bytes: &[u8], turn: Orientation) -> Result<Frame, JpegFault> {
    let rgb = match stored.format() {
        PixelFormat::Rgb => stored.data().to_vec(),
        _ => rgb(Decompress::new_mem(bytes).map_err(library)?, &Pool::new())?.into_data(),
    };
    let Some(rgb) = RgbImage::from_raw(stored.width(), stored.height(), rgb) else {
        return Err(JpegFault::Short);
    };
    let mut picture = DynamicImage::ImageRgb8(rgb);
    picture.apply_orientation(turn);
    let (width, height) = (picture.width(), picture.height());
    Ok(Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, picture.into_rgb8().into_raw())?)
}

/// Whether the last row is libjpeg's filler, or a picture that happens to end in that grey.
fn ends_in_filler(frame: &Frame) -> bool {
    frame.planes().iter().enumerate().all(|(i, p)| {
        frame.plane(i).chunks_exact(p.stride).next_back().is_some_and(|row| row.iter().all(|&v| v == FILLER))
    })
}

#[cfg(test)]
mod tests;
