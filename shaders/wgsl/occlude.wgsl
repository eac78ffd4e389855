// Takes the persona away where something stands in front of the face.
// In: field; the mask, 0 (free) to 1 (covered), a square of cells over the texture's UV. Changes: the persona's weight.
// Cost: 1 field read, 4 mask reads, 1 read and 1 write a covered pixel.

struct OccludeParams {
    size: vec2u,
    low: f32,
    high: f32,
}

@group(0) @binding(0) var<uniform> params: OccludeParams;
@group(0) @binding(1) var<storage, read> field: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read_write> persona: array<vec4f>;

const SIDE: u32 = 64u;

#import grid

fn covered(uv: vec2f) -> f32 {
    let p = clamp(uv * f32(SIDE) - 0.5, vec2f(0.0), vec2f(f32(SIDE - 1u)));
    let low = vec2u(p);
    let high = min(low + 1u, vec2u(SIDE - 1u));
    let f = p - vec2f(low);
    let upper = mix(mask[low.y * SIDE + low.x], mask[low.y * SIDE + high.x], f.x);
    let lower = mix(mask[high.y * SIDE + low.x], mask[high.y * SIDE + high.x], f.x);
    return mix(upper, lower, f.y);
}

@compute @workgroup_size(64)
fn occlude(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    if i >= params.size.x * params.size.y {
        return;
    }
    let at = field[i];
    let p = persona[i];
    if at.w == 0.0 || p.w == 0.0 {
        return;
    }
    let t = clamp((covered(at.xy) - params.low) / (params.high - params.low), 0.0, 1.0);
    persona[i] = vec4f(p.xyz, p.w * (1.0 - t));
}
