//! Files that several processes change: each locks them, reads them again, and only then writes.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::place::{find, parent};
use super::{Options, OutputError, write};

/// The file in a folder whose lock stands for the folder's lists and settings.
const FILE: &str = ".omote-lock";
/// How long another process is waited for, which has only to write a small file.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

/// The lock of a folder's lists and settings. It is free again when this is dropped, or when its process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Locks the folder, which is made where it is missing; waits for another process.
    ///
    /// # Errors
    /// A folder that can't be written, or another process that does not let go within ten seconds.
    pub fn acquire(folder: &Path) -> Result<Self, OutputError> {
        Self::wait(folder, PATIENCE)
    }

    pub(super) fn wait(folder: &Path, patience: Duration) -> Result<Self, OutputError> {
        let failed = |cause| OutputError::io(folder, cause);
        fs::create_dir_all(folder).map_err(failed)?;
        let path = folder.join(FILE);
        let open = File::options().create(true).truncate(false).write(true).open(&path);
        // Made by another user, it can still be locked.
        let file = match open {
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => File::open(&path).map_err(|_| e),
            other => other,
        }
        .map_err(failed)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => std::thread::sleep(POLL),
                Err(TryLockError::WouldBlock) => {
                    return Err(OutputError::Locked { path: path.clone(), seconds: patience.as_secs() });
                }
                // Disks without locks: what is left is that files are replaced whole.
                Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {
                    log::warn!(
                        "this disk has no locks, so let one program at a time write: {}",
                        path.display()
                    );
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            }
        }
    }
}

/// Changes a file that other processes change too. `change` is given what is in it now, None where there is no
/// such file, and gives what is to be in it, None to leave it as it is; with what the caller wants to know. The
/// folder is made where it is missing.
///
/// # Errors
/// Those of `change`; a file that can't be read or written; another process that does not let go.
pub fn update<T, E: From<OutputError>>(
    target: &Path,
    options: Options,
    change: impl FnOnce(Option<Vec<u8>>) -> Result<(Option<Vec<u8>>, T), E>,
) -> Result<T, E> {
    let failed = |cause| OutputError::io(target, cause);
    fs::create_dir_all(parent(target)).map_err(failed)?;
    // Two names of one file have one lock.
    let path = find(target)?.path;
    let _lock = Lock::acquire(parent(&path))?;
    let now = match fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(failed(e).into()),
    };
    let (new, told) = change(now)?;
    if let Some(bytes) = new {
        write(&path, &bytes, options)?;
    }
    Ok(told)
}
