//! Draws a posed puppet through the passes.

use super::atlas::COLUMN;
use super::expression::{EYES, LOWER_LIP, UPPER_LIP};
use super::light::{Light, gain_at};
use super::pose::Pose;
use super::{Puppet, point};
use crate::space::{MeshPoint, PxRect};
use crate::topology::POINTS;
use glam::{Vec2, Vec3, Vec4};
use omote_shaders::cpu;
use omote_shaders::layout::{TextureFetchParams, Triangle, WarpFieldParams};

/// Sharpness: a little below the texels that a pixel covers.
const LOD_BIAS: f32 = -0.35;

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
        pose: &Pose,
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
        let (low, high) =
            used.fold((Vec2::MAX, Vec2::MIN), |(a, b), p| (a.min(p.truncate()), b.max(p.truncate())));
        let region = PxRect::even_around(low, high, width, height);
        if region.is_empty() || !(low.is_finite() && high.is_finite()) {
            return;
        }
        out.region = region;
        self.fill(pose, points, light, out);
    }

    fn fill(&self, pose: &Pose, points: &[MeshPoint], light: Option<&Light>, out: &mut Drawing) {
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
        for line in EYES.iter().map(|e| [e.crease, e.below].concat()).chain([mouth_lines()]) {
            let spots = line.iter().map(|i| point(points, *i) - origin);
            for _ in 0..2 {
                soften(spots.clone(), size, &out.field, &mut out.pixels, &mut out.softened);
            }
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

fn mouth_lines() -> Vec<u16> {
    [UPPER_LIP[0], LOWER_LIP[0]].concat()
}

/// Smooths the stairs where lid or lip ends before the sheet behind it, inside the box round `spots`.
fn soften(
    spots: impl Iterator<Item = Vec3>,
    size: [u32; 2],
    field: &[Vec4],
    pixels: &mut [Vec4],
    softened: &mut Vec<(usize, Vec4)>,
) {
    let (low, high) =
        spots.fold((Vec2::MAX, Vec2::MIN), |(a, b), p| (a.min(p.truncate()), b.max(p.truncate())));
    let [width, height] = size.map(|v| v as usize);
    let first = |v: f32| v.max(1.0) as usize;
    let last = |v: f32, n: usize| (v.max(0.0) as usize).min(n.saturating_sub(1));
    softened.clear();
    for y in first(low.y)..last(high.y, height) {
        for x in first(low.x)..last(high.x, width) {
            let i = y * width + x;
            let on_patch = |k: usize| field[k].x > COLUMN;
            let here = on_patch(i);
            if [i - 1, i + 1, i - width, i + width].into_iter().any(|k| on_patch(k) != here) {
                let straight = pixels[i - 1] + pixels[i + 1] + pixels[i - width] + pixels[i + width];
                let slant = pixels[i - width - 1]
                    + pixels[i - width + 1]
                    + pixels[i + width - 1]
                    + pixels[i + width + 1];
                softened.push((i, (pixels[i] * 4.0 + straight * 2.0 + slant) / 16.0));
            }
        }
    }
    for (i, v) in softened.iter() {
        pixels[*i] = *v;
    }
}
