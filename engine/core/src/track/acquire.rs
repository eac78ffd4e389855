//! Looking for faces that are not followed yet, and for those that were lost.

use super::appearance::Crop;
use super::detect::{Detection, Detector, DetectorRange, SAME_FACE, whole};
use super::face_track::{MARGIN, Track, wrap};
use super::lost_track::LostTrack;
use super::mesh::Reading;
use super::occluders::occluder_outlines;
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
pub(super) enum DeferredDetection {
    /// A routine look at the whole picture.
    WholeFrame(CropSquare),
    /// A look at a followed face turned over.
    Inverted(u64),
    /// A search for faces that the whole picture does not show.
    Search(DetectorRange, CropSquare),
}

fn size(frame: &Frame) -> Vec2 {
    Vec2::new(frame.width() as f32, frame.height() as f32)
}

/// The detection of a followed face that shows it to lie elsewhere than its mesh.
fn slipped<'a>(track: &Track, found: &'a [Detection]) -> Option<&'a Detection> {
    let distance = |d: &Detection| track.centre().0.distance(d.centre);
    let nearest = found.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    // Where something stands in front of a face, its own look says better where it is.
    nearest.filter(|d| track.matches(d) && track.contradicts(d) && !track.is_covered())
}

impl Tracker {
    /// Looks for faces that are not followed yet, and whether the meshes still lie on faces: at once where none is
    /// followed, one was just lost or one is doubtful, or where the last routine look saw something; else now and then,
    /// and then the network's work is left for [`Self::look_over`].
    pub(super) fn detect_missing(&mut self, frame: &Frame) -> Result<(), TrackError> {
        let looked = self.detect_now(frame);
        if looked.is_ok() {
            self.defer_search(frame);
        }
        // What a failed look was for is looked at in the next frame.
        self.noticed |= looked.is_err();
        looked
    }

    fn detect_now(&mut self, frame: &Frame) -> Result<(), TrackError> {
        self.frames_since_detection += 1;
        let missing = self.missing();
        let noticed = std::mem::take(&mut self.noticed);
        let urgent = noticed
            || missing && (self.tracks.is_empty() || !self.lost.is_empty())
            || self.tracks.iter().any(Track::is_doubtful);
        let sure = self.tracks.iter().all(|track| track.identity_score() >= SURE);
        let every = match (missing, sure) {
            (true, _) => LOOK_EVERY,
            (_, false) => CHECK_EVERY,
            (_, true) => SURE_EVERY,
        };
        if !urgent && self.frames_since_detection < every {
            return Ok(());
        }
        self.frames_since_detection = 0;
        let detector = self.detector();
        if !urgent {
            detector.prepare(frame, whole(frame));
            self.deferred.push(DeferredDetection::WholeFrame(whole(frame)));
            return Ok(());
        }
        let mut found = detector.detect(frame, whole(frame))?;
        // In a scene's first picture the other detector is asked at once, too.
        if std::mem::take(&mut self.fresh) && found.is_empty() {
            found = self.full_range.detect(frame, whole(frame))?;
        }
        if let Some(id) = self.doubted {
            self.correct_inversion(frame, id)?;
            self.doubted = None;
        }
        for index in 0..self.tracks.len() {
            self.correct(frame, index, &found)?;
        }
        self.drop_duplicates();
        self.recover_occluded(frame)?;
        let close = self.detect_near_lost(frame)?;
        found.retain(|d| !close.iter().any(|c| c.overlap(d) > SAME_FACE));
        found.extend(close);
        let hinted = self.detect_at_hint(frame)?;
        found.extend(hinted);
        found.retain(|d| !self.tracks.iter().any(|f| f.matches(d)));
        self.empty_detections = if found.is_empty() { self.empty_detections + 1 } else { 0 };
        found.sort_by(|a, b| b.size.max_element().total_cmp(&a.size.max_element()));
        self.beside.faces = 0;
        for detection in found {
            if self.missing() {
                self.initiate(frame, &detection)?;
            } else if !self.tracks.iter().any(|f| f.matches(&detection)) {
                self.beside.faces += 1;
            }
        }
        Ok(())
    }

    /// Whether further faces are wanted.
    pub(super) fn missing(&self) -> bool {
        self.tracks.len() < self.config.max_faces
    }

    /// The detector whose turn it is.
    fn detector(&mut self) -> &mut Detector {
        if self.empty_detections % FAR_EVERY == FAR_EVERY - 1 {
            &mut self.full_range
        } else {
            &mut self.short_range
        }
    }

    /// Does what [`Self::track`] left over of a routine look: one frame in ten or thirty it runs a detector on the picture
    /// that was read then. What it sees is looked at in the next frame. To be called when the frame's faces are handed
    /// on, so that no frame waits for it; without that, the next [`Self::track`] begins with it, with the same result.
    ///
    /// # Errors
    /// [`TrackError::Infer`] where the network fails; the tracker may go on.
    pub fn look_over(&mut self) -> Result<(), TrackError> {
        for aim in std::mem::take(&mut self.deferred) {
            // What a failed look was for is looked at in the next frame.
            self.run_deferred(aim).inspect_err(|_| self.noticed = true)?;
        }
        Ok(())
    }

    fn run_deferred(&mut self, aim: DeferredDetection) -> Result<(), TrackError> {
        match aim {
            DeferredDetection::WholeFrame(square) => {
                let found = self.detector().run_prepared(square)?;
                let beside = found.iter().filter(|d| !self.tracks.iter().any(|f| f.matches(d))).count();
                self.beside.faces = if self.missing() { 0 } else { beside };
                let noticed =
                    self.is_news(&found) || self.tracks.iter().any(|f| slipped(f, &found).is_some());
                self.noticed |= noticed;
                // The same detector looks again at what it noticed.
                if !noticed {
                    self.empty_detections += 1;
                }
            }
            DeferredDetection::Inverted(id) => {
                if self.inverted_seen(id)? {
                    (self.noticed, self.doubted) = (true, Some(id));
                }
            }
            DeferredDetection::Search(reach, square) => {
                let found = self.reaching(reach).run_prepared(square)?;
                if self.is_news(&found) {
                    (self.noticed, self.hint) = (true, Some((reach, square)));
                }
            }
        }
        Ok(())
    }

    /// Whether detections show a face that is wanted and not followed yet.
    fn is_news(&self, found: &[Detection]) -> bool {
        self.missing() && found.iter().any(|d| !self.tracks.iter().any(|f| f.matches(d)))
    }

    /// Faces near where lost ones were last and where they would be now. At most [`CLOSE_LOOKS`] looks, by turns.
    fn detect_near_lost(&mut self, frame: &Frame) -> Result<Vec<Detection>, TrackError> {
        let reach = whole(frame).side;
        let mut squares: Vec<CropSquare> = Vec::new();
        for lost in &self.lost {
            let gone_on = lost.track.predicted_pose(lost.age.min(GONE_ON)).origin.truncate();
            for centre in [ImagePx(gone_on), lost.track.centre()] {
                let side = lost.track.region.side * CLOSE;
                let inside = |p: Vec2| p.cmpge(Vec2::ZERO).all() && p.cmplt(size(frame)).all();
                let near = |s: &CropSquare| s.centre.0.distance(centre.0) < ALIKE * s.side;
                if side < reach && inside(centre.0) && !squares.iter().any(near) {
                    squares.push(CropSquare { centre, side, angle: 0.0 });
                }
            }
        }
        if !squares.is_empty() {
            let turn = self.close_up_turn % squares.len();
            squares.rotate_left(turn);
            squares.truncate(CLOSE_LOOKS);
            self.close_up_turn = self.close_up_turn.wrapping_add(squares.len());
        }
        let mut found: Vec<Detection> = Vec::new();
        for square in squares {
            for seen in self.short_range.detect(frame, square)? {
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
        let Some(track) = self.tracks.get(index) else { return Ok(()) };
        let Some(detection) = slipped(track, found) else { return Ok(()) };
        // The face that the detector sees may be another one's, which hides this one.
        let occluders = self.tracks.iter().enumerate().filter(|(i, _)| *i != index);
        if occluders.into_iter().any(|(_, other)| other.matches(detection) && !other.contradicts(detection)) {
            return Ok(());
        }
        let id = track.id;
        // The detector takes a face that stands on its head for an upright one; the mesh knows better.
        let shown = detection.region();
        let over = wrap(shown.angle - track.pose.roll()).abs() > FRAC_PI_2;
        let (reading, region) = self.read_mesh(frame, if over { inverted(shown) } else { shown })?;
        if !self.is_face(&reading, frame) {
            return Ok(());
        }
        let fresh = Track::from_mesh(id, reading.presence, reading.points, region);
        if let (Some(fresh), Some(slot)) = (fresh, self.tracks.get_mut(index))
            && !fresh.contradicts(detection)
        {
            *slot = fresh;
        }
        Ok(())
    }

    /// Starts to follow a detected face, under its old id where it was predicted there.
    pub(super) fn initiate(&mut self, frame: &Frame, detection: &Detection) -> Result<(), TrackError> {
        self.initiate_at(frame, detection, detection.region())
    }

    /// The same, from another region than the detection shows.
    pub(super) fn initiate_at(
        &mut self,
        frame: &Frame,
        detection: &Detection,
        region: CropSquare,
    ) -> Result<(), TrackError> {
        let Some((mut first, _)) = self.read_new_track(frame, region)? else { return Ok(()) };
        let shown = first.pose.region(MARGIN);
        let right = self.right_way_up(frame, shown, Some(region))?;
        if let Some((_, region)) = right.filter(|(_, region)| *region != shown) {
            match self.read_new_track(frame, region)? {
                Some((turned, _)) => first = turned,
                None => return Ok(()),
            }
        }
        if !is_plain(right, region.angle) && self.best_lost_likeness(&first) < BACK {
            return Ok(());
        }
        let Some((fresh, reading)) = self.read_new_track(frame, first.pose.region(MARGIN))? else {
            return Ok(());
        };
        if !self.stands_right(frame, &fresh)? {
            return Ok(());
        }
        let place = fresh.centre();
        let unsteady =
            fresh.displacement_from(&first) > UNSTABLE && self.tracks.iter().any(|f| f.may_overlap(place));
        if unsteady && self.best_lost_likeness(&fresh) < BACK {
            return Ok(());
        }
        if self.tracks.iter().any(|f| f.same_place(&fresh)) {
            return Ok(());
        }
        // Its own roll, or another one that is plain, was a second look.
        let confirmed = right.is_some_and(|(score, region)| region == shown || score >= CLEAR);
        if detection.score < CLEAR && !confirmed && self.best_lost_likeness(&fresh) < BACK {
            let region = fresh.pose.region(MARGIN);
            let square =
                CropSquare { side: region.side * SECOND_LOOK, angle: quarter(region.angle), ..region };
            let again = |found: Vec<Detection>| found.iter().any(|d| d.overlap(detection) > SAME_FACE);
            if !again(self.short_range.detect(frame, square)?)
                && !again(self.full_range.detect(frame, square)?)
            {
                return Ok(());
            }
        }
        self.add_track(fresh, reading);
        Ok(())
    }

    /// Follows a face whose region was read last from now on: as the lost one that it continues, where there is one.
    fn add_track(&mut self, mut fresh: Track, reading: Reading) {
        if let Some(mut lost) = self.take_returning(&fresh) {
            fresh.id = lost.track.id;
            (lost.track.age, lost.track.back) = (0, true);
            // Its shape and motion are known as well as its looks.
            let back = match self.appearances.contains_key(&fresh.id) {
                true => {
                    let occluders =
                        occluder_outlines(&self.tracks, fresh.id, fresh.region, self.mesh.crop().1);
                    self.advance(&lost.track, reading, true, fresh.region, lost.age, occluders)
                }
                false => None,
            };
            if let Some(back) = back {
                self.tracks.push(back);
                return;
            }
        } else {
            self.next_id += 1;
        }
        let (planar, n) = self.mesh.crop();
        if self.config.smoothing.is_some()
            && let Some(crop) = Crop::new(planar, n, &[], &mut self.planes)
        {
            fresh.find_glasses(&crop);
        }
        self.tracks.push(fresh);
    }

    /// How much a new face, whose region was read last, looks like the lost one that it looks most like, 0..=1.
    fn best_lost_likeness(&mut self, fresh: &Track) -> f32 {
        let (planar, n) = self.mesh.crop();
        let Some(crop) = Crop::new(planar, n, &[], &mut self.planes) else { return 0.0 };
        let near = self.lost.iter().filter(|lost| lost.distance(fresh).is_some());
        let appearances = near.filter_map(|lost| self.appearances.get(&lost.track.id));
        appearances.filter_map(|model| fresh.likeness(model, &crop)).fold(0.0, f32::max)
    }

    /// A face in a region, as it was read there; none where the network sees none.
    fn read_new_track(
        &mut self,
        frame: &Frame,
        region: CropSquare,
    ) -> Result<Option<(Track, Reading)>, TrackError> {
        let reading = self.mesh.infer(frame, region, taps(region.side, 192))?;
        if !self.is_face(&reading, frame) {
            return Ok(None);
        }
        let fresh = Track::from_mesh(self.next_id, reading.presence, reading.points.clone(), region);
        Ok(fresh.map(|fresh| (fresh, reading)))
    }

    /// The lost face that a new one, whose region was read last, continues: near, of similar size, and of its looks.
    fn take_returning(&mut self, fresh: &Track) -> Option<LostTrack> {
        let (planar, n) = self.mesh.crop();
        let crop = Crop::new(planar, n, &[], &mut self.planes)?;
        let alike = |id: u64| self.appearances.get(&id).and_then(|m| fresh.likeness(m, &crop));
        let (lost, known) = LostTrack::take(&mut self.lost, fresh, alike)?;
        // Looks that do not fit would pull the mesh along.
        if !known {
            self.appearances.remove(&lost.track.id);
        }
        Some(lost)
    }
}
