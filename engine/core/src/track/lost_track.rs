//! A face that was lost, and where it may come back.

use glam::Vec3;

use super::face_track::Track;
use super::tuning::LostTuning;

/// A lost face.
#[derive(Debug, Clone)]
pub(super) struct LostTrack {
    pub(super) track: Track,
    /// Seconds since it was last read.
    pub(super) age: f32,
}

/// A lost face that a new one continues.
pub(super) struct Returned {
    pub(super) lost: LostTrack,
    /// Whether the new face looks like it, or its appearance is not known.
    pub(super) fits: bool,
}

impl LostTrack {
    /// How far a new face lies from where this one is predicted, in eye distances plus growth; none where it can't be
    /// this one. It may have gone on as it went, or come back to where it was.
    pub(super) fn distance(&self, fresh: &Track, tuning: &LostTuning) -> Option<f32> {
        let last = self.track.pose;
        let gone_on = self.track.predicted_pose(self.age.min(tuning.extrapolated_s)).origin;
        let distance_to = |place: Vec3| (place - fresh.pose.origin).truncate().length() / last.scale;
        let distance = distance_to(last.origin).min(distance_to(gone_on));
        let growth = (fresh.pose.scale / last.scale).ln().abs();
        // The longer it is away, the farther off it may return.
        let reach = tuning.reach + tuning.reach_per_s * self.age;
        (distance < reach && growth < tuning.most_growth).then_some(distance + growth)
    }

    /// Takes the one out that a new face continues: near, of similar size, and by its appearance; `likeness` says how much
    /// the new face looks like the one with an id, 0..=1.
    pub(super) fn take_matching(
        lost: &mut Vec<Self>,
        fresh: &Track,
        tuning: &LostTuning,
        likeness: impl Fn(u64) -> Option<f32>,
    ) -> Option<Returned> {
        let mut best: Option<(usize, f32, bool)> = None;
        for (index, candidate) in lost.iter().enumerate() {
            let Some(distance) = candidate.distance(fresh, tuning) else { continue };
            let likeness = likeness(candidate.track.id).unwrap_or(tuning.unknown_likeness);
            let cost = distance + tuning.unlike_cost * (1.0 - likeness);
            if best.is_none_or(|(_, least, _)| cost.total_cmp(&least).is_lt()) {
                best = Some((index, cost, likeness >= tuning.unknown_likeness));
            }
        }
        let (index, _, fits) = best?;
        Some(Returned { lost: lost.remove(index), fits })
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
        let found = LostTrack::take_matching(&mut lost, &face(9, 110.0), &LostTuning::default(), alike)?;
        assert_eq!(lost.len(), 1);
        Some((found.lost.track.id, found.fits))
    }

    #[test]
    fn the_nearest_comes_back_unless_looks_say_otherwise() {
        assert_eq!(taken(|_| None), Some((1, true)));
        assert_eq!(taken(|id| Some(if id == 2 { 0.7 } else { 0.4 })), Some((2, true)));
        // Nobody looks like it: the nearest, whose remembered looks are of no use.
        assert_eq!(taken(|_| Some(0.1)), Some((1, false)));
    }
}
