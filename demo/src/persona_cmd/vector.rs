//! The user's face recogniser, loaded when the first face comes.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::persona::Picture;
use omote_engine::space::MeshPoint;
use omote_kit::data::DataFolder;
use omote_kit::networks;
use omote_kit::personas::frame;
use omote_kit::registry::{Purpose, Recogniser, Registry};

/// The recogniser among the user's models.
pub(super) struct Recognising {
    data: PathBuf,
    registry: Registry,
    loaded: RefCell<Option<Recogniser>>,
}

impl Recognising {
    /// The recogniser of a data folder; None where none was added.
    pub(super) fn open(data: &Path) -> Result<Option<Self>> {
        let registry = Registry::open(data)?;
        let there = registry.entries().iter().any(|entry| matches!(entry.purpose, Purpose::Recogniser));
        Ok(there.then(|| Self { data: data.to_owned(), registry, loaded: RefCell::new(None) }))
    }

    /// As [`FindVector`](omote_engine::persona::FindVector).
    pub(super) fn vector(&self, photo: &Picture, face: &[MeshPoint]) -> Result<(String, Vec<f32>)> {
        let mut loaded = self.loaded.borrow_mut();
        let recogniser = match loaded.take() {
            Some(recogniser) => recogniser,
            None => self.load()?,
        };
        let recogniser = loaded.insert(recogniser);
        let vector = recogniser.vector(&frame(photo)?, face)?;
        Ok((recogniser.sha256().to_owned(), vector))
    }

    fn load(&self) -> Result<Recogniser> {
        let runtime = networks::runtime(&DataFolder::at(&self.data)).map_err(|e| {
            Error::wrap(e.kind(), e.stage(), format!("the face recogniser can't be used: {e}"), e)
        })?;
        let gone = || Error::new(ErrorKind::Missing, Stage::Infer, "there is no face recogniser any more");
        self.registry.recogniser(&runtime)?.ok_or_else(gone)
    }
}
