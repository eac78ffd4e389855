//! Cameras are looked for away from the window's thread; what a camera's id and mode mean to the pipeline.

use eframe::egui::Context;
use omote_engine::actor::ActorOptions;
use omote_engine::pipeline::LiveSource;
use omote_engine::source::Rate;
use omote_engine::source::camera::{self, CameraInfo, CameraRequest};

use super::task::{Progress, Task};
use crate::window::state::{ACTOR, Device};

/// Looks for cameras.
#[derive(Default)]
pub(crate) struct Cameras {
    looking: Option<Task<Vec<Device>>>,
}

impl Cameras {
    /// Begins to look, unless it is at it.
    pub(crate) fn start_listing(&mut self, context: &Context) {
        if self.looking.is_none() {
            self.looking = Some(Task::start("cameras", context, cameras));
        }
    }

    /// The cameras, once it has looked; the inner nothing where that broke down.
    pub(crate) fn poll(&mut self) -> Option<Option<Vec<Device>>> {
        let found = match self.looking.as_ref()?.poll() {
            Progress::Running => return None,
            Progress::Done(found) => Some(found),
            Progress::Gone => None,
        };
        self.looking = None;
        Some(found)
    }
}

fn cameras() -> Vec<Device> {
    let shown = |camera: CameraInfo| Device {
        modes: camera.ranked(&CameraRequest::default()).iter().map(ToString::to_string).collect(),
        id: camera.id,
        name: camera.name,
        trouble: camera.trouble,
    };
    camera::cameras().into_iter().map(shown).collect()
}

/// What is used while the user has chosen nothing: the first real camera that works, else the actor. Asks
/// the devices.
pub(crate) fn first_choice() -> String {
    let works = |camera: &CameraInfo| camera.trouble.is_none() && !camera.virtual_output;
    camera::cameras().into_iter().find(works).map_or_else(|| ACTOR.to_owned(), |camera| camera.id)
}

/// The source that is meant by an id and a mode as it is shown; a mode that means nothing leaves the choice
/// to the camera.
pub(crate) fn source(id: &str, mode: &str) -> LiveSource {
    if id == ACTOR {
        return LiveSource::Actor(ActorOptions::new(1, 1280, 720, Rate::DEFAULT));
    }
    let device = Some(id.to_owned());
    LiveSource::camera(CameraRequest { device, ..CameraRequest::like(mode).unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_actor_needs_no_camera() {
        assert!(matches!(source(ACTOR, ""), LiveSource::Actor(_)));
        assert!(matches!(source("/dev/video7", "MJPEG 1280x720 at 30"), LiveSource::Camera(_)));
    }
}
