//! `wgsl/illuminate.wgsl`.

use crate::layout::IlluminateParams;
use glam::{Vec2, Vec3, Vec4, Vec4Swizzles};

const GAIN_MIN: f32 = 0.01;
const GAIN_MAX: f32 = 5.0;
/// Linear light added to both sides of the ratio, so that black does not blow up.
const FLOOR: f32 = 0.002;
/// Radii of an ellipse between which cells come to count. A sharp edge would have cells flicker as the face moves.
const INSIDE: f32 = 0.8;
const OUTSIDE: f32 = 1.6;
const LUMINANCE: Vec3 = Vec3::new(0.2126, 0.7152, 0.0722);

fn weighted(p: Vec4, w: f32) -> Vec4 {
    let v = p * w;
    Vec4::new(v.x, v.y, v.z, w)
}

/// How much a cell tells of the light: nothing where its middle lies well in one of the ellipses, all well outside of them.
fn cell_weight(params: &IlluminateParams, cell: [usize; 2]) -> f32 {
    let [x, y] = cell.map(|v| (v as f32 + 0.5) * params.cell as f32 - 0.5);
    let at_pixel = Vec4::new(x, y, 1.0, 0.0);
    let rows = params.rows.chunks_exact(2).take(params.features as usize);
    rows.map(|rows| Vec2::from([0, 1].map(|k: usize| Vec4::from_array(rows[k]).dot(at_pixel))))
        .fold(1.0, |weight: f32, at| weight.min((at.length() - INSIDE) / (OUTSIDE - INSIDE)))
        .max(0.0)
}

/// Sums live and persona over grid cells, weighted by the persona's weight, less in the ellipses. `grid_out` holds both
/// grids.
pub fn gather(params: &IlluminateParams, live: &[Vec4], persona: &[Vec4], grid_out: &mut [Vec4]) {
    let width = params.size[0].max(1) as usize;
    let (columns, cell) = (params.grid[0] as usize, params.cell.max(1) as usize);
    let cells = columns * params.grid[1] as usize;
    let (sums_a, sums_b) = grid_out.split_at_mut(cells);
    sums_a.fill(Vec4::ZERO);
    sums_b[..cells].fill(Vec4::ZERO);
    for (y, (live, persona)) in live.chunks_exact(width).zip(persona.chunks_exact(width)).enumerate() {
        let row = y / cell * columns;
        for (k, (live, persona)) in live.chunks(cell).zip(persona.chunks(cell)).enumerate() {
            let (mut a, mut b) = (Vec4::ZERO, Vec4::ZERO);
            for (l, p) in live.iter().zip(persona) {
                a += weighted(*l, p.w);
                b += weighted(*p, p.w);
            }
            sums_a[row + k] += a;
            sums_b[row + k] += b;
        }
    }
    if params.features == 0 {
        return;
    }
    for k in 0..cells {
        let weight = cell_weight(params, [k % columns, k / columns]);
        (sums_a[k], sums_b[k]) = (sums_a[k] * weight, sums_b[k] * weight);
    }
}

/// Blurs both grids along one axis by a Gaussian; cells outside count nothing.
pub fn smooth_grid(params: &IlluminateParams, grid_in: &[Vec4], grid_out: &mut [Vec4]) {
    let [columns, rows] = params.grid.map(|v| v as i32);
    let cells = (columns * rows) as usize;
    let reach = params.radius as i32;
    let taps: Vec<f32> = (-reach..=reach)
        .map(|k| {
            let t = k as f32 / params.sigma;
            (-0.5 * t * t).exp()
        })
        .collect();
    for (from, to) in grid_in.chunks_exact(cells).zip(grid_out.chunks_exact_mut(cells)).take(2) {
        for (i, out) in to.iter_mut().enumerate() {
            let at = [i as i32 % columns, i as i32 / columns];
            let (here, n, stride) =
                if params.axis == 0 { (at[0], columns, 1) } else { (at[1], rows, columns) };
            let (low, high) = ((here - reach).max(0), (here + reach).min(n - 1));
            *out = (low..=high)
                .map(|p| from[(i as i32 + (p - here) * stride) as usize] * taps[(p - here + reach) as usize])
                .sum();
        }
    }
}

fn cell_gain(params: &IlluminateParams, a: Vec4, b: Vec4) -> Vec3 {
    if a.w <= 1e-6 {
        return Vec3::ONE;
    }
    let lit = a.xyz() / a.w;
    let gain = if params.keep_reference > 0.0 {
        Vec3::splat(lit.dot(LUMINANCE) / params.keep_reference)
    } else {
        (lit + FLOOR) / (b.xyz() / b.w + FLOOR)
    };
    Vec3::ONE.lerp(gain.clamp(Vec3::splat(GAIN_MIN), Vec3::splat(GAIN_MAX)), params.strength)
}

/// The relit persona less the live picture, fourth the weight; 0 where the weight is 0.
pub fn relight(
    params: &IlluminateParams,
    live: &[Vec4],
    persona: &[Vec4],
    grid_in: &[Vec4],
    difference: &mut [Vec4],
) {
    let width = params.size[0].max(1) as usize;
    let (columns, rows) = (params.grid[0] as usize, params.grid[1] as usize);
    let (sums_a, sums_b) = grid_in.split_at(columns * rows);
    let gains: Vec<Vec4> =
        sums_a.iter().zip(sums_b).map(|(a, b)| cell_gain(params, *a, *b).extend(1.0)).collect();
    // Where a pixel lies between cells, and how far; the same for every row.
    let between = |px: usize, n: usize| {
        let at = ((px as f32 + 0.5) / params.cell as f32 - 0.5).clamp(0.0, (n - 1) as f32);
        let low = at as usize;
        (low, (low + 1).min(n - 1), at - low as f32)
    };
    let places: Vec<_> = (0..width).map(|x| between(x, columns)).collect();
    let mut line = vec![Vec4::ONE; columns];
    let rows_of = live.chunks_exact(width).zip(persona.chunks_exact(width));
    for (y, ((live, persona), out)) in rows_of.zip(difference.chunks_exact_mut(width)).enumerate() {
        let (upper, lower, fy) = between(y, rows);
        let (upper, lower) = (&gains[upper * columns..][..columns], &gains[lower * columns..][..columns]);
        for ((g, a), b) in line.iter_mut().zip(upper).zip(lower) {
            *g = a.lerp(*b, fy);
        }
        for (((out, l), p), (low, high, fx)) in out.iter_mut().zip(live).zip(persona).zip(&places) {
            *out = if p.w > 0.0 {
                let d = *p * line[*low].lerp(line[*high], *fx) - *l;
                Vec4::new(d.x, d.y, d.z, p.w)
            } else {
                Vec4::ZERO
            };
        }
    }
}
