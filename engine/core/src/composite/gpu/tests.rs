use crate::badge::Canvas;
use crate::canonical_uv::CANONICAL_UV;
use crate::composite::shape::Shapes;
use crate::composite::slots::TEXTURE_SLOTS;
use crate::composite::tests::{MIRROR_MAX, compositor_on_any_adapter, draw_on};
use crate::composite::tuning::ShapeTuning;
use crate::composite::{Compositor, DrawCall, DrawParams};
use crate::frame::{Colour, Frame, FrameTime, PixelFormat};
use crate::space::{CropSquare, ImagePx, MeshPoint, Uv};
use crate::swap::neural::{Reprojection, SwapResult, UvAtlases, UvRaster};
use crate::swap::{ColourTransfer, CutParams, FaceTexture};
use crate::track::{Face, FaceId, FrontMatte, Occlusion, Pose};
use glam::{Quat, Vec2};
use std::time::Duration;

const MIDDLE: Vec2 = Vec2::new(80.0, 60.0);
const SIDE: f32 = 84.0;

const WHOLE: CutParams = CutParams { eyes: 1.0, mouth: 1.0, edge: 1.0, sharpness: 1.0 };

/// A flat face that looks into the camera.
fn face() -> Face {
    let at = |uv: &[f32; 2]| (MIDDLE + (Vec2::from_array(*uv) - 0.5) * SIDE).extend(0.0);
    let landmarks: Vec<MeshPoint> = CANONICAL_UV.iter().map(at).collect();
    let pose = Pose { rotation: Quat::IDENTITY, scale: SIDE * 0.4, origin: MIDDLE.extend(0.0) };
    let region = CropSquare { centre: ImagePx(MIDDLE), side: SIDE * 1.1, angle: 0.0 };
    Face { id: FaceId(1), score: 1.0, landmarks, region, pose, occlusion: Occlusion::default() }
}

/// A persona of one colour.
fn persona(rgb: [u8; 3]) -> FaceTexture {
    persona_on(CANONICAL_UV.iter().map(|uv| Uv(Vec2::from_array(*uv))), rgb)
}

/// The same with its points there.
fn persona_on(uv: impl Iterator<Item = Uv>, rgb: [u8; 3]) -> FaceTexture {
    let uv: Vec<Uv> = uv.collect();
    let rgba = [rgb[0], rgb[1], rgb[2], 255].repeat(64 * 64);
    FaceTexture::bake(&rgba, 64, &uv, ColourTransfer::Keep, WHOLE).unwrap()
}

/// What a model of this colour made of the face.
fn made(rgb: [f32; 3]) -> SwapResult {
    let n = 32;
    let rgb = rgb.iter().flat_map(|v| std::iter::repeat_n(*v, n * n)).collect();
    SwapResult { square: face().region, side: n as f32, width: n, height: n, rgb, mask: Vec::new() }
}

fn grey() -> Frame {
    Frame::filled(PixelFormat::I444, Colour::JPEG, 160, 120, [120; 3]).unwrap()
}

/// Draws textures one over the other.
fn draw(c: &mut Compositor, time: FrameTime, textures: &[(&FaceTexture, f32)]) -> Frame {
    let mut canvas = Canvas::new(grey());
    let face = face();
    for (texture, opacity) in textures {
        let params = DrawParams { opacity: *opacity, light: 0.0, grain: 0.0, ..DrawParams::default() };
        draw_on(c, &mut canvas, time, &face.landmarks, texture, params);
    }
    canvas.frame().clone()
}

fn at(time: u64) -> FrameTime {
    FrameTime(Duration::from_millis(time))
}

/// R'G'B' on the bridge of the nose.
fn skin(frame: &Frame) -> [i32; 3] {
    let p = face().landmarks[168];
    let i = (p.y as usize * frame.width() as usize + p.x as usize) * 3;
    let rgb = frame.to_rgb();
    [rgb[i], rgb[i + 1], rgb[i + 2]].map(i32::from)
}

/// Serials once fell into one buffer where their lower 32 bits were the same: the persona was drawn with a model's
/// result.
#[test]
fn textures_whose_numbers_agree_in_32_bits_keep_their_own_texels() {
    let Some(mut gpu) = compositor_on_any_adapter() else { return };
    let mut atlases = UvAtlases::new(UvRaster::new(64, WHOLE));
    let result = atlases.project(&made([0.1, 0.1, 0.9]), &face(), at(0), Duration::ZERO).texture;
    let baked = persona([20, 200, 40]).numbered(5);
    let result = result.numbered((1 << 48) + 5);
    for i in 0..3 {
        let [r, g, b] = skin(&draw(&mut gpu, at(i), &[(&baked, 1.0)]));
        assert!(g > r + 60 && g > b + 60, "the persona is green, not {r} {g} {b} (round {i})");
        let [r, g, b] = skin(&draw(&mut gpu, at(i), &[(&result, 1.0)]));
        assert!(b > r + 60 && b > g + 60, "the result is blue, not {r} {g} {b} (round {i})");
    }
}

/// Persona and model together: results come, are mixed, and lie over the persona.
#[test]
fn gpu_and_mirror_agree_with_a_model_worn() {
    let Some(mut gpu) = compositor_on_any_adapter() else { return };
    let mut cpu = Compositor::cpu();
    let persona = persona([20, 200, 40]);
    let mut atlases = UvAtlases::new(UvRaster::new(64, WHOLE));
    let mut shown = Reprojection::default();
    for i in 0..24u64 {
        if i % 4 == 0 {
            let tint = i as f32 / 32.0;
            let made = made([tint, 0.4, 0.9 - tint]);
            shown.accept(atlases.project(&made, &face(), at(i * 33), Duration::ZERO));
        }
        let result = shown.draw(FaceId(1), at(i * 33), None).unwrap().texture;
        let layers = [(&persona, 1.0), (&result, 0.5)];
        let (a, b) = (draw(&mut cpu, at(i * 33), &layers), draw(&mut gpu, at(i * 33), &layers));
        assert_ne!(a, grey());
        let off = a.data().iter().zip(b.data()).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
        assert!(off <= MIRROR_MAX, "frame {i}: off by {off}");
    }
}

/// Results of one face are one texture in its states: sent when they change, into the buffer that is there.
#[test]
fn texels_are_sent_when_they_change_and_into_the_same_buffer() {
    let Some(mut gpu) = compositor_on_any_adapter() else { return };
    let mut atlases = UvAtlases::new(UvRaster::new(64, WHOLE));
    let mut result = |rgb, time| atlases.project(&made(rgb), &face(), at(time), Duration::ZERO).texture;
    let (first, second) = (result([0.1, 0.1, 0.9], 0), result([0.9, 0.1, 0.1], 33));
    assert_eq!(first.id(), second.id());
    assert_ne!(first.version(), second.version());
    let mut sent = |texture: &FaceTexture| {
        let frame = draw(&mut gpu, at(66), &[(texture, 1.0)]);
        (gpu.take_gpu_work().upload, gpu.objects_created(), skin(&frame))
    };
    let (with, made, [r, _, b]) = sent(&first);
    assert!(b > r + 60, "{r} {b}");
    let (without, ..) = sent(&first);
    assert_eq!(with - without, size_of_val(first.texels()) as u64);
    let (again, still, [r, _, b]) = sent(&second);
    assert_eq!((again, still), (with, made));
    assert!(r > b + 60, "{r} {b}");
}

/// More textures by turns than there are places: each is drawn with its own texels, in buffers that are there.
#[test]
fn more_textures_than_places_make_no_further_buffer() {
    let Some(mut gpu) = compositor_on_any_adapter() else { return };
    let tone = |k: usize| 60 + 8 * k as u8;
    let all: Vec<FaceTexture> = (0..TEXTURE_SLOTS + 4).map(|k| persona([tone(k); 3])).collect();
    let mut made = 0;
    for round in 0..3 {
        for (k, texture) in all.iter().enumerate() {
            let [r, ..] = skin(&draw(&mut gpu, at(0), &[(texture, 1.0)]));
            assert!(r.abs_diff(i32::from(tone(k))) < 4, "round {round}: {r}, wanted {}", tone(k));
        }
        if round == 0 {
            made = gpu.objects_created();
        }
        assert_eq!(gpu.objects_created(), made, "round {round}");
    }
}

/// A matte in front of the right half of the picture's face stays in front, on both backends alike, and where the picture is
/// bent.
#[test]
fn what_a_network_finds_in_front_stays_in_front() {
    let Some(mut gpu) = compositor_on_any_adapter() else { return };
    let (face, green) = (face(), [20, 200, 40]);
    // A face of other proportions, wider towards the chin.
    let wider = |uv: &[f32; 2]| Vec2::new(0.5 + (uv[0] - 0.5) * (0.9 + 0.25 * uv[1]), uv[1]);
    let textures = [persona(green), persona_on(CANONICAL_UV.iter().map(|uv| Uv(wider(uv))), green)];
    let region = CropSquare { centre: ImagePx(MIDDLE), side: 128.0, angle: 0.0 };
    let cells: Vec<f32> = (0..128 * 128).map(|k| f32::from(u8::from(k % 128 >= 64))).collect();
    let occlusion = Occlusion::from_front(FrontMatte::from_cells(region, &cells).unwrap());
    let (mut cpu, mut shapes) = (Compositor::cpu(), Shapes::default());
    for (shape, texture) in [0.0, 1.0].into_iter().zip(&textures) {
        let params = DrawParams { light: 0.0, grain: 0.0, shape, ..DrawParams::default() };
        let call = DrawCall {
            face: 7,
            time: at(0),
            points: &face.landmarks,
            occlusion: &occlusion,
            texture,
            params,
        };
        let bent = shapes.bend(&grey(), &call, &ShapeTuning::default());
        assert_eq!(bent.is_some_and(|bent| bent.morph.is_some()), shape > 0.0, "only the second is bent");
        let drawn = [&mut cpu, &mut gpu].map(|compositor| {
            let mut canvas = Canvas::new(grey());
            compositor.draw(&mut canvas, &call).unwrap();
            canvas.frame().clone()
        });
        let off = drawn[0].data().iter().zip(drawn[1].data()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off.unwrap_or(0) <= MIRROR_MAX, "shape {shape}: off by {off:?}");
        for frame in &drawn {
            let rgb = frame.to_rgb();
            let green = |x: usize, y: usize| {
                let at = (y * 160 + x) * 3;
                i32::from(rgb[at + 1]) - i32::from(rgb[at])
            };
            // The cheeks, some pixels to each side of the middle.
            assert!(green(68, 70) > 60, "shape {shape}: the left is the persona's");
            assert!(green(92, 70).abs() < 12, "shape {shape}: the right is the picture's: {}", green(92, 70));
        }
    }
}
