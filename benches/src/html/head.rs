//! The page's head: what was measured on which machine, how steady it was, and the figures to quote.

use super::axis::Axis;
use super::choice::{by_gpu, headlines, usable};
use super::table::interval;
use super::text::{coord, count, drawer, escape, ms, number, short};
use crate::report::{Noise, Report, Row};

/// Title and machine.
pub(super) fn head(report: &Report) -> String {
    let program = &report.program;
    let commit = program.commit.as_deref().map(|c| format!(", commit {c}")).unwrap_or_default();
    let machine = &report.machine;
    let memory = match machine.memory_mib {
        Some(mib) => format!(", {:.1} GiB", mib as f64 / 1024.0),
        None => String::new(),
    };
    let kernel = machine.kernel.as_deref().map(|k| format!(", {k}")).unwrap_or_default();
    let mut adapters: Vec<String> = Vec::new();
    for adapter in &report.adapters {
        let tag = if adapter.software { " <em class=\"tag\">software</em>" } else { "" };
        let about: Vec<String> = [&adapter.backend, &adapter.driver]
            .into_iter()
            .filter(|s| !s.is_empty())
            .map(|s| escape(s))
            .collect();
        adapters.push(format!("{} <small>{}</small>{tag}", escape(&adapter.name), about.join(", ")));
    }
    if adapters.is_empty() {
        adapters.push("none".to_owned());
    }
    let runtime = &report.runtime;
    // The folder may hold a user's name.
    let library = runtime.library.as_deref().and_then(|l| l.rsplit(['/', '\\']).next());
    let mut networks = escape(&runtime.name);
    if let Some(library) = library {
        networks += &format!(" <small>{}</small>", escape(library));
    }
    if !runtime.providers.is_empty() {
        networks += &format!(", with {}", escape(&runtime.providers.join(", ")));
    }
    let run = format!(
        "{}, {}, {}",
        escape(&report.started.replace('T', " ").replace('Z', " UTC")),
        count(report.rounds as usize, "round"),
        duration(report.seconds)
    );
    let facts = [
        ("Processor", format!("{}, {}{memory}", escape(&machine.cpu), count(machine.cores, "core"))),
        ("System", escape(&format!("{}{kernel}", machine.os))),
        ("Adapters", adapters.join("<br>")),
        ("Networks", networks),
        (
            "Program",
            escape(&format!("{} {}{commit}, {} build", program.name, program.version, program.profile)),
        ),
        ("Run", run),
    ];
    let mut out = String::from("<header><h1>Omote latency report</h1><dl class=\"facts\">");
    for (name, words) in facts {
        out += &format!("<div><dt>{name}</dt><dd>{words}</dd></div>");
    }
    out + "</dl></header>"
}

fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        "–".to_owned()
    } else if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}

/// How steady the machine was, and what else speaks against the figures.
pub(super) fn banners(report: &Report) -> String {
    let noise = &report.noise;
    let class = if noise.quiet { "quiet" } else { "noisy" };
    let mut words = noise.words.chars();
    let words: String = words.next().into_iter().flat_map(char::to_uppercase).chain(words).collect();
    let mut out = format!(
        "<div class=\"banner {class}\"><p><strong class=\"verdict\">{class}</strong>{}</p>{}</div>",
        escape(words.trim_end_matches('.')),
        reference(noise)
    );
    if report.program.profile != "release" {
        out += "<div class=\"banner bad\"><p><strong>Not a release build.</strong> Its figures say nothing \
                about the program as it is used.</p></div>";
    }
    if report.quick {
        out += "<div class=\"banner noisy\"><p><strong>Quick run.</strong> Fewer rows and frames: for a first \
                look, not for figures to publish.</p></div>";
    }
    out
}

/// The reference work's times as dots, from zero.
fn reference(noise: &Noise) -> String {
    let times: Vec<f64> = noise.reference_ms.iter().copied().filter(|t| t.is_finite() && *t > 0.0).collect();
    if times.len() < 2 {
        return String::new();
    }
    let y = Axis::from_zero(times.iter().copied().fold(0.0, f64::max), 38.0, 4.0);
    let step = 150.0 / (times.len() - 1) as f64;
    let dots: String = times
        .iter()
        .enumerate()
        .map(|(n, t)| {
            format!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"2.4\"/>",
                coord(5.0 + step * n as f64),
                coord(y.place(*t))
            )
        })
        .collect();
    format!(
        "<svg class=\"spark\" viewBox=\"0 0 160 40\" role=\"img\" aria-label=\"the reference work's times\">\
         <path d=\"M0 38.5H160\"/>{dots}</svg>"
    )
}

/// The figures to quote.
pub(super) fn cards(report: &Report) -> String {
    let rows = headlines(report);
    let mut out = String::from("<div class=\"cards\">");
    for headline in &rows {
        out += &card(&headline.name, headline.row);
    }
    if rows.is_empty() {
        out += "<div class=\"card empty\"><h3>No figures</h3><p>No row of this report has figures.</p></div>";
    }
    if !rows.iter().any(|headline| by_gpu(headline.row)) {
        let software = report.adapters.iter().any(|adapter| adapter.software);
        let real = report.adapters.iter().any(|adapter| !adapter.software);
        let words = if real {
            "No whole row with one face was measured on a GPU."
        } else if software {
            "There are only software adapters here, emulated on the CPU. Their rows say nothing about GPUs."
        } else {
            "No adapter was found, so nothing was measured on one."
        };
        out += &format!("<div class=\"card empty\"><h3>No GPU</h3><p>{words}</p></div>");
    }
    out + "</div>"
}

fn card(name: &str, row: &Row) -> String {
    let wall = &row.wall;
    let fit = if !usable(row) || !wall.p99.is_finite() || wall.p99 <= 0.0 {
        ""
    } else if wall.p99 <= 1000.0 / 60.0 {
        "99 of 100 frames within 1/60 s"
    } else if wall.p99 <= 1000.0 / 30.0 {
        "99 of 100 frames within 1/30 s"
    } else {
        "more than 1 of 100 frames over 1/30 s"
    };
    let tag = if row.software { " <em class=\"tag\">software</em>" } else { "" };
    let by = if row.drawn_by == "cpu" { "the CPU" } else { drawer(&row.drawn_by) };
    let (size, what) = name.split_once(", ").unwrap_or((name, ""));
    let what = if what.is_empty() { String::new() } else { format!("<small>{}</small>", escape(what)) };
    format!(
        "<div class=\"card\"><h3>{}{tag}{what}</h3><p class=\"big\">{}<span>ms</span></p>\
         <p class=\"under\">median, 95 % CI <span>{}</span></p><dl><div><dt>p99</dt><dd>{}</dd></div>\
         <div><dt>CPU time</dt><dd>{}</dd></div></dl><p class=\"fit\">{fit}</p><p class=\"by\">{}, drawn by {}</p></div>",
        escape(size),
        number(wall.median),
        interval(wall),
        ms(wall.p99),
        ms(row.cpu.median),
        escape(&row.format),
        short(by, 70)
    )
}
