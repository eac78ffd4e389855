//! What the bench found, as it stands in JSON. All times are milliseconds.

use std::io::Write;

use omote_engine::frame::statistics::percentile;
use serde::Serialize;

use super::Log;
use super::screen::Screen;
use crate::statistics::{half_interval, jitter, mean, sorted};

/// Version of the form.
const SCHEMA: u32 = 2;
/// Time from the middle of a picture's exposure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Since {
    /// Pictures.
    pub pictures: usize,
    /// Mean, with its 95 % confidence interval.
    pub mean: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Median.
    pub p50: f64,
    /// 95 of 100 pictures were no later.
    pub p95: f64,
    /// The latest picture's.
    pub max: f64,
    /// Mean distance between a picture's time and the next one's.
    pub jitter: f64,
}

impl Since {
    fn from_seconds(seconds: impl Iterator<Item = f64>) -> Option<Self> {
        let ms: Vec<f64> = seconds.map(|s| s * 1e3).collect();
        // Of two pictures no spread can be told.
        if ms.len() < 3 {
            return None;
        }
        let (mean, half) = (mean(&ms), half_interval(&ms));
        let sorted = sorted(&ms);
        Some(Self {
            pictures: ms.len(),
            mean,
            low: mean - half,
            high: mean + half,
            p50: percentile(&sorted, 0.5),
            p95: percentile(&sorted, 0.95),
            max: percentile(&sorted, 1.0),
            jitter: jitter(&[ms]),
        })
    }
}

/// The figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Version of the form.
    pub schema: u32,
    /// To the camera's own stamp: exposure, read-out, transfer as far as the driver counts it.
    pub camera: Option<Since>,
    /// To the picture with the persona and the badge.
    pub engine: Option<Since>,
    /// To the window's drawing of it: glass to glass.
    pub window: Option<Since>,
    /// To a program that reads the virtual camera.
    pub virtual_camera: Option<Since>,
    /// Pictures whose code could not be read.
    pub unread: u32,
    /// Why, and what helps; the most frequent first.
    pub reasons: Vec<String>,
    /// Pictures of the virtual camera whose code could not be read.
    pub virtual_camera_unread: u32,
    /// Pictures of the screen a second.
    pub screen_hz: Option<f64>,
    /// What one picture can tell: a display's picture on each side.
    pub resolution: Option<f64>,
    /// With --check: the mean delay that was planted, exposure to picture.
    pub planted: Option<f64>,
}

impl Figures {
    pub(super) fn from_log(log: &Log, screen: &Screen, delays: &[f64]) -> Self {
        let since =
            |to: std::time::Duration, from: std::time::Duration| to.as_secs_f64() - from.as_secs_f64();
        let samples = &log.samples;
        let drawn = samples.iter().filter_map(|s| Some(since(*log.drawn.get(&s.captured)?, s.exposed)));
        let mut unread = log.unread.clone();
        unread.0.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let period = screen.period();
        let planted = (!delays.is_empty()).then(|| mean(delays) * 1e3);
        Self {
            schema: SCHEMA,
            camera: Since::from_seconds(samples.iter().map(|s| since(s.captured, s.exposed))),
            engine: Since::from_seconds(samples.iter().map(|s| since(s.ready, s.exposed))),
            window: Since::from_seconds(drawn),
            virtual_camera: Since::from_seconds(log.read_back.iter().copied()),
            unread: unread.count(),
            virtual_camera_unread: log.read_back_unread.count(),
            reasons: unread.0.iter().map(|(why, n)| format!("{n}: {}", why.remedy())).collect(),
            screen_hz: period.map(|p| 1.0 / p),
            resolution: period.map(|p| p * 1e3),
            planted,
        }
    }

    /// Print JSON, for a file.
    ///
    /// # Errors
    /// None that is known: all figures have a form in JSON.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Writes them for people.
    ///
    /// # Errors
    /// An output that can't be written.
    pub fn table(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(
            out,
            "milliseconds since light left the screen     mean   95 % interval    p50    p95    max jitter  pictures"
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
            writeln!(
                out,
                "{what:<42}{:>7.1}{interval:>16}{:>7.1}{:>7.1}{:>7.1}{:>7.1}{:>10}",
                s.mean, s.p50, s.p95, s.max, s.jitter, s.pictures
            )?;
        }
        if let (Some(hz), Some(ms)) = (self.screen_hz, self.resolution) {
            writeln!(
                out,
                "\nthe screen showed {hz:.1} pictures per second: a single reading is exact to {ms:.1} ms, the mean is finer"
            )?;
        }
        if let (Some(planted), Some(camera)) = (self.planted, &self.camera) {
            let off = camera.mean - planted;
            writeln!(out, "planted delay {planted:.1} ms, found {:.1} ms: {off:+.2} ms off", camera.mean)?;
        }
        if self.camera.is_none() {
            writeln!(out, "\nthe code was read in too few pictures for a result")?;
        }
        if self.unread > 0 {
            writeln!(out, "\n{} pictures could not be read", self.unread)?;
            for reason in &self.reasons {
                writeln!(out, "  {reason}")?;
            }
        }
        if self.virtual_camera_unread > 0 {
            let n = self.virtual_camera_unread;
            writeln!(out, "\n{n} pictures of the virtual camera could not be read")?;
        }
        Ok(())
    }
}
