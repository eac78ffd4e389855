// The live mesh rasterised over the region: where on the persona's texture each pixel looks.
// In: triangles set up by the host. Between: one key a pixel (0 before `raster`). Out: u, v, log2 of
// texels a pixel, the persona's share (0 where no triangle is).
// `raster` runs one workgroup a triangle. A key holds facing, depth and triangle, so that the greatest key
// is the front-most face; pixels on a shared edge may be claimed by both triangles, and one wins.
// Cost: the triangles' bounding boxes in atomic operations, then 1 read, 1 write a pixel.

struct WarpFieldParams {
    size: vec2u,
    triangles: u32,
    pad: u32,
}

struct Triangle {
    edges: array<vec4f, 3>,
    u: vec4f,
    v: vec4f,
    z: vec4f,
    cover: vec4f,
    bounds: vec4i,
}

@group(0) @binding(0) var<uniform> params: WarpFieldParams;
@group(0) @binding(1) var<storage, read> triangles: array<Triangle>;
@group(0) @binding(2) var<storage, read_write> keys: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> field: array<vec4f>;

// Barycentric weights this little below 0 still count as inside, so that no crack opens between triangles.
const EDGE_SLACK: f32 = -1e-4;
const DEPTH_STEPS: f32 = 1048575.0;

#import grid

fn plane(p: vec4f, at: vec2f) -> f32 {
    return p.x * at.x + p.y * at.y + p.z;
}

@compute @workgroup_size(64)
fn raster(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
    let t = triangles[group.x];
    let width = t.bounds.y - t.bounds.x + 1;
    let height = t.bounds.w - t.bounds.z + 1;
    if width <= 0 || height <= 0 {
        return;
    }
    for (var k = i32(lane); k < width * height; k += 64) {
        let x = t.bounds.x + k % width;
        let y = t.bounds.z + k / width;
        let at = vec2f(f32(x), f32(y));
        let inside = min(min(plane(t.edges[0], at), plane(t.edges[1], at)), plane(t.edges[2], at));
        if inside >= EDGE_SLACK {
            let depth = u32(clamp(plane(t.z, at), 0.0, 1.0) * DEPTH_STEPS);
            let key = (u32(t.z.w) << 31u) | (depth << 11u) | (group.x + 1u);
            atomicMax(&keys[u32(y) * params.size.x + u32(x)], key);
        }
    }
}

@compute @workgroup_size(64)
fn resolve(@builtin(global_invocation_id) id: vec3u) {
    let i = flat_index(id);
    if i >= params.size.x * params.size.y {
        return;
    }
    let number = atomicLoad(&keys[i]) & 2047u;
    if number == 0u {
        field[i] = vec4f(0.0);
        return;
    }
    let at = vec2f(f32(i % params.size.x), f32(i / params.size.x));
    let u = triangles[number - 1u].u;
    let e = triangles[number - 1u].edges;
    let softer = e[0].w * at.x + e[1].w * at.y + e[2].w;
    let share = max(plane(triangles[number - 1u].cover, at), 1e-6);
    field[i] = vec4f(plane(u, at), plane(triangles[number - 1u].v, at), u.w + softer, share);
}
