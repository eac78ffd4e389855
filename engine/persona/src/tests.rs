//! Packages: what loads, and what is refused with which reason.

mod judged;
mod package;
mod photos;
mod pictures;
mod random;
mod vectors;

use std::collections::BTreeMap;
use std::f32::consts::TAU;
use std::fs;
use std::path::Path;

use super::*;
use glam::Vec3;
use omote_frame::topology::{OVAL, POINTS};

/// The day on which every test takes place.
fn today() -> Date {
    date("2026-11-23")
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// A picture of coarse noise: sharp at every scale.
fn noise(width: u32, height: u32) -> Picture {
    let mut chance = fastrand::Rng::with_seed(1);
    let pixel = |_| [chance.u8(..), chance.u8(..), chance.u8(..), 255];
    let rgba = (0..width * height).flat_map(pixel).collect();
    Picture::from_rgba(width, height, rgba).unwrap()
}

/// 468 points in an ellipse round the middle of a square picture: the oval on its edge, the rest within.
fn ellipse(side: f32, radius: f32) -> Vec<MeshPoint> {
    let at =
        |turn: f32, r: f32| Vec3::new(side / 2.0 + r * turn.sin() * 0.8, side / 2.0 - r * turn.cos(), 0.0);
    let mut points: Vec<_> =
        (0..POINTS).map(|i| at(i as f32 * 2.4, radius * 0.95 * (i as f32 / POINTS as f32).sqrt())).collect();
    for (k, index) in OVAL.iter().enumerate() {
        points[usize::from(*index)] = at(TAU * k as f32 / 36.0, radius);
    }
    points
}

fn draft() -> PersonaDraft {
    PersonaDraft {
        name: "test-face".to_owned(),
        title: "A face of noise".to_owned(),
        class: Class::Fictional { how: "drawn".to_owned() },
        licence: "CC0-1.0".to_owned(),
        uses: vec!["stream".to_owned(), "recording".to_owned()],
        colour_transfer: ColourTransfer::Match,
        credit: Some("nobody".to_owned()),
        picture: noise(256, 256),
        landmarks: ellipse(256.0, 100.0),
        vectors: vec![],
    }
}

fn consent() -> Consent {
    Consent {
        grantor: "A friend".to_owned(),
        statement: "You may wear my face.".to_owned(),
        date: date("2026-01-10"),
        expires: date("2027-01-10"),
        evidence: "ab".repeat(32),
        contact_for_revocation: "friend@example.org".to_owned(),
    }
}

/// The folder of a written package, which a test then spoils.
fn folder(draft: &PersonaDraft) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    draft.write(&dir.path().join("p"), today()).unwrap();
    dir
}

fn edit(dir: &Path, change: impl FnOnce(String) -> String) {
    let path = dir.join("p/persona.toml");
    let text = fs::read_to_string(&path).unwrap();
    let changed = change(text.clone());
    assert_ne!(text, changed, "the edit must hit");
    fs::write(&path, changed).unwrap();
}

fn refused(dir: &Path) -> PersonaError {
    Persona::load(&dir.join("p"), today()).unwrap_err()
}

/// Puts a file into the package in place of another, with hash and id put right, as its maker could.
fn replace_file(dir: &Path, name: &str, bytes: &[u8]) {
    fs::write(dir.join("p").join(name), bytes).unwrap();
    edit(dir, |text| {
        let mut table: toml::Table = text.parse().unwrap();
        let mut files: BTreeMap<String, String> = table["files"].clone().try_into().unwrap();
        files.insert(name.to_owned(), blake3::hash(bytes).to_hex().to_string());
        table["id"] = toml::Value::String(manifest::id_of(&files));
        table["files"] = toml::Value::try_from(files).unwrap();
        toml::to_string(&table).unwrap()
    });
}
