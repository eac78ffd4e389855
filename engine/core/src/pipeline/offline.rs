//! The pipeline for files and tests: one frame in, one out.

use super::model::{Lag, Lockstep, SwapStage, WornModel};
use super::presenter::Presenter;
use super::session::{Core, RenderStage, TrackStage};
use super::sight::MakeTracker;
use super::{FaceTracker, Output, Settings, check_personas, small};
use crate::badge::check_size;
use crate::composite::{Compositor, GpuWork};
use crate::error::Result;
use crate::frame::{Frame, FrameTime};
use crate::pool::Pool;
use crate::swap::FaceTexture;
use crate::timing::Timings;
use std::time::Instant;

/// The whole way of a frame in lockstep, with the memory it needs from frame to frame.
pub struct OfflineSession {
    pub(super) core: Core,
}

impl OfflineSession {
    /// An engine that puts `personas` on the faces that `tracker` finds: the first face gets the first,
    /// and so on round.
    ///
    /// # Errors
    /// No persona, or a GPU that was asked for and does not work.
    pub fn new(
        tracker: Box<dyn FaceTracker>,
        personas: Vec<FaceTexture>,
        settings: Settings,
    ) -> Result<Self> {
        let compositor = Compositor::new(settings.backend)?;
        Self::with(tracker, personas, settings, compositor)
    }

    /// The same with a compositor of the caller's, whatever the settings' backend.
    ///
    /// # Errors
    /// No persona.
    pub fn with(
        tracker: Box<dyn FaceTracker>,
        personas: Vec<FaceTexture>,
        settings: Settings,
        compositor: Compositor,
    ) -> Result<Self> {
        check_personas(&personas)?;
        let track = TrackStage::new(Some(tracker), None);
        let render = RenderStage::new(personas, settings, compositor, Pool::new());
        Ok(Self { core: Core::new(track, render) })
    }

    /// Wears a swap model over the personas, which are drawn until its first result, where its result is not known or too
    /// old, and with [`Privacy::Protect`](super::Privacy::Protect) also where its mask leaves the face open.
    pub fn wear_model(&mut self, model: WornModel, lag: Lag) {
        self.core.model = Some(Lockstep::new(SwapStage::new(model), lag));
    }

    /// Says how to make what finds faces anew, after it broke down (panicked). Without that a tracker that broke down is not
    /// asked again either: from then on the card is shown.
    #[doc(hidden)]
    pub fn make_follow_with(&mut self, make: MakeTracker) {
        self.core.track.make_with(make);
    }

    /// What draws: `cpu`, or `gpu` and the adapter's name.
    pub fn backend(&self) -> String {
        self.presenter().backend()
    }

    /// As [`Compositor::time_gpu`].
    #[doc(hidden)]
    pub fn time_gpu(&mut self, on: bool) -> bool {
        self.core.render.presenter.time_gpu(on)
    }

    /// As [`Compositor::take_gpu_work`].
    #[doc(hidden)]
    pub fn take_gpu_work(&mut self) -> GpuWork {
        self.core.render.presenter.take_gpu_work()
    }

    /// Time spent in `transform` (where the picture is mirrored or rotated), `track`, `model` (where one is worn), `swap` (persona and composite), `badge` and all of them
    /// (`engine`).
    pub fn timings(&self) -> &Timings {
        &self.core.timings
    }

    /// Frames in which a stage failed and something safe was shown instead.
    pub fn faults(&self) -> u64 {
        self.presenter().faults().0
    }

    /// What failed last.
    pub fn last_fault(&self) -> Option<&str> {
        self.presenter().faults().1
    }

    /// Swaps and badges one frame. Each frame in gives one out, with the same id and time. A stage that
    /// fails or panics yields a held picture or the card. Times should move on; where they do not, the usual step is taken
    /// instead, so that a lost face's time runs out.
    ///
    /// # Errors
    /// Only where no badged picture of this size can be made at all.
    pub fn process(&mut self, frame: Frame) -> Result<Output> {
        let frame = self.orient(frame)?;
        self.core.step(frame)
    }

    /// Turns a frame as the user wants it, before anything looks at it.
    pub(super) fn orient(&mut self, frame: Frame) -> Result<Frame> {
        check_size(frame.width(), frame.height()).map_err(small)?;
        let transform = self.presenter().settings().transform.orientation();
        if transform.is_identity() {
            return Ok(frame);
        }
        let start = Instant::now();
        let frame = frame.oriented(&transform).map_err(|e| small(e.into()))?;
        self.core.timings.add("turn", start.elapsed());
        Ok(frame)
    }

    /// What viewers see at `time` when no frame has come since the last: the last good picture for
    /// 250 ms, then the card. Nothing before the first frame.
    ///
    /// # Errors
    /// As [`OfflineSession::process`].
    pub fn idle(&mut self, time: FrameTime) -> Result<Option<Output>> {
        self.core.idle(time)
    }

    pub(super) fn presenter(&self) -> &Presenter {
        &self.core.render.presenter
    }
}
