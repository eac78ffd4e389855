//! docs/gallery.md and the sheet of the worst frames, both from the figures.

use crate::sheet::{Sheet, Tile};
use crate::tally::{Record, Series, Worst};
use std::fmt::Write as _;
use std::path::Path;

/// From these values on a worst frame is named under "What is still wrong".
const BAD_OFF: f32 = 0.06;
const BAD_OVER: f32 = 0.03;
const BAD_BARE: f32 = 0.01;
/// So many stops of light too much or too little.
const BAD_STOPS: f32 = 0.4;
/// Worst frames of each kind on the sheet.
const OF_A_KIND: usize = 2;

/// One of the three figures.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Off,
    Over,
    Bare,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Off, Self::Over, Self::Bare];

    fn series_of(self, record: &Record) -> &Series {
        match self {
            Self::Off => &record.off,
            Self::Over => &record.over,
            Self::Bare => &record.bare,
        }
    }

    fn bad(self) -> f32 {
        match self {
            Self::Off => BAD_OFF,
            Self::Over => BAD_OVER,
            Self::Bare => BAD_BARE,
        }
    }

    /// Below a picture.
    fn caption(self, value: f32) -> String {
        let percent = value * 100.0;
        match self {
            Self::Off => format!("points off by {percent:.1} % of the eyes' distance"),
            Self::Over => format!("{percent:.1} % of the occluder painted over"),
            Self::Bare => format!("{percent:.1} % of the open face left bare"),
        }
    }

    /// As a sentence's end, after the sequence's name.
    fn says(self, value: f32, mean: f32) -> String {
        let (worst, mean) = (value * 100.0, mean * 100.0);
        match self {
            Self::Off => format!(
                "the tracked points were off by {worst:.1} % of the distance between the eyes in the worst frame \
                 ({mean:.1} % on average)"
            ),
            Self::Over => format!(
                "{worst:.1} % of its pixels in front of the face were painted over in the worst frame ({mean:.1} % on average)"
            ),
            Self::Bare => format!(
                "{worst:.1} % of the open face was left bare in the worst frame ({mean:.1} % on average)"
            ),
        }
    }
}

/// The worst record of each sequence, worst first.
fn worst(records: &[Record], kind: Kind) -> Vec<(&Record, &Worst)> {
    let mut all: Vec<(&Record, &Worst)> =
        records.iter().filter_map(|r| Some((r, kind.series_of(r).worst.as_ref()?))).collect();
    all.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
    let mut seen = Vec::new();
    all.retain(|(r, _)| {
        let new = !seen.contains(&&r.sequence);
        seen.push(&r.sequence);
        new
    });
    all
}

/// How a light changes live face and output, against the first light with the same persona.
struct Gains<'a> {
    record: &'a Record,
    /// Times as much light on the live face, and in the output.
    whole: [f32; 2],
    /// Light left of the nose to that right of it, live and in the output, both as times of the first light's.
    lean: [f32; 2],
}

impl Gains<'_> {
    /// How many stops the output is too bright (or too dark, negative), and how much of its lean is lacking.
    fn errors(&self) -> [f32; 2] {
        [(self.whole[1] / self.whole[0]).log2(), self.lean[1].log2().abs() - self.lean[0].log2().abs()]
    }
}

fn gains(records: &[Record]) -> Vec<Gains<'_>> {
    let lit = || records.iter().filter_map(|r| Some((r, r.glow?)));
    let gain = |(record, glow): (&'_ Record, [[f32; 2]; 2])| {
        let (_, even) = lit().find(|(first, _)| first.persona == record.persona)?;
        let sum = |v: [f32; 2]| (v[0] + v[1]).max(1e-6);
        let ratio = |v: [f32; 2]| v[0].max(1e-6) / v[1].max(1e-6);
        let whole = [0, 1].map(|k| sum(glow[k]) / sum(even[k]));
        let lean = [0, 1].map(|k| ratio(glow[k]) / ratio(even[k]));
        Some((whole, lean))
    };
    lit()
        .filter_map(|(record, glow)| {
            let (whole, lean) = gain((record, glow))?;
            Some(Gains { record, whole, lean })
        })
        .collect()
}

/// How much light is on the live face and on the persona, by light and persona.
pub(crate) fn light_table(records: &[Record]) -> String {
    let mut t =
        "\n| light | persona | light on the face: live | worn | left to right: live | worn |\n".to_owned();
    t.push_str("| --- | --- | ---: | ---: | ---: | ---: |\n");
    for g in gains(records) {
        let ([a, b], [c, d], record) = (g.whole, g.lean, g.record);
        let _ =
            writeln!(t, "| {} | {} | {a:.2} | {b:.2} | {c:.2} | {d:.2} |", record.sequence, record.persona);
    }
    t
}

/// The sheet of the worst frames, input and output side by side.
pub(crate) fn worst_sheet(records: &[Record], tile: u32) -> Sheet {
    let mut sheet = Sheet::new(tile, 2, &["input", "output", "input", "output"]);
    for kind in Kind::ALL {
        let mut row = Vec::new();
        for (record, worst) in worst(records, kind).into_iter().take(OF_A_KIND) {
            let [input, output] = worst.pictures.clone();
            let name = format!("{}, {:.2} s", record.sequence, worst.time);
            row.push(Tile { picture: input, words: vec![name, kind.caption(worst.value)] });
            row.push(Tile { picture: output, words: vec![record.persona.clone()] });
        }
        if !row.is_empty() {
            sheet.row_with_words(row);
        }
    }
    sheet
}

/// What was measured of a record, for those who watch.
pub(crate) fn figures(record: &Record) -> String {
    let mut line = format!("  {}:", record.persona);
    for (name, series) in [("off", &record.off), ("painted over", &record.over), ("bare", &record.bare)] {
        if let (Some(mean), Some(most)) = (series.mean(), series.most()) {
            let _ = write!(line, " {name} {:.1} / {:.1} %", mean * 100.0, most * 100.0);
        }
    }
    line
}

const INTRODUCTION: &str = "# Gallery

What Omote makes of a moving face, in pictures and figures, and what is still wrong. `cargo xtask gallery` writes \
this page, pictures and text; don't edit it.

The live faces are the three fictional composites, moved, lit and photographed by the program itself, with a \
camera's noise; no real person is shown. Every picture went through the real pipeline, frame by frame at 30 fps: \
tracker, persona, compositor (CPU), badge. Pictures are taken, and things come in front of the face, only after the \
tracker and the appearance model have run for more than a second, unless said otherwise. Frames are 480 x 480 and scaled down here.

## Personas and poses

Live face: composite-1 under the masks and composite-3, composite-2 under composite-1, composite-3 under composite-2.

![Masks ko-omote, kitsune and oni in six poses](gallery-masks-1.jpg)

![Masks calavera, kintsugi and urushi in six poses](gallery-masks-2.jpg)

![The three composites in six poses](gallery-composites.jpg)

![Two composites on a face at rest, frowning, with pursed lips, talking and smiling](gallery-expressions.jpg)

## Personas and light

Each light is on from the first frame, except the exposure step: 1.8 times as much light from one frame to the next.

![Three personas in ten lights](gallery-light.jpg)

## Things in front of the face

They are drawn over the live picture with their shadows, so the pixels that they cover are known. Left: while they \
come in. Right: once they are there. Glasses, headset, medical mask and fringe are worn from the first frame.

![Hand, microphone and mug in front of three personas](gallery-occluders-1.jpg)

![Sunglasses, cap and strands of hair in front of three personas](gallery-occluders-2.jpg)

![Glasses, fork and headset microphone in front of three personas](gallery-occluders-3.jpg)

![Medical mask and fringe, and a hand from the first frame, in front of three personas](gallery-occluders-4.jpg)

![Mug and sunglasses from the first frame in front of three personas](gallery-occluders-5.jpg)

![The same things before a turned head](gallery-occluders-turned.jpg)

![The same things in single pictures](gallery-occluders-single.jpg)

## Worst frames

The frames with the largest error of each kind, from any sequence.

![Worst frames with their errors](gallery-worst.jpg)

## Figures

- *Points off*: mean distance of the 468 tracked points from the true ones, relative to the distance between the \
eyes. Part of it is a matter of definition: the networks place some points differently from the composites' own \
landmarks.
- *Painted over*: share of the occluder's pixels inside the face oval that differ by more than 12 of 255 codes \
between input and output.
- *Left bare*: share of the open face where the output is the input. The open face is more than 6 pixels away from \
the occluder, and the persona without the occluder differs from skin there by more than 60 codes. This says nothing \
about the composites, which are skin on skin. With nothing in front of the face, it is the share of the skin, \
without rim, eyes and mouth, that a mask leaves unchanged.
- *Light on the face*: mean linear light inside the oval, relative to even light. *Left to right*: light on the half \
left of the nose relative to the half right of it, again compared with even light. A persona that follows the light \
has the same numbers as the live face.
";

/// Writes docs/gallery.md.
pub(crate) fn page(records: &[Record], path: &Path) -> anyhow::Result<()> {
    let mut t = INTRODUCTION.to_owned();
    let percent = |v: Option<f32>| v.map_or("–".to_owned(), |v| format!("{:.1} %", v * 100.0));
    writeln!(t, "\n| sequence | live face | frames | shown live | points off, mean | worst |")?;
    writeln!(t, "| --- | --- | ---: | ---: | ---: | ---: |")?;
    for r in records.iter().filter(|r| r.first) {
        let off = &r.off;
        writeln!(
            t,
            "| {} | {} | {} | {} | {} | {} |",
            r.sequence,
            r.live,
            r.frames,
            r.shown,
            percent(off.mean()),
            percent(off.most())
        )?;
    }
    writeln!(
        t,
        "\n| in front of the face | persona | painted over, mean | worst | left bare, mean | worst |"
    )?;
    writeln!(t, "| --- | --- | ---: | ---: | ---: | ---: |")?;
    for r in records.iter().filter(|r| r.over.mean().is_some()) {
        writeln!(
            t,
            "| {} | {} | {} | {} | {} | {} |",
            r.sequence,
            r.persona,
            percent(r.over.mean()),
            percent(r.over.most()),
            percent(r.bare.mean()),
            percent(r.bare.most())
        )?;
    }
    writeln!(t, "\n| nothing in front of the face | mask | left bare, mean | worst |")?;
    writeln!(t, "| --- | --- | ---: | ---: |")?;
    for r in records.iter().filter(|r| r.over.mean().is_none() && r.bare.mean().is_some()) {
        let (mean, most) = (percent(r.bare.mean()), percent(r.bare.most()));
        writeln!(t, "| {} | {} | {mean} | {most} |", r.sequence, r.persona)?;
    }
    t.push_str(&light_table(records));
    let gains = gains(records);
    t.push_str("\n## What is still wrong\n\n");
    let mut named = 0;
    for r in records.iter().filter(|r| r.shown < r.frames) {
        writeln!(
            t,
            "- {}, {}: in {} of {} frames no live picture was shown.",
            r.sequence,
            r.persona,
            r.frames - r.shown,
            r.frames
        )?;
        named += 1;
    }
    for kind in Kind::ALL {
        let bad = worst(records, kind).into_iter().filter(|(_, w)| w.value >= kind.bad());
        for (r, w) in bad.take(6) {
            let mean = kind.series_of(r).mean().unwrap_or_default();
            let who = if kind == Kind::Off { String::new() } else { format!(" ({})", r.persona) };
            writeln!(t, "- {}{who}: {}.", r.sequence, kind.says(w.value, mean))?;
            named += 1;
        }
    }
    for g in &gains {
        let ([stops, lean], name) = (g.errors(), format!("{} ({})", g.record.sequence, g.record.persona));
        if stops.abs() >= BAD_STOPS {
            let [live, worn] = g.whole;
            writeln!(
                t,
                "- {name}: compared with even light, the live face has {live:.2} times as much light, the persona {worn:.2} times \
                 ({} by {:.1} stops).",
                if stops > 0.0 { "too bright" } else { "too dark" },
                stops.abs()
            )?;
            named += 1;
        }
        if lean.abs() >= BAD_STOPS {
            let [live, worn] = g.lean;
            writeln!(
                t,
                "- {name}: left to right, the light on the live face is {live:.2} to 1, on the persona {worn:.2} to 1."
            )?;
            named += 1;
        }
    }
    if named == 0 {
        t.push_str("- No frame was worse than the limits below.\n");
    }
    writeln!(
        t,
        "\nListed is the worst persona of each sequence, from {:.0} % points off, {:.0} % painted over, {:.0} % left bare and {} stops upwards. \
         These figures don't say how natural a face looks, and drawn occluders are easier than real ones: their edges \
         are sharp, and nothing is blurred by movement. Look at the pictures.",
        BAD_OFF * 100.0,
        BAD_OVER * 100.0,
        BAD_BARE * 100.0,
        BAD_STOPS
    )?;
    std::fs::write(path, t)?;
    Ok(())
}
