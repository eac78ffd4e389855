//! Time of each pass on the GPU, by the adapter's timestamps, and what goes to it and comes back.

use crate::gpu::Gpu;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What the GPU did since it was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GpuWork {
    /// Time of each pass in the order of the work; passes of several faces are added up. Empty where nothing was timed.
    pub passes: Vec<(&'static str, Duration)>,
    /// Draws whose timestamps did not come in time and were left out.
    pub untimed: u64,
    /// Bytes sent to the GPU.
    pub upload: u64,
    /// Bytes fetched from it.
    pub readback: u64,
}

impl GpuWork {
    fn add(&mut self, pass: &'static str, took: Duration) {
        match self.passes.iter_mut().find(|(name, _)| *name == pass) {
            Some((_, sum)) => *sum += took,
            None => self.passes.push((pass, took)),
        }
    }
}

/// Passes that are timed in one draw, at most.
const PASSES: u32 = 16;
/// Bytes of a timestamp.
const STAMP: u64 = 8;

/// Timestamps at the ends of every pass. They are fetched with the picture: waiting for them costs no extra round.
pub(super) struct Clock {
    stamps: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    fetched: wgpu::Buffer,
    /// Nanoseconds of a tick.
    tick: f32,
    /// The passes of this draw.
    passes: Vec<&'static str>,
    /// The fetched buffer is mapped, or about to be.
    asked: bool,
    here: Arc<AtomicBool>,
}

impl Clock {
    /// None where the adapter has no timestamps.
    pub(super) fn new(gpu: &Gpu) -> Option<Self> {
        if !gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return None;
        }
        let size = u64::from(2 * PASSES) * STAMP;
        let buffer = |label, usage| {
            let descriptor =
                wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
            gpu.device.create_buffer(&descriptor)
        };
        use wgpu::BufferUsages as Usage;
        Some(Self {
            stamps: gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("passes"),
                ty: wgpu::QueryType::Timestamp,
                count: 2 * PASSES,
            }),
            resolved: buffer("stamps", Usage::QUERY_RESOLVE | Usage::COPY_SRC),
            fetched: buffer("stamps.fetched", Usage::MAP_READ | Usage::COPY_DST),
            tick: gpu.queue.get_timestamp_period(),
            passes: Vec::new(),
            asked: false,
            here: Arc::default(),
        })
    }

    /// Begins a draw. False where the last one's stamps are not here yet: it then goes untimed.
    pub(super) fn begin(&mut self) -> bool {
        if !self.asked {
            self.passes.clear();
        }
        !self.asked
    }

    /// The stamps of the next pass; none where there are too many.
    pub(super) fn writes(&mut self, pass: &'static str) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let index = self.passes.len() as u32;
        if index >= PASSES {
            return None;
        }
        self.passes.push(pass);
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.stamps,
            beginning_of_pass_write_index: Some(2 * index),
            end_of_pass_write_index: Some(2 * index + 1),
        })
    }

    fn bytes(&self) -> u64 {
        2 * self.passes.len() as u64 * STAMP
    }

    /// After the last pass.
    pub(super) fn end(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.stamps, 0..2 * self.passes.len() as u32, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.fetched, 0, self.bytes());
    }

    /// After the draw was submitted: asks for the stamps.
    pub(super) fn request_stamps(&mut self) {
        self.asked = true;
        self.here.store(false, Ordering::Release);
        let here = Arc::clone(&self.here);
        self.fetched.slice(..self.bytes()).map_async(wgpu::MapMode::Read, move |result| {
            here.store(result.is_ok(), Ordering::Release);
        });
    }

    /// After the picture came back: the stamps, if they are here too.
    #[expect(
        clippy::disallowed_methods,
        reason = "one of the counted places where something leaves the GPU: timestamps, no pixels"
    )]
    pub(super) fn read_stamps(&mut self, work: &mut GpuWork) {
        if !self.asked || !self.here.load(Ordering::Acquire) {
            work.untimed += 1;
            return;
        }
        if let Ok(view) = self.fetched.slice(..self.bytes()).get_mapped_range() {
            let stamp = |k: usize| {
                let bytes = view.get(k * STAMP as usize..)?.first_chunk::<8>()?;
                Some(u64::from_le_bytes(*bytes))
            };
            for (k, pass) in self.passes.iter().enumerate() {
                if let (Some(from), Some(to)) = (stamp(2 * k), stamp(2 * k + 1)) {
                    let ns = to.saturating_sub(from) as f64 * f64::from(self.tick);
                    work.add(pass, Duration::from_nanos(ns as u64));
                }
            }
        }
        self.fetched.unmap();
        self.asked = false;
    }
}
