//! `omote live` without a window, from the built-in actor: what is recorded carries the badge, and the figures
//! are whole.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::{Command, Output};

use omote_engine::badge;
use omote_engine::source;

fn omote(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_omote")).args(args).current_dir(folder).output().unwrap()
}

/// Whether set-up has been run for this user; the tests' own command does.
fn set_up() -> bool {
    let folder = tempfile::tempdir().unwrap();
    omote(folder.path(), &["doctor"]).status.success()
}

#[test]
fn the_actor_goes_live_is_recorded_and_measured() {
    if !set_up() {
        println!("skipped: the networks are not there (omote setup gets them)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let live = ["live", "--camera", "actor", "--no-window", "--backend", "cpu", "--size", "320x240"];
    let more = ["--fps", "10", "--seconds", "25", "--record", "frames/", "--stats", "s.json"];
    let out = omote(folder.path(), &[&live[..], &more].concat());
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    assert!(said.contains("starting") && said.contains("live"), "{said}");
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("s.json")).unwrap()).unwrap();
    assert!(report["shown"]["live"].as_u64().unwrap() > 10, "{report}");
    assert!(report["samples"].as_array().unwrap().len() >= 2, "{report}");
    assert!(report["samples"][0]["memory_mib"].as_f64().unwrap() > 1.0, "{report}");
    let stages: Vec<&str> =
        report["stages"].as_array().unwrap().iter().map(|s| s["stage"].as_str().unwrap()).collect();
    assert_eq!(
        stages,
        ["capture", "wait.track", "track", "wait.render", "swap", "badge", "latency", "to a sink"]
    );

    let mut frames = source::open(&folder.path().join("frames")).unwrap();
    let mut count = 0;
    while let Some(frame) = frames.next().unwrap() {
        assert!(badge::read(&frame).is_some(), "frame {count} has no badge");
        count += 1;
    }
    // At a constant rate whatever the machine managed.
    assert!(count > 100, "{count} frames in 25 s at 10 a second");
}
