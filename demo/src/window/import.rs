//! The dialog that makes a persona from a photo.

use std::path::{Path, PathBuf};

use eframe::egui::{self, Context, RichText, ScrollArea, TextEdit, Ui};
use omote_engine::error::{Error, in_one_line};
use omote_engine::infer::InferError;
use omote_engine::output::Existing;
use omote_engine::persona::form::{CLASSES, Form, longest};
use omote_engine::persona::{ClassKind, PersonaError, library};

use super::controls::{self, Weight};
use super::help;
use super::marked::{Marked, cause};
use super::task::{Progress, Task};
use super::{dump, theme};

/// What a file dialog was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Photo,
    Evidence,
}

/// The dialog.
pub(super) struct Import {
    form: Form,
    making: Option<Task<Result<String, Refused>>>,
    choosing: Option<(Field, Task<Option<PathBuf>>)>,
    /// Why the last try was refused.
    refused: Option<Told>,
    /// The name for which a persona is there, which the user may want to replace.
    taken: Option<String>,
}

/// An error in making a persona, and the photo with its place marked.
struct Refused {
    error: anyhow::Error,
    shown: Option<Marked>,
}

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Self {
        Self { shown: Marked::of(&error), error }
    }
}

/// Why a photo was refused, in words for the dialog.
struct Told {
    reason: String,
    remedy: String,
    /// The photo, with the place marked.
    shown: Option<Marked>,
    /// Whether that was judged by looks, and the user may judge otherwise.
    unfit: bool,
}

/// What became of the dialog in this pass.
pub(super) enum Outcome {
    /// It stays open.
    Open,
    /// It was closed.
    Closed,
    /// A persona of this name was made.
    Made(String),
}

impl Import {
    /// The dialog for a photo, or with none chosen yet.
    pub(super) fn new(photo: Option<&Path>) -> Self {
        let form = photo.map(Form::of).unwrap_or_default();
        Self { form, making: None, choosing: None, refused: None, taken: None }
    }

    /// Why the last try was refused.
    pub(super) fn refusal(&self) -> Option<&str> {
        self.refused.as_ref().map(|told| told.reason.as_str())
    }

    /// What is still asked for.
    pub(super) fn missing(&self) -> Option<String> {
        self.form.missing()
    }

    /// The photo, the name and how it was made, as typed so far.
    pub(super) fn typed(&self) -> Vec<String> {
        vec![self.form.photo.clone(), self.form.title.clone(), self.form.how.clone()]
    }

    /// Another photo was dropped.
    pub(super) fn take_photo(&mut self, photo: &Path) {
        let other = Form::of(photo);
        (self.form.photo, self.form.anyway, self.refused) = (other.photo, false, None);
        if self.form.title.is_empty() {
            self.form.title = other.title;
        }
    }

    /// Shows the dialog.
    pub(super) fn show(&mut self, context: &Context, data: &Path) -> Outcome {
        self.poll_choice();
        if let Some(made) = self.poll_making() {
            return Outcome::Made(made);
        }
        self.form.suggest(library::today());
        let mut close = false;
        let photo = self.refused.as_ref().is_some_and(|told| told.shown.is_some());
        let room = context.content_rect().height() - if photo { 450.0 } else { 230.0 };
        let response = help::modal("import").show(context, |ui| {
            ui.set_width(504.0);
            close |= help::head(ui, "New persona", "import-close");
            ScrollArea::vertical().max_height(room.max(160.0)).show(ui, |ui| {
                // Clear of the scroll bar.
                ui.set_width(492.0);
                ui.add_enabled_ui(self.making.is_none(), |ui| self.fields(ui, context));
            });
            if let Some(told) = &mut self.refused {
                ui.add_space(4.0);
                let Told { reason, remedy, shown, unfit } = told;
                if let Some(shown) = shown {
                    shown.draw(ui);
                    ui.add_space(4.0);
                }
                controls::notice(ui, theme::BAD, format!("{reason}\n{remedy}").trim_end());
                if *unfit {
                    controls::tick(ui, "anyway", "Take this photo anyway", &mut self.form.anyway);
                }
            }
            ui.add_space(8.0);
            close |= self.foot(ui, context, data);
        });
        let at_work = self.making.is_some();
        if !at_work && (close || response.should_close()) { Outcome::Closed } else { Outcome::Open }
    }

    fn poll_choice(&mut self) {
        let Some((field, task)) = &self.choosing else { return };
        let field = *field;
        match task.poll() {
            Progress::Running => return,
            Progress::Done(Some(path)) if field == Field::Photo => self.take_photo(&path),
            Progress::Done(Some(path)) => self.form.evidence = path.display().to_string(),
            Progress::Done(None) | Progress::Gone => {}
        }
        self.choosing = None;
    }

    fn poll_making(&mut self) -> Option<String> {
        let result = match self.making.as_ref()?.poll() {
            Progress::Running => return None,
            Progress::Done(result) => result,
            Progress::Gone => Err(anyhow::anyhow!("the search for a face failed").into()),
        };
        self.making = None;
        match result {
            Ok(name) => Some(name),
            Err(Refused { error, shown }) => {
                self.taken = is_taken(&error).then(|| self.form.name());
                let (reason, remedy) = plainly(&error);
                let unfit = cause(&error, |e: &PersonaError| matches!(e, PersonaError::Unfit { .. }));
                self.refused = Some(Told { reason, remedy, shown, unfit: unfit == Some(true) });
                None
            }
        }
    }

    fn fields(&mut self, ui: &mut Ui, context: &Context) {
        let form = &mut self.form;
        let mut choose = path_field(
            ui,
            "photo",
            "Photo",
            "One whole face, from the front, in even light",
            &mut form.photo,
        )
        .then_some(Field::Photo);
        text_field(ui, "title", "Name", "As shown in the gallery", &mut form.title);
        caption(ui, "Whose face is it?");
        for (kind, name, means) in CLASSES {
            let chosen = form.class == Some(kind);
            if controls::option(ui, &format!("class-{}", kind.name()), name, means, chosen) {
                (form.class, form.answers) = (Some(kind), false);
            }
            if chosen {
                let inset = egui::Frame::new().inner_margin(egui::Margin { left: 30, ..egui::Margin::ZERO });
                inset.show(ui, |ui| {
                    if class_fields(ui, kind, form) {
                        choose = Some(Field::Evidence);
                    }
                    ui.add_space(4.0);
                });
            }
        }
        if let Some(stated) = form.stated() {
            ui.add_space(4.0);
            controls::notice(
                ui,
                theme::GOLD,
                &format!("{stated}\nOmote can't check this. You are responsible for it."),
            );
            controls::tick(ui, "answers", "I take responsibility for this", &mut form.answers);
        }
        if let (Some(field), None) = (choose, &self.choosing) {
            let task = Task::start("file dialog", context, move || choose_file(field));
            self.choosing = Some((field, task));
        }
    }

    /// The buttons; true for closing.
    fn foot(&mut self, ui: &mut Ui, context: &Context, data: &Path) -> bool {
        let mut close = false;
        let missing = self.form.missing();
        ui.horizontal(|ui| {
            if self.making.is_some() {
                ui.add(egui::Spinner::new().size(18.0).color(theme::ACCENT));
                ui.label(RichText::new("Looking for the face…").color(theme::WEAK));
                return;
            }
            if let Some(missing) = &missing {
                ui.label(
                    RichText::new(format!("Next: {missing}.")).font(theme::regular(12.5)).color(theme::WEAK),
                );
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.add_enabled_ui(missing.is_none(), |ui| {
                    // Asked for by a button of its own, and only for the name that was refused.
                    let replace = self.taken.as_ref() == Some(&self.form.name());
                    let (id, label) =
                        if replace { ("replace", "Replace it") } else { ("make", "Create persona") };
                    if controls::button(ui, id, None, label, Weight::Strong).clicked() {
                        (self.refused, self.taken) = (None, None);
                        let existing = Existing::force(replace);
                        self.making = Some(make(context, self.form.clone(), data.to_owned(), existing));
                    }
                });
                close = controls::button(ui, "cancel", None, "Cancel", Weight::Quiet).clicked();
            });
        });
        close
    }
}

/// Makes the persona on a thread; its name.
fn make(context: &Context, form: Form, data: PathBuf, existing: Existing) -> Task<Result<String, Refused>> {
    Task::start("new persona", context, move || {
        let find = |photo: &_| library::faces(photo, &data);
        let made = form.make_with(&data, library::today(), &find, existing);
        made.map(|persona| persona.name().to_owned()).map_err(|error| anyhow::Error::from(error).into())
    })
}

fn choose_file(field: Field) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    match field {
        Field::Photo => dialog
            .set_title("A photo of one face")
            .add_filter(
                "Pictures",
                &["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "avif", "heic", "heif"],
            )
            .pick_file(),
        Field::Evidence => dialog.set_title("The signed letter or video").pick_file(),
    }
}

/// What a class needs beside its choice; true if the evidence is to be browsed for.
fn class_fields(ui: &mut Ui, kind: ClassKind, form: &mut Form) -> bool {
    match kind {
        ClassKind::Oneself => {
            controls::tick(ui, "own", "This is my own face", &mut form.own);
            false
        }
        ClassKind::Consented => {
            text_field(ui, "grantor", "Who consents", "Full name", &mut form.grantor);
            text_field(ui, "statement", "Wording of the consent", "", &mut form.statement);
            text_field(ui, "given", "Given on", "YYYY-MM-DD", &mut form.given);
            let until = format!("YYYY-MM-DD, {}", longest());
            text_field(ui, "expires", "Valid until", &until, &mut form.expires);
            text_field(ui, "contact", "How to revoke it", "Email address or phone number", &mut form.contact);
            let hint = "Signed letter or video; only its hash is stored";
            path_field(ui, "evidence", "Evidence", hint, &mut form.evidence)
        }
        ClassKind::Licensed => {
            text_field(ui, "licence", "Licence", "Such as CC-BY-4.0", &mut form.licence);
            text_field(ui, "source", "Source", "Web address or library", &mut form.source);
            false
        }
        ClassKind::Fictional => {
            text_field(ui, "how", "How it was made", "Drawn, generated (by which model), 3D", &mut form.how);
            false
        }
        ClassKind::Historic => {
            text_field(ui, "died", "Died on", "YYYY-MM-DD", &mut form.died);
            text_field(ui, "source", "Source", "Museum, book or web address", &mut form.source);
            false
        }
    }
}

fn caption(ui: &mut Ui, words: &str) {
    ui.add_space(4.0);
    ui.label(RichText::new(words).font(theme::medium(12.5)).color(theme::WEAK));
}

fn text_field(ui: &mut Ui, id: &str, label: &str, hint: &str, text: &mut String) {
    caption(ui, label);
    let edit = TextEdit::singleline(text)
        .hint_text(RichText::new(hint).color(theme::FAINT))
        .desired_width(ui.available_width())
        .margin(egui::Margin::symmetric(10, 7));
    let response = ui.add(edit);
    dump::target(ui, &format!("field-{id}"), response.rect);
}

/// A field for a path, with a button to browse; true if that was clicked.
fn path_field(ui: &mut Ui, id: &str, label: &str, hint: &str, text: &mut String) -> bool {
    caption(ui, label);
    ui.horizontal(|ui| {
        let edit = TextEdit::singleline(text)
            .hint_text(RichText::new(hint).color(theme::FAINT))
            .desired_width(ui.available_width() - 95.0)
            .margin(egui::Margin::symmetric(10, 7));
        let response = ui.add(edit);
        dump::target(ui, &format!("field-{id}"), response.rect);
        controls::button(ui, &format!("browse-{id}"), None, "Browse…", Weight::Plain).clicked()
    })
    .inner
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

/// With a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let mut out: String =
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
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
