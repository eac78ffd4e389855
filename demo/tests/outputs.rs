//! Where `omote` writes, and what it never writes over: two runs into one file, links, devices, names, rights, kills.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test says what it skips")]

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use omote_engine::output::left_overs;
use omote_engine::source;

fn omote(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omote"));
    command.args(args).current_dir(folder);
    command
}

/// Exit code and message.
fn said(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let out = omote(folder, args).output().unwrap();
    (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
}

/// `omote run actor`, small and short, into `out`.
fn actor<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let start = ["run", "actor", "--opacity", "0", "--size", "320x240", "--backend", "cpu", "--out", out];
    let length: &[&str] = if more.contains(&"--seconds") { &[] } else { &["--seconds", "0.2"] };
    [&start[..], length, more].concat()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn frames(path: &Path) -> u64 {
    let (mut source, mut count) = (source::open(path).unwrap(), 0);
    while source.next().unwrap().is_some() {
        count += 1;
    }
    count
}

/// Whether set-up has been run for this user; the tests' own command does.
fn set_up() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let there = said(folder.path(), &actor("a.y4m", &[])).0 == Some(0);
    if !there {
        println!("skipped: the networks are not there (omote setup gets them)");
    }
    there
}

fn node(path: &Path, minor: &str) -> bool {
    let made = Command::new("mknod").arg(path).args(["c", "1", minor]).output();
    let made = made.is_ok_and(|out| out.status.success());
    if !made {
        println!("skipped: mknod is not allowed here");
    }
    made
}

#[test]
fn what_can_not_be_an_output_is_told_before_any_work() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    image::GrayImage::from_pixel(320, 240, image::Luma([90])).save(folder.join("in.png")).unwrap();
    fs::write(folder.join("there.mp4"), "old").unwrap();
    fs::write(folder.join("there.json"), "old").unwrap();
    fs::create_dir(folder.join("empty")).unwrap();
    fs::create_dir(folder.join("folder.mp4")).unwrap();
    fs::create_dir(folder.join("full")).unwrap();
    fs::write(folder.join("full/notes.txt"), "mine").unwrap();
    symlink("there.mp4", folder.join("link.mp4")).unwrap();
    fs::hard_link(folder.join("there.mp4"), folder.join("hard.mp4")).unwrap();
    symlink("in.png", folder.join("input")).unwrap();
    fs::write(folder.join("me.omote"), "a face").unwrap();
    let before = names(folder);
    let run = |more: &'static [&'static str]| [&["run", "in.png"][..], more].concat();
    let track = |more: &'static [&'static str]| [&["track", "in.png"][..], more].concat();
    let live =
        |more: &'static [&'static str]| [&["live", "--no-window", "--camera", "actor"][..], more].concat();
    let bench = |more: &'static [&'static str]| [&["bench", "--quick"][..], more].concat();
    for (args, code, words) in [
        (run(&["--out", "there.mp4"]), 6, "--force"),
        (run(&["--out", "link.mp4"]), 6, "--force"),
        (run(&["--out", "o.png", "--stats", "there.json"]), 6, "--force"),
        (track(&["--out", "there.json"]), 6, "--force"),
        (live(&["--record", "there.mp4"]), 6, "--force"),
        (live(&["--stats", "there.json"]), 6, "--force"),
        (bench(&["--json", "there.json"]), 6, "--force"),
        (bench(&["--html", "there.json"]), 6, "--force"),
        (run(&["--out", "folder.mp4"]), 6, "a folder of this name"),
        (run(&["--out", "folder.mp4", "--force"]), 6, "a folder of this name"),
        (run(&["--out", "full", "--force"]), 6, "notes.txt"),
        (run(&["--out", "o.png", "--stats", "empty"]), 6, "a folder of this name"),
        (run(&["--out", "gone/o.png"]), 6, "make it first"),
        (run(&["--out", "o.png", "--stats", "gone/s.json"]), 6, "make it first"),
        (run(&["--out", "-"]), 2, "mkfifo"),
        (run(&["--out", ".mp4"]), 2, "NAME.mp4"),
        (run(&["--out", ".png", "--force"]), 2, "NAME.png"),
        (run(&["--out", "o.png", "--stats", "-"]), 2, "/dev/stdout"),
        (track(&["--out", "-"]), 2, "/dev/stdout"),
        (track(&["--out", ".jsonl"]), 2, "NAME.jsonl"),
        (run(&["--out", "o.mp4", "--stats", "o.mp4"]), 2, "--out and --stats"),
        (run(&["--out", "o.mp4", "--stats", "./o.mp4", "--force"]), 2, "--out and --stats"),
        (run(&["--out", "o.mp4", "--stats", "empty/../o.mp4"]), 2, "--out and --stats"),
        (run(&["--out", "there.mp4", "--stats", "link.mp4", "--force"]), 2, "--out and --stats"),
        (run(&["--out", "there.mp4", "--stats", "hard.mp4", "--force"]), 2, "--out and --stats"),
        (run(&["--out", "empty", "--stats", "empty/s.json"]), 2, "inside"),
        (live(&["--record", "o.mp4", "--stats", "./o.mp4"]), 2, "--record and --stats"),
        (bench(&["--json", "o.json", "--html", "./o.json"]), 2, "--json and --html"),
        (run(&["--out", "input", "--force"]), 2, "is the input"),
        (run(&["--out", "o.png", "--stats", "input", "--force"]), 2, "is the input"),
        (track(&["--out", "./in.png", "--force"]), 2, "is the input"),
        (
            run(&["--out", "o.png", "--persona", "me.omote", "--stats", "./me.omote", "--force"]),
            2,
            "is the persona",
        ),
        (live(&["--persona", "me.omote", "--stats", "me.omote", "--force"]), 2, "is the persona"),
    ] {
        let began = Instant::now();
        let (status, message) = said(folder, &args);
        assert_eq!(status, Some(code), "{args:?}: {message}");
        assert!(message.contains(words), "{args:?}: {message}");
        assert!(began.elapsed() < Duration::from_secs(20), "{args:?} took long to say so");
        assert_eq!(names(folder), before, "{args:?} left something behind");
        assert_eq!(fs::read(folder.join("there.mp4")).unwrap(), b"old");
        assert_eq!(fs::read(folder.join("there.json")).unwrap(), b"old");
    }
}

#[test]
fn two_runs_into_one_file_leave_one_that_plays() {
    if !set_up() {
        return;
    }
    for (name, force) in [("s.mp4", false), ("s.y4m", false), ("s", false), ("s.mp4", true)] {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path();
        let more: &[&str] = if force { &["--seconds", "1", "--force"] } else { &["--seconds", "1"] };
        let start = || {
            omote(folder, &actor(name, more)).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let running = [start(), start()];
        let ends: Vec<_> = running.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
        let good = ends.iter().filter(|end| end.status.success()).count();
        assert!(good == 1 || (force && good == 2), "{name}: {good} say that they wrote it");
        for end in ends.iter().filter(|end| !end.status.success()) {
            let told = String::from_utf8_lossy(&end.stderr);
            assert!(told.contains("another") && end.status.code() == Some(6), "{told}");
        }
        assert_eq!(frames(&folder.join(name)), 30, "{name}");
        // The one that lost is whole as well, where it got that far.
        for other in names(folder) {
            assert_eq!(frames(&folder.join(&other)), 30, "{other}");
        }
    }
}

#[test]
fn devices_and_pipes_stay_and_links_lead_on() {
    if !set_up() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    image::GrayImage::from_pixel(320, 240, image::Luma([90])).save(folder.join("in.png")).unwrap();
    let special = |name: &str| fs::symlink_metadata(folder.join(name)).unwrap().file_type();
    if node(&folder.join("null"), "3")
        && node(&folder.join("null.y4m"), "3")
        && node(&folder.join("null.mp4"), "3")
    {
        symlink("null", folder.join("to null")).unwrap();
        for args in [
            vec!["track", "in.png", "--out", "null"],
            vec!["track", "in.png", "--out", "null", "--force"],
            vec!["track", "in.png", "--out", "to null"],
            actor("null.y4m", &[]),
            actor("null.y4m", &["--stats", "null", "--force"]),
        ] {
            let (code, message) = said(folder, &args);
            assert_eq!(code, Some(0), "{args:?}: {message}");
        }
        let (code, message) = said(folder, &actor("null.mp4", &["--force"]));
        assert!(code == Some(2) && message.contains(".y4m"), "{message}");
        assert!(["null", "null.y4m", "null.mp4"].iter().all(|name| special(name).is_char_device()));
        assert!(special("to null").is_symlink());
    }
    assert!(Command::new("mkfifo").arg(folder.join("pipe.y4m")).status().unwrap().success());
    let path = folder.join("pipe.y4m");
    let reader = std::thread::spawn(move || fs::read(path).unwrap().len());
    assert_eq!(said(folder, &actor("pipe.y4m", &[])).0, Some(0));
    assert!(reader.join().unwrap() > 6 * 320 * 240 && special("pipe.y4m").is_fifo());
    // Standard output, as a pipe and as a file.
    let out = omote(folder, &["track", "in.png", "--out", "/dev/stdout"]).output().unwrap();
    assert!(out.stdout.starts_with(b"{\"frame\":0"), "{out:?}");
    let to = fs::File::create(folder.join("lines")).unwrap();
    assert!(
        omote(folder, &["track", "in.png", "--out", "/dev/stdout"]).stdout(to).status().unwrap().success()
    );
    assert!(fs::read(folder.join("lines")).unwrap().starts_with(b"{\"frame\":0"));
    // Links.
    fs::create_dir(folder.join("real")).unwrap();
    for (link, to) in [("a.y4m", "real/a.y4m"), ("frames", "real/frames")] {
        symlink(to, folder.join(link)).unwrap();
        for force in [&[][..], &["--force"]] {
            let (code, message) = said(folder, &actor(link, force));
            assert_eq!(code, Some(0), "{message}");
            assert!(special(link).is_symlink());
            assert_eq!(frames(&folder.join(to)), 6);
        }
    }
    assert_eq!(names(&folder.join("real")), ["a.y4m", "frames"]);
}

#[test]
fn names_of_full_length_and_the_umask_hold_for_every_output() {
    if !set_up() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let long = |ending: &str| format!("{}{ending}", "n".repeat(255 - ending.len()));
    let (video, stats) = (long(".mp4"), long(".json"));
    let mut run = Command::new("sh");
    run.args(["-c", "umask 027; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_omote")]);
    let out = run.args(actor(&video, &["--stats", &stats])).current_dir(folder).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    for name in [&video, &stats] {
        assert_eq!(fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777, 0o640);
    }
    assert_eq!(frames(&folder.join(&video)), 6);
    assert_eq!(names(folder).len(), 2);
    let (code, message) = said(folder, &actor(&format!("n{video}"), &[]));
    assert!(code == Some(6) && message.contains("longer than"), "{message}");
}

fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let began = Instant::now();
    while !there() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_killed_run_loses_no_old_file_and_its_rest_is_found() {
    if !set_up() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    for name in ["k.mp4", "k.y4m", "k.json"] {
        fs::write(folder.join(name), "old").unwrap();
    }
    for name in ["k.mp4", "k.y4m", "k"] {
        let more = ["--seconds", "600", "--stats", "k.json", "--force"];
        let mut running: Child =
            omote(folder, &actor(name, &more)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let work =
            |folder: &Path| names(folder).into_iter().filter(|n| n.starts_with(".omote-part-")).count();
        wait_for("the working files", || work(folder) == 2);
        std::thread::sleep(Duration::from_millis(700));
        assert!(left_overs(folder).is_empty(), "its writer lives");
        running.kill().unwrap();
        running.wait().unwrap();
        wait_for("what is left", || left_overs(folder).len() == 2);
        let mut left: Vec<String> = left_overs(folder).into_iter().map(|one| one.name).collect();
        left.sort();
        let mut want = vec![name.to_owned(), "k.json".to_owned()];
        want.sort();
        assert_eq!(left, want);
        left_overs(folder).iter().for_each(|one| one.remove().unwrap());
        assert_eq!(names(folder), ["k.json", "k.mp4", "k.y4m"]);
        for name in names(folder) {
            assert_eq!(fs::read(folder.join(name)).unwrap(), b"old");
        }
    }
}
