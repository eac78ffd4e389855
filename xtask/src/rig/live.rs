//! `omote live` on real devices: from the test camera and from an MJPEG camera into v4l2loopback, with readers
//! that come and go and a camera that is unplugged.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::inside::{CAMERA, InsideArgs, MJPEG, plug};
use crate::process::Running;

const OUTPUT: &str = "/dev/video1";
const SOON: Duration = Duration::from_secs(150);

fn checked<T>(result: Result<T, String>) -> Result<T> {
    result.map_err(anyhow::Error::msg)
}

/// `omote live` without a window, into the virtual camera.
fn live(args: &InsideArgs, camera: &str, size: &str, words: &[&str]) -> Result<Running> {
    let mut command = Command::new(&args.omote);
    command.args([
        "live",
        "--no-window",
        "--backend",
        "cpu",
        "--fps",
        "30",
        "--camera",
        camera,
        "--size",
        size,
    ]);
    command.args(["--virtual-camera", &format!("v4l2:{OUTPUT}")]).args(words);
    checked(Running::start("omote live", &mut command))
}

/// Reads frames from the virtual camera, and checks the badge in each; what the check said.
fn read_checked(args: &InsideArgs, count: u32, size: &str, like: Option<&PathBuf>) -> Result<String> {
    let to = std::env::temp_dir().join("live.raw");
    // Left over from the last check, or not there.
    let _ = fs::remove_file(&to);
    let mut reader = Command::new("v4l2-ctl");
    reader.args(["-d", OUTPUT, "--stream-mmap=4", &format!("--stream-count={count}")]);
    checked(
        checked(Running::start("the reader", reader.arg(format!("--stream-to={}", to.display()))))?.end(SOON),
    )?;
    let mut check = Command::new(args.examples.join("badge_frames"));
    check.arg(&to).args(["--size", size]);
    if let Some(like) = like {
        check.arg("--like").arg(like);
    }
    let said = checked(checked(Running::start("badge_frames", &mut check))?.end(SOON))?;
    ensure!(said.contains(&format!("{count} frames, {count} with the badge")), "{said}");
    Ok(said.trim().to_owned())
}

/// What the virtual camera says of itself.
fn format() -> Result<String> {
    let out = Command::new("v4l2-ctl").args(["-d", OUTPUT, "--get-fmt-video", "--get-parm"]).output()?;
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// Makes the test camera show one still picture, and keeps it.
fn still(size: (u32, u32)) -> Result<PathBuf> {
    let picture = std::env::temp_dir().join("still.raw");
    let mode = format!("--set-fmt-video=width={},height={},pixelformat=YUYV", size.0, size.1);
    let done = Command::new("v4l2-ctl")
        .args(["-d", CAMERA, "--set-ctrl=osd_text_mode=2,test_pattern=0", &mode, "--set-parm=30"])
        .args(["--stream-mmap", "--stream-count=1", &format!("--stream-to={}", picture.display())])
        .output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(picture)
}

/// Camera pictures without a face pass byte for byte but for the badge (`relaxed`); readers come and go. On a
/// machine as slow as this one cards stand between pictures that come late, so many frames are read.
pub(super) fn exact(args: &InsideArgs) -> Result<String> {
    let picture = still((640, 360))?;
    let running = live(args, CAMERA, "640x360", &["--privacy", "relaxed"])?;
    checked(running.wait_said("\nlive", SOON))?;
    let first = read_checked(args, 150, "640x360", Some(&picture))?;
    let shape = format()?;
    ensure!(shape.contains("640/360") && shape.contains("YUYV") && shape.contains("30.000"), "{shape}");
    read_checked(args, 150, "640x360", Some(&picture)).context("second reader")?;
    drop(running);
    Ok(first)
}

/// Closed and opened again at another size.
pub(super) fn another_size(args: &InsideArgs) -> Result<String> {
    let picture = still((320, 180))?;
    let running = live(args, CAMERA, "320x180", &["--privacy", "relaxed", "--seconds", "90"])?;
    checked(running.wait_said("\nlive", SOON))?;
    let said = read_checked(args, 150, "320x180", Some(&picture))?;
    checked(running.end(SOON))?;
    Ok(said)
}

/// With `protect` the test camera, which shows no face, is the card in every frame; unplugged and plugged in
/// again, frames go on.
pub(super) fn unplugged(args: &InsideArgs) -> Result<String> {
    let running = live(args, CAMERA, "320x180", &["--privacy", "relaxed"])?;
    checked(running.wait_said("\nlive", SOON))?;
    plug(false)?;
    checked(running.wait_said("\ncard", SOON))?;
    let card = read_checked(args, 8, "320x180", None).context("while unplugged")?;
    plug(true)?;
    checked(crate::process::wait_for("live again", SOON, || {
        let said = running.said();
        let card = said.rfind("\ncard")?;
        said.rfind("\nlive").filter(|live| *live > card)
    }))
    .map_err(|e| anyhow::anyhow!(running.error(e)))?;
    read_checked(args, 6, "320x180", None).context("plugged in again")?;
    Ok(card)
}

/// How long the program gets for its pictures of a real face, seconds: an emulated machine may take 20 seconds for one.
const RUNS: [&str; 2] = ["120", "400"];
/// Pictures of a swapped face that are to be seen.
const LIVE_PICTURES: u64 = 10;

/// A real face from an MJPEG camera is swapped: the state is live, and stays so. A machine that was too slow for that gets
/// more time.
pub(super) fn mjpeg(args: &InsideArgs) -> Result<String> {
    let mut shown = String::new();
    for seconds in RUNS {
        let (said, report) = mjpeg_for(args, seconds)?;
        shown = format!("{said}; shown {report} in {seconds} s");
        if !args.clip.is_file() || report["live"].as_u64() > Some(LIVE_PICTURES) {
            return Ok(shown);
        }
    }
    bail!("{shown}")
}

/// What the reader found, and how many pictures of each state were shown.
fn mjpeg_for(args: &InsideArgs, seconds: &str) -> Result<(String, serde_json::Value)> {
    let stats = std::env::temp_dir().join("live.json");
    let words = ["--seconds", seconds, "--force", "--stats", &stats.display().to_string()];
    let running = live(args, MJPEG, "640x480", &words)?;
    let face = args.clip.is_file();
    checked(running.wait_said(if face { "\nlive" } else { "\nstarting: looking" }, SOON))?;
    let said = read_checked(args, 10, "640x480", None)?;
    checked(running.end(SOON + Duration::from_secs(seconds.parse()?)))?;
    let report: serde_json::Value = serde_json::from_slice(&fs::read(&stats)?)?;
    Ok((said, report["shown"].clone()))
}
