//! Draws what the safety gate allows: the persona, a held picture, a covered one, or the card.

mod swap;

use super::cover::{Cover, cover, cover_behind};
use super::draw::Draw;
use super::gate::{Box2, Gate, HEAD, HOLD, PIXELATE, Record, Show};
use super::{Privacy, Settings, State, Why};
use crate::badge::{BadgedFrame, Badger, Canvas, Disclosure};
use crate::composite::{Compositor, GpuWork};
use crate::error::{Result, panic_words};
use crate::frame::{Colour, Frame, FrameId, FrameTime, PixelFormat};
use crate::persona::Date;
use crate::pool::Pool;
use crate::space::Outline;
use crate::swap::FaceTexture;
use crate::swap::neural::{Reprojection, Swapped};
use crate::track::Face;
use glam::Vec2;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Good frames in a row that lead back from a fault or a lost face with [`Privacy::Protect`].
pub(super) const GOOD_FRAMES: u32 = 3;
/// After so long without a frame, good ones are counted anew: longer than the slowest machine takes for one.
const GAP: Duration = Duration::from_secs(4);
/// A drawn face must cover at least this share of its region; a GPU that gives nothing back covers none.
const COVERED: f32 = 0.01;

/// What a picture is but for its pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) format: PixelFormat,
    pub(super) colour: Colour,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Shape {
    fn of(frame: &Frame) -> Self {
        let (width, height) = (frame.width(), frame.height());
        Self { format: frame.format(), colour: frame.colour(), width, height }
    }

    pub(super) fn size(self) -> (u32, u32) {
        (self.width, self.height)
    }
}

/// What a frame is called, and when it is by the painter's clock.
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

/// What was painted.
pub(super) struct Painted {
    pub(super) canvas: Canvas,
    pub(super) state: State,
    pub(super) why: Option<Why>,
}

/// Paints frame after frame, and never what it must not.
pub(super) struct Painter {
    settings: Settings,
    personas: Vec<FaceTexture>,
    fade: Option<Fade>,
    /// A swap model's newest results.
    model: Reprojection,
    draw: Box<dyn Draw>,
    badger: Badger,
    gate: Gate,
    held: Option<Held>,
    shape: Option<Shape>,
    card: Option<(Why, Shape, Frame)>,
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
    faults: u64,
    last_fault: Option<String>,
    /// Leaves the guard out, to show that its test sees it.
    #[cfg(test)]
    pub(super) unguarded: bool,
}

impl Painter {
    pub(super) fn new(
        personas: Vec<FaceTexture>,
        settings: Settings,
        draw: Box<dyn Draw>,
        pool: Pool,
    ) -> Self {
        Self {
            badger: Badger::new(settings.corner),
            settings,
            personas,
            fade: None,
            model: Reprojection::default(),
            draw,
            gate: Gate::default(),
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
            faults: 0,
            last_fault: None,
            #[cfg(test)]
            unguarded: false,
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
        if settings.turn.is_sideways() != self.settings.turn.is_sideways()
            && let Some(shape) = &mut self.shape
        {
            // A card that is shown before the next picture stands as that will.
            (shape.width, shape.height) = (shape.height, shape.width);
        }
        self.settings = settings;
    }

    /// Other personas, faded in over `lasts`.
    pub(super) fn wear(&mut self, personas: Vec<FaceTexture>, lasts: Duration) {
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
    pub(super) fn reproject(&mut self, result: Swapped) {
        self.model.take(result);
    }

    /// Forgets a swap model's results: another model is worn, or none.
    pub(super) fn forget_model(&mut self) {
        self.model.clear();
    }

    /// How old what a swap model last made is at `time`.
    pub(super) fn model_age(&self, time: FrameTime) -> Option<Duration> {
        self.model.age(time)
    }

    pub(super) fn pause(&mut self, on: bool) {
        self.paused = on;
    }

    /// Says whether the frames after the next one are known to be as good as that: a file's, that were looked at already.
    pub(super) fn assure(&mut self, assured: bool) {
        self.assured = assured;
    }

    pub(super) fn draw_with(&mut self, draw: Box<dyn Draw>) {
        self.draw = draw;
    }

    /// Forgets faces and pictures, as for another source or another scene.
    pub(super) fn reset(&mut self) {
        self.gate.clear();
        self.model.clear();
        (self.held, self.trusted, self.good) = (None, false, 0);
    }

    pub(super) fn backend(&self) -> String {
        self.draw.backend()
    }

    pub(super) fn objects_created(&self) -> u64 {
        self.draw.objects_created()
    }

    pub(super) fn time_gpu(&mut self, on: bool) -> bool {
        self.draw.time_gpu(on)
    }

    pub(super) fn take_gpu_work(&mut self) -> GpuWork {
        self.draw.take_gpu_work()
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

    /// Paints a frame whose faces are `found`; an error is what went wrong in finding them. `now` is its time by a clock
    /// that moves on from frame to frame, which the frame's own need not.
    pub(super) fn paint(
        &mut self,
        frame: Frame,
        now: FrameTime,
        found: Result<&[Face], String>,
    ) -> Result<Painted> {
        let (shape, stamp) = (Shape::of(&frame), Stamp { id: frame.id, time: frame.time, now });
        let before = self.shape.replace(shape);
        // A picture of another size is another view: where faces were says nothing any more.
        let barred = self.barred();
        if barred.is_some() || before.is_some_and(|b| b.size() != shape.size()) {
            self.reset();
        }
        if let Some(why) = barred {
            return self.instead(shape, stamp, why);
        }
        let faces = match found {
            Ok(faces) if faces.iter().all(sound) => faces,
            Ok(_) => {
                self.fault("the face network's points are out of range".to_owned());
                return self.instead(shape, stamp, Why::Fault);
            }
            Err(e) => {
                self.fault(e);
                return self.instead(shape, stamp, Why::Fault);
            }
        };
        let mut canvas = Canvas::new(frame);
        match catch_unwind(AssertUnwindSafe(|| self.swap_all(&mut canvas, now, faces))) {
            Ok(Ok(state)) => Ok(Painted { canvas, state, why: None }),
            Ok(Err(why)) => self.instead(shape, stamp, why),
            Err(panic) => {
                self.fault(format!("drawing broke down: {}", panic_words(&*panic)));
                // Whatever it was, it is not trusted again.
                self.draw = Box::new(Compositor::cpu());
                self.gate.clear();
                self.instead(shape, stamp, Why::Fault)
            }
        }
    }

    /// What to show at `time` when no frame has come; nothing before the first one. `now` as in [`Self::paint`].
    pub(super) fn idle(&mut self, time: FrameTime, now: FrameTime) -> Result<Option<Painted>> {
        let Some(shape) = self.shape else { return Ok(None) };
        let id = self.held.as_ref().map_or(FrameId(0), |h| h.frame.id);
        let why = self.barred().unwrap_or(Why::NoPicture);
        self.instead(shape, Stamp { id, time, now }, why).map(Some)
    }

    /// The card in a shape of the caller's choice.
    pub(super) fn blank(&mut self, shape: Shape, time: FrameTime, why: Why) -> Result<Painted> {
        self.shape = Some(shape);
        self.instead(shape, Stamp { id: FrameId(0), time, now: time }, why)
    }

    /// The badge, on the scaled picture; mirror and rotation came before the faces were looked for.
    pub(super) fn finish(&mut self, mut canvas: Canvas) -> Result<BadgedFrame> {
        canvas.turn(&self.settings.turn.scaling()).map_err(super::small)?;
        self.badger.finish(canvas, Disclosure::Modified).map_err(super::small)
    }

    /// The last good picture as long as it may be shown, then the card; nothing of the current picture.
    fn instead(&mut self, shape: Shape, stamp: Stamp, why: Why) -> Result<Painted> {
        match why {
            // Good frames are counted while they are not shown yet; a picture that is late is still to come.
            Why::NoFace | Why::NoPicture => {}
            Why::Fault | Why::Paused | Why::Expired => (self.good, self.trusted) = (0, false),
        }
        let may_hold = !matches!(why, Why::Paused | Why::Expired);
        if let Some(held) = self.held.as_ref().filter(|h| Shape::of(&h.frame) == shape && may_hold) {
            let age = stamp.now.0.saturating_sub(held.now.0);
            if age <= HOLD || (age <= PIXELATE && why == Why::NoFace) {
                let mut shown = held.frame.clone();
                (shown.id, shown.time) = (stamp.id, stamp.time);
                let mut canvas = Canvas::new(shown);
                if age <= HOLD {
                    return Ok(Painted { canvas, state: State::Hold, why: Some(why) });
                }
                for b in &held.boxes {
                    cover(&mut canvas, &b.grown(HEAD), Cover::Inside);
                }
                return Ok(Painted { canvas, state: State::Pixelate, why: Some(why) });
            }
        }
        self.held = None;
        let known = self.card.as_ref().is_some_and(|(w, s, _)| (*w, *s) == (why, shape));
        if !known {
            let Shape { format, colour, width, height } = shape;
            let blank = Frame::filled(format, colour, width, height, [0; 3]);
            let mut canvas = Canvas::new(blank.map_err(|e| super::small(e.into()))?);
            canvas.card(why.words()).map_err(super::small)?;
            self.card = Some((why, shape, canvas.frame().clone()));
        }
        let Some((_, _, card)) = &self.card else { return Err(super::no_card()) };
        let mut shown = card.clone_into(&self.pool);
        (shown.id, shown.time) = (stamp.id, stamp.time);
        let state = if self.begun { State::Card } else { State::Starting };
        Ok(Painted { canvas: Canvas::new(shown), state, why: Some(why) })
    }

    /// Draws what the gate says. An error asks for something else than the picture.
    fn swap_all(&mut self, canvas: &mut Canvas, time: FrameTime, faces: &[Face]) -> Result<State, Why> {
        let size = Vec2::new(canvas.frame().width() as f32, canvas.frame().height() as f32);
        let (protect, listed) = (self.settings.privacy == Privacy::Protect, self.settings.max_faces.max(1));
        self.gate.configure(protect, listed);
        self.gate.update(faces, time, size);
        let lost = self.gate.records().iter().any(|r| matches!(r.show, Show::Hold | Show::Pixelate));
        if protect && !self.trust(lost || faces.is_empty(), time) {
            return Err(Why::NoFace);
        }
        let records = self.gate.in_order();
        let bare: Vec<Box2> = records.iter().map(|r| r.bounds().grown(HEAD)).collect();
        let painted_over = |r: &&Record| r.wears < listed;
        let front: Vec<Outline> =
            records.iter().filter(painted_over).filter_map(Record::clear_outline).collect();
        let mut state = State::Live;
        for r in &records {
            let head = r.bounds().grown(HEAD);
            if protect && (r.show == Show::Ghost || r.wears >= listed) {
                cover_behind(canvas, &head, Cover::Around(&bare), &front);
                if let Some(place) = r.gone_on(time).filter(|_| r.show == Show::Ghost) {
                    cover_behind(canvas, &place.grown(HEAD), Cover::Around(&bare), &front);
                }
                continue;
            }
            if r.show == Show::Pixelate {
                cover(canvas, &head, Cover::Inside);
                state = State::Pixelate;
                continue;
            }
            if r.show == Show::Hold && state == State::Live {
                state = State::Hold;
            }
            let rotation = faces.iter().find(|f| f.id == r.id).map(|f| f.pose.rotation);
            self.swap(canvas, r, time, rotation).inspect_err(|_| {
                (self.good, self.trusted) = (0, false);
            })?;
        }
        self.begun = true;
        let boxes = records.iter().map(Record::bounds).collect();
        self.held = Some(Held { frame: canvas.frame().clone(), now: time, boxes });
        Ok(state)
    }

    /// Whether the picture may be shown, with `protect`: the third good frame in a row brings it back.
    fn trust(&mut self, bad: bool, time: FrameTime) -> bool {
        #[cfg(test)]
        let bad = bad && !self.unguarded;
        if bad || self.judged.is_some_and(|last| time.0.saturating_sub(last.0) > GAP) {
            (self.good, self.trusted) = (0, false);
        }
        self.judged = Some(time);
        if !bad && !self.trusted {
            self.good += 1;
            self.trusted = self.assured || self.good >= GOOD_FRAMES;
        }
        self.trusted
    }
}

/// Whether a face's points can be one.
fn sound(face: &Face) -> bool {
    let bounds = Box2::of(&face.landmarks);
    let size = bounds.max - bounds.min;
    !face.landmarks.is_empty()
        && face.landmarks.iter().all(|p| p.is_finite())
        && size.min_element() >= 2.0
        && size.max_element() <= 4.0 * Frame::MAX_SIDE as f32
}
