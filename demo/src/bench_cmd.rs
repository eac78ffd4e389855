//! `omote bench`: what a frame costs on this machine, and what became slower since. The laboratory itself is
//! omote-benches.

mod environment;
mod glass;
mod window;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use indicatif::ProgressStyle;
use omote_benches::compare::{By, compare};
use omote_benches::{Progress, html};
use omote_engine::output::{self, OutputFile};

use crate::{console, run_cmd, setup};
use environment::Front;

/// Options of `omote bench`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArgs {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<BenchCommand>,
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// Compare two runs: which rows became slower or faster, beyond the noise of the machine
    Compare(CompareArgs),
    /// Measure glass to glass: show a code, film it, and report how long camera, engine and window take together
    Glass(Box<glass::GlassArgs>),
}

#[derive(Args, Clone, Debug)]
struct Options {
    /// Only rows whose name (see `--list`) contains this text; can be repeated
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Number of rounds; each round measures every row once, in random order [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Measure fewer rows and frames, within a minute
    #[arg(long)]
    quick: bool,
    /// Also measure software graphics adapters, which run on the CPU; their rows say nothing about GPUs
    #[arg(long)]
    software: bool,
    /// Only graphics adapters whose name or interface contains this text; can be repeated [default: all hardware adapters]
    #[arg(long, value_name = "TEXT")]
    adapter: Vec<String>,
    /// Only this inference provider, such as cpu or cuda; can be repeated
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
    /// List the rows instead of measuring them
    #[arg(long)]
    list: bool,
    /// Write the figures to this file as JSON (docs/bench-schema.json)
    #[arg(long, value_name = "FILE.json")]
    json: Option<PathBuf>,
    /// Write a page with tables and charts to this file to this file
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Options of `omote bench compare`.
#[derive(Args, Clone, Debug)]
struct CompareArgs {
    /// Figures from `omote bench --json`, before the change
    a: PathBuf,
    /// Figures from `omote bench --json`, after the change
    b: PathBuf,
    /// Which time to compare; CPU time is steadier on a busy machine
    #[arg(long, value_enum, default_value_t = By::Wall)]
    by: By,
    /// Exit with status 1 if a row became slower
    #[arg(long)]
    fail_on_slower: bool,
}

impl Options {
    fn choice(&self) -> omote_benches::Options {
        omote_benches::Options {
            only: self.only.clone(),
            rounds: self.rounds,
            quick: self.quick,
            software: self.software,
            adapters: self.adapter.clone(),
            providers: self.provider.clone(),
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Some(BenchCommand::Compare(args)) => {
            let slower = compare(&args.a, &args.b, args.by, &mut console::out())?;
            Ok(ExitCode::from(u8::from(args.fail_on_slower && slower > 0)))
        }
        Some(BenchCommand::Glass(args)) => glass::run(args),
        None if args.options.list => list(&args.options),
        None => measure(&args.options),
    }
}

fn list(options: &Options) -> anyhow::Result<ExitCode> {
    let front = Front::new(setup::data_folder(options.data.as_deref())?);
    let mut out = console::out();
    for row in omote_benches::rows(&front, &options.choice())? {
        writeln!(out, "{:<46} {}", row.id(), row.title())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(options: &Options) -> anyhow::Result<ExitCode> {
    let named = [("--json", options.json.as_deref()), ("--html", options.html.as_deref())];
    let outputs: Vec<_> = named.iter().filter_map(|(name, path)| Some((*name, (*path)?))).collect();
    output::apart(&outputs, &[])?;
    let begin = |path: &Path| OutputFile::create(path, output::Options::force(options.force));
    let json = options.json.as_deref().map(begin).transpose()?;
    let page = options.html.as_deref().map(begin).transpose()?;
    let front = Front::new(setup::data_folder(options.data.as_deref())?);
    let mut bar = run_cmd::progress(None);
    bar.set_style(ProgressStyle::with_template("{spinner} preparing {msg}")?);
    let report = omote_benches::run(&front, &options.choice(), &mut |progress| match progress {
        Progress::Preparing(what) => {
            bar.set_message(what.to_owned());
            bar.tick();
        }
        Progress::Begun { frames } => {
            bar.finish_and_clear();
            bar = run_cmd::progress(Some(frames));
        }
        Progress::Measured { frames } => bar.inc(frames),
        Progress::Over => bar.finish_and_clear(),
    })?;
    report.table(&mut console::report())?;
    if let Some(file) = json {
        file.fill(report.json()?.as_bytes())?;
    }
    if let Some(file) = page {
        file.fill(html::page(&report).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}
