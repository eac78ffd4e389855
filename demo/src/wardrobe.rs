//! The kit as commands use it: their arguments in, personas, trackers and swap models out; and the exit code of an error.

use std::path::Path;

use omote_engine::badge::BadgeError;
use omote_engine::error::{Error, ErrorKind};
use omote_engine::infer::{InferError, Runtime};
use omote_engine::output::OutputError;
use omote_engine::persona::PersonaError;
use omote_engine::pipeline::WornModel;
use omote_engine::swap::{CutParams, FaceTexture};
use omote_engine::track::{TrackError, Tracker, TrackerConfig};
use omote_kit::data::DataFolder;
use omote_kit::textures::Textures;
use omote_kit::{networks, swap_models};

use crate::wear_args::ModelArgs;

/// What this process has baked.
pub(crate) static TEXTURES: Textures = Textures::new();

/// The textures of the named personas, in order.
pub(crate) fn wear(names: &[String], data: &Path, wanted: CutParams) -> anyhow::Result<Vec<FaceTexture>> {
    let data = DataFolder::at(data);
    names.iter().map(|name| Ok(TEXTURES.get(&data, name, wanted)?)).collect()
}

/// What runs networks: ONNX Runtime of the data folder where it is there.
pub(crate) fn runtime(data: &Path) -> anyhow::Result<Runtime> {
    Ok(networks::runtime(&DataFolder::at(data))?)
}

/// The swap model that the options name, loaded and wearing the persona's face; nothing where they name none. A file that
/// is not among the user's models is tested and taken first. `report` hears what takes long or falls back.
pub(crate) fn model(
    args: &ModelArgs,
    persona: &str,
    data: &Path,
    report: &mut dyn FnMut(&str),
) -> anyhow::Result<Option<WornModel>> {
    let Some(options) = args.options() else { return Ok(None) };
    let data = DataFolder::at(data);
    swap_models::take_file(&data, &options.name, report)?;
    Ok(Some(swap_models::load(&data, &options, persona, report)?))
}

/// A tracker on the networks of the data folder.
pub(crate) fn tracker(data: &Path, config: TrackerConfig) -> anyhow::Result<(Tracker, &'static str)> {
    Ok(networks::tracker(&DataFolder::at(data), config)?)
}

/// The exit code of a failure: 2 usage, 3 something is missing, 4 damaged or not taken, 5 refused persona,
/// 6 output, 1 the rest.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    fn find<E: std::error::Error + 'static>(error: &anyhow::Error) -> Option<&E> {
        error.chain().find_map(|e| e.downcast_ref())
    }
    let kind = find::<Error>(error).map(Error::kind).or(find::<OutputError>(error).map(OutputError::kind));
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
