//! The window's state, and what happens in it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use eframe::egui::{self, Context, ViewportCommand};
use omote_engine::error::in_one_line;
use omote_engine::gpu::Gpu;

use super::WindowOptions;
use super::devices::Devices;
use super::dump::DumpFile;
use super::files::Kind;
use super::gallery::Gallery;
use super::import::{Import, Outcome};
use super::left_overs::LeftOvers;
use super::preview::Preview;
use super::recording::Recorder;
use super::session::{self, Fitting, Live, LiveStatus, Refusal, Start, Started};
use super::settings::{Remembered, SettingsFile};
use super::states::SetUp;
use super::swap_models::{self, SwapModels};
use super::task::{Progress, Task};
use super::toast::Toasts;
use super::virtual_camera::VirtualSwitch;
use crate::ending::{Ending, RECORDING_ENDED};

/// Between two looks at the pipeline's figures.
const LOOK: Duration = Duration::from_millis(100);
/// Settings are written when nothing was changed for so long.
const SETTLED: Duration = Duration::from_millis(800);
/// Repaint at least so often, so that figures and states are current when no frame comes.
const IDLE: Duration = Duration::from_millis(250);

/// How long a session that is being loaded is waited for at the end.
const LOADING: Duration = Duration::from_secs(5);

/// How far the window is.
pub(super) enum Phase {
    /// Networks and persona are being loaded.
    Loading(Task<Result<Started, Refusal>>),
    /// The face networks are not there.
    SetUp(SetUp),
    /// It can't start: why.
    Failed(String),
    /// Pictures come.
    Running(Arc<Live>, Fitting),
}

/// The window.
pub(super) struct App {
    pub(super) data: PathBuf,
    pub(super) gpu: Option<Gpu>,
    pub(super) file: SettingsFile,
    pub(super) kept: Remembered,
    pub(super) phase: Phase,
    pub(super) status: LiveStatus,
    looked: Instant,
    pub(super) preview: Preview,
    pub(super) gallery: Gallery,
    pub(super) devices: Devices,
    pub(super) models: SwapModels,
    pub(super) import: Option<Import>,
    pub(super) toasts: Toasts,
    pub(super) recorder: Recorder,
    /// A recording was asked for before the pipeline ran.
    pub(super) record_soon: bool,
    pub(super) virtual_camera: VirtualSwitch,
    /// Whether the virtual camera is to be switched on when the pipeline runs.
    switch_on: bool,
    pub(super) paused: bool,
    pub(super) help: bool,
    pub(super) full_screen: bool,
    pub(super) mesh: bool,
    pub(super) changed: Option<Instant>,
    dump: Option<DumpFile>,
    pub(super) snapshots: Vec<PathBuf>,
    pub(super) recordings: Vec<PathBuf>,
    /// What earlier runs left behind.
    pub(super) left_overs: LeftOvers,
    end: End,
}

/// What the window and the program's end share.
#[derive(Clone)]
pub(super) struct End {
    /// Hears signals.
    pub(super) ending: Arc<Ending>,
    /// The pipeline, for ending it where the window can't.
    pub(super) live: Arc<Mutex<Weak<Live>>>,
    /// A recording ended by itself.
    pub(super) broke: Arc<AtomicBool>,
}

impl End {
    /// Wakes the window when its end is asked for; where it does not answer, the pipeline is ended all the same.
    fn watch(&self, context: &Context) {
        let context = context.clone();
        self.ending.also(move || context.request_repaint());
        let live = Arc::clone(&self.live);
        self.ending.at_last(move || {
            let live = live.lock().unwrap_or_else(PoisonError::into_inner).upgrade()?;
            let whole = live.end().iter().all(|one| one.finished.as_ref().is_ok_and(|f| f.ended.is_none()));
            Some(if whole { 0 } else { RECORDING_ENDED })
        });
    }
}

impl App {
    /// A window that begins to load what it needs.
    pub(super) fn new(
        context: &Context,
        options: WindowOptions,
        data: PathBuf,
        gpu: Option<Gpu>,
        opened: Opened,
    ) -> Self {
        let Opened { file, mut kept, notice, end } = opened;
        end.watch(context);
        let switch_on = options.given.virtual_camera.is_some();
        let models = SwapModels::open(context, &data, options.given.model.clone());
        options.given.over(&mut kept);
        let mut toasts = Toasts::default();
        if let Some(notice) = notice {
            toasts.fault(notice);
        }
        let gallery = Gallery::open(context, &data, &kept.persona);
        let mut app = Self {
            phase: Phase::Failed(String::new()),
            status: LiveStatus::default(),
            looked: Instant::now(),
            preview: Preview::new(gpu.is_none()),
            gallery,
            devices: Devices::look(context),
            models,
            import: None,
            toasts,
            recorder: Recorder::default(),
            record_soon: false,
            virtual_camera: VirtualSwitch::default(),
            switch_on,
            paused: false,
            help: false,
            full_screen: false,
            mesh: false,
            changed: None,
            dump: options.dump_state.map(DumpFile::new),
            snapshots: Vec::new(),
            recordings: Vec::new(),
            left_overs: LeftOvers::look(context, &data),
            end,
            data,
            gpu,
            file,
            kept,
        };
        app.load(context);
        app
    }

    /// Begins to load networks and persona.
    pub(super) fn load(&mut self, context: &Context) {
        // What was asked for before a start that failed is not done of itself minutes later.
        self.record_soon = false;
        let start = Start { data: self.data.clone(), remembered: self.kept.clone(), gpu: self.gpu.clone() };
        self.phase = Phase::Loading(Task::start("start", context, move || session::start(start)));
    }

    /// The pipeline, if it runs.
    pub(super) fn live(&self) -> Option<&Arc<Live>> {
        match &self.phase {
            Phase::Running(live, _) => Some(live),
            _ => None,
        }
    }

    /// Takes over what other threads have done meanwhile.
    fn catch_up(&mut self, context: &Context) {
        self.gallery.update(context);
        self.preview.update(context);
        self.devices.poll();
        self.virtual_camera.poll();
        self.poll_start(context);
        self.update_models(context);
        let set_up = match &mut self.phase {
            Phase::SetUp(setup) => setup.poll(),
            _ => false,
        };
        if set_up {
            self.load(context);
        }
        for (kind, written) in self.recorder.poll() {
            match (kind, written) {
                (Kind::Snapshot, Ok(path)) => {
                    self.toasts.wrote("Snapshot", path.clone());
                    self.snapshots.push(path);
                }
                (Kind::Recording, Ok(path)) => {
                    self.toasts.wrote("Recording", path.clone());
                    self.recordings.push(path);
                }
                (_, Err(reason)) => self.toasts.fault(reason),
            }
        }
        if self.looked.elapsed() >= LOOK {
            self.look();
        }
        context.request_repaint_after(IDLE);
    }

    fn poll_start(&mut self, context: &Context) {
        let Phase::Loading(task) = &self.phase else { return };
        match task.poll() {
            Progress::Running => {}
            Progress::Done(Ok(Started { live, persona, source, notice })) => {
                (self.kept.persona, self.kept.source) = (persona, source);
                if let Err(error) = live.watch("window", self.preview.watcher(context)) {
                    self.phase = Phase::Failed(error.to_string());
                    return;
                }
                *self.end.live.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&live);
                live.pause(self.paused);
                let camera = Arc::clone(&live);
                if let Some(notice) = notice {
                    self.toasts.fault(notice);
                }
                self.phase = Phase::Running(Arc::clone(&live), Fitting::new(live));
                self.wear_model(context);
                self.look();
                if std::mem::take(&mut self.record_soon) {
                    self.record(context);
                }
                if std::mem::take(&mut self.switch_on) {
                    let output = self.output();
                    self.virtual_camera.start(context, &camera, &self.kept.virtual_camera, output);
                }
            }
            Progress::Done(Err(Refusal::NotSetUp(reason))) => self.phase = Phase::SetUp(SetUp::new(reason)),
            Progress::Done(Err(Refusal::Fault(reason))) => self.phase = Phase::Failed(reason),
            Progress::Gone => self.phase = Phase::Failed("a thread crashed while starting".to_owned()),
        }
    }

    /// Looks at the pipeline's figures.
    fn look(&mut self) {
        self.looked = Instant::now();
        let Phase::Running(live, _) = &self.phase else { return };
        self.status = live.status();
        let fault_of = |id| self.status.sinks.iter().find(|s| Some(s.id) == id).and_then(|s| s.fault.clone());
        let recording = self.recorder.sink();
        if let Some(fault) = fault_of(recording) {
            self.recorder.failed(live);
            self.toasts.fault(format!("The recording has ended: {fault}"));
        }
        let room = self.status.sinks.iter().find(|s| Some(s.id) == recording).and_then(|s| s.room);
        if let Some(warning) = self.recorder.note_room(room) {
            self.toasts.fault(format!("Recording: {warning}"));
        }
        let on = match &self.virtual_camera {
            VirtualSwitch::On(id, _) => Some(*id),
            _ => None,
        };
        if let Some(fault) = fault_of(on) {
            self.virtual_camera = VirtualSwitch::Failed(fault);
        }
    }

    /// Tests dropped models, and opens the dialog for a dropped photo.
    fn drops(&mut self, context: &Context) {
        let dropped = context.input(|input| input.raw.dropped_files.clone());
        self.help &= dropped.is_empty();
        let paths = dropped.iter().map(|file| file.path().to_owned());
        let (models, photos): (Vec<_>, Vec<_>) = paths.partition(|path| swap_models::is_model(path));
        models.iter().for_each(|path| self.add_model(path));
        let Some(path) = photos.first() else { return };
        match &mut self.import {
            Some(import) => import.take_photo(path),
            None => self.import = Some(Import::new(Some(path))),
        }
    }

    fn dialogs(&mut self, context: &Context) {
        if self.help && super::help::show(context) {
            self.help = false;
        }
        self.model_dialog(context);
        let Some(import) = &mut self.import else { return };
        match import.show(context, &self.data) {
            Outcome::Open => {}
            Outcome::Closed => self.import = None,
            Outcome::Made(name) => {
                self.import = None;
                self.gallery.reload(context, &self.data, &name);
                self.toasts.tell(format!("{} was added to the gallery.", super::gallery::label(&name)));
            }
        }
    }

    fn keep_settings(&mut self, context: &Context) {
        let size = context.content_rect().size();
        if !self.full_screen && [size.x, size.y] != self.kept.window && size.x >= 100.0 {
            self.kept.window = [size.x, size.y];
            self.changed();
        }
        if self.changed.is_some_and(|since| since.elapsed() >= SETTLED) {
            self.changed = None;
            if let Err(error) = self.file.save(&self.kept) {
                self.toasts.fault(in_one_line(error.as_ref()));
            }
        }
    }
}

/// What was found of the settings.
pub(super) struct Opened {
    /// The file.
    pub(super) file: SettingsFile,
    /// What is in it.
    pub(super) kept: Remembered,
    /// What to tell of it.
    pub(super) notice: Option<String>,
    /// How the program ends.
    pub(super) end: End,
}

impl eframe::App for App {
    fn logic(&mut self, context: &Context, _: &mut eframe::Frame) {
        if self.end.ending.asked().is_some() {
            context.send_viewport_cmd(ViewportCommand::Close);
        }
        self.catch_up(context);
        self.left_overs.poll();
        self.keep_settings(context);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        let context = ui.ctx().clone();
        if let Some(dump) = &self.dump {
            dump.begin(&context);
        }
        self.keys(&context);
        self.drops(&context);
        self.layout(ui);
        self.left_overs(&context);
        self.dialogs(&context);
        let now = self.dump.is_some().then(|| self.describe(&context));
        if let (Some(dump), Some(now)) = (&mut self.dump, now) {
            dump.write(&context, now);
        }
    }

    fn on_exit(&mut self) {
        self.end.ending.begin();
        if let Err(error) = self.file.save(&self.kept) {
            log::warn!("{error:#}");
        }
        let live = match &self.phase {
            Phase::Running(live, _) => Some(Arc::clone(live)),
            // What is being loaded is ended once it is there.
            Phase::Loading(task) => match task.wait(LOADING) {
                Progress::Done(Ok(started)) => Some(started.live),
                _ => None,
            },
            Phase::SetUp(_) | Phase::Failed(_) => None,
        };
        let recorded = live.map_or_else(Vec::new, |live| live.end());
        self.virtual_camera.end();
        self.recorder.end(recorded);
        if let Phase::SetUp(setup) = &self.phase {
            setup.end();
        }
        self.end.broke.store(!self.recorder.whole(), Ordering::Release);
    }
}
