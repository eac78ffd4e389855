//! Moving pictures: GIF, APNG and animated WebP, each of their pictures whole and at its own time.

mod scan;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, Frames, ImageDecoder, ImageResult, RgbaImage};

use super::{PictureFault, Source, SourceFault, SourceInfo, SourceKind};
use omote_frame::error::{Result, panic_words};
use omote_frame::{Colour, Frame, FrameId, FrameTime, PixelFormat};
pub(crate) use scan::{Form, Timing};

/// Longest file that is read, in bytes.
const MAX_FILE: u64 = 1 << 30;

/// A moving picture. It is decoded on a thread of its own, one picture ahead.
#[derive(Debug)]
pub(super) struct Moving {
    path: PathBuf,
    info: SourceInfo,
    timing: Timing,
    pictures: Option<Receiver<Result<Frame, SourceFault>>>,
    count: usize,
    time: Duration,
}

/// The moving picture in a file, where it is one: of a form that can move, with more than one picture. A GIF is
/// taken with one picture too. `ground` is the R'G'B' colour behind transparent parts.
pub(super) fn open(path: &Path, head: &[u8], ground: [u8; 3]) -> Result<Option<Moving>> {
    let Some(form) = Form::sniff(head) else { return Ok(None) };
    let length = std::fs::metadata(path).map_err(|e| SourceFault::io(path, e))?.len();
    if length > MAX_FILE {
        let what = format!("the file has {length} bytes, at most {MAX_FILE} are read");
        return Err(SourceFault::Picture { path: path.into(), fault: PictureFault::damaged(what) }.into());
    }
    let bytes = std::fs::read(path).map_err(|e| SourceFault::io(path, e))?;
    let timing = Timing::scan(form, &bytes);
    if timing.delays.len() < 2 && form != Form::Gif {
        return Ok(None);
    }
    Moving::new(path, form, bytes, timing, ground).map(Some)
}

impl Moving {
    fn new(path: &Path, form: Form, bytes: Vec<u8>, timing: Timing, ground: [u8; 3]) -> Result<Self> {
        let (width, height) = size(form, &bytes).map_err(|e| damaged(path, 0, &e))?;
        if width > Frame::MAX_SIDE || height > Frame::MAX_SIDE {
            return Err(SourceFault::TooLarge {
                path: path.into(),
                width: width.into(),
                height: height.into(),
            }
            .into());
        }
        let info = SourceInfo {
            name: super::name_of(path),
            width,
            height,
            rate: timing.rate(),
            frames: Some(timing.delays.len() as u64),
            format: PixelFormat::Rgb,
            colour: Colour::JPEG,
            audio: None,
            kind: SourceKind::Moving,
        };
        let (give, take) = sync_channel(1);
        let own = path.to_owned();
        std::thread::Builder::new()
            .name("omote-moving".into())
            .spawn(move || decode(&own, form, bytes, ground, &give))
            .map_err(|e| SourceFault::io(path, e))?;
        let pictures = Some(take);
        Ok(Self { path: path.into(), info, timing, pictures, count: 0, time: Duration::ZERO })
    }
}

impl Source for Moving {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        let Some(pictures) = &self.pictures else { return Ok(None) };
        let Ok(got) = pictures.recv() else {
            self.pictures = None;
            let (path, count) = (&self.path, self.count);
            return match self.timing.cut || self.timing.delays.len() > count {
                true => Err(damaged(path, count, &"the file ends before its last picture").into()),
                false => Ok(None),
            };
        };
        let mut frame = got.inspect_err(|_| self.pictures = None)?;
        (frame.id, frame.time) = (FrameId(self.count as u64), FrameTime(self.time));
        self.time += self.timing.delays.get(self.count).copied().unwrap_or(scan::USUAL);
        self.count += 1;
        Ok(Some(frame))
    }

    fn remarks(&self) -> Vec<String> {
        let again = match self.timing.plays {
            _ if self.timing.delays.len() < 2 => return Vec::new(),
            Some(1) => return Vec::new(),
            Some(times) => format!("{times} times"),
            None => "over and over".to_owned(),
        };
        vec![format!("left out: viewers play it {again}, here it is written once")]
    }
}

fn damaged(path: &Path, picture: usize, what: &dyn std::fmt::Display) -> SourceFault {
    let fault = PictureFault::damaged(format!("its picture {picture} can't be decoded: {what}"));
    SourceFault::Picture { path: path.into(), fault }
}

fn size(form: Form, bytes: &[u8]) -> ImageResult<(u32, u32)> {
    let bytes = Cursor::new(bytes);
    Ok(match form {
        Form::Gif => GifDecoder::new(bytes)?.dimensions(),
        Form::Png => PngDecoder::new(bytes)?.dimensions(),
        Form::WebP => WebPDecoder::new(bytes)?.dimensions(),
    })
}

/// Gives all pictures, until the taker is gone or one is damaged.
fn decode(
    path: &Path,
    form: Form,
    bytes: Vec<u8>,
    ground: [u8; 3],
    give: &SyncSender<Result<Frame, SourceFault>>,
) {
    let mut count = 0;
    let all = || -> Result<(), SourceFault> {
        for picture in frames(form, Cursor::new(bytes)).map_err(|e| damaged(path, 0, &e))? {
            let picture = picture.map_err(|e| damaged(path, count, &e))?;
            let frame = on_ground(&picture.into_buffer(), ground).map_err(|e| damaged(path, count, &e))?;
            count += 1;
            if give.send(Ok(frame)).is_err() {
                break;
            }
        }
        Ok(())
    };
    // The decoders are the work of others, and the file is anybody's.
    let ended = catch_unwind(AssertUnwindSafe(all));
    let fault = match ended {
        Ok(Ok(())) => return,
        Ok(Err(fault)) => fault,
        Err(panic) => damaged(path, count, &panic_words(&*panic)),
    };
    // With the taker gone nobody asks.
    let _ = give.send(Err(fault));
}

fn frames(form: Form, bytes: Cursor<Vec<u8>>) -> ImageResult<Frames<'static>> {
    Ok(match form {
        Form::Gif => GifDecoder::new(bytes)?.into_frames(),
        Form::Png => PngDecoder::new(bytes)?.apng()?.into_frames(),
        Form::WebP => {
            let mut decoder = WebPDecoder::new(bytes)?;
            if decoder.has_animation() {
                // Browsers take no heed of the file's own.
                decoder.set_background_color(image::Rgba([0; 4]))?;
            }
            decoder.into_frames()
        }
    })
}

/// The picture with its transparent parts on a ground.
fn on_ground(picture: &RgbaImage, ground: [u8; 3]) -> Result<Frame, omote_frame::FrameError> {
    let (width, height) = picture.dimensions();
    let over = |value: u8, ground: u8, alpha: u8| {
        let alpha = u32::from(alpha);
        ((u32::from(value) * alpha + u32::from(ground) * (255 - alpha) + 127) / 255) as u8
    };
    let mut data = Vec::with_capacity(width as usize * height as usize * 3);
    for pixel in picture.pixels() {
        let [r, g, b, alpha] = pixel.0;
        data.extend([over(r, ground[0], alpha), over(g, ground[1], alpha), over(b, ground[2], alpha)]);
    }
    Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, data)
}
