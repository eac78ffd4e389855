//! What is shown for a face that is not seen now: the safety gate, one record a face.

use crate::frame::FrameTime;
use crate::space::{MeshPoint, Outline};
use crate::topology::OVAL;
use crate::track::{Face, FaceId, Occlusion};
use glam::Vec2;
use std::time::Duration;

/// A lost face's persona stays this long.
pub const HOLD: Duration = Duration::from_millis(250);
/// Then its region is pixelated until this long after it was lost.
pub const PIXELATE: Duration = Duration::from_secs(2);
/// With `protect`, the place of a face that was lost stays covered this long, though other faces are live.
pub const GHOST: Duration = Duration::from_secs(8);
/// Growth of the last box for the pixelated head region.
pub const HEAD: f32 = 1.6;

/// A box in image pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Box2 {
    pub(super) min: Vec2,
    pub(super) max: Vec2,
}

impl Box2 {
    pub(super) fn of(points: &[MeshPoint]) -> Self {
        let start = (Vec2::MAX, Vec2::MIN);
        let (min, max) = points.iter().fold(start, |(a, b), p| (a.min(p.truncate()), b.max(p.truncate())));
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

/// What to show for a face in this frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Show {
    /// The persona on this frame's mesh.
    Live,
    /// The persona on the last mesh.
    Hold,
    /// The head region pixelated.
    Pixelate,
    /// Nothing: the face left the picture, or is behind another one.
    Nothing,
    /// Its last place is covered without any pixel of it: it left, is behind another face, or was not found
    /// again. Only with `protect`.
    Ghost,
}

/// A face that is or was followed.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) id: FaceId,
    /// Which persona it wears: the first that no other face wears.
    pub(super) wears: usize,
    pub(super) points: Vec<MeshPoint>,
    /// What stood in front of it when it was last seen.
    pub(super) occlusion: Occlusion,
    pub(super) show: Show,
    seen: FrameTime,
    /// The update in which it was last seen.
    turn: u64,
    /// Image pixels a second, over the last few sightings.
    velocity: Vec2,
    /// When it last came out from behind another face.
    emerged: Option<FrameTime>,
    left: bool,
}

impl Record {
    pub(super) fn bounds(&self) -> Box2 {
        Box2::of(&self.points)
    }

    /// Where it would be at `time` if it had gone on as it went when it was last seen. None where that is where it was, or
    /// too long ago to tell.
    pub(super) fn gone_on(&self, time: FrameTime) -> Option<Box2> {
        let age = time.0.saturating_sub(self.seen.0).as_secs_f32();
        let bounds = self.bounds();
        let size = bounds.max - bounds.min;
        let way = (self.velocity * age.min(GOING)).clamp_length_max(FARTHEST * size.max_element());
        let told = age <= FORGOTTEN && way.is_finite() && way.length() > STIRRED * size.min_element();
        told.then(|| bounds.shifted(way))
    }

    /// The face's outline, where nothing stands in front of it: what lies inside is painted over.
    pub(super) fn clear_outline(&self) -> Option<Outline> {
        if self.show != Show::Live || self.occlusion.share() > UNCLEAR {
            return None;
        }
        let middle = self.bounds().centre();
        let place =
            |i: &u16| self.points.get(usize::from(*i)).map(|p| middle + (p.truncate() - middle) * OUTLINE);
        let outline: Outline = OVAL.iter().filter_map(place).collect();
        (outline.len() == OVAL.len()).then_some(outline)
    }

    /// What stands in front of it now. Before a lost face that is no longer known: its persona covers all.
    pub(super) fn in_front(&self) -> Occlusion {
        if self.show == Show::Live { self.occlusion.clone() } else { Occlusion::default() }
    }
}

/// The records of all faces.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    records: Vec<Record>,
    /// Whether places where a bare face may be are remembered and covered.
    protect: bool,
    /// Faces that get a persona.
    listed: usize,
    turn: u64,
}

/// A lost face is taken to go on as it went for so long, seconds, and no farther than so many of its lengths; for how
/// long its way counts at all, and how far it must have gone, in widths, to be anywhere else.
const GOING: f32 = 0.6;
const FARTHEST: f32 = 2.0;
const FORGOTTEN: f32 = 1.2;
const STIRRED: f32 = 0.2;
/// A face that comes up so many of its lengths from where one was lost may be that one.
const COMES_UP: f32 = 3.0;
/// Share of a face with something in front from which on its outline is not clear, and how much of the outline counts.
const UNCLEAR: f32 = 0.01;
const OUTLINE: f32 = 0.96;
/// A face counts as gone from the picture when so little of its box is in it, now or at its speed soon.
const INSIDE_NOW: f32 = 0.6;
const INSIDE_SOON: f32 = 0.35;
const SOON: f32 = 0.25;
/// A lost face whose box another face covers this far is taken to be behind it.
const BEHIND: f32 = 0.35;
/// A new face that overlaps a lost one's grown box this far is the lost one again.
const SAME: f32 = 0.3;
/// A face with a known id that overlaps its own grown box less than this has jumped further than heads do
/// between two frames: it is taken for another face (a picture on the wall, a passer-by).
const JUMP: f32 = 0.6;

impl Gate {
    /// Takes this frame's faces in. `size` is the picture's. Faces that are not seen keep their record
    /// until [`PIXELATE`] has passed.
    pub(super) fn update(&mut self, faces: &[Face], time: FrameTime, size: Vec2) {
        self.turn += 1;
        for face in faces {
            match self.index_of(face, faces, time) {
                Some(i) => self.records[i].see(face, time, self.turn),
                None => {
                    self.drop_ghost(face);
                    let taken = |n: &usize| self.records.iter().any(|r| r.wears == *n);
                    let record = Record {
                        id: face.id,
                        wears: (0..).find(|n| !taken(n)).unwrap_or_default(),
                        points: face.landmarks.clone(),
                        occlusion: face.occlusion.clone(),
                        show: Show::Live,
                        seen: time,
                        turn: self.turn,
                        velocity: Vec2::ZERO,
                        emerged: None,
                        left: false,
                    };
                    self.records.push(record);
                }
            }
        }
        let live: Vec<Box2> = faces.iter().map(|f| Box2::of(&f.landmarks)).collect();
        for r in &mut self.records {
            let age = time.0.saturating_sub(r.seen.0);
            if age.is_zero() {
                continue;
            }
            if r.show == Show::Live {
                r.left = left_the_picture(&r.bounds(), r.velocity, size);
            }
            let behind = live.iter().any(|b| r.bounds().covered_by(b) > BEHIND);
            let passer_by = self.protect && r.wears >= self.listed;
            r.show = if r.left || behind || passer_by {
                if self.protect { Show::Ghost } else { Show::Nothing }
            } else if age > PIXELATE {
                Show::Ghost
            } else if age <= HOLD {
                Show::Hold
            } else {
                Show::Pixelate
            };
        }
        let kept = if self.protect { GHOST } else { PIXELATE };
        self.records.retain(|r| {
            let age = time.0.saturating_sub(r.seen.0);
            // One that left is not waited for as long as one that vanished.
            age <= if r.left { PIXELATE } else { kept }
        });
        self.promote(time);
    }

    /// The record of a face: by its id where it can have got there since, or a lost one at its place.
    fn index_of(&self, face: &Face, faces: &[Face], time: FrameTime) -> Option<usize> {
        let here = Box2::of(&face.landmarks);
        let near = |r: &Record, share: f32| here.covered_by(&r.bounds().grown(HEAD)) > share;
        let fresh = |r: &Record| time.0.saturating_sub(r.seen.0) <= HOLD;
        let jumped = |r: &Record| self.protect && fresh(r) && !near(r, JUMP);
        let free = |r: &Record| r.turn != self.turn;
        let mine = |(_, r): &(usize, &Record)| r.id == face.id && free(r) && !jumped(r);
        let by_id = self.records.iter().enumerate().filter(mine).max_by_key(|(_, r)| r.seen);
        by_id.map(|(i, _)| i).or_else(|| {
            let lost = |r: &Record| free(r) && !faces.iter().any(|f| f.id == r.id);
            self.records.iter().position(|r| lost(r) && near(r, SAME))
        })
    }

    /// A face comes up anew: the nearest of the lost ones behind others is taken to be it, by another id.
    fn drop_ghost(&mut self, face: &Face) {
        if self.records.iter().any(|r| r.id == face.id) {
            return;
        }
        let place = Box2::of(&face.landmarks);
        let reach = COMES_UP * (place.max - place.min).max_element();
        let distance = |r: &Record| r.bounds().centre().distance(place.centre());
        let ghosts = self.records.iter().enumerate().filter(|(_, r)| r.show == Show::Ghost && !r.left);
        let nearest = ghosts.min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        if let Some((index, _)) = nearest.filter(|(_, r)| distance(r) < reach) {
            self.records.remove(index);
        }
    }

    /// Gives faces that wear no listed persona one whose face has been away for [`PIXELATE`].
    fn promote(&mut self, time: FrameTime) {
        let waits = |r: &Record| time.0.saturating_sub(r.seen.0) <= PIXELATE;
        for i in 0..self.records.len() {
            let (live, wears) = (self.records[i].show == Show::Live, self.records[i].wears);
            if !live || wears < self.listed {
                continue;
            }
            let taken = |n: &usize| self.records.iter().any(|r| r.wears == *n && waits(r));
            if let Some(vacant) = (0..self.listed).find(|n| !taken(n)) {
                self.records[i].wears = vacant;
            }
        }
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The records in the order in which they are drawn: lost faces first, so that a followed face in front of one is
    /// drawn over it; of the followed ones those first that came out from behind others last, then those
    /// that more stands in front of.
    pub(super) fn in_order(&self) -> Vec<Record> {
        let mut records = self.records.clone();
        let turn = |r: &Record| match r.show {
            Show::Nothing | Show::Ghost => 0,
            Show::Pixelate => 1,
            Show::Hold => 2,
            Show::Live => 3,
        };
        records.retain(|r| r.show != Show::Nothing);
        let behind = |r: &Record| (turn(r), std::cmp::Reverse(r.emerged));
        records.sort_by(|a, b| {
            behind(a).cmp(&behind(b)).then(b.occlusion.share().total_cmp(&a.occlusion.share()))
        });
        records
    }

    /// Chooses whether lost places are remembered and covered, and how many faces get a persona.
    pub(super) fn configure(&mut self, protect: bool, listed: usize) {
        (self.protect, self.listed) = (protect, listed);
    }

    /// Forgets all faces.
    pub(super) fn clear(&mut self) {
        self.records.clear();
    }
}

impl Record {
    fn see(&mut self, face: &Face, time: FrameTime, turn: u64) {
        let dt = time.0.saturating_sub(self.seen.0).as_secs_f32();
        if dt > 0.0 {
            let velocity = (Box2::of(&face.landmarks).centre() - self.bounds().centre()) / dt;
            self.velocity = self.velocity.lerp(velocity, 0.5);
        }
        if matches!(self.show, Show::Ghost | Show::Nothing) && !self.left {
            self.emerged = Some(time);
        }
        self.points.clone_from(&face.landmarks);
        self.occlusion.clone_from(&face.occlusion);
        (self.id, self.show, self.seen, self.left) = (face.id, Show::Live, time, false);
        self.turn = turn;
    }
}

fn left_the_picture(bounds: &Box2, velocity: Vec2, size: Vec2) -> bool {
    let picture = Box2 { min: Vec2::ZERO, max: size };
    let inside = |b: Box2| b.covered_by(&picture);
    inside(*bounds) < INSIDE_NOW || inside(bounds.shifted(velocity * SOON)) < INSIDE_SOON
}

#[cfg(test)]
mod tests;
