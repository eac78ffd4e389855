use super::*;
use crate::badge::{Badger, Corner, Disclosure};
use crate::frame::{Colour, Frame, Matrix, PixelFormat, Range};
use crate::space::Uv;
use crate::swap::{ColourTransfer, CutParams};
use crate::topology::{OVAL, POINTS};
use glam::{Vec2, Vec3};

/// Greatest differences allowed between backends, in 8-bit codes: single pixels, and the mean.
pub(super) const MIRROR_MAX: u8 = 2;
const MIRROR_MEAN: f32 = 0.05;

/// Texture positions of a made-up round face: points spiral from the middle to the oval.
pub(super) fn round_face() -> Vec<Vec2> {
    let golden = 2.399_963_2;
    let mut p: Vec<Vec2> = (0..POINTS)
        .map(|i| Vec2::from_angle(i as f32 * golden) * (i as f32 / POINTS as f32).sqrt() * 0.4 + 0.5)
        .collect();
    for (k, i) in OVAL.iter().enumerate() {
        p[*i as usize] = Vec2::from_angle(k as f32 / 36.0 * std::f32::consts::TAU) * 0.45 + 0.5;
    }
    p
}

pub(super) fn texture(transfer: ColourTransfer) -> FaceTexture {
    let uv: Vec<Uv> = round_face().into_iter().map(Uv).collect();
    let rgba: Vec<u8> = (0..128 * 128u32)
        .flat_map(|i| [(i % 128 * 2) as u8, (i / 128 * 2) as u8, ((i * 7919) >> 6) as u8, 255])
        .collect();
    FaceTexture::bake(&rgba, 128, &uv, transfer, CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() })
        .unwrap()
}

pub(super) fn points(at: Vec2, side: f32) -> Vec<Vec3> {
    round_face().iter().map(|p| (at + *p * side).extend((*p - 0.5).length() * side * 0.3)).collect()
}

fn noise(format: PixelFormat, colour: Colour, w: u32, h: u32) -> Frame {
    let mut chance = fastrand::Rng::with_seed(11);
    let data: Vec<u8> =
        (0..Frame::byte_len(format, w, h)).map(|i| 90 + chance.u8(..52) + (i % 37) as u8).collect();
    Frame::new(format, colour, w, h, data).unwrap()
}

pub(crate) fn compositor_on_any_adapter() -> Option<Compositor> {
    match Compositor::new(Backend::Gpu) {
        Ok(c) => {
            eprintln!("adapter: {}", c.backend());
            note_adapter(&c.backend().to_string());
            Some(c)
        }
        Err(e) => {
            assert!(std::env::var_os("OMOTE_REQUIRE_ADAPTER").is_none(), "an adapter is required: {e}");
            eprintln!("skipped: no adapter ({e})");
            None
        }
    }
}

/// Adds the adapter's name to the file that `OMOTE_ADAPTER_LOG` names: proof that a test ran on one.
fn note_adapter(name: &str) {
    use std::io::Write;
    let Some(path) = std::env::var_os("OMOTE_ADAPTER_LOG") else { return };
    let mut log = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
    writeln!(log, "{name}").unwrap();
}

/// The frame with a face drawn on it in full.
pub(super) fn draw_at(
    c: &mut Compositor,
    frame: &Frame,
    time: FrameTime,
    points: &[Vec3],
    texture: &FaceTexture,
) -> Frame {
    let mut canvas = Canvas::new(frame.clone());
    draw_on(c, &mut canvas, time, points, texture, DrawParams::default());
    canvas.frame().clone()
}

/// Draws a face in front of which nothing stands.
pub(super) fn draw_on(
    c: &mut Compositor,
    canvas: &mut Canvas,
    time: FrameTime,
    points: &[Vec3],
    texture: &FaceTexture,
    params: DrawParams,
) -> Drawn {
    let occlusion = Occlusion::default();
    c.draw(canvas, &DrawCall { face: 0, time, points, occlusion: &occlusion, texture, params }).unwrap()
}

fn draw(c: &mut Compositor, frame: &Frame, at: Vec2, side: f32, transfer: ColourTransfer) -> (Frame, Drawn) {
    let mut canvas = Canvas::new(frame.clone());
    let time = FrameTime::default();
    let drawn = draw_on(c, &mut canvas, time, &points(at, side), &texture(transfer), DrawParams::default());
    (canvas.frame().clone(), drawn)
}

/// Runs `case` for every format, two colour meanings, and faces inside, across an edge and outside.
fn each_case(mut case: impl FnMut(&Frame, Vec2, f32, ColourTransfer) -> Result<(), String>) {
    let mut failed = Vec::new();
    for format in PixelFormat::ALL {
        for colour in [Colour::JPEG, Colour { matrix: Matrix::Bt709, range: Range::Limited }] {
            for (w, h) in [(256, 144), (161, 121)] {
                let frame = noise(format, colour, w, h);
                for (at, side, transfer) in [
                    (Vec2::new(50.3, 15.7), 90.0, ColourTransfer::Match),
                    (Vec2::new(-30.0, 40.2), 120.0, ColourTransfer::Keep),
                    (Vec2::new(100.0, 90.0), 140.0, ColourTransfer::Match),
                    (Vec2::new(900.0, 90.0), 80.0, ColourTransfer::Match),
                ] {
                    if let Err(e) = case(&frame, at, side, transfer) {
                        failed.push(format!("{format:?} {colour:?} {w}x{h} at {at}: {e}"));
                    }
                }
            }
        }
    }
    assert!(failed.is_empty(), "{} cases failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn gpu_and_mirror_agree_in_every_format() {
    let Some(mut gpu) = compositor_on_any_adapter() else { return };
    let mut cpu = Compositor::new(Backend::Cpu).unwrap();
    each_case(|frame, at, side, transfer| {
        let (a, _) = draw(&mut cpu, frame, at, side, transfer);
        let (b, _) = draw(&mut gpu, frame, at, side, transfer);
        let off: Vec<u8> = a.data().iter().zip(b.data()).map(|(a, b)| a.abs_diff(*b)).collect();
        let worst = off.iter().copied().max().unwrap_or(0);
        let at_byte = off.iter().position(|d| *d == worst);
        let mean = off.iter().map(|d| f32::from(*d)).sum::<f32>() / off.len() as f32;
        if worst > MIRROR_MAX || mean > MIRROR_MEAN {
            return Err(format!("worst {worst} at byte {at_byte:?}, mean {mean}"));
        }
        Ok(())
    });
}

#[test]
fn steady_state_creates_no_gpu_object() {
    let Some(mut gpu) = compositor_on_any_adapter() else { return };
    let frame = noise(PixelFormat::Nv12, Colour::default(), 256, 144);
    let texture = texture(ColourTransfer::Match);
    let mut created = 0;
    for i in 0..24 {
        let mut canvas = Canvas::new(frame.clone());
        let side = 90.0 + (i % 6) as f32;
        let p = points(Vec2::new(40.0 + i as f32, 20.0), side);
        draw_on(&mut gpu, &mut canvas, FrameTime::default(), &p, &texture, DrawParams::default());
        if i == 12 {
            created = gpu.objects_created();
        }
    }
    assert!(created > 0);
    assert_eq!(gpu.objects_created(), created);
}

#[test]
fn only_the_face_and_the_badge_are_touched() {
    let mut cpu = Compositor::new(Backend::Cpu).unwrap();
    each_case(|frame, at, side, transfer| {
        let mut canvas = Canvas::new(frame.clone());
        let p = points(at, side);
        let params = DrawParams::default();
        let drawn = draw_on(&mut cpu, &mut canvas, FrameTime::default(), &p, &texture(transfer), params);
        let badged = Badger::new(Corner::TopRight).finish(canvas, Disclosure::Modified).unwrap();
        let (mut a, mut b) = (Vec::new(), Vec::new());
        frame.read_codes(frame.bounds(), &mut a);
        badged.frame().read_codes(frame.bounds(), &mut b);
        let (cx, cy) = frame.format().chroma_step();
        let mut changed = 0;
        for (i, (a, b)) in (0u32..).zip(a.iter().zip(&b)) {
            let (x, y) = (i % frame.width(), i / frame.width());
            if a == b || badged.plate().contains(x, y) {
                continue;
            }
            changed += 1;
            // A chroma sample may reach one pixel past the oval; luma may not.
            let centre = at + side * 0.5;
            let reach = side * 0.45 + if a & 0xff == b & 0xff { cx.max(cy) as f32 } else { 0.0 };
            let far = (Vec2::new(x as f32, y as f32) - centre).length();
            if !drawn.region.contains(x, y) || far > reach + 0.5 {
                return Err(format!("pixel {x},{y} changed outside of the face"));
            }
        }
        let visible = !drawn.region.is_empty();
        if visible != (changed > 0) {
            return Err(format!("{changed} pixels changed in {:?}", drawn.region));
        }
        Ok(())
    });
}

#[test]
fn a_face_that_is_not_finite_or_too_short_changes_nothing() {
    let mut cpu = Compositor::new(Backend::Cpu).unwrap();
    let frame = noise(PixelFormat::I420, Colour::JPEG, 160, 120);
    let mut bad = points(Vec2::new(20.0, 20.0), 60.0);
    bad[100].x = f32::NAN;
    for p in [bad.as_slice(), &bad[..400], &[]] {
        let mut canvas = Canvas::new(frame.clone());
        let t = texture(ColourTransfer::Match);
        let drawn = draw_on(&mut cpu, &mut canvas, FrameTime::default(), p, &t, DrawParams::default());
        assert!(drawn.region.is_empty());
        assert_eq!(*canvas.frame(), frame);
    }
}

#[test]
fn no_opacity_changes_nothing_and_half_lies_between() {
    let mut cpu = Compositor::new(Backend::Cpu).unwrap();
    let frame = noise(PixelFormat::Rgb, Colour::JPEG, 160, 120);
    let mut change = |opacity| {
        let mut canvas = Canvas::new(frame.clone());
        let params = DrawParams { opacity, ..DrawParams::default() };
        let p = points(Vec2::new(40.0, 20.0), 80.0);
        draw_on(&mut cpu, &mut canvas, FrameTime::default(), &p, &texture(ColourTransfer::Match), params);
        canvas.frame().data().iter().zip(frame.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>()
    };
    let (none, half, full) = (change(0.0), change(0.5), change(1.0));
    assert_eq!(none, 0);
    assert!(half > full / 4 && half < full * 3 / 4, "{half} {full}");
}

#[test]
fn gpu_and_mirror_agree_on_bent_and_turned_faces() {
    let Some(mut gpu) = compositor_on_any_adapter() else { return };
    let mut cpu = Compositor::cpu();
    let wide: Vec<Uv> =
        round_face().iter().map(|p| Uv(Vec2::new(0.5 + (p.x - 0.5) * (0.8 + 0.2 * p.y), p.y))).collect();
    let rgba: Vec<u8> =
        (0..128 * 128u32).flat_map(|i| [(i % 128) as u8 + 60, (i / 128) as u8, 90, 255]).collect();
    let texture = FaceTexture::bake(&rgba, 128, &wide, ColourTransfer::Match, CutParams::default()).unwrap();
    for format in [PixelFormat::I420, PixelFormat::Nv12, PixelFormat::Bgra] {
        let n = Frame::byte_len(format, 256, 144);
        let data: Vec<u8> = (0..n).map(|i| 60 + (i % 256 / 4) as u8 + (i / 3000) as u8).collect();
        let frame = Frame::new(format, Colour::JPEG, 256, 144, data).unwrap();
        for (turn, shape) in [(0.0, 1.0), (0.9, 0.0), (-0.7, 0.6)] {
            let centre = Vec3::new(120.0, 70.0, 0.0);
            let round = |p: Vec3| glam::Quat::from_rotation_y(turn) * (p - centre) + centre;
            let p: Vec<Vec3> = points(Vec2::new(70.0, 20.0), 100.0).into_iter().map(round).collect();
            let params = DrawParams { shape, ..DrawParams::default() };
            let draw = |c: &mut Compositor| {
                let mut canvas = Canvas::new(frame.clone());
                draw_on(c, &mut canvas, FrameTime::default(), &p, &texture, params);
                canvas.frame().clone()
            };
            let (a, b) = (draw(&mut cpu), draw(&mut gpu));
            assert_ne!(a, frame);
            let off = a.data().iter().zip(b.data()).map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0);
            assert!(off <= MIRROR_MAX, "{format:?}, turned by {turn}, shape {shape}: off by {off}");
        }
    }
}

#[test]
fn an_open_mouth_is_dark_inside_and_a_closed_one_shows_lips_only() {
    use crate::persona::Date;
    use omote_masks::built_in;
    let today = Date::new(2026, 1, 1).unwrap();
    let persona = built_in::load("composite-1", today).unwrap().unwrap();
    let puppet = crate::actor::composite(crate::actor::Composite::Two).unwrap();
    let grey = Frame::filled(PixelFormat::Rgb, Colour::JPEG, 320, 320, [150, 120, 100]).unwrap();
    let luminance = |mouth: f32, open: f32| {
        let texture = FaceTexture::of_persona(&persona, CutParams { mouth, ..CutParams::default() }).unwrap();
        let expression = crate::puppet::Expression { mouth_open: open, ..Default::default() };
        let p = puppet.points(&puppet.placed(Vec2::splat(160.0), 240.0), &expression);
        let mut canvas = Canvas::new(grey.clone());
        let params = DrawParams { light: 0.0, grain: 0.0, ..DrawParams::default() };
        draw_on(&mut Compositor::cpu(), &mut canvas, FrameTime::default(), &p[..POINTS], &texture, params);
        let rgb = canvas.frame().to_rgb();
        let at = |q: Vec3| {
            let i = (q.y as usize * 320 + q.x as usize) * 3;
            rgb[i..i + 3].iter().map(|v| f32::from(*v)).sum::<f32>() / 3.0
        };
        // Three quarters of the way down the opening, and in the middle of the lower lip.
        (at(p[13].lerp(p[14], 0.75)), at(p[14].lerp(p[17], 0.5)))
    };
    let (inside, lip) = luminance(1.0, 0.9);
    assert!(inside < 0.6 * lip && inside < 70.0, "{inside} {lip}");
    // Without the persona's mouth the user's own shows.
    assert!((luminance(0.0, 0.9).0 - 123.0).abs() < 12.0);
    let (_, shut) = luminance(1.0, -1.0);
    assert!((shut - lip).abs() < 0.15 * lip, "{shut} {lip}");
}

#[test]
fn timed_passes_draw_the_same_and_take_no_longer_than_the_clock_says() {
    let frame = noise(PixelFormat::Nv12, Colour::JPEG, 256, 144);
    let mut cpu = Compositor::cpu();
    assert!(!cpu.time_gpu(true) && cpu.take_gpu_work() == GpuWork::default());
    let Some(mut c) = compositor_on_any_adapter() else { return };
    let at = Vec2::new(50.3, 15.7);
    let (plain, _) = draw(&mut c, &frame, at, 90.0, ColourTransfer::Keep);
    let untimed = c.take_gpu_work();
    assert!(untimed.passes.is_empty() && untimed.upload > 0 && untimed.readback > 0, "{untimed:?}");
    if !c.time_gpu(true) {
        eprintln!("skipped: {} has no timestamps", c.backend());
        return;
    }
    for _ in 0..3 {
        let begun = std::time::Instant::now();
        let (timed, drawn) = draw(&mut c, &frame, at, 90.0, ColourTransfer::Keep);
        let took = begun.elapsed();
        assert_eq!(timed.data(), plain.data());
        let work = c.take_gpu_work();
        let names: Vec<&str> = work.passes.iter().map(|(name, _)| *name).collect();
        let order = ["region_in", "warp_field", "texture_fetch", "illuminate", "blend_bands", "badge_encode"];
        assert_eq!((names.as_slice(), work.untimed), (&order[..], 0));
        let sum: std::time::Duration = work.passes.iter().map(|(_, t)| *t).sum();
        assert!(!sum.is_zero() && sum < took, "{work:?} of {took:?}");
        assert_eq!(work.readback, u64::from(drawn.region.width * drawn.region.height) * 4);
        assert!(work.upload >= work.readback);
    }
    assert!(c.time_gpu(false));
    let (plain_again, _) = draw(&mut c, &frame, at, 90.0, ColourTransfer::Keep);
    assert_eq!(plain_again.data(), plain.data());
    assert!(c.take_gpu_work().passes.is_empty());
}
