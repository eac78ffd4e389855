//! Frames kept in memory, for tests and for hosts that take them from there.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Finished, Sink};
use crate::badge::BadgedFrame;
use crate::error::Result;
use crate::frame::Frame;

/// The frames that a [`memory`] sink has taken; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    frames: Arc<Mutex<Vec<Frame>>>,
}

impl Memory {
    /// Takes out what has come so far. The pictures carry the badge.
    pub fn take(&self) -> Vec<Frame> {
        std::mem::take(&mut *self.frames.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct MemorySink {
    memory: Memory,
    frames: u64,
}

/// A sink that copies each frame into memory, without bounds, and where they are found.
pub fn memory() -> (Box<dyn Sink>, Memory) {
    let memory = Memory::default();
    (Box::new(MemorySink { memory: memory.clone(), frames: 0 }), memory)
}

impl Sink for MemorySink {
    fn present(&mut self, frame: &BadgedFrame) -> Result<()> {
        let mut frames = self.memory.frames.lock().unwrap_or_else(PoisonError::into_inner);
        frames.push(frame.frame().clone());
        self.frames += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Finished> {
        Ok(Finished { frames: self.frames, ..Finished::default() })
    }
}
