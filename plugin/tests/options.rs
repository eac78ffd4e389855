//! What OBS has of the table of options: the language file, and the settings of users' scene collections. Needs no libobs;
//! what a real dialog shows is `tests/obs`'s.

use omote_kit::options::{Form, On, in_obs, locale};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Has the language file written where it differs from the table.
const UPDATE: &str = "OMOTE_UPDATE";

fn language_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/locale/en-US.ini")
}

/// The keys and texts of a language file.
fn texts(file: &str) -> BTreeMap<&str, &str> {
    file.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, text)| (key, text.trim_matches('"')))
        .collect()
}

/// The file with the table's texts; a line that it lacks stands behind the one before it in the table.
fn updated(file: &str) -> String {
    let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
    let mut after = 0;
    for (key, text) in locale() {
        let line = format!("{key}=\"{text}\"");
        match lines.iter().position(|known| known.split('=').next() == Some(&key)) {
            Some(at) => (lines[at], after) = (line, at + 1),
            None => {
                lines.insert(after, line);
                after += 1;
            }
        }
    }
    lines.join("\n") + "\n"
}

/// One line for each text of the table that a language file lacks, or has otherwise.
fn differences(file: &str) -> Vec<String> {
    let there = texts(file);
    let wanted = locale();
    let differ = |(key, text): &(String, &str)| match there.get(key.as_str()) {
        None => Some(format!("{key} is missing: \"{text}\"")),
        Some(is) => (is != text).then(|| format!("{key} is \"{is}\", in the table \"{text}\"")),
    };
    wanted.iter().filter_map(differ).collect()
}

#[test]
fn the_language_file_has_every_text_of_the_table() {
    let file = fs::read_to_string(language_file()).unwrap();
    let found = differences(&file);
    if !found.is_empty() && std::env::var_os(UPDATE).is_some() {
        fs::write(language_file(), updated(&file)).unwrap();
        return;
    }
    assert!(found.is_empty(), "{}\n{UPDATE}=1 has them written", found.join("\n"));
    // What the test sees, and what it mends.
    let lacking = file.replace("Slider.edge=", "Slider.egde=").replace("Top left (cut", "Top left (kept");
    assert_eq!(differences(&lacking).len(), 2);
    assert_eq!(differences(&updated(&lacking)), [""; 0]);
    assert_eq!(updated(&file), file);
}

/// Keys such as `c"Photo.Made"` that stand in the code.
fn keys_in(code: &str) -> impl Iterator<Item = &str> {
    let quoted = code.split("c\"").skip(1).filter_map(|rest| rest.split('"').next());
    quoted.filter(|text| {
        text.contains('.')
            && text.split('.').all(|word| {
                word.starts_with(|c: char| c.is_ascii_uppercase())
                    && word.chars().all(|c| c.is_ascii_alphanumeric())
            })
    })
}

#[test]
fn every_key_in_the_code_has_a_text() {
    let file = fs::read_to_string(language_file()).unwrap();
    let (there, mut seen) = (texts(&file), 0);
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        let code = fs::read_to_string(&path).unwrap();
        for key in keys_in(&code) {
            seen += 1;
            assert!(there.contains_key(key), "{key} has no text: {}", path.display());
        }
    }
    assert!(seen > 20, "{seen}");
}

/// Keys, defaults and ranges as they stand in users' scene collections: a later version must understand them.
#[test]
fn scene_collections_stay_valid() {
    let number = |least: f64, most: f64, default: f64| format!("{least}..{most}, {default}");
    let rows = |kind| -> Vec<(String, String)> {
        let row = |form: Form| match form {
            Form::Number(n) => number(n.least, n.most, n.default),
            Form::Count(n) => number(n.least.into(), n.most.into(), n.default.into()),
            Form::Flag(on) => on.to_string(),
            Form::Name(default) => format!("\"{default}\""),
            Form::Choice { items, default } => {
                let names: Vec<_> = items.iter().map(|item| item.0).collect();
                format!("{}, {default}", names.join("|"))
            }
            Form::Limit { items, .. } => {
                let names: Vec<_> = items.iter().map(|item| item.0).collect();
                format!("{}, 0", names.join("|"))
            }
        };
        in_obs(kind).map(|(of, obs)| (obs.key.to_string_lossy().into_owned(), row(of.form()))).collect()
    };
    let both = [
        ("persona", "\"ko-omote\""),
        ("model", "\"\""),
        ("model_rate", "0|5|10|15|30, 0"),
        ("privacy", "protect|relaxed, protect"),
        ("opacity", "0..1, 1"),
        ("eyes", "0..1, 0"),
        ("mouth", "0..1, 0"),
        ("edge", "0.25..2, 1"),
        ("light", "0..1, 1"),
        ("shape", "0..1, 0"),
        ("sharpness", "0..2, 1"),
        ("glasses", "mine|none, mine"),
        ("badge_corner", "middle|top-left|top-right|bottom-left|bottom-right, middle"),
        ("backend", "auto|gpu|cpu, auto"),
    ];
    let camera = [
        ("camera", "\"\""),
        ("mode", "\"\""),
        ("mirror", "false"),
        ("rotate", "0|90|180|270, 0"),
        ("release_when_hidden", "false"),
        ("nothing_until_ready", "false"),
    ];
    let filter = [("wait", "false"), ("wait_ms", "1..30, 12"), ("nothing_until_ready", "true")];
    for (kind, own) in [(On::Camera, &camera[..]), (On::Filter, &filter[..])] {
        let rows = rows(kind);
        for (key, wanted) in both.iter().chain(own) {
            let is = rows.iter().find(|row| row.0 == *key).map(|row| row.1.as_str());
            assert_eq!(is, Some(*wanted), "{kind:?}: {key}");
        }
    }
}
