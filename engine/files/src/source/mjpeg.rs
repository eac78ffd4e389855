//! Concatenated JPEG pictures, as webcams and capture tools write them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::jpeg::{JpegDecoder, JpegFault};
use super::split::{SplitFault, Splitter};
use super::{Clock, Options, Rate, Source, SourceFault, SourceInfo, SourceKind, fit};
use omote_frame::Frame;
use omote_frame::error::Result;

/// Longest file that is gone through once for its number of pictures.
const COUNTED: u64 = 1 << 30;

/// Whether a file that begins as a JPEG is a clip: by its ending, and where that says neither, by whether a
/// second picture follows. (Phones put a second picture behind a photo, so a photo's ending is believed.)
pub(super) fn is_clip(path: &Path, ending: &str) -> Result<bool> {
    match ending {
        "mjpeg" | "mjpg" => return Ok(true),
        "jpg" | "jpeg" | "jpe" | "jfif" | "mpo" => return Ok(false),
        _ => {}
    }
    let file = File::open(path).map_err(|e| SourceFault::io(path, e))?;
    let mut splitter = Splitter::new(BufReader::new(file));
    let mut picture = Vec::new();
    Ok((0..2).all(|_| matches!(splitter.next_picture(&mut picture), Ok(Some(_)))))
}

/// How many pictures begin in a file.
fn count(path: &Path) -> Option<u64> {
    let mut splitter = Splitter::new(BufReader::with_capacity(1 << 18, File::open(path).ok()?));
    let (mut count, mut picture) = (0, Vec::new());
    loop {
        match splitter.next_picture(&mut picture) {
            Ok(Some(_)) => count += 1,
            Ok(None) => return Some(count),
            Err(_) => return Some(count + 1),
        }
    }
}

/// A clip. Its first picture is decoded on opening and sets size and format.
#[derive(Debug)]
pub(super) struct Mjpeg<R> {
    splitter: Splitter<R>,
    decoder: JpegDecoder,
    picture: Vec<u8>,
    path: PathBuf,
    info: SourceInfo,
    clock: Clock,
    first: Option<Frame>,
    over: bool,
}

impl<R: BufRead> Mjpeg<R> {
    pub(super) fn new(reader: R, path: &Path, length: Option<u64>, options: &Options) -> Result<Self> {
        let rate = options.rate.unwrap_or(Rate::DEFAULT);
        let mut clock = Clock::new(rate);
        let mut splitter = Splitter::new(reader);
        let (mut decoder, mut picture) = (JpegDecoder::default(), Vec::new());
        let first = decode_next(&mut splitter, &mut decoder, &mut picture, path, 0)?;
        let Some(mut first) = first else { return Err(SourceFault::Empty { path: path.into() }.into()) };
        clock.stamp(&mut first);
        let info = SourceInfo {
            name: super::name_of(path),
            width: first.width(),
            height: first.height(),
            rate,
            frames: length.filter(|l| *l <= COUNTED).and_then(|_| count(path)),
            format: first.format(),
            colour: first.colour(),
            audio: None,
            kind: SourceKind::Mjpeg,
        };
        let (path, first) = (path.into(), Some(first));
        Ok(Self { splitter, decoder, picture, path, info, clock, first, over: false })
    }

    fn read_frame(&mut self) -> Result<Option<Frame>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let number = self.clock.next();
        let frame =
            decode_next(&mut self.splitter, &mut self.decoder, &mut self.picture, &self.path, number)?;
        let Some(frame) = frame else { return Ok(None) };
        let (width, height) = (self.info.width, self.info.height);
        let fault = |what| {
            let offset = self.splitter.offset() - self.picture.len() as u64;
            SourceFault::Frame { path: self.path.clone(), frame: number, offset, what }
        };
        let frame = match (frame.width(), frame.height()) == (width, height) {
            true => frame,
            false => fit::fitted(&frame, width, height).map_err(|e| fault(e.to_string()))?,
        };
        let mut frame = match (frame.format(), frame.colour()) {
            same if same == (self.info.format, self.info.colour) => frame,
            _ => frame.converted(self.info.format, self.info.colour).map_err(|e| fault(e.to_string()))?,
        };
        self.clock.stamp(&mut frame);
        Ok(Some(frame))
    }
}

impl<R: BufRead + Send> Source for Mjpeg<R> {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        if self.over {
            return Ok(None);
        }
        let read = self.read_frame();
        self.over = !matches!(read, Ok(Some(_)));
        read
    }
}

/// Takes the next picture out and decodes it.
fn decode_next<R: BufRead>(
    splitter: &mut Splitter<R>,
    decoder: &mut JpegDecoder,
    picture: &mut Vec<u8>,
    path: &Path,
    frame: u64,
) -> Result<Option<Frame>, SourceFault> {
    let before = splitter.offset();
    let path = path.to_owned();
    let offset = match splitter.next_picture(picture) {
        Ok(Some(offset)) => offset,
        Ok(None) => return Ok(None),
        Err(SplitFault::Io(cause)) => return Err(SourceFault::io(&path, cause)),
        Err(fault) => {
            return Err(SourceFault::Frame { path, frame, offset: before, what: fault.to_string() });
        }
    };
    match decoder.decode(picture, false) {
        Ok(frame) => Ok(Some(frame)),
        Err(JpegFault::Size { width, height }) => Err(SourceFault::TooLarge { path, width, height }),
        Err(fault) => Err(SourceFault::Frame { path, frame, offset, what: fault.to_string() }),
    }
}
