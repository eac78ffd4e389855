use super::*;
use crate::actor::{Actor, ActorOptions};
use crate::badge::read;
use crate::canonical_uv::CANONICAL_UV;
use crate::composite::tests::compositor_on_any_adapter;
use crate::composite::{Backend, DrawParams};
use crate::frame::{Colour, PixelFormat};
use crate::infer::stand_in::{Shift, StandIn};
use crate::infer::{RunOptions, Runtime, skim};
use crate::pipeline::{FaceTracker, OfflineSession, Output, Privacy, Settings, State};
use crate::source::Rate;
use crate::space::{CropSquare, ImagePx, MeshPoint, Uv};
use crate::swap::neural::{Hints, Identity, IdentitySource, VECTOR, recognise};
use crate::swap::{ColourTransfer, FaceTexture};
use crate::track::{FaceId, Occlusion, Pose, TrackError};
use std::sync::{Arc, Mutex};

#[test]
fn a_pace_leaves_room() {
    let ms = Duration::from_millis;
    assert_eq!(RateLimit::default().rest(ms(30)), Duration::ZERO);
    let near = |a: Duration, b: Duration| assert!(a.abs_diff(b) < Duration::from_micros(1), "{a:?} {b:?}");
    let ten = RateLimit { rate: Some(10.0), share: None };
    near(ten.rest(ms(30)), ms(70));
    near(ten.rest(ms(200)), Duration::ZERO);
    let half = RateLimit { rate: None, share: Some(0.5) };
    near(half.rest(ms(30)), ms(30));
    let both = RateLimit { rate: Some(10.0), share: Some(0.25) };
    near(both.rest(ms(40)), ms(120));
    assert_eq!(RateLimit { rate: Some(-3.0), share: Some(f32::NAN) }.rest(ms(40)), Duration::ZERO);
}

const SIZE: (u32, u32) = (480, 360);

/// The actor's frames with the true faces.
fn performance(still: bool, frames: u64) -> Vec<(Frame, Face)> {
    let rate = Rate::DEFAULT;
    let options = ActorOptions {
        still,
        noise: 0.0,
        format: PixelFormat::I444,
        ..ActorOptions::new(3, SIZE.0, SIZE.1, rate)
    };
    let mut actor = Actor::with(options).unwrap();
    let face = |f: crate::actor::ActorFrame| {
        let landmarks = f.faces.into_iter().next().unwrap().landmarks;
        let (pose, occlusion) = (Pose::fit(&landmarks).unwrap(), Occlusion::default());
        let region = CropSquare { centre: ImagePx(pose.origin.truncate()), side: 100.0, angle: 0.0 };
        (f.frame, Face { id: FaceId(1), score: 1.0, landmarks, region, pose, occlusion })
    };
    (0..frames).map(|i| face(actor.frame(i))).collect()
}

struct Truth(std::vec::IntoIter<Face>);

impl FaceTracker for Truth {
    fn track(&mut self, _: &Frame) -> Result<Vec<Face>, TrackError> {
        Ok(self.0.next().into_iter().collect())
    }
}

/// A model made of a stand-in network: hyperswap's ends, colours in closed form.
fn hyperswap() -> (WornModel, StandIn, Shift) {
    let folder = tempfile::tempdir().unwrap();
    let network = StandIn::hyperswap_256();
    let network = StandIn { outputs: network.outputs[..1].to_vec(), ..network };
    // Without the mask it looks like CSCS but for the names; the user says what it is.
    let path = folder.path().join("cscs.onnx");
    std::fs::write(&path, network.bytes()).unwrap();
    let graph = skim(&path).unwrap();
    let hints = Hints { family: Some(crate::swap::neural::Family::Cscs), side_car: None };
    let found = recognise(&graph, "cscs.onnx", &hints).unwrap();
    let mut model =
        SwapModel::load(&Runtime::portable(), &path, &graph, &found, &RunOptions::default()).unwrap();
    let vector: Vec<f32> = (0..VECTOR).map(|i| (i as f32 * 0.3).cos()).collect();
    let person = Identity::from_photos(&[vector]).unwrap();
    model.wear(&IdentitySource { identity: Some(&person), ..IdentitySource::default() }).unwrap();
    let shift = Shift::vector(&person.unit);
    (WornModel::new("stand-in", model, 1), network, shift)
}

/// Gives every face this colour; fails or waits as it is told.
struct Plain {
    rgb: [f32; 3],
    told: Arc<Mutex<Option<&'static str>>>,
}

impl Swap for Plain {
    fn swap(&mut self, _: &Frame, face: &Face) -> Result<SwapResult, String> {
        match *self.told.lock().unwrap() {
            Some("panic") => std::panic::panic_any("planned: the model panics"),
            Some(what) => return Err(what.to_owned()),
            None => {}
        }
        let (low, high) = face
            .landmarks
            .iter()
            .fold((glam::Vec2::MAX, glam::Vec2::MIN), |(a, b), p| (a.min(p.truncate()), b.max(p.truncate())));
        let (n, centre) = (64, ImagePx((low + high) * 0.5));
        let rgb = self.rgb.iter().flat_map(|v| std::iter::repeat_n(*v, n * n)).collect();
        let square = CropSquare { centre, side: (high - low).max_element() * 1.1, angle: 0.0 };
        Ok(SwapResult { square, side: n as f32, width: n, height: n, rgb, mask: Vec::new() })
    }
}

type Told = Arc<Mutex<Option<&'static str>>>;

fn plain(rgb: [f32; 3]) -> (WornModel, Told) {
    let told = Told::default();
    let swap = Box::new(Plain { rgb, told: Arc::clone(&told) });
    let mask = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
    (
        WornModel {
            name: "plain".into(),
            swap,
            mask,
            side: 128,
            rate_limit: RateLimit::default(),
            until: None,
        },
        told,
    )
}

/// A persona of one green.
fn paint() -> FaceTexture {
    let uv: Vec<Uv> = CANONICAL_UV.iter().map(|uv| Uv((*uv).into())).collect();
    let rgba = [20, 200, 40, 255].repeat(64 * 64);
    let mask = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
    FaceTexture::bake(&rgba, 64, &uv, ColourTransfer::Keep, mask).unwrap()
}

fn engine(frames: &[(Frame, Face)], model: WornModel, lag: Lag) -> OfflineSession {
    let draw_params = DrawParams { light: 0.0, grain: 0.0, ..DrawParams::default() };
    let settings = Settings { backend: Backend::Cpu, draw_params, max_faces: 1, ..Settings::default() };
    let faces: Vec<Face> = frames.iter().map(|f| f.1.clone()).collect();
    let mut engine =
        OfflineSession::new(Box::new(Truth(faces.into_iter())), vec![paint()], settings).unwrap();
    engine.wear_model(model, lag);
    engine
}

fn colour(rgb: &[u8], p: MeshPoint) -> [f32; 3] {
    let at = (p.y.round() as usize * SIZE.0 as usize + p.x.round() as usize) * 3;
    [rgb[at], rgb[at + 1], rgb[at + 2]].map(f32::from)
}

/// The middle of the forehead, the bridge of the nose, its tip: far from the mask's edge.
const SKIN: [usize; 4] = [9, 168, 195, 4];

#[test]
fn a_network_s_colours_arrive_on_the_face_in_closed_form() {
    let frames = performance(true, 2);
    let (model, network, shift) = hyperswap();
    let mut engine = engine(&frames, model, Lag::None);
    for (frame, face) in &frames {
        let output = engine.process(frame.clone()).unwrap();
        assert_eq!(output.state, State::Live);
        assert!(read(output.badged.frame()).is_some());
        let (before, after) = (frame.to_rgb(), output.badged.frame().to_rgb());
        for i in SKIN {
            let p = face.landmarks[i];
            let wanted = network.display(colour(&before, p).map(|v| v / 255.0), shift).map(|v| v * 255.0);
            let found = colour(&after, p);
            for c in 0..3 {
                // Through a sheet of 256 texels and a blend by bands the pixel's neighbours have a say.
                assert!((wanted[c] - found[c]).abs() < 8.0, "point {i}: {found:?}, wanted {wanted:?}");
            }
        }
    }
    assert_eq!(engine.faults(), 0);
}

fn is_blue(output: &Output, p: MeshPoint) -> bool {
    let [r, g, b] = colour(&output.badged.frame().to_rgb(), p);
    b > g + 40.0 && b > r + 40.0
}

fn is_green(output: &Output, p: MeshPoint) -> bool {
    let [r, g, b] = colour(&output.badged.frame().to_rgb(), p);
    g > r + 30.0 && g > b + 30.0
}

#[test]
fn until_the_first_result_and_after_the_last_the_persona_is_worn() {
    let frames = performance(false, 120);
    let (model, told) = plain([0.1, 0.1, 0.9]);
    let mut engine = engine(&frames, model, Lag::Live(Duration::from_millis(150)));
    let mut seen = Vec::new();
    for (i, (frame, face)) in frames.iter().enumerate() {
        if i == 30 {
            *told.lock().unwrap() = Some("planned: the model fails");
        }
        let output = engine.process(frame.clone()).unwrap();
        let p = face.landmarks[9];
        seen.push((is_blue(&output, p), is_green(&output, p)));
    }
    // 150 ms are five frames of 33.
    assert!(seen[..5].iter().all(|s| *s == (false, true)), "{:?}", &seen[..8]);
    assert!(seen[6..50].iter().all(|s| s.0), "{:?}", &seen[6..50]);
    // The last result is of frame 25 or so; 2.2 s later it is gone.
    assert!(seen[105..].iter().all(|s| *s == (false, true)), "{:?}", &seen[90..]);
    assert!(engine.faults() > 3);
}

#[test]
fn a_model_that_panics_costs_nothing_but_its_results() {
    let frames = performance(true, 6);
    let (model, told) = plain([0.1, 0.1, 0.9]);
    *told.lock().unwrap() = Some("panic");
    let mut engine = engine(&frames, model, Lag::None);
    for (frame, face) in &frames {
        let output = engine.process(frame.clone()).unwrap();
        assert!(is_green(&output, face.landmarks[9]));
        assert_eq!(output.state, State::Live);
    }
    assert_eq!(engine.faults(), 6);
}

#[test]
fn a_slow_model_s_last_result_moves_with_the_face() {
    let frames = performance(false, 60);
    let (model, _) = plain([0.1, 0.1, 0.9]);
    let mut engine = engine(&frames, model, Lag::Live(Duration::from_millis(500)));
    for (i, (frame, face)) in frames.iter().enumerate() {
        let output = engine.process(frame.clone()).unwrap();
        if i > 17 {
            for k in SKIN {
                assert!(is_blue(&output, face.landmarks[k]), "frame {i} point {k}");
            }
        }
    }
}

#[test]
fn colours_stay_where_the_format_has_them() {
    // The whole way in a subsampled format too.
    let (frame, face) = performance(true, 1).remove(0);
    let frame = frame.converted(PixelFormat::Nv12, Colour::JPEG).unwrap();
    let (model, _) = plain([0.1, 0.1, 0.9]);
    let frames = [(frame, face)];
    let mut engine = engine(&frames, model, Lag::None);
    let output = engine.process(frames[0].0.clone()).unwrap();
    assert_eq!(output.badged.frame().format(), PixelFormat::Nv12);
    assert!(is_blue(&output, frames[0].1.landmarks[9]));
}

/// A model whose every result has another colour, and a mask that leaves the face half open.
struct Changing(u32);

impl Swap for Changing {
    fn swap(&mut self, _: &Frame, face: &Face) -> Result<SwapResult, String> {
        self.0 += 1;
        let (n, square) = (32, face.region);
        let tint = |k: u32| 0.2 + (self.0 * k % 50) as f32 / 100.0;
        let rgb = [tint(3), tint(7), tint(11)].iter().flat_map(|v| std::iter::repeat_n(*v, n * n)).collect();
        Ok(SwapResult { square, side: n as f32, width: n, height: n, rgb, mask: vec![0.5; n * n] })
    }
}

/// A face from the front whose middle goes round in a circle once in 25 frames.
fn circling(i: u64) -> Face {
    let way = glam::Vec2::from_angle(i as f32 / 25.0 * std::f32::consts::TAU) * 4.0;
    let middle = glam::Vec2::new(48.0, 48.0) + way;
    let side = 56.0;
    let at = |uv: &[f32; 2]| (middle + (glam::Vec2::from_array(*uv) - 0.5) * side).extend(0.0);
    let landmarks: Vec<MeshPoint> = CANONICAL_UV.iter().map(at).collect();
    let pose = Pose { rotation: glam::Quat::IDENTITY, scale: side * 0.4, origin: middle.extend(0.0) };
    let region = CropSquare { centre: ImagePx(middle), side: side * 1.1, angle: 0.0 };
    Face { id: FaceId(1), score: 1.0, landmarks, region, pose, occlusion: Occlusion::default() }
}

/// A model once cost a new buffer, new bind groups and, after a while, another texture's buffer with every result.
#[test]
fn a_thousand_results_make_no_gpu_object() {
    const FRAMES: u64 = 1000;
    const WARM: u64 = 60;
    let Some(compositor) = compositor_on_any_adapter() else { return };
    let draw_params = DrawParams { shape: 0.5, ..DrawParams::default() };
    let settings = Settings { privacy: Privacy::Protect, draw_params, max_faces: 1, ..Settings::default() };
    let faces: Vec<Face> = (0..FRAMES).map(circling).collect();
    let mut engine =
        OfflineSession::with(Box::new(Truth(faces.into_iter())), vec![paint()], settings, compositor)
            .unwrap();
    let swap = Box::new(Changing(0));
    let mask = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
    let model = WornModel {
        name: "changing".into(),
        swap,
        mask,
        side: 64,
        rate_limit: RateLimit::default(),
        until: None,
    };
    engine.wear_model(model, Lag::None);
    let (mut made, mut live) = (0, 0);
    for i in 0..FRAMES {
        let mut frame = Frame::filled(PixelFormat::I420, Colour::JPEG, 160, 120, [120; 3]).unwrap();
        frame.time = FrameTime(Duration::from_millis(i * 33));
        let output = engine.process(frame).unwrap();
        live += u64::from(output.state == State::Live);
        if i == WARM {
            made = engine.core.render.presenter.objects_created();
        }
    }
    assert!(engine.backend().starts_with("gpu") && engine.faults() == 0, "{:?}", engine.last_fault());
    assert!(live > FRAMES - 10, "{live}");
    assert!(made > 0);
    assert_eq!(
        engine.core.render.presenter.objects_created() - made,
        0,
        "GPU objects were made after the first {WARM} frames"
    );
}
