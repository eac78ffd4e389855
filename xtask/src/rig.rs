//! Real V4L2 devices in a small virtual machine: builds the program, starts the machine, and runs the
//! checks of [`inside`] in it.

pub(crate) mod inside;
mod live;
mod loopback;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::steps::Steps;
use crate::{build_all, packages, root, target_folder};

/// The step's name in the table.
const NAME: &str = "V4L2 devices";

/// Seconds that the machine may take, set-up and checks together. It is software: ten times slower than
/// this computer, which other work may share.
const LIMIT: u32 = 1500;

/// Two virtual cameras beside the test camera: one to write to, one that plays an MJPEG camera.
const LOOPBACK: &str =
    "devices=2 video_nr=1,2 exclusive_caps=1,1 max_buffers=4 card_label=RigVirtualCamera,RigMjpegCamera";

/// The rig's program, in the `shared` folder beside the checkout.
fn script() -> PathBuf {
    root().join("../shared/v4l2-rig/rig")
}

/// Runs the checks where the rig and what it needs can be had, and says loudly why not otherwise.
pub(crate) fn run(steps: &mut Steps) {
    let rig = script();
    if !rig.is_file() {
        return steps.skip(NAME, "there is no ../shared/v4l2-rig beside the checkout");
    }
    packages::install(packages::For::Rig);
    let mut missing = vec!["qemu-system-x86_64", "gcc-12", "make", "bc"];
    missing.retain(|program| !packages::on_path(program));
    missing.extend((!packages::libclang()).then_some("libclang"));
    if !missing.is_empty() {
        return steps.skip(NAME, format!("there is no {}", missing.join(", no ")));
    }
    eprintln!("== {NAME}: rig prepare");
    if !Command::new(&rig).arg("prepare").status().is_ok_and(|status| status.success()) {
        return steps.skip(NAME, "the rig could not get its kernel, see above");
    }
    // With the second camera library too: this is the only place where it meets a device.
    if !steps.run("program for the rig", &mut build_all(&["--features", "omote/nokhwa"])) {
        return;
    }
    let Ok(target) = target_folder() else {
        return steps.note(NAME, Err("the target folder can't be found".to_owned()));
    };
    let own = match copy_of_this_program(&target) {
        Ok(own) => own,
        Err(error) => return steps.note(NAME, Err(format!("{error:#}"))),
    };
    let path = match without_avx(&target) {
        Ok(path) => path,
        Err(error) => return steps.note(NAME, Err(format!("{error:#}"))),
    };
    let mut machine = Command::new(&rig);
    machine.env("PATH", path).args(["run", "--limit", &LIMIT.to_string(), "--loopback", LOOPBACK, "--"]);
    machine.arg(own).arg("rig-inside");
    machine.arg("--omote").arg(target.join("debug/omote"));
    machine.arg("--examples").arg(target.join("debug/examples"));
    machine.arg("--clip").arg(root().join("../shared/media/clips/dev_move.mjpeg"));
    steps.run(NAME, &mut machine);
}

/// A copy of the running program below the target folder. The build steps before this one may have put a
/// newer file where the program was started from, so its own path can name a deleted file.
fn copy_of_this_program(target: &Path) -> anyhow::Result<PathBuf> {
    let copy = target.join("xtask-in-rig");
    std::fs::copy("/proc/self/exe", &copy)
        .with_context(|| format!("can't copy this program to {}", copy.display()))?;
    Ok(copy)
}

/// A search path on which the emulator is one whose processor has no AVX. On some hosts (Intel, Debian 12's
/// QEMU 7.2) each emulated lane of an AVX instruction takes 140 ns instead of 7 once 256-bit loads are among them
/// (probably the emulator's SSE code waits for upper halves left dirty): four pictures were tracked in 67 s, and
/// are in 8.4 without AVX. A machine that is not emulated (`-cpu host`) is left as it is.
fn without_avx(target: &Path) -> anyhow::Result<OsString> {
    const EMULATOR: &str = "qemu-system-x86_64";
    let path = std::env::var_os("PATH").unwrap_or_default();
    let real = std::env::split_paths(&path)
        .map(|folder| folder.join(EMULATOR))
        .find(|file| file.is_file())
        .with_context(|| format!("there is no {EMULATOR}"))?;
    let folder = target.join("rig-emulator");
    let script = folder.join(EMULATOR);
    let text = format!(
        "#!/usr/bin/env bash\n\
         words=()\n\
         for word in \"$@\"; do\n\
         [ \"$word\" = max ] && word=max,-avx,-avx2,-fma,-f16c\n\
         words+=(\"$word\")\n\
         done\n\
         exec {real:?} \"${{words[@]}}\"\n"
    );
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&script, text))
        .with_context(|| format!("can't write {}", script.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    }
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).context("a folder's name has a colon in it")
}
