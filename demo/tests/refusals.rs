//! What `omote` says, and how it exits, when it is asked for what it can't do. Nothing may be left behind.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::process::Command;

fn picture(path: &Path, width: u32, height: u32) {
    image::GrayImage::from_pixel(width, height, image::Luma([90])).save(path).unwrap();
}

/// Exit code and message of `omote ARGS` in `folder`.
fn omote(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_omote"))
        .args(args)
        .current_dir(folder)
        .env("OMOTE_DATA", folder.join("data"))
        .output()
        .unwrap();
    (out.status.code(), String::from_utf8(out.stderr).unwrap())
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn each_refusal_has_its_code_and_names_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    picture(&folder.join("a.png"), 320, 240);
    picture(&folder.join("small.png"), 40, 30);
    fs::write(folder.join("empty.y4m"), "").unwrap();
    fs::write(folder.join("text.png"), "not a picture").unwrap();
    let before = files(folder);
    for (args, code, words) in [
        (&["run", "none.mp4", "--out", "o.y4m"][..], 3, "none.mp4"),
        (&["run", "a.png", "--out", "a.png"], 2, "a.png is the input"),
        (&["run", "a.png", "--out", "o.png", "--stats", "./a.png"], 2, "is the input"),
        (&["track", "a.png", "--out", "a.png"], 2, "a.png is the input"),
        (&["run", "small.png", "--out", "o.png"], 4, "40"),
        (&["run", "empty.y4m", "--out", "o.y4m"], 4, "empty.y4m"),
        (&["run", "text.png", "--out", "o.png"], 4, "text.png"),
        (&["run", "a.png", "--persona", "nobody", "--out", "o.png"], 3, "nobody"),
        (&["run", "a.png", "--out", "o.png", "--opacity", "2"], 2, "between 0 and 1"),
        (&["cameras", "no such camera"], 3, "no camera"),
        (&["cameras", "/dev/no-such-camera", "--watch", "1"], 3, "plug it in again"),
        (&["cameras", "--size", "big"], 2, "1280x720"),
        (&["live", "--no-window", "--camera", "actor", "--virtual-camera", "webcam"], 2, "v4l2:/dev/video10"),
        (&["live", "--no-window", "--camera", "actor", "--persona", "nobody"], 3, "nobody"),
        (&["live", "--fps", "20"], 2, "--no-window"),
        // No networks in this data folder.
        (&["live", "--no-window", "--camera", "actor"], 3, "omote setup"),
        (&["run", "a.png", "--out", "o.png"], 3, "omote setup"),
    ] {
        let (status, message) = omote(folder, args);
        assert_eq!(status, Some(code), "{args:?}: {message}");
        assert!(message.contains(words), "{args:?}: {message}");
        assert!(!message.contains("panicked"), "{message}");
        assert_eq!(files(folder), before, "{args:?} left something behind");
    }
}
