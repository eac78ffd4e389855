// The four of side x side cells round a place, as indices row by row, and where it lies between them. Places are in cells, 0 the
// middle of the first; beyond the border the border's own.
struct Corners {
    a: u32,
    b: u32,
    c: u32,
    d: u32,
    part: vec2f,
}

fn corners(at: vec2f, side: u32) -> Corners {
    let place = clamp(at, vec2f(0.0), vec2f(f32(side - 1u)));
    let low = vec2u(place);
    let high = min(low + 1u, vec2u(side - 1u));
    let upper = low.y * side;
    let lower = high.y * side;
    return Corners(upper + low.x, upper + high.x, lower + low.x, lower + high.x, place - vec2f(low));
}
