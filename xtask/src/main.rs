//! `cargo xtask setup | demo | test | lint`: only what cargo cannot say by itself.

#![expect(clippy::print_stderr, reason = "a program that tells its user what it does")]

mod packages;
mod steps;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;
use clap::{Parser, Subcommand};

use steps::Steps;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set-up, demo and tests of omote, each by one command")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Get what is missing: Debian packages, the face networks, ONNX Runtime
    Setup,
    /// Set up, then run the demo: it leaves a video and a picture in out/ and prints the latency table
    Demo {
        /// Options handed on to `omote demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Set up, then everything that must pass: formatting, lints, tests, examples in docs, docs
    Test,
    /// Formatting, lints and docs only
    Lint,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Setup => setup(&[]).map(|()| true),
        Task::Demo { options } => demo(&options).map(|()| true),
        Task::Test => test(),
        Task::Lint => lint(),
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

/// Cargo, called in the workspace's folder.
fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Debian packages, then `omote setup`. `profile` is how the program is built.
fn setup(profile: &[&str]) -> anyhow::Result<()> {
    packages::install();
    eprintln!("== omote setup (the program is built first)");
    let status = cargo(&["run"]).args(profile).args(["--package", "omote", "--", "setup"]).status();
    match status.context("cargo can't be run")?.success() {
        true => Ok(()),
        false => anyhow::bail!("set-up did not finish: the reason and the remedy stand above"),
    }
}

fn demo(options: &[String]) -> anyhow::Result<()> {
    setup(&["--release"])?;
    eprintln!("== omote demo");
    let status = cargo(&["run", "--release", "--package", "omote", "--", "demo"]).args(options).status();
    match status.context("cargo can't be run")?.success() {
        true => Ok(()),
        false => anyhow::bail!("the demo did not finish: the reason stands above"),
    }
}

fn lint() -> anyhow::Result<bool> {
    let mut steps = Steps::new();
    lint_steps(&mut steps);
    Ok(steps.finish())
}

fn lint_steps(steps: &mut Steps) {
    steps.run("formatting", &mut cargo(&["fmt", "--all", "--check"]));
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    steps.run("lints", &mut cargo(&clippy));
    let mut docs = cargo(&["doc", "--workspace", "--no-deps"]);
    steps.run("docs", docs.env("RUSTDOCFLAGS", "-D warnings"));
}

fn test() -> anyhow::Result<bool> {
    let mut steps = Steps::new();
    steps.time("set-up", || setup(&[]))?;
    lint_steps(&mut steps);

    let nextest = cargo(&["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    if !nextest {
        eprintln!("== cargo-nextest is not installed: cargo test runs the tests");
    }
    let runner: &[&str] =
        if nextest { &["nextest", "run", "--workspace"] } else { &["test", "--workspace", "--all-targets"] };
    let log = AdapterLog::new()?;
    let required = packages::software_vulkan();
    let mut tests = cargo(runner);
    tests.env(AdapterLog::VARIABLE, &log.path);
    if required {
        tests.env("OMOTE_REQUIRE_ADAPTER", "1");
    }
    steps.run("tests", &mut tests);
    steps.run("examples in docs", &mut cargo(&["test", "--workspace", "--doc"]));
    steps.note("GPU tests", log.verdict(required));
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
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        let target = std::path::absolute(target)?;
        std::fs::create_dir_all(&target).with_context(|| format!("can't make {}", target.display()))?;
        let path = target.join("omote-adapters.txt");
        std::fs::write(&path, "").with_context(|| format!("can't write {}", path.display()))?;
        Ok(Self { path })
    }

    /// Whether GPU tests ran as they should, and on what.
    fn verdict(&self, required: bool) -> Result<String, String> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let mut names: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let runs = names.len();
        names.sort_unstable();
        names.dedup();
        match (runs, required) {
            (0, true) => Err("software Vulkan is installed, but no test ran on an adapter".to_owned()),
            (0, false) => Ok("skipped: no adapter (Debian: apt-get install mesa-vulkan-drivers)".to_owned()),
            _ => Ok(format!("{runs} ran, on {}", names.join(", "))),
        }
    }
}
