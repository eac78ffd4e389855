//! Statistics in closed form, the comparison on synthetic runs, and a tiny real run against its schema.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use omote_engine::badge::BadgedFrame;
use omote_engine::frame::PixelFormat;
use omote_engine::infer::stand_in::StandIn;
use omote_engine::infer::{Runtime, models};
use omote_engine::persona;
use omote_engine::pipeline::{FaceTracker, WornModel};
use omote_engine::swap::{CutParams, FaceTexture};
use omote_engine::track::{Face, Tracker, TrackerConfig};
use omote_kit::personas;
use omote_kit::registry::{Declared, LoadOptions, Registry, check};
use serde_json::Value;

use crate::compare::{self, By, Comparison, Verdict};
use crate::noise::{self, Taken};
use crate::rehearsal::{KnownFaces, Prepared, Rehearsal};
use crate::report::{Program, Report, Row, RuntimeInfo, Times};
use crate::statistics::{best_and_median, median, outside, spread};
use crate::{Environment, Options, html, machine};

/// No program, only the engine and a data folder.
pub(crate) struct Bare(PathBuf);

impl Bare {
    pub(crate) fn new(data: &Path) -> Self {
        Self(data.to_owned())
    }
}

impl Environment for Bare {
    fn program(&self) -> Program {
        Program { name: "test".into(), version: "1".into(), commit: None, profile: "debug".into() }
    }

    fn data(&self) -> &Path {
        &self.0
    }

    fn runtime(&self) -> anyhow::Result<Runtime> {
        Ok(Runtime::discover(models::library(&self.0).as_deref())?)
    }

    fn persona(&self, name: &str) -> anyhow::Result<FaceTexture> {
        let persona = personas::resolve(name, &self.0, persona::today())?;
        Ok(FaceTexture::of_persona(&persona, CutParams::default())?)
    }

    fn tracker(&self, config: TrackerConfig) -> anyhow::Result<Tracker> {
        Ok(Tracker::new(&self.runtime()?, &models::models_dir(&self.0), config)?)
    }

    fn models(&self) -> anyhow::Result<Vec<String>> {
        Ok(Registry::open(&self.0)?.swaps().map(|entry| entry.name.clone()).collect())
    }

    fn model(&self, name: &str, persona: &str, report: &mut dyn FnMut(&str)) -> anyhow::Result<WornModel> {
        let whose = |own: Option<&str>| personas::resolve(own.unwrap_or(persona), &self.0, persona::today());
        let registry = Registry::open(&self.0)?;
        let (swap, provider) =
            registry.dress(&self.runtime()?, name, &whose, &LoadOptions::default(), report)?;
        Ok(WornModel::new(format!("{name} on {provider}"), swap, 1))
    }

    fn draw_for_screen(&self, picture: &BadgedFrame) {
        std::hint::black_box(picture.frame().to_rgb());
    }
}

/// A run that tells nobody how far it is.
pub(crate) fn measured(environment: &Bare, options: &Options) -> anyhow::Result<Report> {
    crate::run(environment, options, &mut |_| {})
}

#[test]
fn the_medians_interval_is_the_binomials() {
    // P(at most 39 of 100 below) = 1.76 %, of 40 = 2.84 %: the interval is from the 40th to the 61st value.
    assert_eq!(outside(100), 39);
    let values: Vec<f64> = (1..=100).map(f64::from).collect();
    let t = Times::from_rounds(&[values]);
    assert_eq!((t.median, t.low, t.high), (50.5, 40.0, 61.0));
    assert_eq!((t.p50, t.p95, t.p99, t.max), (50.0, 95.0, 99.0, 100.0));
    // 2 of 2^6 is 3.1 %: six values are the fewest with an interval, from the first to the last.
    assert_eq!([1, 5, 6, 8, 9].map(outside), [0, 0, 0, 0, 1]);
    // Far beyond where 2^-n is a number, it is the normal distribution's.
    let n = 10_000.0_f64;
    assert!((outside(10_000) as f64 - (n - 1.96 * n.sqrt()) / 2.0).abs() < 2.0, "{}", outside(10_000));
}

#[test]
fn jitter_and_rounds_are_kept_apart() {
    // 2 and 3 within the rounds; the step of 96 between them is none.
    let t = Times::from_rounds(&[vec![4.0, 6.0], vec![100.0, 103.0], vec![]]);
    assert_eq!((t.jitter, t.best_round, t.median), (2.5, 5.0, 53.0));
    assert_eq!(Times::from_rounds(&[]), Times::default());
    assert_eq!(Times::from_rounds(&[vec![7.0]]).jitter, 0.0);
    assert_eq!(Times::from_rounds(&[vec![7.0]]).high, 7.0);
}

#[test]
fn middle_and_spread() {
    assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    assert_eq!((median(&[]), spread(&[])), (0.0, 0.0));
    assert_eq!(best_and_median(&[3.0, 1.0, 2.0]), [1.0, 2.0]);
    assert_eq!(best_and_median(&[]), [0.0, 0.0]);
    // Distances from 10, sorted: 0, 1, 1, 2, 90.
    assert_eq!(spread(&[10.0, 9.0, 11.0, 8.0, 100.0]), 0.1);
}

#[test]
fn noise_says_what_can_be_told() {
    let quiet = noise::verdict(vec![10.0, 10.1, 10.0, 9.9, 10.0], Taken::default());
    assert!(quiet.quiet && !quiet.words.contains("NOT"), "{}", quiet.words);
    let loud = noise::verdict(vec![10.0, 9.0, 11.0, 8.0, 100.0], Taken::default());
    assert!(!loud.quiet && loud.words.contains("below 20 %"), "{}", loud.words);
    let waiting = noise::verdict(vec![10.0, 10.0], Taken { processor: Some(0.64), waited: Some(0.2) });
    assert!(!waiting.quiet && waiting.words.contains("below 40 %"), "{}", waiting.words);
    let beside = noise::verdict(vec![10.0, 10.0], Taken { processor: Some(0.64), waited: None });
    assert!((beside.spread - 0.04).abs() < 1e-9, "{}", beside.words);
}

/// Noise as machines make it.
struct Weather {
    chance: fastrand::Rng,
    /// Standard deviations, relative: of a frame, of a round, of a whole run.
    frame: f64,
    round: f64,
    run: f64,
}

impl Weather {
    fn even(&mut self) -> f64 {
        self.chance.f64()
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.even()).ln()).sqrt() * (std::f64::consts::TAU * self.even()).cos()
    }

    /// A run of rows that take `base` ms each.
    fn report(&mut self, base: &[f64]) -> Report {
        const ROUNDS: usize = 5;
        let run = 1.0 + self.run * self.normal();
        let mut reference = Vec::new();
        let mut rounds = vec![Vec::new(); base.len()];
        for _ in 0..ROUNDS {
            let round = run * (1.0 + self.round * self.normal());
            reference.extend((0..7).map(|_| 4.0 * round * (1.0 + 0.5 * self.frame * self.normal())));
            for (ms, rounds) in base.iter().zip(&mut rounds) {
                // Neighbours of a row's turn share a little of their fate; one frame in forty is interrupted.
                let turn = round * (1.0 + 0.5 * self.round * self.normal());
                let frame = |w: &mut Self| {
                    let late = if w.even() < 0.025 { 1.0 + 2.0 * w.even() } else { 1.0 };
                    ms * turn * (1.0 + skewed(w.normal(), w.frame)) * late
                };
                rounds.push((0..40).map(|_| frame(self)).collect::<Vec<f64>>());
            }
        }
        let rows = rounds.iter().enumerate().map(|(i, rounds)| row(&format!("row/{i}"), rounds)).collect();
        Report { noise: noise::verdict(reference, Taken::default()), rows, ..blank() }
    }
}

/// Frames are late more often than early.
fn skewed(normal: f64, deviation: f64) -> f64 {
    (deviation * normal).exp() - 1.0
}

fn row(id: &str, rounds: &[Vec<f64>]) -> Row {
    let times = Times::from_rounds(rounds);
    let text = serde_json::json!({
        "id": id, "title": id, "scenario": "mesh", "width": 1280, "height": 720, "format": "nv12", "faces": 1,
        "drawn_by": "cpu", "software": false, "frames": rounds.concat().len(), "wall": times, "cpu": times,
        "stages": [], "samples": [],
    });
    serde_json::from_value(text).unwrap()
}

fn blank() -> Report {
    let runtime = RuntimeInfo { name: "rten".into(), library: None, providers: Vec::new() };
    Report {
        schema: 1,
        program: Bare::new(Path::new("")).program(),
        machine: machine::describe(),
        adapters: Vec::new(),
        runtime,
        started: machine::started(),
        seconds: 1.0,
        quick: false,
        rounds: 5,
        noise: noise::verdict(vec![1.0], Taken::default()),
        rows: Vec::new(),
    }
}

const BASE: [f64; 4] = [0.8, 5.0, 12.0, 90.0];

/// Verdicts over 100 pairs of runs in which the second is `factor` times as slow in every row: faster, same, slower.
fn verdicts(factor: f64, frame: f64, round: f64, run: f64) -> [usize; 3] {
    let mut found = [0; 3];
    for seed in 0..100 {
        let mut weather = Weather { chance: fastrand::Rng::with_seed(seed), frame, round, run };
        let (a, b) = (weather.report(&BASE), weather.report(&BASE.map(|ms| ms * factor)));
        for pair in Comparison::new(&a, &b, By::Wall).pairs {
            found[pair.verdict as usize] += 1;
        }
    }
    found
}

#[test]
fn a_slowdown_of_a_tenth_is_found_and_none_is_made_up() {
    // A quiet machine, and one with other work on it.
    for (frame, round, run) in [(0.02, 0.003, 0.003), (0.05, 0.012, 0.008)] {
        let of = (BASE.len() * 100) as f64;
        let share = |n: usize| n as f64 / of;
        let [faster, _, slower] = verdicts(1.0, frame, round, run);
        assert!(share(faster + slower) <= 0.02, "made up: {faster} faster, {slower} slower of {of}");
        let [faster, same, _] = verdicts(1.1, frame, round, run);
        assert_eq!(faster, 0);
        assert!(share(same) <= 0.02, "{same} of {of} slowdowns were missed");
        let [_, same, slower] = verdicts(1.0 / 1.1, frame, round, run);
        assert_eq!(slower, 0);
        assert!(share(same) <= 0.02, "{same} of {of} gains were missed");
    }
}

#[test]
fn on_a_wild_machine_nothing_is_said() {
    let [faster, _, slower] = verdicts(1.0, 0.1, 0.15, 0.1);
    assert!(faster + slower <= 20, "{faster} faster, {slower} slower of 400");
}

#[test]
fn other_machines_rows_and_faults_are_named() {
    let mut weather = Weather { chance: fastrand::Rng::with_seed(5), frame: 0.02, round: 0.003, run: 0.003 };
    let (mut a, mut b) = (weather.report(&BASE), weather.report(&BASE));
    a.rows[0].id = "old".into();
    b.rows[0].id = "new".into();
    b.rows[1].fault = Some("the adapter was lost".into());
    b.machine.cpu = "another one".into();
    b.program.profile = "other".into();
    let c = Comparison::new(&a, &b, By::Wall);
    assert_eq!(c.only, [vec!["old"], vec!["new"]]);
    let found: Vec<Verdict> = c.pairs.iter().map(|p| p.verdict).collect();
    assert_eq!(found, [Verdict::NoFigures, Verdict::Same, Verdict::Same]);
    assert_eq!(c.differences.len(), 2, "{:?}", c.differences);
    let mut text = Vec::new();
    compare::table(&mut text, &c, By::Wall).unwrap();
    let text = String::from_utf8(text).unwrap();
    for words in ["CAUTION: different machines", "only in A: old", "only in B: new", "the adapter was lost"] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
}

#[test]
fn what_is_no_report_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text, words) in [
        ("text", "no figures", "is not a report"),
        ("later", r#"{"schema": 2}"#, "its format is 2, this program reads 1"),
        ("half", r#"{"schema": 1}"#, "missing field"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let error = format!("{:#}", Report::read(&path).unwrap_err());
        assert!(error.contains(words), "{error}");
    }
    assert!(Report::read(&folder.path().join("none")).is_err());
}

#[test]
fn a_real_run_fits_its_schema_and_comes_back() {
    let data = tempfile::tempdir().unwrap();
    let options = Options {
        only: vec!["mesh/1280x720/nv12/1-face/cpu".into()],
        rounds: Some(2),
        quick: true,
        ..Options::default()
    };
    let report = measured(&Bare::new(data.path()), &options).unwrap();
    let [row] = &report.rows[..] else { panic!("{} rows", report.rows.len()) };
    assert_eq!(row.fault, None);
    assert!(row.frames >= 6 && row.samples.len() == row.frames as usize, "{row:?}");
    assert!(row.wall.low <= row.wall.median && row.wall.median <= row.wall.high && row.wall.low > 0.0);
    assert_eq!(row.stages.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["swap", "badge"]);
    let stages: f64 = row.stages.iter().map(|s| s.times.median).sum();
    assert!((stages - row.wall.median).abs() < 0.2 * row.wall.median, "{stages} of {}", row.wall.median);
    let json = serde_json::to_value(&report).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../docs/bench-schema.json")).unwrap();
    assert_eq!(faults(&schema, &schema, &json, "report"), Vec::<String>::new());
    assert_eq!(serde_json::from_value::<Report>(json.clone()).unwrap(), report);
    // The check itself finds what is wrong.
    for (pointer, wrong) in [
        ("/rows/0/wall/median", Value::from("fast")),
        ("/rows/0/frames", Value::from(1.5)),
        ("/program/profile", Value::from("fastest")),
        ("/schema", Value::from(2)),
        ("/noise", serde_json::json!({"spread": 0.0})),
        ("/rows/0/gpu", Value::from(3)),
    ] {
        let mut json = json.clone();
        *json.pointer_mut(pointer).unwrap() = wrong;
        assert!(!faults(&schema, &schema, &json, "report").is_empty(), "{pointer}");
    }
    let mut more = json;
    more["surprise"] = Value::from(1);
    assert!(!faults(&schema, &schema, &more, "report").is_empty());
    let page = html::page(&report);
    assert!(page.is_empty() || page.contains(&row.id));
}

#[test]
fn faces_have_the_same_pixels_in_every_picture() {
    let rehearsal = Rehearsal::new(4).unwrap();
    let shown = |size, faces| rehearsal.pictures(size, PixelFormat::Rgb, faces).unwrap();
    let mesh = |scene: &Arc<Prepared>, id: u64| {
        let mut frame = scene.frame(id).clone();
        frame.id.0 = id;
        (frame.to_rgb(), KnownFaces(Arc::clone(scene)).track(&frame).unwrap())
    };
    let stage = Arc::new(shown((1280, 720), 1));
    for (size, faces) in [((640, 480), 1), ((1920, 1080), 1), ((3840, 2160), 1), ((1280, 720), 4)] {
        let scene = Arc::new(shown(size, faces));
        let (rgb, found) = mesh(&scene, 2);
        assert_eq!(found.len(), faces as usize);
        for (i, face) in found.iter().enumerate() {
            // Each face is the actor at another moment.
            let (played, actor) = mesh(&stage, (2 + i as u64) % 4);
            for point in [1, 33, 152, 263, 291] {
                let pixel = |rgb: &[u8], width: u32, face: &Face| {
                    let p = face.landmarks[point].round();
                    let at = (p.y as usize * width as usize + p.x as usize) * 3;
                    rgb[at..at + 3].to_vec()
                };
                let here = pixel(&rgb, size.0, face);
                assert_eq!(here, pixel(&played, 1280, &actor[0]), "{size:?} face {i} point {point}");
            }
        }
    }
    // There and back: frame 5 is frame 1 again.
    assert_eq!(stage.frame(5), stage.frame(1));
    assert_eq!(stage.frame(6), stage.frame(0));
}

#[test]
fn a_users_model_and_one_that_is_gone_have_rows() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let runtime = Runtime::portable();
    let take = |name: &str, network: StandIn| {
        let path = folder.path().join(name);
        std::fs::write(&path, network.bytes()).unwrap();
        let entry = check(&runtime, &path, &Declared::default(), &mut |_| {}).unwrap();
        Registry::open(&data).unwrap().add(entry).unwrap();
    };
    take("faces.onnx", StandIn::recogniser());
    take("mine.onnx", StandIn::inswapper_128());
    take("gone.onnx", StandIn::hyperswap_256());
    std::fs::remove_file(folder.path().join("gone.onnx")).unwrap();
    let options = Options {
        only: vec!["model/".into(), "track/".into()],
        rounds: Some(1),
        quick: true,
        ..Options::default()
    };
    let bare = Bare::new(&data);
    let report = measured(&bare, &options).unwrap();
    let row = |id: &str| report.rows.iter().find(|r| r.id == id).unwrap();
    let mine = row("model/mine/1280x720/nv12/1-face/cpu");
    assert_eq!((&mine.fault, mine.model.as_deref()), (&None, Some("mine")));
    assert_eq!(mine.provider.as_deref(), Some("cpu"));
    assert_eq!(mine.stages.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["model", "swap", "badge"]);
    let gone = row("model/gone/1280x720/nv12/1-face/cpu");
    assert!(gone.fault.as_ref().is_some_and(|why| why.contains("gone")), "{gone:?}");
    // No networks are there to track with.
    let track = row("track/1280x720/nv12/1-face/cpu");
    assert!(track.fault.as_ref().is_some_and(|why| why.contains("omote setup")), "{track:?}");
    assert_eq!((track.frames, track.wall), (0, Times::default()));
    let mut text = Vec::new();
    report.table(&mut text).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("omote setup"));
    let options = Options { only: vec!["no such row".into()], ..options };
    assert!(measured(&bare, &options).unwrap_err().to_string().contains("omote bench --list"));
}

/// Where a value departs from a schema, as far as docs/bench-schema.json uses the language.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (word, rule) in schema.as_object().unwrap() {
        let holds = match word.as_str() {
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap();
                found.extend(faults(root, target, value, at));
                true
            }
            "type" => match rule {
                Value::Array(names) => names.iter().any(|name| is(value, name)),
                name => is(value, name),
            },
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "anyOf" => rule.as_array().unwrap().iter().any(|s| faults(root, s, value, at).is_empty()),
            "minimum" => value.as_f64().is_none_or(|v| v >= rule.as_f64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|v| v.len() as u64 <= rule.as_u64().unwrap()),
            "minLength" => value.as_str().is_none_or(|v| v.len() as u64 >= rule.as_u64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|v| v.len() as u64 <= rule.as_u64().unwrap()),
            "required" => {
                rule.as_array().unwrap().iter().all(|key| value.get(key.as_str().unwrap()).is_some())
            }
            "additionalProperties" => {
                let known = |key: &String| schema["properties"].get(key).is_some();
                value.as_object().is_none_or(|v| v.keys().all(known))
            }
            "properties" => {
                for (key, inner) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        found.extend(faults(root, inner, value, &format!("{at}.{key}")));
                    }
                }
                true
            }
            "items" => {
                for (i, value) in value.as_array().into_iter().flatten().enumerate() {
                    found.extend(faults(root, rule, value, &format!("{at}[{i}]")));
                }
                true
            }
            "$schema" | "$defs" | "title" | "description" => true,
            _ => panic!("the schema uses {word}, which this check does not know"),
        };
        if !holds {
            found.push(format!("{at} breaks {word} {rule}"));
        }
    }
    found
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    }
}
