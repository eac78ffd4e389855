// Dispatches of more workgroups than one row may hold are folded into rows of this many invocations.
const ROW_INVOCATIONS: u32 = 4194240u;

fn flat_index(id: vec3u) -> u32 {
    return id.y * ROW_INVOCATIONS + id.x;
}
