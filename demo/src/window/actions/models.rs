//! Wearing a swap model: the one remembered, the one chosen, and the next.

use std::path::Path;

use omote_engine::pipeline::ModelState;

use crate::window::session::{Added, ModelEvent, Session};
use crate::window::state::{ModelDialog, State, SwapModel, has_face_built_in};
use crate::window::text::{file_name, sentence};

/// Takes over what was found and tested meanwhile.
pub(super) fn take_over(state: &mut State, session: &mut Session, event: ModelEvent) {
    match event {
        ModelEvent::Listed(Some(Ok(listed))) => {
            (state.models.listed, state.models.known) = (listed, true);
            wear_remembered(state, session);
        }
        ModelEvent::Listed(Some(Err(reason))) => {
            state.models.known = true;
            state.toasts.fault(sentence(&reason));
            wear_remembered(state, session);
        }
        ModelEvent::Listed(None) => state.models.known = true,
        ModelEvent::Chosen(paths) => paths.iter().for_each(|path| ask_or_test(state, session, path)),
        ModelEvent::TestBegan(file) => state.models.testing = Some(file),
        ModelEvent::Tested(_, Ok(Added { message, swap, listed })) => {
            (state.models.testing, state.models.listed) = (None, listed);
            state.toasts.notice(message);
            match swap {
                Some(name) => choose(state, session, &name),
                // It may be what the model lacked.
                None if matches!(state.status.model.state, ModelState::Failed(_)) => wear(state, session),
                None => {}
            }
        }
        ModelEvent::Tested(file, Err(why)) => {
            state.models.testing = None;
            state.models.dialog = Some(ModelDialog::Refused(file, why));
        }
        ModelEvent::Progress(text) => state.toasts.notice(text),
    }
}

/// Has a file tested. One that is sure to have a face built in is asked about first.
fn ask_or_test(state: &mut State, session: &mut Session, path: &Path) {
    if has_face_built_in(path) {
        state.models.dialog = Some(ModelDialog::Whose(path.to_owned(), None));
    } else {
        session.test_model(path, None);
    }
}

/// A file that was dropped or named: tested, then among the models.
pub(super) fn add(state: &mut State, session: &mut Session, path: &Path) {
    ask_or_test(state, session, path);
    if state.models.dialog.is_none() {
        state.toasts.notice(format!("Testing {}…", file_name(path)));
    }
}

/// The user has said whose face is built into the file that is asked about.
pub(super) fn choose_persona(state: &mut State, name: String) {
    if let Some(ModelDialog::Whose(_, persona)) = &mut state.models.dialog {
        *persona = Some(name);
    }
}

/// Has the file tested that was asked about.
pub(super) fn test(state: &mut State, session: &mut Session) {
    if let Some(ModelDialog::Whose(path, Some(persona))) = state.models.dialog.take() {
        session.test_model(&path, Some(persona));
    }
}

fn wear_remembered(state: &mut State, session: &mut Session) {
    let wanted = std::mem::take(&mut state.kept.model);
    match state.models.named(&wanted) {
        _ if wanted.is_empty() => {}
        Some(SwapModel { name, fault: None, .. }) => {
            state.kept.model.clone_from(name);
            wear(state, session);
        }
        Some(SwapModel { fault: Some(fault), .. }) => state.toasts.fault(sentence(fault)),
        None if Path::new(&wanted).is_file() => add(state, session, Path::new(&wanted)),
        None => state.toasts.fault(format!(
            "The swap model {wanted} is no longer among your models, so the persona is worn without it."
        )),
    }
    if state.kept.model != wanted {
        state.changed();
    }
}

/// Wears the model that is chosen, for the persona that is worn; or none. Nothing before the list is known.
pub(super) fn wear(state: &State, session: &Session) {
    if state.models.known {
        session.wear_model(&state.kept);
    }
}

/// The model that is chosen has to be told of another persona, unless a face is built into it.
pub(super) fn persona_changed(state: &State, session: &Session) {
    if state.models.named(&state.kept.model).is_some_and(|model| !model.built_in) {
        wear(state, session);
    }
}

/// Chooses a model, or none.
pub(super) fn choose(state: &mut State, session: &Session, name: &str) {
    name.clone_into(&mut state.kept.model);
    wear(state, session);
    state.changed();
}

/// Limits its results a second.
pub(super) fn limit(state: &mut State, session: &Session, rate: u32) {
    state.kept.model_rate = rate;
    wear(state, session);
    state.changed();
}

/// Goes on to the next model.
pub(super) fn next(state: &mut State, session: &Session) {
    let Some(name) = state.models.after(&state.kept.model) else {
        return state
            .toasts
            .notice("You have no swap models yet. Add one in the panel, or drop its file here.");
    };
    state.toasts.notice(match name.as_str() {
        "" => "No swap model: the persona alone".to_owned(),
        name => format!("Swap model: {name}"),
    });
    choose(state, session, &name);
}
