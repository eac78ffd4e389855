//! What runs networks, and trackers on the face networks of a data folder.

use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::infer::{InferError, Runtime};
use omote_engine::pipeline::{FaceTracker, MakeTracker};
use omote_engine::track::{TrackError, Tracker, TrackerConfig};

use crate::data::DataFolder;

/// What runs networks: ONNX Runtime of the data folder where it is there, else the built-in runtime.
///
/// # Errors
/// A library that is there and can't be used; the cause is an [`InferError`].
pub fn runtime(data: &DataFolder) -> Result<Runtime> {
    Runtime::discover(data.library().as_deref())
        .map_err(|e| Error::wrap(ErrorKind::Backend, Stage::Infer, e.to_string(), e))
}

/// A tracker on the networks of the data folder, and the name of what runs them. Takes some 100 ms.
///
/// # Errors
/// As [`runtime`]; networks that are missing ([`ErrorKind::Missing`]) or don't load. The cause is a [`TrackError`].
pub fn tracker(data: &DataFolder, config: TrackerConfig) -> Result<(Tracker, &'static str)> {
    let runtime = runtime(data)?;
    let tracker = Tracker::new(&runtime, &data.network_folder(), config).map_err(|e| {
        let kind = match &e {
            TrackError::Infer(InferError::Missing { .. }) => ErrorKind::Missing,
            _ => ErrorKind::Backend,
        };
        Error::wrap(kind, Stage::Track, format!("the face networks can't be used: {e}"), e)
    })?;
    Ok((tracker, runtime.backend()))
}

/// What makes a pipeline's trackers, and the name of what runs their networks. The first tracker is made now, so that what
/// is missing is said at once; the pipeline asks for another where its own breaks down.
///
/// # Errors
/// As [`tracker`].
pub fn trackers(data: &DataFolder, config: TrackerConfig) -> Result<(MakeTracker, &'static str)> {
    let (first, runtime) = tracker(data, config)?;
    let (mut first, later) = (Some(first), trackers_later(data, config));
    let make = move || match first.take() {
        Some(tracker) => Ok(Box::new(tracker) as Box<dyn FaceTracker>),
        None => later(),
    };
    Ok((Box::new(make), runtime))
}

/// As [`trackers`], but even the first is made only when the pipeline asks for it.
pub fn trackers_later(
    data: &DataFolder,
    config: TrackerConfig,
) -> impl Fn() -> Result<Box<dyn FaceTracker>> + Send + Sync + Clone + use<> {
    let data = data.clone();
    move || Ok(Box::new(tracker(&data, config)?.0) as Box<dyn FaceTracker>)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_one_line;

    #[test]
    fn networks_that_are_not_there_are_told_of_at_once_or_later() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::at(folder.path());
        let config = TrackerConfig::default();
        let now = trackers(&data, config).err().unwrap();
        let make = trackers_later(&data, config);
        for error in [now, make().err().unwrap(), make().err().unwrap()] {
            assert_eq!(error.kind(), ErrorKind::Missing);
            let words = in_one_line(&error);
            assert!(words.starts_with("the face networks can't be used: "), "{words}");
            assert_eq!(words.matches("omote setup").count(), 1, "{words}");
        }
    }
}
