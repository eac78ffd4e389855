//! Looking for faces that are not followed yet, and for those that were lost.

use super::appearance::Crop;
use super::behind::in_front;
use super::detect::{Detection, Detector, Reach, SAME_FACE, whole};
use super::follow::{Follow, MARGIN, wrap};
use super::ghost::Ghost;
use super::mesh::Reading;
use super::roll::{inverted, is_plain, quarter};
use super::tracker::Tracker;
use super::{TrackError, taps};
use crate::frame::Frame;
use crate::space::{CropSquare, ImagePx};
use glam::Vec2;
use std::f32::consts::FRAC_PI_2;

/// A face beside a followed one is only taken up when two readings lie no farther apart than this: before that the other
/// one hides too much of it.
const UNSTABLE: f32 = 0.13;
/// A lost face that a reading looks so much like is back, however unsteady the readings are, 0..=1.
pub(super) const BACK: f32 = 0.33;
/// A detection below this, 0..=1, is looked at once more, in a square of so many sides of the mesh's region: chance patterns on
/// a wall are seen in one crop only, and the mesh network takes them for faces.
const CLEAR: f32 = 0.85;
const SECOND_LOOK: f32 = 2.0;
/// Frames between looks for further faces while some are followed.
pub(super) const LOOK_EVERY: u64 = 10;
/// Frames between looks while all wanted faces are followed, to check their meshes.
const CHECK_EVERY: u64 = 30;
/// The same where each of them looks so much like itself, 0..=1, where its mesh lies.
const SURE_EVERY: u64 = 90;
const SURE: f32 = 0.6;
/// Every so many looks without success the far detector is asked instead.
const FAR_EVERY: u64 = 3;
/// Side of a close look at a lost face's place, in sides of its region: two faces beside each other are told apart there
/// that are one in the whole picture's crop.
const CLOSE: f32 = 2.5;
/// For so long a lost face is looked for where it would have gone on to, seconds.
pub(super) const GONE_ON: f32 = 0.6;

/// Squares whose middles are nearer than this part of the side show the same.
const ALIKE: f32 = 0.2;
/// Close looks a frame.
const CLOSE_LOOKS: usize = 2;

/// A square that a detector has read, and what it is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aim {
    /// A routine look at the whole picture.
    Whole(CropSquare),
    /// A look at a followed face turned over.
    Inverted(u64),
    /// A search for faces that the whole picture does not show.
    Elsewhere(Reach, CropSquare),
}

fn size(frame: &Frame) -> Vec2 {
    Vec2::new(frame.width() as f32, frame.height() as f32)
}

/// The detection of a followed face that shows it to lie elsewhere than its mesh.
fn slipped<'a>(follow: &Follow, found: &'a [Detection]) -> Option<&'a Detection> {
    let distance = |d: &Detection| follow.centre().0.distance(d.centre);
    let nearest = found.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    // Where something stands in front of a face, its own look says better where it is.
    nearest.filter(|d| follow.covers(d) && follow.contradicts(d) && !follow.is_covered())
}

impl Tracker {
    /// Looks for faces that are not followed yet, and whether the meshes still lie on faces: at once where none is
    /// followed, one was just lost or one is doubtful, or where the last routine look saw something; else now and then,
    /// and then the network's work is left for [`Self::look_over`].
    pub(super) fn look(&mut self, frame: &Frame) -> Result<(), TrackError> {
        let looked = self.look_now(frame);
        if looked.is_ok() {
            self.aim_elsewhere(frame);
        }
        // What a failed look was for is looked at in the next frame.
        self.noticed |= looked.is_err();
        looked
    }

    fn look_now(&mut self, frame: &Frame) -> Result<(), TrackError> {
        self.since_look += 1;
        let missing = self.missing();
        let noticed = std::mem::take(&mut self.noticed);
        let urgent = noticed
            || missing && (self.follows.is_empty() || !self.ghosts.is_empty())
            || self.follows.iter().any(Follow::doubtful);
        let sure = self.follows.iter().all(|follow| follow.claim() >= SURE);
        let every = match (missing, sure) {
            (true, _) => LOOK_EVERY,
            (_, false) => CHECK_EVERY,
            (_, true) => SURE_EVERY,
        };
        if !urgent && self.since_look < every {
            return Ok(());
        }
        self.since_look = 0;
        let detector = self.detector();
        if !urgent {
            detector.aim(frame, whole(frame));
            self.aimed.push(Aim::Whole(whole(frame)));
            return Ok(());
        }
        let mut found = detector.detect(frame, whole(frame))?;
        // In a scene's first picture the other detector is asked at once, too.
        if std::mem::take(&mut self.fresh) && found.is_empty() {
            found = self.far.detect(frame, whole(frame))?;
        }
        if let Some(id) = self.doubted {
            self.turn_over(frame, id)?;
            self.doubted = None;
        }
        for index in 0..self.follows.len() {
            self.correct(frame, index, &found)?;
        }
        self.part();
        self.bring_back(frame)?;
        let close = self.look_closely(frame)?;
        found.retain(|d| !close.iter().any(|c| c.overlap(d) > SAME_FACE));
        found.extend(close);
        let hinted = self.look_again(frame)?;
        found.extend(hinted);
        found.retain(|d| !self.follows.iter().any(|f| f.covers(d)));
        self.vain_looks = if found.is_empty() { self.vain_looks + 1 } else { 0 };
        found.sort_by(|a, b| b.size.max_element().total_cmp(&a.size.max_element()));
        self.beside.faces = 0;
        for detection in found {
            if self.missing() {
                self.take_up(frame, &detection)?;
            } else if !self.follows.iter().any(|f| f.covers(&detection)) {
                self.beside.faces += 1;
            }
        }
        Ok(())
    }

    /// Whether further faces are wanted.
    pub(super) fn missing(&self) -> bool {
        self.follows.len() < self.config.max_faces
    }

    /// The detector whose turn it is.
    fn detector(&mut self) -> &mut Detector {
        if self.vain_looks % FAR_EVERY == FAR_EVERY - 1 { &mut self.far } else { &mut self.near }
    }

    /// Does what [`Self::track`] left over of a routine look: one frame in ten or thirty it runs a detector on the picture
    /// that was read then. What it sees is looked at in the next frame. To be called when the frame's faces are handed
    /// on, so that no frame waits for it; without that, the next [`Self::track`] begins with it, with the same result.
    ///
    /// # Errors
    /// [`TrackError::Infer`] where the network fails; the tracker may go on.
    pub fn look_over(&mut self) -> Result<(), TrackError> {
        for aim in std::mem::take(&mut self.aimed) {
            // What a failed look was for is looked at in the next frame.
            self.look_at(aim).inspect_err(|_| self.noticed = true)?;
        }
        Ok(())
    }

    fn look_at(&mut self, aim: Aim) -> Result<(), TrackError> {
        match aim {
            Aim::Whole(square) => {
                let found = self.detector().find(square)?;
                let beside = found.iter().filter(|d| !self.follows.iter().any(|f| f.covers(d))).count();
                self.beside.faces = if self.missing() { 0 } else { beside };
                let noticed =
                    self.is_news(&found) || self.follows.iter().any(|f| slipped(f, &found).is_some());
                self.noticed |= noticed;
                // The same detector looks again at what it noticed.
                if !noticed {
                    self.vain_looks += 1;
                }
            }
            Aim::Inverted(id) => {
                if self.inverted_seen(id)? {
                    (self.noticed, self.doubted) = (true, Some(id));
                }
            }
            Aim::Elsewhere(reach, square) => {
                let found = self.reaching(reach).find(square)?;
                if self.is_news(&found) {
                    (self.noticed, self.hint) = (true, Some((reach, square)));
                }
            }
        }
        Ok(())
    }

    /// Whether detections show a face that is wanted and not followed yet.
    fn is_news(&self, found: &[Detection]) -> bool {
        self.missing() && found.iter().any(|d| !self.follows.iter().any(|f| f.covers(d)))
    }

    /// Faces near where lost ones were last and where they would be now. At most [`CLOSE_LOOKS`] looks, by turns.
    fn look_closely(&mut self, frame: &Frame) -> Result<Vec<Detection>, TrackError> {
        let reach = whole(frame).side;
        let mut squares: Vec<CropSquare> = Vec::new();
        for ghost in &self.ghosts {
            let gone_on = ghost.follow.await_pose(ghost.age.min(GONE_ON)).origin.truncate();
            for centre in [ImagePx(gone_on), ghost.follow.centre()] {
                let side = ghost.follow.region.side * CLOSE;
                let inside = |p: Vec2| p.cmpge(Vec2::ZERO).all() && p.cmplt(size(frame)).all();
                let near = |s: &CropSquare| s.centre.0.distance(centre.0) < ALIKE * s.side;
                if side < reach && inside(centre.0) && !squares.iter().any(near) {
                    squares.push(CropSquare { centre, side, angle: 0.0 });
                }
            }
        }
        if !squares.is_empty() {
            let turn = self.close_looks % squares.len();
            squares.rotate_left(turn);
            squares.truncate(CLOSE_LOOKS);
            self.close_looks = self.close_looks.wrapping_add(squares.len());
        }
        let mut found: Vec<Detection> = Vec::new();
        for square in squares {
            for seen in self.near.detect(frame, square)? {
                // One at the edge is cut, and is seen better from another square or in the next frame.
                if !seen.cut_by(&square) && !found.iter().any(|d| d.overlap(&seen) > SAME_FACE) {
                    found.push(seen);
                }
            }
        }
        Ok(found)
    }

    /// Puts a followed face back where the detector sees it, if its mesh has slipped off.
    fn correct(&mut self, frame: &Frame, index: usize, found: &[Detection]) -> Result<(), TrackError> {
        let Some(follow) = self.follows.get(index) else { return Ok(()) };
        let Some(detection) = slipped(follow, found) else { return Ok(()) };
        // The face that the detector sees may be another one's, which hides this one.
        let others = self.follows.iter().enumerate().filter(|(i, _)| *i != index);
        if others.into_iter().any(|(_, other)| other.covers(detection) && !other.contradicts(detection)) {
            return Ok(());
        }
        let id = follow.id;
        // The detector takes a face that stands on its head for an upright one; the mesh knows better.
        let shown = detection.region();
        let over = wrap(shown.angle - follow.pose.roll()).abs() > FRAC_PI_2;
        let (reading, region) = self.read(frame, if over { inverted(shown) } else { shown })?;
        if !self.is_face(&reading, frame) {
            return Ok(());
        }
        let fresh = Follow::start(id, reading.presence, reading.points, region);
        if let (Some(fresh), Some(slot)) = (fresh, self.follows.get_mut(index))
            && !fresh.contradicts(detection)
        {
            *slot = fresh;
        }
        Ok(())
    }

    /// Starts to follow a detected face, under its old id where it was awaited there.
    pub(super) fn take_up(&mut self, frame: &Frame, detection: &Detection) -> Result<(), TrackError> {
        self.take_up_at(frame, detection, detection.region())
    }

    /// The same, from another region than the detection shows.
    pub(super) fn take_up_at(
        &mut self,
        frame: &Frame,
        detection: &Detection,
        region: CropSquare,
    ) -> Result<(), TrackError> {
        let Some((mut first, _)) = self.start(frame, region)? else { return Ok(()) };
        let shown = first.pose.region(MARGIN);
        let right = self.right_way_up(frame, shown, Some(region))?;
        if let Some((_, region)) = right.filter(|(_, region)| *region != shown) {
            match self.start(frame, region)? {
                Some((turned, _)) => first = turned,
                None => return Ok(()),
            }
        }
        if !is_plain(right, region.angle) && self.ghosts_alike(&first) < BACK {
            return Ok(());
        }
        let Some((fresh, reading)) = self.start(frame, first.pose.region(MARGIN))? else { return Ok(()) };
        if !self.stands_right(frame, &fresh)? {
            return Ok(());
        }
        let place = fresh.centre();
        let unsteady = fresh.apart(&first) > UNSTABLE && self.follows.iter().any(|f| f.near(place));
        if unsteady && self.ghosts_alike(&fresh) < BACK {
            return Ok(());
        }
        if self.follows.iter().any(|f| f.same_place(&fresh)) {
            return Ok(());
        }
        // Its own roll, or another one that is plain, was a second look.
        let confirmed = right.is_some_and(|(score, region)| region == shown || score >= CLEAR);
        if detection.score < CLEAR && !confirmed && self.ghosts_alike(&fresh) < BACK {
            let region = fresh.pose.region(MARGIN);
            let square =
                CropSquare { side: region.side * SECOND_LOOK, angle: quarter(region.angle), ..region };
            let again = |found: Vec<Detection>| found.iter().any(|d| d.overlap(detection) > SAME_FACE);
            if !again(self.near.detect(frame, square)?) && !again(self.far.detect(frame, square)?) {
                return Ok(());
            }
        }
        self.take_in(fresh, reading);
        Ok(())
    }

    /// Follows a face whose region was read last from now on: as the lost one that it continues, where there is one.
    fn take_in(&mut self, mut fresh: Follow, reading: Reading) {
        if let Some(mut ghost) = self.returning(&fresh) {
            fresh.id = ghost.follow.id;
            (ghost.follow.age, ghost.follow.back) = (0, true);
            // Its shape and motion are known as well as its looks.
            let back = match self.models.contains_key(&fresh.id) {
                true => {
                    let others = in_front(&self.follows, fresh.id, fresh.region, self.mesh.crop().1);
                    self.moved(&ghost.follow, reading, true, fresh.region, ghost.age, others)
                }
                false => None,
            };
            if let Some(back) = back {
                self.follows.push(back);
                return;
            }
        } else {
            self.next_id += 1;
        }
        let (planar, n) = self.mesh.crop();
        if self.config.smoothing.is_some()
            && let Some(crop) = Crop::new(planar, n, &[], &mut self.views)
        {
            fresh.first_look(&crop);
        }
        self.follows.push(fresh);
    }

    /// How much a new face, whose region was read last, looks like the lost one that it looks most like, 0..=1.
    fn ghosts_alike(&mut self, fresh: &Follow) -> f32 {
        let (planar, n) = self.mesh.crop();
        let Some(crop) = Crop::new(planar, n, &[], &mut self.views) else { return 0.0 };
        let near = self.ghosts.iter().filter(|ghost| ghost.distance(fresh).is_some());
        let models = near.filter_map(|ghost| self.models.get(&ghost.follow.id));
        models.filter_map(|model| fresh.alike(model, &crop)).fold(0.0, f32::max)
    }

    /// A face in a region, as it was read there; none where the network sees none.
    fn start(&mut self, frame: &Frame, region: CropSquare) -> Result<Option<(Follow, Reading)>, TrackError> {
        let reading = self.mesh.read(frame, region, taps(region.side, 192))?;
        if !self.is_face(&reading, frame) {
            return Ok(None);
        }
        let fresh = Follow::start(self.next_id, reading.presence, reading.points.clone(), region);
        Ok(fresh.map(|fresh| (fresh, reading)))
    }

    /// The lost face that a new one, whose region was read last, continues: near, of similar size, and of its looks.
    fn returning(&mut self, fresh: &Follow) -> Option<Ghost> {
        let (planar, n) = self.mesh.crop();
        let crop = Crop::new(planar, n, &[], &mut self.views)?;
        let alike = |id: u64| self.models.get(&id).and_then(|m| fresh.alike(m, &crop));
        let (ghost, known) = Ghost::take(&mut self.ghosts, fresh, alike)?;
        // Looks that do not fit would pull the mesh along.
        if !known {
            self.models.remove(&ghost.follow.id);
        }
        Some(ghost)
    }
}
