//! What other threads have brought, taken over into the state.

use omote_engine::pipeline::{LiveStatus, SinkId};

use super::{camera, capture, models, pause, personas, start};
use crate::window::session::{
    Event, Loaded, NewPersonaEvent, Refusal, Session, SetUpEvent, Started, VirtualCameraOpened,
};
use crate::window::state::{FileField, Phase, SetUp, State, VirtualCamera};

/// Takes over one thing.
pub(crate) fn take_over(state: &mut State, session: &mut Session, event: Event) {
    match event {
        Event::Persona(loaded) => persona(state, loaded),
        Event::Cameras(found) => {
            if let Some(found) = found {
                state.devices.found = found;
            }
            (state.devices.busy, state.devices.known) = (false, true);
        }
        Event::VirtualCamera(opened) => virtual_camera(state, opened),
        Event::Started(Ok(begun)) => started(state, session, begun),
        Event::Started(Err(Refusal::NotSetUp(reason))) => {
            state.phase = Phase::SetUp(SetUp { reason, ..SetUp::default() });
        }
        Event::Started(Err(Refusal::Fault(reason))) => state.phase = Phase::Failed(reason),
        Event::Model(event) => models::take_over(state, session, event),
        Event::NewPersona(event) => new_persona(state, session, event),
        Event::SetUp(event) => set_up(state, session, event),
        Event::Recorder(event) => capture::take_over(state, event),
        Event::Status(now) => status(state, session, *now),
        Event::LeftOvers(found) => state.left_overs = found,
    }
}

fn persona(state: &mut State, loaded: Loaded) {
    let Some(entry) = state.gallery.named_mut(&loaded.name) else { return };
    entry.persona = Some(loaded.persona.map(|(persona, thumbnail)| {
        entry.thumbnail = thumbnail;
        persona
    }));
}

fn virtual_camera(state: &mut State, opened: VirtualCameraOpened) {
    state.virtual_camera = match opened {
        Ok((sink, told)) => VirtualCamera::On(sink, told),
        Err(reason) => VirtualCamera::Failed(reason),
    };
}

/// The pipeline runs: what was asked for meanwhile is done.
fn started(state: &mut State, session: &mut Session, started: Started) {
    let Started { live, persona, source, notice } = started;
    (state.kept.persona, state.kept.source) = (persona, source);
    if let Err(reason) = session.run(live) {
        state.phase = Phase::Failed(reason);
        return;
    }
    pause(state, session, state.paused);
    if let Some(notice) = notice {
        state.toasts.fault(notice);
    }
    state.phase = Phase::Running;
    models::wear(state, session);
    if let Some(now) = session.poll_status() {
        status(state, session, now);
    }
    if std::mem::take(&mut state.record_soon) {
        capture::record(state, session);
    }
    if std::mem::take(&mut state.virtual_camera_soon) {
        camera::switch_virtual(state, session, true);
    }
}

fn new_persona(state: &mut State, session: &mut Session, event: NewPersonaEvent) {
    match event {
        NewPersonaEvent::Chosen(field, path) => {
            let Some(import) = &mut state.import else { return };
            import.choosing = false;
            match (field, path) {
                (FileField::Photo, Some(path)) => import.take_photo(&path),
                (FileField::Evidence, Some(path)) => import.form.evidence = path.display().to_string(),
                (_, None) => {}
            }
        }
        NewPersonaEvent::Created(Ok(name)) => personas::persona_created(state, session, &name),
        NewPersonaEvent::Created(Err(refusal)) => {
            if let Some(import) = &mut state.import {
                import.making = false;
                import.refuse(refusal);
            }
        }
    }
}

fn set_up(state: &mut State, session: &mut Session, event: SetUpEvent) {
    match (event, &mut state.phase) {
        (SetUpEvent::Ended(Ok(())), _) => start(state, session),
        (SetUpEvent::Step(step), Phase::SetUp(set_up)) => set_up.step = Some(step),
        (SetUpEvent::Ended(Err(reason)), Phase::SetUp(set_up)) => {
            (set_up.step, set_up.failed) = (None, Some(reason));
        }
        _ => {}
    }
}

/// Takes over the pipeline's figures; a sink that has failed is told of.
fn status(state: &mut State, session: &mut Session, now: LiveStatus) {
    state.status = now;
    let sink_of = |id: SinkId| state.status.sinks.iter().find(|sink| sink.id == id);
    if let Some(recording) = &mut state.recording {
        let sink = sink_of(recording.sink);
        recording.room = sink.and_then(|sink| sink.room);
        let fault = sink.and_then(|sink| sink.fault.clone());
        let warning = session.room_warning(recording.room);
        if let Some(fault) = fault {
            session.give_up_recording();
            state.recording = None;
            state.toasts.fault(format!("The recording has ended: {fault}"));
        } else if let Some(warning) = warning {
            state.toasts.fault(format!("Recording: {warning}"));
        }
    }
    if let VirtualCamera::On(id, _) = &state.virtual_camera
        && let Some(fault) = sink_of(*id).and_then(|sink| sink.fault.clone())
    {
        state.virtual_camera = VirtualCamera::Failed(fault);
    }
}
