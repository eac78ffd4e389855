//! Compares the last `cargo bench` with the stored baseline and names what became slower.
//!
//! `cargo run --release -p omote-benches --bin regress` ends with 1 if anything did; `--write` stores the last run instead.

#![expect(clippy::print_stdout, reason = "the verdicts are the program's output")]

use clap::Parser;
use omote_benches::machine;
use omote_benches::regress::{Change, Run};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
struct Options {
    /// The stored baseline [default: benches/baseline.json]
    #[arg(long, value_name = "FILE.json")]
    baseline: Option<PathBuf>,
    /// Folder that criterion wrote to [default: target/criterion]
    #[arg(long, value_name = "DIR")]
    criterion: Option<PathBuf>,
    /// Ratio from which a bench counts as slower
    #[arg(long, default_value_t = 1.15)]
    ratio: f64,
    /// Store the last run as the baseline
    #[arg(long)]
    write: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    anyhow::ensure!(options.ratio > 1.0, "--ratio must be above 1");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let baseline = options.baseline.unwrap_or_else(|| here.join("baseline.json"));
    let criterion = options.criterion.unwrap_or_else(|| here.join("../target/criterion"));
    let now = Run::read(&criterion, machine::in_words())?;
    if options.write {
        now.store(&baseline)?;
        println!("{} benches of {} stored in {}", now.benches.len(), now.machine, baseline.display());
        return Ok(ExitCode::SUCCESS);
    }
    let before = Run::load(&baseline)?;
    println!("then: {}, reference {:.0} ns", before.machine, before.reference_ns);
    println!("now:  {}, reference {:.0} ns", now.machine, now.reference_ns);
    let (mut slower, mut same) = (0, 0);
    for (name, change) in now.changes(&before, options.ratio) {
        match change {
            Change::Slower(times) => {
                slower += 1;
                println!("SLOWER  {times:.2} times as long: {name}");
            }
            Change::Faster(times) => println!("faster  {times:.2} times as long: {name}"),
            Change::New => println!("new     {name}"),
            Change::Gone => println!("gone    {name}"),
            Change::Same(_) => same += 1,
        }
    }
    println!("{same} as before, {slower} took more than {:.2} times as long", options.ratio);
    if before.machine != now.machine {
        println!("the machines differ: the ratios compare the code only as far as both machines are alike");
    }
    Ok(if slower > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
