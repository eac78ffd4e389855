//! What face recognisers make of a persona's face.

use std::path::PathBuf;

use super::*;
use omote_files::output::Existing;

/// A vector of the recogniser whose hash is `digit` all over.
pub(super) fn vector(digit: char, size: f32) -> PersonaVector {
    let values = |of: f32| (0..VECTOR).map(|i| of * (i as f32 * 0.7).sin()).collect();
    PersonaVector {
        recogniser: digit.to_string().repeat(64),
        photos: 3,
        raw: values(size),
        unit: values(0.06),
    }
}

fn with(vectors: Vec<PersonaVector>) -> PersonaDraft {
    PersonaDraft { vectors, ..draft() }
}

const FILE: &str = "vectors-aaaaaaaaaaaaaaaa.f32";

/// A vector along one axis and a share of another.
fn along(axis: usize, also: usize, share: f32) -> Vec<f32> {
    let mut v = vec![0.0; VECTOR];
    v[axis] = 3.0;
    v[also] += 3.0 * share;
    v
}

#[test]
fn vectors_come_back_bit_for_bit() {
    let dir = tempfile::tempdir().unwrap();
    let vectors: Vec<_> = "abcdef01".chars().map(|digit| vector(digit, 1.0 + digit as u32 as f32)).collect();
    let draft = with(vectors.clone());
    for name in ["one.omote", "two"] {
        let path = dir.path().join(name);
        let written = draft.write(&path, today()).unwrap();
        let loaded = Persona::load(&path, today()).unwrap();
        assert_eq!(loaded.id(), written.id());
        assert_eq!(loaded.vectors(), vectors);
        assert_eq!(loaded.vector_of(&"c".repeat(64)), Some(&vectors[2]));
        assert_eq!(loaded.vector_of(&"9".repeat(64)), None);
    }
    assert_eq!(fs::read(dir.path().join("two").join(FILE)).unwrap().len(), 4096);
    // They belong to the persona's identity.
    let ids = [vec![], vec![vector('a', 1.0)], vec![vector('a', 2.0)]]
        .map(|vectors| with(vectors).in_memory(today()).unwrap().id().to_owned());
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[test]
fn without_vectors_nothing_of_a_package_changes() {
    let dir = folder(&draft());
    let hash = |name: &str| blake3::hash(&fs::read(dir.path().join("p").join(name)).unwrap()).to_hex();
    let persona = Persona::load(&dir.path().join("p"), today()).unwrap();
    assert!(persona.vectors().is_empty());
    let expected = format!(
        r#"schema = 1
id = "{}"
name = "test-face"
title = "A face of noise"
class = "fictional"
licence = "CC0-1.0"
created = "2026-11-23"
uses = [
    "stream",
    "recording",
]
tone = "match"
picture = "photo.png"
landmarks = "landmarks.json"

[disclosure]
credit = "nobody"

[fictional]
how = "drawn"

[files]
"landmarks.json" = "{}"
"photo.png" = "{}"
"#,
        persona.id(),
        hash("landmarks.json"),
        hash("photo.png")
    );
    assert_eq!(fs::read_to_string(dir.path().join("p/persona.toml")).unwrap(), expected);
    assert_eq!(fs::read_dir(dir.path().join("p")).unwrap().count(), 3);
}

#[test]
fn a_file_that_holds_no_vectors_is_refused() {
    let good = vector('a', 1.0).to_bytes().unwrap();
    let put = |at: usize, value: f32| {
        let mut bytes = good.clone();
        bytes[at * 4..at * 4 + 4].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    let cases = [
        (vec![], "0 bytes"),
        (good[..4095].to_vec(), "4095 bytes"),
        ([&good[..], &[0]].concat(), "4097 bytes"),
        (good[..2048].to_vec(), "2048 bytes"),
        (put(0, f32::NAN), "not finite"),
        (put(1023, f32::INFINITY), "not finite"),
        (put(600, f32::NEG_INFINITY), "not finite"),
        (put(7, f32::MAX), "too large"),
        ([&[0; 2048], &good[2048..]].concat(), "zero"),
        ([&good[..2048], &[0; 2048]].concat(), "zero"),
    ];
    let dir = folder(&with(vec![vector('a', 1.0)]));
    for (bytes, expected) in cases {
        replace_file(dir.path(), FILE, &bytes);
        let error = refused(dir.path());
        assert!(matches!(&error, PersonaError::Vectors { file, .. } if file == FILE), "{error}");
        let text = error.to_string();
        assert!(text.contains(FILE) && text.contains(expected), "{expected}: {text}");
    }
    replace_file(dir.path(), FILE, &good);
    assert!(Persona::load(&dir.path().join("p"), today()).is_ok());
    // Changed without its hash, and gone.
    fs::write(dir.path().join("p").join(FILE), put(0, 0.5)).unwrap();
    let error = refused(dir.path());
    assert!(matches!(&error, PersonaError::Changed { file } if file == FILE), "{error}");
    fs::remove_file(dir.path().join("p").join(FILE)).unwrap();
    let error = refused(dir.path());
    assert!(matches!(&error, PersonaError::MissingFile { file } if file == FILE), "{error}");
    // A larger one than any file may be is not read whole.
    replace_file(dir.path(), FILE, &vec![0; (32 << 20) + 1]);
    assert!(matches!(refused(dir.path()), PersonaError::TooLarge { .. }));
}

#[test]
fn faults_of_the_vectors_blocks_are_named() {
    type Case = (&'static str, fn(String) -> String);
    let cases: [Case; 6] = [
        ("vectors.recogniser", |t| t.replace(&"b".repeat(64), &"a".repeat(64))),
        ("vectors.recogniser", |t| t.replace(&"a".repeat(64), &"A".repeat(64))),
        ("vectors.recogniser", |t| t.replace(&"a".repeat(64), &"a".repeat(63))),
        ("vectors.photos", |t| t.replace("photos = 3", "photos = 0")),
        ("vectors.file", |t| t.replace("file = \"vectors-b", "file = \"vectors-c")),
        ("vectors.file", |t| {
            t.replace("file = \"vectors-bbbbbbbbbbbbbbbb", "file = \"vectors-aaaaaaaaaaaaaaaa")
        }),
    ];
    for (expected, change) in cases {
        let dir = folder(&with(vec![vector('a', 1.0), vector('b', 1.0)]));
        edit(dir.path(), change);
        let error = refused(dir.path());
        assert!(matches!(error, PersonaError::Value { key, .. } if key == expected), "{expected}: {error}");
    }
    let dir = folder(&with(vec![vector('a', 1.0)]));
    edit(dir.path(), |text| text.replace("file = \"vectors-", "file = \"../vectors-"));
    assert!(matches!(refused(dir.path()), PersonaError::Escape { .. }));
    for wrong in ["photos = -1", "photos = 1.5", "photos = 4294967296", "photos = 3\nside = 1"] {
        let dir = folder(&with(vec![vector('a', 1.0)]));
        edit(dir.path(), |text| text.replace("photos = 3", wrong));
        assert!(matches!(refused(dir.path()), PersonaError::Manifest { .. }), "{wrong}");
    }
}

#[test]
fn no_bad_vectors_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |vectors: Vec<PersonaVector>| {
        let written = with(vectors).write(&dir.path().join("p"), today());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        written.unwrap_err().to_string()
    };
    let changed = |change: fn(&mut PersonaVector)| {
        let mut vector = vector('a', 1.0);
        change(&mut vector);
        vec![vector]
    };
    let nine = "123456789".chars().map(|digit| vector(digit, 1.0)).collect();
    assert!(refused(nine).contains("9 blocks, and 8 are allowed"));
    assert!(refused(vec![vector('a', 1.0), vector('a', 2.0)]).contains("twice"));
    assert!(refused(changed(|v| v.recogniser = "../../x".to_owned())).contains("outside the package"));
    assert!(refused(changed(|v| v.recogniser = "面".repeat(20))).contains("vectors.recogniser"));
    assert!(refused(changed(|v| v.photos = 0)).contains("photos"));
    // 1024 values, but not 512 and 512.
    assert!(refused(changed(|v| v.raw.extend(v.unit.split_off(500)))).contains("512 values"));
    assert!(refused(changed(|v| v.unit[3] = f32::NAN)).contains("not finite"));
    let alike = PersonaVector { recogniser: format!("{}b", "a".repeat(63)), ..vector('a', 1.0) };
    assert!(refused(vec![vector('a', 1.0), alike]).contains("vectors.file"));
}

#[test]
fn means_are_of_what_came_and_of_unit_vectors() {
    let one = along(1, 1, -2.0 / 3.0);
    assert_eq!(one[1], 1.0);
    let who = PersonaVector::from_photos("x", &[along(0, 1, 0.0), one]).unwrap();
    assert_eq!((who.recogniser.as_str(), who.photos), ("x", 2));
    assert_eq!((who.raw[0], who.raw[1]), (1.5, 0.5));
    assert_eq!((who.unit[0], who.unit[1]), (0.5, 0.5));
    for none in [vec![], vec![vec![0.0; VECTOR]], vec![vec![1.0; 3]], vec![vec![f32::NAN; VECTOR]]] {
        assert_eq!(PersonaVector::from_photos("x", &none), None);
    }
    assert_eq!(
        PersonaVector::from_photos("x", &[vec![1.0; VECTOR], vec![-1.0; VECTOR]]),
        None,
        "no one is left"
    );
}

#[test]
fn the_odd_one_out_is_found() {
    let photos = [along(0, 1, 0.2), along(0, 2, 0.2), along(9, 3, 0.1), along(0, 4, 0.3)];
    let odd = outliers(&photos);
    assert_eq!(odd.iter().map(|o| o.0).collect::<Vec<_>>(), [2]);
    assert!(odd[0].1 < 0.1);
    assert!(outliers(&photos[..1]).is_empty() && outliers(&photos[..2]).is_empty());
    assert_eq!(outliers(&photos[1..3]).len(), 2, "of two neither is known to be the right one");
}

/// Photos that differ in height, each of one good face, and what is made of them.
fn made(vectors: &[Vec<f32>], without: bool) -> Result<Persona, String> {
    let dir = tempfile::tempdir().unwrap();
    let mut photos = (0..vectors.len()).map(|i| {
        let path = dir.path().join(format!("{i}.png"));
        fs::write(&path, noise(256, 256 + i as u32).to_png().unwrap()).unwrap();
        path
    });
    let photo = photos.next().unwrap();
    let more_photos: Vec<PathBuf> = photos.collect();
    let PersonaDraft { name, title, class, licence, uses, colour_transfer, credit, .. } = draft();
    let existing = Existing::Refuse;
    let making = NewPersona {
        photo,
        more_photos,
        name,
        title,
        class,
        licence,
        uses,
        colour_transfer,
        credit,
        existing,
        anyway: true,
    };
    // The photo of no vector has no face.
    let of = |photo: &Picture| vectors[photo.height() as usize - 256].clone();
    let find: FindFaces<'_> =
        &|photo| Ok(if of(photo).is_empty() { vec![] } else { vec![ellipse(256.0, 100.0)] });
    let vector: FindVector<'_> = &|photo, _| Ok(("a".repeat(64), of(photo)));
    let path = dir.path().join("p");
    let written = making.write_with(&path, today(), find, (!without).then_some(vector));
    assert_eq!(path.exists(), written.is_ok());
    written
        .map_err(|e| omote_frame::error::in_one_line(&e).replace(&format!("{}/", dir.path().display()), ""))
}

#[test]
fn several_photos_make_one_vector() {
    let photos = [along(0, 1, 0.2), along(0, 2, 0.2), along(0, 4, 0.3)];
    let persona = made(&photos, false).unwrap();
    assert_eq!(persona.vectors(), [PersonaVector::from_photos(&"a".repeat(64), &photos).unwrap()]);
    assert_eq!(persona.picture().height(), 256, "of the first photo");
    assert_eq!(made(&photos[..1], false).unwrap().vectors()[0].photos, 1);
    assert!(made(&photos[..1], true).unwrap().vectors().is_empty());
    assert!(made(&photos, true).unwrap_err().contains("`omote models add w600k_r50.onnx` first"));
}

#[test]
fn photos_that_do_not_fit_are_named() {
    let who = || along(0, 1, 0.2);
    let said = |photos: &[Vec<f32>]| made(photos, false).unwrap_err();
    assert_eq!(
        said(&[who(), who(), along(9, 0, 0.05)]),
        "photo 2.png does not look like the same person as the others (cosine 0.05, at least 0.30 is needed); \
         leave it out"
    );
    assert!(said(&[along(9, 0, 0.05), who(), who()]).starts_with("photo 0.png does not"));
    assert_eq!(
        said(&[who(), along(9, 0, 0.05)]),
        "photo 0.png and photo 1.png do not look like the same person (cosine 0.05, at least 0.30 is needed); \
         leave one out"
    );
    let several = said(&[who(), along(9, 9, 0.0), along(8, 8, 0.0)]);
    assert!(
        several.contains("photo 1.png (cosine 0.00), photo 2.png (cosine 0.00) do not look"),
        "{several}"
    );
    let none = said(&[who(), vec![]]);
    assert!(none.starts_with("1.png can't become a persona: no face was found"), "{none}");
    assert_eq!(said(&[who(), vec![1.0; 3]]), "the face recogniser can't make anything of 1.png");
}
