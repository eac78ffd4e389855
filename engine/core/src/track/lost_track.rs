//! A face that was lost, and where it may come back.

use glam::Vec3;

use super::face_track::Track;

/// What another face's looks count against an predicted one, in eye distances, and how alike a face is whose looks are not
/// known, 0..=1.
const STRANGER: f32 = 12.0;
const UNKNOWN: f32 = 0.35;

/// A lost face.
#[derive(Debug, Clone)]
pub(super) struct LostTrack {
    pub(super) track: Track,
    /// Seconds since it was last seen.
    pub(super) age: f32,
}

impl LostTrack {
    /// How far a new face lies from where this one is predicted, in eye distances plus growth; none where it can't be
    /// this one. It may have gone on as it went, or come back to where it was.
    pub(super) fn distance(&self, fresh: &Track) -> Option<f32> {
        let last = self.track.pose;
        let gone_on = self.track.predicted_pose(self.age.min(0.25)).origin;
        let to = |place: Vec3| (place - fresh.pose.origin).truncate().length() / last.scale;
        let distance = to(last.origin).min(to(gone_on));
        let growth = (fresh.pose.scale / last.scale).ln().abs();
        // The longer it is away, the farther off it may return.
        let reach = 2.0 + 3.0 * self.age;
        (distance < reach && growth < 0.6).then_some(distance + growth)
    }

    /// Takes the one out that a new face continues: near, of similar size, and by its looks; `alike` says how much the new
    /// face looks like the one with an id, 0..=1. Also whether those looks fit, or none are known.
    pub(super) fn take(
        lost: &mut Vec<Self>,
        fresh: &Track,
        alike: impl Fn(u64) -> Option<f32>,
    ) -> Option<(Self, bool)> {
        let costs = lost.iter().enumerate().filter_map(|(i, lost)| {
            let (distance, alike) = (lost.distance(fresh)?, alike(lost.track.id).unwrap_or(UNKNOWN));
            Some((i, distance + STRANGER * (1.0 - alike), alike >= UNKNOWN))
        });
        let (index, _, known) = costs.min_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((lost.remove(index), known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical_uv::CANONICAL_UV;
    use crate::space::{CropSquare, ImagePx, MeshPoint};
    use glam::Vec2;

    fn face(id: u64, x: f32) -> Track {
        let place = |p: &[f32; 2]| MeshPoint::new(p[0] * 150.0 + x, p[1] * 150.0 + 40.0, 0.0);
        let region = CropSquare { centre: ImagePx(Vec2::new(x + 75.0, 115.0)), side: 220.0, angle: 0.0 };
        Track::from_mesh(id, 1.0, CANONICAL_UV.iter().map(place).collect(), region).expect("a face")
    }

    fn taken(alike: impl Fn(u64) -> Option<f32>) -> Option<(u64, bool)> {
        let mut lost: Vec<LostTrack> =
            [(1, 100.0), (2, 150.0)].map(|(id, x)| LostTrack { track: face(id, x), age: 0.1 }).into();
        let found = LostTrack::take(&mut lost, &face(9, 110.0), alike)?;
        assert_eq!(lost.len(), 1);
        Some((found.0.track.id, found.1))
    }

    #[test]
    fn the_nearest_comes_back_unless_looks_say_otherwise() {
        assert_eq!(taken(|_| None), Some((1, true)));
        assert_eq!(taken(|id| Some(if id == 2 { 0.7 } else { 0.4 })), Some((2, true)));
        // Nobody looks like it: the nearest, whose remembered looks are of no use.
        assert_eq!(taken(|_| Some(0.1)), Some((1, false)));
    }
}
