//! The UV atlas: a model's results in canonical UV, which the live mesh is drawn with until the next result is there.
//!
//! Every result is brought to the same layout, so that results can be mixed texel by texel, and so that what one result
//! does not show (the far cheek of a turned head, the inside of a closed mouth) stays from an earlier one.

use super::crop::SwapResult;
use super::tuning::AtlasTuning;
use crate::canonical_uv::CANONICAL_UV;
use crate::frame::geometry::{doubled_area, texels_round};
use crate::frame::interpolation::{Bilinear, bilinear_by_differences};
use crate::space::{CropPx, ImagePx, MeshPoint, Uv};
use crate::swap::bake::{CutParams, canonical_mask};
use crate::swap::{ColourTransfer, FaceTexture, Openings, TextureId, TextureVersion};
use crate::topology::{POINTS, TRIANGLES};
#[cfg(test)]
use glam::Vec3;
use glam::{Vec2, Vec4};
use std::sync::Arc;

/// Where each texel of an atlas lies on the mesh; the same for all faces.
#[derive(Debug)]
pub struct UvRaster {
    side: usize,
    uv: Arc<[Uv]>,
    /// The texels on the mesh, row by row.
    cells: Vec<Cell>,
    /// The triangles' areas in canonical UV, signed.
    areas: Vec<f32>,
    tuning: AtlasTuning,
}

/// A texel on the mesh.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Which texel.
    at: u32,
    /// Which triangle.
    triangle: u16,
    /// The blend weight there, 0..=255.
    alpha: u8,
    /// Shares of the triangle's second and third corner.
    share: [f32; 2],
}

/// A mesh point in canonical UV.
fn corner(i: u16) -> Vec2 {
    CANONICAL_UV.get(usize::from(i)).map_or(Vec2::ZERO, |uv| Vec2::from_array(*uv))
}

impl UvRaster {
    /// The raster of an atlas of `side` texels a side, cut as `mask` says.
    #[must_use]
    pub fn new(side: usize, mask: CutParams) -> Arc<Self> {
        Self::tuned(side, mask, AtlasTuning::default())
    }

    /// The same with other constants than the usual ones, for sweeps.
    #[must_use]
    pub fn tuned(side: usize, mask: CutParams, tuning: AtlasTuning) -> Arc<Self> {
        let alpha = canonical_mask(side, mask);
        let mut cells: Vec<Option<Cell>> = vec![None; side * side];
        let mut areas = Vec::with_capacity(TRIANGLES.len());
        for (triangle, corners) in (0u16..).zip(TRIANGLES.iter()) {
            let corners = corners.map(|i| corner(i) * side as f32 - 0.5);
            areas.push(doubled_area(corners) / (side * side) as f32);
            raster(corners, side, |at, share| {
                let weight = alpha.get(at).copied().unwrap_or_default();
                if let Some(cell) = cells.get_mut(at)
                    && weight > 0.0
                    && cell.is_none()
                {
                    let alpha = (weight * 255.0 + 0.5) as u8;
                    *cell = Some(Cell { at: at as u32, triangle, alpha, share });
                }
            });
        }
        let uv = CANONICAL_UV.iter().take(POINTS).map(|uv| Uv(Vec2::from_array(*uv))).collect();
        Arc::new(Self { side, uv, cells: cells.into_iter().flatten().collect(), areas, tuning })
    }
}

/// Calls `each` for the texels in a triangle, whose corners are in texels: which texel, and the shares of the second and
/// the third corner there.
fn raster(p: [Vec2; 3], side: usize, mut each: impl FnMut(usize, [f32; 2])) {
    let area = doubled_area(p);
    if area.abs() < 1e-6 {
        return;
    }
    for texel in texels_round(p, side) {
        let q = texel.as_vec2() - p[0];
        let (s, t) = (q.perp_dot(p[2] - p[0]) / area, (p[1] - p[0]).perp_dot(q) / area);
        if s >= -1e-4 && t >= -1e-4 && s + t <= 1.0 + 1e-4 {
            each(texel.y * side + texel.x, [s, t]);
        }
    }
}

/// One face's atlas.
#[derive(Debug)]
pub struct UvAtlas {
    raster: Arc<UvRaster>,
    /// The same for all results that are laid on it.
    id: TextureId,
    version: TextureVersion,
    /// R G B and how far it is known, 0..=255.
    texels: Vec<[u8; 4]>,
    /// Blend weights of the last result, 0..=255.
    alpha: Vec<u8>,
    /// The result that is being projected, see [`Reader`].
    pixels: Vec<Vec4>,
    known: f32,
    covers: f32,
}

/// A triangle of the mesh in a result.
struct Patch {
    /// Its first corner in the result's pixels, and the ways to the second and the third.
    from: Vec2,
    along: Vec2,
    down: Vec2,
    /// How far it is to be seen, 0..=1.
    facing: f32,
    /// How far it counts against what is known, 0..=1.
    weight: f32,
}

fn ramp((low, high): (f32, f32), v: f32) -> f32 {
    ((v - low) / (high - low)).clamp(0.0, 1.0)
}

impl UvAtlas {
    /// An empty atlas.
    #[must_use]
    pub fn new(raster: Arc<UvRaster>) -> Self {
        let n = raster.side * raster.side;
        Self {
            raster,
            id: TextureId::fresh(),
            version: TextureVersion::fresh(),
            texels: vec![[0; 4]; n],
            alpha: vec![0; n],
            pixels: Vec::new(),
            known: 0.0,
            covers: 0.0,
        }
    }

    /// Share of the face that is known, 0..=1.
    #[must_use]
    pub fn known(&self) -> f32 {
        self.known
    }

    /// Share of the face that the last result covers, 0..=1: what is known, less what its mask takes away.
    #[must_use]
    pub fn covers(&self) -> f32 {
        self.covers
    }

    /// Projects a result into the atlas. `mesh`: the 468 points of the face in the picture that it was made from.
    pub fn project(&mut self, made: &SwapResult, mesh: &[MeshPoint]) {
        let Some(mesh) = mesh.get(..POINTS) else { return };
        let to_crop = |p: &MeshPoint| made.square.to_crop(ImagePx(p.truncate()), made.side);
        let places: Vec<Vec2> = mesh.iter().map(to_crop).map(|CropPx(p)| p).collect();
        let patches = self.patches(mesh, &places);
        let mut pixels = std::mem::take(&mut self.pixels);
        let reader = Reader::new(made, &mut pixels);
        let (mut known, mut covers, mut all) = (0u64, 0u64, 0u64);
        for cell in &self.raster.cells {
            let at = cell.at as usize;
            let (Some(texel), Some(alpha)) = (self.texels.get_mut(at), self.alpha.get_mut(at)) else {
                continue;
            };
            let Some(patch) = patches.get(usize::from(cell.triangle)) else { continue };
            let seen = if patch.facing > 0.0 { reader.sample(patch.place(cell.share)) } else { None };
            let mut mask = 1.0;
            if let Some(new) = seen {
                mask = new.w;
                *texel = mixed(*texel, new, patch);
            }
            *alpha = (f32::from(cell.alpha) * mask * f32::from(texel[3]) / 255.0 + 0.5) as u8;
            known += u64::from(cell.alpha) * u64::from(texel[3]);
            covers += u64::from(*alpha) * 255;
            all += u64::from(cell.alpha) * 255;
        }
        self.version = TextureVersion::fresh();
        self.pixels = pixels;
        self.known = known as f32 / all.max(1) as f32;
        self.covers = covers as f32 / all.max(1) as f32;
    }

    /// Where each triangle lies in the result, and how far it counts. `places`: the mesh in the result's pixels.
    fn patches(&self, mesh: &[MeshPoint], places: &[Vec2]) -> Vec<Patch> {
        let flat = |t: &[u16; 3]| t.map(|i| places.get(usize::from(i)).copied().unwrap_or_default());
        let deep = |t: &[u16; 3]| t.map(|i| mesh.get(usize::from(i)).copied().unwrap_or_default());
        let total = self.raster.areas.iter().map(|a| a.abs()).sum::<f32>().max(1e-6);
        let shown = TRIANGLES.iter().map(|t| doubled_area(flat(t)).abs()).sum::<f32>().max(1e-6);
        let scale = total / shown;
        let tuning = &self.raster.tuning;
        let patch = |t: &[u16; 3], resting: f32| {
            let [a, b, c] = deep(t);
            let normal = (b - a).cross(c - a);
            let facing = ramp(tuning.facing, normal.z * resting.signum() / normal.length().max(1e-6));
            let [from, b, c] = flat(t);
            let spread = doubled_area([from, b, c]) * scale / resting;
            let weight = facing.min(ramp(tuning.spread, spread));
            Patch { from, along: b - from, down: c - from, facing, weight }
        };
        TRIANGLES.iter().zip(&self.raster.areas).map(|(t, resting)| patch(t, *resting)).collect()
    }

    /// The atlas as a texture.
    #[must_use]
    pub fn texture(&self) -> FaceTexture {
        let side = self.raster.side as u32;
        let mut texels: Vec<u32> = self
            .texels
            .iter()
            .zip(&self.alpha)
            .map(|([r, g, b, _], a)| u32::from_le_bytes([*r, *g, *b, *a]))
            .collect();
        let levels = halve(&mut texels, self.raster.side);
        FaceTexture {
            side,
            levels,
            texels: texels.into(),
            uv: Arc::clone(&self.raster.uv),
            colour_transfer: ColourTransfer::Match,
            openings: Openings::default(),
            id: self.id,
            version: self.version,
            smile: None,
            until: None,
        }
    }
}

impl Patch {
    /// The place of a texel in the result's pixels.
    fn place(&self, [along, down]: [f32; 2]) -> Vec2 {
        self.from + self.along * along + self.down * down
    }
}

/// A texel (R G B and how far it is known) after a new result (R, G, B as codes) was laid over it.
fn mixed([r, g, b, known]: [u8; 4], new: Vec4, patch: &Patch) -> [u8; 4] {
    // What was never seen takes the first that comes, the line of a closed mouth for its inside.
    let share = if known == 0 { 1.0 } else { patch.weight };
    let old = Vec4::new(f32::from(r), f32::from(g), f32::from(b), 0.0);
    let mixed = old + (new - old) * share + 0.5;
    let known = known.max((patch.facing * 255.0 + 0.5) as u8);
    [mixed.x as u8, mixed.y as u8, mixed.z as u8, known]
}

/// Appends the smaller levels down to 4 texels a side, each the mean of four codes: results are as sharp as they are,
/// and a face is rarely drawn below half its size. Gives the number of levels.
fn halve(texels: &mut Vec<u32>, side: usize) -> u32 {
    let (mut from, mut n, mut levels) = (0, side, 1);
    while n > 4 {
        let half = n / 2;
        for y in 0..half {
            for x in 0..half {
                let at = from + y * 2 * n + x * 2;
                let get = |k: usize| texels.get(k).copied().unwrap_or_default();
                let across = [mean_down(get(at), get(at + 1)), mean_up(get(at + n), get(at + n + 1))];
                texels.push(mean_up(across[0], across[1]));
            }
        }
        (from, n, levels) = (from + n * n, half, levels + 1);
    }
    levels
}

/// The means of four codes each, rounded down.
fn mean_down(a: u32, b: u32) -> u32 {
    (a & b) + (((a ^ b) & 0xfefe_fefe) >> 1)
}

/// The means of four codes each, rounded up.
fn mean_up(a: u32, b: u32) -> u32 {
    (a | b) - (((a ^ b) & 0xfefe_fefe) >> 1)
}

/// Reads a result between its pixels, which lie there as R, G, B (codes 0..=255) and mask (0..=1): one load a pixel.
struct Reader<'a> {
    pixels: &'a [Vec4],
    /// Columns and rows.
    size: [usize; 2],
}

impl<'a> Reader<'a> {
    /// `pixels` is filled anew.
    fn new(made: &SwapResult, pixels: &'a mut Vec<Vec4>) -> Self {
        let n = made.width * made.height;
        let plane = |c: usize| made.rgb.get(c * n..(c + 1) * n).unwrap_or_default();
        let colours = plane(0).iter().zip(plane(1)).zip(plane(2));
        pixels.clear();
        if made.mask.is_empty() {
            pixels.extend(colours.map(|((r, g), b)| Vec4::new(r * 255.0, g * 255.0, b * 255.0, 1.0)));
        } else {
            let masked = colours.zip(&made.mask);
            pixels.extend(masked.map(|(((r, g), b), m)| Vec4::new(r * 255.0, g * 255.0, b * 255.0, *m)));
        }
        Self { pixels, size: [made.width, made.height] }
    }

    /// Bilinear. None outside.
    fn sample(&self, p: Vec2) -> Option<Vec4> {
        let cell = Bilinear::inside(p, self.size)?;
        let [width, _] = self.size;
        let first = cell.y.low * width + cell.x.low;
        let near = self.pixels.get(first..first + width + 2)?;
        let corners = [near[0], near[1], near[width], near[width + 1]];
        Some(bilinear_by_differences(corners, cell.part()))
    }
}

impl FaceTexture {
    /// `self` on the way to `other`, 0..=1, texel by texel. Both must come from atlases of one raster; otherwise `other`
    /// itself.
    pub(super) fn towards(&self, other: &Self, share: f32) -> Self {
        let k = (share.clamp(0.0, 1.0) * 256.0 + 0.5) as u32;
        if k >= 256 || self.texels.len() != other.texels.len() || !Arc::ptr_eq(&self.uv, &other.uv) {
            return other.clone();
        }
        // Two channels at a time: 8 bits each with 8 free above.
        let mix = |a: u32, b: u32| {
            let part = |a: u32, b: u32| ((a * (256 - k) + b * k + 0x0080_0080) >> 8) & 0x00ff_00ff;
            let low = part(a & 0x00ff_00ff, b & 0x00ff_00ff);
            let high = part((a >> 8) & 0x00ff_00ff, (b >> 8) & 0x00ff_00ff);
            low | (high << 8)
        };
        let texels = self.texels.iter().zip(other.texels.iter()).map(|(a, b)| mix(*a, *b)).collect();
        Self { texels, version: TextureVersion::fresh(), ..other.clone() }
    }
}

/// A flat face that looks into the camera, `scale` image pixels for the whole of canonical UV.
#[cfg(test)]
pub(in crate::swap::neural) fn canonical_mesh(centre: Vec2, scale: f32) -> Vec<Vec3> {
    CANONICAL_UV.iter().map(|uv| ((Vec2::from_array(*uv) - 0.5) * scale + centre).extend(0.0)).collect()
}

#[cfg(test)]
mod tests;
