//! The user's swap models away from the window's thread: reading which there are, testing new ones, loading them.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use eframe::egui::Context;
use omote_engine::error::{Error, ErrorKind, Stage};
use omote_engine::pipeline::MakeModel;
use omote_kit::in_one_line;
use omote_kit::registry::{Declared, Entry, Purpose, Registry};

use super::task::{Progress, Task};
use crate::wear_args::ModelArgs;
use crate::window::state::{MODEL_ENDINGS, SwapModel};
use crate::window::text::{file_name, sentence};
use crate::{models_cmd, wardrobe};

impl SwapModel {
    fn from_entry(entry: &Entry) -> Self {
        let best = entry.best().and_then(|best| Some((best.ms?, best.provider)));
        Self {
            name: entry.name.clone(),
            time: best.map_or_else(String::new, |(ms, provider)| format!("{ms:.1} ms on {provider}")),
            line: entry.line(),
            fault: entry.check().err().map(|error| error.to_string()),
            path: entry.path.clone(),
            built_in: entry.persona.is_some(),
        }
    }
}

/// What a test came to.
pub(crate) struct Added {
    /// What to tell of it.
    pub(crate) message: String,
    /// Its name, if it swaps faces: other networks only help those that do.
    pub(crate) swap: Option<String>,
    /// The models that there are now.
    pub(crate) listed: Vec<SwapModel>,
}

/// What happened since the last look.
pub(crate) enum ModelEvent {
    /// The list was read, or could not be; nothing where that broke down.
    Listed(Option<Result<Vec<SwapModel>, String>>),
    /// Files were chosen in the file dialog.
    Chosen(Vec<PathBuf>),
    /// The file of this name is being tested.
    TestBegan(String),
    /// The file of this name was tested: what it is, or why it is refused.
    Tested(String, Result<Added, String>),
    /// Something to know, of a model that is being loaded.
    Progress(String),
}

/// Reads the list of the models, tests new ones, and loads them.
pub(crate) struct ModelTasks {
    data: PathBuf,
    /// What the command line said of models.
    options: ModelArgs,
    listing: Option<Task<Result<Vec<SwapModel>, String>>>,
    choosing: Option<Task<Vec<PathBuf>>>,
    /// Files to be tested, and the persona of a built-in face.
    waiting: VecDeque<(PathBuf, Option<String>)>,
    testing: Option<(PathBuf, Task<Result<Added, String>>)>,
    report: SyncSender<String>,
    reports: Receiver<String>,
}

impl ModelTasks {
    /// For the models of a data folder; nothing is done yet.
    pub(crate) fn new(data: &Path, options: ModelArgs) -> Self {
        let (report, reports) = sync_channel(8);
        Self {
            data: data.to_owned(),
            options,
            listing: None,
            choosing: None,
            waiting: VecDeque::new(),
            testing: None,
            report,
            reports,
        }
    }

    /// Begins to read the list.
    pub(crate) fn list(&mut self, context: &Context) {
        let folder = self.data.clone();
        let read = move || Registry::open(&folder).map(|r| listed(&r)).map_err(|error| error.to_string());
        self.listing = Some(Task::start("swap models", context, read));
    }

    /// Opens a file dialog for models.
    pub(crate) fn choose(&mut self, context: &Context) {
        let choose = || {
            let dialog = rfd::FileDialog::new().set_title("Swap models").add_filter("Models", &MODEL_ENDINGS);
            dialog.pick_files().unwrap_or_default()
        };
        if self.choosing.is_none() {
            self.choosing = Some(Task::start("file dialog", context, choose));
        }
    }

    /// Takes a file to be tested, with the persona of a face that is built in.
    pub(crate) fn test(&mut self, path: PathBuf, persona: Option<String>) {
        self.waiting.push_back((path, persona));
    }

    /// What other threads have done since; begins the next test.
    pub(crate) fn poll(&mut self, context: &Context) -> Vec<ModelEvent> {
        let mut events: Vec<ModelEvent> = self.reports.try_iter().map(ModelEvent::Progress).collect();
        match self.listing.as_ref().map(Task::poll) {
            None | Some(Progress::Running) => {}
            Some(Progress::Done(listed)) => {
                self.listing = None;
                events.push(ModelEvent::Listed(Some(listed)));
            }
            Some(Progress::Gone) => {
                self.listing = None;
                events.push(ModelEvent::Listed(None));
            }
        }
        match self.choosing.as_ref().map(Task::poll) {
            None | Some(Progress::Running) => {}
            Some(Progress::Done(paths)) => {
                self.choosing = None;
                events.push(ModelEvent::Chosen(paths));
            }
            Some(Progress::Gone) => self.choosing = None,
        }
        if let Some((path, task)) = &self.testing {
            let result = match task.poll() {
                Progress::Running => return events,
                Progress::Done(result) => result.map_err(|why| sentence(&why)),
                Progress::Gone => Err("The test crashed.".to_owned()),
            };
            events.push(ModelEvent::Tested(file_name(path), result));
            self.testing = None;
        }
        // Not before the list is known, and one at a time: they are measured.
        if self.listing.is_none()
            && let Some((path, persona)) = self.waiting.pop_front()
        {
            let (file, data) = (path.clone(), self.data.clone());
            let work = move || test(&file, persona, &data).map_err(|error| in_one_line(error.as_ref()));
            events.push(ModelEvent::TestBegan(file_name(&path)));
            self.testing = Some((path, Task::start("model test", context, work)));
        }
        events
    }

    /// Loads a model for a persona, on the pipeline's thread.
    pub(crate) fn make(&self, context: &Context, model: &str, rate: u32, persona: &str) -> MakeModel {
        let mut options = self.options.clone();
        options.model = Some(model.to_owned());
        options.model_rate = (rate > 0).then_some(rate as f32);
        let (persona, data) = (persona.to_owned(), self.data.clone());
        let (sender, context) = (self.report.clone(), context.clone());
        Box::new(move || {
            let mut report = |what: &str| {
                // Nobody hears it where the window was closed meanwhile, and what is too much is left out.
                let _ = sender.try_send(sentence(what));
                context.request_repaint();
            };
            let failed =
                |e: anyhow::Error| Error::new(ErrorKind::Backend, Stage::Infer, in_one_line(e.as_ref()));
            let none = || Error::new(ErrorKind::Usage, Stage::Infer, "no swap model was named");
            wardrobe::model(&options, &persona, &data, &mut report).map_err(failed)?.ok_or_else(none)
        })
    }
}

/// Tests a file and takes it.
fn test(path: &Path, persona: Option<String>, data: &Path) -> anyhow::Result<Added> {
    let runtime = wardrobe::runtime(data)?;
    let declared = Declared { persona, ..Declared::default() };
    let entry = models_cmd::check(path, &runtime, data, &declared)?;
    let mut registry = Registry::open(data)?;
    let entry = registry.add(entry)?;
    let swap = matches!(entry.purpose, Purpose::Swap(_)).then(|| entry.name.clone());
    let message = format!("{} was added to your models. {}.", entry.name, entry.line());
    Ok(Added { message, swap, listed: listed(&registry) })
}

fn listed(registry: &Registry) -> Vec<SwapModel> {
    registry.swaps().map(SwapModel::from_entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_engine::infer::stand_in::StandIn;

    /// Polls until nothing is read or tested any more.
    fn settle(models: &mut ModelTasks, context: &Context) -> Vec<ModelEvent> {
        let mut events = Vec::new();
        loop {
            events.extend(models.poll(context));
            if models.listing.is_none() && models.testing.is_none() && models.waiting.is_empty() {
                return events;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    #[test]
    fn files_are_tested_one_after_the_other_and_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::default();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let data = folder.path().join("data");
        let mut models = ModelTasks::new(&data, ModelArgs::default());
        models.list(&context);
        models.test(write("faces.onnx", &StandIn::recogniser().bytes()), None);
        models.test(write("mine.onnx", &StandIn::inswapper_128().bytes()), None);
        models.test(write("junk.onnx", b"this is no model"), None);
        let events = settle(&mut models, &context);
        let told: Vec<String> = events
            .iter()
            .map(|event| match event {
                ModelEvent::Listed(Some(Ok(listed))) => format!("{} models", listed.len()),
                ModelEvent::TestBegan(file) => format!("testing {file}"),
                ModelEvent::Tested(file, Ok(added)) => {
                    let timed = added.message.contains(" ms on CPU");
                    format!("{file} is {:?}, timed: {timed}", added.swap)
                }
                ModelEvent::Tested(file, Err(why)) => format!("{file} is refused: {}", why.ends_with('.')),
                _ => "something else".to_owned(),
            })
            .collect();
        let expected = [
            "0 models",
            "testing faces.onnx",
            "faces.onnx is None, timed: true",
            "testing mine.onnx",
            "mine.onnx is Some(\"mine\"), timed: true",
            "testing junk.onnx",
            "junk.onnx is refused: true",
        ];
        assert_eq!(told, expected);
        let listed = |events: &[ModelEvent]| {
            let mut lists = events.iter().filter_map(|event| match event {
                ModelEvent::Listed(Some(Ok(listed))) => Some(listed.clone()),
                ModelEvent::Tested(_, Ok(added)) => Some(added.listed.clone()),
                _ => None,
            });
            lists.next_back().unwrap()
        };
        let models = listed(&events);
        assert_eq!(models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["mine"]);
        assert!(models[0].time.ends_with(" ms on CPU"), "{models:?}");

        std::fs::remove_file(folder.path().join("mine.onnx")).unwrap();
        let mut again = ModelTasks::new(&data, ModelArgs::default());
        again.list(&context);
        // A recogniser is nothing to wear.
        let models = listed(&settle(&mut again, &context));
        assert_eq!(models.len(), 1);
        assert!(models[0].fault.is_some(), "its file is gone");
    }
}
