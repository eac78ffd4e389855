//! `wgsl/occlude.wgsl`.

use crate::layout::{OCCLUDE_SIDE, OccludeParams};
use glam::Vec4;

const SIDE: usize = OCCLUDE_SIDE as usize;

/// Takes the persona's weight away where `mask` (`OCCLUDE_SIDE`² cells over the texture's UV, 0 free to 1 covered) says
/// that something stands in front of the face. A mask that is too short covers nothing.
pub fn occlude(params: &OccludeParams, field: &[Vec4], mask: &[f32], persona: &mut [Vec4]) {
    let Some(mask) = mask.get(..SIDE * SIDE) else { return };
    if mask.iter().all(|m| *m <= params.low) {
        return;
    }
    let last = (SIDE - 1) as f32;
    let between = |v: f32| {
        let p = (v * SIDE as f32 - 0.5).clamp(0.0, last);
        let low = p as usize;
        (low, (low + 1).min(SIDE - 1), p - low as f32)
    };
    for (p, at) in persona.iter_mut().zip(field) {
        if at.w == 0.0 || p.w == 0.0 {
            continue;
        }
        let ((x0, x1, fx), (y0, y1, fy)) = (between(at.x), between(at.y));
        let row = |y: usize| mask[y * SIDE + x0] * (1.0 - fx) + mask[y * SIDE + x1] * fx;
        let covered = row(y0) * (1.0 - fy) + row(y1) * fy;
        p.w *= 1.0 - ((covered - params.low) / (params.high - params.low)).clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_covered_texels_lose_the_persona() {
        let params = OccludeParams { size: [4, 1], low: 0.25, high: 0.75 };
        let mut mask = vec![0.0; SIDE * SIDE];
        for row in mask.chunks_exact_mut(SIDE) {
            row[SIDE / 2..].fill(1.0);
        }
        let at = |u: f32, w: f32| Vec4::new(u, 0.5, 0.0, w);
        let field = [at(0.2, 1.0), at(0.8, 1.0), at(0.5, 1.0), at(0.8, 0.0)];
        let mut persona = [Vec4::splat(0.5); 4];
        occlude(&params, &field, &mask, &mut persona);
        let weights = persona.map(|p| p.w);
        // Between the last free and the first covered cell the mask is one half.
        assert_eq!(weights, [0.5, 0.0, 0.25, 0.5]);
        assert!(persona.iter().all(|p| p.x == 0.5));
        let mut persona = [Vec4::ONE; 4];
        occlude(&params, &field, &mask[1..], &mut persona);
        assert!(persona.iter().all(|p| p.w == 1.0));
    }
}
