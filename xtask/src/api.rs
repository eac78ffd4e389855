//! The public API of the crates that embedders use, kept as text (`engine/*/api.txt`) so that no change of it goes
//! unnoticed. What `#[doc(hidden)]` keeps for Omote's own programs is no part of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;
use public_api::PublicApi;

use crate::{cargo, root, target_folder};

/// Folders below `engine/` and library names of the crates that an embedder of `omote-engine` can reach.
const CRATES: [(&str, &str); 5] = [
    ("core", "omote_engine"),
    ("frame", "omote_frame"),
    ("files", "omote_files"),
    ("persona", "omote_persona"),
    ("puppet", "omote_puppet"),
];

/// Names the compiler's own rustdoc to this program when cargo calls it as rustdoc.
const RUSTDOC: &str = "OMOTE_RUSTDOC";

#[derive(clap::Args)]
pub(crate) struct ApiArgs {
    /// Write the API as it is now, instead of comparing it with what is kept
    #[arg(long)]
    write: bool,
}

/// Compares or writes. True if nothing differs.
pub(crate) fn run(args: &ApiArgs) -> anyhow::Result<bool> {
    document()?;
    if args.write {
        for (folder, library) in CRATES {
            let file = kept(folder);
            std::fs::write(&file, listed(library)?)
                .with_context(|| format!("can't write {}", file.display()))?;
        }
        return Ok(true);
    }
    let verdict = compare();
    match &verdict {
        Ok(note) | Err(note) => eprintln!("{note}"),
    }
    Ok(verdict.is_ok())
}

/// Builds the docs as data, with every fault of their links an error.
pub(crate) fn docs() -> anyhow::Result<Command> {
    let mut docs = cargo(&["doc", "--workspace", "--no-deps"]);
    docs.env("RUSTDOCFLAGS", "-D warnings -Z unstable-options --output-format json")
        .env(RUSTDOC, std::env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into()))
        .env("RUSTDOC", this_program()?);
    Ok(docs)
}

/// This program's file. A build of the workspace may have put another in the place of the one that runs.
fn this_program() -> anyhow::Result<PathBuf> {
    let running = std::env::current_exe()?;
    if running.exists() {
        return Ok(running);
    }
    Ok(target_folder()?.join("debug").join(format!("xtask{}", std::env::consts::EXE_SUFFIX)))
}

fn document() -> anyhow::Result<()> {
    let status = docs()?.status().context("cargo can't be run")?;
    anyhow::ensure!(status.success(), "the docs could not be built: see the reason above");
    Ok(())
}

/// Runs as rustdoc where cargo has called this program for it. Docs as data are not stable yet, so the compiler must be
/// told to allow them; were cargo told so, it would compile half of the dependencies anew.
pub(crate) fn as_rustdoc() -> Option<ExitCode> {
    let rustdoc = std::env::var_os(RUSTDOC)?;
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let status = Command::new(rustdoc).args(arguments).env("RUSTC_BOOTSTRAP", "1").status();
    Some(if status.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares the docs that were built last with what is kept.
pub(crate) fn compare() -> Result<String, String> {
    let mut items = 0;
    let mut changes = Vec::new();
    for (folder, library) in CRATES {
        let now = listed(library).map_err(|error| format!("{error:#}"))?;
        let before = std::fs::read_to_string(kept(folder)).unwrap_or_default();
        items += now.lines().count();
        changes.extend(differences(&before, &now));
    }
    if changes.is_empty() {
        return Ok(format!("{items} lines, as kept"));
    }
    Err(format!("changed (`cargo xtask api --write` keeps it as it is now):\n{}", changes.join("\n")))
}

/// Lines that only one of two sorted lists has, marked with - and +.
fn differences(before: &str, now: &str) -> Vec<String> {
    let gone = before.lines().filter(|line| !now.lines().any(|l| l == *line)).map(|line| format!("- {line}"));
    let new = now.lines().filter(|line| !before.lines().any(|l| l == *line)).map(|line| format!("+ {line}"));
    gone.chain(new).collect()
}

fn kept(folder: &str) -> PathBuf {
    root().join("engine").join(folder).join("api.txt")
}

/// A line for each public item of a library, sorted.
fn listed(library: &str) -> anyhow::Result<String> {
    let json = target_folder()?.join("doc").join(format!("{library}.json"));
    let api = read(&json).with_context(|| {
        format!(
            "{} can't be read: a new compiler may need a new version of the crate public-api",
            json.display()
        )
    })?;
    let mut lines: Vec<String> = api.items().map(ToString::to_string).collect();
    lines.sort();
    Ok(lines.join("\n") + "\n")
}

fn read(json: &Path) -> anyhow::Result<PublicApi> {
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    Ok(api)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_side_are_differences() {
        assert!(differences("a\nb\n", "a\nb\n").is_empty());
        assert_eq!(differences("a\nb\n", "b\nc\n"), ["- a", "+ c"]);
    }
}
