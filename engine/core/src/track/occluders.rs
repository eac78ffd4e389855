//! Faces behind other faces. Network and detectors see the one in front; the other's own look tells where it is, as long
//! as a part of it can be seen.

use super::acquire::{BACK, GONE_ON};
use super::appearance::Crop;
use super::face_track::Track;
use super::mesh::{Reading, centre, in_crop};
use super::tracker::Tracker;
use super::{TrackError, taps};
use crate::frame::Frame;
use crate::space::{CropSquare, MeshPoint, Outline};
use crate::topology::OVAL;

/// How much larger than a face's outline what hides others is: ears; and upwards once more, hair.
const HEAD: f32 = 1.1;
const HAIR: f32 = 1.5;
/// A mesh lies on another face where it is nearer to the place at which that is predicted, eye distances of the larger.
const TAKEN: f32 = 0.8;

/// A face's outline with the ears, and upwards so many times as high, in pixels of a region's crop, `n` a side.
fn outline(face: &Track, upwards: f32, region: CropSquare, n: usize) -> Outline {
    let middle = face.centre().0.extend(0.0);
    let up = (face.pose.rotation * MeshPoint::NEG_Y).truncate().normalize_or_zero().extend(0.0);
    let grown = |i: &u16| {
        let from_middle = (*face.points.get(usize::from(*i))? - middle) * HEAD;
        Some(middle + from_middle + up * (from_middle.dot(up).max(0.0) * (upwards - 1.0)))
    };
    in_crop(&OVAL.iter().filter_map(grown).collect::<Vec<MeshPoint>>(), region, n as f32)
}

/// Outlines of the faces beside the one with an id and a region, in pixels of that region's crop, `n` a side. Hair is left out:
/// beside it the face's own look tells better.
pub(super) fn occluder_outlines(tracks: &[Track], id: u64, region: CropSquare, n: usize) -> Vec<Outline> {
    let occluders = tracks.iter().filter(|f| f.id != id && f.may_overlap(region.centre));
    occluders.map(|f| outline(f, 1.0, region, n)).collect()
}

/// Whether a mesh that was read for a followed face lies on another one, which is predicted elsewhere.
fn strayed(points: &[MeshPoint], track: &Track, tracks: &[Track], elapsed: f32) -> bool {
    if tracks.len() < 2 {
        return false;
    }
    let (place, own) = (centre(points).0, centre(&track.predicted_mesh(elapsed)).0);
    tracks.iter().filter(|f| f.id != track.id).any(|other| {
        let at = centre(&other.predicted_mesh(elapsed)).0;
        let reach = TAKEN * other.pose.scale.max(track.pose.scale);
        place.distance(at) < reach.min(place.distance(own)) && own.distance(at) > reach
    })
}

impl Tracker {
    /// Reads a followed face where it is predicted, with whether the network sees it there.
    pub(super) fn read_tracked(
        &mut self,
        frame: &Frame,
        track: &Track,
        tracks: &[Track],
        elapsed: f32,
    ) -> Result<(Reading, bool, CropSquare), TrackError> {
        let predicted = track.predicted_region(elapsed);
        let (reading, region) = self.read_mesh(frame, predicted)?;
        if self.config.smoothing.is_some() && strayed(&reading.points, track, tracks, elapsed) {
            // Its crop went along with the mesh.
            let reading = self.mesh.infer(frame, predicted, taps(predicted.side, 192))?;
            return Ok((reading, false, predicted));
        }
        let seen = self.is_face(&reading, frame);
        Ok((reading, seen, region))
    }

    /// Has faces that do not look like themselves where they are taken to be drawn behind those beside them that do.
    pub(super) fn mark_occluded(&mut self) {
        for index in 0..self.tracks.len() {
            let unfit = |f: &&Track| {
                f.is_coasting() || self.appearances.get(&f.id).is_some_and(|model| f.is_misfit(model))
            };
            let Some(track) = self.tracks.get(index).filter(unfit) else { continue };
            let (id, region, claim) = (track.id, track.region, track.identity_score());
            let mesh = in_crop(&track.points, region, 1.0);
            let better =
                self.tracks.iter().filter(|f| f.identity_score() > claim && f.may_overlap(region.centre));
            let occluders: Vec<Outline> = better.map(|f| outline(f, HAIR, region, 1)).collect();
            if let (Some(model), Some(track)) = (self.appearances.get_mut(&id), self.tracks.get_mut(index)) {
                model.hide(&mesh, &occluders);
                track.occlusion = model.occlusion();
            }
        }
    }

    /// Looks for lost faces beside followed ones where they are predicted: their own looks tell them while a detector does not
    /// see yet what is half covered.
    pub(super) fn recover_occluded(&mut self, frame: &Frame) -> Result<(), TrackError> {
        let mut index = 0;
        while let Some(lost) = self.lost.get(index).filter(|_| self.missing()) {
            index += 1;
            let (age, region) = (lost.age, lost.track.predicted_region(lost.age));
            let mut predicted = lost.track.at_prediction(age, region);
            let hidden = self.tracks.iter().any(|f| f.may_overlap(predicted.centre()));
            let apart = self.tracks.iter().all(|f| !f.same_place(&predicted));
            if age > GONE_ON || !hidden || !apart || !self.appearances.contains_key(&predicted.id) {
                continue;
            }
            // For the crop: the network's mesh would lie on the face in front.
            let reading = self.mesh.infer(frame, region, taps(region.side, 192))?;
            let (planar, n) = self.mesh.crop();
            let occluders = occluder_outlines(&self.tracks, predicted.id, region, n);
            let Some(crop) = Crop::new(planar, n, &[], &mut self.planes) else { continue };
            let crop = crop.with_occluders(occluders.clone());
            let model = self.appearances.get(&predicted.id);
            if model.and_then(|model| predicted.likeness(model, &crop)).unwrap_or(0.0) < BACK {
                continue;
            }
            (predicted.age, predicted.back) = (0, true);
            let back = self.advance(&predicted, reading, false, region, age, occluders);
            if let Some(back) = back.filter(|back| self.tracks.iter().all(|f| !f.same_place(back))) {
                self.lost.retain(|lost| lost.track.id != back.id);
                self.tracks.push(back);
                index = 0;
            }
        }
        Ok(())
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
        let strays = |x: f32, track: &Track| strayed(&points(x), track, &tracks, 0.03);
        assert!(strays(195.0, own) && strays(105.0, other));
        assert!(!strays(100.0, own) && !strays(140.0, own), "nearer to its own place");
        assert!(!strays(700.0, own), "far from both");
        // Faces at one place: which of them a mesh lies on can't be told.
        let tracks = [face(1, 100.0), face(2, 120.0)];
        assert!(!strayed(&points(118.0), &tracks[0], &tracks, 0.03));
    }

    #[test]
    fn other_faces_near_by_may_be_in_front() {
        let tracks = [face(1, 100.0), face(2, 200.0), face(3, 900.0)];
        let outlines = occluder_outlines(&tracks, 1, tracks[0].region, 192);
        assert_eq!(outlines.len(), 1, "neither the face itself nor one far off");
        // Region pixels to crop pixels: the region begins at x = 65, and 220 of its pixels are 192.
        let left = outlines[0].iter().map(|p| p.x).fold(f32::MAX, f32::min);
        let own = in_crop(&points(200.0), tracks[0].region, 192.0);
        let bare = OVAL.iter().map(|i| own[usize::from(*i)].x).fold(f32::MAX, f32::min);
        assert!(left < bare && left > bare - 10.0, "{left} {bare}");
    }
}
