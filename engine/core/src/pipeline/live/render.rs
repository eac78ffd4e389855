//! The render thread: paints the newest tracked picture, and sends something safe when none comes.

use super::controls::Controls;
use super::outlet::{Outlets, Shown};
use super::status::{Board, Stamps};
use super::swapping::Delivery;
use super::tracking::Tracked;
use crate::composite::Compositor;
use crate::error::{Result, panic_words};
use crate::frame::{Colour, FrameTime, PixelFormat};
use crate::pipeline::calendar::Calendar;
use crate::pipeline::draw::Draw;
use crate::pipeline::painter::{Painted, Painter, Shape};
use crate::pipeline::{Settings, State, Why};
use crate::pool::Pool;
use crate::slot::{Taken, Taker};
use crate::swap::FaceTexture;
use crate::timing::now;
use crate::track::Face;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// When no picture has come for so long, the held one or the card is sent instead.
const STALL: Duration = Duration::from_millis(120);
/// Between two such pictures.
const PERIOD: Duration = Duration::from_millis(33);
/// The card's shape until the source's is known.
const FIRST: Shape = Shape { format: PixelFormat::I420, colour: Colour::JPEG, width: 1280, height: 720 };

pub(super) struct Render {
    controls: Arc<Controls>,
    board: Arc<Board>,
    outlets: Arc<Outlets>,
    painter: Painter,
    version: Option<u64>,
    generation: u64,
    scene: u64,
    calendar: Calendar,
    /// Which swap model the results on the painter are of.
    model: u64,
}

impl Render {
    pub(super) fn new(
        controls: Arc<Controls>,
        board: Arc<Board>,
        outlets: Arc<Outlets>,
        pool: Pool,
        personas: Vec<FaceTexture>,
        settings: Settings,
    ) -> Self {
        let draw: Box<dyn Draw> = Box::new(Compositor::cpu());
        let painter = Painter::new(personas, settings, draw, pool);
        let calendar = Calendar::default();
        Self { controls, board, outlets, painter, version: None, generation: 0, scene: 0, calendar, model: 0 }
    }

    /// `opened` is where the GPU's compositor comes, if one is to come; the CPU draws until then.
    pub(super) fn run(
        mut self,
        from: &Taker<Tracked>,
        made: &Taker<Delivery>,
        opened: &Taker<Result<Compositor>>,
    ) {
        let mut sent = Duration::ZERO;
        let mut next = Duration::ZERO;
        let (width, height) = self.painter.settings().turn.oriented(FIRST.size());
        let first = Shape { width, height, ..FIRST };
        if let Err(e) = self.painter.blank(first, FrameTime(now()), Why::NoPicture).map(|p| self.send(p)) {
            self.painter.fault(e.to_string());
        }
        while !self.controls.stopped() {
            let worn = self.obey();
            if let Some(today) = self.calendar.look(worn) {
                self.painter.judge(today);
            }
            if let Some(draw) = opened.try_take() {
                self.draw_with(draw);
            }
            let due = if sent.is_zero() { next } else { next.max(sent + STALL) };
            let limit = due.saturating_sub(now()).max(Duration::from_millis(1));
            match from.take(limit.min(STALL)) {
                Taken::Value(tracked) => {
                    // As late as can be, so that the picture gets what was made while it was waited for.
                    if let Some(delivery) = made.try_take() {
                        self.reproject(delivery);
                    }
                    self.show(tracked);
                    sent = now();
                }
                Taken::Late if now() >= due => {
                    self.idle();
                    next = now() + PERIOD;
                }
                Taken::Late => {}
                Taken::Closed => break,
            }
        }
        self.outlets.close_recordings();
        // Whoever still reads is left with the card.
        self.painter.pause(true);
        self.idle();
    }

    fn draw_with(&mut self, draw: Result<Compositor>) {
        match draw {
            Ok(draw) => self.painter.draw_with(Box::new(draw)),
            Err(e) => self.painter.fault(format!("{e}; drawing on the CPU")),
        }
        self.board.backend(self.painter.backend());
    }

    /// Takes over what the user wants now; whether that is another persona.
    fn obey(&mut self) -> bool {
        let version = self.controls.version();
        if self.version.replace(version) == Some(version) {
            return false;
        }
        let (settings, wear, paused) = {
            let mut wanted = self.controls.lock();
            (wanted.settings.clone(), wanted.wear.take(), wanted.paused)
        };
        self.painter.configure(settings);
        self.painter.pause(paused);
        let worn = wear.is_some();
        if let Some((personas, fade)) = wear {
            self.painter.wear(personas, fade);
        }
        self.board.backend(self.painter.backend());
        worn
    }

    /// Takes over what the swap model made. What it made of another source's pictures does not count.
    fn reproject(&mut self, delivery: Delivery) {
        if std::mem::replace(&mut self.model, delivery.model) != delivery.model {
            self.painter.forget_model();
        }
        if delivery.generation == self.generation {
            delivery.results.into_iter().for_each(|result| self.painter.reproject(result));
        }
    }

    fn show(&mut self, tracked: Tracked) {
        let Tracked { frame, faces, mut stamps, generation, scene } = tracked;
        let before = (self.generation, self.scene);
        (self.generation, self.scene) = (generation, scene);
        if before != (generation, scene) {
            self.painter.reset();
        }
        stamps.render_begun = now();
        let (found, faces) = match faces {
            Ok(faces) => (Ok(()), faces),
            Err(e) => (Err(e), Vec::new()),
        };
        let painted = self.painter.paint(frame, FrameTime(stamps.captured), found.map(|()| faces.as_slice()));
        stamps.painted = now();
        self.board.model_age(self.painter.model_age(FrameTime(stamps.captured)));
        match painted {
            Ok(painted) => self.finish(painted, faces, stamps),
            Err(e) => self.lost(e.to_string()),
        }
    }

    fn idle(&mut self) {
        let time = now();
        match self.painter.idle(FrameTime(time), FrameTime(time)) {
            Ok(Some(painted)) => self.send(painted),
            Ok(None) => {}
            Err(e) => self.lost(e.to_string()),
        }
    }

    /// Sends a picture that is none of the source's: it has no latency.
    fn send(&mut self, painted: Painted) {
        self.finish(painted, Vec::new(), Stamps::default());
    }

    fn finish(&mut self, painted: Painted, faces: Vec<Face>, mut stamps: Stamps) {
        let Painted { canvas, state, why } = painted;
        let badged = catch_unwind(AssertUnwindSafe(|| self.painter.finish(canvas)));
        let badged = match badged {
            Ok(Ok(badged)) => badged,
            Ok(Err(e)) => return self.lost(e.to_string()),
            Err(panic) => return self.lost(format!("the badge failed: {}", panic_words(&*panic))),
        };
        stamps.ready = now();
        let state = if self.controls.stopped() && state == State::Live { State::Card } else { state };
        let (faults, last) = self.painter.faults();
        let found = faces.len();
        self.board.shown(state, why, found, &stamps, (faults, last), self.painter.objects_created());
        self.outlets.publish(&Arc::new(Shown { badged, faces, state, why, stamps }));
    }

    /// A picture that can't be shown, nor anything in its place.
    fn lost(&mut self, what: String) {
        self.painter.fault(what);
        self.board.lost(self.painter.faults());
    }
}
