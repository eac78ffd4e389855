//! A camera's buffer, in whatever coding, to a frame.

use super::raw::RawLayout;
use crate::frame::Frame;
use crate::pool::Pool;
use crate::source::jpeg::JpegDecoder;
use crate::source::split::{SplitFault, Splitter};

/// So many pictures in a row without an end marker are a camera's habit rather than damage.
const HABIT: u32 = 15;

/// The bytes of one picture as a camera hands them over. They are only copied out: those in a driver's buffer may
/// change while they are read.
pub(crate) trait Payload {
    /// How many there are.
    fn len(&self) -> usize;

    /// Copies those from `from` on into `to`, and gives how many: fewer than `to` holds where they end before.
    fn copy_to(&self, from: usize, to: &mut [u8]) -> usize;
}

impl<T: AsRef<[u8]> + ?Sized> Payload for T {
    fn len(&self) -> usize {
        self.as_ref().len()
    }

    fn copy_to(&self, from: usize, to: &mut [u8]) -> usize {
        let rest = self.as_ref().get(from..).unwrap_or_default();
        let count = rest.len().min(to.len());
        if let (Some(to), Some(rest)) = (to.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(rest);
        }
        count
    }
}

/// Makes frames from a camera's buffers.
pub(crate) enum Decoder {
    /// Uncompressed pictures.
    Raw(RawLayout, Pool),
    /// JPEG.
    Mjpeg(Mjpeg),
}

/// The JPEG side of a [`Decoder`].
pub(crate) struct Mjpeg {
    jpeg: JpegDecoder,
    size: (u32, u32),
    /// The camera's bytes.
    bytes: Vec<u8>,
    /// The picture without what stands behind it in the buffer.
    picture: Vec<u8>,
    /// Pictures in a row without an end marker.
    endless: u32,
}

impl Decoder {
    /// For JPEG pictures of `size`.
    pub(crate) fn mjpeg(size: (u32, u32), pool: &Pool) -> Self {
        let jpeg = JpegDecoder::with_pool(pool.clone());
        Self::Mjpeg(Mjpeg { jpeg, size, bytes: Vec::new(), picture: Vec::new(), endless: 0 })
    }

    /// The picture in `payload`. What stands behind a JPEG's end is left alone: some libraries hand out
    /// the whole buffer, with the rest of older pictures in it.
    ///
    /// # Errors
    /// What is wrong with this one picture; the next may be whole.
    pub(crate) fn frame(&mut self, payload: &(impl Payload + ?Sized)) -> Result<Frame, String> {
        if payload.len() == 0 {
            return Err("it has no bytes".to_owned());
        }
        match self {
            Self::Raw(layout, pool) => layout.frame(payload, pool).map_err(|fault| fault.to_string()),
            Self::Mjpeg(mjpeg) => mjpeg.frame(payload),
        }
    }
}

impl Mjpeg {
    fn frame(&mut self, payload: &(impl Payload + ?Sized)) -> Result<Frame, String> {
        self.bytes.resize(payload.len(), 0);
        let copied = payload.copy_to(0, &mut self.bytes);
        self.bytes.truncate(copied);
        match Splitter::new(&self.bytes[..]).next_picture(&mut self.picture) {
            Ok(Some(_)) => self.endless = 0,
            Ok(None) => return Err("it has only zero bytes".to_owned()),
            Err(SplitFault::EndOfFile { .. }) => {
                self.endless = self.endless.saturating_add(1);
                if self.endless < HABIT {
                    return Err(format!("its JPEG is cut short after {copied} bytes"));
                }
                self.picture.extend([0xff, 0xd9]);
            }
            Err(fault) => return Err(fault.to_string()),
        }
        let frame = self.jpeg.decode(&self.picture, false).map_err(|fault| format!("its JPEG: {fault}"))?;
        let found = (frame.width(), frame.height());
        if found != self.size {
            let (width, height) = self.size;
            return Err(format!("it is {}x{} instead of {width}x{height}", found.0, found.1));
        }
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Colour, PixelFormat};

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]));
        let mut bytes = Vec::new();
        picture.write_with_encoder(image::codecs::jpeg::JpegEncoder::new(&mut bytes)).unwrap();
        bytes
    }

    #[test]
    fn what_stands_behind_the_end_is_left_alone() {
        let pool = Pool::new();
        let mut decoder = Decoder::mjpeg((64, 48), &pool);
        let whole = jpeg(64, 48);
        let frame = decoder.frame(&whole).unwrap();
        assert_eq!((frame.width(), frame.height(), frame.colour()), (64, 48, Colour::JPEG));
        assert_ne!(frame.format(), PixelFormat::Rgb);
        for rest in [vec![0; 500], jpeg(64, 48), [&jpeg(32, 32)[100..], &[1, 2, 3]].concat()] {
            assert_eq!(decoder.frame(&[&whole[..], &rest].concat()).unwrap(), frame);
        }
    }

    #[test]
    fn damage_is_named_and_the_next_picture_is_taken() {
        let mut decoder = Decoder::mjpeg((64, 48), &Pool::new());
        let whole = jpeg(64, 48);
        for (bytes, words) in [
            (&b""[..], "no bytes"),
            (&[0; 900], "zero bytes"),
            (b"hello", "should start here"),
            (&whole[..whole.len() / 2], "cut short"),
            (&jpeg(32, 48), "32x48 instead of 64x48"),
        ] {
            let said = decoder.frame(bytes).unwrap_err();
            assert!(said.contains(words), "{words}: {said}");
            decoder.frame(&whole).unwrap();
        }
    }

    #[test]
    fn a_camera_that_never_writes_end_markers_is_believed_in_the_end() {
        let mut decoder = Decoder::mjpeg((64, 48), &Pool::new());
        let whole = jpeg(64, 48);
        let bare = &whole[..whole.len() - 2];
        let bad = (0..40).filter(|_| decoder.frame(bare).is_err()).count();
        assert_eq!(bad as u32, HABIT - 1);
        assert_eq!(decoder.frame(bare).unwrap(), decoder.frame(&whole).unwrap());
        // Half a picture stays damage.
        for _ in 0..40 {
            assert!(decoder.frame(&whole[..whole.len() / 2]).is_err());
        }
    }
}
