//! What the capture thread reads: a camera, or the built-in actor at its own pace.

use crate::actor::{Actor, ActorOptions};
use crate::error::Result;
use crate::frame::{Frame, FrameTime};
use crate::pool::Pool;
use crate::timing::now;
use std::time::Duration;

/// What a feed says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedInfo {
    /// Name for people.
    pub name: String,
    /// Size, format and rate for people, e.g. `1280x720 MJPEG 30 fps`.
    pub mode: String,
    /// Width of its pictures.
    pub width: u32,
    /// Height of its pictures.
    pub height: u32,
    /// Pictures a second as agreed with the driver.
    pub fps: f64,
}

/// What waiting for a picture gave.
#[derive(Debug)]
pub enum Fed {
    /// A picture, its time by [`now`].
    Frame(Frame),
    /// None in the time given.
    Late,
    /// One that can't be used, and why; more may come.
    Bad(String),
}

/// A source that gives nothing for so long is closed and opened again.
pub(super) const DEAD: Duration = Duration::from_secs(3);

/// Gives pictures as they come.
pub trait Feed: Send {
    /// What is known of it.
    fn info(&self) -> FeedInfo;

    /// Waits at most `limit` for the next picture.
    ///
    /// # Errors
    /// It is gone or broken and must be opened anew.
    fn next(&mut self, limit: Duration) -> Result<Fed>;

    /// Pictures that were lost before they could be read, so far.
    fn skipped(&self) -> u64 {
        0
    }

    /// After so long without a picture it is closed and opened anew; nothing: never.
    fn patience(&self) -> Option<Duration> {
        Some(DEAD)
    }
}

/// The built-in moving face at its own rate: each picture is painted before it is due and stamped when
/// it is.
pub struct ActorFeed {
    actor: Actor,
    /// Painted, and not due yet.
    ahead: Option<Frame>,
    index: u64,
    /// When picture 0 was due, and its number: moved on when the machine is too slow.
    start: Option<(Duration, u64)>,
    skipped: u64,
}

impl ActorFeed {
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

impl Feed for ActorFeed {
    fn info(&self) -> FeedInfo {
        let o = self.actor.options();
        FeedInfo {
            name: "Built-in actor".to_owned(),
            mode: format!("{}x{} {:?}", o.width, o.height, o.format),
            width: o.width,
            height: o.height,
            fps: o.rate.per_second(),
        }
    }

    fn next(&mut self, limit: Duration) -> Result<Fed> {
        let rate = self.actor.options().rate;
        let ahead = self.ahead.take().unwrap_or_else(|| self.actor.frame(self.index).frame);
        let clock = now();
        let (start, first) = *self.start.get_or_insert((clock, self.index));
        let due = start + rate.time(self.index.saturating_sub(first)).0;
        if due > clock + limit {
            std::thread::sleep(limit);
            self.ahead = Some(ahead);
            return Ok(Fed::Late);
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
        Ok(Fed::Frame(frame))
    }

    fn skipped(&self) -> u64 {
        self.skipped
    }
}
