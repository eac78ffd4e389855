//! What `omote doctor` finds of the desktop: whether a window can be opened, and what draws it.

use std::io::Read;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use omote_engine::source::child;

use super::{Finding, State};
use crate::window::surface::{self, Display};

const WHAT: &str = "window";
/// How long a driver may take to open one.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the window would open. It is tried, unseen, by a process of its own: a driver that crashes or hangs takes
/// only that one along.
pub(super) fn window() -> Finding {
    let display = match surface::display() {
        Ok(display) => display,
        Err((what, remedy)) => return Finding::lacking(WHAT, State::Optional, what, remedy),
    };
    let tried = std::env::current_exe().and_then(|program| {
        let mut command = child::command(program);
        command.arg("--try-window").env_remove("RUST_LOG").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    });
    match tried {
        Ok(child) => finding(display, ended(child)),
        Err(e) => Finding::lacking(WHAT, State::Optional, format!("it can't be tested: {e}"), ""),
    }
}

/// What a try said: whether it went well, its output, its errors.
type Said = (Option<bool>, String, String);

fn ended(mut child: Child) -> Said {
    let begun = Instant::now();
    let good = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status.success()),
            Ok(None) if begun.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(20)),
            _ => {
                // It may have ended by itself meanwhile.
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
        }
    };
    let text = |stream: Option<&mut dyn Read>| {
        let mut text = String::new();
        // What can't be read was not said.
        let _ = stream.map(|stream| stream.read_to_string(&mut text));
        text
    };
    let out = text(child.stdout.as_mut().map(|s| s as &mut dyn Read));
    (good, out, text(child.stderr.as_mut().map(|s| s as &mut dyn Read)))
}

fn finding(display: Display, (good, out, errors): Said) -> Finding {
    let on = match display {
        Display::Wayland => "on Wayland",
        Display::X11 => "on X11",
        Display::Own => "here",
    };
    let lacking = |what: &str, remedy: &str| Finding::lacking(WHAT, State::Optional, what, remedy);
    let driver = "update the graphics driver; `omote live --no-window` needs no window";
    match good {
        Some(true) => Finding::found(WHAT, format!("{on}, drawn by {}", out.trim())),
        None => lacking("the graphics driver does not answer", driver),
        Some(false) => {
            let error = errors.lines().rev().find_map(|line| line.strip_prefix("error: "));
            let error = error.map(|line| line.strip_prefix("no window can be opened: ").unwrap_or(line));
            match error.map(|line| line.split_once("; ").unwrap_or((line, ""))) {
                Some((what, remedy)) => lacking(what, remedy),
                None => lacking("the graphics driver crashes the program", driver),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_try_said_is_told_with_its_remedy() {
        let said = |good, out: &str, errors: &str| finding(Display::X11, (good, out.into(), errors.into()));
        let found = said(Some(true), "llvmpipe (Gl)\n", "");
        assert_eq!((found.state, found.detail.as_str()), (State::Found, "on X11, drawn by llvmpipe (Gl)"));
        let lacks = said(Some(false), "", "noise\nerror: no window can be opened: no driver; install a, b\n");
        assert_eq!((lacks.detail.as_str(), lacks.remedy.as_str()), ("no driver", "install a, b"));
        for (good, words) in [(None, "does not answer"), (Some(false), "crashes the program")] {
            let lacks = said(good, "", "Segmentation fault\n");
            assert!(lacks.detail.contains(words) && !lacks.remedy.is_empty(), "{lacks:?}");
            assert_eq!(lacks.state, State::Optional);
        }
    }
}
