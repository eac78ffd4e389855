//! A virtual display of a test's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

/// A child process that ends with its owner.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A display with a number that is free, and its name. It does not begin anew when its last client leaves
/// (`-noreset`): the first look for a window would be that client, and the program's connection could fail.
pub(crate) fn display() -> anyhow::Result<(Ended, String)> {
    let child = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1920x1200x24", "-nolisten", "tcp", "-noreset"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("Xvfb can't be started")?;
    let mut display = Ended(child);
    let out = display.0.stdout.take().context("Xvfb has no output")?;
    let mut number = String::new();
    BufReader::new(out).read_line(&mut number).context("Xvfb named no display")?;
    ensure!(!number.trim().is_empty(), "Xvfb named no display");
    Ok((display, format!(":{}", number.trim())))
}
