//! Faces in front of other faces. Network and detectors see the one in front; the other's own appearance tells where it
//! is, as long as a part of it can be seen.

use super::TrackError;
use super::appearance::{Crop, OtherFaces};
use super::face_track::Track;
use super::mesh::{Reading, in_crop, outline_centre};
use super::tracker::Tracker;
use super::tuning::{OccluderTuning, Tuning};
use crate::frame::Frame;
use crate::space::{CropSquare, MeshPoint, Outline};
use crate::topology::OVAL;

/// A mesh that was read where a followed face is predicted.
pub(super) struct TrackedReading {
    pub(super) reading: Reading,
    pub(super) region: CropSquare,
    /// Whether the network sees the face there.
    pub(super) seen: bool,
}

/// A face's outline with the ears, and upwards so many times as high, in pixels of a region's crop, `n` a side.
fn outline(face: &Track, upwards: f32, region: CropSquare, n: usize, tuning: &OccluderTuning) -> Outline {
    let middle = face.centre().0.extend(0.0);
    let up = (face.pose.rotation * MeshPoint::NEG_Y).truncate().normalize_or_zero().extend(0.0);
    let grown = |point: MeshPoint| {
        let from_middle = (point - middle) * tuning.ears;
        middle + from_middle + up * (from_middle.dot(up).max(0.0) * (upwards - 1.0))
    };
    let oval = OVAL.iter().filter_map(|i| face.points.get(usize::from(*i)));
    let grown: Vec<MeshPoint> = oval.map(|point| grown(*point)).collect();
    in_crop(&grown, region, n as f32)
}

/// Outlines of the faces beside the one with an id and a region, which may stand in front of it, in pixels of that region's
/// crop, `n` a side. Hair is left out: beside it the face's own appearance tells better.
pub(super) fn outlines_of_others(
    tracks: &[Track],
    id: u64,
    region: CropSquare,
    n: usize,
    tuning: &Tuning,
) -> Vec<Outline> {
    let others = tracks.iter().filter(|t| t.id != id && t.may_overlap(region.centre, &tuning.tracks));
    others.map(|t| outline(t, 1.0, region, n, &tuning.occluders)).collect()
}

/// Whether a mesh that was read for a followed face lies on another one, which is predicted elsewhere.
fn strayed(
    points: &[MeshPoint],
    track: &Track,
    tracks: &[Track],
    elapsed: f32,
    tuning: &OccluderTuning,
) -> bool {
    if tracks.len() < 2 {
        return false;
    }
    let place = outline_centre(points).0;
    let own = outline_centre(&track.predicted_mesh(elapsed)).0;
    tracks.iter().filter(|t| t.id != track.id).any(|other| {
        let theirs = outline_centre(&other.predicted_mesh(elapsed)).0;
        let reach = tuning.strayed * other.pose.scale.max(track.pose.scale);
        let nearer_to_theirs = place.distance(theirs) < reach.min(place.distance(own));
        nearer_to_theirs && own.distance(theirs) > reach
    })
}

impl Tracker {
    /// Reads a followed face where it is predicted.
    pub(super) fn read_tracked(
        &mut self,
        frame: &Frame,
        track: &Track,
        tracks: &[Track],
        elapsed: f32,
    ) -> Result<TrackedReading, TrackError> {
        let predicted = track.predicted_region(elapsed);
        let (reading, region) = self.read_mesh(frame, predicted)?;
        let held_by_appearance = self.config.smoothing.is_some();
        let tuning = &self.config.tuning.occluders;
        if held_by_appearance && strayed(&reading.points, track, tracks, elapsed, tuning) {
            // Its crop went along with the mesh.
            let reading = self.infer_mesh(frame, predicted)?;
            return Ok(TrackedReading { reading, region: predicted, seen: false });
        }
        let seen = self.is_face(&reading, frame);
        Ok(TrackedReading { reading, region, seen })
    }

    /// Has faces that do not look like themselves where they are taken to be drawn behind those beside them that do.
    pub(super) fn order_occluded(&mut self) {
        let tuning = &self.config.tuning;
        for index in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(index) else { continue };
            let Some(appearance) = self.appearances.get_mut(&track.id) else { continue };
            if !track.is_coasting() && !track.is_misfit(appearance, tuning) {
                continue;
            }
            let (region, score) = (track.region, track.identity_score());
            let is_in_front =
                |t: &&Track| t.identity_score() > score && t.may_overlap(region.centre, &tuning.tracks);
            let in_front = self.tracks.iter().filter(is_in_front);
            let outlines: Vec<Outline> =
                in_front.map(|t| outline(t, tuning.occluders.hair, region, 1, &tuning.occluders)).collect();
            appearance.hide_within(&in_crop(&track.points, region, 1.0), &outlines);
            let occlusion = appearance.occlusion(&tuning.appearance.occlusion);
            if let Some(track) = self.tracks.get_mut(index) {
                track.occlusion = occlusion;
            }
        }
    }

    /// Looks for lost faces beside followed ones where they are predicted: their own appearance tells them while a detector
    /// does not see yet what is half covered.
    pub(super) fn recover_occluded(&mut self, frame: &Frame) -> Result<(), TrackError> {
        let mut index = 0;
        while self.wants_more() && index < self.lost.len() {
            if let Some(back) = self.recover(frame, index)? {
                self.lost.retain(|lost| lost.track.id != back.id);
                self.tracks.push(back);
                index = 0;
            } else {
                index += 1;
            }
        }
        Ok(())
    }

    /// The lost face of an index where its appearance finds it beside a followed one; none where it does not. It may have
    /// gone on as it went, or stand where it was.
    fn recover(&mut self, frame: &Frame, index: usize) -> Result<Option<Track>, TrackError> {
        let tuning = self.config.tuning;
        let Some(lost) = self.lost.get(index) else { return Ok(None) };
        let age = lost.age;
        if age > tuning.lost.searched_s || !self.appearances.contains_key(&lost.track.id) {
            return Ok(None);
        }
        let gone_on = lost.track.at_prediction(age, lost.track.predicted_region(age));
        let (stands, before) = lost.track.at_uncovered();
        for (place, elapsed) in [(gone_on, age), (stands, age + before)] {
            // Where it was given up for another face in this very frame it is not.
            if elapsed > 0.0
                && let Some(back) = self.recover_at(frame, place, elapsed)?
            {
                return Ok(Some(back));
            }
        }
        Ok(None)
    }

    /// A lost face where its appearance finds it near a place beside a followed one, where it was `elapsed` seconds ago.
    fn recover_at(
        &mut self,
        frame: &Frame,
        mut place: Track,
        elapsed: f32,
    ) -> Result<Option<Track>, TrackError> {
        let (tuning, region) = (self.config.tuning, place.region);
        let beside = self.tracks.iter().any(|t| t.may_overlap(place.centre(), &tuning.tracks));
        if !beside || !self.is_apart(&place) {
            return Ok(None);
        }
        (place.age, place.back) = (0, true);
        let reading = self.infer_mesh(frame, region)?;
        let outlines = outlines_of_others(&self.tracks, place.id, region, self.mesh.crop().1, &tuning);
        let others = OtherFaces { outlines, are_in_front: true };
        if self.likeness_among(&place, &others) < tuning.lost.returned_likeness {
            return Ok(None);
        }
        let before = self.appearances.get(&place.id).cloned();
        let found = TrackedReading { reading, region, seen: false };
        let back = self.advance(frame, &place, found, elapsed, others);
        let back = back.filter(|back| self.is_apart(back));
        if back.is_none() {
            // It took the picture in all the same.
            self.appearances.extend(before.map(|before| (place.id, before)));
        }
        Ok(back)
    }

    /// Whether no followed face is where a face is.
    fn is_apart(&self, face: &Track) -> bool {
        self.tracks.iter().all(|t| !t.same_place(face, &self.config.tuning.tracks))
    }

    /// How much a face in the region that was read last looks like itself, 0..=1; 0 where that is not known.
    fn likeness_among(&mut self, face: &Track, others: &OtherFaces) -> f32 {
        let (planar, n) = self.mesh.crop();
        let crop = Crop::new(planar, n, &[], &mut self.planes).map(|crop| crop.with_others(others.clone()));
        let known = self.appearances.get(&face.id);
        let likeness =
            known.zip(crop).and_then(|(a, crop)| face.likeness(a, &crop, &self.config.tuning.appearance));
        likeness.unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical_uv::CANONICAL_UV;
    use crate::space::ImagePx;
    use glam::Vec2;

    /// A face of 150 pixels whose left edge is at `x`.
    fn face(id: u64, x: f32) -> Track {
        let region = CropSquare { centre: ImagePx(Vec2::new(x + 75.0, 115.0)), side: 220.0, angle: 0.0 };
        Track::from_mesh(id, 1.0, points(x), region).unwrap()
    }

    fn points(x: f32) -> Vec<MeshPoint> {
        CANONICAL_UV.iter().map(|p| MeshPoint::new(p[0] * 150.0 + x, p[1] * 150.0 + 40.0, 0.0)).collect()
    }

    #[test]
    fn a_mesh_is_astray_where_another_face_is_awaited() {
        let tracks = [face(1, 100.0), face(2, 200.0)];
        let [own, other] = &tracks;
        let strays =
            |x: f32, track: &Track| strayed(&points(x), track, &tracks, 0.03, &OccluderTuning::default());
        assert!(strays(195.0, own) && strays(105.0, other));
        assert!(!strays(100.0, own) && !strays(140.0, own), "nearer to its own place");
        assert!(!strays(700.0, own), "far from both");
        // Faces at one place: which of them a mesh lies on can't be told.
        let tracks = [face(1, 100.0), face(2, 120.0)];
        assert!(!strayed(&points(118.0), &tracks[0], &tracks, 0.03, &OccluderTuning::default()));
    }

    #[test]
    fn other_faces_near_by_may_be_in_front() {
        let tracks = [face(1, 100.0), face(2, 200.0), face(3, 900.0)];
        let outlines = outlines_of_others(&tracks, 1, tracks[0].region, 192, &Tuning::default());
        assert_eq!(outlines.len(), 1, "neither the face itself nor one far off");
        // Region pixels to crop pixels: the region begins at x = 65, and 220 of its pixels are 192.
        let left = outlines[0].iter().map(|p| p.x).fold(f32::MAX, f32::min);
        let own = in_crop(&points(200.0), tracks[0].region, 192.0);
        let bare = OVAL.iter().map(|i| own[usize::from(*i)].x).fold(f32::MAX, f32::min);
        assert!(left < bare && left > bare - 10.0, "{left} {bare}");
    }
}
