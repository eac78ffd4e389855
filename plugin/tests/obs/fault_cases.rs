//! The filter when something fails, or is slow.

use crate::cases::{BGRA, SIZE, short, worn};
use crate::host::{Source, Value, host, within};
use crate::judge::{Scene, Seen, keep};
use crate::properties::Properties;
use crate::sources::{Fed, paint};
use crate::stage::{PATIENCE, SOON, Stage, tick};
use std::time::{Duration, Instant};

/// The plugin's faults, as `src/faults.rs` numbers them.
const RENDER: u32 = 1;
const TICK: u32 = 1 << 1;
const UPDATE: u32 = 1 << 2;
const START: u32 = 1 << 3;
const TRACK: u32 = 1 << 4;
pub(crate) const SLOW: u32 = 1 << 5;
const STALE: u32 = 1 << 6;
const CREATE: u32 = 1 << 7;
const SLOW_MODEL: u32 = 1 << 8;
const SLOW_CAMERAS: u32 = 1 << 9;

#[test]
fn a_broken_engine_gives_the_card_and_comes_back() {
    let Some(host) = host!() else { return };
    let stage = worn(&host);
    host.faults(TRACK);
    stage.until(Seen::Card, SOON);
    assert_eq!(stage.watch(short()), [Seen::Card]);
    host.faults(0);
    stage.until(Seen::Worn, SOON);
    stage.strike(&host);
    host.end();
}

#[test]
fn an_engine_that_does_not_start_shows_nothing_until_it_does() {
    let Some(host) = host!() else { return };
    host.faults(START);
    let stage = Stage::set(&host, SIZE, BGRA, &[]);
    assert_eq!(stage.watch(2 * short()), [Seen::Nothing]);
    host.faults(0);
    stage.until(Seen::Worn, PATIENCE);
    stage.strike(&host);
    host.end();
}

#[test]
fn callbacks_that_break_down_show_nothing_bare() {
    let Some(host) = host!() else { return };
    let stage = worn(&host);
    for fault in [RENDER, TICK, RENDER | TICK, UPDATE] {
        host.faults(fault);
        stage.filter.set(&[("sharpness", Value::Number(f64::from(fault) / 8.0))]);
        let seen = stage.watch(short());
        eprintln!("fault {fault}: {seen:?}");
        host.faults(0);
        stage.until(Seen::Worn, SOON);
    }
    let log = host.log();
    assert!(log.contains("drawing the filter crashed") && log.contains("changing the filter crashed"));
    stage.strike(&host);
    host.end();
}

#[test]
fn a_filter_that_can_t_be_made_draws_nothing() {
    let Some(host) = host!() else { return };
    host.faults(CREATE);
    let stage = Stage::set(&host, SIZE, BGRA, &[]);
    assert_eq!(stage.watch(short()), [Seen::Nothing]);
    stage.strike(&host);
    host.end();
}

#[test]
fn without_networks_the_card_says_so_and_the_log_names_the_remedy() {
    let Some(host) = host!() else { return };
    // SAFETY: no other thread of this process reads the environment yet.
    unsafe { std::env::set_var("OMOTE_DATA", host.folder()) };
    let stage = Stage::set(&host, SIZE, BGRA, &[]);
    assert_eq!(stage.watch(2 * short()), [Seen::Nothing]);
    stage.filter.set(&[("nothing_until_ready", Value::Flag(false))]);
    let (_, shown) = stage.until(Seen::Card, SOON);
    keep("no-networks", &shown, SIZE.0);
    assert!(host.log().contains("omote setup"), "{}", host.log());
    let said = Properties::read(&stage.filter).words("status");
    assert!(said.contains("omote setup"), "the properties say: {said}");
    stage.strike(&host);
    host.end();
}

#[test]
fn a_picture_that_is_too_old_is_taken_off() {
    let Some(host) = host!() else { return };
    let stage = worn(&host);
    host.faults(STALE);
    std::thread::sleep(Duration::from_millis(350));
    let (seen, shown) = stage.look();
    keep("stale", &shown, SIZE.0);
    assert!(matches!(seen, Seen::Card | Seen::Nothing), "{seen:?}");
    stage.until(Seen::Card, SOON);
    assert_eq!(stage.watch(short()), [Seen::Card]);
    host.faults(0);
    stage.until(Seen::Worn, SOON);
    stage.strike(&host);
    host.end();
}

#[test]
fn drawing_does_not_wait_for_a_slow_engine() {
    let Some(host) = host!() else { return };
    let size = (160, 120);
    let stage = Stage::set(&host, size, BGRA, &[]);
    host.faults(SLOW);
    stage.until(Seen::Worn, PATIENCE);
    // Nothing but this test draws it from now on: each drawing is the first of its tick, which takes the
    // picture. What drawing and staging cost without the filter is the software GPU's own time, since that
    // draws inside these calls. Other programs share the processor: the best of some tries counts.
    (host.obs().obs_set_output_source)(0, std::ptr::null_mut());
    paint(&stage.scene.picture);
    let plain = host.source(c"test_texture", "plain", &[]);
    let ten = |source: &Source, staged: bool| {
        let took = (0..10).map(|_| {
            tick();
            tick();
            source.draw(size, 1, staged)
        });
        took.sum::<Duration>()
    };
    let tries: Vec<_> = (0..5).map(|_| (ten(&stage.webcam, false), ten(&plain, true))).collect();
    let in_one_tick = (0..5).map(|_| {
        tick();
        stage.webcam.draw(size, 10, false)
    });
    let again = in_one_tick.min().expect("tries");
    eprintln!("ten drawings in one tick: {again:?}; in ten ticks, with the filter and without: {tries:?}");
    assert!(again < Duration::from_millis(5), "{again:?}");
    // Ten that waited would take a second. The rest is the software GPU's, and differs from machine to machine.
    let with = tries.iter().map(|t| t.0).min().expect("tries");
    assert!(with < Duration::from_millis(100), "{tries:?}");
    drop(plain);
    stage.watch(short());
    stage.strike(&host);
    host.end();
}

#[test]
fn a_picture_too_small_for_the_badge_is_not_shown_and_named() {
    let Some(host) = host!() else { return };
    let stage = Stage::set(&host, (160, 120), BGRA, &[("nothing_until_ready", Value::Flag(false))]);
    let small = Scene::still(160, 120).picture;
    let mut cut = small.clone();
    (cut.h, cut.bgra) = (100, small.bgra[..160 * 100 * 4].to_vec());
    stage.feeder.change(Fed::new(&cut, BGRA));
    within(SOON, "the new size", || stage.webcam.size() == (160, 100));
    for _ in 0..30 {
        assert!(stage.webcam.look((160, 100)).iter().all(|v| *v == 0), "something is drawn");
        tick();
    }
    let said = || Properties::read(&stage.filter).words("status");
    eprintln!("status: {}", said());
    within(SOON, "the reason", || said().contains("160x100"));
    stage.strike(&host);
    host.end();
}

#[test]
fn removing_an_instance_does_not_wait_for_a_model_that_loads() {
    let Some(host) = host!() else { return };
    let stage = worn(&host);
    host.faults(SLOW_MODEL);
    stage.filter.set(&[("model", Value::Text("a-large-one"))]);
    within(SOON, "the model is loaded", || {
        Properties::read(&stage.filter).words("status").contains("being loaded")
    });
    let camera = host.source(
        c"omote_camera",
        "camera",
        &[
            ("camera", Value::Text("actor")),
            ("backend", Value::Text("cpu")),
            ("model", Value::Text("another")),
        ],
    );
    within(SOON, "the second model is loaded", || {
        Properties::read(&camera).words("status").contains("being loaded")
    });
    let begun = Instant::now();
    drop(camera);
    stage.strike(&host);
    host.settle();
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(1500), "removing took {took:?}");
    host.end();
}

#[test]
fn properties_do_not_wait_for_cameras() {
    let Some(host) = host!() else { return };
    host.faults(SLOW_CAMERAS);
    let settings = [("camera", Value::Text("/dev/video99")), ("mode", Value::Text("MJPEG 1280x720 at 30"))];
    let camera = host.source(c"omote_camera", "camera", &settings);
    let items = |list: &str| {
        let all = Properties::read(&camera).all();
        all.into_iter().find(|row| row.0 == list).map(|row| row.3).expect("a list")
    };
    let begun = Instant::now();
    // The first that works, the actor, the one that is chosen, and that others are being looked for; the best mode and the
    // one that is chosen.
    assert_eq!((items("camera"), items("mode")), (4, 2));
    Properties::read(&camera).changed("camera");
    Properties::of_kind(c"omote_camera").visible("camera");
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(2000), "properties took {took:?}");
    within(PATIENCE, "the list is there", || items("camera") != 4);
    // What is chosen is not lost while its camera is not there.
    assert!(items("camera") >= 3 && items("mode") >= 2);
    drop(camera);
    host.end();
}
