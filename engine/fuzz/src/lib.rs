//! What the targets that read files share.

use std::cell::OnceCell;
use std::path::Path;

use omote_engine::source;

/// Frames of a clip that are read at most: a few bytes may stand for thousands.
const FRAMES: usize = 64;

thread_local! {
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

/// Runs `read` on a file of that name with those bytes, in memory where the system has a folder for that.
///
/// # Panics
/// Where no file can be written at all.
pub fn with_file(name: &str, bytes: &[u8], read: impl FnOnce(&Path)) {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| {
            let memory = Path::new("/dev/shm");
            let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
            made.expect("a folder for the file that is read")
        });
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("the file that is read");
        read(&path);
    });
}

/// Reads a clip to its end, or as far as it goes.
pub fn read_all(name: &str, bytes: &[u8]) {
    with_file(name, bytes, |path| {
        let Ok(mut clip) = source::open(path) else { return };
        for _ in 0..FRAMES {
            if !matches!(clip.next(), Ok(Some(_))) {
                break;
            }
        }
    });
}
