//! The list of swap models under several programs that add to it at once: nothing of anybody's is lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use omote_engine::infer::models::hash_bytes;
use omote_kit::registry::{Entry, Purpose, Registry};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Barrier;
use std::thread;

/// Each adds so many.
const EACH: usize = 12;
/// Where a process that this test starts finds the list, and its own name.
const CHILD: [&str; 2] = ["OMOTE_TEST_LIST", "OMOTE_TEST_NAME"];

fn entry(name: String) -> Entry {
    let sha256 = hash_bytes(name.as_bytes());
    Entry {
        path: PathBuf::from(format!("/nowhere/{name}.onnx")),
        name,
        sha256,
        bytes: 1,
        changed: 0,
        weights: Vec::new(),
        title: "recogniser".to_owned(),
        licence: "unknown".to_owned(),
        persona: None,
        purpose: Purpose::Recogniser,
        measured: Vec::new(),
        runtime: "rten".to_owned(),
    }
}

/// Adds to the list, as it was read once at the beginning: as a window does that stays open.
fn add_all(data: &Path, who: &str) {
    let mut registry = Registry::open(data).unwrap();
    for number in 0..EACH {
        registry.add(entry(format!("{who}-{number}"))).unwrap();
    }
}

fn check(data: &Path, who: &[&str]) {
    let registry = Registry::open(data).unwrap();
    let there: BTreeSet<&str> = registry.entries().iter().map(|entry| entry.name.as_str()).collect();
    let names = who.iter().flat_map(|who| (0..EACH).map(move |number| format!("{who}-{number}")));
    let lost: Vec<String> = names.filter(|name| !there.contains(name.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {}", lost.len(), who.len() * EACH, lost.join(", "));
    assert_eq!(there.len(), who.len() * EACH);
}

#[test]
fn two_threads_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let start = Barrier::new(2);
    let work = |who| {
        start.wait();
        add_all(folder.path(), who);
    };
    thread::scope(|scope| {
        scope.spawn(|| work("one"));
        scope.spawn(|| work("two"));
    });
    check(folder.path(), &["one", "two"]);
}

#[test]
fn two_processes_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let start = |who: &str| {
        let mut child = Command::new(&program);
        child.args(["--exact", "a_process_of_two", "--nocapture"]);
        child.env(CHILD[0], folder.path()).env(CHILD[1], who).spawn().unwrap()
    };
    let children = [start("one"), start("two")];
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    check(folder.path(), &["one", "two"]);
}

/// What each of the two processes does; by itself there is nothing to be done.
#[test]
fn a_process_of_two() {
    let [data, who] = CHILD.map(std::env::var_os);
    if let (Some(data), Some(who)) = (data, who) {
        add_all(Path::new(&data), &who.to_string_lossy());
    }
}
