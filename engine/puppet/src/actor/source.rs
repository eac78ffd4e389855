//! The actor as a source of frames.

use super::{Actor, ActorFrame, ActorOptions};
use omote_files::source::{Source, SourceInfo, SourceKind};
use omote_frame::error::Result;
use omote_frame::{Colour, Frame};

/// Gives the actor's frames one after the other.
pub struct ActorSource {
    actor: Actor,
    info: SourceInfo,
    next: u64,
}

impl ActorSource {
    /// An actor that plays `frames` frames, or without end.
    ///
    /// # Errors
    /// As [`Actor::with`].
    pub fn new(options: ActorOptions, frames: Option<u64>) -> Result<Self> {
        let actor = Actor::with(options)?;
        let info = SourceInfo {
            name: "actor".to_owned(),
            width: options.width,
            height: options.height,
            rate: options.rate,
            frames,
            format: options.format,
            colour: Colour::JPEG,
            audio: None,
            kind: SourceKind::Actor,
        };
        Ok(Self { actor, info, next: 0 })
    }

    /// The next frame with what is true of it, or nothing when all were given.
    pub fn next_with_truth(&mut self) -> Option<ActorFrame> {
        if self.info.frames.is_some_and(|n| self.next >= n) {
            return None;
        }
        let index = self.next;
        self.next += 1;
        Some(self.actor.frame(index))
    }
}

impl Source for ActorSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next(&mut self) -> Result<Option<Frame>> {
        Ok(self.next_with_truth().map(|f| f.frame))
    }
}
