//! Draws what `omote live --stats FILE.json` noted over time: latency, memory, frame rate and drops.
//!
//! `cargo run -p omote-benches --bin live_plot -- FILE.json OUT.svg`

use anyhow::Context;
use plotters::prelude::*;
use serde_json::Value;

/// The picture's size in pixels; it is shown at half of it.
const WIDTH: u32 = 1800;
const PANEL: u32 = 380;
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);
const SAND: RGBColor = RGBColor(0xd9, 0xc2, 0xa0);
const RUST: RGBColor = RGBColor(0xc8, 0x50, 0x2f);
const SEA: RGBColor = RGBColor(0x2f, 0x6f, 0x8f);
const LEAF: RGBColor = RGBColor(0x4a, 0x7a, 0x4a);

/// A line of a panel.
struct Line {
    name: &'static str,
    colour: RGBColor,
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
            lines: vec![line("max", SAND, "max"), line("p99", RUST, "p99"), line("p50", SEA, "p50")],
        },
        Panel { title: "memory (MiB)", lines: vec![line("resident", LEAF, "memory_mib")] },
        Panel {
            title: "frames a second from the source, and frames dropped since the start",
            lines: vec![line("fps", SEA, "fps"), Line { name: "dropped", colour: RUST, values: dropped }],
        },
    ];
    let machine = &report["machine"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let title = format!(
        "{}, {}, {} cores, drawn by {}",
        text(&report["source"]),
        text(&machine["cpu"]),
        machine["cores"],
        text(&report["backend"])
    );
    let picture = SVGBackend::new(&to, (WIDTH, PANEL * panels.len() as u32 + 70)).into_drawing_area();
    picture.fill(&WHITE)?;
    let bold = ("sans-serif", 36.0, FontStyle::Bold).into_text_style(&picture);
    let areas = picture.titled(&title, bold)?.split_evenly((panels.len(), 1));
    for (area, panel) in areas.iter().zip(&panels) {
        draw(area, panel, &minutes)?;
    }
    picture.present().with_context(|| to.clone())
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    panel: &Panel,
    minutes: &[f64],
) -> anyhow::Result<()> {
    // Above the lines there is room for their names.
    let most = panel.lines.iter().flat_map(|line| &line.values).copied().fold(1.0, f64::max) * 1.5;
    let last = minutes.last().copied().unwrap_or(1.0).max(1e-9);
    let decimals = usize::from(last < 10.0);
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 32.0))
        .margin_left(20)
        .margin_right(48)
        .x_label_area_size(50)
        .y_label_area_size(110)
        .build_cartesian_2d(0.0..last, 0.0..most)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(GRID)
        .x_labels(10)
        .y_labels(5)
        .x_label_formatter(&|minute| format!("{minute:.decimals$} min"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .label_style(("sans-serif", 30.0))
        .draw()?;
    for line in &panel.lines {
        let points = minutes.iter().copied().zip(line.values.iter().copied());
        let (thin, thick) = (line.colour.stroke_width(3), line.colour.stroke_width(6));
        chart
            .draw_series(LineSeries::new(points, thin))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 36, y)], thick));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .legend_area_size(50)
        .label_font(("sans-serif", 30.0))
        .draw()?;
    Ok(())
}
