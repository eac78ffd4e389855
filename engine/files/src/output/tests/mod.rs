//! What is written where, what is refused, and what is never touched. Faults and kills are in [`torture`].

mod apart;
mod left_overs;
pub(super) mod torture;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{
    Existing, Lock, Options, OutputError, OutputFile, OutputFolder, Scratch, set_aside, update, write,
};
use omote_frame::error::ErrorKind;

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn numbered(name: &str) -> bool {
    name.ends_with(".png")
}

fn error(target: &Path, options: Options) -> OutputError {
    write(target, b"new", options).expect_err(&format!("{} was written", target.display()))
}

/// Makes a node by `mknod`; `false`, loudly, where that is not allowed.
#[cfg(unix)]
fn node(path: &Path, kind: &[&str]) -> bool {
    let made = std::process::Command::new("mknod").arg(path).args(kind).output();
    let made = made.is_ok_and(|out| out.status.success());
    if !made {
        println!("skipped: mknod {kind:?} is not allowed here");
    }
    made
}

#[test]
fn a_file_is_seen_once_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    let mut file = OutputFile::create(&path, Options::default()).unwrap();
    file.write_all(b"half").unwrap();
    assert!(!path.exists());
    assert_eq!(fs::read(file.path()).unwrap(), b"half");
    assert_eq!(file.path().parent(), Some(folder.path()));
    file.write_all(b" and half").unwrap();
    assert_eq!(file.keep().unwrap(), path);
    assert_eq!(fs::read(&path).unwrap(), b"half and half");
    // Dropped, it goes.
    let other = folder.path().join("b.bin");
    drop(OutputFile::create(&other, Options::default()).unwrap());
    assert_eq!(names(folder.path()), ["a.bin"]);
}

#[test]
fn what_is_there_is_replaced_only_when_that_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    fs::write(&path, "old").unwrap();
    let refused = error(&path, Options::default());
    assert!(refused.to_string().contains("--force") && refused.to_string().ends_with("a.bin"), "{refused}");
    assert_eq!(refused.kind(), ErrorKind::Output);
    let mut file = OutputFile::create(&path, Options::force(true)).unwrap();
    file.write_all(b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old", "until the new one is whole");
    file.keep().unwrap();
    assert_eq!((fs::read(&path).unwrap().as_slice(), names(folder.path()).len()), (&b"new"[..], 1));
}

#[test]
fn names_that_mean_something_else_are_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("there")).unwrap();
    for (path, words) in [
        (PathBuf::new(), "has no name"),
        (PathBuf::from("-"), "./-"),
        (at(".mp4"), "NAME.mp4"),
        (at(".JSON"), "NAME.JSON"),
        (at("a.json/"), "slash"),
        (at("there"), "folder of this name"),
        (at("gone/a.json"), "make it first"),
    ] {
        let refused = error(&path, Options::force(true));
        assert!(refused.to_string().contains(words), "{}: {refused}", path.display());
    }
    // Hidden names that are no ending are names.
    write(&at(".hidden"), b"", Options::default()).unwrap();
    write(&at(".a.mp4"), b"", Options::default()).unwrap();
    assert_eq!(names(folder.path()), [".a.mp4", ".hidden", "there"]);
}

#[test]
fn names_of_full_length_are_taken_and_longer_ones_told() {
    let folder = tempfile::tempdir().unwrap();
    for length in [200, 201, 240, 251, 252, 253, 254, 255] {
        for letter in ["a", "é"] {
            let stem = letter.repeat((length - 4) / letter.len());
            let name = format!("{stem}{}.mp4", "b".repeat(length - 4 - stem.len()));
            assert_eq!(name.len(), length);
            let path = folder.path().join(&name);
            let mut file = OutputFile::create(&path, Options::default()).unwrap();
            file.write_all(b"x").unwrap();
            assert!(file.path().file_name().unwrap().len() <= 255);
            file.keep().unwrap();
            let half = OutputFile::create(&path, Options::force(true)).unwrap();
            let kept = half.keep_incomplete().unwrap();
            let kept = kept.file_name().unwrap().to_str().unwrap();
            assert!(kept.len() <= 255 && kept.contains(" (incomplete"), "{kept}");
        }
    }
    let long = folder.path().join("a".repeat(256));
    assert!(error(&long, Options::default()).to_string().contains("longer than"));
}

#[test]
fn what_is_broken_is_kept_under_a_name_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.mp4");
    for name in ["r (incomplete).mp4", "r (incomplete 2).mp4", "r (incomplete 3).mp4"] {
        let mut file = OutputFile::create(&path, Options::default()).unwrap();
        file.write_all(b"some").unwrap();
        assert_eq!(file.keep_incomplete().unwrap(), folder.path().join(name));
    }
    let frames = OutputFolder::create(&folder.path().join("v1.2/"), Options::default(), numbered).unwrap();
    frames.file("000000.png").unwrap();
    frames.keep_incomplete().unwrap();
    assert_eq!(names(&folder.path().join("v1.2 (incomplete)")), ["000000.png"]);
    assert_eq!(names(folder.path()).len(), 4);
}

#[test]
fn a_place_that_is_taken_meanwhile_loses_neither_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    let mut file = OutputFile::create(&path, Options::default()).unwrap();
    file.write_all(b"ours").unwrap();
    fs::write(&path, "theirs").unwrap();
    let told = file.keep().unwrap_err().to_string();
    assert!(told.contains("a (2).mp4") && told.contains("whole"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
    assert_eq!(fs::read(folder.path().join("a (2).mp4")).unwrap(), b"ours");
    // A folder can't be replaced by a file, with or without leave.
    let other = folder.path().join("b.mp4");
    let file = OutputFile::create(&other, Options::force(true)).unwrap();
    fs::create_dir(&other).unwrap();
    file.keep().unwrap_err();
    assert!(other.is_dir() && folder.path().join("b (2).mp4").is_file());
}

#[test]
fn two_writers_of_one_file_are_told_of_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp4");
    let first = OutputFile::create(&path, Options::default()).unwrap();
    for options in [Options::default(), Options::force(true)] {
        let told = error(&path, options).to_string();
        assert!(cfg!(not(unix)) || told.contains(&std::process::id().to_string()), "{told}");
    }
    // Another file's writers are no matter.
    drop(OutputFile::create(&folder.path().join("a.mp4.mp4"), Options::default()).unwrap());
    first.keep().unwrap();
    assert_eq!(names(folder.path()), ["a.mp4"]);
}

#[test]
fn folders_come_whole_and_only_pictures_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let fill = |target: &Path, options, text: &str| -> Result<(), OutputError> {
        let out = OutputFolder::create(target, options, numbered)?;
        for name in ["0.png", "1.png"] {
            write!(out.file(name).unwrap(), "{text}").unwrap();
        }
        assert_eq!(out.keep()?, target);
        Ok(())
    };
    fs::create_dir(at("empty")).unwrap();
    for name in ["new", "slash/", "empty", "with.dot/"] {
        fill(&at(name), Options::default(), "old").unwrap();
        assert_eq!(names(&at(name)), ["0.png", "1.png"], "{name}");
        fs::write(at(name).join("2.png"), "old").unwrap();
        let told = fill(&at(name), Options::default(), "new").unwrap_err().to_string();
        assert!(told.contains("--force") && told.contains(".png`"), "{told}");
        fill(&at(name), Options::force(true), "new").unwrap();
        assert_eq!(names(&at(name)), ["0.png", "1.png"], "{name}");
        assert_eq!(fs::read(at(name).join("1.png")).unwrap(), b"new");
        // Anything else in it keeps the folder from being replaced.
        for other in ["notes.txt", "more"] {
            if other == "more" {
                fs::create_dir(at(name).join(other))
            } else {
                fs::write(at(name).join(other), "")
            }
            .unwrap();
            let told = fill(&at(name), Options::force(true), "new").unwrap_err().to_string();
            assert!(told.contains(other) && !told.contains("--force"), "{told}");
            let gone = at(name).join(other);
            if gone.is_dir() { fs::remove_dir(gone) } else { fs::remove_file(gone) }.unwrap();
        }
    }
    fs::write(at("file"), "").unwrap();
    let told = fill(&at("file"), Options::force(true), "new").unwrap_err().to_string();
    assert!(told.contains("a file of this name"), "{told}");
    drop(OutputFolder::create(&at("dropped"), Options::default(), numbered).unwrap());
    drop(Scratch::create(&at("data")).unwrap());
    assert_eq!(names(folder.path()), ["data", "empty", "file", "new", "slash", "with.dot"]);
    assert!(names(&at("data")).is_empty());
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_stay_links() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("real")).unwrap();
    fs::write(at("real/a.bin"), "old").unwrap();
    symlink("real/a.bin", at("first")).unwrap();
    symlink("first", at("a.bin")).unwrap();
    assert!(matches!(error(&at("a.bin"), Options::default()), OutputError::There { .. }));
    let file = OutputFile::create(&at("a.bin"), Options::force(true)).unwrap();
    assert_eq!(file.path().parent(), Some(&*at("real")), "beside the file, on its disk");
    assert_eq!(file.fill(b"new").unwrap(), at("a.bin"));
    // A link that leads to nothing yet.
    symlink("real/b.bin", at("b.bin")).unwrap();
    write(&at("b.bin"), b"new", Options::default()).unwrap();
    for (link, name) in [("a.bin", "real/a.bin"), ("b.bin", "real/b.bin")] {
        assert!(at(link).is_symlink() && at("first").is_symlink());
        assert_eq!(fs::read(at(name)).unwrap(), b"new");
    }
    // To a folder.
    symlink("real/frames", at("frames")).unwrap();
    let out = OutputFolder::create(&at("frames/"), Options::default(), numbered).unwrap();
    out.file("0.png").unwrap();
    out.keep().unwrap();
    assert!(at("frames").is_symlink());
    assert_eq!(names(&at("real/frames")), ["0.png"]);
    // And to itself, or into a folder that is not there.
    symlink("loop", at("loop")).unwrap();
    assert!(error(&at("loop"), Options::default()).to_string().contains("leads to itself"));
    symlink("gone/c.bin", at("c.bin")).unwrap();
    assert!(error(&at("c.bin"), Options::default()).to_string().contains("make it first"));
    assert_eq!(names(&at("real")), ["a.bin", "b.bin", "frames"]);
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_written_through_and_stay_what_they_are() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for force in [false, true] {
        let pipe = at("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|s| s.success()));
        let to = pipe.clone();
        let reader = std::thread::spawn(move || fs::read(to).unwrap());
        write(&pipe, b"through", Options::force(force)).unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
        let seeks = Options { seeks: Some(".mp4"), ..Options::force(force) };
        let told = error(&pipe, seeks).to_string();
        assert!(told.contains(".mp4") && told.contains(".y4m") && told.contains("pipe"), "{told}");
        assert!(OutputFolder::create(&pipe, Options::force(force), numbered).is_err());
        fs::remove_file(&pipe).unwrap();
    }
    if node(&at("null"), &["c", "1", "3"]) && node(&at("full"), &["c", "1", "7"]) {
        symlink("null", at("link")).unwrap();
        for name in ["null", "link"] {
            write(&at(name), b"through", Options::default()).unwrap();
            assert!(fs::metadata(at(name)).unwrap().file_type().is_char_device(), "{name}");
        }
        let told = error(&at("full"), Options::default()).to_string();
        assert!(told.contains("disk is full"), "{told}");
        let seeks = Options { seeks: Some(".mp4"), ..Options::force(true) };
        assert!(matches!(error(&at("null"), seeks), OutputError::Stream { .. }));
        assert!(at("link").is_symlink());
    }
    if node(&at("disk"), &["b", "7", "250"]) {
        assert!(error(&at("disk"), Options::force(true)).to_string().contains("a disk"));
        assert!(fs::metadata(at("disk")).unwrap().file_type().is_block_device());
    }
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    assert!(error(&at("socket"), Options::force(true)).to_string().contains("a socket"));
    let file = fs::File::create(at("open")).unwrap();
    let descriptor = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file)));
    if descriptor.exists() {
        assert!(error(&descriptor, Options::force(true)).to_string().contains("open already"));
    }
}

#[cfg(unix)]
#[test]
fn rights_go_by_the_umask_or_are_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;
    fs::write(at("plain"), "").unwrap();
    write(&at("a"), b"", Options::default()).unwrap();
    assert_eq!(mode("a"), mode("plain"));
    write(&at("b"), b"", Options::default().private()).unwrap();
    assert_eq!(mode("b"), 0o600);
    fs::create_dir(at("plain.d")).unwrap();
    OutputFolder::create(&at("a.d"), Options::default(), numbered).unwrap().keep().unwrap();
    assert_eq!(mode("a.d"), mode("plain.d"));
    let closed = OutputFolder::create(&at("b.d"), Options::default().private(), numbered).unwrap();
    closed.file("0.png").unwrap();
    closed.keep().unwrap();
    assert_eq!((mode("b.d"), mode("b.d/0.png")), (0o700, 0o600));
    // What was closed to others stays closed to them.
    for (name, before) in [("a", 0o600), ("plain", 0o640)] {
        fs::set_permissions(at(name), fs::Permissions::from_mode(before)).unwrap();
        write(&at(name), b"", Options::force(true)).unwrap();
        assert_eq!(mode(name), before & mode("plain") | before & 0o600);
    }
    // What was open is closed where that is asked.
    fs::set_permissions(at("b"), fs::Permissions::from_mode(0o644)).unwrap();
    write(&at("b"), b"", Options::own().private()).unwrap();
    assert_eq!(mode("b"), 0o600);
}

#[test]
fn a_lock_that_is_not_let_go_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(&folder.path().join("new/data")).unwrap();
    let told = Lock::wait(&folder.path().join("new/data"), std::time::Duration::from_millis(30)).unwrap_err();
    assert!(told.to_string().contains("another run"), "{told}");
    drop(lock);
    Lock::acquire(&folder.path().join("new/data")).unwrap();
}

#[test]
fn what_is_set_aside_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    for (text, name) in
        [("one", "a.toml.damaged"), ("two", "a.toml.damaged-2"), ("three", "a.toml.damaged-3")]
    {
        fs::write(&path, text).unwrap();
        assert_eq!(set_aside(&path, "damaged").unwrap(), folder.path().join(name));
        assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), text);
    }
    assert_eq!(names(folder.path()).len(), 3);
}

#[test]
fn a_shared_file_is_changed_or_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/list.toml");
    let change = |text: Option<&str>| {
        update(&path, Options::own(), |now| {
            Ok::<_, OutputError>((text.map(|text| text.as_bytes().to_vec()), now))
        })
    };
    assert_eq!(change(Some("one")).unwrap(), None);
    assert_eq!(change(None).unwrap().unwrap(), b"one");
    assert_eq!(change(Some("two")).unwrap().unwrap(), b"one");
    assert_eq!(fs::read(&path).unwrap(), b"two");
    let failed: Result<(), OutputError> = update(&path, Options::own(), |_| Err(OutputError::NoName));
    assert!(failed.is_err());
    assert_eq!(
        (fs::read(&path).unwrap().as_slice(), Existing::force(false)),
        (&b"two"[..], Existing::Refuse)
    );
}
