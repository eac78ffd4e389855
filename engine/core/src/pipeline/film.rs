//! A file's pictures, looked ahead in: what is found in a later picture of a scene counts for the earlier ones, too.

use super::presenter::TUNING;
use super::session::Tracked;
use super::sight::Looking;
use super::{FaceTracker, MakeTracker, NoFaces, OfflineSession, Output, guarded};
use crate::error::Result as Fallible;
use crate::frame::{Frame, FrameTime};
use crate::track::{Face, FaceId};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Pictures that are looked ahead in at most, and the memory that they may take.
const AHEAD: usize = 24;
const MEMORY: usize = 400 << 20;
/// The time between two pictures that are followed backwards.
const STEP: Duration = Duration::from_millis(33);
/// Faces whose middles are nearer than this part of the smaller one's region are one.
const ONE: f32 = 0.3;

/// How pictures belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// One after the other, as a video's; cuts are noticed.
    #[default]
    Sequence,
    /// None has to do with another, as photos in a folder.
    Unrelated,
}

/// Works through a file: every picture in gives one out, in order, but some later. A face that is found in the middle of a
/// scene is followed backwards from there, so that it is worn from where it can be seen, and with
/// [`Privacy::Protect`](super::Privacy::Protect) no picture waits for those after it to be good: they are known.
pub struct Film {
    session: OfflineSession,
    make: MakeTracker,
    /// Follows faces backwards; made when it is needed.
    back: Option<Box<dyn FaceTracker>>,
    /// Read, and not looked at yet: with it the one before it is told from a flash.
    next: Option<Frame>,
    /// Looked at, and not shown yet.
    seen: VecDeque<Tracked>,
    /// The faces of this scene so far.
    known: Vec<FaceId>,
    scene: u64,
    /// Faces that a picture may have beside those found in it.
    most: usize,
}

impl Film {
    /// Works with `session`; `make` makes what finds faces: for going back, and where the session's own broke down.
    pub fn new(
        mut session: OfflineSession,
        reading: Reading,
        make: impl Fn() -> Fallible<Box<dyn FaceTracker>> + Send + Sync + Clone + 'static,
    ) -> Self {
        session.make_follow_with(Box::new(make.clone()));
        session.core.track.look_as(Looking { thorough: true, apart: reading == Reading::Unrelated });
        let protect = session.presenter().settings().privacy == super::Privacy::Protect;
        let most = if protect { usize::MAX } else { session.presenter().settings().max_faces.max(1) };
        let (seen, known) = (VecDeque::new(), Vec::new());
        Self { session, make: Box::new(make), back: None, next: None, seen, known, scene: 0, most }
    }

    /// The session that the pictures go through: for its figures.
    pub fn session(&self) -> &OfflineSession {
        &self.session
    }

    #[cfg(test)]
    pub(super) fn session_mut(&mut self) -> &mut OfflineSession {
        &mut self.session
    }

    /// Takes the next picture, and gives those that are ready, oldest first.
    ///
    /// # Errors
    /// As [`OfflineSession::process`].
    pub fn push(&mut self, frame: Frame) -> Fallible<Vec<Output>> {
        let frame = self.session.orient(frame)?;
        match self.next.take() {
            Some(waiting) => {
                let outputs = self.take_in(waiting, Some(&frame));
                self.next = Some(frame);
                outputs
            }
            None => {
                self.next = Some(frame);
                Ok(Vec::new())
            }
        }
    }

    /// The pictures that are still to come, when there are no more to take in.
    ///
    /// # Errors
    /// As [`OfflineSession::process`].
    pub fn finish(&mut self) -> Fallible<Vec<Output>> {
        let mut outputs = match self.next.take() {
            Some(last) => self.take_in(last, None)?,
            None => Vec::new(),
        };
        self.show_until(0, &mut outputs)?;
        Ok(outputs)
    }

    fn take_in(&mut self, frame: Frame, after: Option<&Frame>) -> Fallible<Vec<Output>> {
        let mut outputs = Vec::new();
        let bytes = frame.data().len().max(1);
        let mut tracked = self.session.core.track(frame, after);
        if std::mem::replace(&mut self.scene, tracked.scene) != tracked.scene {
            self.show_until(0, &mut outputs)?;
            self.known.clear();
        } else if self.seen.back().is_some() {
            let begun = Instant::now();
            self.carry_back(&mut tracked);
            self.session.core.timings.add("back", begun.elapsed());
        }
        let faces = tracked.faces.iter().flatten();
        let news: Vec<FaceId> = faces.map(|f| f.id).filter(|id| !self.known.contains(id)).collect();
        self.known.extend(news);
        self.seen.push_back(tracked);
        self.show_until(AHEAD.min(MEMORY / bytes).max(TUNING.good_frames as usize), &mut outputs)?;
        Ok(outputs)
    }

    /// Shows the oldest pictures until only `left` wait. With none left the scene, or the film, is over.
    fn show_until(&mut self, left: usize, outputs: &mut Vec<Output>) -> Fallible<()> {
        while self.seen.len() > left {
            let Some(tracked) = self.seen.pop_front() else { break };
            self.session.core.render.presenter.assure(self.is_assured(&tracked, left == 0));
            outputs.push(self.session.core.render(tracked)?);
        }
        Ok(())
    }

    /// Whether the pictures after this one are known to be as good: they have its faces, as far as the scene goes.
    fn is_assured(&self, this: &Tracked, over: bool) -> bool {
        let good = |later: &Tracked| {
            let has = |id: FaceId| later.faces.iter().flatten().any(|f| f.id == id);
            later.faces.iter().flatten().next().is_some() && this.faces.iter().flatten().all(|f| has(f.id))
        };
        let more = TUNING.good_frames as usize - 1;
        let ahead = self.seen.iter().take(more);
        (over || ahead.len() == more) && ahead.clone().all(good)
    }

    /// Follows faces that are new in this picture backwards through those before it.
    fn carry_back(&mut self, found: &mut Tracked) {
        let new = |f: &&Face| !self.known.contains(&f.id);
        let news: Vec<Face> = found.faces.iter().flatten().filter(new).cloned().collect();
        if news.is_empty() {
            return;
        }
        let made = self.back.take().map_or_else(|| (self.make)().map_err(|e| e.to_string()), Ok);
        let done = made.and_then(|mut back| {
            back.reset();
            follow_back(&mut *back, found, &mut self.seen, &news, self.most).map_err(|e| e.what)?;
            Ok(back)
        });
        match done {
            Ok(back) => self.back = Some(back),
            Err(e) => log::warn!("a face is not followed backwards: {e}"),
        }
    }
}

/// Whether two faces of one picture are one.
fn one(a: &Face, b: &Face) -> bool {
    let distance = a.pose.origin.truncate().distance(b.pose.origin.truncate());
    distance < ONE * a.region.side.min(b.region.side)
}

/// Adds `news`, faces of the last picture, to the pictures before it, as far back as they are found there. None is added where
/// a face is already, nor where a picture has as many as `most`.
fn follow_back(
    back: &mut dyn FaceTracker,
    last: &mut Tracked,
    before: &mut VecDeque<Tracked>,
    news: &[Face],
    most: usize,
) -> Result<(), NoFaces> {
    let mut clock = FrameTime::default();
    let mut look = |frame: &mut Frame| {
        let time = std::mem::replace(&mut frame.time, clock);
        clock.0 += STEP;
        let found = guarded(|| back.track(frame));
        frame.time = time;
        found
    };
    let first = look(&mut last.frame)?;
    let mut followed: Vec<(FaceId, FaceId)> = Vec::new();
    for face in news {
        followed.extend(first.iter().find(|f| one(f, face)).map(|f| (f.id, face.id)));
    }
    for earlier in before.iter_mut().rev() {
        let Some(faces) = earlier.faces.as_mut().ok().filter(|_| !followed.is_empty()) else { break };
        let found = look(&mut earlier.frame)?;
        followed.retain(|(backwards, id)| {
            let Some(face) = found.iter().find(|f| f.id == *backwards) else { return false };
            let room = faces.len() < most && !faces.iter().any(|f| one(f, face));
            if room {
                faces.push(Face { id: *id, ..face.clone() });
            }
            room
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
