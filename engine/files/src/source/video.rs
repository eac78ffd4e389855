//! Any video that ffmpeg reads: raw planes with their times, over a pipe from one child process that runs from
//! the first picture to the last.

mod heard;
mod times;

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use super::child::Child;
use super::ffmpeg::Version;
use super::nut::{NutFault, NutFrame, NutReader};
use super::probe::{self, Probe};
use super::{PictureFault, Source, SourceFault, SourceInfo, SourceKind};
use heard::Heard;
use omote_frame::Frame;
use omote_frame::error::Result;
use omote_frame::pool::{Bytes, Pool};
use times::Times;

/// Seconds that ffmpeg adds to all times, since the pipe can't carry negative ones. A whole number of ticks in
/// every time base that is in use, that of 1001 parts too.
const LEAD: i64 = 1001;

/// A video. ffmpeg runs from opening to the end, or until this is dropped.
#[derive(Debug)]
pub(super) struct Video {
    path: PathBuf,
    info: SourceInfo,
    times: Times,
    pipe: Option<Pipe>,
    child: Child,
    heard: Arc<Mutex<Heard>>,
    packet_is_picture: bool,
    /// Where the pictures' memory comes from.
    pool: Pool,
    /// What is to be told of the file.
    remarks: Vec<String>,
}

/// The end of the pipe that the pictures come out of. Dropped before the child, which would wait for its reader
/// otherwise.
#[derive(Debug)]
enum Pipe {
    /// Nothing was read yet.
    New(BufReader<ChildStdout>),
    Open(Box<NutReader<BufReader<ChildStdout>>>),
}

impl Video {
    pub(super) fn new(path: &Path) -> Result<Self> {
        Self::with_programs(path, Path::new("ffmpeg"), Path::new("ffprobe"))
    }

    fn with_programs(path: &Path, ffmpeg: &Path, ffprobe: &Path) -> Result<Self> {
        let video = Probe::run(ffprobe, path)?.video(path)?;
        let version = Version::probe(ffmpeg).map_err(|e| probe::no_program(ffmpeg, path, e))?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let hearer = Arc::clone(&heard);
        let hear = move |line: &str| hearer.lock().unwrap_or_else(PoisonError::into_inner).line(line);
        let args = arguments(path, &video, version);
        let mut child = Child::spawn_heard(ffmpeg, &args, Stdio::null(), Stdio::piped(), hear)
            .map_err(|e| probe::no_program(ffmpeg, path, e))?;
        let times = Times::new(video.base, video.nominal);
        let info = SourceInfo {
            name: super::name_of(path),
            width: video.width,
            height: video.height,
            rate: video.rate,
            frames: video.frames,
            format: video.format,
            colour: video.colour,
            audio: (!video.sound.is_empty()).then(|| path.into()),
            kind: SourceKind::Video,
        };
        let remarks = video.left_out.map(|what| format!("left out: {what}")).into_iter().collect();
        let pipe = child.take_output().map(|out| Pipe::New(BufReader::with_capacity(1 << 16, out)));
        let packet_is_picture = video.packet_is_picture;
        let (path, pool) = (path.into(), Pool::new());
        Ok(Self { path, info, times, pipe, child, heard, packet_is_picture, pool, remarks })
    }

    fn read_frame(&mut self) -> Result<Option<Frame>, SourceFault> {
        let mut reader = match self.pipe.take() {
            None => return Ok(None),
            Some(Pipe::Open(reader)) => reader,
            Some(Pipe::New(output)) => match NutReader::new(output) {
                Ok(reader) => Box::new(reader),
                Err(fault) => return self.over(fault),
            },
        };
        let info = &self.info;
        let length = Frame::byte_len(info.format, info.width, info.height);
        let (found, data) = match picture(&mut reader, &self.pool, length) {
            Ok(Some(found)) => found,
            Ok(None) => return self.over(NutFault::Absent("picture")),
            Err(fault) => {
                drop(reader);
                return self.over(fault);
            }
        };
        let base = reader.streams().get(found.stream).map_or((1, 1), |s| s.base);
        self.pipe = Some(Pipe::Open(reader));
        let mut frame = Frame::new(info.format, info.colour, info.width, info.height, data)
            .map_err(|e| SourceFault::Picture { path: self.path.clone(), fault: PictureFault::damaged(e) })?;
        self.times.stamp(&mut frame, found.pts, base);
        Ok(Some(frame))
    }

    /// What the end of the pictures means. `why` is what the pipe gave instead of one.
    fn over(&mut self, why: NutFault) -> Result<Option<Frame>, SourceFault> {
        let path = self.path.clone();
        let ended = self.child.wait().map_err(|e| SourceFault::io(&path, e))?;
        let (said, program, frame) = (ended.said, "ffmpeg", self.times.count());
        match (why, frame) {
            (NutFault::Cut { found: got, expected: needed }, _) => {
                Err(SourceFault::VideoCut { path, frame, got, needed, said: or_nothing(said) })
            }
            _ if !ended.status.success() => {
                Err(SourceFault::Program { path, program, said: or_status(said, ended.status) })
            }
            (NutFault::Absent(_) | NutFault::Magic, 0) => {
                Err(SourceFault::Program { path, program, said: or_nothing(said) })
            }
            (NutFault::Absent("picture"), _) => {
                self.end(&said);
                Ok(None)
            }
            (why, _) => Err(SourceFault::Program {
                path,
                program,
                said: format!("its output is not understood: {why}"),
            }),
        }
    }

    /// Compares what came with what is in the file.
    fn end(&mut self, said: &str) {
        if !said.is_empty() {
            log::debug!("ffmpeg read all it could, but said: {said} ({})", self.path.display());
        }
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        self.remarks.extend(heard.remarks(&self.times, self.packet_is_picture));
    }
}

/// The next picture's header and its `length` bytes, in the pool's memory; nothing at the end.
fn picture(
    reader: &mut NutReader<impl BufRead>,
    pool: &Pool,
    length: usize,
) -> Result<Option<(NutFrame, Bytes)>, NutFault> {
    let mut data = pool.take(length);
    Ok(reader.next(&mut data)?.map(|found| (found, data)))
}

/// ffmpeg's arguments for reading: the pictures with their times to its output; to its error stream, among what it
/// says, a line for each packet of the file's pictures, so that what could not be decoded is known. The sound's
/// packets go there too, since the file's streams have their times mended together where those jump: whoever
/// reads the sound (see `sink::mp4`) lists the same streams, and so comes to the same times.
fn arguments(path: &Path, video: &probe::Video, version: Version) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    let mut words = |words: &[&str]| args.extend(words.iter().map(OsString::from));
    words(&["-nostdin", "-hide_banner", "-loglevel", "repeat+level+warning"]);
    words(version.forgive());
    words(&["-noautorotate", "-reinit_filter", "0", "-i"]);
    args.push(probe::file_url(path));
    let mut words = |words: &[&str]| args.extend(words.iter().map(OsString::from));
    let stream = format!("0:{}", video.stream);
    let base = format!("{}/{}", video.base.num(), video.base.den());
    words(&["-map", &stream, "-vf", &video.filters.join(","), "-pix_fmt", &video.pixels]);
    words(&version.keep_times());
    words(&["-enc_time_base", &base, "-output_ts_offset", &LEAD.to_string()]);
    words(&["-c:v", "rawvideo", "-f", "nut", "pipe:1"]);
    words(&["-map", &stream]);
    for sound in &video.sound {
        words(&["-map", &format!("0:{sound}")]);
    }
    words(&["-c", "copy", "-f", "framecrc", "pipe:2"]);
    args
}

impl Source for Video {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        let read = self.read_frame();
        if !matches!(read, Ok(Some(_))) {
            self.pipe = None;
        }
        Ok(read?)
    }

    fn remarks(&self) -> Vec<String> {
        self.remarks.clone()
    }
}

fn or_status(said: String, status: std::process::ExitStatus) -> String {
    if said.is_empty() { format!("it ended with {status}") } else { said }
}

fn or_nothing(said: String) -> String {
    if said.is_empty() { "it gave no picture".into() } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Rate;
    use crate::source::nut::{NutWriter, RawVideo};
    use omote_frame::PixelFormat;
    use omote_frame::error::ErrorKind;

    #[test]
    fn pictures_share_the_memory_of_those_that_were_dropped() {
        let (format, width, height) = (PixelFormat::I420, 64, 48);
        let length = Frame::byte_len(format, width, height);
        let video = RawVideo { format, width, height, ticks: 30, rate: Rate::DEFAULT };
        let mut writer = NutWriter::new(Vec::new(), &video).unwrap();
        for number in 0..100u8 {
            writer.begin(number.into(), length as u64).unwrap();
            writer.data().extend(vec![number; length]);
        }
        let file = std::mem::take(writer.data());
        let (mut reader, pool) = (NutReader::new(&file[..]).unwrap(), Pool::new());
        // As many as a film keeps back; the oldest goes when the next comes.
        let mut kept = std::collections::VecDeque::new();
        for number in 0..100u8 {
            let (found, data) = picture(&mut reader, &pool, length).unwrap().unwrap();
            assert_eq!(found.pts, i64::from(number));
            assert!(data.len() == length && data.iter().all(|byte| *byte == number), "{number}");
            kept.push_back(data);
            if kept.len() == 24 {
                kept.pop_front();
            }
        }
        assert!(picture(&mut reader, &pool, length).unwrap().is_none());
        assert_eq!(pool.stats().created, 24);
    }

    #[test]
    fn a_missing_program_is_named_with_the_remedy() {
        let gone = Path::new("/nowhere/ffprobe");
        let error = Video::with_programs(Path::new("a.mkv"), gone, gone).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Backend);
        for word in ["/nowhere/ffprobe", "apt install ffmpeg", ".y4m", "a.mkv"] {
            assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
        }
    }
}
