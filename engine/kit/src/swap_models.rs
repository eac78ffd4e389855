//! The user's swap models: testing a file, taking it, and loading one to be worn.
//!
//! The list itself is [`Registry`]: it is locked while it is changed, so that several programs may add at once.

use crate::personas;
use crate::registry::{Declared, Entry, LoadOptions, Registry, check, has_face, model_error};
use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::infer::{Provider, Runtime};
use omote_engine::persona::{self};
use omote_engine::pipeline::{RateLimit, WornModel};
use omote_engine::swap::neural::CropOptions;
use omote_masks::built_in;
use std::path::Path;

use crate::data::DataFolder;
use crate::networks::runtime;

/// Which swap model is worn, and how.
#[derive(Clone, Debug, Default)]
pub struct SwapOptions {
    /// Its name in the list, or the path of its file.
    pub name: String,
    /// How its picture of the face is taken.
    pub crop: CropOptions,
    /// Names of mask networks that keep what covers the face in front.
    pub masks: Vec<String>,
    /// Who is to compute, instead of the quickest that was measured.
    pub provider: Option<Provider>,
    /// How much it may work.
    pub rate_limit: RateLimit,
}

/// Tests and measures a file on every provider at hand. A face that is built into it must be that of a persona of the
/// user's, which says on what ground it may be worn. `report` hears what is done. Takes seconds to minutes.
///
/// # Errors
/// A file that is no model, or does not work; a built-in face without a persona, or with one that may not be worn.
pub fn test(
    runtime: &Runtime,
    data: &DataFolder,
    file: &Path,
    declared: &Declared,
    report: &mut dyn FnMut(&str),
) -> Result<Entry> {
    if has_face(file, declared.family).map_err(model_error)? {
        whose(data, file, declared.persona.as_deref())?;
    }
    // Providers make do without.
    std::fs::create_dir_all(data.engines()).ok();
    let declared = Declared { cache: Some(data.engines()), ..declared.clone() };
    check(runtime, file, &declared, report).map_err(model_error)
}

/// Whether the persona may stand for the face that is built into a file.
fn whose(data: &DataFolder, file: &Path, persona: Option<&str>) -> Result<()> {
    let usage = |message: String| Error::new(ErrorKind::Usage, Stage::Infer, message);
    let make = "`omote persona new PHOTO --name NAME --class …`";
    let Some(name) = persona else {
        return Err(usage(format!(
            "a face is built into {0}: name a persona of that person, which says why the face may be worn: {make}, then \
             `omote models add {0} --persona NAME`",
            file.display()
        )));
    };
    personas::resolve(name, data.root(), persona::today())?;
    if built_in::names().contains(&name) {
        return Err(usage(format!(
            "{name} is not the face that is built into {}: make a persona of that person with {make}",
            file.display()
        )));
    }
    Ok(())
}

/// Tests a file that is not in the list yet, and takes it. Nothing is done where `name` is in the list, or is no file.
///
/// # Errors
/// As [`test()`]; a list that can't be read or written.
pub fn take_file(data: &DataFolder, name: &str, report: &mut dyn FnMut(&str)) -> Result<()> {
    let mut registry = Registry::open(data.root())?;
    let path = Path::new(name);
    let known = registry.entries().iter().any(|e| e.name == *name);
    if known || !path.is_file() || registry.find(name).is_ok() {
        return Ok(());
    }
    report(&format!("{name} is not among your models yet, so it is tested first"));
    let entry = registry.add(test(&runtime(data)?, data, path, &Declared::default(), report)?)?;
    report(&entry.line());
    Ok(())
}

/// Loads a swap model that wears the face of `persona`. `report` hears of providers that don't work. Takes seconds.
///
/// # Errors
/// No such model, one that does not load, or a persona that may not be worn.
pub fn load(
    data: &DataFolder,
    options: &SwapOptions,
    persona: &str,
    report: &mut dyn FnMut(&str),
) -> Result<WornModel> {
    let runtime = runtime(data)?;
    let registry = Registry::open(data.root())?;
    let name = &registry.find(&options.name)?.name;
    let load = LoadOptions {
        crop: options.crop,
        masks: options.masks.clone(),
        provider: options.provider,
        cache: Some(data.engines()),
    };
    let whose = |own: Option<&str>| personas::resolve(own.unwrap_or(persona), data.root(), persona::today());
    let (swap, provider) = registry.dress(&runtime, name, &whose, &load, report)?;
    let mut model = WornModel::new(format!("{name} on {provider}"), swap, options.crop.detail);
    model.rate_limit = options.rate_limit;
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_engine::infer::stand_in::StandIn;
    use std::fs;

    #[test]
    fn a_file_is_tested_and_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::at(folder.path().join("data"));
        let path = folder.path().join("mine.onnx");
        fs::write(&path, StandIn::inswapper_128().bytes()).unwrap();
        let mut told = Vec::new();
        let file = path.display().to_string();
        take_file(&data, &file, &mut |what| told.push(what.to_owned())).unwrap();
        assert!(
            told.first().unwrap().contains("tested first") && told.last().unwrap().contains(" ms on CPU")
        );
        let mut told = Vec::new();
        for name in [file.as_str(), "mine", "nothing-like-it"] {
            take_file(&data, name, &mut |what| told.push(what.to_owned())).unwrap();
        }
        assert_eq!(told, [""; 0]);
        let names: Vec<String> =
            Registry::open(data.root()).unwrap().entries().iter().map(|e| e.name.clone()).collect();
        assert_eq!(names, ["mine"]);
        let options = SwapOptions { name: "none".to_owned(), ..SwapOptions::default() };
        let error = load(&data, &options, "ko-omote", &mut |_| ()).err().unwrap();
        assert!(error.kind() == ErrorKind::Missing && error.to_string().contains("mine"), "{error}");
    }

    #[test]
    fn a_built_in_face_wants_its_person() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::at(folder.path().join("data"));
        let path = folder.path().join("someone.dfm");
        fs::write(&path, StandIn::dfm(64, 64).bytes()).unwrap();
        for (persona, words) in [
            (None, "name a persona of that person"),
            (Some("nobody"), "there is no persona nobody"),
            (Some("oni"), "oni is not the face"),
        ] {
            let declared = Declared { persona: persona.map(str::to_owned), ..Declared::default() };
            let error =
                test(&Runtime::portable(), &data, &path, &declared, &mut |_| ()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
