//! What `omote doctor` finds of ffmpeg: its two programs, and which encoder makes the videos.

use std::process::Stdio;

use omote_engine::sink::{VideoEncoder, video_encoder};
use omote_engine::source::child;

use super::{Finding, State};

/// How to get ffmpeg.
fn remedy() -> &'static str {
    match std::env::consts::OS {
        "macos" => "brew install ffmpeg",
        "windows" => "winget install ffmpeg",
        _ => "sudo apt install ffmpeg, or your system's package of that name",
    }
}

/// All of it.
pub(super) fn findings() -> Vec<Finding> {
    let ffmpeg = tool("ffmpeg", "only .mjpeg and .y4m videos can be read, and no .mp4 can be written");
    let there = ffmpeg.state == State::Found;
    let mut all = vec![ffmpeg, tool("ffprobe", "only .mjpeg and .y4m videos can be read")];
    if there {
        all.insert(1, encoder(&video_encoder()));
    }
    all
}

/// A program of ffmpeg's, by asking it for its version.
fn tool(name: &str, without: &str) -> Finding {
    let asked = child::command(name).arg("-version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    match asked {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let version = text.split_whitespace().nth(2).unwrap_or("unknown version");
            Finding::found(name, version)
        }
        Ok(output) => {
            Finding::lacking(name, State::Optional, format!("{}: {without}", output.status), remedy())
        }
        Err(_) => Finding::lacking(name, State::Optional, format!("not found: {without}"), remedy()),
    }
}

/// What .mp4 files are encoded with.
fn encoder(chosen: &Result<&VideoEncoder, String>) -> Finding {
    const WHAT: &str = "video encoder";
    let full = format!("install a full build of ffmpeg, with libx264 ({})", remedy());
    match chosen {
        Ok(encoder) if encoder.is_usual() => {
            Finding::found(WHAT, format!("{} ({})", encoder.name, encoder.makes))
        }
        Ok(encoder) => {
            let detail =
                format!("this ffmpeg has no libx264: {} ({}) is used instead", encoder.name, encoder.makes);
            Finding::lacking(WHAT, State::Optional, detail, full)
        }
        Err(said) => {
            let detail =
                format!("this ffmpeg has no encoder that suits .mp4, so no .mp4 can be written ({said})");
            Finding::lacking(WHAT, State::Optional, detail, full)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_optional() {
        let finding = tool("omote-no-such-program", "nothing works");
        assert_eq!(finding.state, State::Optional);
        assert!(finding.detail.contains("nothing works") && !finding.remedy.is_empty());
    }

    #[test]
    fn an_ffmpeg_that_encodes_nothing_is_told_with_what_to_do() {
        let finding = encoder(&Err("Unknown encoder 'libx264'".into()));
        assert!(
            finding.detail.contains("Unknown encoder") && finding.remedy.contains("full build"),
            "{finding:?}"
        );
        assert_eq!(finding.state, State::Optional);
    }
}
