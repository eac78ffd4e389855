//! Making a persona from a photo, and choosing its files, away from the window's thread.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::Context;
use image::imageops::{self, FilterType};
use omote_engine::error::{Error, in_one_line};
use omote_engine::infer::InferError;
use omote_engine::output::Existing;
use omote_engine::persona::form::Form;
use omote_engine::persona::{self, PHOTO_SIDE, PersonaError, Picture, Refusal};
use omote_kit::personas;

use super::task::{Progress, Task};
use crate::window::state::{FileField, MarkedPhoto, PhotoRefusal};
use crate::window::text::sentence;

/// The most pixels a side that are kept of a refused photo.
const KEPT_SIDE: u32 = 512;

/// What happened since the last look.
pub(crate) enum NewPersonaEvent {
    /// A file was chosen, or none.
    Chosen(FileField, Option<PathBuf>),
    /// A persona of this name was made, or why not.
    Created(Result<String, PhotoRefusal>),
}

/// The dialog's threads.
#[derive(Default)]
pub(crate) struct NewPersonaTasks {
    making: Option<Task<Result<String, PhotoRefusal>>>,
    choosing: Option<(FileField, Task<Option<PathBuf>>)>,
}

impl NewPersonaTasks {
    /// Opens a file dialog.
    pub(crate) fn choose(&mut self, context: &Context, field: FileField) {
        let task = Task::start("file dialog", context, move || choose_file(field));
        self.choosing = Some((field, task));
    }

    /// Begins to make the persona.
    pub(crate) fn make(&mut self, context: &Context, form: Form, data: PathBuf, existing: Existing) {
        let work = move || {
            let find = |photo: &_| personas::faces(photo, &data);
            let made = form.make_with(&data, persona::today(), &find, existing);
            made.map(|persona| persona.name().to_owned()).map_err(|error| refusal(&error.into()))
        };
        self.making = Some(Task::start("new persona", context, work));
    }

    /// What other threads have done.
    pub(crate) fn poll(&mut self) -> Vec<NewPersonaEvent> {
        let mut events = Vec::new();
        if let Some((field, task)) = &self.choosing {
            let chosen = match task.poll() {
                Progress::Running => None,
                Progress::Done(path) => Some(path),
                Progress::Gone => Some(None),
            };
            if let Some(path) = chosen {
                events.push(NewPersonaEvent::Chosen(*field, path));
                self.choosing = None;
            }
        }
        let made = match self.making.as_ref().map(Task::poll) {
            None | Some(Progress::Running) => return events,
            Some(Progress::Done(made)) => made,
            Some(Progress::Gone) => Err(refusal(&anyhow::anyhow!("the search for a face failed"))),
        };
        self.making = None;
        events.push(NewPersonaEvent::Created(made));
        events
    }
}

fn choose_file(field: FileField) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    match field {
        FileField::Photo => dialog
            .set_title("A photo of one face")
            .add_filter(
                "Pictures",
                &["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "avif", "heic", "heif"],
            )
            .pick_file(),
        FileField::Evidence => dialog.set_title("The signed letter or video").pick_file(),
    }
}

/// Looks through an error and its causes for one of a kind.
fn cause<E, T>(error: &anyhow::Error, of: impl Fn(&E) -> T) -> Option<T>
where
    E: std::error::Error + 'static,
{
    error.chain().find_map(|cause| cause.downcast_ref::<E>()).map(of)
}

/// Why no persona was made, in words for the dialog, with the photo where a place on it is to blame.
fn refusal(error: &anyhow::Error) -> PhotoRefusal {
    let (reason, remedy) = plainly(error);
    let unfit = cause(error, |e: &PersonaError| matches!(e, PersonaError::Unfit { .. })) == Some(true);
    PhotoRefusal { reason, remedy, photo: marked(error), unfit, taken: is_taken(error) }
}

/// The photo of a refusal with the place marked at which it does not do; nothing where the error is none, or where the
/// photo can't be read any more.
fn marked(error: &anyhow::Error) -> Option<MarkedPhoto> {
    let refusal = cause(error, |refusal: &Refusal| {
        let (width, height) = (refusal.size.0.max(1) as f32, refusal.size.1.max(1) as f32);
        let part = |[left, top, right, bottom]: &[f32; 4]| {
            [left / width, top / height, right / width, bottom / height]
        };
        (refusal.photo.clone(), refusal.places.iter().map(part).collect::<Vec<_>>())
    });
    let (photo, places) = refusal?;
    let picture = Picture::read(&photo, PHOTO_SIDE).ok()?;
    let scale = (KEPT_SIDE as f32 / picture.width().max(picture.height()) as f32).min(1.0);
    let side = |of: u32| ((of as f32 * scale) as u32).max(1);
    let (width, height) = (side(picture.width()), side(picture.height()));
    let whole = image::RgbaImage::from_raw(picture.width(), picture.height(), picture.rgba().to_vec())?;
    let small = imageops::resize(&whole, width, height, FilterType::Triangle);
    Some(MarkedPhoto { image: Arc::new(small), places })
}

/// Whether a persona of that name is there.
fn is_taken(error: &anyhow::Error) -> bool {
    let refusal = error.chain().find_map(|cause| cause.downcast_ref::<PersonaError>());
    matches!(refusal, Some(PersonaError::AlreadyThere { .. }))
}

/// A refusal in plain words: the reason, and the remedy.
fn plainly(error: &anyhow::Error) -> (String, String) {
    let refusal = error.chain().find_map(|cause| cause.downcast_ref::<PersonaError>());
    let words = |reason: &str, remedy: &str| (reason.to_owned(), remedy.to_owned());
    match refusal {
        Some(PersonaError::NoFace) => words(
            "No face was found in this photo.",
            "Take one that shows a whole face from the front, in even light.",
        ),
        Some(PersonaError::ManyFaces { count }) => (
            format!("There are {count} faces in this photo."),
            "Crop it so that only one is left, then choose it again.".to_owned(),
        ),
        Some(PersonaError::FaceTooSmall { size, least }) => (
            format!("The face is only {size:.0} pixels wide or high; {least} are needed."),
            "Use a larger photo, or one taken from closer up.".to_owned(),
        ),
        Some(PersonaError::FaceCutOff) => {
            words("The edge of the photo cuts off the face.", "Take a photo that shows the whole face.")
        }
        Some(PersonaError::Blurred { .. }) => words("The face is not sharp enough.", "Take a sharper photo."),
        Some(PersonaError::Unfit { flaw }) => (sentence(&flaw.reason()), sentence(flaw.remedy())),
        Some(PersonaError::NotAPicture { reason, .. }) => match reason.split_once([';', ':']) {
            Some((reason, remedy)) => (sentence(reason), sentence(remedy.trim())),
            None => (sentence(reason), "Use a JPEG, PNG, WebP, BMP or TIFF file.".to_owned()),
        },
        Some(PersonaError::BuiltInName { name }) => {
            (format!("{name} is the name of a built-in persona."), "Give this one another name.".to_owned())
        }
        Some(PersonaError::AlreadyThere { .. }) => {
            words("You already have a persona with this name.", "Replace it, or give this one another name.")
        }
        Some(PersonaError::Expired { expires }) => {
            (format!("The consent ended on {expires}."), "Ask the person for a new one.".to_owned())
        }
        Some(other) => (sentence(&other.to_string()), String::new()),
        None if error.chain().any(|cause| cause.downcast_ref::<InferError>().is_some())
            || error.chain().any(|cause| cause.downcast_ref::<Error>().is_some()) =>
        {
            (sentence(&in_one_line(error.as_ref())), "Run `omote doctor` to see what is missing.".to_owned())
        }
        None if error.chain().any(|cause| cause.downcast_ref::<std::io::Error>().is_some()) => (
            sentence(&in_one_line(error.as_ref())),
            "Check the path, or choose the file with Browse.".to_owned(),
        ),
        None => (sentence(&in_one_line(error.as_ref())), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn refusals_are_told_plainly_with_a_remedy() {
        let told = |error: PersonaError| {
            plainly(&Err::<(), _>(error).context("x.png can't become a persona").unwrap_err())
        };
        let (reason, remedy) = told(PersonaError::ManyFaces { count: 3 });
        assert!(reason.contains("3 faces") && remedy.contains("only one"), "{reason} {remedy}");
        let all = [
            PersonaError::NoFace,
            PersonaError::FaceCutOff,
            PersonaError::FaceTooSmall { size: 40.0, least: 128.0 },
            PersonaError::Blurred { sharpness: 0.001, least: 0.004 },
            PersonaError::AlreadyThere { path: "a".into() },
            PersonaError::NotAPicture { file: "a".to_owned(), reason: "b".to_owned() },
        ];
        for error in all {
            let (reason, remedy) = told(error);
            assert!(reason.ends_with('.') && remedy.ends_with('.'), "{reason} {remedy}");
        }
        let (reason, _) = plainly(&anyhow::anyhow!("can't read the photo x: not there"));
        assert_eq!(reason, "Can't read the photo x: not there.");
    }
}
