//! The PipeWire camera in a private session: a bus, PipeWire and its session manager of our own, the badged
//! actor as the sender, GStreamer as the reader.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::packages::{TEST_SETUP, on_path};
use crate::process::{Running, wait_for};
use crate::raw_frames::compare;
use crate::steps::Steps;
use crate::{build_all, target_folder};

const STEP: &str = "PipeWire camera";
/// For anything that should take a second or two, on a machine that may be busy.
const SOON: Duration = Duration::from_secs(30);
const SIZE: (usize, usize) = (640, 360);
const PROGRAMS: [&str; 4] = ["dbus-daemon", "pipewire", "wireplumber", "gst-launch-1.0"];

/// Runs the checks as one step. Where the programs they need are not installed it says so.
pub(crate) fn run(steps: &mut Steps) {
    let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| !on_path(program)).collect();
    let plugin = || {
        let asked = Command::new("gst-inspect-1.0").arg("pipewiresrc").output();
        asked.is_ok_and(|output| output.status.success())
    };
    if !missing.is_empty() || !plugin() {
        let names = if missing.is_empty() { "GStreamer's pipewiresrc".into() } else { missing.join(", ") };
        return steps.skip(STEP, format!("{names} not installed (`{TEST_SETUP}` installs it)"));
    }
    steps.check(STEP, || {
        let built = build_all(&[]).status().map_err(|e| e.to_string())?;
        if !built.success() {
            return Err("the sender was not built".into());
        }
        let folder = target_folder().map_err(|e| format!("{e:#}"))?;
        checks(&folder.join("debug/examples/virtual_camera"))
    });
}

/// A private session: a folder for its sockets, and its three programs. They end with it.
struct Session {
    folder: PathBuf,
    address: String,
    // Dropped in this order.
    _manager: Running,
    pipewire: Option<Running>,
    _bus: Running,
}

impl Session {
    fn start(folder: PathBuf) -> Result<Self, String> {
        let folder_text = folder.display().to_string();
        let clean = |program: &str, address: &str| {
            let mut command = Command::new(program);
            command.env("XDG_RUNTIME_DIR", &folder).env("XDG_STATE_HOME", &folder).current_dir(&folder);
            command.env("XDG_CONFIG_HOME", &folder);
            command.env("DBUS_SESSION_BUS_ADDRESS", address);
            command.env_remove("PIPEWIRE_REMOTE").env_remove("PIPEWIRE_RUNTIME_DIR");
            command
        };
        let address = format!("unix:path={folder_text}/bus");
        let mut bus = clean("dbus-daemon", &address);
        bus.args(["--session", "--nofork", "--nopidfile", "--address", &address]);
        let bus = Running::start("dbus-daemon", &mut bus)?;
        let there = |name: &str| {
            let path = folder.join(name);
            wait_for(&format!("the socket {name}"), SOON, || path.exists().then_some(()))
        };
        there("bus").map_err(|e| bus.error(e))?;
        let pipewire = Running::start("pipewire", &mut clean("pipewire", &address))?;
        there("pipewire-0").map_err(|e| pipewire.error(e))?;
        without_bluetooth(&folder)?;
        let manager = Running::start("wireplumber", &mut clean("wireplumber", &address))?;
        Ok(Self { address, _manager: manager, pipewire: Some(pipewire), _bus: bus, folder })
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("XDG_RUNTIME_DIR", &self.folder).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command.env_remove("PIPEWIRE_REMOTE").env_remove("PIPEWIRE_RUNTIME_DIR");
        command
    }

    /// Starts the sender and waits until it plays; where it wrote the frames that readers must get.
    fn sender(&self, example: &Path, format: &str) -> Result<(Running, PathBuf), String> {
        let expected = self.folder.join(format!("sent-{format}.raw"));
        let mut command = self.command(example);
        command.args(["pipewire", "--size", &format!("{}x{}", SIZE.0, SIZE.1), "--format", format]);
        let sender = Running::start("the sender", command.arg("--expect").arg(&expected))?;
        let said = sender.wait_said("playing", SOON)?;
        let open = format!("open: PipeWire omote \"Omote (AI modified)\", {}", format.to_uppercase());
        match said.contains(&open) {
            true => Ok((sender, expected)),
            false => Err(sender.error(format!("`{open}` is missing"))),
        }
    }

    /// GStreamer reading the camera into a file; without `count` it reads until it is killed.
    fn reader(&self, format: &str, count: Option<u32>, to: &Path) -> Result<Running, String> {
        let _ = fs::remove_file(to);
        let mut command = self.command("gst-launch-1.0");
        command.args(["-q", "pipewiresrc", "target-object=omote"]);
        command.args(count.map(|n| format!("num-buffers={n}")));
        let format = if format == "yuyv" { "YUY2" } else { "I420" };
        command.args([
            "!",
            &format!("video/x-raw,format={format}"),
            "!",
            "filesink",
            "buffer-mode=unbuffered",
        ]);
        Running::start("the reader", command.arg(format!("location={}", to.display())))
    }

    /// What a reader of 20 frames gets, against what was sent. The session manager may not know the node yet:
    /// a reader that finds none is started again.
    fn read_and_compare(&self, format: &str, expected: &Path) -> Result<String, String> {
        let to = self.folder.join("got.raw");
        wait_for("a reader that finds the camera", SOON, || {
            let read = self.reader(format, Some(20), &to).and_then(|reader| reader.end(SOON));
            match read {
                Err(e) if e.contains("target not found") || e.contains("no target node") => None,
                read => Some(read),
            }
        })??;
        let file = |path: &Path| fs::read(path).map_err(|e| format!("{e}: {}", path.display()));
        compare(&file(expected)?, &file(&to)?, frame_len(format), 10)
    }

    /// A reader that is killed once it has got some frames.
    fn read_and_kill(&self, format: &str) -> Result<(), String> {
        let to = self.folder.join("cut.raw");
        let reader = self.reader(format, None, &to)?;
        let enough = (frame_len(format) * 4) as u64;
        wait_for("four frames", SOON, || {
            fs::metadata(&to).is_ok_and(|file| file.len() >= enough).then_some(())
        })
        .map_err(|e| reader.error(e))?;
        reader.kill();
        Ok(())
    }
}

/// Settings for WirePlumber 0.4: its Bluetooth part wants systemd's logind, and takes the manager with it where there is
/// none, as in a container.
fn without_bluetooth(folder: &Path) -> Result<(), String> {
    let settings = folder.join("wireplumber/bluetooth.lua.d");
    fs::create_dir_all(&settings)
        .and_then(|()| fs::write(settings.join("89-off.lua"), "bluez_monitor.enabled = false\n"))
        .map_err(|e| format!("{e}: {}", settings.display()))
}

fn frame_len(format: &str) -> usize {
    SIZE.0 * SIZE.1 * if format == "yuyv" { 4 } else { 3 } / 2
}

/// The folder of a session, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Self, String> {
        // Sockets have short names, which the target folder may not allow.
        let path = std::env::temp_dir().join(format!("omote-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).map_err(|e| format!("{e}: {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn checks(example: &Path) -> Result<String, String> {
    let folder = Folder::new("session")?;
    let mut session = Session::start(folder.0.clone())?;
    let mut notes = Vec::new();
    for format in ["yuyv", "i420"] {
        let (mut sender, expected) = session.sender(example, format)?;
        let first = session
            .read_and_compare(format, &expected)
            .map_err(|e| format!("{format}, first reader: {e}"))?;
        session.read_and_kill(format).map_err(|e| format!("{format}, reader that is killed: {e}"))?;
        let said = sender.wait_said("readers: Some(1)", SOON)?;
        wait_for("a sender without readers", SOON, || {
            sender.said().trim_end().ends_with("readers: Some(0)").then_some(())
        })
        .map_err(|e| sender.error(e))?;
        if !sender.runs() {
            return Err(sender.error(format!("the sender ended: {said}")));
        }
        let second = session
            .read_and_compare(format, &expected)
            .map_err(|e| format!("{format}, later reader: {e}"))?;
        let said = sender.end(SOON)?;
        if !said.contains("closed: open false, readers Some(0)") {
            return Err(format!("{format}: no clean end: {said}"));
        }
        eprintln!("  {format}: first reader {first}; one killed; later reader {second}");
        notes.push(format!("{format} {first}"));
    }
    let (mut sender, _) = session.sender(example, "yuyv")?;
    session.read_and_kill("yuyv")?;
    // Its end is what the sender must notice.
    session.pipewire.take().ok_or("no PipeWire")?.kill();
    let status = sender.wait_ended(SOON)?;
    if status.success() || !sender.said().contains("PipeWire is gone") {
        return Err(sender.error(format!("{status} after PipeWire was killed")));
    }
    eprintln!("  PipeWire killed: {}", sender.said().trim().lines().last().unwrap_or_default());
    let mut alone = session.command(example);
    alone.arg("pipewire").env("XDG_RUNTIME_DIR", folder.0.join("nowhere"));
    let mut alone = Running::start("the sender", &mut alone)?;
    let status = alone.wait_ended(SOON)?;
    if status.success() || !alone.said().contains("start Omote in a desktop session") {
        return Err(alone.error(format!("{status} without a session")));
    }
    Ok(notes.join("; "))
}
