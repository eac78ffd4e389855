//! Writing and loading, and every refusal.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use omote_files::output::Existing;

#[test]
fn what_is_written_loads_from_a_folder_and_from_an_archive() {
    let dir = tempfile::tempdir().unwrap();
    let classes = [
        Class::Oneself { statement: "This is my own face.".to_owned() },
        Class::Consented(consent()),
        Class::Licensed { licence: "CC-BY-4.0".to_owned(), source: "a shop".to_owned() },
        Class::Fictional { how: "3d".to_owned() },
        Class::Historic { died: date("1890-07-29"), source: "a museum".to_owned() },
    ];
    for class in classes {
        let draft = PersonaDraft { class: class.clone(), colour_transfer: ColourTransfer::Keep, ..draft() };
        let mut ids = Vec::new();
        for name in ["one.omote", "two"] {
            let path = dir.path().join(class.kind().name()).join(name);
            let written = draft.write(&path, today()).unwrap();
            let loaded = Persona::load(&path, today()).unwrap();
            assert_eq!(loaded.id(), written.id());
            assert_eq!(loaded.class(), &class);
            assert_eq!((loaded.name(), loaded.title()), ("test-face", "A face of noise"));
            assert_eq!((loaded.colour_transfer(), loaded.created()), (ColourTransfer::Keep, today()));
            assert_eq!(loaded.credit(), Some("nobody"));
            assert_eq!(loaded.picture(), &draft.picture);
            for (a, b) in loaded.landmarks().iter().zip(&draft.landmarks) {
                assert!((*a - *b).length() < 0.02, "{a} {b}");
            }
            ids.push(loaded.id().to_owned());
        }
        assert_eq!(ids[0], ids[1]);
        let beside = fs::read_dir(dir.path().join(class.kind().name())).unwrap().count();
        assert_eq!(beside, 2, "nothing else is left beside the two packages");
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_bad_is_written() {
    let dir = folder(&draft());
    let again = draft().write(&dir.path().join("p"), today());
    assert!(matches!(again, Err(PersonaError::AlreadyThere { .. })), "{again:?}");
    let bad = PersonaDraft { landmarks: ellipse(256.0, 40.0), ..draft() };
    let small = bad.write(&dir.path().join("q"), today());
    assert!(matches!(small, Err(PersonaError::FaceTooSmall { .. })), "{small:?}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_package_is_replaced_only_where_that_was_said_and_by_a_package() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.omote", "a"] {
        let path = dir.path().join(name);
        let first = draft().write(&path, today()).unwrap();
        let other = PersonaDraft { title: "Another".to_owned(), ..draft() };
        let again = other.write(&path, today());
        assert!(matches!(again, Err(PersonaError::AlreadyThere { .. })), "{again:?}");
        assert_eq!(Persona::load(&path, today()).unwrap().title(), first.title());
        other.write_with(&path, today(), Existing::Replace).unwrap();
        assert_eq!(Persona::load(&path, today()).unwrap().title(), "Another");
    }
    // A folder with anything else in it is no package.
    fs::write(dir.path().join("a/diary.txt"), "mine").unwrap();
    draft().write_with(&dir.path().join("a"), today(), Existing::Replace).unwrap_err();
    assert!(dir.path().join("a/diary.txt").exists());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn faces_and_consents_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let draft = PersonaDraft { class: Class::Consented(consent()), ..draft() };
    for name in ["a.omote", "a"] {
        draft.write(&dir.path().join(name), today()).unwrap();
    }
    assert_eq!((mode(&dir.path().join("a.omote")), mode(&dir.path().join("a"))), (0o600, 0o700));
    for entry in fs::read_dir(dir.path().join("a")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    // One that was open to all is closed with the next.
    fs::set_permissions(dir.path().join("a.omote"), fs::Permissions::from_mode(0o644)).unwrap();
    draft.write_with(&dir.path().join("a.omote"), today(), Existing::Replace).unwrap();
    assert_eq!(mode(&dir.path().join("a.omote")), 0o600);
}

#[test]
fn a_changed_picture_is_refused() {
    let dir = folder(&draft());
    fs::write(dir.path().join("p/photo.png"), noise(256, 255).to_png().unwrap()).unwrap();
    let error = refused(dir.path());
    assert!(matches!(&error, PersonaError::Changed { file } if file == "photo.png"), "{error}");
}

#[test]
fn a_changed_hash_does_not_hide_a_changed_file() {
    let dir = folder(&draft());
    let bytes = noise(256, 256).to_png().unwrap();
    let hash = blake3::hash(&bytes).to_hex().to_string();
    edit(dir.path(), |text| text.replace(&hash, &"0".repeat(64)));
    assert!(matches!(refused(dir.path()), PersonaError::WrongId));
}

#[test]
fn a_missing_file_is_named() {
    let dir = folder(&draft());
    fs::remove_file(dir.path().join("p/landmarks.json")).unwrap();
    let error = refused(dir.path());
    assert!(matches!(&error, PersonaError::MissingFile { file } if file == "landmarks.json"), "{error}");
    fs::remove_file(dir.path().join("p/persona.toml")).unwrap();
    let error = refused(dir.path());
    assert!(matches!(&error, PersonaError::MissingFile { file } if file == "persona.toml"), "{error}");
    let nowhere = Persona::load(&dir.path().join("nowhere"), today()).unwrap_err();
    assert!(matches!(nowhere, PersonaError::Missing { .. }), "{nowhere}");
}

#[test]
fn consent_must_be_there_and_hold() {
    let with = |consent: Consent| PersonaDraft { class: Class::Consented(consent), ..draft() };
    let dir = folder(&with(consent()));
    let load = |day: &str| Persona::load(&dir.path().join("p"), date(day));
    assert!(load("2027-01-10").is_ok(), "it holds through its last day");
    let expired = load("2027-01-11").unwrap_err();
    assert!(
        matches!(expired, PersonaError::Expired { expires } if expires == date("2027-01-10")),
        "{expired}"
    );

    let value = |consent: Consent| match with(consent).in_memory(today()) {
        Err(PersonaError::Value { key, .. }) => key,
        other => panic!("{other:?}"),
    };
    assert_eq!(value(Consent { expires: date("2028-01-11"), ..consent() }), "consent.expires");
    assert_eq!(value(Consent { expires: date("2025-01-11"), ..consent() }), "consent.expires");
    assert_eq!(value(Consent { date: date("2026-11-24"), ..consent() }), "consent.date");
    assert_eq!(value(Consent { grantor: "  ".to_owned(), ..consent() }), "consent.grantor");
    assert_eq!(value(Consent { evidence: "a letter".to_owned(), ..consent() }), "consent.evidence");
    assert!(
        with(Consent { expires: date("2028-01-10"), ..consent() }).in_memory(today()).is_ok(),
        "24 months"
    );

    // A package that claims consent and carries no record of it.
    edit(dir.path(), |text| {
        let mut table: toml::Table = text.parse().unwrap();
        table.remove("consent");
        toml::to_string(&table).unwrap()
    });
    let error = refused(dir.path());
    assert!(matches!(error, PersonaError::MissingBlock { class: ClassKind::Consented }), "{error}");
    assert!(error.to_string().contains("[consent]"), "{error}");
}

#[test]
fn faults_of_the_manifest_are_named() {
    type Case = (&'static str, fn(String) -> String, fn(&PersonaError) -> bool);
    let cases: [Case; 9] = [
        (
            "class",
            |t| t.replace("\"fictional\"", "\"funny\""),
            |e| matches!(e, PersonaError::UnknownClass { class } if class == "funny"),
        ),
        (
            "no class",
            |t| t.replace("class = \"fictional\"\n", ""),
            |e| matches!(e, PersonaError::Manifest { reason } if reason.contains("class")),
        ),
        (
            "schema",
            |t| t.replace("schema = 1", "schema = 2"),
            |e| matches!(e, PersonaError::Value { key: "schema", .. }),
        ),
        (
            "use",
            |t| t.replace("\"stream\"", "\"blackmail\""),
            |e| matches!(e, PersonaError::Value { key: "uses", .. }),
        ),
        (
            "date",
            |t| t.replace("2026-11-23", "2026-02-30"),
            |e| matches!(e, PersonaError::Value { key: "created", .. }),
        ),
        (
            "name",
            |t| t.replace("test-face", "../face"),
            |e| matches!(e, PersonaError::Value { key: "name", .. }),
        ),
        ("unknown key", |t| format!("badge = false\n{t}"), |e| matches!(e, PersonaError::Manifest { .. })),
        ("no TOML", |t| format!("= {t}"), |e| matches!(e, PersonaError::Manifest { .. })),
        ("id", |t| t.replace("id = \"", "id = \"0"), |e| matches!(e, PersonaError::WrongId)),
    ];
    for (what, change, expected) in cases {
        let dir = folder(&draft());
        edit(dir.path(), change);
        let error = refused(dir.path());
        assert!(expected(&error), "{what}: {error}");
    }
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in [
        "../secret",
        "/etc/passwd",
        "a/../../b",
        "a\\b",
        "C:x",
        "",
        "a//b",
        "./a",
        "a/.",
        "persona.toml",
        "a\0",
    ] {
        assert!(manifest::check_path(name).is_err(), "{name:?}");
    }
    for name in ["photo.png", "consent/letter.pdf", "面.png", "..hidden"] {
        assert!(manifest::check_path(name).is_ok(), "{name:?}");
    }
    let dir = folder(&draft());
    edit(dir.path(), |text| text.replace("\"photo.png\"", "\"../photo.png\""));
    assert!(matches!(refused(dir.path()), PersonaError::Escape { .. }));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_refused() {
    let dir = folder(&draft());
    let (inside, outside) = (dir.path().join("p/photo.png"), dir.path().join("photo.png"));
    fs::rename(&inside, &outside).unwrap();
    std::os::unix::fs::symlink(&outside, &inside).unwrap();
    assert!(matches!(refused(dir.path()), PersonaError::Escape { file } if file == "photo.png"));
}

#[test]
fn pictures_must_be_pictures_of_fair_size() {
    let dir = folder(&draft());
    replace_file(dir.path(), "photo.png", b"just some text");
    assert!(matches!(refused(dir.path()), PersonaError::NotAPicture { .. }));

    let whole = noise(256, 256).to_png().unwrap();
    replace_file(dir.path(), "photo.png", &whole[..whole.len() / 2]);
    assert!(matches!(refused(dir.path()), PersonaError::NotAPicture { .. }));

    // A header that promises more than is allowed is refused before anything is decoded.
    let mut header = noise(1, 1).to_png().unwrap();
    header[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
    let sum = crc(&header[12..29]).to_be_bytes();
    header[29..33].copy_from_slice(&sum);
    replace_file(dir.path(), "photo.png", &header);
    let error = refused(dir.path());
    assert!(matches!(error, PersonaError::PictureTooLarge { width: 16384, .. }), "{error}");

    // Another picture, honestly listed, but not the one that the landmarks are of.
    replace_file(dir.path(), "photo.png", &noise(200, 256).to_png().unwrap());
    assert!(matches!(refused(dir.path()), PersonaError::Landmarks { .. }));
}

/// CRC-32 of a PNG chunk, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xedb8_8320 * (sum & 1));
        }
    }
    !sum
}

#[test]
fn landmarks_must_fit() {
    let json = |points: &str| format!("{{\"width\":256,\"height\":256,\"points\":[{points}]}}");
    let many = |n: usize, first: &str| {
        let rest: Vec<String> = ellipse(256.0, 100.0)
            .iter()
            .cycle()
            .take(n - 1)
            .map(|p| format!("[{},{},{}]", p.x, p.y, p.z))
            .collect();
        json(&format!("{first},{}", rest.join(",")))
    };
    let dir = folder(&draft());
    for bad in [
        many(467, "[9,9,0]"),
        many(479, "[9,9,0]"),
        many(468, "[-1,9,0]"),
        many(468, "[9,256,0]"),
        many(468, "[9,9,9999]"),
        many(468, "[9,9,1e39]"),
        many(468, "[9,null,0]"),
        many(468, "[9,NaN,0]"),
        many(468, "[9,9]"),
        json(""),
        "[]".to_owned(),
        String::new(),
    ] {
        replace_file(dir.path(), "landmarks.json", bad.as_bytes());
        let error = refused(dir.path());
        assert!(matches!(error, PersonaError::Landmarks { .. }), "{error}");
    }
    for count in [468, 478] {
        replace_file(dir.path(), "landmarks.json", many(count, "[9,9,0]").as_bytes());
        assert_eq!(Persona::load(&dir.path().join("p"), today()).unwrap().landmarks().len(), count);
    }
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn bombs_are_refused_by_size() {
    // 48 MiB of zeros deflate to some 50 kB.
    let bomb = zipped(&[("persona.toml", &vec![b' '; 48 << 20])]);
    assert!(bomb.len() < 1 << 20);
    let error = Persona::from_archive(bomb, today()).unwrap_err();
    assert!(matches!(&error, PersonaError::TooLarge { what, .. } if what == "persona.toml"), "{error}");

    // Each file is within its limit, and all together are not.
    let dir = folder(&draft());
    let third = vec![0; 25 << 20];
    for name in ["a", "b", "c"] {
        replace_file(dir.path(), name, &third);
    }
    let error = refused(dir.path());
    assert!(matches!(&error, PersonaError::TooLarge { what, .. } if what == "the whole"), "{error}");
    fs::remove_file(dir.path().join("p/c")).unwrap();
    assert!(matches!(refused(dir.path()), PersonaError::MissingFile { .. }));
}

#[test]
fn an_archive_that_is_none_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.omote");
    for bytes in [&b""[..], b"hello", &zipped(&[("persona.toml", b"x")])[..20]] {
        fs::write(&path, bytes).unwrap();
        let error = Persona::load(&path, today()).unwrap_err();
        assert!(matches!(error, PersonaError::Archive { .. }), "{error}");
    }
    let empty = Persona::from_archive(zipped(&[]), today()).unwrap_err();
    assert!(matches!(empty, PersonaError::MissingFile { .. }), "{empty}");
}

#[test]
fn nobody_passes_for_a_persona_that_is_built_in() {
    let named = |name: &str| PersonaDraft { name: name.to_owned(), ..draft() };
    let dir = tempfile::tempdir().unwrap();
    for name in BUILT_IN {
        let refused = named(name).write(&dir.path().join("p"), today()).unwrap_err();
        assert!(matches!(&refused, PersonaError::BuiltInName { .. }), "{refused}");
    }
    // A package from elsewhere that says so of itself.
    let dir = folder(&draft());
    edit(dir.path(), |text| text.replace("test-face", "kitsune"));
    let refused = Persona::load(&dir.path().join("p"), today()).unwrap_err();
    assert!(matches!(&refused, PersonaError::BuiltInName { .. } | PersonaError::WrongId), "{refused}");
}

#[test]
fn what_is_refused_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.png");
    fs::write(&path, b"\x89PNG\r\n\x1a\n").unwrap();
    let making = NewPersona {
        photo: path,
        more_photos: vec![],
        name: "me".to_owned(),
        title: "Me".to_owned(),
        class: Class::Oneself { statement: "mine".to_owned() },
        licence: "x".to_owned(),
        uses: vec!["stream".to_owned()],
        colour_transfer: ColourTransfer::Match,
        credit: None,
        existing: Existing::Refuse,
        anyway: false,
    };
    let said = |error: omote_frame::error::Error| omote_frame::error::in_one_line(&error);
    let cut = said(making.write(&dir.path().join("a"), today(), &|_| Ok(vec![])).unwrap_err());
    assert_eq!(cut.matches("damaged").count(), 1, "{cut}");
    let photo = noise(300, 300);
    fs::write(&making.photo, photo.to_png().unwrap()).unwrap();
    let none = said(making.write(&dir.path().join("a"), today(), &|_| Ok(vec![])).unwrap_err());
    assert_eq!(
        (none.matches("no face was found").count(), none.matches("can't become").count()),
        (1, 1),
        "{none}"
    );
    let there = dir.path().join("there");
    fs::create_dir(&there).unwrap();
    fs::write(there.join("notes.txt"), "mine").unwrap();
    let face = vec![ellipse(300.0, 110.0)];
    let making = NewPersona { anyway: true, ..making };
    let taken = said(making.write(&there, today(), &|_| Ok(face.clone())).unwrap_err());
    assert_eq!(taken.matches("there").count(), 1 + taken.matches("/there").count(), "{taken}");
}
