//! Who is who: which face wears which persona, which one must be covered, and what is to be seen of one that is lost.
//!
//! This is the only place that decides it. [`Casting`] goes from frame to frame; the [`Cast`] that it makes of each frame's
//! faces travels with the frame, and the swap model and the presenter read it.

use crate::frame::FrameTime;
use crate::space::{MeshPoint, Outline, bounds};
use crate::topology::OVAL;
use crate::track::{Face, FaceId, Occlusion};
use glam::Vec2;
use std::sync::Arc;
use std::time::Duration;

/// The numbers by which faces are cast, with how each was found and which test holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuning {
    /// A lost face's persona stays on its last mesh this long.
    ///
    /// About as long as a blink, a hand before the face or two missed detections take; longer, and a persona hangs in the air
    /// beside a head that went on. `hold_then_pixelate_then_nothing`.
    pub(super) hold: Duration,
    /// Then its head is pixelated until this long after it was lost; from then on another face may stand in for it in its
    /// persona.
    ///
    /// As long as the tracker keeps a lost face's number. `hold_then_pixelate_then_nothing`.
    pub(super) pixelate: Duration,
    /// With `protect`, the place of a face that was lost stays covered this long, though other faces are live.
    ///
    /// A face that is turned away from the camera or hidden by somebody comes back within it; chosen, not measured.
    /// `fault_tests`.
    pub(super) remember: Duration,
    /// A head is so many times as large as the box round the landmarks of its face.
    ///
    /// Hair and chin of the built-in actor and of the dev clips lie within it. `protect_shows_no_camera_pixel_of_an_uncovered_face`.
    pub(super) head: f32,
    /// A lost face is taken to go on as it went for so long, in seconds, and no farther than so many of its lengths.
    ///
    /// From the clip in which people cross (dev_cross). `with_protect_a_hidden_face_is_covered_where_it_was_and_where_it_went`.
    pub(super) goes_on: f32,
    /// In lengths of the face; see [`Self::goes_on`].
    pub(super) farthest: f32,
    /// After so long, in seconds, nothing can be said about where it went. The same clip and test.
    pub(super) forgotten: f32,
    /// It must have gone so many of its widths to be anywhere else than where it was. The same clip and test.
    pub(super) stirred: f32,
    /// A face that comes up at most so many of its lengths from where one was lost may be that one.
    ///
    /// `a_face_with_a_new_id_stands_for_the_nearest_hidden_one`.
    pub(super) comes_up: f32,
    /// Share of a face that must have something in front of it for its outline not to be clear.
    ///
    /// One cell of the occlusion grid is 0.004. `only_a_live_face_with_nothing_in_front_has_a_clear_outline`.
    pub(super) unclear: f32,
    /// Part of the outline, from its middle, that a persona surely covers: its edge is soft.
    /// `faces_in_front_stay_and_all_else_is_covered`.
    pub(super) outline: f32,
    /// A face has left the picture where less of its box than this is in it, 0..=1 …
    ///
    /// `a_face_that_leaves_needs_neither`.
    pub(super) inside_now: f32,
    /// … or will be, 0..=1, …
    pub(super) inside_soon: f32,
    /// … so many seconds later.
    pub(super) soon: f32,
    /// A lost face is behind another that covers this share of its box.
    ///
    /// `a_face_behind_another_is_not_drawn_over_it`.
    pub(super) behind: f32,
    /// A new face that lies by this share of its box in a lost one's head is the lost one again.
    ///
    /// `a_new_id_at_the_same_place_wears_the_same_persona`.
    pub(super) same: f32,
    /// With `protect`, a face of a known number that lies by less than this share of its box in its own last head has moved
    /// farther than heads do between two frames: it is somebody else's (a picture on the wall, a passer-by).
    ///
    /// `fault_tests`, the event `Wrong`.
    pub(super) jump: f32,
    /// How much the newest sighting counts in the velocity, 0..=1: two frames' noise is halved.
    pub(super) velocity: f32,
}

pub(super) const TUNING: Tuning = Tuning {
    hold: Duration::from_millis(250),
    pixelate: Duration::from_secs(2),
    remember: Duration::from_secs(8),
    head: 1.6,
    goes_on: 0.6,
    farthest: 2.0,
    forgotten: 1.2,
    stirred: 0.2,
    comes_up: 3.0,
    unclear: 0.01,
    outline: 0.96,
    inside_now: 0.6,
    inside_soon: 0.35,
    soon: 0.25,
    behind: 0.35,
    same: 0.3,
    jump: 0.6,
    velocity: 0.5,
};

/// A lost face's persona stays this long.
pub(super) const HOLD: Duration = TUNING.hold;
/// Then its region is pixelated until this long after it was lost.
pub(super) const PIXELATE_UNTIL: Duration = TUNING.pixelate;
/// Growth of the last box for the pixelated head region.
pub(super) const HEAD_GROWTH: f32 = TUNING.head;

/// A box in image pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Box2 {
    pub(super) min: Vec2,
    pub(super) max: Vec2,
}

impl Box2 {
    pub(super) fn from_points(points: &[MeshPoint]) -> Self {
        let (min, max) = bounds(points.iter().map(|p| p.truncate()));
        Self { min, max }
    }

    pub(super) fn centre(&self) -> Vec2 {
        (self.min + self.max) * 0.5
    }

    pub(super) fn grown(&self, by: f32) -> Self {
        let half = (self.max - self.min) * 0.5 * by;
        Self { min: self.centre() - half, max: self.centre() + half }
    }

    fn area(&self) -> f32 {
        let d = (self.max - self.min).max(Vec2::ZERO);
        d.x * d.y
    }

    /// Share of this box that the other covers, 0..=1.
    pub(super) fn covered_by(&self, other: &Self) -> f32 {
        let both = Self { min: self.min.max(other.min), max: self.max.min(other.max) };
        both.area() / self.area().max(1e-6)
    }

    /// Share of this box that lies in a picture, 0..=1.
    pub(super) fn share_inside(&self, frame: &crate::frame::Frame) -> f32 {
        let max = Vec2::new(frame.width() as f32, frame.height() as f32);
        self.covered_by(&Self { min: Vec2::ZERO, max })
    }

    fn shifted(&self, by: Vec2) -> Self {
        Self { min: self.min + by, max: self.max + by }
    }
}

/// What a face is to the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It wears the persona of this number, by turns where there are fewer, and a swap model works on it.
    Persona(usize),
    /// With `protect`, one more than are to wear a persona: it is covered.
    Guarded,
    /// Without `protect`, one more than are to wear a persona. It gets the persona of this number all the same, by turns,
    /// but no swap model works on it.
    PasserBy(usize),
}

impl Role {
    /// The number of the persona that is drawn on it.
    pub(super) fn persona(self) -> Option<usize> {
        match self {
            Self::Persona(number) | Self::PasserBy(number) => Some(number),
            Self::Guarded => None,
        }
    }
}

/// What is to be seen of a face in this frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visibility {
    /// It was found in this frame.
    Live,
    /// It was lost a moment ago: its persona stays on its last mesh.
    Held,
    /// It was lost longer ago: its head is pixelated.
    Pixelated,
    /// It left, is behind another face, or was not found again: its last place is covered without any pixel of it. Only
    /// with `protect`.
    Redacted,
    /// It left, or is behind another face: nothing is shown for it. Only without `protect`.
    Gone,
}

/// A face in a frame's cast.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// The face as it was last found: its number, its mesh in image pixels, its pose and what stood in front of it.
    pub(super) face: Arc<Face>,
    pub(super) role: Role,
    pub(super) visibility: Visibility,
    /// Where a redacted face would be if it had gone on as it went when it was last seen. None where that is where it was,
    /// or too long ago to tell.
    pub(super) predicted: Option<Box2>,
}

impl Member {
    /// The number that the face had when it was last found.
    pub(super) fn id(&self) -> FaceId {
        self.face.id
    }

    /// The box round its landmarks.
    pub(super) fn bounds(&self) -> Box2 {
        Box2::from_points(&self.face.landmarks)
    }

    /// The region of its head, where it was last seen.
    pub(super) fn head(&self) -> Box2 {
        self.bounds().grown(TUNING.head)
    }

    /// Whether nothing of it may be seen, not even as blocks.
    pub(super) fn is_redacted(&self) -> bool {
        self.role == Role::Guarded || self.visibility == Visibility::Redacted
    }

    /// The regions to be covered of a face that [is redacted](Self::is_redacted).
    pub(super) fn redactions(&self) -> impl Iterator<Item = Box2> {
        let predicted = self.predicted.map(|place| place.grown(TUNING.head));
        std::iter::once(self.head()).chain(predicted)
    }

    /// What stands in front of it now. Before a lost face that is no longer known: its persona covers all.
    pub(super) fn occlusion(&self) -> Occlusion {
        if self.visibility == Visibility::Live { self.face.occlusion.clone() } else { Occlusion::default() }
    }

    /// The face's outline, where nothing stands in front of it: what lies inside is painted over.
    pub(super) fn clear_outline(&self) -> Option<Outline> {
        if self.visibility != Visibility::Live || self.face.occlusion.share() > TUNING.unclear {
            return None;
        }
        let middle = self.bounds().centre();
        let place = |i: &u16| {
            let point = self.face.landmarks.get(usize::from(*i))?;
            Some(middle + (point.truncate() - middle) * TUNING.outline)
        };
        let outline: Outline = OVAL.iter().filter_map(place).collect();
        (outline.len() == OVAL.len()).then_some(outline)
    }
}

/// The cast of one frame.
#[derive(Clone, Debug, Default)]
pub(super) struct Cast {
    /// In the order in which they are drawn: lost faces first, so that a face in front of one is drawn over it; then of those
    /// that were found, first those that came out from behind others last, then those that more stands in front of.
    members: Vec<Member>,
    protect: bool,
}

impl Cast {
    /// All faces, in the order in which they are drawn.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Whether it was made by the rules of [`Privacy::Protect`](super::Privacy::Protect).
    pub(super) fn is_protected(&self) -> bool {
        self.protect
    }

    /// Whether a face that may be somewhere in the picture was not found in it, and its place is not covered.
    pub(super) fn misses_one(&self) -> bool {
        self.members.iter().any(|m| matches!(m.visibility, Visibility::Held | Visibility::Pixelated))
    }

    /// Whether no face was found in the frame.
    pub(super) fn finds_none(&self) -> bool {
        !self.members.iter().any(|m| m.visibility == Visibility::Live)
    }

    /// The faces that a swap model is to work on, by the numbers of their personas.
    pub(super) fn for_model(&self) -> Vec<Arc<Face>> {
        let mut faces: Vec<(usize, &Arc<Face>)> = Vec::new();
        for member in &self.members {
            if let (Role::Persona(number), Visibility::Live) = (member.role, member.visibility) {
                faces.push((number, &member.face));
            }
        }
        faces.sort_by_key(|(number, _)| *number);
        faces.into_iter().map(|(_, face)| Arc::clone(face)).collect()
    }

    /// The boxes of all faces that are or may be in the picture.
    pub(super) fn boxes(&self) -> Vec<Box2> {
        self.present().map(Member::bounds).collect()
    }

    /// The regions of their heads: no colour for a cover is taken from there.
    pub(super) fn heads(&self) -> Vec<Box2> {
        self.present().map(Member::head).collect()
    }

    /// The outlines of faces that are painted over by their personas, and so need no cover where they are in front of one that does.
    pub(super) fn occluders(&self) -> Vec<Outline> {
        let worn = self.members.iter().filter(|m| matches!(m.role, Role::Persona(_)));
        worn.filter_map(Member::clear_outline).collect()
    }

    fn present(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|m| m.visibility != Visibility::Gone)
    }
}

/// The rules by which a frame is cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// Whether faces that wear no persona are covered, and places where a bare face may be are remembered and covered.
    pub(super) protect: bool,
    /// Faces that wear a persona and that a swap model works on, at least 1.
    pub(super) listed: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { protect: false, listed: 1 }
    }
}

/// A face that is or was followed.
#[derive(Clone, Debug)]
struct FaceState {
    face: Arc<Face>,
    /// The number of its own persona: the first that is no other face's.
    persona: usize,
    /// The number of the persona that it wears instead, while the face whose own that is is away.
    stands_in: Option<usize>,
    visibility: Visibility,
    seen: FrameTime,
    /// The frame in which it was last seen, counted by [`Casting`].
    frame: u64,
    /// Image pixels a second, over the last few sightings.
    velocity: Vec2,
    /// When it last came out from behind another face.
    emerged: Option<FrameTime>,
    left: bool,
}

/// Casts frames that come one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Casting {
    states: Vec<FaceState>,
    rules: Rules,
    frame: u64,
}

impl Casting {
    /// Casts the next frame's faces. `size` is its picture's. A face that is not seen stays in the cast for a while.
    pub(super) fn cast(&mut self, faces: &[Face], time: FrameTime, size: Vec2, rules: Rules) -> Cast {
        self.rules = rules;
        self.frame += 1;
        for face in faces {
            self.admit(face, faces, time);
        }
        self.return_personas(time);
        self.miss(faces, time, size);
        self.forget(time);
        self.promote(time);
        self.in_order(time)
    }

    /// Forgets all faces.
    pub(super) fn clear(&mut self) {
        self.states.clear();
    }

    /// Takes a face in: as one that is known, or as a new one.
    fn admit(&mut self, face: &Face, faces: &[Face], time: FrameTime) {
        let frame = self.frame;
        if let Some(known) = self.index_of(face, faces, time).and_then(|i| self.states.get_mut(i)) {
            known.sighted(face, time, frame);
            return;
        }
        self.drop_lost(face);
        let taken = |number: &usize| self.states.iter().any(|s| s.persona == *number);
        let state = FaceState {
            face: Arc::new(face.clone()),
            persona: (0..).find(|number| !taken(number)).unwrap_or_default(),
            stands_in: None,
            visibility: Visibility::Live,
            seen: time,
            frame,
            velocity: Vec2::ZERO,
            emerged: None,
            left: false,
        };
        self.states.push(state);
    }

    /// A face that was taken for one that had been away has its persona back: whoever stood in for it wears its own number
    /// again. Who stood in and was itself away for long stands in no more.
    fn return_personas(&mut self, time: FrameTime) {
        let back: Vec<usize> = self.states.iter().filter(|s| !s.is_away(time)).map(|s| s.persona).collect();
        for state in &mut self.states {
            let away = state.is_away(time);
            state.stands_in.take_if(|number| away || back.contains(number));
        }
    }

    /// Says what is to be seen of faces that are not among those found.
    fn miss(&mut self, found: &[Face], time: FrameTime, size: Vec2) {
        let found: Vec<Box2> = found.iter().map(|f| Box2::from_points(&f.landmarks)).collect();
        let Rules { protect, listed } = self.rules;
        for state in &mut self.states {
            let age = state.age(time);
            if age.is_zero() {
                continue;
            }
            let bounds = state.bounds();
            if state.visibility == Visibility::Live {
                state.left = left_the_picture(&bounds, state.velocity, size);
            }
            let behind = found.iter().any(|other| bounds.covered_by(other) > TUNING.behind);
            let guarded = protect && state.worn() >= listed;
            state.visibility = if state.left || behind || guarded {
                if protect { Visibility::Redacted } else { Visibility::Gone }
            } else if age > TUNING.pixelate {
                Visibility::Redacted
            } else if age <= TUNING.hold {
                Visibility::Held
            } else {
                Visibility::Pixelated
            };
        }
    }

    /// Lets faces go that were lost long ago. One that left is not waited for as long as one that vanished. Who stood in
    /// for one that is let go keeps its persona.
    fn forget(&mut self, time: FrameTime) {
        let kept = if self.rules.protect { TUNING.remember } else { TUNING.pixelate };
        self.states.retain(|s| s.age(time) <= if s.left { TUNING.pixelate } else { kept });
        let own: Vec<usize> = self.states.iter().map(|s| s.persona).collect();
        for state in &mut self.states {
            if let Some(number) = state.stands_in.take_if(|number| !own.contains(number)) {
                state.persona = number;
            }
        }
    }

    /// Lets faces that wear no listed persona stand in for those that are away; where that one is forgotten, it is theirs.
    fn promote(&mut self, time: FrameTime) {
        let listed = self.rules.listed;
        for i in 0..self.states.len() {
            let Some(state) = self.states.get(i) else { break };
            if state.visibility != Visibility::Live || state.worn() < listed {
                continue;
            }
            let taken = |number: &usize| self.states.iter().any(|s| s.worn() == *number && !s.is_away(time));
            let Some(vacant) = (0..listed).find(|number| !taken(number)) else { break };
            let awaited = self.states.iter().any(|s| s.persona == vacant);
            match self.states.get_mut(i) {
                Some(state) if awaited => state.stands_in = Some(vacant),
                Some(state) => state.persona = vacant,
                None => {}
            }
        }
    }

    /// Which of the known faces this is: by its number where it can have got there since, or a lost one at its place.
    fn index_of(&self, face: &Face, faces: &[Face], time: FrameTime) -> Option<usize> {
        let here = Box2::from_points(&face.landmarks);
        let near = |s: &FaceState, share: f32| here.covered_by(&s.bounds().grown(TUNING.head)) > share;
        let fresh = |s: &FaceState| s.age(time) <= TUNING.hold;
        let jumped = |s: &FaceState| self.rules.protect && fresh(s) && !near(s, TUNING.jump);
        let free = |s: &FaceState| s.frame != self.frame;
        let mine = |(_, s): &(usize, &FaceState)| s.face.id == face.id && free(s) && !jumped(s);
        let by_id = self.states.iter().enumerate().filter(mine).max_by_key(|(_, s)| s.seen);
        by_id.map(|(i, _)| i).or_else(|| {
            let lost = |s: &FaceState| free(s) && !faces.iter().any(|f| f.id == s.face.id);
            self.states.iter().position(|s| lost(s) && near(s, TUNING.same))
        })
    }

    /// A face comes up anew: the nearest of the redacted ones that did not leave is taken to be it, by another number.
    fn drop_lost(&mut self, face: &Face) {
        if self.states.iter().any(|s| s.face.id == face.id) {
            return;
        }
        let place = Box2::from_points(&face.landmarks);
        let reach = TUNING.comes_up * (place.max - place.min).max_element();
        let distance = |s: &FaceState| s.bounds().centre().distance(place.centre());
        let hidden = |s: &FaceState| s.visibility == Visibility::Redacted && !s.left;
        let lost = self.states.iter().enumerate().filter(|(_, s)| hidden(s));
        let nearest = lost.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        if let Some((index, _)) = nearest.filter(|(_, s)| distance(s) < reach) {
            self.states.remove(index);
        }
    }

    fn in_order(&self, time: FrameTime) -> Cast {
        let mut states: Vec<&FaceState> = self.states.iter().collect();
        let turn = |s: &FaceState| match s.visibility {
            Visibility::Gone | Visibility::Redacted => 0,
            Visibility::Pixelated => 1,
            Visibility::Held => 2,
            Visibility::Live => 3,
        };
        let behind = |s: &FaceState| (turn(s), std::cmp::Reverse(s.emerged));
        let covered = |s: &FaceState| s.face.occlusion.share();
        states.sort_by(|a, b| behind(a).cmp(&behind(b)).then(covered(b).total_cmp(&covered(a))));
        let members = states.into_iter().map(|s| s.member(time, self.rules)).collect();
        Cast { members, protect: self.rules.protect }
    }
}

impl FaceState {
    fn bounds(&self) -> Box2 {
        Box2::from_points(&self.face.landmarks)
    }

    /// Time since it was seen.
    fn age(&self, time: FrameTime) -> Duration {
        time.0.saturating_sub(self.seen.0)
    }

    /// Whether it was lost so long ago that another may stand in for it.
    fn is_away(&self, time: FrameTime) -> bool {
        self.age(time) > TUNING.pixelate
    }

    /// The number of the persona that it wears.
    fn worn(&self) -> usize {
        self.stands_in.unwrap_or(self.persona)
    }

    /// It is found in a frame, maybe by another number.
    fn sighted(&mut self, face: &Face, time: FrameTime, frame: u64) {
        let passed = self.age(time).as_secs_f32();
        if passed > 0.0 {
            let velocity = (Box2::from_points(&face.landmarks).centre() - self.bounds().centre()) / passed;
            self.velocity = self.velocity.lerp(velocity, TUNING.velocity);
        }
        if matches!(self.visibility, Visibility::Redacted | Visibility::Gone) && !self.left {
            self.emerged = Some(time);
        }
        self.face = Arc::new(face.clone());
        (self.visibility, self.seen, self.left, self.frame) = (Visibility::Live, time, false, frame);
    }

    fn member(&self, time: FrameTime, rules: Rules) -> Member {
        let role = match (self.worn() < rules.listed, rules.protect) {
            (true, _) => Role::Persona(self.worn()),
            (false, true) => Role::Guarded,
            (false, false) => Role::PasserBy(self.worn()),
        };
        let predicted = self.gone_on(time).filter(|_| self.visibility == Visibility::Redacted);
        Member { face: Arc::clone(&self.face), role, visibility: self.visibility, predicted }
    }

    /// Where it would be at `time` if it had gone on as it went when it was last seen.
    fn gone_on(&self, time: FrameTime) -> Option<Box2> {
        let age = self.age(time).as_secs_f32();
        let bounds = self.bounds();
        let size = bounds.max - bounds.min;
        let way = self.velocity * age.min(TUNING.goes_on);
        let way = way.clamp_length_max(TUNING.farthest * size.max_element());
        let known = age <= TUNING.forgotten && way.is_finite();
        (known && way.length() > TUNING.stirred * size.min_element()).then(|| bounds.shifted(way))
    }
}

fn left_the_picture(bounds: &Box2, velocity: Vec2, size: Vec2) -> bool {
    let picture = Box2 { min: Vec2::ZERO, max: size };
    let inside = |b: Box2| b.covered_by(&picture);
    inside(*bounds) < TUNING.inside_now || inside(bounds.shifted(velocity * TUNING.soon)) < TUNING.inside_soon
}

/// Whether a face's points can be one.
pub(super) fn is_sound(face: &Face) -> bool {
    let bounds = Box2::from_points(&face.landmarks);
    let size = bounds.max - bounds.min;
    !face.landmarks.is_empty()
        && face.landmarks.iter().all(|p| p.is_finite())
        && size.min_element() >= 2.0
        && size.max_element() <= 4.0 * crate::frame::Frame::MAX_SIDE as f32
}

#[cfg(test)]
mod tests;
