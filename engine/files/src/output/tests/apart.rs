//! Outputs that are one file, however they are named.

use std::fs;
use std::path::Path;

use super::super::{OutputError, apart};

/// What is said of `--out a` and `--stats b` with the input `in`, in `folder`.
fn said(folder: &Path, out: &str, stats: &str, input: &str) -> Option<OutputError> {
    let at = |name: &str| if name == "-" { name.into() } else { folder.join(name) };
    let (out, stats, input) = (at(out), at(stats), at(input));
    apart(&[("--out", &out), ("--stats", &stats)], &[("the input", &input)]).err()
}

#[test]
fn one_file_under_two_names_is_seen() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("sub")).unwrap();
    fs::create_dir(folder.join("frames")).unwrap();
    fs::write(folder.join("in.mp4"), "").unwrap();
    fs::write(folder.join("there.mp4"), "").unwrap();
    let mut same = vec![
        ("o.mp4", "o.mp4"),
        ("o.mp4", "./o.mp4"),
        ("o.mp4", "sub/../o.mp4"),
        ("there.mp4", "sub/.././there.mp4"),
        ("frames/", "frames"),
        ("new/", "./new"),
    ];
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        fs::hard_link(folder.join("there.mp4"), folder.join("hard.mp4")).unwrap();
        symlink("there.mp4", folder.join("link.mp4")).unwrap();
        symlink("o.mp4", folder.join("to nothing")).unwrap();
        symlink("sub", folder.join("other sub")).unwrap();
        same.extend([
            ("there.mp4", "hard.mp4"),
            ("there.mp4", "link.mp4"),
            ("hard.mp4", "link.mp4"),
            ("o.mp4", "to nothing"),
            ("sub/x.mp4", "other sub/x.mp4"),
        ]);
    }
    for (a, b) in same {
        for (out, stats) in [(a, b), (b, a)] {
            let told = said(folder, out, stats, "in.mp4").expect(out);
            assert!(matches!(told, OutputError::Same { .. }), "{out} {stats}: {told}");
            assert!(told.to_string().contains("--out and --stats"), "{told}");
        }
    }
}

#[test]
fn an_input_is_never_an_output() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::write(folder.join("in.mp4"), "").unwrap();
    fs::create_dir(folder.join("pictures")).unwrap();
    let mut names = vec!["in.mp4", "./in.mp4"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("in.mp4", folder.join("link")).unwrap();
        fs::hard_link(folder.join("in.mp4"), folder.join("hard")).unwrap();
        names.extend(["link", "hard"]);
    }
    for name in names {
        for (out, stats) in [(name, "s.json"), ("o.mp4", name)] {
            let told = said(folder, out, stats, "in.mp4").expect(name);
            assert!(matches!(told, OutputError::IsInput { .. }), "{told}");
            assert!(told.to_string().contains("is the input"), "{told}");
        }
    }
    assert!(said(folder, "pictures/", "s.json", "pictures").is_some());
    // `actor` is no file.
    assert!(said(folder, "actor", "s.json", "actor").is_none());
    // A video may well go into the folder of pictures that it is made of.
    assert!(said(folder, "pictures/o.mp4", "s.json", "pictures").is_none());
}

#[test]
fn an_output_is_not_put_into_another() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    fs::create_dir(folder.join("frames")).unwrap();
    for (out, stats) in
        [("frames", "frames/s.json"), ("frames/", "./frames/s.json"), ("frames/o.y4m", "frames")]
    {
        let told = said(folder, out, stats, "in").expect(out);
        assert!(matches!(told, OutputError::Inside { .. }), "{told}");
    }
    for (out, stats) in [("frames", "frames.json"), ("frames/a.mp4", "frames/a.json"), ("a.b", "a")] {
        assert!(said(folder, out, stats, "in").is_none(), "{out} {stats}");
    }
    assert!(said(folder, "o.mp4", "-", "in").is_none(), "whoever writes it says what to give instead");
    assert!(matches!(said(folder, ".mp4", "s", "in"), Some(OutputError::OnlyEnding { .. })));
}

#[cfg(unix)]
#[test]
fn a_device_may_be_two_outputs_and_a_pipe_not() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    if super::node(&folder.join("null"), &["c", "1", "3"]) {
        assert!(said(folder, "null", "null", "in").is_none());
    }
    assert!(std::process::Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());
    assert!(matches!(said(folder, "pipe", "./pipe", "in"), Some(OutputError::Same { .. })));
}
