mod damage;
mod external;
mod refusals;
mod write;

use std::path::PathBuf;

use half::f16;
use tempfile::TempDir;

use super::{Element, Graph, GraphError, Initializer, skim, skim_bytes};
use write::*;

/// A file with these bytes in a folder of its own.
fn save(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("swap.onnx");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn initializer<'a>(graph: &'a Graph, name: &str) -> &'a Initializer {
    graph.initializers.iter().find(|i| i.name == name).unwrap()
}

/// The numbers of the one tensor of a file.
fn floats(tensor: &[u8]) -> Result<Vec<f32>, GraphError> {
    let (_folder, path) = save(&with_tensor(tensor));
    let graph = skim(&path).unwrap();
    graph.floats(&path, &graph.initializers[0])
}

#[test]
fn a_whole_file() {
    let file = swap();
    let (_folder, path) = save(&file);
    let graph = skim(&path).unwrap();
    assert_eq!(graph, skim_bytes(&file).unwrap());
    assert_eq!(graph.ir_version, 8);
    assert_eq!(graph.producer, "trainer");
    assert_eq!(graph.opsets, [(String::new(), 17), ("com.microsoft".to_owned(), 1)]);
    assert_eq!(graph.metadata, [("author".to_owned(), "nobody".to_owned())]);
    let ends: Vec<_> = graph.inputs.iter().map(|e| (e.name.as_str(), e.element, e.shape.clone())).collect();
    let target = Some(vec![Some(1), Some(3), None, Some(128)]);
    assert_eq!(
        ends,
        [("target", Element::F32, target), ("source", Element::F16, Some(vec![None, Some(512)]))]
    );
    assert_eq!(graph.outputs.len(), 1);
    assert_eq!((graph.outputs[0].name.as_str(), graph.outputs[0].shape.as_ref()), ("output", None));
    let found: Vec<_> =
        graph.initializers.iter().map(|i| (i.name.as_str(), i.element, i.dims.as_slice(), i.used)).collect();
    let bias: (&str, Element, &[u64], bool) = ("bias", Element::F32, &[3], true);
    assert_eq!(found, [bias, ("axes", Element::I64, &[2], true), ("buff2fs", Element::F16, &[2, 2], false)]);
    // Three outside, one of two elements in the inner graph.
    assert_eq!(graph.parameters, 3 + 2 + 4 + 2);
    let operators: Vec<_> =
        graph.operators.iter().map(|((domain, kind), n)| (domain.as_str(), kind.as_str(), *n)).collect();
    assert_eq!(
        operators,
        [
            ("", "Add", 3),
            ("", "Constant", 1),
            ("", "If", 1),
            ("", "Relu", 1),
            ("com.microsoft", "FusedConv", 1)
        ]
    );
    assert_eq!(graph.floats(&path, initializer(&graph, "bias")).unwrap(), [0.5, -1.0, 2.0]);
    assert_eq!(graph.floats(&path, initializer(&graph, "buff2fs")).unwrap(), [1.0, -2.0, 0.25, 65504.0]);
}

#[test]
fn order_of_fields_is_free() {
    let parts = graph_parts();
    let backwards: Vec<_> = parts.iter().rev().cloned().collect();
    let forth = skim_bytes(&model(&parts)).unwrap();
    let mut back = skim_bytes(&model(&backwards)).unwrap();
    back.initializers.reverse();
    back.inputs.reverse();
    let names =
        |graph: &Graph| graph.initializers.iter().map(|i| (i.name.clone(), i.used)).collect::<Vec<_>>();
    assert_eq!(names(&forth), names(&back));
    assert_eq!((forth.inputs, forth.operators), (back.inputs, back.operators));
}

#[test]
fn the_last_value_wins_and_messages_join() {
    let (first, second) = graph_parts().into_iter().partition::<Vec<_>, _>(|part| part[0] == 0x2a);
    let file = [
        int(1, 3),
        text(2, "before"),
        message(7, &first),
        int(1, 9),
        text(2, "after"),
        message(7, &second),
        // Unknown fields of every kind.
        int(99, 7),
        bytes(1000, b"what"),
        fixed32(77, [1; 4]),
        fixed64(78, [2; 8]),
        // A known field of another kind.
        int(7, 1),
        bytes(1, b"\x05"),
    ];
    let graph = skim_bytes(&file.concat()).unwrap();
    assert_eq!((graph.ir_version, graph.producer.as_str()), (9, "after"));
    assert_eq!(graph.initializers.len(), 3);
    let tensor = [
        int(2, 7),
        text(8, "old"),
        bytes(9, &[0; 24]),
        int(1, 2),
        int(2, 1),
        text(8, "new"),
        bytes(9, &le(&[1.5, 2.5])),
    ];
    let (_folder, path) = save(&with_tensor(&tensor.concat()));
    let graph = skim(&path).unwrap();
    assert_eq!((graph.initializers[0].name.as_str(), graph.initializers[0].element), ("new", Element::F32));
    assert_eq!(graph.floats(&path, &graph.initializers[0]).unwrap(), [1.5, 2.5]);
}

#[test]
fn an_end_may_be_open_or_no_tensor() {
    let dims = [message(1, &[int(1, 4), text(2, "n")]), message(1, &[text(2, "n"), int(1, 4)])];
    let more = [message(1, &[int(1, -1)]), message(1, &[]), message(1, &[int(1, 0)])];
    let shape = [dims.concat(), more.concat()].concat();
    let kind = |parts: &[Vec<u8>]| message(2, &[message(1, parts)]);
    let ends = [
        message(11, &[text(1, "a"), kind(&[int(1, 11), bytes(2, &shape)])]),
        message(11, &[text(1, "b"), kind(&[int(1, 16), message(2, &[])])]),
        message(11, &[text(1, "c"), message(2, &[message(1, &[int(1, 1)]), message(4, &[])])]),
        message(11, &[text(1, "d")]),
        // One type in two parts.
        message(11, &[text(1, "e"), kind(&[int(1, 2)]), kind(&[bytes(2, &dims[1])])]),
        end(12, "y", 9, &[]),
    ];
    let graph = skim_bytes(&model(&ends)).unwrap();
    let found: Vec<_> = graph.inputs.iter().map(|e| (e.element, e.shape.clone())).collect();
    assert_eq!(
        found,
        [
            (Element::F64, Some(vec![None, Some(4), None, None, Some(0)])),
            (Element::Bf16, Some(vec![])),
            (Element::Other(0), None),
            (Element::Other(0), None),
            (Element::U8, Some(vec![Some(4)])),
        ]
    );
    assert_eq!(graph.outputs[0].element, Element::Other(9));
    assert_eq!(graph.outputs[0].element.to_string(), "ONNX type 9");
}

#[test]
fn initialisers_are_not_inputs() {
    let mut parts = graph_parts();
    parts.push(end(11, "bias", 1, &[Some(3)]));
    parts.push(end(11, "buff2fs", 10, &[Some(2), Some(2)]));
    let graph = skim_bytes(&model(&parts)).unwrap();
    assert_eq!(graph.inputs.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["target", "source"]);
    assert_eq!(graph.initializers.len(), 3);
}

#[test]
fn who_reads_an_initialiser() {
    let constant = |name| message(5, &[raw_tensor(name, 1, &[1], &le(&[1.0]))]);
    let inner = [node("Relu", &["in_branch"], &["z"]), end(12, "returned", 1, &[])].concat();
    let parts = [
        ends(),
        constant("in_branch"),
        constant("returned"),
        constant("result"),
        constant("in_function"),
        constant("made"),
        end(12, "result", 1, &[]),
        message(1, &[text(4, "If"), text(2, "made"), message(5, &[bytes(6, &inner)])]),
    ];
    let function = message(25, &[message(7, &[text(4, "Relu"), text(1, "in_function")])]);
    let graph = skim_bytes(&[model(&parts), function].concat()).unwrap();
    let used: Vec<_> = graph.initializers.iter().map(|i| (i.name.as_str(), i.used)).collect();
    let expected =
        [("in_branch", true), ("returned", true), ("result", true), ("in_function", false), ("made", false)];
    assert_eq!(used, expected);
    assert_eq!(graph.operators[&(String::new(), "Relu".to_owned())], 2);
}

#[test]
fn the_standard_domain_has_two_names() {
    let parts = [
        ends(),
        message(1, &[text(4, "Relu"), text(7, "ai.onnx")]),
        message(1, &[text(4, "Relu")]),
        message(1, &[text(4, "Scaler"), text(7, "ai.onnx.ml")]),
        message(1, &[text(4, "Conv"), text(7, "com.microsoft.nchwc")]),
    ];
    let set = message(8, &[text(1, "ai.onnx"), int(2, 12)]);
    let graph = skim_bytes(&[model(&parts), set].concat()).unwrap();
    assert_eq!(graph.operators[&(String::new(), "Relu".to_owned())], 2);
    assert_eq!(graph.operators.len(), 3);
    assert_eq!(graph.opsets[2], (String::new(), 12));
}

#[test]
fn long_texts_are_cut() {
    let long = "ä".repeat(4000);
    let mut file = swap();
    file.extend(text(2, &format!("x{long}")));
    for _ in 0..100 {
        file.extend(message(14, &[text(1, &long), text(2, &long)]));
    }
    let graph = skim_bytes(&file).unwrap();
    assert_eq!((graph.producer.len(), graph.metadata.len()), (1023, 64));
    let (key, value) = &graph.metadata[63];
    assert_eq!((key.len(), value.len()), (1024, 4096));
    let odd = [swap(), bytes(2, b"a\xffb")].concat();
    assert_eq!(skim_bytes(&odd).unwrap().producer, "a\u{fffd}b");
}

#[test]
fn floats_in_every_form() {
    let expected = [1.0, -2.5, 3.0e-5, f32::INFINITY];
    let head = [int(1, 4), int(2, 1), text(8, "t")].concat();
    let packed = bytes(4, &le(&expected));
    assert_eq!(floats(&[head.clone(), packed].concat()).unwrap(), expected);
    let loose: Vec<_> = expected.iter().map(|v| fixed32(4, v.to_le_bytes())).collect();
    assert_eq!(floats(&[head.clone(), loose.concat()].concat()).unwrap(), expected);
    let parts = [loose[0].clone(), bytes(4, &le(&expected[1..3])), loose[3].clone()];
    assert_eq!(floats(&[parts.concat(), head].concat()).unwrap(), expected);
    // Packed dimensions, and none at all.
    let square = [bytes(1, &[2, 2]), int(2, 1), bytes(9, &le(&expected))];
    assert_eq!(floats(&square.concat()).unwrap(), expected);
    assert_eq!(floats(&[int(2, 1), bytes(9, &le(&[7.0]))].concat()).unwrap(), [7.0]);
    assert_eq!(floats(&[int(1, 0), int(2, 1)].concat()).unwrap(), [0.0; 0]);
}

#[test]
fn halves_in_every_form() {
    let expected = [1.0, -2.0, 6.103_515_6e-5, 5.960_464_5e-8, f32::NEG_INFINITY];
    let bits = expected.map(|v| f16::from_f32(v).to_bits());
    let head = [int(1, 5), int(2, 10)].concat();
    let raw = bytes(9, &bits.map(u16::to_le_bytes).concat());
    assert_eq!(floats(&[head.clone(), raw].concat()).unwrap(), expected);
    let loose = bits.map(|b| int(5, i64::from(b))).concat();
    assert_eq!(floats(&[head.clone(), loose].concat()).unwrap(), expected);
    let packed = bytes(5, &bits.map(|b| varint(u64::from(b))).concat());
    assert_eq!(floats(&[head.clone(), packed].concat()).unwrap(), expected);
    let wide = bytes(5, &[varint(1), varint(2), varint(3), varint(4), varint(0x1_0000)].concat());
    let error = floats(&[head, wide].concat()).unwrap_err();
    assert!(matches!(error, GraphError::Malformed { .. }), "{error}");
}

#[test]
fn every_type_has_its_size() {
    // Type, its field for lists, such a list of six elements in it, bytes of the six elements.
    let ints = varint(200).repeat(6);
    let cases: [(i64, u32, &[u8], usize); 11] = [
        (2, 5, &ints, 6),
        (5, 5, &ints, 12),
        (6, 5, &ints, 24),
        (7, 7, &ints, 48),
        (9, 5, &[1; 6], 6),
        (11, 10, &[0; 48], 48),
        (12, 11, &ints, 24),
        (14, 4, &[0; 48], 48),
        (15, 10, &[0; 96], 96),
        (16, 5, &ints, 12),
        (22, 5, &[1; 3], 3),
    ];
    for (number, field, list, size) in cases {
        let head = [bytes(1, &[2, 3]), int(2, number)].concat();
        for payload in [bytes(field, list), bytes(9, &vec![0; size])] {
            let graph = skim_bytes(&with_tensor(&[head.clone(), payload].concat())).unwrap();
            assert_eq!(graph.initializers[0].element, Element::from(number as i32));
            assert_eq!((graph.initializers[0].elements(), graph.parameters), (6, 6));
        }
    }
    let words = [int(1, 2), int(2, 8), text(6, "a"), text(6, "")].concat();
    assert!(skim_bytes(&with_tensor(&words)).is_ok());
    let doubles = [int(1, 1), int(2, 11), fixed64(10, [0; 8])].concat();
    assert!(skim_bytes(&with_tensor(&doubles)).is_ok());
}
