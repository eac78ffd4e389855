//! PNG: one picture, or a folder of numbered ones. Each says in a text chunk that it is AI modified.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::png::{BitDepth, ColorType, Compression, Encoder as Writer, SrgbRenderingIntent};

use super::fault::SinkFault;
use super::{Encoder, Limits};
use crate::badge::Disclosure;
use crate::frame::{Frame, PixelFormat};
use crate::output::{Existing, Options, OutputFile, OutputFolder};

/// Writes a frame as sRGB; alpha is kept where there is one.
fn encode(out: impl Write, frame: &Frame, what: Disclosure) -> io::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 18, out);
    let mut writer = Writer::new(&mut file, frame.width(), frame.height());
    let (colour, data) = match frame.format() {
        PixelFormat::Bgra => {
            let mut data = frame.data().to_vec();
            data.chunks_exact_mut(4).for_each(|p| p.swap(0, 2));
            (ColorType::Rgba, data)
        }
        _ => (ColorType::Rgb, frame.to_rgb()),
    };
    writer.set_color(colour);
    writer.set_depth(BitDepth::Eight);
    writer.set_source_srgb(SrgbRenderingIntent::Perceptual);
    writer.set_compression(Compression::Fast);
    let said = format!("{}: the face in this picture may be synthetic", what.words());
    writer.add_text_chunk("Comment".into(), said).map_err(io_error)?;
    writer.add_text_chunk("Software".into(), "Omote".into()).map_err(io_error)?;
    let mut writer = writer.write_header().map_err(io_error)?;
    writer.write_image_data(&data).map_err(io_error)?;
    writer.finish().map_err(io_error)?;
    file.flush()
}

fn io_error(e: ::png::EncodingError) -> io::Error {
    match e {
        ::png::EncodingError::IoError(e) => e,
        e => io::Error::other(e),
    }
}

/// A single `.png`.
#[derive(Debug)]
pub(super) struct Still {
    out: OutputFile,
    frames: u64,
}

impl Still {
    pub(super) fn new(path: &Path, frames: Option<u64>, existing: Existing) -> Result<Self, SinkFault> {
        if let Some(n @ 2..) = frames {
            return Err(SinkFault::OnePicture { path: path.into(), frames: n.to_string() });
        }
        let out = OutputFile::create(path, Options { existing, ..Options::default() })?;
        Ok(Self { out, frames: 0 })
    }
}

impl Encoder for Still {
    fn keeps_pictures(&self) -> bool {
        true
    }

    fn write(&mut self, frame: &Frame, what: Disclosure, _: Duration) -> Result<(), SinkFault> {
        let path = self.out.target().to_owned();
        if self.frames > 0 {
            return Err(SinkFault::OnePicture { path, frames: "more".into() });
        }
        encode(&mut self.out, frame, what).map_err(|e| SinkFault::io(&path, 0, e))?;
        self.frames = 1;
        Ok(())
    }

    fn limits(&self) -> Limits {
        Limits { no_times: None, no_sound: Some("a picture") }
    }

    fn finish(self: Box<Self>, _: &mut Vec<String>) -> Result<PathBuf, SinkFault> {
        Ok(self.out.keep()?)
    }

    fn break_off(self: Box<Self>) -> Result<PathBuf, SinkFault> {
        Err(SinkFault::Nothing { path: self.out.target().into() })
    }

    fn working(&self) -> &Path {
        self.out.path()
    }
}

/// Whether a file's name is one of those that [`Folder`] gives.
fn is_numbered(name: &str) -> bool {
    name.strip_suffix(".png").is_some_and(|n| n.len() >= 6 && n.bytes().all(|b| b.is_ascii_digit()))
}

/// A folder of `000000.png`, `000001.png` and so on.
#[derive(Debug)]
pub(super) struct Folder {
    out: OutputFolder,
    frames: u64,
}

impl Folder {
    pub(super) fn new(path: &Path, existing: Existing) -> Result<Self, SinkFault> {
        let out = OutputFolder::create(path, Options { existing, ..Options::default() }, is_numbered)?;
        Ok(Self { out, frames: 0 })
    }
}

impl Folder {
    /// The next file's name.
    fn next(&self) -> String {
        format!("{:06}.png", self.frames)
    }
}

impl Encoder for Folder {
    fn keeps_pictures(&self) -> bool {
        true
    }

    fn write(&mut self, frame: &Frame, what: Disclosure, _: Duration) -> Result<(), SinkFault> {
        let file = self.out.file(&self.next());
        file.and_then(|file| encode(file, frame, what))
            .map_err(|e| SinkFault::io(self.out.target(), self.frames, e))?;
        self.frames += 1;
        Ok(())
    }

    fn limits(&self) -> Limits {
        Limits { no_times: Some("a folder of pictures"), no_sound: Some("a folder of pictures") }
    }

    fn finish(self: Box<Self>, _: &mut Vec<String>) -> Result<PathBuf, SinkFault> {
        Ok(self.out.keep()?)
    }

    fn break_off(self: Box<Self>) -> Result<PathBuf, SinkFault> {
        // Half a picture, where writing one failed.
        if let Err(e) = std::fs::remove_file(self.out.path().join(self.next())) {
            log::debug!("no half picture to remove: {e}");
        }
        Ok(self.out.keep_incomplete()?)
    }

    fn working(&self) -> &Path {
        self.out.path()
    }
}
