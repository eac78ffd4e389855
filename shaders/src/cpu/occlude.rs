//! `wgsl/occlude.wgsl`.

use crate::layout::{OCCLUDE_SIDE, OccludeCell, OccludeParams};
use glam::{Vec4, Vec4Swizzles};

const SIDE: usize = OCCLUDE_SIDE as usize;
/// Squared distance of the two colours at which the pixel's own colour and the cells count alike.
const TELLING: f32 = 0.012;
/// Part of the way from the face's colour to the occluder's, below which a pixel is the face's and above which it is not.
const MATTE: (f32, f32) = (0.3, 0.7);
/// Cell values between which the pixel's own colour decides.
const BAND: (f32, f32) = (0.04, 0.96);

fn ramp(v: f32, (low, high): (f32, f32)) -> f32 {
    ((v - low) / (high - low)).clamp(0.0, 1.0)
}

/// Takes the persona's weight away where `in_front` (`OCCLUDE_SIDE`² cells over the texture's UV) says that something
/// stands in front of the face. At its edge a pixel goes by its own colour: how far it lies on the way from the face's
/// to the occluder's. Too few cells cover nothing.
pub fn occlude(
    params: &OccludeParams,
    field: &[Vec4],
    live: &[Vec4],
    in_front: &[OccludeCell],
    persona: &mut [Vec4],
) {
    let Some(cells) = in_front.get(..SIDE * SIDE) else { return };
    let last = (SIDE - 1) as f32;
    let between = |v: f32| {
        let p = (v * SIDE as f32 - 0.5).clamp(0.0, last);
        let low = p as usize;
        (low, (low + 1).min(SIDE - 1), p - low as f32)
    };
    for ((p, at), live) in persona.iter_mut().zip(field).zip(live) {
        if at.w == 0.0 || p.w == 0.0 {
            continue;
        }
        let ((x0, x1, fx), (y0, y1, fy)) = (between(at.x), between(at.y));
        let corners = [y0 * SIDE + x0, y0 * SIDE + x1, y1 * SIDE + x0, y1 * SIDE + x1].map(|k| &cells[k]);
        if corners.iter().all(|c| c.face[3] <= BAND.0) {
            continue;
        }
        let mix = |pick: fn(&OccludeCell) -> [f32; 4]| {
            let [a, b, c, d] = corners.map(|cell| Vec4::from_array(pick(cell)));
            a.lerp(b, fx).lerp(c.lerp(d, fx), fy)
        };
        let (face, front) = (mix(|c| c.face), mix(|c| c.front));
        let covered = face.w;
        let way = (front - face).xyz();
        let own = live.xyz().max(glam::Vec3::ZERO).map(f32::sqrt) - face.xyz();
        let distance = way.length_squared();
        let matte = ramp(own.dot(way) / distance.max(1e-6), MATTE);
        // Deep inside and well outside the cells decide.
        let near_edge = ramp(covered, (BAND.0, 0.15)) * (1.0 - ramp(covered, (0.85, BAND.1)));
        let tells = near_edge * distance / (distance + TELLING);
        let coarse = ramp(covered, (params.low, params.high));
        p.w *= 1.0 - (coarse + (matte - coarse) * tells);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(covered: impl Fn(usize) -> f32, front: f32) -> Vec<OccludeCell> {
        let cell = |k: usize| OccludeCell {
            face: [0.2, 0.2, 0.2, covered(k % SIDE)],
            front: [front, front, front, 0.0],
        };
        (0..SIDE * SIDE).map(cell).collect()
    }

    #[test]
    fn only_covered_texels_lose_the_persona() {
        let params = OccludeParams { size: [4, 1], low: 0.25, high: 0.75 };
        // Face and occluder look alike: the cells alone decide.
        let in_front = cells(|x| f32::from(u8::from(x >= SIDE / 2)), 0.2);
        let at = |u: f32, w: f32| Vec4::new(u, 0.5, 0.0, w);
        let field = [at(0.2, 1.0), at(0.8, 1.0), at(0.5, 1.0), at(0.8, 0.0)];
        let mut persona = [Vec4::splat(0.5); 4];
        occlude(&params, &field, &[Vec4::splat(0.04); 4], &in_front, &mut persona);
        let weights = persona.map(|p| p.w);
        // Between the last free and the first covered cell the value is one half.
        assert_eq!(weights, [0.5, 0.0, 0.25, 0.5]);
        assert!(persona.iter().all(|p| p.x == 0.5));
        let mut persona = [Vec4::ONE; 4];
        occlude(&params, &field, &[Vec4::ONE; 4], &in_front[1..], &mut persona);
        assert!(persona.iter().all(|p| p.w == 1.0));
    }

    #[test]
    fn at_the_edge_a_pixel_goes_by_its_own_colour() {
        let params = OccludeParams { size: [3, 1], low: 0.3, high: 0.7 };
        let in_front = cells(|_| 0.5, 0.9);
        let field = [Vec4::new(0.5, 0.5, 0.0, 1.0); 3];
        // The face's colour, one midway, the occluder's; linear light is the square.
        let live = [0.2f32, 0.55, 0.9].map(|v| Vec4::splat(v * v));
        let mut persona = [Vec4::ONE; 3];
        occlude(&params, &field, &live, &in_front, &mut persona);
        assert!(persona[0].w > 0.95 && persona[2].w < 0.05, "{persona:?}");
        assert!((persona[1].w - 0.5).abs() < 0.01);
    }
}
