//! "Add from photo": the fields that the maker of a persona fills in, in OBS's properties.
//!
//! What is filled in stands among the instance's settings until the persona is made, or OBS starts anew. What is asked and what is missing is the engine's [`Form`].

#![expect(unsafe_code, reason = "calls libobs")]

use crate::block::Block;
use crate::guard::guard;
use crate::instance::{Core, lock, with_data, with_id};
use crate::settings::{Stored, key};
use crate::text::words;
use crate::{ffi, places};
use omote_engine::persona;
use omote_engine::persona::ClassKind;
use omote_engine::persona::form::{CLASSES, Form};
use omote_kit::in_one_line;
use omote_kit::options::PERSONA;
use omote_kit::personas;
use std::ffi::CStr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

const UNFOLD: &CStr = c"photo_add";
const GROUP: &CStr = c"photo_group";
const MAKE: &CStr = c"photo_make";
const MESSAGE: &CStr = c"photo_message";
const PHOTO: &CStr = c"photo_file";
const TITLE: &CStr = c"photo_title";
const CLASS: &CStr = c"photo_class";
const OWN: &CStr = c"photo_own";
const GRANTOR: &CStr = c"photo_grantor";
const STATEMENT: &CStr = c"photo_statement";
const GIVEN: &CStr = c"photo_given";
const EXPIRES: &CStr = c"photo_expires";
const CONTACT: &CStr = c"photo_contact";
const EVIDENCE: &CStr = c"photo_evidence";
const LICENCE: &CStr = c"photo_licence";
const SOURCE: &CStr = c"photo_source";
const HOW: &CStr = c"photo_how";
const DIED: &CStr = c"photo_died";
const ANSWERS: &CStr = c"photo_answers";

/// Every field but the choice of the class, and the classes that ask for it; none named means all.
const FIELDS: [(&CStr, &[ClassKind]); 14] = [
    (PHOTO, &[]),
    (TITLE, &[]),
    (OWN, &[ClassKind::Oneself]),
    (GRANTOR, &[ClassKind::Consented]),
    (STATEMENT, &[ClassKind::Consented]),
    (GIVEN, &[ClassKind::Consented]),
    (EXPIRES, &[ClassKind::Consented]),
    (CONTACT, &[ClassKind::Consented]),
    (EVIDENCE, &[ClassKind::Consented]),
    (LICENCE, &[ClassKind::Licensed]),
    (SOURCE, &[ClassKind::Licensed, ClassKind::Historic]),
    (HOW, &[ClassKind::Fictional]),
    (DIED, &[ClassKind::Historic]),
    (ANSWERS, &[]),
];

fn chosen(stored: Stored) -> Option<ClassKind> {
    let word = stored.text(CLASS);
    ClassKind::ALL.into_iter().find(|kind| kind.name() == word)
}

/// The form as it is filled in now.
fn form(stored: Stored) -> Form {
    let mut form = Form {
        photo: stored.text(PHOTO),
        title: stored.text(TITLE),
        class: chosen(stored),
        own: stored.flag(OWN),
        grantor: stored.text(GRANTOR),
        statement: stored.text(STATEMENT),
        given: stored.text(GIVEN),
        expires: stored.text(EXPIRES),
        contact: stored.text(CONTACT),
        evidence: stored.text(EVIDENCE),
        licence: stored.text(LICENCE),
        source: stored.text(SOURCE),
        how: stored.text(HOW),
        died: stored.text(DIED),
        answers: stored.flag(ANSWERS),
        anyway: false,
    };
    form.suggest(persona::today());
    form
}

/// Empties the form, so that nothing of it is stored with the scene.
pub(crate) fn clear(stored: Stored) {
    for (name, _) in FIELDS {
        stored.erase(name);
    }
    stored.erase(CLASS);
}

/// Adds the button that unfolds the fields, and the fields.
pub(crate) fn add(to: &Block, core: &Arc<Core>) {
    to.button(UNFOLD, c"Photo.Add", unfold, core);
    let inside = Block::create();
    let pictures = words(c"Photo.Pictures");
    inside.path(
        PHOTO,
        c"Photo.File",
        &format!("{pictures} (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff *.avif *.heic *.heif)"),
    );
    inside.text(TITLE, c"Photo.Title");
    let list = inside.list(CLASS, c"Photo.Class");
    list.item(&words(c"Photo.Choose"), "");
    for (kind, name, meaning) in CLASSES {
        list.item(&format!("{name}: {meaning}"), kind.name());
    }
    list.on_change(class_changed);
    inside.flag(OWN, c"Photo.Own");
    for (name, label) in [
        (GRANTOR, c"Photo.Grantor"),
        (STATEMENT, c"Photo.Statement"),
        (GIVEN, c"Photo.Given"),
        (EXPIRES, c"Photo.Expires"),
        (CONTACT, c"Photo.Contact"),
    ] {
        inside.text(name, label);
    }
    inside.path(EVIDENCE, c"Photo.Evidence", "");
    for (name, label) in
        [(LICENCE, c"Photo.Licence"), (SOURCE, c"Photo.Source"), (HOW, c"Photo.How"), (DIED, c"Photo.Died")]
    {
        inside.text(name, label);
    }
    inside.flag(ANSWERS, c"Photo.Answers");
    inside.button(MAKE, c"Photo.Make", make, core);
    inside.note(MESSAGE, &lock(&core.answer));
    to.group(GROUP, c"Photo.Group", inside);
    to.show(c"", GROUP, core.unfolded.load(Ordering::Relaxed));
    show_fields(to, core.handle.with_settings(chosen));
}

fn show_fields(block: &Block, class: Option<ClassKind>) {
    for (name, classes) in FIELDS {
        let wanted = classes.is_empty() || class.is_some_and(|class| classes.contains(&class));
        block.show(GROUP, name, wanted);
    }
}

unsafe extern "C" fn unfold(
    block: *mut ffi::obs_properties_t,
    _: *mut ffi::obs_property_t,
    data: ffi::Data,
) -> bool {
    guard("unfolding", false, || {
        // SAFETY: libobs' properties live through this call.
        let block = unsafe { Block::borrow(block) };
        let shown = with_data(data, |core| !core.unfolded.fetch_not(Ordering::Relaxed));
        block.show(c"", GROUP, shown == Some(true));
        true
    })
}

unsafe extern "C" fn class_changed(
    block: *mut ffi::obs_properties_t,
    _: *mut ffi::obs_property_t,
    data: *mut ffi::obs_data_t,
) -> bool {
    guard("choosing a class", false, || {
        // SAFETY: libobs' properties live through this call.
        let block = unsafe { Block::borrow(block) };
        // SAFETY: so do its settings.
        let stored = unsafe { Stored::new(data) };
        show_fields(&block, chosen(stored));
        true
    })
}

/// Makes the persona, on the engine's thread: looking for a face takes a while.
unsafe extern "C" fn make(
    block: *mut ffi::obs_properties_t,
    _: *mut ffi::obs_property_t,
    data: ffi::Data,
) -> bool {
    guard("making a persona", false, || {
        // SAFETY: libobs' properties live through this call.
        let block = unsafe { Block::borrow(block) };
        let said = with_data(data, |core| {
            let form = core.handle.with_settings(form);
            let said = match form.missing() {
                Some(missing) => format!("{} {missing}.", words(c"Photo.Missing")),
                None => {
                    let (id, answer) = (core.id, Arc::clone(&core.answer));
                    core.session.later(move || write(&form, id, &answer));
                    words(c"Photo.AtWork")
                }
            };
            said.clone_into(&mut lock(&core.answer));
            said
        });
        block.rewrite(GROUP, MESSAGE, &said.unwrap_or_default());
        true
    })
}

/// Makes the persona and has the instance of this number wear it. The instance may be gone by then: the persona stays.
fn write(form: &Form, id: usize, answer: &Mutex<String>) {
    let data = places::data();
    let find = |photo: &_| personas::faces(photo, data.networks());
    let said = match form.make(data.root(), persona::today(), &find) {
        Ok(persona) => {
            with_id(id, |core| {
                core.handle.with_settings(|stored| {
                    clear(stored);
                    stored.set_text(key(&PERSONA), persona.name());
                });
                core.handle.update();
            });
            format!("{} {}", words(c"Photo.Made"), persona.name())
        }
        Err(e) => format!("{} {}", words(c"Photo.Refused"), in_one_line(&e)),
    };
    said.clone_into(&mut lock(answer));
    // Open properties are built anew, from OBS's own thread.
    with_id(id, |core| core.handle.show_anew());
}
