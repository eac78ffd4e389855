//! From photos to a persona: the one good face of each is found, judged, cut out and written as a package.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use omote_files::output::Existing;
use omote_frame::error::{Error, ErrorKind, Result, Stage};
use omote_frame::space::MeshPoint;

use super::{
    Class, ColourTransfer, Date, PHOTO_SIDE, Persona, PersonaDraft, PersonaError, PersonaVector, Picture,
    Refusal, cut_out, judge, one_good_face, outliers, write::check_place,
};

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

/// A persona in the making: the photo, and what its maker says of it.
#[derive(Clone, Debug)]
pub struct NewPersona {
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
    pub colour_transfer: ColourTransfer,
    /// Whom to name where it is shown.
    pub credit: Option<String>,
    /// What becomes of a package that is there already.
    pub existing: Existing,
    /// The photo is taken though its face does not look fit to be worn ([`PersonaError::Unfit`]).
    pub anyway: bool,
}

impl NewPersona {
    /// Looks for the one good face of the photo and writes the package to `path`, without vectors.
    ///
    /// # Errors
    /// As [`NewPersona::write_with`].
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
            colour_transfer: self.colour_transfer,
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
            PersonaVector::from_photos(&recogniser, std::slice::from_ref(&found))
                .ok_or_else(|| unusable(path))?;
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
        PersonaVector::from_photos(&recogniser, &found).ok_or_else(|| unusable(&self.photo))
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
