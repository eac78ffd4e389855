//! The order of the engine's modules: a module uses leaves and modules above it, never one below.

use std::collections::BTreeSet;

use crate::source::{Source, workspace};

/// All modules of the engine. The leaves come first.
const ORDER: [&str; 21] = [
    "error",
    "output",
    "space",
    "slot",
    "pool",
    "frame",
    "topology",
    "canonical_uv",
    "timing",
    "gpu",
    "infer",
    "v4l2",
    "source",
    "track",
    "persona",
    "swap",
    "badge",
    "composite",
    "actor",
    "sink",
    "pipeline",
];

fn place(module: &str) -> Option<usize> {
    ORDER.iter().position(|known| *known == module)
}

/// The top module of a file in `engine/src` and how many modules deep the file stands.
fn module_of(path: &str) -> Option<(&str, usize)> {
    let inside = path.strip_prefix("engine/core/src/")?.strip_suffix(".rs")?;
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    (inside != "lib").then(|| (inside.split('/').next().unwrap_or(inside), inside.split('/').count()))
}

/// The identifiers that follow `prefix`, alone or as a group in braces.
fn names_after<'c>(code: &'c str, prefix: &str) -> Vec<&'c str> {
    let ident = |text: &'c str| {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        &text[..end]
    };
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let rest = code[at + prefix.len()..].trim_start();
        let Some(group) = rest.strip_prefix('{') else {
            names.push(ident(rest));
            continue;
        };
        let (mut depth, mut start) = (0, true);
        for (i, c) in group.char_indices() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                _ if start && !c.is_whitespace() => {
                    names.push(ident(&group[i..]));
                    start = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// One line for each use that goes the wrong way, and for each module that is not in the list.
fn offences(sources: &[Source]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        let Some((module, depth)) = module_of(&source.path) else { continue };
        let Some(here) = place(module) else {
            found.insert(format!("{}: module {module} has no place in the order", source.path));
            continue;
        };
        let code = source.code();
        let mut used = names_after(&code, "crate::");
        let upward = "super::".repeat(depth);
        // A longer chain of `super` cannot exist, and a shorter one stays in the module.
        used.extend(names_after(&code, &upward).into_iter().filter(|name| *name != "super"));
        for name in used {
            if place(name).is_some_and(|there| there > here) {
                found.insert(format!("{}: {module} uses {name}, which stands below it", source.path));
            }
        }
    }
    found.into_iter().collect()
}

#[test]
fn the_engine_keeps_its_order() {
    let found = offences(&workspace(&["rs"]));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_way_to_break_the_order_is_seen() {
    let cases = [
        ("engine/core/src/track/mod.rs", "use crate::badge::Canvas;", 1),
        ("engine/core/src/track/filter.rs", "use crate::{frame::Frame, swap::{Mesh, Uv}, space};", 1),
        ("engine/core/src/track.rs", "fn f() { crate::sink::go(); }", 1),
        ("engine/core/src/frame/mod.rs", "use super::gpu::Device;", 1),
        ("engine/core/src/frame/planes.rs", "use super::super::pipeline::Run;", 1),
        ("engine/core/src/helper/mod.rs", "", 1),
        ("engine/core/src/swap/mod.rs", "use crate::track::Tracked; use crate::frame::{Frame, FrameId};", 0),
        ("engine/core/src/frame/planes.rs", "use super::colour::Matrix; // crate::pipeline", 0),
        ("engine/core/src/track/mod.rs", "#[cfg(test)] mod tests { use crate::actor::Actor; }", 0),
        ("engine/core/src/lib.rs", "pub use crate::pipeline::Run;", 0),
    ];
    for (path, text, expected) in cases {
        let found = offences(&[Source::new(path, text)]);
        assert_eq!(found.len(), expected, "{path}: {text}: {found:?}");
    }
}
