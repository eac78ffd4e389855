//! The plugin in the real OBS: a prepared scene, requests and screenshots over its websocket, the properties'
//! windows, and an orderly end.
//!
//! `cargo xtask obs` installs the plugin into a home of its own and runs this on a virtual display, in a network
//! namespace without any other machine in it, since OBS's websocket listens on every interface.

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test")]

use base64::Engine as _;
use omote_engine::actor::{Actor, ActorOptions};
use omote_engine::badge;
use omote_engine::frame::{Colour, Frame, PixelFormat};
use omote_engine::source::Rate;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

const PORT: u16 = 14455;
const SIZE: (u32, u32) = (640, 360);
/// The camera source, which films the actor at 1280x720.
const CAMERA: &str = "My camera";
const PATIENCE: Duration = Duration::from_secs(90);

/// The running program; killed if the test fails.
struct Obs {
    child: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    requests: u32,
    pictures: PathBuf,
}

impl Drop for Obs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Obs {
    fn start(home: &Path) -> Self {
        let runtime = home.join("run");
        fs::create_dir_all(&runtime).expect("a folder");
        let options = [
            "--multi",
            "--disable-updater",
            "--disable-missing-files-check",
            "--collection",
            "Test",
            "--profile",
            "Test",
            "--scene",
            "Scene",
        ];
        let said = |name: &str| fs::File::create(home.join(name)).expect("a file");
        let mut command = Command::new("obs");
        // The networks of this machine, unless the plugin's own are to be tried.
        if std::env::var_os("OMOTE_OBS_OWN_NETWORKS").is_none() {
            let data = omote_engine::infer::models::data_dir().expect("a data folder");
            command.env("OMOTE_DATA", data);
        }
        let child = command
            .args(options)
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("XDG_RUNTIME_DIR", &runtime)
            .env("QT_QPA_PLATFORM", "xcb")
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(said("stdout.txt"))
            .stderr(said("stderr.txt"))
            .spawn()
            .expect("obs starts");
        let begun = Instant::now();
        let socket = loop {
            match tungstenite::connect(format!("ws://127.0.0.1:{PORT}")) {
                Ok((socket, _)) => break socket,
                Err(e) if begun.elapsed() > PATIENCE => panic!("OBS's websocket does not answer: {e}"),
                Err(_) => std::thread::sleep(Duration::from_millis(300)),
            }
        };
        let mut obs = Self { child, socket, requests: 0, pictures: home.join("..") };
        assert_eq!(obs.hear()["op"], 0, "hello");
        obs.say(&json!({"op": 1, "d": {"rpcVersion": 1, "eventSubscriptions": 0}}));
        assert_eq!(obs.hear()["op"], 2, "identified");
        obs
    }

    fn say(&mut self, words: &Value) {
        self.socket.send(Message::text(words.to_string())).expect("sent");
    }

    fn hear(&mut self) -> Value {
        let words = self.socket.read().expect("an answer").into_text().expect("text");
        serde_json::from_str(&words).expect("JSON")
    }

    fn try_ask(&mut self, request: &str, data: &Value) -> Result<Value, String> {
        self.requests += 1;
        let id = self.requests.to_string();
        self.say(&json!({"op": 6, "d": {"requestType": request, "requestId": id, "requestData": data}}));
        loop {
            let mut heard = self.hear();
            let answer = heard["d"].take();
            if heard["op"] == 7 && answer["requestId"] == id {
                return match answer["requestStatus"]["result"] == true {
                    true => Ok(answer["responseData"].clone()),
                    false => Err(format!("{request}: {}", answer["requestStatus"])),
                };
            }
        }
    }

    fn ask(&mut self, request: &str, data: &Value) -> Value {
        self.try_ask(request, data).expect("the request is granted")
    }

    /// A request to the plugin.
    fn vendor(&mut self, request: &str, data: &Value) -> Value {
        let mut all = json!({"vendorName": "omote", "requestType": request});
        // An empty set is refused.
        if data.as_object().is_some_and(|data| !data.is_empty()) {
            all["requestData"] = data.clone();
        }
        self.ask("CallVendorRequest", &all)["responseData"].clone()
    }

    /// What a source looks like now, as RGBA.
    fn look(&mut self, source: &str) -> Option<image::RgbaImage> {
        // At its own size: pictures are compared pixel by pixel.
        let (w, h) = if source == CAMERA { (1280, 720) } else { SIZE };
        let data = json!({"sourceName": source, "imageFormat": "png", "imageWidth": w, "imageHeight": h});
        // A source without a picture has no screenshot.
        let answer = self.try_ask("GetSourceScreenshot", &data).ok()?;
        let text = answer["imageData"].as_str()?.split_once(',')?.1.to_owned();
        let png = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
        Some(image::load_from_memory(&png).ok()?.to_rgba8())
    }

    fn keep(&self, name: &str, picture: &image::RgbaImage) {
        picture.save(self.pictures.join(format!("{name}.png"))).expect("the picture is written");
    }

    /// The whole display, with OBS's windows.
    fn display(&self, name: &str) {
        let display = std::env::var("DISPLAY").expect("a display");
        let grabbed = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-f", "x11grab", "-video_size", "1920x1200", "-i", &display])
            .args(["-frames:v", "1"])
            .arg(self.pictures.join(format!("{name}.png")))
            .status();
        assert!(grabbed.expect("ffmpeg").success(), "the display can't be read");
    }
}

/// Waits until `so` gives something.
fn within<T>(what: &str, mut so: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = so() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn frame(picture: &image::RgbaImage) -> Frame {
    let rgb: Vec<u8> = picture.pixels().flat_map(|p| [p[0], p[1], p[2]]).collect();
    Frame::new(PixelFormat::Rgb, Colour::JPEG, picture.width(), picture.height(), rgb).expect("a frame")
}

fn empty(picture: &image::RgbaImage) -> bool {
    picture.pixels().all(|p| p[3] == 0 || p.0 == [0, 0, 0, 255])
}

fn badged(picture: &image::RgbaImage) -> bool {
    badge::read(&frame(picture)).is_some()
}

/// Mean difference of two pictures in a part of them, 0..=255.
fn difference(a: &image::RgbaImage, b: &image::RgbaImage, part: impl Fn(u32, u32) -> bool) -> f64 {
    let (mut sum, mut n) = (0u64, 0u64);
    for (x, y, p) in a.enumerate_pixels().filter(|(x, y, _)| part(*x, *y)) {
        sum += (0..3).map(|k| u64::from(p[k].abs_diff(b.get_pixel(x, y)[k]))).sum::<u64>();
        n += 3;
    }
    sum as f64 / n.max(1) as f64
}

/// The actor standing still, and the middle of their face.
fn actor() -> (image::RgbaImage, (u32, u32)) {
    let options =
        ActorOptions { still: true, noise: 0.0, ..ActorOptions::new(1, SIZE.0, SIZE.1, Rate::DEFAULT) };
    let filmed = Actor::with(options).expect("an actor").frame(0);
    let points = &filmed.faces[0].landmarks;
    let middle = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.x, y + p.y));
    let middle = (middle.0 / points.len() as f32, middle.1 / points.len() as f32);
    let rgb = filmed.frame.converted(PixelFormat::Rgb, Colour::JPEG).expect("RGB");
    let rgb = image::RgbImage::from_raw(SIZE.0, SIZE.1, rgb.data().to_vec()).expect("a picture");
    (image::DynamicImage::ImageRgb8(rgb).to_rgba8(), (middle.0 as u32, middle.1 as u32))
}

/// OBS's settings: a profile and a scene with both of the plugin's kinds.
fn prepare(home: &Path, photo: &Path) {
    let config = home.join(".config/obs-studio");
    let write = |path: &str, text: &str| {
        let path = config.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    };
    write(
        "global.ini",
        &format!(
            "[General]\nFirstRun=true\nLastVersion=486539266\nEnableAutoUpdates=false\n\n[Basic]\nProfile=Test\n\
             ProfileDir=Test\nSceneCollection=Test\nSceneCollectionFile=Test\n\n[BasicWindow]\n\
             SysTrayEnabled=false\n\n[OBSWebSocket]\nFirstLoad=false\nServerEnabled=true\nServerPort={PORT}\n\
             AuthRequired=false\nAlertsEnabled=false\n"
        ),
    );
    let (w, h) = SIZE;
    write(
        "basic/profiles/Test/basic.ini",
        &format!(
            "[General]\nName=Test\n\n[Video]\nBaseCX={w}\nBaseCY={h}\nOutputCX={w}\nOutputCY={h}\nFPSCommon=30\n\n\
             [Output]\nMode=Simple\n"
        ),
    );
    let item = |name: &str, id: u32, x: f64, scale: f64| {
        json!({"name": name, "id": id, "visible": true, "locked": false, "rot": 0.0, "align": 5,
            "pos": {"x": x, "y": 90.0}, "scale": {"x": scale, "y": scale}, "bounds_type": 0})
    };
    let scene = json!({
        "name": "Test", "current_scene": "Scene", "current_program_scene": "Scene",
        "scene_order": [{"name": "Scene"}], "groups": [], "transitions": [], "current_transition": "Cut",
        "sources": [
            {"id": "image_source", "versioned_id": "image_source", "name": "Photo",
                "settings": {"file": photo}, "filters": [
                    {"id": "omote_face_filter", "versioned_id": "omote_face_filter", "name": "Face",
                        "enabled": true, "settings": {"backend": "cpu"}}]},
            {"id": "omote_camera", "versioned_id": "omote_camera", "name": CAMERA,
                "settings": {"camera": "actor", "backend": "cpu", "persona": "composite-2"}},
            {"id": "scene", "versioned_id": "scene", "name": "Scene", "settings": {
                "id_counter": 2, "custom_size": false,
                "items": [item("Photo", 1, 0.0, 0.5), item(CAMERA, 2, 320.0, 0.25)]}},
        ],
    });
    write("basic/scenes/Test.json", &scene.to_string());
}

/// Whether a window of this title is there. It is made large and put into a corner, to be looked at.
fn window(title: &str) -> bool {
    let found = Command::new("xdotool").args(["search", "--onlyvisible", "--name", title]).output();
    let found = found.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let Some(id) = found.lines().next() else { return false };
    let moved = Command::new("xdotool")
        .args(["windowsize", id, "1000", "1190", "windowmove", id, "900", "0"])
        .status();
    moved.is_ok_and(|status| status.success())
}

/// Goes to the end of the properties in the window that was opened last, by the mouse's wheel over their labels.
fn scroll_down() {
    let moved = Command::new("xdotool")
        .args(["mousemove", "1780", "1000", "click", "--repeat", "60", "--delay", "10", "5"])
        .status();
    assert!(moved.is_ok_and(|status| status.success()), "xdotool");
    std::thread::sleep(Duration::from_secs(1));
}

#[test]
fn filter_and_camera_are_on_the_air_in_obs() {
    let Some(home) = std::env::var_os("OMOTE_OBS_HOME").map(PathBuf::from) else {
        assert!(std::env::var_os("REQUIRE_OBS").is_none(), "REQUIRE_OBS is set, but OMOTE_OBS_HOME is not");
        eprintln!("SKIPPED: OMOTE_OBS_HOME is not set. `cargo xtask obs` runs this test.");
        return;
    };
    let (photo, middle) = actor();
    let file = home.join("photo.png");
    photo.save(&file).expect("the photo is written");
    prepare(&home, &file);
    let mut obs = Obs::start(&home);
    let version = obs.ask("GetVersion", &json!({}));
    eprintln!("OBS {}, websocket {}", version["obsVersion"], version["obsWebSocketVersion"]);

    let kinds = obs.ask("GetInputKindList", &json!({})).to_string();
    assert!(kinds.contains("\"omote_camera\""), "{kinds}");
    let filters = obs.ask("GetSourceFilterList", &json!({"sourceName": "Photo"})).to_string();
    assert!(filters.contains("\"omote_face_filter\""), "{filters}");
    let defaults =
        obs.ask("GetSourceFilterDefaultSettings", &json!({"filterKind": "omote_face_filter"})).to_string();
    assert!(defaults.contains("\"nothing_until_ready\":true"), "{defaults}");

    // The filter: nothing, then another face, and the badge. Never the photo.
    let near = |x: u32, y: u32| x.abs_diff(middle.0) < 40 && y.abs_diff(middle.1) < 40;
    // The badge stands in the middle columns.
    let far = |x: u32, y: u32| (y > 60 && x < 120) || (y > 320 && x.abs_diff(SIZE.0 / 2) > SIZE.0 / 6);
    let worn = within("the worn face", || {
        let shown = obs.look("Photo")?;
        if empty(&shown) {
            return None;
        }
        assert!(badged(&shown), "a picture without the badge");
        // On a busy machine the card may be there for a moment.
        (difference(&shown, &photo, near) > 8.0 && difference(&shown, &photo, far) < 20.0).then_some(shown)
    });
    obs.keep("filter", &worn);
    let off = difference(&worn, &photo, far);
    eprintln!("away from face and badge the screenshot differs by {off:.2} of 255");
    assert!(off < 1.0, "{off}");

    // The camera.
    let camera = within("the camera's picture", || {
        let shown = obs.look(CAMERA).filter(|shown| !empty(shown))?;
        assert!(badged(&shown), "a picture without the badge");
        let status = obs.vendor("status", &json!({"source": CAMERA}));
        (status["state"] == "live").then_some(shown)
    });
    obs.keep("camera", &camera);
    obs.display("window");

    // Requests.
    let personas = obs.vendor("personas", &json!({}));
    assert!(personas["personas"].as_str().is_some_and(|names| names.lines().count() >= 3), "{personas}");
    assert_eq!(obs.vendor("wear", &json!({"source": "Face", "persona": "composite-2"}))["ok"], true);
    assert_eq!(obs.vendor("wear", &json!({"source": "Face", "persona": "nobody"}))["ok"], false);
    assert_eq!(obs.vendor("card", &json!({"source": "Nobody's", "on": true}))["ok"], false);
    assert_eq!(obs.vendor("card", &json!({"source": "Face", "on": true}))["ok"], true);
    let card = within("the card", || {
        let shown = obs.look("Photo")?;
        assert!(badged(&shown), "a picture without the badge");
        (difference(&shown, &photo, far) > 20.0).then_some(shown)
    });
    obs.keep("card", &card);
    obs.vendor("card", &json!({"source": "Face", "on": false}));
    let changed = within("the other persona", || {
        let shown = obs.look("Photo")?;
        assert!(badged(&shown), "a picture without the badge");
        (difference(&shown, &worn, near) > 4.0 && difference(&shown, &photo, far) < 1.0).then_some(shown)
    });
    obs.keep("filter-2", &changed);
    eprintln!("status: {}", obs.vendor("status", &json!({"source": "Face"})));

    // Windows.
    obs.ask("OpenInputPropertiesDialog", &json!({"inputName": CAMERA}));
    within("the camera's properties", || window("Properties for").then_some(()));
    std::thread::sleep(Duration::from_secs(2));
    obs.display("properties");
    scroll_down();
    obs.display("properties-end");
    obs.ask("OpenInputFiltersDialog", &json!({"inputName": "Photo"}));
    within("the filters' window", || window("Filters for").then_some(()));
    std::thread::sleep(Duration::from_secs(2));
    obs.display("filters");
    scroll_down();
    obs.display("filters-end");
    let stats = obs.ask("GetStats", &json!({}));
    eprintln!("stats: {stats}");

    // The end.
    let pid = Pid::from_child(&obs.child);
    kill_process(pid, Signal::INT).expect("OBS can be ended");
    let status = within("the end of OBS", || obs.child.try_wait().expect("a child"));
    assert_eq!(status.code(), Some(0), "OBS ends with {status}");
    let logs = fs::read_dir(home.join(".config/obs-studio/logs")).expect("logs");
    let log: String =
        logs.flatten().map(|entry| fs::read_to_string(entry.path()).unwrap_or_default()).collect();
    for words in ["(omote_camera)", "omote_face_filter", "vendor omote"] {
        assert!(log.contains(words), "OBS's log does not tell of {words}:\n{log}");
    }
    let leaks: Vec<&str> = log.lines().filter(|line| line.contains("memory leaks")).collect();
    eprintln!("{leaks:?}");
    let count = leaks.iter().filter_map(|line| line.rsplit(' ').next()?.trim().parse::<u32>().ok()).max();
    // One is Debian's own.
    assert!(count.is_some_and(|n| n <= 1), "{leaks:?}");
}
