//! What a killed program leaves behind: every output is noted in the data folder while it is written, so that the next start
//! finds what was never completed, wherever it is.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use omote_engine::sink::{self, Rest};
use serde::{Deserialize, Serialize};

/// Folder of the notes below the data folder.
const FOLDER: &str = "unfinished";

/// What a note says.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Text {
    /// Where the output is written.
    working: PathBuf,
    /// The name that it is to have.
    target: PathBuf,
}

/// A note on an output that is being written. It is locked as long as the program lives, and removed with this.
#[derive(Debug)]
pub(crate) struct Note {
    path: PathBuf,
    /// Folders that were made for it: the notes' and perhaps the data folder. They go with it where nothing else is there.
    made: Vec<PathBuf>,
    _locked: File,
}

impl Note {
    /// Notes that what is to become `target` is being written at `working`. Where it can't be noted nothing is lost but
    /// the finding.
    pub(crate) fn begin(data: &Path, working: &Path, target: &Path) -> Option<Self> {
        Self::write(data, working, target)
            .inspect_err(|e| log::debug!("{} can't be noted: {e}", working.display()))
            .ok()
    }

    fn write(data: &Path, working: &Path, target: &Path) -> std::io::Result<Self> {
        let folder = data.join(FOLDER);
        let made = [folder.as_path(), data].into_iter().filter(|f| !f.exists()).map(PathBuf::from).collect();
        fs::create_dir_all(&folder)?;
        let (file, path) = tempfile::Builder::new().suffix(".json").tempfile_in(&folder)?.keep()?;
        let note = Self { path, made, _locked: file };
        note._locked.try_lock()?;
        let text = Text { working: std::path::absolute(working)?, target: std::path::absolute(target)? };
        (&note._locked).write_all(&serde_json::to_vec(&text)?)?;
        Ok(note)
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_file(&self.path) {
            log::debug!("{} could not be removed: {e}", self.path.display());
        }
        for folder in &self.made {
            // It stays where something else has come into it.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// An output that was never completed.
#[derive(Clone, Debug)]
pub(crate) struct LeftOver {
    note: PathBuf,
    /// Where it is.
    pub(crate) working: PathBuf,
    /// The name that it was to have.
    pub(crate) target: PathBuf,
    /// What is whole of it; nothing where it can't be shown.
    pub(crate) rest: Option<Rest>,
}

/// All outputs that were never completed because their program was killed.
pub(crate) fn find(data: &Path) -> Vec<LeftOver> {
    let entries = fs::read_dir(data.join(FOLDER)).into_iter().flatten().flatten();
    let mut found: Vec<LeftOver> = entries.filter_map(|entry| left(&entry.path())).collect();
    found.sort_by(|a, b| a.working.cmp(&b.working));
    found
}

/// What a note speaks of, where nobody writes it any more and it is still there.
fn left(note: &Path) -> Option<LeftOver> {
    let file = File::open(note).ok()?;
    // Who writes it holds the lock.
    file.try_lock().ok()?;
    let text: Option<Text> = serde_json::from_reader(&file).ok();
    let Some(Text { working, target }) = text.filter(|text| text.working.exists()) else {
        if let Err(e) = fs::remove_file(note) {
            log::debug!("{} could not be removed: {e}", note.display());
        }
        return None;
    };
    let rest = sink::inspect(&working).ok();
    Some(LeftOver { note: note.to_owned(), working, target, rest })
}

impl LeftOver {
    /// How much there is of it, for people: "12.3 s", "40 pictures".
    pub(crate) fn amount(&self) -> String {
        match self.rest {
            Some(Rest { seconds: Some(seconds), .. }) => format!("{seconds:.1} s"),
            Some(Rest { frames, .. }) => format!("{frames} pictures"),
            None => "nothing playable".to_owned(),
        }
    }

    /// What it is and where, in one line.
    pub(crate) fn line(&self) -> String {
        let place = self.working.display();
        match self.rest {
            Some(_) => format!("a recording was cut off after {}: {place}", self.amount()),
            None => format!("a run was cut off and left an incomplete file that can't be played: {place}"),
        }
    }

    /// Completes it and gives it its name; where it is then.
    pub(crate) fn keep(&self) -> anyhow::Result<PathBuf> {
        let place = sink::salvage(&self.working, &self.target)
            .with_context(|| format!("{} can't be given its intended name", self.working.display()))?;
        self.forget();
        Ok(place)
    }

    /// Removes it.
    pub(crate) fn discard(&self) -> anyhow::Result<()> {
        let path = &self.working;
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        removed.with_context(|| format!("{} can't be removed", path.display()))?;
        self.forget();
        Ok(())
    }

    fn forget(&self) {
        if let Err(e) = fs::remove_file(&self.note) {
            log::debug!("{} could not be removed: {e}", self.note.display());
        }
    }
}

/// Says on standard error what was left behind, and what to do with it.
pub(crate) fn report(data: &Path) {
    let found = find(data);
    let mut err = std::io::stderr().lock();
    for one in &found {
        // With standard error closed there is nobody to tell.
        let _ = writeln!(err, "left behind: {}", one.line());
    }
    if !found.is_empty() {
        let keep = if found.iter().any(|one| one.rest.is_some()) {
            "--keep completes it under its intended name, "
        } else {
            ""
        };
        let _ = writeln!(err, "`omote recordings` lists it; {keep}--discard deletes it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_found_once_its_writer_is_gone() {
        let data = tempfile::tempdir().unwrap();
        let (working, target) = (data.path().join("a.part.y4m"), data.path().join("a.y4m"));
        let mut clip = b"YUV4MPEG2 W64 H48 F10:1 Ip A1:1 C420jpeg\n".to_vec();
        for _ in 0..20 {
            clip.extend_from_slice(b"FRAME\n");
            clip.extend(vec![90; 64 * 48 * 3 / 2]);
        }
        fs::write(&working, &clip).unwrap();
        let note = Note::begin(data.path(), &working, &target).unwrap();
        assert!(find(data.path()).is_empty(), "its writer lives");
        // As the system does when the writer is killed: the lock goes, the note stays.
        let path = note.path.clone();
        let kept = fs::read(&path).unwrap();
        drop(note);
        assert!(!data.path().join(FOLDER).exists(), "what was made for the note goes with it");
        fs::create_dir(data.path().join(FOLDER)).unwrap();
        fs::write(&path, kept).unwrap();
        let found = find(data.path());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].amount(), "2.0 s");
        assert!(found[0].line().contains("a.part.y4m"));
        fs::write(&target, "another's").unwrap();
        assert_eq!(found[0].keep().unwrap(), data.path().join("a (2).y4m"));
        assert!(find(data.path()).is_empty());
        // A note on something that is gone goes too.
        fs::write(&path, serde_json::to_vec(&Text { working, target }).unwrap()).unwrap();
        assert!(find(data.path()).is_empty() && !path.exists());
    }
}
