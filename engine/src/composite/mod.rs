//! Draws a persona's texture on a live face: the passes of `omote-shaders` over the face region only.

mod cpu;
mod plan;

pub use plan::Look;

use crate::badge::Canvas;
use crate::error::Result;
use crate::frame::FrameTime;
use crate::space::{MeshPoint, PxRect};
use crate::swap::FaceTexture;
use plan::{Light, Plan};

/// What one face's drawing touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The region; nothing outside it changed. Empty where the face lies outside the picture.
    pub region: PxRect,
}

/// Draws faces. Keeps its buffers and each face's usual light between frames.
pub struct Compositor {
    backend: cpu::Cpu,
    light: Light,
    codes: Vec<u32>,
    patch: Vec<u32>,
}

impl Compositor {
    /// A compositor on the CPU mirrors.
    pub fn cpu() -> Self {
        Self { backend: cpu::Cpu::default(), light: Light::default(), codes: Vec::new(), patch: Vec::new() }
    }

    /// Draws `texture` on the face whose first 468 mesh points are `points`, onto the canvas.
    /// `face` is the face's id: its usual light is remembered under it. `time` is the frame's.
    ///
    /// # Errors
    /// A backend that fails; the canvas is as it was.
    pub fn draw(
        &mut self,
        canvas: &mut Canvas,
        face: u32,
        time: FrameTime,
        points: &[MeshPoint],
        texture: &FaceTexture,
        look: &Look,
    ) -> Result<Drawn> {
        let frame = canvas.frame();
        let Some(mut plan) = Plan::new(frame, points, texture, look) else {
            return Ok(Drawn::default());
        };
        frame.read_codes(plan.region, &mut self.codes);
        plan.light(&mut self.light, face, time, &self.codes, texture.tone());
        self.backend.run(&plan, texture, &self.codes, &mut self.patch);
        canvas.write_codes(plan.region, &self.patch);
        Ok(Drawn { region: plan.region })
    }
}
