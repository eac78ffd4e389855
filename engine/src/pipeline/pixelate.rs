//! Strong pixelation of a region: nothing of a face can be made out in it.

use super::gate::Box2;
use crate::badge::Canvas;
use crate::space::PxRect;

/// Blocks across the region's shorter side.
const BLOCKS: f32 = 7.0;

/// Replaces the region by blocks of its mean colour.
pub(super) fn pixelate(canvas: &mut Canvas, region: &Box2) {
    let (width, height) = (canvas.frame().width(), canvas.frame().height());
    if !region.min.is_finite() || !region.max.is_finite() {
        return;
    }
    let all = PxRect::even_around(region.min, region.max, width, height);
    let block = ((region.max - region.min).min_element() / BLOCKS).ceil().clamp(8.0, 4096.0) as u32;
    let block = block.next_multiple_of(2);
    let mut codes = Vec::new();
    for y in (all.y..all.bottom()).step_by(block as usize) {
        for x in (all.x..all.right()).step_by(block as usize) {
            let cell = PxRect { x, y, width: block, height: block }.intersect(&all);
            canvas.frame().read_codes(cell, &mut codes);
            let mut sum = [0u32; 3];
            for code in &codes {
                for (s, v) in sum.iter_mut().zip(code.to_le_bytes()) {
                    *s += u32::from(v);
                }
            }
            let n = codes.len().max(1) as u32;
            let mean = sum.map(|s| ((s + n / 2) / n) as u8);
            codes.fill(u32::from_le_bytes([mean[0], mean[1], mean[2], 255]));
            canvas.write_codes(cell, &codes);
        }
    }
}
