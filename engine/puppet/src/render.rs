//! Draws a posed puppet through the passes.

use super::Puppet;
use super::light::{Light, gain_at};
use super::pose::PuppetPose;
use glam::{Vec2, Vec3, Vec4};
use omote_frame::space::{MeshPoint, PxRect, bounds};
use omote_frame::topology::POINTS;
use omote_shaders::cpu;
use omote_shaders::layout::{TextureFetchParams, Triangle, WarpFieldParams};

/// Sharpness: a little below the texels that a pixel covers.
const LOD_BIAS: f32 = -0.35;
/// Neighbours that lie so many times farther apart in the texture than pixels usually do are of two sheets.
const EDGE_JUMP: f32 = 5.0;

/// A drawn puppet, and the buffers that it was drawn with, for the next time.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    region: PxRect,
    pixels: Vec<Vec4>,
    vertices: Vec<Vec3>,
    uv: Vec<Vec2>,
    triangles: Vec<[u16; 3]>,
    set: Vec<Triangle>,
    keys: Vec<u32>,
    field: Vec<Vec4>,
    gains: Vec<Vec4>,
    softened: Vec<(usize, Vec4)>,
}

impl Drawing {
    /// The part of the output that the person may cover; empty where outside the picture.
    pub fn region(&self) -> PxRect {
        self.region
    }

    /// The region's pixels row by row: linear R, G, B (sRGB primaries, straight) and alpha 0..=1.
    pub fn pixels(&self) -> &[Vec4] {
        &self.pixels
    }
}

impl Puppet {
    /// Draws the portrait onto a picture of `width` × `height` so that its landmarks come to lie on
    /// `points`: 478 in output pixels, from [`Puppet::points`] or from a live face. `pose` turns what is
    /// around the face. `light` changes the portrait's own light; without it, it stays.
    ///
    /// Nothing is drawn where points are missing or not finite.
    pub fn render(
        &self,
        pose: &PuppetPose,
        points: &[MeshPoint],
        width: u32,
        height: u32,
        light: Option<&Light>,
        out: &mut Drawing,
    ) {
        out.region = PxRect::default();
        out.pixels.clear();
        if points.len() < self.rest.len() || !points.iter().all(|p| p.is_finite()) || pose.scale <= 0.0 {
            return;
        }
        let blinks = self.overlays.blinks(&self.skull, pose, points);
        out.vertices.clear();
        out.vertices.extend(points.iter().take(POINTS));
        self.surround.place(&self.skull, pose, &self.rest, points, &mut out.vertices);
        self.overlays.place(&self.skull, pose, &self.rest, points, blinks, &mut out.vertices);
        self.layout.frame(blinks, &mut out.uv, &mut out.triangles);
        let used = out.triangles.iter().flatten().filter_map(|i| out.vertices.get(usize::from(*i)));
        let (low, high) = bounds(used.map(|p| p.truncate()));
        let region = PxRect::even_around(low, high, width, height);
        if region.is_empty() || !(low.is_finite() && high.is_finite()) {
            return;
        }
        out.region = region;
        self.fill(pose, points, light, out);
    }

    fn fill(&self, pose: &PuppetPose, points: &[MeshPoint], light: Option<&Light>, out: &mut Drawing) {
        let region = out.region;
        let size = [region.width, region.height];
        let n = region.width as usize * region.height as usize;
        let origin = Vec3::new(region.x as f32, region.y as f32, 0.0);
        out.vertices.iter_mut().for_each(|p| *p -= origin);
        cpu::set_up(&out.vertices, &out.uv, &out.triangles, self.atlas.side(), size, &mut out.set);
        let warp = WarpFieldParams { size, triangles: out.set.len() as u32, pad: 0 };
        out.keys.clear();
        out.keys.resize(n, 0);
        out.field.resize(n, Vec4::ZERO);
        out.pixels.resize(n, Vec4::ZERO);
        cpu::raster(&warp, &out.set, &mut out.keys, &mut out.field);
        cpu::resolve(&warp, &out.set, &mut out.keys, &mut out.field);
        let fetch = TextureFetchParams {
            size,
            side: self.atlas.side(),
            levels: self.atlas.levels(),
            lod_bias: LOD_BIAS,
            opacity: 1.0,
            pad: [0; 2],
        };
        cpu::texture_fetch(&fetch, &out.field, self.atlas.texels(), &mut out.pixels);
        let texels = self.atlas.scale() / pose.scale;
        let jump = EDGE_JUMP * texels.max(1.0) / self.atlas.side() as f32;
        let face = points.iter().take(POINTS).map(|p| p.truncate() - origin.truncate());
        let (low, high) = bounds(face);
        for _ in 0..2 {
            soften([low - 2.0, high + 2.0], size, jump, &out.field, &mut out.pixels, &mut out.softened);
        }
        if let Some(light) = light {
            self.normals.gains(light, pose, &mut out.gains);
            for (pixel, at) in out.pixels.iter_mut().zip(&out.field) {
                if pixel.w > 0.0 {
                    *pixel *= gain_at(&out.gains, at.x, at.y);
                }
            }
        }
    }
}

/// Smooths the stairs where one sheet ends before another inside the box: where neighbouring pixels show
/// places farther apart than `jump`.
fn soften(
    [low, high]: [Vec2; 2],
    size: [u32; 2],
    jump: f32,
    field: &[Vec4],
    pixels: &mut [Vec4],
    softened: &mut Vec<(usize, Vec4)>,
) {
    let [width, height] = size.map(|v| v as usize);
    let first = |v: f32| v.max(1.0) as usize;
    let last = |v: f32, n: usize| (v.max(0.0) as usize).min(n.saturating_sub(1));
    let (x0, x1) = (first(low.x), last(high.x, width));
    softened.clear();
    for y in first(low.y)..last(high.y, height) {
        for i in y * width + x0..y * width + x1.max(x0) {
            let here = field[i];
            let far = |k: usize| {
                let there = field[k];
                (here.x - there.x).abs().max((here.y - there.y).abs()) > jump
            };
            if far(i - 1) || far(i + 1) || far(i - width) || far(i + width) {
                let straight = pixels[i - 1] + pixels[i + 1] + pixels[i - width] + pixels[i + width];
                let upper = pixels[i - width - 1] + pixels[i - width + 1];
                let slant = upper + pixels[i + width - 1] + pixels[i + width + 1];
                softened.push((i, (pixels[i] * 4.0 + straight * 2.0 + slant) / 16.0));
            }
        }
    }
    for (i, v) in softened.iter() {
        pixels[*i] = *v;
    }
}
