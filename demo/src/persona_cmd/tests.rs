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
    call_with(words, data, faces, None)
}

fn call_with(
    words: &[&str],
    data: &Path,
    faces: &[Vec<MeshPoint>],
    vector: Option<FindVector<'_>>,
) -> anyhow::Result<ExitCode> {
    let head = ["persona", "--data", data.to_str().unwrap()];
    // Faces of spirals are none to be worn.
    let anyway: &[&str] = if words.first() == Some(&"new") { &["--anyway"] } else { &[] };
    let line = head.iter().chain(words).chain(anyway);
    run_with(&Line::try_parse_from(line)?.args, &|_| Ok(faces.to_vec()), vector)
}

fn refusal(words: &[&str], data: &Path, faces: &[Vec<MeshPoint>]) -> String {
    format!("{:#}", call(words, data, faces).unwrap_err())
}

#[test]
fn a_persona_that_is_there_is_replaced_only_by_force() {
    let dir = tempfile::tempdir().unwrap();
    let (path, face) = photo(dir.path());
    let path = path.to_str().unwrap();
    let new = ["new", path, "--class", "fictional", "--how", "drawn", "--name", "squares", "--title"];
    let made = |title: &str, more: &[&str]| {
        call(&[&new[..], &[title], more].concat(), dir.path(), std::slice::from_ref(&face))
    };
    let title = || resolve("squares", dir.path(), today()).unwrap().title().to_owned();
    made("First", &[]).unwrap();
    let refused = format!("{:#}", made("Second", &[]).unwrap_err());
    assert!(refused.contains("--force") && refused.contains("squares.omote"), "{refused}");
    assert_eq!((title().as_str(), refused.matches("there already").count()), ("First", 1));
    made("Second", &["--force"]).unwrap();
    assert_eq!(title(), "Second");
    // The photo is never replaced by what is made of it.
    let onto = format!("{:#}", made("Third", &["--force", "--out", path]).unwrap_err());
    assert!(onto.contains("is the photo"), "{onto}");
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
    print_persona(&resolve("squares", dir.path(), today()).unwrap(), &mut out).unwrap();
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
        (&["--class", "fictional", "--how", "drawn", "--uses", "fraud"], "is not a known use"),
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
    assert!(new("/no/such/photo.jpg", &[]).contains("check the name"));
    assert!(new(text_file.to_str().unwrap(), &[]).contains("this is no picture"));
    assert!(new(path, &[]).contains("no face"));
    assert!(new(path, &[face.clone(), face]).contains("2 faces"));
    assert!(refusal(&["show", "nobody"], dir.path(), &[]).contains("no persona nobody"));
}

#[test]
fn more_photos_need_a_recogniser_and_show_one_person() {
    let dir = tempfile::tempdir().unwrap();
    let (path, face) = photo(dir.path());
    let other = dir.path().join("other.png");
    RgbImage::from_fn(400, 401, |x, y| image::Rgb([((x / 8 * 7919 + y / 8 * 104_729) % 251) as u8; 3]))
        .save(&other)
        .unwrap();
    let faces = std::slice::from_ref(&face);
    let (path, other) = (path.to_str().unwrap(), other.to_str().unwrap());
    let tail = ["--class", "fictional", "--how", "drawn", "--name", "many"];
    let more = [&["new", path, "--more", path, path, "--more", path], &tail[..]].concat();
    assert!(refusal(&more, dir.path(), faces).contains("`omote models add w600k_r50.onnx` first"));
    // The other photo is the one of 401 rows.
    let vector = |photo: &omote_engine::persona::Picture, _: &[MeshPoint]| {
        let mut vector = vec![0.0; 512];
        vector[usize::from(photo.height() == 401)] = 3.0;
        Ok(("1a2b3c4d".repeat(8), vector))
    };
    let odd = [&["new", path, "--more", path, other], &tail[..]].concat();
    let error = format!("{:#}", call_with(&odd, dir.path(), faces, Some(&vector)).unwrap_err());
    let expected = format!(
        "photo {other} does not look like the same person as the others (cosine 0.00, at least 0.30 is needed); \
         leave it out"
    );
    assert!(error.contains(&expected), "{error}");
    assert!(!dir.path().join("personas").exists());

    call_with(&more, dir.path(), faces, Some(&vector)).unwrap();
    let apart = dir.path().join("one");
    let apart = apart.to_str().unwrap();
    call_with(&[&["new", path, "--out", apart], &tail[..]].concat(), dir.path(), faces, Some(&vector))
        .unwrap();
    let shown = |name: &str| {
        let mut out = Vec::new();
        print_persona(&resolve(name, dir.path(), today()).unwrap(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert!(shown("many").contains("vectors      4 photos, recogniser 1a2b3c4d…\n"), "{}", shown("many"));
    let one = shown(apart);
    assert!(one.contains("vectors      1 photo, recogniser 1a2b3c4d…\n"), "{one}");
    assert!(!shown("ko-omote").contains("vectors"));
}

#[test]
fn points_from_a_file_are_the_first_photo_s_only() {
    let dir = tempfile::tempdir().unwrap();
    let (path, face) = photo(dir.path());
    let points = dir.path().join("points.json");
    let stored: Vec<[f32; 3]> = face.iter().map(|point| point.to_array()).collect();
    std::fs::write(&points, serde_json::json!([{ "landmarks": stored }]).to_string()).unwrap();
    let path = path.to_str().unwrap();
    let words = ["new", path, "--more", path, "--landmarks", points.to_str().unwrap(), "--name", "two"];
    let words = [&words[..], &["--class", "fictional", "--how", "drawn"]].concat();
    let vector: FindVector<'_> = &|_, _| Ok(("ab".repeat(32), vec![1.0; 512]));
    let error = format!("{:#}", call_with(&words, dir.path(), &[], Some(vector)).unwrap_err());
    assert!(error.contains("no face"), "{error}");
    call_with(&words, dir.path(), &[face], Some(vector)).unwrap();
}
