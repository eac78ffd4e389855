use proptest::prelude::*;

use crate::infer::tests::tiny::{Tiny, Value};
use crate::infer::{Expect, NetSource, Runtime, Spec};
use half::f16;
use omote_onnx::attention::{HEADS, Head, LIPS, SLOT};
use omote_onnx::{ConvertError, convert};

/// Runs a tiny graph in rten.
fn run(bytes: &[u8], shape_in: &[usize], input: &[f32], shape_out: &[usize]) -> Vec<f32> {
    let onnx = convert(bytes).unwrap().remove(0);
    let inputs = [Spec { name: "in", shape: shape_in }];
    let outputs = [Spec { name: "out", shape: shape_out }];
    let expect = Expect { inputs: &inputs, outputs: &outputs };
    let mut net = Runtime::portable().load(NetSource::Bytes { name: "tiny", bytes: &onnx }, &expect).unwrap();
    net.input_mut(0).copy_from_slice(input);
    net.run().unwrap();
    net.output(0).to_vec()
}

/// A 1x1 convolution with sparse f16 weights [[1, 0], [0.5, -2]] (O, I), then a PRelu with slopes -1.5 and 0.25,
/// then a RESHAPE that flattens.
fn small() -> Vec<u8> {
    let mut graph = Tiny::default();
    let x = graph.activation("in", &[1, 1, 2, 2]);
    let dense = |size| Value::Table(vec![(1, Value::I32(size))]);
    let numbers = |values| Value::Table(vec![(0, Value::Bytes(values))]);
    let sparse = Value::Table(vec![
        (0, Value::U8(1)),
        (2, Value::U8(3)),
        (3, numbers(vec![0, 1, 3])),
        (4, Value::U8(3)),
        (5, numbers(vec![0, 0, 1])),
    ]);
    let sparsity = Value::Table(vec![
        (0, Value::I32s(vec![0, 1, 2, 3])),
        (2, Value::Tables(vec![dense(2), dense(1), dense(1), sparse])),
    ]);
    let half = |v: f32| f16::from_f32(v).to_le_bytes();
    let stored = [1.0, 0.5, -2.0].into_iter().flat_map(half).collect();
    let packed = graph.tensor("packed", &[2, 1, 1, 2], 1, stored, Some(sparsity));
    let spread = graph.tensor("spread", &[2, 1, 1, 2], 1, vec![], None);
    let weights = graph.activation("weights", &[2, 1, 1, 2]);
    let offsets = graph.floats("offsets", &[2], &[0.0, 1.0]);
    let y = graph.activation("conv", &[1, 1, 2, 2]);
    let slopes = graph.floats("slopes", &[1, 1, 2], &[-1.5, 0.25]);
    let z = graph.activation("prelu", &[1, 1, 2, 2]);
    let out = graph.activation("out", &[1, 4]);
    graph.op(124, &[packed], spread, vec![]);
    graph.op(6, &[spread], weights, vec![]);
    let options = vec![(0, Value::U8(1)), (1, Value::I32(1)), (2, Value::I32(1))];
    graph.op(3, &[x, weights, offsets], y, options);
    graph.op(54, &[y, slopes], z, vec![]);
    graph.op(22, &[z], out, vec![]);
    graph.finish(&[x], &[out])
}

#[test]
fn sparse_half_weights_prelu_and_flattening() {
    // Input NCHW: channel 0 is (1, -2), channel 1 is (3, 0).
    let out = run(&small(), &[1, 2, 1, 2], &[1.0, -2.0, 3.0, 0.0], &[1, 4]);
    // Pixel 0: (1, 0.5 - 6 + 1 = -4.5 -> -1.125); pixel 1: (-2 -> 3, -1 + 1 = 0). Pixels outer: NHWC order.
    assert_eq!(out, [1.0, -1.125, 3.0, 0.0]);
}

#[test]
fn a_border_moves_into_its_convolution() {
    let mut graph = Tiny::default();
    let x = graph.activation("in", &[1, 2, 2, 1]);
    let border = graph.ints("border", &[4, 2], &[0, 0, 1, 1, 1, 1, 0, 0]);
    let padded = graph.activation("padded", &[1, 4, 4, 1]);
    let w = graph.floats("w", &[1, 3, 3, 1], &[1.0; 9]);
    let y = graph.activation("out", &[1, 2, 2, 1]);
    graph.op(34, &[x, border], padded, vec![]);
    graph.op(4, &[padded, w], y, vec![(0, Value::U8(1)), (1, Value::I32(1)), (2, Value::I32(1))]);
    let bytes = graph.finish(&[x], &[y]);
    assert_eq!(run(&bytes, &[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0], &[1, 2, 2, 1]), [10.0; 4]);
    let onnx = convert(&bytes).unwrap().remove(0);
    assert!(!onnx.windows(3).any(|w| w == b"Pad"), "the border should be the convolution's own");
}

#[test]
fn channel_borders_and_feature_map_outputs_keep_the_file_order() {
    let mut graph = Tiny::default();
    let x = graph.activation("in", &[1, 1, 2, 1]);
    let border = graph.ints("border", &[4, 2], &[0, 0, 0, 0, 0, 0, 0, 1]);
    let y = graph.activation("out", &[1, 1, 2, 2]);
    graph.op(34, &[x, border], y, vec![]);
    let out = run(&graph.finish(&[x], &[y]), &[1, 1, 1, 2], &[5.0, 7.0], &[1, 1, 2, 2]);
    assert_eq!(out, [5.0, 0.0, 7.0, 0.0]);
    let mut graph = Tiny::default();
    let x = graph.activation("in", &[1, 1, 1, 2]);
    let border = graph.ints("border", &[4, 2], &[0, 0, 0, 0, 0, 0, 1, 2]);
    let y = graph.activation("out", &[1, 1, 1, 5]);
    graph.op(34, &[x, border], y, vec![]);
    let out = run(&graph.finish(&[x], &[y]), &[1, 2, 1, 1], &[5.0, 7.0], &[1, 1, 1, 5]);
    assert_eq!(out, [0.0, 5.0, 7.0, 0.0, 0.0]);
}

#[test]
fn whole_blocks_of_channels_are_added_by_a_convolution() {
    let twice = |channels: i32| {
        let mut graph = Tiny::default();
        let x = graph.activation("in", &[1, 1, 1, channels]);
        let border = graph.ints("border", &[4, 2], &[0, 0, 0, 0, 0, 0, 0, channels]);
        let y = graph.activation("out", &[1, 1, 1, 2 * channels]);
        graph.op(34, &[x, border], y, vec![]);
        graph.finish(&[x], &[y])
    };
    let input: [f32; 16] = std::array::from_fn(|k| k as f32 - 7.5);
    let out = run(&twice(16), &[1, 16, 1, 1], &input, &[1, 1, 1, 32]);
    assert_eq!(out, [input, [0.0; 16]].concat());
    assert!(!convert(&twice(16)).unwrap()[0].windows(3).any(|w| w == b"Pad"));
    // A small file can't ask for a huge constant.
    let error = convert(&twice(8192)).unwrap_err().to_string();
    assert!(error.contains("larger than any network's"), "{error}");
}

#[test]
fn unknown_operators_are_named() {
    let mut graph = Tiny::default();
    let x = graph.activation("in", &[1, 2]);
    let y = graph.activation("out", &[1, 2]);
    graph.custom("Convolution2DTransposeBias", &[x], y, &[]);
    let error = convert(&graph.finish(&[x], &[y])).unwrap_err();
    assert!(matches!(error, ConvertError::Unsupported { .. }));
    assert!(error.to_string().contains("Convolution2DTransposeBias"), "{error}");

    let mut graph = Tiny::default();
    let x = graph.activation("in", &[1, 2]);
    let y = graph.activation("out", &[1, 2]);
    graph.op(117, &[x], y, vec![]);
    let error = convert(&graph.finish(&[x], &[y])).unwrap_err();
    assert!(error.to_string().contains("builtin 117"), "{error}");
}

/// Parameters of the operator that lays a head's patch.
fn patch_of(head: &Head, points: &[u16]) -> Vec<u8> {
    let mut builder = flexbuffers::Builder::default();
    let mut map = builder.start_map();
    for (key, value) in ["left_rotation_idx", "right_rotation_idx"].into_iter().zip(head.level) {
        map.push(key, value);
    }
    for key in ["output_width", "output_height"] {
        map.push(key, 16);
    }
    map.push("scale_x", 1.5f32);
    map.push("scale_y", 1.5f32);
    let mut list = map.start_vector("subset_idxs");
    points.iter().for_each(|i| list.push(*i));
    list.end_vector();
    map.end_map();
    builder.view().to_vec()
}

/// A mesh and a feature map; the Relu of the map's patch of the lips; where asked for, an output that needs both parts.
fn attention(options: &[u8], both: bool) -> Vec<u8> {
    let mut graph = Tiny::default();
    let mesh = graph.activation("mesh", &[1, 468, 3]);
    let map = graph.activation("map", &[1, 2, 3, 2]);
    let matrix = graph.activation("matrix", &[1, 4, 4]);
    let patch = graph.activation("patch", &[1, 2, 3, 2]);
    let out = graph.activation("out", &[1, 2, 3, 2]);
    graph.custom("Landmarks2TransformMatrix", &[mesh], matrix, options);
    graph.custom("TransformTensorBilinear", &[map, matrix], patch, &[]);
    if both {
        graph.op(0, &[patch, map], out, vec![]);
    } else {
        graph.op(19, &[patch], out, vec![]);
    }
    graph.finish(&[mesh, map], &[out])
}

#[test]
fn a_network_that_takes_patches_becomes_two() {
    let onnx = convert(&attention(&patch_of(&LIPS, LIPS.points), false)).unwrap();
    let [first, second] = onnx.as_slice() else { panic!("{} parts", onnx.len()) };
    let shape: &[usize] = &[1, 2, 3, 2];
    let values: [f32; 12] = std::array::from_fn(|k| k as f32 - 5.0);
    for (bytes, inputs, output) in [
        (
            first,
            &[Spec { name: "mesh", shape: &[1, 468, 3] }, Spec { name: "map", shape: &[1, 2, 2, 3] }][..],
            "features",
        ),
        (second, &[Spec { name: "patch_lips", shape }][..], "out"),
    ] {
        let expect = Expect { inputs, outputs: &[Spec { name: output, shape }] };
        let mut net = Runtime::portable().load(NetSource::Bytes { name: "tiny", bytes }, &expect).unwrap();
        net.input_mut(inputs.len() - 1).copy_from_slice(&values);
        net.run().unwrap();
        // The map comes channels-first and goes channels-last; so goes the patch both times.
        let expected: [f32; 12] = std::array::from_fn(|k| match output {
            "features" => values[6 * (k % 2) + k / 2],
            _ => values[k].max(0.0),
        });
        assert_eq!(net.output(0), expected);
    }
}

#[test]
fn patches_that_are_not_known_are_refused() {
    for (bytes, reason) in [
        (attention(&patch_of(&LIPS, &[1, 2, 3]), false), "not those of a patch"),
        (attention(&[], false), "can't be read"),
        (attention(&patch_of(&LIPS, LIPS.points), true), "beyond the part that makes it"),
    ] {
        let error = convert(&bytes).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

/// Sizes of a small head's patch: height, width, channels.
const SMALL: [usize; 3] = [2, 3, 16];

/// Small heads of these numbers, each with the same weights wherever it is: a convolution of the patch's pixels, its Relu but in
/// head `plain`, the sum of that and the patch, and a list out of it; of the eyes' sums another.
fn heads(which: &[usize], plain: Option<usize>) -> Vec<u8> {
    let mut graph = Tiny::default();
    let shape = [1, 2, 3, 16];
    let mesh = graph.activation("mesh", &[1, 468, 3]);
    let map = graph.activation("map", &shape);
    let valid = || vec![(0, Value::U8(1)), (1, Value::I32(1)), (2, Value::I32(1))];
    let weights = |count: i32, seed: usize| -> Vec<f32> {
        (0..count as usize).map(|k| ((k * 31 + seed * 17) % 23) as f32 / 23.0 - 0.5).collect()
    };
    let (mut ends, mut irises) = (Vec::new(), Vec::new());
    for &index in which {
        let head = &HEADS[index];
        let [matrix, patch, own, sum] =
            ["matrix", "patch", "own", "sum"].map(|name| graph.activation(&format!("{name}{index}"), &shape));
        graph.custom("Landmarks2TransformMatrix", &[mesh], matrix, &patch_of(head, head.points));
        graph.custom("TransformTensorBilinear", &[map, matrix], patch, &[]);
        let w = graph.floats(&format!("w{index}"), &[16, 1, 1, 16], &weights(256, index));
        graph.op(3, &[patch, w], own, valid());
        let mut kept = own;
        if plain != Some(index) {
            kept = graph.activation(&format!("kept{index}"), &shape);
            graph.op(19, &[own], kept, vec![]);
        }
        graph.op(0, &[patch, kept], sum, vec![]);
        let mut list = |name: String, values: i32, seed: usize| {
            let w = graph.floats(&format!("w-{name}"), &[values, 2, 3, 16], &weights(values * 96, seed));
            let b = graph.floats(&format!("b-{name}"), &[values], &weights(values, seed + 1));
            let end = graph.activation(&name, &[1, 1, 1, values]);
            graph.op(3, &[sum, w, b], end, valid());
            end
        };
        ends.push(list(format!("end{index}"), [20, 6, 6][index], 7 + index));
        if index > 0 {
            irises.push(list(format!("iris{index}"), 2, 3 + index));
        }
    }
    ends.extend(irises);
    graph.finish(&[mesh, map], &ends)
}

#[test]
fn heads_side_by_side_say_what_each_says_alone() {
    let [height, width, channels] = SMALL;
    let value = |head: usize, k: usize| ((k * 13 + head * 5) % 19) as f32 / 19.0 - 0.4;
    for runtime in crate::infer::tests::runtimes() {
        let second = |bytes: Vec<u8>, inputs: &[Spec<'_>], outputs: &[Spec<'_>], input: &[f32]| {
            let onnx = convert(&bytes).unwrap();
            let source = NetSource::Bytes { name: "tiny", bytes: &onnx[1] };
            let mut net = runtime.load(source, &Expect { inputs, outputs }).unwrap();
            net.input_mut(0).copy_from_slice(input);
            net.run().unwrap();
            (0..outputs.len()).map(|k| net.output(k).to_vec()).collect::<Vec<_>>()
        };
        let pixel = |pixel: usize, head: usize| (0..channels).map(move |c| value(head, pixel * channels + c));
        let all: Vec<f32> =
            (0..height * width).flat_map(|p| (0..3).flat_map(move |head| pixel(p, head))).collect();
        let whole = second(
            heads(&[0, 1, 2], None),
            &[Spec { name: "patches", shape: &[1, height, width, 3 * channels] }],
            &[
                Spec { name: "points", shape: &[1, 3 * 2 * SLOT, 1, 1] },
                Spec { name: "irises", shape: &[1, 2 * SLOT, 1, 1] },
            ],
            &all,
        );
        for head in 0..3 {
            let own: Vec<f32> = (0..height * width * channels).map(|k| value(head, k)).collect();
            let values = [20, 6, 6][head];
            let (end, iris) = (format!("end{head}"), format!("iris{head}"));
            let (end_shape, iris_shape) = ([1, 1, 1, values], [1, 1, 1, 2]);
            let mut outputs = vec![Spec { name: &end, shape: &end_shape }];
            outputs.extend((head > 0).then_some(Spec { name: &iris, shape: &iris_shape }));
            let shape = [1, height, width, channels];
            let alone = second(
                heads(&[head], None),
                &[Spec { name: HEADS[head].input, shape: &shape }],
                &outputs,
                &own,
            );
            let same = |found: &[f32], own: &[f32]| {
                let filled = own.iter().chain(std::iter::repeat(&0.0));
                for (found, own) in found.iter().zip(filled) {
                    assert!((found - own).abs() < 1e-4, "head {head}: {found} for {own}");
                }
            };
            assert!(alone[0].iter().any(|v| v.abs() > 0.1));
            same(&whole[0][head * 2 * SLOT..][..2 * SLOT], &alone[0]);
            if head > 0 {
                same(&whole[1][(head - 1) * SLOT..][..SLOT], &alone[1]);
            }
        }
    }
    let error = convert(&heads(&[0, 1, 2], Some(1))).unwrap_err().to_string();
    assert!(error.contains("not alike"), "{error}");
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = convert(&bytes);
    }

    #[test]
    fn damaged_files_never_panic(
        which in 0..3,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let mut bytes = match which {
            0 => small(),
            1 => attention(&patch_of(&LIPS, LIPS.points), false),
            _ => heads(&[0, 1, 2], None),
        };
        for (index, value) in edits {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = convert(&bytes);
    }
}

#[test]
fn a_window_over_the_edge_takes_the_pixels_that_are_there() {
    let mut graph = Tiny::default();
    let x = graph.activation("in", &[1, 4, 4, 1]);
    let w = graph.floats("w", &[1, 3, 3, 1], &[1.0; 9]);
    let y = graph.activation("out", &[1, 2, 2, 1]);
    graph.op(4, &[x, w], y, vec![(1, Value::I32(2)), (2, Value::I32(2)), (3, Value::I32(1))]);
    let input: Vec<f32> = (0..16).map(|v| v as f32).collect();
    let out = run(&graph.finish(&[x], &[y]), &[1, 1, 4, 4], &input, &[1, 2, 2, 1]);
    // Windows start at 0 and 2; the second reaches one pixel past the edge.
    assert_eq!(out, [45.0, 39.0, 66.0, 50.0]);
}
