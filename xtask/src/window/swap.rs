//! A swap model in the window: a stand-in for one, since real ones are the user's own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::drive::{Driven, Folders};
use super::is;
use crate::packages::on_path;
use crate::target_folder;

/// The stand-in's name; long, so that the panel must shorten it.
const MODEL: &str = "hyperswap_256_of_a_test";
/// What is worn below it: a model wants a face, and not paint.
const PERSONA: &str = "composite-1";

/// Writes a recogniser and a swap model, and adds them as a user would.
pub(super) fn prepare(program: &Path, folders: &Folders, here: &Path) -> anyhow::Result<()> {
    let own = here.join("own models");
    fs::create_dir_all(&own)?;
    let writer =
        target_folder()?.join("debug/examples").join(format!("stand_in{}", std::env::consts::EXE_SUFFIX));
    for (family, name) in [("recogniser", "recogniser"), ("hyperswap_256", MODEL)] {
        let file = own.join(format!("{name}.onnx"));
        let status =
            Command::new(&writer).arg(family).arg(&file).status().context("stand_in can't be run")?;
        ensure!(status.success(), "the stand-in {family} can't be written");
        let mut add = Command::new(program);
        let output = add.args(["models", "add"]).arg(&file).arg("--data").arg(&folders.data).output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`omote models add` refuses the stand-in {family}: {}", told.trim());
    }
    Ok(())
}

/// The model is chosen by its key, works, is limited by the panel, and is taken off again.
pub(super) fn check(window: &mut Driven, here: &Path) -> anyhow::Result<()> {
    let state = window.wait("the list of models", |s| s["models"] == Value::from(vec![MODEL]))?;
    ensure!(is(&state, "model_state", "off"), "a model is worn that nobody chose");
    window.click(&format!("persona-{PERSONA}"))?;
    window.wait(PERSONA, |s| is(s, "persona", PERSONA))?;
    window.press("n")?;
    // Where it fails, that is told at once.
    let runs = |s: &Value| is(s, "model_state", "running") && is(s, "model_drawn", true);
    let ended = |s: &Value| runs(s) || is(s, "model_state", "failed");
    let works = |window: &mut Driven, what: &str| -> anyhow::Result<()> {
        let state = window.wait(what, |s| is(s, "model", MODEL) && ended(s))?;
        ensure!(runs(&state), "{what}: the model failed: {}", state["model_fault"]);
        Ok(())
    };
    works(window, "the model by N")?;
    // Its limit: the model is loaded anew with it.
    window.click("choice-model-rate-2")?;
    window.wait("the limit of the rate", |s| is(s, "model_rate", 10))?;
    works(window, "the model with a limit")?;
    window.point("swap-model", 0.9)?;
    window.picture(&here.join("swap-model.png"))?;
    window.point("latency-model", 0.5)?;
    window.picture(&here.join("swap-model-latency.png"))?;
    window.press("n")?;
    window.wait("no model by N", |s| is(s, "model", "") && is(s, "model_state", "off"))?;
    // By the pointer, with a persona that is paint: the model wants a face, and the panel says so.
    window.click("persona-ko-omote")?;
    window.wait("ko-omote", |s| is(s, "persona", "ko-omote"))?;
    window.click("swap-model")?;
    window.click(&format!("model-{MODEL}"))?;
    let state = window
        .wait("the model's refusal of paint", |s| is(s, "model", MODEL) && is(s, "model_state", "failed"))?;
    let told = state["model_fault"].as_str().unwrap_or_default();
    ensure!(told.contains("paint"), "the fault does not say that the persona is paint: {told}");
    window.picture(&here.join("swap-model-refused.png"))?;
    // Another persona, and it works. What failed before may still be told for a moment.
    window.click(&format!("persona-{PERSONA}"))?;
    window.wait("the model with another persona", |s| is(s, "persona", PERSONA) && runs(s)).map(|_| ())
}

impl Driven {
    /// Keeps a picture of the window, to be looked at. It is no part of the test: without ffmpeg there is none.
    fn picture(&self, file: &Path) -> anyhow::Result<()> {
        if !on_path("ffmpeg") {
            return Ok(());
        }
        // What was done last is drawn by then.
        std::thread::sleep(Duration::from_secs(1));
        let size = self.state().map(|state| state["window"].clone()).unwrap_or_default();
        let size = format!("{}x{}", size[0], size[1]);
        let mut take = Command::new("ffmpeg");
        take.args(["-loglevel", "error", "-y", "-f", "x11grab", "-video_size", &size, "-i", self.display()]);
        let output = take.args(["-frames:v", "1"]).arg(file).output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "no picture of the window: {}", told.trim());
        Ok(())
    }
}
