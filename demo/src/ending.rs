//! How the program ends. Signals, the closing of the terminal, the window's cross and the end of the time given all lead
//! to one order: the sinks get the card, streams are switched off, the encoder's pipe is closed and the encoder waited for,
//! the file gets its name, and the exit status says how it went.
//!
//! | what | exit status |
//! | --- | --- |
//! | `live`, the window and `bench glass`, ended by whatever | 0; 6 where a recording ended by itself |
//! | `run`, `track`, `demo` and `setup`, interrupted | 128 and the signal's number: 130 after Ctrl-C; nothing half-written is left |
//! | a second signal | the same number, at once |

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;

/// What asked for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal(i32);

/// Numbers that are the same on all systems.
const HANG_UP: i32 = 1;
const INTERRUPT: i32 = 2;
const TERMINATE: i32 = 15;

impl Signal {
    /// The exit code of a command that this kept from doing its work.
    pub(crate) fn exit_code(self) -> u8 {
        128 + u8::try_from(self.0).unwrap_or(0)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            INTERRUPT => f.write_str("interrupted"),
            HANG_UP => f.write_str("stopped because the terminal was closed (SIGHUP)"),
            TERMINATE => f.write_str("stopped by SIGTERM"),
            other => write!(f, "stopped by signal {other}"),
        }
    }
}

/// Work that a signal broke off: what became of it, for the user.
#[derive(Debug)]
pub(crate) struct Interrupted {
    pub(crate) signal: Signal,
    pub(crate) what: String,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.signal, self.what)
    }
}

impl std::error::Error for Interrupted {}

/// What is done on the first signal, besides noting it.
type Call = Box<dyn Fn() + Send>;
/// What is done when nobody has begun to end the program in time; the exit code.
type Last = Box<dyn FnOnce() -> Option<u8> + Send>;

#[derive(Default)]
struct State {
    signal: Option<Signal>,
    calls: Vec<Call>,
    /// The end is under way.
    begun: bool,
    last: Option<Last>,
    /// Removed where the program has to end at once.
    scrap: Vec<PathBuf>,
}

/// Hears signals. There is one a process.
#[derive(Default)]
pub(crate) struct Ending {
    state: Mutex<State>,
    changed: Condvar,
}

/// Keeps what is written under a path from being left behind where the program has to end at once.
pub(crate) struct Scrap(Arc<Ending>, PathBuf);

impl Drop for Scrap {
    fn drop(&mut self) {
        self.0.lock().scrap.retain(|path| *path != self.1);
    }
}

/// How long the ordinary way of ending may take to begin: a source may never give another picture.
const GRACE: Duration = Duration::from_secs(5);

static ENDING: OnceLock<Arc<Ending>> = OnceLock::new();

/// Begins to hear signals; from here on the first one ends nothing by itself, and the second one all at once. Signals that
/// the program was started deaf to (`nohup`) stay unheard.
///
/// # Errors
/// The system refuses it.
pub(crate) fn hear() -> anyhow::Result<Arc<Ending>> {
    if let Some(ending) = ENDING.get() {
        return Ok(Arc::clone(ending));
    }
    let ending = Arc::new(Ending::default());
    listen(&ending).context("signals can't be received")?;
    Ok(Arc::clone(ENDING.get_or_init(|| ending)))
}

/// Whether this process is about to end, for work that would hold that up.
pub(crate) fn over() -> bool {
    ENDING.get().is_some_and(|ending| {
        let state = ending.lock();
        state.begun || state.signal.is_some()
    })
}

#[cfg(unix)]
fn listen(ending: &Arc<Ending>) -> io::Result<()> {
    use signal_hook::consts::SIGXFSZ;
    let deaf = deaf_to();
    let heard = [HANG_UP, INTERRUPT, TERMINATE].into_iter().filter(|n| deaf >> (n - 1) & 1 == 0);
    let mut signals = signal_hook::iterator::Signals::new(heard)?;
    // A limit on a file's size is an error of writing like a full disk, not the program's end.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    let ending = Arc::clone(ending);
    let hear = move || signals.forever().for_each(|number| ending.heard(Signal(number)));
    std::thread::Builder::new().name("omote-signals".to_owned()).spawn(hear).map(|_| ())
}

/// The signals that are ignored since the program's start, a bit each from 1 on, where the system tells.
#[cfg(unix)]
fn deaf_to() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(not(unix))]
fn listen(ending: &Arc<Ending>) -> io::Result<()> {
    let ending = Arc::clone(ending);
    ctrlc::set_handler(move || ending.heard(Signal(INTERRUPT))).map_err(io::Error::other)
}

impl Ending {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A signal has come.
    fn heard(self: &Arc<Self>, signal: Signal) {
        let mut state = self.lock();
        if state.signal.is_some() {
            leave(&state, signal.exit_code());
        }
        state.signal = Some(signal);
        state.calls.iter().for_each(|call| call());
        drop(state);
        self.changed.notify_all();
        let ending = Arc::clone(self);
        let watch = move || ending.watch(signal);
        if let Err(e) = std::thread::Builder::new().name("omote-ending".to_owned()).spawn(watch) {
            log::warn!("the end is not watched over: {e}");
        }
    }

    /// Ends the program itself where its ordinary end does not begin in time.
    fn watch(&self, signal: Signal) {
        let until = Instant::now() + GRACE;
        let mut state = self.lock();
        while !state.begun {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let last = state.last.take();
                drop(state);
                let code = last.and_then(|last| last());
                leave(&self.lock(), code.unwrap_or(signal.exit_code()));
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What asked for the end, if anything did.
    pub(crate) fn asked(&self) -> Option<Signal> {
        self.lock().signal
    }

    /// Waits until the end is asked for, at most `limit`; what asked.
    pub(crate) fn wait(&self, limit: Duration) -> Option<Signal> {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, limit, |state| state.signal.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.signal
    }

    /// Calls `call` on the first signal too, from another thread.
    pub(crate) fn also(&self, call: impl Fn() + Send + 'static) {
        self.lock().calls.push(Box::new(call));
    }

    /// Does `last` where nobody has begun to end the program five seconds after it was asked for; then the program ends with
    /// the exit code that this gives, or the signal's own.
    pub(crate) fn at_last(&self, last: impl FnOnce() -> Option<u8> + Send + 'static) {
        self.lock().last = Some(Box::new(last));
    }

    /// Says that the end has begun: it goes its way, however long it takes.
    pub(crate) fn begin(&self) {
        self.lock().begun = true;
        self.changed.notify_all();
    }

    /// Has a file or folder removed where the program has to end at once, as long as what is given lives.
    pub(crate) fn scrap(self: &Arc<Self>, path: &Path) -> Scrap {
        self.lock().scrap.push(path.to_owned());
        Scrap(Arc::clone(self), path.to_owned())
    }

    /// Fails where the end was asked for: for loops whose work is then given up. `what` says what became of it.
    pub(crate) fn check(&self, what: impl FnOnce() -> String) -> Result<(), Interrupted> {
        match self.asked() {
            None => Ok(()),
            Some(signal) => {
                self.begin();
                Err(Interrupted { signal, what: what() })
            }
        }
    }
}

/// Ends the program here and now: no other thread is waited for.
fn leave(state: &State, code: u8) -> ! {
    for path in &state.scrap {
        // There is nobody left to tell.
        let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    }
    at_once(code)
}

/// Ends the process without what libraries would do at its end, which is not safe while their threads still run.
pub(crate) fn at_once(code: u8) -> ! {
    #[cfg(unix)]
    signal_hook::low_level::exit(i32::from(code));
    #[cfg(not(unix))]
    std::process::exit(i32::from(code));
}

/// Writes for whoever reads, and is content where nobody does any more: a closed pipe or terminal must not keep what comes
/// after from being done.
pub(crate) fn print(
    out: &mut dyn Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    /// What a terminal that was closed gives.
    const EIO: i32 = 5;
    match write(out).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe || e.raw_os_error() == Some(EIO) => Ok(()),
        done => done,
    }
}

/// The exit code of a session whose recordings were kept whole, or not.
pub(crate) fn session_code(recordings_whole: bool) -> ExitCode {
    if recordings_whole { ExitCode::SUCCESS } else { ExitCode::from(RECORDING_ENDED) }
}

/// The exit code where a recording ended by itself.
pub(crate) const RECORDING_ENDED: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_signal_is_noted_and_calls() {
        let ending = Arc::new(Ending::default());
        assert_eq!((ending.asked(), ending.wait(Duration::from_millis(1))), (None, None));
        let called = Arc::new(Mutex::new(0));
        let calls = Arc::clone(&called);
        ending.also(move || *calls.lock().unwrap() += 1);
        assert!(ending.check(String::new).is_ok());
        ending.heard(Signal(TERMINATE));
        assert_eq!(ending.wait(Duration::from_secs(60)), Some(Signal(TERMINATE)));
        assert_eq!(*called.lock().unwrap(), 1);
        let broken = ending.check(|| "nothing was written".to_owned()).unwrap_err();
        assert_eq!(broken.to_string(), "stopped by SIGTERM: nothing was written");
        assert_eq!(broken.signal.exit_code(), 143);
    }

    #[test]
    fn nobody_who_reads_is_no_fault() {
        struct Closed(io::ErrorKind);
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(print(&mut Closed(io::ErrorKind::BrokenPipe), |out| writeln!(out, "x")).is_ok());
        assert!(print(&mut Closed(io::ErrorKind::StorageFull), |out| writeln!(out, "x")).is_err());
    }

    #[test]
    fn what_was_given_up_as_scrap_is_forgotten_when_it_is_done() {
        let ending = Arc::new(Ending::default());
        let scrap = ending.scrap(Path::new("/nowhere"));
        assert_eq!(ending.lock().scrap.len(), 1);
        drop(scrap);
        assert!(ending.lock().scrap.is_empty());
    }
}
