//! The matte of what stands in front of a face, made ready for the pass `front`.

use super::plan::{Glasses, Plan};
use super::shape::Morph;
use super::tuning::OccluderTuning;
use crate::frame::interpolation::{Bilinear, bilinear_by_weights};
use crate::track::FrontMatte;
use glam::{Affine2, Vec2, Vec4};
use omote_shaders::layout::{FRONT_SIDE, FrontParams, MORPH_NODES};
use std::sync::Arc;

const SIDE: usize = FRONT_SIDE as usize;
const NODES: usize = MORPH_NODES as usize;

/// The pass's params and cells.
pub(super) struct Front {
    pub(super) params: FrontParams,
    pub(super) guided: Arc<[Vec4]>,
}

impl Front {
    /// For a plan's region; where the picture is bent there, the cells are bent with it.
    pub(super) fn new(matte: &FrontMatte, glasses: Glasses, plan: &Plan, tuning: &OccluderTuning) -> Self {
        let origin = Vec2::new(plan.region.x as f32, plan.region.y as f32);
        let to_cells = matte.to_cells() * Affine2::from_translation(origin);
        let row = |k: usize| {
            let m = to_cells.matrix2;
            [m.x_axis[k], m.y_axis[k], to_cells.translation[k], 0.0]
        };
        let guided = match glasses {
            Glasses::Mine => Arc::clone(matte.guided()),
            Glasses::None => matte.guided_without_glasses(),
        };
        let guided = match &plan.morph {
            Some(morph) => bent(&guided, to_cells, morph),
            None => guided,
        };
        let (low, high) = tuning.front;
        Self {
            params: FrontParams { size: plan.region_in.size, low, high, to_cells: [row(0), row(1)] },
            guided,
        }
    }
}

/// The cells as they lie in the bent picture: each taken from where its pixel came from.
fn bent(guided: &[Vec4], to_cells: Affine2, morph: &Morph) -> Arc<[Vec4]> {
    let from_cells = to_cells.inverse();
    let last = Vec2::new(morph.region.width as f32, morph.region.height as f32) - 1.0;
    let cell = |k: usize| {
        let pixel = from_cells.transform_point2(Vec2::new((k % SIDE) as f32, (k / SIDE) as f32));
        let node = pixel / last.max(Vec2::ONE) * (NODES - 1) as f32;
        let node = Bilinear::clamped(node, [NODES; 2]);
        let moved = |x: usize, y: usize| morph.nodes.get(y * NODES + x).copied().unwrap_or_default();
        let by = bilinear_by_weights(node.corners(moved), node.part());
        let from = Bilinear::clamped(to_cells.transform_point2(pixel - by), [SIDE; 2]);
        let get = |x: usize, y: usize| guided.get(y * SIDE + x).copied().unwrap_or_default();
        bilinear_by_weights(from.corners(get), from.part())
    };
    (0..SIDE * SIDE).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::PxRect;
    use omote_shaders::layout::MorphParams;

    #[test]
    fn cells_are_bent_with_the_picture() {
        // Two pixels a cell; everything moves six pixels to the right and two up.
        let region = PxRect { x: 0, y: 0, width: 256, height: 256 };
        let nodes = vec![Vec2::new(6.0, -2.0); NODES * NODES];
        let morph = Morph { region, params: MorphParams { size: [256; 2], least: 0.05, pad: 0 }, nodes };
        let cells: Vec<Vec4> =
            (0..SIDE * SIDE).map(|k| Vec4::new((k % SIDE) as f32, (k / SIDE) as f32, 0.0, 0.0)).collect();
        let bent = bent(&cells, Affine2::from_scale(Vec2::splat(0.5)), &morph);
        let at = bent[40 * SIDE + 60];
        assert!((at - Vec4::new(57.0, 41.0, 0.0, 0.0)).abs().max_element() < 1e-3, "{at}");
    }
}
