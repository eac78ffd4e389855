use super::*;
use crate::actor::{Actor, ActorOptions};
use crate::composite::DrawParams;
use crate::composite::tests::texture;
use crate::composite::tuning::LightTuning;
use crate::frame::{Frame, PixelFormat};
use crate::source::Rate;
use crate::space::{MeshPoint, PxRect};
use crate::swap::{ColourTransfer, FaceTexture};
use crate::track::{FrontMatte, Occlusion};
use omote_shaders::cpu::encode_srgb;

/// The actor's picture with `gain` times the linear light at each place, and the face's points.
fn lit(gain: impl Fn(Vec2) -> Vec3) -> (Frame, Vec<MeshPoint>) {
    let options = ActorOptions { format: PixelFormat::Rgb, ..ActorOptions::new(3, 640, 480, Rate::DEFAULT) };
    let shown = Actor::with(options).unwrap().frame(0);
    let mut rgb = shown.frame.to_rgb();
    for (k, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let gain = gain(Vec2::new((k % 640) as f32, (k / 640) as f32));
        for (code, gain) in pixel.iter_mut().zip(gain.to_array()) {
            *code = (encode_srgb(decode_srgb(f32::from(*code) / 255.0) * gain).min(1.0) * 255.0 + 0.5) as u8;
        }
    }
    let frame = Frame::new(PixelFormat::Rgb, shown.frame.colour(), 640, 480, rgb).unwrap();
    (frame, shown.faces[0].landmarks.clone())
}

/// What the first picture of a face tells of its skin.
fn first(frame: &Frame, points: &[MeshPoint], occlusion: &Occlusion, texture: &FaceTexture) -> f32 {
    let region = PxRect { x: 0, y: 0, width: 640, height: 480 };
    let mut codes = Vec::new();
    frame.read_codes(region, &mut codes);
    let pixels = Pixels { frame, region, codes: &codes };
    let (time, params) = (frame.time, DrawParams::default());
    let call = DrawCall { face: 1, time, points, occlusion, texture, params };
    let tuning = LightTuning { good: 1.0, brightest: 1e9, ..LightTuning::default() };
    Reflectances::default().reference(&call, &pixels, &tuning)
}

#[test]
fn light_is_no_tone_of_skin() {
    let (texture, free) = (texture(ColourTransfer::Keep), Occlusion::default());
    let told = |gain: &dyn Fn(Vec2) -> Vec3| {
        let (frame, points) = lit(gain);
        first(&frame, &points, &free, &texture)
    };
    let usual = told(&|_| Vec3::ONE);
    assert!((0.1..0.45).contains(&usual), "{usual}");
    let lights: [(&str, &dyn Fn(Vec2) -> Vec3); 4] = [
        ("dim", &|_| Vec3::splat(0.2)),
        ("warm", &|_| Vec3::new(0.9, 0.6, 0.3)),
        ("from the left", &|at| Vec3::splat(1.2 - at.x / 640.0)),
        ("from above", &|at| Vec3::splat(1.2 - at.y / 480.0)),
    ];
    for (name, gain) in lights {
        let off = told(gain) / usual;
        assert!((0.8..1.25).contains(&off), "{name}: {off} times");
    }
}

#[test]
fn darker_skin_beside_the_same_eyes_is_darker() {
    let (texture, free) = (texture(ColourTransfer::Keep), Occlusion::default());
    let (_, points) = lit(|_| Vec3::ONE);
    let eyes: Vec<Outline> = SIDES
        .iter()
        .map(|(lids, ..)| lids.iter().map(|k| points[usize::from(*k)].truncate()).collect())
        .collect();
    let told = |skin: f32| {
        let in_eyes = |at: Vec2| eyes.iter().any(|eye| goes_round(eye, at));
        let (frame, points) = lit(|at| Vec3::splat(if in_eyes(at) { 1.0 } else { skin }));
        first(&frame, &points, &free, &texture)
    };
    let (as_it_is, darker) = (told(1.0), told(0.25));
    assert!(darker < 0.85 * as_it_is, "{darker} instead of {as_it_is}");
}

#[test]
fn covered_and_shut_eyes_tell_nothing() {
    let texture = texture(ColourTransfer::Keep);
    let (frame, mut points) = lit(|_| Vec3::ONE);
    let usual = LightTuning::default().usual_skin;
    let region = crate::space::CropSquare {
        centre: crate::space::ImagePx(Vec2::new(320.0, 240.0)),
        side: 480.0,
        angle: 0.0,
    };
    let glass = Occlusion::from_front(FrontMatte::from_cells(region, &[1.0; 128 * 128]).unwrap());
    assert!((first(&frame, &points, &glass, &texture) - usual).abs() < 1e-4);
    for (_, [_, _, upper, lower], _) in SIDES {
        points[upper] = points[lower];
    }
    assert!((first(&frame, &points, &Occlusion::default(), &texture) - usual).abs() < 1e-4);
}

#[test]
fn more_than_good_light_soon_shows_paint_as_it_is_painted() {
    let (texture, free) = (texture(ColourTransfer::Keep), Occlusion::default());
    let tuning = LightTuning::default();
    let region = PxRect { x: 0, y: 0, width: 640, height: 480 };
    let mut skin = Reflectances::default();
    let mut told = |gain: f32, frames: u64, from: u64| {
        let (frame, points) = lit(|_| Vec3::splat(gain));
        let mut codes = Vec::new();
        frame.read_codes(region, &mut codes);
        let pixels = Pixels { frame: &frame, region, codes: &codes };
        let mut last = 0.0;
        for k in from..from + frames {
            let (time, params) = (Rate::DEFAULT.time(k), DrawParams::default());
            let call =
                DrawCall { face: 1, time, points: &points, occlusion: &free, texture: &texture, params };
            last = skin.reference(&call, &pixels, &tuning);
        }
        last
    };
    let dim = told(0.3, 3, 0);
    let lit_at_once = told(1.6, 1, 3);
    assert!((lit_at_once / dim - 1.0).abs() < 0.1, "at first it is bright: {dim}, {lit_at_once}");
    let later = told(1.6, 30 * 60, 4);
    assert!(later > 1.2 * dim, "{dim}, then {later}");
}
