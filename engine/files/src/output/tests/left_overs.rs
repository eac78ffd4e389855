//! What a killed process leaves is found, and what a living one writes is not.

use std::fs;
use std::time::{Duration, SystemTime};

use super::super::{Options, OutputFile, OutputFolder, left_overs};
use super::{names, numbered};

#[test]
fn only_what_has_no_writer_any_more_is_found() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let living = OutputFile::create(&folder.join("living.mp4"), Options::default()).unwrap();
    let frames = OutputFolder::create(&folder.join("frames"), Options::default(), numbered).unwrap();
    // As processes left them that were killed: number 1 lives, 4194305 can't be.
    let dead =
        [".omote-part-4194305-0123456789abcdef-talk - one.mp4", ".omote-part-1-0123456789abcdef-b.json"];
    for name in dead {
        fs::write(folder.join(name), "half").unwrap();
    }
    fs::create_dir(folder.join(".omote-part-4194305-00000000000000ff-pictures")).unwrap();
    // Others'.
    for name in ["notes.part", ".omote-part-x", ".omote-part-1-2-a", ".omote-part-1-0123456789abcdeg-a"] {
        fs::write(folder.join(name), "theirs").unwrap();
    }
    let found = |folder| -> Vec<(String, u32, bool, u64)> {
        left_overs(folder).into_iter().map(|l| (l.name, l.process, l.folder, l.bytes)).collect()
    };
    let (talk, pictures) =
        (("talk - one.mp4".to_owned(), 4_194_305, false, 4), ("pictures".to_owned(), 4_194_305, true, 0));
    if cfg!(target_os = "linux") {
        // A process of that number lives, so the file may be about to be locked by it.
        assert_eq!(found(folder), [pictures.clone(), talk.clone()]);
    }
    let long_ago = SystemTime::now() - 2 * Duration::from_secs(86400);
    for name in dead {
        fs::File::options().write(true).open(folder.join(name)).unwrap().set_modified(long_ago).unwrap();
    }
    fs::File::options().write(true).open(living.path()).unwrap().set_modified(long_ago).unwrap();
    if cfg!(unix) {
        assert_eq!(found(folder), [("b.json".to_owned(), 1, false, 4), pictures, talk]);
    }

    // Kept, or removed.
    for one in left_overs(folder) {
        if one.name == "b.json" { one.remove().unwrap() } else { drop(one.keep().unwrap()) }
    }
    drop((living, frames));
    let left: Vec<_> = names(folder).into_iter().filter(|name| !name.starts_with(".omote-part")).collect();
    assert_eq!(left, ["notes.part", "pictures (incomplete)", "talk - one (incomplete).mp4"]);
    assert_eq!(fs::read(folder.join("talk - one (incomplete).mp4")).unwrap(), b"half");
    assert!(left_overs(folder).is_empty());
}
