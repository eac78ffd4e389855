//! The window's parts use each other one way only: views, actions and session the state, and the state nothing.

use std::collections::BTreeSet;

use crate::source::{Source, has_word, workspace};

/// Where the window is.
const FOLDER: &str = "demo/src/window/";

/// A part of the window: what it may use of the others, and words that its code may not have.
struct Part {
    name: &'static str,
    uses: &'static [&'static str],
    never: &'static [&'static str],
}

/// What draws.
const TOOLKIT: &str = "eframe";
/// What waits, writes or opens.
const WORK: [&str; 6] = ["thread", "fs", "File", "Task", "rfd", "session"];

const PARTS: [Part; 12] = [
    // Leaves: they use no part of the window.
    Part { name: "text", uses: &[], never: &[TOOLKIT] },
    Part { name: "settings", uses: &[], never: &[TOOLKIT] },
    Part { name: "picture", uses: &[], never: &[] },
    Part { name: "surface", uses: &[], never: &[] },
    Part { name: "overrides", uses: &["settings"], never: &[TOOLKIT] },
    Part { name: "state", uses: &["settings", "text"], never: &[TOOLKIT, "thread", "fs", "Task"] },
    Part { name: "session", uses: &["state", "settings", "text", "picture"], never: &["Ui", "Painter"] },
    Part { name: "actions", uses: &["state", "session", "settings", "text"], never: &[TOOLKIT] },
    Part { name: "hooks", uses: &["state"], never: &WORK },
    Part {
        name: "views",
        // Of the actions only what can be asked for.
        uses: &["state", "actions::Action", "hooks", "settings", "text", "picture"],
        never: &WORK,
    },
    Part {
        name: "app",
        uses: &["state", "session", "actions", "views", "hooks", "settings", "picture", "WindowOptions"],
        never: &["thread", "fs"],
    },
    // What opens it, `mod.rs`.
    Part { name: "", uses: &["app", "settings", "overrides", "surface", "views"], never: &[] },
];

/// The part that a file belongs to, and how many modules deep it stands below the window.
fn part_of(path: &str) -> Option<(&str, usize)> {
    let inside = path.strip_prefix(FOLDER)?.strip_suffix(".rs")?;
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    if inside == "mod" {
        return Some(("", 0));
    }
    Some((inside.split('/').next().unwrap_or(inside), inside.split('/').count()))
}

/// The paths that follow `prefix` in code, of two names at most: alone, or each of a group in braces.
fn paths_after(code: &str, prefix: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        // Part of a longer word or of a longer path.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = code[at + prefix.len()..].trim_start();
        match rest.strip_prefix('{') {
            Some(group) => paths.extend(members(group).into_iter().map(two_names)),
            None => paths.push(two_names(rest)),
        }
    }
    paths
}

/// The members of a group in braces, which begins at once.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.push(group[start..i].trim());
                start = i + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found.retain(|member| !member.is_empty());
    found
}

/// The first two names of a path, as `actions::Action`. A group as second name is `{`.
fn two_names(path: &str) -> String {
    let name =
        |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let first = name(path);
    match path[first.len()..].strip_prefix("::") {
        Some(rest) if rest.starts_with('{') => format!("{first}::{{"),
        Some(rest) => format!("{first}::{}", name(rest)),
        None => first,
    }
}

/// Whether a path is what may be used: a whole part, or one name of it.
fn allowed(path: &str, uses: &[&str]) -> bool {
    let part = path.split("::").next().unwrap_or(path);
    uses.iter().any(|may| *may == path || *may == part)
}

/// One line for each use that goes the wrong way, each word that has no place there, and each file of no part.
fn offences(sources: &[Source]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for source in sources.iter().filter(|source| source.path.starts_with(FOLDER) && !source.is_test()) {
        let path = &source.path;
        let Some((name, depth)) = part_of(path) else { continue };
        let Some(part) = PARTS.iter().find(|part| part.name == name) else {
            found.insert(format!("{path}: {name} is no part of the window that the rules know"));
            continue;
        };
        let code = source.code();
        let mut used = paths_after(&code, "crate::window::");
        if depth > 0 {
            // A longer chain of `super` leaves the window, and a shorter one stays in the part.
            used.extend(paths_after(&code, &"super::".repeat(depth)));
        } else {
            let parts = PARTS.iter().map(|part| part.name).filter(|name| !name.is_empty());
            used.extend(parts.flat_map(|name| {
                paths_after(&code, &format!("{name}::")).into_iter().map(move |_| name.to_owned())
            }));
        }
        for used in used {
            let own = used.split("::").next() == Some(name);
            if !own && !used.starts_with("super") && !allowed(&used, part.uses) {
                found.insert(format!("{path}: {name} must not use {used}"));
            }
        }
        for word in part.never.iter().filter(|word| has_word(&code, word)) {
            found.insert(format!("{path}: `{word}` has no place in {name}"));
        }
    }
    found.into_iter().collect()
}

#[test]
fn the_windows_parts_use_each_other_one_way() {
    let sources = workspace(&["rs"]);
    for part in &PARTS {
        let there = |source: &&Source| part_of(&source.path).is_some_and(|(name, _)| name == part.name);
        assert!(sources.iter().find(there).is_some(), "there is no {}", part.name);
    }
    let found = offences(&sources);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_wrong_way_is_seen() {
    let cases = [
        ("state/mod.rs", "use super::session::Session;", 1),
        ("state/toasts.rs", "use crate::window::views::theme;", 1),
        ("state/toasts.rs", "use super::super::actions::Action;", 1),
        ("state/gallery.rs", "use eframe::egui::TextureHandle;", 1),
        ("state/gallery.rs", "fn f() { std::fs::read(a); std::thread::spawn(b); }", 2),
        (
            "session/mod.rs",
            "use super::{picture::PreviewSlot, actions::Action, state::{Device, FileField}};",
            1,
        ),
        ("session/task.rs", "fn draw(ui: &mut egui::Ui) {}", 1),
        ("views/panel.rs", "use crate::window::actions::apply;", 1),
        ("views/panel.rs", "use crate::window::actions::{self, Action};", 1),
        ("views/panel.rs", "fn f(s: &mut crate::window::session::Session) {}", 2),
        ("views/panel.rs", "fn f() { rfd::FileDialog::new(); }", 1),
        ("actions/mod.rs", "use super::views::Views;", 1),
        ("hooks.rs", "use super::app::App;", 1),
        ("text.rs", "use super::state::State;", 1),
        ("mod.rs", "use actions::apply;", 1),
        ("helper.rs", "", 1),
        ("views/panel.rs", "use super::{latency, theme}; use crate::window::actions::Action;", 0),
        ("views/mod.rs", "use super::actions::Action; use super::state::State; use preview::Preview;", 0),
        ("actions/models.rs", "use crate::window::{session::Session, state::{Gallery, State}};", 0),
        ("state/mod.rs", "use super::settings::Remembered; // super::session", 0),
        ("state/mod.rs", "#[cfg(test)] mod tests { use super::super::session::Session; }", 0),
    ];
    for (path, text, expected) in cases {
        let found = offences(&[Source::new(&format!("{FOLDER}{path}"), text)]);
        assert_eq!(found.len(), expected, "{path}: {text}: {found:?}");
    }
}
