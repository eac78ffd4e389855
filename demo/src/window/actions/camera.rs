//! Where pictures come from, how they are turned, and the virtual camera that they go to.

use crate::window::session::{Session, cameras, pipeline};
use crate::window::state::{State, VirtualCamera};

/// Goes over to another source.
pub(super) fn choose_source(state: &mut State, session: &Session, source: String) {
    if state.kept.source != source {
        state.kept.mode.clear();
    }
    state.kept.source = source;
    reopen(state, session);
}

/// Goes over to another mode of the camera.
pub(super) fn choose_mode(state: &mut State, session: &Session, mode: String) {
    state.kept.mode = mode;
    reopen(state, session);
}

fn reopen(state: &mut State, session: &Session) {
    if let Some(live) = session.live() {
        live.set_source(cameras::source(&state.kept.source, &state.kept.mode));
    }
    state.changed();
}

/// The output is turned as the settings say.
pub(super) fn turn(state: &mut State, session: &Session) {
    if let Some(live) = session.live() {
        live.set_transform(pipeline::transform(&state.kept));
    }
    state.changed();
}

/// Switches the virtual camera.
pub(super) fn switch_virtual(state: &mut State, session: &mut Session, on: bool) {
    if on {
        if session.start_virtual_camera(&state.kept.virtual_camera, state.output()) {
            state.virtual_camera = VirtualCamera::Starting;
        }
        return;
    }
    let sink = match &state.virtual_camera {
        VirtualCamera::On(sink, _) => Some(*sink),
        _ => None,
    };
    if session.stop_virtual_camera(sink) {
        state.virtual_camera = VirtualCamera::Off;
    }
}
