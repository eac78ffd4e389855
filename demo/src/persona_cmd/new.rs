//! `omote persona new`: from a photo of one face to a package.

use std::cell::Cell;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use omote_engine::error::Error;
use omote_engine::output::{self, Existing, OutputError};
use omote_engine::persona::{Class, ClassKind, ColourTransfer, Consent, Date, PersonaError, USES};
use omote_engine::persona::{FindFaces, FindVector, NewPersona, OWN_FACE};
use omote_engine::space::MeshPoint;
use serde::Deserialize;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ToneOption {
    /// Match the skin tone to the live face: for photos
    Match,
    /// Keep the colours: for paintings and masks
    Keep,
}

/// Options of `omote persona new`.
#[derive(Args, Clone, Debug)]
pub(crate) struct NewArgs {
    /// Photo of one whole face from the front, evenly lit, uncovered and at least 128 pixels wide (JPEG, PNG, WebP, BMP
    /// or TIFF; AVIF and HEIC if ffmpeg can read them)
    photo: PathBuf,
    /// More photos of the same person, for swap models. Their pixels are not kept. Needs a face recogniser
    #[arg(long, value_name = "PHOTO", num_args = 1..)]
    more: Vec<PathBuf>,
    /// Whose face it is: self, consented, licensed, fictional or historic. There is no default
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Short name of the persona: a-z, 0-9 and -
    #[arg(long)]
    name: String,
    /// Display name [default: the short name]
    #[arg(long)]
    title: Option<String>,
    /// Licence of the photo: an SPDX identifier or free text
    #[arg(long, default_value = "all rights reserved")]
    licence: String,
    /// Permitted uses, separated by commas: stream, recording, video-call, commercial, benchmark
    #[arg(long, value_delimiter = ',', default_value = "stream,recording,video-call")]
    uses: Vec<String>,
    /// Whom to credit where it is shown
    #[arg(long)]
    credit: Option<String>,
    /// How its colours are fitted to the live picture
    #[arg(long, value_enum, default_value = "match")]
    tone: ToneOption,
    /// With --class self: you state that the face in the photo is your own
    #[arg(long)]
    this_is_me: bool,
    /// With --class consented: TOML file with grantor, statement, date, expires, contact_for_revocation
    #[arg(long, value_name = "FILE")]
    consent_file: Option<PathBuf>,
    /// With --class consented: the signed letter or video. Only its hash is stored
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// With --class licensed or historic: the source of the picture
    #[arg(long)]
    source: Option<String>,
    /// With --class fictional: how it was made, such as drawn, generated: MODEL, or 3d
    #[arg(long)]
    how: Option<String>,
    /// With --class historic: the date of death, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    died: Option<Date>,
    /// Accept the photo even if the face looks turned away, dark or covered
    #[arg(long)]
    anyway: bool,
    /// Read the face points of the photo from this file, written by `omote track --stills`, instead of finding the face
    #[arg(long, value_name = "FILE.json")]
    landmarks: Option<PathBuf>,
    /// Output: a folder, or a file ending in .omote [default: your personas]
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Replace an existing persona, only once the new one is complete
    #[arg(long)]
    force: bool,
}

impl NewArgs {
    /// Makes the persona below `folder`, or where `--out` says.
    pub(super) fn run(
        &self,
        folder: &Path,
        today: Date,
        find: FindFaces<'_>,
        vector: Option<FindVector<'_>>,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let making = NewPersona {
            photo: self.photo.clone(),
            more_photos: self.more.clone(),
            name: self.name.clone(),
            title: self.title.clone().unwrap_or_else(|| self.name.clone()),
            class: self.ground()?,
            licence: self.licence.clone(),
            uses: self.uses.clone(),
            colour_transfer: match self.tone {
                ToneOption::Match => ColourTransfer::Match,
                ToneOption::Keep => ColourTransfer::Keep,
            },
            credit: self.credit.clone(),
            existing: Existing::force(self.force),
            anyway: self.anyway,
        };
        let path = self.out.clone().unwrap_or_else(|| folder.join(format!("{}.omote", self.name)));
        let others = [("the consent file", &self.consent_file), ("the evidence", &self.evidence)];
        let others = others.into_iter().chain([("the file of face points", &self.landmarks)]);
        let given = std::iter::once(&self.photo).chain(&self.more).map(|photo| ("the photo", &**photo));
        let inputs: Vec<(&str, &Path)> =
            given.chain(others.filter_map(|(what, path)| Some((what, path.as_deref()?)))).collect();
        output::apart(&[("--out", &path)], &inputs)?;
        let persona = match &self.landmarks {
            Some(file) => {
                let faces = points_of(file)?;
                // The persona's photo is the first that is asked for.
                let first = Cell::new(true);
                let find: FindFaces<'_> =
                    &|photo| if first.replace(false) { Ok(faces.clone()) } else { find(photo) };
                making.write_with(&path, today, find, vector)
            }
            None => making.write_with(&path, today, find, vector),
        }
        .map_err(|error| taken(error, &path))?;
        writeln!(out, "created {} ({})", path.display(), persona.class().kind())?;
        for vector in persona.vectors() {
            writeln!(out, "with the face vector that swap models need, from {}", photos(vector.photos))?;
        }
        writeln!(
            out,
            "Omote can't check whose face this is or that it may be worn. You are responsible for that."
        )?;
        Ok(())
    }

    /// The ground on which the persona may be worn, from the options that its class demands.
    fn ground(&self) -> anyhow::Result<Class> {
        let Some(class) = &self.class else {
            bail!(
                "whose face is it? Say so with --class self, consented, licensed, fictional or historic: \
                 there is no default"
            );
        };
        if let Some(unknown) = self.uses.iter().find(|known| !USES.contains(&known.as_str())) {
            bail!("`{unknown}` is not a known use: --uses takes {}", USES.join(", "));
        }
        let needs = |option: &str| anyhow!("--class {class} needs {option}");
        let text = |value: &Option<String>, option: &str| value.clone().ok_or_else(|| needs(option));
        Ok(match class.parse::<ClassKind>()? {
            ClassKind::Oneself if self.this_is_me => Class::Oneself { statement: OWN_FACE.to_owned() },
            ClassKind::Oneself => {
                return Err(needs("--this-is-me, which states that the face in the photo is your own"));
            }
            ClassKind::Consented => {
                let file = self.consent_file.as_deref().ok_or_else(|| needs("--consent-file FILE"))?;
                Class::Consented(consent(file, self.evidence.as_deref())?)
            }
            ClassKind::Licensed => Class::Licensed {
                licence: self.licence.clone(),
                source: text(&self.source, "--source TEXT")?,
            },
            ClassKind::Fictional => Class::Fictional { how: text(&self.how, "--how TEXT")? },
            ClassKind::Historic => Class::Historic {
                died: self.died.ok_or_else(|| needs("--died YYYY-MM-DD"))?,
                source: text(&self.source, "--source TEXT")?,
            },
        })
    }
}

/// Something of that name is there: what can be done about it here.
fn taken(error: Error, path: &Path) -> anyhow::Error {
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref());
    match cause {
        Some(PersonaError::AlreadyThere { .. }) => OutputError::There { path: path.to_owned() }.into(),
        _ => error.into(),
    }
}

/// "1 photo", "3 photos".
pub(super) fn photos(count: u32) -> String {
    format!("{count} photo{}", if count == 1 { "" } else { "s" })
}

/// The consent file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentFile {
    grantor: String,
    statement: String,
    date: String,
    expires: String,
    contact_for_revocation: String,
    evidence: Option<String>,
}

fn consent(file: &Path, evidence: Option<&Path>) -> anyhow::Result<Consent> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| {
        format!("the consent file can't be read; check its name and permissions: {shown}")
    })?;
    let stored: ConsentFile = toml::from_str(&text).with_context(|| {
        format!("this is not a consent file; give the one signed by the person depicted: {shown}")
    })?;
    let date = |key: &str, text: &str| text.parse::<Date>().with_context(|| format!("{shown}: `{key}`"));
    let evidence = match (evidence, stored.evidence) {
        (Some(path), _) => omote_engine::infer::models::hash_file(path).with_context(|| {
            format!("the evidence can't be read; check its name and permissions: {}", path.display())
        })?,
        (None, Some(hash)) => hash,
        (None, None) => bail!(
            "{shown} has no `evidence`: give the signed letter or video with --evidence FILE (only its hash is stored)"
        ),
    };
    Ok(Consent {
        date: date("date", &stored.date)?,
        expires: date("expires", &stored.expires)?,
        grantor: stored.grantor,
        statement: stored.statement,
        contact_for_revocation: stored.contact_for_revocation,
        evidence,
    })
}

/// One face of the exchange form of `omote track`.
#[derive(Deserialize)]
struct StoredFace {
    landmarks: Vec<[f32; 3]>,
}

/// The faces in a file: a list of faces with `landmarks`, or one object that holds such a list under one name.
fn points_of(file: &Path) -> anyhow::Result<Vec<Vec<MeshPoint>>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the face points can't be read; check the name and permissions: {shown}"))?;
    let mut value: serde_json::Value = serde_json::from_str(&text)
        .with_context(|| format!("this is not JSON; give what `omote track --stills` wrote: {shown}"))?;
    if let Some(object) = value.as_object() {
        if object.len() != 1 {
            bail!(
                "{shown} holds the faces of {} pictures; give one with the faces of a single picture",
                object.len()
            );
        }
        value = object.values().next().cloned().unwrap_or_default();
    }
    let faces: Vec<StoredFace> = serde_json::from_value(value).with_context(|| {
        format!("{shown} is not a list of faces with landmarks; give what `omote track --stills` wrote")
    })?;
    Ok(faces.into_iter().map(|face| face.landmarks.into_iter().map(MeshPoint::from).collect()).collect())
}
