//! The personas that a command may wear, and the tracker that finds their faces.

use std::path::{Path, PathBuf};

use anyhow::Context;
use omote_engine::badge::BadgeError;
use omote_engine::error::{Error, ErrorKind, Stage};
use omote_engine::infer::{InferError, Runtime, models};
use omote_engine::persona::{PersonaError, library};
use omote_engine::swap::{FaceTexture, Mask};
use omote_engine::track::{TrackError, Tracker, TrackerConfig};

/// The textures of the named personas, in order.
pub(crate) fn wear(names: &[String], data: &Path, wanted: Mask) -> anyhow::Result<Vec<FaceTexture>> {
    let today = library::today();
    let texture = |name: &String| {
        let persona = library::resolve(name, data, today)?;
        FaceTexture::of_persona(&persona, wanted).with_context(|| format!("the persona {name} can't be worn"))
    };
    names.iter().map(texture).collect()
}

/// A tracker on the networks of the data folder.
pub(crate) fn tracker(data: &Path, config: TrackerConfig) -> anyhow::Result<(Tracker, &'static str)> {
    let library: Option<PathBuf> = models::library(data);
    let runtime = Runtime::discover(library.as_deref())
        .context("ONNX Runtime can't be used; `omote setup` gets the right one")?;
    let tracker = Tracker::new(&runtime, &models::models_dir(data), config)
        .context("the face networks can't be loaded; `omote setup` gets them")?;
    Ok((tracker, runtime.backend()))
}

/// Another tracker, for a pipeline whose own broke down.
pub(crate) fn tracker_again(data: &Path, config: TrackerConfig) -> Result<Tracker, Error> {
    tracker(data, config)
        .map(|(tracker, _)| tracker)
        .map_err(|e| Error::new(ErrorKind::Backend, Stage::Track, format!("{e:#}")))
}

/// The exit code of a failure: 2 usage, 3 something is missing, 4 damaged or not taken, 5 refused persona,
/// 6 output, 1 the rest.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    fn find<E: std::error::Error + 'static>(error: &anyhow::Error) -> Option<&E> {
        error.chain().find_map(|e| e.downcast_ref())
    }
    let kind = find::<Error>(error).map(Error::kind);
    let network = match find(error) {
        Some(TrackError::Infer(e)) => Some(e),
        _ => find(error),
    };
    match kind {
        _ if find::<PersonaError>(error).is_some() => 5,
        _ if find::<BadgeError>(error).is_some() => 4,
        _ if matches!(network, Some(InferError::Missing { .. })) => 3,
        _ if matches!(
            network,
            Some(InferError::Load { .. } | InferError::Node { .. } | InferError::Shape { .. })
        ) =>
        {
            4
        }
        Some(ErrorKind::Usage) => 2,
        Some(ErrorKind::Missing) => 3,
        Some(ErrorKind::Damaged | ErrorKind::Unsupported) => 4,
        Some(ErrorKind::Refused) => 5,
        Some(ErrorKind::Output) => 6,
        _ => 1,
    }
}
