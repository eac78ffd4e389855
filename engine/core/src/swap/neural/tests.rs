//! Every family's adapter against a network whose result is known in closed form: alignment, normalisation, layout,
//! source vector, result range and mask, and the refusals.

use super::uv_atlas::canonical_mesh;
use super::*;
use crate::frame::{Colour, Frame, PixelFormat};
use crate::infer::stand_in::{self, Emap, Fault, Shift, StandIn, Storage};
use crate::infer::tests::runtimes;
use crate::infer::{RunOptions, Runtime, skim};
use crate::space::{CropPx, MeshPoint};
use glam::{DMat4, DVec4, Vec2};
use std::path::{Path, PathBuf};

const SIDE: u32 = 200;

/// Red tells the column, green the row, one code a pixel; blue both.
fn picture() -> Frame {
    let code = |i: u32| [i % SIDE + 20, i / SIDE + 20, 240 - (i % SIDE + i / SIDE) / 2];
    let data: Vec<u8> = (0..SIDE * SIDE).flat_map(code).map(|v| v as u8).collect();
    Frame::new(PixelFormat::Rgb, Colour::JPEG, SIDE, SIDE, data).unwrap()
}

/// What [`picture`] shows at a place.
fn shown(p: Vec2) -> [f32; 3] {
    [p.x + 20.0, p.y + 20.0, 240.0 - (p.x + p.y) / 2.0].map(|v| v / 255.0)
}

fn mesh() -> Vec<MeshPoint> {
    let middle = Vec2::new(100.0, 104.0);
    let turn = |p: MeshPoint| (middle + Vec2::from_angle(0.2).rotate(p.truncate() - middle)).extend(0.0);
    canonical_mesh(middle, 110.0).into_iter().map(turn).collect()
}

/// The similarity from picture to crop by the normal equations in double precision: u = a·x − b·y + c, v = b·x + a·y + d.
fn reference(contract: &Contract) -> impl Fn(CropPx) -> Vec2 {
    let (mut left, mut right) = (DMat4::ZERO, DVec4::ZERO);
    let [w, h] = contract.size.map(|n| n as f64);
    for (p, t) in five_points(&mesh()).unwrap().iter().zip(contract.template.points()) {
        let (x, y) = (f64::from(p.0.x), f64::from(p.0.y));
        let rows = [
            (DVec4::new(x, -y, 1.0, 0.0), f64::from(t.x) * w),
            (DVec4::new(y, x, 0.0, 1.0), f64::from(t.y) * h),
        ];
        for (row, value) in rows {
            left += DMat4::from_cols(row * row.x, row * row.y, row * row.z, row * row.w);
            right += row * value;
        }
    }
    let m = left.inverse() * right;
    move |CropPx(p)| {
        let (u, v) = (f64::from(p.x) - m.z, f64::from(p.y) - m.w);
        let n = m.x * m.x + m.y * m.y;
        Vec2::new(((m.x * u + m.y * v) / n) as f32, ((m.x * v - m.y * u) / n) as f32)
    }
}

fn written(folder: &Path, stand_in: &StandIn) -> PathBuf {
    let path = folder.join(format!("{}.onnx", stand_in.name));
    std::fs::write(&path, stand_in.bytes()).unwrap();
    path
}

/// Recognised with the family as the user's word where the graph leaves a choice.
fn found(path: &Path, family: Option<Family>) -> Result<(crate::infer::Graph, Found), ModelError> {
    let graph = skim(path)?;
    let found = recognise(&graph, &path.display().to_string(), &Hints { family, side_car: None })?;
    Ok((graph, found))
}

fn person() -> Identity {
    Identity::from_photos(&[(0..VECTOR).map(|i| ((i * 7 % 31) as f32 - 14.0) * 0.3).collect()]).unwrap()
}

fn unit(v: &[f32]) -> Vec<f32> {
    let n = v.iter().map(|x| x * x).sum::<f32>().sqrt();
    v.iter().map(|x| x / n).collect()
}

/// What each family's network is fed with, and so what it adds to the colours.
fn shift(contract: &Contract) -> Shift {
    let person = person();
    match contract.source {
        SourceKind::Built => Shift::NONE,
        SourceKind::Unit => Shift::vector(&unit(&person.unit)),
        SourceKind::Latent => Shift::vector(&unit(&stand_in::projected(&unit(&person.unit)))),
        SourceKind::Converted { unit: true } => Shift::vector(&unit(&stand_in::converted(&person.raw))),
        SourceKind::Converted { unit: false } | SourceKind::Adapted => {
            Shift::vector(&stand_in::converted(&person.raw))
        }
        SourceKind::Picture { .. } => Shift::image([0.6, 0.4, 0.2]),
    }
}

const SWAPS: [(fn() -> StandIn, Family); 13] = [
    (StandIn::inswapper_128, Family::Inswapper),
    (StandIn::instyleswapper_256, Family::Instyleswapper),
    (StandIn::hyperswap_256, Family::Hyperswap),
    (StandIn::simswap_256, Family::Simswap),
    (StandIn::simswap_unofficial_512, Family::SimswapUnofficial),
    (StandIn::ghost_256, Family::Ghost),
    (StandIn::hififace_256, Family::Hififace),
    (StandIn::uniface_256, Family::Uniface),
    (StandIn::blendswap_256, Family::Blendswap),
    (StandIn::cscs_256, Family::Cscs),
    (|| StandIn::dfm(224, 224), Family::Dfm),
    (|| StandIn::dfm(192, 160), Family::Dfm),
    (|| StandIn::dfm_morph(128, 128), Family::Dfm),
];

#[test]
fn every_family_gives_what_its_network_makes_of_the_aligned_face() {
    let folder = tempfile::tempdir().unwrap();
    let (frame, mesh, person) = (picture(), mesh(), person());
    let photo = Frame::filled(PixelFormat::Rgb, Colour::JPEG, SIDE, SIDE, [153, 102, 51]).unwrap();
    let converted = stand_in::converted(&person.raw);
    for runtime in runtimes() {
        for (make, family) in SWAPS {
            let network = make();
            let path = written(folder.path(), &network);
            let (graph, found) = found(&path, None).unwrap_or_else(|e| panic!("{family:?}: {e}"));
            let mut model = SwapModel::load(&runtime, &path, &graph, &found, &RunOptions::default()).unwrap();
            let contract = model.contract().clone();
            assert_eq!(contract.family, family);
            model.self_test().unwrap();
            assert!(model.measure(std::time::Duration::ZERO).unwrap() > std::time::Duration::ZERO);
            let wearer = IdentitySource {
                identity: Some(&person),
                converted: Some(&converted),
                photo: Some((&photo, &mesh)),
            };
            model.wear(&wearer).unwrap();
            let mut shift = shift(&contract);
            if network.inputs.len() > 1 && family == Family::Dfm {
                shift = Shift::morph(0.75);
            }
            for detail in [1, 2] {
                model.set_crop(CropOptions { detail, ..CropOptions::default() });
                let made = model.swap(&frame, &mesh).unwrap();
                check(
                    &made,
                    &network,
                    &contract,
                    shift,
                    detail,
                    &format!("{family:?} {}", runtime.backend()),
                );
            }
        }
    }
}

/// Compares a result with the closed form at every pixel whose place lies well inside the picture.
fn check(made: &SwapResult, network: &StandIn, contract: &Contract, shift: Shift, k: usize, what: &str) {
    let reference = reference(contract);
    let [w, h] = contract.size.map(|n| n * k);
    assert_eq!((made.width, made.height, made.rgb.len()), (w, h, 3 * w * h));
    let (mut place, mut colour, mut seen) = (0.0f32, 0.0f32, 0);
    for i in (0..w * h).step_by(7) {
        let crop = Vec2::new((i % w) as f32, (i / w) as f32);
        let at = reference(CropPx(crop / k as f32));
        place = place.max((made.square.to_image(CropPx(crop), made.side).0 - at).length());
        if !(at.cmpge(Vec2::splat(3.0)).all() && at.cmple(Vec2::splat(SIDE as f32 - 4.0)).all()) {
            continue;
        }
        let wanted = network.display(shown(at), shift).map(|v| v.clamp(0.0, 1.0));
        for (c, wanted) in wanted.iter().enumerate() {
            colour = colour.max((made.rgb[c * w * h + i] - wanted).abs() * 255.0);
        }
        seen += 1;
    }
    assert!(seen > 1000, "{what}: {seen}");
    assert!(place < 0.5, "{what}: {place} pixels off");
    // Blue falls by half a code a pixel, so its codes are rounded.
    assert!(colour < 1.0, "{what}: {colour} codes off");
    match contract.mask {
        MaskKind::None => assert!(made.mask.is_empty(), "{what}"),
        // Products of slopes, drawn in and softened: the middle is near the plain value, and they rise.
        _ => {
            let mask = |x: usize, y: usize| made.mask[y * w + x];
            let plain = |output| network.mask_at(output, w / 2 / k, h / 2 / k, [0.0; 3]);
            let wanted = if contract.mask == MaskKind::Dfm { plain(0) * plain(2) } else { plain(1) };
            assert!((mask(w / 2, h / 2) - wanted).abs() < 0.06, "{what}: {} {wanted}", mask(w / 2, h / 2));
            assert!(mask(w - 1 - w / 8, h / 2) > mask(w / 8, h / 2) + 0.2, "{what}");
        }
    }
}

#[test]
fn the_recogniser_sees_the_aligned_face() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), &StandIn::recogniser());
    let (_, found) = found(&path, None).unwrap();
    assert_eq!(found.kind, ModelKind::Recogniser);
    for runtime in runtimes() {
        let mut net = found
            .expecting(|e| runtime.load_with(crate::infer::NetSource::File(&path), e, &RunOptions::default()))
            .unwrap();
        let vector = embed(&mut *net, Template::ArcfaceV2, &picture(), &mesh()).unwrap();
        // The mean colour of the crop is what is at the mean place of its pixels: the picture is linear.
        let contract = Contract {
            template: Template::ArcfaceV2,
            size: [112; 2],
            ..Contract::for_family(Family::Other, [112; 2])
        };
        let mean = shown(reference(&contract)(CropPx(Vec2::splat(55.5))));
        // What lies outside the picture is its edge again; the crop hardly reaches there.
        let alike = crate::persona::cosine(&vector, &stand_in::embedding(mean));
        assert!(alike > 0.9995, "{alike}");
        assert!(matches!(
            embed(&mut *net, Template::ArcfaceV2, &picture(), &[]),
            Err(ModelError::NoFace { .. })
        ));
    }
}

#[test]
fn mask_networks_are_told_apart_and_say_what_is_face() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = [
        (StandIn::xseg_nhwc(), MaskModel::XsegNhwc),
        (StandIn::xseg_nchw(), MaskModel::XsegNchw),
        (StandIn::occluder(), MaskModel::Occluder),
        (StandIn::bisenet(), MaskModel::Bisenet),
    ];
    // Left half dark, right half bright.
    let planes: Vec<f32> = (0..3 * 64 * 64).map(|i| if i % 64 < 32 { 0.1 } else { 0.9 }).collect();
    for runtime in runtimes() {
        for (network, kind) in &kinds {
            let path = written(folder.path(), network);
            let (_, found) = found(&path, None).unwrap();
            assert_eq!(found.kind, ModelKind::Mask(*kind));
            let mut net = MaskNet::load(&runtime, &path, &found, &RunOptions::default()).unwrap();
            let mask = net.run(&planes, [64, 64], [64, 64]).unwrap();
            let at = |x: usize, y: usize| mask[y * 64 + x];
            match kind {
                // Hair in the middle of the upper quarter.
                MaskModel::Bisenet => assert_eq!((at(32, 4), at(32, 50), at(4, 4)), (0.0, 1.0, 1.0)),
                _ => assert!(at(8, 30) < 0.01 && at(56, 30) > 0.99, "{kind:?}: {} {}", at(8, 30), at(56, 30)),
            }
        }
    }
}

/// The message of a refusal; `family` is what the user says it is.
fn refusal(folder: &Path, name: &str, bytes: &[u8], family: Option<Family>) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    let refused = found(&path, family).and_then(|(graph, found)| {
        let mut model = SwapModel::load(&Runtime::portable(), &path, &graph, &found, &RunOptions::default())?;
        model.self_test()
    });
    let message = refused.expect_err(name).to_string();
    assert!(message.contains(name), "no file in: {message}");
    message
}

#[test]
fn what_is_wrong_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refuse = |name: &str, bytes: &[u8], family, words: &[&str]| {
        let message = refusal(folder.path(), name, bytes, family);
        for word in words {
            assert!(message.contains(word), "{name}: no `{word}` in: {message}");
        }
    };
    for (make, family) in SWAPS {
        let (good, label) = (make(), family.name());
        let [w, h] = [good.size().0, good.size().1];
        let target = good.inputs[0].name.clone();
        let other = |change: &dyn Fn(&mut StandIn)| {
            let mut changed = good.clone();
            change(&mut changed);
            changed.bytes()
        };
        let say = Some(family);
        // Another picture size than the family's.
        if family != Family::Dfm {
            let small = other(&|s| {
                s.inputs[0].shape[2..].fill(96);
                s.outputs[0].shape[2..].fill(96);
            });
            refuse(&format!("{label}-size.onnx"), &small, say, &[&target, "96", &w.to_string()]);
            // Height × width × channels.
            let nhwc = good.clone().with_nhwc_target().bytes();
            refuse(&format!("{label}-nhwc.onnx"), &nhwc, say, &[&target, &format!("[1, {h}, {w}, 3]")]);
        }
        // A vector of another length.
        if good.inputs.get(1).is_some_and(|p| p.shape == [1, 512]) && good.emap.is_none() {
            let bytes = other(&|s| s.inputs[1].shape = vec![1, 256]);
            refuse(&format!("{label}-vector.onnx"), &bytes, say, &[&good.inputs[1].name, "256", "512"]);
        }
        let nan = good.clone().with_fault(Fault::Nan).bytes();
        refuse(&format!("{label}-nan.onnx"), &nan, say, &["not finite"]);
        let flat = good.clone().with_fault(Fault::Flat).bytes();
        refuse(&format!("{label}-flat.onnx"), &flat, say, &["flat"]);
        let custom = good.clone().with_fault(Fault::CustomOp).bytes();
        refuse(&format!("{label}-custom.onnx"), &custom, say, &["com.example"]);
        let extra = good.clone().with_fault(Fault::ExtraInput).bytes();
        refuse(&format!("{label}-extra.onnx"), &extra, say, &["extra"]);
        let bytes = good.bytes();
        refuse(&format!("{label}-cut.onnx"), &bytes[..bytes.len() * 2 / 3], say, &["byte"]);
        if good.emap.is_some() {
            let without = other(&|s| s.emap = None);
            refuse(&format!("{label}-emap.onnx"), &without, say, &["buff2fs", "512 x 512", "none"]);
            let elsewhere = other(&|s| {
                s.emap = Some(Emap { name: "buff2fs".into(), storage: Storage::Elsewhere, last: true });
            });
            refuse(&format!("{label}-elsewhere.onnx"), &elsewhere, say, &["buff2fs"]);
        }
    }
    refuse("words.onnx", b"this is no model\n".repeat(40).as_slice(), None, &[]);
    refuse("empty.onnx", b"", None, &[]);
    // A tensor that says it has 3 GB: graph { initializer { dims 786432000, type float, name "w", raw 8 bytes } }.
    let mut claim = vec![0x08, 0x80, 0xf8, 0x81, 0xf7, 0x02, 0x10, 0x01, 0x42, 0x01, b'w', 0x4a, 0x08];
    claim.extend([0; 8]);
    let mut graph = vec![0x2a, claim.len() as u8];
    graph.extend(claim);
    let mut file = vec![0x08, 0x08, 0x3a, graph.len() as u8];
    file.extend(graph);
    refuse("claim.onnx", &file, None, &["w"]);
}

#[test]
fn where_the_graph_leaves_a_choice_the_name_or_the_user_decides() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = StandIn::simswap_256().bytes();
    let named = |name: &str, family| {
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        found(&path, family).map(|(_, found)| match found.kind {
            ModelKind::Swap(contract) => contract.family,
            other => panic!("{other:?}"),
        })
    };
    let message = named("model.onnx", None).unwrap_err().to_string();
    assert!(message.contains("simswap, ghost, hififace") && message.contains("--family"), "{message}");
    assert_eq!(named("my_HifiFace_v2.onnx", None).unwrap(), Family::Hififace);
    assert_eq!(named("my_HifiFace_v2.onnx", Some(Family::Ghost)).unwrap(), Family::Ghost);
    assert!(named("ghost-or-simswap.onnx", None).is_err());
    // The matrix also where it has lost its name, its place or half its bits.
    for emap in [
        Emap { name: "onnx::E".into(), storage: Storage::Floats, last: true },
        Emap { name: "onnx::E".into(), storage: Storage::Floats, last: false },
        Emap { name: "buff2fs".into(), storage: Storage::Halves, last: false },
    ] {
        let network = StandIn { emap: Some(emap.clone()), ..StandIn::inswapper_128() };
        let path = written(folder.path(), &network);
        let (graph, found) = found(&path, None).unwrap();
        assert_eq!(found.matrix.as_ref(), Some(&emap.name));
        let model = SwapModel::load(&Runtime::portable(), &path, &graph, &found, &RunOptions::default());
        assert!(model.is_ok(), "{emap:?}");
    }
}

#[test]
fn a_model_without_its_source_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = |network: StandIn| {
        let path = written(folder.path(), &network);
        let (graph, found) = found(&path, None).unwrap();
        let mut model =
            SwapModel::load(&Runtime::portable(), &path, &graph, &found, &RunOptions::default()).unwrap();
        model.wear(&IdentitySource::default()).unwrap_err().to_string()
    };
    assert!(missing(StandIn::hyperswap_256()).contains("w600k_r50"));
    assert!(missing(StandIn::ghost_256()).contains("crossface"));
    assert!(missing(StandIn::uniface_256()).contains("photo"));
}
