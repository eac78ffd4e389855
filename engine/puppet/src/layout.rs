//! Which vertex shows which texel, and the triangles of all sheets.

use super::atlas::{Atlas, LID_STAGES, Patch};
use super::overlay::*;
use super::surround::Surround;
use glam::{Vec2, Vec3};
use omote_frame::topology::{POINTS, SKIN_TRIANGLES, TRIANGLES};

/// Where the rows of the mouth's inside lie in its patch.
pub(super) const MOUTH_AT: [f32; MOUTH_ROWS] = [0.0, 0.06, 0.50, 0.60, 0.95, 1.0];
/// Where the lashes' root lies in a lid's patch, from the crease.
pub(super) const LID_SEAM: f32 = 0.55;

/// As many triangles as the warp field tells apart.
const MOST_TRIANGLES: usize = 2047;

/// Texture positions and triangles. Vertices follow each other: face, surround, eyeballs, lids, mouth.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    uv: Vec<Vec2>,
    /// Drawn always; the first `skin` of them are face and surround.
    triangles: Vec<[u16; 3]>,
    skin: usize,
    /// Drawn where an eye is about to shut.
    lids: [Vec<[u16; 3]>; 2],
    /// First vertex of each eye's lid.
    lid_start: [usize; 2],
}

impl Layout {
    pub(super) fn new(rest: &[Vec3], surround: &Surround, overlays: &Overlays, atlas: &Atlas) -> Self {
        let mut uv: Vec<Vec2> = rest.iter().take(POINTS).map(|p| atlas.uv(p.truncate())).collect();
        uv.extend(surround.rest().map(|(_, picture)| atlas.uv(picture)));
        let mut triangles: Vec<[u16; 3]> = TRIANGLES[..SKIN_TRIANGLES].to_vec();
        // UvAtlases beyond the border show one line of texels: their winding is that of their places.
        let places: Vec<Vec2> = rest
            .iter()
            .take(POINTS)
            .map(|p| p.truncate())
            .chain(surround.rest().map(|(p, _)| p.truncate()))
            .collect();
        let visible = surround.triangles().iter().filter(|t| {
            let corners = t.map(|i| at(&uv, i));
            let low = corners.into_iter().fold(Vec2::MAX, Vec2::min);
            let high = corners.into_iter().fold(Vec2::MIN, Vec2::max);
            atlas.shows(low, high)
        });
        triangles.extend(visible.map(|t| facing(*t, &places, false)));
        let skin = triangles.len();
        let add = |uv: &mut Vec<Vec2>, positions: Vec<Vec2>, sheet: Vec<[u16; 3]>, mirrored: bool| {
            let start = uv.len();
            uv.extend(positions);
            let moved = sheet.into_iter().map(|t| t.map(|i| i + start as u16));
            (start, moved.map(|t| facing(t, uv, mirrored)).collect::<Vec<_>>())
        };
        for side in 0..2 {
            let positions = overlays.eyeball(side).map(|p| atlas.uv(p.truncate())).collect();
            // The hem's triangles show a line: their winding is that of their places as well.
            let places = overlays.eyeball_places(side);
            let sheet = eyeball_triangles().into_iter().map(|t| facing(t, &places, false)).collect();
            triangles.extend(add(&mut uv, positions, sheet, false).1);
        }
        let [right, left] = [0, 1].map(|side| {
            let sheet = grid_triangles(LID_ROWS, LID_COLUMNS);
            add(&mut uv, lid_uv(side, 0).collect(), sheet, side == 1)
        });
        let across = |c: usize| c as f32 / (MOUTH_COLUMNS - 1) as f32;
        let positions = MOUTH_AT
            .into_iter()
            .flat_map(|down| (0..MOUTH_COLUMNS).map(move |c| Patch::Mouth.uv(across(c), down)));
        let sheet = grid_triangles(MOUTH_ROWS, MOUTH_COLUMNS);
        triangles.extend(add(&mut uv, positions.collect(), sheet, false).1);
        debug_assert!(triangles.len() + right.1.len() + left.1.len() <= MOST_TRIANGLES);
        Self { uv, triangles, skin, lids: [right.1, left.1], lid_start: [right.0, left.0] }
    }

    /// Texture positions of face and surround.
    pub(super) fn uv(&self) -> &[Vec2] {
        &self.uv
    }

    /// Triangles of face and surround.
    pub(super) fn skin(&self) -> &[[u16; 3]] {
        self.triangles.get(..self.skin).unwrap_or_default()
    }

    /// What to draw with the eyes shut so far: texture positions and triangles.
    pub(super) fn frame(&self, blinks: [f32; 2], uv: &mut Vec<Vec2>, triangles: &mut Vec<[u16; 3]>) {
        uv.clone_from(&self.uv);
        triangles.clone_from(&self.triangles);
        for side in 0..2 {
            if let Some(stage) = stage(blinks[side]) {
                triangles.extend(&self.lids[side]);
                let start = self.lid_start[side];
                if let Some(lid) = uv.get_mut(start..start + LID_ROWS * LID_COLUMNS) {
                    lid.iter_mut().zip(lid_uv(side, stage)).for_each(|(a, b)| *a = b);
                }
            }
        }
    }
}

/// The lid's patch for an eye shut so far, or nothing while the portrait's own lid will do.
fn stage(blink: f32) -> Option<usize> {
    let at = (blink * (LID_STAGES as f32 + 0.5)) as usize;
    at.checked_sub(1).map(|s| s.min(LID_STAGES - 1))
}

fn lid_uv(side: usize, stage: usize) -> impl Iterator<Item = Vec2> {
    [0.0, LID_SEAM, 1.0].into_iter().flat_map(move |down| {
        let across = |c: usize| c as f32 / (LID_COLUMNS - 1) as f32;
        (0..LID_COLUMNS).map(move |c| Patch::Lid(side, stage).uv(across(c), down))
    })
}

fn at(points: &[Vec2], index: u16) -> Vec2 {
    points.get(usize::from(index)).copied().unwrap_or_default()
}

/// The triangle wound counter-clockwise on screen, as `points` lie or mirrored.
fn facing(t: [u16; 3], points: &[Vec2], mirrored: bool) -> [u16; 3] {
    let [a, b, c] = t.map(|i| at(points, i));
    if ((b - a).perp_dot(c - a) > 0.0) == mirrored { t } else { [t[0], t[2], t[1]] }
}
