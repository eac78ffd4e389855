//! `wgsl/warp_field.wgsl`, and the triangles' set-up that both backends share.

use crate::layout::{Triangle, WarpFieldParams};
use glam::{Vec2, Vec3, Vec4};

/// Barycentric weights this little below 0 still count as inside, so that no crack opens between triangles.
const EDGE_SLACK: f32 = -1e-4;
const DEPTH_STEPS: f32 = 1_048_575.0;

/// Sets the triangles up for rasterising. `points`: mesh points in region pixels, z smaller is nearer.
/// `uv`: texture positions 0..=1 of the points. `side`: texels of the texture's side. `size`: region width
/// and height. Triangles wind counter-clockwise on screen (y down) when they face the viewer; one that
/// names a missing point, is degenerate or lies outside gets empty bounds.
pub fn set_up(
    points: &[Vec3],
    uv: &[Vec2],
    triangles: &[[u16; 3]],
    side: u32,
    size: [u32; 2],
    out: &mut Vec<Triangle>,
) {
    let depth = |f: fn(f32, f32) -> f32, start: f32| points.iter().fold(start, |a, p| f(a, p.z));
    let (near, far) = (depth(f32::min, f32::MAX), depth(f32::max, f32::MIN));
    let scale = 1.0 / (far - near).max(1e-3);
    out.clear();
    out.extend(triangles.iter().map(|t| {
        let corner = |k: u16| Some((*points.get(k as usize)?, *uv.get(k as usize)?));
        let empty = Triangle { bounds: [0, -1, 0, -1], ..Triangle::default() };
        let (Some(a), Some(b), Some(c)) = (corner(t[0]), corner(t[1]), corner(t[2])) else {
            return empty;
        };
        triangle([a, b, c], |z| (far - z) * scale, side, size).unwrap_or(empty)
    }));
}

fn triangle(
    corners: [(Vec3, Vec2); 3],
    depth: impl Fn(f32) -> f32,
    side: u32,
    size: [u32; 2],
) -> Option<Triangle> {
    let p = corners.map(|c| c.0.truncate());
    let area = (p[1] - p[0]).perp_dot(p[2] - p[0]);
    if !area.is_finite() || area.abs() < 1e-4 {
        return None;
    }
    // Barycentric weight of corner k as a plane: the opposite edge's function over the area.
    let edges = [0usize, 1, 2].map(|k| {
        let (q, r) = (p[(k + 1) % 3], p[(k + 2) % 3]);
        Vec4::new(q.y - r.y, r.x - q.x, q.perp_dot(r), 0.0) / area
    });
    let blend = |v: [f32; 3]| edges[0] * v[0] + edges[1] * v[1] + edges[2] * v[2];
    let (mut u, v) = (blend(corners.map(|c| c.1.x)), blend(corners.map(|c| c.1.y)));
    let mut z = blend(corners.map(|c| depth(c.0.z)));
    let uv_area = (corners[1].1 - corners[0].1).perp_dot(corners[2].1 - corners[0].1);
    let texels = (uv_area / area).abs() * (side as f32) * (side as f32);
    u.w = 0.5 * texels.max(1e-8).log2();
    z.w = if area < 0.0 { 1.0 } else { 0.0 };
    let (low, high) = (p[0].min(p[1]).min(p[2]), p[0].max(p[1]).max(p[2]));
    let first = |v: f32| v.max(0.0).ceil() as i32;
    let last = |v: f32, n: u32| v.min(n as f32 - 1.0).floor() as i32;
    Some(Triangle {
        edges: edges.map(|e| e.to_array()),
        u: u.to_array(),
        v: v.to_array(),
        z: z.to_array(),
        cover: [0.0, 0.0, 1.0, 0.0],
        bounds: [first(low.x), last(high.x, size[0]), first(low.y), last(high.y, size[1])],
    })
}

impl Triangle {
    /// The plane through a value at each corner.
    fn through(&self, corners: [f32; 3]) -> [f32; 3] {
        [0, 1, 2].map(|k| (0..3).map(|corner| self.edges[corner][k] * corners[corner]).sum())
    }

    /// Makes the texture softer by so many mip levels at each corner, and linearly between.
    pub fn soften(&mut self, levels: [f32; 3]) {
        let plane = self.through(levels);
        self.edges.iter_mut().zip(plane).for_each(|(edge, v)| edge[3] = v);
    }

    /// Leaves such a share of the persona, 0..=1, at each corner, and linearly between.
    pub fn fade(&mut self, shares: [f32; 3]) {
        let [a, b, c] = self.through(shares);
        self.cover = [a, b, c, 0.0];
    }

    /// Texels of the texture's side along the direction in which the texture is stretched most, a pixel.
    pub fn least_texels(&self, side: u32) -> f32 {
        let (a, b, c, d) = (self.u[0], self.u[1], self.v[0], self.v[1]);
        let half = (a * a + b * b + c * c + d * d) * 0.5;
        let area = a * d - b * c;
        (half - (half * half - area * area).max(0.0).sqrt()).max(0.0).sqrt() * side as f32
    }
}

#[inline]
fn plane(p: &[f32; 4], x: f32, y: f32) -> f32 {
    p[0] * x + p[1] * y + p[2]
}

/// Where each weight's plane allows column `x` to lie in row `y`: narrows `[x0, x1]` to the inside.
#[inline]
fn span(t: &Triangle, y: f32, x0: i32, x1: i32) -> (i32, i32) {
    let (mut low, mut high) = (x0 as f32, x1 as f32);
    for e in &t.edges {
        let rest = EDGE_SLACK - e[1] * y - e[2];
        if e[0] > 1e-9 {
            low = low.max(rest / e[0]);
        } else if e[0] < -1e-9 {
            high = high.min(rest / e[0]);
        } else if rest > 0.0 {
            return (0, -1);
        }
    }
    (low.ceil() as i32, high.floor() as i32)
}

/// Writes each triangle's keys; `keys` holds the region and is 0 before.
pub fn raster(params: &WarpFieldParams, triangles: &[Triangle], keys: &mut [u32], _field: &mut [Vec4]) {
    let width = params.size[0] as usize;
    for (number, t) in (1u32..).zip(triangles.iter().take(params.triangles as usize)) {
        let [x0, x1, y0, y1] = t.bounds;
        let facing = (t.z[3] as u32) << 31;
        for y in y0..=y1 {
            let (a, b) = span(t, y as f32, x0, x1);
            if a > b {
                continue;
            }
            let mut z = plane(&t.z, a as f32, y as f32);
            let row = y as usize * width;
            for key in &mut keys[row + a as usize..=row + b as usize] {
                let depth = (z.clamp(0.0, 1.0) * DEPTH_STEPS) as u32;
                *key = (*key).max(facing | (depth << 11) | number);
                z += t.z[0];
            }
        }
    }
}

/// Turns keys into u, v, log2 of texels a pixel, and the persona's share: 0 where no triangle is, else above 0.
pub fn resolve(params: &WarpFieldParams, triangles: &[Triangle], keys: &mut [u32], field: &mut [Vec4]) {
    let width = params.size[0].max(1) as usize;
    for ((y, keys), field) in (0u32..).zip(keys.chunks_exact(width)).zip(field.chunks_exact_mut(width)) {
        for ((x, key), out) in (0u32..).zip(keys).zip(field) {
            let number = key & 2047;
            *out = match triangles.get((number as usize).wrapping_sub(1)) {
                None => Vec4::ZERO,
                Some(t) => {
                    let (x, y) = (x as f32, y as f32);
                    let softer = t.edges[0][3] * x + t.edges[1][3] * y + t.edges[2][3];
                    let share = plane(&t.cover, x, y).max(1e-6);
                    Vec4::new(plane(&t.u, x, y), plane(&t.v, x, y), t.u[3] + softer, share)
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(size: f32, at: Vec2, z: f32) -> [Vec3; 4] {
        [(0.0, 0.0), (0.0, size), (size, size), (size, 0.0)].map(|(x, y)| (at + Vec2::new(x, y)).extend(z))
    }

    const QUAD: [[u16; 3]; 2] = [[0, 1, 2], [0, 2, 3]];

    fn run(points: &[Vec3], uv: &[Vec2], triangles: &[[u16; 3]], size: [u32; 2]) -> Vec<Vec4> {
        let params = WarpFieldParams { size, triangles: triangles.len() as u32, pad: 0 };
        let mut set = Vec::new();
        set_up(points, uv, triangles, 64, size, &mut set);
        let n = (size[0] * size[1]) as usize;
        let (mut keys, mut field) = (vec![0; n], vec![Vec4::ZERO; n]);
        raster(&params, &set, &mut keys, &mut field);
        resolve(&params, &set, &mut keys, &mut field);
        field
    }

    #[test]
    fn a_50_by_50_square_covers_exactly_2500_pixels() {
        let uv = [Vec2::ZERO, Vec2::Y, Vec2::ONE, Vec2::X];
        // Pixel middles lie on whole numbers: from 9.5 to 59.5 there are 50.
        let field = run(&square(50.0, Vec2::splat(9.5), 0.0), &uv, &QUAD, [80, 70]);
        assert_eq!(field.iter().filter(|f| f.w == 1.0).count(), 2500);
        let mid = field[35 * 80 + 34];
        assert!((mid.x - 0.49).abs() < 1e-4 && (mid.y - 0.51).abs() < 1e-4, "{mid}");
        // 64 texels over 50 pixels.
        assert!((mid.z - (64.0f32 / 50.0).log2()).abs() < 1e-4);
    }

    #[test]
    fn nearer_wins_and_front_beats_back() {
        let uv = [Vec2::ZERO, Vec2::ZERO, Vec2::ZERO, Vec2::ZERO, Vec2::ONE, Vec2::ONE, Vec2::ONE, Vec2::ONE];
        let mut points = square(20.0, Vec2::splat(2.5), 5.0).to_vec();
        points.extend(square(20.0, Vec2::splat(2.5), -5.0));
        let front = [[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]];
        let field = run(&points, &uv, &front, [30, 30]);
        assert_eq!(field[10 * 30 + 10].x, 1.0);
        let back = [[0, 1, 2], [0, 2, 3], [4, 6, 5], [4, 7, 6]];
        let field = run(&points, &uv, &back, [30, 30]);
        assert_eq!(field[10 * 30 + 10].x, 0.0);
    }

    #[test]
    fn softness_and_share_go_from_corner_to_corner() {
        let uv = [Vec2::ZERO, Vec2::Y, Vec2::ONE, Vec2::X];
        let (points, size) = (square(50.0, Vec2::splat(9.5), 0.0), [80, 70]);
        let mut set = Vec::new();
        set_up(&points, &uv, &QUAD, 64, size, &mut set);
        for t in &mut set {
            t.soften([0.0, 1.0, 1.0]);
            t.fade([1.0, 0.0, 0.0]);
        }
        let params = WarpFieldParams { size, triangles: 2, pad: 0 };
        let (mut keys, mut field) = (vec![0; 80 * 70], vec![Vec4::ZERO; 80 * 70]);
        raster(&params, &set, &mut keys, &mut field);
        resolve(&params, &set, &mut keys, &mut field);
        let plain = (64.0f32 / 50.0).log2();
        // The first triangle's first corner is the square's upper left, its second the lower left.
        assert!((field[59 * 80 + 10].z - plain - 0.99).abs() < 1e-3);
        assert!((field[35 * 80 + 11].z - plain - 0.51).abs() < 1e-3);
        assert!((field[35 * 80 + 11].w - 0.49).abs() < 1e-3);
    }

    #[test]
    fn points_outside_or_not_finite_do_no_harm() {
        let uv = [Vec2::ZERO; 4];
        for at in [Vec2::splat(-30.0), Vec2::splat(25.0), Vec2::splat(f32::NAN), Vec2::splat(1e30)] {
            let field = run(&square(20.0, at, 0.0), &uv, &QUAD, [30, 30]);
            assert_eq!(field.len(), 900);
        }
        assert!(run(&square(20.0, Vec2::ZERO, 0.0), &uv, &[[0, 1, 9]], [30, 30]).iter().all(|f| f.w == 0.0));
    }
}
