//! `omote models add | check | list | remove`: the user's swap models.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use omote_engine::infer::{Provider, Runtime};
use omote_engine::swap::neural::Family;
use omote_kit::data::DataFolder;
use omote_kit::registry::{Declared, Entry, Purpose, Registry};
use omote_kit::swap_models;

use crate::{setup, wardrobe};

/// Options of `omote models`.
#[derive(Args, Debug)]
pub(crate) struct ModelsArgs {
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Test a model, measure it on every available provider, and add it to the list
    Add(FileArgs),
    /// Test and measure a model without adding it
    Check(FileArgs),
    /// List your models, and whether their files are unchanged
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a model from the list; its file stays
    Remove {
        /// Name of the model
        name: String,
    },
}

#[derive(Args, Debug)]
struct FileArgs {
    /// Model file: .onnx or .dfm
    file: PathBuf,
    /// Model family, where the file leaves a choice: simswap, ghost, hififace, …
    #[arg(long, value_name = "FAMILY", value_parser = family)]
    family: Option<Family>,
    /// Licence of the model, as far as you know it
    #[arg(long)]
    licence: Option<String>,
    /// For models with a face built in (.dfm): the persona that says whose face it is and why it may be worn
    #[arg(long, value_name = "NAME")]
    persona: Option<String>,
    /// Try only these providers (separated by commas) and the CPU [default: all that are available]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = provider)]
    providers: Vec<Provider>,
}

fn family(text: &str) -> Result<Family, String> {
    let names = || Family::KNOWN.map(Family::name).join(", ");
    Family::named(text).ok_or_else(|| format!("{text} is not a model family; there are {}", names()))
}

/// A provider by its name.
pub(crate) fn provider(text: &str) -> Result<Provider, String> {
    let names = || Provider::ALL.map(Provider::name).join(", ");
    Provider::named(text).ok_or_else(|| format!("{text} is not a provider; there are {}", names()))
}

/// Runs the command.
pub(crate) fn run(args: &ModelsArgs) -> anyhow::Result<ExitCode> {
    let data = setup::data_folder(args.data.as_deref())?;
    match &args.command {
        ModelsCommand::Add(file) => {
            let entry = file.check(&data)?;
            let mut registry = Registry::open(&data)?;
            let entry = registry.add(entry)?;
            let mut out = crate::console::report();
            writeln!(out, "{}", entry.line())?;
            writeln!(out, "added as {}{}", entry.name, how_to_use(entry))?;
        }
        ModelsCommand::Check(file) => {
            let entry = file.check(&data)?;
            writeln!(crate::console::out(), "{}", entry.line())?;
        }
        ModelsCommand::List { json } => return list(&Registry::open(&data)?, *json),
        ModelsCommand::Remove { name } => {
            if !Registry::open(&data)?.remove(name)? {
                bail!("there is no model {name}; `omote models list` shows your models");
            }
            writeln!(
                crate::console::report(),
                "{name} was removed from the list; its file stays where it is"
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn how_to_use(entry: &Entry) -> String {
    match &entry.purpose {
        Purpose::Swap(_) => format!("; wear it with `omote run|live --model {}`", entry.name),
        Purpose::Mask => format!("; use it with --model-mask {}", entry.name),
        _ => String::new(),
    }
}

impl FileArgs {
    /// Tests and measures the file.
    fn check(&self, data: &Path) -> anyhow::Result<Entry> {
        let runtime = wardrobe::runtime(data)?;
        let declared = Declared {
            family: self.family,
            licence: self.licence.clone(),
            persona: self.persona.clone(),
            providers: self.providers.clone(),
            cache: None,
        };
        check(&self.file, &runtime, data, &declared)
    }
}

/// Tests and measures a file; what takes long is told on a terminal.
pub(crate) fn check(
    file: &Path,
    runtime: &Runtime,
    data: &Path,
    declared: &Declared,
) -> anyhow::Result<Entry> {
    let terminal = std::io::stderr().is_terminal();
    let mut report = |what: &str| {
        if terminal || what.contains("does not work") {
            let _ = writeln!(std::io::stderr(), "{what}");
        }
    };
    Ok(swap_models::test(runtime, &DataFolder::at(data), file, declared, &mut report)?)
}

fn list(registry: &Registry, json: bool) -> anyhow::Result<ExitCode> {
    let mut out = crate::console::out();
    if json {
        serde_json::to_writer_pretty(&mut out, registry.entries())?;
        writeln!(out)?;
        let sound = registry.entries().iter().all(|entry| entry.check().is_ok());
        return Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(4) });
    }
    if registry.entries().is_empty() {
        writeln!(out, "no models yet; `omote models add FILE` adds one (docs/models.md)")?;
    }
    let mut sound = true;
    for entry in registry.entries() {
        writeln!(out, "{:<24} {}", entry.name, entry.line())?;
        if let Err(e) = entry.check() {
            sound = false;
            writeln!(out, "{:<24} NOT USABLE: {e}", "")?;
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(4) })
}
