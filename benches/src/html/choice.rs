//! Which rows stand where in the page.

use crate::report::{Report, Row};

/// Rows of one kind, which share a scale.
pub(super) struct Group<'a> {
    pub(super) scenario: &'a str,
    pub(super) software: bool,
    pub(super) rows: Vec<&'a Row>,
}

impl Group<'_> {
    /// What the rows have in common, in words.
    pub(super) fn title(&self) -> String {
        let what = match self.scenario {
            "mesh" => "Drawing a persona, meshes known",
            "track" => "Whole frame with tracking",
            "stand-in" => "Generated networks as swap models, meshes known",
            "model" => "Swap models, meshes known",
            "sink" => "Outputs for the finished picture, meshes known",
            other => other,
        };
        format!("{what}{}", if self.software { ", drawn by a software adapter" } else { "" })
    }
}

/// The rows by scenario, in the report's order; those of software adapters after all others.
pub(super) fn groups(report: &Report) -> Vec<Group<'_>> {
    let mut out: Vec<Group<'_>> = Vec::new();
    for software in [false, true] {
        for row in report.rows.iter().filter(|row| row.software == software) {
            match out.iter_mut().find(|g| g.software == software && g.scenario == row.scenario) {
                Some(group) => group.rows.push(row),
                None => out.push(Group { scenario: &row.scenario, software, rows: vec![row] }),
            }
        }
    }
    out
}

/// Whether the row says how long a frame takes.
pub(super) fn usable(row: &Row) -> bool {
    row.fault.is_none() && row.wall.median.is_finite() && row.wall.median > 0.0
}

/// Whether a real GPU drew the row.
pub(super) fn by_gpu(row: &Row) -> bool {
    row.drawn_by.starts_with("gpu") && !row.software
}

/// A row that stands for the report, and what it stands for.
pub(super) struct Headline<'a> {
    pub(super) name: String,
    pub(super) row: &'a Row,
}

/// One face at the two usual sizes on the CPU, with tracking and without, and the best of a real GPU; where
/// the report has none of these, its first row with figures.
pub(super) fn headlines(report: &Report) -> Vec<Headline<'_>> {
    let one = |row: &&Row| usable(row) && !row.software && row.faces == 1;
    let good = || report.rows.iter().filter(one);
    let mut out: Vec<Headline<'_>> = Vec::new();
    let wanted = [("track", 1280, 720), ("mesh", 1280, 720), ("track", 1920, 1080), ("mesh", 1920, 1080)];
    for (scenario, width, height) in wanted {
        let mut found: Option<&Row> = None;
        let fits = |r: &&Row| r.scenario == scenario && !by_gpu(r) && (r.width, r.height) == (width, height);
        for row in good().filter(fits) {
            // The format that most cameras' decoders give goes first, then the report's order.
            if found.is_none_or(|f| f.format != "nv12" && row.format == "nv12") {
                found = Some(row);
            }
        }
        out.extend(found.map(|row| Headline { name: name(row, "CPU"), row }));
    }
    // Whole frames before drawing alone, the usual size before others, then the fastest.
    let gpu = good().filter(|r| by_gpu(r) && matches!(r.scenario.as_str(), "track" | "mesh"));
    let best = gpu.min_by(|a, b| {
        let order = |r: &Row| (r.scenario != "track", r.height != 720);
        order(a).cmp(&order(b)).then(a.wall.median.total_cmp(&b.wall.median))
    });
    out.extend(best.map(|row| Headline { name: name(row, "best GPU"), row }));
    if out.is_empty() {
        let any = good().next().or_else(|| report.rows.iter().find(|row| usable(row)));
        out.extend(any.map(|row| Headline { name: row.title.clone(), row }));
    }
    out
}

fn name(row: &Row, by: &str) -> String {
    let what = if row.scenario == "track" { "whole frame" } else { "without tracking" };
    format!("{}×{}, {what}, {by}", row.width, row.height)
}

/// Names of all stages: the well-known ones in the order of the work, then the rest as they appear.
pub(super) fn stages(report: &Report) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for stage in report.rows.iter().flat_map(|row| &row.stages) {
        if !names.contains(&stage.name.as_str()) {
            names.push(&stage.name);
        }
    }
    const ORDER: [&str; 6] = ["track", "model", "swap", "badge", "window", "camera"];
    names.sort_by_key(|name| ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len()));
    names
}

/// Colour of a stage: the well-known ones have their own, the rest follow in turn.
pub(super) fn colour(stage: &str, names: &[&str]) -> usize {
    const KNOWN: [&str; 4] = ["track", "swap", "badge", "model"];
    if let Some(n) = KNOWN.iter().position(|known| *known == stage) {
        return n;
    }
    let others = names.iter().filter(|name| !KNOWN.contains(name));
    4 + others.take_while(|name| **name != stage).count() % 4
}
