//! Which part of what stands before a face are glasses, for those who want the persona's instead.

use glam::{Vec2, Vec4};

use super::guided::REACH as GUIDED_REACH;
use super::{CELLS, SIDE};
use crate::track::appearance::for_each_cell_near_in;

/// Mesh points: tops of both brows, forehead's top, between the brows, base of the nose.
const BROWS: [usize; 2] = [105, 334];
const FOREHEAD: usize = 10;
const GLABELLA: usize = 9;
const NOSE_BASE: usize = 2;
/// How far above the brows frames reach, as a share of the way from the brows to the forehead's top. Chosen.
const ABOVE: f32 = 0.3;
/// Less in front than this joins nothing, 0..=1. Half of what is drawn by.
const LEAST: f32 = 0.06;
/// Share of a thing that lies beside the eyes, from which on it is glasses, 0..=1: all but a few cells that the network gets
/// wrong. Chosen.
const GLASSES: f32 = 0.9;

/// The rows of cells from above the brows to the base of the nose; none without a mesh.
fn belt(mesh: &[Vec2]) -> Option<[f32; 2]> {
    let y = |k: usize| mesh.get(k).map(|p| p.y);
    let brows = f32::min(y(BROWS[0])?, y(BROWS[1])?);
    let above = ABOVE * (y(GLABELLA)? - y(FOREHEAD)?).max(0.0);
    Some([brows - above, y(NOSE_BASE)?])
}

/// Marks the cells of glasses: all that hangs together, and lies beside the eyes and nowhere else. `front` says how far something
/// stands in front of each of 128 x 128 cells; `mesh` are the mesh's points in cells, upright.
fn cells(front: &[f32], mesh: &[Vec2]) -> Option<Vec<bool>> {
    let [top, bottom] = belt(mesh)?;
    let mut glasses = vec![false; CELLS];
    let mut seen: Vec<bool> = front.iter().map(|front| *front < LEAST).collect();
    let mut thing = Vec::new();
    for start in 0..CELLS {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        thing.clear();
        thing.push(start);
        let mut next = 0;
        while let Some(&cell) = thing.get(next) {
            next += 1;
            for_each_cell_near_in(SIDE, cell, 1, |near| {
                if !std::mem::replace(&mut seen[near], true) {
                    thing.push(near);
                }
            });
        }
        let all: f32 = thing.iter().map(|cell| front[*cell]).sum();
        let within = |cell: &&usize| (top..bottom).contains(&((**cell / SIDE) as f32));
        let beside: f32 = thing.iter().filter(within).map(|cell| front[*cell]).sum();
        if beside >= GLASSES * all {
            thing.iter().for_each(|cell| glasses[*cell] = true);
        }
    }
    Some(glasses)
}

/// The guided matte of everything in front but glasses; as it is where there are none.
pub(super) fn left_out(front: &[f32], mesh: &[Vec2], guided: &[Vec4]) -> Option<Vec<Vec4>> {
    let glasses = cells(front, mesh)?;
    if !glasses.contains(&true) {
        return None;
    }
    // Of a cell's function tell those round it.
    let mut tells = vec![[false; 2]; CELLS];
    for cell in (0..CELLS).filter(|cell| front[*cell] >= LEAST) {
        let of = usize::from(glasses[cell]);
        for_each_cell_near_in(SIDE, cell, 2 * GUIDED_REACH, |near| tells[near][of] = true);
    }
    let kept = guided.iter().zip(&tells);
    Some(kept.map(|(cell, [other, glasses])| if *glasses && !other { Vec4::ZERO } else { *cell }).collect())
}
