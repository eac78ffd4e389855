//! The OBS plugin: built, installed, packed, and tested inside the real libobs and the real OBS.

pub(crate) mod install;
pub(crate) mod package;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::display::display;
use crate::packages::{self, TEST_SETUP, on_path};
use crate::steps::Steps;
use crate::{build_all, cargo, target_folder};

/// Where this is set, the tests must run.
const REQUIRED: &str = "REQUIRE_OBS";

/// Runs both steps, or the one named `only` (`libobs`, `app`); where something is missing they are skipped, and say so.
pub(crate) fn run(steps: &mut Steps, only: Option<&str>) {
    let mut missing = Vec::new();
    if !on_path("Xvfb") {
        missing.push("Xvfb");
    }
    if !packages::libobs() {
        missing.push("libobs");
    }
    if !missing.is_empty() {
        let words = format!("no {} (`{TEST_SETUP}` installs it)", missing.join(", no "));
        return match std::env::var_os(REQUIRED) {
            Some(_) => steps.note("OBS", Err(format!("{REQUIRED} is set, but there is {words}"))),
            None => steps.skip("OBS", words),
        };
    }
    if only.is_none_or(|only| only == "libobs") {
        let headers = Path::new("/usr/include/obs/obs-module.h").exists();
        if !headers {
            steps.skip("layout of libobs", format!("no libobs-dev (`{TEST_SETUP}` installs it)"));
        }
        steps.check("plugin in libobs", || in_libobs(headers).map_err(|e| format!("{e:#}")));
    }
    if only == Some("libobs") {
        return;
    }
    if !on_path("obs") || !on_path("ffmpeg") {
        return steps.skip("plugin in OBS", format!("no obs or no ffmpeg (`{TEST_SETUP}` installs them)"));
    }
    let Some(namespace) = Namespace::find() else {
        let why = "OBS's websocket listens on every interface and can't be told otherwise, so OBS runs in a \
                   network namespace of its own; none can be had here: run this as root with CAP_SYS_ADMIN, or \
                   as a user where user namespaces are allowed (outside a chroot), and install iproute2";
        return steps.skip("plugin in OBS", why);
    };
    steps.check("plugin in OBS", || in_obs(namespace).map_err(|e| format!("{e:#}")));
}

/// The plugin's file as cargo names it.
pub(crate) fn built_name() -> String {
    format!("{}omote_obs{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

/// Builds the plugin and says where it lies.
pub(crate) fn build(arguments: &[&str], profile: &str) -> anyhow::Result<PathBuf> {
    let status = cargo(&["build", "--package", "omote-obs"]).args(arguments).status();
    ensure!(
        status.context("cargo can't be run")?.success(),
        "the plugin does not build: the reason stands above"
    );
    Ok(target_folder()?.join(profile).join(built_name()))
}

/// Builds the plugin and its tests with all the rest, and says where the plugin lies.
fn build_for_tests(more: &[&str]) -> anyhow::Result<PathBuf> {
    let status = build_all(more).status().context("cargo can't be run")?;
    ensure!(status.success(), "the plugin does not build: the reason stands above");
    Ok(target_folder()?.join("debug").join(built_name()))
}

/// The runner for one test file of the plugin. Plain `cargo test`, which every machine has: each test of libobs sees to
/// it by itself that it has a process of its own. One test after the other, since times are looked at.
fn tests(name: &str, more: &[&str]) -> Command {
    let mut command = cargo(&["test", "--workspace", "--test", name]);
    command.args(more).args(["--", "--test-threads", "1"]);
    command.env(REQUIRED, "1").env("LIBGL_ALWAYS_SOFTWARE", "1").env_remove("RUST_BACKTRACE");
    command
}

fn in_libobs(headers: bool) -> anyhow::Result<String> {
    let with_faults = ["--features", "omote-obs/faults"];
    let built = build_for_tests(&with_faults)?;
    // Apart from where other builds put theirs: this one can be told to fail.
    let folder = target_folder()?.join("omote-obs-test");
    std::fs::create_dir_all(&folder)?;
    let plugin = folder.join("omote-with-faults.so");
    std::fs::copy(&built, &plugin).with_context(|| format!("can't copy {}", built.display()))?;
    let (_display, name) = display()?;
    for test in ["layout", "obs"] {
        if test == "layout" && !headers {
            continue;
        }
        let status =
            tests(test, &with_faults).env("DISPLAY", &name).env("OMOTE_OBS_PLUGIN", &plugin).status();
        ensure!(status.context("cargo can't be run")?.success(), "tests/{test} failed: see above");
    }
    Ok("pixels, faults, formats, sizes, add and remove, properties".to_owned())
}

/// A way to run a command in a network namespace of its own, where only the machine itself can be reached.
#[derive(Clone, Copy)]
enum Namespace {
    /// As root: works in a chroot too, where user namespaces are refused.
    Root,
    /// As a user, who is root in a user namespace only.
    User,
}

impl Namespace {
    /// The first way that works here.
    fn find() -> Option<Self> {
        let works = |way: &Self| {
            let mut probe = way.command(&mut Command::new("true"));
            probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        [Self::Root, Self::User].into_iter().find(works)
    }

    fn command(self, command: &mut Command) -> Command {
        let mut wrapped = Command::new("unshare");
        wrapped.arg("--net");
        if matches!(self, Self::User) {
            wrapped.arg("--map-root-user");
        }
        wrapped.args(["sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]);
        wrapped.arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(key, value),
                None => wrapped.env_remove(key),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            wrapped.current_dir(folder);
        }
        wrapped
    }
}

/// The plugin as users get it, installed into a home of its own, in the real program.
fn in_obs(namespace: Namespace) -> anyhow::Result<String> {
    let built = build_for_tests(&[])?;
    let folder = target_folder()?.join("omote-obs-app");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("can't remove {}", folder.display()))?;
    }
    let config = folder.join("home/.config");
    install::put(&built, &config.join("obs-studio/plugins"))?;
    let (_display, name) = display()?;
    let mut command = tests("app", &[]);
    command.env("DISPLAY", &name).env("OMOTE_OBS_HOME", folder.join("home")).env("CARGO_NET_OFFLINE", "true");
    let status = namespace.command(&mut command).status();
    ensure!(status.context("unshare can't be run")?.success(), "tests/app failed: see above");
    Ok("filter and camera on the air, properties, requests, quit; pictures in target/omote-obs-app"
        .to_owned())
}
