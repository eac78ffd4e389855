//! The personas that can be worn here: those built in, and the user's own packages in the data folder.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::frame::Frame;
use omote_engine::infer::{Runtime, models};
use omote_engine::persona::{Date, Persona, PersonaError, Picture, folder};
use omote_engine::space::MeshPoint;
use omote_engine::track::{Tracker, TrackerConfig};
use omote_masks::built_in;

/// The user's own packages, by name. Whether they can be worn is not looked at.
pub fn own_packages(data: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder(data)) else { return Vec::new() };
    let mut own: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            let archive = path.extension().is_some_and(|extension| extension == "omote");
            let name = if archive { path.file_stem()? } else { path.file_name()? }.to_str()?.to_owned();
            let package = archive || path.join("persona.toml").exists();
            (package && !name.starts_with('.')).then_some((name, path))
        })
        .collect();
    own.sort();
    own
}

/// Every name that can be asked for: those built in first, then the user's own; each once.
pub fn names(data: &Path) -> Vec<String> {
    let mut names: Vec<String> = built_in::names().into_iter().map(str::to_owned).collect();
    for (name, _) in own_packages(data) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The persona that is meant by `name`: one that is built in, one of the user's own, or a path to a package.
///
/// # Errors
/// No persona of that name, or one that is refused; the message says which, the cause why.
pub fn resolve(name: &str, data: &Path, today: Date) -> Result<Persona> {
    let refused = |e: PersonaError| {
        Error::wrap(e.kind(), Stage::Persona, format!("the persona {name} can't be worn"), e)
    };
    if let Some(loaded) = built_in::load(name, today) {
        return loaded.map_err(refused);
    }
    if let Some(path) = package(name, data) {
        return Persona::load(&path, today).map_err(refused);
    }
    let message = format!(
        "there is no persona {name}: `omote persona list` shows those that are there; built in are {}",
        built_in::names().join(", ")
    );
    Err(Error::new(ErrorKind::Missing, Stage::Persona, message))
}

/// The package that `name` means: one of the user's own, or a path to one; nothing where there is none, and where a
/// built-in persona has that name.
fn package(name: &str, data: &Path) -> Option<PathBuf> {
    if built_in::names().contains(&name) {
        return None;
    }
    let own = [folder(data).join(format!("{name}.omote")), folder(data).join(name)];
    let plain = Path::new(name).components().count() == 1 && !name.starts_with('.');
    let own = own.into_iter().find(|path| plain && path.exists());
    own.or_else(|| Some(PathBuf::from(name)).filter(|path| path.exists()))
}

/// Which package a name means now: its path, when it was last changed, and its length. Another one where the package
/// was replaced, the empty one for what is built in or not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonaStamp(Option<(PathBuf, Option<SystemTime>, u64)>);

impl PersonaStamp {
    /// That of the persona that [`resolve`] would give.
    #[must_use]
    pub fn of_persona(name: &str, data: &Path) -> Self {
        Self(package(name, data).and_then(|path| {
            // A folder's manifest has the hashes of its other files.
            let file = if path.is_dir() { path.join("persona.toml") } else { path.clone() };
            let about = std::fs::metadata(file).ok()?;
            Some((path, about.modified().ok(), about.len()))
        }))
    }
}

/// The mesh points of every face of a photo, in its pixels, by the networks of the data folder. Transparent
/// parts count as black.
///
/// # Errors
/// Networks that are missing or fail.
pub fn faces(photo: &Picture, data: &Path) -> Result<Vec<Vec<MeshPoint>>> {
    let runtime = Runtime::discover(models::library(data).as_deref()).map_err(networks)?;
    let mut tracker =
        Tracker::new(&runtime, &models::models_dir(data), TrackerConfig::default()).map_err(networks)?;
    let found = tracker.detect_still(&frame(photo)?).map_err(networks)?;
    Ok(found.into_iter().map(|face| face.landmarks).collect())
}

/// The photo as networks take it. Transparent parts count as black.
///
/// # Errors
/// A size that no frame has.
pub fn frame(photo: &Picture) -> Result<Frame> {
    photo.frame().map_err(|e| Error::wrap(ErrorKind::Unsupported, Stage::Track, e.to_string(), e))
}

fn networks(e: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = format!("the face networks can't be used: {e}");
    Error::wrap(ErrorKind::Backend, Stage::Infer, message, e)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_engine::persona::{ColourTransfer, Composite, PersonaDraft};
    use std::fs;

    fn today() -> Date {
        Date::new(2026, 11, 23).unwrap()
    }

    fn draft() -> PersonaDraft {
        let (picture, landmarks) = Composite::Two.face().unwrap();
        PersonaDraft::fictional(
            "test-face",
            "A test",
            "made for a test",
            ColourTransfer::Match,
            picture,
            landmarks,
        )
    }

    #[test]
    fn the_built_in_persona_is_worn_though_a_file_has_its_name() {
        let data = tempfile::tempdir().unwrap();
        draft().write(&folder(data.path()).join("kitsune.omote"), today()).unwrap();
        let worn = resolve("kitsune", data.path(), today()).unwrap();
        let built_in = built_in::load("kitsune", today()).unwrap().unwrap();
        assert_eq!((worn.name(), worn.title()), ("kitsune", built_in.title()));
        assert_eq!(PersonaStamp::of_persona("kitsune", data.path()), PersonaStamp::default());
    }

    #[test]
    fn a_replaced_package_has_another_stamp() {
        let data = tempfile::tempdir().unwrap();
        let stamp = || PersonaStamp::of_persona("me", data.path());
        assert_eq!(stamp(), PersonaStamp::default());
        let path = folder(data.path()).join("me.omote");
        draft().write(&path, today()).unwrap();
        let first = stamp();
        assert!(first != PersonaStamp::default() && first == stamp());
        fs::remove_file(&path).unwrap();
        PersonaDraft { title: "Another one of noise".to_owned(), ..draft() }.write(&path, today()).unwrap();
        assert_ne!(stamp(), first);
        // A folder in its place, and one whose manifest changed.
        fs::remove_file(&path).unwrap();
        let path = folder(data.path()).join("me");
        draft().write(&path, today()).unwrap();
        let unpacked = stamp();
        assert!(unpacked != first && unpacked != PersonaStamp::default());
        fs::write(path.join("persona.toml"), "other").unwrap();
        assert_ne!(stamp(), unpacked);
    }
}
