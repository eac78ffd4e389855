//! Where the cells of a square over a face's UV lie in the mesh.

use super::{CELLS, SIDE};
use crate::canonical_uv::CANONICAL_UV;
use crate::topology::{EYE_LEFT, EYE_RIGHT, LIPS_OUTER, SKIN_TRIANGLES, TRIANGLES};
use glam::{Vec2, Vec3};
use std::sync::LazyLock;

/// Where a texel lies in the mesh.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) cell: u16,
    pub(crate) corners: [u16; 3],
    pub(crate) weights: Vec3,
    /// Whether it lies so near to eyes or lips that they change it.
    pub(crate) moves: bool,
}

/// Skin this near to eyes and lips, in cells, does not tell what stands in front: a blink or a word would look like it.
const MOVES: f32 = 1.6;

/// The texels on skin, by triangle of the mesh in canonical UV.
pub(super) static SKIN: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let uv: Vec<Vec2> = CANONICAL_UV.iter().map(|p| Vec2::from_array(*p)).collect();
    let of = |loop_: &[u16]| -> Vec<Vec2> {
        loop_.iter().filter_map(|i| uv.get(usize::from(*i)).copied()).collect()
    };
    let moving = [of(&EYE_RIGHT), of(&EYE_LEFT), of(&LIPS_OUTER)];
    let mut all = places(&uv, &TRIANGLES[..SKIN_TRIANGLES]);
    for place in &mut all {
        let cell = usize::from(place.cell);
        let at = (Vec2::new((cell % SIDE) as f32, (cell / SIDE) as f32) + 0.5) / SIDE as f32;
        place.moves = moving.iter().any(|line| outside(line, at) * SIDE as f32 <= MOVES);
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

/// Distance of a place to a closed line; 0 inside.
fn outside(line: &[Vec2], at: Vec2) -> f32 {
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

/// The cells whose middles the triangles cover; the first triangle has a cell.
pub(crate) fn places(uv: &[Vec2], triangles: &[[u16; 3]]) -> Vec<Place> {
    let mut taken = vec![false; CELLS];
    let mut out = Vec::new();
    for corners in triangles {
        let Some([a, b, c]) = points_of(uv, corners) else { continue };
        let area = (b - a).perp_dot(c - a);
        if area.abs() < 1e-9 {
            continue;
        }
        let low = (a.min(b).min(c) * SIDE as f32 - 0.5).floor().max(Vec2::ZERO);
        let high = (a.max(b).max(c) * SIDE as f32 - 0.5).ceil().min(Vec2::splat(SIDE as f32 - 1.0));
        for y in low.y as usize..=high.y as usize {
            for x in low.x as usize..=high.x as usize {
                let p = (Vec2::new(x as f32, y as f32) + 0.5) / SIDE as f32;
                let weights = Vec3::new(
                    (b - p).perp_dot(c - p) / area,
                    (c - p).perp_dot(a - p) / area,
                    (a - p).perp_dot(b - p) / area,
                );
                let cell = y * SIDE + x;
                if weights.min_element() >= -1e-4 && !std::mem::replace(&mut taken[cell], true) {
                    out.push(Place { cell: cell as u16, corners: *corners, weights, moves: false });
                }
            }
        }
    }
    out
}

pub(super) fn points_of(points: &[Vec2], corners: &[u16; 3]) -> Option<[Vec2; 3]> {
    let at = |k: usize| points.get(usize::from(corners[k])).copied();
    Some([at(0)?, at(1)?, at(2)?])
}

/// Calls for the cells of the square round one.
pub(crate) fn around(cell: usize, reach: usize, mut call: impl FnMut(usize)) {
    let (x, y) = (cell % SIDE, cell / SIDE);
    for y in y.saturating_sub(reach)..=(y + reach).min(SIDE - 1) {
        for x in x.saturating_sub(reach)..=(x + reach).min(SIDE - 1) {
            call(y * SIDE + x);
        }
    }
}

/// Morphological closing of a square of values with a square of cells: the greatest values round a cell, then the least of
/// those. Cells below 0 are none and hide nothing.
pub(super) fn closed(values: &[f32], reach: usize) -> Vec<f32> {
    let each = |from: &[f32], start: f32, pick: fn(f32, f32) -> f32, across: bool| -> Vec<f32> {
        (0..CELLS)
            .map(|cell| {
                let (x, y) = (cell % SIDE, cell / SIDE);
                let at = if across { x } else { y };
                let line = at.saturating_sub(reach)..=(at + reach).min(SIDE - 1);
                line.map(|k| from[if across { y * SIDE + k } else { k * SIDE + x }]).fold(start, pick)
            })
            .collect()
    };
    let wide = each(&each(values, -1.0, f32::max, true), -1.0, f32::max, false);
    // Beyond the face nothing is known: it must not eat into what is.
    let wide: Vec<f32> = wide.into_iter().map(|v| if v < 0.0 { 1.0 } else { v }).collect();
    each(&each(&wide, 1.0, f32::min, true), 1.0, f32::min, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_fills_what_lies_between_and_nothing_beside() {
        let mut values = vec![0.0; CELLS];
        for y in 20..40 {
            for x in [20, 30, 31] {
                values[y * SIDE + x] = 1.0;
            }
        }
        let out = closed(&values, 5);
        let at = |x: usize, y: usize| out[y * SIDE + x];
        assert!(at(25, 30) == 1.0 && at(20, 30) == 1.0 && at(31, 30) == 1.0);
        assert!(at(18, 30) == 0.0 && at(33, 30) == 0.0 && at(25, 17) == 0.0);
        // Wider gaps stay open.
        assert!(closed(&values, 3)[30 * SIDE + 25] == 0.0);
    }
}
