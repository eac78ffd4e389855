//! Swap models, and personas as textures, kept between instances: several filters that wear the same one share its pixels.

use crate::settings::ModelChoice;
use crate::{faults, places};
use omote_engine::composite::Backend;
use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::gpu::{Adapters, Gpu};
use omote_engine::infer::{Runtime, models};
use omote_engine::persona;
use omote_engine::pipeline::Model;
use omote_engine::swap::neural::registry::{Entry, Registry, Wish};
use omote_engine::swap::{FaceTexture, Mask};
use omote_kit::personas::{self, Stamp};
use std::sync::{Mutex, PoisonError};

/// Textures that are kept.
const KEPT: usize = 6;

struct Baked {
    persona: String,
    /// The package that it was made of: a replaced one is read again.
    stamp: Stamp,
    mask: Mask,
    texture: FaceTexture,
}

static BAKED: Mutex<Vec<Baked>> = Mutex::new(Vec::new());
static DEVICE: Mutex<Option<Gpu>> = Mutex::new(None);

/// The texture of a persona, cut as `mask` says. Takes some 100 ms where it is not known yet.
pub(crate) fn texture(persona: &str, mask: Mask) -> Result<FaceTexture> {
    let (stamp, today) = (stamp(persona), persona::today());
    let known = |baked: &Vec<Baked>| {
        let same = |b: &&Baked| b.persona == persona && b.mask == mask && b.stamp == stamp;
        // One whose consent has ended is loaded again, for the reason.
        let holds = |b: &&Baked| b.texture.until().is_none_or(|last| last >= today);
        baked.iter().find(|b| same(b) && holds(b)).map(|b| b.texture.clone())
    };
    if let Some(texture) = known(&BAKED.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(texture);
    }
    let loaded = personas::resolve(persona, &places::user_data(), today)?;
    let texture = FaceTexture::of_persona(&loaded, mask).map_err(|e| {
        let message = format!("the persona {persona} can't be worn: {e}");
        Error::new(ErrorKind::Refused, Stage::Persona, message)
    })?;
    let mut baked = BAKED.lock().unwrap_or_else(PoisonError::into_inner);
    baked.retain(|b| b.persona != persona || b.stamp == stamp);
    if baked.len() >= KEPT {
        baked.remove(0);
    }
    baked.push(Baked { persona: persona.to_owned(), stamp, mask, texture: texture.clone() });
    Ok(texture)
}

/// Which package a persona's name means now.
pub(crate) fn stamp(persona: &str) -> Stamp {
    Stamp::of(persona, &places::user_data())
}

/// The user's swap models: names, and what is shown of them.
pub(crate) fn models() -> Vec<(String, String)> {
    let registry = Registry::open(&places::user_data()).inspect_err(|e| log::warn!("{e}"));
    let shown = |entry: &Entry| {
        let time = entry.best().and_then(|m| Some(format!(" ({:.0} ms, {})", m.ms?, m.provider)));
        (entry.name.clone(), format!("{}{}", entry.name, time.unwrap_or_default()))
    };
    registry.map(|registry| registry.swaps().map(shown).collect()).unwrap_or_default()
}

/// Loads a swap model that wears a persona's face. Takes seconds: for a thread of its own.
pub(crate) fn model(choice: &ModelChoice, persona: &str) -> Result<Model> {
    faults::slow_if(faults::SLOW_MODEL);
    let data = places::user_data();
    let runtime = Runtime::discover(models::library(&places::networks()).as_deref())
        .map_err(|e| Error::new(ErrorKind::Missing, Stage::Infer, e.to_string()))?;
    let whose = |own: Option<&str>| personas::resolve(own.unwrap_or(persona), &data, persona::today());
    let wish = Wish { cache: Some(data.join("engines")), ..Wish::default() };
    let tell = &mut |what: &str| log::warn!("{what}");
    let (swap, provider) = Registry::open(&data)?.dress(&runtime, &choice.name, &whose, &wish, tell)?;
    let mut model = Model::new(format!("{} on {provider}", choice.name), swap, 1);
    model.pace.rate = (choice.rate > 0).then_some(choice.rate as f32);
    Ok(model)
}

/// Every persona's name.
pub(crate) fn names() -> Vec<String> {
    personas::names(&places::user_data())
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
    BAKED.lock().unwrap_or_else(PoisonError::into_inner).clear();
    *DEVICE.lock().unwrap_or_else(PoisonError::into_inner) = None;
}
