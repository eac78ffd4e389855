//! What can be wrong with a virtual camera, with the fields that the message needs.

use std::io;
use std::path::PathBuf;

use super::prepare::PrepareError;
use crate::error::{Error, ErrorKind, Stage};

/// The command that makes a v4l2loopback device which every program lists, by a name that says what it shows. README,
/// `omote doctor` and the errors all say this one.
pub const MODPROBE: &str = "sudo modprobe v4l2loopback devices=1 video_nr=10 \
     card_label=\"Omote (AI modified)\" exclusive_caps=1 max_buffers=4";

/// What can be wrong with a virtual camera. Device names stand last in the messages.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(
    not(all(target_os = "linux", feature = "v4l", feature = "pipewire")),
    expect(dead_code, reason = "without a carrier its faults can't happen")
)]
pub(super) enum VirtualCameraFault {
    #[error(
        "this build has no {what}: it was built without the feature `{feature}`; build it with \
         `--features {feature}` on Linux"
    )]
    NotBuilt { what: &'static str, feature: &'static str },

    #[error(
        "no virtual camera is there: neither a free v4l2loopback device ({devices}) nor a PipeWire session \
         ({session}); load the module (`{MODPROBE}`) or start Omote in a desktop session that runs PipeWire"
    )]
    Nothing { devices: String, session: String },

    #[error("a virtual camera of {width}x{height} can't be opened: {cause}")]
    Size { width: u32, height: u32, cause: String },

    #[error("no v4l2loopback device is there; load the module: `{MODPROBE}`")]
    NoLoopback,

    #[error("no v4l2loopback device is free: {devices}; end the program that sends to it")]
    NoneFree { devices: String },

    #[error("there is no such device; `modprobe` makes one: `{MODPROBE}`: {path}")]
    Missing { path: PathBuf },

    #[error(
        "you may not open this device ({cause}); add yourself to its group (`sudo usermod -aG video $USER`, \
         then log in again): {path}"
    )]
    Rights { path: PathBuf, cause: io::Error },

    #[error("the device can't be opened: {cause}: {path}")]
    Open { path: PathBuf, cause: io::Error },

    #[error(
        "this is no v4l2loopback device but {found}, and nothing can be sent to it; load the module: \
         `{MODPROBE}`: {path}"
    )]
    NotLoopback { path: PathBuf, found: String },

    #[error("another program sends to this device already{holders}; end it or choose another device: {path}")]
    Busy { path: PathBuf, holders: String },

    #[error(
        "the device neither takes nor gives pictures: a program that sent to it left it so; load the module \
         anew (`sudo modprobe -r v4l2loopback`, then `{MODPROBE}`): {path}"
    )]
    Stuck { path: PathBuf },

    #[error(
        "the device is held at {found} by the programs that have it open{holders}, and {asked} was asked \
         for; close them and try again: {path}"
    )]
    Held { path: PathBuf, found: String, asked: String, holders: String },

    #[error("the device refused {what}: {cause}: {path}")]
    Refused { path: PathBuf, what: String, cause: io::Error },

    #[error("the device vanished (frames sent: {frames}); was the module removed? Open it again: {path}")]
    Vanished { path: PathBuf, frames: u64 },

    #[error("sending failed (frames sent: {frames}): {cause}; open the device again: {path}")]
    Send { path: PathBuf, frames: u64, cause: io::Error },

    #[error("the device took {taken} of {len} bytes of a frame; load the module anew: {path}")]
    Short { path: PathBuf, taken: usize, len: usize },

    #[error(
        "PipeWire's client library can't be loaded ({cause}); install PipeWire (`sudo apt install pipewire`), or \
         use v4l2loopback: `{MODPROBE}`"
    )]
    NoLibrary { cause: String },

    #[error(
        "PipeWire can't be reached ({cause}); start Omote in a desktop session that runs it, or use \
         v4l2loopback: `{MODPROBE}`"
    )]
    NoSession { cause: String },

    #[error("PipeWire does not answer (waited {seconds} s); restart it: `systemctl --user restart pipewire`")]
    Silent { seconds: u64 },

    #[error("PipeWire refused the camera: {cause}; is its session manager (wireplumber) there?")]
    Node { cause: String },

    #[error("PipeWire is gone (frames sent: {frames}): {cause}; open the camera again when it is back")]
    Lost { frames: u64, cause: String },

    #[error("the camera's thread can't be started: {cause}")]
    Thread { cause: io::Error },

    #[error("a frame can't be sent: {cause}")]
    Frame { cause: PrepareError },
}

impl VirtualCameraFault {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Nothing { .. }
            | Self::NoLoopback
            | Self::Missing { .. }
            | Self::NoLibrary { .. }
            | Self::NoSession { .. } => ErrorKind::Missing,
            Self::NotBuilt { .. } | Self::Size { .. } | Self::NotLoopback { .. } | Self::Frame { .. } => {
                ErrorKind::Unsupported
            }
            _ => ErrorKind::Backend,
        }
    }

    /// The fault that failing to open `path` is.
    #[cfg(all(target_os = "linux", feature = "v4l"))]
    pub(super) fn open(path: PathBuf, cause: io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::PermissionDenied => Self::Rights { path, cause },
            // A node that is left of a device that is gone, or one whose openers are limited.
            _ => Self::Open { path, cause },
        }
    }
}

impl From<VirtualCameraFault> for Error {
    fn from(fault: VirtualCameraFault) -> Self {
        let (kind, message) = (fault.kind(), fault.to_string());
        match fault {
            VirtualCameraFault::Rights { cause, .. }
            | VirtualCameraFault::Open { cause, .. }
            | VirtualCameraFault::Refused { cause, .. }
            | VirtualCameraFault::Thread { cause }
            | VirtualCameraFault::Send { cause, .. } => Self::wrap(kind, Stage::Sink, message, cause),
            VirtualCameraFault::Frame { cause } => Self::wrap(kind, Stage::Sink, message, cause),
            _ => Self::new(kind, Stage::Sink, message),
        }
    }
}
