//! Every error in one voice: what, where and a remedy, each said once, and no library's words left to stand alone.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Words that only a program's makers understand.
const RAW: [&str; 15] = [
    "(os error",
    "(0x",
    "@ 0x",
    "panicked",
    "Invalid data found",
    "moov atom",
    "Broken pipe",
    "/onnxruntime_src",
    "onnxruntime::",
    "RUST_BACKTRACE",
    "Error {",
    "Err(",
    "Some(",
    "no valid format for the surface",
    "InvalidCertificate",
];

/// Beginnings of what can be done.
const REMEDIES: [&str; 45] = [
    "needs --",
    "give ",
    "choose ",
    "install ",
    "run ",
    "name ",
    "check ",
    "use ",
    "take ",
    "get ",
    "make ",
    "omote ",
    "load ",
    "start ",
    "add ",
    "export ",
    "close ",
    "end ",
    "move ",
    "scale ",
    "connect",
    "plug ",
    "convert ",
    "unpack",
    "decrypt",
    "write ",
    "cut ",
    "save ",
    "must be",
    "tells ",
    "tell ",
    "shows ",
    "are there",
    "there are",
    "between ",
    "such as ",
    "try '--help'",
    "pick ",
    "delete ",
    "unset ",
    "can be ",
    "needs none",
    "set ",
    "open it",
    "--force",
];

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ffmpeg(&self, args: &str, out: &str) {
        let done = Command::new("ffmpeg")
            .args(["-v", "error", "-y"])
            .args(args.split(' '))
            .arg(self.path(out))
            .stdin(Stdio::null())
            .status()
            .unwrap();
        assert!(done.success(), "{out}");
    }

    fn cut(&self, name: &str, from: &str, share: f64) {
        let bytes = fs::read(self.path(from)).unwrap();
        fs::write(self.path(name), &bytes[..(bytes.len() as f64 * share) as usize]).unwrap();
    }

    /// Inputs of every kind that can't be taken.
    fn fill(&self) {
        let write = |name: &str, bytes: &[u8]| fs::write(self.path(name), bytes).unwrap();
        image::GrayImage::from_pixel(320, 240, image::Luma([90])).save(self.path("a.png")).unwrap();
        image::GrayImage::from_pixel(40, 30, image::Luma([90])).save(self.path("small.png")).unwrap();
        image::RgbImage::from_fn(320, 240, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]))
            .save(self.path("b.jpg"))
            .unwrap();
        self.cut("cut.jpg", "b.jpg", 0.4);
        self.cut("cut.png", "a.png", 0.5);
        for empty in ["empty.mp4", "empty.png", "empty.y4m", "empty.onnx"] {
            write(empty, b"");
        }
        for text in ["text.mp4", "text.png", "text.y4m", "text.mjpeg", "text.onnx", "text.json", "text.whl"] {
            write(text, b"these are only words, and more words\n");
        }
        write("page.mp4", b"<!DOCTYPE html><html><body>Please log in</body></html>");
        write("pack.mp4", b"PK\x03\x04\x14\0\0\0\x08\0rest of a zip archive");
        write("zeros.mp4", &[0; 70_000]);
        write(
            "noise.mp4",
            &(0..60_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<_>>(),
        );
        write("cut.y4m", b"YUV4MPEG2 W320 H240 F30:1\nFRAME\nxx");
        write("head.y4m", b"YUV4MPEG2 W0 H240 F30:1\n");
        fs::create_dir(self.path("nothing")).unwrap();
        fs::create_dir(self.path("full")).unwrap();
        write("full/notes.txt", b"x");
        self.ffmpeg("-f lavfi -i testsrc=s=320x240:d=1 -c:v mpeg4", "whole.mp4");
        self.cut("half.mp4", "whole.mp4", 0.6);
        self.ffmpeg("-f lavfi -i sine=d=1 -c:a aac", "sound.m4a");
        // Data folders of which each lacks something else.
        fs::create_dir_all(self.path("cutdata/lib")).unwrap();
        let program = fs::read(env!("CARGO_BIN_EXE_omote")).unwrap();
        write("cutdata/lib/libonnxruntime.so.1.31.1", &program[..program.len() / 3]);
        write("cut.so", &program[..program.len() / 3]);
        fs::create_dir_all(self.path("otherdata/lib")).unwrap();
        write("otherdata/lib/libonnxruntime.so.1.31.1", &program);
        write("filedata", b"");
    }
}

/// The phrases of a message: what stands between its marks.
fn phrases(message: &str) -> Vec<String> {
    let mut phrases = vec![String::new()];
    for letter in message.chars() {
        match letter {
            ';' | ':' | '(' | ')' | '.' | ',' => phrases.push(String::new()),
            letter => phrases.last_mut().unwrap().push(letter),
        }
    }
    let long = |phrase: &String| phrase.split_whitespace().count() >= 4;
    phrases.into_iter().map(|phrase| phrase.trim().to_lowercase()).filter(long).collect()
}

fn faults(message: &str) -> Vec<String> {
    let mut found = Vec::new();
    for phrase in phrases(message) {
        if message.to_lowercase().matches(phrase.as_str()).count() > 1 {
            found.push(format!("said twice: {phrase}"));
        }
    }
    found.extend(RAW.iter().filter(|raw| message.contains(*raw)).map(|raw| format!("raw: {raw}")));
    if !REMEDIES.iter().any(|word| message.contains(word)) {
        found.push("no remedy".into());
    }
    found.sort();
    found.dedup();
    found
}

#[test]
fn the_rules_see_what_breaks_them() {
    assert_eq!(faults("no face was found in it; take another photo: a.jpg"), [""; 0]);
    let twice = "a: no face was found in it: no face was found in it; take another";
    assert_eq!(faults(twice), ["said twice: no face was found in it"]);
    assert_eq!(faults("it failed: Permission denied (os error 13)"), ["no remedy", "raw: (os error"]);
}

/// Whether the user of this test may read everything, as root may.
fn may_read_all(folder: &Path) -> bool {
    fs::read(folder.join("locked.mp4")).is_ok()
}

#[test]
fn every_error_says_once_what_is_wrong_and_what_to_do() {
    let bench = Bench { folder: tempfile::tempdir().unwrap() };
    bench.fill();
    let folder = bench.folder.path();
    fs::write(folder.join("locked.mp4"), b"x").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder.join("locked.mp4"), fs::Permissions::from_mode(0o0)).unwrap();
    }
    let out = ["--out", "o.y4m"];
    let run = |input: &'static str| [&["run", input], &out[..]].concat();
    type Case<'a> = (Vec<&'a str>, Vec<(&'a str, &'a str)>);
    let mut cases: Vec<Case<'_>> = Vec::new();
    for input in [
        "gone.mp4",
        "empty.mp4",
        "empty.png",
        "empty.y4m",
        "text.mp4",
        "text.png",
        "text.y4m",
        "text.mjpeg",
        "page.mp4",
        "pack.mp4",
        "zeros.mp4",
        "noise.mp4",
        "cut.y4m",
        "head.y4m",
        "nothing",
        "full",
        "half.mp4",
        "sound.m4a",
        "cut.jpg",
        "cut.png",
        "small.png",
        "gone/a.mp4",
    ] {
        cases.push((run(input), vec![]));
        cases.push((vec!["track", input, "--out", "o.jsonl"], vec![]));
    }
    if !may_read_all(folder) {
        cases.push((run("locked.mp4"), vec![]));
    }
    let mut plain = |args: &[&'static str]| cases.push((args.to_vec(), vec![]));
    plain(&["run", "a.png", "--out", "gone/o.png"]);
    plain(&["run", "a.png", "--out", "o.avi"]);
    plain(&["run", "a.png", "--out", "a.png"]);
    plain(&["run", "a.png", "--out", "/proc/o.png"]);
    plain(&["run", "whole.mp4", "--out", "o.png"]);
    plain(&["run", "a.png", "--out", "full"]);
    plain(&["run", "a.png", "--out", "o.png", "--persona", "nobody"]);
    plain(&["run", "a.png", "--out", "o.png", "--opacity", "7"]);
    plain(&["run", "a.png", "--out", "o.png"]);
    plain(&["run", "a.png", "--out", "o.png", "--model", "nothing"]);
    plain(&["track", "nothing", "--stills", "--out", "o.json"]);
    plain(&["track", "a.png", "--out", "gone/o.json"]);
    plain(&["live", "--no-window", "--camera", "actor"]);
    plain(&["live", "--no-window", "--camera", "nothing-like-it"]);
    plain(&["live", "--fps", "20"]);
    plain(&["cameras", "nothing-like-it"]);
    plain(&["cameras", "--watch", "1", "/dev/null"]);
    plain(&["persona", "show", "nobody"]);
    plain(&["persona", "check", "nobody"]);
    plain(&["persona", "check", "full"]);
    plain(&["persona", "new", "gone.jpg", "--name", "me", "--class", "self", "--this-is-me"]);
    plain(&["persona", "new", "a.png", "--name", "me", "--class", "self", "--this-is-me"]);
    plain(&["persona", "new", "cut.jpg", "--name", "me", "--class", "self", "--this-is-me"]);
    plain(&["persona", "new", "text.png", "--name", "me", "--class", "self", "--this-is-me"]);
    plain(&["models", "add", "gone.onnx"]);
    plain(&["models", "add", "empty.onnx"]);
    plain(&["models", "add", "text.onnx"]);
    plain(&["models", "add", "full"]);
    plain(&["models", "check", "half.mp4"]);
    plain(&["models", "remove", "nothing"]);
    plain(&["setup", "--from", "gone.whl"]);
    plain(&["setup", "--from", "text.whl"]);
    plain(&["bench", "compare", "gone.json", "text.json"]);
    plain(&["bench", "compare", "text.json", "text.json"]);
    plain(&[]);
    for data in ["cutdata", "otherdata", "filedata"] {
        cases.push((vec!["run", "a.png", "--out", "o.png"], vec![("OMOTE_DATA", data)]));
        cases.push((vec!["models", "check", "text.onnx"], vec![("OMOTE_DATA", data)]));
    }
    for library in ["cut.so", "text.mp4", "gone.so", "full"] {
        cases.push((vec!["run", "a.png", "--out", "o.png"], vec![("OMOTE_ORT_LIB", library)]));
    }
    for input in ["whole.mp4", "a.png"] {
        cases.push((vec!["run", input, "--out", "o.mp4"], vec![("PATH", "/nowhere")]));
    }
    for display in [("DISPLAY", ":987"), ("WAYLAND_DISPLAY", "/nowhere/wayland-9")] {
        cases.push((vec![], vec![display]));
    }

    let mut bad = Vec::new();
    for (args, variables) in &cases {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omote"));
        command.args(args).current_dir(folder).env("OMOTE_DATA", folder.join("data")).stdin(Stdio::null());
        for name in
            ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "XDG_RUNTIME_DIR", "RUST_LOG", "OMOTE_ORT_LIB"]
        {
            command.env_remove(name);
        }
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let told = said.split_once("error: ").map(|(_, told)| told.trim()).or_else(|| {
            // A usage error of the argument parser.
            said.contains("Usage").then_some(said.trim())
        });
        let mut wrong = match told {
            Some(told) => faults(told),
            None => vec!["no error is told".into()],
        };
        if output.status.code().is_none_or(|code| code == 0 || code > 6) {
            wrong.push(format!("ended with {}", output.status));
        }
        if !wrong.is_empty() {
            bad.push(format!("{args:?} {variables:?}\n    {}\n    {wrong:?}", said.trim()));
        }
    }
    assert!(bad.is_empty(), "{} of {}:\n{}", bad.len(), cases.len(), bad.join("\n"));
}

#[test]
fn a_closed_output_ends_every_command_quietly() {
    let folder = tempfile::tempdir().unwrap();
    image::GrayImage::from_pixel(320, 240, image::Luma([90])).save(folder.path().join("a.png")).unwrap();
    for args in [
        &["persona", "list"][..],
        &["persona", "show", "oni"],
        &["persona", "check", "oni"],
        &["models", "list"],
        &["models", "list", "--json"],
        &["cameras"],
        &["cameras", "--json"],
        &["bench", "--list"],
        &["doctor"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_omote"))
            .args(args)
            .current_dir(folder.path())
            .env("OMOTE_DATA", folder.path().join("data"))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said, "", "{args:?}");
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt;
            assert_eq!(output.status.signal(), Some(13), "{args:?}: {}", output.status);
        }
    }
}
