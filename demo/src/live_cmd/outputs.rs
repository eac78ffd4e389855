//! The virtual camera and the recording of a run without a window.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context;
use omote_engine::pipeline::{Live, LiveStatus, SinkId};
use omote_engine::sink::Sink;
use omote_engine::sink::virtual_camera::{VirtualCamera, VirtualFormat, VirtualSpec, open_virtual_camera};
use omote_engine::source::Rate;

use super::LiveArgs;

/// Between two tries to open a virtual camera that was lost.
const RETRY: Duration = Duration::from_secs(2);

/// What frames go to.
pub(super) struct Outputs {
    camera: Option<Camera>,
    recording: Option<SinkId>,
}

struct Camera {
    which: VirtualCamera,
    spec: VirtualSpec,
    id: Option<SinkId>,
    tried: Instant,
}

impl Outputs {
    /// Opens the virtual camera that was asked for, and begins the recording.
    pub(super) fn open(
        live: &Live,
        args: &LiveArgs,
        rate: Rate,
        recording: Option<Box<dyn Sink>>,
    ) -> anyhow::Result<Self> {
        let mut outputs = Self { camera: None, recording: None };
        if let Some(which) = &args.virtual_camera {
            let (width, height) = args.size;
            let spec = VirtualSpec { width, height, rate, format: VirtualFormat::default() };
            let id = Some(attach(live, which, &spec)?);
            outputs.camera = Some(Camera { which: which.clone(), spec, id, tried: Instant::now() });
        }
        if let Some(recording) = recording {
            outputs.recording = Some(live.record("recording", recording, rate)?);
        }
        Ok(outputs)
    }

    /// Opens the virtual camera again when it was lost.
    pub(super) fn keep(&mut self, live: &Live, status: &LiveStatus) {
        let Some(camera) = &mut self.camera else { return };
        let failed = |id: SinkId| status.sinks.iter().any(|s| s.id == id && s.fault.is_some());
        if camera.id.is_some_and(failed) {
            // Its fault is in the log already.
            drop(camera.id.take().and_then(|id| live.detach(id)));
        }
        if camera.id.is_none() && camera.tried.elapsed() >= RETRY {
            camera.tried = Instant::now();
            match attach(live, &camera.which, &camera.spec) {
                Ok(id) => camera.id = Some(id),
                Err(e) => log::warn!("{e:#}; trying again"),
            }
        }
    }

    /// Completes the recording; the virtual camera goes with the pipeline.
    pub(super) fn finish(&mut self, live: &Live) -> anyhow::Result<()> {
        let Some(done) = self.recording.take().and_then(|id| live.detach(id)) else { return Ok(()) };
        let done = done.context("the recording failed")?;
        if let Some(path) = done.path {
            writeln!(std::io::stdout().lock(), "{}: {} frames", path.display(), done.frames)?;
        }
        Ok(())
    }
}

fn attach(live: &Live, which: &VirtualCamera, spec: &VirtualSpec) -> anyhow::Result<SinkId> {
    let sink = open_virtual_camera(which, spec)?;
    // With standard error closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "virtual camera: {}", sink.describe());
    Ok(live.attach("virtual camera", Box::new(sink))?)
}
