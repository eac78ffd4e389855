//! Opening and closing the virtual camera, away from the window's thread.

use std::sync::Arc;
use std::time::Duration;

use eframe::egui::Context;
use omote_engine::error::Error;
use omote_engine::pipeline::{LiveSession, SinkId};
use omote_engine::sink::virtual_camera::{
    VirtualCamera, VirtualCameraError, VirtualFormat, VirtualSpec, open_virtual_camera,
};
use omote_engine::source::Rate;
use omote_kit::in_one_line;

use super::task::{Progress, Task};

/// What came of opening: the sink, and what programs see; or why it could not be opened, and what to do.
pub(crate) type Opened = Result<(SinkId, String), String>;

/// Opens and closes the virtual camera.
#[derive(Default)]
pub(crate) struct VirtualCameraTask {
    starting: Option<Task<Opened>>,
}

impl VirtualCameraTask {
    /// Switches on, with the size and rate of the output.
    pub(crate) fn start(
        &mut self,
        context: &Context,
        live: &Arc<LiveSession>,
        kind: &str,
        output: (u32, u32, f64),
    ) {
        let (live, kind) = (Arc::clone(live), kind.to_owned());
        self.starting = Some(Task::start("virtual camera", context, move || open(&live, &kind, output)));
    }

    /// Switches off the one of a sink; what came of one that is being opened is not waited for.
    pub(crate) fn stop(&mut self, context: &Context, live: &Arc<LiveSession>, sink: Option<SinkId>) {
        self.starting = None;
        if let Some(sink) = sink {
            let live = Arc::clone(live);
            // Nobody waits for it: what is closed needs no further word.
            drop(Task::start("virtual camera", context, move || live.detach(sink)));
        }
    }

    /// Waits for one that is being opened, so that it is closed before the program ends.
    pub(crate) fn end(&self) {
        if let Some(task) = &self.starting {
            // What came of it has been closed with the pipeline, or was refused by it.
            let _ = task.wait(Duration::from_secs(5));
        }
    }

    /// What came of opening, once.
    pub(crate) fn poll(&mut self) -> Option<Opened> {
        let opened = match self.starting.as_ref()?.poll() {
            Progress::Running => return None,
            Progress::Done(opened) => opened,
            Progress::Gone => Err("the virtual camera could not be opened".to_owned()),
        };
        self.starting = None;
        Some(opened)
    }
}

fn open(live: &LiveSession, kind: &str, (width, height, rate): (u32, u32, f64)) -> Opened {
    let which: VirtualCamera = kind.parse().map_err(|error: VirtualCameraError| error.to_string())?;
    let rate = Rate::new(rate.round().clamp(1.0, 240.0) as u32, 1).ok_or("the frame rate is out of range")?;
    let spec = VirtualSpec { width, height, rate, format: VirtualFormat::default() };
    let in_words = |error: Error| in_one_line(&error);
    let sink = open_virtual_camera(&which, &spec).map_err(in_words)?;
    let described = sink.describe();
    let id = live.attach("virtual camera", Box::new(sink)).map_err(in_words)?;
    Ok((id, described))
}
