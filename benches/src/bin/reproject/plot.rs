//! The plot of the comparison.

use super::{LAGS, WAYS};
use std::fmt::Write as _;

/// Bars: distance from the reference by the model's time.
pub(super) fn plot(sums: &[[[f64; 2]; 3]; 4]) -> String {
    let (width, height, left, bottom, top) = (760.0, 330.0, 60.0, 50.0, 56.0);
    let most = sums.iter().flatten().map(|v| v[0]).fold(1.0, f64::max) * 1.1;
    let y = |v: f64| height - bottom - v / most * (height - bottom - top);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fbf8f2\"/>\n\
         <text x=\"{left}\" y=\"24\" font-size=\"15\" fill=\"#2b2622\">How far a slow model's picture is from one without delay (8-bit codes, less is better)</text>\n"
    );
    let decade = 10f64.powf((most / 5.0).log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|k| k * decade).into_iter().find(|s| *s >= most / 5.0).unwrap_or(most);
    let mut tick = 0.0;
    while tick <= most {
        let at = y(tick);
        let _ = writeln!(
            out,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#e3dccf\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#6b6259\">{tick}</text>",
            width - 20.0,
            left - 8.0,
            at + 4.0
        );
        tick += step;
    }
    let group = (width - left - 20.0) / sums.len() as f64;
    for (k, (row, lag)) in sums.iter().zip(LAGS).enumerate() {
        let x0 = left + group * k as f64 + group * 0.14;
        let bar = group * 0.72 / 3.0;
        for (j, (v, (_, colour))) in row.iter().zip(WAYS).enumerate() {
            let (x, at) = (x0 + bar * j as f64, y(v[0]));
            let _ = writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{at:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"11\" fill=\"#2b2622\">{:.1}</text>",
                bar - 4.0,
                height - bottom - at,
                x + bar / 2.0 - 2.0,
                at - 5.0,
                v[0]
            );
        }
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#2b2622\">model takes {lag} ms</text>",
            x0 + group * 0.36,
            height - bottom + 20.0
        );
    }
    for (j, (name, colour)) in WAYS.iter().enumerate() {
        let x = left + 130.0 * j as f64;
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"34\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{}\" y=\"45\" fill=\"#2b2622\">{name}</text>",
            x + 18.0
        );
    }
    out + "</svg>\n"
}
