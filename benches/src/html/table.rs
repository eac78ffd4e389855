//! The table of all figures.

use super::choice::{Group, groups};
use super::text::{bytes, drawer, escape, number, short};
use crate::report::{Report, Row, StageTimes, Times};

/// A column's head and what it says of a row, if anything.
type Column = (&'static str, fn(&Row) -> Option<String>);

const COLUMNS: [Column; 14] = [
    ("median [95&nbsp;%&nbsp;interval]", |row| {
        let wall = &row.wall;
        Some(format!("<b>{}</b> <span class=\"ci\">[{}]</span>", number(wall.median), interval(wall)))
    }),
    ("p95", |row| Some(number(row.wall.p95))),
    ("p99", |row| Some(number(row.wall.p99))),
    ("max", |row| Some(number(row.wall.max))),
    ("jitter", |row| Some(number(row.wall.jitter))),
    ("best round", |row| Some(number(row.wall.best_round))),
    ("CPU", |row| Some(number(row.cpu.median))),
    ("GPU", |row| row.gpu.as_ref().map(|gpu| number(gpu.median))),
    ("upload", |row| row.upload_bytes.map(bytes)),
    ("readback", |row| row.readback_bytes.map(bytes)),
    ("memory", |row| row.memory_mib.map(|mib| format!("{}\u{a0}MiB", number(mib)))),
    ("energy", |row| row.energy_j.map(|j| format!("{}\u{a0}J", number(j)))),
    ("drops", |row| row.drops.map(|n| n.to_string())),
    ("frames", |row| Some(row.frames.to_string())),
];

/// Every row with every figure; faults stand where the figures would.
pub(super) fn table(report: &Report) -> String {
    let told = |column: &&Column| {
        report.rows.is_empty()
            || report.rows.iter().any(|row| empty(row).is_none() && column.1(row).is_some())
    };
    let (columns, silent): (Vec<&Column>, Vec<&Column>) = COLUMNS.iter().partition(told);
    let width = columns.len() + 1;
    let mut out = String::from("<div class=\"wide\"><table><thead><tr><th class=\"name\">row</th>");
    for (head, _) in &columns {
        out += &format!("<th>{head}</th>");
    }
    out += "</tr></thead>";
    for group in groups(report) {
        out += &format!(
            "<tbody><tr class=\"group\"><th colspan=\"{width}\">{}{}</th></tr>",
            escape(&group.title()),
            if group.software { " <em class=\"tag\">software</em>" } else { "" }
        );
        for row in &group.rows {
            out += &line(row, &group, &columns);
        }
        out += "</tbody>";
    }
    if report.rows.is_empty() {
        out += &format!("<tbody><tr><td class=\"name\" colspan=\"{width}\">No rows.</td></tr></tbody>");
    }
    out += "</table></div>";
    let silent: Vec<&str> = silent.iter().map(|c| c.0).filter(|head| !head.starts_with("median")).collect();
    // Where no row has figures at all, the rows say why.
    if !silent.is_empty() && !silent.contains(&"p99") {
        out += &format!("<p class=\"note\">Not counted in any row: {}.</p>", silent.join(", "));
    }
    out
}

/// Why the row has no figures, where it has none.
fn empty(row: &Row) -> Option<&str> {
    let none = row.wall.median == 0.0 || !row.wall.median.is_finite();
    none.then(|| row.fault.as_deref().unwrap_or("nothing was measured"))
}

fn line(row: &Row, group: &Group<'_>, columns: &[&Column]) -> String {
    let mut out = format!("<tr><td class=\"name\"><code>{}</code>", breakable(&row.id));
    let mut small = |words: &str, class: &str| out += &format!("<small{class}>{words}</small>");
    // What all rows of the group say, its heading says.
    if !row.title.is_empty() && (row.model.is_some() || group.rows.iter().any(|r| r.title != row.title)) {
        small(&short(&row.title, 120), "");
    }
    let said = format!("{} {}", row.title, row.id).to_lowercase();
    let more = [row.model.as_deref(), row.provider.as_deref(), Some(drawer(&row.drawn_by))];
    let more: Vec<&str> =
        more.into_iter().flatten().filter(|word| !said.contains(&word.to_lowercase())).collect();
    if !more.is_empty() {
        small(&short(&more.join(", "), 90), "");
    }
    if let Some(fault) = empty(row) {
        out += &format!("</td><td class=\"fault\" colspan=\"{}\">{}</td></tr>", columns.len(), escape(fault));
        return out;
    }
    if let Some(fault) = &row.fault {
        small(&escape(fault), " class=\"fault\"");
    }
    if !row.gpu_passes.is_empty() {
        let pass = |s: &StageTimes| format!("{} {}", escape(&s.name), number(s.times.median));
        let passes: Vec<String> = row.gpu_passes.iter().map(pass).collect();
        small(&format!("passes on the GPU: {}", passes.join(", ")), "");
    }
    out += "</td>";
    for (_, cell) in columns {
        out += &format!("<td>{}</td>", cell(row).as_deref().unwrap_or("–"));
    }
    out + "</tr>"
}

/// `low–high`.
pub(super) fn interval(times: &Times) -> String {
    format!("{}–{}", number(times.low), number(times.high))
}

/// Escaped, with places where a long name may go on in the next line.
fn breakable(text: &str) -> String {
    escape(text).replace('/', "/<wbr>").replace('_', "_<wbr>")
}
