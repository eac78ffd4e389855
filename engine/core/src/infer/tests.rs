pub(super) mod tiny;

use std::path::PathBuf;

use super::attention;
use super::models::{self, ModelFile};
use super::{Expect, InferError, Net, NetSource, Runtime, Spec};

/// The runtimes that this machine has: always rten, ONNX Runtime where set-up has put its library.
pub(crate) fn runtimes() -> Vec<Runtime> {
    let mut all = vec![Runtime::portable()];
    match models::data_dir().and_then(|dir| models::library(&dir)) {
        Some(path) => all.push(Runtime::discover(Some(&path)).unwrap()),
        None => println!("skipped: ONNX Runtime not found in the data folder"),
    }
    all
}

fn tflite(model: &ModelFile) -> Option<Vec<u8>> {
    let path: PathBuf = models::models_dir(&models::data_dir()?).join(model.tflite_name());
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        println!("skipped: {} not found in the data folder", model.tflite_name());
    }
    bytes
}

/// A made-up picture, the same that the reference values were computed for.
fn fill_input(net: &mut dyn Net, low: f32, high: f32) {
    let n = net.inputs()[0].shape[3];
    for (k, value) in net.input_mut(0).iter_mut().enumerate() {
        let (c, y, x) = (k / (n * n), k / n % n, k % n);
        let byte = (x * x / 64 + 3 * y + 40 * c + x * y / 32) % 256;
        *value = byte as f32 / 255.0 * (high - low) + low;
    }
}

/// Elements (index, value) of one output and the sum of all, by the TensorFlow Lite runtime on the same input.
struct Reference {
    output: usize,
    points: &'static [(usize, f32)],
    sum: f64,
}

fn check(model: &ModelFile, low: f32, high: f32, tolerance: f32, references: &[Reference]) {
    let Some(bytes) = tflite(model) else { return };
    assert_eq!(bytes.len() as u64, model.bytes);
    let onnx = models::convert_file(&bytes).unwrap();
    assert_eq!(onnx.len(), 1);
    for runtime in runtimes() {
        let source = NetSource::Bytes { name: model.stem, bytes: &onnx[0] };
        let mut net = runtime.load(source, &model.parts[0]).unwrap();
        fill_input(net.as_mut(), low, high);
        net.run().unwrap();
        for reference in references {
            let out = net.output(reference.output);
            for &(i, expected) in reference.points {
                let found = out[i];
                assert!(
                    (found - expected).abs() < tolerance,
                    "{} output {} [{i}]: {found}, reference {expected}",
                    runtime.backend(),
                    reference.output
                );
            }
            let sum: f64 = out.iter().copied().map(f64::from).sum();
            let allowed = 0.1 * f64::from(tolerance) * out.len() as f64 + f64::from(tolerance);
            assert!((sum - reference.sum).abs() < allowed, "{} sum {sum}", runtime.backend());
        }
    }
}

#[test]
fn detector_short_matches_tflite() {
    check(
        &models::DETECTOR_SHORT,
        -1.0,
        1.0,
        1e-3,
        &[
            Reference {
                output: 0,
                points: &[
                    (0, 0.857_983_3),
                    (1, -1.014_950_5),
                    (2, 28.165_11),
                    (4778, 1.540_616_3),
                    (7168, -0.758_919_4),
                    (14335, -4.490_217_7),
                ],
                sum: 104_394.229_926,
            },
            Reference {
                output: 1,
                points: &[(0, -5.068_629_3), (298, -4.202_503_7), (448, -5.053_611_8), (895, -66.230_47)],
                sum: -11_354.391_477,
            },
        ],
    );
}

#[test]
fn detector_full_matches_tflite() {
    check(
        &models::DETECTOR_FULL,
        -1.0,
        1.0,
        1e-3,
        &[
            Reference {
                output: 0,
                points: &[
                    (0, -5.375_124_5),
                    (2, 9.253_618),
                    (12288, -8.275_002),
                    (18432, -7.692_460_5),
                    (36863, -2.365_202),
                ],
                sum: 40_520.839_83,
            },
            Reference {
                output: 1,
                points: &[(0, -11.503_375), (768, -17.052_221), (1152, -19.312_29), (2303, -27.854_391)],
                sum: -20_641.959_068,
            },
        ],
    );
}

#[test]
fn mesh_468_matches_tflite() {
    check(
        &models::MESH_468,
        0.0,
        1.0,
        1e-3,
        &[
            Reference {
                output: 0,
                points: &[
                    (0, 99.908_77),
                    (1, 128.914_25),
                    (2, -6.240_767),
                    (468, 45.654_873),
                    (702, 35.972_717),
                    (1403, 4.131_436),
                ],
                sum: 93_734.829_049,
            },
            Reference { output: 1, points: &[(0, -10.272_822)], sum: -10.272_822 },
        ],
    );
}

/// No plain TensorFlow Lite runtime has the custom operators, so here the two backends check each other; the chain on
/// real faces is held against the reference in `track`.
#[test]
fn mesh_478_is_the_same_in_both_backends() {
    let Some(bytes) = tflite(&models::MESH_478) else { return };
    let onnx = models::convert_file(&bytes).unwrap();
    assert_eq!(onnx.len(), 2);
    let mut results: Vec<Vec<Vec<f32>>> = Vec::new();
    for runtime in runtimes() {
        let load = |part: usize| {
            let source = NetSource::Bytes { name: "mesh", bytes: &onnx[part] };
            runtime.load(source, &models::MESH_478.parts[part]).unwrap()
        };
        let (mut net, mut heads) = (load(0), load(1));
        fill_input(net.as_mut(), 0.0, 1.0);
        net.run().unwrap();
        for (index, head) in attention::HEADS.iter().enumerate() {
            attention::PatchPlacement::from_mesh(head, net.output(0)).cut(
                net.output(2),
                index,
                heads.input_mut(0),
            );
        }
        heads.run().unwrap();
        results.push(
            (0..3)
                .map(|i| net.output(i))
                .chain((0..2).map(|i| heads.output(i)))
                .map(<[f32]>::to_vec)
                .collect(),
        );
    }
    for other in &results[1..] {
        for (a, b) in results[0].iter().flatten().zip(other.iter().flatten()) {
            assert!((a - b).abs() < 2e-3, "{a} {b}");
        }
    }
    let lips = &results[0][3];
    assert!(lips.iter().all(|v| (-100.0..164.0).contains(v)) && lips[0] != lips[2]);
}

const ONE_IN: Expect<'static> = Expect {
    inputs: &[Spec { name: "in", shape: &[1, 2] }],
    outputs: &[Spec { name: "out", shape: &[1, 2] }],
};

/// `out = in * factor`, as ONNX bytes.
fn scaling(factor: f32) -> Vec<u8> {
    let mut graph = tiny::Tiny::default();
    let x = graph.activation("in", &[1, 2]);
    let k = graph.floats("k", &[1], &[factor]);
    let y = graph.activation("out", &[1, 2]);
    graph.op(18, &[x, k], y, vec![]);
    models::convert_file(&graph.finish(&[x], &[y])).unwrap().remove(0)
}

#[test]
fn another_network_is_refused_by_name_and_shape() {
    let bytes = scaling(2.0);
    for runtime in runtimes() {
        let load = |inputs, outputs| {
            let expect = Expect { inputs, outputs };
            runtime
                .load(NetSource::Bytes { name: "tiny.onnx", bytes: &bytes }, &expect)
                .err()
                .unwrap()
                .to_string()
        };
        let out = [Spec { name: "out", shape: &[1, 2] }];
        let text = load(&[Spec { name: "in", shape: &[1, 3] }], &out);
        for part in ["tiny.onnx", "in has shape [1, 2]", "expected [1, 3]"] {
            assert!(text.contains(part), "{text}");
        }
        let text = load(&[Spec { name: "image", shape: &[1, 2] }], &out);
        assert!(text.contains("no input image") && text.contains("it has: in"), "{text}");
        let text = load(&[Spec { name: "in", shape: &[1, 2] }], &[Spec { name: "boxes", shape: &[1] }]);
        assert!(text.contains("no output boxes"), "{text}");
    }
}

#[test]
fn missing_and_damaged_files_are_named() {
    let missing = PathBuf::from("/nowhere/face.onnx");
    for runtime in runtimes() {
        let error = runtime.load(NetSource::File(&missing), &ONE_IN).err().unwrap();
        assert!(matches!(error, InferError::Missing { .. }), "{error}");
        assert!(error.to_string().contains("/nowhere/face.onnx"));
        let error =
            runtime.load(NetSource::Bytes { name: "noise", bytes: b"no network" }, &ONE_IN).err().unwrap();
        assert!(matches!(error, InferError::Load { .. }), "{error}");
    }
}

#[test]
fn outputs_that_are_not_finite_are_an_error() {
    let bytes = scaling(f32::MAX);
    for runtime in runtimes() {
        let mut net = runtime.load(NetSource::Bytes { name: "tiny", bytes: &bytes }, &ONE_IN).unwrap();
        net.input_mut(0).copy_from_slice(&[0.25, -1.0]);
        net.run().unwrap();
        assert_eq!(net.output(0), [0.25 * f32::MAX, -f32::MAX]);
        net.input_mut(0).copy_from_slice(&[2.0, 0.0]);
        assert!(matches!(net.run(), Err(InferError::NotFinite { .. })));
        assert!(net.output(9).is_empty() && net.input_mut(9).is_empty());
    }
}

#[test]
fn a_library_that_is_none_is_an_error_with_the_remedy() {
    let error = Runtime::discover(Some(&PathBuf::from("/nowhere/libonnxruntime.so"))).err().unwrap();
    let text = error.to_string();
    assert!(text.contains("omote setup") && text.contains("/nowhere/"), "{text}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"not a library").unwrap();
    assert!(Runtime::discover(Some(file.path())).is_err());
}
