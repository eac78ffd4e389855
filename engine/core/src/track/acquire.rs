//! Detecting faces that are not followed yet, and those that were lost: when detectors run, and when a detection becomes a
//! track.

use super::TrackError;
use super::appearance::{Crop, OtherFaces};
use super::detect::{Detection, Detector, DetectorRange, whole};
use super::face_track::{Track, wrap};
use super::lost_track::{LostTrack, Returned};
use super::mesh::{REGION_MARGIN, Reading};
use super::occluders::{TrackedReading, outlines_of_others};
use super::roll::{UprightRegion, inverted, is_plain, quarter};
use super::tracker::Tracker;
use super::tuning::TrackTuning;
use crate::frame::Frame;
use crate::space::{CropSquare, ImagePx};
use glam::Vec2;
use std::f32::consts::FRAC_PI_2;

/// A square that a detector has read and not run on yet, and what it is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum DeferredDetection {
    /// A routine detection in the whole picture.
    WholeFrame(CropSquare),
    /// A followed face turned over.
    Inverted(u64),
    /// A search for faces that the whole picture does not show.
    Search(DetectorRange, CropSquare),
}

/// A track that has just begun.
struct NewTrack {
    track: Track,
    /// What the network read of it.
    reading: Reading,
}

/// A new face's first mesh, in the roll that detections show best.
struct FirstReading {
    track: Track,
    /// That roll's region; none where no roll shows a face.
    right: Option<UprightRegion>,
    /// Whether it is another roll than the detection's.
    turned: bool,
}

/// The detection of a followed face that shows it to lie elsewhere than its mesh.
fn slipped<'a>(track: &Track, found: &'a [Detection], tuning: &TrackTuning) -> Option<&'a Detection> {
    let distance = |d: &Detection| track.centre().0.distance(d.centre);
    let nearest = found.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    // Where something stands in front of a face, its own appearance says better where it is.
    let is_off =
        track.matches(nearest, tuning) && track.contradicts(nearest, tuning) && !track.is_covered(tuning);
    is_off.then_some(nearest)
}

impl Tracker {
    /// Detects faces that are not followed yet, and meshes that no longer lie on faces: at once where none is followed, one
    /// was just lost or one is doubtful, or where the last routine detection saw something; else now and then, and then the
    /// network's work is left for [`Self::run_deferred_detection`].
    pub(super) fn detect_missing(&mut self, frame: &Frame) -> Result<(), TrackError> {
        let detected = self.detect_if_due(frame);
        if detected.is_ok() {
            self.defer_search(frame);
        }
        // What a failed detection was for is looked at in the next frame.
        self.noticed |= detected.is_err();
        detected
    }

    fn detect_if_due(&mut self, frame: &Frame) -> Result<(), TrackError> {
        self.frames_since_detection += 1;
        let urgent = self.is_detection_urgent();
        if !urgent && self.frames_since_detection < self.detection_interval() {
            return Ok(());
        }
        self.frames_since_detection = 0;
        if urgent {
            self.detect_now(frame)
        } else {
            let square = whole(frame);
            self.routine_detector().prepare(frame, square);
            self.deferred.push(DeferredDetection::WholeFrame(square));
            Ok(())
        }
    }

    /// Whether this frame can't be left without a detection. Takes note of what was noticed.
    fn is_detection_urgent(&mut self) -> bool {
        let noticed = std::mem::take(&mut self.noticed);
        let tuning = &self.config.tuning.tracks;
        noticed
            || self.wants_more() && (self.tracks.is_empty() || !self.lost.is_empty())
            || self.tracks.iter().any(|track| track.is_doubtful(tuning))
    }

    /// Frames between detections.
    fn detection_interval(&self) -> u64 {
        let tuning = &self.config.tuning.acquisition;
        if self.wants_more() {
            tuning.missing_every
        } else if self.tracks.iter().all(|track| track.identity_score() >= tuning.sure_score) {
            tuning.sure_every
        } else {
            tuning.check_every
        }
    }

    /// Runs the detectors on a frame: meshes that have slipped are put back, lost faces come back, new ones are followed.
    fn detect_now(&mut self, frame: &Frame) -> Result<(), TrackError> {
        let mut found = self.routine_detector().detect(frame, whole(frame))?;
        // In a scene's first picture the other detector is asked at once, too.
        if std::mem::take(&mut self.fresh) && found.is_empty() {
            found = self.full_range.detect(frame, whole(frame))?;
        }
        if let Some(id) = self.doubted {
            self.correct_inversion(frame, id)?;
            self.doubted = None;
        }
        for index in 0..self.tracks.len() {
            self.correct_slipped(frame, index, &found)?;
        }
        self.drop_duplicates();
        self.recover_occluded(frame)?;
        let close_ups = self.detect_near_lost(frame)?;
        let same_face = self.config.tuning.detector.same_face;
        found.retain(|d| !close_ups.iter().any(|c| c.overlap(d) > same_face));
        found.extend(close_ups);
        let hinted = self.detect_at_hint(frame)?;
        found.extend(hinted);
        found.retain(|d| !self.is_tracked(d));
        self.empty_detections = if found.is_empty() { self.empty_detections + 1 } else { 0 };
        self.initiate_largest_first(frame, found)
    }

    /// Follows detected faces while more are wanted; counts the others.
    fn initiate_largest_first(&mut self, frame: &Frame, mut found: Vec<Detection>) -> Result<(), TrackError> {
        found.sort_by(|a, b| b.size.max_element().total_cmp(&a.size.max_element()));
        self.skipped.faces = 0;
        for detection in found {
            if self.wants_more() {
                self.initiate(frame, &detection)?;
            } else if !self.is_tracked(&detection) {
                self.skipped.faces += 1;
            }
        }
        Ok(())
    }

    /// Whether further faces are wanted.
    pub(super) fn wants_more(&self) -> bool {
        self.tracks.len() < self.config.max_faces
    }

    /// Whether a detection is of a followed face.
    pub(super) fn is_tracked(&self, detection: &Detection) -> bool {
        self.tracks.iter().any(|track| track.matches(detection, &self.config.tuning.tracks))
    }

    /// The detector whose turn it is.
    fn routine_detector(&mut self) -> &mut Detector {
        let every = self.config.tuning.acquisition.full_range_every.max(1);
        if self.empty_detections % every == every - 1 { &mut self.full_range } else { &mut self.short_range }
    }

    /// Does what [`Self::track`] left over of a routine look: one frame in ten or thirty it runs a detector on the picture
    /// that was read then. What it sees is looked at in the next frame. To be called when the frame's faces are handed
    /// on, so that no frame waits for it; without that, the next [`Self::track`] begins with it, with the same result.
    ///
    /// # Errors
    /// [`TrackError::Infer`] where the network fails; the tracker may go on.
    pub fn run_deferred_detection(&mut self) -> Result<(), TrackError> {
        for deferred in std::mem::take(&mut self.deferred) {
            // What a failed detection was for is looked at in the next frame.
            self.run_deferred(deferred).inspect_err(|_| self.noticed = true)?;
        }
        Ok(())
    }

    fn run_deferred(&mut self, deferred: DeferredDetection) -> Result<(), TrackError> {
        match deferred {
            DeferredDetection::WholeFrame(square) => {
                let found = self.routine_detector().run_prepared(square)?;
                let skipped = found.iter().filter(|d| !self.is_tracked(d)).count();
                self.skipped.faces = if self.wants_more() { 0 } else { skipped };
                let tuning = &self.config.tuning.tracks;
                let any_slipped = self.tracks.iter().any(|t| slipped(t, &found, tuning).is_some());
                let noticed = self.is_news(&found) || any_slipped;
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
            DeferredDetection::Search(range, square) => {
                let found = self.detector_of(range).run_prepared(square)?;
                if self.is_news(&found) {
                    (self.noticed, self.hint) = (true, Some((range, square)));
                }
            }
        }
        Ok(())
    }

    /// Whether detections show a face that is wanted and not followed yet.
    fn is_news(&self, found: &[Detection]) -> bool {
        self.wants_more() && found.iter().any(|d| !self.is_tracked(d))
    }

    /// Faces near where lost ones were last and where they would be now.
    fn detect_near_lost(&mut self, frame: &Frame) -> Result<Vec<Detection>, TrackError> {
        let same_face = self.config.tuning.detector.same_face;
        let mut found: Vec<Detection> = Vec::new();
        for square in self.next_close_ups(frame) {
            for seen in self.short_range.detect(frame, square)? {
                // One at the edge is cut, and is seen better from another square or in the next frame.
                if !seen.cut_by(&square) && !found.iter().any(|d| d.overlap(&seen) > same_face) {
                    found.push(seen);
                }
            }
        }
        Ok(found)
    }

    /// The squares round lost faces' places whose turn it is.
    fn next_close_ups(&mut self, frame: &Frame) -> Vec<CropSquare> {
        let mut squares = self.close_ups(frame);
        if !squares.is_empty() {
            let turn = self.close_up_turn % squares.len();
            squares.rotate_left(turn);
            squares.truncate(self.config.tuning.acquisition.most_close_ups);
            self.close_up_turn = self.close_up_turn.wrapping_add(squares.len());
        }
        squares
    }

    /// Squares round where lost faces were before anything stood in front of them, and where they would be now.
    fn close_ups(&self, frame: &Frame) -> Vec<CropSquare> {
        let (tuning, lost_tuning) = (&self.config.tuning.acquisition, &self.config.tuning.lost);
        let size = Vec2::new(frame.width() as f32, frame.height() as f32);
        let mut squares: Vec<CropSquare> = Vec::new();
        for lost in &self.lost {
            let gone_on = lost.track.predicted_pose(lost.age.min(lost_tuning.searched_s)).origin.truncate();
            let side = lost.track.region.side * tuning.close_up_side;
            for centre in [ImagePx(gone_on), lost.track.uncovered_place()] {
                let inside = centre.0.cmpge(Vec2::ZERO).all() && centre.0.cmplt(size).all();
                let is_known =
                    squares.iter().any(|s| s.centre.0.distance(centre.0) < tuning.same_close_up * s.side);
                if side < whole(frame).side && inside && !is_known {
                    squares.push(CropSquare { centre, side, angle: 0.0 });
                }
            }
        }
        squares
    }

    /// Puts a followed face back where the detector sees it, if its mesh has slipped off.
    fn correct_slipped(
        &mut self,
        frame: &Frame,
        index: usize,
        found: &[Detection],
    ) -> Result<(), TrackError> {
        let tuning = self.config.tuning.tracks;
        let Some(track) = self.tracks.get(index) else { return Ok(()) };
        let Some(detection) = slipped(track, found, &tuning) else { return Ok(()) };
        // The face that the detector sees may be another one's, which hides this one.
        let is_of_another = self.tracks.iter().enumerate().any(|(other_index, other)| {
            other_index != index
                && other.matches(detection, &tuning)
                && !other.contradicts(detection, &tuning)
        });
        if is_of_another {
            return Ok(());
        }
        let id = track.id;
        // The detector takes a face that stands on its head for an upright one; the mesh knows better.
        let shown = detection.region();
        let is_over = wrap(shown.angle - track.pose.roll()).abs() > FRAC_PI_2;
        let (reading, region) = self.read_mesh(frame, if is_over { inverted(shown) } else { shown })?;
        if !self.is_face(&reading, frame) {
            return Ok(());
        }
        let fresh = Track::from_mesh(id, reading.presence, reading.points, region);
        if let (Some(fresh), Some(slot)) = (fresh, self.tracks.get_mut(index))
            && !fresh.contradicts(detection, &tuning)
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
        let Some(first) = self.read_in_own_roll(frame, region)? else { return Ok(()) };
        let is_plain = is_plain(first.right, region.angle, &self.config.tuning.roll);
        if !is_plain && !self.looks_lost(&first.track) {
            return Ok(());
        }
        let better = first.track.pose.region(REGION_MARGIN);
        let Some(fresh) = self.read_new_track(frame, better)? else { return Ok(()) };
        if !self.stands_right(frame, &fresh.track)? || self.is_unsteady(&first.track, &fresh.track) {
            return Ok(());
        }
        let tuning = &self.config.tuning.tracks;
        if self.tracks.iter().any(|track| track.same_place(&fresh.track, tuning)) {
            return Ok(());
        }
        if self.is_confirmed(frame, detection, &first, &fresh.track)? {
            self.add_track(frame, fresh);
        }
        Ok(())
    }

    /// Reads a new face in a region, and again where another roll shows it better; none where there is no face.
    fn read_in_own_roll(
        &mut self,
        frame: &Frame,
        region: CropSquare,
    ) -> Result<Option<FirstReading>, TrackError> {
        let Some(NewTrack { track, .. }) = self.read_new_track(frame, region)? else { return Ok(None) };
        let shown = track.pose.region(REGION_MARGIN);
        let right = self.right_way_up(frame, shown, Some(region))?;
        let Some(other) = right.filter(|right| right.region != shown) else {
            return Ok(Some(FirstReading { track, right, turned: false }));
        };
        let turned = self.read_new_track(frame, other.region)?;
        Ok(turned.map(|NewTrack { track, .. }| FirstReading { track, right, turned: true }))
    }

    /// Whether a new face's second reading lies elsewhere than the first, beside a followed face, which then hides too much
    /// of it; a lost face that is back may.
    fn is_unsteady(&mut self, first: &Track, fresh: &Track) -> bool {
        let tuning = &self.config.tuning;
        let place = fresh.centre();
        let unsteady = fresh.displacement_from(first) > tuning.acquisition.unsteady
            && self.tracks.iter().any(|track| track.may_overlap(place, &tuning.tracks));
        unsteady && !self.looks_lost(fresh)
    }

    /// Whether a new face is one beyond the one detection: that is clear, or its roll was a second look, or it looks like a
    /// lost face, or else a closer square shows it too.
    fn is_confirmed(
        &mut self,
        frame: &Frame,
        detection: &Detection,
        first: &FirstReading,
        fresh: &Track,
    ) -> Result<bool, TrackError> {
        let tuning = self.config.tuning;
        let clear = tuning.acquisition.clear_score;
        // Its own roll, or another one that is plain, was a second look.
        let seen_twice = first.right.is_some_and(|right| !first.turned || right.score >= clear);
        if detection.score >= clear || seen_twice || self.looks_lost(fresh) {
            return Ok(true);
        }
        let region = fresh.pose.region(REGION_MARGIN);
        let side = region.side * tuning.acquisition.confirmation_side;
        let square = CropSquare { side, angle: quarter(region.angle), ..region };
        let shows_it =
            |found: Vec<Detection>| found.iter().any(|d| d.overlap(detection) > tuning.detector.same_face);
        Ok(shows_it(self.short_range.detect(frame, square)?)
            || shows_it(self.full_range.detect(frame, square)?))
    }

    /// Follows a face whose region was read last from now on: as the lost one that it continues, where there is one.
    fn add_track(&mut self, frame: &Frame, NewTrack { track: mut fresh, reading }: NewTrack) {
        if let Some(mut lost) = self.take_returning(&fresh) {
            fresh.id = lost.track.id;
            fresh.stays_covered_as(&lost.track);
            (lost.track.age, lost.track.back) = (0, true);
            if let Some(back) = self.continue_lost(frame, &lost, &fresh, reading) {
                self.tracks.push(back);
                return;
            }
        } else {
            self.next_id += 1;
        }
        self.tracks.push(fresh);
    }

    /// A lost face's track carried on with a new reading: its shape and motion are known as well as its appearance. None
    /// where that is not known or does not fit.
    fn continue_lost(
        &mut self,
        frame: &Frame,
        lost: &LostTrack,
        fresh: &Track,
        reading: Reading,
    ) -> Option<Track> {
        if !self.appearances.contains_key(&fresh.id) {
            return None;
        }
        let (tuning, n) = (&self.config.tuning, self.mesh.crop().1);
        let outlines = outlines_of_others(&self.tracks, fresh.id, fresh.region, n, tuning);
        let others = OtherFaces { outlines, are_in_front: true };
        let found = TrackedReading { reading, region: fresh.region, seen: true };
        self.advance(frame, &lost.track, found, lost.age, others)
    }

    /// Whether a new face, whose region was read last, looks like a lost one that may be back here.
    fn looks_lost(&mut self, fresh: &Track) -> bool {
        let tuning = &self.config.tuning;
        let (planar, n) = self.mesh.crop();
        let crop = Crop::new(planar, n, &[], &mut self.planes);
        let near = self.lost.iter().filter(|lost| lost.distance(fresh, &tuning.lost).is_some());
        let appearances = near.filter_map(|lost| self.appearances.get(&lost.track.id));
        let likeness = appearances
            .filter_map(|known| fresh.likeness(known, crop.as_ref()?, &tuning.appearance))
            .fold(0.0, f32::max);
        likeness >= tuning.lost.returned_likeness
    }

    /// A face in a region, as it was read there; none where the network sees none.
    fn read_new_track(&mut self, frame: &Frame, region: CropSquare) -> Result<Option<NewTrack>, TrackError> {
        let reading = self.infer_mesh(frame, region)?;
        if !self.is_face(&reading, frame) {
            return Ok(None);
        }
        let track = Track::from_mesh(self.next_id, reading.presence, reading.points.clone(), region);
        Ok(track.map(|track| NewTrack { track, reading }))
    }

    /// The lost face that a new one, whose region was read last, continues: near, of similar size, and of its appearance.
    fn take_returning(&mut self, fresh: &Track) -> Option<LostTrack> {
        let tuning = &self.config.tuning;
        let (planar, n) = self.mesh.crop();
        let crop = Crop::new(planar, n, &[], &mut self.planes)?;
        let likeness = |id: u64| {
            let known = self.appearances.get(&id)?;
            fresh.likeness(known, &crop, &tuning.appearance)
        };
        let Returned { lost, fits } =
            LostTrack::take_matching(&mut self.lost, fresh, &tuning.lost, likeness)?;
        // An appearance that does not fit would pull the mesh along.
        if !fits {
            self.appearances.remove(&lost.track.id);
        }
        Some(lost)
    }
}
