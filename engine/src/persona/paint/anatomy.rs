//! Where the face's parts lie in the canonical UV. Right and left are the subject's; shapes are given for the
//! right side (the picture's left), see [`super::curve::Side`].

use glam::Vec2;

use super::curve::Curve;
use crate::persona::canonical_uv::CANONICAL_UV;

/// Outline of the face.
pub(super) const OVAL: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176,
    149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];
/// Outer rim of the lips, from the right corner along the lower lip and back along the upper one.
pub(super) const LIPS_OUTER: [usize; 20] =
    [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185];
/// Rim of the mouth's opening, in the same order.
pub(super) const LIPS_INNER: [usize; 20] =
    [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191];
/// Rim of the right eye's opening, from the outer corner along the lower lid and back along the upper one.
pub(super) const EYE_RIGHT: [usize; 16] =
    [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246];

/// Middle of the right eye's opening.
pub(super) const EYE: Vec2 = Vec2::new(0.347, 0.344);
/// Tip of the nose.
pub(super) const NOSE_TIP: Vec2 = Vec2::new(0.5, 0.512);
/// The right nostril.
pub(super) const NOSTRIL: Vec2 = Vec2::new(0.452, 0.559);
/// Fullest point of the right cheek.
pub(super) const CHEEK: Vec2 = Vec2::new(0.268, 0.515);
/// Middle of the mouth.
pub(super) const MOUTH: Vec2 = Vec2::new(0.5, 0.685);
/// Fullest point of the chin.
pub(super) const CHIN: Vec2 = Vec2::new(0.5, 0.845);

/// Canonical position of a mesh point; the picture's middle for a number that is none.
pub(super) fn point(index: usize) -> Vec2 {
    CANONICAL_UV.get(index).map_or(Vec2::splat(0.5), |&p| Vec2::from(p))
}

fn points(indices: &[usize]) -> Vec<Vec2> {
    indices.iter().map(|&i| point(i)).collect()
}

/// The face's outline as a smooth ring.
pub(super) fn oval() -> Curve {
    Curve::smooth(&points(&OVAL), true)
}

/// The right eye's opening as a ring.
pub(super) fn eye() -> Curve {
    Curve::polygon(points(&EYE_RIGHT))
}

/// The right upper lid's edge, from the outer corner to the inner one.
pub(super) fn upper_lid() -> Curve {
    let mut lid = points(&EYE_RIGHT[8..]);
    lid.reverse();
    lid.insert(0, point(EYE_RIGHT[0]));
    Curve::smooth(&lid, false)
}

/// The right lower lid's edge, from the outer corner to the inner one.
pub(super) fn lower_lid() -> Curve {
    Curve::smooth(&points(&EYE_RIGHT[..9]), false)
}

/// Outline of both lips together.
pub(super) fn lips() -> Curve {
    closed(&lip_bow(), &lip_base())
}

/// The upper lip without the opening.
pub(super) fn upper_lip() -> Curve {
    closed(&lip_bow(), &mouth_upper())
}

/// The lower lip without the opening.
pub(super) fn lower_lip() -> Curve {
    closed(&mouth_lower(), &lip_base())
}

/// The shape between two lines that both run from right to left.
fn closed(above: &Curve, below: &Curve) -> Curve {
    Curve::polygon(above.points().iter().chain(below.points().iter().rev()).copied().collect())
}

/// Upper edge of the mouth's opening, from the right corner to the left one.
pub(super) fn mouth_upper() -> Curve {
    let mut line = vec![point(LIPS_INNER[0])];
    line.extend(points(&LIPS_INNER[10..]).iter().rev());
    Curve::smooth(&line, false)
}

/// Lower edge of the mouth's opening, from the right corner to the left one.
pub(super) fn mouth_lower() -> Curve {
    Curve::smooth(&points(&LIPS_INNER[..=10]), false)
}

/// Upper edge of the upper lip, from the right corner to the left one.
pub(super) fn lip_bow() -> Curve {
    let mut line = vec![point(LIPS_OUTER[0])];
    line.extend(points(&LIPS_OUTER[10..]).iter().rev());
    Curve::smooth(&line, false)
}

/// Lower edge of the lower lip, from the right corner to the left one.
pub(super) fn lip_base() -> Curve {
    Curve::smooth(&points(&LIPS_OUTER[..=10]), false)
}

/// The mouth's opening as a ring.
pub(super) fn mouth() -> Curve {
    closed(&mouth_upper(), &mouth_lower())
}

/// Middle line of the right natural brow, from its outer end to its inner one.
pub(super) fn brow() -> Curve {
    let (low, high) = (points(&[46, 53, 52, 65, 55]), points(&[70, 63, 105, 66, 107]));
    Curve::smooth(&low.iter().zip(&high).map(|(&a, &b)| a.midpoint(b)).collect::<Vec<_>>(), false)
}
