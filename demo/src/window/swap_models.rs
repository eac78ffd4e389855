//! The user's swap models: which there are, and testing new ones.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use eframe::egui::Context;
use omote_engine::error::{Error, ErrorKind, Stage};
use omote_engine::pipeline::MakeModel;
use omote_engine::swap::neural::registry::{Declared, Entry, Purpose, Registry};

use super::import::sentence;
use super::task::{Progress, Task};
use crate::wear_args::ModelArgs;
use crate::{models_cmd, wardrobe};

/// Endings of files that may be models.
pub(super) const ENDINGS: [&str; 2] = ["onnx", "dfm"];

/// A swap model of the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed {
    /// Its name.
    pub(super) name: String,
    /// Its best time, such as "9.1 ms on CUDA".
    pub(super) time: String,
    /// What it is, all its times, its licence.
    pub(super) line: String,
    /// Why it can't be used.
    pub(super) fault: Option<String>,
    path: PathBuf,
    /// A face is built in: the persona worn makes no difference.
    pub(super) built_in: bool,
}

impl Listed {
    fn of(entry: &Entry) -> Self {
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
struct Added {
    /// What to tell of it.
    told: String,
    /// Its name, if it swaps faces: other networks only help those that do.
    swap: Option<String>,
    listed: Vec<Listed>,
}

/// What stands before the window on a model's account.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Dialog {
    /// A file was refused: which, and why.
    Refused(String, String),
    /// A face is built into a file: the persona that says whose.
    Whose(PathBuf, Option<String>),
}

/// What happened since the last look.
pub(super) enum Event {
    /// The list was read.
    Known,
    /// A file was taken: what to tell of it, and the model's name, if it swaps faces.
    Added(String, Option<String>),
    /// Something to know.
    Told(String),
    /// Something that went wrong.
    Fault(String),
}

/// The models, and what is being done about them.
pub(super) struct SwapModels {
    data: PathBuf,
    /// What the command line said of models.
    options: ModelArgs,
    listed: Vec<Listed>,
    listing: Option<Task<Result<Vec<Listed>, String>>>,
    choosing: Option<Task<Vec<PathBuf>>>,
    /// Files to be tested, and the persona of a built-in face.
    waiting: VecDeque<(PathBuf, Option<String>)>,
    testing: Option<(PathBuf, Task<Result<Added, String>>)>,
    /// What is asked or told.
    pub(super) dialog: Option<Dialog>,
    tell: SyncSender<String>,
    told: Receiver<String>,
}

impl SwapModels {
    /// Begins to read the list of a data folder.
    pub(super) fn open(context: &Context, data: &Path, options: ModelArgs) -> Self {
        let (tell, told) = sync_channel(8);
        let folder = data.to_owned();
        let read = move || Registry::open(&folder).map(|r| listed(&r)).map_err(|error| error.to_string());
        Self {
            data: data.to_owned(),
            options,
            listed: Vec::new(),
            listing: Some(Task::start("swap models", context, read)),
            choosing: None,
            waiting: VecDeque::new(),
            testing: None,
            dialog: None,
            tell,
            told,
        }
    }

    /// Those that swap faces, in the order in which they came.
    pub(super) fn listed(&self) -> &[Listed] {
        &self.listed
    }

    /// The one of this name, or of this path.
    pub(super) fn named(&self, name: &str) -> Option<&Listed> {
        let path = std::path::absolute(name).ok();
        self.listed.iter().find(|l| l.name == name || Some(&l.path) == path.as_ref())
    }

    /// Whether the list was read.
    pub(super) fn known(&self) -> bool {
        self.listing.is_none()
    }

    /// The name of the file that is being tested.
    pub(super) fn testing(&self) -> Option<String> {
        self.testing.as_ref().map(|(path, _)| file_name(path))
    }

    /// Opens a file dialog for models.
    pub(super) fn choose(&mut self, context: &Context) {
        let choose = || {
            let dialog = rfd::FileDialog::new().set_title("Swap models").add_filter("Models", &ENDINGS);
            dialog.pick_files().unwrap_or_default()
        };
        if self.choosing.is_none() {
            self.choosing = Some(Task::start("file dialog", context, choose));
        }
    }

    /// Takes a file to be tested. One that is sure to have a face built in is asked about first.
    pub(super) fn add(&mut self, path: &Path) {
        if ending(path) == "dfm" {
            self.dialog = Some(Dialog::Whose(path.to_owned(), None));
        } else {
            self.waiting.push_back((path.to_owned(), None));
        }
    }

    /// Takes a file with the face of a persona built in.
    pub(super) fn add_of(&mut self, path: PathBuf, persona: String) {
        self.waiting.push_back((path, Some(persona)));
    }

    /// Takes over what other threads have done, and begins the next test.
    pub(super) fn poll(&mut self, context: &Context) -> Vec<Event> {
        let mut events: Vec<Event> = self.told.try_iter().map(Event::Told).collect();
        match self.listing.as_ref().map(Task::poll) {
            None | Some(Progress::Running) => {}
            Some(Progress::Done(Ok(listed))) => {
                (self.listing, self.listed) = (None, listed);
                events.push(Event::Known);
            }
            Some(Progress::Done(Err(reason))) => {
                self.listing = None;
                events.extend([Event::Fault(sentence(&reason)), Event::Known]);
            }
            Some(Progress::Gone) => self.listing = None,
        }
        match self.choosing.as_ref().map(Task::poll) {
            None | Some(Progress::Running) => {}
            Some(Progress::Done(paths)) => {
                self.choosing = None;
                paths.iter().for_each(|path| self.add(path));
            }
            Some(Progress::Gone) => self.choosing = None,
        }
        if let Some((path, task)) = &self.testing {
            let refused = |why: String| Dialog::Refused(file_name(path), why);
            let done = match task.poll() {
                Progress::Running => return events,
                Progress::Done(Ok(added)) => Ok(added),
                Progress::Done(Err(why)) => Err(refused(sentence(&why))),
                Progress::Gone => Err(refused("The test crashed.".to_owned())),
            };
            self.testing = None;
            match done {
                Ok(Added { told, swap, listed }) => {
                    self.listed = listed;
                    events.push(Event::Added(told, swap));
                }
                Err(dialog) => self.dialog = Some(dialog),
            }
        }
        // Not before the list is known, and one at a time: they are measured.
        if self.listing.is_none()
            && let Some((path, persona)) = self.waiting.pop_front()
        {
            let (file, data) = (path.clone(), self.data.clone());
            let work = move || test(&file, persona, &data).map_err(|error| words(&error));
            self.testing = Some((path, Task::start("model test", context, work)));
        }
        events
    }

    /// Loads a model for a persona, on the pipeline's thread.
    pub(super) fn make(&self, context: &Context, model: &str, rate: u32, persona: &str) -> MakeModel {
        let mut options = self.options.clone();
        options.model = Some(model.to_owned());
        options.model_rate = (rate > 0).then_some(rate as f32);
        let (persona, data) = (persona.to_owned(), self.data.clone());
        let (tell, context) = (self.tell.clone(), context.clone());
        Box::new(move || {
            let mut told = |what: &str| {
                // Nobody hears it where the window was closed meanwhile, and what is too much is left out.
                let _ = tell.try_send(sentence(what));
                context.request_repaint();
            };
            let failed = |e: anyhow::Error| Error::new(ErrorKind::Backend, Stage::Infer, words(&e));
            let none = || Error::new(ErrorKind::Usage, Stage::Infer, "no swap model was named");
            wardrobe::model(&options, &persona, &data, &mut told).map_err(failed)?.ok_or_else(none)
        })
    }
}

/// An error with its causes, but for those that only say the same again.
fn words(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            text += if text.is_empty() { "" } else { ": " };
            text += &cause;
        }
    }
    text
}

/// Tests a file and takes it.
fn test(path: &Path, persona: Option<String>, data: &Path) -> anyhow::Result<Added> {
    let runtime = wardrobe::runtime(data)?;
    let declared = Declared { persona, cache: Some(wardrobe::engines(data)), ..Declared::default() };
    let entry = models_cmd::look(path, &runtime, data, &declared)?;
    let mut registry = Registry::open(data)?;
    let entry = registry.add(entry)?;
    let swap = matches!(entry.purpose, Purpose::Swap(_)).then(|| entry.name.clone());
    let told = format!("{} was added to your models. {}.", entry.name, entry.line());
    Ok(Added { told, swap, listed: listed(&registry) })
}

fn listed(registry: &Registry) -> Vec<Listed> {
    registry.swaps().map(Listed::of).collect()
}

/// Whether a file's name is a model's.
pub(super) fn is_model(path: &Path) -> bool {
    ENDINGS.contains(&ending(path).as_str())
}

fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// A file's name without its folders.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_engine::infer::stand_in::StandIn;

    #[test]
    fn files_of_models_are_known_by_their_ending() {
        assert!(["x.onnx", "a/B.DFM"].iter().all(|path| is_model(Path::new(path))));
        assert!(["x.png", "onnx", "x.onnx.part"].iter().all(|path| !is_model(Path::new(path))));
    }

    #[test]
    fn nothing_is_said_twice() {
        use anyhow::Context as _;
        let wrapped = |outer: &'static str| Err::<(), _>(anyhow::anyhow!("b")).context(outer).unwrap_err();
        assert_eq!(words(&wrapped("a")), "a: b");
        assert_eq!(words(&wrapped("no b")), "no b");
    }

    /// Polls until nothing is read or tested any more.
    fn settle(models: &mut SwapModels, context: &Context) -> Vec<Event> {
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
        let mut models = SwapModels::open(&context, &data, ModelArgs::default());
        models.add(&write("faces.onnx", &StandIn::recogniser().bytes()));
        models.add(&write("mine.onnx", &StandIn::inswapper_128().bytes()));
        models.add(&write("junk.onnx", b"this is no model"));
        let events = settle(&mut models, &context);
        let added: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Added(told, swap) => Some((told.contains(" ms on CPU"), swap.as_deref())),
                _ => None,
            })
            .collect();
        assert_eq!(added, [(true, None), (true, Some("mine"))]);
        assert_eq!(models.listed().iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), ["mine"]);
        assert!(models.listed()[0].time.ends_with(" ms on CPU"), "{:?}", models.listed());
        let Some(Dialog::Refused(file, why)) = models.dialog.take() else { panic!("junk was taken") };
        assert!(file == "junk.onnx" && why.ends_with('.'), "{file}: {why}");

        models.add(&write("face.dfm", &StandIn::dfm(64, 64).bytes()));
        assert!(matches!(&models.dialog, Some(Dialog::Whose(_, None))), "{:?}", models.dialog);
        assert!(models.waiting.is_empty());

        std::fs::remove_file(folder.path().join("mine.onnx")).unwrap();
        let mut again = SwapModels::open(&context, &data, ModelArgs::default());
        settle(&mut again, &context);
        assert!(again.named("mine").is_some_and(|model| model.fault.is_some()));
        assert!(again.named("faces").is_none(), "a recogniser is nothing to wear");
    }
}
