//! Steps that are told, timed and listed at the end.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

struct Step {
    name: &'static str,
    verdict: Verdict,
    time: Duration,
    note: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    Skipped,
}

impl Verdict {
    fn from_passed(passed: bool) -> Self {
        if passed { Self::Passed } else { Self::Failed }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }
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
        self.done.push(Step { name, verdict: Verdict::from_passed(passed), time: begun.elapsed(), note });
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
        let time = begun.elapsed();
        self.done.push(Step { name, verdict: Verdict::Passed, time, note: String::new() });
        Ok(())
    }

    /// Runs checks as a step, with their verdict.
    pub(crate) fn check(&mut self, name: &'static str, work: impl FnOnce() -> Result<String, String>) {
        eprintln!("== {name}");
        let begun = Instant::now();
        let verdict = work();
        let passed = verdict.is_ok();
        let (Ok(note) | Err(note)) = verdict;
        self.done.push(Step { name, verdict: Verdict::from_passed(passed), time: begun.elapsed(), note });
    }

    /// Adds a verdict that took no time.
    pub(crate) fn note(&mut self, name: &'static str, verdict: Result<String, String>) {
        let passed = verdict.is_ok();
        let (Ok(note) | Err(note)) = verdict;
        self.done.push(Step { name, verdict: Verdict::from_passed(passed), time: Duration::ZERO, note });
    }

    /// Says that a step was not run, and why; where something is missing, the reason names how to get it.
    pub(crate) fn skip(&mut self, name: &'static str, why: impl Into<String>) {
        let note = why.into();
        eprintln!("== {name}: skipped: {note}");
        self.done.push(Step { name, verdict: Verdict::Skipped, time: Duration::ZERO, note });
    }

    /// Prints the table, and at the end what was skipped. True if no step failed.
    pub(crate) fn finish(self) -> bool {
        eprintln!("== result");
        for step in &self.done {
            let (verdict, seconds) = (step.verdict.word(), step.time.as_secs_f32());
            eprintln!("  {verdict:<7} {:<19} {seconds:>7.1} s  {}", step.name, step.note);
        }
        eprintln!("{}", self.summary());
        !self.names(Verdict::Failed).any(|_| true)
    }

    fn names(&self, verdict: Verdict) -> impl Iterator<Item = &'static str> {
        self.done.iter().filter(move |step| step.verdict == verdict).map(|step| step.name)
    }

    /// One line: how many steps passed, and the names of those that did not.
    fn summary(&self) -> String {
        let mut line = format!("{} of {} steps passed", self.names(Verdict::Passed).count(), self.done.len());
        for (verdict, word) in [(Verdict::Failed, "FAILED"), (Verdict::Skipped, "SKIPPED")] {
            let names: Vec<_> = self.names(verdict).collect();
            if !names.is_empty() {
                line += &format!("; {word}: {}", names.join(", "));
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_names_what_failed_and_what_was_skipped() {
        let mut steps = Steps::new();
        steps.check("lints", || Ok(String::new()));
        assert_eq!(steps.summary(), "1 of 1 steps passed");
        steps.skip("rig", "there is none");
        steps.check("window", || Err("it is blank".to_owned()));
        assert_eq!(steps.summary(), "1 of 3 steps passed; FAILED: window; SKIPPED: rig");
        assert!(!steps.finish());
    }

    #[test]
    fn a_skipped_step_is_no_failure() {
        let mut steps = Steps::new();
        steps.skip("rig", "there is none");
        assert!(steps.finish());
    }
}
