//! What the bench found, as it stands in JSON. All times are milliseconds.

use std::io::Write;

use serde::Serialize;

use super::screen::Screen;
use super::{Log, tell};

/// Version of the form.
const SCHEMA: u32 = 1;
/// Standard errors on each side of a mean's 95 % confidence interval.
const SIGMAS: f64 = 1.96;

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
}

impl Since {
    fn of(seconds: impl Iterator<Item = f64>) -> Option<Self> {
        let mut ms: Vec<f64> = seconds.map(|s| s * 1e3).collect();
        ms.sort_by(f64::total_cmp);
        let n = ms.len();
        // Of two pictures no spread can be told.
        if n < 3 {
            return None;
        }
        let mean = ms.iter().sum::<f64>() / n as f64;
        let variance = ms.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        let half = SIGMAS * (variance / n as f64).sqrt();
        let at = |share: f64| ms[((share * n as f64).ceil() as usize).clamp(1, n) - 1];
        let (p50, p95, max) = (at(0.5), at(0.95), ms[n - 1]);
        Some(Self { pictures: n, mean, low: mean - half, high: mean + half, p50, p95, max })
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
        unread.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let period = screen.period();
        let planted = (!delays.is_empty()).then(|| delays.iter().sum::<f64>() / delays.len() as f64 * 1e3);
        Self {
            schema: SCHEMA,
            camera: Since::of(samples.iter().map(|s| since(s.captured, s.exposed))),
            engine: Since::of(samples.iter().map(|s| since(s.ready, s.exposed))),
            window: Since::of(drawn),
            virtual_camera: Since::of(log.read_back.iter().copied()),
            unread: unread.iter().map(|(_, n)| n).sum(),
            reasons: unread.iter().map(|(why, n)| format!("{n}: {}", why.remedy())).collect(),
            screen_hz: period.map(|p| 1.0 / p),
            resolution: period.map(|p| p * 1e3),
            planted,
        }
    }

    /// For people.
    pub(super) fn table(&self, out: &mut dyn Write) -> std::io::Result<()> {
        tell(
            out,
            "milliseconds from the light of the screen    mean   95 % interval    p50    p95    max  pictures",
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
                "{what:<42}{:>7.1}{interval:>16}{:>7.1}{:>7.1}{:>7.1}{:>10}",
                s.mean, s.p50, s.p95, s.max, s.pictures
            );
            tell(out, &line)?;
        }
        if let (Some(hz), Some(ms)) = (self.screen_hz, self.resolution) {
            tell(
                out,
                &format!(
                    "\nthe screen showed {hz:.1} pictures a second: a single picture is told to {ms:.1} ms, the mean finer"
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
            tell(out, "\nthe code was read in too few pictures to say anything")?;
        }
        if self.unread > 0 {
            tell(out, &format!("\n{} pictures could not be read", self.unread))?;
            for reason in &self.reasons {
                tell(out, &format!("  {reason}"))?;
            }
        }
        Ok(())
    }
}
