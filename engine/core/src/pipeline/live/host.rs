//! Frames that a host program hands over one by one, as the source of a live pipeline.

use super::capture::LiveSource;
use crate::error::Result;
use crate::frame::Frame;
use crate::pool::{Bytes, Pool};
use crate::slot::{Publisher, Taken, Taker, slot};
use crate::source::camera::{Camera, Captured, StreamInfo};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The side of a host program. Handing over never waits; of frames that are not fetched in time the newest counts.
pub struct HostFrames {
    put: Publisher<Frame>,
    pool: Pool,
}

/// A source that is fed by [`HostFrames`], and its name for people. It is never taken for dead: a host may stop
/// and go on when it likes.
pub fn host(name: &str) -> (HostFrames, LiveSource) {
    let (put, get) = slot();
    let (get, name) = (Arc::new(Mutex::new(get)), name.to_owned());
    let open = move |_: &Pool| {
        Ok(Box::new(HostCamera { get: Arc::clone(&get), name: name.clone(), size: (0, 0) })
            as Box<dyn Camera>)
    };
    (HostFrames { put, pool: Pool::new() }, LiveSource::Camera(Arc::new(open)))
}

impl HostFrames {
    /// A buffer of `len` bytes for a frame's pixels; it comes back by itself. Its contents are of an older frame.
    pub fn buffer(&self, len: usize) -> Bytes {
        self.pool.take(len)
    }

    /// Hands a frame over, its time by [`now`](crate::timing::now). True where it pushes out one that was not fetched.
    pub fn put(&self, frame: Frame) -> bool {
        self.put.publish(frame).is_some()
    }
}

struct HostCamera {
    get: Arc<Mutex<Taker<Frame>>>,
    name: String,
    size: (u32, u32),
}

impl Camera for HostCamera {
    fn info(&self) -> StreamInfo {
        let (width, height) = self.size;
        StreamInfo {
            name: self.name.clone(),
            mode: "frames of the host program".to_owned(),
            width,
            height,
            fps: 0.0,
        }
    }

    fn next(&mut self, limit: Duration) -> Result<Captured> {
        let get = self.get.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(match get.take(limit) {
            Taken::Value(frame) => {
                self.size = (frame.width(), frame.height());
                Captured::Frame(frame)
            }
            Taken::Late => Captured::Late,
            Taken::Closed => {
                // The host is gone; the pipeline ends soon too.
                std::thread::sleep(limit);
                Captured::Late
            }
        })
    }

    fn patience(&self) -> Option<Duration> {
        None
    }
}
