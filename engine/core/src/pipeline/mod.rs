//! Joins the stages: frame in, badged frame out. [`Engine`] works in lockstep, for files and tests; [`Live`]
//! in threads, for cameras. The only module that knows all the others.

mod calendar;
mod cover;
mod draw;
mod film;
mod gate;
mod live;
mod model;
mod painter;
mod sight;
mod steady;

pub use film::{Film, Reading};
pub use gate::{GHOST, HEAD, HOLD, PIXELATE};
pub use live::*;
pub use model::{Lag, Model, Pace, Swap};
pub use sight::MakeFollow;

use crate::badge::{BadgeError, BadgedFrame, Badger, Canvas, Corner, Disclosure, check_size};
use crate::composite::{Backend, Compositor, GpuWork, Look};
use crate::error::{Error, ErrorKind, Result, Stage, panic_words};
use crate::frame::{Colour, Frame, FrameTime, PixelFormat, Turn};
use crate::pool::Pool;
use crate::swap::FaceTexture;
use crate::timing::Timings;
use crate::track::{Beside, Face, TrackError, Tracker};
use calendar::Calendar;
use model::{Lockstep, Modelling};
use painter::{Painted, Painter};
use sight::{Seen, Sight};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use steady::Steady;

/// What viewers see when a face is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Privacy {
    /// Whole clips: the persona stays on its last mesh, then the head is pixelated, then the plain picture;
    /// always with the badge.
    #[default]
    Relaxed,
    /// As live: the last good picture, then that picture with the head pixelated, then a card. No camera
    /// pixel leaves unless every face in it is covered, and so is every place where one was lost; three good
    /// frames lead back. Personas are always opaque.
    Protect,
}

/// How the engine works.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which backend draws.
    pub backend: Backend,
    /// What is shown when a face is lost.
    pub privacy: Privacy,
    /// How personas are drawn.
    pub look: Look,
    /// Where the badge stands.
    pub corner: Corner,
    /// How the picture is mirrored and rotated, before faces are looked for, and how large the output is.
    pub turn: Turn,
    /// Faces that get a persona; 0 counts as 1. With [`Privacy::Protect`], further faces are covered.
    pub max_faces: usize,
}

/// Finds the faces of frames that come one after the other.
pub trait Follow: Send {
    /// The faces of the next frame, best first.
    ///
    /// # Errors
    /// A network that fails.
    fn follow(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError>;

    /// Work that can wait until a frame's faces are handed on.
    ///
    /// # Errors
    /// A network that fails.
    fn look_over(&mut self) -> Result<(), TrackError> {
        Ok(())
    }

    /// Forgets all faces: other pictures come.
    fn reset(&mut self) {}

    /// The faces of the first picture of a scene, looked for without haste: small and very near ones too.
    ///
    /// # Errors
    /// A network that fails.
    fn begin(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.follow(frame)
    }

    /// The faces of a picture that has nothing to do with those before and after it.
    ///
    /// # Errors
    /// A network that fails.
    fn still(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.reset();
        self.begin(frame)
    }

    /// What was seen at the last looks and is not among the faces.
    fn beside(&self) -> Beside {
        Beside::default()
    }
}

impl Follow for Tracker {
    fn follow(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.track(frame)
    }

    fn look_over(&mut self) -> Result<(), TrackError> {
        Self::look_over(self)
    }

    fn reset(&mut self) {
        Self::reset(self);
    }

    fn begin(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        Self::begin(self, frame)
    }

    fn still(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        Self::still(self, frame)
    }

    fn beside(&self) -> Beside {
        Self::beside(self)
    }
}

/// Why the faces of a frame are not known.
struct NoFaces {
    what: String,
    /// It panicked, and may be in any state.
    broke_down: bool,
}

/// Runs a step of a tracker; a panic is an error like any other.
fn guarded<T>(step: impl FnOnce() -> Result<T, TrackError>) -> Result<T, NoFaces> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(e)) => Err(NoFaces { what: format!("tracking failed: {e}"), broke_down: false }),
        Err(panic) => {
            let what = format!("tracking broke down: {}", panic_words(&*panic));
            Err(NoFaces { what, broke_down: true })
        }
    }
}

/// What was shown for a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// The card, before the first picture was good enough to show.
    #[default]
    Starting,
    /// The frame itself, its faces swapped where there are any.
    Live,
    /// A lost face's persona, or the last good picture, is held.
    Hold,
    /// A head is pixelated.
    Pixelate,
    /// The card.
    Card,
    /// Nothing: the pipeline has stopped.
    Stopped,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Starting, Self::Live, Self::Hold, Self::Pixelate, Self::Card, Self::Stopped];

    /// Its name, for people and for figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Live => "live",
            Self::Hold => "hold",
            Self::Pixelate => "pixelate",
            Self::Card => "card",
            Self::Stopped => "stopped",
        }
    }
}

/// Why the live picture is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// No face is found, or it was lost.
    NoFace,
    /// A stage failed.
    Fault,
    /// The source gives no picture.
    NoPicture,
    /// The user asked for the card.
    Paused,
    /// The consent to a persona that is worn has ended.
    Expired,
}

impl Why {
    /// What the card says.
    fn words(self) -> &'static str {
        match self {
            Self::NoFace => "Looking for a face",
            Self::Fault => "Face swap paused",
            Self::NoPicture => "Waiting for the camera",
            Self::Paused => "Paused",
            Self::Expired => "The persona's consent has ended",
        }
    }
}

/// One frame's result.
#[derive(Debug)]
pub struct Output {
    /// The picture with the badge.
    pub badged: BadgedFrame,
    /// The faces found in it, in the pixels of the mirrored and rotated picture, before scaling.
    pub faces: Vec<Face>,
    /// What was shown.
    pub state: State,
    /// Why it is not the live picture.
    pub why: Option<Why>,
    /// Which scene it belongs to, counted from 1: a cut begins another. 0 where no frame has come.
    pub scene: u64,
    /// Faces that were seen and wear nothing, unless the picture is not the live one.
    pub beside: Beside,
}

/// A frame whose faces are known.
struct Sighted {
    frame: Frame,
    /// Its time by a clock that moves on.
    now: FrameTime,
    faces: Result<Vec<Face>, String>,
    scene: u64,
    beside: Beside,
    took: Duration,
}

/// The whole way of a frame in lockstep, with the memory it needs from frame to frame.
pub struct Engine {
    sight: Sight,
    clock: Steady,
    /// The scene of the last frame that was shown.
    scene: u64,
    painter: Painter,
    model: Option<Lockstep>,
    calendar: Calendar,
    timings: Timings,
}

impl Engine {
    /// An engine that puts `personas` on the faces that `follow` finds: the first face gets the first,
    /// and so on round.
    ///
    /// # Errors
    /// No persona, or a GPU that was asked for and does not work.
    pub fn new(follow: Box<dyn Follow>, personas: Vec<FaceTexture>, settings: Settings) -> Result<Self> {
        let compositor = Compositor::new(settings.backend)?;
        Self::with(follow, personas, settings, compositor)
    }

    /// The same with a compositor of the caller's, whatever the settings' backend.
    ///
    /// # Errors
    /// No persona.
    pub fn with(
        follow: Box<dyn Follow>,
        personas: Vec<FaceTexture>,
        settings: Settings,
        compositor: Compositor,
    ) -> Result<Self> {
        check_personas(&personas)?;
        let painter = Painter::new(personas, settings, Box::new(compositor), Pool::new());
        let (sight, clock) = (Sight::new(Some(follow), None), Steady::default());
        let (model, calendar, timings) = Default::default();
        Ok(Self { sight, clock, scene: 0, painter, model, calendar, timings })
    }

    /// Wears a swap model over the personas, which are drawn until its first result, where its result is not known or too
    /// old, and with [`Privacy::Protect`] also where its mask leaves the face open.
    pub fn wear_model(&mut self, model: Model, lag: Lag) {
        let listed = self.painter.settings().max_faces;
        self.model = Some(Lockstep::new(Modelling::new(model, listed), lag));
    }

    /// Says how to make what finds faces anew, after it broke down (panicked). Without that a tracker that broke down is not
    /// asked again either: from then on the card is shown.
    pub fn make_follow_with(&mut self, make: MakeFollow) {
        self.sight.make_with(make);
    }

    /// What draws: `cpu`, or `gpu` and the adapter's name.
    pub fn backend(&self) -> String {
        self.painter.backend()
    }

    /// As [`Compositor::time_gpu`].
    pub fn time_gpu(&mut self, on: bool) -> bool {
        self.painter.time_gpu(on)
    }

    /// As [`Compositor::take_gpu_work`].
    pub fn take_gpu_work(&mut self) -> GpuWork {
        self.painter.take_gpu_work()
    }

    /// Time spent in `turn` (where the picture is mirrored or rotated), `track`, `model` (where one is worn), `swap` (persona and composite), `badge` and all of them
    /// (`engine`).
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// Frames in which a stage failed and something safe was shown instead.
    pub fn faults(&self) -> u64 {
        self.painter.faults().0
    }

    /// What failed last.
    pub fn last_fault(&self) -> Option<&str> {
        self.painter.faults().1
    }

    /// Swaps and badges one frame. Each frame in gives one out, with the same id and time. A stage that
    /// fails or panics yields a held picture or the card. Times should move on; where they do not, the usual step is taken
    /// instead, so that a lost face's time runs out.
    ///
    /// # Errors
    /// Only where no badged picture of this size can be made at all.
    pub fn process(&mut self, frame: Frame) -> Result<Output> {
        let frame = self.orient(frame)?;
        let sighted = self.see(frame, None)?;
        self.show(sighted)
    }

    /// Turns a frame as the user wants it, before anything looks at it.
    fn orient(&mut self, frame: Frame) -> Result<Frame> {
        check_size(frame.width(), frame.height()).map_err(small)?;
        let turn = self.painter.settings().turn.orientation();
        if turn.is_identity() {
            return Ok(frame);
        }
        let start = Instant::now();
        let frame = frame.oriented(&turn).map_err(|e| small(e.into()))?;
        self.timings.add("turn", start.elapsed());
        Ok(frame)
    }

    /// Finds the faces of the next frame, turned already. `after` is the one that follows, where it is known already.
    fn see(&mut self, mut frame: Frame, after: Option<&Frame>) -> Result<Sighted> {
        let start = Instant::now();
        let time = frame.time;
        let now = self.clock.next(time, None);
        // Filters go by the frame's time.
        frame.time = now;
        let Seen { faces, scene, beside } = self.sight.see(&frame, now.0, after);
        frame.time = time;
        let took = start.elapsed();
        self.timings.add("track", took);
        Ok(Sighted { frame, now, faces, scene, beside, took })
    }

    /// Paints a frame whose faces are known, and badges it. Frames are shown in the order in which they were seen.
    fn show(&mut self, sighted: Sighted) -> Result<Output> {
        let Sighted { mut frame, now, faces, scene, beside, took } = sighted;
        self.look_at_consents();
        let start = Instant::now();
        if std::mem::replace(&mut self.scene, scene) != scene {
            self.painter.reset();
        }
        let (found, faces) = match faces {
            Ok(faces) => (Ok(()), faces),
            Err(e) => (Err(e), Vec::new()),
        };
        if let Some(model) = &mut self.model {
            let begun = Instant::now();
            let time = std::mem::replace(&mut frame.time, now);
            let (results, fault) = model.work(&frame, &faces);
            frame.time = time;
            results.into_iter().for_each(|result| self.painter.reproject(result));
            if let Some(what) = fault {
                self.painter.fault(what);
            }
            self.timings.add("model", begun.elapsed());
        }
        let drawing = Instant::now();
        let painted = self.painter.paint(frame, now, found.map(|()| faces.as_slice()))?;
        self.timings.add("swap", drawing.elapsed());
        let badging = Instant::now();
        let output = self.output(painted, faces, beside)?;
        self.timings.add("badge", badging.elapsed());
        self.timings.add("engine", took + start.elapsed());
        Ok(output)
    }

    /// What viewers see at `time` when no frame has come since the last: the last good picture for
    /// [`HOLD`], then the card. Nothing before the first frame.
    ///
    /// # Errors
    /// As [`Engine::process`].
    pub fn idle(&mut self, time: FrameTime) -> Result<Option<Output>> {
        let painted = self.painter.idle(time, self.clock.since(time))?;
        painted.map(|p| self.output(p, Vec::new(), Beside::default())).transpose()
    }

    /// Takes off whom nobody may wear any more.
    fn look_at_consents(&mut self) {
        let Some(today) = self.calendar.look(false) else { return };
        self.painter.judge(today);
        if self.model.as_ref().is_some_and(|m| m.until().is_some_and(|last| last < today)) {
            self.model = None;
            self.painter.forget_model();
            self.painter.fault(model::ENDED.to_owned());
        }
    }

    fn output(&mut self, painted: Painted, faces: Vec<Face>, beside: Beside) -> Result<Output> {
        let Painted { canvas, state, why } = painted;
        Ok(Output { badged: self.painter.finish(canvas)?, faces, state, why, scene: self.scene, beside })
    }
}

/// A card that says `why`, with the badge, in BGRA: for a host that must show something before or after a
/// pipeline of its own.
///
/// # Errors
/// A picture too small for the badge.
pub fn card(width: u32, height: u32, corner: Corner, why: Why) -> Result<BadgedFrame> {
    check_size(width, height).map_err(small)?;
    let blank = Frame::filled(PixelFormat::Bgra, Colour::JPEG, width, height, [0; 3]);
    let mut canvas = Canvas::new(blank.map_err(|e| small(e.into()))?);
    canvas.card(why.words()).map_err(small)?;
    Badger::new(corner).finish(canvas, Disclosure::Modified).map_err(small)
}

fn check_personas(personas: &[FaceTexture]) -> Result<()> {
    if personas.is_empty() {
        let message = "no persona given; name one with --persona";
        return Err(Error::new(ErrorKind::Usage, Stage::Pipeline, message));
    }
    Ok(())
}

fn no_card() -> Error {
    Error::new(ErrorKind::Backend, Stage::Pipeline, "the card can't be made")
}

fn small(e: BadgeError) -> Error {
    Error::wrap(ErrorKind::Unsupported, Stage::Badge, e.to_string(), e)
}

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
pub(super) mod tests;
#[cfg(test)]
mod turn_tests;
