//! How runs end: by keys and signals in a real terminal, by a full disk, and by the death of the encoder or of the program
//! itself. What was recorded plays, carries the badge to its last picture, and nothing half-written keeps a whole one's name.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test says what it skips")]

mod terminal;
mod window;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use omote_engine::{badge, source};
use rustix::process::Signal;
use terminal::{LONG, TestFolder, names};

/// How long recordings run here.
const WHILE: Duration = Duration::from_secs(3);

/// Counts the pictures of a recording, of which the last must show the badge; nothing may be damaged.
fn whole(path: &Path) -> u64 {
    let mut pictures = source::open(path).unwrap();
    let (mut read, mut last) = (0, None);
    while let Some(frame) = pictures.next().unwrap() {
        (read, last) = (read + 1, Some(frame));
    }
    assert!(badge::read(&last.unwrap()).is_some(), "no badge in the last of {read} pictures");
    if path.is_file() {
        let count =
            "-v error -count_frames -select_streams v:0 -show_entries stream=nb_read_frames -of csv=p=0 -i";
        let counted = Command::new("ffprobe").args(count.split(' ')).arg(path).output().unwrap();
        let said = String::from_utf8_lossy(&counted.stderr);
        assert!(counted.status.success() && said.is_empty(), "{}: {said}", path.display());
        let count = String::from_utf8(counted.stdout).unwrap();
        assert_eq!(count.trim().trim_matches(',').parse::<u64>().unwrap(), read);
    }
    read
}

#[test]
fn ctrl_c_in_a_terminal_ends_live_in_order() {
    let Some(place) = TestFolder::new() else { return };
    let mut live = place.live("r.mp4");
    live.says("live");
    live.run_for(WHILE);
    live.types("\x03");
    let status = live.ends();
    assert_eq!(status.code(), Some(0), "{}", live.said);
    assert_eq!(place.files(), ["r.mp4"], "{}", live.said);
    let frames = whole(&place.path("r.mp4"));
    assert!(frames > 30, "{frames} frames");
    assert!(live.said.contains(&format!("r.mp4: {frames} frames")), "{}", live.said);
    assert!(names(&place.path("data/unfinished")).is_empty());
}

#[test]
fn signals_and_a_closed_terminal_end_live_as_ctrl_c_does() {
    let Some(place) = TestFolder::new() else { return };
    type Way = (&'static str, fn(&mut terminal::Terminal));
    let ways: [Way; 5] = [
        ("int.mp4", |live| live.signal_group(Signal::INT)),
        ("term.mp4", |live| live.signal_group(Signal::TERM)),
        ("hup.mp4", |live| live.signal(Signal::HUP)),
        ("closed.mp4", terminal::Terminal::close),
        ("frames/", |live| live.signal_group(Signal::TERM)),
    ];
    for (name, way) in ways {
        let mut live = place.live(name);
        live.says("live");
        live.run_for(WHILE / 2);
        way(&mut live);
        let status = live.ends();
        assert_eq!(status.code(), Some(0), "{name}: {}", live.said);
        assert!(whole(&place.path(name.trim_end_matches('/'))) > 5, "{name}");
    }
    assert_eq!(place.files(), ["closed.mp4", "frames", "hup.mp4", "int.mp4", "term.mp4"]);
}

#[test]
fn ctrl_c_in_a_terminal_leaves_nothing_of_a_run() {
    let Some(place) = TestFolder::new() else { return };
    for out in ["o.mp4", "o.y4m", "frames/"] {
        let run = format!("run actor --seconds 1000 --size 320x240 --backend cpu --out {out}");
        let mut run = place.in_terminal(&run);
        run.until("the output begins", |_| (!place.files().is_empty()).then_some(()));
        run.run_for(WHILE / 2);
        run.types("\x03");
        let status = run.ends();
        assert_eq!(status.code(), Some(130), "{out}: {}", run.said);
        assert_eq!(place.files(), [""; 0], "{out}: {}", run.said);
        let told = format!("nothing was written to {out}");
        assert!(run.said.contains(&told) && !run.said.contains("error"), "{}", run.said);
    }
}

/// A source that never gives another picture can't hold the end up.
#[test]
fn a_run_that_waits_for_its_input_ends_all_the_same() {
    let Some(place) = TestFolder::new() else { return };
    let input = place.path("in.y4m");
    assert!(Command::new("mkfifo").arg(&input).status().unwrap().success());
    // Held open: a header, and nothing more.
    let held = std::fs::File::options().read(true).write(true).open(&input).unwrap();
    std::io::Write::write_all(&mut &held, b"YUV4MPEG2 W320 H240 F30:1 Ip A1:1 C420jpeg\n").unwrap();
    for keys in ["\x03", "\x03\x03"] {
        let mut run = place.in_terminal("run in.y4m --backend cpu --out o.mp4");
        run.run_for(WHILE);
        let begun = Instant::now();
        for key in keys.chars() {
            run.types(&key.to_string());
            run.run_for(Duration::from_millis(300));
        }
        assert_eq!(run.ends().code(), Some(130), "{}", run.said);
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        assert_eq!(place.files(), ["in.y4m"], "{}", run.said);
    }
}

#[test]
fn the_encoders_death_is_told_and_the_recording_kept() {
    let Some(place) = TestFolder::new() else { return };
    let mut live = place.live("r.mp4");
    live.says("live");
    live.run_for(WHILE);
    let encoder = live.encoder();
    rustix::process::kill_process(encoder, Signal::KILL).unwrap();
    live.says("the recording has ended");
    live.says("r (incomplete).mp4");
    // The picture goes on.
    let begun = Instant::now();
    live.run_for(WHILE / 2);
    live.types("\x03");
    assert_eq!(live.ends().code(), Some(6), "{}", live.said);
    assert!(begun.elapsed() < LONG);
    assert_eq!(place.files(), ["r (incomplete).mp4"], "{}", live.said);
    let frames = whole(&place.path("r (incomplete).mp4"));
    assert!(frames > 20, "{frames} frames: {}", live.said);
}

#[test]
fn what_a_killed_program_recorded_plays_and_is_found() {
    let Some(place) = TestFolder::new() else { return };
    for (name, left) in [("r.mp4", 30), ("frames/", 10)] {
        let mut live = place.live(name);
        live.says("live");
        live.run_for(WHILE);
        let encoder = name.ends_with("mp4").then(|| live.encoder());
        live.signal(Signal::KILL);
        live.ends();
        if let Some(encoder) = encoder {
            live.until("the encoder's end", |_| {
                (!Path::new(&format!("/proc/{}", encoder.as_raw_nonzero())).exists()).then_some(())
            });
        }
        let [working] = &place.files()[..] else { panic!("{:?}", place.files()) };
        let working = place.path(working);
        if !working.is_dir() {
            assert!(whole(&working) > left);
        }
        // The next start names it.
        let next = "live --camera actor --no-window --seconds 1 --backend cpu --size 320x240";
        let said = place.omote().args(next.split(' ')).output().unwrap();
        let said = String::from_utf8_lossy(&said.stderr);
        assert!(said.contains("left behind") && said.contains(&*working.to_string_lossy()), "{said}");
        let list = place.omote().arg("recordings").output().unwrap();
        let list = String::from_utf8_lossy(&list.stdout).into_owned();
        assert!(list.contains(" s: ") || list.contains(" pictures: "), "{list}");
        let kept = place.omote().args(["recordings", "--keep"]).output().unwrap();
        assert!(kept.status.success(), "{kept:?}");
        let target = name.trim_end_matches('/');
        assert_eq!(place.files(), [target]);
        assert!(whole(&place.path(target)) > left);
        let list = place.omote().arg("recordings").output().unwrap();
        assert!(String::from_utf8_lossy(&list.stdout).contains("nothing was left behind"), "{list:?}");
        let path = place.path(target);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
    }
}

#[test]
fn a_killed_run_is_named_and_can_be_removed() {
    let Some(place) = TestFolder::new() else { return };
    let mut run = place.in_terminal("run actor --seconds 1000 --size 320x240 --backend cpu --out o.y4m");
    run.until("the output begins", |_| (!place.files().is_empty()).then_some(()));
    run.run_for(WHILE / 2);
    run.signal(Signal::KILL);
    run.ends();
    assert_eq!(place.files().len(), 1);
    let list = place.omote().arg("recordings").output().unwrap();
    assert!(String::from_utf8_lossy(&list.stdout).contains(&place.files()[0]), "{list:?}");
    assert!(place.omote().args(["recordings", "--discard"]).status().unwrap().success());
    assert_eq!(place.files(), [""; 0]);
}

/// On a disk of a few hundred kilobytes.
#[test]
fn a_full_disk_ends_the_recording_and_not_the_picture() {
    let Some(place) = TestFolder::new() else { return };
    for (size, name) in [("600k", "r.mp4"), ("2m", "r.mp4"), ("1m", "r.y4m"), ("1m", "frames/")] {
        let disk = place.path("disk");
        std::fs::create_dir_all(&disk).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&disk)
            .output();
        if !mount.is_ok_and(|done| done.status.success()) {
            println!("skipped: a small disk can't be mounted (it takes root)");
            return;
        }
        let mut live = place.live(&format!("disk/{name}"));
        live.says("the recording has ended");
        live.run_for(WHILE / 2);
        live.types("\x03");
        let status = live.ends();
        let files = names(&disk);
        let told = live.said.clone();
        let kept = (files.len() == 1).then(|| whole(&disk.join(&files[0])));
        assert!(Command::new("umount").arg(&disk).status().unwrap().success());
        assert_eq!(status.code(), Some(6), "{size} {name}: {told}");
        assert!(kept.is_some_and(|frames| frames > 1), "{size} {name}: {files:?}, {kept:?}: {told}");
        assert!(told.contains("disk") && told.contains(&files[0]), "{size} {name}: {told}");
    }
}
