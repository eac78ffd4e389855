//! Heads that are turned far: a frontal texture has next to nothing of a cheek that now faces the viewer. There its
//! few texels would be drawn out into streaks, so a softer level is taken, from which only the skin's colour comes. At the
//! far outline a narrow rim goes over into the live picture.

use super::tuning::ProfileTuning;
use glam::{Vec2, Vec3};
use omote_shaders::layout::Triangle;

/// Before the ears, and top and bottom of the oval.
const EARS: [usize; 2] = [234, 454];
const UPRIGHT: [usize; 2] = [10, 152];

fn between(v: f32, (from, to): (f32, f32)) -> f32 {
    let t = ((v - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The head's angle to the side, 0 (straight on) to π/2, from the mesh's own depth.
fn turn(points: &[Vec3]) -> f32 {
    let [Some(a), Some(b)] = EARS.map(|i| points.get(i)) else { return 0.0 };
    let across = *b - *a;
    across.z.abs().atan2(across.truncate().length())
}

/// Softens the triangles that are stretched, and fades the outline. `numbers`: the points of each of `triangles`;
/// `points`: in pixels, `uv`: 0..=1.
pub(super) fn soften(
    points: &[Vec3],
    uv: &[Vec2],
    side: u32,
    numbers: &[[u16; 3]],
    triangles: &mut [Triangle],
    tuning: &ProfileTuning,
) {
    let turned = turn(points);
    let (share, far) = (between(turned, tuning.side), between(turned, tuning.far) * tuning.far_levels);
    let [Some(top), Some(chin)] = UPRIGHT.map(|i| points.get(i)) else { return };
    let [Some(high), Some(low)] = UPRIGHT.map(|i| uv.get(i)) else { return };
    let usual = high.distance(*low) * side as f32 / top.distance(*chin).max(1.0);
    if share == 0.0 || usual <= 0.0 {
        return;
    }
    // Where the face looks to, in the picture.
    let [Some(a), Some(b)] = EARS.map(|i| points.get(i)) else { return };
    let ahead = (*chin - *top).cross(*b - *a).truncate().normalize_or_zero();
    let mut corners = vec![Corner::default(); points.len()];
    for (t, numbers) in triangles.iter().zip(numbers) {
        let Some([a, b, c]) = triple(points, numbers) else { continue };
        let normal = (b - a).cross(c - a);
        let stretch = (usual / t.least_texels(side).max(1e-4)).log2();
        let levels = ((stretch - tuning.usual).max(0.0) * tuning.levels).min(tuning.most_levels);
        for i in numbers {
            if let Some(corner) = corners.get_mut(usize::from(*i)) {
                corner.normal += normal;
                corner.levels += levels * normal.z.abs();
                corner.area += normal.z.abs();
            }
        }
    }
    for (t, numbers) in triangles.iter_mut().zip(numbers) {
        let at = numbers.map(|i| corners.get(usize::from(i)).copied().unwrap_or_default());
        t.soften(at.map(|c| c.levels / c.area.max(1e-6) * share + far));
        t.fade(at.map(|c| 1.0 - share * c.rim(ahead, tuning)));
    }
}

/// Sums over the triangles at a point; larger ones count more.
#[derive(Clone, Copy, Default)]
struct Corner {
    /// Out of the face: towards the viewer where z is negative.
    normal: Vec3,
    levels: f32,
    area: f32,
}

impl Corner {
    /// How far the point lies on the rim where the face turns out of sight, 0..=1.
    fn rim(&self, ahead: Vec2, tuning: &ProfileTuning) -> f32 {
        let n = self.normal.normalize_or_zero();
        let away = n.truncate().dot(ahead).clamp(0.0, 1.0);
        between(away, tuning.away) * (1.0 - between(-n.z, tuning.rim))
    }
}

fn triple(points: &[Vec3], corners: &[u16; 3]) -> Option<[Vec3; 3]> {
    let [a, b, c] = corners.map(|i| points.get(usize::from(i)).copied());
    Some([a?, b?, c?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_shaders::cpu::set_up;

    /// A half cylinder of 11 columns, 100 px wide and 130 high, its texture the view from the front; turned by an angle.
    fn turned(angle: f32) -> Vec<Triangle> {
        let mut points = vec![Vec3::ZERO; 460];
        let mut uv = vec![Vec2::ZERO; 460];
        let mut numbers = Vec::new();
        let mut put = |i: usize, a: f32, y: f32| {
            let p = Vec3::new(a.sin() * 50.0, y, 50.0 - a.cos() * 50.0);
            uv[i] = Vec2::new(p.x + 50.0, y) / 130.0;
            points[i] = glam::Quat::from_rotation_y(-angle) * p + Vec3::new(100.0, 10.0, 0.0);
        };
        for k in 0..11usize {
            let a = (k as f32 - 5.0) / 5.0 * 1.4;
            put(300 + k, a, 0.0);
            put(320 + k, a, 130.0);
            if k > 0 {
                let [p, q, r, s] = [299 + k, 300 + k, 319 + k, 320 + k].map(|i| i as u16);
                numbers.extend([[p, r, q], [q, r, s]]);
            }
        }
        put(EARS[0], -1.4, 65.0);
        put(EARS[1], 1.4, 65.0);
        put(UPRIGHT[0], 0.0, 0.0);
        put(UPRIGHT[1], 0.0, 130.0);
        let mut set = Vec::new();
        set_up(&points, &uv, &numbers, 128, [200, 160], &mut set);
        soften(&points, &uv, 128, &numbers, &mut set, &ProfileTuning::default());
        set
    }

    #[test]
    fn a_face_from_the_front_is_left_alone() {
        for angle in [0.0, 0.2, -0.2] {
            let plain = |t: &Triangle| t.cover == [0.0, 0.0, 1.0, 0.0] && t.edges.iter().all(|e| e[3] == 0.0);
            assert!(turned(angle).iter().all(plain));
        }
    }

    #[test]
    fn turned_far_the_near_side_is_soft_and_whole_and_the_far_rim_fades() {
        for angle in [0.9f32, -0.9] {
            let set = turned(angle);
            let level = |t: &Triangle, x: f32| t.edges[0][3] * x + t.edges[1][3] * 70.0 + t.edges[2][3];
            let cover = |t: &Triangle, x: f32| t.cover[0] * x + t.cover[1] * 70.0 + t.cover[2];
            let middle = |t: &Triangle| (t.bounds[0] + t.bounds[1]) as f32 * 0.5;
            // From the side that the face has turned towards the viewer on.
            let order: Vec<&Triangle> =
                if angle > 0.0 { set.iter().collect() } else { set.iter().rev().collect() };
            let near = order[0];
            assert!(level(near, middle(near)) > 1.0 && cover(near, middle(near)) > 0.99);
            assert!(level(order[10], middle(order[10])) < 0.3);
            let front = order.iter().rfind(|t| t.z[3] == 1.0).unwrap();
            let edge = if angle > 0.0 { front.bounds[1] } else { front.bounds[0] };
            assert!(cover(front, edge as f32) < 0.5, "{}", cover(front, edge as f32));
        }
    }
}
