//! Programs that a check starts, listens to, waits for with a limit, and ends by their own process number.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often a condition is looked at while it is waited for.
const GLANCE: Duration = Duration::from_millis(20);

/// Waits until `done` gives something, at most `limit`. `what` names it when it never does.
pub(crate) fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut done: impl FnMut() -> Option<T>,
) -> Result<T, String> {
    let until = Instant::now() + limit;
    loop {
        match done() {
            Some(value) => return Ok(value),
            None if Instant::now() >= until => {
                return Err(format!("waited {} s in vain for {what}", limit.as_secs()));
            }
            None => thread::sleep(GLANCE),
        }
    }
}

/// A program that runs; it is killed when this is dropped.
pub(crate) struct Running {
    name: String,
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Running {
    /// Starts it. What it says on both outputs is kept.
    pub(crate) fn start(name: &str, command: &mut Command) -> Result<Self, String> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| format!("{name} can't be started: {e}"))?;
        let said = Arc::new(Mutex::new(String::new()));
        let outputs: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|out| Box::new(out) as Box<dyn Read + Send>),
            child.stderr.take().map(|out| Box::new(out) as Box<dyn Read + Send>),
        ];
        for output in outputs.into_iter().flatten() {
            let said = Arc::clone(&said);
            thread::spawn(move || {
                for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    said.push_str(&String::from_utf8_lossy(&line));
                    said.push('\n');
                }
            });
        }
        Ok(Self { name: name.into(), child, said })
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The error with what the program said last.
    pub(crate) fn error(&self, what: impl std::fmt::Display) -> String {
        let said = self.said();
        let from = said.char_indices().rev().nth(600).map_or(0, |(at, _)| at);
        format!("{what}; {} said: {}", self.name, said[from..].trim().replace('\n', " | "))
    }

    /// Waits until it has said `text`, and gives all that it has said.
    pub(crate) fn wait_said(&self, text: &str, limit: Duration) -> Result<String, String> {
        wait_for(&format!("`{text}`"), limit, || Some(self.said()).filter(|said| said.contains(text)))
            .map_err(|e| self.error(e))
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait_ended(&mut self, limit: Duration) -> Result<ExitStatus, String> {
        let what = format!("the end of {}", self.name);
        let child = &mut self.child;
        let ended = wait_for(&what, limit, || child.try_wait().transpose());
        match ended {
            Ok(Ok(status)) => Ok(status),
            Ok(Err(e)) => Err(self.error(e)),
            Err(e) => Err(self.error(e)),
        }
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_none())
    }

    /// Ends its standard input, and waits until it has ended well.
    pub(crate) fn end(mut self, limit: Duration) -> Result<String, String> {
        drop(self.child.stdin.take());
        let status = self.wait_ended(limit)?;
        match status.success() {
            true => Ok(self.said()),
            false => Err(self.error(status)),
        }
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.put_down();
    }

    fn put_down(&mut self) {
        if self.runs() {
            // It may end at the same moment.
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.put_down();
    }
}
