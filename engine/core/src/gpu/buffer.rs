//! Buffers by name that only ever grow, and a count of what was created.

use super::{Gpu, GpuError};
use std::collections::HashMap;

/// A buffer's name: the stage's word for it, and a number where there are several.
pub(crate) type Slot = (&'static str, u32);

/// The buffers of one user of the GPU. They keep their size between frames and grow when asked to.
#[derive(Default)]
pub(crate) struct Buffers {
    buffers: HashMap<Slot, wgpu::Buffer>,
    created: u64,
}

impl Buffers {
    /// GPU buffers created so far; constant in steady state.
    pub(crate) fn created(&self) -> u64 {
        self.created
    }

    /// Makes sure that `slot` holds at least `bytes`. True where the buffer is new, so that bind groups
    /// over it must be made again.
    ///
    /// # Errors
    /// [`GpuError::TooLarge`] above the device's limit.
    pub(crate) fn fit(
        &mut self,
        gpu: &Gpu,
        slot: Slot,
        bytes: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<bool, GpuError> {
        if self.buffers.get(&slot).is_some_and(|b| b.size() >= bytes) {
            return Ok(false);
        }
        let limits = gpu.device.limits();
        let limit = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size);
        if bytes > limit {
            return Err(GpuError::TooLarge { adapter: gpu.adapter().name.clone(), bytes, limit });
        }
        // Room to grow, so that a face that comes nearer does not make a new buffer in every frame.
        let size = (bytes + bytes / 2).next_multiple_of(256).min(limit).max(256);
        let label = format!("{}.{}", slot.0, slot.1);
        let descriptor =
            wgpu::BufferDescriptor { label: Some(&label), size, usage, mapped_at_creation: false };
        self.buffers.insert(slot, gpu.device.create_buffer(&descriptor));
        self.created += 1;
        Ok(true)
    }

    /// The buffer of a slot that was fitted before.
    pub(crate) fn get(&self, slot: Slot) -> Option<&wgpu::Buffer> {
        self.buffers.get(&slot)
    }
}
