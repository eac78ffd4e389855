//! `cargo xtask package`: the plugin as an archive to hand out, with its networks and everyone's licences.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::build;
use super::install::{Tree, copy_all};
use crate::packages::For;
use crate::{cargo, root, setup, target_folder};

/// How what is handed out is built.
const PROFILE: &str = "dist";

/// Packs for a system. For another one than this `library` names the built plugin.
pub(crate) fn run(system: Option<&str>, library: Option<&Path>) -> anyhow::Result<()> {
    let here = std::env::consts::OS;
    let system = system.unwrap_or(here);
    let tree = Tree::for_system(system)?;
    let library = match library {
        Some(library) => library.to_owned(),
        None => {
            ensure!(system == here, "a plugin for {system} is not built here: name one with --library FILE");
            setup(&["--profile", PROFILE], For::Program)?;
            build(&["--profile", PROFILE], PROFILE)?
        }
    };
    ensure!(library.is_file(), "there is no library {}", library.display());
    let version = env!("CARGO_PKG_VERSION");
    let arch = if system == here { std::env::consts::ARCH } else { "any" };
    let name = format!("omote-obs-{version}-{system}-{arch}");
    let dist = target_folder()?.join("dist");
    let stage = dist.join(&name);
    if stage.exists() {
        fs::remove_dir_all(&stage).with_context(|| format!("can't remove {}", stage.display()))?;
    }
    tree.put(&library, &stage)?;
    if system == "linux" {
        strip(&stage.join(tree.folder).join(tree.binary), &dist.join(format!("{name}.debug")));
    }
    let data = stage.join(tree.folder).join(tree.data);
    let bundled = if system == here { bundle(&data)? } else { false };
    let licences = stage.join(tree.folder).join(tree.data).join("licences");
    fs::create_dir_all(&licences)?;
    for (from, to) in [
        ("plugin/LICENSE-GPL-2.0", "omote-obs-GPL-2.0.txt"),
        // What is built in is in part Apache-2.0 only: the whole can be handed on under version 3.
        ("plugin/LICENSE-GPL-3.0", "omote-obs-GPL-3.0.txt"),
        ("LICENSE-MIT", "omote-MIT.txt"),
        ("LICENSE-APACHE", "omote-Apache-2.0.txt"),
    ] {
        fs::copy(root().join(from), licences.join(to)).with_context(|| format!("can't copy {from}"))?;
    }
    let crates = third_parties()?;
    fs::write(licences.join("third-party.txt"), &crates.text)?;
    fs::copy(root().join("docs/disclosure.md"), stage.join("DISCLOSURE.md"))?;
    fs::write(stage.join("INSTALL.txt"), install_text(system, tree, bundled))?;
    let archive = dist.join(format!("{name}.zip"));
    let files = zip(&stage, &archive)?;
    let size = fs::metadata(&archive)?.len() as f64 / 1e6;
    eprintln!("== {}: {files} files, {size:.1} MB, licences of {} crates", archive.display(), crates.count);
    if system != here {
        eprintln!("   The folders are those in OBS's documentation for {system}; nobody has run them there.");
    }
    Ok(())
}

/// Takes the debug information out of a library, most of the file, into `symbols`, which debuggers find by its name.
/// Where that can't be done it stays where it is.
fn strip(library: &Path, symbols: &Path) {
    let run = |program: &str, arguments: &[&OsStr]| {
        Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
    };
    let mut link = OsString::from("--add-gnu-debuglink=");
    link.push(symbols);
    let (library, symbols) = (library.as_os_str(), symbols.as_os_str());
    let done = run("objcopy", &["--only-keep-debug".as_ref(), library, symbols])
        && run("strip", &["--strip-debug".as_ref(), "--strip-unneeded".as_ref(), library])
        && run("objcopy", &[&link, library]);
    if !done {
        eprintln!("   objcopy or strip is not there (binutils): the library keeps its debug information");
    }
}

/// Networks and ONNX Runtime of this machine's set-up, with their licences. True where they were there.
fn bundle(data: &Path) -> anyhow::Result<bool> {
    let Some(own) = crate::data_folder() else { return Ok(false) };
    if !own.join("models").is_dir() {
        return Ok(false);
    }
    for folder in ["models", "lib", "licences"] {
        if own.join(folder).is_dir() {
            copy_all(&own.join(folder), &data.join(folder))?;
        }
    }
    // The networks as they were before they were converted; nothing reads them any more.
    let models = data.join("models");
    for entry in fs::read_dir(&models)?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "tflite") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(true)
}

fn install_text(system: &str, tree: Tree, bundled: bool) -> String {
    let to = match system {
        "windows" => r"%ProgramData%\obs-studio\plugins\",
        "macos" => "~/Library/Application Support/obs-studio/plugins/",
        _ => "~/.config/obs-studio/plugins/",
    };
    let networks = match bundled {
        true => "The face networks are included.",
        false => "The face networks are not included: `omote setup` downloads them.",
    };
    let tried = if system == "linux" { "" } else { "\nThis has not been tried on this system yet.\n" };
    format!(
        "Omote for OBS Studio\n\n1. Close OBS.\n2. Copy the folder `{}` to {to}\n3. Start OBS: Sources > + > \
         Omote Camera, or a source's Filters > + > Omote Face Filter.\n\n{networks}\n{tried}\nEvery picture \
         carries a badge that says it was modified by AI: see DISCLOSURE.md.\nLicences: {}/{}/licences.\n",
        tree.folder, tree.folder, tree.data
    )
}

/// The licences of everything that is linked in.
struct ThirdParties {
    text: String,
    count: usize,
}

fn third_parties() -> anyhow::Result<ThirdParties> {
    let output =
        cargo(&["metadata", "--format-version", "1", "--locked"]).output().context("cargo can't be run")?;
    ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let linked = linked(&metadata).context("cargo's metadata is not understood")?;
    let mut by_name = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let id = package["id"].as_str().unwrap_or_default();
        // Our own have no source.
        if linked.contains(id) && !package["source"].is_null() {
            let word = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
            by_name.insert((word("name"), word("version")), (word("license"), word("manifest_path")));
        }
    }
    let mut text = String::from(
        "What is built into this plugin, and under which licence.\n\nOmote's own part is GPL-2.0-or-later. Some of \
         the rest is Apache-2.0 only, which is compatible with version 3 of the GPL: as a whole, this file is under \
         GPL-3.0-or-later. The source is at https://github.com/omote-video/omote\n",
    );
    for ((name, version), (licence, manifest)) in &by_name {
        text.push_str(&format!("\n==== {name} {version}: {licence}\n"));
        for file in licence_files(Path::new(manifest)) {
            let words = fs::read(&file).unwrap_or_default();
            text.push_str(&format!("\n{}\n", String::from_utf8_lossy(&words).trim_end()));
        }
    }
    Ok(ThirdParties { text, count: by_name.len() })
}

/// Ids of the packages that the plugin is linked from: what is needed to build or test only is not.
fn linked(metadata: &Value) -> Option<HashSet<String>> {
    let nodes: HashMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()?
        .iter()
        .filter_map(|n| Some((n["id"].as_str()?, n)))
        .collect();
    let packages = metadata["packages"].as_array()?;
    let plugin = packages.iter().find(|p| p["name"] == "omote-obs")?["id"].as_str()?;
    let mut found = HashSet::new();
    let mut open = vec![plugin];
    while let Some(id) = open.pop() {
        if !found.insert(id.to_owned()) {
            continue;
        }
        for dependency in nodes.get(id)?["deps"].as_array().into_iter().flatten() {
            let normal = |kind: &Value| kind["kind"].is_null();
            if dependency["dep_kinds"].as_array().into_iter().flatten().any(normal) {
                open.push(dependency["pkg"].as_str()?);
            }
        }
    }
    Some(found)
}

fn licence_files(manifest: &Path) -> Vec<PathBuf> {
    let entries = manifest.parent().and_then(|folder| fs::read_dir(folder).ok());
    let mut files: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().to_uppercase();
            ["LICENSE", "LICENCE", "COPYING", "NOTICE"].iter().any(|word| name.starts_with(word))
                && entry.path().is_file()
        })
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

/// Packs a folder's files, in order of their names; how many there were.
fn zip(folder: &Path, archive: &Path) -> anyhow::Result<usize> {
    let fresh = archive.with_extension("part");
    let mut writer = zip::ZipWriter::new(fs::File::create(&fresh)?);
    let mut files = Vec::new();
    list(folder, &mut files)?;
    files.sort();
    for file in &files {
        let inside = file.strip_prefix(folder)?.to_string_lossy().replace('\\', "/");
        let executable = [".so", ".dll", ".dylib"].iter().any(|end| inside.contains(end));
        let options =
            zip::write::SimpleFileOptions::default().unix_permissions(if executable { 0o755 } else { 0o644 });
        writer.start_file(inside, options)?;
        writer.write_all(&fs::read(file)?)?;
    }
    writer.finish()?;
    fs::rename(&fresh, archive)?;
    Ok(files.len())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
