//! Rules about the sources that no compiler checks. Each rule is also shown made-up bad input, so that
//! a rule that has gone blind fails too.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod seams;
mod source;
mod window;

use source::{Source, root, workspace};

const RUST_LINES: usize = 800;
const WGSL_LINES: usize = 150;

/// One line for each file that is too long and whose first line does not say why it is whole.
fn long_files(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let limit = if source.is_rust() { RUST_LINES } else { WGSL_LINES };
        let lines = source.text.lines().count();
        let first = source.text.lines().next().unwrap_or_default();
        let excused = first.starts_with("//") && first.contains("whole");
        if lines > limit && !excused {
            found.push(format!("{}: {lines} lines, {limit} are allowed", source.path));
        }
    }
    found
}

#[test]
fn files_are_short_or_say_why_not() {
    let found = long_files(&workspace(&["rs", "wgsl"]));
    assert!(found.is_empty(), "{}", found.join("\n"));
    let long = "\n".repeat(801);
    assert_eq!(long_files(&[Source::new("a.rs", &long), Source::new("b.wgsl", &"\n".repeat(151))]).len(), 2);
    assert!(
        long_files(&[Source::new("a.rs", &format!("//! One table, whole on purpose.{long}"))]).is_empty()
    );
    assert!(long_files(&[Source::new("a.rs", &"\n".repeat(800))]).is_empty());
}

/// What a manifest's licence is, and what it ought to be.
fn licence_offence(manifest: &Source) -> Option<String> {
    let parsed: toml::Table = manifest.text.parse().unwrap();
    let expected =
        if manifest.path.starts_with("plugin/") { "GPL-2.0-or-later" } else { "MIT OR Apache-2.0" };
    let holder = if manifest.path == "Cargo.toml" {
        &parsed["workspace"]
    } else {
        &toml::Value::Table(parsed.clone())
    };
    let licence = &holder.get("package")?.get("license");
    let right = match licence {
        Some(toml::Value::String(text)) => text == expected,
        // Inherited from the workspace, whose own entry is checked as any other.
        Some(toml::Value::Table(table)) => {
            table.get("workspace") == Some(&toml::Value::Boolean(true)) && expected == "MIT OR Apache-2.0"
        }
        _ => false,
    };
    (!right).then(|| format!("{}: the licence must be {expected}, is {licence:?}", manifest.path))
}

#[test]
fn every_manifest_names_its_licence() {
    let manifests: Vec<_> =
        workspace(&["toml"]).into_iter().filter(|source| source.path.ends_with("Cargo.toml")).collect();
    assert!(manifests.len() >= 6, "the workspace has a root and at least five packages");
    let found: Vec<_> = manifests.iter().filter_map(licence_offence).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(root().join(file).is_file(), "{file} is missing");
    }
    let wrong = [
        ("engine/core/Cargo.toml", "[package]\nlicense = \"GPL-3.0\""),
        ("engine/core/Cargo.toml", "[package]\nname = \"x\""),
        ("plugin/Cargo.toml", "[package]\nlicense.workspace = true"),
    ];
    for (path, text) in wrong {
        assert!(licence_offence(&Source::new(path, text)).is_some(), "{path}: {text}");
    }
}

/// Which packages of ours each package may depend on.
const DEPENDENCIES: [(&str, &[&str]); 13] = [
    ("shaders", &[]),
    ("engine/frame", &[]),
    ("engine/files", &["omote-frame"]),
    ("engine/onnx", &[]),
    ("engine/persona", &["omote-files", "omote-frame"]),
    // Not the core: a change of a mask must not rebuild it.
    ("engine/masks", &["omote-frame", "omote-persona"]),
    ("engine/puppet", &["omote-files", "omote-frame", "omote-persona", "omote-shaders"]),
    (
        "engine/core",
        &["omote-files", "omote-frame", "omote-onnx", "omote-persona", "omote-puppet", "omote-shaders"],
    ),
    ("engine/kit", &["omote-engine", "omote-masks"]),
    ("demo", &["omote-benches", "omote-engine", "omote-kit", "omote-masks"]),
    ("plugin", &["omote-engine", "omote-kit"]),
    ("benches", &["omote-engine", "omote-kit", "omote-masks", "omote-shaders"]),
    ("xtask", &[]),
];

/// One line for each dependency that points the wrong way, and for each crate that is not allowed there.
fn dependency_offences(manifest: &Source) -> Vec<String> {
    let Some((folder, allowed)) =
        DEPENDENCIES.iter().find(|(folder, _)| manifest.path == format!("{folder}/Cargo.toml"))
    else {
        return Vec::new();
    };
    let parsed: toml::Table = manifest.text.parse().unwrap();
    let empty = toml::Table::new();
    let names = parsed.get("dependencies").and_then(toml::Value::as_table).unwrap_or(&empty).keys();
    names
        .filter(|name| {
            let ours = name.starts_with("omote") && !allowed.contains(&name.as_str());
            let runtime = (*name == "ort" || *name == "rten") && *folder != "engine/core";
            let gpu = *name == "wgpu" && *folder == "shaders";
            ours || runtime || gpu
        })
        .map(|name| format!("{}: {folder} must not depend on {name}", manifest.path))
        .collect()
}

#[test]
fn packages_depend_downward_only() {
    let found: Vec<_> = workspace(&["toml"]).iter().flat_map(dependency_offences).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    for (path, text) in [
        ("engine/core/Cargo.toml", "[dependencies]\nomote = \"1\""),
        ("shaders/Cargo.toml", "[dependencies]\nwgpu = \"30\""),
        ("demo/Cargo.toml", "[dependencies]\nort = \"2\""),
        ("engine/core/Cargo.toml", "[dependencies]\nomote-kit = \"1\""),
        ("engine/kit/Cargo.toml", "[dependencies]\nomote-shaders = \"1\""),
        ("engine/core/Cargo.toml", "[dependencies]\nomote-masks = \"1\""),
        ("benches/Cargo.toml", "[dependencies]\nomote = \"1\""),
    ] {
        assert_eq!(dependency_offences(&Source::new(path, text)).len(), 1, "{path}: {text}");
    }
}
