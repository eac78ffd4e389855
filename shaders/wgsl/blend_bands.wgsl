// Multiband blend of the difference persona - live along the weight.
// A Laplacian pyramid is linear, so blending two pictures equals adding the weighted bands of their
// difference: one pyramid instead of two. The weight rides in the fourth channel and makes the mask pyramid.
// `reduce`: the finer level to half its size, filter 1 3 3 1. `collapse`: from the coarsest level up, the
// weighted band of the finer level plus the enlarged sum so far.
// Cost: 16 reads a coarse pixel; 9 reads and 1 write a fine pixel.

struct BlendBandsParams {
    fine: vec2u,
    coarse: vec2u,
    last: u32,
    pad: u32,
    more: vec2u,
}

@group(0) @binding(0) var<uniform> params: BlendBandsParams;
@group(0) @binding(1) var<storage, read> fine: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> coarse: array<vec4f>;
// Sum of the weighted bands, of the coarser and of the finer level.
@group(0) @binding(3) var<storage, read> coarse_sum: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> fine_sum: array<vec4f>;

#import grid

fn tap(k: i32) -> f32 {
    return select(0.125, 0.375, k == 1 || k == 2);
}

@compute @workgroup_size(64)
fn reduce(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    if i >= params.coarse.x * params.coarse.y {
        return;
    }
    let at = vec2i(i32(i % params.coarse.x), i32(i / params.coarse.x)) * 2 - 1;
    let top = vec2i(params.fine) - 1;
    var sum = vec4f(0.0);
    for (var y = 0; y < 4; y++) {
        for (var x = 0; x < 4; x++) {
            let p = vec2u(clamp(at + vec2i(x, y), vec2i(0), top));
            sum += fine[p.y * params.fine.x + p.x] * (tap(x) * tap(y));
        }
    }
    coarse[i] = sum;
}

@compute @workgroup_size(64)
fn collapse(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    if i >= params.fine.x * params.fine.y {
        return;
    }
    let px = vec2i(i32(i % params.fine.x), i32(i / params.fine.x));
    // The coarse pixel that covers this one weighs 3/4, its neighbour on this one's side 1/4.
    let near = px / 2;
    let far = clamp(near + (px % 2) * 2 - 1, vec2i(0), vec2i(params.coarse) - 1);
    var low = vec4f(0.0);
    var sum = vec4f(0.0);
    for (var k = 0; k < 4; k++) {
        let x = select(near.x, far.x, (k & 1) == 1);
        let y = select(near.y, far.y, (k & 2) == 2);
        let w = select(0.75, 0.25, (k & 1) == 1) * select(0.75, 0.25, (k & 2) == 2);
        let j = u32(y) * params.coarse.x + u32(x);
        low += coarse[j] * w;
        if params.last == 0u {
            sum += coarse_sum[j] * w;
        } else {
            sum += coarse[j] * (coarse[j].w * w);
        }
    }
    let d = fine[i];
    fine_sum[i] = vec4f((d.xyz - low.xyz) * d.w + sum.xyz, d.w);
}
