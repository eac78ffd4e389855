//! Work that must not keep the window waiting: a thread, and the place its result comes to.

use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::Duration;

use eframe::egui::Context;

/// A thread at work, and its result when there is one.
pub(crate) struct Task<T> {
    result: Receiver<T>,
}

/// How far a task is.
pub(crate) enum Progress<T> {
    /// At work.
    Running,
    /// Done.
    Done(T),
    /// It ended without a result: the thread could not be started, or panicked.
    Gone,
}

impl<T: Send + 'static> Task<T> {
    /// Starts `work` on a thread of its own; the window is drawn anew when it is done.
    pub(crate) fn start(name: &str, context: &Context, work: impl FnOnce() -> T + Send + 'static) -> Self {
        let (done, result) = sync_channel(1);
        let context = context.clone();
        let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Nobody may be waiting any more.
            let _ = done.send(work());
            context.request_repaint();
        });
        if let Err(error) = spawned {
            log::warn!("the thread {name} can't be started: {error}");
        }
        Self { result }
    }

    /// The result, once.
    pub(crate) fn poll(&self) -> Progress<T> {
        match self.result.try_recv() {
            Ok(value) => Progress::Done(value),
            Err(TryRecvError::Empty) => Progress::Running,
            Err(TryRecvError::Disconnected) => Progress::Gone,
        }
    }

    /// Gives up what may still be at work, and can't be broken off: what it makes goes to `undo`, away from the window's
    /// thread. Nothing that was begun for somebody who no longer wants it stays behind.
    pub(crate) fn undone(
        self,
        name: &str,
        context: &Context,
        undo: impl FnOnce(T) + Send + 'static,
    ) -> Task<()> {
        Task::start(name, context, move || {
            if let Ok(made) = self.result.recv() {
                undo(made);
            }
        })
    }

    /// Waits for the result, at most `limit`: at the program's end, when nothing else may keep it waiting.
    pub(crate) fn wait(&self, limit: Duration) -> Progress<T> {
        match self.result.recv_timeout(limit) {
            Ok(value) => Progress::Done(value),
            Err(RecvTimeoutError::Timeout) => Progress::Running,
            Err(RecvTimeoutError::Disconnected) => Progress::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_comes_and_a_panic_does_not_hang() {
        let context = Context::default();
        let task = Task::start("sum", &context, || 2 + 2);
        let wait = |task: &Task<i32>| loop {
            match task.poll() {
                Progress::Running => std::thread::yield_now(),
                Progress::Done(value) => return Some(value),
                Progress::Gone => return None,
            }
        };
        assert_eq!(wait(&task), Some(4));
        let task: Task<i32> = Task::start("fails", &context, || std::panic::resume_unwind(Box::new("x")));
        assert_eq!(wait(&task), None);
    }

    #[test]
    fn what_was_given_up_is_undone_whether_it_is_there_or_not() {
        let context = Context::default();
        for early in [true, false] {
            let (go, told_to_go) = sync_channel::<()>(1);
            let (undo, undone) = sync_channel(1);
            let task = Task::start("made", &context, move || {
                let _ = told_to_go.recv_timeout(Duration::from_secs(60));
                7
            });
            if early {
                go.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(5));
            }
            let giving_up = task.undone("undone", &context, move |made| undo.send(made).unwrap());
            if !early {
                assert!(undone.try_recv().is_err());
                go.send(()).unwrap();
            }
            assert!(matches!(giving_up.wait(Duration::from_secs(60)), Progress::Done(())));
            assert_eq!(undone.try_recv(), Ok(7));
        }
    }
}
