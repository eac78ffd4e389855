//! The system packages that some parts need. Nothing here is needed to build.

use std::path::Path;
use std::process::{Command, Stdio};

/// A package of Debian and its children.
struct Package {
    name: &'static str,
    why: &'static str,
    present: fn() -> bool,
}

const PACKAGES: [Package; 2] = [
    Package {
        name: "ffmpeg",
        why: "reads and writes video files; without it .mjpeg, .y4m and pictures still work",
        present: || runs("ffmpeg", &["-version"]),
    },
    Package {
        name: "mesa-vulkan-drivers",
        why: "software Vulkan, so that GPU tests run on any machine; without it they are skipped",
        present: software_vulkan,
    },
];

/// Installs what is missing, where that needs no password; otherwise prints the line to type.
/// Never fails: what can't be had is named, and the rest works without it.
pub(crate) fn install() {
    eprintln!("== system packages");
    let mut missing = Vec::new();
    for package in &PACKAGES {
        if (package.present)() {
            eprintln!("  present  {}", package.name);
        } else {
            eprintln!("  missing  {}: {}", package.name, package.why);
            missing.push(package.name);
        }
    }
    if missing.is_empty() {
        return;
    }
    if !runs("apt-get", &["--version"]) {
        eprintln!("  no apt-get here: install them with your system's package manager");
        return;
    }
    let Some(prefix) = privilege() else {
        eprintln!("  to install them, type: sudo apt-get install {}", missing.join(" "));
        return;
    };
    // A fresh system has no package lists yet.
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends"]] {
        let install = arguments.first() == Some(&"install");
        let mut words: Vec<&str> = prefix.to_vec();
        words.push("apt-get");
        words.extend(arguments);
        if install {
            words.extend(&missing);
        }
        eprintln!("  run      {}", words.join(" "));
        if !run(&words) && install {
            eprintln!("  that failed: the parts that need them stay off until you install them");
        }
    }
}

/// What to put before apt-get: nothing as root, `sudo -n` where it asks no password. `None` elsewhere.
fn privilege() -> Option<&'static [&'static str]> {
    let id = Command::new("id").arg("-u").output().ok()?;
    if String::from_utf8_lossy(&id.stdout).trim() == "0" {
        return Some(&[]);
    }
    runs("sudo", &["-n", "true"]).then_some(&["sudo", "-n"])
}

/// Whether Mesa's software Vulkan driver is installed.
pub(crate) fn software_vulkan() -> bool {
    ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"].iter().any(|folder| {
        let Ok(entries) = std::fs::read_dir(Path::new(folder)) else { return false };
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("lvp_icd"))
    })
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn run(words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
