//! Where an output really goes: through links, into pipes, or not at all.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::OutputError;

/// Endings of what Omote writes; a name is needed before them.
const ENDINGS: [&str; 13] =
    ["mp4", "mkv", "mov", "webm", "ts", "y4m", "png", "jpg", "json", "jsonl", "html", "omote", "toml"];
/// Links that are followed, as the system itself does.
const LINKS: usize = 40;

/// What stands at the end of all links.
pub(super) enum Occupant {
    /// Nothing yet.
    Nothing,
    /// A regular file.
    File(Metadata),
    /// A folder.
    Folder(Metadata),
    /// A pipe or character device, to be opened by its path.
    Stream,
    /// A descriptor of this process that is open already.
    Open(File),
}

/// An output's place.
pub(super) struct Place {
    /// At the end of all links.
    pub(super) path: PathBuf,
    pub(super) node: Occupant,
}

/// Refuses names that are meant for something else.
pub fn check_name(target: &Path) -> Result<(), OutputError> {
    if target.as_os_str().is_empty() {
        return Err(OutputError::NoName);
    }
    if target.as_os_str() == "-" {
        return Err(OutputError::Dash);
    }
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let ending = name.strip_prefix('.').map(str::to_lowercase);
    if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
        return Err(OutputError::OnlyEnding { name });
    }
    Ok(())
}

/// Whether a name is written as a folder's.
pub fn named_as_folder(target: &Path) -> bool {
    target.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

/// The folder that holds `path`.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Follows `target` to its place.
pub(super) fn find(target: &Path) -> Result<Place, OutputError> {
    let failed = |cause| OutputError::io(target, cause);
    let special = |what| OutputError::Special { path: target.to_owned(), what };
    // Without the slash that a folder's name may end in.
    let mut path: PathBuf = target.components().collect();
    for _ in 0..LINKS {
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                if !parent(&path).is_dir() {
                    return Err(OutputError::NoParent { path: target.to_owned() });
                }
                return Ok(Place { path, node: Occupant::Nothing });
            }
            Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
                return Err(OutputError::NoParent { path: target.to_owned() });
            }
            Err(e) => return Err(failed(e)),
        };
        if found.is_symlink() {
            if let Some(number) = descriptor(&path) {
                let open = open_already(number).map_err(failed)?;
                let node = match (open, class(&fs::metadata(&path).map_err(failed)?)) {
                    (Some(file), _) => Occupant::Open(file),
                    (None, Class::Stream) => Occupant::Stream,
                    (None, _) => return Err(special("a file that is open already")),
                };
                return Ok(Place { path, node });
            }
            let to = fs::read_link(&path).map_err(failed)?;
            path = parent(&path).join(to);
            continue;
        }
        let node = match class(&found) {
            Class::File => Occupant::File(found),
            Class::Folder => Occupant::Folder(found),
            Class::Stream => Occupant::Stream,
            Class::Refused(what) => return Err(special(what)),
        };
        return Ok(Place { path, node });
    }
    Err(special("a link that leads to itself"))
}

enum Class {
    File,
    Folder,
    Stream,
    Refused(&'static str),
}

fn class(found: &Metadata) -> Class {
    if found.is_file() {
        return Class::File;
    }
    if found.is_dir() {
        return Class::Folder;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = found.file_type();
        if kind.is_block_device() {
            return Class::Refused("a disk");
        }
        if kind.is_socket() {
            return Class::Refused("a socket");
        }
    }
    Class::Stream
}

/// The number of the descriptor that `path`, a link, stands for: as /dev/stdout leads to /proc/self/fd/1.
fn descriptor(path: &Path) -> Option<u32> {
    let folder = fs::canonicalize(parent(path)).ok()?;
    let below = folder.strip_prefix("/proc").ok()?;
    (below.ends_with("fd")).then(|| path.file_name()?.to_str()?.parse().ok()).flatten()
}

/// Standard output or standard error, which share their place in a file with whoever else writes there.
#[cfg(unix)]
fn open_already(number: u32) -> io::Result<Option<File>> {
    use std::os::fd::AsFd;
    let copied = match number {
        1 => io::stdout().as_fd().try_clone_to_owned(),
        2 => io::stderr().as_fd().try_clone_to_owned(),
        _ => return Ok(None),
    };
    copied.map(|descriptor| Some(File::from(descriptor)))
}

#[cfg(not(unix))]
fn open_already(_: u32) -> io::Result<Option<File>> {
    Ok(None)
}
