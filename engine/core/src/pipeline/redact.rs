//! Covers a region so that nothing of a face can be made out in it.

use super::cast::Box2;
use crate::badge::Canvas;
use crate::frame::Frame;
use crate::space::{Outline, PxRect, crossings};

/// Blocks across the region's shorter side.
const BLOCKS: f32 = 7.0;

/// What the blocks' colour is made of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fill<'a> {
    /// The mean of the pixels they replace.
    Inside,
    /// The picture round about the region: no pixel in it counts, nor any in the boxes given.
    Around(&'a [Box2]),
}

/// Replaces the region by blocks of one colour each, as [`redact`] does, but for what lies inside one of the outlines:
/// faces in front, which are drawn over.
pub(super) fn redact_behind(canvas: &mut Canvas, region: &Box2, how: Fill<'_>, front: &[Outline]) {
    let (width, height) = (canvas.frame().width(), canvas.frame().height());
    if front.is_empty() || !region.min.is_finite() || !region.max.is_finite() {
        return redact(canvas, region, how);
    }
    let all = PxRect::even_around(region.min, region.max, width, height);
    let (mut before, mut codes) = (Vec::new(), Vec::new());
    canvas.frame().read_codes(all, &mut before);
    redact(canvas, region, how);
    canvas.frame().read_codes(all, &mut codes);
    let columns = (all.width as usize).max(1);
    for (row, (to, from)) in codes.chunks_exact_mut(columns).zip(before.chunks_exact(columns)).enumerate() {
        let y = all.y as f32 + row as f32;
        for outline in front {
            for (a, b) in spans(outline, y) {
                let at = |x: f32| ((x - all.x as f32).ceil().max(0.0) as usize).min(columns);
                let (a, b) = (at(a), at(b));
                if let (Some(to), Some(from)) = (to.get_mut(a..b), from.get(a..b)) {
                    to.copy_from_slice(from);
                }
            }
        }
    }
    canvas.write_codes(all, &codes);
}

/// Replaces the region by blocks of the mean of what is below each.
pub(super) fn pixelate(canvas: &mut Canvas, region: &Box2) {
    redact(canvas, region, Fill::Inside);
}

/// The stretches of a row that lie inside an outline (even-odd), from left to right.
fn spans(outline: &[glam::Vec2], y: f32) -> Vec<(f32, f32)> {
    let mut crossings: Vec<f32> = crossings(outline, y).collect();
    crossings.sort_by(f32::total_cmp);
    crossings.chunks_exact(2).map(|c| (c[0], c[1])).collect()
}

/// Replaces the region by blocks of one colour each.
fn redact(canvas: &mut Canvas, region: &Box2, how: Fill<'_>) {
    let (width, height) = (canvas.frame().width(), canvas.frame().height());
    if !region.min.is_finite() || !region.max.is_finite() {
        return;
    }
    let all = PxRect::even_around(region.min, region.max, width, height);
    if all.is_empty() {
        return;
    }
    let block = ((region.max - region.min).min_element() / BLOCKS).ceil().clamp(8.0, 4096.0) as u32;
    let block = block.next_multiple_of(2);
    let mut codes = Vec::new();
    let ring = match how {
        Fill::Inside => Vec::new(),
        Fill::Around(avoid) => ring(canvas.frame(), all, block, avoid, &mut codes),
    };
    for y in (all.y..all.bottom()).step_by(block as usize) {
        for x in (all.x..all.right()).step_by(block as usize) {
            let cell = PxRect { x, y, width: block, height: block }.intersect(&all);
            let colour = match how {
                Fill::Inside => mean(canvas.frame(), cell, &mut codes),
                Fill::Around(_) => blend(&ring, cell),
            };
            codes.clear();
            codes.resize((cell.width * cell.height) as usize, colour_code(colour));
            canvas.write_codes(cell, &codes);
        }
    }
}

/// A native colour, three codes.
type Colour = [f32; 3];

fn colour_code(colour: Colour) -> u32 {
    let [a, b, c] = colour.map(|v| (v + 0.5) as u8);
    u32::from_le_bytes([a, b, c, 255])
}

fn mean(frame: &Frame, cell: PxRect, codes: &mut Vec<u32>) -> Colour {
    frame.read_codes(cell, codes);
    let mut sum = [0u32; 3];
    for code in codes.iter() {
        for (s, v) in sum.iter_mut().zip(code.to_le_bytes()) {
            *s += u32::from(v);
        }
    }
    sum.map(|s| s as f32 / codes.len().max(1) as f32)
}

/// Means of the cells that lie round about the region, with their middles. Empty where the region fills
/// the picture or everything round it is to be avoided.
fn ring(
    frame: &Frame,
    all: PxRect,
    block: u32,
    avoid: &[Box2],
    codes: &mut Vec<u32>,
) -> Vec<(glam::Vec2, Colour)> {
    let picture = frame.bounds();
    let mut found = Vec::new();
    let (left, top) = (all.x.saturating_sub(block), all.y.saturating_sub(block));
    for y in (top..all.bottom() + block).step_by(block as usize) {
        for x in (left..all.right() + block).step_by(block as usize) {
            let cell = PxRect { x, y, width: block, height: block }.intersect(&picture);
            let inside = cell.intersect(&all);
            if cell.width < 2 || cell.height < 2 || !inside.is_empty() {
                continue;
            }
            let low = glam::Vec2::new(cell.x as f32, cell.y as f32);
            let high = glam::Vec2::new(cell.right() as f32, cell.bottom() as f32);
            let bare = |b: &Box2| b.min.cmplt(high).all() && b.max.cmpgt(low).all();
            if !avoid.iter().any(bare) {
                found.push(((low + high) * 0.5, mean(frame, cell, codes)));
            }
        }
    }
    found
}

/// The ring's colours by the inverse square of their distance; a neutral grey without a ring.
fn blend(ring: &[(glam::Vec2, Colour)], cell: PxRect) -> Colour {
    let middle = glam::Vec2::new(cell.x as f32, cell.y as f32)
        + glam::Vec2::new(cell.width as f32, cell.height as f32) * 0.5;
    let mut sum = [0.0; 3];
    let mut weights = 0.0;
    for (at, colour) in ring {
        let weight = 1.0 / at.distance_squared(middle).max(1.0);
        weights += weight;
        for (s, v) in sum.iter_mut().zip(colour) {
            *s += v * weight;
        }
    }
    if weights > 0.0 { sum.map(|s| s / weights) } else { [128.0; 3] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Colour as Codes, PixelFormat};
    use glam::Vec2;

    #[test]
    fn a_row_of_an_outline_is_what_lies_inside() {
        let diamond = [[10.0, 0.0], [20.0, 10.0], [10.0, 20.0], [0.0, 10.0]].map(Vec2::from_array);
        assert_eq!(spans(&diamond, 10.0), [(0.0, 20.0)]);
        assert_eq!(spans(&diamond, 5.0), [(5.0, 15.0)]);
        assert_eq!(spans(&diamond, 20.5), []);
        assert_eq!(spans(&[], 1.0), []);
    }

    #[test]
    fn faces_in_front_stay_and_all_else_is_covered() {
        let frame = Frame::filled(PixelFormat::I444, Codes::default(), 200, 160, [90, 40, 200]).unwrap();
        let mut canvas = Canvas::new(frame);
        let mark = PxRect { x: 40, y: 40, width: 80, height: 80 };
        canvas.write_codes(mark, &vec![u32::from_le_bytes([10, 128, 128, 255]); 80 * 80]);
        let region = Box2 { min: Vec2::splat(40.0), max: Vec2::splat(120.0) };
        let square = |a: f32, b: f32| vec![[a, a], [b, a], [b, b], [a, b]];
        let front: Outline = square(60.0, 90.0).into_iter().map(Vec2::from_array).collect();
        redact_behind(&mut canvas, &region, Fill::Around(&[]), &[front]);
        let mut codes = Vec::new();
        canvas.frame().read_codes(mark, &mut codes);
        for (i, code) in codes.iter().enumerate() {
            let (x, y) = (40 + i % 80, 40 + i / 80);
            let inside = (60..90).contains(&x) && (60..90).contains(&y);
            assert_eq!(code.to_le_bytes()[0] == 10, inside, "{x} {y}");
        }
    }
}
