//! Joins the stages: frame in, badged frame out, in lockstep. The only module that knows all the others.

mod gate;
mod pixelate;

pub use gate::{HEAD, HOLD, PIXELATE};

use crate::badge::{BadgeError, BadgedFrame, Badger, Canvas, Corner, Disclosure, check_size};
use crate::composite::{Backend, Compositor, Look};
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::frame::{Frame, FrameTime, Turn};
use crate::swap::FaceTexture;
use crate::timing::Timings;
use crate::track::{Face, TrackError, Tracker};
use gate::{Box2, Gate, Show};
use glam::Vec2;
use std::time::Instant;

/// What viewers see when a face is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Privacy {
    /// Whole clips: the persona stays on its last mesh, then the head is pixelated, then the plain picture;
    /// always with the badge.
    #[default]
    Relaxed,
    /// As live: the last good picture, then that picture with the head pixelated, then a card. No camera
    /// pixel leaves unless every face in it is covered; three good frames lead back.
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
    /// How the output is turned and sized.
    pub turn: Turn,
    /// Faces that get a persona; 0 counts as 1. With [`Privacy::Protect`], further faces are pixelated.
    pub max_faces: usize,
}

/// Finds the faces of frames that come one after the other.
pub trait Follow: Send {
    /// The faces of the next frame, best first.
    ///
    /// # Errors
    /// A network that fails.
    fn follow(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError>;
}

impl Follow for Tracker {
    fn follow(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.track(frame)
    }
}

/// What was shown for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The frame itself, its faces swapped where there are any.
    Live,
    /// A lost face's persona, or the last good picture, is held.
    Hold,
    /// A head is pixelated.
    Pixelate,
    /// The card.
    Card,
}

/// One frame's result.
#[derive(Debug)]
pub struct Output {
    /// The picture with the badge.
    pub badged: BadgedFrame,
    /// The faces found in it, in its source's pixels (before turning).
    pub faces: Vec<Face>,
    /// What was shown.
    pub state: State,
}

/// Good frames in a row that lead back from a fault with [`Privacy::Protect`].
const GOOD_FRAMES: u32 = 3;

/// The whole way of a frame, with the memory it needs from frame to frame.
pub struct Engine {
    follow: Box<dyn Follow>,
    personas: Vec<FaceTexture>,
    compositor: Compositor,
    badger: Badger,
    gate: Gate,
    settings: Settings,
    timings: Timings,
    faults: u64,
    good: u32,
    /// The last good picture before the badge, with its faces' boxes; kept with [`Privacy::Protect`] only.
    held: Option<(Frame, FrameTime, Vec<Box2>)>,
}

impl Engine {
    /// An engine that puts `personas` on the faces that `follow` finds: the first face gets the first,
    /// and so on round.
    ///
    /// # Errors
    /// No persona, or a GPU that was asked for and does not work.
    pub fn new(follow: Box<dyn Follow>, personas: Vec<FaceTexture>, settings: Settings) -> Result<Self> {
        if personas.is_empty() {
            return Err(Error::new(
                ErrorKind::Usage,
                Stage::Pipeline,
                "no persona given; name one with --persona",
            ));
        }
        let compositor = Compositor::new(settings.backend)?;
        Ok(Self {
            follow,
            personas,
            compositor,
            badger: Badger::new(settings.corner),
            gate: Gate::default(),
            settings,
            timings: Timings::default(),
            faults: 0,
            good: 0,
            held: None,
        })
    }

    /// What draws: `cpu`, or `gpu` and the adapter's name.
    pub fn backend(&self) -> String {
        self.compositor.backend()
    }

    /// Time spent in `track`, `swap` (persona and composite), `badge` and all of them (`engine`).
    pub fn timings(&self) -> &Timings {
        &self.timings
    }

    /// Frames in which a stage failed and something safe was shown instead.
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Swaps and badges one frame. Each frame in gives one out, with the same id and time.
    ///
    /// # Errors
    /// Only where no badged picture of this size can be made at all.
    pub fn process(&mut self, frame: Frame) -> Result<Output> {
        let start = Instant::now();
        check_size(frame.width(), frame.height()).map_err(small)?;
        let followed = self.follow.follow(&frame);
        self.timings.add("track", start.elapsed());
        let drawing = Instant::now();
        let mut canvas = Canvas::new(frame);
        let (faces, state) = match followed {
            Ok(faces) => {
                let state = self.draw(&mut canvas, &faces);
                (faces, state)
            }
            Err(e) => {
                self.fault(&format!("tracking failed: {e}"));
                (Vec::new(), Err(()))
            }
        };
        let state = state.or_else(|()| canvas.card(CARD).map(|()| State::Card)).map_err(small)?;
        self.timings.add("swap", drawing.elapsed());
        let badging = Instant::now();
        canvas.turn(&self.settings.turn).map_err(small)?;
        let badged = self.badger.finish(canvas, Disclosure::Modified).map_err(small)?;
        self.timings.add("badge", badging.elapsed());
        self.timings.add("engine", start.elapsed());
        Ok(Output { badged, faces, state })
    }

    fn fault(&mut self, what: &str) {
        self.faults += 1;
        self.good = 0;
        if self.faults.is_power_of_two() {
            log::warn!("{what} ({} so far); the card is shown", self.faults);
        }
    }

    /// Draws what the gate says. `Err` asks for the card.
    fn draw(&mut self, canvas: &mut Canvas, faces: &[Face]) -> Result<State, ()> {
        let time = canvas.frame().time;
        let size = Vec2::new(canvas.frame().width() as f32, canvas.frame().height() as f32);
        let lost_before = self.gate.records().iter().any(|r| r.show != Show::Live && r.show != Show::Nothing);
        self.gate.update(faces, time, size);
        let lost = self.gate.records().iter().any(|r| matches!(r.show, Show::Hold | Show::Pixelate));
        if self.settings.privacy == Privacy::Protect {
            self.good = if lost || faces.is_empty() { 0 } else { self.good.saturating_add(1) };
            if self.good < GOOD_FRAMES && (lost || lost_before || faces.is_empty() || self.held.is_none()) {
                return self.hold(canvas, time);
            }
        }
        let mut state = State::Live;
        // Lost faces first, so that a followed face in front of one is drawn over it.
        let order = [Show::Pixelate, Show::Hold, Show::Live];
        let records: Vec<_> = order
            .iter()
            .flat_map(|show| self.gate.records().iter().filter(move |r| r.show == *show))
            .cloned()
            .collect();
        for r in &records {
            let unlisted =
                r.wears >= self.settings.max_faces.max(1) && self.settings.privacy == Privacy::Protect;
            if r.show == Show::Pixelate || unlisted {
                pixelate::pixelate(canvas, &r.bounds().grown(HEAD));
                state = State::Pixelate;
                continue;
            }
            if r.show == Show::Hold && state == State::Live {
                state = State::Hold;
            }
            self.swap(canvas, r.id.0, time, &r.points, r.wears)?;
        }
        if self.settings.privacy == Privacy::Protect {
            let boxes = records.iter().map(gate::Record::bounds).collect();
            self.held = Some((canvas.frame().clone(), time, boxes));
        }
        Ok(state)
    }

    /// Draws one persona; a GPU that fails is left for the CPU, from this face on.
    fn swap(
        &mut self,
        canvas: &mut Canvas,
        face: u64,
        time: FrameTime,
        points: &[crate::space::MeshPoint],
        wears: usize,
    ) -> Result<(), ()> {
        let Some(texture) = self.personas.get(wears % self.personas.len()) else { return Err(()) };
        let look = &self.settings.look;
        let Err(e) = self.compositor.draw(canvas, face, time, points, texture, look) else { return Ok(()) };
        log::warn!("{e}; drawing on the CPU from here on");
        self.faults += 1;
        self.compositor = Compositor::new(Backend::Cpu).map_err(|_| ())?;
        self.compositor.draw(canvas, face, time, points, texture, look).map(|_| ()).map_err(|_| ())
    }

    /// The last good picture as long as it may be shown; nothing of the current one.
    fn hold(&mut self, canvas: &mut Canvas, time: FrameTime) -> Result<State, ()> {
        let Some((held, since, boxes)) = &self.held else { return Err(()) };
        let age = time.0.saturating_sub(since.0);
        let same = (held.format(), held.width(), held.height())
            == (canvas.frame().format(), canvas.frame().width(), canvas.frame().height());
        if age > PIXELATE || !same {
            self.held = None;
            return Err(());
        }
        let mut shown = held.clone();
        (shown.id, shown.time) = (canvas.frame().id, time);
        *canvas = Canvas::new(shown);
        if age <= HOLD {
            return Ok(State::Hold);
        }
        for b in boxes {
            pixelate::pixelate(canvas, &b.grown(HEAD));
        }
        Ok(State::Pixelate)
    }
}

/// Words of the card.
const CARD: &str = "Face swap paused";

fn small(e: BadgeError) -> Error {
    Error::wrap(ErrorKind::Unsupported, Stage::Badge, e.to_string(), e)
}

#[cfg(test)]
mod tests;
