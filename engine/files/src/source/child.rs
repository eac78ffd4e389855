//! A child process that is never left behind, with what it says on its error stream.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes of the error stream that are kept: its end, where the cause stands.
const KEPT_BYTES: usize = 4096;

/// A program that takes nothing of its input for so long counts as stuck.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks whether a program has ended.
const POLL_EVERY: Duration = Duration::from_millis(10);

/// Another program to be started, in a process group of its own: what ends this program from the terminal (Ctrl-C, a
/// closed terminal) does not reach it, so that it can be ended in order. All child processes begin here.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    #[cfg(windows)]
    {
        /// `CREATE_NEW_PROCESS_GROUP` of the Windows headers.
        const NEW_GROUP: u32 = 0x200;
        std::os::windows::process::CommandExt::creation_flags(&mut command, NEW_GROUP);
    }
    command
}

/// A running program. Dropping it kills and reaps it.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    said: Option<JoinHandle<String>>,
    status: Option<ExitStatus>,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// What it ended with.
    pub status: ExitStatus,
    /// The end of what it said on its error stream, on one line.
    pub said: String,
}

impl Child {
    /// Starts `program`; its error stream is gathered from the start, so that it never waits for it.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where there is no such program.
    pub fn spawn(program: &Path, args: &[OsString], input: Stdio, output: Stdio) -> io::Result<Self> {
        Self::spawn_heard(program, args, input, output, |line| Some(line.to_owned()))
    }

    /// The same, with every line of its error stream given to `hear`, which returns what is to be kept of it as
    /// something that the program said.
    pub fn spawn_heard(
        program: &Path,
        args: &[OsString],
        input: Stdio,
        output: Stdio,
        hear: impl FnMut(&str) -> Option<String> + Send + 'static,
    ) -> io::Result<Self> {
        let mut process =
            command(program).args(args).stdin(input).stdout(output).stderr(Stdio::piped()).spawn()?;
        let said = process.stderr.take().map(|stream| std::thread::spawn(move || gather(stream, hear)));
        Ok(Self { process, said, status: None })
    }

    /// The pipe to its input, once, where one was asked for.
    pub fn take_input(&mut self) -> Option<Input> {
        self.process.stdin.take().map(Input::new)
    }

    /// The pipe from its output, once, where one was asked for.
    pub fn take_output(&mut self) -> Option<ChildStdout> {
        self.process.stdout.take()
    }

    /// Waits for the end. Pipes that were taken must be closed before.
    pub fn wait(&mut self) -> io::Result<Ended> {
        let status = match self.status {
            Some(status) => status,
            None => self.process.wait()?,
        };
        self.status = Some(status);
        let said = self.said.take().and_then(|t| t.join().ok()).unwrap_or_default();
        Ok(Ended { status, said })
    }

    /// Waits for the end as long as `goes_on` says so, which is asked a hundred times a second; what still runs then is
    /// killed. Pipes that were taken must be closed before.
    pub fn wait_while(&mut self, mut goes_on: impl FnMut() -> bool) -> io::Result<Ended> {
        while self.status.is_none() {
            self.status = self.process.try_wait()?;
            if self.status.is_none() {
                if !goes_on() {
                    // It may have ended in this moment; then there is nothing to kill.
                    let _ = self.process.kill();
                    break;
                }
                std::thread::sleep(POLL_EVERY);
            }
        }
        self.wait()
    }

    /// Stops it, and returns what it had said.
    pub fn stop(&mut self) -> String {
        if self.status.is_none() {
            // It may have ended by itself; then there is nothing to kill.
            let _ = self.process.kill();
        }
        self.wait().map(|e| e.said).unwrap_or_default()
    }
}

/// The pipe to a program's input. Writing fails when the program takes nothing for `PATIENCE`, so that one that is
/// stuck can't hold up the end of a recording.
#[derive(Debug)]
pub struct Input(ChildStdin);

impl Input {
    fn new(pipe: ChildStdin) -> Self {
        // Where this fails, writing waits as it would without.
        #[cfg(unix)]
        let _ = rustix::io::ioctl_fionbio(&pipe, true);
        Self(pipe)
    }
}

impl Write for Input {
    #[cfg(not(unix))]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    #[cfg(unix)]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let limit = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
        loop {
            match self.0.write(bytes) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                written => return written,
            }
            if poll(&mut [PollFd::new(&self.0, PollFlags::OUT)], Some(&limit))? == 0 {
                let words = format!("it has taken nothing for {} s", PATIENCE.as_secs());
                return Err(io::Error::new(io::ErrorKind::TimedOut, words));
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs a program to its end; its output and how it ended.
pub fn run(program: &Path, args: &[OsString]) -> io::Result<(Vec<u8>, Ended)> {
    let mut child = Child::spawn(program, args, Stdio::null(), Stdio::piped())?;
    let mut output = Vec::new();
    if let Some(mut stream) = child.take_output() {
        stream.read_to_end(&mut output)?;
    }
    Ok((output, child.wait()?))
}

fn gather(stream: ChildStderr, mut hear: impl FnMut(&str) -> Option<String>) -> String {
    let (mut stream, mut kept) = (BufReader::new(stream), VecDeque::new());
    let (mut line, mut length) = (Vec::new(), 0);
    // A line without end is taken in parts.
    while let Ok(1..) = (&mut stream).take(KEPT_BYTES as u64).read_until(b'\n', &mut line) {
        let text = String::from_utf8_lossy(&line);
        if let Some(said) = hear(text.trim()).filter(|said| !said.is_empty()) {
            length += said.len();
            kept.push_back(said);
        }
        line.clear();
        while length > KEPT_BYTES && kept.len() > 1 {
            length -= kept.pop_front().map_or(0, |said: String| said.len());
        }
    }
    Vec::from(kept).join(" | ")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn children_stand_in_groups_of_their_own() {
        let say = ["-c".into(), "ps -o pgid= -p $$ || cut -d' ' -f5 /proc/$$/stat".into()];
        let (said, ended) = run(Path::new("sh"), &say).unwrap();
        assert!(ended.status.success(), "{ended:?}");
        let group: i32 = String::from_utf8(said).unwrap().trim().parse().unwrap();
        assert_ne!(group, rustix::process::getpgrp().as_raw_nonzero().get());
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let mut child =
            Child::spawn(Path::new("sleep"), &["600".into()], Stdio::null(), Stdio::null()).unwrap();
        let mut asked = 0;
        let ended = child.wait_while(|| {
            asked += 1;
            asked < 5
        });
        assert!(!ended.unwrap().status.success());
        assert_eq!(asked, 5);
    }
}
