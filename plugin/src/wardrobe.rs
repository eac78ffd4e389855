//! Personas as textures, kept between instances: several filters that wear the same one share its pixels.

use crate::places;
use omote_engine::composite::Backend;
use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::gpu::{Adapters, Gpu};
use omote_engine::persona::library;
use omote_engine::swap::{FaceTexture, Mask};
use std::sync::{Mutex, PoisonError};

/// Textures that are kept.
const KEPT: usize = 6;

struct Baked {
    persona: String,
    mask: Mask,
    texture: FaceTexture,
}

static BAKED: Mutex<Vec<Baked>> = Mutex::new(Vec::new());
static DEVICE: Mutex<Option<Gpu>> = Mutex::new(None);

/// The texture of a persona, cut as `mask` says. Takes some 100 ms where it is not known yet.
pub(crate) fn texture(persona: &str, mask: Mask) -> Result<FaceTexture> {
    let known = |baked: &Vec<Baked>| {
        baked.iter().find(|b| b.persona == persona && b.mask == mask).map(|b| b.texture.clone())
    };
    if let Some(texture) = known(&BAKED.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(texture);
    }
    let loaded = library::resolve(persona, &places::user_data(), library::today())?;
    let texture = FaceTexture::of_persona(&loaded, mask).map_err(|e| {
        let message = format!("the persona {persona} can't be worn: {e}");
        Error::new(ErrorKind::Refused, Stage::Persona, message)
    })?;
    let mut baked = BAKED.lock().unwrap_or_else(PoisonError::into_inner);
    if baked.len() >= KEPT {
        baked.remove(0);
    }
    baked.push(Baked { persona: persona.to_owned(), mask, texture: texture.clone() });
    Ok(texture)
}

/// Every persona's name.
pub(crate) fn names() -> Vec<String> {
    library::names(&places::user_data())
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
