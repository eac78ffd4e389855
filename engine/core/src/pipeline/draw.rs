//! What draws a persona: the compositor, or in tests something that fails as it is told.

use crate::badge::Canvas;
use crate::composite::{Compositor, DrawCall, Drawn, GpuWork};
use crate::error::Result;

/// Draws one persona on one face. The compositor, or a test's faulty one.
pub(super) trait Draw: Send {
    /// As [`Compositor::draw`].
    fn draw(&mut self, canvas: &mut Canvas, call: &DrawCall<'_>) -> Result<Drawn>;
    fn backend(&self) -> String;
    /// GPU objects made so far.
    fn objects_created(&self) -> u64;
    /// As [`Compositor::time_gpu`].
    fn time_gpu(&mut self, on: bool) -> bool {
        !on
    }
    /// As [`Compositor::take_gpu_work`].
    fn take_gpu_work(&mut self) -> GpuWork {
        GpuWork::default()
    }
}

impl Draw for Compositor {
    fn draw(&mut self, canvas: &mut Canvas, call: &DrawCall<'_>) -> Result<Drawn> {
        Self::draw(self, canvas, call)
    }

    fn backend(&self) -> String {
        Self::backend(self)
    }

    fn objects_created(&self) -> u64 {
        Self::objects_created(self)
    }

    fn time_gpu(&mut self, on: bool) -> bool {
        Self::time_gpu(self, on)
    }

    fn take_gpu_work(&mut self) -> GpuWork {
        Self::take_gpu_work(self)
    }
}
