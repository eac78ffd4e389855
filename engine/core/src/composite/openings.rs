//! The persona's own eyes and mouth in the mesh's holes, where the sliders ask for them.
//!
//! A hole's texture must not be squeezed as lids and lips close. So its corners are points of their own, whose texture
//! positions follow the live opening: lids slide over the persona's eye, and the inside of the mouth hangs from the
//! upper lip.

use crate::swap::{FaceTexture, inside_of_mouth};
use crate::topology::*;
use glam::{Vec2, Vec3};
use std::sync::LazyLock;

/// The holes' edges one after the other: the order of the points that are added.
static EDGES: LazyLock<Vec<u16>> =
    LazyLock::new(|| EYE_RIGHT.iter().chain(&EYE_LEFT).chain(&LIPS_INNER).copied().collect());

/// The mesh with holes that have corners of their own.
static PARTED: LazyLock<Vec<[u16; 3]>> = LazyLock::new(|| {
    let own = |i: u16| {
        let place = EDGES.iter().position(|e| *e == i);
        place.map_or(i, |k| (POINTS + k) as u16)
    };
    let whole = TRIANGLES.iter().take(SKIN_TRIANGLES).copied();
    whole.chain(TRIANGLES.iter().skip(SKIN_TRIANGLES).map(|t| t.map(own))).collect()
});

/// The triangles to draw. Adds the holes' corners to `points` (in pixels) and `uv` where the texture has openings of
/// its own; else nothing changes.
pub(super) fn part(texture: &FaceTexture, points: &mut Vec<Vec3>, uv: &mut Vec<Vec2>) -> &'static [[u16; 3]] {
    let wanted = texture.openings();
    if !wanted.eyes && !wanted.mouth {
        return &TRIANGLES;
    }
    let get = |i: &u16| Some((points.get(usize::from(*i))?.truncate(), *uv.get(usize::from(*i))?));
    let corners: Vec<(Vec2, Vec2)> = EDGES.iter().filter_map(get).collect();
    let depths: Vec<Vec3> = EDGES.iter().filter_map(|i| points.get(usize::from(*i)).copied()).collect();
    let (eyes, lips) = corners.split_at((EYE_RIGHT.len() + EYE_LEFT.len()).min(corners.len()));
    let mut places: Vec<Vec2> = corners.iter().map(|c| c.1).collect();
    if wanted.eyes {
        let eyes = eyes.chunks(EYE_RIGHT.len()).flat_map(lids);
        places.iter_mut().zip(eyes).for_each(|(place, at)| *place = at);
    }
    if wanted.mouth {
        let from = eyes.len();
        places.iter_mut().skip(from).zip(inside(lips)).for_each(|(place, at)| *place = at);
    }
    points.extend(depths);
    uv.extend(places);
    &PARTED
}

/// A place relative to a line: along it and beside it, in its length.
fn beside(at: Vec2, from: Vec2, to: Vec2) -> Vec2 {
    let line = to - from;
    Vec2::new((at - from).dot(line), line.perp_dot(at - from)) / line.length_squared().max(1e-12)
}

/// Texture positions of an eye's edge (place in the picture, place in the texture; outer corner, lower lid, inner
/// corner, upper lid): a lid that is farther down than the persona's own covers the persona's eye.
fn lids(edge: &[(Vec2, Vec2)]) -> Vec<Vec2> {
    let half = edge.len() / 2;
    let (Some(outer), Some(inner)) = (edge.first(), edge.get(half)) else { return Vec::new() };
    let own: Vec<Vec2> = edge.iter().map(|c| beside(c.1, outer.1, inner.1)).collect();
    let live: Vec<Vec2> = edge.iter().map(|c| beside(c.0, outer.0, inner.0)).collect();
    let mean = |part: &[Vec2]| part.iter().map(|p| p.y).sum::<f32>();
    // Which side of the line the upper lid is on differs between the eyes.
    let up = if mean(&own[half..]) > mean(&own[..half]) { 1.0 } else { -1.0 };
    let line = inner.1 - outer.1;
    let place = |(k, (own, live)): (usize, (&Vec2, &Vec2))| {
        let (own_y, live_y) = (own.y * up, live.y * up);
        let y = match k {
            0 => own_y,
            _ if k == half => own_y,
            _ if k < half => live_y.max(own_y),
            _ => live_y.min(own_y),
        };
        outer.1 + line * own.x + line.perp() * (y * up)
    };
    own.iter().zip(&live).enumerate().map(place).collect()
}

/// Texture positions of the inner lips' edge (right corner, lower lip, left corner, upper lip) in the painted mouth.
fn inside(edge: &[(Vec2, Vec2)]) -> Vec<Vec2> {
    let half = edge.len() / 2;
    let (Some(right), Some(left)) = (edge.first(), edge.get(half)) else { return Vec::new() };
    let live: Vec<Vec2> = edge.iter().map(|c| beside(c.0, right.0, left.0)).collect();
    let place = |(k, at): (usize, &Vec2)| {
        let above = if k > 0 && k < half { live.get(edge.len() - k) } else { None };
        inside_of_mouth(at.x, above.map_or(0.0, |above| (at.y - above.y).max(0.0)))
    };
    live.iter().enumerate().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An eye 40 wide: outer corner at the left, lids so far below and above.
    fn eye(lower: f32, upper: f32) -> Vec<Vec2> {
        let x = |k: usize| k as f32 * 5.0;
        let arc = |k: usize, high: f32| Vec2::new(x(k), high * (1.0 - (k as f32 / 4.0 - 1.0).powi(2)));
        (0..8).map(|k| arc(k, lower)).chain((0..8).map(|k| arc(8 - k, -upper))).collect()
    }

    #[test]
    fn a_lid_covers_the_eye_and_does_not_squeeze_it() {
        let own = eye(4.0, 10.0);
        let at = |live: Vec<Vec2>| {
            let pairs: Vec<(Vec2, Vec2)> = live.iter().map(|p| *p * 3.0 + 7.0).zip(own.clone()).collect();
            lids(&pairs)
        };
        let far = |a: &[Vec2], b: &[Vec2]| a.iter().zip(b).map(|(a, b)| a.distance(*b)).fold(0.0, f32::max);
        assert!(far(&at(own.clone()), &own) < 1e-4);
        // Wider than the persona's: its whole eye is stretched over it.
        assert!(far(&at(eye(6.0, 14.0)), &own) < 1e-4);
        // Half shut: texels keep their size; shut: none is left between the lids.
        assert!(far(&at(eye(4.0, 2.0)), &eye(4.0, 2.0)) < 1e-4);
        let shut = at(eye(4.0, -4.0));
        assert!((1..8).all(|k| shut[k].distance(shut[16 - k]) < 1e-4));
    }

    #[test]
    fn the_mouth_hangs_from_the_upper_lip() {
        let lips = |gap: f32| -> Vec<(Vec2, Vec2)> {
            let lower = (0..10).map(|k| Vec2::new(k as f32 * 5.0, if k == 0 { 0.0 } else { gap }));
            let upper = (0..10).map(|k| Vec2::new(50.0 - k as f32 * 5.0, 0.0));
            lower.chain(upper).map(|p| (p, Vec2::ZERO)).collect()
        };
        let (small, large) = (inside(&lips(5.0)), inside(&lips(20.0)));
        assert_eq!(small[15], large[15]);
        assert_eq!(small[5], inside_of_mouth(0.5, 0.1));
        assert_eq!(large[5], inside_of_mouth(0.5, 0.4));
    }

    #[test]
    fn only_holes_get_corners_of_their_own() {
        let skin = |t: &[u16; 3]| t.iter().all(|i| usize::from(*i) < POINTS);
        assert_eq!(PARTED.len(), TRIANGLES.len());
        assert_eq!(PARTED.iter().take_while(|t| skin(t)).count(), SKIN_TRIANGLES);
        assert!(PARTED.iter().skip(SKIN_TRIANGLES).all(|t| !t.iter().any(|i| usize::from(*i) < POINTS)));
    }
}
