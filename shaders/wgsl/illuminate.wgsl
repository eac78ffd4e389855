// Light and skin tone of the live face laid on the persona.
// `gather` averages live and persona over grid cells, weighted by the persona's weight, less in the
// ellipses; `smooth_grid` blurs
// both grids along one axis; `relight` multiplies the persona by their ratio and leaves the difference to
// the live picture for `blend_bands`.
// In: live, persona (linear). Out: difference persona - live, fourth the weight; 0 where the weight is 0.
// Cost: 2 reads a pixel, then a few hundred cells, then 2 reads, 8 cell reads and 1 write a pixel.

struct IlluminateParams {
    size: vec2u,
    grid: vec2u,
    cell: u32,
    radius: u32,
    sigma: f32,
    strength: f32,
    keep_reference: f32,
    axis: u32,
    features: u32,
    pad: u32,
    rows: array<vec4f, 10>,
}

@group(0) @binding(0) var<uniform> params: IlluminateParams;
@group(0) @binding(1) var<storage, read> live: array<vec4f>;
@group(0) @binding(2) var<storage, read> persona: array<vec4f>;
// Two grids, one after the other: live sums, then persona sums; fourth is the weight.
@group(0) @binding(3) var<storage, read> grid_in: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> grid_out: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> difference: array<vec4f>;

const GAIN_MIN: f32 = 0.01;
const GAIN_MAX: f32 = 5.0;
// Linear light added to both sides of the ratio, so that black does not blow up.
const FLOOR: f32 = 0.002;
// Radii of an ellipse between which cells come to count. A sharp edge would have cells flicker as the face moves.
const INSIDE: f32 = 0.8;
const OUTSIDE: f32 = 1.6;
const LUMINANCE: vec3f = vec3f(0.2126, 0.7152, 0.0722);

#import grid

// How much a cell tells of the light: nothing where its middle lies well in one of the ellipses, all well outside of them.
fn cell_weight(cell: vec2u) -> f32 {
    let middle = (vec2f(cell) + 0.5) * f32(params.cell) - 0.5;
    let at_pixel = vec4f(middle, 1.0, 0.0);
    var weight = 1.0;
    for (var k = 0u; k < params.features; k++) {
        let at = vec2f(dot(params.rows[2u * k], at_pixel), dot(params.rows[2u * k + 1u], at_pixel));
        weight = min(weight, (length(at) - INSIDE) / (OUTSIDE - INSIDE));
    }
    return max(weight, 0.0);
}

@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3u) {
    let cells = params.grid.x * params.grid.y;
    if id.x >= cells {
        return;
    }
    let cell = vec2u(id.x % params.grid.x, id.x / params.grid.x);
    let from_px = cell * params.cell;
    let to_px = min(from_px + params.cell, params.size);
    var a = vec4f(0.0);
    var b = vec4f(0.0);
    for (var y = from_px.y; y < to_px.y; y++) {
        for (var x = from_px.x; x < to_px.x; x++) {
            let i = y * params.size.x + x;
            let w = persona[i].w;
            a += vec4f(live[i].xyz * w, w);
            b += vec4f(persona[i].xyz * w, w);
        }
    }
    let weight = cell_weight(cell);
    grid_out[id.x] = a * weight;
    grid_out[cells + id.x] = b * weight;
}

@compute @workgroup_size(64)
fn smooth_grid(@builtin(global_invocation_id) id: vec3u) {
    let cells = params.grid.x * params.grid.y;
    if id.x >= cells * 2u {
        return;
    }
    let base = select(0u, cells, id.x >= cells);
    let at = vec2i(vec2u((id.x - base) % params.grid.x, (id.x - base) / params.grid.x));
    let reach = i32(params.radius);
    var sum = vec4f(0.0);
    for (var k = -reach; k <= reach; k++) {
        let p = at + select(vec2i(0, k), vec2i(k, 0), params.axis == 0u);
        if p.x >= 0 && p.y >= 0 && p.x < i32(params.grid.x) && p.y < i32(params.grid.y) {
            let t = f32(k) / params.sigma;
            sum += grid_in[base + u32(p.y) * params.grid.x + u32(p.x)] * exp(-0.5 * t * t);
        }
    }
    grid_out[id.x] = sum;
}

fn cell_gain(i: u32) -> vec3f {
    let a = grid_in[i];
    let b = grid_in[params.grid.x * params.grid.y + i];
    if a.w <= 1e-6 {
        return vec3f(1.0);
    }
    let lit = a.xyz / a.w;
    var gain = (lit + FLOOR) / (b.xyz / b.w + FLOOR);
    if params.keep_reference > 0.0 {
        gain = vec3f(dot(lit, LUMINANCE) / params.keep_reference);
    }
    return mix(vec3f(1.0), clamp(gain, vec3f(GAIN_MIN), vec3f(GAIN_MAX)), params.strength);
}

@compute @workgroup_size(64)
fn relight(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    if i >= params.size.x * params.size.y {
        return;
    }
    let p = persona[i];
    if p.w <= 0.0 {
        difference[i] = vec4f(0.0);
        return;
    }
    let px = vec2f(f32(i % params.size.x), f32(i / params.size.x));
    let top = vec2f(params.grid - 1u);
    let at = clamp((px + 0.5) / f32(params.cell) - 0.5, vec2f(0.0), top);
    let low = vec2u(at);
    let high = min(low + 1u, params.grid - 1u);
    let f = at - vec2f(low);
    let upper = mix(cell_gain(low.y * params.grid.x + low.x), cell_gain(low.y * params.grid.x + high.x), f.x);
    let lower = mix(cell_gain(high.y * params.grid.x + low.x), cell_gain(high.y * params.grid.x + high.x), f.x);
    difference[i] = vec4f(p.xyz * mix(upper, lower, f.y) - live[i].xyz, p.w);
}
