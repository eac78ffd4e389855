//! The system packages that some parts need to build or to run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::networks::PYTHON;

/// A package of Debian and its children.
struct Package {
    name: &'static str,
    why: &'static str,
    present: fn() -> bool,
}

/// What the program needs to make videos: all that the demo takes.
const PROGRAM: [Package; 1] = [Package {
    name: "ffmpeg",
    why: "reads and writes video files; without it .mjpeg, .y4m and pictures still work",
    present: || runs("ffmpeg", &["-version"]),
}];

/// What the tests need besides.
const TESTS: [Package; 14] = [
    Package {
        name: "mesa-vulkan-drivers",
        why: "software Vulkan, so that GPU tests run on any machine; without it they are skipped",
        present: software_vulkan,
    },
    Package { name: "xvfb", why: "a display for the window's tests", present: || on_path("Xvfb") },
    Package { name: "xdotool", why: "drives the window in its tests", present: || on_path("xdotool") },
    Package {
        name: "libxkbcommon-x11-0",
        why: "the window's keyboard on X11",
        present: || library("libxkbcommon-x11.so.0"),
    },
    Package {
        name: "dbus-daemon",
        why: "a private message bus for the PipeWire camera's test",
        present: || on_path("dbus-daemon"),
    },
    Package {
        name: "pipewire",
        why: "a private session for the PipeWire camera's test",
        present: || on_path("pipewire"),
    },
    Package { name: "wireplumber", why: "that session's manager", present: || on_path("wireplumber") },
    Package {
        name: "gstreamer1.0-pipewire",
        why: "reads the PipeWire camera in its test",
        present: || runs("gst-inspect-1.0", &["pipewiresrc"]),
    },
    Package {
        name: "gstreamer1.0-tools",
        why: "runs that reader",
        present: || runs("gst-launch-1.0", &["--version"]),
    },
    Package {
        name: "obs-studio",
        why: "runs the plugin in its test",
        present: || on_path("obs") && libobs(),
    },
    Package {
        name: "obs-plugins",
        why: "OBS's own sources, for that test",
        present: || {
            let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
            folders.map(|e| e.path().join("obs-plugins/image-source.so")).any(|file| file.exists())
        },
    },
    Package {
        name: "libobs-dev",
        why: "libobs' headers, with which the plugin's declarations are compared",
        present: || Path::new("/usr/include/obs/obs-module.h").exists(),
    },
    Package {
        name: "libgl1-mesa-dri",
        why: "software OpenGL, in which OBS draws in that test",
        present: || {
            let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
            folders.map(|e| e.path().join("dri/swrast_dri.so")).any(|file| file.exists())
        },
    },
    Package { name: "iproute2", why: "a network of its own for OBS in that test", present: || on_path("ip") },
];

/// What the rig needs, which only runs where it is there.
const RIG: [Package; 6] = [
    Package {
        name: "libclang-dev",
        why: "reads the kernel's video headers for nokhwa, the second camera library, when that is built",
        present: libclang,
    },
    Package {
        name: "qemu-system-x86",
        why: "the machine with V4L2 devices in which cameras are tested",
        present: || on_path("qemu-system-x86_64"),
    },
    Package { name: "v4l-utils", why: "looks at those devices", present: || on_path("v4l2-ctl") },
    Package {
        name: "bc",
        why: "builds the virtual camera's module for that machine",
        present: || on_path("bc"),
    },
    Package { name: "gcc-12", why: "the same", present: || on_path("gcc-12") },
    Package { name: "make", why: "the same", present: || on_path("make") },
];

/// What the checks of our own networks need, which only run where the training pack is there.
const NETWORKS: [Package; 2] = [
    Package {
        name: "python3-torch",
        why: "trains our own networks for a moment in their check",
        present: || python_has("torch"),
    },
    Package { name: "python3-opencv", why: "draws the samples of that check", present: || python_has("cv2") },
];

/// Whether what the checks of our own networks need is installed.
pub(crate) fn torch() -> bool {
    python_has("torch") && python_has("cv2")
}

/// Whether Debian's Python finds a module.
fn python_has(module: &str) -> bool {
    runs(
        PYTHON,
        &["-c", &format!("import importlib.util, sys; sys.exit(not importlib.util.find_spec('{module}'))")],
    )
}

/// Whether a program is on the path.
pub(crate) fn on_path(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether libobs is there.
pub(crate) fn libobs() -> bool {
    library("libobs.so")
}

/// Whether bindgen will find libclang: where the variable says, with the dynamic linker, or in one of
/// LLVM's own folders. Those may be there without it.
pub(crate) fn libclang() -> bool {
    let has = |folder: &Path| {
        std::fs::read_dir(folder).is_ok_and(|entries| {
            let mut names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
            names.any(|name| is_libclang(&name))
        })
    };
    let llvm = || {
        let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
        let mut folders = folders.filter(|e| e.file_name().to_string_lossy().starts_with("llvm-"));
        folders.any(|e| has(&e.path().join("lib")))
    };
    match std::env::var_os("LIBCLANG_PATH").map(PathBuf::from) {
        Some(path) => path.is_file() || has(&path),
        None => library("libclang.so") || llvm(),
    }
}

/// Whether a file's name is one under which bindgen looks for libclang.
fn is_libclang(name: &str) -> bool {
    name.starts_with("libclang.so") || (name.starts_with("libclang-") && !name.starts_with("libclang-cpp"))
}

/// Whether the dynamic linker knows a library.
fn library(name: &str) -> bool {
    let asked = Command::new("ldconfig").arg("-p").stdin(Stdio::null()).stderr(Stdio::null()).output();
    asked.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(name))
}

/// The command that installs all that the tests need.
pub(crate) const TEST_SETUP: &str = "cargo xtask setup --tests";

/// For what packages are installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// Building the program and running it on files and cameras.
    Program,
    /// The whole test suite.
    Tests,
    /// The machine with V4L2 devices.
    Rig,
    /// The checks of our own networks.
    Networks,
}

impl For {
    fn packages(self) -> Vec<&'static Package> {
        match self {
            Self::Program => PROGRAM.iter().collect(),
            Self::Tests => PROGRAM.iter().chain(&TESTS).collect(),
            Self::Rig => RIG.iter().collect(),
            Self::Networks => NETWORKS.iter().collect(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Program => "the program",
            Self::Tests => "the tests",
            Self::Rig => "the machine with V4L2 devices",
            Self::Networks => "the checks of our own networks",
        }
    }
}

/// Installs what is missing, where that needs no password; otherwise prints the line to type. What will be installed,
/// and how large it is, is said before. Never fails: what can't be had is named, and the rest works without it.
pub(crate) fn install(what: For) {
    eprintln!("== system packages for {}", what.words());
    let mut missing = Vec::new();
    for package in what.packages() {
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
        eprintln!("  to install them, run: sudo apt-get install {}", missing.join(" "));
        return;
    };
    let apt = |arguments: &[&'static str]| -> Vec<&str> {
        let mut words = prefix.to_vec();
        words.push("apt-get");
        words.extend(arguments);
        words
    };
    // A fresh system has no package lists yet.
    let update = apt(&["update", "--quiet=2"]);
    eprintln!("  run      {}", update.join(" "));
    run(&update);
    let mut install = apt(&["install", "--yes", "--no-install-recommends"]);
    install.extend(&missing);
    if let Some(size) = size(&install) {
        eprintln!("  size     {size}");
    }
    eprintln!("  run      {}", install.join(" "));
    if !run(&install) {
        eprintln!("  that failed: the parts that need these packages stay off until you install them");
    }
}

/// How many packages this call of apt-get would install, and how large they are, in its own words.
fn size(install: &[&str]) -> Option<String> {
    let (program, arguments) = install.split_first()?;
    let mut command = Command::new(program);
    // `--assume-no` ends the call where it would ask; the words are looked for in English.
    command.args(arguments.iter().filter(|word| **word != "--yes")).arg("--assume-no").env("LC_ALL", "C");
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    size_in(&String::from_utf8_lossy(&output.stdout))
}

/// The lines of apt-get's plan that tell number and size.
fn size_in(plan: &str) -> Option<String> {
    let wanted = [" newly installed", "Need to get ", "After this operation"];
    let lines: Vec<&str> =
        plan.lines().map(str::trim).filter(|line| wanted.iter().any(|w| line.contains(w))).collect();
    (!lines.is_empty()).then(|| lines.join(" "))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_an_installation_is_found_in_its_plan() {
        let plan = "Reading package lists...\nThe following NEW packages will be installed:\n  ffmpeg\n\
                    0 upgraded, 141 newly installed, 0 to remove and 3 not upgraded.\n\
                    Need to get 88.0 MB of archives.\nAfter this operation, 321 MB of additional disk space \
                    will be used.\nDo you want to continue? [Y/n] N\nAbort.\n";
        let size = size_in(plan).unwrap();
        for word in ["141 newly installed", "Need to get 88.0 MB", "321 MB of additional disk space"] {
            assert!(size.contains(word), "{size}");
        }
        assert!(!size.contains("ffmpeg") && !size.contains("Abort"), "{size}");
        assert_eq!(size_in("E: Unable to locate package"), None);
    }

    #[test]
    fn the_demo_installs_no_program_that_only_tests_run() {
        let names = |what: For| what.packages().iter().map(|p| p.name).collect::<Vec<_>>();
        let (program, tests) = (names(For::Program), names(For::Tests));
        for name in ["obs-studio", "xvfb", "gstreamer1.0-tools", "pipewire", "mesa-vulkan-drivers"] {
            assert!(!program.contains(&name) && tests.contains(&name), "{name}");
        }
        assert!(program.iter().all(|name| tests.contains(name)));
    }

    #[test]
    fn libclang_is_told_from_its_neighbours() {
        for name in ["libclang.so", "libclang.so.1", "libclang-14.so.1"] {
            assert!(is_libclang(name), "{name}");
        }
        for name in ["libclang-cpp.so.14", "libclang_rt.a", "libLLVM-14.so"] {
            assert!(!is_libclang(name), "{name}");
        }
    }
}
