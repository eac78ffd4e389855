//! Which way up a face is.
//!
//! The detectors read a face that stands on its head as an upright one, and the mesh network is as sure of an upright mesh
//! on it as of the right one (presence 0.7 to 1.0 and 1.0). What tells them apart is the near detector in a square that
//! is turned with the face: it is surer of a face that is upright there (0.85 to 0.98 on portraits and on the actor) than
//! of one that stands on its head (0.86 at most, and at least 0.1 less than the same face upright). So no face is taken up before its roll was tried in that way, and followed
//! ones are tried the other way round now and then.

use std::f32::consts::{FRAC_PI_2, FRAC_PI_3, PI};

use super::TrackError;
use super::detect::Detection;
use super::face_track::{MARGIN, Track, wrap};
use super::tracker::Tracker;
use crate::frame::Frame;
use crate::space::CropSquare;

/// Side of the square in which a roll is tried, in sides of the mesh's region.
const ROOM: f32 = 2.0;
/// From this certainty on, 0..=1, a roll that beats the other way round is right and no other one is tried.
const CERTAIN: f32 = 0.93;
/// Least certainty, 0..=1, of a roll other than the one that the mesh was read at.
const PLAINLY: f32 = 0.7;
/// Least certainty, 0..=1, of a face, and of one that leans by more than [`LEANS`] radians. Folds of a suit reach 0.56 and
/// light on a helmet 0.75, faces that nothing covers 0.85 and more.
const LEAST: f32 = 0.6;
const TURNED: f32 = 0.8;
const LEANS: f32 = 0.5;
/// Middles of a face by mesh and by detector lie nearer than this part of the region's side.
const SAME_MIDDLE: f32 = 0.3;
/// A roll that is right is confirmed to within this angle, radians.
const LEVEL: f32 = FRAC_PI_3;
/// Frames after which a followed face's roll is tried the other way round, and then every so many.
const FIRST_TRY: u32 = 6;
const TRY_EVERY: u32 = 90;
/// How sure of the other way round the detector must be, 0..=1, for a followed face to be doubted.
const DOUBTFUL: f32 = 0.82;
/// How much surer of that than of the face as it is followed, 0..=1, for it to be turned over.
const CLEARLY: f32 = 0.05;

/// The same square the other way round.
pub(super) fn inverted(square: CropSquare) -> CropSquare {
    CropSquare { angle: wrap(square.angle + PI), ..square }
}

/// An angle's nearest quarter turn.
pub(super) fn quarter(angle: f32) -> f32 {
    wrap((angle / FRAC_PI_2).round() * FRAC_PI_2)
}

/// The detection of a region's face that stands upright there.
fn upright(found: Vec<Detection>, region: CropSquare) -> Option<Detection> {
    let here = |d: &Detection| {
        d.centre.distance(region.centre.0) < SAME_MIDDLE * region.side
            && wrap(d.region().angle - region.angle).abs() < LEVEL
    };
    found.into_iter().filter(here).max_by(|a, b| a.score.total_cmp(&b.score))
}

/// Whether a face that was seen at an angle, radians, is plain enough in its own roll, as [`Tracker::right_way_up`] has
/// found it, to be one.
pub(super) fn is_plain(right: Option<(f32, CropSquare)>, angle: f32) -> bool {
    let least = if angle.abs() < LEANS { LEAST } else { TURNED };
    right.is_some_and(|(score, _)| score >= least)
}

/// The square in which a region's roll is tried.
fn trial_square(region: CropSquare) -> CropSquare {
    CropSquare { side: region.side * ROOM, ..region }
}

impl Tracker {
    /// How sure the near detector is of a face that is upright in a region, 0..=1, and where it sees it; none where it
    /// sees none.
    fn upright_in(&mut self, frame: &Frame, region: CropSquare) -> Result<Option<Detection>, TrackError> {
        Ok(upright(self.short_range.detect(frame, trial_square(region))?, region))
    }

    /// A region of a face turned so that the face is upright in it, with the certainty of that, 0..=1: the region itself
    /// where no other roll is surer. None where no roll shows a face. A mesh that stands on its head may lie beside the
    /// face: `also` is another place to try the same rolls at.
    pub(super) fn right_way_up(
        &mut self,
        frame: &Frame,
        region: CropSquare,
        also: Option<CropSquare>,
    ) -> Result<Option<(f32, CropSquare)>, TrackError> {
        let mut best: Option<(f32, CropSquare)> = None;
        for place in std::iter::once(region).chain(also) {
            // The other way round is tried in any case: a few faces on their heads pass for upright ones.
            for (turn, always) in
                [(None, true), (Some(PI), true), (Some(FRAC_PI_2), false), (Some(-FRAC_PI_2), false)]
            {
                if !always && best.is_some_and(|(score, _)| score >= CERTAIN) {
                    return Ok(best);
                }
                let square = CropSquare { angle: wrap(region.angle + turn.unwrap_or(0.0)), ..place };
                let Some(seen) = self.upright_in(frame, square)? else { continue };
                let least = if turn.is_some() { PLAINLY } else { 0.0 };
                if seen.score >= least && best.is_none_or(|(score, _)| seen.score > score) {
                    best = Some((seen.score, if turn.is_some() { seen.region() } else { region }));
                }
            }
        }
        Ok(best)
    }

    /// Whether the mesh that a face is to be followed by stands the way the detector sees the face: a reading may turn over
    /// between the trial of its roll and the last. Better not found in this frame than worn upside down.
    pub(super) fn stands_right(&mut self, frame: &Frame, fresh: &Track) -> Result<bool, TrackError> {
        let region = fresh.pose.region(MARGIN);
        let seen = self.right_way_up(frame, region, None)?;
        Ok(seen.is_none_or(|(_, seen)| wrap(seen.angle - region.angle).abs() < LEVEL))
    }

    /// Reads a square in which a followed face would stand on its head, for [`Self::inverted_seen`]: one face a frame at
    /// most, and each seldom. Which one.
    pub(super) fn defer_inverted(&mut self, frame: &Frame) -> Option<u64> {
        // Faces that came together take turns.
        let due =
            |(index, f): &(usize, &Track)| f.age % TRY_EVERY == FIRST_TRY + *index as u32 && !f.is_covered();
        let (_, track) = self.tracks.iter().enumerate().find(due)?;
        let (id, region) = (track.id, track.pose.region(MARGIN));
        self.short_range.prepare(frame, trial_square(inverted(region)));
        Some(id)
    }

    /// Whether the near detector sees the face upright in the square that [`Self::defer_inverted`] has read: then it is
    /// doubtful which way up it is.
    pub(super) fn inverted_seen(&mut self, id: u64) -> Result<bool, TrackError> {
        let Some(track) = self.tracks.iter().find(|f| f.id == id) else { return Ok(false) };
        let region = inverted(track.pose.region(MARGIN));
        Ok(upright(self.short_range.run_prepared(trial_square(region))?, region)
            .is_some_and(|d| d.score >= DOUBTFUL))
    }

    /// Turns a followed face whose mesh stands on its head. What was learned of it that way is forgotten.
    pub(super) fn correct_inversion(&mut self, frame: &Frame, id: u64) -> Result<(), TrackError> {
        let Some(index) = self.tracks.iter().position(|f| f.id == id) else { return Ok(()) };
        let Some(region) = self.tracks.get(index).map(|f| f.pose.region(MARGIN)) else { return Ok(()) };
        let own = self.upright_in(frame, region)?.map_or(0.0, |d| d.score);
        let Some(other) = self.upright_in(frame, inverted(region))?.filter(|d| d.score > own + CLEARLY)
        else {
            return Ok(());
        };
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
