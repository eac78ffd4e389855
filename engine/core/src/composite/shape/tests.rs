use super::*;
use crate::badge::Canvas;
use crate::composite::tests::draw_on;
use crate::composite::{Compositor, DrawParams};
use crate::frame::{Colour, PixelFormat};
use crate::space::Uv;
use crate::swap::{ColourTransfer, CutParams};
use crate::track::Occlusion;
use std::time::Duration;

const SIZE: f32 = 180.0;
const MIDDLE: Vec2 = Vec2::new(160.0, 150.0);

/// The composite's made-up round face, 0..=1.
fn face() -> Vec<Vec2> {
    crate::composite::tests::round_face()
}

/// The face with a lower part that is wider by `share`.
fn jaw(share: f32) -> Vec<Vec2> {
    let wider = |p: Vec2| {
        let t = ((p.y - 0.45) / 0.35).clamp(0.0, 1.0);
        Vec2::new(0.5 + (p.x - 0.5) * (1.0 + share * t * t * (3.0 - 2.0 * t)), p.y)
    };
    face().into_iter().map(wider).collect()
}

fn live() -> Vec<Vec3> {
    face().iter().map(|p| ((*p - 0.5) * SIZE + MIDDLE).extend(0.0)).collect()
}

fn texture(uv: Vec<Vec2>) -> FaceTexture {
    let uv: Vec<Uv> = uv.into_iter().map(Uv).collect();
    FaceTexture::bake(&[128; 128 * 128 * 4], 128, &uv, ColourTransfer::Match, CutParams::default()).unwrap()
}

fn frame(format: PixelFormat) -> Frame {
    let n = Frame::byte_len(format, 320, 300);
    let data: Vec<u8> = (0..n).map(|i| 60 + (i % 320 / 3) as u8 + (i / 320 % 40) as u8).collect();
    Frame::new(format, Colour::JPEG, 320, 300, data).unwrap()
}

fn at(ms: u64) -> FrameTime {
    FrameTime(Duration::from_millis(ms))
}

/// The live face bent towards a texture's proportions, to the share `shape`.
fn bend(
    shapes: &mut Shapes,
    frame: &Frame,
    (face, time): (u64, FrameTime),
    texture: &FaceTexture,
    shape: f32,
) -> Option<Bent> {
    let (points, occlusion) = (live(), Occlusion::default());
    let params = DrawParams { shape, ..DrawParams::default() };
    let call = DrawCall { face, time, points: &points, occlusion: &occlusion, texture, params };
    shapes.bend(frame, &call, &ShapeTuning::default())
}

#[test]
fn the_jaw_comes_to_the_personas_within_a_pixel_and_a_half() {
    let frame = frame(PixelFormat::I420);
    let persona = jaw(0.10);
    let bent = bend(&mut Shapes::default(), &frame, (0, at(0)), &texture(persona.clone()), 1.0).unwrap();
    // Where the persona's points lie over the live face.
    let flat: Vec<Vec2> = live().iter().map(|p| p.truncate()).collect();
    let aim = differences(&flat, &persona);
    let mut far = 0.0f32;
    for i in OVAL.map(usize::from).into_iter().filter(|i| face()[*i].y > 0.6) {
        let off = (bent.points[i].truncate() - flat[i] - aim[i]).length();
        assert!(off < 1.5, "point {i} is off by {off}, of {}", aim[i]);
        far = far.max(aim[i].length());
    }
    assert!(far > 4.0, "{far}");
    // Half of the share is half of the way.
    let half = bend(&mut Shapes::default(), &frame, (0, at(0)), &texture(persona), 0.5).unwrap();
    let by = |b: &Bent| (b.points[397].truncate() - flat[397]).length();
    assert!((by(&half) / by(&bent) - 0.5).abs() < 0.1);
}

#[test]
fn a_second_call_bends_nothing_more_and_nothing_wanders() {
    let frame = frame(PixelFormat::I420);
    let texture = texture(jaw(0.10));
    let mut shapes = Shapes::default();
    let bent = bend(&mut shapes, &frame, (3, at(40)), &texture, 1.0).unwrap();
    let again = bend(&mut shapes, &frame, (3, at(40)), &texture, 1.0).unwrap();
    assert!(bent.morph.is_some() && again.morph.is_none());
    assert_eq!(bent.points, again.points);
    let next = bend(&mut shapes, &frame, (3, at(80)), &texture, 1.0).unwrap();
    assert!(bent.points.iter().zip(&next.points).all(|(a, b)| a.distance(*b) < 0.05));
}

#[test]
fn nothing_folds_even_for_a_persona_from_elsewhere() {
    let frame = frame(PixelFormat::I420);
    let texture = texture(face().iter().map(|p| Vec2::new(0.5 + (p.x - 0.5) * 0.5, p.y)).collect());
    let bent = bend(&mut Shapes::default(), &frame, (0, at(0)), &texture, 1.0).unwrap();
    let morph = bent.morph.unwrap();
    let step = Vec2::new(morph.region.width as f32, morph.region.height as f32) / (NODES - 1) as f32;
    for y in 0..NODES {
        for x in 1..NODES {
            let (a, b) = (morph.nodes[y * NODES + x - 1], morph.nodes[y * NODES + x]);
            assert!((b - a).x < step.x, "fold at {x},{y}");
            let (a, b) = (morph.nodes[(x - 1) * NODES + y], morph.nodes[x * NODES + y]);
            assert!((b - a).y < step.y, "fold at {y},{x}");
        }
    }
}

#[test]
fn no_shape_is_the_same_picture_and_a_shape_ends_at_the_ring() {
    let (texture, points) = (texture(jaw(0.12)), live());
    for format in PixelFormat::ALL {
        let frame = frame(format);
        let draw = |params: &DrawParams| {
            let mut canvas = Canvas::new(frame.clone());
            let drawn = draw_on(&mut Compositor::cpu(), &mut canvas, at(0), &points, &texture, *params);
            (canvas.frame().clone(), drawn)
        };
        let (plain, _) = draw(&DrawParams::default());
        let (zero, _) = draw(&DrawParams { shape: 0.0, ..DrawParams::default() });
        assert_eq!(plain, zero);
        let (bent, drawn) = draw(&DrawParams { shape: 1.0, ..DrawParams::default() });
        let (mut a, mut b) = (Vec::new(), Vec::new());
        frame.read_codes(frame.bounds(), &mut a);
        bent.read_codes(bent.bounds(), &mut b);
        let mut outside_the_face = 0;
        for (i, (a, b)) in (0u32..).zip(a.iter().zip(&b)) {
            if a == b {
                continue;
            }
            let p = Vec2::new((i % 320) as f32, (i / 320) as f32);
            let far = p.distance(MIDDLE) / (0.45 * SIZE);
            // The ring goes round the bent face, which is the larger one.
            assert!(far < 1.56 && drawn.region.contains(i % 320, i / 320), "{format:?}: {p} at {far}");
            outside_the_face += u32::from(far > 1.12);
        }
        assert!(outside_the_face > 500, "{format:?}: {outside_the_face}");
    }
}
