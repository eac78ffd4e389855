//! The personas and swap models that a command may wear, and the tracker that finds their faces.

use std::path::{Path, PathBuf};

use anyhow::Context;
use omote_engine::badge::BadgeError;
use omote_engine::error::{Error, ErrorKind, Stage};
use omote_engine::infer::{InferError, Runtime, models};
use omote_engine::output::OutputError;
use omote_engine::persona::{PersonaError, library};
use omote_engine::pipeline::{Model, Pace};
use omote_engine::swap::neural::Shot;
use omote_engine::swap::neural::registry::{Declared, Registry, Wish};
use omote_engine::swap::{FaceTexture, Mask};
use omote_engine::track::{TrackError, Tracker, TrackerConfig};

use crate::models_cmd;
use crate::wear_args::ModelArgs;

/// The textures of the named personas, in order.
pub(crate) fn wear(names: &[String], data: &Path, wanted: Mask) -> anyhow::Result<Vec<FaceTexture>> {
    let today = library::today();
    let texture = |name: &String| {
        let persona = library::resolve(name, data, today)?;
        FaceTexture::of_persona(&persona, wanted).with_context(|| format!("the persona {name} can't be worn"))
    };
    names.iter().map(texture).collect()
}

/// What runs networks: ONNX Runtime of the data folder where it is there.
pub(crate) fn runtime(data: &Path) -> anyhow::Result<Runtime> {
    let library: Option<PathBuf> = models::library(data);
    Ok(Runtime::discover(library.as_deref())?)
}

/// Where providers keep engines that take long to build.
pub(crate) fn engines(data: &Path) -> PathBuf {
    data.join("engines")
}

/// The swap model that the options name, loaded and wearing the persona's face; nothing where they name none. `tell`
/// hears what takes long or falls back.
pub(crate) fn model(
    args: &ModelArgs,
    persona: &str,
    data: &Path,
    tell: &mut dyn FnMut(&str),
) -> anyhow::Result<Option<Model>> {
    let Some(name) = &args.model else { return Ok(None) };
    let runtime = runtime(data)?;
    let mut registry = Registry::open(data)?;
    let path = Path::new(name);
    let known = registry.entries().iter().any(|e| e.name == *name);
    if !known && path.is_file() && registry.find(name).is_err() {
        tell(&format!("{name} is not among your models yet, so it is tested first"));
        let declared = Declared { cache: Some(engines(data)), ..Declared::default() };
        let entry = registry.add(models_cmd::look(path, &runtime, data, &declared)?)?;
        tell(&entry.line());
    }
    let name = registry.find(name)?.name.clone();
    let detail = usize::from(args.model_detail);
    let wish = Wish {
        shot: Shot { detail, scale: args.model_scale, morph: args.model_morph },
        masks: args.model_mask.clone(),
        provider: args.model_provider,
        cache: Some(engines(data)),
    };
    let whose = |own: Option<&str>| library::resolve(own.unwrap_or(persona), data, library::today());
    let (swap, provider) = registry.dress(&runtime, &name, &whose, &wish, tell)?;
    let mut model = Model::new(format!("{name} on {provider}"), swap, detail);
    model.pace = Pace { rate: args.model_rate, share: args.model_share };
    Ok(Some(model))
}

/// A tracker on the networks of the data folder.
pub(crate) fn tracker(data: &Path, config: TrackerConfig) -> anyhow::Result<(Tracker, &'static str)> {
    let runtime = runtime(data)?;
    let tracker = Tracker::new(&runtime, &models::models_dir(data), config)
        .context("the face networks can't be loaded")?;
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
