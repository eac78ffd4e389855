//! The command on a made-up photo, without networks.

use clap::Parser;
use image::RgbImage;
use omote_engine::space::MeshPoint;

use super::*;

/// A photo of random squares, and 468 points in an ellipse on it.
fn photo(dir: &Path) -> (PathBuf, Vec<MeshPoint>) {
    let path = dir.join("photo.png");
    let value = |x: u32, y: u32| ((x / 8 * 7919 + y / 8 * 104_729) % 251) as u8;
    RgbImage::from_fn(400, 400, |x, y| image::Rgb([value(x, y); 3])).save(&path).unwrap();
    let point = |i: u16| {
        let (turn, radius) = (f32::from(i) * 2.4, 150.0 * (f32::from(i) / 468.0).sqrt());
        MeshPoint::new(200.0 + radius * turn.cos(), 200.0 + radius * turn.sin(), 0.0)
    };
    (path, (0..468).map(point).collect())
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: PersonaArgs,
}

fn call(words: &[&str], data: &Path, faces: &[Vec<MeshPoint>]) -> anyhow::Result<ExitCode> {
    let head = ["persona", "--data", data.to_str().unwrap()];
    let line = head.iter().chain(words);
    run_with(&Line::try_parse_from(line)?.args, &|_| Ok(faces.to_vec()))
}

fn refusal(words: &[&str], data: &Path, faces: &[Vec<MeshPoint>]) -> String {
    format!("{:#}", call(words, data, faces).unwrap_err())
}

#[test]
fn a_persona_is_made_found_by_name_and_listed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, face) = photo(dir.path());
    let path = path.to_str().unwrap();
    let new =
        ["new", path, "--class", "fictional", "--how", "drawn", "--name", "squares", "--title", "Mx Squares"];
    call(&new, dir.path(), std::slice::from_ref(&face)).unwrap();
    assert!(dir.path().join("personas/squares.omote").is_file());
    for words in [["check", "squares"], ["show", "squares"]] {
        call(&words, dir.path(), &[]).unwrap();
    }
    call(&["list"], dir.path(), &[]).unwrap();
    let mut out = Vec::new();
    list(dir.path(), today(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.contains("\nsquares") && text.contains("fictional") && text.contains("Mx Squares"),
        "{text}"
    );
    let mut out = Vec::new();
    show(&resolve("squares", dir.path(), today()).unwrap(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("drawn") && text.contains("can't check"), "{text}");
    // A second one of that name is not made over the first.
    assert!(refusal(&new, dir.path(), &[face]).contains("there already"));
}

#[test]
fn each_class_demands_its_own_ground() {
    let dir = tempfile::tempdir().unwrap();
    let (path, face) = photo(dir.path());
    let path = path.to_str().unwrap();
    let cases: [(&[&str], &str); 8] = [
        (&[], "whose face is it"),
        (&["--class", "other"], "no class of persona"),
        (&["--class", "self"], "--this-is-me"),
        (&["--class", "consented"], "--consent-file"),
        (&["--class", "licensed"], "--source"),
        (&["--class", "fictional"], "--how"),
        (&["--class", "historic", "--source", "x"], "--died"),
        (&["--class", "fictional", "--how", "drawn", "--uses", "fraud"], "no use of a persona"),
    ];
    for (options, expected) in cases {
        let words = [&["new", path, "--name", "x"], options].concat();
        let text = refusal(&words, dir.path(), std::slice::from_ref(&face));
        assert!(text.contains(expected), "{options:?}: {text}");
    }
    assert!(!dir.path().join("personas").exists());
}

#[test]
fn consent_comes_from_its_file_with_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let (path, face) = photo(dir.path());
    let (consent, letter) = (dir.path().join("consent.toml"), dir.path().join("letter.txt"));
    std::fs::write(&letter, "signed").unwrap();
    let text = |expires: &str| {
        format!(
            "grantor = \"A\"\nstatement = \"Yes.\"\ndate = \"2024-01-01\"\nexpires = \"{expires}\"\n\
             contact_for_revocation = \"a@example.org\"\n"
        )
    };
    let base = ["new", path.to_str().unwrap(), "--name", "friend", "--class", "consented", "--consent-file"];
    let mut words = [&base[..], &[consent.to_str().unwrap()]].concat();
    std::fs::write(&consent, text("2024-06-01")).unwrap();
    assert!(refusal(&words, dir.path(), std::slice::from_ref(&face)).contains("--evidence"));
    words.extend(["--evidence", letter.to_str().unwrap()]);
    let expired = refusal(&words, dir.path(), std::slice::from_ref(&face));
    assert!(expired.contains("expired on 2024-06-01"), "{expired}");
    std::fs::write(&consent, text("2030-06-01")).unwrap();
    assert!(refusal(&words, dir.path(), std::slice::from_ref(&face)).contains("24 months"));
    std::fs::write(&consent, "grantor = 5").unwrap();
    assert!(refusal(&words, dir.path(), &[face]).contains("not a consent file"));
}

#[test]
fn faults_of_photo_and_name_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let (path, face) = photo(dir.path());
    let text_file = dir.path().join("text.png");
    std::fs::write(&text_file, "not a picture").unwrap();
    let tail = ["--name", "x", "--class", "fictional", "--how", "drawn"];
    let new = |photo: &str, faces: &[Vec<MeshPoint>]| {
        refusal(&[&["new", photo], &tail[..]].concat(), dir.path(), faces)
    };
    let path = path.to_str().unwrap();
    assert!(new("/no/such/photo.jpg", &[]).contains("can't read the photo"));
    assert!(new(text_file.to_str().unwrap(), &[]).contains("not a picture"));
    assert!(new(path, &[]).contains("no face"));
    assert!(new(path, &[face.clone(), face]).contains("2 faces"));
    assert!(refusal(&["show", "nobody"], dir.path(), &[]).contains("no persona nobody"));
}
