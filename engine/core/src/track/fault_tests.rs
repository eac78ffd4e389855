//! A network that fails once, at each of its calls in turn: the faces, their ids and their looks are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::tests::{actor, beside, tracker};
use super::*;
use crate::frame::{Frame, FrameTime};
use crate::infer::{Net, TensorSpec};

/// Counts the calls of all networks of a tracker and has one of them fail.
#[derive(Default)]
struct Plan {
    calls: AtomicU64,
    fails: AtomicU64,
}

struct Flaky {
    inner: Box<dyn Net>,
    plan: Arc<Plan>,
}

impl Net for Flaky {
    fn backend(&self) -> &'static str {
        self.inner.backend()
    }
    fn inputs(&self) -> &[TensorSpec] {
        self.inner.inputs()
    }
    fn outputs(&self) -> &[TensorSpec] {
        self.inner.outputs()
    }
    fn input_mut(&mut self, index: usize) -> &mut [f32] {
        self.inner.input_mut(index)
    }
    fn output(&self, index: usize) -> &[f32] {
        self.inner.output(index)
    }
    fn run(&mut self) -> Result<(), InferError> {
        let call = self.plan.calls.fetch_add(1, Ordering::Relaxed) + 1;
        if call == self.plan.fails.load(Ordering::Relaxed) {
            return Err(InferError::NotFinite { file: "planned".into(), node: "any".into() });
        }
        self.inner.run()
    }
}

/// In a network's place while it is wrapped.
struct Nothing;

impl Net for Nothing {
    fn backend(&self) -> &'static str {
        "none"
    }
    fn inputs(&self) -> &[TensorSpec] {
        &[]
    }
    fn outputs(&self) -> &[TensorSpec] {
        &[]
    }
    fn input_mut(&mut self, _: usize) -> &mut [f32] {
        &mut []
    }
    fn output(&self, _: usize) -> &[f32] {
        &[]
    }
    fn run(&mut self) -> Result<(), InferError> {
        Ok(())
    }
}

fn flaky(tracker: &mut Tracker) -> Arc<Plan> {
    let plan = Arc::new(Plan::default());
    let nets = [
        &mut tracker.short_range.net,
        &mut tracker.full_range.net,
        &mut tracker.mesh.net,
        &mut tracker.veil.net,
    ];
    for net in nets.into_iter().chain(&mut tracker.mesh.refinement) {
        let inner = std::mem::replace(net, Box::new(Nothing));
        *net = Box::new(Flaky { inner, plan: Arc::clone(&plan) });
    }
    plan
}

/// What a frame brought: faces with their ids and places, none where the call failed; how well each is known.
type Brought = Option<Vec<(FaceId, MeshPoint)>>;

/// Tracks frames while the `fails`th call from frame `from` on fails (0: none); also the calls of each frame from there
/// on, and how long each face's look was learned.
fn track(frames: &[Frame], from: usize, fails: u64) -> (Vec<Brought>, Vec<u64>, Vec<f32>) {
    let mut tracker = tracker(2).unwrap();
    let plan = flaky(&mut tracker);
    let (mut brought, mut calls) = (Vec::new(), Vec::new());
    for (k, frame) in frames.iter().enumerate() {
        if k == from {
            plan.calls.store(0, Ordering::Relaxed);
            plan.fails.store(fails, Ordering::Relaxed);
        }
        let found = tracker.track(frame);
        brought.push(found.ok().map(|f| f.iter().map(|f| (f.id, f.pose.origin)).collect()));
        // As the pipeline does, once the faces are handed on; whatever fails there is told, and no more.
        let _told = tracker.run_deferred_detection();
        calls.push(plan.calls.load(Ordering::Relaxed));
    }
    let mut known: Vec<(u64, f32)> = tracker.appearances.iter().map(|(id, m)| (*id, m.age)).collect();
    known.sort_by_key(|k| k.0);
    (brought, calls, known.into_iter().map(|k| k.1).collect())
}

/// Two actors beside each other.
fn pair(frames: u64) -> Vec<Frame> {
    let (mut left, mut right) = (actor(5), actor(8));
    (0..frames).map(|k| beside(&left.frame(k).frame, &right.frame(k).frame)).collect()
}

/// Fails each call of frames `from..until` in turn.
fn check(frames: &[Frame], from: usize, until: usize) {
    if tracker(2).is_none() {
        return;
    }
    let (plain, calls, known) = track(frames, from, 0);
    assert!(plain.iter().all(Option::is_some));
    let last = plain.last().and_then(Option::as_ref).map_or(0, Vec::len);
    assert_eq!(last, 2, "both are followed when nothing fails");
    let total = calls[until - 1];
    assert!(total >= 2 * (until - from) as u64, "{total} calls");
    for fails in 1..=total {
        let (brought, _, learned) = track(frames, from, fails);
        assert!(brought.iter().filter(|b| b.is_none()).count() <= 1, "call {fails}: it fails once");
        for (k, (now, then)) in brought.iter().zip(&plain).enumerate() {
            let (Some(now), Some(then)) = (now, then) else { continue };
            let (ids, usual): (Vec<_>, Vec<_>) =
                (now.iter().map(|f| f.0).collect(), then.iter().map(|f| f.0).collect());
            assert_eq!(ids, usual, "call {fails}, frame {k}");
            for ((_, at), (_, place)) in now.iter().zip(then) {
                assert!(at.distance(*place) < 2.0, "call {fails}, frame {k}: {at} instead of {place}");
            }
        }
        assert_eq!(learned.len(), 2, "call {fails}");
        for (learned, usual) in learned.iter().zip(&known) {
            assert!((learned - usual).abs() < 0.12, "call {fails}: known for {learned} s, not {usual}");
        }
    }
}

#[test]
fn whichever_call_fails_once_the_faces_ids_and_looks_are_kept() {
    check(&pair(26), 20, 23);
}

#[test]
fn a_call_that_fails_after_a_gap_loses_nobody() {
    let mut frames = pair(24);
    for frame in &mut frames[20..] {
        frame.time = FrameTime(frame.time.0 + Duration::from_millis(900));
    }
    check(&frames, 20, 22);
}
