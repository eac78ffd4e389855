// Bends the live picture: each pixel is fetched from where it came from.
// In: the region's codes; a square grid of displacements in pixels, its corners on the region's corners. Out: codes,
// fourth byte 1 where a pixel moved, else 0.
// Samples are blended as they are coded. Between the grid's nodes displacements are bilinear.
// Cost: 4 grid reads, then 1 read, or 4 where moved, and 1 write a pixel.

struct MorphParams {
    size: vec2u,
    least: f32,
    pad: u32,
}

@group(0) @binding(0) var<uniform> params: MorphParams;
@group(0) @binding(1) var<storage, read> codes: array<u32>;
@group(0) @binding(2) var<storage, read> nodes: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> moved: array<u32>;

const NODES: u32 = 33u;
const MOVED: u32 = 0x01000000u;

#import grid

fn displacement(at: vec2u) -> vec2f {
    let g = vec2f(at) * (f32(NODES - 1u) / vec2f(max(params.size, vec2u(2u)) - 1u));
    let low = min(vec2u(g), vec2u(NODES - 2u));
    let f = g - vec2f(low);
    let first = low.y * NODES + low.x;
    let upper = mix(nodes[first], nodes[first + 1u], f.x);
    let lower = mix(nodes[first + NODES], nodes[first + NODES + 1u], f.x);
    return mix(upper, lower, f.y);
}

@compute @workgroup_size(64)
fn morph(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    if i >= params.size.x * params.size.y {
        return;
    }
    let at = vec2u(i % params.size.x, i / params.size.x);
    let d = displacement(at);
    if dot(d, d) <= params.least * params.least {
        moved[i] = codes[i] & 0x00ffffffu;
        return;
    }
    let last = vec2f(params.size - 1u);
    let p = clamp(vec2f(at) - d, vec2f(0.0), last);
    let low = vec2u(p);
    let high = min(low + 1u, params.size - 1u);
    let f = p - vec2f(low);
    let a = unpack4x8unorm(codes[low.y * params.size.x + low.x]).xyz;
    let b = unpack4x8unorm(codes[low.y * params.size.x + high.x]).xyz;
    let c = unpack4x8unorm(codes[high.y * params.size.x + low.x]).xyz;
    let e = unpack4x8unorm(codes[high.y * params.size.x + high.x]).xyz;
    let v = vec3u(mix(mix(a, b, f.x), mix(c, e, f.x), f.y) * 255.0 + 0.5);
    moved[i] = v.x | (v.y << 8u) | (v.z << 16u) | MOVED;
}
