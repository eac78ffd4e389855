//! `omote bench`: what a frame costs on this machine, row by row, and what became slower since.

mod compare;
mod glass;
mod html;
mod machine;
mod measure;
mod report;
mod rows;
mod scene;
mod stats;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use clap::{Args, Subcommand};
use indicatif::ProgressStyle;
use measure::Extent;
use omote_engine::output::{self, OutputFile};
use report::{Report, SCHEMA};
use rows::Stock;

use crate::{run_cmd, setup};

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
    Compare(compare::CompareArgs),
    /// Measure glass to glass: show a code, film it, and report how long camera, engine and window take together
    Glass(Box<glass::GlassArgs>),
}

#[derive(Args, Clone, Debug, Default)]
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
    /// Write a page with tables and charts to this file
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Some(BenchCommand::Compare(args)) => return compare::run(args),
        Some(BenchCommand::Glass(args)) => return glass::run(args),
        None => (),
    }
    let options = &args.options;
    if options.list {
        let (_, plans, _) = chosen(options)?;
        let mut out = crate::tell::out();
        for plan in plans {
            writeln!(out, "{:<46} {}", plan.id(), plan.title())?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let named = [("--json", options.json.as_deref()), ("--html", options.html.as_deref())];
    let outputs: Vec<_> = named.iter().filter_map(|(name, path)| Some((*name, (*path)?))).collect();
    output::apart(&outputs, &[])?;
    let begin = |path: &Path| OutputFile::create(path, output::Options::force(options.force));
    let json = options.json.as_deref().map(begin).transpose()?;
    let page = options.html.as_deref().map(begin).transpose()?;
    let report = bench(options)?;
    table(&mut crate::tell::report(), &report)?;
    if let Some(file) = json {
        file.fill((serde_json::to_string_pretty(&report)? + "\n").as_bytes())?;
    }
    if let Some(file) = page {
        file.fill(html::page(&report).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The rows that were asked for.
fn chosen(options: &Options) -> anyhow::Result<(Stock, Vec<rows::Plan>, Vec<report::Adapter>)> {
    let stock = Stock::new(setup::data_folder(options.data.as_deref())?)?;
    let adapters = machine::adapters();
    let wanted = rows::Wanted {
        quick: options.quick,
        software: options.software,
        adapters: &options.adapter,
        providers: &options.provider,
    };
    let mut plans = rows::plans(&stock, &adapters, &wanted)?;
    if !options.only.is_empty() {
        plans.retain(|plan| options.only.iter().any(|text| plan.id().contains(text)));
    }
    if plans.is_empty() {
        bail!("no row has a name containing {}; `omote bench --list` lists them", options.only.join(" or "));
    }
    Ok((stock, plans, adapters))
}

/// Measures what was asked for.
fn bench(options: &Options) -> anyhow::Result<Report> {
    let start = Instant::now();
    let started = machine::started();
    let (stock, plans, adapters) = chosen(options)?;
    let extent = Extent::of(options.quick, options.rounds);
    let preparing = run_cmd::progress(None);
    preparing.set_style(ProgressStyle::with_template("{spinner} preparing {msg}")?);
    let mut tell = |what: &str| {
        preparing.set_message(what.to_owned());
        preparing.tick();
    };
    let (rows, noise) = measure::measure(&plans, &stock, extent, &mut tell, |frames| {
        preparing.finish_and_clear();
        run_cmd::progress(Some(frames))
    })?;
    Ok(Report {
        schema: SCHEMA,
        program: machine::program(),
        machine: machine::machine(),
        adapters,
        runtime: machine::runtime(&stock.runtime, &stock.data),
        started,
        seconds: start.elapsed().as_secs_f64(),
        quick: options.quick,
        rounds: extent.rounds,
        noise,
        rows,
    })
}

/// Writes the figures for people.
fn table(out: &mut dyn Write, report: &Report) -> std::io::Result<()> {
    let (m, p) = (&report.machine, &report.program);
    let memory = m.memory_mib.map_or_else(String::new, |mib| format!(", {:.1} GiB", mib as f64 / 1024.0));
    writeln!(out, "{}, {} cores{memory}, {}, {} build", m.cpu, m.cores, m.os, p.profile)?;
    for adapter in &report.adapters {
        let software = if adapter.software { " [software]" } else { "" };
        writeln!(out, "{} ({}, {}){software}", adapter.name, adapter.backend, adapter.driver)?;
    }
    writeln!(
        out,
        "networks run by {}; {} rounds, {:.0} s\n",
        report.runtime.name, report.rounds, report.seconds
    )?;
    writeln!(
        out,
        "{:<46}{:>9}{:>18}{:>9}{:>9}{:>9}{:>9}{:>7}  ms per frame",
        "row", "median", "95 % interval", "p95", "p99", "CPU", "jitter", "frames"
    )?;
    for row in &report.rows {
        let software = if row.software { " [software]" } else { "" };
        if let Some(fault) = &row.fault {
            writeln!(out, "{:<46}{:>9}  {fault}{software}", row.id, "-")?;
            continue;
        }
        let (w, interval) = (&row.wall, format!("{:.2}-{:.2}", row.wall.low, row.wall.high));
        writeln!(
            out,
            "{:<46}{:>9.2}{interval:>18}{:>9.2}{:>9.2}{:>9.2}{:>9.2}{:>7}{software}",
            row.id, w.median, w.p95, w.p99, row.cpu.median, w.jitter, row.frames
        )?;
        let stages: Vec<String> =
            row.stages.iter().map(|s| format!("{} {:.2}", s.name, s.times.median)).collect();
        writeln!(out, "    {}", stages.join(", "))?;
        if let Some(gpu) = &row.gpu {
            let pass = |s: &report::StageTimes| format!("{} {:.2}", s.name, s.times.median);
            let passes: Vec<String> = row.gpu_passes.iter().map(pass).collect();
            let kib = |bytes: Option<u64>| bytes.unwrap_or_default() / 1024;
            writeln!(
                out,
                "    on the GPU {:.2}: {}; {} KiB up, {} KiB back",
                gpu.median,
                passes.join(", "),
                kib(row.upload_bytes),
                kib(row.readback_bytes)
            )?;
        }
    }
    writeln!(out, "\n{}", report.noise.words)?;
    if p.profile == "debug" {
        writeln!(out, "this is a debug build: its figures say nothing about release builds")?;
    }
    Ok(())
}
