//! What the filter costs OBS's drawing thread, and how many frames later its picture is: figures, printed for
//! docs/latency.md.

use crate::cases::BGRA;
use crate::fault_cases::SLOW;
use crate::host::{FPS, Host, Setting, Source, Value, host};
use crate::judge::{Scene, Seen};
use crate::sources::{Fed, Picture, paint, unplug};
use crate::stage::{PATIENCE, Stage, tick};
use std::time::{Duration, Instant};

/// Median and 99th percentile, ms.
fn summary(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
    (at(0.5), at(0.99))
}

#[test]
fn drawing_with_the_filter_and_without() {
    let Some(host) = host!() else { return };
    let size = (1280, 720);
    let stage = Stage::set(&host, size, BGRA, &[]);
    stage.until(Seen::Worn, PATIENCE);
    (host.obs().obs_set_output_source)(0, std::ptr::null_mut());
    paint(&stage.scene.picture);
    let plain = host.source(c"test_texture", "plain", &[]);
    let (mut with, mut slow, mut without, mut staged) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for k in 0..150 {
        // By turns beside an engine as it is, and beside one that needs 100 ms.
        let slow_now = k / 25 % 2 == 1;
        host.faults(if slow_now { SLOW } else { 0 });
        tick();
        let took = stage.webcam.draw(size, 1, false);
        if slow_now {
            slow.push(took)
        } else {
            with.push(took)
        }
        tick();
        without.push(plain.draw(size, 1, false));
        tick();
        staged.push(plain.draw(size, 1, true));
    }
    let ((a, b), (c, d), (e, f)) = (summary(with), summary(without), summary(staged));
    let (g, h) = summary(slow);
    eprintln!(
        "drawing 1280x720, ms, p50/p99: with the filter {a:.2}/{b:.2}, beside a slow engine {g:.2}/{h:.2},"
    );
    eprintln!("  without {c:.2}/{d:.2}, without but read back by the test {e:.2}/{f:.2}");
    // A drawing that waited for the engine would take 100 ms beside the slow one.
    assert!(g < a * 2.0, "{g} ms beside a slow engine, {a} ms beside a quick one");
    drop(plain);
    stage.strike(&host);
    host.end();
}

/// The number that a picture carries: how bright its lower left corner is.
const NUMBERS: usize = 8;

fn numbered(picture: &Picture, number: usize) -> Picture {
    let mut numbered = picture.clone();
    for y in picture.h - 16..picture.h {
        for x in 0..16 {
            let at = (y * picture.w + x) * 4;
            numbered.bgra[at..at + 3].fill((number * 30) as u8);
        }
    }
    numbered
}

fn number(shown: &[u8], size: (u32, u32)) -> usize {
    let at = (((size.1 - 8) * size.0 + 8) * 4) as usize;
    (usize::from(shown[at]) + 15) / 30
}

#[test]
fn the_filter_s_picture_is_so_many_frames_later() {
    let Some(host) = host!() else { return };
    let usual = added(&host, "as it comes", &[]);
    let waiting =
        added(&host, "waiting at most 30 ms", &[("wait", Value::Flag(true)), ("wait_ms", Value::Int(30))]);
    assert!((0.0..5.0).contains(&usual), "{usual} frames");
    // The result of the same tick, where the engine is as quick as that.
    assert!(waiting < usual, "{waiting} and {usual} frames");
    host.end();
}

/// Frames by which the filter's picture comes later than the source's own.
fn added(host: &Host, how: &str, settings: &[Setting<'_>]) -> f64 {
    let size = (480, 270);
    let scene = Scene::still(size.0, size.1);
    let fed: Vec<Fed> = (0..NUMBERS).map(|k| Fed::new(&numbered(&scene.picture, k), BGRA)).collect();
    let webcam = |name: &str| {
        let webcam = host.source(c"test_webcam", name, &[]);
        webcam.show(true);
        webcam
    };
    let (filtered, plain) = (webcam("filtered"), webcam("plain"));
    let filter = host.filter(settings);
    filtered.add(&filter);
    let late = |source: &Source, newest: usize| {
        let shown = source.look(size);
        let there = shown.iter().any(|v| *v != 0);
        there.then(|| (newest + NUMBERS - number(&shown, size)) % NUMBERS)
    };
    let (mut counts, mut plain_counts) = ([0u32; NUMBERS], [0u32; NUMBERS]);
    let begun = Instant::now();
    let mut next = begun;
    let mut k = 0;
    while counts.iter().sum::<u32>() < 150 {
        assert!(begun.elapsed() < PATIENCE, "{counts:?}");
        k += 1;
        fed[k % NUMBERS].feed(&filtered);
        fed[k % NUMBERS].feed(&plain);
        next += Duration::from_secs(1) / FPS;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        if let (Some(a), Some(b)) = (late(&filtered, k % NUMBERS), late(&plain, k % NUMBERS)) {
            counts[a] += 1;
            plain_counts[b] += 1;
        }
    }
    eprintln!("{how}: frames later than the newest fed, 0 to {}: {counts:?}", NUMBERS - 1);
    eprintln!("  without the filter {plain_counts:?}");
    let mean = |counts: &[u32]| {
        let all: u32 = counts.iter().sum();
        counts.iter().enumerate().map(|(late, n)| late as f64 * f64::from(*n)).sum::<f64>() / f64::from(all)
    };
    let more = mean(&counts) - mean(&plain_counts);
    eprintln!("  the filter adds {more:.2} frames of 33.3 ms");
    for source in [&filtered, &plain] {
        unplug(source);
        source.show(false);
    }
    filtered.remove(&filter);
    drop((filtered, plain, filter));
    host.settle();
    more
}
