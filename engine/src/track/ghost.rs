//! A face that was lost, and where it may come back.

use glam::Vec3;

use super::follow::Follow;

/// A lost face.
#[derive(Debug, Clone)]
pub(super) struct Ghost {
    pub(super) follow: Follow,
    /// Seconds since it was last seen.
    pub(super) age: f32,
}

impl Ghost {
    /// How far a new face lies from where this one is awaited, in eye distances plus growth; none where it can't be
    /// this one. It may have gone on as it went, or come back to where it was.
    pub(super) fn distance(&self, fresh: &Follow) -> Option<f32> {
        let last = self.follow.pose;
        let gone_on = self.follow.await_pose(self.age.min(0.25)).origin;
        let to = |place: Vec3| (place - fresh.pose.origin).truncate().length() / last.scale;
        let distance = to(last.origin).min(to(gone_on));
        let growth = (fresh.pose.scale / last.scale).ln().abs();
        // The longer it is away, the farther off it may return.
        let reach = 2.0 + 3.0 * self.age;
        (distance < reach && growth < 0.6).then_some(distance + growth)
    }
}
