//! Each pass of the composite and the whole path, on the CPU mirrors.

#![expect(clippy::unwrap_used, reason = "a bench may stop")]

use criterion::{Criterion, criterion_group, criterion_main};
use glam::{Vec2, Vec3, Vec4};
use omote_benches::scene::Scene;
use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::composite::{Backend, Compositor, DrawCall, DrawParams};
use omote_engine::frame::PixelFormat;
use omote_engine::space::PxRect;
use omote_engine::topology::TRIANGLES;
use omote_engine::track::Occlusion;
use omote_shaders::{cpu, layout::*};
use std::hint::black_box;

fn passes(c: &mut Criterion) {
    let s = Scene::new(PixelFormat::I420, 1280, 720, "composite-1").unwrap();
    let (low, high) = s.points.iter().fold((Vec3::MAX, Vec3::MIN), |(a, b), p| (a.min(*p), b.max(*p)));
    let region = PxRect::even_around(low.truncate(), high.truncate(), 1280, 720);
    let size = [region.width, region.height];
    let n = (size[0] * size[1]) as usize;
    let mut group = c.benchmark_group(format!("pass {}x{}", size[0], size[1]));
    let mut codes = Vec::new();
    group.bench_function("read_codes", |b| b.iter(|| s.frame.read_codes(black_box(region), &mut codes)));

    // A bump that moves most pixels, as the shape slider does.
    let nodes: Vec<Vec2> = (0..MORPH_NODES * MORPH_NODES)
        .map(|i| {
            let at = Vec2::new((i % MORPH_NODES) as f32, (i / MORPH_NODES) as f32) / (MORPH_NODES - 1) as f32;
            (at - 0.5) * 12.0 * (1.0 - ((at - 0.5).length() * 2.0).min(1.0))
        })
        .collect();
    let mut moved = vec![0; n];
    let params = MorphParams { size, least: 0.05, pad: 0 };
    group.bench_function("morph", |b| b.iter(|| cpu::morph(&params, black_box(&codes), &nodes, &mut moved)));

    let mut live = vec![Vec4::ZERO; n];
    let params = RegionInParams { size, pad: [0; 2], to_rgb: s.frame.codes_to_rgb() };
    group.bench_function("region_in", |b| b.iter(|| cpu::region_in(&params, black_box(&codes), &mut live)));

    let local: Vec<Vec3> =
        s.points.iter().map(|p| *p - Vec3::new(region.x as f32, region.y as f32, 0.0)).collect();
    let uv: Vec<Vec2> = s.texture.uv().iter().map(|u| u.0).collect();
    let mut set = Vec::new();
    let side = s.texture.side();
    group.bench_function("set_up", |b| {
        b.iter(|| cpu::set_up(black_box(&local), &uv, &TRIANGLES, side, size, &mut set))
    });
    let (mut keys, mut field) = (vec![0u32; n], vec![Vec4::ZERO; n]);
    let params = WarpFieldParams { size, triangles: set.len() as u32, pad: 0 };
    group.bench_function("warp_field", |b| {
        b.iter(|| {
            keys.fill(0);
            cpu::raster(&params, black_box(&set), &mut keys, &mut field);
            cpu::resolve(&params, &set, &mut keys, &mut field);
        });
    });

    let mut persona = vec![Vec4::ZERO; n];
    let params = TextureFetchParams {
        size,
        side,
        levels: s.texture.levels(),
        lod_bias: DrawParams::default().lod_bias,
        opacity: 1.0,
        pad: [0; 2],
    };
    group.bench_function("texture_fetch", |b| {
        b.iter(|| cpu::texture_fetch(&params, black_box(&field), s.texture.texels(), &mut persona));
    });

    let params = MotionBlurParams { size, streak: [16.0, 5.0], taps: 9, pad: 0, more: [0; 2] };
    let mut smeared = vec![Vec4::ZERO; n];
    group.bench_function("motion_blur, 9 taps", |b| {
        b.iter(|| cpu::motion_blur(&params, black_box(&persona), &mut smeared));
    });

    let params = OccludeParams { size, low: 0.3, high: 0.7 };
    let half = |k: u32| OccludeCell { face: [0.6, 0.6, 0.6, (k / OCCLUDE_SIDE % 2) as f32], front: [0.3; 4] };
    let in_front: Vec<OccludeCell> = (0..OCCLUDE_SIDE * OCCLUDE_SIDE).map(half).collect();
    let mut left = persona.clone();
    group.bench_function("occlude", |b| {
        b.iter(|| cpu::occlude(&params, black_box(&field), &live, &in_front, &mut left));
    });

    let cell = 14;
    let grid = size.map(|v| v.div_ceil(cell));
    let cells = (grid[0] * grid[1] * 2) as usize;
    let (mut a, mut b2) = (vec![Vec4::ZERO; cells], vec![Vec4::ZERO; cells]);
    let mut difference = vec![Vec4::ZERO; n];
    let params = IlluminateParams {
        size,
        grid,
        cell,
        radius: 5,
        sigma: 2.2,
        strength: 1.0,
        keep_reference: 0.0,
        axis: 0,
        features: 0,
        pad: 0,
        rows: [[0.0; 4]; 2 * FEATURES],
    };
    group.bench_function("illuminate", |b| {
        b.iter(|| {
            cpu::gather(&params, black_box(&live), &persona, &mut a);
            cpu::smooth_grid(&params, &a, &mut b2);
            cpu::smooth_grid(&params, &b2, &mut a);
            cpu::relight(&params, &live, &persona, &a, &mut difference);
        });
    });

    let coarse = size.map(|v| v.div_ceil(2));
    let params = BlendBandsParams { fine: size, coarse, last: 1, pad: 0, more: [0; 2] };
    let mut half = vec![Vec4::ZERO; (coarse[0] * coarse[1]) as usize];
    let mut blended = vec![Vec4::ZERO; n];
    group.bench_function("blend_bands, finest level", |b| {
        b.iter(|| {
            cpu::reduce(&params, black_box(&difference), &mut half);
            cpu::collapse(&params, &difference, &half, &[], &mut blended);
        });
    });

    let params = BadgeEncodeParams {
        size,
        origin: [region.x, region.y],
        from_rgb: s.frame.rgb_to_codes(),
        plate: [0; 4],
        plate_rgb: [0.0; 4],
        text_rgb: [0.0; 4],
        grain: [1.0, 0.0, 0.0, 5.0 / 255.0],
        kept: 0x00ff_ffff,
        pad: 0,
        more: [0; 2],
    };
    let mut patch = vec![0; n];
    group.bench_function("badge_encode", |b| {
        b.iter(|| cpu::badge_encode(&params, black_box(&codes), &live, &blended, &[], &mut patch));
    });
    group.finish();
}

fn path(c: &mut Criterion) {
    let mut group = c.benchmark_group("swap, composite and badge");
    for (w, h) in [(1280, 720), (1920, 1080), (3840, 2160)] {
        let s = Scene::new(PixelFormat::Nv12, w, h, "composite-1").unwrap();
        let mut compositor = Compositor::new(Backend::Cpu).unwrap();
        let mut badger = Badger::new(Corner::TopRight);
        group.bench_function(format!("{w}x{h}"), |b| {
            b.iter_batched(
                || Canvas::new(s.frame.clone()),
                |mut canvas| {
                    let call = DrawCall {
                        face: 0,
                        time: s.frame.time,
                        points: &s.points,
                        occlusion: &Occlusion::default(),
                        texture: &s.texture,
                        params: DrawParams::default(),
                    };
                    compositor.draw(&mut canvas, &call).unwrap();
                    badger.finish(canvas, Disclosure::Modified).unwrap()
                },
                criterion::BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = Criterion::default().sample_size(30); targets = passes, path }
criterion_main!(benches);
