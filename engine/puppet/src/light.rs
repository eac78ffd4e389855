//! A soft light that moves: gains on the portrait's own light, from the mesh's normals.

use super::atlas::{Atlas, Patch};
use super::layout::Layout;
use super::point;
use super::pose::{PuppetPose, Skull};
use super::surround::Surround;
use glam::{Vec2, Vec3, Vec4};
use omote_frame::interpolation::{Bilinear, bilinear_by_weights};
use omote_frame::space::smoothstep;
use omote_frame::topology::{POINTS, SKIN_TRIANGLES, TRIANGLES};
use omote_shaders::cpu;
use omote_shaders::layout::WarpFieldParams;

/// A large soft lamp and light from all around, as gains on the portrait's own linear light.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Light {
    /// Towards the lamp, in the picture's axes (x right, y down, z away from the camera); any length but 0.
    pub towards: Vec3,
    /// Gain of linear R, G, B from all around.
    pub ambient: Vec3,
    /// Gain of linear R, G, B where the surface faces the lamp.
    pub lamp: Vec3,
}

/// How far round the lamp reaches: 0 to the surface's edge, 1 all the way.
const WRAP: f32 = 0.45;

impl Light {
    /// Gain of linear R, G, B on a surface with this unit normal.
    pub fn gain(&self, normal: Vec3) -> Vec3 {
        let facing = normal.dot(self.towards.normalize_or(Vec3::NEG_Z));
        self.ambient + self.lamp * ((facing + WRAP) / (1.0 + WRAP)).max(0.0)
    }
}

/// Cells a side of the map of normals over the texture.
const CELLS: usize = 128;

/// Unit normals of the resting person over the texture; fourth: how far the place turns with the head.
#[derive(Clone, Debug)]
pub(super) struct Normals(Vec<Vec4>);

impl Normals {
    pub(super) fn new(
        rest: &[Vec3],
        skull: &Skull,
        surround: &Surround,
        layout: &Layout,
        atlas: &Atlas,
    ) -> Self {
        let mut normals = mesh_normals(rest);
        normals.extend(surround.rest().map(|(p, _)| around(skull, p)));
        let places: Vec<Vec3> = layout.uv().iter().map(|u| (*u * CELLS as f32 - 0.5).extend(0.0)).collect();
        let flat: Vec<Vec2> = normals.iter().map(|n| n.truncate() * 0.5 + 0.5).collect();
        let size = [CELLS as u32; 2];
        let mut set = Vec::new();
        cpu::set_up(&places, &flat, layout.skin(), CELLS as u32, size, &mut set);
        let params = WarpFieldParams { size, triangles: set.len() as u32, pad: 0 };
        let (mut keys, mut field) = (vec![0; CELLS * CELLS], vec![Vec4::ZERO; CELLS * CELLS]);
        cpu::raster(&params, &set, &mut keys, &mut field);
        cpu::resolve(&params, &set, &mut keys, &mut field);
        let place = |i: usize| Vec2::new((i % CELLS) as f32 + 0.5, (i / CELLS) as f32 + 0.5) / CELLS as f32;
        let mut map: Vec<Vec4> = field
            .iter()
            .enumerate()
            .map(|(i, f)| {
                let at = atlas.picture(place(i));
                let turn = 1.0 - smoothstep((at.y - skull.chin().y) / (0.3 * skull.height()));
                let normal = if f.w > 0.0 {
                    from_flat((f.truncate().truncate() - 0.5) * 2.0)
                } else {
                    around(skull, at.extend(skull.depth()))
                };
                normal.extend(turn)
            })
            .collect();
        for _ in 0..2 {
            soften(&mut map);
        }
        for patch in Patch::all() {
            let (low, high) = patch.bounds();
            let normal = if patch == Patch::Mouth { Vec3::NEG_Z } else { Vec3::new(0.0, -0.2, -0.98) };
            for (i, cell) in map.iter_mut().enumerate() {
                let uv = place(i);
                if uv.cmpge(low - 0.01).all() && uv.cmple(high + 0.01).all() {
                    *cell = normal.extend(1.0);
                }
            }
        }
        Self(map)
    }

    /// The gain of every cell in a pose, into `out`.
    pub(super) fn gains(&self, light: &Light, pose: &PuppetPose, out: &mut Vec<Vec4>) {
        let turn = pose.rotation();
        out.clear();
        out.extend(self.0.iter().map(|cell| {
            let still = cell.truncate();
            let normal = still.lerp(turn * still, cell.w).normalize_or(Vec3::NEG_Z);
            light.gain(normal).extend(1.0)
        }));
    }
}

/// The gain at a texture position, interpolated.
#[inline]
pub(super) fn gain_at(gains: &[Vec4], u: f32, v: f32) -> Vec4 {
    let cell = Bilinear::in_pairs(Vec2::new(u, v) * CELLS as f32 - 0.5, [CELLS; 2]);
    let start = cell.y.low * CELLS + cell.x.low;
    let Some([a, b]) = gains.get(start..start + 2) else { return Vec4::ONE };
    let Some([c, d]) = gains.get(start + CELLS..start + CELLS + 2) else { return Vec4::ONE };
    bilinear_by_weights([*a, *b, *c, *d], cell.part())
}

/// A normal that faces the viewer, from its x and y.
fn from_flat(xy: Vec2) -> Vec3 {
    let xy = xy.clamp_length_max(0.97);
    xy.extend(-(1.0 - xy.length_squared()).max(0.0).sqrt())
}

/// Mean normals of the face's points, weighted by the triangles' areas.
fn mesh_normals(rest: &[Vec3]) -> Vec<Vec3> {
    let mut out = vec![Vec3::ZERO; POINTS];
    for t in &TRIANGLES[..SKIN_TRIANGLES] {
        let [a, b, c] = t.map(|i| point(rest, i));
        let across = (b - a).cross(c - a);
        let facing = if across.z > 0.0 { -across } else { across };
        for i in t {
            if let Some(n) = out.get_mut(usize::from(*i)) {
                *n += facing;
            }
        }
    }
    out.iter().map(|n| n.normalize_or(Vec3::NEG_Z)).collect()
}

/// Normals of hair, neck and shoulders: an ellipsoid about the head, a cylinder below.
fn around(skull: &Skull, p: Vec3) -> Vec3 {
    let d = p.truncate() - skull.centre();
    let (w, h) = (skull.width(), skull.height());
    let head = from_flat((d / Vec2::new(0.78 * w, 0.88 * h)).clamp_length_max(0.9));
    let body = from_flat(Vec2::new((d.x / (1.5 * w)).clamp(-0.8, 0.8), -0.35));
    let below = smoothstep((p.y - skull.chin().y) / (0.35 * h));
    head.lerp(body, below).normalize_or(Vec3::NEG_Z)
}

/// A 3 by 3 mean.
fn soften(map: &mut [Vec4]) {
    let before = map.to_vec();
    for (i, cell) in map.iter_mut().enumerate() {
        let (x, y) = (i % CELLS, i / CELLS);
        let mut sum = Vec4::ZERO;
        for ny in y.saturating_sub(1)..=(y + 1).min(CELLS - 1) {
            for nx in x.saturating_sub(1)..=(x + 1).min(CELLS - 1) {
                sum += before[ny * CELLS + nx].truncate().extend(1.0);
            }
        }
        *cell = (sum.truncate() / sum.w).extend(cell.w);
    }
}
