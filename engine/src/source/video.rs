//! Any video that ffmpeg reads, as raw planes over a pipe from a child process.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};

use super::child::Child;
use super::probe::{self, Probe};
use super::{Clock, Fault, Source, SourceInfo, SourceKind};
use crate::error::Result;
use crate::frame::Frame;

/// A video. ffmpeg runs from opening to the end, or until this is dropped.
#[derive(Debug)]
pub(super) struct Video {
    path: PathBuf,
    info: SourceInfo,
    clock: Clock,
    /// Dropped before the child, which would wait for its reader otherwise.
    output: Option<ChildStdout>,
    child: Child,
}

impl Video {
    pub(super) fn new(path: &Path) -> Result<Self> {
        Self::with_programs(path, Path::new("ffmpeg"), Path::new("ffprobe"))
    }

    fn with_programs(path: &Path, ffmpeg: &Path, ffprobe: &Path) -> Result<Self> {
        let video = Probe::of(ffprobe, path)?.video(path)?;
        let mut args: Vec<OsString> =
            ["-nostdin", "-hide_banner", "-loglevel", "error", "-i"].map(Into::into).into();
        args.push(probe::file_url(path));
        args.extend(["-map".into(), format!("0:{}", video.stream).into()]);
        args.extend(["-vf".into(), video.filters.join(",").into()]);
        args.extend(["-r".into(), video.rate.to_string().into()]);
        args.extend(["-pix_fmt".into(), video.pixels.clone().into()]);
        args.extend(["-f", "rawvideo", "pipe:1"].map(Into::into));
        let mut child = Child::spawn(ffmpeg, &args, Stdio::null(), Stdio::piped())
            .map_err(|e| probe::no_program(ffmpeg, path, e))?;
        let info = SourceInfo {
            name: super::name_of(path),
            width: video.width,
            height: video.height,
            rate: video.rate,
            frames: video.frames,
            format: video.format,
            colour: video.colour,
            audio: video.sound.then(|| path.into()),
            kind: SourceKind::Video,
        };
        let output = child.take_output();
        Ok(Self { path: path.into(), info, clock: Clock::new(video.rate), output, child })
    }

    fn read(&mut self) -> Result<Option<Frame>, Fault> {
        let Some(output) = &mut self.output else { return Ok(None) };
        let info = &self.info;
        let needed = Frame::byte_len(info.format, info.width, info.height);
        let mut data = Vec::with_capacity(needed);
        let got = output.take(needed as u64).read_to_end(&mut data);
        let got = got.map_err(|e| Fault::io(&self.path, e))?;
        let path = self.path.clone();
        if got < needed {
            self.output = None;
            let ended = self.child.wait().map_err(|e| Fault::io(&path, e))?;
            let (said, program, frame) = (ended.said, "ffmpeg", self.clock.next());
            return match (got, frame, ended.status.success()) {
                (0, _, false) => Err(Fault::Program { path, program, said: or_status(said, ended.status) }),
                (0, 0, true) => Err(Fault::Program { path, program, said: or_nothing(said) }),
                (0, _, true) => {
                    if !said.is_empty() {
                        log::warn!("ffmpeg read all it could, but said: {said} ({})", path.display());
                    }
                    Ok(None)
                }
                _ => Err(Fault::VideoCut { path, frame, got, needed, said: or_nothing(said) }),
            };
        }
        let mut frame = Frame::new(info.format, info.colour, info.width, info.height, data)
            .map_err(|e| Fault::Picture { path, what: e.to_string() })?;
        self.clock.stamp(&mut frame);
        Ok(Some(frame))
    }
}

impl Source for Video {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        let read = self.read();
        if !matches!(read, Ok(Some(_))) {
            self.output = None;
        }
        Ok(read?)
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
    use crate::error::ErrorKind;

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
