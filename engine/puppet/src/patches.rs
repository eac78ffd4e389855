//! What the portrait does not show, made from what it shows: shut lids, and the inside of the mouth.

use super::atlas::{Image, column};
use super::expression::{EYES, LOWER_LIP, UPPER_LIP};
use super::layout::{LID_SEAM, MOUTH_AT};
use super::overlay::{LASHES, LID_COLUMNS, MOUTH_COLUMNS};
use super::point;
use super::pose::Skull;
use glam::{Vec2, Vec3};
use omote_frame::space::smoothstep;

/// Below this share of the mouth's width a gap between the lips shows no teeth.
const LEAST_GAP_WITH_TEETH: f32 = 0.04;

/// The colour of an upper lid that is `shut` 0..=1, at a share across (from the outer corner) and down
/// (from the crease over the lashes' root at [`LID_SEAM`] to the edge). R'G'B' 0..=1.
pub(super) fn lid(image: &Image, rest: &[Vec3], eye: usize, shut: f32, share: Vec2) -> Vec3 {
    let Some(eye) = EYES.get(eye) else { return Vec3::ZERO };
    let (a, b, t) = column(share.x, LID_COLUMNS);
    let line = |row: &[u16; 9]| point(rest, row[a]).lerp(point(rest, row[b]), t).truncate();
    let (crease, edge, above) = (line(&eye.crease), line(&eye.upper), line(&eye.above));
    let seam = edge.lerp(crease, LASHES);
    // Skin of the lid: that between crease and brow, as this column has it, a little softened.
    let next = (line(&eye.crease) - point(rest, eye.crease[if t < 0.5 { b } else { a }]).truncate()) * 0.5;
    let skin = [0.12, 0.30, 0.48]
        .into_iter()
        .flat_map(|k| [Vec2::ZERO, next, -next].map(|d| image.at(crease.lerp(above, k) + d).truncate()))
        .sum::<Vec3>()
        / 9.0;
    let corner = smoothstep(share.x * (1.0 - share.x) * 5.5);
    if share.y < LID_SEAM {
        let down = share.y / LID_SEAM;
        let own = image.at(crease.lerp(seam, down)).truncate();
        // Round like the eyeball below, in the crease's shade at the top.
        let round = 0.93 + 0.09 * (down * std::f32::consts::PI).sin();
        let painted = skin * (round * (0.90 + 0.10 * corner));
        return own.lerp(painted, shut * corner * smoothstep(down / 0.4));
    }
    let down = (share.y - LID_SEAM) / (1.0 - LID_SEAM);
    let own = image.at(seam.lerp(edge, down)).truncate();
    let lashes = own * (1.0 - 0.25 * shut * smoothstep((down - 0.6) / 0.4));
    lashes.lerp(skin * 0.94, shut * corner * (1.0 - smoothstep(down / 0.45)))
}

/// The colour of the mouth's inside at a share across (from the subject's right corner) and down
/// (rows at [`MOUTH_AT`]). R'G'B' 0..=1.
pub(super) fn mouth(image: &Image, rest: &[Vec3], skull: &Skull, share: Vec2) -> Vec3 {
    let (a, b, t) = column(share.x, MOUTH_COLUMNS);
    let line = |row: &[u16; 11]| point(rest, row[a]).lerp(point(rest, row[b]), t).truncate();
    let (upper, lower) = (line(&UPPER_LIP[3]), line(&LOWER_LIP[3]));
    let lip = image.at(point(rest, LOWER_LIP[1][5]).truncate()).truncate();
    let width = point(rest, UPPER_LIP[3][0]).distance(point(rest, UPPER_LIP[3][10]));
    let middle_gap = point(rest, UPPER_LIP[3][5]).distance(point(rest, LOWER_LIP[3][5]));
    let (dark, tongue) = (lip * 0.12, lip * 0.52);
    let side = (share.x * 2.0 - 1.0).abs();
    let [_, teeth_top, teeth_end, tongue_top, lip_edge, _] = MOUTH_AT;
    if share.y < teeth_end {
        let down = ((share.y - teeth_top) / (teeth_end - teeth_top)).max(0.0);
        let teeth = if middle_gap > LEAST_GAP_WITH_TEETH * width {
            image.at(upper.lerp(lower, 0.95 * down)).truncate()
        } else {
            painted_teeth(lip, share.x, down, skull.eyes() / width)
        };
        let end = 1.0 - smoothstep((down - 0.90) / 0.10);
        return dark.lerp(teeth, end);
    }
    if share.y < tongue_top {
        return dark;
    }
    let down = (share.y - tongue_top) / (lip_edge - tongue_top);
    let bulge = smoothstep(down / 0.7) * (1.0 - smoothstep((side - 0.25) / 0.55));
    // Towards the edge the inside of the lip, so that the lip's edge is no hard line.
    dark.lerp(tongue, bulge).lerp(lip * 0.62, smoothstep((down - 0.80) / 0.22))
}

/// Upper teeth for a portrait that shows none: a pale row, darker to the sides, with soft seams.
fn painted_teeth(lip: Vec3, across: f32, down: f32, eyes: f32) -> Vec3 {
    let side = across * 2.0 - 1.0;
    // A front tooth is about an eighth of the distance between the eyes.
    let seams = (side / 0.25 * eyes.clamp(0.7, 1.5) * std::f32::consts::PI).sin().abs();
    let pale = lip.lerp(Vec3::splat(0.92), 0.72);
    pale * ((1.0 - 0.55 * side * side) * (0.86 + 0.14 * smoothstep(seams * 3.0)) * (0.8 + 0.2 * down))
}
