//! A report as one page that needs nothing else: no script, no network, in print as on a screen.

use crate::report::Report;

mod axis;
mod choice;
mod head;
mod lines;
mod plots;
mod table;
#[cfg(test)]
mod tests;
mod text;

const STYLE: &str = include_str!("html/style.css");

/// What the figures mean: a term, and two sentences.
const TERMS: [(&str, &str); 10] = [
    (
        "Median, 95 % CI",
        "Half of all frames took less time than the median, half took more. The interval beside it contains the true \
         median with 95 % confidence (CI), if the machine stays as it was and frames are independent. Rows whose \
         intervals overlap may not differ.",
    ),
    (
        "p50, p95, p99, max",
        "Of 100 frames, 50, 95 or 99 took at most that long; max is the slowest of all. Frames beyond p99 are \
         those that a viewer may see as a stutter, and max depends on whatever else the machine did.",
    ),
    (
        "Jitter, best round",
        "Jitter is the mean difference between the times of successive frames. Best round is the lowest median of any \
         round: on a noisy machine it is closest to what the program itself needs.",
    ),
    (
        "Time, CPU, GPU",
        "All times are wall-clock milliseconds for one frame, from the picture in memory to the badged picture, \
         unless a column says otherwise. CPU is the processor time of the whole process, GPU the time between \
         the adapter's own timestamps, both as medians.",
    ),
    (
        "Stages",
        "Each bar is made of the medians of the stages; the rest is work between them. Medians of parts need not add up \
         to the median of the whole, which is the number at the end.",
    ),
    (
        "Meshes known, models",
        "Where meshes are known, the positions of the faces come from the scene and no tracking is measured; only rows \
         of whole frames include it. Rows with a model wait for its result in every frame; live use does not.",
    ),
    (
        "Upload, readback, memory, drops",
        "Bytes sent to the adapter and read back per frame, memory that the row added to the process, and frames that \
         were dropped. A dash means not counted or not present, never zero.",
    ),
    (
        "Not measured",
        "The camera's exposure and its cable, decoding and copying its frames, the screen, and any program that \
         shows the picture afterwards are not in these figures. They add to the delay that a person sees, often \
         more than everything measured here.",
    ),
    (
        "Software adapters",
        "An adapter that is marked software is emulated on the CPU. Its rows show that the GPU code works, and say \
         nothing about the speed of a GPU.",
    ),
    (
        "Noise",
        "A fixed piece of work on one core is timed before every round and after the last. The spread of those times \
         and the processor time taken by other programs give the verdict at the top. On a noisy machine, small \
         differences mean nothing.",
    ),
];

/// The report as a page of HTML.
pub fn page(report: &Report) -> String {
    let mut out = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out += "<meta http-equiv=\"Content-Security-Policy\" \
            content=\"default-src 'none'; style-src 'unsafe-inline'\">\n";
    out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    out += "<meta name=\"color-scheme\" content=\"light dark\">\n";
    let machine = text::escape(&report.machine.cpu);
    out += &format!(
        "<title>Omote latency report: {machine}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    out += &head::head(report);
    out += &head::banners(report);
    out += &head::cards(report);
    let sections = [
        ("stages", "Where the time goes", plots::bars(report)),
        ("spread", "How the frames are spread", plots::spreads(report)),
        ("scaling", "How it grows", lines::scaling(report)),
        ("timeline", "Frame by frame", lines::timelines(report)),
        ("table", "All figures", table::table(report)),
    ];
    for (class, title, inside) in sections {
        // Where there are no rows, plots have nothing to show.
        if class != "table" && report.rows.is_empty() {
            continue;
        }
        let note = match class {
            "stages" => {
                "Median milliseconds of each stage; the number at the end is the whole frame's median."
            }
            "spread" => {
                "The shape is drawn from the first frames of each row (at most 240), the marks from all of them."
            }
            "table" => "Milliseconds unless a unit is given.",
            _ => "",
        };
        let note = if note.is_empty() { String::new() } else { format!("<p class=\"note\">{note}</p>") };
        out += &format!("\n<section class=\"{class}\"><h2>{title}</h2>{note}{inside}</section>\n");
    }
    out += "\n<section class=\"terms\"><h2>What the figures mean</h2><dl>";
    for (term, words) in TERMS {
        out += &format!("<div><dt>{term}</dt><dd>{words}</dd></div>");
    }
    out += "</dl></section>\n<footer>";
    let program = text::escape(&format!("{} {}", report.program.name, report.program.version));
    out += &format!("Written by <code>omote bench</code>, {program}. The same figures as JSON: ");
    out += "<code>omote bench --json FILE</code>.</footer>\n</body>\n</html>\n";
    out
}
