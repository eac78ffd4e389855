use prost::Message;

use super::*;
use crate::onnx::{EXTERNAL, GraphProto, HALF, Model, ValueInfo};

fn graph(stand_in: &StandIn) -> GraphProto {
    let model = Model::decode(stand_in.bytes().as_slice()).unwrap();
    assert_eq!((model.ir_version, model.opset_import[0].version), (8, 17));
    model.graph.unwrap()
}

/// Names and shapes, open sizes as 0.
fn ends(infos: &[ValueInfo]) -> Vec<(&str, Vec<i64>)> {
    let shape = |info: &ValueInfo| {
        let tensor = info.kind.as_ref().unwrap().tensor.as_ref().unwrap();
        tensor.shape.as_ref().unwrap().dim.iter().map(|dim| dim.value.unwrap_or(0)).collect()
    };
    infos.iter().map(|info| (info.name.as_str(), shape(info))).collect()
}

fn near(a: &[f32], b: &[f32], within: f32) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= within, "{a} {b}");
    }
}

#[test]
fn files_are_small_and_always_the_same() {
    for stand_in in StandIn::all() {
        let bytes = stand_in.bytes();
        assert_eq!(bytes, stand_in.bytes(), "{}", stand_in.name);
        let matrix = if stand_in.emap.is_some() { 1 << 20 } else { 0 };
        assert!((matrix..matrix + 10_000).contains(&bytes.len()), "{}: {}", stand_in.name, bytes.len());
    }
}

#[test]
fn files_have_the_families_names_and_shapes() {
    for stand_in in StandIn::all() {
        let graph = graph(&stand_in);
        for (infos, ports) in [(&graph.input, &stand_in.inputs), (&graph.output, &stand_in.outputs)] {
            for ((name, shape), port) in ends(infos).into_iter().zip(ports) {
                assert_eq!(name, port.name);
                let fixed = if stand_in.open == Open::Batch && shape.len() > 1 { 1 } else { 0 };
                assert_eq!(shape[fixed..], crate::onnx::to_i64(&port.shape)[fixed..], "{name}");
            }
            assert_eq!(infos.len(), ports.len());
        }
        let nodes = graph.node.iter().flat_map(|node| &node.input);
        let used: Vec<_> = nodes.filter(|name| name.as_str() == "buff2fs").collect();
        assert!(used.is_empty());
        let last = graph.initializer.last().map(|tensor| tensor.name.as_str());
        assert_eq!(last == Some("buff2fs"), stand_in.name.starts_with("ins"));
    }
    let dfm = graph(&StandIn::dfm_morph(320, 192));
    assert_eq!(ends(&dfm.input), [("in_face:0", vec![0, 192, 320, 3]), ("morph_value:0", vec![1])]);
    assert_eq!(ends(&dfm.output)[0], ("out_face_mask:0", vec![0, 192, 320, 1]));
}

#[test]
fn fields_change_the_file() {
    let mut renamed = StandIn::ghost_256();
    renamed.inputs[0].name = "picture".into();
    assert_eq!(ends(&graph(&renamed).input)[0], ("picture", vec![1, 3, 256, 256]));
    let open = StandIn { open: Open::Sizes, ..StandIn::ghost_256() };
    assert_eq!(
        ends(&graph(&open).input),
        [("target", vec![0, 3, 0, 0]), ("source", vec![0, i64::try_from(VECTOR).unwrap()])]
    );
    let turned = StandIn::ghost_256().with_nhwc_target();
    assert_eq!(ends(&graph(&turned).input)[0], ("target", vec![1, 256, 256, 3]));
    assert_eq!(ends(&graph(&turned).output)[0], ("781", vec![1, 3, 256, 256]));
    assert_eq!(turned.size(), (256, 256));
    let extra = StandIn::ghost_256().with_fault(Fault::ExtraInput);
    assert_eq!(ends(&graph(&extra).input)[2], ("extra", vec![1]));
    let custom = graph(&StandIn::ghost_256().with_fault(Fault::CustomOp));
    assert!(custom.node.iter().any(|node| node.domain == "com.example"));
}

#[test]
fn the_matrix_is_stored_as_asked() {
    let with = |storage, last| {
        let emap = Some(Emap { name: "E".into(), storage, last });
        let graph = graph(&StandIn { emap, ..StandIn::inswapper_128() });
        let tensor = if last { graph.initializer.last() } else { graph.initializer.first() };
        tensor.cloned().unwrap()
    };
    let floats = with(Storage::Floats, false);
    assert_eq!((floats.name.as_str(), floats.dims.as_slice()), ("E", &[512, 512][..]));
    let row = |i: usize| &floats.raw_data[i * VECTOR * 4..][..VECTOR * 4];
    assert_eq!(row(0)[4..8], 1.0f32.to_le_bytes());
    assert_eq!(row(511)[..4], 2.0f32.to_le_bytes());
    let halves = with(Storage::Halves, true);
    assert_eq!((halves.data_type, halves.raw_data.len()), (HALF, 2 * VECTOR * VECTOR));
    let elsewhere = with(Storage::Elsewhere, true);
    assert_eq!((elsewhere.data_location, elsewhere.raw_data.len()), (EXTERNAL, 0));
}

#[test]
fn closed_forms() {
    let swap = StandIn::hyperswap_256();
    near(&swap.display([1.0, 0.0, 0.0], Shift::NONE), &[0.75, 0.04, 0.23], 1e-6);
    near(&swap.display([0.0; 3], Shift([0.1, 0.2, 0.3])), &[0.15, 0.24, 0.33], 1e-6);
    near(&[swap.mask_at(1, 127, 255, [0.0; 3])], &[127.5 / 256.0 * 255.5 / 256.0], 1e-6);
    let dfm = StandIn::dfm(320, 192);
    near(
        &[dfm.mask_at(0, 0, 9, [0.0; 3]), dfm.mask_at(2, 0, 9, [0.0; 3])],
        &[0.5 / 320.0, 9.5 / 192.0],
        1e-6,
    );
    near(&[StandIn::xseg_nchw().mask_at(0, 0, 0, [0.5; 3])], &[0.5], 1e-6);
    near(&[StandIn::occluder().mask_at(0, 0, 0, [1.0, 1.0, 0.0])], &[10.0], 1e-5);
    let parser = StandIn::bisenet();
    assert_eq!(
        [(128, 0), (127, 0), (383, 127), (256, 128)].map(|(x, y)| parser.class_at(x, y)),
        [17, 1, 17, 1]
    );
    let rgb = [0.1, 0.5, 0.9];
    near(&Range::IMAGENET.decode(Range::IMAGENET.encode(rgb)), &rgb, 1e-6);
    near(&Range::SIGNED.encode(rgb), &[-0.8, 0.0, 0.8], 1e-6);
    let vector = embedding([0.5; 3]);
    near(
        &converted(&vector)[..1],
        &[2.0 * vector[511] / vector.iter().map(|v| v * v).sum::<f32>().sqrt()],
        1e-6,
    );
    near(&projected(&vector)[..3], &[2.0 * vector[511], vector[0], 2.0 * vector[1]], 1e-6);
    // A vector that stands for red moves red.
    let red: Vec<f32> = (0..VECTOR).map(|k| weight(k, 0) / 16.0).collect();
    near(&Shift::vector(&red).0, &[0.32, 0.0, 0.0], 0.01);
}

#[test]
fn load_is_as_described() {
    let gflop = |work| (StandIn::inswapper_128().with_work(work).work_gflop() * 10.0).round() / 10.0;
    assert_eq!([Work::Small, Work::Medium, Work::Large].map(gflop), [1.0, 7.9, 53.5]);
    let file = StandIn::recogniser().with_work(Work::Small);
    assert_eq!(file.bytes(), file.bytes());
    assert!((3_000_000..3_300_000).contains(&file.bytes().len()));
    assert_eq!(StandIn::recogniser().work_gflop(), 0.0);
}
