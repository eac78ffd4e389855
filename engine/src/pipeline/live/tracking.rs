//! The track thread: finds the faces of the newest picture.

use super::capture::Captured;
use super::controls::Controls;
use super::status::{Board, Stamps};
use super::swapping::Offer;
use crate::error::{Result, panic_words};
use crate::frame::{Frame, Turn};
use crate::pipeline::{Follow, guarded};
use crate::slot::{Publisher, Taken, Taker};
use crate::timing::now;
use crate::track::Face;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// Makes what finds faces.
pub type MakeFollow = Box<dyn FnMut() -> Result<Box<dyn Follow>> + Send>;

/// A picture and its own faces, or why they could not be found.
pub(super) struct Tracked {
    pub(super) frame: Frame,
    pub(super) faces: Result<Vec<Face>, String>,
    pub(super) stamps: Stamps,
    /// Counts the views: another source, size or orientation is another one.
    pub(super) generation: u64,
}

/// What must stay for pictures to be of one view.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct View {
    /// As the capture thread counts sources.
    source: u64,
    size: (u32, u32),
    turn: Turn,
}

const WAIT: Duration = Duration::from_millis(50);
/// Between two tries to load the networks.
const RETRY: Duration = Duration::from_secs(2);

pub(super) struct Tracking {
    make: MakeFollow,
    follow: Option<Box<dyn Follow>>,
    failed: Option<(Duration, String)>,
    controls: Arc<Controls>,
    board: Arc<Board>,
    next: Publisher<Tracked>,
    offer: Offer,
}

impl Tracking {
    pub(super) fn new(
        make: MakeFollow,
        controls: Arc<Controls>,
        board: Arc<Board>,
        next: Publisher<Tracked>,
        offer: Offer,
    ) -> Self {
        Self { make, follow: None, failed: None, controls, board, next, offer }
    }

    pub(super) fn run(mut self, from: &Taker<Captured>) {
        // Loaded before the first picture is there.
        self.load();
        let (mut view, mut generation) = (View::default(), 0);
        let (mut turn, mut version) = (Turn::default(), None);
        while !self.controls.stopped() {
            let Captured { frame, mut stamps, generation: source } = match from.take(WAIT) {
                Taken::Value(captured) => captured,
                Taken::Late => continue,
                Taken::Closed => break,
            };
            let wanted = self.controls.version();
            if version.replace(wanted) != Some(wanted) {
                turn = self.controls.lock().settings.turn.orientation();
            }
            stamps.track_begun = now();
            let size = (frame.width(), frame.height());
            let frame = match frame.oriented(&turn) {
                Ok(frame) => frame,
                Err(e) => {
                    self.board.fault(format!("the picture can't be turned: {e}"));
                    continue;
                }
            };
            let new = View { source, size, turn };
            if std::mem::replace(&mut view, new) != new {
                generation += 1;
                if let Some(follow) = &mut self.follow {
                    follow.reset();
                }
            }
            let faces = self.faces(&frame);
            stamps.tracked = now();
            let tracked = Tracked { frame, faces, stamps, generation };
            self.offer.make(&tracked);
            if let Some(displaced) = self.next.publish(tracked) {
                self.board.dropped_before_render();
                // The render thread counts the faults that reach it.
                if let Err(what) = displaced.faces {
                    self.board.fault(what);
                }
            }
            self.look_over();
        }
    }

    /// What can wait until the picture is handed on.
    fn look_over(&mut self) {
        let Some(follow) = &mut self.follow else { return };
        if let Err(e) = guarded(|| follow.look_over()) {
            if e.broke_down {
                self.follow = None;
            }
            self.board.fault(e.what);
        }
    }

    fn faces(&mut self, frame: &Frame) -> Result<Vec<Face>, String> {
        self.load();
        let Some(follow) = &mut self.follow else {
            let why = self.failed.as_ref().map(|(_, why)| why.clone());
            return Err(why.unwrap_or_else(|| "the face networks are not loaded".to_owned()));
        };
        let found = guarded(|| follow.follow(frame));
        if found.as_ref().is_err_and(|e| e.broke_down) {
            // What broke down may be in any state: another one takes its place.
            self.follow = None;
        }
        found.map_err(|e| e.what)
    }

    fn load(&mut self) {
        let waits = self.failed.as_ref().is_some_and(|(at, _)| now().saturating_sub(*at) < RETRY);
        if self.follow.is_some() || waits {
            return;
        }
        let made = catch_unwind(AssertUnwindSafe(|| (self.make)().map_err(|e| e.to_string())));
        match made.unwrap_or_else(|panic| Err(panic_words(&*panic))) {
            Ok(follow) => (self.follow, self.failed) = (Some(follow), None),
            Err(why) => {
                let why = format!("faces can't be found: {why}");
                self.board.fault(why.clone());
                self.failed = Some((now(), why));
            }
        }
    }
}
