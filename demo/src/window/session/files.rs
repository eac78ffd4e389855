//! Where snapshots and recordings go, and what they are called.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use omote_engine::persona::Date;

/// Folder of this program's files among the user's pictures and videos.
const FOLDER: &str = "Omote";

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A picture.
    Snapshot,
    /// A video.
    Recording,
}

/// A new file's place: in the user's Pictures or Videos, named by the time in UTC. The folder is made.
///
/// # Errors
/// What the system says where the folder can't be made.
pub(crate) fn new_file(kind: FileKind) -> Result<PathBuf, String> {
    let user = directories::UserDirs::new();
    let named = user.as_ref().and_then(|user| match kind {
        FileKind::Snapshot => user.picture_dir(),
        FileKind::Recording => user.video_dir(),
    });
    let plain = match kind {
        FileKind::Snapshot => "Pictures",
        FileKind::Recording => "Videos",
    };
    let home = user.as_ref().map_or_else(|| PathBuf::from("."), |user| user.home_dir().to_owned());
    let folder = named.map_or_else(|| home.join(plain), Path::to_owned).join(FOLDER);
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("can't create {}: {error}", folder.display()))?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ending = if kind == FileKind::Snapshot { "png" } else { "mp4" };
    Ok(free(&folder, &stem(since), ending, &|path| path.exists()))
}

/// `omote-2026-11-23-150405`, for the time since 1970 in UTC.
fn stem(since: Duration) -> String {
    let day = since.as_secs() % 86400;
    let date = Date::from_unix(since.as_secs());
    format!("omote-{date}-{:02}{:02}{:02}", day / 3600, day / 60 % 60, day % 60)
}

/// The first of `stem`, `stem-2`, `stem-3` … that nothing has.
fn free(folder: &Path, stem: &str, ending: &str, taken: &dyn Fn(&Path) -> bool) -> PathBuf {
    let plain = folder.join(format!("{stem}.{ending}"));
    if !taken(&plain) {
        return plain;
    }
    let others = (2u32..).map(|n| folder.join(format!("{stem}-{n}.{ending}")));
    others.into_iter().find(|path| !taken(path)).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_clock_and_never_meet() {
        let name = stem(Duration::from_secs(1_795_000_000));
        assert_eq!(name, "omote-2026-11-18-110640");
        let taken = ["omote.png", "omote-2.png"];
        let is = |path: &Path| taken.iter().any(|t| path.ends_with(t));
        assert_eq!(free(Path::new("/p"), "omote", "png", &is), Path::new("/p/omote-3.png"));
        assert_eq!(free(Path::new("/p"), "other", "png", &is), Path::new("/p/other.png"));
    }
}
