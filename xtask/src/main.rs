//! `cargo xtask setup | demo | gallery | test | lint`: only what cargo cannot say by itself.

#![expect(clippy::print_stderr, reason = "a program that tells its user what it does")]

mod api;
mod dependencies;
mod display;
mod fuzz;
mod networks;
mod obs;
mod packages;
mod pictures;
mod pipewire_session;
mod process;
mod raw_frames;
mod rig;
mod steps;
mod window;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;
use clap::{Parser, Subcommand};

use packages::{For, TEST_SETUP};
use steps::Steps;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set up, demonstrate and test Omote, each with one command")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what the program needs: Debian packages, the face networks, ONNX Runtime
    Setup {
        /// Also install what the tests need: a virtual display, software Vulkan, PipeWire, OBS Studio
        #[arg(long)]
        tests: bool,
    },
    /// Set up, then run the demo, which writes a video and a picture to out/ and prints a table of latencies
    Demo {
        /// Options for `omote demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Generate docs/gallery.md and its pictures, from the built-in actor and composites alone
    Gallery {
        /// Options for the program; `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Set up, then run everything that must pass: formatting, lints, docs, tests, examples in docs
    Test,
    /// Check formatting, lints, docs, public API and dependencies only
    Lint,
    /// Compare the public API with what is kept in engine/*/api.txt, or keep it as it is now
    Api(api::ApiArgs),
    /// Check the PipeWire camera only
    PipewireCamera,
    /// Check the window only
    Window,
    /// Check V4L2 devices only, in a small virtual machine
    Rig,
    /// Check the OBS plugin only, inside libobs and inside OBS
    Obs {
        /// One of the two
        #[arg(value_parser = ["libobs", "app"])]
        only: Option<String>,
    },
    /// Build the OBS plugin and install it into the user's OBS plugin folder
    InstallObs {
        /// OBS plugin folder, if it is not the usual one
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Pack the OBS plugin into an archive for distribution, with networks and licences
    Package {
        /// System: linux, windows or macos
        #[arg(long)]
        system: Option<String>,
        /// A plugin that was built elsewhere
        #[arg(long, value_name = "FILE")]
        library: Option<PathBuf>,
    },
    /// Record or compare hashes of the program's pictures, to show whether a code change alters any
    Pictures(pictures::PicturesArgs),
    /// Run each fuzz target for a while; needs a nightly compiler
    Fuzz(fuzz::FuzzArgs),
    /// Try every order in which the two sides of a slot can run; builds a copy of its own
    Loom,
    /// Check the networks that we train ourselves only: training, and figures on what was kept out
    Networks,
    /// What runs in that machine
    #[command(hide = true)]
    RigInside(rig::inside::InsideArgs),
}

fn main() -> ExitCode {
    if let Some(code) = api::as_rustdoc() {
        return code;
    }
    let done = match Cli::parse().task {
        Task::Setup { tests } => setup(&[], if tests { For::Tests } else { For::Program }).map(|()| true),
        Task::Demo { options } => demo(&options).map(|()| true),
        Task::Gallery { options } => gallery(&options).map(|()| true),
        Task::Test => test(),
        Task::Lint => lint(),
        Task::Api(args) => api::run(&args),
        Task::PipewireCamera => {
            let mut steps = Steps::new();
            pipewire_session::run(&mut steps);
            Ok(steps.finish())
        }
        Task::Window => {
            let mut steps = Steps::new();
            window::run(&mut steps);
            Ok(steps.finish())
        }
        Task::Rig => {
            let mut steps = Steps::new();
            rig::run(&mut steps);
            Ok(steps.finish())
        }
        Task::Obs { only } => {
            let mut steps = Steps::new();
            obs::run(&mut steps, only.as_deref());
            Ok(steps.finish())
        }
        Task::Networks => {
            let mut steps = Steps::new();
            networks::run(&mut steps);
            Ok(steps.finish())
        }
        Task::InstallObs { folder } => obs::install::run(folder.as_deref()).map(|()| true),
        Task::Package { system, library } => {
            obs::package::run(system.as_deref(), library.as_deref()).map(|()| true)
        }
        Task::Pictures(args) => pictures::run(&args),
        Task::Loom => loom(),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::RigInside(args) => rig::inside::run(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where cargo builds, as an absolute path.
fn target_folder() -> anyhow::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    Ok(std::path::absolute(target)?)
}

/// Where set-up has put the networks.
fn data_folder() -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).map(PathBuf::from);
    from("OMOTE_DATA").or_else(|| {
        let share = from("XDG_DATA_HOME").or_else(|| from("HOME").map(|home| home.join(".local/share")));
        share.map(|share| share.join("omote"))
    })
}

/// Cargo, called in the workspace's folder.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Builds programs, plugin, tests and examples as every step of the tests takes them. A part that is built by itself gets
/// its dependencies with other features, and half of them are compiled anew; so no step does that.
fn build_all(more: &[&str]) -> Command {
    let mut build = cargo(&["build", "--workspace", "--all-targets"]);
    build.args(more);
    build
}

/// The Debian packages that are needed for this, then `omote setup`. `profile` is how the program is built.
fn setup(profile: &[&str], what: For) -> anyhow::Result<()> {
    packages::install(what);
    eprintln!("== omote setup (the program is built first)");
    let mut run = cargo(&["run"]);
    let status = run.args(profile).args(["--package", "omote", "--", "setup"]).status();
    match status.context("cargo can't be run")?.success() {
        true => Ok(()),
        false => anyhow::bail!("set-up did not finish: see the reason and the remedy above"),
    }
}

fn demo(options: &[String]) -> anyhow::Result<()> {
    setup(&["--release"], For::Program)?;
    eprintln!("== omote demo");
    let omote = || {
        let mut run = cargo(&["run", "--release"]);
        run.args(["--package", "omote", "--"]);
        run
    };
    // What an earlier demo left is replaced, so that the command can be repeated.
    let force = (!options.iter().any(|option| option == "--force")).then_some("--force");
    let status = omote().arg("demo").args(force).args(options).status();
    anyhow::ensure!(
        status.context("cargo can't be run")?.success(),
        "the demo did not finish: see the reason above"
    );
    let display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if display && Path::new("/dev/video0").exists() {
        eprintln!("== there is a camera and a display, so the window opens (close it to finish)");
        let status = omote().status();
        anyhow::ensure!(status.context("cargo can't be run")?.success(), "the window failed: see above");
    }
    Ok(())
}

fn gallery(options: &[String]) -> anyhow::Result<()> {
    let mut run = cargo(&["run", "--package", "omote-benches", "--bin", "gallery", "--"]);
    let status = run.args(options).status().context("cargo can't be run")?;
    anyhow::ensure!(status.success(), "the gallery was not generated: see the reason above");
    Ok(())
}

fn lint() -> anyhow::Result<bool> {
    let mut steps = Steps::new();
    lint_steps(&mut steps);
    Ok(steps.finish())
}

fn lint_steps(steps: &mut Steps) {
    steps.run("formatting", &mut cargo(&["fmt", "--all", "--check"]));
    let mut clippy = cargo(&["clippy", "--workspace", "--all-targets"]);
    steps.run("lints", clippy.args(["--", "-D", "warnings"]));
    match api::docs() {
        Ok(mut docs) => {
            if steps.run("docs", &mut docs) {
                steps.check("public API", api::compare);
            }
        }
        Err(error) => steps.note("docs", Err(format!("{error:#}"))),
    }
    dependencies::run(steps);
}

fn test() -> anyhow::Result<bool> {
    let mut steps = Steps::new();
    steps.time("system packages", || {
        packages::install(For::Tests);
        Ok(())
    })?;
    if !steps.run("build", &mut build_all(&[])) {
        return Ok(steps.finish());
    }
    let program = target_folder()?.join("debug").join(format!("omote{}", std::env::consts::EXE_SUFFIX));
    if !steps.run("set-up", Command::new(program).arg("setup")) {
        return Ok(steps.finish());
    }
    lint_steps(&mut steps);

    let nextest = cargo(&["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    if !nextest {
        eprintln!("== cargo-nextest is not installed: cargo test runs the tests");
    }
    let runner: &[&str] = if nextest {
        &["nextest", "run", "--workspace", "--no-fail-fast"]
    } else {
        &["test", "--workspace", "--all-targets", "--no-fail-fast"]
    };
    let log = AdapterLog::new()?;
    let required = packages::software_vulkan();
    let mut tests = cargo(runner);
    tests.env(AdapterLog::VARIABLE, &log.path);
    if required {
        tests.env("OMOTE_REQUIRE_ADAPTER", "1");
    }
    steps.run("tests", &mut tests);
    steps.run("examples in docs", &mut cargo(&["test", "--workspace", "--doc"]));
    log.report(&mut steps, required);
    if !root().join("../shared/media").is_dir() {
        steps.skip(
            "real pictures",
            "there is no ../shared beside the checkout; the built-in actor was tested",
        );
    }
    networks::run(&mut steps);
    window::run(&mut steps);
    pipewire_session::run(&mut steps);
    obs::run(&mut steps, None);
    rig::run(&mut steps);
    Ok(steps.finish())
}

/// The slot's tests under loom: a build of its own, since all code is compiled for it.
fn loom() -> anyhow::Result<bool> {
    let mut steps = Steps::new();
    let mut tests = cargo(&["test", "--package", "omote-frame", "--lib", "slot"]);
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    tests
        .env("RUSTFLAGS", format!("{flags} --cfg loom"))
        .env("CARGO_TARGET_DIR", target_folder()?.join("loom"));
    steps.run("slot under loom", &mut tests);
    Ok(steps.finish())
}

/// The file to which every GPU test adds the name of the adapter it ran on: proof that one ran.
struct AdapterLog {
    path: PathBuf,
}

impl AdapterLog {
    /// Names the file to the tests.
    const VARIABLE: &str = "OMOTE_ADAPTER_LOG";

    /// An empty log below the target folder.
    fn new() -> anyhow::Result<Self> {
        let target = target_folder()?;
        std::fs::create_dir_all(&target).with_context(|| format!("can't make {}", target.display()))?;
        let path = target.join("omote-adapters.txt");
        std::fs::write(&path, "").with_context(|| format!("can't write {}", path.display()))?;
        Ok(Self { path })
    }

    /// Adds to the steps whether GPU tests ran as they should, and on what.
    fn report(&self, steps: &mut Steps, required: bool) {
        const NAME: &str = "GPU tests";
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let mut names: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let runs = names.len();
        names.sort_unstable();
        names.dedup();
        match (runs, required) {
            (0, true) => {
                steps.note(
                    NAME,
                    Err("software Vulkan is installed, but no test ran on an adapter".to_owned()),
                );
            }
            (0, false) => steps.skip(NAME, format!("no adapter (`{TEST_SETUP}` installs software Vulkan)")),
            _ => steps.note(NAME, Ok(format!("{runs} ran, on {}", names.join(", ")))),
        }
    }
}
