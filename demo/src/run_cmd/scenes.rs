//! How a file's pictures belong together: a film looked ahead in, or pictures that have nothing to do with each other.

use std::path::Path;

use clap::Args;
use omote_engine::pipeline::{Film, OfflineSession, Privacy, Reading, Settings};
use omote_engine::source::{SourceInfo, SourceKind};
use omote_engine::track::{MOST_FACES, TrackerConfig};
use omote_kit::data::DataFolder;
use omote_kit::networks;

/// Options about how pictures belong together.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct SceneArgs {
    /// Treat the pictures of a folder as unrelated and process each on its own. By default they are treated as a film, in
    /// which a picture that does not continue the one before starts a new scene
    #[arg(long)]
    pub(crate) album: bool,
}

impl SceneArgs {
    fn reading(self, info: &SourceInfo) -> Reading {
        match info.kind {
            SourceKind::Picture => Reading::Unrelated,
            _ if self.album => Reading::Unrelated,
            _ => Reading::Sequence,
        }
    }

    /// Works through a file with `engine`. `tracking` is how its tracker was made, for making others.
    pub(crate) fn film(
        self,
        engine: OfflineSession,
        info: &SourceInfo,
        data: &Path,
        tracking: TrackerConfig,
    ) -> Film {
        Film::new(engine, self.reading(info), networks::trackers_later(&DataFolder::at(data), tracking))
    }
}

/// The tracker's settings for a file: with `protect` every face counts, however many there are.
pub(crate) fn tracking(settings: &Settings, tracking: TrackerConfig) -> TrackerConfig {
    match settings.privacy {
        Privacy::Protect => TrackerConfig { max_faces: MOST_FACES, ..tracking },
        Privacy::Relaxed => tracking,
    }
}
