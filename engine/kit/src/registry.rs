//! The user's models: files that were looked at, tested and measured, and how they are run best.

mod dress;
mod entry;
#[cfg(test)]
mod tests;
mod trial;

pub use dress::LoadOptions;
pub use entry::{Entry, Measured, Purpose, Weights};
pub use trial::{Declared, check, has_face, threads};

use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::frame::Frame;
use omote_engine::infer::{GraphError, InferError, Net, Provider, RunOptions, Runtime, skim};
use omote_engine::output::{self, Options};
use omote_engine::persona::of_unit_length;
use omote_engine::space::MeshPoint;
use omote_engine::swap::neural::{
    Contract, Family, Found, Hints, ModelError, SourceKind, SwapModel, Template, embed, recognise,
};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use trial::load_net;

/// The list of the user's models, in the data folder.
#[derive(Debug)]
pub struct Registry {
    file: PathBuf,
    entries: Vec<Entry>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(default, rename = "model")]
    entries: Vec<Entry>,
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::Damaged, Stage::Infer, message)
}

fn damaged(file: &Path, cause: &dyn std::fmt::Display) -> Error {
    wrong(format!(
        "the list of models is damaged ({cause}); delete it and add the models again: {}",
        file.display()
    ))
}

fn parse(file: &Path, text: &str) -> Result<Stored> {
    toml::from_str(text).map_err(|e| damaged(file, &e))
}

impl Registry {
    /// The list of a data folder; empty where there is none yet.
    ///
    /// # Errors
    /// A list that can't be read.
    pub fn open(data: &Path) -> Result<Self> {
        let file = data.join("swap-models.toml");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => {
                return Err(wrong(format!("the list of models can't be read ({e}): {}", file.display())));
            }
        };
        let stored = parse(&file, &text)?;
        Ok(Self { file, entries: stored.entries })
    }

    /// All of them, in the order in which they came.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Those that swap faces.
    pub fn swaps(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| matches!(e.purpose, Purpose::Swap(_)))
    }

    /// The model of this name, path or beginning of a hash.
    ///
    /// # Errors
    /// None, or one whose file is gone or another one.
    pub fn find(&self, name: &str) -> Result<&Entry> {
        let path = std::path::absolute(name).ok();
        let is = |e: &&Entry| {
            e.name == name
                || Some(&e.path) == path.as_ref()
                || (name.len() >= 8 && e.sha256.starts_with(name))
        };
        let Some(entry) = self.entries.iter().find(is) else {
            let names: Vec<&str> = self.swaps().map(|e| e.name.as_str()).collect();
            let there = if names.is_empty() {
                "there are none yet".to_owned()
            } else {
                format!("there are {}", names.join(", "))
            };
            let message = format!("there is no model {name} ({there}); `omote models add FILE` takes one");
            return Err(Error::new(ErrorKind::Missing, Stage::Infer, message));
        };
        entry.check()?;
        Ok(entry)
    }

    /// Takes a model and writes the list. One that was taken from the same path before, or whose file was moved here, is
    /// replaced and keeps its name; the same bytes at another path are another entry. Two of one name get numbers.
    /// What other processes have changed since the list was read stays.
    ///
    /// # Errors
    /// A list that can't be read or written.
    pub fn add(&mut self, mut entry: Entry) -> Result<&Entry> {
        self.change(|entries| {
            let same = |e: &Entry| e.path == entry.path || (e.sha256 == entry.sha256 && !e.path.exists());
            if let Some(at) = entries.iter().position(same) {
                entry.name = entries.remove(at).name;
            }
            let stem = entry.name.clone();
            let mut number = 1;
            while entries.iter().any(|e| e.name == entry.name) {
                number += 1;
                entry.name = format!("{stem}-{number}");
            }
            entries.push(entry);
            true
        })?;
        self.entries.last().ok_or_else(|| wrong("the list of models is empty".to_owned()))
    }

    /// Takes a model off the list; its file stays. Whether it was there.
    ///
    /// # Errors
    /// A list that can't be read or written.
    pub fn remove(&mut self, name: &str) -> Result<bool> {
        self.change(|entries| {
            let before = entries.len();
            entries.retain(|e| e.name != name);
            entries.len() != before
        })
    }

    /// Changes the list as it is now, whoever wrote it, and writes it where `change` says that it did; whether it did.
    fn change(&mut self, change: impl FnOnce(&mut Vec<Entry>) -> bool) -> Result<bool> {
        let file = self.file.clone();
        output::update(&file, Options::own(), |now| {
            let text = now.map(String::from_utf8).transpose().map_err(|e| damaged(&file, &e))?;
            let mut stored = parse(&file, &text.unwrap_or_default())?;
            let changed = change(&mut stored.entries);
            let text = toml::to_string_pretty(&stored).map_err(|e| damaged(&file, &e))?;
            self.entries = stored.entries;
            Ok((changed.then(|| text.into_bytes()), changed))
        })
    }

    /// A family's second vector for a face, added to the recogniser's; None where its adapter or the recogniser is missing.
    ///
    /// # Errors
    /// A network that is gone or does not run, or landmarks that are no face.
    pub fn adapt(
        &self,
        runtime: &Runtime,
        family: Family,
        photo: &Frame,
        mesh: &[MeshPoint],
    ) -> Result<Option<Vec<f32>>> {
        let adapter = self.entries.iter().find(|e| e.purpose == Purpose::Adapter(family));
        let (Some(adapter), Some(mut recogniser)) = (adapter, self.recogniser(runtime)?) else {
            return Ok(None);
        };
        adapter.check()?;
        let mut second = Recogniser { sha256: adapter.sha256.clone(), net: self.load(runtime, adapter)? };
        let one = of_unit_length(&recogniser.aligned(Template::Ffhq, photo, mesh)?);
        let two = of_unit_length(&second.aligned(Template::Ffhq, photo, mesh)?);
        Ok(Some(one.iter().zip(two).map(|(a, b)| a + b).collect()))
    }

    /// The face recogniser, loaded; None where none was added.
    ///
    /// # Errors
    /// One that is gone or does not load.
    pub fn recogniser(&self, runtime: &Runtime) -> Result<Option<Recogniser>> {
        let Some(entry) = self.entries.iter().find(|e| e.purpose == Purpose::Recogniser) else {
            return Ok(None);
        };
        entry.check()?;
        let net = self.load(runtime, entry)?;
        Ok(Some(Recogniser { sha256: entry.sha256.clone(), net }))
    }

    /// A family's vector from the recogniser's, by the family's converter; None where there is no such converter.
    ///
    /// # Errors
    /// A converter that is gone or does not run.
    pub fn convert(&self, runtime: &Runtime, family: Family, raw: &[f32]) -> Result<Option<Vec<f32>>> {
        let is = |e: &&Entry| match e.purpose {
            Purpose::Converter(of) => {
                of == family || (of == Family::Simswap && family == Family::SimswapUnofficial)
            }
            _ => false,
        };
        let Some(entry) = self.entries.iter().find(is) else { return Ok(None) };
        entry.check()?;
        let mut net = self.load(runtime, entry)?;
        net.input_mut(0).iter_mut().zip(raw).for_each(|(to, v)| *to = *v);
        net.run().map_err(|e| model_error(e.into()))?;
        Ok(Some(net.output(0).to_vec()))
    }

    fn load(&self, runtime: &Runtime, entry: &Entry) -> Result<Box<dyn Net>> {
        let (_, found) = recognise_entry(entry).map_err(model_error)?;
        load_net(runtime, &entry.path, &found, &RunOptions::default()).map_err(model_error)
    }

    /// Loads a swap model on the provider that was quickest, or on the next where that does not work any more; `report`
    /// hears of it.
    ///
    /// # Errors
    /// No provider that works.
    pub fn load_swap(
        &self,
        runtime: &Runtime,
        entry: &Entry,
        wanted: Option<Provider>,
        cache: Option<PathBuf>,
        report: &mut dyn FnMut(&str),
    ) -> Result<(SwapModel, Provider)> {
        let (graph, found) = recognise_entry(entry).map_err(model_error)?;
        let there = runtime.providers();
        let usable = |m: &&Measured| m.ms.is_some() && wanted.is_none_or(|w| w == m.provider);
        let mut ways: Vec<(Provider, bool)> =
            entry.measured.iter().filter(usable).map(|m| (m.provider, m.half)).collect();
        for way in wanted.map(|w| (w, false)).into_iter().chain([(Provider::Cpu, false)]) {
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        let mut last = None;
        for (provider, half) in ways {
            if !there.contains(&provider) {
                report(&format!("{provider} is not in the ONNX Runtime library at hand; trying the next"));
                continue;
            }
            let options = RunOptions { provider, half, threads: threads(), cache: cache.clone() };
            match SwapModel::load(runtime, &entry.path, &graph, &found, &options) {
                Ok(model) => return Ok((model, provider)),
                Err(e) => {
                    report(&format!("{provider} does not work ({e}); trying the next"));
                    last = Some(e);
                }
            }
        }
        let none = || wrong(format!("no provider runs the model {}", entry.name));
        Err(last.map_or_else(none, model_error))
    }
}

/// The graph of a taken model, recognised as it was then.
fn recognise_entry(entry: &Entry) -> std::result::Result<(omote_engine::infer::Graph, Found), ModelError> {
    let graph = skim(&entry.path)?;
    let (family, side_car) = match &entry.purpose {
        Purpose::Swap(contract) => (Some(contract.family), Some((**contract).clone())),
        Purpose::Converter(family) | Purpose::Adapter(family) => (Some(*family), None),
        Purpose::Recogniser | Purpose::Mask => (None, None),
    };
    let found = recognise(&graph, &entry.path.display().to_string(), &Hints { family, side_car })?;
    Ok((graph, found))
}

/// A model's error at the library's face.
#[must_use]
pub fn model_error(e: ModelError) -> Error {
    let kind = match &e {
        ModelError::Needs { .. }
        | ModelError::Graph(GraphError::Missing { .. })
        | ModelError::Infer(InferError::Missing { .. }) => ErrorKind::Missing,
        ModelError::NoFace { .. } => ErrorKind::Refused,
        ModelError::Ambiguous { .. } => ErrorKind::Usage,
        _ => ErrorKind::Damaged,
    };
    Error::new(kind, Stage::Infer, e.to_string())
}

/// A face recogniser that is loaded.
pub struct Recogniser {
    sha256: String,
    net: Box<dyn Net>,
}

impl Recogniser {
    /// SHA-256 of its file: vectors of different recognisers do not go together.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The vector of a face in a picture, 512 values.
    ///
    /// # Errors
    /// Landmarks that are no face, or a network that fails.
    pub fn vector(&mut self, photo: &Frame, mesh: &[MeshPoint]) -> Result<Vec<f32>> {
        self.aligned(Template::ArcfaceV2, photo, mesh)
    }

    fn aligned(&mut self, template: Template, photo: &Frame, mesh: &[MeshPoint]) -> Result<Vec<f32>> {
        embed(&mut *self.net, template, photo, mesh).map_err(model_error)
    }
}

/// Whether a family's models want the recogniser's vector.
#[must_use]
pub fn wants_vector(contract: &Contract) -> bool {
    use SourceKind::{Adapted, Converted, Latent, Unit};
    matches!(contract.source, Unit | Adapted | Latent | Converted { .. })
}
