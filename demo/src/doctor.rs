//! `omote doctor`: what was found, what is missing, and how to get it.

mod desktop;
mod devices;
mod programs;
mod store;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use omote_engine::gpu;
use omote_engine::infer::models::{self, ModelFile};
use omote_engine::infer::{InferError, LIBRARY_VARIABLE, Runtime};

use crate::setup::{self, ONNX_RUNTIME_VERSION, Store};

/// Options of `omote doctor`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct DoctorArgs {
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// How a finding bears on a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// As it should be.
    Found,
    /// Not there, and a swap runs without it: more slowly, or with fewer file formats.
    Optional,
    /// Not there or damaged, and no swap runs without it.
    Missing,
}

/// One thing that was looked for.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Name of the model, a few words.
    pub(crate) what: String,
    /// How it bears on a swap.
    pub(crate) state: State,
    /// Version, place, or what is wrong.
    pub(crate) detail: String,
    /// How to get it. Empty where nothing is to be done.
    pub(crate) remedy: String,
}

impl Finding {
    /// Something that is there.
    pub(crate) fn found(what: &str, detail: impl Into<String>) -> Self {
        Self { what: what.to_owned(), state: State::Found, detail: detail.into(), remedy: String::new() }
    }

    /// Something that is not there, or not right.
    pub(crate) fn lacking(
        what: &str,
        state: State,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self { what: what.to_owned(), state, detail: detail.into(), remedy: remedy.into() }
    }
}

/// Looks at everything, prints it, and gives success exactly if a swap can run.
pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let findings = examine(&setup::data_folder(args.data.as_deref())?);
    print(&findings)?;
    let able = findings.iter().all(|finding| finding.state != State::Missing);
    Ok(if able { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn examine(root: &Path) -> Vec<Finding> {
    let store = Store::at(root.to_owned());
    let mut findings = store::findings(root);
    let (finding, runtime) = library(&store);
    findings.push(finding);
    findings.extend(models::ALL.iter().map(|model| network(&store, model, &runtime)));
    findings.extend(adapters());
    findings.push(desktop::window());
    findings.extend(programs::findings());
    findings.extend(devices::findings());
    findings.push(personas(&store));
    findings
}

/// One network: there, of this version, and able to run.
fn network(store: &Store, model: &ModelFile, runtime: &Runtime) -> Finding {
    let lacking = |detail: String| {
        Finding::lacking("network", State::Missing, format!("{}: {detail}", model.stem), "omote setup")
    };
    let Ok(tflite) = std::fs::read(store.path(&format!("models/{}", model.tflite_name()))) else {
        return lacking("not downloaded yet".to_owned());
    };
    let stored: Vec<String> = model.onnx_names().iter().map(|name| format!("models/{name}")).collect();
    if !stored.iter().all(|onnx| store.path(onnx).exists()) {
        return lacking("not converted yet".to_owned());
    }
    let right = |parts: Vec<Vec<u8>>| {
        parts.len() == stored.len() && stored.iter().zip(&parts).all(|(name, part)| store.holds(name, part))
    };
    if !models::convert_file(&tflite).is_ok_and(right) {
        return lacking("damaged, or made by another version of Omote".to_owned());
    }
    let folder = models::models_dir(store.root());
    let loaded = (0..stored.len()).try_for_each(|part| model.load(runtime, &folder, part).map(drop));
    match loaded {
        Ok(()) => Finding::found("network", model.stem),
        Err(error) => lacking(error.to_string()),
    }
}

/// What runs the networks. ONNX Runtime where its library is there, the built-in runtime otherwise.
fn library(store: &Store) -> (Finding, Runtime) {
    const WHAT: &str = "ONNX Runtime";
    let path = models::library(store.root());
    let runtime = match Runtime::discover(path.as_deref()) {
        Ok(runtime) => runtime,
        Err(InferError::Library { reason, remedy, path }) => {
            let detail = format!("{}: {reason}", path.display());
            return (Finding::lacking(WHAT, State::Missing, detail, remedy), Runtime::portable());
        }
        Err(error) => {
            return (Finding::lacking(WHAT, State::Missing, error.to_string(), ""), Runtime::portable());
        }
    };
    let pinned = setup::onnx_runtime(std::env::consts::OS, std::env::consts::ARCH);
    let variable = std::env::var(LIBRARY_VARIABLE).unwrap_or_default();
    // A library that the user names goes before set-up's.
    let Some(path) = path.filter(|_| variable.is_empty()) else {
        let finding = match (variable.is_empty(), pinned) {
            (false, _) => Finding::found(WHAT, format!("{variable} (from {LIBRARY_VARIABLE})")),
            (true, Some(_)) => {
                let detail = "not downloaded yet: the built-in runtime is used, which is slower";
                Finding::lacking(WHAT, State::Optional, detail, "omote setup")
            }
            (true, None) => {
                let detail = "there is none for this system: the built-in runtime is used, which is slower";
                Finding::lacking(
                    WHAT,
                    State::Optional,
                    detail,
                    format!("set {LIBRARY_VARIABLE} to a library of your own"),
                )
            }
        };
        return (finding, runtime);
    };
    let hash = models::hash_file(&path).unwrap_or_default();
    let is_pinned = pinned.is_some_and(|wheel| wheel.members.iter().any(|member| member.sha256 == hash));
    let version = if is_pinned { ONNX_RUNTIME_VERSION } else { "not the pinned file, but it loads" };
    (Finding::found(WHAT, format!("{version}, {}", path.display())), runtime)
}

/// The GPUs. Without one the CPU backend does the same work.
fn adapters() -> Vec<Finding> {
    let mut found: Vec<_> = gpu::adapters()
        .into_iter()
        .map(|adapter| match adapter.software {
            true => Finding::found(
                "adapter",
                format!("{}: software renderer, used only on request", adapter.name),
            ),
            false => Finding::found("adapter", adapter.name),
        })
        .collect();
    if found.is_empty() {
        let remedy = format!("if this computer has a GPU, install its driver (`{}`)", gpu::DRIVERS);
        let detail = "no GPU was found: the CPU backend is used";
        found.push(Finding::lacking("adapter", State::Optional, detail, remedy));
    }
    found
}

fn personas(store: &Store) -> Finding {
    let folder = store.path("personas");
    match std::fs::read_dir(&folder) {
        Ok(entries) => {
            let own = entries
                .flatten()
                .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
                .count();
            Finding::found("your personas", format!("{own} in {}", folder.display()))
        }
        Err(_) => Finding::found("your personas", "none yet (`omote persona new PHOTO` creates one)"),
    }
}

fn print(findings: &[Finding]) -> std::io::Result<()> {
    let mut out = crate::console::out();
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "omote {version} on {} {}", std::env::consts::OS, std::env::consts::ARCH)?;
    for finding in findings {
        let state = match finding.state {
            State::Found => "ok",
            State::Optional => "note",
            State::Missing => "MISSING",
        };
        writeln!(out, "  {state:<8} {:<14} {}", finding.what, finding.detail)?;
        if !finding.remedy.is_empty() {
            writeln!(out, "  {:<8} {:<14} remedy: {}", "", "", finding.remedy)?;
        }
    }
    let missing = findings.iter().filter(|finding| finding.state == State::Missing).count();
    match missing {
        0 => writeln!(out, "ready to swap faces"),
        n => writeln!(out, "not ready to swap faces: {n} missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_folder_lacks_the_networks_and_says_how_to_get_them() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(dir.path().to_owned());
        for model in &models::ALL {
            let finding = network(&store, model, &Runtime::portable());
            assert_eq!(
                (finding.state, finding.remedy.as_str()),
                (State::Missing, "omote setup"),
                "{finding:?}"
            );
            assert!(finding.detail.contains("not downloaded"), "{finding:?}");
        }
    }

    #[test]
    fn a_damaged_conversion_is_told_from_a_missing_one() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::at(dir.path().to_owned());
        let look = || network(&store, &models::MESH_468, &Runtime::portable()).detail;
        store.write("models/face_landmark.tflite", b"there").unwrap();
        assert!(look().contains("not converted"), "{}", look());
        store.write("models/face_landmark.onnx", b"damaged").unwrap();
        assert!(look().contains("damaged"), "{}", look());
    }
}
