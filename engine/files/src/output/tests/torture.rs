//! Writing broken off at every step, by a kill or by a fault: never is an old file lost, never is there half of a
//! new one under its name, and what a kill leaves is found.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::super::{Options, OutputError, OutputFile, OutputFolder, left_overs, update, write};
use super::{names, numbered};

/// What happens at the step whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    /// The process is killed before it.
    Kill,
    /// It fails, as on a full disk.
    Fail,
}

#[derive(Default)]
struct Plan {
    count: usize,
    at: Option<(usize, Act)>,
    /// The step that it was.
    hit: &'static str,
}

thread_local! {
    static PLAN: RefCell<Plan> = RefCell::default();
}

pub(in crate::output) fn step(name: &'static str) -> io::Result<()> {
    PLAN.with_borrow_mut(|plan| {
        plan.count += 1;
        match plan.at {
            Some((at, act)) if at == plan.count => {
                plan.hit = name;
                match act {
                    Act::Kill => die(),
                    Act::Fail => Err(io::ErrorKind::StorageFull.into()),
                }
            }
            _ => Ok(()),
        }
    })
}

#[cfg(target_os = "linux")]
fn die() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    unreachable!("killed")
}

#[cfg(not(target_os = "linux"))]
fn die() -> ! {
    std::process::abort()
}

/// Runs `work` on this thread with a fault at a step; what came of it, how many steps there were, and which it was.
fn run<T>(at: Option<(usize, Act)>, work: impl FnOnce() -> T) -> (T, usize, &'static str) {
    PLAN.set(Plan { at, ..Plan::default() });
    let done = work();
    let plan = PLAN.take();
    (done, plan.count, plan.hit)
}

const OLD: &str = "the old file, whole";
const NEW: &str = "the new one, in three writes";

type Done = Result<PathBuf, OutputError>;

fn three(mut out: impl Write, path: &Path) -> Result<(), OutputError> {
    NEW.split_inclusive(' ')
        .collect::<Vec<_>>()
        .chunks(2)
        .try_for_each(|words| out.write_all(words.concat().as_bytes()))
        .map_err(|e| OutputError::io(path, e))
}

fn file(path: &Path, options: Options) -> Done {
    let mut out = OutputFile::create(path, options)?;
    three(&mut out, path)?;
    out.keep()
}

fn folder(path: &Path, options: Options) -> Done {
    let out = OutputFolder::create(path, options, numbered)?;
    for name in ["0.png", "1.png", "2.png"] {
        three(out.file(name).map_err(|e| OutputError::io(path, e))?, path)?;
    }
    out.keep()
}

/// Something that is written in a folder of its own: how it is before, and what writes it.
struct Case {
    name: &'static str,
    before: fn(&Path),
    work: fn(&Path) -> Done,
}

const CASES: [Case; 9] = [
    Case { name: "new", before: |_| (), work: |at| file(&at.join("a"), Options::default()) },
    Case {
        name: "replaced",
        before: |at| fs::write(at.join("a"), OLD).unwrap(),
        work: |at| file(&at.join("a"), Options::force(true)),
    },
    Case {
        name: "replaced, closed to others",
        before: |at| {
            fs::write(at.join("a"), OLD).unwrap();
            #[cfg(unix)]
            fs::set_permissions(at.join("a"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        },
        work: |at| file(&at.join("a"), Options::force(true)),
    },
    Case {
        name: "in one stroke",
        before: |at| fs::write(at.join("a"), OLD).unwrap(),
        work: |at| write(&at.join("a"), NEW.as_bytes(), Options::own().private()),
    },
    Case {
        name: "kept though incomplete",
        before: |at| fs::write(at.join("a"), OLD).unwrap(),
        work: |at| {
            let mut out = OutputFile::create(&at.join("a"), Options::force(true))?;
            let written = out.write_all(NEW.as_bytes()).map_err(|e| OutputError::io(&at.join("a"), e));
            let kept = out.keep_incomplete()?;
            written.map(|()| kept)
        },
    },
    Case { name: "folder", before: |_| (), work: |at| folder(&at.join("a"), Options::default()) },
    Case {
        name: "empty folder",
        before: |at| fs::create_dir(at.join("a")).unwrap(),
        work: |at| folder(&at.join("a"), Options::default()),
    },
    Case {
        name: "folder replaced",
        before: |at| {
            fs::create_dir(at.join("a")).unwrap();
            fs::write(at.join("a/0.png"), OLD).unwrap();
            fs::write(at.join("a/7.png"), OLD).unwrap();
        },
        work: |at| folder(&at.join("a"), Options::force(true)),
    },
    Case {
        name: "shared",
        before: |at| fs::write(at.join("a"), OLD).unwrap(),
        work: |at| {
            let path = at.join("a");
            update(&path, Options::own(), |now| {
                assert_eq!(now.as_deref(), Some(OLD.as_bytes()));
                Ok::<_, OutputError>((Some(NEW.as_bytes().to_vec()), path.clone()))
            })
        },
    },
];

/// What is under a name: nothing, the old, the new; anything else is a fault.
#[derive(Debug, PartialEq)]
enum Seen {
    Nothing,
    Old,
    New,
}

fn seen(path: &Path) -> Seen {
    let text = |path: &Path| fs::read_to_string(path).unwrap();
    if !path.exists() {
        return Seen::Nothing;
    }
    if path.is_file() {
        return match text(path) {
            t if t == OLD => Seen::Old,
            t if t == NEW => Seen::New,
            t => panic!("half of a file under its name: {t}"),
        };
    }
    match names(path).iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Seen::Nothing,
        ["0.png", "7.png"] if text(&path.join("7.png")) == OLD && text(&path.join("0.png")) == OLD => {
            Seen::Old
        }
        ["0.png", "1.png", "2.png"] if names(path).iter().all(|n| text(&path.join(n)) == NEW) => Seen::New,
        ref other => panic!("half of a folder under its name: {other:?}"),
    }
}

/// A fresh folder with what the case begins with, and what is seen there.
fn begin(case: &Case) -> (tempfile::TempDir, Seen) {
    let at = tempfile::tempdir().unwrap();
    (case.before)(at.path());
    let before = seen(&at.path().join("a"));
    (at, before)
}

fn steps(case: &Case) -> usize {
    let (at, _) = begin(case);
    let (done, steps, _) = run(None, || (case.work)(at.path()));
    done.unwrap();
    assert!(steps >= 3, "{}: {steps} steps", case.name);
    steps
}

#[test]
fn a_fault_at_any_step_loses_nothing_and_leaves_nothing() {
    for case in &CASES {
        for at in 1..=steps(case) {
            let (folder, before) = begin(case);
            let (done, _, hit) = run(Some((at, Act::Fail)), || (case.work)(folder.path()));
            let (now, told) = (seen(&folder.path().join("a")), format!("{}, step {at} ({hit})", case.name));
            let mut left = names(folder.path());
            left.retain(|name| name != "a" && name != ".omote-lock");
            match &done {
                Ok(path) if path.ends_with("a") => assert_eq!(now, Seen::New, "{told}"),
                // What is not whole has another name.
                Ok(path) => {
                    assert_eq!((now, left.len(), path.exists()), (before, 1, true), "{told}: {left:?}")
                }
                Err(OutputError::Displaced { kept, .. }) => {
                    assert_eq!((now, seen(kept)), (before, Seen::New), "{told}");
                    assert_eq!(left.len(), 1, "{told}: {left:?}");
                }
                Err(_) if case.name.starts_with("kept") => assert_eq!(now, before, "{told}"),
                Err(e) => {
                    assert_eq!((now, left), (before, vec![]), "{told}: {e}");
                    assert!(e.to_string().contains("full"), "{told}: {e}");
                }
            }
        }
    }
}

/// The test that a child process runs instead of all: it works on a case and is killed at a step.
const CHILD: &str = "output::tests::torture::child";

fn other(words: &[&str]) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([CHILD, "--exact", "--nocapture"]).env("OMOTE_TORTURE", words.join("\n"));
    child.stdout(Stdio::null()).stderr(Stdio::null());
    child
}

#[test]
fn child() -> io::Result<()> {
    let Ok(words) = std::env::var("OMOTE_TORTURE") else { return Ok(()) };
    let words: Vec<&str> = words.split('\n').collect();
    match words[..] {
        ["kill", name, at, folder] => {
            let case = CASES.iter().find(|case| case.name == name).unwrap();
            let (done, ..) = run(Some((at.parse().unwrap(), Act::Kill)), || (case.work)(Path::new(folder)));
            panic!("not killed: {done:?}");
        }
        ["write", letter, path, force] => {
            let mut out = OutputFile::create(Path::new(path), Options::force(force == "force"))
                .map_err(|e| io::Error::other(e.to_string()))?;
            for _ in 0..64 {
                out.write_all(&letter.as_bytes().repeat(4096))?;
            }
            out.keep().map_err(|e| io::Error::other(e.to_string()))?;
        }
        ["list", from, path] => {
            for k in 0..10 {
                update(Path::new(path), Options::own(), |now| {
                    let text = String::from_utf8(now.unwrap_or_default()).unwrap();
                    Ok::<_, OutputError>((Some(format!("{text}{from} {k}\n").into_bytes()), ()))
                })
                .map_err(|e| io::Error::other(e.to_string()))?;
            }
        }
        ["fill", folder] => crowded(Path::new(folder)),
        _ => panic!("{words:?}"),
    }
    Ok(())
}

#[test]
fn a_kill_at_any_step_loses_nothing_and_what_is_left_is_found() {
    for case in &CASES {
        let mut running: Vec<(usize, tempfile::TempDir, Seen, Child)> = Vec::new();
        for at in 1..=steps(case) {
            let (folder, before) = begin(case);
            let path = folder.path().to_str().unwrap();
            let killed = other(&["kill", case.name, &at.to_string(), path]).spawn().unwrap();
            running.push((at, folder, before, killed));
        }
        for (at, folder, before, mut killed) in running {
            let (status, folder) = (killed.wait().unwrap(), folder.path());
            assert!(!status.success() && status.code().is_none(), "{}, step {at}: {status}", case.name);
            let told = format!("{}, step {at}: {:?}", case.name, names(folder));
            let now = seen(&folder.join("a"));
            assert!(now == before || now == Seen::New, "{told}");
            // Everything else is a left-over, or was kept by its name.
            let left = left_overs(folder);
            for name in names(folder) {
                let known = name == "a" || name == ".omote-lock" || name.contains("(incomplete)");
                assert!(known || left.iter().any(|l| l.path.ends_with(&name)), "{told}");
            }
            for one in left {
                assert!(one.name == "a" || one.name == "try", "{told}: {one:?}");
                one.remove().unwrap();
            }
            // And the next run goes as if nothing had been.
            if now == before {
                (case.work)(folder).unwrap();
            } else {
                file(&folder.join("b"), Options::default()).unwrap();
            }
            assert!(left_overs(folder).is_empty(), "{told}");
        }
    }
}

#[test]
fn of_two_writers_of_one_file_one_wins_whole() {
    for force in ["force", "no"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let letters = ["x", "y", "z", "w"];
        let start = |letter: &&str| other(&["write", letter, path.to_str().unwrap(), force]).spawn().unwrap();
        let mut running: Vec<Child> = letters.iter().map(start).collect();
        let good =
            running.iter_mut().filter(|_| true).map(|c| c.wait().unwrap().success()).filter(|ok| *ok).count();
        assert!(good >= 1 && (force == "force" || good == 1), "{force}: {good} of 4 say that they wrote it");
        // Under its name and under any other there is one writer's file, whole.
        for name in names(folder.path()) {
            let bytes = fs::read(folder.path().join(&name)).unwrap();
            assert_eq!(bytes.len(), 64 * 4096, "{name}");
            assert!(bytes.iter().all(|b| *b == bytes[0]), "{name} is a mixture");
        }
        assert!(path.exists() && left_overs(folder.path()).is_empty());
    }
}

#[test]
fn four_processes_change_one_list_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list");
    let start = |from: &&str| other(&["list", from, path.to_str().unwrap()]).spawn().unwrap();
    let mut running: Vec<Child> = ["a", "b", "c", "d"].iter().map(start).collect();
    assert!(running.iter_mut().all(|c| c.wait().unwrap().success()));
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), 40);
}

/// Every case on a disk with no room, with room for a page, for two and so on; then with no room for names.
fn crowded(disk: &Path) {
    let mut faults = 0;
    for case in &CASES {
        for pages in 0..12 {
            let folder = disk.join("folder");
            fs::create_dir(&folder).unwrap();
            (case.before)(&folder);
            let before = seen(&folder.join("a"));
            let ballast = disk.join("ballast");
            let mut ballast_file = fs::File::create(&ballast).unwrap();
            while ballast_file.write_all(&[0; 4096]).is_ok() {}
            let room = ballast_file.metadata().unwrap().len().saturating_sub(pages * 4096);
            ballast_file.set_len(room).unwrap();
            let done = (case.work)(&folder);
            let now = seen(&folder.join("a"));
            match &done {
                Ok(path) if path.ends_with("a") => assert_eq!(now, Seen::New),
                Ok(_) => assert_eq!(now, before),
                Err(e) => {
                    faults += 1;
                    assert_eq!(now, before, "{}, {pages} pages: {e}", case.name);
                    assert!(e.to_string().contains("disk is full"), "{}: {e}", case.name);
                }
            }
            fs::remove_file(&ballast).unwrap();
            fs::remove_dir_all(&folder).unwrap();
        }
    }
    assert!(faults > 10, "the disk was never full");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing() {
    let disk = tempfile::tempdir().unwrap();
    let path = disk.path().to_str().unwrap();
    let fill = other(&["fill", path]);
    let script = "mount -t tmpfs -o size=128k none \"$1\" && shift && exec \"$@\"";
    let mut whole = Command::new("unshare");
    // In a name space of its own, so that the mount goes with the process, and no rights are needed.
    whole.args(["-rm", "sh", "-c", script, "sh", path]).arg(fill.get_program()).args(fill.get_args());
    whole.env("OMOTE_TORTURE", format!("fill\n{path}"));
    let tried =
        Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs none \"$1\"", "sh", path]).output();
    if !tried.is_ok_and(|out| out.status.success()) {
        println!("skipped: no small disk can be mounted here (unshare -rm)");
        return;
    }
    let out = whole.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
}

#[cfg(unix)]
#[test]
fn a_limit_on_a_files_length_loses_nothing() {
    // In blocks of 512 or 1024 bytes: less than the child writes.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, OLD).unwrap();
    let write = other(&["write", "x", path.to_str().unwrap(), "force"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh"]).arg(write.get_program());
    limited.args(write.get_args()).env("OMOTE_TORTURE", format!("write\nx\n{}\nforce", path.display()));
    let out = limited.output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success() && said.to_lowercase().contains("too large"), "{said}");
    assert_eq!((seen(&path), names(folder.path()).len()), (Seen::Old, 1));
}
