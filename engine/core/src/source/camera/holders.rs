//! Which programs hold a device open, as the system's table of processes tells it.

use std::fs;
use std::path::Path;

/// A program that has a device open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holder {
    /// Process number.
    pub pid: u32,
    /// Its command's name; empty where the system does not tell.
    pub name: String,
}

/// Every other program that has `path` open, as `name (pid 123)`, by number. Programs of other users
/// are only seen by root; on systems without such a table nothing is.
pub fn holders(path: &Path) -> Vec<String> {
    others_in(Path::new("/proc"), path, std::process::id())
}

/// Every program that has `path` open, this one too, by number, as far as this user may see them. Nothing
/// where the system does not tell (it is no Linux).
pub(crate) fn holding(path: &Path) -> Option<Vec<Holder>> {
    holding_in(Path::new("/proc"), path)
}

fn others_in(table: &Path, path: &Path, own: u32) -> Vec<String> {
    let all = holding_in(table, path).unwrap_or_default();
    let words = |h: &Holder| {
        let name = if h.name.is_empty() { "a program" } else { &h.name };
        format!("{name} (pid {})", h.pid)
    };
    all.iter().filter(|h| h.pid != own).map(words).collect()
}

fn holding_in(table: &Path, path: &Path) -> Option<Vec<Holder>> {
    let wanted = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut found = Vec::new();
    for entry in fs::read_dir(table).ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // Gone in the meantime, or another user's.
        let Ok(open) = fs::read_dir(entry.path().join("fd")) else { continue };
        if open.flatten().any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == wanted)) {
            let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            found.push(Holder { pid, name: name.trim().to_owned() });
        }
    }
    found.sort();
    Some(found)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn who_holds_a_file_is_told_and_ourselves_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let device = dir.path().join("video7");
        fs::write(&device, "").unwrap();
        for (pid, name, open) in
            [("12", "zoom\n", true), ("9", "obs\n", true), ("13", "cat\n", false), ("14", "omote\n", true)]
        {
            let process = dir.path().join("proc").join(pid);
            fs::create_dir_all(process.join("fd")).unwrap();
            fs::write(process.join("comm"), name).unwrap();
            std::os::unix::fs::symlink("/dev/null", process.join("fd/0")).unwrap();
            if open {
                std::os::unix::fs::symlink(fs::canonicalize(&device).unwrap(), process.join("fd/5")).unwrap();
            }
        }
        fs::create_dir_all(dir.path().join("proc/self/fd")).unwrap();
        let found = others_in(&dir.path().join("proc"), &device, 14);
        assert_eq!(found, ["obs (pid 9)", "zoom (pid 12)"]);
        assert!(others_in(&dir.path().join("none"), &device, 14).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_own_table_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("held");
        let _file = fs::File::create(&path).unwrap();
        let found = others_in(Path::new("/proc"), &path, 0);
        let me = format!("(pid {})", std::process::id());
        assert!(found.len() == 1 && found[0].ends_with(&me), "{found:?}");
        assert!(holders(&path).is_empty());
    }
}
