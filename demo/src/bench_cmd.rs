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

use crate::{run_cmd, setup, tell};
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
    /// Set two runs side by side: which rows became slower or faster, as far as the machine's noise lets tell
    Compare(CompareArgs),
    /// From light to light: show a code, film it, and say how long the camera, the engine and the window take together
    Glass(Box<glass::GlassArgs>),
}

#[derive(Args, Clone, Debug)]
struct Options {
    /// Only rows whose name (`--list`) contains this; give it again for more
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Rounds; in each, every row has its turn, in random order [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Fewer rows and frames, done within a minute
    #[arg(long)]
    quick: bool,
    /// Also measure a graphics adapter that is a program on the CPU; such rows say nothing about GPUs
    #[arg(long)]
    software: bool,
    /// Only graphics adapters whose name or interface contains this; give it again for more [default: all that are no programs]
    #[arg(long, value_name = "TEXT")]
    adapter: Vec<String>,
    /// Only this provider of networks, such as cpu or cuda; give it again for more
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
    /// Name the rows instead of measuring them
    #[arg(long)]
    list: bool,
    /// Write the figures (docs/bench-schema.json)
    #[arg(long, value_name = "FILE.json")]
    json: Option<PathBuf>,
    /// Write a page with tables and charts
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// Replace these files if they are there already
    #[arg(long)]
    force: bool,
    /// Data folder [default: OMOTE_DATA, else the system's place for a user's data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Options of `omote bench compare`.
#[derive(Args, Clone, Debug)]
struct CompareArgs {
    /// Figures of `omote bench --json`: before
    a: PathBuf,
    /// The same: after
    b: PathBuf,
    /// Which time decides; CPU time is steadier on a machine that does other things too
    #[arg(long, value_enum, default_value_t = By::Wall)]
    by: By,
    /// End with 1 where a row is slower
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
            let slower = compare(&args.a, &args.b, args.by, &mut tell::out())?;
            Ok(ExitCode::from(u8::from(args.fail_on_slower && slower > 0)))
        }
        Some(BenchCommand::Glass(args)) => glass::run(args),
        None if args.options.list => list(&args.options),
        None => measure(&args.options),
    }
}

fn list(options: &Options) -> anyhow::Result<ExitCode> {
    let front = Front::new(setup::data_folder(options.data.as_deref())?);
    let mut out = tell::out();
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
    report.table(&mut tell::report())?;
    if let Some(file) = json {
        file.fill(report.json()?.as_bytes())?;
    }
    if let Some(file) = page {
        file.fill(html::page(&report).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}
