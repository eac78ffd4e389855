//! What can be wrong with a camera, with the fields that the message needs.

use std::io;

use crate::error::{Error, ErrorKind, Stage};

/// What can be wrong with a camera. Its name or path stands last in the messages.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CameraFault {
    #[error("no camera was found: {hint}")]
    None { hint: String },

    #[error("no camera is called that; there are {there}: {wanted}")]
    Unknown { wanted: String, there: String },

    #[error("the camera is not there (any more), plug it in again: {camera}")]
    Gone { camera: String },

    #[error(
        "you may not use the camera, add yourself to the group `video` (`sudo usermod -aG video $USER`) and \
         log in again: {camera}"
    )]
    Rights { camera: String },

    #[error("the camera is in use by {}, close that program: {camera}", holding(.holders))]
    Busy { camera: String, holders: Vec<String> },

    #[error("no program sends a picture to this virtual camera, start one that does: {camera}")]
    Idle { camera: String },

    #[error("{why}, give another device: {camera}")]
    NoCamera { camera: String, why: String },

    #[error("the camera took none of its {tried} modes ({last}), unplug it and plug it in again: {camera}")]
    NoMode { camera: String, tried: usize, last: String },

    #[error(
        "the camera's driver failed ({doing}: {cause}), unplug the camera and plug it in again: {camera}"
    )]
    Driver { camera: String, doing: &'static str, cause: io::Error },

    #[cfg(any(feature = "nokhwa", not(target_os = "linux")))]
    #[error(
        "the camera could not be used ({said}), close other programs that use it or plug it in again: {camera}"
    )]
    Library { camera: String, said: String },

    #[cfg(not(any(feature = "nokhwa", not(target_os = "linux"))))]
    #[error(
        "this omote was built without what this camera needs, build it with the feature `{feature}`: {camera}"
    )]
    NotBuilt { camera: String, feature: &'static str },
}

/// The programs, or what to say where they can't be told.
fn holding(holders: &[String]) -> String {
    match holders {
        [] => "another program (of another user, so its name can't be told)".to_owned(),
        some => some.join(", "),
    }
}

impl CameraFault {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::None { .. } | Self::Unknown { .. } | Self::Gone { .. } | Self::Idle { .. } => {
                ErrorKind::Missing
            }
            Self::NoCamera { .. } | Self::NoMode { .. } => ErrorKind::Unsupported,
            _ => ErrorKind::Backend,
        }
    }
}

impl From<CameraFault> for Error {
    fn from(fault: CameraFault) -> Self {
        let (kind, message) = (fault.kind(), fault.to_string());
        match fault {
            CameraFault::Driver { cause, .. } => Self::wrap(kind, Stage::Source, message, cause),
            _ => Self::new(kind, Stage::Source, message),
        }
    }
}
