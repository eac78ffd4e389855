// The last pass: the blended region back to native codes, and the badge's plate.
// In: the region's original codes, the live working image, the weighted difference (fourth: weight), the
// plate's text coverage (one f32 a plate pixel). Out: packed codes, fourth byte 255 where written, else what `kept` leaves.
// The live picture's fine grain, limited in height so that edges can't show, is added to what is drawn.
// Cost: 27 reads, 1 write a pixel.

struct BadgeEncodeParams {
    size: vec2u,
    origin: vec2u,
    from_rgb: array<vec4f, 3>,
    plate: vec4u,
    plate_rgb: vec4f,
    text_rgb: vec4f,
    grain: vec4f,
    kept: u32,
    pad: u32,
    more: vec2u,
}

@group(0) @binding(0) var<uniform> params: BadgeEncodeParams;
@group(0) @binding(1) var<storage, read> codes: array<u32>;
@group(0) @binding(2) var<storage, read> live: array<vec4f>;
@group(0) @binding(3) var<storage, read> blended: array<vec4f>;
@group(0) @binding(4) var<storage, read> coverage: array<f32>;
@group(0) @binding(5) var<storage, read_write> patch_codes: array<u32>;

#import grid
#import transfer

// The weight below which a pixel is left alone, and the one from which the sum of the bands counts in full.
const WEIGHT_MIN: f32 = 0.004;
const WEIGHT_FULL: f32 = 0.25;
// Grain is what a pixel differs from the mean of the square round it.
const GRAIN_REACH: i32 = 2;
const GRAIN_PIXELS: f32 = 25.0;

fn encode(rgb: vec3f) -> vec3f {
    let v = vec4f(rgb, 1.0);
    return vec3f(dot(params.from_rgb[0], v), dot(params.from_rgb[1], v), dot(params.from_rgb[2], v));
}

fn grain(x: u32, y: u32) -> vec3f {
    var sum = vec3f(0.0);
    let top = vec2i(params.size) - 1;
    for (var dy = -GRAIN_REACH; dy <= GRAIN_REACH; dy++) {
        for (var dx = -GRAIN_REACH; dx <= GRAIN_REACH; dx++) {
            let p = vec2u(clamp(vec2i(i32(x) + dx, i32(y) + dy), vec2i(0), top));
            sum += unpack4x8unorm(codes[p.y * params.size.x + p.x]).xyz;
        }
    }
    let fine = unpack4x8unorm(codes[y * params.size.x + x]).xyz - sum / GRAIN_PIXELS;
    return clamp(fine, vec3f(-params.grain.w), vec3f(params.grain.w)) * params.grain.xyz;
}

fn packed(code: vec3f, written: u32) -> u32 {
    let v = vec3u(clamp(code, vec3f(0.0), vec3f(1.0)) * 255.0 + 0.5);
    return v.x | (v.y << 8u) | (v.z << 16u) | (written << 24u);
}

@compute @workgroup_size(64)
fn badge_encode(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    if i >= params.size.x * params.size.y {
        return;
    }
    let x = i % params.size.x;
    let y = i / params.size.x;
    let on_plate = vec2u(x, y) + params.origin - params.plate.xy;
    if on_plate.x < params.plate.z && on_plate.y < params.plate.w {
        let text = coverage[on_plate.y * params.plate.z + on_plate.x];
        patch_codes[i] = packed(encode(mix(params.plate_rgb.xyz, params.text_rgb.xyz, text)), 255u);
        return;
    }
    let b = blended[i];
    if b.w < WEIGHT_MIN {
        patch_codes[i] = codes[i] & params.kept;
        return;
    }
    let rgb = live[i].xyz + b.xyz * min(b.w / WEIGHT_FULL, 1.0);
    patch_codes[i] = packed(encode(encode_srgb(rgb)) + grain(x, y) * b.w, 255u);
}
