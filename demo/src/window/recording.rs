//! Snapshots and recordings: badged frames into files, away from the window's thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;
use omote_engine::sink::{self, SinkSpec};
use omote_engine::source::Rate;

use super::files::{self, Kind};
use super::session::{Live, Shown, SinkId};
use super::task::{Progress, Task};

/// The result of a file's writing.
type Written = Result<PathBuf, String>;

/// What runs, and what is being finished.
#[derive(Default)]
pub(super) struct Recorder {
    running: Option<(SinkId, Instant)>,
    finishing: Vec<(Kind, Task<Written>)>,
}

impl Recorder {
    /// How long the recording that runs has been running.
    pub(super) fn since(&self) -> Option<Duration> {
        self.running.map(|(_, since)| since.elapsed())
    }

    /// The sink of the recording that runs.
    pub(super) fn sink(&self) -> Option<SinkId> {
        self.running.map(|(id, _)| id)
    }

    /// Writes what is on the screen, as it went out: not mirrored, with the badge.
    pub(super) fn snapshot(&mut self, context: &Context, shown: Arc<Shown>) {
        let work = move || {
            let path = files::new_file(Kind::Snapshot)?;
            let mut sink = sink::create(&path, &SinkSpec::one()).map_err(told)?;
            sink.present(&shown.badged).map_err(told)?;
            Ok(sink.finish().map_err(told)?.path.unwrap_or(path))
        };
        self.finishing.push((Kind::Snapshot, Task::start("snapshot", context, work)));
    }

    /// Starts a recording at a rate in frames a second.
    ///
    /// # Errors
    /// Why it can't be started, with the remedy.
    pub(super) fn start(&mut self, live: &Live, rate: f64) -> Result<(), String> {
        let path = files::new_file(Kind::Recording)?;
        let whole = rate.round().clamp(1.0, 240.0) as u32;
        let rate = Rate::new(whole, 1).ok_or("the frame rate is out of range")?;
        let sink = sink::create(&path, &SinkSpec::steady(rate)).map_err(told)?;
        let id = live.record("recording", sink, rate).map_err(told)?;
        self.running = Some((id, Instant::now()));
        Ok(())
    }

    /// Ends the recording; the file is completed on a thread of its own.
    pub(super) fn stop(&mut self, context: &Context, live: &Arc<Live>) {
        let Some((id, _)) = self.running.take() else { return };
        let live = Arc::clone(live);
        let work = move || finished(live.detach(id));
        self.finishing.push((Kind::Recording, Task::start("recording", context, work)));
    }

    /// Ends the recording and waits for its file.
    pub(super) fn stop_now(&mut self, live: &Live) {
        let Some((id, _)) = self.running.take() else { return };
        if let Err(error) = finished(live.detach(id)) {
            log::warn!("{error}");
        }
    }

    /// Gives up a recording whose sink has failed.
    pub(super) fn failed(&mut self) {
        self.running = None;
    }

    /// What was finished since the last call.
    pub(super) fn poll(&mut self) -> Vec<(Kind, Written)> {
        let mut done = Vec::new();
        self.finishing.retain(|(kind, task)| match task.poll() {
            Progress::Running => true,
            Progress::Done(written) => {
                done.push((*kind, written));
                false
            }
            Progress::Gone => {
                done.push((*kind, Err("the file could not be written".to_owned())));
                false
            }
        });
        done
    }
}

fn finished(detached: Option<omote_engine::error::Result<sink::Finished>>) -> Written {
    match detached {
        Some(Ok(finished)) => finished.path.ok_or_else(|| "the recording has no file".to_owned()),
        Some(Err(error)) => Err(told(error)),
        None => Err("the recording had ended already".to_owned()),
    }
}

fn told(error: omote_engine::error::Error) -> String {
    format!("{:#}", anyhow::Error::from(error))
}
