//! The switch for the virtual camera: opening and closing it away from the window's thread.

use std::sync::Arc;
use std::time::Duration;

use eframe::egui::Context;
use omote_engine::error::Error;
use omote_engine::sink::virtual_camera::{
    VirtualCamera, VirtualCameraError, VirtualFormat, VirtualSpec, open_virtual_camera,
};
use omote_engine::source::Rate;

use super::session::{Live, SinkId};
use super::task::{Progress, Task};

/// Which kind of virtual camera: name in the settings, and for people.
pub(super) const KINDS: [(&str, &str); 3] =
    [("auto", "Automatic"), ("v4l2", "v4l2loopback"), ("pipewire", "PipeWire")];

/// The switch.
#[derive(Default)]
pub(super) enum VirtualSwitch {
    /// Off.
    #[default]
    Off,
    /// Being opened.
    Starting(Task<Result<(SinkId, String), String>>),
    /// On: its sink, and what programs see.
    On(SinkId, String),
    /// It could not be opened, or failed since: why, and what to do.
    Failed(String),
}

impl VirtualSwitch {
    /// One word for the state file.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Starting(_) => "starting",
            Self::On(..) => "on",
            Self::Failed(_) => "failed",
        }
    }

    /// Switches on, with the size and rate of the output.
    pub(super) fn start(&mut self, context: &Context, live: &Arc<Live>, kind: &str, output: (u32, u32, f64)) {
        let (live, kind) = (Arc::clone(live), kind.to_owned());
        *self = Self::Starting(Task::start("virtual camera", context, move || open(&live, &kind, output)));
    }

    /// Switches off.
    pub(super) fn stop(&mut self, context: &Context, live: &Arc<Live>) {
        if let Self::On(id, _) = std::mem::take(self) {
            let live = Arc::clone(live);
            // Nobody waits for it: what is closed needs no further word.
            drop(Task::start("virtual camera", context, move || live.detach(id)));
        }
    }

    /// Waits for one that is being opened, so that it is closed before the program ends.
    pub(super) fn end(&self) {
        if let Self::Starting(task) = self {
            // What came of it has been closed with the pipeline, or was refused by it.
            let _ = task.wait(Duration::from_secs(5));
        }
    }

    /// Takes over what came of starting.
    pub(super) fn poll(&mut self) {
        let Self::Starting(task) = self else { return };
        *self = match task.poll() {
            Progress::Running => return,
            Progress::Done(Ok((id, told))) => Self::On(id, told),
            Progress::Done(Err(reason)) => Self::Failed(reason),
            Progress::Gone => Self::Failed("the virtual camera could not be opened".to_owned()),
        };
    }
}

fn open(live: &Live, kind: &str, (width, height, rate): (u32, u32, f64)) -> Result<(SinkId, String), String> {
    let which: VirtualCamera = kind.parse().map_err(|error: VirtualCameraError| error.to_string())?;
    let rate = Rate::new(rate.round().clamp(1.0, 240.0) as u32, 1).ok_or("the frame rate is out of range")?;
    let spec = VirtualSpec { width, height, rate, format: VirtualFormat::default() };
    let told = |error: Error| format!("{:#}", anyhow::Error::from(error));
    let sink = open_virtual_camera(&which, &spec).map_err(told)?;
    let described = sink.describe();
    let id = live.attach("virtual camera", Box::new(sink)).map_err(told)?;
    Ok((id, described))
}
