//! One instance's engine, run from a thread of its own so that no callback of OBS waits for a persona, a
//! network or a camera.

use crate::settings::{CameraChoice, ModelChoice, Options};
use crate::{detached, faults, guard, places, wardrobe};
use omote_engine::actor::ActorOptions;
use omote_engine::badge::{BadgedFrame, Corner};
use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::pipeline::{
    self, FADE, LiveConfig, LiveSession, LiveSource, LiveStatus, MakeModel, MakeTracker, Shown, Why,
};
use omote_engine::slot::{Publisher, Taken, slot};
use omote_engine::source::Rate;
use omote_engine::source::camera::CameraRequest;
use omote_engine::swap::CutParams;
use omote_engine::track::TrackerConfig;
use omote_kit::personas::PersonaStamp;
use omote_kit::{in_one_line, networks};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The camera that is the built-in moving face.
pub(crate) const ACTOR: &str = "actor";
/// Between two looks at what is to be done.
const TURN: Duration = Duration::from_millis(50);
/// How long a callback that ends an instance waits for its engine.
const PATIENCE: Duration = Duration::from_millis(250);
/// Between two tries of what failed.
const RETRY: Duration = Duration::from_secs(3);

/// Takes finished pictures.
pub(crate) trait Screen: Send + Sync {
    /// A picture is finished.
    fn show(&self, shown: &Arc<Shown>);

    /// Some time has passed.
    fn turn(&self) {}

    /// The engine has been stopped: nothing more comes.
    fn dark(&self) {}
}

/// The way to the screen. Once it is closed nothing reaches the screen any more, whatever still runs.
struct Gate {
    screen: Arc<dyn Screen>,
    open: Mutex<bool>,
}

impl Gate {
    fn with(&self, work: impl FnOnce(&dyn Screen)) {
        // Held meanwhile, so that closing waits for a picture that is just being handed over.
        let open = lock(&self.open);
        if *open {
            work(&*self.screen);
        }
    }

    fn close(&self) {
        *lock(&self.open) = false;
    }
}

/// How it goes, for the properties.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) live: Option<LiveStatus>,
    /// What keeps the engine from running, or a persona from being worn.
    pub(crate) trouble: Option<String>,
}

/// A card's width, height and badge corner.
pub(crate) type CardShape = (u32, u32, Corner);

/// The card that is wanted, and the one that has been drawn.
#[derive(Default)]
struct Card {
    wanted: Option<CardShape>,
    drawn: Option<(CardShape, Arc<BadgedFrame>)>,
}

type Task = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Shared {
    live: Mutex<Option<Arc<LiveSession>>>,
    trouble: Mutex<Option<String>>,
    paused: AtomicBool,
    asleep: AtomicBool,
    tasks: Mutex<Vec<Task>>,
    card: Mutex<Card>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running instance.
pub(crate) struct Session {
    ask: Mutex<Option<Publisher<Options>>>,
    shared: Arc<Shared>,
    gate: Arc<Gate>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Session {
    /// Starts the thread. `host` is where frames come from; without it the camera of the options is opened.
    ///
    /// # Errors
    /// A thread that can't be started.
    pub(crate) fn start(host: Option<LiveSource>, screen: Arc<dyn Screen>) -> Result<Self> {
        let (ask, asked) = slot();
        let shared = Arc::new(Shared::default());
        let gate = Arc::new(Gate { screen, open: Mutex::new(true) });
        let worker = Worker {
            host,
            gate: Arc::clone(&gate),
            shared: Arc::clone(&shared),
            worn: None,
            dressed: Default::default(),
            running: None,
            looked: Instant::now(),
        };
        let thread = std::thread::Builder::new().name("omote-obs".to_owned()).spawn(move || {
            worker.run(&asked);
        });
        let thread = thread.map_err(|e| {
            let message = format!("the plugin's thread can't be started: {e}");
            Error::wrap(ErrorKind::Backend, Stage::Pipeline, message, e)
        })?;
        Ok(Self { ask: Mutex::new(Some(ask)), shared, gate, thread: Mutex::new(Some(thread)) })
    }

    /// What is wanted from now on. Returns at once; only the newest wish counts.
    pub(crate) fn want(&self, options: Options) {
        if let Some(ask) = &*lock(&self.ask) {
            ask.publish(options);
        }
    }

    /// Shows the card from now on, or no longer.
    pub(crate) fn pause(&self, on: bool) {
        self.shared.paused.store(on, Ordering::Release);
        if let Some(live) = &*lock(&self.shared.live) {
            live.pause(on);
        }
    }

    pub(crate) fn paused(&self) -> bool {
        self.shared.paused.load(Ordering::Acquire)
    }

    /// Nobody sees it now, or somebody does again.
    pub(crate) fn sleep(&self, on: bool) {
        self.shared.asleep.store(on, Ordering::Release);
    }

    /// A card of this shape, where it has been drawn already; otherwise it is drawn soon.
    pub(crate) fn card(&self, shape: CardShape) -> Option<Arc<BadgedFrame>> {
        let mut card = self.shared.card.try_lock().ok()?;
        card.wanted = Some(shape);
        card.drawn.as_ref().filter(|(of, _)| *of == shape).map(|(_, card)| Arc::clone(card))
    }

    /// Has something done on the engine's thread, after what was asked for before.
    pub(crate) fn later(&self, work: impl FnOnce() + Send + 'static) {
        lock(&self.shared.tasks).push(Box::new(work));
    }

    /// Stops the engine. Nothing comes to the screen after that. What can't be broken off (a model that loads, a camera
    /// that opens) ends later, by itself.
    pub(crate) fn stop(&self) {
        lock(&self.ask).take();
        self.gate.close();
        if let Some(thread) = lock(&self.thread).take() {
            detached::leave(thread, PATIENCE);
        }
    }

    pub(crate) fn report(&self) -> Report {
        let live = lock(&self.shared.live).clone();
        Report { live: live.map(|live| live.status()), trouble: lock(&self.shared.trouble).clone() }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A persona as it is worn.
#[derive(PartialEq)]
struct Worn {
    persona: String,
    /// Its package: a replaced one is worn anew.
    stamp: PersonaStamp,
    mask: CutParams,
}

struct Worker {
    host: Option<LiveSource>,
    gate: Arc<Gate>,
    shared: Arc<Shared>,
    /// What the engine wears.
    worn: Option<Worn>,
    /// The swap model that it wears, and with whose face.
    dressed: (ModelChoice, String, PersonaStamp),
    /// What the engine was told last.
    running: Option<Options>,
    /// When the worn persona's package was last looked at.
    looked: Instant,
}

impl Worker {
    fn run(mut self, asked: &omote_engine::slot::Taker<Options>) {
        let mut wanted: Option<Options> = None;
        let mut failed: Option<Instant> = None;
        loop {
            let changed = match asked.take(TURN) {
                Taken::Value(options) => {
                    wanted = Some(options);
                    true
                }
                Taken::Late => false,
                Taken::Closed => break,
            };
            guard::guard("a turn", (), || self.gate.with(|screen| screen.turn()));
            guard::guard("a card", (), || self.draw_card());
            for task in std::mem::take(&mut *lock(&self.shared.tasks)) {
                guard::guard("a task", (), task);
            }
            let Some(options) = &wanted else { continue };
            if options.release && self.shared.asleep.load(Ordering::Acquire) {
                self.stop();
                continue;
            }
            let due =
                failed.is_some_and(|at| at.elapsed() >= RETRY) || self.running.is_none() && failed.is_none();
            if !changed && !due && !self.replaced() {
                continue;
            }
            let fault = || {
                Err(Error::new(
                    ErrorKind::Backend,
                    Stage::Pipeline,
                    "the plugin crashed: see Help > Log Files",
                ))
            };
            let done = guard::guard("starting the engine", fault(), || self.obey(options));
            let why = done.err().map(|e| in_one_line(&e));
            failed = why.is_some().then(Instant::now);
            let mut trouble = lock(&self.shared.trouble);
            if let Some(why) = &why
                && trouble.as_ref() != Some(why)
            {
                log::warn!("{why}");
            }
            *trouble = why;
        }
        self.stop();
    }

    /// Whether the package of the persona that is worn was replaced; looked at once in a while.
    fn replaced(&mut self) -> bool {
        if self.looked.elapsed() < RETRY {
            return false;
        }
        self.looked = Instant::now();
        self.worn.as_ref().is_some_and(|worn| worn.stamp != wardrobe::stamp(&worn.persona))
    }

    fn stop(&mut self) {
        let live = lock(&self.shared.live).take();
        if live.is_some() {
            drop(live);
            self.gate.with(|screen| screen.dark());
        }
        (self.running, self.worn, self.dressed) = (None, None, Default::default());
    }

    /// Has the engine wear the swap model that is wanted; another face is another model.
    fn dress(&mut self, live: &LiveSession, options: &Options) {
        let none = options.model.name.is_empty();
        let wanted = match none {
            true => Default::default(),
            false => (options.model.clone(), options.persona.clone(), wardrobe::stamp(&options.persona)),
        };
        if self.dressed == wanted {
            return;
        }
        let (choice, persona, _) = wanted.clone();
        let make: MakeModel = Box::new(move || wardrobe::model(&choice, &persona));
        live.wear_model((!none).then_some(make));
        self.dressed = wanted;
    }

    fn draw_card(&self) {
        let shape = {
            let card = lock(&self.shared.card);
            match (card.wanted, &card.drawn) {
                (Some(wanted), Some((there, _))) if wanted == *there => return,
                (Some(wanted), _) => wanted,
                (None, _) => return,
            }
        };
        let (width, height, corner) = shape;
        if let Ok(drawn) = pipeline::card(width, height, corner, Why::Fault) {
            lock(&self.shared.card).drawn = Some((shape, Arc::new(drawn)));
        }
    }

    /// Brings the engine to what is wanted.
    fn obey(&mut self, options: &Options) -> Result<()> {
        faults::panic_if(faults::START);
        let stamp = wardrobe::stamp(&options.persona);
        let wear = Worn { persona: options.persona.clone(), stamp, mask: options.values.mask() };
        let live = lock(&self.shared.live).clone();
        let restart = self.running.as_ref().is_none_or(|o| o.values.backend != options.values.backend);
        let Some(live) = live.filter(|_| !restart) else {
            self.stop();
            return self.start(options, wear);
        };
        live.set_draw_params(options.values.draw_params());
        live.set_privacy(options.values.privacy);
        live.set_corner(options.values.corner);
        live.set_transform(options.values.transform());
        if self.host.is_none() && self.running.as_ref().is_none_or(|o| o.camera != options.camera) {
            live.set_source(camera(&options.camera));
        }
        self.running = Some(options.clone());
        self.dress(&live, options);
        if self.worn.as_ref() != Some(&wear) {
            // A slider's steps are not faded, another face is.
            let same = self.worn.as_ref().is_some_and(|w| w.persona == wear.persona);
            let texture = wardrobe::texture(&wear.persona, wear.mask)?;
            live.wear(vec![texture], if same { Duration::ZERO } else { FADE });
            self.worn = Some(wear);
        }
        Ok(())
    }

    fn start(&mut self, options: &Options, wear: Worn) -> Result<()> {
        let texture = wardrobe::texture(&wear.persona, wear.mask)?;
        let source = self.host.clone().unwrap_or_else(|| camera(&options.camera));
        let gpu = wardrobe::device(options.values.backend);
        let settings = options.values.settings();
        let mut config = LiveConfig::new(source, trackers(), vec![texture], settings);
        config.gpu = gpu;
        let live = LiveSession::start(config)?;
        live.pause(self.shared.paused.load(Ordering::Acquire));
        let gate = Arc::clone(&self.gate);
        live.watch("obs", Box::new(move |shown| gate.with(|screen| screen.show(shown))))?;
        self.dress(&live, options);
        *lock(&self.shared.live) = Some(Arc::new(live));
        (self.running, self.worn) = (Some(options.clone()), Some(wear));
        Ok(())
    }
}

fn camera(choice: &CameraChoice) -> LiveSource {
    if choice.device == ACTOR {
        return LiveSource::Actor(ActorOptions::new(1, 1280, 720, Rate::DEFAULT));
    }
    let device = (!choice.device.is_empty()).then(|| choice.device.clone());
    LiveSource::camera(CameraRequest { device, ..CameraRequest::like(&choice.mode).unwrap_or_default() })
}

fn trackers() -> MakeTracker {
    let make = networks::trackers_later(&places::data(), TrackerConfig::default());
    Box::new(move || Ok(faults::wrap(make()?)))
}
