//! Where frames come from. A source is in lockstep: each call gives the next picture, none is dropped.
//!
//! [`open`] decides by content first and by the name's ending where the content does not say:
//! concatenated JPEG, `.y4m`, a picture, a moving picture, a folder of pictures, and any other video through an
//! `ffmpeg` child process.

pub mod child;
mod fault;
pub mod ffmpeg;
mod fit;
mod folder;
pub mod jpeg;
mod mjpeg;
mod moving;
pub mod nut;
pub mod picture;
pub mod probe;
pub mod refused;
pub mod split;
mod video;
mod y4m;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use fault::SourceFault;
use omote_frame::error::Result;
use omote_frame::{Colour, Frame, FrameId, PixelFormat};

pub use omote_frame::rate::{Rate, RateError};
use picture::PictureKind;
pub use picture::read_picture;
pub use picture::{PictureFault, bytes_of, decode as decode_picture};

/// Gives frames one after the other.
pub trait Source: Send {
    /// What is known before the first frame.
    fn info(&self) -> &SourceInfo;

    /// The next frame, or nothing when all were given. Frames count from 0. Their time is their own where the
    /// source has such, counted from its start and always rising; the first may come later than 0. Elsewhere it is
    /// that of the frame rate. Every frame has the format, colour and size that [`Source::info`] says,
    /// but for folders with [`Options::own_sizes`].
    ///
    /// # Errors
    /// An [`Error`](omote_frame::error::Error) that names the file and, where it has more than one, the frame. After an error nothing
    /// more comes.
    fn next(&mut self) -> Result<Option<Frame>>;

    /// What is to be told of the input, a line each: what of it goes nowhere, and at the end what could not be
    /// read.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What a source says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceInfo {
    /// Name to show: the file's or folder's, without the way to it.
    pub name: String,
    /// Width of every frame in pixels.
    pub width: u32,
    /// Height of every frame in pixels.
    pub height: u32,
    /// Frames a second; on average where frames have times of their own.
    pub rate: Rate,
    /// How many frames there are, for showing progress: counted where that is cheap, what the file says
    /// of itself otherwise. Nothing where it is not known.
    pub frames: Option<u64>,
    /// Format of every frame.
    pub format: PixelFormat,
    /// How Y'CbCr samples are meant.
    pub colour: Colour,
    /// A file whose sound belongs to the pictures.
    pub audio: Option<PathBuf>,
    /// What it is.
    pub kind: SourceKind,
}

/// What a source reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceKind {
    /// Concatenated JPEG.
    Mjpeg,
    /// A YUV4MPEG2 file.
    Y4m,
    /// One picture.
    Picture,
    /// A moving picture: GIF, APNG or animated WebP.
    Moving,
    /// A folder of pictures.
    Folder,
    /// Any video, through ffmpeg.
    Video,
    /// The built-in moving face.
    Actor,
}

/// What the caller may say about an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Frames a second for inputs without a rate of their own (concatenated JPEG, pictures, folders);
    /// [`Rate::DEFAULT`] where nothing is given. Other inputs keep theirs.
    pub rate: Option<Rate>,
    /// The R'G'B' colour (0..=255) that stands behind transparent parts of pictures. Nothing keeps their transparency,
    /// which outputs without such show as black.
    pub background: Option<[u8; 3]>,
    /// Folders: each picture comes in its own size and format. Otherwise all are fitted into the first's size.
    pub own_sizes: bool,
}

impl Options {
    /// A picture on its ground.
    fn ground(&self, frame: Frame) -> Frame {
        match self.background {
            Some(ground) if frame.format() == PixelFormat::Bgra => frame.over(ground),
            _ => frame,
        }
    }
}

/// Opens a file or folder as [`open_with`] does, with no options.
///
/// # Errors
/// As [`open_with`].
pub fn open(path: &Path) -> Result<Box<dyn Source>> {
    open_with(path, &Options::default())
}

/// Opens a file or folder.
///
/// # Errors
/// Where the file is missing, empty, not what its name says, damaged, or of a kind that is not taken; the
/// message says which, and what to do.
pub fn open_with(path: &Path, options: &Options) -> Result<Box<dyn Source>> {
    let about = std::fs::metadata(path).map_err(|e| SourceFault::io(path, e))?;
    if about.is_dir() {
        return Ok(Box::new(folder::Folder::new(path, options)?));
    }
    let file = File::open(path).map_err(|e| SourceFault::io(path, e))?;
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let head = reader.fill_buf().map_err(|e| SourceFault::io(path, e))?;
    if head.is_empty() {
        return Err(SourceFault::Empty { path: path.into() }.into());
    }
    if about.is_file()
        && let Some(moving) = moving::open(path, head, options.background.unwrap_or_default())?
    {
        return Ok(Box::new(moving));
    }
    let content = Content::sniff(head);
    let ending = ending_of(path);
    if let Some(expected) = said_by(&ending).filter(|_| content == Content::Unknown) {
        let found = refused::described(head);
        return Err(SourceFault::NotWhatItSays { path: path.into(), expected, found }.into());
    }
    let length = about.is_file().then_some(about.len());
    match content {
        Content::Y4m => Ok(Box::new(y4m::Y4m::new(reader, path, length, options)?)),
        Content::Jpeg if mjpeg::is_clip(path, &ending)? => {
            Ok(Box::new(mjpeg::Mjpeg::new(reader, path, length, options)?))
        }
        Content::Jpeg | Content::Picture => Ok(Box::new(picture::Picture::new(path, options)?)),
        Content::Unknown => Ok(Box::new(video::Video::new(path)?)),
    }
}

/// What a file's first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Jpeg,
    Y4m,
    Picture,
    Unknown,
}

impl Content {
    fn sniff(head: &[u8]) -> Self {
        if head.starts_with(y4m::MAGIC) {
            return Self::Y4m;
        }
        match PictureKind::sniff(head) {
            Some(PictureKind::Jpeg) => Self::Jpeg,
            None => Self::Unknown,
            Some(_) => Self::Picture,
        }
    }
}

/// The name's ending in small letters, without the dot.
fn ending_of(path: &Path) -> String {
    path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// What a file with this ending must be.
fn said_by(ending: &str) -> Option<&'static str> {
    Some(match ending {
        "png" => "PNG",
        "jpg" | "jpeg" | "jpe" | "jfif" => "JPEG",
        "webp" => "WebP",
        "bmp" => "BMP",
        "gif" => "GIF",
        "mjpeg" | "mjpg" => "concatenated JPEG",
        "y4m" => "YUV4MPEG2",
        _ => return None,
    })
}

/// The last part of a path, for showing.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Whether players take pictures of this size, where nothing else is said, as BT.709.
pub fn looks_hd(width: u32, height: u32) -> bool {
    width.max(height) > 1279 || width.min(height) > 576
}

/// Numbers frames and gives them their time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    rate: Rate,
    next: u64,
}

impl Clock {
    /// A clock whose first frame is number 0 at time 0.
    pub fn new(rate: Rate) -> Self {
        Self { rate, next: 0 }
    }

    /// Number of the frame that is stamped next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Gives a frame its number and time, and moves on.
    pub fn stamp(&mut self, frame: &mut Frame) {
        frame.id = FrameId(self.next);
        frame.time = self.rate.time(self.next);
        self.next += 1;
    }
}
