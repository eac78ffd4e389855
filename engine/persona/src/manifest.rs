//! `persona.toml`: its form, its limits, and the id that binds it to its files.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Class, ClassKind, Consent, Date, PersonaError};

/// Name of the manifest inside a package.
pub(super) const MANIFEST: &str = "persona.toml";
/// The manifest's largest size, bytes.
pub(super) const MANIFEST_LIMIT: u64 = 64 << 10;
/// The form that this version reads and writes.
const SCHEMA: u32 = 1;
/// The most files that a package may list.
const FILES_LIMIT: usize = 64;
/// The most recognisers whose vectors a package may hold.
const VECTORS_LIMIT: usize = 8;

/// What a persona may be used for, as its maker says.
pub const USES: [&str; 5] = ["stream", "recording", "video-call", "commercial", "benchmark"];

/// How the persona's colours meet the live picture's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ColourTransfer {
    /// Skin is fitted to the live face's tone and light: photos.
    #[default]
    Match,
    /// Paint keeps its colours and takes only the relative change of light: masks.
    Keep,
}

/// The file as stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) schema: u32,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) title: String,
    class: String,
    pub(super) licence: String,
    created: String,
    pub(super) uses: Vec<String>,
    #[serde(default, rename = "tone")]
    pub(super) colour_transfer: ColourTransfer,
    pub(super) picture: String,
    pub(super) landmarks: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disclosure: Option<Disclosure>,
    #[serde(default, rename = "self", skip_serializing_if = "Option::is_none")]
    oneself: Option<OneselfBlock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentBlock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    licensed: Option<LicensedBlock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fictional: Option<FictionalBlock>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    historic: Option<HistoricBlock>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) vectors: Vec<VectorsBlock>,
    pub(super) files: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Disclosure {
    credit: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OneselfBlock {
    statement: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentBlock {
    grantor: String,
    statement: String,
    date: String,
    expires: String,
    evidence: String,
    contact_for_revocation: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LicensedBlock {
    licence: String,
    source: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FictionalBlock {
    how: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoricBlock {
    died: String,
    source: String,
}

/// One recogniser's vectors of the face.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VectorsBlock {
    /// SHA-256 of the recogniser's file, hex.
    pub(super) recogniser: String,
    /// From how many photos they are.
    pub(super) photos: u32,
    /// The file that holds them.
    pub(super) file: String,
}

/// What a manifest says beside its files.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct About {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) class: Class,
    pub(super) licence: String,
    pub(super) created: Date,
    pub(super) uses: Vec<String>,
    pub(super) colour_transfer: ColourTransfer,
    pub(super) credit: Option<String>,
}

impl Manifest {
    /// Reads and checks everything that can be checked without the files.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, PersonaError> {
        let reason = |reason: String| PersonaError::Manifest { reason };
        let text = std::str::from_utf8(bytes).map_err(|_| reason("it is not UTF-8 text".to_owned()))?;
        let manifest: Self =
            toml::from_str(text).map_err(|error| reason(error.to_string().trim().to_owned()))?;
        if manifest.schema != SCHEMA {
            let reason = format!("is {}, and this version of omote reads {SCHEMA}", manifest.schema);
            return Err(PersonaError::Value { key: "schema", reason });
        }
        if manifest.files.len() > FILES_LIMIT {
            let reason = format!("lists {} files, and {FILES_LIMIT} are allowed", manifest.files.len());
            return Err(PersonaError::Value { key: "files", reason });
        }
        for name in manifest.files.keys() {
            check_path(name)?;
        }
        for (key, name) in [("picture", &manifest.picture), ("landmarks", &manifest.landmarks)] {
            check_path(name)?;
            if !manifest.files.contains_key(name) {
                let reason = format!("names {name}, which is not in [files]");
                return Err(PersonaError::Value { key, reason });
            }
        }
        manifest.check_vectors()?;
        if manifest.id != id_of(&manifest.files) {
            return Err(PersonaError::WrongId);
        }
        Ok(manifest)
    }

    fn check_vectors(&self) -> Result<(), PersonaError> {
        let bad = |key, reason: String| Err(PersonaError::Value { key, reason });
        if self.vectors.len() > VECTORS_LIMIT {
            let reason = format!("has {} blocks, and {VECTORS_LIMIT} are allowed", self.vectors.len());
            return bad("vectors", reason);
        }
        let (mut recognisers, mut files) = (BTreeSet::new(), BTreeSet::new());
        for VectorsBlock { recogniser, photos, file } in &self.vectors {
            let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            if recogniser.len() != 64 || !recogniser.bytes().all(digit) {
                return bad("vectors.recogniser", "must be a SHA-256 of 64 digits 0-9 and a-f".to_owned());
            }
            if !recognisers.insert(recogniser) {
                return bad("vectors.recogniser", format!("names {recogniser} twice"));
            }
            if *photos == 0 {
                return bad("vectors.photos", "must be 1 or more".to_owned());
            }
            check_path(file)?;
            if !self.files.contains_key(file) {
                return bad("vectors.file", format!("names {file}, which is not in [files]"));
            }
            if !files.insert(file) {
                return bad("vectors.file", format!("names {file} twice"));
            }
        }
        Ok(())
    }

    /// What it says, checked; the class's ground must hold on the day `today`.
    pub(super) fn about(&self, today: Date) -> Result<About, PersonaError> {
        let about = About {
            name: self.name.clone(),
            title: self.title.clone(),
            class: self.class()?,
            licence: self.licence.clone(),
            created: date("created", &self.created)?,
            uses: self.uses.clone(),
            colour_transfer: self.colour_transfer,
            credit: self.disclosure.as_ref().map(|disclosure| disclosure.credit.clone()),
        };
        about.check(today)?;
        Ok(about)
    }

    fn class(&self) -> Result<Class, PersonaError> {
        let kind: ClassKind = self.class.parse()?;
        let missing = || PersonaError::MissingBlock { class: kind };
        Ok(match kind {
            ClassKind::Oneself => {
                Class::Oneself { statement: self.oneself.as_ref().ok_or_else(missing)?.statement.clone() }
            }
            ClassKind::Consented => {
                let block = self.consent.as_ref().ok_or_else(missing)?;
                Class::Consented(Consent {
                    grantor: block.grantor.clone(),
                    statement: block.statement.clone(),
                    date: date("consent.date", &block.date)?,
                    expires: date("consent.expires", &block.expires)?,
                    evidence: block.evidence.clone(),
                    contact_for_revocation: block.contact_for_revocation.clone(),
                })
            }
            ClassKind::Licensed => {
                let block = self.licensed.as_ref().ok_or_else(missing)?;
                Class::Licensed { licence: block.licence.clone(), source: block.source.clone() }
            }
            ClassKind::Fictional => {
                Class::Fictional { how: self.fictional.as_ref().ok_or_else(missing)?.how.clone() }
            }
            ClassKind::Historic => {
                let block = self.historic.as_ref().ok_or_else(missing)?;
                Class::Historic { died: date("historic.died", &block.died)?, source: block.source.clone() }
            }
        })
    }

    /// The manifest that says `about` of files with these hashes.
    pub(super) fn new(
        about: &About,
        picture: &str,
        landmarks: &str,
        vectors: Vec<VectorsBlock>,
        files: BTreeMap<String, String>,
    ) -> Self {
        let mut manifest = Self {
            schema: SCHEMA,
            id: id_of(&files),
            name: about.name.clone(),
            title: about.title.clone(),
            class: about.class.kind().name().to_owned(),
            licence: about.licence.clone(),
            created: about.created.to_string(),
            uses: about.uses.clone(),
            colour_transfer: about.colour_transfer,
            picture: picture.to_owned(),
            landmarks: landmarks.to_owned(),
            disclosure: about.credit.clone().map(|credit| Disclosure { credit }),
            oneself: None,
            consent: None,
            licensed: None,
            fictional: None,
            historic: None,
            vectors,
            files,
        };
        match about.class.clone() {
            Class::Oneself { statement } => manifest.oneself = Some(OneselfBlock { statement }),
            Class::Consented(consent) => {
                manifest.consent = Some(ConsentBlock {
                    grantor: consent.grantor,
                    statement: consent.statement,
                    date: consent.date.to_string(),
                    expires: consent.expires.to_string(),
                    evidence: consent.evidence,
                    contact_for_revocation: consent.contact_for_revocation,
                });
            }
            Class::Licensed { licence, source } => {
                manifest.licensed = Some(LicensedBlock { licence, source })
            }
            Class::Fictional { how } => manifest.fictional = Some(FictionalBlock { how }),
            Class::Historic { died, source } => {
                manifest.historic = Some(HistoricBlock { died: died.to_string(), source });
            }
        }
        manifest
    }

    /// The text to store.
    pub(super) fn to_text(&self) -> Result<String, PersonaError> {
        toml::to_string_pretty(self).map_err(|error| PersonaError::Manifest { reason: error.to_string() })
    }
}

impl About {
    /// Fails where a value is outside what is allowed, or the ground does not hold on the day `today`.
    pub(super) fn check(&self, today: Date) -> Result<(), PersonaError> {
        let bad = |key, reason: &str| Err(PersonaError::Value { key, reason: reason.to_owned() });
        if !is_name(&self.name) {
            return bad("name", "must be 1 to 64 of a-z, 0-9 and -, not beginning or ending with -");
        }
        if self.title.trim().is_empty() || self.title.chars().count() > 200 {
            return bad("title", "must have 1 to 200 characters");
        }
        if self.licence.trim().is_empty() {
            return bad("licence", "is empty: give an SPDX name or the licence's text");
        }
        if self.uses.is_empty() || !self.uses.iter().all(|known| USES.contains(&known.as_str())) {
            return bad(
                "uses",
                "must hold one or more of stream, recording, video-call, commercial, benchmark",
            );
        }
        self.class.check(today)
    }
}

/// Whether a text can be a persona's name: it is a file name everywhere, and is typed on command lines.
pub(super) fn is_name(text: &str) -> bool {
    let chars = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    chars && (1..=64).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-')
}

fn date(key: &'static str, text: &str) -> Result<Date, PersonaError> {
    text.parse().map_err(|error: super::DateError| PersonaError::Value {
        key,
        reason: format!("has a fault: {error}"),
    })
}

/// Fails unless `name` is a plain path below the package on every system: `/` between parts, no `..`,
/// no drive, no control characters.
pub(super) fn check_path(name: &str) -> Result<(), PersonaError> {
    let part = |part: &str| {
        let plain = part.chars().all(|c| !c.is_control() && !"\\:*?\"<>|".contains(c));
        plain && !part.is_empty() && part != "." && part != ".." && part.len() <= 255
    };
    match name.len() <= 1024 && name.split('/').all(part) && name != MANIFEST {
        true => Ok(()),
        false => Err(PersonaError::Escape { file: name.to_owned() }),
    }
}

/// BLAKE3 over the sorted list of paths and file hashes, hex: `path`, a zero byte, the hash's hex, a line end.
pub(super) fn id_of(files: &BTreeMap<String, String>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (path, hash) in files {
        hasher.update(path.as_bytes()).update(&[0]).update(hash.as_bytes()).update(b"\n");
    }
    hasher.finalize().to_hex().to_string()
}
