//! A swap model beside the pipeline: it works on the newest tracked frame when it is free, and its results are drawn on
//! every frame's mesh.

use crate::error::panic_words;
use crate::frame::{Frame, FrameTime};
use crate::persona::Date;
use crate::swap::CutParams;
use crate::swap::neural::{SwapModel, SwapResult, UvAtlases, UvRaster, UvResult};
use crate::track::Face;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Makes faces anew. A [`SwapModel`], or what stands in for one.
pub trait Swap: Send {
    /// The face of a frame, made anew.
    ///
    /// # Errors
    /// Why it can't be, in words for people.
    fn swap(&mut self, frame: &Frame, face: &Face) -> Result<SwapResult, String>;

    /// Takes back what is no longer needed, to use its memory again.
    fn recycle(&mut self, _made: SwapResult) {}
}

impl Swap for SwapModel {
    fn swap(&mut self, frame: &Frame, face: &Face) -> Result<SwapResult, String> {
        Self::swap(self, frame, &face.landmarks).map_err(|e| e.to_string())
    }

    fn recycle(&mut self, made: SwapResult) {
        Self::recycle(self, made);
    }
}

/// What is said when a model is taken off because the consent to its face has ended.
pub(super) const ENDED: &str = "the swap model is taken off: the consent to its face has ended; ask for a new one, or wear another persona";

/// How much a model may work, so that a game beside it has room.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RateLimit {
    /// At most so many results a second for each face; None for as many as it can.
    pub rate: Option<f32>,
    /// At most this share of the time, 0..=1; None for all of it.
    pub share: Option<f32>,
}

impl RateLimit {
    /// How long to wait after a result that took `took` before the next is begun.
    #[must_use]
    pub fn rest(&self, took: Duration) -> Duration {
        let rate = self.rate.filter(|r| *r > 0.0).map_or(Duration::ZERO, |r| {
            Duration::from_secs_f32(1.0 / r.clamp(0.1, 1000.0)).saturating_sub(took)
        });
        let share = self
            .share
            .filter(|s| *s > 0.0)
            .map_or(Duration::ZERO, |s| took.mul_f32(1.0 / s.clamp(0.01, 1.0) - 1.0));
        rate.max(share)
    }
}

/// A model to wear.
pub struct WornModel {
    /// Its name, for people.
    pub name: String,
    /// What makes the faces.
    pub swap: Box<dyn Swap>,
    /// How results are cut. Eyes and mouth are the model's where these are 1.
    pub mask: CutParams,
    /// Side of the sheets in texels: about that of the model's pictures, a power of two from 64 to 1024.
    pub side: usize,
    /// How much it may work.
    pub rate_limit: RateLimit,
    /// The last day on which its face may be worn; None where there is no end.
    pub until: Option<Date>,
}

impl WornModel {
    /// A loaded model, cut as usual: its own eyes and mouth.
    #[must_use]
    pub fn new(name: impl Into<String>, model: SwapModel, detail: usize) -> Self {
        let side = model.contract().size.into_iter().max().unwrap_or(256) * detail.max(1);
        let mask = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
        // The face fills more of a sheet than of a model's picture.
        let side = side.next_power_of_two().clamp(256, 1024);
        let until = model.until();
        Self { name: name.into(), swap: Box::new(model), mask, side, rate_limit: RateLimit::default(), until }
    }
}

/// How a file's frames meet a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lag {
    /// Every frame waits for its own result.
    #[default]
    None,
    /// As live with a model that takes so long, by the frames' own clock: results come that much later, and the next is
    /// begun then.
    Live(Duration),
}

/// The swap stage: a model with its sheets.
pub(super) struct SwapStage {
    model: WornModel,
    atlases: UvAtlases,
}

impl SwapStage {
    pub(super) fn new(model: WornModel) -> Self {
        let side = model.side.clamp(64, 1024).next_power_of_two();
        let atlases = UvAtlases::new(UvRaster::new(side, model.mask));
        Self { model, atlases }
    }

    pub(super) fn name(&self) -> &str {
        &self.model.name
    }

    /// Whether the consent to its face has ended before this day.
    pub(super) fn has_ended(&self, today: Date) -> bool {
        self.model.until.is_some_and(|last| last < today)
    }

    pub(super) fn rate_limit(&self) -> RateLimit {
        self.model.rate_limit
    }

    /// Forgets the faces.
    pub(super) fn clear(&mut self) {
        self.atlases.clear();
    }

    /// Results for these faces of a frame, those that the cast names; an error is what went wrong with the last that failed.
    /// A panic is an error like any other.
    pub(super) fn work(&mut self, frame: &Frame, faces: &[Arc<Face>]) -> (Vec<UvResult>, Option<String>) {
        let (mut results, mut fault) = (Vec::new(), None);
        for face in faces {
            let start = Instant::now();
            let swap = &mut self.model.swap;
            let made = catch_unwind(AssertUnwindSafe(|| swap.swap(frame, face)))
                .unwrap_or_else(|panic| Err(format!("the swap model broke down: {}", panic_words(&*panic))));
            match made {
                Ok(made) => {
                    results.push(self.atlases.project(&made, face, frame.time, start.elapsed()));
                    self.model.swap.recycle(made);
                }
                Err(e) => fault = Some(e),
            }
        }
        (results, fault)
    }
}

/// A model in lockstep with a file.
pub(super) struct Lockstep {
    stage: SwapStage,
    lag: Lag,
    /// Results that are not there yet.
    pending: Option<(FrameTime, Vec<UvResult>)>,
}

impl Lockstep {
    pub(super) fn new(stage: SwapStage, lag: Lag) -> Self {
        Self { stage, lag, pending: None }
    }

    /// Whether the consent to its face has ended before this day.
    pub(super) fn has_ended(&self, today: Date) -> bool {
        self.stage.has_ended(today)
    }

    /// The results that are there when this frame is drawn.
    pub(super) fn work(&mut self, frame: &Frame, faces: &[Arc<Face>]) -> (Vec<UvResult>, Option<String>) {
        let Lag::Live(lag) = self.lag else { return self.stage.work(frame, faces) };
        let due = self.pending.take_if(|(due, _)| *due <= frame.time);
        let ready = due.map_or_else(Vec::new, |(_, results)| results);
        let mut fault = None;
        if self.pending.is_none() && !faces.is_empty() {
            let (results, what) = self.stage.work(frame, faces);
            fault = what;
            self.pending = Some((FrameTime(frame.time.0 + lag), results));
        }
        (ready, fault)
    }
}

#[cfg(test)]
mod tests;
