//! Drivers and display libraries write lines of their own to standard error, most of them about what they could do
//! without ("XDG_RUNTIME_DIR is invalid", "DRI3 not available"). A user takes them for errors of this program. While
//! a [`Quiet`] lives they go to the log instead, at debug level.

#[cfg(target_os = "linux")]
use std::io::{BufRead, BufReader, PipeReader, stderr};
#[cfg(target_os = "linux")]
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(target_os = "linux")]
use std::sync::{Mutex, PoisonError};
#[cfg(target_os = "linux")]
use std::thread::JoinHandle;

/// The log's target for such lines.
pub(crate) const TARGET: &str = "library";

static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Lets this module take over the process's standard error for moments. For programs that own it, and whose log is
/// written to another descriptor; a plugin must not.
pub fn allow() {
    ALLOWED.store(true, Ordering::Release);
}

/// While one lives, what is written to the process's standard error goes to the log, line by line. They may nest and
/// overlap. Without [`allow`], and elsewhere than on Linux, it does nothing.
#[derive(Debug)]
#[must_use = "it ends when dropped"]
pub struct Quiet(());

/// Standard error as it was, and the thread that reads what is written meanwhile.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Taken {
    real: OwnedFd,
    reader: JoinHandle<()>,
}

/// How many live, and what was taken for them.
#[cfg(target_os = "linux")]
static TAKEN: Mutex<(usize, Option<Taken>)> = Mutex::new((0, None));

impl Quiet {
    /// Begins.
    pub fn begin() -> Self {
        #[cfg(target_os = "linux")]
        if ALLOWED.load(Ordering::Acquire) {
            let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
            taken.0 += 1;
            if taken.0 == 1 {
                // Where it can't be taken, lines are seen that need not be.
                taken.1 =
                    capture_stderr().inspect_err(|e| log::debug!("standard error can't be taken: {e}")).ok();
            }
        }
        Self(())
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if ALLOWED.load(Ordering::Acquire) {
            let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
            taken.0 = taken.0.saturating_sub(1);
            if taken.0 == 0
                && let Some(Taken { real, reader }) = taken.1.take()
            {
                // This closes the pipe's last writing end, unless a child has one: so the wait for its lines is short.
                let given_back = rustix::stdio::dup2_stderr(&real).is_ok();
                drop(taken);
                for _ in 0..50 {
                    if reader.is_finished() || !given_back {
                        break;
                    }
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn capture_stderr() -> std::io::Result<Taken> {
    let real = stderr().as_fd().try_clone_to_owned()?;
    let (from, to) = std::io::pipe()?;
    let reader = std::thread::Builder::new().name("omote-lines".into()).spawn(move || log_lines(from))?;
    rustix::stdio::dup2_stderr(&to)?;
    Ok(Taken { real, reader })
}

#[cfg(target_os = "linux")]
fn log_lines(from: PipeReader) {
    let mut panicked = false;
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        // A panic of our own is no library's line.
        panicked |= line.starts_with("thread '") && line.contains("panicked at");
        if panicked {
            log::error!("{line}");
        } else if !line.trim().is_empty() {
            log::debug!(target: TARGET, "{line}");
        }
    }
}
