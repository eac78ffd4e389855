//! Getting the face networks, away from the window's thread.

use std::path::PathBuf;
use std::time::Duration;

use eframe::egui::Context;
use omote_engine::error::in_one_line;
use omote_engine::slot::{Taker, slot};

use super::task::{Progress, Task};
use crate::setup::{self, Report, SetupArgs};
use crate::window::state::SetUpStep;

/// The thread that fetches and converts, and what it tells.
type Running = (Task<Result<(), String>>, Taker<SetUpStep>);

/// What happened since the last look.
pub(crate) enum SetUpEvent {
    /// Something else is being done.
    Step(SetUpStep),
    /// It is done, or why not.
    Ended(Result<(), String>),
}

/// Runs set-up.
#[derive(Default)]
pub(crate) struct SetUpTask {
    running: Option<Running>,
}

impl SetUpTask {
    /// Begins.
    pub(crate) fn start(&mut self, context: &Context, data: PathBuf) {
        let (report, reports) = slot();
        let repaint = context.clone();
        let work = move || {
            let report = Report::heard_by(Box::new(move |verb, text, share| {
                report.publish((step_words(verb, text), share));
                repaint.request_repaint();
            }));
            let args = SetupArgs { data: Some(data), ..SetupArgs::default() };
            setup::run_with(&args, &report).map_err(|error| in_one_line(error.as_ref()))
        };
        self.running = Some((Task::start("set-up", context, work), reports));
    }

    /// Waits until what it has started is ended, so that no download goes on behind the program's back.
    pub(crate) fn end(&self) {
        if let Some((task, _)) = &self.running {
            // What is half done is done anew at the next start.
            let _ = task.wait(Duration::from_secs(2));
        }
    }

    /// How far it is.
    pub(crate) fn poll(&mut self) -> Vec<SetUpEvent> {
        let Some((task, reports)) = &self.running else { return Vec::new() };
        let mut events: Vec<_> = reports.try_take().map(SetUpEvent::Step).into_iter().collect();
        let result = match task.poll() {
            Progress::Running => return events,
            Progress::Done(result) => result,
            Progress::Gone => Err("set-up crashed".to_owned()),
        };
        self.running = None;
        events.push(SetUpEvent::Ended(result));
        events
    }
}

fn step_words(verb: &str, text: &str) -> String {
    let verb = match verb {
        "fetch" => "Fetching",
        "check" => "Checking",
        "unpack" => "Unpacking",
        "convert" => "Converting",
        "present" => "Found",
        _ => return text.to_owned(),
    };
    format!("{verb} {text}")
}
