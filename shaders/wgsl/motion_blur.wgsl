// Smears the persona's colour along the way that the face goes while the shutter is open.
// In: sampled, linear RGB and weight. Out: the same with each pixel's colour the mean along the streak, by the weights;
// the weight stays, so the mask's edges do.
// Cost: `taps` reads and 1 write a covered pixel.

struct MotionBlurParams {
    size: vec2u,
    streak: vec2f,
    taps: u32,
    pad: u32,
    more: vec2u,
}

@group(0) @binding(0) var<uniform> params: MotionBlurParams;
@group(0) @binding(1) var<storage, read> sampled: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> persona: array<vec4f>;

#import grid

@compute @workgroup_size(64)
fn motion_blur(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    let size = vec2i(params.size);
    if i >= params.size.x * params.size.y {
        return;
    }
    let own = sampled[i];
    if own.w == 0.0 {
        persona[i] = own;
        return;
    }
    let at = vec2i(vec2u(i % params.size.x, i / params.size.x));
    var sum = vec4f(0.0);
    for (var k = 0u; k < params.taps; k++) {
        let along = f32(k) / f32(params.taps - 1u) - 0.5;
        // Halves up: `round` goes to even.
        let p = at + vec2i(floor(params.streak * along + 0.5));
        if all(p >= vec2i(0)) && all(p < size) {
            let tap = sampled[p.y * size.x + p.x];
            sum += vec4f(tap.xyz * tap.w, tap.w);
        }
    }
    persona[i] = vec4f(sum.xyz / sum.w, own.w);
}
