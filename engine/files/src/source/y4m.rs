//! YUV4MPEG2 files: a text header, then per picture a line `FRAME` and the planes.
//!
//! Samples are taken as BT.601, in limited range unless the header says `XCOLORRANGE=FULL`; the format
//! has no word for the matrix.

use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use super::{Clock, Options, Rate, Source, SourceFault, SourceInfo, SourceKind};
use omote_frame::error::Result;
use omote_frame::{Colour, Frame, Matrix, PixelFormat, Range};

/// The first bytes of a file.
pub(super) const MAGIC: &[u8] = b"YUV4MPEG2";

/// Longest header or frame line taken.
const MAX_LINE: u64 = 4096;

/// Bytes reserved for a picture before any of it was read.
const RESERVE: usize = 32 << 20;

const CONVERT: &str = "ffmpeg -i IN -pix_fmt yuv420p OUT.y4m";

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    width: u32,
    height: u32,
    rate: Option<Rate>,
    /// Nothing for luma alone.
    format: Option<PixelFormat>,
    range: Range,
}

/// Why a header is not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum HeaderFault {
    #[error("it does not begin with YUV4MPEG2")]
    Magic,
    #[error("it has no end within {MAX_LINE} bytes")]
    Long,
    #[error("it says nothing about {0}")]
    Absent(&'static str),
    #[error("`{0}` is not understood")]
    Token(String),
    #[error("pixels are in `C{0}`")]
    Pixels(String),
    #[error("{0}x{1} pixels")]
    Size(u64, u64),
}

impl Header {
    /// Reads a header line without its line end.
    fn parse(line: &[u8]) -> Result<Self, HeaderFault> {
        let text = String::from_utf8_lossy(line);
        let mut tokens = text.split(' ').filter(|t| !t.is_empty());
        if tokens.next().map(str::as_bytes) != Some(MAGIC) {
            return Err(HeaderFault::Magic);
        }
        let (mut width, mut height, mut rate) = (None, None, None);
        let (mut format, mut range) = (Some(PixelFormat::I420), Range::Limited);
        for token in tokens {
            let bad = || HeaderFault::Token(token.chars().take(40).collect());
            let mut rest = token.chars();
            let key = rest.next();
            let value = rest.as_str();
            match key {
                Some('W') => width = Some(value.parse::<u64>().map_err(|_| bad())?),
                Some('H') => height = Some(value.parse::<u64>().map_err(|_| bad())?),
                Some('F') => {
                    let (num, den) = value.split_once(':').ok_or_else(bad)?;
                    let parts = (num.parse().map_err(|_| bad())?, den.parse().map_err(|_| bad())?);
                    rate = Rate::new(parts.0, parts.1);
                }
                Some('C') => {
                    format = match value {
                        "420" | "420jpeg" | "420mpeg2" | "420paldv" => Some(PixelFormat::I420),
                        "422" => Some(PixelFormat::I422),
                        "444" => Some(PixelFormat::I444),
                        "mono" => None,
                        _ => return Err(HeaderFault::Pixels(value.chars().take(40).collect())),
                    }
                }
                Some('X') => match value.strip_prefix("COLORRANGE=") {
                    Some("FULL") => range = Range::Full,
                    Some("LIMITED") => range = Range::Limited,
                    Some(_) => return Err(bad()),
                    None => {}
                },
                // Interlacing, pixel shape and comments do not change how samples are read.
                _ => {}
            }
        }
        let width = width.ok_or(HeaderFault::Absent("the width"))?;
        let height = height.ok_or(HeaderFault::Absent("the height"))?;
        let side = |v: u64| u32::try_from(v).ok().filter(|v| (1..=Frame::MAX_SIDE).contains(v));
        match (side(width), side(height)) {
            (Some(width), Some(height)) => Ok(Self { width, height, rate, format, range }),
            _ => Err(HeaderFault::Size(width, height)),
        }
    }

    /// Bytes of a picture in the file.
    fn stored(&self) -> usize {
        match self.format {
            Some(format) => Frame::byte_len(format, self.width, self.height),
            None => self.width as usize * self.height as usize,
        }
    }
}

/// A `.y4m` file.
#[derive(Debug)]
pub(super) struct Y4m<R> {
    reader: R,
    path: PathBuf,
    info: SourceInfo,
    header: Header,
    clock: Clock,
    offset: u64,
    over: bool,
}

impl<R: BufRead> Y4m<R> {
    /// Reads the header. `length` is the file's, where it has one.
    pub(super) fn new(mut reader: R, path: &Path, length: Option<u64>, options: &Options) -> Result<Self> {
        let mut line = Vec::new();
        let whole = read_line(&mut reader, &mut line).map_err(|e| SourceFault::io(path, e))?;
        let parsed = if whole { Header::parse(&line) } else { Err(HeaderFault::Long) };
        let header = parsed.map_err(|fault| header_fault(path, fault))?;
        let offset = line.len() as u64 + 1;
        let rate = header.rate.or(options.rate).unwrap_or(Rate::DEFAULT);
        // Exact where frame lines have no parameters, which is the rule.
        let frames = length.map(|l| l.saturating_sub(offset) / (header.stored() as u64 + 6));
        let info = SourceInfo {
            name: super::name_of(path),
            width: header.width,
            height: header.height,
            rate,
            frames,
            format: header.format.unwrap_or(PixelFormat::I420),
            colour: Colour { matrix: Matrix::Bt601, range: header.range },
            audio: None,
            kind: SourceKind::Y4m,
        };
        Ok(Self { reader, path: path.into(), info, header, clock: Clock::new(rate), offset, over: false })
    }

    fn fault(&self, what: String) -> SourceFault {
        SourceFault::Frame { path: self.path.clone(), frame: self.clock.next(), offset: self.offset, what }
    }

    fn read_frame(&mut self) -> Result<Option<Frame>, SourceFault> {
        let mut line = Vec::new();
        let whole = read_line(&mut self.reader, &mut line).map_err(|e| SourceFault::io(&self.path, e))?;
        if line.is_empty() && !whole {
            return match self.clock.next() {
                0 => Err(self.fault("the file ends behind the header".into())),
                _ => Ok(None),
            };
        }
        if !whole || !(line == b"FRAME" || line.starts_with(b"FRAME ")) {
            let start = line.get(..line.len().min(16)).unwrap_or_default().escape_ascii();
            return Err(self.fault(format!("there should be a line FRAME, but there is `{start}`")));
        }
        let needed = self.header.stored();
        let mut data = Vec::with_capacity(needed.min(RESERVE));
        let read = (&mut self.reader).take(needed as u64).read_to_end(&mut data);
        let got = read.map_err(|e| SourceFault::io(&self.path, e))?;
        if got < needed {
            return Err(self.fault(format!("the file ends after {got} of its {needed} bytes")));
        }
        let (format, width, height) = (self.info.format, self.info.width, self.info.height);
        data.resize(Frame::byte_len(format, width, height), 128);
        let mut frame = Frame::new(format, self.info.colour, width, height, data)
            .map_err(|e| self.fault(e.to_string()))?;
        self.offset += (line.len() + 1 + needed) as u64;
        self.clock.stamp(&mut frame);
        Ok(Some(frame))
    }
}

impl<R: BufRead + Send> Source for Y4m<R> {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        if self.over {
            return Ok(None);
        }
        let read = self.read_frame();
        self.over = !matches!(read, Ok(Some(_)));
        Ok(read?)
    }
}

/// Reads a line without its end into `line`; whether it had one.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    reader.take(MAX_LINE).read_until(b'\n', line)?;
    Ok(line.pop_if(|b| *b == b'\n').is_some())
}

fn header_fault(path: &Path, fault: HeaderFault) -> SourceFault {
    let path = path.to_owned();
    match fault {
        HeaderFault::Size(width, height) if width > 0 && height > 0 => {
            SourceFault::TooLarge { path, width, height }
        }
        HeaderFault::Pixels(_) => SourceFault::Unsupported { path, what: fault.to_string(), remedy: CONVERT },
        _ => SourceFault::Header { path, what: fault.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_frame::FrameId;
    use omote_frame::error::ErrorKind;
    use proptest::prelude::*;

    fn open(bytes: &[u8]) -> Result<Y4m<&[u8]>> {
        Y4m::new(bytes, Path::new("clip.y4m"), Some(bytes.len() as u64), &Options::default())
    }

    fn all(bytes: &[u8]) -> Result<Vec<Frame>> {
        let mut source = open(bytes)?;
        let mut frames = Vec::new();
        while let Some(frame) = source.next()? {
            frames.push(frame);
        }
        Ok(frames)
    }

    #[test]
    fn every_kind_of_header_gives_its_planes() {
        for (tags, format, stored, range) in [
            ("", PixelFormat::I420, 27, Range::Limited),
            ("C420jpeg XCOLORRANGE=FULL", PixelFormat::I420, 27, Range::Full),
            ("C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=LIMITED", PixelFormat::I420, 27, Range::Limited),
            ("C420paldv Ip A1:1", PixelFormat::I420, 27, Range::Limited),
            ("C422", PixelFormat::I422, 33, Range::Limited),
            ("C444", PixelFormat::I444, 45, Range::Limited),
            ("Cmono", PixelFormat::I420, 15, Range::Limited),
        ] {
            let mut bytes = format!("YUV4MPEG2 W5 H3 F25:2 {tags}\n").into_bytes();
            for frame in 0..3u8 {
                bytes.extend(if frame == 1 { &b"FRAME Ixyz\n"[..] } else { b"FRAME\n" });
                bytes.extend((0..stored).map(|i| i * 5 + frame));
            }
            let source = open(&bytes).unwrap();
            assert_eq!(source.info().rate, Rate::new(25, 2).unwrap());
            assert_eq!(source.info().frames, Some(3));
            let frames = all(&bytes).unwrap();
            assert_eq!(frames.len(), 3, "{tags}");
            for (i, frame) in frames.iter().enumerate() {
                assert_eq!((frame.id, frame.format()), (FrameId(i as u64), format), "{tags}");
                assert_eq!(frame.colour(), Colour { matrix: Matrix::Bt601, range });
                assert_eq!(frame.time.0.as_millis(), i as u128 * 80);
                let want: Vec<u8> = (0..stored).map(|v| v * 5 + i as u8).collect();
                assert_eq!(frame.data()[..want.len()], want);
                assert!(frame.data()[want.len()..].iter().all(|&v| v == 128));
            }
        }
    }

    #[test]
    fn faults_name_what_and_where() {
        let mut cut = b"YUV4MPEG2 W4 H4 F30:1\nFRAME\n".to_vec();
        cut.extend([7; 24]);
        cut.extend(b"FRAME\n12345");
        for (bytes, kind, words) in [
            (&cut[..], ErrorKind::Damaged, &["frame 1", "byte 52", "5 of its 24"][..]),
            (&cut[..50], ErrorKind::Damaged, &["frame 0", "byte 22", "22 of its 24"]),
            (&cut[..22], ErrorKind::Damaged, &["frame 0", "ends behind the header"]),
            (&cut[..12], ErrorKind::Damaged, &["no end within"]),
            (b"YUV4MPEG2 W4 H4\nFRAMES\n", ErrorKind::Damaged, &["`FRAMES`"]),
            (b"YUV4MPEG2 W4\n", ErrorKind::Damaged, &["nothing about the height"]),
            (b"YUV4MPEG2 W4 H4 F30\n", ErrorKind::Damaged, &["`F30`"]),
            (b"YUV4MPEG2 W4 H-4\n", ErrorKind::Damaged, &["`H-4`"]),
            (b"YUV4MPEG2 W0 H4\n", ErrorKind::Damaged, &["0x4"]),
            (b"YUV4MPEG2 W9000 H4\n", ErrorKind::Unsupported, &["9000x4", "8192"]),
            (b"YUV4MPEG2 W4 H4 C420p10\n", ErrorKind::Unsupported, &["C420p10", "ffmpeg"]),
            (b"YUV4MPEG2 W4 H4 XCOLORRANGE=ODD\n", ErrorKind::Damaged, &["XCOLORRANGE=ODD"]),
        ] {
            let error = all(bytes).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            for word in words.iter().chain(&["clip.y4m"]) {
                assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
            }
        }
        let mut source = open(&cut).unwrap();
        assert!(source.next().unwrap().is_some());
        assert!(source.next().is_err());
        assert!(source.next().unwrap().is_none(), "nothing comes after a fault");
    }

    proptest! {
        #[test]
        fn any_header_and_data_end_without_panic(
            line in "[WHFCIAX0-9:= a-zA-Z.-]{0,60}",
            data in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let bytes = [b"YUV4MPEG2 ", line.as_bytes(), b"\nFRAME\n", &data].concat();
            drop(all(&bytes));
            drop(all(&data));
        }

        #[test]
        fn a_small_file_never_makes_a_large_frame(w in 1u32..9000, h in 1u32..9000, n in 0usize..300) {
            let mut bytes = format!("YUV4MPEG2 W{w} H{h}\nFRAME\n").into_bytes();
            bytes.extend(vec![0; n]);
            let whole = n >= Frame::byte_len(PixelFormat::I420, w, h);
            prop_assert_eq!(all(&bytes).is_ok_and(|f| !f.is_empty()), whole && n == Frame::byte_len(PixelFormat::I420, w, h));
        }
    }
}
