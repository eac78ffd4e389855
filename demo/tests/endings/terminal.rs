//! The program in a terminal of its own, and what can be done to it there.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use omote_engine::infer::models;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Nothing here should take so long, also on a busy machine; waits end with a panic then.
pub(crate) const LONG: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);

/// A place for a test's files, with a data folder of its own in which the user's networks are linked.
pub(crate) struct TestFolder {
    folder: tempfile::TempDir,
}

impl TestFolder {
    /// A new place; nothing, and a word why, where something is missing that these tests need.
    pub(crate) fn new() -> Option<Self> {
        let need = |what: &str, there: bool| {
            if !there {
                println!("skipped: {what}");
            }
            there
        };
        let runs = |program: &str| Command::new(program).arg("-version").output().is_ok();
        let networks = models::data_dir().filter(|data| data.join("models").is_dir());
        let whole = need("the networks are not there (omote setup gets them)", networks.is_some())
            && need("no ffmpeg (Debian: apt-get install ffmpeg)", runs("ffmpeg") && runs("ffprobe"))
            && need("no setsid (Debian: apt-get install util-linux)", runs("setsid"));
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        for part in ["models", "lib"] {
            let from = networks.as_deref().filter(|_| whole)?.join(part);
            if from.exists() {
                std::os::unix::fs::symlink(from, folder.path().join("data").join(part)).unwrap();
            }
        }
        Some(Self { folder })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Names of the files that are there, but for the data.
    pub(crate) fn files(&self) -> Vec<String> {
        names(self.folder.path()).into_iter().filter(|name| name != "data").collect()
    }

    /// The program, to be run here.
    pub(crate) fn omote(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_omote"))
    }

    fn command(&self, program: &str) -> Command {
        // Whoever runs the tests may ignore signals, as shells do for what they start in the background.
        let mut command = Command::new("env");
        command.arg("--default-signal=HUP,INT,QUIT,TERM").arg(program);
        command.current_dir(self.folder.path()).env("OMOTE_DATA", self.path("data"));
        command
    }

    /// The program in a terminal, with options that make it light.
    pub(crate) fn in_terminal(&self, args: &str) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = || File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        // A session of its own whose terminal this is, as a shell in a terminal's window has.
        let mut command = self.command("setsid");
        command.args(["--ctty", env!("CARGO_BIN_EXE_omote")]).args(args.split(' '));
        let child = command.stdin(slave()).stdout(slave()).stderr(slave()).spawn().unwrap();
        rustix::io::ioctl_fionbio(&master, true).unwrap();
        Terminal { child, master: Some(master.into()), said: String::new() }
    }

    /// `omote live` of the actor, recording into `name`.
    pub(crate) fn live(&self, name: &str) -> Terminal {
        self.in_terminal(&format!(
            "live --camera actor --no-window --size 320x240 --backend cpu --record {name}"
        ))
    }
}

/// Names in a folder, in order; none where there is no such folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    if !folder.exists() {
        return Vec::new();
    }
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// A program in its terminal.
pub(crate) struct Terminal {
    child: Child,
    /// Nothing once the terminal is closed.
    master: Option<File>,
    /// What it wrote so far.
    pub(crate) said: String,
}

impl Terminal {
    /// Reads what the program has written meanwhile.
    fn read_output(&mut self) {
        let Some(master) = &mut self.master else { return };
        let mut part = [0; 4096];
        while let Ok(n @ 1..) = master.read(&mut part) {
            self.said.push_str(&String::from_utf8_lossy(&part[..n]));
        }
    }

    /// Goes on until `done` gives something.
    pub(crate) fn until<T>(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            self.read_output();
            if let Some(found) = done(self) {
                return found;
            }
            assert!(begun.elapsed() < LONG, "{what} did not come; the program said: {}", self.said);
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until the program has written some words.
    pub(crate) fn says(&mut self, words: &str) {
        self.until(words, |terminal| {
            let ended = terminal.child.try_wait().unwrap();
            assert!(ended.is_none() || terminal.said.contains(words), "ended ({ended:?}): {}", terminal.said);
            terminal.said.contains(words).then_some(())
        });
    }

    /// Lets it run for a time.
    pub(crate) fn run_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        self.until("nothing", |_| (Instant::now() >= until).then_some(()));
    }

    /// Waits for the end; how it ended.
    pub(crate) fn ends(&mut self) -> ExitStatus {
        let status = self.until("the end", |terminal| terminal.child.try_wait().unwrap());
        self.read_output();
        status
    }

    /// Types into the terminal.
    pub(crate) fn types(&mut self, text: &str) {
        self.master.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Closes the terminal as its window's cross does.
    pub(crate) fn close(&mut self) {
        self.read_output();
        self.master = None;
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32).unwrap()
    }

    /// Sends a signal to the program's whole group.
    pub(crate) fn signal_group(&self, signal: Signal) {
        kill_process_group(self.pid(), signal).unwrap();
    }

    /// Sends a signal to the program alone.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// The ffmpeg that the program has started, once it is there.
    pub(crate) fn encoder(&mut self) -> Pid {
        let parent = self.child.id();
        self.until("the encoder", |_| {
            let entries = std::fs::read_dir("/proc").unwrap().flatten();
            entries.into_iter().find_map(|entry| {
                let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
                let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
                let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
                let of: u32 = rest.split_whitespace().nth(1)?.parse().ok()?;
                (name == "ffmpeg" && of == parent).then(|| Pid::from_raw(pid))?
            })
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file for a program that is not in a terminal.
pub(crate) fn log(path: &Path) -> Stdio {
    Stdio::from(File::create(path).unwrap())
}

/// Makes sure that descriptors of this kind are what the tests pass on.
const _: fn(OwnedFd) -> File = File::from;
