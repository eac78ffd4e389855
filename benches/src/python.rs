//! A Python script whose rounds lie between ours and meet the same machine.
//!
//! It is a process of its own that runs a round for each line on its input and answers with one line, "name ms name ms …".

use anyhow::Context;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A script that runs. Dropping it ends it.
#[derive(Debug)]
pub struct Script {
    child: Child,
    answers: BufReader<ChildStdout>,
    /// Each way's milliseconds, one for each round.
    pub ways: Vec<(String, Vec<f64>)>,
    _folder: tempfile::TempDir,
}

impl Script {
    /// Starts a script of this package's folder with the Python that `PYTHON` names, and has it run a first round, which
    /// does not count. `folder` holds what `files` are in, as long as the script runs. `None` where that fails: there is no
    /// such Python, or it lacks a package.
    ///
    /// # Errors
    /// A process without output.
    pub fn start(
        script: &str,
        files: &[PathBuf],
        repeats: usize,
        folder: tempfile::TempDir,
    ) -> anyhow::Result<Option<Self>> {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let started = Command::new(python)
            .arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(script))
            .args(files)
            .arg(repeats.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else { return Ok(None) };
        let answers = BufReader::new(child.stdout.take().context("no output")?);
        let mut running = Self { child, answers, ways: Vec::new(), _folder: folder };
        if let Err(e) = running.round() {
            log::warn!("{script} failed: {e}");
            return Ok(None);
        }
        running.ways.clear();
        Ok(Some(running))
    }

    /// A round.
    ///
    /// # Errors
    /// A script that has ended, or says something else.
    pub fn round(&mut self) -> anyhow::Result<()> {
        writeln!(self.child.stdin.as_mut().context("no input")?)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let words: Vec<&str> = line.split_whitespace().collect();
        anyhow::ensure!(!words.is_empty() && words.len().is_multiple_of(2), "it said {line:?}");
        for (i, pair) in words.chunks_exact(2).enumerate() {
            if self.ways.len() <= i {
                self.ways.push((pair[0].to_owned(), Vec::new()));
            }
            self.ways[i].1.push(pair[1].parse()?);
        }
        Ok(())
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
