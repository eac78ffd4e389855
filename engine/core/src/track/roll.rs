//! Which way up a face is.
//!
//! The detectors read a face that stands on its head as an upright one, and the mesh network is as sure of an upright mesh
//! on it as of the right one (presence 0.7 to 1.0 and 1.0). What tells them apart is the short-range detector in a square
//! that is turned with the face: it is surer of a face that is upright there (0.85 to 0.98 on portraits and on the actor)
//! than of one that stands on its head (0.86 at most, and at least 0.1 less than the same face upright). So no face is taken
//! up before its roll was tried in that way, and followed ones are tried the other way round now and then.

use std::f32::consts::{FRAC_PI_2, PI};

use super::TrackError;
use super::detect::Detection;
use super::face_track::{Track, wrap};
use super::mesh::REGION_MARGIN;
use super::tracker::Tracker;
use super::tuning::RollTuning;
use crate::frame::Frame;
use crate::space::CropSquare;

/// A region turned so that a face is upright in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct UprightRegion {
    /// How sure the detector is of the face there, 0..=1.
    pub(super) score: f32,
    pub(super) region: CropSquare,
}

/// The same square the other way round.
pub(super) fn inverted(square: CropSquare) -> CropSquare {
    CropSquare { angle: wrap(square.angle + PI), ..square }
}

/// An angle's nearest quarter turn.
pub(super) fn quarter(angle: f32) -> f32 {
    wrap((angle / FRAC_PI_2).round() * FRAC_PI_2)
}

/// The detection of a region's face that stands upright there.
fn best_upright(found: Vec<Detection>, region: CropSquare, tuning: &RollTuning) -> Option<Detection> {
    let stands_here = |d: &Detection| {
        d.centre.distance(region.centre.0) < tuning.same_middle * region.side
            && wrap(d.region().angle - region.angle).abs() < tuning.level
    };
    found.into_iter().filter(stands_here).max_by(|a, b| a.score.total_cmp(&b.score))
}

/// Whether a face that was seen at an angle, radians, is plain enough in its own roll, as [`Tracker::right_way_up`] has
/// found it, to be one.
pub(super) fn is_plain(right: Option<UprightRegion>, angle: f32, tuning: &RollTuning) -> bool {
    let least = if angle.abs() < tuning.leaning { tuning.least } else { tuning.least_leaning };
    right.is_some_and(|right| right.score >= least)
}

/// The square in which a region's roll is tried.
fn trial_square(region: CropSquare, tuning: &RollTuning) -> CropSquare {
    CropSquare { side: region.side * tuning.trial_side, ..region }
}

impl Tracker {
    /// The face that the short-range detector sees upright in a region; none where it sees none.
    fn detect_upright(&mut self, frame: &Frame, region: CropSquare) -> Result<Option<Detection>, TrackError> {
        let found = self.short_range.detect(frame, trial_square(region, &self.config.tuning.roll))?;
        Ok(best_upright(found, region, &self.config.tuning.roll))
    }

    /// A region of a face turned so that the face is upright in it: the region itself where no other roll is surer. None
    /// where no roll shows a face. A mesh that stands on its head may lie beside the face: `also` is another place to try
    /// the same rolls at.
    pub(super) fn right_way_up(
        &mut self,
        frame: &Frame,
        region: CropSquare,
        also: Option<CropSquare>,
    ) -> Result<Option<UprightRegion>, TrackError> {
        let (certain, other_roll) = (self.config.tuning.roll.certain, self.config.tuning.roll.other_roll);
        let mut best: Option<UprightRegion> = None;
        for place in std::iter::once(region).chain(also) {
            for (trial, turn) in [0.0, PI, FRAC_PI_2, -FRAC_PI_2].into_iter().enumerate() {
                // The other way round is tried in any case: a few faces on their heads pass for upright ones.
                if trial >= 2 && best.is_some_and(|best| best.score >= certain) {
                    return Ok(best);
                }
                let as_it_is = trial == 0;
                let square = CropSquare { angle: wrap(region.angle + turn), ..place };
                let Some(seen) = self.detect_upright(frame, square)? else { continue };
                let least = if as_it_is { 0.0 } else { other_roll };
                if seen.score >= least && best.is_none_or(|best| seen.score > best.score) {
                    let region = if as_it_is { region } else { seen.region() };
                    best = Some(UprightRegion { score: seen.score, region });
                }
            }
        }
        Ok(best)
    }

    /// Whether the mesh that a face is to be followed by stands the way the detector sees the face: a reading may turn over
    /// between the trial of its roll and the last. Better not found in this frame than worn upside down.
    pub(super) fn stands_right(&mut self, frame: &Frame, fresh: &Track) -> Result<bool, TrackError> {
        let region = fresh.pose.region(REGION_MARGIN);
        let level = self.config.tuning.roll.level;
        let right = self.right_way_up(frame, region, None)?;
        Ok(right.is_none_or(|right| wrap(right.region.angle - region.angle).abs() < level))
    }

    /// Reads a square in which a followed face would stand on its head, for [`Self::inverted_seen`]: one face a frame at
    /// most, and each seldom. Which one.
    pub(super) fn prepare_inverted(&mut self, frame: &Frame) -> Option<u64> {
        let tuning = &self.config.tuning;
        // Faces that came together take turns.
        let is_due = |index: usize, track: &Track| {
            track.age % tuning.roll.check_every == tuning.roll.first_check + index as u32
                && !track.is_covered(&tuning.tracks)
        };
        let (_, track) = self.tracks.iter().enumerate().find(|(index, track)| is_due(*index, track))?;
        let square = trial_square(inverted(track.pose.region(REGION_MARGIN)), &tuning.roll);
        self.short_range.prepare(frame, square);
        Some(track.id)
    }

    /// Whether the short-range detector sees the face upright in the square that [`Self::prepare_inverted`] has read: then it
    /// is doubtful which way up it is.
    pub(super) fn inverted_seen(&mut self, id: u64) -> Result<bool, TrackError> {
        let Some(track) = self.tracks.iter().find(|t| t.id == id) else { return Ok(false) };
        let tuning = &self.config.tuning.roll;
        let region = inverted(track.pose.region(REGION_MARGIN));
        let found = self.short_range.run_prepared(trial_square(region, tuning))?;
        Ok(best_upright(found, region, tuning).is_some_and(|d| d.score >= tuning.doubted))
    }

    /// Turns a followed face whose mesh stands on its head. What was learned of it that way is forgotten.
    pub(super) fn correct_inversion(&mut self, frame: &Frame, id: u64) -> Result<(), TrackError> {
        let Some(index) = self.tracks.iter().position(|t| t.id == id) else { return Ok(()) };
        let Some(region) = self.tracks.get(index).map(|t| t.pose.region(REGION_MARGIN)) else {
            return Ok(());
        };
        let own = self.detect_upright(frame, region)?.map_or(0.0, |d| d.score);
        let least = own + self.config.tuning.roll.lead;
        let other = self.detect_upright(frame, inverted(region))?.filter(|d| d.score > least);
        let Some(other) = other else { return Ok(()) };
        let (reading, region) = self.read_mesh(frame, other.region())?;
        if !self.is_face(&reading, frame) {
            return Ok(());
        }
        let fresh = Track::from_mesh(id, reading.presence, reading.points, region);
        if let (Some(fresh), Some(slot)) = (fresh, self.tracks.get_mut(index)) {
            *slot = fresh;
            self.appearances.remove(&id);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
