//! PNG, WebP, BMP and TIFF, by the crate `image`.

use std::io::Cursor;

use image::error::ImageError;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::profile::Inks;
use super::{PictureFault, ToSrgb};

/// Zero bytes at the end of a WebP's coded data that only a broken copy has.
const ZEROS: usize = 32;

/// Decodes, turns upright by EXIF, and brings the colours to sRGB by an embedded profile. No side is above `most`.
pub(super) fn decode(bytes: &[u8], format: ImageFormat, most: u32) -> Result<DynamicImage, PictureFault> {
    let bytes = &*whole(bytes, format)?;
    let mut limits = Limits::no_limits();
    // A picture with 16 bits a sample, and its rows.
    limits.max_alloc = Some(u64::from(most) * u64::from(most) * 8 + (256 << 20));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(PictureFault::damaged)?;
    let (width, height) = decoder.dimensions();
    let too_large = || PictureFault::TooLarge { width: width.into(), height: height.into(), most };
    if width > most || height > most {
        return Err(too_large());
    }
    let turn = decoder.orientation().map_err(PictureFault::damaged)?;
    let profile = decoder.icc_profile().ok().flatten();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| match error {
        ImageError::Limits(_) => too_large(),
        other => PictureFault::damaged(other),
    })?;
    let inks = if picture.color().has_color() { Inks::Rgb } else { Inks::Grey };
    if let Some(colour) = profile.and_then(|icc| ToSrgb::from_icc(&icc, inks)) {
        picture = in_srgb(picture, &colour);
    }
    picture.apply_orientation(turn);
    Ok(picture)
}

/// The picture's colours by a profile; its alpha stays.
pub(super) fn in_srgb(picture: DynamicImage, colour: &ToSrgb) -> DynamicImage {
    let grey = !picture.color().has_color();
    let mut rgba = picture.to_rgba8();
    let per = if grey { 1 } else { 3 };
    let samples: Vec<u8> = rgba.pixels().flat_map(|p| p.0.into_iter().take(per)).collect();
    let converted = colour.convert(&samples);
    for (pixel, rgb) in rgba.pixels_mut().zip(converted.chunks_exact(3)) {
        pixel.0.iter_mut().zip(rgb).for_each(|(to, from)| *to = *from);
    }
    match picture.color().has_alpha() {
        true => rgba.into(),
        false => DynamicImage::ImageRgba8(rgba).into_rgb8().into(),
    }
}

/// What the decoders would not notice: a WebP that is shorter than it says, or whose data are zeros from somewhere on.
/// A PNG without its end marker gets one.
fn whole(bytes: &[u8], format: ImageFormat) -> Result<std::borrow::Cow<'_, [u8]>, PictureFault> {
    match format {
        ImageFormat::WebP => {
            let said = bytes.get(4..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b));
            let end = said as usize + 8;
            // Some programs count the padding byte of the last chunk, and some don't write it.
            if bytes.len() + 1 < end {
                let what = format!("it ends at byte {} of {end}", bytes.len());
                return Err(PictureFault::damaged(what));
            }
            if coded(bytes).any(|data| data.len() > ZEROS && data.iter().rev().take(ZEROS).all(|b| *b == 0)) {
                return Err(PictureFault::damaged("its data end in zeros"));
            }
        }
        ImageFormat::Png => {
            const END: [u8; 12] = [0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82];
            let tail = bytes.len().saturating_sub(64);
            let at = bytes.get(tail..).and_then(|b| b.windows(4).position(|w| w == b"IEND"));
            // Its length comes before the name.
            let kept = at.map_or(bytes.len(), |at| (tail + at).saturating_sub(4));
            return Ok([bytes.get(..kept).unwrap_or(bytes), &END].concat().into());
        }
        _ => {}
    }
    Ok(bytes.into())
}

/// The coded data of a WebP's pictures.
fn coded(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes.get(12..).unwrap_or_default();
    let chunks = std::iter::from_fn(move || {
        let (head, body) = rest.split_first_chunk::<8>()?;
        let (name, length) = head.split_first_chunk::<4>()?;
        let length = length.first_chunk().map_or(0, |b| u32::from_le_bytes(*b)) as usize;
        let data = body.get(..length.min(body.len()))?;
        rest = body.get(length.saturating_add(length % 2)..).unwrap_or_default();
        Some((*name, data))
    });
    chunks.filter(|(name, _)| matches!(name, b"VP8 " | b"VP8L" | b"ALPH")).map(|(_, data)| data)
}
