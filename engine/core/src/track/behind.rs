//! Faces behind other faces. Network and detectors see the one in front; the other's own look tells where it is, as long
//! as a part of it can be seen.

use super::appearance::Crop;
use super::follow::Follow;
use super::look::{BACK, GONE_ON};
use super::mesh::{Reading, centre, in_crop};
use super::tracker::Tracker;
use super::{TrackError, taps};
use crate::frame::Frame;
use crate::space::{CropSquare, MeshPoint, Outline};
use crate::topology::OVAL;

/// How much larger than a face's outline what hides others is: ears; and upwards once more, hair.
const HEAD: f32 = 1.1;
const HAIR: f32 = 1.5;
/// A mesh lies on another face where it is nearer to the place at which that is awaited, eye distances of the larger.
const TAKEN: f32 = 0.8;

/// A face's outline with the ears, and upwards so many times as high, in pixels of a region's crop, `n` a side.
fn outline(face: &Follow, upwards: f32, region: CropSquare, n: usize) -> Outline {
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
pub(super) fn in_front(follows: &[Follow], id: u64, region: CropSquare, n: usize) -> Vec<Outline> {
    let others = follows.iter().filter(|f| f.id != id && f.near(region.centre));
    others.map(|f| outline(f, 1.0, region, n)).collect()
}

/// Whether a mesh that was read for a followed face lies on another one, which is awaited elsewhere.
fn strayed(points: &[MeshPoint], follow: &Follow, follows: &[Follow], elapsed: f32) -> bool {
    if follows.len() < 2 {
        return false;
    }
    let (place, own) = (centre(points).0, centre(&follow.await_mesh(elapsed)).0);
    follows.iter().filter(|f| f.id != follow.id).any(|other| {
        let at = centre(&other.await_mesh(elapsed)).0;
        let reach = TAKEN * other.pose.scale.max(follow.pose.scale);
        place.distance(at) < reach.min(place.distance(own)) && own.distance(at) > reach
    })
}

impl Tracker {
    /// Reads a followed face where it is awaited, with whether the network sees it there.
    pub(super) fn read_on(
        &mut self,
        frame: &Frame,
        follow: &Follow,
        follows: &[Follow],
        elapsed: f32,
    ) -> Result<(Reading, bool, CropSquare), TrackError> {
        let awaited = follow.await_region(elapsed);
        let (reading, region) = self.read(frame, awaited)?;
        if self.config.smoothing.is_some() && strayed(&reading.points, follow, follows, elapsed) {
            // Its crop went along with the mesh.
            let reading = self.mesh.read(frame, awaited, taps(awaited.side, 192))?;
            return Ok((reading, false, awaited));
        }
        let seen = self.is_face(&reading, frame);
        Ok((reading, seen, region))
    }

    /// Has faces that do not look like themselves where they are taken to be drawn behind those beside them that do.
    pub(super) fn draw_behind(&mut self) {
        for index in 0..self.follows.len() {
            let unfit =
                |f: &&Follow| f.coasts() || self.models.get(&f.id).is_some_and(|model| f.misfits(model));
            let Some(follow) = self.follows.get(index).filter(unfit) else { continue };
            let (id, region, claim) = (follow.id, follow.region, follow.claim());
            let mesh = in_crop(&follow.points, region, 1.0);
            let better = self.follows.iter().filter(|f| f.claim() > claim && f.near(region.centre));
            let others: Vec<Outline> = better.map(|f| outline(f, HAIR, region, 1)).collect();
            if let (Some(model), Some(follow)) = (self.models.get_mut(&id), self.follows.get_mut(index)) {
                model.hide(&mesh, &others);
                follow.occlusion = model.occlusion();
            }
        }
    }

    /// Looks for lost faces beside followed ones where they are awaited: their own looks tell them while a detector does not
    /// see yet what is half covered.
    pub(super) fn bring_back(&mut self, frame: &Frame) -> Result<(), TrackError> {
        let mut index = 0;
        while let Some(ghost) = self.ghosts.get(index).filter(|_| self.missing()) {
            index += 1;
            let (age, region) = (ghost.age, ghost.follow.await_region(ghost.age));
            let mut awaited = ghost.follow.ahead(age, region);
            let hidden = self.follows.iter().any(|f| f.near(awaited.centre()));
            let apart = self.follows.iter().all(|f| !f.same_place(&awaited));
            if age > GONE_ON || !hidden || !apart || !self.models.contains_key(&awaited.id) {
                continue;
            }
            // For the crop: the network's mesh would lie on the face in front.
            let reading = self.mesh.read(frame, region, taps(region.side, 192))?;
            let (planar, n) = self.mesh.crop();
            let others = in_front(&self.follows, awaited.id, region, n);
            let Some(crop) = Crop::new(planar, n, &[], &mut self.views) else { continue };
            let crop = crop.behind(others.clone());
            let model = self.models.get(&awaited.id);
            if model.and_then(|model| awaited.alike(model, &crop)).unwrap_or(0.0) < BACK {
                continue;
            }
            (awaited.age, awaited.back) = (0, true);
            let back = self.moved(&awaited, reading, false, region, age, others);
            if let Some(back) = back.filter(|back| self.follows.iter().all(|f| !f.same_place(back))) {
                self.ghosts.retain(|ghost| ghost.follow.id != back.id);
                self.follows.push(back);
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
    fn face(id: u64, x: f32) -> Follow {
        let region = CropSquare { centre: ImagePx(Vec2::new(x + 75.0, 115.0)), side: 220.0, angle: 0.0 };
        Follow::start(id, 1.0, points(x), region).unwrap()
    }

    fn points(x: f32) -> Vec<MeshPoint> {
        CANONICAL_UV.iter().map(|p| MeshPoint::new(p[0] * 150.0 + x, p[1] * 150.0 + 40.0, 0.0)).collect()
    }

    #[test]
    fn a_mesh_is_astray_where_another_face_is_awaited() {
        let follows = [face(1, 100.0), face(2, 200.0)];
        let [own, other] = &follows;
        let strays = |x: f32, follow: &Follow| strayed(&points(x), follow, &follows, 0.03);
        assert!(strays(195.0, own) && strays(105.0, other));
        assert!(!strays(100.0, own) && !strays(140.0, own), "nearer to its own place");
        assert!(!strays(700.0, own), "far from both");
        // Faces at one place: which of them a mesh lies on can't be told.
        let follows = [face(1, 100.0), face(2, 120.0)];
        assert!(!strayed(&points(118.0), &follows[0], &follows, 0.03));
    }

    #[test]
    fn other_faces_near_by_may_be_in_front() {
        let follows = [face(1, 100.0), face(2, 200.0), face(3, 900.0)];
        let outlines = in_front(&follows, 1, follows[0].region, 192);
        assert_eq!(outlines.len(), 1, "neither the face itself nor one far off");
        // Region pixels to crop pixels: the region begins at x = 65, and 220 of its pixels are 192.
        let left = outlines[0].iter().map(|p| p.x).fold(f32::MAX, f32::min);
        let own = in_crop(&points(200.0), follows[0].region, 192.0);
        let bare = OVAL.iter().map(|i| own[usize::from(*i)].x).fold(f32::MAX, f32::min);
        assert!(left < bare && left > bare - 10.0, "{left} {bare}");
    }
}
