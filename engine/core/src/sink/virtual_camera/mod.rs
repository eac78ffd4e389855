//! Virtual cameras: what other programs list as a webcam and Omote fills. v4l2loopback and PipeWire.
//!
//! A camera has one size for as long as it is open: frames of another size are scaled into it with black
//! bars, never stretched, and carry a badge drawn at that size. Samples are BT.601 in limited range, which
//! is what readers take a camera's for.

mod convert;
mod fault;
mod fit;
mod loopback;
#[cfg(all(target_os = "linux", feature = "pipewire"))]
mod pipewire;
#[cfg(all(target_os = "linux", feature = "pipewire"))]
mod pod;
mod prepare;
mod session;
mod status;
#[cfg(all(target_os = "linux", feature = "v4l"))]
mod v4l2;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::{Finished, Sink};
use crate::badge::{BadgedFrame, check_size};
use crate::error::Result;
use crate::frame::{Frame, PixelFormat};
use crate::pool::{Pool, PoolStats};
use crate::source::Rate;
use fault::VirtualCameraFault;
use prepare::{Prepared, Preparer};

#[doc(hidden)]
pub use fault::MODPROBE;
pub(crate) use loopback::loopback_devices;
#[doc(hidden)]
pub use session::pipewire_socket;
pub use status::VirtualStatus;

/// The name that other programs list the camera by, where it is ours to set.
pub(crate) const SHOWN_NAME: &str = "Omote (AI modified)";

/// Which virtual camera is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum VirtualCamera {
    /// A free v4l2loopback device, else PipeWire.
    #[default]
    Auto,
    /// v4l2loopback: this device, or the first free one.
    V4l2(Option<PathBuf>),
    /// A node of the PipeWire session.
    PipeWire,
}

/// Text that names no virtual camera.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{text}` is no virtual camera: give auto, v4l2, v4l2:/dev/video10 (the device's path) or pipewire")]
pub struct VirtualCameraError {
    text: String,
}

impl FromStr for VirtualCamera {
    type Err = VirtualCameraError;

    fn from_str(text: &str) -> Result<Self, VirtualCameraError> {
        match text {
            "auto" => Ok(Self::Auto),
            "v4l2" => Ok(Self::V4l2(None)),
            "pipewire" => Ok(Self::PipeWire),
            _ => match text.strip_prefix("v4l2:") {
                Some(path) if path.starts_with('/') && !path.contains('\0') => {
                    Ok(Self::V4l2(Some(path.into())))
                }
                _ => Err(VirtualCameraError { text: text.into() }),
            },
        }
    }
}

impl fmt::Display for VirtualCamera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::V4l2(None) => f.write_str("v4l2"),
            Self::V4l2(Some(path)) => write!(f, "v4l2:{}", path.display()),
            Self::PipeWire => f.write_str("pipewire"),
        }
    }
}

/// The samples that a virtual camera gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VirtualFormat {
    /// 4:2:2 in one plane; every reader takes it.
    #[default]
    Yuyv,
    /// 4:2:0 in three planes; fewer bytes, fewer readers.
    I420,
}

impl VirtualFormat {
    /// As a frame's format.
    pub fn pixels(self) -> PixelFormat {
        match self {
            Self::Yuyv => PixelFormat::Yuyv,
            Self::I420 => PixelFormat::I420,
        }
    }
}

impl fmt::Display for VirtualFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yuyv => "YUYV",
            Self::I420 => "I420",
        })
    }
}

/// What a virtual camera is to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualSpec {
    /// Width in pixels; odd ones are rounded down, since many readers can't show them.
    pub width: u32,
    /// Height in pixels; as for the width.
    pub height: u32,
    /// Frames a second, as told to readers.
    pub rate: Rate,
    /// Samples.
    pub format: VirtualFormat,
}

/// What carries a virtual camera's pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// A device of the kernel module v4l2loopback.
    V4l2Loopback,
    /// A node of the PipeWire session.
    PipeWire,
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4l2Loopback => "v4l2loopback",
            Self::PipeWire => "PipeWire",
        })
    }
}

/// Takes the samples of one frame after the other.
trait Outlet: Send {
    /// `pool` is where a copy may come from.
    fn send(&mut self, frame: Prepared<'_>, pool: &Pool) -> Result<(), VirtualCameraFault>;

    /// Stops for good. Dropping does the same and keeps silent about faults.
    fn stop(&mut self) -> Result<(), VirtualCameraFault>;
}

/// An open virtual camera. It holds no clock: v4l2loopback gets each frame when it is presented, and PipeWire
/// also repeats the last one while it has readers.
pub struct VirtualSink {
    outlet: Box<dyn Outlet>,
    preparer: Preparer,
    status: VirtualStatus,
    presented: u64,
}

/// Opens a virtual camera.
///
/// # Errors
/// Where there is none, it is held, may not be opened, is too small for a badge, or this build lacks what it
/// needs; the message says what to do.
pub fn open_virtual_camera(which: &VirtualCamera, spec: &VirtualSpec) -> Result<VirtualSink> {
    let spec = VirtualSpec { width: spec.width & !1, height: spec.height & !1, ..spec.clone() };
    let (width, height) = (spec.width, spec.height);
    let size = |cause: String| VirtualCameraFault::Size { width, height, cause };
    check_size(width, height).map_err(|e| size(e.to_string()))?;
    if width > Frame::MAX_SIDE || height > Frame::MAX_SIDE {
        return Err(size(format!("each side may have {} pixels at most", Frame::MAX_SIDE)).into());
    }
    let (outlet, status) = match which {
        VirtualCamera::V4l2(Some(path)) => v4l2_camera(path.clone(), &spec)?,
        VirtualCamera::V4l2(None) => v4l2_camera(free_device()?, &spec)?,
        VirtualCamera::PipeWire => pipewire_camera(&spec)?,
        VirtualCamera::Auto => automatic(&spec)?,
    };
    if !status.says_modified() {
        log::warn!(
            "programs list the virtual camera as \"{}\"; load the module with card_label=\"{SHOWN_NAME}\" so \
             that the name says what it shows",
            status.shown_name()
        );
    }
    let preparer = Preparer::new(status.format(), status.size());
    Ok(VirtualSink { outlet, preparer, status, presented: 0 })
}

type Camera = (Box<dyn Outlet>, VirtualStatus);

/// A free device, else PipeWire.
fn automatic(spec: &VirtualSpec) -> Result<Camera, VirtualCameraFault> {
    let session = pipewire_socket();
    let devices = match free_device() {
        Ok(path) => match v4l2_camera(path, spec) {
            Ok(camera) => return Ok(camera),
            // What some other program has taken in the meantime is no reason to go without.
            Err(fault) if session.is_some() => fault.to_string(),
            Err(fault) => return Err(fault),
        },
        Err(fault) => fault.to_string(),
    };
    log::info!("no v4l2loopback device for the virtual camera: {devices}");
    match session {
        Some(_) if cfg!(all(target_os = "linux", feature = "pipewire")) => pipewire_camera(spec),
        session => {
            let session = match session {
                Some(_) => "this build has no PipeWire camera".to_owned(),
                None => "no socket of one is there".to_owned(),
            };
            let count = loopback_devices().len();
            let devices =
                if count == 0 { "there is none".into() } else { format!("{count} there, none free") };
            Err(VirtualCameraFault::Nothing { devices, session })
        }
    }
}

/// The first free device; those whose name says what they show go first.
fn free_device() -> Result<PathBuf, VirtualCameraFault> {
    if !cfg!(all(target_os = "linux", feature = "v4l")) {
        return Err(VirtualCameraFault::NotBuilt { what: "V4L2 camera", feature: "v4l" });
    }
    let mut devices = loopback_devices();
    if devices.is_empty() {
        return Err(VirtualCameraFault::NoLoopback);
    }
    // Stable: by number among equals.
    devices.sort_by_key(|device| !device.says_modified());
    match devices.iter().find(|device| device.free) {
        Some(device) => Ok(device.path.clone()),
        None => {
            let names: Vec<String> = devices.iter().map(|d| d.path.display().to_string()).collect();
            Err(VirtualCameraFault::NoneFree { devices: names.join(", ") })
        }
    }
}

#[cfg(all(target_os = "linux", feature = "v4l"))]
fn v4l2_camera(path: PathBuf, spec: &VirtualSpec) -> Result<Camera, VirtualCameraFault> {
    v4l2::open(path, spec)
}

#[cfg(not(all(target_os = "linux", feature = "v4l")))]
fn v4l2_camera(_: PathBuf, _: &VirtualSpec) -> Result<Camera, VirtualCameraFault> {
    Err(VirtualCameraFault::NotBuilt { what: "V4L2 camera", feature: "v4l" })
}

#[cfg(all(target_os = "linux", feature = "pipewire"))]
fn pipewire_camera(spec: &VirtualSpec) -> Result<Camera, VirtualCameraFault> {
    pipewire::open(spec)
}

/// Whether PipeWire's client library can be loaded, which only its camera needs.
///
/// # Errors
/// The loader's words where it can't, or that this build has no such camera.
#[doc(hidden)]
pub fn pipewire_library() -> Result<(), &'static str> {
    #[cfg(all(target_os = "linux", feature = "pipewire"))]
    return pipewire::library();
    #[cfg(not(all(target_os = "linux", feature = "pipewire")))]
    Err("this build has no PipeWire camera")
}

#[cfg(not(all(target_os = "linux", feature = "pipewire")))]
fn pipewire_camera(_: &VirtualSpec) -> Result<Camera, VirtualCameraFault> {
    Err(VirtualCameraFault::NotBuilt { what: "PipeWire camera", feature: "pipewire" })
}

impl VirtualSink {
    /// What it does, to be kept where it is shown.
    pub fn status(&self) -> VirtualStatus {
        self.status.clone()
    }

    /// In one line, such as `v4l2loopback /dev/video10 "Omote (AI modified)", YUYV 1280x720 at 30`.
    pub fn describe(&self) -> String {
        self.status.describe()
    }

    /// Its frame buffers; `created` is constant in steady state.
    pub fn pool_stats(&self) -> PoolStats {
        self.preparer.pool_stats()
    }
}

impl Sink for VirtualSink {
    /// Sends a frame of any size and format.
    ///
    /// # Errors
    /// Where the device or PipeWire is gone. A new sink may be opened then; this one stays broken.
    fn present(&mut self, frame: &BadgedFrame) -> Result<()> {
        let prepared = self.preparer.prepare(frame).map_err(|cause| VirtualCameraFault::Frame { cause })?;
        self.outlet.send(prepared, self.preparer.pool())?;
        self.presented += 1;
        Ok(())
    }

    /// Closes the camera; its readers see it vanish or stand still.
    ///
    /// # Errors
    /// Where the device refuses to stop.
    fn finish(mut self: Box<Self>) -> Result<Finished> {
        self.outlet.stop()?;
        Ok(Finished { frames: self.presented, ..Finished::default() })
    }
}

impl Drop for VirtualSink {
    fn drop(&mut self) {
        self.status.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn cameras_are_named_as_the_help_says() {
        let device = VirtualCamera::V4l2(Some("/dev/video10".into()));
        for (text, camera) in [
            ("auto", VirtualCamera::Auto),
            ("v4l2", VirtualCamera::V4l2(None)),
            ("v4l2:/dev/video10", device),
            ("pipewire", VirtualCamera::PipeWire),
        ] {
            assert_eq!(text.parse(), Ok(camera.clone()), "{text}");
            assert_eq!(camera.to_string(), text);
        }
        for text in ["", "Auto", "v4l2:", "v4l2:video10", "v4l2:10", "pipewire:x", "/dev/video10", "obs"] {
            let error = text.parse::<VirtualCamera>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is no virtual camera: give auto,")), "{error}");
        }
    }

    #[test]
    fn too_small_and_too_large_cameras_are_refused() {
        for (width, height) in [(158, 120), (640, 100), (0, 0), (1, 1), (9000, 720)] {
            let spec = VirtualSpec { width, height, rate: Rate::DEFAULT, format: VirtualFormat::Yuyv };
            let error = open_virtual_camera(&VirtualCamera::PipeWire, &spec).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
            assert!(error.to_string().contains(&format!("{}x{}", width & !1, height & !1)), "{error}");
        }
    }

    #[test]
    fn a_device_that_is_not_there_or_is_something_else_is_named_with_the_remedy() {
        let spec = VirtualSpec { width: 640, height: 360, rate: Rate::DEFAULT, format: VirtualFormat::Yuyv };
        for (path, says) in [("/dev/video987", "there is no such device"), ("/dev/null", "no v4l2loopback")] {
            let which = VirtualCamera::V4l2(Some(path.into()));
            let error = open_virtual_camera(&which, &spec).err().unwrap().to_string();
            if cfg!(all(target_os = "linux", feature = "v4l")) {
                assert!(error.contains(says) && error.contains("modprobe v4l2loopback"), "{error}");
                assert!(error.ends_with(path), "{error}");
            } else {
                assert!(error.contains("built without the feature `v4l`"), "{error}");
            }
        }
    }
}
