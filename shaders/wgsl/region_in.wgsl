// Native codes of the region to the linear working image.
// In: packed codes (three 8-bit samples and alpha a pixel). Out: linear-light RGB, fourth 1.
// Cost: 1 read, 1 write a pixel.

struct RegionInParams {
    size: vec2u,
    pad: vec2u,
    to_rgb: array<vec4f, 3>,
}

@group(0) @binding(0) var<uniform> params: RegionInParams;
@group(0) @binding(1) var<storage, read> codes: array<u32>;
@group(0) @binding(2) var<storage, read_write> live: array<vec4f>;

#import grid
#import transfer

@compute @workgroup_size(64)
fn region_in(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    if i >= params.size.x * params.size.y {
        return;
    }
    let code = vec4f(unpack4x8unorm(codes[i]).xyz, 1.0);
    let rgb = vec3f(dot(params.to_rgb[0], code), dot(params.to_rgb[1], code), dot(params.to_rgb[2], code));
    live[i] = vec4f(decode_srgb(clamp(rgb, vec3f(0.0), vec3f(1.0))), 1.0);
}
