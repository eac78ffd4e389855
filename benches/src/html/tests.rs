//! The page of usual and of odd reports: whole markup, nothing of the report's own, no number that is none.

use super::page;
use super::text::{bytes, escape, number, short};
use crate::report::{Adapter, Machine, Noise, Program, Report, Row, RuntimeInfo, SCHEMA, StageTimes, Times};

/// Tags that need no end.
const VOID: [&str; 4] = ["meta", "br", "wbr", "hr"];

fn times(median: f64) -> Times {
    Times {
        median,
        low: median * 0.985,
        high: median * 1.02,
        p50: median,
        p95: median * 1.14,
        p99: median * 1.4,
        max: median * 2.9,
        jitter: median * 0.04,
        best_round: median * 0.97,
    }
}

fn row(scenario: &str, size: (u32, u32), format: &str, faces: u32, drawn_by: &str, median: f64) -> Row {
    let slug =
        if drawn_by.contains("software") { "gpu-software" } else { drawn_by.split(':').next().unwrap() };
    let id = format!("{scenario}/{}x{}/{format}/{faces}-face/{slug}", size.0, size.1);
    let mut chance = fastrand::Rng::with_seed(id.bytes().fold(7, |a, b| (a * 31 + u64::from(b)) % 1_000_003));
    let samples = (0..240)
        .map(|_| {
            let bell = (chance.f64() + chance.f64() + chance.f64() - 1.5) * 0.09;
            let stutter = if chance.f64() > 0.985 { chance.f64() * 1.9 } else { 0.0 };
            (median * (1.0 + bell + stutter)) as f32
        })
        .collect();
    let stage = |name: &str, part: f64| StageTimes { name: name.to_owned(), times: times(median * part) };
    let gpu = drawn_by.starts_with("gpu");
    Row {
        title: format!("{scenario} on {faces} face(s)"),
        id,
        scenario: scenario.to_owned(),
        width: size.0,
        height: size.1,
        format: format.to_owned(),
        faces,
        drawn_by: drawn_by.to_owned(),
        software: drawn_by.contains("llvmpipe"),
        model: None,
        provider: None,
        frames: 600,
        wall: times(median),
        cpu: times(median * 1.1),
        gpu: gpu.then(|| times(median * 0.3)),
        stages: match scenario {
            "convert" => vec![],
            "mesh" => vec![stage("swap", 0.9), stage("badge", 0.07)],
            "track" => vec![stage("track", 0.55), stage("swap", 0.35), stage("badge", 0.04)],
            _ => vec![stage("model", 0.74), stage("swap", 0.2), stage("badge", 0.03)],
        },
        gpu_passes: if gpu { vec![stage("region_in", 0.05), stage("blend_bands", 0.2)] } else { vec![] },
        upload_bytes: gpu.then_some(1_382_400),
        readback_bytes: gpu.then_some(262_144),
        memory_mib: Some(38.25),
        energy_j: None,
        drops: None,
        samples,
        fault: None,
    }
}

fn report(rows: Vec<Row>) -> Report {
    Report {
        schema: SCHEMA,
        program: Program {
            name: "omote".into(),
            version: "0.1.0".into(),
            commit: Some("e4ecc1d".into()),
            profile: "release".into(),
        },
        machine: Machine {
            cpu: "Intel(R) Xeon(R) Processor @ 2.80GHz".into(),
            cores: 2,
            memory_mib: Some(7953),
            os: "linux".into(),
            kernel: Some("Linux 6.1.0-21-amd64".into()),
        },
        adapters: vec![
            Adapter {
                name: "NVIDIA GeForce RTX 4070".into(),
                backend: "vulkan".into(),
                driver: "NVIDIA 570.86.16".into(),
                software: false,
            },
            Adapter {
                name: "llvmpipe (LLVM 15.0.6, 256 bits)".into(),
                backend: "vulkan".into(),
                driver: "llvmpipe Mesa 22.3.6".into(),
                software: true,
            },
        ],
        runtime: RuntimeInfo {
            name: "ort".into(),
            library: Some("/home/someone/lib/libonnxruntime.so.1.23.0".into()),
            providers: vec!["cpu".into(), "cuda".into()],
        },
        started: "2026-11-26T06:40:12Z".into(),
        seconds: 312.4,
        quick: false,
        rounds: 5,
        noise: Noise {
            reference_ms: vec![20.1, 20.3, 20.0, 20.6, 20.2, 20.1],
            spread: 0.007,
            quiet: true,
            words: "the machine was quiet: the same work took the same time to 0.7 %".into(),
        },
        rows,
    }
}

/// What a run on a machine with a GPU and a software adapter gives.
fn usual() -> Report {
    let (vga, hd, full, four) = ((640, 480), (1280, 720), (1920, 1080), (3840, 2160));
    let (gpu, soft) = ("gpu: NVIDIA GeForce RTX 4070", "gpu: llvmpipe (LLVM 15.0.6, 256 bits) [software]");
    let mut rows = vec![
        row("mesh", vga, "nv12", 1, "cpu", 6.12),
        row("mesh", hd, "nv12", 1, "cpu", 7.83),
        row("mesh", full, "nv12", 1, "cpu", 8.02),
        row("mesh", four, "nv12", 1, "cpu", 8.21),
        row("mesh", hd, "nv12", 2, "cpu", 14.9),
        row("mesh", hd, "nv12", 4, "cpu", 28.8),
        row("mesh", hd, "yuyv", 1, "cpu", 7.91),
        row("mesh", vga, "nv12", 1, gpu, 1.31),
        row("mesh", hd, "nv12", 1, gpu, 1.62),
        row("mesh", full, "nv12", 1, gpu, 2.04),
        row("mesh", four, "nv12", 1, gpu, 4.37),
        row("mesh", hd, "nv12", 4, gpu, 3.44),
        row("mesh", hd, "nv12", 1, soft, 48.3),
        row("mesh", full, "nv12", 1, soft, 77.0),
        row("track", hd, "nv12", 1, "cpu", 17.4),
        row("stand-in", hd, "nv12", 1, "cpu", 21.2),
        row("stand-in", hd, "nv12", 1, "cpu", 96.0),
        row("model", hd, "nv12", 1, "cpu", 412.0),
        row("model", hd, "nv12", 1, "cpu", 24.6),
        row("convert", hd, "i420", 0, "cpu", 0.0881),
    ];
    rows[15].id = "stand-in/small/cpu/1280x720/nv12/1-face/cpu".into();
    rows[16].id = "stand-in/medium/cpu/1280x720/nv12/1-face/cpu".into();
    rows[17].id = "model/inswapper_128/1280x720/nv12/1-face/cpu".into();
    rows[18].id = "model/inswapper_128-cuda/1280x720/nv12/1-face/cpu".into();
    rows[18].model = Some("inswapper_128.onnx".into());
    rows[18].provider = Some("cuda".into());
    rows[17].model = Some("inswapper_128.onnx".into());
    rows[17].provider = Some("cpu".into());
    rows[13].wall = Times::default();
    rows[13].samples.clear();
    rows[13].fault = Some("the adapter was lost: out of memory while the picture was uploaded".into());
    report(rows)
}

/// Fails where a tag has no end or a wrong one, an attribute no quotes, or text a bare sign of markup.
fn balanced(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html.strip_prefix("<!DOCTYPE html>").expect("a document");
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        assert!(open.last() == Some(&"style") || !text.contains('>'), "bare > in {text:?}");
        for (n, _) in text.match_indices('&') {
            assert!(text[n..].find(';').is_some_and(|end| end < 8), "bare & in {text:?}");
        }
        let tag = &rest[start + 1..];
        let mut quoted = false;
        let end = tag
            .find(|c| {
                quoted ^= c == '"';
                assert!(!quoted || c != '<', "markup in an attribute: {}", &tag[..tag.len().min(120)]);
                c == '>' && !quoted
            })
            .expect("an end of the tag");
        let inside = &tag[..end];
        rest = &tag[end + 1..];
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "wrong end before {:?}", &rest[..rest.len().min(80)]);
            continue;
        }
        let name = inside.split([' ', '/']).next().unwrap();
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()), "odd tag {inside:?}");
        for (n, _) in inside.match_indices('=') {
            let before = inside[..n].matches('"').count();
            assert!(before % 2 == 1 || inside[n + 1..].starts_with('"'), "no quotes in {inside:?}");
        }
        if !inside.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "never ended: {open:?}");
}

/// What holds for every page.
fn sound(report: &Report) -> String {
    let html = page(report);
    balanced(&html);
    let body = html.split_once("</style>").unwrap().1;
    for word in
        ["NaN", "nan ", "inf ", "\"inf", ">inf", "infinity", "\"-inf", "<script", "://", "href=", "src="]
    {
        assert!(!body.contains(word), "{word:?} in the page");
    }
    assert!(!html.contains("url(") && !html.contains("@import"), "nothing from elsewhere");
    html
}

/// Puts a page where it can be looked at, if a folder is named for that.
fn keep(name: &str, html: &str) {
    if let Ok(folder) = std::env::var("OMOTE_HTML_SAMPLES") {
        std::fs::write(format!("{folder}/{name}.html"), html).unwrap();
    }
}

#[test]
fn a_usual_report_has_all_parts() {
    let html = sound(&usual());
    for words in [
        "Omote latency report",
        ">quiet</strong>The machine was quiet",
        "1280×720<small>whole frame, CPU",
        "1280×720<small>without tracking, CPU",
        "1920×1080<small>without tracking, CPU",
        "1280×720<small>without tracking, best GPU",
        ">software</em>",
        "the adapter was lost",
        "17.4</b> <span class=\"ci\">[17.1–17.7]",
        "libonnxruntime.so.1.23.0",
        "commit e4ecc1d",
        "megapixels",
        "say nothing about GPUs",
    ] {
        assert!(html.contains(words), "{words:?} is missing");
    }
    assert!(!html.contains("/home/someone"), "folders stay out");
    keep("sample", &html);
}

#[test]
fn foreign_text_is_harmless() {
    let bad = "<script>alert(1)</script>\" onload=\"x\" & '\u{202e}\u{7}";
    let mut one = usual();
    one.machine.cpu = bad.into();
    one.machine.kernel = Some(bad.into());
    one.adapters[0].name = bad.into();
    one.runtime.library = Some(bad.into());
    one.noise.words = bad.into();
    one.started = bad.into();
    for row in &mut one.rows {
        row.id = format!("{}{bad}", row.id);
        row.title = bad.into();
        row.drawn_by = format!("{}{bad}", row.drawn_by);
        row.format = bad.into();
        row.model = Some(bad.into());
        row.stages.push(StageTimes { name: bad.into(), times: times(1.0) });
    }
    one.rows[3].scenario = bad.into();
    one.rows[3].fault = Some(bad.into());
    let html = sound(&one);
    assert!(!html.contains('\u{202e}') && !html.contains('\u{7}'));
    assert_eq!(escape("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
}

#[test]
fn numbers_that_are_none_stay_out() {
    let mut one = usual();
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -3.0, 1e300, 1e-300];
    for (n, row) in one.rows.iter_mut().enumerate() {
        let value = odd[n % odd.len()];
        match n % 4 {
            0 => row.wall = times(value),
            1 => row.wall.p99 = value,
            2 => row.stages.iter_mut().for_each(|s| s.times = times(value)),
            _ => row.samples = vec![value as f32, 3.0, f32::NAN],
        }
        row.cpu = times(value);
        row.memory_mib = Some(value);
        row.energy_j = Some(value);
    }
    one.seconds = f64::NAN;
    one.noise.spread = f64::NAN;
    one.noise.reference_ms = odd.to_vec();
    keep("odd", &sound(&one));
}

#[test]
fn few_or_no_rows_make_a_page() {
    let mut none = report(vec![]);
    none.adapters.clear();
    none.noise.reference_ms.clear();
    none.noise.quiet = false;
    none.noise.words = "the machine was NOT quiet: differences below 31 % say nothing".into();
    none.quick = true;
    none.program.profile = "debug".into();
    let html = sound(&none);
    keep("empty", &html);
    assert!(html.contains("No rows.") && html.contains(">noisy</strong>") && html.contains("Quick run"));
    assert!(html.contains("Not a release build"));
    let mut one = report(vec![row("mesh", (1280, 720), "nv12", 1, "cpu", 12.3)]);
    one.adapters.remove(0);
    keep("one", &sound(&one));
    one.rows[0].samples.truncate(1);
    sound(&one);
    one.rows[0].samples.clear();
    one.rows[0].stages.clear();
    sound(&one);
    one.rows[0].wall = Times::default();
    assert!(sound(&one).contains("nothing was measured"));
}

#[test]
fn sixty_long_rows_are_split() {
    let rows: Vec<Row> = (0..60u32)
        .map(|n| {
            let by = format!("gpu: Adapter of a very long name {}", "that goes on ".repeat(12));
            let mut row =
                row("mesh", (640 + 64 * n, 360 + 36 * n), "nv12", 1 + n % 3, &by, 4.0 + f64::from(n));
            row.id = format!("{}-{n}", row.id);
            row
        })
        .collect();
    let html = sound(&report(rows));
    assert_eq!(html.matches(", continued</h3>").count(), 4, "three drawings in each of two sections");
    assert!(html.len() < 3_000_000);
    keep("sixty", &html);
}

#[test]
fn figures_have_three_digits() {
    let words =
        [0.0, 0.0001, 0.0123, 0.99951, 1.234, 9.999, 12.34, 99.96, 123.4, 1234.0, f64::NAN].map(number);
    assert_eq!(words, ["0", "&lt;0.001", "0.012", "1.00", "1.23", "10.0", "12.3", "100", "123", "1230", "–"]);
    assert_eq!(bytes(262_144), "256\u{a0}KiB");
    assert_eq!(short("mesh/1280x720/nv12", 9), "mesh…nv12");
    assert_eq!(short("<&>", 9), "&lt;&amp;&gt;");
}
