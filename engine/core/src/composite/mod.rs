//! Draws a persona's texture on a live face: the passes of `omote-shaders` over the face region only.

mod clock;
mod cpu;
mod gpu;
mod in_front;
mod motion;
mod openings;
mod plan;
mod profile;
mod shape;
mod slots;

pub use clock::GpuWork;
pub use plan::Look;

use crate::badge::Canvas;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::frame::FrameTime;
use crate::gpu::{Adapters, Gpu, GpuError};
use crate::space::{MeshPoint, PxRect};
use crate::swap::FaceTexture;
use crate::track::Occlusion;
use in_front::InFront;
use motion::Motions;
use plan::{Light, Plan};
use shape::Shapes;

/// What one face's drawing touched.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drawn {
    /// The region; nothing outside it changed. Empty where the face lies outside the picture.
    pub region: PxRect,
    /// Share of the region's pixels that something was drawn on, 0..=1.
    pub covered: f32,
    /// Whether all that was changed has one single code: no picture of a face has.
    pub flat: bool,
}

/// Which backend draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Backend {
    /// A hardware GPU where there is one, else the CPU; never a software adapter.
    #[default]
    Auto,
    /// The best adapter there is, a software one too; an error where there is none.
    Gpu,
    /// The CPU mirrors.
    Cpu,
}

enum Run {
    Cpu(Box<cpu::Cpu>),
    Gpu(Box<gpu::GpuRun>),
}

/// Draws faces. Keeps its buffers, each face's usual light and its proportions between frames.
pub struct Compositor {
    run: Run,
    light: Light,
    in_front: InFront,
    motions: Motions,
    shapes: Shapes,
    codes: Vec<u32>,
    patch: Vec<u32>,
}

impl Compositor {
    /// A compositor on the wanted backend.
    ///
    /// # Errors
    /// With [`Backend::Gpu`], where no adapter works. [`Backend::Auto`] falls back to the CPU and says why
    /// in the log.
    pub fn new(backend: Backend) -> Result<Self> {
        let run = match backend {
            Backend::Cpu => return Ok(Self::cpu()),
            Backend::Gpu => Run::Gpu(Box::new(gpu::GpuRun::new(Gpu::open(Adapters::Any).map_err(failed)?))),
            Backend::Auto => match Gpu::open(Adapters::Hardware) {
                Ok(gpu) => Run::Gpu(Box::new(gpu::GpuRun::new(gpu))),
                Err(e) => {
                    log::info!("drawing on the CPU: {e}");
                    Run::Cpu(Box::default())
                }
            },
        };
        Ok(Self::with(run))
    }

    /// A compositor on the CPU.
    pub fn cpu() -> Self {
        Self::with(Run::Cpu(Box::default()))
    }

    /// A compositor on a device that is open already, e.g. a window's.
    pub fn on(gpu: Gpu) -> Self {
        Self::with(Run::Gpu(Box::new(gpu::GpuRun::new(gpu))))
    }

    fn with(run: Run) -> Self {
        let (light, in_front, shapes) = (Light::default(), InFront::default(), Shapes::default());
        let motions = Motions::default();
        Self { run, light, in_front, motions, shapes, codes: Vec::new(), patch: Vec::new() }
    }

    /// What draws: `cpu`, or `gpu` and the adapter's name.
    pub fn backend(&self) -> String {
        match &self.run {
            Run::Cpu(_) => "cpu".to_owned(),
            Run::Gpu(run) => {
                let adapter = run.gpu().adapter();
                format!("gpu: {}{}", adapter.name, if adapter.software { " [software]" } else { "" })
            }
        }
    }

    /// Times the passes on the GPU from now on, or no longer: each then has a compute pass of its own. False where it can't be
    /// done: no GPU draws, or the adapter has no timestamps.
    pub fn time_gpu(&mut self, on: bool) -> bool {
        match &mut self.run {
            Run::Cpu(_) => !on,
            Run::Gpu(run) => run.time(on),
        }
    }

    /// What the GPU did since this was last asked; nothing where the CPU draws.
    pub fn take_gpu_work(&mut self) -> GpuWork {
        match &mut self.run {
            Run::Cpu(_) => GpuWork::default(),
            Run::Gpu(run) => run.take_work(),
        }
    }

    /// GPU objects created so far; constant in steady state, 0 on the CPU.
    pub fn objects_created(&self) -> u64 {
        match &self.run {
            Run::Cpu(_) => 0,
            Run::Gpu(run) => run.created(),
        }
    }

    /// Draws `texture` on the face whose first 468 mesh points are `points`, onto the canvas.
    /// `face` is the face's id: its usual light is remembered under it. `time` is the frame's. What `occlusion` says stays
    /// in front of the persona.
    ///
    /// # Errors
    /// A GPU that fails; the canvas is as it was.
    pub fn draw(
        &mut self,
        canvas: &mut Canvas,
        face: u64,
        time: FrameTime,
        points: &[MeshPoint],
        occlusion: &Occlusion,
        texture: &FaceTexture,
        look: &Look,
    ) -> Result<Drawn> {
        let frame = canvas.frame();
        let bent = self.shapes.bend(frame, (face, time), points, texture, look.shape);
        let Some(mut plan) = Plan::new(frame, points, texture, look, bent) else {
            return Ok(Drawn::default());
        };
        frame.read_codes(plan.region, &mut self.codes);
        plan.light(&mut self.light, face, time, &self.codes, texture.tone());
        plan.motion_blur = self.motions.blur(frame, (face, time), points, plan.region, &self.codes);
        self.in_front.cells(occlusion, texture, &mut plan.in_front);
        match &mut self.run {
            Run::Cpu(run) => run.run(&plan, texture, &self.codes, &mut self.patch),
            Run::Gpu(run) => run.run(&plan, texture, &self.codes, &mut self.patch).map_err(failed)?,
        }
        canvas.write_codes(plan.region, &self.patch);
        // Pixels that only moved are none of the persona's.
        let mut changed = self.patch.iter().filter(|code| **code >> 24 == 0xff);
        let first = changed.next().copied();
        let (count, same) = changed.fold((u32::from(first.is_some()), true), |(n, same), code| {
            (n + 1, same && Some(*code) == first)
        });
        let covered = count as f32 / self.patch.len().max(1) as f32;
        Ok(Drawn { region: plan.region, covered, flat: count > 64 && same })
    }
}

fn failed(e: GpuError) -> Error {
    Error::wrap(ErrorKind::Backend, Stage::Gpu, e.to_string(), e)
}

#[cfg(test)]
pub(crate) mod tests;
