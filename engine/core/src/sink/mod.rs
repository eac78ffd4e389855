//! Where badged frames go. A sink takes [`BadgedFrame`]s and nothing else.
//!
//! Output appears under its name only when [`Sink::finish`] has succeeded; a sink that is dropped before
//! removes what it wrote ([`crate::output`]).

mod encoder;
mod fault;
mod fragments;
mod memory;
mod mp4;
mod planar;
mod png;
mod recording;
mod room;
mod schedule;
pub mod virtual_camera;
mod y4m;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::badge::{BadgedFrame, Disclosure};
use crate::error::Result;
use crate::frame::{Frame, PixelFormat};
use crate::output::{self, Existing};
use crate::source::{Rate, SourceInfo};
use fault::SinkFault;
use schedule::Schedule;

#[doc(hidden)]
pub use encoder::{VideoEncoder, video_encoder};
pub use memory::{Memory, memory};
pub use recording::record;
#[doc(hidden)]
pub use recording::{Rest, inspect, salvage};
pub use room::Room;

/// Takes frames one after the other.
pub trait Sink: Send {
    /// Takes a frame. All frames of a sink must have one size.
    ///
    /// # Errors
    /// Where it can't be written (disk full, encoder gone) or has another size than those before; nothing
    /// is kept of the output then, but for [recordings](record): those must be finished all the same.
    fn present(&mut self, frame: &BadgedFrame) -> Result<()>;

    /// Completes the output and moves it to its place.
    ///
    /// # Errors
    /// Where no frame came, an earlier one failed, or the last steps fail; nothing is kept then. A recording fails only
    /// where there is nothing that could be kept.
    fn finish(self: Box<Self>) -> Result<Finished>;

    /// Where the output is written until it is finished; nothing for what is no file.
    fn working(&self) -> Option<&Path> {
        None
    }

    /// The room that a recording has left on its disk, where that is known.
    fn room(&self) -> Option<Room> {
        None
    }
}

/// What a sink has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finished {
    /// The file or folder, where there is one.
    pub path: Option<PathBuf>,
    /// Frames in it.
    pub frames: u64,
    /// What its form could not carry, or what else is to be told, a line each.
    pub remarks: Vec<String>,
    /// Of a recording that ended by itself: why, and what was kept of it.
    pub ended: Option<String>,
}

impl Finished {
    /// The same, ended for a reason that the sink could not know of; the sink's own reason comes first.
    pub(crate) fn ended_by(mut self, why: Option<String>) -> Self {
        if let (None, Some(why)) = (&self.ended, why) {
            let place = self.path.as_deref().map_or_else(String::new, |p| format!(": {}", p.display()));
            self.ended = Some(format!("{why}; what was recorded until then is kept{place}"));
        }
        self
    }
}

/// Which times frames have in an output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Times {
    /// One after the other at the rate, whatever times they say.
    #[default]
    Steady,
    /// Each its own, where the form of the output has times.
    Own,
}

/// What a sink must know before the first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkSpec {
    /// Frames a second; on average where they have times of their own.
    pub rate: Rate,
    /// Which times they get.
    pub times: Times,
    /// How many frames will come, where that is known.
    pub frames: Option<u64>,
    /// A file whose sound goes with the pictures, for sinks that take sound. Times of their own count from its
    /// start.
    pub audio: Option<PathBuf>,
}

impl SinkSpec {
    /// For frames at a steady rate, without sound.
    pub const fn steady(rate: Rate) -> Self {
        Self { rate, times: Times::Steady, frames: None, audio: None }
    }

    /// The same for one picture.
    pub fn one() -> Self {
        Self { frames: Some(1), ..Self::steady(Rate::DEFAULT) }
    }

    /// For writing all that a source gives, at its times and with its sound.
    pub fn for_source(info: &SourceInfo) -> Self {
        Self { rate: info.rate, times: Times::Own, frames: info.frames, audio: info.audio.clone() }
    }
}

/// As [`create_with`], where nothing that is there may be replaced.
///
/// # Errors
/// Those of [`create_with`].
pub fn create(path: &Path, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
    create_with(path, spec, Existing::Refuse)
}

/// Begins an output. The name's ending decides:
///
/// - `.y4m`: the native planes bit for bit (4:2:0, 4:2:2, 4:4:4; R'G'B' becomes 4:2:0 in limited range),
///   always BT.601;
/// - `.png`: one picture;
/// - `.mp4`: H.264 with the input's sound, through ffmpeg; odd sizes grow by one column or row;
/// - a name that ends in `/` or has no ending, or a folder that is there and empty: numbered PNG.
///
/// Of what is there already, `existing` lets a file be replaced, and a folder that holds numbered PNG and nothing
/// else.
///
/// # Errors
/// Where the ending is none of these, something is there that may not be replaced, the place can't be written,
/// several frames are to go into a `.png`, or ffmpeg is missing.
pub fn create_with(path: &Path, spec: &SinkSpec, existing: Existing) -> Result<Box<dyn Sink>> {
    if path.as_os_str() == "-" {
        return Err(SinkFault::Dash.into());
    }
    let named_as_folder = output::named_as_folder(path);
    if !named_as_folder {
        output::check_name(path)?;
    }
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let encoder: Box<dyn Encoder> = match ending.as_deref() {
        _ if named_as_folder => Box::new(png::Folder::new(path, existing)?),
        Some("y4m") => Box::new(y4m::Y4m::new(path, spec, existing)?),
        Some("png") => Box::new(png::Still::new(path, spec.frames, existing)?),
        Some("mp4") => Box::new(mp4::Mp4::new(path, spec, existing)?),
        None => Box::new(png::Folder::new(path, existing)?),
        Some(_) if path.is_dir() => Box::new(png::Folder::new(path, existing)?),
        Some(ending) => return Err(SinkFault::Ending { path: path.into(), ending: ending.into() }.into()),
    };
    let schedule = Schedule::new(spec);
    Ok(Box::new(FileSink { path: path.into(), encoder: Some(encoder), schedule, frames: 0, size: None }))
}

/// Writes frames into a file or folder. Private to this module: only [`FileSink`] calls it, with what is
/// in a [`BadgedFrame`].
trait Encoder: Send {
    /// Writes a frame that is shown `at` after the start of the input.
    fn write(&mut self, frame: &Frame, what: Disclosure, at: Duration) -> Result<(), SinkFault>;

    /// What of the input this form of output can't hold, in words for people: `.png holds no sound`.
    fn limits(&self) -> Limits;

    /// Whether each frame is a file of its own, which keeps its size and its transparency.
    fn keeps_pictures(&self) -> bool {
        false
    }

    /// Completes the output; where it is. What is to be told of it goes to `remarks`.
    fn finish(self: Box<Self>, remarks: &mut Vec<String>) -> Result<PathBuf, SinkFault>;

    /// Keeps what is whole of an output that broke off, under a name that says so; where it is.
    fn break_off(self: Box<Self>) -> Result<PathBuf, SinkFault>;

    /// Where it writes.
    fn working(&self) -> &Path;
}

/// What a form of output can't hold.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    /// Its name, where it holds no times of single pictures.
    no_times: Option<&'static str>,
    /// Its name, where it holds no sound.
    no_sound: Option<&'static str>,
}

struct FileSink {
    path: PathBuf,
    /// Nothing after a fault: what was written is removed with the encoder.
    encoder: Option<Box<dyn Encoder>>,
    schedule: Schedule,
    frames: u64,
    size: Option<(u32, u32)>,
}

impl FileSink {
    fn write(&mut self, frame: &Frame, what: Disclosure) -> Result<(), SinkFault> {
        let size = (frame.width(), frame.height());
        let first = *self.size.get_or_insert(size);
        let path = || self.path.clone();
        let Some(encoder) = &mut self.encoder else { return Err(SinkFault::Broken { path: path() }) };
        if size != first && !encoder.keeps_pictures() {
            return Err(SinkFault::OtherSize { path: path(), frame: self.frames, size, first });
        }
        // What somebody cut away must not come back where nothing can be transparent.
        let opaque;
        let frame = match frame.format() {
            PixelFormat::Bgra if !encoder.keeps_pictures() => {
                opaque = frame.over([0; 3]);
                &opaque
            }
            _ => frame,
        };
        encoder.write(frame, what, self.schedule.next(frame.time))?;
        self.frames += 1;
        Ok(())
    }
}

impl Sink for FileSink {
    fn present(&mut self, frame: &BadgedFrame) -> Result<()> {
        let written = self.write(frame.frame(), frame.disclosure());
        if written.is_err() {
            self.encoder = None;
        }
        Ok(written?)
    }

    fn finish(self: Box<Self>) -> Result<Finished> {
        let path = self.path;
        let Some(encoder) = self.encoder else { return Err(SinkFault::Broken { path }.into()) };
        if self.frames == 0 {
            return Err(SinkFault::Nothing { path }.into());
        }
        let mut remarks = self.schedule.remarks(encoder.limits());
        let path = Some(encoder.finish(&mut remarks)?);
        Ok(Finished { path, frames: self.frames, remarks, ended: None })
    }

    fn working(&self) -> Option<&Path> {
        self.encoder.as_deref().and_then(|encoder| apart(encoder.working(), &self.path))
    }
}

/// Where an output is written until it is whole; nothing for a pipe or a device, which is written as it is.
fn apart<'a>(working: &'a Path, target: &Path) -> Option<&'a Path> {
    (working != target).then_some(working)
}
