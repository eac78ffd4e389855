//! The progress lines of set-up: a bar where a person watches, plain lines otherwise.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Where the steps are told. Everything goes to standard error: standard output is for results.
#[derive(Debug)]
pub(crate) struct Report {
    terminal: bool,
}

impl Report {
    /// Bars on a terminal, lines elsewhere.
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal() }
    }

    /// One finished or beginning step: a verb and what it is about.
    pub(crate) fn line(&self, verb: &str, text: &str) {
        // A closed standard error is no reason to stop setting up.
        let _ = writeln!(std::io::stderr().lock(), "{verb:>9}  {text}");
    }

    /// A bar over `total` bytes for a step that takes a while. Without a terminal it prints quarters.
    pub(crate) fn bytes(&self, verb: &'static str, text: &str, total: u64) -> Bar<'_> {
        self.line(verb, text);
        let bar = if self.terminal {
            let bar = ProgressBar::new(total);
            let template = "           {wide_bar:.green} {bytes}/{total_bytes} {elapsed}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        } else {
            ProgressBar::hidden()
        };
        Bar { report: self, bar, total: total.max(1), quarter: 0 }
    }
}

/// Progress of one step. The bar goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Bar<'a> {
    report: &'a Report,
    bar: ProgressBar,
    total: u64,
    quarter: u64,
}

impl Bar<'_> {
    /// Says that `done` of the total bytes are there.
    pub(crate) fn set(&mut self, done: u64) {
        self.bar.set_position(done);
        let quarter = done.saturating_mul(4) / self.total;
        if !self.report.terminal && quarter > self.quarter && quarter < 4 {
            self.quarter = quarter;
            self.report.line("", &format!("{} %", quarter * 25));
        }
    }
}

impl Drop for Bar<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
