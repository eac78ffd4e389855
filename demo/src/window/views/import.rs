//! The dialog that makes a persona from a photo.

use eframe::egui::{self, Context, RichText, ScrollArea, TextEdit, Ui};
use omote_engine::persona::form::{CLASSES, Form, longest};
use omote_engine::persona::{self, ClassKind};

use super::controls::{self, Weight};
use super::refused_photo::RefusedPhoto;
use super::{help, theme};
use crate::window::actions::Action;
use crate::window::hooks::Named as _;
use crate::window::state::{FileField, Import, PhotoRefusal, State};

/// Shows the dialog, if it is open.
pub(super) fn show(
    context: &Context,
    state: &State,
    refused_photo: &mut RefusedPhoto,
    actions: &mut Vec<Action>,
) {
    let Some(import) = &state.import else {
        *refused_photo = RefusedPhoto::default();
        return;
    };
    let mut form = import.form.clone();
    form.suggest(persona::today());
    let mut close = false;
    let mut asked = None;
    let photo = import.refused.as_ref().is_some_and(|refused| refused.photo.is_some());
    let room = context.content_rect().height() - if photo { 450.0 } else { 230.0 };
    let response = help::modal("import").show(context, |ui| {
        ui.set_width(504.0);
        close |= help::head(ui, "New persona", "import-close");
        ScrollArea::vertical().max_height(room.max(160.0)).show(ui, |ui| {
            // Clear of the scroll bar.
            ui.set_width(492.0);
            ui.add_enabled_ui(!import.making, |ui| {
                if let Some(field) = fields(ui, &mut form).filter(|_| !import.choosing) {
                    asked = Some(Action::BrowseFor(field));
                }
            });
        });
        if let Some(PhotoRefusal { reason, remedy, photo, unfit, .. }) = &import.refused {
            ui.add_space(4.0);
            if let Some(photo) = photo {
                refused_photo.draw(ui, photo);
                ui.add_space(4.0);
            }
            controls::notice(ui, theme::BAD, format!("{reason}\n{remedy}").trim_end());
            if *unfit {
                controls::tick(ui, "anyway", "Take this photo anyway", &mut form.anyway);
            }
        }
        ui.add_space(8.0);
        match foot(ui, import, &form) {
            Some(Action::CloseImport) => close = true,
            Some(action) => asked = Some(action),
            None => {}
        }
    });
    // What was typed counts for what is asked for in the same pass.
    if form != import.form {
        actions.push(Action::EditForm(Box::new(form)));
    }
    actions.extend(asked);
    if !import.making && (close || response.should_close()) {
        actions.push(Action::CloseImport);
    }
}

/// The fields; the one for which a file is to be chosen.
fn fields(ui: &mut Ui, form: &mut Form) -> Option<FileField> {
    let mut choose =
        path_field(ui, "photo", "Photo", "One whole face, from the front, in even light", &mut form.photo)
            .then_some(FileField::Photo);
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
                    choose = Some(FileField::Evidence);
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
    choose
}

/// The buttons: what was asked for by them.
fn foot(ui: &mut Ui, import: &Import, form: &Form) -> Option<Action> {
    let mut asked = None;
    let missing = form.missing();
    ui.horizontal(|ui| {
        if import.making {
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
                let replace = import.taken.as_ref() == Some(&form.name());
                let (id, label) =
                    if replace { ("replace", "Replace it") } else { ("make", "Create persona") };
                if controls::button(ui, id, None, label, Weight::Strong).clicked() {
                    asked = Some(Action::MakePersona);
                }
            });
            if controls::button(ui, "cancel", None, "Cancel", Weight::Quiet).clicked() {
                asked = Some(Action::CloseImport);
            }
        });
    });
    asked
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
    let _ = ui.add(edit).named(format_args!("field-{id}"));
}

/// A field for a path, with a button to browse; true if that was clicked.
fn path_field(ui: &mut Ui, id: &str, label: &str, hint: &str, text: &mut String) -> bool {
    caption(ui, label);
    ui.horizontal(|ui| {
        let edit = TextEdit::singleline(text)
            .hint_text(RichText::new(hint).color(theme::FAINT))
            .desired_width(ui.available_width() - 95.0)
            .margin(egui::Margin::symmetric(10, 7));
        let _ = ui.add(edit).named(format_args!("field-{id}"));
        controls::button(ui, &format!("browse-{id}"), None, "Browse…", Weight::Plain).clicked()
    })
    .inner
}
