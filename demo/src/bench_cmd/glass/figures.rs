//! What the bench found, as it stands in JSON. All times are milliseconds.

use std::io::Write;

use serde::Serialize;

use super::screen::Screen;
use super::{Log, tell};

/// Version of the form.
const SCHEMA: u32 = 2;
/// Standard errors on each side of a mean's 95 % confidence interval, of a normal distribution.
const SIGMAS: f64 = 1.96;
/// Runs of pictures whose means are taken as independent, at most, and pictures in each, at least. Pictures that follow
/// each other are not: the camera's beat with the display comes back in them.
const RUNS: usize = 20;
const RUN: usize = 5;

/// Time from the middle of a picture's exposure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Since {
    /// Pictures.
    pub(super) pictures: usize,
    /// Mean, with its 95 % confidence interval.
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) max: f64,
    /// Mean distance between a picture's time and the next one's.
    pub(super) jitter: f64,
}

/// Half of the 95 % confidence interval of a mean, from the means of runs (batch means: Law, Simulation Modeling and
/// Analysis, section 9.5.3).
fn half_interval(values: &[f64]) -> f64 {
    let runs = (values.len() / RUN).clamp(2, RUNS);
    let per = values.len() / runs;
    let means: Vec<f64> = (0..runs)
        .map(|k| {
            let to = if k + 1 == runs { values.len() } else { (k + 1) * per };
            let run = values.get(k * per..to).unwrap_or_default();
            run.iter().sum::<f64>() / run.len().max(1) as f64
        })
        .collect();
    let free = (runs - 1) as f64;
    let mean = means.iter().sum::<f64>() / runs as f64;
    let variance = means.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / free;
    student(free) * (variance / runs as f64).sqrt()
}

/// The 97.5 % point of Student's distribution: the first terms of its series for many degrees of freedom (Abramowitz and
/// Stegun, 26.7.5), within 1 % from 3 degrees on.
fn student(free: f64) -> f64 {
    let z = SIGMAS;
    let (a, b) = (z.powi(3) + z, 5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z);
    let c = 3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z;
    z + a / (4.0 * free) + b / (96.0 * free.powi(2)) + c / (384.0 * free.powi(3))
}

impl Since {
    fn of(seconds: impl Iterator<Item = f64>) -> Option<Self> {
        let mut ms: Vec<f64> = seconds.map(|s| s * 1e3).collect();
        let n = ms.len();
        // Of two pictures no spread can be told.
        if n < 3 {
            return None;
        }
        let mean = ms.iter().sum::<f64>() / n as f64;
        let half = half_interval(&ms);
        let jitter = ms.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f64>() / (n - 1) as f64;
        ms.sort_by(f64::total_cmp);
        let at = |share: f64| ms[((share * n as f64).ceil() as usize).clamp(1, n) - 1];
        let (p50, p95, max) = (at(0.5), at(0.95), ms[n - 1]);
        Some(Self { pictures: n, mean, low: mean - half, high: mean + half, p50, p95, max, jitter })
    }
}

/// The figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    pub(super) schema: u32,
    /// To the camera's own stamp: exposure, read-out, transfer as far as the driver counts it.
    pub(super) camera: Option<Since>,
    /// To the picture with the persona and the badge.
    pub(super) engine: Option<Since>,
    /// To the window's drawing of it: glass to glass.
    pub(super) window: Option<Since>,
    /// To a program that reads the virtual camera.
    pub(super) virtual_camera: Option<Since>,
    /// Pictures whose code could not be read.
    pub(super) unread: u32,
    /// Why, and what helps; the most frequent first.
    pub(super) reasons: Vec<String>,
    /// Pictures of the virtual camera whose code could not be read.
    pub(super) virtual_camera_unread: u32,
    /// Pictures of the screen a second.
    pub(super) screen_hz: Option<f64>,
    /// What one picture can tell: a display's picture on each side.
    pub(super) resolution: Option<f64>,
    /// With --check: the mean delay that was planted, exposure to picture.
    pub(super) planted: Option<f64>,
}

impl Figures {
    pub(super) fn of(log: &Log, screen: &Screen, delays: &[f64]) -> Self {
        let since =
            |to: std::time::Duration, from: std::time::Duration| to.as_secs_f64() - from.as_secs_f64();
        let samples = &log.samples;
        let drawn = samples.iter().filter_map(|s| Some(since(*log.drawn.get(&s.captured)?, s.exposed)));
        let mut unread = log.unread.clone();
        unread.0.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let period = screen.period();
        let planted = (!delays.is_empty()).then(|| delays.iter().sum::<f64>() / delays.len() as f64 * 1e3);
        Self {
            schema: SCHEMA,
            camera: Since::of(samples.iter().map(|s| since(s.captured, s.exposed))),
            engine: Since::of(samples.iter().map(|s| since(s.ready, s.exposed))),
            window: Since::of(drawn),
            virtual_camera: Since::of(log.read_back.iter().copied()),
            unread: unread.count(),
            virtual_camera_unread: log.read_back_unread.count(),
            reasons: unread.0.iter().map(|(why, n)| format!("{n}: {}", why.remedy())).collect(),
            screen_hz: period.map(|p| 1.0 / p),
            resolution: period.map(|p| p * 1e3),
            planted,
        }
    }

    /// For people.
    pub(super) fn table(&self, out: &mut dyn Write) -> std::io::Result<()> {
        tell(
            out,
            "milliseconds since light left the screen     mean   95 % interval    p50    p95    max jitter  pictures",
        )?;
        let rows = [
            ("to the camera's stamp", &self.camera),
            ("to the finished picture", &self.engine),
            ("to the window: glass to glass", &self.window),
            ("to a reader of the virtual camera", &self.virtual_camera),
        ];
        for (what, since) in rows {
            let Some(s) = since else { continue };
            let interval = format!("{:.1}-{:.1}", s.low, s.high);
            let line = format!(
                "{what:<42}{:>7.1}{interval:>16}{:>7.1}{:>7.1}{:>7.1}{:>7.1}{:>10}",
                s.mean, s.p50, s.p95, s.max, s.jitter, s.pictures
            );
            tell(out, &line)?;
        }
        if let (Some(hz), Some(ms)) = (self.screen_hz, self.resolution) {
            tell(
                out,
                &format!(
                    "\nthe screen showed {hz:.1} pictures per second: a single reading is exact to {ms:.1} ms, the mean is finer"
                ),
            )?;
        }
        if let (Some(planted), Some(camera)) = (self.planted, &self.camera) {
            let off = camera.mean - planted;
            tell(
                out,
                &format!("planted delay {planted:.1} ms, found {:.1} ms: {off:+.2} ms off", camera.mean),
            )?;
        }
        if self.camera.is_none() {
            tell(out, "\nthe code was read in too few pictures for a result")?;
        }
        if self.unread > 0 {
            tell(out, &format!("\n{} pictures could not be read", self.unread))?;
            for reason in &self.reasons {
                tell(out, &format!("  {reason}"))?;
            }
        }
        if self.virtual_camera_unread > 0 {
            let n = self.virtual_camera_unread;
            tell(out, &format!("\n{n} pictures of the virtual camera could not be read"))?;
        }
        Ok(())
    }
}
