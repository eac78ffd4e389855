//! The last steps: bringing what was written to the disk, and giving it its name.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::place::parent;
use super::step::step;
use super::{Existing, OutputError};

/// Bytes of the longest name that disks take.
const NAME: usize = 255;
/// Names that are tried for something kept aside.
const TRIES: u32 = 9999;

/// Brings a file's contents to the disk.
pub(super) fn sync(file: &File) -> io::Result<()> {
    step("sync")?;
    tolerate(file.sync_all())
}

/// Brings the names in the folder that holds `path` to the disk.
pub(super) fn sync_names(path: &Path) {
    let synced = step("sync names").and_then(|()| {
        #[cfg(unix)]
        tolerate(File::open(parent(path)).and_then(|folder| folder.sync_all()))?;
        Ok(())
    });
    if let Err(e) = synced {
        // The new name stands; only a power failure in the next seconds could take it back.
        log::warn!("the folder could not be brought to the disk ({e}): {}", parent(path).display());
    }
}

/// Brings everything in a folder to the disk.
pub(super) fn sync_tree(folder: &Path) -> io::Result<()> {
    step("sync")?;
    #[cfg(target_os = "linux")]
    {
        // One call for the whole disk: thousands of pictures one by one take minutes.
        if rustix::fs::syncfs(File::open(folder)?).is_ok() {
            return Ok(());
        }
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { sync_tree(&path)? } else { tolerate(File::open(&path)?.sync_all())? }
    }
    Ok(())
}

/// Disks that know no such thing are none the worse for it.
fn tolerate(synced: io::Result<()>) -> io::Result<()> {
    match synced {
        Err(e) if matches!(e.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput) => Ok(()),
        other => other,
    }
}

/// Gives what replaces `old` no rights that `old` did not give.
pub(super) fn narrow(work: &Path, old: Option<&Metadata>) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(old) = old {
        use std::os::unix::fs::PermissionsExt;
        let now = fs::metadata(work)?.permissions().mode() & 0o777;
        let narrow = now & old.permissions().mode();
        if narrow != now {
            step("rights")?;
            fs::set_permissions(work, fs::Permissions::from_mode(narrow))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (work, old);
    Ok(())
}

/// Renames `work` to `to`, over a file that is there only with [`Existing::Replace`].
pub(super) fn put(work: &Path, to: &Path, existing: Existing) -> io::Result<()> {
    step("rename")?;
    match existing {
        Existing::Refuse => rename_new(work, to),
        Existing::Replace => match fs::symlink_metadata(to) {
            Ok(there) if !there.is_file() => Err(io::ErrorKind::AlreadyExists.into()),
            _ => fs::rename(work, to),
        },
    }
}

/// Renames unless something of the new name is there, in one stroke where the system can.
pub(super) fn rename_new(work: &Path, to: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, work, CWD, to, RenameFlags::NOREPLACE) {
            // Disks and kernels that can't.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return Ok(done?),
        }
    }
    match fs::hard_link(work, to) {
        Ok(()) => {
            if let Err(e) = fs::remove_file(work) {
                log::warn!("the working name could not be removed ({e}): {}", work.display());
            }
            Ok(())
        }
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e),
        // Disks without hard links, and folders.
        Err(_) if fs::symlink_metadata(to).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(work, to),
    }
}

/// Keeps a whole output beside `place`, which was taken meanwhile, and says so. Where even that fails it stays under
/// its working name.
pub(super) fn displaced(
    work: &Path,
    target: &Path,
    place: &Path,
    folder: bool,
    cause: io::Error,
) -> OutputError {
    let kept = aside(work, place, folder, &another).unwrap_or_else(|_| work.to_owned());
    let cause = match cause.kind() {
        io::ErrorKind::AlreadyExists => {
            io::Error::new(cause.kind(), "another process has put something there meanwhile")
        }
        _ => cause,
    };
    OutputError::Displaced { path: target.to_owned(), kept, cause }
}

/// What an unfinished output's name gets: nothing of it is lost, and nobody takes it for whole.
pub(super) fn incomplete(k: u32) -> String {
    if k == 1 { " (incomplete)".to_owned() } else { format!(" (incomplete {k})") }
}

/// What a whole output's name gets whose place was taken meanwhile.
fn another(k: u32) -> String {
    format!(" ({})", k.saturating_add(1))
}

/// Renames `work` to the first name beside `place` that nothing has, with `words` before its ending.
pub(super) fn aside(
    work: &Path,
    place: &Path,
    folder: bool,
    words: &dyn Fn(u32) -> String,
) -> io::Result<PathBuf> {
    for k in 1..=TRIES {
        let path = beside(place, folder, &words(k));
        step("rename aside")?;
        match rename_new(work, &path) {
            Ok(()) => {
                sync_names(&path);
                return Ok(path);
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Gives what a killed process left under a working name the name that it was to have; where that is taken meanwhile,
/// `NAME (2).ENDING` and so on. Where it is then.
///
/// # Errors
/// Where it can't be renamed.
pub fn adopt(work: &Path, target: &Path) -> Result<PathBuf, OutputError> {
    // Without the slash that a folder's name may end in.
    let target: PathBuf = target.components().collect();
    let named = match rename_new(work, &target) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => aside(work, &target, work.is_dir(), &another),
        named => named.map(|()| {
            sync_names(&target);
            target.clone()
        }),
    };
    named.map_err(|cause| OutputError::io(&target, cause))
}

/// Gives a file that can't be used another name, so that nothing of it is lost: `NAME.ENDING`, or `NAME.ENDING-2`
/// where that is taken. Where it is then.
///
/// # Errors
/// Where it can't be renamed.
pub fn set_aside(path: &Path, ending: &str) -> Result<PathBuf, OutputError> {
    for k in 1..=TRIES {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(if k == 1 { format!(".{ending}") } else { format!(".{ending}-{k}") });
        let to = path.with_file_name(name);
        match rename_new(path, &to) {
            Ok(()) => return Ok(to),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(OutputError::io(path, e)),
        }
    }
    Err(OutputError::io(path, io::ErrorKind::AlreadyExists.into()))
}

/// `NAME WORDS.ENDING` beside `NAME.ENDING`; of a name that is too long the end is left out.
fn beside(place: &Path, folder: bool, words: &str) -> PathBuf {
    let whole = place.file_name().unwrap_or_default();
    let (stem, ending) = match place.extension() {
        Some(ending) if !folder => (place.file_stem().unwrap_or(whole), Some(ending)),
        _ => (whole, None),
    };
    let more = words.len() + ending.map_or(0, |ending| ending.len() + 1);
    let mut name = OsString::new();
    if stem.len() + more <= NAME {
        name.push(stem);
    } else {
        let stem = stem.to_string_lossy();
        let end = stem.floor_char_boundary(NAME.saturating_sub(more));
        name.push(stem.get(..end).unwrap_or_default());
    }
    name.push(words);
    if let Some(ending) = ending {
        name.push(".");
        name.push(ending);
    }
    place.with_file_name(name)
}
