use super::*;
use crate::composite::tests::{compositor_on_any_adapter, draw_at, points, texture};
use crate::composite::{Backend, Compositor, DrawParams};
use crate::frame::{Colour, PixelFormat};
use crate::swap::{ColourTransfer, FaceTexture};
use crate::track::Occlusion;
use std::time::Duration;

const SIZE: (u32, u32) = (320, 200);
const SIDE: f32 = 120.0;

/// How far the face of [`moving`] is from where it was at first: at rest for ten frames, then on its way.
fn gone(frame: u32, step: Vec2) -> Vec2 {
    step * frame.saturating_sub(9) as f32
}

/// A blotched picture that moves with its face by `step` pixels a frame, smeared along `open` of each step.
fn moving(frame: u32, step: Vec2, open: f32) -> (Frame, FrameTime, Vec<Vec3>) {
    let blotch = |p: Vec2| {
        let wave = |a: Vec2, s: f32| (p.dot(a) * s).sin();
        wave(Vec2::new(0.8, 0.6), 0.55)
            + wave(Vec2::new(-0.6, 0.8), 0.6)
            + wave(Vec2::X, 0.45)
            + wave(Vec2::Y, 0.5)
    };
    let at = gone(frame, step);
    let way = at - gone(frame.saturating_sub(1), step);
    let mut data = Vec::with_capacity((SIZE.0 * SIZE.1 * 3) as usize);
    for i in 0..SIZE.0 * SIZE.1 {
        let p = Vec2::new((i % SIZE.0) as f32, (i / SIZE.0) as f32) - at;
        let light = (0..9).map(|k| blotch(p + way * (open * (k as f32 / 8.0 - 0.5)))).sum::<f32>() / 9.0;
        data.extend([150.0, 120.0, 100.0].map(|c: f32| (c + 20.0 * light) as u8));
    }
    let colour = Colour::default();
    let rgb = Frame::new(PixelFormat::Rgb, colour, SIZE.0, SIZE.1, data).unwrap();
    let time = FrameTime(Duration::from_millis(u64::from(frame) * 33 + 33));
    (rgb.converted(PixelFormat::I444, colour).unwrap(), time, points(Vec2::new(40.0, 40.0) + at, SIDE))
}

/// How a face is smeared.
fn blur(
    motions: &mut Motions,
    pixels: &Pixels<'_>,
    time: FrameTime,
    points: &[Vec3],
    texture: &FaceTexture,
) -> Option<MotionBlurParams> {
    let (occlusion, params) = (Occlusion::default(), DrawParams::default());
    let call = DrawCall { face: 1, time, points, occlusion: &occlusion, texture, params };
    motions.blur(pixels, &call, &MotionTuning::default())
}

/// The streaks of frames at rest and on the way.
fn streaks(step: Vec2, open: f32) -> Vec<Vec2> {
    let (mut motions, texture) = (Motions::default(), texture(ColourTransfer::Match));
    (0..18)
        .map(|k| {
            let (frame, time, points) = moving(k, step, open);
            let (low, high) = points.iter().fold((Vec2::MAX, Vec2::MIN), |(low, high), p| {
                (low.min(p.truncate()), high.max(p.truncate()))
            });
            let region = PxRect::even_around(low, high, SIZE.0, SIZE.1);
            let mut codes = Vec::new();
            frame.read_codes(region, &mut codes);
            let pixels = Pixels { frame: &frame, region, codes: &codes };
            let mut blur = || blur(&mut motions, &pixels, time, &points, &texture);
            let first = blur().map_or(Vec2::ZERO, |b| Vec2::from_array(b.streak));
            assert_eq!(blur().map_or(Vec2::ZERO, |b| Vec2::from_array(b.streak)), first, "drawn twice");
            first
        })
        .collect()
}

#[test]
fn a_streak_is_as_long_as_the_shutter_is_open() {
    for step in [Vec2::new(9.0, 0.0), Vec2::new(0.0, 7.0), Vec2::new(6.0, -5.0)] {
        let open = streaks(step, 0.8);
        assert!(open[..10].iter().all(|s| *s == Vec2::ZERO), "{step} at rest: {open:?}");
        let last = open[17];
        let share = last.length() / step.length();
        assert!(last.angle_to(step).abs() < 0.1 && (0.4..=1.01).contains(&share), "{step}: {open:?}");
        let shut = streaks(step, 0.0);
        assert!(shut.iter().all(|s| s.length() < 0.3 * step.length()), "{step}: {shut:?}");
    }
}

#[test]
fn after_a_gap_and_for_what_is_no_face_nothing_is_smeared() {
    let (mut motions, mut codes) = (Motions::default(), Vec::new());
    let region = PxRect { x: 40, y: 40, width: 120, height: 120 };
    let texture = texture(ColourTransfer::Match);
    let mut blur = |k: u32, time: FrameTime, points: &[Vec3]| {
        let (frame, ..) = moving(k, Vec2::X * 9.0, 1.0);
        frame.read_codes(region, &mut codes);
        let pixels = Pixels { frame: &frame, region, codes: &codes };
        blur(&mut motions, &pixels, time, points, &texture)
    };
    for k in 0..14 {
        let (_, time, points) = moving(k, Vec2::X * 9.0, 1.0);
        blur(k, time, &points);
    }
    let (_, time, points) = moving(14, Vec2::X * 9.0, 1.0);
    assert!(blur(14, time, &points).is_some());
    let late = FrameTime(time.0 + Duration::from_secs(1));
    assert!(blur(15, late, &moving(15, Vec2::X * 9.0, 1.0).2).is_none());
    for wrong in [vec![Vec3::NAN; 478], vec![Vec3::ZERO; 478], Vec::new()] {
        assert!(blur(16, late, &wrong).is_none());
    }
}

#[test]
fn a_persona_on_a_blurred_head_is_blurred_by_gpu_and_mirror_alike() {
    let step = Vec2::new(8.0, 3.0);
    let mut cpu = Compositor::new(Backend::Cpu).unwrap();
    let mut gpu = compositor_on_any_adapter();
    let mut objects = 0;
    let texture = texture(ColourTransfer::Match);
    for k in 0..20 {
        let (frame, time, points) = moving(k, step, 1.0);
        let smeared = draw_at(&mut cpu, &frame, time, &points, &texture);
        if let Some(gpu) = &mut gpu {
            let other = draw_at(gpu, &frame, time, &points, &texture);
            let worst = smeared.data().iter().zip(other.data()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(worst <= Some(2), "frame {k}: {worst:?}");
            if k == 14 {
                objects = gpu.objects_created();
            }
            assert!(k < 14 || gpu.objects_created() == objects, "in steady state nothing is made");
        }
        // Without a frame before, nothing is known of the motion.
        let mut alone = Compositor::new(Backend::Cpu).unwrap();
        let sharp = draw_at(&mut alone, &frame, time, &points, &texture);
        assert_eq!(smeared.data() == sharp.data(), k < 10, "frame {k}");
    }
}
