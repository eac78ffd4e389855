//! The search for faces that a look over the whole picture as it stands does not show: turned ones, and one that is
//! larger than the picture. A square a frame, by turns, and its network runs once the frame's faces are handed on.
//!
//! Small faces are looked for in tiles only where a scene or a picture is looked at once: frame after frame, sooner or
//! later some grain of a wall passes for a face of a few pixels.

use std::f32::consts::{FRAC_PI_2, PI};

use super::TrackError;
use super::acquire::{DeferredDetection, LOOK_EVERY};
use super::detect::{Detection, Detector, DetectorRange, whole};
use super::tracker::Tracker;
use crate::frame::Frame;
use crate::space::CropSquare;

/// Side of the smallest tile that is searched for small faces, pixels.
pub(super) const LEAST_TILE: f32 = 192.0;
/// Side of the square in which a face larger than the picture is seen whole, in sides of the picture's.
const LARGER: f32 = 2.0;

/// The picture turned by quarters, and from farther off.
pub(super) fn turned(frame: &Frame) -> [CropSquare; 4] {
    let whole = whole(frame);
    let [over, right, left] = [PI, FRAC_PI_2, -FRAC_PI_2].map(|angle| CropSquare { angle, ..whole });
    [over, right, left, CropSquare { side: whole.side * LARGER, ..whole }]
}

impl Tracker {
    /// The detector of a reach.
    pub(super) fn reaching(&mut self, reach: DetectorRange) -> &mut Detector {
        match reach {
            DetectorRange::Short => &mut self.short_range,
            DetectorRange::Full => &mut self.full_range,
        }
    }

    /// Reads a square for the near detector to look at once the frame's faces are handed on: a followed face turned over,
    /// else the next turned picture while there is nobody to follow, and now and then while more faces are wanted.
    pub(super) fn defer_search(&mut self, frame: &Frame) {
        if !self.deferred.is_empty() {
            return;
        }
        if let Some(id) = self.defer_inverted(frame) {
            self.deferred.push(DeferredDetection::Inverted(id));
            return;
        }
        let alone = self.tracks.is_empty();
        if !self.missing() || !alone && self.frames_since_detection != LOOK_EVERY / 2 {
            return;
        }
        let turn = self.search_turn;
        self.search_turn = turn.wrapping_add(1);
        let turned = turned(frame);
        if let Some(&square) = turned.get(turn % turned.len()) {
            self.short_range.prepare(frame, square);
            self.deferred.push(DeferredDetection::Search(DetectorRange::Short, square));
        }
    }

    /// Faces where the search has seen one.
    pub(super) fn detect_at_hint(&mut self, frame: &Frame) -> Result<Vec<Detection>, TrackError> {
        let Some((reach, square)) = self.hint else { return Ok(Vec::new()) };
        let mut found = self.reaching(reach).detect(frame, square)?;
        if reach == DetectorRange::Full {
            // In the grain of a few pixels a single look finds faces that are none.
            let mut sure = Vec::new();
            for detection in &found {
                sure.extend(self.confirm_close_up(frame, detection)?);
            }
            found = sure;
        }
        self.hint = None;
        Ok(found)
    }
}
