//! Set-up on made-up wheels, which need neither network nor pip.

use std::fs;
use std::io::Write;
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::pins::Member;
use super::*;
use omote_engine::infer::models::{hash_bytes, hash_file};

const NET: &[u8] = b"a network";
const TEXT: &[u8] = b"a licence";

struct Silent;

impl Progress for Silent {
    fn line(&self, _: &'static str, _: &str) {}

    fn transfer(&self, _: &'static str, _: &str, _: u64) -> Box<dyn Transfer + '_> {
        Box::new(Silent)
    }
}

impl Transfer for Silent {
    fn set(&mut self, _: u64) {}
}

/// In two parts.
fn reverse(bytes: &[u8]) -> Result<Vec<Vec<u8>>, ConvertError> {
    Ok(vec![bytes.iter().rev().copied().collect(), bytes.to_vec()])
}

fn refuse(_: &[u8]) -> Result<Vec<Vec<u8>>, ConvertError> {
    Err(ConvertError::Graph { why: "operator 99 is unknown".to_owned() })
}

fn build_wheel(path: &Path, files: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

/// A folder with a made-up wheel in it, the pin that fits it, and a place for the data.
struct Bench {
    dir: tempfile::TempDir,
    hashes: [String; 3],
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nets-1-cp311-cp311-any.whl");
        build_wheel(&path, &[("nets/a.tflite", NET), ("nets/LICENSE", TEXT)]);
        let hashes = [hash_file(&path).unwrap(), hash_bytes(NET), hash_bytes(TEXT)];
        Self { dir, hashes }
    }

    fn wheel_path(&self) -> PathBuf {
        self.dir.path().join("nets-1-cp311-cp311-any.whl")
    }

    fn store(&self) -> Store {
        Store::at(self.dir.path().join("data"))
    }

    fn run(&self, from: &[PathBuf], convert: Convert) -> Result<bool, Problem> {
        let members = [
            Member { inside: "nets/a.tflite", to: "models/a.tflite", sha256: &self.hashes[1] },
            Member { inside: "nets/LICENSE", to: "licences/nets/LICENSE", sha256: &self.hashes[2] },
        ];
        let wheel = Wheel {
            package: "nets",
            version: "1",
            platform: "any",
            file: "nets-1-cp311-cp311-any.whl",
            bytes: 1,
            sha256: &self.hashes[0],
            why: "a test",
            members: &members,
        };
        let store = self.store();
        Job { store: &store, progress: &Silent, from, convert }.run(&[wheel])
    }
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn first_run_makes_everything_and_a_second_does_nothing() {
    let bench = Bench::new();
    assert!(bench.run(&[bench.wheel_path()], reverse).unwrap());
    let data = bench.dir.path().join("data");
    assert_eq!(
        files_below(&data),
        ["licences/nets/LICENSE", "models/a.2.onnx", "models/a.onnx", "models/a.tflite"]
    );
    assert_eq!(fs::read(data.join("models/a.onnx")).unwrap(), reverse(NET).unwrap()[0]);
    // Neither the wheel nor pip is needed now.
    assert!(!bench.run(&[], reverse).unwrap());
}

#[test]
fn only_what_is_damaged_or_out_of_date_is_made_again() {
    let bench = Bench::new();
    bench.run(&[bench.wheel_path()], reverse).unwrap();
    let data = bench.dir.path().join("data");
    // A newer converter needs no wheel.
    fn newer(bytes: &[u8]) -> Result<Vec<Vec<u8>>, ConvertError> {
        Ok(vec![[b"newer ", bytes].concat()])
    }
    assert!(bench.run(&[], newer).unwrap());
    assert_eq!(fs::read(data.join("models/a.onnx")).unwrap(), newer(NET).unwrap()[0]);
    assert!(bench.run(&[], reverse).unwrap());
    // A damaged network is taken from the wheel again.
    fs::write(data.join("models/a.tflite"), b"bad").unwrap();
    assert!(bench.run(&[bench.wheel_path()], reverse).unwrap());
    assert_eq!(fs::read(data.join("models/a.tflite")).unwrap(), NET);
    // A damaged conversion is made again.
    fs::write(data.join("models/a.onnx"), b"bad").unwrap();
    assert!(bench.run(&[], reverse).unwrap());
    assert_eq!(fs::read(data.join("models/a.onnx")).unwrap(), reverse(NET).unwrap()[0]);
}

#[test]
fn a_failed_conversion_is_named_and_leaves_no_file() {
    let bench = Bench::new();
    let problem = bench.run(&[bench.wheel_path()], refuse).unwrap_err();
    assert_eq!(problem.step, "convert");
    let text = problem.to_string();
    assert!(text.contains("a.tflite") && text.contains("operator 99") && text.contains("remedy"), "{text}");
    assert_eq!(files_below(&bench.dir.path().join("data")), ["licences/nets/LICENSE", "models/a.tflite"]);
}

#[test]
fn a_changed_wheel_is_refused_by_name_and_hash() {
    let bench = Bench::new();
    build_wheel(&bench.wheel_path(), &[("nets/a.tflite", b"evil"), ("nets/LICENSE", TEXT)]);
    let text = bench.run(&[bench.wheel_path()], reverse).unwrap_err().to_string();
    assert!(
        text.contains("nets-1-cp311") && text.contains(&bench.hashes[0]) && text.contains("remedy"),
        "{text}"
    );
    assert!(!bench.dir.path().join("data/models").exists());
}

#[test]
fn a_file_that_is_no_pinned_wheel_is_refused_with_the_names_of_those_that_are() {
    let bench = Bench::new();
    let other = bench.dir.path().join("holiday.zip");
    fs::write(&other, b"not a wheel").unwrap();
    let text = bench.run(&[other], reverse).unwrap_err().to_string();
    assert!(text.contains("holiday.zip") && text.contains("nets-1-cp311-cp311-any.whl"), "{text}");
    let missing = bench.run(&[bench.dir.path().join("gone.whl")], reverse).unwrap_err().to_string();
    assert!(missing.contains("gone.whl") && missing.contains("spelling"), "{missing}");
}

#[test]
fn a_data_folder_that_is_a_file_is_named() {
    let bench = Bench::new();
    fs::write(bench.dir.path().join("data"), b"in the way").unwrap();
    let text = bench.run(&[bench.wheel_path()], reverse).unwrap_err().to_string();
    assert!(text.contains("data") && text.contains("not a folder"), "{text}");
}
