//! The OBS plugin: built, installed, packed, and tested inside the real libobs and the real OBS.

pub(crate) mod install;
pub(crate) mod package;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::display::display;
use crate::packages::{self, on_path};
use crate::steps::Steps;
use crate::{cargo, features, target_folder};

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
        let words = format!("no {} (`cargo xtask setup` tells the packages)", missing.join(", no "));
        let verdict = match std::env::var_os(REQUIRED) {
            Some(_) => Err(format!("{REQUIRED} is set, but there is {words}")),
            None => Ok(format!("skipped: {words}")),
        };
        eprintln!("== OBS: {words}");
        return steps.note("OBS", verdict);
    }
    if only.is_none_or(|only| only == "libobs") {
        steps.check("plugin in libobs", || in_libobs().map_err(|e| format!("{e:#}")));
    }
    if only == Some("libobs") {
        return;
    }
    if !on_path("obs") || !on_path("ffmpeg") {
        return steps.note("plugin in OBS", Ok("skipped: no obs-studio or no ffmpeg".to_owned()));
    }
    if !own_network(&mut Command::new("true")).status().is_ok_and(|status| status.success()) {
        let why = "skipped: no network of its own can be had here (unshare, ip), and OBS's websocket \
                   listens on every interface";
        return steps.note("plugin in OBS", Ok(why.to_owned()));
    }
    steps.check("plugin in OBS", || in_obs().map_err(|e| format!("{e:#}")));
}

/// The plugin's file as cargo names it.
pub(crate) fn built_name() -> String {
    format!("{}omote_obs{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

/// Builds the plugin and says where it lies.
pub(crate) fn build(arguments: &[&str], profile: &str) -> anyhow::Result<PathBuf> {
    let status = cargo(&["build", "--package", "omote-obs"]).args(features()).args(arguments).status();
    ensure!(
        status.context("cargo can't be run")?.success(),
        "the plugin does not build: the reason stands above"
    );
    Ok(target_folder()?.join(profile).join(built_name()))
}

/// The test runner for one test file of the plugin, one test after the other: libobs is one for a process, and
/// times are looked at.
fn tests(name: &str) -> Command {
    let nextest = cargo(&["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let mut command = match nextest {
        true => cargo(&["nextest", "run", "--test-threads", "1", "--no-fail-fast"]),
        false => cargo(&["test"]),
    };
    command.args(features()).args(["--package", "omote-obs", "--features", "faults", "--test", name]);
    if !nextest {
        command.args(["--", "--test-threads", "1"]);
    }
    command.env(REQUIRED, "1").env("LIBGL_ALWAYS_SOFTWARE", "1").env_remove("RUST_BACKTRACE");
    command
}

fn in_libobs() -> anyhow::Result<String> {
    let built = build(&["--features", "faults"], "debug")?;
    // Apart from where other builds put theirs: this one can be told to fail.
    let folder = target_folder()?.join("omote-obs-test");
    std::fs::create_dir_all(&folder)?;
    let plugin = folder.join("omote-with-faults.so");
    std::fs::copy(&built, &plugin).with_context(|| format!("can't copy {}", built.display()))?;
    let (_display, name) = display()?;
    for test in ["layout", "obs"] {
        if test == "layout" && !Path::new("/usr/include/obs/obs-module.h").exists() {
            eprintln!("SKIPPED: the layout test: libobs' headers are not installed (Debian: libobs-dev)");
            continue;
        }
        let status = tests(test).env("DISPLAY", &name).env("OMOTE_OBS_PLUGIN", &plugin).status();
        ensure!(status.context("cargo can't be run")?.success(), "tests/{test} failed: see above");
    }
    Ok("pixels, faults, formats, sizes, add and remove, properties".to_owned())
}

/// A command in a network namespace of its own, where only the machine itself can be reached.
fn own_network(command: &mut Command) -> Command {
    let mut wrapped = Command::new("unshare");
    wrapped.args(["--net", "--map-root-user", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]);
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

/// The plugin as users get it, installed into a home of its own, in the real program.
fn in_obs() -> anyhow::Result<String> {
    let built = build(&[], "debug")?;
    let folder = target_folder()?.join("omote-obs-app");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("can't remove {}", folder.display()))?;
    }
    let config = folder.join("home/.config");
    install::put(&built, &config.join("obs-studio/plugins"))?;
    let (_display, name) = display()?;
    let mut command = tests("app");
    command.env("DISPLAY", &name).env("OMOTE_OBS_HOME", folder.join("home")).env("CARGO_NET_OFFLINE", "true");
    // Built before the network is gone.
    let mut only_build = cargo(&["test", "--no-run", "--package", "omote-obs", "--features", "faults"]);
    ensure!(only_build.args(features()).status()?.success(), "tests/app does not build");
    let status = own_network(&mut command).status();
    ensure!(status.context("unshare can't be run")?.success(), "tests/app failed: see above");
    Ok("filter and camera on the air, properties, requests, quit; pictures in target/omote-obs-app"
        .to_owned())
}
