//! Whatever the bytes, loading ends with a persona or a reason, and never with a panic.

use proptest::prelude::*;
use std::sync::OnceLock;

use super::*;

/// A whole package as an archive.
fn archive() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.omote");
        let vectors = vec![vectors::vector('a', 1.0), vectors::vector('b', 2.0)];
        PersonaDraft { picture: noise(192, 192), landmarks: ellipse(192.0, 90.0), vectors, ..draft() }
            .write(&path, today())
            .unwrap();
        fs::read(&path).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_as_an_archive(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(Persona::from_archive(bytes, today()).is_err());
    }

    #[test]
    fn a_spoiled_archive(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20), cut in any::<prop::sample::Index>()) {
        let mut bytes = archive().to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        // Any outcome but a panic: a change may well hit a byte that means nothing.
        let _ = Persona::from_archive(bytes.clone(), today());
        bytes.truncate(cut.index(bytes.len()));
        let _ = Persona::from_archive(bytes, today());
    }

    #[test]
    fn random_bytes_as_a_manifest(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        prop_assert!(Manifest::parse(&bytes).is_err());
    }

    #[test]
    fn random_words_as_a_manifest(words in prop::collection::vec(prop::sample::select(WORDS), 0..40)) {
        let _ = Manifest::parse(words.concat().as_bytes());
    }

    #[test]
    fn random_bytes_as_a_picture(kind in 0..4usize, bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let heads: [&[u8]; 4] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x24\0\0\0WEBPVP8 ", b"BM"];
        let _ = Picture::decode(&[heads[kind], &bytes].concat(), "x", 512);
    }

    #[test]
    fn random_text_as_landmarks(text in "[\\[\\]{}0-9.,:e\\-\"a-z]{0,200}") {
        prop_assert!(landmarks::parse(text.as_bytes(), &noise(160, 160)).is_err());
    }

    #[test]
    fn random_bytes_as_vectors(bytes in prop::collection::vec(any::<u8>(), 0..4200)) {
        let block = vectors::vector('a', 1.0).block();
        prop_assert!(PersonaVector::parse(&bytes, &block).is_err());
        let whole: Vec<u8> = bytes.into_iter().chain([0; 4096]).take(4096).collect();
        if let Ok(vector) = PersonaVector::parse(&whole, &block) {
            prop_assert!(vector.raw.iter().chain(&vector.unit).all(|v| v.is_finite()));
            prop_assert_eq!(vector.to_bytes().unwrap(), whole);
        }
    }

    #[test]
    fn random_text_as_a_date(text in "[0-9\\-]{0,12}|\\PC{0,12}") {
        if let Ok(date) = text.parse::<Date>() {
            prop_assert_eq!(date.to_string(), text);
        }
    }
}

const WORDS: &[&str] = &[
    "schema = 1\n",
    "id = \"\"\n",
    "class = ",
    "\"self\"\n",
    "[files]\n",
    "[consent]\n",
    "[[files]]\n",
    "[[vectors]]\n",
    "photos = 1\n",
    "name = \"\"\n",
    "\"../x\" = \"\"\n",
    "[",
    "]",
    "{",
    "}",
    "=",
    "\"",
    "'''",
    "\n",
    "1979-05-27\n",
    "expires = ",
    "0x",
    "\u{0}",
    "[self]\n",
    "uses = []\n",
    "picture = \"a\"\n",
    "landmarks = \"b\"\n",
];
