//! Why a persona is refused, in plain words.

use std::io;
use std::path::PathBuf;

use super::{ClassKind, Date, Flaw, LEAST_COSINE};
use omote_files::output::OutputError;
use omote_frame::error::{Error, ErrorKind, Stage};

/// Why a persona can't be loaded, made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PersonaError {
    /// There is no file or folder of that name.
    #[error("no persona at {}: give a folder with a persona.toml, or a .omote file", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file can't be read.
    #[error("can't read {file} of the persona: {source}")]
    Read {
        /// The file, below the package.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The package can't be written.
    #[error(transparent)]
    Write(OutputError),
    /// Something of that name is there already.
    #[error("{} is there already: remove it or choose another name", path.display())]
    AlreadyThere {
        /// What is in the way.
        path: PathBuf,
    },
    /// The archive is not a readable zip.
    #[error("the persona's archive is damaged or no zip file ({reason}): get the package again")]
    Archive {
        /// What the reader said.
        reason: String,
    },
    /// A file of the package is not there.
    #[error("{file} is missing from the persona: get the package again")]
    MissingFile {
        /// The file, below the package.
        file: String,
    },
    /// A file's contents are not what the manifest says.
    #[error("{file} was changed after the persona was made (its hash differs): get the package again")]
    Changed {
        /// The file, below the package.
        file: String,
    },
    /// The manifest's id is not that of its files.
    #[error("the persona's id does not belong to its files: get the package again")]
    WrongId,
    /// A name would lead out of the package.
    #[error("the persona names the file `{file}`, which may lie outside the package: such names are refused")]
    Escape {
        /// The name.
        file: String,
    },
    /// A file, or all together, are larger than a persona may be.
    #[error("{what} of the persona is larger than the {limit} bytes allowed")]
    TooLarge {
        /// A file's name, or "the whole".
        what: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// The manifest is no TOML of the expected form.
    #[error("persona.toml can't be understood: {reason}")]
    Manifest {
        /// Place and reason.
        reason: String,
    },
    /// A key's value is outside what is allowed.
    #[error("persona.toml: `{key}` {reason}")]
    Value {
        /// The key, with its table.
        key: &'static str,
        /// What it must be.
        reason: String,
    },
    /// A persona is to have the name of one that is built in.
    #[error("{name} is the name of a persona that is built in: give this one another name")]
    BuiltInName {
        /// The name.
        name: String,
    },
    /// The class is not one of the five.
    #[error("`{class}` is no class of persona: it must be self, consented, licensed, fictional or historic")]
    UnknownClass {
        /// What was given.
        class: String,
    },
    /// The block that the class demands is missing.
    #[error("a persona of class `{class}` needs the block [{}] in persona.toml, and there is none", class.block())]
    MissingBlock {
        /// The class.
        class: ClassKind,
    },
    /// The consent is past its date.
    #[error("the consent of the person depicted expired on {expires}: ask for a new one")]
    Expired {
        /// The last day on which it held.
        expires: Date,
    },
    /// The picture is no picture.
    #[error("{reason}: {file}")]
    NotAPicture {
        /// The file.
        file: String,
        /// What it is, and what to do.
        reason: String,
    },
    /// The picture is larger than allowed.
    #[error("{file} is {width}x{height} pixels, and at most {limit} a side are allowed: make it smaller")]
    PictureTooLarge {
        /// The file.
        file: String,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Pixels allowed a side.
        limit: u32,
    },
    /// The landmarks are not those of the picture's face.
    #[error("the landmarks of the persona are not usable: {reason}")]
    Landmarks {
        /// What is wrong with them.
        reason: String,
    },
    /// A recogniser's vectors are none.
    #[error("the face vectors of the persona in {file} are not usable: {reason}")]
    Vectors {
        /// The file, below the package.
        file: String,
        /// What is wrong with them.
        reason: String,
    },
    /// No face was found in the photo.
    #[error("no face was found in the photo: take one that shows a whole face from the front")]
    NoFace,
    /// More than one face was found in the photo.
    #[error("{count} faces were found in the photo: cut it so that only one is in it")]
    ManyFaces {
        /// How many.
        count: usize,
    },
    /// The face has too few pixels.
    #[error("the face is only {size:.0} pixels wide or high, and {least} are needed: use a larger photo")]
    FaceTooSmall {
        /// The smaller side of the face's box, pixels.
        size: f32,
        /// The least allowed.
        least: f32,
    },
    /// The face is cut off by the picture's edge.
    #[error("the face reaches over the picture's edge: take a photo that shows the whole face")]
    FaceCutOff,
    /// The face is not sharp.
    #[error(
        "the face is blurred (sharpness {sharpness:.4}, at least {least:.4} is needed): take a sharper photo"
    )]
    Blurred {
        /// What [`sharpness`](super::sharpness) gave.
        sharpness: f32,
        /// The least allowed.
        least: f32,
    },
    /// The face is not fit to be worn: turned away, in the dark, covered.
    #[error("{}: {}, or take this one with `omote persona new … --anyway`", flaw.reason(), flaw.remedy())]
    Unfit {
        /// What is wrong.
        flaw: Flaw,
    },
    /// Photos that were given for one person do not all show that person.
    #[error("{}", not_alike(photos, *of))]
    SomeoneElse {
        /// Those that differ: name, and cosine to the mean of the others.
        photos: Vec<(String, f32)>,
        /// How many photos there are.
        of: usize,
    },
}

/// What is said of photos that do not show who the others of `of` show.
fn not_alike(photos: &[(String, f32)], of: usize) -> String {
    let least = format!("at least {LEAST_COSINE:.2} is needed");
    match photos {
        [(photo, cosine)] => format!(
            "photo {photo} does not look like the same person as the others (cosine {cosine:.2}, {least}); \
             leave it out"
        ),
        [(a, cosine), (b, _)] if of == 2 => format!(
            "photo {a} and photo {b} do not look like the same person (cosine {cosine:.2}, {least}); \
             leave one out"
        ),
        many => {
            let one = |(photo, cosine): &(String, f32)| format!("photo {photo} (cosine {cosine:.2})");
            let many: Vec<String> = many.iter().map(one).collect();
            format!(
                "{} do not look like the same person as the others ({least}); leave out those that show \
                 someone else",
                many.join(", ")
            )
        }
    }
}

impl PersonaError {
    /// What it is to the library's callers.
    pub fn kind(&self) -> ErrorKind {
        use PersonaError as P;
        match self {
            P::Missing { .. } => ErrorKind::Missing,
            P::Write(_) | P::AlreadyThere { .. } => ErrorKind::Output,
            P::Read { .. } | P::Archive { .. } | P::NotAPicture { .. } => ErrorKind::Damaged,
            P::TooLarge { .. } | P::PictureTooLarge { .. } => ErrorKind::Unsupported,
            _ => ErrorKind::Refused,
        }
    }
}

impl From<OutputError> for PersonaError {
    fn from(error: OutputError) -> Self {
        use OutputError as O;
        match error {
            O::There { path }
            | O::FileInTheWay { path }
            | O::FolderInTheWay { path }
            | O::NotEmpty { path, .. }
            | O::FolderThere { path, .. } => Self::AlreadyThere { path },
            other => Self::Write(other),
        }
    }
}

/// Why a photo can't become a persona, and where in it that is seen. Its source is the [`PersonaError`].
#[derive(Debug, thiserror::Error)]
#[error("{} can't become a persona", photo.display())]
pub struct Refusal {
    /// The photo.
    pub photo: PathBuf,
    /// Boxes in the photo's pixels: left, top, right, bottom. One for each place; none where it can't be said.
    pub places: Vec<[f32; 4]>,
    /// Columns and rows of the photo, upright.
    pub size: (u32, u32),
    /// The reason.
    pub source: PersonaError,
}

impl From<PersonaError> for Error {
    fn from(error: PersonaError) -> Self {
        let (kind, message) = (error.kind(), error.to_string());
        Self::wrap(kind, Stage::Persona, message, error)
    }
}
