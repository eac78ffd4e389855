//! `cargo xtask fuzz`: what strangers' files can do to the parsers. Needs a nightly compiler; not part of the tests.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;

use crate::steps::Steps;
use crate::{build_all, cargo, root, target_folder};

/// The targets, as `engine/fuzz/Cargo.toml` names them.
const TARGETS: [&str; 7] =
    ["persona_package", "persona_manifest", "onnx", "tflite", "y4m", "mjpeg", "picture"];

/// Options of `cargo xtask fuzz`.
#[derive(Args)]
pub(crate) struct FuzzArgs {
    /// Targets to run, one after the other [default: all]
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
    /// Time for each target, in seconds
    #[arg(long, value_name = "S", default_value_t = 1200)]
    seconds: u32,
}

/// Runs the targets, seeded with the tests' own files. True if none found anything.
pub(crate) fn run(args: &FuzzArgs) -> anyhow::Result<bool> {
    tools()?;
    let seeds = seeds()?;
    let mut steps = Steps::new();
    for target in TARGETS {
        if args.targets.is_empty() || args.targets.iter().any(|wanted| wanted == target) {
            let corpus = root().join("engine/fuzz/corpus").join(target);
            std::fs::create_dir_all(&corpus).with_context(|| format!("can't make {}", corpus.display()))?;
            let mut fuzz = nightly(&["fuzz", "run", "--fuzz-dir", "fuzz", target]);
            fuzz.args([corpus, seeds.join(target)]).arg("--");
            fuzz.arg(format!("-max_total_time={}", args.seconds));
            // A file of a few bytes must not take gigabytes or half a minute.
            fuzz.args(["-rss_limit_mb=4096", "-timeout=25", "-print_final_stats=1"]);
            steps.run(target, &mut fuzz);
        }
    }
    Ok(steps.finish())
}

/// The nightly cargo, in the engine's folder.
fn nightly(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    // Cargo tells its own children which toolchain to take.
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").arg("+nightly").args(arguments);
    command.current_dir(root().join("engine"));
    command
}

/// A nightly compiler must be there; cargo-fuzz is installed where it isn't.
fn tools() -> anyhow::Result<()> {
    let nightly_there = nightly(&["--version"]).output().is_ok_and(|output| output.status.success());
    ensure!(nightly_there, "fuzzing needs a nightly compiler: `rustup toolchain install nightly`");
    if !nightly(&["fuzz", "--version"]).output().is_ok_and(|output| output.status.success()) {
        eprintln!("== cargo-fuzz is not installed: installing it");
        let status = cargo(&["install", "--locked", "cargo-fuzz"]).status().context("cargo can't be run")?;
        ensure!(status.success(), "cargo-fuzz could not be installed: the reason stands above");
    }
    Ok(())
}

/// Writes the seeds, a folder for each target, and says where.
fn seeds() -> anyhow::Result<std::path::PathBuf> {
    let seeds = target_folder()?.join("fuzz-seeds");
    for target in TARGETS {
        let folder = seeds.join(target);
        std::fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    }
    eprintln!("== seeds in {}", seeds.display());
    let status = build_all(&[]).status().context("cargo can't be run")?;
    ensure!(status.success(), "the program that writes the seeds does not build: the reason stands above");
    let writer = target_folder()?.join("debug/examples/fuzz_seeds");
    let status = Command::new(&writer).arg(&seeds).status().context("the seeds can't be written")?;
    ensure!(status.success(), "the seeds were not written: the reason stands above");
    let mut tests = cargo(&["test", "--quiet", "--workspace", "--lib", "infer::"]);
    let status = tests.env("OMOTE_FUZZ_SEEDS", seeds.join("tflite")).status();
    ensure!(status.context("cargo can't be run")?.success(), "the tests that write seeds failed");
    ensure!(has_files(&seeds.join("tflite")), "the tests wrote no network");
    Ok(seeds)
}

fn has_files(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
