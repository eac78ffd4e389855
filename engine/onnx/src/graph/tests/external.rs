//! Tensors in other files.

use std::fs::{self, File};

use super::*;

/// Skims a file with one external tensor of four numbers; `beside` gets the folder first.
fn located(
    entries: &[(&str, &str)],
    beside: impl FnOnce(&std::path::Path),
) -> (Result<Graph, GraphError>, TempDir) {
    let (folder, path) = save(&with_tensor(&external_tensor("w", &[4], entries)));
    beside(folder.path());
    (skim(&path), folder)
}

fn weights(folder: &std::path::Path) {
    fs::write(folder.join("weights.bin"), [0; 24]).unwrap();
}

#[test]
fn a_file_beside_the_network() {
    let (graph, folder) = located(&[("location", "weights.bin")], weights);
    let graph = graph.unwrap();
    assert_eq!(graph.parameters, 4);
    let error = graph.floats(&folder.path().join("swap.onnx"), &graph.initializers[0]).unwrap_err();
    assert!(matches!(error, GraphError::ExternalFloats { .. }), "{error}");
    let entries = [("location", "weights.bin"), ("offset", "8"), ("length", "16"), ("checksum", "abc")];
    assert!(located(&entries, weights).0.is_ok());
    assert!(located(&[("location", "./weights.bin")], weights).0.is_ok());
    let below = |folder: &std::path::Path| {
        fs::create_dir(folder.join("data")).unwrap();
        weights(&folder.join("data"));
    };
    assert!(located(&[("location", "data/weights.bin")], below).0.is_ok());
}

#[test]
fn places_elsewhere() {
    let long = "n".repeat(1024);
    let places = [
        "",
        "/etc/passwd",
        "../weights.bin",
        "data/../../weights.bin",
        "C:\\weights.bin",
        "C:weights.bin",
        "data\\weights.bin",
        "\\\\server\\weights.bin",
        "weights.bin\0",
        "weights.bin:stream",
        "*/_ORT_MEM_ADDR_/*",
        "line\nbreak",
    ];
    for place in places {
        let (result, _folder) = located(&[("location", place)], weights);
        let error = result.unwrap_err();
        assert!(matches!(error, GraphError::External { .. }), "{place:?}: {error}");
        let text = error.to_string();
        assert!(text.contains("\"w\"") && text.contains(&format!("{place:?}")), "{text}");
        assert!(text.ends_with("swap.onnx"), "{text}");
    }
    assert!(matches!(located(&[], weights).0, Err(GraphError::External { .. })));
    for place in ["other.bin", "swap.onnx/weights.bin", &long] {
        let error = located(&[("location", place)], weights).0.unwrap_err();
        assert!(matches!(error, GraphError::ExternalMissing { .. }), "{error}");
    }
    let error = located(&[("location", ".")], weights).0.unwrap_err();
    assert!(error.to_string().contains("no regular file"), "{error}");
    let error = skim_bytes(&with_tensor(&external_tensor("w", &[4], &[("location", "weights.bin")])));
    assert!(matches!(error, Err(GraphError::External { .. })));
}

#[test]
fn pieces_that_do_not_fit() {
    let at = |offset, length| {
        located(&[("location", "weights.bin"), ("offset", offset), ("length", length)], weights).0
    };
    assert!(at("8", "16").is_ok());
    let error = at("9", "16").unwrap_err();
    assert!(matches!(error, GraphError::ExternalShort { needs: 25, holds: 24, .. }), "{error}");
    assert!(matches!(at("18446744073709551615", "16"), Err(GraphError::ExternalShort { .. })));
    assert!(matches!(at("0", "12"), Err(GraphError::TensorData { bytes: 16, found: 12, .. })));
    for (offset, length) in [("-1", "16"), ("0", "many"), ("", "16"), ("18446744073709551616", "16")] {
        assert!(matches!(at(offset, length), Err(GraphError::External { .. })), "{offset} {length}");
    }
}

#[cfg(unix)]
#[test]
fn links() {
    let elsewhere = TempDir::new().unwrap();
    weights(elsewhere.path());
    let link = |to: PathBuf, name: &'static str| {
        move |folder: &std::path::Path| {
            weights(folder);
            std::os::unix::fs::symlink(to, folder.join(name)).unwrap();
        }
    };
    let out = elsewhere.path().join("weights.bin");
    let error = located(&[("location", "link.bin")], link(out, "link.bin")).0.unwrap_err();
    assert!(error.to_string().contains("a link leads out"), "{error}");
    let folder = elsewhere.path().to_owned();
    assert!(located(&[("location", "data/weights.bin")], link(folder, "data")).0.is_err());
    assert!(located(&[("location", "link.bin")], link("weights.bin".into(), "link.bin")).0.is_ok());
    // A device.
    assert!(located(&[("location", "link.bin")], link("/dev/zero".into(), "link.bin")).0.is_err());
}

#[test]
fn all_tensors_are_checked() {
    let bad = external_tensor("w", &[4], &[("location", "../w")]);
    let constant = |field| message(1, &[message(5, &[bytes(field, &bad)])]);
    let inner = message(1, &[message(5, &[message(6, &[bytes(5, &bad)])])]);
    for part in [constant(5), constant(10), inner] {
        let (_folder, path) = save(&model(&[ends(), part]));
        assert!(matches!(skim(&path), Err(GraphError::External { .. })));
    }
    let function = message(25, &[bytes(7, &message(5, &[bytes(5, &bad)]))]);
    let (_folder, path) = save(&[swap(), function].concat());
    assert!(matches!(skim(&path), Err(GraphError::External { .. })));
}

#[test]
fn the_place_is_read_as_protobuf_does() {
    // A constant in two parts; a place with more than 32 bits, one that doesn't exist.
    let bad = [int(1, 1), int(2, 1), message(13, &[text(1, "location"), text(2, "../w")])].concat();
    let parts = [bytes(5, &bad), bytes(5, &int(14, 1))];
    let split = model(&[ends(), message(1, &[message(5, &parts)])]);
    assert!(matches!(skim_bytes(&split), Err(GraphError::External { .. })));
    let wide = with_tensor(&[bad.clone(), int(14, (1 << 32) + 1)].concat());
    assert!(matches!(skim_bytes(&wide), Err(GraphError::External { .. })));
    let twice = with_tensor(&[bad.clone(), int(14, 1), int(14, 7)].concat());
    assert!(matches!(skim_bytes(&twice), Err(GraphError::External { .. })));
    let unset = with_tensor(&[bad.clone(), int(14, 1), int(14, 0), bytes(9, &[0; 4])].concat());
    assert!(skim_bytes(&unset).is_ok());
    let both = with_tensor(&[bad, int(14, 1), bytes(9, &[0; 4])].concat());
    assert!(matches!(skim_bytes(&both), Err(GraphError::TensorMixed { .. })));
}

#[test]
fn external_bytes_count() {
    let entries = [("location", "weights.bin")];
    let tensor = |name: &str| bytes(5, &external_tensor(name, &[400_000_000], &entries));
    let large = |folder: &std::path::Path| {
        File::create(folder.join("weights.bin")).unwrap().set_len(1_600_000_000).unwrap();
    };
    let (folder, path) = save(&model(&[ends(), tensor("a"), tensor("b")]));
    large(folder.path());
    assert_eq!(skim(&path).unwrap().parameters, 800_000_000);
    let (folder, path) = save(&model(&[ends(), tensor("a"), tensor("b"), tensor("c")]));
    large(folder.path());
    assert!(matches!(skim(&path), Err(GraphError::FileSize { bytes: 4_800_000_000.., .. })));
}
