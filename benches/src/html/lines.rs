//! Curves: time against the picture's size and against faces, and frames in their order.

use super::axis::Axis;
use super::choice::{Headline, headlines, usable};
use super::plots::clean;
use super::text::{coord, count, drawer, escape, number, short};
use crate::report::{Report, Row};

/// Lines of one plot; more can't be told apart.
const MAX_LINES: usize = 6;

/// Rows that differ in one thing.
struct Series {
    name: String,
    format: String,
    /// The thing, median, p99; sorted.
    points: Vec<(f64, f64, f64)>,
}

/// Two plots beside each other: milliseconds against megapixels and against faces.
pub(super) fn scaling(report: &Report) -> String {
    // What a CPU playing a GPU needs would hide the rest.
    let mesh: Vec<&Row> =
        report.rows.iter().filter(|r| usable(r) && !r.software && r.scenario == "mesh").collect();
    let left_out = report.rows.iter().any(|r| usable(r) && r.software && r.scenario == "mesh");
    let one: Vec<&Row> = mesh.iter().copied().filter(|r| r.faces == 1).collect();
    let sizes = series(
        &one,
        |r| f64::from(r.width) * f64::from(r.height) / 1e6,
        |r| [drawer(&r.drawn_by).to_owned(), r.format.clone()],
    );
    let faces = series(
        &mesh,
        |r| f64::from(r.faces),
        |r| [format!("{}×{}, {}", r.width, r.height, drawer(&r.drawn_by)), r.format.clone()],
    );
    if sizes.is_empty() && faces.is_empty() {
        let words = "Not in this report: it needs mesh rows that differ only in picture size or in the number of faces.";
        return format!("<p class=\"note\">{words}</p>");
    }
    let mut out = String::from("<div class=\"pair\">");
    out += &curves("Time by picture size, one face", "megapixels", &sizes);
    out += &curves("Time by number of faces", "faces", &faces);
    out += "</div><p class=\"note\">Dots: medians of mesh rows. Thin lines: up to p99.";
    if left_out {
        out += " Rows of software adapters are left out.";
    }
    out + "</p>"
}

/// Rows of the same name and format in one line each, where there are two places at least.
fn series(rows: &[&Row], x: impl Fn(&Row) -> f64, names: impl Fn(&Row) -> [String; 2]) -> Vec<Series> {
    let mut out: Vec<Series> = Vec::new();
    for row in rows {
        let [name, format] = names(row);
        let point = (x(row), row.wall.median, row.wall.p99);
        match out.iter_mut().find(|s| s.name == name && s.format == format) {
            Some(series) => series.points.push(point),
            None => out.push(Series { name, format, points: vec![point] }),
        }
    }
    for series in &mut out {
        series.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        series.points.dedup_by(|later, first| later.0 == first.0);
    }
    out.retain(|series| series.points.len() > 1);
    if out.windows(2).any(|pair| pair[0].format != pair[1].format) {
        for series in &mut out {
            series.name = format!("{}, {}", series.name, series.format);
        }
    }
    out
}

fn curves(title: &str, unit: &str, series: &[Series]) -> String {
    if series.is_empty() {
        return format!(
            "<figure><h3>{title}</h3><p class=\"note\">Not in this report: it needs mesh rows that differ \
             only in {unit}.</p></figure>"
        );
    }
    let shown = &series[..series.len().min(MAX_LINES)];
    let points = || shown.iter().flat_map(|s| &s.points);
    let most = points().map(|p| if p.2.is_finite() { p.1.max(p.2) } else { p.1 }).fold(0.0, f64::max);
    let (left, right, top, bottom) = (44.0, 456.0, 22.0, 246.0);
    let y = Axis::from_zero(most, bottom, top);
    let x = Axis::from_zero(points().map(|p| p.0).fold(0.0, f64::max), left, right);
    let mut svg = levels(&y, left, right);
    svg += &format!("<text class=\"tick end\" x=\"{}\" y=\"10\">ms</text>", left - 7.0);
    let whole = unit == "faces";
    for (value, words) in x.ticks() {
        if whole && value.fract() != 0.0 {
            continue;
        }
        let place = coord(x.place(value));
        svg += &format!("<text class=\"tick mid\" x=\"{place}\" y=\"{}\">{words}</text>", bottom + 16.0);
    }
    svg += &format!("<text class=\"tick end\" x=\"{right}\" y=\"{}\">{unit}</text>", bottom + 32.0);
    let mut names = String::new();
    for (n, line) in shown.iter().enumerate() {
        let mut d = String::new();
        let mut dots = String::new();
        for (k, &(value, median, p99)) in line.points.iter().enumerate() {
            let (px, py) = (x.place(value), y.place(median));
            d += &format!("{}{} {}", if k == 0 { 'M' } else { 'L' }, coord(px), coord(py));
            if p99 > median {
                dots += &format!(
                    "<path class=\"tail k{n}\" d=\"M{} {}V{}\"/>",
                    coord(px),
                    coord(py),
                    coord(y.place(p99))
                );
            }
            dots += &format!(
                "<circle class=\"f{n}\" cx=\"{}\" cy=\"{}\" r=\"3.5\"><title>{value} {unit}: {} ms, p99 {} ms</title></circle>",
                coord(px),
                coord(py),
                number(median),
                number(p99)
            );
        }
        svg += &format!("<path class=\"line k{n}\" d=\"{d}\"/>{dots}");
        names += &format!(
            "<li title=\"{}\"><i class=\"b{n}\"></i>{}</li>",
            escape(&line.name),
            short(&line.name, 56)
        );
    }
    if series.len() > MAX_LINES {
        names += &format!("<li>{} more in the table</li>", count(series.len() - MAX_LINES, "line"));
    }
    format!(
        "<figure><h3>{title}</h3><svg viewBox=\"0 0 470 284\" role=\"img\" aria-label=\"{title}\">{svg}</svg>\
         <ul class=\"legend\">{names}</ul></figure>"
    )
}

/// Level lines of an upright scale with their values at the left.
fn levels(y: &Axis, left: f64, right: f64) -> String {
    let mut out = String::new();
    for (value, words) in y.ticks() {
        let place = y.place(value);
        out += &format!("<path class=\"rule\" d=\"M{left} {}H{right}\"/>", coord(place));
        out += &format!(
            "<text class=\"tick end\" x=\"{}\" y=\"{}\">{words}</text>",
            left - 7.0,
            coord(place + 4.0)
        );
    }
    out
}

/// The headline rows' frames, one after the other.
pub(super) fn timelines(report: &Report) -> String {
    let rows = headlines(report);
    if rows.is_empty() {
        return "<p class=\"note\">No row has figures.</p>".to_owned();
    }
    rows.iter().map(timeline).collect()
}

fn timeline(headline: &Headline<'_>) -> String {
    let (row, wall) = (headline.row, &headline.row.wall);
    let name = short(&headline.name, 80);
    let id = short(&row.id, 90);
    let head = format!("<figure><h3>{name} <code>{id}</code></h3>");
    let samples = clean(row);
    if samples.is_empty() {
        return head + "<p class=\"note\">No single frames were kept.</p></figure>";
    }
    let most = samples.iter().copied().fold(0.0, f64::max);
    let p99 = if wall.p99.is_finite() { wall.p99 } else { 0.0 };
    // A few stragglers may not flatten the rest.
    let cap = (p99 * 1.4).max(wall.median * 2.0).min(most.max(p99));
    let (left, right, top, bottom) = (44.0, 860.0, 12.0, 138.0);
    let y = Axis::from_zero(cap, bottom, top);
    let frames = samples.len();
    let x = |n: usize| left + (right - left) * n as f64 / (frames.max(2) - 1) as f64;
    let mut svg = levels(&y, left, right);
    let mut d = String::new();
    let mut over = String::new();
    for (n, &value) in samples.iter().enumerate() {
        d += &format!("{}{} {}", if n == 0 { 'M' } else { 'L' }, coord(x(n)), coord(y.place(value)));
        if !y.holds(value) {
            let (px, py) = (x(n), y.place(value));
            over += &format!(
                "<path class=\"f1\" d=\"M{} {}h8L{} {}z\"><title>frame {}: {} ms</title></path>",
                coord(px - 4.0),
                coord(py - 2.0),
                coord(px),
                coord(py - 9.0),
                n + 1,
                number(value)
            );
        }
    }
    if frames == 1 {
        svg += &format!("<circle class=\"f0\" cx=\"{left}\" cy=\"{}\" r=\"3\"/>", coord(y.place(samples[0])));
    }
    svg += &format!("<path class=\"line k0\" d=\"{d}\"/>{over}");
    svg += &marks(headline.row, &y, left, right);
    svg += &format!("<text class=\"tick\" x=\"{left}\" y=\"{}\">first frame kept</text>", bottom + 17.0);
    svg += &format!(
        "<text class=\"tick end\" x=\"{right}\" y=\"{}\">{}, in their order; slowest {} ms</text>",
        bottom + 17.0,
        count(frames, "frame"),
        number(most)
    );
    format!(
        "{head}<div class=\"wide\"><svg viewBox=\"0 0 960 162\" role=\"img\" aria-label=\"{name}\">{svg}</svg></div></figure>"
    )
}

/// Level marks: median, p99 and the times that usual frame rates leave; their words at the right, one below
/// the other.
fn marks(row: &Row, y: &Axis, left: f64, right: f64) -> String {
    let all = [
        (row.wall.p99, "limit", "value red", format!("p99 {}", number(row.wall.p99))),
        (row.wall.median, "k50", "value", format!("median {}", number(row.wall.median))),
        (1000.0 / 30.0, "budget", "tick", "1/30 s".to_owned()),
        (1000.0 / 60.0, "budget", "tick", "1/60 s".to_owned()),
    ];
    let mut all: Vec<_> = all.into_iter().filter(|mark| mark.0 > 0.0 && y.holds(mark.0)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut out = String::new();
    let mut free = 0.0f64;
    for (value, line, class, words) in all {
        let place = y.place(value);
        let text = (place + 4.0).max(free);
        free = text + 14.0;
        out += &format!("<path class=\"{line} thin\" d=\"M{left} {}H{right}\"/>", coord(place));
        out += &format!("<text class=\"{class}\" x=\"{}\" y=\"{}\">{words}</text>", right + 8.0, coord(text));
    }
    out
}
