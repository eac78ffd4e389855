//! What a v4l2loopback device must show, inside the machine that has one: the badged actor as the sender,
//! v4l2-ctl as the reader.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{Running, wait_for};
use crate::raw_frames::compare;

/// The machine's loopback device.
const DEVICE: &str = "/dev/video1";
/// For anything that should take seconds in an emulated machine.
const SOON: Duration = Duration::from_secs(60);

type Verdict = Result<String, String>;
type Check = (&'static str, fn(&Rig) -> Verdict);

/// A format and size of the device.
#[derive(Clone, Copy)]
struct Mode {
    format: &'static str,
    width: usize,
    height: usize,
}

const YUYV: Mode = Mode { format: "yuyv", width: 320, height: 240 };
const I420: Mode = Mode { format: "i420", width: 480, height: 270 };
const LARGE: Mode = Mode { format: "yuyv", width: 640, height: 360 };

impl Mode {
    fn frame_len(self) -> usize {
        self.width * self.height * if self.format == "yuyv" { 4 } else { 3 } / 2
    }

    fn shown(self) -> String {
        format!("{} {}x{}", self.format.to_uppercase(), self.width, self.height)
    }
}

/// Runs every check, each with its name. `example` is the engine's example `virtual_camera`.
pub(crate) fn checks(example: &Path) -> Vec<(String, Verdict)> {
    let rig = Rig { example: example.into(), folder: std::env::temp_dir() };
    let all: [Check; 10] = [
        ("auto takes the free v4l2loopback device", |rig| rig.automatic()),
        ("YUYV comes out bit for bit, for readers that come, are killed and come again", |rig| {
            rig.readers(YUYV)
        }),
        ("opened again at another size, I420 comes out bit for bit", |rig| rig.readers(I420)),
        ("opened again at a third size", |rig| rig.readers(LARGE)),
        ("a second sender is refused and told who sends", |rig| rig.second()),
        ("a device that a reader holds at its size keeps it, and says so", |rig| rig.kept_by_reader()),
        ("a device that readers have left takes another size", |rig| rig.readers(YUYV)),
        ("a device of another kind is refused and named", |rig| rig.other_kind()),
        ("a user without rights is told the remedy", |rig| rig.no_rights()),
        ("a device that some producer broke is told apart", |rig| rig.stuck()),
    ];
    all.into_iter().map(|(name, check)| (format!("v4l2loopback: {name}"), check(&rig))).collect()
}

struct Rig {
    example: PathBuf,
    folder: PathBuf,
}

impl Rig {
    fn sender(&self, camera: &str, mode: Mode) -> Result<(Running, PathBuf), String> {
        let expected = self.folder.join(format!("sent-{}-{}.raw", mode.format, mode.width));
        let size = format!("{}x{}", mode.width, mode.height);
        let mut command = Command::new(&self.example);
        command.args([camera, "--size", &size, "--format", mode.format, "--rate", "6", "--frames", "24"]);
        Ok((Running::start("the sender", command.arg("--expect").arg(&expected))?, expected))
    }

    /// A sender that plays.
    fn playing(&self, camera: &str, mode: Mode) -> Result<(Running, PathBuf, String), String> {
        let (sender, expected) = self.sender(camera, mode)?;
        let said = sender.wait_said("playing", SOON)?;
        let open = said.lines().find(|line| line.starts_with("open: ")).unwrap_or_default().to_owned();
        Ok((sender, expected, open))
    }

    fn reader(&self, count: Option<u32>, to: &Path) -> Result<Running, String> {
        let _ = fs::remove_file(to);
        let mut command = Command::new("v4l2-ctl");
        command.args(["-d", DEVICE, "--stream-mmap=4"]);
        command.args(count.map(|n| format!("--stream-count={n}")));
        Running::start("the reader", command.arg(format!("--stream-to={}", to.display())))
    }

    fn read_and_compare(&self, mode: Mode, expected: &Path) -> Verdict {
        let to = self.folder.join("got.raw");
        self.reader(Some(12), &to)?.end(SOON)?;
        let file = |path: &Path| fs::read(path).map_err(|e| format!("{e}: {}", path.display()));
        compare(&file(expected)?, &file(&to)?, mode.frame_len(), 4)
    }

    fn automatic(&self) -> Verdict {
        let (sender, _, open) = self.playing("auto", YUYV)?;
        let said = sender.end(SOON)?;
        match open.starts_with(&format!("open: v4l2loopback {DEVICE} "))
            && said.contains("closed: open false")
        {
            true => Ok(open),
            false => Err(said),
        }
    }

    fn readers(&self, mode: Mode) -> Verdict {
        let (sender, expected, open) = self.playing(&format!("v4l2:{DEVICE}"), mode)?;
        if !open.contains(&format!("{} at 6", mode.shown())) || open.contains("asked") {
            return Err(open);
        }
        let first = self.read_and_compare(mode, &expected).map_err(|e| format!("first reader: {e}"))?;
        let to = self.folder.join("cut.raw");
        let cut = self.reader(None, &to)?;
        let enough = (mode.frame_len() * 3) as u64;
        wait_for("three frames", SOON, || {
            fs::metadata(&to).is_ok_and(|file| file.len() >= enough).then_some(())
        })
        .map_err(|e| cut.error(e))?;
        sender.wait_said("readers: Some(1)", SOON)?;
        cut.kill();
        wait_for("a sender without readers", SOON, || {
            sender.said().trim_end().ends_with("readers: Some(0)").then_some(())
        })
        .map_err(|e| sender.error(e))?;
        let later = self.read_and_compare(mode, &expected).map_err(|e| format!("later reader: {e}"))?;
        sender.end(SOON)?;
        Ok(format!("{}: {first}; later {later}", mode.shown()))
    }

    fn second(&self) -> Verdict {
        let camera = format!("v4l2:{DEVICE}");
        let (first, ..) = self.playing(&camera, YUYV)?;
        let (mut second, _) = self.sender(&camera, YUYV)?;
        let status = second.wait_ended(SOON)?;
        let said = second.said();
        first.end(SOON)?;
        let named = "another program sends to this device already (virtual_camera, process ";
        match !status.success() && said.contains(named) && said.contains(DEVICE) {
            true => Ok(said.trim().to_owned()),
            false => Err(format!("{status}: {said}")),
        }
    }

    fn kept_by_reader(&self) -> Verdict {
        let camera = format!("v4l2:{DEVICE}");
        let (first, ..) = self.playing(&camera, YUYV)?;
        let mut open = Command::new("sh");
        let holder =
            Running::start("a holder", open.arg("-c").arg(format!("exec 3<>{DEVICE}; echo held; read x")))?;
        holder.wait_said("held", SOON)?;
        first.end(SOON)?;
        let (second, expected, open) = self.playing(&camera, LARGE)?;
        let kept = format!("{} at 6 (asked for: {}x{})", YUYV.shown(), LARGE.width, LARGE.height);
        if !open.contains(&kept) {
            return Err(format!("`{kept}` is missing: {open}"));
        }
        let read = self.read_and_compare(YUYV, &expected)?;
        second.end(SOON)?;
        holder.kill();
        Ok(format!("{open}; {read}"))
    }

    /// A sender that fails to open `camera` and says all of `says`.
    fn fails(&self, mut command: Command, camera: &str, says: &[&str]) -> Verdict {
        let mut sender = Running::start("the sender", command.arg(camera))?;
        let status = sender.wait_ended(SOON)?;
        let said = sender.said();
        match !status.success() && says.iter().all(|text| said.contains(text)) {
            true => Ok(said.trim().to_owned()),
            false => Err(format!("{status}: {said}")),
        }
    }

    fn other_kind(&self) -> Verdict {
        let says = ["this is no v4l2loopback device but \"", "of the driver vivid", "modprobe"];
        self.fails(Command::new(&self.example), "v4l2:/dev/video0", &says)
    }

    fn no_rights(&self) -> Verdict {
        let mut nobody = Command::new("setpriv");
        nobody.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&self.example);
        let says = ["you may not open this device", "usermod -aG video", DEVICE];
        self.fails(nobody, &format!("v4l2:{DEVICE}"), &says)
    }

    /// Needs a second loopback device, since it stays broken.
    fn stuck(&self) -> Verdict {
        let name = fs::read_to_string("/sys/class/video4linux/video2/name").unwrap_or_default();
        if name.is_empty() {
            return Ok("skipped: no /dev/video2 to break (load the module with two devices)".into());
        }
        // A producer that writes and begins no stream.
        let broke = Command::new("sh").args(["-c", "head -c 1000 /dev/zero > /dev/video2"]).status();
        broke.map_err(|e| e.to_string())?;
        let says = ["the device neither takes nor gives pictures", "modprobe -r v4l2loopback", "/dev/video2"];
        self.fails(Command::new(&self.example), "v4l2:/dev/video2", &says)
    }
}
