//! The plot of the comparison.

use super::{LAGS, WAYS};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// The picture's size in pixels; it is shown at half of it.
const SIZE: (u32, u32) = (1520, 660);
const PAPER: RGBColor = RGBColor(0xfb, 0xf8, 0xf2);
const INK: RGBColor = RGBColor(0x2b, 0x26, 0x22);
const GRID: RGBColor = RGBColor(0xe3, 0xdc, 0xcf);
const SOFT: RGBColor = RGBColor(0x6b, 0x62, 0x59);
/// Width of a bar, where the models stand one apart.
const BAR: f64 = 0.24;

/// Bars: distance from the reference by the model's time.
pub(super) fn plot(path: &Path, sums: &[[[f64; 2]; 3]; 4]) -> anyhow::Result<()> {
    let picture = SVGBackend::new(path, SIZE).into_drawing_area();
    picture.fill(&PAPER)?;
    let title = "How far a slow model's picture is from one without delay (8-bit codes, less is better)";
    let most = sums.iter().flatten().map(|v| v[0]).fold(1.0, f64::max) * 1.25;
    let mut chart = ChartBuilder::on(&picture)
        .caption(title, ("sans-serif", 37.0, &INK))
        .margin(24)
        .x_label_area_size(60)
        .y_label_area_size(80)
        .build_cartesian_2d(-0.5..LAGS.len() as f64 - 0.5, 0.0..most)?;
    let model = |place: &f64| {
        let lag = LAGS.get(place.round() as usize).filter(|_| place.fract().abs() < 1e-6);
        lag.map_or_else(String::new, |lag| format!("model takes {lag} ms"))
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(GRID)
        .x_labels(LAGS.len() + 1)
        .x_label_formatter(&model)
        .y_label_formatter(&|value| format!("{value:.1}"))
        .x_label_style(("sans-serif", 32.0, &INK))
        .y_label_style(("sans-serif", 32.0, &SOFT))
        .draw()?;
    let number =
        ("sans-serif", 27.0, &INK).into_text_style(&picture).pos(Pos::new(HPos::Center, VPos::Bottom));
    for (j, (name, colour)) in WAYS.into_iter().enumerate() {
        let bars = sums.iter().enumerate().map(|(k, row)| {
            let middle = k as f64 + (j as f64 - 1.0) * BAR;
            (middle, row[j][0])
        });
        let shapes = bars.clone().map(|(middle, height)| {
            let half = BAR * 0.46;
            Rectangle::new([(middle - half, 0.0), (middle + half, height)], colour.filled())
        });
        chart
            .draw_series(shapes)?
            .label(name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 12), (x + 24, y + 12)], colour.filled()));
        chart.draw_series(bars.map(|(middle, height)| {
            Text::new(format!("{height:.1}"), (middle, height + most * 0.015), number.clone())
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .legend_area_size(40)
        .label_font(("sans-serif", 32.0, &INK))
        .draw()?;
    Ok(picture.present()?)
}
