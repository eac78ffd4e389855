//! Every native format, and every backend that is there: reading, cropping, converting, and the whole swap.
//!
//! The first bench is a fixed piece of work, by which a stored baseline is carried from machine to machine (`regress`).

#![expect(clippy::unwrap_used, reason = "a bench may stop")]
#![expect(clippy::print_stderr, reason = "what is not measured must be said")]

use cpu_time::ProcessTime;
use criterion::{BatchSize, Criterion, SamplingMode, criterion_group, criterion_main};
use glam::Vec3;
use omote_benches::regress;
use omote_benches::scene::Scene;
use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::composite::{Backend, Compositor, DrawCall, DrawParams};
use omote_engine::frame::{Colour, CropSpec, PixelFormat};
use omote_engine::gpu;
use omote_engine::space::{CropSquare, ImagePx, PxRect};
use omote_engine::track::Occlusion;
use std::hint::black_box;
use std::time::Duration;

fn reference(c: &mut Criterion) {
    let mut values: Vec<u32> = (0..1 << 14).collect();
    c.bench_function(regress::REFERENCE, |b| b.iter(|| regress::work(black_box(&mut values))));
}

fn frames(c: &mut Criterion) {
    for format in PixelFormat::ALL {
        let s = Scene::new(format, 1280, 720, "composite-1").unwrap();
        let mut group = c.benchmark_group(format!("{format:?} 1280x720").to_lowercase());
        let (low, high) = s.points.iter().fold((Vec3::MAX, Vec3::MIN), |(a, b), p| (a.min(*p), b.max(*p)));
        let region = PxRect::even_around(low.truncate(), high.truncate(), 1280, 720);
        let mut codes = Vec::new();
        group.bench_function("read_codes", |b| b.iter(|| s.frame.read_codes(black_box(region), &mut codes)));
        // The mesh network's and the near detector's.
        let centre = ImagePx((low + high).truncate() * 0.5);
        for (what, side, n, taps) in [("crop of a face", 480.0, 192, 2), ("crop of all", 1280.0, 128, 10)] {
            let square = CropSquare { centre, side, angle: 0.1 };
            let spec = CropSpec { taps, ..CropSpec::new(square, n) };
            let mut out = vec![0.0; 3 * n * n];
            group.bench_function(what, |b| b.iter(|| s.frame.sample_crop(black_box(&spec), &mut out)));
        }
        // What the virtual cameras and the screen are given.
        for to in [PixelFormat::Nv12, PixelFormat::Yuyv, PixelFormat::Bgra] {
            if to == format {
                continue;
            }
            let name = format!("to {to:?}").to_lowercase();
            group.bench_function(name, |b| b.iter(|| s.frame.converted(to, Colour::JPEG).unwrap()));
        }
        group.finish();
    }
}

/// What is counted.
#[derive(Clone, Copy)]
enum Clock {
    /// The time that passes.
    Wall,
    /// All threads' work: a software adapter shares a picture between threads, and whether they run side by side or one after
    /// the other stays as it is for seconds (13 or 24 ms on two cores).
    Cpu,
}

/// Backends with their names; a software adapter is named so.
fn backends() -> Vec<((Backend, Clock), String)> {
    let mut all = vec![((Backend::Cpu, Clock::Wall), "cpu".to_owned())];
    match gpu::adapters().first() {
        Some(a) if a.software => all.push(((Backend::Gpu, Clock::Cpu), "software gpu, CPU time".to_owned())),
        Some(_) => all.push(((Backend::Gpu, Clock::Wall), "gpu".to_owned())),
        None => eprintln!("no graphics adapter: the GPU passes are NOT measured"),
    }
    all
}

fn swap(c: &mut Criterion) {
    for (backend, name) in backends() {
        let mut group = c.benchmark_group(format!("swap, composite and badge, {name}"));
        // A picture may take long where a CPU plays the GPU.
        group.sampling_mode(SamplingMode::Flat);
        for format in PixelFormat::ALL {
            let s = Scene::new(format, 1280, 720, "composite-1").unwrap();
            whole(&mut group, backend, &s, &format!("{format:?} 1280x720").to_lowercase());
        }
        for (w, h) in [(640, 480), (1920, 1080), (3840, 2160)] {
            let s = Scene::new(PixelFormat::Nv12, w, h, "composite-1").unwrap();
            whole(&mut group, backend, &s, &format!("nv12 {w}x{h}"));
        }
        group.finish();
    }
}

fn whole(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    (backend, clock): (Backend, Clock),
    s: &Scene,
    name: &str,
) {
    let mut compositor = match Compositor::new(backend) {
        Ok(compositor) => compositor,
        Err(why) => return eprintln!("{name} is NOT measured: {why}"),
    };
    let mut badger = Badger::new(Corner::TopRight);
    let (params, free, time) = (DrawParams::default(), Occlusion::default(), s.frame.time);
    let mut draw = |mut canvas: Canvas| {
        let (points, texture) = (s.points.as_slice(), &s.texture);
        let call = DrawCall { face: 0, time, points, occlusion: &free, texture, params };
        compositor.draw(&mut canvas, &call).unwrap();
        badger.finish(canvas, Disclosure::Modified).unwrap()
    };
    group.bench_function(name, |b| match clock {
        Clock::Wall => b.iter_batched(|| Canvas::new(s.frame.clone()), &mut draw, BatchSize::LargeInput),
        Clock::Cpu => b.iter_custom(|rounds| {
            (0..rounds)
                .map(|_| {
                    let canvas = Canvas::new(s.frame.clone());
                    let begun = ProcessTime::now();
                    black_box(draw(canvas));
                    begun.elapsed()
                })
                .sum()
        }),
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1200));
    targets = reference, frames, swap
}
criterion_main!(benches);
