//! A taken model, loaded and wearing a persona's face.

use super::{Purpose, Registry, model_error, threads, wants_vector};
use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::frame::Frame;
use omote_engine::infer::{Provider, Runtime};
use omote_engine::persona::{ColourTransfer, Persona};
use omote_engine::swap::FaceTexture;
use omote_engine::swap::neural::{
    Contract, CropOptions, Identity, IdentitySource, MaskNet, SourceKind, SwapModel,
};
use std::path::PathBuf;

/// How a model is to be worn.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// How its crop is taken.
    pub crop: CropOptions,
    /// Names of mask networks that keep what covers the face in front.
    pub masks: Vec<String>,
    /// Who is to compute, instead of the quickest that was measured.
    pub provider: Option<Provider>,
    /// Where providers keep engines that take long to build.
    pub cache: Option<PathBuf>,
}

impl Registry {
    /// Loads a swap model and has it wear a face. `persona` gives the persona of a name, or of the user's choice for
    /// `None`: a face that is built into the model is worn on its own persona's ground. `report` hears of providers that do
    /// not work.
    ///
    /// # Errors
    /// No such model, a persona that may not be worn or has no face, and what the model lacks.
    pub fn dress(
        &self,
        runtime: &Runtime,
        name: &str,
        persona: &dyn Fn(Option<&str>) -> Result<Persona>,
        options: &LoadOptions,
        report: &mut dyn FnMut(&str),
    ) -> Result<(SwapModel, Provider)> {
        let entry = self.find(name)?;
        let usage = |message: String| Error::new(ErrorKind::Usage, Stage::Infer, message);
        let Purpose::Swap(contract) = &entry.purpose else {
            return Err(usage(format!("{} is a {}, no swap model", entry.name, entry.title)));
        };
        let persona = persona(entry.persona.as_deref())?;
        if persona.colour_transfer() == ColourTransfer::Keep && contract.source != SourceKind::Built {
            let message = format!(
                "{} is paint, and a swap model wants a face: choose the persona composite-1, or one made from a photo",
                persona.name()
            );
            return Err(usage(message));
        }
        let (mut swap, provider) =
            self.load_swap(runtime, entry, options.provider, options.cache.clone(), report)?;
        swap.end_with(persona.class().expires());
        swap.set_crop(options.crop);
        swap.mask_with(self.masks(runtime, &options.masks)?);
        let photo = FaceTexture::photo_of(&persona)
            .map_err(|e| Error::wrap(ErrorKind::Unsupported, Stage::Persona, e.to_string(), e))?;
        let identity = match wants_vector(contract) {
            true => self.identity(runtime, &persona, &photo)?,
            false => None,
        };
        let converted = match contract.source {
            SourceKind::Adapted => self.adapt(runtime, contract.family, &photo, persona.landmarks())?,
            _ => self.converted(runtime, contract, identity.as_ref())?,
        };
        let wearer = IdentitySource {
            identity: identity.as_ref(),
            converted: converted.as_deref(),
            photo: Some((&photo, persona.landmarks())),
        };
        swap.wear(&wearer).map_err(model_error)?;
        Ok((swap, provider))
    }

    /// Who a persona is to the recogniser: as its package says, else by its picture. None without a recogniser.
    fn identity(&self, runtime: &Runtime, persona: &Persona, photo: &Frame) -> Result<Option<Identity>> {
        let Some(mut recogniser) = self.recogniser(runtime)? else { return Ok(None) };
        if let Some(stored) = persona.vector_of(recogniser.sha256()) {
            return Ok(Some(Identity::from(stored)));
        }
        let vector = recogniser.vector(photo, persona.landmarks())?;
        Ok(Identity::from_photos(&[vector]))
    }

    fn converted(
        &self,
        runtime: &Runtime,
        contract: &Contract,
        who: Option<&Identity>,
    ) -> Result<Option<Vec<f32>>> {
        match (&contract.source, who) {
            (SourceKind::Converted { .. }, Some(who)) => self.convert(runtime, contract.family, &who.raw),
            _ => Ok(None),
        }
    }

    /// The mask networks of these names, loaded.
    fn masks(&self, runtime: &Runtime, names: &[String]) -> Result<Vec<MaskNet>> {
        let options = omote_engine::infer::RunOptions {
            threads: threads(),
            ..omote_engine::infer::RunOptions::default()
        };
        let load = |name: &String| {
            let entry = self.find(name)?;
            let (_, found) = super::recognise_entry(entry).map_err(model_error)?;
            MaskNet::load(runtime, &entry.path, &found, &options).map_err(model_error)
        };
        names.iter().map(load).collect()
    }
}
