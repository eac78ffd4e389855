//! One step of the pipeline, the same for files and for cameras:
//!
//! ```text
//! clamp the time → track → cast → swap → composite → guard → badge
//! └──────── TrackStage ────────┘   │     └───── RenderStage ─────┘
//!                              SwapStage
//! ```
//! [`Core`] calls the stages one after the other, for files. The live pipeline calls each on a thread of its own, which also
//! is all that its threads do. So both mend times, replace trackers, handle errors and panics and look at consents in the same
//! way.

use super::calendar::Calendar;
use super::cast::{Cast, Casting, Rules, is_sound};
use super::model::{self, Lockstep};
use super::presenter::{Presented, Presenter};
use super::sight::{FacesFound, Looking, MakeTracker, Sight};
use super::steady::Steady;
use super::{FaceTracker, Output, Privacy, Settings};
use crate::badge::{BadgedFrame, Canvas};
use crate::composite::Compositor;
use crate::error::{Error, ErrorKind, Result, Stage, panic_words};
use crate::frame::{Frame, FrameTime};
use crate::pool::Pool;
use crate::swap::FaceTexture;
use crate::timing::Timings;
use crate::track::{Face, SkippedFaces};
use glam::Vec2;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// A frame whose faces are known.
pub(super) struct Tracked {
    pub(super) frame: Frame,
    /// Its time by a clock that moves on.
    pub(super) now: FrameTime,
    /// Its faces, or why they could not be found.
    pub(super) faces: Result<Vec<Face>, String>,
    /// Which scene it belongs to, counted from 1; nothing of another scene counts in it.
    pub(super) scene: u64,
    pub(super) skipped: SkippedFaces,
    /// How long it took to find them.
    pub(super) took: Duration,
}

/// A frame with its cast.
pub(super) struct CastFrame {
    pub(super) frame: Frame,
    /// Its time by a clock that moves on.
    pub(super) now: FrameTime,
    pub(super) scene: u64,
    /// The faces found in it.
    pub(super) faces: Vec<Face>,
    pub(super) skipped: SkippedFaces,
    /// Who is who, or why that is not known.
    pub(super) cast: Result<Cast, String>,
}

/// The rules by which frames are cast with these settings.
pub(super) fn rules(settings: &Settings) -> Rules {
    Rules { protect: settings.privacy == Privacy::Protect, listed: settings.max_faces.max(1) }
}

/// The first stage: clamps the time, finds faces and casts them.
pub(super) struct TrackStage {
    sight: Sight,
    clock: Steady,
    casting: Casting,
    /// The scene of the last frame that was cast.
    scene: u64,
}

impl TrackStage {
    /// Finds faces with `tracker`, or with what `make` makes, also where that broke down.
    pub(super) fn new(tracker: Option<Box<dyn FaceTracker>>, make: Option<MakeTracker>) -> Self {
        let (clock, casting) = Default::default();
        Self { sight: Sight::new(tracker, make), clock, casting, scene: 0 }
    }

    pub(super) fn make_with(&mut self, make: MakeTracker) {
        self.sight.make_with(make);
    }

    pub(super) fn look_as(&mut self, looking: Looking) {
        self.sight.look_as(looking);
    }

    /// Loads what finds faces, if it is not there and `now` is late enough; an error is reported once.
    pub(super) fn load(&mut self, now: Duration) -> Result<(), String> {
        self.sight.load(now)
    }

    /// Another source's pictures come: the next frame begins a scene.
    pub(super) fn reset(&mut self) {
        self.sight.reset();
    }

    /// Finds the faces of the next frame. `arrived` is when it came, by the clock that its stamp goes by, where that is
    /// known; `after` the frame that follows, where that is known already.
    pub(super) fn track(
        &mut self,
        mut frame: Frame,
        arrived: Option<Duration>,
        after: Option<&Frame>,
    ) -> Tracked {
        let begun = Instant::now();
        let time = frame.time;
        let now = self.clock.next(time, arrived);
        // Filters go by the frame's time.
        frame.time = now;
        let FacesFound { faces, scene, skipped } = self.sight.find_faces(&frame, now.0, after);
        frame.time = time;
        Tracked { frame, now, faces, scene, skipped, took: begun.elapsed() }
    }

    /// Work of the tracker that can wait until the frame is handed on.
    pub(super) fn run_deferred_detection(&mut self, now: Duration) -> Result<(), String> {
        self.sight.run_deferred_detection(now)
    }

    /// Says who is who in a frame. Frames are cast in the order in which they are shown.
    pub(super) fn cast(&mut self, tracked: Tracked, rules: Rules) -> CastFrame {
        let Tracked { frame, now, faces, scene, skipped, .. } = tracked;
        if std::mem::replace(&mut self.scene, scene) != scene {
            self.casting.clear();
        }
        let size = Vec2::new(frame.width() as f32, frame.height() as f32);
        let (faces, cast) = match faces {
            Ok(faces) if faces.iter().all(is_sound) => {
                let cast = self.casting.cast(&faces, now, size, rules);
                (faces, Ok(cast))
            }
            Ok(faces) => (faces, Err("the face network's points are out of range".to_owned())),
            Err(what) => (Vec::new(), Err(what)),
        };
        CastFrame { frame, now, scene, faces, skipped, cast }
    }

    /// Forgets who was who: drawing broke down over it.
    pub(super) fn forget(&mut self) {
        self.casting.clear();
    }

    /// The mended time of a moment after the last frame, given by the frames' own clock.
    pub(super) fn since(&self, time: FrameTime) -> FrameTime {
        self.clock.since(time)
    }
}

/// The last stage: composites the cast, guards what is shown, and badges it.
pub(super) struct RenderStage {
    pub(super) presenter: Presenter,
    calendar: Calendar,
    /// The scene of the last frame that was shown.
    scene: u64,
}

impl RenderStage {
    pub(super) fn new(
        personas: Vec<FaceTexture>,
        settings: Settings,
        compositor: Compositor,
        pool: Pool,
    ) -> Self {
        let presenter = Presenter::new(personas, settings, compositor, pool);
        Self { presenter, calendar: Calendar::default(), scene: 0 }
    }

    /// Which scene is shown.
    pub(super) fn scene(&self) -> u64 {
        self.scene
    }

    /// The next frame is of this scene: what was held of another one does not count any more.
    pub(super) fn enter(&mut self, scene: u64) {
        if std::mem::replace(&mut self.scene, scene) != scene {
            self.presenter.reset();
        }
    }

    /// Takes off whom nobody may wear any more, once in a while, or at once where somebody `new` is worn. Gives the day,
    /// where it was looked at.
    pub(super) fn look_at_consents(&mut self, now: Duration, new: bool) -> Option<crate::persona::Date> {
        let today = self.calendar.due_date(now, new)?;
        self.presenter.judge(today);
        Some(today)
    }

    /// Composites a frame, or whatever may be shown in its place.
    pub(super) fn composite(
        &mut self,
        frame: Frame,
        now: FrameTime,
        cast: Result<&Cast, String>,
    ) -> Result<Presented> {
        self.presenter.present(frame, now, cast)
    }

    /// The badge. A panic is an error like any other.
    pub(super) fn badge(&mut self, canvas: Canvas) -> Result<BadgedFrame> {
        let badged = catch_unwind(AssertUnwindSafe(|| self.presenter.finish(canvas)));
        badged.unwrap_or_else(|panic| {
            let message = format!("the badge failed: {}", panic_words(&*panic));
            Err(Error::new(ErrorKind::Backend, Stage::Badge, message))
        })
    }

    #[cfg(test)]
    pub(super) fn look_at(&mut self, calendar: Calendar) {
        self.calendar = calendar;
    }
}

/// The whole way of a frame, its stages called one after the other.
pub(super) struct Core {
    pub(super) track: TrackStage,
    pub(super) model: Option<Lockstep>,
    pub(super) render: RenderStage,
    pub(super) timings: Timings,
}

impl Core {
    pub(super) fn new(track: TrackStage, render: RenderStage) -> Self {
        Self { track, model: None, render, timings: Timings::default() }
    }

    /// One frame in, one badged frame out.
    ///
    /// # Errors
    /// Only where no badged picture of this size can be made at all.
    pub(super) fn step(&mut self, frame: Frame) -> Result<Output> {
        let tracked = self.track(frame, None);
        self.render(tracked)
    }

    /// The first half of a step; see [`TrackStage::track`].
    pub(super) fn track(&mut self, frame: Frame, after: Option<&Frame>) -> Tracked {
        let tracked = self.track.track(frame, None, after);
        self.timings.add("track", tracked.took);
        tracked
    }

    /// The second half, which begins with the cast: who is who may be known from later frames.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub(super) fn render(&mut self, tracked: Tracked) -> Result<Output> {
        let (begun, took) = (Instant::now(), tracked.took);
        self.look_at_consents();
        self.render.enter(tracked.scene);
        let mut cast = self.track.cast(tracked, rules(self.render.presenter.settings()));
        self.swap(&mut cast);
        let CastFrame { frame, now, scene, faces, skipped, cast } = cast;
        let drawing = Instant::now();
        let presented = self.render.composite(frame, now, cast.as_ref().map_err(Clone::clone));
        if self.render.presenter.has_broken_down() {
            self.track.forget();
        }
        let presented = presented?;
        self.timings.add("swap", drawing.elapsed());
        let badging = Instant::now();
        let output = self.output(presented, faces, skipped, scene)?;
        self.timings.add("badge", badging.elapsed());
        self.timings.add("engine", took + begun.elapsed());
        Ok(output)
    }

    /// What viewers see at `time` when no frame has come since the last.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub(super) fn idle(&mut self, time: FrameTime) -> Result<Option<Output>> {
        let presented = self.render.presenter.idle(time, self.track.since(time))?;
        let scene = self.render.scene();
        presented.map(|p| self.output(p, Vec::new(), SkippedFaces::default(), scene)).transpose()
    }

    /// A swap model's part, where one is worn.
    fn swap(&mut self, cast: &mut CastFrame) {
        let Some(model) = &mut self.model else { return };
        let begun = Instant::now();
        let faces = cast.cast.as_ref().map(Cast::for_model).unwrap_or_default();
        let time = std::mem::replace(&mut cast.frame.time, cast.now);
        let (results, fault) = model.work(&cast.frame, &faces);
        cast.frame.time = time;
        let presenter = &mut self.render.presenter;
        results.into_iter().for_each(|result| presenter.reproject(result));
        if let Some(what) = fault {
            presenter.fault(what);
        }
        self.timings.add("model", begun.elapsed());
    }

    fn look_at_consents(&mut self) {
        // Days pass by the machine's clock, not by the frames'.
        let Some(today) = self.render.look_at_consents(crate::timing::now(), false) else { return };
        if self.model.as_ref().is_some_and(|m| m.has_ended(today)) {
            self.model = None;
            self.render.presenter.forget_model();
            self.render.presenter.fault(model::ENDED.to_owned());
        }
    }

    fn output(
        &mut self,
        presented: Presented,
        faces: Vec<Face>,
        skipped: SkippedFaces,
        scene: u64,
    ) -> Result<Output> {
        let Presented { canvas, state, why } = presented;
        Ok(Output { badged: self.render.badge(canvas)?, faces, state, why, scene, skipped })
    }
}
