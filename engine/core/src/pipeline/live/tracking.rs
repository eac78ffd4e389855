//! The track thread: finds and casts the faces of the newest picture.

use super::IDLE;
use super::capture::CapturedFrame;
use super::controls::Controls;
use super::metrics::{Metrics, Stamps};
use super::swapping::Offer;
use crate::frame::FrameTransform;
use crate::pipeline::cast::Rules;
use crate::pipeline::clock::Clock;
use crate::pipeline::session::{CastFrame, TrackStage, rules};
use crate::slot::{Publisher, Taken, Taker};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A picture with its cast, and when it passed where.
pub(super) struct StampedFrame {
    pub(super) frame: CastFrame,
    pub(super) stamps: Stamps,
}

/// What must stay for pictures to be of one view.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct View {
    /// As the capture thread counts sources.
    source: u64,
    size: (u32, u32),
    transform: FrameTransform,
}

/// What the track thread needs beside its stage.
pub(super) struct Tracking {
    pub(super) stage: TrackStage,
    pub(super) controls: Arc<Controls>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) next: Publisher<StampedFrame>,
    pub(super) offer: Offer,
    /// Set by the render thread where drawing broke down: who was who before says nothing any more.
    pub(super) forget: Arc<AtomicBool>,
    pub(super) clock: Clock,
}

impl Tracking {
    pub(super) fn run(mut self, from: &Taker<CapturedFrame>) {
        // Loaded before the first picture is there.
        self.load();
        let mut view = View::default();
        let (mut transform, mut by, mut version) = (FrameTransform::default(), Rules::default(), None);
        while !self.controls.stopped() {
            let captured = match self.clock.take(from, IDLE) {
                Taken::Value(captured) => captured,
                Taken::Late => continue,
                Taken::Closed => break,
            };
            let wanted = self.controls.version();
            if version.replace(wanted) != Some(wanted) {
                let wanted = self.controls.lock();
                (transform, by) = (wanted.settings.transform.orientation(), rules(&wanted.settings));
            }
            self.track(captured, &mut view, transform, by);
        }
    }

    fn track(&mut self, captured: CapturedFrame, view: &mut View, transform: FrameTransform, by: Rules) {
        let CapturedFrame { frame, mut stamps, generation: source } = captured;
        stamps.track_begun = self.clock.now();
        let size = (frame.width(), frame.height());
        let frame = match frame.oriented(&transform) {
            Ok(frame) => frame,
            Err(e) => return self.metrics.fault(format!("the picture can't be turned: {e}")),
        };
        let new = View { source, size, transform };
        if std::mem::replace(view, new) != new {
            self.stage.reset();
        }
        self.load();
        let mut tracked = self.stage.track(frame, Some(stamps.arrived), None);
        // Sinks go by the frame's time, and it must move on for them as well.
        tracked.frame.time = tracked.now;
        stamps.captured = tracked.now.0;
        if self.forget.swap(false, Ordering::AcqRel) {
            self.stage.forget();
        }
        let frame = self.stage.cast(tracked, by);
        stamps.tracked = self.clock.now();
        self.offer.make(&frame);
        if let Some(displaced) = self.next.publish(StampedFrame { frame, stamps }) {
            self.metrics.dropped_before_render();
            // The render thread counts the faults that reach it.
            if let Err(what) = displaced.frame.cast {
                self.metrics.fault(what);
            }
        }
        self.run_deferred_detection();
    }

    /// What can wait until the picture is handed on.
    fn run_deferred_detection(&mut self) {
        if let Err(what) = self.stage.run_deferred_detection(self.clock.now()) {
            self.metrics.fault(what);
        }
    }

    fn load(&mut self) {
        if let Err(why) = self.stage.load(self.clock.now()) {
            self.metrics.fault(why);
        }
    }
}
