//! The search for faces that the upright picture as a whole does not show: turned ones, and one that is larger than the
//! picture. A square a frame, in turn, and its network runs once the frame's faces are handed on.
//!
//! Small faces are looked for in tiles only where a scene or a picture is looked at once: frame after frame, sooner or
//! later some grain of a wall passes for a face of a few pixels.

use std::f32::consts::{FRAC_PI_2, PI};

use super::TrackError;
use super::acquire::DeferredDetection;
use super::detect::{Detection, Detector, DetectorRange, whole};
use super::tracker::Tracker;
use crate::frame::Frame;
use crate::space::CropSquare;

/// The picture turned by quarters, and from farther off: `wider` is in sides of the picture's square.
fn search_squares(frame: &Frame, wider: f32) -> [CropSquare; 4] {
    let whole = whole(frame);
    let [over, right, left] = [PI, FRAC_PI_2, -FRAC_PI_2].map(|angle| CropSquare { angle, ..whole });
    [over, right, left, CropSquare { side: whole.side * wider, ..whole }]
}

impl Tracker {
    /// The detector of a range.
    pub(super) fn detector_of(&mut self, range: DetectorRange) -> &mut Detector {
        match range {
            DetectorRange::Short => &mut self.short_range,
            DetectorRange::Full => &mut self.full_range,
        }
    }

    /// Reads a square for the short-range detector to run on once the frame's faces are handed on: a followed face turned
    /// over, else the next search square while there is nobody to follow, and now and then while more faces are wanted.
    pub(super) fn defer_search(&mut self, frame: &Frame) {
        if !self.deferred.is_empty() {
            return;
        }
        if let Some(id) = self.prepare_inverted(frame) {
            self.deferred.push(DeferredDetection::Inverted(id));
            return;
        }
        let tuning = &self.config.tuning;
        let alone = self.tracks.is_empty();
        let due = self.frames_since_detection == tuning.acquisition.missing_every / 2;
        if !self.wants_more() || !alone && !due {
            return;
        }
        let squares = search_squares(frame, tuning.search.wider);
        let turn = self.search_turn;
        self.search_turn = turn.wrapping_add(1);
        if let Some(&square) = squares.get(turn % squares.len()) {
            self.short_range.prepare(frame, square);
            self.deferred.push(DeferredDetection::Search(DetectorRange::Short, square));
        }
    }

    /// Faces where the search has seen one.
    pub(super) fn detect_at_hint(&mut self, frame: &Frame) -> Result<Vec<Detection>, TrackError> {
        let Some((range, square)) = self.hint else { return Ok(Vec::new()) };
        let mut found = self.detector_of(range).detect(frame, square)?;
        if range == DetectorRange::Full {
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
