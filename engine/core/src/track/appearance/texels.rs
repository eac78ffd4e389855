//! Where the cells of a square over a face's UV lie in the mesh.

use super::{CELLS, SIDE};
use crate::canonical_uv::CANONICAL_UV;
use crate::frame::geometry::{doubled_area, texels_round};
use crate::topology::{EYE_LEFT, EYE_RIGHT, LIPS_OUTER, SKIN_TRIANGLES, TRIANGLES};
use glam::{Vec2, Vec3, Vec4};
use multiversion::multiversion;
use std::sync::LazyLock;

/// Where a texel lies in the mesh.
#[derive(Clone, Copy)]
pub(crate) struct TexelPlace {
    pub(crate) cell: u16,
    /// Numbers of the mesh's points round it, and how much each counts.
    pub(crate) corners: [u16; 3],
    pub(crate) weights: Vec3,
    /// Whether it lies so near to eyes or lips that they change it.
    pub(crate) moves: bool,
}

impl TexelPlace {
    /// Where it lies in a mesh; none where points are missing.
    pub(crate) fn point_in(&self, mesh: &[Vec2]) -> Option<Vec2> {
        Some(self.between(corner_points(mesh, &self.corners)?))
    }

    /// The same of one that faces the viewer.
    #[inline]
    pub(super) fn visible_point_in(&self, mesh: &[Vec2]) -> Option<Vec2> {
        let [a, b, c] = corner_points(mesh, &self.corners)?;
        let faces_viewer = (a - b).perp_dot(c - a) > 0.0;
        faces_viewer.then(|| self.between([a, b, c]))
    }

    #[inline]
    fn between(&self, [a, b, c]: [Vec2; 3]) -> Vec2 {
        a * self.weights.x + b * self.weights.y + c * self.weights.z
    }
}

/// Skin this near to eyes and lips, in cells, does not tell what stands in front: a blink or a word would look like it. Part
/// of a table that all faces share, so no tuning. From 5410877, whose message records no figures; seen in painted over of
/// docs/gallery.md.
const MOVES: f32 = 1.6;

/// The texels on skin, by triangle of the mesh in canonical UV.
pub(super) static SKIN: LazyLock<Vec<TexelPlace>> = LazyLock::new(|| {
    let uv: Vec<Vec2> = CANONICAL_UV.iter().map(|p| Vec2::from_array(*p)).collect();
    let closed_line = |points: &[u16]| -> Vec<Vec2> {
        points.iter().filter_map(|i| uv.get(usize::from(*i)).copied()).collect()
    };
    let moving = [closed_line(&EYE_RIGHT), closed_line(&EYE_LEFT), closed_line(&LIPS_OUTER)];
    let mut all = texel_places(&uv, &TRIANGLES[..SKIN_TRIANGLES]);
    for place in &mut all {
        let at = middle_of(place.cell);
        place.moves = moving.iter().any(|line| distance_outside(line, at) * SIDE as f32 <= MOVES);
    }
    all
});

/// The texel of [`SKIN`] at each cell.
pub(super) static AT_CELL: LazyLock<Vec<Option<usize>>> = LazyLock::new(|| {
    let mut at = vec![None; CELLS];
    for (index, place) in SKIN.iter().enumerate() {
        at[usize::from(place.cell)] = Some(index);
    }
    at
});

/// The light's terms at each texel of [`SKIN`]: constant, linear (u, v), quadratic (u², uv, v²), then nothing. `u` and `v` go
/// from -1 to 1 over the square.
pub(super) static TERMS: LazyLock<Vec<[Vec4; 2]>> = LazyLock::new(|| {
    let terms = |place: &TexelPlace| {
        let at = middle_of(place.cell) * 2.0 - 1.0;
        [Vec4::new(1.0, at.x, at.y, at.x * at.x), Vec4::new(at.x * at.y, at.y * at.y, 0.0, 0.0)]
    };
    SKIN.iter().map(terms).collect()
});

/// How far beyond the skin, into eyes and mouth and round the face, values are carried, in cells. Part of a table that all
/// faces share, so no tuning. How it was found is not recorded (e6f16b8).
const BEYOND: usize = 6;

/// The cells beside the skin, ring by ring, each with those of the rings before that touch it.
pub(super) static BESIDE: LazyLock<Vec<(u16, Vec<u16>)>> = LazyLock::new(|| {
    let mut known: Vec<bool> = AT_CELL.iter().map(Option::is_some).collect();
    let mut all = Vec::new();
    for _ in 0..BEYOND {
        let before = known.clone();
        for cell in (0..CELLS).filter(|cell| !before[*cell]) {
            let mut near = Vec::new();
            for_each_cell_near(cell, 1, |k| near.extend(before[k].then_some(k as u16)));
            if !near.is_empty() {
                known[cell] = true;
                all.push((cell as u16, near));
            }
        }
    }
    all
});

/// Middle of a cell, 0..1 over the square.
fn middle_of(cell: u16) -> Vec2 {
    let cell = usize::from(cell);
    (Vec2::new((cell % SIDE) as f32, (cell / SIDE) as f32) + 0.5) / SIDE as f32
}

/// Distance of a place to a closed line; 0 inside.
fn distance_outside(line: &[Vec2], at: Vec2) -> f32 {
    let (mut nearest, mut inside) = (f32::MAX, false);
    for (a, b) in line.iter().zip(line.iter().cycle().skip(1)) {
        let along = *b - *a;
        let t = ((at - *a).dot(along) / along.length_squared().max(1e-9)).clamp(0.0, 1.0);
        nearest = nearest.min((*a + along * t).distance(at));
        if (a.y > at.y) != (b.y > at.y) && at.x < along.x * (at.y - a.y) / along.y + a.x {
            inside = !inside;
        }
    }
    if inside { 0.0 } else { nearest }
}

/// The cells of a square of [`SIDE`] cells whose middles the triangles cover; the first triangle has a cell.
pub(crate) fn texel_places(uv: &[Vec2], triangles: &[[u16; 3]]) -> Vec<TexelPlace> {
    let mut out = Vec::new();
    for_each_texel_place(uv, triangles, SIDE, |place| out.push(place));
    out
}

/// Calls for the cells of a square of `side` (256 at most) cells whose middles the triangles cover; the first triangle has a
/// cell.
pub(crate) fn for_each_texel_place(
    uv: &[Vec2],
    triangles: &[[u16; 3]],
    side: usize,
    mut call: impl FnMut(TexelPlace),
) {
    let mut taken = vec![false; side * side];
    for corners in triangles {
        let Some([a, b, c]) = corner_points(uv, corners) else { continue };
        let area = doubled_area([a, b, c]);
        if area.abs() < 1e-9 {
            continue;
        }
        for texel in texels_round([a, b, c].map(|p| p * side as f32 - 0.5), side) {
            let p = (texel.as_vec2() + 0.5) / side as f32;
            // Not by shares along two sides, as in the UV atlas: they round otherwise, and faces are tracked by these.
            let weights = Vec3::new(
                (b - p).perp_dot(c - p) / area,
                (c - p).perp_dot(a - p) / area,
                (a - p).perp_dot(b - p) / area,
            );
            let cell = texel.y * side + texel.x;
            if weights.min_element() >= -1e-4 && !std::mem::replace(&mut taken[cell], true) {
                call(TexelPlace { cell: cell as u16, corners: *corners, weights, moves: false });
            }
        }
    }
}

/// A triangle's corners among the points; none where one is missing.
#[inline]
fn corner_points(points: &[Vec2], corners: &[u16; 3]) -> Option<[Vec2; 3]> {
    let corner = |k: usize| points.get(usize::from(corners[k])).copied();
    Some([corner(0)?, corner(1)?, corner(2)?])
}

/// Calls for the cells of the square round one.
pub(crate) fn for_each_cell_near(cell: usize, reach: usize, call: impl FnMut(usize)) {
    for_each_cell_near_in(SIDE, cell, reach, call);
}

/// The same in a square of `side` cells.
pub(crate) fn for_each_cell_near_in(side: usize, cell: usize, reach: usize, mut call: impl FnMut(usize)) {
    let (x, y) = (cell % side, cell / side);
    for y in y.saturating_sub(reach)..=(y + reach).min(side - 1) {
        for x in x.saturating_sub(reach)..=(x + reach).min(side - 1) {
            call(y * side + x);
        }
    }
}

/// Joins the values of the square of cells round each cell, line by line; beyond the edge there are none.
#[multiversion(targets("x86_64+avx2"))]
fn combine_square<T: Copy>(values: &[T], reach: usize, join: impl Fn(T, T) -> T) -> Vec<T> {
    let join_into = |to: &mut [T], from: &[T]| to.iter_mut().zip(from).for_each(|(t, v)| *t = join(*t, *v));
    let mut across = values.to_vec();
    for (from, to) in values.chunks_exact(SIDE).zip(across.chunks_exact_mut(SIDE)) {
        for shift in 1..=reach {
            join_into(&mut to[shift..], from);
            join_into(to, &from[shift..]);
        }
    }
    let mut out = across.clone();
    for shift in (1..=reach).map(|rows| rows * SIDE) {
        join_into(&mut out[shift..], &across);
        join_into(&mut out, &across[shift..]);
    }
    out
}

/// How many of the cells round each are marked with 1 and not with 0.
pub(super) fn box_count(marks: &[u8], reach: usize) -> Vec<u8> {
    combine_square(marks, reach, |a, b| a + b)
}

/// Mean of the values round each cell, those below 0 left out; 0 where there are none.
pub(super) fn box_mean(values: &[f32], reach: usize) -> Vec<f32> {
    let there: Vec<f32> = values.iter().map(|v| f32::from(u8::from(*v >= 0.0))).collect();
    let values: Vec<f32> = values.iter().map(|v| v.max(0.0)).collect();
    let sums = |values: &[f32]| combine_square(values, reach, |a, b| a + b);
    sums(&values).iter().zip(sums(&there)).map(|(sum, n)| sum / n.max(1.0)).collect()
}

/// Morphological closing of a square of values with a square of cells: the greatest values round a cell, then the least of
/// those. Cells below 0 are none and hide nothing.
pub(super) fn closing(values: &[f32], reach: usize) -> Vec<f32> {
    let wide = combine_square(values, reach, f32::max);
    // Beyond the face nothing is known: it must not eat into what is.
    let wide: Vec<f32> = wide.into_iter().map(|v| if v < 0.0 { 1.0 } else { v }).collect();
    combine_square(&wide, reach, f32::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_those_of_the_cells_round_about() {
        let value = |cell: usize| if cell.is_multiple_of(7) { -1.0 } else { (cell * 37 % 101) as f32 };
        let values: Vec<f32> = (0..CELLS).map(value).collect();
        for reach in [1, 4] {
            let means = box_mean(&values, reach);
            for cell in [0, 5, SIDE - 1, 30 * SIDE + 31, CELLS - 1] {
                let mut near = Vec::new();
                for_each_cell_near(cell, reach, |k| near.push(values[k]));
                near.retain(|v| *v >= 0.0);
                let mean = near.iter().sum::<f32>() / near.len() as f32;
                assert!((means[cell] - mean).abs() < 1e-3, "{cell}: {} for {mean}", means[cell]);
            }
        }
        assert_eq!(box_mean(&[-1.0; CELLS], 2)[77], 0.0);
    }

    #[test]
    fn closing_fills_what_lies_between_and_nothing_beside() {
        let mut values = vec![0.0; CELLS];
        for y in 20..40 {
            for x in [20, 30, 31] {
                values[y * SIDE + x] = 1.0;
            }
        }
        let out = closing(&values, 5);
        let at = |x: usize, y: usize| out[y * SIDE + x];
        assert!(at(25, 30) == 1.0 && at(20, 30) == 1.0 && at(31, 30) == 1.0);
        assert!(at(18, 30) == 0.0 && at(33, 30) == 0.0 && at(25, 17) == 0.0);
        // Wider gaps stay open.
        assert!(closing(&values, 3)[30 * SIDE + 25] == 0.0);
    }
}
