//! The window itself: it owns state, session and views, has the background work taken over, and draws.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use eframe::egui::{self, Context, ViewportCommand};
use omote_engine::gpu::Gpu;
use omote_engine::pipeline::LiveSession;
use omote_kit::in_one_line;

use super::WindowOptions;
use super::actions::{self, Action};
use super::hooks::DumpFile;
use super::picture::PreviewSlot;
use super::session::{Session, Surroundings};
use super::settings::{Remembered, SettingsFile};
use super::state::State;
use super::views::{self, Views};
use crate::ending::{Ending, RECORDING_ENDED};

/// Repaint at least so often, so that figures and states are current when no frame comes.
const IDLE: Duration = Duration::from_millis(250);

/// The window.
pub(super) struct App {
    state: State,
    session: Session,
    views: Views,
    dump: Option<DumpFile>,
    end: End,
}

/// What the window and the program's end share.
#[derive(Clone)]
pub(super) struct End {
    /// Hears signals.
    pub(super) ending: Arc<Ending>,
    /// The pipeline, for ending it where the window can't.
    pub(super) live: Arc<Mutex<Weak<LiveSession>>>,
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
        let preview = Arc::new(PreviewSlot::new(gpu.is_none()));
        let surroundings = Surroundings {
            data,
            gpu,
            settings: file,
            model: options.given.model.clone(),
            preview: Arc::clone(&preview),
            ended: Arc::clone(&end.live),
        };
        let virtual_camera_soon = options.given.virtual_camera.is_some();
        options.given.over(&mut kept);
        let mut state = State { virtual_camera_soon, ..State::new(kept) };
        if let Some(notice) = notice {
            state.toasts.fault(notice);
        }
        let mut session = Session::new(context.clone(), surroundings);
        actions::begin(&mut state, &mut session);
        let dump = options.dump_state.map(DumpFile::new);
        Self { state, session, views: Views::new(preview), dump, end }
    }

    fn apply(&mut self, actions: impl IntoIterator<Item = Action>) {
        for action in actions {
            actions::apply(&mut self.state, &mut self.session, action);
        }
    }

    /// Takes over what other threads have done meanwhile.
    fn catch_up(&mut self, context: &Context) {
        self.state.shown = self.views.update(context);
        for event in self.session.poll() {
            actions::take_over(&mut self.state, &mut self.session, event);
        }
        actions::expire_toasts(&mut self.state);
        context.request_repaint_after(IDLE);
    }
}

impl eframe::App for App {
    fn logic(&mut self, context: &Context, _: &mut eframe::Frame) {
        if self.end.ending.asked().is_some() {
            context.send_viewport_cmd(ViewportCommand::Close);
        }
        self.catch_up(context);
        self.apply(views::resized(context, &self.state));
        actions::save_when_settled(&mut self.state, &mut self.session);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        let context = ui.ctx().clone();
        if let Some(dump) = &self.dump {
            dump.begin(&context);
        }
        self.apply(views::input(&context, &self.state));
        let asked = self.views.show(ui, &self.state);
        let changed = !asked.is_empty();
        if changed {
            // What was asked for in this pass is to be seen in the next one, at once.
            context.request_repaint();
        }
        self.apply(asked);
        if let Some(dump) = &mut self.dump {
            dump.write(&context, &self.state, changed);
        }
    }

    fn on_exit(&mut self) {
        self.end.ending.begin();
        if let Err(error) = self.session.save(&self.state.kept) {
            log::warn!("{}", in_one_line(error.as_ref()));
        }
        let whole = self.session.end();
        self.end.broke.store(!whole, Ordering::Release);
    }
}
