//! What all instances share: baked personas, the list of swap models, and the GPU.

use crate::settings::ModelChoice;
use crate::{faults, places};
use omote_engine::composite::Backend;
use omote_engine::error::Result;
use omote_engine::gpu::{Adapters, Gpu};
use omote_engine::pipeline::{RateLimit, WornModel};
use omote_engine::swap::{CutParams, FaceTexture};
use omote_kit::personas;
use omote_kit::personas::PersonaStamp;
use omote_kit::registry::{Entry, Registry};
use omote_kit::swap_models::{self, SwapOptions};
use omote_kit::textures::Textures;
use std::sync::{Mutex, PoisonError};

static TEXTURES: Textures = Textures::new();
static DEVICE: Mutex<Option<Gpu>> = Mutex::new(None);

/// The texture of a persona, cut as `mask` says. Takes some 100 ms where it is not known yet.
pub(crate) fn texture(persona: &str, mask: CutParams) -> Result<FaceTexture> {
    TEXTURES.get(&places::data(), persona, mask)
}

/// Which package a persona's name means now.
pub(crate) fn stamp(persona: &str) -> PersonaStamp {
    PersonaStamp::of_persona(persona, places::data().root())
}

/// The user's swap models: names, and what is shown of them.
pub(crate) fn models() -> Vec<(String, String)> {
    let registry = Registry::open(places::data().root()).inspect_err(|e| log::warn!("{e}"));
    let shown = |entry: &Entry| {
        let time = entry.best().and_then(|m| Some(format!(" ({:.0} ms, {})", m.ms?, m.provider)));
        (entry.name.clone(), format!("{}{}", entry.name, time.unwrap_or_default()))
    };
    registry.map(|registry| registry.swaps().map(shown).collect()).unwrap_or_default()
}

/// Loads a swap model that wears a persona's face. Takes seconds: for a thread of its own.
pub(crate) fn model(choice: &ModelChoice, persona: &str) -> Result<WornModel> {
    faults::slow_if(faults::SLOW_MODEL);
    let rate = (choice.rate > 0).then_some(choice.rate as f32);
    let rate_limit = RateLimit { rate, ..RateLimit::default() };
    let options = SwapOptions { name: choice.name.clone(), rate_limit, ..SwapOptions::default() };
    swap_models::load(&places::data(), &options, persona, &mut |what| log::warn!("{what}"))
}

/// Every persona's name.
pub(crate) fn names() -> Vec<String> {
    personas::names(places::data().root())
}

/// The device that all instances draw on; nothing where the engine is to decide by itself (CPU, or no
/// hardware GPU). Opening it takes seconds the first time.
pub(crate) fn device(backend: Backend) -> Option<Gpu> {
    let adapters = match backend {
        Backend::Cpu => return None,
        Backend::Auto => Adapters::Hardware,
        Backend::Gpu => Adapters::Any,
    };
    let mut device = DEVICE.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |gpu: &Gpu| adapters == Adapters::Any || !gpu.adapter().software;
    if let Some(gpu) = device.as_ref().filter(|gpu| fits(gpu)) {
        return Some(gpu.clone());
    }
    let opened = Gpu::open(adapters).inspect_err(|e| log::info!("no shared GPU: {e}")).ok()?;
    *device = Some(opened.clone());
    Some(opened)
}

/// Lets go of everything, at the end.
pub(crate) fn clear() {
    TEXTURES.clear();
    *DEVICE.lock().unwrap_or_else(PoisonError::into_inner) = None;
}
