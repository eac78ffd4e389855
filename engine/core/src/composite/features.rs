//! Where a live face is dark without any shadow: brows, eyes and lips tell nothing of the light on it.

use crate::topology::{BROW_LEFT, BROW_RIGHT, EYE_LEFT, EYE_RIGHT, LIPS_OUTER};
use glam::{Mat2, Vec2, Vec3};
use omote_shaders::layout::FEATURES;

/// The rows of an ellipse's map, see [`omote_shaders::layout::IlluminateParams::rows`].
type Rows = [[f32; 4]; 2 * FEATURES];

/// How much larger than its points each ellipse is: lashes and soft edges lie outside of them.
const GROWN: f32 = 1.25;
/// Least half height of an ellipse as a share of its half width: brows and closed eyes are lines.
const LEAST_HEIGHT: f32 = 0.3;

/// The ellipses of a face whose points are in the region's pixels, and how many there are.
pub(super) fn ellipses(points: &[Vec3]) -> (u32, Rows) {
    let parts: [&[u16]; FEATURES] = [&EYE_RIGHT, &EYE_LEFT, &BROW_RIGHT, &BROW_LEFT, &LIPS_OUTER];
    let mut rows = Rows::default();
    let mut count = 0;
    for part in parts {
        let places: Vec<Vec2> =
            part.iter().filter_map(|k| points.get(usize::from(*k))).map(|p| p.truncate()).collect();
        if let Some([x, y]) = ellipse(&places) {
            (rows[2 * count], rows[2 * count + 1]) = (x, y);
            count += 1;
        }
    }
    (count as u32, rows)
}

/// The map that takes an ellipse round some places to the unit circle; none where they lie too close together.
fn ellipse(places: &[Vec2]) -> Option<[[f32; 4]; 2]> {
    let middle = places.iter().sum::<Vec2>() / places.len().max(1) as f32;
    let far = places.iter().copied().max_by(|a, b| a.distance(middle).total_cmp(&b.distance(middle)))?;
    let half_width = far.distance(middle) * GROWN;
    if half_width < 1.0 {
        return None;
    }
    let along = (far - middle).normalize();
    let high = places.iter().map(|p| along.perp_dot(*p - middle).abs()).fold(0.0, f32::max);
    let half_height = (high * GROWN).max(half_width * LEAST_HEIGHT);
    let turn = Mat2::from_cols(along, along.perp()).transpose();
    let row = |axis: Vec2, half: f32| {
        let axis = axis / half;
        [axis.x, axis.y, -axis.dot(middle), 0.0]
    };
    Some([row(turn.row(0), half_width), row(turn.row(1), half_height)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipse_goes_round_its_points_and_not_far_beyond() {
        let turn = Vec2::from_angle(0.4);
        let places: Vec<Vec2> = (0..16)
            .map(|k| {
                let round = Vec2::from_angle(k as f32 * std::f32::consts::TAU / 16.0);
                turn.rotate(round * Vec2::new(20.0, 8.0)) + Vec2::new(50.0, 30.0)
            })
            .collect();
        let [x, y] = ellipse(&places).unwrap();
        let distance = |p: Vec2| {
            let at = |row: [f32; 4]| row[0] * p.x + row[1] * p.y + row[2];
            Vec2::new(at(x), at(y)).length()
        };
        assert!(
            places.iter().all(|p| (0.7..0.85).contains(&distance(*p))),
            "{:?}",
            places.iter().map(|p| distance(*p)).collect::<Vec<_>>()
        );
        assert!(distance(Vec2::new(50.0, 30.0)) < 1e-4);
        assert!(distance(Vec2::new(50.0, 30.0) + turn.rotate(Vec2::new(0.0, 12.0))) > 1.0);
        assert!(ellipse(&[Vec2::ZERO; 16]).is_none() && ellipse(&[]).is_none());
        assert_eq!(ellipses(&[]).0, 0);
    }
}
