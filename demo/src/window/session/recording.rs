//! Snapshots and recordings: badged frames into files, away from the window's thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::Context;
use omote_engine::output::Existing;
use omote_engine::pipeline::{LiveSession, Recorded, Shown, SinkId};
use omote_engine::sink::{self, Finished, Room, SinkSpec};
use omote_engine::source::Rate;
use omote_kit::in_one_line;

use super::files::{self, FileKind};
use super::task::{Progress, Task};
use crate::left_over::Note;
use crate::live_cmd::Warned;
use crate::window::state::Recording;

/// The result of a file's writing.
pub(crate) type Written = Result<PathBuf, String>;

/// At the program's end no file is waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// What belongs to the recording that runs.
struct Running {
    id: SinkId,
    since: Instant,
    /// Found at the next start if this program is killed.
    note: Option<Note>,
    warned: Warned,
}

/// What happened since the last look.
#[derive(Debug, PartialEq)]
pub(crate) enum RecorderEvent {
    /// A recording runs.
    Began(Recording),
    /// A file is complete, or could not be written or even begun.
    Written(FileKind, Written),
}

/// What runs, and what is being finished.
#[derive(Default)]
pub(crate) struct Recorder {
    /// Being opened.
    starting: Option<Task<Result<Running, String>>>,
    running: Option<Running>,
    finishing: Vec<(FileKind, Task<Written>)>,
    /// A recording ended by itself.
    broke: bool,
}

impl Recorder {
    /// What is to be told of the room that the recording has left.
    pub(crate) fn warning(&mut self, room: Option<Room>) -> Option<String> {
        let running = self.running.as_mut()?;
        room.and_then(|room| running.warned.warning(room))
    }

    /// Whether no recording has ended by itself.
    pub(crate) fn whole(&self) -> bool {
        !self.broke
    }

    /// Writes what is on the screen, as it went out: not mirrored, with the badge.
    pub(crate) fn snapshot(&mut self, context: &Context, shown: Arc<Shown>) {
        let work = move || {
            let path = files::new_file(FileKind::Snapshot)?;
            let mut sink = sink::create(&path, &SinkSpec::one()).map_err(in_words)?;
            sink.present(&shown.badged).map_err(in_words)?;
            Ok(sink.finish().map_err(in_words)?.path.unwrap_or(path))
        };
        self.finishing.push((FileKind::Snapshot, Task::start("snapshot", context, work)));
    }

    /// Starts a recording at a rate in frames a second. It is noted in the data folder. [`Recorder::poll`] tells why it
    /// could not be started.
    pub(crate) fn start(&mut self, context: &Context, live: &Arc<LiveSession>, rate: f64, data: &Path) {
        let (live, data) = (Arc::clone(live), data.to_owned());
        self.start_with(context, move || begin(&live, rate, &data));
    }

    /// The encoder is started and the disk is written to, which may take a while: away from the window's thread.
    fn start_with(
        &mut self,
        context: &Context,
        begin: impl FnOnce() -> Result<Running, String> + Send + 'static,
    ) {
        if self.starting.is_none() {
            self.starting = Some(Task::start("recording", context, begin));
        }
    }

    /// Ends the recording; the file is completed on a thread of its own.
    pub(crate) fn stop(&mut self, context: &Context, live: &Arc<LiveSession>) {
        let Some(Running { id, note, .. }) = self.running.take() else { return };
        let live = Arc::clone(live);
        let work = move || {
            let written = finished(live.detach(id));
            drop(note);
            written
        };
        self.finishing.push((FileKind::Recording, Task::start("recording", context, work)));
    }

    /// Gives up a recording whose sink has failed: what was kept is known, and was told.
    pub(crate) fn failed(&mut self, live: &LiveSession) {
        self.broke = true;
        if let Some(Running { id, note, .. }) = self.running.take() {
            drop((live.detach(id), note));
        }
    }

    /// At the program's end: takes over what became of the recordings of the pipeline, and waits for all files.
    pub(crate) fn end(&mut self, recorded: Vec<Recorded>) {
        for one in recorded {
            if let Err(error) = finished(Some(one.finished)) {
                self.broke = true;
                log::warn!("{error}");
            }
        }
        self.running = None;
        let until = Instant::now() + PATIENCE;
        // The pipeline has ended, and takes no recording any more.
        if let Some(task) = self.starting.take() {
            drop(task.wait(PATIENCE));
        }
        for (kind, task) in self.finishing.drain(..) {
            let written = match task.wait(until.saturating_duration_since(Instant::now())) {
                Progress::Done(written) => written.map(|_| ()),
                Progress::Running => {
                    Err("a file is still incomplete after a minute and is left as it is".to_owned())
                }
                Progress::Gone => Err("a file could not be written".to_owned()),
            };
            if let Err(error) = written {
                self.broke |= kind == FileKind::Recording;
                log::warn!("{error}");
            }
        }
    }

    /// What was finished since the last call.
    pub(crate) fn poll(&mut self) -> Vec<RecorderEvent> {
        let mut done = Vec::new();
        let started = self.starting.as_ref().map(Task::poll);
        if let Some(Progress::Done(_) | Progress::Gone) = &started {
            self.starting = None;
        }
        match started {
            Some(Progress::Done(Ok(running))) => {
                done.push(RecorderEvent::Began(Recording {
                    sink: running.id,
                    since: running.since,
                    room: None,
                }));
                self.running = Some(running);
            }
            Some(Progress::Done(Err(reason))) => {
                done.push(RecorderEvent::Written(FileKind::Recording, Err(reason)));
            }
            Some(Progress::Gone) => {
                let reason = "the recording could not be started".to_owned();
                done.push(RecorderEvent::Written(FileKind::Recording, Err(reason)));
            }
            Some(Progress::Running) | None => {}
        }
        self.finishing.retain(|(kind, task)| match task.poll() {
            Progress::Running => true,
            Progress::Done(written) => {
                self.broke |= *kind == FileKind::Recording && written.is_err();
                done.push(RecorderEvent::Written(*kind, written));
                false
            }
            Progress::Gone => {
                let reason = "the file could not be written".to_owned();
                done.push(RecorderEvent::Written(*kind, Err(reason)));
                false
            }
        });
        done
    }
}

fn begin(live: &LiveSession, rate: f64, data: &Path) -> Result<Running, String> {
    let path = files::new_file(FileKind::Recording)?;
    let whole = rate.round().clamp(1.0, 240.0) as u32;
    let rate = Rate::new(whole, 1).ok_or("the frame rate is out of range")?;
    let sink = sink::record(&path, rate, Existing::Refuse).map_err(in_words)?;
    let note = sink.working().and_then(|working| Note::begin(data, working, &path));
    let id = live.record("recording", sink, rate).map_err(in_words)?;
    Ok(Running { id, since: Instant::now(), note, warned: Warned::default() })
}

fn finished(detached: Option<omote_engine::error::Result<Finished>>) -> Written {
    match detached {
        Some(Ok(Finished { ended: Some(why), .. })) => Err(why),
        Some(Ok(finished)) => finished.path.ok_or_else(|| "the recording has no file".to_owned()),
        Some(Err(error)) => Err(in_words(error)),
        None => Err("the recording had already ended".to_owned()),
    }
}

fn in_words(error: omote_engine::error::Error) -> String {
    in_one_line(&error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn the_window_does_not_wait_for_the_encoder() {
        let (context, mut recorder) = (Context::default(), Recorder::default());
        let (go, told_to_go) = sync_channel::<()>(1);
        let slow = move || {
            let _ = told_to_go.recv_timeout(Duration::from_secs(60));
            Err("there is no encoder".to_owned())
        };
        // A second press while it is at work starts no second one.
        recorder.start_with(&context, slow);
        recorder.start_with(&context, || Err("a second one".to_owned()));
        assert!(recorder.poll().is_empty() && recorder.running.is_none());
        go.send(()).unwrap();
        let begun = Instant::now();
        let done = loop {
            let done = recorder.poll();
            if !done.is_empty() || begun.elapsed() > Duration::from_secs(60) {
                break done;
            }
            std::thread::yield_now();
        };
        let refused = RecorderEvent::Written(FileKind::Recording, Err("there is no encoder".to_owned()));
        assert_eq!(done, [refused]);
        assert!(recorder.poll().is_empty() && recorder.starting.is_none());
    }
}
