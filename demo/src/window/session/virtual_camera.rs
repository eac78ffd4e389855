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

/// One that is being opened or closed is waited for no longer.
const CLOSING: Duration = Duration::from_secs(5);

/// Opens and closes the virtual camera.
#[derive(Default)]
pub(crate) struct VirtualCameraTask {
    starting: Option<Task<Opened>>,
    /// The last one that was switched off, maybe before it was open.
    closing: Option<Task<()>>,
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
        self.start_with(context, move || open(&live, &kind, output));
    }

    /// The device must be free again before it is opened.
    fn start_with(&mut self, context: &Context, open: impl FnOnce() -> Opened + Send + 'static) {
        let closing = self.closing.take();
        self.starting = Some(Task::start("virtual camera", context, move || {
            if let Some(closing) = closing {
                let _ = closing.wait(CLOSING);
            }
            open()
        }));
    }

    /// Switches off the one of a sink, or the one that is being opened: that one is closed as soon as it is open.
    pub(crate) fn stop(&mut self, context: &Context, live: &Arc<LiveSession>, sink: Option<SinkId>) {
        let live = Arc::clone(live);
        // What is closed needs no further word.
        if let Some(opening) = self.starting.take() {
            self.closing = Some(opening.undone("virtual camera", context, move |opened| {
                drop(opened.map(|(sink, _)| live.detach(sink)));
            }));
        } else if let Some(sink) = sink {
            let close = move || drop(live.detach(sink));
            self.closing = Some(Task::start("virtual camera", context, close));
        }
    }

    /// Waits for one that is being opened or closed, so that it is closed before the program ends.
    pub(crate) fn end(&self) {
        // What came of it has been closed with the pipeline, or was refused by it.
        if let Some(task) = &self.starting {
            let _ = task.wait(CLOSING);
        }
        if let Some(task) = &self.closing {
            let _ = task.wait(CLOSING);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wardrobe;
    use omote_engine::actor::ActorOptions;
    use omote_engine::composite::Backend;
    use omote_engine::error::{ErrorKind, Stage};
    use omote_engine::persona;
    use omote_engine::pipeline::{LiveConfig, LiveSource, Settings};
    use omote_engine::sink;
    use omote_engine::swap::CutParams;
    use omote_masks::built_in;
    use std::sync::mpsc::{Receiver, sync_channel};

    /// A pipeline that finds no face.
    fn live() -> Arc<LiveSession> {
        let folder = tempfile::tempdir().unwrap();
        let name = built_in::names().first().copied().unwrap();
        let persona = omote_kit::personas::resolve(name, folder.path(), persona::today()).unwrap();
        let none = || Err(Error::new(ErrorKind::Usage, Stage::Track, "there are no networks"));
        let source = LiveSource::Actor(ActorOptions::new(1, 320, 180, Rate::DEFAULT));
        let mut settings = Settings::default();
        settings.backend = Backend::Cpu;
        let config = LiveConfig::new(
            source,
            Box::new(none),
            vec![wardrobe::TEXTURES.bake(&persona, CutParams::default()).unwrap()],
            settings,
        );
        Arc::new(LiveSession::start(config).unwrap())
    }

    #[test]
    fn one_that_is_switched_off_while_it_is_opened_is_closed_when_it_is_open() {
        let (context, live, mut camera) = (Context::default(), live(), VirtualCameraTask::default());
        let opening = |told_to_go: Receiver<()>| {
            let live = Arc::clone(&live);
            move || {
                let _ = told_to_go.recv_timeout(Duration::from_secs(60));
                let busy = live.status().sinks.len();
                let id = live.attach("virtual camera", sink::memory().0).map_err(|e| e.to_string())?;
                Ok((id, format!("beside {busy}")))
            }
        };
        let ((go, first), (go_again, second)) = (sync_channel(1), sync_channel(1));
        camera.start_with(&context, opening(first));
        camera.stop(&context, &live, None);
        assert!(camera.poll().is_none(), "what came of it interests nobody");
        // On again at once: not before the first is closed.
        camera.start_with(&context, opening(second));
        go_again.send(()).unwrap();
        go.send(()).unwrap();
        let opened = loop {
            match camera.poll() {
                Some(opened) => break opened,
                None => std::thread::yield_now(),
            }
        };
        let (sink, told) = opened.unwrap();
        let attached =
            |live: &LiveSession| live.status().sinks.iter().map(|sink| sink.id).collect::<Vec<_>>();
        assert_eq!((told.as_str(), attached(&live)), ("beside 0", vec![sink]));
        camera.stop(&context, &live, Some(sink));
        camera.end();
        assert!(attached(&live).is_empty());
        live.end();
    }
}
