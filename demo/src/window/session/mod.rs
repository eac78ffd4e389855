//! What runs beside the window: the pipeline, threads, files and devices. A session is told what to do by
//! [`super::actions`] and answers with [`Event`]s, which the same place takes over into the state. It knows the state's
//! types and nothing of how anything is shown; of the toolkit it has only the context, with which threads wake the
//! window.

pub(crate) mod cameras;
mod files;
mod models;
mod new_persona;
mod personas;
pub(crate) mod pipeline;
mod recording;
mod set_up;
mod task;
mod virtual_camera;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use eframe::egui::{Context, OpenUrl, ViewportCommand};
use omote_engine::gpu::Gpu;
use omote_engine::output::Existing;
use omote_engine::persona::Persona;
use omote_engine::persona::form::Form;
use omote_engine::pipeline::{LiveSession, LiveStatus};

use super::picture::PreviewSlot;
use super::settings::{Remembered, SettingsFile, Sliders};
use super::state::{Device, FileField};
use crate::left_over::{self, LeftOver};
use crate::wear_args::ModelArgs;
use cameras::Cameras;
use models::ModelTasks;
use new_persona::NewPersonaTasks;
use personas::Personas;
use pipeline::{Fitting, Start};
use recording::Recorder;
use set_up::SetUpTask;
use task::{Progress, Task};
use virtual_camera::VirtualCameraTask;

pub(crate) use files::FileKind;
pub(crate) use models::{Added, ModelEvent};
pub(crate) use new_persona::NewPersonaEvent;
pub(crate) use personas::Loaded;
pub(crate) use pipeline::{Refusal, Started};
pub(crate) use recording::RecorderEvent;
pub(crate) use set_up::SetUpEvent;
pub(crate) use virtual_camera::Opened as VirtualCameraOpened;

/// Between two looks at the pipeline's figures.
const POLL_EVERY: Duration = Duration::from_millis(100);
/// How long a session that is being loaded is waited for at the end.
const LOADING: Duration = Duration::from_secs(5);

/// What other threads have done.
pub(crate) enum Event {
    /// A persona was loaded.
    Persona(Loaded),
    /// The cameras that were found; nothing where the search broke down.
    Cameras(Option<Vec<Device>>),
    /// What came of opening the virtual camera.
    VirtualCamera(VirtualCameraOpened),
    /// The pipeline runs, or can't be started.
    Started(Result<Started, Refusal>),
    /// Of swap models.
    Model(ModelEvent),
    /// Of the dialog for a new persona.
    NewPersona(NewPersonaEvent),
    /// Of getting the face networks.
    SetUp(SetUpEvent),
    /// Of recordings and snapshots.
    Recorder(RecorderEvent),
    /// The pipeline's figures.
    Status(Box<LiveStatus>),
    /// What earlier runs left behind.
    LeftOvers(Vec<LeftOver>),
}

/// What a session needs of the program.
pub(crate) struct Surroundings {
    /// The data folder.
    pub(crate) data: PathBuf,
    /// The window's device, where it is a real GPU.
    pub(crate) gpu: Option<Gpu>,
    /// The settings file.
    pub(crate) settings: SettingsFile,
    /// What the command line said of models.
    pub(crate) model: ModelArgs,
    /// Where the frames for the screen go.
    pub(crate) preview: Arc<PreviewSlot>,
    /// The pipeline, for ending it where the window can't.
    pub(crate) ended: Arc<Mutex<Weak<LiveSession>>>,
}

/// The pipeline, and the thread that bakes personas for it.
struct Running {
    live: Arc<LiveSession>,
    fitting: Fitting,
}

/// Everything that runs.
pub(crate) struct Session {
    context: Context,
    data: PathBuf,
    gpu: Option<Gpu>,
    settings: SettingsFile,
    preview: Arc<PreviewSlot>,
    ended: Arc<Mutex<Weak<LiveSession>>>,
    starting: Option<Task<Result<Started, Refusal>>>,
    running: Option<Running>,
    looked: Instant,
    personas: Personas,
    cameras: Cameras,
    models: ModelTasks,
    new_persona: NewPersonaTasks,
    set_up: SetUpTask,
    recorder: Recorder,
    virtual_camera: VirtualCameraTask,
    left_overs: Option<Task<Vec<LeftOver>>>,
}

impl Session {
    /// A session in which nothing runs yet.
    pub(crate) fn new(context: Context, surroundings: Surroundings) -> Self {
        let Surroundings { data, gpu, settings, model, preview, ended } = surroundings;
        Self {
            context,
            gpu,
            settings,
            preview,
            ended,
            starting: None,
            running: None,
            looked: Instant::now(),
            personas: Personas::default(),
            cameras: Cameras::default(),
            models: ModelTasks::new(&data, model),
            new_persona: NewPersonaTasks::default(),
            set_up: SetUpTask::default(),
            recorder: Recorder::default(),
            virtual_camera: VirtualCameraTask::default(),
            left_overs: None,
            data,
        }
    }

    /// The pipeline, if it runs.
    pub(crate) fn live(&self) -> Option<&Arc<LiveSession>> {
        self.running.as_ref().map(|running| &running.live)
    }

    /// What other threads have done since the last call.
    pub(crate) fn poll(&mut self) -> Vec<Event> {
        let mut events: Vec<Event> = self.personas.poll().into_iter().map(Event::Persona).collect();
        events.extend(self.cameras.poll().map(Event::Cameras));
        events.extend(self.virtual_camera.poll().map(Event::VirtualCamera));
        events.extend(self.poll_start().map(Event::Started));
        events.extend(self.models.poll(&self.context).into_iter().map(Event::Model));
        events.extend(self.new_persona.poll().into_iter().map(Event::NewPersona));
        events.extend(self.set_up.poll().into_iter().map(Event::SetUp));
        events.extend(self.recorder.poll().into_iter().map(Event::Recorder));
        events.extend(self.poll_left_overs().map(Event::LeftOvers));
        if self.looked.elapsed() >= POLL_EVERY {
            events.extend(self.poll_status().map(Box::new).map(Event::Status));
        }
        events
    }

    /// Looks at the pipeline's figures.
    pub(crate) fn poll_status(&mut self) -> Option<LiveStatus> {
        self.looked = Instant::now();
        self.live().map(|live| live.status())
    }

    // The pipeline.

    /// Begins to load networks and persona.
    pub(crate) fn start(&mut self, remembered: Remembered) {
        let start = Start { data: self.data.clone(), remembered, gpu: self.gpu.clone() };
        self.running = None;
        self.starting = Some(Task::start("start", &self.context, move || pipeline::start(start)));
    }

    fn poll_start(&mut self) -> Option<Result<Started, Refusal>> {
        let started = match self.starting.as_ref()?.poll() {
            Progress::Running => return None,
            Progress::Done(started) => started,
            Progress::Gone => Err(Refusal::Fault("a thread crashed while starting".to_owned())),
        };
        self.starting = None;
        Some(started)
    }

    /// Takes a pipeline that was started, and shows its frames.
    ///
    /// # Errors
    /// It takes no watcher; it is ended then.
    pub(crate) fn run(&mut self, live: Arc<LiveSession>) -> Result<(), String> {
        live.watch("window", self.preview.watcher(&self.context)).map_err(|error| error.to_string())?;
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&live);
        self.running = Some(Running { fitting: Fitting::new(Arc::clone(&live)), live });
        Ok(())
    }

    /// Puts a persona on, or the same one with other sliders.
    pub(crate) fn wear(&self, persona: &Arc<Persona>, sliders: &Sliders, fade: bool) {
        if let Some(running) = &self.running {
            running.fitting.wear(persona, sliders, fade);
        }
    }

    /// Wears the model that is chosen in the settings, for the persona that is worn; or none.
    pub(crate) fn wear_model(&self, kept: &Remembered) {
        let Some(live) = self.live() else { return };
        let chosen = !kept.model.is_empty();
        live.wear_model(
            chosen.then(|| self.models.make(&self.context, &kept.model, kept.model_rate, &kept.persona)),
        );
    }

    /// Begins to get the face networks.
    pub(crate) fn set_up(&mut self) {
        self.set_up.start(&self.context, self.data.clone());
    }

    // Cameras.

    /// Begins to look for cameras.
    pub(crate) fn look_for_cameras(&mut self) {
        self.cameras.start_listing(&self.context);
    }

    /// Switches the virtual camera on, with the size and rate of the output. False where no pipeline runs.
    pub(crate) fn start_virtual_camera(&mut self, kind: &str, output: (u32, u32, f64)) -> bool {
        let Some(running) = &self.running else { return false };
        self.virtual_camera.start(&self.context, &running.live, kind, output);
        true
    }

    /// Switches it off. False where no pipeline runs.
    pub(crate) fn stop_virtual_camera(&mut self, sink: Option<omote_engine::pipeline::SinkId>) -> bool {
        let Some(running) = &self.running else { return false };
        self.virtual_camera.stop(&self.context, &running.live, sink);
        true
    }

    // Snapshots and recordings.

    /// Writes what is on the screen into a file.
    pub(crate) fn snapshot(&mut self, shown: Arc<omote_engine::pipeline::Shown>) {
        self.recorder.snapshot(&self.context, shown);
    }

    /// Starts a recording at a rate in frames a second.
    pub(crate) fn record(&mut self, rate: f64) {
        if let Some(running) = &self.running {
            self.recorder.start(&self.context, &running.live, rate, &self.data);
        }
    }

    /// Ends the recording that runs.
    pub(crate) fn stop_recording(&mut self) {
        if let Some(running) = &self.running {
            self.recorder.stop(&self.context, &running.live);
        }
    }

    /// Gives up the recording that runs: it has ended by itself.
    pub(crate) fn give_up_recording(&mut self) {
        if let Some(running) = &self.running {
            self.recorder.failed(&running.live);
        }
    }

    /// What is to be told of the room that the recording has left, each warning once.
    pub(crate) fn room_warning(&mut self, room: Option<omote_engine::sink::Room>) -> Option<String> {
        self.recorder.warning(room)
    }

    // Personas and models.

    /// Names of the personas that there are.
    pub(crate) fn persona_names(&self) -> Vec<String> {
        omote_kit::personas::names(&self.data)
    }

    /// Begins to load these personas, in this order.
    pub(crate) fn load_personas(&mut self, order: Vec<String>) {
        self.personas.load(&self.context, &self.data, order);
    }

    /// Opens a file dialog for a new persona.
    pub(crate) fn choose_file(&mut self, field: FileField) {
        self.new_persona.choose(&self.context, field);
    }

    /// Begins to make a persona.
    pub(crate) fn make_persona(&mut self, form: Form, existing: Existing) {
        self.new_persona.make(&self.context, form, self.data.clone(), existing);
    }

    /// Gives up what was begun for a new persona.
    pub(crate) fn give_up_persona(&mut self) {
        self.new_persona = NewPersonaTasks::default();
    }

    /// Begins to read the list of models.
    pub(crate) fn list_models(&mut self) {
        self.models.list(&self.context);
    }

    /// Opens a file dialog for models.
    pub(crate) fn choose_models(&mut self) {
        self.models.choose(&self.context);
    }

    /// Has a file tested, with the persona of a face that is built in.
    pub(crate) fn test_model(&mut self, path: &Path, persona: Option<String>) {
        self.models.test(path.to_owned(), persona);
    }

    // Files and the desktop.

    /// Begins to look for what earlier runs left behind, away from the window's thread: what is whole of a long recording
    /// takes a moment to find out.
    pub(crate) fn look_for_left_overs(&mut self) {
        let data = self.data.clone();
        self.left_overs = Some(Task::start("left-overs", &self.context, move || left_over::find(&data)));
    }

    fn poll_left_overs(&mut self) -> Option<Vec<LeftOver>> {
        let found = match self.left_overs.as_ref()?.poll() {
            Progress::Running => return None,
            Progress::Done(found) => Some(found),
            Progress::Gone => None,
        };
        self.left_overs = None;
        found
    }

    /// Writes the settings, if anything has changed.
    ///
    /// # Errors
    /// Where the folder can't be written.
    pub(crate) fn save(&mut self, kept: &Remembered) -> anyhow::Result<()> {
        self.settings.save(kept)
    }

    /// Makes the window fill the screen, or not.
    pub(crate) fn set_full_screen(&self, on: bool) {
        self.context.send_viewport_cmd(ViewportCommand::Fullscreen(on));
    }

    /// Shows a folder in the desktop's own way.
    pub(crate) fn open_folder(&self, folder: &Path) {
        self.context.open_url(OpenUrl::new_tab(format!("file://{}", folder.display())));
    }

    /// Ends everything and waits for what must be complete. True if no recording has ended by itself.
    pub(crate) fn end(&mut self) -> bool {
        let live = match (&self.running, &self.starting) {
            (Some(running), _) => Some(Arc::clone(&running.live)),
            // What is being loaded is ended once it is there.
            (None, Some(task)) => match task.wait(LOADING) {
                Progress::Done(Ok(started)) => Some(started.live),
                _ => None,
            },
            (None, None) => None,
        };
        let recorded = live.map_or_else(Vec::new, |live| live.end());
        self.virtual_camera.end();
        self.recorder.end(recorded);
        self.set_up.end();
        self.recorder.whole()
    }
}
