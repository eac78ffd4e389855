//! What `omote doctor` finds of the data folder: whether it is there, may be used, and has room.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{Finding, State};

const WHAT: &str = "data folder";
/// What set-up needs at most, with its wheels, in bytes.
const SET_UP: u64 = 150 << 20;
/// What a minute of recording takes, roughly, in bytes: below ten of them it is worth saying.
const MINUTE: u64 = 60 << 20;

/// The folder and the room on its disk.
pub(super) fn findings(root: &Path) -> Vec<Finding> {
    let mut all = vec![folder(root)];
    if all.iter().all(|finding| finding.state != State::Missing)
        && let Some(free) = free(root)
    {
        all.push(room(root, free));
    }
    all
}

fn folder(root: &Path) -> Finding {
    let shown = root.display();
    match fs::read_dir(root) {
        Ok(_) => match tempfile::Builder::new().prefix(".omote-").tempfile_in(root) {
            Ok(_) => Finding::found(WHAT, shown.to_string()),
            Err(e) if matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
                let detail = format!("{shown} is not writable, so personas and models can't be stored");
                let remedy = format!("sudo chown -R $USER '{shown}', or choose another with OMOTE_DATA");
                Finding::lacking(WHAT, State::Optional, detail, remedy)
            }
            Err(e) => Finding::lacking(
                WHAT,
                State::Optional,
                format!("no file can be created in {shown}: {e}"),
                "free space on its disk, or choose another folder with OMOTE_DATA",
            ),
        },
        Err(e) if e.kind() == ErrorKind::PermissionDenied => Finding::lacking(
            WHAT,
            State::Missing,
            format!("you have no permission to read {shown}"),
            format!("sudo chown -R $USER '{shown}', or choose another with OMOTE_DATA"),
        ),
        Err(e) if e.kind() == ErrorKind::NotADirectory => Finding::lacking(
            WHAT,
            State::Missing,
            format!("{shown} is not a folder"),
            "move it away and run `omote setup`, or choose another with OMOTE_DATA",
        ),
        Err(_) => Finding::lacking(WHAT, State::Missing, format!("{shown} does not exist"), "omote setup"),
    }
}

/// Bytes that are free for this user on the folder's disk.
#[cfg(unix)]
fn free(root: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(root).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

fn room(root: &Path, free: u64) -> Finding {
    const WHAT: &str = "disk";
    let shown = format!("{:.1} GB free", free as f64 / 1e9);
    if free >= 10 * MINUTE {
        return Finding::found(WHAT, shown);
    }
    let what = match free < SET_UP {
        true => "too little for set-up or for any recording",
        false => "little for recordings, which take about 60 MB per minute",
    };
    let remedy = format!("free space on the disk of {}", root.display());
    Finding::lacking(WHAT, State::Optional, format!("{shown}: {what}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_told_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(folder(dir.path()).state, State::Found);
        let gone = folder(&dir.path().join("gone"));
        assert_eq!((gone.state, gone.remedy.as_str()), (State::Missing, "omote setup"));
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let in_the_way = folder(&file);
        assert!(in_the_way.state == State::Missing && in_the_way.detail.contains("not a folder"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "the try leaves nothing behind");
    }

    #[test]
    fn little_room_is_told_before_it_is_missed() {
        let at = |free| room(Path::new("/data"), free);
        assert_eq!(at(50_000_000_000).detail, "50.0 GB free");
        for (free, words) in [(400 << 20, "recordings"), (1 << 20, "set-up")] {
            let finding = at(free);
            assert!(finding.detail.contains(words) && finding.remedy.contains("/data"), "{finding:?}");
        }
    }
}
