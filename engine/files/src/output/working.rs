//! Working names: what is being written is called `.omote-part-PROCESS-RANDOM-NAME` until it is whole.

use std::fs::{self, DirBuilder, File};
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::place::parent;
use super::settle::{aside, incomplete};
use super::step::step;
use super::{Access, OutputError};

/// What every working name begins with.
const PREFIX: &str = ".omote-part-";
/// Bytes of the target's name that a working name holds. The rest of it has at most 40, and a name 255.
const LABEL: usize = 200;
/// Working names that are tried: they are random, so one is free at once.
const TRIES: u32 = 64;
/// What is younger may be about to be locked by its writer.
const FRESH: Duration = Duration::from_secs(5);

/// A working file or folder that is there, and held: as long as its handle is open, others see that its writer
/// lives.
#[derive(Debug)]
pub(super) struct Working {
    pub(super) path: PathBuf,
    /// None for folders where the system opens none.
    pub(super) handle: Option<File>,
}

impl Working {
    /// Makes and opens a file beside `place`.
    pub(super) fn file(place: &Path, access: Access) -> io::Result<Self> {
        let mut open = File::options();
        open.read(true).write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            open.mode(if access == Access::Private { 0o600 } else { 0o666 });
        }
        #[cfg(not(unix))]
        let _ = access;
        let (path, file) = fresh(place, |path| open.open(path))?;
        hold(&file);
        Ok(Self { path, handle: Some(file) })
    }

    /// Makes a folder beside `place`, or in it.
    pub(super) fn folder(place: &Path, access: Access) -> io::Result<Self> {
        let (path, ()) = fresh(place, |path| {
            let mut make = DirBuilder::new();
            #[cfg(unix)]
            {
                use std::os::unix::fs::DirBuilderExt;
                make.mode(if access == Access::Private { 0o700 } else { 0o777 });
            }
            #[cfg(not(unix))]
            let _ = access;
            make.create(path)
        })?;
        let handle = File::open(&path).ok().inspect(hold);
        Ok(Self { path, handle })
    }
}

/// Makes something under a working name beside `place` that nothing has.
fn fresh<T>(place: &Path, mut make: impl FnMut(&Path) -> io::Result<T>) -> io::Result<(PathBuf, T)> {
    let folder = parent(place);
    let mut label = label(place);
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    for k in 0..TRIES {
        let process = std::process::id();
        let now = SystemTime::now();
        let random = RandomState::new().hash_one((now, process, k));
        let path = folder.join(format!("{PREFIX}{process}-{random:016x}-{label}"));
        step("make")?;
        match make(&path) {
            Ok(made) => return Ok((path, made)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => last = e,
            // Some disks take shorter names than others.
            Err(e) if e.kind() == io::ErrorKind::InvalidFilename && !label.is_empty() => label.clear(),
            Err(e) => return Err(e),
        }
    }
    Err(last)
}

/// The target's name; of one that is too long a hash and its end.
fn label(place: &Path) -> String {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    if name.len() <= LABEL {
        return name.into_owned();
    }
    let mut hash = DefaultHasher::new();
    name.hash(&mut hash);
    let from = name.ceil_char_boundary(name.len() - (LABEL - 17));
    format!("{:016x}~{}", hash.finish(), name.get(from..).unwrap_or_default())
}

/// Locks a file or folder for as long as it is open. Where the system can't, its age and the process tell others.
fn hold(file: &File) {
    // On Windows others could not write to a locked file, and ffmpeg must.
    #[cfg(unix)]
    let _ = file.try_lock();
    #[cfg(not(unix))]
    let _ = file;
}

/// What a working name says.
fn parse(name: &str) -> Option<(u32, &str)> {
    let (process, rest) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let (random, label) = rest.split_once('-')?;
    (random.len() == 16 && u64::from_str_radix(random, 16).is_ok())
        .then(|| process.parse().ok())
        .flatten()
        .map(|process| (process, label))
}

/// Something unfinished whose writer has gone: it was killed, or the machine stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOver {
    /// Where it is.
    pub path: PathBuf,
    /// The name that it was to have; of very long names a hash and the end.
    pub name: String,
    /// The process that wrote it.
    pub process: u32,
    /// Whether it is a folder.
    pub folder: bool,
    /// Its length in bytes; 0 for a folder.
    pub bytes: u64,
    /// When it was last written to.
    pub changed: Option<SystemTime>,
}

impl LeftOver {
    /// Keeps it under a name that says what it is: "NAME (incomplete).mp4" for NAME.mp4. Where it is then.
    ///
    /// # Errors
    /// Where it can't be renamed.
    pub fn keep(&self) -> Result<PathBuf, OutputError> {
        let place = self.path.with_file_name(if self.name.is_empty() { "output" } else { &self.name });
        aside(&self.path, &place, self.folder, &incomplete).map_err(|e| OutputError::io(&place, e))
    }

    /// Removes it.
    ///
    /// # Errors
    /// Where it can't be removed.
    pub fn remove(&self) -> Result<(), OutputError> {
        let removed = if self.folder { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
        removed.map_err(|e| OutputError::io(&self.path, e))
    }
}

/// What killed processes left unfinished in `folder`, by path. What a living process is writing is not among it.
#[must_use]
pub fn left_overs(folder: &Path) -> Vec<LeftOver> {
    let mut found: Vec<LeftOver> = unfinished(folder).filter(gone).collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The process that is writing to `place` now.
pub(super) fn writer(place: &Path) -> Option<u32> {
    let label = label(place);
    let same = |one: &LeftOver| one.name == label && is_locked(&one.path) == Some(true);
    unfinished(parent(place)).find(same).map(|one| one.process)
}

fn unfinished(folder: &Path) -> impl Iterator<Item = LeftOver> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let name = entry.file_name();
        let (process, name) = parse(name.to_str()?)?;
        // Links, pipes and the like are none of ours.
        let data = entry.metadata().ok().filter(|data| data.is_file() || data.is_dir())?;
        Some(LeftOver {
            path: entry.path(),
            name: name.to_owned(),
            process,
            folder: data.is_dir(),
            bytes: if data.is_dir() { 0 } else { data.len() },
            changed: data.modified().ok(),
        })
    })
}

/// Whether someone has locked it; None where that can't be told.
fn is_locked(path: &Path) -> Option<bool> {
    if !cfg!(unix) {
        return None;
    }
    match File::open(path).ok()?.try_lock_shared() {
        Ok(()) => Some(false),
        Err(fs::TryLockError::WouldBlock) => Some(true),
        Err(fs::TryLockError::Error(_)) => None,
    }
}

fn gone(one: &LeftOver) -> bool {
    let old =
        |least: Duration| one.changed.and_then(|time| time.elapsed().ok()).is_some_and(|age| age > least);
    // Numbers of processes are given anew, so a living one says little.
    let dead = cfg!(target_os = "linux") && !Path::new(&format!("/proc/{}", one.process)).exists();
    match is_locked(&one.path) {
        Some(true) => false,
        Some(false) => dead || old(FRESH),
        None => dead || old(Duration::from_secs(86400)),
    }
}
