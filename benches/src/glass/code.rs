//! The code on the screen: a black frame by which it is found, and in it the number of the screen's picture. The number is
//! in Gray code (Gray, US patent 2632058, 1953), so that an exposure over two pictures leaves one bit between black and
//! white; each bit is a pair of cells of which one is white, so that none needs a threshold.

use glam::{Mat3, Vec2, vec2};

/// Modules a side, with the frame.
pub const SIDE: usize = 30;
/// Modules of white that must be round it.
pub const QUIET: f32 = 2.0;
/// Thickness of the frame, where the cells begin, their modules a side, and pairs of them in a row and a column.
const FRAME: usize = 2;
const CELLS_AT: usize = 3;
const CELL: usize = 4;
const COLUMNS: usize = 3;
const ROWS: usize = 6;
/// Bits of a number.
pub(super) const BITS: usize = 13;
/// Pairs of cells.
pub(super) const PAIRS: usize = COLUMNS * ROWS;
/// Pairs that never change, and whether their first cell is white: those in the corners, and one below the first. No turned or
/// mirrored code has them; with the corners alone some numbers would.
pub(super) const FIXED: [(usize, bool); 5] =
    [(0, true), (COLUMNS - 1, true), (COLUMNS, true), (PAIRS - COLUMNS, true), (PAIRS - 1, false)];

/// A place of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shade {
    White,
    Black,
    /// The first or second cell of a pair.
    Cell(usize, bool),
}

/// What is at a place, in modules from the frame's corner.
pub(super) fn shade(at: Vec2) -> Shade {
    let side = SIDE as f32;
    if at.min_element() < 0.0 || at.max_element() >= side {
        return Shade::White;
    }
    let edge = FRAME as f32;
    if at.min_element() < edge || at.max_element() >= side - edge {
        return Shade::Black;
    }
    let cell = |v: f32| (v as usize).checked_sub(CELLS_AT).map(|v| v / CELL);
    match (cell(at.x), cell(at.y)) {
        (Some(column), Some(row)) if column < 2 * COLUMNS && row < ROWS => {
            Shade::Cell(row * COLUMNS + column / 2, column % 2 == 1)
        }
        _ => Shade::White,
    }
}

/// The middle of a pair's cell, in modules.
pub(super) fn cell_middle(pair: usize, second: bool) -> Vec2 {
    let middle = |k: usize| (CELLS_AT + CELL * k) as f32 + CELL as f32 / 2.0;
    vec2(middle(pair % COLUMNS * 2 + usize::from(second)), middle(pair / COLUMNS))
}

/// The pair of each bit.
pub(super) fn pair_of(bit: usize) -> usize {
    let free = |pair: &usize| FIXED.iter().all(|(fixed, _)| fixed != pair);
    (0..PAIRS).filter(free).nth(bit).unwrap_or_default()
}

/// Light of the first cell of each pair, 0..=1; the second has the rest.
pub(super) fn light(number: u16) -> [f32; PAIRS] {
    let gray = number ^ (number >> 1);
    let mut light = [0.0; PAIRS];
    for bit in 0..BITS {
        light[pair_of(bit)] = f32::from(gray >> bit & 1);
    }
    for (pair, first) in FIXED {
        light[pair] = f32::from(u8::from(first));
    }
    light
}

/// The whole code as encoded grey, a pixel a module, rows from the top.
pub(super) fn pixels(number: u16) -> Vec<u8> {
    let light = light(number);
    let value = |i: usize| match shade(vec2((i % SIDE) as f32 + 0.5, (i / SIDE) as f32 + 0.5)) {
        Shade::White => 255,
        Shade::Black => 0,
        Shade::Cell(pair, second) => {
            let first = light.get(pair).copied().unwrap_or_default() > 0.5;
            if first == second { 0 } else { 255 }
        }
    };
    (0..SIDE * SIDE).map(value).collect()
}

/// The homography from modules to a picture, given where the frame's outer corners are: upper left, upper right, lower
/// right, lower left (unit square to quadrilateral: Heckbert, Fundamentals of Texture Mapping, 1989, section 2.2.3). None
/// where they lie on a line.
pub(super) fn placed(corners: [Vec2; 4]) -> Option<Mat3> {
    let [a, b, c, d] = corners;
    let (u, v, w) = (b - c, d - c, a - b + c - d);
    let area = u.perp_dot(v);
    if area.is_nan() || area.abs() < 1.0 {
        return None;
    }
    let (g, h) = (w.perp_dot(v) / area, u.perp_dot(w) / area);
    let (x, y) = (b - a + b * g, d - a + d * h);
    let square = Mat3::from_cols(x.extend(g), y.extend(h), a.extend(1.0));
    Some(square * Mat3::from_scale(Vec2::splat(1.0 / SIDE as f32)))
}

/// A place through a homography.
pub(super) fn through(map: &Mat3, at: Vec2) -> Vec2 {
    let p = *map * at.extend(1.0);
    p.truncate() / p.z
}
