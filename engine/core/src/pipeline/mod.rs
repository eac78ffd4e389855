//! Joins the stages: frame in, badged frame out. `session` has the one step that all pictures go through; [`OfflineSession`] takes
//! it frame by frame, for files and tests, and [`LiveSession`] in threads, for cameras. The only module that knows all the others.

mod calendar;
mod cast;
mod clock;
mod film;
mod live;
mod model;
mod offline;
mod presenter;
mod redact;
mod session;
mod sight;
mod steady;

pub use film::{Film, Reading};
pub use live::*;
pub use model::{Lag, RateLimit, Swap, WornModel};
pub use offline::OfflineSession;
pub use sight::MakeTracker;

use crate::badge::{BadgeError, BadgedFrame, Badger, Canvas, Corner, Disclosure, check_size};
use crate::composite::{Backend, DrawParams};
use crate::error::{Error, ErrorKind, Result, Stage, panic_words};
use crate::frame::{Colour, Frame, FrameTransform, PixelFormat};
use crate::swap::FaceTexture;
use crate::track::{Face, SkippedFaces, TrackError, Tracker};
use std::panic::{AssertUnwindSafe, catch_unwind};

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
#[non_exhaustive]
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which backend draws.
    pub backend: Backend,
    /// What is shown when a face is lost.
    pub privacy: Privacy,
    /// How personas are drawn.
    pub draw_params: DrawParams,
    /// Where the badge stands.
    pub corner: Corner,
    /// How the picture is mirrored and rotated, before faces are looked for, and how large the output is.
    pub transform: FrameTransform,
    /// Faces that get a persona and that a swap model works on; 0 counts as 1. With [`Privacy::Protect`] further faces are
    /// covered; without, they get personas by turns as well, but no swap model works on them.
    pub max_faces: usize,
}

/// Finds the faces of frames that come one after the other.
pub trait FaceTracker: Send {
    /// The faces of the next frame, best first.
    ///
    /// # Errors
    /// A network that fails.
    fn track(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError>;

    /// Work that can wait until a frame's faces are handed on.
    ///
    /// # Errors
    /// A network that fails.
    fn run_deferred_detection(&mut self) -> Result<(), TrackError> {
        Ok(())
    }

    /// From now on frames come at their own pace: what takes too long may be done for every second one.
    fn keep_pace(&mut self) {}

    /// Forgets all faces: other pictures come.
    fn reset(&mut self) {}

    /// The faces of the first picture of a scene, looked for without haste: small and very near ones too.
    ///
    /// # Errors
    /// A network that fails.
    fn track_scene_start(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.track(frame)
    }

    /// The faces of a picture that has nothing to do with those before and after it.
    ///
    /// # Errors
    /// A network that fails.
    fn track_still(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.reset();
        self.track_scene_start(frame)
    }

    /// What was seen at the last looks and is not among the faces.
    fn skipped(&self) -> SkippedFaces {
        SkippedFaces::default()
    }
}

impl FaceTracker for Tracker {
    fn track(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.track(frame)
    }

    fn run_deferred_detection(&mut self) -> Result<(), TrackError> {
        Self::run_deferred_detection(self)
    }

    fn keep_pace(&mut self) {
        Self::keep_pace(self);
    }

    fn reset(&mut self) {
        Self::reset(self);
    }

    fn track_scene_start(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        Self::track_scene_start(self, frame)
    }

    fn track_still(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        Self::track_still(self, frame)
    }

    fn skipped(&self) -> SkippedFaces {
        Self::skipped(self)
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
#[non_exhaustive]
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
#[non_exhaustive]
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
    pub skipped: SkippedFaces,
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
mod cast_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
pub(super) mod tests;
#[cfg(test)]
mod transform_tests;
