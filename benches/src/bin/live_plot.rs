//! Draws what `omote live --stats FILE.json` noted over time: latency, memory, frame rate and drops.
//!
//! `cargo run -p omote-benches --bin live_plot -- FILE.json OUT.svg`

use std::fmt::Write;

use anyhow::Context;
use serde_json::Value;

const WIDTH: f64 = 900.0;
const PANEL: f64 = 190.0;
/// Margins of a panel: left, right, top, bottom.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 42.0;
const BOTTOM: f64 = 30.0;

/// A line of a panel.
struct Line {
    name: &'static str,
    colour: &'static str,
    values: Vec<f64>,
}

struct Panel {
    title: &'static str,
    lines: Vec<Line>,
}

fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let from = words.next().context("which figures? FILE.json OUT.svg")?;
    let to = words.next().context("where to? FILE.json OUT.svg")?;
    let report: Value = serde_json::from_slice(&std::fs::read(&from).with_context(|| from.clone())?)?;
    let samples = report["samples"].as_array().context("no samples in the file")?;
    anyhow::ensure!(samples.len() > 1, "{from}: fewer than two samples: the run was shorter than 20 s");
    let column = |name: &str| samples.iter().map(|s| s[name].as_f64().unwrap_or(0.0)).collect::<Vec<_>>();
    let minutes: Vec<f64> = column("seconds").iter().map(|s| s / 60.0).collect();
    let line = |name, colour, key: &str| Line { name, colour, values: column(key) };
    let dropped: Vec<f64> = ["dropped_camera", "dropped_track", "dropped_render"]
        .iter()
        .map(|name| column(name))
        .reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect())
        .unwrap_or_default();
    let panels = [
        Panel {
            title: "latency, camera's stamp to badged frame, last 300 frames (ms)",
            lines: vec![
                line("max", "#d9c2a0", "max"),
                line("p99", "#c8502f", "p99"),
                line("p50", "#2f6f8f", "p50"),
            ],
        },
        Panel { title: "memory (MiB)", lines: vec![line("resident", "#4a7a4a", "memory_mib")] },
        Panel {
            title: "frames a second from the source, and frames dropped since the start",
            lines: vec![
                line("fps", "#2f6f8f", "fps"),
                Line { name: "dropped", colour: "#c8502f", values: dropped },
            ],
        },
    ];
    let height = PANEL * panels.len() as f64 + 46.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    let machine = &report["machine"];
    let text = |value: &Value| value.as_str().unwrap_or_default().replace(['<', '&'], " ");
    writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"24\" font-size=\"14\" font-weight=\"bold\">{}, {}, {} cores, drawn by {}</text>",
        text(&report["source"]),
        text(&machine["cpu"]),
        machine["cores"],
        text(&report["backend"])
    )?;
    for (n, panel) in panels.iter().enumerate() {
        draw(&mut svg, panel, &minutes, 30.0 + PANEL * n as f64)?;
    }
    svg.push_str("</svg>\n");
    std::fs::write(&to, svg).with_context(|| to.clone())?;
    Ok(())
}

fn draw(svg: &mut String, panel: &Panel, minutes: &[f64], y0: f64) -> std::fmt::Result {
    let (low, high) = (y0 + TOP, y0 + PANEL - BOTTOM);
    let most = panel.lines.iter().flat_map(|l| &l.values).copied().fold(1.0, f64::max) * 1.1;
    let last = minutes.last().copied().unwrap_or(1.0).max(1e-9);
    let x = |m: f64| LEFT + (WIDTH - LEFT - RIGHT) * m / last;
    let y = |v: f64| high - (high - low) * v / most;
    writeln!(svg, "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">{}</text>", y0 + 20.0, panel.title)?;
    for k in 0..=4 {
        let value = most * f64::from(k) / 4.0;
        let at = y(value);
        writeln!(svg, "<path d=\"M{LEFT} {at:.1}H{}\" stroke=\"#ddd\"/>", WIDTH - RIGHT)?;
        writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.0}</text>",
            LEFT - 8.0,
            at + 4.0
        )?;
    }
    let step = (last / 10.0).ceil().max(1.0);
    let mut minute = 0.0;
    while minute <= last {
        let at = x(minute);
        writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{minute:.0} min</text>",
            high + 16.0
        )?;
        minute += step;
    }
    for (k, line) in panel.lines.iter().enumerate() {
        let mut path = String::new();
        for (i, (m, v)) in minutes.iter().zip(&line.values).enumerate() {
            write!(path, "{}{:.1} {:.1}", if i == 0 { 'M' } else { 'L' }, x(*m), y(*v))?;
        }
        writeln!(svg, "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"/>", line.colour)?;
        let at = WIDTH - RIGHT - 80.0 * (panel.lines.len() - k) as f64;
        let y = y0 + 20.0;
        writeln!(svg, "<path d=\"M{at} {}h18\" stroke=\"{}\" stroke-width=\"3\"/>", y - 4.0, line.colour)?;
        writeln!(svg, "<text x=\"{}\" y=\"{y}\">{}</text>", at + 24.0, line.name)?;
    }
    Ok(())
}
