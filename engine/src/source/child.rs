//! A child process that is never left behind, with what it says on its error stream.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

/// Bytes of the error stream that are kept: its end, where the cause stands.
const KEPT: usize = 4096;

/// A running program. Dropping it kills and reaps it.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    said: Option<JoinHandle<String>>,
    status: Option<ExitStatus>,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The end of what it said on its error stream, on one line.
    pub(crate) said: String,
}

impl Child {
    /// Starts `program`; its error stream is gathered from the start, so that it never waits for it.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] where there is no such program.
    pub(crate) fn spawn(program: &Path, args: &[OsString], input: Stdio, output: Stdio) -> io::Result<Self> {
        Self::spawn_heard(program, args, input, output, |line| Some(line.to_owned()))
    }

    /// The same, with every line of its error stream given to `hear`, which returns what is to be kept of it as
    /// something that the program said.
    pub(crate) fn spawn_heard(
        program: &Path,
        args: &[OsString],
        input: Stdio,
        output: Stdio,
        hear: impl FnMut(&str) -> Option<String> + Send + 'static,
    ) -> io::Result<Self> {
        let mut process =
            Command::new(program).args(args).stdin(input).stdout(output).stderr(Stdio::piped()).spawn()?;
        let said = process.stderr.take().map(|stream| std::thread::spawn(move || gather(stream, hear)));
        Ok(Self { process, said, status: None })
    }

    /// The pipe to its input, once, where one was asked for.
    pub(crate) fn take_input(&mut self) -> Option<ChildStdin> {
        self.process.stdin.take()
    }

    /// The pipe from its output, once, where one was asked for.
    pub(crate) fn take_output(&mut self) -> Option<ChildStdout> {
        self.process.stdout.take()
    }

    /// Waits for the end. Pipes that were taken must be closed before.
    pub(crate) fn wait(&mut self) -> io::Result<Ended> {
        let status = match self.status {
            Some(status) => status,
            None => self.process.wait()?,
        };
        self.status = Some(status);
        let said = self.said.take().and_then(|t| t.join().ok()).unwrap_or_default();
        Ok(Ended { status, said })
    }

    /// Stops it, and returns what it had said.
    pub(crate) fn stop(&mut self) -> String {
        if self.status.is_none() {
            // It may have ended by itself; then there is nothing to kill.
            let _ = self.process.kill();
        }
        self.wait().map(|e| e.said).unwrap_or_default()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs a program to its end; its output and how it ended.
pub(crate) fn run(program: &Path, args: &[OsString]) -> io::Result<(Vec<u8>, Ended)> {
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
    while let Ok(1..) = (&mut stream).take(KEPT as u64).read_until(b'\n', &mut line) {
        let text = String::from_utf8_lossy(&line);
        if let Some(said) = hear(text.trim()).filter(|said| !said.is_empty()) {
            length += said.len();
            kept.push_back(said);
        }
        line.clear();
        while length > KEPT && kept.len() > 1 {
            length -= kept.pop_front().map_or(0, |said: String| said.len());
        }
    }
    Vec::from(kept).join(" | ")
}
