//! Wearing personas, and making new ones.

use omote_engine::output::Existing;
use omote_engine::persona::form::Form;

use super::{models, set_draw_params};
use crate::window::session::{Session, pipeline};
use crate::window::settings::Sliders;
use crate::window::state::{FileField, State};
use crate::window::text::persona_label;

/// Lists the personas anew and begins to load them, `first` before the others.
pub(super) fn list(state: &mut State, session: &mut Session, first: &str) {
    state.gallery.list(session.persona_names());
    session.load_personas(state.gallery.names_from(first));
}

/// Wears the persona of a place in the gallery, if it is loaded.
pub(super) fn wear_place(state: &mut State, session: &mut Session, place: usize) {
    let Some(entry) = state.gallery.get(place).cloned() else { return };
    match entry.persona {
        Some(Ok(persona)) => {
            let other = state.kept.persona != entry.name;
            state.kept.persona = entry.name;
            session.wear(&persona, &state.kept.look, true);
            if other {
                models::persona_changed(state, session);
            }
            state.changed();
        }
        Some(Err(reason)) => state.toasts.fault(reason),
        None => state.toasts.notice(format!("{} is still being loaded", persona_label(&entry.name))),
    }
}

/// Puts the sliders somewhere else.
pub(super) fn set_sliders(state: &mut State, session: &mut Session, now: Sliders) {
    let before = std::mem::replace(&mut state.kept.look, now);
    if (now.opacity, now.light, now.shape) != (before.opacity, before.light, before.shape) {
        set_draw_params(state, session);
    }
    // Some of them are baked into the persona's texture.
    if pipeline::mask(&now) != pipeline::mask(&before) {
        let worn = state.gallery.named(&state.kept.persona).and_then(|entry| entry.persona.as_ref());
        if let Some(Ok(persona)) = worn {
            session.wear(persona, &state.kept.look, false);
        }
    }
    state.changed();
}

/// What was filled in so far.
pub(super) fn edit_form(state: &mut State, form: Form) {
    if let Some(import) = &mut state.import {
        import.form = form;
    }
}

/// Opens a file dialog for a field, unless one is open.
pub(super) fn browse(state: &mut State, session: &mut Session, field: FileField) {
    if let Some(import) = state.import.as_mut().filter(|import| !import.choosing) {
        import.choosing = true;
        session.choose_file(field);
    }
}

/// Begins to make the persona.
pub(super) fn make(state: &mut State, session: &mut Session) {
    let Some(import) = state.import.as_mut().filter(|import| !import.making) else { return };
    let existing = Existing::force(import.replaces());
    (import.refused, import.taken, import.making) = (None, None, true);
    session.make_persona(import.form.clone(), existing);
}

/// Closes the dialog, unless a persona is being made.
pub(super) fn close_import(state: &mut State, session: &mut Session) {
    if state.import.as_ref().is_some_and(|import| !import.making) {
        state.import = None;
        session.give_up_persona();
    }
}

/// A persona of this name was made: the dialog closes.
pub(super) fn persona_created(state: &mut State, session: &mut Session, name: &str) {
    state.import = None;
    session.give_up_persona();
    list(state, session, name);
    state.toasts.notice(format!("{} was added to the gallery.", persona_label(name)));
}
