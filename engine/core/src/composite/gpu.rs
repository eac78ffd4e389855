//! The passes on the GPU: region up, passes, patch down, in one submission.

use super::clock::{Clock, GpuWork};
use super::plan::Plan;
use super::slots::TextureSlots;
use crate::gpu::{Buffers, Gpu, GpuError, Slot};
use crate::swap::FaceTexture;
use bytemuck::{Pod, bytes_of, cast_slice};
use omote_shaders::layout::{FRONT_SIDE, MORPH_NODES, OCCLUDE_SIDE, ROW_INVOCATIONS, Triangle, WORKGROUP};
use std::collections::HashMap;
use std::time::Duration;
use wgpu::BufferUsages as Usage;

/// Bytes between two params blocks of the uniform buffer: WebGPU's greatest offset alignment.
const PARAMS_STRIDE: u64 = 256;
/// Params blocks: region_in, warp_field, texture_fetch, four of illuminate, badge_encode, occlude, morph, texture_fetch for
/// motion_blur, motion_blur, front, then the bands.
const BANDS_FROM: u64 = 13;
const BANDS_MAX: u32 = 12;
/// Buffers that an entry point binds beside the uniform, at most: what [`Gpu`] asks of an adapter.
const BINDINGS_MAX: usize = 5;
/// A submission that takes longer is taken for a lost device.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a bind group is determined by. The buffers are named, so a group is good until one of them is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Bindings {
    entry: &'static str,
    /// Number of the params block in the uniform buffer, binding 0.
    params: u64,
    /// The buffers of the bindings from 1 on.
    buffers: [Option<Slot>; BINDINGS_MAX],
}

/// One dispatch.
struct Step {
    pass: &'static str,
    bindings: Bindings,
    /// Workgroups across and down.
    groups: [u32; 2],
}

pub(super) struct GpuRun {
    gpu: Gpu,
    buffers: Buffers,
    groups: HashMap<Bindings, wgpu::BindGroup>,
    groups_created: u64,
    textures: TextureSlots,
    clock: Option<Clock>,
    work: GpuWork,
}

const UNIFORMS: Slot = ("params", 0);
const READBACK: Slot = ("readback", 0);
const CODES: Slot = ("codes", 0);
const LIVE: Slot = ("live", 0);
const TRIANGLES: Slot = ("triangles", 0);
const KEYS: Slot = ("keys", 0);
const FIELD: Slot = ("field", 0);
const PERSONA: Slot = ("persona", 0);
const SAMPLED: Slot = ("sampled", 0);
const GRID: [Slot; 2] = [("grid", 0), ("grid", 1)];
const OCCLUDERS: Slot = ("occluders", 0);
const FRONT: Slot = ("front", 0);
const COVERAGE: Slot = ("coverage", 0);
const PATCH: Slot = ("patch", 0);
const NODES: Slot = ("nodes", 0);
const MOVED_CODES: Slot = ("moved", 0);

/// Level `k` of the difference's pyramid; level 0 is the difference itself.
fn picture(k: usize) -> Slot {
    ("band.picture", k as u32)
}

fn sum(k: usize) -> Slot {
    ("band.sum", k as u32)
}

/// The texels of the texture in this place of the ring.
fn texels(place: usize) -> Slot {
    ("texels", place as u32)
}

impl GpuRun {
    pub(super) fn new(gpu: Gpu) -> Self {
        Self {
            gpu,
            buffers: Buffers::default(),
            groups: HashMap::new(),
            groups_created: 0,
            textures: TextureSlots::default(),
            clock: None,
            work: GpuWork::default(),
        }
    }

    /// Times the passes from now on, or no longer. False where the adapter can't.
    pub(super) fn time(&mut self, on: bool) -> bool {
        self.clock = if on { Clock::new(&self.gpu) } else { None };
        self.clock.is_some() == on
    }

    /// What was done since this was last asked.
    pub(super) fn take_work(&mut self) -> GpuWork {
        std::mem::take(&mut self.work)
    }

    pub(super) fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// GPU objects created so far; constant in steady state.
    pub(super) fn created(&self) -> u64 {
        self.buffers.created() + self.groups_created
    }

    pub(super) fn run(
        &mut self,
        plan: &Plan,
        texture: &FaceTexture,
        codes: &[u32],
        patch: &mut Vec<u32>,
    ) -> Result<(), GpuError> {
        self.gpu.check()?;
        let texels = self.texture(texture)?;
        self.make_room(plan, codes.len())?;
        let steps = steps(plan, texels);
        self.upload(plan, codes);
        self.bind(&steps);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let n = codes.len() as u64;
        if let Some(keys) = self.buffers.get(KEYS) {
            encoder.clear_buffer(keys, 0, Some(n * 4));
        }
        let timed = self.clock.as_mut().is_some_and(Clock::begin);
        self.encode(&mut encoder, &steps, timed)?;
        let (Some(from), Some(to)) = (self.buffers.get(PATCH), self.buffers.get(READBACK)) else {
            return Err(self.gpu.lost_because("no patch buffer".to_owned()));
        };
        encoder.copy_buffer_to_buffer(from, 0, to, 0, n * 4);
        if let Some(clock) = self.clock.as_ref().filter(|_| timed) {
            clock.end(&mut encoder);
        }
        let submission = self.gpu.queue.submit([encoder.finish()]);
        if let Some(clock) = self.clock.as_mut().filter(|_| timed) {
            clock.request_stamps();
        }
        self.read_back(to, submission, n, patch)?;
        self.work.readback += n * 4;
        if let Some(clock) = &mut self.clock {
            clock.read_stamps(&mut self.work);
        }
        Ok(())
    }

    /// All dispatches in one compute pass; each pass in one of its own where it is timed.
    fn encode(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        steps: &[Step],
        timed: bool,
    ) -> Result<(), GpuError> {
        for same in steps.chunk_by(|a, b| !timed || a.pass == b.pass) {
            let label = if timed { same.first().map(|s| s.pass) } else { Some("composite") };
            let clock = self.clock.as_mut().filter(|_| timed);
            let timestamp_writes = clock.zip(label).and_then(|(clock, pass)| clock.writes(pass));
            let mut pass =
                encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label, timestamp_writes });
            for step in same {
                let entry = step.bindings.entry;
                let group = self.groups.get(&step.bindings);
                let (Some(pipeline), Some(group)) = (self.gpu.pipeline(entry), group) else {
                    return Err(self.gpu.lost_because(format!("{entry} has no pipeline")));
                };
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, group, &[]);
                pass.dispatch_workgroups(step.groups[0], step.groups[1], 1);
            }
        }
        Ok(())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "one of the counted places where pixels leave the GPU: a patch for the canvas"
    )]
    fn read_back(
        &self,
        from: &wgpu::Buffer,
        submission: wgpu::SubmissionIndex,
        pixels: u64,
        patch: &mut Vec<u32>,
    ) -> Result<(), GpuError> {
        let slice = from.slice(..pixels * 4);
        slice.map_async(wgpu::MapMode::Read, |_| {});
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(PATIENCE) };
        self.gpu.device.poll(wait).map_err(|e| self.gpu.lost_because(e.to_string()))?;
        self.gpu.check()?;
        let view = slice.get_mapped_range().map_err(|e| self.gpu.lost_because(e.to_string()))?;
        patch.clear();
        patch.extend_from_slice(cast_slice(&view));
        drop(view);
        from.unmap();
        Ok(())
    }

    /// The buffer with the texture's texels, which are sent where others lie there.
    fn texture(&mut self, texture: &FaceTexture) -> Result<Slot, GpuError> {
        let place = self.textures.claim(texture.id());
        let slot = texels(place);
        if !self.textures.holds(place, texture.version()) {
            let bytes: &[u8] = cast_slice(texture.texels());
            self.fit(slot, bytes.len() as u64, Usage::STORAGE | Usage::COPY_DST)?;
            self.send(slot, 0, bytes);
            self.textures.fill(place, texture.version());
        }
        Ok(slot)
    }

    /// Makes sure that a buffer is large enough. Bind groups over one that had to be made anew are forgotten.
    fn fit(&mut self, slot: Slot, bytes: u64, usage: Usage) -> Result<(), GpuError> {
        if self.buffers.fit(&self.gpu, slot, bytes, usage)? {
            // The uniform buffer is in all of them.
            self.groups.retain(|bindings, _| slot != UNIFORMS && !bindings.buffers.contains(&Some(slot)));
        }
        Ok(())
    }

    fn make_room(&mut self, plan: &Plan, pixels: usize) -> Result<(), GpuError> {
        let n = pixels as u64;
        let storage = Usage::STORAGE;
        let cells = u64::from(plan.illuminate.grid[0] * plan.illuminate.grid[1]) * 2;
        let mut wanted: Vec<(Slot, u64, Usage)> = vec![
            (UNIFORMS, (BANDS_FROM + u64::from(BANDS_MAX)) * PARAMS_STRIDE, Usage::UNIFORM | Usage::COPY_DST),
            (CODES, n * 4, storage | Usage::COPY_DST),
            (LIVE, n * 16, storage),
            (TRIANGLES, size_of_val(plan.triangles.as_slice()) as u64, storage | Usage::COPY_DST),
            (KEYS, n * 4, storage | Usage::COPY_DST),
            (FIELD, n * 16, storage),
            (PERSONA, n * 16, storage),
            (OCCLUDERS, u64::from(OCCLUDE_SIDE * OCCLUDE_SIDE) * 32, storage | Usage::COPY_DST),
            (GRID[0], cells * 16, storage),
            (GRID[1], cells * 16, storage),
            (COVERAGE, 16, storage),
            (PATCH, n * 4, storage | Usage::COPY_SRC),
            (READBACK, n * 4, Usage::MAP_READ | Usage::COPY_DST),
            (picture(0), n * 16, storage),
            (sum(0), n * 16, storage),
        ];
        if plan.morph.is_some() {
            wanted.push((NODES, u64::from(MORPH_NODES * MORPH_NODES) * 8, storage | Usage::COPY_DST));
            wanted.push((MOVED_CODES, n * 4, storage));
        }
        if plan.front.is_some() {
            wanted.push((FRONT, u64::from(FRONT_SIDE * FRONT_SIDE) * 16, storage | Usage::COPY_DST));
        }
        if plan.motion_blur.is_some() {
            wanted.push((SAMPLED, n * 16, storage));
        }
        for (k, step) in plan.bands.iter().enumerate() {
            let bytes = u64::from(step.coarse[0]) * u64::from(step.coarse[1]) * 16;
            wanted.push((picture(k + 1), bytes, storage));
            wanted.push((sum(k + 1), bytes, storage));
        }
        for (slot, bytes, usage) in wanted {
            self.fit(slot, bytes, usage)?;
        }
        Ok(())
    }

    fn write<T: Pod>(&mut self, slot: Slot, at: u64, value: &T) {
        self.send(slot, at, bytes_of(value));
    }

    fn send(&mut self, slot: Slot, at: u64, bytes: &[u8]) {
        if let Some(b) = self.buffers.get(slot) {
            self.gpu.queue.write_buffer(b, at, bytes);
            self.work.upload += bytes.len() as u64;
        }
    }

    fn upload(&mut self, plan: &Plan, codes: &[u32]) {
        for (slot, bytes) in [
            (CODES, cast_slice(codes)),
            (TRIANGLES, cast_slice::<Triangle, u8>(&plan.triangles)),
            (OCCLUDERS, cast_slice(&plan.occluders)),
        ] {
            self.send(slot, 0, bytes);
        }
        if let Some(morph) = &plan.morph {
            let nodes: Vec<[f32; 2]> = morph.nodes.iter().map(|d| d.to_array()).collect();
            self.send(NODES, 0, cast_slice(&nodes));
            self.write(UNIFORMS, 9 * PARAMS_STRIDE, &morph.params);
        }
        self.write(UNIFORMS, 0, &plan.region_in);
        self.write(UNIFORMS, PARAMS_STRIDE, &plan.warp_field);
        self.write(UNIFORMS, 2 * PARAMS_STRIDE, &plan.texture_fetch);
        if let Some(blur) = &plan.motion_blur {
            self.write(UNIFORMS, 10 * PARAMS_STRIDE, &plan.texture_fetch);
            self.write(UNIFORMS, 11 * PARAMS_STRIDE, blur);
        }
        if let Some(front) = &plan.front {
            self.send(FRONT, 0, cast_slice(&front.guided));
            self.write(UNIFORMS, 12 * PARAMS_STRIDE, &front.params);
        }
        for (k, axis) in [0, 0, 1, 0].into_iter().enumerate() {
            let mut light = plan.illuminate;
            light.axis = axis;
            self.write(UNIFORMS, (3 + k as u64) * PARAMS_STRIDE, &light);
        }
        self.write(UNIFORMS, 7 * PARAMS_STRIDE, &plan.badge_encode);
        self.write(UNIFORMS, 8 * PARAMS_STRIDE, &plan.occlude);
        for (k, band) in plan.bands.iter().enumerate() {
            self.write(UNIFORMS, (BANDS_FROM + k as u64) * PARAMS_STRIDE, band);
        }
    }

    /// Makes the bind groups that are not there yet.
    fn bind(&mut self, steps: &[Step]) {
        for Step { pass, bindings, .. } in steps {
            if self.groups.contains_key(bindings) {
                continue;
            }
            let Some(layout) = self.gpu.layout(pass) else { continue };
            let Some(uniforms) = self.buffers.get(UNIFORMS) else { continue };
            let mut entries = vec![wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: uniforms,
                    offset: bindings.params * PARAMS_STRIDE,
                    size: std::num::NonZeroU64::new(PARAMS_STRIDE),
                }),
            }];
            for (binding, slot) in (1u32..).zip(bindings.buffers.into_iter().flatten()) {
                if let Some(b) = self.buffers.get(slot) {
                    entries.push(wgpu::BindGroupEntry { binding, resource: b.as_entire_binding() });
                }
            }
            let group = self.gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(bindings.entry),
                layout,
                entries: &entries,
            });
            self.groups.insert(*bindings, group);
            self.groups_created += 1;
        }
    }
}

/// Workgroups for `n` invocations, folded into rows.
fn groups(n: u32) -> [u32; 2] {
    let row = ROW_INVOCATIONS / WORKGROUP;
    let all = n.div_ceil(WORKGROUP);
    [all.min(row), all.div_ceil(row)]
}

/// The dispatches of a plan, in order. `texels` is the texture's slot.
fn steps(plan: &Plan, texels: Slot) -> Vec<Step> {
    let px = plan.region_in.size[0] * plan.region_in.size[1];
    let cells = plan.illuminate.grid[0] * plan.illuminate.grid[1];
    let step = |pass, entry, params, slots: &[Slot], n| {
        let mut buffers = [None; BINDINGS_MAX];
        buffers.iter_mut().zip(slots).for_each(|(buffer, slot)| *buffer = Some(*slot));
        Step { pass, bindings: Bindings { entry, params, buffers }, groups: groups(n) }
    };
    let lit = |from: usize| [LIVE, PERSONA, GRID[from], GRID[1 - from], picture(0)];
    let mesh = [TRIANGLES, KEYS, FIELD];
    let codes = if plan.morph.is_some() { MOVED_CODES } else { CODES };
    let mut out = Vec::with_capacity(32);
    if plan.morph.is_some() {
        out.push(step("morph", "morph", 9, &[CODES, NODES, MOVED_CODES], px));
    }
    out.extend([
        step("region_in", "region_in", 0, &[codes, LIVE], px),
        Step { groups: [plan.warp_field.triangles, 1], ..step("warp_field", "raster", 1, &mesh, 0) },
        step("warp_field", "resolve", 1, &mesh, px),
    ]);
    match plan.motion_blur {
        None => out.push(step("texture_fetch", "texture_fetch", 2, &[FIELD, texels, PERSONA], px)),
        Some(_) => out.extend([
            step("texture_fetch", "texture_fetch", 10, &[FIELD, texels, SAMPLED], px),
            step("motion_blur", "motion_blur", 11, &[SAMPLED, PERSONA], px),
        ]),
    }
    if !plan.occluders.is_empty() {
        out.push(step("occlude", "occlude", 8, &[FIELD, LIVE, OCCLUDERS, PERSONA], px));
    }
    if plan.front.is_some() {
        out.push(step("front", "front", 12, &[FIELD, LIVE, FRONT, PERSONA], px));
    }
    out.extend([
        step("illuminate", "gather", 3, &lit(1), cells),
        step("illuminate", "smooth_grid", 4, &lit(0), cells * 2),
        step("illuminate", "smooth_grid", 5, &lit(1), cells * 2),
        step("illuminate", "relight", 6, &lit(0), px),
    ]);
    let band = |k: usize| [picture(k), picture(k + 1), sum(k + 1), sum(k)];
    for (k, b) in plan.bands.iter().enumerate() {
        let n = b.coarse[0] * b.coarse[1];
        out.push(step("blend_bands", "reduce", BANDS_FROM + k as u64, &band(k), n));
    }
    for (k, b) in plan.bands.iter().enumerate().rev() {
        let n = b.fine[0] * b.fine[1];
        out.push(step("blend_bands", "collapse", BANDS_FROM + k as u64, &band(k), n));
    }
    out.push(step("badge_encode", "badge_encode", 7, &[codes, LIVE, sum(0), COVERAGE, PATCH], px));
    out
}

#[cfg(test)]
mod tests;
