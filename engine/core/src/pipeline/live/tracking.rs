//! The track thread: finds the faces of the newest picture.

use super::capture::Captured;
use super::controls::Controls;
use super::status::{Board, Stamps};
use super::swapping::Offer;
use crate::error::Result;
use crate::frame::{Frame, Turn};
use crate::pipeline::MakeFollow;
use crate::pipeline::sight::{Seen, Sight};
use crate::slot::{Publisher, Taken, Taker};
use crate::timing::now;
use crate::track::Face;
use std::sync::Arc;
use std::time::Duration;

/// A picture and its own faces, or why they could not be found.
pub(super) struct Tracked {
    pub(super) frame: Frame,
    pub(super) faces: Result<Vec<Face>, String>,
    pub(super) stamps: Stamps,
    /// Counts the views: another source, size or orientation is another one.
    pub(super) generation: u64,
    /// Which scene of the source: another number, and nothing before counts any more.
    pub(super) scene: u64,
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

pub(super) struct Tracking {
    sight: Sight,
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
        Self { sight: Sight::new(None, Some(make)), controls, board, next, offer }
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
                self.sight.reset();
            }
            self.load();
            let Seen { faces, scene, .. } = self.sight.see(&frame, now(), None);
            stamps.tracked = now();
            let tracked = Tracked { frame, faces, stamps, generation, scene };
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
        if let Err(what) = self.sight.look_over(now()) {
            self.board.fault(what);
        }
    }

    fn load(&mut self) {
        if let Err(why) = self.sight.load(now()) {
            self.board.fault(why);
        }
    }
}
