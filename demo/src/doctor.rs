//! `omote doctor`: what was found, what is missing, and how to get it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Args;

use crate::setup::{self, MEDIAPIPE, ONNX_RUNTIME_VERSION, Store};

/// Options of `omote doctor`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct DoctorArgs {
    /// Data folder [default: OMOTE_DATA, else the system's place for a user's data]
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
    /// Its name, a few words.
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

/// Looks at everything, prints it, and gives success exactly if a swap can run. `more` are findings of
/// other parts of the program, such as the GPU adapters, given the data folder.
pub(crate) fn run(
    args: &DoctorArgs,
    converter: u32,
    more: impl FnOnce(&Path) -> Vec<Finding>,
) -> anyhow::Result<ExitCode> {
    let root = setup::data_folder(args.data.as_deref())?;
    let mut findings = examine(&root, converter);
    findings.extend(more(&root));
    print(&findings)?;
    let able = findings.iter().all(|finding| finding.state != State::Missing);
    Ok(if able { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn examine(root: &Path, converter: u32) -> Vec<Finding> {
    let store = Store::at(root.to_owned());
    let mut findings = vec![data_folder(root)];
    findings.extend(networks(&store, converter));
    findings.push(library(&store));
    findings.push(tool("ffmpeg", "video files other than .mjpeg and .y4m can't be read, nor .mp4 written"));
    findings.push(tool("ffprobe", "the rotation and sound of video files can't be told"));
    findings.push(personas(&store));
    findings
}

fn data_folder(root: &Path) -> Finding {
    match root.is_dir() {
        true => Finding::found("data folder", root.display().to_string()),
        false => Finding::lacking(
            "data folder",
            State::Missing,
            format!("{} is not there", root.display()),
            "omote setup",
        ),
    }
}

fn networks(store: &Store, converter: u32) -> Vec<Finding> {
    let stamp = store.stamp();
    let networks =
        MEDIAPIPE.members.iter().filter_map(|member| Some((member, member.to.strip_suffix(".tflite")?)));
    networks
        .map(|(member, stem)| {
            let name = stem.rsplit('/').next().unwrap_or(stem);
            let onnx = format!("{stem}.onnx");
            let lacking = |detail: &str| {
                Finding::lacking("network", State::Missing, format!("{name}: {detail}"), "omote setup")
            };
            if store.is_converted(&stamp, converter, &onnx, member.sha256) {
                Finding::found("network", name)
            } else if store.path(&onnx).exists() {
                lacking("the converted file is damaged, or by another version of omote")
            } else if store.path(member.to).exists() {
                lacking("not converted yet")
            } else {
                lacking("not obtained yet")
            }
        })
        .collect()
}

/// The pinned ONNX Runtime. Without it the built-in runtime serves.
fn library(store: &Store) -> Finding {
    const WHAT: &str = "ONNX Runtime";
    let slower = |detail: String, remedy: &str| {
        Finding::lacking(
            WHAT,
            State::Optional,
            format!("{detail}; the built-in runtime serves, more slowly"),
            remedy,
        )
    };
    let Some(wheel) = setup::onnx_runtime(std::env::consts::OS, std::env::consts::ARCH) else {
        return slower("none is pinned for this system".to_owned(), "");
    };
    let Some(member) = wheel.members.iter().find(|member| member.to.starts_with("lib/")) else {
        return slower("none is pinned for this system".to_owned(), "");
    };
    let path = store.path(member.to);
    match store.hash(member.to) {
        Some(hash) if hash == member.sha256 => {
            Finding::found(WHAT, format!("{ONNX_RUNTIME_VERSION}, {}", path.display()))
        }
        Some(_) => slower(format!("{} is not the pinned file", path.display()), "omote setup"),
        None => slower("not obtained yet".to_owned(), "omote setup"),
    }
}

/// A program of ffmpeg's, by asking it for its version.
fn tool(name: &str, without: &str) -> Finding {
    let asked = Command::new(name).arg("-version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let remedy = match std::env::consts::OS {
        "macos" => "brew install ffmpeg",
        "windows" => "winget install ffmpeg",
        _ => "apt-get install ffmpeg, or your system's package of that name",
    };
    match asked {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let version = text.split_whitespace().nth(2).unwrap_or("of unknown version");
            Finding::found(name, version)
        }
        Ok(output) => {
            Finding::lacking(name, State::Optional, format!("{}: {without}", output.status), remedy)
        }
        Err(_) => Finding::lacking(name, State::Optional, format!("not found: {without}"), remedy),
    }
}

fn personas(store: &Store) -> Finding {
    let folder = store.path("personas");
    match std::fs::read_dir(&folder) {
        Ok(entries) => {
            let own = entries
                .flatten()
                .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
                .count();
            Finding::found("own personas", format!("{own} in {}", folder.display()))
        }
        Err(_) => Finding::found("own personas", "none yet (omote persona new PHOTO makes one)"),
    }
}

fn print(findings: &[Finding]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
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
        0 => writeln!(out, "a swap can run"),
        n => writeln!(out, "no swap can run yet: {n} missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_folder_lacks_the_networks_and_says_how_to_get_them() {
        let dir = tempfile::tempdir().unwrap();
        let findings = examine(dir.path(), 1);
        let networks: Vec<_> = findings.iter().filter(|finding| finding.what == "network").collect();
        assert_eq!(networks.len(), 4);
        for finding in networks {
            assert_eq!(
                (finding.state, finding.remedy.as_str()),
                (State::Missing, "omote setup"),
                "{finding:?}"
            );
        }
        let library = findings.iter().find(|finding| finding.what == "ONNX Runtime").unwrap();
        assert_eq!(library.state, State::Optional);
    }

    #[test]
    fn a_damaged_conversion_is_told_from_a_missing_one() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_for_writing(dir.path().to_owned()).unwrap();
        store.write("models/face_landmark.onnx", b"damaged").unwrap();
        store.write("models/face_landmark_with_attention.tflite", b"there").unwrap();
        let text = |name: &str| {
            let findings = networks(&store, 1);
            findings.into_iter().find(|f| f.detail.starts_with(&format!("{name}:"))).unwrap().detail
        };
        assert!(text("face_landmark").contains("damaged"));
        assert!(text("face_landmark_with_attention").contains("not converted"));
        assert!(text("face_detection_short_range").contains("not obtained"));
    }

    #[test]
    fn a_program_that_is_not_there_is_optional() {
        let finding = tool("omote-no-such-program", "nothing works");
        assert_eq!(finding.state, State::Optional);
        assert!(finding.detail.contains("nothing works") && !finding.remedy.is_empty());
    }
}
