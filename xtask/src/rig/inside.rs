//! What is checked inside the rig's machine, where /dev/video0 is a test camera (vivid) and /dev/video1 and
//! /dev/video2 are virtual cameras (v4l2loopback).
//!
//! A check is a function and a row of [`CHECKS`]. It fails by an error; its text is what was seen.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// The test camera, the virtual camera to write to, and the one that plays an MJPEG camera.
pub(super) const CAMERA: &str = "/dev/video0";
pub(super) const MJPEG: &str = "/dev/video2";

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(90);

/// Options of `cargo xtask rig-inside`, which only the rig calls.
#[derive(clap::Args)]
pub(crate) struct InsideArgs {
    /// The program to check
    #[arg(long)]
    pub(super) omote: PathBuf,
    /// The folder of the engine's examples
    #[arg(long)]
    pub(super) examples: PathBuf,
    /// A clip of concatenated JPEG; a test picture is made where it is not there
    #[arg(long)]
    pub(super) clip: PathBuf,
    /// Only checks whose name holds this
    #[arg(long, default_value = "")]
    only: String,
}

/// A check: its name, and what it does.
type Check = (&'static str, fn(&InsideArgs) -> Result<String>);

const CHECKS: [Check; 12] = [
    ("cameras are listed", listed),
    ("doctor knows the devices", doctor),
    ("the test camera's pictures", pictures),
    ("each coding and size", codings),
    ("the true rate", rate),
    ("a camera in use", busy),
    ("unplugged and plugged in", unplugged),
    ("an MJPEG camera, and a face in it live", mjpeg),
    ("the other camera library", library),
    ("live: the test camera's pictures pass unchanged", super::live::exact),
    ("live: another size", super::live::another_size),
    ("live: unplugged and plugged in", super::live::unplugged),
];

/// Runs the checks. True if all passed.
pub(crate) fn run(args: &InsideArgs) -> Result<bool> {
    let mut passed = true;
    for (name, check) in CHECKS.iter().filter(|(name, _)| name.contains(&args.only)) {
        let begun = Instant::now();
        let (verdict, said) = match check(args) {
            Ok(seen) => ("ok  ", seen),
            Err(error) => ("FAIL", format!("{error:#}")),
        };
        passed &= verdict == "ok  ";
        eprintln!("{verdict} {name} ({:.0} s): {said}", begun.elapsed().as_secs_f32());
    }
    if "v4l2loopback".contains(&args.only) {
        for (name, verdict) in super::loopback::checks(&args.examples.join("virtual_camera")) {
            passed &= verdict.is_ok();
            let (Ok(said) | Err(said)) = &verdict;
            eprintln!("{} {name}: {said}", if verdict.is_ok() { "ok  " } else { "FAIL" });
        }
    }
    Ok(passed)
}

/// What a finished program said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn omote(args: &InsideArgs, words: &[&str]) -> Result<Said> {
    let done = Command::new(&args.omote).args(words).stdin(Stdio::null()).output().context("omote")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Said { code: done.status.code(), out: text(&done.stdout), err: text(&done.stderr) })
}

/// The list of cameras.
fn cameras(args: &InsideArgs) -> Result<Vec<Value>> {
    let said = omote(args, &["cameras", "--json"])?;
    ensure!(said.code == Some(0), "{}", said.err);
    Ok(serde_json::from_str(&said.out)?)
}

fn camera(args: &InsideArgs, id: &str) -> Result<Value> {
    let found = cameras(args)?.into_iter().find(|camera| camera["id"] == id);
    found.with_context(|| format!("{id} is not listed"))
}

/// The pictures of a camera, and the mode that it told, by `cameras --watch`.
fn watch(args: &InsideArgs, words: &[&str]) -> Result<(Value, Vec<Value>)> {
    let said = omote(args, &[&["cameras"][..], words].concat())?;
    ensure!(said.code == Some(0), "code {:?}: {}", said.code, said.err);
    let lines: Vec<Value> = said.out.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let head = lines.first().context("no line")?.clone();
    Ok((head, lines.into_iter().filter(|line| line["frame"].is_u64()).collect()))
}

/// Whether numbers count from 0, stamps rise and lie in the past, and every picture has the size.
fn sound(frames: &[Value], count: usize, (width, height): (u64, u64)) -> Result<()> {
    ensure!(frames.len() == count, "{} pictures of {count}", frames.len());
    for (n, frame) in frames.iter().enumerate() {
        ensure!(frame["frame"] == n, "number {n} is {frame}");
        ensure!(frame["width"] == width && frame["height"] == height, "not {width}x{height}: {frame}");
        let age = frame["age_ms"].as_f64().unwrap_or(-1.0);
        ensure!((0.0..60_000.0).contains(&age), "age: {frame}");
    }
    for pair in frames.windows(2) {
        if let [a, b] = pair {
            ensure!(a["time"].as_f64() < b["time"].as_f64(), "stamps do not rise: {a} {b}");
        }
    }
    Ok(())
}

/// Asks again and again until there is an answer; an error when the time is up.
fn until<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        sleep(Duration::from_millis(200));
    }
    bail!("{what}: nothing in {} s", PATIENCE.as_secs())
}

/// A program that runs until this is dropped.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let out = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self { child, out })
    }

    /// Reads on until so many pictures were told.
    fn pictures(&mut self, count: usize) -> Result<()> {
        let mut line = String::new();
        let mut left = count;
        while left > 0 {
            line.clear();
            ensure!(self.out.read_line(&mut line)? > 0, "it ended: {:?}", self.child.try_wait());
            left -= usize::from(line.contains("\"frame\""));
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listed(args: &InsideArgs) -> Result<String> {
    let test = camera(args, CAMERA)?;
    ensure!(test["driver"] == "vivid" && test["trouble"].is_null(), "{test}");
    let modes = test["modes"].as_array().context("no modes")?;
    for coding in ["YUYV", "NV12", "I420", "YV12", "UYVY", "YVYU", "RGB", "BGR", "BGRX"] {
        let mode = |m: &&Value| m["coding"] == coding && m["width"] == 640 && m["height"] == 360;
        ensure!(modes.iter().any(|m| mode(&m) && m["rate"] == 30.0), "no {coding} 640x360 at 30");
    }
    let lent = camera(args, "/dev/video1")?;
    ensure!(lent["virtual"] == true && lent["trouble"].is_string(), "{lent}");
    Ok(format!("{} modes, chosen {}", modes.len(), test["chosen"]))
}

fn doctor(args: &InsideArgs) -> Result<String> {
    let said = omote(args, &["doctor"])?;
    let line = |word: &str| said.out.lines().find(|l| l.contains(word)).map(str::trim).map(str::to_owned);
    let camera = line("/dev/video0 vivid").with_context(|| said.out.clone())?;
    let lent = line("/dev/video1").with_context(|| said.out.clone())?;
    ensure!(camera.starts_with("ok") && lent.contains("exclusive_caps"), "{camera}; {lent}");
    ensure!(said.out.contains("PipeWire"), "{}", said.out);
    Ok(lent)
}

fn pictures(args: &InsideArgs) -> Result<String> {
    let (head, frames) = watch(args, &[CAMERA, "--size", "640x360", "--watch", "12"])?;
    sound(&frames, 12, (640, 360))?;
    ensure!(head["mode"]["coding"] == "YUYV" && head["mode"]["rate"] == 30.0, "{head}");
    // By a part of its name, and with nothing asked for: the nearest to 1280x720 that is fast enough.
    let (by_name, frames) = watch(args, &["vivi", "--watch", "2"])?;
    sound(&frames, 2, (640, 360))?;
    Ok(format!("{}, by name {}", head["mode"], by_name["mode"]))
}

fn codings(args: &InsideArgs) -> Result<String> {
    let mut means = Vec::new();
    for (coding, format) in [
        ("YUYV", "Yuyv"),
        ("UYVY", "Yuyv"),
        ("YVYU", "Yuyv"),
        ("NV12", "Nv12"),
        ("I420", "I420"),
        ("YV12", "I420"),
        ("I422", "I422"),
        ("RGB", "Rgb"),
        ("BGR", "Rgb"),
        ("BGRX", "Bgra"),
    ] {
        let (head, frames) = watch(args, &[CAMERA, "--size", "320x180", "--coding", coding, "--watch", "2"])?;
        ensure!(head["mode"]["coding"] == coding, "{coding}: {head}");
        sound(&frames, 2, (320, 180)).with_context(|| coding.to_owned())?;
        ensure!(frames.iter().all(|f| f["format"] == format), "{coding}: {frames:?}");
        let mean = frames.last().and_then(|f| f["mean"].as_f64()).unwrap_or(0.0);
        // The test picture has bars of all colours: neither black, nor one of the fill values.
        ensure!((40.0..220.0).contains(&mean), "{coding}: mean {mean}");
        means.push(format!("{coding} {mean:.0}"));
    }
    // Odd sizes are the driver's to round; what it sets is what comes.
    let (head, frames) = watch(args, &[CAMERA, "--size", "1000x700", "--watch", "1"])?;
    let side = |name: &str| head["mode"][name].as_u64().unwrap_or(0);
    sound(&frames, 1, (side("width"), side("height")))?;
    Ok(means.join(", "))
}

fn rate(args: &InsideArgs) -> Result<String> {
    let said = omote(args, &["cameras", CAMERA, "--size", "320x180", "--measure", "--json"])?;
    let list: Vec<Value> = serde_json::from_str(&said.out).with_context(|| said.err.clone())?;
    let row = list.first().and_then(|c| c["measured"].get(0)).context("nothing measured")?;
    let rate = row["rate"].as_f64().with_context(|| row.to_string())?;
    // The camera's own clock and count; how many of them this slow machine could read is another matter.
    ensure!((24.0..36.0).contains(&rate), "{row}");
    Ok(format!("{rate:.1} a second, {} read, {} skipped", row["frames"], row["skipped"]))
}

/// `omote cameras CAMERA --watch` for as long as it is let.
fn holder(args: &InsideArgs) -> Result<Running> {
    let words = ["cameras", CAMERA, "--size", "320x180", "--watch", "1000000"];
    let mut running = Running::start(Command::new(&args.omote).args(words).stderr(Stdio::piped()))?;
    running.pictures(3)?;
    Ok(running)
}

fn busy(args: &InsideArgs) -> Result<String> {
    let holder = holder(args)?;
    let who = format!("omote (pid {})", holder.child.id());
    let said = omote(args, &["cameras", CAMERA, "--watch", "1"])?;
    ensure!(said.code == Some(1) && said.err.contains(&who), "code {:?}: {}", said.code, said.err);
    let listed = camera(args, CAMERA)?;
    ensure!(listed["trouble"].as_str().is_some_and(|t| t.contains(&who)), "{}", listed["trouble"]);
    drop(holder);
    let (_, frames) = watch(args, &[CAMERA, "--size", "320x180", "--watch", "1"])?;
    sound(&frames, 1, (320, 180))?;
    Ok(said.err.trim().to_owned())
}

/// Takes the test camera away, or gives it back.
pub(super) fn plug(into: bool) -> Result<()> {
    let file = if into { "bind" } else { "unbind" };
    fs::write(Path::new("/sys/bus/platform/drivers/vivid").join(file), "vivid.0").context(file)?;
    until(file, || Ok((Path::new(CAMERA).exists() == into).then_some(())))
}

fn unplugged(args: &InsideArgs) -> Result<String> {
    let mut holder = holder(args)?;
    plug(false)?;
    let status = until("an unplugged camera", || Ok(holder.child.try_wait()?))?;
    let mut said = String::new();
    if let Some(err) = holder.child.stderr.take() {
        BufReader::new(err).read_line(&mut said)?;
    }
    ensure!(status.code() == Some(3) && said.contains("not there"), "{status}: {said}");
    let gone = omote(args, &["cameras", CAMERA, "--watch", "1"])?;
    ensure!(gone.code == Some(3), "code {:?}: {}", gone.code, gone.err);
    plug(true)?;
    for name in [CAMERA, "vivid"] {
        let (_, frames) = watch(args, &[name, "--size", "320x180", "--watch", "3"])?;
        sound(&frames, 3, (320, 180)).with_context(|| format!("plugged in again, by {name}"))?;
    }
    Ok(said.trim().to_owned())
}

/// A clip with each of its first pictures many times over: this machine takes a second for a picture, and meanwhile a
/// face must move no farther than it does between two pictures of a camera.
fn slowed(clip: &Path) -> Result<PathBuf> {
    let (bytes, to) = (fs::read(clip)?, std::env::temp_dir().join("slowed.mjpeg"));
    let mut out = Vec::new();
    let mut from = 0;
    for _ in 0..40 {
        let end = bytes.get(from..).and_then(|rest| rest.windows(2).position(|w| w == [0xff, 0xd9]));
        let Some(picture) = end.and_then(|end| bytes.get(from..from + end + 2)) else { break };
        (0..10).for_each(|_| out.extend_from_slice(picture));
        from += picture.len();
    }
    ensure!(!out.is_empty(), "{} holds no picture", clip.display());
    fs::write(&to, out)?;
    Ok(to)
}

/// Plays the clip into the second virtual camera, until this is dropped.
fn mjpeg_camera(args: &InsideArgs) -> Result<(Running, Value, &'static str)> {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-re"]);
    let from = if args.clip.is_file() {
        ffmpeg.args(["-stream_loop", "-1", "-f", "mjpeg", "-framerate", "10", "-i"]).arg(slowed(&args.clip)?);
        ffmpeg.args(["-c", "copy"]);
        "the dev clip, slowed"
    } else {
        ffmpeg.args([
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=640x480:r=10",
            "-pix_fmt",
            "yuvj420p",
            "-c:v",
            "mjpeg",
        ]);
        "a test picture"
    };
    let mut feeder = Running::start(ffmpeg.args(["-f", "v4l2", MJPEG]))?;
    let listed = until("an MJPEG camera in the list", || {
        ensure!(feeder.child.try_wait()?.is_none(), "ffmpeg ended");
        Ok(Some(camera(args, MJPEG)?).filter(|c| c["modes"].as_array().is_some_and(|m| !m.is_empty())))
    })?;
    Ok((feeder, listed, from))
}

fn mjpeg(args: &InsideArgs) -> Result<String> {
    let (_feeder, listed, from) = mjpeg_camera(args)?;
    ensure!(listed["chosen"]["coding"] == "MJPEG" && listed["trouble"].is_null(), "{listed}");
    let holders = listed["holders"].to_string();
    ensure!(holders.contains("ffmpeg"), "holders: {holders}");
    let (head, frames) = watch(args, &[MJPEG, "--watch", "6"])?;
    sound(&frames, 6, (640, 480))?;
    ensure!(frames.iter().all(|f| f["format"] == "I420"), "{frames:?}");
    ensure!(frames.iter().all(|f| (30.0..225.0).contains(&f["mean"].as_f64().unwrap_or(0.0))), "{frames:?}");
    // ffmpeg leaves the device unusable, so that the same feeder has to serve both.
    let live = super::live::mjpeg(args)?;
    Ok(format!("{} of {from}; {live}", head["mode"]))
}

fn library(args: &InsideArgs) -> Result<String> {
    let (head, frames) = watch(args, &["nokhwa:0", "--size", "640x360", "--watch", "5"])?;
    sound(&frames, 5, (640, 360))?;
    Ok(head.to_string())
}
