//! The progress lines of set-up: a bar where a person watches, plain lines otherwise.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use omote_kit::setup::{Progress, Transfer};

use crate::ending;

/// Where the steps are told. Everything goes to standard error: standard output is for results.
pub(crate) struct Report {
    terminal: bool,
    listener: Option<Listener>,
}

/// Is told each step: a verb, what it is about, and the share of it that is done where that is known.
pub(crate) type Listener = Box<dyn Fn(&str, &str, Option<f32>) + Send>;

impl Report {
    /// Bars on a terminal, lines elsewhere.
    pub(crate) fn new() -> Self {
        Self { terminal: std::io::stderr().is_terminal(), listener: None }
    }

    /// Tells `listener` too, for windows.
    pub(crate) fn heard_by(listener: Listener) -> Self {
        Self { terminal: false, listener: Some(listener) }
    }
}

impl Progress for Report {
    fn line(&self, verb: &'static str, text: &str) {
        // A closed standard error is no reason to stop setting up.
        let _ = writeln!(std::io::stderr().lock(), "{verb:>9}  {text}");
        if let Some(listener) = self.listener.as_ref().filter(|_| !verb.is_empty()) {
            listener(verb, text, None);
        }
    }

    /// A bar on a terminal; elsewhere quarters are printed.
    fn transfer(&self, verb: &'static str, text: &str, total: u64) -> Box<dyn Transfer + '_> {
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
        Box::new(Bar { report: self, verb, text: text.to_owned(), bar, total: total.max(1), quarter: 0 })
    }

    fn is_over(&self) -> bool {
        ending::over()
    }
}

/// Progress of one step. The bar goes when this is dropped.
struct Bar<'a> {
    report: &'a Report,
    verb: &'static str,
    text: String,
    bar: ProgressBar,
    total: u64,
    quarter: u64,
}

impl Transfer for Bar<'_> {
    fn set(&mut self, done: u64) {
        self.bar.set_position(done);
        if let Some(listener) = &self.report.listener {
            listener(self.verb, &self.text, Some((done as f32 / self.total as f32).min(1.0)));
        }
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
