//! Draws a persona's texture on a live face: the passes of `omote-shaders` over the face region only.

mod clock;
mod cpu;
mod features;
mod front;
mod gpu;
mod motion;
mod occluders;
mod openings;
mod plan;
mod profile;
mod reflectance;
mod shape;
mod slots;
#[doc(hidden)]
pub mod tuning;

#[doc(hidden)]
pub use clock::GpuWork;
pub use plan::{DrawParams, Glasses};

use crate::badge::Canvas;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::frame::FrameTime;
use crate::gpu::{Adapters, Gpu, GpuError};
use crate::space::{MeshPoint, PxRect};
use crate::swap::FaceTexture;
use crate::track::Occlusion;
use motion::{Motions, Pixels};
use occluders::Occluders;
use plan::Plan;
use reflectance::Reflectances;
use shape::Shapes;
use tuning::Tuning;

/// One face to draw: whose, where, and with what.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct DrawCall<'a> {
    /// The face's id: its skin's reflectance, proportions and motion are remembered under it.
    pub face: u64,
    /// The frame's time.
    pub time: FrameTime,
    /// The face's first 468 mesh points in the picture's pixels; further ones are not read. A face with fewer, or with
    /// some that are not finite, is not drawn.
    pub points: &'a [MeshPoint],
    /// What stays in front of the persona.
    pub occlusion: &'a Occlusion,
    /// The persona, or a swap model's result.
    pub texture: &'a FaceTexture,
    /// How it is drawn.
    pub params: DrawParams,
}

/// So many changed pixels can't all have one code unless nothing was drawn on them but a colour.
const FLAT_PIXELS: u32 = 64;

/// What one face's drawing touched.
#[doc(hidden)]
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

/// Draws faces. Keeps its buffers, each face's reflectance and its proportions between frames.
pub struct Compositor {
    run: Run,
    skin: Reflectances,
    occluders: Occluders,
    motions: Motions,
    shapes: Shapes,
    tuning: Tuning,
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
        Self {
            run,
            skin: Reflectances::default(),
            occluders: Occluders::default(),
            motions: Motions::default(),
            shapes: Shapes::default(),
            tuning: Tuning::default(),
            codes: Vec::new(),
            patch: Vec::new(),
        }
    }

    /// The same with other constants than the usual ones, for sweeps.
    #[doc(hidden)]
    #[must_use]
    pub fn tuned(self, tuning: Tuning) -> Self {
        Self { tuning, ..self }
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
    #[doc(hidden)]
    pub fn time_gpu(&mut self, on: bool) -> bool {
        match &mut self.run {
            Run::Cpu(_) => !on,
            Run::Gpu(run) => run.time(on),
        }
    }

    /// What the GPU did since this was last asked; nothing where the CPU draws.
    #[doc(hidden)]
    pub fn take_gpu_work(&mut self) -> GpuWork {
        match &mut self.run {
            Run::Cpu(_) => GpuWork::default(),
            Run::Gpu(run) => run.take_work(),
        }
    }

    /// GPU objects created so far; constant in steady state, 0 on the CPU.
    pub(crate) fn objects_created(&self) -> u64 {
        match &self.run {
            Run::Cpu(_) => 0,
            Run::Gpu(run) => run.created(),
        }
    }

    /// Draws a texture on a face, onto the canvas.
    ///
    /// # Errors
    /// A GPU that fails; the canvas is as it was.
    #[doc(hidden)]
    pub fn draw(&mut self, canvas: &mut Canvas, call: &DrawCall<'_>) -> Result<Drawn> {
        let (frame, texture, tuning) = (canvas.frame(), call.texture, &self.tuning);
        let bent = self.shapes.bend(frame, call, &tuning.shape);
        let Some(mut plan) = Plan::new(frame, call, bent, tuning) else {
            return Ok(Drawn::default());
        };
        frame.read_codes(plan.region, &mut self.codes);
        let pixels = Pixels { frame, region: plan.region, codes: &self.codes };
        plan.light(&mut self.skin, call, &pixels, &tuning.light);
        plan.motion_blur = self.motions.blur(&pixels, call, &tuning.motion);
        self.occluders.cells(call.occlusion, texture, &mut plan.occluders);
        plan.front = call
            .occlusion
            .front()
            .filter(|matte| !matte.is_clear())
            .map(|matte| front::Front::new(matte, call.params.glasses, &plan, &tuning.occluders));
        match &mut self.run {
            Run::Cpu(run) => run.run(&plan, texture, &self.codes, &mut self.patch),
            Run::Gpu(run) => run.run(&plan, texture, &self.codes, &mut self.patch).map_err(failed)?,
        }
        canvas.write_codes(plan.region, &self.patch);
        Ok(drawn(plan.region, &self.patch))
    }
}

/// What the codes that the passes gave back say about a region.
fn drawn(region: PxRect, patch: &[u32]) -> Drawn {
    // Pixels that only moved are none of the persona's.
    let mut changed = patch.iter().filter(|code| **code >> 24 == 0xff);
    let first = changed.next().copied();
    let (mut count, mut same) = (u32::from(first.is_some()), true);
    for code in changed {
        count += 1;
        same &= Some(*code) == first;
    }
    Drawn { region, covered: count as f32 / patch.len().max(1) as f32, flat: count > FLAT_PIXELS && same }
}

fn failed(e: GpuError) -> Error {
    Error::wrap(ErrorKind::Backend, Stage::Gpu, e.to_string(), e)
}

#[cfg(test)]
pub(crate) mod tests;
