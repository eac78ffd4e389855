//! Where badged frames go. A sink takes [`BadgedFrame`]s and nothing else.
//!
//! Output appears under its name only when [`Sink::finish`] has succeeded; a sink that is dropped before
//! removes what it wrote.

mod fault;
mod memory;
mod mp4;
mod partial;
mod planar;
mod png;
pub mod virtual_camera;
mod y4m;

use std::path::{Path, PathBuf};

use crate::badge::{BadgedFrame, Disclosure};
use crate::error::Result;
use crate::frame::Frame;
use crate::source::{Rate, SourceInfo};
use fault::Fault;

pub use memory::{Memory, memory};

/// Takes frames one after the other.
pub trait Sink: Send {
    /// Takes a frame. All frames of a sink must have one size.
    ///
    /// # Errors
    /// Where it can't be written (disk full, encoder gone) or has another size than those before; nothing
    /// is kept of the output then.
    fn present(&mut self, frame: &BadgedFrame) -> Result<()>;

    /// Completes the output and moves it to its place.
    ///
    /// # Errors
    /// Where no frame came, an earlier one failed, or the last steps fail; nothing is kept then.
    fn finish(self: Box<Self>) -> Result<Finished>;
}

/// What a sink has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The file or folder, where there is one.
    pub path: Option<PathBuf>,
    /// Frames in it.
    pub frames: u64,
}

/// What a sink must know before the first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkSpec {
    /// Frames a second.
    pub rate: Rate,
    /// How many frames will come, where that is known.
    pub frames: Option<u64>,
    /// A file whose sound goes with the pictures, for sinks that take sound.
    pub audio: Option<PathBuf>,
}

impl SinkSpec {
    /// For writing all that a source gives, with its sound.
    pub fn of(info: &SourceInfo) -> Self {
        Self { rate: info.rate, frames: info.frames, audio: info.audio.clone() }
    }
}

/// Begins an output. The name's ending decides:
///
/// - `.y4m`: the native planes bit for bit (4:2:0, 4:2:2, 4:4:4; R'G'B' becomes 4:2:0 in limited range),
///   always BT.601;
/// - `.png`: one picture;
/// - `.mp4`: H.264 with the input's sound, through ffmpeg; odd sizes grow by one column or row;
/// - a name that ends in `/` or has no ending, or a folder that is there and empty: numbered PNG.
///
/// # Errors
/// Where the ending is none of these, the place can't be written, a folder isn't empty, several frames
/// are to go into a `.png`, or ffmpeg is missing.
pub fn create(path: &Path, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
    let named_as_folder = path.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let encoder: Box<dyn Encoder> = match ending.as_deref() {
        _ if named_as_folder || path.is_dir() => Box::new(png::Folder::new(path)?),
        None => Box::new(png::Folder::new(path)?),
        Some("y4m") => Box::new(y4m::Y4m::new(path, spec)?),
        Some("png") => Box::new(png::Still::new(path, spec.frames)?),
        Some("mp4") => Box::new(mp4::Mp4::new(path, spec)?),
        Some(ending) => return Err(Fault::Ending { path: path.into(), ending: ending.into() }.into()),
    };
    Ok(Box::new(FileSink { path: path.into(), encoder: Some(encoder), frames: 0, size: None }))
}

/// Writes frames into a file or folder. Private to this module: only [`FileSink`] calls it, with what is
/// in a [`BadgedFrame`].
trait Encoder: Send {
    fn write(&mut self, frame: &Frame, what: Disclosure) -> Result<(), Fault>;

    /// Completes the output; where it is.
    fn finish(self: Box<Self>) -> Result<PathBuf, Fault>;
}

struct FileSink {
    path: PathBuf,
    /// Nothing after a fault: what was written is removed with the encoder.
    encoder: Option<Box<dyn Encoder>>,
    frames: u64,
    size: Option<(u32, u32)>,
}

impl FileSink {
    fn write(&mut self, frame: &Frame, what: Disclosure) -> Result<(), Fault> {
        let (width, height) = (frame.width(), frame.height());
        let (first_width, first_height) = *self.size.get_or_insert((width, height));
        let path = || self.path.clone();
        let Some(encoder) = &mut self.encoder else { return Err(Fault::Broken { path: path() }) };
        if (width, height) != (first_width, first_height) {
            let frame = self.frames;
            return Err(Fault::OtherSize { path: path(), frame, width, height, first_width, first_height });
        }
        encoder.write(frame, what)?;
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
        let Some(encoder) = self.encoder else { return Err(Fault::Broken { path }.into()) };
        if self.frames == 0 {
            return Err(Fault::Nothing { path }.into());
        }
        Ok(Finished { path: Some(encoder.finish()?), frames: self.frames })
    }
}
