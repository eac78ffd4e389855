//! The personas that can be worn here: those built in, and the user's own packages in the data folder.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{
    Class, Date, PHOTO_SIDE, Persona, PersonaDraft, PersonaError, PersonaVector, Picture, Refusal, Tone,
    built_in, cut_out, judge, one_good_face, outliers, write::check_place,
};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::frame::Frame;
use crate::infer::{Runtime, models};
use crate::output::Existing;
use crate::space::MeshPoint;
use crate::track::{Tracker, TrackerConfig};

/// What is stored where the user says that the face is their own.
pub const OWN_FACE: &str = "The user stated that this is their own face.";

/// Finds the faces of a photo: the mesh points of each, in the photo's pixels.
pub type FindFaces<'a> = &'a dyn Fn(&Picture) -> Result<Vec<Vec<MeshPoint>>>;

/// What a face recogniser makes of a face in a photo: the SHA-256 of the recogniser's file, 64 hex digits, and the
/// vector as it came, 512 values.
pub type FindVector<'a> = &'a dyn Fn(&Picture, &[MeshPoint]) -> Result<(String, Vec<f32>)>;

/// Today in UTC, by the system's clock.
pub fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::from_unix(since.as_secs())
}

/// Where the user's own personas are, inside a data folder.
pub fn folder(data: &Path) -> PathBuf {
    data.join("personas")
}

/// The user's own packages, by name. Whether they can be worn is not looked at.
pub fn own_packages(data: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder(data)) else { return Vec::new() };
    let mut own: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            let archive = path.extension().is_some_and(|extension| extension == "omote");
            let name = if archive { path.file_stem()? } else { path.file_name()? }.to_str()?.to_owned();
            let package = archive || path.join("persona.toml").exists();
            (package && !name.starts_with('.')).then_some((name, path))
        })
        .collect();
    own.sort();
    own
}

/// Every name that can be asked for: those built in first, then the user's own; each once.
pub fn names(data: &Path) -> Vec<String> {
    let mut names: Vec<String> = built_in::names().into_iter().map(str::to_owned).collect();
    for (name, _) in own_packages(data) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The persona that is meant by `name`: one that is built in, one of the user's own, or a path to a package.
///
/// # Errors
/// No persona of that name, or one that is refused; the message says which, the cause why.
pub fn resolve(name: &str, data: &Path, today: Date) -> Result<Persona> {
    let refused = |e: PersonaError| {
        Error::wrap(e.kind(), Stage::Persona, format!("the persona {name} can't be worn"), e)
    };
    if let Some(loaded) = built_in::load(name, today) {
        return loaded.map_err(refused);
    }
    if let Some(path) = package(name, data) {
        return Persona::load(&path, today).map_err(refused);
    }
    let message = format!(
        "there is no persona {name}: `omote persona list` shows those that are there; built in are {}",
        built_in::names().join(", ")
    );
    Err(Error::new(ErrorKind::Missing, Stage::Persona, message))
}

/// The package that `name` means: one of the user's own, or a path to one; nothing where there is none, and where a
/// built-in persona has that name.
fn package(name: &str, data: &Path) -> Option<PathBuf> {
    if built_in::names().contains(&name) {
        return None;
    }
    let own = [folder(data).join(format!("{name}.omote")), folder(data).join(name)];
    let plain = Path::new(name).components().count() == 1 && !name.starts_with('.');
    let own = own.into_iter().find(|path| plain && path.exists());
    own.or_else(|| Some(PathBuf::from(name)).filter(|path| path.exists()))
}

/// Which package a name means now: its path, when it was last changed, and its length. Another one where the package
/// was replaced, the empty one for what is built in or not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Option<(PathBuf, Option<SystemTime>, u64)>);

impl Stamp {
    /// That of the persona that [`resolve`] would give.
    #[must_use]
    pub fn of(name: &str, data: &Path) -> Self {
        Self(package(name, data).and_then(|path| {
            // A folder's manifest has the hashes of its other files.
            let file = if path.is_dir() { path.join("persona.toml") } else { path.clone() };
            let about = std::fs::metadata(file).ok()?;
            Some((path, about.modified().ok(), about.len()))
        }))
    }
}

/// The mesh points of every face of a photo, in its pixels, by the networks of the data folder. Transparent
/// parts count as black.
///
/// # Errors
/// Networks that are missing or fail.
pub fn faces(photo: &Picture, data: &Path) -> Result<Vec<Vec<MeshPoint>>> {
    let runtime = Runtime::discover(models::library(data).as_deref()).map_err(networks)?;
    let mut tracker =
        Tracker::new(&runtime, &models::models_dir(data), TrackerConfig::default()).map_err(networks)?;
    let found = tracker.stills(&frame(photo)?).map_err(networks)?;
    Ok(found.into_iter().map(|face| face.landmarks).collect())
}

/// The photo as networks take it. Transparent parts count as black.
///
/// # Errors
/// A size that no frame has.
pub fn frame(photo: &Picture) -> Result<Frame> {
    photo.frame().map_err(|e| Error::wrap(ErrorKind::Unsupported, Stage::Track, e.to_string(), e))
}

fn networks(e: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = format!("the face networks can't be used: {e}");
    Error::wrap(ErrorKind::Backend, Stage::Infer, message, e)
}

/// A persona in the making: the photo, and what its maker says of it.
#[derive(Clone, Debug)]
pub struct Making {
    /// The photo.
    pub photo: PathBuf,
    /// More photos of the same person, for [`PersonaVector`]: nothing else of them is kept.
    pub more_photos: Vec<PathBuf>,
    /// Short name: a-z, 0-9 and -.
    pub name: String,
    /// Name as shown to people.
    pub title: String,
    /// On what ground it may be worn.
    pub class: Class,
    /// Licence of the photo.
    pub licence: String,
    /// What it may be used for.
    pub uses: Vec<String>,
    /// How its colours meet the live picture's.
    pub tone: Tone,
    /// Whom to name where it is shown.
    pub credit: Option<String>,
    /// What becomes of a package that is there already.
    pub existing: Existing,
    /// The photo is taken though its face does not look fit to be worn ([`PersonaError::Unfit`]).
    pub anyway: bool,
}

impl Making {
    /// Looks for the one good face of the photo and writes the package to `path`, without vectors.
    ///
    /// # Errors
    /// As [`Making::write_with`].
    pub fn write(&self, path: &Path, today: Date, find: FindFaces<'_>) -> Result<Persona> {
        self.write_with(path, today, find, None)
    }

    /// Looks for the one good face of each photo, of the persona's photo first, and writes the package to `path`:
    /// with what the recogniser behind `vector` makes of the photos, where there is one.
    ///
    /// # Errors
    /// A photo that can't be read, has no one good face, or shows someone else than the others; more photos without
    /// a recogniser; or a package that can't be written.
    pub fn write_with(
        &self,
        path: &Path,
        today: Date,
        find: FindFaces<'_>,
        vector: Option<FindVector<'_>>,
    ) -> Result<Persona> {
        if vector.is_none() && !self.more_photos.is_empty() {
            let message = "more photos are of use to a face recogniser only, and there is none: \
                           `omote models add w600k_r50.onnx` first";
            return Err(Error::new(ErrorKind::Missing, Stage::Persona, message));
        }
        check_place(path, self.existing)?;
        let (photo, face) = one_face(&self.photo, find, !self.anyway)?;
        let vectors = match vector {
            Some(vector) => vec![self.vector(&photo, &face, find, vector)?],
            None => vec![],
        };
        let (picture, landmarks) = cut_out(&photo, &face);
        let draft = PersonaDraft {
            name: self.name.clone(),
            title: self.title.clone(),
            class: self.class.clone(),
            licence: self.licence.clone(),
            uses: self.uses.clone(),
            tone: self.tone,
            credit: self.credit.clone(),
            picture,
            landmarks,
            vectors,
        };
        Ok(draft.write_with(path, today, self.existing)?)
    }

    /// The person on `photo` and on all the other photos.
    fn vector(
        &self,
        photo: &Picture,
        face: &[MeshPoint],
        find: FindFaces<'_>,
        vector: FindVector<'_>,
    ) -> Result<PersonaVector> {
        let unusable = |path: &Path| {
            let message = format!("the face recogniser can't make anything of {}", path.display());
            Error::new(ErrorKind::Backend, Stage::Infer, message)
        };
        let look = |path: &Path, photo: &Picture, face: &[MeshPoint]| -> Result<_> {
            let (recogniser, found) = vector(photo, face).map_err(|e| {
                let message = format!("the face in {} can't be shown to the recogniser", path.display());
                Error::wrap(e.kind(), e.stage(), message, e)
            })?;
            PersonaVector::of(&recogniser, std::slice::from_ref(&found)).ok_or_else(|| unusable(path))?;
            Ok((recogniser, found))
        };
        let (recogniser, first) = look(&self.photo, photo, face)?;
        let mut found = vec![first];
        for path in &self.more_photos {
            let (photo, face) = one_face(path, find, false)?;
            found.push(look(path, &photo, &face)?.1);
        }
        let name = |i: usize| i.checked_sub(1).map_or(Some(&self.photo), |i| self.more_photos.get(i));
        let odd = outliers(&found).into_iter();
        let photos: Vec<_> = odd.filter_map(|(i, cos)| Some((name(i)?.display().to_string(), cos))).collect();
        if !photos.is_empty() {
            return Err(PersonaError::SomeoneElse { photos, of: found.len() }.into());
        }
        PersonaVector::of(&recogniser, &found).ok_or_else(|| unusable(&self.photo))
    }
}

/// A photo and its one good face, one `fit` to be worn where that is asked for.
fn one_face(path: &Path, find: FindFaces<'_>, fit: bool) -> Result<(Picture, Vec<MeshPoint>)> {
    let shown = path.display().to_string();
    let photo = Picture::read(path, PHOTO_SIDE)?;
    let faces = find(&photo).map_err(|e| {
        let message = format!("no faces could be looked for in {shown}");
        Error::wrap(e.kind(), e.stage(), message, e)
    })?;
    let judged = one_good_face(&photo, &faces).and_then(|face| match fit {
        true => judge::check(&photo, face).map(|()| face.to_vec()),
        false => Ok(face.to_vec()),
    });
    match judged {
        Ok(face) => Ok((photo, face)),
        Err(source) => {
            let places = faces
                .iter()
                .map(|face| match &source {
                    PersonaError::Unfit { flaw } => judge::place(*flaw, face),
                    _ => judge::whole(face),
                })
                .collect();
            let size = (photo.width(), photo.height());
            let refusal = Refusal { photo: path.to_owned(), places, size, source };
            Err(Error::wrap(ErrorKind::Refused, Stage::Persona, refusal.to_string(), refusal))
        }
    }
}
