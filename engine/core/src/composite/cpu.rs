//! The passes by their CPU mirrors.

use super::plan::Plan;
use crate::swap::FaceTexture;
use glam::Vec4;
use omote_shaders::cpu;

/// One level of the pyramid.
#[derive(Default)]
struct Band {
    picture: Vec<Vec4>,
    sum: Vec<Vec4>,
}

/// Buffers of the region, kept between frames.
#[derive(Default)]
pub(super) struct Cpu {
    moved: Vec<u32>,
    live: Vec<Vec4>,
    keys: Vec<u32>,
    field: Vec<Vec4>,
    sampled: Vec<Vec4>,
    persona: Vec<Vec4>,
    grid: [Vec<Vec4>; 2],
    difference: Vec<Vec4>,
    blended: Vec<Vec4>,
    bands: Vec<Band>,
}

/// Makes a buffer `n` long; what it holds is overwritten by the pass.
fn fit(buffer: &mut Vec<Vec4>, n: usize) -> &mut [Vec4] {
    if buffer.len() < n {
        buffer.resize(n, Vec4::ZERO);
    }
    &mut buffer[..n]
}

impl Cpu {
    pub(super) fn run(&mut self, plan: &Plan, texture: &FaceTexture, codes: &[u32], patch: &mut Vec<u32>) {
        let n = codes.len();
        let codes = match &plan.morph {
            None => codes,
            Some(morph) => {
                self.moved.resize(n, 0);
                cpu::morph(&morph.params, codes, &morph.nodes, &mut self.moved);
                self.moved.as_slice()
            }
        };
        let live = fit(&mut self.live, n);
        cpu::region_in(&plan.region_in, codes, live);

        self.keys.clear();
        self.keys.resize(n, 0);
        let field = fit(&mut self.field, n);
        cpu::raster(&plan.warp_field, &plan.triangles, &mut self.keys, field);
        cpu::resolve(&plan.warp_field, &plan.triangles, &mut self.keys, field);

        let persona = fit(&mut self.persona, n);
        match &plan.motion_blur {
            None => cpu::texture_fetch(&plan.texture_fetch, field, texture.texels(), persona),
            Some(blur) => {
                let sampled = fit(&mut self.sampled, n);
                cpu::texture_fetch(&plan.texture_fetch, field, texture.texels(), sampled);
                cpu::motion_blur(blur, sampled, persona);
            }
        }

        cpu::occlude(&plan.occlude, field, live, &plan.occluders, persona);
        if let Some(front) = &plan.front {
            cpu::front(&front.params, field, live, &front.guided, persona);
        }

        let cells = (plan.illuminate.grid[0] * plan.illuminate.grid[1] * 2) as usize;
        let [a, b] = &mut self.grid;
        let (a, b) = (fit(a, cells), fit(b, cells));
        let mut light = plan.illuminate;
        cpu::gather(&light, live, persona, a);
        cpu::smooth_grid(&light, a, b);
        light.axis = 1;
        cpu::smooth_grid(&light, b, a);
        let difference = fit(&mut self.difference, n);
        cpu::relight(&light, live, persona, a, difference);

        let blended = fit(&mut self.blended, n);
        blend(plan, &mut self.bands, difference, blended);

        patch.clear();
        patch.resize(n, 0);
        cpu::badge_encode(&plan.badge_encode, codes, live, blended, &[], patch);
    }
}

fn blend(plan: &Plan, bands: &mut Vec<Band>, difference: &[Vec4], blended: &mut [Vec4]) {
    if bands.len() < plan.bands.len() {
        bands.resize_with(plan.bands.len(), Band::default);
    }
    let bands = &mut bands[..plan.bands.len()];
    for (k, step) in plan.bands.iter().enumerate() {
        let (finer, coarser) = bands.split_at_mut(k);
        let fine = finer.last().map_or(difference, |b| b.picture.as_slice());
        let coarse = fit(&mut coarser[0].picture, (step.coarse[0] * step.coarse[1]) as usize);
        cpu::reduce(step, fine, coarse);
    }
    for (k, step) in plan.bands.iter().enumerate().rev() {
        let (finer, coarser) = bands.split_at_mut(k);
        let Band { picture: coarse, sum: coarse_sum } = &coarser[0];
        let n = (step.fine[0] * step.fine[1]) as usize;
        match finer.last_mut() {
            Some(b) => cpu::collapse(step, &b.picture[..n], coarse, coarse_sum, fit(&mut b.sum, n)),
            None => cpu::collapse(step, &difference[..n], coarse, coarse_sum, &mut blended[..n]),
        }
    }
}
