//! The built-in actor in a camera's place, at its own pace.

use crate::actor::{Actor, ActorOptions};
use crate::error::Result;
use crate::frame::{Frame, FrameTime};
use crate::pool::Pool;
use crate::source::camera::{Camera, Captured, StreamInfo};
use crate::timing::now;
use std::time::Duration;

/// The built-in moving face at its own rate: each picture is painted before it is due and stamped when
/// it is.
pub struct ActorCamera {
    actor: Actor,
    /// Painted, and not due yet.
    ahead: Option<Frame>,
    index: u64,
    /// When picture 0 was due, and its number: moved on when the machine is too slow.
    start: Option<(Duration, u64)>,
    skipped: u64,
}

impl ActorCamera {
    /// An actor whose pictures come from `pool`.
    ///
    /// # Errors
    /// As [`Actor::with`].
    pub fn new(options: ActorOptions, pool: &Pool) -> Result<Self> {
        let mut actor = Actor::with(options)?;
        actor.paint_into(pool);
        Ok(Self { actor, ahead: None, index: 0, start: None, skipped: 0 })
    }
}

impl Camera for ActorCamera {
    fn info(&self) -> StreamInfo {
        let o = self.actor.options();
        StreamInfo {
            name: "Built-in actor".to_owned(),
            mode: format!("{}x{} {:?}", o.width, o.height, o.format),
            width: o.width,
            height: o.height,
            fps: o.rate.per_second(),
        }
    }

    fn next(&mut self, limit: Duration) -> Result<Captured> {
        let rate = self.actor.options().rate;
        let ahead = self.ahead.take().unwrap_or_else(|| self.actor.frame(self.index).frame);
        let clock = now();
        let (start, first) = *self.start.get_or_insert((clock, self.index));
        let due = start + rate.time(self.index.saturating_sub(first)).0;
        if due > clock + limit {
            std::thread::sleep(limit);
            self.ahead = Some(ahead);
            return Ok(Captured::Late);
        }
        std::thread::sleep(due.saturating_sub(clock));
        let mut frame = ahead;
        let clock = now();
        frame.time = FrameTime(clock);
        self.index += 1;
        let period = rate.time(1).0;
        if clock > due + period * 2 {
            // As a camera does: what could not be taken in time is lost, and counted.
            let late = ((clock - due).as_secs_f64() / period.as_secs_f64()) as u64;
            self.skipped += late;
            self.index += late;
            self.start = Some((clock + period, self.index));
        }
        Ok(Captured::Frame(frame))
    }

    fn skipped(&self) -> u64 {
        self.skipped
    }
}
