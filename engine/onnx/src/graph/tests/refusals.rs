//! What is refused, and how that is said.

use std::fs::File;
use std::path::Path;

use super::super::{FILE_LIMIT, MOST_TENSOR_BYTES};
use super::*;

/// Checks the kind of the error; its text must end with the file and hold `words`.
#[track_caller]
fn expect(bytes: &[u8], kind: &str, words: &[&str]) {
    let error = skim_bytes(bytes).unwrap_err();
    let (text, debug) = (error.to_string(), format!("{error:?}"));
    let found = debug.split([' ', '{']).next().unwrap();
    assert_eq!(found, kind, "{text}");
    assert!(text.ends_with(": (in memory)"), "{text}");
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn what_is_no_file() {
    let folder = TempDir::new().unwrap();
    let error = skim(&folder.path().join("no.onnx")).unwrap_err();
    assert!(matches!(error, GraphError::Missing { .. }));
    assert!(error.to_string().ends_with("no.onnx"));
    assert!(matches!(skim(folder.path()).unwrap_err(), GraphError::NotAFile { .. }));
    assert!(matches!(skim(Path::new("")).unwrap_err(), GraphError::Missing { .. }));
    expect(b"", "Empty", &["empty"]);
}

#[test]
fn other_formats_are_named() {
    let long = "words and words, ä ".repeat(100);
    let cases: [(&[u8], &str); 17] = [
        (b"hello\nworld\n", "a text file"),
        (long.as_bytes(), "a text file"),
        (b"{\"json\": 1}", "a text file"),
        (b"\n <!DOCTYPE html><html>", "a web page"),
        (b"\xef\xbb\xbf<HTML lang=en>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
        (b"PK\x03\x04\0\0\x08\x08archive/data.pkl", "a PyTorch checkpoint"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a PyTorch checkpoint"),
        (b"\x10\0\0\0\0\0\0\0{\"a\":{}}        ", "a .safetensors file"),
        (b"\x1c\0\0\0TFL3\x14\0\x20\0", "a TensorFlow Lite network"),
        (b"\x1c\0\0\0ORTM\x14\0\x20\0", "ONNX Runtime's own format"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "a gzip archive"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "a 7z archive"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"GGUF\x03\0\0\0", "a GGUF network"),
    ];
    for (bytes, seems) in cases {
        expect(bytes, "Format", &[seems, "not an ONNX network"]);
    }
    let (_folder, path) = save(b"hello\n");
    let error = skim(&path).unwrap_err().to_string();
    assert!(error.ends_with("swap.onnx"), "{error}");
}

#[test]
fn damaged_bytes() {
    let whole = swap();
    expect(&[&whole[..], &[0x0b]].concat(), "Malformed", &["no known kind"]);
    expect(&[&whole[..], &[0x02, 0x00]].concat(), "Malformed", &["no field of this number"]);
    expect(&[int(1, 8), vec![0x08], vec![0xff; 11]].concat(), "Malformed", &["too long", "byte 3"]);
    expect(&model(&[claim(5, 10, b"ab")]), "Malformed", &["longer than the message"]);
    expect(&with_tensor(&[int(2, 1), bytes(4, &[0; 5])].concat()), "Malformed", &["within a number"]);
    expect(&with_tensor(&[int(2, 7), bytes(7, &[1, 0x80])].concat()), "Malformed", &["within a number"]);
    expect(&with_tensor(&[int(2, 1), bytes(1, &[1, 0x80])].concat()), "Malformed", &["longer than"]);
    expect(&[0x08, 0x08, 0x0a, 5, 1], "Truncated", &["the part at byte 4 needs 5 bytes, but 1 follow"]);
}

#[test]
fn the_place_of_the_cut_is_named() {
    let whole = swap();
    // The graph's field starts after 2 + 9 bytes; its length takes two bytes.
    expect(&whole[..100], "Truncated", &["the part at byte 14", "86 follow", "incomplete"]);
    for cut in 1..whole.len() {
        let error = skim_bytes(&whole[..cut]);
        let fine = matches!(error, Err(GraphError::Truncated { .. } | GraphError::NoGraph { .. }) | Ok(_));
        assert!(fine, "{cut}: {error:?}");
    }
    let huge = claim(9, 600 << 20, &[0; 64]);
    let tensor = claim(5, (600 << 20) + 20, &[int(1, 1 << 20), int(2, 1), huge].concat());
    let graph = claim(7, (600 << 20) + 100, &[ends(), tensor].concat());
    expect(&[int(1, 8), graph].concat(), "Truncated", &["the part at byte 8 needs 629145700 bytes"]);
}

#[test]
fn no_network() {
    expect(&int(1, 8), "NoGraph", &["exported as ONNX"]);
    expect(&model(&[]), "NoInputs", &["no inputs"]);
    expect(&model(&[end(11, "x", 1, &[])]), "NoOutputs", &["no outputs"]);
    let parts = [ends(), message(5, &[raw_tensor("x", 1, &[1], &[0; 4])])];
    expect(&model(&parts), "NoInputs", &["no inputs"]);
}

#[test]
fn names() {
    let long = "n".repeat(1025);
    expect(
        &model(&[ends(), node("Relu", &[&long], &[])]),
        "LongName",
        &["an input of a node", "1025", "1024"],
    );
    expect(&model(&[ends(), node("Relu", &[], &[&long])]), "LongName", &["an output of a node"]);
    expect(&model(&[ends(), end(11, &long, 1, &[])]), "LongName", &["an input or output"]);
    expect(&with_tensor(&raw_tensor(&long, 1, &[], &[0; 4])), "LongName", &["the name of a tensor"]);
    assert!(skim_bytes(&model(&[ends(), node("Relu", &[&long[1..]], &[])])).is_ok());
    expect(&model(&[message(1, &[bytes(4, b"Re\xfflu")])]), "NotUtf8", &["the operator of a node"]);
    expect(
        &[swap(), message(8, &[bytes(1, b"\xc3")])].concat(),
        "NotUtf8",
        &["the domain of an operator set"],
    );
}

#[test]
fn too_many() {
    let many = |part: Vec<u8>, times: usize| model(&[ends(), part.repeat(times)]);
    expect(&many(message(1, &[]), (1 << 16) + 1), "TooMany", &["65536 nodes"]);
    expect(&many(message(5, &[int(1, 0), int(2, 1)]), (1 << 16) + 1), "TooMany", &["65536 tensors"]);
    expect(&many(message(11, &[]), 1 << 16), "TooMany", &["inputs or outputs"]);
    expect(&many(message(1, &[text(1, "a").repeat(1 << 10)]), 257), "TooMany", &["262144 names"]);
    let long = text(2, &"n".repeat(1000));
    expect(&many(message(1, &[long.repeat(1000)]), 17), "TooMany", &["16777216 bytes of names"]);
    let dims = vec![Some(1); 17];
    expect(&model(&[ends(), end(12, "z", 1, &dims)]), "TooMany", &["16 dimensions"]);
    expect(&with_tensor(&raw_tensor("t", 1, &[1; 17], &[0; 4])), "TooMany", &["16 dimensions"]);
    expect(&with_tensor(&[int(2, 1), bytes(1, &[1; 1000])].concat()), "TooMany", &["16 dimensions"]);
    expect(&[swap(), message(8, &[int(2, 1)]).repeat(63)].concat(), "TooMany", &["64 operator sets"]);
}

#[test]
fn too_deep() {
    let nested = |times: usize, field: u32| {
        (0..times).fold(node("Relu", &["x"], &["y"]), |graph, _| {
            message(1, &[text(3, "branch"), text(4, "If"), message(5, &[bytes(field, &graph)])])
        })
    };
    let graph = skim_bytes(&model(&[ends(), nested(8, 6)])).unwrap();
    assert_eq!(graph.operators[&(String::new(), "If".to_owned())], 8);
    expect(&model(&[ends(), nested(9, 6)]), "Deep", &["\"branch\"", "more than 8 deep"]);
    expect(&model(&[ends(), nested(5000, 11)]), "Deep", &["\"branch\""]);
    let function = message(25, &[bytes(7, &nested(9, 6)[4..])]);
    assert!(skim_bytes(&[swap(), function].concat()).is_err());
}

#[test]
fn custom_operators() {
    let custom = [text(3, "my node"), text(4, "Mine"), text(7, "my.domain\x1b")];
    let words = ["\"Mine\"", "\"my.domain\\u{1b}\"", "\"my node\"", "custom-op libraries are not loaded"];
    expect(&model(&[ends(), message(1, &custom)]), "Operator", &words);
    let inner = message(1, &[text(4, "If"), message(5, &[message(11, &[message(1, &custom)])])]);
    expect(&model(&[ends(), inner.clone()]), "Operator", &words);
    let function = message(25, &[text(1, "f"), message(7, &custom)]);
    expect(&[swap(), function].concat(), "Operator", &words);
    let default = message(25, &[message(11, &[message(6, &[inner])])]);
    expect(&[swap(), default].concat(), "Operator", &words);
    expect(&model(&[message(1, &[text(4, "Exp"), text(7, "ai.onnx.preview")])]), "Operator", &["preview"]);
    // The last domain counts.
    let changed = message(1, &[text(7, "my.domain"), text(4, "Relu"), text(7, "")]);
    assert!(skim_bytes(&model(&[ends(), changed])).is_ok());
}

#[test]
fn tensors() {
    let raw = |number, dims: &[i64], size: usize| with_tensor(&raw_tensor("w", number, dims, &vec![0; size]));
    let words = ["\"w\" claims 24 bytes (shape [2, 3])", "holds 20 bytes of it"];
    expect(&raw(1, &[2, 3], 20), "TensorData", &words);
    expect(&raw(1, &[2, 3], 28), "TensorData", &["holds 28 bytes"]);
    expect(&raw(10, &[2, 3], 24), "TensorData", &["claims 12 bytes"]);
    expect(&raw(1, &[500_000_000], 4), "TensorData", &["claims 2.0 GB", "holds 4 bytes"]);
    expect(&raw(1, &[750_000_000], 4), "TensorSize", &["claims 3.0 GB", "at most 2.1 GB"]);
    assert_eq!(MOST_TENSOR_BYTES, 1 << 31);
    for dims in [&[i64::MAX, 3][..], &[1 << 32, 1 << 32], &[-1], &[4, -4], &[1 << 61]] {
        expect(&raw(1, dims, 4), "TensorShape", &["\"w\" has the impossible shape"]);
    }
    expect(&raw(0, &[1], 4), "TensorType", &["unknown element type 0"]);
    expect(&raw(99, &[1], 4), "TensorType", &["unknown element type 99"]);
    let head = [int(1, 1), int(2, 1), text(8, "w")].concat();
    expect(&with_tensor(&head), "TensorData", &["holds 0 bytes"]);
    let list = bytes(4, &[0; 4]);
    for other in [bytes(9, &[0; 4]), bytes(9, &[]), bytes(10, &[0; 8]), bytes(7, &[1]), text(6, "a")] {
        expect(&with_tensor(&[head.clone(), list.clone(), other].concat()), "TensorMixed", &["\"w\""]);
    }
    expect(&with_tensor(&[head.clone(), bytes(5, &[1])].concat()), "TensorMixed", &["\"w\""]);
    expect(&with_tensor(&raw_tensor("w", 8, &[4], &[0; 4])), "TensorMixed", &["\"w\""]);
    // In an inner graph, and as a constant in one or two parts.
    let short = raw_tensor("", 1, &[2], &[0; 4]);
    let constant = |field| message(1, &[text(3, "c"), message(5, &[bytes(field, &short)])]);
    expect(&model(&[ends(), constant(5)]), "TensorData", &["\"(a constant of c)\""]);
    expect(&model(&[ends(), constant(10)]), "TensorData", &["\"(a constant of c)\""]);
    let inner = message(1, &[message(5, &[message(6, &[bytes(5, &short)])])]);
    expect(&model(&[ends(), inner]), "TensorData", &["\"(a constant of the graph)\""]);
    let joined = message(1, &[message(5, &[bytes(5, &short), bytes(5, &bytes(9, &[0; 8]))])]);
    assert!(skim_bytes(&model(&[ends(), joined])).is_ok());
}

#[test]
fn sparse_tensors() {
    expect(&model(&[ends(), message(15, &[])]), "Sparse", &["\"the graph\""]);
    for field in [22, 23] {
        let node = message(1, &[text(4, "Constant"), message(5, &[message(field, &[])])]);
        expect(&model(&[ends(), node]), "Sparse", &["\"Constant\""]);
    }
}

#[test]
fn floats_that_are_not_read() {
    let large = raw_tensor("large", 10, &[(4 << 20) + 1], &vec![0; (8 << 20) + 2]);
    let parts = [ends(), bytes(5, &large), message(5, &[raw_tensor("whole", 7, &[1], &[0; 8])])];
    let (_folder, path) = save(&model(&parts));
    let graph = skim(&path).unwrap();
    let error = graph.floats(&path, &graph.initializers[0]).unwrap_err();
    assert!(matches!(error, GraphError::TooManyFloats { elements: 4_194_305, .. }), "{error}");
    let error = graph.floats(&path, &graph.initializers[1]).unwrap_err();
    assert!(matches!(error, GraphError::NotFloats { element: Element::I64, .. }), "{error}");
    assert!(error.to_string().contains("but holds int64"), "{error}");
}

#[test]
fn a_file_that_changes() {
    let tensor = |name, value| with_tensor(&raw_tensor(name, 1, &[1], &le(&[value])));
    let (_folder, path) = save(&tensor("a", 1.0));
    let graph = skim(&path).unwrap();
    let read = || graph.floats(&path, &graph.initializers[0]);
    assert_eq!(read().unwrap(), [1.0]);
    std::fs::write(&path, tensor("b", 1.0)).unwrap();
    assert!(matches!(read(), Err(GraphError::Changed { .. })));
    std::fs::write(&path, swap()).unwrap();
    assert!(matches!(read(), Err(GraphError::Changed { .. })));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(read(), Err(GraphError::Missing { .. })));
}

#[test]
fn large_files() {
    let (_folder, path) = save(b"");
    let size = 1_900_000_000u64;
    let tensor = claim(9, size, &[]);
    let tensor = [int(1, (size / 4).cast_signed()), int(2, 1), text(8, "huge"), tensor].concat();
    let tensor = claim(5, tensor.len() as u64 + size, &tensor);
    let head = claim(7, ends().len() as u64 + tensor.len() as u64 + size, &[ends(), tensor].concat());
    std::fs::write(&path, &head).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(head.len() as u64 + size).unwrap();
    let before = std::time::Instant::now();
    let graph = skim(&path).unwrap();
    assert!(before.elapsed().as_secs() < 2);
    assert_eq!((graph.parameters, graph.initializers[0].name.as_str()), (size / 4, "huge"));
    file.set_len(head.len() as u64 + size - 1).unwrap();
    assert!(matches!(skim(&path), Err(GraphError::Truncated { .. })));
    file.set_len(FILE_LIMIT + 1).unwrap();
    let error = skim(&path).unwrap_err();
    assert!(matches!(error, GraphError::FileSize { .. }), "{error}");
    assert!(error.to_string().contains("takes 4.3 GB, at most 4.3 GB"), "{error}");
}
