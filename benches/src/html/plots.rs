//! One line per row: where the time goes, and how it is spread.

use super::axis::Axis;
use super::choice::{Group, colour, groups, stages, usable};
use super::text::{coord, count, escape, number, short};
use crate::report::{Report, Row};
use omote_engine::frame::statistics::percentile;

const WIDTH: f64 = 960.0;
/// Where a line's name ends and its plot begins.
const LEFT: f64 = 330.0;
const LINE: f64 = 26.0;
/// Rows in one drawing: a printed page holds it with its heading.
const CHUNK: usize = 24;

/// Bars of stages for every row, a scale for each group.
pub(super) fn bars(report: &Report) -> String {
    let names = stages(report);
    let mut out = legend(report, &names);
    for group in groups(report) {
        let most =
            group.rows.iter().filter(|r| usable(r)).map(|r| r.wall.median.max(r.wall.high).max(parts(r)));
        let axis = Axis::from_zero(most.fold(0.0, f64::max), LEFT, WIDTH - 62.0);
        let chunk = |rows: &[&Row], name: &str| {
            let mut svg = rules(&axis, rows.len(), "ms");
            for (n, row) in rows.iter().enumerate() {
                svg += &bar(row, &axis, &names, LINE * n as f64 + 6.0);
            }
            plot(rows.len(), name, &svg)
        };
        out += &chunks(&group, &group.rows, "", chunk);
    }
    out
}

fn parts(row: &Row) -> f64 {
    row.stages.iter().map(|s| s.times.median).filter(|v| v.is_finite()).sum()
}

fn legend(report: &Report, names: &[&str]) -> String {
    let mut out = String::from("<ul class=\"legend\">");
    for name in names {
        out += &format!("<li><i class=\"b{}\"></i>{}</li>", colour(name, names), short(name, 40));
    }
    let left = |row: &&Row| usable(row) && row.wall.median - parts(row) > row.wall.median * 0.004;
    let rest = report.rows.iter().filter(left).count();
    if rest > 0 {
        let word = if names.is_empty() { "frame, not split into stages" } else { "rest" };
        out += &format!("<li><i class=\"rest\"></i>{word}</li>");
    }
    out + "<li><i class=\"ci\"></i>95 % interval of the median</li></ul>"
}

fn bar(row: &Row, axis: &Axis, names: &[&str], y: f64) -> String {
    let mut out = label(row, y);
    if !usable(row) {
        return out + &fault(row, y);
    }
    let mut done = 0.0;
    let mut piece = |value: f64, class: &str, words: &str| {
        if !value.is_finite() || value <= 0.0 {
            return;
        }
        let (from, to) = (axis.place(done), axis.place(done + value));
        done += value;
        out += &format!(
            "<rect class=\"f{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"16\"><title>{words}: {} ms</title></rect>",
            coord(from),
            coord(y + 3.0),
            coord(to - from),
            number(value)
        );
        if to - from > 34.0 {
            let middle = coord((from + to) / 2.0);
            out += &format!(
                "<text class=\"in o{class}\" x=\"{middle}\" y=\"{}\">{}</text>",
                coord(y + 15.0),
                number(value)
            );
        }
    };
    for stage in &row.stages {
        piece(stage.times.median, &colour(&stage.name, names).to_string(), &escape(&stage.name));
    }
    let rest = row.wall.median - parts(row);
    if rest > row.wall.median * 0.004 {
        piece(rest, "r", if row.stages.is_empty() { "frame" } else { "rest" });
    }
    let (low, high) = (axis.place(row.wall.low), axis.place(row.wall.high));
    if row.wall.low > 0.0 && row.wall.high >= row.wall.low {
        let middle = coord(y + 11.0);
        out += &format!(
            "<path class=\"whisker\" d=\"M{0} {middle}H{1}M{0} {2}v6M{1} {2}v6\"/>",
            coord(low),
            coord(high),
            coord(y + 8.0)
        );
    }
    let end = axis.place(parts(row).max(row.wall.median)).max(high);
    out += &format!(
        "<text class=\"value\" x=\"{}\" y=\"{}\">{}</text>",
        coord(end + 7.0),
        coord(y + 15.0),
        number(row.wall.median)
    );
    out
}

/// How the frames' times of every row are spread.
pub(super) fn spreads(report: &Report) -> String {
    let mut out = String::from(
        "<ul class=\"legend\"><li><i class=\"violin\"></i>frames, wider where more of them are</li>\
         <li><i class=\"m50\"></i>p50</li><li><i class=\"m95\"></i>p95</li><li><i class=\"m99\"></i>p99</li>\
         <li><i class=\"more\"></i>slower frames beyond the scale</li></ul>",
    );
    for group in groups(report) {
        let rows: Vec<&Row> =
            group.rows.iter().copied().filter(|r| usable(r) && !clean(r).is_empty()).collect();
        let missing = group.rows.len() - rows.len();
        let note = match missing {
            0 => String::new(),
            n => format!("<p class=\"note\">Left out because no frames were kept: {}.</p>", count(n, "row")),
        };
        if rows.is_empty() {
            out += &format!("<h3>{}</h3>{note}", escape(&group.title()));
            continue;
        }
        let axis = scale(&rows);
        let chunk = |rows: &[&Row], name: &str| {
            let unit = if axis.is_log() { "ms, logarithmic" } else { "ms" };
            let mut svg = rules(&axis, rows.len(), unit);
            for (n, row) in rows.iter().enumerate() {
                svg += &spread(row, &axis, LINE * n as f64 + 6.0);
            }
            let heads =
                [(WIDTH - 150.0, "p50"), (WIDTH - 98.0, "p95"), (WIDTH - 48.0, "p99"), (WIDTH, "max")];
            for (x, head) in heads {
                svg += &format!("<text class=\"head end\" x=\"{}\" y=\"0\">{head}</text>", coord(x));
            }
            plot(rows.len(), name, &svg)
        };
        out += &chunks(&group, &rows, &note, chunk);
    }
    out
}

/// From the fastest frame to the slowest, unless single frames are far from the rest.
fn scale(rows: &[&Row]) -> Axis {
    let (mut low, mut high) = (f64::INFINITY, 0.0f64);
    for row in rows {
        let samples = clean(row);
        let most = samples.iter().copied().fold(0.0, f64::max);
        let tail = row.wall.p99.max(row.wall.median);
        low = low.min(samples.iter().copied().fold(row.wall.median, f64::min));
        high = high.max(most.min(tail * 1.5)).max(row.wall.p99);
    }
    Axis::around(low, high, LEFT, WIDTH - 206.0)
}

/// The row's samples that are times.
pub(super) fn clean(row: &Row) -> Vec<f64> {
    row.samples.iter().map(|s| f64::from(*s)).filter(|s| s.is_finite() && *s > 0.0).collect()
}

fn spread(row: &Row, axis: &Axis, y: f64) -> String {
    let mut out = label(row, y);
    let middle = y + 11.0;
    out += &violin(&clean(row), axis, middle);
    let mark = |value: f64, class: &str, half: f64| {
        let (x, top, long) = (coord(axis.place(value)), coord(middle - half), coord(half * 2.0));
        format!("<path class=\"{class}\" d=\"M{x} {top}v{long}\"/>")
    };
    let wall = &row.wall;
    for (value, class, half) in [(wall.p50, "k50", 9.0), (wall.p95, "k95", 6.0), (wall.p99, "k99", 9.0)] {
        if value.is_finite() && value > 0.0 {
            out += &mark(value, class, half);
        }
    }
    let most = clean(row).into_iter().fold(wall.max, f64::max);
    if !axis.holds(most) {
        let x = axis.place(most);
        let (tip, back, top) = (coord(x + 8.0), coord(x + 2.0), coord(middle - 4.0));
        out += &format!("<path class=\"f1\" d=\"M{back} {top}v8L{tip} {}z\"/>", coord(middle));
    }
    let values = [
        (WIDTH - 150.0, "value", wall.p50),
        (WIDTH - 98.0, "", wall.p95),
        (WIDTH - 48.0, "", wall.p99),
        (WIDTH, "", wall.max),
    ];
    for (x, class, value) in values {
        out += &format!(
            "<text class=\"end {class}\" x=\"{}\" y=\"{}\">{}</text>",
            coord(x),
            coord(middle + 4.0),
            number(value)
        );
    }
    out
}

/// The density of the samples, mirrored about a line.
fn violin(samples: &[f64], axis: &Axis, middle: f64) -> String {
    let places: Vec<f64> = samples.iter().filter(|s| axis.holds(**s)).map(|s| axis.place(*s)).collect();
    let (Some(&first), n) = (places.first(), places.len() as f64) else { return String::new() };
    let low = places.iter().copied().fold(first, f64::min);
    let high = places.iter().copied().fold(first, f64::max);
    let mut sorted = places.clone();
    sorted.sort_by(f64::total_cmp);
    // Silverman's rule, robust form; never finer than the screen.
    let width = (1.06 * (percentile(&sorted, 0.75) - percentile(&sorted, 0.25)) / 1.34 * n.powf(-0.2))
        .clamp(1.2, 12.0);
    let (low, high) = ((low - 2.0 * width).max(LEFT - 4.0), high + 2.0 * width);
    let points: Vec<(f64, f64)> = (0..=72)
        .map(|k| {
            let x = low + (high - low) * f64::from(k) / 72.0;
            (x, places.iter().map(|p| (-0.5 * ((x - p) / width).powi(2)).exp()).sum::<f64>())
        })
        .collect();
    let most = points.iter().map(|p| p.1).fold(1e-9, f64::max);
    // The root lets a thin tail be seen.
    let half = |density: f64| 9.0 * (density / most).sqrt();
    let mut d = String::new();
    for (k, (x, density)) in points.iter().enumerate() {
        d += &format!("{}{} {}", if k == 0 { 'M' } else { 'L' }, coord(*x), coord(middle - half(*density)));
    }
    for (x, density) in points.iter().rev() {
        d += &format!("L{} {}", coord(*x), coord(middle + half(*density)));
    }
    format!("<path class=\"violin\" d=\"{d}z\"/>")
}

/// A group's heading and its rows, as many drawings as pages need.
fn chunks(group: &Group<'_>, rows: &[&Row], note: &str, draw: impl Fn(&[&Row], &str) -> String) -> String {
    let title = short(&group.title(), 100);
    let mut out = String::new();
    for (n, part) in rows.chunks(CHUNK).enumerate() {
        let more = if n == 0 { "" } else { ", continued" };
        let words = match (n, group.software) {
            (0, true) => {
                "<p class=\"note\">This adapter is emulated on the CPU: these rows say nothing about GPUs.</p>"
            }
            _ => "",
        };
        let last = if (n + 1) * CHUNK >= rows.len() { note } else { "" };
        let drawing = draw(part, &title);
        out += &format!("<figure><h3>{title}{more}</h3>{words}{drawing}{last}</figure>");
    }
    out
}

fn plot(rows: usize, name: &str, inside: &str) -> String {
    let height = LINE * rows as f64 + 54.0;
    format!(
        "<div class=\"wide\"><svg viewBox=\"0 -14 {WIDTH} {}\" role=\"img\" aria-label=\"{name}\">{inside}</svg></div>",
        coord(height)
    )
}

/// Upright lines of the scale with their values below.
fn rules(axis: &Axis, rows: usize, unit: &str) -> String {
    let bottom = LINE * rows as f64 + 8.0;
    let mut out = String::new();
    for (value, words) in axis.ticks() {
        let x = coord(axis.place(value));
        out += &format!("<path class=\"rule\" d=\"M{x} 4V{}\"/>", coord(bottom));
        out += &format!("<text class=\"tick mid\" x=\"{x}\" y=\"{}\">{words}</text>", coord(bottom + 15.0));
    }
    out += &format!(
        "<text class=\"tick end\" x=\"{}\" y=\"{}\">{unit}</text>",
        LEFT - 12.0,
        coord(bottom + 15.0)
    );
    out
}

fn label(row: &Row, y: f64) -> String {
    format!(
        "<text class=\"id end\" x=\"{}\" y=\"{}\">{}<title>{}: {}</title></text>",
        LEFT - 12.0,
        coord(y + 15.0),
        short(&row.id, 44),
        escape(&row.id),
        escape(&row.title)
    )
}

fn fault(row: &Row, y: f64) -> String {
    let words = row.fault.as_deref().unwrap_or("nothing was measured");
    format!("<text class=\"fault\" x=\"{LEFT}\" y=\"{}\">{}</text>", coord(y + 15.0), short(words, 95))
}
