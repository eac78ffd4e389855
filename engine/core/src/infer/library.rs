//! ONNX Runtime's library as a file: which one is the newest, and whether it is whole before anything maps it. A
//! library that was cut short loads without complaint and ends the process when the missing part is touched.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::models::hash_file;
use crate::output;

/// A library that set-up gets: its file name and its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pinned {
    /// File name.
    pub file: &'static str,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: &'static str,
}

/// For Linux on x86-64.
pub const LINUX_X64: Pinned = Pinned {
    file: "libonnxruntime.so.1.31.1",
    sha256: "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
};
/// For Linux on 64-bit ARM.
pub const LINUX_ARM64: Pinned = Pinned {
    file: "libonnxruntime.so.1.31.1",
    sha256: "8aa3b76b28c778a2b1dd660d34161adb1d508c9ccd04ff9dc80e26eca5df8467",
};
/// For macOS on 64-bit ARM.
pub const MACOS_ARM64: Pinned = Pinned {
    file: "libonnxruntime.1.31.1.dylib",
    sha256: "f8b06155feece624e55e49124340eea279da812529ae6fbc46a9f2be9c9cad2e",
};
/// For Windows on x86-64.
pub const WINDOWS_X64: Pinned = Pinned {
    file: "onnxruntime.dll",
    sha256: "8482d2ee174e28504f99730fb01d6861575870283de4ed3a897ad39170d9a9b9",
};

/// All of them.
const ALL: [Pinned; 4] = [LINUX_X64, LINUX_ARM64, MACOS_ARM64, WINDOWS_X64];

/// Name of the file beside a library that says which contents were checked.
const CHECKED: &str = ".checked";

/// The newest library in a folder, by the numbers in the name: 1.31 is newer than 1.9.
pub(super) fn newest(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let versioned = |path: PathBuf| Some((version(path.file_name()?.to_str()?)?, path));
    entries.filter_map(|entry| versioned(entry.ok()?.path())).max().map(|(_, path)| path)
}

/// The version that a library's file name says, empty where it says none; nothing where it is no library's name.
fn version(name: &str) -> Option<Vec<u64>> {
    if name == "onnxruntime.dll" {
        return Some(Vec::new());
    }
    let rest = name.strip_prefix("libonnxruntime.")?;
    let numbers = match rest.strip_prefix("so") {
        Some(numbers) => numbers.strip_prefix('.').or_else(|| numbers.is_empty().then_some(""))?,
        None if rest == "dylib" => "",
        None => rest.strip_suffix(".dylib")?,
    };
    if numbers.is_empty() {
        return Some(Vec::new());
    }
    numbers.split('.').map(|number| number.parse().ok()).collect()
}

/// Checks that the file is whole: its length by what it says of itself, every time; its contents, where set-up brings a
/// library of this name, once for each change of the file.
///
/// # Errors
/// What is wrong, to stand in a sentence.
pub(super) fn check(path: &Path) -> Result<(), String> {
    let told = |e: std::io::Error| e.to_string();
    let about = fs::metadata(path).map_err(told)?;
    if !about.is_file() {
        return Err("it is no file".to_owned());
    }
    let (there, needed) = (about.len(), needed(path).map_err(told)?);
    match needed {
        None if cfg!(target_os = "linux") => return Err("it is no shared library".to_owned()),
        Some(needed) if there < needed => {
            return Err(format!("it is cut short: {there} of at least {needed} bytes are there"));
        }
        _ => {}
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let pins: Vec<&str> = ALL.iter().filter(|pin| pin.file == name).map(|pin| pin.sha256).collect();
    // Elsewhere than in a data folder a file of this name may be the user's own.
    if pins.is_empty() || path.parent().and_then(Path::file_name) != Some("lib".as_ref()) {
        return Ok(());
    }
    let changed = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let state = format!("{name} {there} {}", changed.map_or(0, |time| time.as_nanos()));
    let note = path.with_file_name(CHECKED);
    if changed.is_some() && fs::read_to_string(&note).is_ok_and(|known| known == state) {
        return Ok(());
    }
    let hash = hash_file(path).map_err(told)?;
    if !pins.contains(&hash.as_str()) {
        return Err(format!("it is damaged, or not the one that set-up gets: its SHA-256 is {hash}"));
    }
    // Where it can't be kept, the next start checks again.
    if let Err(e) = output::write(&note, state.as_bytes(), output::Options::own()) {
        log::debug!("can't keep that {} was checked: {e}", path.display());
    }
    Ok(())
}

/// The length that an ELF file must have by its own tables; nothing where it is none.
fn needed(path: &Path) -> std::io::Result<Option<u64>> {
    let mut file = File::open(path)?;
    let mut head = [0; 64];
    let mut got = 0;
    while got < head.len() {
        match file.read(head.get_mut(got..).unwrap_or_default())? {
            0 => break,
            n => got += n,
        }
    }
    if !head.starts_with(b"\x7fELF") {
        return Ok(None);
    }
    // 64 bits, little-endian: what Omote runs on.
    if got < head.len() || head[4] != 2 || head[5] != 1 {
        return Ok(Some(head.len() as u64).filter(|_| got < head.len()));
    }
    let (segments, size, count) = (long(&head, 32), u64::from(short(&head, 54)), u64::from(short(&head, 56)));
    let sections = long(&head, 40)
        .saturating_add(u64::from(short(&head, 58)).saturating_mul(u64::from(short(&head, 60))));
    let mut most = sections.max(segments.saturating_add(size * count));
    if size >= 56 && file.seek(SeekFrom::Start(segments)).is_ok() {
        let mut entry = vec![0; size as usize];
        for _ in 0..count {
            if file.read_exact(&mut entry).is_err() {
                break;
            }
            most = most.max(long(&entry, 8).saturating_add(long(&entry, 32)));
        }
    }
    Ok(Some(most))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let part = bytes.get(at..).and_then(|b| b.first_chunk());
    part.map_or(0, |b| u64::from_le_bytes(*b))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    let part = bytes.get(at..).and_then(|b| b.first_chunk());
    part.map_or(0, |b| u16::from_le_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_found_by_number_and_other_files_are_passed_over() {
        let folder = tempfile::TempDir::new().unwrap();
        let check = |names: &[&str], expected: Option<&str>| {
            let folder = folder.path().join(names.join("+"));
            fs::create_dir(&folder).unwrap();
            for name in names {
                fs::write(folder.join(name), "").unwrap();
            }
            let found = newest(&folder);
            assert_eq!(found.as_deref().map(|p| p.file_name().unwrap().to_str().unwrap()), expected);
        };
        check(&["libonnxruntime.so.1.9.0", "libonnxruntime.so.1.31.1"], Some("libonnxruntime.so.1.31.1"));
        check(&["libonnxruntime.so.1.31.1", "libonnxruntime.so.1.31.10"], Some("libonnxruntime.so.1.31.10"));
        check(&["libonnxruntime.so.10.0.0", "libonnxruntime.so.9.99.9"], Some("libonnxruntime.so.10.0.0"));
        check(&["libonnxruntime.so", "libonnxruntime.so.1.31.1"], Some("libonnxruntime.so.1.31.1"));
        check(
            &["libonnxruntime.1.31.1.dylib", "libonnxruntime.1.9.0.dylib", "libonnxruntime.dylib"],
            Some("libonnxruntime.1.31.1.dylib"),
        );
        check(&["onnxruntime.dll", "onnxruntime_providers_shared.dll"], Some("onnxruntime.dll"));
        check(
            &["libonnxruntime.so.1.31.1.part", "libonnxruntime.so.1.40.0~", "libonnxruntime.so.1.23.0"],
            Some("libonnxruntime.so.1.23.0"),
        );
        check(&["libonnxruntime_providers_shared.so", ".checked", "libonnxruntime.sow"], None);
    }

    /// A library of this machine's: the program that runs this test has all that one has.
    #[cfg(target_os = "linux")]
    fn whole() -> Vec<u8> {
        let mut bytes = Vec::new();
        File::open(std::env::current_exe().unwrap()).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_library_that_was_cut_anywhere_is_refused() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("libonnxruntime.so.1.2.3");
        let whole = whole();
        fs::write(&path, &whole).unwrap();
        assert_eq!(check(&path), Ok(()));
        for left in [4, 63, 64, 100, 4096, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..left]).unwrap();
            let reason = check(&path).unwrap_err();
            assert!(reason.contains("cut short"), "{left}: {reason}");
        }
        fs::write(&path, "").unwrap();
        assert!(check(&path).unwrap_err().contains("no shared library"));
        assert!(check(folder.path()).unwrap_err().contains("no file"));
        assert!(check(&folder.path().join("gone")).unwrap_err().contains("No such file"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_set_up_gets_is_checked_by_its_contents() {
        let folder = tempfile::TempDir::new().unwrap();
        let lib = folder.path().join("lib");
        fs::create_dir(&lib).unwrap();
        let path = lib.join(LINUX_X64.file);
        fs::write(&path, whole()).unwrap();
        assert!(check(&path).unwrap_err().contains("SHA-256"), "of the right name, with other contents");
        assert!(!lib.join(CHECKED).exists());
        // One that was checked, and has not changed since, is not read again.
        let about = fs::metadata(&path).unwrap();
        let time = about.modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        fs::write(lib.join(CHECKED), format!("{} {} {time}", LINUX_X64.file, about.len())).unwrap();
        assert_eq!(check(&path), Ok(()));
        File::options().write(true).open(&path).unwrap().set_modified(std::time::SystemTime::now()).unwrap();
        assert!(check(&path).is_err());
        // A library of the user's own may have any contents.
        let own = folder.path().join(LINUX_X64.file);
        fs::write(&own, whole()).unwrap();
        assert_eq!(check(&own), Ok(()));
    }
}
