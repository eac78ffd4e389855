//! Faces in single pictures and at the beginning of scenes: no history, all the time in the world, small faces and very
//! near ones too.

use super::detect::{Detection, tiles, whole};
use super::face_track::{Track, VeilView, wrap};
use super::roll::{is_plain, quarter};
use super::tracker::Tracker;
use super::{Face, TrackError};
use crate::frame::Frame;
use crate::space::{CropSquare, ImagePx};
use std::f32::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// Faces that were seen in a picture and are not handed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SkippedFaces {
    /// Faces beside those that were wanted.
    pub faces: usize,
    /// There is one so near that the picture's edges cut it.
    pub near: bool,
    /// There is one that is too small.
    pub small: bool,
}

/// A square as it stands and turned by quarters.
fn quarters(square: CropSquare) -> [CropSquare; 4] {
    [0.0, PI, FRAC_PI_2, -FRAC_PI_2].map(|angle| CropSquare { angle, ..square })
}

/// Adds detections of faces that are not known yet; boxes that overlap by `same_face` are of one.
fn add_unknown(found: &mut Vec<Detection>, more: Vec<Detection>, same_face: f32) {
    for detection in more {
        if found.iter().all(|d| d.overlap(&detection) < same_face) {
            found.push(detection);
        }
    }
}

/// Adds what a detector sees in a turned square; of two that read one face's roll otherwise the surer counts.
fn add_turned(found: &mut Vec<Detection>, more: Vec<Detection>, same_face: f32) {
    for detection in more {
        let rolls_differ =
            |d: &Detection| wrap(d.region().angle - detection.region().angle).abs() > FRAC_PI_4;
        match found.iter_mut().find(|d| d.overlap(&detection) >= same_face) {
            Some(known) if known.score < detection.score && rolls_differ(known) => *known = detection,
            Some(_) => {}
            None => found.push(detection),
        }
    }
}

/// Adds what a detector sees in a tile; of two of one face the surer counts. What the tile cuts off, another holds whole.
fn add_from_tile(found: &mut Vec<Detection>, more: Vec<Detection>, tile: &CropSquare, same_face: f32) {
    for detection in more.into_iter().filter(|d| !d.cut_by(tile)) {
        match found.iter_mut().find(|d| d.overlap(&detection) > same_face) {
            Some(known) if known.score >= detection.score => {}
            Some(known) => *known = detection,
            None => found.push(detection),
        }
    }
}

impl Tracker {
    /// The faces in a single picture, without history: both detectors, then the mesh of each face. At most
    /// `TrackerConfig::max_faces` count only in streams; here all faces are handed on, the largest first, numbered
    /// from 0. Does not touch the stream's state.
    ///
    /// # Errors
    /// [`TrackError::Infer`] where a network fails.
    pub fn detect_still(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        let mut found = self.detect_everywhere(frame, usize::MAX)?;
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut faces: Vec<Track> = Vec::new();
        for detection in found {
            if faces.iter().any(|f| f.matches(&detection, &self.config.tuning.tracks)) {
                continue;
            }
            let Some(fresh) = self.read_still(frame, &detection)? else { continue };
            if !faces.iter().any(|f| f.same_place(&fresh, &self.config.tuning.tracks)) {
                faces.push(fresh);
            }
        }
        faces.sort_by(|a, b| b.pose.scale.total_cmp(&a.pose.scale));
        for (index, face) in faces.iter_mut().enumerate() {
            face.id = index as u64;
            let veil = VeilView { net: &mut self.veil, frame };
            face.read_first_front(veil, &self.config.tuning.veil);
        }
        Ok(faces.iter().map(Track::to_face).collect())
    }

    /// The mesh of a detected face, read once in its own roll; none where it is no face.
    fn read_still(&mut self, frame: &Frame, detection: &Detection) -> Result<Option<Track>, TrackError> {
        let shown = detection.region();
        let right = self.right_way_up(frame, shown, None)?;
        if !is_plain(right, shown.angle, &self.config.tuning.roll) {
            return Ok(None);
        }
        let region = right.map_or(shown, |right| right.region);
        let reading = self.mesh.infer(frame, region, 1)?;
        if !self.is_face(&reading, frame) {
            return Ok(None);
        }
        Ok(Track::from_mesh(0, reading.presence, reading.points, region))
    }

    /// The faces of the first picture of a scene: as [`Tracker::track`] after [`Tracker::reset`], but looked for without
    /// haste, also in parts of the picture, where small faces are. Takes some 30 looks of a detector at 1280x720 where
    /// more faces are wanted than are seen at once.
    ///
    /// # Errors
    /// As [`Tracker::track`].
    pub fn track_scene_start(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.reset();
        self.initiate_all(frame, self.config.max_faces)
    }

    /// The faces of a picture that has nothing to do with those before and after it: looked for as in
    /// [`Tracker::track_scene_start`], then read a few times more, until the filters have come to rest. Forgets the stream's faces;
    /// ids go on.
    ///
    /// # Errors
    /// As [`Tracker::track`].
    pub fn track_still(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.reset();
        let mut faces = self.initiate_all(frame, usize::MAX)?;
        let skipped = self.skipped;
        if !faces.is_empty() {
            let tuning = self.config.tuning.stills;
            let mut again = frame.clone();
            for _ in 0..tuning.settling_frames {
                again.time.0 += tuning.settling_step;
                faces = self.track(&again)?;
            }
        }
        self.reset();
        self.skipped = skipped;
        Ok(faces)
    }

    /// What was seen at the last looks and is not handed on.
    #[must_use]
    pub fn skipped(&self) -> SkippedFaces {
        self.skipped
    }

    /// Follows the faces of a picture, the largest first; looks on until `enough` are seen.
    fn initiate_all(&mut self, frame: &Frame, enough: usize) -> Result<Vec<Face>, TrackError> {
        let mut found = self.detect_everywhere(frame, enough)?;
        found.sort_by(|a, b| b.size.max_element().total_cmp(&a.size.max_element()));
        (self.last, self.fresh) = (Some(frame.time), false);
        self.skipped = SkippedFaces::default();
        for detection in found {
            if self.is_tracked(&detection) {
                continue;
            }
            if !self.wants_more() {
                self.skipped.faces += 1;
                continue;
            }
            if !self.initiate_either_way(frame, &detection)? {
                self.note_unread(frame, &detection);
            }
        }
        self.read_first_fronts(frame);
        Ok(self.selected(frame))
    }

    /// Starts to follow a detected face, if need be in another roll than the detection shows: one that is seen lying on its
    /// side may have no mesh that way. Whether it is followed.
    fn initiate_either_way(&mut self, frame: &Frame, detection: &Detection) -> Result<bool, TrackError> {
        let before = self.tracks.len();
        self.initiate(frame, detection)?;
        if self.tracks.len() == before {
            let shown = detection.region();
            let right = self.right_way_up(frame, shown, None)?;
            if let Some(right) = right.filter(|right| right.region != shown) {
                self.initiate_at(frame, detection, right.region)?;
            }
        }
        Ok(self.tracks.len() != before)
    }

    /// Keeps why a detected face has no mesh, as far as its size says.
    fn note_unread(&mut self, frame: &Frame, detection: &Detection) {
        let tuning = &self.config.tuning.stills;
        let (size, side) = (detection.size.max_element(), frame.height().min(frame.width()) as f32);
        self.skipped.near |= size > tuning.near * side;
        self.skipped.small |= size < tuning.small;
    }

    /// What the detectors see in a picture: in the whole of it, and until `enough` faces are seen also in parts of it and in
    /// more than it.
    fn detect_everywhere(&mut self, frame: &Frame, enough: usize) -> Result<Vec<Detection>, TrackError> {
        let same_face = self.config.tuning.detector.same_face;
        let all = whole(frame);
        let mut found = self.short_range.detect(frame, all)?;
        if found.len() >= enough {
            return Ok(found);
        }
        add_unknown(&mut found, self.full_range.detect(frame, all)?, same_face);
        for square in quarters(all).into_iter().skip(1) {
            add_turned(&mut found, self.short_range.detect(frame, square)?, same_face);
            add_unknown(&mut found, self.full_range.detect(frame, square)?, same_face);
        }
        self.place_coarse_anew(frame, &mut found)?;
        if found.is_empty() {
            let wide = CropSquare { side: self.config.tuning.stills.wide * all.side, ..all };
            found = self.short_range.detect(frame, wide)?;
        }
        if found.len() >= enough {
            return Ok(found);
        }
        // A video has other pictures to find a small face that lies on its side in.
        let turns = if enough == usize::MAX { 4 } else { 1 };
        for detection in self.detect_in_tiles(frame, turns)? {
            if found.iter().all(|d| d.overlap(&detection) < same_face) {
                found.extend(self.confirm_close_up(frame, &detection)?);
            }
        }
        Ok(found)
    }

    /// Places faces anew that are small in the picture, from close by: their boxes are coarse.
    fn place_coarse_anew(&mut self, frame: &Frame, found: &mut [Detection]) -> Result<(), TrackError> {
        let coarse = self.config.tuning.stills.coarse * whole(frame).side;
        for detection in found {
            if detection.size.max_element() < coarse {
                *detection = self.confirm_close_up(frame, detection)?.unwrap_or(*detection);
            }
        }
        Ok(())
    }

    /// What the full-range detector sees in parts of a picture, each in so many quarter turns.
    fn detect_in_tiles(&mut self, frame: &Frame, turns: usize) -> Result<Vec<Detection>, TrackError> {
        let same_face = self.config.tuning.detector.same_face;
        let mut found = Vec::new();
        for tile in tiles(frame, self.config.tuning.search.least_tile) {
            for square in quarters(tile).into_iter().take(turns) {
                let seen = self.full_range.detect(frame, square)?;
                add_from_tile(&mut found, seen, &square, same_face);
            }
        }
        Ok(found)
    }

    /// What both detectors see close by a small find, as the short-range one places it; none where they do not agree. In
    /// the grain of a few pixels a single look finds faces that are none.
    pub(super) fn confirm_close_up(
        &mut self,
        frame: &Frame,
        find: &Detection,
    ) -> Result<Option<Detection>, TrackError> {
        let same_face = self.config.tuning.detector.same_face;
        let side = self.config.tuning.stills.close_up_side * find.size.max_element();
        let angle = quarter(find.region().angle);
        let square = CropSquare { centre: ImagePx(find.centre), side, angle };
        let is_same = |d: &Detection| d.overlap(find) > same_face;
        let near = self.short_range.detect(frame, square)?.into_iter().find(is_same);
        let far = self.full_range.detect(frame, square)?.into_iter().find(is_same);
        Ok(near.filter(|_| far.is_some()))
    }
}
