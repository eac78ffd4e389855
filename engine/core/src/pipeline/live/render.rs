//! The render thread: paints the newest tracked picture, and sends something safe when none comes.

use super::controls::Controls;
use super::metrics::{Metrics, Stamps};
use super::sink_threads::{Shown, SinkThreads};
use super::swapping::Delivery;
use super::tracking::StampedFrame;
use crate::composite::Compositor;
use crate::error::Result;
use crate::frame::{Colour, FrameTime, PixelFormat};
use crate::pipeline::clock::Clock;
use crate::pipeline::presenter::{FrameShape, Presented, Presenter};
use crate::pipeline::session::{CastFrame, RenderStage};
use crate::pipeline::{State, Why};
use crate::slot::{Taken, Taker};
use crate::track::Face;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// When no picture has come for so long, the held one or the card is sent instead.
const STALL: Duration = Duration::from_millis(120);
/// Between two such pictures.
const PERIOD: Duration = Duration::from_millis(33);
/// The card's shape until the source's is known.
const FIRST: FrameShape =
    FrameShape { format: PixelFormat::I420, colour: Colour::JPEG, width: 1280, height: 720 };

pub(super) struct Render {
    stage: RenderStage,
    controls: Arc<Controls>,
    metrics: Arc<Metrics>,
    sinks: Arc<SinkThreads>,
    version: Option<u64>,
    /// Which swap model the results that are drawn are of.
    model: u64,
    /// Tells the track thread that drawing broke down.
    forget: Arc<AtomicBool>,
    clock: Clock,
}

impl Render {
    pub(super) fn new(
        stage: RenderStage,
        controls: Arc<Controls>,
        metrics: Arc<Metrics>,
        sinks: Arc<SinkThreads>,
        forget: Arc<AtomicBool>,
        clock: Clock,
    ) -> Self {
        Self { stage, controls, metrics, sinks, version: None, model: 0, forget, clock }
    }

    /// `opened` is where the GPU's compositor comes, if one is to come; the CPU draws until then.
    pub(super) fn run(
        mut self,
        from: &Taker<StampedFrame>,
        made: &Taker<Delivery>,
        opened: &Taker<Result<Compositor>>,
    ) {
        let mut sent = Duration::ZERO;
        let mut next = Duration::ZERO;
        let (width, height) = self.presenter().settings().transform.oriented(FIRST.size());
        let first = FrameShape { width, height, ..FIRST };
        let now = FrameTime(self.clock.now());
        if let Err(e) = self.presenter().blank(first, now, Why::NoPicture).map(|p| self.send(p)) {
            self.presenter().fault(e.to_string());
        }
        while !self.controls.stopped() {
            let worn = self.obey();
            self.stage.look_at_consents(self.clock.now(), worn);
            if let Some(compositor) = opened.try_take() {
                self.draw_with(compositor);
            }
            let due = if sent.is_zero() { next } else { next.max(sent + STALL) };
            let limit = due.saturating_sub(self.clock.now()).max(Duration::from_millis(1));
            match self.clock.take(from, limit.min(STALL)) {
                Taken::Value(tracked) => {
                    self.stage.enter(tracked.frame.scene);
                    // As late as can be, so that the picture gets what was made while it was waited for.
                    if let Some(delivery) = made.try_take() {
                        self.reproject(delivery);
                    }
                    self.present(tracked);
                    sent = self.clock.now();
                }
                Taken::Late if self.clock.now() >= due => {
                    self.idle();
                    next = self.clock.now() + PERIOD;
                }
                Taken::Late => {}
                Taken::Closed => break,
            }
        }
        self.sinks.close_recordings();
        // Whoever still reads is left with the card.
        self.presenter().pause(true);
        self.idle();
    }

    fn presenter(&mut self) -> &mut Presenter {
        &mut self.stage.presenter
    }

    fn draw_with(&mut self, compositor: Result<Compositor>) {
        match compositor {
            Ok(compositor) => self.presenter().draw_with(compositor),
            Err(e) => self.presenter().fault(format!("{e}; drawing on the CPU")),
        }
        let backend = self.presenter().backend();
        self.metrics.backend(backend);
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
        let presenter = self.presenter();
        presenter.configure(settings);
        presenter.pause(paused);
        let worn = wear.is_some();
        if let Some((personas, fade)) = wear {
            presenter.wear_instead(personas, fade);
        }
        let backend = presenter.backend();
        self.metrics.backend(backend);
        worn
    }

    /// Takes over what the swap model made. What it made of another scene's pictures does not count.
    fn reproject(&mut self, delivery: Delivery) {
        let scene = self.stage.scene();
        let another = std::mem::replace(&mut self.model, delivery.model) != delivery.model;
        let presenter = self.presenter();
        if another {
            presenter.forget_model();
        }
        if delivery.scene == scene {
            delivery.results.into_iter().for_each(|result| presenter.reproject(result));
        }
    }

    fn present(&mut self, tracked: StampedFrame) {
        let StampedFrame { frame: CastFrame { frame, now, faces, cast, .. }, mut stamps } = tracked;
        stamps.render_begun = self.clock.now();
        let presented = self.stage.composite(frame, now, cast.as_ref().map_err(Clone::clone));
        if self.presenter().has_broken_down() {
            self.forget.store(true, Ordering::Release);
        }
        stamps.painted = self.clock.now();
        let age = self.presenter().model_age(now);
        self.metrics.model_age(age);
        match presented {
            Ok(presented) => self.finish(presented, faces, stamps),
            Err(e) => self.lost(e.to_string()),
        }
    }

    fn idle(&mut self) {
        let time = FrameTime(self.clock.now());
        match self.presenter().idle(time, time) {
            Ok(Some(presented)) => self.send(presented),
            Ok(None) => {}
            Err(e) => self.lost(e.to_string()),
        }
    }

    /// Sends a picture that is none of the source's: it has no latency.
    fn send(&mut self, presented: Presented) {
        self.finish(presented, Vec::new(), Stamps::default());
    }

    fn finish(&mut self, presented: Presented, faces: Vec<Face>, mut stamps: Stamps) {
        let Presented { canvas, state, why } = presented;
        let badged = match self.stage.badge(canvas) {
            Ok(badged) => badged,
            Err(e) => return self.lost(e.to_string()),
        };
        stamps.ready = self.clock.now();
        let state = if self.controls.stopped() && state == State::Live { State::Card } else { state };
        let (found, objects) = (faces.len(), self.presenter().objects_created());
        self.metrics.shown(state, why, found, &stamps, self.stage.presenter.faults(), objects);
        self.sinks.publish(&Arc::new(Shown { badged, faces, state, why, stamps }));
    }

    /// A picture that can't be shown, nor anything in its place.
    fn lost(&mut self, what: String) {
        self.presenter().fault(what);
        self.metrics.lost(self.stage.presenter.faults());
    }
}
