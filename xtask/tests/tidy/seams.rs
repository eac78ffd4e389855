//! Who may name what: ONNX Runtime, the GPU device, OBS. And: no way round the badge.

use crate::source::{Source, has_word, workspace};

/// A word that only some folders may use in code.
struct Seam {
    word: &'static str,
    allowed: &'static [&'static str],
}

const SEAMS: [Seam; 9] = [
    Seam { word: "ort::", allowed: &["engine/core/src/infer/"] },
    Seam { word: "use ort", allowed: &["engine/core/src/infer/"] },
    Seam { word: "request_device", allowed: &["engine/core/src/gpu/"] },
    Seam { word: "request_adapter", allowed: &["engine/core/src/gpu/"] },
    Seam { word: "enumerate_adapters", allowed: &["engine/core/src/gpu/"] },
    Seam { word: "wgpu::Instance", allowed: &["engine/core/src/gpu/"] },
    Seam { word: "Device::noop", allowed: &["engine/core/src/gpu/"] },
    Seam { word: "obs_module_load", allowed: &["plugin/"] },
    // Children stand in process groups of their own, which is seen to there; what is started while building, benching
    // and testing ends with the terminal.
    Seam {
        word: "Command::new",
        allowed: &[
            "engine/files/src/source/child.rs",
            "engine/core/tests/",
            "engine/core/src/v4l2/abi_tests.rs",
            "engine/files/tests/",
            "engine/files/src/output/tests/",
            "engine/kit/tests/",
            "demo/build.rs",
            "demo/tests/",
            "plugin/tests/",
            "benches/",
        ],
    },
];

fn seam_offences(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust() && !source.path.starts_with("xtask/")) {
        let code = source.code();
        for seam in &SEAMS {
            let word = seam.word;
            // A word that ends in `::` is always followed by a name.
            let named = match word.strip_suffix("::") {
                Some(stem) => code.match_indices(word).any(|(at, _)| {
                    has_word(&code[at..at + word.len()], stem) && {
                        let before = code[..at].chars().next_back();
                        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                    }
                }),
                None => has_word(&code, word),
            };
            if named && !seam.allowed.iter().any(|folder| source.path.starts_with(folder)) {
                found.push(format!("{}: only {} may name `{word}`", source.path, seam.allowed.join(", ")));
            }
        }
    }
    found
}

/// Ways to write a file that only `engine::output` may take: everything else goes through it.
const WRITING: [&str; 9] = [
    "fs::write",
    "fs::rename",
    "fs::copy",
    "fs::hard_link",
    "File::create",
    "File::create_new",
    "File::options",
    "OpenOptions",
    "NamedTempFile",
];

/// What opens a device, not a file.
const DEVICES: &str = "engine/core/src/v4l2/device.rs";

/// One line for each file of the library, the program, the laboratory and the plugin that writes in its own way.
fn writing_offences(sources: &[Source]) -> Vec<String> {
    // What is built for users: neither examples nor fuzz targets.
    let ours = |path: &str| {
        let engine =
            path.starts_with("engine/") && path.contains("/src/") && !path.starts_with("engine/fuzz/");
        // The programs there write pages of the documentation and the pictures in them.
        let laboratory = path.starts_with("benches/src/") && !path.starts_with("benches/src/bin/");
        engine || laboratory || path.starts_with("demo/src/") || path.starts_with("plugin/src/")
    };
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust() && !source.is_test()) {
        let path = source.path.as_str();
        if !ours(path) || path.starts_with("engine/files/src/output/") || path == DEVICES {
            continue;
        }
        let code = source.code();
        for word in WRITING.iter().filter(|word| has_word(&code, word)) {
            found.push(format!("{path}: `{word}`: files are written through engine::output alone"));
        }
    }
    found
}

#[test]
fn files_are_written_in_one_way() {
    let found = writing_offences(&workspace(&["rs"]));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_other_way_to_write_is_seen() {
    let cases = [
        ("demo/src/run_cmd/stats.rs", "std::fs::write(path, text)?;", true),
        ("benches/src/report.rs", "std::fs::write(path, text)?;", true),
        ("benches/src/bin/gallery/report.rs", "std::fs::write(path, text)?;", false),
        ("engine/core/src/sink/png.rs", "let f = File::create(path)?;", true),
        ("plugin/src/photo.rs", "tempfile::NamedTempFile::new_in(folder)?;", true),
        ("demo/src/window/settings.rs", "fs::rename(&making, path)?;", true),
        ("engine/files/src/output/settle.rs", "fs::rename(work, to)", false),
        ("demo/src/window/settings.rs", "#[cfg(test)] mod tests { fn f() { fs::write(a, b); } }", false),
        ("engine/kit/src/setup/tests.rs", "fs::write(a, b)", false),
        ("engine/kit/src/setup/store.rs", "fs::write(a, b)", true),
        (
            "engine/core/src/sink/png.rs",
            "fs::read(path); File::open(path); output::write(path, b\"\", o)",
            false,
        ),
    ];
    for (path, text, bad) in cases {
        let found = writing_offences(&[Source::new(path, text)]);
        assert_eq!(!found.is_empty(), bad, "{path}: {text}: {found:?}");
    }
}

/// Names that a switch against the badge would have, written without `_` and `-` and in lower case.
const BYPASS: [&str; 16] = [
    "nobadge",
    "withoutbadge",
    "hidebadge",
    "disablebadge",
    "skipbadge",
    "removebadge",
    "badgeoff",
    "badgeless",
    "badgeenabled",
    "badgedisabled",
    "badgevisible",
    "badgehidden",
    "badgealpha",
    "badgeopacity",
    "showbadge",
    "unbadged",
];

/// One line for each name in code, string or manifest that looks like a way round the badge. Test code and
/// comments may speak of such things; a program can't be switched by them.
fn bypass_offences(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in
        sources.iter().filter(|source| !source.is_test() && !source.path.starts_with("xtask/tests/"))
    {
        let text = if source.is_rust() { source.code_and_strings() } else { source.text.clone() };
        let tokens = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        for token in tokens {
            let plain: String =
                token.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
            if BYPASS.iter().any(|word| plain.contains(word)) {
                found.push(format!("{}: `{token}` looks like a way round the badge", source.path));
            }
        }
    }
    found
}

#[test]
fn only_the_right_modules_name_the_outside_world() {
    let found = seam_offences(&workspace(&["rs"]));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_seam_is_seen_when_broken() {
    let cases = [
        ("engine/core/src/track/mod.rs", "use ort::session::Session;", true),
        ("demo/src/main.rs", "fn f() { let s = ort::init(); }", true),
        ("engine/core/src/composite/mod.rs", "let (d, q) = adapter.request_device(&desc);", true),
        ("demo/src/doctor.rs", "let i = wgpu::Instance::new(d);", true),
        ("demo/src/setup/pip.rs", "let c = std::process::Command::new(program);", true),
        ("engine/files/src/source/child.rs", "let c = Command::new(program);", false),
        ("engine/core/src/infer/ort.rs", "use ort::session::Session;", false),
        ("engine/core/src/gpu/device.rs", "adapter.request_device(&desc)", false),
        (
            "engine/core/src/track/mod.rs",
            "// ort::Session\nlet s = \"ort::Session\"; import::x(); support::y();",
            false,
        ),
    ];
    for (path, text, bad) in cases {
        let found = seam_offences(&[Source::new(path, text)]);
        assert_eq!(!found.is_empty(), bad, "{path}: {text}: {found:?}");
    }
}

#[test]
fn nothing_in_the_sources_looks_like_a_way_round_the_badge() {
    let found = bypass_offences(&workspace(&["rs", "wgsl", "toml"]));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_form_of_a_bypass_is_seen() {
    let cases = [
        ("engine/core/src/badge/mod.rs", "pub fn set_badge_enabled(on: bool) {}", true),
        ("demo/src/main.rs", "#[arg(long = \"no-badge\")] quiet: bool,", true),
        ("demo/src/main.rs", "std::env::var(\"OMOTE_HIDE_BADGE\")", true),
        ("engine/core/Cargo.toml", "[features]\nwithout-badge = []", true),
        ("engine/core/src/sink/mod.rs", "fn present(frame: UnbadgedFrame)", true),
        ("engine/core/src/badge/mod.rs", "// There is no_badge option.\nfn finish(badge: Badge) {}", false),
        ("engine/core/tests/badge.rs", "fn a_frame_without_badge_does_not_compile() {}", false),
    ];
    for (path, text, bad) in cases {
        let found = bypass_offences(&[Source::new(path, text)]);
        assert_eq!(!found.is_empty(), bad, "{path}: {text}: {found:?}");
    }
}
