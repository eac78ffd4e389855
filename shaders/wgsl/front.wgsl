// Takes the persona away where a network's matte says that something stands in front of the face.
// In: field; live, linear light; guided: for each cell of the matte's square the share of red, green and blue and a
// constant, by which square roots of linear light make the matte. Changes: the persona's weight.
// Cost: 1 field read, 4 cell reads, 1 live read, 1 read and 1 write a covered pixel.

struct FrontParams {
    size: vec2u,
    low: f32,
    high: f32,
    to_cells: array<vec4f, 2>,
}

@group(0) @binding(0) var<uniform> params: FrontParams;
@group(0) @binding(1) var<storage, read> field: array<vec4f>;
@group(0) @binding(2) var<storage, read> live: array<vec4f>;
@group(0) @binding(3) var<storage, read> guided: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> persona: array<vec4f>;

const SIDE: u32 = 128u;

#import corners
#import grid

@compute @workgroup_size(64)
fn front(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    if i >= params.size.x * params.size.y {
        return;
    }
    let p = persona[i];
    if field[i].w == 0.0 || p.w == 0.0 {
        return;
    }
    let pixel = vec4f(f32(i % params.size.x), f32(i / params.size.x), 1.0, 0.0);
    let at = vec2f(dot(params.to_cells[0], pixel), dot(params.to_cells[1], pixel));
    let at_cell = corners(at, SIDE);
    let f = at_cell.part;
    let upper = mix(guided[at_cell.a], guided[at_cell.b], f.x);
    let lower = mix(guided[at_cell.c], guided[at_cell.d], f.x);
    let between = mix(upper, lower, f.y);
    let own = vec4f(sqrt(max(live[i].xyz, vec3f(0.0))), 1.0);
    let matte = clamp((dot(between, own) - params.low) / (params.high - params.low), 0.0, 1.0);
    persona[i] = vec4f(p.xyz, p.w * (1.0 - matte));
}
