//! Presents whole pictures: the live one with its faces drawn or covered as the cast says, a held picture, a covered one, or
//! the card.

mod wear;

use super::cast::{Box2, Cast, HEAD_GROWTH, HOLD, PIXELATE_UNTIL, Visibility};
use super::redact::{Fill, pixelate, redact_behind};
use super::{Privacy, Settings, State, Why};
use crate::badge::{BadgedFrame, Badger, Canvas, Disclosure};
use crate::composite::{Compositor, GpuWork};
use crate::error::{Result, panic_words};
use crate::frame::{Colour, Frame, FrameId, FrameTime, PixelFormat};
use crate::persona::Date;
use crate::pool::Pool;
use crate::swap::FaceTexture;
use crate::swap::neural::{Reprojection, UvResult};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The numbers by which pictures are shown, with how each was found and which test holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuning {
    /// With [`Privacy::Protect`], good frames in a row that lead back from a fault or a lost face.
    ///
    /// A tracker that finds a face where none is rarely does so three times. `fault_tests`, and the tests with `protect` in
    /// `film`.
    pub(super) good_frames: u32,
    /// After so long without a frame, good ones are counted anew: longer than the slowest machine takes for one.
    ///
    /// Chosen, not measured; no test holds it.
    pub(super) gap: Duration,
    /// Share of its region that a drawn face must cover, 0..=1; a GPU that gives nothing back covers none.
    ///
    /// A face covers about half. `fault_tests`, the event `GpuSilent`.
    pub(super) covered: f32,
    /// Share of a face's box, 0..=1, below which it lies so far outside the picture that nothing of it need be covered.
    ///
    /// Chosen, not measured; no test holds it.
    pub(super) outside: f32,
}

pub(super) const TUNING: Tuning =
    Tuning { good_frames: 3, gap: Duration::from_secs(4), covered: 0.01, outside: 0.02 };

/// What a picture is but for its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FrameShape {
    pub(super) format: PixelFormat,
    pub(super) colour: Colour,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl FrameShape {
    fn from_frame(frame: &Frame) -> Self {
        let (width, height) = (frame.width(), frame.height());
        Self { format: frame.format(), colour: frame.colour(), width, height }
    }

    pub(super) fn size(self) -> (u32, u32) {
        (self.width, self.height)
    }
}

/// What a frame is called, and when it is by the presenter's clock.
#[derive(Clone, Copy, Debug)]
struct Stamp {
    id: FrameId,
    time: FrameTime,
    now: FrameTime,
}

/// The last good picture before the badge, with its faces' boxes.
struct Held {
    frame: Frame,
    now: FrameTime,
    boxes: Vec<Box2>,
}

/// Personas that are being replaced.
struct Fade {
    from: Vec<FaceTexture>,
    since: Option<FrameTime>,
    lasts: Duration,
}

/// A picture that is ready for the badge.
pub(super) struct Presented {
    pub(super) canvas: Canvas,
    pub(super) state: State,
    pub(super) why: Option<Why>,
}

/// What a test has the compositor answer.
#[cfg(test)]
pub(super) type Interference = Box<dyn FnMut(&Frame) -> Option<Result<crate::composite::Drawn>> + Send>;

/// Presents frame after frame, and never what it must not.
pub(super) struct Presenter {
    settings: Settings,
    personas: Vec<FaceTexture>,
    fade: Option<Fade>,
    /// How much of their persona's own smile faces wear.
    smiles: wear::Smiles,
    /// A swap model's newest results.
    results: Reprojection,
    compositor: Compositor,
    badger: Badger,
    held: Option<Held>,
    shape: Option<FrameShape>,
    card: Option<(Why, FrameShape, Frame)>,
    pool: Pool,
    /// Good frames in a row, and whether they were enough to show the picture.
    good: u32,
    trusted: bool,
    /// When the last frame was judged.
    judged: Option<FrameTime>,
    /// Whether a live picture was ever shown.
    begun: bool,
    paused: bool,
    /// The next frames are known to be as good as this one: none more need be waited for.
    assured: bool,
    /// The consent to a persona that is worn has ended.
    expired: bool,
    /// Drawing has panicked since that was asked last.
    broke_down: bool,
    faults: u64,
    last_fault: Option<String>,
    /// Leaves the guard out, to show that its test sees it.
    #[cfg(test)]
    pub(super) unguarded: bool,
    /// Answers in the compositor's place, in tests.
    #[cfg(test)]
    pub(super) interference: Option<Interference>,
}

impl Presenter {
    pub(super) fn new(
        personas: Vec<FaceTexture>,
        settings: Settings,
        compositor: Compositor,
        pool: Pool,
    ) -> Self {
        Self {
            badger: Badger::new(settings.corner),
            settings,
            personas,
            fade: None,
            smiles: wear::Smiles::default(),
            results: Reprojection::default(),
            compositor,
            held: None,
            shape: None,
            card: None,
            pool,
            good: 0,
            trusted: false,
            judged: None,
            begun: false,
            paused: false,
            assured: false,
            expired: false,
            broke_down: false,
            faults: 0,
            last_fault: None,
            #[cfg(test)]
            unguarded: false,
            #[cfg(test)]
            interference: None,
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// New settings from the next frame on; the backend stays.
    pub(super) fn configure(&mut self, settings: Settings) {
        if settings.corner != self.settings.corner {
            self.badger = Badger::new(settings.corner);
        }
        if settings.privacy != self.settings.privacy {
            // What was held and trusted under the other rules is not under these.
            (self.held, self.trusted, self.good) = (None, false, 0);
        }
        if settings.transform.is_sideways() != self.settings.transform.is_sideways()
            && let Some(shape) = &mut self.shape
        {
            // A card that is shown before the next picture stands as that will.
            (shape.width, shape.height) = (shape.height, shape.width);
        }
        self.settings = settings;
    }

    /// Other personas, faded in over `lasts`.
    pub(super) fn wear_instead(&mut self, personas: Vec<FaceTexture>, lasts: Duration) {
        if personas.is_empty() {
            return;
        }
        let from = std::mem::replace(&mut self.personas, personas);
        // Whom nobody may wear any more is not seen again, not even while it fades.
        self.fade = (!lasts.is_zero() && !self.expired).then_some(Fade { from, since: None, lasts });
    }

    /// Judges whether everyone who is worn may be worn on this day; the card is shown where not.
    pub(super) fn judge(&mut self, today: Date) {
        let ended = |texture: &FaceTexture| texture.until().is_some_and(|last| last < today);
        self.fade.take_if(|fade| fade.from.iter().any(ended));
        self.expired = self.personas.iter().any(ended);
    }

    /// Why the user or the calendar asks for the card.
    fn barred(&self) -> Option<Why> {
        if self.expired { Some(Why::Expired) } else { self.paused.then_some(Why::Paused) }
    }

    /// A swap model's result, to be drawn on the face from now on.
    pub(super) fn reproject(&mut self, result: UvResult) {
        self.results.accept(result);
    }

    /// Forgets a swap model's results: another model is worn, or none.
    pub(super) fn forget_model(&mut self) {
        self.results.clear();
    }

    /// How old what a swap model last made is at `time`.
    pub(super) fn model_age(&self, time: FrameTime) -> Option<Duration> {
        self.results.age(time)
    }

    pub(super) fn pause(&mut self, on: bool) {
        self.paused = on;
    }

    /// Says whether the frames after the next one are known to be as good as that: a file's, that were looked at already.
    pub(super) fn assure(&mut self, assured: bool) {
        self.assured = assured;
    }

    pub(super) fn draw_with(&mut self, compositor: Compositor) {
        self.compositor = compositor;
        #[cfg(test)]
        {
            self.interference = None;
        }
    }

    /// Whether drawing has panicked since this was asked last. Who was who before says nothing any more then.
    pub(super) fn has_broken_down(&mut self) -> bool {
        std::mem::take(&mut self.broke_down)
    }

    /// Forgets pictures and results, as for another source or another scene.
    pub(super) fn reset(&mut self) {
        self.results.clear();
        (self.held, self.trusted, self.good) = (None, false, 0);
    }

    pub(super) fn backend(&self) -> String {
        self.compositor.backend()
    }

    pub(super) fn objects_created(&self) -> u64 {
        self.compositor.objects_created()
    }

    pub(super) fn time_gpu(&mut self, on: bool) -> bool {
        self.compositor.time_gpu(on)
    }

    pub(super) fn take_gpu_work(&mut self) -> GpuWork {
        self.compositor.take_gpu_work()
    }

    pub(super) fn faults(&self) -> (u64, Option<&str>) {
        (self.faults, self.last_fault.as_deref())
    }

    /// Counts a fault; the log gets the first, the second, the fourth, …
    pub(super) fn fault(&mut self, what: String) {
        self.faults += 1;
        if self.faults.is_power_of_two() {
            log::warn!("{what} ({} faults so far)", self.faults);
        }
        self.last_fault = Some(what);
    }

    /// Presents a frame and its cast; an error is why there is none. `now` is the frame's time by a clock that moves on from
    /// frame to frame, which its own need not.
    pub(super) fn present(
        &mut self,
        frame: Frame,
        now: FrameTime,
        cast: Result<&Cast, String>,
    ) -> Result<Presented> {
        let (shape, stamp) = (FrameShape::from_frame(&frame), Stamp { id: frame.id, time: frame.time, now });
        let before = self.shape.replace(shape);
        let barred = self.barred();
        // A picture of another size is another view.
        if barred.is_some() || before.is_some_and(|b| b.size() != shape.size()) {
            self.reset();
        }
        if let Some(why) = barred {
            return self.instead(shape, stamp, why);
        }
        let cast = match cast {
            Ok(cast) => cast,
            Err(what) => {
                self.fault(what);
                return self.instead(shape, stamp, Why::Fault);
            }
        };
        let mut canvas = Canvas::new(frame);
        match catch_unwind(AssertUnwindSafe(|| self.draw_faces(&mut canvas, now, cast))) {
            Ok(Ok(state)) => Ok(Presented { canvas, state, why: None }),
            Ok(Err(why)) => self.instead(shape, stamp, why),
            Err(panic) => {
                self.fault(format!("drawing broke down: {}", panic_words(&*panic)));
                // Whatever it was, it is not trusted again.
                self.draw_with(Compositor::cpu());
                self.broke_down = true;
                self.instead(shape, stamp, Why::Fault)
            }
        }
    }

    /// What to show at `time` when no frame has come; nothing before the first one. `now` as in [`Self::present`].
    pub(super) fn idle(&mut self, time: FrameTime, now: FrameTime) -> Result<Option<Presented>> {
        let Some(shape) = self.shape else { return Ok(None) };
        let id = self.held.as_ref().map_or(FrameId(0), |h| h.frame.id);
        let why = self.barred().unwrap_or(Why::NoPicture);
        self.instead(shape, Stamp { id, time, now }, why).map(Some)
    }

    /// The card in a shape of the caller's choice.
    pub(super) fn blank(&mut self, shape: FrameShape, time: FrameTime, why: Why) -> Result<Presented> {
        self.shape = Some(shape);
        self.instead(shape, Stamp { id: FrameId(0), time, now: time }, why)
    }

    /// The badge, on the scaled picture; mirror and rotation came before the faces were looked for.
    pub(super) fn finish(&mut self, mut canvas: Canvas) -> Result<BadgedFrame> {
        canvas.transform(&self.settings.transform.scaling()).map_err(super::small)?;
        self.badger.finish(canvas, Disclosure::Modified).map_err(super::small)
    }

    /// The last good picture as long as it may be shown, then the card; nothing of the current picture.
    fn instead(&mut self, shape: FrameShape, stamp: Stamp, why: Why) -> Result<Presented> {
        match why {
            // Good frames are counted while they are not shown yet; a picture that is late is still to come.
            Why::NoFace | Why::NoPicture => {}
            Why::Fault | Why::Paused | Why::Expired => (self.good, self.trusted) = (0, false),
        }
        let may_hold = !matches!(why, Why::Paused | Why::Expired);
        if let Some(held) =
            self.held.as_ref().filter(|h| FrameShape::from_frame(&h.frame) == shape && may_hold)
        {
            let age = stamp.now.0.saturating_sub(held.now.0);
            if age <= HOLD || (age <= PIXELATE_UNTIL && why == Why::NoFace) {
                let mut shown = held.frame.clone();
                (shown.id, shown.time) = (stamp.id, stamp.time);
                let mut canvas = Canvas::new(shown);
                if age <= HOLD {
                    return Ok(Presented { canvas, state: State::Hold, why: Some(why) });
                }
                for b in &held.boxes {
                    pixelate(&mut canvas, &b.grown(HEAD_GROWTH));
                }
                return Ok(Presented { canvas, state: State::Pixelate, why: Some(why) });
            }
        }
        self.held = None;
        let known = self.card.as_ref().is_some_and(|(w, s, _)| (*w, *s) == (why, shape));
        if !known {
            let FrameShape { format, colour, width, height } = shape;
            let blank = Frame::filled(format, colour, width, height, [0; 3]);
            let mut canvas = Canvas::new(blank.map_err(|e| super::small(e.into()))?);
            canvas.card(why.words()).map_err(super::small)?;
            self.card = Some((why, shape, canvas.frame().clone()));
        }
        let Some((_, _, card)) = &self.card else { return Err(super::no_card()) };
        let mut shown = card.clone_into(&self.pool);
        (shown.id, shown.time) = (stamp.id, stamp.time);
        let state = if self.begun { State::Card } else { State::Starting };
        Ok(Presented { canvas: Canvas::new(shown), state, why: Some(why) })
    }

    /// Draws or covers every face as the cast says. An error asks for something else than the picture.
    fn draw_faces(&mut self, canvas: &mut Canvas, time: FrameTime, cast: &Cast) -> Result<State, Why> {
        let protect = cast.is_protected();
        if self.settings.privacy == Privacy::Protect && !protect {
            // It was cast before the user asked for protection.
            (self.good, self.trusted) = (0, false);
            return Err(Why::NoFace);
        }
        if protect && !self.trust(cast.misses_one() || cast.finds_none(), time) {
            return Err(Why::NoFace);
        }
        let (heads, occluders) = (cast.heads(), cast.occluders());
        let mut state = State::Live;
        for member in cast.members() {
            match (member.visibility, member.role.persona()) {
                (Visibility::Gone, _) => {}
                _ if member.is_redacted() => {
                    for place in member.redactions() {
                        redact_behind(canvas, &place, Fill::Around(&heads), &occluders);
                    }
                }
                (Visibility::Pixelated, _) => {
                    pixelate(canvas, &member.head());
                    state = State::Pixelate;
                }
                (visibility, Some(number)) => {
                    if visibility == Visibility::Held && state == State::Live {
                        state = State::Hold;
                    }
                    self.wear(canvas, member, number, time, protect).inspect_err(|_| {
                        (self.good, self.trusted) = (0, false);
                    })?;
                }
                (_, None) => {}
            }
        }
        self.begun = true;
        self.held = Some(Held { frame: canvas.frame().clone(), now: time, boxes: cast.boxes() });
        Ok(state)
    }

    /// Whether the picture may be shown, with `protect`: the third good frame in a row brings it back.
    fn trust(&mut self, bad: bool, time: FrameTime) -> bool {
        #[cfg(test)]
        let bad = bad && !self.unguarded;
        if bad || self.judged.is_some_and(|last| time.0.saturating_sub(last.0) > TUNING.gap) {
            (self.good, self.trusted) = (0, false);
        }
        self.judged = Some(time);
        if !bad && !self.trusted {
            self.good += 1;
            self.trusted = self.assured || self.good >= TUNING.good_frames;
        }
        self.trusted
    }
}
