//! Short messages over the preview that go by themselves.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a message stays; faults stay longer.
const STAYS: Duration = Duration::from_secs(6);
const FAULT_STAYS: Duration = Duration::from_secs(14);
/// Messages on the screen at a time.
const MOST_SHOWN: usize = 3;

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Toast {
    /// What is said.
    pub(crate) text: String,
    /// The file that it speaks of.
    pub(crate) path: Option<PathBuf>,
    /// Whether something went wrong.
    pub(crate) fault: bool,
    /// When it goes.
    pub(crate) until: Instant,
}

/// The messages.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Toasts {
    /// Those on the screen, the newest last.
    pub(crate) shown: Vec<Toast>,
    /// The texts of all that were shown.
    pub(crate) history: Vec<String>,
}

impl Toasts {
    fn push(&mut self, text: String, path: Option<PathBuf>, fault: bool) {
        self.history.push(text.clone());
        let until = Instant::now() + if fault { FAULT_STAYS } else { STAYS };
        self.shown.push(Toast { text, path, fault, until });
        if self.shown.len() > MOST_SHOWN {
            self.shown.remove(0);
        }
    }

    /// Something to know.
    pub(crate) fn notice(&mut self, text: impl Into<String>) {
        self.push(text.into(), None, false);
    }

    /// A file that was written.
    pub(crate) fn wrote(&mut self, what: &str, path: PathBuf) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.push(format!("{what}: {name}"), Some(path), false);
    }

    /// Something that went wrong.
    pub(crate) fn fault(&mut self, text: impl Into<String>) {
        self.push(text.into(), None, true);
    }

    /// Takes those away whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.shown.retain(|toast| toast.until > now);
    }

    /// Takes one away.
    pub(crate) fn dismiss(&mut self, place: usize) {
        if place < self.shown.len() {
            self.shown.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_stay_longer_and_no_more_than_three_are_shown() {
        let mut toasts = Toasts::default();
        for text in ["one", "two", "three"] {
            toasts.notice(text);
        }
        toasts.fault("four");
        let shown = |toasts: &Toasts| toasts.shown.iter().map(|t| t.text.clone()).collect::<Vec<_>>();
        assert_eq!(shown(&toasts), ["two", "three", "four"]);
        assert_eq!(toasts.history.len(), 4);
        toasts.dismiss(0);
        toasts.dismiss(9);
        assert_eq!(shown(&toasts), ["three", "four"]);
        toasts.expire(Instant::now() + Duration::from_secs(10));
        assert_eq!(shown(&toasts), ["four"]);
        toasts.expire(Instant::now() + Duration::from_secs(20));
        assert!(toasts.shown.is_empty());
    }
}
