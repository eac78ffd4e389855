//! A camera as a feed of the live pipeline.

use super::capture::LiveSource;
use super::feed::{Fed, Feed, FeedInfo};
use crate::error::Result;
use crate::source::camera::{Camera, CameraRequest, Captured, open_camera};
use std::sync::Arc;
use std::time::Duration;

/// A camera as the source of a live pipeline: opened when the pipeline starts, and again whenever it was
/// lost.
pub fn camera(request: CameraRequest) -> LiveSource {
    LiveSource::Feed(Arc::new(move |pool| {
        Ok(Box::new(CameraFeed { camera: open_camera(&request, pool)? }) as Box<dyn Feed>)
    }))
}

struct CameraFeed {
    camera: Box<dyn Camera>,
}

impl Feed for CameraFeed {
    fn info(&self) -> FeedInfo {
        let mode = self.camera.mode();
        FeedInfo {
            name: self.camera.name().to_owned(),
            mode: mode.to_string(),
            width: mode.width,
            height: mode.height,
            fps: mode.rate.per_second(),
        }
    }

    fn next(&mut self, limit: Duration) -> Result<Fed> {
        Ok(match self.camera.next(limit)? {
            Captured::Frame(frame) => Fed::Frame(frame),
            Captured::Late => Fed::Late,
            Captured::Bad(what) => Fed::Bad(what),
        })
    }

    fn skipped(&self) -> u64 {
        self.camera.skipped()
    }
}
