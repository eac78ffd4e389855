//! The window under a virtual display, driven by keyboard and mouse: each thing that is done must show in the
//! state that the program writes.

mod drive;
mod swap;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::packages::{TEST_SETUP, on_path};
use crate::steps::Steps;
use crate::{build_all, data_folder, root};
use drive::{Driven, Folders, until};

/// Runs the step; where there is no display to be had it is skipped, and says so.
pub(crate) fn run(steps: &mut Steps) {
    let missing: Vec<&str> = ["Xvfb", "xdotool"].into_iter().filter(|program| !on_path(program)).collect();
    if !missing.is_empty() {
        return steps.skip("window", format!("no {} (`{TEST_SETUP}` installs it)", missing.join(", no ")));
    }
    steps.check("window", || test().map_err(|error| format!("{error:#}")));
}

/// The verdict: what was done.
fn test() -> anyhow::Result<String> {
    let status = build_all(&[]).status().context("cargo can't be run")?;
    ensure!(status.success(), "the program does not build");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let target = std::path::absolute(target)?;
    let here = target.join("omote-window-test");
    if here.exists() {
        fs::remove_dir_all(&here).with_context(|| format!("can't remove {}", here.display()))?;
    }
    let networks = data_folder().context("no home folder")?;
    let folders = Folders::new(&here, &networks)?;
    let settings = folders.config.join("omote/window.toml");
    fs::create_dir_all(folders.config.join("omote"))?;
    fs::write(&settings, "persona = \"oni")?;
    let program = target.join("debug").join(format!("omote{}", std::env::consts::EXE_SUFFIX));
    let names = names(&program, &folders)?;
    swap::prepare(&program, &folders, &here)?;
    let mut window = Driven::start(&program, &folders, &here)?;

    starts(&mut window, &settings)?;
    keyboard(&mut window, &names)?;
    files(&mut window)?;
    mouse(&mut window, &names)?;
    virtual_camera(&mut window)?;
    swap::check(&mut window, &here)?;
    typing(&mut window, &here)?;
    sizes(&mut window)?;
    kept(&mut window, &settings)?;
    let parts = "keys, gallery, sliders, snapshot, recording, dialog, virtual camera, swap model, sizes";
    Ok(format!("{parts}, damaged settings"))
}

/// The personas in the gallery's order.
fn names(program: &Path, folders: &Folders) -> anyhow::Result<Vec<String>> {
    let mut list = Command::new(program);
    let output = list.args(["persona", "list"]).env("OMOTE_DATA", &folders.data).output()?;
    ensure!(output.status.success(), "the personas can't be listed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let names: Vec<String> = text
        .lines()
        .filter(|line| line.contains("(built in") || line.contains("(your own"))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect();
    ensure!(names.len() >= 9, "only {} personas are built in, and nine keys are to be tried", names.len());
    Ok(names)
}

fn is(state: &Value, key: &str, value: impl Into<Value>) -> bool {
    state.get(key) == Some(&value.into())
}

fn count(state: &Value, key: &str) -> usize {
    state.get(key).and_then(Value::as_array).map_or(0, Vec::len)
}

/// A damaged settings file is set aside and told of, and pictures come all the same.
fn starts(window: &mut Driven, settings: &Path) -> anyhow::Result<()> {
    let state = window.wait("the live picture", |s| is(s, "state", "live") && is(s, "picture", true))?;
    let told = state["messages"].to_string();
    ensure!(told.contains("could not be read"), "the damaged settings are not told of: {told}");
    let aside = settings.with_extension("toml.damaged");
    ensure!(aside.exists(), "the damaged settings are not set aside");
    ensure!(is(&state, "persona", "ko-omote"), "the default persona is not worn");
    Ok(())
}

fn keyboard(window: &mut Driven, names: &[String]) -> anyhow::Result<()> {
    // Every persona must be loaded before its key can put it on.
    // The first one is worn already: the others come first.
    for (key, name) in names.iter().enumerate().take(9).rev().map(|(i, name)| (i + 1, name)) {
        window.wait("the gallery", |s| {
            s["loaded"].as_array().is_some_and(|l| l.contains(&Value::from(name.as_str())))
        })?;
        window.press(&key.to_string())?;
        window.wait(&format!("{name} by {key}"), |s| is(s, "persona", name.as_str()))?;
    }
    window.press("0")?;
    window.wait("the card by 0", |s| is(s, "paused", true) && is(s, "state", "card"))?;
    window.press("space")?;
    window.wait("the picture by Space", |s| is(s, "paused", false) && is(s, "state", "live"))?;
    window.press("space")?;
    window.wait("the card by Space", |s| is(s, "paused", true) && is(s, "state", "card"))?;
    window.press("space")?;
    window.wait("the picture again", |s| is(s, "paused", false) && is(s, "state", "live"))?;
    for (key, what) in [("h", "panel_hidden"), ("f", "full_screen")] {
        for on in [true, false] {
            window.press(key)?;
            window.wait(&format!("{what} {on} by {key}"), |s| is(s, what, on))?;
        }
    }
    window.press("f")?;
    window.wait("full screen", |s| is(s, "full_screen", true))?;
    window.press("Escape")?;
    window.wait("no full screen by Esc", |s| is(s, "full_screen", false))?;
    for key in ["question", "F1"] {
        window.press(key)?;
        window.wait(&format!("the help by {key}"), |s| is(s, "help", true))?;
        window.press("Escape")?;
        window.wait("no help by Esc", |s| is(s, "help", false))?;
    }
    window.xdotool(&["keydown", "m"])?;
    window.wait("the mesh while M is held", |s| is(s, "mesh", true))?;
    window.xdotool(&["keyup", "m"])?;
    window.wait("no mesh when M is let go", |s| is(s, "mesh", false))?;
    Ok(())
}

/// Snapshot and recording: files that are there and whole.
fn files(window: &mut Driven) -> anyhow::Result<()> {
    window.press("s")?;
    let state = window.wait("a snapshot by S", |s| count(s, "snapshots") == 1)?;
    let path = state["snapshots"][0].as_str().context("the snapshot has no path")?;
    let png = fs::read(path).with_context(|| format!("the snapshot {path} can't be read"))?;
    ensure!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "{path} is no PNG");
    let side = |at: usize| png.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    ensure!((side(16), side(20)) == (1280, 720), "{path} has {}x{} pixels", side(16), side(20));
    window.press("r")?;
    if !on_path("ffmpeg") {
        eprintln!("  skipped: no ffmpeg, so no recording (Debian: apt-get install ffmpeg)");
        window.wait("a word on ffmpeg", |s| s["messages"].to_string().contains("ffmpeg"))?;
        return Ok(());
    }
    window.wait("a recording by R", |s| is(s, "recording", true))?;
    window.press("r")?;
    let state = window
        .wait("the recording's file by R", |s| is(s, "recording", false) && (count(s, "recordings") == 1))?;
    let path = state["recordings"][0].as_str().context("the recording has no path")?;
    let video = fs::read(path).with_context(|| format!("the recording {path} can't be read"))?;
    ensure!(video.get(4..8) == Some(b"ftyp"), "{path} is no MP4");
    Ok(())
}

fn mouse(window: &mut Driven, names: &[String]) -> anyhow::Result<()> {
    let name = names.get(2).context("too few personas")?;
    window.click(&format!("persona-{name}"))?;
    window.wait("the persona that was clicked", |s| is(s, "persona", name.as_str()))?;
    let eyes = |s: &Value| s["sliders"][1].as_f64().unwrap_or(-1.0);
    window.point("slider-eyes", 0.05)?;
    window.xdotool(&["mousedown", "1"])?;
    window.point("slider-eyes", 0.6)?;
    window.wait("the eyes while the slider is dragged", |s| (eyes(s) - 0.6).abs() < 0.03)?;
    window.xdotool(&["mouseup", "1"])?;
    window.point("slider-eyes", 0.3)?;
    // On a busy machine two clicks may be too far apart for the window to be one double click.
    window.until("the slider at rest by a double click", |window| {
        window.xdotool(&["click", "--repeat", "2", "--delay", "60", "1"])?;
        window.soon(|s| eyes(s) == 0.0)
    })?;
    // Opacity can't be moved while the level is `protect`.
    let opacity = |s: &Value| s["sliders"][0].as_f64().unwrap_or(-1.0);
    window.click("slider-opacity")?;
    window.click("choice-privacy-1")?;
    let state = window.wait("the level relaxed", |s| is(s, "privacy", "relaxed"))?;
    ensure!(opacity(&state) == 1.0, "opacity moved at level protect");
    window.click("slider-opacity")?;
    window.wait("the opacity at level relaxed", |s| (opacity(s) - 0.5).abs() < 0.03)?;
    window.click("choice-privacy-0")?;
    window.wait("the level protect", |s| is(s, "privacy", "protect"))?;
    for (target, corner) in [("choice-badge-bottom-0", "bottom-left"), ("choice-badge-top-1", "top-right")] {
        window.click(target)?;
        window.wait(&format!("the badge at the {corner}"), |s| is(s, "corner", corner))?;
    }
    Ok(())
}

/// Without a device the switch says why, and what to do; with one it goes on.
fn virtual_camera(window: &mut Driven) -> anyhow::Result<()> {
    window.click("choice-virtual-kind-1")?;
    window.wait("v4l2loopback chosen", |s| is(s, "virtual_kind", "v4l2"))?;
    window.click("switch-virtual-camera")?;
    let state = window.wait("the virtual camera's answer", |s| {
        is(s, "virtual_camera", "failed") || is(s, "virtual_camera", "on")
    })?;
    if is(&state, "virtual_camera", "on") {
        eprintln!("  there is a v4l2loopback device here: the error for none was not seen");
        window.click("switch-virtual-camera")?;
        window.wait("the virtual camera off", |s| is(s, "virtual_camera", "off"))?;
        return Ok(());
    }
    let told = state["virtual_camera_fault"].as_str().unwrap_or_default();
    ensure!(told.contains("v4l2loopback"), "the fault names no remedy: {told}");
    Ok(())
}

/// While a text is typed no key acts; the dialog refuses what is no photo; a photo becomes a persona.
fn typing(window: &mut Driven, here: &Path) -> anyhow::Result<()> {
    let before = window.wait("the window", |_| true)?;
    window.click("add-photo")?;
    window.wait("the dialog", |s| is(s, "import", true))?;
    let junk = here.join("no-photo.png");
    fs::write(&junk, "this is no picture")?;
    let junk = junk.display().to_string();
    let enter = |window: &mut Driven, field: &str, place: usize, text: &str| -> anyhow::Result<()> {
        let before = window.wait("the dialog", |s| is(s, "import", true))?["focus"].clone();
        window.click(field)?;
        window.wait(&format!("the focus on {field}"), |s| s["focus"].is_string() && s["focus"] != before)?;
        window.xdotool(&["key", "ctrl+a"])?;
        window.xdotool(&["type", "--delay", "15", text])?;
        window.wait(&format!("the text in {field}"), |s| s["typed"][place] == text).map(|_| ())
    };
    enter(window, "field-photo", 0, &junk)?;
    enter(window, "field-title", 1, "hm 0123456789 srf")?;
    window.click("class-fictional")?;
    enter(window, "field-how", 2, "by a test")?;
    window.click("answers")?;
    window.wait("a complete form", |s| s["missing"].is_null())?;
    window.click("button-make")?;
    let state = window.wait("the refusal", |s| s["refusal"].is_string())?;
    let told = state["refusal"].as_str().unwrap_or_default();
    ensure!(told.contains("is no picture"), "the refusal does not say why: {told}");
    for key in ["persona", "paused", "panel_hidden", "full_screen", "recording", "snapshots", "mesh"] {
        ensure!(state[key] == before[key], "typing changed {key}");
    }
    // The actor in a photo-like persona is a face that the dialog takes.
    let snapshot = before["snapshots"][0].as_str().unwrap_or_default().to_owned();
    enter(window, "field-photo", 0, &snapshot)?;
    enter(window, "field-title", 1, "test face")?;
    window.click("button-make")?;
    let over = |s: &Value| {
        is(s, "import", false) || s["refusal"].as_str().is_some_and(|r| !r.contains("is no picture"))
    };
    let mut done = window.wait("the new persona, or why not", over)?;
    if is(&done, "import", true) {
        // It may have been taken while the actor looked aside: then the user may say that it is good enough.
        window.click("anyway")?;
        window.click("button-make")?;
        done = window.wait("the new persona", |s| is(s, "import", false))?;
    }
    ensure!(is(&done, "import", false), "the photo was refused: {}", done["refusal"]);
    window.wait("the new persona in the gallery", |s| {
        s["loaded"].as_array().is_some_and(|l| l.contains(&Value::from("test-face")))
    })?;
    Ok(())
}

fn sizes(window: &mut Driven) -> anyhow::Result<()> {
    for (width, height) in [(800, 500), (1900, 1180), (1280, 800)] {
        window.resize(width, height)?;
        let wanted = Value::from(vec![width, height]);
        let state = window.wait(&format!("the size {width}x{height}"), |s| s["window"] == wanted)?;
        let place = &state["targets"]["preview"];
        let at = |i: usize| place[i].as_i64().unwrap_or(-1);
        let inside = at(0) >= 0
            && at(1) >= 0
            && at(0) + at(2) <= i64::from(width)
            && at(1) + at(3) <= i64::from(height);
        ensure!(inside && at(2) >= 300, "at {width}x{height} the preview is at {place}");
    }
    Ok(())
}

/// What was chosen is in the settings file.
fn kept(window: &mut Driven, settings: &Path) -> anyhow::Result<()> {
    window.press("2")?;
    let state = window.wait("a persona", |s| !is(s, "persona", ""))?;
    let persona = state["persona"].as_str().unwrap_or_default().to_owned();
    until("the settings file", || {
        let text = fs::read_to_string(settings).ok()?;
        text.contains(&format!("persona = \"{persona}\"")).then_some(())
    })
}
