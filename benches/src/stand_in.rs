//! Swap models that are generated, not trained: what they cost is a real one's, what they show is no face.

use anyhow::Context;
use omote_engine::infer::stand_in::StandIn;
use omote_engine::infer::{RunOptions, Runtime, skim};
use omote_engine::output;
use omote_engine::swap::neural::{Hints, Identity, IdentitySource, SwapModel, VECTOR, recognise};

/// The network as a loaded swap model that wears a made-up identity.
///
/// # Errors
/// A place for its file that can't be written, or a runtime that does not take it.
pub fn load(runtime: &Runtime, network: &StandIn, options: &RunOptions) -> anyhow::Result<SwapModel> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(format!("{}.onnx", network.name));
    output::write(&path, &network.bytes(), output::Options::default())?;
    let graph = skim(&path)?;
    let found = recognise(&graph, network.name, &Hints::default())?;
    let mut model = SwapModel::load(runtime, &path, &graph, &found, options)?;
    let vector = (0..VECTOR).map(|i| (i as f32 * 0.3).cos()).collect();
    let person = Identity::from_photos(&[vector]).context("no vector")?;
    model.wear(&IdentitySource { identity: Some(&person), converted: Some(&person.raw), photo: None })?;
    Ok(model)
}
