//! Plane geometry: triangles over texels, and the similarity between two sets of points.

use glam::{USizeVec2, Vec2};

/// Twice a triangle's area; negative where it runs counter-clockwise on screen.
#[inline]
#[must_use]
pub fn doubled_area([a, b, c]: [Vec2; 3]) -> f32 {
    (b - a).perp_dot(c - a)
}

/// The texels of a square of `side` (1 or more) texels a side that a triangle may cover: those of its box, row by row. Corners
/// are in texels, (0, 0) the middle of the first one.
pub fn texels_round([a, b, c]: [Vec2; 3], side: usize) -> impl Iterator<Item = USizeVec2> {
    let low = a.min(b).min(c).floor().max(Vec2::ZERO).as_usizevec2();
    let high = a.max(b).max(c).ceil().min(Vec2::splat(side as f32 - 1.0)).as_usizevec2();
    (low.y..=high.y).flat_map(move |y| (low.x..=high.x).map(move |x| USizeVec2::new(x, y)))
}

/// The turn, scale and shift of the plane that carry points nearest to others in the least-squares sense.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimilarityFit {
    /// The points' mean.
    pub from: Vec2,
    /// The others' mean, where `from` comes to lie.
    pub to: Vec2,
    /// The scale, above 0.
    pub scale: f32,
    /// The turn in radians, from x to y: clockwise on screen.
    pub angle: f32,
}

impl SimilarityFit {
    /// The similarity that carries the first of each pair nearest to the second: Umeyama, IEEE Transactions on Pattern
    /// Analysis 13, 1991; in the plane it is one complex division. None where the firsts, or the seconds, lie in one spot:
    /// where the firsts' squared distances from their mean sum up to 1e-3 at most, or the scale is 1e-6 at most.
    #[must_use]
    pub fn of(pairs: &[(Vec2, Vec2)]) -> Option<Self> {
        let count = pairs.len() as f32;
        let from = pairs.iter().map(|(p, _)| *p).sum::<Vec2>() / count;
        let to = pairs.iter().map(|(_, q)| *q).sum::<Vec2>() / count;
        // As complex numbers: q = a · p; a is the mean of conj(p) · q over that of |p|².
        let (mut product, mut spread) = (Vec2::ZERO, 0.0);
        for (p, q) in pairs {
            let (p, q) = (p - from, q - to);
            product += Vec2::new(p.dot(q), p.perp_dot(q));
            spread += p.length_squared();
        }
        let a = product / spread;
        let scale = a.length();
        let found = scale.is_finite() && scale > 1e-6 && spread > 1e-3;
        found.then(|| Self { from, to, scale, angle: a.to_angle() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_holds_every_texel_of_its_triangle_and_none_outside_the_square() {
        let corners = [Vec2::new(-3.0, 1.2), Vec2::new(2.5, 0.0), Vec2::new(1.0, 9.0)];
        let found: Vec<USizeVec2> = texels_round(corners, 4).collect();
        assert_eq!((found.first(), found.last()), (Some(&USizeVec2::ZERO), Some(&USizeVec2::splat(3))));
        assert_eq!(found.len(), 16);
        let one: Vec<USizeVec2> = texels_round([Vec2::new(2.0, 1.0); 3], 4).collect();
        assert_eq!(one, [USizeVec2::new(2, 1)]);
    }

    #[test]
    fn areas_are_signed() {
        let [a, b, c] = [Vec2::ZERO, Vec2::new(4.0, 0.0), Vec2::new(0.0, 3.0)];
        assert_eq!([doubled_area([a, b, c]), doubled_area([a, c, b])], [12.0, -12.0]);
    }

    #[test]
    fn a_similarity_is_found_again() {
        let places = [[0.0, 0.0], [40.0, 3.0], [22.0, 30.0], [5.0, 41.0]].map(Vec2::from_array);
        for (angle, scale) in [(0.0, 1.0), (0.4, 2.5), (-2.8, 0.3)] {
            let carried = |p: Vec2| Vec2::from_angle(angle).rotate(p) * scale + Vec2::new(-7.0, 90.0);
            let fit = SimilarityFit::of(&places.map(|p| (p, carried(p)))).unwrap();
            assert!((fit.scale - scale).abs() < 1e-5 && (fit.angle - angle).abs() < 1e-5, "{fit:?}");
            assert!(fit.to.distance(carried(fit.from)) < 1e-4, "{fit:?}");
        }
    }

    #[test]
    fn points_in_one_spot_have_no_similarity() {
        let (spot, apart) = (Vec2::splat(40.0), [Vec2::ZERO, Vec2::new(9.0, 2.0)]);
        assert_eq!(SimilarityFit::of(&apart.map(|p| (spot, p))), None);
        assert_eq!(SimilarityFit::of(&apart.map(|p| (p, spot))), None);
        assert_eq!(SimilarityFit::of(&apart.map(|p| (p * f32::NAN, p))), None);
        assert_eq!(SimilarityFit::of(&[]), None);
    }
}
