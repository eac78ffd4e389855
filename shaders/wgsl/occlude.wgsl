// Takes the persona away where something stands in front of the face.
// In: field; live, linear light; cells over the texture's UV: square roots of linear light as the face would look, fourth
// how far it is covered (0..=1), and as what stands in front looks. Changes: the persona's weight.
// At the occluder's edge a pixel goes by its own colour: how far it lies on the way from the face's to the occluder's.
// Cost: 1 field read, 4 cell reads, 1 live read, 1 read and 1 write a covered pixel.

struct OccludeParams {
    size: vec2u,
    low: f32,
    high: f32,
}

struct OccludeCell {
    face: vec4f,
    front: vec4f,
}

@group(0) @binding(0) var<uniform> params: OccludeParams;
@group(0) @binding(1) var<storage, read> field: array<vec4f>;
@group(0) @binding(2) var<storage, read> live: array<vec4f>;
@group(0) @binding(3) var<storage, read> in_front: array<OccludeCell>;
@group(0) @binding(4) var<storage, read_write> persona: array<vec4f>;

const SIDE: u32 = 64u;
// Squared distance of the two colours at which the pixel's own colour and the cells count alike.
const TELLING: f32 = 0.012;

#import corners
#import grid

fn ramp(v: f32, low: f32, high: f32) -> f32 {
    return clamp((v - low) / (high - low), 0.0, 1.0);
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
    let cells = corners(at.xy * f32(SIDE) - 0.5, SIDE);
    let f = cells.part;
    let a = in_front[cells.a];
    let b = in_front[cells.b];
    let c = in_front[cells.c];
    let d = in_front[cells.d];
    if max(max(a.face.w, b.face.w), max(c.face.w, d.face.w)) <= 0.04 {
        return;
    }
    let face = mix(mix(a.face, b.face, f.x), mix(c.face, d.face, f.x), f.y);
    let front = mix(mix(a.front, b.front, f.x), mix(c.front, d.front, f.x), f.y);
    let covered = face.w;
    let way = (front - face).xyz;
    let own = sqrt(max(live[i].xyz, vec3f(0.0))) - face.xyz;
    let distance = dot(way, way);
    let matte = ramp(dot(own, way) / max(distance, 1e-6), 0.3, 0.7);
    // Deep inside and well outside the cells decide.
    let near_edge = ramp(covered, 0.04, 0.15) * (1.0 - ramp(covered, 0.85, 0.96));
    let tells = near_edge * distance / (distance + TELLING);
    let coarse = ramp(covered, params.low, params.high);
    persona[i] = vec4f(p.xyz, p.w * (1.0 - mix(coarse, matte, tells)));
}
