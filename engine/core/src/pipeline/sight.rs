//! Finds the faces of pictures that come one after the other, scene by scene: files and cameras alike.
//!
//! A cut is noticed in that very picture and everything begins anew with it. A tracker that broke down is never asked
//! again: another takes its place where one can be made, and until then nobody's face is known.

use super::{FaceTracker, NoFaces, guarded};
use crate::error::{Result, panic_words};
use crate::frame::Frame;
use crate::track::{CutDetector, Face, FaceId, SceneChange, SkippedFaces, TrackError};
use glam::Vec2;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Makes what finds faces.
pub type MakeTracker = Box<dyn FnMut() -> Result<Box<dyn FaceTracker>> + Send>;

/// The numbers by which scenes are told apart and trackers replaced, with how each was found and which test holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuning {
    /// Between two tries to make another tracker, where making one failed or the last one broke down before it had found
    /// anything.
    ///
    /// Loading the networks takes a good part of a second: half of the time is left for the card. Chosen, not measured.
    /// `another_tracker_takes_the_place_of_one_that_panicked`.
    pub(super) retry: Duration,
    /// Where a picture may be of another scene, it is if a face's covered share, 0..=1, grows by this much from one picture
    /// to the next: it looks unlike itself.
    ///
    /// Found with the cuts of the dev clips. No test of its own; `tests/scenes.rs` runs with it.
    pub(super) unlike: f32,
    /// The same for a face that jumps by this part of its size.
    ///
    /// `faces_that_are_all_others_tell_a_cut_between_alike_scenes`.
    pub(super) jump: f32,
    /// Pictures in a row without a face after which one is looked at thoroughly again, in files.
    ///
    /// More than the two seconds of 30 a second for which the tracker awaits a lost face. `tests/scenes.rs`.
    pub(super) again: u32,
}

const TUNING: Tuning = Tuning { retry: Duration::from_secs(2), unlike: 0.15, jump: 0.6, again: 90 };

/// How pictures are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Looking {
    /// Takes the time for small and very near faces where a scene begins: for files.
    pub(super) thorough: bool,
    /// Every picture is a scene of its own.
    pub(super) apart: bool,
}

/// A picture's faces.
pub(super) struct FacesFound {
    /// The faces, or why they could not be found.
    pub(super) faces: Result<Vec<Face>, String>,
    /// Which scene it belongs to, counted from 1.
    pub(super) scene: u64,
    /// What was seen and is not among them.
    pub(super) skipped: SkippedFaces,
}

/// What a face was like in the picture before.
struct Before {
    id: FaceId,
    middle: Vec2,
    size: f32,
    covered: f32,
}

impl Before {
    fn from_face(face: &Face) -> Self {
        let middle = face.pose.origin.truncate();
        Self { id: face.id, middle, size: face.region.side, covered: face.occlusion.share() }
    }
}

/// Follows faces from picture to picture.
pub(super) struct Sight {
    tracker: Option<Box<dyn FaceTracker>>,
    make: Option<MakeTracker>,
    /// When another tracker may be made, and why there is none.
    failed: Option<(Duration, String)>,
    /// The tracker at hand has found faces, or that there are none.
    proven: bool,
    looking: Looking,
    cuts: CutDetector,
    size: (u32, u32),
    scene: u64,
    before: Vec<Before>,
    /// Pictures of this scene in a row without a face.
    vain: u32,
}

impl Sight {
    pub(super) fn new(tracker: Option<Box<dyn FaceTracker>>, make: Option<MakeTracker>) -> Self {
        let (cuts, looking) = (CutDetector::default(), Looking::default());
        let before = Vec::new();
        Self {
            tracker,
            make,
            failed: None,
            proven: false,
            looking,
            cuts,
            size: (0, 0),
            scene: 0,
            before,
            vain: 0,
        }
    }

    pub(super) fn make_with(&mut self, make: MakeTracker) {
        self.make = Some(make);
    }

    pub(super) fn look_as(&mut self, looking: Looking) {
        self.looking = looking;
    }

    /// Loads what finds live faces, if it is not there and `now` is late enough; an error is reported once.
    pub(super) fn load(&mut self, now: Duration) -> Result<(), String> {
        let waits = self.failed.as_ref().is_some_and(|(until, _)| now < *until);
        let Some(make) = self.make.as_mut().filter(|_| self.tracker.is_none() && !waits) else {
            return Ok(());
        };
        let live = || {
            let mut tracker = make().map_err(|e| e.to_string())?;
            tracker.keep_pace();
            Ok(tracker)
        };
        let made = catch_unwind(AssertUnwindSafe(live));
        match made.unwrap_or_else(|panic| Err(panic_words(&*panic))) {
            Ok(tracker) => {
                (self.tracker, self.failed, self.proven) = (Some(tracker), None, false);
                Ok(())
            }
            Err(why) => {
                let why = format!("faces can't be found: {why}");
                self.failed = Some((now + TUNING.retry, why.clone()));
                Err(why)
            }
        }
    }

    /// Another source's pictures come, or nothing is known of those that come.
    pub(super) fn reset(&mut self) {
        self.cuts.clear();
        self.size = (0, 0);
    }

    /// The faces of the next picture. `now` is its time; `after` the picture that follows, where that is known already.
    pub(super) fn find_faces(&mut self, frame: &Frame, now: Duration, after: Option<&Frame>) -> FacesFound {
        let size = (frame.width(), frame.height());
        let other_size = std::mem::replace(&mut self.size, size) != size;
        if other_size {
            self.cuts.clear();
        }
        let after = after.filter(|after| (after.width(), after.height()) == size);
        let change = self.cuts.classify(frame, after);
        let begins = other_size || self.looking.apart || change == SceneChange::Cut;
        if begins {
            self.begin_scene();
        }
        let mut faces = self.faces(frame, now, begins);
        if !begins && faces.as_ref().is_ok_and(|found| self.is_another_scene(change, found)) {
            self.begin_scene();
            faces = self.faces(frame, now, true);
        }
        if let Ok(found) = &faces {
            self.before = found.iter().map(Before::from_face).collect();
            if !found.is_empty() {
                self.cuts.faces_seen();
            }
        }
        let skipped = self.tracker.as_ref().map_or_else(SkippedFaces::default, |tracker| tracker.skipped());
        FacesFound { faces, scene: self.scene, skipped }
    }

    /// A scene begins with this picture: nothing of the one before counts.
    fn begin_scene(&mut self) {
        self.scene += 1;
        self.vain = 0;
        self.before.clear();
        self.cuts.begin_scene();
        if let Some(tracker) = &mut self.tracker
            && catch_unwind(AssertUnwindSafe(|| tracker.reset())).is_err()
        {
            self.tracker = None;
        }
    }

    /// Whether faces tell that the picture is of another scene, where the picture alone does not: all are lost, and it is
    /// not the picture in which they were; or it may be another one, and they are others, elsewhere, or look unlike
    /// themselves.
    fn is_another_scene(&self, change: SceneChange, found: &[Face]) -> bool {
        if found.is_empty() {
            return change == SceneChange::Perhaps && !self.before.is_empty() || self.cuts.scene_left();
        }
        let same = |face: &Face| {
            let Some(before) = self.before.iter().find(|b| b.id == face.id) else { return false };
            let Before { middle, size, covered, .. } = Before::from_face(face);
            covered - before.covered < TUNING.unlike
                && middle.distance(before.middle) < TUNING.jump * size.min(before.size)
        };
        change == SceneChange::Perhaps && !self.before.is_empty() && !found.iter().any(same)
    }

    fn faces(&mut self, frame: &Frame, now: Duration, begins: bool) -> Result<Vec<Face>, String> {
        self.load(now)?;
        let Looking { thorough, apart } = self.looking;
        let thorough = thorough && (begins || self.vain >= TUNING.again);
        let found = self.run_tracker(now, |tracker| match (apart, thorough) {
            (true, _) => tracker.track_still(frame),
            (false, true) => tracker.track_scene_start(frame),
            (false, false) => tracker.track(frame),
        })?;
        self.proven = true;
        self.vain = if found.is_empty() && !thorough { self.vain + 1 } else { 0 };
        Ok(found)
    }

    /// What can wait until the faces are handed on.
    pub(super) fn run_deferred_detection(&mut self, now: Duration) -> Result<(), String> {
        if self.tracker.is_none() {
            return Ok(());
        }
        self.run_tracker(now, |tracker| tracker.run_deferred_detection())
    }

    /// One step of the tracker. One that breaks down may be in any state, and is not asked again.
    fn run_tracker<T>(
        &mut self,
        now: Duration,
        step: impl FnOnce(&mut Box<dyn FaceTracker>) -> Result<T, TrackError>,
    ) -> Result<T, String> {
        let Some(tracker) = &mut self.tracker else {
            let why = self.failed.as_ref().map(|(_, why)| why.clone());
            return Err(why.unwrap_or_else(|| "the face networks are not loaded".to_owned()));
        };
        guarded(|| step(tracker)).map_err(|NoFaces { what, broke_down }| {
            if broke_down {
                self.tracker = None;
                // One after the other that breaks down at once would take all the time there is.
                let until = if self.proven { now } else { now + TUNING.retry };
                self.failed = Some((until, what.clone()));
            }
            what
        })
    }
}

#[cfg(test)]
pub(super) mod tests;
