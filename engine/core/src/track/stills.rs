//! Faces in single pictures and at the beginning of scenes: no history, all the time in the world, small faces and very
//! near ones too.

use std::time::Duration;

use super::detect::{Detection, SAME_FACE, tiles, whole};
use super::face_track::{Track, wrap};
use super::roll::{is_plain, quarter};
use super::search::LEAST_TILE;
use super::tracker::Tracker;
use super::{Face, TrackError};
use crate::frame::Frame;
use crate::space::{CropSquare, ImagePx};
use std::f32::consts::{FRAC_PI_2, FRAC_PI_4, PI};

/// Part of the searched square's side under which a face is small.
const SMALL: f32 = 0.25;
/// Side of the square in which faces are looked for that fill more than the picture, in sides of the picture.
const WIDE: f32 = 1.8;
/// A face whose box is this share of the picture's shorter side may be too near for the networks.
const NEAR: f32 = 0.75;
/// Under this size of its box, pixels, a face may be too small for the networks.
const LEAST_FACE: f32 = 40.0;
/// How often a single picture is read again, and the time that is let pass in between: filters come to rest.
const SETTLE: u32 = 4;
const PASSED: Duration = Duration::from_millis(33);

/// Faces that were seen in a picture and are not handed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Beside {
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

/// Adds detections of faces that are not known yet.
fn add(found: &mut Vec<Detection>, more: Vec<Detection>) {
    for detection in more {
        if found.iter().all(|d| d.overlap(&detection) < SAME_FACE) {
            found.push(detection);
        }
    }
}

/// Adds what a detector sees in a turned square; of two that read one face's roll otherwise the surer counts.
fn add_turned(found: &mut Vec<Detection>, more: Vec<Detection>) {
    for detection in more {
        let otherwise = |d: &Detection| wrap(d.region().angle - detection.region().angle).abs() > FRAC_PI_4;
        match found.iter_mut().find(|d| d.overlap(&detection) >= SAME_FACE) {
            Some(known) if known.score < detection.score && otherwise(known) => *known = detection,
            Some(_) => {}
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
    pub fn stills(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        let mut found = self.search(frame, usize::MAX)?;
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut faces: Vec<Track> = Vec::new();
        for detection in found {
            if faces.iter().any(|f| f.matches(&detection)) {
                continue;
            }
            let shown = detection.region();
            let right = self.right_way_up(frame, shown, None)?;
            if !is_plain(right, shown.angle) {
                continue;
            }
            let region = right.map_or(shown, |(_, region)| region);
            let reading = self.mesh.infer(frame, region, 1)?;
            if self.is_face(&reading, frame) {
                let fresh = Track::from_mesh(0, reading.presence, reading.points, region);
                let fresh = fresh.filter(|fresh| !faces.iter().any(|f| f.same_place(fresh)));
                faces.extend(fresh);
            }
        }
        faces.sort_by(|a, b| b.pose.scale.total_cmp(&a.pose.scale));
        let number = |(i, mut f): (usize, Track)| {
            f.id = i as u64;
            f.to_face()
        };
        Ok(faces.into_iter().enumerate().map(number).collect())
    }

    /// The faces of the first picture of a scene: as [`Tracker::track`] after [`Tracker::reset`], but looked for without
    /// haste, also in parts of the picture, where small faces are. Takes some 30 looks of a detector at 1280x720 where
    /// more faces are wanted than are seen at once.
    ///
    /// # Errors
    /// As [`Tracker::track`].
    pub fn begin(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.reset();
        self.initiate_all(frame, self.config.max_faces)
    }

    /// The faces of a picture that has nothing to do with those before and after it: looked for as in
    /// [`Tracker::begin`], then read a few times more, until the filters have come to rest. Forgets the stream's faces;
    /// ids go on.
    ///
    /// # Errors
    /// As [`Tracker::track`].
    pub fn still(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.reset();
        let mut faces = self.initiate_all(frame, usize::MAX)?;
        let beside = self.beside;
        if !faces.is_empty() {
            let mut again = frame.clone();
            for _ in 0..SETTLE {
                again.time.0 += PASSED;
                faces = self.track(&again)?;
            }
        }
        self.reset();
        self.beside = beside;
        Ok(faces)
    }

    /// What was seen at the last looks and is not handed on.
    #[must_use]
    pub fn beside(&self) -> Beside {
        self.beside
    }

    /// Follows the faces of a picture, the largest first; looks on until `enough` are seen.
    fn initiate_all(&mut self, frame: &Frame, enough: usize) -> Result<Vec<Face>, TrackError> {
        let mut found = self.search(frame, enough)?;
        found.sort_by(|a, b| b.size.max_element().total_cmp(&a.size.max_element()));
        (self.last, self.fresh) = (Some(frame.time), false);
        self.beside = Beside::default();
        let side = frame.height().min(frame.width()) as f32;
        for detection in found {
            if self.tracks.iter().any(|f| f.matches(&detection)) {
                continue;
            }
            if !self.missing() {
                self.beside.faces += 1;
                continue;
            }
            let before = self.tracks.len();
            self.initiate(frame, &detection)?;
            if self.tracks.len() == before {
                // Seen lying on its side, and no mesh fits it so: perhaps it does the right way up.
                let shown = detection.region();
                let right = self.right_way_up(frame, shown, None)?;
                if let Some((_, region)) = right.filter(|(_, region)| *region != shown) {
                    self.initiate_at(frame, &detection, region)?;
                }
            }
            if self.tracks.len() == before {
                let size = detection.size.max_element();
                self.beside.near |= size > NEAR * side;
                self.beside.small |= size < LEAST_FACE;
            }
        }
        Ok(self.selected(frame))
    }

    /// What the detectors see in a picture: in the whole of it, and until `enough` faces are seen also in parts of it and in
    /// more than it.
    fn search(&mut self, frame: &Frame, enough: usize) -> Result<Vec<Detection>, TrackError> {
        let all = whole(frame);
        let mut found = self.short_range.detect(frame, all)?;
        if found.len() >= enough {
            return Ok(found);
        }
        add(&mut found, self.full_range.detect(frame, all)?);
        for square in quarters(all).into_iter().skip(1) {
            add_turned(&mut found, self.short_range.detect(frame, square)?);
            add(&mut found, self.full_range.detect(frame, square)?);
        }
        // The box of a face that is small in the crop is coarse; close by it is placed better.
        for detection in &mut found {
            if detection.size.max_element() < SMALL * all.side {
                *detection = self.confirm_close_up(frame, detection)?.unwrap_or(*detection);
            }
        }
        if found.is_empty() {
            let wide = CropSquare { side: WIDE * all.side, ..all };
            found = self.short_range.detect(frame, wide)?;
        }
        if found.len() >= enough {
            return Ok(found);
        }
        let mut small: Vec<Detection> = Vec::new();
        // A video has other pictures to find a small face that lies on its side in.
        let turns = if enough == usize::MAX { 4 } else { 1 };
        let each = |tile: CropSquare| quarters(tile).into_iter().take(turns);
        for tile in tiles(frame, LEAST_TILE).into_iter().flat_map(each) {
            for detection in self.full_range.detect(frame, tile)? {
                let known = small.iter_mut().find(|d| d.overlap(&detection) > SAME_FACE);
                // What one tile cuts off, another holds whole.
                match known {
                    _ if detection.cut_by(&tile) => {}
                    Some(known) if known.score >= detection.score => {}
                    Some(known) => *known = detection,
                    None => small.push(detection),
                }
            }
        }
        for detection in small {
            if found.iter().all(|d| d.overlap(&detection) < SAME_FACE) {
                found.extend(self.confirm_close_up(frame, &detection)?);
            }
        }
        Ok(found)
    }

    /// What both detectors see close by a small find, as the near one places it; none where they do not agree. In the
    /// grain of a few pixels a single look finds faces that are none.
    pub(super) fn confirm_close_up(
        &mut self,
        frame: &Frame,
        find: &Detection,
    ) -> Result<Option<Detection>, TrackError> {
        let side = 4.0 * find.size.max_element();
        let angle = quarter(find.region().angle);
        let square = CropSquare { centre: ImagePx(find.centre), side, angle };
        let same = |d: &Detection| d.overlap(find) > SAME_FACE;
        let near = self.short_range.detect(frame, square)?.into_iter().find(same);
        let far = self.full_range.detect(frame, square)?.into_iter().find(same);
        Ok(near.filter(|_| far.is_some()))
    }
}
