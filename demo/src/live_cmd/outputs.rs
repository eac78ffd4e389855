//! The virtual camera and the recording of a run without a window.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use omote_engine::pipeline::{LiveSession, LiveStatus, Recorded, SinkId};
use omote_engine::sink::Sink;
use omote_engine::sink::virtual_camera::{VirtualCamera, VirtualFormat, VirtualSpec, open_virtual_camera};
use omote_kit::in_one_line;

use super::LiveArgs;
use crate::ending;
use crate::left_over::Note;

/// Name of the recording's sink.
pub(super) const RECORDING: &str = "recording";

/// Between two tries to open a virtual camera that was lost.
const RETRY: Duration = Duration::from_secs(2);

/// What frames go to.
pub(super) struct Outputs {
    camera: Option<Camera>,
    /// Found at the next start if this program is killed.
    recording: Option<Note>,
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
        live: &LiveSession,
        args: &LiveArgs,
        data: &Path,
        recording: Option<Box<dyn Sink>>,
    ) -> anyhow::Result<Self> {
        let rate = args.rate()?;
        let mut outputs = Self { camera: None, recording: None };
        if let Some(which) = &args.virtual_camera {
            let (width, height) = args.size;
            let spec = VirtualSpec { width, height, rate, format: VirtualFormat::default() };
            let id = Some(attach(live, which, &spec)?);
            outputs.camera = Some(Camera { which: which.clone(), spec, id, tried: Instant::now() });
        }
        if let Some((recording, path)) = recording.zip(args.record.as_deref()) {
            outputs.recording = recording.working().and_then(|working| Note::begin(data, working, path));
            live.record(RECORDING, recording, rate)?;
        }
        Ok(outputs)
    }

    /// Opens the virtual camera again when it was lost.
    pub(super) fn keep(&mut self, live: &LiveSession, status: &LiveStatus) {
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
                Err(e) => log::warn!("{}; trying again", in_one_line(e.as_ref())),
            }
        }
    }

    /// Says where recordings are; whether all ended because the program did.
    pub(super) fn finish(self, recorded: Vec<Recorded>) -> anyhow::Result<bool> {
        let mut whole = true;
        for one in recorded {
            let done = match one.finished {
                Ok(done) => done,
                Err(error) => {
                    whole = false;
                    // With standard error closed there is nobody to tell.
                    let _ = writeln!(std::io::stderr(), "error: {error}");
                    continue;
                }
            };
            if done.ended.is_some() {
                // Why was told when it ended.
                whole = false;
            } else if let Some(path) = done.path {
                ending::print(&mut std::io::stdout().lock(), |out| {
                    writeln!(out, "{}: {} frames, no sound", path.display(), done.frames)?;
                    done.remarks.iter().try_for_each(|remark| writeln!(out, "{remark}"))
                })?;
            }
        }
        Ok(whole)
    }
}

fn attach(live: &LiveSession, which: &VirtualCamera, spec: &VirtualSpec) -> anyhow::Result<SinkId> {
    let sink = open_virtual_camera(which, spec)?;
    // With standard error closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "virtual camera: {}", sink.describe());
    Ok(live.attach("virtual camera", Box::new(sink))?)
}
