//! The window's end, under a virtual display.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::terminal::{LONG, TestFolder, log, names};
use crate::whole;

/// A child that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A display of its own and its name.
fn display() -> Option<(Ended, String)> {
    let there = |program: &str| Command::new(program).arg("-help").output().is_ok();
    if !there("Xvfb") || !there("xdotool") {
        println!("skipped: no Xvfb or no xdotool (Debian: apt-get install xvfb xdotool)");
        return None;
    }
    let mut server = Command::new("Xvfb");
    server.args(["-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset"]);
    let mut server = Ended(server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut number = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut number).unwrap();
    Some((server, format!(":{}", number.trim())))
}

struct Window {
    program: Ended,
    _server: Ended,
    display: String,
}

impl Window {
    fn open(place: &TestFolder, (server, display): (Ended, String)) -> Self {
        let config = place.path("data/config");
        // What an earlier window of this test said is no news of this one.
        let _ = std::fs::remove_file(place.path("data/state.json"));
        std::fs::create_dir_all(config.join("omote")).unwrap();
        std::fs::write(config.join("omote/window.toml"), "source = \"actor\"\n").unwrap();
        let videos = place.path("videos");
        std::fs::create_dir_all(&videos).unwrap();
        let dirs = format!("XDG_PICTURES_DIR=\"{0}\"\nXDG_VIDEOS_DIR=\"{0}\"\n", videos.display());
        std::fs::write(config.join("user-dirs.dirs"), dirs).unwrap();
        let mut program = place.omote();
        program
            .arg("--dump-state")
            .arg(place.path("data/state.json"))
            .env("DISPLAY", &display)
            .env_remove("WAYLAND_DISPLAY")
            .env("XDG_CONFIG_HOME", config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log(&place.path("data/window.log")));
        let program = Ended(program.spawn().unwrap());
        Self { program, _server: server, display }
    }

    fn xdotool(&self, words: &[&str]) -> Option<String> {
        let done = Command::new("xdotool").args(words).env("DISPLAY", &self.display).output().unwrap();
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
    }

    /// Waits for the window's state to be as wanted; `work` is done before every look.
    fn until(
        &mut self,
        place: &TestFolder,
        what: &str,
        mut work: impl FnMut(&Self),
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let begun = Instant::now();
        loop {
            work(self);
            let state = std::fs::read(place.path("data/state.json")).ok();
            let state: Option<Value> = state.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            if let Some(state) = state.clone().filter(&wanted) {
                return state;
            }
            let log = || std::fs::read_to_string(place.path("data/window.log")).unwrap_or_default();
            assert!(self.program.0.try_wait().unwrap().is_none(), "it ended before {what}: {}", log());
            assert!(begun.elapsed() < LONG, "{what} did not come: {state:?} {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Presses the key for a recording as soon as the window shows, and waits for what is recorded.
    fn record(&mut self, place: &TestFolder) {
        let begun = Instant::now();
        let window = loop {
            let found = self.xdotool(&["search", "--onlyvisible", "--name", "^Omote$"]);
            if let Some(window) = found.as_deref().and_then(|found| found.lines().next()) {
                break window.to_owned();
            }
            assert!(begun.elapsed() < LONG, "the window does not show");
            std::thread::sleep(Duration::from_millis(100));
        };
        self.xdotool(&["windowfocus", "--sync", &window]);
        self.until(place, "the window's first picture", |_| (), |s| s["state"].is_string());
        self.xdotool(&["key", "r"]);
        self.until(place, "the recording", |_| (), |s| s["recording"] == true);
        // Some pictures are on the disk.
        let begun = Instant::now();
        let written = || {
            let files = std::fs::read_dir(place.path("videos/Omote")).into_iter().flatten().flatten();
            files.filter_map(|file| file.metadata().ok()).any(|about| about.len() > 20_000)
        };
        while !written() {
            assert!(begun.elapsed() < LONG, "nothing is recorded");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn ends(&mut self, why: &str) -> std::process::ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.program.0.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < LONG, "the window does not end: {why}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// SIGTERM, Ctrl-C's signal, a closed terminal, and the cross: the recording that runs is completed under its name.
#[test]
fn every_way_of_closing_the_window_completes_its_recording() {
    let Some(place) = TestFolder::new() else { return };
    for way in ["TERM", "INT", "HUP", "cross", "key and cross"] {
        let Some(display) = display() else { return };
        let mut window = Window::open(&place, display);
        window.record(&place);
        let pid = Pid::from_raw(window.program.0.id() as i32).unwrap();
        match way {
            "TERM" => kill_process(pid, Signal::TERM).unwrap(),
            "INT" => kill_process(pid, Signal::INT).unwrap(),
            "HUP" => kill_process(pid, Signal::HUP).unwrap(),
            _ => {
                // The recording may be on its way to its file when the window goes.
                if way != "cross" {
                    window.xdotool(&["key", "r"]);
                    std::thread::sleep(Duration::from_millis(60));
                }
                let found = window.xdotool(&["search", "--onlyvisible", "--name", "^Omote$"]).unwrap();
                close(&window.display, found.lines().next().unwrap().parse().unwrap());
            }
        }
        let status = window.ends(way);
        let log = std::fs::read_to_string(place.path("data/window.log")).unwrap();
        let videos = place.path("videos/Omote");
        let files = names(&videos);
        assert_eq!(status.code(), Some(0), "{way}: {log}");
        assert_eq!(files.len(), 1, "{way}: {files:?} {log}");
        assert!(files[0].starts_with("omote-") && !files[0].contains("part"), "{way}: {files:?}");
        assert!(whole(&videos.join(&files[0])) > 5, "{way}: {files:?}");
        std::fs::remove_dir_all(&videos).unwrap();
        assert!(names(&place.path("data/unfinished")).is_empty());
    }
}

/// A killed window's recording is offered at the next start, and kept by a button.
#[test]
fn a_killed_windows_recording_is_offered_and_kept() {
    let Some(place) = TestFolder::new() else { return };
    let Some(first) = display() else { return };
    let mut window = Window::open(&place, first);
    window.record(&place);
    let pid = Pid::from_raw(window.program.0.id() as i32).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    window.ends("at the end");
    let Some(second) = display() else { return };
    let mut window = Window::open(&place, second);
    let key = "button-left-over-keep";
    let offer = window.until(
        &place,
        "the offer",
        |_| (),
        |s| s["left_over"].is_string() && s["still"] == true && s["targets"][key].is_array(),
    );
    assert!(offer["left_over"].as_str().unwrap().contains("cut off after"), "{}", offer["left_over"]);
    let found = window.xdotool(&["search", "--onlyvisible", "--name", "^Omote$"]).unwrap();
    let found = found.lines().next().unwrap().to_owned();
    let at = |i: usize| offer["targets"][key][i].as_i64().unwrap();
    let (x, y) = ((at(0) + at(2) / 2).to_string(), (at(1) + at(3) / 2).to_string());
    window.xdotool(&["windowfocus", "--sync", &found]);
    let click = |window: &Window| {
        window.xdotool(&["mousemove", "--sync", "--window", &found, &x, &y]);
        window.xdotool(&["click", "1"]);
        std::thread::sleep(Duration::from_millis(400));
    };
    let state = window.until(&place, "the recording that was kept", click, |s| {
        s["recordings"].as_array().is_some_and(|r| r.len() == 1)
    });
    assert!(state["left_over"].is_null());
    let path = state["recordings"][0].as_str().unwrap().to_owned();
    assert!(whole(path.as_ref()) > 5);
    assert_eq!(names(&place.path("videos/Omote")).len(), 1);
}

/// Asks a window to close, as the cross in its frame does.
fn close(display: &str, window: u32) {
    use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt, EventMask};
    let (connection, _) = x11rb::connect(Some(display)).unwrap();
    let atom = |name: &str| connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom;
    let what = [atom("WM_DELETE_WINDOW"), 0, 0, 0, 0];
    let message = ClientMessageEvent::new(32, window, atom("WM_PROTOCOLS"), what);
    connection.send_event(false, window, EventMask::NO_EVENT, message).unwrap();
    // A connection that is closed at once may take its last request with it: wait for an answer to a later one.
    connection.get_input_focus().unwrap().reply().unwrap();
}
