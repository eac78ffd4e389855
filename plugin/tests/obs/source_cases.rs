//! "Omote Camera", and the properties of both kinds.

use crate::cases::BGRA;
use crate::host::{Host, Source, Value, display_name, host, within};
use crate::judge::{keep, write};
use crate::properties::{Properties, at_first};
use crate::stage::{PATIENCE, SOON, Stage, tick};
use omote_engine::badge;
use omote_engine::frame::{Colour, Frame, PixelFormat};
use omote_engine::infer::Runtime;
use omote_engine::infer::stand_in::StandIn;
use omote_kit::options::{Form, On, in_obs};
use omote_kit::registry::{Declared, Registry, check};
use std::time::{Duration, Instant};

const ACTOR: (u32, u32) = (1280, 720);

fn camera(host: &Host, device: &str) -> Source {
    let settings = [("camera", Value::Text(device)), ("backend", Value::Text("cpu"))];
    let camera = host.source(c"omote_camera", "camera", &settings);
    (host.obs().obs_set_output_source)(0, camera.0);
    camera.show(true);
    camera
}

fn badged(shown: &[u8], (w, h): (u32, u32)) -> bool {
    let frame = Frame::new(PixelFormat::Bgra, Colour::JPEG, w, h, shown.to_vec()).expect("a frame");
    badge::read(&frame).is_some()
}

/// A picture, or nothing where nothing is shown. One without the badge is a failure.
fn look(camera: &Source) -> Option<Vec<u8>> {
    let size = camera.size();
    if size.0 == 0 {
        return None;
    }
    let shown = camera.look(size);
    if shown.iter().all(|v| *v == 0) || camera.size() != size {
        return None;
    }
    assert!(badged(&shown, size), "a picture without the badge");
    Some(shown)
}

#[test]
fn the_camera_source_shows_badged_pictures_only_and_goes_dark() {
    let Some(host) = host!() else { return };
    let begun = Instant::now();
    let camera = camera(&host, "actor");
    let status = || Properties::read(&camera).words("status");
    let mut pictures = 0;
    while pictures < 20 || !status().starts_with("Live") {
        assert!(begun.elapsed() < PATIENCE, "{pictures} pictures; {}", status());
        pictures += u32::from(look(&camera).is_some());
        tick();
    }
    keep("camera", &look(&camera).expect("a picture"), ACTOR.0);
    eprintln!("status: {}", status());
    // Stale: taken off.
    host.faults(1 << 6);
    within(SOON, "the old picture is taken off", || look(&camera).is_none());
    host.faults(0);
    within(SOON, "pictures again", || look(&camera).is_some());
    // The hotkeys are there.
    let before = camera.setting(c"persona");
    host.press("omote.next_persona");
    assert_ne!(camera.setting(c"persona"), before);
    // Closed while hidden.
    camera.set(&[("release_when_hidden", Value::Flag(true))]);
    camera.show(false);
    (host.obs().obs_set_output_source)(0, std::ptr::null_mut());
    within(SOON, "the camera is closed", || status().contains("Starting"));
    (host.obs().obs_set_output_source)(0, camera.0);
    camera.show(true);
    within(PATIENCE, "pictures again", || look(&camera).is_some());
    camera.show(false);
    drop(camera);
    host.end();
}

#[test]
fn a_camera_that_is_not_there_is_named_and_shows_the_card() {
    let Some(host) = host!() else { return };
    let camera = camera(&host, "/dev/video-none");
    within(PATIENCE, "the reason", || {
        look(&camera);
        Properties::read(&camera).words("status").contains("/dev/video-none")
    });
    eprintln!("status: {}", Properties::read(&camera).words("status"));
    within(PATIENCE, "the card", || look(&camera).is_some());
    camera.show(false);
    drop(camera);
    host.end();
}

#[test]
fn twenty_camera_sources_come_and_go() {
    let Some(host) = host!() else { return };
    for k in 0..20u64 {
        let camera = camera(&host, if k % 3 == 0 { "/dev/video-none" } else { "actor" });
        std::thread::sleep(Duration::from_millis([0, 5, 60, 400][k as usize % 4]));
        look(&camera);
        (host.obs().obs_set_output_source)(0, std::ptr::null_mut());
        drop(camera);
    }
    host.end();
}

#[test]
fn a_camera_source_that_breaks_down_shows_nothing() {
    let Some(host) = host!() else { return };
    host.faults(1 << 7);
    let camera = camera(&host, "actor");
    for _ in 0..30 {
        assert_eq!(look(&camera), None);
        tick();
    }
    drop(camera);
    host.end();
}

#[test]
fn the_properties_are_what_users_expect() {
    let Some(host) = host!() else { return };
    assert_eq!(display_name(c"omote_camera"), "Omote Camera");
    assert_eq!(display_name(c"omote_face_filter"), "Omote Face Filter");
    let camera = host.source(c"omote_camera", "camera", &[("camera", Value::Text("actor"))]);
    let filter = host.filter(&[]);
    for (source, own) in [(&camera, ["camera", "mode", "mirror"]), (&filter, ["wait", "wait_ms", "wait"])] {
        let properties = Properties::read(source);
        let all = properties.all();
        for name in [
            "status",
            "persona",
            "model",
            "model_rate",
            "privacy",
            "opacity",
            "glasses",
            "badge_corner",
            "backend",
            "sync",
            "disclosure",
        ] {
            assert!(properties.visible(name), "{name}: {all:?}");
        }
        for name in own {
            assert!(properties.visible(name), "{name}: {all:?}");
        }
        for (name, words, _, items) in &all {
            assert!(
                !words.contains('.') || name == "status" || name == "delay",
                "{name} has no text: {words}"
            );
            let lists = [
                ("persona", 3),
                ("model", 1),
                ("model_rate", 5),
                ("privacy", 2),
                ("glasses", 2),
                ("badge_corner", 5),
                ("backend", 3),
            ];
            if let Some((_, least)) = lists.iter().find(|row| row.0 == name) {
                assert!(items >= least, "{name}: {items} items");
            }
        }
        assert!(!properties.visible("photo_file"), "the fields for a photo are folded");
        properties.click("photo_add");
        assert!(properties.visible("photo_file") && !properties.visible("photo_grantor"));
    }
    for id in [c"omote_camera", c"omote_face_filter"] {
        assert!(Properties::of_kind(id).visible("persona"));
    }
    drop((camera, filter));
    host.end();
}

#[test]
fn the_dialog_is_the_table_of_options() {
    let Some(host) = host!() else { return };
    let camera = host.source(c"omote_camera", "camera", &[("camera", Value::Text("actor"))]);
    let filter = host.filter(&[]);
    for (source, id, kind) in
        [(&camera, c"omote_camera", On::Camera), (&filter, c"omote_face_filter", On::Filter)]
    {
        let properties = Properties::read(source);
        let all = properties.all();
        let mut order = all.iter().map(|row| row.0.as_str());
        for (row, place) in in_obs(kind) {
            let key = place.key.to_string_lossy();
            assert!(order.any(|name| name == key), "{key} is missing, or out of order: {all:?}");
            assert_eq!(properties.words(&key), row.label(), "{key}");
            assert_eq!(properties.hint(&key), row.hint(), "{key}");
            let (form, first) = match row.form() {
                Form::Number(n) => (format!("{}..{} by {}", n.least, n.most, n.step), n.default.to_string()),
                Form::Count(n) => (format!("{}..{}", n.least, n.most), n.default.to_string()),
                Form::Choice { items, default } => {
                    let items: Vec<_> =
                        items.iter().map(|(name, _, long)| format!("{name}={long}")).collect();
                    (items.join("|"), default.to_owned())
                }
                Form::Limit { items, .. } => {
                    let items: Vec<_> = items.iter().map(|(name, long)| format!("{name}={long}")).collect();
                    (items.join("|"), "0".to_owned())
                }
                Form::Flag(on) => (String::new(), on.to_string()),
                Form::Name(first) => (String::new(), first.to_owned()),
            };
            assert_eq!(properties.form(row, &key), form, "{key}");
            assert_eq!(at_first(id, row, place.key), first, "{key}");
        }
    }
    drop((camera, filter));
    host.end();
}

#[test]
fn a_persona_is_made_from_a_photo() {
    let Some(host) = host!() else { return };
    // The user's folder of this test, with the networks of the real one.
    let real = omote_engine::infer::models::data_dir().expect("a data folder");
    for folder in ["models", "lib"] {
        std::os::unix::fs::symlink(real.join(folder), host.folder().join(folder)).expect("a link");
    }
    // SAFETY: no other thread of this process reads the environment yet.
    unsafe { std::env::set_var("OMOTE_DATA", host.folder()) };
    let photo = host.folder().join("photo.png");
    let scene = crate::judge::Scene::still(1280, 720);
    write(&photo, &scene.picture.bgra, 1280);

    let filter = host.filter(&[]);
    let properties = Properties::read(&filter);
    properties.click("photo_add");
    properties.click("photo_make");
    assert!(properties.words("photo_message").contains("choose a photo"));
    filter.set(&[
        ("photo_file", Value::Text(&photo.display().to_string())),
        ("photo_title", Value::Text("Nobody at all")),
        ("photo_class", Value::Text("fictional")),
    ]);
    tick();
    properties.changed("photo_class");
    assert!(properties.visible("photo_how") && !properties.visible("photo_own"));
    filter.set(&[("photo_how", Value::Text("averaged")), ("photo_answers", Value::Flag(true))]);
    properties.click("photo_make");
    within(PATIENCE, "the persona", || {
        Properties::read(&filter).words("photo_message").contains("nobody-at-all")
    });
    assert!(host.folder().join("personas/nobody-at-all.omote").exists());
    assert_eq!(filter.setting(c"persona"), "nobody-at-all");
    assert_eq!(filter.setting(c"photo_how"), "", "the form is empty again");
    drop((properties, filter));
    host.end();
}

#[test]
fn a_swap_model_of_the_user_s_is_worn_and_one_that_is_gone_is_told() {
    let Some(host) = host!() else { return };
    let real = omote_engine::infer::models::data_dir().expect("a data folder");
    for folder in ["models", "lib"] {
        std::os::unix::fs::symlink(real.join(folder), host.folder().join(folder)).expect("a link");
    }
    // SAFETY: no other thread of this process reads the environment yet.
    unsafe { std::env::set_var("OMOTE_DATA", host.folder()) };
    let mut registry = Registry::open(host.folder()).expect("a list");
    for network in [StandIn::recogniser(), StandIn::cscs_256()] {
        let file = host.folder().join(format!("{}.onnx", network.name));
        std::fs::write(&file, network.bytes()).expect("a stand-in");
        let entry = check(&Runtime::portable(), &file, &Declared::default(), &mut |_| ());
        registry.add(entry.expect("a model")).expect("taken");
    }
    let model = StandIn::cscs_256().name;
    let stage = Stage::set(&host, (640, 360), BGRA, &[("persona", Value::Text("composite-1"))]);
    stage.filter.set(&[("model", Value::Text(model)), ("model_rate", Value::Text("10"))]);
    // A stand-in changes colours only: what it makes of the actor is too like the actor for the judge, so the status tells.
    let status = |what: &str| {
        let shown = stage.webcam.look((640, 360));
        assert!(shown.iter().all(|v| *v == 0) || badged(&shown, (640, 360)), "{what}");
        Properties::read(&stage.filter).words("status")
    };
    within(PATIENCE, "the model", || {
        let status = status("a model");
        status.contains(&format!("{model} on CPU: ")) && status.contains("Live")
    });
    stage.filter.set(&[("model", Value::Text("no-such-model"))]);
    within(PATIENCE, "the trouble", || status("no such model").contains("no model no-such-model"));
    assert!(status("no such model").contains("Live"), "the persona is worn all the while");
    stage.filter.set(&[("model", Value::Text(""))]);
    within(PATIENCE, "no model", || !status("no model").contains("model"));
    stage.strike(&host);
    host.end();
}

#[test]
fn the_delay_becomes_a_microphone_s_sync_offset() {
    let Some(host) = host!() else { return };
    let microphone = host.source(c"test_microphone", "Mic", &[]);
    let camera = camera(&host, "actor");
    let settings = [("microphone", Value::Text("Mic"))];
    camera.set(&settings);
    within(PATIENCE, "a delay", || {
        look(&camera);
        let properties = Properties::read(&camera);
        properties.click("sync");
        properties.words("sync_answer").contains("Mic")
    });
    let offset = (host.obs().obs_source_get_sync_offset)(microphone.0);
    eprintln!("sync offset: {} ms", offset / 1_000_000);
    assert!((1_000_000..1_000_000_000).contains(&offset), "{offset} ns");
    camera.show(false);
    (host.obs().obs_set_output_source)(0, std::ptr::null_mut());
    drop((camera, microphone));
    host.end();
}
