//! Where the face's parts lie in the canonical UV. Right and left are the subject's; shapes are given for the
//! right side (the picture's left), see [`super::curve::Side`].

use glam::Vec2;

use super::curve::Curve;
use omote_frame::canonical_uv::CANONICAL_UV;
use omote_frame::topology::{EYE_RIGHT, LIPS_INNER, LIPS_OUTER, OVAL};

/// Middle of the right eye's opening.
pub(super) const EYE: Vec2 = Vec2::new(0.347, 0.344);
/// The right nostril.
pub(super) const NOSTRIL: Vec2 = Vec2::new(0.452, 0.559);
/// Fullest point of the right cheek.
pub(super) const CHEEK: Vec2 = Vec2::new(0.268, 0.515);
/// Middle of the mouth.
pub(super) const MOUTH: Vec2 = Vec2::new(0.5, 0.685);
/// Fullest point of the chin.
pub(super) const CHIN: Vec2 = Vec2::new(0.5, 0.845);

/// Canonical position of a mesh point; the picture's middle for a number that is none.
fn point(index: u16) -> Vec2 {
    CANONICAL_UV.get(usize::from(index)).map_or(Vec2::splat(0.5), |&p| Vec2::from(p))
}

/// How squarely the face's side looks forward at `p`: 1 in the middle, 0.35 at the rim. The canonical UV is a
/// frontal view, so what is drawn near the rim is stretched sideways by its inverse when the head turns.
pub(super) fn facing(p: Vec2) -> f32 {
    (1.0 - ((p.x - 0.5) / 0.36).powi(2)).max(0.0).sqrt().max(0.35)
}

fn points(indices: &[u16]) -> Vec<Vec2> {
    indices.iter().map(|&i| point(i)).collect()
}

/// Outer corner of the right eye's opening.
pub(super) fn eye_outer() -> Vec2 {
    point(EYE_RIGHT[0])
}

/// Inner corner of the right eye's opening.
pub(super) fn eye_inner() -> Vec2 {
    point(EYE_RIGHT[8])
}

/// The mouth's right corner.
pub(super) fn mouth_corner() -> Vec2 {
    point(LIPS_OUTER[0])
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
