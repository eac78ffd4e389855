//! The cameras to choose from, looked for away from the window's thread.

use eframe::egui::Context;
use omote_engine::actor::ActorOptions;
use omote_engine::pipeline;
use omote_engine::source::Rate;
use omote_engine::source::camera::{self, CameraInfo, CameraRequest};

use super::session::LiveSource;
use super::task::{Progress, Task};

/// The built-in actor's place in the settings.
pub(super) const ACTOR: &str = "actor";

/// A camera to choose.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Device {
    /// Its id.
    pub(super) id: String,
    /// Its name for people.
    pub(super) name: String,
    /// Its modes as they are shown and remembered.
    pub(super) modes: Vec<String>,
    /// What is wrong with it.
    pub(super) trouble: Option<String>,
}

/// The list.
pub(super) struct Devices {
    /// The cameras found last.
    pub(super) found: Vec<Device>,
    looking: Option<Task<Vec<Device>>>,
    /// Whether they were looked for at all.
    pub(super) known: bool,
}

impl Devices {
    /// Begins to look for cameras.
    pub(super) fn look(context: &Context) -> Self {
        let mut devices = Self { found: Vec::new(), looking: None, known: false };
        devices.look_again(context);
        devices
    }

    /// Looks again.
    pub(super) fn look_again(&mut self, context: &Context) {
        if self.looking.is_none() {
            self.looking = Some(Task::start("cameras", context, cameras));
        }
    }

    /// Whether it is being looked for.
    pub(super) fn busy(&self) -> bool {
        self.looking.is_some()
    }

    /// Takes over what was found.
    pub(super) fn poll(&mut self) {
        let Some(task) = &self.looking else { return };
        match task.poll() {
            Progress::Running => return,
            Progress::Done(found) => self.found = found,
            Progress::Gone => {}
        }
        (self.looking, self.known) = (None, true);
    }

    /// The camera of an id.
    pub(super) fn get(&self, id: &str) -> Option<&Device> {
        self.found.iter().find(|device| device.id == id)
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
pub(super) fn first_choice() -> String {
    let works = |camera: &CameraInfo| camera.trouble.is_none() && !camera.virtual_output;
    camera::cameras().into_iter().find(works).map_or_else(|| ACTOR.to_owned(), |camera| camera.id)
}

/// The source that is meant by an id and a mode as it is shown; a mode that means nothing leaves the choice
/// to the camera.
pub(super) fn source(id: &str, mode: &str) -> LiveSource {
    if id == ACTOR {
        return LiveSource::Actor(ActorOptions::new(1, 1280, 720, Rate::DEFAULT));
    }
    let device = Some(id.to_owned());
    pipeline::camera(CameraRequest { device, ..CameraRequest::like(mode).unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_actor_needs_no_camera() {
        assert!(matches!(source(ACTOR, ""), LiveSource::Actor(_)));
        assert!(matches!(source("/dev/video7", "MJPEG 1280x720 at 30"), LiveSource::Feed(_)));
    }
}
