//! Looking at a file, testing it on every provider at hand, and measuring it.

use super::entry::Weights;
use super::{Entry, Measured, Purpose};
use omote_engine::infer::{Graph, InferError, Net, NetSource, Provider, RunOptions, Runtime, skim};
use omote_engine::swap::neural::tuning::TrialTuning;
use omote_engine::swap::neural::{
    Contract, Family, Found, Hints, ModelError, ModelKind, SourceKind, SwapModel, recognise,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a user says of a file.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// The family, where the graph leaves a choice.
    pub family: Option<Family>,
    /// The licence.
    pub licence: Option<String>,
    /// The persona whose face is built into it.
    pub persona: Option<String>,
    /// Providers to try; empty for all that are there.
    pub providers: Vec<Provider>,
    /// Where providers keep engines that take long to build.
    pub cache: Option<PathBuf>,
}

/// The description beside a model: at most so long.
const SIDE_CAR_LIMIT: u64 = 64 << 10;

fn side_car(path: &Path) -> Result<Option<Contract>, ModelError> {
    let file = path.with_extension("toml");
    let wrong = |reason: String| ModelError::SideCar { reason, file: file.display().to_string() };
    match fs::metadata(&file) {
        Err(_) => Ok(None),
        Ok(about) if about.len() > SIDE_CAR_LIMIT => Err(wrong("it is longer than 64 KiB".to_owned())),
        Ok(_) => {
            let text = fs::read_to_string(&file).map_err(|e| wrong(e.to_string()))?;
            Contract::parse(&text).map(Some).map_err(wrong)
        }
    }
}

/// Threads for a large model on the processor: one is left for the picture.
#[must_use]
pub fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get().saturating_sub(1)).max(1)
}

/// Whether the face of a file's results is built into it: whose it is, and on what ground it may be worn, its user must
/// say.
///
/// # Errors
/// A file that is not recognised.
pub fn has_face(path: &Path, family: Option<Family>) -> Result<bool, ModelError> {
    let (_, found) = identify(path, family)?;
    Ok(matches!(found.kind, ModelKind::Swap(contract) if contract.source == SourceKind::Built))
}

/// A file's graph, and what it is.
fn identify(path: &Path, family: Option<Family>) -> Result<(Graph, Found), ModelError> {
    let graph = skim(path)?;
    let hints = Hints { family, side_car: side_car(path)? };
    let found = recognise(&graph, &path.display().to_string(), &hints)?;
    Ok((graph, found))
}

/// Looks at a file, tests it on every provider at hand and measures it. `report` hears what is done, for people.
///
/// # Errors
/// [`ModelError`] with what was expected and what was found. A provider that fails is no error as long as one works.
pub fn check(
    runtime: &Runtime,
    path: &Path,
    declared: &Declared,
    report: &mut dyn FnMut(&str),
) -> Result<Entry, ModelError> {
    let (graph, found) = identify(path, declared.family)?;
    let mut trial = Trial { runtime, path, graph: &graph, found: &found, reference: None };
    let mut measured: Vec<Measured> = Vec::new();
    for (provider, half) in tries(runtime, &declared.providers) {
        report(&format!("testing on {provider}{}", if half { " in half precision" } else { "" }));
        let options = RunOptions { provider, threads: threads(), half, cache: declared.cache.clone() };
        let done = match &found.kind {
            ModelKind::Swap(_) => trial.swap(&options, &TrialTuning::default()),
            ModelKind::Recogniser | ModelKind::Adapter(_) | ModelKind::Converter(_) | ModelKind::Mask(_) => {
                load_net(runtime, path, &found, &options).and_then(|mut net| measure(&mut *net))
            }
        };
        match done {
            Ok(took) => {
                let ms = Some(took.as_secs_f64() * 1e3);
                measured.push(Measured { provider, half, ms, fault: None });
            }
            Err(e) if provider == Provider::Cpu => return Err(e),
            Err(e) => {
                let way = if half { " in half precision" } else { "" };
                report(&format!("{provider}{way} does not work with it: {e}"));
                measured.push(Measured { provider, half, ms: None, fault: Some(e.to_string()) });
            }
        }
    }
    measured.sort_by(|a, b| a.ms.unwrap_or(f64::MAX).total_cmp(&b.ms.unwrap_or(f64::MAX)));
    entry(runtime, path, &graph.others, found, declared, measured)
}

/// What a file is tried on: the providers that are wanted (all where none is named) and the processor, each in half
/// precision too where it has that. The processor comes first: what fails there is the file's fault.
fn tries(runtime: &Runtime, wanted: &[Provider]) -> Vec<(Provider, bool)> {
    let mut tries = Vec::new();
    for provider in runtime.providers() {
        if wanted.is_empty() || wanted.contains(&provider) || provider == Provider::Cpu {
            tries.push((provider, false));
            if provider.has_half() {
                tries.push((provider, true));
            }
        }
    }
    tries.sort_by_key(|(provider, half)| (*provider != Provider::Cpu, *half));
    tries
}

/// A swap model's file that is tried on one provider after the other.
struct Trial<'a> {
    runtime: &'a Runtime,
    path: &'a Path,
    graph: &'a Graph,
    found: &'a Found,
    /// The model as the first provider ran it, which the others are compared with.
    reference: Option<SwapModel>,
}

impl Trial<'_> {
    /// The model's time for one result; an error where what it gives is wrong.
    fn swap(&mut self, options: &RunOptions, tuning: &TrialTuning) -> Result<Duration, ModelError> {
        let mut model = SwapModel::load(self.runtime, self.path, self.graph, self.found, options)?;
        model.self_test()?;
        let first = options.provider == Provider::Cpu && !options.half;
        if let Some(reference) = self.reference.as_mut().filter(|_| !first) {
            let by = model.differs_from(reference)?;
            if by > tuning.differs {
                let (node, file) = ("the result".to_owned(), self.path.display().to_string());
                let expected =
                    format!("a mean difference from the processor's of {} at most", tuning.differs);
                return Err(ModelError::Values { node, low: by, high: by, expected, file });
            }
        }
        let took = model.measure(tuning.measure)?;
        self.reference.get_or_insert(model);
        Ok(took)
    }
}

fn entry(
    runtime: &Runtime,
    path: &Path,
    others: &[String],
    found: Found,
    declared: &Declared,
    measured: Vec<Measured>,
) -> Result<Entry, ModelError> {
    let unreadable = |source| InferError::Read { file: path.display().to_string(), source };
    let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let own = Weights::from_file(place.clone()).map_err(unreadable)?;
    let folder = place.parent().unwrap_or(Path::new("."));
    let weights = others.iter().map(|name| Weights::from_file(folder.join(name)).map_err(unreadable));
    let weights = weights.collect::<Result<Vec<_>, _>>()?;
    let title = found.title();
    let built = matches!(&found.kind, ModelKind::Swap(contract) if contract.source == SourceKind::Built);
    let (purpose, licence) = match found.kind {
        ModelKind::Swap(contract) => {
            let licence = contract.licence.clone();
            (Purpose::Swap(Box::new(contract)), licence)
        }
        ModelKind::Recogniser => {
            (Purpose::Recogniser, "unknown: InsightFace's are non-commercial".to_owned())
        }
        ModelKind::Adapter(family) => {
            (Purpose::Adapter(family), "unknown: ask whoever made the file".to_owned())
        }
        ModelKind::Converter(family) => {
            (Purpose::Converter(family), "unknown: ask whoever made the file".to_owned())
        }
        ModelKind::Mask(_) => (Purpose::Mask, "unknown: ask whoever made the file".to_owned()),
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Entry {
        name: stem,
        path: place,
        sha256: own.sha256,
        bytes: own.bytes,
        changed: own.changed,
        weights,
        title,
        licence: declared.licence.clone().unwrap_or(licence),
        persona: declared.persona.clone().filter(|_| built),
        purpose,
        measured,
        runtime: runtime.backend().to_owned(),
    })
}

pub(super) fn load_net(
    runtime: &Runtime,
    path: &Path,
    found: &Found,
    options: &RunOptions,
) -> Result<Box<dyn Net>, ModelError> {
    Ok(found.expecting(|expect| runtime.load_with(NetSource::File(path), expect, options))?)
}

fn measure(net: &mut dyn Net) -> Result<Duration, ModelError> {
    net.input_mut(0).iter_mut().enumerate().for_each(|(i, v)| *v = (i as f32 * 0.37).sin() * 0.5);
    let mut times = Vec::new();
    for _ in 0..5 {
        let start = std::time::Instant::now();
        net.run()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(2).copied().unwrap_or_default())
}
