//! Steps that are told, timed and listed at the end.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

struct Step {
    name: &'static str,
    passed: bool,
    time: Duration,
    note: String,
}

/// A list of steps. A step that fails does not keep the later ones from running.
pub(crate) struct Steps {
    done: Vec<Step>,
}

impl Steps {
    /// No step yet.
    pub(crate) fn new() -> Self {
        Self { done: Vec::new() }
    }

    /// Runs a command as a step. True if it passed.
    pub(crate) fn run(&mut self, name: &'static str, command: &mut Command) -> bool {
        let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        eprintln!("== {name}: {program} {}", words.join(" "));
        let begun = Instant::now();
        let (passed, note) = match command.status() {
            Ok(status) if status.success() => (true, String::new()),
            Ok(status) => (false, status.to_string()),
            Err(error) => (false, error.to_string()),
        };
        self.done.push(Step { name, passed, time: begun.elapsed(), note });
        passed
    }

    /// Runs a function as a step. Its error ends the whole list.
    pub(crate) fn time(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        work()?;
        self.done.push(Step { name, passed: true, time: begun.elapsed(), note: String::new() });
        Ok(())
    }

    /// Runs checks as a step, with their verdict.
    pub(crate) fn check(&mut self, name: &'static str, work: impl FnOnce() -> Result<String, String>) {
        eprintln!("== {name}");
        let begun = Instant::now();
        let verdict = work();
        let passed = verdict.is_ok();
        let (Ok(note) | Err(note)) = verdict;
        self.done.push(Step { name, passed, time: begun.elapsed(), note });
    }

    /// Adds a verdict that took no time.
    pub(crate) fn note(&mut self, name: &'static str, verdict: Result<String, String>) {
        let passed = verdict.is_ok();
        let (Ok(note) | Err(note)) = verdict;
        self.done.push(Step { name, passed, time: Duration::ZERO, note });
    }

    /// Prints the table. True if every step passed.
    pub(crate) fn finish(self) -> bool {
        eprintln!("== result");
        for step in &self.done {
            let verdict = if step.passed { "ok" } else { "FAILED" };
            let seconds = step.time.as_secs_f32();
            eprintln!("  {verdict:<7} {:<19} {seconds:>7.1} s  {}", step.name, step.note);
        }
        self.done.iter().all(|step| step.passed)
    }
}
