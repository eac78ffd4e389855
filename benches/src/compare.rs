//! Two runs side by side: what became slower, and whether that can be told at all.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use clap::ValueEnum;

use crate::report::{Report, Row, Times};
use crate::statistics;

/// The least difference of medians that counts, of 1, on however quiet a machine: layout of code and memory alone
/// makes as much.
pub(crate) const LEAST_DIFFERENCE: f64 = 0.03;

/// Which time decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Wall-clock time
    Wall,
    /// CPU time of the process
    Cpu,
}

/// What can be said of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// B took less time.
    Faster,
    /// No difference that could be told from noise.
    Same,
    /// B took more.
    Slower,
    /// Only one of the two has no figures.
    NoFigures,
}

impl Verdict {
    fn words(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Same => "same",
            Self::Slower => "SLOWER",
            Self::NoFigures => "no figures",
        }
    }
}

/// A row that both have.
pub(crate) struct Pair<'a> {
    pub(crate) a: &'a Row,
    pub(crate) b: &'a Row,
    /// Median of B to that of A.
    pub(crate) ratio: f64,
    /// The least difference that counts, of 1.
    pub(crate) least: f64,
    pub(crate) verdict: Verdict,
}

/// Two runs side by side.
pub(crate) struct Comparison<'a> {
    pub(crate) pairs: Vec<Pair<'a>>,
    /// Rows of one run only.
    pub(crate) only: [Vec<&'a str>; 2],
    /// Why the runs may not be comparable.
    pub(crate) differences: Vec<String>,
    /// What the same work took in B, of what it took in A.
    pub(crate) machine: f64,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(a: &'a Report, b: &'a Report, by: By) -> Self {
        let [before, after] = [a, b].map(|r| statistics::median(&r.noise.reference_ms));
        let machine = if before > 0.0 && after > 0.0 { after / before } else { 1.0 };
        let noise = 2.0 * a.noise.spread.max(b.noise.spread);
        let pair = |row: &'a Row| {
            let other = b.rows.iter().find(|r| r.id == row.id)?;
            Some(judge(row, other, by, LEAST_DIFFERENCE.max(noise), machine))
        };
        let missing = |of: &'a Report, there: &Report| {
            let there = |id: &str| there.rows.iter().any(|r| r.id == id);
            of.rows.iter().map(|r| r.id.as_str()).filter(|id| !there(id)).collect()
        };
        Self {
            pairs: a.rows.iter().filter_map(pair).collect(),
            only: [missing(a, b), missing(b, a)],
            differences: differences(a, b),
            machine,
        }
    }

    pub(crate) fn slower(&self) -> usize {
        self.pairs.iter().filter(|p| p.verdict == Verdict::Slower).count()
    }
}

fn times(row: &Row, by: By) -> &Times {
    if by == By::Wall { &row.wall } else { &row.cpu }
}

/// How far a row's rounds were from the best of them, of 1.
fn restless(times: &Times) -> f64 {
    if times.best_round > 0.0 { times.median / times.best_round - 1.0 } else { 0.0 }
}

/// A row is slower only where the medians' intervals are apart, and the medians differ by more than what is always
/// there, than the machine's noise and than the row's rounds did among themselves; a machine that became slower itself
/// is taken off. The best rounds must differ as much: other work on the machine makes rounds slower, never faster.
fn judge<'a>(a: &'a Row, b: &'a Row, by: By, least: f64, machine: f64) -> Pair<'a> {
    let (x, y) = (times(a, by), times(b, by));
    if a.fault.is_some() || b.fault.is_some() || x.median <= 0.0 || y.median <= 0.0 {
        return Pair { a, b, ratio: 0.0, least, verdict: Verdict::NoFigures };
    }
    let least = least.max(restless(x)).max(restless(y));
    // By how much the medians must differ where the machine took `shift` times as long for the slower one.
    let needed = |shift: f64| (1.0 + least) * shift.max(1.0);
    let above = |less: &Times, more: &Times, needed: f64| {
        let apart = more.low > less.high && more.median > less.median * needed;
        apart && more.best_round > less.best_round * needed
    };
    let verdict = match (above(x, y, needed(machine)), above(y, x, needed(1.0 / machine))) {
        (true, _) => Verdict::Slower,
        (_, true) => Verdict::Faster,
        _ => Verdict::Same,
    };
    let ratio = y.median / x.median;
    let shift = if ratio >= 1.0 { machine } else { 1.0 / machine };
    Pair { a, b, ratio, least: needed(shift) - 1.0, verdict }
}

fn differences(a: &Report, b: &Report) -> Vec<String> {
    let mut all = Vec::new();
    let mut differ = |what: &str, x: String, y: String| {
        if x != y {
            all.push(format!("{what}: {x} in A, {y} in B"));
        }
    };
    let machine = |r: &Report| format!("{}, {} cores, {}", r.machine.cpu, r.machine.cores, r.machine.os);
    let gpus = |r: &Report| match r.adapters.iter().map(|a| a.name.as_str()).collect::<Vec<_>>() {
        names if names.is_empty() => "none".to_owned(),
        names => names.join(", "),
    };
    differ("different machines", machine(a), machine(b));
    differ("different builds", a.program.profile.clone(), b.program.profile.clone());
    differ("different runtimes", a.runtime.name.clone(), b.runtime.name.clone());
    differ("different graphics adapters", gpus(a), gpus(b));
    differ("different lengths", length(a).to_owned(), length(b).to_owned());
    all
}

fn length(r: &Report) -> &'static str {
    if r.quick { "quick" } else { "full" }
}

/// Compares two files of figures, A from before and B from after, and writes for people what became of each row. Gives how
/// many rows became slower.
///
/// # Errors
/// A file that can't be read or holds no report of this version, or an output that can't be written.
pub fn compare(a: &Path, b: &Path, by: By, out: &mut dyn Write) -> anyhow::Result<usize> {
    let reports = [Report::read(a)?, Report::read(b)?];
    for ((letter, path), report) in [("A", a), ("B", b)].into_iter().zip(&reports) {
        let p = &report.program;
        let commit = p.commit.as_ref().map_or_else(String::new, |c| format!(" {c}"));
        writeln!(
            out,
            "{letter}: {}: {} {}{commit}, {} build, {}; {}",
            path.display(),
            p.name,
            p.version,
            p.profile,
            report.started,
            report.noise.words
        )?;
    }
    let [a, b] = &reports;
    let comparison = Comparison::new(a, b, by);
    table(out, &comparison, by).context("can't write the table")?;
    Ok(comparison.slower())
}

pub(crate) fn table(out: &mut dyn Write, comparison: &Comparison<'_>, by: By) -> std::io::Result<()> {
    for difference in &comparison.differences {
        writeln!(out, "CAUTION: {difference}")?;
    }
    if (comparison.machine - 1.0).abs() > LEAST_DIFFERENCE / 2.0 {
        let percent = (comparison.machine - 1.0) * 100.0;
        writeln!(out, "CAUTION: fixed work took {percent:+.1} % in B, which is corrected for")?;
    }
    let what = if by == By::Wall { "wall" } else { "CPU" };
    writeln!(
        out,
        "\n{:<46}{:>10}{:>10}{:>8}{:>8}  verdict (median {what} ms)",
        "row", "A", "B", "B/A", "from %"
    )?;
    for pair in &comparison.pairs {
        let (a, b) = (times(pair.a, by).median, times(pair.b, by).median);
        let software = if pair.a.software || pair.b.software { " [software]" } else { "" };
        let (id, words) = (&pair.a.id, pair.verdict.words());
        if pair.verdict == Verdict::NoFigures {
            let fault = pair.a.fault.as_ref().or(pair.b.fault.as_ref()).map_or("", String::as_str);
            writeln!(out, "{id:<46}{:>10}{:>10}{:>8}{:>8}  {words}: {fault}{software}", "-", "-", "-", "-")?;
        } else {
            let (ratio, least) = (pair.ratio, pair.least * 100.0);
            writeln!(out, "{id:<46}{a:>10.2}{b:>10.2}{ratio:>8.3}{least:>8.1}  {words}{software}")?;
        }
    }
    for (letter, only) in ["A", "B"].iter().zip(&comparison.only) {
        for id in only {
            writeln!(out, "only in {letter}: {id}")?;
        }
    }
    let of = |verdict| comparison.pairs.iter().filter(|p| p.verdict == verdict).count();
    writeln!(
        out,
        "\n{} slower, {} faster, {} the same: a difference counts if it reaches the given size, the 95 % intervals of the \
         medians do not overlap, and the best rounds differ too",
        of(Verdict::Slower),
        of(Verdict::Faster),
        of(Verdict::Same)
    )
}
