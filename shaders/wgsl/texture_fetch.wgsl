// The persona's texture sampled through the warp field.
// In: field; mip chain of packed RGBA (sRGB, straight alpha), level 0 first. Out: linear RGB and weight.
// Trilinear; samples are blended as encoded and decoded once.
// Cost: 1 field read, 4 or 8 texel reads, 1 write a covered pixel.

struct TextureFetchParams {
    size: vec2u,
    side: u32,
    levels: u32,
    lod_bias: f32,
    opacity: f32,
    pad: vec2u,
}

@group(0) @binding(0) var<uniform> params: TextureFetchParams;
@group(0) @binding(1) var<storage, read> field: array<vec4f>;
@group(0) @binding(2) var<storage, read> texels: array<u32>;
@group(0) @binding(3) var<storage, read_write> persona: array<vec4f>;

#import grid
#import transfer

fn bilinear(uv: vec2f, level: u32) -> vec4f {
    let side = params.side >> level;
    // Level k starts after (4^n - 4^(n-k)) / 3 texels, with 2^n the side of level 0.
    let start = (params.side * params.side * 4u - side * side * 4u) / 3u;
    let p = clamp(uv * f32(side) - 0.5, vec2f(0.0), vec2f(f32(side - 1u)));
    let low = vec2u(p);
    let high = min(low + 1u, vec2u(side - 1u));
    let f = p - vec2f(low);
    let a = unpack4x8unorm(texels[start + low.y * side + low.x]);
    let b = unpack4x8unorm(texels[start + low.y * side + high.x]);
    let c = unpack4x8unorm(texels[start + high.y * side + low.x]);
    let d = unpack4x8unorm(texels[start + high.y * side + high.x]);
    return mix(mix(a, b, f.x), mix(c, d, f.x), f.y);
}

@compute @workgroup_size(64)
fn texture_fetch(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    if i >= params.size.x * params.size.y {
        return;
    }
    let at = field[i];
    if at.w == 0.0 {
        persona[i] = vec4f(0.0);
        return;
    }
    let lod = clamp(at.z + params.lod_bias, 0.0, f32(params.levels - 1u));
    let level = u32(lod);
    var v = bilinear(at.xy, level);
    let rest = lod - f32(level);
    if rest > 0.0 {
        v = mix(v, bilinear(at.xy, level + 1u), rest);
    }
    persona[i] = vec4f(decode_srgb(v.xyz), v.w * params.opacity * at.w);
}
