//! Snapshots and recordings.

use std::sync::Arc;

use crate::window::session::{FileKind, RecorderEvent, Session};
use crate::window::state::{Phase, State};

/// Keeps what is on the screen.
pub(super) fn snapshot(state: &mut State, session: &mut Session) {
    match &state.shown {
        Some(shown) if state.running() => session.snapshot(Arc::clone(shown)),
        _ => state.toasts.fault("There is no picture to save yet."),
    }
}

/// Begins a recording, or ends the one that runs.
pub(super) fn record(state: &mut State, session: &mut Session) {
    match &state.phase {
        Phase::Running if state.recording.is_some() => {
            state.recording = None;
            session.stop_recording();
        }
        Phase::Running => session.record(state.rate()),
        // Asked for while the networks load: begun once there is a picture, unless it is asked for again.
        Phase::Loading => {
            state.record_soon = !state.record_soon;
            let soon = "The recording starts with the first picture.";
            let not = "The recording will no longer start by itself.";
            state.toasts.notice(if state.record_soon { soon } else { not });
        }
        Phase::SetUp(_) | Phase::Failed(_) => state.toasts.fault("There is no picture to record."),
    }
}

/// Takes over what became of files.
pub(super) fn take_over(state: &mut State, event: RecorderEvent) {
    match event {
        RecorderEvent::Began(recording) => state.recording = Some(recording),
        RecorderEvent::Written(FileKind::Snapshot, Ok(path)) => {
            state.toasts.wrote("Snapshot", path.clone());
            state.snapshots.push(path);
        }
        RecorderEvent::Written(FileKind::Recording, Ok(path)) => {
            state.toasts.wrote("Recording", path.clone());
            state.recordings.push(path);
        }
        RecorderEvent::Written(_, Err(reason)) => state.toasts.fault(reason),
    }
}
