//! H.264 in `.mp4`, through an ffmpeg child process that gets raw planes with their times over a pipe.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::encoder::{self, NoEncoder};
use super::fault::SinkFault;
use super::fragments;
use super::planar::{planar, planar_format, write_even_planes};
use super::{Encoder, Limits, SinkSpec};
use crate::badge::Disclosure;
use crate::frame::{Colour, Frame, Matrix, PixelFormat, Range};
use crate::output::{Existing, Options, OutputFile};
use crate::source::child::{Child, Ended, Input};
use crate::source::ffmpeg::Version;
use crate::source::nut::{NutWriter, RawVideo};
use crate::source::probe::{Probe, file_url};
use crate::source::{Rate, looks_hd};

/// Sound that .mp4 takes as it is; other is made into AAC.
const COPIED: [&str; 7] = ["aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"];

/// Sound to go with the pictures.
#[derive(Debug)]
struct Sound {
    path: PathBuf,
    /// The stream of pictures that it belongs to, where the file has one.
    video: Option<u32>,
    /// Its streams, and whether each is taken as it is.
    tracks: Vec<(u32, bool)>,
    /// Whether times may jump in files of this kind.
    jumps: bool,
}

/// A `.mp4` file. ffmpeg is started with the first frame, whose size, format and colour all must have.
#[derive(Debug)]
pub(super) struct Mp4 {
    program: PathBuf,
    ffprobe: PathBuf,
    version: Version,
    rate: Rate,
    sound: Option<Sound>,
    /// Dropped before the file that it writes.
    running: Option<Running>,
    out: OutputFile,
    frames: u64,
    /// Written in fragments, so that it plays up to wherever it breaks off, and made an ordinary file at the end.
    fragments: bool,
}

#[derive(Debug)]
struct Running {
    format: PixelFormat,
    colour: Colour,
    /// Times count in this part of a second from `start`, each later than the one before.
    ticks: u32,
    start: Duration,
    last: Option<u64>,
    /// Dropped first: killed, so that it does not take the closed pipe for the video's end.
    child: Child,
    /// Closed before the child is waited for, which is how it learns of the end.
    pipe: Option<NutWriter<Input>>,
}

impl Mp4 {
    pub(super) fn new(path: &Path, spec: &SinkSpec, existing: Existing) -> Result<Self, SinkFault> {
        Self::with_programs(path, spec, existing, Path::new("ffmpeg"), Path::new("ffprobe"))
    }

    /// A file that is kept whatever happens to it or to ffmpeg.
    pub(super) fn recording(path: &Path, rate: Rate, existing: Existing) -> Result<Self, SinkFault> {
        let spec = SinkSpec::steady(rate);
        Ok(Self { fragments: true, ..Self::new(path, &spec, existing)? })
    }

    fn with_programs(
        path: &Path,
        spec: &SinkSpec,
        existing: Existing,
        ffmpeg: &Path,
        ffprobe: &Path,
    ) -> Result<Self, SinkFault> {
        // Made now, so that a place that can't be written is noticed before any work is done; ffmpeg opens it by its
        // name, and writes its beginning last.
        let out = OutputFile::create(path, Options { existing, seeks: Some(".mp4"), ..Options::default() })?;
        let sound = spec.audio.as_deref().map(|audio| Sound::probe(ffprobe, audio)).transpose()?.flatten();
        // Asked now for the same reason.
        let version = Version::probe(ffmpeg).map_err(|e| not_started(ffmpeg, path, 0, e))?;
        encoder::choose(ffmpeg, encoder::TRIAL).map_err(|none| no_encoder(ffmpeg, path, none))?;
        let (program, ffprobe, rate) = (ffmpeg.into(), ffprobe.into(), spec.rate);
        let (running, frames, fragments) = (None, 0, false);
        Ok(Self { program, ffprobe, version, out, rate, sound, running, frames, fragments })
    }

    /// Starts ffmpeg for frames like this one, which is the first and shown `start` after the sound's file begins.
    fn start(&self, frame: &Frame, what: Disclosure, start: Duration) -> Result<Running, SinkFault> {
        // 4:2:0 in H.264 has even sides.
        let (width, height) = (frame.width().next_multiple_of(2), frame.height().next_multiple_of(2));
        let format = match frame.format() {
            rgb @ (PixelFormat::Rgb | PixelFormat::Bgra) => rgb,
            yuv => planar_format(yuv),
        };
        let hd = if looks_hd(width, height) { Matrix::Bt709 } else { Matrix::Bt601 };
        let encoded = match format.is_yuv() {
            true => frame.colour(),
            false => Colour { matrix: hd, range: Range::Limited },
        };
        let ticks = ticks(self.rate);
        let encoder = encoder::choose(&self.program, (width, height))
            .map_err(|none| no_encoder(&self.program, self.out.target(), none))?;
        let mut args = Args::default();
        args.words("-nostdin -hide_banner -loglevel error -y").all(encoder.before());
        // Nothing of the pictures need be looked at before they are written.
        args.words("-fpsprobesize 0 -itsoffset").word(format!("{:.6}", start.as_secs_f64()));
        args.words("-f nut -i pipe:0");
        if let Some(sound) = &self.sound {
            if sound.jumps {
                args.words("-skip_frame:v nokey");
            }
            args.words("-i").word(file_url(&sound.path)).words("-map 0:v:0");
            for (i, (track, copied)) in sound.tracks.iter().enumerate() {
                args.words("-map").word(format!("1:{track}"));
                args.word(format!("-c:a:{i}")).word(if *copied { "copy" } else { "aac" });
            }
            args.words("-map_chapters -1");
        }
        args.words(&self.version.keep_times().join(" "));
        args.words("-enc_time_base").word(format!("1/{}", encoder.time_base(ticks, self.rate)));
        args.words("-vf").word(filters(format, encoded) + encoder.filter());
        args.all(encoder.options((width, height), self.rate.per_second()));
        args.words(tags(encoded));
        match self.fragments {
            true => {
                // A fragment every half a second, each beginning anew every two.
                let two_seconds = (self.rate.per_second() * 2.0).ceil().max(1.0);
                args.words("-g").word(two_seconds.to_string());
                args.words("-movflags +empty_moov+default_base_moof+frag_keyframe -frag_duration 500000");
                args.words("-flush_packets 1")
            }
            false => args.words("-movflags +faststart"),
        };
        args.words("-metadata");
        args.word(format!("comment={}: the face in this video may be synthetic", what.words()));
        args.words("-f mp4").word(file_url(self.out.path()));
        if let Some(Sound { video: Some(video), tracks, jumps, .. }) = &self.sound {
            // Where a file's times jump, ffmpeg mends them by the streams that are used, and differently for those
            // that it decodes. The pictures were read with the same ones used (see `source::video`), so both are
            // mended alike; of the pictures' packets few need to be decoded for that.
            args.words("-map").word(format!("1:{video}"));
            for (track, _) in tracks {
                args.words("-map").word(format!("1:{track}"));
            }
            args.words(if *jumps { "-c:a copy -f null -" } else { "-c copy -f null -" });
        }
        let mut child = Child::spawn(&self.program, &args.0, Stdio::piped(), Stdio::null())
            .map_err(|e| not_started(&self.program, self.out.target(), self.frames, e))?;
        let video = RawVideo { format, width, height, ticks, rate: self.rate };
        // A child that went at once is noticed with the first picture.
        let pipe = child.take_input().and_then(|pipe| NutWriter::new(pipe, &video).ok());
        Ok(Running { format, colour: frame.colour(), ticks, start, last: None, pipe, child })
    }

    /// What is to be told where the file says that it holds other than what was written. A file that does not say
    /// (one in fragments) is not asked twice.
    fn missing(&self) -> Option<String> {
        let held = Probe::run(&self.ffprobe, self.out.path()).ok()?.pictures()?;
        let frames = self.frames;
        (held != frames).then(|| format!("the encoder kept {held} of {frames} pictures"))
    }

    /// Why writing to the child failed: what it said before it went, or how it went.
    fn died(&self, mut running: Running, cause: io::Error) -> SinkFault {
        running.pipe = None;
        let said = match cause.kind() {
            io::ErrorKind::BrokenPipe => running.end(self.out.path()).map(|end| match end.said.is_empty() {
                true => format!("it ended with {}", end.status),
                false => end.said,
            }),
            _ => Ok(running.child.stop()),
        };
        let said = said.ok().filter(|said| !said.is_empty()).unwrap_or_else(|| cause.to_string());
        ended(self.out.target(), self.frames, said)
    }
}

impl Encoder for Mp4 {
    fn write(&mut self, frame: &Frame, what: Disclosure, at: Duration) -> Result<(), SinkFault> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.start(frame, what, at)?,
        };
        let (path, number) = (self.out.target().to_owned(), self.frames);
        let frame = planar(frame, running.format, running.colour).map_err(|cause| SinkFault::Convert {
            path,
            frame: number,
            cause,
        })?;
        let written = running.write(&frame, at);
        if let Err(cause) = written {
            return Err(self.died(running, cause));
        }
        self.running = Some(running);
        self.frames += 1;
        Ok(())
    }

    fn limits(&self) -> Limits {
        Limits::default()
    }

    fn finish(mut self: Box<Self>, remarks: &mut Vec<String>) -> Result<PathBuf, SinkFault> {
        if let Some(mut running) = self.running.take() {
            running.pipe = None;
            let end = running.end(self.out.path());
            let end = end.map_err(|e| SinkFault::io(self.out.target(), self.frames, e))?;
            if !end.status.success() {
                let said =
                    if end.said.is_empty() { format!("it ended with {}", end.status) } else { end.said };
                let fault = ended(self.out.target(), self.frames, said);
                if self.fragments && fragments::complete(self.out.path()).is_ok() {
                    return Err(SinkFault::Kept {
                        path: self.out.keep_incomplete()?,
                        why: fault.without_path(),
                    });
                }
                return Err(fault);
            }
            if !end.said.is_empty() {
                log::warn!("ffmpeg wrote the video, but said: {}", end.said);
            }
        }
        if self.fragments
            && let Err(e) = fragments::complete(self.out.path())
        {
            log::warn!("the recording stays in fragments ({e}), which most programs play all the same");
            // A disk that does not take it would have it removed.
            if let Err(e) = std::fs::File::open(self.out.path()).and_then(|file| file.sync_data()) {
                let why = SinkFault::io(self.out.target(), self.frames, e).without_path();
                return Err(SinkFault::Kept { path: self.out.keep_incomplete()?, why });
            }
        }
        remarks.extend(self.missing());
        Ok(self.out.keep()?)
    }

    fn break_off(mut self: Box<Self>) -> Result<PathBuf, SinkFault> {
        // What the encoder still holds is written where it can.
        if let Some(mut running) = self.running.take() {
            running.pipe = None;
            if let Err(e) = running.end(self.out.path()) {
                log::warn!("ffmpeg could not be waited for: {e}");
            }
        }
        if let Err(e) = fragments::complete(self.out.path()) {
            if fragments::contents(self.out.path()).is_err() {
                return Err(SinkFault::io(self.out.target(), self.frames, e));
            }
            log::warn!("the recording stays in fragments ({e}), which most programs play all the same");
        }
        Ok(self.out.keep_incomplete()?)
    }

    fn working(&self) -> &Path {
        self.out.path()
    }
}

/// A program that changes nothing in its file for so long, once its input is closed, counts as stuck.
const PATIENCE: Duration = Duration::from_secs(20);

impl Running {
    /// Waits for the end as long as the file still changes.
    fn end(&mut self, file: &Path) -> io::Result<Ended> {
        let look = || std::fs::metadata(file).ok().map(|data| (data.len(), data.modified().ok()));
        let (mut seen, mut since) = (look(), Instant::now());
        self.child.wait_while(|| {
            let now = look();
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
            since.elapsed() < PATIENCE
        })
    }
}

impl Running {
    /// Sends a picture that is shown `at`, with even sides.
    fn write(&mut self, frame: &Frame, at: Duration) -> io::Result<()> {
        let Some(pipe) = &mut self.pipe else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let nanos = at.saturating_sub(self.start).as_nanos() * u128::from(self.ticks);
        let ticks = u64::try_from((nanos + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX);
        let ticks = self.last.map_or(ticks, |last| ticks.max(last + 1));
        self.last = Some(ticks);
        let (width, height) = (frame.width().next_multiple_of(2), frame.height().next_multiple_of(2));
        pipe.begin(ticks, Frame::byte_len(frame.format(), width, height) as u64)?;
        write_even_planes(frame, pipe.data())
    }
}

/// In what part of a second times are written: one in which pictures at this rate, and those of most files, have
/// whole numbers.
fn ticks(rate: Rate) -> u32 {
    const USUAL: u32 = 90_000;
    match rate.num() {
        num @ ..=USUAL => num * USUAL.div_ceil(num),
        num @ ..=1_000_000 => num,
        _ => USUAL,
    }
}

impl Sound {
    /// The sound of a file, where it has some.
    fn probe(ffprobe: &Path, audio: &Path) -> Result<Option<Self>, SinkFault> {
        let probe = Probe::run(ffprobe, audio)
            .map_err(|fault| SinkFault::Sound { path: audio.into(), said: fault.to_string() })?;
        let (video, sound) = probe.sound();
        let tracks: Vec<_> =
            sound.into_iter().map(|(track, codec)| (track, COPIED.contains(&codec))).collect();
        Ok((!tracks.is_empty()).then(|| Self { path: audio.into(), video, tracks, jumps: probe.jumps() }))
    }
}

/// What leads from the frames to what is encoded: 4:2:0, with its meaning written on it.
fn filters(format: PixelFormat, encoded: Colour) -> String {
    let (matrix, range) = (matrix_name(encoded.matrix), range_name(encoded.range));
    let fine = "flags=bicubic+accurate_rnd+full_chroma_int";
    let chain = match format {
        PixelFormat::I420 => String::new(),
        PixelFormat::Rgb | PixelFormat::Bgra => {
            format!("scale=out_color_matrix={matrix}:out_range={range}:{fine},format=yuv420p,")
        }
        _ => format!("scale=in_range={range}:out_range={range}:{fine},format=yuv420p,"),
    };
    chain + &format!("setparams=range={range}:colorspace={matrix}")
}

/// What the file says about its colours. BT.709 comes with its own primaries and transfer; BT.601 samples
/// come from JPEG and webcams, which use sRGB's, so only their matrix is said.
fn tags(colour: Colour) -> &'static str {
    match (colour.matrix, colour.range) {
        (Matrix::Bt709, Range::Limited) => {
            "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv"
        }
        (Matrix::Bt709, Range::Full) => {
            "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range pc"
        }
        (Matrix::Bt601, Range::Limited) => "-colorspace smpte170m -color_range tv",
        (Matrix::Bt601, Range::Full) => "-colorspace smpte170m -color_range pc",
    }
}

fn matrix_name(matrix: Matrix) -> &'static str {
    match matrix {
        Matrix::Bt601 => "smpte170m",
        Matrix::Bt709 => "bt709",
    }
}

fn range_name(range: Range) -> &'static str {
    match range {
        Range::Limited => "limited",
        Range::Full => "full",
    }
}

/// The fault that an end of ffmpeg before ours is.
fn ended(path: &Path, frames: u64, said: String) -> SinkFault {
    if said.contains("No space left on device") {
        return SinkFault::Full { path: path.into(), frames };
    }
    SinkFault::Program { path: path.into(), frames, said }
}

fn not_started(program: &Path, path: &Path, frames: u64, cause: io::Error) -> SinkFault {
    match cause.kind() {
        io::ErrorKind::NotFound => {
            SinkFault::NoProgram { path: path.into(), program: program.display().to_string() }
        }
        _ => ended(path, frames, cause.to_string()),
    }
}

/// The fault that having no encoder is.
fn no_encoder(program: &Path, path: &Path, none: NoEncoder) -> SinkFault {
    match none {
        NoEncoder::Program(cause) => not_started(program, path, 0, cause),
        NoEncoder::NoneWorks { said } => SinkFault::NoEncoder { path: path.into(), said },
    }
}

/// A command line under construction.
#[derive(Debug, Default)]
struct Args(Vec<OsString>);

impl Args {
    /// Adds words that hold no spaces.
    fn words(&mut self, words: &str) -> &mut Self {
        self.0.extend(words.split(' ').map(OsString::from));
        self
    }

    /// Adds all words as they are.
    fn all(&mut self, words: Vec<OsString>) -> &mut Self {
        self.0.extend(words);
        self
    }

    /// Adds one word as it is.
    fn word(&mut self, word: impl Into<OsString>) -> &mut Self {
        self.0.push(word.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    const SPEC: SinkSpec = SinkSpec::steady(Rate::DEFAULT);

    #[test]
    fn a_missing_program_is_noticed_at_once_and_leaves_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let gone = Path::new("/nowhere/ffmpeg");
        let path = folder.path().join("a.mp4");
        let error = Error::from(Mp4::with_programs(&path, &SPEC, Existing::Refuse, gone, gone).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Backend);
        for word in ["/nowhere/ffmpeg", "apt install ffmpeg", ".y4m", "a.mp4"] {
            assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_dying_program_said_is_in_the_error() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::TempDir::new().unwrap();
        let program = folder.path().join("ffmpeg");
        // It answers to -version, takes one read of its input, and fails.
        let script = "#!/bin/sh\n[ \"$1\" = -version ] && exit 0\ncase \"$*\" in *'-f null -') exec cat >/dev/null;; esac\nhead -c 9 >/dev/null\necho lens cap on >&2\nexit 3\n";
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().join("a.mp4");
        let frame = Frame::filled(PixelFormat::I420, Colour::JPEG, 640, 480, [9, 9, 9]).unwrap();
        let mut sink =
            Box::new(Mp4::with_programs(&path, &SPEC, Existing::Refuse, &program, &program).unwrap());
        let written = (0..3).find_map(|_| sink.write(&frame, Disclosure::Modified, Duration::ZERO).err());
        let fault = match written {
            Some(fault) => {
                drop(sink);
                fault
            }
            None => sink.finish(&mut Vec::new()).unwrap_err(),
        };
        assert!(fault.to_string().contains("lens cap on"), "{fault}");
        assert_eq!(Error::from(fault).kind(), ErrorKind::Backend);
        let left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["ffmpeg"]);
    }
}
