//! What the program says: results on standard output, errors and its log on standard error.

use std::error::Error;
use std::fmt;
use std::io::{self, IsTerminal, StdoutLock, Write};
use std::process::ExitCode;

use omote_engine::gpu::quiet;
use omote_kit::in_one_line;

use crate::ending;

/// The status that a shell gives for a program that a closed pipe ended.
const CLOSED: u8 = 128 + 13;

/// Nobody reads standard output any more, as in `omote persona list | head -1`.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody reads the output any more")
    }
}

impl Error for Closed {}

/// Standard output, which others may close.
pub(crate) struct Out {
    to: StdoutLock<'static>,
    /// What is written is what the command is for.
    wanted: bool,
}

/// Standard output for what a command is for: once nobody reads it, the command ends.
pub(crate) fn out() -> Out {
    Out { to: io::stdout().lock(), wanted: true }
}

/// Standard output for a report on work that is done elsewhere: that nobody reads it is no failure.
pub(crate) fn report() -> Out {
    Out { to: io::stdout().lock(), wanted: false }
}

impl Out {
    fn unless_closed<T>(&self, result: io::Result<T>, unread: T) -> io::Result<T> {
        result.or_else(|error| match error.kind() {
            io::ErrorKind::BrokenPipe if self.wanted => Err(io::Error::new(error.kind(), Closed)),
            io::ErrorKind::BrokenPipe => Ok(unread),
            _ => Err(error),
        })
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes);
        self.unless_closed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.to.flush();
        self.unless_closed(flushed, ())
    }
}

fn is_closed(error: &(dyn Error + 'static)) -> bool {
    if let Some(json) = error.downcast_ref::<serde_json::Error>() {
        // It does not show its cause. JSON goes to files besides, which don't break this way.
        return json.io_error_kind() == Some(io::ErrorKind::BrokenPipe);
    }
    let io = error.downcast_ref::<io::Error>();
    io.and_then(io::Error::get_ref).is_some_and(|inner| inner.is::<Closed>())
}

/// The exit code; a failure is told first, and a reader of the output that has gone is no failure to tell of.
pub(crate) fn end(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        if error.chain().any(is_closed) {
            return end_by_pipe();
        }
        if let Some(interrupted) = error.downcast_ref::<ending::Interrupted>() {
            let _ = writeln!(io::stderr(), "{interrupted}");
            return ExitCode::from(interrupted.signal.exit_code());
        }
        // With standard error closed there is nobody to tell.
        let _ = writeln!(io::stderr(), "error: {}", in_one_line(error.as_ref()));
        ExitCode::from(crate::wardrobe::exit_code(&error))
    })
}

/// Ends as other programs do when their output is closed: by the signal for it, where there is one.
fn end_by_pipe() -> ExitCode {
    #[cfg(unix)]
    {
        default_pipe();
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::PIPE);
    }
    ExitCode::from(CLOSED)
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "the standard library has no call for it")]
fn default_pipe() {
    // SAFETY: gives the signal back the meaning that it had before Rust's runtime had it ignored.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Sets up the log. It goes to standard error as it is now, so that what libraries write there can be taken for a
/// moment and logged at debug level ([`quiet`]). By default it holds what this program warns of; `RUST_LOG` says more.
pub(crate) fn log() {
    let own = "off,omote=warn,omote_engine=warn,omote_kit=warn,omote_shaders=warn";
    let mut builder = env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(own));
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        if let Ok(real) = io::stderr().as_fd().try_clone_to_owned() {
            let style = if io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
                env_logger::WriteStyle::Always
            } else {
                env_logger::WriteStyle::Never
            };
            if std::env::var_os("RUST_LOG_STYLE").is_none() {
                builder.write_style(style);
            }
            builder.target(env_logger::Target::Pipe(Box::new(std::fs::File::from(real))));
            quiet::allow();
        }
    }
    builder.init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn a_cause_that_was_told_already_is_not_told_again() {
        let io = || io::Error::from_raw_os_error(13);
        let read = format!("the file can't be read: {}: a.mp4", io());
        let error = anyhow!(io()).context(read);
        assert_eq!(in_one_line(error.as_ref()), "the file can't be read: Permission denied: a.mp4");
        let error = anyhow!("no face in it").context("me.jpg makes no persona: no face in it; take another");
        assert_eq!(in_one_line(error.as_ref()), "me.jpg makes no persona: no face in it; take another");
        let error = anyhow!("a: no face; take another").context("no face");
        assert_eq!(in_one_line(error.as_ref()), "a: no face; take another");
        let error = anyhow!("b").context("c");
        assert_eq!(in_one_line(error.as_ref()), "c: b");
    }

    #[test]
    fn a_closed_output_is_known_through_every_wrapping() {
        let closed = || io::Error::new(io::ErrorKind::BrokenPipe, Closed);
        let known = |error: &anyhow::Error| error.chain().any(is_closed);
        assert!(known(&anyhow!(closed())));
        assert!(known(&anyhow!(closed()).context("can't write the list")));
        assert!(known(&anyhow!(serde_json::Error::io(closed()))));
        // Some other program's pipe, such as ffmpeg's.
        assert!(!known(&anyhow!(io::Error::from(io::ErrorKind::BrokenPipe))));
        let wrapped: anyhow::Result<()> = Err(closed()).context("x");
        assert!(known(&wrapped.unwrap_err()));
    }
}
