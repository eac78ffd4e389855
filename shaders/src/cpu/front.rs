//! `wgsl/front.wgsl`.

use crate::layout::{FRONT_SIDE, FrontParams};
use glam::{Vec2, Vec3, Vec4, Vec4Swizzles};

const SIDE: usize = FRONT_SIDE as usize;

/// Takes the persona's weight away where `guided` (`FRONT_SIDE`² cells of a matte: the share of red, green and blue and a
/// constant, by which square roots of linear light make it) says that something stands in front. Too few cells cover
/// nothing.
pub fn front(params: &FrontParams, field: &[Vec4], live: &[Vec4], guided: &[Vec4], persona: &mut [Vec4]) {
    let Some(cells) = guided.get(..SIDE * SIDE) else { return };
    let Some((first, beyond)) = reach(cells) else { return };
    let width = params.size[0].max(1) as usize;
    let [across, down] = params.to_cells.map(Vec4::from_array);
    let last = Vec2::splat((SIDE - 1) as f32);
    let rows = persona.chunks_mut(width).zip(field.chunks(width)).zip(live.chunks(width));
    for (row, ((persona, field), live)) in rows.enumerate() {
        for (column, ((p, at), live)) in persona.iter_mut().zip(field).zip(live).enumerate() {
            let pixel = Vec4::new(column as f32, row as f32, 1.0, 0.0);
            let place = Vec2::new(across.dot(pixel), down.dot(pixel)).clamp(Vec2::ZERO, last);
            let far = place.cmple(first).any() || place.cmpge(beyond).any();
            if far || at.w == 0.0 || p.w == 0.0 {
                continue;
            }
            let (x, y) = (place.x as usize, place.y as usize);
            let (right, below) = ((x + 1).min(SIDE - 1), (y + 1).min(SIDE - 1));
            let [a, b, c, d] =
                [y * SIDE + x, y * SIDE + right, below * SIDE + x, below * SIDE + right].map(|k| cells[k]);
            let part = place - Vec2::new(x as f32, y as f32);
            let between = a.lerp(b, part.x).lerp(c.lerp(d, part.x), part.y);
            let own = live.xyz().max(Vec3::ZERO).map(f32::sqrt).extend(1.0);
            p.w *= 1.0 - ((between.dot(own) - params.low) / (params.high - params.low)).clamp(0.0, 1.0);
        }
    }
}

/// Between which places cells that are not 0 tell, ends not included; none where all are 0.
fn reach(cells: &[Vec4]) -> Option<(Vec2, Vec2)> {
    let mut found: Option<(Vec2, Vec2)> = None;
    for (y, row) in cells.chunks_exact(SIDE).enumerate() {
        let Some(first) = row.iter().position(|cell| *cell != Vec4::ZERO) else { continue };
        let last = row.iter().rposition(|cell| *cell != Vec4::ZERO).unwrap_or(first);
        let (low, high) = (Vec2::new(first as f32, y as f32) - 1.0, Vec2::new(last as f32, y as f32) + 1.0);
        let (least, most) = found.get_or_insert((low, high));
        (*least, *most) = (least.min(low), most.max(high));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A region of 4 x 2 pixels, each as wide as 32 cells.
    fn params() -> FrontParams {
        let to_cells = [[32.0, 0.0, 15.5, 0.0], [0.0, 64.0, 31.5, 0.0]];
        FrontParams { size: [4, 2], low: 0.1, high: 0.9, to_cells }
    }

    #[test]
    fn a_pixel_goes_by_its_cells_and_its_own_colour() {
        // Left nothing; right what is dark stands in front.
        let cell = |k: usize| {
            if k % SIDE < SIDE / 2 { Vec4::ZERO } else { Vec4::new(-1.0, 0.0, 0.0, 1.0) }
        };
        let guided: Vec<Vec4> = (0..SIDE * SIDE).map(cell).collect();
        let field = [Vec4::new(0.5, 0.5, 0.0, 1.0); 8];
        let bright = Vec4::new(1.0, 1.0, 1.0, 0.0);
        let live = [bright, Vec4::ZERO, bright, Vec4::ZERO, Vec4::ZERO, bright, Vec4::ZERO, bright];
        let mut persona = [Vec4::splat(0.5); 8];
        front(&params(), &field, &live, &guided, &mut persona);
        assert_eq!(persona.map(|p| p.w), [0.5, 0.5, 0.5, 0.0, 0.5, 0.5, 0.0, 0.5]);
        assert!(persona.iter().all(|p| p.x == 0.5));
    }

    #[test]
    fn what_is_not_covered_or_not_known_stays() {
        let mut field = [Vec4::new(0.5, 0.5, 0.0, 1.0); 8];
        field[3].w = 0.0;
        let covered = [Vec4::new(0.0, 0.0, 0.0, 1.0); SIDE * SIDE];
        let mut persona = [Vec4::ONE; 8];
        front(&params(), &field, &[Vec4::ONE; 8], &covered, &mut persona);
        assert!(persona.iter().enumerate().all(|(i, p)| p.w == f32::from(u8::from(i == 3))));
        let mut persona = [Vec4::ONE; 8];
        front(&params(), &field, &[Vec4::ONE; 8], &covered[1..], &mut persona);
        assert!(persona.iter().all(|p| p.w == 1.0));
    }
}
