//! Writes protobuf and small networks.

pub(super) fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn tag(number: u32, wire: u32) -> Vec<u8> {
    varint(u64::from(number << 3 | wire))
}

pub(super) fn int(number: u32, value: i64) -> Vec<u8> {
    [tag(number, 0), varint(value as u64)].concat()
}

pub(super) fn fixed32(number: u32, value: [u8; 4]) -> Vec<u8> {
    [tag(number, 5), value.to_vec()].concat()
}

pub(super) fn fixed64(number: u32, value: [u8; 8]) -> Vec<u8> {
    [tag(number, 1), value.to_vec()].concat()
}

/// A field that claims `length` bytes, of which only `value` follow.
pub(super) fn claim(number: u32, length: u64, value: &[u8]) -> Vec<u8> {
    [tag(number, 2), varint(length), value.to_vec()].concat()
}

pub(super) fn bytes(number: u32, value: &[u8]) -> Vec<u8> {
    claim(number, value.len() as u64, value)
}

pub(super) fn text(number: u32, value: &str) -> Vec<u8> {
    bytes(number, value.as_bytes())
}

pub(super) fn message(number: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    bytes(number, &parts.concat())
}

pub(super) fn le(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// An input (field 11) or output (field 12) of the graph; no dimensions mean no shape.
pub(super) fn end(field: u32, name: &str, element: i64, dims: &[Option<i64>]) -> Vec<u8> {
    let dims: Vec<_> =
        dims.iter().map(|dim| message(1, &[dim.map_or_else(|| text(2, "h"), |d| int(1, d))])).collect();
    let shape = if dims.is_empty() { Vec::new() } else { message(2, &dims) };
    message(field, &[text(1, name), message(2, &[message(1, &[int(1, element), shape])])])
}

/// A node of a graph (field 1).
pub(super) fn node(operator: &str, inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
    let mut parts: Vec<_> = inputs.iter().map(|name| text(1, name)).collect();
    parts.extend(outputs.iter().map(|name| text(2, name)));
    parts.push(text(3, &format!("the_{operator}")));
    parts.push(text(4, operator));
    message(1, &parts)
}

/// The body of a tensor.
pub(super) fn raw_tensor(name: &str, number: i64, dims: &[i64], raw: &[u8]) -> Vec<u8> {
    let mut parts: Vec<_> = dims.iter().map(|&dim| int(1, dim)).collect();
    parts.extend([int(2, number), text(8, name), bytes(9, raw)]);
    parts.concat()
}

/// The body of a tensor in another file.
pub(super) fn external_tensor(name: &str, dims: &[i64], entries: &[(&str, &str)]) -> Vec<u8> {
    let mut parts: Vec<_> = dims.iter().map(|&dim| int(1, dim)).collect();
    parts.extend([int(2, 1), text(8, name)]);
    parts.extend(entries.iter().map(|(key, value)| message(13, &[text(1, key), text(2, value)])));
    parts.push(int(14, 1));
    parts.concat()
}

/// One input, one output.
pub(super) fn ends() -> Vec<u8> {
    [end(11, "x", 1, &[Some(1)]), end(12, "y", 1, &[Some(1)])].concat()
}

/// A whole file around the fields of a graph.
pub(super) fn model(graph: &[Vec<u8>]) -> Vec<u8> {
    let parts = [
        int(1, 8),
        text(2, "trainer"),
        message(7, graph),
        message(8, &[int(2, 17)]),
        message(8, &[text(1, "com.microsoft"), int(2, 1)]),
        message(14, &[text(1, "author"), text(2, "nobody")]),
    ];
    parts.concat()
}

/// A file whose only initialiser has this body.
pub(super) fn with_tensor(tensor: &[u8]) -> Vec<u8> {
    model(&[ends(), bytes(5, tensor)])
}

/// The fields of a graph like that of a swap network.
pub(super) fn graph_parts() -> Vec<Vec<u8>> {
    let halves = [1.0f32, -2.0, 0.25, 65504.0].map(|v| half::f16::from_f32(v).to_bits().to_le_bytes());
    let inner = [
        message(5, &[raw_tensor("step", 1, &[2], &le(&[1.0, 2.0]))]),
        node("Add", &["hidden", "axes"], &["z"]),
        end(12, "z", 1, &[]),
    ];
    let constant = raw_tensor("", 7, &[1], &[0; 8]);
    vec![
        text(2, "swap"),
        message(5, &[raw_tensor("bias", 1, &[3], &le(&[0.5, -1.0, 2.0]))]),
        message(5, &[raw_tensor("axes", 7, &[2], &[0; 16])]),
        message(5, &[raw_tensor("buff2fs", 10, &[2, 2], &halves.concat())]),
        end(11, "target", 1, &[Some(1), Some(3), None, Some(128)]),
        end(11, "source", 10, &[None, Some(512)]),
        end(12, "output", 1, &[]),
        node("Relu", &["target"], &["hidden"]),
        node("Add", &["hidden", "bias", ""], &["sum"]),
        message(1, &[text(1, "sum"), text(2, "mixed"), text(4, "FusedConv"), text(7, "com.microsoft")]),
        message(1, &[text(4, "Constant"), message(5, &[text(1, "value"), bytes(5, &constant), int(20, 4)])]),
        message(1, &[text(4, "If"), text(1, "mixed"), message(5, &[bytes(6, &inner.concat())])]),
        node("Add", &["mixed", "source"], &["output"]),
    ]
}

pub(super) fn swap() -> Vec<u8> {
    model(&graph_parts())
}
