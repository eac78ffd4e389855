//! Cameras: which are there, what they can do, and their pictures.
//!
//! On Linux they are read through Video4Linux (feature `v4l`), elsewhere through the library nokhwa. A
//! camera is not a [`Source`](super::Source): it is not in lockstep, and it may go and come back. [`Camera`] is also what
//! stands in for one in a live pipeline: a host program's frames, the built-in actor.

#![cfg_attr(
    not(all(target_os = "linux", feature = "v4l")),
    allow(dead_code, reason = "some of what Video4Linux needs stays unused without it")
)]

mod decode;
mod fault;
mod holders;
mod measure;
mod mode;
#[cfg(any(feature = "nokhwa", not(target_os = "linux")))]
mod nokhwa;
mod range;
mod raw;
#[cfg(all(target_os = "linux", feature = "v4l"))]
mod v4l;

use std::time::Duration;

use crate::error::Result;
use crate::frame::Frame;
use crate::pool::Pool;
use fault::CameraFault;

#[doc(hidden)]
pub use holders::holders;
pub(crate) use holders::{Holder, holding};
#[doc(hidden)]
pub use measure::{Measured, measure};
pub use mode::{CameraMode, CameraRequest, Coding, CodingError, RawFormat};

/// What a device on Linux is asked for by, to be read through nokhwa instead.
const NOKHWA: &str = "nokhwa:";

/// A camera that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CameraInfo {
    /// What opens it: a path (`/dev/video0`), or nokhwa's number.
    pub id: String,
    /// Its own name.
    pub name: String,
    /// Its driver's name; empty where that is not known.
    pub driver: String,
    /// Its modes, in the driver's order. Empty where they can't be asked for now.
    pub modes: Vec<CameraMode>,
    /// Why it can't be used now, and the remedy; nothing where it can.
    pub trouble: Option<String>,
    /// Whether it shows what a program sends it, as v4l2loopback's devices do.
    pub virtual_output: bool,
    /// Whether it hangs on USB 2, which is too narrow for large uncompressed pictures; also where that is
    /// not known.
    pub narrow: bool,
}

impl CameraInfo {
    /// The mode that is tried first for a request. The driver may still refuse it, or set another.
    pub fn best(&self, request: &CameraRequest) -> Option<CameraMode> {
        self.ranked(request).into_iter().next()
    }

    /// All modes, in the order in which they are tried for a request.
    pub fn ranked(&self, request: &CameraRequest) -> Vec<CameraMode> {
        mode::ranked(&self.modes, request, self.narrow)
    }
}

/// What an open camera says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamInfo {
    /// Its name, for people.
    pub name: String,
    /// Size, format and rate for people, e.g. `1280x720 MJPEG 30 fps`.
    pub mode: String,
    /// Width of its pictures in pixels; 0 where it is not known before the first comes.
    pub width: u32,
    /// Height of its pictures in pixels; 0 where it is not known before the first comes.
    pub height: u32,
    /// Pictures a second as agreed with the driver; 0 where there is no such rate.
    pub fps: f64,
}

impl StreamInfo {
    /// A camera of this name in this mode.
    pub fn new(name: &str, mode: &CameraMode) -> Self {
        let CameraMode { width, height, .. } = *mode;
        Self { name: name.to_owned(), mode: mode.to_string(), width, height, fps: mode.rate.per_second() }
    }
}

/// A camera that gives nothing for so long is closed and opened again.
const DEAD: Duration = Duration::from_secs(3);

/// A camera that is open and streams, or what stands in for one: pictures come from it when they like.
pub trait Camera: Send {
    /// What it says of itself.
    fn info(&self) -> StreamInfo;

    /// What its driver really set; nothing where there is no driver. Frames have this size.
    fn mode(&self) -> Option<CameraMode> {
        None
    }

    /// Waits at most `limit` for the next picture and gives the newest. A camera's frames count from 0 and have the
    /// driver's stamp on the clock of [`timing::now`](crate::timing::now), never one in the future; where
    /// the driver has none, the moment at which the picture was taken from it.
    ///
    /// # Errors
    /// The camera is gone or broken: drop it and open it anew.
    fn next(&mut self, limit: Duration) -> Result<Captured>;

    /// Pictures that were made and never given here, by [`next`](Self::next), since opening.
    fn skipped(&self) -> u64 {
        0
    }

    /// After so long without a picture that can be used it is to be closed and opened anew; nothing: never.
    fn patience(&self) -> Option<Duration> {
        Some(DEAD)
    }
}

/// What waiting for a picture gave.
#[derive(Debug)]
pub enum Captured {
    /// A picture.
    Frame(Frame),
    /// None in the time given.
    Late,
    /// A picture that is damaged (cut short, empty, not to be decoded), and how. The next may be whole.
    Bad(String),
}

/// Every camera of the system that can be found, virtual ones too.
pub fn cameras() -> Vec<CameraInfo> {
    #[cfg(all(target_os = "linux", feature = "v4l"))]
    return v4l::cameras();
    #[cfg(not(target_os = "linux"))]
    return nokhwa::cameras();
    #[cfg(all(target_os = "linux", not(feature = "v4l")))]
    return Vec::new();
}

/// Opens a camera and starts it, in the mode that comes nearest to what is asked for and that the driver
/// takes. Frames come from `pool`.
///
/// # Errors
/// [`Missing`](crate::error::ErrorKind::Missing) where there is no such camera,
/// [`Unsupported`](crate::error::ErrorKind::Unsupported) where it has no mode that works, and
/// [`Backend`](crate::error::ErrorKind::Backend) where it is in use, forbidden or broken. The message says
/// which, and what to do.
pub fn open_camera(request: &CameraRequest, pool: &Pool) -> Result<Box<dyn Camera>> {
    if let Some(id) = request.device.as_deref().and_then(|device| device.strip_prefix(NOKHWA)) {
        return open_by_library(id, request, pool, "nokhwa");
    }
    let Some(device) = request.device.as_deref().map(str::trim).filter(|device| !device.is_empty()) else {
        return open_first(request, pool);
    };
    #[cfg(target_os = "linux")]
    if device.starts_with('/') {
        return open_id(device, request, pool);
    } else if device.bytes().all(|b| b.is_ascii_digit()) {
        return open_id(&format!("/dev/video{device}"), request, pool);
    }
    let found = cameras();
    match named(&found, device) {
        Some(camera) => open_id(&camera.id, request, pool),
        None => Err(unknown(&found, device).into()),
    }
}

/// The camera that is meant by an id or a part of a name; one that can be used before one that can't, a
/// real one before a virtual one.
fn named<'c>(cameras: &'c [CameraInfo], wanted: &str) -> Option<&'c CameraInfo> {
    let part = wanted.to_lowercase();
    let fits = |camera: &&CameraInfo| camera.id == wanted || camera.name.to_lowercase().contains(&part);
    let place = |camera: &&CameraInfo| (camera.id != wanted, camera.trouble.is_some(), camera.virtual_output);
    cameras.iter().filter(fits).min_by_key(place)
}

fn unknown(cameras: &[CameraInfo], wanted: &str) -> CameraFault {
    if cameras.is_empty() {
        return CameraFault::None { hint: none_hint().into() };
    }
    let there: Vec<_> = cameras.iter().map(|camera| format!("{} ({})", camera.name, camera.id)).collect();
    CameraFault::Unknown { wanted: wanted.into(), there: there.join(", ") }
}

/// What to do where there is no camera at all.
#[doc(hidden)]
pub fn none_hint() -> &'static str {
    if cfg!(all(target_os = "linux", not(feature = "v4l"))) {
        "this omote was built without cameras (feature `v4l`)"
    } else if cfg!(target_os = "linux") {
        "there is no /dev/video*; plug one in, or in a virtual machine or container hand one through"
    } else {
        "plug one in, and let this program use it in the system's privacy settings"
    }
}

/// The first camera that starts. Virtual ones come last, and only those to which another program sends: one
/// that this program feeds would show it its own picture.
fn open_first(request: &CameraRequest, pool: &Pool) -> Result<Box<dyn Camera>> {
    let found = cameras();
    let fed = |camera: &CameraInfo| !holders(camera.id.as_ref()).is_empty();
    let real = found.iter().filter(|camera| !camera.virtual_output);
    let lent = found.iter().filter(|camera| camera.virtual_output && camera.trouble.is_none() && fed(camera));
    let mut first_error = None;
    for camera in real.chain(lent) {
        match open_id(&camera.id, request, pool) {
            Ok(camera) => return Ok(camera),
            Err(error) => {
                log::debug!("{}: {error}", camera.name);
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.unwrap_or_else(|| CameraFault::None { hint: none_hint().into() }.into()))
}

/// Opens by [`CameraInfo::id`].
fn open_id(id: &str, request: &CameraRequest, pool: &Pool) -> Result<Box<dyn Camera>> {
    #[cfg(all(target_os = "linux", feature = "v4l"))]
    return v4l::open(id.as_ref(), request, pool);
    #[cfg(not(all(target_os = "linux", feature = "v4l")))]
    return open_by_library(id, request, pool, "v4l");
}

/// Opens through nokhwa, where it is built in. `missing` is the feature to name where it is not.
#[cfg_attr(
    any(feature = "nokhwa", not(target_os = "linux")),
    expect(unused_variables, reason = "nothing is missing then")
)]
fn open_by_library(
    id: &str,
    request: &CameraRequest,
    pool: &Pool,
    missing: &'static str,
) -> Result<Box<dyn Camera>> {
    #[cfg(any(feature = "nokhwa", not(target_os = "linux")))]
    return nokhwa::open(id, request, pool);
    #[cfg(not(any(feature = "nokhwa", not(target_os = "linux"))))]
    {
        let _ = (request, pool);
        Err(CameraFault::NotBuilt { camera: id.into(), feature: missing }.into())
    }
}

#[cfg(test)]
mod tests;
