//! What is round the networks: tracking with them, and a swap model's own work. Without the networks' files tracking is not
//! measured, which is said.

#![expect(clippy::unwrap_used, reason = "a bench may stop")]
#![expect(clippy::print_stderr, reason = "what is not measured must be said")]

use criterion::{Criterion, criterion_group, criterion_main};
use omote_benches::scene::Scene;
use omote_benches::stand_in;
use omote_engine::frame::{FrameTime, PixelFormat};
use omote_engine::infer::stand_in::StandIn;
use omote_engine::infer::{RunOptions, Runtime, models};
use omote_engine::source::Rate;
use omote_engine::space::{CropSquare, ImagePx};
use omote_engine::swap::CutParams;
use omote_engine::swap::neural::{UvAtlases, UvRaster};
use omote_engine::track::{Face, FaceId, MeshKind, Pose, Smoothing, Tracker, TrackerConfig};
use std::time::Duration;

fn runtime() -> Option<(std::path::PathBuf, Runtime)> {
    let data = models::data_dir()?;
    let runtime = Runtime::discover(models::library(&data).as_deref()).ok()?;
    Some((data, runtime))
}

fn tracking(c: &mut Criterion) {
    let s = Scene::new(PixelFormat::Nv12, 1280, 720, "composite-1").unwrap();
    let mut group = c.benchmark_group("tracking nv12 1280x720");
    let smooth = Some(Smoothing::default());
    for (what, mesh, smoothing) in [
        ("478 points, filters and the face's own look", MeshKind::Points478, smooth),
        ("478 points, the network's own mesh", MeshKind::Points478, None),
        ("468 points, filters and the face's own look", MeshKind::Points468, smooth),
    ] {
        let config = TrackerConfig { max_faces: 1, mesh, smoothing, ..TrackerConfig::default() };
        let tracker =
            runtime().map(|(data, runtime)| Tracker::new(&runtime, &models::models_dir(&data), config));
        let Some(Ok(mut tracker)) = tracker else {
            eprintln!("tracking is NOT measured: the networks are missing (`omote setup`)");
            return;
        };
        let (mut frame, mut k) = (s.frame.clone(), 0);
        let mut next = || {
            frame.time = Rate::DEFAULT.time(k);
            k += 1;
            assert!(!tracker.track(&frame).unwrap().is_empty(), "the face was not found");
        };
        (0..60).for_each(|_| next());
        group.bench_function(what, |b| b.iter(&mut next));
    }
    group.finish();
}

fn adapter(c: &mut Criterion) {
    let Some((_, runtime)) = runtime() else {
        eprintln!("swap models are NOT measured: no runtime for networks (`omote setup`)");
        return;
    };
    let s = Scene::new(PixelFormat::Nv12, 1280, 720, "composite-1").unwrap();
    let landmarks = s.points.clone();
    let pose = Pose::fit(&landmarks).unwrap();
    let region = CropSquare { centre: ImagePx(pose.origin.truncate()), side: 400.0, angle: 0.0 };
    let face = Face::new(FaceId(1), landmarks, region, pose);
    for network in [StandIn::inswapper_128(), StandIn::cscs_256(), StandIn::simswap_unofficial_512()] {
        let mut model = stand_in::load(&runtime, &network, &RunOptions::default()).unwrap();
        let side = network.size().0;
        let mask = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
        let mut atlases = UvAtlases::new(UvRaster::new(side.max(256), mask));
        let mut made = model.swap(&s.frame, &face.landmarks).unwrap();
        let mut group = c.benchmark_group(format!("swap model, {side} px, a network of nothing"));
        group.bench_function("align, tensor, result", |b| {
            b.iter(|| {
                let next = model.swap(&s.frame, &face.landmarks).unwrap();
                model.recycle(std::mem::replace(&mut made, next));
            });
        });
        group.bench_function("lay out in UV", |b| {
            b.iter(|| {
                atlases.project(&made, &face, FrameTime::default(), Duration::ZERO);
            });
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1500));
    targets = tracking, adapter
}
criterion_main!(benches);
